/* JSON Merge Patch (RFC 7396), JSON Patch (RFC 6902), and Kubernetes' strategic merge patch:
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ */
#include "apiserver_internal.h"

#include <stdlib.h>

/* ---- merge ---- */

static void merge_into(cJSON *target, const cJSON *patch)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, patch)
	{
		if (cJSON_IsNull(child))
			cJSON_DeleteItemFromObjectCaseSensitive(target, child->string);
		else if (cJSON_IsObject(child))
			merge_into(mok_json_object(target, child->string), child);
		else
			mok_json_set(target, child->string, cJSON_Duplicate(child, true));
	}
}

cJSON *ks_merge_patch(struct ks_req *r, const cJSON *object, const cJSON *patch)
{
	cJSON *out = ks_own(r, cJSON_Duplicate(object, true));

	if (!cJSON_IsObject(patch)) {
		ks_bad_request(r, "the patch is no object");
		return NULL;
	}
	merge_into(out, patch);
	return out;
}

/* ---- JSON patch ---- */

struct target {
	cJSON *parent;
	const char *last; /* the last reference token, decoded */
};

static char *token(struct mok_arena *arena, const char *s, size_t len)
{
	char *out = mok_arena_alloc(arena, len + 1), *to = out;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '~' && i + 1 < len && (s[i + 1] == '0' || s[i + 1] == '1'))
			*to++ = s[++i] == '0' ? '~' : '/';
		else
			*to++ = s[i];
	}
	return out;
}

static cJSON *step(cJSON *at, const char *name)
{
	int64_t index;

	if (cJSON_IsArray(at))
		return mok_parse_i64(name, &index) && index >= 0 && index < 100000
			? cJSON_GetArrayItem(at, (int)index)
			: NULL;
	return cJSON_IsObject(at) ? ks_item(at, name) : NULL;
}

static bool find_target(struct ks_req *r, cJSON *root, const char *pointer, struct target *out)
{
	out->parent = root;
	out->last = NULL;
	if (!pointer || *pointer != '/')
		return false;
	while (*pointer) {
		size_t len = strcspn(++pointer, "/");

		if (out->last)
			out->parent = step(out->parent, out->last);
		if (!out->parent)
			return false;
		out->last = token(r->arena, pointer, len);
		pointer += len;
	}
	return true;
}

static bool put_at(const struct target *t, cJSON *value, bool replace)
{
	int64_t index;

	if (cJSON_IsObject(t->parent)) {
		mok_json_set(t->parent, t->last, value);
		return true;
	}
	if (cJSON_IsArray(t->parent) && strcmp(t->last, "-") == 0)
		return cJSON_AddItemToArray(t->parent, value);
	if (!cJSON_IsArray(t->parent) || !mok_parse_i64(t->last, &index) || index < 0 ||
		index > cJSON_GetArraySize(t->parent)) {
		cJSON_Delete(value);
		return false;
	}
	if (replace)
		return cJSON_ReplaceItemInArray(t->parent, (int)index, value);
	if (index == cJSON_GetArraySize(t->parent))
		return cJSON_AddItemToArray(t->parent, value);
	return cJSON_InsertItemInArray(t->parent, (int)index, value);
}

static bool run_move(
	struct ks_req *r, cJSON *root, const cJSON *op, const struct target *t, bool copy)
{
	struct target from;
	cJSON *value;

	if (!find_target(r, root, mok_json_str(op, "from"), &from))
		return false;
	value = step(from.parent, from.last);
	if (!value)
		return false;
	value = copy ? cJSON_Duplicate(value, true)
		     : cJSON_DetachItemViaPointer(from.parent, value);
	return put_at(t, value, false);
}

static bool run_operation(struct ks_req *r, cJSON *root, const cJSON *op)
{
	const char *what = ks_str(op, "op");
	const cJSON *value = ks_at(op, "value");
	struct target t;
	cJSON *have;

	if (!find_target(r, root, mok_json_str(op, "path"), &t))
		return false;
	have = step(t.parent, t.last);
	if (strcmp(what, "add") == 0)
		return value && put_at(&t, cJSON_Duplicate(value, true), false);
	if (strcmp(what, "replace") == 0)
		return value && have && put_at(&t, cJSON_Duplicate(value, true), true);
	if (strcmp(what, "test") == 0)
		return value && ks_same(have, value);
	if (strcmp(what, "move") == 0 || strcmp(what, "copy") == 0)
		return run_move(r, root, op, &t, *what == 'c');
	if (strcmp(what, "remove") != 0 || !have)
		return false;
	cJSON_Delete(cJSON_DetachItemViaPointer(t.parent, have));
	return true;
}

cJSON *ks_json_patch(struct ks_req *r, const cJSON *object, const cJSON *patch)
{
	cJSON *out = ks_own(r, cJSON_Duplicate(object, true));
	const cJSON *op;

	if (!cJSON_IsArray(patch)) {
		ks_bad_request(r, "error decoding patch: it is no list of operations");
		return NULL;
	}
	cJSON_ArrayForEach(op, patch)
	{
		if (run_operation(r, out, op))
			continue;
		ks_fail_details(r, 422, "Invalid",
			"the server rejected our request due to an error in our request",
			cJSON_CreateObject());
		return NULL;
	}
	return out;
}

/* ---- strategic ---- */

static void strategic(cJSON *target, const cJSON *patch, const struct ks_type *type);

static bool is_directive(const char *name)
{
	return name[0] == '$';
}

static cJSON *find_item(cJSON *list, const char *key, const cJSON *like)
{
	cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (*key ? ks_same(ks_at(item, key), ks_at(like, key)) : ks_same(item, like))
			return item;
	}
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

static void merge_list(cJSON *list, const cJSON *patch, const struct ks_field *f)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, patch)
	{
		cJSON *mine = find_item(list, f->merge_key, item);
		const char *directive = mok_json_str(item, "$patch");

		if (directive && strcmp(directive, "delete") == 0) {
			if (mine)
				cJSON_Delete(cJSON_DetachItemViaPointer(list, mine));
		} else if (mine && *f->merge_key) {
			strategic(mine, item, f->type->element);
		} else if (!mine) {
			cJSON_AddItemToArray(list, without_directives(item));
		}
	}
}

static bool replaces_list(const cJSON *patch)
{
	const cJSON *item;

	cJSON_ArrayForEach(
		item, patch) if (mok_streq(mok_json_str(item, "$patch"), "replace")) return true;
	return false;
}

/* "$setElementOrder/NAME": those named come in that order, others keep their places after. */
static void order_list(cJSON *list, const cJSON *order, const char *key)
{
	cJSON *sorted = cJSON_CreateArray(), *item;
	const cJSON *want;

	cJSON_ArrayForEach(want, order)
	{
		item = find_item(list, key, want);
		if (item)
			cJSON_AddItemToArray(sorted, cJSON_DetachItemViaPointer(list, item));
	}
	while ((item = list->child) != NULL)
		cJSON_AddItemToArray(sorted, cJSON_DetachItemViaPointer(list, item));
	while ((item = sorted->child) != NULL)
		cJSON_AddItemToArray(list, cJSON_DetachItemViaPointer(sorted, item));
	cJSON_Delete(sorted);
}

static void apply_directive(cJSON *target, const cJSON *directive, const struct ks_type *type)
{
	const char *slash = strchr(directive->string, '/');
	const struct ks_field *f = slash ? ks_field_of(type, slash + 1) : NULL;
	cJSON *list = slash ? ks_item(target, slash + 1) : NULL;
	const cJSON *value;

	if (!f || !f->merges || !cJSON_IsArray(list))
		return;
	if (mok_starts(directive->string, "$setElementOrder/"))
		order_list(list, directive, f->merge_key);
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

static void patch_field(cJSON *target, const cJSON *child, const struct ks_type *type)
{
	const struct ks_field *f = ks_field_of(type, child->string);
	const struct ks_type *below = f ? f->type : type->kind == KS_MAP ? type->element : &ks_any;
	cJSON *mine = ks_item(target, child->string);

	if (cJSON_IsNull(child))
		cJSON_DeleteItemFromObjectCaseSensitive(target, child->string);
	else if (cJSON_IsObject(child))
		strategic(mok_json_object(target, child->string), child, below);
	else if (cJSON_IsArray(child) && f && f->merges && !replaces_list(child)) {
		if (!cJSON_IsArray(mine)) {
			mok_json_set(target, child->string, cJSON_CreateArray());
			mine = ks_item(target, child->string);
		}
		merge_list(mine, child, f);
	} else {
		mok_json_set(target, child->string, cJSON_Duplicate(child, true));
	}
}

static void clear(cJSON *target)
{
	while (target->child)
		cJSON_Delete(cJSON_DetachItemViaPointer(target, target->child));
}

static void strategic(cJSON *target, const cJSON *patch, const struct ks_type *type)
{
	const char *directive = mok_json_str(patch, "$patch");
	const cJSON *child;

	if (directive)
		clear(target);
	if (mok_streq(directive, "delete"))
		return;
	retain_keys(target, patch);
	cJSON_ArrayForEach(child, patch) if (mok_starts(child->string, "$deleteFrom"))
		apply_directive(target, child, type);
	cJSON_ArrayForEach(child, patch) if (!is_directive(child->string))
		patch_field(target, child, type);
	cJSON_ArrayForEach(child, patch) if (mok_starts(child->string, "$setElementOrder"))
		apply_directive(target, child, type);
}

cJSON *ks_strategic_patch(
	struct ks_req *r, const cJSON *object, const cJSON *patch, const struct ks_type *type)
{
	cJSON *out = ks_own(r, cJSON_Duplicate(object, true));

	if (!cJSON_IsObject(patch)) {
		ks_bad_request(r, "the patch is no object");
		return NULL;
	}
	strategic(out, patch, type);
	return out;
}
