#include "registry_internal.h"

#include <string.h>

/* Names of images. The grammar is https://github.com/distribution/reference's. */

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define REPOSITORY LOWER DIGITS "._-/"
#define TAG LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "_.-"
#define HOST TAG ":[]"

#define NAME_MAX 255
#define TAG_MAX 128

static bool consists_of(const char *text, const char *characters, size_t max)
{
	size_t len = strlen(text);

	return len > 0 && len <= max && strspn(text, characters) == len;
}

bool mok_image_is_digest(const char *text)
{
	return mok_starts(text, "sha256:") && strlen(text) == 71 &&
		strspn(text + 7, DIGITS "abcdef") == 64;
}

static bool is_alphanumeric(char c)
{
	return c && strchr(LOWER DIGITS, c);
}

/* Parts between slashes begin and end with a letter or a digit. */
static bool is_repository(const char *text)
{
	if (!consists_of(text, REPOSITORY, NAME_MAX))
		return false;
	for (const char *c = text; *c; c++)
		if (*c == '/' && (c == text || !is_alphanumeric(c[-1]) || !is_alphanumeric(c[1])))
			return false;
	return is_alphanumeric(text[0]) && is_alphanumeric(text[strlen(text) - 1]);
}

/* The first part is a registry if it looks like a host; all else is Docker Hub's, whose own images
 * have a folder of their own. */
static void split_host(struct mok_arena *arena, const char *name, struct mok_image *out)
{
	size_t len = strcspn(name, "/");
	const char *first = mok_arena_strndup(arena, name, len);

	if (name[len] && (strpbrk(first, ".:[") || strcmp(first, "localhost") == 0)) {
		out->host = strcmp(first, "index.docker.io") == 0 ? DOCKER_HUB : first;
		out->repository = name + len + 1;
	} else {
		out->host = DOCKER_HUB;
		out->repository = name;
	}
	if (strcmp(out->host, DOCKER_HUB) == 0 && !strchr(out->repository, '/'))
		out->repository = mok_arena_printf(arena, "library/%s", out->repository);
}

static bool is_whole(const struct mok_image *image)
{
	return consists_of(image->host, HOST, NAME_MAX) && is_repository(image->repository) &&
		consists_of(image->tag, TAG, TAG_MAX) && image->tag[0] != '.' &&
		image->tag[0] != '-' && (!image->digest || mok_image_is_digest(image->digest));
}

int mok_image_parse(
	struct mok_arena *arena, const char *text, struct mok_image *out, struct mok_err *err)
{
	char *name = mok_arena_strdup(arena, text);
	char *at = strchr(name, '@'), *colon;

	*out = (struct mok_image){ .tag = "latest", .digest = at ? at + 1 : NULL };
	if (at)
		*at = '\0';
	colon = strrchr(name, ':');
	if (colon && !strchr(colon, '/')) {
		*colon = '\0';
		out->tag = colon + 1;
	}
	split_host(arena, name, out);
	if (is_whole(out))
		return 0;
	mok_err_set(err, MOK_ERR_INPUT, "\"%.200s\" is not the name of an image", text);
	mok_err_hint(
		err, "write it as REGISTRY/NAME:TAG, such as ghcr.io/mastodon/mastodon:v4.7.6");
	return -1;
}
