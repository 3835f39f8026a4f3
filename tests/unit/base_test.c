#include "mok/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_base64_both_ways(void **state)
{
	struct mok_arena *arena = mok_arena_new();
	static const char bytes[] = "\0ab\377";
	size_t len = 99;

	(void)state;
	for (size_t n = 0; n < sizeof(bytes); n++) {
		char *text = mok_base64(arena, bytes, n);
		char *back = mok_unbase64(arena, text, &len);

		assert_non_null(back);
		assert_int_equal(len, n);
		assert_memory_equal(back, bytes, n);
		assert_int_equal(back[n], '\0');
	}
	mok_arena_free(arena);
}

static void test_what_is_no_base64(void **state)
{
	static const char *const wrong[] = { "a", "abc", "a$cd", "ab=c", "====" };
	struct mok_arena *arena = mok_arena_new();

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(wrong); i++)
		assert_null(mok_unbase64(arena, wrong[i], NULL));
	mok_arena_free(arena);
}

static void test_equal_json(void **state)
{
	static const char *const texts[] = { "{\"a\":1,\"b\":[true,null,\"x\"]}", "{\"a\":1}",
		"[1]", "1", "\"1\"", "true", "false", "null", "[]", "{}", "[1,2]", "{\"a\":2}" };

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(texts); i++) {
		cJSON *a = cJSON_Parse(texts[i]);

		for (size_t k = 0; k < MOK_COUNT(texts); k++) {
			cJSON *b = cJSON_Parse(texts[k]);

			assert_int_equal(mok_json_equal(a, b), i == k);
			cJSON_Delete(b);
		}
		assert_false(mok_json_equal(a, NULL));
		cJSON_Delete(a);
	}
}

static void test_members_in_any_order(void **state)
{
	cJSON *a = cJSON_Parse("{\"a\":{\"x\":1,\"y\":2},\"b\":0}");
	cJSON *b = cJSON_Parse("{\"b\":0,\"a\":{\"y\":2,\"x\":1}}");

	(void)state;
	assert_true(mok_json_equal(a, b));
	cJSON_Delete(a);
	cJSON_Delete(b);
}

static void test_formats(void **state)
{
	const char *const volatile nothing = NULL;
	struct mok_arena *arena = mok_arena_new();

	(void)state;
	assert_string_equal(mok_arena_printf(arena, "%s", ""), "");
	assert_string_equal(mok_arena_printf(arena, "%s/%s.", "a", "bc"), "a/bc.");
	assert_string_equal(mok_arena_printf(arena, "a%%b%s", "c"), "a%bc");
	assert_string_equal(mok_arena_printf(arena, "%s%.*s%d", "a", 2, "bcd", 7), "abc7");
	assert_string_equal(mok_arena_printf(arena, "<%s>", nothing), "<(null)>");
	mok_arena_free(arena);
}

static void assert_json(const char *text, const char *json)
{
	struct mok_buf buf;

	mok_buf_init(&buf, 1000);
	mok_buf_add_json(&buf, text);
	assert_string_equal(buf.data, json);
	mok_buf_release(&buf);
}

static void test_texts_as_json(void **state)
{
	(void)state;
	assert_json("", "\"\"");
	assert_json("plain \303\251", "\"plain \303\251\"");
	assert_json("\"\\", "\"\\\"\\\\\"");
	assert_json("a\nb\tc\177", "\"a\\nb\\u0009c\\u007f\"");
}

/* What does not fit is left out whole, and what was there stays. */
static void test_full_buffers(void **state)
{
	struct mok_buf buf;

	(void)state;
	mok_buf_init(&buf, 100);
	for (int i = 0; i < 9; i++)
		mok_buf_printf(&buf, "%010d", i);
	mok_buf_printf(&buf, "%011d", 9);
	assert_true(buf.overflow);
	assert_int_equal(strlen(buf.data), 90);
	mok_buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64_both_ways),
		cmocka_unit_test(test_what_is_no_base64),
		cmocka_unit_test(test_equal_json),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_texts_as_json),
		cmocka_unit_test(test_full_buffers),
		cmocka_unit_test(test_members_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
