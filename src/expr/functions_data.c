/* Functions of lists and maps, and of files and formats. */
#include "expr_internal.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (16u << 20)

bool fn_default(const struct call *call, struct mok_val *out)
{
	for (size_t i = 0; i < call->nargs; i++) {
		const struct mok_val *v = &call->args[i];

		*out = *v;
		if (v->type != MOK_NULL && !(v->type == MOK_STR && !v->u.s[0]))
			break;
	}
	return true;
}

bool fn_length(const struct call *call, struct mok_val *out)
{
	const struct mok_val *v = &call->args[0];
	const char *text;
	int64_t n = 0;

	if (v->type == MOK_LIST) {
		n = (int64_t)v->u.list.len;
	} else if (v->type == MOK_MAP) {
		n = (int64_t)v->u.map.len;
	} else {
		if (!call_text(call, 0, &text))
			return false;
		n = (int64_t)mok_utf8_count(text, strlen(text));
	}
	*out = mok_val_int(n);
	return true;
}

bool fn_merge(const struct call *call, struct mok_val *out)
{
	const struct mok_val *map;

	*out = (struct mok_val){ .type = MOK_MAP };
	for (size_t i = 0; i < call->nargs; i++) {
		if (!call_map(call, i, &map))
			return false;
		for (size_t k = 0; k < map->u.map.len; k++)
			mok_val_set(call->eval->arena, out, map->u.map.pairs[k].key,
				map->u.map.pairs[k].val);
	}
	return true;
}

static int by_key(const void *a, const void *b)
{
	const struct mok_pair *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

static bool sorted_pairs(const struct call *call, const struct mok_pair ***out, size_t *len)
{
	const struct mok_val *map;

	if (!call_map(call, 0, &map))
		return false;
	*len = map->u.map.len;
	*out = MOK_NEW_N(call->eval->arena, const struct mok_pair *, *len + 1);
	for (size_t i = 0; i < *len; i++)
		(*out)[i] = &map->u.map.pairs[i];
	qsort(*out, *len, sizeof(**out), by_key);
	return true;
}

bool fn_keys(const struct call *call, struct mok_val *out)
{
	const struct mok_pair **pairs;
	size_t len;

	if (!sorted_pairs(call, &pairs, &len))
		return false;
	*out = (struct mok_val){ .type = MOK_LIST };
	for (size_t i = 0; i < len; i++)
		mok_val_append(call->eval->arena, out, mok_val_str(pairs[i]->key));
	return true;
}

bool fn_values(const struct call *call, struct mok_val *out)
{
	const struct mok_pair **pairs;
	size_t len;

	if (!sorted_pairs(call, &pairs, &len))
		return false;
	*out = (struct mok_val){ .type = MOK_LIST };
	for (size_t i = 0; i < len; i++)
		mok_val_append(call->eval->arena, out, pairs[i]->val);
	return true;
}

bool fn_file(const struct call *call, struct mok_val *out)
{
	const struct mok_scope *scope = call->eval->scope;
	const char *path, *text;
	struct mok_err err = { 0 };

	if (!call_text(call, 0, &path))
		return false;
	if (!scope->read_file)
		return call_fail(call, 0, "files cannot be read here");
	if (scope->read_file(
		    scope->self, call->expr->at.file, path, call->eval->arena, &text, &err) != 0)
		return call_fail(call, 0, "%s", err.msg);
	*out = mok_val_str(text);
	return true;
}

/* ---- JSON and YAML ---- */

bool fn_json(const struct call *call, struct mok_val *out)
{
	const struct mok_val typed = mok_val_core(call->eval->arena, &call->args[0]);
	cJSON *json = mok_val_to_json(&typed);
	char *text = cJSON_PrintUnformatted(json);

	cJSON_Delete(json);
	if (!text)
		return call_fail(call, 0, "this has no JSON form");
	*out = mok_val_str(mok_arena_strdup(call->eval->arena, text));
	cJSON_free(text);
	return true;
}

bool fn_from_json(const struct call *call, struct mok_val *out)
{
	const char *text;
	cJSON *json;

	if (!call_text(call, 0, &text))
		return false;
	json = mok_json_parse(text, strlen(text));
	if (!json)
		return call_fail(call, 0, "this is not JSON");
	*out = mok_val_from_json(call->eval->arena, json);
	cJSON_Delete(json);
	return true;
}

bool fn_yaml(const struct call *call, struct mok_val *out)
{
	const struct mok_val typed = mok_val_core(call->eval->arena, &call->args[0]);
	struct mok_buf buf;
	bool ok;

	mok_buf_init(&buf, TEXT_MAX);
	ok = mok_yaml_write(&typed, true, &buf);
	if (ok)
		*out = mok_val_str(mok_arena_strdup(call->eval->arena, buf.data));
	mok_buf_release(&buf);
	return ok || call_fail(call, 0, "this has no YAML form");
}
