/* The client API of the sandbox's Mastodon: applications, tokens, the owner's sign-in, posts. */
#include "site_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OOB "urn:ietf:wg:oauth:2.0:oob"

static int setup(void **state)
{
	static struct site_client client;

	site_open(&client);
	*state = &client;
	return 0;
}

static int teardown(void **state)
{
	site_close(*state);
	return 0;
}

static void expect(
	struct site_client *m, int status, const char *method, const char *body, const char *path)
{
	int got = site_ask(m, method, body, path);

	if (got != status)
		fail_msg("%s %s: %d, wanted %d: %s", method, path, got, status, site_body(m));
}

#define TEXT(m, ...) mok_arena_printf((m)->api.arena, __VA_ARGS__)

struct app {
	const char *id, *secret;
};

static struct app make_app(struct site_client *m)
{
	expect(m, 200, "POST", "client_name=Test+App&redirect_uris=" OOB "&scopes=read+write+push",
		"/api/v1/apps");
	return (struct app){ api_str(&m->api, "client_id"), api_str(&m->api, "client_secret") };
}

/* What stands between `before` and the next quote of the newest page. */
static const char *quoted(struct site_client *m, const char *before)
{
	const char *at = strstr(site_body(m), before);

	if (!at)
		fail_msg("no %s in %s", before, site_body(m));
	at += strlen(before);
	return mok_arena_strndup(m->api.arena, at, strcspn(at, "\""));
}

static void take_cookie(struct site_client *m)
{
	const char *set = site_header(m, "set-cookie");

	assert_true(mok_starts(set, "_mastodon_session="));
	m->cookie = mok_arena_strndup(m->api.arena, set, strcspn(set, ";"));
}

static void sign_in(struct site_client *m, const char *password, int status)
{
	const char *csrf;

	expect(m, 200, "GET", NULL, "/auth/sign_in");
	csrf = quoted(m, "authenticity_token\" value=\"");
	expect(m, status, "POST",
		TEXT(m,
			"authenticity_token=%s&user%%5Bemail%%5D=admin%%40social.example"
			"&user%%5Bpassword%%5D=%s",
			csrf, password),
		"/auth/sign_in");
}

#define GOOD_PASSWORD "correct+horse+battery"

/* The owner lets the application in; returns the code. */
static const char *authorize(struct site_client *m, const struct app *app, const char *more)
{
	const char *wish = TEXT(m,
		"client_id=%s&redirect_uri=" OOB "&response_type=code&scope=read+write+push%s",
		app->id, more);
	const char *path = TEXT(m, "/oauth/authorize?%s", wish), *location;

	expect(m, 302, "GET", NULL, path);
	assert_string_equal(site_header(m, "location"), "/auth/sign_in");
	take_cookie(m);
	sign_in(m, GOOD_PASSWORD, 303);
	assert_string_equal(site_header(m, "location"), path);
	take_cookie(m);
	expect(m, 200, "GET", NULL, path);
	assert_non_null(strstr(site_body(m), "Test App"));
	expect(m, 302, "POST",
		TEXT(m, "%s&authenticity_token=%s", wish,
			quoted(m, "authenticity_token\" value=\"")),
		"/oauth/authorize");
	location = mok_arena_strdup(m->api.arena, site_header(m, "location"));
	assert_true(mok_starts(location, "/oauth/authorize/native?code="));
	expect(m, 200, "GET", NULL, location);
	return quoted(m, "readonly value=\"");
}

static int redeem(struct site_client *m, const struct app *app, const char *code, const char *more)
{
	return site_ask(m, "POST",
		TEXT(m,
			"grant_type=authorization_code&client_id=%s&client_secret=%s&code=%s"
			"&redirect_uri=" OOB "%s",
			app->id, app->secret, code, more),
		"/oauth/token");
}

static void let_in(struct site_client *m)
{
	struct app app = make_app(m);
	const char *code = authorize(m, &app, "");

	assert_int_equal(redeem(m, &app, code, ""), 200);
	m->token = api_str(&m->api, "access_token");
}

/* ---- who may what ---- */

static void the_owner_lets_an_application_in(void **state)
{
	struct site_client *m = *state;
	struct app app = make_app(m);
	const char *code = authorize(m, &app, "");

	assert_int_equal(redeem(m, &app, "wrong", ""), 400);
	assert_string_equal(api_str(&m->api, "error"), "invalid_grant");
	assert_int_equal(redeem(m, &app, code, ""), 200);
	assert_string_equal(api_str(&m->api, "token_type"), "Bearer");
	assert_string_equal(api_str(&m->api, "scope"), "read write push");
	m->token = api_str(&m->api, "access_token");
	assert_int_equal(redeem(m, &app, code, ""), 400); /* once only */
	expect(m, 200, "GET", NULL, "/api/v1/accounts/verify_credentials");
	assert_string_equal(api_str(&m->api, "acct"), "admin");
	assert_string_equal(api_str(&m->api, "role.name"), "Owner");
	assert_string_equal(site_header(m, "x-ratelimit-limit"), "1500");
	assert_string_equal(site_header(m, "x-ratelimit-remaining"), "1499");
	expect(m, 500, "GET", NULL, "/api/v1/push/subscription");
	assert_non_null(strstr(site_header(m, "x-sandbox-reason"), "VAPID"));
	expect(m, 200, "POST",
		TEXT(m, "client_id=%s&client_secret=%s&token=%s", app.id, app.secret, m->token),
		"/oauth/revoke");
	expect(m, 401, "GET", NULL, "/api/v1/accounts/verify_credentials");
}

static void a_code_is_bound_to_its_verifier(void **state)
{
	struct site_client *m = *state;
	struct app app = make_app(m);
	/* RFC 7636, appendix B. */
	const char *code = authorize(m, &app,
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
		"&code_challenge_method=S256");

	assert_int_equal(redeem(m, &app, code, ""), 400);
	assert_int_equal(redeem(m, &app, code, "&code_verifier=wrong"), 400);
	assert_int_equal(
		redeem(m, &app, code, "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
		200);
}

static void strangers_are_kept_out(void **state)
{
	struct site_client *m = *state;
	struct app app = make_app(m);

	expect(m, 200, "GET", NULL, "/auth/sign_in");
	take_cookie(m);
	sign_in(m, "wrong", 200);
	assert_non_null(strstr(site_body(m), "Invalid E-mail address or password"));
	expect(m, 422, "POST", "user%5Bemail%5D=a&user%5Bpassword%5D=b", "/auth/sign_in");
	expect(m, 400, "GET", NULL,
		"/oauth/authorize?client_id=none&response_type=code&redirect_uri=" OOB);
	expect(m, 400, "GET", NULL,
		TEXT(m,
			"/oauth/authorize?client_id=%s&response_type=code"
			"&redirect_uri=https%%3A%%2F%%2Fevil.example",
			app.id));
	expect(m, 401, "GET", NULL, "/api/v1/accounts/verify_credentials");
	m->token = "nonsense";
	expect(m, 401, "GET", NULL, "/api/v1/timelines/public");
}

static void an_application_has_a_token_of_its_own(void **state)
{
	struct site_client *m = *state;
	struct app app = make_app(m);
	const char *login = TEXT(m, "client_id=%s&client_secret=%s", app.id, app.secret);

	expect(m, 400, "POST", TEXT(m, "%s&grant_type=password&username=a&password=b", login),
		"/oauth/token");
	assert_string_equal(api_str(&m->api, "error"), "unsupported_grant_type");
	expect(m, 401, "POST",
		TEXT(m, "client_id=%s&client_secret=x&grant_type=client_credentials", app.id),
		"/oauth/token");
	expect(m, 400, "POST", TEXT(m, "%s&grant_type=client_credentials&scope=admin", login),
		"/oauth/token");
	expect(m, 200, "POST", TEXT(m, "%s&grant_type=client_credentials", login), "/oauth/token");
	assert_string_equal(api_str(&m->api, "scope"), "read");
	m->token = api_str(&m->api, "access_token");
	expect(m, 200, "GET", NULL, "/api/v1/apps/verify_credentials");
	assert_string_equal(api_str(&m->api, "name"), "Test App");
	expect(m, 422, "GET", NULL, "/api/v1/accounts/verify_credentials");
	expect(m, 403, "POST", "status=x", "/api/v1/statuses");
}

static void applications_come_in_any_form(void **state)
{
	struct site_client *m = *state;

	m->content_type = "application/json";
	expect(m, 200, "POST",
		api_json(&m->api,
			"{'client_name':'A','redirect_uris':['https://a/','b:/'],"
			"'scopes':'read','website':'https://a.example'}"),
		"/api/v1/apps");
	assert_string_equal(api_str(&m->api, "redirect_uris.1"), "b:/");
	assert_string_equal(api_str(&m->api, "website"), "https://a.example");
	m->content_type = "multipart/form-data; boundary=xyz";
	expect(m, 200, "POST",
		"--xyz\r\nContent-Disposition: form-data; name=\"client_name\"\r\n\r\nB\r\n"
		"--xyz\r\nContent-Disposition: form-data; name=\"redirect_uris\"\r\n\r\n" OOB
		"\r\n--xyz--\r\n",
		"/api/v1/apps");
	assert_string_equal(api_str(&m->api, "name"), "B");
	assert_string_equal(api_str(&m->api, "redirect_uri"), OOB);
	m->content_type = NULL;
	expect(m, 422, "POST", "client_name=C", "/api/v1/apps");
	expect(m, 422, "POST", "redirect_uris=" OOB, "/api/v1/apps");
	m->content_type = "application/json";
	expect(m, 400, "POST", "{", "/api/v1/apps");
}

/* ---- posts ---- */

static const char *post(struct site_client *m, const char *body)
{
	m->api.now_ms += 1; /* within one millisecond ids have no order */
	expect(m, 200, "POST", body, "/api/v1/statuses");
	return api_str(&m->api, "id");
}

static void posts_come_and_go(void **state)
{
	struct site_client *m = *state;
	const char *id, *reply;

	let_in(m);
	id = post(m, "status=one%0Atwo%0A%0A%3Cb%3E&spoiler_text=careful&language=en");
	assert_string_equal(api_str(&m->api, "content"), "<p>one<br />two</p><p>&lt;b&gt;</p>");
	assert_string_equal(api_str(&m->api, "account.acct"), "admin");
	assert_string_equal(api_str(&m->api, "application.name"), "Test App");
	assert_true(api_bool(&m->api, "sensitive"));
	assert_string_equal(
		api_str(&m->api, "url"), TEXT(m, "https://social.example/@admin/%s", id));
	reply = post(m, TEXT(m, "status=hello&in_reply_to_id=%s", id));
	assert_string_equal(api_str(&m->api, "in_reply_to_id"), id);
	expect(m, 200, "GET", NULL, TEXT(m, "/api/v1/statuses/%s", id));
	assert_int_equal(api_int(&m->api, "replies_count"), 1);
	expect(m, 200, "DELETE", NULL, TEXT(m, "/api/v1/statuses/%s", reply));
	assert_string_equal(api_str(&m->api, "text"), "hello");
	expect(m, 404, "GET", NULL, TEXT(m, "/api/v1/statuses/%s", reply));
	expect(m, 404, "DELETE", NULL, TEXT(m, "/api/v1/statuses/%s", reply));
	expect(m, 422, "POST", "status=", "/api/v1/statuses");
	expect(m, 422, "POST", "status=x&visibility=odd", "/api/v1/statuses");
	expect(m, 422, "POST", "status=x&media_ids[]=1", "/api/v1/statuses");
	expect(m, 404, "POST", "status=x&in_reply_to_id=1", "/api/v1/statuses");
}

static void a_repeated_post_is_the_same(void **state)
{
	struct site_client *m = *state;
	const char *first, *second;

	let_in(m);
	m->key = "one";
	first = post(m, "status=once");
	second = post(m, "status=once");
	assert_string_equal(first, second);
	m->key = "two";
	assert_string_not_equal(first, post(m, "status=once"));
	m->key = "one";
	m->api.now_ms += 61L * API_MINUTE_MS;
	assert_string_not_equal(first, post(m, "status=once"));
}

static void timelines_have_pages(void **state)
{
	struct site_client *m = *state;
	const char *ids[5];

	let_in(m);
	for (int i = 0; i < 5; i++) {
		ids[i] = post(m, i == 3 ? "status=x&visibility=private" : "status=x");
		m->api.now_ms += 1000;
	}
	expect(m, 200, "GET", NULL, "/api/v1/timelines/home");
	assert_int_equal(cJSON_GetArraySize(m->api.json), 5);
	assert_string_equal(api_str(&m->api, "0.id"), ids[4]);
	expect(m, 200, "GET", NULL, TEXT(m, "/api/v1/timelines/home?limit=2&max_id=%s", ids[4]));
	assert_string_equal(api_str(&m->api, "0.id"), ids[3]);
	assert_non_null(
		strstr(site_header(m, "link"), TEXT(m, "max_id=%s>; rel=\"next\"", ids[2])));
	expect(m, 200, "GET", NULL, TEXT(m, "/api/v1/timelines/home?limit=2&min_id=%s", ids[0]));
	assert_string_equal(api_str(&m->api, "0.id"), ids[2]);
	assert_string_equal(api_str(&m->api, "1.id"), ids[1]);
	m->token = NULL;
	expect(m, 200, "GET", NULL, "/api/v1/timelines/public");
	assert_int_equal(cJSON_GetArraySize(m->api.json), 4);
	expect(m, 404, "GET", NULL, TEXT(m, "/api/v1/statuses/%s", ids[3]));
	expect(m, 401, "GET", NULL, "/api/v1/timelines/home");
	site_set(m, "DISALLOW_UNAUTHENTICATED_API_ACCESS", "true");
	expect(m, 401, "GET", NULL, "/api/v1/timelines/public");
}

static void a_thread_is_read_from_each_post(void **state)
{
	struct site_client *m = *state;
	const char *ids[3];

	let_in(m);
	ids[0] = post(m, "status=one");
	ids[1] = post(m, TEXT(m, "status=two&in_reply_to_id=%s&visibility=private", ids[0]));
	ids[2] = post(m, TEXT(m, "status=three&in_reply_to_id=%s", ids[1]));
	expect(m, 200, "GET", NULL, TEXT(m, "/api/v1/statuses/%s/context", ids[2]));
	assert_string_equal(api_str(&m->api, "ancestors.0.id"), ids[0]);
	assert_string_equal(api_str(&m->api, "ancestors.1.id"), ids[1]);
	expect(m, 200, "GET", NULL, TEXT(m, "/api/v1/statuses/%s/context", ids[0]));
	assert_string_equal(api_str(&m->api, "descendants.0.id"), ids[1]);
	assert_string_equal(api_str(&m->api, "descendants.1.id"), ids[2]);
	m->token = NULL;
	expect(m, 200, "GET", NULL, TEXT(m, "/api/v1/statuses/%s/context", ids[0]));
	assert_string_equal(api_str(&m->api, "descendants.0.id"), ids[2]);
}

static void accounts_are_found(void **state)
{
	struct site_client *m = *state;
	const char *id;

	let_in(m);
	post(m, "status=hidden&visibility=direct");
	expect(m, 200, "GET", NULL, "/api/v1/accounts/lookup?acct=Admin%40social.example");
	id = mok_arena_strdup(m->api.arena, api_str(&m->api, "id"));
	expect(m, 404, "GET", NULL, "/api/v1/accounts/lookup?acct=admin%40elsewhere.example");
	expect(m, 200, "GET", NULL, TEXT(m, "/api/v1/accounts/relationships?id[]=%s&id[]=1", id));
	assert_int_equal(cJSON_GetArraySize(m->api.json), 1);
	expect(m, 200, "GET", NULL, "/api/v2/search?q=admin");
	assert_string_equal(api_str(&m->api, "accounts.0.id"), id);
	expect(m, 200, "GET", NULL, TEXT(m, "/api/v1/accounts/%s/statuses", id));
	assert_int_equal(cJSON_GetArraySize(m->api.json), 1);
	expect(m, 200, "GET", NULL, "/api/v1/notifications");
	assert_int_equal(cJSON_GetArraySize(m->api.json), 0);
	m->token = NULL;
	expect(m, 401, "GET", NULL, "/api/v1/notifications");
	expect(m, 200, "GET", NULL, TEXT(m, "/api/v1/accounts/%s/statuses", id));
	assert_int_equal(cJSON_GetArraySize(m->api.json), 0);
	expect(m, 200, "GET", NULL, TEXT(m, "/api/v1/accounts/%s/followers", id));
	expect(m, 404, "GET", NULL, "/api/v1/accounts/7");
	site_set(m, "DISALLOW_UNAUTHENTICATED_API_ACCESS", "true");
	expect(m, 401, "GET", NULL, TEXT(m, "/api/v1/accounts/%s", id));
}

/* As Rails takes it, and as clients in Python ask. */
static void a_slash_at_the_end_is_nothing(void **state)
{
	struct site_client *m = *state;

	expect(m, 200, "GET", NULL, "/api/v1/instance/");
	assert_string_equal(api_str(&m->api, "uri"), "social.example");
	expect(m, 200, "GET", NULL, "/api/v2/instance/");
	expect(m, 404, "GET", NULL, "/api/v2/instance//");
	expect(m, 404, "GET", NULL, "/api/v1/statuses/");
}

static void posts_go_with_the_database(void **state)
{
	struct site_client *m = *state;
	struct api_client *c = &m->api;

	let_in(m);
	post(m, "status=gone+soon");
	api_ask(c, "DELETE", NULL, "/v2/databases/%s/dbs/mastodon", m->database);
	c->now_ms += 1000;
	expect(m, 500, "GET", NULL, "/");
	api_ask(c, "POST", "{\"name\":\"mastodon\"}", "/v2/databases/%s/dbs", m->database);
	c->now_ms += 1000;
	site_jobs(m, "again");
	expect(m, 401, "GET", NULL, "/api/v1/timelines/home");
	m->token = NULL;
	expect(m, 200, "GET", NULL, "/api/v1/timelines/public");
	assert_int_equal(cJSON_GetArraySize(c->json), 0);
}

/* Neither the log nor what is kept has passwords and tokens. */
static void secrets_stay_secret(void **state)
{
	struct site_client *m = *state;
	struct mok_buf log;

	let_in(m);
	mok_buf_init(&log, (size_t)1 << 24);
	assert_int_equal(mok_sandbox_log(m->api.sandbox, &log), 0);
	assert_null(strstr(log.data, SITE_PASSWORD));
	assert_null(strstr(log.data, "oauth"));
	assert_null(strstr(log.data, m->token));
	mok_buf_release(&log);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_owner_lets_an_application_in),
		TEST(a_code_is_bound_to_its_verifier),
		TEST(strangers_are_kept_out),
		TEST(an_application_has_a_token_of_its_own),
		TEST(applications_come_in_any_form),
		TEST(posts_come_and_go),
		TEST(a_repeated_post_is_the_same),
		TEST(timelines_have_pages),
		TEST(a_thread_is_read_from_each_post),
		TEST(accounts_are_found),
		TEST(a_slash_at_the_end_is_nothing),
		TEST(posts_go_with_the_database),
		TEST(secrets_stay_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
