/* One request to the port of instances: which of them is meant. */
#include "instance.h"

#include <string.h>
#include <strings.h>

/* Without the port. */
static const char *host_of(struct sb_ctx *ctx)
{
	const char *host = ctx->request->host ? ctx->request->host : "";
	const char *end = host[0] == '[' ? strchr(host, ']') : NULL;
	size_t len = end ? (size_t)(end - host) + 1 : strcspn(host, ":");

	return mok_arena_strndup(ctx->arena, host, len);
}

static bool is_loopback(const char *host)
{
	return mok_starts(host, "127.") || strcmp(host, "[::1]") == 0 ||
		strcasecmp(host, "localhost") == 0 || mok_ends(host, ".localhost") || !*host;
}

static bool has_host(const struct si_instance *instance, const char *host)
{
	if (strcasecmp(instance->domain, host) == 0)
		return true;
	for (size_t i = 0; i < instance->routes.len; i++)
		if (strcasecmp(instance->routes.items[i]->host, host) == 0)
			return true;
	for (size_t i = 0; i < instance->pods.len; i++)
		if (strcasecmp(instance->pods.items[i]->site.local_domain, host) == 0)
			return true;
	return false;
}

/* Names that nobody claims go to the only one there is, as an address would. The count: none. */
static size_t choose(const struct si_state *state, const char *host)
{
	size_t i = 0;

	while (i < state->instances.len && !has_host(state->instances.items[i], host))
		i++;
	return state->instances.len == 1 ? 0 : i;
}

static void list_instances(struct sb_ctx *ctx, const struct si_state *state)
{
	struct mok_buf page;

	mok_buf_init(&page, (size_t)1 << 20);
	mok_buf_puts(&page, "<!doctype html><title>404 Not Found</title><h1>404 Not Found</h1>");
	mok_buf_puts(&page,
		state->instances.len ? "<p>The Host header tells the sandbox's instances apart:<ul>"
				     : "<p>No cluster of this sandbox runs Mastodon.<ul>");
	for (size_t i = 0; i < state->instances.len; i++) {
		mok_buf_puts(&page, "<li>");
		mok_buf_add_xml(&page, state->instances.items[i]->domain);
	}
	mok_buf_puts(&page, "</ul>\n");
	sb_reply_bytes(ctx, 404, "text/html; charset=utf-8", page.data, page.len);
	mok_buf_release(&page);
}

void sb_instance_handle(struct sb_ctx *ctx)
{
	struct si_state *state = si_state_now(ctx);
	const char *host = host_of(ctx);
	size_t i = choose(state, host);
	struct si_instance *instance;

	if (i == state->instances.len) {
		list_instances(ctx, state);
		return;
	}
	instance = state->instances.items[i];
	si_gateway(ctx, state, instance, is_loopback(host) ? instance->domain : host);
}

/* ---- for people and tests: GET /_sandbox/instances ---- */

static cJSON *view_pod(const struct si_pod *pod)
{
	static const char *const apps[] = { "", "web", "streaming", "sidekiq" };
	const char *const troubles[] = { pod->boots_not, pod->broken, pod->stale, pod->no_push,
		pod->no_media };
	cJSON *view = cJSON_CreateObject(), *list;

	sb_set_str(view, "name", pod->name);
	sb_set_str(view, "tier", apps[pod->app]);
	sb_set_str(view, "version", pod->version);
	sb_set_bool(view, "ready", pod->ready);
	sb_set_int(view, "threads", pod->workers * pod->threads);
	if (pod->app == SI_SIDEKIQ)
		sb_set_str(view, "queues", pod->queues);
	list = cJSON_AddArrayToObject(view, "troubles");
	for (size_t i = 0; i < MOK_COUNT(troubles); i++)
		if (troubles[i] && (i < 3 || pod->app == SI_WEB))
			cJSON_AddItemToArray(list, cJSON_CreateString(troubles[i]));
	if (pod->refused_ppm)
		cJSON_AddItemToArray(
			list, cJSON_CreateString("there are too few connections for all threads"));
	return view;
}

static cJSON *view_instance(struct sb_ctx *ctx, const struct si_instance *instance)
{
	cJSON *view = cJSON_CreateObject(), *pods, *schema, *troubles;
	const char *db = NULL;

	sb_set_str(view, "domain", instance->domain);
	sb_set_str(view, "cluster", instance->cluster);
	sb_set_str(view, "namespace", instance->ns);
	sb_set_str(view, "version", instance->version);
	sb_set_int(view, "web_pods", instance->web_pods);
	sb_set_int(view, "streaming_pods", instance->streaming);
	sb_set_int(view, "capacity", instance->capacity);
	troubles = cJSON_AddArrayToObject(view, "troubles");
	for (size_t i = 0; i < instance->troubles.len; i++)
		cJSON_AddItemToArray(troubles, cJSON_CreateString(instance->troubles.items[i]));
	pods = cJSON_AddArrayToObject(view, "pods");
	for (size_t i = 0; i < instance->pods.len; i++) {
		cJSON_AddItemToArray(pods, view_pod(instance->pods.items[i]));
		db = db ? db : instance->pods.items[i]->link.key;
	}
	schema = cJSON_AddObjectToObject(view, "schema");
	if (db) {
		struct si_schema_version reached = si_schema_of(ctx, db);

		sb_set_str(schema, "version", reached.pre);
		sb_set_str(schema, "post_deployment", reached.post);
	}
	return view;
}

static void get_instances(struct sb_ctx *ctx)
{
	const struct si_state *state = si_state_now(ctx);
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < state->instances.len; i++)
		cJSON_AddItemToArray(list, view_instance(ctx, state->instances.items[i]));
	sb_reply_root(ctx, 200, "instances", list);
}

const struct sb_route instance_routes[] = {
	{ "GET", "/_sandbox/instances", get_instances, SB_OPEN },
	{ 0 },
};
