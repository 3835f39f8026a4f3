#include "diff_internal.h"

#include <string.h>

static struct mok_change *add_leftover(struct planner *p, struct mok_object *o, const char *reason)
{
	struct mok_change c = {
		.address = o->resource ? o->resource->address : o->slug,
		.kind = o->kind,
		.object = o,
		.action = MOK_ACT_DELETE,
		.generation = o->generation,
		.want = { .type = MOK_MAP },
	};

	if (o->kind->price)
		c.before_price = o->kind->price(&o->attrs, p->catalogue);
	mok_vec_push(p->arena, &c.reasons, reason);
	mok_vec_push(p->arena, &p->out->list, c);
	return &p->out->list.items[p->out->list.len - 1];
}

static void forget(struct planner *p, struct mok_change *c, const char *reason)
{
	c->action = MOK_ACT_FORGET;
	mok_vec_push(p->arena, &c->reasons, reason);
}

static void refuse_twin(struct planner *p, const struct mok_change *c)
{
	struct mok_mark nowhere = { 0 };
	struct mok_diag *d =
		mok_diag_add(p->diags, "E0809", c->resource ? c->resource->at : nowhere,
			"%s: two %ss look alike, and nothing tells which of them is this stack's "
			"(one is %s)",
			c->address, c->kind->name, c->object->id);

	d->address = c->address;
	mok_diag_hint(p->diags, d, "delete one of the two by hand, then run mok again");
}

/* What deleting means for this object: it may be protected, retained, or not ours to lose. */
static void settle_delete(struct planner *p, struct mok_change *c)
{
	const struct mok_object *o = c->object;

	c->destroys_data = (c->kind->flags & MOK_K_HOLDS_DATA) != 0;
	if (o->is_default)
		forget(p, c,
			"has become a default of the account and cannot be deleted: only the "
			"marker is taken off");
	else if (o->retain_live || (c->resource && c->resource->retain))
		forget(p, c, "retain: it lives on without its marker");
	else if (o->protected_live || (c->resource && c->resource->protect == MOK_YES))
		c->refused = true;
	else if (o->twin)
		refuse_twin(p, c);
	if (c->action == MOK_ACT_FORGET)
		c->destroys_data = false;
}

static void plan_destroy(struct planner *p)
{
	for (size_t i = 0; i < p->stack->resources.len; i++) {
		struct mok_change *c = &p->out->list.items[i];

		if (c->excluded)
			continue;
		c->fields.len = 0;
		c->reasons.len = 0;
		c->moved_from = NULL;
		c->resume = c->set_protect = c->clear_protect = c->set_retain = c->clear_retain =
			false;
		c->refused = false;
		c->after_price = (struct mok_price){ 0 };
		c->action = c->object ? MOK_ACT_DELETE : MOK_ACT_NONE;
		if (c->object)
			settle_delete(p, c);
	}
}

/* An orphan's address is known by its hash alone; a target picks it out by that. */
static bool is_targeted(struct planner *p, const struct mok_object *o)
{
	char hash[17];

	for (size_t i = 0; i < p->options->nexcludes; i++) {
		mok_addr_hash(p->options->excludes[i], hash);
		if (strcmp(hash, o->addr_hash) == 0)
			return false;
	}
	for (size_t i = 0; i < p->options->ntargets; i++) {
		mok_addr_hash(p->options->targets[i], hash);
		if (strcmp(hash, o->addr_hash) == 0)
			return true;
	}
	return p->options->ntargets == 0;
}

#define HISTORY 2 /* older objects that stay beside the newest */

static bool is_of_key(struct planner *p, const struct mok_object *o, const char *key)
{
	return key && mok_streq(o->kind->key(p->arena, &o->attrs), key);
}

/* Is it one of the last that stay for rolling back? */
static bool is_history(struct planner *p, const struct mok_object *o)
{
	const struct mok_change *c;
	const char *key;
	size_t newer;

	if (!o->resource || !o->kind->keeps_old || p->options->destroy)
		return false;
	c = &p->out->list.items[o->resource - p->stack->resources.items];
	if (!o->kind->keeps_old(&c->want) || mok_replaced_around(p, o->resource, o))
		return false;
	key = o->kind->key(p->arena, &c->want);
	if (is_of_key(p, o, key))
		return true;
	/* One that is planned now is newer than all; it may be one of them, taken up again. */
	newer = c->action == MOK_ACT_CREATE;
	for (size_t i = 0; i < p->live->previous.len; i++) {
		const struct mok_object *other = p->live->previous.items[i];

		newer += other->resource == o->resource && other->generation > o->generation &&
			!is_of_key(p, other, key);
	}
	return newer < HISTORY;
}

static bool is_of_address(const struct mok_object *o, const char *address)
{
	char hash[17];

	mok_addr_hash(address, hash);
	return strcmp(hash, o->addr_hash) == 0;
}

/* A former self that stays goes along to the new address, lest it be an orphan of the old one. What
 * is taken up again gets its marker with its content. */
static void plan_move(struct planner *p, struct mok_object *o)
{
	const struct mok_resource *r = o->resource;
	const struct mok_change *now;
	struct mok_change *c;

	if (!r || !o->kind->keeps_old || is_of_address(o, r->address))
		return;
	now = &p->out->list.items[r - p->stack->resources.items];
	if (now->excluded || now->object == o || !is_history(p, o) ||
		is_of_key(p, o, o->kind->key(p->arena, &now->want)))
		return;
	c = add_leftover(p, o, mok_arena_printf(p->arena, "moved from %s", r->moved_from));
	now = &p->out->list.items[r - p->stack->resources.items];
	c->action = MOK_ACT_UPDATE;
	c->moved_from = r->moved_from;
	c->clear_protect = now->clear_protect;
	c->clear_retain = now->clear_retain;
}

static void plan_moves(struct planner *p)
{
	for (size_t i = 0; i < p->stack->resources.len && !p->options->destroy; i++) {
		struct mok_object *o =
			mok_map_get(p->live->by_address, p->stack->resources.items[i].address);

		if (o)
			plan_move(p, o);
	}
	for (size_t i = 0; i < p->live->previous.len; i++)
		plan_move(p, p->live->previous.items[i]);
}

/* Its address is of something that somebody else makes now: what was ours is theirs to go on with.
 */
static bool is_handed_over(struct planner *p, const struct mok_object *o)
{
	for (size_t i = 0; i < p->stack->resources.len && !p->options->destroy; i++)
		if (p->out->list.items[i].foreign &&
			is_of_address(o, p->stack->resources.items[i].address))
			return true;
	return false;
}

static void plan_orphans(struct planner *p)
{
	for (size_t i = 0; i < p->live->orphans.len; i++) {
		struct mok_object *o = p->live->orphans.items[i];

		if (is_targeted(p, o) && !is_handed_over(p, o))
			settle_delete(p,
				add_leftover(p, o,
					p->options->destroy ? "everything is destroyed"
							    : "is no longer in the configuration"));
	}
	for (size_t i = 0; i < p->live->previous.len; i++) {
		struct mok_object *o = p->live->previous.items[i];

		if (is_targeted(p, o) && !is_history(p, o))
			add_leftover(p, o,
				mok_arena_printf(p->arena, "generation %u, which has a successor",
					o->generation));
	}
}

/* Children that a parent's deletion takes along are not deleted one by one. */
static void imply_children(struct planner *p)
{
	struct mok_map *going = mok_map_new(p->arena);

	for (size_t i = 0; i < p->out->list.len; i++) {
		const struct mok_change *c = &p->out->list.items[i];

		if (c->object && (c->action == MOK_ACT_DELETE || c->action == MOK_ACT_REPLACE))
			mok_map_put(going,
				mok_arena_printf(p->arena, "%s/%s", c->kind->name, c->object->id),
				(void *)(uintptr_t)c);
	}
	for (size_t i = 0; i < p->out->list.len; i++) {
		struct mok_change *c = &p->out->list.items[i];

		if (!c->object || !(c->kind->flags & MOK_K_DIES_WITH_PARENT) ||
			!c->object->parent_id)
			continue;
		c->implied = (c->action == MOK_ACT_DELETE || c->action == MOK_ACT_REPLACE) &&
			mok_map_get(going,
				mok_arena_printf(
					p->arena, "%s/%s", c->kind->parent, c->object->parent_id));
	}
}

/* Does a free-standing tag name another natural key than the object to be made has? */
static bool is_of_another_key(
	const struct planner *p, const char *tag, const struct mok_change *creation)
{
	const struct mok_kind *kind = creation->kind;
	const char *key = mok_natural_key(p->arena, kind, &creation->want);
	const char *parent =
		kind->parent_field ? mok_val_get_str(&creation->want, kind->parent_field) : NULL;

	if (!key || (kind->parent_field && !parent))
		return false;
	return !mok_ends(tag, mok_marker_free_tag(p->arena, "", kind, parent, key));
}

/* A creation looks for what its marker may mark already; a move makes its marker once more. */
static bool is_picked_up(const struct planner *p, const char *tag, const struct mok_marker *marker,
	const struct mok_change *c)
{
	if (!c)
		return false;
	if (c->moved_from || (marker->about && marker->about[0]))
		return true;
	if (marker->kind && marker->kind[0])
		return !is_of_another_key(p, tag, c);
	return marker->generation == c->generation;
}

/* Markers of objects that are not to be seen: those of addresses about to be created are picked up
 * by the creation; the rest are looked after, then dropped. */
static void plan_drops(struct planner *p)
{
	struct mok_map *making = mok_map_new(p->arena);
	char hash[17];

	for (size_t i = 0; i < p->out->list.len; i++) {
		struct mok_change *c = &p->out->list.items[i];

		if (c->action == MOK_ACT_CREATE || c->action == MOK_ACT_REPLACE || c->moved_from) {
			mok_addr_hash(c->address, hash);
			mok_map_put(making, hash, c);
		}
	}
	if (p->options->ntargets || p->options->nexcludes)
		return;
	for (size_t i = 0; i < p->live->doubtful.len; i++) {
		struct mok_marker marker;

		if (mok_marker_parse(p->arena, p->live->doubtful.items[i], &marker) &&
			!is_picked_up(p, p->live->doubtful.items[i], &marker,
				mok_map_get(making, marker.addr_hash)))
			mok_vec_push(p->arena, &p->out->drop_tags, p->live->doubtful.items[i]);
	}
}

void mok_plan_leftovers(struct planner *p)
{
	if (p->options->destroy)
		plan_destroy(p);
	if (!p->live)
		return;
	plan_orphans(p);
	plan_moves(p);
	imply_children(p);
	plan_drops(p);
}
