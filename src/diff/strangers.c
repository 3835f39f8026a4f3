#include "diff_internal.h"

#include <string.h>

/* Objects that nobody or another stack has marked, where a resource would be created. */

struct mok_object *mok_namesake(struct planner *p, const struct mok_change *c)
{
	const char *key = mok_natural_key(p->arena, c->kind, &c->want);
	const char *parent = NULL;

	if (c->kind->parent_field) {
		parent = mok_val_get_str(&c->want, c->kind->parent_field);
		if (!parent)
			return NULL;
	}
	return key ? mok_live_find(p->live, c->kind, parent, key) : NULL;
}

static const char *lacks_room(struct mok_arena *arena, const struct mok_object *o)
{
	const char *text = mok_val_get_str(&o->attrs, "description");
	const struct mok_field *f = mok_field_find(o->kind->fields, "description");

	if (o->kind->marking != MOK_MARK_DESCRIPTION || !f || f->max <= 0 || !text ||
		strlen(text) <= (size_t)f->max)
		return NULL;
	return mok_arena_printf(arena,
		"its description has no room for a marker: shorten it to %d characters",
		(int)f->max);
}

const char *mok_obstacle(
	struct mok_arena *arena, const struct mok_live *live, const struct mok_object *o)
{
	const char *stack = mok_live_other_stack(arena, live, o);

	if (stack)
		return mok_arena_printf(arena, "it belongs to the stack \"%s\"", stack);
	return o->gone ? "it is being deleted" : lacks_room(arena, o);
}

/* Only a name tells which of them is meant. */
static const char *obstacle(struct planner *p, const struct mok_object *o)
{
	const char *twins = mok_live_twins(p->arena, p->live, o);

	if (!twins || mok_live_other_stack(p->arena, p->live, o))
		return mok_obstacle(p->arena, p->live, o);
	return mok_arena_printf(p->arena, "there is more than one of it: %s", twins);
}

static void add_reason(struct planner *p, struct mok_change *c, const char *slug)
{
	mok_vec_push(p->arena, &c->reasons,
		mok_arena_printf(p->arena,
			"takes the name of %s, which is deleted first (moved_from keeps it "
			"instead)",
			slug));
}

void mok_check_namesake(struct planner *p, struct mok_change *c)
{
	struct mok_object *o;

	if (c->kind->flags & MOK_K_SINGLE)
		return;
	o = mok_namesake(p, c);
	if (!o)
		return;
	if (!o->addr_hash[0])
		mok_vec_push(p->arena, &p->out->strangers,
			((struct mok_stranger){ c->resource, o, obstacle(p, o) }));
	else if (!o->resource)
		add_reason(p, c, o->slug);
}

static void refuse(struct planner *p, const struct mok_stranger *s, size_t free)
{
	const struct mok_resource *r = s->resource;
	const struct mok_object *o = s->object;
	struct mok_diag *d = mok_diag_add(p->diags, "E0806", r->at,
		"%s: a %s \"%s\" exists already (id %s) and is not this stack's%s%s", r->address,
		r->kind->name, o->name ? o->name : o->id, o->id, s->obstacle ? ": " : "",
		s->obstacle ? s->obstacle : "");

	d->address = r->address;
	if (mok_live_other_stack(p->arena, p->live, o))
		mok_diag_hint(p->diags, d, "choose another name, or let that stack go of it first");
	else if (free > 1 && !s->obstacle)
		mok_diag_hint(p->diags, d,
			"to take it over: mok adopt '%s' %s; all %zu of such: mok adopt --all",
			r->address, o->id, free);
	else
		mok_diag_hint(p->diags, d, "to take it over: mok adopt '%s' %s", r->address, o->id);
}

void mok_refuse_strangers(struct planner *p)
{
	size_t free = 0;

	for (size_t i = 0; i < p->out->strangers.len; i++)
		free += p->out->strangers.items[i].obstacle == NULL;
	for (size_t i = 0; i < p->out->strangers.len; i++)
		refuse(p, &p->out->strangers.items[i], free);
}
