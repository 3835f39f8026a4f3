#include "report_internal.h"

#include <string.h>

/*
 * For editors: what a field may be, or an expression in its place. The parser checks more (values
 * on offer, references, cycles), so whatever the schema refuses, the parser does too, never the
 * reverse.
 */

#define EXPRESSION "\\$\\{"
#define DEPTH_MAX 8

static cJSON *of_type(const char *type)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "type", type);
	return json;
}

static cJSON *expression(void)
{
	cJSON *json = of_type("string");

	cJSON_AddStringToObject(json, "pattern", EXPRESSION);
	return json;
}

static cJSON *either(cJSON *one, cJSON *other)
{
	cJSON *json = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(json, "anyOf");

	cJSON_AddItemToArray(list, one);
	cJSON_AddItemToArray(list, other);
	return json;
}

static cJSON *fields_schema(const struct mok_field *fields, int depth);

static void add_values(cJSON *json, const char *values)
{
	cJSON *list = cJSON_AddArrayToObject(json, "enum");

	while (*values) {
		size_t len = strcspn(values, "|");
		struct mok_buf word;

		mok_buf_init(&word, 256);
		mok_buf_add(&word, values, len);
		cJSON_AddItemToArray(list, cJSON_CreateString(word.data));
		mok_buf_release(&word);
		values += len + (values[len] == '|');
	}
}

static cJSON *string_schema(const struct mok_field *f)
{
	cJSON *json = of_type("string");

	/* Unquoted numbers and words take the type of their field, so they are strings here. */
	if (f->values && f->values[0] != '@')
		add_values(json, f->values);
	else
		cJSON_ReplaceItemInObject(
			json, "type", cJSON_Parse("[\"string\",\"number\",\"boolean\"]"));
	return json;
}

static cJSON *number_schema(const struct mok_field *f)
{
	cJSON *json = of_type(f->type == MOK_INT ? "integer" : "number");

	if (f->min || f->max) {
		cJSON_AddNumberToObject(json, "minimum", (double)f->min);
		if (f->max)
			cJSON_AddNumberToObject(json, "maximum", (double)f->max);
	}
	return json;
}

static cJSON *list_schema(const struct mok_field *f, int depth)
{
	struct mok_field item = { .name = f->name, .type = f->item, .sub = f->sub };
	cJSON *json = of_type("array");

	if (f->sub)
		cJSON_AddItemToObject(
			json, "items", either(fields_schema(f->sub, depth + 1), expression()));
	else if (item.type == MOK_INT || item.type == MOK_NUM)
		cJSON_AddItemToObject(json, "items", either(number_schema(&item), expression()));
	if (f->flags & MOK_F_ALL) {
		cJSON *all = cJSON_CreateObject();

		cJSON_AddStringToObject(all, "const", "all");
		json = either(json, all);
	}
	return json;
}

static cJSON *map_schema(const struct mok_field *f, int depth)
{
	cJSON *json, *any;

	if (!f->sub || depth >= DEPTH_MAX)
		return of_type("object");
	json = fields_schema(f->sub, depth + 1);
	if (f->flags & MOK_F_RANGE)
		return either(json, of_type("integer"));
	if (!(f->flags & MOK_F_EACH))
		return json;
	any = of_type("object");
	cJSON_AddItemToObject(any, "additionalProperties", json);
	return any;
}

static cJSON *field_schema(const struct mok_field *f, int depth)
{
	cJSON *json;

	switch (f->type) {
	case MOK_BOOL: json = of_type("boolean"); break;
	case MOK_INT:
	case MOK_NUM: json = number_schema(f); break;
	case MOK_STR: json = string_schema(f); break;
	case MOK_LIST: json = list_schema(f, depth); break;
	case MOK_MAP: json = map_schema(f, depth); break;
	case MOK_NULL:
	case MOK_EXPR:
	case MOK_UNKNOWN:
	default: json = cJSON_CreateObject(); break;
	}
	json = either(json, expression());
	if (f->doc)
		cJSON_AddStringToObject(json, "description", f->doc);
	return json;
}

static void add_properties(cJSON *properties, const struct mok_field *fields, int depth)
{
	for (const struct mok_field *f = fields; f && f->name; f++)
		if (!(f->flags & MOK_F_COMPUTED))
			cJSON_AddItemToObject(properties, f->name, field_schema(f, depth));
}

static cJSON *fields_schema(const struct mok_field *fields, int depth)
{
	cJSON *json = of_type("object");

	add_properties(cJSON_AddObjectToObject(json, "properties"), fields, depth);
	cJSON_AddBoolToObject(json, "additionalProperties", false);
	return json;
}

/* What every resource takes besides its kind's fields. */
static const char lifecycle[] =
	"{\"kind\":{\"type\":\"string\"},\"protect\":{\"type\":[\"boolean\",\"string\"]},"
	"\"retain\":{\"type\":[\"boolean\",\"string\"]},"
	"\"ignore_changes\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
	"\"depends_on\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
	"\"moved_from\":{\"type\":\"string\"},\"for_each\":{\"type\":[\"array\",\"object\","
	"\"string\"]},"
	"\"timeouts\":{\"type\":\"object\",\"properties\":{\"create\":{},\"update\":{},\"delete\":{"
	"}},"
	"\"additionalProperties\":false}}";

static cJSON *kind_schema(const struct mok_kind *kind)
{
	cJSON *json = of_type("object"), *properties = cJSON_Parse(lifecycle), *constant;

	cJSON_AddStringToObject(json, "description", kind->summary);
	cJSON_AddItemToObject(json, "properties", properties);
	constant = cJSON_CreateObject();
	cJSON_AddStringToObject(constant, "const", kind->name);
	cJSON_ReplaceItemInObject(properties, "kind", constant);
	add_properties(properties, kind->fields, 0);
	cJSON_AddBoolToObject(json, "additionalProperties", false);
	return json;
}

/* Chosen by `kind`, so that an editor names the mistake and not the sum of all kinds. An overlay
 * changes a resource without naming its kind again. */
static cJSON *resource_schema(void)
{
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);
	cJSON *json = of_type("object"), *all, *kind, *names;

	kind = cJSON_AddObjectToObject(cJSON_AddObjectToObject(json, "properties"), "kind");
	names = cJSON_AddArrayToObject(kind, "enum");
	all = cJSON_AddArrayToObject(json, "allOf");
	for (size_t i = 0; i < count; i++) {
		cJSON *choice = cJSON_CreateObject(), *condition, *properties, *constant;
		cJSON *required;

		cJSON_AddItemToArray(names, cJSON_CreateString(kinds[i]->name));
		condition = cJSON_AddObjectToObject(choice, "if");
		properties = cJSON_AddObjectToObject(condition, "properties");
		constant = cJSON_AddObjectToObject(properties, "kind");
		cJSON_AddStringToObject(constant, "const", kinds[i]->name);
		required = cJSON_AddArrayToObject(condition, "required");
		cJSON_AddItemToArray(required, cJSON_CreateString("kind"));
		cJSON_AddItemToObject(choice, "then", kind_schema(kinds[i]));
		cJSON_AddItemToArray(all, choice);
	}
	return json;
}

static const char frame[] =
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"mok plan file\","
	"\"type\":\"object\",\"additionalProperties\":false,\"patternProperties\":{\"^x-\":{}},"
	"\"properties\":{"
	"\"mok\":{\"const\":1,\"description\":\"Format of this file.\"},"
	"\"name\":{\"type\":\"string\",\"pattern\":\"^[a-z][a-z0-9-]{0,30}$\","
	"\"description\":\"The stack: marks everything that it owns.\"},"
	"\"region\":{\"type\":\"string\"},"
	"\"include\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
	"\"variables\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\","
	"\"properties\":{\"type\":{\"enum\":[\"string\",\"number\",\"integer\",\"bool\",\"list\","
	"\"map\"]},\"default\":{},\"pattern\":{\"type\":\"string\"},\"sensitive\":{\"type\":"
	"\"boolean\"},\"description\":{\"type\":\"string\"}}}},"
	"\"secrets\":{\"type\":\"object\",\"description\":\"Where secrets that are shown or made "
	"once are kept.\",\"properties\":{\"escrow\":{\"type\":\"string\",\"description\":"
	"\"An age "
	"file.\"},\"recipients\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"pattern\":"
	"\"^age1[a-z0-9]{58}$\"}}},\"required\":[\"escrow\"],\"additionalProperties\":false},"
	"\"outputs\":{\"type\":\"object\"}}}";

cJSON *mok_report_schema(const struct mok_report_block *block)
{
	cJSON *json = cJSON_Parse(frame), *properties, *resources;

	properties = cJSON_GetObjectItemCaseSensitive(json, "properties");
	resources = cJSON_AddObjectToObject(properties, "resources");
	cJSON_AddStringToObject(resources, "type", "object");
	cJSON_AddItemToObject(resources, "additionalProperties", resource_schema());
	cJSON_AddItemToObject(properties, block->key, fields_schema(block->fields, 0));
	return json;
}
