/* What takes time: resize, upgrade, migrate, updates. */
#include "database.h"

#include <string.h>

enum {
	FLIP_MS = 8 * SB_SECOND_MS, /* the status reads "online" for that long after a change */
	RESIZE_LOW_MS = 3 * SB_MINUTE_MS,
	RESIZE_HIGH_MS = 8 * SB_MINUTE_MS,
	UPGRADE_LOW_MS = 4 * SB_MINUTE_MS,
	UPGRADE_HIGH_MS = 8 * SB_MINUTE_MS,
	MIGRATE_LOW_MS = 8 * SB_MINUTE_MS,
	MIGRATE_HIGH_MS = 15 * SB_MINUTE_MS,
	UPDATE_MS = 2 * SB_MINUTE_MS,
};

/* Growing only, as far as size and storage go; nodes may become fewer. */
static bool good_resize(struct sb_ctx *ctx, const struct sb_doc *database, const char *size,
	int64_t num_nodes, int64_t storage_mib)
{
	const struct sb_db_engine *engine = db_engine(database);
	const char *size_now = sb_get_str(database->json, "size");

	if (!db_good_layout(ctx, engine, size, num_nodes))
		return false;
	if (sb_db_size_memory_gib(size) < sb_db_size_memory_gib(size_now)) {
		sb_fail(ctx, 422, "a cluster can not be resized to a smaller size");
		return false;
	}
	if (storage_mib < sb_get_int(database->json, "storage_size_mib", 0)) {
		sb_fail(ctx, 422, "storage_size_mib can not be reduced");
		return false;
	}
	return db_good_storage(ctx, engine, size, storage_mib);
}

static int64_t storage_for(struct sb_ctx *ctx, const struct sb_doc *database, const char *size)
{
	int64_t wanted = sb_get_int(ctx->body, "storage_size_mib", 0);
	int64_t now = sb_get_int(database->json, "storage_size_mib", 0);
	int64_t base, most;

	if (wanted || !size)
		return wanted;
	sb_db_size_storage_mib(size, &base, &most);
	return base > now ? base : now;
}

static bool is_like_that(
	const cJSON *database, const char *size, int64_t num_nodes, int64_t storage_mib)
{
	return mok_streq(sb_get_str(database, "size"), size) &&
		sb_get_int(database, "num_nodes", 0) == num_nodes &&
		sb_get_int(database, "storage_size_mib", 0) == storage_mib;
}

static void start_resize(struct sb_ctx *ctx, cJSON *database)
{
	static const char *const names[][2] = {
		{ "size", "size_before" },
		{ "num_nodes", "num_nodes_before" },
		{ "storage_size_mib", "storage_size_mib_before" },
	};

	for (size_t i = 0; i < MOK_COUNT(names); i++)
		mok_json_set(database, names[i][1],
			cJSON_Duplicate(
				cJSON_GetObjectItemCaseSensitive(database, names[i][0]), true));
	sb_set_int(database, "resize_ms", sb_after(ctx, FLIP_MS));
	sb_set_int(database, "resized_ms",
		sb_after_between(ctx, FLIP_MS + RESIZE_LOW_MS, FLIP_MS + RESIZE_HIGH_MS));
}

/* The path takes UUIDs of replicas too. */
void db_resize(struct sb_ctx *ctx)
{
	const char *size = sb_get_word(ctx->body, "size");
	struct sb_doc *database;
	int64_t num_nodes, storage_mib;

	if (db_replica_resize(ctx, ctx->params[0]))
		return;
	database = db_find_online(ctx);
	if (!database)
		return;
	num_nodes = sb_get_int(ctx->body, "num_nodes", 0);
	storage_mib = storage_for(ctx, database, size);
	if (!good_resize(ctx, database, size, num_nodes, storage_mib))
		return;
	if (is_like_that(database->json, size, num_nodes, storage_mib)) {
		sb_reply_empty(ctx, 202);
		return;
	}
	start_resize(ctx, database->json);
	sb_set_str(database->json, "size", size);
	sb_set_int(database->json, "num_nodes", num_nodes);
	sb_set_int(database->json, "storage_size_mib", storage_mib);
	sb_doc_put(ctx, database);
	db_event(ctx, database, "cluster_update");
	sb_reply_empty(ctx, 202);
}

/* The status stays "online" throughout; only the version tells. */
void db_upgrade(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find_online(ctx);
	const char *wanted = sb_get_word(ctx->body, "version");
	const struct sb_db_engine *engine;
	const struct sb_db_version *from, *to;

	if (!database)
		return;
	engine = db_engine(database);
	from = sb_db_version_find(engine, sb_get_str(database->json, "version"));
	to = wanted ? sb_db_version_find(engine, wanted) : NULL;
	if (!to || !from || to <= from) {
		sb_fail(ctx, 422, "invalid version: %s is not an upgrade of %s",
			wanted ? wanted : "", sb_get_str(database->json, "version"));
		return;
	}
	sb_set_str(database->json, "version_before", from->version);
	sb_set_str(database->json, "version", to->version);
	sb_set_int(database->json, "upgraded_ms",
		sb_after_between(ctx, UPGRADE_LOW_MS, UPGRADE_HIGH_MS));
	sb_doc_put(ctx, database);
	db_event(ctx, database, "cluster_update");
	sb_reply_empty(ctx, 204);
}

void db_migrate(struct sb_ctx *ctx)
{
	static const char *const place[] = { "region", "private_network_uuid" };
	struct sb_doc *database = db_find_online(ctx);
	const char *region = sb_get_word(ctx->body, "region");
	const char *vpc, *urn;
	cJSON *before;

	if (!database || !db_good_region(ctx, db_engine(database), region))
		return;
	vpc = sb_vpc_resolve(ctx, region, sb_get_word(ctx->body, "private_network_uuid"));
	if (!vpc)
		return;
	before = cJSON_CreateObject();
	sb_copy(before, database->json, place, MOK_COUNT(place));
	mok_json_set(database->json, "before", before);
	sb_set_str(database->json, "region", region);
	sb_set_str(database->json, "private_network_uuid", vpc);
	sb_set_int(database->json, "migrate_ms", sb_after(ctx, FLIP_MS));
	sb_set_int(database->json, "migrated_ms",
		sb_after_between(ctx, FLIP_MS + MIGRATE_LOW_MS, FLIP_MS + MIGRATE_HIGH_MS));
	urn = db_urn(ctx, database->id);
	sb_vpc_leave(ctx, urn, 0);
	sb_vpc_join(ctx, vpc, urn, database->name);
	sb_doc_put(ctx, database);
	db_event(ctx, database, "cluster_update");
	sb_reply_empty(ctx, 202);
}

void db_install_update(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find_online(ctx);

	if (!database)
		return;
	sb_set_int(database->json, "maintained_ms", sb_after(ctx, UPDATE_MS));
	sb_doc_put(ctx, database);
	db_event(ctx, database, "cluster_maintenance_perform");
	sb_reply_empty(ctx, 204);
}

static bool two_digits(const char *text, int most, int *out)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*out = (text[0] - '0') * 10 + (text[1] - '0');
	return *out <= most;
}

/* "4:00", "04:00" and "04:00:00" are all taken, and read back as the last. */
static const char *full_hour(struct sb_ctx *ctx, const char *text)
{
	const char *padded = strlen(text) == 4 || strlen(text) == 7
		? mok_arena_printf(ctx->arena, "0%s", text)
		: text;
	int hour, minute, second = 0;

	if (strlen(padded) != 5 && strlen(padded) != 8)
		return NULL;
	if (!two_digits(padded, 23, &hour) || padded[2] != ':' ||
		!two_digits(padded + 3, 59, &minute))
		return NULL;
	if (padded[5] && (padded[5] != ':' || !two_digits(padded + 6, 59, &second)))
		return NULL;
	return mok_arena_printf(ctx->arena, "%02d:%02d:%02d", hour, minute, second);
}

void db_maintenance(struct sb_ctx *ctx)
{
	static const char *const days[] = { "monday", "tuesday", "wednesday", "thursday", "friday",
		"saturday", "sunday" };
	struct sb_doc *database = db_find_online(ctx);
	const char *day = sb_get_word(ctx->body, "day");
	const char *hour = sb_get_word(ctx->body, "hour");
	bool known = false;
	cJSON *window;

	if (!database)
		return;
	for (size_t i = 0; i < MOK_COUNT(days); i++)
		known = known || mok_streq(day, days[i]);
	hour = hour ? full_hour(ctx, hour) : NULL;
	if (!known || !hour) {
		sb_fail(ctx, 422, known ? "invalid hour: must be HH:MM" : "invalid day");
		return;
	}
	window = cJSON_GetObjectItemCaseSensitive(database->json, "maintenance_window");
	sb_set_str(window, "day", day);
	sb_set_str(window, "hour", hour);
	sb_doc_put(ctx, database);
	sb_reply_empty(ctx, 204);
}

/* What the provider did to everybody's Redis clusters: from one read to the next they are Valkey.
 * Redis clusters cannot be made any more, so this takes a Valkey cluster back to Redis first. */
void db_flip_engine(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find(ctx);
	bool valkey;

	if (!database)
		return;
	valkey = mok_streq(sb_get_str(database->json, "engine"), "valkey");
	if (!valkey && !mok_streq(sb_get_str(database->json, "engine"), "redis")) {
		sb_fail(ctx, 422, "only redis and valkey clusters flip");
		return;
	}
	sb_set_str(database->json, "engine", valkey ? "redis" : "valkey");
	sb_set_str(database->json, "version", valkey ? "7" : "8");
	mok_json_set(database->json, "config", cJSON_CreateObject());
	sb_doc_put(ctx, database);
	sb_reply_empty(ctx, 204);
}

/* As for clusters of Kubernetes: lasts until it is set again; "" is the true one. */
void db_force_status(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find(ctx);

	if (!database)
		return;
	sb_set_str(database->json, "forced_status", sb_get_word(ctx->body, "status"));
	sb_doc_put(ctx, database);
	sb_reply_empty(ctx, 204);
}
