#include "s3_handlers.h"
#include "s3_object.h"
#include "s3_xml.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

#define PART_MAX 10000
#define LIST_MAX 1000

void s3_begin_upload(struct s3_request *rq)
{
	struct s3_object object = { .key = rq->key };
	struct s3_upload upload;
	struct mok_buf *out;

	if (!s3_object_from_headers(rq, &object))
		return;
	upload = (struct s3_upload){ .bucket_id = rq->bucket.id,
		.key = rq->key,
		.headers = object.headers,
		.acl = object.acl,
		.tags = object.tags };
	s3_upload_add(rq, &upload);
	out = s3_answer_xml(rq);
	mok_buf_puts(out, "<InitiateMultipartUploadResult xmlns=\"" S3_NAMESPACE "\">");
	s3_xml_put(out, "Bucket", rq->bucket.name);
	s3_xml_put(out, "Key", rq->key);
	s3_xml_put(out, "UploadId", upload.id);
	mok_buf_puts(out, "</InitiateMultipartUploadResult>");
}

static bool part_number(struct s3_request *rq)
{
	const char *text = s3_query(rq, "partNumber");
	int64_t number;

	if (text && mok_parse_i64(text, &number) && number >= 1 && number <= PART_MAX)
		return true;
	s3_fail_with(rq, S3_INVALID_ARGUMENT,
		"Part number must be an integer between 1 and 10000, inclusive");
	return false;
}

void s3_put_part(struct s3_request *rq)
{
	struct s3_upload upload;
	int64_t number;
	char etag[33];

	if (!part_number(rq))
		return;
	if (s3_req_header(rq, "x-amz-copy-source")) {
		s3_copy_part(rq);
		return;
	}
	if (!s3_upload_find(rq, &upload) || !mok_parse_i64(s3_query(rq, "partNumber"), &number))
		return;
	if ((int64_t)rq->body_len > S3_OBJECT_MAX) {
		s3_fail(rq, S3_ENTITY_TOO_LARGE);
		return;
	}
	s3_md5_hex(rq->body, rq->body_len, etag);
	s3_part_put(rq, upload.id, number, etag, rq->body, rq->body_len);
	s3_header(rq, "ETag", s3_quoted(rq, etag));
	s3_answer_empty(rq, 200);
}

/* ---- listing ---- */

/* A number of the query; false: it has answered. */
static bool query_number(struct s3_request *rq, const char *name, int64_t *value)
{
	const char *text = s3_query(rq, name);

	if (!text || !*text || (mok_parse_i64(text, value) && *value >= 0))
		return true;
	s3_fail(rq, S3_INVALID_ARGUMENT);
	return false;
}

static void put_part(struct s3_request *rq, struct mok_buf *out, sqlite3_stmt *row)
{
	mok_buf_puts(out, "<Part>");
	s3_xml_put_int(out, "PartNumber", sqlite3_column_int64(row, 0));
	s3_xml_put(out, "LastModified", s3_iso_time(rq, sqlite3_column_int64(row, 2)));
	s3_xml_put(out, "ETag", s3_quoted(rq, s3_text(rq, row, 3)));
	s3_xml_put_int(out, "Size", sqlite3_column_int64(row, 1));
	mok_buf_puts(out, "</Part>");
}

static void put_parts(struct s3_request *rq, const struct s3_upload *upload, int64_t after,
	int64_t max, struct mok_buf *out)
{
	struct s3_rows rows MOK_CLEANUP(s3_done) = s3_select(rq,
		"SELECT part, size, modified_ms, etag FROM s3_blob WHERE upload_id = ? AND part > "
		"? "
		"ORDER BY part LIMIT ?",
		"sii", upload->id, after, max + 1);
	struct mok_buf parts;
	int64_t n = 0, last = after;

	mok_buf_init(&parts, 1 << 20);
	for (; s3_row(&rows) && n < max; n++) {
		last = sqlite3_column_int64(rows.stmt, 0);
		put_part(rq, &parts, rows.stmt);
	}
	s3_xml_put_int(out, "PartNumberMarker", after);
	s3_xml_put_int(out, "NextPartNumberMarker", last);
	s3_xml_put_int(out, "MaxParts", max);
	s3_xml_put(out, "IsTruncated", rows.stmt && max > 0 ? "true" : "false");
	mok_buf_add(out, parts.data, parts.len);
	mok_buf_release(&parts);
}

void s3_list_parts(struct s3_request *rq)
{
	int64_t max = LIST_MAX, after = 0;
	struct s3_upload upload;
	struct mok_buf *out;

	if (!s3_upload_find(rq, &upload) || !query_number(rq, "max-parts", &max) ||
		!query_number(rq, "part-number-marker", &after))
		return;
	out = s3_answer_xml(rq);
	mok_buf_puts(out, "<ListPartsResult xmlns=\"" S3_NAMESPACE "\">");
	s3_xml_put(out, "Bucket", rq->bucket.name);
	s3_xml_put(out, "Key", rq->key);
	s3_xml_put(out, "UploadId", upload.id);
	s3_put_owner(rq, out, "Initiator");
	s3_put_owner(rq, out, "Owner");
	s3_xml_put(out, "StorageClass", "STANDARD");
	put_parts(rq, &upload, after, max < LIST_MAX ? max : LIST_MAX, out);
	mok_buf_puts(out, "</ListPartsResult>");
}

/* ---- completing ---- */

struct completion {
	struct s3_part *parts;
	size_t len;
	int64_t size;
	const char *etag;
};

static const char *unquoted(struct s3_request *rq, const char *etag)
{
	size_t len = strlen(etag);

	return len >= 2 && *etag == '"' && etag[len - 1] == '"'
		? mok_arena_strndup(rq->arena, etag + 1, len - 2)
		: etag;
}

static enum s3_code take_part(struct s3_request *rq, const struct s3_node *node, const char *upload,
	struct completion *done)
{
	const char *number = s3_xml_text(node, "PartNumber"), *etag = s3_xml_text(node, "ETag");
	struct s3_part part;

	if (!number || !etag || !mok_parse_i64(number, &part.number))
		return S3_MALFORMED_XML;
	if (done->len > 0 && part.number <= done->parts[done->len - 1].number)
		return S3_INVALID_PART_ORDER;
	if (!s3_part_find(rq, upload, part.number, &part) ||
		!mok_streq(part.etag, unquoted(rq, etag)))
		return S3_INVALID_PART;
	/* Only the last part may be small. */
	if (done->len > 0 && done->parts[done->len - 1].size < S3_PART_MIN)
		return S3_ENTITY_TOO_SMALL;
	done->parts[done->len++] = part;
	done->size += part.size;
	return done->size > S3_OBJECT_MAX ? S3_ENTITY_TOO_LARGE : S3_OK;
}

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* The MD5 of the parts' MD5s, and how many there were. */
static const char *combined_etag(struct s3_request *rq, const struct completion *done)
{
	char *digests = mok_arena_alloc(rq->arena, done->len * 16 + 1), hex[33];

	for (size_t i = 0; i < done->len; i++)
		for (size_t j = 0; j < 16; j++) {
			const char *pair = done->parts[i].etag + 2 * j;

			digests[16 * i + j] = (char)(hex_digit(pair[0]) * 16 + hex_digit(pair[1]));
		}
	s3_md5_hex(digests, done->len * 16, hex);
	return mok_arena_printf(rq->arena, "%s-%zu", hex, done->len);
}

/* False: it has answered. */
static bool take_parts(struct s3_request *rq, const struct s3_node *list, const char *upload,
	struct completion *done)
{
	const struct s3_node *node = s3_xml_child(list, "Part");
	enum s3_code code = node ? S3_OK : S3_MALFORMED_XML;

	done->parts = MOK_NEW_N(rq->arena, struct s3_part, PART_MAX);
	for (; node && code == S3_OK; node = s3_xml_again(node))
		code = done->len < PART_MAX ? take_part(rq, node, upload, done)
					    : S3_INVALID_ARGUMENT;
	if (code != S3_OK) {
		s3_fail(rq, code);
		return false;
	}
	done->etag = combined_etag(rq, done);
	return true;
}

static const char *location(struct s3_request *rq)
{
	struct mok_buf url;
	const char *out;

	mok_buf_init(&url, 8 * S3_KEY_MAX);
	mok_buf_printf(&url, "http://%s/", rq->http->host ? rq->http->host : "localhost");
	if (!rq->virtual_host)
		mok_buf_printf(&url, "%s/", rq->bucket.name);
	mok_buf_add_url(&url, rq->key, true);
	out = mok_arena_strdup(rq->arena, url.data);
	mok_buf_release(&url);
	return out;
}

void s3_complete_upload(struct s3_request *rq)
{
	const struct s3_node *list;
	struct completion done = { NULL, 0, 0, NULL };
	struct s3_upload upload;
	struct s3_object object;
	struct mok_buf *out;

	if (!s3_upload_find(rq, &upload))
		return;
	list = s3_body_xml(rq, "CompleteMultipartUpload");
	if (!list || !take_parts(rq, list, upload.id, &done))
		return;
	object = (struct s3_object){ .key = rq->key,
		.size = done.size,
		.modified_ms = rq->now_ms,
		.etag = done.etag,
		.headers = upload.headers,
		.acl = upload.acl,
		.tags = upload.tags,
		.parts = (int64_t)done.len };
	s3_object_add(rq, &rq->bucket, &object);
	for (size_t i = 0; i < done.len; i++)
		s3_part_give(rq, upload.id, done.parts[i].number, object.id);
	s3_upload_remove(rq, upload.id);
	s3_add_version(rq, &object);
	out = s3_answer_xml(rq);
	mok_buf_puts(out, "<CompleteMultipartUploadResult xmlns=\"" S3_NAMESPACE "\">");
	s3_xml_put(out, "Location", location(rq));
	s3_xml_put(out, "Bucket", rq->bucket.name);
	s3_xml_put(out, "Key", rq->key);
	s3_xml_put(out, "ETag", s3_quoted(rq, done.etag));
	mok_buf_puts(out, "</CompleteMultipartUploadResult>");
}

void s3_abort_upload(struct s3_request *rq)
{
	struct s3_upload upload;

	if (!s3_upload_find(rq, &upload))
		return;
	s3_upload_remove(rq, upload.id);
	s3_answer_empty(rq, 204);
}
