/*
 * The registries of container images, all of them: the distribution API's token, manifests and
 * tags, from https://github.com/opencontainers/distribution-spec and
 * https://distribution.github.io/distribution/spec/auth/token/. Mastodon's images have the tags of
 * its releases; any other image has every tag, so that whatever a cluster pulls is there. What is
 * pushed stands above that: a tag that was pushed again has moved.
 */
#include "core_internal.h"

#include "registry.h"

#include <stdio.h>
#include <string.h>

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define IMAGE_TYPE "application/vnd.oci.image.manifest.v1+json"
#define KIND "image"

/* The releases that there are, by minor: the newest patch of each. Of the newest minor some are yet
 * to come, so that going to the next can be tried. */
static const struct {
	int major, minor, patch;
} releases[] = { { 4, 5, 15 }, { 4, 6, 5 }, { 4, 7, 9 } };

/* ---- what there is ---- */

struct image {
	const char *host, *name, *tag; /* the tag, or a digest */
};

static bool is_mastodon(const struct image *image)
{
	return strcmp(image->host, "ghcr.io") == 0 &&
		(strcmp(image->name, "mastodon/mastodon") == 0 ||
			strcmp(image->name, "mastodon/mastodon-streaming") == 0);
}

/* Tags are those of the releases, v4.7.6, and of the minors, v4.7. */
static bool is_release(struct mok_arena *arena, const char *tag)
{
	for (size_t i = 0; i < MOK_COUNT(releases); i++) {
		const char *minor =
			mok_arena_printf(arena, "v%d.%d", releases[i].major, releases[i].minor);
		size_t len = strlen(minor);
		int64_t patch;

		if (strncmp(tag, minor, len) != 0)
			continue;
		if (!tag[len])
			return true;
		if (tag[len] == '.' && mok_parse_i64(tag + len + 1, &patch) && patch >= 0 &&
			patch <= releases[i].patch)
			return true;
	}
	return strcmp(tag, "latest") == 0;
}

static void digest_of(const char *text, char out[SB_DIGEST])
{
	char hex[65];

	mok_sha256_hex(text, strlen(text), hex);
	snprintf(out, SB_DIGEST, "sha256:%s", hex);
}

static cJSON *describe(struct mok_arena *arena, const struct image *image, const char *machine)
{
	cJSON *one = cJSON_CreateObject(), *platform;
	char digest[SB_DIGEST];

	digest_of(mok_arena_printf(
			  arena, "%s/%s:%s %s", image->host, image->name, image->tag, machine),
		digest);
	cJSON_AddStringToObject(one, "mediaType", IMAGE_TYPE);
	cJSON_AddStringToObject(one, "digest", digest);
	cJSON_AddNumberToObject(one, "size", 1234);
	platform = cJSON_AddObjectToObject(one, "platform");
	cJSON_AddStringToObject(platform, "architecture", machine);
	cJSON_AddStringToObject(platform, "os", "linux");
	return one;
}

/* An index for two machines, the same for ever. */
static const char *make_index(struct mok_arena *arena, const struct image *image)
{
	cJSON *index = cJSON_CreateObject(), *list;
	const char *copy;
	char *text;

	cJSON_AddNumberToObject(index, "schemaVersion", 2);
	cJSON_AddStringToObject(index, "mediaType", INDEX_TYPE);
	list = cJSON_AddArrayToObject(index, "manifests");
	cJSON_AddItemToArray(list, describe(arena, image, "amd64"));
	cJSON_AddItemToArray(list, describe(arena, image, "arm64"));
	text = cJSON_PrintUnformatted(index);
	copy = mok_arena_strdup(arena, text);
	cJSON_free(text);
	cJSON_Delete(index);
	return copy;
}

struct manifest {
	const char *type, *text;
};

static const char *repository_of(struct sb_ctx *ctx, const struct image *image)
{
	return mok_arena_printf(ctx->arena, "%s/%s", image->host, image->name);
}

static bool find_pushed(struct sb_ctx *ctx, const struct image *image, struct manifest *out)
{
	const char *repository = repository_of(ctx, image);
	const struct sb_doc *doc = sb_doc_get(
		ctx, KIND, mok_arena_printf(ctx->arena, "%s:%s", repository, image->tag));
	struct sb_which which = { .kind = KIND, .parent = repository, .alt = image->tag };
	struct sb_docs docs = { 0 };

	if (!doc && strchr(image->tag, ':'))
		docs = sb_doc_list(ctx, &which, 0, 1);
	if (docs.len)
		doc = docs.items[0];
	if (!doc)
		return false;
	out->type = mok_json_str(doc->json, "type");
	out->text = mok_json_str(doc->json, "text");
	return out->type && out->text;
}

static bool find(struct sb_ctx *ctx, const struct image *image, struct manifest *out)
{
	if (find_pushed(ctx, image, out))
		return true;
	if (strchr(image->tag, ':') || (is_mastodon(image) && !is_release(ctx->arena, image->tag)))
		return false;
	*out = (struct manifest){ INDEX_TYPE, make_index(ctx->arena, image) };
	return true;
}

/* "ghcr.io/a/b:tag" or "b": as nodes read it. */
static void split(struct mok_arena *arena, const char *reference, struct image *out)
{
	char *name = mok_arena_strdup(arena, reference);
	char *at = strchr(name, '@'), *colon, *slash;

	*out = (struct image){ .host = "docker.io", .name = name, .tag = "latest" };
	if (at)
		*at = '\0';
	colon = strrchr(name, ':');
	if (colon && !strchr(colon, '/')) {
		*colon = '\0';
		out->tag = colon + 1;
	}
	slash = strchr(name, '/');
	if (slash && strcspn(name, ".:") < (size_t)(slash - name)) {
		*slash = '\0';
		out->host = name;
		out->name = slash + 1;
	} else if (!slash) {
		out->name = mok_arena_printf(arena, "library/%s", name);
	}
	if (at)
		out->tag = at + 1;
}

/* A digest that was the tag's once is still there, as long as nobody deletes it. */
bool sb_registry_has(struct sb_ctx *ctx, const char *reference)
{
	const char *at = strchr(reference, '@');
	struct manifest manifest;
	char digest[SB_DIGEST];
	struct image image;

	split(ctx->arena, reference, &image);
	if (find(ctx, &image, &manifest))
		return true;
	if (!at)
		return false;
	split(ctx->arena, mok_arena_strndup(ctx->arena, reference, (size_t)(at - reference)),
		&image);
	if (is_mastodon(&image) && !is_release(ctx->arena, image.tag))
		return false;
	digest_of(make_index(ctx->arena, &image), digest);
	return strcmp(digest, at + 1) == 0;
}

/* ---- answers ---- */

static void refuse(struct sb_ctx *ctx, int status, const char *code, const char *message)
{
	cJSON *root = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(root, "errors");
	cJSON *one = cJSON_CreateObject();

	cJSON_AddStringToObject(one, "code", code);
	cJSON_AddStringToObject(one, "message", message);
	cJSON_AddItemToArray(list, one);
	sb_reply(ctx, status, root);
}

static const char *host_of(struct sb_ctx *ctx)
{
	const char *ns = sb_filter(ctx, "ns");

	return ns ? ns : ctx->request->host ? ctx->request->host : "localhost";
}

static bool is_let_in(struct sb_ctx *ctx, const char *name)
{
	const char *header = sb_request_header(ctx, "authorization");

	if (header && mok_starts(header, "Bearer "))
		return true;
	sb_header(ctx, "www-authenticate",
		mok_arena_printf(ctx->arena,
			"Bearer realm=\"http://%s/token\",service=\"%s\",scope=\"repository:%s:"
			"pull\"",
			ctx->request->host ? ctx->request->host : "localhost", host_of(ctx), name));
	refuse(ctx, 401, "UNAUTHORIZED", "authentication required");
	return false;
}

static void give_token(struct sb_ctx *ctx)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "token", sb_random_word(ctx, 40, NULL));
	cJSON_AddNumberToObject(json, "expires_in", 300);
	sb_reply(ctx, 200, json);
}

static void answer_manifest(struct sb_ctx *ctx, const struct image *image)
{
	struct manifest manifest;
	char digest[SB_DIGEST];

	if (!find(ctx, image, &manifest)) {
		refuse(ctx, 404, "MANIFEST_UNKNOWN", "manifest unknown");
		return;
	}
	digest_of(manifest.text, digest);
	sb_header(ctx, "docker-content-digest", digest);
	sb_reply_bytes(ctx, 200, manifest.type, manifest.text, strlen(manifest.text));
}

static void take_manifest(struct sb_ctx *ctx, const struct image *image)
{
	const char *repository = repository_of(ctx, image), *type;
	const char *text = ctx->request->body_len
		? mok_arena_strndup(ctx->arena, ctx->request->body, ctx->request->body_len)
		: "";
	cJSON *json = mok_json_parse(text, strlen(text));
	char digest[SB_DIGEST];
	struct sb_doc *doc;

	if (mok_json_int(json, "schemaVersion", 0) != 2) {
		cJSON_Delete(json);
		refuse(ctx, 400, "MANIFEST_INVALID", "manifest invalid");
		return;
	}
	cJSON_Delete(json);
	digest_of(text, digest);
	type = sb_request_header(ctx, "content-type");
	doc = sb_doc_new(ctx, KIND, mok_arena_printf(ctx->arena, "%s:%s", repository, image->tag),
		repository);
	doc->alt = mok_arena_strdup(ctx->arena, digest);
	cJSON_AddStringToObject(doc->json, "type", type ? type : INDEX_TYPE);
	cJSON_AddStringToObject(doc->json, "text", text);
	sb_doc_put(ctx, doc);
	sb_header(ctx, "docker-content-digest", digest);
	sb_header(ctx, "location", ctx->path);
	sb_reply_empty(ctx, 201);
}

/* "/v2/NAME/manifests/TAG": names have slashes. */
static void handle_manifest(struct sb_ctx *ctx, const char *marker)
{
	const char *name = ctx->path + strlen("/v2/"), *method = ctx->request->method;
	const struct image image = { .host = host_of(ctx),
		.name = mok_arena_strndup(ctx->arena, name, (size_t)(marker - name)),
		.tag = marker + strlen("/manifests/") };

	if (!is_let_in(ctx, image.name))
		return;
	if (strcmp(method, "PUT") == 0)
		take_manifest(ctx, &image);
	else if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		answer_manifest(ctx, &image);
	else
		refuse(ctx, 405, "UNSUPPORTED", "the operation is unsupported");
}

void sb_registry_handle(struct sb_ctx *ctx)
{
	const char *marker = strstr(ctx->path, "/manifests/");

	sb_header(ctx, "docker-distribution-api-version", "registry/2.0");
	if (strcmp(ctx->path, "/token") == 0)
		give_token(ctx);
	else if (mok_starts(ctx->path, "/v2/") && marker && marker > ctx->path + 4)
		handle_manifest(ctx, marker);
	else if (strcmp(ctx->path, "/v2/") != 0)
		refuse(ctx, 404, "NAME_UNKNOWN", "repository name not known to registry");
	else if (is_let_in(ctx, ""))
		sb_reply(ctx, 200, cJSON_CreateObject());
}
