#include "report_internal.h"

#include <stdio.h>
#include <string.h>

struct range {
	uint32_t first, last;
};

/* East Asian wide and fullwidth blocks and emoji, from Unicode's EastAsianWidth.txt, coarsely. */
static const struct range wide[] = {
	{ 0x1100, 0x115f },
	{ 0x231a, 0x231b },
	{ 0x2329, 0x232a },
	{ 0x23e9, 0x23ec },
	{ 0x2614, 0x2615 },
	{ 0x2648, 0x2653 },
	{ 0x26a1, 0x26a1 },
	{ 0x2705, 0x2705 },
	{ 0x274c, 0x274c },
	{ 0x2753, 0x2755 },
	{ 0x2795, 0x2797 },
	{ 0x2e80, 0x303e },
	{ 0x3041, 0xa4cf },
	{ 0xa960, 0xa97c },
	{ 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f },
	{ 0xff00, 0xff60 },
	{ 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f },
	{ 0x1f680, 0x1f6ff },
	{ 0x1f900, 0x1f9ff },
	{ 0x20000, 0x3fffd },
};

/* Combining marks and joiners that take no column of their own. */
static const struct range zero[] = {
	{ 0x0300, 0x036f },
	{ 0x0483, 0x0489 },
	{ 0x0591, 0x05bd },
	{ 0x0610, 0x061a },
	{ 0x064b, 0x065f },
	{ 0x0900, 0x0902 },
	{ 0x0e34, 0x0e3a },
	{ 0x1ab0, 0x1aff },
	{ 0x1dc0, 0x1dff },
	{ 0x20d0, 0x20ff },
	{ 0x3099, 0x309a },
	{ 0xfe00, 0xfe0f },
	{ 0xfe20, 0xfe2f },
	{ 0xe0100, 0xe01ef },
};

/* Controls, line separators, bidirectional overrides, invisible and private characters: they could
 * change what a reader believes to see. */
static const struct range hidden[] = {
	{ 0x0000, 0x001f },
	{ 0x007f, 0x009f },
	{ 0x00ad, 0x00ad },
	{ 0x061c, 0x061c },
	{ 0x180e, 0x180e },
	{ 0x200b, 0x200f },
	{ 0x2028, 0x202e },
	{ 0x2060, 0x206f },
	{ 0xe000, 0xf8ff },
	{ 0xfeff, 0xfeff },
	{ 0xfff0, 0xfffb },
	{ 0xe0000, 0xe007f },
	{ 0xf0000, 0x10ffff },
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t code)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (code > ranges[mid].last)
			low = mid + 1;
		else
			high = mid;
	}
	return low < count && code >= ranges[low].first;
}

struct text_char text_decode(const char *s, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = (unsigned char)s[0];
	struct text_char bad = { lead, 1, true };
	unsigned char n = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	uint32_t code = lead < 0x80 ? lead : lead & (0xffU >> (n + 1));

	if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || n > len)
		return bad;
	for (unsigned char i = 1; i < n; i++) {
		unsigned char next = (unsigned char)s[i];

		if ((next & 0xc0) != 0x80)
			return bad;
		code = code << 6 | (next & 0x3fU);
	}
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return bad;
	return (struct text_char){ code, n, false };
}

static int show_escape(struct mok_buf *out, struct text_char ch)
{
	static const char letters[] = "abtnvfr";
	char text[16];
	int len;

	if (!ch.bad && ch.code >= 7 && ch.code <= 13)
		len = snprintf(text, sizeof(text), "\\%c", letters[ch.code - 7]);
	else if (ch.bad || ch.code < 0x80)
		len = snprintf(text, sizeof(text), "\\x%02x", (unsigned)ch.code);
	else if (ch.code < 0x10000)
		len = snprintf(text, sizeof(text), "\\u%04x", (unsigned)ch.code);
	else
		len = snprintf(text, sizeof(text), "\\U%08x", (unsigned)ch.code);
	if (out)
		mok_buf_puts(out, text);
	return len;
}

int text_show(
	struct mok_buf *out, const struct mok_style *style, const char *s, struct text_char ch)
{
	if (ch.bad || in_ranges(hidden, MOK_COUNT(hidden), ch.code) ||
		(ch.code >= 0x80 && !style->utf8))
		return show_escape(out, ch);
	if (out)
		mok_buf_add(out, s, ch.bytes);
	if (in_ranges(zero, MOK_COUNT(zero), ch.code))
		return 0;
	return in_ranges(wide, MOK_COUNT(wide), ch.code) ? 2 : 1;
}

void text_add_n(struct mok_buf *out, const struct mok_style *style, const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		struct text_char ch = text_decode(s + i, len - i);

		text_show(out, style, s + i, ch);
		i += ch.bytes;
	}
}

void mok_text_add(struct mok_buf *out, const struct mok_style *style, const char *s)
{
	text_add_n(out, style, s, strlen(s));
}

int mok_text_width(const struct mok_style *style, const char *s)
{
	size_t len = strlen(s);
	int columns = 0;

	for (size_t i = 0; i < len;) {
		struct text_char ch = text_decode(s + i, len - i);

		columns += text_show(NULL, style, s + i, ch);
		i += ch.bytes;
	}
	return columns;
}

void mok_text_cut(struct mok_buf *out, const struct mok_style *style, const char *s, int columns)
{
	size_t len = strlen(s);
	int dots = style->utf8 ? 1 : 3, used = 0;

	if (mok_text_width(style, s) <= columns) {
		mok_text_add(out, style, s);
		return;
	}
	for (size_t i = 0; i < len;) {
		struct text_char ch = text_decode(s + i, len - i);
		int wants = text_show(NULL, style, s + i, ch);

		if (used + wants > columns - dots)
			break;
		used += text_show(out, style, s + i, ch);
		i += ch.bytes;
	}
	mok_buf_puts(out, text_dots(style));
}

void mok_text_pad(struct mok_buf *out, int columns)
{
	for (int i = 0; i < columns; i++)
		mok_buf_putc(out, ' ');
}

void mok_tint(struct mok_buf *out, const struct mok_style *style, enum mok_tint tint)
{
	static const char *const codes[] = {
		[MOK_TINT_PLAIN] = "\033[0m",
		[MOK_TINT_BOLD] = "\033[1m",
		[MOK_TINT_DIM] = "\033[2m",
		[MOK_TINT_RED] = "\033[31m",
		[MOK_TINT_GREEN] = "\033[32m",
		[MOK_TINT_YELLOW] = "\033[33m",
		[MOK_TINT_CYAN] = "\033[36m",
		[MOK_TINT_ALARM] = "\033[1;31m",
	};

	if (style->color)
		mok_buf_puts(out, codes[tint]);
}

const char *text_arrow(const struct mok_style *style)
{
	return style->utf8 ? "\u2192" : "->";
}

const char *text_dots(const struct mok_style *style)
{
	return style->utf8 ? "\u2026" : "...";
}

/* One line's worth of [s, s+len): how many bytes fit, broken at the last space. */
static size_t fit(const struct mok_style *style, const char *s, size_t len, int columns)
{
	size_t last_space = 0, i = 0;
	int used = 0;

	while (i < len) {
		struct text_char ch = text_decode(s + i, len - i);

		used += text_show(NULL, style, s + i, ch);
		if (used > columns && last_space)
			return last_space;
		if (s[i] == ' ' && i > 0)
			last_space = i;
		i += ch.bytes;
		if (used > columns && i < len && s[i] == ' ')
			return i;
	}
	return len;
}

static void wrap_paragraph(struct mok_buf *out, const struct mok_style *style, const char *s,
	size_t len, int indent, bool hanging)
{
	int columns = style->width - indent;

	do {
		size_t n = fit(style, s, len, columns < 20 ? 20 : columns);

		if (!hanging && len)
			mok_text_pad(out, indent);
		hanging = false;
		text_add_n(out, style, s, n);
		mok_buf_putc(out, '\n');
		while (n < len && s[n] == ' ')
			n++;
		s += n;
		len -= n;
	} while (len);
}

void mok_text_wrap(
	struct mok_buf *out, const struct mok_style *style, const char *s, int indent, bool hanging)
{
	for (;;) {
		size_t len = strcspn(s, "\n");

		wrap_paragraph(out, style, s, len, indent, hanging);
		hanging = false;
		if (!s[len] || !s[len + 1])
			return;
		s += len + 1;
	}
}

void mok_text_duration(struct mok_buf *out, int64_t ms)
{
	int64_t seconds = (ms + 500) / 1000;

	if (ms < 10000) {
		int64_t tenths = (ms + 50) / 100;

		mok_buf_printf(
			out, "%lld.%llds", (long long)(tenths / 10), (long long)(tenths % 10));
	} else if (seconds < 60) {
		mok_buf_printf(out, "%llds", (long long)seconds);
	} else if (seconds < 3600) {
		mok_buf_printf(out, "%lldm", (long long)(seconds / 60));
		if (seconds % 60)
			mok_buf_printf(out, " %llds", (long long)(seconds % 60));
	} else {
		mok_buf_printf(out, "%lldh", (long long)(seconds / 3600));
		if (seconds / 60 % 60)
			mok_buf_printf(out, " %lldm", (long long)(seconds / 60 % 60));
	}
}

void mok_text_money(struct mok_buf *out, int64_t cents)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)(cents / 100));

	mok_buf_putc(out, '$');
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			mok_buf_putc(out, ',');
		mok_buf_putc(out, digits[i]);
	}
	mok_buf_printf(out, ".%02lld", (long long)(cents % 100));
}
