/* Reading a cluster's objects. */
#include "instance.h"

#include <string.h>

void si_world_init(struct si_world *w, struct sb_ctx *ctx, const struct sb_doc *cluster,
	struct mok_arena *arena)
{
	*w = (struct si_world){ .ctx = ctx,
		.kube = { ctx, cluster->id, { "", "", "" } },
		.cluster = cluster,
		.arena = arena };
	w->store = sb_kube_store(&w->kube);
}

struct gathering {
	const struct si_world *w;
	struct si_list list;
};

static bool gather(void *context, const struct mok_apiserver_item *item)
{
	struct gathering *g = context;
	cJSON *object = mok_json_parse(item->text, item->len);

	if (object)
		mok_vec_push(g->w->ctx->arena, &g->list.objects, sb_own(g->w->ctx, object));
	return true;
}

struct si_list si_objects(const struct si_world *w, const char *resource, const char *ns)
{
	struct gathering g = { .w = w };

	w->store.list(w->store.self, resource, ns, NULL, gather, &g);
	return g.list;
}

const cJSON *si_object(
	const struct si_world *w, const char *resource, const char *ns, const char *name)
{
	const struct mok_apiserver_key key = { resource, ns, name ? name : "" };
	struct mok_apiserver_item item;
	cJSON *object;

	if (!w->store.get(w->store.self, &key, &item))
		return NULL;
	object = mok_json_parse(item.text, item.len);
	return object ? sb_own(w->ctx, object) : NULL;
}

const char *si_meta(const cJSON *object, const char *name)
{
	const char *text = sb_get_str(sb_get(object, "metadata"), name);

	return text ? text : "";
}

const char *si_label(const cJSON *object, const char *name)
{
	const char *text = sb_get_str(mok_json_at(object, "metadata.labels"), name);

	return text ? text : "";
}

bool si_condition(const cJSON *object, const char *type)
{
	const cJSON *condition;

	cJSON_ArrayForEach(condition, mok_json_at(object, "status.conditions"))
	{
		if (mok_streq(sb_get_str(condition, "type"), type))
			return mok_streq(sb_get_str(condition, "status"), "True");
	}
	return false;
}
