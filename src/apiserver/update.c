/* PUT and the kinds of PATCH: what the object is to become. */
#include "apiserver_internal.h"

static void name_differs(struct ks_req *r, const cJSON *object)
{
	ks_bad_request(r, "the name of the object (%s) does not match the name on the URL (%s)",
		ks_str(object, "metadata.name"), r->name);
}

void ks_update(struct ks_req *r)
{
	cJSON *live = ks_load(r, r->name), *object = ks_body(r);

	if (!object)
		return;
	if (live && strcmp(r->sub, "scale") == 0) {
		if (ks_check_version(r, object, live))
			ks_scale_to(r, live, object);
		return;
	}
	if (!ks_fits_place(r, object) || !ks_decode(r, object))
		return;
	if (strcmp(ks_str(object, "metadata.name"), r->name) != 0) {
		name_differs(r, object);
		return;
	}
	if (!live)
		ks_not_found(r, r->resource->full, r->name);
	else if (ks_check_version(r, object, live))
		ks_store_change(r, object, live, false);
}

/* Nothing at all is a map without members. NULL: it has answered. */
static cJSON *config_body(struct ks_req *r)
{
	cJSON *config = ks_body(r);

	if (!config || cJSON_IsObject(config))
		return config;
	if (cJSON_IsNull(config))
		return ks_own(r, cJSON_CreateObject());
	ks_bad_request(r,
		"error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot "
		"unmarshal %s into Go value of type map[string]interface {}",
		ks_json_type(config));
	return NULL;
}

/* What is applied says itself what it is. */
static bool says_its_kind(struct ks_req *r, const cJSON *config)
{
	const struct ks_resource *res = r->resource;
	const char *want =
		*res->group ? ks_printf(r, "%s/%s", res->group, res->version) : res->version;
	const char *version = ks_str(config, "apiVersion"), *kind = ks_str(config, "kind");

	if (strcmp(version, want) == 0 && strcmp(kind, res->kind) == 0)
		return true;
	return ks_bad_request(r, "invalid object type: %s%s, Kind=%s",
		strchr(version, '/') ? "" : "/", version, kind);
}

/* The configuration that a client applies, for the object that is stored. NULL: it has answered. */
static cJSON *read_config(struct ks_req *r)
{
	cJSON *config = config_body(r);
	const char *ns;

	if (!config)
		return NULL;
	ns = mok_arena_strdup(r->arena, ks_str(config, "metadata.namespace"));
	if (*ks_str(config, "metadata.name") &&
		strcmp(ks_str(config, "metadata.name"), r->name) != 0) {
		name_differs(r, config);
		return NULL;
	}
	if (strcmp(r->sub, "scale") == 0)
		config = ks_scale_config(r, config);
	if (!says_its_kind(r, config) || !ks_managed_check(r, config, ns) ||
		!ks_fits_place(r, config) || !ks_no_duplicates(r))
		return NULL;
	if (!*ks_str(config, "metadata.name"))
		ks_set_str(mok_json_object(config, "metadata"), "name", r->name);
	return config;
}

static void apply(struct ks_req *r)
{
	cJSON *live, *config, *object;
	const char *manager = ks_query(r, "fieldManager");

	if (!manager || !*manager) {
		ks_bad_field(r, ks_details("", "meta.k8s.io", "PatchOptions"), "FieldValueRequired",
			"fieldManager", "Required value: is required for apply patch");
		return;
	}
	config = read_config(r);
	if (!config)
		return;
	live = ks_load(r, r->name);
	if (!live && *r->sub) {
		ks_not_found(r, r->resource->full, r->name);
		return;
	}
	if (live && !ks_check_version(r, config, live))
		return;
	object = ks_managed_apply(r, live, config);
	if (!object)
		return;
	if (!live)
		ks_store_new(r, object, true);
	else if (strcmp(r->sub, "scale") == 0)
		ks_scale_store(r, object, live, true);
	else
		ks_store_change(r, object, live, true);
}

/* False: it has answered. */
static bool is_patch_type(struct ks_req *r, const char *type)
{
	if (mok_starts(type, "application/json-patch+json") ||
		mok_starts(type, "application/merge-patch+json") ||
		(mok_starts(type, "application/strategic-merge-patch+json") &&
			!r->resource->custom))
		return true;
	if (mok_starts(type, "application/strategic-merge-patch+json"))
		return ks_fail(r, 415, "UnsupportedMediaType",
			"the body of the request was in an unknown format - accepted media types "
			"include: application/json-patch+json, application/merge-patch+json, "
			"application/apply-patch+yaml");
	return ks_fail_details(r, 415, "UnsupportedMediaType", "415: Unsupported Media Type",
		cJSON_CreateObject());
}

static cJSON *patched(struct ks_req *r, const cJSON *live, const char *type)
{
	cJSON *patch = is_patch_type(r, type) ? ks_body(r) : NULL;

	if (!patch)
		return NULL;
	if (mok_starts(type, "application/json-patch+json"))
		return ks_json_patch(r, live, patch);
	if (mok_starts(type, "application/merge-patch+json"))
		return ks_merge_patch(r, live, patch);
	return ks_strategic_patch(r, live, patch, r->resource->type);
}

/* What the patch made can be no object of this kind. */
static void refuse_patched(struct ks_req *r, const cJSON *object, const char *detail)
{
	char *text = cJSON_PrintUnformatted(object);
	struct mok_buf quoted;

	mok_buf_init(&quoted, (size_t)2 * KS_BODY_MAX);
	mok_buf_add_json(&quoted, text);
	ks_cause(r, "FieldValueInvalid", "patch", "Invalid value: %s: %s", quoted.data, detail);
	ks_invalid_as(r, "", "", "");
	mok_buf_release(&quoted);
	cJSON_free(text);
}

static void store_patched(struct ks_req *r, cJSON *object, const cJSON *live)
{
	cJSON *copy = ks_own(r, cJSON_Duplicate(object, true));
	const char *detail = ks_undecodable(r, object, r->resource->type);

	if (detail)
		refuse_patched(r, copy, detail);
	else if (strcmp(ks_str(object, "metadata.name"), r->name) != 0)
		name_differs(r, object);
	else if (ks_fits_place(r, object) && ks_check_version(r, object, live) &&
		ks_decode(r, object))
		ks_store_change(r, object, live, false);
}

void ks_patch(struct ks_req *r)
{
	const char *type = r->in->content_type ? r->in->content_type : "";
	bool scale = strcmp(r->sub, "scale") == 0;
	cJSON *live, *object;

	if (mok_starts(type, "application/apply-patch+yaml")) {
		apply(r);
		return;
	}
	live = ks_load(r, r->name);
	if (!live) {
		ks_not_found(r, r->resource->full, r->name);
		return;
	}
	object = patched(r, scale ? ks_scale_view(r, live) : live, type);
	if (!object)
		return;
	if (scale) {
		ks_scale_to(r, live, object);
		return;
	}
	store_patched(r, object, live);
}
