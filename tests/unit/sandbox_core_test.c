/* The sandbox's framework: tokens, routes, pages, bodies, the log, what is kept on disk. */
#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

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

static const char *header(const struct api_client *c, const char *name)
{
	for (size_t i = 0; i < c->out.nheaders; i++) {
		if (strcasecmp(c->out.headers[i].name, name) == 0)
			return c->out.headers[i].value;
	}
	return NULL;
}

/* As api_ask, with one header of the test's choice and nothing else. */
static int ask_bare(struct api_client *c, const char *method, const char *target, const char *name,
	const char *value, const char *body)
{
	const struct mok_sandbox_header headers[] = { { name, value },
		{ "authorization", "bearer t" } };
	const struct mok_sandbox_request request = {
		.method = method,
		.target = target,
		.headers = headers,
		.nheaders = strcasecmp(name, "authorization") == 0 ? 1 : 2,
		.body = body,
		.body_len = body ? strlen(body) : 0,
	};

	mok_sandbox_response_release(&c->out);
	mok_sandbox_response_init(&c->out);
	mok_sandbox_handle(c->sandbox, &request, c->now_ms, &c->out);
	cJSON_Delete(c->json);
	c->json = mok_json_parse(c->out.body.data, c->out.body.len);
	return c->out.status;
}

static void make_domains(struct api_client *c, int count)
{
	for (int i = 0; i < count; i++)
		assert_int_equal(
			api_ask(c, "POST", api_json(c, "{'name':'d%d.example'}", i), "/v2/domains"),
			201);
}

/* ---- admission and routes ---- */

static void a_token_is_needed(void **state)
{
	struct api_client *c = *state;

	assert_int_equal(ask_bare(c, "GET", "/v2/account", "Authorization", "", NULL), 401);
	assert_string_equal(api_str(c, "id"), "Unauthorized");
	assert_string_equal(api_str(c, "message"), "Unable to authenticate you");
	assert_int_equal(ask_bare(c, "GET", "/v2/account", "Authorization", "Bearer ", NULL), 401);
	assert_int_equal(ask_bare(c, "GET", "/v2/account", "Authorization", "Basic x", NULL), 401);
	assert_int_equal(ask_bare(c, "GET", "/v2/nowhere", "Authorization", "", NULL), 401);
	assert_int_equal(ask_bare(c, "GET", "/v2/account", "Authorization", "bearer x", NULL), 200);
}

static void only_the_named_tokens_open_it(void **state)
{
	const struct mok_sandbox_options options = { .speed = 1, .tokens = "one\ntwo\r\n\n" };
	struct api_client client, *c = &client;

	(void)state;
	api_client_open(c, &options);
	assert_int_equal(
		ask_bare(c, "GET", "/v2/account", "Authorization", "Bearer two", NULL), 200);
	assert_int_equal(
		ask_bare(c, "GET", "/v2/account", "Authorization", "Bearer tw", NULL), 401);
	assert_int_equal(ask_bare(c, "GET", "/v2/account", "Authorization", "Bearer x", NULL), 401);
	api_client_close(c);
}

static void the_account_says_that_it_is_a_sandbox(void **state)
{
	struct api_client *c = *state;

	assert_int_equal(api_ask(c, "GET", NULL, "/v2/account"), 200);
	assert_non_null(strstr(api_str(c, "account.name"), "sandbox"));
	assert_string_equal(api_str(c, "account.status"), "active");
	assert_int_equal(strlen(api_str(c, "account.uuid")), 36);
	assert_true(api_int(c, "account.droplet_limit") > 0);
}

static void what_is_not_there_is_told_apart(void **state)
{
	struct api_client *c = *state;

	assert_int_equal(api_ask(c, "GET", NULL, "/v2/nowhere"), 404);
	assert_string_equal(api_str(c, "id"), "not_found");
	assert_string_equal(api_str(c, "request_id"), header(c, "x-request-id"));
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/account"), 405);
	assert_string_equal(header(c, "allow"), "GET");
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/domains/a.example/nowhere"), 404);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/%%zz"), 400);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/domains/%%00"), 400);
	assert_int_equal(api_ask(c, "GET", NULL, "nonsense"), 400);
}

static void a_segment_is_decoded_once(void **state)
{
	struct api_client *c = *state;

	assert_int_equal(api_ask(c, "POST", api_json(c, "{'name':'env:a'}"), "/v2/tags"), 201);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/tags/env%%3Aa"), 200);
	assert_string_equal(api_str(c, "tag.name"), "env:a");
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/tags/env%%253Aa"), 404);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/tags/"), 200);
	assert_true(api_has(c, "tags.0.name"));
}

static void a_head_is_its_get(void **state)
{
	struct api_client *c = *state;
	size_t len;

	api_ask(c, "GET", NULL, "/v2/account");
	len = c->out.body.len;
	assert_int_equal(api_ask(c, "HEAD", NULL, "/v2/account"), 200);
	assert_int_equal(c->out.body.len, len);
	assert_int_equal(api_ask(c, "HEAD", NULL, "/v2/nowhere"), 404);
}

/* ---- bodies ---- */

static void a_body_must_be_an_object(void **state)
{
	static const char *const bad[] = { "{\"name\":", "[]", "\"x\"", "7", "{} {}",
		"{\"a\":1,}" };
	struct api_client *c = *state;

	for (size_t i = 0; i < MOK_COUNT(bad); i++) {
		assert_int_equal(api_ask(c, "POST", bad[i], "/v2/tags"), 400);
		assert_string_equal(api_str(c, "id"), "bad_request");
	}
	assert_int_equal(
		api_ask(c, "POST", api_json(c, "{'name':'a','other':[{}]}"), "/v2/tags"), 201);
}

static void a_form_is_a_body_too(void **state)
{
	static const char form[] = "application/x-www-form-urlencoded";
	struct api_client *c = *state;

	assert_int_equal(ask_bare(c, "POST", "/v2/tags", "content-type", form, "name=a%3Ab"), 201);
	assert_string_equal(api_str(c, "tag.name"), "a:b");
	/* What curl -d sends of a JSON text. */
	assert_int_equal(
		ask_bare(c, "POST", "/v2/tags", "content-type", form, "{\"name\":\"c\"}"), 201);
	assert_string_equal(api_str(c, "tag.name"), "c");
}

/* ---- pages ---- */

static void a_page_tells_where_the_others_are(void **state)
{
	struct api_client *c = *state;

	make_domains(c, 5);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/domains?per_page=2&page=2&x=a%%26b"), 200);
	assert_int_equal(api_len(c, "domains"), 2);
	assert_string_equal(api_str(c, "domains.0.name"), "d2.example");
	assert_int_equal(api_int(c, "meta.total"), 5);
	assert_string_equal(api_str(c, "links.pages.first"),
		"http://127.0.0.1:8080/v2/domains?page=1&per_page=2&x=a%26b");
	assert_string_equal(api_str(c, "links.pages.next"),
		"http://127.0.0.1:8080/v2/domains?page=3&per_page=2&x=a%26b");
	assert_non_null(strstr(api_str(c, "links.pages.prev"), "page=1&"));
	assert_non_null(strstr(api_str(c, "links.pages.last"), "page=3&"));
	api_ask(c, "GET", NULL, "/v2/domains?per_page=2&page=3");
	assert_int_equal(api_len(c, "domains"), 1);
	assert_false(api_has(c, "links.pages.next"));
	assert_false(api_has(c, "links.pages.last"));
	api_ask(c, "GET", NULL, "/v2/domains");
	assert_int_equal(api_len(c, "domains"), 5);
	assert_false(api_has(c, "links.pages"));
	assert_true(api_has(c, "links"));
}

static void odd_pages_read_as_the_nearest(void **state)
{
	struct api_client *c = *state;

	make_domains(c, 21);
	api_ask(c, "GET", NULL, "/v2/domains");
	assert_int_equal(api_len(c, "domains"), 20);
	api_ask(c, "GET", NULL, "/v2/domains?per_page=1000&page=0");
	assert_int_equal(api_len(c, "domains"), 21);
	api_ask(c, "GET", NULL, "/v2/domains?per_page=0&page=-1");
	assert_int_equal(api_len(c, "domains"), 20);
	api_ask(c, "GET", NULL, "/v2/domains?per_page=x&page=2");
	assert_int_equal(api_len(c, "domains"), 1);
	api_ask(c, "GET", NULL, "/v2/domains?page=99999999999999999999");
	assert_int_equal(api_int(c, "meta.total"), 21);
	api_ask(c, "GET", NULL, "/v2/domains?page=7");
	assert_int_equal(api_len(c, "domains"), 0);
	assert_true(api_has(c, "links.pages.prev"));
}

/* ---- the log ---- */

static cJSON *log_of(struct api_client *c)
{
	struct mok_buf text;
	cJSON *list = cJSON_CreateArray();

	mok_buf_init(&text, (size_t)1 << 20);
	assert_int_equal(mok_sandbox_log(c->sandbox, &text), 0);
	for (const char *line = text.data; *line;) {
		size_t len = strcspn(line, "\n");
		cJSON *item = mok_json_parse(line, len);

		assert_non_null(item);
		cJSON_AddItemToArray(list, item);
		line += len + 1;
	}
	mok_buf_release(&text);
	return list;
}

static void the_log_tells_what_was_made(void **state)
{
	struct api_client *c = *state;
	cJSON *log;

	api_ask(c, "POST", api_json(c, "{'name':'a.example'}"), "/v2/domains");
	api_ask(c, "POST", api_json(c, "{'name':'a.example'}"), "/v2/domains");
	api_ask(c, "GET", NULL, "/v2/domains?page=1");
	api_ask(c, "GET", NULL, "/_sandbox/log");
	api_ask(c, "DELETE", NULL, "/v2/domains/a.example");
	log = log_of(c);
	assert_int_equal(cJSON_GetArraySize(log), 4);
	assert_string_equal(mok_json_str(log, "0.creates.0"), "domain:a.example");
	assert_int_equal(mok_json_int(log, "0.status", 0), 201);
	assert_true(mok_json_bool(log, "0.write", false));
	assert_int_equal(mok_json_int(log, "1.status", 0), 422);
	assert_null(mok_json_at(log, "1.creates.0"));
	assert_string_equal(mok_json_str(log, "2.query"), "page=1");
	assert_false(mok_json_bool(log, "2.write", true));
	assert_string_equal(mok_json_str(log, "3.deletes.0"), "domain:a.example");
	assert_int_equal(mok_json_int(log, "3.n", 0), mok_json_int(log, "0.n", 0) + 3);
	cJSON_Delete(log);
}

static void the_same_requests_give_the_same_answers(void **state)
{
	struct api_client one, two;

	(void)state;
	api_client_open(&one, NULL);
	api_client_open(&two, NULL);
	/* Looking does not disturb. */
	api_ask(&two, "GET", NULL, "/_sandbox/log");
	for (int i = 0; i < 3; i++) {
		const char *body = api_json(&one, "{'name':'v%d','region':'ams3'}", i);

		api_ask(&one, "POST", body, "/v2/vpcs");
		api_ask(&two, "POST", body, "/v2/vpcs");
		assert_int_equal(one.out.status, 201);
		assert_string_equal(one.out.body.data, two.out.body.data);
		assert_string_equal(header(&one, "x-request-id"), header(&two, "x-request-id"));
	}
	assert_string_equal(
		mok_sandbox_spaces_secret(one.sandbox), mok_sandbox_spaces_secret(two.sandbox));
	api_client_close(&one);
	api_client_close(&two);
}

static void another_seed_gives_other_ids(void **state)
{
	const struct mok_sandbox_options options = { .speed = 1, .seed = 8 };
	struct api_client other, *c = *state;

	api_client_open(&other, &options);
	api_ask(c, "GET", NULL, "/v2/account");
	api_ask(&other, "GET", NULL, "/v2/account");
	assert_string_not_equal(api_str(c, "account.uuid"), api_str(&other, "account.uuid"));
	assert_string_not_equal(
		mok_sandbox_spaces_key(c->sandbox), mok_sandbox_spaces_key(other.sandbox));
	api_client_close(&other);
}

/* ---- the directory ---- */

static void a_cloud_is_kept_and_locked(void **state)
{
	char base[] = "/tmp/mok-core-test-XXXXXX", dir[64];
	struct mok_sandbox_options options = { .dir = dir, .speed = 1, .seed = 3 };
	struct api_client client, *c = &client;
	struct mok_err err = { 0 };
	const char *key;

	(void)state;
	assert_non_null(mkdtemp(base));
	snprintf(dir, sizeof(dir), "%s/a/b", base);
	api_client_open(c, &options);
	make_domains(c, 1);
	assert_null(mok_sandbox_open(&options, &err));
	assert_int_equal(err.code, MOK_ERR_LOCKED);
	assert_int_equal(mok_sandbox_reset(dir, &err), -1);
	assert_int_equal(err.code, MOK_ERR_LOCKED);
	key = mok_arena_strdup(c->arena, mok_sandbox_spaces_key(c->sandbox));
	mok_sandbox_close(c->sandbox);

	/* Another seed: what is kept stays, and what is new is numbered on. */
	options.seed = 4;
	c->sandbox = mok_sandbox_open(&options, &err);
	assert_non_null(c->sandbox);
	assert_string_equal(mok_sandbox_spaces_key(c->sandbox), key);
	api_ask(c, "GET", NULL, "/v2/domains");
	assert_string_equal(api_str(c, "domains.0.name"), "d0.example");
	mok_sandbox_close(c->sandbox);

	assert_int_equal(mok_sandbox_stop(dir, &err), 0);
	assert_int_equal(mok_sandbox_reset(dir, &err), 0);
	c->sandbox = mok_sandbox_open(&options, &err);
	api_ask(c, "GET", NULL, "/v2/domains");
	assert_int_equal(api_int(c, "meta.total"), 0);
	api_client_close(c);
	assert_int_equal(mok_sandbox_reset(dir, &err), 0);
	snprintf(dir, sizeof(dir), "%s/a/b/lock", base);
	unlink(dir);
	for (size_t len = strlen(dir); len > strlen(base);) {
		while (dir[--len] != '/')
			;
		dir[len] = '\0';
		rmdir(dir);
	}
	assert_int_not_equal(access(base, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_token_is_needed, setup, teardown),
		cmocka_unit_test(only_the_named_tokens_open_it),
		cmocka_unit_test_setup_teardown(
			the_account_says_that_it_is_a_sandbox, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_told_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(a_segment_is_decoded_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_head_is_its_get, setup, teardown),
		cmocka_unit_test_setup_teardown(a_body_must_be_an_object, setup, teardown),
		cmocka_unit_test_setup_teardown(a_form_is_a_body_too, setup, teardown),
		cmocka_unit_test_setup_teardown(a_page_tells_where_the_others_are, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_pages_read_as_the_nearest, setup, teardown),
		cmocka_unit_test_setup_teardown(the_log_tells_what_was_made, setup, teardown),
		cmocka_unit_test(the_same_requests_give_the_same_answers),
		cmocka_unit_test_setup_teardown(another_seed_gives_other_ids, setup, teardown),
		cmocka_unit_test(a_cloud_is_kept_and_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
