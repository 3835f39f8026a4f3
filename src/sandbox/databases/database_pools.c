/* Connection pools of PostgreSQL clusters. */
#include "database.h"

#include <string.h>

enum {
	POOL_PORT = 25061,
	NAME_MIN = 3,
	NAME_MAX = 60,
	PER_GIB = 25, /* connections that a GiB of memory is good for */
	RESERVED = 3, /* of them for maintenance */
};

static struct sb_doc *cluster_of_path(struct sb_ctx *ctx, bool write)
{
	struct sb_doc *database = write ? db_find_online(ctx) : db_find(ctx);

	if (!database || db_engine(database)->has_pools)
		return database;
	sb_fail(ctx, 422, "connection pools are supported for PostgreSQL clusters only");
	return NULL;
}

static struct sb_doc *pool_of_path(struct sb_ctx *ctx, struct sb_doc **database, bool write)
{
	*database = cluster_of_path(ctx, write);
	return *database ? db_child(ctx, DB_POOL_KIND, *database, ctx->params[1]) : NULL;
}

/* A pool without a user is for whoever connects; its URI shows the primary one. */
static const char *user_password(
	struct sb_ctx *ctx, const struct sb_doc *database, const char *name)
{
	const struct sb_doc *user = sb_doc_get(
		ctx, DB_USER_KIND, mok_arena_printf(ctx->arena, "%s/%s", database->id, name));

	return user ? sb_get_str(user->json, "password") : "";
}

static cJSON *view_pool(
	struct sb_ctx *ctx, const struct sb_doc *database, const struct sb_doc *pool)
{
	static const char *const fields[] = { "user", "name", "size", "db", "mode" };
	const char *engine = sb_get_str(database->json, "engine");
	const char *user = sb_get_word(pool->json, "user");
	bool standby = sb_get_int(database->json, "num_nodes", 1) > 1;
	struct db_login login = { .engine = engine, .port = POOL_PORT };
	cJSON *view = cJSON_CreateObject();

	login.user = user ? user : db_primary_user(engine);
	login.password = user_password(ctx, database, login.user);
	login.database = pool->name;
	sb_copy(view, pool->json, fields, MOK_COUNT(fields));
	db_add_connections(view, database->json, &login, standby);
	return view;
}

/* Size within what the memory is good for, less what the other pools have. */
static bool good_size(
	struct sb_ctx *ctx, const struct sb_doc *database, const char *except, int64_t wanted)
{
	struct sb_docs pools = db_children(ctx, DB_POOL_KIND, database->id);
	int64_t left =
		(int64_t)sb_db_size_memory_gib(sb_get_str(database->json, "size")) * PER_GIB -
		RESERVED;

	for (size_t i = 0; i < pools.len; i++)
		if (!mok_streq(pools.items[i]->name, except))
			left -= sb_get_int(pools.items[i]->json, "size", 0);
	if (wanted >= 1 && wanted <= left)
		return true;
	sb_fail(ctx, 422, "invalid pool size: %lld connections are available", (long long)left);
	return false;
}

static bool good_pool(
	struct sb_ctx *ctx, const struct sb_doc *database, const cJSON *pool, const char *except)
{
	static const char *const modes[] = { "session", "transaction", "statement" };
	const char *db = sb_get_word(pool, "db");
	const char *user = sb_get_word(pool, "user");
	bool known = false;

	for (size_t i = 0; i < MOK_COUNT(modes); i++)
		known = known || mok_streq(sb_get_str(pool, "mode"), modes[i]);
	if (!known)
		sb_fail(ctx, 422, "invalid pool mode");
	else if (!db || !db_child_exists(ctx, DB_DB_KIND, database->id, db))
		sb_fail(ctx, 422, "database %s does not exist", db ? db : "");
	else if (user && !db_child_exists(ctx, DB_USER_KIND, database->id, user))
		sb_fail(ctx, 422, "user %s does not exist", user);
	else
		return good_size(ctx, database, except, sb_get_int(pool, "size", 0));
	return false;
}

void db_list_pools(struct sb_ctx *ctx)
{
	const struct sb_doc *database = cluster_of_path(ctx, false);
	struct sb_docs pools;
	cJSON *list;

	if (!database)
		return;
	pools = db_children(ctx, DB_POOL_KIND, database->id);
	list = cJSON_CreateArray();
	for (size_t i = 0; i < pools.len; i++)
		cJSON_AddItemToArray(list, view_pool(ctx, database, pools.items[i]));
	db_reply(ctx, 200, "pools", list);
}

void db_create_pool(struct sb_ctx *ctx)
{
	static const char *const fields[] = { "mode", "size", "db" };
	struct sb_doc *database = cluster_of_path(ctx, true);
	const char *name = sb_get_word(ctx->body, "name");
	const char *user = sb_get_word(ctx->body, "user");
	struct sb_doc *pool;

	if (!database)
		return;
	if (!name || strlen(name) < NAME_MIN || strlen(name) > NAME_MAX || strchr(name, '/')) {
		sb_fail(ctx, 422, "pool names have %d to %d characters", NAME_MIN, NAME_MAX);
		return;
	}
	if (db_child_exists(ctx, DB_POOL_KIND, database->id, name)) {
		sb_fail(ctx, 422, "pool name is not available");
		return;
	}
	pool = db_child_new(ctx, DB_POOL_KIND, database, name);
	sb_copy(pool->json, ctx->body, fields, MOK_COUNT(fields));
	if (user)
		sb_set_str(pool->json, "user", user);
	if (!good_pool(ctx, database, pool->json, name))
		return;
	sb_doc_put(ctx, pool);
	sb_note_create(ctx, "database_pool", pool->id);
	db_reply(ctx, 201, "pool", view_pool(ctx, database, pool));
}

void db_get_pool(struct sb_ctx *ctx)
{
	struct sb_doc *database;
	const struct sb_doc *pool = pool_of_path(ctx, &database, false);

	if (pool)
		db_reply(ctx, 200, "pool", view_pool(ctx, database, pool));
}

void db_put_pool(struct sb_ctx *ctx)
{
	static const char *const fields[] = { "mode", "size", "db" };
	struct sb_doc *database;
	struct sb_doc *pool = pool_of_path(ctx, &database, true);
	const char *user = sb_get_word(ctx->body, "user");

	if (!pool)
		return;
	sb_copy(pool->json, ctx->body, fields, MOK_COUNT(fields));
	if (user)
		sb_set_str(pool->json, "user", user);
	else
		cJSON_DeleteItemFromObjectCaseSensitive(pool->json, "user");
	if (!good_pool(ctx, database, pool->json, pool->name))
		return;
	sb_doc_put(ctx, pool);
	sb_reply_empty(ctx, 204);
}

void db_delete_pool(struct sb_ctx *ctx)
{
	struct sb_doc *database;
	struct sb_doc *pool = pool_of_path(ctx, &database, true);

	if (!pool)
		return;
	sb_doc_delete(ctx, pool);
	sb_note_delete(ctx, "database_pool", pool->id);
	sb_reply_empty(ctx, 204);
}
