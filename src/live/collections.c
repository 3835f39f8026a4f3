#include "live_internal.h"

#include <string.h>

/*
 * Objects that are in many listings under one parent: a cluster's. Which listings hold something of
 * the stack is written in the parent itself (its inventory), so that what left the plan is found
 * without asking for everything there is. It is read where the plan has such objects, or a tag says
 * that there are some.
 */

struct inventory {
	struct sweep *sweep;
	const struct mok_kind *kind;
	const struct mok_object *parent;
	const char *why; /* it cannot be read */
};

static void got_associated(void *ctx, struct mok_answer *answer)
{
	struct inventory *inv = ctx;
	const struct mok_object *parent = inv->parent;
	const struct mok_mark nowhere = { 0 };
	const char *also = answer->verdict == MOK_ANS_OK
		? mok_leavings_text(inv->sweep->arena, &answer->value)
		: NULL;
	struct mok_diag *d;

	inv->sweep->outstanding--;
	d = mok_diag_add(inv->sweep->diags, "W0811",
		parent->resource ? parent->resource->at : nowhere,
		"%s \"%s\" does not answer: what the stack has in it goes with it, unseen%s%s",
		parent->kind->name, parent->name ? parent->name : parent->id,
		also ? "; so do " : "", also ? also : "");
	mok_diag_hint(inv->sweep->diags, d, "%s", inv->why);
}

/* A dead cluster must not stand in the way of its own end; what goes with it is shown before. */
static bool goes_along(struct inventory *inv, const struct mok_err *err)
{
	const struct mok_object *parent = inv->parent;
	struct mok_ask ask = { .verb = MOK_ASK_ASSOCIATED, .kind = parent->kind, .id = parent->id };

	if (!inv->sweep->in.everything_goes || !parent->marker || parent->retain_live ||
		(parent->resource && parent->resource->retain) ||
		!(parent->kind->flags & MOK_K_LEAVES_BEHIND))
		return false;
	inv->why = mok_arena_strdup(inv->sweep->arena, err->msg);
	mok_sweep_ask(inv->sweep, &ask, got_associated, inv);
	return true;
}

static void got_inventory(void *ctx, struct mok_answer *answer)
{
	struct inventory *inv = ctx;
	struct sweep *sweep = inv->sweep;
	struct mok_val *list;

	sweep->outstanding--;
	switch (answer->verdict) {
	case MOK_ANS_OK:
		list = MOK_NEW(sweep->arena, struct mok_val);
		*list = answer->value;
		mok_map_put(sweep->out->inventories, inv->parent->id, list);
		return;
	case MOK_ANS_GONE: /* there is none yet: a list without a member */
		list = MOK_NEW(sweep->arena, struct mok_val);
		list->type = MOK_LIST;
		mok_map_put(sweep->out->inventories, inv->parent->id, list);
		return;
	case MOK_ANS_UNSUPPORTED: return;
	case MOK_ANS_BUSY: /* the parent is not up yet, nothing is in it; or it is down */
		goes_along(inv, &answer->err);
		return;
	case MOK_ANS_EXISTS:
	case MOK_ANS_AMBIGUOUS:
	case MOK_ANS_FAILED: break;
	}
	if (goes_along(inv, &answer->err))
		return;
	mok_err_wrap(&answer->err, "reading what the stack has in %s %s", inv->parent->kind->name,
		inv->parent->name ? inv->parent->name : inv->parent->id);
	mok_sweep_fail(sweep, &answer->err);
}

static void ask_inventory(
	struct sweep *sweep, const struct mok_kind *kind, const struct mok_object *parent)
{
	struct mok_ask ask = { .verb = MOK_ASK_INVENTORY,
		.kind = kind,
		.parent_id = parent->id,
		.name = sweep->in.stack->name };
	const char *key = mok_arena_printf(sweep->arena, "inventory/%s", parent->id);
	struct inventory *inv;

	if (mok_map_get(sweep->asked, key) || !parent->ready)
		return;
	inv = MOK_NEW(sweep->arena, struct inventory);
	*inv = (struct inventory){ sweep, kind, parent, NULL };
	mok_map_put(sweep->asked, key, inv);
	mok_sweep_ask(sweep, &ask, got_inventory, inv);
}

/* A cluster that has objects of the stack, though the plan may have none any more. */
static void ask_marked(struct sweep *sweep, const struct mok_kind *kind)
{
	struct mok_live *live = sweep->out;

	for (size_t i = 0; i < live->objects.len; i++) {
		const struct mok_object *o = live->objects.items[i];

		if (mok_streq(o->kind->name, kind->parent) && o->marker && o->has_objects)
			ask_inventory(sweep, kind, o);
	}
}

void mok_sweep_inventories(struct sweep *sweep)
{
	const struct mok_stack *stack = sweep->in.stack;
	struct mok_arena *scratch = mok_arena_new();
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	for (size_t i = 0; i < stack->resources.len; i++) {
		const struct mok_resource *r = &stack->resources.items[i];
		const struct mok_object *parent;

		if (!(r->kind->flags & MOK_K_COLLECTIONS))
			continue;
		parent = mok_sweep_parent(sweep, scratch, r);
		if (parent)
			ask_inventory(sweep, r->kind, parent);
	}
	for (size_t i = 0; i < count; i++)
		if (kinds[i]->flags & MOK_K_COLLECTIONS)
			ask_marked(sweep, kinds[i]);
	mok_arena_free(scratch);
}

static void list_one(struct sweep *sweep, const struct mok_kind *kind, const char *parent_id,
	const char *collection)
{
	struct mok_ask ask = {
		.verb = MOK_ASK_LIST, .kind = kind, .parent_id = parent_id, .collection = collection
	};

	mok_sweep_list(sweep, &ask);
}

static void list_wanted(
	struct sweep *sweep, struct mok_arena *scratch, const struct mok_resource *r)
{
	const struct mok_object *parent = mok_sweep_parent(sweep, scratch, r);
	const char *collection;
	struct mok_val fields;

	if (!parent || !mok_map_get(sweep->out->inventories, parent->id) ||
		!mok_sweep_eval(sweep, r, &fields))
		return;
	collection = r->kind->collection(sweep->arena, &fields);
	if (collection)
		list_one(sweep, r->kind, parent->id, collection);
}

/* Is it a collection of the kind's own, or, of a kind that takes any, of no other's? */
static bool holds(const struct mok_kind *kind, const char *collection)
{
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	if (kind->collections)
		return mok_starts(collection, kind->collections);
	for (size_t i = 0; i < count; i++)
		if (kinds[i]->collections && mok_starts(collection, kinds[i]->collections))
			return false;
	return true;
}

static void list_known(struct sweep *sweep, const struct mok_kind *kind, size_t at)
{
	const struct mok_val *list = mok_map_value(sweep->out->inventories, at);

	for (size_t i = 0; i < list->u.list.len; i++)
		if (holds(kind, list->u.list.items[i].u.s))
			list_one(sweep, kind, mok_map_key(sweep->out->inventories, at),
				list->u.list.items[i].u.s);
}

void mok_sweep_collections(struct sweep *sweep)
{
	const struct mok_stack *stack = sweep->in.stack;
	struct mok_arena *scratch = mok_arena_new();
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	for (size_t i = 0; i < stack->resources.len; i++)
		if (stack->resources.items[i].kind->flags & MOK_K_COLLECTIONS)
			list_wanted(sweep, scratch, &stack->resources.items[i]);
	for (size_t k = 0; k < count; k++) {
		if (!(kinds[k]->flags & MOK_K_COLLECTIONS))
			continue;
		for (size_t i = 0; i < mok_map_len(sweep->out->inventories); i++)
			list_known(sweep, kinds[k], i);
	}
	mok_arena_free(scratch);
}
