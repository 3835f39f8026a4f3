#include "live_internal.h"

#include <string.h>

#define MAX_ROUNDS 3

struct listing {
	struct sweep *sweep;
	struct mok_ask ask;
	MOK_VEC(struct mok_object *) objects;
	MOK_VEC(const char *) tags;
	struct mok_map *seen;
	size_t pages_open, own; /* objects of the kind asked for */
	int64_t total;
	int rounds;
	bool fanned_out, was_read;
};

struct page {
	struct listing *listing;
	int number;
};

static void start_round(struct listing *l);
static void got_page(void *ctx, struct mok_answer *answer);

void mok_sweep_fail(struct sweep *sweep, const struct mok_err *err)
{
	if (!sweep->failed)
		sweep->err = *err;
	sweep->failed = true;
}

void mok_sweep_ask(struct sweep *sweep, const struct mok_ask *ask,
	void (*done)(void *ctx, struct mok_answer *answer), void *ctx)
{
	sweep->outstanding++;
	mok_ask_send(&sweep->asker, sweep->arena, ask, done, ctx);
}

static void ask_page(struct listing *l, int number, const char *token)
{
	struct page *page = MOK_NEW(l->sweep->arena, struct page);

	page->listing = l;
	page->number = number;
	l->ask.page = number;
	l->ask.token = token;
	l->pages_open++;
	mok_sweep_ask(l->sweep, &l->ask, got_page, page);
}

static void add_object(struct listing *l, struct mok_object *o)
{
	const char *key = mok_arena_printf(l->sweep->scratch, "%s/%s/%s", o->kind->name,
		o->parent_id ? o->parent_id : "", o->id ? o->id : "");

	if (mok_map_get(l->seen, key))
		return;
	mok_map_put(l->seen, key, o);
	mok_vec_push(l->sweep->scratch, &l->objects, o);
	if (o->kind == l->ask.kind)
		l->own++;
}

static void add_page(struct listing *l, const struct mok_answer *answer)
{
	for (size_t i = 0; i < answer->objects.len; i++)
		add_object(l, answer->objects.items[i]);
	for (size_t i = 0; i < answer->tags.len; i++) {
		const char *tag = answer->tags.items[i];

		if (mok_map_get(l->seen, tag))
			continue;
		mok_map_put(l->seen, tag, l);
		mok_vec_push(l->sweep->scratch, &l->tags, tag);
		l->own++;
	}
}

/* A kind that neither the plan nor a marker names may be out of the token's reach. */
static bool is_needed(const struct listing *l)
{
	return l->ask.verb == MOK_ASK_TAG_LIST || mok_map_get(l->sweep->used, l->ask.kind->name);
}

static void finish(struct listing *l)
{
	struct mok_live *out = l->sweep->out;

	for (size_t i = 0; i < l->objects.len; i++)
		mok_vec_push(l->sweep->arena, &out->objects, l->objects.items[i]);
	if (l->ask.collection && l->was_read)
		mok_map_put(out->listed,
			mok_arena_printf(
				l->sweep->arena, "%s\n%s", l->ask.parent_id, l->ask.collection),
			out);
	for (size_t i = 0; i < l->tags.len; i++)
		mok_map_put(out->tags, l->tags.items[i], (void *)(uintptr_t)l->tags.items[i]);
}

static void fan_out(struct listing *l, const struct page *page, const struct mok_answer *answer)
{
	int last;

	if (answer->total < 0) {
		ask_page(l, page->number + 1, answer->next_token);
		return;
	}
	if (l->fanned_out)
		return;
	l->fanned_out = true;
	l->total = answer->total;
	last = (int)((answer->total + PAGE_SIZE - 1) / PAGE_SIZE);
	for (int n = page->number + 1; n <= last; n++)
		ask_page(l, n, NULL);
}

static void got_page(void *ctx, struct mok_answer *answer)
{
	struct page *page = ctx;
	struct listing *l = page->listing;

	l->pages_open--;
	l->sweep->outstanding--;
	if (answer->verdict == MOK_ANS_OK) {
		add_page(l, answer);
		l->was_read = true;
		if (answer->next_page || answer->next_token)
			fan_out(l, page, answer);
	} else if (answer->verdict != MOK_ANS_GONE && answer->verdict != MOK_ANS_UNSUPPORTED &&
		(is_needed(l) ||
			(answer->err.http_status != 401 && answer->err.http_status != 403))) {
		mok_err_wrap(&answer->err, "listing %s",
			l->ask.verb == MOK_ASK_TAG_LIST ? "the account's tags" : l->ask.kind->name);
		mok_sweep_fail(l->sweep, &answer->err);
	}
	if (l->pages_open > 0)
		return;
	if (!l->sweep->failed && (int64_t)l->own < l->total && l->rounds < MAX_ROUNDS)
		start_round(l);
	else
		finish(l);
}

static void start_round(struct listing *l)
{
	l->rounds++;
	l->total = -1;
	l->own = 0;
	l->fanned_out = false;
	l->objects.len = 0;
	l->tags.len = 0;
	l->seen = mok_map_new(l->sweep->scratch);
	ask_page(l, 1, NULL);
}

void mok_sweep_list(struct sweep *sweep, const struct mok_ask *ask)
{
	const char *key = mok_arena_printf(sweep->arena, "%s/%s/%s/%s", ask->kind->name,
		ask->parent_id ? ask->parent_id : "", ask->region ? ask->region : "",
		ask->collection ? ask->collection : "");
	struct listing *l;

	if (mok_map_get(sweep->asked, key))
		return;
	l = MOK_NEW(sweep->arena, struct listing);
	mok_map_put(sweep->asked, key, l);
	l->sweep = sweep;
	l->ask = *ask;
	start_round(l);
}
