/*
 * Published vectors: the aws4 test suite (access key AKIDEXAMPLE, service "service"), and the
 * examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
#include "mok/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct vector {
	struct mok_sigv4 in;
	const char *time;
	const char *expected; /* of Authorization, from SignedHeaders on */
};

#define SUITE(verb, q, hdrs, n, text, len) \
	{ \
		.key = "AKIDEXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", \
		.region = "us-east-1", .service = "service", .method = verb, \
		.host = "example.amazonaws.com", .path = "/", .query = q, .headers = hdrs, \
		.nheaders = n, .body = text, .body_len = len \
	}

#define S3(verb, q) \
	{ \
		.key = "AKIAIOSFODNN7EXAMPLE", \
		.secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", .region = "us-east-1", \
		.service = "s3", .method = verb, .host = "examplebucket.s3.amazonaws.com", \
		.path = "/", .query = q \
	}

static const struct mok_header form[] = { { "Content-Type", "application/x-www-form-urlencoded" } };

static const struct vector vectors[] = {
	{ SUITE("GET", NULL, NULL, 0, NULL, 0), "2015-08-30T12:36:00Z",
		"SignedHeaders=host;x-amz-date, "
		"Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ SUITE("GET", "Param2=value2&Param1=value1", NULL, 0, NULL, 0), "2015-08-30T12:36:00Z",
		"SignedHeaders=host;x-amz-date, "
		"Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
	{ SUITE("POST", NULL, NULL, 0, NULL, 0), "2015-08-30T12:36:00Z",
		"SignedHeaders=host;x-amz-date, "
		"Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
	{ SUITE("POST", NULL, form, 1, "Param1=value1", 13), "2015-08-30T12:36:00Z",
		"SignedHeaders=content-type;host;x-amz-date, "
		"Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },
	{ S3("GET", "lifecycle"), "2013-05-24T00:00:00Z",
		"SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
		"Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
	{ S3("GET", "max-keys=2&prefix=J"), "2013-05-24T00:00:00Z",
		"SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
		"Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
};

static void published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < MOK_COUNT(vectors); i++) {
		struct mok_arena *arena = mok_arena_new();
		struct mok_sigv4 in = vectors[i].in;
		struct mok_header out[4];
		size_t n;

		assert_int_equal(mok_parse_time(vectors[i].time, &in.wall_ms), 0);
		n = mok_sigv4_sign(arena, &in, out);
		assert_int_equal(n, mok_streq(in.service, "s3") ? 3 : 2);
		assert_string_equal(out[0].name, "Authorization");
		assert_string_equal(strstr(out[0].value, "SignedHeaders="), vectors[i].expected);
		mok_arena_free(arena);
	}
}

static void the_headers_say_when_and_what(void **state)
{
	struct mok_arena *arena = mok_arena_new();
	struct mok_sigv4 in = S3("PUT", "acl");
	struct mok_header out[4];

	(void)state;
	in.body = "Welcome to Amazon S3.";
	in.body_len = 21;
	assert_int_equal(mok_parse_time("2013-05-24T00:00:00Z", &in.wall_ms), 0);
	assert_int_equal(mok_sigv4_sign(arena, &in, out), 3);
	assert_string_equal(out[1].name, "x-amz-date");
	assert_string_equal(out[1].value, "20130524T000000Z");
	assert_string_equal(out[2].name, "x-amz-content-sha256");
	assert_string_equal(
		out[2].value, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
	assert_true(mok_starts(out[0].value,
		"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
		"aws4_request, "));
	mok_arena_free(arena);
}

static const char *signature_of(struct mok_arena *arena, const struct mok_sigv4 *in)
{
	struct mok_header out[4];

	mok_sigv4_sign(arena, in, out);
	return strstr(out[0].value, "Signature=");
}

static void each_input_is_under_the_signature(void **state)
{
	static const struct mok_header acl[] = { { "X-Amz-Acl", "  public-read " } };
	struct mok_arena *arena = mok_arena_new();
	const struct mok_sigv4 base = S3("PUT", "a=1&b=2");
	const char *plain = signature_of(arena, &base);
	struct mok_sigv4 other[7];

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(other); i++)
		other[i] = base;
	other[0].method = "POST";
	other[1].query = "a=1&b=3";
	other[2].path = "/x";
	other[3].host = "other.example";
	other[4].body = "x";
	other[4].body_len = 1;
	other[5].wall_ms = 86400000;
	other[6].headers = acl;
	other[6].nheaders = 1;
	for (size_t i = 0; i < MOK_COUNT(other); i++)
		assert_string_not_equal(plain, signature_of(arena, &other[i]));
	other[0] = base;
	other[0].query = "b=2&a=1";
	assert_string_equal(plain, signature_of(arena, &other[0]));
	mok_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors),
		cmocka_unit_test(the_headers_say_when_and_what),
		cmocka_unit_test(each_input_is_under_the_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
