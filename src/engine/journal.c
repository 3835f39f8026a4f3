#include "engine_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * One record a line: eight hex digits of CRC-32, a space, a JSON object. The header is the first
 * line; a torn or damaged tail ends the reading, and is ended by a newline before more is appended.
 */

#define JOURNAL_MAX ((size_t)256 << 20)
#define PENDING_MAX ((size_t)64 << 20)

struct mok_journal {
	const struct mok_env *env;
	struct mok_arena *arena;
	struct mok_file *file;
	struct mok_buf pending;
	struct mok_map *ids;   /* address hash -> id, NULL once gone */
	struct mok_map *open;  /* address -> itself, NULL once acknowledged */
	struct mok_map *acked; /* address -> int64_t wall ms, NULL once gone */
};

static const char *path_of(struct mok_arena *arena, const char *dir, const char *stack)
{
	return mok_arena_printf(arena, "%s/%s.journal", dir, stack);
}

static cJSON *read_line(const char *line, size_t len)
{
	char sum[9];

	if (len < 11 || line[8] != ' ')
		return NULL;
	snprintf(sum, sizeof(sum), "%08x", mok_crc32(line + 9, len - 9));
	if (memcmp(sum, line, 8) != 0)
		return NULL;
	return mok_json_parse(line + 9, len - 9);
}

/* Calls fn for each sound record. Returns the length of the sound part. */
static size_t each_record(
	const struct mok_buf *text, void (*fn)(void *ctx, const cJSON *record), void *ctx)
{
	size_t at = 0;

	while (at < text->len) {
		const char *line = text->data + at, *end = memchr(line, '\n', text->len - at);
		cJSON *record = end ? read_line(line, (size_t)(end - line)) : NULL;

		if (!record)
			break;
		fn(ctx, record);
		cJSON_Delete(record);
		at += (size_t)(end - line) + 1;
	}
	return at;
}

static void note_ack(struct mok_journal *j, const char *address, const char *time)
{
	int64_t *ms = MOK_NEW(j->arena, int64_t);

	if (time && mok_parse_time(time, ms) == 0)
		mok_map_put(j->acked, address, ms);
}

static void replay(void *ctx, const cJSON *record)
{
	struct mok_journal *j = ctx;
	const char *what = mok_json_str(record, "what"), *address = mok_json_str(record, "address");
	const char *id = mok_json_str(record, "id");
	char hash[17];

	if (!what || !address)
		return;
	mok_addr_hash(address, hash);
	if (strcmp(what, "intent") == 0) {
		mok_map_put(j->open, address, j);
	} else if (strcmp(what, "ack") == 0 && id) {
		mok_map_put(j->open, address, NULL);
		mok_map_put(j->ids, hash, mok_arena_strdup(j->arena, id));
		note_ack(j, address, mok_json_str(record, "time"));
	} else if (strcmp(what, "gone") == 0 || strcmp(what, "fail") == 0) {
		mok_map_put(j->open, address, NULL);
		if (what[0] == 'g') {
			mok_map_put(j->ids, hash, NULL);
			mok_map_put(j->acked, address, NULL);
		}
	}
}

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

struct header {
	bool seen, fits;
	const struct mok_journal_info *info;
	const char *stack;
};

static void check_header(void *ctx, const cJSON *record)
{
	struct header *h = ctx;

	if (h->seen)
		return;
	h->seen = true;
	h->fits = mok_streq(mok_json_str(record, "what"), "journal") &&
		mok_json_int(record, "version", 0) == 1 &&
		mok_streq(mok_json_str(record, "stack"), h->stack) &&
		mok_streq(mok_json_str(record, "api"), h->info->api_url) &&
		mok_streq(mok_json_str(record, "account"), h->info->account_uuid);
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

static int load(struct mok_journal *j, const char *path, const char *stack,
	const struct mok_journal_info *info, struct mok_err *err)
{
	struct header h = { .info = info, .stack = stack };
	struct mok_buf text;
	struct mok_err absent;
	size_t sound;
	int rc = 0;

	mok_buf_init(&text, JOURNAL_MAX);
	if (j->env->files.read(j->env->files.self, path, &text, &absent) != 0)
		text.len = 0;
	each_record(&text, check_header, &h);
	if (text.len > 0 && !h.fits)
		rc = set_aside(j->env, j->arena, path, &text, err);
	if (rc == 0 && h.fits) {
		sound = each_record(&text, replay, j);
		/* The torn tail goes, or records after it would never be read. */
		if (sound < text.len)
			rc = j->env->files.write(
				j->env->files.self, path, text.data, sound, 0600, err);
	} else if (rc == 0) {
		add_header(j, stack, info);
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
	j->ids = mok_map_new(j->arena);
	j->open = mok_map_new(j->arena);
	j->acked = mok_map_new(j->arena);
	mok_buf_init(&j->pending, PENDING_MAX);
	path = path_of(j->arena, dir, stack);
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

const struct mok_map *mok_journal_ids(const struct mok_journal *journal)
{
	return journal->ids;
}

int64_t mok_journal_acked_ms(const struct mok_journal *journal, const char *address)
{
	const int64_t *ms = mok_map_get(journal->acked, address);

	return ms ? *ms : 0;
}

bool mok_journal_is_open(const struct mok_journal *journal, const char *address)
{
	return mok_map_get(journal->open, address) != NULL;
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
	if (f->append(f->self, journal->file, journal->pending.data, journal->pending.len, err) !=
		0)
		return -1;
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
