/* Load balancers: what a cluster's cloud controller manager makes, and what others may do with it.
 */
#include "droplet.h"

#include <string.h>

enum {
	READY_LOW_MS = 40 * SB_SECOND_MS,
	READY_HIGH_MS = 120 * SB_SECOND_MS,
	VPC_LINGER_MS = 60 * SB_SECOND_MS,
};

static const char *urn_of(struct sb_ctx *ctx, const char *id)
{
	return mok_arena_printf(ctx->arena, "do:loadbalancer:%s", id);
}

static cJSON *rule(const char *protocol, int port)
{
	cJSON *view = cJSON_CreateObject();

	sb_set_str(view, "entry_protocol", protocol);
	sb_set_int(view, "entry_port", port);
	sb_set_str(view, "target_protocol", protocol);
	sb_set_int(view, "target_port", port);
	sb_set_str(view, "certificate_id", "");
	sb_set_bool(view, "tls_passthrough", false);
	return view;
}

static void add_defaults(cJSON *balancer)
{
	cJSON *check = cJSON_CreateObject();

	sb_set_str(balancer, "algorithm", "round_robin");
	sb_set_int(balancer, "size_unit", 1);
	sb_set_str(balancer, "type", "REGIONAL_NETWORK");
	sb_set_str(balancer, "network", "EXTERNAL");
	mok_json_set(balancer, "forwarding_rules", cJSON_CreateArray());
	cJSON_AddItemToArray(
		cJSON_GetObjectItemCaseSensitive(balancer, "forwarding_rules"), rule("tcp", 80));
	sb_set_str(check, "protocol", "tcp");
	sb_set_int(check, "port", 80);
	sb_set_str(check, "path", "");
	sb_set_int(check, "check_interval_seconds", 10);
	sb_set_int(check, "response_timeout_seconds", 5);
	sb_set_int(check, "healthy_threshold", 5);
	sb_set_int(check, "unhealthy_threshold", 3);
	mok_json_set(balancer, "health_check", check);
	mok_json_set(balancer, "sticky_sessions", cJSON_CreateObject());
	sb_set_str(cJSON_GetObjectItemCaseSensitive(balancer, "sticky_sessions"), "type", "none");
	sb_set_str(balancer, "tag", "");
	mok_json_set(balancer, "droplet_ids", cJSON_CreateArray());
	sb_set_bool(balancer, "redirect_http_to_https", false);
	sb_set_bool(balancer, "enable_proxy_protocol", false);
	sb_set_bool(balancer, "enable_backend_keepalive", false);
	sb_set_bool(balancer, "disable_lets_encrypt_dns_records", false);
	sb_set_int(balancer, "http_idle_timeout_seconds", 60);
}

static void apply(cJSON *balancer, const cJSON *body)
{
	static const char *const fields[] = { "algorithm", "size_unit", "type", "network",
		"forwarding_rules", "health_check", "sticky_sessions", "tag", "droplet_ids",
		"redirect_http_to_https", "enable_proxy_protocol", "enable_backend_keepalive",
		"disable_lets_encrypt_dns_records", "http_idle_timeout_seconds", "firewall" };

	for (size_t i = 0; i < MOK_COUNT(fields); i++) {
		const cJSON *value = sb_get(body, fields[i]);

		if (value)
			mok_json_set(balancer, fields[i], cJSON_Duplicate(value, true));
	}
}

static const char *make(struct sb_ctx *ctx, const struct sb_balancer_spec *spec, const cJSON *body)
{
	struct sb_doc *doc = sb_doc_new(ctx, LB_KIND, sb_uuid(ctx), "");

	doc->name = spec->name;
	doc->alt = spec->cluster_id ? spec->cluster_id : "";
	sb_set_str(doc->json, "name", spec->name);
	sb_set_str(doc->json, "region", spec->region);
	sb_set_str(doc->json, "vpc_uuid", spec->vpc_uuid);
	sb_set_int(doc->json, "created_ms", ctx->now_ms);
	sb_set_int(doc->json, "ready_ms", sb_after_between(ctx, READY_LOW_MS, READY_HIGH_MS));
	sb_set_str(doc->json, "ip",
		mok_arena_printf(ctx->arena, "104.131.%lld.%lld",
			(long long)sb_random_between(ctx, 0, 255),
			(long long)sb_random_between(ctx, 2, 254)));
	add_defaults(doc->json);
	apply(doc->json, body);
	sb_doc_put(ctx, doc);
	sb_vpc_join(ctx, spec->vpc_uuid, urn_of(ctx, doc->id), spec->name);
	sb_note_create(ctx, "load_balancer", doc->id);
	return doc->id;
}

const char *sb_balancer_make(
	struct sb_ctx *ctx, const struct sb_balancer_spec *spec, const cJSON *body)
{
	const char *id = make(ctx, spec, body);
	cJSON *tags = sb_own(ctx, cJSON_CreateArray());

	if (spec->cluster_id)
		cJSON_AddItemToArray(tags,
			cJSON_CreateString(
				mok_arena_printf(ctx->arena, "k8s:%s", spec->cluster_id)));
	sb_tags_set(ctx, "load_balancer", id, tags);
	/* The default project is always there. */
	(void)sb_project_join(ctx, NULL, urn_of(ctx, id));
	return id;
}

void sb_balancer_delete(struct sb_ctx *ctx, struct sb_doc *balancer)
{
	const char *urn = urn_of(ctx, balancer->id);

	sb_tags_set(ctx, "load_balancer", balancer->id, NULL);
	sb_vpc_leave(ctx, urn, VPC_LINGER_MS);
	sb_project_leave(ctx, urn);
	sb_doc_delete(ctx, balancer);
	sb_note_delete(ctx, "load_balancer", balancer->id);
}

static cJSON *view(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	static const char *const fields[] = { "algorithm", "size_unit", "type", "network",
		"forwarding_rules", "health_check", "sticky_sessions", "tag", "droplet_ids",
		"redirect_http_to_https", "enable_proxy_protocol", "enable_backend_keepalive",
		"disable_lets_encrypt_dns_records", "http_idle_timeout_seconds", "firewall",
		"vpc_uuid" };
	bool up = ctx->now_ms >= sb_get_int(doc->json, "ready_ms", 0);
	cJSON *out = cJSON_CreateObject();

	sb_set_str(out, "id", doc->id);
	sb_set_str(out, "name", sb_get_str(doc->json, "name"));
	sb_set_str(out, "ip", up ? sb_get_str(doc->json, "ip") : "");
	sb_set_str(out, "ipv6", "");
	sb_set_str(out, "size", "lb-small");
	sb_set_str(out, "status", up ? "active" : "new");
	sb_set_time(out, "created_at", sb_get_int(doc->json, "created_ms", 0));
	sb_copy(out, doc->json, fields, MOK_COUNT(fields));
	mok_json_set(out, "region", sb_region_view(sb_get_str(doc->json, "region")));
	sb_set_str(out, "project_id", sb_project_of(ctx, urn_of(ctx, doc->id)));
	return out;
}

static void list_balancers(struct sb_ctx *ctx)
{
	const struct sb_page page = {
		.key = "load_balancers",
		.which = { .kind = LB_KIND, .name = sb_filter(ctx, "name") },
		.view = view,
	};

	sb_reply_page(ctx, &page);
}

static bool rules_fine(struct sb_ctx *ctx, bool required)
{
	const cJSON *rules = sb_get(ctx->body, "forwarding_rules");
	const cJSON *one;

	if (!rules && !required)
		return true;
	if (!rules || !cJSON_IsArray(rules) || !rules->child) {
		sb_fail(ctx, 422, "Forwarding rules must not be empty");
		return false;
	}
	cJSON_ArrayForEach(one, rules)
	{
		int64_t port = sb_get_int(one, "entry_port", 0);

		if (sb_get_word(one, "entry_protocol") && port >= 1 && port <= 65535)
			continue;
		sb_fail(ctx, 422, "Forwarding rules must have an entry protocol and port");
		return false;
	}
	return true;
}

static void create_balancer(struct sb_ctx *ctx)
{
	struct sb_balancer_spec spec = {
		.name = sb_get_word(ctx->body, "name"),
		.region = sb_get_word(ctx->body, "region"),
	};
	const struct sb_region *region = spec.region ? sb_region_find(spec.region) : NULL;
	const char *id;

	if (!spec.name) {
		sb_fail(ctx, 422, "Name can't be blank");
	} else if (!region || !region->available) {
		sb_fail(ctx, 422, "Region is invalid");
	} else if (sb_doc_named(ctx, LB_KIND, NULL, spec.name)) {
		sb_fail(ctx, 422, "Name has already been taken");
	} else if (rules_fine(ctx, true)) {
		spec.vpc_uuid =
			sb_vpc_resolve(ctx, spec.region, sb_get_word(ctx->body, "vpc_uuid"));
		if (!spec.vpc_uuid)
			return;
		id = make(ctx, &spec, ctx->body);
		if (sb_project_join(ctx, sb_get_word(ctx->body, "project_id"), urn_of(ctx, id)))
			sb_reply_root(
				ctx, 202, "load_balancer", view(ctx, sb_doc_get(ctx, LB_KIND, id)));
	}
}

static void get_balancer(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, LB_KIND, ctx->params[0]);

	if (doc)
		sb_reply_root(ctx, 200, "load_balancer", view(ctx, doc));
}

static void put_balancer(struct sb_ctx *ctx)
{
	struct sb_doc *doc = sb_doc_see(ctx, LB_KIND, ctx->params[0]);
	const char *name = sb_get_word(ctx->body, "name");

	if (!doc || !rules_fine(ctx, false))
		return;
	apply(doc->json, ctx->body);
	if (name) {
		sb_set_str(doc->json, "name", name);
		doc->name = name;
	}
	sb_doc_put(ctx, doc);
	sb_reply_root(ctx, 200, "load_balancer", view(ctx, doc));
}

static void delete_balancer(struct sb_ctx *ctx)
{
	struct sb_doc *doc = sb_doc_see(ctx, LB_KIND, ctx->params[0]);

	if (!doc)
		return;
	sb_balancer_delete(ctx, doc);
	sb_reply_empty(ctx, 204);
}

static void purge_cache(struct sb_ctx *ctx)
{
	if (sb_doc_see(ctx, LB_KIND, ctx->params[0]))
		sb_reply_empty(ctx, 204);
}

/* Adds the members of the body's list to the balancer's, or takes them off it. */
static void change_list(struct sb_ctx *ctx, const char *key, bool add)
{
	struct sb_doc *doc = sb_doc_see(ctx, LB_KIND, ctx->params[0]);
	const cJSON *changes = sb_get(ctx->body, key);
	cJSON *list, *old, *next;
	const cJSON *change;

	if (!doc)
		return;
	if (!cJSON_IsArray(changes)) {
		sb_fail(ctx, 422, "%s must be a list", key);
		return;
	}
	list = cJSON_GetObjectItemCaseSensitive(doc->json, key);
	cJSON_ArrayForEach(change, changes)
	{
		for (old = list->child; old; old = next) {
			next = old->next;
			if (mok_json_equal(old, change))
				cJSON_Delete(cJSON_DetachItemViaPointer(list, old));
		}
		if (add)
			cJSON_AddItemToArray(list, cJSON_Duplicate(change, true));
	}
	sb_doc_put(ctx, doc);
	sb_reply_empty(ctx, 204);
}

static void add_droplets(struct sb_ctx *ctx)
{
	change_list(ctx, "droplet_ids", true);
}

static void drop_droplets(struct sb_ctx *ctx)
{
	change_list(ctx, "droplet_ids", false);
}

static void add_rules(struct sb_ctx *ctx)
{
	if (rules_fine(ctx, true))
		change_list(ctx, "forwarding_rules", true);
}

static void drop_rules(struct sb_ctx *ctx)
{
	change_list(ctx, "forwarding_rules", false);
}

#define BALANCER "/v2/load_balancers/{id}"

const struct sb_route load_balancer_routes[] = {
	{ "GET", "/v2/load_balancers", list_balancers, 0 },
	{ "POST", "/v2/load_balancers", create_balancer, 0 },
	{ "GET", BALANCER, get_balancer, 0 },
	{ "PUT", BALANCER, put_balancer, 0 },
	{ "DELETE", BALANCER, delete_balancer, 0 },
	{ "DELETE", BALANCER "/cache", purge_cache, 0 },
	{ "POST", BALANCER "/droplets", add_droplets, 0 },
	{ "DELETE", BALANCER "/droplets", drop_droplets, 0 },
	{ "POST", BALANCER "/forwarding_rules", add_rules, 0 },
	{ "DELETE", BALANCER "/forwarding_rules", drop_rules, 0 },
	{ NULL, NULL, NULL, 0 },
};
