/*
 * Documents. A deleted one stays for as long as lists lag behind (gone_ms > 0), and is swept when
 * another is deleted; only `gone_ms = 0` counts as stored.
 */
#include "core_internal.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS "seq, kind, id, parent, name, alt, created_ms, json"

static const char *keep(struct sb_ctx *ctx, const char *s)
{
	return s && *s ? mok_arena_strdup(ctx->arena, s) : "";
}

struct sb_doc *sb_doc_new(struct sb_ctx *ctx, const char *kind, const char *id, const char *parent)
{
	struct sb_doc *doc = MOK_NEW(ctx->arena, struct sb_doc);

	doc->kind = keep(ctx, kind);
	doc->id = keep(ctx, id);
	doc->parent = keep(ctx, parent);
	doc->name = doc->alt = "";
	doc->created_ms = ctx->now_ms;
	doc->json = sb_own(ctx, cJSON_CreateObject());
	return doc;
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static void insert(struct sb_ctx *ctx, struct sb_doc *doc, const char *text)
{
	int64_t lag_ms = sb_lag_ms(ctx), listed_ms = ctx->now_ms + lag_ms;

	listed_ms += sb_call_of(ctx)->fault.list_lag_ms;
	sb_sql_run(ctx,
		"INSERT INTO doc(kind, id, parent, name, alt, created_ms, seen_ms, listed_ms,"
		" gone_ms, json) VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
		"sssssiiis", doc->kind, doc->id, or_empty(doc->parent), or_empty(doc->name),
		or_empty(doc->alt), doc->created_ms, ctx->now_ms + lag_ms, listed_ms, text);
	doc->seq = sb_sql_insert_id(ctx);
}

void sb_doc_put(struct sb_ctx *ctx, struct sb_doc *doc)
{
	char *text = cJSON_PrintUnformatted(doc->json);

	if (!text)
		MOK_BUG("a document that cannot be printed");
	if (doc->seq == 0)
		insert(ctx, doc, text);
	else
		sb_sql_run(ctx,
			"UPDATE doc SET parent = ?, name = ?, alt = ?, json = ? WHERE seq = ?",
			"ssssi", or_empty(doc->parent), or_empty(doc->name), or_empty(doc->alt),
			text, doc->seq);
	cJSON_free(text);
}

void sb_doc_delete(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	int64_t lag_ms =
		ctx->core->lagging ? sb_lag_ms(ctx) + sb_call_of(ctx)->fault.list_lag_ms : 0;

	if (lag_ms > 0)
		sb_sql_run(ctx, "UPDATE doc SET gone_ms = ? WHERE seq = ?", "ii",
			ctx->now_ms + lag_ms, doc->seq);
	else
		sb_sql_run(ctx, "DELETE FROM doc WHERE seq = ?", "i", doc->seq);
	if (ctx->core->lagging)
		sb_sql_run(ctx, "DELETE FROM doc WHERE gone_ms > 0 AND gone_ms <= ?", "i",
			ctx->now_ms);
}

void sb_doc_delete_children(struct sb_ctx *ctx, const char *kind, const char *parent)
{
	sb_sql_run(ctx, "DELETE FROM doc WHERE kind = ? AND parent = ? AND gone_ms = 0", "ss", kind,
		parent);
}

static cJSON *parse_row(struct sb_ctx *ctx, sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	cJSON *json = text ? cJSON_ParseWithLength(text, (size_t)sqlite3_column_bytes(stmt, column))
			   : NULL;

	return sb_own(ctx, json ? json : cJSON_CreateObject());
}

static struct sb_doc *read_row(struct sb_ctx *ctx, sqlite3_stmt *stmt)
{
	struct sb_doc *doc = MOK_NEW(ctx->arena, struct sb_doc);

	doc->seq = sqlite3_column_int64(stmt, 0);
	doc->kind = sb_sql_text(ctx, stmt, 1);
	doc->id = sb_sql_text(ctx, stmt, 2);
	doc->parent = sb_sql_text(ctx, stmt, 3);
	doc->name = sb_sql_text(ctx, stmt, 4);
	doc->alt = sb_sql_text(ctx, stmt, 5);
	doc->created_ms = sqlite3_column_int64(stmt, 6);
	doc->json = parse_row(ctx, stmt, 7);
	return doc;
}

static struct sb_doc *only_row(struct sb_ctx *ctx, sqlite3_stmt *stmt)
{
	struct sb_doc *doc = NULL;

	if (sb_sql_row(ctx, stmt)) {
		doc = read_row(ctx, stmt);
		sb_sql_done(ctx, stmt);
	}
	return doc;
}

struct sb_doc *sb_doc_get(struct sb_ctx *ctx, const char *kind, const char *id)
{
	if (!id)
		return NULL;
	return only_row(ctx,
		sb_sql(ctx, "SELECT " COLUMNS " FROM doc WHERE kind = ? AND id = ? AND gone_ms = 0",
			"ss", kind, id));
}

struct sb_doc *sb_doc_named(
	struct sb_ctx *ctx, const char *kind, const char *parent, const char *name)
{
	if (!name)
		return NULL;
	if (!parent)
		return only_row(ctx,
			sb_sql(ctx,
				"SELECT " COLUMNS " FROM doc WHERE kind = ? AND name = ?"
				" AND gone_ms = 0 ORDER BY seq LIMIT 1",
				"ss", kind, name));
	return only_row(ctx,
		sb_sql(ctx,
			"SELECT " COLUMNS " FROM doc WHERE kind = ? AND name = ?"
			" AND gone_ms = 0 AND parent = ? ORDER BY seq LIMIT 1",
			"sss", kind, name, parent));
}

struct sb_doc *sb_doc_see(struct sb_ctx *ctx, const char *kind, const char *id)
{
	struct sb_doc *doc = NULL;

	if (id)
		doc = only_row(ctx,
			sb_sql(ctx,
				"SELECT " COLUMNS " FROM doc WHERE kind = ? AND id = ?"
				" AND gone_ms = 0 AND seen_ms <= ?",
				"ssi", kind, id, ctx->now_ms));
	if (!doc)
		sb_not_found(ctx);
	return doc;
}

/* ---- many ---- */

/* The conditions are numbered, as those left out leave gaps. */
static const char *where(struct sb_ctx *ctx, const struct sb_which *which, bool lagged)
{
	return mok_arena_printf(ctx->arena, "WHERE kind = ?1%s%s%s%s",
		which->parent ? " AND parent = ?2" : "", which->name ? " AND name = ?3" : "",
		which->alt ? " AND alt = ?4" : "",
		lagged ? " AND listed_ms <= ?5 AND (gone_ms = 0 OR gone_ms > ?5)"
		       : " AND gone_ms = 0 AND ?5 IS NOT NULL");
}

size_t sb_doc_count_seen(struct sb_ctx *ctx, const struct sb_which *which, bool lagged)
{
	const char *sql = mok_arena_printf(
		ctx->arena, "SELECT count(*) FROM doc %s", where(ctx, which, lagged));
	sqlite3_stmt *stmt = sb_sql(ctx, sql, "ssssi", which->kind, which->parent, which->name,
		which->alt, ctx->now_ms);
	size_t count = 0;

	if (sb_sql_row(ctx, stmt)) {
		count = (size_t)sqlite3_column_int64(stmt, 0);
		sb_sql_done(ctx, stmt);
	}
	return count;
}

struct sb_docs sb_doc_list_seen(
	struct sb_ctx *ctx, const struct sb_which *which, bool lagged, size_t offset, size_t limit)
{
	MOK_VEC(struct sb_doc *) found = { NULL, 0, 0 };
	const char *sql = mok_arena_printf(ctx->arena,
		"SELECT " COLUMNS " FROM doc %s ORDER BY seq LIMIT ?6 OFFSET ?7",
		where(ctx, which, lagged));
	sqlite3_stmt *stmt = sb_sql(ctx, sql, "ssssiii", which->kind, which->parent, which->name,
		which->alt, ctx->now_ms, limit ? (int64_t)limit : (int64_t)-1, (int64_t)offset);

	while (sb_sql_row(ctx, stmt))
		mok_vec_push(ctx->arena, &found, read_row(ctx, stmt));
	return (struct sb_docs){ found.items, found.len };
}

size_t sb_doc_count(struct sb_ctx *ctx, const struct sb_which *which)
{
	return sb_doc_count_seen(ctx, which, false);
}

struct sb_docs sb_doc_list(
	struct sb_ctx *ctx, const struct sb_which *which, size_t offset, size_t limit)
{
	return sb_doc_list_seen(ctx, which, false, offset, limit);
}

/* ---- names that stay taken ---- */

void sb_name_reserve(struct sb_ctx *ctx, const char *kind, const char *name, int64_t real_ms)
{
	sb_sql_run(ctx, "INSERT OR REPLACE INTO reserved(kind, name, until_ms) VALUES(?, ?, ?)",
		"ssi", kind, name, sb_after(ctx, real_ms));
}

bool sb_name_reserved(struct sb_ctx *ctx, const char *kind, const char *name)
{
	sqlite3_stmt *stmt =
		sb_sql(ctx, "SELECT 1 FROM reserved WHERE kind = ? AND name = ? AND until_ms > ?",
			"ssi", kind, name, ctx->now_ms);
	bool taken = sb_sql_row(ctx, stmt);

	if (taken)
		sb_sql_done(ctx, stmt);
	return taken;
}
