#include "engine_internal.h"

#include <string.h>

/*
 * What others made in the name of what is deleted, and will not take away once it is gone: a
 * cluster's load balancers and volumes. First the cluster is asked to let go of them, while its
 * controllers live; what is left then, or all when it does not answer, is deleted along with it.
 */

#define FAILURES_MAX 4
#define LET_GO_S 600   /* until what is in the cluster is gone */
#define VANISH_S 120   /* and then in the account */
#define LEAST_MS 60000 /* a sandbox may be slow too */

struct leavings {
	struct op *op;
	struct mok_ask ask;
	struct mok_val paths;
	int next_page;
	size_t at;
	int failures;
	bool said;
};

static void look(void *leavings);

static int64_t until(const struct op *op, int seconds)
{
	int64_t ms = mok_engine_ms(op->engine, seconds);

	if (mok_loop_env(op->engine->loop)->speed != 1 && ms < LEAST_MS)
		ms = LEAST_MS;
	return mok_loop_now(op->engine->loop) + ms;
}

static void go_on(struct op *op, bool all_gone)
{
	op->leavings_until_ms = all_gone ? until(op, VANISH_S) : 0;
	mok_op_next(op);
}

static void give_up(struct leavings *l, const char *why)
{
	mok_engine_emit(l->op, MOK_EV_NOTE,
		mok_arena_printf(l->op->engine->arena,
			"what the cluster made is deleted along with it, since %s", why));
	go_on(l->op, false);
}

static void wait_and_look(struct leavings *l)
{
	if (mok_loop_now(l->op->engine->loop) >= l->op->leavings_until_ms) {
		give_up(l, "it is still there");
		return;
	}
	mok_loop_after(
		l->op->engine->loop, mok_engine_ms(l->op->engine, mok_op_poll_s(l->op)), look, l);
}

static void delete_next(struct leavings *l);

/* Whether it is gone is seen by looking again. */
static void deleted(void *ctx, struct mok_answer *answer)
{
	struct leavings *l = ctx;

	if (answer->verdict == MOK_ANS_OK)
		l->op->engine->out->changed = true;
	l->at++;
	delete_next(l);
}

static void delete_next(struct leavings *l)
{
	struct engine *e = l->op->engine;
	struct mok_ask ask = l->ask;
	int page = l->ask.page;

	if (l->at < l->paths.u.list.len) {
		ask.verb = MOK_ASK_PURGE;
		ask.extra = &l->paths.u.list.items[l->at];
		mok_ask_send(&e->asker, e->arena, &ask, deleted, l);
		return;
	}
	l->ask.page = l->next_page;
	if (l->next_page == 0)
		go_on(l->op, true);
	else if (l->next_page <= page)
		wait_and_look(l);
	else
		look(l);
}

static void looked(void *ctx, struct mok_answer *answer)
{
	struct leavings *l = ctx;

	if (answer->verdict == MOK_ANS_OK) {
		l->failures = 0;
		l->paths = answer->value;
		l->next_page = answer->next_page;
		l->at = 0;
		delete_next(l);
	} else if (answer->verdict == MOK_ANS_FAILED || ++l->failures >= FAILURES_MAX) {
		give_up(l, answer->err.msg);
	} else {
		if (!l->said)
			mok_engine_emit(l->op, MOK_EV_RETRY, answer->err.msg);
		l->said = true;
		wait_and_look(l);
	}
}

static void look(void *leavings)
{
	struct leavings *l = leavings;

	mok_ask_send(&l->op->engine->asker, l->op->engine->arena, &l->ask, looked, l);
}

/* The kind of what is in it, by which its own API is asked. */
static const struct mok_kind *kind_inside(const struct mok_kind *kind)
{
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	for (size_t i = 0; i < count; i++)
		if ((kinds[i]->flags & MOK_K_COLLECTIONS) && (kinds[i]->flags & MOK_K_APPLIES) &&
			mok_streq(kinds[i]->parent, kind->name))
			return kinds[i];
	return NULL;
}

void mok_step_let_go(struct op *op)
{
	const struct mok_kind *inside = kind_inside(op->change->kind);
	struct leavings *l;

	if (!inside || !op->object->ready) {
		go_on(op, false);
		return;
	}
	op->leavings_until_ms = until(op, LET_GO_S);
	l = MOK_NEW(op->engine->arena, struct leavings);
	l->op = op;
	l->ask = (struct mok_ask){
		.verb = MOK_ASK_PURGE_LIST, .kind = inside, .parent_id = op->object->id, .page = 1
	};
	look(l);
}

/* ---- what the account still has ---- */

bool mok_op_awaits_leavings(struct op *op, const struct mok_val *value)
{
	const char *text = mok_leavings_text(op->engine->arena, value);
	bool waits = mok_leavings_vanish(value) &&
		mok_loop_now(op->engine->loop) < op->leavings_until_ms;

	if (!waits && text)
		mok_engine_emit(op, MOK_EV_NOTE,
			mok_arena_printf(op->engine->arena, "deleted along with it: %s", text));
	return waits;
}
