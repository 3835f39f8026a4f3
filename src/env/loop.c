#include "mok/env.h"

#include <stdlib.h>
#include <string.h>

/* Ordered by (due, seq): equal times fire in the order they were asked for, so that a run is
 * determined by its inputs. */
struct mok_timer {
	int64_t due;
	uint64_t seq;
	size_t at; /* index in the heap */
	void (*fn)(void *ctx);
	void *ctx;
};

struct deferred {
	void (*fn)(void *ctx);
	void *ctx;
};

/* An exchange under way: what its owner put in, put back before the owner is told. */
struct flight {
	struct mok_loop *loop;
	struct mok_exchange *x;
	void (*done)(struct mok_exchange *x);
	void *ctx;
	struct flight *next, **link;
};

struct mok_loop {
	struct mok_env env;
	int64_t now;
	uint64_t seq;
	struct mok_timer **heap;
	size_t ntimers, heap_cap;
	struct deferred *deferred;
	size_t ndeferred, deferred_cap;
	struct flight *flights;
};

struct mok_loop *mok_loop_new(const struct mok_env *env)
{
	struct mok_loop *loop = mok_xcalloc(1, sizeof(*loop));

	loop->env = *env;
	loop->now = env->clock.mono_ms(env->clock.self);
	return loop;
}

static void unlink_flight(struct flight *f)
{
	*f->link = f->next;
	if (f->next)
		f->next->link = f->link;
}

static void flight_free(struct flight *f)
{
	f->x->done = f->done;
	f->x->ctx = f->ctx;
	free(f);
}

void mok_loop_free(struct mok_loop *loop)
{
	struct flight *next;

	if (!loop)
		return;
	for (struct flight *f = loop->flights; f; f = next) {
		next = f->next;
		loop->env.net.cancel(loop->env.net.self, f->x);
		flight_free(f);
	}
	for (size_t i = 0; i < loop->ntimers; i++)
		free(loop->heap[i]);
	free(loop->heap);
	free(loop->deferred);
	free(loop);
}

const struct mok_env *mok_loop_env(const struct mok_loop *loop)
{
	return &loop->env;
}

int64_t mok_loop_now(const struct mok_loop *loop)
{
	return loop->now;
}

/* ---- timers ---- */

static bool before(const struct mok_timer *a, const struct mok_timer *b)
{
	return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void place(struct mok_loop *loop, struct mok_timer *t, size_t at)
{
	loop->heap[at] = t;
	t->at = at;
}

static void sift_up(struct mok_loop *loop, struct mok_timer *t, size_t at)
{
	while (at > 0 && before(t, loop->heap[(at - 1) / 2])) {
		place(loop, loop->heap[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	place(loop, t, at);
}

static void sift_down(struct mok_loop *loop, struct mok_timer *t, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= loop->ntimers)
			break;
		if (child + 1 < loop->ntimers && before(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (!before(loop->heap[child], t))
			break;
		place(loop, loop->heap[child], at);
		at = child;
	}
	place(loop, t, at);
}

struct mok_timer *mok_loop_after(
	struct mok_loop *loop, int64_t delay_ms, void (*fn)(void *ctx), void *ctx)
{
	struct mok_timer *t = mok_xmalloc(sizeof(*t));

	*t = (struct mok_timer){ .due = loop->now + (delay_ms > 0 ? delay_ms : 0),
		.seq = loop->seq++,
		.fn = fn,
		.ctx = ctx };
	if (loop->ntimers == loop->heap_cap) {
		loop->heap_cap = loop->heap_cap ? 2 * loop->heap_cap : 16;
		loop->heap = mok_xrealloc(loop->heap, loop->heap_cap * sizeof(*loop->heap));
	}
	loop->ntimers++;
	sift_up(loop, t, loop->ntimers - 1);
	return t;
}

static void unlink_timer(struct mok_loop *loop, struct mok_timer *t)
{
	size_t at = t->at;
	struct mok_timer *last = loop->heap[--loop->ntimers];

	loop->heap[loop->ntimers] = NULL;
	if (last == t)
		return;
	if (at > 0 && before(last, loop->heap[(at - 1) / 2]))
		sift_up(loop, last, at);
	else
		sift_down(loop, last, at);
}

void mok_loop_cancel(struct mok_loop *loop, struct mok_timer *timer)
{
	if (!timer)
		return;
	if (timer->at >= loop->ntimers || loop->heap[timer->at] != timer)
		MOK_BUG("a timer was cancelled that is not waiting");
	unlink_timer(loop, timer);
	free(timer);
}

/* Takes it out of the heap; the caller frees it. NULL: none is due. */
static struct mok_timer *take_due(struct mok_loop *loop, uint64_t limit)
{
	struct mok_timer *t = loop->ntimers > 0 ? loop->heap[0] : NULL;

	/* The analyzer does not see that what was freed is no longer in the heap. */
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	if (!t || t->due > loop->now || t->seq >= limit)
		return NULL;
	unlink_timer(loop, t);
	return t;
}

/* Only those asked for before this turn: a callback that asks for no delay gets the next turn, so
 * that the net is heard in between. */
static void run_timers(struct mok_loop *loop)
{
	uint64_t limit = loop->seq;
	struct mok_timer *t;

	while ((t = take_due(loop, limit))) {
		void (*fn)(void *ctx) = t->fn;
		void *ctx = t->ctx;

		free(t);
		fn(ctx);
	}
}

/* ---- the end of a turn ---- */

void mok_loop_defer(struct mok_loop *loop, void (*fn)(void *ctx), void *ctx)
{
	if (loop->ndeferred == loop->deferred_cap) {
		loop->deferred_cap = loop->deferred_cap ? 2 * loop->deferred_cap : 8;
		loop->deferred =
			mok_xrealloc(loop->deferred, loop->deferred_cap * sizeof(*loop->deferred));
	}
	loop->deferred[loop->ndeferred++] = (struct deferred){ .fn = fn, .ctx = ctx };
}

/* What a deferred function defers runs too, in this same turn. */
static void run_deferred(struct mok_loop *loop)
{
	for (size_t i = 0; i < loop->ndeferred; i++) {
		struct deferred d = loop->deferred[i];

		d.fn(d.ctx);
	}
	loop->ndeferred = 0;
}

/* ---- exchanges ---- */

static void landed(struct mok_exchange *x)
{
	struct flight *f = x->ctx;

	/* The wait took time: what done() starts counts from now. */
	f->loop->now = f->loop->env.clock.mono_ms(f->loop->env.clock.self);
	unlink_flight(f);
	flight_free(f);
	x->done(x);
}

void mok_loop_exchange(struct mok_loop *loop, struct mok_exchange *x)
{
	struct flight *f = mok_xmalloc(sizeof(*f));

	*f = (struct flight){ .loop = loop,
		.x = x,
		.done = x->done,
		.ctx = x->ctx,
		.next = loop->flights,
		.link = &loop->flights };
	if (f->next)
		f->next->link = &f->next;
	loop->flights = f;
	x->done = landed;
	x->ctx = f;
	loop->env.net.submit(loop->env.net.self, x);
}

void mok_loop_abandon(struct mok_loop *loop, struct mok_exchange *x)
{
	for (struct flight *f = loop->flights; f; f = f->next) {
		if (f->x != x)
			continue;
		loop->env.net.cancel(loop->env.net.self, x);
		unlink_flight(f);
		flight_free(f);
		return;
	}
}

/* ---- running ---- */

static int interrupted(struct mok_err *err)
{
	return mok_err_set(err, MOK_ERR_INTERRUPTED, "interrupted");
}

int mok_loop_run(struct mok_loop *loop, bool (*done)(void *ctx), void *ctx, struct mok_err *err)
{
	const struct mok_env *env = &loop->env;

	loop->now = env->clock.mono_ms(env->clock.self);
	for (;;) {
		run_timers(loop);
		run_deferred(loop);
		if (done && done(ctx))
			return 0;
		if (env->interrupted && env->interrupted(env->interrupted_self))
			return interrupted(err);
		if (!loop->flights && loop->ntimers == 0)
			return 0;
		if (env->net.wait(
			    env->net.self, loop->ntimers > 0 ? loop->heap[0]->due : INT64_MAX) != 0)
			return interrupted(err);
		loop->now = env->clock.mono_ms(env->clock.self);
	}
}
