/* OpenAPI v3, made from the types: enough for kubectl to know that the server validates fields, and
 * for explain to list them. Descriptions are not here. */
#include "apiserver_internal.h"

#include <stdlib.h>

static cJSON *schema_of(const struct ks_type *type, struct mok_map *named, struct mok_arena *arena);

static cJSON *typed(const char *type)
{
	cJSON *json = cJSON_CreateObject();

	if (type)
		cJSON_AddStringToObject(json, "type", type);
	return json;
}

static cJSON *enum_of(struct mok_arena *arena, const char *values)
{
	cJSON *list = cJSON_CreateArray();
	size_t len = strcspn(values, "|");

	for (;; values += len + 1, len = strcspn(values, "|")) {
		const char *one = mok_arena_strndup(arena, values, len);

		cJSON_AddItemToArray(list, cJSON_CreateString(one));
		if (!values[len])
			return list;
	}
}

/* What a custom resource's definition says beyond types. */
static void add_own_words(cJSON *json, const struct ks_type *type)
{
	static const char *const words[] = { "description", "enum", "required" };

	for (size_t i = 0; i < MOK_COUNT(words); i++) {
		const cJSON *word = ks_at(type->schema, words[i]);

		if (word && !ks_at(json, words[i]))
			cJSON_AddItemToObject(json, words[i], cJSON_Duplicate(word, true));
	}
}

static cJSON *struct_schema(
	const struct ks_type *type, struct mok_map *named, struct mok_arena *arena)
{
	cJSON *json = typed("object"), *properties = cJSON_AddObjectToObject(json, "properties");
	cJSON *required = cJSON_CreateArray();

	for (size_t i = 0; i < mok_map_len(type->fields); i++) {
		const struct ks_field *f = mok_map_value(type->fields, i);
		cJSON *schema = schema_of(f->type, named, arena);

		if (f->values)
			cJSON_AddItemToObject(
				f->type->kind == KS_LIST ? ks_item(schema, "items") : schema,
				"enum", enum_of(arena, f->values));
		cJSON_AddItemToObject(properties, f->name, schema);
		if (f->required)
			cJSON_AddItemToArray(required, cJSON_CreateString(f->name));
	}
	if (required->child)
		cJSON_AddItemToObject(json, "required", required);
	else
		cJSON_Delete(required);
	if (type->preserve)
		cJSON_AddTrueToObject(json, "x-kubernetes-preserve-unknown-fields");
	return json;
}

/* A named type is told once, in components, and referred to. */
static cJSON *reference(const char *name, struct mok_arena *arena)
{
	cJSON *json = cJSON_CreateObject(), *all, *one;

	all = cJSON_AddArrayToObject(json, "allOf");
	one = cJSON_CreateObject();
	cJSON_AddStringToObject(
		one, "$ref", mok_arena_printf(arena, "#/components/schemas/%s", name));
	cJSON_AddItemToArray(all, one);
	return json;
}

static cJSON *struct_reference(
	const struct ks_type *type, struct mok_map *named, struct mok_arena *arena)
{
	if (!mok_map_get(named, type->name)) {
		union {
			const struct ks_type *in;
			void *out;
		} u = { .in = type };

		mok_map_put(named, type->name, u.out);
	}
	return reference(type->name, arena);
}

/* Texts and numbers that have a name of their own. */
#define QUANTITY "resource.Quantity"
#define INT_OR_STRING "intstr.IntOrString"

static cJSON *choice(const char *one, const char *other)
{
	cJSON *json = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(json, "oneOf");

	cJSON_AddItemToArray(list, typed(one));
	cJSON_AddItemToArray(list, typed(other));
	return json;
}

static cJSON *anything(const struct ks_type *type, struct mok_map *named, struct mok_arena *arena)
{
	cJSON *json;

	if (type->element)
		return struct_reference(type->element, named, arena);
	json = cJSON_CreateObject();
	cJSON_AddTrueToObject(json, "x-kubernetes-preserve-unknown-fields");
	return json;
}

static cJSON *collection(const struct ks_type *type, struct mok_map *named, struct mok_arena *arena)
{
	bool list = type->kind == KS_LIST;
	cJSON *json = typed(list ? "array" : "object");

	cJSON_AddItemToObject(json, list ? "items" : "additionalProperties",
		schema_of(type->element, named, arena));
	return json;
}

static cJSON *scalar(const struct ks_type *type)
{
	static const char *const names[] = { NULL, "string", "integer", "number", "boolean",
		"string", NULL, "string", "string", "string" };
	static const char *const formats[] = {
		[KS_BYTES] = "byte", [KS_TIME] = "date-time", [KS_MICROTIME] = "date-time"
	};
	cJSON *json = typed(names[type->kind]);

	if (type->kind < MOK_COUNT(formats) && formats[type->kind])
		cJSON_AddStringToObject(json, "format", formats[type->kind]);
	if (type->kind == KS_INT_OR_STRING)
		cJSON_AddTrueToObject(json, "x-kubernetes-int-or-string");
	return json;
}

static cJSON *schema_of(const struct ks_type *type, struct mok_map *named, struct mok_arena *arena)
{
	cJSON *json;

	if (type->kind == KS_STRUCT && type->name)
		return struct_reference(type, named, arena);
	if (type->kind == KS_QUANTITY || (type->kind == KS_INT_OR_STRING && !type->schema))
		return reference(type->kind == KS_QUANTITY ? QUANTITY : INT_OR_STRING, arena);
	json = type->kind == KS_STRUCT                          ? struct_schema(type, named, arena)
		: type->kind == KS_LIST || type->kind == KS_MAP ? collection(type, named, arena)
		: type->kind == KS_ANY                          ? anything(type, named, arena)
								: scalar(type);
	add_own_words(json, type);
	return json;
}

static cJSON *group_version_kind(const struct ks_resource *res)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "group", res->group);
	cJSON_AddStringToObject(json, "version", res->version);
	cJSON_AddStringToObject(json, "kind", res->kind);
	return json;
}

/* The operation whose parameters kubectl looks at: fieldValidation, dryRun. */
static cJSON *patch_operation(const struct ks_resource *res)
{
	static const char *const names[] = { "dryRun", "fieldManager", "fieldValidation", "force" };
	cJSON *operation = cJSON_CreateObject(), *parameters;

	parameters = cJSON_AddArrayToObject(operation, "parameters");
	for (size_t i = 0; i < MOK_COUNT(names); i++) {
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(one, "name", names[i]);
		cJSON_AddStringToObject(one, "in", "query");
		cJSON_AddItemToObject(one, "schema", typed(i == 3 ? "boolean" : "string"));
		cJSON_AddItemToArray(parameters, one);
	}
	cJSON_AddStringToObject(operation, "x-kubernetes-action", "patch");
	cJSON_AddItemToObject(
		operation, "x-kubernetes-group-version-kind", group_version_kind(res));
	cJSON_AddObjectToObject(operation, "responses");
	return operation;
}

struct document {
	struct ks_req *r;
	const char *group, *version;
	cJSON *paths, *schemas;
	struct mok_map *named, *versions;
};

static void add_resource(void *context, const struct ks_resource *res)
{
	struct document *d = context;
	const char *base, *name;
	cJSON *schema, *kinds;

	if (strcmp(res->group, d->group) != 0 || strcmp(res->version, d->version) != 0)
		return;
	base = *res->group ? ks_printf(d->r, "/apis/%s/%s", res->group, res->version)
			   : ks_printf(d->r, "/api/%s", res->version);
	name = ks_printf(d->r, "%s%s/%s/{name}", base,
		res->namespaced ? "/namespaces/{namespace}" : "", res->name);
	cJSON_AddItemToObject(
		cJSON_AddObjectToObject(d->paths, name), "patch", patch_operation(res));
	schema = struct_schema(res->type, d->named, d->r->arena);
	add_own_words(schema, res->type);
	kinds = cJSON_AddArrayToObject(schema, "x-kubernetes-group-version-kind");
	cJSON_AddItemToArray(kinds, group_version_kind(res));
	name = res->type->name ? res->type->name
			       : ks_printf(d->r, "%s.%s.%s", *res->group ? res->group : "core",
					 res->version, res->kind);
	cJSON_AddItemToObject(d->schemas, name, schema);
}

static void each_resource(
	struct ks_req *r, void (*call)(void *context, const struct ks_resource *res), void *context)
{
	for (size_t i = 0; i < r->server->groups.len; i++)
		for (size_t j = 0; j < r->server->groups.items[i].len; j++)
			call(context, &r->server->groups.items[i].resources[j]);
	ks_crd_each(r, call, context);
}

static cJSON *begin(struct ks_req *r)
{
	cJSON *json = ks_own(r, cJSON_CreateObject()), *info;

	cJSON_AddStringToObject(json, "openapi", "3.0.0");
	info = cJSON_AddObjectToObject(json, "info");
	cJSON_AddStringToObject(info, "title", "Kubernetes");
	cJSON_AddStringToObject(info, "version", r->server->release);
	return json;
}

static bool reply_version(struct ks_req *r, const char *group, const char *version)
{
	cJSON *json = begin(r);
	struct document d = { .r = r,
		.group = group,
		.version = version,
		.paths = cJSON_AddObjectToObject(json, "paths"),
		.named = mok_map_new(r->arena) };

	d.schemas = cJSON_AddObjectToObject(cJSON_AddObjectToObject(json, "components"), "schemas");
	each_resource(r, add_resource, &d);
	cJSON_AddItemToObject(d.schemas, QUANTITY, choice("string", "number"));
	cJSON_AddItemToObject(d.schemas, INT_OR_STRING, choice("integer", "string"));
	/* The list grows while it is read, by what those named refer to. */
	for (size_t i = 0; i < mok_map_len(d.named); i++)
		if (!ks_at(d.schemas, mok_map_key(d.named, i)))
			cJSON_AddItemToObject(d.schemas, mok_map_key(d.named, i),
				struct_schema(mok_map_value(d.named, i), d.named, r->arena));
	ks_reply(r, 200, json);
	return true;
}

static void add_version(void *context, const struct ks_resource *res)
{
	struct document *d = context;
	const char *path = *res->group ? ks_printf(d->r, "apis/%s/%s", res->group, res->version)
				       : ks_printf(d->r, "api/%s", res->version);

	if (!ks_at(d->paths, path))
		cJSON_AddStringToObject(cJSON_AddObjectToObject(d->paths, path),
			"serverRelativeURL", ks_printf(d->r, "/openapi/v3/%s", path));
}

static bool reply_index(struct ks_req *r)
{
	cJSON *json = ks_own(r, cJSON_CreateObject());
	struct document d = { .r = r, .paths = cJSON_AddObjectToObject(json, "paths") };

	each_resource(r, add_version, &d);
	ks_reply(r, 200, json);
	return true;
}

/* A field of protobuf that is text or a message, shorter than 128 bytes. */
static void add_field(struct mok_buf *to, int number, const char *text, size_t len)
{
	mok_buf_putc(to, (char)(number << 3 | 2));
	mok_buf_putc(to, (char)len);
	mok_buf_add(to, text, len);
}

/* The same document for clients that read protobuf alone (openapi.v2.Document): swagger is 1, info
 * 2 with title 1 and version 2, paths 8. */
static bool reply_v2_protobuf(struct ks_req *r)
{
	struct mok_buf info;

	mok_buf_init(&info, 100);
	add_field(&info, 1, "Kubernetes", strlen("Kubernetes"));
	add_field(&info, 2, r->server->release, strlen(r->server->release));
	add_field(&r->out->body, 1, "2.0", 3);
	add_field(&r->out->body, 2, info.data, info.len);
	add_field(&r->out->body, 8, "", 0);
	mok_buf_release(&info);
	r->answered = true;
	r->out->status = 200;
	r->out->content_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
	return true;
}

/* Version 2, of which old clients want to see that it is there. */
static bool reply_v2(struct ks_req *r)
{
	cJSON *json, *info;

	if (ks_accepts(r, "protobuf") && !ks_accepts(r, "json"))
		return reply_v2_protobuf(r);
	json = ks_own(r, cJSON_CreateObject());
	cJSON_AddStringToObject(json, "swagger", "2.0");
	info = cJSON_AddObjectToObject(json, "info");
	cJSON_AddStringToObject(info, "title", "Kubernetes");
	cJSON_AddStringToObject(info, "version", r->server->release);
	cJSON_AddObjectToObject(json, "paths");
	ks_reply(r, 200, json);
	return true;
}

bool ks_openapi(struct ks_req *r)
{
	const char *const *s = r->segments;
	size_t n = r->nsegments;

	if (n < 2 || strcmp(s[0], "openapi") != 0 || strcmp(r->in->method, "GET") != 0)
		return false;
	if (strcmp(s[1], "v2") == 0 && n == 2)
		return reply_v2(r);
	if (strcmp(s[1], "v3") != 0)
		return false;
	if (n == 2)
		return reply_index(r);
	if (n == 4 && strcmp(s[2], "api") == 0)
		return reply_version(r, "", s[3]);
	return n == 5 && strcmp(s[2], "apis") == 0 && reply_version(r, s[3], s[4]);
}
