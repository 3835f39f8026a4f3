/*
 * What was sent: plain, or framed as aws-chunked with a signature per chunk and perhaps trailers.
 * Digests that the client gave are held against what came.
 */
#include "s3.h"
#include "s3_xml.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SHA256_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* A body that is being read; at..end is what is left of it. */
struct chunks {
	struct s3_request *rq;
	const char *at, *end;
	char *out;
	size_t len;
	bool is_signed, has_trailer;
	const char *last_signature;
	struct s3_param trailer; /* the last one with a checksum */
};

void s3_md5_hex(const void *data, size_t len, char out[33])
{
	unsigned char md5[EVP_MAX_MD_SIZE];

	if (EVP_Digest(data, len, md5, NULL, EVP_md5(), NULL) != 1)
		MOK_BUG("MD5 is not available");
	mok_hex(md5, 16, out);
}

/* The line at `at` without its CRLF, or NULL when there is none within 8 KiB. */
static const char *take_line(struct chunks *chunks)
{
	size_t left = (size_t)(chunks->end - chunks->at);
	const char *eol = memchr(chunks->at, '\n', left < 8192 ? left : 8192);
	const char *line;
	size_t len;

	if (!eol || eol == chunks->at || eol[-1] != '\r')
		return NULL;
	len = (size_t)(eol - chunks->at) - 1;
	line = mok_arena_strndup(chunks->rq->arena, chunks->at, len);
	chunks->at = eol + 1;
	return line;
}

static bool chunk_signature_fits(struct chunks *chunks, const char *line, size_t size)
{
	const struct s3_identity *who = &chunks->rq->who;
	const char *given = strstr(line, ";chunk-signature=");
	char digest[65], expected[65];

	if (!chunks->is_signed)
		return true;
	if (!given || !who->seed_signature)
		return false;
	given += strlen(";chunk-signature=");
	mok_sha256_hex(chunks->at, size, digest);
	s3_sign_hex(chunks->rq,
		mok_arena_printf(chunks->rq->arena,
			"AWS4-HMAC-SHA256-PAYLOAD\n%s\n%s\n%s\n" SHA256_OF_NOTHING "\n%s",
			who->amz_date, who->scope, chunks->last_signature, digest),
		expected);
	chunks->last_signature = given;
	return s3_same_secret(expected, given);
}

static enum s3_code take_trailers(struct chunks *chunks)
{
	const struct s3_identity *who = &chunks->rq->who;
	const char *line, *given = NULL;
	char digest[65], expected[65];
	struct mok_buf text;

	mok_buf_init(&text, 1 << 16);
	while ((line = take_line(chunks)) && *line) {
		size_t len = strcspn(line, ":");

		if (mok_starts(line, "x-amz-trailer-signature:")) {
			given = line + strlen("x-amz-trailer-signature:");
		} else if (line[len]) {
			chunks->trailer.name = mok_arena_strndup(chunks->rq->arena, line, len);
			chunks->trailer.value = line + len + 1;
			mok_buf_printf(&text, "%s\n", line);
		}
	}
	mok_sha256_hex(text.data, text.len, digest);
	mok_buf_release(&text);
	if (!line)
		return S3_INCOMPLETE_BODY;
	if (!chunks->is_signed)
		return S3_OK;
	s3_sign_hex(chunks->rq,
		mok_arena_printf(chunks->rq->arena, "AWS4-HMAC-SHA256-TRAILER\n%s\n%s\n%s\n%s",
			who->amz_date, who->scope, chunks->last_signature, digest),
		expected);
	return given && s3_same_secret(expected, given) ? S3_OK : S3_SIGNATURE_MISMATCH;
}

static enum s3_code take_chunks(struct chunks *chunks)
{
	for (;;) {
		const char *line = take_line(chunks);
		char *tail = NULL;
		unsigned long long size = line ? strtoull(line, &tail, 16) : 0;

		if (!line || tail == line || (*tail && *tail != ';') ||
			size > (size_t)(chunks->end - chunks->at))
			return S3_INCOMPLETE_BODY;
		if (!chunk_signature_fits(chunks, line, (size_t)size))
			return S3_SIGNATURE_MISMATCH;
		if (size == 0)
			break;
		memcpy(chunks->out + chunks->len, chunks->at, (size_t)size);
		chunks->len += (size_t)size;
		chunks->at += size;
		if (chunks->end - chunks->at < 2 || memcmp(chunks->at, "\r\n", 2) != 0)
			return S3_INCOMPLETE_BODY;
		chunks->at += 2;
	}
	return chunks->has_trailer ? take_trailers(chunks) : S3_OK;
}

static enum s3_code take_streaming(
	struct s3_request *rq, const char *scheme, struct s3_param *trailer)
{
	const char *decoded = s3_req_header(rq, "x-amz-decoded-content-length");
	struct chunks chunks = {
		.rq = rq,
		.at = rq->http->body,
		.end = (const char *)rq->http->body + rq->http->body_len,
		.out = mok_arena_alloc(rq->arena, rq->http->body_len + 1),
		.is_signed = mok_starts(scheme, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
		.has_trailer = mok_ends(scheme, "-TRAILER"),
		.last_signature = rq->who.seed_signature,
	};
	int64_t length;
	enum s3_code code;

	if (rq->http->body_len == 0)
		return S3_INCOMPLETE_BODY;
	code = take_chunks(&chunks);
	if (code != S3_OK)
		return code;
	if (!decoded)
		return S3_MISSING_LENGTH;
	if (!mok_parse_i64(decoded, &length) || length != (int64_t)chunks.len)
		return S3_INCOMPLETE_BODY;
	rq->body = chunks.out;
	rq->body_len = chunks.len;
	*trailer = chunks.trailer;
	return S3_OK;
}

static const char *const streaming[] = { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
	"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER" };

static enum s3_code take_payload(struct s3_request *rq, struct s3_param *trailer)
{
	const char *scheme = s3_req_header(rq, "x-amz-content-sha256");
	char digest[65];

	rq->body = rq->http->body_len ? rq->http->body : "";
	rq->body_len = rq->http->body_len;
	if (!scheme || mok_streq(scheme, "UNSIGNED-PAYLOAD"))
		return S3_OK;
	for (size_t i = 0; i < MOK_COUNT(streaming); i++)
		if (mok_streq(scheme, streaming[i]))
			return take_streaming(rq, scheme, trailer);
	mok_sha256_hex(rq->body, rq->body_len, digest);
	return mok_streq(scheme, digest) ? S3_OK : S3_CONTENT_SHA256_MISMATCH;
}

static const char *digest_base64(struct s3_request *rq, const EVP_MD *kind)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_Digest(rq->body, rq->body_len, digest, &len, kind, NULL) != 1)
		MOK_BUG("a digest is not available");
	return mok_base64(rq->arena, digest, len);
}

/* CRC-32 (IEEE) or CRC-32C, whose reflected polynomials these are. */
static const char *crc_base64(struct s3_request *rq, uint32_t polynomial)
{
	uint32_t table[256], crc = UINT32_MAX;
	unsigned char big_endian[4];

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = (table[i] >> 1) ^ (table[i] & 1 ? polynomial : 0);
	}
	for (size_t i = 0; i < rq->body_len; i++)
		crc = (crc >> 8) ^ table[(crc ^ (unsigned char)rq->body[i]) & 255];
	crc = ~crc;
	for (int i = 0; i < 4; i++)
		big_endian[i] = (unsigned char)(crc >> (24 - 8 * i));
	return mok_base64(rq->arena, big_endian, sizeof(big_endian));
}

/* NULL: a checksum that is not checked (crc64nvme). */
static const char *checksum(struct s3_request *rq, const char *name)
{
	if (mok_streq(name, "x-amz-checksum-sha256"))
		return digest_base64(rq, EVP_sha256());
	if (mok_streq(name, "x-amz-checksum-sha1"))
		return digest_base64(rq, EVP_sha1());
	if (mok_streq(name, "x-amz-checksum-crc32"))
		return crc_base64(rq, 0xedb88320U);
	if (mok_streq(name, "x-amz-checksum-crc32c"))
		return crc_base64(rq, 0x82f63b78U);
	return NULL;
}

static const char *const checksums[] = { "x-amz-checksum-sha256", "x-amz-checksum-sha1",
	"x-amz-checksum-crc32", "x-amz-checksum-crc32c" };

static enum s3_code check_digests(struct s3_request *rq, const struct s3_param *trailer)
{
	const char *md5 = s3_req_header(rq, "content-md5");

	if (md5 && (strlen(md5) != 24 || !mok_ends(md5, "==")))
		return S3_INVALID_DIGEST;
	if (md5 && !mok_streq(md5, digest_base64(rq, EVP_md5())))
		return S3_BAD_DIGEST;
	/* On a CompleteMultipartUpload they are of the whole object. */
	if (mok_streq(rq->method, "POST") && s3_query(rq, "uploadId"))
		return S3_OK;
	for (size_t i = 0; i < MOK_COUNT(checksums); i++) {
		const char *given = s3_req_header(rq, checksums[i]);

		if (given && !mok_streq(given, checksum(rq, checksums[i])))
			return S3_BAD_DIGEST;
	}
	if (trailer->name) {
		const char *real = checksum(rq, trailer->name);

		if (real && !mok_streq(real, trailer->value))
			return S3_BAD_DIGEST;
	}
	return S3_OK;
}

enum s3_code s3_take_body(struct s3_request *rq)
{
	struct s3_param trailer = { NULL, NULL };
	enum s3_code code = take_payload(rq, &trailer);

	return code == S3_OK ? check_digests(rq, &trailer) : code;
}

const struct s3_node *s3_body_xml(struct s3_request *rq, const char *root)
{
	const struct s3_node *node = NULL;

	if (rq->body_len <= S3_XML_MAX)
		node = s3_xml_parse(rq->arena, rq->body, rq->body_len);
	if (!node || !mok_streq(node->name, root)) {
		s3_fail(rq, S3_MALFORMED_XML);
		return NULL;
	}
	return node;
}
