#include "s3_store.h"

#include <string.h>

const char sb_s3_schema[] =
	"CREATE TABLE IF NOT EXISTS s3_bucket(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, "
	"region TEXT NOT NULL, created_ms INTEGER NOT NULL, visible_ms INTEGER NOT NULL, "
	"versioning INTEGER NOT NULL DEFAULT 0);"
	"CREATE TABLE IF NOT EXISTS s3_config(bucket_id INTEGER NOT NULL, name TEXT NOT NULL, "
	"document TEXT NOT NULL, PRIMARY KEY(bucket_id, name)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS s3_object(id INTEGER PRIMARY KEY AUTOINCREMENT, "
	"bucket_id INTEGER NOT NULL, key TEXT NOT NULL, version_id TEXT NOT NULL, "
	"size INTEGER NOT NULL, etag TEXT NOT NULL, modified_ms INTEGER NOT NULL, "
	"headers TEXT NOT NULL, acl TEXT, tags TEXT, latest INTEGER NOT NULL, "
	"marker INTEGER NOT NULL, parts INTEGER NOT NULL DEFAULT 0);"
	"CREATE UNIQUE INDEX IF NOT EXISTS s3_object_version "
	"ON s3_object(bucket_id, key, version_id);"
	"CREATE INDEX IF NOT EXISTS s3_object_order ON s3_object(bucket_id, key, id DESC);"
	"CREATE INDEX IF NOT EXISTS s3_object_current ON s3_object(bucket_id, key) "
	"WHERE latest = 1 AND marker = 0;"
	"CREATE TABLE IF NOT EXISTS s3_upload(number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, "
	"bucket_id INTEGER NOT NULL, key TEXT NOT NULL, begun_ms INTEGER NOT NULL, "
	"headers TEXT NOT NULL, acl TEXT, tags TEXT);"
	"CREATE INDEX IF NOT EXISTS s3_upload_key ON s3_upload(bucket_id, key, number);"
	"CREATE TABLE IF NOT EXISTS s3_blob(id INTEGER PRIMARY KEY, object_id INTEGER, "
	"upload_id TEXT, part INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT, "
	"modified_ms INTEGER, bytes BLOB NOT NULL);"
	"CREATE INDEX IF NOT EXISTS s3_blob_object ON s3_blob(object_id, part) "
	"WHERE object_id IS NOT NULL;"
	"CREATE UNIQUE INDEX IF NOT EXISTS s3_blob_part ON s3_blob(upload_id, part) "
	"WHERE upload_id IS NOT NULL;";

/* ---- statements ---- */

bool s3_row(struct s3_rows *rows)
{
	if (rows->stmt && !sb_sql_row(rows->ctx, rows->stmt))
		rows->stmt = NULL;
	return rows->stmt != NULL;
}

void s3_done(struct s3_rows *rows)
{
	if (rows->stmt)
		sb_sql_done(rows->ctx, rows->stmt);
	rows->stmt = NULL;
}

int64_t s3_first_number(struct s3_rows rows)
{
	int64_t number = s3_row(&rows) ? sqlite3_column_int64(rows.stmt, 0) : 0;

	s3_done(&rows);
	return number;
}

const char *s3_text(struct s3_request *rq, sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return text ? mok_arena_strdup(rq->arena, text) : NULL;
}

/* ---- buckets ---- */

bool s3_bucket_find(struct s3_request *rq, const char *name, struct s3_bucket *out)
{
	struct s3_rows rows MOK_CLEANUP(s3_done) = s3_select(rq,
		"SELECT id, name, region, created_ms, visible_ms, versioning FROM s3_bucket "
		"WHERE name = ?",
		"s", name);

	if (!s3_row(&rows))
		return false;
	*out = (struct s3_bucket){
		.id = sqlite3_column_int64(rows.stmt, 0),
		.name = s3_text(rq, rows.stmt, 1),
		.region = s3_text(rq, rows.stmt, 2),
		.created_ms = sqlite3_column_int64(rows.stmt, 3),
		.visible_ms = sqlite3_column_int64(rows.stmt, 4),
		.versioning = (enum s3_versioning)sqlite3_column_int(rows.stmt, 5),
	};
	return true;
}

int64_t s3_bucket_add(struct s3_request *rq, const char *name, const char *region)
{
	s3_run(rq, "INSERT INTO s3_bucket(name, region, created_ms, visible_ms) VALUES(?, ?, ?, ?)",
		"ssii", name, region, rq->now_ms, rq->now_ms + sb_lag_ms(rq->ctx));
	return sb_sql_insert_id(rq->ctx);
}

void s3_bucket_remove(struct s3_request *rq, int64_t id)
{
	s3_run(rq,
		"DELETE FROM s3_blob WHERE upload_id IN (SELECT id FROM s3_upload WHERE bucket_id "
		"= ?)",
		"i", id);
	s3_run(rq, "DELETE FROM s3_upload WHERE bucket_id = ?", "i", id);
	s3_run(rq, "DELETE FROM s3_config WHERE bucket_id = ?", "i", id);
	s3_run(rq, "DELETE FROM s3_bucket WHERE id = ?", "i", id);
}

bool s3_bucket_is_empty(struct s3_request *rq, int64_t id)
{
	return s3_number(rq, "SELECT EXISTS(SELECT 1 FROM s3_object WHERE bucket_id = ?)", "i",
		       id) == 0;
}

const char *s3_config_get(struct s3_request *rq, int64_t bucket_id, const char *name)
{
	struct s3_rows rows MOK_CLEANUP(s3_done) =
		s3_select(rq, "SELECT document FROM s3_config WHERE bucket_id = ? AND name = ?",
			"is", bucket_id, name);

	return s3_row(&rows) ? s3_text(rq, rows.stmt, 0) : NULL;
}

void s3_config_put(struct s3_request *rq, int64_t bucket_id, const char *name, const char *document)
{
	s3_run(rq, "INSERT OR REPLACE INTO s3_config(bucket_id, name, document) VALUES(?, ?, ?)",
		"iss", bucket_id, name, document);
}

void s3_config_remove(struct s3_request *rq, int64_t bucket_id, const char *name)
{
	s3_run(rq, "DELETE FROM s3_config WHERE bucket_id = ? AND name = ?", "is", bucket_id, name);
}

/* ---- objects ---- */

void s3_object_take(struct s3_request *rq, sqlite3_stmt *stmt, struct s3_object *out)
{
	*out = (struct s3_object){
		.id = sqlite3_column_int64(stmt, 0),
		.bucket_id = sqlite3_column_int64(stmt, 1),
		.key = s3_text(rq, stmt, 2),
		.version_id = s3_text(rq, stmt, 3),
		.size = sqlite3_column_int64(stmt, 4),
		.etag = s3_text(rq, stmt, 5),
		.modified_ms = sqlite3_column_int64(stmt, 6),
		.headers = s3_text(rq, stmt, 7),
		.acl = s3_text(rq, stmt, 8),
		.tags = s3_text(rq, stmt, 9),
		.latest = sqlite3_column_int(stmt, 10) != 0,
		.marker = sqlite3_column_int(stmt, 11) != 0,
		.parts = sqlite3_column_int64(stmt, 12),
	};
}

bool s3_object_find(struct s3_request *rq, int64_t bucket_id, const char *key, const char *version,
	struct s3_object *out)
{
	struct s3_rows rows MOK_CLEANUP(s3_done) = version
		? s3_select(rq,
			  "SELECT " S3_OBJECT_COLUMNS " FROM s3_object WHERE bucket_id = ? AND "
			  "key = ? AND version_id = ?",
			  "iss", bucket_id, key, version)
		: s3_select(rq,
			  "SELECT " S3_OBJECT_COLUMNS " FROM s3_object WHERE bucket_id = ? AND "
			  "key = ? ORDER BY id DESC LIMIT 1",
			  "is", bucket_id, key);

	if (!s3_row(&rows))
		return false;
	s3_object_take(rq, rows.stmt, out);
	return true;
}

bool s3_find_object(struct s3_request *rq, struct s3_object *out)
{
	const char *version = s3_query(rq, "versionId");

	if (!s3_object_find(rq, rq->bucket.id, rq->key, version, out)) {
		s3_fail(rq, version ? S3_NO_SUCH_VERSION : S3_NO_SUCH_KEY);
		return false;
	}
	if (out->marker) {
		s3_header(rq, "x-amz-delete-marker", "true");
		s3_header(rq, "x-amz-version-id", out->version_id);
		s3_fail(rq, version ? S3_METHOD_NOT_ALLOWED : S3_NO_SUCH_KEY);
		return false;
	}
	return true;
}

void s3_object_add(struct s3_request *rq, const struct s3_bucket *bucket, struct s3_object *object)
{
	struct s3_object old;

	object->bucket_id = bucket->id;
	object->version_id =
		bucket->versioning == S3_VERSIONED ? s3_random_id(rq) : S3_NULL_VERSION;
	object->latest = true;
	if (bucket->versioning != S3_VERSIONED &&
		s3_object_find(rq, bucket->id, object->key, S3_NULL_VERSION, &old))
		s3_object_remove(rq, &old);
	s3_run(rq, "UPDATE s3_object SET latest = 0 WHERE bucket_id = ? AND key = ? AND latest = 1",
		"is", bucket->id, object->key);
	s3_run(rq,
		"INSERT INTO s3_object(bucket_id, key, version_id, size, etag, modified_ms, "
		"headers, acl, tags, latest, marker, parts) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 1, "
		"?, ?)",
		"issisisssii", bucket->id, object->key, object->version_id, object->size,
		object->etag, object->modified_ms, object->headers, object->acl, object->tags,
		(int64_t)object->marker, object->parts);
	object->id = sb_sql_insert_id(rq->ctx);
}

void s3_object_remove(struct s3_request *rq, const struct s3_object *object)
{
	s3_run(rq, "DELETE FROM s3_blob WHERE object_id = ?", "i", object->id);
	s3_run(rq, "DELETE FROM s3_object WHERE id = ?", "i", object->id);
	if (object->latest)
		s3_run(rq,
			"UPDATE s3_object SET latest = 1 WHERE id = (SELECT max(id) FROM s3_object "
			"WHERE bucket_id = ? AND key = ?)",
			"is", object->bucket_id, object->key);
}

void s3_object_set(struct s3_request *rq, int64_t id, const char *column, const char *value)
{
	bool acl = mok_streq(column, "acl");

	if (!acl && !mok_streq(column, "tags"))
		MOK_BUG("no such column to set");
	s3_run(rq,
		acl ? "UPDATE s3_object SET acl = ? WHERE id = ?"
		    : "UPDATE s3_object SET tags = ? WHERE id = ?",
		"si", value, id);
}

void s3_bytes_add(struct s3_request *rq, int64_t object_id, const void *data, size_t len)
{
	if (len > 0)
		s3_run(rq, "INSERT INTO s3_blob(object_id, part, size, bytes) VALUES(?, 1, ?, ?)",
			"iib", object_id, (int64_t)len, data, len);
}

void s3_bytes_copy(struct s3_request *rq, int64_t from_object, int64_t to_object)
{
	s3_run(rq,
		"INSERT INTO s3_blob(object_id, part, size, etag, bytes) "
		"SELECT ?, part, size, etag, bytes FROM s3_blob WHERE object_id = ?",
		"ii", to_object, from_object);
}

void s3_bytes_read(
	struct s3_request *rq, int64_t object_id, int64_t from, int64_t len, struct mok_buf *out)
{
	struct s3_rows rows MOK_CLEANUP(s3_done) = s3_select(
		rq, "SELECT bytes FROM s3_blob WHERE object_id = ? ORDER BY part", "i", object_id);

	while (len > 0 && s3_row(&rows)) {
		const char *bytes = sqlite3_column_blob(rows.stmt, 0);
		int64_t size = sqlite3_column_bytes(rows.stmt, 0), take;

		if (from >= size) {
			from -= size;
			continue;
		}
		take = size - from < len ? size - from : len;
		mok_buf_add(out, bytes + from, (size_t)take);
		len -= take;
		from = 0;
	}
}

/* ---- multipart ---- */

void s3_upload_add(struct s3_request *rq, struct s3_upload *upload)
{
	upload->id = mok_arena_printf(rq->arena, "2~%s", s3_random_id(rq));
	upload->begun_ms = rq->now_ms;
	s3_run(rq,
		"INSERT INTO s3_upload(id, bucket_id, key, begun_ms, headers, acl, tags) "
		"VALUES(?, ?, ?, ?, ?, ?, ?)",
		"sisisss", upload->id, upload->bucket_id, upload->key, upload->begun_ms,
		upload->headers, upload->acl, upload->tags);
}

bool s3_upload_find(struct s3_request *rq, struct s3_upload *out)
{
	struct s3_rows rows MOK_CLEANUP(s3_done) = s3_select(rq,
		"SELECT id, bucket_id, key, begun_ms, headers, acl, tags FROM s3_upload "
		"WHERE id = ? AND bucket_id = ? AND key = ?",
		"sis", s3_query(rq, "uploadId"), rq->bucket.id, rq->key);

	if (!s3_row(&rows)) {
		s3_fail(rq, S3_NO_SUCH_UPLOAD);
		return false;
	}
	*out = (struct s3_upload){
		.id = s3_text(rq, rows.stmt, 0),
		.bucket_id = sqlite3_column_int64(rows.stmt, 1),
		.key = s3_text(rq, rows.stmt, 2),
		.begun_ms = sqlite3_column_int64(rows.stmt, 3),
		.headers = s3_text(rq, rows.stmt, 4),
		.acl = s3_text(rq, rows.stmt, 5),
		.tags = s3_text(rq, rows.stmt, 6),
	};
	return true;
}

void s3_upload_remove(struct s3_request *rq, const char *id)
{
	s3_run(rq, "DELETE FROM s3_blob WHERE upload_id = ?", "s", id);
	s3_run(rq, "DELETE FROM s3_upload WHERE id = ?", "s", id);
}

void s3_part_put(struct s3_request *rq, const char *upload, int64_t number, const char *etag,
	const void *data, size_t len)
{
	s3_run(rq, "DELETE FROM s3_blob WHERE upload_id = ? AND part = ?", "si", upload, number);
	s3_run(rq,
		"INSERT INTO s3_blob(upload_id, part, size, etag, modified_ms, bytes) "
		"VALUES(?, ?, ?, ?, ?, ?)",
		"siisib", upload, number, (int64_t)len, etag, rq->now_ms, data, len);
}

bool s3_part_find(struct s3_request *rq, const char *upload, int64_t number, struct s3_part *out)
{
	struct s3_rows rows MOK_CLEANUP(s3_done) = s3_select(rq,
		"SELECT part, size, modified_ms, etag FROM s3_blob WHERE upload_id = ? AND part = "
		"?",
		"si", upload, number);

	if (!s3_row(&rows))
		return false;
	out->number = sqlite3_column_int64(rows.stmt, 0);
	out->size = sqlite3_column_int64(rows.stmt, 1);
	out->modified_ms = sqlite3_column_int64(rows.stmt, 2);
	out->etag = s3_text(rq, rows.stmt, 3);
	return true;
}

void s3_part_give(struct s3_request *rq, const char *upload, int64_t number, int64_t object_id)
{
	s3_run(rq,
		"UPDATE s3_blob SET object_id = ?, upload_id = NULL WHERE upload_id = ? AND part = "
		"?",
		"isi", object_id, upload, number);
}

const char *s3_random_id(struct s3_request *rq)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char id[33];

	for (size_t i = 0; i < sizeof(id) - 1; i++)
		id[i] = letters[mok_rng_next(&rq->ctx->rng) % (sizeof(letters) - 1)];
	id[sizeof(id) - 1] = '\0';
	return mok_arena_strdup(rq->arena, id);
}
