#include "mok/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct mok_style plain = { .color = false, .utf8 = false, .width = 80 };

struct world {
	struct mok_arena *arena;
	struct mok_stack stack;
	struct mok_live live;
	struct mok_changes changes;
	struct mok_status_view view;
	struct mok_buf out;
};

static int setup(void **state)
{
	struct world *w = mok_xcalloc(1, sizeof(*w));

	w->arena = mok_arena_new();
	w->stack.name = "social";
	w->stack.region = "ams3";
	w->live.account_name = "sandbox";
	w->live.read_ms = 1795000000000; /* 2026-11-18T11:06:40Z */
	w->changes.cents_before = 12345;
	w->view.stack = &w->stack;
	w->view.live = &w->live;
	w->view.changes = &w->changes;
	mok_buf_init(&w->out, 1 << 20);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	mok_buf_release(&w->out);
	mok_arena_free(w->arena);
	free(w);
	return 0;
}

static void add_instance(struct world *w)
{
	const struct mok_status_fact facts[] = {
		{ .name = "health", .text = "https://social.example/health answers 200" },
		{ .name = "certificate",
			.text = "ready",
			.until_ms = 1795000000000 + 86400000LL * 60 },
	};
	const struct mok_status_row tiers[] = {
		{ .name = "web", .version = "4.7.6", .have = 2, .want = 2 },
		{ .name = "sidekiq-scheduler", .version = "4.7.6", .have = 1, .want = 1 },
	};
	const struct mok_status_queue queues[] = { { "default", 3, 250 }, { "push", 0, -1 } };
	const struct mok_status_kind kind = { "vpc", 1, 1 };
	const struct mok_status_row pool = {
		.name = "base", .version = "1.36.1", .have = 3, .want = 3
	};

	w->view.version = "4.7.6";
	for (size_t i = 0; i < 2; i++) {
		mok_vec_push(w->arena, &w->view.instance, facts[i]);
		mok_vec_push(w->arena, &w->view.tiers, tiers[i]);
		mok_vec_push(w->arena, &w->view.queues, queues[i]);
	}
	mok_vec_push(w->arena, &w->view.kinds, kind);
	mok_vec_push(w->arena, &w->view.pools, pool);
}

static void test_all_is_well(void **state)
{
	struct world *w = *state;

	add_instance(w);
	mok_report_status(&w->out, &plain, &w->view);
	assert_true(mok_status_is_well(&w->view));
	assert_string_equal(w->out.data,
		"Stack social in ams3, account sandbox, Mastodon 4.7.6: all is well; cost a\n"
		"month $123.45\n"
		"\n"
		"Instance\n"
		"  health       https://social.example/health answers 200\n"
		"  certificate  ready, until 2027-01-17 (60 days)\n"
		"\n"
		"Tiers: pods ready/wanted, version\n"
		"  web                2/2    4.7.6\n"
		"  sidekiq-scheduler  1/1    4.7.6\n"
		"\n"
		"Queues: jobs that wait (for how long)\n"
		"  default 3 (0.3s), push 0\n"
		"\n"
		"Node pools: nodes ready/wanted, version\n"
		"  base  3/3    1.36.1\n"
		"\n"
		"Resources\n"
		"  vpc 1\n");
}

static void test_what_is_not_well_is_said(void **state)
{
	struct world *w = *state;
	const struct mok_status_fact job = { "mastodon-migrate-post", "BackoffLimitExceeded",
		MOK_UNWELL, 0 };

	add_instance(w);
	w->view.tiers.items[0].health = MOK_UNWELL;
	w->view.tiers.items[0].have = 1;
	w->view.tiers.items[0].note = "1 of 2 pods are available";
	w->view.queues.len = 0;
	w->view.queues_unread = "HTTP 503";
	assert_false(mok_status_is_well(&w->view));
	mok_vec_push(w->arena, &w->view.jobs, job);
	mok_report_status(&w->out, &plain, &w->view);
	assert_non_null(strstr(w->out.data, ": not all is well; cost"));
	assert_non_null(strstr(
		w->out.data, "web                1/2    4.7.6: 1 of 2 pods are available\n"));
	assert_non_null(strstr(w->out.data, "not readable: HTTP 503\n"));
	assert_non_null(strstr(
		w->out.data, "Jobs that failed\n  mastodon-migrate-post  BackoffLimitExceeded\n"));
}

/* A queue that cannot be read is no fault of the instance. */
static void test_each_part_counts(void **state)
{
	struct world *w = *state;
	const struct mok_status_fact f = { "x", "y", MOK_UNWELL, 0 };

	add_instance(w);
	w->view.queues_unread = "HTTP 503";
	w->view.instance.items[0].health = MOK_UNREAD;
	assert_true(mok_status_is_well(&w->view));
	w->view.instance.items[0].health = MOK_UNWELL;
	assert_false(mok_status_is_well(&w->view));
	w->view.instance.items[0].health = MOK_WELL;
	w->view.pools.items[0].health = MOK_UNWELL;
	assert_false(mok_status_is_well(&w->view));
	w->view.pools.items[0].health = MOK_WELL;
	mok_vec_push(w->arena, &w->view.resources, f);
	assert_false(mok_status_is_well(&w->view));
	w->view.resources.len = 0;
	mok_vec_push(w->arena, &w->view.jobs, f);
	assert_false(mok_status_is_well(&w->view));
}

static void test_one_screen_and_all_of_it_as_json(void **state)
{
	struct world *w = *state;
	size_t lines = 0;
	cJSON *json;

	for (int i = 0; i < 70; i++) {
		const struct mok_status_fact f = { mok_arena_printf(w->arena, "r%d", i), "creating",
			MOK_UNWELL, 0 };

		mok_vec_push(w->arena, &w->view.resources, f);
	}
	mok_report_status(&w->out, &plain, &w->view);
	for (const char *p = w->out.data; *p; p++)
		lines += *p == '\n';
	assert_in_range(lines, 10, 24);
	assert_non_null(strstr(w->out.data, "  and 60 more: --format json has all\n"));
	json = mok_report_status_json(&w->view);
	assert_int_equal(cJSON_GetArraySize(mok_json_at(json, "not_ready")), 70);
	assert_false(mok_json_bool(json, "well", true));
	assert_string_equal(mok_json_str(json, "time"), "2026-11-18T11:06:40Z");
	cJSON_Delete(json);
}

static void test_json(void **state)
{
	struct world *w = *state;
	cJSON *json;

	add_instance(w);
	json = mok_report_status_json(&w->view);
	assert_int_equal(mok_json_int(json, "format_version", 0), 1);
	assert_string_equal(mok_json_str(json, "mastodon"), "4.7.6");
	assert_string_equal(mok_json_str(json, "instance.1.until"), "2027-01-17T11:06:40Z");
	assert_int_equal(mok_json_int(json, "tiers.0.ready", 0), 2);
	assert_int_equal(mok_json_int(json, "queues.0.latency_ms", 0), 250);
	assert_true(cJSON_IsNull(mok_json_at(json, "queues.1.latency_ms")));
	assert_true(mok_json_at(json, "cost.before")->valuedouble == 123.45);
	assert_int_equal(mok_json_int(json, "kinds.vpc.there", 0), 1);
	cJSON_Delete(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_is_well, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_well_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_part_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_one_screen_and_all_of_it_as_json, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
