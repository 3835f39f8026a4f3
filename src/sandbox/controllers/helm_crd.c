/*
 * Small CustomResourceDefinitions, from notes that name the fields:
 *
 *   { group: cert-manager.io, version: v1, kind: Issuer, plural: issuers, short: [],
 *     scope: Namespaced, categories: [], spec: { acme: { email: string, server: string! } } }
 *
 * A type is "string", "integer", "number", "boolean", "any" (nobody looks into it), "map" (of
 * strings), an object of fields, or a list with the type of its items; "!" after a scalar's type
 * makes the field required. The status is open.
 */
#include "helm.h"

#include <stdio.h>
#include <string.h>

static cJSON *schema_of(const cJSON *note);

static cJSON *typed(const char *type)
{
	cJSON *schema = cJSON_CreateObject();

	sb_set_str(schema, "type", type);
	return schema;
}

static cJSON *open_object(void)
{
	cJSON *schema = typed("object");

	sb_set_bool(schema, "x-kubernetes-preserve-unknown-fields", true);
	return schema;
}

static cJSON *scalar(const char *word)
{
	size_t len = strcspn(word, "!");
	cJSON *schema = cJSON_CreateObject();
	char type[16];

	if (strncmp(word, "any", len) == 0) {
		sb_set_bool(schema, "x-kubernetes-preserve-unknown-fields", true);
		return schema;
	}
	if (strncmp(word, "map", len) == 0) {
		sb_set_str(schema, "type", "object");
		mok_json_set(schema, "additionalProperties", typed("string"));
		return schema;
	}
	snprintf(type, sizeof(type), "%.*s", (int)len, word);
	sb_set_str(schema, "type", type);
	return schema;
}

static bool is_required(const cJSON *note)
{
	return cJSON_IsString(note) && mok_ends(note->valuestring, "!");
}

static cJSON *object_of(const cJSON *fields)
{
	cJSON *schema = typed("object"), *properties, *required = cJSON_CreateArray();
	const cJSON *field;

	properties = cJSON_AddObjectToObject(schema, "properties");
	cJSON_ArrayForEach(field, fields)
	{
		cJSON_AddItemToObject(properties, field->string, schema_of(field));
		if (is_required(field))
			cJSON_AddItemToArray(required, cJSON_CreateString(field->string));
	}
	if (required->child)
		mok_json_set(schema, "required", required);
	else
		cJSON_Delete(required);
	return schema;
}

static cJSON *schema_of(const cJSON *note)
{
	cJSON *schema;

	if (cJSON_IsString(note))
		return scalar(note->valuestring);
	if (!cJSON_IsArray(note))
		return object_of(note);
	schema = typed("array");
	mok_json_set(schema, "items", schema_of(note->child));
	return schema;
}

static cJSON *root_schema(const cJSON *notes)
{
	cJSON *schema = typed("object"),
	      *properties = cJSON_AddObjectToObject(schema, "properties");
	const cJSON *spec = sb_get(notes, "spec");

	mok_json_set(properties, "apiVersion", typed("string"));
	mok_json_set(properties, "kind", typed("string"));
	mok_json_set(properties, "metadata", typed("object"));
	mok_json_set(properties, "spec", spec ? schema_of(spec) : open_object());
	mok_json_set(properties, "status", open_object());
	return schema;
}

static cJSON *version_of(const cJSON *notes)
{
	const char *name = sb_get_str(notes, "version");
	const cJSON *columns = sb_get(notes, "columns");
	cJSON *version = cJSON_CreateObject();

	sb_set_str(version, "name", name ? name : "v1");
	sb_set_bool(version, "served", true);
	sb_set_bool(version, "storage", true);
	mok_json_set(mok_json_object(version, "schema"), "openAPIV3Schema", root_schema(notes));
	if (!sb_get_bool(notes, "no_status", false))
		mok_json_object(mok_json_object(version, "subresources"), "status");
	if (columns)
		mok_json_set(version, "additionalPrinterColumns", cJSON_Duplicate(columns, true));
	return version;
}

static void add_names(cJSON *spec, const cJSON *notes)
{
	static const struct {
		const char *from, *to;
	} lists[] = { { "short", "shortNames" }, { "categories", "categories" } };
	cJSON *names = mok_json_object(spec, "names");
	const char *kind = sb_get_str(notes, "kind"), *plural = sb_get_str(notes, "plural");
	char text[80];

	sb_set_str(names, "kind", kind);
	snprintf(text, sizeof(text), "%sList", kind);
	sb_set_str(names, "listKind", text);
	sb_set_str(names, "plural", plural);
	snprintf(text, sizeof(text), "%s", kind);
	for (char *p = text; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	sb_set_str(names, "singular", text);
	for (size_t i = 0; i < MOK_COUNT(lists); i++)
		if (sb_get(notes, lists[i].from))
			mok_json_set(names, lists[i].to,
				cJSON_Duplicate(sb_get(notes, lists[i].from), true));
}

cJSON *helm_crd(const cJSON *notes)
{
	const char *scope = sb_get_str(notes, "scope"), *group = sb_get_str(notes, "group");
	cJSON *crd = cJSON_CreateObject(), *spec;
	char name[160];

	snprintf(name, sizeof(name), "%s.%s", sb_get_str(notes, "plural"), group);
	sb_set_str(crd, "apiVersion", "apiextensions.k8s.io/v1");
	sb_set_str(crd, "kind", "CustomResourceDefinition");
	sb_set_str(mok_json_object(crd, "metadata"), "name", name);
	spec = mok_json_object(crd, "spec");
	sb_set_str(spec, "group", group);
	sb_set_str(spec, "scope", scope ? scope : "Namespaced");
	add_names(spec, notes);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(spec, "versions"), version_of(notes));
	return crd;
}
