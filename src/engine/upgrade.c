#include "engine_internal.h"

#include <string.h>

/*
 * A version that only goes up in steps: every patch of its minor, then the next minor. The object
 * is read, the API is asked what may come next, the nearest on the way is asked for, and again.
 */

#define PATIENCE 8 /* polls that may still show the old version after a doubtful request */

struct upgrade {
	struct op *op;
	const struct mok_field *field;
	const char *pending; /* the version asked for, until it is seen */
	bool doubtful;       /* whether it was asked for is not known */
	int polls;
	struct mok_val want; /* of one step */
};

static void look(void *ctx);

static const struct mok_field *field_of(struct op *op)
{
	const struct mok_call *call = mok_op_step(op)->ask.call;

	for (const struct mok_field *f = op->change->kind->fields; f->name; f++)
		if (mok_streq(f->call, call->name))
			return f;
	MOK_BUG("a call in steps that no field has");
}

static void later(struct upgrade *u, const char *waiting_for)
{
	if (!mok_op_overdue(u->op, waiting_for))
		mok_loop_after(u->op->engine->loop,
			mok_engine_ms(u->op->engine, mok_op_poll_s(u->op)), look, u);
}

static void ask(struct upgrade *u, enum mok_verb verb, const struct mok_val *want,
	void (*done)(void *ctx, struct mok_answer *answer))
{
	struct op *op = u->op;
	struct mok_ask a = mok_op_step(op)->ask;

	a.verb = verb;
	a.want = want;
	a.have = op->object;
	a.id = op->object->id;
	a.parent_id = op->object->parent_id;
	mok_ask_send(&op->engine->asker, op->engine->arena, &a, done, u);
}

/* True when the answer was no answer: it is asked again later, or the operation has failed. */
static bool is_no_answer(struct upgrade *u, struct mok_answer *answer)
{
	if (answer->verdict == MOK_ANS_OK)
		return false;
	if (answer->verdict == MOK_ANS_GONE ||
		(answer->verdict == MOK_ANS_FAILED && answer->err.code == MOK_ERR_AUTH))
		mok_op_fail(u->op, &answer->err);
	else
		later(u, answer->err.msg);
	return true;
}

static void asked_for(void *ctx, struct mok_answer *answer)
{
	struct upgrade *u = ctx;

	if (answer->verdict == MOK_ANS_OK) {
		mok_engine_record(u->op, "update", u->op->object->id, u->pending);
		u->op->engine->out->changed = true;
	} else if (answer->verdict == MOK_ANS_AMBIGUOUS) {
		u->doubtful = true;
	} else if (answer->verdict == MOK_ANS_BUSY) {
		u->pending = NULL;
	} else {
		mok_op_fail(u->op, &answer->err);
		return;
	}
	later(u, "the upgrade");
}

static void no_way(struct upgrade *u, const char *have, const char *want)
{
	struct mok_err err;

	mok_err_set(&err, MOK_ERR_API, "no upgrade leads from %s to %s", have, want);
	mok_err_hint(&err, "what is on offer changes; mok plan shows what is legal now");
	mok_op_fail(u->op, &err);
}

static void got_targets(void *ctx, struct mok_answer *answer)
{
	struct upgrade *u = ctx;
	struct op *op = u->op;
	const char *have = mok_val_get_str(&op->object->attrs, u->field->name);
	const char *want = mok_val_get_str(&op->want, u->field->name);
	const char *step;

	if (is_no_answer(u, answer))
		return;
	step = have && want ? mok_version_step(&answer->value, have, want) : NULL;
	if (!step) {
		no_way(u, have ? have : "what runs", want ? want : "what is wanted");
		return;
	}
	u->pending = step;
	u->doubtful = false;
	u->polls = 0;
	u->want = (struct mok_val){ .type = MOK_MAP };
	mok_val_set(op->engine->arena, &u->want, u->field->name, mok_val_str(step));
	mok_engine_emit(op, MOK_EV_PROGRESS, step);
	ask(u, MOK_ASK_CALL, &u->want, asked_for);
}

static void looked(void *ctx, struct mok_answer *answer)
{
	struct upgrade *u = ctx;
	struct op *op = u->op;
	const struct mok_val *want = mok_val_get(&op->want, u->field->name);

	if (is_no_answer(u, answer))
		return;
	mok_op_take(op, answer);
	if (u->doubtful && op->object->ready && ++u->polls > PATIENCE)
		u->pending = NULL;
	/* Ready with the old version: it has not begun yet. */
	if (!op->object->ready ||
		(u->pending &&
			!mok_streq(
				u->pending, mok_val_get_str(&op->object->attrs, u->field->name)))) {
		later(u, op->object->status ? op->object->status : "the upgrade");
		return;
	}
	u->pending = NULL;
	if (!want || !mok_field_differs(op->engine->arena, u->field, want, op->object))
		mok_op_next(op);
	else
		ask(u, MOK_ASK_TARGETS, NULL, got_targets);
}

static void look(void *ctx)
{
	ask(ctx, MOK_ASK_READ, NULL, looked);
}

void mok_step_upgrade(struct op *op)
{
	struct upgrade *u = MOK_NEW(op->engine->arena, struct upgrade);

	u->op = op;
	u->field = field_of(op);
	look(u);
}
