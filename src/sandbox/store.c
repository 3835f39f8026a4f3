/*
 * The database. In a directory it is in WAL mode with synchronous=NORMAL: a committed transaction
 * is in the operating system's hands, so that killing the process loses nothing that was answered.
 */
#include "core_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SCHEMA_VERSION = 2 };

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS counter("
	" key TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS doc(seq INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
	" id TEXT NOT NULL, parent TEXT NOT NULL, name TEXT NOT NULL, alt TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL, listed_ms INTEGER NOT NULL,"
	" gone_ms INTEGER NOT NULL, json TEXT NOT NULL);"
	"CREATE UNIQUE INDEX IF NOT EXISTS doc_id ON doc(kind, id) WHERE gone_ms = 0;"
	"CREATE INDEX IF NOT EXISTS doc_kind ON doc(kind, gone_ms);"
	"CREATE INDEX IF NOT EXISTS doc_parent ON doc(kind, parent, gone_ms);"
	"CREATE INDEX IF NOT EXISTS doc_name ON doc(kind, name, gone_ms);"
	"CREATE INDEX IF NOT EXISTS doc_alt ON doc(kind, alt, gone_ms);"
	"CREATE INDEX IF NOT EXISTS doc_gone ON doc(gone_ms) WHERE gone_ms > 0;"
	"CREATE TABLE IF NOT EXISTS reserved(kind TEXT NOT NULL, name TEXT NOT NULL,"
	" until_ms INTEGER NOT NULL, PRIMARY KEY(kind, name)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS vpc_member(urn TEXT PRIMARY KEY, vpc TEXT NOT NULL,"
	" name TEXT NOT NULL, created_ms INTEGER NOT NULL, gone_ms INTEGER NOT NULL);"
	"CREATE INDEX IF NOT EXISTS vpc_member_vpc ON vpc_member(vpc);"
	"CREATE TABLE IF NOT EXISTS tag_link(tag TEXT NOT NULL, type TEXT NOT NULL,"
	" id TEXT NOT NULL, position INTEGER NOT NULL, tagged_ms INTEGER NOT NULL,"
	" PRIMARY KEY(tag, type, id)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS tag_link_thing ON tag_link(type, id, position);"
	"CREATE TABLE IF NOT EXISTS log(n INTEGER PRIMARY KEY, line TEXT NOT NULL);";

static int run_script(struct sb_core *core, const char *sql, struct mok_err *err)
{
	if (sqlite3_exec(core->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return mok_err_set(err, MOK_ERR_IO, "the sandbox's database: %s", sqlite3_errmsg(core->db));
}

static int check_version(struct sb_core *core, struct mok_err *err)
{
	sqlite3_stmt *stmt = NULL;
	int version = -1;
	char sql[64];

	if (sqlite3_prepare_v2(core->db, "PRAGMA user_version", -1, &stmt, NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW)
		version = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	if (version < 0)
		return mok_err_set(
			err, MOK_ERR_IO, "the sandbox's database: %s", sqlite3_errmsg(core->db));
	if (version != 0 && version != SCHEMA_VERSION) {
		mok_err_set(err, MOK_ERR_IO, "the sandbox was made by another version of mok");
		mok_err_hint(err, "empty it with: mok sandbox --reset");
		return -1;
	}
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA_VERSION);
	return run_script(core, sql, err);
}

int sb_store_open(struct sb_core *core, struct mok_err *err)
{
	const char *path = ":memory:";

	if (core->dir)
		path = mok_arena_printf(core->arena, "%s/sandbox.db", core->dir);
	core->statements = mok_map_new(core->arena);
	if (sqlite3_open_v2(path, &core->db,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK)
		return mok_err_set(err, MOK_ERR_IO, "%s: %s", path,
			core->db ? sqlite3_errmsg(core->db) : "out of memory");
	if (run_script(core,
		    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
		    "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384;"
		    "PRAGMA temp_store = MEMORY",
		    err) != 0)
		return -1;
	if (check_version(core, err) != 0 || run_script(core, schema, err) != 0)
		return -1;
	if (run_script(core, sb_s3_schema, err) != 0 || run_script(core, sb_ctl_schema, err) != 0)
		return -1;
	if (run_script(core, sb_kube_schema, err) != 0)
		return -1;
	return run_script(core, si_schema, err);
}

static void finalize_statements(struct sb_core *core)
{
	for (size_t i = 0; i < mok_map_len(core->statements); i++) {
		for (struct sb_statement *s = mok_map_value(core->statements, i); s; s = s->twin)
			sqlite3_finalize(s->stmt);
	}
}

void sb_store_close(struct sb_core *core)
{
	if (core->statements)
		finalize_statements(core);
	sqlite3_close(core->db);
	core->db = NULL;
}

/* ---- statements ---- */

static void broke(struct sb_ctx *ctx)
{
	sb_call_of(ctx)->broken = true;
}

static struct sb_statement *prepare(struct sb_ctx *ctx, const char *sql)
{
	struct sb_core *core = ctx->core;
	struct sb_statement *s = MOK_NEW(core->arena, struct sb_statement);
	int rc = sqlite3_prepare_v3(core->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL);

	if (rc == SQLITE_ERROR)
		MOK_BUG(sqlite3_errmsg(core->db));
	if (rc != SQLITE_OK)
		broke(ctx);
	return s;
}

static struct sb_statement *find_statement(struct sb_ctx *ctx, const char *sql)
{
	struct sb_statement *first = mok_map_get(ctx->core->statements, sql), *s = first;

	while (s && s->used && s->twin)
		s = s->twin;
	if (s && !s->used)
		return s;
	s = prepare(ctx, sql);
	if (!s->stmt)
		return s;
	if (!first) {
		mok_map_put(ctx->core->statements, sql, s);
	} else {
		s->twin = first->twin;
		first->twin = s;
	}
	return s;
}

static void bind_all(sqlite3_stmt *stmt, const char *types, va_list ap)
{
	for (int i = 1; *types; types++, i++) {
		const char *text;
		const void *data;

		if (*types == 'i') {
			sqlite3_bind_int64(stmt, i, va_arg(ap, int64_t));
		} else if (*types == 's') {
			text = va_arg(ap, const char *);
			sqlite3_bind_text(stmt, i, text, -1, SQLITE_STATIC);
		} else if (*types == 'b') {
			data = va_arg(ap, const void *);
			sqlite3_bind_blob64(stmt, i, data, va_arg(ap, size_t), SQLITE_STATIC);
		} else {
			MOK_BUG("bad types");
		}
	}
}

static sqlite3_stmt *take(struct sb_ctx *ctx, const char *sql, const char *types, va_list ap)
{
	struct sb_statement *s = find_statement(ctx, sql);
	struct sb_core *core = ctx->core;

	if (!s->stmt)
		return NULL;
	if (core->npending == SB_PENDING_MAX)
		MOK_BUG("too many statements in use");
	s->used = true;
	core->pending[core->npending++] = s;
	bind_all(s->stmt, types, ap);
	return s->stmt;
}

sqlite3_stmt *sb_sql(struct sb_ctx *ctx, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;

	va_start(ap, types);
	stmt = take(ctx, sql, types, ap);
	va_end(ap);
	return stmt;
}

static void release(struct sb_core *core, size_t i)
{
	struct sb_statement *s = core->pending[i];

	sqlite3_reset(s->stmt);
	sqlite3_clear_bindings(s->stmt);
	s->used = false;
	core->pending[i] = core->pending[--core->npending];
}

void sb_sql_done(struct sb_ctx *ctx, sqlite3_stmt *stmt)
{
	struct sb_core *core = ctx->core;

	for (size_t i = core->npending; i-- > 0;) {
		if (core->pending[i]->stmt == stmt) {
			release(core, i);
			return;
		}
	}
}

void sb_sql_reset_all(struct sb_core *core)
{
	while (core->npending)
		release(core, core->npending - 1);
}

bool sb_sql_row(struct sb_ctx *ctx, sqlite3_stmt *stmt)
{
	int rc;

	if (!stmt)
		return false;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		broke(ctx);
	sb_sql_done(ctx, stmt);
	return false;
}

int64_t sb_sql_run(struct sb_ctx *ctx, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;

	va_start(ap, types);
	stmt = take(ctx, sql, types, ap);
	va_end(ap);
	if (sb_sql_row(ctx, stmt))
		sb_sql_done(ctx, stmt);
	return sqlite3_changes64(ctx->core->db);
}

const char *sb_sql_text(struct sb_ctx *ctx, sqlite3_stmt *stmt, int column)
{
	const unsigned char *text = stmt ? sqlite3_column_text(stmt, column) : NULL;
	int len;

	if (!text)
		return "";
	len = sqlite3_column_bytes(stmt, column);
	return mok_arena_strndup(ctx->arena, (const char *)text, (size_t)len);
}

int64_t sb_sql_insert_id(struct sb_ctx *ctx)
{
	return sqlite3_last_insert_rowid(ctx->core->db);
}

/* ---- transactions ---- */

bool sb_begin(struct sb_ctx *ctx)
{
	sb_sql_run(ctx, "BEGIN IMMEDIATE", "");
	return !sb_call_of(ctx)->broken;
}

bool sb_commit(struct sb_ctx *ctx)
{
	sb_sql_reset_all(ctx->core);
	sb_sql_run(ctx, "COMMIT", "");
	return !sb_call_of(ctx)->broken;
}

void sb_rollback(struct sb_ctx *ctx)
{
	sb_sql_reset_all(ctx->core);
	if (!sqlite3_get_autocommit(ctx->core->db))
		sb_sql_run(ctx, "ROLLBACK", "");
}
