/* Rate limits and faults of the sandbox. */
#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

static const char *header(const struct api_client *c, const char *name)
{
	for (size_t i = 0; i < c->out.nheaders; i++) {
		if (strcasecmp(c->out.headers[i].name, name) == 0)
			return c->out.headers[i].value;
	}
	return NULL;
}

static int64_t number_header(const struct api_client *c, const char *name)
{
	const char *text = header(c, name);
	int64_t value = -1;

	if (!text || !mok_parse_i64(text, &value))
		fail_msg("%s: %s", name, text ? text : "missing");
	return value;
}

static int get(struct api_client *c, const char *path)
{
	return api_ask(c, "GET", NULL, "%s", path);
}

static int make_domain(struct api_client *c, const char *name)
{
	return api_ask(c, "POST", api_json(c, "{'name':'%s'}", name), "/v2/domains");
}

/* ---- rate limits ---- */

static void burst(struct api_client *c, int count)
{
	for (int i = 0; i < count; i++)
		assert_int_equal(get(c, "/v2/account"), 200);
}

static void a_burst_is_refused_for_a_while(void **state)
{
	struct api_client client, *c = &client;

	(void)state;
	api_client_open(c, NULL);
	burst(c, 100);
	c->now_ms += 20000;
	burst(c, 150);
	assert_int_equal(number_header(c, "ratelimit-limit"), 5000);
	assert_int_equal(number_header(c, "ratelimit-remaining"), 4750);
	assert_int_equal(get(c, "/v2/account"), 429);
	assert_string_equal(api_str(c, "id"), "too_many_requests");
	assert_int_equal(number_header(c, "retry-after"), 40);
	assert_int_equal(number_header(c, "ratelimit-remaining"), 4750);
	c->now_ms += 40000;
	burst(c, 100);
	assert_null(header(c, "retry-after"));
	assert_int_equal(get(c, "/v2/account"), 429);
	api_client_close(c);
}

static void an_hour_has_its_limit_without_retry_after(void **state)
{
	struct api_client client, *c = &client;
	int64_t first_ms;

	(void)state;
	api_client_open(c, NULL);
	first_ms = c->now_ms;
	for (int i = 0; i < 20; i++) {
		burst(c, 250);
		c->now_ms += API_MINUTE_MS;
	}
	assert_int_equal(number_header(c, "ratelimit-remaining"), 0);
	assert_int_equal(get(c, "/v2/account"), 429);
	assert_null(header(c, "retry-after"));
	assert_int_equal(number_header(c, "ratelimit-reset"), first_ms / 1000 + 3600);
	c->now_ms = first_ms + 60 * API_MINUTE_MS;
	burst(c, 250);
	assert_int_equal(get(c, "/v2/account"), 429);
	api_client_close(c);
}

static void endpoints_of_the_cdn_are_a_family_of_their_own(void **state)
{
	struct api_client client, *c = &client;

	(void)state;
	api_client_open(c, NULL);
	for (int i = 0; i < 5; i++)
		assert_int_equal(get(c, "/v2/cdn/endpoints"), 200);
	assert_int_equal(number_header(c, "ratelimit-limit"), 5);
	assert_int_equal(get(c, "/v2/cdn/endpoints"), 429);
	assert_int_equal(number_header(c, "retry-after"), 10);
	burst(c, 250);
	c->now_ms += 10000;
	assert_int_equal(get(c, "/v2/cdn/endpoints"), 200);
	api_client_close(c);
}

static void limits_shrink_with_the_speed(void **state)
{
	struct mok_sandbox_options options = { .speed = 60 };
	struct api_client client, *c = &client;

	(void)state;
	api_client_open(c, &options);
	burst(c, 250);
	assert_int_equal(get(c, "/v2/account"), 429);
	assert_int_equal(number_header(c, "retry-after"), 1);
	c->now_ms += 1000;
	burst(c, 1);
	api_client_close(c);
	options.speed = 0;
	api_client_open(c, &options);
	burst(c, 6000);
	assert_int_equal(number_header(c, "ratelimit-limit"), 5000);
	api_client_close(c);
}

/* ---- faults ---- */

static void open_with(struct api_client *c, const char *faults)
{
	struct mok_arena *arena = mok_arena_new();
	char *text = mok_arena_strdup(arena, faults);
	struct mok_sandbox_options options = { .speed = 1, .seed = 5, .faults = text };

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	api_client_open(c, &options);
	mok_arena_free(arena);
}

static void close_checking_log(struct api_client *c, const char *wanted)
{
	struct mok_buf log;

	mok_buf_init(&log, (size_t)1 << 20);
	assert_int_equal(mok_sandbox_log(c->sandbox, &log), 0);
	if (!strstr(log.data, wanted))
		fail_msg("no %s in %s", wanted, log.data);
	mok_buf_release(&log);
	api_client_close(c);
}

static void before_leaves_nothing_and_after_all(void **state)
{
	static const char *const kinds[] = { "drop", "hang" };
	struct api_client client, *c = &client;

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(kinds); i++) {
		char faults[256], logged[64];

		snprintf(faults, sizeof(faults),
			"[{'match':{'write':2},'do':'%s','when':'before'},"
			"{'match':{'write':4},'do':'%s','when':'after'}]",
			kinds[i], kinds[i]);
		open_with(c, faults);
		assert_int_equal(make_domain(c, "a.example"), 201);
		make_domain(c, "b.example");
		assert_true(i == 0 ? c->out.dropped : c->out.hung);
		assert_int_equal(get(c, "/v2/domains/b.example"), 404);
		assert_int_equal(make_domain(c, "b.example"), 201);
		assert_false(c->out.dropped || c->out.hung);
		make_domain(c, "c.example");
		assert_true(i == 0 ? c->out.dropped : c->out.hung);
		assert_int_equal(get(c, "/v2/domains/c.example"), 200);
		snprintf(logged, sizeof(logged), "\"fault\":\"%s-before\"", kinds[i]);
		close_checking_log(c, logged);
	}
}

static void the_log_of_a_fault_tells_what_was_committed(void **state)
{
	struct api_client client, *c = &client;

	(void)state;
	open_with(c,
		"{'rules':[{'match':{'method':'POST'},'do':'status','status':502,"
		"'body':'<html>Bad Gateway</html>','headers':{'x-edge':'1'},'when':'after'}]}");
	assert_int_equal(make_domain(c, "a.example"), 502);
	assert_string_equal(c->out.body.data, "<html>Bad Gateway</html>");
	assert_string_equal(header(c, "content-type"), "text/html");
	assert_string_equal(header(c, "x-edge"), "1");
	assert_int_equal(get(c, "/v2/domains/a.example"), 200);
	close_checking_log(c,
		"\"status\":201,\"write\":true,\"creates\":[\"domain:a.example\"],"
		"\"fault\":\"status-after\"");
}

static void a_rule_meets_what_it_says(void **state)
{
	struct api_client client, *c = &client;

	(void)state;
	open_with(c,
		"[{'match':{'path':'/v2/dom*','every':3},'do':'status','status':412},"
		"{'match':{'path':'/v2/account'},'do':'not_found','times':2}]");
	assert_int_equal(get(c, "/v2/account"), 404);
	assert_string_equal(api_str(c, "id"), "not_found");
	assert_int_equal(get(c, "/v2/account"), 404);
	assert_int_equal(get(c, "/v2/account"), 200);
	for (int i = 1; i <= 6; i++)
		assert_int_equal(get(c, "/v2/domains"), i % 3 == 0 ? 412 : 200);
	assert_int_equal(get(c, "/v2/tags"), 200);
	api_client_close(c);
}

static void chance_is_the_seeds(void **state)
{
	struct api_client client, *c = &client;
	int met[2] = { 0, 0 };

	(void)state;
	for (int round = 0; round < 2; round++) {
		open_with(c, "[{'match':{'probability':0.3},'do':'status','status':503}]");
		for (int i = 0; i < 200; i++)
			met[round] += get(c, "/v2/tags") == 503;
		api_client_close(c);
	}
	assert_int_equal(met[0], met[1]);
	assert_in_range(met[0], 35, 85);
}

static void both_kinds_of_429(void **state)
{
	struct api_client client, *c = &client;

	(void)state;
	open_with(
		c, "[{'match':{'nth':1},'do':'burst_429'},{'match':{'nth':2},'do':'hourly_429'}]");
	assert_int_equal(get(c, "/v2/tags"), 429);
	assert_non_null(header(c, "retry-after"));
	assert_int_equal(get(c, "/v2/tags"), 429);
	assert_null(header(c, "retry-after"));
	assert_int_equal(number_header(c, "ratelimit-remaining"), 0);
	assert_int_equal(get(c, "/v2/tags"), 200);
	api_client_close(c);
}

static void answers_are_cut_and_changed(void **state)
{
	struct api_client client, *c = &client;

	(void)state;
	open_with(c,
		"[{'match':{'path':'/v2/tags'},'do':'truncate'},"
		"{'match':{'path':'/v2/account'},'do':'unknown','value':'resting'},"
		"{'match':{'path':'/v2/vpcs'},'do':'delay','ms':70}]");
	assert_int_equal(get(c, "/v2/tags"), 200);
	assert_true(c->out.body.len > 0);
	assert_null(c->json);
	assert_int_equal(get(c, "/v2/account"), 200);
	assert_string_equal(api_str(c, "account.status"), "resting");
	assert_true(api_has(c, "account.team.sandbox_unknown"));
	assert_int_equal(get(c, "/v2/vpcs"), 200);
	assert_int_equal(c->out.delay_ms, 70);
	api_client_close(c);
}

static void what_is_new_is_not_seen_at_once(void **state)
{
	struct api_client client, *c = &client;

	(void)state;
	open_with(c,
		"[{'match':{'method':'POST'},'do':'lag','ms':5000},"
		"{'match':{'method':'POST'},'do':'list_lag','ms':2000},"
		"{'match':{'method':'DELETE'},'do':'list_lag','ms':3000}]");
	assert_int_equal(make_domain(c, "a.example"), 201);
	c->now_ms += 4999;
	assert_int_equal(get(c, "/v2/domains/a.example"), 404);
	assert_int_equal(make_domain(c, "a.example"), 422);
	c->now_ms += 1;
	assert_int_equal(get(c, "/v2/domains/a.example"), 200);
	get(c, "/v2/domains");
	assert_int_equal(api_int(c, "meta.total"), 0);
	c->now_ms += 2000;
	get(c, "/v2/domains");
	assert_int_equal(api_int(c, "meta.total"), 1);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/domains/a.example"), 204);
	assert_int_equal(get(c, "/v2/domains/a.example"), 404);
	get(c, "/v2/domains");
	assert_int_equal(api_len(c, "domains"), 1);
	c->now_ms += 3000;
	get(c, "/v2/domains");
	assert_int_equal(api_len(c, "domains"), 0);
	api_client_close(c);
}

static void a_cloud_may_lag_as_a_whole(void **state)
{
	const struct mok_sandbox_options options = { .seed = 2, .lag_ms = 1000 };
	struct api_client client, *c = &client;
	int late = 0;

	(void)state;
	api_client_open(c, &options);
	for (int i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%d.example", i);
		assert_int_equal(make_domain(c, name), 201);
		late += api_ask(c, "GET", NULL, "/v2/domains/%s", name) == 404;
		c->now_ms += 1000;
		assert_int_equal(api_ask(c, "GET", NULL, "/v2/domains/%s", name), 200);
	}
	assert_in_range(late, 15, 20);
	api_client_close(c);
}

static void pages_move_between_requests(void **state)
{
	struct api_client client, *c = &client;

	(void)state;
	open_with(c, "[{'match':{'path':'/v2/domains','nth':7},'do':'shift','by':1}]");
	for (int i = 0; i < 5; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%d.example", i);
		make_domain(c, name);
	}
	get(c, "/v2/domains?per_page=2&page=2");
	assert_string_equal(api_str(c, "domains.0.name"), "d2.example");
	get(c, "/v2/domains?per_page=2&page=2");
	assert_string_equal(api_str(c, "domains.0.name"), "d3.example");
	api_client_close(c);
}

static void a_file_that_cannot_be_read_is_refused(void **state)
{
	static const char *const bad[] = { "{", "7", "{}", "[7]", "[{}]", "[{\"do\":\"nothing\"}]",
		"[{\"do\":\"drop\",\"when\":\"later\"}]", "[{\"do\":\"status\",\"status\":7}]" };

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(bad); i++) {
		const struct mok_sandbox_options options = { .faults = bad[i] };
		struct mok_err err = { 0 };

		assert_null(mok_sandbox_open(&options, &err));
		assert_int_equal(err.code, MOK_ERR_INPUT);
		assert_non_null(strstr(err.msg, "faults: "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_is_refused_for_a_while),
		cmocka_unit_test(an_hour_has_its_limit_without_retry_after),
		cmocka_unit_test(endpoints_of_the_cdn_are_a_family_of_their_own),
		cmocka_unit_test(limits_shrink_with_the_speed),
		cmocka_unit_test(before_leaves_nothing_and_after_all),
		cmocka_unit_test(the_log_of_a_fault_tells_what_was_committed),
		cmocka_unit_test(a_rule_meets_what_it_says),
		cmocka_unit_test(chance_is_the_seeds),
		cmocka_unit_test(both_kinds_of_429),
		cmocka_unit_test(answers_are_cut_and_changed),
		cmocka_unit_test(what_is_new_is_not_seen_at_once),
		cmocka_unit_test(a_cloud_may_lag_as_a_whole),
		cmocka_unit_test(pages_move_between_requests),
		cmocka_unit_test(a_file_that_cannot_be_read_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
