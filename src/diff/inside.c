/* What is inside of something goes with it: a cluster's objects, a namespace's, those of a
 * definition.
 */
#include "diff_internal.h"

#include <string.h>

static bool share(const struct mok_val *a, const struct mok_val *b)
{
	for (size_t i = 0; i < a->u.list.len; i++)
		for (size_t k = 0; k < b->u.list.len; k++)
			if (mok_streq(a->u.list.items[i].u.s, b->u.list.items[k].u.s))
				return true;
	return false;
}

/* As a namespace holds what says that it is in it. What a release brings may outlive it. */
static bool is_tied(struct planner *p, const struct mok_object *o, const struct mok_object *holder)
{
	struct mok_val provides = { .type = MOK_LIST }, requires = provides, ignored = provides;

	if (!o->kind->ties || !holder->kind->ties || holder->kind->errands ||
		!mok_streq(o->parent_id, holder->parent_id))
		return false;
	holder->kind->ties(p->arena, &holder->attrs, &provides, &ignored);
	o->kind->ties(p->arena, &o->attrs, &ignored, &requires);
	return share(&provides, &requires);
}

static bool is_child(const struct mok_object *o, const struct mok_object *parent)
{
	return (o->kind->flags & MOK_K_DIES_WITH_PARENT) &&
		mok_streq(parent->kind->name, o->kind->parent) &&
		mok_streq(parent->id, o->parent_id);
}

const struct mok_change *mok_replaced_around(
	struct planner *p, const struct mok_resource *r, const struct mok_object *o)
{
	for (size_t i = 0; i < r->deps.len; i++) {
		const struct mok_change *d = &p->out->list.items[r->deps.items[i]];

		if (d->action == MOK_ACT_REPLACE && d->object &&
			(is_child(o, d->object) || is_tied(p, o, d->object)))
			return d;
	}
	return NULL;
}

void mok_refuse_left_out(struct planner *p, const struct mok_change *c)
{
	const struct mok_change *around =
		c->object && !c->foreign ? mok_replaced_around(p, c->resource, c->object) : NULL;
	struct mok_diag *d;

	if (!around)
		return;
	d = mok_diag_add(p->diags, "E0816", c->resource->at,
		"%s is left out, but is inside of %s, which is replaced", c->address,
		around->address);
	d->address = c->address;
	mok_diag_hint(p->diags, d, "take it in: --target '%s'", c->address);
}
