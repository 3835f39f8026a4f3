/* Sets of fields (meta/v1 FieldsV1), as trees of cJSON objects: an element is a child named
 * "f:NAME", "k:{KEYS}", "v:VALUE" or "i:INDEX"; a node that is itself in the set has a child ".".
 */
#include "apiserver_internal.h"

#include <stdlib.h>

cJSON *ks_set_child(cJSON *set, const char *element)
{
	cJSON *child = ks_item(set, element);

	return child ? child : cJSON_AddObjectToObject(set, element);
}

void ks_set_member(cJSON *set)
{
	ks_set_child(set, ".");
}

bool ks_set_empty(const cJSON *set)
{
	return !set || !set->child;
}

static void mark_leaves(cJSON *set)
{
	cJSON *child;

	cJSON_ArrayForEach(child, set)
	{
		if (strcmp(child->string, ".") == 0)
			continue;
		if (!child->child)
			ks_set_member(child);
		else
			mark_leaves(child);
	}
}

cJSON *ks_set_parse(const cJSON *fields_v1)
{
	cJSON *set =
		cJSON_IsObject(fields_v1) ? cJSON_Duplicate(fields_v1, true) : cJSON_CreateObject();

	mark_leaves(set);
	return set;
}

/* "." first, then fields, keys, values, indices; each by its text. */
static int rank(char c)
{
	static const char order[] = ".fkvi";
	const char *at = strchr(order, c);

	return at && c ? (int)(at - order) : 9;
}

static int compare(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;
	int by_rank = rank((*x)->string[0]) - rank((*y)->string[0]);

	return by_rank ? by_rank : strcmp((*x)->string, (*y)->string);
}

static void sort_children(cJSON *set)
{
	size_t n = (size_t)cJSON_GetArraySize(set), i = 0;
	cJSON **all = mok_xcalloc(n + 1, sizeof(*all)), *child;

	cJSON_ArrayForEach(child, set) all[i++] = child;
	qsort(all, n, sizeof(*all), compare);
	for (i = 0; i < n; i++)
		cJSON_DetachItemViaPointer(set, all[i]);
	for (i = 0; i < n; i++)
		cJSON_AddItemToObject(set, all[i]->string, all[i]);
	free(all);
}

static void print_level(cJSON *set)
{
	cJSON *child;

	cJSON_ArrayForEach(child, set)
	{
		if (strcmp(child->string, ".") == 0)
			continue;
		if (child->child && !child->child->next && strcmp(child->child->string, ".") == 0)
			cJSON_DeleteItemFromObjectCaseSensitive(child, ".");
		else
			print_level(child);
	}
	sort_children(set);
}

cJSON *ks_set_print(const cJSON *set)
{
	cJSON *out = cJSON_Duplicate(set, true);

	print_level(out);
	return out;
}

void ks_set_union(cJSON *set, const cJSON *with)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, with)
	{
		cJSON *mine = ks_item(set, child->string);

		if (mine)
			ks_set_union(mine, child);
		else
			cJSON_AddItemToObject(set, child->string, cJSON_Duplicate(child, true));
	}
}

void ks_set_minus(cJSON *set, const cJSON *with)
{
	cJSON *child, *next;

	for (child = set->child; child; child = next) {
		const cJSON *other = ks_at(with, child->string);

		next = child->next;
		if (!other)
			continue;
		if (strcmp(child->string, ".") != 0)
			ks_set_minus(child, other);
		if (!child->child)
			cJSON_Delete(cJSON_DetachItemViaPointer(set, child));
	}
}

void ks_set_keep(cJSON *set, const cJSON *with)
{
	cJSON *child, *next;

	for (child = set->child; child; child = next) {
		const cJSON *other = ks_at(with, child->string);
		bool dot = strcmp(child->string, ".") == 0;

		next = child->next;
		if (other && !dot)
			ks_set_keep(child, other);
		if (!other || (!dot && !child->child))
			cJSON_Delete(cJSON_DetachItemViaPointer(set, child));
	}
}

/* ---- paths for people ---- */

static char *keys_text(struct mok_arena *arena, const char *element)
{
	cJSON *keys = mok_json_parse(element, strlen(element));
	const cJSON *key;
	struct mok_buf text;
	char *out;

	mok_buf_init(&text, 8192);
	cJSON_ArrayForEach(key, keys)
	{
		char *value = cJSON_PrintUnformatted(key);

		mok_buf_printf(&text, "%s%s=%s", text.len ? "," : "", key->string, value);
		cJSON_free(value);
	}
	out = mok_arena_printf(arena, "[%s]", text.data);
	mok_buf_release(&text);
	cJSON_Delete(keys);
	return out;
}

const char *ks_element_text(struct mok_arena *arena, const char *element)
{
	switch (element[0]) {
	case 'f': return mok_arena_printf(arena, ".%s", element + 2);
	case 'k': return keys_text(arena, element + 2);
	case 'v': return mok_arena_printf(arena, "[=%s]", element + 2);
	default: return mok_arena_printf(arena, "[%s]", element + 2);
	}
}

struct each {
	struct mok_arena *arena;
	void (*call)(void *context, const char *path);
	void *context;
};

static void visit(const struct each *each, const cJSON *set, const char *path)
{
	cJSON *sorted = cJSON_Duplicate(set, true);
	const cJSON *child;

	sort_children(sorted);
	cJSON_ArrayForEach(child, sorted)
	{
		if (strcmp(child->string, ".") == 0)
			each->call(each->context, path);
		else
			visit(each, child,
				mok_arena_printf(each->arena, "%s%s", path,
					ks_element_text(each->arena, child->string)));
	}
	cJSON_Delete(sorted);
}

void ks_set_each(struct mok_arena *arena, const cJSON *set,
	void (*call)(void *context, const char *path), void *context)
{
	const struct each each = { arena, call, context };

	visit(&each, set, "");
}
