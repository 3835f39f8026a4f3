/* Tags. Names match without regard to case and keep the case that they were made with. */
#include "core_internal.h"

#include "fields.h"

#include <ctype.h>
#include <string.h>

#define TAG_KIND "tag"

/* What /v2/tags counts; the type's own documents tell whether a resource is there. */
static const struct {
	const char *type, *list, *kind;
} counted[] = {
	{ "droplet", "droplets", "droplet" },
	{ "image", "images", NULL },
	{ "volume", "volumes", "volume" },
	{ "volume_snapshot", "volume_snapshots", NULL },
	{ "database", "databases", "database" },
};

static const char *key_of(struct sb_ctx *ctx, const char *name)
{
	char *key = mok_arena_strdup(ctx->arena, name);

	for (char *c = key; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return key;
}

/* DOKS makes these by itself, and they go with the last that bears them. */
static bool is_system_tag(const char *name)
{
	return strcmp(name, "k8s") == 0 || mok_starts(name, "k8s:");
}

static struct sb_doc *make_tag(struct sb_ctx *ctx, const char *name)
{
	struct sb_doc *doc = sb_doc_get(ctx, TAG_KIND, key_of(ctx, name));

	if (doc)
		return doc;
	doc = sb_doc_new(ctx, TAG_KIND, key_of(ctx, name), NULL);
	doc->name = name;
	sb_doc_put(ctx, doc);
	if (!is_system_tag(name))
		sb_note_create(ctx, "tag", name);
	return doc;
}

/* ---- for the other kinds ---- */

static void link_tag(
	struct sb_ctx *ctx, const char *tag, const char *type, const char *id, int64_t position)
{
	sb_sql_run(ctx,
		"INSERT OR IGNORE INTO tag_link(tag, type, id, position, tagged_ms)"
		" VALUES(?, ?, ?, ?, ?)",
		"sssii", key_of(ctx, tag), type, id, position, ctx->now_ms);
}

static void drop_unborne(struct sb_ctx *ctx, const char *name)
{
	const char *key = key_of(ctx, name);
	const struct sb_doc *doc = is_system_tag(name) ? sb_doc_get(ctx, TAG_KIND, key) : NULL;
	sqlite3_stmt *stmt;

	if (!doc)
		return;
	stmt = sb_sql(ctx, "SELECT 1 FROM tag_link WHERE tag = ? LIMIT 1", "s", key);
	if (sb_sql_row(ctx, stmt))
		sb_sql_done(ctx, stmt);
	else
		sb_sql_run(ctx, "DELETE FROM doc WHERE seq = ?", "i", doc->seq);
}

void sb_tags_set(struct sb_ctx *ctx, const char *type, const char *id, const cJSON *tags)
{
	cJSON *before = sb_own(ctx, sb_tags_of(ctx, type, id));
	const cJSON *tag;
	int64_t position = 0;

	sb_sql_run(ctx, "DELETE FROM tag_link WHERE type = ? AND id = ?", "ss", type, id);
	cJSON_ArrayForEach(tag, tags)
	{
		if (!cJSON_IsString(tag))
			continue;
		make_tag(ctx, tag->valuestring);
		link_tag(ctx, tag->valuestring, type, id, position++);
	}
	cJSON_ArrayForEach(tag, before)
	{
		drop_unborne(ctx, tag->valuestring);
	}
}

cJSON *sb_tags_of(struct sb_ctx *ctx, const char *type, const char *id)
{
	cJSON *list = cJSON_CreateArray();
	sqlite3_stmt *stmt = sb_sql(ctx,
		"SELECT doc.name FROM tag_link JOIN doc ON doc.kind = 'tag' AND doc.id = "
		"tag_link.tag"
		" AND doc.gone_ms = 0 WHERE tag_link.type = ? AND tag_link.id = ?"
		" ORDER BY tag_link.position, tag_link.tagged_ms, tag_link.tag",
		"ss", type, id);

	while (sb_sql_row(ctx, stmt))
		cJSON_AddItemToArray(list, cJSON_CreateString(sb_sql_text(ctx, stmt, 0)));
	return list;
}

bool sb_tagged(struct sb_ctx *ctx, const char *tag, const char *type, const char *id)
{
	sqlite3_stmt *stmt =
		sb_sql(ctx, "SELECT 1 FROM tag_link WHERE tag = ? AND type = ? AND id = ?", "sss",
			key_of(ctx, tag), type, id);
	bool found = sb_sql_row(ctx, stmt);

	if (found)
		sb_sql_done(ctx, stmt);
	return found;
}

/* ---- the API ---- */

static int64_t count_links(struct sb_ctx *ctx, const char *tag, const char *type, const char **last)
{
	sqlite3_stmt *stmt = sb_sql(ctx,
		"SELECT id FROM tag_link WHERE tag = ? AND type = ? ORDER BY tagged_ms, id", "ss",
		tag, type);
	int64_t n = 0;

	while (sb_sql_row(ctx, stmt)) {
		*last = sb_sql_text(ctx, stmt, 0);
		n++;
	}
	return n;
}

static cJSON *view(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	cJSON *out = cJSON_CreateObject(), *resources;
	int64_t total = 0;
	const char *uri = NULL;

	sb_set_str(out, "name", doc->name);
	resources = cJSON_AddObjectToObject(out, "resources");
	for (size_t i = 0; i < MOK_COUNT(counted); i++) {
		const char *last = NULL;
		int64_t n = count_links(ctx, doc->id, counted[i].type, &last);
		cJSON *item = cJSON_AddObjectToObject(resources, counted[i].list);

		sb_set_int(item, "count", n);
		if (n) {
			uri = mok_arena_printf(ctx->arena, "https://api.digitalocean.com/v2/%s/%s",
				counted[i].list, last);
			sb_set_str(item, "last_tagged_uri", uri);
		}
		total += n;
	}
	sb_set_int(resources, "count", total);
	if (uri)
		sb_set_str(resources, "last_tagged_uri", uri);
	return out;
}

static void list_tags(struct sb_ctx *ctx)
{
	const struct sb_page page = { .key = "tags", .which = { .kind = TAG_KIND }, .view = view };

	sb_reply_page(ctx, &page);
}

/* The tags' service has errors of its own form. */
static void fail_name(struct sb_ctx *ctx, const char *name)
{
	const char *what = mok_arena_printf(ctx->arena,
		"Error validating resource tag: \"tag-name \\\"%.255s\\\" contains invalid "
		"characters\"",
		name ? name : "");
	cJSON *out = cJSON_CreateObject(), *causes;

	sb_set_str(out, "error", what);
	sb_set_str(out, "messages", NULL);
	causes = cJSON_AddArrayToObject(out, "root_causes");
	cJSON_AddItemToArray(causes,
		cJSON_CreateString(mok_arena_printf(
			ctx->arena, "rpc error: code = InvalidArgument desc = %s", what)));
	sb_reply(ctx, 400, out);
}

static void create_tag(struct sb_ctx *ctx)
{
	const char *name = sb_get_str(ctx->body, "name");

	if (!name || !sb_tag_valid(name)) {
		fail_name(ctx, name);
		return;
	}
	sb_reply_root(ctx, 201, "tag", view(ctx, make_tag(ctx, name)));
}

static struct sb_doc *find_tag(struct sb_ctx *ctx)
{
	return sb_doc_see(ctx, TAG_KIND, key_of(ctx, ctx->params[0]));
}

static void get_tag(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = find_tag(ctx);

	if (doc)
		sb_reply_root(ctx, 200, "tag", view(ctx, doc));
}

static void delete_tag(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = find_tag(ctx);

	if (!doc)
		return;
	sb_sql_run(ctx, "DELETE FROM tag_link WHERE tag = ?", "s", doc->id);
	sb_doc_delete(ctx, doc);
	sb_note_delete(ctx, "tag", doc->name);
	sb_reply_empty(ctx, 204);
}

/* ---- tagging ---- */

static const char *resource_id(struct sb_ctx *ctx, const cJSON *item)
{
	const cJSON *id = sb_get(item, "resource_id");

	if (cJSON_IsNumber(id))
		return mok_arena_printf(ctx->arena, "%.0f", id->valuedouble);
	return cJSON_IsString(id) ? id->valuestring : NULL;
}

/* False: it has answered. */
static bool check_resource(struct sb_ctx *ctx, const char *type, const char *id)
{
	for (size_t i = 0; i < MOK_COUNT(counted); i++) {
		if (!mok_streq(counted[i].type, type))
			continue;
		if (!id || (counted[i].kind && !sb_doc_get(ctx, counted[i].kind, id))) {
			sb_fail(ctx, 404, "The resource you were accessing could not be found.");
			return false;
		}
		return true;
	}
	sb_fail(ctx, 422, "resource_type is not one that can be tagged");
	return false;
}

static int64_t next_position(struct sb_ctx *ctx, const char *type, const char *id)
{
	sqlite3_stmt *stmt = sb_sql(ctx,
		"SELECT coalesce(max(position), -1) + 1 FROM tag_link WHERE type = ? AND id = ?",
		"ss", type, id);
	int64_t position = 0;

	if (sb_sql_row(ctx, stmt)) {
		position = sqlite3_column_int64(stmt, 0);
		sb_sql_done(ctx, stmt);
	}
	return position;
}

static void change_links(struct sb_ctx *ctx, bool remove)
{
	const struct sb_doc *doc = find_tag(ctx);
	const cJSON *list = sb_get(ctx->body, "resources"), *item;

	if (!doc)
		return;
	if (!cJSON_IsArray(list)) {
		sb_fail(ctx, 422, "resources must be a list");
		return;
	}
	cJSON_ArrayForEach(item, list)
	{
		const char *type = sb_get_str(item, "resource_type");
		const char *id = resource_id(ctx, item);

		if (!check_resource(ctx, type, id))
			return;
		if (remove)
			sb_sql_run(ctx,
				"DELETE FROM tag_link WHERE tag = ? AND type = ? AND id = ?", "sss",
				doc->id, type, id);
		else
			link_tag(ctx, doc->id, type, id, next_position(ctx, type, id));
	}
	sb_reply_empty(ctx, 204);
}

static void tag_resources(struct sb_ctx *ctx)
{
	change_links(ctx, false);
}

static void untag_resources(struct sb_ctx *ctx)
{
	change_links(ctx, true);
}

const struct sb_route tag_routes[] = {
	{ "GET", "/v2/tags", list_tags, 0 },
	{ "POST", "/v2/tags", create_tag, 0 },
	{ "GET", "/v2/tags/{tag}", get_tag, 0 },
	{ "DELETE", "/v2/tags/{tag}", delete_tag, 0 },
	{ "POST", "/v2/tags/{tag}/resources", tag_resources, 0 },
	{ "DELETE", "/v2/tags/{tag}/resources", untag_resources, 0 },
	{ 0 },
};
