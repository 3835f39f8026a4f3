/* Ids, words and times. All chance comes from the cloud's seed and the request's number. */
#include "core_internal.h"

#include <string.h>

uint64_t sb_rng_for(uint64_t seed, int64_t number)
{
	uint64_t a = seed, b = (uint64_t)number ^ 0x5bd1e995a3c59ac3U;

	/* Both go through the mixer first: neighbours would give the same stream, shifted. */
	return mok_rng_next(&a) ^ (mok_rng_next(&b) * 0x9fb21c651e98df25U);
}

const char *sb_uuid(struct sb_ctx *ctx)
{
	unsigned char raw[16];
	char hex[33];

	for (size_t i = 0; i < sizeof(raw); i += 8) {
		uint64_t word = mok_rng_next(&ctx->rng);

		memcpy(raw + i, &word, 8);
	}
	raw[6] = (unsigned char)((raw[6] & 0x0f) | 0x40);
	raw[8] = (unsigned char)((raw[8] & 0x3f) | 0x80);
	mok_hex(raw, sizeof(raw), hex);
	return mok_arena_printf(
		ctx->arena, "%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

const char *sb_random_word(struct sb_ctx *ctx, size_t len, const char *alphabet)
{
	const char *from = alphabet
		? alphabet
		: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	size_t letters = strlen(from);
	char *word = mok_arena_alloc(ctx->arena, len + 1);

	for (size_t i = 0; i < len; i++)
		word[i] = from[mok_rng_next(&ctx->rng) % letters];
	return word;
}

int64_t sb_random_between(struct sb_ctx *ctx, int64_t low, int64_t high)
{
	if (high <= low)
		return low;
	return low + (int64_t)(mok_rng_next(&ctx->rng) % (uint64_t)(high - low + 1));
}

int64_t sb_next(struct sb_ctx *ctx, const char *counter, int64_t first)
{
	sqlite3_stmt *stmt = sb_sql(ctx,
		"INSERT INTO counter(key, next) VALUES(?1, ?2 + 1)"
		" ON CONFLICT(key) DO UPDATE SET next = next + 1 RETURNING next - 1",
		"si", counter, first);
	int64_t value = first;

	if (sb_sql_row(ctx, stmt)) {
		value = sqlite3_column_int64(stmt, 0);
		sb_sql_done(ctx, stmt);
	}
	return value;
}

const char *sb_time(struct sb_ctx *ctx, int64_t wall_ms)
{
	char text[21];

	mok_format_time(wall_ms, text);
	return mok_arena_strdup(ctx->arena, text);
}

int64_t sb_after(struct sb_ctx *ctx, int64_t real_ms)
{
	double ms = (double)real_ms * sb_call_of(ctx)->fault.stretch;

	if (!(ctx->core->speed > 0))
		return ctx->now_ms;
	ms /= ctx->core->speed;
	return ctx->now_ms + (ms < 9e15 ? (int64_t)ms : (int64_t)9e15);
}

int64_t sb_after_between(struct sb_ctx *ctx, int64_t low_ms, int64_t high_ms)
{
	return sb_after(ctx, sb_random_between(ctx, low_ms, high_ms));
}

int64_t sb_lag_ms(struct sb_ctx *ctx)
{
	int64_t lag_ms = sb_call_of(ctx)->fault.lag_ms;

	if (ctx->core->lag_ms > 0)
		lag_ms += sb_random_between(ctx, 0, ctx->core->lag_ms);
	return lag_ms;
}

cJSON *sb_own(struct sb_ctx *ctx, cJSON *json)
{
	struct sb_call *call = sb_call_of(ctx);

	if (!json)
		MOK_BUG("no JSON to own");
	mok_vec_push(ctx->arena, &call->owned, json);
	return json;
}

static const char *note(struct sb_ctx *ctx, const char *kind, const char *id)
{
	return mok_arena_printf(ctx->arena, "%s:%s", kind, id);
}

void sb_note_create(struct sb_ctx *ctx, const char *kind, const char *id)
{
	mok_vec_push(ctx->arena, &sb_call_of(ctx)->created, note(ctx, kind, id));
}

void sb_note_delete(struct sb_ctx *ctx, const char *kind, const char *id)
{
	mok_vec_push(ctx->arena, &sb_call_of(ctx)->deleted, note(ctx, kind, id));
}
