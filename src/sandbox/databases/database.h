/*
 * database: database clusters and what lives in them.
 *
 * A cluster is a document of kind "database". Users, databases, pools, replicas, topics and log
 * sinks are documents with the cluster's id as parent and "<cluster>/<name>" as id, so that each
 * lags on its own after it was made. All *_ms are wall times; states follow from them when read.
 *
 * From the description: paths, fields, answers, settings with their types and bounds. Observed by
 * others and kept: 412 while busy, late status flips, upgrades that no status shows, reserved
 * names, members that linger, tags dropped as a set, no replica before the first backup. Not known:
 * the texts and codes of most refusals (422), storage ranges, how long things take. Not modelled:
 * data in databases, schema registries, and everything that needs a database server.
 *
 * Hooks (no token): POST /_sandbox/databases/{id}/status {"status"} forces a status;
 * .../flip_engine turns Valkey into Redis and back.
 *
 * database.c           create, read, delete              database_change.c   resize, upgrade, ...
 * database_create.c    checks of a new cluster           database_settings.c small settings, config
 * database_rules.c     the firewall                      database_children.c users, dbs
 * database_pools.c     connection pools                  database_replicas.c replicas, promotion
 * database_kafka.c     topics, log sinks, indexes        database_view.c     JSON out
 * database_config*.c   settings of the engines
 */
#ifndef MOK_SANDBOX_DATABASE_H
#define MOK_SANDBOX_DATABASE_H

#include "catalogue.h"
#include "core.h"
#include "database_config.h"
#include "fields.h"

#define DB_KIND "database"
#define DB_USER_KIND "database_user"
#define DB_DB_KIND "database_db"
#define DB_POOL_KIND "database_pool"
#define DB_REPLICA_KIND "database_replica"
#define DB_EVENT_KIND "database_event"
#define DB_TOPIC_KIND "database_topic"
#define DB_SINK_KIND "database_logsink"

enum {
	DB_RESERVED_MS = 4 * SB_MINUTE_MS,   /* a deleted cluster's name */
	DB_VPC_LINGER_MS = 6 * SB_MINUTE_MS, /* its membership */
	DB_RULES_MAX = 100,
};

/* ---- views (database_view.c) ---- */

struct db_login {
	const char *engine, *user, *password;
	const char *database; /* NULL: the engine's own */
	int port;             /* 0: the engine's own */
};

const char *db_primary_user(const char *engine);
int db_port(const char *engine);
const char *db_status(const cJSON *database, int64_t now_ms);
/* Writes are refused: more than the status shows. */
bool db_busy(const cJSON *database, int64_t now_ms);
const char *db_version(const cJSON *database, int64_t now_ms);
void db_host(const cJSON *database, const char *prefix, char out[320]);
cJSON *db_connection(const struct db_login *login, const char *host);
void db_add_connections(
	cJSON *view, const cJSON *database, const struct db_login *login, bool standby);
cJSON *db_user_view(const cJSON *user);
cJSON *db_rules_view(const cJSON *database);
/* users, dbs: arrays, or NULL for an engine without. */
cJSON *db_view(const cJSON *database, const cJSON *users, const cJSON *dbs, int64_t now_ms);

/* ---- documents (database.c) ---- */

/* The cluster of params[0]; NULL: it has answered 404. */
struct sb_doc *db_find(struct sb_ctx *ctx);
/* The same, and it takes writes; NULL: it has answered 404 or 412. */
struct sb_doc *db_find_online(struct sb_ctx *ctx);
const struct sb_db_engine *db_engine(const struct sb_doc *database);
cJSON *db_doc_view(struct sb_ctx *ctx, const struct sb_doc *database);
const char *db_urn(struct sb_ctx *ctx, const char *id);
const char *db_password(struct sb_ctx *ctx);
/* {key: json}, without passwords and URIs if the fault "blank_secrets" says that the token may not
 * see them. */
void db_reply(struct sb_ctx *ctx, int status, const char *key, cJSON *json);
void db_event(struct sb_ctx *ctx, const struct sb_doc *database, const char *type);

/* A child by name: what a client sees. NULL: it has answered 404. */
struct sb_doc *db_child(
	struct sb_ctx *ctx, const char *kind, const struct sb_doc *database, const char *name);
/* A new child, not stored; its JSON has the name. */
struct sb_doc *db_child_new(
	struct sb_ctx *ctx, const char *kind, const struct sb_doc *database, const char *name);
bool db_child_exists(struct sb_ctx *ctx, const char *kind, const char *database, const char *name);
struct sb_docs db_children(struct sb_ctx *ctx, const char *kind, const char *database);

/* ---- pieces that several files need ---- */

/* Makes a user's document with its password and stores it. */
struct sb_doc *db_user_make(struct sb_ctx *ctx, const struct sb_doc *database, const char *name,
	const char *role, const cJSON *body);
/* The firewall of `database` becomes body.rules (NULL: none). False: it has answered. */
bool db_set_rules(struct sb_ctx *ctx, struct sb_doc *database, const cJSON *rules);
/* NULL, or what is wrong with {"enabled", "threshold_percent", "increment_gib"}. */
const char *db_set_autoscale(cJSON *database, const cJSON *storage);
/* Checks a size, a number of nodes and a region for an engine. False: it has answered. */
bool db_good_layout(
	struct sb_ctx *ctx, const struct sb_db_engine *engine, const char *size, int64_t num_nodes);
bool db_good_storage(struct sb_ctx *ctx, const struct sb_db_engine *engine, const char *size,
	int64_t storage_mib);
bool db_good_region(struct sb_ctx *ctx, const struct sb_db_engine *engine, const char *region);
/* What every new cluster has, whether created or promoted; stores it. False: it has answered. */
bool db_settle(struct sb_ctx *ctx, struct sb_doc *database, const char *project_id);
void db_create(struct sb_ctx *ctx);
/* Deletes a cluster's or a replica's every trace. */
void db_erase(struct sb_ctx *ctx, struct sb_doc *database);
void db_replica_erase(struct sb_ctx *ctx, struct sb_doc *replica);
/* Resizes the replica of that UUID; false: there is none. */
bool db_replica_resize(struct sb_ctx *ctx, const char *uuid);

/* ---- handlers of the other files ---- */

void db_resize(struct sb_ctx *ctx);
void db_upgrade(struct sb_ctx *ctx);
void db_migrate(struct sb_ctx *ctx);
void db_maintenance(struct sb_ctx *ctx);
void db_install_update(struct sb_ctx *ctx);
void db_get_eviction(struct sb_ctx *ctx);
void db_put_eviction(struct sb_ctx *ctx);
void db_get_sql_mode(struct sb_ctx *ctx);
void db_put_sql_mode(struct sb_ctx *ctx);
void db_get_autoscale(struct sb_ctx *ctx);
void db_put_autoscale(struct sb_ctx *ctx);
void db_get_do_settings(struct sb_ctx *ctx);
void db_put_do_settings(struct sb_ctx *ctx);
void db_get_config(struct sb_ctx *ctx);
void db_patch_config(struct sb_ctx *ctx);
void db_get_firewall(struct sb_ctx *ctx);
void db_put_firewall(struct sb_ctx *ctx);
void db_get_ca(struct sb_ctx *ctx);
void db_get_backups(struct sb_ctx *ctx);
void db_get_events(struct sb_ctx *ctx);
void db_list_users(struct sb_ctx *ctx);
void db_create_user(struct sb_ctx *ctx);
void db_get_user(struct sb_ctx *ctx);
void db_put_user(struct sb_ctx *ctx);
void db_delete_user(struct sb_ctx *ctx);
void db_reset_auth(struct sb_ctx *ctx);
void db_list_dbs(struct sb_ctx *ctx);
void db_create_db(struct sb_ctx *ctx);
void db_get_db(struct sb_ctx *ctx);
void db_delete_db(struct sb_ctx *ctx);
void db_list_pools(struct sb_ctx *ctx);
void db_create_pool(struct sb_ctx *ctx);
void db_get_pool(struct sb_ctx *ctx);
void db_put_pool(struct sb_ctx *ctx);
void db_delete_pool(struct sb_ctx *ctx);
void db_list_replicas(struct sb_ctx *ctx);
void db_create_replica(struct sb_ctx *ctx);
void db_get_replica(struct sb_ctx *ctx);
void db_delete_replica(struct sb_ctx *ctx);
void db_promote_replica(struct sb_ctx *ctx);
void db_list_topics(struct sb_ctx *ctx);
void db_create_topic(struct sb_ctx *ctx);
void db_get_topic(struct sb_ctx *ctx);
void db_put_topic(struct sb_ctx *ctx);
void db_delete_topic(struct sb_ctx *ctx);
void db_list_sinks(struct sb_ctx *ctx);
void db_create_sink(struct sb_ctx *ctx);
void db_get_sink(struct sb_ctx *ctx);
void db_put_sink(struct sb_ctx *ctx);
void db_delete_sink(struct sb_ctx *ctx);
void db_list_indexes(struct sb_ctx *ctx);
void db_get_metrics(struct sb_ctx *ctx);
void db_put_metrics(struct sb_ctx *ctx);
void db_get_migration(struct sb_ctx *ctx);
void db_put_migration(struct sb_ctx *ctx);
void db_delete_migration(struct sb_ctx *ctx);
void db_flip_engine(struct sb_ctx *ctx);
void db_force_status(struct sb_ctx *ctx);

#endif
