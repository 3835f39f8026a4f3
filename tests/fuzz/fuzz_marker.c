/* Tags and descriptions that strangers may have written. */
#include "fuzz.h"
#include "mok/kind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mok_arena *arena = mok_arena_new();
	struct mok_marker marker = { 0 };
	const char *text = mok_arena_strndup(arena, (const char *)data, size);

	if (mok_marker_parse(arena, text, &marker) && marker.kind)
		mok_kind_find(marker.kind);
	mok_arena_free(arena);
	return 0;
}
