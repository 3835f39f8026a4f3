/*
 * One request to a pod of the streaming server. A WebSocket is granted to whoever has a token, and
 * then ended: streams themselves are not there yet.
 */
#include "instance.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#define PREFIX "/api/v1/streaming"
/* https://www.rfc-editor.org/rfc/rfc6455#section-1.3 */
#define KEY_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static bool asks_for_socket(struct sb_ctx *ctx)
{
	const char *upgrade = sb_request_header(ctx, "upgrade");

	return upgrade && strcasecmp(upgrade, "websocket") == 0 &&
		sb_request_header(ctx, "sec-websocket-key");
}

/* As it refuses before there is a connection: the reason is in a header, and there is no body. */
static void refuse(struct si_visit *v, int status, const char *why)
{
	sb_header(v->ctx, "x-error-message", why);
	sb_reply_empty(v->ctx, status);
}

static const char *token_of(struct si_visit *v)
{
	const char *bearer = si_bearer(v->ctx), *param = NULL;

	v->in = si_params(v->ctx);
	if (v->in)
		param = si_param(v, "access_token");
	if (bearer)
		return bearer;
	return param ? param : sb_request_header(v->ctx, "sec-websocket-protocol");
}

static void grant(struct si_visit *v)
{
	struct sb_ctx *ctx = v->ctx;
	const char *protocol = sb_request_header(ctx, "sec-websocket-protocol");
	const char *key = mok_arena_printf(
		ctx->arena, "%s" KEY_SUFFIX, sb_request_header(ctx, "sec-websocket-key"));
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_Digest(key, strlen(key), digest, &len, EVP_sha1(), NULL) != 1)
		MOK_BUG("no SHA-1");
	sb_header(ctx, "upgrade", "websocket");
	sb_header(ctx, "sec-websocket-accept", mok_base64(ctx->arena, digest, len));
	if (protocol)
		sb_header(ctx, "sec-websocket-protocol", protocol);
	sb_reply_empty(ctx, 101);
}

static void open_socket(struct si_visit *v)
{
	const char *token = token_of(v);

	if (v->pod->broken)
		refuse(v, 500, "Internal Server Error");
	else if (!token)
		refuse(v, 401, "Missing access token");
	else if (!si_token_find(v, token))
		refuse(v, 401, "Invalid access token");
	else
		grant(v);
}

void si_streaming(struct si_visit *v)
{
	if (strcmp(v->ctx->path, PREFIX "/health") == 0)
		si_text(v, 200, "OK");
	else if (asks_for_socket(v->ctx))
		open_socket(v);
	else if (v->pod->broken)
		si_failed(v, v->pod->broken);
	else
		si_error(v, 404, "Not found");
}
