#include "engine_internal.h"

#include <string.h>

/* Taking over what exists: its marker is written, nothing else. */

struct adoption {
	struct op op; /* for markers and steps */
	struct engine engine;
	struct mok_change change;
	bool done, failed;
	struct mok_err err;
	MOK_VEC(struct mok_ask) asks;
	size_t at;
};

static void send_next(struct adoption *a);

static void asked(void *ctx, struct mok_answer *answer)
{
	struct adoption *a = ctx;

	if (answer->verdict != MOK_ANS_OK) {
		a->failed = a->done = true;
		a->err = answer->err;
		return;
	}
	a->at++;
	send_next(a);
}

static void send_next(struct adoption *a)
{
	if (a->at == a->asks.len) {
		a->done = true;
		return;
	}
	mok_ask_send(&a->engine.asker, a->engine.arena, &a->asks.items[a->at], asked, a);
}

static bool is_done(void *ctx)
{
	return ((struct adoption *)ctx)->done;
}

/* By its id, else by its name if only one has it. */
static struct mok_object *find(
	const struct mok_apply_input *in, const struct mok_resource *r, const char *id)
{
	struct mok_object *named = NULL;
	size_t nnamed = 0;

	for (size_t i = 0; i < in->live->objects.len; i++) {
		struct mok_object *o = in->live->objects.items[i];

		if (o->kind == r->kind && mok_streq(o->id, id))
			return o;
		if (o->kind == r->kind && mok_streq(o->name, id)) {
			named = o;
			nnamed++;
		}
	}
	return nnamed == 1 ? named : NULL;
}

static int check(const struct mok_apply_input *in, const struct mok_resource *r,
	const struct mok_object *o, const char *id, struct mok_err *err)
{
	const struct mok_object *now = mok_map_get(in->live->by_address, r->address);
	struct mok_marker marker;

	if (!o) {
		mok_err_set(err, MOK_ERR_INPUT, "the account has no %s with the id or name \"%s\"",
			r->kind->name, id);
		mok_err_hint(err,
			"what lives inside another is looked for in the parent that the plan "
			"names");
		return -1;
	}
	if (now == o)
		return 0;
	if (now)
		return mok_err_set(err, MOK_ERR_REFUSED, "%s is already %s: it cannot be %s too",
			r->address, now->id, id);
	if (o->addr_hash[0])
		return mok_err_set(err, MOK_ERR_REFUSED,
			"%s already belongs to another address of this stack (%s)", id, o->slug);
	if (o->marker && mok_marker_parse(in->live->arena, o->marker, &marker))
		return mok_err_set(
			err, MOK_ERR_REFUSED, "%s belongs to the stack \"%s\"", id, marker.stack);
	return 0;
}

static void add(struct adoption *a, struct mok_ask ask)
{
	mok_vec_push(a->engine.arena, &a->asks, ask);
}

static void lay_out(struct adoption *a, struct mok_object *o)
{
	const char *marker = mok_op_marker(&a->op, 1);
	struct mok_val attrs = o->attrs;

	if (o->kind->marking == MOK_MARK_FREE) {
		if (o->parent_id && o->kind->parent_field)
			mok_val_set(a->engine.arena, &attrs, o->kind->parent_field,
				mok_val_str(o->parent_id));
		add(a,
			(struct mok_ask){ .verb = MOK_ASK_TAG_MAKE,
				.marker = mok_op_free_tag(&a->op, 1, &attrs) });
		return;
	}
	if (o->kind->marking == MOK_MARK_TAGS)
		add(a, (struct mok_ask){ .verb = MOK_ASK_TAG_MAKE, .marker = marker });
	add(a,
		(struct mok_ask){ .verb = MOK_ASK_MARK,
			.kind = o->kind,
			.id = o->id,
			.parent_id = o->parent_id,
			.name = o->name,
			.have = o,
			.marker = marker });
}

static int run(struct adoption *a, struct mok_err *err)
{
	send_next(a);
	if (mok_loop_run(a->engine.loop, is_done, a, err) != 0)
		return -1;
	if (a->failed) {
		*err = a->err;
		return mok_err_wrap(err, "adopting %s", a->change.address);
	}
	mok_engine_record(&a->op, "ack", a->op.object->id, "adopted");
	a->engine.sync_due = false;
	return mok_journal_sync(a->engine.in->journal, err);
}

int mok_adopt(const struct mok_apply_input *in, struct mok_arena *arena, const char *address,
	const char *id, struct mok_err *err)
{
	const struct mok_resource *r = mok_map_get(in->stack->by_address, address);
	struct adoption *a = MOK_NEW(arena, struct adoption);
	struct mok_object *o;

	if (!r)
		return mok_err_set(err, MOK_ERR_INPUT, "the plan has no resource \"%s\"", address);
	o = find(in, r, id);
	if (check(in, r, o, id, err) != 0)
		return -1;
	if (mok_map_get(in->live->by_address, address) == o)
		return 0;
	a->engine.in = in;
	a->engine.arena = arena;
	a->engine.loop = in->loop;
	a->engine.asker = (struct mok_asker){
		.loop = in->loop, .http = in->http, .providers = in->providers
	};
	a->engine.sync_due = true; /* synced below, not at the end of a turn */
	a->change = (struct mok_change){
		.address = r->address, .kind = r->kind, .resource = r, .object = o, .generation = 1
	};
	a->op.engine = &a->engine;
	a->op.change = &a->change;
	a->op.resource = r;
	a->op.object = o;
	a->op.what = OP_UPDATE;
	lay_out(a, o);
	return run(a, err);
}
