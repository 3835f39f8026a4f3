/* A value made anew where something in it changes, and shared with the original where nothing does.
 */
#include "mok/model.h"

#include <string.h>

struct mapping {
	struct mok_arena *arena;
	bool (*leaf)(void *ctx, const struct mok_val *v, struct mok_val *out);
	void *ctx;
};

static bool map_value(const struct mapping *m, const struct mok_val *v, struct mok_val *out);

static bool map_items(const struct mapping *m, const struct mok_val *v, struct mok_val *out)
{
	size_t len = v->u.list.len;
	struct mok_val *items = NULL, item;

	for (size_t i = 0; i < len; i++) {
		if (!map_value(m, &v->u.list.items[i], &item))
			continue;
		if (!items) {
			items = MOK_NEW_N(m->arena, struct mok_val, len);
			memcpy(items, v->u.list.items, len * sizeof(*items));
		}
		items[i] = item;
	}
	if (items)
		out->u.list.items = items;
	return items != NULL;
}

static bool map_pairs(const struct mapping *m, const struct mok_val *v, struct mok_val *out)
{
	size_t len = v->u.map.len;
	struct mok_pair *pairs = NULL;
	struct mok_val val;

	for (size_t i = 0; i < len; i++) {
		if (!map_value(m, &v->u.map.pairs[i].val, &val))
			continue;
		if (!pairs) {
			pairs = MOK_NEW_N(m->arena, struct mok_pair, len);
			memcpy(pairs, v->u.map.pairs, len * sizeof(*pairs));
		}
		pairs[i].val = val;
	}
	if (pairs)
		out->u.map.pairs = pairs;
	return pairs != NULL;
}

/* Has anything in it changed? */
static bool map_value(const struct mapping *m, const struct mok_val *v, struct mok_val *out)
{
	bool changed;

	*out = *v;
	if (v->type != MOK_LIST && v->type != MOK_MAP)
		return m->leaf(m->ctx, v, out);
	changed = v->type == MOK_LIST ? map_items(m, v, out) : map_pairs(m, v, out);
	if (changed)
		out->built = false; /* its items are no builder's any more */
	return changed;
}

struct mok_val mok_val_map(struct mok_arena *arena, const struct mok_val *v,
	bool (*leaf)(void *ctx, const struct mok_val *v, struct mok_val *out), void *ctx)
{
	const struct mapping m = { arena, leaf, ctx };
	struct mok_val out;

	map_value(&m, v, &out);
	return out;
}
