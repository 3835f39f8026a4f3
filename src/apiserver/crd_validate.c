/* Custom resources against their JSON schema, in apiextensions' words. */
#include "crd_schema.h"

#include <math.h>
#include <stdlib.h>

static const char *text_of(struct ks_req *r, const cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);
	const char *out = mok_arena_strdup(r->arena, text);

	cJSON_free(text);
	return out;
}

static bool has_type(const cJSON *value, const char *type)
{
	if (strcmp(type, "string") == 0)
		return cJSON_IsString(value);
	if (strcmp(type, "boolean") == 0)
		return cJSON_IsBool(value);
	if (strcmp(type, "array") == 0)
		return cJSON_IsArray(value);
	if (strcmp(type, "object") == 0)
		return cJSON_IsObject(value);
	if (strcmp(type, "integer") == 0)
		return cJSON_IsNumber(value) &&
			value->valuedouble == (double)(long long)value->valuedouble;
	return strcmp(type, "number") != 0 || cJSON_IsNumber(value);
}

static void check_type(struct ks_req *r, const cJSON *value, const char *type, const char *path)
{
	static const struct {
		int type;
		const char *name;
	} names[] = { { cJSON_String, "string" }, { cJSON_Number, "integer" },
		{ cJSON_True, "boolean" }, { cJSON_False, "boolean" }, { cJSON_Array, "array" },
		{ cJSON_Object, "object" } };
	const char *is = "null";

	for (size_t i = 0; i < MOK_COUNT(names); i++)
		if ((value->type & 0xff) == names[i].type)
			is = names[i].name;
	ks_cause(r, "FieldValueTypeInvalid", path,
		"Invalid value: \"%s\": %s in body must be of type %s: \"%s\"", is, path, type, is);
}

static void check_enum(struct ks_req *r, const cJSON *value, const cJSON *list, const char *path)
{
	struct mok_buf text;
	const cJSON *one;

	cJSON_ArrayForEach(one, list) if (ks_same(one, value)) return;
	mok_buf_init(&text, 8192);
	cJSON_ArrayForEach(one, list)
	{
		mok_buf_puts(&text, text.len ? ", " : "");
		mok_buf_add_json(&text, cJSON_IsString(one) ? one->valuestring : text_of(r, one));
	}
	ks_cause(r, "FieldValueNotSupported", path, "Unsupported value: %s: supported values: %s",
		text_of(r, value), text.data);
	mok_buf_release(&text);
}

bool ks_pattern_fits(struct ks_req *r, const char *pattern, const char *text)
{
	struct cel_regex *regex;
	const char *why;

	if (!r->patterns)
		r->patterns = mok_map_new(r->arena);
	regex = mok_map_get(r->patterns, pattern);
	if (!regex) {
		regex = cel_regex_new(r->arena, pattern, &why);
		mok_map_put(r->patterns, pattern, regex);
	}
	return !regex || cel_regex_find(regex, cel_string(text).is.text, 0, NULL, NULL);
}

static void check_string(
	struct ks_req *r, const cJSON *value, const cJSON *schema, const char *path)
{
	const char *text = value->valuestring, *pattern = mok_json_str(schema, "pattern");
	int64_t len = (int64_t)mok_utf8_count(text, strlen(text));
	int64_t low = mok_json_int(schema, "minLength", 0);
	int64_t high = mok_json_int(schema, "maxLength", INT64_MAX);

	if (len < low)
		ks_cause(r, "FieldValueInvalid", path,
			"Invalid value: \"%s\": %s in body should be at least %lld chars long",
			text, path, (long long)low);
	if (len > high)
		ks_cause(r, "FieldValueTooLong", path, "Too long: may not be more than %lld bytes",
			(long long)high);
	if (pattern && len <= high && len >= low && !ks_pattern_fits(r, pattern, text))
		ks_cause(r, "FieldValueInvalid", path,
			"Invalid value: \"%s\": %s in body should match '%s'", text, path, pattern);
	if (!ks_format_fits(r, ks_str(schema, "format"), text))
		ks_cause(r, "FieldValueTypeInvalid", path,
			"Invalid value: \"%s\": %s in body must be of type %s: \"%s\"", text, path,
			ks_str(schema, "format"), text);
}

static void check_bound(
	struct ks_req *r, const cJSON *value, const cJSON *schema, const char *path, bool low)
{
	const cJSON *bound = ks_at(schema, low ? "minimum" : "maximum");
	bool exclusive =
		mok_json_bool(schema, low ? "exclusiveMinimum" : "exclusiveMaximum", false);
	double over = cJSON_IsNumber(bound) ? value->valuedouble - bound->valuedouble : 0;

	if (!cJSON_IsNumber(bound) || (low ? over > 0 : over < 0) || (over == 0 && !exclusive))
		return;
	ks_cause(r, "FieldValueInvalid", path,
		"Invalid value: %s: %s in body should be %s than%s %s", text_of(r, value), path,
		low ? "greater" : "less", exclusive ? "" : " or equal to", text_of(r, bound));
}

static void check_number(
	struct ks_req *r, const cJSON *value, const cJSON *schema, const char *path)
{
	const cJSON *of = ks_at(schema, "multipleOf");

	check_bound(r, value, schema, path, true);
	check_bound(r, value, schema, path, false);
	if (cJSON_IsNumber(of) && of->valuedouble > 0 &&
		fmod(value->valuedouble, of->valuedouble) != 0)
		ks_cause(r, "FieldValueInvalid", path,
			"Invalid value: %s: %s in body should be a multiple of %s",
			text_of(r, value), path, text_of(r, of));
}

/* An item's keys, or all of it. NULL: it lacks one. */
static cJSON *identity(const cJSON *item, const cJSON *keys)
{
	cJSON *out = keys ? cJSON_CreateObject() : cJSON_Duplicate(item, true);
	const cJSON *key;

	cJSON_ArrayForEach(key, keys)
	{
		const cJSON *value = ks_at(item, cJSON_GetStringValue(key));

		if (value)
			cJSON_AddItemToObject(out, key->valuestring, cJSON_Duplicate(value, true));
	}
	return out;
}

static void check_twice(struct ks_req *r, const cJSON *list, const cJSON *schema, const char *path)
{
	const char *how = ks_str(schema, "x-kubernetes-list-type");
	const cJSON *keys = ks_at(schema, "x-kubernetes-list-map-keys"), *item;
	struct mok_map *seen = mok_map_new(r->arena);
	int i = 0;

	if (strcmp(how, "set") != 0 && strcmp(how, "map") != 0)
		return;
	cJSON_ArrayForEach(item, list)
	{
		cJSON *id = identity(item, *how == 'm' ? keys : NULL);
		const char *text = text_of(r, id);

		if (mok_map_get(seen, text))
			ks_cause(r, "FieldValueDuplicate", ks_printf(r, "%s[%d]", path, i),
				"Duplicate value: %s", text);
		mok_map_put(seen, text, seen);
		cJSON_Delete(id);
		i++;
	}
}

/* What tells the items of a list by keys apart. */
static const char *keys_text(struct ks_req *r, const cJSON *keys, const cJSON *item)
{
	cJSON *id = identity(item, keys);
	const char *text = text_of(r, id);

	cJSON_Delete(id);
	return text;
}

struct mok_map *ks_items_before(struct ks_req *r, const cJSON *schema, const cJSON *list)
{
	const cJSON *keys = ks_at(schema, "x-kubernetes-list-map-keys");
	struct mok_map *items;
	cJSON *one;

	if (strcmp(ks_str(schema, "x-kubernetes-list-type"), "map") != 0 || !cJSON_IsArray(list))
		return NULL;
	items = mok_map_new(r->arena);
	cJSON_ArrayForEach(one, list)
	{
		const char *key = keys_text(r, keys, one);

		if (!mok_map_get(items, key))
			mok_map_put(items, key, one);
	}
	return items;
}

const cJSON *ks_item_before(
	struct ks_req *r, const cJSON *schema, const struct mok_map *items, const cJSON *item)
{
	const cJSON *keys = ks_at(schema, "x-kubernetes-list-map-keys");

	return items ? mok_map_get(items, keys_text(r, keys, item)) : NULL;
}

static void check_array(struct ks_req *r, const struct ks_place *at, const cJSON *schema)
{
	const cJSON *value = at->value;
	const char *path = at->path;
	int64_t low = mok_json_int(schema, "minItems", 0), n = cJSON_GetArraySize(value);
	int64_t high = mok_json_int(schema, "maxItems", INT64_MAX);
	const cJSON *items = ks_at(schema, "items"), *item;
	const struct mok_map *before = ks_items_before(r, schema, at->before);
	int i = 0;

	if (n < low)
		ks_cause(r, "FieldValueInvalid", path,
			"Invalid value: %lld: %s in body should have at least %lld items",
			(long long)n, path, (long long)low);
	if (n > high)
		ks_cause(r, "FieldValueTooMany", path,
			"Too many: %lld: must have at most %lld items", (long long)n,
			(long long)high);
	cJSON_ArrayForEach(item, value)
	{
		const struct ks_place below = { item, ks_item_before(r, schema, before, item),
			ks_printf(r, "%s[%d]", path, i++), at->depth + 1, at->matches };

		ks_schema_check(r, &below, items);
	}
	check_twice(r, value, schema, path);
}

static void check_count(struct ks_req *r, const struct ks_place *at, const cJSON *schema)
{
	int64_t low = mok_json_int(schema, "minProperties", 0);
	int64_t high = mok_json_int(schema, "maxProperties", INT64_MAX);
	int64_t n = cJSON_GetArraySize(at->value);

	if (n < low)
		ks_cause(r, "FieldValueInvalid", at->path,
			"Invalid value: %lld: %s in body should have at least %lld properties",
			(long long)n, at->path, (long long)low);
	if (n > high)
		ks_cause(r, "FieldValueTooMany", at->path,
			"Too many: %lld: must have at most %lld items", (long long)n,
			(long long)high);
}

static void check_object(struct ks_req *r, const struct ks_place *at, const cJSON *schema)
{
	const cJSON *value = at->value;
	const char *path = at->path;
	const cJSON *properties = ks_at(schema, "properties"), *one;
	const cJSON *extra = ks_at(schema, "additionalProperties");
	const char *dot = *path ? "." : "";

	check_count(r, at, schema);
	cJSON_ArrayForEach(one, ks_at(schema, "required")) if (cJSON_IsString(one) &&
		!ks_at(value, one->valuestring)) ks_cause(r, "FieldValueRequired",
		ks_printf(r, "%s%s%s", path, dot, one->valuestring), "Required value");
	cJSON_ArrayForEach(one, value)
	{
		const cJSON *below = ks_at(properties, one->string);

		if (!below)
			below = cJSON_IsObject(extra) ? extra : NULL;
		if (below) {
			const struct ks_place inner = { one, ks_at(at->before, one->string),
				ks_printf(r, "%s%s%s", path, dot, one->string), at->depth + 1,
				at->matches };

			ks_schema_check(r, &inner, below);
		}
	}
}

/* What was so before and is not changed is let be. */
static bool is_passed(const struct ks_place *at, const cJSON *schema)
{
	return !schema || at->depth > KS_DEPTH_MAX ||
		(cJSON_IsNull(at->value) && mok_json_bool(schema, "nullable", false)) ||
		(at->before && ks_same(at->before, at->value));
}

static void check_value(struct ks_req *r, const struct ks_place *at, const cJSON *schema)
{
	const cJSON *value = at->value;

	if (ks_at(schema, "enum"))
		check_enum(r, value, ks_at(schema, "enum"), at->path);
	if (cJSON_IsString(value))
		check_string(r, value, schema, at->path);
	else if (cJSON_IsNumber(value))
		check_number(r, value, schema, at->path);
	else if (cJSON_IsArray(value))
		check_array(r, at, schema);
	else if (cJSON_IsObject(value))
		check_object(r, at, schema);
}

void ks_schema_check(struct ks_req *r, const struct ks_place *at, const cJSON *schema)
{
	const char *type = ks_str(schema, "type");
	size_t causes = r->causes.len;

	if (is_passed(at, schema))
		return;
	if (mok_json_bool(schema, "x-kubernetes-int-or-string", false) &&
		!has_type(at->value, "integer") && !cJSON_IsString(at->value)) {
		check_type(r, at->value, "integer,string", at->path);
	} else if (*type && !has_type(at->value, type)) {
		check_type(r, at->value, type, at->path);
	} else {
		ks_schema_combine(r, at, schema);
		check_value(r, at, schema);
	}
	*at->matches += r->causes.len == causes;
}

void ks_crd_validate(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	size_t matches = 0;
	const struct ks_place root = { object, before, "", 0, &matches };

	ks_schema_check(r, &root, r->resource->type->schema);
	ks_rules_run(r, r->resource->rules, before, object);
}
