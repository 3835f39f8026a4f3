/*
 * What decoding into Go's structs and encoding them again does to an object: undeclared fields go,
 * zero values that are marked omitempty go, values that are always written come. Then the defaults
 * of the server's code. Custom resources are pruned by their schema instead.
 */
#include "apiserver_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct walk {
	struct ks_req *r;
	const struct ks_type *within; /* the innermost struct with a name */
	const char *expected, *path;  /* set once a value of another type was found */
	const cJSON *bad;
	int depth;
};

static bool normalise(struct walk *w, cJSON *value, const struct ks_type *type, const char *path);

static const char *const type_names[] = { "object", "string", "int32", "float64", "bool",
	"resource.Quantity", "intstr.IntOrString", "[]uint8", "v1.Time", "v1.MicroTime", "object",
	"array", "map" };

static bool is_right(const cJSON *value, enum ks_kind kind)
{
	switch ((int)kind) {
	case KS_ANY: return true;
	case KS_STRING:
	case KS_BYTES: return cJSON_IsString(value);
	case KS_TIME:
	case KS_MICROTIME: return cJSON_IsString(value) || cJSON_IsNull(value);
	case KS_INTEGER:
		return cJSON_IsNumber(value) && floor(value->valuedouble) == value->valuedouble;
	case KS_NUMBER: return cJSON_IsNumber(value);
	case KS_BOOLEAN: return cJSON_IsBool(value);
	case KS_QUANTITY:
	case KS_INT_OR_STRING: return cJSON_IsNumber(value) || cJSON_IsString(value);
	case KS_LIST: return cJSON_IsArray(value) || cJSON_IsNull(value);
	default: return cJSON_IsObject(value) || cJSON_IsNull(value);
	}
}

static bool is_zero(const cJSON *value)
{
	if (cJSON_IsString(value))
		return !*value->valuestring;
	if (cJSON_IsNumber(value))
		return value->valuedouble == 0;
	if (cJSON_IsArray(value) || cJSON_IsObject(value))
		return !value->child;
	return cJSON_IsFalse(value) || cJSON_IsNull(value);
}

static cJSON *zero_of(const struct ks_type *type)
{
	switch ((int)type->kind) {
	case KS_STRING: return cJSON_CreateString("");
	case KS_QUANTITY: return cJSON_CreateString("0");
	case KS_INTEGER:
	case KS_NUMBER:
	case KS_INT_OR_STRING: return cJSON_CreateNumber(0);
	case KS_BOOLEAN: return cJSON_CreateFalse();
	case KS_STRUCT: return cJSON_CreateObject();
	default: return cJSON_CreateNull();
	}
}

static void set_text(cJSON *value, const char *text)
{
	cJSON *copy = cJSON_CreateString(text);
	char *old = value->valuestring;

	value->type = cJSON_String;
	value->valuestring = copy->valuestring;
	copy->valuestring = old;
	cJSON_Delete(copy);
}

static bool normalise_quantity(struct walk *w, cJSON *value)
{
	char number[40], *text;

	if (cJSON_IsNumber(value))
		snprintf(number, sizeof(number), "%.15g", value->valuedouble);
	text = ks_quantity(w->r->arena, cJSON_IsNumber(value) ? number : value->valuestring);
	if (!text)
		return false;
	set_text(value, text);
	return true;
}

static void add_always(struct walk *w, cJSON *object, const struct ks_type *type)
{
	for (size_t i = 0; i < mok_map_len(type->fields); i++) {
		const struct ks_field *f = mok_map_value(type->fields, i);
		cJSON *zero;

		if (!f->always || ks_at(object, f->name))
			continue;
		zero = zero_of(f->type);
		cJSON_AddItemToObject(object, f->name, zero);
		if (f->type->kind == KS_STRUCT)
			normalise(w, zero, f->type, "");
	}
}

static void drop(cJSON *object, cJSON *child)
{
	cJSON_Delete(cJSON_DetachItemViaPointer(object, child));
}

static bool normalise_child(
	struct walk *w, cJSON *object, cJSON *child, const struct ks_type *type, const char *at)
{
	const struct ks_field *f = ks_field_of(type, child->string);

	if (!f) {
		if (type->preserve)
			return true;
		mok_vec_push(w->r->arena, &w->r->unknown, at);
		drop(object, child);
		return true;
	}
	if (cJSON_IsNull(child) && !f->always && !type->unchecked) {
		drop(object, child);
		return true;
	}
	if (!cJSON_IsNull(child) && !normalise(w, child, f->type, at))
		return false;
	if (f->omit_zero && is_zero(child))
		drop(object, child);
	return true;
}

static bool normalise_struct(
	struct walk *w, cJSON *object, const struct ks_type *type, const char *path)
{
	const struct ks_type *outer = w->within;
	cJSON *child, *next;

	w->within = type->name ? type : outer;
	for (child = object->child; child; child = next) {
		const char *at = ks_printf(w->r, "%s%s%s", path, *path ? "." : "", child->string);

		next = child->next;
		if (!normalise_child(w, object, child, type, at))
			return false;
	}
	if (!type->unchecked)
		add_always(w, object, type);
	w->within = outer;
	return true;
}

static bool normalise_list(
	struct walk *w, cJSON *list, const struct ks_type *type, const char *path)
{
	int i = 0;
	cJSON *item;

	cJSON_ArrayForEach(
		item, list) if (!normalise(w, item, type->element,
					ks_printf(w->r, "%s[%d]", path, i++))) return false;
	return true;
}

static bool normalise_map(struct walk *w, cJSON *map, const struct ks_type *type, const char *path)
{
	cJSON *item;

	cJSON_ArrayForEach(item, map) if (!cJSON_IsNull(item) &&
		!normalise(w, item, type->element,
			ks_printf(w->r, "%s.%s", path, item->string))) return false;
	return true;
}

static bool complain(
	struct walk *w, const cJSON *value, const struct ks_type *type, const char *path)
{
	w->expected = type_names[type->kind];
	w->path = path;
	w->bad = value;
	return false;
}

static bool normalise(struct walk *w, cJSON *value, const struct ks_type *type, const char *path)
{
	bool right = is_right(value, type->kind);

	/* A custom resource's schema says what is wrong in its own words. */
	if (!right)
		return type->unchecked || complain(w, value, type, path);
	if (cJSON_IsNull(value))
		return true;
	if (type->kind == KS_STRUCT)
		return normalise_struct(w, value, type, path);
	if (type->kind == KS_LIST)
		return normalise_list(w, value, type, path);
	if (type->kind == KS_MAP)
		return normalise_map(w, value, type, path);
	if (type->kind == KS_QUANTITY && !normalise_quantity(w, value))
		return complain(w, value, type, path);
	return true;
}

static const char *type_of(const cJSON *value)
{
	return cJSON_IsString(value)    ? "string"
		: cJSON_IsNumber(value) ? "number"
		: cJSON_IsBool(value)   ? "bool"
		: cJSON_IsArray(value)  ? "array"
					: "object";
}

static const char *short_name(const struct walk *w, const char *usual)
{
	const char *dot = w->within && w->within->name ? strrchr(w->within->name, '.') : NULL;

	return dot ? dot + 1 : usual;
}

bool ks_normalise(struct ks_req *r, cJSON *object, const struct ks_type *type)
{
	struct walk w = { .r = r };
	const char *detail;

	if (normalise(&w, object, type, ""))
		return true;
	if (strcmp(w.expected, "resource.Quantity") == 0)
		detail = "quantities must match the regular expression "
			 "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
	else
		detail = ks_printf(r,
			"json: cannot unmarshal %s into Go struct field %s.%s of type %s",
			type_of(w.bad), short_name(&w, r->resource->kind), w.path, w.expected);
	return ks_bad_request(r, "%s in version \"%s\" cannot be handled as a %s: %s",
		r->resource->kind, r->resource->version, r->resource->kind, detail);
}

/* ---- quantities: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 * ---- */

static const struct {
	const char *suffix;
	double factor;
} binary[] = { { "Ki", 1024.0 }, { "Mi", 1048576.0 }, { "Gi", 1073741824.0 },
	{ "Ti", 1099511627776.0 }, { "Pi", 1125899906842624.0 }, { "Ei", 1152921504606846976.0 } },
  decimal[] = { { "n", 1e-9 }, { "u", 1e-6 }, { "m", 1e-3 }, { "", 1 }, { "k", 1e3 }, { "M", 1e6 },
	  { "G", 1e9 }, { "T", 1e12 }, { "P", 1e15 }, { "E", 1e18 } };

/* The factor of a suffix; 0: no such. *is_binary tells which family it is of. */
static double factor_of(const char *suffix, bool *is_binary)
{
	*is_binary = true;
	for (size_t i = 0; i < MOK_COUNT(binary); i++)
		if (strcmp(binary[i].suffix, suffix) == 0)
			return binary[i].factor;
	*is_binary = false;
	for (size_t i = 0; i < MOK_COUNT(decimal); i++)
		if (strcmp(decimal[i].suffix, suffix) == 0)
			return decimal[i].factor;
	return 0;
}

static bool split(const char *text, double *number, const char **suffix)
{
	size_t n = strspn(text, "+-");
	char digits[64];

	n += strspn(text + n, "0123456789.");
	if (n == 0 || n >= sizeof(digits) || !strpbrk(text, "0123456789"))
		return false;
	memcpy(digits, text, n);
	digits[n] = '\0';
	*number = strtod(digits, NULL);
	*suffix = text + n;
	/* "1e3" has a decimal exponent; a lone E is a suffix. */
	if ((**suffix == 'e' || **suffix == 'E') && (*suffix)[1]) {
		char *end;

		*number = strtod(text, &end);
		*suffix = end;
		return !*end;
	}
	return true;
}

double ks_quantity_value(const char *text)
{
	const char *suffix;
	double number, factor;
	bool is_binary;

	if (!split(text, &number, &suffix))
		return 0;
	factor = factor_of(suffix, &is_binary);
	return number * factor;
}

/* The largest suffix that leaves an integer. */
static char *print_quantity(struct mok_arena *arena, double value, bool is_binary)
{
	if (value == 0)
		return mok_arena_strdup(arena, "0");
	if (is_binary && fabs(value) >= 1024) {
		for (size_t i = MOK_COUNT(binary); i-- > 0;) {
			double n = value / binary[i].factor;

			if (floor(n) == n)
				return mok_arena_printf(arena, "%.0f%s", n, binary[i].suffix);
		}
		return mok_arena_printf(arena, "%.0f", ceil(value));
	}
	for (size_t i = MOK_COUNT(decimal); i-- > 0;) {
		double n = value / decimal[i].factor;

		if (fabs(n - round(n)) < 1e-9 * fabs(n) && fabs(round(n)) >= 1)
			return mok_arena_printf(arena, "%.0f%s", round(n), decimal[i].suffix);
	}
	return mok_arena_strdup(arena, "1n");
}

double mok_apiserver_quantity(const char *text)
{
	return text ? ks_quantity_value(text) : 0;
}

char *ks_quantity(struct mok_arena *arena, const char *text)
{
	const char *suffix;
	double number, factor;
	bool is_binary;

	if (!split(text, &number, &suffix))
		return NULL;
	factor = factor_of(suffix, &is_binary);
	return factor != 0 ? print_quantity(arena, number * factor, is_binary) : NULL;
}

/* ---- defaults ---- */

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
	bool reached = strcmp(type, "NodePort") == 0 || strcmp(type, "LoadBalancer") == 0;
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

		if (!target || is_zero(target))
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

static void default_hpa_spec(cJSON *spec)
{
	static const char usual[] =
		"{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":"
		"{\"type\":\"Utilization\",\"averageUtilization\":80}}}";
	cJSON *metrics, *metric;

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
		bool absent = !have || (f->always && is_zero(have));

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
