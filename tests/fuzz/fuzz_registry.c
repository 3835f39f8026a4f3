/* What registries answer with, and names of images, which plans and clusters have. */
#include "fuzz.h"
#include "mok/registry.h"

#include <stdlib.h>
#include <string.h>

static void challenge(struct mok_arena *arena, const char *text)
{
	struct mok_challenge c;

	if (mok_challenge_parse(arena, text, &c) && !*c.realm)
		abort();
}

/* A name that is taken is the same when it is written out and read again. */
static void image(struct mok_arena *arena, const char *text)
{
	struct mok_image first, again;
	struct mok_err err = { 0 };
	const char *whole;

	if (mok_image_parse(arena, text, &first, &err) != 0)
		return;
	whole = mok_arena_printf(arena, "%s/%s:%s%s%s", first.host, first.repository, first.tag,
		first.digest ? "@" : "", first.digest ? first.digest : "");
	if (mok_image_parse(arena, whole, &again, &err) != 0 ||
		strcmp(first.host, again.host) != 0 || strcmp(first.tag, again.tag) != 0 ||
		strcmp(first.repository, again.repository) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mok_arena *arena = mok_arena_new();
	const char *text = mok_arena_strndup(arena, (const char *)data, size);

	challenge(arena, text);
	image(arena, text);
	mok_arena_free(arena);
	return 0;
}
