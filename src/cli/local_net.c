#include "local_net.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HANG_MS ((int64_t)24 * 3600 * 1000) /* of an exchange without a time limit */

struct flight {
	struct mok_exchange *x;
	bool answered;
	int64_t submitted_ms, due_ms;
	struct flight *next;
};

struct local_net {
	struct mok_real_env *real;
	struct mok_sandbox *sandbox;
	struct flight *first, *last;
};

static const struct mok_clock *clock_of(const struct local_net *net)
{
	return &mok_real_env_get(net->real)->clock;
}

static int64_t mono_ms(const struct local_net *net)
{
	const struct mok_clock *clock = clock_of(net);

	return clock->mono_ms(clock->self);
}

static void submit(void *self, struct mok_exchange *x)
{
	struct local_net *net = self;
	struct flight *f = mok_xcalloc(1, sizeof(*f));

	f->x = x;
	f->submitted_ms = mono_ms(net);
	x->impl = f;
	if (net->last)
		net->last->next = f;
	else
		net->first = f;
	net->last = f;
}

static void drop(struct local_net *net, struct flight *f)
{
	struct flight **link = &net->first, *before = NULL;

	while (*link != f) {
		before = *link;
		link = &before->next;
	}
	*link = f->next;
	if (net->last == f)
		net->last = before;
	f->x->impl = NULL;
	free(f);
}

static void cancel(void *self, struct mok_exchange *x)
{
	if (x->impl)
		drop(self, x->impl);
}

/* ---- one request to the core ---- */

static void take_answer(struct mok_exchange *x, const struct mok_sandbox_response *r)
{
	x->status = r->status;
	mok_exchange_clear_headers(x);
	for (size_t i = 0; i < r->nheaders; i++)
		mok_exchange_add_header(x, r->headers[i].name, r->headers[i].value);
	mok_buf_init(&x->response, MOK_RESPONSE_MAX);
	if (strcmp(x->method, "HEAD") != 0)
		mok_buf_add(&x->response, r->body.data, r->body.len);
}

static void no_answer(struct mok_exchange *x, const char *why)
{
	x->fail = MOK_NET_UNKNOWN;
	x->status = 0;
	memcpy(x->fail_text, why, strlen(why) + 1);
}

static void answer(struct flight *f, const struct mok_sandbox_response *r)
{
	struct mok_exchange *x = f->x;
	int64_t limit_ms = x->timeout_ms > 0 ? x->timeout_ms : HANG_MS;

	f->answered = true;
	f->due_ms = f->submitted_ms + r->delay_ms;
	x->fail = MOK_NET_OK;
	x->fail_text[0] = '\0';
	if (r->hung || r->delay_ms > limit_ms) {
		f->due_ms = f->submitted_ms + limit_ms;
		no_answer(x, "no answer in time");
	} else if (r->dropped) {
		no_answer(x, "the connection was closed without an answer");
	} else {
		take_answer(x, r);
	}
}

static void handle(struct local_net *net, struct flight *f)
{
	struct mok_exchange *x = f->x;
	const struct mok_clock *clock = clock_of(net);
	struct mok_sandbox_header *headers = mok_xcalloc(x->nheaders + 1, sizeof(*headers));
	struct mok_sandbox_response response;
	struct mok_sandbox_request request = { .method = x->method,
		.headers = headers,
		.nheaders = x->nheaders,
		.body = x->body,
		.body_len = x->body_len };
	const char *host;
	char name[256];
	size_t len;

	if (!mok_url_host(x->url, &host, &len) || len >= sizeof(name))
		MOK_BUG("a URL without a host reached the network");
	memcpy(name, host, len);
	name[len] = '\0';
	request.host = name;
	for (size_t i = 0; i < x->nheaders; i++) {
		headers[i] = (struct mok_sandbox_header){ x->headers[i].name, x->headers[i].value };
		if (strcasecmp(headers[i].name, "host") == 0)
			request.host = headers[i].value;
	}
	request.target = host[len] ? host + len : "/";
	request.service = mok_ends(name, LOCAL_SPACES_HOST) ? MOK_SANDBOX_SPACES
		: mok_ends(name, LOCAL_KUBERNETES_DOMAIN)   ? MOK_SANDBOX_KUBERNETES
		: mok_ends(name, LOCAL_REGISTRY_HOST)       ? MOK_SANDBOX_REGISTRY
		: mok_ends(name, LOCAL_INSTANCE_HOST)       ? MOK_SANDBOX_INSTANCE
							    : MOK_SANDBOX_API;
	mok_sandbox_response_init(&response);
	mok_sandbox_handle(net->sandbox, &request, clock->wall_ms(clock->self), &response);
	answer(f, &response);
	mok_sandbox_response_release(&response);
	free(headers);
}

/* ---- waiting ---- */

static struct flight *first_due(struct local_net *net, int64_t now)
{
	for (struct flight *f = net->first; f; f = f->next)
		if (f->answered && f->due_ms <= now)
			return f;
	return NULL;
}

static bool deliver(struct local_net *net, int64_t now)
{
	struct flight *f;
	bool any = false;

	while ((f = first_due(net, now)) != NULL) {
		struct mok_exchange *x = f->x;

		drop(net, f);
		x->done(x);
		any = true;
	}
	return any;
}

static int wait_for(void *self, int64_t until_ms)
{
	struct local_net *net = self;
	int64_t wake_ms = until_ms;

	for (struct flight *f = net->first; f; f = f->next)
		if (!f->answered)
			handle(net, f);
	if (deliver(net, mono_ms(net)))
		return 0;
	for (struct flight *f = net->first; f; f = f->next)
		if (f->answered && f->due_ms < wake_ms)
			wake_ms = f->due_ms;
	mok_real_sleep_until(net->real, wake_ms);
	deliver(net, mono_ms(net));
	return 0;
}

struct local_net *local_net_new(struct mok_real_env *real, struct mok_sandbox *sandbox)
{
	struct local_net *net = mok_xcalloc(1, sizeof(*net));

	net->real = real;
	net->sandbox = sandbox;
	return net;
}

void local_net_free(struct local_net *net)
{
	if (!net)
		return;
	while (net->first)
		drop(net, net->first);
	free(net);
}

struct mok_net local_net_get(struct local_net *net)
{
	return (struct mok_net){
		.self = net, .submit = submit, .wait = wait_for, .cancel = cancel
	};
}
