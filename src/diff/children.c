/* Parents that cannot be without a child of some kind: a cluster has a node pool at least. */
#include "diff_internal.h"

#include <string.h>

static bool is_child(const struct mok_change *child, const struct mok_change *parent)
{
	return strcmp(child->kind->name, parent->kind->needs_child) == 0;
}

/* Is it there when all is done, and where the parent's change says? */
static bool will_be_under(const struct planner *p, const struct mok_change *child, size_t parent)
{
	const struct mok_change *c = &p->out->list.items[parent];

	if (!child->resource || child->action == MOK_ACT_DELETE ||
		child->action == MOK_ACT_FORGET || (child->excluded && !child->object))
		return false;
	for (size_t i = 0; i < child->deps.len; i++)
		if (child->deps.items[i] == parent)
			return true;
	return c->object &&
		mok_streq(mok_val_get_str(&child->want, child->kind->parent_field), c->object->id);
}

static bool any_made(const struct planner *p, size_t parent)
{
	for (size_t i = 0; i < p->stack->resources.len; i++)
		if (is_child(&p->out->list.items[i], &p->out->list.items[parent]) &&
			will_be_under(p, &p->out->list.items[i], parent))
			return true;
	return false;
}

static bool is_deleted(const struct planner *p, const struct mok_object *o)
{
	for (size_t i = 0; i < p->out->list.len; i++)
		if (p->out->list.items[i].object == o)
			return p->out->list.items[i].action == MOK_ACT_DELETE;
	return false;
}

/* Among what is there, strangers' too; *ends: the change that takes one of them away. */
static bool any_stays(const struct planner *p, const struct mok_change *parent, bool *ends)
{
	bool stays = false;

	*ends = false;
	for (size_t i = 0; i < p->live->objects.len; i++) {
		const struct mok_object *o = p->live->objects.items[i];

		if (strcmp(o->kind->name, parent->kind->needs_child) != 0 ||
			!mok_streq(o->parent_id, parent->object->id))
			continue;
		if (is_deleted(p, o))
			*ends = true;
		else
			stays = true;
	}
	return stays;
}

static void refuse(struct planner *p, const struct mok_change *c, const char *what)
{
	const char *child = c->kind->needs_child;
	struct mok_diag *d = mok_diag_add(p->diags, "E0815", c->resource->at,
		"%s: a %s needs one %s at least, and %s", c->address, c->kind->name, child, what);

	d->address = c->address;
	mok_diag_hint(p->diags, d, "add a resource of kind %s that refers to ${%s.id}", child,
		c->address);
}

void mok_check_children(struct planner *p)
{
	for (size_t i = 0; p->live && i < p->stack->resources.len; i++) {
		const struct mok_change *c = &p->out->list.items[i];
		bool ends;

		if (!c->kind->needs_child || c->excluded || c->action == MOK_ACT_DELETE ||
			c->action == MOK_ACT_FORGET || any_made(p, i))
			continue;
		if (c->action == MOK_ACT_CREATE || c->action == MOK_ACT_REPLACE)
			refuse(p, c, "this run would make none");
		else if (!any_stays(p, c, &ends) && ends)
			refuse(p, c, "this run would delete the last");
	}
}
