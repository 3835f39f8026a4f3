/* Retries, budgets, redirects and order, against a script of answers on a virtual clock. */
#include "fake_env.h"
#include "mok/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TOKEN "dop_v1_0123456789abcdef"
#define MAX_SEEN 512

struct answer {
	int status; /* 0: the connection is reset; -1: could not connect */
	const char *body;
	struct mok_header headers[4];
};

struct fixture {
	struct fake_env *fake;
	struct mok_loop *loop;
	struct mok_http *http;
	const struct answer *script; /* the last one repeats */
	size_t nscript;
	size_t nseen, ndone, nfailed;
	char urls[MAX_SEEN][96];
	int64_t times[MAX_SEEN];
	int under_way, most_under_way;
	int last_status;
	enum mok_net_fail last_fail;
	struct mok_err last_err;
	char last_body[64];
	char authorization[256];
	int64_t done_at;
	bool limits; /* answers as the API's sliding windows do */
	int64_t limit, window_ms, used[MAX_SEEN];
	size_t nused, refused;
};

static const struct answer *next_answer(const struct fixture *f)
{
	size_t i = f->nseen - 1;

	return &f->script[i < f->nscript ? i : f->nscript - 1];
}

static void serve_limits(struct fixture *f, struct fake_env *env, struct mok_exchange *x)
{
	int64_t now = fake_env_mono_ms(env);
	size_t live = 0;
	char text[32];

	for (size_t i = 0; i < f->nused; i++)
		if (f->used[i] + f->window_ms > now)
			f->used[live++] = f->used[i];
	f->nused = live;
	x->status = 200;
	if ((int64_t)live >= f->limit) {
		x->status = 429;
		f->refused++;
	} else {
		f->used[f->nused++] = now;
	}
	snprintf(text, sizeof(text), "%lld", (long long)f->limit);
	mok_exchange_add_header(x, "RateLimit-Limit", text);
	snprintf(text, sizeof(text), "%lld", (long long)(f->limit - (int64_t)f->nused));
	mok_exchange_add_header(x, "RateLimit-Remaining", text);
	snprintf(text, sizeof(text), "%lld",
		(long long)((fake_env_wall_ms(env) + f->used[0] + f->window_ms - now) / 1000 + 1));
	mok_exchange_add_header(x, "RateLimit-Reset", text);
}

static int64_t serve(void *self, struct fake_env *env, struct mok_exchange *x)
{
	struct fixture *f = self;
	const struct answer *a;

	assert_true(f->nseen < MAX_SEEN);
	snprintf(f->urls[f->nseen], sizeof(f->urls[0]), "%s %s", x->method, x->url);
	f->times[f->nseen++] = fake_env_mono_ms(env);
	for (size_t i = 0; i < x->nheaders; i++)
		if (mok_streq(x->headers[i].name, "Authorization"))
			snprintf(f->authorization, sizeof(f->authorization), "%s",
				x->headers[i].value);
	if (f->limits) {
		serve_limits(f, env, x);
		return 50;
	}
	a = next_answer(f);
	x->status = a->status;
	if (a->status <= 0) {
		x->fail = a->status ? MOK_NET_NOT_SENT : MOK_NET_UNKNOWN;
		snprintf(x->fail_text, sizeof(x->fail_text), "reset, %s", TOKEN);
	}
	for (size_t i = 0; i < MOK_COUNT(a->headers) && a->headers[i].name; i++)
		mok_exchange_add_header(x, a->headers[i].name, a->headers[i].value);
	if (a->body)
		mok_buf_puts(&x->response, a->body);
	return 0;
}

static struct fake_fate fate(void *self, struct fake_env *env, struct mok_exchange *x)
{
	(void)self;
	(void)env;
	(void)x;
	return (struct fake_fate){ .kind = FAKE_ARRIVES, .up_ms = 1, .down_ms = 1 };
}

static void open_with(struct fixture *f, const struct mok_http_options *options)
{
	struct fake_hooks hooks = { .self = f, .serve = serve, .fate = fate };
	struct mok_err err;

	f->fake = fake_env_new(11, &hooks);
	f->loop = mok_loop_new(fake_env_get(f->fake));
	f->http = mok_http_new(f->loop, options, &err);
	assert_non_null(f->http);
}

static struct fixture *open_fixture(const struct answer *script, size_t n)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct mok_http_options options = {
		.token = TOKEN, .spaces_key = "KEY", .spaces_secret = "spaces-secret-value"
	};

	assert_non_null(f);
	f->script = script;
	f->nscript = n;
	open_with(f, &options);
	return f;
}

static void close_fixture(struct fixture *f)
{
	mok_http_free(f->http);
	mok_loop_free(f->loop);
	fake_env_free(f->fake);
	free(f);
}

static void done(void *ctx, const struct mok_http_reply *reply)
{
	struct fixture *f = ctx;

	f->ndone++;
	f->last_status = reply->status;
	f->last_fail = reply->fail;
	f->done_at = mok_loop_now(f->loop);
	snprintf(f->last_body, sizeof(f->last_body), "%s", reply->body);
	memset(&f->last_err, 0, sizeof(f->last_err));
	if (reply->fail != MOK_NET_OK || reply->status >= 300) {
		f->nfailed++;
		f->last_err = *reply->err;
	}
}

static void send(struct fixture *f, const char *method, const char *path, enum mok_retry retry)
{
	mok_http_send(f->http,
		&(struct mok_wire_request){ .method = method, .path = path, .retry = retry }, done,
		f);
}

static void run(struct fixture *f)
{
	struct mok_err err;

	assert_int_equal(mok_loop_run(f->loop, NULL, NULL, &err), 0);
}

/* ---- retries ---- */

static void what_is_safe_is_sent_again_until_it_works(void **state)
{
	static const struct answer script[] = { { .status = 500 }, { .status = 0 },
		{ .status = -1 }, { .status = 502 }, { .status = 200, .body = "ok" } };
	struct fixture *f = open_fixture(script, MOK_COUNT(script));

	(void)state;
	send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
	run(f);
	assert_int_equal(f->nseen, 5);
	assert_int_equal(f->ndone, 1);
	assert_int_equal(f->last_status, 200);
	assert_string_equal(f->last_body, "ok");
	for (size_t i = 1; i < f->nseen; i++)
		assert_in_range(
			f->times[i] - f->times[i - 1], 250 << (i - 1), (500 << (i - 1)) + 2);
	assert_int_equal(mok_http_stats(f->http).requests, 5);
	assert_int_equal(mok_http_stats(f->http).retries, 4);
	close_fixture(f);
}

/* A 200 of a proxy on the way. */
static void what_is_no_answer_of_the_api_is_asked_again(void **state)
{
	static const struct answer script[] = { { .status = 200, .body = "<html>x</html>" },
		{ .status = 200 }, { .status = 200, .body = "{\"a\":" },
		{ .status = 200, .body = " {\"a\":1}\n" } };
	struct fixture *f = open_fixture(script, MOK_COUNT(script));
	const struct mok_wire_request request = {
		.method = "GET", .path = "/v2/vpcs", .is_whole = mok_http_is_object
	};

	(void)state;
	mok_http_send(f->http, &request, done, f);
	run(f);
	assert_int_equal(f->ndone, 1);
	assert_int_equal(f->nseen, MOK_COUNT(script));
	close_fixture(f);
}

static void it_gives_up_after_its_tries(void **state)
{
	static const struct answer script[] = { { .status = 503, .body = "<html>x</html>" } };
	struct fixture *f = open_fixture(script, 1);

	(void)state;
	send(f, "DELETE", "/v2/vpcs/1", MOK_RETRY_SAFE);
	run(f);
	assert_int_equal(f->nseen, 6);
	assert_int_equal(f->last_status, 503);
	assert_int_equal(f->last_err.code, MOK_ERR_NET);
	close_fixture(f);
}

static void definite_answers_are_not_asked_for_twice(void **state)
{
	static const int statuses[] = { 200, 204, 400, 401, 403, 404, 409, 412, 422, 501 };

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(statuses); i++) {
		struct answer script = { .status = statuses[i] };
		struct fixture *f = open_fixture(&script, 1);

		send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
		run(f);
		assert_int_equal(f->nseen, 1);
		assert_int_equal(f->last_status, statuses[i]);
		close_fixture(f);
	}
}

static void a_creation_of_unknown_outcome_is_never_sent_again(void **state)
{
	static const int statuses[] = { 0, 500, 502, 503, 504, 422 };

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(statuses); i++) {
		struct answer script = { .status = statuses[i] };
		struct fixture *f = open_fixture(&script, 1);

		send(f, "POST", "/v2/vpcs", MOK_RETRY_NEVER);
		run(f);
		assert_int_equal(f->nseen, 1);
		assert_int_equal(f->ndone, 1);
		assert_int_equal(f->last_fail, statuses[i] ? MOK_NET_OK : MOK_NET_UNKNOWN);
		close_fixture(f);
	}
}

static void a_creation_that_surely_did_not_happen_is_sent_again(void **state)
{
	static const struct answer script[] = { { .status = -1 }, { .status = 429 },
		{ .status = -1 }, { .status = 201 } };
	struct fixture *f = open_fixture(script, MOK_COUNT(script));

	(void)state;
	send(f, "POST", "/v2/vpcs", MOK_RETRY_NEVER);
	run(f);
	assert_int_equal(f->nseen, 4);
	assert_int_equal(f->last_status, 201);
	close_fixture(f);
}

static void at_full_speed_nothing_waits_long(void **state)
{
	static const struct answer script[] = { { .status = 500 }, { .status = 500 },
		{ .status = 429, .headers = { { "retry-after", "60" } } }, { .status = 200 } };
	struct fixture *f = open_fixture(script, MOK_COUNT(script));
	struct fake_hooks hooks = { .self = f, .serve = serve, .fate = fate };
	struct mok_http_options options = { .token = TOKEN };
	int64_t start;
	struct mok_err err;

	(void)state;
	mok_http_free(f->http);
	mok_loop_free(f->loop);
	fake_env_free(f->fake);
	f->fake = fake_env_new(2, &hooks);
	fake_env_set_speed(f->fake, 0);
	f->loop = mok_loop_new(fake_env_get(f->fake));
	f->http = mok_http_new(f->loop, &options, &err);
	start = mok_loop_now(f->loop);
	send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
	run(f);
	assert_int_equal(f->nseen, 4);
	assert_in_range(f->done_at - start, 4 * 2 + 3, 4 * 2 + 3 + 3);
	close_fixture(f);
}

/* ---- refusals and budgets ---- */

static void retry_after_is_kept_for_the_whole_family(void **state)
{
	static const struct answer script[] = {
		{ .status = 429, .headers = { { "retry-after", "7" } } }, { .status = 200 }
	};
	struct fixture *f = open_fixture(script, MOK_COUNT(script));

	(void)state;
	send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
	run(f);
	assert_int_equal(f->nseen, 2);
	assert_in_range(f->times[1] - f->times[0], 7000, 7300);
	assert_int_equal(mok_http_stats(f->http).throttled, 1);
	close_fixture(f);
}

static void a_refused_family_waits_and_the_others_go_on(void **state)
{
	static const struct answer script[] = {
		{ .status = 429, .headers = { { "retry-after", "9" } } }, { .status = 200 }
	};
	struct fixture *f = open_fixture(script, MOK_COUNT(script));
	int64_t start = mok_loop_now(f->loop);
	struct mok_err err;

	(void)state;
	send(f, "GET", "/v2/cdn/endpoints", MOK_RETRY_SAFE);
	while (f->nseen == 0)
		assert_int_equal(
			fake_env_get(f->fake)->net.wait(fake_env_get(f->fake)->net.self, start + 2),
			0);
	send(f, "GET", "/v2/cdn/endpoints/1", MOK_RETRY_SAFE);
	send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
	assert_int_equal(mok_loop_run(f->loop, NULL, NULL, &err), 0);
	assert_int_equal(f->ndone, 3);
	assert_string_equal(f->urls[1], "GET https://api.digitalocean.com/v2/vpcs");
	assert_true(f->times[1] - start < 100);
	assert_true(f->times[2] - start >= 9000);
	assert_true(f->times[3] - start >= 9000);
	/* The oldest goes first. */
	assert_string_equal(f->urls[2], "GET https://api.digitalocean.com/v2/cdn/endpoints");
	close_fixture(f);
}

static void without_retry_after_the_reset_tells(void **state)
{
	char reset[32];
	struct answer script[] = { { .status = 429,
					   .headers = { { "ratelimit-limit", "5000" },
						   { "ratelimit-remaining", "0" },
						   { "ratelimit-reset", reset } } },
		{ .status = 200 } };
	struct fixture *f = open_fixture(script, MOK_COUNT(script));

	(void)state;
	snprintf(reset, sizeof(reset), "%lld", (long long)(fake_env_wall_ms(f->fake) / 1000 + 20));
	send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
	run(f);
	assert_int_equal(f->nseen, 2);
	assert_in_range(f->times[1] - f->times[0], 19000, 20500);
	close_fixture(f);
}

static void without_any_header_nothing_is_paced(void **state)
{
	static const struct answer script[] = { { .status = 200 } };
	struct fixture *f = open_fixture(script, 1);
	int64_t start = mok_loop_now(f->loop);

	(void)state;
	for (int i = 0; i < 500; i++)
		send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
	run(f);
	assert_int_equal(f->ndone, 500);
	assert_true(f->done_at - start <= 2 * 50);
	assert_int_equal(mok_http_stats(f->http).waited_ms, 0);
	close_fixture(f);
}

static void a_minute_gets_its_share_of_the_hour(void **state)
{
	static const struct answer script[] = { { .status = 200,
		.headers = { { "ratelimit-limit", "1000" }, { "ratelimit-remaining", "900" },
			{ "ratelimit-reset", "0" } } } };
	struct fixture *f = open_fixture(script, 1);

	(void)state;
	for (int i = 0; i < 200; i++)
		send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
	run(f);
	assert_int_equal(f->ndone, 200);
	/* 1000 an hour are 50 a minute, of which 45 are ours. */
	for (size_t i = 45; i < f->nseen; i++)
		assert_true(f->times[i] - f->times[i - 45] >= 60000);
	assert_true(f->done_at - f->times[0] < 5 * 60000);
	assert_true(mok_http_stats(f->http).waited_ms > 3 * 60000);
	close_fixture(f);
}

static void the_owner_keeps_a_tenth(void **state)
{
	struct fixture *f = open_fixture(NULL, 0);
	int64_t most = 0;

	(void)state;
	f->limits = true;
	f->limit = 40;
	f->window_ms = 20000;
	for (int i = 0; i < 90; i++)
		send(f, "GET", "/v2/cdn/endpoints", MOK_RETRY_SAFE);
	run(f);
	assert_int_equal(f->ndone, 90);
	assert_int_equal(f->nfailed, 0);
	assert_int_equal(f->refused, 0);
	for (size_t i = 0; i < f->nseen; i++) {
		int64_t n = 0;

		for (size_t k = 0; k <= i; k++)
			n += f->times[k] > f->times[i] - f->window_ms;
		most = n > most ? n : most;
	}
	/* The reserve, and one that goes to ask. */
	assert_true(most <= 37);
	close_fixture(f);
}

static void what_is_refused_for_hours_is_an_error(void **state)
{
	static const struct answer script[] = { { .status = 429,
		.body = "{\"id\":\"too_many_requests\",\"message\":\"API Rate limit "
			"exceeded.\"}" } };
	struct fixture *f = open_fixture(script, 1);
	int64_t start = mok_loop_now(f->loop);

	(void)state;
	send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
	run(f);
	assert_int_equal(f->ndone, 1);
	assert_int_equal(f->last_status, 429);
	assert_true(f->done_at - start > 3600000);
	assert_true(f->nseen < 100);
	assert_non_null(strstr(f->last_err.msg, "API Rate limit exceeded."));
	assert_true(f->last_err.hint[0]);
	close_fixture(f);
}

/* ---- order and slots ---- */

static int64_t serve_slowly(void *self, struct fake_env *env, struct mok_exchange *x)
{
	struct fixture *f = self;

	(void)env;
	snprintf(f->urls[f->nseen++], sizeof(f->urls[0]), "%s", x->url);
	f->under_way++;
	f->most_under_way = f->under_way > f->most_under_way ? f->under_way : f->most_under_way;
	x->status = 200;
	return 100;
}

static void done_slowly(void *ctx, const struct mok_http_reply *reply)
{
	struct fixture *f = ctx;

	(void)reply;
	f->under_way--;
	f->ndone++;
}

static void only_so_many_are_under_way_and_in_order(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct fake_hooks hooks = { .self = f, .serve = serve_slowly };
	struct mok_http_options options = { .token = TOKEN, .parallelism = 3 };
	struct mok_err err;
	char path[32];

	(void)state;
	assert_non_null(f);
	f->fake = fake_env_new(1, &hooks);
	f->loop = mok_loop_new(fake_env_get(f->fake));
	f->http = mok_http_new(f->loop, &options, &err);
	assert_non_null(f->http);
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "/v2/vpcs/%d", i);
		mok_http_send(f->http, &(struct mok_wire_request){ .method = "GET", .path = path },
			done_slowly, f);
		memset(path, 'x', sizeof(path)); /* it was copied */
	}
	run(f);
	assert_int_equal(f->ndone, 20);
	assert_int_equal(f->most_under_way, 3);
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "/v2/vpcs/%d", i);
		assert_true(mok_ends(f->urls[i], path));
	}
	close_fixture(f);
}

static void freeing_it_with_all_states_of_requests_is_silent(void **state)
{
	static const struct answer script[] = { { .status = 500 } };
	struct fixture *f = open_fixture(script, 1);
	struct mok_err err;

	(void)state;
	for (int i = 0; i < 30; i++)
		send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
	fake_env_kill_at(f->fake, fake_env_steps(f->fake) + 25);
	assert_int_equal(mok_loop_run(f->loop, NULL, NULL, &err), -1);
	assert_int_equal(f->ndone, 0);
	close_fixture(f);
}

/* ---- endpoints, redirects ---- */

static struct mok_http *try_urls(struct fixture *f, const char *api, const char *spaces,
	const char *token, struct mok_err *err)
{
	struct mok_http_options options = { .api_url = api, .spaces_url = spaces, .token = token };

	return mok_http_new(f->loop, &options, err);
}

static void plain_http_is_for_this_machine_only(void **state)
{
	static const char *const good[] = { "https://api.example.com", "https://api.example.com/",
		"http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080",
		"http://127.9.8.7" };
	static const char *const bad[] = { "http://api.example.com", "ftp://localhost", "localhost",
		"http://127.0.0.1@evil.example/", "http://127.0.0.1.evil.example",
		"http://localhost.evil.example", "https://", "https://a b", "https://a?b", "",
		"http://0x7f.0.0.1", "http://128.0.0.1" };
	struct fixture *f = open_fixture(NULL, 0);
	struct mok_err err;

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(good); i++) {
		struct mok_http *http = try_urls(f, good[i], NULL, TOKEN, &err);

		assert_non_null(http);
		mok_http_free(http);
	}
	for (size_t i = 0; i < MOK_COUNT(bad); i++) {
		memset(&err, 0, sizeof(err));
		assert_null(try_urls(f, bad[i], NULL, TOKEN, &err));
		assert_int_equal(err.code, MOK_ERR_INPUT);
		assert_null(try_urls(f, NULL, bad[i], TOKEN, &err));
	}
	assert_null(try_urls(f, NULL, "http://{{.Region}}.example.com", TOKEN, &err));
	assert_null(try_urls(f, NULL, NULL, "dop_v1_x\r\nX-Evil: 1", &err));
	assert_null(strstr(err.msg, "dop_v1_x"));
	close_fixture(f);
}

static void a_region_fills_the_endpoint_and_signs(void **state)
{
	static const struct answer script[] = { { .status = 200 } };
	struct fixture *f = open_fixture(script, 1);

	(void)state;
	mok_http_send(f->http,
		&(struct mok_wire_request){ .method = "GET",
			.path = "/media",
			.query = "acl",
			.region = "ams3",
			.auth = MOK_AUTH_SIGV4 },
		done, f);
	run(f);
	assert_string_equal(f->urls[0], "GET https://ams3.digitaloceanspaces.com/media?acl");
	assert_non_null(strstr(f->authorization, "Credential=KEY/20260301/ams3/s3/aws4_request"));
	f->nseen = 0;
	mok_http_send(f->http,
		&(struct mok_wire_request){ .method = "GET",
			.path = "/media",
			.region = "evil.example/",
			.auth = MOK_AUTH_SIGV4 },
		done, f);
	run(f);
	assert_int_equal(f->nseen, 0);
	assert_int_equal(f->ndone, 2);
	assert_int_equal(f->last_fail, MOK_NET_NOT_SENT);
	assert_int_equal(f->last_err.code, MOK_ERR_INPUT);
	close_fixture(f);
}

static void missing_keys_are_an_error_with_a_hint(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct mok_http_options options = { 0 };

	(void)state;
	assert_non_null(f);
	open_with(f, &options);
	send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
	assert_int_equal(f->ndone, 0); /* never from inside send */
	run(f);
	assert_int_equal(f->ndone, 1);
	assert_int_equal(f->nseen, 0);
	assert_non_null(strstr(f->last_err.hint, "DIGITALOCEAN_TOKEN"));
	mok_http_send(f->http,
		&(struct mok_wire_request){
			.method = "GET", .path = "/b", .region = "ams3", .auth = MOK_AUTH_SIGV4 },
		done, f);
	run(f);
	assert_int_equal(f->nseen, 0);
	assert_non_null(strstr(f->last_err.hint, "SPACES_ACCESS_KEY_ID"));
	close_fixture(f);
}

static void a_redirect_on_the_same_host_is_followed_once(void **state)
{
	static const struct answer script[] = {
		{ .status = 301, .headers = { { "Location", "/v2/vpcs/2" } } },
		{ .status = 200, .body = "two" },
		{ .status = 302,
			.headers = { { "Location", "https://api.digitalocean.com/v2/3" } } },
		{ .status = 302, .headers = { { "Location", "/v2/4" } } }
	};
	struct fixture *f = open_fixture(script, MOK_COUNT(script));

	(void)state;
	send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
	run(f);
	assert_int_equal(f->last_status, 200);
	assert_string_equal(f->last_body, "two");
	assert_string_equal(f->urls[1], "GET https://api.digitalocean.com/v2/vpcs/2");
	send(f, "GET", "/v2/1", MOK_RETRY_SAFE);
	run(f);
	assert_int_equal(f->nseen, 4);
	assert_int_equal(f->last_status, 302);
	assert_int_equal(f->last_err.code, MOK_ERR_API);
	close_fixture(f);
}

static void the_token_goes_to_no_other_host(void **state)
{
	static const char *const targets[] = { "https://evil.example/v2/vpcs", "//evil.example/v2",
		"http://api.digitalocean.com/v2/vpcs", "https://api.digitalocean.com:444/v2/vpcs",
		"https://api.digitalocean.com.evil.example/",
		"https://api.digitalocean.com@evil.example/", "/\\evil.example", "x", "" };

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(targets); i++) {
		struct answer script = { .status = 307, .headers = { { "Location", targets[i] } } };
		struct fixture *f = open_fixture(&script, 1);

		send(f, "GET", "/v2/vpcs", MOK_RETRY_SAFE);
		run(f);
		assert_int_equal(f->nseen, 1);
		assert_int_equal(f->nfailed, 1);
		assert_non_null(strstr(f->last_err.msg, "redirect"));
		send(f, "POST", "/v2/vpcs", MOK_RETRY_NEVER);
		run(f);
		assert_int_equal(f->nseen, 2);
		close_fixture(f);
	}
}

static void what_the_network_says_is_redacted(void **state)
{
	static const struct answer script[] = { { .status = 0 } };
	struct fixture *f = open_fixture(script, 1);

	(void)state;
	send(f, "POST", "/v2/vpcs", MOK_RETRY_NEVER);
	run(f);
	assert_int_equal(f->last_err.code, MOK_ERR_NET);
	assert_non_null(strstr(f->last_err.msg, "reset, *"));
	assert_null(strstr(f->last_err.msg, "0123456789abcdef"));
	close_fixture(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_safe_is_sent_again_until_it_works),
		cmocka_unit_test(what_is_no_answer_of_the_api_is_asked_again),
		cmocka_unit_test(it_gives_up_after_its_tries),
		cmocka_unit_test(definite_answers_are_not_asked_for_twice),
		cmocka_unit_test(a_creation_of_unknown_outcome_is_never_sent_again),
		cmocka_unit_test(a_creation_that_surely_did_not_happen_is_sent_again),
		cmocka_unit_test(at_full_speed_nothing_waits_long),
		cmocka_unit_test(retry_after_is_kept_for_the_whole_family),
		cmocka_unit_test(a_refused_family_waits_and_the_others_go_on),
		cmocka_unit_test(without_retry_after_the_reset_tells),
		cmocka_unit_test(without_any_header_nothing_is_paced),
		cmocka_unit_test(a_minute_gets_its_share_of_the_hour),
		cmocka_unit_test(the_owner_keeps_a_tenth),
		cmocka_unit_test(what_is_refused_for_hours_is_an_error),
		cmocka_unit_test(only_so_many_are_under_way_and_in_order),
		cmocka_unit_test(freeing_it_with_all_states_of_requests_is_silent),
		cmocka_unit_test(plain_http_is_for_this_machine_only),
		cmocka_unit_test(a_region_fills_the_endpoint_and_signs),
		cmocka_unit_test(missing_keys_are_an_error_with_a_hint),
		cmocka_unit_test(a_redirect_on_the_same_host_is_followed_once),
		cmocka_unit_test(the_token_goes_to_no_other_host),
		cmocka_unit_test(what_the_network_says_is_redacted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
