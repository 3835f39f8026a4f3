/* What is refused, with the words of the real server's field errors (422 Invalid): which rules hold
 * for which kind, and those of the smaller kinds. */
#include "validate.h"

#include <stdlib.h>

enum { DATA_MAX = 1 << 20 };

/* ---- ConfigMaps, Secrets ---- */

static void check_data(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	static const char *const names[] = { "data", "binaryData" };
	const cJSON *entry;
	size_t size = 0;

	for (size_t i = 0; i < MOK_COUNT(names); i++)
		cJSON_ArrayForEach(entry, ks_at(object, names[i]))
		{
			const char *at = ks_printf(r, "%s[%s]", names[i], entry->string);

			ks_data_key(r, entry->string, at);
			if (!i && ks_at(ks_at(object, "binaryData"), entry->string))
				ks_bad_text(r, at, entry->string,
					"duplicate of key present in binaryData");
			size += cJSON_IsString(entry) ? strlen(entry->valuestring) : 0;
		}
	if (size > DATA_MAX + DATA_MAX / 2 || (size > DATA_MAX && !ks_at(object, "type")))
		ks_cause(r, "FieldValueTooLong", "", "Too long: may not be more than %d bytes",
			DATA_MAX);
	if (!mok_json_bool(before, "immutable", false))
		return;
	if (!mok_json_bool(object, "immutable", false))
		ks_forbid(r, "immutable", "field is immutable when `immutable` is set");
	for (size_t i = 0; i < MOK_COUNT(names); i++)
		if ((ks_at(before, names[i]) || ks_at(object, names[i])) &&
			!ks_same(ks_at(before, names[i]), ks_at(object, names[i])))
			ks_forbid(r, names[i], "field is immutable when `immutable` is set");
}

/* "{" of a docker configuration, for example: is it JSON at all? */
static void check_docker(struct ks_req *r, const cJSON *object, const char *key)
{
	const cJSON *value = ks_at(ks_at(object, "data"), key);
	const char *path = ks_printf(r, "data[%s]", key), *text;
	cJSON *json;

	if (!cJSON_IsString(value)) {
		ks_want(r, path, NULL);
		return;
	}
	text = ks_unbase64(r->arena, value->valuestring, NULL);
	text = text ? text : "";
	json = cJSON_Parse(text);
	if (!json)
		ks_bad_text(r, path, "<secret contents redacted>",
			ks_json_error(r, text, strlen(text)));
	cJSON_Delete(json);
}

static void check_secret(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	static const struct {
		const char *type, *key;
	} needed[] = { { "kubernetes.io/tls", "tls.crt" }, { "kubernetes.io/tls", "tls.key" },
		{ "kubernetes.io/ssh-auth", "ssh-privatekey" } };
	const char *type = ks_str(object, "type");

	check_data(r, before, object);
	for (size_t i = 0; i < MOK_COUNT(needed); i++)
		if (strcmp(needed[i].type, type) == 0 &&
			!ks_at(ks_at(object, "data"), needed[i].key))
			ks_want(r, ks_printf(r, "data[%s]", needed[i].key), NULL);
	if (strcmp(type, "kubernetes.io/dockerconfigjson") == 0)
		check_docker(r, object, ".dockerconfigjson");
	else if (strcmp(type, "kubernetes.io/dockercfg") == 0)
		check_docker(r, object, ".dockercfg");
	ks_immutable(r, before, object, "type");
}

/* ---- storage ---- */

/* Of a claim's spec, without what a bound claim may change. */
static cJSON *fixed_claim(const cJSON *claim, bool bound)
{
	cJSON *spec = cJSON_Duplicate(ks_at(claim, "spec"), true);

	if (bound) {
		cJSON_DeleteItemFromObjectCaseSensitive(
			ks_item(ks_item(spec, "resources"), "requests"), "storage");
		cJSON_DeleteItemFromObjectCaseSensitive(spec, "volumeAttributesClassName");
	}
	cJSON_DeleteItemFromObjectCaseSensitive(spec, "volumeName");
	return spec;
}

static void check_claim_change(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	bool bound = strcmp(ks_str(before, "status.phase"), "Bound") == 0;
	cJSON *old = fixed_claim(before, bound), *new = fixed_claim(object, bound);

	if (!ks_same(old, new))
		ks_forbid(r, "spec",
			"spec is immutable after creation except resources.requests and "
			"volumeAttributesClassName for bound claims");
	cJSON_Delete(old);
	cJSON_Delete(new);
}

static void check_claim(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const char *size = mok_json_str(object, "spec.resources.requests.storage");

	if (!mok_json_at(object, "spec.accessModes.0"))
		ks_want(r, "spec.accessModes", "at least 1 access mode is required");
	if (!size)
		ks_want(r, "spec.resources[storage]", NULL);
	if (!before)
		return;
	check_claim_change(r, before, object);
	if (size &&
		ks_quantity_value(size) <
			ks_quantity_value(ks_str(before, "spec.resources.requests.storage")))
		ks_forbid(r, "spec.resources.requests.storage",
			"field can not be less than status.capacity");
}

static void check_storage_class(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	if (!*ks_str(object, "provisioner"))
		ks_want(r, "provisioner", NULL);
	if (before && (ks_at(before, "parameters") || ks_at(object, "parameters")) &&
		!ks_same(ks_at(before, "parameters"), ks_at(object, "parameters")))
		ks_forbid(r, "parameters", "updates to parameters are forbidden.");
	if (before && !ks_same(ks_at(before, "provisioner"), ks_at(object, "provisioner")))
		ks_forbid(r, "provisioner", "updates to provisioner are forbidden.");
}

/* ---- who may what ---- */

static void check_role(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *rule;
	int i = 0;

	(void)before;
	cJSON_ArrayForEach(rule, ks_at(object, "rules"))
	{
		const char *at = ks_printf(r, "rules[%d]", i++);

		if (!mok_json_at(rule, "verbs.0"))
			ks_want(r, ks_below(r, at, "verbs"),
				"verbs must contain at least one value");
		if (mok_json_at(rule, "nonResourceURLs.0"))
			continue;
		if (!mok_json_at(rule, "apiGroups.0"))
			ks_want(r, ks_below(r, at, "apiGroups"),
				"resource rules must supply at least one api group");
		if (!mok_json_at(rule, "resources.0"))
			ks_want(r, ks_below(r, at, "resources"),
				"resource rules must supply at least one resource");
	}
}

static void check_role_ref(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *ref = ks_at(object, "roleRef"), *subject;
	bool cluster = strcmp(r->resource->name, "clusterrolebindings") == 0;
	int i = 0;

	ks_one_of(r, ref, "apiGroup", "roleRef", "rbac.authorization.k8s.io");
	ks_one_of(r, ref, "kind", "roleRef", cluster ? "ClusterRole" : "Role ClusterRole");
	if (!*ks_str(ref, "name"))
		ks_want(r, "roleRef.name", NULL);
	cJSON_ArrayForEach(subject, ks_at(object, "subjects"))
	{
		const char *at = ks_printf(r, "subjects[%d]", i++);

		if (!*ks_str(subject, "name"))
			ks_want(r, ks_below(r, at, "name"), NULL);
		ks_one_of(r, subject, "kind", at, "ServiceAccount User Group");
	}
	if (before && !ks_same(ks_at(before, "roleRef"), ref))
		ks_cause(r, "FieldValueInvalid", "roleRef",
			"Invalid value: {\"APIGroup\":\"%s\",\"Kind\":\"%s\",\"Name\":\"%s\"}: "
			"cannot "
			"change roleRef",
			ks_str(ref, "apiGroup"), ks_str(ref, "kind"), ks_str(ref, "name"));
}

/* ---- others ---- */

static void check_priority(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	if (before && !ks_same(ks_at(before, "value"), ks_at(object, "value")))
		ks_forbid(r, "value", "may not be changed in an update.");
}

static const struct {
	const char *resource;
	void (*check)(struct ks_req *r, const cJSON *before, const cJSON *object);
} rules[] = {
	{ "deployments.apps", ks_check_deployment },
	{ "replicasets.apps", ks_check_daemon_set },
	{ "daemonsets.apps", ks_check_daemon_set },
	{ "statefulsets.apps", ks_check_stateful_set },
	{ "jobs.batch", ks_check_job },
	{ "cronjobs.batch", ks_check_cron_job },
	{ "horizontalpodautoscalers.autoscaling", ks_check_autoscaler },
	{ "poddisruptionbudgets.policy", ks_check_budget },
	{ "pods", ks_check_pod },
	{ "configmaps", check_data },
	{ "secrets", check_secret },
	{ "services", ks_check_service },
	{ "networkpolicies.networking.k8s.io", ks_check_policy },
	{ "ingresses.networking.k8s.io", ks_check_ingress },
	{ "persistentvolumeclaims", check_claim },
	{ "roles.rbac.authorization.k8s.io", check_role },
	{ "clusterroles.rbac.authorization.k8s.io", check_role },
	{ "rolebindings.rbac.authorization.k8s.io", check_role_ref },
	{ "clusterrolebindings.rbac.authorization.k8s.io", check_role_ref },
	{ "priorityclasses.scheduling.k8s.io", check_priority },
	{ "storageclasses.storage.k8s.io", check_storage_class },
	{ "events", ks_check_event },
	{ "events.events.k8s.io", ks_check_event },
	{ "customresourcedefinitions.apiextensions.k8s.io", ks_check_crd },
};

bool ks_validate(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	if (strcmp(r->sub, "status") == 0 && !r->resource->custom)
		return true;
	ks_check_meta(r, before, object);
	for (size_t i = 0; i < MOK_COUNT(rules); i++)
		if (strcmp(rules[i].resource, r->resource->full) == 0)
			rules[i].check(r, before, object);
	if (r->resource->custom)
		ks_crd_validate(r, before, object);
	return !r->answered;
}
