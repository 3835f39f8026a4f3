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
	if (!v->plain)
		return out;
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

struct mok_val mok_val_core(struct mok_arena *arena, const struct mok_val *v)
{
	struct mok_val out = { .type = v->type, .at = v->at, .sensitive = v->sensitive };
	struct mok_pair *pairs;
	struct mok_val *items;

	if (v->type == MOK_STR)
		return scalar(v);
	if (v->type == MOK_LIST) {
		items = MOK_NEW_N(arena, struct mok_val, v->u.list.len + 1);
		for (size_t i = 0; i < v->u.list.len; i++)
			items[i] = mok_val_core(arena, &v->u.list.items[i]);
		out.u.list.items = items;
		out.u.list.len = v->u.list.len;
		return out;
	}
	if (v->type != MOK_MAP)
		return *v;
	pairs = MOK_NEW_N(arena, struct mok_pair, v->u.map.len + 1);
	for (size_t i = 0; i < v->u.map.len; i++) {
		pairs[i] = v->u.map.pairs[i];
		pairs[i].val = mok_val_core(arena, &v->u.map.pairs[i].val);
	}
	out.u.map.pairs = pairs;
	out.u.map.len = v->u.map.len;
	return out;
}
