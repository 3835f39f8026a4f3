#include "engine_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What was done, and what was begun: the file's form is in journal_read.c. Records are appended and
 * synced before what they announce is sent; nothing that was written is ever rewritten.
 */

#define PENDING_MAX ((size_t)64 << 20)

struct mok_journal {
	const struct mok_env *env;
	struct mok_arena *arena;
	struct mok_file *file;
	struct mok_buf pending;
	bool torn; /* the file does not end with a newline: one comes before the next record */
	struct mok_journal_known known;
};

static void append_record(struct mok_journal *j, cJSON *record)
{
	char *text = cJSON_PrintUnformatted(record);

	mok_buf_printf(&j->pending, "%08x %s\n", mok_crc32(text, strlen(text)), text);
	free(text);
	cJSON_Delete(record);
}

static void add_text(cJSON *record, const char *name, const char *value)
{
	if (value && *value)
		cJSON_AddStringToObject(record, name, value);
}

static cJSON *new_record(const struct mok_env *env, const char *what)
{
	cJSON *record = cJSON_CreateObject();
	char when[21];

	mok_format_time(env->clock.wall_ms(env->clock.self), when);
	cJSON_AddStringToObject(record, "time", when);
	cJSON_AddStringToObject(record, "what", what);
	return record;
}

static void add_header(
	struct mok_journal *j, const char *stack, const struct mok_journal_info *info)
{
	cJSON *record = new_record(j->env, "journal");

	cJSON_AddNumberToObject(record, "version", 1);
	add_text(record, "stack", stack);
	add_text(record, "api", info->api_url);
	add_text(record, "account", info->account_uuid);
	append_record(j, record);
}

/* Another account's journal is kept beside, under a name of its own. */
static int set_aside(const struct mok_env *env, struct mok_arena *arena, const char *path,
	const struct mok_buf *text, struct mok_err *err)
{
	const char *other = mok_arena_printf(
		arena, "%s.%08x", path, mok_crc32(text->data, text->len < 512 ? text->len : 512));

	if (env->files.write(env->files.self, other, text->data, text->len, 0600, err) != 0)
		return -1;
	return env->files.remove(env->files.self, path, err);
}

static bool fits(const struct mok_journal_known *known, const char *stack,
	const struct mok_journal_info *info)
{
	return known->version == 1 && mok_streq(known->stack, stack) &&
		mok_streq(known->api_url, info->api_url) &&
		mok_streq(known->account_uuid, info->account_uuid);
}

static int load(struct mok_journal *j, const char *path, const char *stack,
	const struct mok_journal_info *info, struct mok_err *err)
{
	struct mok_buf text;
	int rc;

	mok_journal_buf_init(&text);
	rc = mok_journal_text(j->env, path, &text, err);
	if (rc == 0) {
		mok_journal_replay(&text, 0, j->arena, &j->known);
		j->torn = text.len > 0 && text.data[text.len - 1] != '\n';
		if (!fits(&j->known, stack, info)) {
			if (text.len > 0)
				rc = set_aside(j->env, j->arena, path, &text, err);
			mok_journal_forget(j->arena, &j->known);
			j->torn = false;
			add_header(j, stack, info);
		}
	}
	mok_buf_release(&text);
	return rc;
}

static void add_run(struct mok_journal *j, const struct mok_journal_info *info)
{
	cJSON *record = new_record(j->env, "run");

	add_text(record, "command", info->command);
	add_text(record, "user", info->user);
	add_text(record, "commit", info->commit);
	append_record(j, record);
}

struct mok_journal *mok_journal_open(const struct mok_env *env, const char *dir, const char *stack,
	const struct mok_journal_info *info, struct mok_err *err)
{
	struct mok_journal *j = mok_xcalloc(1, sizeof(*j));
	const char *path;

	j->env = env;
	j->arena = mok_arena_new();
	mok_buf_init(&j->pending, PENDING_MAX);
	path = mok_journal_path(j->arena, dir, stack);
	if (env->files.make_dirs(env->files.self, dir, err) == 0 &&
		load(j, path, stack, info, err) == 0) {
		j->file = env->files.open_append(env->files.self, path, err);
		if (j->file) {
			add_run(j, info);
			if (mok_journal_sync(j, err) == 0)
				return j;
		}
	}
	mok_err_wrap(err, "journal %s", path);
	mok_journal_close(j);
	return NULL;
}

void mok_journal_close(struct mok_journal *journal)
{
	struct mok_err ignored;

	if (!journal)
		return;
	if (journal->file) {
		if (mok_journal_sync(journal, &ignored) != 0)
			journal->pending.len = 0; /* it only narrows doubt */
		journal->env->files.close(journal->env->files.self, journal->file);
	}
	mok_buf_release(&journal->pending);
	mok_arena_free(journal->arena);
	free(journal);
}

const struct mok_journal_known *mok_journal_known(const struct mok_journal *journal)
{
	return &journal->known;
}

int64_t mok_journal_acked_ms(const struct mok_journal *journal, const char *address)
{
	const int64_t *ms = mok_map_get(journal->known.acked, address);

	return ms ? *ms : 0;
}

bool mok_journal_is_open(const struct mok_journal *journal, const char *address)
{
	return mok_map_get(journal->known.open, address) != NULL;
}

void mok_journal_add(struct mok_journal *journal, const struct mok_journal_line *line)
{
	cJSON *record = new_record(journal->env, line->what);

	add_text(record, "address", line->address);
	add_text(record, "kind", line->kind);
	add_text(record, "name", line->name);
	add_text(record, "id", line->id);
	add_text(record, "marker", line->marker);
	add_text(record, "parent", line->parent);
	add_text(record, "detail", line->detail);
	append_record(journal, record);
}

int mok_journal_sync(struct mok_journal *journal, struct mok_err *err)
{
	const struct mok_files *f = &journal->env->files;

	if (journal->pending.len == 0)
		return 0;
	if (journal->torn && f->append(f->self, journal->file, "\n", 1, err) != 0)
		return -1;
	journal->torn = true;
	if (f->append(f->self, journal->file, journal->pending.data, journal->pending.len, err) !=
		0)
		return -1;
	journal->torn = false;
	mok_buf_clear(&journal->pending);
	return f->sync(f->self, journal->file, err);
}

struct mok_lockfile *mok_stack_lock(
	const struct mok_env *env, const char *dir, const char *stack, struct mok_err *err)
{
	struct mok_arena *arena = mok_arena_new();
	const char *path = mok_arena_printf(arena, "%s/%s.lock", dir, stack);
	struct mok_lockfile *lock = NULL;

	if (env->files.make_dirs(env->files.self, dir, err) == 0)
		lock = env->files.lock(env->files.self, path, err);
	if (!lock && err->code == MOK_ERR_LOCKED)
		mok_err_hint(err,
			"another mok works on the stack \"%s\" in this directory: wait for it to "
			"end",
			stack);
	mok_arena_free(arena);
	return lock;
}
