#include "engine_internal.h"

/*
 * What an object had others make, before it goes itself: an Argo CD Application its Applications.
 * It stops first, and is there until they are gone, so that a killed run is taken up again. Each is
 * released, and deleted only as it was then: whoever gives it back meanwhile what would take more
 * along has changed it, and is seen in the next round.
 */

#define ROUND_S 2

struct round {
	struct op *op;
	const char *collection, *token;
	MOK_VEC(struct mok_object *) found;
	size_t at;
};

static void list_page(struct round *r);
static void release(struct round *r);

static void begin_round(void *op);

static const struct mok_offspring *about(const struct op *op)
{
	return op->change->kind->offspring;
}

static void ask(struct op *op, struct mok_ask a, const char *id,
	void (*done)(void *ctx, struct mok_answer *answer), void *ctx)
{
	a.kind = op->change->kind;
	a.parent_id = op->object->parent_id;
	a.id = id;
	mok_ask_send(&op->engine->asker, op->engine->arena, &a, done, ctx);
}

/* True for OK and GONE. Everything else was seen to: what is sent here may be sent again. */
static bool is_answer(struct op *op, struct mok_answer *answer, void (*again)(void *op))
{
	switch (answer->verdict) {
	case MOK_ANS_OK:
	case MOK_ANS_GONE: return true;
	case MOK_ANS_BUSY:
	case MOK_ANS_AMBIGUOUS:
		if (!mok_op_overdue(op, answer->err.msg))
			mok_op_later(op, mok_op_poll_s(op), again);
		return false;
	case MOK_ANS_EXISTS:
	case MOK_ANS_UNSUPPORTED:
	case MOK_ANS_FAILED: break;
	}
	mok_op_fail(op, &answer->err);
	return false;
}

static struct mok_val *patch(struct op *op, const char *text)
{
	struct mok_val *v = MOK_NEW(op->engine->arena, struct mok_val);

	*v = mok_val_str(text);
	return v;
}

static void go_on(struct round *r)
{
	r->at++;
	release(r);
}

static void deleted(void *ctx, struct mok_answer *answer)
{
	struct round *r = ctx;

	/* It was changed since it was released. */
	if (answer->verdict == MOK_ANS_FAILED && answer->err.http_status == 409)
		answer->verdict = MOK_ANS_OK;
	if (is_answer(r->op, answer, begin_round))
		go_on(r);
}

static void released(void *ctx, struct mok_answer *answer)
{
	struct round *r = ctx;

	if (!is_answer(r->op, answer, begin_round))
		return;
	r->op->engine->out->changed = true;
	if (answer->verdict == MOK_ANS_GONE || answer->objects.len == 0) {
		go_on(r);
		return;
	}
	ask(r->op,
		(struct mok_ask){
			.verb = MOK_ASK_DELETE, .exact = true, .have = answer->objects.items[0] },
		r->found.items[r->at]->id, deleted, r);
}

/* Until a list shows none. */
static void release(struct round *r)
{
	struct op *op = r->op;

	if (r->found.len == 0)
		mok_op_next(op);
	else if (r->at == r->found.len && !mok_op_overdue(op, "what it made is still there"))
		mok_op_later(op, ROUND_S, begin_round);
	else if (r->at < r->found.len)
		ask(op,
			(struct mok_ask){
				.verb = MOK_ASK_MERGE, .extra = patch(op, about(op)->release) },
			r->found.items[r->at]->id, released, r);
}

static void listed(void *ctx, struct mok_answer *answer)
{
	struct round *r = ctx;
	struct op *op = r->op;

	if (!is_answer(op, answer, begin_round))
		return;
	for (size_t i = 0; answer->verdict == MOK_ANS_OK && i < answer->objects.len; i++)
		if (about(op)->is_of(op->object, answer->objects.items[i]))
			mok_vec_push(op->engine->arena, &r->found, answer->objects.items[i]);
	r->token = answer->verdict == MOK_ANS_OK ? answer->next_token : NULL;
	if (r->token)
		list_page(r);
	else
		release(r);
}

static void list_page(struct round *r)
{
	ask(r->op,
		(struct mok_ask){
			.verb = MOK_ASK_LIST, .collection = r->collection, .token = r->token },
		NULL, listed, r);
}

static void begin_round(void *op)
{
	struct op *self = op;
	struct round *r = MOK_NEW(self->engine->arena, struct round);

	*r = (struct round){ .op = self,
		.collection = about(self)->collection(self->engine->arena, self->object) };
	list_page(r);
}

static void stopped(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;

	if (!is_answer(op, answer, mok_op_again))
		return;
	if (answer->verdict == MOK_ANS_GONE)
		mok_op_next(op);
	else
		begin_round(op);
}

void mok_step_offspring(struct op *op)
{
	ask(op, (struct mok_ask){ .verb = MOK_ASK_MERGE, .extra = patch(op, about(op)->stop) },
		op->object->id, stopped, op);
}
