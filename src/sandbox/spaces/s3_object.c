/* Storing and deleting objects. */
#include "s3_object.h"

#include "s3_handlers.h"
#include "s3_xml.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define META_PREFIX "x-amz-meta-"
#define META_BYTES_MAX ((size_t)2048)
#define META_COUNT_MAX 48
#define DELETE_MAX 1000

static const char *const kept_headers[] = { "Cache-Control", "Content-Disposition",
	"Content-Encoding", "Content-Language", "Expires", "x-amz-website-redirect-location" };

/* Spaces encrypts by itself; asking it to is refused, and keys of one's own go over TLS only. */
static const char *const refused_headers[] = { "x-amz-server-side-encryption",
	"x-amz-server-side-encryption-customer-algorithm", "x-amz-object-lock-mode",
	"x-amz-object-lock-legal-hold" };

static bool carries_line_end(const char *text)
{
	return strpbrk(text, "\r\n") != NULL;
}

/* "aws-chunked" is about the way here, not about the object. */
static const char *real_encoding(const char *value)
{
	static const char chunked[] = "aws-chunked";

	if (strncasecmp(value, chunked, strlen(chunked)) != 0)
		return value;
	value += strlen(chunked);
	value += strspn(value, ", ");
	return *value ? value : NULL;
}

static void add_line(struct mok_buf *out, const char *name, const char *value)
{
	if (value && !carries_line_end(value))
		mok_buf_printf(out, "%s: %s\n", name, value);
}

/* False: more than an object may carry. Values of one name are joined. */
static bool add_metadata(struct s3_request *rq, struct mok_buf *out)
{
	size_t bytes = 0, count = 0;

	for (size_t i = 0; i < rq->http->nheaders; i++) {
		const struct mok_sandbox_header *header = &rq->http->headers[i];
		char *name;

		if (strncasecmp(header->name, META_PREFIX, strlen(META_PREFIX)) != 0)
			continue;
		bytes += strlen(header->name) - strlen(META_PREFIX) + strlen(header->value);
		if (bytes > META_BYTES_MAX || ++count > META_COUNT_MAX)
			return false;
		name = mok_arena_strdup(rq->arena, header->name);
		for (char *c = name; *c; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c - 'A' + 'a');
		add_line(out, name, header->value);
	}
	return true;
}

bool s3_headers_from_request(struct s3_request *rq, const char **out)
{
	const char *type = s3_req_header(rq, "content-type");
	struct mok_buf lines;
	bool ok;

	for (size_t i = 0; i < MOK_COUNT(refused_headers); i++)
		if (s3_req_header(rq, refused_headers[i])) {
			s3_fail(rq, S3_NOT_IMPLEMENTED);
			return false;
		}
	mok_buf_init(&lines, 1 << 16);
	add_line(&lines, "Content-Type", type && *type ? type : "binary/octet-stream");
	for (size_t i = 0; i < MOK_COUNT(kept_headers); i++) {
		const char *value = s3_req_header(rq, kept_headers[i]);

		if (value && mok_streq(kept_headers[i], "Content-Encoding"))
			value = real_encoding(value);
		add_line(&lines, kept_headers[i], value);
	}
	ok = add_metadata(rq, &lines) && !lines.overflow;
	*out = mok_arena_strdup(rq->arena, lines.data);
	mok_buf_release(&lines);
	if (!ok)
		s3_fail(rq, S3_METADATA_TOO_LARGE);
	return ok;
}

bool s3_object_from_headers(struct s3_request *rq, struct s3_object *out)
{
	out->acl = s3_acl_from_headers(rq);
	return out->acl && s3_headers_from_request(rq, &out->headers) &&
		s3_tags_from_header(rq, &out->tags);
}

void s3_add_version(struct s3_request *rq, const struct s3_object *object)
{
	if (rq->bucket.versioning != S3_UNVERSIONED)
		s3_header(rq, "x-amz-version-id", object->version_id);
}

const char *s3_quoted(struct s3_request *rq, const char *etag)
{
	return mok_arena_printf(rq->arena, "\"%s\"", etag);
}

void s3_put_object(struct s3_request *rq)
{
	struct s3_object object = { .key = rq->key, .modified_ms = rq->now_ms }, old;
	bool had;
	char etag[33];

	if (s3_req_header(rq, "x-amz-copy-source")) {
		s3_copy_object(rq);
		return;
	}
	if ((int64_t)rq->body_len > S3_OBJECT_MAX) {
		s3_fail(rq, S3_ENTITY_TOO_LARGE);
		return;
	}
	had = s3_object_find(rq, rq->bucket.id, rq->key, NULL, &old) && !old.marker;
	if (!s3_conditions_hold(rq, "", had ? &old : NULL, false) ||
		!s3_object_from_headers(rq, &object))
		return;
	s3_md5_hex(rq->body, rq->body_len, etag);
	object.etag = etag;
	object.size = (int64_t)rq->body_len;
	s3_object_add(rq, &rq->bucket, &object);
	s3_bytes_add(rq, object.id, rq->body, rq->body_len);
	s3_header(rq, "ETag", s3_quoted(rq, etag));
	s3_add_version(rq, &object);
	s3_answer_empty(rq, 200);
}

/* ---- deleting ---- */

static void delete_version(
	struct s3_request *rq, const char *key, const char *version, struct s3_deleted *out)
{
	struct s3_object object;

	out->version_id = version;
	if (!s3_object_find(rq, rq->bucket.id, key, version, &object))
		return;
	out->marker = object.marker;
	if (object.marker)
		out->marker_id = object.version_id;
	s3_object_remove(rq, &object);
}

void s3_delete_key(
	struct s3_request *rq, const char *key, const char *version, struct s3_deleted *out)
{
	struct s3_object object;

	*out = (struct s3_deleted){ NULL, NULL, false };
	if (version) {
		delete_version(rq, key, version, out);
	} else if (rq->bucket.versioning == S3_UNVERSIONED) {
		if (s3_object_find(rq, rq->bucket.id, key, S3_NULL_VERSION, &object))
			s3_object_remove(rq, &object);
	} else {
		object = (struct s3_object){ .key = key,
			.modified_ms = rq->now_ms,
			.etag = "",
			.headers = "",
			.marker = true };
		s3_object_add(rq, &rq->bucket, &object);
		out->marker = true;
		out->marker_id = object.version_id;
	}
}

void s3_delete_object(struct s3_request *rq)
{
	struct s3_deleted deleted;

	s3_delete_key(rq, rq->key, s3_query(rq, "versionId"), &deleted);
	if (deleted.marker)
		s3_header(rq, "x-amz-delete-marker", "true");
	if (deleted.version_id || deleted.marker_id)
		s3_header(rq, "x-amz-version-id",
			deleted.version_id ? deleted.version_id : deleted.marker_id);
	s3_answer_empty(rq, 204);
}

static void put_error(struct mok_buf *out, const char *key, const char *version, enum s3_code code)
{
	mok_buf_puts(out, "<Error>");
	s3_xml_put(out, "Key", key);
	s3_xml_put(out, "VersionId", version);
	s3_xml_put(out, "Code", s3_code_name(code));
	s3_xml_put(out, "Message", s3_code_message(code));
	mok_buf_puts(out, "</Error>");
}

/* The fault "delete_errors" lets every key fail within a 200, which clients like to overlook. */
static enum s3_code may_delete(struct s3_request *rq, const char *key, const char *version)
{
	if (!*key || strlen(key) > S3_KEY_MAX)
		return S3_KEY_TOO_LONG;
	if (sb_fault(rq->ctx, "delete_errors"))
		return S3_INTERNAL;
	return s3_allowed_on(rq, version ? "s3:DeleteObjectVersion" : "s3:DeleteObject",
		       S3_NEED_WRITE, &rq->bucket, key)
		? S3_OK
		: S3_ACCESS_DENIED;
}

static void delete_one(
	struct s3_request *rq, struct mok_buf *out, const struct s3_node *object, bool quiet)
{
	const char *key = s3_xml_text(object, "Key"), *version = s3_xml_text(object, "VersionId");
	enum s3_code code;
	struct s3_deleted deleted;

	if (version && !*version)
		version = NULL;
	code = may_delete(rq, key, version);
	if (code != S3_OK) {
		put_error(out, key, version, code);
		return;
	}
	s3_delete_key(rq, key, version, &deleted);
	if (quiet)
		return;
	mok_buf_puts(out, "<Deleted>");
	s3_xml_put(out, "Key", key);
	s3_xml_put(out, "VersionId", deleted.version_id);
	if (deleted.marker) {
		s3_xml_put(out, "DeleteMarker", "true");
		s3_xml_put(out, "DeleteMarkerVersionId", deleted.marker_id);
	}
	mok_buf_puts(out, "</Deleted>");
}

void s3_delete_objects(struct s3_request *rq)
{
	const struct s3_node *list = s3_body_xml(rq, "Delete");
	bool quiet = mok_streq(s3_xml_text(list, "Quiet"), "true");
	struct mok_buf *out;
	size_t n = 0;

	if (!list)
		return;
	for (const struct s3_node *object = s3_xml_child(list, "Object"); object;
		object = s3_xml_again(object))
		if (++n > DELETE_MAX || !s3_xml_text(object, "Key"))
			n = DELETE_MAX + 1;
	if (n == 0 || n > DELETE_MAX) {
		s3_fail(rq, S3_MALFORMED_XML);
		return;
	}
	out = s3_answer_xml(rq);
	mok_buf_puts(out, "<DeleteResult xmlns=\"" S3_NAMESPACE "\">");
	for (const struct s3_node *object = s3_xml_child(list, "Object"); object;
		object = s3_xml_again(object))
		delete_one(rq, out, object, quiet);
	mok_buf_puts(out, "</DeleteResult>");
}
