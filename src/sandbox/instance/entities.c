/* JSON of accounts, and what applications are called. */
#include "instance.h"

static const char *id_text(struct si_visit *v, int64_t id)
{
	return mok_arena_printf(v->ctx->arena, "%lld", (long long)id);
}

static void add_pictures(struct si_visit *v, cJSON *json)
{
	static const char *const names[] = { "avatar", "avatar_static", "header", "header_static" };

	for (size_t i = 0; i < MOK_COUNT(names); i++)
		sb_set_str(json, names[i],
			mok_arena_printf(v->ctx->arena, "%s/%s/original/missing.png", v->base,
				i < 2 ? "avatars" : "headers"));
}

static void add_counts(struct si_visit *v, cJSON *json, int64_t account)
{
	struct sb_ctx *ctx = v->ctx;
	sqlite3_stmt *stmt = sb_sql(ctx,
		"SELECT count(*), max(created_ms) FROM instance_status WHERE db = ? AND account = "
		"?",
		"si", v->db, account);
	int64_t count = 0, last_ms = 0;

	if (sb_sql_row(ctx, stmt)) {
		count = sqlite3_column_int64(stmt, 0);
		last_ms = sqlite3_column_int64(stmt, 1);
		sb_sql_done(ctx, stmt);
	}
	sb_set_int(json, "followers_count", 0);
	sb_set_int(json, "following_count", 0);
	sb_set_int(json, "statuses_count", count);
	sb_set_str(json, "last_status_at",
		last_ms ? mok_arena_strndup(ctx->arena, si_time(ctx, last_ms), 10) : NULL);
}

static cJSON *account_json(struct si_visit *v, const struct si_account *account)
{
	static const char *const off[] = { "locked", "bot", "group", "noindex" };
	struct mok_arena *arena = v->ctx->arena;
	cJSON *json = cJSON_CreateObject();

	sb_set_str(json, "id", id_text(v, account->id));
	sb_set_str(json, "username", account->username);
	sb_set_str(json, "acct", account->username);
	sb_set_str(json, "display_name", "");
	for (size_t i = 0; i < MOK_COUNT(off); i++)
		sb_set_bool(json, off[i], false);
	sb_set_bool(json, "discoverable", true);
	sb_set_bool(json, "indexable", false);
	sb_set_str(json, "created_at", si_time(v->ctx, account->created_ms));
	sb_set_str(json, "note", "");
	sb_set_str(json, "url", mok_arena_printf(arena, "%s/@%s", v->base, account->username));
	sb_set_str(json, "uri",
		mok_arena_printf(arena, "%s/ap/users/%lld", v->base, (long long)account->id));
	add_pictures(v, json);
	add_counts(v, json, account->id);
	cJSON_AddArrayToObject(json, "emojis");
	cJSON_AddArrayToObject(json, "roles");
	cJSON_AddArrayToObject(json, "fields");
	return json;
}

/* Each post of a page has its author's. */
cJSON *si_account_json(struct si_visit *v, const struct si_account *account)
{
	if (!v->shown || !mok_streq(sb_get_str(v->shown, "username"), account->username))
		v->shown = sb_own(v->ctx, account_json(v, account));
	return cJSON_Duplicate(v->shown, true);
}

cJSON *si_source_json(void)
{
	cJSON *json = cJSON_CreateObject();

	sb_set_str(json, "privacy", "public");
	sb_set_bool(json, "sensitive", false);
	sb_set_str(json, "language", NULL);
	sb_set_str(json, "note", "");
	cJSON_AddArrayToObject(json, "fields");
	sb_set_int(json, "follow_requests_count", 0);
	return json;
}

const char *si_app_name(struct si_visit *v, int64_t app_id, const char **website)
{
	sqlite3_stmt *stmt =
		sb_sql(v->ctx, "SELECT name, website FROM instance_app WHERE db = ? AND id = ?",
			"si", v->db, app_id);
	const char *name = NULL;

	*website = NULL;
	if (sb_sql_row(v->ctx, stmt)) {
		name = sb_sql_text(v->ctx, stmt, 0);
		if (sqlite3_column_type(stmt, 1) != SQLITE_NULL)
			*website = sb_sql_text(v->ctx, stmt, 1);
		sb_sql_done(v->ctx, stmt);
	}
	return name;
}
