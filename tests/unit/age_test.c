/* The age format: what the `age` program wrote, round trips, and how each kind of damage shows. */
#include "mok/age.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Made by age-keygen for this test alone. */
#define SECRET "AGE-SECRET-KEY-1WNJ79MVRAKH8QEKWDSHWV7GSDT7UFHYMK3CXTTA6SR29ZWM6CMSQWE53HN"
#define PUBLIC "age18z04l5hpshnqn6fld7ju5cjq05yxdc869z8xmkmhpzr4hxtdj9sqy3r5vs"
#define OTHER_PUBLIC "age10t0998pak7cdz92l4p0k3fx3cxmxfry76v4ak8nld23c522t95aqq4ysuw"

/* age -a -r OTHER_PUBLIC -r PUBLIC */
static const char by_age[] = "-----BEGIN AGE ENCRYPTED FILE-----\n"
			     "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSB6emdoYmszNE5ZN3RKU2hN\n"
			     "WkdxU2lUUU5vUGc2bXdoQ3craWJJMGhEbGlrCklmVnRRK3Y5Mm55cStvWkZOTzBz\n"
			     "TDNHSnlYZFg1ck5jZ2pZaHJRMGZ6TkEKLT4gWDI1NTE5IEpjUklMWEgyUHRtUFRk\n"
			     "NjhUSzVZS0dZbVVaSEoxTmFWa1kxelIyS1RjRWcKQXZuaFFiL29VN3czRVE1OGhn\n"
			     "dVcrbmxPcDdHaHB3YVVJN0RCRHRVQktoOAotLS0gREZKSXRUaitoVEphVWkrbmhz\n"
			     "dngxZThBSTg5MThUQVN5RVV1WnFtOCtqYwr/QB6IhgDCgXbJDXm6Jz0WETN/R2dQ\n"
			     "ekdNMa6Yax/Wnn6KWaj7Ft7Uqg==\n"
			     "-----END AGE ENCRYPTED FILE-----\n";

#define LOW_WORK 4

static uint64_t seed = 7;

static uint64_t draw(void *self)
{
	return mok_rng_next(self);
}

static const struct mok_random test_random = { &seed, draw };

struct fixture {
	struct mok_arena *arena;
	struct mok_age_identities mine;
	struct mok_age_recipient to_me, to_other;
	struct mok_buf file, plain;
	struct mok_err err;
};

static int set_up(void **state)
{
	struct fixture *f = mok_xcalloc(1, sizeof(*f));

	f->arena = mok_arena_new();
	mok_buf_init(&f->file, (size_t)1 << 20);
	mok_buf_init(&f->plain, (size_t)1 << 20);
	if (mok_age_identities_parse(
		    f->arena, "key.txt", SECRET, strlen(SECRET), &f->mine, &f->err) != 0 ||
		mok_age_recipient_parse(PUBLIC, &f->to_me, &f->err) != 0 ||
		mok_age_recipient_parse(OTHER_PUBLIC, &f->to_other, &f->err) != 0)
		return -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	mok_buf_release(&f->file);
	mok_buf_release(&f->plain);
	mok_arena_free(f->arena);
	free(f);
	return 0;
}

static struct mok_age_keys keys_of(const struct fixture *f)
{
	return (struct mok_age_keys){ f->mine.list.items, f->mine.list.len, NULL };
}

static enum mok_age_fault fault_of(
	struct fixture *f, const struct mok_age_keys *keys, const void *data, size_t len)
{
	enum mok_age_fault fault;
	int rc;

	mok_buf_clear(&f->plain);
	rc = mok_age_decrypt(keys, data, len, &f->plain, &fault, &f->err);
	assert_int_equal(rc, fault == MOK_AGE_FINE ? 0 : -1);
	if (rc != 0)
		assert_int_equal(f->plain.len, 0);
	return fault;
}

static void a_file_of_the_age_program_is_opened(void **state)
{
	struct fixture *f = *state;
	const struct mok_age_keys keys = keys_of(f);

	assert_int_equal(fault_of(f, &keys, by_age, strlen(by_age)), MOK_AGE_FINE);
	assert_string_equal(f->plain.data, "from age\n");
}

/* Around the size of a chunk, 64 KiB. */
static void what_was_written_is_read(void **state)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 200000 };
	struct fixture *f = *state;
	const struct mok_age_recipient both[] = { f->to_other, f->to_me };
	const struct mok_age_keys keys = keys_of(f);
	char *plain = mok_xmalloc(200000);

	memset(plain, 'x', 200000);
	for (size_t i = 0; i < MOK_COUNT(sizes) * 2; i++) {
		const struct mok_age_to to = {
			.recipients = both, .nrecipients = 2, .armor = i % 2 == 1
		};
		size_t size = sizes[i / 2];

		mok_buf_clear(&f->file);
		assert_int_equal(
			mok_age_encrypt(&test_random, &to, plain, size, &f->file, &f->err), 0);
		assert_int_equal(fault_of(f, &keys, f->file.data, f->file.len), MOK_AGE_FINE);
		assert_int_equal(f->plain.len, size);
		assert_memory_equal(f->plain.data, plain, size);
	}
	free(plain);
}

static void every_changed_byte_shows(void **state)
{
	struct fixture *f = *state;
	const struct mok_age_to to = { .recipients = &f->to_me, .nrecipients = 1 };
	const struct mok_age_keys keys = keys_of(f);

	assert_int_equal(mok_age_encrypt(&test_random, &to, "secret", 6, &f->file, &f->err), 0);
	for (size_t i = 0; i < f->file.len; i++) {
		f->file.data[i] ^= 1;
		assert_int_not_equal(fault_of(f, &keys, f->file.data, f->file.len), MOK_AGE_FINE);
		f->file.data[i] ^= 1;
		assert_int_not_equal(fault_of(f, &keys, f->file.data, i), MOK_AGE_FINE);
	}
	f->file.data[f->file.len - 1] ^= 1;
	assert_int_equal(fault_of(f, &keys, f->file.data, f->file.len), MOK_AGE_PAYLOAD);
	f->file.data[f->file.len - 1] ^= 1;
	mok_buf_putc(&f->file, 'x');
	assert_int_equal(fault_of(f, &keys, f->file.data, f->file.len), MOK_AGE_PAYLOAD);
}

static void a_passphrase_opens_what_it_closed(void **state)
{
	struct fixture *f = *state;
	const struct mok_age_to to = { .passphrase = "correct horse", .work_factor = LOW_WORK };
	struct mok_age_keys keys = { .passphrase = "correct horse" };

	assert_int_equal(mok_age_encrypt(&test_random, &to, "secret", 6, &f->file, &f->err), 0);
	assert_non_null(strstr(f->file.data, "-> scrypt "));
	assert_int_equal(fault_of(f, &keys, f->file.data, f->file.len), MOK_AGE_FINE);
	assert_string_equal(f->plain.data, "secret");
	keys.passphrase = "wrong horse";
	assert_int_equal(fault_of(f, &keys, f->file.data, f->file.len), MOK_AGE_NO_MATCH);
	keys = keys_of(f);
	assert_int_equal(fault_of(f, &keys, f->file.data, f->file.len), MOK_AGE_NO_MATCH);
}

static void nobody_to_encrypt_to_is_an_error(void **state)
{
	struct fixture *f = *state;
	const struct mok_age_recipient zero = { { 0 } };
	struct mok_age_to to = { .passphrase = "" };

	assert_int_equal(mok_age_encrypt(&test_random, &to, "x", 1, &f->file, &f->err), -1);
	assert_int_equal(f->err.code, MOK_ERR_INPUT);
	to = (struct mok_age_to){ .recipients = &zero, .nrecipients = 1 };
	assert_int_equal(mok_age_encrypt(&test_random, &to, "x", 1, &f->file, &f->err), -1);
	assert_non_null(strstr(f->err.msg, "low order"));
	assert_int_equal(f->file.len, 0);
}

static void a_plaintext_beyond_the_limit_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct mok_age_to to = { .recipients = &f->to_me, .nrecipients = 1 };
	const struct mok_age_keys keys = keys_of(f);
	enum mok_age_fault fault;
	struct mok_buf small;

	mok_buf_init(&small, 5);
	assert_int_equal(mok_age_encrypt(&test_random, &to, "secret", 6, &f->file, &f->err), 0);
	assert_int_equal(
		mok_age_decrypt(&keys, f->file.data, f->file.len, &small, &fault, &f->err), -1);
	assert_int_equal(fault, MOK_AGE_PAYLOAD);
	assert_int_equal(small.len, 0);
	mok_buf_release(&small);
}

static void recipients_are_checked(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "of the form" },
		{ "age1", "of the form" },
		{ "age1qqqqqqqq", "mistyped" },
		{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@home", "an SSH key" },
		{ "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt",
			"a plugin's" },
		{ "age1pq1abc", "post-quantum" },
		{ "github:someone", "a GitHub account" },
		{ "a12uel5l", "of another kind" },
	};
	struct fixture *f = *state;
	struct mok_age_recipient out;
	char text[MOK_AGE_RECIPIENT_SIZE];

	mok_age_recipient_text(&f->to_me, text);
	assert_string_equal(text, PUBLIC);
	text[20] = text[20] == 'q' ? 'p' : 'q';
	assert_int_equal(mok_age_recipient_parse(text, &out, &f->err), -1);
	assert_non_null(strstr(f->err.msg, "its checksum does not fit"));
	for (size_t i = 0; i < MOK_COUNT(rows); i++) {
		assert_int_equal(mok_age_recipient_parse(rows[i].text, &out, &f->err), -1);
		if (!strstr(f->err.msg, rows[i].says))
			fail_msg("%s: %s", rows[i].text, f->err.msg);
		assert_int_not_equal(f->err.hint[0], 0);
	}
}

static void a_secret_key_is_not_repeated(void **state)
{
	struct fixture *f = *state;
	struct mok_age_recipient out;

	assert_int_equal(mok_age_recipient_parse(SECRET, &out, &f->err), -1);
	assert_null(strstr(f->err.msg, &SECRET[17]));
	assert_null(strstr(f->err.hint, &SECRET[17]));
	assert_non_null(strstr(f->err.msg, "secret key"));
}

static int parse(struct fixture *f, const char *text)
{
	struct mok_age_identities list = { 0 };

	return mok_age_identities_parse(f->arena, "key.txt", text, strlen(text), &list, &f->err) ==
			0
		? (int)list.list.len
		: -1;
}

static void identity_files_are_read_line_by_line(void **state)
{
	struct fixture *f = *state;
	struct mok_age_recipient own;
	char text[MOK_AGE_RECIPIENT_SIZE];

	assert_int_equal(parse(f, "# created: today\n\n# public key: x\n" SECRET "\r\n"), 1);
	assert_int_equal(parse(f, SECRET "\n" SECRET), 2);
	assert_int_equal(parse(f, "# nothing\n"), -1);
	assert_non_null(strstr(f->err.msg, "key.txt holds no identity"));
	assert_int_equal(parse(f, SECRET "\n" PUBLIC "\n"), -1);
	assert_non_null(strstr(f->err.msg, "key.txt, line 2"));
	assert_int_equal(parse(f, "AGE-PLUGIN-YUBIKEY-1QQQ\n"), -1);
	assert_non_null(strstr(f->err.msg, "plugin"));
	assert_int_equal(parse(f, "age-encryption.org/v1\n-> scrypt a 18\n"), -1);
	assert_non_null(strstr(f->err.msg, "encrypted"));
	mok_age_identity_recipient(&f->mine.list.items[0], &own);
	mok_age_recipient_text(&own, text);
	assert_string_equal(text, PUBLIC);
	mok_age_identities_wipe(&f->mine);
	assert_int_equal(f->mine.list.len, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_of_the_age_program_is_opened),
		TEST(what_was_written_is_read),
		TEST(every_changed_byte_shows),
		TEST(a_passphrase_opens_what_it_closed),
		TEST(nobody_to_encrypt_to_is_an_error),
		TEST(a_plaintext_beyond_the_limit_is_refused),
		TEST(recipients_are_checked),
		TEST(a_secret_key_is_not_repeated),
		TEST(identity_files_are_read_line_by_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
