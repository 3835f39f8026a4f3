/* Functions of lists, sets and optionals; the operators [] and in. */
#include "functions.h"

#include <math.h>
#include <stdlib.h>

/* ---- [] and in ---- */

/* A list's place: also 1.0 and 1u. */
static bool place_of(const struct cel_val *index, int64_t *out)
{
	if (index->kind == CEL_INT)
		*out = index->is.i;
	else if (index->kind == CEL_UINT && index->is.u <= INT64_MAX)
		*out = (int64_t)index->is.u;
	else if (index->kind == CEL_DOUBLE && floor(index->is.d) == index->is.d &&
		fabs(index->is.d) < 9e15)
		*out = (int64_t)index->is.d;
	else
		return false;
	return true;
}

static bool look(struct cel_run *run, const struct cel_val *from, const struct cel_val *index,
	struct cel_val *out)
{
	int64_t place;

	if (from->kind == CEL_MAP)
		return cel_map_find(run, from, index, out);
	if (from->kind != CEL_LIST || !place_of(index, &place) || place < 0 ||
		(uint64_t)place >= cel_list_len(from))
		return false;
	*out = cel_list_items(from)[place];
	return true;
}

static struct cel_val optional_index(
	struct cel_run *run, const struct cel_val *from, const struct cel_val *index)
{
	struct cel_val out;

	if (from->kind == CEL_OPTIONAL) {
		if (!from->is.inner)
			return *from;
		from = from->is.inner;
	}
	if (!look(run, from, index, &out))
		return cel_none();
	return out.kind == CEL_ERROR ? out : cel_some(run->arena, out);
}

CEL_FUNCTION(cel_fn_at)
{
	struct cel_val out;
	int64_t place;

	if (args[0].kind == CEL_OPTIONAL)
		return optional_index(run, &args[0], &args[1]);
	if (look(run, &args[0], &args[1], &out))
		return out;
	if (args[0].kind == CEL_MAP)
		return cel_error(run->arena, "no such key: %s", cel_shown(run->arena, &args[1]));
	if (args[0].kind != CEL_LIST)
		return cel_no_overload();
	return place_of(&args[1], &place)
		? cel_error(run->arena, "index out of bounds: %lld", (long long)place)
		: cel_error(run->arena, "unsupported index type '%s' in list",
			  cel_kind_name(args[1].kind));
}

CEL_FUNCTION(cel_fn_maybe_at)
{
	return optional_index(run, &args[0], &args[1]);
}

static bool has(struct cel_run *run, const struct cel_val *list, const struct cel_val *value)
{
	for (size_t i = 0; i < cel_list_len(list); i++)
		if (cel_equal(run, &cel_list_items(list)[i], value))
			return true;
	return false;
}

CEL_FUNCTION(cel_fn_in)
{
	struct cel_val out;

	if (args[1].kind == CEL_MAP)
		return CEL_TRUTH(cel_map_find(run, &args[1], &args[0], &out));
	return CEL_TRUTH(has(run, &args[1], &args[0]));
}

CEL_FUNCTION(cel_fn_add_list)
{
	return cel_list_join(run, &args[0], &args[1]);
}

/* ---- order ---- */

CEL_FUNCTION(cel_fn_is_sorted)
{
	const char *why;
	int by;

	for (size_t i = 1; i < cel_list_len(&args[0]); i++) {
		const struct cel_val *items = cel_list_items(&args[0]);

		if (!cel_compare(&items[i - 1], &items[i], &by, &why))
			return cel_error(run->arena, "%s", why);
		if (by > 0)
			return CEL_TRUTH(false);
	}
	return CEL_TRUTH(true);
}

static struct cel_val extreme(
	struct cel_run *run, const struct cel_val *list, int wanted, const char *name)
{
	const struct cel_val *items = cel_list_items(list), *best = items;
	const char *why;
	int by;

	if (!cel_list_len(list))
		return cel_error(run->arena, "%s called on empty list", name);
	for (size_t i = 1; i < cel_list_len(list); i++) {
		if (!cel_compare(&items[i], best, &by, &why))
			return cel_error(run->arena, "%s", why);
		if (by == wanted)
			best = &items[i];
	}
	return *best;
}

CEL_FUNCTION(cel_fn_min)
{
	return extreme(run, &args[0], -1, "min");
}

CEL_FUNCTION(cel_fn_max)
{
	return extreme(run, &args[0], 1, "max");
}

#define SUM(name, zero, add) \
	CEL_FUNCTION(cel_fn_sum_##name) \
	{ \
		struct cel_val pair[2] = { zero }; \
		for (size_t i = 0; i < cel_list_len(&args[0]); i++) { \
			pair[1] = cel_list_items(&args[0])[i]; \
			if (pair[1].kind != pair[0].kind) \
				return cel_no_overload(); \
			pair[0] = cel_fn_add_##add(run, pair); \
			if (pair[0].kind == CEL_ERROR) \
				break; \
		} \
		return pair[0]; \
	}
SUM(int, CEL_OF_INT(0), int)
SUM(uint, CEL_OF_UINT(0), uint)
SUM(double, CEL_OF_DOUBLE(0), double)
SUM(duration, { .kind = CEL_DURATION }, duration)

CEL_FUNCTION(cel_fn_list_index)
{
	for (size_t i = 0; i < cel_list_len(&args[0]); i++)
		if (cel_equal(run, &cel_list_items(&args[0])[i], &args[1]))
			return CEL_OF_INT((int64_t)i);
	return CEL_OF_INT(-1);
}

CEL_FUNCTION(cel_fn_list_last_index)
{
	for (size_t i = cel_list_len(&args[0]); i > 0; i--)
		if (cel_equal(run, &cel_list_items(&args[0])[i - 1], &args[1]))
			return CEL_OF_INT((int64_t)i - 1);
	return CEL_OF_INT(-1);
}

/* A stable merge of two halves that are in order: places into `keys`. */
static void merge(const struct cel_val *keys, size_t *places, size_t *spare, size_t len)
{
	size_t half = len / 2, a = 0, b = half;
	const char *why;
	int by;

	if (len < 2)
		return;
	merge(keys, places, spare, half);
	merge(keys, places + half, spare, len - half);
	for (size_t i = 0; i < len; i++) {
		bool second = a == half;

		if (a < half && b < len) {
			cel_compare(&keys[places[b]], &keys[places[a]], &by, &why);
			second = by < 0;
		}
		spare[i] = second ? places[b++] : places[a++];
	}
	memcpy(places, spare, len * sizeof(*places));
}

struct cel_val cel_sorted(struct cel_run *run, struct cel_val *pairs, size_t len)
{
	const struct cel_val *keys = pairs + len;
	struct cel_val *out = MOK_NEW_N(run->arena, struct cel_val, len + 1);
	size_t *places = MOK_NEW_N(run->arena, size_t, 2 * len + 1);
	const char *why;
	int by;

	for (size_t i = 0; i < len; i++) {
		if (keys[i].kind != keys[0].kind)
			return cel_error(run->arena, "list elements must have the same type");
		if (!cel_compare(&keys[i], &keys[i], &by, &why))
			return cel_error(run->arena, "list elements must be comparable");
		places[i] = i;
		cel_spend(run, 2);
	}
	merge(keys, places, places + len, len);
	for (size_t i = 0; i < len; i++)
		out[i] = pairs[places[i]];
	return cel_new_list(run->arena, out, len);
}

CEL_FUNCTION(cel_fn_sort)
{
	size_t n = cel_list_len(&args[0]);
	struct cel_val *pairs = MOK_NEW_N(run->arena, struct cel_val, 2 * n + 1);

	for (size_t i = 0; i < n; i++)
		pairs[i] = pairs[n + i] = cel_list_items(&args[0])[i];
	return cel_sorted(run, pairs, n);
}

/* ---- other lists of it ---- */

CEL_FUNCTION(cel_fn_slice)
{
	long long from = args[1].is.i, to = args[2].is.i;
	size_t n = cel_list_len(&args[0]);
	struct cel_val *items;

	if (from < 0 || to < 0)
		return cel_error(run->arena,
			"cannot slice(%lld, %lld), negative indexes not supported", from, to);
	if (from > to)
		return cel_error(run->arena,
			"cannot slice(%lld, %lld), start index must be less than or equal to end "
			"index",
			from, to);
	if ((size_t)to > n)
		return cel_error(
			run->arena, "cannot slice(%lld, %lld), list is length %zu", from, to, n);
	items = MOK_NEW_N(run->arena, struct cel_val, (size_t)(to - from) + 1);
	for (long long i = from; i < to; i++)
		items[i - from] = cel_list_items(&args[0])[i];
	return cel_new_list(run->arena, items, (size_t)(to - from));
}

struct flat {
	MOK_VEC(struct cel_val) items;
};

static void flatten(
	struct cel_run *run, struct flat *flat, const struct cel_val *list, int64_t depth)
{
	for (size_t i = 0; i < cel_list_len(list) && !cel_is_spent(run); i++) {
		const struct cel_val *one = &cel_list_items(list)[i];

		cel_spend(run, 1);
		if (one->kind == CEL_LIST && depth > 0)
			flatten(run, flat, one, depth - 1);
		else
			mok_vec_push(run->arena, &flat->items, *one);
	}
}

static struct cel_val flat(struct cel_run *run, const struct cel_val *list, int64_t depth)
{
	struct flat flat = { 0 };

	if (depth < 0)
		return cel_error(run->arena, "level must be non-negative");
	flatten(run, &flat, list, depth);
	return cel_new_list(run->arena, flat.items.items, flat.items.len);
}

CEL_FUNCTION(cel_fn_flatten)
{
	return flat(run, &args[0], 1);
}

CEL_FUNCTION(cel_fn_flatten_to)
{
	return flat(run, &args[0], args[1].is.i);
}

CEL_FUNCTION(cel_fn_reverse)
{
	size_t n = cel_list_len(&args[0]);
	struct cel_val *items = MOK_NEW_N(run->arena, struct cel_val, n + 1);

	for (size_t i = 0; i < n; i++)
		items[i] = cel_list_items(&args[0])[n - 1 - i];
	return cel_new_list(run->arena, items, n);
}

CEL_FUNCTION(cel_fn_distinct)
{
	size_t n = cel_list_len(&args[0]), kept = 0;
	struct cel_val *items = MOK_NEW_N(run->arena, struct cel_val, n + 1);

	for (size_t i = 0; i < n && !cel_is_spent(run); i++) {
		size_t j = 0;

		while (j < kept && !cel_equal(run, &items[j], &cel_list_items(&args[0])[i]))
			j++;
		if (j == kept)
			items[kept++] = cel_list_items(&args[0])[i];
	}
	return cel_new_list(run->arena, items, kept);
}

CEL_FUNCTION(cel_fn_range)
{
	size_t n = args[0].is.i > 0 ? (size_t)args[0].is.i : 0;
	struct cel_val *items;

	cel_spend(run, n);
	if (cel_is_spent(run))
		return cel_error(run->arena, "%s", CEL_SPENT);
	items = MOK_NEW_N(run->arena, struct cel_val, n + 1);
	for (size_t i = 0; i < n; i++)
		items[i] = CEL_OF_INT((int64_t)i);
	return cel_new_list(run->arena, items, n);
}

/* ---- sets ---- */

static bool all_in(struct cel_run *run, const struct cel_val *list, const struct cel_val *of)
{
	for (size_t i = 0; i < cel_list_len(of); i++)
		if (!has(run, list, &cel_list_items(of)[i]))
			return false;
	return true;
}

CEL_FUNCTION(cel_fn_set_contains)
{
	return CEL_TRUTH(all_in(run, &args[0], &args[1]));
}

CEL_FUNCTION(cel_fn_set_equivalent)
{
	return CEL_TRUTH(all_in(run, &args[0], &args[1]) && all_in(run, &args[1], &args[0]));
}

CEL_FUNCTION(cel_fn_set_intersects)
{
	for (size_t i = 0; i < cel_list_len(&args[1]); i++)
		if (has(run, &args[0], &cel_list_items(&args[1])[i]))
			return CEL_TRUTH(true);
	return CEL_TRUTH(false);
}

/* ---- optionals ---- */

CEL_FUNCTION(cel_fn_optional_of)
{
	return cel_some(run->arena, args[0]);
}

CEL_FUNCTION(cel_fn_optional_none)
{
	(void)run;
	(void)args;
	return cel_none();
}

static bool is_zero(const struct cel_val *value)
{
	switch ((int)value->kind) {
	case CEL_NULL: return true;
	case CEL_BOOL: return !value->is.truth;
	case CEL_INT:
	case CEL_DURATION: return !value->is.i;
	case CEL_UINT: return !value->is.u;
	case CEL_DOUBLE: return value->is.d == 0;
	case CEL_STRING:
	case CEL_BYTES: return !value->is.text.len;
	case CEL_LIST: return !cel_list_len(value);
	case CEL_MAP: return !cel_map_len(value);
	case CEL_OPTIONAL: return !value->is.inner;
	default: return false;
	}
}

CEL_FUNCTION(cel_fn_optional_nonzero)
{
	return is_zero(&args[0]) ? cel_none() : cel_some(run->arena, args[0]);
}

CEL_FUNCTION(cel_fn_value)
{
	return args[0].is.inner ? *args[0].is.inner
				: cel_error(run->arena, "optional.none() dereference");
}

CEL_FUNCTION(cel_fn_has_value)
{
	(void)run;
	return CEL_TRUTH(args[0].is.inner);
}

CEL_FUNCTION(cel_fn_or)
{
	(void)run;
	return args[0].is.inner ? args[0] : args[1];
}

CEL_FUNCTION(cel_fn_or_value)
{
	(void)run;
	return args[0].is.inner ? *args[0].is.inner : args[1];
}
