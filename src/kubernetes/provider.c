#include "kubernetes.h"

#include <stdlib.h>
#include <string.h>

/* What an ask was the occasion to fetch, so that each is fetched once for it. */
enum { HAS_CORE = 1 << 0, HAS_GROUPS = 1 << 1, HAS_RETRIED = 1 << 2 };

struct mok_kubernetes *mok_kubernetes_new(void)
{
	struct mok_kubernetes *k = mok_xcalloc(1, sizeof(*k));

	k->arena = mok_arena_new();
	k->clusters = mok_map_new(k->arena);
	return k;
}

void mok_kubernetes_free(struct mok_kubernetes *k)
{
	if (!k)
		return;
	mok_arena_free(k->arena);
	free(k);
}

struct k8s_cluster *k8s_cluster_of(struct mok_kubernetes *k, const char *id)
{
	struct k8s_cluster *c = id ? mok_map_get(k->clusters, id) : NULL;

	if (c || !id)
		return c;
	c = MOK_NEW(k->arena, struct k8s_cluster);
	c->id = mok_arena_strdup(k->arena, id);
	c->endpoint = k->everywhere;
	mok_map_put(k->clusters, c->id, c);
	return c;
}

/* ---- the kubeconfig ---- */

int mok_kubernetes_use(struct mok_kubernetes *k, const char *kubeconfig,
	const struct mok_files *files, const char *path, struct mok_err *err)
{
	struct mok_endpoint *endpoint = MOK_NEW(k->arena, struct mok_endpoint);
	const char *slash = strrchr(path, '/');
	const struct k8s_folder folder = { .files = files,
		.path = slash ? mok_arena_strndup(k->arena, path, (size_t)(slash - path)) : "." };

	if (k8s_read_kubeconfig(k->arena, kubeconfig, &folder, endpoint, err) != 0)
		return -1;
	k->everywhere = endpoint;
	return 0;
}

void mok_kubernetes_force(struct mok_kubernetes *k)
{
	k->forces = true;
}

static void ask_kubeconfig(const struct mok_ask *ask, struct mok_ask *first)
{
	const struct mok_kind *parent = mok_kind_find(ask->kind->parent);

	*first = (struct mok_ask){ .verb = MOK_ASK_FETCH,
		.kind = parent,
		.id = ask->parent_id,
		.field = mok_field_find(parent->fields, "kubeconfig") };
}

static bool learn_kubeconfig(
	struct mok_kubernetes *k, struct k8s_cluster *c, struct mok_answer *answer)
{
	struct mok_endpoint *endpoint = MOK_NEW(k->arena, struct mok_endpoint);
	const char *text = answer->value.type == MOK_STR ? answer->value.u.s : NULL;

	c->asking = false;
	if (answer->verdict != MOK_ANS_OK) {
		mok_err_wrap(&answer->err, "reading the cluster's kubeconfig");
		return false;
	}
	if (!text || k8s_read_kubeconfig(k->arena, text, NULL, endpoint, &answer->err) != 0) {
		if (!text)
			mok_err_set(&answer->err, MOK_ERR_API, "the kubeconfig is empty");
		answer->verdict = MOK_ANS_FAILED;
		return false;
	}
	c->endpoint = endpoint;
	return true;
}

/* ---- discovery ---- */

/* Which kind an ask has to find the place of; false: it knows its place. */
static bool asks_for_place(
	struct mok_arena *arena, const struct mok_ask *ask, struct mok_manifest_id *id)
{
	const struct mok_val *manifest = ask->want ? mok_val_get(ask->want, "manifest") : NULL;
	const char *slash = ask->collection ? strchr(ask->collection, '/') : NULL;

	if (!slash)
		return !ask->collection && !ask->id && mok_manifest_id(arena, manifest, id);
	*id = (struct mok_manifest_id){ .group = mok_arena_strndup(arena, ask->collection,
						(size_t)(slash - ask->collection)),
		.kind = mok_arena_strndup(arena, slash + 1, strcspn(slash + 1, "/")) };
	return true;
}

static bool is_served(const struct k8s_cluster *c, const struct mok_ask *ask)
{
	struct mok_arena *arena = mok_arena_new();
	struct mok_manifest_id id;
	bool served = true;

	/* The core group never changes. */
	if (asks_for_place(arena, ask, &id))
		served = (!c->aged || !id.group[0]) &&
			k8s_discovery_find(c->resources, id.group, id.kind, id.version) != NULL;
	mok_arena_free(arena);
	return served;
}

static bool learn_resources(
	struct k8s_cluster *c, const struct mok_ask *first, struct mok_answer *answer)
{
	c->discovering = false;
	if (answer->verdict == MOK_ANS_OK) {
		c->aged &= first->page != 2;
		return true;
	}
	mok_err_wrap(&answer->err, "asking the cluster what it serves");
	return false;
}

/* ---- the hooks ---- */

static enum mok_need needs(
	void *self, const struct mok_ask *ask, unsigned *rounds, struct mok_ask *first)
{
	struct mok_kubernetes *k = self;
	struct k8s_cluster *c = k8s_cluster_of(k, ask->parent_id);

	if (!c)
		return MOK_NEED_NOTHING;
	if (!c->endpoint) {
		if (c->asking)
			return MOK_NEED_LATER;
		c->asking = true;
		ask_kubeconfig(ask, first);
		return MOK_NEED_FIRST;
	}
	c->aged |= ask->fresh;
	if (ask->verb == MOK_ASK_DISCOVER || is_served(c, ask) || *rounds & HAS_GROUPS)
		return MOK_NEED_NOTHING;
	if (c->discovering)
		return MOK_NEED_LATER;
	c->discovering = true;
	if (c->aged && c->resources)
		*rounds |= HAS_CORE;
	*first = (struct mok_ask){ .verb = MOK_ASK_DISCOVER,
		.kind = ask->kind,
		.parent_id = ask->parent_id,
		.page = *rounds & HAS_CORE ? 2 : 1 };
	*rounds |= *rounds & HAS_CORE ? HAS_GROUPS : HAS_CORE;
	return MOK_NEED_FIRST;
}

static bool learn(void *self, const struct mok_ask *first, struct mok_answer *answer)
{
	struct mok_kubernetes *k = self;

	if (first->verb == MOK_ASK_FETCH)
		return learn_kubeconfig(k, k8s_cluster_of(k, first->id), answer);
	return learn_resources(k8s_cluster_of(k, first->parent_id), first, answer);
}

/* A token that aged: DigitalOcean's are good for seven days, or until they are revoked. */
static bool stale(
	void *self, const struct mok_ask *ask, const struct mok_http_reply *reply, unsigned *rounds)
{
	struct k8s_cluster *c = k8s_cluster_of(self, ask->parent_id);

	if (!c || reply->status != 401 || *rounds & HAS_RETRIED ||
		((struct mok_kubernetes *)self)->everywhere)
		return false;
	*rounds |= HAS_RETRIED;
	c->endpoint = NULL;
	return true;
}

struct mok_provider mok_kubernetes_provider(struct mok_kubernetes *kubernetes)
{
	return (struct mok_provider){ .name = "kubernetes",
		.self = kubernetes,
		.needs = needs,
		.learn = learn,
		.stale = stale,
		.encode = k8s_encode,
		.decode = k8s_decode };
}
