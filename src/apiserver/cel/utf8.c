/* Characters, and the escapes of literals. */
#include "cel.h"

#include <ctype.h>

size_t cel_utf8_next(const char *at, size_t len, uint32_t *out)
{
	static const unsigned char masks[] = { 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned char first = (unsigned char)*at;
	size_t n = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;

	*out = 0xfffd;
	if (!n || n > len)
		return 1;
	*out = first & masks[n - 1];
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)at[i] & 0xc0) != 0x80) {
			*out = 0xfffd;
			return 1;
		}
		*out = *out << 6 | ((unsigned char)at[i] & 0x3f);
	}
	return n;
}

void cel_utf8_put(struct mok_buf *buf, uint32_t code)
{
	if (code < 0x80) {
		mok_buf_putc(buf, (char)code);
		return;
	}
	if (code < 0x800) {
		mok_buf_putc(buf, (char)(0xc0 | code >> 6));
	} else {
		if (code < 0x10000) {
			mok_buf_putc(buf, (char)(0xe0 | code >> 12));
		} else {
			mok_buf_putc(buf, (char)(0xf0 | code >> 18));
			mok_buf_putc(buf, (char)(0x80 | (code >> 12 & 0x3f)));
		}
		mok_buf_putc(buf, (char)(0x80 | (code >> 6 & 0x3f)));
	}
	mok_buf_putc(buf, (char)(0x80 | (code & 0x3f)));
}

/* `n` digits of a base; false: there are fewer. */
static bool read_code(struct cel_text body, size_t at, size_t n, int base, uint32_t *out)
{
	*out = 0;
	if (at + n > body.len)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = body.at[at + i];
		int digit = isdigit((unsigned char)c) ? c - '0'
			: isxdigit((unsigned char)c)  ? (c | 32) - 'a' + 10
						      : 99;

		if (digit >= base)
			return false;
		*out = *out * (uint32_t)base + (uint32_t)digit;
	}
	return true;
}

/* The escape at body.at[at], after its backslash; 0: there is no such. */
static size_t unescape(struct mok_buf *out, struct cel_text body, size_t at, bool bytes)
{
	static const char codes[] = "abfnrtv\\?\"'`", plain[] = "\a\b\f\n\r\t\v\\?\"'`";
	char c = at < body.len ? body.at[at] : 0;
	const char *found = c ? strchr(codes, c) : NULL;
	size_t n = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 3;
	bool octal = c >= '0' && c <= '3';
	uint32_t code;

	if (found) {
		mok_buf_putc(out, plain[found - codes]);
		return 1;
	}
	if (!octal && n == 3)
		return 0;
	if (!read_code(body, at + !octal, n, octal ? 8 : 16, &code) || code > 0x10ffff ||
		(code >= 0xd800 && code < 0xe000) || (bytes && n > 3))
		return 0;
	if (bytes)
		mok_buf_putc(out, (char)code);
	else
		cel_utf8_put(out, code);
	return n + !octal;
}

bool cel_unquote(struct mok_arena *arena, struct cel_text body, bool bytes, struct cel_text *out)
{
	struct mok_buf buf;
	char *copy;
	bool good = true;

	mok_buf_init(&buf, CEL_TEXT_MAX);
	for (size_t i = 0; i < body.len && good; i++) {
		size_t n = 1;

		if (body.at[i] != '\\') {
			mok_buf_putc(&buf, body.at[i]);
			continue;
		}
		n = unescape(&buf, body, i + 1, bytes);
		good = n;
		i += n;
	}
	copy = mok_arena_alloc(arena, buf.len + 1);
	memcpy(copy, buf.data, buf.len);
	*out = (struct cel_text){ copy, buf.len };
	mok_buf_release(&buf);
	return good;
}
