#include "mok/upgrade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct mok_style plain = { .color = false, .utf8 = false, .width = 60 };

struct world {
	struct mok_arena *arena;
	struct mok_stack stack;
	struct mok_upgrade_view view;
	struct mok_buf out;
};

static int setup(void **state)
{
	struct world *w = mok_xcalloc(1, sizeof(*w));
	const struct mok_upgrade_step steps[] = {
		{ .name = "web", .text = "web rolls", .state = MOK_STEP_DONE },
		{ .name = "migrate-post", .text = "the other migrations", .no_way_back = true },
	};

	w->arena = mok_arena_new();
	w->stack.name = "social";
	w->view = (struct mok_upgrade_view){
		.stack = &w->stack, .from = "4.6.5", .to = "4.7.6", .elapsed_ms = 65000
	};
	mok_vec_push(w->arena, &w->view.steps, steps[0]);
	mok_vec_push(w->arena, &w->view.steps, steps[1]);
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

static void test_plan(void **state)
{
	struct world *w = *state;

	mok_vec_push(w->arena, &w->view.notes, "it takes long");
	mok_report_upgrade_plan(&w->out, &plain, &w->view);
	assert_string_equal(w->out.data,
		"Upgrade of social: Mastodon 4.6.5 to 4.7.6\n"
		"  web           web rolls\n"
		"  migrate-post  the other migrations\n"
		"\n"
		"Note: it takes long\n");
}

static void test_end(void **state)
{
	struct world *w = *state;
	struct mok_err err = { .code = MOK_ERR_API };

	mok_report_upgrade(&w->out, &plain, &w->view);
	assert_string_equal(w->out.data, "social done: Mastodon 4.6.5 to 4.7.6, in 1m 5s.\n");
	mok_buf_clear(&w->out);
	w->view.err = &err;
	w->view.again = "mok upgrade";
	mok_report_upgrade(&w->out, &plain, &w->view);
	assert_string_equal(w->out.data,
		"social not complete: Mastodon 4.6.5 to 4.7.6, in 1m 5s.\nNext: mok upgrade\n");
}

static void test_json(void **state)
{
	struct world *w = *state;
	struct mok_err err = { .code = MOK_ERR_INTERRUPTED };
	cJSON *json = mok_report_upgrade_json(&w->view);

	assert_string_equal(mok_json_str(json, "result"), "done");
	assert_string_equal(mok_json_str(json, "steps.0.state"), "done");
	assert_string_equal(mok_json_str(json, "steps.1.state"), "open");
	assert_true(mok_json_bool(json, "steps.1.no_way_back", false));
	assert_null(mok_json_at(json, "error"));
	cJSON_Delete(json);
	w->view.err = &err;
	json = mok_report_upgrade_json(&w->view);
	assert_string_equal(mok_json_str(json, "result"), "interrupted");
	assert_non_null(mok_json_at(json, "error"));
	cJSON_Delete(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plan, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
