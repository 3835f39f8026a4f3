/* What is refused, with the words of the real server's field errors (422 Invalid). */
#include "apiserver_internal.h"

#include <ctype.h>
#include <stdlib.h>

bool ks_name_is_label(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 63 || name[0] == '-' || name[len - 1] == '-')
		return false;
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

bool ks_name_is_subdomain(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 253)
		return false;
	while (*name) {
		size_t n = strcspn(name, ".");

		if (!n || name[0] == '-' || name[n - 1] == '-' ||
			strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") < n)
			return false;
		name += n + (name[n] == '.');
		if (name[-1] == '.' && !*name)
			return false;
	}
	return true;
}

static const char *quoted(struct ks_req *r, const cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);
	const char *out = ks_printf(r, "%s", text ? text : "null");

	cJSON_free(text);
	return out;
}

/* ---- metadata ---- */

static bool has_label_name(const struct ks_resource *res)
{
	return strcmp(res->full, "namespaces") == 0 || strcmp(res->full, "services") == 0;
}

static bool has_path_name(const struct ks_resource *res)
{
	return strcmp(res->group, "rbac.authorization.k8s.io") == 0;
}

static void check_name(struct ks_req *r, const cJSON *object)
{
	const char *name = ks_str(object, "metadata.name");

	if (has_path_name(r->resource)) {
		if (strpbrk(name, "/%") || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			ks_cause(r, "FieldValueInvalid", "metadata.name",
				"Invalid value: \"%s\": may not contain '/' or '%%'", name);
		return;
	}
	if (has_label_name(r->resource)) {
		if (!ks_name_is_label(name))
			ks_cause(r, "FieldValueInvalid", "metadata.name",
				"Invalid value: \"%s\": a lowercase RFC 1123 label must consist of "
				"lower case alphanumeric characters or '-', and must start and end "
				"with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
				"regex "
				"used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
				name);
		return;
	}
	if (!ks_name_is_subdomain(name))
		ks_cause(r, "FieldValueInvalid", "metadata.name",
			"Invalid value: \"%s\": a lowercase RFC 1123 subdomain must consist of "
			"lower "
			"case alphanumeric characters, '-' or '.', and must start and end with an "
			"alphanumeric character (e.g. 'example.com', regex used for validation is "
			"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
			name);
}

static bool is_label_value(const char *s)
{
	size_t len = strlen(s);

	if (!len)
		return true;
	if (len > 63 || !isalnum((unsigned char)s[0]) || !isalnum((unsigned char)s[len - 1]))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
			return false;
	return true;
}

static void check_labels(struct ks_req *r, const cJSON *labels, const char *path)
{
	const cJSON *label;

	cJSON_ArrayForEach(label, labels)
	{
		const char *value = cJSON_GetStringValue(label);

		if (value && is_label_value(value))
			continue;
		ks_cause(r, "FieldValueInvalid", path,
			"Invalid value: \"%s\": a valid label must be an empty string or consist "
			"of "
			"alphanumeric characters, '-', '_' or '.', and must start and end with an "
			"alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
			"regex "
			"used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
			value ? value : "");
	}
}

/* ---- selectors, pods' templates ---- */

static bool selector_empty(const cJSON *selector)
{
	return !mok_json_at(selector, "matchExpressions.0") &&
		!(ks_at(selector, "matchLabels") && ks_at(selector, "matchLabels")->child);
}

static bool labels_match(const cJSON *selector, const cJSON *labels)
{
	const cJSON *want;

	cJSON_ArrayForEach(want,
		ks_at(selector,
			"matchLabels")) if (!ks_same(want,
						    ks_at(labels, want->string))) return false;
	return true;
}

static void check_containers(
	struct ks_req *r, const cJSON *spec, const char *list, const char *path)
{
	const cJSON *container, *other;
	int i = 0;

	cJSON_ArrayForEach(container, ks_at(spec, list))
	{
		const char *at = ks_printf(r, "%s.%s[%d]", path, list, i++);
		const char *name = ks_str(container, "name");

		if (!*name)
			ks_cause(r, "FieldValueRequired", ks_printf(r, "%s.name", at),
				"Required value");
		else if (!ks_name_is_label(name))
			ks_cause(r, "FieldValueInvalid", ks_printf(r, "%s.name", at),
				"Invalid value: \"%s\": a lowercase RFC 1123 label must consist of "
				"lower case alphanumeric characters or '-', and must start and end "
				"with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
				"regex "
				"used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
				name);
		if (!*ks_str(container, "image") && strcmp(r->resource->full, "pods") == 0)
			ks_cause(r, "FieldValueRequired", ks_printf(r, "%s.image", at),
				"Required value");
		for (other = ks_at(spec, list)->child; other != container; other = other->next)
			if (strcmp(ks_str(other, "name"), name) == 0)
				ks_cause(r, "FieldValueDuplicate", ks_printf(r, "%s.name", at),
					"Duplicate value: \"%s\"", name);
	}
}

static bool has_volume(const cJSON *spec, const char *name)
{
	const cJSON *volume;

	cJSON_ArrayForEach(volume,
		ks_at(spec, "volumes")) if (strcmp(ks_str(volume, "name"), name) == 0) return true;
	cJSON_ArrayForEach(volume,
		ks_at(spec, "volumeClaimTemplates")) if (strcmp(ks_str(volume, "metadata.name"),
								 name) == 0) return true;
	return false;
}

/* claims: a StatefulSet's spec, whose claim templates are volumes too; or NULL. */
static void check_mounts(struct ks_req *r, const cJSON *spec, const cJSON *claims, const char *list,
	const char *path)
{
	const cJSON *container, *mount;
	int i = 0;

	cJSON_ArrayForEach(container, ks_at(spec, list))
	{
		int j = 0;

		cJSON_ArrayForEach(mount, ks_at(container, "volumeMounts"))
		{
			const char *name = ks_str(mount, "name");

			if (!has_volume(spec, name) && !has_volume(claims, name))
				ks_cause(r, "FieldValueNotFound",
					ks_printf(r, "%s.%s[%d].volumeMounts[%d].name", path, list,
						i, j),
					"Not found: \"%s\"", name);
			j++;
		}
		i++;
	}
}

static void check_policy(struct ks_req *r, const cJSON *spec, const char *path, const char *allowed)
{
	const char *policy = ks_str(spec, "restartPolicy");
	const char *shown =
		strcmp(allowed, "Always") == 0 ? "\"Always\"" : "\"OnFailure\", \"Never\"";

	if (*policy && !strstr(allowed, policy))
		ks_cause(r, "FieldValueNotSupported", ks_printf(r, "%s.restartPolicy", path),
			"Unsupported value: \"%s\": supported values: %s", policy, shown);
}

static void check_pod_spec(
	struct ks_req *r, const cJSON *spec, const cJSON *claims, const char *path)
{
	static const char *const lists[] = { "initContainers", "containers" };

	if (!cJSON_GetArraySize(ks_at(spec, "containers")))
		ks_cause(r, "FieldValueRequired", ks_printf(r, "%s.containers", path),
			"Required value");
	for (size_t i = 0; i < MOK_COUNT(lists); i++) {
		check_containers(r, spec, lists[i], path);
		check_mounts(r, spec, claims, lists[i], path);
	}
}

/* ---- kinds ---- */

static void immutable(struct ks_req *r, const cJSON *before, const cJSON *object, const char *path)
{
	const cJSON *new = mok_json_at(object, path);

	if (before && !cJSON_Compare(new, mok_json_at(before, path), true))
		ks_cause(r, "FieldValueInvalid", path, "Invalid value: %s: field is immutable",
			quoted(r, new));
}

static void check_workload(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *spec = ks_at(object, "spec"), *selector = ks_at(spec, "selector");
	const cJSON *labels = mok_json_at(spec, "template.metadata.labels");
	bool set = strcmp(r->resource->name, "statefulsets") == 0;

	if (mok_json_int(spec, "replicas", 0) < 0)
		ks_cause(r, "FieldValueInvalid", "spec.replicas",
			"Invalid value: %lld: must be greater than or equal to 0",
			(long long)mok_json_int(spec, "replicas", 0));
	if (!selector)
		ks_cause(r, "FieldValueRequired", "spec.selector", "Required value");
	else if (selector_empty(selector))
		ks_cause(r, "FieldValueInvalid", "spec.selector",
			"Invalid value: {}: empty selector is invalid for %s",
			ks_str(object, "kind"));
	if (!selector || !labels_match(selector, labels))
		ks_cause(r, "FieldValueInvalid", "spec.template.metadata.labels",
			"Invalid value: %s: `selector` does not match template `labels`",
			labels ? quoted(r, labels) : "null");
	check_pod_spec(
		r, mok_json_at(spec, "template.spec"), set ? spec : NULL, "spec.template.spec");
	check_policy(r, mok_json_at(spec, "template.spec"), "spec.template.spec", "Always");
	if (!set)
		immutable(r, before, object, "spec.selector");
}

static void check_stateful_set(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	static const char may[] = " replicas ordinals template updateStrategy "
				  "persistentVolumeClaimRetentionPolicy minReadySeconds "
				  "revisionHistoryLimit ";
	const cJSON *child;

	check_workload(r, before, object);
	cJSON_ArrayForEach(child, ks_at(object, "spec"))
	{
		if (!before || strstr(may, ks_printf(r, " %s ", child->string)) ||
			ks_same(child, ks_at(ks_at(before, "spec"), child->string)))
			continue;
		ks_cause(r, "FieldValueForbidden", "spec",
			"Forbidden: updates to statefulset spec for fields other than 'replicas', "
			"'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
			"'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
			"forbidden");
		return;
	}
}

static void check_job_at(struct ks_req *r, const cJSON *spec, const char *path)
{
	const cJSON *pod = mok_json_at(spec, "template.spec");
	const char *at = ks_printf(r, "%s.template.spec", path);

	check_pod_spec(r, pod, NULL, at);
	if (strcmp(ks_str(pod, "restartPolicy"), "Always") == 0)
		ks_cause(r, "FieldValueRequired", ks_printf(r, "%s.restartPolicy", at),
			"Required value: valid values: \"OnFailure\", \"Never\"");
}

static void check_job(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	check_job_at(r, ks_at(object, "spec"), "spec");
	immutable(r, before, object, "spec.completions");
	immutable(r, before, object, "spec.selector");
	if (before && !mok_json_bool(before, "spec.suspend", false))
		immutable(r, before, object, "spec.template");
}

static void check_cron_job(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const char *schedule = ks_str(object, "spec.schedule");
	int fields = 0;

	(void)before;
	for (const char *p = schedule; *p; p += strspn(p, " ")) {
		p += strcspn(p, " ");
		fields++;
	}
	if (!*schedule)
		ks_cause(r, "FieldValueRequired", "spec.schedule", "Required value");
	else if (*schedule != '@' && fields != 5)
		ks_cause(r, "FieldValueInvalid", "spec.schedule",
			"Invalid value: \"%s\": expected exactly 5 fields, found %d: [%s]",
			schedule, fields, schedule);
	check_job_at(r, mok_json_at(object, "spec.jobTemplate.spec"), "spec.jobTemplate.spec");
}

static void check_pod(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	check_pod_spec(r, ks_at(object, "spec"), NULL, "spec");
	if (before && strcmp(r->sub, "status") != 0) {
		cJSON *old = cJSON_Duplicate(ks_at(before, "spec"), true);
		cJSON *new = cJSON_Duplicate(ks_at(object, "spec"), true);
		static const char *const lists[] = { "containers", "initContainers" };
		static const char *const free_ones[] = { "activeDeadlineSeconds", "tolerations",
			"terminationGracePeriodSeconds", "nodeName" };

		for (size_t i = 0; i < MOK_COUNT(free_ones); i++) {
			cJSON_DeleteItemFromObjectCaseSensitive(old, free_ones[i]);
			cJSON_DeleteItemFromObjectCaseSensitive(new, free_ones[i]);
		}
		for (size_t i = 0; i < MOK_COUNT(lists); i++) {
			cJSON *c;

			cJSON_ArrayForEach(c, ks_at(old, lists[i]))
				cJSON_DeleteItemFromObjectCaseSensitive(c, "image");
			cJSON_ArrayForEach(c, ks_at(new, lists[i]))
				cJSON_DeleteItemFromObjectCaseSensitive(c, "image");
		}
		if (!ks_same(old, new))
			ks_cause(r, "FieldValueForbidden", "spec",
				"Forbidden: pod updates may not change fields other than "
				"`spec.containers[*].image`,`spec.initContainers[*].image`,"
				"`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions "
				"to "
				"existing tolerations),`spec.terminationGracePeriodSeconds` (allow "
				"it "
				"to be set to 1 if it was previously negative)");
		cJSON_Delete(old);
		cJSON_Delete(new);
	}
}

static void check_data(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	static const char *const names[] = { "data", "binaryData" };
	const cJSON *entry;

	cJSON_ArrayForEach(entry, ks_at(object, "data"))
	{
		const char *key = entry->string;

		if (!*key || strlen(key) > 253 ||
			key[strspn(key,
				"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789-_.")])
			ks_cause(r, "FieldValueInvalid", ks_printf(r, "data[%s]", key),
				"Invalid value: \"%s\": a valid config key must consist of "
				"alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
				"'KEY_NAME',  or 'key-name', regex used for validation is "
				"'[-._a-zA-Z0-9]+')",
				key);
	}
	if (!mok_json_bool(before, "immutable", false))
		return;
	if (!mok_json_bool(object, "immutable", false))
		ks_cause(r, "FieldValueForbidden", "immutable",
			"Forbidden: field is immutable when `immutable` is set");
	for (size_t i = 0; i < MOK_COUNT(names); i++)
		if (!cJSON_Compare(ks_at(before, names[i]), ks_at(object, names[i]), true) &&
			(ks_at(before, names[i]) || ks_at(object, names[i])))
			ks_cause(r, "FieldValueForbidden", names[i],
				"Forbidden: field is immutable when `immutable` is set");
}

static void check_secret(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	check_data(r, before, object);
	immutable(r, before, object, "type");
}

static void check_service(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *ports = mok_json_at(object, "spec.ports"), *port;
	const char *type = ks_str(object, "spec.type"), *ip = ks_str(object, "spec.clusterIP");
	int i = 0, count = cJSON_GetArraySize(ports);

	if (!count && strcmp(type, "ExternalName") != 0 && strcmp(ip, "None") != 0)
		ks_cause(r, "FieldValueRequired", "spec.ports", "Required value");
	cJSON_ArrayForEach(port, ports)
	{
		int64_t number = mok_json_int(port, "port", 0);

		if (count > 1 && !*ks_str(port, "name"))
			ks_cause(r, "FieldValueRequired", ks_printf(r, "spec.ports[%d].name", i),
				"Required value");
		if (number < 1 || number > 65535)
			ks_cause(r, "FieldValueInvalid", ks_printf(r, "spec.ports[%d].port", i),
				"Invalid value: %lld: must be between 1 and 65535, inclusive",
				(long long)number);
		number = cJSON_IsString(ks_at(port, "targetPort"))
			? 1
			: mok_json_int(port, "targetPort", 0);
		if (number < 1 || number > 65535)
			ks_cause(r, "FieldValueInvalid",
				ks_printf(r, "spec.ports[%d].targetPort", i),
				"Invalid value: %lld: must be between 1 and 65535, inclusive",
				(long long)number);
		i++;
	}
	if (before && strcmp(ks_str(before, "spec.type"), "ExternalName") != 0 &&
		strcmp(ks_str(before, "spec.clusterIP"), ip) != 0)
		ks_cause(r, "FieldValueInvalid", "spec.clusterIPs[0]",
			"Invalid value: %s: may not change once set",
			quoted(r, mok_json_at(object, "spec.clusterIPs")));
}

static void check_claim(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const char *size = mok_json_str(object, "spec.resources.requests.storage");

	if (!mok_json_at(object, "spec.accessModes.0"))
		ks_cause(r, "FieldValueRequired", "spec.accessModes",
			"Required value: at least 1 access mode is required");
	if (!size)
		ks_cause(r, "FieldValueRequired", "spec.resources[storage]", "Required value");
	if (before && size &&
		ks_quantity_value(size) <
			ks_quantity_value(ks_str(before, "spec.resources.requests.storage")))
		ks_cause(r, "FieldValueForbidden", "spec.resources.requests.storage",
			"Forbidden: field can not be less than status.capacity");
	immutable(r, before, object, "spec.storageClassName");
	immutable(r, before, object, "spec.accessModes");
}

static void check_role_ref(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	if (before && !ks_same(ks_at(before, "roleRef"), ks_at(object, "roleRef")))
		ks_cause(r, "FieldValueInvalid", "roleRef",
			"Invalid value: {\"APIGroup\":\"%s\",\"Kind\":\"%s\",\"Name\":\"%s\"}: "
			"cannot "
			"change roleRef",
			ks_str(object, "roleRef.apiGroup"), ks_str(object, "roleRef.kind"),
			ks_str(object, "roleRef.name"));
}

static void check_priority(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	if (before && !ks_same(ks_at(before, "value"), ks_at(object, "value")))
		ks_cause(r, "FieldValueForbidden", "value",
			"Forbidden: may not be changed in an update.");
}

static void check_storage_class(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	if (!*ks_str(object, "provisioner"))
		ks_cause(r, "FieldValueRequired", "provisioner", "Required value");
	if (before &&
		!cJSON_Compare(ks_at(before, "parameters"), ks_at(object, "parameters"), true) &&
		(ks_at(before, "parameters") || ks_at(object, "parameters")))
		ks_cause(r, "FieldValueForbidden", "parameters",
			"Forbidden: updates to parameters are forbidden.");
	if (before && !ks_same(ks_at(before, "provisioner"), ks_at(object, "provisioner")))
		ks_cause(r, "FieldValueForbidden", "provisioner",
			"Forbidden: updates to provisioner are forbidden.");
}

static void check_crd(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const char *name = ks_str(object, "metadata.name");
	const char *want = ks_printf(
		r, "%s.%s", ks_str(object, "spec.names.plural"), ks_str(object, "spec.group"));

	(void)before;
	if (strcmp(name, want) != 0)
		ks_cause(r, "FieldValueInvalid", "metadata.name",
			"Invalid value: \"%s\": must be spec.names.plural+\".\"+spec.group", name);
	if (!mok_json_at(object, "spec.versions.0"))
		ks_cause(r, "FieldValueInvalid", "spec.versions",
			"Invalid value: null: must have exactly one version marked as storage "
			"version");
}

static const struct {
	const char *resource;
	void (*check)(struct ks_req *r, const cJSON *before, const cJSON *object);
} rules[] = {
	{ "deployments.apps", check_workload },
	{ "replicasets.apps", check_workload },
	{ "daemonsets.apps", check_workload },
	{ "statefulsets.apps", check_stateful_set },
	{ "jobs.batch", check_job },
	{ "cronjobs.batch", check_cron_job },
	{ "pods", check_pod },
	{ "configmaps", check_data },
	{ "secrets", check_secret },
	{ "services", check_service },
	{ "persistentvolumeclaims", check_claim },
	{ "rolebindings.rbac.authorization.k8s.io", check_role_ref },
	{ "clusterrolebindings.rbac.authorization.k8s.io", check_role_ref },
	{ "priorityclasses.scheduling.k8s.io", check_priority },
	{ "storageclasses.storage.k8s.io", check_storage_class },
	{ "customresourcedefinitions.apiextensions.k8s.io", check_crd },
};

/* Every declared type's required fields, where no rule says more. */
bool ks_validate(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	if (strcmp(r->sub, "status") == 0)
		return true;
	if (!before)
		check_name(r, object);
	check_labels(r, mok_json_at(object, "metadata.labels"), "metadata.labels");
	for (size_t i = 0; i < MOK_COUNT(rules); i++)
		if (strcmp(rules[i].resource, r->resource->full) == 0)
			rules[i].check(r, before, object);
	if (r->resource->custom)
		ks_crd_validate(r, object, "");
	return !r->answered;
}
