/* Who may do what in the sandbox's Spaces: signatures, skew, chunked bodies, keys, ACLs, policies.
 */
#include "s3_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	static struct s3_client client;

	s3_client_open(&client, NULL);
	*state = &client;
	assert_int_equal(s3_client_text(&client, "PUT", "/media", NULL), 200);
	return 0;
}

static void wrong_signatures_are_refused(void **state)
{
	struct s3_client *c = *state;
	char key[32];

	c->spoil = "0000000000000000000000000000000000000000000000000000000000000000";
	s3_client_text(c, "GET", "/media", NULL);
	s3_client_assert_refused(c, 403, "SignatureDoesNotMatch");
	c->spoil = NULL;
	c->secret = "another secret";
	s3_client_text(c, "GET", "/media", NULL);
	s3_client_assert_refused(c, 403, "SignatureDoesNotMatch");
	c->secret = mok_sandbox_spaces_secret(c->sandbox);
	(void)snprintf(key, sizeof(key), "%s", "DO00UNKNOWN");
	c->key = key;
	s3_client_text(c, "GET", "/media", NULL);
	s3_client_assert_refused(c, 403, "InvalidAccessKeyId");
}

static void the_scope_names_a_region(void **state)
{
	struct s3_client *c = *state;

	c->region = "us-east-1"; /* what Terraform's provider signs for */
	assert_int_equal(s3_client_text(c, "GET", "/media", NULL), 200);
	c->region = "ams3";
	assert_int_equal(s3_client_text(c, "GET", "/media", NULL), 200);
	c->region = "eu-west-9";
	s3_client_text(c, "GET", "/media", NULL);
	s3_client_assert_refused(c, 400, "AuthorizationHeaderMalformed");
}

static void clocks_may_differ_by_a_quarter_of_an_hour(void **state)
{
	struct s3_client *c = *state;

	c->sent_ms = c->now_ms - 14 * 60 * 1000;
	assert_int_equal(s3_client_text(c, "GET", "/media", NULL), 200);
	c->sent_ms = c->now_ms + 16 * 60 * 1000;
	s3_client_text(c, "GET", "/media", NULL);
	s3_client_assert_refused(c, 403, "RequestTimeTooSkewed");
}

static void the_payload_must_be_what_was_signed(void **state)
{
	struct s3_client *c = *state;
	char digest[65];

	mok_sha256_hex("other", 5, digest);
	c->sha256 = digest;
	s3_client_text(c, "PUT", "/media/a", "hello");
	s3_client_assert_refused(c, 400, "XAmzContentSHA256Mismatch");
	c->sha256 = "UNSIGNED-PAYLOAD";
	assert_int_equal(s3_client_text(c, "PUT", "/media/a", "hello"), 200);
	c->sha256 = NULL;
	s3_client_header(c, "Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="); /* of nothing */
	s3_client_text(c, "PUT", "/media/a", "hello");
	s3_client_assert_refused(c, 400, "BadDigest");
}

static int put_chunked(struct s3_client *c, const char *spoilt)
{
	static const char scheme[] = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
	char first[65], last[65], body[512];
	const char *seed = s3_client_signature(c, "PUT", "/media/chunked", scheme);

	s3_client_chunk_signature(c, seed, "hello", 5, first);
	s3_client_chunk_signature(c, first, "", 0, last);
	(void)snprintf(body, sizeof(body),
		"5;chunk-signature=%s\r\nhello\r\n0;chunk-signature=%s\r\n\r\n",
		spoilt ? spoilt : first, last);
	c->sha256 = scheme;
	s3_client_header(c, "Content-Encoding", "aws-chunked");
	s3_client_header(c, "x-amz-decoded-content-length", "5");
	s3_client_text(c, "PUT", "/media/chunked", body);
	c->sha256 = NULL;
	return c->out.status;
}

static void chunks_are_verified_and_unwrapped(void **state)
{
	struct s3_client *c = *state;

	assert_int_equal(put_chunked(c, NULL), 200);
	assert_int_equal(s3_client_text(c, "GET", "/media/chunked", NULL), 200);
	assert_string_equal(c->out.body.data, "hello");
	assert_null(s3_client_got(c, "Content-Encoding"));
	put_chunked(c, "0000000000000000000000000000000000000000000000000000000000000000");
	s3_client_assert_refused(c, 403, "SignatureDoesNotMatch");
}

static void presigned_urls_open_for_their_time(void **state)
{
	struct s3_client *c = *state;
	const char *url;

	assert_int_equal(s3_client_text(c, "PUT", "/media/a", "hello"), 200);
	url = s3_client_presign(c, "/media/a", 60);
	c->key = NULL;
	assert_int_equal(s3_client_text(c, "GET", url, NULL), 200);
	assert_string_equal(c->out.body.data, "hello");
	s3_client_text(c, "PUT", url, "other");
	s3_client_assert_refused(c, 403, "SignatureDoesNotMatch");
	c->now_ms += 61 * 1000;
	s3_client_text(c, "GET", url, NULL);
	s3_client_assert_refused(c, 403, "AccessDenied");
}

static void strangers_see_only_what_is_public(void **state)
{
	struct s3_client *c = *state;
	const char *key = c->key;

	assert_int_equal(s3_client_text(c, "PUT", "/media/secret", "s"), 200);
	s3_client_header(c, "x-amz-acl", "public-read");
	assert_int_equal(s3_client_text(c, "PUT", "/media/open", "o"), 200);
	c->key = NULL;
	s3_client_text(c, "GET", "/media/secret", NULL);
	s3_client_assert_refused(c, 403, "AccessDenied");
	assert_int_equal(s3_client_text(c, "GET", "/media/open", NULL), 200);
	s3_client_text(c, "GET", "/media", NULL);
	s3_client_assert_refused(c, 403, "AccessDenied");
	s3_client_text(c, "PUT", "/media/open", "x");
	s3_client_assert_refused(c, 403, "AccessDenied");
	c->key = key;
	s3_client_header(c, "x-amz-acl", "public-read");
	assert_int_equal(s3_client_text(c, "PUT", "/media?acl", NULL), 200);
	c->key = NULL;
	assert_int_equal(s3_client_text(c, "GET", "/media", NULL), 200);
	assert_true(s3_client_says(c, "<Key>secret</Key>"));
	c->key = key;
}

static void the_cdn_reads_what_is_public(void **state)
{
	struct s3_client *c = *state;

	s3_client_header(c, "x-amz-acl", "public-read");
	assert_int_equal(s3_client_text(c, "PUT", "/media/open", "o"), 200);
	assert_int_equal(s3_client_text(c, "PUT", "/media/secret", "s"), 200);
	c->host = "media.nyc3.cdn.digitaloceanspaces.com";
	assert_int_equal(s3_client_text(c, "GET", "/open", NULL), 200);
	s3_client_text(c, "GET", "/secret", NULL);
	s3_client_assert_refused(c, 403, "AccessDenied");
	s3_client_text(c, "PUT", "/open", "x");
	s3_client_assert_refused(c, 405, "MethodNotAllowed");
}

static const char *new_key(struct s3_client *c, const char *grants)
{
	const char *body = mok_arena_printf(c->arena, "{\"name\":\"k\",\"grants\":[%s]}", grants);
	cJSON *json;

	assert_int_equal(s3_client_api(c, "POST", "/v2/spaces/keys", body), 201);
	json = mok_json_parse(c->out.body.data, c->out.body.len);
	c->key = mok_arena_strdup(c->arena, mok_json_str(json, "key.access_key"));
	c->secret = mok_arena_strdup(c->arena, mok_json_str(json, "key.secret_key"));
	cJSON_Delete(json);
	return c->key;
}

static void keys_do_what_they_are_granted(void **state)
{
	struct s3_client *c = *state;

	assert_int_equal(s3_client_text(c, "PUT", "/other", NULL), 200);
	assert_int_equal(s3_client_text(c, "PUT", "/media/a", "hello"), 200);
	new_key(c, "{\"bucket\":\"media\",\"permission\":\"read\"}");
	assert_int_equal(s3_client_text(c, "GET", "/media/a", NULL), 200);
	assert_int_equal(s3_client_text(c, "GET", "/media", NULL), 200);
	s3_client_text(c, "PUT", "/media/a", "x");
	s3_client_assert_refused(c, 403, "AccessDenied");
	s3_client_text(c, "GET", "/other", NULL);
	s3_client_assert_refused(c, 403, "AccessDenied");
	assert_int_equal(s3_client_text(c, "GET", "/", NULL), 200);
	assert_true(s3_client_says(c, "<Name>media</Name>"));
	assert_false(s3_client_says(c, "<Name>other</Name>"));
	new_key(c, "{\"bucket\":\"media\",\"permission\":\"readwrite\"}");
	assert_int_equal(s3_client_text(c, "PUT", "/media/a", "x"), 200);
	s3_client_text(c, "DELETE", "/media?cors", NULL);
	s3_client_assert_refused(c, 403, "AccessDenied");
	new_key(c, "{\"bucket\":\"\",\"permission\":\"fullaccess\"}");
	assert_int_equal(s3_client_text(c, "DELETE", "/other", NULL), 204);
}

static void a_policy_that_denies_wins(void **state)
{
	static const char policy[] =
		"{\"Version\":\"2012-10-17\",\"Statement\":["
		"{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\","
		"\"Resource\":\"arn:aws:s3:::media/open/*\"},"
		"{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":[\"s3:GetObject\"],"
		"\"Resource\":[\"arn:aws:s3:::media/open/not\"]}]}";
	struct s3_client *c = *state;

	assert_int_equal(s3_client_text(c, "PUT", "/media/open/a", "a"), 200);
	assert_int_equal(s3_client_text(c, "PUT", "/media/open/not", "n"), 200);
	assert_int_equal(s3_client_text(c, "PUT", "/media/closed", "c"), 200);
	assert_int_equal(s3_client_text(c, "PUT", "/media?policy", policy), 204);
	s3_client_text(c, "GET", "/media/open/not", NULL); /* the owner, too */
	s3_client_assert_refused(c, 403, "AccessDenied");
	c->key = NULL;
	assert_int_equal(s3_client_text(c, "GET", "/media/open/a", NULL), 200);
	s3_client_text(c, "GET", "/media/closed", NULL);
	s3_client_assert_refused(c, 403, "AccessDenied");
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, s3_client_teardown)
	const struct CMUnitTest tests[] = {
		T(wrong_signatures_are_refused),
		T(the_scope_names_a_region),
		T(clocks_may_differ_by_a_quarter_of_an_hour),
		T(the_payload_must_be_what_was_signed),
		T(chunks_are_verified_and_unwrapped),
		T(presigned_urls_open_for_their_time),
		T(strangers_see_only_what_is_public),
		T(the_cdn_reads_what_is_public),
		T(keys_do_what_they_are_granted),
		T(a_policy_that_denies_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
