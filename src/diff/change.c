#include "diff_internal.h"

#include <stdio.h>
#include <string.h>

static void add_reason(struct planner *p, struct mok_change *c, const char *reason)
{
	mok_vec_push(p->arena, &c->reasons, reason);
}

/* "<base>-g<n>", cut so that it fits. */
static const char *generation_name(
	struct planner *p, const struct mok_kind *kind, const char *base, unsigned generation)
{
	char suffix[16];
	int room, n = snprintf(suffix, sizeof(suffix), "-g%u", generation);

	room = kind->name_max > n ? kind->name_max - n : 200;
	return mok_arena_printf(p->arena, "%.*s%s", room, base, suffix);
}

static bool name_is_written(const struct mok_resource *r)
{
	return r->kind->name_field && mok_val_get(&r->fields, r->kind->name_field);
}

/* Bucket names are shared by all customers: a name of our own making carries a bit of the account.
 */
static const char *first_name(struct planner *p, const struct mok_resource *r, const char *wanted)
{
	const char *uuid = p->live ? p->live->account_uuid : NULL;
	int room;

	if (name_is_written(r) || !(r->kind->flags & MOK_K_WORLD_NAME) || !uuid || strlen(uuid) < 6)
		return wanted;
	room = r->kind->name_max > 7 ? r->kind->name_max - 7 : 56;
	return mok_arena_printf(p->arena, "%.*s-%.6s", room, wanted, uuid);
}

static void set_name(struct planner *p, struct mok_change *c, const char *name)
{
	if (!c->kind->name_field || !name)
		return;
	c->name = name;
	mok_val_set(p->arena, &c->want, c->kind->name_field, mok_val_str(name));
}

static void name_new_object(struct planner *p, struct mok_change *c)
{
	const char *wanted =
		c->kind->name_field ? mok_val_get_str(&c->want, c->kind->name_field) : NULL;

	if (wanted)
		set_name(p, c, first_name(p, c->resource, wanted));
}

static void plan_create(struct planner *p, struct mok_change *c)
{
	char hash[17];
	struct mok_marker marker;
	const char *doubt;

	c->action = MOK_ACT_CREATE;
	c->generation = 1;
	mok_addr_hash(c->address, hash);
	doubt = p->live ? mok_map_get(p->live->doubts, hash) : NULL;
	if (doubt && mok_marker_parse(p->arena, doubt, &marker) && marker.generation > 0)
		c->generation = marker.generation;
	for (size_t i = 0; p->live && i < p->live->orphans.len; i++) {
		const struct mok_object *o = p->live->orphans.items[i];

		if (strcmp(o->addr_hash, hash) == 0 && o->generation >= c->generation)
			c->generation = o->generation + 1;
	}
	name_new_object(p, c);
	if (p->live && !p->options->destroy)
		mok_check_namesake(p, c);
	c->set_protect = c->resource->protect == MOK_YES;
	c->set_retain = c->resource->retain;
}

/* ---- replacing ---- */

static bool parent_moves(const struct mok_change *c)
{
	for (size_t i = 0; i < c->fields.len; i++)
		if (mok_streq(c->fields.items[i].path, c->kind->parent_field))
			return true;
	return false;
}

/* Something that it needs must be gone before its successor can be made: so must this. */
static bool waits_for_an_end(struct planner *p, const struct mok_change *c)
{
	for (size_t i = 0; i < c->resource->deps.len; i++) {
		const struct mok_change *d = &p->out->list.items[c->resource->deps.items[i]];

		if (d->action == MOK_ACT_REPLACE && !d->create_first)
			return true;
	}
	return false;
}

static void refuse_successor(
	struct planner *p, const struct mok_change *c, const char *field, const char *value)
{
	struct mok_diag *d = mok_diag_add(p->diags, "E0814", c->resource->at,
		"%s cannot be made anew with the %s %s: the %s that has it is its region's "
		"default, which cannot be deleted",
		c->address, field, value, c->kind->name);

	d->address = c->address;
	mok_diag_hint(p->diags, d, "give it another %s, or make another %s the default first",
		field, c->kind->name);
}

/* What the account cannot lose stays beside its successor, with all that only one may have. */
static void check_stays(struct planner *p, const struct mok_change *c)
{
	const char *field = c->kind->exclusive_field, *name = c->object->name;
	const char *taken = field ? mok_val_get_str(&c->object->attrs, field) : NULL;

	if (taken && mok_streq(mok_val_get_str(&c->want, field), taken))
		refuse_successor(p, c, field, taken);
	if (name && mok_streq(c->name, name))
		refuse_successor(p, c, c->kind->name_field, name);
}

static void plan_replace(struct planner *p, struct mok_change *c)
{
	const struct mok_object *o = c->object;
	const char *wanted =
		c->kind->name_field ? mok_val_get_str(&c->want, c->kind->name_field) : NULL;
	bool elsewhere = parent_moves(c);

	c->action = MOK_ACT_REPLACE;
	c->generation = o->generation + 1;
	c->destroys_data = (c->kind->flags & MOK_K_HOLDS_DATA) != 0;
	if (wanted) {
		bool own_name = !name_is_written(c->resource);
		const char *base = own_name && o->name ? mok_base_name(p->arena, o) : wanted;
		bool suffix = !elsewhere &&
			((c->kind->flags & MOK_K_GEN_NAME) ||
				(own_name && (c->kind->flags & MOK_K_NAME_UNIQUE)));

		set_name(p, c, suffix ? generation_name(p, c->kind, base, c->generation) : base);
	}
	/* Where its parent is another, the two do not meet. */
	c->create_first = elsewhere ||
		(!(c->kind->flags & MOK_K_DESTROY_FIRST) &&
			(!(c->kind->flags & MOK_K_NAME_UNIQUE) || !c->name ||
				!mok_streq(c->name, o->name)));
	if (c->kind->key && !elsewhere &&
		mok_streq(c->kind->key(p->arena, &c->want), c->kind->key(p->arena, &o->attrs)))
		c->create_first = false; /* one of that name at a time */
	if ((c->kind->flags & MOK_K_SINGLE) && !elsewhere)
		c->create_first = false; /* the end of the old is the end of the new */
	if (waits_for_an_end(p, c) && !elsewhere)
		c->create_first = false;
	if (o->is_default) {
		c->create_first = true;
		check_stays(p, c);
	}
	c->refused = o->protected_live || c->resource->protect == MOK_YES;
	c->set_protect = false;
	/* The mark of the old address says nothing of the new one. */
	if (c->moved_from)
		c->set_retain = c->resource->retain;
}

static bool is_listed(const char *const *list, size_t n, const struct mok_resource *r)
{
	for (size_t i = 0; i < n; i++)
		if (mok_address_matches(list[i], r))
			return true;
	return false;
}

static void weigh_fields(struct planner *p, struct mok_change *c)
{
	for (size_t i = 0; i < c->fields.len; i++) {
		const struct mok_field_change *f = &c->fields.items[i];

		if (!f->forces_replacement)
			continue;
		c->action = MOK_ACT_REPLACE;
		add_reason(p, c,
			mok_arena_printf(p->arena, "%s %s", f->path,
				f->reason ? f->reason : "cannot be changed in place"));
	}
	if (c->object->secretless) {
		c->action = MOK_ACT_REPLACE;
		add_reason(p, c, "nobody has its secret any more");
	}
	if (is_listed(p->options->replaces, p->options->nreplaces, c->resource)) {
		c->action = MOK_ACT_REPLACE;
		c->asked = true;
		add_reason(p, c, "asked for with --replace");
	}
}

static void weigh_abouts(struct mok_change *c, const struct mok_object *o)
{
	c->set_protect = c->resource->protect == MOK_YES && !o->protected_live;
	c->clear_protect = c->resource->protect == MOK_NO && o->protected_live;
	c->set_retain = c->resource->retain && !o->retain_live;
	c->clear_retain = !c->resource->retain && o->retain_live;
}

static void weigh_marks(struct planner *p, struct mok_change *c)
{
	const struct mok_object *o = c->object;
	char hash[17];

	mok_addr_hash(c->address, hash);
	if (strcmp(hash, o->addr_hash) != 0) {
		c->moved_from = c->resource->moved_from;
		add_reason(p, c, mok_arena_printf(p->arena, "moved from %s", c->moved_from));
	}
	weigh_abouts(c, o);
}

/* An earlier run may have waited for it in vain, or did not get to it. What is about to be changed
 * in a cluster is waited for after the change, which may be the remedy. */
static void weigh_readiness(struct planner *p, struct mok_change *c)
{
	const struct mok_object *o = c->object;
	bool applies = (o->kind->flags & MOK_K_APPLIES) != 0;

	c->resume = (!o->ready || o->failed) && !(applies && c->fields.len) &&
		(!c->kind->waits || c->kind->waits(&c->want));
	if (c->resume)
		add_reason(p, c,
			mok_arena_printf(p->arena, "is not ready (%s): apply waits for it",
				o->status ? o->status : "it does not say why"));
}

static void warn_failed(struct planner *p, const struct mok_change *c)
{
	const struct mok_object *o = c->object;
	struct mok_diag *d = mok_diag_add(p->diags, "W0807", c->resource->at,
		"%s: the API says that it failed (%s%s%s)", c->address,
		o->status ? o->status : "error", o->status_message ? ": " : "",
		o->status_message ? o->status_message : "");

	d->address = c->address;
	mok_diag_hint(p->diags, d, "mok plan --replace '%s' makes a new one", c->address);
}

/* Nothing to change, and yet not all is well. */
static void warn_not_ready(struct planner *p, const struct mok_change *c)
{
	const struct mok_object *o = c->object;
	struct mok_diag *d;

	if (o->failed)
		return; /* that was told (warn_failed) */
	d = mok_diag_add(p->diags, "W0813", c->resource->at, "%s is as wanted, but not ready: %s",
		c->address, o->status ? o->status : "it does not say why");
	d->address = c->address;
}

/* What two runs made at the same time, from two machines: the one that is not used is nobody's. */
static void warn_twins(struct planner *p, const struct mok_change *c)
{
	const char *twins = c->kind->marking == MOK_MARK_FREE
		? mok_live_twins(p->arena, p->live, c->object)
		: NULL;
	struct mok_diag *d;

	if (!twins)
		return;
	d = mok_diag_add(p->diags, "W0817", c->resource->at,
		"%s: there is more than one of it: %s; this stack goes on with %s", c->address,
		twins, c->object->id);
	d->address = c->address;
	mok_diag_hint(p->diags, d,
		"two runs at the same time may have made it: delete by hand the one that nobody "
		"uses");
}

/* A new name beside the old one, which stays for rolling back. */
static bool plan_successor(struct planner *p, struct mok_change *c)
{
	struct mok_object *o = c->object;

	if (!c->kind->keeps_old || !c->kind->keeps_old(&c->want) ||
		mok_streq(c->kind->key(p->arena, &c->want), c->kind->key(p->arena, &o->attrs)))
		return false;
	c->object = NULL;
	plan_create(p, c);
	c->generation = o->generation + 1;
	weigh_abouts(c, o);
	add_reason(p, c,
		mok_arena_printf(
			p->arena, "its content changes: %s stays for rolling back", o->name));
	return true;
}

/* What it is inside of, made anew, has nothing in it. */
static void weigh_around(struct planner *p, struct mok_change *c, const struct mok_change *around)
{
	if (!around || c->action == MOK_ACT_REPLACE)
		return;
	c->action = MOK_ACT_REPLACE;
	add_reason(p, c,
		mok_arena_printf(p->arena, "is inside of %s, which is replaced", around->address));
}

static void plan_existing(struct planner *p, struct mok_change *c)
{
	const struct mok_change *around = mok_replaced_around(p, c->resource, c->object);

	if (!around && plan_successor(p, c))
		return;
	c->action = MOK_ACT_NONE;
	c->generation = c->object->generation;
	mok_compare(p, c);
	weigh_marks(p, c);
	weigh_fields(p, c);
	weigh_around(p, c, around);
	if (c->action != MOK_ACT_REPLACE)
		weigh_readiness(p, c);
	if (c->object->failed)
		warn_failed(p, c);
	warn_twins(p, c);
	if (c->action == MOK_ACT_REPLACE)
		plan_replace(p, c);
	else if (c->fields.len || c->moved_from || c->set_protect || c->clear_protect ||
		c->set_retain || c->clear_retain || (c->resume && c->kind->errands))
		c->action = MOK_ACT_UPDATE;
	else if (c->resume)
		c->action = MOK_ACT_WAIT;
	if (c->action == MOK_ACT_WAIT)
		warn_not_ready(p, c);
	for (size_t i = 0; i < c->fields.len; i++)
		c->destroys_data |= c->fields.items[i].risky;
}

/* ---- a list of everything ---- */

bool mok_is_all(const struct mok_val *v)
{
	return v->type == MOK_STR && strcmp(v->u.s, "all") == 0;
}

void mok_expand_all(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_kind *kind, const struct mok_lookup *lookup, const bool *skip,
	struct mok_val *want)
{
	const struct mok_field *f = kind->fields;
	struct mok_val urns = { .type = MOK_LIST };
	const struct mok_val *v;

	while (f->name && !(f->flags & MOK_F_ALL))
		f++;
	v = f->name ? mok_val_get(want, f->name) : NULL;
	if (!v || !mok_is_all(v))
		return;
	for (size_t i = 0; i < stack->resources.len; i++) {
		const struct mok_resource *r = &stack->resources.items[i];
		struct mok_val urn;

		if (!(r->kind->flags & MOK_K_ASSIGNABLE) || (skip && skip[i]))
			continue;
		if (lookup->attribute(lookup->self, r, "urn", &urn))
			mok_val_append(arena, &urns, urn);
	}
	urns.at = v->at;
	mok_val_set(arena, want, f->name, urns);
}

/* What is not finished may still tell it; and what is to go needs nothing to be told. */
static bool may_come(const struct planner *p, const struct mok_change *c)
{
	return c->postponed || p->options->destroy || (c->object && !c->object->ready);
}

/* Is one the other, or in it? */
static bool overlap(const char *a, const char *b)
{
	return mok_starts(a, b) || mok_starts(b, a);
}

/* What is read of an object while its manifest changes: what changes, and what its controller tells
 * of it, such as the address of a Gateway that is to be of another class. */
static bool may_change(const struct mok_change *c, const char *path)
{
	const char *read = mok_streq(path, "object") ? "" : path + strlen("object.");

	if (c->action != MOK_ACT_UPDATE || !mok_starts(path, "object"))
		return false;
	for (size_t i = 0; i < c->fields.len; i++) {
		const char *changed = c->fields.items[i].path;

		if (!mok_starts(changed, "manifest."))
			continue;
		changed += strlen("manifest.");
		if (overlap(read, changed) ||
			(mok_starts(read, "status") && mok_starts(changed, "spec")))
			return true;
	}
	return false;
}

bool mok_planned_attribute(
	void *self, const struct mok_resource *r, const char *path, struct mok_val *out)
{
	struct planner *p = self;
	const struct mok_change *c = &p->out->list.items[r - p->stack->resources.items];
	bool new_object = c->action == MOK_ACT_CREATE || c->action == MOK_ACT_REPLACE;

	if (!c->resource) {
		*out = mok_val_unknown(r->address);
		return true;
	}
	mok_attribute(p->arena, r, &c->want, new_object ? NULL : c->object, path, out);
	if ((out->type == MOK_NULL && may_come(p, c)) || may_change(c, path))
		*out = mok_val_unknown(r->address);
	return true;
}

static void price(struct planner *p, struct mok_change *c)
{
	struct mok_val attrs = { .type = MOK_MAP };

	if (!c->kind->price)
		return;
	if (c->object)
		c->before_price = c->kind->price(&c->object->attrs, p->catalogue);
	if (c->action == MOK_ACT_DELETE || c->action == MOK_ACT_FORGET)
		return;
	mok_attribute(p->arena, c->resource, &c->want, c->object, "", &attrs);
	c->after_price = c->kind->price(&attrs, p->catalogue);
}

/* ---- what others make ---- */

/* Is it, or does it need, what others have not brought yet? */
static bool is_postponed(struct planner *p, const struct mok_change *c)
{
	if (!p->live || p->options->destroy)
		return false;
	if (c->foreign)
		return !c->object || !c->object->ready;
	for (size_t i = 0; i < c->resource->deps.len; i++)
		if (p->out->list.items[c->resource->deps.items[i]].postponed)
			return true;
	return false;
}

static void warn_postponed(struct planner *p, const struct mok_change *c)
{
	const char *on = "";
	struct mok_diag *d;

	for (size_t i = 0; i < c->resource->deps.len; i++)
		if (p->out->list.items[c->resource->deps.items[i]].postponed)
			on = p->out->list.items[c->resource->deps.items[i]].address;
	d = mok_diag_add(p->diags, "W0812", c->resource->at,
		"%s waits for %s, which somebody else brings", c->address, on);
	d->address = c->address;
	mok_diag_hint(p->diags, d, "run mok apply again once it is there");
}

/* Leaves out what is not mok's to write, and what has to wait for that. */
static void set_apart(struct planner *p, struct mok_change *c)
{
	c->foreign = c->kind->reads_only && c->kind->reads_only(&c->want);
	if (c->foreign)
		c->object = p->live && !p->options->destroy ? mok_namesake(p, c) : NULL;
	c->postponed = is_postponed(p, c);
	if (c->postponed && !c->foreign && !c->object && !c->excluded)
		warn_postponed(p, c);
	c->excluded |= c->foreign || c->postponed;
	p->excluded[c->resource - p->stack->resources.items] = c->excluded;
}

void mok_plan_resource(struct planner *p, size_t index)
{
	const struct mok_resource *r = &p->stack->resources.items[index];
	struct mok_change *c = &p->out->list.items[index];
	const struct mok_lookup lookup = { .self = p, .attribute = mok_planned_attribute };

	c->address = r->address;
	c->kind = r->kind;
	c->object = p->live ? mok_map_get(p->live->by_address, r->address) : NULL;
	c->excluded = p->excluded[index];
	if (mok_plan_eval(p->arena, p->stack, r, &lookup, p->diags, &c->want) != 0)
		c->want = (struct mok_val){ .type = MOK_MAP };
	c->resource = r;
	set_apart(p, c);
	if (c->excluded) {
		c->action = MOK_ACT_NONE;
		mok_refuse_left_out(p, c);
	} else {
		mok_expand_all(p->arena, p->stack, c->kind, &lookup, p->excluded, &c->want);
		mok_catalogue_check(p->catalogue, r, &c->want, c->object, p->diags);
		if (c->object) {
			mok_leave_ignored(p->arena, r, &c->want);
			plan_existing(p, c);
		} else {
			plan_create(p, c);
		}
	}
	price(p, c);
}
