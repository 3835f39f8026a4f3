/* Keys for Spaces. The secret is in the answer that makes the key, and never again. */
#include "core_internal.h"

#include "fields.h"

#include <string.h>

#define KEY_KIND "spaces_key"

enum { KEYS_MAX = 200 };

static cJSON *view(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	cJSON *out = cJSON_CreateObject();

	(void)ctx;
	sb_set_str(out, "name", doc->name);
	mok_json_set(out, "grants", cJSON_Duplicate(sb_get(doc->json, "grants"), true));
	sb_set_str(out, "access_key", doc->id);
	sb_set_time(out, "created_at", doc->created_ms);
	return out;
}

bool sb_spaces_key_find(struct sb_ctx *ctx, const char *access_key, struct sb_spaces_key *out)
{
	const struct sb_doc *doc;

	memset(out, 0, sizeof(*out));
	if (mok_streq(access_key, ctx->core->spaces_key)) {
		out->access_key = ctx->core->spaces_key;
		out->secret = ctx->core->spaces_secret;
		out->full_access = true;
		return true;
	}
	doc = sb_doc_get(ctx, KEY_KIND, access_key);
	if (!doc)
		return false;
	out->access_key = doc->id;
	out->secret = sb_get_str(doc->json, "secret");
	out->full_access = sb_get_bool(doc->json, "full", false);
	out->grants = sb_get(doc->json, "grants");
	return true;
}

/* ---- grants ---- */

static const char *check_grant(const cJSON *grant, bool *full)
{
	const char *permission = sb_get_str(grant, "permission");
	const char *bucket = sb_get_word(grant, "bucket");

	if (!permission)
		return "permission is required";
	if (strcmp(permission, "fullaccess") == 0) {
		*full = true;
		return bucket ? "fullaccess cannot be limited to a bucket" : NULL;
	}
	if (strcmp(permission, "read") != 0 && strcmp(permission, "readwrite") != 0)
		return "permission must be read, readwrite or fullaccess";
	return bucket ? NULL : "bucket is required";
}

/* NULL: fine. Absent grants are none. */
static const char *check_grants(const cJSON *grants, bool *full)
{
	const cJSON *grant;
	const char *wrong = NULL;

	*full = false;
	if (grants && !cJSON_IsArray(grants))
		return "grants must be a list";
	cJSON_ArrayForEach(grant, grants)
	{
		wrong = wrong ? wrong : check_grant(grant, full);
	}
	if (!wrong && *full && cJSON_GetArraySize(grants) > 1)
		return "fullaccess cannot be mixed with other grants";
	return wrong;
}

static void set_grants(struct sb_doc *doc, const cJSON *grants, bool full)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *grant;

	cJSON_ArrayForEach(grant, grants)
	{
		const char *bucket = sb_get_str(grant, "bucket");
		cJSON *item = cJSON_CreateObject();

		sb_set_str(item, "bucket", bucket ? bucket : "");
		sb_set_str(item, "permission", sb_get_str(grant, "permission"));
		cJSON_AddItemToArray(list, item);
	}
	mok_json_set(doc->json, "grants", list);
	sb_set_bool(doc->json, "full", full);
}

/* ---- the API ---- */

static bool is_listed(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	const char *bucket = sb_filter(ctx, "bucket"), *permission = sb_filter(ctx, "permission");
	const cJSON *grant;

	if (!bucket && !permission)
		return true;
	cJSON_ArrayForEach(grant, sb_get(doc->json, "grants"))
	{
		if ((!bucket || mok_streq(sb_get_str(grant, "bucket"), bucket)) &&
			(!permission || mok_streq(sb_get_str(grant, "permission"), permission)))
			return true;
	}
	return false;
}

static void list_keys(struct sb_ctx *ctx)
{
	const struct sb_page page = { .key = "keys",
		.which = { .kind = KEY_KIND, .name = sb_filter(ctx, "name") },
		.view = view,
		.keep = sb_filter(ctx, "bucket") || sb_filter(ctx, "permission") ? is_listed
										 : NULL };

	sb_reply_page(ctx, &page);
}

static void create_key(struct sb_ctx *ctx)
{
	const char *name = sb_get_word(ctx->body, "name"), *secret, *wrong;
	const struct sb_which all = { .kind = KEY_KIND };
	struct sb_doc *doc;
	cJSON *out;
	bool full;

	wrong = check_grants(sb_get(ctx->body, "grants"), &full);
	if (!name)
		wrong = "name is required";
	if (!wrong && sb_doc_count(ctx, &all) >= KEYS_MAX)
		wrong = "you have reached the limit of 200 keys";
	if (wrong) {
		sb_fail(ctx, 400, "%s", wrong);
		return;
	}
	doc = sb_doc_new(ctx, KEY_KIND,
		mok_arena_printf(ctx->arena, "DO%s",
			sb_random_word(ctx, 18, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")),
		NULL);
	secret = sb_random_word(ctx, 43, NULL);
	doc->name = name;
	sb_set_str(doc->json, "secret", secret);
	set_grants(doc, sb_get(ctx->body, "grants"), full);
	sb_doc_put(ctx, doc);
	sb_note_create(ctx, "spaces_key", doc->id);
	out = view(ctx, doc);
	sb_set_str(out, "secret_key", secret);
	sb_reply_root(ctx, 201, "key", out);
}

static void get_key(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, KEY_KIND, ctx->params[0]);

	if (doc)
		sb_reply_root(ctx, 200, "key", view(ctx, doc));
}

static void change_key(struct sb_ctx *ctx)
{
	struct sb_doc *doc = sb_doc_see(ctx, KEY_KIND, ctx->params[0]);
	const cJSON *grants = sb_get(ctx->body, "grants");
	const char *name = sb_get_word(ctx->body, "name"), *wrong;
	bool full, was_full;

	if (!doc)
		return;
	wrong = check_grants(grants, &full);
	was_full = sb_get_bool(doc->json, "full", false);
	if (!wrong && grants && full != was_full)
		wrong = "a key cannot change between fullaccess and limited grants";
	if (wrong) {
		sb_fail(ctx, 400, "%s", wrong);
		return;
	}
	if (name)
		doc->name = name;
	if (grants)
		set_grants(doc, grants, full);
	sb_doc_put(ctx, doc);
	sb_reply_root(ctx, 200, "key", view(ctx, doc));
}

static void delete_key(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, KEY_KIND, ctx->params[0]);

	if (!doc)
		return;
	sb_doc_delete(ctx, doc);
	sb_note_delete(ctx, "spaces_key", doc->id);
	sb_reply_empty(ctx, 204);
}

const struct sb_route spaces_key_routes[] = {
	{ "GET", "/v2/spaces/keys", list_keys, 0 },
	{ "POST", "/v2/spaces/keys", create_key, 0 },
	{ "GET", "/v2/spaces/keys/{access_key}", get_key, 0 },
	{ "PUT", "/v2/spaces/keys/{access_key}", change_key, 0 },
	{ "PATCH", "/v2/spaces/keys/{access_key}", change_key, 0 },
	{ "DELETE", "/v2/spaces/keys/{access_key}", delete_key, 0 },
	{ 0 },
};
