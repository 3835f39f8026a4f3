#include "pods.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

const char *sb_pod_phase(const cJSON *pod)
{
	return sb_ctl_str(pod, "status.phase");
}

bool sb_pod_leaving(const cJSON *pod)
{
	return *sb_ctl_str(pod, "metadata.deletionTimestamp");
}

bool sb_pod_active(const cJSON *pod)
{
	const char *phase = sb_pod_phase(pod);

	return !sb_pod_leaving(pod) && strcmp(phase, "Succeeded") != 0 &&
		strcmp(phase, "Failed") != 0;
}

static int64_t ready_since_ms(const cJSON *pod)
{
	return sb_ctl_ms(sb_ctl_condition(pod, "Ready"), "lastTransitionTime");
}

bool sb_pod_available(struct sb_kube *k, const cJSON *pod, int64_t min_ready_s, int64_t *at_ms)
{
	int64_t when_ms;

	if (!sb_ctl_is_true(pod, "Ready"))
		return false;
	if (min_ready_s == 0)
		return true;
	when_ms = sb_ctl_since(k, ready_since_ms(pod), min_ready_s * SB_SECOND_MS);
	if (k->ctx->now_ms >= when_ms)
		return true;
	if (!*at_ms || when_ms < *at_ms)
		*at_ms = when_ms;
	return false;
}

static bool has_labels(const cJSON *pod, const cJSON *labels)
{
	const cJSON *have = mok_json_at(pod, "metadata.labels"), *one;

	cJSON_ArrayForEach(one, labels)
	{
		const cJSON *label = cJSON_GetObjectItemCaseSensitive(have, one->string);

		if (!label || !mok_streq(cJSON_GetStringValue(label), cJSON_GetStringValue(one)))
			return false;
	}
	return true;
}

struct sb_pod_count sb_pods_count(
	struct sb_kube *k, const cJSON *owner, const struct sb_ctl_objects *pods)
{
	struct sb_pod_count n = { 0 };
	const cJSON *labels = mok_json_at(owner, "spec.template.metadata.labels");
	int64_t min_ready_s = mok_json_int(owner, "spec.minReadySeconds", 0);

	for (size_t i = 0; i < pods->len; i++) {
		const cJSON *pod = pods->items[i];

		n.terminating += sb_pod_leaving(pod) && strcmp(sb_pod_phase(pod), "Failed") != 0 &&
			strcmp(sb_pod_phase(pod), "Succeeded") != 0;
		if (!sb_pod_active(pod))
			continue;
		n.alive++;
		n.labelled += has_labels(pod, labels);
		n.ready += sb_ctl_is_true(pod, "Ready");
		n.available += sb_pod_available(k, pod, min_ready_s, &n.next_ms);
	}
	return n;
}

/* ---- making and ending ---- */

cJSON *sb_pod_from(const cJSON *owner, const cJSON *template)
{
	static const char *const kept[] = { "labels", "annotations", "finalizers" };
	cJSON *pod = cJSON_CreateObject(), *meta;

	sb_set_str(pod, "apiVersion", "v1");
	sb_set_str(pod, "kind", "Pod");
	meta = cJSON_AddObjectToObject(pod, "metadata");
	sb_set_str(meta, "namespace", sb_ctl_str(owner, "metadata.namespace"));
	sb_copy(meta, mok_json_at(template, "metadata"), kept, MOK_COUNT(kept));
	sb_ctl_own(pod, owner);
	cJSON_AddItemToObject(pod, "spec", cJSON_Duplicate(mok_json_at(template, "spec"), true));
	return pod;
}

/* StatefulSets have words of their own. */
static const char *told(
	struct sb_kube *k, const cJSON *owner, const char *pod, const char *verb, const char *done)
{
	if (strcmp(sb_ctl_str(owner, "kind"), "StatefulSet") == 0)
		return mok_arena_printf(k->ctx->arena, "%s Pod %s in StatefulSet %s successful",
			verb, pod, sb_ctl_str(owner, "metadata.name"));
	return mok_arena_printf(k->ctx->arena, "%s pod: %s", done, pod);
}

bool sb_pod_create(struct sb_kube *k, const cJSON *owner, const char *component, cJSON *pod)
{
	const char *list = mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/pods",
		sb_ctl_str(owner, "metadata.namespace"));
	struct sb_ctl_answer answer = sb_ctl_write(k, SB_MANAGER, "POST", list, pod);

	if (answer.status >= 400) {
		sb_ctl_tell(k, owner,
			&(struct sb_ctl_event){ component, "Warning", "FailedCreate", NULL },
			"Error creating: %s", sb_ctl_str(answer.json, "message"));
		return false;
	}
	sb_ctl_tell(k, owner,
		&(struct sb_ctl_event){ component, "Normal", "SuccessfulCreate", NULL }, "%s",
		told(k, owner, sb_ctl_str(answer.json, "metadata.name"), "Create", "Created"));
	return true;
}

void sb_pod_delete(struct sb_kube *k, const cJSON *owner, const char *component, const cJSON *pod)
{
	sb_ctl_write(k, SB_MANAGER, "DELETE", sb_ctl_path(k, pod, "pods", NULL), NULL);
	sb_ctl_tell(k, owner,
		&(struct sb_ctl_event){ component, "Normal", "SuccessfulDelete", NULL }, "%s",
		told(k, owner, sb_ctl_str(pod, "metadata.name"), "Delete", "Deleted"));
}

/* ---- ranking ---- */

static int64_t restarts_of(const cJSON *pod)
{
	const cJSON *one;
	int64_t most = 0;

	cJSON_ArrayForEach(one, mok_json_at(pod, "status.containerStatuses"))
	{
		int64_t n = mok_json_int(one, "restartCount", 0);

		most = n > most ? n : most;
	}
	return most;
}

static int64_t cost_of(const cJSON *pod)
{
	const cJSON *notes = mok_json_at(pod, "metadata.annotations");
	const cJSON *note = cJSON_GetObjectItemCaseSensitive(
		notes, "controller.kubernetes.io/pod-deletion-cost");
	int64_t cost = 0;

	return cJSON_IsString(note) && mok_parse_i64(note->valuestring, &cost) ? cost : 0;
}

struct rank {
	int64_t keys[7]; /* the first that differ decide; the smaller goes first */
	const char *name;
	cJSON *pod;
};

static struct rank rank_of(cJSON *pod)
{
	bool ready = sb_ctl_is_true(pod, "Ready");

	return (struct rank){
		{ *sb_ctl_str(pod, "spec.nodeName") != '\0',
			strcmp(sb_pod_phase(pod), "Running") == 0, ready, cost_of(pod),
			ready ? -ready_since_ms(pod) : 0, -restarts_of(pod),
			-sb_ctl_ms(pod, "metadata.creationTimestamp") },
		sb_ctl_str(pod, "metadata.name"),
		pod,
	};
}

static int by_rank(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	for (size_t i = 0; i < MOK_COUNT(x->keys); i++)
		if (x->keys[i] != y->keys[i])
			return x->keys[i] < y->keys[i] ? -1 : 1;
	return strcmp(x->name, y->name);
}

void sb_pods_rank(struct sb_kube *k, struct sb_ctl_objects *pods)
{
	struct rank *ranks = MOK_NEW_N(k->ctx->arena, struct rank, pods->len + 1);

	for (size_t i = 0; i < pods->len; i++)
		ranks[i] = rank_of(pods->items[i]);
	qsort(ranks, pods->len, sizeof(*ranks), by_rank);
	for (size_t i = 0; i < pods->len; i++)
		pods->items[i] = ranks[i].pod;
}

/* ---- conditions ---- */

cJSON *sb_condition(struct sb_kube *k, const cJSON *live, const struct sb_condition *want)
{
	const cJSON *have = sb_ctl_condition(live, want->type);
	cJSON *one = cJSON_CreateObject();
	bool same = strcmp(sb_ctl_str(have, "status"), want->status) == 0;

	sb_set_str(one, "type", want->type);
	sb_set_str(one, "status", want->status);
	sb_set_str(one, "lastTransitionTime",
		same ? sb_ctl_str(have, "lastTransitionTime") : sb_time(k->ctx, k->ctx->now_ms));
	if (want->reason)
		sb_set_str(one, "reason", want->reason);
	if (want->message)
		sb_set_str(one, "message", want->message);
	return one;
}
