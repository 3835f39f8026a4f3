#include "report_internal.h"

#include <string.h>

/* A replacement runs two operations on one change: one that makes, one that unmakes. */
struct running {
	const struct mok_change *change;
	enum mok_action action;
	bool on;
	int64_t since_wall_ms;
	int typical_s;
	const char *step;
	char state[160];
	struct running *prev, *next;
};

struct mok_progress {
	const struct mok_changes *changes;
	struct running *slots; /* two for each change */
	struct running *first, *last;
	size_t nrunning, ndone, nfailed, ntotal;
	int64_t started_wall_ms;
};

struct mok_progress *mok_progress_new(struct mok_arena *arena, const struct mok_changes *changes)
{
	struct mok_progress *p = MOK_NEW(arena, struct mok_progress);

	p->changes = changes;
	p->slots = MOK_NEW_N(arena, struct running, 2 * changes->list.len + 1);
	for (size_t i = 0; i < changes->list.len; i++) {
		enum mok_action action = changes->list.items[i].action;

		if (action != MOK_ACT_NONE)
			p->ntotal += action == MOK_ACT_REPLACE ? 2 : 1;
	}
	return p;
}

static struct running *slot_of(struct mok_progress *p, const struct mok_event *event)
{
	bool unmakes = event->action == MOK_ACT_DELETE || event->action == MOK_ACT_FORGET;

	const struct mok_change *items = p->changes->list.items;

	if (event->change < items || event->change >= items + p->changes->list.len)
		return NULL;
	return &p->slots[2 * (size_t)(event->change - items) + unmakes];
}

static void begin(struct mok_progress *p, struct running *r, const struct mok_event *event)
{
	if (r->on)
		return;
	/* Waited for once more, after what the plan says of it. */
	if (event->action == MOK_ACT_WAIT && event->change->action != MOK_ACT_WAIT)
		p->ntotal++;
	r->change = event->change;
	r->action = event->action;
	r->since_wall_ms = event->wall_ms - event->elapsed_ms;
	r->on = true;
	r->prev = p->last;
	r->next = NULL;
	*(p->last ? &p->last->next : &p->first) = r;
	p->last = r;
	p->nrunning++;
}

static void end(struct mok_progress *p, struct running *r)
{
	if (!r->on)
		return;
	r->on = false;
	*(r->prev ? &r->prev->next : &p->first) = r->next;
	*(r->next ? &r->next->prev : &p->last) = r->prev;
	p->nrunning--;
}

static void note(struct running *r, const struct mok_event *event)
{
	const char *state = event->state ? event->state : "";
	size_t len = strnlen(state, sizeof(r->state) - 1);

	r->step = event->step;
	if (event->typical_s > 0)
		r->typical_s = event->typical_s;
	memcpy(r->state, state, len);
	r->state[len] = '\0';
}

void mok_progress_event(struct mok_progress *progress, const struct mok_event *event)
{
	struct running *r = slot_of(progress, event);

	if (!progress->started_wall_ms)
		progress->started_wall_ms = event->wall_ms;
	if (!r)
		return;
	switch (event->type) {
	case MOK_EV_START:
		begin(progress, r, event);
		note(r, event);
		return;
	case MOK_EV_PROGRESS:
	case MOK_EV_RETRY: note(r, event); return;
	case MOK_EV_DONE:
		end(progress, r);
		progress->ndone++;
		return;
	case MOK_EV_FAILED:
	case MOK_EV_SKIPPED:
		end(progress, r);
		progress->nfailed++;
		return;
	case MOK_EV_NOTE: return;
	}
}

static void times(struct mok_buf *text, const struct running *r, int64_t now_wall_ms)
{
	int64_t ms = now_wall_ms - r->since_wall_ms;

	mok_text_duration(text, ms > 0 ? ms : 0);
	if (r->typical_s > 0) {
		mok_buf_puts(text, " of about ");
		mok_text_duration(text, (int64_t)r->typical_s * 1000);
	}
}

static void running_text(struct mok_buf *text, const struct running *r, int64_t now_wall_ms)
{
	mok_buf_printf(text, "%s: %s", r->change->address, event_doing(r->action));
	if (r->step && !mok_streq(r->step, "create") && !mok_streq(r->step, "delete") &&
		r->action != MOK_ACT_WAIT)
		mok_buf_printf(text, ", %s", r->step);
	if (r->state[0])
		mok_buf_printf(text, " [%s]", r->state);
	mok_buf_puts(text, "  ");
	times(text, r, now_wall_ms);
}

int mok_progress_lines(struct mok_buf *out, const struct mok_style *style,
	const struct mok_progress *progress, int64_t now_wall_ms, int lines)
{
	struct mok_buf text;
	int n = 0;

	mok_buf_init(&text, 4096);
	for (const struct running *r = progress->first; r && n < lines; r = r->next) {
		mok_buf_clear(&text);
		if (n == lines - 1 && r->next)
			mok_buf_printf(&text, "%s and %zu more", text_dots(style),
				progress->nrunning - (size_t)n);
		else
			running_text(&text, r, now_wall_ms);
		mok_text_pad(out, 2);
		mok_text_cut(out, style, text.data, style->width - 3);
		mok_buf_putc(out, '\n');
		n++;
	}
	mok_buf_release(&text);
	return n;
}

void mok_progress_summary(struct mok_buf *out, const struct mok_style *style,
	const struct mok_progress *progress, int64_t now_wall_ms)
{
	struct mok_buf text;
	size_t shown = 0;

	mok_buf_init(&text, 4096);
	mok_text_duration(&text, now_wall_ms - progress->started_wall_ms);
	mok_buf_printf(&text, ": %zu of %zu done", progress->ndone, progress->ntotal);
	if (progress->nfailed)
		mok_buf_printf(&text, ", %zu failed or skipped", progress->nfailed);
	mok_buf_printf(&text, ", %zu running", progress->nrunning);
	for (const struct running *r = progress->first; r && shown < 3; r = r->next, shown++) {
		mok_buf_printf(&text, "%s%s (", shown ? ", " : ": ", r->change->address);
		times(&text, r, now_wall_ms);
		mok_buf_putc(&text, ')');
	}
	if (progress->nrunning > shown)
		mok_buf_puts(&text, ", ...");
	mok_text_pad(out, 2);
	mok_text_cut(out, style, text.data, style->width - 2);
	mok_buf_putc(out, '\n');
	mok_buf_release(&text);
}
