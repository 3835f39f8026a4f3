#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_MS 200
#define SUMMARY_MS 30000
#define LINES_MAX 12

struct watch {
	struct session *s;
	struct mok_events events;
	struct mok_progress *progress;
	struct mok_timer *timer;
	bool redraws, ended;
	int drawn;  /* lines of ours that stand at the bottom */
	FILE *file; /* --events */
	struct mok_buf buf;
};

static int64_t now_ms(const struct watch *w)
{
	return w->s->env.clock.wall_ms(w->s->env.clock.self);
}

static void rub_out(struct watch *w)
{
	if (w->drawn)
		mok_buf_printf(&w->buf, "\033[%dA\033[J", w->drawn);
	w->drawn = 0;
}

static int room(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 6)
		return LINES_MAX;
	return size.ws_row - 4 < LINES_MAX ? size.ws_row - 4 : LINES_MAX;
}

static void draw(struct watch *w)
{
	w->drawn = mok_progress_lines(&w->buf, &w->s->cli->err, w->progress, now_ms(w), room());
}

static void tick(void *ctx)
{
	struct watch *w = ctx;

	w->timer = NULL;
	if (w->ended)
		return;
	if (w->redraws) {
		rub_out(w);
		draw(w);
	} else {
		mok_progress_summary(&w->buf, &w->s->cli->err, w->progress, now_ms(w));
	}
	cli_err(w->s->cli, &w->buf);
	w->timer = mok_loop_after(w->s->loop, w->redraws ? REDRAW_MS : SUMMARY_MS, tick, w);
}

static void write_event(struct watch *w, const struct mok_event *event)
{
	cJSON *json = mok_report_event_json(event);
	char *text = cJSON_PrintUnformatted(json);

	fprintf(w->file, "%s\n", text);
	fflush(w->file);
	free(text);
	cJSON_Delete(json);
}

static void on_event(void *self, const struct mok_event *event)
{
	struct watch *w = self;

	mok_progress_event(w->progress, event);
	if (w->file)
		write_event(w, event);
	if (w->s->cli->opt.quiet)
		return;
	if (w->redraws) {
		rub_out(w);
		if (event->type != MOK_EV_START)
			mok_report_event(&w->buf, &w->s->cli->err, event);
		draw(w);
	} else {
		mok_report_event(&w->buf, &w->s->cli->err, event);
	}
	cli_err(w->s->cli, &w->buf);
}

struct watch *watch_new(struct session *s)
{
	struct watch *w = mok_xcalloc(1, sizeof(*w));
	const char *path = s->cli->opt.events, *term = getenv("TERM");

	w->s = s;
	w->events = (struct mok_events){ .self = w, .emit = on_event };
	w->progress = mok_progress_new(s->arena, &s->changes);
	w->redraws = s->cli->err_is_terminal && term && strcmp(term, "dumb") != 0;
	mok_buf_init(&w->buf, (size_t)1 << 20);
	if (path) {
		int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		w->file = fd < 0 ? NULL : fdopen(fd, "a");
		if (!w->file) {
			cli_usage_error(s->cli, NULL, "--events %s: %s", path, strerror(errno));
			if (fd >= 0)
				close(fd);
			mok_buf_release(&w->buf);
			free(w);
			return NULL;
		}
	}
	if (!s->cli->opt.quiet)
		w->timer = mok_loop_after(s->loop, w->redraws ? REDRAW_MS : SUMMARY_MS, tick, w);
	return w;
}

void watch_say(struct watch *w, struct mok_buf *line)
{
	rub_out(w);
	mok_buf_add(&w->buf, line->data, line->len);
	if (w->redraws)
		draw(w);
	cli_err(w->s->cli, &w->buf);
}

const struct mok_events *watch_events(const struct watch *watch)
{
	return &watch->events;
}

void watch_end(struct watch *watch)
{
	watch->ended = true;
	if (watch->timer)
		mok_loop_cancel(watch->s->loop, watch->timer);
	rub_out(watch);
	cli_err(watch->s->cli, &watch->buf);
	if (watch->file && fclose(watch->file) != 0)
		cli_usage_error(watch->s->cli, NULL, "--events %s: %s", watch->s->cli->opt.events,
			strerror(errno));
	mok_buf_release(&watch->buf);
	free(watch);
}
