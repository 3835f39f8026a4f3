#include "fuzz.h"
#include "mok/mastodon.h"

#include <string.h>

struct bytes {
	const uint8_t *data;
	size_t size;
};

static int read_bytes(void *self, const char *path, size_t max, struct mok_arena *arena,
	struct mok_source *out, struct mok_err *err)
{
	const struct bytes *b = self;

	if (strcmp(path, "mok.yaml") != 0 || b->size > max)
		return mok_err_set(err, MOK_ERR_IO, "%s: not here", path);
	out->name = "mok.yaml";
	out->text = mok_arena_strndup(arena, (const char *)b->data, b->size);
	out->len = b->size;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const files[] = { "mok.yaml" };
	struct bytes bytes = { data, size };
	struct mok_arena *arena = mok_arena_new();
	struct mok_diags diags = { .arena = arena };
	struct mok_plan_options options = { .files = files,
		.nfiles = 1,
		.read = read_bytes,
		.self = &bytes,
		.expansion = mok_mastodon_expansion() };

	mok_plan_load(arena, &options, &diags);
	mok_diags_sort(&diags);
	mok_arena_free(arena);
	return 0;
}
