#include "mok/model.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static enum mok_severity severity_of(const char *code)
{
	return code[0] == 'W' ? MOK_SEV_WARNING : code[0] == 'N' ? MOK_SEV_NOTE : MOK_SEV_ERROR;
}

struct mok_diag *mok_diag_add(
	struct mok_diags *diags, const char *code, struct mok_mark at, const char *fmt, ...)
{
	struct mok_diag d = { .severity = severity_of(code), .code = code, .at = at };
	va_list ap;

	va_start(ap, fmt);
	d.message = mok_arena_vprintf(diags->arena, fmt, ap);
	va_end(ap);
	mok_vec_push(diags->arena, &diags->list, d);
	diags->nerrors += d.severity == MOK_SEV_ERROR;
	return &diags->list.items[diags->list.len - 1];
}

void mok_diag_hint(struct mok_diags *diags, struct mok_diag *diag, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag->hint = mok_arena_vprintf(diags->arena, fmt, ap);
	va_end(ap);
}

void mok_diag_near(struct mok_diags *diags, struct mok_diag *diag, const char *near)
{
	if (near)
		mok_diag_hint(diags, diag, "did you mean \"%s\"?", near);
}

static int compare_text(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* What is about no place comes last. */
static int compare_diags(const void *va, const void *vb)
{
	const struct mok_diag *a = va, *b = vb;
	int order = (a->at.file == NULL) - (b->at.file == NULL);

	if (!order)
		order = compare_text(a->at.file, b->at.file);
	if (!order)
		order = compare_u32(a->at.line, b->at.line);
	if (!order)
		order = compare_u32(a->at.column, b->at.column);
	if (!order)
		order = compare_text(a->code, b->code);
	if (!order)
		order = compare_text(a->message, b->message);
	if (!order)
		order = compare_text(a->hint, b->hint);
	if (!order)
		order = compare_text(a->address, b->address);
	return order;
}

/* Every instance of a for_each meets the same mistake in its block: said once. */
static bool is_repeat(const struct mok_diag *a, const struct mok_diag *b)
{
	return a->at.file && compare_text(a->at.file, b->at.file) == 0 &&
		a->at.line == b->at.line && a->at.column == b->at.column &&
		compare_text(a->code, b->code) == 0 && compare_text(a->message, b->message) == 0 &&
		compare_text(a->hint, b->hint) == 0;
}

void mok_diags_sort(struct mok_diags *diags)
{
	struct mok_diag *list = diags->list.items;
	size_t kept = 0;

	if (diags->list.len == 0)
		return;
	qsort(list, diags->list.len, sizeof(*list), compare_diags);
	diags->nerrors = 0;
	for (size_t i = 0; i < diags->list.len; i++) {
		if (kept && is_repeat(&list[kept - 1], &list[i]))
			continue;
		list[kept++] = list[i];
		diags->nerrors += list[i].severity == MOK_SEV_ERROR;
	}
	diags->list.len = kept;
}

const char *mok_source_line(
	const struct mok_sources *sources, const char *file, uint32_t line, size_t *out_len)
{
	const struct mok_source *s = NULL;
	const char *p, *end, *newline;

	*out_len = 0;
	for (size_t i = 0; i < sources->list.len && file; i++)
		if (mok_streq(sources->list.items[i].name, file))
			s = &sources->list.items[i];
	if (!s || line == 0)
		return "";
	p = s->text;
	end = s->text + s->len;
	for (uint32_t n = 1; n < line; n++) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (!newline)
			return "";
		p = newline + 1;
	}
	newline = memchr(p, '\n', (size_t)(end - p));
	*out_len = (size_t)((newline ? newline : end) - p);
	if (*out_len && p[*out_len - 1] == '\r')
		--*out_len;
	return p;
}
