/* Values as text: what string() and format() make of them, and errors tell. */
#include "functions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Go's %g of the fewest digits that read back as the same number. */
static const char *double_text(struct mok_arena *arena, double value)
{
	char text[40];
	int digits = 1, power;
	const char *e;

	if (isnan(value))
		return "NaN";
	if (isinf(value))
		return value < 0 ? "-Inf" : "+Inf";
	do
		snprintf(text, sizeof(text), "%.*e", digits - 1, value);
	while (strtod(text, NULL) != value && ++digits <= 17);
	e = strchr(text, 'e');
	power = e ? (int)strtol(e + 1, NULL, 10) : 0;
	if (power < -4 || power >= 6)
		return mok_arena_strdup(arena, text);
	return mok_arena_printf(
		arena, "%.*f", digits - 1 - power > 0 ? digits - 1 - power : 0, value);
}

static void add(struct mok_arena *arena, struct mok_buf *buf, const struct cel_val *value);

/* As Go's %q writes it. */
static void add_quoted(struct mok_buf *buf, struct cel_text text)
{
	static const char codes[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";

	mok_buf_putc(buf, '"');
	for (size_t i = 0; i < text.len; i++) {
		const char *found = text.at[i] ? strchr(codes, text.at[i]) : NULL;

		if (found)
			mok_buf_printf(buf, "\\%c", letters[found - codes]);
		else if ((unsigned char)text.at[i] < ' ')
			mok_buf_printf(buf, "\\x%02x", (unsigned char)text.at[i]);
		else
			mok_buf_putc(buf, text.at[i]);
	}
	mok_buf_putc(buf, '"');
}

/* Within a list or a map. */
static void add_inner(struct mok_arena *arena, struct mok_buf *buf, const struct cel_val *value)
{
	switch ((int)value->kind) {
	case CEL_BYTES:
		mok_buf_putc(buf, 'b');
		add_quoted(buf, value->is.text);
		return;
	case CEL_STRING: add_quoted(buf, value->is.text); return;
	case CEL_DOUBLE:
		if (isfinite(value->is.d))
			mok_buf_printf(buf, "%.6f", value->is.d);
		else
			mok_buf_printf(buf, "\"%s\"", double_text(arena, value->is.d));
		return;
	case CEL_DURATION:
		mok_buf_printf(buf, "duration(\"%s\")", cel_duration_text(arena, value->is.i));
		return;
	case CEL_TIMESTAMP:
		mok_buf_printf(buf, "timestamp(\"%s\")", cel_timestamp_text(arena, value));
		return;
	default: add(arena, buf, value);
	}
}

static void add_list(struct mok_arena *arena, struct mok_buf *buf, const struct cel_val *list)
{
	mok_buf_putc(buf, '[');
	for (size_t i = 0; i < cel_list_len(list) && !buf->overflow; i++) {
		mok_buf_puts(buf, i ? ", " : "");
		add_inner(arena, buf, &cel_list_items(list)[i]);
	}
	mok_buf_putc(buf, ']');
}

static const char *printed(struct mok_arena *arena, const struct cel_val *value,
	void (*print)(struct mok_arena *arena, struct mok_buf *buf, const struct cel_val *value))
{
	struct mok_buf buf;
	const char *out;

	mok_buf_init(&buf, 1 << 20);
	print(arena, &buf, value);
	out = mok_arena_strndup(arena, buf.data, buf.len);
	mok_buf_release(&buf);
	return out;
}

struct pair {
	const char *key, *value;
};

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void add_map(struct mok_arena *arena, struct mok_buf *buf, const struct cel_val *map)
{
	size_t n = cel_map_len(map);
	struct pair *pairs = MOK_NEW_N(arena, struct pair, n + 1);

	for (size_t i = 0; i < n; i++) {
		pairs[i].key = printed(arena, &cel_map_entries(map)[i].key, add_inner);
		pairs[i].value = printed(arena, &cel_map_entries(map)[i].value, add_inner);
	}
	qsort(pairs, n, sizeof(*pairs), by_key);
	mok_buf_putc(buf, '{');
	for (size_t i = 0; i < n; i++)
		mok_buf_printf(buf, "%s%s:%s", i ? ", " : "", pairs[i].key, pairs[i].value);
	mok_buf_putc(buf, '}');
}

static void add(struct mok_arena *arena, struct mok_buf *buf, const struct cel_val *value)
{
	switch ((int)value->kind) {
	case CEL_NULL: mok_buf_puts(buf, "null"); return;
	case CEL_BOOL: mok_buf_puts(buf, value->is.truth ? "true" : "false"); return;
	case CEL_INT: mok_buf_printf(buf, "%lld", (long long)value->is.i); return;
	case CEL_UINT: mok_buf_printf(buf, "%llu", (unsigned long long)value->is.u); return;
	case CEL_DOUBLE: mok_buf_puts(buf, double_text(arena, value->is.d)); return;
	case CEL_STRING:
	case CEL_BYTES: mok_buf_add(buf, value->is.text.at, value->is.text.len); return;
	case CEL_LIST: add_list(arena, buf, value); return;
	case CEL_MAP: add_map(arena, buf, value); return;
	case CEL_DURATION: mok_buf_puts(buf, cel_duration_text(arena, value->is.i)); return;
	case CEL_TIMESTAMP: mok_buf_puts(buf, cel_timestamp_text(arena, value)); return;
	case CEL_TYPE: mok_buf_puts(buf, cel_kind_name(value->is.type->kind)); return;
	case CEL_IP:
	case CEL_CIDR: mok_buf_add(buf, value->is.net->text.at, value->is.net->text.len); return;
	case CEL_URL: mok_buf_puts(buf, value->is.url->text); return;
	default: mok_buf_puts(buf, cel_kind_name(value->kind)); return;
	}
}

const char *cel_shown(struct mok_arena *arena, const struct cel_val *value)
{
	return printed(arena, value, add);
}

CEL_FUNCTION(cel_fn_string)
{
	return cel_string(printed(run->arena, &args[0], add));
}

CEL_FUNCTION(cel_fn_string_of_bytes)
{
	if (!mok_utf8_valid(args[0].is.text.at, args[0].is.text.len, NULL))
		return cel_error(run->arena, "invalid UTF-8 in bytes, cannot convert to string");
	return cel_text(args[0].is.text.at, args[0].is.text.len);
}

CEL_FUNCTION(cel_fn_bytes)
{
	(void)run;
	return (struct cel_val){ .kind = CEL_BYTES, .is.text = args[0].is.text };
}

/* ---- format ---- */

struct formatter {
	struct mok_arena *arena;
	struct mok_buf buf;
	const char *wrong;
};

static const char *no_format(
	struct mok_arena *arena, const char *what, const char *takes, const struct cel_val *value)
{
	return mok_arena_printf(arena,
		"error during formatting: %s clause can only be used on %s, was given %s", what,
		takes, cel_kind_name(value->kind));
}

/* "1234.5" as English writes it: "1,234.5". */
static void add_grouped(struct mok_buf *buf, const char *text)
{
	size_t digits;

	if (*text == '-')
		mok_buf_putc(buf, *text++);
	digits = strspn(text, "0123456789");
	for (; digits; digits--) {
		mok_buf_putc(buf, *text++);
		if (digits > 1 && digits % 3 == 1)
			mok_buf_putc(buf, ',');
	}
	mok_buf_puts(buf, text);
}

/* "1.5e+03" as "1.5 \u00d7 10\u2070\u00b3". */
static void add_power(struct mok_buf *buf, const char *text)
{
	static const char *const raised[] = { "\xe2\x81\xb0", "\xc2\xb9", "\xc2\xb2", "\xc2\xb3",
		"\xe2\x81\xb4", "\xe2\x81\xb5", "\xe2\x81\xb6", "\xe2\x81\xb7", "\xe2\x81\xb8",
		"\xe2\x81\xb9" };
	size_t mantissa = strcspn(text, "e");

	mok_buf_add(buf, text, mantissa);
	mok_buf_puts(buf,
		"\xc3\x97"
		"10");
	for (text += mantissa + (text[mantissa] != 0); *text; text++)
		if (*text == '-')
			mok_buf_puts(buf, "\xe2\x81\xbb");
		else if (*text >= '0' && *text <= '9')
			mok_buf_puts(buf, raised[*text - '0']);
}

static void add_number(struct formatter *f, char how, int precision, const struct cel_val *value)
{
	double number = value->is.d;

	if (value->kind != CEL_DOUBLE)
		f->wrong = no_format(
			f->arena, how == 'f' ? "fixed-point" : "scientific", "doubles", value);
	else if (isnan(number) || isinf(number))
		mok_buf_puts(&f->buf,
			isnan(number)        ? "NaN"
				: number < 0 ? "-\xe2\x88\x9e"
					     : "\xe2\x88\x9e");
	else if (how == 'f')
		add_grouped(&f->buf, mok_arena_printf(f->arena, "%.*f", precision, number));
	else
		add_power(&f->buf, mok_arena_printf(f->arena, "%.*e", precision, number));
}

static void add_digits(struct formatter *f, uint64_t number, unsigned base, bool upper)
{
	char digits[65];
	size_t at = sizeof(digits);

	do
		digits[--at] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[number % base];
	while (number /= base);
	mok_buf_add(&f->buf, digits + at, sizeof(digits) - at);
}

static void add_hex(struct formatter *f, const struct cel_text *text, bool upper)
{
	for (size_t i = 0; i < text->len; i++)
		mok_buf_printf(&f->buf, upper ? "%02X" : "%02x", (unsigned char)text->at[i]);
}

static const struct base {
	char letter;
	unsigned base;
	const char *name, *takes;
} bases[] = { { 'b', 2, "binary", "integers and bools" }, { 'o', 8, "octal", "integers" },
	{ 'x', 16, "hex", "integers, byte buffers, and strings" },
	{ 'X', 16, "hex", "integers, byte buffers, and strings" } };

static void add_based(struct formatter *f, const struct base *base, const struct cel_val *value)
{
	bool upper = base->letter == 'X', minus = value->kind == CEL_INT && value->is.i < 0;

	if (base->base == 16 && (value->kind == CEL_STRING || value->kind == CEL_BYTES)) {
		add_hex(f, &value->is.text, upper);
	} else if (value->kind == CEL_INT || value->kind == CEL_UINT) {
		mok_buf_puts(&f->buf, minus ? "-" : "");
		add_digits(f, minus ? 0 - value->is.u : value->is.u, base->base, upper);
	} else if (value->kind == CEL_BOOL && base->base == 2) {
		mok_buf_putc(&f->buf, value->is.truth ? '1' : '0');
	} else {
		f->wrong = no_format(f->arena, base->name, base->takes, value);
	}
}

static void add_clause(struct formatter *f, char how, int precision, const struct cel_val *value)
{
	switch (how) {
	case 's': add(f->arena, &f->buf, value); return;
	case 'd':
		if (value->kind == CEL_INT || value->kind == CEL_UINT)
			add(f->arena, &f->buf, value);
		else
			f->wrong = no_format(f->arena, "decimal", "integers", value);
		return;
	case 'f':
	case 'e': add_number(f, how, precision, value); return;
	default:
		for (size_t i = 0; i < MOK_COUNT(bases); i++)
			if (bases[i].letter == how) {
				add_based(f, &bases[i], value);
				return;
			}
		f->wrong = mok_arena_printf(f->arena,
			"could not parse formatting clause: unrecognized formatting clause \"%c\"",
			how);
	}
}

/* ".3" before a letter. */
static int read_precision(struct cel_text text, size_t *at)
{
	int out = 0;

	if (*at >= text.len || text.at[*at] != '.')
		return 6;
	for ((*at)++; *at < text.len && text.at[*at] >= '0' && text.at[*at] <= '9'; (*at)++)
		out = out < 1000 ? out * 10 + (text.at[*at] - '0') : out;
	return out < 1000 ? out : 1000;
}

static void format(struct formatter *f, struct cel_text text, const struct cel_val *list)
{
	size_t used = 0;

	for (size_t i = 0; i < text.len && !f->wrong; i++) {
		int precision;

		if (text.at[i] != '%' || (i + 1 < text.len && text.at[i + 1] == '%')) {
			mok_buf_putc(&f->buf, text.at[i]);
			i += text.at[i] == '%';
			continue;
		}
		i++;
		precision = read_precision(text, &i);
		if (i >= text.len)
			f->wrong = "unexpected end of format string";
		else if (used >= cel_list_len(list))
			f->wrong = mok_arena_printf(f->arena, "index %zu out of range", used);
		else
			add_clause(f, text.at[i], precision, &cel_list_items(list)[used++]);
	}
}

CEL_FUNCTION(cel_fn_format)
{
	struct formatter f = { .arena = run->arena };
	struct cel_val out;

	mok_buf_init(&f.buf, 1 << 22);
	format(&f, args[0].is.text, &args[1]);
	cel_spend(run, f.buf.len / 10);
	out = f.wrong ? cel_error(run->arena, "%s", f.wrong)
		      : cel_text(mok_arena_strndup(run->arena, f.buf.data, f.buf.len), f.buf.len);
	mok_buf_release(&f.buf);
	return out;
}
