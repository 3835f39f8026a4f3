/* The request log: in the database, one line a request, and in DIR/requests.jsonl. */
#include "core_internal.h"

#include <string.h>
#include <unistd.h>

enum { LOG_MAX = 1 << 30 };

static void add_names(cJSON *json, const char *key, const char *const *names, size_t len)
{
	cJSON *list;

	if (!len)
		return;
	list = cJSON_AddArrayToObject(json, key);
	for (size_t i = 0; i < len; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(names[i]));
}

static char *make_line(struct sb_call *call)
{
	struct sb_ctx *ctx = &call->ctx;
	cJSON *json = cJSON_CreateObject();
	char time[21], *text;

	mok_format_time(ctx->now_ms, time);
	cJSON_AddNumberToObject(json, "n", (double)ctx->number);
	cJSON_AddStringToObject(json, "time", time);
	cJSON_AddStringToObject(json, "method", ctx->request->method);
	cJSON_AddStringToObject(json, "path", ctx->path);
	/* A presigned URL carries a signature. */
	if (*call->raw_query && !strstr(call->raw_query, "ignature"))
		cJSON_AddStringToObject(json, "query", call->raw_query);
	cJSON_AddNumberToObject(json, "status", ctx->out->status);
	cJSON_AddBoolToObject(json, "write", call->writes);
	if (ctx->request->service == MOK_SANDBOX_SPACES)
		cJSON_AddBoolToObject(json, "spaces", true);
	if (ctx->request->service == MOK_SANDBOX_KUBERNETES) {
		cJSON_AddBoolToObject(json, "kubernetes", true);
		cJSON_AddStringToObject(json, "cluster", call->cluster ? call->cluster : "");
	}
	add_names(json, "creates", call->created.items, call->created.len);
	add_names(json, "deletes", call->deleted.items, call->deleted.len);
	if (call->fault.logged)
		cJSON_AddStringToObject(json, "fault", call->fault.logged);
	text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	return text;
}

void sb_log_add(struct sb_call *call)
{
	char *line = make_line(call);

	sb_sql_run(
		&call->ctx, "INSERT INTO log(n, line) VALUES(?, ?)", "is", call->ctx.number, line);
	cJSON_free(line);
}

void sb_log_append(struct sb_call *call)
{
	struct sb_core *core = call->ctx.core;
	struct mok_buf text;
	char *line;

	if (core->log_fd < 0)
		return;
	line = make_line(call);
	mok_buf_init(&text, LOG_MAX);
	mok_buf_puts(&text, line);
	mok_buf_putc(&text, '\n');
	/* One write, so that a reader never sees half a line. The database has the line too. */
	if (write(core->log_fd, text.data, text.len) < 0)
		core->log_fd = -1;
	mok_buf_release(&text);
	cJSON_free(line);
}

int64_t sb_log_newest(struct sb_core *core)
{
	struct sb_call call;
	sqlite3_stmt *stmt;
	int64_t n = 0;

	sb_call_init(&call, core, core->arena);
	stmt = sb_sql(&call.ctx, "SELECT coalesce(max(n), 0) FROM log", "");
	if (sb_sql_row(&call.ctx, stmt)) {
		n = sqlite3_column_int64(stmt, 0);
		sb_sql_done(&call.ctx, stmt);
	}
	sb_call_end(&call);
	return n;
}

static void read_lines(struct sb_ctx *ctx, struct mok_buf *out)
{
	sqlite3_stmt *stmt = sb_sql(ctx, "SELECT line FROM log ORDER BY n", "");

	while (sb_sql_row(ctx, stmt)) {
		mok_buf_puts(out, (const char *)sqlite3_column_text(stmt, 0));
		mok_buf_putc(out, '\n');
	}
}

int mok_sandbox_log(struct mok_sandbox *sandbox, struct mok_buf *out)
{
	struct mok_arena *arena = mok_arena_new();
	struct sb_call call;

	sb_call_init(&call, &sandbox->core, arena);
	read_lines(&call.ctx, out);
	sb_call_end(&call);
	mok_arena_free(arena);
	return call.broken || out->overflow ? -1 : 0;
}

static void get_log(struct sb_ctx *ctx)
{
	struct mok_buf out;

	mok_buf_init(&out, LOG_MAX);
	read_lines(ctx, &out);
	sb_reply_bytes(ctx, 200, "application/x-ndjson", out.data, out.len);
	mok_buf_release(&out);
}

const struct sb_route control_routes[] = {
	{ "GET", "/_sandbox/log", get_log, SB_OPEN },
	{ 0 },
};
