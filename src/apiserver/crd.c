/* Custom resources: from a CustomResourceDefinition's structural schema to types and resources.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 */
#include "apiserver_internal.h"

#include <stdlib.h>

#define CRDS "customresourcedefinitions.apiextensions.k8s.io"

/* ---- schema to type ---- */

static const struct ks_type *type_of(struct mok_arena *arena, const cJSON *schema, int depth);

static enum ks_kind scalar_kind(const cJSON *schema)
{
	static const struct {
		const char *name;
		enum ks_kind kind;
	} kinds[] = { { "string", KS_STRING }, { "integer", KS_INTEGER }, { "number", KS_NUMBER },
		{ "boolean", KS_BOOLEAN }, { "array", KS_LIST }, { "object", KS_STRUCT } };
	const char *type = ks_str(schema, "type");

	if (mok_json_bool(schema, "x-kubernetes-int-or-string", false))
		return KS_INT_OR_STRING;
	for (size_t i = 0; i < MOK_COUNT(kinds); i++)
		if (strcmp(kinds[i].name, type) == 0)
			return kinds[i].kind;
	return KS_ANY;
}

static void read_list(struct mok_arena *arena, struct ks_type *type, const cJSON *schema, int depth)
{
	const char *how = ks_str(schema, "x-kubernetes-list-type");
	const cJSON *keys = ks_at(schema, "x-kubernetes-list-map-keys"), *key;
	const char **names = MOK_NEW_N(arena, const char *, (size_t)cJSON_GetArraySize(keys) + 1);

	type->element = type_of(arena, ks_at(schema, "items"), depth);
	type->list = strcmp(how, "map") == 0 ? KS_LIST_MAP
		: strcmp(how, "set") == 0    ? KS_LIST_SET
					     : KS_LIST_ATOMIC;
	cJSON_ArrayForEach(key, keys) if (cJSON_IsString(key)) names[type->nkeys++] =
		key->valuestring;
	type->keys = names;
}

static void read_properties(
	struct mok_arena *arena, struct ks_type *type, const cJSON *schema, int depth)
{
	const cJSON *property;

	type->fields = mok_map_new(arena);
	cJSON_ArrayForEach(property, ks_at(schema, "properties"))
	{
		struct ks_field *f = MOK_NEW(arena, struct ks_field);

		f->name = property->string;
		f->type = type_of(arena, property, depth);
		f->fallback = ks_at(property, "default");
		mok_map_put(type->fields, f->name, f);
	}
}

static const struct ks_type *type_of(struct mok_arena *arena, const cJSON *schema, int depth)
{
	struct ks_type *type = MOK_NEW(arena, struct ks_type);
	const cJSON *extra = ks_at(schema, "additionalProperties");

	if (!schema || depth > KS_DEPTH_MAX)
		return &ks_any;
	type->kind = scalar_kind(schema);
	type->unchecked = true;
	type->schema = schema;
	type->preserve = mok_json_bool(schema, "x-kubernetes-preserve-unknown-fields", false);
	type->atomic = strcmp(ks_str(schema, "x-kubernetes-map-type"), "atomic") == 0;
	if (type->kind == KS_LIST)
		read_list(arena, type, schema, depth + 1);
	if (type->kind != KS_STRUCT)
		return type;
	if (extra && !ks_at(schema, "properties")) {
		type->kind = KS_MAP;
		type->element = cJSON_IsObject(extra) ? type_of(arena, extra, depth + 1) : &ks_any;
	} else {
		read_properties(arena, type, schema, depth + 1);
	}
	return type;
}

/* Every object has these, whatever its schema says. */
static const struct ks_type *object_type(
	struct mok_apiserver *s, struct mok_arena *arena, const cJSON *schema)
{
	static const char *const texts[] = { "apiVersion", "kind" };
	const struct ks_type *pod = ks_type_named(s, "core.v1.ConfigMap");
	struct ks_type *type = MOK_NEW(arena, struct ks_type);
	const struct ks_type *read = type_of(arena, schema, 0);

	if (read->kind == KS_STRUCT)
		*type = *read;
	type->kind = KS_STRUCT;
	type->unchecked = true;
	if (!type->fields)
		type->fields = mok_map_new(arena);
	for (size_t i = 0; i < MOK_COUNT(texts); i++)
		mok_map_put(type->fields, texts[i], ks_field_of(pod, texts[i]));
	mok_map_put(type->fields, "metadata", ks_field_of(pod, "metadata"));
	return type;
}

/* ---- resources ---- */

/* In the order in which discovery tells them. */
static const cJSON *verbs_of(struct ks_req *r, bool status)
{
	static const char text[] = "{\"all\":[\"delete\",\"deletecollection\",\"get\",\"list\","
				   "\"patch\",\"create\",\"update\",\"watch\"],"
				   "\"sub\":[\"get\",\"patch\",\"update\"]}";
	cJSON *verbs = ks_item(r->server->presets, "custom verbs");

	if (!verbs) {
		verbs = mok_json_parse(text, sizeof(text) - 1);
		cJSON_AddItemToObject(r->server->presets, "custom verbs", verbs);
	}
	return ks_at(verbs, status ? "sub" : "all");
}

static void add_sub(
	struct ks_req *r, struct ks_resource *res, struct ks_sub *subs, const struct ks_sub *sub)
{
	subs[res->nsubs] = *sub;
	subs[res->nsubs++].verbs = verbs_of(r, true);
	res->subs = subs;
}

static void read_subs(
	struct ks_req *r, struct ks_crd *crd, struct ks_resource *res, const cJSON *version)
{
	const cJSON *found = ks_at(version, "subresources");
	struct ks_sub *subs = MOK_NEW_N(crd->arena, struct ks_sub, 2);

	res->scale = ks_at(found, "scale");
	res->has_status = ks_at(found, "status");
	if (res->has_status)
		add_sub(r, res, subs,
			&(struct ks_sub){ "status", res->group, res->version, res->kind, NULL });
	if (res->scale)
		add_sub(r, res, subs,
			&(struct ks_sub){ "scale", "autoscaling", "v1", "Scale", NULL });
}

/* What is said to those who use a version that is deprecated; NULL: it is not. */
static const char *warning_of(struct ks_crd *crd, const cJSON *version)
{
	const char *group = ks_str(crd->json, "spec.group"), *given;
	const char *kind = ks_str(crd->json, "spec.names.kind");
	const cJSON *other;

	if (!mok_json_bool(version, "deprecated", false))
		return NULL;
	given = mok_json_str(version, "deprecationWarning");
	if (given)
		return given;
	cJSON_ArrayForEach(
		other, mok_json_at(crd->json, "spec.versions")) if (mok_json_bool(other, "served",
									    false) &&
		!mok_json_bool(other, "deprecated", false)) return mok_arena_printf(crd->arena,
		"%s/%s %s is deprecated; use %s/%s %s", group, ks_str(version, "name"), kind, group,
		ks_str(other, "name"), kind);
	return mok_arena_printf(
		crd->arena, "%s/%s %s is deprecated", group, ks_str(version, "name"), kind);
}

static void read_version(
	struct ks_req *r, struct ks_crd *crd, const cJSON *version, struct ks_resource *out)
{
	const cJSON *spec = ks_at(crd->json, "spec"), *names = ks_at(spec, "names");

	*out = (struct ks_resource){ .group = ks_str(spec, "group"),
		.version = ks_str(version, "name"),
		.name = ks_str(names, "plural"),
		.singular = ks_str(names, "singular"),
		.kind = ks_str(names, "kind"),
		.list_kind = ks_str(names, "listKind"),
		.full = ks_str(crd->json, "metadata.name"),
		.stored = ks_str(crd->json, "metadata.name"),
		.namespaced = strcmp(ks_str(spec, "scope"), "Namespaced") == 0,
		.custom = true,
		.storage = mok_json_bool(version, "storage", false),
		.warning = warning_of(crd, version),
		.verbs = verbs_of(r, false),
		.short_names = ks_at(names, "shortNames"),
		.categories = ks_at(names, "categories"),
		.columns = ks_at(version, "additionalPrinterColumns"),
		.type = object_type(
			r->server, crd->arena, mok_json_at(version, "schema.openAPIV3Schema")),
		.rules = ks_rules_new(crd->arena, mok_json_at(version, "schema.openAPIV3Schema")) };
	read_subs(r, crd, out, version);
}

static struct ks_crd *parse(struct ks_req *r, const struct mok_apiserver_item *item)
{
	struct mok_arena *arena = mok_arena_new();
	struct ks_crd *crd = mok_xcalloc(1, sizeof(*crd));
	const cJSON *versions, *version;

	crd->arena = arena;
	crd->version = item->version;
	crd->json = cJSON_ParseWithLength(item->text, item->len);
	versions = mok_json_at(crd->json, "spec.versions");
	crd->resources =
		MOK_NEW_N(arena, struct ks_resource, (size_t)cJSON_GetArraySize(versions) + 1);
	cJSON_ArrayForEach(version, versions) if (mok_json_bool(version, "served", false))
		read_version(r, crd, version, &crd->resources[crd->len++]);
	return crd;
}

static void free_one(struct ks_crd *crd)
{
	if (!crd)
		return;
	cJSON_Delete(crd->json);
	mok_arena_free(crd->arena);
	free(crd);
}

void ks_crd_free(struct mok_apiserver *server)
{
	for (size_t i = 0; i < mok_map_len(server->crds); i++)
		free_one(mok_map_value(server->crds, i));
}

/* Parsed once for each stored version. A replaced one may still be in use by this request only if
 * that request stored it, and then it does not ask again. */
const struct ks_crd *ks_crd_read(struct ks_req *r, const struct mok_apiserver_item *item)
{
	const char *key = ks_printf(
		r, "%s %zu %08x", item->key.name, item->len, mok_crc32(item->text, item->len));
	struct ks_crd *crd = mok_map_get(r->server->crds, key);

	if (crd)
		return crd;
	crd = parse(r, item);
	mok_map_put(r->server->crds, key, crd);
	return crd;
}

const struct ks_resource *ks_crd_find(
	struct ks_req *r, const char *group, const char *version, const char *name)
{
	const struct mok_apiserver_key key = { CRDS, "", ks_printf(r, "%s.%s", name, group) };
	struct mok_apiserver_item item;
	const struct ks_crd *crd;

	if (!*group || !r->store->get(r->store->self, &key, &item))
		return NULL;
	crd = ks_crd_read(r, &item);
	for (size_t i = 0; i < crd->len; i++)
		if (strcmp(crd->resources[i].version, version) == 0)
			return &crd->resources[i];
	return NULL;
}

struct each {
	struct ks_req *r;
	void (*call)(void *context, const struct ks_resource *resource);
	void *context;
};

static bool visit(void *context, const struct mok_apiserver_item *item)
{
	struct each *each = context;
	const struct ks_crd *crd = ks_crd_read(each->r, item);

	for (size_t i = 0; i < crd->len; i++)
		each->call(each->context, &crd->resources[i]);
	return true;
}

void ks_crd_each(struct ks_req *r, void (*call)(void *context, const struct ks_resource *resource),
	void *context)
{
	struct each each = { r, call, context };

	r->store->list(r->store->self, CRDS, NULL, NULL, visit, &each);
}
