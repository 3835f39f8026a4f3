#include "controller.h"
#include "kubernetes.h"

#include "droplet.h"

#include <string.h>

enum {
	DRAIN_LOW_MS = 20 * SB_SECOND_MS,
	DRAIN_HIGH_MS = 60 * SB_SECOND_MS,
	GONE_MS = 60 * SB_SECOND_MS,    /* from the end of draining */
	DELETED_MS = 40 * SB_SECOND_MS, /* GET sees "deleted" that long, then 404 */
	VPC_LINGER_MS = 3 * SB_MINUTE_MS,
};

struct sb_doc *k8s_find(struct sb_ctx *ctx, bool deleted)
{
	struct sb_doc *doc = sb_doc_see(ctx, K8S_KIND, ctx->params[0]);

	if (!doc)
		return NULL;
	if (strcmp(doc->parent, K8S_GONE) != 0 ||
		(deleted && ctx->now_ms < sb_get_int(doc->json, "purge_ms", 0)))
		return doc;
	sb_not_found(ctx);
	return NULL;
}

struct sb_doc *k8s_find_pool(struct sb_ctx *ctx, const struct sb_doc *cluster)
{
	struct sb_doc *pool = sb_doc_see(ctx, K8S_POOL_KIND, ctx->params[1]);

	if (!pool || strcmp(pool->parent, cluster->id) == 0)
		return pool;
	sb_not_found(ctx);
	return NULL;
}

struct sb_docs k8s_pools(struct sb_ctx *ctx, const char *cluster_id)
{
	const struct sb_which which = { .kind = K8S_POOL_KIND, .parent = cluster_id };

	return sb_doc_list(ctx, &which, 0, 0);
}

void k8s_read_tags(struct sb_ctx *ctx, const char *type, const struct sb_doc *doc)
{
	mok_json_set(doc->json, "tags", sb_tags_of(ctx, type, doc->id));
}

/* The autoscaler has nothing to do here, so a pool's count is what was wanted of it. */
cJSON *k8s_view_pool(struct sb_ctx *ctx, const struct sb_doc *cluster, const struct sb_doc *pool)
{
	k8s_read_tags(ctx, K8S_POOL_KIND, pool);
	return k8s_pool_view(pool->json, cluster->id, ctx->now_ms);
}

cJSON *k8s_view(struct sb_ctx *ctx, const struct sb_doc *cluster)
{
	struct sb_docs pools = k8s_pools(ctx, cluster->id);
	cJSON *list = cJSON_CreateArray();
	cJSON *view;

	for (size_t i = 0; i < pools.len; i++) {
		k8s_read_tags(ctx, K8S_POOL_KIND, pools.items[i]);
		cJSON_AddItemReferenceToArray(list, pools.items[i]->json);
	}
	k8s_read_tags(ctx, K8S_KIND, cluster);
	view = k8s_cluster_view(cluster->json, list, ctx->now_ms);
	cJSON_Delete(list);
	return view;
}

/* Droplets carry the tags of their cluster and of their pool. */
static cJSON *droplet_tags(
	struct sb_ctx *ctx, const struct sb_doc *cluster, const struct sb_doc *pool)
{
	cJSON *tags = k8s_all_tags(sb_get(cluster->json, "tags"), cluster->id, true);
	const cJSON *tag;

	cJSON_ArrayForEach(tag, sb_get(pool->json, "tags"))
	{
		if (!sb_list_has(tags, tag->valuestring))
			cJSON_AddItemToArray(tags, cJSON_CreateString(tag->valuestring));
	}
	return sb_own(ctx, tags);
}

void k8s_save(struct sb_ctx *ctx, struct sb_doc *cluster)
{
	sb_set_int(cluster->json, "updated_ms", ctx->now_ms);
	cluster->name = sb_get_str(cluster->json, "name");
	sb_tags_set(ctx, K8S_KIND, cluster->id, sb_get(cluster->json, "tags"));
	sb_doc_put(ctx, cluster);
}

void k8s_save_pool(struct sb_ctx *ctx, struct sb_doc *pool)
{
	pool->name = sb_get_str(pool->json, "name");
	sb_tags_set(ctx, K8S_POOL_KIND, pool->id, sb_get(pool->json, "tags"));
	sb_doc_put(ctx, pool);
	sb_ctl_wake(ctx, pool->parent, ctx->now_ms);
}

static void node_join(struct sb_ctx *ctx, const struct sb_doc *cluster, const struct sb_doc *pool,
	int64_t ready_ms)
{
	cJSON *node = cJSON_CreateObject();
	const char *suffix = sb_random_word(ctx, 5, "abcdefghijklmnopqrstuvwxyz0123456789");
	const char *name =
		mok_arena_printf(ctx->arena, "%s-%s", sb_get_str(pool->json, "name"), suffix);
	struct sb_droplet_spec spec = {
		.name = name,
		.region = sb_get_str(cluster->json, "region"),
		.size = sb_get_str(pool->json, "size"),
		.vpc_uuid = sb_get_str(cluster->json, "vpc_uuid"),
		.image = "do-kube",
		.tags = droplet_tags(ctx, cluster, pool),
		.ready_ms = ready_ms,
	};
	const char *droplet = sb_droplet_make(ctx, &spec);
	int64_t number = 0;

	if (!mok_parse_i64(droplet, &number))
		MOK_BUG("a Droplet id that is no number");
	sb_set_str(node, "id", sb_uuid(ctx));
	sb_set_str(node, "name", name);
	sb_set_int(node, "droplet_id", number);
	sb_set_int(node, "created_ms", ctx->now_ms);
	sb_set_int(node, "ready_ms", ready_ms);
	cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(pool->json, "nodes"), node);
}

void k8s_node_leave(struct sb_ctx *ctx, cJSON *node, bool skip_drain)
{
	int64_t drain_ms = skip_drain ? 0 : sb_random_between(ctx, DRAIN_LOW_MS, DRAIN_HIGH_MS);

	sb_set_int(node, "drained_ms", sb_after(ctx, drain_ms));
	sb_set_int(node, "gone_ms", sb_after(ctx, drain_ms + GONE_MS));
	sb_droplet_leave(ctx,
		mok_arena_printf(ctx->arena, "%lld", (long long)sb_get_int(node, "droplet_id", 0)),
		drain_ms + GONE_MS);
}

static void forget_gone(struct sb_ctx *ctx, cJSON *nodes)
{
	cJSON *next;

	for (cJSON *node = nodes->child; node; node = next) {
		next = node->next;
		if (!k8s_node_present(node, ctx->now_ms))
			cJSON_Delete(cJSON_DetachItemViaPointer(nodes, node));
	}
}

void k8s_scale(struct sb_ctx *ctx, const struct sb_doc *cluster, struct sb_doc *pool, int64_t count,
	int64_t ready_ms)
{
	cJSON *nodes = cJSON_GetObjectItemCaseSensitive(pool->json, "nodes");
	int64_t staying = 0;
	cJSON *node;

	forget_gone(ctx, nodes);
	cJSON_ArrayForEach(node, nodes)
	{
		if (sb_get_int(node, "gone_ms", 0))
			continue;
		staying++;
		if (staying > count)
			k8s_node_leave(ctx, node, false);
	}
	for (; staying < count; staying++)
		node_join(ctx, cluster, pool, ready_ms);
}

bool k8s_room_for(struct sb_ctx *ctx, int64_t nodes)
{
	int64_t limit = sb_droplet_limit(ctx);

	if (nodes <= 0 || sb_droplet_count(ctx) + nodes <= limit)
		return true;
	sb_fail(ctx, 422, "creating this/these droplet(s) will exceed your droplet limit");
	return false;
}

struct sb_doc *k8s_pool_new(
	struct sb_ctx *ctx, const struct sb_doc *cluster, const cJSON *body, int64_t ready_ms)
{
	struct sb_doc *pool = sb_doc_new(ctx, K8S_POOL_KIND, sb_uuid(ctx), cluster->id);
	const char *why = k8s_pool_apply(ctx->arena, pool->json, body, true);
	const char *region = sb_get_str(cluster->json, "region");
	int64_t count;

	if (why) {
		sb_fail(ctx, 422, "%s", why);
		return NULL;
	}
	if (!sb_size_in_region(sb_size_find(sb_get_str(pool->json, "size")), region)) {
		sb_fail(ctx, 422, "size %s is not available in region %s",
			sb_get_str(pool->json, "size"), region);
		return NULL;
	}
	if (sb_doc_named(ctx, K8S_POOL_KIND, cluster->id, sb_get_str(pool->json, "name"))) {
		sb_fail(ctx, 422, "a node pool with this name already exists in the cluster");
		return NULL;
	}
	count = sb_get_int(pool->json, "count", 0);
	if (!k8s_room_for(ctx, count))
		return NULL;
	sb_set_str(pool->json, "id", pool->id);
	cJSON_AddArrayToObject(pool->json, "nodes");
	k8s_scale(ctx, cluster, pool, count, ready_ms);
	k8s_save_pool(ctx, pool);
	sb_note_create(ctx, "kubernetes_node_pool", pool->id);
	return pool;
}

void k8s_pool_delete(struct sb_ctx *ctx, struct sb_doc *pool)
{
	cJSON *node;

	cJSON_ArrayForEach(node, sb_get(pool->json, "nodes"))
	{
		if (!sb_get_int(node, "gone_ms", 0))
			k8s_node_leave(ctx, node, false);
	}
	sb_tags_set(ctx, K8S_POOL_KIND, pool->id, NULL);
	sb_doc_delete(ctx, pool);
	sb_ctl_wake(ctx, pool->parent, ctx->now_ms);
	sb_note_delete(ctx, "kubernetes_node_pool", pool->id);
}

void k8s_delete(struct sb_ctx *ctx, struct sb_doc *cluster)
{
	const char *urn = mok_arena_printf(ctx->arena, "do:kubernetes:%s", cluster->id);
	struct sb_docs pools = k8s_pools(ctx, cluster->id);
	/* Nobody sees those any more whose time is over; it is enough to clear them out here. */
	const struct sb_which gone = { .kind = K8S_KIND, .parent = K8S_GONE };
	struct sb_docs old = sb_doc_list(ctx, &gone, 0, 0);

	for (size_t i = 0; i < old.len; i++)
		if (ctx->now_ms >= sb_get_int(old.items[i]->json, "purge_ms", 0))
			sb_doc_delete(ctx, old.items[i]);
	for (size_t i = 0; i < pools.len; i++)
		k8s_pool_delete(ctx, pools.items[i]);
	sb_kube_forget(ctx, cluster->id);
	sb_project_leave(ctx, urn);
	sb_vpc_leave(ctx, urn, VPC_LINGER_MS);
	sb_tags_set(ctx, K8S_KIND, cluster->id, NULL);
	sb_set_int(cluster->json, "deleted_ms", ctx->now_ms);
	sb_set_int(cluster->json, "purge_ms", sb_after(ctx, DELETED_MS));
	cluster->parent = K8S_GONE;
	sb_doc_put(ctx, cluster);
	sb_note_delete(ctx, "kubernetes_cluster", cluster->id);
}
