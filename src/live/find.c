#include "live_internal.h"

#include <stdio.h>
#include <string.h>

/* Asking the sweep's indices, once all is matched. */

struct mok_object *mok_live_find(const struct mok_live *live, const struct mok_kind *kind,
	const char *parent_id, const char *natural_key)
{
	char key[1024];

	if (snprintf(key, sizeof(key), "%s/%s/%s", kind->name, parent_id ? parent_id : "",
		    natural_key) >= (int)sizeof(key))
		return NULL;
	return mok_map_get(live->by_key, key);
}

struct mok_object *mok_live_by_id(
	const struct mok_live *live, const struct mok_kind *kind, const char *id)
{
	char key[512];

	if (snprintf(key, sizeof(key), "%s/%s", kind->name, id) >= (int)sizeof(key))
		return NULL;
	return mok_map_get(live->by_id, key);
}

const char *mok_live_twins(
	struct mok_arena *arena, const struct mok_live *live, const struct mok_object *object)
{
	const char *ids = NULL, *key;

	if (mok_map_len(live->twins) == 0)
		return NULL;
	key = mok_natural_key(arena, object->kind, &object->attrs);
	if (!key || !mok_map_get(live->twins, live_place(arena, object, key)))
		return NULL;
	for (size_t i = 0; i < live->objects.len; i++) {
		const struct mok_object *o = live->objects.items[i];

		if (o->kind == object->kind && mok_streq(o->parent_id, object->parent_id) &&
			mok_streq(key, mok_natural_key(arena, o->kind, &o->attrs)))
			ids = ids ? mok_arena_printf(arena, "%s, %s", ids, o->id) : o->id;
	}
	return ids;
}

const char *mok_live_other_stack(
	struct mok_arena *arena, const struct mok_live *live, const struct mok_object *object)
{
	const char *key = mok_natural_key(arena, object->kind, &object->attrs);
	struct mok_marker marker;

	if (object->addr_hash[0])
		return NULL;
	if (object->kind->marking != MOK_MARK_FREE)
		return object->marker && mok_marker_parse(arena, object->marker, &marker)
			? marker.stack
			: NULL;
	return key ? mok_map_get(live->others,
			     mok_marker_free_tag(arena, "", object->kind, object->parent_id, key))
		   : NULL;
}
