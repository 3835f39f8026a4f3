/* Values: made from JSON as they are looked at, lists, maps. */
#include "cel.h"

#include <math.h>

/* Of JSON, until somebody looks at it, only where it is. */
struct cel_list {
	struct cel_val *items;
	size_t len;
	const cJSON *json; /* NULL: the items are there */
	const struct cel_shape *shape;
	struct mok_arena *arena;
};

struct cel_map {
	MOK_VEC(struct cel_entry) entries;
	struct mok_map *index; /* struct cel_val by text key; NULL: not yet */
	bool odd;              /* has keys that are no texts, or hold a zero byte */
	const cJSON *json;     /* NULL: the entries are there */
	const struct cel_shape *shape;
	struct mok_arena *arena;
};

enum { INDEXED_FROM = 16 };

struct cel_val cel_text(const char *at, size_t len)
{
	return (struct cel_val){ .kind = CEL_STRING, .is.text = { at, len } };
}

struct cel_val cel_string(const char *text)
{
	return cel_text(text, strlen(text));
}

struct cel_val cel_error(struct mok_arena *arena, const char *fmt, ...)
{
	struct cel_val out = { .kind = CEL_ERROR };
	va_list ap;

	va_start(ap, fmt);
	out.is.text.at = mok_arena_vprintf(arena, fmt, ap);
	va_end(ap);
	out.is.text.len = strlen(out.is.text.at);
	return out;
}

struct cel_val cel_no_overload(void)
{
	static const char text[] = "no such overload";

	return (struct cel_val){ .kind = CEL_ERROR, .is.text = { text, sizeof(text) - 1 } };
}

struct cel_val cel_some(struct mok_arena *arena, struct cel_val value)
{
	struct cel_val *inner = MOK_NEW(arena, struct cel_val);

	*inner = value;
	return (struct cel_val){ .kind = CEL_OPTIONAL, .is.inner = inner };
}

struct cel_val cel_none(void)
{
	return (struct cel_val){ .kind = CEL_OPTIONAL };
}

bool cel_is_text(const struct cel_val *value, const char *text)
{
	return value->kind == CEL_STRING && value->is.text.len == strlen(text) &&
		memcmp(value->is.text.at, text, value->is.text.len) == 0;
}

const char *cel_text_of(struct mok_arena *arena, const struct cel_val *value)
{
	return mok_arena_strndup(arena, value->is.text.at, value->is.text.len);
}

/* ---- JSON ---- */

static bool is_whole(const cJSON *json)
{
	return cJSON_IsNumber(json) && fabs(json->valuedouble) < 9.3e18 &&
		floor(json->valuedouble) == json->valuedouble;
}

static struct cel_val number_of(const cJSON *json, bool whole)
{
	if (!whole)
		return CEL_OF_DOUBLE(json->valuedouble);
	if (json->valuedouble >= 9223372036854775807.0)
		return CEL_OF_INT(INT64_MAX);
	return CEL_OF_INT((int64_t)json->valuedouble);
}

static struct cel_val list_of(
	struct mok_arena *arena, const cJSON *json, const struct cel_shape *shape)
{
	struct cel_list *list = MOK_NEW(arena, struct cel_list);

	*list = (struct cel_list){ .json = json, .shape = shape, .arena = arena };
	return (struct cel_val){ .kind = CEL_LIST, .is.list = list };
}

static struct cel_val map_of(
	struct mok_arena *arena, const cJSON *json, const struct cel_shape *shape)
{
	struct cel_map *map = MOK_NEW(arena, struct cel_map);

	*map = (struct cel_map){ .json = json, .shape = shape, .arena = arena };
	return (struct cel_val){ .kind = CEL_MAP, .is.map = map };
}

struct cel_val cel_free_json(struct mok_arena *arena, const cJSON *json)
{
	switch (json->type & 0xff) {
	case cJSON_String: return cel_string(json->valuestring);
	case cJSON_Number: return number_of(json, is_whole(json));
	case cJSON_Array: return list_of(arena, json, NULL);
	case cJSON_Object: return map_of(arena, json, NULL);
	case cJSON_NULL: return (struct cel_val){ .kind = CEL_NULL };
	default: return CEL_TRUTH(cJSON_IsTrue(json));
	}
}

static struct cel_val wrong(struct mok_arena *arena, const char *wanted)
{
	return cel_error(arena, "invalid data, expected %s", wanted);
}

static struct cel_val special(
	struct mok_arena *arena, const char *text, const struct cel_shape *shape)
{
	struct cel_val out = { .kind = shape->kind };
	char *bytes;

	switch ((int)shape->kind) {
	case CEL_DURATION:
		return cel_parse_duration(text, &out.is.i)
			? out
			: cel_error(arena, "Invalid duration %s: unable to parse %s as duration",
				  text, text);
	case CEL_TIMESTAMP:
		return cel_parse_timestamp(text, shape->date, &out)
			? out
			: cel_error(arena, "Invalid date%s formatted string %s",
				  shape->date ? "" : "-time", text);
	case CEL_BYTES:
		bytes = mok_unbase64(arena, text, &out.is.text.len);
		out.is.text.at = bytes;
		return bytes ? out : cel_error(arena, "Invalid byte formatted string %s", text);
	default: return cel_string(text);
	}
}

struct cel_val cel_json(struct mok_arena *arena, const cJSON *json, const struct cel_shape *shape)
{
	if (!shape)
		return cel_free_json(arena, json);
	if (cJSON_IsNull(json))
		return shape->nullable
			? (struct cel_val){ .kind = CEL_NULL }
			: cel_error(arena, "invalid data, got null for schema with nullable=false");
	switch ((int)shape->kind) {
	case CEL_DYN:
		return cJSON_IsString(json) || is_whole(json)
			? cel_free_json(arena, json)
			: wrong(arena, "XIntOrString value to be either a string or integer");
	case CEL_BOOL:
		return cJSON_IsBool(json) ? CEL_TRUTH(cJSON_IsTrue(json)) : wrong(arena, "bool");
	case CEL_INT: return is_whole(json) ? number_of(json, true) : wrong(arena, "int");
	case CEL_DOUBLE:
		return cJSON_IsNumber(json) ? number_of(json, false) : wrong(arena, "double");
	case CEL_LIST:
		return cJSON_IsArray(json) ? list_of(arena, json, shape) : wrong(arena, "an array");
	case CEL_MAP:
	case CEL_OBJECT:
		return cJSON_IsObject(json) ? map_of(arena, json, shape) : wrong(arena, "a map");
	case CEL_ERROR: return wrong(arena, "a type that is known");
	default:
		return cJSON_IsString(json) ? special(arena, json->valuestring, shape)
					    : wrong(arena, "string");
	}
}

/* ---- lists ---- */

struct cel_val cel_new_list(struct mok_arena *arena, struct cel_val *items, size_t len)
{
	struct cel_list *list = MOK_NEW(arena, struct cel_list);

	*list = (struct cel_list){ .items = items, .len = len };
	return (struct cel_val){ .kind = CEL_LIST, .is.list = list };
}

static void fill_list(struct cel_list *list)
{
	const cJSON *json = list->json, *item;

	if (!json)
		return;
	list->json = NULL;
	list->len = (size_t)cJSON_GetArraySize(json);
	list->items = MOK_NEW_N(list->arena, struct cel_val, list->len + 1);
	list->len = 0;
	cJSON_ArrayForEach(item, json) list->items[list->len++] =
		cel_json(list->arena, item, list->shape ? list->shape->element : NULL);
}

size_t cel_list_len(const struct cel_val *list)
{
	fill_list(list->is.list);
	return list->is.list->len;
}

const struct cel_val *cel_list_items(const struct cel_val *list)
{
	fill_list(list->is.list);
	return list->is.list->items;
}

/* ---- maps ---- */

struct cel_val cel_new_map(struct mok_arena *arena)
{
	struct cel_map *map = MOK_NEW(arena, struct cel_map);

	map->arena = arena;
	return (struct cel_val){ .kind = CEL_MAP, .is.map = map };
}

/* Text keys are found by it. */
static void index_entry(struct cel_map *map, const struct cel_entry *entry)
{
	struct cel_val *copy = MOK_NEW(map->arena, struct cel_val);

	*copy = entry->value;
	if (entry->key.kind == CEL_STRING)
		mok_map_put(map->index, cel_text_of(map->arena, &entry->key), copy);
}

static void add_entry(struct cel_map *map, struct cel_val key, struct cel_val value)
{
	const struct cel_entry entry = { key, value };

	mok_vec_push(map->arena, &map->entries, entry);
	map->odd |= key.kind != CEL_STRING || memchr(key.is.text.at, 0, key.is.text.len);
	if (map->index)
		index_entry(map, &entry);
}

/* What an object's schema does not know is not there to look at. */
static void fill_map(struct cel_map *map)
{
	const cJSON *json = map->json, *one;
	const struct cel_shape *shape = map->shape;

	if (!json)
		return;
	map->json = NULL;
	cJSON_ArrayForEach(one, json)
	{
		const struct cel_shape *below = shape ? shape->element : NULL;
		const char *key = one->string;

		if (shape && shape->kind == CEL_OBJECT) {
			below = mok_map_get(shape->fields, key);
			key = below && below->type && !cJSON_IsNull(one)
				? cel_escape(map->arena, key)
				: NULL;
		}
		if (key)
			add_entry(map, cel_string(key), cel_json(map->arena, one, below));
	}
}

size_t cel_map_len(const struct cel_val *map)
{
	fill_map(map->is.map);
	return map->is.map->entries.len;
}

const struct cel_entry *cel_map_entries(const struct cel_val *map)
{
	fill_map(map->is.map);
	return map->is.map->entries.items;
}

static void make_index(struct cel_map *map)
{
	if (map->index)
		return;
	map->index = mok_map_new(map->arena);
	for (size_t i = 0; i < map->entries.len; i++)
		index_entry(map, &map->entries.items[i]);
}

static bool find_field(const struct cel_map *map, const struct cel_val *key, struct cel_val *out)
{
	const char *name = cel_unescape(map->arena, cel_text_of(map->arena, key));
	const struct cel_shape *field = name ? mok_map_get(map->shape->fields, name) : NULL;
	const cJSON *json = field ? cJSON_GetObjectItemCaseSensitive(map->json, name) : NULL;

	if (!json || cJSON_IsNull(json) || !field->type)
		return false;
	*out = cel_json(map->arena, json, field);
	return true;
}

static bool find_among(struct cel_run *run, const struct cel_map *map, const struct cel_val *key,
	struct cel_val *out)
{
	for (size_t i = 0; i < map->entries.len; i++)
		if (cel_equal(run, &map->entries.items[i].key, key)) {
			*out = map->entries.items[i].value;
			return true;
		}
	return false;
}

bool cel_map_find(struct cel_run *run, const struct cel_val *map, const struct cel_val *key,
	struct cel_val *out)
{
	struct cel_map *m = map->is.map;
	const struct cel_val *found;

	if (m->json && m->shape && m->shape->kind == CEL_OBJECT && key->kind == CEL_STRING)
		return find_field(m, key, out);
	fill_map(m);
	if (m->entries.len < INDEXED_FROM || m->odd || key->kind != CEL_STRING)
		return find_among(run, m, key, out);
	make_index(m);
	found = mok_map_get(m->index, cel_text_of(m->arena, key));
	if (found)
		*out = *found;
	return found;
}

bool cel_map_put(struct cel_run *run, struct cel_map *map, struct cel_val key, struct cel_val value)
{
	const struct cel_val whole = { .kind = CEL_MAP, .is.map = map };
	struct cel_val found;

	if (cel_map_find(run, &whole, &key, &found))
		return false;
	add_entry(map, key, value);
	return true;
}

void cel_map_set(
	struct cel_run *run, struct cel_map *map, const struct cel_val *key, struct cel_val value)
{
	map->index = NULL;
	for (size_t i = 0; i < map->entries.len; i++)
		if (cel_equal(run, &map->entries.items[i].key, key))
			map->entries.items[i].value = value;
}

/* ---- joining ---- */

/* Of two items of a list by keys: are they of the same keys? */
static bool same_keys(
	struct cel_run *run, const cJSON *keys, const struct cel_val *a, const struct cel_val *b)
{
	const cJSON *key;

	if (a->kind != CEL_MAP || b->kind != CEL_MAP)
		return false;
	cJSON_ArrayForEach(key, keys)
	{
		const char *escaped = cel_escape(run->arena, key->valuestring);
		struct cel_val name = cel_string(escaped ? escaped : ""), left, right;
		bool one = cel_map_find(run, a, &name, &left);

		if (one != cel_map_find(run, b, &name, &right) ||
			(one && !cel_equal(run, &left, &right)))
			return false;
	}
	return true;
}

static bool same_item(struct cel_run *run, const struct cel_shape *shape, const struct cel_val *a,
	const struct cel_val *b)
{
	return shape->by_set ? cel_equal(run, a, b) : same_keys(run, shape->keys, a, b);
}

/* Sets, and lists by keys, take in what they have not, and replace what they have. */
struct cel_val cel_list_join(struct cel_run *run, const struct cel_val *a, const struct cel_val *b)
{
	const struct cel_shape *shape = a->is.list->shape;
	size_t n = cel_list_len(a), more = cel_list_len(b);
	struct cel_val *items = MOK_NEW_N(run->arena, struct cel_val, n + more + 1), out;
	bool unique = shape && (shape->by_set || shape->by_keys);

	if (n)
		memcpy(items, cel_list_items(a), n * sizeof(*items));
	for (size_t i = 0; i < more; i++) {
		const struct cel_val *one = &cel_list_items(b)[i];
		size_t at = unique ? 0 : n;

		while (at < n && !same_item(run, shape, &items[at], one)) {
			cel_spend(run, 1);
			at++;
		}
		items[at] = *one;
		n += at == n;
		if (cel_is_spent(run))
			break;
	}
	out = cel_new_list(run->arena, items, n);
	out.is.list->shape = shape;
	return out;
}

/* Do two lists hold the same, in the way of the first? */
bool cel_list_is_unordered(const struct cel_val *list)
{
	const struct cel_shape *shape = list->is.list->shape;

	return shape && (shape->by_set || shape->by_keys);
}
