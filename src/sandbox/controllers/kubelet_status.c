/* A pod's status out of its runtime. */
#include "kubelet.h"

#include <string.h>

struct tally {
	int containers, done, failed, running, started, ready;
	bool inits_passed, init_failed;
	const char *unready; /* "a b" */
};

/* ---- containers ---- */

static cJSON *ended(struct kubelet *kl, const cJSON *rt, const char *id)
{
	cJSON *one = cJSON_CreateObject();
	int64_t started_ms = mok_json_int(rt, "started_ms", 0);

	sb_set_int(one, "exitCode", mok_json_int(rt, "code", 0));
	sb_set_str(one, "reason", sb_ctl_str(rt, "ended_why"));
	if (started_ms)
		sb_set_str(one, "startedAt", sb_time(kl->k->ctx, started_ms));
	sb_set_str(one, "finishedAt", sb_time(kl->k->ctx, mok_json_int(rt, "ended_ms", 0)));
	sb_set_str(one, "containerID", id);
	return one;
}

static cJSON *state_of(struct kubelet *kl, const cJSON *rt, const char *id, bool waits_for_inits)
{
	cJSON *state = cJSON_CreateObject(), *one;
	const char *step = sb_ctl_str(rt, "step"), *reason = sb_ctl_str(rt, "reason");

	if (strcmp(step, "run") == 0) {
		one = cJSON_AddObjectToObject(state, "running");
		sb_set_str(
			one, "startedAt", sb_time(kl->k->ctx, mok_json_int(rt, "started_ms", 0)));
		return state;
	}
	if (strcmp(step, "done") == 0) {
		cJSON_AddItemToObject(state, "terminated", ended(kl, rt, id));
		return state;
	}
	one = cJSON_AddObjectToObject(state, "waiting");
	sb_set_str(one, "reason",
		*reason                   ? reason
			: waits_for_inits ? "PodInitializing"
					  : "ContainerCreating");
	if (*sb_ctl_str(rt, "message"))
		sb_set_str(one, "message", sb_ctl_str(rt, "message"));
	return state;
}

/* As it would be of a run: made from what is known, so that it stays the same. */
static const char *id_of(struct kubelet *kl, const cJSON *container, int64_t run)
{
	struct mok_arena *arena = kl->k->ctx->arena;
	const char *seed = mok_arena_printf(arena, "%s %s %lld",
		sb_ctl_str(kl->pod, "metadata.uid"), sb_ctl_str(container, "name"), (long long)run);
	char hash[65];

	mok_sha256_hex(seed, strlen(seed), hash);
	return mok_arena_printf(arena, "containerd://%s", hash);
}

static const char *image_id(struct kubelet *kl, const char *image)
{
	const char *digest = strstr(image, "@sha256:");
	size_t len = strcspn(image, "@");
	char hash[65];

	if (digest)
		return image;
	mok_sha256_hex(image, len, hash);
	return mok_arena_printf(kl->k->ctx->arena, "%s@sha256:%s", image, hash);
}

static bool is_past(struct kubelet *kl, const cJSON *rt, const char *name)
{
	int64_t at_ms = mok_json_int(rt, name, 0);

	return strcmp(sb_ctl_str(rt, "step"), "run") == 0 && at_ms && kl->k->ctx->now_ms >= at_ms;
}

static cJSON *container_status(struct kubelet *kl, const cJSON *container, bool waits, bool *ready)
{
	const cJSON *rt = kubelet_container(kl, container);
	const char *image = sb_ctl_str(container, "image");
	int64_t restarts = mok_json_int(rt, "restarts", 0);
	const char *id = id_of(kl, container, restarts);
	const cJSON *last = mok_json_at(rt, "last");
	bool begun = mok_json_int(rt, "started_ms", 0) != 0;
	cJSON *out = cJSON_CreateObject(), *before;

	*ready = is_past(kl, rt, "ready_ms");
	sb_set_str(out, "name", sb_ctl_str(container, "name"));
	cJSON_AddItemToObject(out, "state", state_of(kl, rt, id, waits));
	before = cJSON_AddObjectToObject(out, "lastState");
	if (last)
		cJSON_AddItemToObject(
			before, "terminated", ended(kl, last, id_of(kl, container, restarts - 1)));
	sb_set_bool(out, "ready", *ready);
	sb_set_int(out, "restartCount", restarts);
	sb_set_str(out, "image", image);
	sb_set_str(out, "imageID", begun ? image_id(kl, image) : "");
	if (begun)
		sb_set_str(out, "containerID", id);
	sb_set_bool(out, "started", is_past(kl, rt, "up_ms"));
	return out;
}

static void count(struct kubelet *kl, const cJSON *container, struct tally *t, bool ready)
{
	const cJSON *rt = kubelet_container(kl, container);
	const char *step = sb_ctl_str(rt, "step");

	t->containers++;
	t->ready += ready;
	t->running += strcmp(step, "run") == 0;
	t->started += mok_json_int(rt, "started_ms", 0) != 0;
	if (strcmp(step, "done") == 0) {
		t->done++;
		t->failed += mok_json_int(rt, "code", 0) != 0;
	}
	if (!ready)
		t->unready = mok_arena_printf(kl->k->ctx->arena, "%s%s%s", t->unready,
			*t->unready ? " " : "", sb_ctl_str(container, "name"));
}

static cJSON *init_statuses(struct kubelet *kl, struct tally *t)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *container;

	cJSON_ArrayForEach(container, mok_json_at(kl->pod, "spec.initContainers"))
	{
		enum kubelet_role role = kubelet_role(container, true);
		const cJSON *rt = kubelet_container(kl, container);
		bool passed = kubelet_passed(kl, container, role), ready;
		cJSON *one = container_status(kl, container, !t->inits_passed, &ready);

		if (role == KUBELET_INIT)
			sb_set_bool(one, "ready", passed);
		cJSON_AddItemToArray(list, one);
		t->init_failed |= strcmp(sb_ctl_str(rt, "step"), "done") == 0 && !passed;
		t->inits_passed &= passed;
	}
	return list;
}

static cJSON *main_statuses(struct kubelet *kl, struct tally *t)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *container;

	cJSON_ArrayForEach(container, mok_json_at(kl->pod, "spec.containers"))
	{
		bool ready;

		cJSON_AddItemToArray(
			list, container_status(kl, container, !t->inits_passed, &ready));
		count(kl, container, t, ready);
	}
	return list;
}

static void add_ephemeral(struct kubelet *kl, cJSON *status)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *container;

	cJSON_ArrayForEach(container, mok_json_at(kl->pod, "spec.ephemeralContainers"))
	{
		bool ready;
		cJSON *one = container_status(kl, container, false, &ready);

		/* Nobody asks whether it is ready. */
		sb_set_bool(one, "ready", false);
		cJSON_DeleteItemFromObjectCaseSensitive(one, "started");
		cJSON_AddItemToArray(list, one);
	}
	if (list->child)
		mok_json_set(status, "ephemeralContainerStatuses", list);
	else
		cJSON_Delete(list);
}

/* ---- the pod ---- */

static const char *phase_of(const struct tally *t)
{
	if (t->init_failed)
		return "Failed";
	if (!t->inits_passed || t->started < t->containers)
		return "Pending";
	if (t->done < t->containers)
		return "Running";
	return t->failed ? "Failed" : "Succeeded";
}

static void add_condition(
	struct kubelet *kl, cJSON *list, const char *type, bool on, const char *reason)
{
	struct sb_condition want = { type, on ? "True" : "False", on ? NULL : reason, NULL };
	cJSON *one = sb_condition(kl->k, kl->pod, &want);

	sb_set_int(one, "observedGeneration", mok_json_int(kl->pod, "metadata.generation", 1));
	cJSON_AddItemToArray(list, one);
}

static void explain(cJSON *condition, const char *message)
{
	if (strcmp(sb_ctl_str(condition, "reason"), "ContainersNotReady") == 0 && *message)
		sb_set_str(condition, "message", message);
}

static cJSON *conditions(struct kubelet *kl, const struct tally *t, const char *phase)
{
	cJSON *list = cJSON_CreateArray(), *one;
	bool over = strcmp(phase, "Succeeded") == 0;
	bool ready = t->inits_passed && t->ready == t->containers;
	const char *reason = over ? "PodCompleted" : "ContainersNotReady";
	const char *text = mok_arena_printf(
		kl->k->ctx->arena, "containers with unready status: [%s]", t->unready);
	const cJSON *scheduled = sb_ctl_condition(kl->pod, "PodScheduled");

	add_condition(kl, list, "PodReadyToStartContainers",
		mok_json_bool(kl->runtime, "mounted", false) && !over && t->failed < t->containers,
		NULL);
	add_condition(kl, list, "Initialized", t->inits_passed, "ContainersNotInitialized");
	add_condition(kl, list, "Ready", ready, reason);
	add_condition(kl, list, "ContainersReady", ready, reason);
	cJSON_ArrayForEach(one, list) explain(one, text);
	if (scheduled)
		cJSON_AddItemToArray(list, cJSON_Duplicate(scheduled, true));
	return list;
}

static void add_addresses(struct kubelet *kl, cJSON *status)
{
	const char *ip = sb_ctl_str(kl->runtime, "ip"), *host;
	const cJSON *node = sb_ctl_get(kl->k,
		mok_arena_printf(kl->k->ctx->arena, "/api/v1/nodes/%s",
			sb_ctl_str(kl->pod, "spec.nodeName")));
	cJSON *one;

	host = sb_ctl_str(node, "status.addresses.1.address");
	if (mok_json_bool(kl->pod, "spec.hostNetwork", false))
		ip = host;
	sb_set_str(status, "hostIP", host);
	one = cJSON_CreateObject();
	sb_set_str(one, "ip", host);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(status, "hostIPs"), one);
	sb_set_str(status, "podIP", ip);
	one = cJSON_CreateObject();
	sb_set_str(one, "ip", ip);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(status, "podIPs"), one);
}

cJSON *kubelet_status(struct kubelet *kl)
{
	struct tally t = { .inits_passed = true, .unready = "" };
	cJSON *status = cJSON_Duplicate(mok_json_at(kl->pod, "status"), true), *inits, *mains;
	const char *phase;

	status = status ? status : cJSON_CreateObject();
	inits = init_statuses(kl, &t);
	mains = main_statuses(kl, &t);
	phase = phase_of(&t);
	sb_set_str(status, "phase", phase);
	sb_set_int(status, "observedGeneration", mok_json_int(kl->pod, "metadata.generation", 1));
	sb_set_str(
		status, "startTime", sb_time(kl->k->ctx, mok_json_int(kl->runtime, "begun_ms", 0)));
	if (!cJSON_GetObjectItemCaseSensitive(status, "podIP") && *sb_ctl_str(kl->runtime, "ip"))
		add_addresses(kl, status);
	mok_json_set(status, "conditions", conditions(kl, &t, phase));
	if (inits->child)
		mok_json_set(status, "initContainerStatuses", inits);
	else
		cJSON_Delete(inits);
	mok_json_set(status, "containerStatuses", mains);
	add_ephemeral(kl, status);
	return status;
}
