#include "engine_internal.h"

#include <stdio.h>
#include <string.h>

/*
 * What a wait was in vain for. The object's state is asked for explanations while it is waited for,
 * and once more, to the end, when it failed.
 */

#define ROUNDS_MAX 6
#define LINES_MAX 40
#define LOOK_EVERY 3 /* polls */

struct reasons {
	struct op *op;
	void (*then)(struct op *op); /* NULL: it fails by err */
	struct mok_err err;
	struct mok_ask ask;
	int rounds;
};

/* What is waited for: a Job that works on the object, or the object itself. */
static const struct mok_object *subject_of(const struct op *op)
{
	if (op->job)
		return op->job;
	return op->at < op->steps.len && op->steps.items[op->at].run == mok_step_ready ? op->object
										       : NULL;
}

static struct mok_ask explain_ask(const struct mok_object *o)
{
	return (struct mok_ask){ .verb = MOK_ASK_EXPLAIN,
		.kind = o->kind,
		.have = o,
		.id = o->id,
		.parent_id = o->parent_id };
}

/* subject_of, if it can be asked about; or NULL. */
static const struct mok_object *explicable(const struct op *op)
{
	const struct mok_object *o = subject_of(op);

	return o && op->change && (o->kind->flags & MOK_K_EXPLAINS) ? o : NULL;
}

static void take_lines(struct op *op, const struct mok_val *lines)
{
	struct engine *e = op->engine;

	for (size_t i = 0; lines->type == MOK_LIST && i < lines->u.list.len; i++)
		if (op->details.u.list.len < LINES_MAX)
			mok_val_append(e->arena, &op->details,
				mok_val_str(mok_engine_hide(e, lines->u.list.items[i].u.s)));
}

static void explained(void *ctx, struct mok_answer *answer)
{
	struct reasons *r = ctx;
	struct op *op = r->op;

	if (answer->verdict == MOK_ANS_OK)
		take_lines(op, &answer->value);
	if (answer->verdict == MOK_ANS_OK && answer->next_token && ++r->rounds < ROUNDS_MAX) {
		r->ask.token = answer->next_token;
		mok_ask_send(&op->engine->asker, op->engine->arena, &r->ask, explained, r);
		return;
	}
	if (r->then)
		r->then(op);
	else
		mok_op_fail(op, &r->err);
}

void mok_op_explain(struct op *op, const struct mok_err *err, void (*then)(struct op *op))
{
	struct reasons *r = MOK_NEW(op->engine->arena, struct reasons);
	const struct mok_object *o = subject_of(op);

	if (!o)
		MOK_BUG("nothing is waited for");
	*r = (struct reasons){ .op = op, .then = then, .err = *err, .ask = explain_ask(o) };
	snprintf(r->err.msg, sizeof(r->err.msg), "%s", mok_engine_hide(op->engine, err->msg));
	op->details = (struct mok_val){ .type = MOK_LIST };
	mok_ask_send(&op->engine->asker, op->engine->arena, &r->ask, explained, r);
}

void mok_op_fail_explained(struct op *op, const struct mok_err *err)
{
	if (explicable(op))
		mok_op_explain(op, err, NULL);
	else
		mok_op_fail(op, err);
}

static void looked(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;
	const struct mok_val *lines = &answer->value;

	if (answer->verdict == MOK_ANS_OK && lines->type == MOK_LIST && lines->u.list.len > 0) {
		const char *said = mok_engine_hide(op->engine, lines->u.list.items[0].u.s);

		if (!mok_streq(op->state, said)) {
			op->state = said;
			mok_engine_emit(op, MOK_EV_PROGRESS, NULL);
		}
	}
	mok_op_later(op, mok_op_poll_s(op), mok_op_again);
}

bool mok_op_looks_why(struct op *op)
{
	const struct mok_object *o = explicable(op);
	struct mok_ask ask;

	if (!o || ++op->polls % LOOK_EVERY != 0)
		return false;
	ask = explain_ask(o);
	mok_ask_send(&op->engine->asker, op->engine->arena, &ask, looked, op);
	return true;
}
