#include "kubernetes.h"

#include <string.h>

enum {
	JOIN_LOW_MS = 90 * SB_SECOND_MS,
	JOIN_HIGH_MS = 4 * SB_MINUTE_MS,
};

/* Nodes of a cluster that is not up yet come with it. */
static int64_t join_ms(struct sb_ctx *ctx, const struct sb_doc *cluster)
{
	int64_t ready_ms = sb_get_int(cluster->json, "ready_ms", 0);
	int64_t at_ms = sb_after_between(ctx, JOIN_LOW_MS, JOIN_HIGH_MS);

	return at_ms > ready_ms ? at_ms : ready_ms;
}

void k8s_list_pools(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	struct sb_docs pools;
	cJSON *list;

	if (!cluster)
		return;
	pools = k8s_pools(ctx, cluster->id);
	list = cJSON_CreateArray();
	for (size_t i = 0; i < pools.len; i++)
		cJSON_AddItemToArray(list, k8s_view_pool(ctx, cluster, pools.items[i]));
	sb_reply_root(ctx, 200, "node_pools", list);
}

void k8s_create_pool(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	const struct sb_doc *pool;

	if (!cluster)
		return;
	k8s_read_tags(ctx, K8S_KIND, cluster);
	pool = k8s_pool_new(ctx, cluster, ctx->body, join_ms(ctx, cluster));
	if (pool)
		sb_reply_root(ctx, 201, "node_pool", k8s_view_pool(ctx, cluster, pool));
}

void k8s_get_pool(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	const struct sb_doc *pool = cluster ? k8s_find_pool(ctx, cluster) : NULL;

	if (pool)
		sb_reply_root(ctx, 200, "node_pool", k8s_view_pool(ctx, cluster, pool));
}

static bool pool_name_free(struct sb_ctx *ctx, const struct sb_doc *pool)
{
	const char *name = sb_get_word(ctx->body, "name");
	const struct sb_doc *other =
		name ? sb_doc_named(ctx, K8S_POOL_KIND, pool->parent, name) : NULL;

	if (!other || strcmp(other->id, pool->id) == 0)
		return true;
	sb_fail(ctx, 422, "a node pool with this name already exists in the cluster");
	return false;
}

void k8s_put_pool(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	struct sb_doc *pool = cluster ? k8s_find_pool(ctx, cluster) : NULL;
	int64_t before, after;
	const char *why;

	if (!pool || !pool_name_free(ctx, pool))
		return;
	before = sb_get_int(pool->json, "count", 0);
	k8s_read_tags(ctx, K8S_POOL_KIND, pool);
	why = k8s_pool_apply(ctx->arena, pool->json, ctx->body, false);
	if (why) {
		sb_fail(ctx, 422, "%s", why);
		return;
	}
	after = sb_get_int(pool->json, "count", 0);
	if (!k8s_room_for(ctx, after - before))
		return;
	k8s_read_tags(ctx, K8S_KIND, cluster);
	k8s_scale(ctx, cluster, pool, after, join_ms(ctx, cluster));
	k8s_save_pool(ctx, pool);
	sb_reply_root(ctx, 202, "node_pool", k8s_view_pool(ctx, cluster, pool));
}

void k8s_delete_pool(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	struct sb_doc *pool = cluster ? k8s_find_pool(ctx, cluster) : NULL;

	if (!pool)
		return;
	if (k8s_pools(ctx, cluster->id).len < 2) {
		sb_fail(ctx, 422, "a cluster must have at least one node pool");
		return;
	}
	k8s_pool_delete(ctx, pool);
	sb_reply_empty(ctx, 204);
}

static cJSON *find_node(const struct sb_doc *pool, const char *id)
{
	cJSON *node;

	cJSON_ArrayForEach(node, sb_get(pool->json, "nodes"))
	{
		if (mok_streq(sb_get_str(node, "id"), id) && !sb_get_int(node, "gone_ms", 0))
			return node;
	}
	return NULL;
}

static bool query_true(struct sb_ctx *ctx, const char *name)
{
	const char *value = sb_query(ctx, name);

	return value && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

static void settle(struct sb_ctx *ctx, const struct sb_doc *cluster, struct sb_doc *pool)
{
	k8s_read_tags(ctx, K8S_KIND, cluster);
	k8s_read_tags(ctx, K8S_POOL_KIND, pool);
	k8s_scale(ctx, cluster, pool, sb_get_int(pool->json, "count", 0), join_ms(ctx, cluster));
	k8s_save_pool(ctx, pool);
}

/* Without replace=1 the pool becomes one smaller. */
void k8s_delete_node(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	struct sb_doc *pool = cluster ? k8s_find_pool(ctx, cluster) : NULL;
	cJSON *node = pool ? find_node(pool, ctx->params[2]) : NULL;

	if (!pool)
		return;
	if (!node) {
		sb_not_found(ctx);
		return;
	}
	k8s_node_leave(ctx, node, query_true(ctx, "skip_drain"));
	if (!query_true(ctx, "replace"))
		sb_set_int(pool->json, "count", sb_get_int(pool->json, "count", 1) - 1);
	settle(ctx, cluster, pool);
	sb_reply_empty(ctx, 202);
}

void k8s_recycle(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	struct sb_doc *pool = cluster ? k8s_find_pool(ctx, cluster) : NULL;
	const cJSON *wanted = sb_get(ctx->body, "nodes");
	const cJSON *id;

	if (!pool)
		return;
	if (!sb_is_string_list(wanted)) {
		sb_fail(ctx, 422, "nodes must be a list of node ids");
		return;
	}
	cJSON_ArrayForEach(id, wanted)
	{
		cJSON *node = find_node(pool, id->valuestring);

		if (!node) {
			sb_not_found(ctx);
			return;
		}
		k8s_node_leave(ctx, node, false);
	}
	settle(ctx, cluster, pool);
	sb_reply_empty(ctx, 202);
}
