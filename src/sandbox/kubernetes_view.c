#include "kubernetes.h"

#include <stdio.h>
#include <string.h>

const char *k8s_cluster_state(const cJSON *cluster, int64_t now_ms)
{
	if (sb_get_int(cluster, "deleted_ms", 0))
		return "deleted";
	if (sb_get_word(cluster, "forced_state"))
		return sb_get_word(cluster, "forced_state");
	if (now_ms < sb_get_int(cluster, "ready_ms", 0))
		return "provisioning";
	if (now_ms >= sb_get_int(cluster, "upgrade_ms", 0) &&
		now_ms < sb_get_int(cluster, "upgraded_ms", 0))
		return "upgrading";
	return "running";
}

static const char *node_state(const cJSON *node, int64_t now_ms)
{
	if (sb_get_int(node, "gone_ms", 0))
		return now_ms < sb_get_int(node, "drained_ms", 0) ? "draining" : "deleting";
	return now_ms < sb_get_int(node, "ready_ms", 0) ? "provisioning" : "running";
}

bool k8s_node_present(const cJSON *node, int64_t now_ms)
{
	int64_t gone_ms = sb_get_int(node, "gone_ms", 0);

	return !gone_ms || now_ms < gone_ms;
}

static cJSON *view_node(const cJSON *node, int64_t now_ms)
{
	static const char *const copied[] = { "id", "name" };
	cJSON *view = cJSON_CreateObject();
	int64_t created_ms = sb_get_int(node, "created_ms", 0);
	int64_t ready_ms = sb_get_int(node, "ready_ms", 0);
	char droplet[24];

	sb_copy(view, node, copied, MOK_COUNT(copied));
	sb_set_str(cJSON_AddObjectToObject(view, "status"), "state", node_state(node, now_ms));
	snprintf(droplet, sizeof(droplet), "%lld", (long long)sb_get_int(node, "droplet_id", 0));
	sb_set_str(view, "droplet_id", droplet);
	sb_set_time(view, "created_at", created_ms);
	sb_set_time(view, "updated_at", now_ms < ready_ms ? created_ms : ready_ms);
	return view;
}

void k8s_cluster_tag(const char *cluster_id, char out[64])
{
	snprintf(out, 64, "k8s:%s", cluster_id);
}

/* The user's tags first, then the system's, as the API orders them. */
cJSON *k8s_all_tags(const cJSON *user_tags, const char *cluster_id, bool worker)
{
	cJSON *tags =
		cJSON_IsArray(user_tags) ? cJSON_Duplicate(user_tags, true) : cJSON_CreateArray();
	char own[64];

	k8s_cluster_tag(cluster_id, own);
	cJSON_AddItemToArray(tags, cJSON_CreateString("k8s"));
	cJSON_AddItemToArray(tags, cJSON_CreateString(own));
	if (worker)
		cJSON_AddItemToArray(tags, cJSON_CreateString("k8s:worker"));
	return tags;
}

cJSON *k8s_pool_view(const cJSON *pool, const char *cluster_id, int64_t now_ms)
{
	static const char *const head[] = { "id", "name", "size", "count" };
	static const char *const tail[] = { "labels", "taints", "auto_scale" };
	cJSON *view = cJSON_CreateObject();
	bool scaled = sb_get_bool(pool, "auto_scale", false);
	const cJSON *node;
	cJSON *nodes;

	sb_copy(view, pool, head, MOK_COUNT(head));
	mok_json_set(view, "tags", k8s_all_tags(sb_get(pool, "tags"), cluster_id, true));
	sb_copy(view, pool, tail, MOK_COUNT(tail));
	sb_set_int(view, "min_nodes", scaled ? sb_get_int(pool, "min_nodes", 0) : 0);
	sb_set_int(view, "max_nodes", scaled ? sb_get_int(pool, "max_nodes", 0) : 0);
	nodes = cJSON_AddArrayToObject(view, "nodes");
	cJSON_ArrayForEach(node, sb_get(pool, "nodes")) if (k8s_node_present(node, now_ms))
		cJSON_AddItemToArray(nodes, view_node(node, now_ms));
	return view;
}

static void view_endpoint(cJSON *view, const cJSON *cluster, bool up)
{
	const char *ipv4 = sb_get_str(cluster, "ipv4");
	char url[96] = "";

	if (up)
		snprintf(url, sizeof(url), "https://%s.k8s.ondigitalocean.com",
			sb_get_str(cluster, "id"));
	sb_set_str(view, "ipv4", up && ipv4 && !sb_get_bool(cluster, "ha", false) ? ipv4 : "");
	sb_set_str(view, "endpoint", url);
}

static void view_status(cJSON *view, const cJSON *cluster, int64_t now_ms)
{
	const char *state = k8s_cluster_state(cluster, now_ms);
	cJSON *status = cJSON_AddObjectToObject(view, "status");

	sb_set_str(status, "state", state);
	if (strcmp(state, "provisioning") == 0)
		sb_set_str(status, "message", "provisioning");
	else if (strcmp(state, "upgrading") == 0)
		sb_set_str(status, "message", "upgrading control plane and nodes");
}

const char *k8s_cluster_version(const cJSON *cluster, int64_t now_ms)
{
	if (now_ms < sb_get_int(cluster, "control_plane_upgraded_ms", 0))
		return sb_get_str(cluster, "version_before");
	return sb_get_str(cluster, "version");
}

/* `pools` are documents of pools; their views go into the cluster's. */
cJSON *k8s_cluster_view(const cJSON *cluster, const cJSON *pools, int64_t now_ms)
{
	static const char *const head[] = { "id", "name", "region" };
	static const char *const net[] = { "cluster_subnet", "service_subnet", "vpc_uuid" };
	static const char *const tail[] = { "maintenance_policy", "auto_upgrade",
		"isolated_workers" };
	static const char *const last[] = { "surge_upgrade", "registry_enabled", "registries", "ha",
		"control_plane_firewall", "cluster_autoscaler_configuration", "sso",
		"routing_agent", "p2p_oci_registry_plugin", "amd_gpu_device_plugin",
		"amd_gpu_device_metrics_exporter_plugin", "nvidia_gpu_device_plugin",
		"rdma_shared_dev_plugin", "coredns_autoscaler" };
	const char *id = sb_get_str(cluster, "id");
	cJSON *view = cJSON_CreateObject();
	const cJSON *pool;
	cJSON *list;

	sb_copy(view, cluster, head, MOK_COUNT(head));
	sb_set_str(view, "version", k8s_cluster_version(cluster, now_ms));
	sb_copy(view, cluster, net, MOK_COUNT(net));
	view_endpoint(view, cluster, now_ms >= sb_get_int(cluster, "ready_ms", 0));
	mok_json_set(view, "tags", k8s_all_tags(sb_get(cluster, "tags"), id, false));
	list = cJSON_AddArrayToObject(view, "node_pools");
	cJSON_ArrayForEach(pool, pools) cJSON_AddItemToArray(list, k8s_pool_view(pool, id, now_ms));
	sb_copy(view, cluster, tail, MOK_COUNT(tail));
	view_status(view, cluster, now_ms);
	sb_set_time(view, "created_at", sb_get_int(cluster, "created_ms", 0));
	sb_set_time(view, "updated_at", sb_get_int(cluster, "updated_ms", 0));
	sb_copy(view, cluster, last, MOK_COUNT(last));
	return view;
}
