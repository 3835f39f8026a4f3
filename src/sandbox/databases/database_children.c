/* Users and databases of a cluster. */
#include "database.h"

#include <string.h>

enum { NAME_MAX = 63 };

/* The cluster of the path if its engine has such children; NULL: it has answered. */
static struct sb_doc *cluster_with(
	struct sb_ctx *ctx, bool write, size_t feature_offset, const char *what)
{
	struct sb_doc *database = write ? db_find_online(ctx) : db_find(ctx);
	const char *engine;

	if (!database)
		return NULL;
	engine = (const char *)db_engine(database);
	if (*(const bool *)(const void *)(engine + feature_offset))
		return database;
	sb_fail(ctx, 422, "%s are not supported for %s clusters", what,
		sb_get_str(database->json, "engine"));
	return NULL;
}

static struct sb_doc *with_users(struct sb_ctx *ctx, bool write)
{
	return cluster_with(ctx, write, offsetof(struct sb_db_engine, has_users), "users");
}

static struct sb_doc *with_dbs(struct sb_ctx *ctx, bool write)
{
	return cluster_with(ctx, write, offsetof(struct sb_db_engine, has_dbs), "databases");
}

static bool good_name(struct sb_ctx *ctx, const char *name, const char *what)
{
	size_t len = name ? strspn(name,
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_-.")
			  : 0;

	if (len >= 1 && len <= NAME_MAX && name[len] == '\0')
		return true;
	sb_fail(ctx, 422, "invalid %s name", what);
	return false;
}

/* ---- users ---- */

/* Settings are replaced as a whole, so that what is left out goes back to its default. */
static const char *apply_user(const struct sb_doc *database, cJSON *user, const cJSON *body)
{
	static const char *const known[] = { "pg_allow_replication", "acl", "opensearch_acl",
		"mongo_user_settings" };
	const cJSON *mysql = sb_get(body, "mysql_settings");
	const cJSON *settings = sb_get(body, "settings");
	const char *engine = sb_get_str(database->json, "engine");
	cJSON *own;

	if (mysql && strcmp(engine, "mysql") == 0) {
		const char *plugin = sb_get_word(mysql, "auth_plugin");

		if (!mok_streq(plugin, "mysql_native_password") &&
			!mok_streq(plugin, "caching_sha2_password"))
			return "invalid auth_plugin";
		mok_json_set(user, "mysql_settings", cJSON_CreateObject());
		sb_set_str(cJSON_GetObjectItemCaseSensitive(user, "mysql_settings"), "auth_plugin",
			plugin);
	}
	if (!settings)
		return NULL;
	if (!cJSON_IsObject(settings))
		return "settings must be an object";
	own = cJSON_CreateObject();
	sb_copy(own, settings, known, MOK_COUNT(known));
	if (strcmp(engine, "pg") == 0)
		sb_set_bool(own, "pg_allow_replication",
			sb_get_bool(settings, "pg_allow_replication", false));
	mok_json_set(user, "settings", own);
	return NULL;
}

struct sb_doc *db_user_make(struct sb_ctx *ctx, const struct sb_doc *database, const char *name,
	const char *role, const cJSON *body)
{
	struct sb_doc *user = db_child_new(ctx, DB_USER_KIND, database, name);
	const char *engine = sb_get_str(database->json, "engine");
	const char *why;

	sb_set_str(user->json, "role", role);
	sb_set_str(user->json, "password", db_password(ctx));
	if (strcmp(engine, "mysql") == 0) {
		mok_json_set(user->json, "mysql_settings", cJSON_CreateObject());
		sb_set_str(cJSON_GetObjectItemCaseSensitive(user->json, "mysql_settings"),
			"auth_plugin", "caching_sha2_password");
	}
	if (strcmp(engine, "kafka") == 0)
		sb_set_str(user->json, "access_cert", sb_ca_pem);
	why = apply_user(database, user->json, body);
	if (why) {
		sb_fail(ctx, 422, "%s", why);
		return NULL;
	}
	sb_doc_put(ctx, user);
	return user;
}

static cJSON *view_user(struct sb_ctx *ctx, const struct sb_doc *user)
{
	(void)ctx;
	return db_user_view(user->json);
}

void db_list_users(struct sb_ctx *ctx)
{
	const struct sb_doc *database = with_users(ctx, false);
	struct sb_docs users;
	cJSON *list;

	if (!database)
		return;
	users = db_children(ctx, DB_USER_KIND, database->id);
	list = cJSON_CreateArray();
	for (size_t i = 0; i < users.len; i++)
		cJSON_AddItemToArray(list, view_user(ctx, users.items[i]));
	db_reply(ctx, 200, "users", list);
}

void db_create_user(struct sb_ctx *ctx)
{
	const struct sb_doc *database = with_users(ctx, true);
	const char *name = sb_get_word(ctx->body, "name");
	const struct sb_doc *user;

	if (!database || !good_name(ctx, name, "user"))
		return;
	if (db_child_exists(ctx, DB_USER_KIND, database->id, name)) {
		sb_fail(ctx, 422, "user name is not available");
		return;
	}
	user = db_user_make(ctx, database, name, "normal", ctx->body);
	if (!user)
		return;
	sb_note_create(ctx, "database_user", user->id);
	db_reply(ctx, 201, "user", view_user(ctx, user));
}

static struct sb_doc *user_of_path(struct sb_ctx *ctx, struct sb_doc **database, bool write)
{
	*database = with_users(ctx, write);
	return *database ? db_child(ctx, DB_USER_KIND, *database, ctx->params[1]) : NULL;
}

void db_get_user(struct sb_ctx *ctx)
{
	struct sb_doc *database;
	const struct sb_doc *user = user_of_path(ctx, &database, false);

	if (user)
		db_reply(ctx, 200, "user", view_user(ctx, user));
}

void db_put_user(struct sb_ctx *ctx)
{
	struct sb_doc *database;
	struct sb_doc *user = user_of_path(ctx, &database, true);
	const char *why;

	if (!user)
		return;
	why = sb_get(ctx->body, "settings") ? apply_user(database, user->json, ctx->body)
					    : "settings are required";
	if (why) {
		sb_fail(ctx, 422, "%s", why);
		return;
	}
	sb_doc_put(ctx, user);
	db_reply(ctx, 201, "user", view_user(ctx, user));
}

void db_delete_user(struct sb_ctx *ctx)
{
	struct sb_doc *database;
	struct sb_doc *user = user_of_path(ctx, &database, true);

	if (!user)
		return;
	if (mok_streq(sb_get_str(user->json, "role"), "primary")) {
		sb_fail(ctx, 422, "the primary user can not be deleted");
		return;
	}
	sb_doc_delete(ctx, user);
	sb_note_delete(ctx, "database_user", user->id);
	sb_reply_empty(ctx, 204);
}

void db_reset_auth(struct sb_ctx *ctx)
{
	struct sb_doc *database;
	struct sb_doc *user = user_of_path(ctx, &database, true);
	const char *why;

	if (!user)
		return;
	sb_set_str(user->json, "password", db_password(ctx));
	why = apply_user(database, user->json, ctx->body);
	if (why) {
		sb_fail(ctx, 422, "%s", why);
		return;
	}
	sb_doc_put(ctx, user);
	if (mok_streq(sb_get_str(user->json, "role"), "primary")) {
		sb_set_str(database->json, "password", sb_get_str(user->json, "password"));
		sb_doc_put(ctx, database);
	}
	db_reply(ctx, 200, "user", view_user(ctx, user));
}

/* ---- databases ---- */

static cJSON *view_db(const struct sb_doc *db)
{
	cJSON *view = cJSON_CreateObject();

	sb_set_str(view, "name", db->name);
	return view;
}

void db_list_dbs(struct sb_ctx *ctx)
{
	const struct sb_doc *database = with_dbs(ctx, false);
	struct sb_docs dbs;
	cJSON *list;

	if (!database)
		return;
	dbs = db_children(ctx, DB_DB_KIND, database->id);
	list = cJSON_CreateArray();
	for (size_t i = 0; i < dbs.len; i++)
		cJSON_AddItemToArray(list, view_db(dbs.items[i]));
	sb_reply_root(ctx, 200, "dbs", list);
}

void db_create_db(struct sb_ctx *ctx)
{
	const struct sb_doc *database = with_dbs(ctx, true);
	const char *name = sb_get_word(ctx->body, "name");
	struct sb_doc *db;

	if (!database || !good_name(ctx, name, "database"))
		return;
	if (db_child_exists(ctx, DB_DB_KIND, database->id, name)) {
		sb_fail(ctx, 422, "database name is not available");
		return;
	}
	db = db_child_new(ctx, DB_DB_KIND, database, name);
	sb_doc_put(ctx, db);
	sb_note_create(ctx, "database_db", db->id);
	sb_reply_root(ctx, 201, "db", view_db(db));
}

static struct sb_doc *db_of_path(struct sb_ctx *ctx, bool write)
{
	const struct sb_doc *database = with_dbs(ctx, write);

	return database ? db_child(ctx, DB_DB_KIND, database, ctx->params[1]) : NULL;
}

void db_get_db(struct sb_ctx *ctx)
{
	const struct sb_doc *db = db_of_path(ctx, false);

	if (db)
		sb_reply_root(ctx, 200, "db", view_db(db));
}

void db_delete_db(struct sb_ctx *ctx)
{
	struct sb_doc *db = db_of_path(ctx, true);

	if (!db)
		return;
	if (strcmp(db->name, "defaultdb") == 0) {
		sb_fail(ctx, 422, "the default database can not be deleted");
		return;
	}
	sb_doc_delete(ctx, db);
	sb_note_delete(ctx, "database_db", db->id);
	sb_reply_empty(ctx, 204);
}
