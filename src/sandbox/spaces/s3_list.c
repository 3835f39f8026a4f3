/*
 * Lists of objects, versions and uploads. All three walk an index in order of key; a group of keys
 * that a delimiter folds into one common prefix is jumped over, not read.
 */
#include "s3_handlers.h"
#include "s3_store.h"
#include "s3_xml.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LIST_MAX 1000

struct listing;

/* What is walked: sql's parameters are the bucket, the key where to begin, and a bound on rows of
 * that very key: `all` lets them all in, `none` leaves them all out. Column 2 is the key. */
struct walk {
	const char *sql;
	int64_t all, none;
	void (*put)(struct listing *list, sqlite3_stmt *row);
};

struct listing {
	struct s3_request *rq;
	const char *prefix, *delimiter, *marker;
	bool url, with_owner, v2;
	int64_t max, count;
	bool truncated;
	const char *from;
	int64_t bound;
	const char *last_key, *last_id; /* of what was put last; last_id NULL: a common prefix */
	struct mok_buf items, prefixes;
};

static void put_name(
	struct listing *list, struct mok_buf *out, const char *element, const char *name)
{
	struct mok_buf encoded;

	if (!list->url || !name) {
		s3_xml_put(out, element, name);
		return;
	}
	mok_buf_init(&encoded, 8 * S3_KEY_MAX);
	mok_buf_add_url(&encoded, name, true);
	s3_xml_put(out, element, encoded.data);
	mok_buf_release(&encoded);
}

/* The first key after all that begin with prefix; bytes compare as bytes, so one more in the last
 * will do, whether or not that is a character. */
static const char *after_prefix(struct listing *list, const char *prefix)
{
	char *out = mok_arena_strdup(list->rq->arena, prefix);

	out[strlen(out) - 1]++;
	return out;
}

/* The common prefix that key is folded into, or NULL. */
static const char *folded(struct listing *list, const char *key)
{
	const char *rest = key + strlen(list->prefix), *end;

	if (!*list->delimiter)
		return NULL;
	end = strstr(rest, list->delimiter);
	if (!end)
		return NULL;
	return mok_arena_strndup(
		list->rq->arena, key, (size_t)(end - key) + strlen(list->delimiter));
}

/* One row; sets *skip_to when the walk must go on from elsewhere. False: the page is full or the
 * prefix left. */
static bool take_row(
	struct listing *list, const struct walk *walk, sqlite3_stmt *row, const char **skip_to)
{
	const char *key = s3_text(list->rq, row, 2), *common;

	if (!mok_starts(key, list->prefix))
		return false;
	common = folded(list, key);
	if (common && mok_starts(list->marker, common)) { /* was on an earlier page */
		*skip_to = after_prefix(list, common);
		return true;
	}
	if (list->count == list->max) {
		list->truncated = true;
		return false;
	}
	list->count++;
	if (!common) {
		list->last_key = key;
		walk->put(list, row);
		return true;
	}
	list->last_key = common;
	list->last_id = NULL;
	mok_buf_puts(&list->prefixes, "<CommonPrefixes>");
	put_name(list, &list->prefixes, "Prefix", common);
	mok_buf_puts(&list->prefixes, "</CommonPrefixes>");
	*skip_to = after_prefix(list, common);
	return true;
}

static void walk_keys(struct listing *list, const struct walk *walk)
{
	const char *skip_to = list->max > 0 ? list->from : NULL;

	while (skip_to) {
		struct s3_rows rows MOK_CLEANUP(s3_done) = s3_select(
			list->rq, walk->sql, "isi", list->rq->bucket.id, skip_to, list->bound);

		skip_to = NULL;
		while (!skip_to && s3_row(&rows))
			if (!take_row(list, walk, rows.stmt, &skip_to))
				return;
		list->bound = walk->all;
	}
}

static const char *query_or_empty(struct s3_request *rq, const char *name)
{
	const char *value = s3_query(rq, name);

	return value ? value : "";
}

/* False: it has answered. */
static bool list_begin(struct listing *list, const char *max_name)
{
	const char *max = s3_query(list->rq, max_name),
		   *encoding = s3_query(list->rq, "encoding-type");

	list->max = LIST_MAX;
	if ((max && *max && (!mok_parse_i64(max, &list->max) || list->max < 0)) ||
		(encoding && strcasecmp(encoding, "url") != 0)) {
		s3_fail(list->rq, S3_INVALID_ARGUMENT);
		return false;
	}
	if (list->max > LIST_MAX)
		list->max = LIST_MAX;
	list->url = encoding != NULL;
	list->prefix = query_or_empty(list->rq, "prefix");
	list->delimiter = query_or_empty(list->rq, "delimiter");
	mok_buf_init(&list->items, (size_t)32 << 20);
	mok_buf_init(&list->prefixes, (size_t)32 << 20);
	return true;
}

/* Where to begin: after the marker (with rows of its own key under bound), or at the prefix. */
static void list_from(
	struct listing *list, const struct walk *walk, const char *marker, int64_t bound)
{
	bool at_prefix = !*marker || strcmp(marker, list->prefix) < 0;

	list->marker = marker;
	list->from = at_prefix ? list->prefix : marker;
	list->bound = at_prefix ? walk->all : bound;
}

static void list_end(struct listing *list, struct mok_buf *out, const char *root)
{
	mok_buf_add(out, list->items.data, list->items.len);
	mok_buf_add(out, list->prefixes.data, list->prefixes.len);
	mok_buf_printf(out, "</%s>", root);
	mok_buf_release(&list->items);
	mok_buf_release(&list->prefixes);
}

static void put_bool(struct mok_buf *out, const char *element, bool value)
{
	s3_xml_put(out, element, value ? "true" : "false");
}

/* ---- objects ---- */

static void put_facts(struct listing *list, const struct s3_object *object)
{
	s3_xml_put(&list->items, "LastModified", s3_iso_time(list->rq, object->modified_ms));
	if (object->marker)
		return;
	s3_xml_put(&list->items, "ETag", mok_arena_printf(list->rq->arena, "\"%s\"", object->etag));
	s3_xml_put_int(&list->items, "Size", object->size);
	s3_xml_put(&list->items, "StorageClass", "STANDARD");
}

static void put_object(struct listing *list, sqlite3_stmt *row)
{
	struct s3_object object;

	s3_object_take(list->rq, row, &object);
	mok_buf_puts(&list->items, "<Contents>");
	put_name(list, &list->items, "Key", object.key);
	put_facts(list, &object);
	if (list->with_owner)
		s3_put_owner(list->rq, &list->items, "Owner");
	mok_buf_puts(&list->items, "</Contents>");
}

static const struct walk objects_walk = {
	"SELECT " S3_OBJECT_COLUMNS " FROM s3_object WHERE bucket_id = ?1 AND latest = 1 "
	"AND marker = 0 AND key >= ?2 AND NOT (key = ?2 AND id >= ?3) ORDER BY key",
	INT64_MAX, 0, put_object
};

/* Tokens are the last key, in hex so that nobody takes them for one. NULL: not one of ours. */
static const char *token_key(struct s3_request *rq, const char *token)
{
	size_t len = strlen(token);
	char *encoded = mok_arena_alloc(rq->arena, len / 2 * 3 + 1), *to = encoded;

	if (len % 2 != 0)
		return NULL;
	for (size_t i = 0; i < len; i += 2) {
		*to++ = '%';
		*to++ = token[i];
		*to++ = token[i + 1];
	}
	return s3_url_decode(rq->arena, encoded, strlen(encoded), false);
}

static const char *token_of(struct s3_request *rq, const char *key)
{
	char *out = mok_arena_alloc(rq->arena, 2 * strlen(key) + 1);

	mok_hex((const unsigned char *)key, strlen(key), out);
	return out;
}

/* NULL: it has answered. */
static const char *objects_marker(struct listing *list)
{
	const char *token = s3_query(list->rq, "continuation-token"), *marker;

	if (!list->v2)
		return query_or_empty(list->rq, "marker");
	marker = token ? token_key(list->rq, token) : query_or_empty(list->rq, "start-after");
	if (!marker || (token && !*marker)) {
		s3_fail_with(list->rq, S3_INVALID_ARGUMENT,
			"The continuation token provided is incorrect");
		return NULL;
	}
	return marker;
}

static void put_objects_head(struct listing *list, struct mok_buf *out)
{
	struct s3_request *rq = list->rq;

	mok_buf_puts(out, "<ListBucketResult xmlns=\"" S3_NAMESPACE "\">");
	s3_xml_put(out, "Name", rq->bucket.name);
	put_name(list, out, "Prefix", list->prefix);
	if (list->v2) {
		s3_xml_put(out, "ContinuationToken", s3_query(rq, "continuation-token"));
		put_name(list, out, "StartAfter", s3_query(rq, "start-after"));
		s3_xml_put_int(out, "KeyCount", list->count);
		if (list->truncated)
			s3_xml_put(out, "NextContinuationToken", token_of(rq, list->last_key));
	} else {
		put_name(list, out, "Marker", list->marker);
		if (list->truncated)
			put_name(list, out, "NextMarker", list->last_key);
	}
	s3_xml_put_int(out, "MaxKeys", list->max);
	if (*list->delimiter)
		put_name(list, out, "Delimiter", list->delimiter);
	if (list->url)
		s3_xml_put(out, "EncodingType", "url");
	put_bool(out, "IsTruncated", list->truncated);
}

void s3_list_objects(struct s3_request *rq)
{
	const char *type = s3_query(rq, "list-type"), *marker;
	struct listing list = { .rq = rq, .v2 = mok_streq(type, "2") };
	struct mok_buf *out;

	if (type && !list.v2) {
		s3_fail(rq, S3_INVALID_ARGUMENT);
		return;
	}
	marker = objects_marker(&list);
	if (!marker || !list_begin(&list, "max-keys"))
		return;
	list.with_owner = !list.v2 || mok_streq(s3_query(rq, "fetch-owner"), "true");
	list_from(&list, &objects_walk, marker, objects_walk.none);
	walk_keys(&list, &objects_walk);
	out = s3_answer_xml(rq);
	put_objects_head(&list, out);
	list_end(&list, out, "ListBucketResult");
}

/* ---- versions ---- */

static void put_version(struct listing *list, sqlite3_stmt *row)
{
	const char *element;
	struct s3_object object;

	s3_object_take(list->rq, row, &object);
	element = object.marker ? "DeleteMarker" : "Version";
	list->last_id = object.version_id;
	mok_buf_printf(&list->items, "<%s>", element);
	put_name(list, &list->items, "Key", object.key);
	s3_xml_put(&list->items, "VersionId", object.version_id);
	put_bool(&list->items, "IsLatest", object.latest);
	put_facts(list, &object);
	s3_put_owner(list->rq, &list->items, "Owner");
	mok_buf_printf(&list->items, "</%s>", element);
}

static const struct walk versions_walk = { "SELECT " S3_OBJECT_COLUMNS
					   " FROM s3_object WHERE bucket_id = ?1 AND key >= ?2 "
					   "AND NOT (key = ?2 AND id >= ?3) ORDER BY key, id DESC",
	INT64_MAX, 0, put_version };

/* A version that was deleted since cannot tell its place: then the key is listed again from its
 * newest, so that a client which deletes as it lists misses none. */
static int64_t version_bound(struct s3_request *rq, const char *key, const char *version)
{
	struct s3_object object;

	if (!*version)
		return versions_walk.none;
	return s3_object_find(rq, rq->bucket.id, key, version, &object) ? object.id
									: versions_walk.all;
}

void s3_list_versions(struct s3_request *rq)
{
	const char *key = query_or_empty(rq, "key-marker"),
		   *version = query_or_empty(rq, "version-id-marker");
	struct listing list = { .rq = rq };
	struct mok_buf *out;

	if (!list_begin(&list, "max-keys"))
		return;
	list_from(&list, &versions_walk, key, version_bound(rq, key, version));
	walk_keys(&list, &versions_walk);
	out = s3_answer_xml(rq);
	mok_buf_puts(out, "<ListVersionsResult xmlns=\"" S3_NAMESPACE "\">");
	s3_xml_put(out, "Name", rq->bucket.name);
	put_name(&list, out, "Prefix", list.prefix);
	put_name(&list, out, "KeyMarker", key);
	s3_xml_put(out, "VersionIdMarker", version);
	if (list.truncated) {
		put_name(&list, out, "NextKeyMarker", list.last_key);
		s3_xml_put(out, "NextVersionIdMarker", list.last_id);
	}
	s3_xml_put_int(out, "MaxKeys", list.max);
	if (*list.delimiter)
		put_name(&list, out, "Delimiter", list.delimiter);
	if (list.url)
		s3_xml_put(out, "EncodingType", "url");
	put_bool(out, "IsTruncated", list.truncated);
	list_end(&list, out, "ListVersionsResult");
}

/* ---- uploads ---- */

static void put_upload(struct listing *list, sqlite3_stmt *row)
{
	list->last_id = s3_text(list->rq, row, 0);
	mok_buf_puts(&list->items, "<Upload>");
	put_name(list, &list->items, "Key", s3_text(list->rq, row, 2));
	s3_xml_put(&list->items, "UploadId", list->last_id);
	s3_put_owner(list->rq, &list->items, "Initiator");
	s3_put_owner(list->rq, &list->items, "Owner");
	s3_xml_put(&list->items, "StorageClass", "STANDARD");
	s3_xml_put(&list->items, "Initiated", s3_iso_time(list->rq, sqlite3_column_int64(row, 3)));
	mok_buf_puts(&list->items, "</Upload>");
}

static const struct walk uploads_walk = {
	"SELECT id, bucket_id, key, begun_ms FROM s3_upload WHERE bucket_id = ?1 AND key >= ?2 "
	"AND NOT (key = ?2 AND number <= ?3) ORDER BY key, number",
	0, INT64_MAX, put_upload
};

static int64_t upload_bound(struct s3_request *rq, const char *id)
{
	return *id ? s3_number(rq, "SELECT number FROM s3_upload WHERE bucket_id = ? AND id = ?",
			     "is", rq->bucket.id, id)
		   : uploads_walk.none;
}

void s3_list_uploads(struct s3_request *rq)
{
	const char *key = query_or_empty(rq, "key-marker"),
		   *id = query_or_empty(rq, "upload-id-marker");
	struct listing list = { .rq = rq };
	struct mok_buf *out;

	if (!list_begin(&list, "max-uploads"))
		return;
	list_from(&list, &uploads_walk, key, upload_bound(rq, id));
	walk_keys(&list, &uploads_walk);
	out = s3_answer_xml(rq);
	mok_buf_puts(out, "<ListMultipartUploadsResult xmlns=\"" S3_NAMESPACE "\">");
	s3_xml_put(out, "Bucket", rq->bucket.name);
	put_name(&list, out, "KeyMarker", key);
	s3_xml_put(out, "UploadIdMarker", id);
	if (list.truncated) {
		put_name(&list, out, "NextKeyMarker", list.last_key);
		s3_xml_put(out, "NextUploadIdMarker", list.last_id);
	}
	put_name(&list, out, "Prefix", list.prefix);
	if (*list.delimiter)
		put_name(&list, out, "Delimiter", list.delimiter);
	if (list.url)
		s3_xml_put(out, "EncodingType", "url");
	s3_xml_put_int(out, "MaxUploads", list.max);
	put_bool(out, "IsTruncated", list.truncated);
	list_end(&list, out, "ListMultipartUploadsResult");
}
