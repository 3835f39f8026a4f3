/*
 * AWS Signature Version 2, which old clients of Spaces still use: an HMAC-SHA1 over the request's
 * main headers and its resource, in the Authorization header or the query.
 */
#include "s3.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SKEW_MAX_MS ((int64_t)15 * 60 * 1000)

/* The query parameters that belong to the resource, from the protocol's description. */
static const char *const signed_params[] = { "acl", "cors", "delete", "lifecycle", "location",
	"logging", "notification", "partNumber", "policy", "requestPayment",
	"response-cache-control", "response-content-disposition", "response-content-encoding",
	"response-content-language", "response-content-type", "response-expires", "restore",
	"tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions",
	"website" };

static bool is_signed_param(const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(signed_params); i++)
		if (mok_streq(name, signed_params[i]))
			return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	const struct s3_param *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static const char *lower(struct mok_arena *arena, const char *text)
{
	char *out = mok_arena_strdup(arena, text);

	for (char *c = out; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return out;
}

static void add_amz_headers(struct s3_request *rq, struct mok_buf *out)
{
	struct s3_param *found = MOK_NEW_N(rq->arena, struct s3_param, rq->http->nheaders + 1);
	size_t n = 0;

	for (size_t i = 0; i < rq->http->nheaders; i++) {
		const char *name = rq->http->headers[i].name;

		if (strncasecmp(name, "x-amz-", 6) == 0)
			found[n++] = (struct s3_param){ lower(rq->arena, name),
				rq->http->headers[i].value };
	}
	qsort(found, n, sizeof(*found), by_name);
	for (size_t i = 0; i < n; i++) {
		bool again = i > 0 && mok_streq(found[i - 1].name, found[i].name);
		bool more = i + 1 < n && mok_streq(found[i + 1].name, found[i].name);

		if (again)
			mok_buf_putc(out, ',');
		else
			mok_buf_printf(out, "%s:", found[i].name);
		mok_buf_puts(out, found[i].value);
		if (!more)
			mok_buf_putc(out, '\n');
	}
}

/* "/bucket/path" as encoded by the client, however the bucket was addressed, and its parameters. */
static void add_resource(struct s3_request *rq, struct mok_buf *out)
{
	struct s3_param *found = MOK_NEW_N(rq->arena, struct s3_param, rq->nquery + 1);
	size_t n = 0;

	if (rq->virtual_host)
		mok_buf_printf(out, "/%s", rq->bucket_name);
	mok_buf_puts(out, rq->path);
	for (size_t i = 0; i < rq->nquery; i++)
		if (is_signed_param(rq->query[i].name))
			found[n++] = rq->query[i];
	qsort(found, n, sizeof(*found), by_name);
	for (size_t i = 0; i < n; i++) {
		mok_buf_printf(out, "%c%s", i == 0 ? '?' : '&', found[i].name);
		if (*found[i].value)
			mok_buf_printf(out, "=%s", found[i].value);
	}
}

static const char *header_or_empty(struct s3_request *rq, const char *name)
{
	const char *value = s3_req_header(rq, name);

	return value ? value : "";
}

static enum s3_code check(struct s3_request *rq, const char *date, const char *signature)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len = 0;
	struct mok_buf text;

	mok_buf_init(&text, 1 << 20);
	mok_buf_printf(&text, "%s\n%s\n%s\n%s\n", rq->method, header_or_empty(rq, "content-md5"),
		header_or_empty(rq, "content-type"), date);
	add_amz_headers(rq, &text);
	add_resource(rq, &text);
	HMAC(EVP_sha1(), rq->who.secret, (int)strlen(rq->who.secret),
		(const unsigned char *)text.data, text.len, mac, &mac_len);
	mok_buf_release(&text);
	return s3_same_secret(mok_base64(rq->arena, mac, mac_len), signature)
		? S3_OK
		: S3_SIGNATURE_MISMATCH;
}

enum s3_code s3_authenticate_v2_header(struct s3_request *rq, const char *authorization)
{
	const char *at = authorization + strlen("AWS "), *colon = strchr(at, ':');
	const char *amz_date = s3_req_header(rq, "x-amz-date"), *date = header_or_empty(rq, "date");
	int64_t sent_ms;
	enum s3_code code;

	if (!colon)
		return S3_INVALID_ARGUMENT;
	code = s3_find_key(rq, mok_arena_strndup(rq->arena, at, (size_t)(colon - at)));
	if (code != S3_OK)
		return code;
	if (!s3_parse_http_time(amz_date ? amz_date : date, &sent_ms))
		return S3_ACCESS_DENIED;
	if (llabs(rq->now_ms - sent_ms) > SKEW_MAX_MS)
		return S3_TIME_SKEWED;
	return check(rq, amz_date ? "" : date, colon + 1);
}

enum s3_code s3_authenticate_v2_query(struct s3_request *rq)
{
	const char *expires = s3_query(rq, "Expires");
	int64_t seconds;
	enum s3_code code;

	if (!expires || !mok_parse_i64(expires, &seconds) || seconds < 0 ||
		seconds > INT64_MAX / 1000)
		return S3_ACCESS_DENIED;
	code = s3_find_key(rq, s3_query(rq, "AWSAccessKeyId"));
	if (code != S3_OK)
		return code;
	if (rq->now_ms > seconds * 1000)
		return S3_EXPIRED;
	return check(rq, expires, s3_query(rq, "Signature"));
}
