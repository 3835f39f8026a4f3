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

/* "->" or an arrow, "..." or its one-character form, "-" or a long dash. */
const char *text_arrow(const struct mok_style *style);
const char *text_dots(const struct mok_style *style);
const char *text_bullet(const struct mok_style *style);

/* A value on one line: "text", 12, [a, b], {k: v}, (sensitive value), (known after apply). */
void value_inline(struct mok_buf *out, const struct mok_style *style, const struct mok_val *v);
/* After a label that ends at column `at`: on the same line if it fits, else as an indented block.
 * Ends with a newline. */
void value_block(struct mok_buf *out, const struct mok_style *style, const struct mok_val *v,
	int at, int indent);

const char *severity_name(enum mok_severity severity);
void place_json(cJSON *object, const struct mok_mark *at);
void add_text_or_null(cJSON *object, const char *name, const char *s);
/* file:line:column of a resource's block, or "". */
void place_add(struct mok_buf *out, const struct mok_style *style, const struct mok_mark *at);

/* -->, the source line and its caret; nothing more than the arrow when the source is not known. */
struct snippet {
	const char *arrow, *label;
	char caret;
	enum mok_tint tint;
	int gutter; /* columns of the line number */
};
void snippet_add(struct mok_buf *out, const struct mok_style *style,
	const struct mok_sources *sources, const struct mok_mark *at, const struct snippet *how);
int snippet_gutter(const struct mok_mark *at, const struct mok_mark *other);

#endif
