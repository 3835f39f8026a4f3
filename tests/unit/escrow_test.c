/* Mastodon's secrets, .env.production, and the escrow file: nothing held is ever lost. */
#include "fake_env.h"
#include "mok/escrow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Made by age-keygen for this test alone. */
#define SECRET "AGE-SECRET-KEY-1WNJ79MVRAKH8QEKWDSHWV7GSDT7UFHYMK3CXTTA6SR29ZWM6CMSQWE53HN"
#define PATH "secrets.age"
#define LOW_WORK 4

/* RFC 6979, A.2.5: a key of P-256 and its point. */
#define KNOWN_PRIVATE "ya-p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIPZyE="
#define KNOWN_PUBLIC \
	"BGD-1LolWp0xyWHrdMY1bWjASbiSO2H6bOZpYi5g8p-2" \
	"eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk="

struct fixture {
	struct mok_arena *arena;
	struct fake_env *fake;
	const struct mok_env *env;
	struct mok_age_identities mine;
	struct mok_age_recipient to_me;
	struct mok_err err;
};

static int set_up(void **state)
{
	struct fixture *f = mok_xcalloc(1, sizeof(*f));

	f->arena = mok_arena_new();
	f->fake = fake_env_new(5, NULL);
	f->env = fake_env_get(f->fake);
	if (mok_age_identities_parse(
		    f->arena, "key.txt", SECRET, strlen(SECRET), &f->mine, &f->err) != 0)
		return -1;
	mok_age_identity_recipient(&f->mine.list.items[0], &f->to_me);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	fake_env_free(f->fake);
	mok_arena_free(f->arena);
	free(f);
	return 0;
}

static struct mok_escrow_options with_key(const struct fixture *f)
{
	return (struct mok_escrow_options){ .path = PATH,
		.stack = "social",
		.keys = { f->mine.list.items, f->mine.list.len, NULL } };
}

static struct mok_escrow_options with_recipient(const struct fixture *f)
{
	return (struct mok_escrow_options){
		.path = PATH, .stack = "social", .recipients = &f->to_me, .nrecipients = 1
	};
}

static struct mok_escrow *open_with(struct fixture *f, struct mok_escrow_options options)
{
	struct mok_escrow *e = mok_escrow_open(f->env, &options, &f->err);

	if (!e)
		fail_msg("%s", f->err.msg);
	return e;
}

static const char *value_in(struct fixture *f, const char *name)
{
	struct mok_escrow *e = open_with(f, with_key(f));
	struct mok_escrow_entry entry;
	const char *value = NULL;

	if (mok_escrow_find(e, name, &entry))
		value = mok_arena_strdup(f->arena, entry.value);
	mok_escrow_free(e);
	return value;
}

static int put(struct fixture *f, struct mok_escrow *e, const char *name, const char *value)
{
	const struct mok_escrow_new new = { name, "generated", NULL, value };

	return mok_escrow_put(e, &new, &f->err);
}

static void store(struct fixture *f, const char *name, const char *value)
{
	struct mok_escrow *e = open_with(f, with_key(f));

	assert_int_equal(put(f, e, name, value), 0);
	assert_int_equal(mok_escrow_save(e, false, &f->err), 0);
	mok_escrow_free(e);
}

/* ---- generation ---- */

static void generated_values_have_the_forms_that_mastodon_wants(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		const char *letters;
	} rows[] = {
		{ "SECRET_KEY_BASE", 128, "0123456789abcdef" },
		{ "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY", 32, NULL },
		{ "OWNER_PASSWORD", 24, NULL },
		{ "VAPID_PRIVATE_KEY", 44, NULL },
		{ "VAPID_PUBLIC_KEY", 88, NULL },
	};
	struct fixture *f = *state;

	for (size_t round = 0; round < 600; round++) {
		size_t i = round % MOK_COUNT(rows);
		const struct mok_secret_spec *spec = mok_secret_find(rows[i].name);
		const char *value = NULL, *partner = NULL;

		assert_non_null(spec);
		mok_secret_generate(f->arena, &f->env->random, spec, &value, &partner);
		assert_int_equal(strlen(value), rows[i].len);
		assert_null(spec->check(value));
		if (rows[i].letters)
			assert_int_equal(strspn(value, rows[i].letters), rows[i].len);
		if (!spec->partner)
			continue;
		assert_null(mok_secret_find(spec->partner)->check(partner));
		if (rows[i].len == 44)
			assert_true(mok_vapid_is_pair(value, partner));
		else
			assert_true(mok_vapid_is_pair(partner, value));
	}
}

static void a_known_pair_is_one(void **state)
{
	const struct mok_secret_spec *private_key = mok_secret_find("VAPID_PRIVATE_KEY");
	const struct mok_secret_spec *public_key = mok_secret_find("VAPID_PUBLIC_KEY");
	struct fixture *f = *state;
	const char *other, *other_public;

	assert_null(private_key->check(KNOWN_PRIVATE));
	assert_null(public_key->check(KNOWN_PUBLIC));
	assert_true(mok_vapid_is_pair(KNOWN_PRIVATE, KNOWN_PUBLIC));
	mok_secret_generate(f->arena, &f->env->random, private_key, &other, &other_public);
	assert_false(mok_vapid_is_pair(other, KNOWN_PUBLIC));
}

static void wrong_forms_are_told(void **state)
{
	static const char *const rows[][2] = {
		{ "SECRET_KEY_BASE", "" },
		{ "SECRET_KEY_BASE", "short" },
		{ "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY", "x with blanks in it" },
		{ "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY", "xxxxDO_NOT_USE_IN_PRODUCTION" },
		{ "VAPID_PRIVATE_KEY", "" },
		{ "VAPID_PRIVATE_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
		{ "VAPID_PRIVATE_KEY", "_____________________________________________" },
		{ "VAPID_PUBLIC_KEY", KNOWN_PRIVATE },
	};

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(rows); i++)
		assert_non_null(mok_secret_find(rows[i][0])->check(rows[i][1]));
}

static uint64_t count_up(void *self)
{
	uint64_t *next = self;

	return (*next)++ * UINT64_C(0x0101010101010101);
}

/* Every byte once: of 256, 248 = 4 * 62 are taken, each letter four times. */
static void letters_are_equally_likely(void **state)
{
	struct fixture *f = *state;
	uint64_t next = 0;
	const struct mok_random random = { &next, count_up };
	char *text = mok_secret_alphanumeric(f->arena, &random, 248 * 8);
	unsigned seen[128] = { 0 };

	for (char *p = text; *p; p++)
		seen[(unsigned char)*p]++;
	for (int c = 'a'; c <= 'z'; c++)
		assert_int_equal(seen[c], 32);
	for (int c = '0'; c <= '9'; c++)
		assert_int_equal(seen[c], 32);
}

/* ---- .env.production ---- */

struct taken {
	struct mok_buf text;
};

static int take(void *self, const char *name, const char *value, bool raw, unsigned line,
	struct mok_err *err)
{
	struct taken *t = self;

	(void)err;
	mok_buf_printf(&t->text, "%u:%s=[%s]%s;", line, name, value, raw ? "raw" : "");
	return 0;
}

static void dotenv_files_are_read(void **state)
{
	static const char text[] = "# comment\nA=1\r\nexport B='two $X'\n\n C = three  # no\n"
				   "D=\"fo\\\"ur\nlines\"\nE=$A\nnonsense\nF=\n"
				   "G=a#b\n=x\nH=\"$A\"";
	struct taken t;
	const struct mok_dotenv_visitor visitor = { &t, take };
	struct fixture *f = *state;

	mok_buf_init(&t.text, 4096);
	assert_int_equal(mok_dotenv_read(text, sizeof(text) - 1, &visitor, &f->err), 0);
	assert_string_equal(t.text.data,
		"2:A=[1];3:B=[two $X];5:C=[three];6:D=[fo\"ur\nlines];8:E=[$A]raw;10:F=[];"
		"11:G=[a#b];13:H=[$A]raw;");
	assert_int_equal(mok_dotenv_read("\n\nA='x\n", 7, &visitor, &f->err), -1);
	assert_non_null(strstr(f->err.msg, "line 3"));
	mok_buf_release(&t.text);
}

/* ---- the file ---- */

static void what_is_saved_is_there_again(void **state)
{
	struct fixture *f = *state;
	struct mok_escrow *e = open_with(f, with_key(f));
	size_t made = 0, len;

	assert_int_equal(mok_escrow_state(e), MOK_ESCROW_ABSENT);
	assert_int_equal(mok_escrow_generate(e, &made, &f->err), 0);
	assert_int_equal(made, 7);
	assert_int_equal(mok_escrow_save(e, false, &f->err), 0);
	assert_int_equal(mok_escrow_generate(e, &made, &f->err), 0);
	assert_int_equal(made, 0);
	mok_escrow_free(e);
	assert_non_null(value_in(f, "VAPID_PUBLIC_KEY"));
	assert_true(mok_vapid_is_pair(
		value_in(f, "VAPID_PRIVATE_KEY"), value_in(f, "VAPID_PUBLIC_KEY")));
	assert_null(strstr(fake_env_file(f->fake, PATH, &len), "SECRET_KEY_BASE"));
}

static void nothing_is_overwritten(void **state)
{
	struct fixture *f = *state;
	const struct mok_escrow_new next = { "KEY", "generated", "id-2", "two" };
	struct mok_escrow_entry entry;
	struct mok_escrow *e;

	store(f, "KEY", "one");
	e = open_with(f, with_key(f));
	assert_int_equal(put(f, e, "KEY", "one"), 0);
	assert_int_equal(put(f, e, "KEY", "two"), -1);
	assert_int_equal(f->err.code, MOK_ERR_REFUSED);
	assert_null(strstr(f->err.msg, "two"));
	assert_int_equal(put(f, e, "OTHER", ""), -1);
	assert_int_equal(f->err.code, MOK_ERR_INPUT);
	assert_int_equal(mok_escrow_rotate(e, &next, &f->err), 0);
	assert_int_equal(mok_escrow_save(e, false, &f->err), 0);
	mok_escrow_free(e);
	e = open_with(f, with_key(f));
	assert_true(mok_escrow_find(e, "KEY", &entry));
	assert_string_equal(entry.value, "two");
	assert_int_equal(entry.nprevious, 1);
	assert_string_equal(mok_escrow_value_of(e, "KEY", NULL), "one");
	assert_string_equal(mok_escrow_value_of(e, "KEY", "id-2"), "two");
	assert_null(mok_escrow_value_of(e, "KEY", "id-3"));
	mok_escrow_free(e);
}

static void half_a_pair_is_not_completed(void **state)
{
	struct fixture *f = *state;
	struct mok_escrow *e = open_with(f, with_key(f));

	assert_int_equal(put(f, e, "VAPID_PRIVATE_KEY", KNOWN_PRIVATE), 0);
	assert_int_equal(mok_escrow_generate(e, NULL, &f->err), -1);
	assert_int_equal(f->err.code, MOK_ERR_REFUSED);
	assert_non_null(strstr(f->err.msg, "VAPID_PUBLIC_KEY"));
	mok_escrow_free(e);
}

/* A CI runner has the recipients and no key: it can add, and see nothing. */
static void a_sealed_file_takes_additions(void **state)
{
	struct fixture *f = *state;
	const struct mok_escrow_new late = { "S", "spaces_key", "id-9", "nine" };
	struct mok_escrow *e;
	size_t len;

	store(f, "KEY", "one");
	for (int i = 0; i < 2; i++) {
		e = open_with(f, with_recipient(f));
		assert_int_equal(mok_escrow_state(e), MOK_ESCROW_SEALED);
		assert_int_equal(mok_escrow_len(e), 0);
		assert_int_equal(mok_escrow_generate(e, NULL, &f->err), -1);
		assert_int_equal(mok_escrow_save(e, true, &f->err), -1);
		assert_int_equal(put(f, e, i ? "B" : "A", "added"), 0);
		assert_int_equal(mok_escrow_save(e, false, &f->err), 0);
		assert_int_equal(mok_escrow_rotate(e, &late, &f->err), 0);
		assert_int_equal(mok_escrow_save(e, false, &f->err), 0);
		mok_escrow_free(e);
	}
	assert_non_null(fake_env_file(f->fake, PATH ".4", &len));
	e = open_with(f, with_key(f));
	assert_int_equal(mok_escrow_len(e), 4);
	assert_string_equal(mok_escrow_value_of(e, "S", "id-9"), "nine");
	assert_int_equal(mok_escrow_save(e, false, &f->err), 0);
	mok_escrow_free(e);
	assert_null(fake_env_file(f->fake, PATH ".1", &len));
	assert_null(fake_env_file(f->fake, PATH ".4", &len));
	assert_string_equal(value_in(f, "KEY"), "one");
	assert_string_equal(value_in(f, "B"), "added");
}

static void files_that_are_not_ours_are_refused(void **state)
{
	struct fixture *f = *state;
	struct mok_escrow_options options = with_key(f);

	store(f, "KEY", "one");
	options.stack = "other";
	assert_null(mok_escrow_open(f->env, &options, &f->err));
	assert_non_null(strstr(f->err.msg, "belongs to the stack \"social\""));
	options = with_key(f);
	options.keys = (struct mok_age_keys){ .passphrase = "x" };
	assert_null(mok_escrow_open(f->env, &options, &f->err));
	assert_non_null(strstr(f->err.hint, "MOK_AGE_IDENTITY"));
	fake_env_put_file(f->fake, PATH, "rubbish", 7);
	options = with_key(f);
	assert_null(mok_escrow_open(f->env, &options, &f->err));
	assert_int_equal(f->err.code, MOK_ERR_INPUT);
}

static void without_recipients_nothing_is_written(void **state)
{
	struct fixture *f = *state;
	struct mok_escrow *e =
		open_with(f, (struct mok_escrow_options){ .path = PATH, .stack = "social" });
	size_t len;

	assert_int_equal(put(f, e, "KEY", "one"), 0);
	assert_int_equal(mok_escrow_save(e, false, &f->err), -1);
	assert_non_null(strstr(f->err.hint, "recipients"));
	assert_null(fake_env_file(f->fake, PATH, &len));
	mok_escrow_free(e);
}

static void a_passphrase_serves_too(void **state)
{
	struct fixture *f = *state;
	const struct mok_escrow_options options = { .path = PATH,
		.stack = "social",
		.keys = { .passphrase = "correct horse" },
		.work_factor = LOW_WORK };
	struct mok_escrow *e = open_with(f, options);

	assert_int_equal(put(f, e, "KEY", "one"), 0);
	assert_int_equal(mok_escrow_save(e, false, &f->err), 0);
	mok_escrow_free(e);
	e = open_with(f, options);
	assert_int_equal(mok_escrow_len(e), 1);
	mok_escrow_free(e);
}

struct live {
	const char *name, *value; /* the only one that the store has; NULL: it refuses to tell */
};

static int get_live(
	void *self, const char *name, bool *found, struct mok_buf *out, struct mok_err *err)
{
	const struct live *live = self;

	if (!live->name)
		return mok_err_set(err, MOK_ERR_AUTH, "forbidden");
	*found = strcmp(name, live->name) == 0;
	if (*found)
		mok_buf_puts(out, live->value);
	return 0;
}

static int reconcile(struct fixture *f, struct mok_escrow *e, const char *name, const char *value)
{
	struct live live = { name, value };
	const struct mok_secret_store store = { &live, "the cluster", get_live };

	return mok_escrow_reconcile(e, &store, &f->err);
}

static void what_an_instance_has_is_taken_and_never_guessed(void **state)
{
	static const char key[] = "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY";
	struct fixture *f = *state;
	struct mok_escrow *e = open_with(f, with_key(f));
	const struct mok_escrow_new next = { key, "generated", NULL, "another-of-that-form" };

	assert_int_equal(reconcile(f, e, NULL, NULL), -1);
	assert_int_equal(f->err.code, MOK_ERR_AUTH);
	assert_int_equal(reconcile(f, e, key, ""), -1);
	assert_int_equal(f->err.code, MOK_ERR_INPUT);
	assert_int_equal(mok_escrow_len(e), 0);
	assert_int_equal(reconcile(f, e, key, "of-the-instance"), 0);
	assert_string_equal(mok_escrow_at(e, 0).value, "of-the-instance");
	assert_int_equal(reconcile(f, e, key, "of-the-instance"), 0);
	assert_int_equal(reconcile(f, e, key, "of-some-other-one"), -1);
	assert_int_equal(f->err.code, MOK_ERR_REFUSED);
	assert_int_equal(mok_escrow_rotate(e, &next, &f->err), 0);
	assert_int_equal(reconcile(f, e, key, "of-the-instance"), 0);
	assert_string_equal(mok_escrow_at(e, 0).value, "another-of-that-form");
	mok_escrow_free(e);
}

/* One run that merges an addition and puts a value of its own, as far as it gets. */
static bool run_once(struct fixture *f)
{
	const struct mok_escrow_options options = with_key(f);
	struct mok_escrow *e = mok_escrow_open(f->env, &options, &f->err);
	bool saved = e && put(f, e, "MINE", "mine") == 0 && mok_escrow_save(e, false, &f->err) == 0;

	mok_escrow_free(e);
	return saved;
}

static void killed_at_any_step_nothing_is_lost(void **state)
{
	struct fixture *f = *state;
	bool finished = false;

	for (uint64_t step = 1; !finished; step++) {
		struct mok_escrow *e;

		assert_true(step < 100);
		fake_env_drop_file(f->fake, PATH);
		store(f, "KEY", "one");
		e = open_with(f, with_recipient(f));
		assert_int_equal(put(f, e, "ADDED", "added"), 0);
		assert_int_equal(mok_escrow_save(e, false, &f->err), 0);
		mok_escrow_free(e);
		fake_env_kill_at(f->fake, fake_env_steps(f->fake) + step);
		finished = run_once(f) && !fake_env_is_dead(f->fake);
		fake_env_kill_at(f->fake, 0);
		if (fake_env_is_dead(f->fake))
			fake_env_revive(f->fake);
		assert_string_equal(value_in(f, "KEY"), "one");
		assert_string_equal(value_in(f, "ADDED"), "added");
		assert_true(run_once(f));
		assert_string_equal(value_in(f, "ADDED"), "added");
		assert_string_equal(value_in(f, "MINE"), "mine");
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(generated_values_have_the_forms_that_mastodon_wants),
		TEST(a_known_pair_is_one),
		TEST(wrong_forms_are_told),
		TEST(letters_are_equally_likely),
		TEST(dotenv_files_are_read),
		TEST(what_is_saved_is_there_again),
		TEST(nothing_is_overwritten),
		TEST(half_a_pair_is_not_completed),
		TEST(a_sealed_file_takes_additions),
		TEST(files_that_are_not_ours_are_refused),
		TEST(without_recipients_nothing_is_written),
		TEST(a_passphrase_serves_too),
		TEST(what_an_instance_has_is_taken_and_never_guessed),
		TEST(killed_at_any_step_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
