#include "report_internal.h"

#include <string.h>

#define VALUE_MAX ((size_t)64 << 10) /* of one value on one line; the rest is cut anyway */

static bool is_hidden(const struct mok_val *v, const struct mok_field *field)
{
	return v->sensitive || (field && field->flags & MOK_F_SENSITIVE);
}

static const struct mok_field *sub_field(const struct mok_field *field, const char *key)
{
	return field && field->sub ? mok_field_find(field->sub, key) : NULL;
}

static void add_quoted(struct mok_buf *out, const struct mok_style *style, const char *s)
{
	mok_buf_putc(out, '"');
	for (const char *p = s; *p;) {
		size_t n = strcspn(p, "\"");

		text_add_n(out, style, p, n);
		p += n;
		if (*p) {
			mok_buf_puts(out, "\\\"");
			p++;
		}
	}
	mok_buf_putc(out, '"');
}

static void add_list(struct mok_buf *out, const struct mok_style *style, const struct mok_val *v,
	const struct mok_field *field)
{
	mok_buf_putc(out, '[');
	for (size_t i = 0; i < v->u.list.len && !out->overflow; i++) {
		mok_buf_puts(out, i ? ", " : "");
		value_inline(out, style, &v->u.list.items[i], field);
	}
	mok_buf_putc(out, ']');
}

static void add_map(struct mok_buf *out, const struct mok_style *style, const struct mok_val *v,
	const struct mok_field *field)
{
	mok_buf_putc(out, '{');
	for (size_t i = 0; i < v->u.map.len && !out->overflow; i++) {
		const struct mok_pair *pair = &v->u.map.pairs[i];

		mok_buf_puts(out, i ? ", " : "");
		mok_text_add(out, style, pair->key);
		mok_buf_puts(out, ": ");
		value_inline(out, style, &pair->val, sub_field(field, pair->key));
	}
	mok_buf_putc(out, '}');
}

void value_inline(struct mok_buf *out, const struct mok_style *style, const struct mok_val *v,
	const struct mok_field *field)
{
	if (v->type == MOK_UNKNOWN || v->type == MOK_EXPR) {
		mok_buf_puts(out, "(known after apply)");
		return;
	}
	if (is_hidden(v, field)) {
		mok_buf_puts(out, v->type == MOK_NULL ? "null" : "(sensitive value)");
		return;
	}
	switch (v->type) {
	case MOK_NULL: mok_buf_puts(out, "null"); return;
	case MOK_BOOL: mok_buf_puts(out, v->u.b ? "true" : "false"); return;
	case MOK_INT: mok_buf_printf(out, "%lld", (long long)v->u.i); return;
	case MOK_NUM: mok_buf_printf(out, "%g", v->u.n); return;
	case MOK_STR: add_quoted(out, style, v->u.s); return;
	case MOK_LIST: add_list(out, style, v, field); return;
	case MOK_MAP: add_map(out, style, v, field); return;
	case MOK_EXPR:
	case MOK_UNKNOWN: return;
	}
}

int value_width(
	const struct mok_style *style, const struct mok_val *v, const struct mok_field *field)
{
	struct mok_buf text;
	int width;

	mok_buf_init(&text, VALUE_MAX);
	value_inline(&text, style, v, field);
	width = mok_text_width(style, text.data);
	mok_buf_release(&text);
	return width;
}

void value_cut(struct mok_buf *out, const struct mok_style *style, const struct mok_val *v,
	const struct mok_field *field, int columns)
{
	struct mok_buf text;

	mok_buf_init(&text, VALUE_MAX);
	value_inline(&text, style, v, field);
	mok_text_cut(out, style, text.data, columns);
	mok_buf_release(&text);
}

cJSON *value_json(const struct mok_val *v, const struct mok_field *field)
{
	cJSON *json;

	if (v->type == MOK_UNKNOWN || v->type == MOK_EXPR || is_hidden(v, field))
		return cJSON_CreateNull();
	if (v->type == MOK_LIST) {
		json = cJSON_CreateArray();
		for (size_t i = 0; i < v->u.list.len; i++)
			cJSON_AddItemToArray(json, value_json(&v->u.list.items[i], field));
		return json;
	}
	if (v->type != MOK_MAP)
		return mok_val_to_json(v);
	json = cJSON_CreateObject();
	for (size_t i = 0; i < v->u.map.len; i++) {
		const struct mok_pair *pair = &v->u.map.pairs[i];

		cJSON_AddItemToObject(
			json, pair->key, value_json(&pair->val, sub_field(field, pair->key)));
	}
	return json;
}

cJSON *mok_report_val_json(const struct mok_val *value)
{
	return value_json(value, NULL);
}

/* ---- small things that several reports share ---- */

void add_text_or_null(cJSON *object, const char *name, const char *s)
{
	if (s && *s)
		cJSON_AddStringToObject(object, name, s);
	else
		cJSON_AddNullToObject(object, name);
}

void place_json(cJSON *object, const struct mok_mark *at)
{
	add_text_or_null(object, "file", at->file);
	if (at->file) {
		cJSON_AddNumberToObject(object, "line", at->line);
		cJSON_AddNumberToObject(object, "column", at->column);
		cJSON_AddNumberToObject(object, "end_column", at->end);
	}
}

void place_add(struct mok_buf *out, const struct mok_style *style, const struct mok_mark *at)
{
	if (!at->file)
		return;
	mok_text_add(out, style, at->file);
	if (at->line)
		mok_buf_printf(out, ":%u:%u", at->line, at->column);
}

const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}
