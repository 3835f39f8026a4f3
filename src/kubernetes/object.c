#include "kubernetes.h"

#include <string.h>

/* What the server keeps about an object, rather than what anyone wants of it. */
static bool is_kept_by_server(const char *key)
{
	static const char *const keys[] = { "managedFields", "resourceVersion", "uid", "generation",
		"creationTimestamp", "selfLink", "deletionTimestamp",
		"deletionGracePeriodSeconds" };

	for (size_t i = 0; i < MOK_COUNT(keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

static bool is_ours(const char *key)
{
	return strcmp(key, K8S_MARKER) == 0 || strcmp(key, K8S_HASH) == 0 ||
		strcmp(key, K8S_PART_OF) == 0;
}

/* Labels or annotations but for mok's own; MOK_NULL: none are left. */
static struct mok_val others(struct mok_arena *arena, const struct mok_val *map)
{
	struct mok_val out = { .type = MOK_MAP };

	if (map->type != MOK_MAP)
		return *map;
	for (size_t i = 0; i < map->u.map.len; i++)
		if (!is_ours(map->u.map.pairs[i].key))
			mok_val_set(arena, &out, map->u.map.pairs[i].key, map->u.map.pairs[i].val);
	return out.u.map.len ? out : mok_val_null();
}

static struct mok_val metadata(struct mok_arena *arena, const struct mok_val *from)
{
	struct mok_val out = { .type = MOK_MAP };

	for (size_t i = 0; from->type == MOK_MAP && i < from->u.map.len; i++) {
		const struct mok_pair *pair = &from->u.map.pairs[i];
		struct mok_val v = pair->val;

		if (is_kept_by_server(pair->key))
			continue;
		if (strcmp(pair->key, "labels") == 0 || strcmp(pair->key, "annotations") == 0)
			v = others(arena, &v);
		if (v.type != MOK_NULL)
			mok_val_set(arena, &out, pair->key, v);
	}
	return out;
}

static struct mok_val hidden(struct mok_arena *arena, const struct mok_val *data)
{
	struct mok_val out = { .type = MOK_MAP };

	for (size_t i = 0; data->type == MOK_MAP && i < data->u.map.len; i++) {
		struct mok_val v = data->u.map.pairs[i].val;

		v.sensitive = true;
		mok_val_set(arena, &out, data->u.map.pairs[i].key, v);
	}
	return out;
}

/* What of the object can be wanted: neither its status nor what the server keeps. */
static struct mok_val wanted_part(struct mok_arena *arena, const struct mok_val *api)
{
	struct mok_val out = { .type = MOK_MAP };
	bool secret = mok_streq(mok_val_get_str(api, "kind"), "Secret");

	for (size_t i = 0; i < api->u.map.len; i++) {
		const struct mok_pair *pair = &api->u.map.pairs[i];

		if (strcmp(pair->key, "status") == 0)
			continue;
		if (strcmp(pair->key, "metadata") == 0)
			mok_val_set(arena, &out, pair->key, metadata(arena, &pair->val));
		else if (secret && strcmp(pair->key, "data") == 0)
			mok_val_set(arena, &out, pair->key, hidden(arena, &pair->val));
		else
			mok_val_set(arena, &out, pair->key, pair->val);
	}
	return out;
}

static struct mok_val whole(
	struct mok_arena *arena, const struct mok_val *api, const struct mok_val *wanted)
{
	struct mok_val out = { .type = MOK_MAP };

	/* With everything, but secrets marked as such and without the book-keeping. */
	for (size_t i = 0; i < wanted->u.map.len; i++)
		if (strcmp(wanted->u.map.pairs[i].key, "metadata") != 0)
			mok_val_set(arena, &out, wanted->u.map.pairs[i].key,
				wanted->u.map.pairs[i].val);
	for (size_t i = 0; i < api->u.map.len; i++)
		if (!mok_val_get(&out, api->u.map.pairs[i].key))
			mok_val_set(arena, &out, api->u.map.pairs[i].key, api->u.map.pairs[i].val);
	return out;
}

static const char *annotation(const struct mok_val *api, const char *name)
{
	const struct mok_val *map = mok_val_at(api, "metadata.annotations");

	return map ? mok_val_get_str(map, name) : NULL;
}

/* Some controllers give what they make the annotations of what they make it for: KEDA its
 * autoscalers. What a controller owns is not marked, but has a copy. */
static bool is_made_by_controller(const struct mok_val *api)
{
	const struct mok_val *owners = mok_val_at(api, "metadata.ownerReferences");

	for (size_t i = 0; owners && owners->type == MOK_LIST && i < owners->u.list.len; i++) {
		const struct mok_val *is = mok_val_get(&owners->u.list.items[i], "controller");

		if (is && is->type == MOK_BOOL && is->u.b)
			return true;
	}
	return false;
}

static void read_state(struct mok_arena *arena, struct mok_object *o, const struct mok_val *api)
{
	const char *why;
	enum mok_readiness is = mok_manifest_ready(arena, api, &why);

	o->ready = is == MOK_READY;
	o->stalled = is == MOK_STALLED;
	o->failed = is == MOK_BROKEN || o->stalled;
	o->status = o->ready ? "ready" : why ? why : "not ready";
}

struct mok_object *k8s_object(struct mok_arena *arena, const struct mok_ask *ask, const char *path,
	const struct mok_val *api)
{
	const char *name = mok_val_get_str(mok_val_get(api, "metadata"), "name");
	const char *created = mok_val_get_str(mok_val_get(api, "metadata"), "creationTimestamp");
	const char *hash = annotation(api, K8S_HASH);
	struct mok_object *o;
	struct mok_val manifest;

	if (!name)
		return NULL;
	o = MOK_NEW(arena, struct mok_object);
	*o = (struct mok_object){ .kind = ask->kind,
		.id = path,
		.parent_id = ask->parent_id,
		.name = name,
		.marker = is_made_by_controller(api) ? NULL : annotation(api, K8S_MARKER),
		.attrs = { .type = MOK_MAP } };
	if (created && mok_parse_time(created, &o->created_ms) != 0)
		o->created_ms = 0;
	manifest = wanted_part(arena, api);
	mok_val_set(arena, &o->attrs, "manifest", manifest);
	mok_val_set(arena, &o->attrs, "object", whole(arena, api, &manifest));
	mok_val_set(arena, &o->attrs, "name", mok_val_str(name));
	if (hash)
		mok_val_set(arena, &o->attrs, "hash", mok_val_str(hash));
	read_state(arena, o, api);
	return o;
}
