/* Regular expressions, by PCRE2: all that it allocates is in the arena. */
#include "regex_internal.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

/* A pattern that goes on trying for longer than this has not matched. */
enum { TRIES_MAX = 1000000, HEAP_MAX_KIB = 8 * 1024 };

struct cel_regex {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

static void *in_arena(PCRE2_SIZE size, void *arena)
{
	return mok_arena_alloc(arena, size);
}

static void with_the_arena(void *p, void *arena)
{
	(void)p;
	(void)arena;
}

/* PCRE says where it stopped, which is behind what is wrong. */
static const char *why_not(
	struct mok_arena *arena, const char *pattern, int error, PCRE2_SIZE offset)
{
	char text[128];
	size_t begin = offset;

	if (error == PCRE2_ERROR_CLASS_RANGE_ORDER || error == PCRE2_ERROR_CLASS_INVALID_RANGE) {
		while (begin > 0 && pattern[begin] != '-')
			begin--;
		begin -= begin > 0;
		return re_why(
			arena, "invalid character class range", pattern + begin, offset - begin);
	}
	if (error == PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY ||
		error == PCRE2_ERROR_UNKNOWN_POSIX_CLASS)
		return re_why(arena, "invalid character class range", pattern, strlen(pattern));
	if (error == PCRE2_ERROR_PATTERN_TOO_LARGE)
		return re_why(arena, "expression too large", pattern, strlen(pattern));
	pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof(text));
	return re_why(arena, text, pattern, strlen(pattern));
}

size_t cel_regex_len(const struct cel_regex *regex)
{
	size_t bytes = 0;

	pcre2_pattern_info(regex->code, PCRE2_INFO_SIZE, &bytes);
	return bytes;
}

struct cel_regex *cel_regex_new(struct mok_arena *arena, const char *pattern, const char **why)
{
	const uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY |
		PCRE2_NEVER_BACKSLASH_C;
	pcre2_general_context *memory =
		pcre2_general_context_create(in_arena, with_the_arena, arena);
	struct cel_regex *regex = MOK_NEW(arena, struct cel_regex);
	PCRE2_SIZE offset;
	int error;

	*why = re_unlike_re2(arena, pattern);
	if (*why)
		return NULL;
	regex->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &error,
		&offset, pcre2_compile_context_create(memory));
	if (!regex->code) {
		*why = why_not(arena, pattern, error, offset);
		return NULL;
	}
	regex->data = pcre2_match_data_create(1, memory);
	regex->limits = pcre2_match_context_create(memory);
	pcre2_set_match_limit(regex->limits, TRIES_MAX);
	pcre2_set_heap_limit(regex->limits, HEAP_MAX_KIB);
	return regex;
}

bool cel_regex_find(const struct cel_regex *regex, struct cel_text text, size_t from, size_t *begin,
	size_t *end)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->data);

	if (pcre2_match(regex->code, (PCRE2_SPTR)text.at, text.len, from, 0, regex->data,
		    regex->limits) < 0)
		return false;
	if (end) {
		*begin = ends[0];
		*end = ends[1];
	}
	return true;
}
