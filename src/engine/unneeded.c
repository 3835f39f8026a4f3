#include "engine_internal.h"

#include <string.h>

/*
 * A replacement may be planned only since a value was not known: what it refers to was to be made,
 * or had been made a moment ago and was not listed yet. Once the value is known and is what the
 * object has, nothing is deleted: the object is updated in place.
 */

static bool forces(const struct mok_field_change *f)
{
	return f->forces_replacement;
}

bool mok_replaces_on_suspicion(const struct mok_change *c)
{
	bool any = false;

	if (c->action != MOK_ACT_REPLACE || c->asked || !c->resource)
		return false;
	for (size_t i = 0; i < c->fields.len; i++) {
		if (!forces(&c->fields.items[i]))
			continue;
		if (!mok_val_has_unknown(&c->fields.items[i].after))
			return false;
		any = true;
	}
	return any;
}

static const struct mok_field *top_field(
	struct engine *e, const struct mok_change *c, const struct mok_field_change *f)
{
	return mok_field_find(
		c->kind->fields, mok_arena_strndup(e->arena, f->path, strcspn(f->path, ".")));
}

static bool is_same_by_now(struct engine *e, const struct mok_change *c)
{
	struct mok_diags ignored = { .arena = e->arena };
	const struct mok_lookup lookup = { .self = e, .attribute = mok_engine_attribute };
	struct mok_val want;

	if (mok_plan_eval(e->arena, e->in->stack, c->resource, &lookup, &ignored, &want) != 0)
		return false;
	for (size_t i = 0; i < c->fields.len; i++) {
		const struct mok_field *field = top_field(e, c, &c->fields.items[i]);
		const struct mok_val *v = field ? mok_val_get(&want, field->name) : NULL;

		if (!forces(&c->fields.items[i]))
			continue;
		if (!v || mok_val_has_unknown(v) ||
			mok_field_differs(e->arena, field, v, c->object))
			return false;
	}
	return true;
}

/* What dies with its parent lives with it too. */
static bool parent_stays(struct engine *e, const struct mok_change *c)
{
	for (size_t k = 0; k < c->deps.len; k++) {
		const struct mok_change *d = &e->in->changes->list.items[c->deps.items[k]];

		if (mok_streq(d->kind->name, c->kind->parent) && d->action == MOK_ACT_REPLACE)
			return e->unneeded[c->deps.items[k]];
	}
	return false;
}

bool mok_op_is_unneeded(struct op *op)
{
	struct engine *e = op->engine;
	const struct mok_changes *changes = e->in->changes;
	size_t i = (size_t)(op->change - changes->list.items);

	if (!op->change || i >= changes->list.len || !mok_replaces_on_suspicion(op->change))
		return false;
	if (!e->unneeded[i] && !e->began[i])
		e->unneeded[i] = op->change->implied ? parent_stays(e, op->change)
						     : is_same_by_now(e, op->change);
	e->began[i] = true;
	return e->unneeded[i];
}
