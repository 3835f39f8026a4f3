#include "kubernetes.h"

#include <string.h>

enum {
	READY_LOW_MS = 4 * SB_MINUTE_MS,
	READY_HIGH_MS = 10 * SB_MINUTE_MS,
	HA_DEFAULT_MINOR = 36,
};

#define CLUSTER_SUBNET "10.244.0.0/16"
#define SERVICE_SUBNET "10.245.0.0/16"

static bool good_region(struct sb_ctx *ctx, const char *slug)
{
	const struct sb_region *region = slug ? sb_region_find(slug) : NULL;

	if (region && region->doks)
		return true;
	if (slug)
		sb_fail(ctx, 422, "invalid region: %s", slug);
	else
		sb_fail(ctx, 422, "region is required");
	return false;
}

/* The three ranges of a cluster must not meet. */
static bool good_subnets(struct sb_ctx *ctx, cJSON *cluster)
{
	const char *own = sb_get_word(ctx->body, "cluster_subnet");
	const char *service = sb_get_word(ctx->body, "service_subnet");
	const char *vpc_uuid = sb_get_str(cluster, "vpc_uuid");
	const struct sb_doc *vpc = sb_doc_get(ctx, "vpc", vpc_uuid);
	const char *range = vpc ? sb_get_word(vpc->json, "ip_range") : NULL;

	own = own ? own : CLUSTER_SUBNET;
	service = service ? service : SERVICE_SUBNET;
	if (!sb_ipv4_valid(own, true) || !strchr(own, '/')) {
		sb_fail(ctx, 422, "invalid cluster_subnet: %s", own);
	} else if (!sb_ipv4_valid(service, true) || !strchr(service, '/')) {
		sb_fail(ctx, 422, "invalid service_subnet: %s", service);
	} else if (sb_cidr_overlap(own, service)) {
		sb_fail(ctx, 422, "cluster_subnet and service_subnet overlap");
	} else if (range && (sb_cidr_overlap(own, range) || sb_cidr_overlap(service, range))) {
		sb_fail(ctx, 422, "cluster subnets overlap with the VPC's range %s", range);
	} else {
		sb_set_str(cluster, "cluster_subnet", own);
		sb_set_str(cluster, "service_subnet", service);
		return true;
	}
	return false;
}

static bool good_pools(struct sb_ctx *ctx)
{
	const cJSON *pools = sb_get(ctx->body, "node_pools");
	const cJSON *pool;

	if (!cJSON_IsArray(pools) || !pools->child) {
		sb_fail(ctx, 422, "at least one node pool is required");
		return false;
	}
	cJSON_ArrayForEach(pool, pools)
	{
		if (cJSON_IsObject(pool))
			continue;
		sb_fail(ctx, 422, "node_pools must be a list of node pools");
		return false;
	}
	return true;
}

/* Name, region, version: what must be right before anything is made. NULL: it has answered. */
static const struct sb_k8s_version *check_basics(struct sb_ctx *ctx)
{
	const char *name = sb_get_word(ctx->body, "name");
	const char *wanted = sb_get_word(ctx->body, "version");
	const struct sb_k8s_version *version = wanted ? sb_k8s_version_resolve(wanted) : NULL;

	if (!name)
		sb_fail(ctx, 422, "name is required");
	else if (sb_doc_named(ctx, K8S_KIND, "", name))
		sb_fail(ctx, 422, "a cluster with this name already exists");
	else if (!good_region(ctx, sb_get_word(ctx->body, "region")))
		return NULL;
	else if (!version)
		sb_fail(ctx, 422, "validation error: invalid version slug: %s",
			wanted ? wanted : "");
	else if (sb_get_bool(ctx->body, "isolated_workers", false))
		sb_fail(ctx, 422, "isolated_workers requires a NAT gateway in the VPC");
	else if (good_pools(ctx))
		return version;
	return NULL;
}

static bool fill(struct sb_ctx *ctx, cJSON *cluster, const struct sb_k8s_version *version)
{
	const char *region = sb_get_word(ctx->body, "region");
	const char *why;
	const char *vpc;

	sb_set_str(cluster, "region", region);
	sb_set_str(cluster, "version", version->slug);
	k8s_cluster_defaults(cluster, (unsigned)sb_random_between(ctx, 0, 23),
		sb_get_bool(ctx->body, "ha", version->minor >= HA_DEFAULT_MINOR));
	why = k8s_cluster_apply(ctx->arena, cluster, ctx->body);
	if (why) {
		sb_fail(ctx, 422, "%s", why);
		return false;
	}
	vpc = sb_vpc_resolve(ctx, region, sb_get_word(ctx->body, "vpc_uuid"));
	if (!vpc)
		return false;
	sb_set_str(cluster, "vpc_uuid", vpc);
	sb_set_str(cluster, "ipv4",
		mok_arena_printf(ctx->arena, "68.183.%lld.%lld",
			(long long)sb_random_between(ctx, 0, 255),
			(long long)sb_random_between(ctx, 1, 254)));
	return good_subnets(ctx, cluster);
}

static void create_cluster(struct sb_ctx *ctx)
{
	const struct sb_k8s_version *version = check_basics(ctx);
	int64_t ready_ms = sb_after_between(ctx, READY_LOW_MS, READY_HIGH_MS);
	struct sb_doc *cluster;
	const cJSON *pool;
	const char *urn;

	if (!version)
		return;
	cluster = sb_doc_new(ctx, K8S_KIND, sb_uuid(ctx), "");
	sb_set_str(cluster->json, "id", cluster->id);
	sb_set_int(cluster->json, "created_ms", ctx->now_ms);
	sb_set_int(cluster->json, "ready_ms", ready_ms);
	if (!fill(ctx, cluster->json, version))
		return;
	urn = mok_arena_printf(ctx->arena, "do:kubernetes:%s", cluster->id);
	k8s_save(ctx, cluster);
	sb_note_create(ctx, "kubernetes_cluster", cluster->id);
	sb_vpc_join(ctx, sb_get_str(cluster->json, "vpc_uuid"), urn, cluster->name);
	if (!sb_project_join(ctx, NULL, urn))
		return;
	cJSON_ArrayForEach(pool, sb_get(ctx->body, "node_pools"))
	{
		if (!k8s_pool_new(ctx, cluster, pool, ready_ms))
			return;
	}
	sb_reply_root(ctx, 201, "kubernetes_cluster", k8s_view(ctx, cluster));
}

static void list_clusters(struct sb_ctx *ctx)
{
	const struct sb_page page = {
		.key = "kubernetes_clusters",
		.which = { .kind = K8S_KIND, .parent = "" },
		.view = k8s_view,
	};

	sb_reply_page(ctx, &page);
}

static void get_cluster(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, true);

	if (cluster)
		sb_reply_root(ctx, 200, "kubernetes_cluster", k8s_view(ctx, cluster));
}

static void put_cluster(struct sb_ctx *ctx)
{
	struct sb_doc *cluster = k8s_find(ctx, false);
	const struct sb_doc *other;
	const char *name = sb_get_word(ctx->body, "name");
	const char *why;

	if (!cluster)
		return;
	other = name ? sb_doc_named(ctx, K8S_KIND, "", name) : NULL;
	if (other && strcmp(other->id, cluster->id) != 0) {
		sb_fail(ctx, 422, "a cluster with this name already exists");
		return;
	}
	k8s_read_tags(ctx, K8S_KIND, cluster);
	why = k8s_cluster_apply(ctx->arena, cluster->json, ctx->body);
	if (why) {
		sb_fail(ctx, 422, "%s", why);
		return;
	}
	k8s_save(ctx, cluster);
	sb_reply_root(ctx, 202, "kubernetes_cluster", k8s_view(ctx, cluster));
}

static void delete_cluster(struct sb_ctx *ctx)
{
	struct sb_doc *cluster = k8s_find(ctx, false);

	if (!cluster)
		return;
	k8s_delete(ctx, cluster);
	sb_reply_empty(ctx, 204);
}

#define CLUSTER "/v2/kubernetes/clusters/{cluster}"
#define POOL CLUSTER "/node_pools/{pool}"
#define ASSOCIATED CLUSTER "/destroy_with_associated_resources"
#define HOOKS "/_sandbox/kubernetes/{cluster}"

const struct sb_route kubernetes_routes[] = {
	{ "GET", "/v2/kubernetes/clusters", list_clusters, 0 },
	{ "POST", "/v2/kubernetes/clusters", create_cluster, 0 },
	{ "GET", CLUSTER, get_cluster, 0 },
	{ "PUT", CLUSTER, put_cluster, 0 },
	{ "DELETE", CLUSTER, delete_cluster, 0 },
	{ "GET", CLUSTER "/node_pools", k8s_list_pools, 0 },
	{ "POST", CLUSTER "/node_pools", k8s_create_pool, 0 },
	{ "GET", POOL, k8s_get_pool, 0 },
	{ "PUT", POOL, k8s_put_pool, 0 },
	{ "DELETE", POOL, k8s_delete_pool, 0 },
	{ "DELETE", POOL "/nodes/{node}", k8s_delete_node, 0 },
	{ "POST", POOL "/recycle", k8s_recycle, 0 },
	{ "GET", CLUSTER "/upgrades", k8s_get_upgrades, 0 },
	{ "POST", CLUSTER "/upgrade", k8s_upgrade, 0 },
	{ "GET", CLUSTER "/kubeconfig", k8s_kubeconfig, 0 },
	{ "GET", CLUSTER "/credentials", k8s_credentials, 0 },
	{ "GET", CLUSTER "/user", k8s_user, 0 },
	{ "GET", CLUSTER "/status_messages", k8s_status_messages, 0 },
	{ "POST", CLUSTER "/clusterlint", k8s_lint_start, 0 },
	{ "GET", CLUSTER "/clusterlint", k8s_lint_read, 0 },
	{ "GET", ASSOCIATED, k8s_associated, 0 },
	{ "DELETE", ASSOCIATED "/dangerous", k8s_delete_dangerous, 0 },
	{ "DELETE", ASSOCIATED "/selective", k8s_delete_selective, 0 },
	{ "POST", "/v2/kubernetes/registries", k8s_add_registries, 0 },
	{ "DELETE", "/v2/kubernetes/registries", k8s_drop_registries, 0 },
	{ "POST", "/v2/kubernetes/registry", k8s_add_registries, 0 },
	{ "DELETE", "/v2/kubernetes/registry", k8s_drop_registries, 0 },
	{ "POST", HOOKS "/load_balancers", k8s_leak_load_balancer, SB_OPEN },
	{ "POST", HOOKS "/volumes", k8s_leak_volume, SB_OPEN },
	{ "POST", HOOKS "/volumes/{volume}/snapshots", k8s_leak_snapshot, SB_OPEN },
	{ "POST", HOOKS "/state", k8s_force_state, SB_OPEN },
	{ NULL, NULL, NULL, 0 },
};
