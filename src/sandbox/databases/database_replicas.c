/* Read-only replicas of PostgreSQL and MySQL clusters. */
#include "database.h"

#include <string.h>

enum {
	READY_LOW_MS = 4 * SB_MINUTE_MS,
	READY_HIGH_MS = 8 * SB_MINUTE_MS,
	RESIZE_LOW_MS = 3 * SB_MINUTE_MS,
	RESIZE_HIGH_MS = 6 * SB_MINUTE_MS,
	PROMOTE_MS = 1 * SB_MINUTE_MS,
	NAME_MAX = 63,
};

static struct sb_doc *cluster_of_path(struct sb_ctx *ctx, bool write)
{
	struct sb_doc *database = write ? db_find_online(ctx) : db_find(ctx);

	if (!database || db_engine(database)->has_replicas)
		return database;
	sb_fail(ctx, 422, "replicas are not supported for this engine");
	return NULL;
}

static struct sb_doc *replica_of_path(struct sb_ctx *ctx, struct sb_doc **database, bool write)
{
	*database = cluster_of_path(ctx, write);
	return *database ? db_child(ctx, DB_REPLICA_KIND, *database, ctx->params[1]) : NULL;
}

static cJSON *view_replica(
	struct sb_ctx *ctx, const struct sb_doc *database, const struct sb_doc *replica)
{
	static const char *const head[] = { "id", "name" };
	static const char *const tail[] = { "region", "size", "private_network_uuid",
		"storage_size_mib", "do_settings" };
	const char *engine = sb_get_str(database->json, "engine");
	const struct db_login login = {
		.engine = engine,
		.user = db_primary_user(engine),
		.password = sb_get_str(database->json, "password"),
	};
	cJSON *view = cJSON_CreateObject();

	sb_copy(view, replica->json, head, MOK_COUNT(head));
	db_add_connections(view, replica->json, &login, false);
	sb_copy(view, replica->json, tail, MOK_COUNT(tail));
	sb_set_str(view, "status", db_status(replica->json, ctx->now_ms));
	sb_set_time(view, "created_at", sb_get_int(replica->json, "created_ms", 0));
	mok_json_set(view, "tags", sb_tags_of(ctx, "database", replica->alt));
	return view;
}

void db_list_replicas(struct sb_ctx *ctx)
{
	const struct sb_doc *database = cluster_of_path(ctx, false);
	struct sb_docs replicas;
	cJSON *list;

	if (!database)
		return;
	replicas = db_children(ctx, DB_REPLICA_KIND, database->id);
	list = cJSON_CreateArray();
	for (size_t i = 0; i < replicas.len; i++)
		cJSON_AddItemToArray(list, view_replica(ctx, database, replicas.items[i]));
	db_reply(ctx, 200, "replicas", list);
}

static bool good_name(struct sb_ctx *ctx, const struct sb_doc *database, const char *name)
{
	size_t len = name ? strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;

	if (len < 1 || len > NAME_MAX || name[len] != '\0')
		sb_fail(ctx, 422, "invalid replica name");
	else if (db_child_exists(ctx, DB_REPLICA_KIND, database->id, name) ||
		sb_name_reserved(ctx, DB_REPLICA_KIND, name))
		sb_fail(ctx, 422, "replica name is not available");
	else
		return true;
	return false;
}

/* Size and region as asked for, else the primary's. */
static bool fill(struct sb_ctx *ctx, const struct sb_doc *database, cJSON *replica)
{
	const struct sb_db_engine *engine = db_engine(database);
	const char *size = sb_get_word(ctx->body, "size");
	const char *region = sb_get_word(ctx->body, "region");
	const char *size_there = sb_get_str(database->json, "size");
	const char *wanted = sb_get_word(ctx->body, "private_network_uuid");
	int64_t storage_mib = sb_get_int(ctx->body, "storage_size_mib", 0);
	int64_t storage_there = sb_get_int(database->json, "storage_size_mib", 0);
	const char *vpc;

	size = size ? size : size_there;
	region = region ? region : sb_get_str(database->json, "region");
	if (!db_good_layout(ctx, engine, size, 1) || !db_good_region(ctx, engine, region))
		return false;
	if (sb_db_size_memory_gib(size) < sb_db_size_memory_gib(size_there)) {
		sb_fail(ctx, 422, "a replica must be at least as large as its primary");
		return false;
	}
	if (!wanted && mok_streq(region, sb_get_str(database->json, "region")))
		wanted = sb_get_str(database->json, "private_network_uuid");
	vpc = sb_vpc_resolve(ctx, region, wanted);
	if (!vpc)
		return false;
	sb_set_str(replica, "size", size);
	sb_set_str(replica, "region", region);
	sb_set_str(replica, "private_network_uuid", vpc);
	sb_set_int(replica, "storage_size_mib",
		storage_mib > storage_there ? storage_mib : storage_there);
	return true;
}

void db_create_replica(struct sb_ctx *ctx)
{
	struct sb_doc *database = cluster_of_path(ctx, true);
	const char *name = sb_get_word(ctx->body, "name");
	const cJSON *tags = sb_get(ctx->body, "tags");
	struct sb_doc *replica;

	if (!database)
		return;
	if (ctx->now_ms < sb_get_int(database->json, "backup_ms", 0)) {
		sb_fail(ctx, 412, "cannot create a replica before the first backup of its cluster");
		return;
	}
	if (!good_name(ctx, database, name))
		return;
	replica = db_child_new(ctx, DB_REPLICA_KIND, database, name);
	replica->alt = sb_uuid(ctx);
	sb_set_str(replica->json, "id", replica->alt);
	sb_set_str(replica->json, "host_name", name);
	sb_set_int(replica->json, "created_ms", ctx->now_ms);
	sb_set_int(replica->json, "ready_ms", sb_after_between(ctx, READY_LOW_MS, READY_HIGH_MS));
	sb_set_int(replica->json, "num_nodes", 1);
	if (!fill(ctx, database, replica->json))
		return;
	sb_doc_put(ctx, replica);
	if (sb_is_string_list(tags))
		sb_tags_set(ctx, "database", replica->alt, tags);
	sb_vpc_join(ctx, sb_get_str(replica->json, "private_network_uuid"),
		db_urn(ctx, replica->alt), name);
	sb_note_create(ctx, "database_replica", replica->alt);
	db_reply(ctx, 201, "replica", view_replica(ctx, database, replica));
}

void db_get_replica(struct sb_ctx *ctx)
{
	struct sb_doc *database;
	const struct sb_doc *replica = replica_of_path(ctx, &database, false);

	if (replica)
		db_reply(ctx, 200, "replica", view_replica(ctx, database, replica));
}

void db_replica_erase(struct sb_ctx *ctx, struct sb_doc *replica)
{
	sb_vpc_leave(ctx, db_urn(ctx, replica->alt), DB_VPC_LINGER_MS);
	sb_tags_set(ctx, "database", replica->alt, NULL);
	sb_doc_delete(ctx, replica);
	sb_note_delete(ctx, "database_replica", replica->alt);
}

void db_delete_replica(struct sb_ctx *ctx)
{
	struct sb_doc *database;
	struct sb_doc *replica = replica_of_path(ctx, &database, false);

	if (!replica)
		return;
	db_replica_erase(ctx, replica);
	sb_reply_empty(ctx, 204);
}

bool db_replica_resize(struct sb_ctx *ctx, const char *uuid)
{
	const struct sb_which which = { .kind = DB_REPLICA_KIND, .alt = uuid };
	struct sb_docs found = sb_doc_list(ctx, &which, 0, 1);
	const char *size = sb_get_word(ctx->body, "size");
	const struct sb_doc *database;
	struct sb_doc *replica;

	if (found.len == 0)
		return false;
	replica = found.items[0];
	database = sb_doc_get(ctx, DB_KIND, replica->parent);
	if (!database || !db_good_layout(ctx, db_engine(database), size, 1))
		return true;
	if (db_busy(replica->json, ctx->now_ms)) {
		sb_fail(ctx, 412, "the replica is not online");
		return true;
	}
	if (sb_db_size_memory_gib(size) <
		sb_db_size_memory_gib(sb_get_str(replica->json, "size"))) {
		sb_fail(ctx, 422, "a replica can not be resized to a smaller size");
		return true;
	}
	sb_set_str(replica->json, "size", size);
	sb_set_int(replica->json, "resize_ms", ctx->now_ms);
	sb_set_int(
		replica->json, "resized_ms", sb_after_between(ctx, RESIZE_LOW_MS, RESIZE_HIGH_MS));
	sb_doc_put(ctx, replica);
	sb_reply_empty(ctx, 202);
	return true;
}

static void copy_children(
	struct sb_ctx *ctx, const char *kind, const char *from, const struct sb_doc *to)
{
	struct sb_docs children = db_children(ctx, kind, from);

	for (size_t i = 0; i < children.len; i++) {
		struct sb_doc *copy = db_child_new(ctx, kind, to, children.items[i]->name);

		copy->json = sb_own(ctx, cJSON_Duplicate(children.items[i]->json, true));
		sb_doc_put(ctx, copy);
	}
}

/* The replica becomes a cluster of its own, under its UUID. */
void db_promote_replica(struct sb_ctx *ctx)
{
	static const char *const own[] = { "id", "name", "host_name", "size", "region",
		"private_network_uuid", "storage_size_mib", "num_nodes" };
	static const char *const primary[] = { "engine", "version", "password", "config",
		"do_settings" };
	struct sb_doc *database;
	struct sb_doc *replica = replica_of_path(ctx, &database, true);
	struct sb_doc *promoted;
	const char *project;

	if (!replica)
		return;
	if (db_busy(replica->json, ctx->now_ms)) {
		sb_fail(ctx, 412, "the replica is not online");
		return;
	}
	promoted = sb_doc_new(ctx, DB_KIND, replica->alt, "");
	sb_copy(promoted->json, replica->json, own, MOK_COUNT(own));
	sb_copy(promoted->json, database->json, primary, MOK_COUNT(primary));
	mok_json_set(promoted->json, "rules", cJSON_CreateArray());
	sb_set_int(promoted->json, "created_ms", ctx->now_ms);
	sb_set_int(promoted->json, "ready_ms", sb_after(ctx, PROMOTE_MS));
	sb_set_int(promoted->json, "backup_ms", sb_after(ctx, 2LL * PROMOTE_MS));
	copy_children(ctx, DB_USER_KIND, database->id, promoted);
	copy_children(ctx, DB_DB_KIND, database->id, promoted);
	project = sb_project_of(ctx, db_urn(ctx, database->id));
	sb_doc_delete(ctx, replica);
	sb_note_delete(ctx, "database_replica", replica->alt);
	sb_vpc_leave(ctx, db_urn(ctx, replica->alt), 0);
	if (db_settle(ctx, promoted, project))
		sb_reply_empty(ctx, 204);
}
