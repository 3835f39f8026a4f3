#include "report_internal.h"

#include <string.h>

struct event_words {
	const char *name, *words;
	enum mok_tint tint;
};

static const struct event_words events[] = {
	[MOK_EV_START] = { "start", "starts", MOK_TINT_PLAIN },
	[MOK_EV_PROGRESS] = { "progress", "", MOK_TINT_DIM },
	[MOK_EV_RETRY] = { "retry", "tries again", MOK_TINT_YELLOW },
	[MOK_EV_DONE] = { "done", "", MOK_TINT_GREEN },
	[MOK_EV_FAILED] = { "failed", "failed", MOK_TINT_RED },
	[MOK_EV_SKIPPED] = { "skipped", "skipped", MOK_TINT_YELLOW },
	[MOK_EV_NOTE] = { "note", "note", MOK_TINT_CYAN },
};

struct action_words {
	const char *doing, *done;
};

static const struct action_words actions[] = {
	[MOK_ACT_NONE] = { "", "" },
	[MOK_ACT_CREATE] = { "creating", "created" },
	[MOK_ACT_UPDATE] = { "updating", "updated" },
	[MOK_ACT_REPLACE] = { "replacing", "replaced" },
	[MOK_ACT_DELETE] = { "deleting", "deleted" },
	[MOK_ACT_FORGET] = { "letting go", "let go" },
	[MOK_ACT_WAIT] = { "waiting until ready", "ready" },
	[MOK_ACT_ADOPT] = { "adopting", "adopted" },
};

const char *event_doing(enum mok_action action)
{
	return actions[action].doing;
}

cJSON *mok_report_event_json(const struct mok_event *event)
{
	cJSON *json = cJSON_CreateObject();
	char time[21];

	mok_format_time(event->wall_ms, time);
	cJSON_AddStringToObject(json, "type", events[event->type].name);
	cJSON_AddStringToObject(json, "time", time);
	cJSON_AddNumberToObject(json, "elapsed_ms", (double)event->elapsed_ms);
	cJSON_AddStringToObject(json, "address", event->change->address);
	cJSON_AddStringToObject(json, "kind", event->change->kind->name);
	cJSON_AddStringToObject(json, "action", mok_action_name(event->action));
	add_text_or_null(json, "step", event->step);
	add_text_or_null(json, "state", event->state);
	add_text_or_null(json, "id", event->id);
	add_text_or_null(json, "text", event->text);
	if (event->err) {
		cJSON_AddItemToObject(json, "error", mok_report_error_json(event->err));
		cJSON_AddItemToObject(json, "details", details_json(event->details));
	}
	return json;
}

static void details(struct mok_buf *text, const struct mok_event *event)
{
	switch (event->type) {
	case MOK_EV_START:
		mok_buf_puts(text, actions[event->action].doing);
		if (event->typical_s > 0) {
			mok_buf_puts(text, " (about ");
			mok_text_duration(text, (int64_t)event->typical_s * 1000);
			mok_buf_putc(text, ')');
		}
		return;
	case MOK_EV_DONE:
		mok_buf_printf(text, "%s in ", actions[event->action].done);
		mok_text_duration(text, event->elapsed_ms);
		return;
	case MOK_EV_FAILED:
		mok_buf_printf(text, "%s failed: %s", actions[event->action].doing,
			event->err ? event->err->msg : "");
		return;
	case MOK_EV_SKIPPED:
		mok_buf_printf(text, "skipped: %s did not succeed",
			event->text ? event->text : "what it needs");
		return;
	case MOK_EV_RETRY:
	case MOK_EV_NOTE:
		mok_buf_printf(
			text, "%s: %s", events[event->type].words, event->text ? event->text : "");
		return;
	case MOK_EV_PROGRESS:
		mok_buf_puts(text, event->step ? event->step : actions[event->action].doing);
		if (event->state)
			mok_buf_printf(text, " [%s]", event->state);
		if (event->text)
			mok_buf_printf(text, ": %s", event->text);
		return;
	}
}

/* New steps and states are for those who watch: a line each would be noise in a log. */
void mok_report_event(
	struct mok_buf *out, const struct mok_style *style, const struct mok_event *event)
{
	struct mok_buf text;

	if (event->type == MOK_EV_PROGRESS && !event->text)
		return;
	mok_buf_init(&text, 4096);
	mok_buf_printf(&text, "%s: ", event->change->address);
	details(&text, event);
	mok_tint(out, style, events[event->type].tint);
	mok_text_pad(out, 2);
	mok_text_wrap(out, style, text.data, 4, true);
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_release(&text);
}
