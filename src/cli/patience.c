/* A reading of the account that takes long says so, and what it waits for. */
#include "session.h"

/* First, and then twice as long each time, up to. */
#define FIRST_MS 5000
#define MOST_MS 60000

struct patience {
	struct session *session;
	struct mok_timer *timer;
	int64_t began_ms, next_ms;
};

static void tell(void *ctx)
{
	struct patience *p = ctx;
	struct session *s = p->session;
	const char *trouble = mok_http_trouble(s->http);
	long long seconds = (long long)(mok_loop_now(s->loop) - p->began_ms) / 1000;
	struct mok_buf line;

	mok_buf_init(&line, 2048);
	mok_buf_printf(&line, "  still reading the account after %llds: %s\n", seconds,
		*trouble ? trouble : "no answer yet");
	cli_err(s->cli, &line);
	mok_buf_release(&line);
	p->next_ms = p->next_ms * 2 < MOST_MS ? p->next_ms * 2 : MOST_MS;
	p->timer = mok_loop_after(s->loop, p->next_ms, tell, p);
}

struct patience *patience_begin(struct session *s)
{
	struct patience *p = MOK_NEW(s->arena, struct patience);

	*p = (struct patience){
		.session = s, .began_ms = mok_loop_now(s->loop), .next_ms = FIRST_MS
	};
	if (!s->cli->opt.quiet)
		p->timer = mok_loop_after(s->loop, FIRST_MS, tell, p);
	return p;
}

void patience_end(struct patience *p)
{
	if (p->timer)
		mok_loop_cancel(p->session->loop, p->timer);
}
