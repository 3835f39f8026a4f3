#include "report_internal.h"

/* What a descriptor says, in words: shared by the terminal and the reference pages. */

void field_type(struct mok_buf *out, const struct mok_field *f)
{
	const char *map = f->flags & MOK_F_EACH ? "map of objects"
		: f->flags & MOK_F_RANGE        ? "integer, or object"
		: f->sub                        ? "object"
		: f->flags & MOK_F_ANY          ? "any map"
						: "map of strings";
	const char *name = f->type == MOK_MAP ? map : mok_type_name(f->type);

	if (f->type != MOK_LIST) {
		mok_buf_puts(out, name);
		return;
	}
	mok_buf_printf(out, "%s of ", f->flags & MOK_F_SET ? "set" : "list");
	mok_buf_puts(out, f->sub || f->item == MOK_MAP ? "object" : mok_type_name(f->item));
	mok_buf_putc(out, 's');
}

struct flag_words {
	unsigned flag;
	const char *words;
};

static const struct flag_words flag_words[] = {
	{ MOK_F_REQUIRED, "required" },
	{ MOK_F_COMPUTED, "read only" },
	{ MOK_F_REPLACES, "a change replaces it" },
	{ MOK_F_CREATE_ONLY, "only used at creation" },
	{ MOK_F_SENSITIVE, "sensitive" },
	{ MOK_F_SUBSET, "others' members are left alone" },
	{ MOK_F_WRITE_ONLY, "cannot be read back" },
	{ MOK_F_DRIFTS, "may move by itself" },
	{ MOK_F_MERGE, "only the keys written here are compared" },
	{ MOK_F_RISKY, "a change cannot be undone or loses data" },
	{ MOK_F_ALL, "`all` takes everything of the stack" },
	{ MOK_F_LOCAL, "mok's own, never sent" },
};

static void limits(struct mok_buf *out, const struct mok_field *f)
{
	const char *of = f->type == MOK_STR ? " characters" : f->type == MOK_LIST ? " items" : "";

	if (!f->min && !f->max)
		return;
	if (f->max == 0)
		mok_buf_printf(out, "; at least %lld%s", (long long)f->min, of);
	else if (f->min == 0 && *of)
		mok_buf_printf(out, "; at most %lld%s", (long long)f->max, of);
	else
		mok_buf_printf(out, "; %lld to %lld%s", (long long)f->min, (long long)f->max, of);
}

static void legal(struct mok_buf *out, const struct mok_field *f)
{
	if (!f->values)
		return;
	if (f->values[0] == '@') {
		mok_buf_puts(out, "; one of those on offer");
		return;
	}
	mok_buf_puts(out, "; one of ");
	for (const char *p = f->values; *p; p++) {
		if (*p == '|')
			mok_buf_puts(out, ", ");
		else
			mok_buf_putc(out, *p);
	}
}

void field_rules(struct mok_buf *out, const struct mok_field *f)
{
	field_type(out, f);
	for (size_t i = 0; i < MOK_COUNT(flag_words); i++)
		if (f->flags & flag_words[i].flag)
			mok_buf_printf(out, "; %s", flag_words[i].words);
	legal(out, f);
	limits(out, f);
	if (f->dflt && *f->dflt)
		mok_buf_printf(out, "; default %s", f->dflt);
}
