#include "fuzz.h"
#include "spaces/spaces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mok_arena *arena = mok_arena_new();
	const struct xml *root = xml_parse(arena, (const char *)data, size);

	xml_text(xml_child(root, "Contents"), "Key");
	mok_arena_free(arena);
	return 0;
}
