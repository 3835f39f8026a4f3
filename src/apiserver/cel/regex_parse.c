/* RE2's syntax (https://github.com/google/re2/wiki/Syntax) to a tree. */
#include "regex.h"

#include <ctype.h>
#include <stdlib.h>

struct parser {
	struct mok_arena *arena;
	const char *pattern, *at;
	const char *why;
	bool fold, lines, dot_all, swapped; /* the flags i, m, s, U */
	int depth;
};

static struct re_node *parse_choice(struct parser *p);

static struct re_node *fail(struct parser *p, const char *what, const char *from, size_t len)
{
	if (!p->why)
		p->why = mok_arena_printf(
			p->arena, "error parsing regexp: %s: `%.*s`", what, (int)len, from);
	return NULL;
}

static struct re_node *node_new(struct parser *p, enum re_kind kind)
{
	struct re_node *node = MOK_NEW(p->arena, struct re_node);

	node->kind = kind;
	return node;
}

static struct re_class *class_new(struct parser *p)
{
	struct re_class *class = MOK_NEW(p->arena, struct re_class);

	class->fold = p->fold;
	return class;
}

static struct re_node *one(struct parser *p, const struct re_class *class)
{
	struct re_node *node = node_new(p, RE_ONE);

	node->class = class;
	return node;
}

static struct re_node *literal(struct parser *p, uint32_t code)
{
	struct re_class *class = class_new(p);

	re_add_range(p->arena, class, code, code);
	return one(p, class);
}

static struct re_node *place(struct parser *p, enum re_assert assert)
{
	struct re_node *node = node_new(p, RE_PLACE);

	node->assert = assert;
	return node;
}

static uint32_t next_code(struct parser *p)
{
	uint32_t code;

	p->at += cel_utf8_next(p->at, strlen(p->at), &code);
	return code;
}

/* ---- escapes ---- */

static bool hexadecimal(struct parser *p, uint32_t *out)
{
	const char *end = NULL;
	char digits[9] = "";
	size_t n;

	if (*p->at == '{') {
		end = strchr(++p->at, '}');
		n = end ? (size_t)(end - p->at) : 0;
	} else {
		n = 2;
	}
	if (!n || n > 8 || strspn(p->at, "0123456789abcdefABCDEF") < n)
		return false;
	memcpy(digits, p->at, n);
	*out = (uint32_t)strtoul(digits, NULL, 16);
	p->at += n + (end ? 1 : 0);
	return *out <= 0x10ffff;
}

/* A character that is escaped; after the backslash. */
static bool escaped_code(struct parser *p, uint32_t *out)
{
	static const char letters[] = "aftnrv", codes[] = "\a\f\t\n\r\v";
	char c = *p->at;
	const char *found = c ? strchr(letters, c) : NULL;

	if (c == 'x') {
		p->at++;
		return hexadecimal(p, out);
	}
	if (c == '0' || (c >= '1' && c <= '7' && p->at[1] >= '0' && p->at[1] <= '7')) {
		*out = 0;
		for (int i = 0; i < 3 && *p->at >= '0' && *p->at <= '7'; i++)
			*out = *out * 8 + (uint32_t)(*p->at++ - '0');
		return true;
	}
	*out = found ? (uint32_t)codes[found - letters] : (unsigned char)c;
	if (!found && (!ispunct((unsigned char)c) || (unsigned char)c >= 0x80))
		return false;
	p->at++;
	return true;
}

/* \pL, \p{Greek}, \P{^L}; false: no such property. */
static bool property(struct parser *p, struct re_class *class)
{
	bool negated = *p->at++ == 'P';
	const char *end = *p->at == '{' ? strchr(p->at, '}') : p->at + (*p->at != 0);
	const char *from = p->at + (*p->at == '{');

	if (!end || end == p->at)
		return false;
	if (*from == '^') {
		negated = !negated;
		from++;
	}
	p->at = end + (*p->at == '{');
	return re_add_property(
		p->arena, class, mok_arena_strndup(p->arena, from, (size_t)(end - from)), negated);
}

/* \d and \pL, in and out of brackets: 1 it is one, 0 it is not, -1 it is wrong. */
static int add_escaped_class(struct parser *p, struct re_class *class)
{
	if (*p->at == 'p' || *p->at == 'P')
		return property(p, class) ? 1 : -1;
	if (!*p->at || !re_add_named(p->arena, class, *p->at))
		return 0;
	p->at++;
	return 1;
}

static struct re_node *quoted(struct parser *p)
{
	const char *end = strstr(++p->at, "\\E");
	struct re_node *row = node_new(p, RE_NONE), *next;

	while (*p->at && p->at != end) {
		next = node_new(p, RE_ROW);
		next->a = row;
		next->b = literal(p, next_code(p));
		row = next;
	}
	p->at += end ? 2 : 0;
	return row;
}

static struct re_node *parse_escape(struct parser *p)
{
	static const struct {
		char letter;
		enum re_assert assert;
	} places[] = { { 'A', RE_TEXT_BEGIN }, { 'z', RE_TEXT_END }, { 'b', RE_WORD },
		{ 'B', RE_NO_WORD } };
	const char *from = p->at++;
	struct re_class *class = class_new(p);
	uint32_t code;
	int found;

	if (!*p->at)
		return fail(p, "trailing backslash at end of expression", "", 0);
	for (size_t i = 0; i < MOK_COUNT(places); i++)
		if (*p->at == places[i].letter) {
			p->at++;
			return place(p, places[i].assert);
		}
	if (*p->at == 'Q')
		return quoted(p);
	found = add_escaped_class(p, class);
	if (found > 0)
		return one(p, class);
	if (found < 0)
		return fail(p, "invalid character class range", from, (size_t)(p->at - from));
	if (escaped_code(p, &code))
		return literal(p, code);
	return fail(p, "invalid escape sequence", from, 2);
}

/* ---- brackets ---- */

static bool bracket_code(struct parser *p, uint32_t *out)
{
	if (*p->at != '\\') {
		*out = next_code(p);
		return true;
	}
	p->at++;
	return escaped_code(p, out);
}

/* [:alpha:] at p->at: 1 it is one, 0 it is none, -1 it is wrong. */
static int add_posix(struct parser *p, struct re_class *class)
{
	const char *end = mok_starts(p->at, "[:") ? strstr(p->at, ":]") : NULL, *from = p->at + 2;
	bool negated;

	if (!end)
		return 0;
	negated = *from == '^';
	from += negated;
	if (end < from ||
		!re_add_posix(p->arena, class,
			mok_arena_strndup(p->arena, from, (size_t)(end - from)), negated))
		return -1;
	p->at = end + 2;
	return 1;
}

/* One member of a class: a character, a range or a named class. */
static bool add_member(struct parser *p, struct re_class *class)
{
	const char *from = p->at;
	int found = *p->at == '[' ? add_posix(p, class) : 0;
	uint32_t low, high;

	if (!found && *p->at == '\\') {
		p->at++;
		found = add_escaped_class(p, class);
		if (!found)
			p->at = from;
	}
	if (found)
		return found > 0;
	if (!bracket_code(p, &low))
		return false;
	high = low;
	if (*p->at == '-' && p->at[1] && p->at[1] != ']') {
		p->at++;
		if (!bracket_code(p, &high) || high < low)
			return false;
	}
	re_add_range(p->arena, class, low, high);
	return true;
}

static struct re_node *parse_brackets(struct parser *p)
{
	struct re_class *class = class_new(p);
	const char *begin = p->at++, *from;
	bool first = true;

	class->negated = *p->at == '^';
	p->at += class->negated;
	for (; *p->at && (first || *p->at != ']'); first = false) {
		from = p->at;
		if (!add_member(p, class))
			return fail(
				p, "invalid character class range", from, (size_t)(p->at - from));
	}
	if (*p->at != ']')
		return fail(p, "missing closing ]", begin, strlen(begin));
	p->at++;
	return one(p, class);
}

/* ---- groups ---- */

/* "i-s:" of (?i-s:...); false: no such flag. */
static bool read_flags(struct parser *p)
{
	bool on = true;

	for (; *p->at && *p->at != ':' && *p->at != ')'; p->at++) {
		switch (*p->at) {
		case 'i': p->fold = on; break;
		case 'm': p->lines = on; break;
		case 's': p->dot_all = on; break;
		case 'U': p->swapped = on; break;
		case '-':
			if (!on)
				return false;
			on = false;
			break;
		default: return false;
		}
	}
	return *p->at;
}

/* After "(?": true when the group's body follows. */
static bool open_group(struct parser *p, const char *begin)
{
	if (mok_starts(p->at, "P<") || *p->at == '<') {
		const char *end = strchr(p->at, '>');

		if (!end) {
			fail(p, "invalid named capture", begin, strlen(begin));
			return false;
		}
		p->at = end + 1;
		return true;
	}
	if (!read_flags(p)) {
		fail(p, "invalid or unsupported Perl syntax", begin,
			(size_t)(p->at - begin) + (*p->at != 0));
		return false;
	}
	return *p->at++ == ':';
}

static struct re_node *parse_group(struct parser *p)
{
	const struct parser before = *p;
	struct re_node *node;
	bool body = true;

	p->at++;
	if (*p->at == '?') {
		p->at++;
		body = open_group(p, before.at);
		if (p->why)
			return NULL;
	}
	if (!body)
		return node_new(p, RE_NONE); /* (?i): the flags hold until the group around ends */
	if (++p->depth > REGEX_DEPTH_MAX)
		return fail(p, "expression nests too deeply", p->pattern, strlen(p->pattern));
	node = parse_choice(p);
	p->depth--;
	if (!node)
		return NULL;
	if (*p->at != ')')
		return fail(p, "missing closing )", p->pattern, strlen(p->pattern));
	p->at++;
	p->fold = before.fold;
	p->lines = before.lines;
	p->dot_all = before.dot_all;
	p->swapped = before.swapped;
	return node;
}

/* ---- rows and repeats ---- */

static struct re_node *parse_one(struct parser *p)
{
	struct re_class *class;

	switch (*p->at) {
	case '(': return parse_group(p);
	case '[': return parse_brackets(p);
	case '\\': return parse_escape(p);
	case '^': p->at++; return place(p, p->lines ? RE_LINE_BEGIN : RE_TEXT_BEGIN);
	case '$': p->at++; return place(p, p->lines ? RE_LINE_END : RE_TEXT_END);
	case '.':
		p->at++;
		class = class_new(p);
		class->negated = true;
		if (!p->dot_all)
			re_add_range(p->arena, class, '\n', '\n');
		return one(p, class);
	case '*':
	case '+':
	case '?': return fail(p, "missing argument to repetition operator", p->at, 1);
	default: return literal(p, next_code(p));
	}
}

/* "{2,5}": false: it is no repeat but what it says. */
static bool read_counts(struct parser *p, int *low, int *high)
{
	const char *at = p->at + 1;
	size_t n = strspn(at, "0123456789");

	if (!n || n > 6)
		return false;
	*low = *high = (int)strtol(at, NULL, 10);
	at += n;
	if (*at == ',') {
		n = strspn(++at, "0123456789");
		if (n > 6)
			return false;
		*high = n ? (int)strtol(at, NULL, 10) : -1;
		at += n;
	}
	if (*at != '}')
		return false;
	p->at = at + 1;
	return true;
}

/* What repeats what stands before it; false: nothing does here. */
static bool read_repeat(struct parser *p, struct re_node *out)
{
	char c = *p->at;

	*out = (struct re_node){ .kind = RE_REPEAT, .low = c == '+', .high = c == '?' ? 1 : -1 };
	if (c == '{')
		return read_counts(p, &out->low, &out->high);
	if (c != '*' && c != '+' && c != '?')
		return false;
	p->at++;
	return true;
}

static struct re_node *parse_repeat(struct parser *p)
{
	struct re_node *node = parse_one(p), read, *outer;
	const char *from = p->at;

	if (!node || !*p->at || !read_repeat(p, &read))
		return node;
	if (read.low > REGEX_REPEAT_MAX || read.high > REGEX_REPEAT_MAX ||
		(read.high >= 0 && read.high < read.low))
		return fail(p, "invalid repeat count", from, (size_t)(p->at - from));
	read.lazy = (*p->at == '?') != p->swapped;
	p->at += *p->at == '?';
	outer = node_new(p, RE_REPEAT);
	*outer = read;
	outer->a = node;
	if (*p->at && read_repeat(p, &read))
		return fail(p, "invalid nested repetition operator", from, (size_t)(p->at - from));
	return outer;
}

static struct re_node *parse_row(struct parser *p)
{
	struct re_node *row = node_new(p, RE_NONE), *next;

	while (*p->at && *p->at != '|' && *p->at != ')') {
		next = node_new(p, RE_ROW);
		next->a = row;
		next->b = parse_repeat(p);
		if (!next->b)
			return NULL;
		row = next;
	}
	return row;
}

static struct re_node *parse_choice(struct parser *p)
{
	struct re_node *node = parse_row(p), *next;

	while (node && *p->at == '|') {
		p->at++;
		next = node_new(p, RE_CHOICE);
		next->a = node;
		next->b = parse_row(p);
		node = next->b ? next : NULL;
	}
	return node;
}

struct re_node *re_parse(struct mok_arena *arena, const char *pattern, const char **why)
{
	struct parser p = { .arena = arena, .pattern = pattern, .at = pattern };
	struct re_node *node = parse_choice(&p);

	if (node && *p.at)
		node = fail(&p, "unexpected )", pattern, strlen(pattern));
	*why = p.why;
	return node;
}
