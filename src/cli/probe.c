#include "probe.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 10000
#define BODY_MAX ((size_t)1 << 20)
#define INSTANCE_PORT 3 /* above the API's */

struct probe {
	struct session *s;
	struct mok_exchange x;
	struct mok_header headers[7];
	bool done;
	int64_t sent_ms, took_ms;
	void (*then)(void *ctx); /* NULL: somebody waits for `done` */
	void *ctx;
};

static int64_t mono_ms(const struct session *s)
{
	return s->env.clock.mono_ms(s->env.clock.self);
}

static void answered(struct mok_exchange *x)
{
	struct probe *p = x->ctx;

	p->done = true;
	p->took_ms = mono_ms(p->s) - p->sent_ms;
	if (p->then)
		p->then(p->ctx);
}

static bool is_answered(void *ctx)
{
	return ((struct probe *)ctx)->done;
}

const char *probe_base(struct session *s, const char *domain)
{
	const char *colon;
	int64_t port;

	if (!s->live.is_sandbox)
		return mok_arena_printf(s->arena, "https://%s", domain);
	colon = s->api_url && mok_http_is_loopback(s->api_url) ? strrchr(s->api_url, ':') : NULL;
	if (!colon || !mok_parse_i64(colon + 1, &port))
		return LOCAL_INSTANCE_URL;
	return mok_arena_printf(s->arena, "http://127.0.0.1:%lld", (long long)port + INSTANCE_PORT);
}

static int read_answer(struct session *s, const struct mok_exchange *x, struct probe_answer *out,
	struct mok_err *err)
{
	size_t len = x->response.len < BODY_MAX ? x->response.len : BODY_MAX;
	const char *refusal = mok_exchange_header(x, "x-error-message");

	if (x->fail != MOK_NET_OK)
		return mok_err_set(err, MOK_ERR_NET, "%s: %s", x->url, x->fail_text);
	out->status = x->status;
	out->body = mok_arena_strndup(s->arena, len ? x->response.data : "", len);
	out->refusal = refusal ? mok_arena_strdup(s->arena, refusal) : NULL;
	return 0;
}

static void send(struct probe *p, struct mok_loop *loop)
{
	p->x.method = "GET";
	p->x.headers = p->headers;
	p->x.timeout_ms = TIMEOUT_MS;
	p->x.done = answered;
	p->x.ctx = p;
	p->done = false;
	p->sent_ms = mono_ms(p->s);
	mok_loop_exchange(loop, &p->x);
}

/* A loop of its own, so that nothing else of the session goes on meanwhile. */
static int run(struct probe *p, struct probe_answer *out, struct mok_err *err)
{
	struct session *s = p->s;
	struct mok_loop *loop = mok_loop_new(&s->env);
	int rc;

	send(p, loop);
	rc = mok_loop_run(loop, is_answered, p, err);
	if (rc == 0)
		rc = read_answer(s, &p->x, out, err);
	mok_loop_free(loop);
	mok_exchange_release(&p->x);
	return rc;
}

static void add(struct probe *p, const char *name, const char *value)
{
	p->headers[p->x.nheaders++] = (struct mok_header){ name, value };
}

static struct probe begin(struct session *s, const char *domain, const char *path)
{
	struct probe p = { .s = s };

	p.x.url = mok_arena_printf(s->arena, "%s%s", probe_base(s, domain), path);
	add(&p, "User-Agent", "mok");
	if (s->live.is_sandbox)
		add(&p, "Host", domain);
	return p;
}

static struct probe begin_get(struct session *s, const char *domain, const char *path)
{
	struct probe p = begin(s, domain, path);

	add(&p, "Accept", "*/*");
	if (s->live.is_sandbox)
		add(&p, "X-Forwarded-Proto", "https");
	return p;
}

int probe_get(struct session *s, const char *domain, const char *path, struct probe_answer *out,
	struct mok_err *err)
{
	struct probe p = begin_get(s, domain, path);

	return run(&p, out, err);
}

int probe_socket(struct session *s, const char *domain, const char *path, const char *token,
	struct probe_answer *out, struct mok_err *err)
{
	struct probe p = begin(s, domain, path);
	const uint64_t key[2] = { s->env.random.next(s->env.random.self),
		s->env.random.next(s->env.random.self) };

	p.x.upgrades = true;
	add(&p, "Connection", "Upgrade");
	add(&p, "Upgrade", "websocket");
	add(&p, "Sec-WebSocket-Version", "13");
	add(&p, "Sec-WebSocket-Key", mok_base64(s->arena, key, sizeof(key)));
	if (token)
		add(&p, "Authorization", mok_arena_printf(s->arena, "Bearer %s", token));
	return run(&p, out, err);
}

/* ---- again and again, while something else goes on ---- */

struct probe *probe_new(
	struct session *s, const char *domain, const char *path, void (*done)(void *ctx), void *ctx)
{
	struct probe *p = MOK_NEW(s->arena, struct probe);

	*p = begin_get(s, domain, path);
	p->then = done;
	p->ctx = ctx;
	return p;
}

void probe_send(struct probe *p)
{
	mok_exchange_release(&p->x);
	send(p, p->s->loop);
}

int probe_status(const struct probe *p, const char **why)
{
	*why = p->x.fail_text;
	return p->x.fail == MOK_NET_OK ? p->x.status : 0;
}

int64_t probe_took_ms(const struct probe *p)
{
	return p->took_ms;
}

void probe_stop(struct probe *p)
{
	mok_loop_abandon(p->s->loop, &p->x);
	mok_exchange_release(&p->x);
}
