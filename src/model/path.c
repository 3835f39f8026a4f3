/* Paths into values of any shape, as plans show them. */
#include "mok/model.h"

#include <string.h>

size_t mok_path_key(const char *path, const char *key)
{
	const char *p = path;

	for (; *key; key++, p++) {
		p += *p == '\\';
		if (*p != *key)
			return 0;
	}
	if (*p && *p != '.' && *p != '[')
		return 0;
	return (size_t)(p - path) + (*p == '.');
}

/* "[web]" or "[0]" at the path's beginning: the item, and how much of the path that was. */
static const struct mok_val *item_of(const struct mok_val *list, const char *path, size_t *len)
{
	size_t n = strcspn(path, "]");
	char name[256];
	int64_t index;

	if (path[0] != '[' || path[n] != ']' || n - 1 >= sizeof(name))
		return NULL;
	memcpy(name, path + 1, n - 1);
	name[n - 1] = '\0';
	*len = n + 1 + (path[n + 1] == '.');
	for (size_t i = 0; i < list->u.list.len; i++)
		if (mok_streq(mok_val_get_str(&list->u.list.items[i], "name"), name))
			return &list->u.list.items[i];
	if (!mok_parse_i64(name, &index) || index < 0 || (size_t)index >= list->u.list.len)
		return NULL;
	return &list->u.list.items[index];
}

/* The pair of a map that the path goes through; keys may have dots of their own. */
static const struct mok_pair *pair_of(const struct mok_val *map, const char *path, size_t *len)
{
	const struct mok_pair *found = NULL;

	*len = 0;
	for (size_t i = 0; i < map->u.map.len; i++) {
		size_t n = mok_path_key(path, map->u.map.pairs[i].key);

		if (n > *len && mok_val_find(&map->u.map.pairs[i].val, path + n)) {
			found = &map->u.map.pairs[i];
			*len = n;
		}
	}
	return found;
}

const struct mok_val *mok_val_find(const struct mok_val *root, const char *path)
{
	const struct mok_pair *pair;
	size_t len = 0;

	if (!root || !*path)
		return root;
	if (root->type == MOK_LIST) {
		root = item_of(root, path, &len);
		return root ? mok_val_find(root, path + len) : NULL;
	}
	pair = root->type == MOK_MAP ? pair_of(root, path, &len) : NULL;
	return pair ? mok_val_find(&pair->val, path + len) : NULL;
}

/* A copy with one child replaced; NULL: left out. */
static struct mok_val replaced(struct mok_arena *arena, const struct mok_val *root,
	const struct mok_val *child, const struct mok_val *by)
{
	struct mok_val out = { .type = root->type, .sensitive = root->sensitive, .at = root->at };

	for (size_t i = 0; root->type == MOK_LIST && i < root->u.list.len; i++) {
		const struct mok_val *item = &root->u.list.items[i];

		if (item != child || by)
			mok_val_append(arena, &out, item == child ? *by : *item);
	}
	for (size_t i = 0; root->type == MOK_MAP && i < root->u.map.len; i++) {
		const struct mok_pair *pair = &root->u.map.pairs[i];

		if (&pair->val != child || by)
			mok_val_set(arena, &out, pair->key, &pair->val == child ? *by : pair->val);
	}
	return out;
}

static const struct mok_val *child_of(const struct mok_val *root, const char *path, size_t *len)
{
	const struct mok_pair *pair;

	*len = 0;
	if (root->type == MOK_LIST)
		return item_of(root, path, len);
	pair = root->type == MOK_MAP ? pair_of(root, path, len) : NULL;
	return pair ? &pair->val : NULL;
}

struct mok_val mok_val_without(
	struct mok_arena *arena, const struct mok_val *root, const char *path)
{
	size_t len;
	const struct mok_val *child = child_of(root, path, &len);
	struct mok_val rest;

	if (!child || !mok_val_find(root, path))
		return *root;
	if (!path[len])
		return replaced(arena, root, child, NULL);
	rest = mok_val_without(arena, child, path + len);
	return replaced(arena, root, child, &rest);
}

struct mok_val mok_val_graft(struct mok_arena *arena, const struct mok_val *root,
	const struct mok_val *from, const char *path)
{
	size_t len, own_len;
	const struct mok_pair *pair;
	const struct mok_val *own, *child;
	struct mok_val grown, out = *root;

	if (!*path)
		return *from;
	if (from->type == MOK_LIST && root->type == MOK_LIST) {
		child = item_of(from, path, &len);
		own = item_of(root, path, &own_len);
		if (!child || !own)
			return *root;
		grown = mok_val_graft(arena, own, child, path + len);
		return replaced(arena, root, own, &grown);
	}
	pair = from->type == MOK_MAP ? pair_of(from, path, &len) : NULL;
	if (!pair || (root->type != MOK_MAP && root->type != MOK_NULL))
		return *root;
	own = root->type == MOK_MAP ? mok_val_get(root, pair->key) : NULL;
	grown = mok_val_null();
	grown = mok_val_graft(arena, own ? own : &grown, &pair->val, path + len);
	if (root->type == MOK_NULL)
		out = (struct mok_val){ .type = MOK_MAP, .at = root->at };
	out.built = false; /* its room is another's to grow into */
	mok_val_set(arena, &out, pair->key, grown);
	return out;
}
