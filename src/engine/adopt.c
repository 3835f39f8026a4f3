#include "engine_internal.h"

#include <string.h>

/* Taking over what exists: its marker is written, nothing else. */

/* What the object says of itself, under its parent. */
static struct mok_val attributes(struct mok_arena *arena, const struct mok_object *o)
{
	struct mok_val attrs = o->attrs;

	if (o->parent_id && o->kind->parent_field)
		mok_val_set(arena, &attrs, o->kind->parent_field, mok_val_str(o->parent_id));
	return attrs;
}

void mok_lay_out_adopt(struct op *op)
{
	const struct mok_kind *kind = op->change->kind;
	unsigned generation = op->change->generation;

	op->want = attributes(op->engine->arena, op->object);
	if (kind->flags & MOK_K_COLLECTIONS)
		mok_step_add(op,
			(struct step){
				.run = mok_step_inventory, .label = "note in the inventory" });
	if (kind->marking == MOK_MARK_FREE)
		mok_step_tag(
			op, MOK_ASK_TAG_MAKE, mok_op_free_tag(op, generation, &op->want), "mark");
	else
		mok_step_mark(op, mok_op_marker(op, generation));
}

/* By its id, else by its name if only one has it. */
static struct mok_object *find(
	const struct mok_apply_input *in, const struct mok_resource *r, const char *id)
{
	struct mok_object *named = NULL;
	size_t nnamed = 0;

	for (size_t i = 0; i < in->live->objects.len; i++) {
		struct mok_object *o = in->live->objects.items[i];

		if (o->kind == r->kind && mok_streq(o->id, id))
			return o;
		if (o->kind == r->kind && mok_streq(o->name, id)) {
			named = o;
			nnamed++;
		}
	}
	return nnamed == 1 ? named : NULL;
}

static int check(const struct mok_apply_input *in, const struct mok_resource *r,
	const struct mok_object *o, const char *id, struct mok_err *err)
{
	const struct mok_object *now = mok_map_get(in->live->by_address, r->address);
	const char *stack;

	if (!o) {
		mok_err_set(err, MOK_ERR_INPUT, "the account has no %s with the id or name \"%s\"",
			r->kind->name, id);
		mok_err_hint(err,
			"what lives inside another is looked for in the parent that the plan "
			"names");
		return -1;
	}
	if (now == o)
		return 0;
	if (now)
		return mok_err_set(err, MOK_ERR_REFUSED, "%s is already %s: it cannot be %s too",
			r->address, now->id, id);
	if (o->addr_hash[0])
		return mok_err_set(err, MOK_ERR_REFUSED,
			"%s already belongs to another address of this stack (%s)", id, o->slug);
	stack = mok_live_other_stack(in->live->arena, in->live, o);
	if (stack)
		return mok_err_set(
			err, MOK_ERR_REFUSED, "%s belongs to the stack \"%s\"", id, stack);
	return 0;
}

/* As a diff leaves them, of which one is kept. */
static void lay_out_changes(
	const struct mok_apply_input *in, struct mok_arena *arena, struct mok_changes *out)
{
	size_t n = in->stack->resources.len;

	*out = (struct mok_changes){ .arena = arena };
	out->list.items = MOK_NEW_N(arena, struct mok_change, n + 1);
	out->list.len = out->list.cap = n;
	for (size_t i = 0; i < n; i++) {
		struct mok_resource *r = &in->stack->resources.items[i];

		out->list.items[i] = (struct mok_change){ .address = r->address,
			.kind = r->kind,
			.resource = r,
			.object = mok_map_get(in->live->by_address, r->address),
			.want = { .type = MOK_MAP },
			.excluded = true };
	}
}

static bool is_it(void *self, const struct mok_change *change)
{
	return change == self;
}

int mok_adopt(const struct mok_apply_input *in, struct mok_arena *arena, const char *address,
	const char *id, struct mok_changes *out, struct mok_err *err)
{
	const struct mok_resource *r = mok_map_get(in->stack->by_address, address);
	struct mok_change *c;
	struct mok_object *o;

	if (!r)
		return mok_err_set(err, MOK_ERR_INPUT, "the plan has no resource \"%s\"", address);
	o = find(in, r, id);
	if (check(in, r, o, id, err) != 0)
		return -1;
	lay_out_changes(in, arena, out);
	if (mok_map_get(in->live->by_address, address) == o)
		return 0;
	c = &out->list.items[r - in->stack->resources.items];
	c->object = o;
	c->want = attributes(arena, o);
	mok_changes_adopt(out, is_it, c);
	return 0;
}
