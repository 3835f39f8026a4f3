#include "database.h"

#include <string.h>

/* What a token without database:view_credentials does not see. */
static void blank(cJSON *item)
{
	static const char *const secrets[] = { "password", "uri", "access_key", "access_cert",
		"basic_auth_password" };

	for (cJSON *child = item->child; child; child = child->next) {
		blank(child);
		for (size_t i = 0; child->string && i < MOK_COUNT(secrets); i++)
			if (cJSON_IsString(child) && strcmp(child->string, secrets[i]) == 0)
				cJSON_SetValuestring(child, "");
	}
}

void db_reply(struct sb_ctx *ctx, int status, const char *key, cJSON *json)
{
	if (sb_fault(ctx, "blank_secrets"))
		blank(json);
	sb_reply_root(ctx, status, key, json);
}

struct sb_doc *db_find(struct sb_ctx *ctx)
{
	return sb_doc_see(ctx, DB_KIND, ctx->params[0]);
}

struct sb_doc *db_find_online(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find(ctx);

	if (!database || !db_busy(database->json, ctx->now_ms))
		return database;
	sb_fail(ctx, 412, "cluster is not online: it is being created, changed or maintained");
	return NULL;
}

const struct sb_db_engine *db_engine(const struct sb_doc *database)
{
	return sb_db_engine_find(sb_get_str(database->json, "engine"));
}

const char *db_urn(struct sb_ctx *ctx, const char *id)
{
	return mok_arena_printf(ctx->arena, "do:dbaas:%s", id);
}

const char *db_password(struct sb_ctx *ctx)
{
	return mok_arena_printf(ctx->arena, "AVNS_%s", sb_random_word(ctx, 19, NULL));
}

void db_event(struct sb_ctx *ctx, const struct sb_doc *database, const char *type)
{
	const char *id = sb_random_word(ctx, 12, "abcdefghijklmnopqrstuvwxyz0123456789");
	struct sb_doc *event = sb_doc_new(ctx, DB_EVENT_KIND, id, database->id);

	sb_set_str(event->json, "id", id);
	sb_set_str(event->json, "cluster_name", sb_get_str(database->json, "name"));
	sb_set_str(event->json, "event_type", type);
	sb_set_time(event->json, "create_time", ctx->now_ms);
	sb_doc_put(ctx, event);
}

/* ---- children ---- */

static const char *child_id(struct sb_ctx *ctx, const char *database, const char *name)
{
	return mok_arena_printf(ctx->arena, "%s/%s", database, name);
}

struct sb_doc *db_child(
	struct sb_ctx *ctx, const char *kind, const struct sb_doc *database, const char *name)
{
	return sb_doc_see(ctx, kind, child_id(ctx, database->id, name));
}

struct sb_doc *db_child_new(
	struct sb_ctx *ctx, const char *kind, const struct sb_doc *database, const char *name)
{
	struct sb_doc *doc = sb_doc_new(ctx, kind, child_id(ctx, database->id, name), database->id);

	sb_set_str(doc->json, "name", name);
	doc->name = sb_get_str(doc->json, "name");
	return doc;
}

bool db_child_exists(struct sb_ctx *ctx, const char *kind, const char *database, const char *name)
{
	return sb_doc_get(ctx, kind, child_id(ctx, database, name)) != NULL;
}

struct sb_docs db_children(struct sb_ctx *ctx, const char *kind, const char *database)
{
	const struct sb_which which = { .kind = kind, .parent = database };

	return sb_doc_list(ctx, &which, 0, 0);
}

/* ---- clusters ---- */

cJSON *db_doc_view(struct sb_ctx *ctx, const struct sb_doc *database)
{
	const struct sb_db_engine *engine = db_engine(database);
	cJSON *users = engine->has_users ? cJSON_CreateArray() : NULL;
	cJSON *dbs = engine->has_dbs ? cJSON_CreateArray() : NULL;
	struct sb_docs children;
	cJSON *view;

	if (users) {
		children = db_children(ctx, DB_USER_KIND, database->id);
		for (size_t i = 0; i < children.len; i++)
			cJSON_AddItemToArray(users, db_user_view(children.items[i]->json));
	}
	if (dbs) {
		children = db_children(ctx, DB_DB_KIND, database->id);
		for (size_t i = 0; i < children.len; i++)
			cJSON_AddItemToArray(dbs, cJSON_CreateString(children.items[i]->name));
	}
	mok_json_set(database->json, "tags", sb_tags_of(ctx, "database", database->id));
	sb_set_str(database->json, "project_id", sb_project_of(ctx, db_urn(ctx, database->id)));
	view = db_view(database->json, users, dbs, ctx->now_ms);
	cJSON_Delete(users);
	cJSON_Delete(dbs);
	if (sb_fault(ctx, "blank_secrets"))
		blank(view);
	return view;
}

static bool tagged(struct sb_ctx *ctx, const struct sb_doc *database)
{
	return sb_tagged(ctx, sb_filter(ctx, "tag_name"), "database", database->id);
}

static void list_databases(struct sb_ctx *ctx)
{
	const char *tag = sb_filter(ctx, "tag_name");
	const struct sb_page page = {
		.key = "databases",
		.which = { .kind = DB_KIND },
		.view = db_doc_view,
		.keep = tag && *tag ? tagged : NULL,
		.unpaged = true,
	};

	sb_reply_page(ctx, &page);
}

static void get_database(struct sb_ctx *ctx)
{
	const struct sb_doc *database = db_find(ctx);

	if (database)
		sb_reply_root(ctx, 200, "database", db_doc_view(ctx, database));
}

void db_erase(struct sb_ctx *ctx, struct sb_doc *database)
{
	static const char *const kinds[] = { DB_USER_KIND, DB_DB_KIND, DB_POOL_KIND, DB_EVENT_KIND,
		DB_TOPIC_KIND, DB_SINK_KIND };
	struct sb_docs replicas = db_children(ctx, DB_REPLICA_KIND, database->id);
	const char *urn = db_urn(ctx, database->id);

	for (size_t i = 0; i < replicas.len; i++)
		db_replica_erase(ctx, replicas.items[i]);
	for (size_t i = 0; i < MOK_COUNT(kinds); i++)
		sb_doc_delete_children(ctx, kinds[i], database->id);
	sb_name_reserve(ctx, DB_KIND, database->name, DB_RESERVED_MS);
	sb_vpc_leave(ctx, urn, DB_VPC_LINGER_MS);
	sb_project_leave(ctx, urn);
	sb_tags_set(ctx, "database", database->id, NULL);
	sb_doc_delete(ctx, database);
	sb_note_delete(ctx, "database", database->id);
}

static void delete_database(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find(ctx);

	if (!database)
		return;
	db_erase(ctx, database);
	sb_reply_empty(ctx, 204);
}

#define ONE "/v2/databases/{id}"

const struct sb_route database_routes[] = {
	{ "GET", "/v2/databases", list_databases, 0 },
	{ "POST", "/v2/databases", db_create, 0 },
	{ "GET", "/v2/databases/metrics/credentials", db_get_metrics, 0 },
	{ "PUT", "/v2/databases/metrics/credentials", db_put_metrics, 0 },
	{ "GET", ONE, get_database, 0 },
	{ "DELETE", ONE, delete_database, 0 },
	{ "PUT", ONE "/resize", db_resize, 0 },
	{ "PUT", ONE "/upgrade", db_upgrade, 0 },
	{ "PUT", ONE "/migrate", db_migrate, 0 },
	{ "PUT", ONE "/maintenance", db_maintenance, 0 },
	{ "PUT", ONE "/install_update", db_install_update, 0 },
	{ "GET", ONE "/eviction_policy", db_get_eviction, 0 },
	{ "PUT", ONE "/eviction_policy", db_put_eviction, 0 },
	{ "GET", ONE "/sql_mode", db_get_sql_mode, 0 },
	{ "PUT", ONE "/sql_mode", db_put_sql_mode, 0 },
	{ "GET", ONE "/autoscale", db_get_autoscale, 0 },
	{ "PUT", ONE "/autoscale", db_put_autoscale, 0 },
	{ "GET", ONE "/do_settings", db_get_do_settings, 0 },
	{ "PUT", ONE "/do_settings", db_put_do_settings, 0 },
	{ "GET", ONE "/config", db_get_config, 0 },
	{ "PATCH", ONE "/config", db_patch_config, 0 },
	{ "GET", ONE "/firewall", db_get_firewall, 0 },
	{ "PUT", ONE "/firewall", db_put_firewall, 0 },
	{ "GET", ONE "/ca", db_get_ca, 0 },
	{ "GET", ONE "/backups", db_get_backups, 0 },
	{ "GET", ONE "/events", db_get_events, 0 },
	{ "GET", ONE "/users", db_list_users, 0 },
	{ "POST", ONE "/users", db_create_user, 0 },
	{ "GET", ONE "/users/{name}", db_get_user, 0 },
	{ "PUT", ONE "/users/{name}", db_put_user, 0 },
	{ "DELETE", ONE "/users/{name}", db_delete_user, 0 },
	{ "POST", ONE "/users/{name}/reset_auth", db_reset_auth, 0 },
	{ "GET", ONE "/dbs", db_list_dbs, 0 },
	{ "POST", ONE "/dbs", db_create_db, 0 },
	{ "GET", ONE "/dbs/{name}", db_get_db, 0 },
	{ "DELETE", ONE "/dbs/{name}", db_delete_db, 0 },
	{ "GET", ONE "/pools", db_list_pools, 0 },
	{ "POST", ONE "/pools", db_create_pool, 0 },
	{ "GET", ONE "/pools/{name}", db_get_pool, 0 },
	{ "PUT", ONE "/pools/{name}", db_put_pool, 0 },
	{ "DELETE", ONE "/pools/{name}", db_delete_pool, 0 },
	{ "GET", ONE "/replicas", db_list_replicas, 0 },
	{ "POST", ONE "/replicas", db_create_replica, 0 },
	{ "GET", ONE "/replicas/{name}", db_get_replica, 0 },
	{ "DELETE", ONE "/replicas/{name}", db_delete_replica, 0 },
	{ "PUT", ONE "/replicas/{name}/promote", db_promote_replica, 0 },
	{ "GET", ONE "/topics", db_list_topics, 0 },
	{ "POST", ONE "/topics", db_create_topic, 0 },
	{ "GET", ONE "/topics/{name}", db_get_topic, 0 },
	{ "PUT", ONE "/topics/{name}", db_put_topic, 0 },
	{ "DELETE", ONE "/topics/{name}", db_delete_topic, 0 },
	{ "GET", ONE "/logsink", db_list_sinks, 0 },
	{ "POST", ONE "/logsink", db_create_sink, 0 },
	{ "GET", ONE "/logsink/{sink}", db_get_sink, 0 },
	{ "PUT", ONE "/logsink/{sink}", db_put_sink, 0 },
	{ "DELETE", ONE "/logsink/{sink}", db_delete_sink, 0 },
	{ "GET", ONE "/indexes", db_list_indexes, 0 },
	{ "GET", ONE "/online-migration", db_get_migration, 0 },
	{ "PUT", ONE "/online-migration", db_put_migration, 0 },
	{ "DELETE", ONE "/online-migration/{migration}", db_delete_migration, 0 },
	{ "POST", "/_sandbox/databases/{id}/flip_engine", db_flip_engine, SB_OPEN },
	{ "POST", "/_sandbox/databases/{id}/status", db_force_status, SB_OPEN },
	{ NULL, NULL, NULL, 0 },
};
