#include "s3_handlers.h"
#include "s3_object.h"
#include "s3_xml.h"

#include <inttypes.h>
#include <string.h>

/* "[/]bucket/key[?versionId=id]", encoded. */
static bool take_source(
	struct s3_request *rq, const char **bucket, const char **key, const char **version)
{
	static const char param[] = "?versionId=";
	const char *text = s3_req_header(rq, "x-amz-copy-source"), *mark, *path;
	size_t len;

	*version = NULL;
	text += *text == '/';
	mark = strstr(text, param);
	if (mark)
		*version = mark + strlen(param);
	path = s3_url_decode(rq->arena, text, mark ? (size_t)(mark - text) : strlen(text), false);
	len = path ? strcspn(path, "/") : 0;
	if (len == 0 || !path[len] || !path[len + 1])
		return false;
	*bucket = mok_arena_strndup(rq->arena, path, len);
	*key = path + len + 1;
	return strlen(*key) <= S3_KEY_MAX;
}

bool s3_copy_source(struct s3_request *rq, struct s3_object *out)
{
	const char *name, *key, *version;
	struct s3_bucket bucket;

	if (!take_source(rq, &name, &key, &version)) {
		s3_fail(rq, S3_INVALID_ARGUMENT);
		return false;
	}
	/* A region cannot see another's buckets, so nothing is copied between regions. */
	if (!s3_bucket_find(rq, name, &bucket) || !mok_streq(bucket.region, rq->bucket.region)) {
		s3_fail(rq, S3_NO_SUCH_BUCKET);
		return false;
	}
	if (!s3_allowed_on(rq, version ? "s3:GetObjectVersion" : "s3:GetObject", S3_NEED_READ,
		    &bucket, key)) {
		s3_fail(rq, S3_ACCESS_DENIED);
		return false;
	}
	if (!s3_object_find(rq, bucket.id, key, version, out) || out->marker) {
		s3_fail(rq, version ? S3_NO_SUCH_VERSION : S3_NO_SUCH_KEY);
		return false;
	}
	if (bucket.versioning != S3_UNVERSIONED)
		s3_header(rq, "x-amz-copy-source-version-id", out->version_id);
	return s3_conditions_hold(rq, "x-amz-copy-source-", out, true);
}

static bool directive(struct s3_request *rq, const char *header, bool *replace)
{
	const char *value = s3_req_header(rq, header);

	*replace = mok_streq(value, "REPLACE");
	if (!value || *replace || mok_streq(value, "COPY"))
		return true;
	s3_fail(rq, S3_INVALID_ARGUMENT);
	return false;
}

/* A copy keeps what describes its source unless told otherwise, but never its ACL. */
static bool describe_copy(
	struct s3_request *rq, const struct s3_object *source, struct s3_object *copy)
{
	bool headers, tags;

	if (!directive(rq, "x-amz-metadata-directive", &headers) ||
		!directive(rq, "x-amz-tagging-directive", &tags))
		return false;
	if (source->bucket_id == rq->bucket.id && mok_streq(source->key, rq->key) && !headers &&
		!tags && source->latest) {
		s3_fail_with(rq, S3_INVALID_REQUEST,
			"This copy request is illegal because it is trying to copy an object to "
			"itself without changing the object's metadata.");
		return false;
	}
	copy->acl = s3_acl_from_headers(rq);
	copy->headers = source->headers;
	copy->tags = source->tags;
	return copy->acl && (!headers || s3_headers_from_request(rq, &copy->headers)) &&
		(!tags || s3_tags_from_header(rq, &copy->tags));
}

static void answer_copy(struct s3_request *rq, const char *root, const char *etag)
{
	struct mok_buf *out = s3_answer_xml(rq);

	mok_buf_printf(out, "<%s xmlns=\"" S3_NAMESPACE "\">", root);
	s3_xml_put(out, "LastModified", s3_iso_time(rq, rq->now_ms));
	s3_xml_put(out, "ETag", s3_quoted(rq, etag));
	mok_buf_printf(out, "</%s>", root);
}

void s3_copy_object(struct s3_request *rq)
{
	struct s3_object source, copy = { .key = rq->key, .modified_ms = rq->now_ms };

	if (!s3_copy_source(rq, &source) || !describe_copy(rq, &source, &copy))
		return;
	copy.size = source.size;
	copy.etag = source.etag;
	copy.parts = source.parts;
	/* Its bytes are fetched first: storing the copy may drop the version that is its source. */
	s3_bytes_copy(rq, source.id, -1);
	s3_object_add(rq, &rq->bucket, &copy);
	s3_run(rq, "UPDATE s3_blob SET object_id = ? WHERE object_id = -1", "i", copy.id);
	s3_add_version(rq, &copy);
	answer_copy(rq, "CopyObjectResult", copy.etag);
}

void s3_copy_part(struct s3_request *rq)
{
	const char *text = s3_req_header(rq, "x-amz-copy-source-range");
	struct s3_object source;
	struct s3_upload upload;
	struct s3_range range;
	struct mok_buf bytes;
	int64_t number;
	char etag[33];

	if (!s3_upload_find(rq, &upload) || !s3_copy_source(rq, &source))
		return;
	if (!s3_take_range(text, source.size, &range) || (text && !range.partial)) {
		s3_fail(rq, S3_INVALID_RANGE);
		return;
	}
	if (!mok_parse_i64(s3_query(rq, "partNumber"), &number)) {
		s3_fail(rq, S3_INVALID_ARGUMENT);
		return;
	}
	mok_buf_init(&bytes, (size_t)S3_OBJECT_MAX + 1);
	s3_bytes_read(rq, source.id, range.from, range.len, &bytes);
	s3_md5_hex(bytes.data, bytes.len, etag);
	s3_part_put(rq, upload.id, number, etag, bytes.data, bytes.len);
	mok_buf_release(&bytes);
	answer_copy(rq, "CopyPartResult", etag);
}
