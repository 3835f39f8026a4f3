/* Terraform states, which come from anywhere, and an account that has none of what they say. */
#include "fuzz.h"
#include "mok/tfstate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mok_arena *arena = mok_arena_new();
	const char *text = mok_arena_strndup(arena, (const char *)data, size);
	struct mok_tf_state state;
	struct mok_err err = { 0 };
	struct mok_changes changes = { .arena = arena };
	struct mok_live live = { .arena = arena };

	live.by_key = mok_map_new(arena);
	live.by_id = mok_map_new(arena);
	live.twins = mok_map_new(arena);
	live.others = mok_map_new(arena);
	if (mok_tf_read(arena, text, size, &state, &err) == 0)
		mok_tf_match(&state, &live, &changes, mok_map_new(arena));
	mok_arena_free(arena);
	return 0;
}
