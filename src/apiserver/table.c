/* Tables (meta/v1 Table): the columns that `kubectl get` shows. */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>

bool ks_wants_table(const struct ks_req *r)
{
	return ks_accepts(r, "as=Table");
}

bool ks_wants_metadata(const struct ks_req *r)
{
	return ks_accepts(r, "as=PartialObjectMetadata");
}

cJSON *ks_partial(const cJSON *object)
{
	cJSON *out = cJSON_CreateObject();

	cJSON_AddStringToObject(out, "kind", "PartialObjectMetadata");
	cJSON_AddStringToObject(out, "apiVersion", "meta.k8s.io/v1");
	cJSON_AddItemToObject(out, "metadata", cJSON_Duplicate(ks_at(object, "metadata"), true));
	return out;
}

static cJSON *column(const char *name, const char *type, const char *format, int priority)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", name);
	cJSON_AddStringToObject(json, "type", type);
	cJSON_AddStringToObject(json, "format", format);
	cJSON_AddStringToObject(json, "description", "");
	cJSON_AddNumberToObject(json, "priority", priority);
	return json;
}

/* "NAME[:TYPE[:FORMAT]]", which it cuts. */
static cJSON *read_column(char *text, bool wide)
{
	char *type = strchr(text, ':'), *format = type ? strchr(type + 1, ':') : NULL;

	if (type)
		*type++ = '\0';
	if (format)
		*format++ = '\0';
	return column(text, type ? type : "string", format ? format : "", wide);
}

static void add_columns(struct ks_req *r, cJSON *list, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "|");
		bool wide = *text == '*';
		char *one = mok_arena_strndup(r->arena, text + wide, len - wide);

		cJSON_AddItemToArray(list, read_column(one, wide));
		text += len + (text[len] == '|');
	}
}

/* ---- custom resources: additionalPrinterColumns ---- */

/* ".status.conditions[?(@.type=="Ready")].status" and plain paths, as printer columns use them. */
static const cJSON *json_path(struct ks_req *r, const cJSON *at, const char *path)
{
	while (at && *path) {
		size_t len;

		path += *path == '.';
		len = strcspn(path, ".[");
		if (len)
			at = ks_at(at, mok_arena_strndup(r->arena, path, len));
		path += len;
		if (mok_starts(path, "[?(@.")) {
			const char *name = path + 5, *equals = strstr(name, "==");
			const char *quote = equals ? equals + 3 : NULL, *end = strstr(path, ")]");
			const cJSON *item, *found = NULL;

			if (!quote || !end || end - quote < 1)
				return NULL;
			cJSON_ArrayForEach(item, at) if (!found &&
				mok_streq(mok_json_str(item,
						  mok_arena_strndup(
							  r->arena, name, (size_t)(equals - name))),
					mok_arena_strndup(r->arena, quote,
						(size_t)(end - quote - 1)))) found = item;
			at = found;
			path = end + 2;
		} else if (*path == '[') {
			at = cJSON_GetArrayItem(at, (int)strtol(path + 1, NULL, 10));
			path += strcspn(path, "]");
			path += *path == ']';
		}
	}
	return at;
}

static void custom_cell(struct ks_row *row, const cJSON *definition)
{
	const cJSON *value = json_path(row->r, row->object, ks_str(definition, "jsonPath"));
	int64_t then;

	if (strcmp(ks_str(definition, "type"), "date") == 0) {
		if (cJSON_IsString(value) && mok_parse_time(value->valuestring, &then) == 0)
			ks_row_text(row, ks_row_duration(row->r, row->r->now_ms - then));
		else
			cJSON_AddItemToArray(row->cells, cJSON_CreateNull());
		return;
	}
	cJSON_AddItemToArray(row->cells, value ? cJSON_Duplicate(value, true) : cJSON_CreateNull());
}

static void fill_custom(struct ks_row *row)
{
	const cJSON *definition;

	cJSON_ArrayForEach(definition, row->r->resource->columns) custom_cell(row, definition);
	if (!row->r->resource->columns)
		ks_row_age(row);
}

static void custom_columns(const struct ks_resource *res, cJSON *list)
{
	const cJSON *definition;

	cJSON_ArrayForEach(definition, res->columns) cJSON_AddItemToArray(list,
		column(ks_str(definition, "name"), ks_str(definition, "type"),
			ks_str(definition, "format"),
			(int)mok_json_int(definition, "priority", 0)));
	if (!res->columns)
		cJSON_AddItemToArray(list, column("Age", "date", "", 0));
}

/* ---- the table ---- */

static cJSON *partial(struct ks_req *r, const cJSON *object)
{
	const char *include = ks_query(r, "includeObject");

	if (include && strcmp(include, "None") == 0)
		return cJSON_CreateNull();
	if (include && strcmp(include, "Object") == 0)
		return cJSON_Duplicate(object, true);
	return ks_partial(object);
}

/* Cells are told of an object as it is stored. */
static const cJSON *shown(struct ks_req *r, const cJSON *object)
{
	cJSON *core;

	if (!ks_event_is_later(r->resource))
		return object;
	core = ks_own(r, cJSON_Duplicate(object, true));
	ks_event_to_core(core);
	return core;
}

static cJSON *make_row(struct ks_req *r, const cJSON *object)
{
	struct ks_row row = { r, shown(r, object), cJSON_CreateArray() };
	cJSON *json = cJSON_CreateObject();

	if (strcmp(r->resource->stored, "events") != 0)
		ks_row_name(&row);
	if (r->resource->custom)
		fill_custom(&row);
	else
		ks_row_fill(&row);
	cJSON_AddItemToObject(json, "cells", row.cells);
	cJSON_AddItemToObject(json, "object", partial(r, object));
	return json;
}

cJSON *ks_table(struct ks_req *r, const cJSON *objects, cJSON *list_meta)
{
	cJSON *table = ks_own(r, cJSON_CreateObject()), *list;
	const cJSON *object;

	cJSON_AddStringToObject(table, "kind", "Table");
	cJSON_AddStringToObject(table, "apiVersion", "meta.k8s.io/v1");
	cJSON_AddItemToObject(table, "metadata",
		list_meta ? cJSON_Duplicate(list_meta, true) : cJSON_CreateObject());
	if (!list_meta && objects->child)
		ks_set_str(ks_item(table, "metadata"), "resourceVersion",
			ks_str(objects->child, "metadata.resourceVersion"));
	list = cJSON_AddArrayToObject(table, "columnDefinitions");
	if (strcmp(r->resource->stored, "events") != 0)
		cJSON_AddItemToArray(list, column("Name", "string", "name", 0));
	if (r->resource->custom)
		custom_columns(r->resource, list);
	else
		add_columns(r, list, ks_row_columns(r->resource));
	/* Kinds without a table of their own have no list where others have an empty one. */
	if (!objects->child && !r->resource->custom &&
		strcmp(ks_row_columns(r->resource), KS_NO_COLUMNS) == 0) {
		cJSON_AddNullToObject(table, "rows");
		return table;
	}
	list = cJSON_AddArrayToObject(table, "rows");
	cJSON_ArrayForEach(object, objects) cJSON_AddItemToArray(list, make_row(r, object));
	return table;
}
