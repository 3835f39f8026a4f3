/* CustomResourceDefinitions: what is refused. */
#include "validate.h"

#define SCHEMA "spec.validation.openAPIV3Schema"

static void check_structure(
	struct ks_req *r, const cJSON *schema, const char *path, bool root, int depth)
{
	const cJSON *one;

	if (depth > KS_DEPTH_MAX)
		return;
	cJSON_ArrayForEach(one, ks_at(schema, "properties")) check_structure(
		r, one, ks_printf(r, "%s.properties[%s]", path, one->string), false, depth + 1);
	if (cJSON_IsObject(ks_at(schema, "items")))
		check_structure(
			r, ks_at(schema, "items"), ks_below(r, path, "items"), false, depth + 1);
	if (cJSON_IsObject(ks_at(schema, "additionalProperties")))
		check_structure(r, ks_at(schema, "additionalProperties"),
			ks_below(r, path, "additionalProperties"), false, depth + 1);
	if (!*ks_str(schema, "type") &&
		!mok_json_bool(schema, "x-kubernetes-int-or-string", false) &&
		!mok_json_bool(schema, "x-kubernetes-preserve-unknown-fields", false))
		ks_want(r, ks_below(r, path, "type"),
			root ? "must not be empty at the root"
			     : "must not be empty for specified object fields");
}

/* Rules are looked at when the schema is sound. */
static void check_schema(struct ks_req *r, const cJSON *schema, const char *path)
{
	size_t causes = r->causes.len;

	check_structure(r, schema, path, true, 0);
	if (r->causes.len == causes)
		ks_check_rules(r, schema, path);
}

static void check_versions(struct ks_req *r, const cJSON *versions)
{
	const cJSON *version;
	int i = 0, stored = 0;

	cJSON_ArrayForEach(version, versions) stored += mok_json_bool(version, "storage", false);
	cJSON_ArrayForEach(version, versions)
	{
		const cJSON *schema = mok_json_at(version, "schema.openAPIV3Schema");

		if (!schema)
			ks_want(r, ks_printf(r, "spec.versions[%d].schema.openAPIV3Schema", i),
				NULL);
		else
			check_schema(r, schema,
				versions->child->next
					? ks_printf(
						  r, "spec.versions[%d].schema.openAPIV3Schema", i)
					: SCHEMA);
		i++;
	}
	if (stored == 1)
		return;
	ks_bad(r, "spec.versions", versions,
		"must have exactly one version marked as storage version");
	if (!stored)
		ks_bad(r, "status.storedVersions", NULL, "must have at least one stored version");
}

void ks_check_crd(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const char *name = ks_str(object, "metadata.name");
	const cJSON *spec = ks_at(object, "spec");

	(void)before;
	if (strcmp(name,
		    ks_printf(r, "%s.%s", ks_str(spec, "names.plural"), ks_str(spec, "group"))) !=
		0)
		ks_bad_text(r, "metadata.name", name, "must be spec.names.plural+\".\"+spec.group");
	ks_one_of(r, spec, "scope", "spec", "Cluster Namespaced");
	check_versions(r, ks_at(spec, "versions"));
}
