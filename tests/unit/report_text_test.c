#include "mok/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct mok_style utf8 = { .color = false, .utf8 = true, .width = 40 };
static const struct mok_style ascii = { .color = false, .utf8 = false, .width = 40 };

static void expect(struct mok_buf *out, const char *wanted)
{
	assert_string_equal(out->data, wanted);
	mok_buf_clear(out);
}

static int setup(void **state)
{
	struct mok_buf *out = mok_xmalloc(sizeof(*out));

	mok_buf_init(out, 65536);
	*state = out;
	return 0;
}

static int teardown(void **state)
{
	mok_buf_release(*state);
	free(*state);
	return 0;
}

static void test_hostile_text_is_shown_as_escapes(void **state)
{
	struct mok_buf *out = *state;

	mok_text_add(out, &utf8, "a\033[31mb\rc\x07");
	expect(out, "a\\x1b[31mb\\rc\\a");
	mok_text_add(out, &utf8, "x\xe2\x80\xaey"); /* right-to-left override */
	expect(out, "x\\u202ey");
	mok_text_add(out, &utf8, "\xc3(\xff\xc0\x80"); /* malformed and overlong */
	expect(out, "\\xc3(\\xff\\xc0\\x80");
}

static void test_without_utf8(void **state)
{
	struct mok_buf *out = *state;

	mok_text_add(out, &utf8, "caf\xc3\xa9");
	expect(out, "caf\xc3\xa9");
	mok_text_add(out, &ascii, "caf\xc3\xa9");
	expect(out, "caf\\u00e9");
}

static void test_width_and_cut(void **state)
{
	struct mok_buf *out = *state;

	assert_int_equal(mok_text_width(&utf8, "\xe6\x9d\xb1\xe4\xba\xac"), 4);
	assert_int_equal(mok_text_width(&utf8, "e\xcc\x81"), 1); /* a combining accent */
	mok_text_cut(out, &utf8, "abcdef", 6);
	expect(out, "abcdef");
	mok_text_cut(out, &utf8, "abcdefg", 6);
	expect(out, "abcde\xe2\x80\xa6");
	mok_text_cut(out, &ascii, "abcdefg", 6);
	expect(out, "abc...");
}

static void test_wrap(void **state)
{
	struct mok_buf *out = *state;

	mok_text_wrap(out, &utf8, "0123456789 0123456789 0123456789 0123456789", 2, false);
	expect(out, "  0123456789 0123456789 0123456789\n  0123456789\n");
	mok_text_wrap(out, &utf8, "one\ntwo", 4, true);
	expect(out, "one\n    two\n");
}

static void test_durations_and_money(void **state)
{
	struct mok_buf *out = *state;

	mok_text_duration(out, 840);
	expect(out, "0.8s");
	mok_text_duration(out, 252000);
	expect(out, "4m 12s");
	mok_text_duration(out, 3780000);
	expect(out, "1h 3m");
	mok_text_money(out, 123450);
	expect(out, "$1,234.50");
	mok_text_money(out, 5);
	expect(out, "$0.05");
}

/* ---- diagnostics ---- */

#define SOURCE "mok: 1\nname: t\nresources:\n\tnet: { kind: vcp }\n"

static void show(struct mok_buf *out, const struct mok_style *style, struct mok_mark at)
{
	struct mok_arena *arena = mok_arena_new();
	struct mok_diags diags = { .arena = arena };
	struct mok_sources sources = { .list = { .len = 0 } };
	struct mok_source source = { .name = "mok.yaml", .text = SOURCE, .len = strlen(SOURCE) };
	struct mok_diag *d;

	mok_vec_push(arena, &sources.list, source);
	d = mok_diag_add(&diags, "E0401", at, "there is no kind \"vcp\"");
	mok_diag_hint(&diags, d, "did you mean \"vpc\"?");
	mok_report_diags(out, style, &diags, &sources);
	mok_arena_free(arena);
}

static void test_a_caret_under_the_place(void **state)
{
	struct mok_buf *out = *state;

	show(out, &utf8, (struct mok_mark){ "mok.yaml", 4, 15, 18 });
	expect(out,
		"error[E0401]: there is no kind \"vcp\"\n"
		" --> mok.yaml:4:15\n"
		"  |\n"
		"4 |     net: { kind: vcp }\n"
		"  |                  ^^^\n"
		"  = help: did you mean \"vpc\"?\n"
		"\n"
		"1 error\n");
}

static void test_a_place_that_is_not_in_the_source(void **state)
{
	struct mok_buf *out = *state;

	show(out, &utf8, (struct mok_mark){ "other.yaml", 400, 1, 2 });
	expect(out,
		"error[E0401]: there is no kind \"vcp\"\n"
		"   --> other.yaml:400:1\n"
		"    = help: did you mean \"vpc\"?\n"
		"\n"
		"1 error\n");
}

static void test_a_long_line_shows_its_place(void **state)
{
	struct mok_buf *out = *state;
	struct mok_arena *arena = mok_arena_new();
	struct mok_diags diags = { .arena = arena };
	struct mok_sources sources = { .list = { .len = 0 } };
	char text[400];
	struct mok_source source = { .name = "m", .text = text, .len = sizeof(text) - 1 };
	const char *line;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memcpy(text + 300, "WRONG", 5);
	mok_vec_push(arena, &sources.list, source);
	mok_diag_add(&diags, "E0401", (struct mok_mark){ "m", 1, 301, 306 }, "no");
	mok_report_diags(out, &utf8, &diags, &sources);
	assert_non_null(strstr(out->data, "WRONG"));
	assert_non_null(strstr(out->data, "^^^^^"));
	for (line = out->data; *line; line += strcspn(line, "\n") + 1) {
		char copy[512];
		size_t len = strcspn(line, "\n");

		memcpy(copy, line, len);
		copy[len] = '\0';
		assert_true(mok_text_width(&utf8, copy) <= 40);
	}
	mok_arena_free(arena);
}

/* ---- values and outputs ---- */

static void test_sensitive_outputs_are_masked(void **state)
{
	struct mok_buf *out = *state;
	const struct mok_output outputs[] = { { .name = "url" },
		{ .name = "key", .sensitive = true } };
	struct mok_output_value values[] = { { &outputs[0], mok_val_str("https://x") },
		{ &outputs[1], mok_val_str("hunter2") } };
	cJSON *json;

	mok_report_outputs(out, &utf8, values, 2);
	expect(out, "url = https://x\nkey = (sensitive value)\n");
	json = mok_report_outputs_json(values, 2, false);
	assert_null(mok_json_str(json, "key.value"));
	assert_string_equal(mok_json_str(json, "url.value"), "https://x");
	cJSON_Delete(json);
	json = mok_report_outputs_json(values, 2, true);
	assert_string_equal(mok_json_str(json, "key.value"), "hunter2");
	cJSON_Delete(json);
	mok_report_output_raw(out, &values[1].value);
	expect(out, "hunter2");
}

static void test_values_as_json_hold_no_secret(void **state)
{
	struct mok_arena *arena = mok_arena_new();
	struct mok_val map = { .type = MOK_MAP }, secret = mok_val_str("hunter2");
	cJSON *json;
	char *text;

	(void)state;
	secret.sensitive = true;
	mok_val_set(arena, &map, "a", mok_val_int(1));
	mok_val_set(arena, &map, "b", secret);
	mok_val_set(arena, &map, "c", mok_val_unknown("db.id"));
	json = mok_report_val_json(&map);
	text = cJSON_PrintUnformatted(json);
	assert_string_equal(text, "{\"a\":1,\"b\":null,\"c\":null}");
	free(text);
	cJSON_Delete(json);
	mok_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_hostile_text_is_shown_as_escapes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_utf8, setup, teardown),
		cmocka_unit_test_setup_teardown(test_width_and_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_durations_and_money, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_caret_under_the_place, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_place_that_is_not_in_the_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_long_line_shows_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sensitive_outputs_are_masked, setup, teardown),
		cmocka_unit_test(test_values_as_json_hold_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
