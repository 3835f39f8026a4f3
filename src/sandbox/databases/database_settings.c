/* Small settings of a cluster, and what it says about itself. */
#include "database.h"

#include <string.h>

enum {
	CNAMES_MAX = 16,
	REPLACE_MS = 90 * SB_SECOND_MS, /* nodes are replaced one by one for new names */
	BACKUPS_MAX = 7,
};

#define DAY_MS (24LL * SB_HOUR_MS)

static cJSON *stored_config(const struct sb_doc *database)
{
	return cJSON_GetObjectItemCaseSensitive(database->json, "config");
}

/* ---- eviction policy, SQL mode ---- */

static const char *eviction_key(const struct sb_doc *database)
{
	const char *engine = sb_get_str(database->json, "engine");

	if (mok_streq(engine, "valkey"))
		return "valkey_maxmemory_policy";
	return mok_streq(engine, "redis") ? "redis_maxmemory_policy" : NULL;
}

static void respell(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

void db_get_eviction(struct sb_ctx *ctx)
{
	const struct sb_doc *database = db_find(ctx);
	const char *key = database ? eviction_key(database) : NULL;
	const char *value;
	char *shown;

	if (!database)
		return;
	if (!key) {
		sb_fail(ctx, 422, "eviction policies are not supported for this engine");
		return;
	}
	value = sb_get_word(stored_config(database), key);
	shown = mok_arena_strdup(ctx->arena, value ? value : "noeviction");
	respell(shown, '-', '_');
	sb_reply_root(ctx, 200, "eviction_policy", cJSON_CreateString(shown));
}

void db_put_eviction(struct sb_ctx *ctx)
{
	static const char *const policies[] = { "noeviction", "allkeys_lru", "allkeys_random",
		"volatile_lru", "volatile_random", "volatile_ttl" };
	struct sb_doc *database = db_find_online(ctx);
	const char *key = database ? eviction_key(database) : NULL;
	const char *wanted = sb_get_word(ctx->body, "eviction_policy");
	bool known = false;
	char *spelled;

	if (!database)
		return;
	for (size_t i = 0; i < MOK_COUNT(policies); i++)
		known = known || mok_streq(wanted, policies[i]);
	if (!key || !known) {
		sb_fail(ctx, 422,
			key ? "invalid eviction policy"
			    : "eviction policies are not supported for this engine");
		return;
	}
	spelled = mok_arena_strdup(ctx->arena, wanted);
	if (mok_starts(key, "redis"))
		respell(spelled, '_', '-');
	sb_set_str(stored_config(database), key, spelled);
	sb_doc_put(ctx, database);
	sb_reply_empty(ctx, 204);
}

static bool is_mysql(struct sb_ctx *ctx, const struct sb_doc *database)
{
	if (mok_streq(sb_get_str(database->json, "engine"), "mysql"))
		return true;
	sb_fail(ctx, 422, "SQL modes are supported for MySQL only");
	return false;
}

void db_get_sql_mode(struct sb_ctx *ctx)
{
	const struct sb_doc *database = db_find(ctx);
	cJSON *config;

	if (!database || !is_mysql(ctx, database))
		return;
	config =
		sb_own(ctx, sb_db_config_view(sb_db_config_find("mysql"), stored_config(database)));
	sb_reply_root(ctx, 200, "sql_mode", cJSON_Duplicate(sb_get(config, "sql_mode"), true));
}

void db_put_sql_mode(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find_online(ctx);
	const char *why;

	if (!database || !is_mysql(ctx, database))
		return;
	if (!sb_get_str(ctx->body, "sql_mode")) {
		sb_fail(ctx, 422, "sql_mode is required");
		return;
	}
	if (!sb_db_config_merge(sb_db_config_find("mysql"), stored_config(database), ctx->body,
		    ctx->arena, &why)) {
		sb_fail(ctx, 422, "%s", why);
		return;
	}
	sb_doc_put(ctx, database);
	sb_reply_empty(ctx, 204);
}

/* ---- autoscaling, names of its own ---- */

void db_get_autoscale(struct sb_ctx *ctx)
{
	const struct sb_doc *database = db_find(ctx);
	const cJSON *own;
	cJSON *storage, *answer;

	if (!database)
		return;
	own = sb_get(database->json, "storage_autoscale");
	storage = own ? cJSON_Duplicate(own, true) : cJSON_CreateObject();
	if (!own)
		sb_set_bool(storage, "enabled", false);
	answer = cJSON_CreateObject();
	mok_json_set(cJSON_AddObjectToObject(answer, "autoscale"), "storage", storage);
	/* godo reads it without the wrapper. */
	mok_json_set(answer, "storage", cJSON_Duplicate(storage, true));
	sb_reply(ctx, 200, answer);
}

void db_put_autoscale(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find_online(ctx);
	const cJSON *storage = sb_get(sb_get(ctx->body, "autoscale"), "storage");
	const char *why;

	if (!database)
		return;
	if (!storage)
		storage = sb_get(ctx->body, "storage");
	why = db_engine(database)->has_storage
		? db_set_autoscale(database->json, storage)
		: "storage autoscaling is not supported for this engine";
	if (why) {
		sb_fail(ctx, 422, "%s", why);
		return;
	}
	sb_doc_put(ctx, database);
	sb_reply_empty(ctx, 204);
}

void db_get_do_settings(struct sb_ctx *ctx)
{
	const struct sb_doc *database = db_find(ctx);

	if (database)
		sb_reply_root(ctx, 200, "do_settings",
			cJSON_Duplicate(sb_get(database->json, "do_settings"), true));
}

void db_put_do_settings(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find_online(ctx);
	const cJSON *names = sb_get(sb_get(ctx->body, "do_settings"), "service_cnames");
	const cJSON *name;
	cJSON *settings;

	if (!database)
		return;
	if (!sb_is_string_list(names) || cJSON_GetArraySize(names) > CNAMES_MAX) {
		sb_fail(ctx, 422, "service_cnames must be a list of up to %d names", CNAMES_MAX);
		return;
	}
	cJSON_ArrayForEach(name, names)
	{
		if (strchr(name->valuestring, '.') && !strpbrk(name->valuestring, " /:*_"))
			continue;
		sb_fail(ctx, 422, "invalid hostname: %s", name->valuestring);
		return;
	}
	settings = cJSON_CreateObject();
	mok_json_set(settings, "service_cnames", cJSON_Duplicate(names, true));
	mok_json_set(database->json, "do_settings", settings);
	sb_set_int(database->json, "maintained_ms", sb_after(ctx, REPLACE_MS));
	sb_doc_put(ctx, database);
	sb_reply_empty(ctx, 204);
}

/* ---- engine settings ---- */

static const struct sb_db_config_set *config_set(struct sb_ctx *ctx, const struct sb_doc *database)
{
	const struct sb_db_config_set *set =
		sb_db_config_find(sb_get_str(database->json, "engine"));

	if (!set)
		sb_fail(ctx, 422, "this engine has no settings");
	return set;
}

void db_get_config(struct sb_ctx *ctx)
{
	const struct sb_doc *database = db_find(ctx);
	const struct sb_db_config_set *set = database ? config_set(ctx, database) : NULL;

	if (set)
		sb_reply_root(ctx, 200, "config", sb_db_config_view(set, stored_config(database)));
}

void db_patch_config(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find_online(ctx);
	const struct sb_db_config_set *set = database ? config_set(ctx, database) : NULL;
	const cJSON *patch = sb_get(ctx->body, "config");
	const char *why;

	if (!set)
		return;
	if (!cJSON_IsObject(patch)) {
		sb_fail(ctx, 422, "config is required");
		return;
	}
	if (!sb_db_config_merge(set, stored_config(database), patch, ctx->arena, &why)) {
		sb_fail(ctx, 422, "%s", why);
		return;
	}
	sb_doc_put(ctx, database);
	sb_reply_empty(ctx, 200);
}

/* ---- what a cluster tells ---- */

void db_get_ca(struct sb_ctx *ctx)
{
	cJSON *ca;

	if (!db_find(ctx))
		return;
	ca = cJSON_CreateObject();
	sb_set_str(ca, "certificate", mok_base64(ctx->arena, sb_ca_pem, strlen(sb_ca_pem)));
	sb_reply_root(ctx, 200, "ca", ca);
}

/* One a day, kept for a week. */
void db_get_backups(struct sb_ctx *ctx)
{
	const struct sb_doc *database = db_find(ctx);
	int64_t first_ms, at_ms;
	cJSON *answer, *list, *when;

	if (!database)
		return;
	answer = cJSON_CreateObject();
	list = cJSON_AddArrayToObject(answer, "backups");
	first_ms = sb_get_int(database->json, "backup_ms", 0);
	at_ms = first_ms;
	if (ctx->now_ms - first_ms > BACKUPS_MAX * DAY_MS)
		at_ms += (ctx->now_ms - first_ms - BACKUPS_MAX * DAY_MS) / DAY_MS * DAY_MS + DAY_MS;
	for (; db_engine(database)->has_backups && at_ms <= ctx->now_ms; at_ms += DAY_MS) {
		cJSON *backup = cJSON_CreateObject();

		sb_set_time(backup, "created_at", at_ms);
		mok_json_set(backup, "size_gigabytes", cJSON_CreateNumber(0.03357696));
		sb_set_bool(backup, "incremental", false);
		cJSON_AddItemToArray(list, backup);
	}
	when = cJSON_AddObjectToObject(answer, "scheduled_backup_time");
	sb_set_int(when, "backup_hour", first_ms / SB_HOUR_MS % 24);
	sb_set_int(when, "backup_minute", first_ms / SB_MINUTE_MS % 60);
	sb_set_int(when, "backup_interval_hours", 24);
	sb_reply(ctx, 200, answer);
}

static cJSON *as_stored(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	(void)ctx;
	return cJSON_Duplicate(doc->json, true);
}

void db_get_events(struct sb_ctx *ctx)
{
	const struct sb_page page = {
		.key = "events",
		.which = { .kind = DB_EVENT_KIND, .parent = ctx->params[0] },
		.view = as_stored,
		.unpaged = true,
	};

	if (db_find(ctx))
		sb_reply_page(ctx, &page);
}

/* ---- the account's, not one cluster's ---- */

void db_get_metrics(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_get(ctx, "database_metrics", "credentials");
	const char *user = doc ? sb_get_str(doc->json, "basic_auth_username") : NULL;
	const char *password = doc ? sb_get_str(doc->json, "basic_auth_password") : NULL;
	cJSON *view = cJSON_CreateObject();

	sb_set_str(view, "basic_auth_username", user ? user : "metrics");
	sb_set_str(view, "basic_auth_password", password ? password : "sandbox-metrics");
	db_reply(ctx, 200, "credentials", view);
}

void db_put_metrics(struct sb_ctx *ctx)
{
	static const char *const fields[] = { "basic_auth_username", "basic_auth_password" };
	const cJSON *wanted = sb_get(ctx->body, "credentials");
	struct sb_doc *doc;

	if (!sb_get_word(wanted, fields[0]) || !sb_get_word(wanted, fields[1])) {
		sb_fail(ctx, 422,
			"credentials need a basic_auth_username and a basic_auth_password");
		return;
	}
	doc = sb_doc_get(ctx, "database_metrics", "credentials");
	if (!doc)
		doc = sb_doc_new(ctx, "database_metrics", "credentials", "");
	sb_copy(doc->json, wanted, fields, MOK_COUNT(fields));
	sb_doc_put(ctx, doc);
	sb_reply_empty(ctx, 204);
}
