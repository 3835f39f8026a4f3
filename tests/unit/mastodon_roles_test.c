#include "mok/mastodon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	*state = mok_arena_new();
	return 0;
}

static int teardown(void **state)
{
	mok_arena_free(*state);
	return 0;
}

static struct mok_val object(struct mok_arena *arena, const char *yaml)
{
	const struct mok_source source = { "test", yaml, strlen(yaml) };
	struct mok_diags diags = { .arena = arena };
	struct mok_val out;

	assert_int_equal(mok_plan_read_yaml(arena, &source, &diags, &out), 0);
	return out;
}

static enum mok_tier tier(struct mok_arena *arena, const char *yaml)
{
	struct mok_val v = object(arena, yaml);

	return mok_mastodon_tier(&v);
}

#define LABELS(component) \
	"metadata: { labels: { app.kubernetes.io/part-of: mastodon, " \
	"app.kubernetes.io/component: " component " } }"

static void test_tiers(void **state)
{
	struct mok_arena *a = *state;

	assert_int_equal(tier(a, "{ kind: Deployment, " LABELS("web") " }"), MOK_TIER_WEB);
	assert_int_equal(
		tier(a, "{ kind: Deployment, " LABELS("streaming") " }"), MOK_TIER_STREAMING);
	assert_int_equal(
		tier(a,
			"{ kind: Deployment, " LABELS(
				"sidekiq-a") ", spec: { template: { "
					     "spec: { containers: [ { args: [ -q, pull, -q, "
					     "scheduled ] } ] } } } }"),
		MOK_TIER_SIDEKIQ);
	assert_int_equal(
		tier(a,
			"{ kind: Deployment, " LABELS(
				"sidekiq-b") ", spec: { template: { "
					     "spec: { containers: [ { args: [ -q, fasp, -q, "
					     "\"scheduler,2\" ] } ] } } } }"),
		MOK_TIER_SCHEDULER);
	assert_int_equal(tier(a, "{ kind: Secret, " LABELS("web") " }"), MOK_TIER_CONFIG);
	assert_int_equal(tier(a, "{ kind: Service, " LABELS("web") " }"), MOK_TIER_REST);
	assert_int_equal(tier(a, "{ kind: Deployment, metadata: { name: web } }"), MOK_TIER_NONE);
}

static const char *version(struct mok_arena *arena, const char *image, const char *label)
{
	struct mok_val v = object(arena,
		mok_arena_printf(arena,
			"{ metadata: { labels: { app.kubernetes.io/version: \"%s\" } }, spec: { "
			"containers: [ { image: \"%s\" } ] } }",
			label, image));

	return mok_mastodon_version(arena, &v);
}

static void test_versions(void **state)
{
	struct mok_arena *a = *state;

	assert_string_equal(version(a, "ghcr.io/mastodon/mastodon:v4.6.5", "1"), "4.6.5");
	assert_string_equal(version(a, "host:5000/m:v4.7.0-rc.1@sha256:ab", "1"), "4.7.0-rc.1");
	assert_string_equal(version(a, "host:5000/m", "4.7.6"), "4.7.6");
	assert_string_equal(version(a, "host/m:latest", "4.7.6"), "4.7.6");
	assert_null(version(a, "host/m:latest", ""));
}

static void test_queues(void **state)
{
	struct mok_arena *a = *state;
	struct mok_queues q = { .list = { 0 } };

	mok_mastodon_queues(a,
		"# HELP ruby_sidekiq_queue_backlog Size of the queue.\n"
		"# TYPE ruby_sidekiq_queue_backlog gauge\n"
		"ruby_sidekiq_queue_backlog{queue_name=\"default\"} 12\n"
		"sidekiq_queue_latency_seconds{host=\"a\",queue_name=\"default\"} 0.25\n"
		"sidekiq_queue_backlog{queue_name=\"pu\\\"ll\"} 0\n"
		"sidekiq_queue_backlog{job=\"x\"} 7\n"
		"sidekiq_queue_backlog{queue_name=\"nan\"} NaN\n"
		"sidekiq_queue_backlog 9\n"
		"sidekiq_queue_backlog{queue_name=\"cut",
		&q);
	assert_int_equal(q.list.len, 2);
	assert_string_equal(q.list.items[0].name, "default");
	assert_int_equal(q.list.items[0].waiting, 12);
	assert_int_equal(q.list.items[0].latency_ms, 250);
	assert_string_equal(q.list.items[1].name, "pu\\\"ll");
	assert_int_equal(q.list.items[1].waiting, 0);
	assert_int_equal(q.list.items[1].latency_ms, -1);
}

static void test_puma(void **state)
{
	struct mok_arena *a = *state;
	struct mok_puma puma = mok_mastodon_puma(a,
		"# HELP ruby_puma_request_backlog Number of requests waiting.\n"
		"ruby_puma_request_backlog{phase=\"0\"} 12\n"
		"ruby_puma_max_threads{phase=\"0\",hostname=\"a b\"} 10\n"
		"ruby_puma_running_threads{phase=\"0\"} 9\n"
		"ruby_puma_request_backlog NaN\n"
		"ruby_puma_request_backlog{cut 5\n"
		"ruby_http_requests_total{action=\"puma_max_threads\"} 99");

	assert_int_equal(puma.waiting, 12);
	assert_int_equal(puma.threads, 10);
	puma = mok_mastodon_puma(a, "puma_request_backlog 3\npuma_max_threads 5");
	assert_int_equal(puma.waiting, 3);
	assert_int_equal(puma.threads, 5);
	puma = mok_mastodon_puma(a, "ruby_puma_request_backlog\n\n{}");
	assert_int_equal(puma.waiting, -1);
	assert_int_equal(puma.threads, -1);
}

static void test_what_a_version_stands_for(void **state)
{
	(void)state;
	assert_string_equal(mok_mastodon_resolve("4.6"), mok_mastodon_release("4.6")->newest);
	assert_string_equal(mok_mastodon_resolve("4.6.2"), "4.6.2");
	assert_string_equal(mok_mastodon_resolve("9.9"), "9.9");
	assert_true(mok_mastodon_stands_for("4.7", "4.7.3"));
	assert_true(mok_mastodon_stands_for("4.7.3", "4.7.3"));
	assert_false(mok_mastodon_stands_for("4.7.3", "4.7.30"));
	assert_false(mok_mastodon_stands_for("4.7", "4.70.1"));
	assert_int_equal(mok_mastodon_compare("4.7.10", "4.7.9"), 1);
	assert_int_equal(mok_mastodon_compare("4.7", "4.7.0"), 0);
	assert_int_equal(mok_mastodon_compare("4.6.5", "4.7"), -1);
}

static bool follows(const char *from, const char *to, const char *words)
{
	struct mok_err err = { 0 };
	bool may = mok_mastodon_may_follow(from, to, &err) == 0;

	if (!may) {
		assert_int_equal(err.code, MOK_ERR_REFUSED);
		assert_non_null(strstr(err.msg, words));
		assert_true(err.hint[0]);
	}
	return may;
}

static void test_what_may_follow(void **state)
{
	(void)state;
	assert_true(follows("4.7.5", "4.7.6", ""));
	assert_true(follows("4.7.6", "4.7.6", ""));
	assert_true(follows("4.6.5", "4.7.6", ""));
	assert_true(follows("4.5.0", "4.6.1", ""));
	assert_false(follows("4.5.15", "4.7.6", "more than one minor"));
	assert_false(follows("4.7.6", "4.7.5", "is older"));
	assert_false(follows("4.7.6", "4.6.5", "is older"));
	assert_false(follows("4.7.6", "9.9.9", "does not know"));
	assert_false(follows("4.2.20", "4.5.15", "schema is of 4.2.20"));
	assert_false(follows("4.4.3", "4.6.5", "more than one minor"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tiers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queues, setup, teardown),
		cmocka_unit_test_setup_teardown(test_puma, setup, teardown),
		cmocka_unit_test(test_what_a_version_stands_for),
		cmocka_unit_test(test_what_may_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
