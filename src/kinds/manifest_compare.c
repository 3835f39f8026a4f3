#include "mok/manifest.h"

#include <stdlib.h>
#include <string.h>

static bool covers(const char *key, const struct mok_val *want, const struct mok_val *live);

/* ---- quantities ---- */

static bool suffix_factor(const char *suffix, double *factor)
{
	static const struct {
		const char *suffix;
		double factor;
	} factors[] = { { "", 1 }, { "n", 1e-9 }, { "u", 1e-6 }, { "m", 1e-3 }, { "k", 1e3 },
		{ "M", 1e6 }, { "G", 1e9 }, { "T", 1e12 }, { "P", 1e15 }, { "E", 1e18 },
		{ "Ki", 1024.0 }, { "Mi", 1048576.0 }, { "Gi", 1073741824.0 },
		{ "Ti", 1099511627776.0 }, { "Pi", 1125899906842624.0 },
		{ "Ei", 1152921504606846976.0 } };

	for (size_t i = 0; i < MOK_COUNT(factors); i++)
		if (strcmp(suffix, factors[i].suffix) == 0) {
			*factor = factors[i].factor;
			return true;
		}
	return false;
}

bool mok_quantity(const char *text, double *out)
{
	char *end;
	double factor;

	if (!strspn(text, "0123456789+-."))
		return false;
	*out = strtod(text, &end);
	if (!suffix_factor(end, &factor))
		return false;
	*out *= factor;
	return true;
}

static bool read_quantity(const struct mok_val *v, double *out)
{
	if (v->type == MOK_STR)
		return mok_quantity(v->u.s, out);
	if (v->type == MOK_INT)
		*out = (double)v->u.i;
	else if (v->type == MOK_NUM)
		*out = v->u.n;
	return v->type == MOK_INT || v->type == MOK_NUM;
}

static bool same_quantity(const struct mok_val *want, const struct mok_val *live)
{
	double a, b, bound;

	if (!read_quantity(want, &a) || !read_quantity(live, &b))
		return false;
	bound = (a < 0 ? -a : a) * 1e-12;
	return a - b <= bound && b - a <= bound;
}

/* Elsewhere "1.10" and "1.1" are two different texts. */
static bool holds_quantities(const char *key)
{
	static const char *const maps[] = { "requests", "limits", "hard", "capacity", "allocatable",
		"overhead", "max", "min", "default", "defaultRequest", "maxLimitRequestRatio" };

	for (size_t i = 0; i < MOK_COUNT(maps); i++)
		if (mok_streq(key, maps[i]))
			return true;
	return false;
}

static bool is_quantity(const char *key)
{
	return mok_streq(key, "sizeLimit") || mok_streq(key, "averageValue") ||
		mok_streq(key, "divisor");
}

/* ---- values ---- */

static bool is_empty(const struct mok_val *v)
{
	return v->type == MOK_NULL || (v->type == MOK_MAP && v->u.map.len == 0) ||
		(v->type == MOK_LIST && v->u.list.len == 0);
}

static bool covers_map(const char *key, const struct mok_val *want, const struct mok_val *live)
{
	bool quantities = holds_quantities(key);

	for (size_t i = 0; i < want->u.map.len; i++) {
		const struct mok_pair *pair = &want->u.map.pairs[i];
		const struct mok_val *other = mok_val_get(live, pair->key);

		if (!other && is_empty(&pair->val))
			continue;
		if (!other)
			return false;
		if (quantities && same_quantity(&pair->val, other))
			continue;
		if (!covers(pair->key, &pair->val, other))
			return false;
	}
	return true;
}

static bool covers_list(const char *key, const struct mok_val *want, const struct mok_val *live)
{
	if (want->u.list.len != live->u.list.len)
		return false;
	for (size_t i = 0; i < want->u.list.len; i++)
		if (!covers(key, &want->u.list.items[i], &live->u.list.items[i]))
			return false;
	return true;
}

static bool covers(const char *key, const struct mok_val *want, const struct mok_val *live)
{
	if (want->type == MOK_MAP && live->type == MOK_MAP)
		return covers_map(key, want, live);
	if (want->type == MOK_LIST && live->type == MOK_LIST)
		return covers_list(key, want, live);
	if (is_quantity(key) && same_quantity(want, live))
		return true;
	return mok_val_equal(want, live);
}

bool mok_manifest_covers(const struct mok_val *want, const struct mok_val *live)
{
	return covers("", want, live);
}
