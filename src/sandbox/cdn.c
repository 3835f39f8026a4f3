/* CDN endpoints of buckets. */
#include "core_internal.h"

#include "fields.h"

#include <string.h>

#define CDN_KIND "cdn"
#define SPACES_SUFFIX ".digitaloceanspaces.com"
#define NO_CERTIFICATE "needs-cloudflare-cert"

static const int64_t ttls[] = { 60, 600, 3600, 86400, 604800 };

static cJSON *view(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	static const char *const fields[] = { "origin", "endpoint", "ttl", "custom_domain",
		"certificate_id" };
	cJSON *out = cJSON_CreateObject();

	(void)ctx;
	sb_set_str(out, "id", doc->id);
	sb_copy(out, doc->json, fields, MOK_COUNT(fields));
	sb_set_time(out, "created_at", doc->created_ms);
	return out;
}

/* "media.ams3.digitaloceanspaces.com" -> "media.ams3.cdn.digitaloceanspaces.com". NULL: no bucket.
 */
static const char *endpoint_of(struct sb_ctx *ctx, const char *origin)
{
	size_t len = strlen(origin), suffix = strlen(SPACES_SUFFIX);
	const char *dot = strchr(origin, '.'), *bucket, *region, *home;

	if (len <= suffix || strcmp(origin + len - suffix, SPACES_SUFFIX) != 0 || !dot)
		return NULL;
	bucket = mok_arena_strndup(ctx->arena, origin, (size_t)(dot - origin));
	region = mok_arena_strndup(ctx->arena, dot + 1, len - suffix - (size_t)(dot - origin) - 1);
	home = sb_s3_bucket_region(ctx, bucket);
	if (!home || strcmp(home, region) != 0)
		return NULL;
	return mok_arena_printf(ctx->arena, "%s.%s.cdn%s", bucket, region, SPACES_SUFFIX);
}

static bool is_ttl(int64_t ttl)
{
	for (size_t i = 0; i < MOK_COUNT(ttls); i++)
		if (ttls[i] == ttl)
			return true;
	return false;
}

/* ttl, custom_domain and certificate_id over what is there. False: it has answered. */
static bool take_fields(struct sb_ctx *ctx, struct sb_doc *doc)
{
	int64_t ttl = sb_get_int(ctx->body, "ttl", sb_get_int(doc->json, "ttl", 3600));
	const char *domain = sb_get_str(ctx->body, "custom_domain");
	const char *certificate = sb_get_str(ctx->body, "certificate_id");

	if (!is_ttl(ttl)) {
		sb_fail(ctx, 422, "ttl must be 60, 600, 3600, 86400 or 604800");
		return false;
	}
	if (domain && *domain && !(certificate && *certificate) &&
		!sb_get_word(doc->json, "certificate_id")) {
		sb_fail(ctx, 422, "certificate_id is required with custom_domain");
		return false;
	}
	if (certificate && *certificate && strcmp(certificate, NO_CERTIFICATE) != 0 &&
		!sb_doc_get(ctx, "certificate", certificate)) {
		sb_fail(ctx, 422, "certificate not found");
		return false;
	}
	sb_set_int(doc->json, "ttl", ttl);
	if (domain)
		sb_set_str(doc->json, "custom_domain", domain);
	if (certificate)
		sb_set_str(doc->json, "certificate_id", certificate);
	doc->alt = sb_get_word(doc->json, "certificate_id");
	return true;
}

static void list_endpoints(struct sb_ctx *ctx)
{
	const struct sb_page page = {
		.key = "endpoints", .which = { .kind = CDN_KIND }, .view = view
	};

	sb_reply_page(ctx, &page);
}

static void create_endpoint(struct sb_ctx *ctx)
{
	const char *origin = sb_get_word(ctx->body, "origin");
	const char *endpoint = origin ? endpoint_of(ctx, origin) : NULL;
	struct sb_doc *doc;

	if (!endpoint) {
		sb_fail(ctx, 422, "origin must be the host name of a Spaces bucket");
		return;
	}
	if (sb_doc_named(ctx, CDN_KIND, NULL, origin)) {
		sb_fail(ctx, 409, "an endpoint already exists for this origin");
		return;
	}
	doc = sb_doc_new(ctx, CDN_KIND, sb_uuid(ctx), NULL);
	doc->name = origin;
	sb_set_str(doc->json, "origin", origin);
	sb_set_str(doc->json, "endpoint", endpoint);
	if (!take_fields(ctx, doc))
		return;
	sb_doc_put(ctx, doc);
	sb_note_create(ctx, "cdn", doc->id);
	sb_reply_root(ctx, 201, "endpoint", view(ctx, doc));
}

static void get_endpoint(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, CDN_KIND, ctx->params[0]);

	if (doc)
		sb_reply_root(ctx, 200, "endpoint", view(ctx, doc));
}

static void change_endpoint(struct sb_ctx *ctx)
{
	struct sb_doc *doc = sb_doc_see(ctx, CDN_KIND, ctx->params[0]);

	if (!doc || !take_fields(ctx, doc))
		return;
	sb_doc_put(ctx, doc);
	sb_reply_root(ctx, 200, "endpoint", view(ctx, doc));
}

static void delete_endpoint(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, CDN_KIND, ctx->params[0]);

	if (!doc)
		return;
	sb_doc_delete(ctx, doc);
	sb_note_delete(ctx, "cdn", doc->id);
	sb_reply_empty(ctx, 204);
}

static void purge_cache(struct sb_ctx *ctx)
{
	const cJSON *files = sb_get(ctx->body, "files");

	if (!sb_doc_see(ctx, CDN_KIND, ctx->params[0]))
		return;
	if (!sb_is_string_list(files) || cJSON_GetArraySize(files) == 0)
		sb_fail(ctx, 422, "files must be a list of paths");
	else
		sb_reply_empty(ctx, 204);
}

const struct sb_route cdn_routes[] = {
	{ "GET", "/v2/cdn/endpoints", list_endpoints, 0 },
	{ "POST", "/v2/cdn/endpoints", create_endpoint, 0 },
	{ "GET", "/v2/cdn/endpoints/{id}", get_endpoint, 0 },
	{ "PUT", "/v2/cdn/endpoints/{id}", change_endpoint, 0 },
	{ "DELETE", "/v2/cdn/endpoints/{id}", delete_endpoint, 0 },
	{ "DELETE", "/v2/cdn/endpoints/{id}/cache", purge_cache, 0 },
	{ 0 },
};
