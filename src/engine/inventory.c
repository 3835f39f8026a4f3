#include "engine_internal.h"

#include <string.h>

/*
 * Before the first object is made in a cluster, the cluster is told which collections will hold
 * objects of this stack, and a tag of the account that it was told: so that a later run finds what
 * left the plan. More collections than needed do no harm; one too few would lose an object.
 */

struct inventory {
	struct engine *engine;
	const char *parent_id;
	const struct mok_kind *kind;
	bool done, asked;
	struct mok_val collections;
	MOK_VEC(struct op *) waiting;
};

static bool has(const struct mok_val *list, const char *text)
{
	for (size_t i = 0; list && i < list->u.list.len; i++)
		if (mok_streq(list->u.list.items[i].u.s, text))
			return true;
	return false;
}

static void add(struct engine *e, struct mok_val *list, const char *collection)
{
	if (collection && !has(list, collection))
		mok_val_append(e->arena, list, mok_val_str(collection));
}

/* Of every cluster of the stack alike: which one an object is for may not be known yet. Returns
 * whether anything is in it that is not in `old`. */
static bool collect(struct inventory *inv, const struct mok_val *old)
{
	struct engine *e = inv->engine;
	const struct mok_changes *changes = e->in->changes;
	bool grows = false;

	inv->collections.type = MOK_LIST;
	for (size_t i = 0; old && i < old->u.list.len; i++)
		add(e, &inv->collections, old->u.list.items[i].u.s);
	for (size_t i = 0; i < e->in->stack->resources.len; i++) {
		const struct mok_change *c = &changes->list.items[i];
		const char *collection;

		if (!(c->kind->flags & MOK_K_COLLECTIONS))
			continue;
		collection = c->kind->collection(e->arena, &c->want);
		grows |= collection && !has(old, collection);
		add(e, &inv->collections, collection);
	}
	return grows;
}

static void settle(struct inventory *inv, const struct mok_err *err)
{
	size_t n = inv->waiting.len;

	inv->done = !err;
	inv->asked = false;
	inv->waiting.len = 0;
	for (size_t i = 0; i < n; i++) {
		if (err)
			mok_op_fail(inv->waiting.items[i], err);
		else
			mok_op_next(inv->waiting.items[i]);
	}
}

static void was_set(void *ctx, struct mok_answer *answer)
{
	struct inventory *inv = ctx;

	if (answer->verdict == MOK_ANS_OK) {
		inv->engine->out->changed = true;
		settle(inv, NULL);
		return;
	}
	mok_err_wrap(&answer->err, "noting in the cluster what the stack will have there");
	settle(inv, &answer->err);
}

static void set_inventory(struct inventory *inv)
{
	struct mok_ask ask = { .verb = MOK_ASK_INVENTORY_SET,
		.kind = inv->kind,
		.parent_id = inv->parent_id,
		.name = inv->engine->in->stack->name,
		.extra = &inv->collections };

	mok_ask_send(&inv->engine->asker, inv->engine->arena, &ask, was_set, inv);
}

static void was_tagged(void *ctx, struct mok_answer *answer)
{
	struct inventory *inv = ctx;

	if (answer->verdict == MOK_ANS_OK) {
		set_inventory(inv);
		return;
	}
	mok_err_wrap(&answer->err, "noting that the stack has objects in the cluster");
	settle(inv, &answer->err);
}

const struct mok_resource *mok_inventory_parent(
	struct engine *e, const struct mok_kind *kind, const char *parent_id)
{
	for (size_t i = 0; i < e->in->stack->resources.len; i++) {
		const struct mok_resource *r = &e->in->stack->resources.items[i];
		struct mok_val id;

		if (mok_streq(r->kind->name, kind->parent) &&
			mok_engine_attribute(e, r, "id", &id) && id.type == MOK_STR &&
			strcmp(id.u.s, parent_id) == 0)
			return r;
	}
	return NULL;
}

static void begin(struct inventory *inv)
{
	struct engine *e = inv->engine;
	const struct mok_resource *parent = mok_inventory_parent(e, inv->kind, inv->parent_id);
	struct mok_ask ask = { .verb = MOK_ASK_TAG_MAKE };

	inv->asked = true;
	if (!parent) {
		set_inventory(inv);
		return;
	}
	ask.marker = mok_marker_about(e->arena, e->in->stack->name, parent->address, "objects");
	mok_ask_send(&e->asker, e->arena, &ask, was_tagged, inv);
}

const struct mok_val *mok_inventory_now(const struct engine *e, const char *parent_id)
{
	const struct inventory *inv = mok_map_get(e->inventories, parent_id);

	if (inv)
		return inv->done ? &inv->collections : NULL;
	return mok_map_get(e->in->live->inventories, parent_id);
}

static struct inventory *inventory_of(struct op *op, const char *parent_id)
{
	struct engine *e = op->engine;
	struct inventory *inv = mok_map_get(e->inventories, parent_id);
	const struct mok_val *old = mok_map_get(e->in->live->inventories, parent_id);

	if (inv)
		return inv;
	inv = MOK_NEW(e->arena, struct inventory);
	inv->engine = e;
	inv->parent_id = parent_id;
	inv->kind = op->change->kind;
	inv->done = !collect(inv, old) && old;
	mok_map_put(e->inventories, parent_id, inv);
	return inv;
}

void mok_step_inventory(struct op *op)
{
	const char *parent_id = mok_val_get_str(&op->want, op->change->kind->parent_field);
	struct inventory *inv = parent_id ? inventory_of(op, parent_id) : NULL;

	if (!inv || inv->done) {
		mok_op_next(op);
		return;
	}
	mok_vec_push(op->engine->arena, &inv->waiting, op);
	if (!inv->asked)
		begin(inv);
}
