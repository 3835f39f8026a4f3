/* Other people's YAML, as values. */
#include "expr_internal.h"

#include <string.h>

/* What is wrong with a value is shown where the function was called. */
static struct mok_val put_at(
	struct mok_arena *arena, const struct mok_val *v, const struct mok_mark *at)
{
	struct mok_val out = *v;
	struct mok_pair *pairs;
	struct mok_val *items;

	out.at = *at;
	if (v->type == MOK_LIST) {
		items = MOK_NEW_N(arena, struct mok_val, v->u.list.len + 1);
		for (size_t i = 0; i < v->u.list.len; i++)
			items[i] = put_at(arena, &v->u.list.items[i], at);
		out.u.list.items = items;
	} else if (v->type == MOK_MAP) {
		pairs = MOK_NEW_N(arena, struct mok_pair, v->u.map.len + 1);
		for (size_t i = 0; i < v->u.map.len; i++)
			pairs[i] = (struct mok_pair){ .key = v->u.map.pairs[i].key,
				.key_at = *at,
				.val = put_at(arena, &v->u.map.pairs[i].val, at) };
		out.u.map.pairs = pairs;
	}
	return out;
}

static bool documents(const struct call *call, struct mok_val *out)
{
	const struct mok_scope *scope = call->eval->scope;
	struct mok_err err = { 0 };
	struct mok_val list = { .type = MOK_LIST };
	const char *text;

	if (!call_text(call, 0, &text))
		return false;
	if (!scope->read_yaml)
		return call_fail(call, 0, "YAML cannot be read here");
	if (scope->read_yaml(scope->self, text, call->eval->arena, &list, &err) != 0)
		return call_fail(call, 0, "this is not YAML: %s", err.msg);
	*out = put_at(call->eval->arena, &list, &call->expr->at);
	return true;
}

bool fn_from_yaml(const struct call *call, struct mok_val *out)
{
	struct mok_val list = { .type = MOK_LIST };

	if (!documents(call, &list))
		return false;
	if (list.u.list.len > 1)
		return call_fail(call, 0,
			"this is %zu documents: manifests() takes several Kubernetes objects",
			list.u.list.len);
	*out = list.u.list.len ? list.u.list.items[0] : mok_val_null();
	return true;
}

/* ---- manifests ---- */

struct gathering {
	const struct call *call;
	struct mok_val out;
	struct mok_map *keys;
};

static bool add_object(struct gathering *g, const struct mok_val *object)
{
	struct mok_arena *arena = g->call->eval->arena;
	const struct mok_val *meta = mok_val_get(object, "metadata");
	const char *kind = mok_val_get_str(object, "kind");
	const char *name = meta ? mok_val_get_str(meta, "name") : NULL;
	const char *ns = meta ? mok_val_get_str(meta, "namespace") : NULL, *key;

	if (!kind || !name)
		return call_fail(g->call, 0, "one of the objects has no %s",
			kind ? "metadata.name" : "kind");
	key = ns ? mok_arena_printf(arena, "%s/%s/%s", kind, ns, name)
		 : mok_arena_printf(arena, "%s/%s", kind, name);
	if (mok_map_get(g->keys, key))
		return call_fail(g->call, 0, "two of the objects are %s", key);
	mok_map_put(g->keys, key, g);
	mok_val_set(arena, &g->out, key, *object);
	return true;
}

static bool add_all(struct gathering *g, const struct mok_val *list)
{
	for (size_t i = 0; i < list->u.list.len; i++) {
		const struct mok_val *one = &list->u.list.items[i];
		const struct mok_val *items = mok_val_get(one, "items");
		const char *kind = mok_val_get_str(one, "kind");

		if (one->type == MOK_NULL)
			continue;
		if (kind && mok_ends(kind, "List") && items && items->type == MOK_LIST
				? !add_all(g, items)
				: !add_object(g, one))
			return false;
	}
	return true;
}

bool fn_manifests(const struct call *call, struct mok_val *out)
{
	struct gathering g = { .call = call,
		.out = { .type = MOK_MAP, .at = call->expr->at },
		.keys = mok_map_new(call->eval->arena) };
	struct mok_val list = { .type = MOK_LIST };

	if (!documents(call, &list) || !add_all(&g, &list))
		return false;
	*out = g.out;
	return true;
}
