/* Values as text: canonical for hashing, and JSON both ways. */
#include "mok/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this a double no longer tells neighbouring integers apart. */
#define EXACT_MAX ((int64_t)1 << 53)

static int compare_keys(const void *a, const void *b)
{
	const struct mok_pair *const *pa = a, *const *pb = b;

	return strcmp((*pa)->key, (*pb)->key);
}

static void canonical_map(const struct mok_val *v, struct mok_buf *out)
{
	size_t len = v->u.map.len;
	const struct mok_pair **sorted = mok_xcalloc(len, sizeof(struct mok_pair *));

	for (size_t i = 0; i < len; i++)
		sorted[i] = &v->u.map.pairs[i];
	qsort(sorted, len, sizeof(struct mok_pair *), compare_keys);
	mok_buf_putc(out, '{');
	for (size_t i = 0; i < len; i++) {
		if (i)
			mok_buf_putc(out, ',');
		mok_buf_add_json(out, sorted[i]->key);
		mok_buf_putc(out, ':');
		mok_val_canonical(&sorted[i]->val, out);
	}
	mok_buf_putc(out, '}');
	free(sorted);
}

static void canonical_list(const struct mok_val *v, struct mok_buf *out)
{
	mok_buf_putc(out, '[');
	for (size_t i = 0; i < v->u.list.len; i++) {
		if (i)
			mok_buf_putc(out, ',');
		mok_val_canonical(&v->u.list.items[i], out);
	}
	mok_buf_putc(out, ']');
}

static void canonical_num(double n, struct mok_buf *out)
{
	if (fabs(n) < (double)EXACT_MAX && !(n < trunc(n)) && !(n > trunc(n)))
		mok_buf_printf(out, "%lld", (long long)n);
	else
		mok_buf_printf(out, "%.17g", n);
}

void mok_val_canonical(const struct mok_val *v, struct mok_buf *out)
{
	switch (v->type) {
	case MOK_NULL: mok_buf_puts(out, "null"); return;
	case MOK_BOOL: mok_buf_puts(out, v->u.b ? "true" : "false"); return;
	case MOK_INT: mok_buf_printf(out, "%lld", (long long)v->u.i); return;
	case MOK_NUM: canonical_num(v->u.n, out); return;
	case MOK_STR: mok_buf_add_json(out, v->u.s); return;
	case MOK_LIST: canonical_list(v, out); return;
	case MOK_MAP: canonical_map(v, out); return;
	case MOK_EXPR: mok_buf_puts(out, "<expression>"); return;
	case MOK_UNKNOWN:
		mok_buf_puts(out, "<unknown ");
		mok_buf_add_json(out, v->u.s ? v->u.s : "");
		mok_buf_putc(out, '>');
		return;
	}
	MOK_BUG("no such type");
}

static struct mok_val number_from_json(double n)
{
	if (fabs(n) <= (double)EXACT_MAX && !(n < trunc(n)) && !(n > trunc(n)))
		return mok_val_int((int64_t)n);
	return mok_val_num(n);
}

static struct mok_val list_from_json(struct mok_arena *arena, const cJSON *json)
{
	struct mok_val list = { .type = MOK_LIST };
	struct mok_val *items = MOK_NEW_N(arena, struct mok_val, (size_t)cJSON_GetArraySize(json));
	const cJSON *child;

	cJSON_ArrayForEach(child, json) items[list.u.list.len++] = mok_val_from_json(arena, child);
	list.u.list.items = items;
	return list;
}

static struct mok_val map_from_json(struct mok_arena *arena, const cJSON *json)
{
	struct mok_val map = { .type = MOK_MAP };
	struct mok_pair *pairs =
		MOK_NEW_N(arena, struct mok_pair, (size_t)cJSON_GetArraySize(json));
	struct mok_map *seen = mok_map_new(arena);
	const cJSON *child;

	cJSON_ArrayForEach(child, json)
	{
		struct mok_pair *pair = mok_map_get(seen, child->string);

		if (!pair) {
			pair = &pairs[map.u.map.len++];
			mok_map_put(seen, child->string, pair);
			pair->key = mok_arena_strdup(arena, child->string);
		}
		pair->val = mok_val_from_json(arena, child);
	}
	map.u.map.pairs = pairs;
	return map;
}

struct mok_val mok_val_from_json(struct mok_arena *arena, const cJSON *json)
{
	if (cJSON_IsBool(json))
		return mok_val_bool(cJSON_IsTrue(json));
	if (cJSON_IsNumber(json))
		return number_from_json(json->valuedouble);
	if (cJSON_IsString(json))
		return mok_val_str(mok_arena_strdup(arena, json->valuestring));
	if (cJSON_IsArray(json))
		return list_from_json(arena, json);
	if (cJSON_IsObject(json))
		return map_from_json(arena, json);
	return mok_val_null();
}

static cJSON *int_to_json(int64_t i)
{
	struct mok_buf text;
	cJSON *json;

	if (i >= -EXACT_MAX && i <= EXACT_MAX)
		return cJSON_CreateNumber((double)i);
	mok_buf_init(&text, 32);
	mok_buf_printf(&text, "%lld", (long long)i);
	json = cJSON_CreateRaw(text.data);
	mok_buf_release(&text);
	return json;
}

static cJSON *list_to_json(const struct mok_val *v)
{
	cJSON *json = cJSON_CreateArray();

	for (size_t i = 0; i < v->u.list.len; i++)
		cJSON_AddItemToArray(json, mok_val_to_json(&v->u.list.items[i]));
	return json;
}

static cJSON *map_to_json(const struct mok_val *v)
{
	cJSON *json = cJSON_CreateObject();

	for (size_t i = 0; i < v->u.map.len; i++)
		cJSON_AddItemToObject(
			json, v->u.map.pairs[i].key, mok_val_to_json(&v->u.map.pairs[i].val));
	return json;
}

cJSON *mok_val_to_json(const struct mok_val *v)
{
	switch (v->type) {
	case MOK_BOOL: return cJSON_CreateBool(v->u.b);
	case MOK_INT: return int_to_json(v->u.i);
	case MOK_NUM: return cJSON_CreateNumber(v->u.n);
	case MOK_STR: return cJSON_CreateString(v->u.s);
	case MOK_LIST: return list_to_json(v);
	case MOK_MAP: return map_to_json(v);
	case MOK_NULL:
	case MOK_EXPR:
	case MOK_UNKNOWN: return cJSON_CreateNull();
	}
	MOK_BUG("no such type");
}
