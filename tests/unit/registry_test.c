/* Names of images, challenges, and questions against a script of answers on a virtual clock. */
#include "fake_env.h"
#include "mok/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST "sha256:dab3b777df34d6afee9bf4ab2d26f7afd22d789dff68ebf42495a631ba691b23"
#define OTHER "sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define MANIFEST "{\"schemaVersion\":2}"
#define IMAGE "ghcr.io/mastodon/mastodon:v4.7"
#define CHALLENGE "Bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\",scope=\"pull\""
#define MAX_SEEN 16

/* ---- names ---- */

struct name_case {
	const char *text, *host, *repository, *tag, *digest; /* host NULL: no name */
};

static const struct name_case names[] = {
	{ IMAGE, "ghcr.io", "mastodon/mastodon", "v4.7", NULL },
	{ "postgres", "docker.io", "library/postgres", "latest", NULL },
	{ "postgres:17", "docker.io", "library/postgres", "17", NULL },
	{ "alpine/helm:4.3.1", "docker.io", "alpine/helm", "4.3.1", NULL },
	{ "index.docker.io/redis:8", "docker.io", "library/redis", "8", NULL },
	{ "localhost/a", "localhost", "a", "latest", NULL },
	{ "127.0.0.1:5000/a/b/c:x", "127.0.0.1:5000", "a/b/c", "x", NULL },
	{ "[::1]:5000/a", "[::1]:5000", "a", "latest", NULL },
	{ "quay.io/a/b:1@" DIGEST, "quay.io", "a/b", "1", DIGEST },
	{ "", NULL, NULL, NULL, NULL },
	{ ":1", NULL, NULL, NULL, NULL },
	{ "a:", NULL, NULL, NULL, NULL },
	{ "ghcr.io/", NULL, NULL, NULL, NULL },
	{ "ghcr.io/A/b", NULL, NULL, NULL, NULL },
	{ "ghcr.io/../v2/x", NULL, NULL, NULL, NULL },
	{ "ghcr.io/a//b", NULL, NULL, NULL, NULL },
	{ "ghcr.io/a?b=c", NULL, NULL, NULL, NULL },
	{ "user@host.io/a", NULL, NULL, NULL, NULL },
	{ "ghcr.io/a:b@sha256:12", NULL, NULL, NULL, NULL },
	{ "ghcr.io/a:..", NULL, NULL, NULL, NULL },
	{ "ghcr.io/a b", NULL, NULL, NULL, NULL },
};

static void test_names(void **state)
{
	struct mok_arena *arena = mok_arena_new();

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(names); i++) {
		const struct name_case *c = &names[i];
		struct mok_err err = { 0 };
		struct mok_image image;
		int rc = mok_image_parse(arena, c->text, &image, &err);

		if ((rc == 0) != (c->host != NULL))
			fail_msg("%s", c->text);
		if (!c->host)
			continue;
		assert_string_equal(image.host, c->host);
		assert_string_equal(image.repository, c->repository);
		assert_string_equal(image.tag, c->tag);
		assert_true(mok_streq(image.digest, c->digest));
	}
	mok_arena_free(arena);
}

/* ---- challenges ---- */

struct challenge_case {
	const char *header, *realm, *service, *scope; /* realm NULL: no challenge */
};

static const struct challenge_case challenges[] = {
	{ CHALLENGE, "https://ghcr.io/token", "ghcr.io", "pull" },
	{ "bearer Realm = \"https://a/t\" , service=b", "https://a/t", "b", NULL },
	{ "Basic realm=\"x\", Bearer realm=\"https://a/t\"", "https://a/t", NULL, NULL },
	{ "Bearer realm=\"https://a/t\",error=\"in\\\"valid\",scope=\"a,b c\"", "https://a/t", NULL,
		"a,b c" },
	{ "Bearer realm=\"https://a/t\",service=\"cut", "https://a/t", NULL, NULL },
	{ "Basic realm=\"https://a/t\"", NULL, NULL, NULL },
	{ "Basic realm=\"say \\\"bearer realm=x\"", NULL, NULL, NULL },
	{ "Bearer", NULL, NULL, NULL },
	{ "Bearer realm=", NULL, NULL, NULL },
	{ "Bearer realm=\"\"", NULL, NULL, NULL },
	{ "Bearer scope=\"x\"", NULL, NULL, NULL },
	{ "", NULL, NULL, NULL },
};

static void test_challenges(void **state)
{
	struct mok_arena *arena = mok_arena_new();

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(challenges); i++) {
		const struct challenge_case *c = &challenges[i];
		struct mok_challenge out;

		if (mok_challenge_parse(arena, c->header, &out) != (c->realm != NULL))
			fail_msg("%s", c->header);
		if (!c->realm)
			continue;
		assert_string_equal(out.realm, c->realm);
		assert_true(mok_streq(out.service, c->service));
		assert_true(mok_streq(out.scope, c->scope));
	}
	mok_arena_free(arena);
}

/* ---- questions ---- */

struct answer {
	int status; /* 0: the connection is reset; -1: it never comes */
	const char *body, *digest, *challenge;
};

struct fixture {
	const struct answer *script;
	size_t nscript, nseen;
	char seen[MAX_SEEN][256]; /* "HEAD url token" */
};

static int64_t serve(void *self, struct fake_env *env, struct mok_exchange *x)
{
	struct fixture *f = self;
	const struct answer *a = &f->script[f->nseen < f->nscript ? f->nseen : f->nscript - 1];
	const char *token = "-";

	(void)env;
	assert_true(f->nseen < MAX_SEEN);
	for (size_t i = 0; i < x->nheaders; i++)
		if (mok_streq(x->headers[i].name, "Authorization"))
			token = x->headers[i].value;
	snprintf(f->seen[f->nseen++], sizeof(f->seen[0]), "%s %s %s", x->method, x->url, token);
	if (a->status < 0)
		return -1;
	x->status = a->status;
	x->fail = a->status ? MOK_NET_OK : MOK_NET_UNKNOWN;
	if (a->digest)
		mok_exchange_add_header(x, "Docker-Content-Digest", a->digest);
	if (a->challenge)
		mok_exchange_add_header(x, "WWW-Authenticate", a->challenge);
	if (a->body)
		mok_buf_puts(&x->response, a->body);
	return 0;
}

struct outcome {
	char digest[80];
	struct mok_err err;
};

static struct outcome ask(
	struct fixture *f, const struct answer *script, const char *mirror, const char *image)
{
	const struct fake_hooks hooks = { .self = f, .serve = serve };
	const struct mok_registry_options options = { .mirror = mirror };
	struct fake_env *env = fake_env_new(7, &hooks);
	struct mok_loop *loop = mok_loop_new(fake_env_get(env));
	struct outcome out = { .digest = "" };
	struct mok_registry *registry;
	const char *digest;

	f->script = script;
	f->nseen = 0;
	for (f->nscript = 1; script[f->nscript].status; f->nscript++)
		;
	registry = mok_registry_new(loop, &options, &out.err);
	assert_non_null(registry);
	mok_registry_ask(registry, image);
	mok_registry_ask(registry, image);
	if (mok_registry_wait(registry, image, &digest, &out.err) == 0)
		snprintf(out.digest, sizeof(out.digest), "%s", digest);
	mok_registry_free(registry);
	mok_loop_free(loop);
	fake_env_free(env);
	return out;
}

static void test_digest_at_once(void **state)
{
	static const struct answer script[] = { { 200, NULL, DIGEST, NULL }, { 0 } };
	struct fixture f;

	(void)state;
	assert_string_equal(ask(&f, script, NULL, IMAGE).digest, DIGEST);
	assert_int_equal(f.nseen, 1);
	assert_string_equal(
		f.seen[0], "HEAD https://ghcr.io/v2/mastodon/mastodon/manifests/v4.7 -");
	ask(&f, script, NULL, "postgres:17");
	assert_string_equal(
		f.seen[0], "HEAD https://registry-1.docker.io/v2/library/postgres/manifests/17 -");
	ask(&f, script, NULL, "127.0.0.1:5000/a:b");
	assert_string_equal(f.seen[0], "HEAD http://127.0.0.1:5000/v2/a/manifests/b -");
	ask(&f, script, "http://127.0.0.1:9/", IMAGE);
	assert_string_equal(f.seen[0],
		"HEAD http://127.0.0.1:9/v2/mastodon/mastodon/manifests/v4.7?ns=ghcr.io -");
}

static void test_a_name_with_a_digest_is_not_asked(void **state)
{
	static const struct answer script[] = { { 500, NULL, NULL, NULL }, { 0 } };
	struct fixture f;

	(void)state;
	assert_string_equal(ask(&f, script, NULL, IMAGE "@" DIGEST).digest, DIGEST);
	assert_int_equal(f.nseen, 0);
}

static void test_token(void **state)
{
	static const struct answer script[] = { { 401, NULL, NULL, CHALLENGE },
		{ 200, "{\"access_token\":\"abcdefgh\"}", NULL, NULL }, { 200, NULL, DIGEST, NULL },
		{ 0 } };
	struct fixture f;

	(void)state;
	assert_string_equal(ask(&f, script, NULL, IMAGE).digest, DIGEST);
	assert_int_equal(f.nseen, 3);
	assert_string_equal(f.seen[1], "GET https://ghcr.io/token?service=ghcr.io&scope=pull -");
	assert_string_equal(f.seen[2],
		"HEAD https://ghcr.io/v2/mastodon/mastodon/manifests/v4.7 Bearer abcdefgh");
}

/* What the digest is of is asked for where the HEAD does not tell. */
static void test_digest_of_the_body(void **state)
{
	static const struct answer script[] = { { 200, NULL, NULL, NULL },
		{ 200, MANIFEST, NULL, NULL }, { 0 } };
	static const struct answer refused[] = { { 405, NULL, NULL, NULL },
		{ 200, MANIFEST, NULL, NULL }, { 0 } };
	char wanted[80] = "sha256:";
	struct fixture f;

	(void)state;
	mok_sha256_hex(MANIFEST, strlen(MANIFEST), wanted + 7);
	assert_string_equal(ask(&f, script, NULL, IMAGE).digest, wanted);
	assert_true(mok_starts(f.seen[1], "GET "));
	assert_string_equal(ask(&f, refused, NULL, IMAGE).digest, wanted);
}

struct failure {
	const char *says;
	size_t nseen;
	struct answer script[4];
};

static const struct failure failures[] = {
	{ "ghcr.io has no tag \"v4.7\" of mastodon/mastodon", 1, { { 404, NULL, NULL, NULL } } },
	{ "gives mastodon/mastodon to nobody without credentials", 1,
		{ { 403, NULL, NULL, NULL } } },
	{ "gives mastodon/mastodon to nobody without credentials", 1,
		{ { 401, NULL, NULL, "Basic realm=\"x\"" } } },
	{ "gives mastodon/mastodon to nobody without credentials", 3,
		{ { 401, NULL, NULL, CHALLENGE }, { 200, "{\"token\":\"abcdefgh\"}", NULL, NULL },
			{ 401, NULL, NULL, CHALLENGE } } },
	{ "an address that is not asked", 1,
		{ { 401, NULL, NULL, "Bearer realm=\"http://ghcr.io/token\"" } } },
	{ "an address that is not asked", 1,
		{ { 401, NULL, NULL, "Bearer realm=\"http://127.0.0.1:6443/api\"" } } },
	{ "an address that is not asked", 1,
		{ { 401, NULL, NULL, "Bearer realm=\"https://localhost/api\"" } } },
	{ "an address that is not asked", 1,
		{ { 401, NULL, NULL, "Bearer realm=\"https://a@b/token\"" } } },
	{ "an address that is not asked", 1,
		{ { 401, NULL, NULL, "Bearer realm=\"https://a/t x\"" } } },
	{ "an address that is not asked", 1,
		{ { 401, NULL, NULL, "Bearer realm=\"file:///etc/passwd\"" } } },
	{ "gives out no token", 2,
		{ { 401, NULL, NULL, CHALLENGE }, { 200, "<html>", NULL, NULL } } },
	{ "gives out no token", 2,
		{ { 401, NULL, NULL, CHALLENGE },
			{ 200, "{\"token\":\"a\\r\\nHost: b\"}", NULL, NULL } } },
	{ "ghcr.io: its token: ", 2,
		{ { 401, NULL, NULL, CHALLENGE }, { 404, NULL, NULL, NULL } } },
	{ "something that is no manifest", 2,
		{ { 200, NULL, "sha256:short", NULL },
			{ 200, "<html>log in</html>", NULL, NULL } } },
	{ "has not the digest it tells", 2,
		{ { 200, NULL, NULL, NULL }, { 200, MANIFEST, OTHER, NULL } } },
	{ "bad gateway", 3, { { 502, NULL, NULL, NULL } } },
	{ "did not answer within 60 s", 1, { { -1, NULL, NULL, NULL } } },
};

static void test_failures(void **state)
{
	(void)state;
	for (size_t i = 0; i < MOK_COUNT(failures); i++) {
		struct fixture f;
		struct outcome out = ask(&f, failures[i].script, NULL, IMAGE);

		assert_string_equal(out.digest, "");
		if (!strstr(out.err.msg, failures[i].says))
			fail_msg("%zu: %s", i, out.err.msg);
		assert_int_equal(f.nseen, failures[i].nseen);
		assert_null(strstr(out.err.msg, "abcdefgh"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_challenges),
		cmocka_unit_test(test_digest_at_once),
		cmocka_unit_test(test_a_name_with_a_digest_is_not_asked),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_digest_of_the_body),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
