/* A journal that was damaged, or written by someone else. A line that begins with a brace gets its
 * sum here, so that what is behind the sum is reached as well. */
#include "fake_env.h"
#include "fuzz.h"
#include "mok/engine.h"

#include <string.h>

#define ACCOUNT "11111111-1111-4111-8111-111111111111"

static void add_line(struct mok_buf *out, const char *line, size_t len, bool ended)
{
	if (len > 0 && line[0] == '{')
		mok_buf_printf(out, "%08x ", mok_crc32(line, len));
	mok_buf_add(out, line, len);
	if (ended)
		mok_buf_putc(out, '\n');
}

static void write_journal(struct fake_env *fake, const char *data, size_t size)
{
	const char *end = data + size;
	struct mok_buf text;

	mok_buf_init(&text, (size_t)64 << 20);
	while (data < end) {
		const char *stop = memchr(data, '\n', (size_t)(end - data));
		size_t len = (size_t)((stop ? stop : end) - data);

		add_line(&text, data, len, stop != NULL);
		data += len + (stop != NULL);
	}
	fake_env_put_file(fake, ".mok/t.journal", text.data, text.len);
	mok_buf_release(&text);
}

static void nothing(void *self, const struct mok_journal_entry *e)
{
	(void)self;
	(void)e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mok_journal_visitor visitor = { .entry = nothing };
	const struct mok_journal_info info = { .api_url = "sandbox", .account_uuid = ACCOUNT };
	struct fake_env *fake = fake_env_new(1, NULL);
	const struct mok_env *env = fake_env_get(fake);
	struct mok_arena *arena = mok_arena_new();
	struct mok_err err = { 0 };

	write_journal(fake, (const char *)data, size);
	if (mok_journal_read(env, arena, ".mok", "t", &visitor, &err) == 0)
		mok_journal_close(mok_journal_open(env, ".mok", "t", &info, &err));
	mok_arena_free(arena);
	fake_env_free(fake);
	return 0;
}
