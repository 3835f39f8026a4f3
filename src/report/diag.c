#include "report_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TAB_COLUMNS 4
#define LINE_MAX_BYTES 4096 /* of a source line: more is not looked at */

struct severity {
	const char *name;
	enum mok_tint tint;
};

static const struct severity severities[] = {
	[MOK_SEV_ERROR] = { "error", MOK_TINT_RED },
	[MOK_SEV_WARNING] = { "warning", MOK_TINT_YELLOW },
	[MOK_SEV_NOTE] = { "note", MOK_TINT_CYAN },
};

/* ---- the source line and its caret ---- */

struct snippet {
	const char *arrow, *label;
	char caret;
	enum mok_tint tint;
	int gutter; /* columns of the line number */
};

struct shown_line {
	struct mok_buf text;
	int caret, carets; /* columns before the caret, and how many */
};

static int show_one(
	struct mok_buf *out, const struct mok_style *style, const char *s, struct text_char ch)
{
	if (!ch.bad && ch.code == '\t') {
		mok_text_pad(out, TAB_COLUMNS);
		return TAB_COLUMNS;
	}
	return text_show(out, style, s, ch);
}

static void show_line(struct shown_line *shown, const struct mok_style *style, const char *line,
	size_t len, const struct mok_mark *at)
{
	uint32_t column = 1, end = at->end > at->column ? at->end : at->column + 1;
	int used = 0;

	for (size_t i = 0; i < len;) {
		struct text_char ch = text_decode(line + i, len - i);
		int columns = show_one(&shown->text, style, line + i, ch);

		if (column == at->column)
			shown->caret = used;
		if (column >= at->column && column < end)
			shown->carets += columns;
		used += columns;
		column++;
		i += ch.bytes;
	}
	if (column <= at->column)
		shown->caret = used;
	if (shown->carets < 1)
		shown->carets = 1;
}

/* How many columns to leave out at the left so that the caret is to be seen. */
static int first_column(const struct shown_line *shown, const struct mok_style *style, int room)
{
	int last = shown->caret + (shown->carets < room / 2 ? shown->carets : room / 2);

	if (mok_text_width(style, shown->text.data) <= room || last <= room - 4)
		return 0;
	return last - room * 2 / 3;
}

static const char *skip_columns(const struct mok_style *style, const char *s, int columns)
{
	int used = 0;

	while (*s && used < columns) {
		struct text_char ch = text_decode(s, strlen(s));

		used += text_show(NULL, style, s, ch);
		s += ch.bytes;
	}
	return s;
}

static void gutter(struct mok_buf *out, const struct mok_style *style, int columns)
{
	mok_tint(out, style, MOK_TINT_CYAN);
	mok_text_pad(out, columns + 1);
	mok_buf_putc(out, '|');
	mok_tint(out, style, MOK_TINT_PLAIN);
}

static void add_line(struct mok_buf *out, const struct mok_style *style,
	const struct shown_line *shown, const struct mok_mark *at, const struct snippet *how)
{
	int room = style->width - how->gutter - 3, first = first_column(shown, style, room);
	int carets = shown->carets, caret = shown->caret - first;

	gutter(out, style, how->gutter);
	mok_buf_putc(out, '\n');
	mok_tint(out, style, MOK_TINT_CYAN);
	mok_buf_printf(out, "%*u |", how->gutter, at->line);
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_putc(out, ' ');
	mok_text_cut(out, style, skip_columns(style, shown->text.data, first), room);
	mok_buf_putc(out, '\n');
	gutter(out, style, how->gutter);
	mok_text_pad(out, caret + 1);
	if (carets > room - caret)
		carets = room - caret > 1 ? room - caret : 1;
	mok_tint(out, style, how->tint);
	for (int i = 0; i < carets; i++)
		mok_buf_putc(out, how->caret);
	if (how->label && mok_text_width(style, how->label) + 1 <= room - caret - carets) {
		mok_buf_putc(out, ' ');
		mok_text_add(out, style, how->label);
	}
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_putc(out, '\n');
}

/* An age identity in the wrong place is not repeated: stars of the same width. */
static void hide_identities(char *line)
{
	static const char start[] = "AGE-SECRET-KEY-";

	for (char *p = line; *p; p++) {
		if (strncasecmp(p, start, sizeof(start) - 1) != 0)
			continue;
		for (p += sizeof(start) - 1; isalnum((unsigned char)*p); p++)
			*p = '*';
		p--;
	}
}

static void snippet_line(struct mok_buf *out, const struct mok_style *style, const char *line,
	size_t len, const struct mok_mark *at, const struct snippet *how)
{
	struct shown_line shown = { .caret = 0 };
	struct mok_buf copy;

	mok_buf_init(&copy, LINE_MAX_BYTES);
	mok_buf_add(&copy, line, len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES);
	hide_identities(copy.data);
	mok_buf_init(&shown.text, (size_t)4 * LINE_MAX_BYTES);
	show_line(&shown, style, copy.data, copy.len, at);
	add_line(out, style, &shown, at, how);
	mok_buf_release(&shown.text);
	mok_buf_release(&copy);
}

static void snippet_add(struct mok_buf *out, const struct mok_style *style,
	const struct mok_sources *sources, const struct mok_mark *at, const struct snippet *how)
{
	const char *line = NULL;
	size_t len = 0;

	mok_tint(out, style, MOK_TINT_CYAN);
	mok_text_pad(out, how->gutter);
	mok_buf_puts(out, how->arrow);
	mok_buf_putc(out, ' ');
	mok_tint(out, style, MOK_TINT_PLAIN);
	place_add(out, style, at);
	mok_buf_putc(out, '\n');
	if (sources && at->line)
		line = mok_source_line(sources, at->file, at->line, &len);
	if (line && len)
		snippet_line(out, style, line, len, at, how);
}

static int gutter_of(const struct mok_mark *at, const struct mok_mark *other)
{
	char number[16];
	uint32_t line = at->line;

	if (other && other->file && other->line > line)
		line = other->line;
	return snprintf(number, sizeof(number), "%u", line);
}

/* ---- one diagnostic ---- */

static void heading(struct mok_buf *out, const struct mok_style *style, const struct mok_diag *d)
{
	const struct severity *severity = &severities[d->severity];
	int indent = (int)strlen(severity->name) + 2;

	mok_tint(out, style, severity->tint);
	mok_buf_puts(out, severity->name);
	if (d->code) {
		mok_buf_printf(out, "[%s]", d->code);
		indent += (int)strlen(d->code) + 2;
	}
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_puts(out, ": ");
	if (indent > 14)
		indent = 14;
	mok_text_wrap(out, style, d->message, indent, true);
}

static void hint_add(
	struct mok_buf *out, const struct mok_style *style, const char *hint, int columns)
{
	if (!hint || !*hint)
		return;
	mok_tint(out, style, MOK_TINT_CYAN);
	mok_text_pad(out, columns + 1);
	mok_buf_puts(out, "= ");
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_puts(out, "help: ");
	mok_text_wrap(out, style, hint, columns + 9, true);
}

static void diag_add(struct mok_buf *out, const struct mok_style *style, const struct mok_diag *d,
	const struct mok_sources *sources)
{
	struct snippet how = { .arrow = "-->",
		.caret = '^',
		.tint = severities[d->severity].tint,
		.gutter = d->at.file ? gutter_of(&d->at, &d->other) : 1 };

	heading(out, style, d);
	if (d->at.file)
		snippet_add(out, style, sources, &d->at, &how);
	if (d->other.file) {
		how = (struct snippet){ .arrow = ":::",
			.caret = '-',
			.tint = MOK_TINT_CYAN,
			.label = d->other_label,
			.gutter = how.gutter };
		snippet_add(out, style, sources, &d->other, &how);
	}
	hint_add(out, style, d->hint, how.gutter);
}

static void count_add(struct mok_buf *out, size_t n, const char *word, const char **joint)
{
	if (!n)
		return;
	mok_buf_printf(out, "%s%zu %s%s", *joint, n, word, plural(n));
	*joint = ", ";
}

void mok_report_diags(struct mok_buf *out, const struct mok_style *style,
	const struct mok_diags *diags, const struct mok_sources *sources)
{
	size_t counts[MOK_COUNT(severities)] = { 0 };
	const char *joint = "";

	for (size_t i = 0; i < diags->list.len; i++) {
		diag_add(out, style, &diags->list.items[i], sources);
		mok_buf_putc(out, '\n');
		counts[diags->list.items[i].severity]++;
	}
	for (size_t i = 0; i < MOK_COUNT(severities); i++)
		count_add(out, counts[i], severities[i].name, &joint);
	if (*joint)
		mok_buf_putc(out, '\n');
}

void mok_report_error(struct mok_buf *out, const struct mok_style *style, const struct mok_err *err,
	const struct mok_sources *sources)
{
	struct mok_diag d = { .severity = MOK_SEV_ERROR, .at = err->where, .message = err->msg };
	int columns = d.at.file ? gutter_of(&d.at, NULL) : 1;

	diag_add(out, style, &d, sources);
	if (err->request_id[0]) {
		mok_text_pad(out, columns + 1);
		mok_buf_puts(out, "= request id: ");
		mok_text_add(out, style, err->request_id);
		mok_buf_putc(out, '\n');
	}
	hint_add(out, style, err->hint, columns);
}

/* ---- JSON ---- */

static cJSON *diag_json(const struct mok_diag *d)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "severity", severities[d->severity].name);
	add_text_or_null(json, "code", d->code);
	cJSON_AddStringToObject(json, "message", d->message);
	add_text_or_null(json, "address", d->address);
	place_json(json, &d->at);
	add_text_or_null(json, "hint", d->hint);
	if (d->other.file) {
		cJSON *related = cJSON_AddObjectToObject(json, "related");

		add_text_or_null(related, "message", d->other_label);
		place_json(related, &d->other);
	}
	return json;
}

cJSON *mok_report_diags_json(const struct mok_diags *diags)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; diags && i < diags->list.len; i++)
		cJSON_AddItemToArray(list, diag_json(&diags->list.items[i]));
	return list;
}

cJSON *mok_report_error_json(const struct mok_err *err)
{
	struct mok_diag d = {
		.severity = MOK_SEV_ERROR, .at = err->where, .message = err->msg, .hint = err->hint
	};
	cJSON *json = diag_json(&d);

	if (err->http_status)
		cJSON_AddNumberToObject(json, "http_status", err->http_status);
	if (err->request_id[0])
		cJSON_AddStringToObject(json, "request_id", err->request_id);
	return json;
}
