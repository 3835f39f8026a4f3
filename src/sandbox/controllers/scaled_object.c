/*
 * KEDA's ScaledObjects: a HorizontalPodAutoscaler each, by metrics that are not the cluster's own.
 * Only Deployments are scaled.
 * https://keda.sh/docs/2.19/reference/scaledobject-spec/
 */
#include "controllers.h"
#include "pods.h"
#include "refusals.h"

#include <string.h>

#define AGENT "keda-operator"
#define TRANSFER "scaledobject.keda.sh/transfer-hpa-ownership"
#define UNWATCHED "validations.keda.sh/hpa-ownership"

static const char *scaler_name(struct sb_kube *k, const cJSON *object)
{
	const char *said = mok_json_str(object, "spec.advanced.horizontalPodAutoscalerConfig.name");

	return said ? said
		    : mok_arena_printf(
			      k->ctx->arena, "keda-hpa-%s", sb_ctl_str(object, "metadata.name"));
}

static const char *scaler_path(struct sb_kube *k, const cJSON *object)
{
	return mok_arena_printf(k->ctx->arena,
		"/apis/autoscaling/v2/namespaces/%s/horizontalpodautoscalers/%s",
		sb_ctl_str(object, "metadata.namespace"), scaler_name(k, object));
}

/* ---- the autoscaler ---- */

static const char *metric_name(struct sb_kube *k, const cJSON *trigger, int at)
{
	return mok_arena_printf(k->ctx->arena, "s%d-%s", at, sb_ctl_str(trigger, "type"));
}

static cJSON *metric_of(struct sb_kube *k, const cJSON *object, const cJSON *trigger, int at)
{
	bool is_whole = mok_streq(mok_json_str(trigger, "metricType"), "Value");
	cJSON *one = cJSON_CreateObject(), *external = cJSON_AddObjectToObject(one, "external");
	cJSON *metric = cJSON_AddObjectToObject(external, "metric");
	cJSON *target = cJSON_AddObjectToObject(external, "target");

	sb_set_str(one, "type", "External");
	sb_set_str(metric, "name", metric_name(k, trigger, at));
	sb_set_str(mok_json_object(mok_json_object(metric, "selector"), "matchLabels"),
		"scaledobject.keda.sh/name", sb_ctl_str(object, "metadata.name"));
	sb_set_str(target, "type", is_whole ? "Value" : "AverageValue");
	sb_set_str(target, is_whole ? "value" : "averageValue",
		sb_ctl_str(trigger, "metadata.threshold"));
	return one;
}

/* The labels and annotations of the ScaledObject are the autoscaler's too, whoever wrote them. */
static void copy_metadata(cJSON *meta, const cJSON *object)
{
	static const char *const maps[] = { "labels", "annotations" };
	const cJSON *one;

	for (size_t i = 0; i < MOK_COUNT(maps); i++)
		cJSON_ArrayForEach(one,
			cJSON_GetObjectItemCaseSensitive(
				cJSON_GetObjectItemCaseSensitive(object, "metadata"), maps[i]))
		{
			mok_json_set(mok_json_object(meta, maps[i]), one->string,
				cJSON_Duplicate(one, true));
		}
}

static cJSON *scaler_of(struct sb_kube *k, const cJSON *object)
{
	const cJSON *behavior =
		mok_json_at(object, "spec.advanced.horizontalPodAutoscalerConfig.behavior");
	cJSON *scaler = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(scaler, "metadata");
	cJSON *spec = cJSON_AddObjectToObject(scaler, "spec"), *metrics, *target;
	const cJSON *trigger;
	int at = 0;

	sb_set_str(scaler, "apiVersion", "autoscaling/v2");
	sb_set_str(scaler, "kind", "HorizontalPodAutoscaler");
	sb_set_str(meta, "name", scaler_name(k, object));
	sb_set_str(meta, "namespace", sb_ctl_str(object, "metadata.namespace"));
	copy_metadata(meta, object);
	sb_set_str(mok_json_object(meta, "labels"), "scaledobject.keda.sh/name",
		sb_ctl_str(object, "metadata.name"));
	sb_ctl_own(scaler, object);
	target = mok_json_object(spec, "scaleTargetRef");
	sb_set_str(target, "apiVersion", "apps/v1");
	sb_set_str(target, "kind", "Deployment");
	sb_set_str(target, "name", sb_ctl_str(object, "spec.scaleTargetRef.name"));
	sb_set_int(spec, "minReplicas", mok_json_int(object, "spec.minReplicaCount", 1));
	sb_set_int(spec, "maxReplicas", mok_json_int(object, "spec.maxReplicaCount", 100));
	if (behavior)
		mok_json_set(spec, "behavior", cJSON_Duplicate(behavior, true));
	metrics = cJSON_AddArrayToObject(spec, "metrics");
	cJSON_ArrayForEach(trigger, mok_json_at(object, "spec.triggers"))
		cJSON_AddItemToArray(metrics, metric_of(k, object, trigger, at++));
	return scaler;
}

/* ---- the status ---- */

static void show(struct sb_kube *k, const cJSON *object, const char *why)
{
	const struct sb_condition ready = { "Ready", "True", "ScaledObjectReady",
		"ScaledObject is defined correctly and is ready for scaling" };
	const struct sb_condition refused = { "Ready", "False", "ScaledObjectCheckFailed", why };
	const struct sb_condition idle = { "Active", "False", "ScalerNotActive",
		"Scaling is not performed because triggers are not active" };
	cJSON *status = cJSON_CreateObject(), *list, *names;
	const cJSON *trigger;
	int at = 0;

	list = cJSON_AddArrayToObject(status, "conditions");
	cJSON_AddItemToArray(list, sb_condition(k, object, why ? &refused : &ready));
	cJSON_AddItemToArray(list, sb_condition(k, object, &idle));
	if (!why) {
		sb_set_str(status, "hpaName", scaler_name(k, object));
		sb_set_str(status, "scaleTargetKind", "apps/v1.Deployment");
		names = cJSON_AddArrayToObject(status, "externalMetricNames");
		cJSON_ArrayForEach(trigger, mok_json_at(object, "spec.triggers"))
			cJSON_AddItemToArray(
				names, cJSON_CreateString(metric_name(k, trigger, at++)));
	}
	sb_ctl_status(k, AGENT, object, "scaledobjects", status);
}

static const char *objection(struct sb_kube *k, const cJSON *object)
{
	const char *target = sb_ctl_str(object, "spec.scaleTargetRef.name");

	if (!sb_ctl_get(k,
		    mok_arena_printf(k->ctx->arena, "/apis/apps/v1/namespaces/%s/deployments/%s",
			    sb_ctl_str(object, "metadata.namespace"), target)))
		return "ScaledObject doesn't have correct scaleTargetRef specification";
	return NULL;
}

static void reconcile(struct sb_kube *k, const cJSON *object)
{
	const char *why;

	if (*sb_ctl_str(object, "metadata.deletionTimestamp"))
		return;
	if (!sb_ctl_runs(k, "kedacore/keda:")) {
		sb_ctl_again(k,
			sb_ctl_patiently(k, sb_ctl_ms(object, "metadata.creationTimestamp"),
				5L * SB_SECOND_MS));
		return;
	}
	why = objection(k, object);
	if (!why)
		sb_ctl_write(k, AGENT, "APPLY",
			mok_arena_printf(k->ctx->arena, "%s?fieldManager=" AGENT "&force=true",
				scaler_path(k, object)),
			scaler_of(k, object));
	show(k, object, why);
}

const struct sb_controller sb_ctl_scaled_object = {
	"keda.sh",
	"scaledobjects",
	reconcile,
	" deployments.apps horizontalpodautoscalers.autoscaling ",
	NULL,
};

/* ---- the webhook ---- */

static const char *annotation(const cJSON *object, const char *name)
{
	return sb_get_str(mok_json_at(object, "metadata.annotations"), name);
}

static bool is_own(const cJSON *scaler, const char *name)
{
	const cJSON *owner;

	cJSON_ArrayForEach(owner, mok_json_at(scaler, "metadata.ownerReferences"))
	{
		if (mok_streq(sb_ctl_str(owner, "kind"), "ScaledObject") &&
			mok_streq(sb_ctl_str(owner, "name"), name))
			return true;
	}
	return false;
}

/* Another autoscaler of the same workload, unless it says that it does not mind. */
static const char *rival_of(
	struct sb_kube *k, const cJSON *object, const char *ns, const char *name)
{
	const char *target = sb_ctl_str(object, "spec.scaleTargetRef.name");
	const cJSON *one;

	cJSON_ArrayForEach(one,
		sb_ctl_list(k,
			mok_arena_printf(k->ctx->arena,
				"/apis/autoscaling/v2/namespaces/%s/horizontalpodautoscalers", ns)))
	{
		if (mok_streq(sb_ctl_str(one, "spec.scaleTargetRef.name"), target) &&
			!is_own(one, name) && !mok_streq(annotation(one, UNWATCHED), "false"))
			return sb_ctl_str(one, "metadata.name");
	}
	return NULL;
}

static const char *why_denied(struct sb_kube *k, const cJSON *object, const char *rival)
{
	const char *target = sb_ctl_str(object, "spec.scaleTargetRef.name");
	bool takes = mok_streq(annotation(object, TRANSFER), "true");

	if (!rival || (takes && mok_streq(rival, scaler_name(k, object))))
		return NULL;
	if (takes)
		return mok_arena_printf(k->ctx->arena,
			"the existing hpa '%s' for workload '%s' of type 'apps/v1.Deployment' must "
			"be specified by name in advanced settings to enable ownership transfer",
			rival, target);
	return mok_arena_printf(k->ctx->arena,
		"the workload '%s' of type 'apps/v1.Deployment' is already managed by the hpa '%s'",
		target, rival);
}

cJSON *sb_keda_refusal(struct sb_kube *k, const struct sb_kube_write *write)
{
	const char *name = *write->name ? write->name : sb_ctl_str(write->body, "metadata.name");
	const char *why;

	if (strcmp(write->resource, "scaledobjects") != 0 || strcmp(write->method, "DELETE") == 0 ||
		!mok_json_at(write->body, "spec.scaleTargetRef.name") ||
		!sb_ctl_runs(k, "kedacore/keda-admission-webhooks:"))
		return NULL;
	why = why_denied(k, write->body, rival_of(k, write->body, write->ns, name));
	return why ? mok_apiserver_failure(403, "Forbidden",
			     mok_arena_printf(k->ctx->arena,
				     "admission webhook \"vscaledobject.kb.io\" denied the "
				     "request: %s",
				     why),
			     NULL)
		   : NULL;
}
