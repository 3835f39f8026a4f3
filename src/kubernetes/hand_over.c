#include "kubernetes.h"

#include <string.h>

/*
 * A field that mok no longer wants, but has set: server-side apply takes away what its last owner
 * leaves out, and the default steps in (one replica, where an autoscaler is about to take over).
 * So mok goes on to apply what there is until somebody else owns the field as well:
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
 */

/* What controllers take over whenever the manifest leaves it out. */
static const char *const handed_over[] = { "spec.replicas" };

/* "f:spec" of managed fields is the key "spec"; 'k:{"name":"web"}' the item [web]. */
static bool owns(struct mok_arena *arena, const struct mok_val *fields, const char *path);

static bool owns_item(struct mok_arena *arena, const struct mok_val *fields, const char *path)
{
	size_t n = strcspn(path, "]");
	const char *name = mok_arena_strndup(arena, path + 1, n > 0 ? n - 1 : 0);

	for (size_t i = 0; path[n] && i < fields->u.map.len; i++) {
		const struct mok_pair *pair = &fields->u.map.pairs[i];
		cJSON *key = mok_starts(pair->key, "k:")
			? mok_json_parse(pair->key + 2, strlen(pair->key + 2))
			: NULL;
		bool is = mok_streq(mok_json_str(key, "name"), name);

		cJSON_Delete(key);
		if (is)
			return owns(arena, &pair->val, path + n + 1 + (path[n + 1] == '.'));
	}
	return false;
}

static bool is_leaf(const struct mok_val *fields)
{
	return fields->u.map.len == 0;
}

static bool owns(struct mok_arena *arena, const struct mok_val *fields, const char *path)
{
	if (fields->type != MOK_MAP)
		return false;
	if (!*path || is_leaf(fields))
		return true;
	if (*path == '[')
		return owns_item(arena, fields, path);
	for (size_t i = 0; i < fields->u.map.len; i++) {
		const struct mok_pair *pair = &fields->u.map.pairs[i];
		size_t len = mok_starts(pair->key, "f:") ? mok_path_key(path, pair->key + 2) : 0;

		if (len > 0 && owns(arena, &pair->val, path + len))
			return true;
	}
	return false;
}

/* Is mok the only one who owns it? */
static bool is_ours_alone(struct mok_arena *arena, const struct mok_val *object, const char *path)
{
	const struct mok_val *list = mok_val_at(object, "metadata.managedFields");
	bool ours = false;

	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++) {
		const struct mok_val *entry = &list->u.list.items[i];
		const struct mok_val *fields = mok_val_get(entry, "fieldsV1");

		if (!fields || !owns(arena, fields, path))
			continue;
		if (!mok_streq(mok_val_get_str(entry, "manager"), K8S_MANAGER))
			return false;
		ours = true;
	}
	return ours;
}

static bool hold(struct mok_arena *arena, const struct mok_val *object, const char *path,
	struct mok_val *manifest)
{
	if (mok_val_find(manifest, path) || !mok_val_find(object, path) ||
		!is_ours_alone(arena, object, path))
		return false;
	*manifest = mok_val_graft(arena, manifest, object, path);
	return true;
}

static const char *within_manifest(const char *path)
{
	static const char prefix[] = "manifest.";

	return mok_starts(path, prefix) ? path + strlen(prefix) : NULL;
}

struct mok_val k8s_without_ignored(
	struct mok_arena *arena, const struct mok_resource *r, const struct mok_val *manifest)
{
	struct mok_val out = *manifest;

	for (size_t i = 0; r && i < r->ignore_changes.len; i++) {
		const char *path = within_manifest(r->ignore_changes.items[i]);

		if (path)
			out = mok_val_without(arena, &out, path);
	}
	return out;
}

struct mok_val k8s_with_held(
	struct mok_arena *arena, const struct mok_ask *ask, const struct mok_val *manifest)
{
	const struct mok_resource *r = ask->resource;
	const struct mok_val *object = mok_val_get(&ask->have->attrs, "object");
	const struct mok_val *version = mok_val_at(object, "metadata.resourceVersion");
	struct mok_val out = *manifest;
	bool any = false;

	for (size_t i = 0; object && i < MOK_COUNT(handed_over); i++)
		any |= hold(arena, object, handed_over[i], &out);
	for (size_t i = 0; object && r && i < r->ignore_changes.len; i++) {
		const char *path = within_manifest(r->ignore_changes.items[i]);

		any |= path && hold(arena, object, path, &out);
	}
	/* If it was taken over meanwhile, this is the wrong thing to say: asked again then. */
	if (any && version)
		out = mok_val_graft(arena, &out, object, "metadata.resourceVersion");
	return out;
}
