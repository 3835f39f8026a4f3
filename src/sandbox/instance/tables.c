/* What is in the databases of instances: each row belongs to one database, and goes with it. */
#include "instance.h"

#include <string.h>

const char si_schema[] =
	"CREATE TABLE IF NOT EXISTS instance_grant(db TEXT NOT NULL, user TEXT NOT NULL,"
	" PRIMARY KEY(db, user)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS instance_schema(db TEXT PRIMARY KEY, pre TEXT NOT NULL,"
	" post TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS instance_account(db TEXT NOT NULL, id INTEGER NOT NULL,"
	" username TEXT NOT NULL, email TEXT NOT NULL, password TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL, PRIMARY KEY(db, id)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS instance_app(db TEXT NOT NULL, id INTEGER NOT NULL,"
	" client_id TEXT NOT NULL, secret TEXT NOT NULL, name TEXT NOT NULL, website TEXT,"
	" redirect_uris TEXT NOT NULL, scopes TEXT NOT NULL, PRIMARY KEY(db, id)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS instance_app_client ON instance_app(db, client_id);"
	"CREATE TABLE IF NOT EXISTS instance_session(db TEXT NOT NULL, cookie TEXT NOT NULL,"
	" account INTEGER NOT NULL, csrf TEXT NOT NULL, location TEXT NOT NULL,"
	" PRIMARY KEY(db, cookie)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS instance_code(db TEXT NOT NULL, code TEXT NOT NULL,"
	" app INTEGER NOT NULL, account INTEGER NOT NULL, redirect_uri TEXT NOT NULL,"
	" scopes TEXT NOT NULL, challenge TEXT NOT NULL, until_ms INTEGER NOT NULL,"
	" PRIMARY KEY(db, code)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS instance_token(db TEXT NOT NULL, token TEXT NOT NULL,"
	" app INTEGER NOT NULL, account INTEGER NOT NULL, scopes TEXT NOT NULL,"
	" PRIMARY KEY(db, token)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS instance_status(db TEXT NOT NULL, id INTEGER NOT NULL,"
	" account INTEGER NOT NULL, app INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
	" text TEXT NOT NULL, spoiler TEXT NOT NULL, visibility TEXT NOT NULL,"
	" language TEXT, sensitive INTEGER NOT NULL, reply_to INTEGER NOT NULL,"
	" idempotency TEXT NOT NULL, PRIMARY KEY(db, id)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS instance_status_account ON instance_status(db, account, id);"
	"CREATE INDEX IF NOT EXISTS instance_status_reply ON instance_status(db, reply_to)"
	" WHERE reply_to > 0;"
	"CREATE INDEX IF NOT EXISTS instance_status_key ON"
	" instance_status(db, account, idempotency) WHERE idempotency <> '';";

const char *si_digest(struct sb_ctx *ctx, const char *salt, const char *secret)
{
	unsigned char digest[32];
	char *out = mok_arena_alloc(ctx->arena, 2 * sizeof(digest) + 1);

	mok_hmac_sha256(salt, strlen(salt), secret, strlen(secret), digest);
	mok_hex(digest, sizeof(digest), out);
	return out;
}

/* Time in the high bits, as Mastodon numbers accounts and posts. */
int64_t si_snowflake(struct sb_ctx *ctx)
{
	return ctx->now_ms * 65536 + (int64_t)(mok_rng_next(&ctx->rng) & 0xffff);
}

/* ---- databases that are gone ---- */

static void drop(struct sb_ctx *ctx, const char *db)
{
	static const char *const deletions[] = { "DELETE FROM instance_grant WHERE db = ?",
		"DELETE FROM instance_account WHERE db = ?",
		"DELETE FROM instance_app WHERE db = ?",
		"DELETE FROM instance_session WHERE db = ?",
		"DELETE FROM instance_code WHERE db = ?", "DELETE FROM instance_token WHERE db = ?",
		"DELETE FROM instance_status WHERE db = ?",
		"DELETE FROM instance_schema WHERE db = ?" };

	for (size_t i = 0; i < MOK_COUNT(deletions); i++)
		sb_sql_run(ctx, deletions[i], "s", db);
}

/* Whatever a database holds, it has a schema. */
void si_tables_sweep(struct sb_ctx *ctx)
{
	sqlite3_stmt *stmt = sb_sql(ctx,
		"SELECT db FROM instance_schema WHERE NOT EXISTS(SELECT 1 FROM doc"
		" WHERE kind = ? AND id = substr(db, 1, instr(db, '@') - 1) AND gone_ms = 0"
		" AND created_ms = CAST(substr(db, instr(db, '@') + 1) AS INTEGER))",
		"s", DB_DB_KIND);
	MOK_VEC(const char *) gone = { 0 };

	while (sb_sql_row(ctx, stmt))
		mok_vec_push(ctx->arena, &gone, sb_sql_text(ctx, stmt, 0));
	for (size_t i = 0; i < gone.len; i++)
		drop(ctx, gone.items[i]);
}

/* ---- the schema ---- */

struct si_schema_version si_schema_of(struct sb_ctx *ctx, const char *db)
{
	struct si_schema_version found = { "", "" };
	sqlite3_stmt *stmt =
		sb_sql(ctx, "SELECT pre, post FROM instance_schema WHERE db = ?", "s", db);

	if (sb_sql_row(ctx, stmt)) {
		found.pre = sb_sql_text(ctx, stmt, 0);
		found.post = sb_sql_text(ctx, stmt, 1);
		sb_sql_done(ctx, stmt);
	}
	return found;
}

void si_schema_set(struct sb_ctx *ctx, const char *db, const struct si_schema_version *to)
{
	sb_sql_run(ctx, "INSERT OR REPLACE INTO instance_schema(db, pre, post) VALUES(?, ?, ?)",
		"sss", db, to->pre, to->post);
}

/* ---- accounts ---- */

#define ACCOUNT "SELECT id, created_ms, username, email, password FROM instance_account "

static struct si_account read_account(struct sb_ctx *ctx, sqlite3_stmt *stmt, const char **password)
{
	struct si_account account = { 0 };

	if (!sb_sql_row(ctx, stmt))
		return account;
	account.id = sqlite3_column_int64(stmt, 0);
	account.created_ms = sqlite3_column_int64(stmt, 1);
	account.username = sb_sql_text(ctx, stmt, 2);
	account.email = sb_sql_text(ctx, stmt, 3);
	if (password)
		*password = sb_sql_text(ctx, stmt, 4);
	sb_sql_done(ctx, stmt);
	return account;
}

void si_account_add(
	struct sb_ctx *ctx, const char *db, const struct si_account *account, const char *password)
{
	sb_sql_run(ctx,
		"INSERT INTO instance_account(db, id, username, email, password, created_ms)"
		" VALUES(?, ?, ?, ?, ?, ?)",
		"sisssi", db, account->id, account->username, account->email,
		si_digest(ctx, account->email, password), account->created_ms);
}

struct si_account si_account_by_id(struct sb_ctx *ctx, const char *db, int64_t id)
{
	return read_account(
		ctx, sb_sql(ctx, ACCOUNT "WHERE db = ? AND id = ?", "si", db, id), NULL);
}

struct si_account si_account_by_name(struct sb_ctx *ctx, const char *db, const char *username)
{
	return read_account(ctx,
		sb_sql(ctx, ACCOUNT "WHERE db = ? AND username = ? COLLATE NOCASE", "ss", db,
			username),
		NULL);
}

struct si_account si_account_first(struct sb_ctx *ctx, const char *db)
{
	return read_account(
		ctx, sb_sql(ctx, ACCOUNT "WHERE db = ? ORDER BY id LIMIT 1", "s", db), NULL);
}

struct si_account si_account_login(
	struct sb_ctx *ctx, const char *db, const char *email, const char *password)
{
	const char *digest = "";
	struct si_account account = read_account(ctx,
		sb_sql(ctx, ACCOUNT "WHERE db = ? AND email = ? COLLATE NOCASE", "ss", db, email),
		&digest);

	if (account.id && strcmp(digest, si_digest(ctx, account.email, password)) != 0)
		account.id = 0;
	return account;
}
