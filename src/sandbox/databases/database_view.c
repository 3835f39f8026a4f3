#include "database.h"

#include <stdio.h>
#include <string.h>

#define ACCOUNT_NUMBER 4051729 /* the customer number in host names */

/* How each engine is reached. */
struct reach {
	const char *engine;
	int port;
	const char *user, *database; /* of the primary account */
	const char *path, *options;  /* path NULL: the database's name */
};

static const struct reach reaches[] = {
	{ "pg", 25060, "doadmin", "defaultdb", NULL, "?sslmode=require" },
	{ "mysql", 25060, "doadmin", "defaultdb", NULL, "?ssl-mode=REQUIRED" },
	{ "redis", 25061, "default", "", "", "" },
	{ "valkey", 25061, "default", "", "", "" },
	{ "mongodb", 27017, "doadmin", "admin", NULL, "?tls=true&authSource=admin" },
	{ "kafka", 25073, "doadmin", "", "", "" },
	{ "opensearch", 25060, "doadmin", "", "", "" },
};

static const struct reach *reach_of(const char *engine)
{
	for (size_t i = 0; i < MOK_COUNT(reaches); i++)
		if (mok_streq(reaches[i].engine, engine))
			return &reaches[i];
	MOK_BUG("a database engine without a way to reach it");
}

const char *db_primary_user(const char *engine)
{
	return reach_of(engine)->user;
}

int db_port(const char *engine)
{
	return reach_of(engine)->port;
}

const char *db_status(const cJSON *database, int64_t now_ms)
{
	static const struct {
		const char *from, *until, *name;
	} phases[] = {
		{ "created_ms", "ready_ms", NULL },
		{ "resize_ms", "resized_ms", "resizing" },
		{ "migrate_ms", "migrated_ms", "migrating" },
	};

	if (sb_get_word(database, "forced_status"))
		return sb_get_word(database, "forced_status");
	for (size_t i = 0; i < MOK_COUNT(phases); i++) {
		int64_t from = sb_get_int(database, phases[i].from, 0);
		int64_t until = sb_get_int(database, phases[i].until, 0);

		if (now_ms < from || now_ms >= until)
			continue;
		if (phases[i].name)
			return phases[i].name;
		return sb_get_bool(database, "forked", false) ? "forking" : "creating";
	}
	return "online";
}

/* Busy is more than the status shows: right after a resize or an upgrade was accepted, the status
 * still reads online, and maintenance never shows at all. */
bool db_busy(const cJSON *database, int64_t now_ms)
{
	static const char *const ends[] = { "ready_ms", "resized_ms", "migrated_ms", "upgraded_ms",
		"maintained_ms" };

	for (size_t i = 0; i < MOK_COUNT(ends); i++)
		if (now_ms < sb_get_int(database, ends[i], 0))
			return true;
	return false;
}

const char *db_version(const cJSON *database, int64_t now_ms)
{
	if (now_ms < sb_get_int(database, "upgraded_ms", 0))
		return sb_get_str(database, "version_before");
	return sb_get_str(database, "version");
}

static int64_t settled_int(const cJSON *database, const char *name, int64_t now_ms)
{
	char before[64];

	snprintf(before, sizeof(before), "%s_before", name);
	if (now_ms < sb_get_int(database, "resized_ms", 0))
		return sb_get_int(database, before, sb_get_int(database, name, 0));
	return sb_get_int(database, name, 0);
}

void db_host(const cJSON *database, const char *prefix, char out[320])
{
	snprintf(out, 320, "%s%s-do-user-%d-0.db.ondigitalocean.com", prefix,
		sb_get_str(database, "host_name"), ACCOUNT_NUMBER);
}

cJSON *db_connection(const struct db_login *login, const char *host)
{
	const struct reach *reach = reach_of(login->engine);
	const struct sb_db_engine *engine = sb_db_engine_find(login->engine);
	int port = login->port ? login->port : reach->port;
	const char *database = login->database ? login->database : reach->database;
	const char *path = reach->path ? reach->path : database;
	cJSON *view = cJSON_CreateObject();
	struct mok_buf uri;

	mok_buf_init(&uri, 2048);
	mok_buf_printf(&uri, "%s://", engine->scheme);
	mok_buf_add_url(&uri, login->user, false);
	mok_buf_putc(&uri, ':');
	mok_buf_add_url(&uri, login->password, false);
	mok_buf_printf(&uri, "@%s", host);
	if (!mok_starts(engine->scheme, "mongodb+srv"))
		mok_buf_printf(&uri, ":%d", port);
	if (*path) {
		mok_buf_putc(&uri, '/');
		mok_buf_add_url(&uri, path, false);
	}
	mok_buf_puts(&uri, reach->options);
	/* The one whose protocol is not spelled as the scheme of its URIs. */
	sb_set_str(view, "protocol",
		mok_streq(engine->scheme, "postgres") ? "postgresql" : engine->scheme);
	sb_set_str(view, "uri", uri.data);
	sb_set_str(view, "database", database);
	sb_set_str(view, "host", host);
	sb_set_int(view, "port", port);
	sb_set_str(view, "user", login->user);
	sb_set_str(view, "password", login->password);
	sb_set_bool(view, "ssl", true);
	mok_buf_release(&uri);
	return view;
}

void db_add_connections(
	cJSON *view, const cJSON *database, const struct db_login *login, bool standby)
{
	static const struct {
		const char *member, *prefix;
		bool standby;
	} ways[] = {
		{ "connection", "", false },
		{ "private_connection", "private-", false },
		{ "standby_connection", "replica-", true },
		{ "standby_private_connection", "private-replica-", true },
	};
	char host[320];

	for (size_t i = 0; i < MOK_COUNT(ways); i++) {
		if (ways[i].standby && !standby)
			continue;
		db_host(database, ways[i].prefix, host);
		mok_json_set(view, ways[i].member, db_connection(login, host));
	}
}

cJSON *db_user_view(const cJSON *user)
{
	static const char *const fields[] = { "name", "role", "password", "access_cert",
		"access_key", "mysql_settings", "settings" };
	cJSON *view = cJSON_CreateObject();

	sb_copy(view, user, fields, MOK_COUNT(fields));
	return view;
}

/* One rule as it reads; `time` of cluster creation rules and later ones differ. */
cJSON *db_rules_view(const cJSON *database)
{
	const cJSON *rules = sb_get(database, "rules");
	const cJSON *rule;
	cJSON *view = cJSON_CreateArray();

	cJSON_ArrayForEach(rule, rules)
	{
		static const char *const fields[] = { "uuid", "cluster_uuid", "type", "value",
			"created_at", "description" };
		cJSON *one = cJSON_CreateObject();

		sb_copy(one, rule, fields, MOK_COUNT(fields));
		cJSON_AddItemToArray(view, one);
	}
	return view;
}

static void view_storage_autoscale(cJSON *view, const cJSON *database)
{
	const cJSON *storage = sb_get(database, "storage_autoscale");
	cJSON *autoscale;

	if (!storage)
		return;
	autoscale = cJSON_AddObjectToObject(view, "autoscale");
	mok_json_set(autoscale, "storage", cJSON_Duplicate(storage, true));
	/* godo's spelling of the same. */
	mok_json_set(view, "storage_autoscale", cJSON_Duplicate(storage, true));
}

static void view_metrics(cJSON *view, const cJSON *database, bool standby)
{
	cJSON *list = cJSON_AddArrayToObject(view, "metrics_endpoints");
	char host[320];

	for (int i = 0; i < (standby ? 2 : 1); i++) {
		cJSON *one = cJSON_CreateObject();

		db_host(database, i ? "replica-" : "", host);
		sb_set_str(one, "host", host);
		sb_set_int(one, "port", 9273);
		cJSON_AddItemToArray(list, one);
	}
}

static void view_version(cJSON *view, const cJSON *database, int64_t now_ms)
{
	const char *version = db_version(database, now_ms);
	const struct sb_db_engine *engine = sb_db_engine_find(sb_get_str(database, "engine"));
	const struct sb_db_version *known = sb_db_version_find(engine, version);

	sb_set_str(view, "version", version);
	sb_set_str(view, "semantic_version", known ? known->semantic : version);
	/* The description says string, and null when there is no such date: absent is both. */
	if (known && known->end_of_life)
		sb_set_str(view, "version_end_of_life", known->end_of_life);
	if (known && known->end_of_availability)
		sb_set_str(view, "version_end_of_availability", known->end_of_availability);
}

cJSON *db_view(const cJSON *database, const cJSON *users, const cJSON *dbs, int64_t now_ms)
{
	static const char *const head[] = { "id", "name", "engine" };
	static const char *const tail[] = { "region", "maintenance_window", "tags",
		"private_network_uuid", "project_id", "do_settings" };
	static const char *const place[] = { "region", "private_network_uuid" };
	const char *engine = sb_get_str(database, "engine");
	const struct db_login login = { engine, db_primary_user(engine),
		sb_get_str(database, "password"), NULL, 0 };
	int64_t num_nodes = settled_int(database, "num_nodes", now_ms);
	cJSON *view = cJSON_CreateObject();

	sb_copy(view, database, head, MOK_COUNT(head));
	view_version(view, database, now_ms);
	db_add_connections(view, database, &login, num_nodes > 1);
	if (mok_streq(engine, "opensearch")) {
		char host[320];

		db_host(database, "", host);
		mok_json_set(view, "ui_connection", db_connection(&login, host));
	}
	mok_json_set(view, "users", users ? cJSON_Duplicate(users, true) : cJSON_CreateNull());
	mok_json_set(view, "db_names", dbs ? cJSON_Duplicate(dbs, true) : cJSON_CreateNull());
	sb_set_int(view, "num_nodes", num_nodes);
	sb_set_str(view, "size",
		now_ms < sb_get_int(database, "resized_ms", 0) ? sb_get_str(database, "size_before")
							       : sb_get_str(database, "size"));
	sb_set_int(view, "storage_size_mib", settled_int(database, "storage_size_mib", now_ms));
	sb_set_str(view, "status", db_status(database, now_ms));
	sb_set_time(view, "created_at", sb_get_int(database, "created_ms", 0));
	sb_copy(view, database, tail, MOK_COUNT(tail));
	if (now_ms < sb_get_int(database, "migrated_ms", 0))
		sb_copy(view, sb_get(database, "before"), place, MOK_COUNT(place));
	mok_json_set(view, "rules", db_rules_view(database));
	view_storage_autoscale(view, database);
	view_metrics(view, database, num_nodes > 1);
	return view;
}
