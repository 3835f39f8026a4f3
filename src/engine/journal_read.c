#include "engine_internal.h"

#include <string.h>

#define JOURNAL_MAX ((size_t)256 << 20)

struct reader {
	struct mok_arena *arena;
	const struct mok_journal_visitor *visitor;
	struct mok_journal_entry run; /* who the following entries are of */
};

static const char *keep(struct reader *r, const cJSON *record, const char *name)
{
	const char *s = mok_json_str(record, name);

	return s ? mok_arena_strdup(r->arena, s) : NULL;
}

static void read_record(struct reader *r, const cJSON *record)
{
	struct mok_journal_entry e = { .what = keep(r, record, "what") };
	const char *time = mok_json_str(record, "time");

	if (!e.what || strcmp(e.what, "journal") == 0)
		return;
	if (!time || mok_parse_time(time, &e.wall_ms) != 0)
		e.wall_ms = 0;
	if (strcmp(e.what, "run") == 0) {
		r->run.user = keep(r, record, "user");
		r->run.commit = keep(r, record, "commit");
		r->run.command = keep(r, record, "command");
	}
	e.address = keep(r, record, "address");
	e.kind = keep(r, record, "kind");
	e.name = keep(r, record, "name");
	e.id = keep(r, record, "id");
	e.detail = keep(r, record, "detail");
	e.user = r->run.user;
	e.commit = r->run.commit;
	e.command = r->run.command;
	r->visitor->entry(r->visitor->self, &e);
}

int mok_journal_read(const struct mok_env *env, struct mok_arena *arena, const char *dir,
	const char *stack, const struct mok_journal_visitor *visitor, struct mok_err *err)
{
	const char *path = mok_arena_printf(arena, "%s/%s.journal", dir, stack);
	struct reader r = { .arena = arena, .visitor = visitor };
	struct mok_buf text;
	const char *line, *end;

	mok_buf_init(&text, JOURNAL_MAX);
	if (env->files.read(env->files.self, path, &text, err) != 0) {
		mok_buf_release(&text);
		return err->http_status == 404 ? 0 : -1;
	}
	for (line = text.data; (end = strchr(line, '\n')); line = end + 1) {
		cJSON *record =
			end - line > 9 ? mok_json_parse(line + 9, (size_t)(end - line) - 9) : NULL;

		if (record)
			read_record(&r, record);
		cJSON_Delete(record);
	}
	mok_buf_release(&text);
	return 0;
}
