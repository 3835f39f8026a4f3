/* Kubernetes' patterns are RE2's, whose syntax is PCRE's without what a machine in linear time
 * cannot do: looking around, references back, possessive and atomic groups, verbs, recursion. */
#include "regex_internal.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 1000, REPEAT_MAX = 1000 };

/* What a quantifier may follow. */
enum before { NOTHING = 0, AN_ITEM, A_QUANTIFIER, A_LAZY_ONE };

struct scan {
	struct mok_arena *arena;
	const char *pattern, *at;
	enum before before;
	const char *quantifier; /* where the last one began */
	int depth;
	const char *why;
};

const char *re_why(struct mok_arena *arena, const char *what, const char *from, size_t len)
{
	return mok_arena_printf(arena, "error parsing regexp: %s: `%.*s`", what, (int)len, from);
}

static void refuse(struct scan *s, const char *what, const char *from, size_t len)
{
	s->why = re_why(s->arena, what, from, len);
}

static void scan_escape(struct scan *s, const char *letters)
{
	const char *from = s->at, *end;
	char c = s->at[1];
	bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

	s->before = AN_ITEM;
	if (!c) {
		s->why = "error parsing regexp: trailing backslash at end of expression: ``";
		return;
	}
	if ((is_letter && !strchr(letters, c)) || c == '8' || c == '9' ||
		(c >= '1' && c <= '7' && !(s->at[2] >= '0' && s->at[2] <= '7'))) {
		refuse(s, "invalid escape sequence", from, 2);
		return;
	}
	s->at += 2;
	if (c == 'Q') {
		end = strstr(s->at, "\\E");
		s->at = end ? end + 2 : s->at + strlen(s->at);
	} else if (strchr("xpP", c) && *s->at == '{') {
		s->at += strcspn(s->at, "}");
		s->at += *s->at == '}';
	}
}

static void scan_class(struct scan *s)
{
	const char *from = s->at++, *end;

	s->at += *s->at == '^';
	s->at += *s->at == ']';
	while (!s->why && *s->at && *s->at != ']') {
		end = mok_starts(s->at, "[:") ? strstr(s->at, ":]") : NULL;
		if (end)
			s->at = end + 2;
		else if (*s->at == '\\')
			scan_escape(s, "aftnrvdDsSwWxpP");
		else
			s->at++;
	}
	if (!s->why && !*s->at)
		refuse(s, "missing closing ]", from, strlen(from));
	s->at++;
	s->before = AN_ITEM;
}

/* After "(?": a name, or flags. */
static void scan_kind_of_group(struct scan *s, const char *from)
{
	const char *p = s->at + 2, *end = p + strspn(p, "imsU-");

	if (mok_starts(p, "P<") || (*p == '<' && p[1] != '=' && p[1] != '!')) {
		end = strchr(p, '>');
		if (!end)
			refuse(s, "invalid named capture", from, strlen(from));
		else
			s->at = end;
		return;
	}
	if (*end != ':' && (*end != ')' || end == p)) {
		refuse(s, "invalid or unsupported Perl syntax", from,
			(size_t)(end - from) + (*end != 0));
		return;
	}
	s->at = end;
	if (*end == ')') /* the flags hold until the group around ends */
		s->depth--;
}

static void scan_open(struct scan *s)
{
	const char *from = s->at;

	s->before = NOTHING;
	if (++s->depth > DEPTH_MAX)
		refuse(s, "expression nests too deeply", s->pattern, strlen(s->pattern));
	else if (s->at[1] == '*')
		refuse(s, "missing argument to repetition operator", s->at + 1, 1);
	else if (s->at[1] == '?')
		scan_kind_of_group(s, from);
	s->at++;
}

static void scan_close(struct scan *s)
{
	s->before = AN_ITEM;
	s->at++;
	if (--s->depth < 0)
		refuse(s, "unexpected )", s->pattern, strlen(s->pattern));
}

/* The length of "*", "+", "?", "{2}", "{2,}", "{2,5}"; 0: it is none, but what it says. */
static size_t quantifier(const char *at)
{
	const char *p = at + 1;
	size_t n = strspn(p, "0123456789");

	if (*at != '{')
		return strchr("*+?", *at) ? 1 : 0;
	p += n;
	if (*p == ',')
		p += 1 + strspn(p + 1, "0123456789");
	return n && *p == '}' ? (size_t)(p + 1 - at) : 0;
}

static bool is_count_right(const char *at)
{
	char *end;
	long low = strtol(at + 1, &end, 10);
	long high = *end == ',' && end[1] != '}' ? strtol(end + 1, NULL, 10) : low;

	return low <= REPEAT_MAX && high <= REPEAT_MAX && high >= low;
}

static void scan_quantifier(struct scan *s, size_t len)
{
	if (s->before == NOTHING)
		refuse(s, "missing argument to repetition operator", s->at, len);
	else if (*s->at == '{' && !is_count_right(s->at))
		refuse(s, "invalid repeat count", s->at, len);
	else if (s->before == A_QUANTIFIER && *s->at == '?')
		s->before = A_LAZY_ONE;
	else if (s->before != AN_ITEM)
		refuse(s, "invalid nested repetition operator", s->quantifier,
			(size_t)(s->at - s->quantifier) + len);
	else {
		s->before = A_QUANTIFIER;
		s->quantifier = s->at;
	}
	s->at += len;
}

static void scan_one(struct scan *s)
{
	size_t len = quantifier(s->at);

	if (len) {
		scan_quantifier(s, len);
		return;
	}
	switch (*s->at) {
	case '\\': scan_escape(s, "aftnrvAbBzdDsSwWxpPQ"); break;
	case '[': scan_class(s); break;
	case '(': scan_open(s); break;
	case ')': scan_close(s); break;
	case '|':
		s->before = NOTHING;
		s->at++;
		break;
	default: s->before = AN_ITEM; s->at++;
	}
}

const char *re_unlike_re2(struct mok_arena *arena, const char *pattern)
{
	struct scan s = { .arena = arena, .pattern = pattern, .at = pattern };

	while (!s.why && *s.at)
		scan_one(&s);
	if (!s.why && s.depth > 0)
		refuse(&s, "missing closing )", pattern, strlen(pattern));
	return s.why;
}
