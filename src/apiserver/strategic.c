/* Kubernetes' strategic merge patch:
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ */
#include "apiserver_internal.h"

#include <stdlib.h>

struct merging {
	struct mok_arena *arena;
	const char *wrong; /* NULL: nothing yet */
};

static void strategic(
	struct merging *m, cJSON *target, const cJSON *patch, const struct ks_type *type);

static bool is_directive(const char *name)
{
	return name[0] == '$';
}

static bool are_same(const char *key, const cJSON *a, const cJSON *b)
{
	return *key ? ks_same(ks_at(a, key), ks_at(b, key)) : ks_same(a, b);
}

static cJSON *find_item(cJSON *list, const char *key, const cJSON *like)
{
	cJSON *item;

	cJSON_ArrayForEach(item, list) if (are_same(key, item, like)) return item;
	return NULL;
}

static cJSON *without_directives(const cJSON *value)
{
	cJSON *copy = cJSON_Duplicate(value, true), *child, *next;

	for (child = cJSON_IsObject(copy) ? copy->child : NULL; child; child = next) {
		next = child->next;
		if (is_directive(child->string) || cJSON_IsNull(child))
			cJSON_Delete(cJSON_DetachItemViaPointer(copy, child));
	}
	return copy;
}

static int by_text(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;
	const char *one = cJSON_GetStringValue(*x), *two = cJSON_GetStringValue(*y);

	return one && two ? strcmp(one, two) : 0;
}

/* Merged scalars come in order. */
static void sort_scalars(struct merging *m, cJSON *list)
{
	size_t n = (size_t)cJSON_GetArraySize(list), i = 0;
	cJSON **items = MOK_NEW_N(m->arena, cJSON *, n + 1);

	while (list->child)
		items[i++] = cJSON_DetachItemViaPointer(list, list->child);
	qsort(items, n, sizeof(cJSON *), by_text);
	for (i = 0; i < n; i++)
		cJSON_AddItemToArray(list, items[i]);
}

static void merge_item(struct merging *m, cJSON *list, const cJSON *item, const struct ks_field *f)
{
	const char *directive = mok_json_str(item, "$patch");
	cJSON *mine;

	if (*f->merge_key && cJSON_IsObject(item) && !ks_at(item, f->merge_key)) {
		m->wrong = mok_arena_printf(m->arena,
			"map: %s does not contain declared merge key: %s",
			ks_go_text(m->arena, item), f->merge_key);
		return;
	}
	mine = find_item(list, f->merge_key, item);
	if (directive && strcmp(directive, "delete") == 0) {
		if (mine)
			cJSON_Delete(cJSON_DetachItemViaPointer(list, mine));
	} else if (mine && *f->merge_key) {
		strategic(m, mine, item, f->type->element);
	} else if (!mine) {
		cJSON_AddItemToArray(list, without_directives(item));
	}
}

/* -1: it is not there. */
static int place_of(const cJSON *list, const char *key, const cJSON *item)
{
	const cJSON *one;
	int i = 0;

	cJSON_ArrayForEach(one, list)
	{
		if (are_same(key, one, item))
			return i;
		i++;
	}
	return -1;
}

/* Were both there, and one before the other? */
static bool was_before(const cJSON *list, const char *key, const cJSON *one, const cJSON *other)
{
	int a = one ? place_of(list, key, one) : -1, b = other ? place_of(list, key, other) : -1;

	return a >= 0 && b >= 0 && a < b;
}

/* Those that `order` names come in that order. Each of the others keeps its place before what it
 * was before in `old`; what is new comes first. */
static void order_list(cJSON *list, const cJSON *order, const cJSON *old, const char *key)
{
	cJSON *named = cJSON_CreateArray(), *sorted = cJSON_CreateArray(), *item;
	const cJSON *want;

	cJSON_ArrayForEach(want, order)
	{
		item = find_item(list, key, want);
		if (item)
			cJSON_AddItemToArray(named, cJSON_DetachItemViaPointer(list, item));
	}
	while (list->child || named->child) {
		bool other = !named->child || was_before(old, key, list->child, named->child);
		cJSON *from = other ? list : named;

		cJSON_AddItemToArray(sorted, cJSON_DetachItemViaPointer(from, from->child));
	}
	while ((item = sorted->child) != NULL)
		cJSON_AddItemToArray(list, cJSON_DetachItemViaPointer(sorted, item));
	cJSON_Delete(sorted);
	cJSON_Delete(named);
}

static void merge_list(struct merging *m, cJSON *list, const cJSON *patch, const struct ks_field *f)
{
	cJSON *old = cJSON_Duplicate(list, true);
	const cJSON *item;

	cJSON_ArrayForEach(item, patch) merge_item(m, list, item, f);
	if (*f->merge_key)
		order_list(list, patch, old, f->merge_key);
	else
		sort_scalars(m, list);
	cJSON_Delete(old);
}

static bool replaces(const cJSON *item)
{
	return mok_streq(mok_json_str(item, "$patch"), "replace");
}

/* A list with {"$patch": "replace"} in it takes the place of the other, without that item. */
static cJSON *replacement(const cJSON *patch)
{
	const cJSON *item;
	cJSON *list;

	cJSON_ArrayForEach(item, patch) if (replaces(item)) break;
	if (!item)
		return NULL;
	list = cJSON_CreateArray();
	cJSON_ArrayForEach(item, patch) if (!replaces(item) || item->child->next)
		cJSON_AddItemToArray(list, without_directives(item));
	return list;
}

/* "$setElementOrder/NAME", "$deleteFromPrimitiveList/NAME"; old: the target before the patch. */
static void apply_directive(
	cJSON *target, const cJSON *directive, const cJSON *old, const struct ks_type *type)
{
	const char *slash = strchr(directive->string, '/');
	const struct ks_field *f = slash ? ks_field_of(type, slash + 1) : NULL;
	cJSON *list = slash ? ks_item(target, slash + 1) : NULL;
	const cJSON *value;

	if (!f || !f->merges || !cJSON_IsArray(list))
		return;
	if (mok_starts(directive->string, "$setElementOrder/"))
		order_list(list, directive, ks_at(old, slash + 1), f->merge_key);
	if (!mok_starts(directive->string, "$deleteFromPrimitiveList/"))
		return;
	cJSON_ArrayForEach(value, directive)
	{
		cJSON *item = find_item(list, "", value);

		if (item)
			cJSON_Delete(cJSON_DetachItemViaPointer(list, item));
	}
}

/* Only the keys that the patch lists stay. */
static void retain_keys(cJSON *target, const cJSON *patch)
{
	const cJSON *kept = ks_at(patch, "$retainKeys"), *key;
	cJSON *child, *next;

	for (child = kept ? target->child : NULL; child; child = next) {
		bool found = false;

		next = child->next;
		cJSON_ArrayForEach(key, kept) found |=
			mok_streq(cJSON_GetStringValue(key), child->string);
		if (!found)
			cJSON_Delete(cJSON_DetachItemViaPointer(target, child));
	}
}

static void patch_list(
	struct merging *m, cJSON *target, const cJSON *child, const struct ks_field *f)
{
	cJSON *mine = ks_item(target, child->string), *instead = replacement(child);

	if (instead) {
		mok_json_set(target, child->string, instead);
		return;
	}
	if (!cJSON_IsArray(mine)) {
		mok_json_set(target, child->string, cJSON_CreateArray());
		mine = ks_item(target, child->string);
	}
	merge_list(m, mine, child, f);
}

static void patch_field(
	struct merging *m, cJSON *target, const cJSON *child, const struct ks_type *type)
{
	const struct ks_field *f = ks_field_of(type, child->string);
	const struct ks_type *below = f ? f->type : type->kind == KS_MAP ? type->element : &ks_any;

	if (cJSON_IsNull(child))
		cJSON_DeleteItemFromObjectCaseSensitive(target, child->string);
	else if (cJSON_IsObject(child))
		strategic(m, mok_json_object(target, child->string), child, below);
	else if (cJSON_IsArray(child) && f && f->merges)
		patch_list(m, target, child, f);
	else
		mok_json_set(target, child->string, cJSON_Duplicate(child, true));
}

static void clear(cJSON *target)
{
	while (target->child)
		cJSON_Delete(cJSON_DetachItemViaPointer(target, target->child));
}

static void strategic(
	struct merging *m, cJSON *target, const cJSON *patch, const struct ks_type *type)
{
	const char *directive = mok_json_str(patch, "$patch");
	const cJSON *child;
	cJSON *old;

	if (directive)
		clear(target);
	if (mok_streq(directive, "delete"))
		return;
	old = cJSON_Duplicate(target, true);
	retain_keys(target, patch);
	cJSON_ArrayForEach(child, patch) if (mok_starts(child->string, "$deleteFrom"))
		apply_directive(target, child, old, type);
	cJSON_ArrayForEach(child, patch) if (!is_directive(child->string))
		patch_field(m, target, child, type);
	cJSON_ArrayForEach(child, patch) if (mok_starts(child->string, "$setElementOrder"))
		apply_directive(target, child, old, type);
	cJSON_Delete(old);
}

cJSON *ks_strategic_patch(
	struct ks_req *r, const cJSON *object, const cJSON *patch, const struct ks_type *type)
{
	cJSON *out = ks_own(r, cJSON_Duplicate(object, true));
	struct merging m = { .arena = r->arena };

	if (cJSON_IsNull(patch))
		return out;
	if (!ks_is_patch_object(r, patch))
		return NULL;
	strategic(&m, out, patch, type);
	if (!m.wrong)
		return out;
	ks_fail(r, 500, "", "%s", m.wrong);
	return NULL;
}
