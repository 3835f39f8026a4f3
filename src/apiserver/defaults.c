/* The defaults of the server's code, where data/defaults.json cannot say them. */
#include "apiserver_internal.h"

static void default_value(struct ks_req *r, cJSON *value, const struct ks_type *type);

static const char *pull_policy(const char *image)
{
	const char *slash = strrchr(image, '/');
	const char *colon = strrchr(slash ? slash : image, ':');

	if (strchr(image, '@'))
		return "IfNotPresent";
	return !colon || strcmp(colon, ":latest") == 0 ? "Always" : "IfNotPresent";
}

/* Defaults that follow from other fields. */
static void default_container(cJSON *c)
{
	if (!ks_at(c, "imagePullPolicy"))
		ks_set_str(c, "imagePullPolicy", pull_policy(ks_str(c, "image")));
}

static void default_service_spec(cJSON *spec)
{
	const char *type = ks_str(spec, "type");
	bool reached = strcmp(type, "NodePort") == 0 || strcmp(type, "LoadBalancer") == 0 ||
		(strcmp(type, "ExternalName") != 0 && mok_json_at(spec, "externalIPs.0"));
	cJSON *port;

	if (reached && !ks_at(spec, "externalTrafficPolicy"))
		ks_set_str(spec, "externalTrafficPolicy", "Cluster");
	if (strcmp(type, "LoadBalancer") == 0 && !ks_at(spec, "allocateLoadBalancerNodePorts"))
		mok_json_set(spec, "allocateLoadBalancerNodePorts", cJSON_CreateTrue());
	if (strcmp(type, "ExternalName") != 0 && !ks_at(spec, "internalTrafficPolicy"))
		ks_set_str(spec, "internalTrafficPolicy", "Cluster");
	cJSON_ArrayForEach(port, ks_at(spec, "ports"))
	{
		const cJSON *target = ks_at(port, "targetPort");

		if (!target || ks_is_zero(target))
			mok_json_set(
				port, "targetPort", cJSON_Duplicate(ks_at(port, "port"), false));
	}
}

static void default_rolling(cJSON *strategy)
{
	if (strcmp(ks_str(strategy, "type"), "RollingUpdate") == 0)
		mok_json_object(strategy, "rollingUpdate");
}

static void default_stateful_set_update(cJSON *strategy)
{
	default_rolling(strategy);
}

static void default_job_spec(cJSON *spec)
{
	bool given = ks_at(spec, "completions") || ks_at(spec, "parallelism");

	if (!given)
		mok_json_set(spec, "completions", cJSON_CreateNumber(1));
	if (!ks_at(spec, "parallelism"))
		mok_json_set(spec, "parallelism", cJSON_CreateNumber(1));
	if (!ks_at(spec, "podReplacementPolicy"))
		ks_set_str(spec, "podReplacementPolicy",
			ks_at(spec, "podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
}

static void default_network_policy(cJSON *spec)
{
	cJSON *types;

	if (ks_at(spec, "policyTypes"))
		return;
	types = cJSON_AddArrayToObject(spec, "policyTypes");
	cJSON_AddItemToArray(types, cJSON_CreateString("Ingress"));
	if (ks_at(spec, "egress"))
		cJSON_AddItemToArray(types, cJSON_CreateString("Egress"));
}

/* What is limited and not requested is requested as limited. */
static void default_requests(cJSON *resources)
{
	const cJSON *limits = ks_at(resources, "limits"), *limit;

	if (!limits || !limits->child)
		return;
	cJSON_ArrayForEach(limit, limits)
	{
		cJSON *requests = mok_json_object(resources, "requests");

		if (!ks_at(requests, limit->string))
			cJSON_AddItemToObject(
				requests, limit->string, cJSON_Duplicate(limit, true));
	}
}

/* Nothing finer than a thousandth is kept of resources. */
static void round_resources(cJSON *resources)
{
	static const char *const lists[] = { "limits", "requests" };
	cJSON *one;

	for (size_t i = 0; i < MOK_COUNT(lists); i++)
		cJSON_ArrayForEach(one, ks_at(resources, lists[i])) if (cJSON_IsString(one))
			ks_round_milli(one);
}

static void default_pod(cJSON *pod)
{
	static const char *const lists[] = { "containers", "initContainers" };
	cJSON *spec = mok_json_object(pod, "spec"), *container;

	if (!ks_at(spec, "enableServiceLinks"))
		mok_json_set(spec, "enableServiceLinks", cJSON_CreateTrue());
	for (size_t i = 0; i < MOK_COUNT(lists); i++)
		cJSON_ArrayForEach(container, ks_at(spec, lists[i]))
			default_requests(mok_json_object(container, "resources"));
}

static void default_pod_spec(cJSON *spec)
{
	const char *account = ks_str(spec, "serviceAccountName");

	if (*account)
		ks_set_str(spec, "serviceAccount", account);
	else if (*ks_str(spec, "serviceAccount"))
		ks_set_str(spec, "serviceAccountName", ks_str(spec, "serviceAccount"));
}

static void default_subject(cJSON *subject)
{
	const char *kind = ks_str(subject, "kind");

	if (!*ks_str(subject, "apiGroup") &&
		(strcmp(kind, "User") == 0 || strcmp(kind, "Group") == 0))
		ks_set_str(subject, "apiGroup", "rbac.authorization.k8s.io");
}

static void default_set_spec(cJSON *spec)
{
	cJSON *claim;

	cJSON_ArrayForEach(claim, ks_at(spec, "volumeClaimTemplates"))
	{
		ks_set_str(claim, "apiVersion", "v1");
		ks_set_str(claim, "kind", "PersistentVolumeClaim");
	}
}

static void copy_missing(cJSON *item, const char *to, const char *from)
{
	const cJSON *value;

	cJSON_ArrayForEach(value, ks_at(item, from)) if (!ks_at(ks_at(item, to), value->string))
		cJSON_AddItemToObject(
			mok_json_object(item, to), value->string, cJSON_Duplicate(value, true));
}

static void default_limit(cJSON *item)
{
	if (strcmp(ks_str(item, "type"), "Container") != 0)
		return;
	copy_missing(item, "default", "max");
	copy_missing(item, "defaultRequest", "default");
	copy_missing(item, "defaultRequest", "min");
}

static void default_scaling(cJSON *behaviour, const char *name, const char *usual)
{
	cJSON *rules = mok_json_object(behaviour, name),
	      *presets = mok_json_parse(usual, strlen(usual));
	const cJSON *one;

	cJSON_ArrayForEach(one, presets) if (!ks_at(rules, one->string))
		cJSON_AddItemToObject(rules, one->string, cJSON_Duplicate(one, true));
	cJSON_Delete(presets);
}

/* Who says how to scale in one direction has the rest said too. */
static void default_behaviour(cJSON *behaviour)
{
	if (!behaviour)
		return;
	default_scaling(behaviour, "scaleUp",
		"{\"stabilizationWindowSeconds\":0,\"selectPolicy\":\"Max\",\"policies\":[{"
		"\"type\":"
		"\"Pods\",\"value\":4,\"periodSeconds\":15},{\"type\":\"Percent\",\"value\":100,"
		"\"periodSeconds\":15}]}");
	default_scaling(behaviour, "scaleDown",
		"{\"selectPolicy\":\"Max\",\"policies\":[{\"type\":\"Percent\",\"value\":100,"
		"\"periodSeconds\":15}]}");
}

static void default_hpa_spec(cJSON *spec)
{
	static const char usual[] =
		"{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":"
		"{\"type\":\"Utilization\",\"averageUtilization\":80}}}";
	cJSON *metrics, *metric;

	default_behaviour(ks_item(spec, "behavior"));
	if (cJSON_GetArraySize(ks_at(spec, "metrics")) > 0)
		return;
	metrics = cJSON_CreateArray();
	metric = mok_json_parse(usual, sizeof(usual) - 1);
	cJSON_AddItemToArray(metrics, metric);
	mok_json_set(spec, "metrics", metrics);
}

/* The labels of a workload's template stand in for those it has not. */
static const struct {
	const char *type;
	void (*apply)(cJSON *value);
} hooks[] = {
	{ "core.v1.Container", default_container },
	{ "core.v1.EphemeralContainer", default_container },
	{ "core.v1.ServiceSpec", default_service_spec },
	{ "core.v1.ResourceRequirements", round_resources },
	{ "core.v1.Pod", default_pod },
	{ "core.v1.PodSpec", default_pod_spec },
	{ "apps.v1.DeploymentStrategy", default_rolling },
	{ "apps.v1.DaemonSetUpdateStrategy", default_rolling },
	{ "apps.v1.StatefulSetUpdateStrategy", default_stateful_set_update },
	{ "batch.v1.JobSpec", default_job_spec },
	{ "networking.v1.NetworkPolicySpec", default_network_policy },
	{ "rbac.v1.Subject", default_subject },
	{ "apps.v1.StatefulSetSpec", default_set_spec },
	{ "core.v1.LimitRangeItem", default_limit },
	{ "autoscaling.v2.HorizontalPodAutoscalerSpec", default_hpa_spec },
};

static void run_hooks(cJSON *value, const struct ks_type *type)
{
	for (size_t i = 0; type->name && i < MOK_COUNT(hooks); i++)
		if (strcmp(hooks[i].type, type->name) == 0)
			hooks[i].apply(value);
}

static void default_struct(struct ks_req *r, cJSON *object, const struct ks_type *type)
{
	cJSON *child;

	for (size_t i = 0; i < mok_map_len(type->fields); i++) {
		const struct ks_field *f = mok_map_value(type->fields, i);
		const cJSON *preset = f->preset ? f->preset : type->unchecked ? f->fallback : NULL;
		const cJSON *have = ks_at(object, f->name);
		/* A value of zero that is always written counts as absent to Go's code. */
		bool absent = !have || (f->always && ks_is_zero(have));

		if (preset && absent)
			mok_json_set(object, f->name, cJSON_Duplicate(preset, true));
	}
	run_hooks(object, type);
	cJSON_ArrayForEach(child, object)
	{
		const struct ks_field *f = ks_field_of(type, child->string);

		if (f)
			default_value(r, child, f->type);
	}
}

static void default_value(struct ks_req *r, cJSON *value, const struct ks_type *type)
{
	cJSON *item;

	/* A CronJob's Jobs get their defaults when they are made; their pods' are told at once. */
	if (type->name && strcmp(type->name, "batch.v1.JobTemplateSpec") == 0)
		default_value(r, mok_json_object(mok_json_object(value, "spec"), "template"),
			ks_type_named(r->server, "core.v1.PodTemplateSpec"));
	else if (type->kind == KS_STRUCT && cJSON_IsObject(value))
		default_struct(r, value, type);
	else if (type->kind == KS_LIST || type->kind == KS_MAP)
		cJSON_ArrayForEach(item, value) default_value(r, item, type->element);
}

void ks_default(struct ks_req *r, cJSON *object, const struct ks_type *type)
{
	default_value(r, object, type);
}
