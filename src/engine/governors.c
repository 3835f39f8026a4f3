#include "engine_internal.h"

/*
 * What scales a workload does so alone: two autoscalers of one Deployment stop both, and KEDA's
 * webhook refuses a second. Where another takes over, the former goes just before it comes: what
 * the new one needs is there by then, and for that moment the number of pods stays as it is.
 */

/* The field that it moves, in the cluster with this id, or NULL. */
static const char *task(struct mok_arena *arena, const struct mok_kind *kind, const char *parent_id,
	const struct mok_val *attrs)
{
	struct mok_val fields = { .type = MOK_LIST };

	if (!kind->governs || !parent_id)
		return NULL;
	kind->governs(arena, attrs, &fields);
	return fields.u.list.len
		? mok_arena_printf(arena, "%s\n%s", parent_id, fields.u.list.items[0].u.s)
		: NULL;
}

struct mok_map *mok_governors_going(struct mok_arena *arena, const struct mok_changes *changes)
{
	struct mok_map *going = mok_map_new(arena);

	for (size_t i = 0; i < changes->list.len; i++) {
		struct mok_change *c = &changes->list.items[i];
		const char *is = c->action == MOK_ACT_DELETE
			? task(arena, c->kind, c->object->parent_id, &c->object->attrs)
			: NULL;

		if (is)
			mok_map_put(going, is, c);
	}
	return going;
}

const struct mok_change *mok_governor_before(
	struct mok_arena *arena, const struct mok_map *going, const struct mok_change *c)
{
	const char *parent_id =
		c->kind->parent_field ? mok_val_get_str(&c->want, c->kind->parent_field) : NULL;
	const char *is = c->action == MOK_ACT_CREATE && mok_map_len(going)
		? task(arena, c->kind, parent_id, &c->want)
		: NULL;

	return is ? mok_map_get(going, is) : NULL;
}

const struct mok_change *mok_governor_gone(
	struct mok_arena *arena, const struct mok_map *going, const struct mok_change *c)
{
	const char *key = c->action == MOK_ACT_UPDATE && c->kind->key && mok_map_len(going)
		? c->kind->key(arena, &c->want)
		: NULL;

	for (size_t i = 0; key && i < c->fields.len; i++) {
		const struct mok_change *before = mok_map_get(going,
			mok_arena_printf(arena, "%s\n%s\n%s", c->object->parent_id, key,
				c->fields.items[i].path));

		if (before)
			return before;
	}
	return NULL;
}
