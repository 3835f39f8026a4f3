#include "kubernetes.h"

#include <string.h>

enum {
	CONTROL_PLANE_LOW_MS = 2 * SB_MINUTE_MS,
	CONTROL_PLANE_HIGH_MS = 4 * SB_MINUTE_MS,
	POOLS_LOW_MS = 2 * SB_MINUTE_MS,
	POOLS_HIGH_MS = 5 * SB_MINUTE_MS,
	FLIP_MS = 5 * SB_SECOND_MS, /* the status reads "running" for that long after /upgrade */
	LINT_MS = 5 * SB_SECOND_MS,
	EXPIRY_DEFAULT_S = 7 * 24 * 3600,
	EXPIRY_MAX_S = 365 * 24 * 3600,
};

static const struct sb_k8s_version *version_now(const struct sb_doc *cluster)
{
	return sb_k8s_version_resolve(sb_get_str(cluster->json, "version"));
}

void k8s_get_upgrades(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	const struct sb_k8s_version *versions, *from;
	cJSON *list;
	size_t count;

	if (!cluster)
		return;
	from = version_now(cluster);
	versions = sb_k8s_versions(&count);
	list = cJSON_CreateArray();
	for (size_t i = 0; from && i < count; i++)
		if (sb_k8s_version_upgradable(from, &versions[i]))
			cJSON_AddItemToArray(list, sb_k8s_version_view(&versions[i]));
	if (!list->child) {
		cJSON_Delete(list);
		list = cJSON_CreateNull();
	}
	sb_reply_root(ctx, 200, "available_upgrade_versions", list);
}

/* Only a full slug out of /upgrades will do. */
void k8s_upgrade(struct sb_ctx *ctx)
{
	struct sb_doc *cluster = k8s_find(ctx, false);
	const char *wanted = sb_get_word(ctx->body, "version");
	const struct sb_k8s_version *to = wanted ? sb_k8s_version_resolve(wanted) : NULL;
	const struct sb_k8s_version *from;

	if (!cluster)
		return;
	from = version_now(cluster);
	if (ctx->now_ms < sb_get_int(cluster->json, "ready_ms", 0) ||
		ctx->now_ms < sb_get_int(cluster->json, "upgraded_ms", 0)) {
		sb_fail(ctx, 422, "cluster is not in a state that can be upgraded");
		return;
	}
	if (!to || !from || strcmp(to->slug, wanted) != 0 || !sb_k8s_version_upgradable(from, to)) {
		sb_fail(ctx, 422, "validation error: invalid upgrade version: %s",
			wanted ? wanted : "");
		return;
	}
	sb_set_str(cluster->json, "version_before", from->slug);
	sb_set_str(cluster->json, "version", to->slug);
	sb_set_int(cluster->json, "upgrade_ms", sb_after(ctx, FLIP_MS));
	sb_set_int(cluster->json, "control_plane_upgraded_ms",
		sb_after_between(ctx, CONTROL_PLANE_LOW_MS, CONTROL_PLANE_HIGH_MS));
	sb_set_int(cluster->json, "upgraded_ms",
		sb_after_between(ctx, CONTROL_PLANE_HIGH_MS + POOLS_LOW_MS,
			CONTROL_PLANE_HIGH_MS + POOLS_HIGH_MS));
	k8s_read_tags(ctx, K8S_KIND, cluster);
	k8s_save(ctx, cluster);
	sb_reply_empty(ctx, 202);
}

/* A fresh token at every call, and when it ends. */
static const char *token(struct sb_ctx *ctx, int64_t *expires_ms)
{
	const char *wanted = sb_query(ctx, "expiry_seconds");
	int64_t seconds = 0;

	if (wanted && (!mok_parse_i64(wanted, &seconds) || seconds < 0 || seconds > EXPIRY_MAX_S)) {
		sb_fail(ctx, 400, "invalid expiry_seconds: %s", wanted);
		return NULL;
	}
	*expires_ms = ctx->now_ms + (seconds ? seconds : EXPIRY_DEFAULT_S) * SB_SECOND_MS;
	return mok_arena_printf(
		ctx->arena, "dop_v1_%s", sb_random_word(ctx, 64, "0123456789abcdef"));
}

static const char *server(struct sb_ctx *ctx, const struct sb_doc *cluster)
{
	return sb_kube_url(ctx, cluster->id);
}

static const char *ca_data(struct sb_ctx *ctx)
{
	const char *pem = sb_kube_ca(ctx);

	return mok_base64(ctx->arena, pem, strlen(pem));
}

/* Names are letters, digits, '-' and '.', so nothing here needs quoting. */
static const char *user_part(struct sb_ctx *ctx, const struct sb_doc *cluster, const char *bearer)
{
	const char *type = sb_query(ctx, "type");

	if (!type || strcmp(type, "sso") != 0)
		return mok_arena_printf(ctx->arena, "    token: %s\n", bearer);
	return mok_arena_printf(ctx->arena,
		"    exec:\n"
		"      apiVersion: client.authentication.k8s.io/v1beta1\n"
		"      args:\n"
		"      - kubernetes\n"
		"      - cluster\n"
		"      - kubeconfig\n"
		"      - exec-credential\n"
		"      - --version=v1beta1\n"
		"      - --context=default\n"
		"      - %s\n"
		"      command: doctl\n"
		"      env: null\n"
		"      interactiveMode: IfAvailable\n"
		"      provideClusterInfo: false\n",
		cluster->id);
}

static bool endpoint_up(struct sb_ctx *ctx, const struct sb_doc *cluster)
{
	if (ctx->now_ms >= sb_get_int(cluster->json, "ready_ms", 0))
		return true;
	sb_fail(ctx, 412, "cluster is still provisioning");
	return false;
}

void k8s_kubeconfig(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	const char *bearer, *name, *text;
	int64_t expires_ms;

	if (!cluster || !endpoint_up(ctx, cluster))
		return;
	bearer = token(ctx, &expires_ms);
	if (!bearer)
		return;
	name = mok_arena_printf(ctx->arena, "do-%s-%s", sb_get_str(cluster->json, "region"),
		sb_get_str(cluster->json, "name"));
	text = mok_arena_printf(ctx->arena,
		"apiVersion: v1\n"
		"clusters:\n"
		"- cluster:\n"
		"    certificate-authority-data: %s\n"
		"    server: %s\n"
		"  name: %s\n"
		"contexts:\n"
		"- context:\n"
		"    cluster: %s\n"
		"    user: %s-admin\n"
		"  name: %s\n"
		"current-context: %s\n"
		"kind: Config\n"
		"preferences: {}\n"
		"users:\n"
		"- name: %s-admin\n"
		"  user:\n"
		"%s",
		ca_data(ctx), server(ctx, cluster), name, name, name, name, name, name,
		user_part(ctx, cluster, bearer));
	sb_reply_bytes(ctx, 200, "application/yaml", text, strlen(text));
}

void k8s_credentials(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	const char *bearer;
	int64_t expires_ms;
	cJSON *view;

	if (!cluster || !endpoint_up(ctx, cluster))
		return;
	bearer = token(ctx, &expires_ms);
	if (!bearer)
		return;
	view = cJSON_CreateObject();
	sb_set_str(view, "server", server(ctx, cluster));
	sb_set_str(view, "certificate_authority_data", ca_data(ctx));
	sb_set_str(view, "client_certificate_data", NULL);
	sb_set_str(view, "client_key_data", NULL);
	sb_set_str(view, "token", bearer);
	sb_set_time(view, "expires_at", expires_ms);
	sb_reply(ctx, 200, view);
}

void k8s_user(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	cJSON *user;

	if (!cluster)
		return;
	user = cJSON_CreateObject();
	sb_set_str(user, "username", "sandbox@example.com");
	cJSON_AddItemToArray(
		cJSON_AddArrayToObject(user, "groups"), cJSON_CreateString("k8saas:authenticated"));
	sb_reply_root(ctx, 200, "kubernetes_cluster_user", user);
}

void k8s_status_messages(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	const char *since = sb_query(ctx, "since");
	int64_t created_ms, since_ms = 0;
	cJSON *list;

	if (!cluster)
		return;
	if (since && mok_parse_time(since, &since_ms) != 0) {
		sb_fail(ctx, 400, "invalid since: must be in RFC 3339 format");
		return;
	}
	created_ms = sb_get_int(cluster->json, "created_ms", 0);
	list = cJSON_CreateArray();
	if (ctx->now_ms < sb_get_int(cluster->json, "ready_ms", 0) && created_ms >= since_ms) {
		cJSON *message = cJSON_CreateObject();

		sb_set_str(message, "message", "Provisioning control plane and worker nodes");
		sb_set_time(message, "timestamp", created_ms);
		cJSON_AddItemToArray(list, message);
	}
	sb_reply_root(ctx, 200, "messages", list);
}

void k8s_lint_start(struct sb_ctx *ctx)
{
	struct sb_doc *cluster = k8s_find(ctx, false);
	const char *run;
	cJSON *view, *lint;

	if (!cluster)
		return;
	run = sb_uuid(ctx);
	lint = cJSON_CreateObject();
	sb_set_str(lint, "run_id", run);
	sb_set_int(lint, "requested_ms", ctx->now_ms);
	sb_set_int(lint, "completed_ms", sb_after(ctx, LINT_MS));
	mok_json_set(cluster->json, "lint", lint);
	sb_doc_put(ctx, cluster);
	view = cJSON_CreateObject();
	sb_set_str(view, "run_id", run);
	sb_reply(ctx, 202, view);
}

void k8s_lint_read(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	const cJSON *lint = cluster ? sb_get(cluster->json, "lint") : NULL;
	const char *wanted = sb_query(ctx, "run_id");
	int64_t completed_ms = sb_get_int(lint, "completed_ms", 0);
	cJSON *view;

	if (!cluster)
		return;
	if (!lint || (wanted && *wanted && !mok_streq(wanted, sb_get_str(lint, "run_id")))) {
		sb_not_found(ctx);
		return;
	}
	view = cJSON_CreateObject();
	sb_set_str(view, "run_id", sb_get_str(lint, "run_id"));
	sb_set_time(view, "requested_at", sb_get_int(lint, "requested_ms", 0));
	if (ctx->now_ms >= completed_ms) {
		sb_set_time(view, "completed_at", completed_ms);
		cJSON_AddArrayToObject(view, "diagnostics");
	}
	sb_reply(ctx, 200, view);
}
