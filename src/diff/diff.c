#include "diff_internal.h"

#include <stdlib.h>
#include <string.h>

const char *mok_action_name(enum mok_action action)
{
	static const char *const names[] = { "no-op", "create", "update", "replace", "delete",
		"forget", "wait", "adopt" };

	return names[action];
}

/* ---- edges ---- */

static void index_parents(struct planner *p)
{
	for (size_t i = 0; i < p->stack->resources.len; i++) {
		const struct mok_resource *r = &p->stack->resources.items[i];
		const char *name = r->kind->name_field
			? mok_val_get_str(&r->fields, r->kind->name_field)
			: NULL;

		if (name)
			mok_map_put(p->parents,
				mok_arena_printf(p->arena, "%s/%s", r->kind->name, name),
				(void *)(uintptr_t)r);
	}
}

/* A parent that is named rather than referred to ("domain: example.org") still comes first. */
static void named_parent(struct planner *p, size_t index)
{
	const struct mok_resource *r = &p->stack->resources.items[index];
	const char *name =
		r->kind->parent_field ? mok_val_get_str(&r->fields, r->kind->parent_field) : NULL;
	const struct mok_resource *parent;

	if (!name)
		return;
	parent =
		mok_map_get(p->parents, mok_arena_printf(p->arena, "%s/%s", r->kind->parent, name));
	if (parent && parent != r)
		mok_graph_edge(p->needs, (size_t)(parent - p->stack->resources.items), index);
}

static bool wants_all(const struct mok_resource *r)
{
	for (const struct mok_field *f = r->kind->fields; f && f->name; f++) {
		const struct mok_val *v =
			f->flags & MOK_F_ALL ? mok_val_get(&r->fields, f->name) : NULL;

		if (v && mok_is_all(v))
			return true;
	}
	return false;
}

/* The holder of "all" comes after whatever may be a member, unless that needs the holder itself. */
static void all_edges(struct planner *p)
{
	size_t n = p->stack->resources.len;

	for (size_t i = 0; i < n; i++) {
		bool *after;

		if (!wants_all(&p->stack->resources.items[i]))
			continue;
		after = MOK_NEW_N(p->arena, bool, n);
		mok_graph_reach(p->needs, i, after);
		for (size_t k = 0; k < n; k++)
			if ((p->stack->resources.items[k].kind->flags & MOK_K_ASSIGNABLE) &&
				!after[k])
				mok_graph_edge(p->needs, k, i);
	}
}

static int order_resources(struct planner *p, size_t *order)
{
	size_t n = p->stack->resources.len;
	struct mok_cycle cycle = { 0 };

	p->needs = mok_graph_new(p->arena, n);
	index_parents(p);
	for (size_t i = 0; i < n; i++) {
		const struct mok_resource *r = &p->stack->resources.items[i];

		for (size_t k = 0; k < r->deps.len; k++)
			mok_graph_edge(p->needs, r->deps.items[k], i);
		named_parent(p, i);
	}
	all_edges(p);
	if (mok_graph_order(p->needs, order, &cycle) == 0)
		return 0;
	mok_diag_add(p->diags, "E0508", p->stack->resources.items[cycle.nodes.items[0]].at,
		"resources need each other in a circle, starting at %s",
		p->stack->resources.items[cycle.nodes.items[0]].address);
	return -1;
}

static void copy_edges(struct planner *p)
{
	for (size_t i = 0; i < p->stack->resources.len; i++) {
		size_t count;
		const size_t *after = mok_graph_after(p->needs, i, &count);

		for (size_t k = 0; k < count; k++)
			mok_vec_push(p->arena, &p->out->list.items[after[k]].deps, i);
	}
}

/* ---- outputs, sums ---- */

static void plan_outputs(struct planner *p)
{
	const struct mok_lookup lookup = { .self = p, .attribute = mok_planned_attribute };

	for (size_t i = 0; i < p->stack->outputs.len; i++) {
		struct mok_output_value v = { .output = &p->stack->outputs.items[i] };

		if (mok_plan_eval_output(
			    p->arena, p->stack, v.output, &lookup, p->diags, &v.value) != 0)
			continue;
		v.value.sensitive |= v.output->sensitive;
		mok_vec_push(p->arena, &p->out->outputs, v);
	}
}

static void count_action(struct mok_changes *out, const struct mok_change *c)
{
	size_t *const counters[] = { &out->nunchanged, &out->ncreate, &out->nupdate, &out->nreplace,
		&out->ndelete, &out->nforget, &out->nwait, &out->nadopt };

	(*counters[c->action])++;
	out->nmoved += c->moved_from != NULL;
	out->nrefused += c->refused;
}

static int own_seconds(const struct mok_change *c)
{
	int s = 0;

	switch (c->action) {
	case MOK_ACT_CREATE:
	case MOK_ACT_WAIT: return c->kind->typical_create_s;
	case MOK_ACT_REPLACE: return c->kind->typical_create_s + c->kind->typical_delete_s;
	case MOK_ACT_DELETE: return c->implied ? 0 : c->kind->typical_delete_s;
	case MOK_ACT_UPDATE:
		for (size_t i = 0; i < c->fields.len; i++)
			if (c->fields.items[i].call && c->fields.items[i].call->typical_s > s)
				s = c->fields.items[i].call->typical_s;
		return s;
	case MOK_ACT_NONE:
	case MOK_ACT_ADOPT:
	case MOK_ACT_FORGET: return 0;
	}
	return 0;
}

static void expect(struct planner *p, const size_t *order)
{
	size_t n = p->stack->resources.len;
	int *ends = MOK_NEW_N(p->arena, int, n + 1);

	for (size_t i = 0; i < n; i++) {
		const struct mok_change *c = &p->out->list.items[order[i]];
		int start = 0;

		for (size_t k = 0; k < c->deps.len; k++)
			if (ends[c->deps.items[k]] > start)
				start = ends[c->deps.items[k]];
		ends[order[i]] = start + own_seconds(c);
		if (ends[order[i]] > p->out->expected_s)
			p->out->expected_s = ends[order[i]];
	}
	for (size_t i = n; i < p->out->list.len; i++)
		if (own_seconds(&p->out->list.items[i]) > p->out->expected_s)
			p->out->expected_s = own_seconds(&p->out->list.items[i]);
}

void mok_plan_totals(struct planner *p)
{
	for (size_t i = 0; i < p->out->list.len; i++) {
		const struct mok_change *c = &p->out->list.items[i];

		count_action(p->out, c);
		p->out->cents_before += c->before_price.cents_per_month;
		p->out->cents_after += c->excluded ? c->before_price.cents_per_month
						   : c->after_price.cents_per_month;
		if (c->after_price.unpriced)
			mok_vec_push(p->arena, &p->out->unpriced, c->address);
	}
}

int mok_diff(struct mok_arena *arena, const struct mok_stack *stack, const struct mok_live *live,
	const struct mok_diff_options *options, struct mok_diags *diags, struct mok_changes *out)
{
	struct planner p = {
		.arena = arena,
		.stack = stack,
		.live = options->offline ? NULL : live,
		.catalogue = options->offline ? mok_catalogue_new(arena) : live->catalogue,
		.options = options,
		.diags = diags,
		.out = out,
		.parents = mok_map_new(arena),
	};
	size_t n = stack->resources.len;
	size_t *order = MOK_NEW_N(arena, size_t, n + 1);

	memset(out, 0, sizeof(*out));
	out->arena = arena;
	if (order_resources(&p, order) != 0)
		return -1;
	out->list.items = MOK_NEW_N(arena, struct mok_change, n + 8);
	out->list.len = n;
	out->list.cap = n + 8;
	mok_select(&p);
	for (size_t i = 0; i < n; i++)
		mok_plan_resource(&p, order[i]);
	if (!options->adopts)
		mok_refuse_strangers(&p);
	copy_edges(&p);
	plan_outputs(&p);
	mok_plan_leftovers(&p);
	mok_check_children(&p);
	mok_plan_totals(&p);
	expect(&p, order);
	return diags->nerrors ? -1 : 0;
}

static void leave_out(struct mok_change *c)
{
	c->action = MOK_ACT_NONE;
	c->excluded = true;
	c->fields.len = 0;
	c->moved_from = NULL;
	c->resume = c->refused = c->destroys_data = c->create_first = false;
	c->set_protect = c->clear_protect = c->set_retain = c->clear_retain = false;
}

static void count_again(struct mok_changes *changes)
{
	changes->nunchanged = changes->ncreate = changes->nupdate = changes->nreplace = 0;
	changes->ndelete = changes->nforget = changes->nmoved = changes->nrefused = 0;
	changes->nwait = changes->nadopt = 0;
	changes->drop_tags.len = 0;
	for (size_t i = 0; i < changes->list.len; i++)
		count_action(changes, &changes->list.items[i]);
}

void mok_changes_keep(struct mok_changes *changes,
	bool (*keep)(void *self, const struct mok_change *change), void *self)
{
	for (size_t i = 0; i < changes->list.len; i++)
		if (!keep(self, &changes->list.items[i]))
			leave_out(&changes->list.items[i]);
	count_again(changes);
}

void mok_changes_adopt(struct mok_changes *changes,
	bool (*keep)(void *self, const struct mok_change *change), void *self)
{
	for (size_t i = 0; i < changes->list.len; i++) {
		struct mok_change *c = &changes->list.items[i];
		bool kept = keep(self, c);

		leave_out(c);
		if (!kept)
			continue;
		c->excluded = false;
		c->action = MOK_ACT_ADOPT;
		c->generation = 1;
	}
	count_again(changes);
}

bool mok_changes_any(const struct mok_changes *changes)
{
	return changes->ncreate || changes->nupdate || changes->nreplace || changes->ndelete ||
		changes->nforget || changes->nadopt || changes->drop_tags.len;
}

/* ---- the order to show ---- */

struct weighed {
	size_t index;
	int weight;
};

static int weight(const struct mok_change *c)
{
	static const int weights[] = { 0, 2, 3, 5, 6, 4, 1, 2 };

	return weights[c->action] + (c->destroys_data ? 10 : 0);
}

static int by_weight(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

const size_t *mok_changes_order(const struct mok_changes *changes)
{
	size_t n = changes->list.len;
	struct weighed *sorted = MOK_NEW_N(changes->arena, struct weighed, n + 1);
	size_t *order = MOK_NEW_N(changes->arena, size_t, n + 1);

	for (size_t i = 0; i < n; i++)
		sorted[i] =
			(struct weighed){ .index = i, .weight = weight(&changes->list.items[i]) };
	qsort(sorted, n, sizeof(*sorted), by_weight);
	for (size_t i = 0; i < n; i++)
		order[i] = sorted[i].index;
	return order;
}
