#include "engine_internal.h"

#include <string.h>

struct op *mok_op_add(struct engine *e, struct mok_change *c, enum op_what what, size_t *nodes)
{
	struct op *op = MOK_NEW(e->arena, struct op);

	op->engine = e;
	op->change = c;
	op->what = what;
	op->resource = c ? c->resource : NULL;
	op->object = c ? c->object : NULL;
	op->node = (*nodes)++;
	op->accepted_node = what == OP_DELETE ? (*nodes)++ : SIZE_MAX;
	mok_vec_push(e->arena, &e->ops, op);
	return op;
}

/* A renamable kind's replacement takes the old name back once the old one is gone. */
static bool takes_name_back(const struct engine *e, const struct mok_change *c)
{
	if (!(c->kind->flags & MOK_K_RENAMES) || !c->resource)
		return false;
	if (c->action == MOK_ACT_REPLACE)
		return c->name && c->object && !mok_streq(c->name, c->object->name);
	if (c->action != MOK_ACT_UPDATE)
		return false;
	for (size_t i = 0; i < e->in->live->previous.len; i++)
		if (e->in->live->previous.items[i]->resource == c->resource)
			return true;
	return false;
}

static void add_ops_of(struct engine *e, size_t i, size_t *nodes)
{
	struct mok_change *c = &e->in->changes->list.items[i];

	if (c->excluded)
		return;
	switch (c->action) {
	case MOK_ACT_CREATE: e->make[i] = mok_op_add(e, c, OP_CREATE, nodes); break;
	case MOK_ACT_UPDATE:
		e->make[i] = mok_op_add(e, c, c->resource ? OP_UPDATE : OP_MOVE, nodes);
		break;
	case MOK_ACT_ADOPT: e->make[i] = mok_op_add(e, c, OP_ADOPT, nodes); break;
	case MOK_ACT_WAIT: e->make[i] = mok_op_add(e, c, OP_WAIT, nodes); break;
	case MOK_ACT_DELETE: e->end[i] = mok_op_add(e, c, OP_DELETE, nodes); break;
	case MOK_ACT_FORGET: e->end[i] = mok_op_add(e, c, OP_FORGET, nodes); break;
	case MOK_ACT_REPLACE:
		e->make[i] = mok_op_add(e, c, OP_CREATE, nodes);
		e->make[i]->object = NULL;
		e->end[i] = mok_op_add(e, c, c->object->is_default ? OP_FORGET : OP_DELETE, nodes);
		break;
	case MOK_ACT_NONE: break;
	}
	if (takes_name_back(e, c))
		e->rename[i] = mok_op_add(e, c, OP_RENAME, nodes);
}

/* Children that ride on their parent's creation: listed inside it, or there from its start. */
static void gather_children(struct engine *e, size_t i)
{
	struct op *op = e->make[i];
	struct mok_change *c = op->change;

	for (size_t k = 0; k < c->deps.len; k++) {
		struct op *parent = e->make[c->deps.items[k]];

		if (!parent || parent->what != OP_CREATE ||
			!mok_streq(c->kind->parent, parent->change->kind->name))
			continue;
		if (!c->kind->list_path && !(c->kind->flags & MOK_K_COLLECTIONS))
			mok_vec_push(e->arena, &parent->pools, op);
		if (c->kind->flags & MOK_K_SINGLE)
			mok_vec_push(e->arena, &parent->singles, op);
	}
}

void mok_engine_build(struct engine *e)
{
	struct mok_changes *changes = e->in->changes;
	size_t n = changes->list.len, nodes = 0, moved;

	e->make = MOK_NEW_N(e->arena, struct op *, n + 1);
	e->end = MOK_NEW_N(e->arena, struct op *, n + 1);
	e->rename = MOK_NEW_N(e->arena, struct op *, n + 1);
	e->began = MOK_NEW_N(e->arena, bool, n + 1);
	e->unneeded = MOK_NEW_N(e->arena, bool, n + 1);
	for (size_t i = 0; i < n; i++)
		add_ops_of(e, i, &nodes);
	for (size_t i = 0; i < changes->drop_tags.len; i++)
		mok_op_add(e, NULL, OP_DROP_TAG, &nodes)->tag = changes->drop_tags.items[i];
	for (size_t i = 0; i < n; i++)
		if (e->make[i] && e->make[i]->what == OP_CREATE)
			gather_children(e, i);
	moved = mok_engine_settle(e, &nodes);
	mok_engine_edges(e, nodes, moved);
}
