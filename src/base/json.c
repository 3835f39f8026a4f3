#include "mok/base.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 200

static const cJSON *child(const cJSON *node, const char *key, size_t len)
{
	char name[128];
	int64_t index;

	if (len >= sizeof(name))
		return NULL;
	memcpy(name, key, len);
	name[len] = '\0';
	if (cJSON_IsObject(node))
		return cJSON_GetObjectItemCaseSensitive(node, name);
	if (cJSON_IsArray(node) && mok_parse_i64(name, &index) && index >= 0 && index < 1000000)
		return cJSON_GetArrayItem(node, (int)index);
	return NULL;
}

const cJSON *mok_json_at(const cJSON *root, const char *path)
{
	while (root && *path) {
		size_t len = strcspn(path, ".");

		root = child(root, path, len);
		path += len;
		if (*path == '.')
			path++;
	}
	return root;
}

const char *mok_json_str(const cJSON *root, const char *path)
{
	const cJSON *node = mok_json_at(root, path);

	return cJSON_IsString(node) ? node->valuestring : NULL;
}

int64_t mok_json_int(const cJSON *root, const char *path, int64_t fallback)
{
	const cJSON *node = mok_json_at(root, path);

	if (!cJSON_IsNumber(node) || node->valuedouble < -9e15 || node->valuedouble > 9e15)
		return fallback;
	return (int64_t)node->valuedouble;
}

bool mok_json_bool(const cJSON *root, const char *path, bool fallback)
{
	const cJSON *node = mok_json_at(root, path);

	return cJSON_IsBool(node) ? cJSON_IsTrue(node) : fallback;
}

/* cJSON's own limit (1,000) is a compile-time matter of the library: ours is checked before it. */
static bool nested_too_deep(const char *data, size_t len)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = data[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > MAX_DEPTH)
				return true;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

cJSON *mok_json_parse(const char *data, size_t len)
{
	const char *end = NULL;
	cJSON *json;

	if (nested_too_deep(data, len))
		return NULL;
	json = cJSON_ParseWithLengthOpts(data, len, &end, false);
	for (; json && end < data + len; end++)
		if (!*end || !strchr(" \t\r\n", *end)) {
			cJSON_Delete(json);
			return NULL;
		}
	return json;
}

void mok_json_set(cJSON *object, const char *name, cJSON *value)
{
	if (cJSON_GetObjectItemCaseSensitive(object, name))
		cJSON_ReplaceItemInObjectCaseSensitive(object, name, value);
	else
		cJSON_AddItemToObject(object, name, value);
}

cJSON *mok_json_object(cJSON *object, const char *name)
{
	cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);

	if (cJSON_IsObject(found))
		return found;
	found = cJSON_CreateObject();
	mok_json_set(object, name, found);
	return found;
}

void mok_json_cleanup(cJSON **json)
{
	cJSON_Delete(*json);
	*json = NULL;
}

static bool same_members(const cJSON *a, const cJSON *b)
{
	const cJSON *member;

	if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b))
		return false;
	cJSON_ArrayForEach(member, a)
	{
		if (!mok_json_equal(member, cJSON_GetObjectItemCaseSensitive(b, member->string)))
			return false;
	}
	return true;
}

static bool same_items(const cJSON *a, const cJSON *b)
{
	const cJSON *x = a->child, *y = b->child;

	for (; x && y; x = x->next, y = y->next)
		if (!mok_json_equal(x, y))
			return false;
	return !x && !y;
}

bool mok_json_equal(const cJSON *a, const cJSON *b)
{
	if (!a || !b || (a->type & 0xff) != (b->type & 0xff))
		return false;
	if (cJSON_IsObject(a))
		return same_members(a, b);
	if (cJSON_IsArray(a))
		return same_items(a, b);
	if (cJSON_IsString(a) || cJSON_IsRaw(a))
		return strcmp(a->valuestring, b->valuestring) == 0;
	return !cJSON_IsNumber(a) ||
		(a->valuedouble >= b->valuedouble && a->valuedouble <= b->valuedouble);
}
