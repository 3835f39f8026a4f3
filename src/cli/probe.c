#include "probe.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 10000
#define BODY_MAX ((size_t)1 << 20)
#define INSTANCE_PORT 3 /* above the API's */

struct probe {
	struct mok_exchange x;
	bool done;
};

static void answered(struct mok_exchange *x)
{
	((struct probe *)x->ctx)->done = true;
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

/* A loop of its own, so that nothing else of the session goes on meanwhile. */
static int run(struct session *s, struct probe *p, struct probe_answer *out, struct mok_err *err)
{
	struct mok_loop *loop = mok_loop_new(&s->env);
	int rc;

	p->x.method = "GET";
	p->x.timeout_ms = TIMEOUT_MS;
	p->x.done = answered;
	p->x.ctx = p;
	mok_loop_exchange(loop, &p->x);
	rc = mok_loop_run(loop, is_answered, p, err);
	if (rc == 0)
		rc = read_answer(s, &p->x, out, err);
	mok_loop_free(loop);
	mok_exchange_release(&p->x);
	return rc;
}

static const char *url_of(struct session *s, const char *domain, const char *path)
{
	return mok_arena_printf(s->arena, "%s%s", probe_base(s, domain), path);
}

int probe_get(struct session *s, const char *domain, const char *path, struct probe_answer *out,
	struct mok_err *err)
{
	const struct mok_header headers[] = { { "User-Agent", "mok" }, { "Accept", "*/*" },
		{ "Host", domain }, { "X-Forwarded-Proto", "https" } };
	struct probe p = { .x = { .url = url_of(s, domain, path),
				   .headers = headers,
				   .nheaders = s->live.is_sandbox ? 4 : 2 } };

	return run(s, &p, out, err);
}

int probe_socket(struct session *s, const char *domain, const char *path, const char *token,
	struct probe_answer *out, struct mok_err *err)
{
	struct mok_header headers[7] = { { "User-Agent", "mok" }, { "Connection", "Upgrade" },
		{ "Upgrade", "websocket" }, { "Sec-WebSocket-Version", "13" } };
	struct probe p = { .x = { .url = url_of(s, domain, path),
				   .headers = headers,
				   .nheaders = 4,
				   .upgrades = true } };
	const uint64_t key[2] = { s->env.random.next(s->env.random.self),
		s->env.random.next(s->env.random.self) };

	headers[p.x.nheaders++] =
		(struct mok_header){ "Sec-WebSocket-Key", mok_base64(s->arena, key, sizeof(key)) };
	if (token)
		headers[p.x.nheaders++] = (struct mok_header){ "Authorization",
			mok_arena_printf(s->arena, "Bearer %s", token) };
	if (s->live.is_sandbox)
		headers[p.x.nheaders++] = (struct mok_header){ "Host", domain };
	return run(s, &p, out, err);
}
