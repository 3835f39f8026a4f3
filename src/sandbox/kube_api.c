/*
 * The Kubernetes API of each cluster: apiserver over the database, and the cluster's nodes as
 * Nodes. Any token opens it that a kubeconfig of this cloud could have.
 */
#include "kube_store.h"
#include "kubernetes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DOMAIN ".k8s.ondigitalocean.com"

/* Is it by its own domain rather than by the first segment of the path? */
static bool by_domain(const struct sb_ctx *ctx)
{
	const char *host = ctx->request->host;

	return host && strstr(host, DOMAIN);
}

const char *sb_kube_cluster(struct sb_ctx *ctx)
{
	const char *host = ctx->request->host, *path = ctx->request->target;

	if (by_domain(ctx))
		return mok_arena_strndup(ctx->arena, host, (size_t)(strstr(host, DOMAIN) - host));
	path += *path == '/';
	return mok_arena_strndup(ctx->arena, path, strcspn(path, "/?"));
}

/* The target as the cluster sees it. */
static const char *inner_target(const struct sb_ctx *ctx)
{
	const char *target = ctx->request->target;

	if (by_domain(ctx))
		return target;
	target += *target == '/';
	target += strcspn(target, "/?");
	return *target == '/' ? target : "/";
}

static struct mok_apiserver *server_of(struct sb_ctx *ctx)
{
	if (!ctx->core->apiserver)
		ctx->core->apiserver = mok_apiserver_new();
	return ctx->core->apiserver;
}

/* ---- requests of the cloud's own ---- */

static int ask(struct sb_kube *k, const char *method, const char *target, cJSON *body)
{
	struct mok_apiserver_store store = sb_kube_store(k);
	struct mok_apiserver_response response;
	char *text = body ? cJSON_PrintUnformatted(body) : NULL;
	struct mok_apiserver_request request = { .method = method,
		.target = target,
		.content_type = "application/json",
		.user_agent = "digitalocean-cloud-controller-manager",
		.body = text,
		.body_len = text ? strlen(text) : 0,
		.authenticated = true,
		.now_ms = k->ctx->now_ms };
	int status;

	mok_apiserver_response_init(&response);
	mok_apiserver_handle(server_of(k->ctx), &store, &request, &response);
	status = response.status;
	mok_apiserver_response_release(&response);
	cJSON_free(text);
	cJSON_Delete(body);
	return status;
}

/* ---- nodes ---- */

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

/* The names of the nodes that are up, one a line: what the cluster's Nodes should be. */
static const char *nodes_now(struct sb_kube *k, const struct sb_docs *pools)
{
	struct mok_buf text;
	const cJSON *node;
	const char *out;

	mok_buf_init(&text, (size_t)1 << 20);
	for (size_t i = 0; i < pools->len; i++)
		cJSON_ArrayForEach(node,
			sb_get(pools->items[i]->json, "nodes")) if (is_up(node, k->ctx->now_ms))
			mok_buf_printf(&text, "%s\n", sb_get_str(node, "name"));
	out = mok_arena_strdup(k->ctx->arena, text.data);
	mok_buf_release(&text);
	return out;
}

static bool has_line(const char *text, const char *name, size_t len)
{
	for (const char *p = text; (p = strstr(p, name)) != NULL; p += len)
		if ((p == text || p[-1] == '\n') && p[len] == '\n')
			return true;
	return false;
}

static void drop_nodes(struct sb_kube *k, const char *before, const char *now)
{
	while (*before) {
		size_t len = strcspn(before, "\n");
		const char *name = mok_arena_strndup(k->ctx->arena, before, len);

		if (!has_line(now, name, len))
			ask(k, "DELETE", mok_arena_printf(k->ctx->arena, "/api/v1/nodes/%s", name),
				NULL);
		before += len + 1;
	}
}

static void add_nodes(
	struct sb_kube *k, const cJSON *cluster, const struct sb_docs *pools, const char *before)
{
	struct sb_ctx *ctx = k->ctx;
	const cJSON *node;

	for (size_t i = 0; i < pools->len; i++) {
		cJSON_ArrayForEach(node, sb_get(pools->items[i]->json, "nodes"))
		{
			const char *name = sb_get_str(node, "name");
			cJSON *object;

			if (!is_up(node, ctx->now_ms) || has_line(before, name, strlen(name)))
				continue;
			object = node_object(k, cluster, pools->items[i], node);
			/* Creating resets the status; its own path sets it. */
			ask(k, "POST", "/api/v1/nodes", cJSON_Duplicate(object, true));
			ask(k, "PUT", mok_arena_printf(ctx->arena, "/api/v1/nodes/%s/status", name),
				object);
		}
	}
}

/* ---- clusters ---- */

/* The names of its Nodes as of the last request; NULL: this is the first. */
static const char *known_nodes(struct sb_kube *k)
{
	sqlite3_stmt *stmt =
		sb_sql(k->ctx, "SELECT nodes FROM kube_cluster WHERE id = ?", "s", k->cluster);
	const char *nodes = NULL;

	if (sb_sql_row(k->ctx, stmt)) {
		nodes = sb_sql_text(k->ctx, stmt, 0);
		sb_sql_done(k->ctx, stmt);
	}
	return nodes;
}

static void bring_up_to_date(struct sb_kube *k, const cJSON *cluster)
{
	struct mok_apiserver_store store = sb_kube_store(k);
	struct sb_docs pools = k8s_pools(k->ctx, k->cluster);
	const char *before = known_nodes(k), *now = nodes_now(k, &pools);

	if (before && strcmp(before, now) == 0)
		return;
	if (!before)
		mok_apiserver_seed(server_of(k->ctx), &store, sb_kube_ca(k->ctx), k->ctx->now_ms);
	drop_nodes(k, before ? before : "", now);
	add_nodes(k, cluster, &pools, before ? before : "");
	sb_sql_run(k->ctx, "INSERT OR REPLACE INTO kube_cluster(id, nodes) VALUES(?, ?)", "ss",
		k->cluster, now);
}

static void refuse(struct sb_ctx *ctx, int status, const char *reason, const char *message)
{
	sb_reply(ctx, status, mok_apiserver_failure(status, reason, message, NULL));
}

/* NULL: it has answered. A cluster that is not there yet or any more would refuse the connection;
 * behind a port that all share, an error has to do. */
static const struct sb_doc *find_cluster(struct sb_ctx *ctx, const char *id)
{
	const struct sb_doc *doc = sb_doc_get(ctx, K8S_KIND, id);

	if (!doc || strcmp(doc->parent, K8S_GONE) == 0) {
		refuse(ctx, 404, "NotFound", "no such cluster");
		return NULL;
	}
	if (ctx->now_ms < sb_get_int(doc->json, "ready_ms", 0)) {
		refuse(ctx, 503, "ServiceUnavailable", "the cluster is still being provisioned");
		return NULL;
	}
	return doc;
}

static struct mok_apiserver_request inner_request(struct sb_ctx *ctx, bool let_in)
{
	return (struct mok_apiserver_request){ .method = ctx->request->method,
		.target = inner_target(ctx),
		.content_type = sb_request_header(ctx, "content-type"),
		.accept = sb_request_header(ctx, "accept"),
		.user_agent = sb_request_header(ctx, "user-agent"),
		.body = ctx->request->body,
		.body_len = ctx->request->body_len,
		.authenticated = let_in,
		.now_ms = ctx->now_ms };
}

static void pass_on(struct sb_ctx *ctx, const struct mok_apiserver_response *r)
{
	sb_reply_bytes(ctx, r->status, r->content_type, r->body.data, r->body.len);
	for (size_t i = 0; i < r->warnings.len; i++)
		sb_header(ctx, "warning", r->warnings.items[i]);
	ctx->out->watch = r->watch;
	ctx->out->watch_version = r->watch_version;
	ctx->out->watch_until_ms = r->watch_until_ms;
}

void sb_kube_handle(struct sb_ctx *ctx, const char *id, bool let_in)
{
	const struct sb_doc *cluster = find_cluster(ctx, id);
	struct sb_kube kube = { ctx, id };
	struct mok_apiserver_store store = sb_kube_store(&kube);
	struct mok_apiserver_request request = inner_request(ctx, let_in);
	struct mok_apiserver_response response;

	if (!cluster)
		return;
	bring_up_to_date(&kube, cluster->json);
	mok_apiserver_response_init(&response);
	mok_apiserver_handle(server_of(ctx), &store, &request, &response);
	pass_on(ctx, &response);
	mok_apiserver_response_release(&response);
}

void sb_kube_watch(struct sb_ctx *ctx, const char *id, int64_t after)
{
	struct sb_kube kube = { ctx, id };
	struct mok_apiserver_store store = sb_kube_store(&kube);
	struct mok_apiserver_request request = inner_request(ctx, true);
	struct mok_apiserver_response response;

	request.watch_from = after;
	mok_apiserver_response_init(&response);
	mok_apiserver_handle(server_of(ctx), &store, &request, &response);
	mok_buf_add(&ctx->out->body, response.body.data, response.body.len);
	ctx->out->watch = response.watch;
	ctx->out->watch_version = response.watch_version;
	mok_apiserver_response_release(&response);
}
