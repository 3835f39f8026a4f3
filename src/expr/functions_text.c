/* Functions of texts. */
#include "expr_internal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (16u << 20)

static bool take(const struct call *call, struct mok_buf *buf, struct mok_val *out)
{
	bool fits = !buf->overflow;

	if (fits)
		*out = mok_val_str(mok_arena_strndup(call->eval->arena, buf->data, buf->len));
	else
		call_fail(call, SIZE_MAX, "the result is larger than 16 MiB");
	mok_buf_release(buf);
	return fits;
}

static bool map_chars(const struct call *call, int (*change)(int), struct mok_val *out)
{
	const char *text;
	char *copy;

	if (!call_text(call, 0, &text))
		return false;
	copy = mok_arena_strdup(call->eval->arena, text);
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 0x80)
			*c = (char)change((unsigned char)*c);
	*out = mok_val_str(copy);
	return true;
}

bool fn_lower(const struct call *call, struct mok_val *out)
{
	return map_chars(call, tolower, out);
}

bool fn_upper(const struct call *call, struct mok_val *out)
{
	return map_chars(call, toupper, out);
}

bool fn_urlencode(const struct call *call, struct mok_val *out)
{
	struct mok_buf buf;
	const char *text;

	if (!call_text(call, 0, &text))
		return false;
	mok_buf_init(&buf, TEXT_MAX);
	mok_buf_add_url(&buf, text, false);
	return take(call, &buf, out);
}

bool fn_trim(const struct call *call, struct mok_val *out)
{
	const char *text, *end;

	if (!call_text(call, 0, &text))
		return false;
	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*out = mok_val_str(mok_arena_strndup(call->eval->arena, text, (size_t)(end - text)));
	return true;
}

bool fn_join(const struct call *call, struct mok_val *out)
{
	const struct mok_val *list;
	const char *separator;
	struct mok_buf buf;

	if (!call_text(call, 0, &separator) || !call_list(call, 1, &list))
		return false;
	mok_buf_init(&buf, TEXT_MAX);
	for (size_t i = 0; i < list->u.list.len; i++) {
		const char *item = mok_val_text(call->eval->arena, &list->u.list.items[i]);

		if (!item) {
			mok_buf_release(&buf);
			return call_fail(call, 1, "item %zu is a %s", i + 1,
				mok_type_name(list->u.list.items[i].type));
		}
		mok_buf_puts(&buf, i ? separator : "");
		mok_buf_puts(&buf, item);
	}
	return take(call, &buf, out);
}

bool fn_split(const struct call *call, struct mok_val *out)
{
	const char *separator, *text, *next;

	if (!call_text(call, 0, &separator) || !call_text(call, 1, &text))
		return false;
	if (!*separator)
		return call_fail(call, 0, "the separator is empty");
	*out = (struct mok_val){ .type = MOK_LIST };
	while ((next = strstr(text, separator))) {
		mok_val_append(call->eval->arena, out,
			mok_val_str(
				mok_arena_strndup(call->eval->arena, text, (size_t)(next - text))));
		text = next + strlen(separator);
	}
	mok_val_append(call->eval->arena, out, mok_val_str(text));
	return true;
}

bool fn_replace(const struct call *call, struct mok_val *out)
{
	const char *text, *from, *to, *next;
	struct mok_buf buf;

	if (!call_text(call, 0, &text) || !call_text(call, 1, &from) || !call_text(call, 2, &to))
		return false;
	if (!*from)
		return call_fail(call, 1, "the text to replace is empty");
	mok_buf_init(&buf, TEXT_MAX);
	while ((next = strstr(text, from))) {
		mok_buf_add(&buf, text, (size_t)(next - text));
		mok_buf_puts(&buf, to);
		text = next + strlen(from);
	}
	mok_buf_puts(&buf, text);
	return take(call, &buf, out);
}

/* "%d" with an optional zero flag and a width of at most two digits. */
static bool put_number(const struct call *call, size_t i, const char *spec, struct mok_buf *buf)
{
	bool zero = *spec == '0';
	int width = 0;
	int64_t n;

	for (; isdigit((unsigned char)*spec); spec++)
		width = width * 10 + (*spec - '0');
	if (!call_int(call, i, &n))
		return false;
	if (zero)
		mok_buf_printf(buf, "%0*lld", width, (long long)n);
	else
		mok_buf_printf(buf, "%*lld", width, (long long)n);
	return true;
}

static bool put_directive(
	const struct call *call, const char **at, size_t *next, struct mok_buf *buf)
{
	const char *spec = *at + 1, *end = spec, *text;

	while (isdigit((unsigned char)*end) && end < spec + 3)
		end++;
	*at = end + (*end != '\0');
	if (*end == '%' && end == spec) {
		mok_buf_putc(buf, '%');
		return true;
	}
	if (!(*end == 's' && end == spec) && *end != 'd')
		return call_fail(call, 0, "it knows %%s, %%d and %%%%, not \"%%%.*s\"",
			(int)(end - spec) + (*end != '\0'), spec);
	if (*next >= call->nargs)
		return call_fail(call, 0, "there are fewer values than %%");
	if (*end == 'd')
		return put_number(call, (*next)++, spec, buf);
	if (!call_text(call, (*next)++, &text))
		return false;
	mok_buf_puts(buf, text);
	return true;
}

bool fn_format(const struct call *call, struct mok_val *out)
{
	const char *at;
	struct mok_buf buf;
	size_t next = 1;

	if (!call_text(call, 0, &at))
		return false;
	mok_buf_init(&buf, TEXT_MAX);
	while (*at) {
		if (*at != '%') {
			mok_buf_putc(&buf, *at++);
		} else if (!put_directive(call, &at, &next, &buf)) {
			mok_buf_release(&buf);
			return false;
		}
	}
	if (next < call->nargs) {
		mok_buf_release(&buf);
		return call_fail(call, next, "there are more values than %%");
	}
	return take(call, &buf, out);
}

bool fn_sha256(const struct call *call, struct mok_val *out)
{
	const char *text;
	char hex[65];

	if (!call_text(call, 0, &text))
		return false;
	mok_sha256_hex(text, strlen(text), hex);
	*out = mok_val_str(mok_arena_strdup(call->eval->arena, hex));
	return true;
}

bool fn_base64encode(const struct call *call, struct mok_val *out)
{
	const char *text;

	if (!call_text(call, 0, &text))
		return false;
	*out = mok_val_str(mok_base64(call->eval->arena, text, strlen(text)));
	return true;
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

bool fn_base64decode(const struct call *call, struct mok_val *out)
{
	const char *text;
	uint32_t bits = 0;
	size_t len = 0, digits = 0, bad;
	char *decoded;

	if (!call_text(call, 0, &text))
		return false;
	decoded = mok_arena_alloc(call->eval->arena, strlen(text) + 1);
	for (; *text && *text != '='; text++) {
		int digit = base64_digit(*text);

		if (isspace((unsigned char)*text))
			continue;
		if (digit < 0)
			return call_fail(call, 0, "this is not base64");
		bits = bits << 6 | (uint32_t)digit;
		if (digits++ % 4)
			decoded[len++] = (char)(bits >> (6 - 2 * ((digits - 1) % 4)) & 0xff);
	}
	if (digits % 4 == 1)
		return call_fail(call, 0, "this is not base64");
	if (memchr(decoded, '\0', len) || !mok_utf8_valid(decoded, len, &bad))
		return call_fail(call, 0, "the decoded bytes are not text");
	*out = mok_val_str(decoded);
	return true;
}

/* ---- cidrsubnet ---- */

struct range {
	unsigned char bytes[16];
	int family, bits, prefix;
};

static bool read_range(const char *text, struct range *range)
{
	char address[64];
	const char *slash = strchr(text, '/');
	int64_t prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(address) ||
		!mok_parse_i64(slash + 1, &prefix))
		return false;
	memset(address, 0, sizeof(address));
	memcpy(address, text, (size_t)(slash - text));
	range->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	range->bits = range->family == AF_INET6 ? 128 : 32;
	range->prefix = (int)prefix;
	return prefix >= 0 && prefix <= range->bits &&
		inet_pton(range->family, address, range->bytes) == 1;
}

static void set_bit(unsigned char *bytes, int i, bool on)
{
	unsigned char mask = (unsigned char)(0x80 >> (i % 8));

	bytes[i / 8] = (unsigned char)(on ? bytes[i / 8] | mask : bytes[i / 8] & ~mask);
}

bool fn_cidrsubnet(const struct call *call, struct mok_val *out)
{
	struct range range = { 0 };
	const char *text;
	char address[64];
	int64_t more, number;

	if (!call_text(call, 0, &text) || !call_int(call, 1, &more) || !call_int(call, 2, &number))
		return false;
	if (!read_range(text, &range))
		return call_fail(call, 0, "\"%.64s\" is not a range such as 10.20.0.0/16", text);
	if (more < 0 || more > range.bits - range.prefix)
		return call_fail(call, 1, "a /%d has no room for %lld more bits", range.prefix,
			(long long)more);
	if (number < 0 || (more < 62 && number >= (int64_t)1 << more))
		return call_fail(call, 2, "%lld bits number the subnets 0 to %lld", (long long)more,
			(long long)(((int64_t)1 << (more < 62 ? more : 62)) - 1));
	for (int i = range.prefix; i < range.bits; i++) {
		int left = range.prefix + (int)more - 1 - i;

		set_bit(range.bytes, i, left >= 0 && left < 63 && (number >> left & 1));
	}
	inet_ntop(range.family, range.bytes, address, sizeof(address));
	*out = mok_val_str(
		mok_arena_printf(call->eval->arena, "%s/%d", address, range.prefix + (int)more));
	return true;
}
