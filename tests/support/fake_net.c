#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HTML "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>nginx</body>\n</html>\n"

static void fail(struct mok_exchange *x, enum mok_net_fail how, const char *why)
{
	x->fail = how;
	x->status = 0;
	snprintf(x->fail_text, sizeof(x->fail_text), "%s", why);
	mok_exchange_clear_headers(x);
	mok_buf_clear(&x->response);
}

static void answer(struct mok_exchange *x, int status, const char *type, const char *body)
{
	x->fail = MOK_NET_OK;
	x->status = status;
	mok_exchange_clear_headers(x);
	mok_exchange_add_header(x, "content-type", type);
	mok_buf_clear(&x->response);
	mok_buf_puts(&x->response, body);
}

static void answer_refusal(struct mok_exchange *x, const struct fake_fate *fate)
{
	char seconds[16];

	answer(x, fate->status, "application/json",
		fate->status == 429
			? "{\"id\":\"too_many_requests\",\"message\":\"API rate limit exceeded.\"}"
			: "{\"id\":\"precondition_failed\",\"message\":\"busy\"}");
	if (fate->retry_after_s <= 0)
		return;
	snprintf(seconds, sizeof(seconds), "%d", fate->retry_after_s);
	mok_exchange_add_header(x, "retry-after", seconds);
}

/* ---- what happens at the server, and then on the way back ---- */

static int64_t serve(struct fake_env *env, struct mok_exchange *x)
{
	x->fail = MOK_NET_OK;
	if (!env->hooks.serve)
		MOK_BUG("nobody serves this network");
	return env->hooks.serve(env->hooks.self, env, x);
}

/* The answer is made now and told of when it lands. */
static void arrive(struct fake_env *env, struct flight *f)
{
	struct mok_exchange *x = f->x;
	int64_t delay = 0;

	f->arrived = true;
	switch (f->fate.kind) {
	case FAKE_NOT_SENT: fail(x, MOK_NET_NOT_SENT, "could not connect"); break;
	case FAKE_LOST_BEFORE: fail(x, MOK_NET_UNKNOWN, "connection reset"); break;
	case FAKE_ERROR_BEFORE: answer(x, f->fate.status, "text/html", HTML); break;
	case FAKE_REFUSED: answer_refusal(x, &f->fate); break;
	case FAKE_ARRIVES: delay = serve(env, x); break;
	case FAKE_LOST_AFTER:
		serve(env, x);
		fail(x, MOK_NET_UNKNOWN, "connection reset");
		break;
	case FAKE_ERROR_AFTER:
		serve(env, x);
		answer(x, f->fate.status, "text/html", HTML);
		break;
	}
	if (delay < 0) {
		fail(x, MOK_NET_UNKNOWN, "timed out");
		delay = x->timeout_ms;
	}
	f->due = env->mono_ms + delay + f->fate.down_ms;
}

static void unlink_flight(struct fake_env *env, const struct flight *f)
{
	struct flight **link = &env->flights;

	while (*link != f)
		link = &(*link)->next;
	*link = f->next;
}

static void land(struct fake_env *env, struct flight *f)
{
	struct mok_exchange *x = f->x;

	unlink_flight(env, f);
	x->impl = NULL;
	free(f);
	x->done(x);
}

/* ---- the table ---- */

static void net_submit(void *self, struct mok_exchange *x)
{
	struct fake_env *env = self;
	enum fake_step step = fake_step(env, "send");
	struct flight *f;

	mok_buf_init(&x->response, MOK_RESPONSE_MAX);
	f = mok_xcalloc(1, sizeof(*f));
	f->x = x;
	f->fate = (struct fake_fate){ .kind = FAKE_ARRIVES, .up_ms = 1, .down_ms = 1 };
	if (env->hooks.fate)
		f->fate = env->hooks.fate(env->hooks.self, env, x);
	if (step == FAKE_STEP_DEAD)
		f->fate.kind = FAKE_NOT_SENT;
	f->due = env->mono_ms + f->fate.up_ms;
	f->seq = env->seq++;
	f->next = env->flights;
	env->flights = f;
	x->impl = f;
}

static struct flight *first(const struct fake_env *env)
{
	struct flight *best = env->flights;

	for (struct flight *f = best; f; f = f->next)
		if (f->due < best->due || (f->due == best->due && f->seq < best->seq))
			best = f;
	return best;
}

/* Arrivals are the world's doing, not a completion: the wait goes on after them. */
static int net_wait(void *self, int64_t until_ms)
{
	struct fake_env *env = self;

	while (!env->dead) {
		struct flight *f = first(env);

		if (env->interrupted)
			return 0;
		if (!f || f->due > until_ms) {
			if (until_ms == INT64_MAX)
				MOK_BUG("a wait for nothing");
			if (until_ms > env->mono_ms)
				env->mono_ms = until_ms;
			return 0;
		}
		if (f->due > env->mono_ms)
			env->mono_ms = f->due;
		if (!f->arrived) {
			if (fake_step(env, "arrive") != FAKE_STEP_DEAD)
				arrive(env, f);
			continue;
		}
		if (fake_step(env, "land") != FAKE_STEP_LIVES)
			break;
		land(env, f);
		return 0;
	}
	return -1;
}

/* A cancelled request that was on its way still may arrive: it is only that nobody hears. */
static void net_cancel(void *self, struct mok_exchange *x)
{
	struct fake_env *env = self;
	struct flight *f = x->impl;

	if (!f)
		return;
	if (!f->arrived && f->fate.kind != FAKE_NOT_SENT && fake_env_draw(env, 2))
		arrive(env, f);
	unlink_flight(env, f);
	x->impl = NULL;
	free(f);
}

struct mok_net fake_net_table(struct fake_env *env)
{
	return (struct mok_net){
		.self = env, .submit = net_submit, .wait = net_wait, .cancel = net_cancel
	};
}

void fake_net_revive(struct fake_env *env)
{
	if (env->flights)
		MOK_BUG("revived before the loop was freed");
}

void fake_net_free(struct fake_env *env)
{
	fake_net_revive(env);
}
