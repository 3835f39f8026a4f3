#include "report_internal.h"

#include <string.h>

/* What would be taken over, and what is left alone. */

/* What would stop the next apply, or NULL. */
static const struct mok_diag *refusal_of(const struct mok_adopt_view *view, const char *address)
{
	for (size_t i = 0; i < view->refusals->list.len; i++) {
		const struct mok_diag *d = &view->refusals->list.items[i];

		if (d->severity == MOK_SEV_ERROR && mok_streq(d->address, address))
			return d;
	}
	return NULL;
}

static void note(
	struct mok_buf *out, const struct mok_style *style, enum mok_tint tint, const char *text)
{
	mok_tint(out, style, tint);
	mok_buf_puts(out, "      # ");
	mok_text_wrap(out, style, text, 8, true);
	mok_tint(out, style, MOK_TINT_PLAIN);
}

static void what_follows(struct mok_buf *out, const struct mok_style *style,
	const struct mok_adopt_view *view, size_t i)
{
	static const char *const words[] = { [MOK_ACT_UPDATE] = "apply then updates it",
		[MOK_ACT_REPLACE] = "apply then REPLACES it: it is deleted, and another made" };
	const struct mok_change *c = &view->changes->list.items[i];
	const struct mok_diag *refusal = refusal_of(view, c->address);

	if ((size_t)c->action < MOK_COUNT(words) && words[c->action])
		note(out, style, c->action == MOK_ACT_REPLACE ? MOK_TINT_ALARM : MOK_TINT_YELLOW,
			words[c->action]);
	change_details_add(out, style, c);
	if (!refusal)
		return;
	note(out, style, MOK_TINT_RED, refusal->message);
	if (refusal->hint)
		note(out, style, MOK_TINT_RED, refusal->hint);
}

static void adopted_add(struct mok_buf *out, const struct mok_style *style,
	const struct mok_adopt_view *view, size_t i)
{
	const struct mok_change *c = &view->changes->list.items[i];
	const struct mok_tf_item *item = tf_item_of(view->tf, c->address);
	struct mok_buf text;

	mok_buf_init(&text, 65536);
	mok_buf_printf(&text, "%s  %s", c->address, c->kind->name);
	if (c->object->name && !mok_streq(c->object->name, c->object->id))
		mok_buf_printf(&text, " \"%s\"", c->object->name);
	mok_buf_printf(&text, "  %s", c->object->id);
	if (item)
		mok_buf_printf(&text, "  (%s%s)", item->address,
			item->tainted ? ", tainted: Terraform would replace it" : "");
	mok_tint(out, style, MOK_TINT_CYAN);
	mok_buf_puts(out, " <= ");
	mok_text_wrap(out, style, text.data, 6, true);
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_release(&text);
	what_follows(out, style, view, i);
}

static void left_add(
	struct mok_buf *out, const struct mok_style *style, const struct mok_stranger *s)
{
	struct mok_buf text;

	mok_buf_init(&text, 8192);
	mok_buf_printf(&text, "%s  %s", s->resource->address, s->resource->kind->name);
	if (s->object->name)
		mok_buf_printf(&text, " \"%s\"", s->object->name);
	mok_buf_printf(&text, ": %s", s->obstacle);
	mok_buf_puts(out, "  ! ");
	mok_text_wrap(out, style, text.data, 6, true);
	mok_buf_release(&text);
}

static size_t count_adopted(const struct mok_adopt_view *view)
{
	size_t n = 0;

	for (size_t i = 0; i < view->changes->list.len; i++)
		n += view->adopts[i];
	return n;
}

void mok_report_adopt(
	struct mok_buf *out, const struct mok_style *style, const struct mok_adopt_view *view)
{
	size_t nleft = view->changes->strangers.len, n = count_adopted(view);

	for (size_t i = 0; i < view->changes->list.len; i++)
		if (view->adopts[i])
			adopted_add(out, style, view, i);
	if (nleft)
		mok_buf_printf(out, "%sLeft alone:\n", n ? "\n" : "");
	for (size_t i = 0; i < nleft; i++)
		left_add(out, style, &view->changes->strangers.items[i]);
	if (view->tf)
		tf_report_add(out, style, view);
	if (n == 0 && nleft == 0) {
		mok_buf_puts(out,
			view->tf ? "Nothing to adopt.\n"
				 : "Nothing to adopt: all that has a name of the plan is marked as "
				   "this stack's.\n");
		return;
	}
	mok_tint(out, style, MOK_TINT_BOLD);
	mok_buf_printf(out, "\nTo adopt: %zu", n);
	if (nleft)
		mok_buf_printf(out, "; left alone: %zu", nleft);
	mok_buf_puts(out, ". Markers are written, and nothing else.\n");
	mok_tint(out, style, MOK_TINT_PLAIN);
}

/* ---- JSON ---- */

static cJSON *follows_json(const struct mok_adopt_view *view, const struct mok_change *c)
{
	const struct mok_diag *refusal = refusal_of(view, c->address);
	cJSON *json = change_json(c);

	add_text_or_null(json, "refusal", refusal ? refusal->message : NULL);
	return json;
}

static void terraform_json(cJSON *one, const struct mok_adopt_view *view, const char *address)
{
	const struct mok_tf_item *item = tf_item_of(view->tf, address);

	if (view->tf)
		add_text_or_null(one, "terraform", item ? item->address : NULL);
}

cJSON *mok_report_adopt_json(const struct mok_adopt_view *view)
{
	cJSON *json = cJSON_CreateObject(), *list, *one;

	cJSON_AddNumberToObject(json, "format_version", 1);
	cJSON_AddStringToObject(json, "stack", view->stack->name);
	list = cJSON_AddArrayToObject(json, "adopt");
	for (size_t i = 0; i < view->changes->list.len; i++) {
		const struct mok_change *c = &view->changes->list.items[i];

		if (!view->adopts[i])
			continue;
		one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "address", c->address);
		cJSON_AddStringToObject(one, "kind", c->kind->name);
		cJSON_AddStringToObject(one, "id", c->object->id);
		terraform_json(one, view, c->address);
		cJSON_AddItemToObject(one, "then", follows_json(view, c));
		cJSON_AddItemToArray(list, one);
	}
	list = cJSON_AddArrayToObject(json, "left");
	for (size_t i = 0; i < view->changes->strangers.len; i++) {
		const struct mok_stranger *s = &view->changes->strangers.items[i];

		one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "address", s->resource->address);
		cJSON_AddStringToObject(one, "kind", s->resource->kind->name);
		cJSON_AddStringToObject(one, "id", s->object->id);
		cJSON_AddStringToObject(one, "reason", s->obstacle);
		terraform_json(one, view, s->resource->address);
		cJSON_AddItemToArray(list, one);
	}
	if (view->tf)
		tf_report_json(json, view);
	return json;
}
