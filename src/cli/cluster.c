#include "cluster.h"

#include <string.h>

struct waiting {
	struct mok_answer *answer;
	bool done;
};

static void answered(void *ctx, struct mok_answer *answer)
{
	struct waiting *w = ctx;

	*w->answer = *answer;
	w->done = true;
}

static bool is_answered(void *ctx)
{
	return ((struct waiting *)ctx)->done;
}

int cluster_ask(
	const struct cluster *c, struct mok_ask *ask, struct mok_answer *out, struct mok_err *err)
{
	struct session *s = c->s;
	const struct mok_asker asker = {
		.loop = s->loop, .http = s->http, .providers = &s->providers
	};
	/* Interrupted, the loop may still hold it. */
	struct waiting *w = MOK_NEW(s->arena, struct waiting);

	w->answer = MOK_NEW(s->arena, struct mok_answer);
	ask->kind = c->kind;
	ask->parent_id = c->id;
	mok_ask_send(&asker, s->arena, ask, answered, w);
	if (mok_loop_run(s->loop, is_answered, w, err) != 0)
		return -1;
	*out = *w->answer;
	return 0;
}

int cluster_list(const struct cluster *c, const char *collection, struct cluster_objects *out,
	struct mok_err *err)
{
	struct mok_ask ask = { .verb = MOK_ASK_LIST, .page = 1, .collection = collection };
	struct mok_answer answer;

	do {
		if (cluster_ask(c, &ask, &answer, err) != 0)
			return -1;
		if (answer.verdict == MOK_ANS_GONE)
			return 0;
		if (answer.verdict != MOK_ANS_OK) {
			*err = answer.err;
			return -1;
		}
		for (size_t i = 0; i < answer.objects.len; i++)
			mok_vec_push(c->s->arena, &out->list, answer.objects.items[i]);
		ask.token = answer.next_token;
	} while (ask.token);
	return 0;
}

const char *cluster_text(const struct cluster *c, const char *path, struct mok_err *err)
{
	struct mok_ask ask = { .verb = MOK_ASK_TEXT, .id = path };
	struct mok_answer answer;

	if (cluster_ask(c, &ask, &answer, err) != 0)
		return NULL;
	if (answer.verdict != MOK_ANS_OK)
		*err = answer.err;
	return answer.verdict == MOK_ANS_OK ? answer.value.u.s : NULL;
}

const struct mok_val *cluster_object(const struct mok_object *o)
{
	return mok_val_get(&o->attrs, "object");
}

const char *cluster_str(const struct mok_val *object, const char *path)
{
	const struct mok_val *v = object ? mok_val_at(object, path) : NULL;

	return v && v->type == MOK_STR ? v->u.s : "";
}

int64_t cluster_int(const struct mok_val *object, const char *path, int64_t fallback)
{
	const struct mok_val *v = object ? mok_val_at(object, path) : NULL;

	return v && v->type == MOK_INT ? v->u.i : fallback;
}
