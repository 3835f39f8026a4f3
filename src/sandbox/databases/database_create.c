#include "database.h"

#include <string.h>

enum {
	READY_LOW_MS = 3 * SB_MINUTE_MS,
	READY_HIGH_MS = 8 * SB_MINUTE_MS,
	BACKUP_LOW_MS = 1 * SB_MINUTE_MS, /* from ready to the first backup */
	BACKUP_HIGH_MS = 3 * SB_MINUTE_MS,
	NAME_MIN = 1,
	NAME_MAX = 63,
};

static bool name_valid(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len >= NAME_MIN && len <= NAME_MAX && name[len] == '\0' && name[0] >= 'a' &&
		name[0] <= 'z';
}

static bool good_name(struct sb_ctx *ctx, const char *name)
{
	if (!name)
		sb_fail(ctx, 422, "name is required");
	else if (!name_valid(name))
		sb_fail(ctx, 422,
			"invalid cluster name: use %d to %d lowercase letters, numbers and "
			"dashes, starting with a letter",
			NAME_MIN, NAME_MAX);
	else if (sb_doc_named(ctx, DB_KIND, NULL, name) || sb_name_reserved(ctx, DB_KIND, name))
		sb_fail(ctx, 422, "cluster name is not available");
	else
		return true;
	return false;
}

bool db_good_region(struct sb_ctx *ctx, const struct sb_db_engine *engine, const char *region)
{
	const struct sb_region *known = region ? sb_region_find(region) : NULL;

	if (known && known->databases && !mok_streq(engine->not_in_region, region))
		return true;
	sb_fail(ctx, 422, "invalid region: %s", region ? region : "");
	return false;
}

bool db_good_layout(
	struct sb_ctx *ctx, const struct sb_db_engine *engine, const char *size, int64_t num_nodes)
{
	bool nodes_known = false;
	int count = num_nodes > 0 && num_nodes < 100 ? (int)num_nodes : 0;

	if (!size)
		sb_fail(ctx, 422, "size is required");
	else if (sb_db_layout_fits(engine, count, size, &nodes_known))
		return true;
	else if (!nodes_known)
		sb_fail(ctx, 422, "invalid num_nodes: %lld", (long long)num_nodes);
	else
		sb_fail(ctx, 422, "invalid size: %s is not available with %d node(s)", size, count);
	return false;
}

bool db_good_storage(struct sb_ctx *ctx, const struct sb_db_engine *engine, const char *size,
	int64_t storage_mib)
{
	int64_t base, most;

	sb_db_size_storage_mib(size, &base, &most);
	if (storage_mib == base)
		return true;
	if (!engine->has_storage)
		sb_fail(ctx, 422, "storage_size_mib can not be chosen for %s", engine->slug);
	else if (storage_mib < base || storage_mib > most)
		sb_fail(ctx, 422, "invalid storage_size_mib: %s takes %lld to %lld MiB", size,
			(long long)base, (long long)most);
	else
		return true;
	return false;
}

const char *db_set_autoscale(cJSON *database, const cJSON *storage)
{
	static const char *const fields[] = { "enabled", "threshold_percent", "increment_gib" };
	bool enabled = sb_get_bool(storage, "enabled", false);
	int64_t threshold = sb_get_int(storage, "threshold_percent", enabled ? 0 : 80);
	int64_t increment = sb_get_int(storage, "increment_gib", enabled ? 0 : 10);
	cJSON *own;

	if (!cJSON_IsObject(storage) || !cJSON_IsBool(sb_get(storage, "enabled")))
		return "storage.enabled is required";
	if (enabled && (threshold < 15 || threshold > 95))
		return "threshold_percent must be between 15 and 95";
	if (enabled && (increment < 10 || increment > 500))
		return "increment_gib must be between 10 and 500";
	own = cJSON_CreateObject();
	sb_copy(own, storage, fields, MOK_COUNT(fields));
	mok_json_set(database, "storage_autoscale", own);
	return NULL;
}

/* Both the description's and godo's place for it. */
static bool apply_autoscale(struct sb_ctx *ctx, const struct sb_db_engine *engine, cJSON *database)
{
	const cJSON *storage = sb_get(sb_get(ctx->body, "autoscale"), "storage");
	const char *why;

	if (!storage)
		storage = sb_get(ctx->body, "storage_autoscale");
	if (!storage)
		return true;
	why = engine->has_storage ? db_set_autoscale(database, storage)
				  : "storage autoscaling is not supported for this engine";
	if (why)
		sb_fail(ctx, 422, "%s", why);
	return !why;
}

/* The whole set is dropped without a word if one of them is wrong. */
static void apply_tags(struct sb_ctx *ctx, const struct sb_doc *database)
{
	const cJSON *tags = sb_get(ctx->body, "tags");
	const cJSON *tag;

	if (!sb_is_string_list(tags))
		return;
	cJSON_ArrayForEach(tag, tags)
	{
		if (!sb_tag_valid(tag->valuestring))
			return;
	}
	sb_tags_set(ctx, "database", database->id, tags);
}

/* A fork of a cluster that has a backup. */
static bool apply_restore(struct sb_ctx *ctx, cJSON *database)
{
	const cJSON *restore = sb_get(ctx->body, "backup_restore");
	const char *name = sb_get_word(restore, "database_name");
	const struct sb_doc *source;

	if (!restore)
		return true;
	source = name ? sb_doc_named(ctx, DB_KIND, NULL, name) : NULL;
	if (!source) {
		sb_fail(ctx, 404, "the cluster to restore from does not exist");
	} else if (!mok_streq(sb_get_str(source->json, "engine"), sb_get_str(database, "engine"))) {
		sb_fail(ctx, 422, "the cluster to restore from has another engine");
	} else if (ctx->now_ms < sb_get_int(source->json, "backup_ms", INT64_MAX)) {
		sb_fail(ctx, 412, "the cluster to restore from has no backup yet");
	} else {
		sb_set_bool(database, "forked", true);
		return true;
	}
	return false;
}

static const char *choose_version(struct sb_ctx *ctx, const struct sb_db_engine *engine)
{
	const char *version = sb_get_word(ctx->body, "version");

	if (!version)
		return engine->default_version;
	if (sb_db_version_find(engine, version))
		return version;
	sb_fail(ctx, 422, "invalid version: %s", version);
	return NULL;
}

static const struct sb_db_engine *choose_engine(struct sb_ctx *ctx)
{
	const char *slug = sb_get_word(ctx->body, "engine");
	const struct sb_db_engine *engine = slug ? sb_db_engine_find(slug) : NULL;

	if (!engine)
		sb_fail(ctx, 422, "invalid engine: %s", slug ? slug : "");
	else if (engine->closed)
		sb_fail(ctx, 422, "new %s clusters can no longer be created; use valkey", slug);
	else
		return engine;
	return NULL;
}

static bool fill(struct sb_ctx *ctx, cJSON *database, const struct sb_db_engine *engine)
{
	const char *size = sb_get_word(ctx->body, "size");
	const char *region = sb_get_word(ctx->body, "region");
	const char *version = choose_version(ctx, engine);
	int64_t num_nodes = sb_get_int(ctx->body, "num_nodes", 0);
	int64_t base, most, storage_mib;
	const char *vpc;

	if (!version || !db_good_region(ctx, engine, region) ||
		!db_good_layout(ctx, engine, size, num_nodes))
		return false;
	sb_db_size_storage_mib(size, &base, &most);
	storage_mib = sb_get_int(ctx->body, "storage_size_mib", 0);
	storage_mib = storage_mib ? storage_mib : base;
	if (!db_good_storage(ctx, engine, size, storage_mib))
		return false;
	vpc = sb_vpc_resolve(ctx, region, sb_get_word(ctx->body, "private_network_uuid"));
	if (!vpc)
		return false;
	sb_set_str(database, "engine", engine->slug);
	sb_set_str(database, "version", version);
	sb_set_str(database, "region", region);
	sb_set_str(database, "size", size);
	sb_set_int(database, "num_nodes", num_nodes);
	sb_set_int(database, "storage_size_mib", storage_mib);
	sb_set_str(database, "private_network_uuid", vpc);
	return true;
}

static void add_window(struct sb_ctx *ctx, cJSON *database)
{
	static const char *const days[] = { "monday", "tuesday", "wednesday", "thursday", "friday",
		"saturday", "sunday" };
	cJSON *window = cJSON_CreateObject();

	sb_set_str(window, "day", days[sb_random_between(ctx, 0, MOK_COUNT(days) - 1)]);
	sb_set_str(window, "hour",
		mok_arena_printf(ctx->arena, "%02lld:%02lld:00",
			(long long)sb_random_between(ctx, 0, 23),
			(long long)sb_random_between(ctx, 0, 59)));
	sb_set_bool(window, "pending", false);
	mok_json_set(database, "maintenance_window", window);
}

bool db_settle(struct sb_ctx *ctx, struct sb_doc *database, const char *project_id)
{
	const char *urn = db_urn(ctx, database->id);

	add_window(ctx, database->json);
	if (!sb_get(database->json, "do_settings"))
		cJSON_AddArrayToObject(
			cJSON_AddObjectToObject(database->json, "do_settings"), "service_cnames");
	if (!sb_get(database->json, "config"))
		cJSON_AddObjectToObject(database->json, "config");
	database->name = sb_get_str(database->json, "name");
	sb_doc_put(ctx, database);
	db_event(ctx, database, "cluster_create");
	sb_vpc_join(ctx, sb_get_str(database->json, "private_network_uuid"), urn, database->name);
	sb_note_create(ctx, "database", database->id);
	return sb_project_join(ctx, project_id, urn);
}

static void add_children(struct sb_ctx *ctx, struct sb_doc *database)
{
	const struct sb_db_engine *engine = db_engine(database);
	const char *password = db_password(ctx);

	if (engine->has_users) {
		const struct sb_doc *user =
			db_user_make(ctx, database, db_primary_user(engine->slug), "primary",
				sb_own(ctx, cJSON_CreateObject()));

		password = sb_get_str(user->json, "password");
	}
	sb_set_str(database->json, "password", password);
	if (engine->has_dbs)
		sb_doc_put(ctx,
			db_child_new(ctx, DB_DB_KIND, database,
				strcmp(engine->slug, "mongodb") == 0 ? "admin" : "defaultdb"));
}

void db_create(struct sb_ctx *ctx)
{
	const char *name = sb_get_word(ctx->body, "name");
	const struct sb_db_engine *engine;
	struct sb_doc *database;
	int64_t ready_ms = sb_random_between(ctx, READY_LOW_MS, READY_HIGH_MS);

	if (!good_name(ctx, name))
		return;
	engine = choose_engine(ctx);
	if (!engine)
		return;
	database = sb_doc_new(ctx, DB_KIND, sb_uuid(ctx), "");
	sb_set_str(database->json, "id", database->id);
	sb_set_str(database->json, "name", name);
	sb_set_str(database->json, "host_name", name);
	sb_set_int(database->json, "created_ms", ctx->now_ms);
	sb_set_int(database->json, "ready_ms", sb_after(ctx, ready_ms));
	sb_set_int(database->json, "backup_ms",
		sb_after(ctx, ready_ms + sb_random_between(ctx, BACKUP_LOW_MS, BACKUP_HIGH_MS)));
	if (!fill(ctx, database->json, engine) || !apply_autoscale(ctx, engine, database->json) ||
		!apply_restore(ctx, database->json) ||
		!db_set_rules(ctx, database, sb_get(ctx->body, "rules")))
		return;
	add_children(ctx, database);
	if (!db_settle(ctx, database, sb_get_word(ctx->body, "project_id")))
		return;
	apply_tags(ctx, database);
	sb_reply_root(ctx, 201, "database", db_doc_view(ctx, database));
}
