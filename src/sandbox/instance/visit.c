/* Answers of a web pod, who asks, and how often. */
#include "instance.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PERIOD_MS = 5 * SB_MINUTE_MS, ANONYMOUS_LIMIT = 300, USER_LIMIT = 1500 };

const char *si_time(struct sb_ctx *ctx, int64_t ms)
{
	char text[21];

	mok_format_time(ms, text);
	return mok_arena_printf(ctx->arena, "%.19s.%03dZ", text, (int)(ms % 1000));
}

const char *si_escape(struct sb_ctx *ctx, const char *text)
{
	struct mok_buf buf;
	const char *out;

	mok_buf_init(&buf, (size_t)1 << 20);
	mok_buf_add_xml(&buf, text);
	out = mok_arena_strdup(ctx->arena, buf.data);
	mok_buf_release(&buf);
	return out;
}

void si_reason(struct sb_ctx *ctx, const char *why)
{
	sb_header(ctx, "x-sandbox-reason", why);
}

void si_json(struct si_visit *v, int status, cJSON *json)
{
	sb_reply(v->ctx, status, json);
}

void si_error(struct si_visit *v, int status, const char *error)
{
	cJSON *json = cJSON_CreateObject();

	sb_set_str(json, "error", error);
	si_json(v, status, json);
}

void si_text(struct si_visit *v, int status, const char *text)
{
	sb_reply_bytes(v->ctx, status, "text/plain; charset=utf-8", text, strlen(text));
}

void si_html(struct si_visit *v, int status, const char *title, const char *body)
{
	const char *page = mok_arena_printf(v->ctx->arena,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<title>%s</title>\n</head>\n<body>\n%s\n</body>\n</html>\n",
		si_escape(v->ctx, title), body);

	sb_reply_bytes(v->ctx, status, "text/html; charset=utf-8", page, strlen(page));
}

void si_redirect(struct si_visit *v, int status, const char *to)
{
	sb_header(v->ctx, "location", to);
	sb_reply_empty(v->ctx, status);
}

void si_failed(struct si_visit *v, const char *why)
{
	static const char title[] = "We're sorry, but something went wrong";

	si_reason(v->ctx, why);
	if (mok_starts(v->ctx->path, "/api/"))
		si_error(v, 500, "Internal Server Error");
	else
		si_html(v, 500, title,
			"<h1>500</h1><p>We're sorry, but something went wrong on our end.</p>");
}

/* ---- tokens ---- */

static bool has_word(const char *words, const char *word, size_t len)
{
	for (const char *p = words; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, word, len) == 0)
			return true;
		p += n;
	}
	return false;
}

/* "read" covers "read:statuses". */
bool si_scope_covers(const char *scopes, const char *wanted)
{
	return has_word(scopes, wanted, strlen(wanted)) ||
		has_word(scopes, wanted, strcspn(wanted, ":"));
}

bool si_scopes_within(struct sb_ctx *ctx, const char *wanted, const char *scopes)
{
	for (wanted += strspn(wanted, " "); *wanted; wanted += strspn(wanted, " ")) {
		size_t len = strcspn(wanted, " ");

		if (!si_scope_covers(scopes, mok_arena_strndup(ctx->arena, wanted, len)))
			return false;
		wanted += len;
	}
	return true;
}

bool si_token_find(struct si_visit *v, const char *token)
{
	sqlite3_stmt *stmt = sb_sql(v->ctx,
		"SELECT app, account, scopes FROM instance_token WHERE db = ? AND token = ?", "ss",
		v->db, si_digest(v->ctx, "token", token));

	if (!sb_sql_row(v->ctx, stmt))
		return false;
	v->app_id = sqlite3_column_int64(stmt, 0);
	v->account_id = sqlite3_column_int64(stmt, 1);
	v->scopes = sb_sql_text(v->ctx, stmt, 2);
	sb_sql_done(v->ctx, stmt);
	return true;
}

const char *si_bearer(struct sb_ctx *ctx)
{
	const char *header = sb_request_header(ctx, "authorization");

	return header && strncasecmp(header, "bearer ", 7) == 0 ? header + 7 : NULL;
}

bool si_token_read(struct si_visit *v)
{
	const char *token = si_bearer(v->ctx);

	v->scopes = "";
	if (!token || si_token_find(v, token))
		return true;
	sb_header(
		v->ctx, "www-authenticate", "Bearer realm=\"Doorkeeper\", error=\"invalid_token\"");
	si_error(v, 401, "The access token is invalid");
	return false;
}

/* ---- limits: told, and never enforced, since Mastodon lets loopback through ---- */

void si_limits(struct si_visit *v)
{
	struct sb_ctx *ctx = v->ctx;
	int64_t limit = v->account_id ? USER_LIMIT : ANONYMOUS_LIMIT;
	int64_t window = ctx->now_ms / PERIOD_MS, left;
	struct sb_core *core = ctx->core;
	char text[32];

	if (!mok_starts(ctx->path, "/api/"))
		return;
	if (core->instance_window != window)
		core->instance_asked[0] = core->instance_asked[1] = 0;
	core->instance_window = window;
	left = limit - ++core->instance_asked[v->account_id != 0];
	snprintf(text, sizeof(text), "%lld", (long long)limit);
	sb_header(ctx, "x-ratelimit-limit", text);
	snprintf(text, sizeof(text), "%lld", (long long)(left > 0 ? left : 0));
	sb_header(ctx, "x-ratelimit-remaining", text);
	sb_header(ctx, "x-ratelimit-reset", si_time(ctx, (window + 1) * PERIOD_MS));
}
