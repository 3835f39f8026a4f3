#include "engine_internal.h"

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

static void each_record(const struct mok_buf *text,
	void (*fn)(void *ctx, const struct mok_record *record), void *ctx)
{
	const char *line = text->data, *stop = text->data + text->len, *end;
	struct mok_record record;

	mok_record_init(&record);
	for (; line < stop && (end = memchr(line, '\n', (size_t)(stop - line))); line = end + 1)
		if (mok_record_read(&record, line, (size_t)(end - line)))
			fn(ctx, &record);
	mok_record_release(&record);
}

/* ---- what it knows ---- */

struct replay {
	struct mok_arena *arena;
	int64_t since_ms;
	struct mok_journal_known *known;
};

static char *text_of(struct mok_arena *arena, const struct mok_record *record, const char *name)
{
	const char *s = mok_record_text(record, name);

	return s ? mok_arena_strdup(arena, s) : NULL;
}

static void note_header(const struct replay *r, const struct mok_record *record)
{
	struct mok_journal_known *known = r->known;

	if (known->stack)
		return;
	known->version = mok_record_int(record, "version");
	known->stack = text_of(r->arena, record, "stack");
	known->api_url = text_of(r->arena, record, "api");
	known->account_uuid = text_of(r->arena, record, "account");
}

static int64_t time_of(const struct mok_record *record)
{
	const char *time = mok_record_text(record, "time");
	int64_t ms;

	return time && mok_parse_time(time, &ms) == 0 ? ms : 0;
}

static int64_t *kept(struct mok_arena *arena, int64_t ms)
{
	int64_t *p = MOK_NEW(arena, int64_t);

	*p = ms;
	return p;
}

/* When, by what it was, if the record tells that. */
static void note_time(const struct replay *r, const struct mok_record *record, struct mok_map *in,
	struct mok_map *not_in)
{
	const char *kind = mok_record_text(record, "kind"), *id = mok_record_text(record, "id");
	int64_t ms = time_of(record);
	bool is_kept = in == r->known->gone || ms >= r->since_ms;
	const char *key;

	if (!id || !kind || !ms || (!is_kept && mok_map_len(not_in) == 0))
		return;
	key = mok_live_key(r->arena, kind, mok_record_text(record, "parent"), id);
	if (is_kept)
		mok_map_put(in, key, kept(r->arena, ms));
	if (mok_map_get(not_in, key))
		mok_map_put(not_in, key, NULL);
}

static void note_ack(const struct replay *r, const struct mok_record *record, const char *address)
{
	int64_t ms = time_of(record);
	char *id = text_of(r->arena, record, "id");
	char hash[17];

	if (!id)
		return;
	mok_addr_hash(address, hash);
	mok_map_put(r->known->open, address, NULL);
	mok_map_put(r->known->ids, hash, id);
	note_time(r, record, r->known->made, r->known->gone);
	if (ms)
		mok_map_put(r->known->acked, address, kept(r->arena, ms));
}

/* A replacement may be acknowledged before what it replaces is gone. */
static void note_gone(const struct replay *r, const struct mok_record *record, const char *address)
{
	const char *id = mok_record_text(record, "id"), *known;
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

static void replay_record(void *ctx, const struct mok_record *record)
{
	const struct replay *r = ctx;
	const char *what = mok_record_text(record, "what"),
		   *address = mok_record_text(record, "address");

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

void mok_journal_replay(const struct mok_buf *text, int64_t since_ms, struct mok_arena *arena,
	struct mok_journal_known *out)
{
	struct replay r = { .arena = arena, .since_ms = since_ms, .known = out };

	mok_journal_forget(arena, out);
	each_record(text, replay_record, &r);
}

/* Lists lag for seconds (src/live/lag.c): what was made long before nobody asks for. */
static int64_t long_ago_ms(const struct mok_env *env)
{
	double hour = 3600000 / (env->speed > 0 && env->speed < 1 ? env->speed : 1);

	return hour < 1e15 ? env->clock.wall_ms(env->clock.self) - (int64_t)hour : 0;
}

int mok_journal_recall(const struct mok_env *env, struct mok_arena *arena, const char *dir,
	const char *stack, struct mok_journal_known *out, struct mok_err *err)
{
	struct mok_buf text;
	int rc;

	mok_journal_buf_init(&text);
	rc = mok_journal_text(env, mok_journal_path(arena, dir, stack), &text, err);
	mok_journal_replay(&text, long_ago_ms(env), arena, out);
	mok_buf_release(&text);
	return rc;
}

/* ---- what it tells ---- */

struct reader {
	struct mok_arena *arena;
	const struct mok_journal_visitor *visitor;
	struct mok_journal_entry run; /* who the following entries are of */
};

static void read_record(void *ctx, const struct mok_record *record)
{
	struct reader *r = ctx;
	struct mok_journal_entry e = { .what = text_of(r->arena, record, "what") };

	if (!e.what || strcmp(e.what, "journal") == 0 || strcmp(e.what, "mark") == 0 ||
		strcmp(e.what, "unmark") == 0)
		return;
	e.wall_ms = time_of(record);
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
