/* One request: who may answer it. */
#include "apiserver_internal.h"
#include "protobuf.h"

#include <stdlib.h>

struct mok_apiserver *mok_apiserver_new(void)
{
	struct mok_arena *arena = mok_arena_new();
	struct mok_apiserver *server = MOK_NEW(arena, struct mok_apiserver);

	server->arena = arena;
	server->crds = mok_map_new(arena);
	ks_schema_load(server);
	server->protobuf = ks_protobuf_new(arena);
	return server;
}

void mok_apiserver_free(struct mok_apiserver *server)
{
	if (!server)
		return;
	ks_crd_free(server);
	cJSON_Delete(server->schema);
	cJSON_Delete(server->presets);
	mok_arena_free(server->arena);
}

void mok_apiserver_response_init(struct mok_apiserver_response *response)
{
	memset(response, 0, sizeof(*response));
	mok_buf_init(&response->body, (size_t)1 << 28);
	response->arena = mok_arena_new();
}

void mok_apiserver_response_release(struct mok_apiserver_response *response)
{
	mok_buf_release(&response->body);
	mok_arena_free(response->arena);
	memset(response, 0, sizeof(*response));
}

struct looking {
	const char *group, *version;
	bool found;
};

static void look(void *context, const struct ks_resource *resource)
{
	struct looking *l = context;

	l->found |= strcmp(resource->group, l->group) == 0 &&
		strcmp(resource->version, l->version) == 0;
}

static bool has_group(struct ks_req *r)
{
	struct looking l = { r->segments[1], r->segments[2], false };

	if (strcmp(r->segments[0], "api") == 0)
		return strcmp(r->segments[1], "v1") == 0;
	for (size_t i = 0; i < r->server->groups.len; i++)
		look(&l, &r->server->groups.items[i].resources[0]);
	if (!l.found)
		ks_crd_each(r, look, &l);
	return l.found;
}

static bool no_path(struct ks_req *r)
{
	/* A group that nobody has is not even the API's to refuse. */
	if (r->nsegments < 3 || !has_group(r)) {
		r->answered = true;
		r->out->status = 404;
		r->out->content_type = "text/plain; charset=utf-8";
		mok_buf_puts(&r->out->body, "404 page not found\n");
		return false;
	}
	return ks_fail_details(r, 404, "NotFound",
		"the server could not find the requested resource", ks_details(NULL, NULL, NULL));
}

/* What a pod has only where its containers run. */
static bool needs_program(const struct ks_req *r)
{
	static const char *const subs[] = { "attach", "exec", "portforward" };

	for (size_t i = 0; i < MOK_COUNT(subs); i++)
		if (strcmp(r->resource->full, "pods") == 0 && strcmp(r->sub, subs[i]) == 0)
			return true;
	return false;
}

static bool no_program(struct ks_req *r)
{
	return ks_fail(r, 405, "MethodNotAllowed",
		"no program runs in this cluster, so there is no %s of pod %s: its logs and events "
		"tell what it would do",
		r->sub, r->name);
}

static bool no_method(struct ks_req *r)
{
	return ks_fail_details(r, 405, "MethodNotAllowed",
		"the server does not allow this method on the requested resource",
		ks_details(NULL, NULL, NULL));
}

/* The segments after the version: [namespaces NS] RESOURCE [NAME [SUB]]. */
static bool take_place(struct ks_req *r, const char *group, const char *version, size_t at)
{
	const char *const *s = r->segments;
	bool within = r->nsegments > at + 2 && strcmp(s[at], "namespaces") == 0;

	r->ns = r->sub = "";
	if (within && *group == '\0' && r->nsegments == at + 3 &&
		(strcmp(s[at + 2], "status") == 0 || strcmp(s[at + 2], "finalize") == 0))
		within = false;
	if (within) {
		r->ns = s[at + 1];
		at += 2;
	}
	if (at >= r->nsegments)
		return false;
	r->resource = ks_resource_find(r, group, version, s[at]);
	r->name = at + 1 < r->nsegments ? s[at + 1] : NULL;
	r->sub = at + 2 < r->nsegments ? s[at + 2] : "";
	if (!r->resource || r->nsegments > at + 3)
		return false;
	return within ? r->resource->namespaced : !r->resource->namespaced || !r->name;
}

static bool find_place(struct ks_req *r)
{
	const char *const *s = r->segments;

	if (r->nsegments >= 3 && strcmp(s[0], "api") == 0)
		return take_place(r, "", s[1], 2);
	return r->nsegments >= 4 && strcmp(s[0], "apis") == 0 && take_place(r, s[1], s[2], 3);
}

static bool has_sub(const struct ks_req *r)
{
	for (size_t i = 0; i < r->resource->nsubs; i++)
		if (strcmp(r->resource->subs[i].name, r->sub) == 0)
			return true;
	return !*r->sub;
}

static bool is_object_sub(const struct ks_req *r)
{
	return !*r->sub || strcmp(r->sub, "status") == 0 || strcmp(r->sub, "scale") == 0 ||
		strcmp(r->sub, "finalize") == 0 || ks_is_ephemeral(r);
}

static const struct {
	const char *method;
	bool named;
	const char *verb;
	void (*handle)(struct ks_req *r);
} verbs[] = {
	{ "GET", true, "get", ks_get },
	{ "GET", false, "list", ks_list },
	{ "HEAD", true, "get", ks_get },
	{ "HEAD", false, "list", ks_list },
	{ "POST", false, "create", ks_create },
	{ "PUT", true, "update", ks_update },
	{ "PATCH", true, "patch", ks_patch },
	{ "DELETE", true, "delete", ks_delete },
	{ "DELETE", false, "deletecollection", ks_delete_collection },
};

static const struct {
	const char *sub, *method;
	void (*handle)(struct ks_req *r);
} others[] = {
	{ "log", "GET", ks_logs },
	{ "eviction", "POST", ks_evict },
	{ "binding", "POST", ks_bind },
	{ "token", "POST", ks_token },
};

static void handle_other_sub(struct ks_req *r)
{
	for (size_t i = 0; i < MOK_COUNT(others); i++) {
		if (strcmp(others[i].sub, r->sub) == 0 &&
			strcmp(others[i].method, r->in->method) == 0) {
			others[i].handle(r);
			return;
		}
	}
	no_method(r);
}

/* A resource that has not this verb has none of its method. */
static bool has_verb(const struct ks_req *r, const char *verb)
{
	const cJSON *one;

	if (*r->sub)
		return true;
	cJSON_ArrayForEach(one,
		r->resource->verbs) if (mok_streq(cJSON_GetStringValue(one), verb)) return true;
	return false;
}

static void handle_object(struct ks_req *r)
{
	if (!ks_acceptable(r) || !ks_options(r))
		return;
	if (r->resource->warning)
		ks_warn(r, r->resource->warning);
	if (r->name && !is_object_sub(r)) {
		handle_other_sub(r);
		return;
	}
	for (size_t i = 0; i < MOK_COUNT(verbs); i++) {
		if (strcmp(verbs[i].method, r->in->method) == 0 && verbs[i].named == !!r->name &&
			has_verb(r, verbs[i].verb)) {
			verbs[i].handle(r);
			return;
		}
	}
	no_method(r);
}

static void route(struct ks_req *r)
{
	bool found;

	if (!ks_request_read(r)) {
		ks_bad_request(r, "the request's path is malformed");
		return;
	}
	if (!ks_user_read(r))
		return;
	found = find_place(r);
	if (!(found ? ks_user_may(r) : ks_user_may_path(r)))
		return;
	if (ks_discovery(r) || ks_openapi(r))
		return;
	if (found && needs_program(r))
		no_program(r);
	else if (!found || !has_sub(r))
		no_path(r);
	else
		handle_object(r);
}

void mok_apiserver_handle(struct mok_apiserver *server, const struct mok_apiserver_store *store,
	const struct mok_apiserver_request *request, struct mok_apiserver_response *out)
{
	struct ks_req r = { .server = server,
		.store = store,
		.in = request,
		.out = out,
		.arena = out->arena,
		.now_ms = request->now_ms,
		.ns = "",
		.sub = "" };

	route(&r);
	if (!r.answered)
		MOK_BUG("a request without an answer");
	for (size_t i = 0; i < r.owned.len; i++)
		cJSON_Delete(r.owned.items[i]);
}
