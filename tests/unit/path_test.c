/* Paths into values of any shape. */
#include "mok/model.h"
#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_is(struct mok_arena *arena, const struct mok_val *v, const char *json)
{
	struct mok_val wanted = value_of_json(arena, json);

	assert_true(mok_val_equal(v, &wanted));
}

#define WHOLE \
	"{\"a\":{\"x.y/" \
	"z\":1,\"x\":{\"q\":2}},\"list\":[{\"name\":\"one\",\"v\":1},{\"name\":\"two\"," \
	"\"v\":2}],\"n\":[5,6]}"

static void what_is_at_a_path(void **state)
{
	static const struct {
		const char *path;
		int64_t is; /* 0: nothing */
	} rows[] = { { "a.x.y/z", 1 }, { "a.x\\.y/z", 1 }, { "a.x.q", 2 }, { "list[two].v", 2 },
		{ "list[0].v", 1 }, { "n[1]", 6 }, { "n[2]", 0 }, { "n[-1]", 0 },
		{ "list[three].v", 0 }, { "a.x.r", 0 }, { "list[two", 0 }, { "list[]", 0 },
		{ "a.x.y/z.more", 0 }, { "ax", 0 } };
	struct mok_val whole = value_of_json(*state, WHOLE);

	for (size_t i = 0; i < MOK_COUNT(rows); i++) {
		const struct mok_val *v = mok_val_find(&whole, rows[i].path);

		if ((v ? v->u.i : 0) != rows[i].is)
			fail_msg("%s", rows[i].path);
	}
}

static void what_is_left_without_it(void **state)
{
	struct mok_val whole = value_of_json(*state, WHOLE);
	struct mok_val less = mok_val_without(*state, &whole, "a.x.y/z");

	assert_is(*state, &whole, WHOLE);
	less = mok_val_without(*state, &less, "list[two].v");
	less = mok_val_without(*state, &less, "n[0]");
	less = mok_val_without(*state, &less, "no.such[path]");
	assert_is(*state, &less,
		"{\"a\":{\"x\":{\"q\":2}},\"list\":[{\"name\":\"one\",\"v\":1},{\"name\":\"two\"}],"
		"\"n\":[6]}");
}

static void what_is_put_there(void **state)
{
	struct mok_val whole = value_of_json(*state, WHOLE);
	struct mok_val root = value_of_json(*state, "{\"list\":[{\"name\":\"two\"}],\"n\":7}"), out;

	out = mok_val_graft(*state, &root, &whole, "a.x.y/z");
	out = mok_val_graft(*state, &out, &whole, "list[two].v");
	out = mok_val_graft(*state, &out, &whole, "list[one].v"); /* an item that root lacks */
	out = mok_val_graft(*state, &out, &whole, "n[0]");        /* another shape */
	assert_is(*state, &out,
		"{\"list\":[{\"name\":\"two\",\"v\":2}],\"n\":7,\"a\":{\"x.y/z\":1}}");
	assert_is(*state, &root, "{\"list\":[{\"name\":\"two\"}],\"n\":7}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_at_a_path),
		TEST(what_is_left_without_it),
		TEST(what_is_put_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
