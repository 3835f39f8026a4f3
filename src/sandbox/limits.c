/*
 * Rate limits of a token: 5,000 requests an hour and 250 a minute, each a sliding window; CDN
 * endpoints have a family of their own, 5 in 10 seconds. At speed N the windows are N times as
 * short; at "max" nothing is refused.
 */
#include "core_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_MAX = 5000, MINUTE_MAX = 250, CDN_MAX = 5, CDN_WINDOW_MS = 10000, TOKENS_MAX = 1000 };

/* The times of the last requests, oldest first from `first`. */
struct window {
	int64_t *times;
	size_t max, first, len;
};

struct bucket {
	struct window hour, minute, cdn;
};

struct sb_limits {
	struct mok_arena *arena;
	struct mok_map *buckets; /* by token */
};

struct sb_limits *sb_limits_new(void)
{
	struct mok_arena *arena = mok_arena_new();
	struct sb_limits *limits = MOK_NEW(arena, struct sb_limits);

	limits->arena = arena;
	limits->buckets = mok_map_new(arena);
	return limits;
}

void sb_limits_free(struct sb_limits *limits)
{
	if (limits)
		mok_arena_free(limits->arena);
}

static void window_init(struct mok_arena *arena, struct window *w, size_t max)
{
	w->times = MOK_NEW_N(arena, int64_t, max);
	w->max = max;
}

static struct bucket *bucket_of(struct sb_limits *limits, const char *token)
{
	struct bucket *bucket;

	/* Beyond so many tokens they share one: memory is bounded. */
	if (mok_map_len(limits->buckets) >= TOKENS_MAX && !mok_map_get(limits->buckets, token))
		token = "";
	bucket = mok_map_get(limits->buckets, token);
	if (bucket)
		return bucket;
	bucket = MOK_NEW(limits->arena, struct bucket);
	window_init(limits->arena, &bucket->hour, HOUR_MAX);
	window_init(limits->arena, &bucket->minute, MINUTE_MAX);
	window_init(limits->arena, &bucket->cdn, CDN_MAX);
	mok_map_put(limits->buckets, token, bucket);
	return bucket;
}

static int64_t window_ms(const struct sb_core *core, int64_t real_ms)
{
	double ms = core->speed > 0 ? (double)real_ms / core->speed : 0;

	return (int64_t)ms;
}

static void expire(struct window *w, int64_t before_ms)
{
	while (w->len && w->times[w->first] <= before_ms) {
		w->first = (w->first + 1) % w->max;
		w->len--;
	}
}

static void count(struct window *w, int64_t now_ms)
{
	if (w->len < w->max)
		w->times[(w->first + w->len++) % w->max] = now_ms;
}

static void number_header(struct sb_ctx *ctx, const char *name, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	sb_header(ctx, name, text);
}

static void write_headers(struct sb_ctx *ctx, const struct window *w, int64_t length_ms)
{
	int64_t oldest = w->len ? w->times[w->first] : ctx->now_ms;

	number_header(ctx, "ratelimit-limit", (int64_t)w->max);
	number_header(ctx, "ratelimit-remaining", (int64_t)(w->max - w->len));
	number_header(ctx, "ratelimit-reset", (oldest + length_ms + 999) / 1000);
}

static void refuse(struct sb_ctx *ctx, int64_t wait_ms)
{
	if (wait_ms > 0)
		number_header(ctx, "retry-after", (wait_ms + 999) / 1000);
	sb_fail(ctx, 429, "Too many requests");
}

void sb_limits_refuse(struct sb_call *call, bool burst)
{
	if (!burst)
		number_header(&call->ctx, "ratelimit-remaining", 0);
	refuse(&call->ctx, burst ? 1 : 0);
}

/* What is left to wait until the oldest of a full window is gone. */
static int64_t wait_ms(const struct window *w, int64_t length_ms, int64_t now_ms)
{
	return w->times[w->first] + length_ms - now_ms;
}

bool sb_limits_pass(struct sb_call *call, const char *token)
{
	struct sb_ctx *ctx = &call->ctx;
	struct bucket *bucket = bucket_of(ctx->core->limits, token);
	bool is_cdn = mok_starts(ctx->path, "/v2/cdn/endpoints");
	struct window *w = is_cdn ? &bucket->cdn : &bucket->hour;
	int64_t length_ms = window_ms(ctx->core, is_cdn ? CDN_WINDOW_MS : SB_HOUR_MS);
	int64_t minute_ms = window_ms(ctx->core, SB_MINUTE_MS);
	bool full, burst;

	expire(w, ctx->now_ms - length_ms);
	expire(&bucket->minute, ctx->now_ms - minute_ms);
	full = w->len == w->max;
	burst = !is_cdn && bucket->minute.len == bucket->minute.max;
	if (!(ctx->core->speed > 0)) {
		write_headers(ctx, w, 0);
		return true;
	}
	if (!full && !burst) {
		count(w, ctx->now_ms);
		if (!is_cdn)
			count(&bucket->minute, ctx->now_ms);
		write_headers(ctx, w, length_ms);
		return true;
	}
	write_headers(ctx, w, length_ms);
	/* An hour's limit leaves the wait to be told from ratelimit-reset. */
	if (is_cdn)
		refuse(ctx, wait_ms(w, length_ms, ctx->now_ms));
	else
		refuse(ctx, full ? 0 : wait_ms(&bucket->minute, minute_ms, ctx->now_ms));
	return false;
}
