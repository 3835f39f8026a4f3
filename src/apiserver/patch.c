/* JSON Merge Patch (RFC 7396) and JSON Patch (RFC 6902). */
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

bool ks_is_patch_object(struct ks_req *r, const cJSON *patch)
{
	if (cJSON_IsObject(patch))
		return true;
	if (cJSON_IsNull(patch))
		return ks_bad_request(r, "Invalid JSON Patch");
	return ks_bad_request(r,
		"%sjson: cannot unmarshal %s into Go value of type map[string]interface {}",
		ks_patch_words(r), ks_json_type(patch));
}

cJSON *ks_merge_patch(struct ks_req *r, const cJSON *object, const cJSON *patch)
{
	cJSON *out = ks_own(r, cJSON_Duplicate(object, true));

	if (!ks_is_patch_object(r, patch))
		return NULL;
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
		ks_bad_request(r,
			"error decoding patch: json: cannot unmarshal %s into Go value of type "
			"[]handlers.jsonPatchOp",
			ks_json_type(patch));
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
