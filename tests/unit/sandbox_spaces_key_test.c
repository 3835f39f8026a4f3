/* Keys for Spaces in the sandbox. */
#include "api_client.h"
#include "s3_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	static struct api_client client;

	api_client_open(&client, NULL);
	*state = &client;
	return 0;
}

static int teardown(void **state)
{
	api_client_close(*state);
	return 0;
}

#define KEYS "/v2/spaces/keys"

static const char *make_key(struct api_client *c, const char *grants)
{
	const char *body = api_json(c, "{'name':'one','grants':%s}", grants);

	if (api_ask(c, "POST", body, KEYS) != 201)
		fail_msg("%s: %s", grants, c->out.body.data);
	return api_str(c, "key.access_key");
}

static void the_secret_is_told_once(void **state)
{
	struct api_client *c = *state;
	const char *id = make_key(c, "[{'bucket':'b','permission':'read'}]"), *secret;

	secret = api_str(c, "key.secret_key");
	assert_int_equal(strlen(secret), 43);
	assert_int_equal(api_ask(c, "GET", NULL, KEYS "/%s", id), 200);
	assert_false(api_has(c, "key.secret_key"));
	assert_null(strstr(c->out.body.data, secret));
	api_ask(c, "PUT", api_json(c, "{'name':'two'}"), KEYS "/%s", id);
	assert_string_equal(api_str(c, "key.name"), "two");
	assert_string_equal(api_str(c, "key.grants.0.permission"), "read");
	assert_null(strstr(c->out.body.data, secret));
	api_ask(c, "GET", NULL, KEYS);
	assert_int_equal(api_int(c, "meta.total"), 1);
	assert_null(strstr(c->out.body.data, secret));
}

static void the_log_has_no_secret(void **state)
{
	struct api_client *c = *state;
	struct mok_buf log;
	const char *id = make_key(c, "[]"), *secret = api_str(c, "key.secret_key");

	mok_buf_init(&log, (size_t)1 << 20);
	assert_int_equal(mok_sandbox_log(c->sandbox, &log), 0);
	assert_non_null(strstr(log.data, id));
	assert_null(strstr(log.data, secret));
	mok_buf_release(&log);
}

static void grants_are_checked(void **state)
{
	static const char *const wrong[] = {
		"[{'bucket':'b','permission':'fullaccess'}]",
		"[{'bucket':'','permission':'fullaccess'},{'bucket':'b','permission':'read'}]",
		"[{'bucket':'b','permission':'write'}]",
		"[{'bucket':'b'}]",
		"[{'permission':'read'}]",
		"'read'",
	};
	struct api_client *c = *state;
	const char *full, *limited;

	for (size_t i = 0; i < MOK_COUNT(wrong); i++)
		if (api_ask(c, "POST", api_json(c, "{'name':'x','grants':%s}", wrong[i]), KEYS) !=
			400)
			fail_msg("taken: %s", wrong[i]);
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'grants':[]}"), KEYS), 400);
	full = make_key(c, "[{'bucket':'','permission':'fullaccess'}]");
	limited = make_key(c, "[{'bucket':'b','permission':'readwrite'}]");
	assert_int_equal(
		api_ask(c, "PATCH", api_json(c, "{'grants':[{'bucket':'b','permission':'read'}]}"),
			KEYS "/%s", full),
		400);
	assert_int_equal(
		api_ask(c, "PATCH", api_json(c, "{'grants':[{'permission':'fullaccess'}]}"),
			KEYS "/%s", limited),
		400);
	assert_int_equal(
		api_ask(c, "PATCH", api_json(c, "{'grants':[{'bucket':'c','permission':'read'}]}"),
			KEYS "/%s", limited),
		200);
	assert_string_equal(api_str(c, "key.grants.0.bucket"), "c");
}

static void keys_are_found(void **state)
{
	struct api_client *c = *state;
	const char *id = make_key(c, "[{'bucket':'b','permission':'read'}]");

	make_key(c, "[{'bucket':'','permission':'fullaccess'}]");
	api_ask(c, "GET", NULL, KEYS "?bucket=b");
	assert_int_equal(api_int(c, "meta.total"), 1);
	assert_string_equal(api_str(c, "keys.0.access_key"), id);
	api_ask(c, "GET", NULL, KEYS "?permission=fullaccess");
	assert_int_equal(api_int(c, "meta.total"), 1);
	api_ask(c, "GET", NULL, KEYS "?name=one");
	assert_int_equal(api_int(c, "meta.total"), 2);
	api_ask(c, "GET", NULL, KEYS "?name=none");
	assert_int_equal(api_int(c, "meta.total"), 0);
	assert_int_equal(api_ask(c, "DELETE", NULL, KEYS "/%s", id), 204);
	assert_int_equal(api_ask(c, "GET", NULL, KEYS "/%s", id), 404);
	assert_int_equal(api_ask(c, "DELETE", NULL, KEYS "/%s", id), 404);
}

/* What a key may do in Spaces is what its grants say, until it is gone. */
static void a_key_opens_what_it_is_granted(void **state)
{
	struct api_client *c = *state;
	struct s3_client s3;
	const char *id;

	s3_client_open(&s3, NULL);
	c = &(struct api_client){ .sandbox = s3.sandbox, .arena = s3.arena, .now_ms = s3.now_ms };
	mok_sandbox_response_init(&c->out);
	assert_int_equal(s3_client_text(&s3, "PUT", "/one", NULL), 200);
	assert_int_equal(s3_client_text(&s3, "PUT", "/two", NULL), 200);
	assert_int_equal(s3_client_text(&s3, "PUT", "/one/a", "x"), 200);
	id = make_key(c, "[{'bucket':'one','permission':'read'}]");
	s3.key = id;
	s3.secret = api_str(c, "key.secret_key");
	assert_int_equal(s3_client_text(&s3, "GET", "/one/a", NULL), 200);
	assert_int_equal(s3_client_text(&s3, "PUT", "/one/a", "y"), 403);
	assert_int_equal(s3_client_text(&s3, "GET", "/two/a", NULL), 403);
	api_ask(c, "PATCH", api_json(c, "{'grants':[{'bucket':'one','permission':'readwrite'}]}"),
		KEYS "/%s", id);
	assert_int_equal(s3_client_text(&s3, "PUT", "/one/a", "y"), 200);
	assert_int_equal(api_ask(c, "DELETE", NULL, KEYS "/%s", id), 204);
	assert_int_equal(s3_client_text(&s3, "GET", "/one/a", NULL), 403);
	cJSON_Delete(c->json);
	mok_sandbox_response_release(&c->out);
	s3_client_close(&s3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_secret_is_told_once),
		TEST(the_log_has_no_secret),
		TEST(grants_are_checked),
		TEST(keys_are_found),
		TEST(a_key_opens_what_it_is_granted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
