/* Ephemeral containers: they come to a pod that runs, by a subresource of their own, and stay:
 * https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/ */
#include "validate.h"

#define PATH "spec.ephemeralContainers"

bool ks_is_ephemeral(const struct ks_req *r)
{
	return strcmp(r->sub, "ephemeralcontainers") == 0;
}

void ks_ephemeral_only(cJSON *object, const cJSON *live)
{
	cJSON *added = cJSON_DetachItemFromObjectCaseSensitive(
		mok_json_object(object, "spec"), "ephemeralContainers");
	static const char *const kept[] = { "spec", "status" };

	for (size_t i = 0; i < MOK_COUNT(kept); i++)
		if (ks_at(live, kept[i]))
			mok_json_set(object, kept[i], cJSON_Duplicate(ks_at(live, kept[i]), true));
	cJSON_DeleteItemFromObjectCaseSensitive(ks_item(object, "spec"), "ephemeralContainers");
	if (added)
		cJSON_AddItemToObject(ks_item(object, "spec"), "ephemeralContainers", added);
}

/* NULL: there is none of that name. */
static const cJSON *named(const cJSON *list, const char *name)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, list) if (strcmp(ks_str(one, "name"), name) == 0) return one;
	return NULL;
}

static bool is_ordinary(const cJSON *spec, const char *name)
{
	return named(ks_at(spec, "containers"), name) || named(ks_at(spec, "initContainers"), name);
}

static void check_fields(struct ks_req *r, const cJSON *container, const char *at)
{
	static const char *const refused[] = { "ports", "resources", "resizePolicy",
		"restartPolicy", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle" };

	for (size_t i = 0; i < MOK_COUNT(refused); i++) {
		const cJSON *value = ks_at(container, refused[i]);

		if (value && !ks_is_zero(value))
			ks_forbid(r, ks_below(r, at, refused[i]),
				"cannot be set for an Ephemeral Container");
	}
}

static void check_container(
	struct ks_req *r, const cJSON *spec, const cJSON *container, const char *at)
{
	const char *name = ks_str(container, "name");
	const char *target = ks_str(container, "targetContainerName");

	if (!*name)
		ks_want(r, ks_below(r, at, "name"), NULL);
	else
		ks_label_name(r, name, ks_below(r, at, "name"));
	if (!*ks_str(container, "image"))
		ks_want(r, ks_below(r, at, "image"), NULL);
	if (is_ordinary(spec, name) || named(ks_at(spec, "ephemeralContainers"), name) != container)
		ks_twice(r, ks_below(r, at, "name"), name);
	if (*target && !is_ordinary(spec, target))
		ks_cause(r, "FieldValueNotFound", ks_below(r, at, "targetContainerName"),
			"Not found: \"%s\"", target);
	check_fields(r, container, at);
}

static void check_kept(struct ks_req *r, const cJSON *before, const cJSON *spec)
{
	const cJSON *old, *new;

	cJSON_ArrayForEach(old, mok_json_at(before, PATH))
	{
		const char *name = ks_str(old, "name");

		new = named(ks_at(spec, "ephemeralContainers"), name);
		if (!new || !ks_same(old, new))
			ks_forbid(r, PATH,
				ks_printf(r, "existing ephemeral containers \"%s\" may not be %s\n",
					name, new ? "changed" : "removed"));
	}
}

void ks_check_ephemeral(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *spec = ks_at(object, "spec"), *list = ks_at(spec, "ephemeralContainers");
	const cJSON *container;
	int i = 0;

	if (!before && cJSON_GetArraySize(list))
		ks_forbid(r, PATH, "cannot be set on create");
	cJSON_ArrayForEach(container, list)
		check_container(r, spec, container, ks_printf(r, PATH "[%d]", i++));
	if (before)
		check_kept(r, before, spec);
}
