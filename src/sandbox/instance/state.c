/*
 * What is known of the instances, kept until something changes: any row of the database but those
 * of the instances' own requests, or the time, which makes databases ready and moves controllers.
 */
#include "instance.h"

#include <string.h>

#define FRESH_MS 250

void si_state_free(struct si_state *state)
{
	if (state)
		mok_arena_free(state->arena);
}

static bool is_fresh(const struct si_state *state, const struct sb_ctx *ctx)
{
	return state && state->changes == sqlite3_total_changes64(ctx->core->db) &&
		ctx->now_ms >= state->derived_ms && ctx->now_ms - state->derived_ms < FRESH_MS;
}

static struct si_state *new_state(const struct si_state *before)
{
	struct mok_arena *arena = mok_arena_new();
	struct si_state *state = MOK_NEW(arena, struct si_state);

	state->arena = arena;
	state->served = before ? before->served : 0;
	return state;
}

static void derive(struct sb_ctx *ctx, struct si_state *state)
{
	struct sb_docs clusters = sb_doc_list(ctx, &(struct sb_which){ .kind = K8S_KIND }, 0, 0);

	for (size_t i = 0; i < clusters.len; i++) {
		struct si_world world;

		if (!sb_kube_settle(ctx, clusters.items[i]))
			continue;
		si_world_init(&world, ctx, clusters.items[i], state->arena);
		si_derive_cluster(state, &world);
	}
}

struct si_state *si_state_now(struct sb_ctx *ctx)
{
	struct si_state *before = ctx->core->instances, *state;

	if (is_fresh(before, ctx))
		return before;
	state = new_state(before);
	derive(ctx, state);
	si_tables_sweep(ctx);
	sb_call_keep(sb_call_of(ctx));
	state->derived_ms = ctx->now_ms;
	state->changes = sqlite3_total_changes64(ctx->core->db);
	ctx->core->instances = state;
	si_state_free(before);
	return state;
}

void si_state_own_writes(struct sb_core *core)
{
	if (core->instances)
		core->instances->changes = sqlite3_total_changes64(core->db);
}
