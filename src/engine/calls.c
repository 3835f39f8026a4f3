#include "engine_internal.h"

#include <string.h>

#define ASK_TRIES 5
#define DEFAULT_POLL_S 5
#define DEFAULT_SETTLE_S 30
#define LEAST_PATIENCE_MS 10000
#define STALLED_PATIENCE_S 330

/* The steps that are one request, or one request again and again. */

int mok_op_poll_s(const struct op *op)
{
	const struct mok_kind *kind = op->change ? op->change->kind : NULL;

	return kind && kind->poll_s > 0 ? kind->poll_s : DEFAULT_POLL_S;
}

/* How long what was just made may be invisible. An answer that was long under way tells of when it
 * was asked for. */
static bool is_settling(const struct op *op)
{
	return op->what == OP_CREATE && op->asked_ms < op->settle_until_ms;
}

static void send(struct op *op, void (*done)(void *ctx, struct mok_answer *answer))
{
	struct mok_ask *ask = &mok_op_step(op)->ask;

	op->asked_ms = mok_loop_now(op->engine->loop);
	/* Laid out before the object existed, or before its name changed. */
	if (op->object && op->change && ask->kind == op->change->kind &&
		ask->verb != MOK_ASK_FETCH) {
		ask->have = op->object;
		ask->id = op->object->id;
		ask->parent_id = op->object->parent_id;
		if (!ask->region)
			ask->region = mok_val_get_str(&op->object->attrs, "region");
		if (ask->verb != MOK_ASK_PARTS && ask->verb != MOK_ASK_CATALOGUE)
			ask->name = op->object->name;
	}
	mok_ask_send(&op->engine->asker, op->engine->arena, ask, done, op);
}

static void say_waiting(struct op *op, const struct mok_answer *answer)
{
	if (op->waiting_said)
		return;
	op->waiting_said = true;
	mok_engine_emit(op, MOK_EV_RETRY, answer->err.msg);
}

/* A sandbox's speed makes its objects ready sooner, but not this machine faster. */
static int64_t patience_ms(const struct engine *e, int seconds)
{
	int64_t ms = mok_engine_ms(e, seconds);

	return mok_loop_env(e->loop)->speed != 1 && ms < LEAST_PATIENCE_MS ? LEAST_PATIENCE_MS : ms;
}

bool mok_op_lost_patience(struct op *op, const struct mok_answer *answer)
{
	const struct engine *e = op->engine;
	int64_t now = mok_loop_now(e->loop);

	if (answer->verdict != MOK_ANS_BUSY || answer->patience_s == 0)
		return false;
	if (op->refused_since_ms == 0)
		op->refused_since_ms = now;
	return now - op->refused_since_ms >= patience_ms(e, answer->patience_s);
}

static void wait_and_repeat(struct op *op, const struct mok_answer *answer)
{
	if (mok_op_lost_patience(op, answer)) {
		mok_op_fail(op, &answer->err);
		return;
	}
	if (mok_op_overdue(op, answer->err.msg))
		return;
	say_waiting(op, answer);
	mok_op_later(op, mok_op_poll_s(op), mok_op_again);
}

static void note_success(struct op *op)
{
	const struct step *s = mok_op_step(op);
	const struct mok_val *urns = s->ask.extra;

	if (s->ask.verb == MOK_ASK_CALL)
		mok_engine_record(op, "update", op->object ? op->object->id : NULL, s->label);
	else if (s->ask.verb == MOK_ASK_ASSIGN && urns)
		mok_engine_record(op, "update", op->object ? op->object->id : NULL, "members");
	else if (s->ask.verb == MOK_ASK_DELETE)
		mok_engine_record(op, "delete", op->object ? op->object->id : NULL, NULL);
	else if (s->ask.verb == MOK_ASK_MARK && op->object)
		op->object->marker = s->ask.marker && *s->ask.marker ? s->ask.marker : NULL;
	else if (s->ask.verb == MOK_ASK_TAG_MAKE || s->ask.verb == MOK_ASK_TAG_DROP)
		mok_engine_record_tag(op->engine, s->ask.marker, s->ask.verb == MOK_ASK_TAG_MAKE);
	op->engine->out->changed = true;
	if (s->accepts)
		mok_op_accept(op);
}

/* An update often answers with the object as it now is. */
void mok_op_take(struct op *op, const struct mok_answer *answer)
{
	const struct mok_object *fresh;
	struct mok_object *o = op->object;

	if (!o || answer->objects.len == 0 || answer->objects.items[0]->kind != o->kind)
		return;
	fresh = answer->objects.items[0];
	if (!fresh->id || !mok_streq(fresh->id, o->id))
		return;
	for (size_t i = 0; i < fresh->attrs.u.map.len; i++)
		mok_val_set(op->engine->arena, &o->attrs, fresh->attrs.u.map.pairs[i].key,
			fresh->attrs.u.map.pairs[i].val);
	if (fresh->name)
		o->name = fresh->name;
	o->status = fresh->status;
	o->status_message = fresh->status_message;
	o->ready = fresh->ready;
	o->failed = fresh->failed;
	o->stalled = fresh->stalled;
	o->gone = fresh->gone;
}

/* A tag that this operation has just made is there, even if the API does not know it yet. */
static bool was_just_made(const struct op *op, const struct mok_ask *drop)
{
	const struct engine *e = op->engine;

	if (mok_loop_now(e->loop) - op->started_ms > patience_ms(e, DEFAULT_SETTLE_S))
		return false;
	for (size_t i = 0; drop->verb == MOK_ASK_TAG_DROP && i < op->at; i++) {
		const struct mok_ask *ask = &op->steps.items[i].ask;

		if (ask->verb == MOK_ASK_TAG_MAKE && mok_streq(ask->marker, drop->marker))
			return true;
	}
	return false;
}

static void asked(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;
	const struct step *s = mok_op_step(op);

	switch (answer->verdict) {
	case MOK_ANS_OK:
	case MOK_ANS_UNSUPPORTED:
		if (s->ask.verb != MOK_ASK_DELETE)
			mok_op_take(op, answer);
		note_success(op);
		mok_op_next(op);
		return;
	case MOK_ANS_GONE:
		if (s->gone_is_fine && !was_just_made(op, &s->ask)) {
			note_success(op);
			mok_op_next(op);
		} else if (s->gone_is_fine || is_settling(op)) {
			wait_and_repeat(op, answer);
		} else {
			mok_op_fail(op, &answer->err);
		}
		return;
	case MOK_ANS_BUSY:
		op->was_busy = true;
		wait_and_repeat(op, answer);
		return;
	case MOK_ANS_AMBIGUOUS:
		/* Absolute writes: sent again, they do no harm. */
		if (++op->tries < ASK_TRIES) {
			wait_and_repeat(op, answer);
			return;
		}
		mok_op_fail(op, &answer->err);
		return;
	case MOK_ANS_EXISTS:
	case MOK_ANS_FAILED: mok_op_fail(op, &answer->err); return;
	}
}

/* Waiting until an earlier run's change was through may have shown that it was this one. */
static bool is_through(const struct op *op, const struct mok_call *call)
{
	const struct mok_change *c = op->change;
	bool any = false;

	if (op->what != OP_UPDATE || !(c->resume || op->was_busy) || !call)
		return false;
	for (size_t i = 0; i < c->fields.len; i++) {
		const struct mok_field_change *f = &c->fields.items[i];
		const char *top =
			mok_arena_strndup(op->engine->arena, f->path, strcspn(f->path, "."));
		const struct mok_field *field = mok_field_find(c->kind->fields, top);
		const struct mok_val *want = mok_val_get(&op->want, top);

		if (!field || mok_call_of(c->kind, field) != call)
			continue;
		any = true;
		if (!want || mok_field_differs(op->engine->arena, field, want, op->object))
			return false;
	}
	return any;
}

/* A stray tag that another operation of this run has taken into use meanwhile. */
static bool is_in_use(const struct op *op, const char *tag)
{
	const struct engine *e = op->engine;

	for (size_t i = 0; i < e->ops.len; i++)
		for (size_t k = 0; k < e->ops.items[i]->steps.len; k++) {
			const struct mok_ask *ask = &e->ops.items[i]->steps.items[k].ask;

			if (ask->verb == MOK_ASK_TAG_MAKE && mok_streq(ask->marker, tag))
				return true;
		}
	return false;
}

static bool is_needless(const struct op *op)
{
	const struct mok_ask *ask = &op->steps.items[op->at].ask;

	if (ask->verb == MOK_ASK_CALL)
		return is_through(op, ask->call);
	/* op->tag: also where what it marked came into sight, and the drop became a delete. */
	return op->tag && ask->verb == MOK_ASK_TAG_DROP && is_in_use(op, ask->marker);
}

static void go_on(struct op *op)
{
	if (is_needless(op))
		mok_op_next(op);
	else
		send(op, asked);
}

static void looked_before_repeating(void *ctx, struct mok_answer *answer)
{
	if (answer->verdict == MOK_ANS_OK)
		mok_op_take(ctx, answer);
	go_on(ctx);
}

void mok_step_ask(struct op *op)
{
	struct mok_ask read = { .verb = MOK_ASK_READ };

	if (mok_op_step(op)->ask.verb != MOK_ASK_CALL || !op->was_busy || !op->object) {
		go_on(op);
		return;
	}
	/* What kept it busy may have been this very change, asked for by an earlier run. */
	read.kind = op->change->kind;
	read.have = op->object;
	read.id = op->object->id;
	read.parent_id = op->object->parent_id;
	read.name = op->object->name;
	read.region = mok_val_get_str(&op->object->attrs, "region");
	mok_ask_send(&op->engine->asker, op->engine->arena, &read, looked_before_repeating, op);
}

static void asked_whether_ours(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;

	switch (answer->verdict) {
	case MOK_ANS_OK: mok_op_next(op); return;
	case MOK_ANS_GONE:
		mok_engine_emit(op, MOK_EV_NOTE, "its marker is gone: it is let go");
		op->what = OP_FORGET;
		op->at = op->steps.len - 1;
		mok_op_next(op);
		return;
	case MOK_ANS_BUSY:
	case MOK_ANS_AMBIGUOUS: wait_and_repeat(op, answer); return;
	case MOK_ANS_EXISTS:
	case MOK_ANS_UNSUPPORTED:
	case MOK_ANS_FAILED: mok_op_fail(op, &answer->err); return;
	}
}

void mok_step_still_ours(struct op *op)
{
	send(op, asked_whether_ours);
}

/* ---- waiting ---- */

static bool fields_match(const struct op *op, const struct mok_call *call)
{
	const struct mok_kind *kind = op->change->kind;

	for (const struct mok_field *f = kind->fields; call && f && f->name; f++) {
		const struct mok_val *want = mok_val_get(&op->want, f->name);

		if (!want || want->type == MOK_NULL || mok_call_of(kind, f) != call ||
			(f->flags &
				(MOK_F_COMPUTED | MOK_F_CREATE_ONLY | MOK_F_WRITE_ONLY |
					MOK_F_SUBSET)) ||
			mok_streq(f->name, kind->name_field))
			continue;
		if (mok_field_differs(op->engine->arena, f, want, op->object))
			return false;
	}
	return true;
}

/* It was ready, and is not so any more. */
static void speak_up(struct op *op)
{
	op->quiet = false;
	mok_engine_emit(op, MOK_EV_START, NULL);
}

static void tell_state(struct op *op)
{
	if (mok_streq(op->status, op->object->status))
		return;
	op->status = op->state = op->object->status;
	mok_engine_emit(op, MOK_EV_PROGRESS, op->object->status_message);
}

static void failed_state(struct op *op)
{
	const struct mok_object *o = op->object;
	struct mok_err err;

	mok_err_set(&err, MOK_ERR_API, "the API says %s%s%s", o->status ? o->status : "error",
		o->status_message ? ": " : "", o->status_message ? o->status_message : "");
	mok_err_hint(&err, "mok apply --replace '%s' makes a new one", op->change->address);
	mok_op_fail_explained(op, &err);
}

static bool is_done(struct op *op)
{
	const struct mok_kind *kind = op->change->kind;

	return op->object->ready && (!kind->is_ready || kind->is_ready(op->object, &op->want)) &&
		fields_match(op, mok_op_step(op)->call);
}

/* It was late in an earlier run. The cause may be gone, and then it is tried again the next time
 * that its back-off ends: after five minutes at most.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy */
static bool may_recover(const struct op *op)
{
	const struct engine *e = op->engine;

	return (op->what == OP_WAIT || op->what == OP_SETTLE) && op->object->stalled &&
		mok_loop_now(e->loop) - op->started_ms < patience_ms(e, STALLED_PATIENCE_S);
}

static void polled(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;

	if (answer->verdict == MOK_ANS_OK) {
		mok_op_take(op, answer);
		if (op->quiet && !op->object->ready)
			speak_up(op);
		tell_state(op);
		if (op->object->failed && !may_recover(op)) {
			failed_state(op);
			return;
		}
		if (is_done(op)) {
			mok_op_next(op);
			return;
		}
	} else if (answer->verdict == MOK_ANS_GONE && !is_settling(op)) {
		mok_err_wrap(&answer->err, "it vanished while mok waited for it");
		mok_op_fail(op, &answer->err);
		return;
	} else if (answer->verdict == MOK_ANS_FAILED && answer->err.code == MOK_ERR_AUTH) {
		mok_op_fail(op, &answer->err);
		return;
	}
	/* Whatever else went wrong with one poll says nothing about the object. */
	if (!mok_op_overdue(op, op->state ? op->state : "its state is not known") &&
		!mok_op_looks_why(op))
		mok_op_later(op, mok_op_poll_s(op), mok_op_again);
}

void mok_step_ready(struct op *op)
{
	send(op, polled);
}

static void polled_gone(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;

	if (answer->verdict == MOK_ANS_OK) {
		mok_op_take(op, answer);
		tell_state(op);
	}
	if (answer->verdict == MOK_ANS_GONE ||
		(answer->verdict == MOK_ANS_OK && op->object->gone)) {
		mok_op_next(op);
		return;
	}
	if (!mok_op_overdue(op, "it is still there"))
		mok_op_later(op, mok_op_poll_s(op), mok_op_again);
}

void mok_step_gone(struct op *op)
{
	send(op, polled_gone);
}

/* ---- what must go along or move out before a delete ---- */

static void got_associated(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;
	struct step *s = mok_op_step(op);

	if (answer->verdict == MOK_ANS_AMBIGUOUS || answer->verdict == MOK_ANS_BUSY) {
		wait_and_repeat(op, answer);
		return;
	}
	if (answer->verdict == MOK_ANS_GONE) {
		asked(op, answer);
		return;
	}
	if (answer->verdict == MOK_ANS_OK && mok_op_awaits_leavings(op, &answer->value)) {
		mok_op_later(op, mok_op_poll_s(op), mok_op_again);
		return;
	}
	s->run = mok_step_ask;
	if (answer->verdict == MOK_ANS_OK) {
		s->ask.verb = MOK_ASK_DELETE_ASSOCIATED;
		s->ask.extra = &answer->value;
	} else {
		s->ask.verb = MOK_ASK_DELETE;
	}
	mok_step_ask(op);
}

void mok_step_associated(struct op *op)
{
	struct step *s = mok_op_step(op);

	s->ask.verb = MOK_ASK_ASSOCIATED;
	send(op, got_associated);
}

static void moved_out(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;

	if (answer->verdict == MOK_ANS_AMBIGUOUS || answer->verdict == MOK_ANS_BUSY)
		wait_and_repeat(op, answer);
	else if (answer->verdict != MOK_ANS_OK && answer->verdict != MOK_ANS_GONE)
		mok_op_fail(op, &answer->err);
	else if (mok_op_step(op)->more)
		mok_op_again(op); /* what was on later pages is on the first now */
	else
		mok_op_next(op);
}

/* A project's members move to the account's default project: they may not be ours to delete. */
static void got_members(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;
	struct mok_ask ask = { .verb = MOK_ASK_ASSIGN, .kind = op->change->kind, .id = "default" };

	if (answer->verdict == MOK_ANS_AMBIGUOUS || answer->verdict == MOK_ANS_BUSY) {
		wait_and_repeat(op, answer);
		return;
	}
	if (answer->verdict != MOK_ANS_OK || answer->value.type != MOK_LIST ||
		answer->value.u.list.len == 0) {
		mok_op_next(op);
		return;
	}
	mok_op_step(op)->more = answer->next_page != 0;
	ask.extra = &answer->value;
	mok_ask_send(&op->engine->asker, op->engine->arena, &ask, moved_out, op);
}

void mok_step_empty(struct op *op)
{
	struct mok_ask ask = mok_op_step(op)->ask;

	if (!(op->change->kind->flags & MOK_K_WEAK_REFS)) {
		mok_step_purge(op);
		return;
	}
	ask.verb = MOK_ASK_MEMBERS;
	ask.page = 1;
	mok_ask_send(&op->engine->asker, op->engine->arena, &ask, got_members, op);
}

/* ---- attributes that cost a request of their own ---- */

static struct op *maker_of(struct engine *e, const char *address, struct mok_object **object)
{
	const struct mok_resource *r = mok_map_get(e->in->stack->by_address, address);
	size_t i = (size_t)(r - e->in->stack->resources.items);

	*object = e->make[i] && e->make[i]->object ? e->make[i]->object
						   : e->in->changes->list.items[i].object;
	return e->make[i];
}

static void fetched(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;
	const struct step *s = mok_op_step(op);
	struct mok_object *o;

	maker_of(op->engine, s->ask.name, &o);
	if (answer->verdict == MOK_ANS_OK) {
		mok_val_set(op->engine->arena, &o->attrs, s->ask.field->name, answer->value);
		mok_op_next(op);
	} else if (answer->verdict == MOK_ANS_FAILED) {
		mok_err_wrap(&answer->err, "reading %s.%s", s->ask.name, s->ask.field->name);
		mok_op_fail(op, &answer->err);
	} else {
		wait_and_repeat(op, answer);
	}
}

void mok_step_fetch(struct op *op)
{
	struct step *s = mok_op_step(op);
	struct mok_object *o = NULL;
	struct mok_ask ask;

	maker_of(op->engine, s->ask.name, &o);
	if (!o) {
		mok_op_next(op);
		return;
	}
	ask = s->ask;
	ask.id = o->id;
	ask.parent_id = o->parent_id;
	ask.have = o;
	mok_ask_send(&op->engine->asker, op->engine->arena, &ask, fetched, op);
}
