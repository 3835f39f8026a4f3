#include "engine_internal.h"

#include <string.h>

/* Building the graph: once with the ranks, and if those and the references want it both ways, once
 * more without them. */
struct edges {
	struct engine *e;
	struct mok_graph *graph;
	struct mok_map *ending;    /* "kind/id" -> op that deletes it */
	struct mok_map *by_id;     /* id that may be referred to -> op that deletes it */
	struct mok_map *governors; /* governors.c */
	/* Of each resource, as a chain: 1 + the last change that takes a former self away; of each
	 * such change, that before it. 0: none. */
	size_t *former;
	unsigned advice;
};

/* What is asked for beside what the plan says. */
enum { ADVICE_SCANS = 1 << 0, ADVICE_OBJECTS = 1 << 1, ADVICE_ALL = ADVICE_SCANS | ADVICE_OBJECTS };

struct counted {
	size_t nodes, moved; /* of operations; moved: one of these, or SIZE_MAX (settle.c) */
};

static size_t accepted(const struct op *op)
{
	return op->accepted_node != SIZE_MAX ? op->accepted_node : op->node;
}

static void edge(struct edges *x, size_t before, size_t after)
{
	mok_graph_edge(x->graph, before, after);
}

static void index_endings(struct edges *x)
{
	struct engine *e = x->e;

	for (size_t i = 0; i < e->in->changes->list.len; i++) {
		struct op *op = e->end[i];
		const struct mok_object *o = op ? op->change->object : NULL;

		if (!o)
			continue;
		mok_map_put(
			x->ending, mok_arena_printf(e->arena, "%s/%s", o->kind->name, o->id), op);
		if (!op->change->implied && (!o->kind->parent || strlen(o->id) >= 32))
			mok_map_put(x->by_id, o->id, op);
		if (!op->change->implied && o->urn)
			mok_map_put(x->by_id, o->urn, op);
	}
}

/* A former self that stayed for rolling back goes when nothing may run on it any more: when all
 * that refers to its successor has come to do its work. */
static void former_edges(struct edges *x, size_t i, size_t used)
{
	for (size_t at = x->former[used]; at; at = x->former[at - 1])
		edge(x, x->e->make[i]->node, accepted(x->e->end[at - 1]));
}

/* What is made needs what it refers to; what goes waits for those that were pointed elsewhere. */
static void made_edges(struct edges *x, size_t i)
{
	struct engine *e = x->e;
	const struct mok_change *c = &e->in->changes->list.items[i];

	for (size_t k = 0; k < c->deps.len; k++) {
		size_t d = c->deps.items[k];

		if (e->make[i] && e->make[d])
			edge(x, e->make[d]->node, e->make[i]->node);
		if (e->make[i])
			former_edges(x, i, d);
		if (e->end[i] && e->make[d] && !e->end[d] && !c->implied &&
			mok_replaces_on_suspicion(c))
			edge(x, e->make[d]->node, accepted(e->end[i]));
		if (e->make[i] && e->make[d] && e->end[d] &&
			e->in->changes->list.items[d].create_first)
			edge(x, e->make[i]->node, accepted(e->end[d]));
	}
	if (e->make[i] && e->end[i] && c->create_first)
		edge(x, e->make[i]->node, accepted(e->end[i]));
	else if (e->make[i] && e->end[i])
		edge(x, e->end[i]->node, e->make[i]->node);
	if (e->rename[i] && e->make[i]) {
		edge(x, e->make[i]->node, e->rename[i]->node);
		if (e->end[i])
			edge(x, e->end[i]->node, e->rename[i]->node);
	}
}

/* Users go before what they use. A member list uses nothing. */
static void ended_edges(struct edges *x, size_t i)
{
	struct engine *e = x->e;
	const struct mok_change *c = &e->in->changes->list.items[i];

	if (c->implied || (c->kind->flags & MOK_K_WEAK_REFS))
		return;
	for (size_t k = 0; k < c->deps.len; k++) {
		struct op *used = e->end[c->deps.items[k]];

		if (used && !used->change->implied)
			edge(x, e->end[i]->node, accepted(used));
	}
}

static void implied_edge(struct edges *x, size_t i)
{
	struct engine *e = x->e;
	const struct mok_change *c = &e->in->changes->list.items[i];
	struct op *parent;

	if (!c->implied)
		return;
	parent = mok_map_get(x->ending,
		mok_arena_printf(e->arena, "%s/%s", c->kind->parent, c->object->parent_id));
	if (!parent)
		MOK_BUG("an implied delete without its parent's");
	edge(x, parent->node, accepted(e->end[i]));
}

/* An orphan's references are known from what the API says of it: any value that is another's id. */
static void scan_value(struct edges *x, const struct op *user, const struct mok_val *v)
{
	if (v->type == MOK_STR) {
		struct op *used = mok_map_get(x->by_id, v->u.s);

		if (used && used != user && used->change->object != user->change->object)
			edge(x, user->node, accepted(used));
	} else if (v->type == MOK_LIST) {
		for (size_t i = 0; i < v->u.list.len; i++)
			scan_value(x, user, &v->u.list.items[i]);
	} else if (v->type == MOK_MAP) {
		for (size_t i = 0; i < v->u.map.len; i++)
			scan_value(x, user, &v->u.map.pairs[i].val);
	}
}

static void scanned_edges(struct edges *x, size_t i)
{
	const struct op *op = x->e->end[i];
	const struct mok_object *o = op->change->object;
	struct op *parent;

	if (op->change->implied || (o->kind->flags & MOK_K_WEAK_REFS))
		return;
	if (x->advice & ADVICE_SCANS)
		scan_value(x, op, &o->attrs);
	parent = o->kind->parent && o->parent_id
		? mok_map_get(x->ending,
			  mok_arena_printf(x->e->arena, "%s/%s", o->kind->parent, o->parent_id))
		: NULL;
	if (parent)
		edge(x, op->node, accepted(parent));
}

static size_t change_at(const struct engine *e, const struct mok_resource *r)
{
	return (size_t)(r - e->in->stack->resources.items);
}

static void index_former(struct edges *x)
{
	const struct mok_changes *all = x->e->in->changes;

	x->former = MOK_NEW_N(x->e->arena, size_t, all->list.len + 1);
	for (size_t i = 0; i < all->list.len; i++) {
		const struct mok_object *o = all->list.items[i].object;
		size_t now;

		if (!x->e->end[i] || all->list.items[i].resource || !o->resource ||
			!o->kind->keeps_old)
			continue;
		now = change_at(x->e, o->resource);
		x->former[i] = x->former[now];
		x->former[now] = i + 1;
	}
}

/* An older generation goes once its successor is ready, and before that takes the name back. */
static void previous_edges(struct edges *x, size_t i)
{
	struct engine *e = x->e;
	const struct mok_object *o = e->in->changes->list.items[i].object;
	size_t now;

	if (e->in->changes->list.items[i].resource || !o->resource)
		return;
	now = change_at(e, o->resource);
	if (e->make[now])
		edge(x, e->make[now]->node, accepted(e->end[i]));
	if (e->rename[now])
		edge(x, e->end[i]->node, e->rename[now]->node);
}

/* A creation whose name an orphan of ours still holds waits for its end. */
static void namesake_edge(struct edges *x, size_t i)
{
	struct engine *e = x->e;
	const struct mok_change *c = &e->in->changes->list.items[i];
	const char *key = mok_natural_key(e->arena, c->kind, &c->want);
	const char *parent =
		c->kind->parent_field ? mok_val_get_str(&c->want, c->kind->parent_field) : NULL;
	const struct mok_object *o;
	struct op *holder;

	if (!key)
		return;
	o = mok_live_find(e->in->live, c->kind, parent, key);
	holder = o
		? mok_map_get(x->ending, mok_arena_printf(e->arena, "%s/%s", o->kind->name, o->id))
		: NULL;
	if (holder && holder != e->end[i])
		edge(x, holder->node, e->make[i]->node);
}

static void governor_edges(struct edges *x, size_t i)
{
	struct engine *e = x->e;
	const struct mok_change *c = &e->in->changes->list.items[i];
	const struct mok_change *before = mok_governor_before(e->arena, x->governors, c);
	const struct op *end = before ? e->end[before - e->in->changes->list.items] : NULL;

	if (!end)
		return;
	e->make[i]->takes_over = true;
	edge(x, end->node, e->make[i]->node);
	for (size_t k = 0; k < c->deps.len; k++)
		if (e->make[c->deps.items[k]])
			edge(x, e->make[c->deps.items[k]]->node, accepted(end));
}

/* A number that the plan has again is written once nobody else moves it. */
static void given_back_edge(struct edges *x, size_t i)
{
	struct engine *e = x->e;
	const struct mok_change *before =
		mok_governor_gone(e->arena, x->governors, &e->in->changes->list.items[i]);
	const struct op *end = before ? e->end[before - e->in->changes->list.items] : NULL;

	if (end && x->advice & ADVICE_OBJECTS)
		edge(x, end->node, e->make[i]->node);
}

/* A controller that a chart brought goes when the objects that it looks after are gone, not only
 * told to go: it is who lets them. */
static void objects_edges(struct edges *x, size_t i)
{
	const struct mok_object *chart = x->e->end[i]->change->object;
	const struct mok_changes *all = x->e->in->changes;

	if (!chart->kind->errands || !(chart->kind->flags & MOK_K_COLLECTIONS) ||
		all->list.items[i].implied)
		return;
	for (size_t k = 0; k < all->list.len; k++) {
		const struct op *end = x->e->end[k];

		if (end && end->change->kind->flags & MOK_K_APPLIES && !end->change->implied &&
			mok_streq(end->object->parent_id, chart->parent_id))
			edge(x, end->node, accepted(x->e->end[i]));
	}
}

/* What left the plan may be in use until pods have turned to something else: a database, the nodes
 * that they are on. Nobody can tell from outside, so it goes after all roll-outs. */
static void used_edges(struct edges *x, size_t i)
{
	const struct mok_changes *all = x->e->in->changes;
	const struct mok_change *c = &all->list.items[i];

	if (c->resource || c->implied || c->object->resource || c->kind->flags & MOK_K_COLLECTIONS)
		return;
	for (size_t k = 0; k < all->list.len; k++) {
		const struct op *make = x->e->make[k];

		if (make && all->list.items[k].kind->flags & MOK_K_APPLIES)
			edge(x, make->node, accepted(x->e->end[i]));
	}
}

static void change_edges(struct edges *x)
{
	struct engine *e = x->e;

	for (size_t i = 0; i < e->in->changes->list.len; i++) {
		made_edges(x, i);
		if (e->make[i])
			given_back_edge(x, i);
		if (e->make[i] && e->make[i]->what == OP_CREATE) {
			namesake_edge(x, i);
			governor_edges(x, i);
		}
		if (!e->end[i])
			continue;
		ended_edges(x, i);
		implied_edge(x, i);
		scanned_edges(x, i);
		if (x->advice & ADVICE_OBJECTS) {
			objects_edges(x, i);
			used_edges(x, i);
		}
		previous_edges(x, i);
	}
}

/* Deletions are sent in the order of their kinds' ranks: a lower rank's must have been accepted.
 * One barrier node between neighbouring ranks keeps this linear. */
static void rank_edges(struct edges *x, size_t first_barrier, const int *ranks, size_t nranks)
{
	for (size_t i = 0; i < x->e->ops.len; i++) {
		const struct op *op = x->e->ops.items[i];
		size_t r = 0;

		if (op->what != OP_DELETE || op->change->implied)
			continue;
		while (r + 1 < nranks && ranks[r] != op->change->kind->destroy_rank)
			r++;
		edge(x, op->accepted_node, first_barrier + r);
		if (r > 0)
			edge(x, first_barrier + r - 1, op->accepted_node);
	}
	for (size_t r = 1; r < nranks; r++)
		edge(x, first_barrier + r - 1, first_barrier + r);
}

static size_t distinct_ranks(const struct engine *e, int *ranks, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < e->ops.len; i++) {
		size_t at = 0;
		int rank;

		if (e->ops.items[i]->what != OP_DELETE || e->ops.items[i]->change->implied)
			continue;
		rank = e->ops.items[i]->change->kind->destroy_rank;
		while (at < n && ranks[at] < rank)
			at++;
		if ((at < n && ranks[at] == rank) || n == max)
			continue;
		memmove(ranks + at + 1, ranks + at, (n - at) * sizeof(*ranks));
		ranks[at] = rank;
		n++;
	}
	return n;
}

static int try_edges(struct engine *e, const struct counted *count, const int *ranks, size_t nranks,
	unsigned advice)
{
	size_t nodes = count->nodes;
	struct edges x = {
		.e = e,
		.advice = advice,
		.graph = mok_graph_new(e->arena, nodes + nranks),
		.ending = mok_map_new(e->arena),
		.by_id = mok_map_new(e->arena),
		.governors = mok_governors_going(e->arena, e->in->changes),
	};
	size_t *order = MOK_NEW_N(e->arena, size_t, nodes + nranks + 1);
	struct mok_cycle cycle = { 0 };

	index_endings(&x);
	index_former(&x);
	change_edges(&x);
	for (size_t i = 0; i < e->ops.len; i++)
		if (e->ops.items[i]->accepted_node != SIZE_MAX)
			edge(&x, e->ops.items[i]->accepted_node, e->ops.items[i]->node);
	if (nranks)
		rank_edges(&x, nodes, ranks, nranks);
	if (count->moved != SIZE_MAX)
		mok_settle_edges(e, x.graph, count->moved);
	e->graph = x.graph;
	return mok_graph_order(x.graph, order, &cycle);
}

void mok_engine_edges(struct engine *e, size_t nodes, size_t moved)
{
	const struct counted count = { nodes, moved };
	int ranks[64];
	size_t nranks = distinct_ranks(e, ranks, MOK_COUNT(ranks));

	/* Ranks and references seen in the account are advice; what the plan says is not. */
	if (try_edges(e, &count, ranks, nranks, ADVICE_ALL) != 0 &&
		try_edges(e, &count, ranks, nranks, ADVICE_SCANS) != 0) {
		nranks = 0;
		if (try_edges(e, &count, ranks, 0, ADVICE_SCANS) != 0 &&
			try_edges(e, &count, ranks, 0, 0) != 0)
			MOK_BUG("operations need each other in a circle");
	}
	e->by_node = MOK_NEW_N(e->arena, struct op *, nodes + nranks + 1);
	for (size_t i = 0; i < e->ops.len; i++) {
		struct op *op = e->ops.items[i];

		e->by_node[op->node] = op;
		if (op->accepted_node != SIZE_MAX)
			e->by_node[op->accepted_node] = op;
	}
	e->open = nodes + nranks;
}
