#define PCRE2_CODE_UNIT_WIDTH 8
#include "plan_internal.h"

#include <pcre2.h>
#include <string.h>

/* A twentieth of what POSIX takes, where each check compiles its pattern anew. */
bool plan_matches(const char *pattern, const char *text)
{
	int error;
	PCRE2_SIZE at;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
		PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL | PCRE2_NO_AUTO_CAPTURE, &error,
		&at, NULL);
	pcre2_match_data *match;
	int found;

	if (!code)
		MOK_BUG("a field's pattern is not a regular expression");
	match = pcre2_match_data_create(1, NULL);
	found = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, match, NULL);
	pcre2_match_data_free(match);
	pcre2_code_free(code);
	return found >= 0;
}
