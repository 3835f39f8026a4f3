/* A structural schema as CEL sees it: its types, and JSON as values of them.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 */
#include "cel.h"

#include <math.h>

enum { SCHEMA_DEPTH_MAX = 64 };

static struct cel_shape *shape_of(
	struct mok_arena *arena, const cJSON *schema, bool root, int depth);

static const cJSON *at(const cJSON *json, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(json, name);
}

static const char *str(const cJSON *json, const char *name)
{
	const char *text = cJSON_GetStringValue(at(json, name));

	return text ? text : "";
}

/* ---- names ---- */

static const struct {
	const char *plain, *escaped;
} escapes[] = { { "__", "__underscores__" }, { ".", "__dot__" }, { "-", "__dash__" },
	{ "/", "__slash__" } };

const char *cel_escape(struct mok_arena *arena, const char *name)
{
	struct mok_buf buf;
	const char *out = NULL;
	size_t n;

	if (!*name || (*name >= '0' && *name <= '9'))
		return NULL;
	if (cel_is_reserved(name, strlen(name)))
		return mok_arena_printf(arena, "__%s__", name);
	mok_buf_init(&buf, 65536);
	for (; *name; name += n) {
		size_t i = 0;

		while (i < MOK_COUNT(escapes) && !mok_starts(name, escapes[i].plain))
			i++;
		n = i < MOK_COUNT(escapes) ? strlen(escapes[i].plain) : 1;
		if (i < MOK_COUNT(escapes))
			mok_buf_puts(&buf, escapes[i].escaped);
		else if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
				 *name))
			mok_buf_putc(&buf, *name);
		else
			break;
	}
	if (!*name)
		out = mok_arena_strdup(arena, buf.data);
	mok_buf_release(&buf);
	return out;
}

/* The escape at `name`, which begins with "__"; 0: it is none. */
static size_t escape_len(const char *name)
{
	size_t n = strcspn(name + 2, "_");

	return n && mok_starts(name + 2 + n, "__") ? n + 4 : 0;
}

static bool add_unescaped(struct mok_buf *buf, const char *escape, size_t len, bool whole)
{
	for (size_t i = 0; i < MOK_COUNT(escapes); i++)
		if (strlen(escapes[i].escaped) == len &&
			strncmp(escapes[i].escaped, escape, len) == 0) {
			mok_buf_puts(buf, escapes[i].plain);
			return true;
		}
	mok_buf_add(buf, escape + 2, len - 4);
	return whole && cel_is_reserved(escape + 2, len - 4);
}

const char *cel_unescape(struct mok_arena *arena, const char *name)
{
	size_t all = strlen(name), n;
	struct mok_buf buf;
	const char *out;
	bool good = true;

	if (!strstr(name, "__"))
		return name;
	mok_buf_init(&buf, all + 1);
	for (; *name && good; name += n) {
		n = mok_starts(name, "__") ? escape_len(name) : 0;
		if (n)
			good = add_unescaped(&buf, name, n, n == all);
		else
			mok_buf_putc(&buf, *name);
		n = n ? n : 1;
	}
	out = good ? mok_arena_strdup(arena, buf.data) : NULL;
	mok_buf_release(&buf);
	return out;
}

/* ---- types ---- */

static struct cel_shape *text_shape(struct mok_arena *arena)
{
	struct cel_shape *shape = MOK_NEW(arena, struct cel_shape);

	shape->kind = CEL_STRING;
	shape->type = &cel_simple[CEL_STRING];
	return shape;
}

static void set_object(struct mok_arena *arena, struct cel_shape *shape)
{
	struct cel_type *type = MOK_NEW(arena, struct cel_type);

	*type = (struct cel_type){ .kind = CEL_OBJECT, .shape = shape };
	shape->type = type;
	shape->kind = CEL_OBJECT;
	if (!shape->fields)
		shape->fields = mok_map_new(arena);
}

static bool is_text(const struct mok_map *fields, const char *name)
{
	const struct cel_shape *field = mok_map_get(fields, name);

	return field && field->kind == CEL_STRING;
}

/* Of a resource's root rules see the name too, whatever the schema says. */
static void add_root(struct mok_arena *arena, struct cel_shape *shape)
{
	static const char *const names[] = { "kind", "apiVersion" };
	const struct cel_shape *meta = mok_map_get(shape->fields, "metadata");
	struct cel_shape *own;

	if (is_text(shape->fields, "kind") && is_text(shape->fields, "apiVersion") && meta &&
		meta->fields && is_text(meta->fields, "name") &&
		is_text(meta->fields, "generateName"))
		return;
	for (size_t i = 0; i < MOK_COUNT(names); i++)
		mok_map_put(shape->fields, names[i], text_shape(arena));
	own = MOK_NEW(arena, struct cel_shape);
	set_object(arena, own);
	mok_map_put(own->fields, "name", text_shape(arena));
	mok_map_put(own->fields, "generateName", text_shape(arena));
	mok_map_put(shape->fields, "metadata", own);
}

static void read_object(
	struct mok_arena *arena, struct cel_shape *shape, const cJSON *schema, bool root, int depth)
{
	const cJSON *extra = at(schema, "additionalProperties"), *one;

	if (cJSON_IsObject(extra)) {
		shape->kind = CEL_MAP;
		shape->element = shape_of(arena, extra, false, depth);
		if (shape->element->type)
			shape->type =
				cel_map_of(arena, &cel_simple[CEL_STRING], shape->element->type);
		return;
	}
	set_object(arena, shape);
	cJSON_ArrayForEach(one, at(schema, "properties"))
		mok_map_put(shape->fields, one->string, shape_of(arena, one, false, depth));
	if (root)
		add_root(arena, shape);
}

static void read_list(
	struct mok_arena *arena, struct cel_shape *shape, const cJSON *schema, int depth)
{
	const char *how = str(schema, "x-kubernetes-list-type");

	shape->kind = CEL_LIST;
	shape->by_set = strcmp(how, "set") == 0;
	shape->by_keys = strcmp(how, "map") == 0;
	shape->keys = at(schema, "x-kubernetes-list-map-keys");
	if (!cJSON_IsObject(at(schema, "items")))
		return;
	shape->element = shape_of(arena, at(schema, "items"), false, depth);
	if (shape->element->type)
		shape->type = cel_list_of(arena, shape->element->type);
}

static void read_scalar(struct cel_shape *shape, const cJSON *schema)
{
	static const struct {
		const char *type, *format;
		enum cel_kind kind;
	} kinds[] = { { "string", "byte", CEL_BYTES }, { "string", "duration", CEL_DURATION },
		{ "string", "date", CEL_TIMESTAMP }, { "string", "date-time", CEL_TIMESTAMP },
		{ "string", "", CEL_STRING }, { "boolean", "", CEL_BOOL },
		{ "number", "", CEL_DOUBLE }, { "integer", "", CEL_INT } };

	for (size_t i = 0; i < MOK_COUNT(kinds); i++) {
		if (strcmp(kinds[i].type, str(schema, "type")) != 0 ||
			(*kinds[i].format && strcmp(kinds[i].format, str(schema, "format")) != 0))
			continue;
		shape->kind = kinds[i].kind;
		shape->type = &cel_simple[kinds[i].kind];
		shape->date = strcmp(kinds[i].format, "date") == 0;
		return;
	}
}

static struct cel_shape *shape_of(
	struct mok_arena *arena, const cJSON *schema, bool root, int depth)
{
	struct cel_shape *shape = MOK_NEW(arena, struct cel_shape);
	const char *type = str(schema, "type");

	if (depth > SCHEMA_DEPTH_MAX)
		return shape;
	shape->schema = schema;
	shape->nullable = cJSON_IsTrue(at(schema, "nullable"));
	root = root || cJSON_IsTrue(at(schema, "x-kubernetes-embedded-resource"));
	if (cJSON_IsTrue(at(schema, "x-kubernetes-int-or-string"))) {
		shape->kind = CEL_DYN;
		shape->type = &cel_simple[CEL_DYN];
	} else if (strcmp(type, "object") == 0) {
		read_object(arena, shape, schema, root, depth + 1);
	} else if (strcmp(type, "array") == 0) {
		read_list(arena, shape, schema, depth + 1);
	} else {
		read_scalar(shape, schema);
	}
	return shape;
}

struct cel_shape *cel_shape_of(struct mok_arena *arena, const cJSON *schema, bool root)
{
	return shape_of(arena, schema, root, 0);
}
