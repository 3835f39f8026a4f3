/* What a request asks for: target, query, body, and who asks. */
#include "apiserver_internal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>

static int hex(char c)
{
	return c >= '0' && c <= '9'          ? c - '0'
		: isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
					     : -1;
}

/* NULL: malformed, or a NUL in it. */
static const char *decode(struct mok_arena *arena, const char *s, size_t len, bool form)
{
	char *out = mok_arena_alloc(arena, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (s[i] != '%') {
			out[n++] = form && s[i] == '+' ? ' ' : s[i];
			continue;
		}
		high = i + 1 < len ? hex(s[i + 1]) : -1;
		low = i + 2 < len ? hex(s[i + 2]) : -1;
		if (high < 0 || low < 0 || high * 16 + low == 0)
			return NULL;
		out[n++] = (char)(high * 16 + low);
		i += 2;
	}
	return out;
}

static bool read_query(struct ks_req *r, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "&"), name = strcspn(text, "=&");
		struct ks_pair pair = { decode(r->arena, text, name, true), "" };

		if (name < len)
			pair.value = decode(r->arena, text + name + 1, len - name - 1, true);
		if (!pair.name || !pair.value)
			return false;
		if (len)
			mok_vec_push(r->arena, &r->query, pair);
		text += len + (text[len] == '&');
	}
	return true;
}

static bool read_segments(struct ks_req *r, const char *text, size_t len)
{
	MOK_VEC(const char *) found = { NULL, 0, 0 };
	const char *end = text + len;

	while (text < end) {
		size_t n = 0;
		const char *segment;

		while (text + n < end && text[n] != '/')
			n++;
		segment = decode(r->arena, text, n, false);
		if (!segment)
			return false;
		if (n)
			mok_vec_push(r->arena, &found, segment);
		text += n + 1;
	}
	r->segments = found.items;
	r->nsegments = found.len;
	return true;
}

bool ks_request_read(struct ks_req *r)
{
	const char *target = r->in->target;
	size_t len = strcspn(target, "?");

	r->path = decode(r->arena, target, len, false);
	return r->path && read_segments(r, target, len) &&
		read_query(r, target[len] ? target + len + 1 : "");
}

const char *ks_query(const struct ks_req *r, const char *name)
{
	for (size_t i = 0; i < r->query.len; i++)
		if (strcmp(r->query.items[i].name, name) == 0)
			return r->query.items[i].value;
	return NULL;
}

bool ks_query_true(const struct ks_req *r, const char *name)
{
	const char *value = ks_query(r, name);

	return value && (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

cJSON *ks_own(struct ks_req *r, cJSON *json)
{
	if (json)
		mok_vec_push(r->arena, &r->owned, json);
	return json;
}

char *ks_printf(struct ks_req *r, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = mok_arena_vprintf(r->arena, fmt, ap);
	va_end(ap);
	return text;
}

bool ks_accepts(const struct ks_req *r, const char *what)
{
	return r->in->accept && strstr(r->in->accept, what);
}

const char *ks_manager(struct ks_req *r)
{
	const char *name = ks_query(r, "fieldManager"), *agent = r->in->user_agent;

	if (name && *name)
		return name;
	if (!agent || !*agent)
		return "unknown";
	return mok_arena_strndup(r->arena, agent, strcspn(agent, "/"));
}

void ks_set_str(cJSON *object, const char *name, const char *value)
{
	mok_json_set(object, name, cJSON_CreateString(value));
}
