#include "report_internal.h"

#include <string.h>

/* Lines that begin with a space are an example: shown as they are. */
static void paragraphs(struct mok_buf *out, const struct mok_style *style, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		struct mok_buf line;

		mok_buf_init(&line, (size_t)64 << 10);
		mok_buf_add(&line, text, len);
		if (text[0] == ' ' || text[0] == '\t') {
			mok_text_cut(out, style, line.data, style->width);
			mok_buf_putc(out, '\n');
		} else {
			mok_text_wrap(out, style, line.data, 0, false);
		}
		mok_buf_release(&line);
		text += len + (text[len] == '\n');
	}
}

void mok_report_explain(
	struct mok_buf *out, const struct mok_style *style, const struct mok_code *code)
{
	mok_tint(out, style, MOK_TINT_BOLD);
	mok_buf_printf(out, "%s: ", code->code);
	mok_text_wrap(out, style, code->title, 7, true);
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_putc(out, '\n');
	paragraphs(out, style, code->explanation);
}

static void fields(struct mok_buf *out, const struct mok_style *style, const struct mok_field *list,
	int indent)
{
	for (const struct mok_field *f = list; f && f->name; f++) {
		struct mok_buf text;

		mok_buf_init(&text, 8192);
		mok_buf_puts(&text, "(");
		field_rules(&text, f);
		mok_buf_printf(&text, ") %s", f->doc ? f->doc : "");
		mok_text_pad(out, indent);
		mok_tint(out, style, MOK_TINT_BOLD);
		mok_buf_puts(out, f->name);
		mok_tint(out, style, MOK_TINT_PLAIN);
		mok_buf_putc(out, '\n');
		mok_text_wrap(out, style, text.data, indent + 4, false);
		mok_buf_release(&text);
		if (f->sub && indent < 12)
			fields(out, style, f->sub, indent + 4);
	}
}

void mok_report_kind(
	struct mok_buf *out, const struct mok_style *style, const struct mok_kind *kind)
{
	mok_tint(out, style, MOK_TINT_BOLD);
	mok_buf_printf(out, "%s: ", kind->name);
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_text_wrap(out, style, kind->summary, 4, true);
	if (kind->example) {
		mok_buf_puts(out, "\nExample:\n");
		paragraphs(out, style, kind->example);
	}
	mok_buf_puts(out, "\nFields:\n");
	fields(out, style, kind->fields, 2);
	if (kind->notes) {
		mok_buf_puts(out, "\nTo know:\n");
		paragraphs(out, style, kind->notes);
	}
}
