#include "engine_internal.h"

#include <string.h>

/* Looking for what may have been made: a listing, compared by marker. */

struct look {
	struct op *op;
	struct mok_ask ask;
	struct mok_answer seen; /* all pages' objects */
	struct mok_object *found, *namesake;
	const char *tag_suffix; /* of a stray free-standing tag: ":kind:parent:key" */
	struct mok_marker marker;
	size_t next_kind; /* of a stray marker that some object carried: where to look next */
};

static void look_page(struct look *look);
static void look_again(void *ctx);

static bool was_there_before(const struct op *op, const struct mok_object *o)
{
	const struct mok_object *old = mok_live_by_id(op->engine->in->live, o->kind, o->id);

	return old && mok_streq(old->parent_id, o->parent_id);
}

static void compare_created(struct look *look, struct mok_object *o)
{
	struct op *op = look->op;
	const struct mok_kind *kind = op->change->kind;
	struct mok_arena *arena = op->engine->arena;
	const char *want, *have;

	if (o->kind != kind)
		return;
	if (kind->marking != MOK_MARK_FREE &&
		mok_streq(o->marker, mok_op_marker(op, op->change->generation)))
		look->found = o;
	want = mok_natural_key(arena, kind, &op->want);
	have = mok_natural_key(arena, kind, &o->attrs);
	if (!want || !mok_streq(want, have))
		return;
	look->namesake = o;
	if (kind->marking == MOK_MARK_FREE && !was_there_before(op, o))
		look->found = o;
}

static void compare_tagged(struct look *look, struct mok_object *o)
{
	struct mok_arena *arena = look->op->engine->arena;
	const char *key;

	if (!look->tag_suffix) {
		if (mok_streq(o->marker, look->op->tag))
			look->found = o;
		return;
	}
	key = mok_natural_key(arena, o->kind, &o->attrs);
	if (key &&
		strcmp(mok_marker_free_tag(arena, "", o->kind, o->parent_id, key),
			look->tag_suffix) == 0)
		look->found = o;
}

static void compare_all(struct look *look, struct mok_answer *answer)
{
	for (size_t i = 0; i < answer->objects.len; i++) {
		struct mok_object *o = answer->objects.items[i];

		mok_vec_push(look->op->engine->arena, &look->seen.objects, o);
		if (look->op->what == OP_CREATE)
			compare_created(look, o);
		else
			compare_tagged(look, o);
	}
}

/* ---- what follows for a creation ---- */

void mok_op_name_taken(struct op *op, const struct mok_object *by)
{
	const struct mok_change *c = op->change;
	struct mok_err err;

	if (op->err.msg[0])
		err = op->err;
	else
		mok_err_set(&err, MOK_ERR_API, "the name is taken");
	err.where = op->resource->at;
	if (by)
		mok_err_hint(&err, "to take over what has the name: mok adopt '%s' %s", c->address,
			by->id);
	else
		mok_err_hint(&err, "run mok plan to see what has the name");
	mok_op_refused(op, &err);
}

static void deleted_secretless(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;

	if (answer->verdict == MOK_ANS_OK || answer->verdict == MOK_ANS_GONE)
		mok_op_send_create(op);
	else if (!mok_op_overdue(op, answer->err.msg))
		mok_op_later(op, 5, mok_op_again);
}

/* The answer with the secret was lost: the key is of no use to anybody. */
static void discard_secretless(struct look *look)
{
	struct op *op = look->op;
	struct mok_ask ask = { .verb = MOK_ASK_DELETE, .kind = look->found->kind };

	ask.id = look->found->id;
	ask.have = look->found;
	mok_engine_emit(op, MOK_EV_NOTE,
		"its secret was lost with the answer: deleting it and making another");
	mok_ask_send(&op->engine->asker, op->engine->arena, &ask, deleted_secretless, op);
}

static void send_again(void *ctx)
{
	mok_op_send_create(ctx);
}

/* Then its secret has been where it belongs. */
static bool was_acknowledged(const struct op *op, const struct mok_object *o)
{
	char hash[17];

	mok_addr_hash(op->change->address, hash);
	return mok_streq(mok_map_get(mok_journal_known(op->engine->in->journal)->ids, hash), o->id);
}

static void conclude_created(struct look *look)
{
	struct op *op = look->op;
	bool settled = mok_loop_now(op->engine->loop) >= op->settle_until_ms;

	if (look->found && (op->change->kind->flags & MOK_K_SECRET_ONCE) &&
		!was_acknowledged(op, look->found)) {
		discard_secretless(look);
	} else if (look->found) {
		mok_op_created(op, look->found, &look->seen);
	} else if (!settled) {
		mok_op_later(op, 5, look_again);
	} else if (op->said_exists && look->namesake) {
		mok_op_name_taken(op, look->namesake);
	} else if (!op->said_exists) {
		mok_op_send_create(op);
	} else if (!mok_op_overdue(op, "the name is still reserved")) {
		mok_op_later(op, 5, send_again); /* a deleted namesake's name lingers */
	}
}

/* ---- what follows for a stray tag ---- */

/* Ids of some kinds are only names, and tell apart under one parent. */
static bool was_swept(const struct mok_live *live, const struct mok_object *o)
{
	for (size_t i = 0; i < live->objects.len; i++) {
		const struct mok_object *seen = live->objects.items[i];

		if (seen->kind == o->kind && mok_streq(seen->id, o->id) &&
			mok_streq(seen->parent_id, o->parent_id))
			return true;
	}
	return false;
}

static void conclude_tagged(struct look *look)
{
	struct op *op = look->op;

	/* What the sweep saw has its owner by another marker, or none: this one is only stale. */
	if (!look->found || was_swept(op->engine->in->live, look->found)) {
		mok_op_next(op);
		return;
	}
	look->found->slug = look->marker.slug;
	look->found->marker = op->tag;
	look->found->free_tag = look->tag_suffix ? op->tag : NULL;
	look->found->generation = look->marker.generation;
	memcpy(look->found->addr_hash, look->marker.addr_hash, sizeof(look->found->addr_hash));
	mok_op_become_delete(op, look->found);
}

/* Which kind it was that carried a marker is not known. */
static bool look_at_next_kind(struct look *look)
{
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	while (look->next_kind < count) {
		const struct mok_kind *kind = kinds[look->next_kind++];

		if (kind->marking != MOK_MARK_TAGS || !kind->list_path || kind->parent)
			continue;
		look->ask.kind = kind;
		look->ask.page = 1;
		look_page(look);
		return true;
	}
	return false;
}

static void got_page(void *ctx, struct mok_answer *answer)
{
	struct look *look = ctx;
	struct op *op = look->op;

	if (answer->verdict == MOK_ANS_OK) {
		compare_all(look, answer);
		if (answer->next_page) {
			look->ask.page = answer->next_page;
			look_page(look);
			return;
		}
	} else if (answer->verdict != MOK_ANS_GONE) {
		/* A look that failed has seen nothing: it does not count. */
		if (!mok_op_overdue(op, answer->err.msg))
			mok_op_later(op, 5, look_again);
		return;
	}
	if (op->what == OP_CREATE)
		conclude_created(look);
	else if (look->found || look->tag_suffix || !look_at_next_kind(look))
		conclude_tagged(look);
}

static void look_page(struct look *look)
{
	mok_ask_send(&look->op->engine->asker, look->op->engine->arena, &look->ask, got_page, look);
}

static const struct mok_kind *listed_kind(const struct mok_kind *kind)
{
	return kind->list_path || !kind->parent ? kind : mok_kind_find(kind->parent);
}

static struct look *new_look(struct op *op)
{
	struct look *look = MOK_NEW(op->engine->arena, struct look);

	look->op = op;
	look->ask = (struct mok_ask){ .verb = MOK_ASK_LIST, .page = 1 };
	return look;
}

static void look_for_created(struct op *op)
{
	struct look *look = new_look(op);
	const struct mok_kind *kind = op->change->kind;

	look->ask.kind = listed_kind(kind);
	if (look->ask.kind == kind && kind->parent_field)
		look->ask.parent_id = mok_val_get_str(&op->want, kind->parent_field);
	look->ask.region = mok_val_get_str(&op->want, "region");
	look_page(look);
}

/* The parent that a tag names by hash; NULL: it is gone, and with it whatever the tag marked. */
static const struct mok_object *parent_of(const struct op *op, const struct mok_marker *marker)
{
	const struct mok_live *live = op->engine->in->live;
	const struct mok_kind *kind = mok_kind_find(marker->kind);
	char sum[65];

	for (size_t i = 0; kind && i < live->objects.len; i++) {
		const struct mok_object *o = live->objects.items[i];

		if (!mok_streq(o->kind->name, kind->parent))
			continue;
		mok_sha256_hex(o->id, strlen(o->id), sum);
		if (strncmp(sum, marker->parent_hash, 8) == 0)
			return o;
	}
	return NULL;
}

static void look_for_tagged(void *ctx)
{
	struct op *op = ctx;
	struct look *look = new_look(op);
	const struct mok_object *parent;

	if (!mok_marker_parse(op->engine->arena, op->tag, &look->marker))
		MOK_BUG("a stray tag that is no marker");
	if (!look->marker.kind || !look->marker.kind[0]) {
		if (!look_at_next_kind(look))
			mok_op_next(op);
		return;
	}
	look->ask.kind = mok_kind_find(look->marker.kind);
	look->tag_suffix = mok_arena_printf(op->engine->arena, ":%s:%s:%s", look->marker.kind,
		look->marker.parent_hash, look->marker.key_hash);
	if (!look->ask.kind || !look->ask.kind->list_path) {
		mok_op_next(op);
		return;
	}
	if (look->ask.kind->parent) {
		parent = parent_of(op, &look->marker);
		if (!parent) {
			mok_op_next(op);
			return;
		}
		look->ask.parent_id = parent->id;
	}
	if (look->ask.kind->flags & MOK_K_PER_REGION)
		look->ask.region = op->engine->in->stack->region;
	look_page(look);
}

static void look_again(void *ctx)
{
	struct op *op = ctx;

	if (op->what == OP_CREATE)
		look_for_created(op);
	else
		look_for_tagged(op);
}

void mok_step_look(struct op *op)
{
	struct mok_marker marker;

	if (op->what == OP_CREATE) {
		look_for_created(op);
	} else if (mok_marker_parse(op->engine->arena, op->tag, &marker) &&
		!(marker.about && marker.about[0])) {
		/* What it marks may have been made a moment ago and not be listed yet. */
		mok_op_later(op, 30, look_for_tagged);
	} else {
		mok_op_next(op);
	}
}
