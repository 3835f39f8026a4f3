#include "engine_internal.h"

#include <string.h>

/*
 * An object that is no part of the stack, made for what it does: a Job of an upgrade. It carries no
 * marker, so nothing ever prunes it; what it did is told by its being there.
 */

#define POLL_S 2
#define EXPLAIN_ROUNDS 6
#define LEAST_MS 60000 /* a sandbox may be slow too */

struct task_run {
	struct engine engine; /* for hiding secrets: it has no operations */
	const struct mok_apply_input *in;
	const struct mok_task *task;
	struct mok_change change; /* what events are about */
	struct mok_object *object;
	const char *state;
	int64_t started_ms, deadline_ms;
	struct mok_answer answer;
	bool answered;
	struct mok_val *details;
};

/* ---- telling ---- */

static void tell(
	struct task_run *r, enum mok_event_type type, const char *text, const struct mok_err *err)
{
	const struct mok_env *env = mok_loop_env(r->in->loop);
	const struct mok_event event = { .type = type,
		.wall_ms = env->clock.wall_ms(env->clock.self),
		.elapsed_ms = mok_loop_now(r->in->loop) - r->started_ms,
		.change = &r->change,
		.action = MOK_ACT_CREATE,
		.step = "run",
		.state = r->state,
		.id = r->object ? r->object->id : NULL,
		.text = text,
		.err = err,
		.details = err ? r->details : NULL };

	if (r->in->events)
		r->in->events->emit(r->in->events->self, &event);
}

static int record(struct task_run *r, const char *what, struct mok_err *err)
{
	struct mok_journal_line line = { .what = "step",
		.address = r->task->address,
		.kind = r->task->kind->name,
		.name = r->object ? r->object->name : NULL,
		.id = r->object ? r->object->id : NULL,
		.detail = what };

	mok_journal_add(r->in->journal, &line);
	return mok_journal_sync(r->in->journal, err);
}

int mok_journal_step(
	struct mok_journal *journal, const char *step, const char *detail, struct mok_err *err)
{
	struct mok_journal_line line = { .what = "step", .address = step, .detail = detail };

	mok_journal_add(journal, &line);
	return mok_journal_sync(journal, err);
}

/* ---- asking and waiting ---- */

static void answered(void *ctx, struct mok_answer *answer)
{
	struct task_run *r = ctx;

	r->answer = *answer;
	r->answered = true;
}

static void woken(void *ctx)
{
	((struct task_run *)ctx)->answered = true;
}

static bool is_answered(void *ctx)
{
	return ((struct task_run *)ctx)->answered;
}

/* -1: interrupted. */
static int ask(struct task_run *r, struct mok_ask *ask, struct mok_err *err)
{
	const struct mok_asker asker = {
		.loop = r->in->loop, .http = r->in->http, .providers = r->in->providers
	};

	ask->kind = r->task->kind;
	ask->parent_id = r->task->parent_id;
	if (r->object) {
		ask->have = r->object;
		ask->id = r->object->id;
	}
	r->answered = false;
	mok_ask_send(&asker, r->engine.arena, ask, answered, r);
	return mok_loop_run(r->in->loop, is_answered, r, err);
}

static int pause(struct task_run *r, struct mok_err *err)
{
	if (mok_loop_now(r->in->loop) > r->deadline_ms) {
		mok_err_set(err, MOK_ERR_API, "gave up waiting: %s",
			r->state ? r->state : "the cluster does not take it");
		mok_err_hint(err, "nothing is lost: run it again, and it goes on waiting");
		return -1;
	}
	r->answered = false;
	mok_loop_after(r->in->loop, mok_engine_ms(&r->engine, POLL_S), woken, r);
	return mok_loop_run(r->in->loop, is_answered, r, err);
}

static bool take_object(struct task_run *r)
{
	if (r->answer.verdict != MOK_ANS_OK || !r->answer.objects.len)
		return false;
	r->object = r->answer.objects.items[0];
	if (!mok_streq(r->state, r->object->status)) {
		r->state = r->object->status;
		tell(r, MOK_EV_PROGRESS, NULL, NULL);
	}
	return true;
}

/* ---- the steps ---- */

/* Applying is idempotent: what is there already answers with how far it is. */
static int make(struct task_run *r, struct mok_err *err)
{
	struct mok_ask a = { .verb = MOK_ASK_CREATE, .want = r->task->want };

	r->object = NULL;
	for (;;) {
		if (ask(r, &a, err) != 0)
			return -1;
		if (take_object(r))
			return record(r, "made", err);
		if (r->answer.verdict != MOK_ANS_BUSY && r->answer.verdict != MOK_ANS_AMBIGUOUS) {
			*err = r->answer.err;
			return -1;
		}
		r->state = r->answer.err.msg;
		tell(r, MOK_EV_RETRY, r->state, NULL);
		if (pause(r, err) != 0)
			return -1;
	}
}

/* What failed in an earlier run would only fail to start again. */
static int unmake(struct task_run *r, struct mok_err *err)
{
	struct mok_ask delete = { .verb = MOK_ASK_DELETE }, read = { .verb = MOK_ASK_READ };

	tell(r, MOK_EV_NOTE, "it failed before: it is made anew", NULL);
	if (ask(r, &delete, err) != 0)
		return -1;
	do {
		if (pause(r, err) != 0 || ask(r, &read, err) != 0)
			return -1;
	} while (r->answer.verdict != MOK_ANS_GONE);
	return 0;
}

static int explain(struct task_run *r, struct mok_err *err)
{
	struct mok_ask a = { .verb = MOK_ASK_EXPLAIN };

	r->details->type = MOK_LIST;
	for (int i = 0; i < EXPLAIN_ROUNDS; i++) {
		const struct mok_val *lines = &r->answer.value;

		if (ask(r, &a, err) != 0)
			return -1;
		for (size_t n = 0; r->answer.verdict == MOK_ANS_OK && lines->type == MOK_LIST &&
			n < lines->u.list.len;
			n++)
			mok_val_append(r->engine.arena, r->details,
				mok_val_str(
					mok_engine_hide(&r->engine, lines->u.list.items[n].u.s)));
		a.token = r->answer.next_token;
		if (r->answer.verdict != MOK_ANS_OK || !a.token)
			break;
	}
	return 0;
}

static int give_up(struct task_run *r, struct mok_err *err)
{
	if (explain(r, err) != 0 || record(r, "failed", err) != 0)
		return -1;
	mok_err_set(err, MOK_ERR_API, "%s failed: %s", r->object->name,
		r->object->status ? r->object->status : "it does not say why");
	tell(r, MOK_EV_FAILED, NULL, err);
	return -1;
}

static int wait_for(struct task_run *r, struct mok_err *err)
{
	struct mok_ask read = { .verb = MOK_ASK_READ };

	while (!r->object->ready) {
		if (r->object->failed)
			return give_up(r, err);
		if (pause(r, err) != 0 || ask(r, &read, err) != 0)
			return -1;
		if (r->answer.verdict == MOK_ANS_GONE)
			return mok_err_set(
				err, MOK_ERR_API, "%s was deleted while it ran", r->object->name);
		take_object(r);
	}
	tell(r, MOK_EV_DONE, NULL, NULL);
	return record(r, "done", err);
}

int mok_task_run(const struct mok_apply_input *in, struct mok_arena *arena,
	const struct mok_task *task, struct mok_val *details, struct mok_err *err)
{
	struct task_run *r = MOK_NEW(arena, struct task_run);
	int64_t limit;

	r->engine = (struct engine){ .in = in, .loop = in->loop, .arena = arena };
	r->in = in;
	r->task = task;
	r->details = details;
	r->change = (struct mok_change){ .action = MOK_ACT_CREATE,
		.address = task->address,
		.kind = task->kind,
		.want = *task->want };
	r->started_ms = mok_loop_now(in->loop);
	limit = mok_engine_ms(&r->engine, task->timeout_s);
	r->deadline_ms = r->started_ms + (limit > LEAST_MS ? limit : LEAST_MS);
	*details = mok_val_null();
	tell(r, MOK_EV_START, NULL, NULL);
	if (make(r, err) != 0)
		return -1;
	if (r->object->failed && (unmake(r, err) != 0 || make(r, err) != 0))
		return -1;
	return wait_for(r, err);
}
