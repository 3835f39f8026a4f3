#include "engine_internal.h"

#include "mok/errand.h"

#include <string.h>

/*
 * What no request can do, a Job inside the parent does: the kind says what is to be run next, and
 * here it is run, waited for, and cleaned up after, until the kind says that nothing is left to do.
 *
 * Killed at any moment and begun again it comes to the same end. A Job that still runs is waited
 * for; what a finished one left is taken away before anything new is made; what the object is like
 * is read after each, never remembered. Two Jobs for one object never run at once.
 */

#define ROUNDS_MAX 4

struct errand {
	struct op *op;
	const struct mok_kind *of; /* of what its objects are */
	const char *parent_id, *selector;
	struct mok_object *object; /* as read last; NULL: it is not there */
	struct mok_errand next;
	size_t at; /* of the manifests, of the collections or paths */
	int rounds;
	bool ran, said;
	void (*cleaned)(struct errand *x);
	void (*again)(struct errand *x); /* what is repeated after a pause */
	MOK_VEC(const char *) collections;
	MOK_VEC(struct mok_object *) doomed; /* of one collection */
	struct mok_val paths, want;
	struct mok_err err; /* why the Job failed */
};

static void look(struct errand *x);
static void read_object(struct errand *x);
static void clean(struct errand *x, void (*cleaned)(struct errand *x));
static void clean_one(struct errand *x);
static void make(struct errand *x);
static void wait_for_job(struct errand *x);
static void wait_for_paths(struct errand *x);

/* ---- asking ---- */

static void later(struct errand *x, void (*again)(struct errand *x), const char *waiting_for)
{
	x->again = again;
	if (!mok_op_overdue(x->op, waiting_for))
		mok_op_later(x->op, mok_op_poll_s(x->op), mok_op_again);
}

static void ask(
	struct errand *x, struct mok_ask a, void (*done)(void *ctx, struct mok_answer *answer))
{
	a.parent_id = x->parent_id;
	if (!a.kind)
		a.kind = x->of;
	mok_ask_send(&x->op->engine->asker, x->op->engine->arena, &a, done, x);
}

/* True for an answer, OK or GONE. Everything else was seen to: all that is sent here may be sent
 * again. */
static bool is_answer(struct errand *x, struct mok_answer *answer, void (*again)(struct errand *x))
{
	switch (answer->verdict) {
	case MOK_ANS_OK:
	case MOK_ANS_GONE: return true;
	case MOK_ANS_BUSY:
	case MOK_ANS_AMBIGUOUS: later(x, again, answer->err.msg); return false;
	case MOK_ANS_EXISTS:
	case MOK_ANS_UNSUPPORTED:
	case MOK_ANS_FAILED: break;
	}
	mok_op_fail(x->op, &answer->err);
	return false;
}

static void say(struct errand *x, const char *state)
{
	if (mok_streq(x->op->state, state))
		return;
	x->op->state = state;
	mok_engine_emit(x->op, MOK_EV_PROGRESS, NULL);
}

/* ---- the end ---- */

static bool is_ours(struct errand *x)
{
	struct mok_arena *arena = x->op->engine->arena;
	unsigned generation = x->op->change->generation ? x->op->change->generation : 1;
	struct mok_marker have, want;

	return x->object->marker && mok_marker_parse(arena, x->object->marker, &have) &&
		mok_marker_parse(arena, mok_op_marker(x->op, generation), &want) &&
		strcmp(have.stack, want.stack) == 0 && strcmp(have.addr_hash, want.addr_hash) == 0;
}

static void end(struct errand *x)
{
	struct op *op = x->op;
	struct mok_answer answer = { .verdict = MOK_ANS_OK };

	if (op->what == OP_DELETE) {
		mok_engine_record(op, "delete", op->object->id, NULL);
		mok_op_accept(op);
		mok_op_next(op);
	} else if (op->what == OP_CREATE && x->object) {
		mok_op_created(op, x->object, &answer);
	} else {
		if (x->object)
			mok_vec_push(op->engine->arena, &answer.objects, x->object);
		mok_op_take(op, &answer);
		mok_engine_record(op, "update", op->object ? op->object->id : NULL, NULL);
		mok_op_next(op);
	}
}

/* ---- what it brings ---- */

static void looked_at_path(void *ctx, struct mok_answer *answer)
{
	struct errand *x = ctx;

	if (!is_answer(x, answer, wait_for_paths))
		return;
	if (answer->verdict == MOK_ANS_OK && answer->objects.len &&
		!answer->objects.items[0]->ready) {
		say(x, answer->objects.items[0]->status);
		later(x, wait_for_paths, answer->objects.items[0]->status);
		return;
	}
	x->at++;
	wait_for_paths(x);
}

static void wait_for_paths(struct errand *x)
{
	if (x->at == x->paths.u.list.len) {
		end(x);
		return;
	}
	ask(x, (struct mok_ask){ .verb = MOK_ASK_READ, .id = x->paths.u.list.items[x->at].u.s },
		looked_at_path);
}

static void finish(struct errand *x)
{
	const struct mok_errands *errands = x->op->change->kind->errands;

	x->at = 0;
	x->paths = (struct mok_val){ .type = MOK_LIST };
	if (x->ran && x->op->what != OP_DELETE && errands->brings)
		errands->brings(x->op->engine->arena, &x->op->want, &x->paths);
	wait_for_paths(x);
}

/* ---- cleaning up: what is of a Job goes, the Job first ---- */

static void deleted(void *ctx, struct mok_answer *answer);

static void delete_last(struct errand *x)
{
	const struct mok_object *o = x->doomed.items[x->doomed.len - 1];

	ask(x, (struct mok_ask){ .verb = MOK_ASK_DELETE, .id = o->id, .have = o }, deleted);
}

static void deleted(void *ctx, struct mok_answer *answer)
{
	struct errand *x = ctx;

	if (!is_answer(x, answer, clean_one))
		return;
	x->doomed.len--;
	if (x->doomed.len == 0)
		clean_one(x);
	else
		delete_last(x);
}

static bool is_going(const struct mok_object *o)
{
	return mok_val_at(&o->attrs, "object.metadata.deletionTimestamp") != NULL;
}

static void listed(void *ctx, struct mok_answer *answer)
{
	struct errand *x = ctx;
	size_t n = answer->verdict == MOK_ANS_OK ? answer->objects.len : 0;

	if (!is_answer(x, answer, clean_one))
		return;
	x->doomed.len = 0;
	for (size_t i = 0; i < n; i++)
		if (!is_going(answer->objects.items[i]))
			mok_vec_push(x->op->engine->arena, &x->doomed, answer->objects.items[i]);
	if (n == 0) {
		x->at--;
		clean_one(x);
	} else if (x->doomed.len == 0) {
		later(x, clean_one, "what a Job left is still there");
	} else {
		delete_last(x);
	}
}

static void clean_one(struct errand *x)
{
	if (x->at == 0) {
		x->cleaned(x);
		return;
	}
	ask(x,
		(struct mok_ask){ .verb = MOK_ASK_LIST,
			.collection = x->collections.items[x->at - 1],
			.selector = x->selector },
		listed);
}

static void clean(struct errand *x, void (*cleaned)(struct errand *x))
{
	x->cleaned = cleaned;
	x->at = x->collections.len;
	clean_one(x);
}

/* ---- the Job ---- */

static void give_up(struct errand *x)
{
	mok_op_fail(x->op, &x->err);
}

static void clean_and_give_up(struct op *op)
{
	op->job = NULL;
	clean(op->errand, give_up);
}

static void job_failed(struct errand *x)
{
	mok_err_set(&x->err, MOK_ERR_API, "the Job that was to %s it failed: %s", x->next.label,
		x->op->job->status ? x->op->job->status : "it does not say why");
	mok_err_hint(&x->err, "%s", x->op->change->kind->errands->hint);
	mok_op_explain(x->op, &x->err, clean_and_give_up);
}

static void wait_on(struct errand *x, void (*again)(struct errand *x))
{
	x->again = again;
	if (!mok_op_overdue(x->op, x->op->job->status) && !mok_op_looks_why(x->op))
		mok_op_later(x->op, mok_op_poll_s(x->op), mok_op_again);
}

static void polled(void *ctx, struct mok_answer *answer)
{
	struct errand *x = ctx;
	struct op *op = x->op;

	if (!is_answer(x, answer, wait_for_job))
		return;
	op->job = answer->verdict == MOK_ANS_OK && answer->objects.len ? answer->objects.items[0]
								       : NULL;
	if (!op->job) {
		look(x); /* somebody took it away */
	} else if (op->job->failed) {
		job_failed(x);
	} else if (op->job->ready) {
		op->job = NULL;
		read_object(x);
	} else {
		wait_on(x, wait_for_job);
	}
}

static void wait_for_job(struct errand *x)
{
	ask(x, (struct mok_ask){ .verb = MOK_ASK_READ, .id = x->op->job->id }, polled);
}

static void made(void *ctx, struct mok_answer *answer)
{
	struct errand *x = ctx;

	if (answer->verdict == MOK_ANS_GONE)
		answer->verdict = MOK_ANS_BUSY; /* a new cluster does not serve everything yet */
	if (!is_answer(x, answer, make))
		return;
	x->op->engine->out->changed = true;
	x->at++;
	if (x->at == x->next.manifests.u.list.len && answer->objects.len)
		x->op->job = answer->objects.items[0];
	make(x);
}

static void make(struct errand *x)
{
	const struct mok_val *list = &x->next.manifests;

	if (x->at == list->u.list.len) {
		x->ran = true;
		if (x->op->job)
			wait_for_job(x);
		else
			look(x);
		return;
	}
	x->want = (struct mok_val){ .type = MOK_MAP };
	mok_val_set(x->op->engine->arena, &x->want, "manifest", list->u.list.items[x->at]);
	mok_val_set(x->op->engine->arena, &x->want, "force_conflicts", mok_val_bool(true));
	ask(x, (struct mok_ask){ .verb = MOK_ASK_CREATE, .want = &x->want }, made);
}

static void make_all(struct errand *x)
{
	if (x->op->what == OP_CREATE && x->rounds == 1)
		mok_engine_record(x->op, "intent", NULL, NULL);
	say(x, x->next.label);
	x->at = 0;
	make(x);
}

/* ---- what is to be done ---- */

static bool has_next(struct errand *x)
{
	struct op *op = x->op;
	const struct mok_errand_wish wish = {
		.want = op->what == OP_DELETE ? NULL : &op->want,
		.have = x->object,
		.marker = op->what == OP_DELETE
			? NULL
			: mok_op_marker(op, op->change->generation ? op->change->generation : 1),
		.takes_over = op->engine->in->force_conflicts,
	};

	return (wish.want || wish.have) &&
		op->change->kind->errands->next(op->engine->arena, &wish, &x->next);
}

static void decide(struct errand *x)
{
	if (x->object && x->op->what == OP_CREATE && !is_ours(x)) {
		mok_err_set(&x->op->err, MOK_ERR_API, "the name was taken meanwhile");
		mok_op_name_taken(x->op, x->object);
	} else if (!has_next(x)) {
		clean(x, finish);
	} else if (x->rounds++ == ROUNDS_MAX) {
		mok_err_set(&x->err, MOK_ERR_API,
			"%d Jobs ended well and it is still not as it should be (%s)", ROUNDS_MAX,
			x->object && x->object->status ? x->object->status : "absent");
		clean(x, give_up);
	} else {
		clean(x, make_all);
	}
}

static void was_read(void *ctx, struct mok_answer *answer)
{
	struct errand *x = ctx;

	if (!is_answer(x, answer, read_object))
		return;
	x->object = answer->verdict == MOK_ANS_OK && answer->objects.len ? answer->objects.items[0]
									 : NULL;
	decide(x);
}

static void read_object(struct errand *x)
{
	struct op *op = x->op;
	const struct mok_kind *kind = op->change->kind;

	ask(x,
		(struct mok_ask){ .verb = MOK_ASK_READ,
			.kind = kind,
			.fresh = x->ran,
			.id = op->object ? op->object->id
					 : mok_natural_key(op->engine->arena, kind, &op->want) },
		was_read);
}

static void looked(void *ctx, struct mok_answer *answer)
{
	struct errand *x = ctx;

	if (!is_answer(x, answer, look))
		return;
	for (size_t i = 0; answer->verdict == MOK_ANS_OK && i < answer->objects.len; i++) {
		struct mok_object *o = answer->objects.items[i];

		if (o->ready || o->failed || is_going(o))
			continue;
		say(x, "waiting for the Job of an earlier run");
		x->op->job = o;
		wait_on(x, look);
		return;
	}
	x->op->job = NULL;
	read_object(x);
}

static void look(struct errand *x)
{
	if (!x->collections.len)
		MOK_BUG("an errand without collections");
	ask(x,
		(struct mok_ask){ .verb = MOK_ASK_LIST,
			.collection = x->collections.items[x->collections.len - 1],
			.selector = x->selector },
		looked);
}

static void split_collections(struct errand *x, const char *list)
{
	struct mok_arena *arena = x->op->engine->arena;

	for (const char *p = list; *p; p += *p == ' ') {
		size_t len = strcspn(p, " ");

		mok_vec_push(arena, &x->collections, mok_arena_strndup(arena, p, len));
		p += len;
	}
}

void mok_step_errand(struct op *op)
{
	const struct mok_kind *kind = op->change->kind;
	const struct mok_val *attrs = op->what == OP_DELETE ? &op->object->attrs : &op->want;
	struct errand *x = op->errand;
	const struct mok_val *unknown;
	struct mok_err err;

	if (x) {
		x->again(x);
		return;
	}
	unknown = op->what == OP_DELETE ? NULL : mok_val_first_unknown(&op->want);
	if (unknown) {
		mok_err_set(
			&err, MOK_ERR_INPUT, "a part of it is not known by now: %s", unknown->u.s);
		mok_op_fail(op, &err);
		return;
	}
	x = MOK_NEW(op->engine->arena, struct errand);
	op->errand = x;
	*x = (struct errand){ .op = op, .of = mok_kind_find(kind->errands->kind) };
	x->parent_id =
		op->object ? op->object->parent_id : mok_val_get_str(&op->want, kind->parent_field);
	x->selector = kind->errands->selector(op->engine->arena, attrs);
	split_collections(x, kind->errands->collections);
	look(x);
}
