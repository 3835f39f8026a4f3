/* CDN endpoints in the sandbox. */
#include "api_client.h"
#include "s3_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ENDPOINTS "/v2/cdn/endpoints"
#define ORIGIN "media.ams3.digitaloceanspaces.com"

struct fixture {
	struct s3_client s3; /* owns the cloud */
	struct api_client api;
};

static int setup(void **state)
{
	static struct fixture f;

	s3_client_open(&f.s3, NULL);
	f.s3.region = "ams3";
	f.s3.host = "ams3.digitaloceanspaces.com";
	f.api = (struct api_client){
		.sandbox = f.s3.sandbox, .arena = f.s3.arena, .now_ms = f.s3.now_ms
	};
	mok_sandbox_response_init(&f.api.out);
	assert_int_equal(s3_client_text(&f.s3, "PUT", "/media", NULL), 200);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cJSON_Delete(f->api.json);
	mok_sandbox_response_release(&f->api.out);
	s3_client_close(&f->s3);
	return 0;
}

static const char *make_endpoint(struct api_client *c)
{
	if (api_ask(c, "POST", api_json(c, "{'origin':'" ORIGIN "'}"), ENDPOINTS) != 201)
		fail_msg("%s", c->out.body.data);
	return api_str(c, "endpoint.id");
}

static void an_endpoint_is_a_buckets(void **state)
{
	static const char *const wrong[] = {
		"{'origin':'other.ams3.digitaloceanspaces.com'}",
		"{'origin':'media.nyc3.digitaloceanspaces.com'}",
		"{'origin':'media.ams3.example.com'}",
		"{'origin':'media'}",
		"{'ttl':3600}",
		"{'origin':'" ORIGIN "','ttl':61}",
	};
	struct api_client *c = &((struct fixture *)*state)->api;

	for (size_t i = 0; i < MOK_COUNT(wrong); i++)
		if (api_ask(c, "POST", api_json(c, "%s", wrong[i]), ENDPOINTS) != 422)
			fail_msg("taken: %s", wrong[i]);
	make_endpoint(c);
	assert_string_equal(
		api_str(c, "endpoint.endpoint"), "media.ams3.cdn.digitaloceanspaces.com");
	assert_string_equal(api_str(c, "endpoint.origin"), ORIGIN);
	assert_int_equal(api_int(c, "endpoint.ttl"), 3600);
	assert_int_equal(
		api_ask(c, "POST", api_json(c, "{'origin':'" ORIGIN "'}"), ENDPOINTS), 409);
	api_ask(c, "GET", NULL, ENDPOINTS);
	assert_int_equal(api_int(c, "meta.total"), 1);
}

static void an_endpoint_is_changed_and_purged(void **state)
{
	struct api_client *c = &((struct fixture *)*state)->api;
	const char *id = make_endpoint(c);

	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'ttl':60}"), ENDPOINTS "/%s", id), 200);
	assert_int_equal(api_int(c, "endpoint.ttl"), 60);
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'ttl':0}"), ENDPOINTS "/%s", id), 422);
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'custom_domain':'m.a.example'}"),
				 ENDPOINTS "/%s", id),
		422);
	assert_int_equal(
		api_ask(c, "PUT",
			api_json(c, "{'custom_domain':'m.a.example','certificate_id':'none'}"),
			ENDPOINTS "/%s", id),
		422);
	assert_int_equal(api_ask(c, "PUT",
				 api_json(c,
					 "{'custom_domain':'m.a.example',"
					 "'certificate_id':'needs-cloudflare-cert'}"),
				 ENDPOINTS "/%s", id),
		200);
	assert_string_equal(api_str(c, "endpoint.custom_domain"), "m.a.example");
	assert_int_equal(api_int(c, "endpoint.ttl"), 60);
	assert_int_equal(
		api_ask(c, "DELETE", api_json(c, "{'files':['*']}"), ENDPOINTS "/%s/cache", id),
		204);
	assert_int_equal(api_ask(c, "DELETE", "{}", ENDPOINTS "/%s/cache", id), 422);
	assert_int_equal(api_ask(c, "DELETE", NULL, ENDPOINTS "/%s", id), 204);
	assert_int_equal(api_ask(c, "GET", NULL, ENDPOINTS "/%s", id), 404);
	make_endpoint(c);
}

static const char *header(const struct api_client *c, const char *name)
{
	for (size_t i = 0; i < c->out.nheaders; i++)
		if (strcmp(c->out.headers[i].name, name) == 0)
			return c->out.headers[i].value;
	fail_msg("no header %s", name);
	return NULL;
}

static void endpoints_have_a_limit_of_their_own(void **state)
{
	struct api_client c;

	(void)state;
	api_client_open(&c, NULL);
	for (int left = 4; left >= 0; left--) {
		assert_int_equal(api_ask(&c, "GET", NULL, ENDPOINTS), 200);
		assert_string_equal(header(&c, "ratelimit-limit"), "5");
		assert_string_equal(
			header(&c, "ratelimit-remaining"), mok_arena_printf(c.arena, "%d", left));
	}
	assert_int_equal(api_ask(&c, "GET", NULL, ENDPOINTS), 429);
	assert_string_equal(api_str(&c, "id"), "too_many_requests");
	assert_int_equal(api_ask(&c, "GET", NULL, "/v2/domains"), 200);
	assert_string_equal(header(&c, "ratelimit-limit"), "5000");
	c.now_ms += 10000;
	assert_int_equal(api_ask(&c, "GET", NULL, ENDPOINTS), 200);
	api_client_close(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_endpoint_is_a_buckets),
		TEST(an_endpoint_is_changed_and_purged),
		cmocka_unit_test(endpoints_have_a_limit_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
