#include "engine_internal.h"

#include <string.h>

/* Emptying what must be empty before it can go, where the plan says `force_destroy: true`. */

struct purge {
	struct op *op;
	const struct mok_val *batches;
	size_t at;
};

static void list_contents(void *ctx);
static void send_batch(struct purge *p);

static bool is_forced(const struct op *op)
{
	const struct mok_val *v = mok_val_get(&op->change->want, "force_destroy");

	return v && v->type == MOK_BOOL && v->u.b;
}

static bool repeats(struct op *op, struct mok_answer *answer)
{
	if (answer->verdict == MOK_ANS_OK || answer->verdict == MOK_ANS_GONE)
		return false;
	if (answer->verdict == MOK_ANS_FAILED || answer->verdict == MOK_ANS_UNSUPPORTED) {
		mok_err_wrap(&answer->err, "emptying it");
		mok_op_fail(op, &answer->err);
	} else if (!mok_op_overdue(op, answer->err.msg)) {
		mok_op_later(op, 2, list_contents);
	}
	return true;
}

static void deleted_batch(void *ctx, struct mok_answer *answer)
{
	struct purge *p = ctx;

	if (repeats(p->op, answer))
		return;
	p->at++;
	send_batch(p);
}

static void send_batch(struct purge *p)
{
	struct op *op = p->op;
	struct mok_ask ask = mok_op_step(op)->ask;

	if (p->at == p->batches->u.list.len) {
		list_contents(op); /* until nothing is left */
		return;
	}
	ask.verb = MOK_ASK_PURGE;
	ask.extra = &p->batches->u.list.items[p->at];
	mok_ask_send(&op->engine->asker, op->engine->arena, &ask, deleted_batch, p);
}

static void got_contents(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;
	struct purge *p;

	if (repeats(op, answer))
		return;
	if (answer->verdict == MOK_ANS_GONE || answer->value.type != MOK_LIST) {
		mok_op_next(op);
		return;
	}
	if (answer->value.u.list.len == 0) {
		if (mok_op_step(op)->ask.page > 1) {
			mok_op_next(op);
			return;
		}
		mok_op_step(op)->ask.page = 2;
		list_contents(op);
		return;
	}
	p = MOK_NEW(op->engine->arena, struct purge);
	p->op = op;
	p->batches = &answer->value;
	op->engine->out->changed = true;
	send_batch(p);
}

/* First what is stored, then what was never finished: pages 1 and 2 of the listing. */
static void list_contents(void *ctx)
{
	struct op *op = ctx;
	struct mok_ask ask = mok_op_step(op)->ask;

	ask.verb = MOK_ASK_PURGE_LIST;
	mok_ask_send(&op->engine->asker, op->engine->arena, &ask, got_contents, op);
}

void mok_step_purge(struct op *op)
{
	if (is_forced(op))
		list_contents(op);
	else
		mok_op_next(op);
}
