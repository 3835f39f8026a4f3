/*
 * One request from arrival to the log: authenticated, counted, routed, handled in one transaction
 * that is committed before the answer leaves.
 */
#include "controller.h"

#include "registry.h"

#include <string.h>
#include <strings.h>

static bool is_writing(const char *method)
{
	return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 &&
		strcmp(method, "OPTIONS") != 0;
}

static const char *bearer_of(struct sb_ctx *ctx)
{
	const char *header = sb_request_header(ctx, "authorization");

	if (!header || strncasecmp(header, "bearer ", 7) != 0)
		return NULL;
	header += 7;
	header += strspn(header, " ");
	return *header ? header : NULL;
}

static bool is_let_in(struct sb_call *call, const char **token)
{
	struct sb_core *core = call->ctx.core;

	*token = bearer_of(&call->ctx);
	if (*token && (!core->tokens || mok_map_get(core->tokens, *token)))
		return true;
	sb_fail(&call->ctx, 401, "Unable to authenticate you");
	return false;
}

static void answer_missing_route(struct sb_call *call, enum sb_found found, const char *allow)
{
	if (found == SB_FOUND_NO_METHOD) {
		sb_header(&call->ctx, "allow", allow);
		sb_fail(&call->ctx, 405, "This method is not allowed here.");
	} else {
		sb_not_found(&call->ctx);
	}
}

static void handle_api(struct sb_call *call)
{
	struct sb_ctx *ctx = &call->ctx;
	const char *method = call->head ? "GET" : ctx->request->method, *token, *allow;
	const struct sb_route *route;
	enum sb_found found = sb_route_find(call, method, &route, &allow);

	if (route && route->flags & SB_OPEN) {
		call->internal = true;
		if (route->flags & SB_RAW_BODY || sb_request_body(call))
			route->handle(ctx);
		return;
	}
	if (!is_let_in(call, &token) || !sb_limits_pass(call, token))
		return;
	sb_faults_pick(call);
	if (sb_faults_before(call))
		return;
	if (!route) {
		answer_missing_route(call, found, allow);
		return;
	}
	/* Clusters make and end what this API lists. */
	sb_ctl_catch_up_all(ctx);
	if (!(route->flags & SB_RAW_BODY) && !sb_request_body(call))
		return;
	route->handle(ctx);
}

static void handle_spaces(struct sb_call *call)
{
	sb_faults_pick(call);
	if (!sb_faults_before(call))
		sb_s3_handle(&call->ctx);
}

/* A kubeconfig's token, or one of a service account, which its cluster knows. */
static bool opens_cluster(const struct sb_core *core, const char *token)
{
	return !core->tokens || mok_starts(token, "dop_v1_") || mok_starts(token, "eyJ") ||
		mok_map_get(core->tokens, token);
}

static void handle_kubernetes(struct sb_call *call)
{
	const char *token = bearer_of(&call->ctx);

	if (token && !opens_cluster(call->ctx.core, token))
		token = NULL;
	call->cluster = sb_kube_cluster(&call->ctx);
	sb_faults_pick(call);
	if (!sb_faults_before(call))
		sb_kube_handle(&call->ctx, call->cluster, token);
}

static void handle_registry(struct sb_call *call)
{
	sb_faults_pick(call);
	if (!sb_faults_before(call))
		sb_registry_handle(&call->ctx);
}

static void run_handler(struct sb_call *call)
{
	struct sb_ctx *ctx = &call->ctx;

	if (!sb_request_read(call, ctx->request->target)) {
		sb_fail(ctx, 400, "The request's target is not a path.");
		return;
	}
	if (ctx->request->service == MOK_SANDBOX_SPACES)
		handle_spaces(call);
	else if (ctx->request->service == MOK_SANDBOX_KUBERNETES)
		handle_kubernetes(call);
	else if (ctx->request->service == MOK_SANDBOX_INSTANCE)
		sb_instance_handle(ctx);
	else if (ctx->request->service == MOK_SANDBOX_REGISTRY)
		handle_registry(call);
	else
		handle_api(call);
	if (!call->answered && !ctx->out->hung && !ctx->out->dropped)
		MOK_BUG("a handler that did not answer");
}

/* What failed leaves nothing behind but its line in the log. */
static void settle(struct sb_call *call)
{
	struct sb_ctx *ctx = &call->ctx;
	bool fails = call->broken || ctx->out->status >= 400 || call->fault.before;

	if (fails) {
		sb_rollback(ctx);
		call->created.len = call->created_kept;
		call->deleted.len = call->deleted_kept;
		if (call->internal || call->broken || !sb_begin(ctx))
			return;
	}
	if (!call->internal)
		sb_log_add(call);
	sb_commit(ctx);
}

static void answer_broken(struct sb_call *call)
{
	call->broken = false;
	sb_rollback(&call->ctx);
	sb_reply_forget(call);
	sb_fail(&call->ctx, 500, "The sandbox could not write its database.");
}

static void begin_call(struct sb_call *call, struct sb_core *core,
	const struct mok_sandbox_request *request, int64_t now_ms, struct mok_sandbox_response *out)
{
	struct sb_ctx *ctx = &call->ctx;

	sb_call_init(call, core, out->arena);
	ctx->request = request;
	ctx->out = out;
	ctx->now_ms = now_ms;
	/* What only looks at the sandbox itself, or uses what runs in it, leaves no trace in what
	 * is made later. */
	call->writes = is_writing(request->method);
	call->internal = request->service == MOK_SANDBOX_INSTANCE;
	if (!call->internal && !mok_starts(request->target, "/_sandbox/")) {
		core->number++;
		core->writes += call->writes;
	}
	ctx->number = core->number;
	ctx->rng = sb_rng_for(core->seed,
		call->internal ? -(now_ms * 4096 + core->instance_number++ % 4096) : ctx->number);
	memcpy(ctx->request_id, sb_uuid(ctx), 36);
	call->head = strcmp(request->method, "HEAD") == 0;
}

void mok_sandbox_handle(struct mok_sandbox *sandbox, const struct mok_sandbox_request *request,
	int64_t now_ms, struct mok_sandbox_response *out)
{
	struct sb_core *core = &sandbox->core;
	struct sb_call call;

	begin_call(&call, core, request, now_ms, out);
	sb_header(&call.ctx,
		request->service == MOK_SANDBOX_SPACES ? "x-amz-request-id" : "x-request-id",
		call.ctx.request_id);
	if (sb_begin(&call.ctx)) {
		run_handler(&call);
		settle(&call);
	}
	if (call.broken)
		answer_broken(&call);
	else if (request->service == MOK_SANDBOX_INSTANCE)
		si_state_own_writes(core);
	/* Both logs tell what was committed; a fault that hides it is named beside it. */
	if (!call.internal)
		sb_log_append(&call);
	sb_faults_after(&call);
	sb_call_end(&call);
}

void mok_sandbox_watch(struct mok_sandbox *sandbox, const struct mok_sandbox_request *request,
	int64_t after, int64_t now_ms, struct mok_sandbox_response *out)
{
	struct sb_core *core = &sandbox->core;
	struct sb_call call;

	sb_call_init(&call, core, out->arena);
	call.ctx.request = request;
	call.ctx.out = out;
	call.ctx.now_ms = now_ms;
	if (sb_request_read(&call, request->target) && sb_begin(&call.ctx)) {
		sb_ctl_catch_up(&call.ctx, sb_kube_cluster(&call.ctx));
		sb_kube_watch(&call.ctx, sb_kube_cluster(&call.ctx), after);
		sb_rollback(&call.ctx);
	}
	sb_call_end(&call);
}
