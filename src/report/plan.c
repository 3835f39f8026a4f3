#include "report_internal.h"

#include <string.h>

#define NAME_COLUMNS_MAX 28 /* longer field names push their value to the right */
#define FIELD_INDENT 6

struct look {
	const char *symbol;
	enum mok_tint tint;
};

static bool only_moves(const struct mok_change *c)
{
	return c->action == MOK_ACT_UPDATE && c->moved_from && c->fields.len == 0;
}

static struct look look_of(const struct mok_change *c)
{
	static const struct look looks[] = {
		[MOK_ACT_NONE] = { " ", MOK_TINT_DIM },
		[MOK_ACT_CREATE] = { "+", MOK_TINT_GREEN },
		[MOK_ACT_UPDATE] = { "~", MOK_TINT_YELLOW },
		[MOK_ACT_REPLACE] = { "-/+", MOK_TINT_YELLOW },
		[MOK_ACT_DELETE] = { "-", MOK_TINT_RED },
		[MOK_ACT_FORGET] = { "<=", MOK_TINT_CYAN },
		[MOK_ACT_WAIT] = { "...", MOK_TINT_YELLOW },
		[MOK_ACT_ADOPT] = { "<=", MOK_TINT_CYAN },
	};
	struct look look = looks[c->action];

	if (c->action == MOK_ACT_REPLACE && c->create_first)
		look.symbol = "+/-";
	if (only_moves(c))
		look = looks[MOK_ACT_FORGET];
	if (c->destroys_data || c->refused)
		look.tint = MOK_TINT_ALARM;
	return look;
}

const char *mok_report_symbol(const struct mok_change *change)
{
	return look_of(change).symbol;
}

/* ---- fields ---- */

static int name_columns(const struct mok_style *style, int widest, const char *name)
{
	int columns = mok_text_width(style, name);

	return columns > widest && columns <= NAME_COLUMNS_MAX ? columns : widest;
}

static int label(struct mok_buf *out, const struct mok_style *style, const char *name, int columns)
{
	int used = mok_text_width(style, name);

	mok_text_pad(out, FIELD_INDENT);
	mok_text_cut(out, style, name, style->width - FIELD_INDENT - 12);
	mok_text_pad(out, columns - used);
	mok_buf_puts(out, "  ");
	return FIELD_INDENT + (used > columns ? used : columns) + 2;
}

static void remark(struct mok_buf *out, const struct mok_style *style, const char *text,
	enum mok_tint tint, int at)
{
	mok_tint(out, style, tint);
	if (at + 4 + mok_text_width(style, text) <= style->width) {
		mok_buf_puts(out, "  # ");
		mok_text_add(out, style, text);
		mok_buf_putc(out, '\n');
	} else {
		mok_buf_putc(out, '\n');
		mok_text_pad(out, FIELD_INDENT + 2);
		mok_buf_puts(out, "# ");
		mok_text_wrap(out, style, text, FIELD_INDENT + 4, true);
	}
	mok_tint(out, style, MOK_TINT_PLAIN);
}

/* before -> after on one line if it fits, else on two. */
static int before_after(struct mok_buf *out, const struct mok_style *style,
	const struct mok_field_change *f, int at)
{
	int room = style->width - at, arrow = style->utf8 ? 3 : 4;
	int before = f->sensitive ? 17 : value_width(style, &f->before, f->field);
	int after = f->sensitive ? 17 : value_width(style, &f->after, f->field);

	if (f->sensitive) {
		mok_buf_puts(out, "(sensitive value, changed)");
		return at + 26;
	}
	if (before + arrow + after <= room) {
		value_cut(out, style, &f->before, f->field, room);
		mok_buf_printf(out, " %s ", text_arrow(style));
		value_cut(out, style, &f->after, f->field, room);
		return at + before + arrow + after;
	}
	value_cut(out, style, &f->before, f->field, room);
	mok_buf_putc(out, '\n');
	mok_text_pad(out, at - arrow + 1);
	mok_buf_printf(out, "%s ", text_arrow(style));
	value_cut(out, style, &f->after, f->field, room);
	return at + (after < room ? after : room);
}

/* A label that leaves little room for values that need more (an image deep in a manifest). */
static bool crowds(const struct mok_style *style, const struct mok_field_change *f)
{
	int label_end = FIELD_INDENT + mok_text_width(style, f->path) + 2;
	int both = value_width(style, &f->before, f->field) + 4 +
		value_width(style, &f->after, f->field);

	return !f->sensitive && label_end > style->width / 2 && both > style->width - label_end;
}

static int label_of(struct mok_buf *out, const struct mok_style *style,
	const struct mok_field_change *f, int columns)
{
	if (!crowds(style, f))
		return label(out, style, f->path, columns);
	mok_text_pad(out, FIELD_INDENT);
	mok_text_cut(out, style, f->path, style->width - FIELD_INDENT);
	mok_buf_putc(out, '\n');
	mok_text_pad(out, FIELD_INDENT + 4);
	return FIELD_INDENT + 4;
}

static void field_change(struct mok_buf *out, const struct mok_style *style,
	const struct mok_field_change *f, int columns)
{
	struct mok_buf why;
	int at = label_of(out, style, f, columns);

	at = before_after(out, style, f, at);
	mok_buf_init(&why, 1024);
	if (f->forces_replacement)
		mok_buf_puts(&why, "forces replacement");
	if (f->reason)
		mok_buf_printf(&why, "%s%s", why.len ? ": " : "", f->reason);
	else if (f->call && f->call->flags & MOK_CALL_DISRUPTS)
		mok_buf_printf(&why, "%s: restarts or moves it", f->call->name);
	if (why.len)
		remark(out, style, why.data,
			f->forces_replacement || f->risky ? MOK_TINT_RED : MOK_TINT_DIM, at);
	else
		mok_buf_putc(out, '\n');
	mok_buf_release(&why);
}

static void changed_fields(
	struct mok_buf *out, const struct mok_style *style, const struct mok_change *c)
{
	int columns = 0;

	for (size_t i = 0; i < c->fields.len; i++)
		columns = name_columns(style, columns, c->fields.items[i].path);
	for (size_t i = 0; i < c->fields.len; i++)
		field_change(out, style, &c->fields.items[i], columns);
}

static void wanted_fields(
	struct mok_buf *out, const struct mok_style *style, const struct mok_change *c)
{
	int columns = 0;

	if (c->want.type != MOK_MAP)
		return;
	for (size_t i = 0; i < c->want.u.map.len; i++)
		columns = name_columns(style, columns, c->want.u.map.pairs[i].key);
	for (size_t i = 0; i < c->want.u.map.len; i++) {
		const struct mok_pair *pair = &c->want.u.map.pairs[i];
		int at = label(out, style, pair->key, columns);

		value_cut(out, style, &pair->val, mok_field_find(c->kind->fields, pair->key),
			style->width - at);
		mok_buf_putc(out, '\n');
	}
}

/* The fields that the plan sets and that are as they should be. */
static size_t count_unchanged(const struct mok_change *c)
{
	size_t n = c->want.type == MOK_MAP ? c->want.u.map.len : 0, changed = 0;
	const char *last = NULL;

	for (size_t i = 0; i < c->fields.len; i++) {
		const char *path = c->fields.items[i].path;
		size_t len = strcspn(path, ".[");

		if (!last || strncmp(last, path, len) != 0 || strcspn(last, ".[") != len)
			changed++;
		last = path;
	}
	return n > changed ? n - changed : 0;
}

/* ---- one change ---- */

struct flag_words {
	size_t offset;
	const char *words;
};

static void reasons(struct mok_buf *out, const struct mok_style *style, const struct mok_change *c)
{
	static const struct flag_words flags[] = {
		{ offsetof(struct mok_change, set_protect), "becomes protected" },
		{ offsetof(struct mok_change, clear_protect), "is no longer protected" },
		{ offsetof(struct mok_change, set_retain), "will be kept when it leaves the plan" },
		{ offsetof(struct mok_change, clear_retain),
			"will be deleted when it leaves the plan" },
		{ offsetof(struct mok_change, implied), "goes with its parent" },
	};

	for (size_t i = 0; i < c->reasons.len; i++) {
		mok_text_pad(out, FIELD_INDENT);
		mok_buf_puts(out, "# ");
		mok_text_wrap(out, style, c->reasons.items[i], FIELD_INDENT + 2, true);
	}
	for (size_t i = 0; i < MOK_COUNT(flags); i++) {
		if (!*((const bool *)((const char *)c + flags[i].offset)))
			continue;
		mok_text_pad(out, FIELD_INDENT);
		mok_buf_printf(out, "# %s\n", flags[i].words);
	}
}

static void warnings(struct mok_buf *out, const struct mok_style *style, const struct mok_change *c)
{
	if (!c->refused && !c->destroys_data)
		return;
	mok_tint(out, style, MOK_TINT_ALARM);
	if (c->destroys_data) {
		mok_text_pad(out, FIELD_INDENT);
		mok_buf_puts(out, "# DESTROYS DATA\n");
	}
	if (c->refused) {
		mok_text_pad(out, FIELD_INDENT);
		mok_buf_puts(out,
			"# REFUSED: it is protected; only an applied `protect: false` "
			"lifts that\n");
	}
	mok_tint(out, style, MOK_TINT_PLAIN);
}

/* What tells it from others for a reader who looks into the control panel. */
static const char *known_as(struct mok_arena *arena, const struct mok_change *c)
{
	if (c->kind->key)
		return c->kind->key(arena, c->object ? &c->object->attrs : &c->want);
	if (c->action == MOK_ACT_CREATE)
		return c->name;
	if (!c->object)
		return NULL;
	return c->object->name ? c->object->name : c->object->id;
}

static void title(struct mok_buf *out, const struct mok_style *style, const struct mok_change *c)
{
	struct look look = look_of(c);
	struct mok_arena *arena = mok_arena_new();
	struct mok_buf text, raw;
	const char *name = known_as(arena, c);

	mok_buf_init(&text, 4096);
	mok_buf_init(&raw, 4096);
	mok_buf_printf(&text, "%3s ", look.symbol);
	if (c->moved_from)
		mok_buf_printf(&raw, "%s %s ", c->moved_from, text_arrow(style));
	mok_buf_printf(&raw, "%s  %s", c->address, c->kind->name);
	if (name && !mok_streq(name, c->address))
		mok_buf_printf(&raw, " \"%s\"", name);
	if (c->excluded)
		mok_buf_puts(&raw,
			c->foreign             ? " (somebody else's)"
				: c->postponed ? " (waits for somebody else)"
					       : " (left out)");
	mok_text_cut(&text, style, raw.data, style->width - 4);
	mok_tint(out, style, look.tint);
	mok_buf_puts(out, text.data);
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_putc(out, '\n');
	mok_buf_release(&text);
	mok_buf_release(&raw);
	mok_arena_free(arena);
}

void change_details_add(
	struct mok_buf *out, const struct mok_style *style, const struct mok_change *c)
{
	reasons(out, style, c);
	warnings(out, style, c);
	changed_fields(out, style, c);
}

static void change_add(struct mok_buf *out, const struct mok_style *style,
	const struct mok_change *c, const struct mok_plan_view *view)
{
	size_t unchanged;

	title(out, style, c);
	if (c->action == MOK_ACT_NONE)
		return;
	reasons(out, style, c);
	warnings(out, style, c);
	if (c->action == MOK_ACT_CREATE) {
		wanted_fields(out, style, c);
		return;
	}
	changed_fields(out, style, c);
	unchanged = count_unchanged(c);
	if (view->verbose && c->action != MOK_ACT_DELETE && c->action != MOK_ACT_FORGET &&
		unchanged)
		wanted_fields(out, style, c);
	else if (c->fields.len && unchanged)
		mok_buf_printf(out, "%*s(%zu unchanged field%s)\n", FIELD_INDENT, "", unchanged,
			plural(unchanged));
}

/* ---- around the changes ---- */

void unpriced_add(
	struct mok_buf *out, const struct mok_style *style, const struct mok_changes *changes)
{
	size_t n = changes->unpriced.len;

	if (!n)
		return;
	mok_buf_printf(out, ", %zu without a known price (", n);
	for (size_t i = 0; i < n && i < 3; i++) {
		mok_buf_puts(out, i ? ", " : "");
		mok_text_add(out, style, changes->unpriced.items[i]);
	}
	mok_buf_puts(out, n > 3 ? ", ...)" : ")");
}

static void line_of(struct mok_buf *out, const struct mok_style *style, struct mok_buf *text)
{
	mok_text_wrap(out, style, text->data, 0, false);
	mok_buf_clear(text);
}

static void header(
	struct mok_buf *out, const struct mok_style *style, const struct mok_plan_view *view)
{
	const struct mok_changes *changes = view->changes;
	struct mok_buf text;

	mok_buf_init(&text, 4096);
	mok_buf_printf(&text, "Stack %s", view->stack->name);
	if (view->stack->region)
		mok_buf_printf(&text, " in %s", view->stack->region);
	if (!view->live)
		mok_buf_puts(&text, ", nothing known of the account");
	else
		mok_buf_printf(&text, ", account %s%s", view->live->account_name,
			view->live->is_sandbox && !strstr(view->live->account_name, "sandbox")
				? " (sandbox)"
				: "");
	mok_buf_puts(&text, "; cost a month ");
	mok_text_money(&text, changes->cents_before);
	if (changes->cents_before != changes->cents_after) {
		mok_buf_printf(&text, " %s ", text_arrow(style));
		mok_text_money(&text, changes->cents_after);
	}
	unpriced_add(&text, style, changes);
	if (changes->expected_s > 0 && (mok_changes_any(changes) || changes->nwait)) {
		mok_buf_puts(&text, "; about ");
		mok_text_duration(&text, (int64_t)changes->expected_s * 1000);
	}
	mok_tint(out, style, MOK_TINT_BOLD);
	line_of(out, style, &text);
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_release(&text);
}

struct tally {
	size_t n;
	const char *words;
};

static void footer(
	struct mok_buf *out, const struct mok_style *style, const struct mok_changes *changes)
{
	const struct tally tallies[] = {
		{ changes->ncreate, "to create" },
		{ changes->nupdate, "to update" },
		{ changes->nreplace, "to replace" },
		{ changes->ndelete, "to delete" },
		{ changes->nforget, "to let go of" },
		{ changes->nmoved, "moved" },
		{ changes->nwait, "to wait for" },
		{ changes->nunchanged, "unchanged" },
		{ changes->nrefused, "REFUSED" },
	};
	struct mok_buf text;
	const char *joint = "Plan: ";

	mok_buf_init(&text, 1024);
	for (size_t i = 0; i < MOK_COUNT(tallies); i++) {
		if (!tallies[i].n)
			continue;
		mok_buf_printf(&text, "%s%zu %s", joint, tallies[i].n, tallies[i].words);
		joint = ", ";
	}
	if (!mok_changes_any(changes))
		mok_buf_puts(&text, "; stale markers to tidy up");
	mok_buf_putc(&text, '.');
	mok_tint(out, style, MOK_TINT_BOLD);
	line_of(out, style, &text);
	mok_tint(out, style, MOK_TINT_PLAIN);
	mok_buf_release(&text);
}

static bool has_objects(const struct mok_changes *changes)
{
	for (size_t i = 0; i < changes->list.len; i++)
		if (changes->list.items[i].object)
			return true;
	return false;
}

static void no_changes(struct mok_buf *out, const struct mok_changes *changes)
{
	size_t n = changes->nunchanged + changes->nwait;

	if (changes->list.len && !has_objects(changes)) {
		mok_buf_puts(out, "No changes. The account holds nothing of this stack.\n");
		return;
	}
	mok_buf_printf(
		out, "No changes. %zu resource%s as the plan says", n, n == 1 ? " is" : "s are");
	if (changes->nwait)
		mok_buf_printf(out, ", %zu of them not ready: apply waits for %s", changes->nwait,
			changes->nwait == 1 ? "it" : "them");
	mok_buf_puts(out, ".\n");
}

void mok_report_plan(
	struct mok_buf *out, const struct mok_style *style, const struct mok_plan_view *view)
{
	const struct mok_changes *changes = view->changes;
	const size_t *order = mok_changes_order(changes);
	bool any = mok_changes_any(changes);

	header(out, style, view);
	mok_buf_putc(out, '\n');
	for (size_t i = 0; i < changes->list.len; i++) {
		const struct mok_change *c = &changes->list.items[order[i]];

		if (c->action != MOK_ACT_NONE || view->verbose)
			change_add(out, style, c, view);
	}
	if (any) {
		mok_buf_putc(out, '\n');
		footer(out, style, changes);
		return;
	}
	if ((view->verbose && changes->list.len) || changes->nwait)
		mok_buf_putc(out, '\n');
	no_changes(out, changes);
}
