/* Answers of DigitalOcean's API: the first byte says which kind and verb was asked for, the second
 * the status. */
#include "fuzz.h"
#include "mok/provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum mok_verb verbs[] = { MOK_ASK_LIST, MOK_ASK_READ, MOK_ASK_CREATE,
		MOK_ASK_TAG_LIST, MOK_ASK_ACCOUNT, MOK_ASK_CATALOGUE, MOK_ASK_MEMBERS,
		MOK_ASK_ASSOCIATED };
	static const int statuses[] = { 200, 201, 404, 409, 412, 422, 429, 500 };
	const struct mok_provider *provider = mok_digitalocean_provider();
	struct mok_arena *arena = mok_arena_new();
	struct mok_err err = { 0 };
	struct mok_answer answer = { 0 };
	struct mok_http_reply reply = { .request_id = "", .err = &err };
	struct mok_ask ask = { .parent_id = "parent", .page = 1, .name = "sizes" };
	size_t nkinds;
	const struct mok_kind *const *kinds = mok_kinds(&nkinds);

	if (size < 2) {
		mok_arena_free(arena);
		return 0;
	}
	ask.kind = kinds[data[0] % nkinds];
	ask.verb = verbs[data[0] / 16 % MOK_COUNT(verbs)];
	reply.status = statuses[data[1] % MOK_COUNT(statuses)];
	reply.body = mok_arena_strndup(arena, (const char *)data + 2, size - 2);
	reply.len = size - 2;
	provider->decode(provider->self, &ask, &reply, arena, &answer);
	for (size_t i = 0; i < answer.objects.len; i++)
		mok_natural_key(
			arena, answer.objects.items[i]->kind, &answer.objects.items[i]->attrs);
	mok_arena_free(arena);
	return 0;
}
