#include "live_internal.h"

#include <string.h>

struct detail {
	struct sweep *sweep;
	struct mok_object *object;
	const char *name; /* the attribute that it fills, or NULL: every key of the answer */
	struct mok_ask ask;
	struct mok_val pages; /* a list that comes in pages: what has come so far */
};

static void got_detail(void *ctx, struct mok_answer *answer);

/* Adds a page to those before; true if another one was asked for. */
static bool has_more(struct detail *d, struct mok_answer *answer)
{
	d->pages.type = MOK_LIST;
	for (size_t i = 0; i < answer->value.u.list.len; i++)
		mok_val_append(d->sweep->arena, &d->pages, answer->value.u.list.items[i]);
	answer->value = d->pages;
	if (!answer->next_page)
		return false;
	d->ask.page = answer->next_page;
	mok_sweep_ask(d->sweep, &d->ask, got_detail, d);
	return true;
}

static void got_detail(void *ctx, struct mok_answer *answer)
{
	struct detail *d = ctx;
	struct sweep *sweep = d->sweep;

	sweep->outstanding--;
	if (answer->verdict == MOK_ANS_GONE || answer->verdict == MOK_ANS_UNSUPPORTED)
		return;
	if (answer->verdict != MOK_ANS_OK) {
		mok_err_wrap(&answer->err, "reading %s of %s %s",
			d->name ? d->name : "the settings", d->object->kind->name,
			d->object->name ? d->object->name : d->object->id);
		mok_sweep_fail(sweep, &answer->err);
		return;
	}
	if (d->name && answer->value.type == MOK_LIST && has_more(d, answer))
		return;
	if (d->name) {
		mok_val_set(sweep->arena, &d->object->attrs, d->name, answer->value);
		return;
	}
	if (answer->value.type != MOK_MAP)
		return;
	for (size_t i = 0; i < answer->value.u.map.len; i++)
		mok_val_set(sweep->arena, &d->object->attrs, answer->value.u.map.pairs[i].key,
			answer->value.u.map.pairs[i].val);
}

static void ask_detail(
	struct sweep *sweep, struct mok_object *o, struct mok_ask *ask, const char *name)
{
	struct detail *d = MOK_NEW(sweep->arena, struct detail);

	*d = (struct detail){ .sweep = sweep, .object = o, .name = name };
	ask->kind = o->kind;
	ask->id = o->id;
	ask->parent_id = o->parent_id;
	ask->have = o;
	ask->region = mok_val_get_str(&o->attrs, "region");
	d->ask = *ask;
	mok_sweep_ask(sweep, ask, got_detail, d);
}

/* Fields with a request of their own are read only where something wants them. */
static void ask_fetched(struct sweep *sweep, struct mok_object *o, const struct mok_map *referred)
{
	for (const struct mok_field *f = o->kind->fields; f && f->name; f++) {
		struct mok_ask ask = { .verb = MOK_ASK_FETCH, .field = f };
		const char *key;

		if (!(f->flags & MOK_F_FETCHED))
			continue;
		key = mok_arena_printf(sweep->scratch, "%s.%s", o->resource->address, f->name);
		if (mok_map_get(referred, key) ||
			(!(f->flags & MOK_F_COMPUTED) &&
				mok_val_get(&o->resource->fields, f->name)))
			ask_detail(sweep, o, &ask, f->name);
	}
}

/* Settings that have a request each (a bucket's acl, cors ...): those that the plan declares. */
static void ask_parts(struct sweep *sweep, struct mok_object *o)
{
	if (!(o->kind->flags & MOK_K_PARTS))
		return;
	for (const struct mok_call *c = o->kind->calls; c && c->name; c++) {
		struct mok_ask ask = { .verb = MOK_ASK_PARTS, .name = c->name, .call = c };
		bool declared = false;

		for (const struct mok_field *f = o->kind->fields; f->name && !declared; f++)
			declared = (f->call ? mok_streq(f->call, c->name) : c == o->kind->calls) &&
				mok_val_get(&o->resource->fields, f->name);
		if (declared)
			ask_detail(sweep, o, &ask, NULL);
	}
}

static void ask_members(struct sweep *sweep, struct mok_object *o)
{
	struct mok_ask ask = { .verb = MOK_ASK_MEMBERS, .page = 1 };

	if (o->kind->flags & MOK_K_WEAK_REFS)
		ask_detail(sweep, o, &ask, "resources");
}

static void note_refs(struct sweep *sweep, const struct mok_refs *refs, struct mok_map *referred)
{
	for (size_t i = 0; i < refs->list.len; i++) {
		const struct mok_ref *ref = &refs->list.items[i];
		size_t first = strcspn(ref->path, ".");

		mok_map_put(referred,
			mok_arena_printf(
				sweep->scratch, "%s.%.*s", ref->root, (int)first, ref->path),
			sweep);
	}
}

/* "ADDRESS.ATTRIBUTE" of all that something in the plan refers to. */
static struct mok_map *referred_to(struct sweep *sweep)
{
	const struct mok_stack *stack = sweep->in.stack;
	struct mok_map *referred = mok_map_new(sweep->scratch);
	struct mok_refs refs = { 0 };

	for (size_t i = 0; i < stack->resources.len; i++) {
		refs.list.len = 0;
		mok_expr_refs(sweep->scratch, &stack->resources.items[i].fields, &refs);
		note_refs(sweep, &refs, referred);
	}
	refs.list.len = 0;
	for (size_t i = 0; i < stack->outputs.len; i++)
		mok_expr_refs(sweep->scratch, &stack->outputs.items[i].value, &refs);
	note_refs(sweep, &refs, referred);
	return referred;
}

void mok_sweep_details(struct sweep *sweep)
{
	struct mok_map *referred = referred_to(sweep);

	for (size_t i = 0; i < mok_map_len(sweep->out->by_address); i++) {
		struct mok_object *o = mok_map_value(sweep->out->by_address, i);

		ask_fetched(sweep, o, referred);
		ask_parts(sweep, o);
		ask_members(sweep, o);
	}
	for (size_t i = 0; i < sweep->out->orphans.len; i++)
		ask_members(sweep, sweep->out->orphans.items[i]);
}
