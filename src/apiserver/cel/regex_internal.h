/* regex_internal: what of PCRE's syntax RE2 does not have. */
#ifndef MOK_CEL_REGEX_H
#define MOK_CEL_REGEX_H

#include "cel.h"

/* NULL: the pattern may be one of RE2's; else why not, in the words of Go's regexp/syntax. Ranges
 * of classes, names and properties are left to who compiles it.
 * https://github.com/google/re2/wiki/Syntax */
const char *re_unlike_re2(struct mok_arena *arena, const char *pattern);

/* "error parsing regexp: WHAT: `THE len BYTES AT from`" */
const char *re_why(struct mok_arena *arena, const char *what, const char *from, size_t len);

#endif
