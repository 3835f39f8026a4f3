#include "plan_internal.h"

#include <limits.h>
#include <regex.h>
#include <string.h>

/*
 * The patterns of fields. Most are short: each place of a character in them is a bit, and a text is
 * walked once with the set of the places that its characters may be at (Glushkov's construction).
 * That costs a hundredth of compiling the pattern, whose compiled form nobody would keep. What does
 * not fit, or is written with more than brackets, groups, "|" and counts, is left to POSIX.
 */

#define PLACES_MAX 64
#define COPIES_MAX 64

struct automaton {
	uint64_t by_byte[UCHAR_MAX + 1]; /* the places that stand for this byte */
	uint64_t follow[PLACES_MAX];
	size_t len;
	const char *at; /* what of the pattern is not read yet */
	bool failed;
};

/* A part of the pattern: where a text for it may begin and end. */
struct part {
	uint64_t first, last;
	bool may_be_empty;
};

static struct part alternatives(struct automaton *a);

static struct part nothing(void)
{
	return (struct part){ .may_be_empty = true };
}

static struct part fail(struct automaton *a)
{
	a->failed = true;
	return nothing();
}

static void link_places(struct automaton *a, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < a->len; i++)
		if (from >> i & 1)
			a->follow[i] |= to;
}

static struct part in_sequence(struct automaton *a, struct part x, struct part y)
{
	link_places(a, x.last, y.first);
	return (struct part){ .first = x.first | (x.may_be_empty ? y.first : 0),
		.last = y.last | (y.may_be_empty ? x.last : 0),
		.may_be_empty = x.may_be_empty && y.may_be_empty };
}

/* ---- one character ---- */

static void add_range(struct automaton *a, uint64_t place, unsigned char from, unsigned char to)
{
	for (size_t c = from; c <= to; c++)
		a->by_byte[c] |= place;
}

static void negate(struct automaton *a, uint64_t place)
{
	for (size_t c = 0; c < MOK_COUNT(a->by_byte); c++)
		a->by_byte[c] ^= place;
}

/* After "[": a plain list of characters and ranges. */
static bool read_brackets(struct automaton *a, uint64_t place)
{
	bool negated = *a->at == '^';
	const char *first = a->at + negated;

	for (a->at = first; *a->at && (*a->at != ']' || a->at == first);) {
		unsigned char from = (unsigned char)*a->at++, to = from;

		if (a->at[0] == '-' && a->at[1] && a->at[1] != ']') {
			to = (unsigned char)a->at[1];
			a->at += 2;
		}
		if (from == '[' || to < from)
			return false;
		add_range(a, place, from, to);
	}
	if (negated)
		negate(a, place);
	a->at += *a->at == ']';
	return a->at[-1] == ']';
}

static bool read_character(struct automaton *a, uint64_t place)
{
	char c = *a->at++;

	if (c == '[')
		return read_brackets(a, place);
	if (c == '.') {
		add_range(a, place, 0, UCHAR_MAX);
		return true;
	}
	if (c == '\\') {
		c = *a->at;
		if (!c || !strchr(".[\\()*+?{|^$/", c))
			return false;
		a->at++;
	} else if (strchr("*+?{^$", c)) {
		return false;
	}
	add_range(a, place, (unsigned char)c, (unsigned char)c);
	return true;
}

static struct part one_character(struct automaton *a)
{
	uint64_t place;

	if (a->len == PLACES_MAX)
		return fail(a);
	place = (uint64_t)1 << a->len++;
	if (!read_character(a, place))
		return fail(a);
	return (struct part){ .first = place, .last = place };
}

/* ---- repeating ---- */

static struct part group_or_character(struct automaton *a)
{
	struct part part;

	if (*a->at != '(')
		return one_character(a);
	a->at++;
	part = alternatives(a);
	if (a->failed || *a->at != ')')
		return fail(a);
	a->at++;
	return part;
}

static int read_number(struct automaton *a)
{
	int n = 0;

	if (*a->at < '0' || *a->at > '9')
		a->failed = true;
	while (*a->at >= '0' && *a->at <= '9' && n <= COPIES_MAX)
		n = n * 10 + (*a->at++ - '0');
	return n;
}

/* "{2}", "{2,}", "{2,4}"; max -1: without end. */
static void read_count(struct automaton *a, int *min, int *max)
{
	a->at++;
	*min = *max = read_number(a);
	if (*a->at == ',') {
		a->at++;
		*max = *a->at == '}' ? -1 : read_number(a);
	}
	if (*a->at != '}' || *max > COPIES_MAX || *min > COPIES_MAX || (*max >= 0 && *max < *min))
		a->failed = true;
	else
		a->at++;
}

static void read_times(struct automaton *a, int *min, int *max)
{
	char c = *a->at;

	*min = *max = 1;
	if (c == '{') {
		read_count(a, min, max);
	} else if (c && strchr("*+?", c)) {
		a->at++;
		*min = c == '+';
		*max = c == '?' ? 1 : -1;
	}
	if (!a->failed && *a->at && strchr("*+?{", *a->at))
		a->failed = true; /* a count of a count */
}

/* Another copy: places of its own for the same piece of the pattern. */
static struct part copy_of(struct automaton *a, const char *from)
{
	const char *behind = a->at;
	struct part part;

	a->at = from;
	part = group_or_character(a);
	a->at = behind;
	return part;
}

static struct part repeated(struct automaton *a)
{
	const char *from = a->at;
	struct part one = group_or_character(a), all;
	int min, max;

	if (a->failed)
		return one;
	read_times(a, &min, &max);
	if (a->failed || max == 0)
		return fail(a);
	one.may_be_empty |= min == 0;
	all = one;
	for (int i = 1; i < (max < 0 ? min : max) && !a->failed; i++) {
		one = copy_of(a, from);
		one.may_be_empty |= i >= min;
		all = in_sequence(a, all, one);
	}
	if (max < 0)
		link_places(a, one.last, one.first);
	return all;
}

static struct part sequence(struct automaton *a)
{
	struct part all = nothing();

	while (!a->failed && *a->at && *a->at != '|' && *a->at != ')')
		all = in_sequence(a, all, repeated(a));
	return all;
}

static struct part alternatives(struct automaton *a)
{
	struct part all = sequence(a), other;

	while (!a->failed && *a->at == '|') {
		a->at++;
		other = sequence(a);
		all.first |= other.first;
		all.last |= other.last;
		all.may_be_empty |= other.may_be_empty;
	}
	return all;
}

/* ---- matching ---- */

static bool walk(const struct automaton *a, struct part whole, const char *text)
{
	uint64_t next = whole.first, now = 0;

	if (!*text)
		return whole.may_be_empty;
	for (const char *c = text; *c; c++) {
		now = next & a->by_byte[(unsigned char)*c];
		if (!now)
			return false;
		next = 0;
		for (uint64_t rest = now; rest; rest &= rest - 1)
			next |= a->follow[__builtin_ctzll(rest)];
	}
	return (now & whole.last) != 0;
}

static bool posix_matches(const char *pattern, const char *text)
{
	regex_t regex;
	regmatch_t match;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
		MOK_BUG("a field's pattern is not a regular expression");
	found = regexec(&regex, text, 1, &match, 0) == 0 && match.rm_so == 0 &&
		(size_t)match.rm_eo == strlen(text);
	regfree(&regex);
	return found;
}

bool plan_matches(const char *pattern, const char *text)
{
	struct automaton a = { .at = pattern };
	struct part whole = alternatives(&a);

	if (a.failed || *a.at)
		return posix_matches(pattern, text);
	return walk(&a, whole, text);
}
