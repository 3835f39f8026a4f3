/* Answers. */
#include "core_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	int status;
	const char *id;
} error_ids[] = {
	{ 400, "bad_request" },
	{ 401, "Unauthorized" },
	{ 403, "forbidden" },
	{ 404, "not_found" },
	{ 405, "method_not_allowed" },
	{ 409, "conflict" },
	{ 410, "gone" },
	{ 412, "precondition_failed" },
	{ 413, "request_entity_too_large" },
	{ 422, "unprocessable_entity" },
	{ 429, "too_many_requests" },
	{ 500, "server_error" },
	{ 501, "not_implemented" },
	{ 503, "service_unavailable" },
};

void sb_header(struct sb_ctx *ctx, const char *name, const char *value)
{
	struct mok_sandbox_response *out = ctx->out;
	size_t i = 0;

	while (i < out->nheaders && strcasecmp(out->headers[i].name, name) != 0)
		i++;
	if (i == MOK_COUNT(out->headers))
		MOK_BUG("too many headers");
	if (i == out->nheaders)
		out->headers[out->nheaders++].name = mok_arena_strdup(out->arena, name);
	out->headers[i].value = mok_arena_strdup(out->arena, value);
}

void sb_header_more(struct sb_ctx *ctx, const char *name, const char *value)
{
	struct mok_sandbox_response *out = ctx->out;
	struct mok_sandbox_header *header = &out->headers[out->nheaders];

	/* More of them would tell nobody anything. */
	if (out->nheaders + 8 >= MOK_COUNT(out->headers))
		return;
	header->name = mok_arena_strdup(out->arena, name);
	header->value = mok_arena_strdup(out->arena, value);
	out->nheaders++;
}

void sb_reply_forget(struct sb_call *call)
{
	mok_buf_clear(&call->ctx.out->body);
	call->ctx.out->status = 0;
	call->answered = false;
}

/* The first answer stands: what a handler says after it has failed does not count. */
static bool answer(struct sb_ctx *ctx, int status)
{
	struct sb_call *call = sb_call_of(ctx);

	if (call->answered)
		return false;
	call->answered = true;
	ctx->out->status = status;
	return true;
}

void sb_reply_bytes(struct sb_ctx *ctx, int status, const char *type, const void *data, size_t len)
{
	if (!answer(ctx, status))
		return;
	if (type)
		sb_header(ctx, "content-type", type);
	mok_buf_add(&ctx->out->body, data, len);
}

void sb_reply_empty(struct sb_ctx *ctx, int status)
{
	answer(ctx, status);
}

void sb_reply(struct sb_ctx *ctx, int status, cJSON *json)
{
	char *text = cJSON_PrintBuffered(json, 2048, 0);

	if (!text)
		MOK_BUG("an answer that cannot be printed");
	sb_reply_bytes(ctx, status, "application/json; charset=utf-8", text, strlen(text));
	cJSON_free(text);
	cJSON_Delete(json);
}

void sb_reply_root(struct sb_ctx *ctx, int status, const char *key, cJSON *json)
{
	cJSON *root = cJSON_CreateObject();

	cJSON_AddItemToObject(root, key, json);
	sb_reply(ctx, status, root);
}

static void fail(struct sb_ctx *ctx, int status, const char *id, const char *message)
{
	cJSON *root = cJSON_CreateObject();

	cJSON_AddStringToObject(root, "id", id);
	cJSON_AddStringToObject(root, "message", message);
	cJSON_AddStringToObject(root, "request_id", ctx->request_id);
	sb_reply(ctx, status, root);
}

void sb_fail(struct sb_ctx *ctx, int status, const char *fmt, ...)
{
	const char *id = "error", *message;
	va_list ap;

	for (size_t i = 0; i < MOK_COUNT(error_ids); i++) {
		if (error_ids[i].status == status)
			id = error_ids[i].id;
	}
	va_start(ap, fmt);
	message = mok_arena_vprintf(ctx->arena, fmt, ap);
	va_end(ap);
	fail(ctx, status, id, message);
}

void sb_not_found(struct sb_ctx *ctx)
{
	sb_fail(ctx, 404, "The resource you were accessing could not be found.");
}

bool sb_answered(const struct sb_ctx *ctx)
{
	return sb_call_of(ctx)->answered;
}
