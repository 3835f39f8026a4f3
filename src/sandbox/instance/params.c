/* Query and body as one object: forms, JSON, and the multipart forms that curl -F makes. */
#include "instance.h"

#include <string.h>
#include <strings.h>

/* "name[]" gathers. */
static void add(cJSON *to, const char *name, const char *value)
{
	cJSON *list;
	size_t len = strlen(name);
	char key[256];

	if (!mok_ends(name, "[]") || len >= sizeof(key)) {
		mok_json_set(to, name, cJSON_CreateString(value));
		return;
	}
	memcpy(key, name, len - 2);
	key[len - 2] = '\0';
	list = cJSON_GetObjectItemCaseSensitive(to, key);
	if (!cJSON_IsArray(list)) {
		mok_json_set(to, key, cJSON_CreateArray());
		list = cJSON_GetObjectItemCaseSensitive(to, key);
	}
	cJSON_AddItemToArray(list, cJSON_CreateString(value));
}

static void add_form(struct sb_ctx *ctx, cJSON *to, const char *s, size_t len)
{
	const char *end = s + len;

	while (s < end) {
		size_t n = (size_t)(end - s);
		const char *amp = memchr(s, '&', n), *equals;
		const char *name, *value;

		n = amp ? (size_t)(amp - s) : n;
		equals = memchr(s, '=', n);
		name = sb_decode(ctx->arena, s, equals ? (size_t)(equals - s) : n, true);
		value = equals
			? sb_decode(ctx->arena, equals + 1, n - (size_t)(equals - s) - 1, true)
			: "";
		if (name && *name && value)
			add(to, name, value);
		s += n + 1;
	}
}

/* ---- multipart/form-data ---- */

static const char *find(const char *s, const char *end, const char *word)
{
	size_t len = strlen(word);

	for (; s + len <= end; s++)
		if (memcmp(s, word, len) == 0)
			return s;
	return NULL;
}

static const char *name_of(struct sb_ctx *ctx, const char *head, const char *end)
{
	const char *at = find(head, end, " name=\""), *stop;

	if (!at)
		return NULL;
	at += strlen(" name=\"");
	stop = memchr(at, '"', (size_t)(end - at));
	return stop ? mok_arena_strndup(ctx->arena, at, (size_t)(stop - at)) : NULL;
}

static bool add_multipart(struct sb_ctx *ctx, cJSON *to, const char *type)
{
	const char *s = ctx->request->body, *end = s + ctx->request->body_len;
	const char *boundary = strstr(type, "boundary=");
	const char *mark;

	if (!boundary)
		return false;
	boundary += strlen("boundary=") + (boundary[strlen("boundary=")] == '"');
	mark = mok_arena_printf(ctx->arena, "--%.*s", (int)strcspn(boundary, "\"; "), boundary);
	while ((s = find(s, end, mark)) != NULL) {
		const char *head = s + strlen(mark), *text = find(head, end, "\r\n\r\n"), *stop;
		const char *name;

		stop = text ? find(text, end, mark) : NULL;
		if (!stop)
			break;
		name = name_of(ctx, head, text);
		if (name && stop - text >= 6)
			add(to, name,
				mok_arena_strndup(ctx->arena, text + 4, (size_t)(stop - text) - 6));
		s = stop;
	}
	return true;
}

static bool add_json(struct sb_ctx *ctx, cJSON *to)
{
	cJSON *json = mok_json_parse(ctx->request->body, ctx->request->body_len), *item;
	bool ok = cJSON_IsObject(json);

	while (ok && (item = json->child) != NULL) {
		cJSON_DetachItemViaPointer(json, item);
		mok_json_set(to, item->string, item);
	}
	cJSON_Delete(json);
	return ok;
}

cJSON *si_params(struct sb_ctx *ctx)
{
	const char *type = sb_request_header(ctx, "content-type");
	const char *query = strchr(ctx->request->target, '?');
	cJSON *in = sb_own(ctx, cJSON_CreateObject());
	bool ok = true;

	if (query)
		add_form(ctx, in, query + 1, strlen(query + 1));
	if (!ctx->request->body_len)
		return in;
	if (type && strncasecmp(type, "multipart/form-data", 19) == 0)
		ok = add_multipart(ctx, in, type);
	else if (type && strncasecmp(type, "application/json", 16) == 0)
		ok = add_json(ctx, in);
	else
		add_form(ctx, in, ctx->request->body, ctx->request->body_len);
	return ok ? in : NULL;
}

const char *si_param(const struct si_visit *v, const char *name)
{
	return sb_get_word(v->in, name);
}

bool si_param_true(const struct si_visit *v, const char *name)
{
	const char *text = si_param(v, name);

	return sb_get_bool(v->in, name, false) ||
		(text && strcmp(text, "0") != 0 && strcmp(text, "false") != 0 &&
			strcmp(text, "f") != 0 && strcmp(text, "off") != 0);
}
