#include "mok/provider.h"

#include <string.h>

struct pending {
	struct mok_asker asker;
	struct mok_arena *arena;
	struct mok_ask ask;
	const struct mok_provider *provider;
	struct mok_answer answer;
	void (*done)(void *ctx, struct mok_answer *answer);
	void *ctx;
};

const struct mok_provider *mok_provider_of(const struct mok_providers *providers, const char *name)
{
	for (size_t i = 0; i < providers->count; i++)
		if (mok_streq(providers->list[i].name, name))
			return &providers->list[i];
	return NULL;
}

static void deliver(void *ctx)
{
	struct pending *p = ctx;

	p->done(p->ctx, &p->answer);
}

static void replied(void *ctx, const struct mok_http_reply *reply)
{
	struct pending *p = ctx;

	p->provider->decode(p->provider->self, &p->ask, reply, p->arena, &p->answer);
	deliver(p);
}

void mok_ask_send(const struct mok_asker *asker, struct mok_arena *arena, const struct mok_ask *ask,
	void (*done)(void *ctx, struct mok_answer *answer), void *ctx)
{
	const char *name = ask->kind ? ask->kind->provider : "digitalocean";
	struct pending *p = MOK_NEW(arena, struct pending);
	struct mok_wire_request request;

	*p = (struct pending){
		.asker = *asker, .arena = arena, .ask = *ask, .done = done, .ctx = ctx
	};
	p->provider = mok_provider_of(asker->providers, name);
	if (!p->provider)
		MOK_BUG("a kind names a provider that does not exist");
	memset(&request, 0, sizeof(request));
	if (p->provider->encode(p->provider->self, &p->ask, arena, &request, &p->answer.err) != 0) {
		p->answer.verdict = MOK_ANS_FAILED;
		mok_loop_after(asker->loop, 0, deliver, p);
		return;
	}
	mok_http_send(asker->http, &request, replied, p);
}
