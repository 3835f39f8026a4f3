#include "mok/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct mok_style plain = { .color = false, .utf8 = false, .width = 72 };

struct world {
	struct mok_arena *arena;
	struct mok_stack stack;
	struct mok_changes changes;
	struct mok_buf out;
};

static const struct mok_field fields[] = { { .name = "size", .type = MOK_STR },
	{ .name = "secret", .type = MOK_STR, .flags = MOK_F_SENSITIVE }, { 0 } };
static const struct mok_kind kind = { .name = "thing", .summary = "a thing", .fields = fields };

static int setup(void **state)
{
	struct world *w = mok_xcalloc(1, sizeof(*w));

	w->arena = mok_arena_new();
	w->stack.name = "social";
	w->changes.arena = w->arena;
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

static struct mok_change *add(struct world *w, enum mok_action action, const char *address)
{
	struct mok_change change = {
		.action = action, .address = address, .kind = &kind, .want = { .type = MOK_MAP }
	};

	mok_vec_push(w->arena, &w->changes.list, change);
	return &w->changes.list.items[w->changes.list.len - 1];
}

static void add_field(struct world *w, struct mok_change *c, struct mok_field_change f)
{
	mok_vec_push(w->arena, &c->fields, f);
}

/* Without the header, whose words are others' tests'. */
static const char *shown(struct world *w)
{
	struct mok_plan_view view = { .stack = &w->stack, .changes = &w->changes };
	const char *body;

	mok_buf_clear(&w->out);
	mok_report_plan(&w->out, &plain, &view);
	body = strstr(w->out.data, "\n\n");
	assert_non_null(body);
	return body + 2;
}

static void test_no_changes(void **state)
{
	struct mok_object there = { .id = "1" };
	struct world *w = *state;

	add(w, MOK_ACT_NONE, "a");
	w->changes.nunchanged = 1;
	assert_string_equal(shown(w), "No changes. The account holds nothing of this stack.\n");
	w->changes.list.items[0].object = &there;
	assert_string_equal(shown(w), "No changes. 1 resource is as the plan says.\n");
}

static void test_what_is_waited_for_is_no_change(void **state)
{
	struct mok_object there = { .id = "1" };
	struct world *w = *state;
	struct mok_change *c = add(w, MOK_ACT_WAIT, "a");
	struct mok_plan_view view = { .stack = &w->stack, .changes = &w->changes };
	cJSON *json;

	c->object = &there;
	mok_vec_push(w->arena, &c->reasons, "is not ready (creating): apply waits for it");
	w->changes.nwait = 1;
	assert_string_equal(shown(w),
		"... a  thing \"1\"\n"
		"      # is not ready (creating): apply waits for it\n"
		"\nNo changes. 1 resource is as the plan says, 1 of them not ready: apply waits "
		"for "
		"it.\n");
	assert_false(mok_changes_any(&w->changes));
	json = mok_report_plan_json(&view);
	assert_string_equal(mok_json_str(json, "changes.0.action"), "wait");
	assert_int_equal(mok_json_int(json, "summary.wait", -1), 1);
	assert_int_equal(mok_json_int(json, "summary.update", -1), 0);
	cJSON_Delete(json);
	add(w, MOK_ACT_DELETE, "b");
	w->changes.ndelete = 1;
	assert_non_null(strstr(shown(w), "Plan: 1 to delete, 1 to wait for.\n"));
}

static void test_creation_masks_secrets_and_escapes(void **state)
{
	struct world *w = *state;
	struct mok_change *c = add(w, MOK_ACT_CREATE, "a");

	mok_val_set(w->arena, &c->want, "size", mok_val_str("big\033[2J"));
	mok_val_set(w->arena, &c->want, "secret", mok_val_str("hunter2"));
	w->changes.ncreate = 1;
	assert_string_equal(shown(w),
		"  + a  thing\n"
		"      size    \"big\\x1b[2J\"\n"
		"      secret  (sensitive value)\n"
		"\nPlan: 1 to create.\n");
}

static void test_update_folds_what_stays(void **state)
{
	struct world *w = *state;
	struct mok_change *c = add(w, MOK_ACT_UPDATE, "a");

	mok_val_set(w->arena, &c->want, "size", mok_val_str("big"));
	mok_val_set(w->arena, &c->want, "secret", mok_val_str("hunter2"));
	add_field(w, c,
		(struct mok_field_change){ .path = "size",
			.field = &fields[0],
			.before = mok_val_str("small"),
			.after = mok_val_str("big") });
	w->changes.nupdate = 1;
	assert_string_equal(shown(w),
		"  ~ a  thing\n"
		"      size  \"small\" -> \"big\"\n"
		"      (1 unchanged field)\n"
		"\nPlan: 1 to update.\n");
}

static void test_replacement_names_what_forces_it(void **state)
{
	struct world *w = *state;
	struct mok_change *c = add(w, MOK_ACT_REPLACE, "a");

	c->destroys_data = true;
	add_field(w, c,
		(struct mok_field_change){ .path = "size",
			.field = &fields[0],
			.before = mok_val_str("small"),
			.after = mok_val_unknown("b.id"),
			.forces_replacement = true });
	w->changes.nreplace = 1;
	assert_string_equal(shown(w),
		"-/+ a  thing\n"
		"      # DESTROYS DATA\n"
		"      size  \"small\" -> (known after apply)  # forces replacement\n"
		"\nPlan: 1 to replace.\n");
	c->create_first = true;
	assert_string_equal(mok_report_symbol(c), "+/-");
}

static void test_sensitive_change_shows_neither_side(void **state)
{
	struct world *w = *state;
	struct mok_change *c = add(w, MOK_ACT_UPDATE, "a");
	struct mok_plan_view view = { .stack = &w->stack, .changes = &w->changes };
	cJSON *json;
	char *text;

	add_field(w, c,
		(struct mok_field_change){ .path = "secret",
			.field = &fields[1],
			.before = mok_val_str("hunter1"),
			.after = mok_val_str("hunter2"),
			.sensitive = true });
	w->changes.nupdate = 1;
	assert_null(strstr(shown(w), "hunter"));
	json = mok_report_plan_json(&view);
	text = cJSON_PrintUnformatted(json);
	assert_null(strstr(text, "hunter"));
	assert_non_null(strstr(text, "\"sensitive\":true"));
	assert_int_equal(mok_json_int(json, "format_version", 0), 1);
	assert_int_equal(mok_json_int(json, "summary.update", 0), 1);
	free(text);
	cJSON_Delete(json);
}

static void test_refusal_is_said(void **state)
{
	struct world *w = *state;
	struct mok_change *c = add(w, MOK_ACT_DELETE, "a");

	c->refused = true;
	w->changes.ndelete = w->changes.nrefused = 1;
	assert_non_null(strstr(shown(w), "REFUSED: it is protected"));
}

/* ---- progress ---- */

static void test_progress_follows_the_events(void **state)
{
	struct world *w = *state;
	struct mok_change *c = add(w, MOK_ACT_CREATE, "db");
	struct mok_progress *p = mok_progress_new(w->arena, &w->changes);
	struct mok_event event = { .type = MOK_EV_START,
		.wall_ms = 1000,
		.change = c,
		.action = MOK_ACT_CREATE,
		.step = "create",
		.typical_s = 300 };

	mok_progress_event(p, &event);
	event.type = MOK_EV_PROGRESS;
	event.state = "creating";
	mok_progress_event(p, &event);
	mok_buf_clear(&w->out);
	assert_int_equal(mok_progress_lines(&w->out, &plain, p, 61000, 5), 1);
	assert_string_equal(w->out.data, "  db: creating [creating]  1m of about 5m\n");
	event.type = MOK_EV_DONE;
	mok_progress_event(p, &event);
	assert_int_equal(mok_progress_lines(&w->out, &plain, p, 61000, 5), 0);
	mok_buf_clear(&w->out);
	mok_progress_summary(&w->out, &plain, p, 61000);
	assert_string_equal(w->out.data, "  1m: 1 of 1 done, 0 running\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static bool is_b(void *self, const struct mok_change *change)
{
	return strcmp(change->address, self) == 0;
}

static void test_only_some_changes_are_kept(void **state)
{
	struct world *w = *state;

	add(w, MOK_ACT_CREATE, "a")->refused = true;
	add(w, MOK_ACT_UPDATE, "b");
	add(w, MOK_ACT_DELETE, "c")->destroys_data = true;
	mok_vec_push(w->arena, &w->changes.drop_tags, "tag");
	mok_changes_keep(&w->changes, is_b, (void *)(uintptr_t) "b");
	assert_int_equal(w->changes.nupdate, 1);
	assert_int_equal(w->changes.ncreate + w->changes.ndelete + w->changes.nrefused, 0);
	assert_int_equal(w->changes.nunchanged, 2);
	assert_int_equal(w->changes.drop_tags.len, 0);
	assert_true(w->changes.list.items[0].excluded && !w->changes.list.items[1].excluded);
	assert_false(w->changes.list.items[2].destroys_data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_some_changes_are_kept, setup, teardown),
		TEST(test_no_changes),
		TEST(test_what_is_waited_for_is_no_change),
		TEST(test_creation_masks_secrets_and_escapes),
		TEST(test_update_folds_what_stays),
		TEST(test_replacement_names_what_forces_it),
		TEST(test_sensitive_change_shows_neither_side),
		TEST(test_refusal_is_said),
		TEST(test_progress_follows_the_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
