#include "engine_internal.h"

/*
 * What moves nodes moves the pods on them: a Deployment that was ready, before this run or earlier
 * in it, may not be so at its end. Once all that moved nodes is through, the objects of the stack
 * are looked at once more, and waited for. Nothing is told of those that are well.
 */

/* Do nodes come or go by it? */
static bool moves_nodes(const struct op *op)
{
	const struct mok_change *c = op->change;

	if (!c || !(c->kind->flags & MOK_K_HAS_NODES) || c->implied)
		return false;
	if (op->what == OP_DELETE || op->what == OP_WAIT || c->resume)
		return true;
	for (size_t i = 0; op->what == OP_UPDATE && i < c->fields.len; i++)
		if (c->fields.items[i].call && c->fields.items[i].call->flags & MOK_CALL_WAITS)
			return true;
	return false;
}

static bool stays_and_is_waited_for(const struct engine *e, size_t i)
{
	const struct mok_change *c = &e->in->changes->list.items[i];

	return c->resource && !c->excluded && c->kind->runs_pods && c->kind->runs_pods(&c->want) &&
		(e->make[i] || (c->object && !e->end[i])) &&
		(!c->kind->waits || c->kind->waits(&c->want));
}

size_t mok_engine_settle(struct engine *e, size_t *nodes)
{
	size_t n = e->ops.len, moved = SIZE_MAX;

	e->settle = MOK_NEW_N(e->arena, struct op *, e->in->changes->list.len + 1);
	for (size_t i = 0; i < n && moved == SIZE_MAX; i++)
		if (moves_nodes(e->ops.items[i]))
			moved = (*nodes)++;
	if (moved == SIZE_MAX)
		return moved;
	for (size_t i = 0; i < e->in->changes->list.len; i++) {
		struct mok_change *c = &e->in->changes->list.items[i];

		if (!stays_and_is_waited_for(e, i))
			continue;
		e->settle[i] = mok_op_add(e, c, OP_SETTLE, nodes);
		e->settle[i]->quiet = true;
	}
	return moved;
}

/* One node between: those that move nodes only come before, whatever becomes of them. */
void mok_settle_edges(const struct engine *e, struct mok_graph *graph, size_t moved)
{
	for (size_t i = 0; i < e->ops.len; i++)
		if (moves_nodes(e->ops.items[i]))
			mok_graph_edge(graph, e->ops.items[i]->node, moved);
	for (size_t i = 0; i < e->in->changes->list.len; i++) {
		if (!e->settle[i])
			continue;
		mok_graph_edge(graph, moved, e->settle[i]->node);
		if (e->make[i])
			mok_graph_edge(graph, e->make[i]->node, e->settle[i]->node);
	}
}

bool mok_settle_prepare(struct op *op)
{
	struct engine *e = op->engine;
	const struct op *make = e->make[op->change - e->in->changes->list.items];

	if (make)
		op->object = make->object;
	op->want = op->change->want;
	return op->object && !op->blocked_by;
}
