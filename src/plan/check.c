#include "mok/graph.h"
#include "plan_internal.h"

#include <string.h>

/* What only the whole shows: references, circles, names, and every value while nothing of the
 * account is known. */

struct edge_at {
	size_t from, to;
	struct mok_mark at;
};

struct checker {
	struct load *load;
	struct mok_arena *scratch;
	MOK_VEC(struct edge_at) edges;
	struct mok_val *wants; /* by resource */
	struct mok_map *names; /* kind, parent and natural key -> the first resource */
};

static size_t index_of(const struct load *load, const struct mok_resource *r)
{
	return (size_t)(r - load->stack->resources.items);
}

/* ---- references ---- */

static bool is_known_path(const struct mok_kind *kind, const char *path, const char **bad)
{
	const struct mok_field *fields = kind->fields;

	if (strcmp(path, "id") == 0 || (kind->urn && strcmp(path, "urn") == 0))
		return true;
	while (*path) {
		size_t len = strcspn(path, ".");
		const struct mok_field *f = fields;

		while (f->name && (strncmp(f->name, path, len) != 0 || f->name[len]))
			f++;
		*bad = path;
		if (!f->name)
			return false;
		path += len;
		path += *path == '.';
		if (f->type == MOK_LIST && *path >= '0' && *path <= '9') {
			path += strcspn(path, ".");
			path += *path == '.';
		}
		if (!f->sub)
			return true;
		fields = f->sub;
	}
	return true;
}

static void bad_path(
	struct load *load, const struct mok_resource *r, const struct mok_ref *ref, const char *bad)
{
	const char *names[128], *near, *name;
	struct mok_diag *d;
	size_t n = 0;

	name = mok_arena_strndup(load->arena, bad, strcspn(bad, "."));
	names[n++] = "id";
	for (const struct mok_field *f = r->kind->fields; f->name && n < MOK_COUNT(names); f++)
		names[n++] = f->name;
	d = mok_diag_add(
		load->diags, "E0506", ref->at, "%s has no field \"%s\"", r->kind->name, name);
	near = mok_nearest(name, names, n);
	mok_diag_near(load->diags, d, near);
}

static void add_dep(struct checker *c, struct mok_resource *r, const struct mok_resource *on,
	struct mok_mark at)
{
	struct edge_at edge = { index_of(c->load, r), index_of(c->load, on), at };

	for (size_t i = 0; i < r->deps.len; i++)
		if (r->deps.items[i] == edge.to)
			return;
	mok_vec_push(c->load->arena, &r->deps, edge.to);
	mok_vec_push(c->scratch, &c->edges, edge);
}

static void add_refs(struct checker *c, struct mok_resource *r)
{
	struct load *load = c->load;
	struct mok_diags quiet = { .arena = load->arena };
	struct mok_refs refs = { 0 };

	mok_expr_refs(c->scratch, &r->fields, &refs);
	for (size_t i = 0; i < refs.list.len; i++) {
		const struct mok_ref *ref = &refs.list.items[i];
		const struct mok_resource *on;
		const char *bad = NULL;

		if (plan_is_scope_root(ref->root))
			continue;
		/* What is not there is reported when the value is evaluated. */
		on = plan_find(load->plan, r, ref, load->arena, &quiet);
		if (!on)
			continue;
		if (!is_known_path(on->kind, ref->path, &bad))
			bad_path(load, on, ref, bad);
		add_dep(c, r, on, ref->at);
	}
}

static void add_depends_on(struct checker *c, struct mok_resource *r, const struct mok_val *list)
{
	struct load *load = c->load;

	if (list->type != MOK_LIST) {
		mok_diag_add(load->diags, "E0602", list->at, "depends_on is a list of addresses");
		return;
	}
	for (size_t i = 0; i < list->u.list.len; i++) {
		const struct mok_val *item = &list->u.list.items[i];
		bool any = false;

		for (size_t k = 0; item->type == MOK_STR && k < load->stack->resources.len; k++) {
			const struct mok_resource *on = &load->stack->resources.items[k];

			if (strcmp(on->address, item->u.s) != 0 &&
				strcmp(on->block, item->u.s) != 0)
				continue;
			any = true;
			add_dep(c, r, on, item->at);
		}
		if (!any && !(item->type == MOK_STR && mok_map_get(load->plan->blocks, item->u.s)))
			mok_diag_add(load->diags, "E0602", item->at, "there is no resource \"%s\"",
				item->type == MOK_STR ? item->u.s : "");
	}
}

/* ---- ties: what is needed without being referred to ---- */

static bool unknown_attribute(
	void *self, const struct mok_resource *r, const char *path, struct mok_val *out)
{
	(void)self;
	(void)path;
	*out = mok_val_unknown(r->address);
	return true;
}

/* Only under the same parent. */
static const char *tie_key(struct checker *c, const struct mok_resource *r,
	const struct mok_val *want, const char *tie)
{
	const struct mok_val *parent =
		r->kind->parent_field ? mok_val_get(want, r->kind->parent_field) : NULL;
	bool named = parent && (parent->type == MOK_STR || parent->type == MOK_UNKNOWN);

	return mok_arena_printf(c->scratch, "%s\n%s", named ? parent->u.s : "", tie);
}

struct tied {
	struct mok_resource *resource;
	struct mok_val want, requires;
};

/* Adds what it provides to `providers`: key -> resource. */
static void read_ties(struct checker *c, struct tied *t, struct mok_map *providers)
{
	const struct mok_lookup lookup = { .attribute = unknown_attribute };
	struct mok_diags ignored = { .arena = c->scratch };
	struct mok_val provides = { .type = MOK_LIST };

	t->requires.type = MOK_LIST;
	if (mok_plan_eval(c->scratch, c->load->stack, t->resource, &lookup, &ignored, &t->want) !=
		0)
		return;
	t->resource->kind->ties(c->scratch, &t->want, &provides, &t->requires);
	for (size_t i = 0; i < provides.u.list.len; i++)
		mok_map_put(providers,
			tie_key(c, t->resource, &t->want, provides.u.list.items[i].u.s),
			t->resource);
}

/* What one resource moves in another is that one's wish at its creation only. */
static void leave_to(struct checker *c, const struct tied *by, const struct tied *of, char *field)
{
	char *path = strchr(field, '\n');
	const char *key =
		of->resource->kind->key ? of->resource->kind->key(c->scratch, &of->want) : NULL;
	const struct mok_val *v;
	struct mok_diag *d;

	*path++ = '\0';
	v = mok_streq(key, field) &&
			strcmp(tie_key(c, by->resource, &by->want, ""),
				tie_key(c, of->resource, &of->want, "")) == 0
		? mok_val_find(&of->want, path)
		: NULL;
	if (!v)
		return;
	mok_vec_push(c->load->arena, &of->resource->ignore_changes,
		mok_arena_strdup(c->load->arena, path));
	d = mok_diag_add(c->load->diags, "W0607", v->at.file ? v->at : of->resource->at,
		"%s: %s moves %s, so the number here counts at creation only",
		of->resource->address, by->resource->address, path);
	d->address = of->resource->address;
	mok_diag_hint(c->load->diags, d, "leave it out of the manifest");
}

static void note_governed(
	struct checker *c, const struct tied *tied, size_t n, const struct tied *by)
{
	struct mok_val fields = { .type = MOK_LIST };

	if (!by->resource->kind->governs)
		return;
	by->resource->kind->governs(c->scratch, &by->want, &fields);
	for (size_t i = 0; i < fields.u.list.len; i++)
		for (size_t k = 0; k < n; k++)
			leave_to(c, by, &tied[k],
				mok_arena_strdup(c->scratch, fields.u.list.items[i].u.s));
}

static void add_ties(struct checker *c)
{
	struct mok_stack *stack = c->load->stack;
	struct mok_map *providers = mok_map_new(c->scratch);
	struct tied *tied = MOK_NEW_N(c->scratch, struct tied, stack->resources.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < stack->resources.len; i++)
		if (stack->resources.items[i].kind->ties)
			tied[n++].resource = &stack->resources.items[i];
	for (size_t i = 0; i < n; i++)
		read_ties(c, &tied[i], providers);
	for (size_t i = 0; i < n; i++)
		note_governed(c, tied, n, &tied[i]);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < tied[i].requires.u.list.len; k++) {
			const char *tie = tied[i].requires.u.list.items[k].u.s;
			struct mok_resource *on = mok_map_get(
				providers, tie_key(c, tied[i].resource, &tied[i].want, tie));

			if (on && on != tied[i].resource)
				add_dep(c, tied[i].resource, on, tied[i].resource->at);
		}
}

/* ---- circles ---- */

static struct mok_mark edge_mark(const struct checker *c, size_t from, size_t to)
{
	const struct mok_mark nowhere = { 0 };

	for (size_t i = 0; i < c->edges.len; i++)
		if (c->edges.items[i].from == from && c->edges.items[i].to == to)
			return c->edges.items[i].at;
	return nowhere;
}

static void check_circles(struct checker *c)
{
	struct load *load = c->load;
	size_t n = load->stack->resources.len;
	struct mok_graph *graph = mok_graph_new(c->scratch, n);
	size_t *order = MOK_NEW_N(c->scratch, size_t, n + 1);
	struct mok_cycle cycle = { 0 };
	struct mok_buf path;

	for (size_t i = 0; i < c->edges.len; i++)
		mok_graph_edge(graph, c->edges.items[i].to, c->edges.items[i].from);
	if (mok_graph_order(graph, order, &cycle) == 0)
		return;
	mok_buf_init(&path, 4000);
	for (size_t i = 0; i < cycle.nodes.len; i++) {
		size_t node = cycle.nodes.items[i];

		mok_buf_printf(
			&path, "%s%s", i ? " -> " : "", load->stack->resources.items[node].address);
		if (i + 1 < cycle.nodes.len) {
			struct mok_mark at = edge_mark(c, node, cycle.nodes.items[i + 1]);

			mok_buf_printf(&path, " (%u:%u)", at.line, at.column);
		}
	}
	mok_diag_add(load->diags, "E0507", edge_mark(c, cycle.nodes.items[0], cycle.nodes.items[1]),
		"resources need each other in a circle: %s", path.data);
	mok_buf_release(&path);
}

/* ---- values ---- */

/* While nothing of the account is known: what is written is known, the rest is not. */
static bool offline(void *self, const struct mok_resource *r, const char *path, struct mok_val *out)
{
	const struct checker *c = self;
	const struct mok_val *want = &c->wants[index_of(c->load, r)];
	const struct mok_val *v = want->type == MOK_MAP && *path ? mok_val_at(want, path) : NULL;

	if (v)
		*out = *v;
	else
		*out = mok_val_unknown(mok_arena_printf(
			c->load->arena, "%s%s%s", r->address, *path ? "." : "", path));
	out->sensitive |= mok_field_is_sensitive(r->kind->fields, path);
	return true;
}

/* Two resources that would be one object. */
static void check_name(struct checker *c, struct mok_arena *arena, const struct mok_resource *r,
	const struct mok_val *want)
{
	struct load *load = c->load;
	const struct mok_resource *first;
	const struct mok_val *parent =
		r->kind->parent_field ? mok_val_get(want, r->kind->parent_field) : NULL;
	const char *parent_text = "", *natural, *key;
	struct mok_diag *d;

	if (r->kind->natural_key || r->kind->name_field || r->kind->key) {
		natural = mok_natural_key(arena, r->kind, want);
	} else {
		natural = r->kind->flags & MOK_K_SINGLE ? "" : NULL;
	}
	if (!natural)
		return;
	if (parent && (parent->type == MOK_UNKNOWN || parent->type == MOK_STR))
		parent_text = parent->u.s;
	key = mok_arena_printf(arena, "%s\n%s\n%s", r->kind->name, parent_text, natural);
	first = mok_map_get(c->names, key);
	if (!first) {
		mok_map_put(c->names, key, (void *)(uintptr_t)r);
		return;
	}
	d = mok_diag_add(load->diags, "E0606", r->at,
		"%s and %s would be the same %s in the account", first->address, r->address,
		r->kind->name);
	d->other = first->at;
	d->other_label = "the other one";
	d->address = r->address;
}

static void check_moves(struct load *load)
{
	for (size_t i = 0; i < load->stack->resources.len; i++) {
		const struct mok_resource *r = &load->stack->resources.items[i];
		const struct mok_resource *old =
			r->moved_from ? mok_map_get(load->stack->by_address, r->moved_from) : NULL;
		struct mok_diag *d;

		if (!old || old == r)
			continue;
		d = mok_diag_add(load->diags, "E0605", r->at,
			"%s says that it moved from %s, which is in the plan too", r->address,
			r->moved_from);
		d->other = old->at;
		d->other_label = "this one";
	}
}

/* How many values go before the scratch memory is given back. */
#define SCRATCH_COUNT 256

/* Each is evaluated after what it refers to, so that known names reach the others. Values that
 * nobody refers to are not kept. */
static void evaluate_all(struct checker *c)
{
	struct load *load = c->load;
	size_t n = load->stack->resources.len;
	bool *referred = MOK_NEW_N(c->scratch, bool, n + 1);
	struct mok_arena *scratch = mok_arena_new();
	struct mok_graph *graph = mok_graph_new(c->scratch, n);
	size_t *order = MOK_NEW_N(c->scratch, size_t, n + 1);
	const struct mok_lookup lookup = { .self = c, .attribute = offline };
	struct mok_cycle cycle = { 0 };

	for (size_t i = 0; i < c->edges.len; i++) {
		mok_graph_edge(graph, c->edges.items[i].to, c->edges.items[i].from);
		referred[c->edges.items[i].to] = true;
	}
	if (mok_graph_order(graph, order, &cycle) != 0)
		for (size_t i = 0; i < n; i++)
			order[i] = i;
	for (size_t k = 0; k < n; k++) {
		const struct mok_resource *r = &load->stack->resources.items[order[k]];
		struct mok_arena *arena = referred[order[k]] ? load->arena : scratch;
		struct mok_val want;

		if (mok_plan_eval(arena, load->stack, r, &lookup, load->diags, &want) == 0)
			check_name(c, arena, r, &want);
		if (referred[order[k]])
			c->wants[order[k]] = want;
		if (k % SCRATCH_COUNT == SCRATCH_COUNT - 1) {
			mok_arena_free(scratch);
			scratch = mok_arena_new();
		}
	}
	mok_arena_free(scratch);
}

static void check_outputs(struct checker *c)
{
	const struct mok_lookup lookup = { .self = c, .attribute = offline };
	struct load *load = c->load;

	for (size_t i = 0; i < load->stack->outputs.len; i++) {
		const struct mok_output *o = &load->stack->outputs.items[i];
		struct mok_diags quiet = { .arena = load->arena };
		struct mok_refs refs = { 0 };
		struct mok_val ignored;
		const char *bad;

		mok_expr_refs(load->arena, &o->value, &refs);
		for (size_t k = 0; k < refs.list.len; k++) {
			const struct mok_ref *ref = &refs.list.items[k];
			const struct mok_resource *on = plan_is_scope_root(ref->root)
				? NULL
				: plan_find(load->plan, NULL, ref, load->arena, &quiet);

			if (on && !is_known_path(on->kind, ref->path, &bad))
				bad_path(load, on, ref, bad);
		}
		if (mok_plan_eval_output(
			    load->arena, load->stack, o, &lookup, load->diags, &ignored) != 0)
			continue;
	}
}

/* Fields that name another resource without referring to it. */
static void check_named(struct load *load, const struct mok_resource *r)
{
	for (const struct mok_field *f = r->kind->fields; f->name; f++) {
		const struct mok_val *v =
			f->flags & MOK_F_FILLS ? mok_val_get(&r->fields, f->name) : NULL;

		if (v && v->type == MOK_STR && !mok_map_get(load->stack->by_address, v->u.s))
			mok_diag_add(
				load->diags, "E0602", v->at, "there is no resource \"%s\"", v->u.s);
	}
}

static const struct mok_val *depends_on(const struct load *load, const struct mok_resource *r)
{
	return mok_map_get(load->plan->depends_on, r->block);
}

void plan_check(struct load *load)
{
	size_t n = load->stack->resources.len;
	struct checker c = { .load = load, .scratch = mok_arena_new() };

	c.wants = MOK_NEW_N(c.scratch, struct mok_val, n + 1);
	c.names = mok_map_new(c.scratch);
	for (size_t i = 0; i < n; i++) {
		struct mok_resource *r = &load->stack->resources.items[i];
		const struct mok_val *list = depends_on(load, r);

		add_refs(&c, r);
		check_named(load, r);
		if (list)
			add_depends_on(&c, r, list);
	}
	add_ties(&c);
	check_circles(&c);
	check_moves(load);
	evaluate_all(&c);
	check_outputs(&c);
	mok_arena_free(c.scratch);
}
