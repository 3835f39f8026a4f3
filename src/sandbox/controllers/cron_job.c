/* CronJobs: what their Jobs came to. Nothing is started by the clock here, only by
 * `kubectl create job --from=cronjob/NAME`; old Jobs go as the history limits say. */
#include "controllers.h"
#include "pods.h"

#include <string.h>

static cJSON *reference_to(const cJSON *job)
{
	cJSON *one = cJSON_CreateObject();

	sb_set_str(one, "kind", "Job");
	sb_set_str(one, "namespace", sb_ctl_str(job, "metadata.namespace"));
	sb_set_str(one, "name", sb_ctl_str(job, "metadata.name"));
	sb_set_str(one, "uid", sb_ctl_str(job, "metadata.uid"));
	sb_set_str(one, "apiVersion", "batch/v1");
	sb_set_str(one, "resourceVersion", sb_ctl_str(job, "metadata.resourceVersion"));
	return one;
}

static const char *later(const char *a, const char *b)
{
	return strcmp(a, b) < 0 ? b : a;
}

static bool is_over(const cJSON *job)
{
	return sb_ctl_is_true(job, "Complete") || sb_ctl_is_true(job, "Failed");
}

/* The oldest Job that ended so, if there are more than the limit. */
static void trim(
	struct sb_kube *k, const struct sb_ctl_objects *jobs, const char *end, int64_t limit)
{
	const cJSON *oldest = NULL;
	int64_t ended = 0;

	for (size_t i = 0; i < jobs->len; i++) {
		const cJSON *job = jobs->items[i];

		if (!sb_ctl_is_true(job, end) || sb_pod_leaving(job))
			continue;
		ended++;
		if (!oldest ||
			strcmp(sb_ctl_str(job, "status.startTime"),
				sb_ctl_str(oldest, "status.startTime")) < 0)
			oldest = job;
	}
	if (ended > limit)
		sb_ctl_write(k, SB_MANAGER, "DELETE",
			mok_arena_printf(k->ctx->arena, "%s?propagationPolicy=Background",
				sb_ctl_path(k, oldest, "jobs", NULL)),
			NULL);
}

static void reconcile(struct sb_kube *k, const cJSON *object)
{
	struct sb_ctl_objects jobs =
		sb_ctl_children(k, sb_ctl_str(object, "metadata.uid"), "jobs.batch");
	cJSON *status = cJSON_Duplicate(mok_json_at(object, "status"), true), *active;
	const char *last = sb_ctl_str(status, "lastSuccessfulTime");

	status = status ? status : cJSON_CreateObject();
	active = cJSON_CreateArray();
	for (size_t i = 0; i < jobs.len; i++) {
		if (!is_over(jobs.items[i]))
			cJSON_AddItemToArray(active, reference_to(jobs.items[i]));
		last = later(last, sb_ctl_str(jobs.items[i], "status.completionTime"));
	}
	if (*last)
		sb_set_str(status, "lastSuccessfulTime", mok_arena_strdup(k->ctx->arena, last));
	cJSON_DeleteItemFromObjectCaseSensitive(status, "active");
	if (active->child)
		cJSON_AddItemToObject(status, "active", active);
	else
		cJSON_Delete(active);
	sb_ctl_status(k, SB_MANAGER, object, "cronjobs", status);
	trim(k, &jobs, "Complete", mok_json_int(object, "spec.successfulJobsHistoryLimit", 3));
	trim(k, &jobs, "Failed", mok_json_int(object, "spec.failedJobsHistoryLimit", 1));
}

const struct sb_controller sb_ctl_cron_job = { "batch", "cronjobs", reconcile, NULL, NULL };
