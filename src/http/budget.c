#include "http_internal.h"

#include <string.h>

#define PROBE_MIN_MS 1000
#define PROBE_MAX_MS 60000

int64_t budget_scale(int64_t delay_ms, double speed)
{
	double scaled;

	if (speed <= 0)
		return 1;
	scaled = (double)delay_ms / speed;
	return scaled > 1 ? (int64_t)scaled : 1;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

/* ---- what the headers say ---- */

static bool header_int(const struct mok_exchange *x, const char *name, int64_t *out)
{
	const char *value = mok_exchange_header(x, name);

	return value && mok_parse_i64(value, out) && *out >= 0;
}

void budget_heard(struct budget *b, const struct mok_exchange *x, struct budget_now now)
{
	int64_t limit, remaining, reset;

	b->in_flight--;
	if (x->fail != MOK_NET_OK)
		return;
	if (x->status != 429)
		b->refusals = 0;
	if (!b->rule || !header_int(x, "ratelimit-limit", &limit) || limit == 0 ||
		!header_int(x, "ratelimit-remaining", &remaining))
		return;
	b->limit = limit;
	/* What is under way was sent before this answer, and is not counted in it. */
	b->remaining = remaining - b->in_flight;
	b->reset_wall_ms = now.wall_ms;
	if (header_int(x, "ratelimit-reset", &reset) && reset < INT64_MAX / 1000)
		b->reset_wall_ms = reset * 1000;
	/* `reset` is when the oldest request of the hour expires, not when all do: one more may go
	 * then, and its answer tells the next. It is another machine's clock, hence the bounds. */
	b->probe_at = now.mono_ms +
		budget_scale(clamp(b->reset_wall_ms - now.wall_ms, PROBE_MIN_MS, PROBE_MAX_MS),
			now.speed > 0 ? 1 : 0);
}

int64_t budget_refused(
	struct budget *b, const struct mok_exchange *x, struct budget_now now, uint64_t random)
{
	int64_t seconds, wait;
	int64_t floor_ms = (int64_t)PROBE_MIN_MS << (b->refusals < 6 ? b->refusals : 6);

	if (header_int(x, "retry-after", &seconds) && seconds <= 3600)
		wait = seconds * 1000;
	else
		wait = clamp(b->reset_wall_ms - now.wall_ms, PROBE_MIN_MS, PROBE_MAX_MS);
	/* The first refusal is taken at its word; when that was not enough, longer. */
	if (b->refusals > 0)
		wait = clamp(wait, budget_scale(floor_ms, now.speed), INT64_MAX);
	b->refusals++;
	wait += (int64_t)(random % 250);
	if (now.speed <= 0)
		wait = 1;
	if (b->blocked_until < now.mono_ms + wait)
		b->blocked_until = now.mono_ms + wait;
	return wait;
}

/* ---- pacing ---- */

/* A tenth is left to the owner, who may be working in the control panel meanwhile. */
static int64_t reserve_of(int64_t limit)
{
	return limit / 10;
}

static int64_t window_ready_at(const struct budget *b, struct budget_now now)
{
	int64_t allowance = b->limit / b->rule->share;
	int64_t window_ms = budget_scale(b->rule->window_ms, now.speed);

	allowance -= reserve_of(allowance);
	if (allowance < 1)
		allowance = 1;
	if (allowance > BUDGET_RING || b->nsent < (uint64_t)allowance)
		return 0;
	return b->sent[(b->nsent - (uint64_t)allowance) % BUDGET_RING] + window_ms;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t budget_ready_at(struct budget *b, struct budget_now now)
{
	int64_t at = b->blocked_until;

	if (!b->rule || b->limit == 0)
		return at;
	at = later(at, window_ready_at(b, now));
	if (b->remaining <= reserve_of(b->limit))
		at = later(at, b->probe_at);
	return at;
}

void budget_sent(struct budget *b, struct budget_now now)
{
	b->sent[b->nsent++ % BUDGET_RING] = now.mono_ms;
	b->in_flight++;
	if (b->limit == 0)
		return;
	b->remaining--;
	/* Below the reserve one goes at a time: the next waits for this one's answer, or long. */
	if (b->remaining < reserve_of(b->limit))
		b->probe_at = now.mono_ms + budget_scale(PROBE_MAX_MS, now.speed);
}
