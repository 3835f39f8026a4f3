#include "report_internal.h"

#include <string.h>

/* What of a Terraform state and a plan is in only one of them, below what is adopted. */

#define SHOWN_MOST 20

static const struct {
	enum mok_tf_fate fate;
	const char *title, *json;
} sections[] = {
	{ MOK_TF_UNREADABLE, "In the state, but not to be adopted:", "not_readable" },
	{ MOK_TF_TWICE, "In the state twice (and the same as):", "twice" },
	{ MOK_TF_ABSENT, "In the state, but not in the account:", "not_in_account" },
	{ MOK_TF_UNPLANNED,
		"In the state, but not in the plan (left to Terraform):", "not_in_plan" },
	{ MOK_TF_NO_KIND, "In the state, but of no kind of mok's (left to Terraform):", "no_kind" },
};

/* An id is shown where it is known to be no secret. */
static void item_add(
	struct mok_buf *out, const struct mok_style *style, const struct mok_tf_item *item)
{
	struct mok_buf text;

	mok_buf_init(&text, 65536);
	mok_buf_puts(&text, item->address);
	if (item->kind)
		mok_buf_printf(&text, "  %s", item->kind->name);
	if (item->key || item->id)
		mok_buf_printf(&text, "  %s", item->key ? item->key : item->id);
	if (item->reason)
		mok_buf_printf(&text, ": %s", item->reason);
	mok_buf_puts(out, "  ");
	mok_text_wrap(out, style, text.data, 6, true);
	mok_buf_release(&text);
}

static void more_add(struct mok_buf *out, size_t n)
{
	if (n > SHOWN_MOST)
		mok_buf_printf(out, "  ... and %zu more: --format json has all\n", n - SHOWN_MOST);
}

static void section_add(struct mok_buf *out, const struct mok_style *style,
	const struct mok_tf_state *tf, size_t section)
{
	size_t n = 0;

	for (size_t i = 0; i < tf->items.len; i++) {
		if (tf->items.items[i].fate != sections[section].fate)
			continue;
		if (n++ == 0)
			mok_buf_printf(out, "\n%s\n", sections[section].title);
		if (n <= SHOWN_MOST)
			item_add(out, style, &tf->items.items[i]);
	}
	more_add(out, n);
}

/* What is there by its name is told as left alone. */
static struct mok_map *strangers_of(const struct mok_changes *changes)
{
	struct mok_map *map = mok_map_new(changes->arena);

	for (size_t i = 0; i < changes->strangers.len; i++)
		mok_map_put(map, changes->strangers.items[i].resource->address,
			changes->strangers.items[i].object);
	return map;
}

static bool is_missing(const struct mok_change *c, const struct mok_map *strangers)
{
	return c->resource && !c->object && c->action == MOK_ACT_CREATE &&
		!mok_map_get(strangers, c->address);
}

static void missing_add(
	struct mok_buf *out, const struct mok_style *style, const struct mok_changes *changes)
{
	const struct mok_map *strangers = strangers_of(changes);
	size_t n = 0;

	for (size_t i = 0; i < changes->list.len; i++) {
		if (!is_missing(&changes->list.items[i], strangers))
			continue;
		if (n++ == 0)
			mok_buf_printf(out, "\n%s\n",
				"In the plan, but not in the state (apply makes it):");
		if (n > SHOWN_MOST)
			continue;
		mok_buf_puts(out, "  ");
		mok_text_wrap(out, style, changes->list.items[i].address, 6, true);
	}
	more_add(out, n);
}

const struct mok_tf_item *tf_item_of(const struct mok_tf_state *tf, const char *address)
{
	return tf ? mok_map_get(tf->by_plan, address) : NULL;
}

void tf_report_add(
	struct mok_buf *out, const struct mok_style *style, const struct mok_adopt_view *view)
{
	size_t nours = 0;

	for (size_t i = 0; i < MOK_COUNT(sections); i++)
		section_add(out, style, view->tf, i);
	missing_add(out, style, view->changes);
	for (size_t i = 0; i < view->tf->items.len; i++)
		nours += view->tf->items.items[i].fate == MOK_TF_OURS;
	if (nours)
		mok_buf_printf(out, "\nAlready this stack's: %zu\n", nours);
}

/* ---- JSON ---- */

static cJSON *item_json(const struct mok_tf_item *item)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "terraform", item->address);
	cJSON_AddStringToObject(json, "type", item->type);
	add_text_or_null(json, "kind", item->kind ? item->kind->name : NULL);
	add_text_or_null(json, "id", item->key ? item->key : item->id);
	add_text_or_null(json, "address", item->plan_address);
	add_text_or_null(json, "reason", item->reason);
	return json;
}

static void section_json(
	cJSON *json, const char *name, const struct mok_tf_state *tf, enum mok_tf_fate fate)
{
	cJSON *list = cJSON_AddArrayToObject(json, name);

	for (size_t i = 0; i < tf->items.len; i++)
		if (tf->items.items[i].fate == fate)
			cJSON_AddItemToArray(list, item_json(&tf->items.items[i]));
}

void tf_report_json(cJSON *json, const struct mok_adopt_view *view)
{
	const struct mok_map *strangers = strangers_of(view->changes);
	cJSON *list = cJSON_AddArrayToObject(json, "not_in_state");

	for (size_t i = 0; i < view->changes->list.len; i++)
		if (is_missing(&view->changes->list.items[i], strangers))
			cJSON_AddItemToArray(
				list, cJSON_CreateString(view->changes->list.items[i].address));
	section_json(json, "owned", view->tf, MOK_TF_OURS);
	for (size_t i = 0; i < MOK_COUNT(sections); i++)
		section_json(json, sections[i].json, view->tf, sections[i].fate);
}
