#include "engine_internal.h"

#include <string.h>

/*
 * At the end of a run, inventories lose the collections of which nothing is left. Whenever this is
 * missed (killed before, or refused), the inventory only names more than there is, and the next run
 * makes up for it: what was listed and held nothing of the stack is dropped too.
 */

struct shrinking {
	struct engine *engine;
	struct mok_map *ended; /* "kind/parent/id" of what this run saw go */
	size_t outstanding;
};

struct shrink {
	struct shrinking *all;
	const char *parent_id;
	const struct mok_kind *kind;
	struct mok_val left;
};

static const char *name_of(struct engine *e, const struct mok_object *o)
{
	return mok_arena_printf(e->arena, "%s\n%s\n%s", o->kind->name,
		o->parent_id ? o->parent_id : "", o->id ? o->id : "");
}

static void note_ended(struct shrinking *s)
{
	struct engine *e = s->engine;

	s->ended = mok_map_new(e->arena);
	for (size_t i = 0; i < e->ops.len; i++) {
		const struct op *op = e->ops.items[i];

		if ((op->what == OP_DELETE || op->what == OP_FORGET) && op->object &&
			op->finished && !op->failed)
			mok_map_put(s->ended, name_of(e, op->object), s);
	}
}

static void need(struct shrinking *s, struct mok_map *needed, const struct mok_kind *kind,
	const struct mok_val *attrs)
{
	const char *collection = kind->collection(s->engine->arena, attrs);

	if (collection)
		mok_map_put(needed, collection, s);
}

/* What the plan goes on to want, in whatever cluster, and what there still is in this one. */
static struct mok_map *needed_in(struct shrinking *s, const char *parent_id)
{
	struct engine *e = s->engine;
	struct mok_map *needed = mok_map_new(e->arena);

	for (size_t i = 0; i < e->in->stack->resources.len; i++) {
		const struct mok_change *c = &e->in->changes->list.items[i];

		if ((c->kind->flags & MOK_K_COLLECTIONS) &&
			(e->make[i] || (c->object && !e->end[i])))
			need(s, needed, c->kind, &c->want);
	}
	for (size_t i = 0; i < e->in->live->objects.len; i++) {
		const struct mok_object *o = e->in->live->objects.items[i];

		if ((o->kind->flags & MOK_K_COLLECTIONS) && o->addr_hash[0] &&
			mok_streq(o->parent_id, parent_id) && !mok_map_get(s->ended, name_of(e, o)))
			need(s, needed, o->kind, &o->attrs);
	}
	return needed;
}

static bool was_listed(const struct engine *e, const char *parent_id, const char *collection)
{
	return mok_map_get(
		e->in->live->listed, mok_arena_printf(e->arena, "%s\n%s", parent_id, collection));
}

static void untagged(void *ctx, struct mok_answer *answer)
{
	struct shrink *k = ctx;

	(void)answer;
	k->all->outstanding--;
}

/* The tag says that there may be an inventory: it goes after it. */
static void was_set(void *ctx, struct mok_answer *answer)
{
	struct shrink *k = ctx;
	struct engine *e = k->all->engine;
	const struct mok_resource *parent = mok_inventory_parent(e, k->kind, k->parent_id);
	struct mok_ask ask = { .verb = MOK_ASK_TAG_DROP };

	if ((answer->verdict == MOK_ANS_OK || answer->verdict == MOK_ANS_GONE) && parent &&
		k->left.u.list.len == 0) {
		ask.marker =
			mok_marker_about(e->arena, e->in->stack->name, parent->address, "objects");
		mok_ask_send(&e->asker, e->arena, &ask, untagged, k);
		return;
	}
	k->all->outstanding--;
}

static void send(struct shrink *k)
{
	struct engine *e = k->all->engine;
	struct mok_ask ask = { .verb = MOK_ASK_INVENTORY_SET,
		.kind = k->kind,
		.parent_id = k->parent_id,
		.name = e->in->stack->name,
		.extra = &k->left };

	k->all->outstanding++;
	mok_ask_send(&e->asker, e->arena, &ask, was_set, k);
}

static bool is_ending(struct shrinking *s, const struct mok_kind *kind, const char *id)
{
	const struct mok_object parent = { .kind = mok_kind_find(kind->parent), .id = id };

	return mok_map_get(s->ended, name_of(s->engine, &parent));
}

static void shrink(struct shrinking *s, const struct mok_kind *kind, const char *parent_id)
{
	struct engine *e = s->engine;
	const struct mok_val *now = mok_inventory_now(e, parent_id);
	struct mok_map *needed;
	struct shrink *k;

	if (!now || now->u.list.len == 0 || is_ending(s, kind, parent_id))
		return;
	needed = needed_in(s, parent_id);
	k = MOK_NEW(e->arena, struct shrink);
	*k = (struct shrink){ .all = s, .parent_id = parent_id, .kind = kind };
	k->left.type = MOK_LIST;
	for (size_t i = 0; i < now->u.list.len; i++) {
		const char *collection = now->u.list.items[i].u.s;

		if (mok_map_get(needed, collection) || !was_listed(e, parent_id, collection))
			mok_val_append(e->arena, &k->left, now->u.list.items[i]);
	}
	if (k->left.u.list.len < now->u.list.len)
		send(k);
}

static bool is_done(void *ctx)
{
	return ((struct shrinking *)ctx)->outstanding == 0;
}

/* The kind that a parent of inventories is asked by. */
static const struct mok_kind *asked_by(void)
{
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	for (size_t i = 0; i < count; i++)
		if (kinds[i]->flags & MOK_K_COLLECTIONS && kinds[i]->flags & MOK_K_APPLIES)
			return kinds[i];
	return NULL;
}

int mok_engine_shrink(struct engine *e, struct mok_err *err)
{
	struct shrinking s = { .engine = e };
	const struct mok_kind *kind = asked_by();

	note_ended(&s);
	for (size_t i = 0; kind && i < mok_map_len(e->in->live->inventories); i++)
		shrink(&s, kind, mok_map_key(e->in->live->inventories, i));
	return s.outstanding ? mok_loop_run(e->loop, is_done, &s, err) : 0;
}
