/* Times in bodies, and Go's words for those that are none (time.Parse with RFC 3339). */
#include "apiserver_internal.h"
#include "cel.h"

#include <ctype.h>

struct part {
	const char *as; /* what Go calls it: its part of the layout */
	size_t digits;  /* 0: the part itself */
	int min, max;
	const char *what;
};

static const struct part parts[] = {
	{ "2006", 4, 0, 9999, "year" },
	{ "-", 0, 0, 0, NULL },
	{ "01", 2, 1, 12, "month" },
	{ "-", 0, 0, 0, NULL },
	{ "02", 2, 1, 31, "day" },
	{ "T", 0, 0, 0, NULL },
	{ "15", 2, 0, 23, "hour" },
	{ ":", 0, 0, 0, NULL },
	{ "04", 2, 0, 59, "minute" },
	{ ":", 0, 0, 0, NULL },
	{ "05", 2, 0, 59, "second" },
};

/* How many characters of the text are that part; 0: it is not there. */
static size_t part_len(const struct part *part, const char *text)
{
	size_t n = 0;

	if (!part->digits)
		return *text == *part->as ? 1 : 0;
	while (n < part->digits && isdigit((unsigned char)text[n]))
		n++;
	return n == part->digits ? n : 0;
}

static int number_of(const char *text, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n = n * 10 + (text[i] - '0');
	return n;
}

static size_t fraction_len(const char *text)
{
	size_t n = text[0] == '.' || text[0] == ',' ? strspn(text + 1, "0123456789") : 0;

	return n ? n + 1 : 0;
}

/* "Z" or "+01:30" at the text's end. */
static bool is_zone(const char *text)
{
	if (strcmp(text, "Z") == 0)
		return true;
	return (text[0] == '+' || text[0] == '-') && strlen(text) == 6 && text[3] == ':' &&
		strspn(text + 1, "0123456789") == 2 && strspn(text + 4, "0123456789") == 2 &&
		number_of(text + 1, 2) <= 24 && number_of(text + 4, 2) < 60;
}

const char *ks_time_wrong(struct mok_arena *arena, const char *text, bool micro)
{
	const char *layout =
		micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
	const char *at = text, *out_of_range = NULL;
	int numbers[MOK_COUNT(parts)];

	for (size_t i = 0; i < MOK_COUNT(parts); i++) {
		size_t len = part_len(&parts[i], at);

		if (!len)
			return mok_arena_printf(arena,
				"parsing time \"%s\" as \"%s\": cannot parse \"%s\" as \"%s\"",
				text, layout, at, parts[i].as);
		numbers[i] = parts[i].digits ? number_of(at, len) : 0;
		if (!out_of_range && parts[i].digits &&
			(numbers[i] < parts[i].min || numbers[i] > parts[i].max))
			out_of_range = parts[i].what;
		at += len;
	}
	if (!out_of_range && numbers[4] > cel_month_len(numbers[0], numbers[2]))
		out_of_range = "day";
	if (out_of_range)
		return mok_arena_printf(
			arena, "parsing time \"%s\": %s out of range", text, out_of_range);
	at += fraction_len(at);
	if (is_zone(at))
		return NULL;
	return mok_arena_printf(arena,
		"parsing time \"%s\" as \"%s\": cannot parse \"%s\" as \"Z07:00\"", text, layout,
		at);
}
