/* Equal and less. */
#include "cel.h"

#include <math.h>

static int order(bool less, bool more)
{
	return less ? -1 : more;
}

static bool is_number(enum cel_kind kind)
{
	return kind == CEL_INT || kind == CEL_UINT || kind == CEL_DOUBLE;
}

static int int_with_double(int64_t i, double d)
{
	if (d >= 9223372036854775808.0)
		return -1;
	if (d < -9223372036854775808.0)
		return 1;
	if (i != (int64_t)d)
		return order(i < (int64_t)d, true);
	return order(d > trunc(d), d < trunc(d));
}

static int uint_with_double(uint64_t u, double d)
{
	if (d >= 18446744073709551616.0)
		return -1;
	if (d < 0)
		return 1;
	if (u != (uint64_t)d)
		return order(u < (uint64_t)d, true);
	return order(d > trunc(d), false);
}

static int int_with_uint(int64_t i, uint64_t u)
{
	return i < 0 ? -1 : order((uint64_t)i<u, (uint64_t)i> u);
}

static int compare_numbers(const struct cel_val *a, const struct cel_val *b)
{
	if (a->kind > b->kind)
		return -compare_numbers(b, a);
	if (a->kind == CEL_DOUBLE)
		return order(a->is.d<b->is.d, a->is.d> b->is.d);
	if (b->kind == CEL_DOUBLE)
		return a->kind == CEL_INT ? int_with_double(a->is.i, b->is.d)
					  : uint_with_double(a->is.u, b->is.d);
	if (a->kind == CEL_UINT)
		return order(a->is.u<b->is.u, a->is.u> b->is.u);
	return b->kind == CEL_UINT ? int_with_uint(a->is.i, b->is.u)
				   : order(a->is.i<b->is.i, a->is.i> b->is.i);
}

static int compare_texts(struct cel_text a, struct cel_text b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int by = n ? memcmp(a.at, b.at, n) : 0;

	return by ? order(by<0, by> 0) : order(a.len<b.len, a.len> b.len);
}

static bool is_nan(const struct cel_val *value)
{
	return value->kind == CEL_DOUBLE && isnan(value->is.d);
}

bool cel_compare(const struct cel_val *a, const struct cel_val *b, int *out, const char **why)
{
	*why = "no such overload";
	*out = 0;
	if (is_number(a->kind) && is_number(b->kind)) {
		*why = "NaN values cannot be ordered";
		*out = compare_numbers(a, b);
		return !is_nan(a) && !is_nan(b);
	}
	if (a->kind != b->kind)
		return false;
	switch ((int)a->kind) {
	case CEL_BOOL: *out = (int)a->is.truth - (int)b->is.truth; return true;
	case CEL_STRING:
	case CEL_BYTES: *out = compare_texts(a->is.text, b->is.text); return true;
	case CEL_DURATION: *out = order(a->is.i<b->is.i, a->is.i> b->is.i); return true;
	case CEL_TIMESTAMP:
		*out = order(a->is.time.seconds<b->is.time.seconds, a->is.time.seconds> b->is.time
				     .seconds);
		if (!*out)
			*out = order(a->is.time.nanos<b->is.time.nanos, a->is.time.nanos> b->is.time
					     .nanos);
		return true;
	default: return false;
	}
}

/* ---- equal ---- */

/* Is each of the items among the others? */
static bool all_within(struct cel_run *run, const struct cel_val *a, const struct cel_val *b)
{
	for (size_t i = 0; i < cel_list_len(a); i++) {
		size_t j = 0, n = cel_list_len(b);

		while (j < n && !cel_equal(run, &cel_list_items(a)[i], &cel_list_items(b)[j]))
			j++;
		if (j == n)
			return false;
	}
	return true;
}

static bool equal_lists(struct cel_run *run, const struct cel_val *a, const struct cel_val *b)
{
	size_t n = cel_list_len(a);

	if (n != cel_list_len(b))
		return false;
	if (cel_list_is_unordered(a))
		return all_within(run, b, a);
	for (size_t i = 0; i < n; i++)
		if (!cel_equal(run, &cel_list_items(a)[i], &cel_list_items(b)[i]))
			return false;
	return true;
}

static bool equal_maps(struct cel_run *run, const struct cel_val *a, const struct cel_val *b)
{
	size_t n = cel_map_len(a);

	if (n != cel_map_len(b))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct cel_entry *entry = &cel_map_entries(a)[i];
		struct cel_val other;

		if (!cel_map_find(run, b, &entry->key, &other) ||
			!cel_equal(run, &entry->value, &other))
			return false;
	}
	return true;
}

static bool equal_nets(const struct cel_net *a, const struct cel_net *b)
{
	return a->six == b->six && a->prefix == b->prefix &&
		memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool equal_others(struct cel_run *run, const struct cel_val *a, const struct cel_val *b)
{
	switch ((int)a->kind) {
	case CEL_LIST: return equal_lists(run, a, b);
	case CEL_MAP: return equal_maps(run, a, b);
	case CEL_TYPE: return a->is.type->kind == b->is.type->kind;
	case CEL_OPTIONAL:
		return a->is.inner && b->is.inner ? cel_equal(run, a->is.inner, b->is.inner)
						  : a->is.inner == b->is.inner;
	case CEL_URL: return strcmp(a->is.url->text, b->is.url->text) == 0;
	case CEL_QUANTITY: return cel_decimal_compare(a->is.quantity, b->is.quantity) == 0;
	case CEL_IP:
	case CEL_CIDR: return equal_nets(a->is.net, b->is.net);
	case CEL_FORMAT: return strcmp(a->is.format, b->is.format) == 0;
	case CEL_SEMVER: return cel_semver_compare(a->is.semver, b->is.semver) == 0;
	default: return a->kind == CEL_NULL;
	}
}

bool cel_equal(struct cel_run *run, const struct cel_val *a, const struct cel_val *b)
{
	const char *why;
	int by;

	cel_spend(run, a->kind == CEL_STRING ? a->is.text.len / 10 : 1);
	if (cel_is_spent(run))
		return false;
	if (cel_compare(a, b, &by, &why))
		return by == 0;
	return a->kind == b->kind && !is_nan(a) && equal_others(run, a, b);
}

size_t cel_size(const struct cel_val *value)
{
	switch ((int)value->kind) {
	case CEL_STRING: return mok_utf8_count(value->is.text.at, value->is.text.len);
	case CEL_BYTES: return value->is.text.len;
	case CEL_LIST: return cel_list_len(value);
	case CEL_MAP: return cel_map_len(value);
	default: return 1;
	}
}
