#include "mok/tfstate.h"

#include <string.h>

/*
 * A resource of the plan that has no object is what stands in its place: of its kind, in its
 * parent, with its natural key. The state's id tells twins apart. What has no such place may be
 * the resource of the same label, as in Terraform, if an update makes it what the plan wants.
 */

struct round {
	struct mok_arena *arena;
	const struct mok_live *live;
	const struct mok_changes *changes;
	struct mok_map *claims;
	struct mok_map *by_id;  /* mok_live_key -> object */
	struct mok_map *hosts;  /* ids of parents that hold objects, or are to */
	struct mok_map *places; /* "kind/parent/key" -> change of what the plan lacks */
	struct mok_map *labels; /* "kind/label[index]" -> the same */
	struct mok_map *asked;  /* "kind" and "kind/parent" that the plan has anything of */
	struct mok_map *lone;   /* "kind/parent" -> change, of what the plan lacks, if it is one */
	struct mok_map *crowds; /* items counted from 1: by place, by label, by "kind/parent" */
	struct mok_map *owners; /* mok_live_key -> the first item that is it */
	struct mok_map *taken;  /* plan's address -> item */
};

static const char *place_of(const struct round *m, const struct mok_kind *kind,
	const char *parent_id, const struct mok_val *attrs)
{
	const char *key = mok_natural_key(m->arena, kind, attrs);

	return key ? mok_arena_printf(
			     m->arena, "%s/%s/%s", kind->name, parent_id ? parent_id : "", key)
		   : NULL;
}

static const char *label_of(
	const struct round *m, const struct mok_kind *kind, const char *label, const char *index)
{
	return mok_arena_printf(
		m->arena, "%s %s %s %s", kind->name, label, index ? "[" : "", index ? index : "");
}

static const char *label_of_item(const struct round *m, const struct mok_tf_item *item)
{
	return item->label ? label_of(m, item->kind, item->label, item->index) : NULL;
}

static const char *label_of_resource(const struct round *m, const struct mok_resource *r)
{
	return label_of(m, r->kind, r->block, mok_val_text(m->arena, &r->each_key));
}

static const char *key_of(const struct round *m, const struct mok_object *o)
{
	return mok_live_key(m->arena, o->kind->name, o->parent_id, o->id);
}

static const char *parent_of(const struct mok_change *c)
{
	return c->kind->parent_field ? mok_val_get_str(&c->want, c->kind->parent_field) : NULL;
}

/* ---- what there is ---- */

static const char *family_of(
	const struct round *m, const struct mok_kind *kind, const char *parent_id)
{
	return mok_arena_printf(m->arena, "%s/%s", kind->name, parent_id ? parent_id : "");
}

static void count(const struct round *m, const char *what)
{
	if (what)
		mok_map_put(m->crowds, what, (void *)((uintptr_t)mok_map_get(m->crowds, what) + 1));
}

static bool is_crowded(const struct round *m, const char *what)
{
	return (uintptr_t)mok_map_get(m->crowds, what) > 1;
}

static bool is_open(const struct mok_change *c)
{
	return c->resource && !c->object && !c->foreign;
}

static void index_change(struct round *m, struct mok_change *c)
{
	const char *parent = parent_of(c), *place;

	mok_map_put(m->asked, c->kind->name, c);
	if (parent)
		mok_map_put(
			m->asked, mok_arena_printf(m->arena, "%s/%s", c->kind->name, parent), c);
	if (parent && c->kind->marking == MOK_MARK_OBJECT)
		mok_map_put(m->hosts, parent, c);
	if (!is_open(c))
		return;
	place = parent || !c->kind->parent ? place_of(m, c->kind, parent, &c->want) : NULL;
	if (place)
		mok_map_put(m->places, place, c);
	mok_map_put(m->labels, label_of_resource(m, c->resource), c);
	if (parent || !c->kind->parent) {
		const char *family = family_of(m, c->kind, parent);

		mok_map_put(m->lone, family, c);
		count(m, mok_arena_printf(m->arena, "lacks %s", family));
	}
}

static void index_all(struct round *m)
{
	for (size_t i = 0; i < m->changes->list.len; i++)
		if (m->changes->list.items[i].resource)
			index_change(m, &m->changes->list.items[i]);
	for (size_t i = 0; i < m->live->objects.len; i++) {
		struct mok_object *o = m->live->objects.items[i];

		mok_map_put(m->by_id, key_of(m, o), o);
		if (o->parent_id && o->kind->marking == MOK_MARK_OBJECT)
			mok_map_put(m->hosts, o->parent_id, o);
	}
}

/* ---- which object an entry is ---- */

/* Nothing in the state says in which cluster. */
static struct mok_object *find_in_clusters(const struct round *m, struct mok_tf_item *item)
{
	struct mok_object *found = NULL;
	bool wanted = false;

	for (size_t i = 0; i < mok_map_len(m->hosts); i++) {
		const char *host = mok_map_key(m->hosts, i);
		struct mok_object *o = mok_live_find(m->live, item->kind, host, item->key);
		bool is_wanted = o &&
			(o->addr_hash[0] ||
				mok_map_get(m->places, place_of(m, o->kind, host, &o->attrs)));

		if (!o || (found && wanted && !is_wanted))
			continue;
		if (found && wanted == is_wanted)
			item->reason = "more than one cluster has it";
		else
			item->reason = NULL;
		found = o;
		wanted = is_wanted;
	}
	return found;
}

static struct mok_object *find_object(const struct round *m, struct mok_tf_item *item)
{
	struct mok_object *o;

	if (item->key)
		return find_in_clusters(m, item);
	o = mok_map_get(
		m->by_id, mok_live_key(m->arena, item->kind->name, item->parent_id, item->id));
	if (o || !item->name)
		return o;
	o = mok_live_find(m->live, item->kind, item->parent_id, item->name);
	return o && !mok_live_twins(m->arena, m->live, o) ? o : NULL;
}

/* Would it have been seen? What the plan has nothing of is not looked for. */
static bool was_looked_for(const struct round *m, const struct mok_tf_item *item)
{
	const struct mok_kind *kind = item->kind, *parent = mok_kind_find(kind->parent);

	if (!mok_map_get(m->asked, kind->name))
		return false;
	if (kind->flags & MOK_K_PER_REGION)
		return mok_map_get(
			m->places, mok_arena_printf(m->arena, "%s//%s", kind->name, item->id));
	for (size_t i = 0; item->key && i < mok_map_len(m->hosts); i++)
		if (mok_map_get(m->places,
			    mok_arena_printf(m->arena, "%s/%s/%s", kind->name,
				    mok_map_key(m->hosts, i), item->key)))
			return true;
	if (item->key)
		return false;
	return !parent || !mok_live_by_id(m->live, parent, item->parent_id) ||
		mok_map_get(
			m->asked, mok_arena_printf(m->arena, "%s/%s", kind->name, item->parent_id));
}

static void set_fate(struct mok_tf_item *item, enum mok_tf_fate fate, const char *reason)
{
	item->fate = fate;
	item->reason = reason;
}

static bool is_known(const struct mok_tf_item *item)
{
	return item->row && item->fate != MOK_TF_UNREADABLE;
}

/* Not yet anyone's, and nothing speaks against asking whose it would be. */
static bool is_pending(const struct mok_tf_item *item)
{
	return is_known(item) && item->fate == MOK_TF_UNPLANNED && item->object && !item->reason;
}

static void look_up(struct round *m, struct mok_tf_item *item)
{
	struct mok_object *o;
	const struct mok_tf_item *other;
	const char *key;

	set_fate(item, MOK_TF_UNPLANNED, NULL);
	item->plan_address = NULL;
	item->object = o = find_object(m, item);
	if (!o) {
		item->fate = was_looked_for(m, item) ? MOK_TF_ABSENT : MOK_TF_UNPLANNED;
		return;
	}
	key = key_of(m, o);
	other = mok_map_get(m->owners, key);
	if (other) {
		set_fate(item, MOK_TF_TWICE, other->address);
		return;
	}
	mok_map_put(m->owners, key, item);
	item->plan_address = mok_map_get(m->claims, key);
	if (item->plan_address || o->addr_hash[0]) {
		item->fate = item->plan_address ? MOK_TF_ADOPTS : MOK_TF_OURS;
		if (item->fate == MOK_TF_OURS && o->resource)
			item->plan_address = o->resource->address;
		return;
	}
	count(m, place_of(m, o->kind, o->parent_id, &o->attrs));
	count(m, label_of_item(m, item));
	count(m, family_of(m, o->kind, o->parent_id));
}

/* ---- whose it is ---- */

static void give(struct round *m, struct mok_tf_item *item, const struct mok_change *c)
{
	const char *obstacle = mok_obstacle(m->arena, m->live, item->object);

	item->plan_address = c->address;
	mok_map_put(m->taken, c->address, item);
	set_fate(item, obstacle ? MOK_TF_LEFT : MOK_TF_ADOPTS, obstacle);
	if (!obstacle)
		mok_map_put(m->claims, key_of(m, item->object), (void *)(uintptr_t)c->address);
}

static void match_place(struct round *m, struct mok_tf_item *item)
{
	const struct mok_object *o = item->object;
	const char *place = place_of(m, o->kind, o->parent_id, &o->attrs);
	const struct mok_change *c = place ? mok_map_get(m->places, place) : NULL;

	if (!c)
		return;
	if (!is_crowded(m, place) ||
		mok_streq(label_of_item(m, item), label_of_resource(m, c->resource))) {
		if (!mok_map_get(m->taken, c->address))
			give(m, item, c);
		return;
	}
	item->plan_address = c->address;
}

/* Can an update make this part of the natural key what the plan wants? */
static bool part_fits(const struct round *m, const struct mok_change *c, const char *name,
	const struct mok_object *o)
{
	const struct mok_field *f = mok_field_find(c->kind->fields, name);
	const struct mok_val *want = mok_val_get(&c->want, name);

	if (!f || !want || want->type == MOK_NULL || mok_val_has_unknown(want))
		return true;
	if (mok_streq(name, c->kind->name_field) && !mok_val_get(&c->resource->fields, name))
		return true; /* a name of mok's own making counts at the creation only */
	if (!mok_field_differs(m->arena, f, want, o))
		return true;
	return !(f->flags & MOK_F_REPLACES) && mok_call_of(c->kind, f);
}

static bool fits(const struct round *m, const struct mok_change *c, const struct mok_object *o)
{
	const char *p = c->kind->natural_key;

	if (!p || c->kind->key || !mok_streq(parent_of(c), o->parent_id))
		return false;
	while (*p) {
		size_t len = strcspn(p, " ");

		if (!part_fits(m, c, mok_arena_strndup(m->arena, p, len), o))
			return false;
		p += len + (p[len] == ' ');
	}
	return true;
}

/* What to do if it is: a name that the plan writes counts, one of mok's own making does not. */
static const char *perhaps(
	const struct round *m, const struct mok_change *c, const struct mok_object *o)
{
	const char *field = c->kind->name_field;

	if (!field || !o->name)
		return NULL;
	if (mok_val_get(&c->resource->fields, field))
		return mok_arena_printf(m->arena, "perhaps the plan's %s: then write there %s: %s",
			c->address, field, o->name);
	return mok_arena_printf(m->arena, "perhaps the plan's %s: then mok adopt '%s' %s",
		c->address, c->address, o->id);
}

static void match_label(struct round *m, struct mok_tf_item *item)
{
	const char *label = label_of_item(m, item);
	const struct mok_change *c = label ? mok_map_get(m->labels, label) : NULL;

	if (item->plan_address) {
		const struct mok_tf_item *winner = mok_map_get(m->taken, item->plan_address);

		if (!winner)
			set_fate(item, MOK_TF_LEFT,
				"the state holds more than one that this may be");
		else
			item->plan_address = NULL;
		return;
	}
	if (!c || is_crowded(m, label) || mok_map_get(m->taken, c->address))
		return;
	if (fits(m, c, item->object))
		give(m, item, c);
	else if (mok_streq(parent_of(c), item->object->parent_id))
		item->reason = perhaps(m, c, item->object);
}

/* One is there, and one is lacking: perhaps only the names differ. */
static void guess(struct round *m, struct mok_tf_item *item)
{
	const struct mok_object *o = item->object;
	const char *family = family_of(m, o->kind, o->parent_id);
	const struct mok_change *c = mok_map_get(m->lone, family);

	if (c && !is_crowded(m, family) && !mok_map_get(m->taken, c->address) &&
		!is_crowded(m, mok_arena_printf(m->arena, "lacks %s", family)))
		item->reason = perhaps(m, c, o);
}

static void index_fates(struct mok_tf_state *state)
{
	state->by_plan = mok_map_new(state->arena);
	for (size_t i = 0; i < state->items.len; i++) {
		struct mok_tf_item *item = &state->items.items[i];

		if (item->fate == MOK_TF_ADOPTS || item->fate == MOK_TF_LEFT)
			mok_map_put(state->by_plan, item->plan_address, item);
	}
}

/* Each for all that is left, before the next. */
static void (*const ways[])(
	struct round *m, struct mok_tf_item *item) = { match_place, match_label, guess };

void mok_tf_match(struct mok_tf_state *state, const struct mok_live *live,
	const struct mok_changes *changes, struct mok_map *claims)
{
	struct mok_arena *arena = state->arena;
	struct round m = { arena, live, changes, claims, mok_map_new(arena), mok_map_new(arena),
		mok_map_new(arena), mok_map_new(arena), mok_map_new(arena), mok_map_new(arena),
		mok_map_new(arena), mok_map_new(arena), mok_map_new(arena) };

	index_all(&m);
	for (size_t i = 0; i < state->items.len; i++)
		if (is_known(&state->items.items[i]))
			look_up(&m, &state->items.items[i]);
	for (size_t k = 0; k < MOK_COUNT(ways); k++)
		for (size_t i = 0; i < state->items.len; i++)
			if (is_pending(&state->items.items[i]))
				ways[k](&m, &state->items.items[i]);
	index_fates(state);
}
