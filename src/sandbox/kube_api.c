/*
 * The Kubernetes API of each cluster: apiserver over the database, and the cluster's nodes as
 * Nodes. Any token opens it that a kubeconfig of this cloud could have.
 */
#include "controller.h"
#include "kubernetes.h"
#include "refusals.h"

#include <string.h>

#define DOMAIN ".k8s.ondigitalocean.com"

/* Is it by its own domain rather than by the first segment of the path? */
static bool by_domain(const struct sb_ctx *ctx)
{
	const char *host = ctx->request->host;

	return host && strstr(host, DOMAIN);
}

/* Does it begin as a cluster's own paths do? So asks kubectl get --raw, which leaves out what its
 * kubeconfig's address ends with. */
static bool is_bare(const struct sb_ctx *ctx)
{
	static const char *const roots[] = { "api", "apis", "healthz", "livez", "metrics",
		"openapi", "readyz", "version" };
	const char *path = ctx->request->target + (*ctx->request->target == '/');
	size_t len = strcspn(path, "/?");

	for (size_t i = 0; i < MOK_COUNT(roots); i++)
		if (strlen(roots[i]) == len && memcmp(roots[i], path, len) == 0)
			return true;
	return false;
}

/* "" where there is none, or more than one. */
static const char *only_cluster(struct sb_ctx *ctx)
{
	const struct sb_which all = { .kind = K8S_KIND };
	const struct sb_docs docs = sb_doc_list(ctx, &all, 0, 0);
	const char *id = "";

	for (size_t i = 0; i < docs.len; i++) {
		if (strcmp(docs.items[i]->parent, K8S_GONE) == 0)
			continue;
		if (*id)
			return "";
		id = docs.items[i]->id;
	}
	return id;
}

const char *sb_kube_cluster(struct sb_ctx *ctx)
{
	const char *host = ctx->request->host, *path = ctx->request->target;

	if (by_domain(ctx))
		return mok_arena_strndup(ctx->arena, host, (size_t)(strstr(host, DOMAIN) - host));
	if (is_bare(ctx))
		return only_cluster(ctx);
	path += *path == '/';
	return mok_arena_strndup(ctx->arena, path, strcspn(path, "/?"));
}

/* The target as the cluster sees it. */
static const char *inner_target(const struct sb_ctx *ctx)
{
	const char *target = ctx->request->target;

	if (by_domain(ctx) || is_bare(ctx))
		return target;
	target += *target == '/';
	target += strcspn(target, "/?");
	return *target == '/' ? target : "/";
}

struct mok_apiserver *sb_kube_server(struct sb_ctx *ctx)
{
	if (!ctx->core->apiserver)
		ctx->core->apiserver = mok_apiserver_new();
	return ctx->core->apiserver;
}

/* ---- clusters ---- */

static bool is_seeded(struct sb_kube *k)
{
	sqlite3_stmt *stmt =
		sb_sql(k->ctx, "SELECT 1 FROM kube_cluster WHERE id = ?", "s", k->cluster);
	bool found = sb_sql_row(k->ctx, stmt);

	if (found)
		sb_sql_done(k->ctx, stmt);
	return found;
}

static void bring_up_to_date(struct sb_kube *k)
{
	struct mok_apiserver_store store = sb_kube_store(k);

	if (!is_seeded(k)) {
		mok_apiserver_seed(
			sb_kube_server(k->ctx), &store, sb_kube_ca(k->ctx), k->ctx->now_ms);
		sb_sql_run(k->ctx, "INSERT INTO kube_cluster(id) VALUES(?)", "s", k->cluster);
		sb_cilium_seed(k);
		sb_ctl_wake(k->ctx, k->cluster, k->ctx->now_ms);
	}
	sb_ctl_catch_up(k->ctx, k->cluster);
}

static void refuse(struct sb_ctx *ctx, int status, const char *reason, const char *message)
{
	sb_reply(ctx, status, mok_apiserver_failure(status, reason, message, NULL));
}

static bool has_api(const struct sb_ctx *ctx, const struct sb_doc *cluster)
{
	return strcmp(cluster->parent, K8S_GONE) != 0 &&
		ctx->now_ms >= sb_get_int(cluster->json, "ready_ms", 0);
}

bool sb_kube_settle(struct sb_ctx *ctx, const struct sb_doc *cluster)
{
	struct sb_kube kube = { ctx, cluster->id, { "", "", "" } };

	if (!has_api(ctx, cluster))
		return false;
	bring_up_to_date(&kube);
	return true;
}

/* NULL: it has answered. A cluster that is not there yet or any more would refuse the connection;
 * behind a port that all share, an error has to do. */
static const struct sb_doc *find_cluster(struct sb_ctx *ctx, const char *id)
{
	const struct sb_doc *doc = sb_doc_get(ctx, K8S_KIND, id);

	if (!doc || strcmp(doc->parent, K8S_GONE) == 0) {
		refuse(ctx, 404, "NotFound",
			*id ? "no such cluster"
			    : "the path has to begin with the id of one of the clusters");
		return NULL;
	}
	if (!has_api(ctx, doc)) {
		refuse(ctx, 503, "ServiceUnavailable", "the cluster is still being provisioned");
		return NULL;
	}
	return doc;
}

/* "1.36.1-do.0" is v1.36.1. */
static const char *release_of(const struct sb_ctx *ctx, const struct sb_doc *cluster)
{
	const char *version = k8s_cluster_version(cluster->json, ctx->now_ms);

	return mok_arena_printf(ctx->arena, "v%.*s", (int)strcspn(version, "-"), version);
}

static struct mok_apiserver_request inner_request(struct sb_ctx *ctx, const char *token)
{
	return (struct mok_apiserver_request){ .method = ctx->request->method,
		.target = inner_target(ctx),
		.content_type = sb_request_header(ctx, "content-type"),
		.accept = sb_request_header(ctx, "accept"),
		.user_agent = sb_request_header(ctx, "user-agent"),
		.body = ctx->request->body,
		.body_len = ctx->request->body_len,
		.authenticated = token != NULL,
		.bearer = token,
		.impersonate_user = sb_request_header(ctx, "impersonate-user"),
		.impersonate_group = sb_request_header(ctx, "impersonate-group"),
		.now_ms = ctx->now_ms };
}

static void pass_on(struct sb_ctx *ctx, const struct mok_apiserver_response *r)
{
	sb_reply_bytes(ctx, r->status, r->content_type, r->body.data, r->body.len);
	for (size_t i = 0; i < r->warnings.len; i++)
		sb_header_more(ctx, "warning", r->warnings.items[i]);
	ctx->out->watch = r->watch;
	ctx->out->watch_version = r->watch_version;
	ctx->out->watch_until_ms = r->watch_until_ms;
}

static cJSON *refused(struct sb_kube *k, const struct mok_apiserver_request *request)
{
	const char *text = request->body ? request->body : "";
	bool applies = request->content_type &&
		mok_starts(request->content_type, "application/apply-patch+");
	cJSON *body, *refusal;

	if (!sb_kube_may_refuse(k->ctx, request->target))
		return NULL;
	body = mok_json_parse(text, request->body_len);
	if (!body)
		body = mok_apiserver_yaml(text, request->body_len);
	refusal = sb_kube_refusal(k, applies ? "APPLY" : request->method, request->target, body);
	cJSON_Delete(body);
	return refusal;
}

/* .../pods/NAME:PORT/proxy/PATH, for who has a right to pods/proxy. True: it has answered. */
static bool pass_to_pod(struct sb_ctx *ctx, const char *id, const struct mok_apiserver_store *store,
	const struct mok_apiserver_request *request)
{
	static const char sub[] = "/proxy";
	const char *at = strstr(request->target, "/proxy/");
	struct mok_apiserver_request asked = *request;
	struct mok_apiserver_response response;
	bool refused;

	if (!at || !request->authenticated)
		return false;
	asked.target = mok_arena_strndup(
		ctx->arena, request->target, (size_t)(at - request->target) + strlen(sub));
	mok_apiserver_response_init(&response);
	mok_apiserver_handle(sb_kube_server(ctx), store, &asked, &response);
	refused = response.status == 401 || response.status == 403;
	if (refused)
		pass_on(ctx, &response);
	mok_apiserver_response_release(&response);
	return refused || sb_instance_proxy(ctx, id, request->target);
}

void sb_kube_handle(struct sb_ctx *ctx, const char *id, const char *token)
{
	const struct sb_doc *cluster = find_cluster(ctx, id);
	struct sb_kube kube = { ctx, id, { "", "", "" } };
	struct mok_apiserver_store store = sb_kube_store(&kube);
	struct mok_apiserver_request request = inner_request(ctx, token);
	struct mok_apiserver_response response;
	cJSON *refusal;

	if (!cluster)
		return;
	request.release = release_of(ctx, cluster);
	bring_up_to_date(&kube);
	refusal = refused(&kube, &request);
	if (refusal) {
		sb_reply(ctx, (int)mok_json_int(refusal, "code", 500), refusal);
		return;
	}
	if (pass_to_pod(ctx, id, &store, &request))
		return;
	mok_apiserver_response_init(&response);
	mok_apiserver_handle(sb_kube_server(ctx), &store, &request, &response);
	if (response.status < 400 && sb_call_of(ctx)->writes)
		sb_ctl_wake(ctx, id, ctx->now_ms);
	pass_on(ctx, &response);
	mok_apiserver_response_release(&response);
}

void sb_kube_watch(struct sb_ctx *ctx, const char *id, int64_t after)
{
	struct sb_kube kube = { ctx, id, { "", "", "" } };
	struct mok_apiserver_store store = sb_kube_store(&kube);
	struct mok_apiserver_request request = inner_request(ctx, "");
	struct mok_apiserver_response response;

	request.watch_from = after;
	mok_apiserver_response_init(&response);
	mok_apiserver_handle(sb_kube_server(ctx), &store, &request, &response);
	mok_buf_add(&ctx->out->body, response.body.data, response.body.len);
	ctx->out->watch = response.watch;
	ctx->out->watch_version = response.watch_version;
	mok_apiserver_response_release(&response);
}
