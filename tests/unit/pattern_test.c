/* The patterns of fields mean the same to POSIX, in whose words they are written, and to PCRE2. */
#include "mok/kind.h"
#include "mok/mastodon.h"
#include "plan/plan_internal.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool posix_says(const char *pattern, const char *text)
{
	regex_t regex;
	regmatch_t match;
	bool found;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED), 0);
	found = regexec(&regex, text, 1, &match, 0) == 0 && match.rm_so == 0 &&
		(size_t)match.rm_eo == strlen(text);
	regfree(&regex);
	return found;
}

static void compare(const char *pattern, const char *text)
{
	if (plan_matches(pattern, text) != posix_says(pattern, text))
		fail_msg("%s of \"%s\"", pattern, text);
}

static const char *const texts[] = { "", "a", "aa", "ab", "abab", "-", "a-", "-a", "a-b", "a.b",
	"a..b", "social.example", "social.example.", "A.b", "a/b", "/a", "a/", "0", "00", "1.5",
	"1.5.9", "v4.5.2", "4.5.2-rc.1", "04:00", "24:00", "4:05:00", "500m", "2Gi", "1.5Gi", "10h",
	"1h30m", "30s5", "0 3 * * *", "@daily", "0 3 * *", "192.0.2.1", "192.0.2.1/24",
	"1000.1.1.1/8", "a@b.example", "a@b@c", "https://x.example", "http://", "ssh://git@x/y",
	"4f0e2c1d-0123-4567-89ab-0123456789ab", "4f0e2c1d-0123-4567-89ab-0123456789a", "default,8",
	"push", "push,", "push,100", "mailers,2", "\303\251", "a\nb", "]", "^", "\\", "{2}", "a{2}",
	"2026-01-31", "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" };

static void compare_all(const char *pattern)
{
	for (size_t i = 0; i < MOK_COUNT(texts); i++)
		compare(pattern, texts[i]);
}

static size_t compare_fields(const struct mok_field *fields)
{
	size_t n = 0;

	for (const struct mok_field *f = fields; f->name; f++) {
		if (f->pattern) {
			compare_all(f->pattern);
			n++;
		}
		if (f->sub)
			n += compare_fields(f->sub);
	}
	return n;
}

static void all_fields(void **state)
{
	size_t count, n = 0;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		n += compare_fields(kinds[i]->fields);
	n += compare_fields(mok_mastodon_fields());
	assert_in_range(n, 20, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
