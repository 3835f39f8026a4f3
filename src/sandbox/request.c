/* Reading the request: target, query, headers and body. */
#include "core_internal.h"

#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

const char *sb_decode(struct mok_arena *arena, const char *s, size_t len, bool plus_is_space)
{
	char *out = mok_arena_alloc(arena, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (s[i] != '%') {
			out[n++] = s[i] == '+' && plus_is_space ? ' ' : s[i];
			continue;
		}
		high = i + 2 < len ? hex_digit(s[i + 1]) : -1;
		low = i + 2 < len ? hex_digit(s[i + 2]) : -1;
		if (high < 0 || low < 0)
			return NULL;
		out[n] = (char)(high * 16 + low);
		if (out[n++] == '\0')
			return NULL;
		i += 2;
	}
	out[n] = '\0';
	return out;
}

static void add_pair(struct sb_call *call, const char *s, size_t len)
{
	const char *equals = memchr(s, '=', len);
	size_t name_len = equals ? (size_t)(equals - s) : len;
	struct sb_pair pair;

	if (!len)
		return;
	pair.name = sb_decode(call->ctx.arena, s, name_len, true);
	pair.value = equals ? sb_decode(call->ctx.arena, equals + 1, len - name_len - 1, true) : "";
	if (pair.name && pair.value)
		mok_vec_push(call->ctx.arena, &call->query, pair);
}

static void read_pairs(struct sb_call *call, const char *s)
{
	while (*s) {
		size_t len = strcspn(s, "&");

		add_pair(call, s, len);
		s += len;
		if (*s == '&')
			s++;
	}
}

bool sb_request_read(struct sb_call *call, const char *target)
{
	const char *mark = strchr(target, '?');
	size_t len = mark ? (size_t)(mark - target) : strlen(target);

	call->raw_query = mark ? mark + 1 : "";
	call->ctx.path = sb_decode(call->ctx.arena, target, len, false);
	if (!call->ctx.path || target[0] != '/') {
		call->ctx.path = "/";
		return false;
	}
	read_pairs(call, call->raw_query);
	return true;
}

const char *sb_query(struct sb_ctx *ctx, const char *name)
{
	struct sb_call *call = sb_call_of(ctx);

	for (size_t i = 0; i < call->query.len; i++) {
		if (strcmp(call->query.items[i].name, name) == 0)
			return call->query.items[i].value;
	}
	return NULL;
}

/* Some clients send every filter they know, empty where it is not used. */
const char *sb_filter(struct sb_ctx *ctx, const char *name)
{
	const char *value = sb_query(ctx, name);

	return value && *value ? value : NULL;
}

const char *sb_request_header(struct sb_ctx *ctx, const char *name)
{
	const struct mok_sandbox_request *request = ctx->request;

	for (size_t i = 0; i < request->nheaders; i++) {
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	if (strcasecmp(name, "host") == 0)
		return request->host;
	return NULL;
}

/* ---- the body ---- */

static bool is_blank(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!strchr(" \t\r\n", s[i]) || s[i] == '\0')
			return false;
	}
	return true;
}

/* name=a&tags[]=b, as curl sends it when it is not told otherwise. */
static cJSON *parse_form(struct sb_ctx *ctx, const char *s, size_t len)
{
	struct sb_call form = { .ctx = { .arena = ctx->arena } };
	cJSON *json = cJSON_CreateObject();

	read_pairs(&form, mok_arena_strndup(ctx->arena, s, len));
	for (size_t i = 0; i < form.query.len; i++) {
		const char *name = form.query.items[i].name, *value = form.query.items[i].value;
		cJSON *list;

		if (!mok_ends(name, "[]")) {
			cJSON_DeleteItemFromObjectCaseSensitive(json, name);
			cJSON_AddStringToObject(json, name, value);
			continue;
		}
		name = mok_arena_strndup(ctx->arena, name, strlen(name) - 2);
		list = cJSON_GetObjectItemCaseSensitive(json, name);
		if (!list)
			list = cJSON_AddArrayToObject(json, name);
		if (cJSON_IsArray(list))
			cJSON_AddItemToArray(list, cJSON_CreateString(value));
	}
	return json;
}

static bool is_form(struct sb_ctx *ctx, const char *data, size_t len)
{
	const char *type = sb_request_header(ctx, "content-type");
	size_t blank = 0;

	if (!type || strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0)
		return false;
	while (blank < len && strchr(" \t\r\n", data[blank]))
		blank++;
	return blank < len && data[blank] != '{' && data[blank] != '[';
}

bool sb_request_body(struct sb_call *call)
{
	struct sb_ctx *ctx = &call->ctx;
	const char *data = ctx->request->body;
	size_t len = ctx->request->body_len;
	cJSON *json;

	if (!call->writes || !data || is_blank(data, len))
		return true;
	if (is_form(ctx, data, len))
		json = parse_form(ctx, data, len);
	else
		json = mok_json_parse(data, len);
	if (json)
		sb_own(ctx, json);
	/* null is what some clients send for "no body". */
	if (cJSON_IsNull(json))
		return true;
	if (!cJSON_IsObject(json)) {
		sb_fail(ctx, 400, "Unable to parse the request body as a JSON object.");
		return false;
	}
	ctx->body = json;
	ctx->has_body = true;
	return true;
}
