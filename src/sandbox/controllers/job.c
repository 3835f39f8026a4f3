/*
 * Jobs: pods until enough of them succeeded. As v1.36 tells it: a Job that is decided says so at
 * once (SuccessCriteriaMet, FailureTarget), and is Complete or Failed when its last pod has ended.
 * Not modelled: pod failure policies, success policies, back-offs per index.
 */
#include "controllers.h"
#include "pods.h"

#include <string.h>

#define COMPONENT "job-controller"
#define HOLD "batch.kubernetes.io/job-tracking"

enum { BACKOFF_MS = 10 * SB_SECOND_MS, BACKOFF_MAX_MS = 360 * SB_SECOND_MS };

struct job {
	struct sb_kube *k;
	const cJSON *object;
	struct sb_ctl_objects pods;
	int64_t active, ready, succeeded, failed, terminating, last_failed_ms;
	int64_t want, parallelism; /* want -1: one success is enough once all have ended */
	bool indexed;
	cJSON *status;
	MOK_VEC(const cJSON *) counted; /* ended pods that are held until the status has them */
};

static void tell(struct job *j, const char *type, const char *reason, const char *text)
{
	sb_ctl_tell(j->k, j->object, &(struct sb_ctl_event){ COMPONENT, type, reason, NULL }, "%s",
		text);
}

/* ---- counting ---- */

static bool is_held(const cJSON *pod)
{
	return sb_list_has(mok_json_at(pod, "metadata.finalizers"), HOLD);
}

static int64_t ended_ms(const cJSON *pod)
{
	int64_t ms = sb_ctl_ms(pod, "status.containerStatuses.0.state.terminated.finishedAt");

	return ms ? ms : sb_ctl_ms(pod, "metadata.creationTimestamp");
}

/* An ended pod is counted once: the status keeps the sum, and then the hold on it is lifted. */
static void release(struct job *j, const cJSON *pod)
{
	cJSON *patch = cJSON_CreateObject(), *list = cJSON_CreateArray();
	const cJSON *one;

	cJSON_ArrayForEach(one, mok_json_at(pod, "metadata.finalizers"))
	{
		if (!mok_streq(cJSON_GetStringValue(one), HOLD))
			cJSON_AddItemToArray(list, cJSON_Duplicate(one, true));
	}
	mok_json_set(mok_json_object(patch, "metadata"), "finalizers", list);
	sb_ctl_write(j->k, SB_MANAGER, "PATCH", sb_ctl_path(j->k, pod, "pods", NULL), patch);
}

static void count(struct job *j, const cJSON *pod)
{
	const char *phase = sb_pod_phase(pod);
	bool good = strcmp(phase, "Succeeded") == 0;
	bool bad = strcmp(phase, "Failed") == 0 ||
		(!good && sb_pod_leaving(pod) &&
			mok_json_int(pod, "metadata.deletionGracePeriodSeconds", 1) == 0);

	if (good || bad) {
		if (bad && ended_ms(pod) > j->last_failed_ms)
			j->last_failed_ms = ended_ms(pod);
		if (!is_held(pod))
			return;
		j->succeeded += good;
		j->failed += bad;
		mok_vec_push(j->k->ctx->arena, &j->counted, pod);
	} else if (sb_pod_leaving(pod)) {
		j->terminating++;
	} else {
		j->active++;
		j->ready += sb_ctl_is_true(pod, "Ready");
	}
}

static struct job read_job(struct sb_kube *k, const cJSON *object)
{
	struct job j = { .k = k, .object = object };

	j.pods = sb_ctl_children(k, sb_ctl_str(object, "metadata.uid"), "pods");
	j.succeeded = mok_json_int(object, "status.succeeded", 0);
	j.failed = mok_json_int(object, "status.failed", 0);
	j.want = mok_json_int(object, "spec.completions", -1);
	j.parallelism = mok_json_int(object, "spec.parallelism", 1);
	j.indexed = strcmp(sb_ctl_str(object, "spec.completionMode"), "Indexed") == 0;
	j.status = cJSON_Duplicate(mok_json_at(object, "status"), true);
	j.status = j.status ? j.status : cJSON_CreateObject();
	for (size_t i = 0; i < j.pods.len; i++)
		count(&j, j.pods.items[i]);
	return j;
}

/* ---- conditions ---- */

static bool has(const struct job *j, const char *type)
{
	return sb_ctl_is_true(j->object, type);
}

static void set_condition(struct job *j, const struct sb_condition *want)
{
	const char *time = sb_time(j->k->ctx, j->k->ctx->now_ms);
	cJSON *list = cJSON_GetObjectItemCaseSensitive(j->status, "conditions"), *one, *next;

	if (!list)
		list = cJSON_AddArrayToObject(j->status, "conditions");
	for (one = list->child; one; one = next) {
		next = one->next;
		if (strcmp(sb_ctl_str(one, "type"), want->type) == 0)
			cJSON_Delete(cJSON_DetachItemViaPointer(list, one));
	}
	one = sb_condition(j->k, j->object, want);
	sb_set_str(one, "lastProbeTime", time);
	cJSON_AddItemToArray(list, one);
}

/* ---- pods ---- */

static bool has_index(const struct job *j, int64_t index)
{
	for (size_t i = 0; i < j->pods.len; i++) {
		const cJSON *labels = mok_json_at(j->pods.items[i], "metadata.labels");
		const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
			labels, "batch.kubernetes.io/job-completion-index"));
		int64_t n;

		if (text && mok_parse_i64(text, &n) && n == index &&
			(sb_pod_active(j->pods.items[i]) ||
				strcmp(sb_pod_phase(j->pods.items[i]), "Succeeded") == 0))
			return true;
	}
	return false;
}

static void give_index(struct job *j, cJSON *pod, int64_t index)
{
	struct mok_arena *arena = j->k->ctx->arena;
	const char *name = sb_ctl_str(j->object, "metadata.name");
	const char *text = mok_arena_printf(arena, "%lld", (long long)index);
	cJSON *meta = mok_json_object(pod, "metadata");

	sb_set_str(
		mok_json_object(meta, "labels"), "batch.kubernetes.io/job-completion-index", text);
	sb_set_str(mok_json_object(meta, "annotations"), "batch.kubernetes.io/job-completion-index",
		text);
	sb_set_str(meta, "generateName", mok_arena_printf(arena, "%s-%s-", name, text));
	sb_set_str(mok_json_object(pod, "spec"), "hostname",
		mok_arena_printf(arena, "%s-%s", name, text));
}

static bool add_pod(struct job *j, int64_t index)
{
	cJSON *pod = sb_pod_from(j->object, mok_json_at(j->object, "spec.template"));
	cJSON *meta = mok_json_object(pod, "metadata"), *holds;

	holds = cJSON_GetObjectItemCaseSensitive(meta, "finalizers");
	if (!holds)
		holds = cJSON_AddArrayToObject(meta, "finalizers");
	cJSON_AddItemToArray(holds, cJSON_CreateString(HOLD));
	sb_set_str(meta, "generateName",
		mok_arena_printf(j->k->ctx->arena, "%s-", sb_ctl_str(j->object, "metadata.name")));
	if (j->indexed)
		give_index(j, pod, index);
	if (sb_pod_create(j->k, j->object, COMPONENT, pod))
		return true;
	sb_ctl_again(j->k, sb_ctl_later(j->k, BACKOFF_MS));
	return false;
}

static void add_pods(struct job *j, int64_t n)
{
	int64_t index = 0;

	for (; n > 0; n--) {
		while (j->indexed && has_index(j, index))
			index++;
		if (!add_pod(j, index++))
			return;
		j->active++;
	}
}

static void drop_pods(struct job *j, int64_t n)
{
	sb_pods_rank(j->k, &j->pods);
	for (size_t i = 0; i < j->pods.len && n > 0; i++) {
		if (!sb_pod_active(j->pods.items[i]))
			continue;
		sb_pod_delete(j->k, j->object, COMPONENT, j->pods.items[i]);
		j->active--;
		j->terminating++;
		n--;
	}
}

/* After a failure the next pod waits: 10 s, 20 s, 40 s ... False: not yet. */
static bool may_add(struct job *j)
{
	int64_t ms = BACKOFF_MS, at_ms;

	if (!j->failed || !j->last_failed_ms)
		return true;
	for (int64_t i = 1; i < j->failed && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	at_ms = sb_ctl_since(j->k, j->last_failed_ms, ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS);
	if (j->k->ctx->now_ms >= at_ms)
		return true;
	sb_ctl_again(j->k, at_ms);
	return false;
}

static void manage(struct job *j)
{
	int64_t want = j->parallelism, left = j->want - j->succeeded;

	if (j->want >= 0)
		want = left < want ? left : want;
	else if (j->succeeded > 0)
		want = j->active;
	if (j->active > want)
		drop_pods(j, j->active - want);
	else if (j->active < want && may_add(j))
		add_pods(j, want - j->active);
}

/* ---- the end ---- */

static int64_t restarts_of(const struct job *j)
{
	int64_t sum = 0;

	for (size_t i = 0; i < j->pods.len; i++)
		if (sb_pod_active(j->pods.items[i]))
			sum += mok_json_int(
				j->pods.items[i], "status.containerStatuses.0.restartCount", 0);
	return sum;
}

static bool too_late(struct job *j)
{
	int64_t limit_s = mok_json_int(j->object, "spec.activeDeadlineSeconds", 0);
	int64_t began_ms = sb_ctl_ms(j->status, "startTime"), at_ms;

	if (!limit_s || !began_ms)
		return false;
	at_ms = sb_ctl_limit(j->k, began_ms, limit_s * SB_SECOND_MS);
	if (j->k->ctx->now_ms >= at_ms)
		return true;
	sb_ctl_again(j->k, at_ms);
	return false;
}

/* Decided, whatever pods still run? */
static void decide(struct job *j)
{
	int64_t limit = mok_json_int(j->object, "spec.backoffLimit", 6);
	struct sb_condition want = { "FailureTarget", "True", NULL, NULL };

	if (j->failed > limit || (restarts_of(j) > 0 && restarts_of(j) >= limit)) {
		want.reason = "BackoffLimitExceeded";
		want.message = "Job has reached the specified backoff limit";
	} else if (too_late(j)) {
		want.reason = "DeadlineExceeded";
		want.message = "Job was active longer than specified deadline";
	} else if (j->want >= 0 ? j->succeeded >= j->want : j->succeeded > 0 && !j->active) {
		want.type = "SuccessCriteriaMet";
		want.reason = "CompletionsReached";
		want.message = "Reached expected number of succeeded pods";
	}
	if (!want.reason)
		return;
	set_condition(j, &want);
	if (strcmp(want.type, "FailureTarget") == 0)
		tell(j, "Warning", want.reason, want.message);
}

static const cJSON *decision(const struct job *j)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(j->status, "conditions"))
	{
		const char *type = sb_ctl_str(one, "type");

		if (strcmp(type, "SuccessCriteriaMet") == 0 || strcmp(type, "FailureTarget") == 0)
			return one;
	}
	return NULL;
}

static void conclude(struct job *j, const cJSON *decided)
{
	bool good = strcmp(sb_ctl_str(decided, "type"), "SuccessCriteriaMet") == 0;
	struct sb_condition want = { good ? "Complete" : "Failed", "True",
		sb_ctl_str(decided, "reason"), sb_ctl_str(decided, "message") };

	if (j->active)
		drop_pods(j, j->active);
	if (j->active || j->terminating)
		return;
	want.reason = mok_arena_strdup(j->k->ctx->arena, want.reason);
	want.message = mok_arena_strdup(j->k->ctx->arena, want.message);
	set_condition(j, &want);
	if (good) {
		sb_set_str(j->status, "completionTime", sb_time(j->k->ctx, j->k->ctx->now_ms));
		tell(j, "Normal", "Completed", "Job completed");
	}
}

/* Its time after the end is over: it goes, with its pods. */
static void expire(struct job *j)
{
	const cJSON *ttl = mok_json_at(j->object, "spec.ttlSecondsAfterFinished");
	const cJSON *end = sb_ctl_condition(j->object, has(j, "Complete") ? "Complete" : "Failed");
	int64_t at_ms;

	if (!cJSON_IsNumber(ttl))
		return;
	at_ms = sb_ctl_since(j->k, sb_ctl_ms(end, "lastTransitionTime"),
		(int64_t)ttl->valuedouble * SB_SECOND_MS);
	if (j->k->ctx->now_ms < at_ms) {
		sb_ctl_again(j->k, at_ms);
		return;
	}
	sb_ctl_write(j->k, SB_MANAGER, "DELETE",
		mok_arena_printf(j->k->ctx->arena, "%s?propagationPolicy=Foreground",
			sb_ctl_path(j->k, j->object, "jobs", NULL)),
		NULL);
}

/* ---- the whole ---- */

static void set_some(cJSON *status, const char *name, int64_t value)
{
	if (value > 0)
		sb_set_int(status, name, value);
	else
		cJSON_DeleteItemFromObjectCaseSensitive(status, name);
}

static void suspend(struct job *j)
{
	static const struct sb_condition want = { "Suspended", "True", "JobSuspended",
		"Job suspended" };

	if (j->active)
		drop_pods(j, j->active);
	cJSON_DeleteItemFromObjectCaseSensitive(j->status, "startTime");
	if (has(j, "Suspended"))
		return;
	set_condition(j, &want);
	tell(j, "Normal", "Suspended", "Job suspended");
}

static void resume(struct job *j)
{
	static const struct sb_condition want = { "Suspended", "False", "JobResumed",
		"Job resumed" };

	if (has(j, "Suspended")) {
		set_condition(j, &want);
		tell(j, "Normal", "Resumed", "Job resumed");
	}
	if (!*sb_ctl_str(j->status, "startTime"))
		sb_set_str(j->status, "startTime", sb_time(j->k->ctx, j->k->ctx->now_ms));
}

static void go_on(struct job *j)
{
	if (mok_json_bool(j->object, "spec.suspend", false)) {
		suspend(j);
		return;
	}
	resume(j);
	if (!decision(j))
		decide(j);
	if (decision(j))
		conclude(j, decision(j));
	else
		manage(j);
}

static void reconcile(struct sb_kube *k, const cJSON *object)
{
	struct job j = read_job(k, object);

	if (has(&j, "Complete") || has(&j, "Failed")) {
		expire(&j);
		cJSON_Delete(j.status);
		return;
	}
	if (!*sb_ctl_str(object, "metadata.deletionTimestamp"))
		go_on(&j);
	set_some(j.status, "active", j.active);
	set_some(j.status, "succeeded", j.succeeded);
	set_some(j.status, "failed", j.failed);
	sb_set_int(j.status, "ready", j.ready);
	sb_set_int(j.status, "terminating", j.terminating);
	mok_json_object(j.status, "uncountedTerminatedPods");
	if (!sb_ctl_status(k, SB_MANAGER, object, "jobs", j.status))
		return;
	for (size_t i = 0; i < j.counted.len; i++)
		release(&j, j.counted.items[i]);
}

/* Its pods must not be held by a Job that is no more. */
static void gone(struct sb_kube *k, const cJSON *object)
{
	struct job j = { .k = k, .object = object };

	j.pods = sb_ctl_children(k, sb_ctl_str(object, "metadata.uid"), "pods");
	for (size_t i = 0; i < j.pods.len; i++)
		if (is_held(j.pods.items[i]))
			release(&j, j.pods.items[i]);
}

const struct sb_controller sb_ctl_job = { "batch", "jobs", reconcile, NULL, gone };
