#include "mok/upgrade.h"

#include "report_internal.h"

#include <string.h>

static const char *const states[] = {
	[MOK_STEP_OPEN] = "open",
	[MOK_STEP_DONE] = "done",
	[MOK_STEP_IDLE] = "nothing to do",
	[MOK_STEP_FAILED] = "failed",
};

static int name_columns(const struct mok_style *style, const struct mok_upgrade_view *v)
{
	int columns = 0;

	for (size_t i = 0; i < v->steps.len; i++) {
		int width = mok_text_width(style, v->steps.items[i].name);

		columns = width > columns ? width : columns;
	}
	return columns;
}

static void add_step(struct mok_buf *out, const struct mok_style *style,
	const struct mok_upgrade_step *step, int columns)
{
	mok_text_pad(out, 2);
	mok_text_add(out, style, step->name);
	mok_text_pad(out, columns - mok_text_width(style, step->name) + 2);
	mok_tint(out, style, step->no_way_back ? MOK_TINT_YELLOW : MOK_TINT_PLAIN);
	mok_text_wrap(out, style, step->text, columns + 4, true);
	mok_tint(out, style, MOK_TINT_PLAIN);
}

void mok_report_upgrade_plan(
	struct mok_buf *out, const struct mok_style *style, const struct mok_upgrade_view *v)
{
	int columns = name_columns(style, v);
	struct mok_buf text;

	mok_buf_init(&text, 4096);
	mok_buf_printf(&text, "%s of %s: Mastodon %s to %s", v->back ? "Rollback" : "Upgrade",
		v->stack->name, v->from, v->to);
	mok_text_wrap(out, style, text.data, 0, false);
	mok_buf_release(&text);
	for (size_t i = 0; i < v->steps.len; i++)
		add_step(out, style, &v->steps.items[i], columns);
	for (size_t i = 0; i < v->notes.len; i++) {
		mok_buf_puts(out, i ? "" : "\n");
		mok_buf_puts(out, "Note: ");
		mok_text_wrap(out, style, v->notes.items[i], 6, true);
	}
}

static const char *result_of(const struct mok_upgrade_view *v)
{
	if (!v->err)
		return "done";
	return v->err->code == MOK_ERR_INTERRUPTED ? "interrupted" : "not complete";
}

void mok_report_upgrade(
	struct mok_buf *out, const struct mok_style *style, const struct mok_upgrade_view *v)
{
	struct mok_buf text;

	mok_buf_init(&text, 4096);
	mok_buf_printf(&text, "%s %s: Mastodon %s to %s, in ", v->stack->name, result_of(v),
		v->from, v->to);
	mok_text_duration(&text, v->elapsed_ms);
	mok_buf_putc(&text, '.');
	mok_tint(out, style, v->err ? MOK_TINT_RED : MOK_TINT_GREEN);
	mok_text_wrap(out, style, text.data, 0, false);
	mok_tint(out, style, MOK_TINT_PLAIN);
	if (v->err && v->again) {
		mok_buf_puts(out, "Next: ");
		mok_text_wrap(out, style, v->again, 6, true);
	}
	mok_buf_release(&text);
}

cJSON *mok_report_upgrade_json(const struct mok_upgrade_view *v)
{
	cJSON *json = cJSON_CreateObject(), *list;

	cJSON_AddNumberToObject(json, "format_version", 1);
	cJSON_AddStringToObject(json, "command", "upgrade");
	cJSON_AddStringToObject(json, "stack", v->stack->name);
	add_text_or_null(json, "from", v->from);
	add_text_or_null(json, "to", v->to);
	cJSON_AddBoolToObject(json, "rollback", v->back);
	cJSON_AddStringToObject(json, "result", result_of(v));
	list = cJSON_AddArrayToObject(json, "steps");
	for (size_t i = 0; i < v->steps.len; i++) {
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(one, "name", v->steps.items[i].name);
		cJSON_AddStringToObject(one, "state", states[v->steps.items[i].state]);
		cJSON_AddBoolToObject(one, "no_way_back", v->steps.items[i].no_way_back);
		cJSON_AddItemToArray(list, one);
	}
	list = cJSON_AddArrayToObject(json, "notes");
	for (size_t i = 0; i < v->notes.len; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(v->notes.items[i]));
	cJSON_AddNumberToObject(json, "elapsed_ms", (double)v->elapsed_ms);
	if (v->err)
		cJSON_AddItemToObject(json, "error", mok_report_error_json(v->err));
	return json;
}
