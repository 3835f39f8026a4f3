/* What people read of an answer that is no success, whatever form it has. */
#include "http/http_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TOKEN "dop_v1_00112233445566778899"

static void read_answer(int status, const char *body, enum mok_auth auth, struct mok_err *err)
{
	struct endpoints e;
	struct mok_http_options options = { .token = TOKEN, .spaces_secret = "s3cr3t-of-spaces" };
	struct mok_wire_request request = { .method = "POST", .path = "/v2/things", .auth = auth };
	struct mok_exchange x = { .status = status };

	assert_int_equal(endpoints_init(&e, &options, err), 0);
	mok_buf_init(&x.response, MOK_RESPONSE_MAX);
	mok_buf_puts(&x.response, body);
	mok_exchange_add_header(&x, "X-Request-Id", "from-header");
	if (strstr(body, "request_id") || strstr(body, "RequestId"))
		mok_exchange_clear_headers(&x);
	error_of_answer(&e, &request, &x, err);
	mok_exchange_release(&x);
	endpoints_release(&e);
}

static const struct {
	int status;
	const char *body, *msg, *request_id;
	enum mok_err_code code;
} forms[] = {
	{ 422, "{\"id\":\"unprocessable_entity\",\"message\":\"name is taken\"}",
		"name is taken (HTTP 422, POST /v2/things)", "from-header", MOK_ERR_API },
	{ 404, "{\"id\":\"not_found\",\"message\":\"gone\",\"request_id\":\"r-1\"}",
		"gone (HTTP 404, POST /v2/things)", "r-1", MOK_ERR_API },
	{ 422,
		"{\"error\":\"Resource does not exist\",\"messages\":[\"tag: bad\",\"too long\"],"
		"\"root_causes\":[\"cause\"]}",
		"tag: bad; too long; Resource does not exist; cause (HTTP 422, POST /v2/things)",
		"from-header", MOK_ERR_API },
	{ 409,
		"<?xml version=\"1.0\"?><Error><Code>BucketNotEmpty</Code><Message>It &lt;b&gt; "
		"&amp; more</Message><RequestId>tx01</RequestId></Error>",
		"BucketNotEmpty: It <b> & more (HTTP 409, POST /v2/things)", "tx01", MOK_ERR_API },
	{ 404, "<Error><Code>NoSuchBucket</Code><RequestId>tx02</RequestId></Error>",
		"NoSuchBucket (HTTP 404, POST /v2/things)", "tx02", MOK_ERR_API },
	{ 502, "<html>\n<head><title>502 Bad Gateway</title></head></html>",
		"502 Bad Gateway (HTTP 502, POST /v2/things)", "from-header", MOK_ERR_NET },
	{ 503, "Failed to forward the request\nstack",
		"Failed to forward the request "
		"(HTTP 503, POST /v2/things)",
		"from-header", MOK_ERR_NET },
	{ 500, "", "internal server error (HTTP 500, POST /v2/things)", "from-header",
		MOK_ERR_NET },
	{ 418, "<", "an answer that is not understood (HTTP 418, POST /v2/things)", "from-header",
		MOK_ERR_API },
	{ 403, "{\"id\":\"forbidden\"}", "forbidden (HTTP 403, POST /v2/things)", "from-header",
		MOK_ERR_AUTH },
	{ 401, "{}", "unauthorized (HTTP 401, POST /v2/things)", "from-header", MOK_ERR_AUTH },
	{ 400, "[1,2", "[1,2 (HTTP 400, POST /v2/things)", "from-header", MOK_ERR_API },
};

static void every_form_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < MOK_COUNT(forms); i++) {
		struct mok_err err;

		read_answer(forms[i].status, forms[i].body, MOK_AUTH_BEARER, &err);
		assert_string_equal(err.msg, forms[i].msg);
		assert_string_equal(err.request_id, forms[i].request_id);
		assert_int_equal(err.http_status, forms[i].status);
		assert_int_equal(err.code, forms[i].code);
	}
}

static void hints_say_what_to_do(void **state)
{
	struct mok_err err;

	(void)state;
	read_answer(401, "{}", MOK_AUTH_BEARER, &err);
	assert_non_null(strstr(err.hint, "token"));
	read_answer(403, "{}", MOK_AUTH_BEARER, &err);
	assert_non_null(strstr(err.hint, "scope"));
	read_answer(403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", MOK_AUTH_SIGV4, &err);
	assert_non_null(strstr(err.hint, "clock"));
	read_answer(403, "<Error><Code>AccessDenied</Code></Error>", MOK_AUTH_SIGV4, &err);
	assert_non_null(strstr(err.hint, "Spaces"));
	read_answer(404, "{}", MOK_AUTH_BEARER, &err);
	assert_string_equal(err.hint, "");
}

static void no_secret_and_no_escape_gets_out(void **state)
{
	static const char *const bodies[] = {
		"{\"message\":\"your " TOKEN " is bad\"}",
		"{\"message\":\"another's dop_v1_deadbeef0011 is bad\"}",
		"{\"message\":\"Authorization: Bearer abcdef0011\"}",
		"{\"message\":\"key s3cr3t-of-spaces\"}",
		"<Error><Code>SignatureDoesNotMatch</Code><Message>Signature=0011aabb</Message>"
		"</Error>",
		"{\"message\":\"esc \\u001b[31m bell \\u0007 c1 \\u009b31m\"}",
		"\x1b[2J\xff\xfe token=" TOKEN,
		"{\"message\":\"ok\",\"request_id\":\"" TOKEN "\"}",
	};
	static const char *const secrets[] = { "00112233445566778899", "deadbeef0011", "abcdef0011",
		"s3cr3t-of-spaces", "0011aabb", "\x1b", "\x07", "\xc2\x9b", "\xff" };

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(bodies); i++) {
		struct mok_err err;

		read_answer(422, bodies[i], MOK_AUTH_BEARER, &err);
		for (size_t k = 0; k < MOK_COUNT(secrets); k++) {
			assert_null(strstr(err.msg, secrets[k]));
			assert_null(strstr(err.request_id, secrets[k]));
		}
		assert_true(mok_utf8_valid(err.msg, strlen(err.msg), NULL) || err.msg[0]);
		assert_non_null(strstr(err.msg, "HTTP 422"));
	}
}

static void hostile_bodies_end_quickly(void **state)
{
	struct mok_buf body;
	struct mok_err err;

	(void)state;
	mok_buf_init(&body, (size_t)8 << 20);
	for (int i = 0; i < 1000000; i++)
		mok_buf_puts(&body, "[[[[[[");
	read_answer(500, body.data, MOK_AUTH_BEARER, &err);
	assert_non_null(strstr(err.msg, "HTTP 500"));
	mok_buf_clear(&body);
	mok_buf_puts(&body, "<Error><Code>");
	for (int i = 0; i < 1000000; i++)
		mok_buf_puts(&body, "&amp");
	mok_buf_puts(&body, "</Code>");
	read_answer(500, body.data, MOK_AUTH_BEARER, &err);
	assert_non_null(strstr(err.msg, "HTTP 500"));
	mok_buf_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_read),
		cmocka_unit_test(hints_say_what_to_do),
		cmocka_unit_test(no_secret_and_no_escape_gets_out),
		cmocka_unit_test(hostile_bodies_end_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
