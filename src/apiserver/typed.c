/* What cannot be applied: fields that the schema has not, values of another type, duplicate keys.
 */
#include "apiserver_internal.h"

static bool has_type(const cJSON *value, const struct ks_type *type)
{
	switch ((int)type->kind) {
	case KS_STRING:
	case KS_BYTES: return cJSON_IsString(value);
	case KS_INTEGER:
	case KS_NUMBER: return cJSON_IsNumber(value);
	case KS_BOOLEAN: return cJSON_IsBool(value);
	case KS_LIST: return cJSON_IsArray(value);
	case KS_MAP:
	case KS_STRUCT: return cJSON_IsObject(value);
	default: return true;
	}
}

static void add_go(struct mok_buf *text, const cJSON *value);

static void add_go_members(struct mok_buf *text, const cJSON *value)
{
	const cJSON *child;

	mok_buf_puts(text, cJSON_IsObject(value) ? "map[" : "[");
	cJSON_ArrayForEach(child, value)
	{
		if (child->prev && child != value->child)
			mok_buf_putc(text, ' ');
		if (cJSON_IsObject(value))
			mok_buf_printf(text, "%s:", child->string);
		add_go(text, child);
	}
	mok_buf_putc(text, ']');
}

/* A value as Go prints it. */
static void add_go(struct mok_buf *text, const cJSON *value)
{
	if (cJSON_IsString(value))
		mok_buf_puts(text, value->valuestring);
	else if (cJSON_IsNumber(value))
		mok_buf_printf(text, "%.15g", value->valuedouble);
	else if (cJSON_IsBool(value))
		mok_buf_puts(text, cJSON_IsTrue(value) ? "true" : "false");
	else if (cJSON_IsNull(value))
		mok_buf_puts(text, "<nil>");
	else
		add_go_members(text, value);
}

const char *ks_go_text(struct mok_arena *arena, const cJSON *value)
{
	struct mok_buf text;
	const char *out;

	mok_buf_init(&text, 65536);
	add_go(&text, value);
	out = mok_arena_strdup(arena, text.data);
	mok_buf_release(&text);
	return out;
}

static const char *mistyped(
	struct mok_arena *arena, const cJSON *value, const struct ks_type *type, const char *path)
{
	static const char *const expected[] = { "", "string", "numeric (int or float)",
		"numeric (int or float)", "boolean", "", "", "string", "", "", "map", "list",
		"map" };
	const char *what = expected[type->kind], *out;
	struct mok_buf text;

	mok_buf_init(&text, 65536);
	if (cJSON_IsString(value) && type->kind < KS_STRUCT)
		mok_buf_add_json(&text, value->valuestring);
	else
		add_go(&text, value);
	if (type->kind >= KS_STRUCT)
		out = mok_arena_printf(arena, "%s: expected %s, got &{%s}", path, what, text.data);
	else if (type->kind == KS_INTEGER || type->kind == KS_NUMBER)
		out = mok_arena_printf(arena, "%s: expected %s, got %s", path, what,
			cJSON_IsString(value)          ? "string"
				: cJSON_IsBool(value)  ? "bool"
				: cJSON_IsArray(value) ? "[]interface {}"
						       : "map[string]interface {}");
	else
		out = mok_arena_printf(arena,
			"%s: expected %s, got &value.valueUnstructured{Value:%s}", path, what,
			text.data);
	mok_buf_release(&text);
	return out;
}

static const char *check_items(
	struct mok_arena *arena, const cJSON *list, const struct ks_type *type, const char *path)
{
	struct mok_map *seen = mok_map_new(arena);
	const char *wrong = NULL;
	const cJSON *item;
	int i = 0;

	cJSON_ArrayForEach(item, list)
	{
		const char *element = ks_element(arena, type, item), *at;

		if (type->list == KS_LIST_MAP && !element)
			return mok_arena_printf(arena,
				"%s: element %d: associative list with keys has an element that "
				"omits "
				"key field \"%s\" (and doesn't have default value)",
				path, i, type->nkeys ? type->keys[0] : "");
		at = type->list == KS_LIST_ATOMIC
			? mok_arena_printf(arena, "%s[%d]", path, i)
			: mok_arena_printf(arena, "%s%s", path, ks_element_text(arena, element));
		if (type->list != KS_LIST_ATOMIC && mok_map_get(seen, element))
			return mok_arena_printf(arena, "%s: duplicate entries for key %s", path,
				ks_element_text(arena, element));
		if (element)
			mok_map_put(seen, element, seen);
		wrong = ks_typed_check(arena, item, type->element, at);
		if (wrong)
			return wrong;
		i++;
	}
	return NULL;
}

static const char *check_fields(
	struct mok_arena *arena, const cJSON *value, const struct ks_type *type, const char *path)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, value)
	{
		const char *at = mok_arena_printf(arena, "%s.%s", path, child->string), *wrong;

		if (type->kind == KS_STRUCT && !type->preserve && !ks_field_of(type, child->string))
			return mok_arena_printf(arena, "%s: field not declared in schema", at);
		wrong = ks_typed_check(arena, child, ks_child_type(type, child->string), at);
		if (wrong)
			return wrong;
	}
	return NULL;
}

const char *ks_typed_check(
	struct mok_arena *arena, const cJSON *value, const struct ks_type *type, const char *path)
{
	if (cJSON_IsNull(value))
		return NULL;
	if (!has_type(value, type))
		return mistyped(arena, value, type, path);
	if (type->kind == KS_LIST)
		return check_items(arena, value, type, path);
	if (type->kind == KS_STRUCT || type->kind == KS_MAP)
		return check_fields(arena, value, type, path);
	return NULL;
}
