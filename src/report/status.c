#include "mok/status.h"

#include "report_internal.h"

#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define NAME_MAX_COLUMNS 32
#define FACTS_SHOWN 10 /* of those that are not ready: one screen is for the whole */

/* ---- is it well? ---- */

bool mok_status_is_well(const struct mok_status_view *v)
{
	bool well = v->resources.len == 0 && v->jobs.len == 0;

	for (size_t i = 0; i < v->instance.len; i++)
		well &= v->instance.items[i].health != MOK_UNWELL;
	for (size_t i = 0; i < v->pools.len; i++)
		well &= v->pools.items[i].health != MOK_UNWELL;
	for (size_t i = 0; i < v->tiers.len; i++)
		well &= v->tiers.items[i].health != MOK_UNWELL;
	return well;
}

/* ---- lines ---- */

static enum mok_tint tint_of(enum mok_health health)
{
	static const enum mok_tint tints[] = {
		[MOK_WELL] = MOK_TINT_GREEN,
		[MOK_UNWELL] = MOK_TINT_RED,
		[MOK_UNREAD] = MOK_TINT_YELLOW,
	};

	return tints[health];
}

/* Columns for the longest of the names, so that what follows stands in a line. */
static int widest(const struct mok_style *style, const char *name, int so_far)
{
	int width = mok_text_width(style, name);

	width = width > NAME_MAX_COLUMNS ? NAME_MAX_COLUMNS : width;
	return width > so_far ? width : so_far;
}

static void name_add(
	struct mok_buf *out, const struct mok_style *style, const char *name, int columns)
{
	int width = mok_text_width(style, name);

	mok_text_pad(out, 2);
	mok_text_cut(out, style, name, columns);
	mok_text_pad(out, columns - (width > columns ? columns : width) + 2);
}

static void heading(struct mok_buf *out, const struct mok_style *style, const char *text)
{
	mok_buf_putc(out, '\n');
	mok_tint(out, style, MOK_TINT_BOLD);
	mok_buf_puts(out, text);
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_putc(out, '\n');
}

static void until(struct mok_buf *text, const struct mok_status_fact *f, int64_t now_ms)
{
	char time[21];

	if (!f->until_ms)
		return;
	mok_format_time(f->until_ms, time);
	mok_buf_printf(text, ", until %.10s (%lld days)", time,
		(long long)((f->until_ms - now_ms) / DAY_MS));
}

static void facts(struct mok_buf *out, const struct mok_style *style,
	const struct mok_status_fact *list, size_t count, int64_t now_ms)
{
	int columns = 0;

	for (size_t i = 0; i < count; i++)
		columns = widest(style, list[i].name, columns);
	for (size_t i = 0; i < count; i++) {
		struct mok_buf text;

		mok_buf_init(&text, 4096);
		mok_buf_puts(&text, list[i].text);
		until(&text, &list[i], now_ms);
		name_add(out, style, list[i].name, columns);
		mok_tint(out, style, tint_of(list[i].health));
		mok_text_wrap(out, style, text.data, columns + 4, true);
		mok_tint(out, style, MOK_TINT_PLAIN);
		mok_buf_release(&text);
	}
}

static void row(struct mok_buf *out, const struct mok_style *style, const struct mok_status_row *r,
	int columns)
{
	struct mok_buf text;

	mok_buf_init(&text, 4096);
	mok_buf_printf(&text, "%lld/%lld", (long long)r->have, (long long)r->want);
	name_add(out, style, r->name, columns);
	mok_tint(out, style, tint_of(r->health));
	mok_buf_puts(out, text.data);
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_text_pad(out, 7 - (int)text.len);
	mok_buf_clear(&text);
	mok_buf_puts(&text, r->version ? r->version : "?");
	if (r->note)
		mok_buf_printf(&text, ": %s", r->note);
	mok_text_wrap(out, style, text.data, columns + 11, true);
	mok_buf_release(&text);
}

static void rows(struct mok_buf *out, const struct mok_style *style,
	const struct mok_status_row *list, size_t count)
{
	int columns = 0;

	for (size_t i = 0; i < count; i++)
		columns = widest(style, list[i].name, columns);
	for (size_t i = 0; i < count; i++)
		row(out, style, &list[i], columns);
}

/* ---- sections ---- */

static void first_line(
	struct mok_buf *out, const struct mok_style *style, const struct mok_status_view *v)
{
	struct mok_buf text;

	mok_buf_init(&text, 4096);
	mok_buf_printf(&text, "Stack %s", v->stack->name);
	if (v->stack->region)
		mok_buf_printf(&text, " in %s", v->stack->region);
	if (v->live->account_name && v->live->account_name[0])
		mok_buf_printf(&text, ", account %s", v->live->account_name);
	if (v->version)
		mok_buf_printf(&text, ", Mastodon %s", v->version);
	mok_buf_puts(&text, ": ");
	mok_buf_puts(&text, mok_status_is_well(v) ? "all is well" : "not all is well");
	mok_buf_puts(&text, "; cost a month ");
	mok_text_money(&text, v->changes->cents_before);
	unpriced_add(&text, style, v->changes);
	mok_text_wrap(out, style, text.data, 0, false);
	mok_buf_release(&text);
}

static void kinds(
	struct mok_buf *out, const struct mok_style *style, const struct mok_status_view *v)
{
	struct mok_buf text;

	mok_buf_init(&text, 8192);
	for (size_t i = 0; i < v->kinds.len; i++) {
		const struct mok_status_kind *k = &v->kinds.items[i];

		mok_buf_printf(&text, "%s%s ", i ? ", " : "", k->name);
		if (k->have != k->want)
			mok_buf_printf(&text, "%zu/", k->have);
		mok_buf_printf(&text, "%zu", k->want);
	}
	heading(out, style, "Resources");
	mok_text_pad(out, 2);
	mok_text_wrap(out, style, v->kinds.len ? text.data : "none", 2, true);
	mok_buf_release(&text);
}

static void queues(
	struct mok_buf *out, const struct mok_style *style, const struct mok_status_view *v)
{
	struct mok_buf text;

	mok_buf_init(&text, 8192);
	for (size_t i = 0; i < v->queues.len; i++) {
		const struct mok_status_queue *q = &v->queues.items[i];

		mok_buf_printf(&text, "%s%s ", i ? ", " : "", q->name);
		if (q->waiting >= 0)
			mok_buf_printf(&text, "%lld", (long long)q->waiting);
		if (q->latency_ms >= 0) {
			mok_buf_puts(&text, " (");
			mok_text_duration(&text, q->latency_ms);
			mok_buf_putc(&text, ')');
		}
	}
	if (v->queues_unread)
		mok_buf_printf(&text, "not readable: %s", v->queues_unread);
	heading(out, style, "Queues: jobs that wait (for how long)");
	mok_text_pad(out, 2);
	mok_text_wrap(out, style, text.data, 2, true);
	mok_buf_release(&text);
}

static void not_ready(
	struct mok_buf *out, const struct mok_style *style, const struct mok_status_view *v)
{
	size_t n = v->resources.len, shown = n > FACTS_SHOWN ? FACTS_SHOWN : n;

	heading(out, style, "Not ready");
	facts(out, style, v->resources.items, shown, v->live->read_ms);
	if (n > shown)
		mok_buf_printf(out, "  and %zu more: --format json has all\n", n - shown);
}

void mok_report_status(
	struct mok_buf *out, const struct mok_style *style, const struct mok_status_view *v)
{
	int64_t now_ms = v->live->read_ms;

	first_line(out, style, v);
	if (v->instance.len) {
		heading(out, style, "Instance");
		facts(out, style, v->instance.items, v->instance.len, now_ms);
	}
	if (v->tiers.len) {
		heading(out, style, "Tiers: pods ready/wanted, version");
		rows(out, style, v->tiers.items, v->tiers.len);
		queues(out, style, v);
	}
	if (v->jobs.len) {
		heading(out, style, "Jobs that failed");
		facts(out, style, v->jobs.items, v->jobs.len, now_ms);
	}
	if (v->pools.len) {
		heading(out, style, "Node pools: nodes ready/wanted, version");
		rows(out, style, v->pools.items, v->pools.len);
	}
	kinds(out, style, v);
	if (v->resources.len)
		not_ready(out, style, v);
}

/* ---- JSON ---- */

static const char *const healths[] = {
	[MOK_WELL] = "well",
	[MOK_UNWELL] = "unwell",
	[MOK_UNREAD] = "unread",
};

static void facts_json(
	cJSON *json, const char *name, const struct mok_status_fact *list, size_t count)
{
	cJSON *array = cJSON_AddArrayToObject(json, name);

	for (size_t i = 0; i < count; i++) {
		cJSON *one = cJSON_CreateObject();
		char time[21];

		cJSON_AddStringToObject(one, "name", list[i].name);
		cJSON_AddStringToObject(one, "text", list[i].text);
		cJSON_AddStringToObject(one, "health", healths[list[i].health]);
		if (list[i].until_ms) {
			mok_format_time(list[i].until_ms, time);
			cJSON_AddStringToObject(one, "until", time);
		}
		cJSON_AddItemToArray(array, one);
	}
}

static void rows_json(
	cJSON *json, const char *name, const struct mok_status_row *list, size_t count)
{
	cJSON *array = cJSON_AddArrayToObject(json, name);

	for (size_t i = 0; i < count; i++) {
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(one, "name", list[i].name);
		cJSON_AddNumberToObject(one, "ready", (double)list[i].have);
		cJSON_AddNumberToObject(one, "wanted", (double)list[i].want);
		add_text_or_null(one, "version", list[i].version);
		add_text_or_null(one, "note", list[i].note);
		cJSON_AddStringToObject(one, "health", healths[list[i].health]);
		cJSON_AddItemToArray(array, one);
	}
}

static void number_or_null(cJSON *json, const char *name, int64_t n)
{
	if (n < 0)
		cJSON_AddNullToObject(json, name);
	else
		cJSON_AddNumberToObject(json, name, (double)n);
}

static void queues_json(cJSON *json, const struct mok_status_view *v)
{
	cJSON *array = cJSON_AddArrayToObject(json, "queues");

	for (size_t i = 0; i < v->queues.len; i++) {
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(one, "name", v->queues.items[i].name);
		number_or_null(one, "waiting", v->queues.items[i].waiting);
		number_or_null(one, "latency_ms", v->queues.items[i].latency_ms);
		cJSON_AddItemToArray(array, one);
	}
	add_text_or_null(json, "queues_unread", v->queues_unread);
}

static void kinds_json(cJSON *json, const struct mok_status_view *v)
{
	cJSON *kinds = cJSON_AddObjectToObject(json, "kinds");

	for (size_t i = 0; i < v->kinds.len; i++) {
		cJSON *one = cJSON_AddObjectToObject(kinds, v->kinds.items[i].name);

		cJSON_AddNumberToObject(one, "there", (double)v->kinds.items[i].have);
		cJSON_AddNumberToObject(one, "wanted", (double)v->kinds.items[i].want);
	}
}

cJSON *mok_report_status_json(const struct mok_status_view *v)
{
	cJSON *json = cJSON_CreateObject(), *cost;
	char time[21];

	mok_format_time(v->live->read_ms, time);
	cJSON_AddNumberToObject(json, "format_version", 1);
	cJSON_AddStringToObject(json, "stack", v->stack->name);
	add_text_or_null(json, "region", v->stack->region);
	cJSON_AddStringToObject(json, "time", time);
	cJSON_AddBoolToObject(json, "well", mok_status_is_well(v));
	add_text_or_null(json, "mastodon", v->version);
	facts_json(json, "instance", v->instance.items, v->instance.len);
	rows_json(json, "tiers", v->tiers.items, v->tiers.len);
	queues_json(json, v);
	facts_json(json, "failed_jobs", v->jobs.items, v->jobs.len);
	rows_json(json, "node_pools", v->pools.items, v->pools.len);
	kinds_json(json, v);
	facts_json(json, "not_ready", v->resources.items, v->resources.len);
	cost = cost_json(v->changes);
	cJSON_DeleteItemFromObject(cost, "after");
	cJSON_AddItemToObject(json, "cost", cost);
	return json;
}
