/* The macros that go through lists, maps and optionals. */
#include "cel.h"

/* What is gone through: its keys (a list's: places) and values. */
struct range {
	const struct cel_val *items;     /* of a list */
	const struct cel_entry *entries; /* of a map */
	size_t len;
	struct cel_val error; /* CEL_NULL: none */
};

static struct range range_of(struct cel_run *run, const struct cel_node *node)
{
	struct cel_val from = cel_node_eval(run, node->from);
	struct range range = { .error.kind = CEL_NULL };

	if (from.kind == CEL_LIST) {
		range.len = cel_list_len(&from);
		range.items = cel_list_items(&from);
	} else if (from.kind == CEL_MAP) {
		range.len = cel_map_len(&from);
		range.entries = cel_map_entries(&from);
	} else {
		range.error = from.kind == CEL_ERROR ? from : cel_no_overload();
	}
	return range;
}

/* The one variable of a macro is an item of the list or a key of the map; two are both sides. */
static struct cel_val at(const struct range *range, size_t i, bool value)
{
	if (range->entries)
		return value ? range->entries[i].value : range->entries[i].key;
	return value && range->items ? range->items[i] : CEL_OF_INT((int64_t)i);
}

static struct cel_val item_of(const struct range *range, size_t i)
{
	return at(range, i, !range->entries);
}

/* Evaluates a macro's expression about the i-th. */
static struct cel_val about(struct cel_run *run, const struct cel_node *node,
	const struct range *range, size_t i, size_t which)
{
	const struct cel_var *outer = run->vars;
	struct cel_var vars[2];
	struct cel_val out;

	cel_spend(run, 3);
	for (size_t v = 0; v < node->nvars; v++) {
		vars[v] = (struct cel_var){ .name = node->vars[v], .outer = run->vars };
		vars[v].value = node->nvars == 2 ? at(range, i, v == 1) : item_of(range, i);
		run->vars = &vars[v];
	}
	out = cel_node_eval(run, node->args[which]);
	run->vars = outer;
	return out;
}

static struct cel_val not_bool(struct cel_val value)
{
	return value.kind == CEL_ERROR ? value : cel_no_overload();
}

/* all and exists: an error counts only if no item decides. */
static struct cel_val quantify(struct cel_run *run, const struct cel_node *node, bool deciding)
{
	struct range range = range_of(run, node);
	struct cel_val error = range.error;

	for (size_t i = 0; i < range.len && !cel_is_spent(run); i++) {
		struct cel_val one = about(run, node, &range, i, 0);

		if (one.kind == CEL_BOOL && one.is.truth == deciding)
			return one;
		if (one.kind != CEL_BOOL && error.kind == CEL_NULL)
			error = not_bool(one);
	}
	return error.kind == CEL_ERROR ? error : CEL_TRUTH(!deciding);
}

static struct cel_val eval_all(struct cel_run *run, const struct cel_node *node)
{
	return quantify(run, node, false);
}

static struct cel_val eval_exists(struct cel_run *run, const struct cel_node *node)
{
	return quantify(run, node, true);
}

static struct cel_val eval_exists_one(struct cel_run *run, const struct cel_node *node)
{
	struct range range = range_of(run, node);
	size_t found = 0;

	if (range.error.kind == CEL_ERROR)
		return range.error;
	for (size_t i = 0; i < range.len && !cel_is_spent(run); i++) {
		struct cel_val one = about(run, node, &range, i, 0);

		if (one.kind != CEL_BOOL)
			return not_bool(one);
		found += one.is.truth;
	}
	return CEL_TRUTH(found == 1);
}

/* Is the i-th wanted? Without a condition all are. */
static struct cel_val is_wanted(
	struct cel_run *run, const struct cel_node *node, const struct range *range, size_t i)
{
	struct cel_val one;

	if (!node->macro->tests)
		return CEL_TRUTH(true);
	one = about(run, node, range, i, 0);
	return one.kind == CEL_BOOL ? one : not_bool(one);
}

/* map, filter and transformList. */
static struct cel_val eval_list(struct cel_run *run, const struct cel_node *node)
{
	struct range range = range_of(run, node);
	struct cel_val *items, one;
	size_t n = 0;

	if (range.error.kind == CEL_ERROR)
		return range.error;
	items = MOK_NEW_N(run->arena, struct cel_val, range.len + 1);
	for (size_t i = 0; i < range.len && !cel_is_spent(run); i++) {
		one = is_wanted(run, node, &range, i);
		if (one.kind == CEL_ERROR)
			return one;
		if (!one.is.truth)
			continue;
		cel_spend(run, 10);
		items[n] = node->macro->yields == CEL_Y_SAME
			? item_of(&range, i)
			: about(run, node, &range, i, node->nargs - 1);
		if (items[n].kind == CEL_ERROR)
			return items[n];
		n++;
	}
	return cel_new_list(run->arena, items, n);
}

static struct cel_val repeated(struct cel_run *run, const struct cel_val *key)
{
	return cel_error(
		run->arena, "insert failed: key %s already exists", cel_shown(run->arena, key));
}

/* transformMapEntry: one made map goes into the other. */
static struct cel_val put_all(struct cel_run *run, struct cel_map *map, const struct cel_val *made)
{
	if (made->kind != CEL_MAP)
		return not_bool(*made);
	for (size_t i = 0; i < cel_map_len(made); i++) {
		const struct cel_entry *entry = &cel_map_entries(made)[i];

		if (!cel_map_put(run, map, entry->key, entry->value))
			return repeated(run, &entry->key);
	}
	return CEL_TRUTH(true);
}

static struct cel_val eval_map(struct cel_run *run, const struct cel_node *node)
{
	bool entries = strcmp(node->name, "transformMapEntry") == 0;
	struct range range = range_of(run, node);
	struct cel_val map = cel_new_map(run->arena), one, key;

	if (range.error.kind == CEL_ERROR)
		return range.error;
	for (size_t i = 0; i < range.len && !cel_is_spent(run); i++) {
		one = is_wanted(run, node, &range, i);
		if (one.kind == CEL_ERROR)
			return one;
		if (!one.is.truth)
			continue;
		one = about(run, node, &range, i, node->nargs - 1);
		key = at(&range, i, false);
		if (entries)
			one = put_all(run, map.is.map, &one);
		else if (one.kind != CEL_ERROR && !cel_map_put(run, map.is.map, key, one))
			one = repeated(run, &key);
		if (one.kind == CEL_ERROR)
			return one;
	}
	return map;
}

static struct cel_val eval_optional(struct cel_run *run, const struct cel_node *node)
{
	struct cel_val from = cel_node_eval(run, node->from), out;
	struct range range = { .len = 1 };

	if (from.kind != CEL_OPTIONAL)
		return not_bool(from);
	if (!from.is.inner)
		return from;
	range.items = from.is.inner;
	out = about(run, node, &range, 0, 0);
	return out.kind == CEL_ERROR || strcmp(node->name, "optFlatMap") == 0
		? out
		: cel_some(run->arena, out);
}

static struct cel_val eval_sort_by(struct cel_run *run, const struct cel_node *node)
{
	struct range range = range_of(run, node);
	struct cel_val *pairs;

	if (range.error.kind == CEL_ERROR)
		return range.error;
	pairs = MOK_NEW_N(run->arena, struct cel_val, 2 * range.len + 1);
	for (size_t i = 0; i < range.len && !cel_is_spent(run); i++) {
		pairs[i] = item_of(&range, i);
		pairs[range.len + i] = about(run, node, &range, i, 0);
		if (pairs[range.len + i].kind == CEL_ERROR)
			return pairs[range.len + i];
	}
	return cel_is_spent(run) ? cel_no_overload() : cel_sorted(run, pairs, range.len);
}

static const struct cel_macro macros[] = {
	{ "all", 1, 1, CEL_Y_BOOL, true, eval_all },
	{ "all", 2, 1, CEL_Y_BOOL, true, eval_all },
	{ "exists", 1, 1, CEL_Y_BOOL, true, eval_exists },
	{ "exists", 2, 1, CEL_Y_BOOL, true, eval_exists },
	{ "exists_one", 1, 1, CEL_Y_BOOL, true, eval_exists_one },
	{ "exists_one", 2, 1, CEL_Y_BOOL, true, eval_exists_one },
	{ "existsOne", 1, 1, CEL_Y_BOOL, true, eval_exists_one },
	{ "existsOne", 2, 1, CEL_Y_BOOL, true, eval_exists_one },
	{ "map", 1, 1, CEL_Y_LIST, false, eval_list },
	{ "map", 1, 2, CEL_Y_LIST, true, eval_list },
	{ "filter", 1, 1, CEL_Y_SAME, true, eval_list },
	{ "transformList", 2, 1, CEL_Y_LIST, false, eval_list },
	{ "transformList", 2, 2, CEL_Y_LIST, true, eval_list },
	{ "transformMap", 2, 1, CEL_Y_MAP, false, eval_map },
	{ "transformMap", 2, 2, CEL_Y_MAP, true, eval_map },
	{ "transformMapEntry", 2, 1, CEL_Y_MAP, false, eval_map },
	{ "transformMapEntry", 2, 2, CEL_Y_MAP, true, eval_map },
	{ "optMap", 1, 1, CEL_Y_OPTIONAL, false, eval_optional },
	{ "optFlatMap", 1, 1, CEL_Y_OPTIONAL, false, eval_optional },
	{ "sortBy", 1, 1, CEL_Y_SAME, false, eval_sort_by },
};

const struct cel_macro *cel_macro_find(const char *name, size_t nargs)
{
	for (size_t i = 0; i < MOK_COUNT(macros); i++)
		if (strcmp(macros[i].name, name) == 0 && macros[i].nvars + macros[i].nargs == nargs)
			return &macros[i];
	return NULL;
}
