#include "plan_internal.h"

#include <string.h>

/* An unquoted "${x}" in a flow collection makes libyaml see a "{" where it wants "," or the end.
 * The text around that place tells. */

static const char *at_column(const char *line, size_t len, uint32_t column)
{
	const char *p = line, *end = line + len;

	for (uint32_t i = 1; i < column && p < end; i++) {
		p++;
		while (p < end && ((unsigned char)*p & 0xc0) == 0x80)
			p++;
	}
	return p;
}

static uint32_t column_of(const char *line, const char *at)
{
	return 1 + (uint32_t)mok_utf8_count(line, (size_t)(at - line));
}

/* The last "${" of the line that begins before `at`, or right at it. */
static const char *last_opening(const char *line, const char *at, const char *end)
{
	const char *found = NULL;

	for (const char *p = line; p + 1 < end && p <= at; p++)
		if (p[0] == '$' && p[1] == '{')
			found = p;
	return found;
}

/* Quotes to the left of it mean that it is a text, not a flow expression. */
static bool is_in_flow(const char *line, const char *at)
{
	int flow = 0;
	char quote = '\0';

	for (const char *p = line; p < at; p++) {
		if (quote)
			quote = *p == quote ? '\0' : quote;
		else if ((*p == '"' || *p == '\'') && (p == line || strchr(" \t[{,:", p[-1])))
			quote = *p;
		else if (*p == '[' || *p == '{')
			flow++;
		else if (*p == ']' || *p == '}')
			flow--;
	}
	return !quote && flow > 0;
}

static const char *closing(const char *open, const char *end)
{
	int depth = 0;

	for (const char *p = open; p < end; p++) {
		depth += (*p == '{') - (*p == '}');
		if (*p == '}' && depth == 0)
			return p + 1;
	}
	return NULL;
}

bool plan_flow_expression(struct mok_arena *arena, const struct mok_source *source, uint32_t line,
	uint32_t column, struct mok_mark *at, const char **quoted)
{
	const struct mok_sources one = { .list = { (struct mok_source *)(uintptr_t)source, 1, 1 } };
	size_t len;
	const char *text = mok_source_line(&one, source->name, line, &len);
	const char *end, *open, *start, *stop, *stuck;

	if (!len)
		return false;
	end = text + len;
	stuck = at_column(text, len, column);
	open = last_opening(text, stuck, end);
	stop = open ? closing(open + 1, end) : NULL;
	if (!stop || (open + 1 != stuck && !is_in_flow(text, open)))
		return false;
	for (start = open; start > text && !strchr(" \t[{,", start[-1]);)
		start--;
	while (stop < end && !strchr(" \t]},", *stop))
		stop++;
	*at = (struct mok_mark){ source->name, line, column_of(text, start),
		column_of(text, stop) };
	*quoted = mok_arena_printf(arena,
		memchr(start, '"', (size_t)(stop - start)) ? "'%.*s'" : "\"%.*s\"",
		(int)(stop - start), start);
	return true;
}
