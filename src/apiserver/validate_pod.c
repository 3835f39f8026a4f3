/* Pods and their templates: what is refused. */
#include "validate.h"

#include <stdlib.h>

static const char *const lists[] = { "containers", "initContainers" };

/* ---- containers ---- */

static void check_ports(struct ks_req *r, const cJSON *container, const char *path)
{
	const cJSON *port;
	int i = 0;

	cJSON_ArrayForEach(port, ks_at(container, "ports"))
	{
		const char *at = ks_printf(r, "%s.ports[%d]", path, i++);
		const char *name = ks_str(port, "name");

		if (*name)
			ks_port_name(r, name, ks_below(r, at, "name"));
		if (!mok_json_int(port, "containerPort", 0))
			ks_want(r, ks_below(r, at, "containerPort"), NULL);
		else
			ks_port(r, ks_at(port, "containerPort"), ks_below(r, at, "containerPort"));
		if (mok_json_int(port, "hostPort", 0))
			ks_port(r, ks_at(port, "hostPort"), ks_below(r, at, "hostPort"));
		ks_one_of(r, port, "protocol", at, "SCTP TCP UDP");
	}
}

static bool is_field(const char *path)
{
	static const char known[] = " metadata.name metadata.namespace metadata.uid "
				    "metadata.labels metadata.annotations spec.nodeName "
				    "spec.serviceAccountName status.hostIP status.hostIPs "
				    "status.podIP status.podIPs ";
	size_t len = strcspn(path, "[");
	const char *at = strstr(known, " ");

	for (; at[1]; at = strchr(at + 1, ' '))
		if (strncmp(at + 1, path, len) == 0 && at[len + 1] == ' ')
			return true;
	return false;
}

static void check_value_from(struct ks_req *r, const cJSON *variable, const char *path)
{
	static const char *const keyed[] = { "configMapKeyRef", "secretKeyRef" };
	const cJSON *from = ks_at(variable, "valueFrom");
	const char *at = ks_below(r, path, "valueFrom");
	const char *field = mok_json_str(from, "fieldRef.fieldPath");

	if (!from)
		return;
	if (ks_at(from, "fieldRef") && (!field || !*field))
		ks_want(r, ks_below(r, at, "fieldRef.fieldPath"), NULL);
	else if (field && !is_field(field))
		ks_bad_text(r, ks_below(r, at, "fieldRef.fieldPath"), field,
			ks_printf(r, "error converting fieldPath: field label not supported: %s",
				field));
	for (size_t i = 0; i < MOK_COUNT(keyed); i++)
		if (ks_at(from, keyed[i]) && !*ks_str(ks_at(from, keyed[i]), "key"))
			ks_want(r, ks_printf(r, "%s.%s.key", at, keyed[i]), NULL);
	if (*ks_str(variable, "value"))
		ks_bad_text(r, at, "", "may not be specified when `value` is not empty");
	else if (!from->child)
		ks_bad_text(r, at, "",
			"must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
			"`secretKeyRef` or `fileKeyRef`");
}

static bool is_printable(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~' || *s == '=')
			return false;
	return true;
}

static void check_env(struct ks_req *r, const cJSON *container, const char *path)
{
	const cJSON *variable;
	int i = 0;

	cJSON_ArrayForEach(variable, ks_at(container, "env"))
	{
		const char *at = ks_printf(r, "%s.env[%d]", path, i++);
		const char *name = ks_str(variable, "name");

		if (!*name)
			ks_want(r, ks_below(r, at, "name"), NULL);
		else if (!is_printable(name))
			ks_bad_text(r, ks_below(r, at, "name"), name,
				"a valid environment variable name must consist only of printable "
				"ASCII characters other than '='");
		check_value_from(r, variable, at);
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

struct pod {
	const cJSON *spec, *claims;
};

static void check_mounts(
	struct ks_req *r, const struct pod *pod, const cJSON *container, const char *path)
{
	const cJSON *mount, *other;
	int i = 0;

	cJSON_ArrayForEach(mount, ks_at(container, "volumeMounts"))
	{
		const char *at = ks_printf(r, "%s.volumeMounts[%d]", path, i++);
		const char *name = ks_str(mount, "name"), *where = ks_str(mount, "mountPath");

		if (!*name)
			ks_want(r, ks_below(r, at, "name"), NULL);
		else if (!has_volume(pod->spec, name) && !has_volume(pod->claims, name))
			ks_cause(r, "FieldValueNotFound", ks_below(r, at, "name"),
				"Not found: \"%s\"", name);
		if (!*where)
			ks_want(r, ks_below(r, at, "mountPath"), NULL);
		for (other = ks_at(container, "volumeMounts")->child; other != mount;
			other = other->next)
			if (strcmp(ks_str(other, "mountPath"), where) == 0)
				ks_bad_text(
					r, ks_below(r, at, "mountPath"), where, "must be unique");
	}
}

/* Who asks for a part of a byte is told so, and gets it rounded. */
static void warn_of_fractions(struct ks_req *r, const cJSON *resources, const char *path)
{
	static const char *const kinds[] = { "limits", "requests" };

	for (size_t i = 0; i < MOK_COUNT(kinds); i++) {
		const cJSON *size = ks_at(ks_at(resources, kinds[i]), "memory");

		if (cJSON_IsString(size) && ks_quantity_milli(size->valuestring) % 1000)
			ks_warn(r,
				ks_printf(r,
					"%s.%s[memory]: fractional byte value \"%s\" is invalid, "
					"must "
					"be an integer",
					path, kinds[i], size->valuestring));
	}
}

static void check_resources(struct ks_req *r, const cJSON *resources, const char *path)
{
	const cJSON *limits = ks_at(resources, "limits"), *request;

	cJSON_ArrayForEach(request, ks_at(resources, "requests"))
	{
		const cJSON *limit = ks_at(limits, request->string);

		if (cJSON_IsString(limit) && cJSON_IsString(request) &&
			ks_quantity_value(request->valuestring) >
				ks_quantity_value(limit->valuestring))
			ks_bad(r, ks_below(r, path, "requests"), request,
				ks_printf(r, "must be less than or equal to %s limit of %s",
					request->string, limit->valuestring));
	}
}

static void check_probe(
	struct ks_req *r, const cJSON *container, const char *name, const char *path)
{
	static const char *const numbers[] = { "initialDelaySeconds", "timeoutSeconds",
		"periodSeconds", "successThreshold", "failureThreshold" };
	const cJSON *probe = ks_at(container, name);
	const char *at = ks_below(r, path, name);

	if (!probe)
		return;
	if (!ks_at(probe, "httpGet") && !ks_at(probe, "exec") && !ks_at(probe, "tcpSocket") &&
		!ks_at(probe, "grpc"))
		ks_want(r, at, "must specify a handler type");
	for (size_t i = 0; i < MOK_COUNT(numbers); i++)
		ks_not_negative(r, probe, numbers[i], at);
	if (strcmp(name, "readinessProbe") != 0 && mok_json_int(probe, "successThreshold", 1) != 1)
		ks_bad(r, ks_below(r, at, "successThreshold"), ks_at(probe, "successThreshold"),
			"must be 1");
}

static void check_container(
	struct ks_req *r, const struct pod *pod, const cJSON *container, const char *at)
{
	static const char *const probes[] = { "livenessProbe", "readinessProbe", "startupProbe" };
	const char *name = ks_str(container, "name"), *image = ks_str(container, "image");

	if (!*name)
		ks_want(r, ks_below(r, at, "name"), NULL);
	else
		ks_label_name(r, name, ks_below(r, at, "name"));
	if (!*image)
		ks_want(r, ks_below(r, at, "image"), NULL);
	else if (image[0] == ' ' || image[strlen(image) - 1] == ' ')
		ks_bad_text(r, ks_below(r, at, "image"), image,
			"must not have leading or trailing whitespace");
	ks_one_of(r, container, "terminationMessagePolicy", at, "FallbackToLogsOnError File");
	check_ports(r, container, at);
	check_env(r, container, at);
	check_mounts(r, pod, container, at);
	ks_one_of(r, container, "imagePullPolicy", at, "Always IfNotPresent Never");
	warn_of_fractions(r, ks_at(container, "resources"), ks_below(r, at, "resources"));
	check_resources(r, ks_at(container, "resources"), ks_below(r, at, "resources"));
	for (size_t i = 0; i < MOK_COUNT(probes); i++)
		check_probe(r, container, probes[i], at);
}

static bool is_taken(const cJSON *spec, const cJSON *container)
{
	const char *name = ks_str(container, "name");

	for (size_t i = 0; i < MOK_COUNT(lists); i++) {
		const cJSON *other;

		cJSON_ArrayForEach(other, ks_at(spec, lists[i]))
		{
			if (other == container)
				return false;
			if (*name && strcmp(ks_str(other, "name"), name) == 0)
				return true;
		}
	}
	return false;
}

static void check_containers(
	struct ks_req *r, const struct pod *pod, const char *list, const char *path)
{
	const cJSON *container;
	int i = 0;

	cJSON_ArrayForEach(container, ks_at(pod->spec, list))
	{
		const char *at = ks_printf(r, "%s.%s[%d]", path, list, i++);

		check_container(r, pod, container, at);
		if (is_taken(pod->spec, container))
			ks_twice(r, ks_below(r, at, "name"), ks_str(container, "name"));
	}
}

/* ---- the rest of a pod ---- */

static void check_volumes(struct ks_req *r, const cJSON *spec, const char *path)
{
	const cJSON *volume, *other;
	int i = 0;

	cJSON_ArrayForEach(volume, ks_at(spec, "volumes"))
	{
		const char *at = ks_printf(r, "%s.volumes[%d].name", path, i++);
		const char *name = ks_str(volume, "name");

		if (!*name)
			ks_want(r, at, NULL);
		else
			ks_label_name(r, name, at);
		for (other = ks_at(spec, "volumes")->child; other != volume; other = other->next)
			if (strcmp(ks_str(other, "name"), name) == 0)
				ks_twice(r, at, name);
	}
}

static void check_id(struct ks_req *r, const cJSON *id, const char *path)
{
	if (cJSON_IsNumber(id) && (id->valuedouble < 0 || id->valuedouble > 2147483647))
		ks_bad(r, path, id, "must be between 0 and 2147483647, inclusive");
}

static void check_ids(struct ks_req *r, const cJSON *context, const char *path)
{
	static const char *const ids[] = { "fsGroup", "runAsUser", "runAsGroup" };
	const cJSON *list = ks_at(context, "supplementalGroups");

	for (size_t i = 0; i < MOK_COUNT(ids); i++)
		check_id(r, ks_at(context, ids[i]), ks_below(r, path, ids[i]));
	for (int i = 0; i < cJSON_GetArraySize(list); i++)
		check_id(r, cJSON_GetArrayItem(list, i),
			ks_printf(r, "%s.supplementalGroups[%d]", path, i));
}

void ks_check_pod_spec(struct ks_req *r, const cJSON *spec, const cJSON *claims, const char *path)
{
	const struct pod pod = { spec, claims };

	check_volumes(r, spec, path);
	if (!cJSON_GetArraySize(ks_at(spec, "containers")))
		ks_want(r, ks_below(r, path, "containers"), NULL);
	for (size_t i = 0; i < MOK_COUNT(lists); i++)
		check_containers(r, &pod, lists[i], path);
	ks_one_of(r, spec, "restartPolicy", path, "Always OnFailure Never");
	ks_one_of(r, spec, "dnsPolicy", path, "ClusterFirstWithHostNet ClusterFirst Default None");
	ks_labels(r, ks_at(spec, "nodeSelector"), ks_below(r, path, "nodeSelector"));
	check_ids(r, ks_at(spec, "securityContext"), ks_below(r, path, "securityContext"));
}

/* A pod's spec without what may change in it. */
static cJSON *fixed_part(const cJSON *pod)
{
	static const char *const free_ones[] = { "activeDeadlineSeconds", "tolerations",
		"terminationGracePeriodSeconds", "nodeName" };
	cJSON *spec = cJSON_Duplicate(ks_at(pod, "spec"), true), *container;

	for (size_t i = 0; i < MOK_COUNT(free_ones); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(spec, free_ones[i]);
	for (size_t i = 0; i < MOK_COUNT(lists); i++)
		cJSON_ArrayForEach(container, ks_at(spec, lists[i]))
			cJSON_DeleteItemFromObjectCaseSensitive(container, "image");
	return spec;
}

void ks_check_pod(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	cJSON *old, *new;

	ks_check_pod_spec(r, ks_at(object, "spec"), NULL, "spec");
	if (!before || ks_is_ephemeral(r)) {
		ks_check_ephemeral(r, before, object);
		return;
	}
	old = fixed_part(before);
	new = fixed_part(object);
	if (!ks_same(old, new))
		ks_forbid(r, "spec",
			"pod updates may not change fields other than `spec.containers[*].image`,"
			"`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
			"`spec.tolerations` (only additions to existing tolerations),"
			"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
			"previously negative)");
	cJSON_Delete(old);
	cJSON_Delete(new);
}
