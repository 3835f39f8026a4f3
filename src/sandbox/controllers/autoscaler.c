/*
 * HorizontalPodAutoscalers: a scale outside their bounds is put right; metrics are those that make
 * no difference, since nothing here measures load, and there are none without metrics-server.
 */
#include "controllers.h"
#include "pods.h"

#include <string.h>

#define COMPONENT "horizontal-pod-autoscaler"

enum { SYNC_MS = 15 * SB_SECOND_MS };

static const char *scale_path(struct sb_kube *k, const cJSON *scaler)
{
	static const struct {
		const char *kind, *plural;
	} kinds[] = { { "Deployment", "deployments" }, { "StatefulSet", "statefulsets" },
		{ "ReplicaSet", "replicasets" } };
	const char *kind = sb_ctl_str(scaler, "spec.scaleTargetRef.kind");

	for (size_t i = 0; i < MOK_COUNT(kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return mok_arena_printf(k->ctx->arena,
				"/apis/apps/v1/namespaces/%s/%s/%s/scale",
				sb_ctl_str(scaler, "metadata.namespace"), kinds[i].plural,
				sb_ctl_str(scaler, "spec.scaleTargetRef.name"));
	return NULL;
}

static bool is_measured(struct sb_kube *k)
{
	return sb_ctl_runs(k, "metrics-server");
}

/* ---- the scale ---- */

struct sizing {
	int64_t now, wanted;
	const char *why; /* NULL: within bounds */
};

static struct sizing size_up(const cJSON *scaler, const cJSON *scale)
{
	int64_t now = mok_json_int(scale, "spec.replicas", 0);
	int64_t least = mok_json_int(scaler, "spec.minReplicas", 1);
	int64_t most = mok_json_int(scaler, "spec.maxReplicas", 1);

	if (now > most)
		return (struct sizing){ now, most,
			"Current number of replicas above Spec.MaxReplicas" };
	if (now < least)
		return (struct sizing){ now, least,
			"Current number of replicas below Spec.MinReplicas" };
	return (struct sizing){ now, now, NULL };
}

static void rescale(
	struct sb_kube *k, const cJSON *scaler, const cJSON *scale, const struct sizing *size)
{
	cJSON *body = cJSON_Duplicate(scale, true);

	sb_set_int(mok_json_object(body, "spec"), "replicas", size->wanted);
	sb_ctl_write(k, SB_MANAGER, "PUT", scale_path(k, scaler), body);
	sb_ctl_tell(k, scaler,
		&(struct sb_ctl_event){ COMPONENT, "Normal", "SuccessfulRescale", NULL },
		"New size: %lld; reason: %s", (long long)size->wanted, size->why);
}

/* ---- the status ---- */

static void add(
	struct sb_kube *k, cJSON *status, const cJSON *scaler, const struct sb_condition *want)
{
	cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(status, "conditions"),
		sb_condition(k, scaler, want));
}

static const char *first_resource(const cJSON *scaler)
{
	const char *name = mok_json_str(scaler, "spec.metrics.0.resource.name");

	return name ? name : "cpu";
}

static void add_active(struct sb_kube *k, cJSON *status, const cJSON *scaler)
{
	const char *name = first_resource(scaler);
	struct sb_condition want = { "ScalingActive", "True", "ValidMetricFound", NULL };

	want.message = mok_arena_printf(k->ctx->arena,
		"the HPA was able to successfully calculate a replica count from %s resource "
		"utilization (percentage of request)",
		name);
	if (!is_measured(k)) {
		want.status = "False";
		want.reason = "FailedGetResourceMetric";
		want.message = mok_arena_printf(k->ctx->arena,
			"the HPA was unable to compute the replica count: failed to get %s "
			"utilization: unable to get metrics for resource %s: unable to fetch "
			"metrics from resource metrics API: the server could not find the "
			"requested resource (get pods.metrics.k8s.io)",
			name, name);
	}
	add(k, status, scaler, &want);
}

static cJSON *metrics_of(const cJSON *scaler)
{
	cJSON *list = cJSON_CreateArray(), *one, *resource;
	const cJSON *metric;

	cJSON_ArrayForEach(metric, mok_json_at(scaler, "spec.metrics"))
	{
		if (!mok_streq(sb_get_str(metric, "type"), "Resource"))
			continue;
		one = cJSON_CreateObject();
		sb_set_str(one, "type", "Resource");
		resource = mok_json_object(one, "resource");
		sb_set_str(resource, "name", mok_json_str(metric, "resource.name"));
		sb_set_int(mok_json_object(resource, "current"), "averageUtilization",
			mok_json_int(metric, "resource.target.averageUtilization", 50));
		cJSON_AddItemToArray(list, one);
	}
	return list;
}

static void show(struct sb_kube *k, const cJSON *scaler, const struct sizing *size)
{
	static const struct sb_condition able = { "AbleToScale", "True", "ReadyForNewScale",
		"recommended size matches current size" };
	static const struct sb_condition scaled = { "AbleToScale", "True", "SucceededRescale",
		"the HPA controller was able to update the target scale" };
	static const struct sb_condition within = { "ScalingLimited", "False", "DesiredWithinRange",
		"the desired count is within the acceptable range" };
	const cJSON *last = mok_json_at(scaler, "status.lastScaleTime");
	cJSON *status = cJSON_CreateObject();

	if (size->why)
		sb_set_time(status, "lastScaleTime", k->ctx->now_ms);
	else if (last)
		mok_json_set(status, "lastScaleTime", cJSON_Duplicate(last, true));
	sb_set_int(status, "currentReplicas", size->now);
	sb_set_int(status, "desiredReplicas", size->wanted);
	if (is_measured(k))
		mok_json_set(status, "currentMetrics", metrics_of(scaler));
	cJSON_AddArrayToObject(status, "conditions");
	add(k, status, scaler, size->why ? &scaled : &able);
	add_active(k, status, scaler);
	add(k, status, scaler, &within);
	sb_ctl_status(k, SB_MANAGER, scaler, "horizontalpodautoscalers", status);
}

static void show_lost(struct sb_kube *k, const cJSON *scaler)
{
	struct sb_condition able = { "AbleToScale", "False", "FailedGetScale", NULL };
	cJSON *status = cJSON_CreateObject();

	able.message = mok_arena_printf(k->ctx->arena,
		"the HPA controller was unable to get the target's current scale: "
		"deployments.apps \"%s\" not found",
		sb_ctl_str(scaler, "spec.scaleTargetRef.name"));
	sb_set_int(status, "desiredReplicas", 0);
	cJSON_AddArrayToObject(status, "conditions");
	add(k, status, scaler, &able);
	sb_ctl_status(k, SB_MANAGER, scaler, "horizontalpodautoscalers", status);
}

static void reconcile(struct sb_kube *k, const cJSON *scaler)
{
	const char *path = scale_path(k, scaler);
	const cJSON *scale = path ? sb_ctl_get(k, path) : NULL;
	struct sizing size;

	if (!scale) {
		show_lost(k, scaler);
		return;
	}
	size = size_up(scaler, scale);
	/* A target at none is switched off on purpose. */
	if (size.why && size.now)
		rescale(k, scaler, scale, &size);
	show(k, scaler, &size);
	/* metrics-server is in another namespace. */
	if (!is_measured(k))
		sb_ctl_again(k,
			sb_ctl_patiently(
				k, sb_ctl_ms(scaler, "metadata.creationTimestamp"), SYNC_MS));
}

const struct sb_controller sb_ctl_autoscaler = {
	"autoscaling",
	"horizontalpodautoscalers",
	reconcile,
	" deployments.apps statefulsets.apps ",
	NULL,
};
