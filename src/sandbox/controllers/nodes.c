/* A cluster's Nodes: those of its pools, as the cloud's own controllers keep them. */
#include "controllers.h"
#include "run.h"

#include "kubernetes.h"

#include <stdio.h>
#include <string.h>

#define AGENT "digitalocean-cloud-controller-manager"
#define NODES "/api/v1/nodes"
#define UNSCHEDULABLE "node.kubernetes.io/unschedulable"
#define NOT_READY "node.kubernetes.io/not-ready"

enum { DRAIN_RETRY_MS = 5 * SB_SECOND_MS, DRAINED_MS = 100 * SB_SECOND_MS };

static void add_condition(
	cJSON *list, const char *type, bool on, const char *reason, const char *time)
{
	cJSON *condition = cJSON_CreateObject();

	sb_set_str(condition, "type", type);
	sb_set_str(condition, "status", on ? "True" : "False");
	sb_set_str(condition, "lastHeartbeatTime", time);
	sb_set_str(condition, "lastTransitionTime", time);
	sb_set_str(condition, "reason", reason);
	sb_set_str(condition, "message", reason);
	cJSON_AddItemToArray(list, condition);
}

static void add_address(cJSON *list, const char *type, const char *address)
{
	cJSON *one = cJSON_CreateObject();

	sb_set_str(one, "type", type);
	sb_set_str(one, "address", address);
	cJSON_AddItemToArray(list, one);
}

/* What DigitalOcean leaves to pods of a Droplet; its documentation gives a table, of which this is
 * the shape: a tenth of a CPU and about a quarter of small memories are kept back. */
static void add_room(struct sb_ctx *ctx, cJSON *status, const struct sb_size *size)
{
	int64_t memory_mi = size ? size->memory_mb : 2048, cpus = size ? size->vcpus : 1;
	int64_t kept_mi = memory_mi <= 4096 ? memory_mi / 4 : 1024 + (memory_mi - 4096) / 10;
	cJSON *room = cJSON_AddObjectToObject(status, "capacity");

	sb_set_str(room, "cpu", mok_arena_printf(ctx->arena, "%lld", (long long)cpus));
	sb_set_str(room, "memory", mok_arena_printf(ctx->arena, "%lldMi", (long long)memory_mi));
	sb_set_str(room, "pods", "110");
	room = cJSON_AddObjectToObject(status, "allocatable");
	sb_set_str(
		room, "cpu", mok_arena_printf(ctx->arena, "%lldm", (long long)cpus * 1000 - 100));
	sb_set_str(room, "memory",
		mok_arena_printf(ctx->arena, "%lldMi", (long long)(memory_mi - kept_mi)));
	sb_set_str(room, "pods", "110");
}

static void add_status(struct sb_kube *k, cJSON *object, const cJSON *cluster, const cJSON *pool,
	const cJSON *node)
{
	struct sb_ctx *ctx = k->ctx;
	cJSON *status = cJSON_AddObjectToObject(object, "status"), *list, *info;
	const char *time = sb_time(ctx, ctx->now_ms);
	const char *version = k8s_cluster_version(cluster, ctx->now_ms);
	int64_t droplet = sb_get_int(node, "droplet_id", 0);

	add_room(ctx, status, sb_size_find(sb_get_str(pool, "size")));
	list = cJSON_AddArrayToObject(status, "conditions");
	add_condition(list, "MemoryPressure", false, "KubeletHasSufficientMemory", time);
	add_condition(list, "DiskPressure", false, "KubeletHasNoDiskPressure", time);
	add_condition(list, "PIDPressure", false, "KubeletHasSufficientPID", time);
	add_condition(list, "Ready", true, "KubeletReady", time);
	list = cJSON_AddArrayToObject(status, "addresses");
	add_address(list, "Hostname", sb_get_str(node, "name"));
	add_address(list, "InternalIP",
		mok_arena_printf(ctx->arena, "10.110.%d.%d", (int)(droplet >> 8 & 255),
			(int)(droplet & 255)));
	info = cJSON_AddObjectToObject(status, "nodeInfo");
	sb_set_str(info, "kubeletVersion",
		mok_arena_printf(ctx->arena, "v%.*s", (int)strcspn(version, "-"), version));
	sb_set_str(info, "osImage", "Debian GNU/Linux");
	sb_set_str(info, "operatingSystem", "linux");
	sb_set_str(info, "architecture", "amd64");
	sb_set_str(info, "containerRuntimeVersion", "containerd://2.1");
}

static cJSON *node_object(
	struct sb_kube *k, const cJSON *cluster, const struct sb_doc *pool, const cJSON *node)
{
	cJSON *object = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(object, "metadata");
	cJSON *labels, *spec;
	const cJSON *taints = sb_get(pool->json, "taints");
	const char *size = sb_get_str(pool->json, "size"), *region = sb_get_str(cluster, "region");
	const cJSON *label;
	char id[40];

	sb_set_str(meta, "name", sb_get_str(node, "name"));
	labels = cJSON_AddObjectToObject(meta, "labels");
	sb_set_str(labels, "kubernetes.io/hostname", sb_get_str(node, "name"));
	sb_set_str(labels, "kubernetes.io/os", "linux");
	sb_set_str(labels, "kubernetes.io/arch", "amd64");
	sb_set_str(labels, "node.kubernetes.io/instance-type", size);
	sb_set_str(labels, "topology.kubernetes.io/region", region);
	sb_set_str(labels, "region", region);
	sb_set_str(labels, "doks.digitalocean.com/node-id", sb_get_str(node, "id"));
	sb_set_str(labels, "doks.digitalocean.com/node-pool", sb_get_str(pool->json, "name"));
	sb_set_str(labels, "doks.digitalocean.com/node-pool-id", pool->id);
	sb_set_str(labels, "doks.digitalocean.com/version",
		k8s_cluster_version(cluster, k->ctx->now_ms));
	cJSON_ArrayForEach(label, sb_get(pool->json, "labels")) if (cJSON_IsString(label))
		sb_set_str(labels, label->string, label->valuestring);
	spec = cJSON_AddObjectToObject(object, "spec");
	snprintf(id, sizeof(id), "digitalocean://%lld",
		(long long)sb_get_int(node, "droplet_id", 0));
	sb_set_str(spec, "providerID", id);
	if (cJSON_GetArraySize(taints) > 0)
		cJSON_AddItemToObject(spec, "taints", cJSON_Duplicate(taints, true));
	add_status(k, object, cluster, pool->json, node);
	return object;
}

static bool is_up(const cJSON *node, int64_t now_ms)
{
	return k8s_node_present(node, now_ms) && now_ms >= sb_get_int(node, "ready_ms", 0);
}

/* ---- drains ---- */

static const cJSON *pods_on(struct sb_kube *k, const char *node)
{
	return sb_ctl_list(k,
		mok_arena_printf(
			k->ctx->arena, "/api/v1/pods?fieldSelector=spec.nodeName=%s", node));
}

static bool is_of_daemon_set(const cJSON *pod)
{
	return strcmp(sb_ctl_str(pod, "metadata.ownerReferences.0.kind"), "DaemonSet") == 0;
}

static void evict(struct sb_kube *k, const cJSON *pod)
{
	const char *ns = sb_ctl_str(pod, "metadata.namespace");
	const char *name = sb_ctl_str(pod, "metadata.name");
	cJSON *eviction = cJSON_CreateObject(), *meta;

	sb_set_str(eviction, "apiVersion", "policy/v1");
	sb_set_str(eviction, "kind", "Eviction");
	meta = cJSON_AddObjectToObject(eviction, "metadata");
	sb_set_str(meta, "name", name);
	sb_set_str(meta, "namespace", ns);
	sb_ctl_write(k, AGENT, "POST",
		mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/pods/%s/eviction", ns, name),
		eviction);
}

/* Budgets may refuse: then it is tried again, as `kubectl drain` does, until the node is gone. */
static void drain(struct sb_kube *k, const char *name)
{
	const cJSON *pods = pods_on(k, name), *pod;
	bool left = false;

	cJSON_ArrayForEach(pod, pods)
	{
		if (is_of_daemon_set(pod))
			continue;
		left = true;
		if (!*sb_ctl_str(pod, "metadata.deletionTimestamp"))
			evict(k, pod);
	}
	if (left)
		sb_ctl_wake(k->ctx, k->cluster, sb_ctl_later(k, DRAIN_RETRY_MS));
}

static bool is_ready(const cJSON *node)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, mok_json_at(node, "status.conditions"))
	{
		if (strcmp(sb_ctl_str(one, "type"), "Ready") == 0)
			return strcmp(sb_ctl_str(one, "status"), "True") == 0;
	}
	return false;
}

/* Its taints with or without the one of a node that takes no more pods; a node that is ready has
 * none that it is not. */
static cJSON *taints_of(struct sb_kube *k, const cJSON *node, bool cordoned)
{
	cJSON *list = cJSON_CreateArray(), *taint;
	const cJSON *one;

	cJSON_ArrayForEach(one, mok_json_at(node, "spec.taints"))
	{
		const char *key = sb_ctl_str(one, "key");

		if (strcmp(key, UNSCHEDULABLE) != 0 &&
			!(is_ready(node) && strcmp(key, NOT_READY) == 0))
			cJSON_AddItemToArray(list, cJSON_Duplicate(one, true));
	}
	if (!cordoned)
		return list;
	taint = cJSON_CreateObject();
	sb_set_str(taint, "key", UNSCHEDULABLE);
	sb_set_str(taint, "effect", "NoSchedule");
	sb_set_str(taint, "timeAdded", sb_time(k->ctx, k->ctx->now_ms));
	cJSON_AddItemToArray(list, taint);
	return list;
}

static void cordon(struct sb_kube *k, const cJSON *node, const char *name)
{
	cJSON *patch, *spec;

	if (mok_json_bool(node, "spec.unschedulable", false))
		return;
	patch = cJSON_CreateObject();
	spec = mok_json_object(patch, "spec");
	sb_set_bool(spec, "unschedulable", true);
	mok_json_set(spec, "taints", taints_of(k, node, true));
	sb_ctl_write(k, AGENT, "PATCH", mok_arena_printf(k->ctx->arena, NODES "/%s", name), patch);
}

/* Its kubelet is gone: nobody would end its pods. */
static void drop_node(struct sb_kube *k, const char *name)
{
	const cJSON *pods = pods_on(k, name), *pod;

	sb_ctl_write(k, AGENT, "DELETE", mok_arena_printf(k->ctx->arena, NODES "/%s", name), NULL);
	cJSON_ArrayForEach(pod, pods) sb_ctl_write(k, "kube-controller-manager", "DELETE",
		mok_arena_printf(k->ctx->arena,
			"/api/v1/namespaces/%s/pods/%s?gracePeriodSeconds=0",
			sb_ctl_str(pod, "metadata.namespace"), sb_ctl_str(pod, "metadata.name")),
		NULL);
}

/* ---- in step with the pools ---- */

static void add_node(struct sb_kube *k, const cJSON *cluster, const struct sb_doc *pool,
	const cJSON *node, const char *name)
{
	cJSON *object = node_object(k, cluster, pool, node), *patch = cJSON_CreateObject();
	const cJSON *taints = mok_json_at(object, "spec.taints");

	mok_json_set(mok_json_object(patch, "spec"), "taints",
		taints ? cJSON_Duplicate(taints, true) : cJSON_CreateNull());
	/* Creating resets the status; its own path sets it. */
	sb_ctl_write(k, AGENT, "POST", NODES, cJSON_Duplicate(object, true));
	sb_ctl_write(
		k, AGENT, "PUT", mok_arena_printf(k->ctx->arena, NODES "/%s/status", name), object);
	/* A new node is tainted as not ready; it is ready. */
	sb_ctl_write(k, "kube-controller-manager", "PATCH",
		mok_arena_printf(k->ctx->arena, NODES "/%s", name), patch);
}

static void wake_at(struct sb_kube *k, int64_t at_ms)
{
	if (at_ms > k->ctx->now_ms)
		sb_ctl_wake(k->ctx, k->cluster, at_ms);
}

static void sync_node(
	struct sb_kube *k, const cJSON *cluster, const struct sb_doc *pool, const cJSON *node)
{
	const char *name = sb_get_str(node, "name");
	const cJSON *have = sb_ctl_get(k, mok_arena_printf(k->ctx->arena, NODES "/%s", name));
	int64_t gone_ms = sb_get_int(node, "gone_ms", 0);

	wake_at(k, sb_get_int(node, "ready_ms", 0));
	wake_at(k, gone_ms);
	if (!is_up(node, k->ctx->now_ms))
		return;
	if (!have)
		add_node(k, cluster, pool, node, name);
	if (have && gone_ms) {
		cordon(k, have, name);
		drain(k, name);
	}
}

static const cJSON *find_node(const struct sb_docs *pools, const char *name)
{
	const cJSON *node;

	for (size_t i = 0; i < pools->len; i++) {
		cJSON_ArrayForEach(node, sb_get(pools->items[i]->json, "nodes"))
		{
			if (mok_streq(sb_get_str(node, "name"), name))
				return node;
		}
	}
	return NULL;
}

static const cJSON *taint_of(const cJSON *node, const char *key)
{
	const cJSON *taint;

	cJSON_ArrayForEach(taint, mok_json_at(node, "spec.taints"))
	{
		if (strcmp(sb_ctl_str(taint, "key"), key) == 0)
			return taint;
	}
	return NULL;
}

static int64_t cordoned_ms(const cJSON *node)
{
	const cJSON *taint = taint_of(node, UNSCHEDULABLE);

	return taint ? sb_ctl_ms(taint, "timeAdded") : 0;
}

/* The pool is deleted: its nodes drain for as long as a node of a smaller pool would. */
static void leave(struct sb_kube *k, const cJSON *node, const char *name)
{
	int64_t since_ms = cordoned_ms(node), gone_ms;

	gone_ms = sb_ctl_since(k, since_ms ? since_ms : k->ctx->now_ms, DRAINED_MS);
	if (since_ms && k->ctx->now_ms >= gone_ms) {
		drop_node(k, name);
		return;
	}
	cordon(k, node, name);
	drain(k, name);
	wake_at(k, gone_ms);
}

static void check_node(struct sb_kube *k, const struct sb_docs *pools, const cJSON *node)
{
	const char *name = sb_ctl_str(node, "metadata.name");
	const cJSON *found = find_node(pools, name);

	/* Others' nodes are others' business. */
	if (!*sb_ctl_str(node, "spec.providerID"))
		return;
	if (!found)
		leave(k, node, name);
	else if (!is_up(found, k->ctx->now_ms))
		drop_node(k, name);
}

void sb_nodes_sync(struct sb_kube *k)
{
	const struct sb_doc *cluster = sb_doc_get(k->ctx, K8S_KIND, k->cluster);
	struct sb_docs pools = k8s_pools(k->ctx, k->cluster);
	const cJSON *have = sb_ctl_list(k, NODES), *node;

	if (!cluster || strcmp(cluster->parent, K8S_GONE) == 0)
		return;
	cJSON_ArrayForEach(node, have) check_node(k, &pools, node);
	for (size_t i = 0; i < pools.len; i++)
		cJSON_ArrayForEach(node, sb_get(pools.items[i]->json, "nodes"))
			sync_node(k, cluster->json, pools.items[i], node);
}

/* ---- cordons of others, nodes of others ---- */

/* `kubectl cordon` sets a field, and a node tells that it is ready; what keeps pods away is taints
 * that follow. */
static void follow_state(struct sb_kube *k, const cJSON *node)
{
	bool cordoned = mok_json_bool(node, "spec.unschedulable", false);
	cJSON *patch;

	if (cordoned == (cordoned_ms(node) != 0) && !(is_ready(node) && taint_of(node, NOT_READY)))
		return;
	patch = cJSON_CreateObject();
	mok_json_set(mok_json_object(patch, "spec"), "taints", taints_of(k, node, cordoned));
	sb_ctl_write(
		k, "kube-controller-manager", "PATCH", sb_ctl_path(k, node, "nodes", NULL), patch);
}

const struct sb_controller sb_ctl_node = { "", "nodes", follow_state, NULL, NULL };
