/* The scale subresource: a view on a count of replicas. */
#include "apiserver_internal.h"

#include <stdlib.h>

/* autoscaling/v1 Scale of a workload: https://kubernetes.io/docs/reference/kubernetes-api/ */
static cJSON *selector_text(struct ks_req *r, const cJSON *selector)
{
	struct mok_buf text;
	const cJSON *label;
	cJSON *out;

	(void)r;
	mok_buf_init(&text, 65536);
	cJSON_ArrayForEach(label, ks_at(selector, "matchLabels")) mok_buf_printf(
		&text, "%s%s=%s", text.len ? "," : "", label->string, cJSON_GetStringValue(label));
	out = cJSON_CreateString(text.data);
	mok_buf_release(&text);
	return out;
}

static const char *scale_path(const struct ks_req *r, const char *which, const char *usual)
{
	const char *path = mok_json_str(r->resource->scale, which);

	return path && *path == '.' ? path + 1 : path ? path : usual;
}

cJSON *ks_scale_of(struct ks_req *r, const cJSON *object)
{
	static const char *const kept[] = { "name", "namespace", "uid", "resourceVersion",
		"creationTimestamp" };
	cJSON *scale = ks_own(r, cJSON_CreateObject()), *meta, *part;
	const cJSON *selector = mok_json_at(object, "spec.selector");

	cJSON_AddStringToObject(scale, "kind", "Scale");
	cJSON_AddStringToObject(scale, "apiVersion", "autoscaling/v1");
	meta = cJSON_AddObjectToObject(scale, "metadata");
	for (size_t i = 0; i < MOK_COUNT(kept); i++) {
		const cJSON *found = ks_at(ks_at(object, "metadata"), kept[i]);

		if (found)
			cJSON_AddItemToObject(meta, kept[i], cJSON_Duplicate(found, true));
	}
	part = cJSON_AddObjectToObject(scale, "spec");
	cJSON_AddNumberToObject(part, "replicas",
		(double)mok_json_int(
			object, scale_path(r, "specReplicasPath", "spec.replicas"), 0));
	part = cJSON_AddObjectToObject(scale, "status");
	cJSON_AddNumberToObject(part, "replicas",
		(double)mok_json_int(
			object, scale_path(r, "statusReplicasPath", "status.replicas"), 0));
	if (selector)
		cJSON_AddItemToObject(part, "selector", selector_text(r, selector));
	return scale;
}

cJSON *ks_scale_view(struct ks_req *r, const cJSON *live)
{
	cJSON *scale = ks_own(r, cJSON_CreateObject());
	cJSON *spec = cJSON_AddObjectToObject(scale, "spec");

	(void)r;
	cJSON_AddNumberToObject(spec, "replicas", (double)mok_json_int(live, "spec.replicas", 0));
	return scale;
}

static const char *replicas_path(const struct ks_req *r)
{
	return scale_path(r, "specReplicasPath", "spec.replicas");
}

static void set_replicas(struct ks_req *r, cJSON *at, const cJSON *replicas)
{
	const char *path = replicas_path(r);
	size_t len;

	for (; path[len = strcspn(path, ".")]; path += len + 1)
		at = mok_json_object(at, mok_arena_strndup(r->arena, path, len));
	mok_json_set(at, path, cJSON_Duplicate(replicas, false));
}

cJSON *ks_scale_config(struct ks_req *r, const cJSON *scale)
{
	cJSON *config = ks_own(r, cJSON_CreateObject());
	const cJSON *replicas = mok_json_at(scale, "spec.replicas");

	ks_stamp(r, config, r->resource);
	mok_json_set(config, "metadata", cJSON_Duplicate(ks_at(scale, "metadata"), true));
	if (cJSON_IsNumber(replicas))
		set_replicas(r, config, replicas);
	return config;
}

void ks_scale_store(struct ks_req *r, cJSON *object, const cJSON *live, bool applied)
{
	ks_store_change(r, object, live, applied);
	if (r->out->status != 200)
		return;
	mok_buf_clear(&r->out->body);
	r->answered = false;
	ks_get(r);
}

void ks_scale_to(struct ks_req *r, cJSON *live, const cJSON *scale)
{
	cJSON *object = ks_own(r, cJSON_Duplicate(live, true));
	const cJSON *replicas = mok_json_at(scale, "spec.replicas");

	if (!cJSON_IsNumber(replicas)) {
		replicas = ks_own(r, cJSON_CreateNumber(0));
	}
	if (replicas->valuedouble < 0) {
		ks_cause(r, "FieldValueInvalid", "spec.replicas",
			"Invalid value: %d: must be greater than or equal to 0",
			(int)replicas->valuedouble);
		ks_invalid_as(r, "autoscaling", "Scale", r->name);
		return;
	}
	set_replicas(r, object, replicas);
	ks_scale_store(r, object, live, false);
}
