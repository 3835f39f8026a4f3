#include "report_internal.h"

#include <string.h>

struct tally {
	size_t n;
	const char *words, *key;
};

#define NTALLIES 9

static void tallies_of(const struct mok_apply_result *r, struct tally out[NTALLIES])
{
	const struct tally tallies[NTALLIES] = {
		{ r->ncreated, "created", "created" },
		{ r->nupdated, "updated", "updated" },
		{ r->nwaited, "became ready", "waited" },
		{ r->ndeleted, "deleted", "deleted" },
		{ r->nforgotten, "let go", "forgotten" },
		{ r->nadopted, "adopted", "adopted" },
		{ r->nfailed, "failed", "failed" },
		{ r->nskipped, "skipped", "skipped" },
		{ r->nunfinished, "not finished", "unfinished" },
	};

	memcpy(out, tallies, sizeof(tallies));
}

static bool was_interrupted(const struct mok_result_view *view)
{
	return view->err && view->err->code == MOK_ERR_INTERRUPTED;
}

static void counts(struct mok_buf *text, const struct mok_result_view *view)
{
	struct tally tallies[NTALLIES];
	bool any = false;

	tallies_of(view->result, tallies);
	for (size_t i = 0; i < NTALLIES; i++) {
		if (!tallies[i].n)
			continue;
		mok_buf_printf(text, "%s%zu %s", any ? ", " : "", tallies[i].n, tallies[i].words);
		any = true;
	}
	if (!any)
		mok_buf_puts(text, "nothing to do");
}

static void spent(struct mok_buf *text, const struct mok_result_view *view)
{
	mok_buf_puts(text, ", in ");
	mok_text_duration(text, view->result->elapsed_ms);
	mok_buf_printf(text, " with %llu API call%s", (unsigned long long)view->stats.requests,
		plural((size_t)view->stats.requests));
	if (view->stats.retries)
		mok_buf_printf(text, " (%llu repeated)", (unsigned long long)view->stats.retries);
	mok_buf_putc(text, '.');
}

static void cost_line(
	struct mok_buf *out, const struct mok_style *style, const struct mok_result_view *view)
{
	struct mok_buf text;

	if (view->err)
		return;
	mok_buf_init(&text, 1024);
	mok_buf_puts(&text, "Cost a month: ");
	mok_text_money(&text, view->changes->cents_after);
	unpriced_add(&text, style, view->changes);
	mok_buf_putc(&text, '.');
	mok_text_wrap(out, style, text.data, 0, false);
	mok_buf_release(&text);
}

static void in_flight(
	struct mok_buf *out, const struct mok_style *style, const struct mok_apply_result *r)
{
	if (!r->in_flight.len)
		return;
	mok_buf_puts(out, "In flight:\n");
	for (size_t i = 0; i < r->in_flight.len; i++) {
		mok_text_pad(out, 2);
		mok_text_wrap(out, style, r->in_flight.items[i], 4, true);
	}
}

void mok_report_result(
	struct mok_buf *out, const struct mok_style *style, const struct mok_result_view *view)
{
	struct mok_buf text;

	mok_buf_init(&text, 1024);
	mok_buf_printf(&text, "%s %s: ", view->stack->name,
		was_interrupted(view) ? "interrupted"
			: view->err   ? "not complete"
				      : "done");
	counts(&text, view);
	spent(&text, view);
	mok_tint(out, style,
		view->err ? (was_interrupted(view) ? MOK_TINT_YELLOW : MOK_TINT_RED)
			  : MOK_TINT_GREEN);
	mok_text_wrap(out, style, text.data, 0, false);
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_release(&text);
	cost_line(out, style, view);
	in_flight(out, style, view->result);
	if (view->result->outputs.len && !view->err && !mok_streq(view->command, "destroy")) {
		mok_buf_puts(out, "\nOutputs:\n");
		mok_report_outputs(
			out, style, view->result->outputs.items, view->result->outputs.len);
	}
	if (view->again && view->err) {
		mok_buf_puts(out, "Next: ");
		mok_text_wrap(out, style, view->again, 6, true);
	}
}

static void details_add(
	struct mok_buf *out, const struct mok_style *style, const struct mok_val *details)
{
	for (size_t i = 0; details->type == MOK_LIST && i < details->u.list.len; i++) {
		mok_text_pad(out, 4);
		mok_text_wrap(out, style, details->u.list.items[i].u.s, 6, true);
	}
}

void mok_report_failures(
	struct mok_buf *out, const struct mok_style *style, const struct mok_result_view *view)
{
	const struct mok_apply_result *r = view->result;

	for (size_t i = 0; i < r->failures.len; i++) {
		const struct mok_failure *f = &r->failures.items[i];
		struct mok_err err = f->err;

		if (f->change)
			mok_err_wrap(
				&err, "%s: %s", f->change->address, mok_action_name(f->action));
		mok_report_error(out, style, &err, &view->stack->sources);
		details_add(out, style, &f->details);
		mok_buf_putc(out, '\n');
	}
	if (!r->failures.len && view->err && !was_interrupted(view)) {
		mok_report_error(out, style, view->err, &view->stack->sources);
		mok_buf_putc(out, '\n');
	}
}

cJSON *details_json(const struct mok_val *details)
{
	return details && details->type == MOK_LIST ? mok_val_to_json(details)
						    : cJSON_CreateArray();
}

static cJSON *failures_json(const struct mok_apply_result *r)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < r->failures.len; i++) {
		const struct mok_failure *f = &r->failures.items[i];
		cJSON *one = mok_report_error_json(&f->err);

		cJSON_DeleteItemFromObject(one, "address");
		add_text_or_null(one, "address", f->change ? f->change->address : NULL);
		cJSON_AddStringToObject(one, "action", mok_action_name(f->action));
		cJSON_AddItemToObject(one, "details", details_json(&f->details));
		cJSON_AddItemToArray(list, one);
	}
	return list;
}

cJSON *mok_report_result_json(const struct mok_result_view *view)
{
	const struct mok_apply_result *r = view->result;
	struct tally tallies[NTALLIES];
	cJSON *json = cJSON_CreateObject(), *summary, *list;

	cJSON_AddNumberToObject(json, "format_version", 1);
	cJSON_AddStringToObject(json, "command", view->command);
	cJSON_AddStringToObject(json, "stack", view->stack->name);
	cJSON_AddStringToObject(json, "result",
		was_interrupted(view) ? "interrupted"
			: view->err   ? "failed"
				      : "done");
	summary = cJSON_AddObjectToObject(json, "summary");
	tallies_of(r, tallies);
	for (size_t i = 0; i < NTALLIES; i++)
		cJSON_AddNumberToObject(summary, tallies[i].key, (double)tallies[i].n);
	cJSON_AddNumberToObject(json, "elapsed_ms", (double)r->elapsed_ms);
	cJSON_AddNumberToObject(json, "requests", (double)view->stats.requests);
	cJSON_AddNumberToObject(json, "retries", (double)view->stats.retries);
	cJSON_AddItemToObject(json, "cost", cost_json(view->changes));
	cJSON_AddItemToObject(json, "failures", failures_json(r));
	list = cJSON_AddArrayToObject(json, "in_flight");
	for (size_t i = 0; i < r->in_flight.len; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(r->in_flight.items[i]));
	if (view->err && !r->failures.len)
		cJSON_AddItemToObject(json, "error", mok_report_error_json(view->err));
	cJSON_AddItemToObject(
		json, "outputs", mok_report_outputs_json(r->outputs.items, r->outputs.len, false));
	cJSON_AddItemToObject(json, "diagnostics", mok_report_diags_json(view->diags));
	return json;
}
