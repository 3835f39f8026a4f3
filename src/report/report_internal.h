/*
 * report's own: what its files share.
 */
#ifndef MOK_REPORT_INTERNAL_H
#define MOK_REPORT_INTERNAL_H

#include "mok/report.h"

/* One character of UTF-8 text. A malformed byte is a character of its own with `bad` set. */
struct text_char {
	uint32_t code;
	unsigned char bytes;
	bool bad;
};
struct text_char text_decode(const char *s, size_t len);
/* Appends it as it may be shown (out NULL: only counts); returns the columns it takes. */
int text_show(
	struct mok_buf *out, const struct mok_style *style, const char *s, struct text_char ch);
void text_add_n(struct mok_buf *out, const struct mok_style *style, const char *s, size_t len);

/* "->" or an arrow, "..." or its one-character form. */
const char *text_arrow(const struct mok_style *style);
const char *text_dots(const struct mok_style *style);

/* A value on one line: "text", 12, [a, b], {k: v}, (sensitive value), (known after apply). `field`
 * (may be NULL) tells which parts are sensitive besides those that say so themselves. */
void value_inline(struct mok_buf *out, const struct mok_style *style, const struct mok_val *v,
	const struct mok_field *field);
int value_width(
	const struct mok_style *style, const struct mok_val *v, const struct mok_field *field);
void value_cut(struct mok_buf *out, const struct mok_style *style, const struct mok_val *v,
	const struct mok_field *field, int columns);
cJSON *value_json(const struct mok_val *v, const struct mok_field *field);

void place_json(cJSON *object, const struct mok_mark *at);
void add_text_or_null(cJSON *object, const char *name, const char *s);
/* file:line:column, or nothing. */
void place_add(struct mok_buf *out, const struct mok_style *style, const struct mok_mark *at);
/* "list of strings", "object". _rules: that, and what a value has to obey. */
void field_type(struct mok_buf *out, const struct mok_field *f);
void field_rules(struct mok_buf *out, const struct mok_field *f);
/* "creating", "deleting" ... */
const char *event_doing(enum mok_action action);
const char *plural(size_t n); /* "s" unless 1 */

/* Below a change's first line: reasons, warnings, changed fields. */
void change_details_add(
	struct mok_buf *out, const struct mok_style *style, const struct mok_change *c);
cJSON *change_json(const struct mok_change *c);
/* tfstate.c: the entry that is adopted or left as that resource; NULL: none, or tf is NULL. */
const struct mok_tf_item *tf_item_of(const struct mok_tf_state *tf, const char *address);
void tf_report_add(
	struct mok_buf *out, const struct mok_style *style, const struct mok_adopt_view *view);
void tf_report_json(cJSON *json, const struct mok_adopt_view *view);
/* {"before","after","currency","unpriced"} */
cJSON *cost_json(const struct mok_changes *changes);
cJSON *details_json(const struct mok_val *details); /* NULL is fine */
/* ", 2 without a known price (a, b)"; nothing when there is none. */
void unpriced_add(
	struct mok_buf *out, const struct mok_style *style, const struct mok_changes *changes);

#endif
