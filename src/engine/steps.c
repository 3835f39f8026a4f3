#include "engine_internal.h"

#include <string.h>

/* Which steps an operation has, laid out once what it needs is known. */

void mok_step_add(struct op *op, struct step step)
{
	mok_vec_push(op->engine->arena, &op->steps, step);
}

static struct mok_ask ask_about(const struct op *op, enum mok_verb verb)
{
	struct mok_ask ask = {
		.verb = verb, .kind = op->change->kind, .have = op->object, .resource = op->resource
	};

	if (op->object) {
		ask.id = op->object->id;
		ask.parent_id = op->object->parent_id;
		ask.name = op->object->name;
		ask.region = mok_val_get_str(&op->object->attrs, "region");
	}
	return ask;
}

void mok_step_tag(struct op *op, enum mok_verb verb, const char *tag, const char *label)
{
	struct step s = { .run = mok_step_ask, .label = label, .gone_is_fine = true };

	if (!tag)
		return;
	s.ask = (struct mok_ask){ .verb = verb, .marker = tag };
	mok_step_add(op, s);
}

static void add_ready(struct op *op, const struct mok_call *call)
{
	struct step s = { .run = mok_step_ready, .label = "waiting until ready", .call = call };

	s.ask = ask_about(op, MOK_ASK_READ);
	s.typical_s = call ? call->typical_s : op->change->kind->typical_create_s;
	mok_step_add(op, s);
}

static bool is_waited_for(const struct op *op)
{
	const struct mok_kind *kind = op->change->kind;

	if (kind->flags & MOK_K_APPLIES)
		return !kind->waits || kind->waits(&op->want);
	return kind->status_json || kind->is_ready;
}

/* ---- markers ---- */

const char *mok_op_marker(const struct op *op, unsigned generation)
{
	return mok_marker_make(
		op->engine->arena, op->engine->in->stack->name, op->change->address, generation);
}

const char *mok_op_free_tag(const struct op *op, unsigned generation, const struct mok_val *attrs)
{
	const struct mok_kind *kind = op->change->kind;
	const char *key = mok_natural_key(op->engine->arena, kind, attrs);
	const char *parent = kind->parent_field ? mok_val_get_str(attrs, kind->parent_field) : NULL;

	if (kind->marking != MOK_MARK_FREE || !key)
		return NULL;
	return mok_marker_free_tag(
		op->engine->arena, mok_op_marker(op, generation), kind, parent, key);
}

const char *mok_op_about(const struct op *op, const char *what)
{
	return mok_marker_about(
		op->engine->arena, op->engine->in->stack->name, op->change->address, what);
}

void mok_step_mark(struct op *op, const char *marker)
{
	struct step s = { .run = mok_step_ask, .label = "mark" };

	/* A tag must exist before it can be assigned. */
	if (op->change->kind->marking == MOK_MARK_TAGS && *marker)
		mok_step_tag(op, MOK_ASK_TAG_MAKE, marker, "mark");
	s.ask = ask_about(op, MOK_ASK_MARK);
	s.ask.marker = marker;
	mok_step_add(op, s);
}

static void add_protection(struct op *op)
{
	const struct mok_change *c = op->change;

	if (c->set_protect)
		mok_step_tag(op, MOK_ASK_TAG_MAKE, mok_op_about(op, "protect"), "protect");
	if (c->set_retain)
		mok_step_tag(op, MOK_ASK_TAG_MAKE, mok_op_about(op, "retain"), "retain");
	if (c->clear_protect)
		mok_step_tag(
			op, MOK_ASK_TAG_DROP, mok_op_about(op, "protect"), "lift the protection");
	if (c->clear_retain)
		mok_step_tag(op, MOK_ASK_TAG_DROP, mok_op_about(op, "retain"), "retain no longer");
}

/* Before it is made: it may have filled that even if nobody saw its end. */
static void add_fills(struct op *op)
{
	const struct engine *e = op->engine;

	for (const struct mok_field *f = op->change->kind->fields; f->name; f++) {
		const char *address =
			f->flags & MOK_F_FILLS ? mok_val_get_str(&op->want, f->name) : NULL;

		if (address)
			mok_step_tag(op, MOK_ASK_TAG_MAKE,
				mok_marker_about(e->arena, e->in->stack->name, address, "data"),
				"note that it holds data");
	}
}

/* ---- in-place calls ---- */

static void add_call(struct op *op, const struct mok_call *call)
{
	struct step s = { .run = mok_step_ask, .label = call->name, .typical_s = call->typical_s };

	s.ask = ask_about(op, MOK_ASK_CALL);
	s.ask.call = call;
	s.ask.want = &op->want;
	s.must_be_ready = (call->flags & MOK_CALL_WHEN_READY) != 0;
	if (call->flags & MOK_CALL_STEPS)
		s.run = mok_step_upgrade;
	mok_step_add(op, s);
	if (call->flags & MOK_CALL_WAITS && is_waited_for(op))
		add_ready(op, op->change->kind->flags & MOK_K_APPLIES ? NULL : call);
}

static void add_assign(struct op *op, const struct mok_field *field)
{
	struct step s = { .run = mok_step_ask, .label = "assign members" };
	const struct mok_val *urns = mok_val_get(&op->want, field->name);

	if (!urns || urns->type != MOK_LIST || urns->u.list.len == 0)
		return;
	s.ask = ask_about(op, MOK_ASK_ASSIGN);
	s.ask.extra = urns;
	mok_step_add(op, s);
}

/* A list of tags that has no call of its own is changed one tag at a time. */
static bool tags_have(const struct mok_val *list, const char *tag)
{
	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++)
		if (list->u.list.items[i].type == MOK_STR &&
			strcmp(list->u.list.items[i].u.s, tag) == 0)
			return true;
	return false;
}

static void add_tag_changes(struct op *op, const struct mok_call *call, const struct mok_val *from,
	const struct mok_val *to, bool remove)
{
	for (size_t i = 0; from && from->type == MOK_LIST && i < from->u.list.len; i++) {
		struct step s = { .run = mok_step_ask, .gone_is_fine = remove };
		const struct mok_val *tag = &from->u.list.items[i];

		if (tag->type != MOK_STR || tags_have(to, tag->u.s))
			continue;
		if (!remove)
			mok_step_tag(op, MOK_ASK_TAG_MAKE, tag->u.s, "tag");
		s.label = remove ? "untag" : "tag";
		s.ask = ask_about(op, MOK_ASK_CALL);
		s.ask.call = call;
		s.ask.marker = tag->u.s;
		s.ask.extra = remove ? tag : NULL;
		mok_step_add(op, s);
	}
}

static void add_tags(struct op *op, const struct mok_call *call, const struct mok_field *field)
{
	const struct mok_val *want = mok_val_get(&op->want, field->name);
	const struct mok_val *have =
		op->object ? mok_val_get(&op->object->attrs, field->name) : NULL;

	add_tag_changes(op, call, want, have, false);
	add_tag_changes(op, call, have, want, true);
}

static void add_field_call(struct op *op, const struct mok_field *field, struct mok_map *done)
{
	const struct mok_call *call;

	if (field->flags & MOK_F_SUBSET) {
		add_assign(op, field);
		return;
	}
	call = mok_call_of(op->change->kind, field);
	if (!call || mok_map_get(done, call->name))
		return;
	mok_map_put(done, call->name, op);
	if (call->flags & MOK_CALL_TAGS)
		add_tags(op, call, field);
	else
		add_call(op, call);
}

static void add_errand(struct op *op, int typical_s)
{
	mok_step_add(op,
		(struct step){ .run = mok_step_errand,
			.label = "run a Job for it",
			.typical_s = typical_s });
}

/* ---- operations ---- */

static void lay_out_create(struct op *op)
{
	const struct mok_kind *kind = op->change->kind;
	struct mok_map *done = mok_map_new(op->engine->arena);

	mok_step_tag(op, MOK_ASK_TAG_MAKE, mok_op_free_tag(op, op->change->generation, &op->want),
		"mark");
	add_protection(op);
	add_fills(op);
	if (kind->flags & MOK_K_COLLECTIONS)
		mok_step_add(op,
			(struct step){
				.run = mok_step_inventory, .label = "note in the inventory" });
	if (kind->errands) {
		add_errand(op, kind->typical_create_s);
		return;
	}
	mok_step_add(op,
		(struct step){ .run = mok_step_create,
			.label = "create",
			.typical_s = kind->typical_create_s });
	if (is_waited_for(op))
		add_ready(op, NULL);
	for (const struct mok_field *f = kind->fields; f && f->name; f++) {
		const struct mok_val *v = mok_val_get(&op->want, f->name);

		if (v && v->type != MOK_NULL &&
			((f->flags & MOK_F_NOT_AT_CREATE) || (f->flags & MOK_F_SUBSET)))
			add_field_call(op, f, done);
	}
}

static void drop_if_there(struct op *op, const char *tag)
{
	if (mok_map_get(op->engine->in->live->tags, tag))
		mok_step_tag(op, MOK_ASK_TAG_DROP, tag, "unmark");
}

/* Returns the free-standing tag that marks it from then on, if its kind has such. */
static const char *move_marker(struct op *op)
{
	const struct mok_object *o = op->object;
	const char *tag = NULL;
	const char *now = mok_op_marker(op, o->generation);
	struct mok_arena *arena = op->engine->arena;
	const struct about {
		bool stays;
		const char *what;
	} abouts[] = {
		{ o->protected_live && !op->change->clear_protect, "protect" },
		{ o->retain_live && !op->change->clear_retain, "retain" },
		{ o->has_objects, "objects" },
		{ o->has_data, "data" },
	};

	for (size_t i = 0; i < MOK_COUNT(abouts); i++)
		if (abouts[i].stays)
			mok_step_tag(
				op, MOK_ASK_TAG_MAKE, mok_op_about(op, abouts[i].what), "mark");
	if (o->free_tag) {
		tag = mok_arena_printf(arena, "%s%s", now, o->free_tag + strlen(o->marker));
		mok_step_tag(op, MOK_ASK_TAG_MAKE, tag, "mark");
		mok_step_tag(op, MOK_ASK_TAG_DROP, o->free_tag, "unmark");
	} else {
		mok_step_mark(op, now);
		if (o->kind->marking == MOK_MARK_TAGS)
			mok_step_tag(op, MOK_ASK_TAG_DROP, o->marker, "unmark");
	}
	for (size_t i = 0; i < MOK_COUNT(abouts); i++)
		drop_if_there(op,
			mok_marker_about(arena, op->engine->in->stack->name, op->change->moved_from,
				abouts[i].what));
	return tag;
}

/* The fields that a rename of its own will carry. */
static bool is_left_to_rename(const struct op *op, const struct mok_field_change *f)
{
	size_t i = (size_t)(op->change - op->engine->in->changes->list.items);

	return op->what == OP_UPDATE && op->engine->rename[i] &&
		mok_streq(f->path, op->change->kind->name_field);
}

/* What the object will look like: the live attributes under the wanted ones. */
static struct mok_val after_update(const struct op *op)
{
	struct mok_val all = { .type = MOK_MAP };
	struct mok_arena *arena = op->engine->arena;

	for (size_t i = 0; i < op->object->attrs.u.map.len; i++)
		mok_val_set(arena, &all, op->object->attrs.u.map.pairs[i].key,
			op->object->attrs.u.map.pairs[i].val);
	for (size_t i = 0; i < op->want.u.map.len; i++)
		mok_val_set(arena, &all, op->want.u.map.pairs[i].key, op->want.u.map.pairs[i].val);
	return all;
}

static void lay_out_update(struct op *op)
{
	const struct mok_change *c = op->change;
	struct mok_map *done = mok_map_new(op->engine->arena);
	const char *old_tag = op->object->free_tag, *new_tag = NULL;
	struct mok_val after = { .type = MOK_MAP };

	if (c->moved_from)
		old_tag = move_marker(op);
	add_protection(op);
	if (c->kind->errands) {
		if (c->resume || c->fields.len)
			add_errand(op, c->kind->typical_create_s);
		return;
	}
	/* A change waits until it may be made; what failed or is in a cluster may get well by it.
	 */
	if (c->resume && c->fields.len && !op->object->failed)
		add_ready(op, NULL);
	if (old_tag && c->fields.len) {
		after = after_update(op);
		new_tag = mok_op_free_tag(op, op->object->generation, &after);
	}
	if (new_tag && strcmp(new_tag, old_tag) != 0)
		mok_step_tag(op, MOK_ASK_TAG_MAKE, new_tag, "mark");
	for (size_t i = 0; i < c->fields.len; i++) {
		const struct mok_field_change *f = &c->fields.items[i];
		char name[128];
		size_t len = strcspn(f->path, ".");

		if (is_left_to_rename(op, f) || f->forces_replacement || len >= sizeof(name))
			continue;
		memcpy(name, f->path, len);
		name[len] = '\0';
		add_field_call(op, mok_field_find(c->kind->fields, name), done);
	}
	if (new_tag && strcmp(new_tag, old_tag) != 0)
		mok_step_tag(op, MOK_ASK_TAG_DROP, old_tag, "unmark");
	if (c->resume && (!c->fields.len || op->object->failed))
		add_ready(op, NULL);
}

static void lay_out_move(struct op *op)
{
	move_marker(op);
}

static void lay_out_wait(struct op *op)
{
	add_ready(op, NULL);
}

static void lay_out_rename(struct op *op)
{
	const struct mok_kind *kind = op->change->kind;

	add_call(op, kind->calls);
	if (kind->status_json || kind->is_ready)
		add_ready(op, kind->calls);
}

static void drop_about(struct op *op, bool is_there, const char *what)
{
	if (is_there)
		mok_step_tag(op, MOK_ASK_TAG_DROP,
			mok_arena_printf(op->engine->arena, "mok:%s:%s-%s:%s",
				op->engine->in->stack->name, op->object->slug,
				op->object->addr_hash, what),
			"unmark");
}

static void drop_marks(struct op *op)
{
	const struct mok_object *o = op->object;

	if (o->free_tag)
		mok_step_tag(op, MOK_ASK_TAG_DROP, o->free_tag, "unmark");
	else if (o->kind->marking == MOK_MARK_TAGS)
		mok_step_tag(op, MOK_ASK_TAG_DROP, o->marker, "unmark");
	if ((op->change->action == MOK_ACT_REPLACE && !op->change->moved_from) || !o->addr_hash[0])
		return;
	drop_about(op, o->protected_live, "protect");
	drop_about(op, o->retain_live, "retain");
	drop_about(op, o->has_objects, "objects");
	drop_about(op, o->has_data, "data");
}

static void lay_out_delete(struct op *op)
{
	const struct mok_kind *kind = op->change->kind;
	struct step s = {
		.label = "delete", .gone_is_fine = true, .typical_s = kind->typical_delete_s
	};

	/* A list may show the marker of what was let go a moment ago. */
	if (!op->change->implied && !op->change->resource && op->object->free_tag) {
		s.run = mok_step_still_ours;
		s.ask = (struct mok_ask){ .verb = MOK_ASK_TAG_READ,
			.marker = op->object->free_tag };
		mok_step_add(op, s);
	}
	s.ask = ask_about(op, MOK_ASK_DELETE);
	if (kind->errands && !op->change->implied) {
		add_errand(op, kind->typical_delete_s);
	} else if (!op->change->implied) {
		if (kind->flags & (MOK_K_WEAK_REFS | MOK_K_CONTAINS)) {
			s.run = mok_step_empty;
			mok_step_add(op, s);
		}
		if (kind->flags & MOK_K_LEAVES_BEHIND)
			mok_step_add(op,
				(struct step){ .run = mok_step_let_go,
					.label = "removing its load balancers and volumes" });
		if (kind->offspring && kind->offspring->collection(op->engine->arena, op->object))
			mok_step_add(op,
				(struct step){ .run = mok_step_offspring,
					.label = kind->offspring->label });
		s.accepts = true;
		s.run = kind->flags & MOK_K_LEAVES_BEHIND ? mok_step_associated : mok_step_ask;
		mok_step_add(op, s);
		s.accepts = false;
		if (kind->typical_delete_s > 0 && !(kind->flags & MOK_K_SINGLE)) {
			s.run = mok_step_gone;
			s.label = "waiting until gone";
			s.ask = ask_about(op, MOK_ASK_READ);
			mok_step_add(op, s);
		}
	}
	drop_marks(op);
}

static void lay_out_forget(struct op *op)
{
	if (!op->object->free_tag)
		mok_step_mark(op, "");
	drop_marks(op);
}

static void lay_out_drop(struct op *op)
{
	struct step s = { .run = mok_step_look, .label = "looking for what it marks" };

	mok_step_add(op, s);
	mok_step_tag(op, MOK_ASK_TAG_DROP, op->tag, "unmark");
}

/* ---- evaluation ---- */

static void note_fetches(struct op *op, const struct mok_val *v)
{
	struct engine *e = op->engine;
	struct mok_refs refs = { 0 };

	mok_expr_refs(e->arena, v, &refs);
	for (size_t i = 0; i < refs.list.len; i++) {
		const struct mok_resource *r =
			mok_map_get(e->in->stack->by_address, refs.list.items[i].root);
		struct step s = { .run = mok_step_fetch, .label = "read" };
		const char *path = refs.list.items[i].path;
		const struct mok_field *f;
		struct mok_val now;

		if (!r)
			continue;
		f = mok_field_find(
			r->kind->fields, mok_arena_strndup(e->arena, path, strcspn(path, ".")));
		if (!f || !(f->flags & MOK_F_FETCHED) ||
			!mok_engine_attribute(e, r, f->name, &now) || now.type != MOK_UNKNOWN)
			continue;
		s.ask = (struct mok_ask){ .verb = MOK_ASK_FETCH, .kind = r->kind, .field = f };
		s.ask.name = r->address;
		mok_step_add(op, s);
	}
}

static int evaluate(struct op *op)
{
	struct engine *e = op->engine;
	struct mok_diags diags = { .arena = e->arena };
	const struct mok_lookup lookup = { .self = e, .attribute = mok_engine_attribute };
	const struct mok_change *c = op->change;

	if (mok_plan_eval(e->arena, e->in->stack, op->resource, &lookup, &diags, &op->want) != 0) {
		mok_err_set(&op->err, MOK_ERR_INPUT, "%s",
			diags.list.len ? diags.list.items[0].message
				       : "its fields cannot be evaluated");
		op->err.where = diags.list.len ? diags.list.items[0].at : op->resource->at;
		return -1;
	}
	mok_expand_all(e->arena, e->in->stack, c->kind, &lookup, NULL, &op->want);
	if (op->what == OP_CREATE && c->name)
		mok_val_set(e->arena, &op->want, c->kind->name_field, mok_val_str(c->name));
	if (op->what != OP_CREATE)
		mok_leave_ignored(e->arena, op->resource, &op->want);
	return 0;
}

/* The name to send along: the one written, the one to take back, or the live one. */
static void set_update_name(struct op *op)
{
	const struct mok_kind *kind = op->change->kind;
	const struct mok_object *o = op->object;
	struct mok_field_change name_change = { .path = kind->name_field };
	const char *name;

	if (!kind->name_field || !o || !o->name)
		return;
	if (is_left_to_rename(op, &name_change))
		name = o->name;
	else if (mok_val_get(&op->resource->fields, kind->name_field) &&
		(kind->flags & (MOK_K_GEN_NAME | MOK_K_RENAMES)) != MOK_K_GEN_NAME)
		return;
	else
		name = kind->flags & MOK_K_RENAMES ? mok_base_name(op->engine->arena, o) : o->name;
	mok_val_set(op->engine->arena, &op->want, kind->name_field, mok_val_str(name));
}

static bool evaluates(const struct op *op)
{
	return op->what == OP_CREATE || op->what == OP_UPDATE || op->what == OP_WAIT ||
		op->what == OP_RENAME;
}

static void (*const layouts[])(struct op *) = {
	[OP_CREATE] = lay_out_create,
	[OP_UPDATE] = lay_out_update,
	[OP_WAIT] = lay_out_wait,
	[OP_RENAME] = lay_out_rename,
	[OP_MOVE] = lay_out_move,
	[OP_DELETE] = lay_out_delete,
	[OP_FORGET] = lay_out_forget,
	[OP_DROP_TAG] = lay_out_drop,
	[OP_SETTLE] = lay_out_wait,
	[OP_ADOPT] = mok_lay_out_adopt,
};

/* What a stray marker tag marks has come into sight, and no resource wants it. */
void mok_op_become_delete(struct op *op, struct mok_object *found)
{
	struct mok_change *c = MOK_NEW(op->engine->arena, struct mok_change);

	c->action = MOK_ACT_DELETE;
	c->kind = found->kind;
	c->object = found;
	c->address = found->slug;
	op->change = c;
	op->object = found;
	op->what = OP_DELETE;
	op->steps.len = 0;
	op->at = 0;
	lay_out_delete(op);
	mok_op_again(op);
}

static void lay_out_again(struct op *op)
{
	struct mok_err err;

	op->steps.len = 0;
	op->at = 0;
	if (mok_op_prepare(op) != 0) {
		err = op->err;
		mok_op_fail(op, &err);
		return;
	}
	mok_op_again(op);
}

int mok_op_prepare(struct op *op)
{
	size_t i;

	if (op->what == OP_RENAME) {
		i = (size_t)(op->change - op->engine->in->changes->list.items);
		op->object = op->engine->make[i]->object;
	}
	if (evaluates(op) && !op->prepared) {
		op->prepared = true;
		note_fetches(op, &op->resource->fields);
		if (op->steps.len) {
			mok_step_add(op, (struct step){ .run = lay_out_again, .label = "read" });
			return 0;
		}
	}
	if (evaluates(op) && evaluate(op) != 0)
		return -1;
	if (op->what == OP_UPDATE || op->what == OP_RENAME)
		set_update_name(op);
	layouts[op->what](op);
	return 0;
}
