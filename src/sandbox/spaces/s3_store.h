/*
 * s3_store: what Spaces keeps, in the sandbox's database. A row of s3_object is one version of a
 * key; its bytes are the rows of s3_blob with its id, in order of part, so that completing a
 * multipart upload moves no bytes. Runs within the transaction of the request.
 */
#ifndef SANDBOX_S3_STORE_H
#define SANDBOX_S3_STORE_H

#include "s3.h"

#include <sqlite3.h>

#define S3_NULL_VERSION "null"

struct s3_object {
	int64_t id, bucket_id, size, modified_ms;
	const char *key, *version_id, *etag; /* etag without quotes */
	const char *headers; /* lines "Name: value\n" to be sent with it, x-amz-meta-* included */
	const char *acl, *tags; /* tags: "key=value&..." encoded as in x-amz-tagging, or NULL */
	bool latest, marker;    /* marker: a delete marker */
	int64_t parts;          /* 0: not made by a multipart upload */
};

struct s3_part {
	int64_t number, size, modified_ms;
	const char *etag;
};

struct s3_upload {
	const char *id, *key, *headers, *acl, *tags;
	int64_t bucket_id, begun_ms;
};

/* ---- statements, on sb_sql of core.h ---- */

struct s3_rows {
	struct sb_ctx *ctx;
	sqlite3_stmt *stmt; /* on the row that s3_row moved to; NULL: no more */
};
#define s3_select(rq, ...) ((struct s3_rows){ (rq)->ctx, sb_sql((rq)->ctx, __VA_ARGS__) })
#define s3_run(rq, ...) ((void)sb_sql_run((rq)->ctx, __VA_ARGS__))
#define s3_number(rq, ...) s3_first_number(s3_select(rq, __VA_ARGS__))
bool s3_row(struct s3_rows *rows);
void s3_done(struct s3_rows *rows);                                         /* for MOK_CLEANUP */
int64_t s3_first_number(struct s3_rows rows);                               /* 0: no row */
const char *s3_text(struct s3_request *rq, sqlite3_stmt *stmt, int column); /* NULL: NULL */

/* ---- buckets ---- */

bool s3_bucket_find(struct s3_request *rq, const char *name, struct s3_bucket *out);
int64_t s3_bucket_add(struct s3_request *rq, const char *name, const char *region);
void s3_bucket_remove(struct s3_request *rq, int64_t id);
bool s3_bucket_is_empty(struct s3_request *rq, int64_t id);
/* Documents that hang on a bucket: acl, cors, lifecycle, policy, logging, website. */
const char *s3_config_get(struct s3_request *rq, int64_t bucket_id, const char *name);
void s3_config_put(
	struct s3_request *rq, int64_t bucket_id, const char *name, const char *document);
void s3_config_remove(struct s3_request *rq, int64_t bucket_id, const char *name);

/* ---- objects ---- */

/* The columns, in the order that s3_object_read expects them, to put behind SELECT. */
#define S3_OBJECT_COLUMNS \
	"id, bucket_id, key, version_id, size, etag, modified_ms, headers, acl, tags, latest, " \
	"marker, parts"
void s3_object_take(struct s3_request *rq, sqlite3_stmt *stmt, struct s3_object *out);
/* version NULL: the current one, markers included. */
bool s3_object_find(struct s3_request *rq, int64_t bucket_id, const char *key, const char *version,
	struct s3_object *out);
/* The one that rq means (?versionId). False: it has answered NoSuchKey and the like. */
bool s3_find_object(struct s3_request *rq, struct s3_object *out);
/* Makes object the current version of its key: sets id and version_id as the bucket's versioning
 * demands. Bytes are added by id. */
void s3_object_add(struct s3_request *rq, const struct s3_bucket *bucket, struct s3_object *object);
void s3_object_remove(struct s3_request *rq, const struct s3_object *object);
void s3_object_set(struct s3_request *rq, int64_t id, const char *column, const char *value);
void s3_bytes_add(struct s3_request *rq, int64_t object_id, const void *data, size_t len);
void s3_bytes_copy(struct s3_request *rq, int64_t from_object, int64_t to_object);
void s3_bytes_read(
	struct s3_request *rq, int64_t object_id, int64_t from, int64_t len, struct mok_buf *out);

/* ---- multipart ---- */

void s3_upload_add(struct s3_request *rq, struct s3_upload *upload); /* sets id and begun_ms */
/* The one of ?uploadId. False: it has answered NoSuchUpload. */
bool s3_upload_find(struct s3_request *rq, struct s3_upload *out);
void s3_upload_remove(struct s3_request *rq, const char *id); /* with the parts that are left */
void s3_part_put(struct s3_request *rq, const char *upload, int64_t number, const char *etag,
	const void *data, size_t len);
bool s3_part_find(struct s3_request *rq, const char *upload, int64_t number, struct s3_part *out);
void s3_part_give(struct s3_request *rq, const char *upload, int64_t number, int64_t object_id);

/* 32 letters and digits, by the sandbox's seed. */
const char *s3_random_id(struct s3_request *rq);

#endif
