/*
 * AWS Signature Version 4 as S3 uses it (the path is encoded once), in the Authorization header and
 * in the query of a presigned URL. Chunk signatures are checked in s3_body.c.
 */
#include "s3.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define SKEW_MAX_MS ((int64_t)15 * 60 * 1000)
#define EXPIRES_MAX_S ((int64_t)7 * 24 * 3600)

/* What a header or a query says of the signature; all in the arena. */
struct claim {
	const char *access_key, *day, *region, *signed_headers, *signature, *amz_date;
	const char *payload; /* the last line of the canonical request */
	bool presigned;
};

bool s3_same_secret(const char *a, const char *b)
{
	size_t len = strlen(a);

	return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

/* "20130524T000000Z" */
static bool parse_amz_date(const char *text, int64_t *out_ms)
{
	char iso[24];

	if (strlen(text) != 16 || text[8] != 'T' || text[15] != 'Z')
		return false;
	(void)snprintf(iso, sizeof(iso),
		"%.4s-%.2s-%.2s"
		"T%.2s:%.2s:%.2sZ",
		text, text + 4, text + 6, text + 9, text + 11, text + 13);
	return mok_parse_time(iso, out_ms) == 0;
}

/* KEY/20130524/us-east-1/s3/aws4_request; access keys hold no slash. */
static bool take_credential(struct s3_request *rq, const char *text, struct claim *claim)
{
	const char *part[5];
	size_t n = 0;

	for (;;) {
		size_t len = strcspn(text, "/");

		if (n == MOK_COUNT(part))
			return false;
		part[n++] = mok_arena_strndup(rq->arena, text, len);
		if (!text[len])
			break;
		text += len + 1;
	}
	if (n != MOK_COUNT(part) || !*part[0] || strlen(part[1]) != 8 ||
		!mok_streq(part[3], "s3") || !mok_streq(part[4], "aws4_request"))
		return false;
	claim->access_key = part[0];
	claim->day = part[1];
	claim->region = part[2];
	return true;
}

/* "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..." in any order. */
static bool take_authorization(struct s3_request *rq, const char *text, struct claim *claim)
{
	const char *credential = NULL;

	text += strlen(ALGORITHM);
	while (*text) {
		size_t len, name_len;
		const char *value;

		text += strspn(text, " ,\t");
		len = strcspn(text, ", \t");
		name_len = strcspn(text, "=");
		if (name_len >= len)
			return false;
		value = mok_arena_strndup(rq->arena, text + name_len + 1, len - name_len - 1);
		if (mok_starts(text, "Credential="))
			credential = value;
		else if (mok_starts(text, "SignedHeaders="))
			claim->signed_headers = value;
		else if (mok_starts(text, "Signature="))
			claim->signature = value;
		text += len;
		text += strspn(text, " ,\t");
	}
	return credential && claim->signed_headers && claim->signature &&
		take_credential(rq, credential, claim);
}

static void add_encoded(struct mok_buf *out, const char *text, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			strchr("-_.~", c)) {
			mok_buf_putc(out, (char)c);
		} else {
			mok_buf_putc(out, '%');
			mok_buf_putc(out, digits[c >> 4]);
			mok_buf_putc(out, digits[c & 15]);
		}
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorting the encoded "name=value" would put "a=" after "a-=": '=' must sort lowest, so a byte
 * lower than any other stands for it meanwhile. */
static void add_canonical_query(struct s3_request *rq, struct mok_buf *out, bool presigned)
{
	char **pairs = MOK_NEW_N(rq->arena, char *, rq->nquery + 1);
	struct mok_buf pair;
	size_t n = 0;

	mok_buf_init(&pair, 1 << 17);
	for (size_t i = 0; i < rq->nquery; i++) {
		const struct s3_param *param = &rq->query[i];

		if (presigned && mok_streq(param->name, "X-Amz-Signature"))
			continue;
		mok_buf_clear(&pair);
		add_encoded(&pair, param->name, strlen(param->name));
		mok_buf_putc(&pair, '\1');
		add_encoded(&pair, param->value, strlen(param->value));
		pairs[n++] = mok_arena_strdup(rq->arena, pair.data);
	}
	mok_buf_release(&pair);
	qsort(pairs, n, sizeof(*pairs), by_text);
	for (size_t i = 0; i < n; i++) {
		*strchr(pairs[i], '\1') = '=';
		if (i > 0)
			mok_buf_putc(out, '&');
		mok_buf_puts(out, pairs[i]);
	}
	mok_buf_putc(out, '\n');
}

static void add_path(struct s3_request *rq, struct mok_buf *out)
{
	const char *path = s3_url_decode(rq->arena, rq->path, strlen(rq->path), false);

	while (path && *path) {
		size_t len = strcspn(path, "/");

		add_encoded(out, path, len);
		path += len;
		if (*path == '/')
			mok_buf_putc(out, *path++);
	}
	mok_buf_putc(out, '\n');
}

/* Outer white space off, runs of blanks inside as one. */
static void add_header_value(struct mok_buf *out, const char *value)
{
	bool gap = false, begun = false;

	for (; *value; value++) {
		if (*value == ' ' || *value == '\t') {
			gap = begun;
			continue;
		}
		if (gap)
			mok_buf_putc(out, ' ');
		mok_buf_putc(out, *value);
		gap = false;
		begun = true;
	}
}

static bool add_header(struct s3_request *rq, struct mok_buf *out, const char *name)
{
	bool found = false;

	mok_buf_puts(out, name);
	mok_buf_putc(out, ':');
	if (mok_streq(name, "host")) {
		mok_buf_puts(out, rq->http->host ? rq->http->host : "");
		mok_buf_putc(out, '\n');
		return true;
	}
	for (size_t i = 0; i < rq->http->nheaders; i++) {
		if (strcasecmp(rq->http->headers[i].name, name) != 0)
			continue;
		if (found)
			mok_buf_putc(out, ',');
		add_header_value(out, rq->http->headers[i].value);
		found = true;
	}
	mok_buf_putc(out, '\n');
	return found;
}

/* False when a signed header is missing, or host is not signed. */
static bool add_headers(struct s3_request *rq, struct mok_buf *out, const char *names)
{
	bool host = false;

	for (const char *at = names; *at;) {
		size_t len = strcspn(at, ";");
		const char *name = mok_arena_strndup(rq->arena, at, len);

		if (!add_header(rq, out, name) && !mok_streq(name, "content-length") &&
			!mok_streq(name, "expect"))
			return false;
		host |= mok_streq(name, "host");
		at += len + (at[len] == ';');
	}
	mok_buf_putc(out, '\n');
	return host;
}

static void make_signing_key(struct s3_request *rq, const struct claim *claim)
{
	unsigned char *key = rq->who.signing_key;
	const char *secret = mok_arena_printf(rq->arena, "AWS4%s", rq->who.secret);
	unsigned char step[32];

	mok_hmac_sha256(secret, strlen(secret), claim->day, strlen(claim->day), key);
	mok_hmac_sha256(key, 32, claim->region, strlen(claim->region), step);
	mok_hmac_sha256(step, 32, "s3", 2, key);
	mok_hmac_sha256(key, 32, "aws4_request", strlen("aws4_request"), step);
	memcpy(key, step, sizeof(step));
}

void s3_sign_hex(const struct s3_request *rq, const char *string_to_sign, char out[65])
{
	unsigned char mac[32];

	mok_hmac_sha256(rq->who.signing_key, 32, string_to_sign, strlen(string_to_sign), mac);
	mok_hex(mac, sizeof(mac), out);
}

static enum s3_code check_signature(struct s3_request *rq, const struct claim *claim)
{
	struct mok_buf canonical;
	char digest[65], signature[65];
	bool complete;

	mok_buf_init(&canonical, 1 << 20);
	mok_buf_puts(&canonical, rq->method);
	mok_buf_putc(&canonical, '\n');
	add_path(rq, &canonical);
	add_canonical_query(rq, &canonical, claim->presigned);
	complete = add_headers(rq, &canonical, claim->signed_headers);
	mok_buf_puts(&canonical, claim->signed_headers);
	mok_buf_putc(&canonical, '\n');
	mok_buf_puts(&canonical, claim->payload);
	mok_sha256_hex(canonical.data, canonical.len, digest);
	complete = complete && !canonical.overflow;
	mok_buf_release(&canonical);

	make_signing_key(rq, claim);
	rq->who.scope =
		mok_arena_printf(rq->arena, "%s/%s/s3/aws4_request", claim->day, claim->region);
	rq->who.amz_date = claim->amz_date;
	rq->who.seed_signature = claim->signature;
	s3_sign_hex(rq,
		mok_arena_printf(rq->arena, "%s\n%s\n%s\n%s", ALGORITHM, claim->amz_date,
			rq->who.scope, digest),
		signature);
	return complete && s3_same_secret(signature, claim->signature) ? S3_OK
								       : S3_SIGNATURE_MISMATCH;
}

static bool region_fits(const char *region)
{
	return mok_streq(region, "us-east-1") || s3_known_region(region);
}

static enum s3_code check_header_date(struct s3_request *rq, struct claim *claim)
{
	const char *amz = s3_req_header(rq, "x-amz-date"), *date = s3_req_header(rq, "date");
	int64_t sent_ms;
	char text[21];

	if (amz ? !parse_amz_date(amz, &sent_ms)
		: !date || !(parse_amz_date(date, &sent_ms) || s3_parse_http_time(date, &sent_ms)))
		return S3_ACCESS_DENIED;
	mok_format_time(sent_ms, text);
	claim->amz_date = mok_arena_printf(rq->arena,
		"%.4s%.2s%.2s"
		"T%.2s%.2s%.2sZ",
		text, text + 5, text + 8, text + 11, text + 14, text + 17);
	if (llabs(rq->now_ms - sent_ms) > SKEW_MAX_MS)
		return S3_TIME_SKEWED;
	return strncmp(claim->day, claim->amz_date, 8) == 0 ? S3_OK : S3_SIGNATURE_MISMATCH;
}

static enum s3_code authenticate_header(struct s3_request *rq, const char *authorization)
{
	struct claim claim = { .payload = s3_req_header(rq, "x-amz-content-sha256") };
	enum s3_code code;

	if (!take_authorization(rq, authorization, &claim) || !region_fits(claim.region))
		return S3_AUTH_HEADER_MALFORMED;
	if (!claim.payload)
		return S3_INVALID_REQUEST;
	rq->who.scope_region = claim.region;
	code = s3_find_key(rq, claim.access_key);
	if (code == S3_OK)
		code = check_header_date(rq, &claim);
	return code == S3_OK ? check_signature(rq, &claim) : code;
}

static enum s3_code authenticate_query(struct s3_request *rq)
{
	const char *credential = s3_query(rq, "X-Amz-Credential"),
		   *expires = s3_query(rq, "X-Amz-Expires"),
		   *sha256 = s3_req_header(rq, "x-amz-content-sha256");
	struct claim claim = {
		.presigned = true,
		.amz_date = s3_query(rq, "X-Amz-Date"),
		.signed_headers = s3_query(rq, "X-Amz-SignedHeaders"),
		.signature = s3_query(rq, "X-Amz-Signature"),
		.payload = s3_query(rq, "X-Amz-Content-Sha256"),
	};
	int64_t seconds, sent_ms;
	enum s3_code code;

	if (!claim.payload)
		claim.payload = sha256 ? sha256 : "UNSIGNED-PAYLOAD";
	if (!credential || !claim.amz_date || !expires || !claim.signed_headers ||
		!claim.signature || !take_credential(rq, credential, &claim) ||
		!region_fits(claim.region) || !parse_amz_date(claim.amz_date, &sent_ms) ||
		!mok_parse_i64(expires, &seconds) || seconds < 1 || seconds > EXPIRES_MAX_S ||
		strncmp(claim.day, claim.amz_date, 8) != 0)
		return S3_AUTH_QUERY_MALFORMED;
	rq->who.scope_region = claim.region;
	code = s3_find_key(rq, claim.access_key);
	if (code != S3_OK)
		return code;
	if (sent_ms - rq->now_ms > SKEW_MAX_MS)
		return S3_TIME_SKEWED;
	if (rq->now_ms > sent_ms + seconds * 1000)
		return S3_EXPIRED;
	return check_signature(rq, &claim);
}

enum s3_code s3_authenticate(struct s3_request *rq)
{
	const char *authorization = s3_req_header(rq, "authorization");

	if (s3_req_header(rq, "x-amz-security-token") || s3_query(rq, "X-Amz-Security-Token"))
		return S3_INVALID_TOKEN;
	if (authorization && mok_starts(authorization, ALGORITHM " "))
		return authenticate_header(rq, authorization);
	if (authorization && mok_starts(authorization, "AWS "))
		return s3_authenticate_v2_header(rq, authorization);
	if (authorization)
		return S3_INVALID_ARGUMENT;
	if (s3_query(rq, "X-Amz-Algorithm"))
		return mok_streq(s3_query(rq, "X-Amz-Algorithm"), ALGORITHM)
			? authenticate_query(rq)
			: S3_AUTH_QUERY_MALFORMED;
	if (s3_query(rq, "AWSAccessKeyId") && s3_query(rq, "Signature"))
		return s3_authenticate_v2_query(rq);
	return S3_OK;
}
