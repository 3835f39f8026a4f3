#include "fake_env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct fake_env *fake;
	struct mok_loop *loop;
	char trace[128];
	int64_t at;
	struct mok_timer *victim;
	int landed;
};

struct note {
	struct fixture *f;
	char c;
};

static void add(struct fixture *f, char c)
{
	size_t n = strlen(f->trace);

	assert_true(n + 1 < sizeof(f->trace));
	f->trace[n] = c;
	f->trace[n + 1] = '\0';
}

static void note(void *ctx)
{
	const struct note *n = ctx;

	add(n->f, n->c);
	n->f->at = mok_loop_now(n->f->loop);
}

static void open_fixture(struct fixture *f, const struct fake_hooks *hooks)
{
	memset(f, 0, sizeof(*f));
	f->fake = fake_env_new(1, hooks);
	f->loop = mok_loop_new(fake_env_get(f->fake));
}

static void close_fixture(struct fixture *f)
{
	mok_loop_free(f->loop);
	fake_env_free(f->fake);
}

static void run(struct fixture *f)
{
	struct mok_err err;

	assert_int_equal(mok_loop_run(f->loop, NULL, NULL, &err), 0);
}

static void timers_fire_in_order_of_time_then_of_asking(void **state)
{
	struct fixture f;
	struct note notes[6];
	static const int64_t delays[] = { 30, 10, 20, 10, 0, 30 };
	int64_t start;

	(void)state;
	open_fixture(&f, NULL);
	start = mok_loop_now(f.loop);
	for (size_t i = 0; i < MOK_COUNT(delays); i++) {
		notes[i] = (struct note){ .f = &f, .c = (char)('a' + i) };
		mok_loop_after(f.loop, delays[i], note, &notes[i]);
	}
	run(&f);
	assert_string_equal(f.trace, "ebdcaf");
	assert_int_equal(f.at - start, 30);
	close_fixture(&f);
}

static void many_timers_keep_their_order(void **state)
{
	struct fixture f;
	struct note n;
	int64_t last = 0;
	uint64_t rng = 7;

	(void)state;
	open_fixture(&f, NULL);
	n = (struct note){ .f = &f, .c = 'x' };
	for (int round = 0; round < 50; round++) {
		struct mok_timer *timers[100];

		f.trace[0] = '\0';
		for (size_t i = 0; i < MOK_COUNT(timers); i++)
			timers[i] = mok_loop_after(
				f.loop, (int64_t)(mok_rng_next(&rng) % 1000), note, &n);
		/* Half of them never fire. */
		for (size_t i = 0; i < MOK_COUNT(timers); i += 2)
			mok_loop_cancel(f.loop, timers[i]);
		run(&f);
		assert_int_equal(strlen(f.trace), 50);
		assert_true(f.at >= last);
		last = f.at;
	}
	close_fixture(&f);
}

static void again(void *ctx)
{
	struct fixture *f = ctx;

	add(f, 't');
	if (strlen(f->trace) < 6)
		mok_loop_after(f->loop, 0, again, f);
}

static void deferred(void *ctx)
{
	add(ctx, 'd');
}

static void defers(void *ctx)
{
	struct fixture *f = ctx;

	add(f, 't');
	mok_loop_defer(f->loop, deferred, f);
}

static void a_timer_without_delay_waits_for_the_next_turn(void **state)
{
	struct fixture f;
	struct note n;

	(void)state;
	open_fixture(&f, NULL);
	n = (struct note){ .f = &f, .c = 'n' };
	mok_loop_after(f.loop, 0, again, &f);
	mok_loop_after(f.loop, 0, note, &n);
	run(&f);
	assert_string_equal(f.trace, "tntttt");
	close_fixture(&f);
}

static void deferred_runs_once_at_the_end_of_the_turn(void **state)
{
	struct fixture f;

	(void)state;
	open_fixture(&f, NULL);
	mok_loop_after(f.loop, 5, defers, &f);
	mok_loop_after(f.loop, 5, defers, &f);
	mok_loop_after(f.loop, 6, defers, &f);
	run(&f);
	assert_string_equal(f.trace, "ttddtd");
	close_fixture(&f);
}

static int64_t serve(void *self, struct fake_env *env, struct mok_exchange *x)
{
	(void)self;
	(void)env;
	x->status = 204;
	return 0;
}

static void landed(struct mok_exchange *x)
{
	struct fixture *f = x->ctx;

	f->landed++;
	f->at = mok_loop_now(f->loop);
	mok_exchange_release(x);
}

static struct mok_exchange request(struct fixture *f)
{
	return (struct mok_exchange){ .method = "GET",
		.url = "https://api.example.com/",
		.timeout_ms = 1000,
		.done = landed,
		.ctx = f };
}

static void an_exchange_lands_with_the_time_it_took(void **state)
{
	static const struct fake_hooks hooks = { .serve = serve };
	struct fixture f;
	struct mok_exchange x;
	int64_t start;

	(void)state;
	open_fixture(&f, &hooks);
	start = mok_loop_now(f.loop);
	x = request(&f);
	mok_loop_exchange(f.loop, &x);
	assert_int_equal(f.landed, 0);
	run(&f);
	assert_int_equal(f.landed, 1);
	assert_int_equal(f.at - start, 2);
	assert_ptr_equal(x.ctx, &f);
	close_fixture(&f);
}

static void an_abandoned_exchange_is_never_heard_of(void **state)
{
	static const struct fake_hooks hooks = { .serve = serve };
	struct fixture f;
	struct mok_exchange x;

	(void)state;
	open_fixture(&f, &hooks);
	x = request(&f);
	mok_loop_exchange(f.loop, &x);
	mok_loop_abandon(f.loop, &x);
	mok_loop_abandon(f.loop, &x);
	run(&f);
	assert_int_equal(f.landed, 0);
	mok_exchange_release(&x);
	close_fixture(&f);
}

static bool enough(void *ctx)
{
	const struct fixture *f = ctx;

	return strlen(f->trace) >= 2;
}

static void it_ends_when_done_says_so(void **state)
{
	struct fixture f;
	struct mok_err err;
	struct note n;

	(void)state;
	open_fixture(&f, NULL);
	n = (struct note){ .f = &f, .c = 'n' };
	for (int i = 0; i < 5; i++)
		mok_loop_after(f.loop, i, note, &n);
	assert_int_equal(mok_loop_run(f.loop, enough, &f, &err), 0);
	assert_string_equal(f.trace, "nn");
	close_fixture(&f);
}

static void a_signal_and_a_kill_end_it(void **state)
{
	static const struct fake_hooks hooks = { .serve = serve };
	struct fixture f;
	struct mok_err err;
	struct mok_exchange x;
	struct note n;

	(void)state;
	open_fixture(&f, &hooks);
	n = (struct note){ .f = &f, .c = 'n' };
	mok_loop_after(f.loop, 1000, note, &n);
	fake_env_interrupt(f.fake, true);
	assert_int_equal(mok_loop_run(f.loop, NULL, NULL, &err), -1);
	assert_int_equal(err.code, MOK_ERR_INTERRUPTED);
	assert_string_equal(f.trace, "");
	fake_env_interrupt(f.fake, false);
	x = request(&f);
	mok_loop_exchange(f.loop, &x);
	fake_env_kill_at(f.fake, fake_env_steps(f.fake) + 2); /* as the answer lands */
	memset(&err, 0, sizeof(err));
	assert_int_equal(mok_loop_run(f.loop, NULL, NULL, &err), -1);
	assert_int_equal(err.code, MOK_ERR_INTERRUPTED);
	assert_int_equal(f.landed, 0);
	mok_loop_free(f.loop);
	mok_exchange_release(&x);
	fake_env_free(f.fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_in_order_of_time_then_of_asking),
		cmocka_unit_test(many_timers_keep_their_order),
		cmocka_unit_test(a_timer_without_delay_waits_for_the_next_turn),
		cmocka_unit_test(deferred_runs_once_at_the_end_of_the_turn),
		cmocka_unit_test(an_exchange_lands_with_the_time_it_took),
		cmocka_unit_test(an_abandoned_exchange_is_never_heard_of),
		cmocka_unit_test(it_ends_when_done_says_so),
		cmocka_unit_test(a_signal_and_a_kill_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
