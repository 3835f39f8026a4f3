/* The journal: what it remembers, of whom, and what it does with what is torn, damaged or closed.
 */
#include "engine/engine_internal.h"
#include "fake_env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIR ".mok"
#define STACK "t"
#define PATH DIR "/" STACK ".journal"
#define API "https://api.digitalocean.com"
#define MINE "11111111-1111-4111-8111-111111111111"
#define OTHER "22222222-2222-4222-8222-222222222222"

struct world {
	struct fake_env *fake;
	struct mok_env env; /* the fake's, to be tampered with */
	struct mok_arena *arena;
};

static int set_up(void **state)
{
	struct world *w = mok_xcalloc(1, sizeof(*w));

	w->fake = fake_env_new(1, NULL);
	w->env = *fake_env_get(w->fake);
	w->arena = mok_arena_new();
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	mok_arena_free(w->arena);
	fake_env_free(w->fake);
	free(w);
	return 0;
}

static struct mok_journal *open_of(struct world *w, const char *api, const char *account)
{
	const struct mok_journal_info info = { .api_url = api,
		.account_uuid = account,
		.command = "apply",
		.user = "ada",
		.commit = "c0ffee" };
	struct mok_err err = { 0 };
	struct mok_journal *j = mok_journal_open(&w->env, DIR, STACK, &info, &err);

	if (!j)
		fail_msg("%s", err.msg);
	return j;
}

static void add(struct mok_journal *j, const char *what, const char *address, const char *id)
{
	const struct mok_journal_line line = { .what = what, .address = address, .id = id };

	mok_journal_add(j, &line);
}

static void sync_now(struct mok_journal *j)
{
	struct mok_err err;

	assert_int_equal(mok_journal_sync(j, &err), 0);
}

/* A run that made each of these, and ended. */
static void run_that_made(struct world *w, const char *const *addresses, size_t count)
{
	struct mok_journal *j = open_of(w, API, MINE);

	for (size_t i = 0; i < count; i++) {
		add(j, "intent", addresses[i], NULL);
		add(j, "ack", addresses[i], addresses[i]);
	}
	mok_journal_close(j);
}

static struct mok_journal_known recall(struct world *w)
{
	struct mok_journal_known known;
	struct mok_err err;

	assert_int_equal(mok_journal_recall(&w->env, w->arena, DIR, STACK, &known, &err), 0);
	return known;
}

static const char *id_of(const struct mok_journal_known *known, const char *address)
{
	char hash[17];

	mok_addr_hash(address, hash);
	return mok_map_get(known->ids, hash);
}

static void it_remembers_what_was_made_begun_and_gone(void **state)
{
	struct world *w = *state;
	struct mok_journal *j = open_of(w, API, MINE);
	struct mok_journal_known known;

	for (const char *const *a = (const char *const[]){ "vpc.a", "vpc.b", "vpc.c", NULL }; *a;
		a++)
		add(j, "intent", *a, NULL);
	add(j, "ack", "vpc.a", "id-a");
	add(j, "ack", "vpc.b", "id-b");
	add(j, "gone", "vpc.b", NULL);
	add(j, "intent", "vpc.d", NULL);
	add(j, "fail", "vpc.d", NULL);
	mok_journal_close(j);

	j = open_of(w, API, MINE);
	known = *mok_journal_known(j);
	assert_string_equal(id_of(&known, "vpc.a"), "id-a");
	assert_null(id_of(&known, "vpc.b"));
	assert_false(mok_journal_is_open(j, "vpc.a"));
	assert_true(mok_journal_is_open(j, "vpc.c"));
	assert_false(mok_journal_is_open(j, "vpc.d"));
	assert_true(mok_journal_acked_ms(j, "vpc.a") > 0);
	assert_int_equal(mok_journal_acked_ms(j, "vpc.b"), 0);
	mok_journal_close(j);
	known = recall(w);
	assert_string_equal(known.account_uuid, MINE);
	assert_string_equal(known.api_url, API);
	assert_string_equal(id_of(&known, "vpc.a"), "id-a");
}

static void line(struct mok_journal *j, const char *what, const char *kind, const char *parent,
	const char *id)
{
	const struct mok_journal_line one = {
		.what = what, .address = "a", .kind = kind, .parent = parent, .id = id
	};

	mok_journal_add(j, &one);
}

static bool tells(const struct world *w, const struct mok_map *times, const char *kind,
	const char *parent, const char *id)
{
	return mok_map_get(times, mok_live_key(w->arena, kind, parent, id)) != NULL;
}

/* What lists may not show yet, or show still: objects by where they are, and tags. */
static void it_tells_when_what_was_made_and_when_it_went(void **state)
{
	struct world *w = *state;
	struct mok_journal *j = open_of(w, API, MINE);
	struct mok_journal_known known;

	line(j, "ack", "record", "a.test", "7");
	line(j, "ack", "record", "b.test", "7");
	line(j, "gone", "record", "b.test", "7");
	line(j, "mark", "tag", NULL, "mok:t:x");
	line(j, "unmark", "tag", NULL, "mok:t:x");
	line(j, "mark", "tag", NULL, "mok:t:y");
	mok_journal_close(j);
	known = recall(w);
	assert_true(tells(w, known.made, "record", "a.test", "7"));
	assert_false(tells(w, known.made, "record", "b.test", "7"));
	assert_true(tells(w, known.gone, "record", "b.test", "7"));
	assert_false(tells(w, known.gone, "record", "a.test", "7"));
	assert_true(tells(w, known.gone, "tag", NULL, "mok:t:x"));
	assert_true(tells(w, known.made, "tag", NULL, "mok:t:y"));
	assert_false(tells(w, known.made, "tag", NULL, "mok:t:x"));
}

/* No list lags for hours: when it was made does not matter any more, that it went may. */
static void what_was_made_long_ago_is_not_told(void **state)
{
	struct world *w = *state;
	struct mok_journal *j = open_of(w, API, MINE);
	struct mok_journal_known known;

	line(j, "ack", "record", "a.test", "7");
	line(j, "gone", "record", "b.test", "7");
	line(j, "gone", "record", "c.test", "7");
	line(j, "ack", "record", "c.test", "7");
	assert_int_equal(mok_journal_sync(j, &(struct mok_err){ 0 }), 0);
	fake_env_advance(w->fake, (int64_t)2 * 3600 * 1000);
	line(j, "ack", "record", "d.test", "7");
	mok_journal_close(j);
	known = recall(w);
	assert_false(tells(w, known.made, "record", "a.test", "7"));
	assert_true(tells(w, known.gone, "record", "b.test", "7"));
	assert_false(tells(w, known.gone, "record", "c.test", "7"));
	assert_true(tells(w, known.made, "record", "d.test", "7"));
}

/* What a replacement replaced goes after it is there: that is not its own end. */
static void what_was_replaced_does_not_take_its_successor_along(void **state)
{
	struct world *w = *state;
	struct mok_journal *j = open_of(w, API, MINE);

	add(j, "ack", "vpc.a", "old");
	add(j, "ack", "vpc.a", "new");
	add(j, "gone", "vpc.a", "old");
	mok_journal_close(j);
	j = open_of(w, API, MINE);
	assert_string_equal(id_of(mok_journal_known(j), "vpc.a"), "new");
	assert_true(mok_journal_acked_ms(j, "vpc.a") > 0);
	add(j, "gone", "vpc.a", "new");
	mok_journal_close(j);
	j = open_of(w, API, MINE);
	assert_null(id_of(mok_journal_known(j), "vpc.a"));
	mok_journal_close(j);
}

/* Whatever the byte at which the last write was cut, only the record that it cut is missing. */
static void a_torn_tail_takes_nothing_else_with_it(void **state)
{
	static const char *const first[] = { "vpc.a", "vpc.b" }, *const second[] = { "vpc.c" };
	struct world *w = *state;
	size_t len, whole;
	char *text;

	run_that_made(w, first, 2);
	text = mok_xstrdup(fake_env_file(w->fake, PATH, &whole));
	for (len = whole - 60; len < whole; len++) {
		struct mok_journal_known known;

		fake_env_put_file(w->fake, PATH, text, len);
		run_that_made(w, second, 1);
		known = recall(w);
		assert_string_equal(id_of(&known, "vpc.a"), "vpc.a");
		assert_string_equal(id_of(&known, "vpc.c"), "vpc.c");
		assert_null(mok_map_get(known.open, "vpc.c"));
	}
	free(text);
}

/* Any one byte may rot: what the other lines say stays known. */
static void a_damaged_line_is_passed_over(void **state)
{
	static const char *const made[] = { "vpc.a", "vpc.b" };
	struct world *w = *state;
	size_t len, header;
	char *text;

	run_that_made(w, made, 2);
	text = mok_xstrdup(fake_env_file(w->fake, PATH, &len));
	header = strcspn(text, "\n");
	for (size_t i = header + 1; i < len; i++) {
		struct mok_journal_known known;
		char kept = text[i];

		text[i] ^= 4;
		fake_env_put_file(w->fake, PATH, text, len);
		known = recall(w);
		assert_true(id_of(&known, "vpc.a") || id_of(&known, "vpc.b"));
		text[i] = kept;
	}
	free(text);
}

static void one_of_another_account_is_set_aside_whole(void **state)
{
	static const char *const made[] = { "vpc.a" };
	static const char *const others[][2] = { { API, OTHER }, { "sandbox", MINE } };
	struct world *w = *state;

	for (size_t i = 0; i < MOK_COUNT(others); i++) {
		size_t before, len, files = 0;
		struct mok_journal *j;
		char *text;

		fake_env_drop_file(w->fake, PATH);
		run_that_made(w, made, 1);
		text = mok_xstrdup(fake_env_file(w->fake, PATH, &before));
		j = open_of(w, others[i][0], others[i][1]);
		assert_null(id_of(mok_journal_known(j), "vpc.a"));
		mok_journal_close(j);
		for (size_t f = 0; f < fake_env_nfiles(w->fake); f++) {
			const char *data, *path = fake_env_file_at(w->fake, f, &data, &len);

			if (mok_starts(path, PATH ".") && len == before)
				files += memcmp(data, text, len) == 0;
		}
		assert_true(files > 0);
		free(text);
	}
}

static int refuse(void *self, const char *path, struct mok_buf *out, struct mok_err *err)
{
	(void)self;
	(void)out;
	return mok_err_set(err, MOK_ERR_IO, "cannot read %s: Permission denied", path);
}

/* Not to be able to read it is not to know that there is none. */
static void one_that_cannot_be_read_is_an_error(void **state)
{
	static const char *const made[] = { "vpc.a" };
	const struct mok_journal_info info = { .api_url = API, .account_uuid = MINE };
	struct world *w = *state;
	struct mok_journal_known known;
	struct mok_err err = { 0 };
	size_t before, after;

	run_that_made(w, made, 1);
	fake_env_file(w->fake, PATH, &before);
	w->env.files.read = refuse;
	assert_null(mok_journal_open(&w->env, DIR, STACK, &info, &err));
	assert_non_null(strstr(err.msg, "Permission denied"));
	assert_int_equal(mok_journal_recall(&w->env, w->arena, DIR, STACK, &known, &err), -1);
	fake_env_file(w->fake, PATH, &after);
	assert_int_equal(before, after);
}

static const struct mok_files *sound_files;
static int room; /* bytes left on the disk; negative: no limit */

static int append_what_fits(
	void *self, struct mok_file *f, const void *data, size_t len, struct mok_err *err)
{
	if (room < 0 || len <= (size_t)room)
		return sound_files->append(self, f, data, len, err);
	if (sound_files->append(self, f, data, (size_t)room, err) != 0)
		return -1;
	return mok_err_set(err, MOK_ERR_IO, "No space left on device");
}

static void a_full_disk_is_an_error_and_half_a_record_harms_no_other(void **state)
{
	struct world *w = *state;
	const struct mok_files sound = w->env.files;
	struct mok_journal_known known;
	struct mok_journal *j;
	struct mok_err err;

	sound_files = &sound;
	w->env.files.append = append_what_fits;
	room = -1;
	j = open_of(w, API, MINE);
	add(j, "ack", "vpc.a", "id-a");
	room = 20;
	assert_int_equal(mok_journal_sync(j, &err), -1);
	room = -1;
	add(j, "ack", "vpc.b", "id-b");
	sync_now(j);
	mok_journal_close(j);
	known = recall(w);
	assert_string_equal(id_of(&known, "vpc.a"), "id-a");
	assert_string_equal(id_of(&known, "vpc.b"), "id-b");
}

/* What must survive is on the disk when sync returns, and nothing is sent before. */
static void what_was_synced_survives_a_crash(void **state)
{
	struct world *w = *state;
	struct mok_journal *j = open_of(w, API, MINE);
	struct mok_journal_known known;

	add(j, "intent", "vpc.a", NULL);
	sync_now(j);
	assert_int_equal(fake_env_unsynced(w->fake), 0);
	fake_env_kill_at(w->fake, fake_env_steps(w->fake) + 1);
	add(j, "ack", "vpc.a", "id-a");
	mok_journal_close(j);
	fake_env_revive(w->fake);
	known = recall(w);
	assert_true(mok_map_get(known.open, "vpc.a") || id_of(&known, "vpc.a"));
}

struct told {
	size_t count;
	char users[64], addresses[64];
};

static void tell(void *self, const struct mok_journal_entry *e)
{
	struct told *told = self;

	told->count++;
	assert_non_null(e->what);
	if (!e->address)
		return;
	strncat(told->addresses, e->address, sizeof(told->addresses) - 20);
	strncat(told->users, e->user, sizeof(told->users) - 20);
}

static bool reads(struct mok_record *r, const char *json)
{
	char line[512];

	snprintf(line, sizeof(line), "%08x %s", mok_crc32(json, strlen(json)), json);
	return mok_record_read(r, line, strlen(line));
}

/* Where it stands, or by way of cJSON: nobody sees which. */
static void a_line_is_its_members(void **state)
{
	static const char *const lines[] = {
		"{\"what\":\"ack\",\"id\":\"a/b\",\"version\":7}",
		"{ \"what\": \"ack\", \"id\": \"a\\/b\", \"version\": 7 }",
		"{\"what\":\"\\u0061ck\",\"id\":\"a/b\",\"more\":[{\"id\":\"c\"}],\"version\":7.0}"
	};
	struct mok_record r;

	(void)state;
	mok_record_init(&r);
	for (size_t i = 0; i < MOK_COUNT(lines); i++) {
		assert_true(reads(&r, lines[i]));
		assert_string_equal(mok_record_text(&r, "what"), "ack");
		assert_string_equal(mok_record_text(&r, "id"), "a/b");
		assert_int_equal(mok_record_int(&r, "version"), 7);
		assert_null(mok_record_text(&r, "version"));
		assert_int_equal(mok_record_int(&r, "id"), 0);
		assert_null(mok_record_text(&r, "name"));
	}
	mok_record_release(&r);
}

static void what_is_no_line(void **state)
{
	static const char *const lines[] = { "[]", "\"what\"", "{\"what\":\"ack\"", "{\"what\":}",
		"{\"what\":\"ack\"}}", "{\"what\":\"ack\",}", "{\"what\":-}", "what", "{\"a" };
	struct mok_record r;

	(void)state;
	mok_record_init(&r);
	assert_true(reads(&r, "{}"));
	for (size_t i = 0; i < MOK_COUNT(lines); i++)
		if (reads(&r, lines[i]))
			fail_msg("%s", lines[i]);
	assert_false(mok_record_read(&r, "00000000 {}", 11));
	assert_false(mok_record_read(&r, "0000", 4));
	mok_record_release(&r);
}

static void the_log_tells_who_did_what_and_nothing_of_damaged_lines(void **state)
{
	static const char *const made[] = { "vpc.a" };
	struct world *w = *state;
	struct told told = { 0 };
	const struct mok_journal_visitor visitor = { .self = &told, .entry = tell };
	struct mok_err err;
	char *text, *at;
	size_t len;

	assert_int_equal(mok_journal_read(&w->env, w->arena, DIR, STACK, &visitor, &err), 0);
	assert_int_equal(told.count, 0);
	run_that_made(w, made, 1);
	text = mok_xstrdup(fake_env_file(w->fake, PATH, &len));
	at = strstr(text, "vpc.a");
	assert_non_null(at);
	at[4] = 'z'; /* the intent's */
	fake_env_put_file(w->fake, PATH, text, len);
	free(text);
	assert_int_equal(mok_journal_read(&w->env, w->arena, DIR, STACK, &visitor, &err), 0);
	assert_string_equal(told.addresses, "vpc.a");
	assert_string_equal(told.users, "ada");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_remembers_what_was_made_begun_and_gone),
		TEST(it_tells_when_what_was_made_and_when_it_went),
		TEST(what_was_made_long_ago_is_not_told),
		TEST(what_was_replaced_does_not_take_its_successor_along),
		TEST(a_torn_tail_takes_nothing_else_with_it),
		TEST(a_damaged_line_is_passed_over),
		TEST(a_line_is_its_members),
		TEST(what_is_no_line),
		TEST(one_of_another_account_is_set_aside_whole),
		TEST(one_that_cannot_be_read_is_an_error),
		TEST(a_full_disk_is_an_error_and_half_a_record_harms_no_other),
		TEST(what_was_synced_survives_a_crash),
		TEST(the_log_tells_who_did_what_and_nothing_of_damaged_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
