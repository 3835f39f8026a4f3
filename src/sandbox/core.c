/* Opening and closing a cloud, and what is kept with it. */
#include "core_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* When the account began, long before anybody's first request: 2026-01-01. */
#define FOUNDED_MS 1767225600000

/* ---- values kept with the cloud ---- */

void sb_call_init(struct sb_call *call, struct sb_core *core, struct mok_arena *arena)
{
	memset(call, 0, sizeof(*call));
	call->ctx.core = core;
	call->ctx.arena = arena;
	call->ctx.path = "/";
	call->ctx.body = sb_own(&call->ctx, cJSON_CreateObject());
	call->raw_query = "";
	call->fault.names = " ";
	call->fault.stretch = 1;
}

void sb_call_end(struct sb_call *call)
{
	for (size_t i = 0; i < call->owned.len; i++)
		cJSON_Delete(call->owned.items[i]);
	call->owned.len = 0;
}

void sb_call_take_notes(struct sb_call *call, const struct sb_call *from)
{
	struct mok_arena *arena = call->ctx.arena;

	for (size_t i = 0; i < from->created.len; i++)
		mok_vec_push(
			arena, &call->created, mok_arena_strdup(arena, from->created.items[i]));
	for (size_t i = 0; i < from->deleted.len; i++)
		mok_vec_push(
			arena, &call->deleted, mok_arena_strdup(arena, from->deleted.items[i]));
	call->broken |= from->broken;
}

void sb_call_keep(struct sb_call *call)
{
	if (!sb_commit(&call->ctx) || !sb_begin(&call->ctx))
		return;
	call->created_kept = call->created.len;
	call->deleted_kept = call->deleted.len;
}

static const char *read_meta(struct sb_ctx *ctx, const char *key)
{
	sqlite3_stmt *stmt = sb_sql(ctx, "SELECT value FROM meta WHERE key = ?", "s", key);
	const char *value = NULL;

	if (sb_sql_row(ctx, stmt)) {
		value = sb_sql_text(ctx, stmt, 0);
		sb_sql_done(ctx, stmt);
	}
	return value;
}

const char *sb_meta(struct sb_core *core, const char *key, const char *(*make)(struct sb_ctx *ctx))
{
	struct sb_call call;
	const char *value;

	sb_call_init(&call, core, core->arena);
	call.ctx.rng = sb_rng_for(core->seed, -(int64_t)mok_crc32(key, strlen(key)));
	call.ctx.now_ms = FOUNDED_MS;
	value = read_meta(&call.ctx, key);
	if (!value) {
		value = make(&call.ctx);
		sb_sql_run(
			&call.ctx, "INSERT INTO meta(key, value) VALUES(?, ?)", "ss", key, value);
	}
	sb_call_end(&call);
	return value;
}

static const char *make_key(struct sb_ctx *ctx)
{
	return mok_arena_printf(ctx->arena, "DO00%s",
		sb_random_word(ctx, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"));
}

static const char *make_secret(struct sb_ctx *ctx)
{
	return sb_random_word(ctx, 43, NULL);
}

const char *sb_account_uuid(struct sb_ctx *ctx)
{
	return ctx->core->account_uuid;
}

void mok_sandbox_kubernetes_at(struct mok_sandbox *sandbox, const char *url)
{
	sandbox->core.kubernetes_url = mok_arena_strdup(sandbox->core.arena, url);
}

void mok_sandbox_kubernetes_tls(
	struct mok_sandbox *sandbox, const char **certificate, const char **key)
{
	sb_ca_make(&sandbox->core);
	*certificate = sandbox->core.tls_pem;
	*key = sandbox->core.tls_key_pem;
}

const char *mok_sandbox_spaces_key(const struct mok_sandbox *sandbox)
{
	return sandbox->core.spaces_key;
}

const char *mok_sandbox_spaces_secret(const struct mok_sandbox *sandbox)
{
	return sandbox->core.spaces_secret;
}

/* ---- the directory ---- */

static int make_folders(struct mok_arena *arena, const char *dir, struct mok_err *err)
{
	char *path = mok_arena_strdup(arena, dir);

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return mok_err_set(err, MOK_ERR_IO, "%s: %s", path, strerror(errno));
		*p = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return mok_err_set(err, MOK_ERR_IO, "%s: %s", path, strerror(errno));
	return 0;
}

int sb_lock_folder(struct mok_arena *arena, const char *dir, int *out_fd, struct mok_err *err)
{
	const char *path;
	int fd;

	if (make_folders(arena, dir, err) != 0)
		return -1;
	path = mok_arena_printf(arena, "%s/lock", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return mok_err_set(err, MOK_ERR_IO, "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		mok_err_set(
			err, MOK_ERR_LOCKED, "the sandbox in %s is in use by another process", dir);
		mok_err_hint(err, "wait until it ends, or use --dir to have another sandbox");
		return -1;
	}
	*out_fd = fd;
	return 0;
}

/* A file of the owner's alone; the folder may be older than the cloud and open to others. */
static int open_private(struct sb_core *core, const char *name, int *out_fd, struct mok_err *err)
{
	const char *path = mok_arena_printf(core->arena, "%s/%s", core->dir, name);

	*out_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (*out_fd < 0 || fchmod(*out_fd, 0600) != 0)
		return mok_err_set(err, MOK_ERR_IO, "%s: %s", path, strerror(errno));
	return 0;
}

static int open_folder(struct sb_core *core, struct mok_err *err)
{
	int fd = -1, rc;

	if (!core->dir)
		return 0;
	if (sb_lock_folder(core->arena, core->dir, &core->lock_fd, err) != 0)
		return -1;
	/* SQLite would make it readable by all. */
	rc = open_private(core, "sandbox.db", &fd, err);
	if (fd >= 0)
		close(fd);
	return rc == 0 ? open_private(core, "requests.jsonl", &core->log_fd, err) : -1;
}

/* ---- opening ---- */

static void take_tokens(struct sb_core *core, const char *text)
{
	core->tokens = mok_map_new(core->arena);
	while (*text) {
		size_t len = strcspn(text, "\r\n");

		if (len)
			mok_map_put(core->tokens, mok_arena_strndup(core->arena, text, len), core);
		text += len;
		text += strspn(text, "\r\n");
	}
}

static void take_options(struct sb_core *core, const struct mok_sandbox_options *options)
{
	core->dir = options->dir ? mok_arena_strdup(core->arena, options->dir) : NULL;
	core->speed = options->speed;
	core->seed = options->seed;
	core->lag_ms = options->lag_ms;
	core->api_only = options->api_only;
	core->lock_fd = core->log_fd = -1;
	if (options->tokens)
		take_tokens(core, options->tokens);
}

static int take_faults(struct sb_core *core, const char *text, struct mok_err *err)
{
	struct sb_faults *faults = sb_faults_new(text, err);

	if (!faults)
		return -1;
	sb_faults_free(core->faults);
	core->faults = faults;
	/* Documents that lag already go on doing so. */
	core->lagging = core->lagging || core->lag_ms > 0 || sb_faults_lag(faults);
	return 0;
}

static int open_core(
	struct sb_core *core, const struct mok_sandbox_options *options, struct mok_err *err)
{
	take_options(core, options);
	core->limits = sb_limits_new();
	if (take_faults(core, options->faults, err) != 0 || open_folder(core, err) != 0 ||
		sb_store_open(core, err) != 0)
		return -1;
	core->number = sb_log_newest(core);
	core->account_uuid = sb_meta(core, "account_uuid", sb_uuid);
	core->spaces_key = sb_meta(core, "spaces_key", make_key);
	core->spaces_secret = sb_meta(core, "spaces_secret", make_secret);
	(void)sb_meta(core, "first_project", sb_project_seed);
	(void)sb_meta(core, "first_vpc", sb_vpc_seed);
	return 0;
}

struct mok_sandbox *mok_sandbox_open(const struct mok_sandbox_options *options, struct mok_err *err)
{
	struct mok_arena *arena = mok_arena_new();
	struct mok_sandbox *sandbox = MOK_NEW(arena, struct mok_sandbox);

	sandbox->core.arena = arena;
	if (open_core(&sandbox->core, options, err) == 0)
		return sandbox;
	mok_sandbox_close(sandbox);
	return NULL;
}

int mok_sandbox_set_faults(struct mok_sandbox *sandbox, const char *faults, struct mok_err *err)
{
	return take_faults(&sandbox->core, faults, err);
}

void mok_sandbox_close(struct mok_sandbox *sandbox)
{
	struct sb_core *core = sandbox ? &sandbox->core : NULL;

	if (!core)
		return;
	sb_store_close(core);
	si_state_free(core->instances);
	mok_apiserver_free(core->apiserver);
	sb_limits_free(core->limits);
	sb_faults_free(core->faults);
	if (core->log_fd >= 0)
		close(core->log_fd);
	if (core->lock_fd >= 0)
		close(core->lock_fd);
	mok_arena_free(core->arena);
}

void mok_sandbox_response_init(struct mok_sandbox_response *response)
{
	memset(response, 0, sizeof(*response));
	mok_buf_init(&response->body, (size_t)1 << 30);
	response->arena = mok_arena_new();
}

void mok_sandbox_response_release(struct mok_sandbox_response *response)
{
	mok_buf_release(&response->body);
	mok_arena_free(response->arena);
	memset(response, 0, sizeof(*response));
}
