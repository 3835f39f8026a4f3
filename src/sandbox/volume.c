/* Volumes and their snapshots. */
#include "droplet.h"

#include <string.h>

enum { SIZE_MAX_GB = 16 * 1024 };

static const char *urn_of(struct sb_ctx *ctx, const char *id)
{
	return mok_arena_printf(ctx->arena, "do:volume:%s", id);
}

const char *sb_volume_make(struct sb_ctx *ctx, const char *region, const cJSON *body)
{
	static const char *const fields[] = { "name", "description", "size_gigabytes",
		"filesystem_type", "filesystem_label" };
	struct sb_doc *doc = sb_doc_new(ctx, VOLUME_KIND, sb_uuid(ctx), region);

	sb_set_str(doc->json, "description", "");
	sb_set_str(doc->json, "filesystem_type", "");
	sb_set_str(doc->json, "filesystem_label", "");
	sb_copy(doc->json, body, fields, MOK_COUNT(fields));
	sb_set_str(doc->json, "region", region);
	sb_set_int(doc->json, "created_ms", ctx->now_ms);
	doc->name = sb_get_str(doc->json, "name");
	sb_doc_put(ctx, doc);
	sb_tags_set(ctx, "volume", doc->id, sb_get(body, "tags"));
	/* The default project is always there. */
	(void)sb_project_join(ctx, NULL, urn_of(ctx, doc->id));
	sb_note_create(ctx, "volume", doc->id);
	return doc->id;
}

void sb_volume_delete(struct sb_ctx *ctx, struct sb_doc *volume)
{
	sb_tags_set(ctx, "volume", volume->id, NULL);
	sb_project_leave(ctx, urn_of(ctx, volume->id));
	sb_doc_delete(ctx, volume);
	sb_note_delete(ctx, "volume", volume->id);
}

static cJSON *view(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	static const char *const fields[] = { "name", "description", "size_gigabytes",
		"filesystem_type", "filesystem_label" };
	cJSON *out = cJSON_CreateObject();
	cJSON *droplets;
	int64_t droplet = 0;

	sb_set_str(out, "id", doc->id);
	mok_json_set(out, "region", sb_region_view(sb_get_str(doc->json, "region")));
	droplets = cJSON_AddArrayToObject(out, "droplet_ids");
	if (mok_parse_i64(doc->alt, &droplet))
		cJSON_AddItemToArray(droplets, cJSON_CreateNumber((double)droplet));
	sb_copy(out, doc->json, fields, MOK_COUNT(fields));
	sb_set_time(out, "created_at", sb_get_int(doc->json, "created_ms", 0));
	mok_json_set(out, "tags", sb_tags_of(ctx, "volume", doc->id));
	return out;
}

static void list_volumes(struct sb_ctx *ctx)
{
	const struct sb_page page = {
		.key = "volumes",
		.which = { .kind = VOLUME_KIND,
			.parent = sb_filter(ctx, "region"),
			.name = sb_filter(ctx, "name") },
		.view = view,
	};

	sb_reply_page(ctx, &page);
}

static bool volume_name_valid(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len >= 1 && len <= 64 && name[len] == '\0' && name[0] >= 'a' && name[0] <= 'z';
}

static void create_volume(struct sb_ctx *ctx)
{
	const char *name = sb_get_word(ctx->body, "name");
	const char *slug = sb_get_word(ctx->body, "region");
	const struct sb_region *region = slug ? sb_region_find(slug) : NULL;
	int64_t size_gb = sb_get_int(ctx->body, "size_gigabytes", 0);
	const cJSON *tags = sb_get(ctx->body, "tags");
	const char *id;

	if (!name || !volume_name_valid(name)) {
		sb_fail(ctx, 422,
			"name must be lowercase letters, numbers and dashes, starting with a "
			"letter, and at most 64 characters");
	} else if (!region || !region->available) {
		sb_fail(ctx, 422, "region is invalid");
	} else if (size_gb < 1 || size_gb > SIZE_MAX_GB) {
		sb_fail(ctx, 422, "size_gigabytes must be between 1 and %d", SIZE_MAX_GB);
	} else if (tags && !sb_is_string_list(tags)) {
		sb_fail(ctx, 422, "tags must be a list of strings");
	} else if (sb_doc_named(ctx, VOLUME_KIND, slug, name)) {
		sb_fail(ctx, 409, "a volume with that name already exists");
	} else {
		id = sb_volume_make(ctx, slug, ctx->body);
		sb_reply_root(ctx, 201, "volume", view(ctx, sb_doc_get(ctx, VOLUME_KIND, id)));
	}
}

static void get_volume(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, VOLUME_KIND, ctx->params[0]);

	if (doc)
		sb_reply_root(ctx, 200, "volume", view(ctx, doc));
}

static void drop(struct sb_ctx *ctx, struct sb_doc *doc)
{
	if (doc->alt[0]) {
		sb_fail(ctx, 409, "failed to delete volume: volume is attached to a droplet");
		return;
	}
	sb_volume_delete(ctx, doc);
	sb_reply_empty(ctx, 204);
}

static void delete_volume(struct sb_ctx *ctx)
{
	struct sb_doc *doc = sb_doc_see(ctx, VOLUME_KIND, ctx->params[0]);

	if (doc)
		drop(ctx, doc);
}

static void delete_named(struct sb_ctx *ctx)
{
	const char *name = sb_filter(ctx, "name");
	const char *region = sb_filter(ctx, "region");
	struct sb_doc *doc = name && region ? sb_doc_named(ctx, VOLUME_KIND, region, name) : NULL;

	if (doc)
		drop(ctx, doc);
	else
		sb_not_found(ctx);
}

/* ---- actions: done at once ---- */

static cJSON *action_view(struct sb_ctx *ctx, const char *type, const char *region)
{
	cJSON *action = cJSON_CreateObject();

	sb_set_int(action, "id", sb_next(ctx, "action", 68212728));
	sb_set_str(action, "status", "completed");
	sb_set_str(action, "type", type);
	sb_set_time(action, "started_at", ctx->now_ms);
	sb_set_time(action, "completed_at", ctx->now_ms);
	sb_set_str(action, "resource_id", NULL);
	sb_set_str(action, "resource_type", "backend");
	mok_json_set(action, "region", sb_region_view(region));
	sb_set_str(action, "region_slug", region);
	return action;
}

static bool resize(struct sb_ctx *ctx, struct sb_doc *doc)
{
	int64_t size_gb = sb_get_int(ctx->body, "size_gigabytes", 0);

	if (size_gb <= sb_get_int(doc->json, "size_gigabytes", 0) || size_gb > SIZE_MAX_GB) {
		sb_fail(ctx, 422, "a volume can only grow, up to %d GiB", SIZE_MAX_GB);
		return false;
	}
	sb_set_int(doc->json, "size_gigabytes", size_gb);
	return true;
}

static bool attach(struct sb_ctx *ctx, struct sb_doc *doc)
{
	const char *id = mok_arena_printf(
		ctx->arena, "%lld", (long long)sb_get_int(ctx->body, "droplet_id", 0));
	const struct sb_doc *droplet = sb_doc_get(ctx, DROPLET_KIND, id);

	if (doc->alt[0]) {
		sb_fail(ctx, 422, "Volume is already attached to a droplet");
		return false;
	}
	if (!droplet || !mok_streq(sb_get_str(droplet->json, "region"), doc->parent)) {
		sb_fail(ctx, 422, "droplet not found in the volume's region");
		return false;
	}
	doc->alt = id;
	return true;
}

static void act(struct sb_ctx *ctx, struct sb_doc *doc)
{
	const char *type = sb_get_word(ctx->body, "type");
	bool done = true;

	if (mok_streq(type, "resize")) {
		done = resize(ctx, doc);
	} else if (mok_streq(type, "attach")) {
		done = attach(ctx, doc);
	} else if (mok_streq(type, "detach")) {
		doc->alt = "";
	} else {
		sb_fail(ctx, 422, "type must be one of attach, detach, resize");
		return;
	}
	if (!done)
		return;
	sb_doc_put(ctx, doc);
	sb_reply_root(ctx, 202, "action", action_view(ctx, type, doc->parent));
}

static void act_on(struct sb_ctx *ctx)
{
	struct sb_doc *doc = sb_doc_see(ctx, VOLUME_KIND, ctx->params[0]);

	if (doc)
		act(ctx, doc);
}

static void act_named(struct sb_ctx *ctx)
{
	const char *name = sb_get_word(ctx->body, "volume_name");
	struct sb_doc *doc = name
		? sb_doc_named(ctx, VOLUME_KIND, sb_get_word(ctx->body, "region"), name)
		: NULL;

	if (doc)
		act(ctx, doc);
	else
		sb_not_found(ctx);
}

/* ---- snapshots ---- */

const char *sb_volume_snapshot(struct sb_ctx *ctx, const struct sb_doc *volume, const cJSON *body)
{
	struct sb_doc *doc = sb_doc_new(ctx, SNAPSHOT_KIND, sb_uuid(ctx), volume->id);

	doc->name = sb_get_str(body, "name");
	sb_set_str(doc->json, "name", doc->name);
	sb_set_str(doc->json, "region", volume->parent);
	sb_set_int(doc->json, "created_ms", ctx->now_ms);
	sb_set_int(doc->json, "size_gigabytes", sb_get_int(volume->json, "size_gigabytes", 1));
	sb_doc_put(ctx, doc);
	sb_tags_set(ctx, "volume_snapshot", doc->id, sb_get(body, "tags"));
	sb_note_create(ctx, "volume_snapshot", doc->id);
	return doc->id;
}

static cJSON *snapshot_view(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	cJSON *out = cJSON_CreateObject();

	sb_set_str(out, "id", doc->id);
	sb_set_str(out, "name", sb_get_str(doc->json, "name"));
	cJSON_AddItemToArray(cJSON_AddArrayToObject(out, "regions"),
		cJSON_CreateString(sb_get_str(doc->json, "region")));
	sb_set_time(out, "created_at", sb_get_int(doc->json, "created_ms", 0));
	sb_set_str(out, "resource_id", doc->parent);
	sb_set_str(out, "resource_type", "volume");
	sb_set_int(out, "min_disk_size", sb_get_int(doc->json, "size_gigabytes", 1));
	sb_set_int(out, "size_gigabytes", sb_get_int(doc->json, "size_gigabytes", 1));
	mok_json_set(out, "tags", sb_tags_of(ctx, "volume_snapshot", doc->id));
	return out;
}

static void list_snapshots(struct sb_ctx *ctx)
{
	const struct sb_page page = {
		.key = "snapshots",
		.which = { .kind = SNAPSHOT_KIND, .parent = ctx->params[0] },
		.view = snapshot_view,
	};

	if (sb_doc_see(ctx, VOLUME_KIND, ctx->params[0]))
		sb_reply_page(ctx, &page);
}

static void create_snapshot(struct sb_ctx *ctx)
{
	const struct sb_doc *volume = sb_doc_see(ctx, VOLUME_KIND, ctx->params[0]);
	const cJSON *tags = sb_get(ctx->body, "tags");
	const char *id;

	if (!volume)
		return;
	if (!sb_get_word(ctx->body, "name") || (tags && !sb_is_string_list(tags))) {
		sb_fail(ctx, 422, "name is required, and tags must be a list of strings");
		return;
	}
	id = sb_volume_snapshot(ctx, volume, ctx->body);
	sb_reply_root(ctx, 201, "snapshot", snapshot_view(ctx, sb_doc_get(ctx, SNAPSHOT_KIND, id)));
}

static void get_snapshot(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, SNAPSHOT_KIND, ctx->params[0]);

	if (doc)
		sb_reply_root(ctx, 200, "snapshot", snapshot_view(ctx, doc));
}

static void delete_snapshot(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, SNAPSHOT_KIND, ctx->params[0]);

	if (!doc)
		return;
	sb_tags_set(ctx, "volume_snapshot", doc->id, NULL);
	sb_doc_delete(ctx, doc);
	sb_note_delete(ctx, "volume_snapshot", doc->id);
	sb_reply_empty(ctx, 204);
}

const struct sb_route volume_routes[] = {
	{ "GET", "/v2/volumes", list_volumes, 0 },
	{ "POST", "/v2/volumes", create_volume, 0 },
	{ "DELETE", "/v2/volumes", delete_named, 0 },
	{ "POST", "/v2/volumes/actions", act_named, 0 },
	{ "GET", "/v2/volumes/{id}", get_volume, 0 },
	{ "DELETE", "/v2/volumes/{id}", delete_volume, 0 },
	{ "POST", "/v2/volumes/{id}/actions", act_on, 0 },
	{ "GET", "/v2/volumes/{id}/snapshots", list_snapshots, 0 },
	{ "POST", "/v2/volumes/{id}/snapshots", create_snapshot, 0 },
	{ "GET", "/v2/volumes/snapshots/{id}", get_snapshot, 0 },
	{ "DELETE", "/v2/volumes/snapshots/{id}", delete_snapshot, 0 },
	{ NULL, NULL, NULL, 0 },
};
