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

static bool convert(struct mok_arena *arena, const struct mok_val *v, struct mok_val *out);

static bool convert_list(struct mok_arena *arena, const struct mok_val *v, struct mok_val *out)
{
	struct mok_val *items = NULL, item;

	for (size_t i = 0; i < v->u.list.len; i++) {
		if (!convert(arena, &v->u.list.items[i], &item))
			continue;
		if (!items) {
			items = MOK_NEW_N(arena, struct mok_val, v->u.list.len);
			memcpy(items, v->u.list.items, v->u.list.len * sizeof(*items));
		}
		items[i] = item;
	}
	if (items)
		out->u.list.items = items;
	return items;
}

static bool convert_map(struct mok_arena *arena, const struct mok_val *v, struct mok_val *out)
{
	struct mok_pair *pairs = NULL;
	struct mok_val val;

	for (size_t i = 0; i < v->u.map.len; i++) {
		if (!convert(arena, &v->u.map.pairs[i].val, &val))
			continue;
		if (!pairs) {
			pairs = MOK_NEW_N(arena, struct mok_pair, v->u.map.len);
			memcpy(pairs, v->u.map.pairs, v->u.map.len * sizeof(*pairs));
		}
		pairs[i].val = val;
	}
	if (pairs)
		out->u.map.pairs = pairs;
	return pairs;
}

/* False: there was nothing to decide in it, and what holds it may keep it. */
static bool convert(struct mok_arena *arena, const struct mok_val *v, struct mok_val *out)
{
	bool changed = false;

	*out = *v;
	if (v->type == MOK_STR && v->plain) {
		*out = scalar(v);
		return true;
	}
	if (v->type == MOK_LIST)
		changed = convert_list(arena, v, out);
	else if (v->type == MOK_MAP)
		changed = convert_map(arena, v, out);
	if (changed)
		out->built = false; /* its items are no builder's any more */
	return changed;
}

struct mok_val mok_val_core(struct mok_arena *arena, const struct mok_val *v)
{
	struct mok_val out;

	convert(arena, v, &out);
	return out;
}
