#include "mok/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mok_val mok_val_null(void)
{
	return (struct mok_val){ .type = MOK_NULL };
}

struct mok_val mok_val_bool(bool b)
{
	return (struct mok_val){ .type = MOK_BOOL, .u.b = b };
}

struct mok_val mok_val_int(int64_t i)
{
	return (struct mok_val){ .type = MOK_INT, .u.i = i };
}

struct mok_val mok_val_num(double n)
{
	return (struct mok_val){ .type = MOK_NUM, .u.n = n };
}

struct mok_val mok_val_str(const char *s)
{
	return (struct mok_val){ .type = MOK_STR, .u.s = s };
}

struct mok_val mok_val_unknown(const char *of)
{
	return (struct mok_val){ .type = MOK_UNKNOWN, .u.s = of };
}

const char *mok_type_name(enum mok_type type)
{
	switch (type) {
	case MOK_NULL: return "null";
	case MOK_BOOL: return "boolean";
	case MOK_INT: return "integer";
	case MOK_NUM: return "number";
	case MOK_STR: return "string";
	case MOK_LIST: return "list";
	case MOK_MAP: return "map";
	case MOK_EXPR: return "expression";
	case MOK_UNKNOWN: return "unknown";
	}
	MOK_BUG("no such type");
}

const char *mok_val_text(struct mok_arena *arena, const struct mok_val *v)
{
	switch (v->type) {
	case MOK_STR: return v->u.s;
	case MOK_BOOL: return v->u.b ? "true" : "false";
	case MOK_INT: return mok_arena_printf(arena, "%lld", (long long)v->u.i);
	case MOK_NUM: return mok_arena_printf(arena, "%.15g", v->u.n);
	case MOK_NULL:
	case MOK_LIST:
	case MOK_MAP:
	case MOK_EXPR:
	case MOK_UNKNOWN: break;
	}
	return NULL;
}

/* ---- builders ---- */

/* In front of the items of a value that a builder allocated. `used` is what any copy of the value
 * has filled: whoever appends to an older copy gets an array of its own. */
struct room {
	size_t used, cap;
};

#define FIRST_CAP 4

static void *with_room(
	struct mok_arena *arena, struct mok_val *v, void *items, size_t len, size_t item_size)
{
	struct room *room = v->built ? (struct room *)items - 1 : NULL;
	/* The first time few may follow, then as many as there are. */
	size_t cap = room && len >= FIRST_CAP ? len * 2 : len + FIRST_CAP;

	if (room && room->used == len && len < room->cap) {
		room->used++;
		return items;
	}
	room = mok_arena_alloc(arena, sizeof(*room) + cap * item_size);
	room->cap = cap;
	room->used = len + 1;
	if (items && len)
		memcpy(room + 1, items, len * item_size);
	v->built = true;
	return room + 1;
}

/* Items are const for readers; only the builders write, and only behind the end. */
static void *writable(const void *items)
{
	union {
		const void *from;
		void *to;
	} u = { .from = items };

	return u.to;
}

void mok_val_append(struct mok_arena *arena, struct mok_val *list, struct mok_val item)
{
	struct mok_val *items;

	if (list->type != MOK_LIST)
		*list = (struct mok_val){ .type = MOK_LIST, .at = list->at };
	items = with_room(
		arena, list, writable(list->u.list.items), list->u.list.len, sizeof(item));
	items[list->u.list.len++] = item;
	list->u.list.items = items;
}

void mok_val_set(struct mok_arena *arena, struct mok_val *map, const char *key, struct mok_val val)
{
	struct mok_pair *pairs;
	size_t i = 0, len;

	if (map->type != MOK_MAP)
		*map = (struct mok_val){ .type = MOK_MAP, .at = map->at };
	len = map->u.map.len;
	while (i < len && strcmp(map->u.map.pairs[i].key, key) != 0)
		i++;
	if (i < len) {
		pairs = MOK_NEW_N(arena, struct mok_pair, len);
		memcpy(pairs, map->u.map.pairs, len * sizeof(*pairs));
		pairs[i].val = val;
		map->built = false;
	} else {
		pairs = with_room(arena, map, writable(map->u.map.pairs), len, sizeof(*pairs));
		pairs[len] = (struct mok_pair){
			.key = mok_arena_strdup(arena, key), .key_at = val.at, .val = val
		};
		map->u.map.len++;
	}
	map->u.map.pairs = pairs;
}

/* ---- looking in ---- */

const struct mok_val *mok_val_get(const struct mok_val *map, const char *key)
{
	if (!map || map->type != MOK_MAP)
		return NULL;
	for (size_t i = 0; i < map->u.map.len; i++)
		if (strcmp(map->u.map.pairs[i].key, key) == 0)
			return &map->u.map.pairs[i].val;
	return NULL;
}

static const struct mok_val *item_at(const struct mok_val *list, const char *index)
{
	int64_t i;

	if (!mok_parse_i64(index, &i) || i < 0 || (uint64_t)i >= list->u.list.len)
		return NULL;
	return &list->u.list.items[i];
}

const struct mok_val *mok_val_at(const struct mok_val *root, const char *path)
{
	char part[256];

	while (root && *path) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(part))
			return NULL;
		memcpy(part, path, len);
		part[len] = '\0';
		path += len + (path[len] == '.');
		root = root->type == MOK_LIST ? item_at(root, part) : mok_val_get(root, part);
	}
	return root;
}

const char *mok_val_get_str(const struct mok_val *map, const char *key)
{
	const struct mok_val *v = mok_val_get(map, key);

	return v && v->type == MOK_STR ? v->u.s : NULL;
}

/* The first one inside that is so, itself included; or NULL. */
static const struct mok_val *first(const struct mok_val *v, bool (*test)(const struct mok_val *))
{
	const struct mok_val *found = test(v) ? v : NULL;

	if (v->type == MOK_LIST)
		for (size_t i = 0; !found && i < v->u.list.len; i++)
			found = first(&v->u.list.items[i], test);
	if (v->type == MOK_MAP)
		for (size_t i = 0; !found && i < v->u.map.len; i++)
			found = first(&v->u.map.pairs[i].val, test);
	return found;
}

static bool is_unknown(const struct mok_val *v)
{
	return v->type == MOK_UNKNOWN;
}

static bool is_sensitive(const struct mok_val *v)
{
	return v->sensitive;
}

const struct mok_val *mok_val_first_unknown(const struct mok_val *v)
{
	return first(v, is_unknown);
}

bool mok_val_has_unknown(const struct mok_val *v)
{
	return mok_val_first_unknown(v) != NULL;
}

bool mok_val_has_sensitive(const struct mok_val *v)
{
	return first(v, is_sensitive) != NULL;
}

/* ---- comparing ---- */

static bool equal_maps(const struct mok_val *a, const struct mok_val *b)
{
	if (a->u.map.len != b->u.map.len)
		return false;
	for (size_t i = 0; i < a->u.map.len; i++) {
		const struct mok_pair *pa = &a->u.map.pairs[i], *pb = &b->u.map.pairs[i];
		const struct mok_val *vb =
			strcmp(pa->key, pb->key) == 0 ? &pb->val : mok_val_get(b, pa->key);

		if (!vb || !mok_val_equal(&pa->val, vb))
			return false;
	}
	return true;
}

static bool equal_lists(const struct mok_val *a, const struct mok_val *b)
{
	if (a->u.list.len != b->u.list.len)
		return false;
	for (size_t i = 0; i < a->u.list.len; i++)
		if (!mok_val_equal(&a->u.list.items[i], &b->u.list.items[i]))
			return false;
	return true;
}

static bool equal_numbers(double a, double b)
{
	return !(a < b) && !(a > b);
}

bool mok_val_equal(const struct mok_val *a, const struct mok_val *b)
{
	if (a->type == MOK_INT && b->type == MOK_NUM)
		return equal_numbers((double)a->u.i, b->u.n);
	if (a->type == MOK_NUM && b->type == MOK_INT)
		return equal_numbers(a->u.n, (double)b->u.i);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case MOK_NULL: return true;
	case MOK_BOOL: return a->u.b == b->u.b;
	case MOK_INT: return a->u.i == b->u.i;
	case MOK_NUM: return equal_numbers(a->u.n, b->u.n);
	case MOK_STR: return strcmp(a->u.s, b->u.s) == 0;
	case MOK_LIST: return equal_lists(a, b);
	case MOK_MAP: return equal_maps(a, b);
	case MOK_EXPR:
	case MOK_UNKNOWN: return false;
	}
	MOK_BUG("no such type");
}
