/* Unquoted scalars, whose type nothing else decides. */
#include "mok/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "0644" is octal to every tool that reads manifests. */
static bool to_octal(const char *s, int64_t *out)
{
	if (s[0] != '0' || !s[1] || strspn(s, "01234567") != strlen(s) || strlen(s) > 20)
		return false;
	*out = (int64_t)strtoll(s, NULL, 8);
	return true;
}

static bool to_num(const char *s, double *out)
{
	char *end;

	if (strspn(s, "+-.0123456789eE") != strlen(s))
		return false;
	*out = strtod(s, &end);
	return end != s && !*end && isfinite(*out);
}

static struct mok_val scalar(const struct mok_val *v)
{
	const char *s = v->u.s;
	struct mok_val out = *v;
	int64_t i;
	double n;

	out.plain = false;
	if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0)
		out = mok_val_bool(s[0] == 't');
	else if (!*s || !strchr("+-.0123456789", s[0]))
		return out; /* most are no numbers, and seen to be none at once */
	else if (to_octal(s, &i) || mok_parse_i64(s, &i))
		out = mok_val_int(i);
	else if (to_num(s, &n))
		out = mok_val_num(n);
	out.at = v->at;
	out.sensitive = v->sensitive;
	return out;
}

static bool convert(void *ctx, const struct mok_val *v, struct mok_val *out)
{
	(void)ctx;
	if (v->type != MOK_STR || !v->plain)
		return false;
	*out = scalar(v);
	return true;
}

struct mok_val mok_val_core(struct mok_arena *arena, const struct mok_val *v)
{
	return mok_val_map(arena, v, convert, NULL);
}
