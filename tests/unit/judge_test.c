/* When web does badly, for how long, and what its limits are. */
#include "cli/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BEAT_MS 5000
#define LIMIT_MS 300000

static const struct judge_numbers floors = { JUDGE_P90_FLOOR_MS, JUDGE_LOAD_FLOOR };

struct trial {
	struct judge j;
	int64_t now_ms;
};

static struct trial begin(void)
{
	struct trial t = { .now_ms = 1000 };

	judge_begin(&t.j, &floors);
	return t;
}

static void look(struct trial *t, int status, int64_t took_ms)
{
	const struct judge_answer answer = { status, took_ms, "connection refused" };

	judge_look(&t->j, t->now_ms, &answer);
	t->now_ms += BEAT_MS;
}

static void looks(struct trial *t, int count, int status, int64_t took_ms)
{
	while (count--)
		look(t, status, took_ms);
}

static bool over(const struct trial *t)
{
	return judge_gives_up(&t->j, LIMIT_MS);
}

static void limits_follow_what_was(void **state)
{
	const struct judge_numbers nothing = { -1, -1 }, slow = { 700, 50 }, quick = { 40, 0 };

	(void)state;
	assert_int_equal(judge_limits(&nothing).p90_ms, 1000);
	assert_int_equal(judge_limits(&nothing).load, 100);
	assert_int_equal(judge_limits(&quick).p90_ms, 1000);
	assert_int_equal(judge_limits(&slow).p90_ms, 2100);
	assert_int_equal(judge_limits(&slow).load, 150);
}

static void a_quiet_minute_is_well(void **state)
{
	struct trial t = begin();

	(void)state;
	looks(&t, 11, 200, 50);
	assert_false(judge_is_well(&t.j));
	look(&t, 404, 50);
	assert_true(judge_is_well(&t.j));
	look(&t, 500, 50);
	assert_false(judge_is_well(&t.j));
}

static void five_minutes_of_errors_are_a_breach(void **state)
{
	struct trial t = begin();

	(void)state;
	looks(&t, 60, 503, 50);
	assert_false(over(&t));
	look(&t, 0, 0);
	assert_true(over(&t));
	assert_int_equal(t.j.breach.last_ms - t.j.breach.since_ms, LIMIT_MS);
	assert_string_equal(
		t.j.why, "61 of 61 answers are errors, the last one: connection refused");
}

/* One of two pods fails: no quiet minute ever comes. */
static void every_other_error_is_a_breach_too(void **state)
{
	struct trial t = begin();

	(void)state;
	for (int i = 0; i < 31 && !over(&t); i++) {
		look(&t, 500, 50);
		look(&t, 200, 50);
	}
	look(&t, 500, 50);
	assert_true(over(&t));
	assert_string_equal(t.j.why, "32 of 63 answers are errors, the last one: status 500");
}

static void what_passes_is_none(void **state)
{
	struct trial t = begin();

	(void)state;
	looks(&t, 50, 500, 50);
	looks(&t, 12, 200, 50);
	assert_true(judge_is_well(&t.j));
	looks(&t, 50, 500, 50);
	assert_false(over(&t));
	/* Long enough, but it does well now. */
	looks(&t, 11, 200, 50);
	assert_false(over(&t));
}

static void a_stopped_clock_is_none(void **state)
{
	struct trial t = begin();

	(void)state;
	look(&t, 500, 50);
	t.now_ms += 10 * LIMIT_MS;
	looks(&t, JUDGE_BAD_LOOKS - 2, 500, 50);
	assert_false(over(&t));
	look(&t, 500, 50);
	assert_true(over(&t));
}

static void one_of_ten_may_be_slow(void **state)
{
	struct trial t = begin();

	(void)state;
	for (int i = 0; i < 20; i++) {
		looks(&t, 9, 200, 50);
		look(&t, 200, 9000);
		assert_false(t.j.bad);
	}
	assert_int_equal(judge_measured(&t.j).p90_ms, 50);
	look(&t, 200, 9000);
	assert_true(t.j.bad);
}

static void slow_answers_are_a_breach(void **state)
{
	struct trial t = begin();

	(void)state;
	looks(&t, 100, 200, 1000);
	assert_false(t.j.bad);
	looks(&t, 63, 200, 1001);
	assert_true(over(&t));
	assert_string_equal(
		t.j.why, "nine of ten answers take up to 1001 ms, and the limit is 1000 ms");
	/* The window still has slow ones, but this answer is none. */
	look(&t, 200, 50);
	assert_false(over(&t));
}

static void too_few_answers_are_not_judged(void **state)
{
	struct trial t = begin();

	(void)state;
	looks(&t, 9, 200, 5000);
	assert_int_equal(judge_measured(&t.j).p90_ms, -1);
	assert_false(t.j.bad);
	look(&t, 200, 5000);
	assert_true(t.j.bad);
}

static void a_crowd_is_a_breach(void **state)
{
	struct trial t = begin();

	(void)state;
	t.j.load = (struct judge_load){ "mastodon-web-a", 10, 10 };
	look(&t, 200, 50);
	assert_false(t.j.bad);
	t.j.load.waiting = 11;
	looks(&t, 61, 200, 50);
	assert_true(over(&t));
	assert_string_equal(t.j.why,
		"11 requests wait for the 10 threads of mastodon-web-a, and the limit is 10");
	assert_int_equal(judge_measured(&t.j).load, 110);
	t.j.load.pod = NULL;
	look(&t, 200, 50);
	assert_false(over(&t));
	assert_int_equal(judge_measured(&t.j).load, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_follow_what_was),
		cmocka_unit_test(a_quiet_minute_is_well),
		cmocka_unit_test(five_minutes_of_errors_are_a_breach),
		cmocka_unit_test(every_other_error_is_a_breach_too),
		cmocka_unit_test(what_passes_is_none),
		cmocka_unit_test(a_stopped_clock_is_none),
		cmocka_unit_test(one_of_ten_may_be_slow),
		cmocka_unit_test(slow_answers_are_a_breach),
		cmocka_unit_test(too_few_answers_are_not_judged),
		cmocka_unit_test(a_crowd_is_a_breach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
