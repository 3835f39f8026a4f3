/* Encrypted files, identity files and recipients from anywhere. */
#include "fuzz.h"
#include "mok/age.h"

/* Made for this alone; corpus files are encrypted to it. */
#define SECRET "AGE-SECRET-KEY-1WNJ79MVRAKH8QEKWDSHWV7GSDT7UFHYMK3CXTTA6SR29ZWM6CMSQWE53HN"

static void open_file(struct mok_arena *arena, const uint8_t *data, size_t size)
{
	struct mok_age_identities mine = { 0 };
	struct mok_err err;
	struct mok_buf plain;

	if (mok_age_identities_parse(arena, "key", SECRET, sizeof(SECRET) - 1, &mine, &err) != 0)
		MOK_BUG("the fuzzer's own key does not parse");
	mok_buf_init(&plain, (size_t)1 << 20);
	const struct mok_age_keys keys = { mine.list.items, mine.list.len, NULL };
	if (mok_age_decrypt(&keys, data, size, &plain, NULL, &err) != 0 && plain.len != 0)
		MOK_BUG("a file that cannot be opened gave something out");
	mok_buf_release(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mok_arena *arena = mok_arena_new();
	const char *text = mok_arena_strndup(arena, (const char *)data, size);
	struct mok_age_identities found = { 0 };
	struct mok_age_recipient recipient;
	char again[MOK_AGE_RECIPIENT_SIZE];
	struct mok_err err;

	open_file(arena, data, size);
	if (mok_age_identities_parse(arena, "f", (const char *)data, size, &found, &err) == 0)
		mok_age_identities_wipe(&found);
	if (mok_age_recipient_parse(text, &recipient, &err) == 0) {
		mok_age_recipient_text(&recipient, again);
		if (!mok_streq(text, again))
			MOK_BUG("a recipient has two texts");
	}
	mok_arena_free(arena);
	return 0;
}
