#include "mok/manifest.h"

#include <string.h>

/* Why pods do not do their work:
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ */

static const char *text_at(const struct mok_val *v, const char *path)
{
	const struct mok_val *found = mok_val_at(v, path);

	return found && found->type == MOK_STR ? found->u.s : "";
}

static int64_t int_at(const struct mok_val *v, const char *path)
{
	const struct mok_val *found = mok_val_at(v, path);

	return found && found->type == MOK_INT ? found->u.i : 0;
}

/* ---- which pods ---- */

/* A Job without a selector of its own has its name on them. */
static const char *by_job_name(struct mok_arena *arena, const struct mok_val *object)
{
	if (!mok_streq(mok_val_get_str(object, "kind"), "Job"))
		return NULL;
	return mok_arena_printf(
		arena, "batch.kubernetes.io/job-name=%s", text_at(object, "metadata.name"));
}

const char *mok_manifest_pods(struct mok_arena *arena, const struct mok_val *object)
{
	const struct mok_val *labels = mok_val_at(object, "spec.selector.matchLabels");
	const char *selector = "";

	if (!labels || labels->type != MOK_MAP || !mok_val_at(object, "spec.template.spec"))
		return by_job_name(arena, object);
	for (size_t i = 0; i < labels->u.map.len; i++)
		if (labels->u.map.pairs[i].val.type == MOK_STR)
			selector =
				mok_arena_printf(arena, "%s%s%s=%s", selector, *selector ? "," : "",
					labels->u.map.pairs[i].key, labels->u.map.pairs[i].val.u.s);
	return *selector ? selector : NULL;
}

/* ---- what is wrong with one ---- */

struct judging {
	struct mok_arena *arena;
	const char *pod;
	struct mok_pod_trouble *out;
};

static const char *with(struct mok_arena *arena, const char *text, const char *more)
{
	return *more ? mok_arena_printf(arena, "%s: %s", text, more) : text;
}

static bool is_worse(const struct judging *j, int weight)
{
	return weight > j->out->weight;
}

static void blame(struct judging *j, int weight, const char *container, const char *text)
{
	j->out->weight = weight;
	j->out->pod = j->pod;
	j->out->container = NULL;
	j->out->previous = false;
	j->out->text = *container
		? mok_arena_printf(j->arena, "pod %s, container %s: %s", j->pod, container, text)
		: mok_arena_printf(j->arena, "pod %s: %s", j->pod, text);
}

/* "Error, exit code 3: ..." */
static const char *ending(struct mok_arena *arena, const struct mok_val *terminated)
{
	const char *reason = text_at(terminated, "reason");

	return with(arena,
		mok_arena_printf(arena, "%s%sexit code %lld", reason, *reason ? ", " : "",
			(long long)int_at(terminated, "exitCode")),
		text_at(terminated, "message"));
}

static void judge_waiting(struct judging *j, const struct mok_val *status, const char *name)
{
	const struct mok_val *last = mok_val_at(status, "lastState.terminated");
	const char *reason = text_at(status, "state.waiting.reason"), *text;
	bool begins = !*reason || strcmp(reason, "ContainerCreating") == 0 ||
		strcmp(reason, "PodInitializing") == 0;

	if (!is_worse(j, begins ? 20 : 80))
		return;
	text = with(
		j->arena, *reason ? reason : "waiting", text_at(status, "state.waiting.message"));
	if (last)
		text = mok_arena_printf(
			j->arena, "%s (it ended with %s)", text, ending(j->arena, last));
	blame(j, begins ? 20 : 80, name, text);
	j->out->container = last ? name : NULL;
}

static void judge_running(struct judging *j, const struct mok_val *status, const char *name)
{
	const struct mok_val *last = mok_val_at(status, "lastState.terminated");
	const struct mok_val *ready = mok_val_get(status, "ready");
	int weight = last ? 50 : 30;

	if ((ready && ready->type == MOK_BOOL && ready->u.b) || !is_worse(j, weight))
		return;
	blame(j, weight, name,
		last ? mok_arena_printf(j->arena, "restarted %lld times, last it ended with %s",
			       (long long)int_at(status, "restartCount"), ending(j->arena, last))
		     : "it runs and is not ready");
	j->out->container = name;
	j->out->previous = last != NULL;
}

static void judge_container(struct judging *j, const struct mok_val *status)
{
	const struct mok_val *terminated = mok_val_at(status, "state.terminated");
	const char *name = text_at(status, "name");

	if (mok_val_at(status, "state.waiting")) {
		judge_waiting(j, status, name);
	} else if (mok_val_at(status, "state.running")) {
		judge_running(j, status, name);
	} else if (terminated && int_at(terminated, "exitCode") != 0 && is_worse(j, 90)) {
		blame(j, 90, name, ending(j->arena, terminated));
		j->out->container = name;
	}
}

static void judge_containers(struct judging *j, const struct mok_val *list)
{
	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++)
		judge_container(j, &list->u.list.items[i]);
}

static void judge_scheduling(struct judging *j, const struct mok_val *pod)
{
	const struct mok_val *list = mok_val_at(pod, "status.conditions");

	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++) {
		const struct mok_val *c = &list->u.list.items[i];

		if (mok_streq(mok_val_get_str(c, "type"), "PodScheduled") &&
			mok_streq(mok_val_get_str(c, "status"), "False") && is_worse(j, 60))
			blame(j, 60, "",
				with(j->arena, text_at(c, "reason"), text_at(c, "message")));
	}
}

static void judge_whole(struct judging *j, const struct mok_val *pod, const char *phase)
{
	const char *reason = text_at(pod, "status.reason");

	/* Evicted, out of its deadline: the pod's own failure, not a container's. */
	if (strcmp(phase, "Failed") == 0 && *reason && is_worse(j, 95))
		blame(j, 95, "", with(j->arena, reason, text_at(pod, "status.message")));
	else if (strcmp(phase, "Running") != 0 && is_worse(j, 10))
		blame(j, 10, "", *phase ? phase : "Pending");
}

void mok_pod_judge(
	struct mok_arena *arena, const struct mok_val *pod, struct mok_pod_trouble *worst)
{
	struct mok_pod_trouble trouble = { 0 };
	struct judging j = { .arena = arena, .out = &trouble };
	const char *phase = text_at(pod, "status.phase");

	j.pod = text_at(pod, "metadata.name");
	if (strcmp(phase, "Succeeded") == 0)
		return;
	judge_scheduling(&j, pod);
	judge_containers(&j, mok_val_at(pod, "status.initContainerStatuses"));
	judge_containers(&j, mok_val_at(pod, "status.containerStatuses"));
	judge_whole(&j, pod, phase);
	trouble.created = text_at(pod, "metadata.creationTimestamp");
	if (trouble.weight > worst->weight ||
		(trouble.weight == worst->weight && trouble.weight > 0 &&
			strcmp(trouble.created, worst->created) > 0))
		*worst = trouble;
}

/* ---- what the object says of itself ---- */

static bool is_bad(const char *type, const char *status)
{
	bool names_a_failure = strstr(type, "Fail") != NULL || mok_ends(type, "Conflicted");

	return strcmp(status, names_a_failure ? "True" : "False") == 0;
}

static void add_conditions(
	struct mok_arena *arena, const struct mok_val *list, const char *of, struct mok_val *lines)
{
	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++) {
		const struct mok_val *c = &list->u.list.items[i];
		const char *type = text_at(c, "type"), *message = text_at(c, "message");

		if (*message && is_bad(type, text_at(c, "status")))
			mok_val_append(arena, lines,
				mok_val_str(mok_arena_printf(arena, "%s%s (%s): %s", of, type,
					text_at(c, "reason"), message)));
	}
}

void mok_manifest_remarks(
	struct mok_arena *arena, const struct mok_val *object, struct mok_val *lines)
{
	const struct mok_val *listeners = mok_val_at(object, "status.listeners");

	add_conditions(arena, mok_val_at(object, "status.conditions"), "", lines);
	for (size_t i = 0; listeners && listeners->type == MOK_LIST && i < listeners->u.list.len;
		i++) {
		const struct mok_val *l = &listeners->u.list.items[i];

		add_conditions(arena, mok_val_get(l, "conditions"),
			mok_arena_printf(arena, "listener %s: ", text_at(l, "name")), lines);
	}
}
