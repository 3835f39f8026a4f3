#include "engine_internal.h"

#include <stdio.h>
#include <string.h>

/*
 * One record a line: eight hex digits of CRC-32, a space, a JSON object. The first says what the
 * journal is of. A line that does not have its sum (torn by a crash, damaged on the disk) is passed
 * over: each record stands for itself, and what is missing only widens doubt.
 */

#define JOURNAL_MAX ((size_t)256 << 20)

void mok_journal_buf_init(struct mok_buf *text)
{
	mok_buf_init(text, JOURNAL_MAX);
}

const char *mok_journal_path(struct mok_arena *arena, const char *dir, const char *stack)
{
	return mok_arena_printf(arena, "%s/%s.journal", dir, stack);
}

int mok_journal_text(
	const struct mok_env *env, const char *path, struct mok_buf *out, struct mok_err *err)
{
	struct mok_err why = { 0 };

	if (env->files.read(env->files.self, path, out, &why) == 0)
		return 0;
	mok_buf_clear(out);
	if (why.http_status == 404)
		return 0;
	if (err)
		*err = why;
	return -1;
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

static void each_record(
	const struct mok_buf *text, void (*fn)(void *ctx, const cJSON *record), void *ctx)
{
	const char *line = text->data, *stop = text->data + text->len, *end;

	for (; line < stop && (end = memchr(line, '\n', (size_t)(stop - line))); line = end + 1) {
		cJSON *record = read_line(line, (size_t)(end - line));

		if (record)
			fn(ctx, record);
		cJSON_Delete(record);
	}
}

/* ---- what it knows ---- */

struct replay {
	struct mok_arena *arena;
	struct mok_journal_known *known;
};

static char *text_of(struct mok_arena *arena, const cJSON *record, const char *name)
{
	const char *s = mok_json_str(record, name);

	return s ? mok_arena_strdup(arena, s) : NULL;
}

static void note_header(const struct replay *r, const cJSON *record)
{
	struct mok_journal_known *known = r->known;

	if (known->stack)
		return;
	known->version = mok_json_int(record, "version", 0);
	known->stack = text_of(r->arena, record, "stack");
	known->api_url = text_of(r->arena, record, "api");
	known->account_uuid = text_of(r->arena, record, "account");
}

/* When, by what it was, if the record tells that. */
static void note_time(
	const struct replay *r, const cJSON *record, struct mok_map *in, struct mok_map *not_in)
{
	const char *time = mok_json_str(record, "time"), *kind = mok_json_str(record, "kind");
	const char *id = mok_json_str(record, "id"), *key;
	int64_t *ms = MOK_NEW(r->arena, int64_t);

	if (!id || !kind || !time || mok_parse_time(time, ms) != 0)
		return;
	key = mok_live_key(r->arena, kind, mok_json_str(record, "parent"), id);
	mok_map_put(in, key, ms);
	if (mok_map_get(not_in, key))
		mok_map_put(not_in, key, NULL);
}

static void note_ack(const struct replay *r, const cJSON *record, const char *address)
{
	int64_t *ms = MOK_NEW(r->arena, int64_t);
	const char *time = mok_json_str(record, "time");
	char *id = text_of(r->arena, record, "id");
	char hash[17];

	if (!id)
		return;
	mok_addr_hash(address, hash);
	mok_map_put(r->known->open, address, NULL);
	mok_map_put(r->known->ids, hash, id);
	note_time(r, record, r->known->made, r->known->gone);
	if (time && mok_parse_time(time, ms) == 0)
		mok_map_put(r->known->acked, address, ms);
}

/* A replacement may be acknowledged before what it replaces is gone. */
static void note_gone(const struct replay *r, const cJSON *record, const char *address)
{
	const char *id = mok_json_str(record, "id"), *known;
	char hash[17];

	note_time(r, record, r->known->gone, r->known->made);
	mok_addr_hash(address, hash);
	known = mok_map_get(r->known->ids, hash);
	if (id && known && strcmp(id, known) != 0)
		return;
	mok_map_put(r->known->open, address, NULL);
	mok_map_put(r->known->ids, hash, NULL);
	mok_map_put(r->known->acked, address, NULL);
}

static void replay_record(void *ctx, const cJSON *record)
{
	const struct replay *r = ctx;
	const char *what = mok_json_str(record, "what"), *address = mok_json_str(record, "address");

	if (mok_streq(what, "journal"))
		note_header(r, record);
	if (mok_streq(what, "mark"))
		note_time(r, record, r->known->made, r->known->gone);
	else if (mok_streq(what, "unmark"))
		note_time(r, record, r->known->gone, r->known->made);
	if (!what || !address)
		return;
	if (strcmp(what, "intent") == 0)
		mok_map_put(r->known->open, address, r->known);
	else if (strcmp(what, "ack") == 0)
		note_ack(r, record, address);
	else if (strcmp(what, "gone") == 0)
		note_gone(r, record, address);
	else if (strcmp(what, "fail") == 0)
		mok_map_put(r->known->open, address, NULL);
}

void mok_journal_forget(struct mok_arena *arena, struct mok_journal_known *known)
{
	*known = (struct mok_journal_known){
		.ids = mok_map_new(arena),
		.open = mok_map_new(arena),
		.acked = mok_map_new(arena),
		.made = mok_map_new(arena),
		.gone = mok_map_new(arena),
	};
}

void mok_journal_replay(
	const struct mok_buf *text, struct mok_arena *arena, struct mok_journal_known *out)
{
	struct replay r = { .arena = arena, .known = out };

	mok_journal_forget(arena, out);
	each_record(text, replay_record, &r);
}

int mok_journal_recall(const struct mok_env *env, struct mok_arena *arena, const char *dir,
	const char *stack, struct mok_journal_known *out, struct mok_err *err)
{
	struct mok_buf text;
	int rc;

	mok_journal_buf_init(&text);
	rc = mok_journal_text(env, mok_journal_path(arena, dir, stack), &text, err);
	mok_journal_replay(&text, arena, out);
	mok_buf_release(&text);
	return rc;
}

/* ---- what it tells ---- */

struct reader {
	struct mok_arena *arena;
	const struct mok_journal_visitor *visitor;
	struct mok_journal_entry run; /* who the following entries are of */
};

static void read_record(void *ctx, const cJSON *record)
{
	struct reader *r = ctx;
	struct mok_journal_entry e = { .what = text_of(r->arena, record, "what") };
	const char *time = mok_json_str(record, "time");

	if (!e.what || strcmp(e.what, "journal") == 0 || strcmp(e.what, "mark") == 0 ||
		strcmp(e.what, "unmark") == 0)
		return;
	if (!time || mok_parse_time(time, &e.wall_ms) != 0)
		e.wall_ms = 0;
	if (strcmp(e.what, "run") == 0) {
		r->run.user = text_of(r->arena, record, "user");
		r->run.commit = text_of(r->arena, record, "commit");
		r->run.command = text_of(r->arena, record, "command");
	}
	e.address = text_of(r->arena, record, "address");
	e.kind = text_of(r->arena, record, "kind");
	e.name = text_of(r->arena, record, "name");
	e.id = text_of(r->arena, record, "id");
	e.detail = text_of(r->arena, record, "detail");
	e.user = r->run.user;
	e.commit = r->run.commit;
	e.command = r->run.command;
	r->visitor->entry(r->visitor->self, &e);
}

int mok_journal_read(const struct mok_env *env, struct mok_arena *arena, const char *dir,
	const char *stack, const struct mok_journal_visitor *visitor, struct mok_err *err)
{
	struct reader r = { .arena = arena, .visitor = visitor };
	struct mok_buf text;
	int rc;

	mok_journal_buf_init(&text);
	rc = mok_journal_text(env, mok_journal_path(arena, dir, stack), &text, err);
	each_record(&text, read_record, &r);
	mok_buf_release(&text);
	return rc;
}
