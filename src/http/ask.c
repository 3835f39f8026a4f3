#include "mok/provider.h"

#include <string.h>

#define LATER_MS 20 /* between two looks at whether another ask has fetched what this one needs */

struct pending {
	struct mok_asker asker;
	struct mok_arena *arena;
	struct mok_ask ask, first;
	const struct mok_provider *provider;
	unsigned rounds;
	struct mok_answer answer;
	void (*done)(void *ctx, struct mok_answer *answer);
	void *ctx;
};

static void prepare(void *ctx);

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

	if (p->provider->stale &&
		p->provider->stale(p->provider->self, &p->ask, reply, &p->rounds)) {
		prepare(p);
		return;
	}
	p->provider->decode(p->provider->self, &p->ask, reply, p->arena, &p->answer);
	deliver(p);
}

static void send(struct pending *p)
{
	struct mok_wire_request request;

	memset(&request, 0, sizeof(request));
	if (p->provider->encode(p->provider->self, &p->ask, p->arena, &request, &p->answer.err) !=
		0) {
		p->answer.verdict =
			p->answer.err.http_status == 404 ? MOK_ANS_GONE : MOK_ANS_FAILED;
		mok_loop_after(p->asker.loop, 0, deliver, p);
		return;
	}
	mok_http_send(p->asker.http, &request, replied, p);
}

static void learned(void *ctx, struct mok_answer *answer)
{
	struct pending *p = ctx;

	if (p->provider->learn(p->provider->self, &p->first, answer)) {
		prepare(p);
		return;
	}
	p->answer.verdict = answer->verdict;
	p->answer.err = answer->err;
	deliver(p);
}

static void prepare(void *ctx)
{
	struct pending *p = ctx;
	enum mok_need need = MOK_NEED_NOTHING;

	if (p->provider->needs)
		need = p->provider->needs(p->provider->self, &p->ask, &p->rounds, &p->first);
	switch (need) {
	case MOK_NEED_NOTHING: send(p); return;
	case MOK_NEED_FIRST: mok_ask_send(&p->asker, p->arena, &p->first, learned, p); return;
	case MOK_NEED_LATER: mok_loop_after(p->asker.loop, LATER_MS, prepare, p); return;
	}
}

void mok_ask_send(const struct mok_asker *asker, struct mok_arena *arena, const struct mok_ask *ask,
	void (*done)(void *ctx, struct mok_answer *answer), void *ctx)
{
	const char *name = ask->kind ? ask->kind->provider : "digitalocean";
	struct pending *p = MOK_NEW(arena, struct pending);

	*p = (struct pending){
		.asker = *asker, .arena = arena, .ask = *ask, .done = done, .ctx = ctx
	};
	p->provider = mok_provider_of(asker->providers, name);
	if (!p->provider)
		MOK_BUG("a kind names a provider that does not exist");
	prepare(p);
}
