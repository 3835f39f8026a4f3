#include "live_secrets.h"

#include "mok/expr.h"

#include <ctype.h>
#include <string.h>

/* Where plans put ${secret.NAME}: the data of Secrets. */
static const char *const places[] = { "manifest.stringData", "manifest.data" };

#define PROBE "\1"

/* Only the one secret that is asked for is worth anything. */
static bool probe(
	void *self, const struct mok_ref *ref, struct mok_val *out, struct mok_diags *diags)
{
	const char *name = self;

	(void)diags;
	if (strcmp(ref->root, "secret") != 0 || strcmp(ref->path, name) != 0)
		return false;
	*out = mok_val_str(PROBE);
	return true;
}

/* Is the value as written that secret, and nothing else? */
static bool is_secret(struct mok_arena *arena, const struct mok_val *v, const char *name)
{
	const struct mok_scope scope = { .self = (void *)(uintptr_t)name, .ref = probe };
	struct mok_diags diags = { .arena = arena };
	struct mok_refs refs = { 0 };
	struct mok_val out;

	if (v->type != MOK_EXPR)
		return false;
	mok_expr_refs(arena, v, &refs);
	return refs.list.len == 1 && strcmp(refs.list.items[0].root, "secret") == 0 &&
		mok_expr_eval(arena, v, &scope, &diags, &out) == 0 && out.type == MOK_STR &&
		strcmp(out.u.s, PROBE) == 0;
}

/* The key below `data` whose value is ${secret.name}; NULL: none. */
static const char *key_of(struct mok_arena *arena, const struct mok_resource *r, const char *name)
{
	for (size_t p = 0; p < MOK_COUNT(places); p++) {
		const struct mok_val *map = mok_val_at(&r->fields, places[p]);

		for (size_t i = 0; map && map->type == MOK_MAP && i < map->u.map.len; i++)
			if (is_secret(arena, &map->u.map.pairs[i].val, name))
				return map->u.map.pairs[i].key;
	}
	return NULL;
}

const char *plan_secret_name(struct mok_arena *arena, const char *name)
{
	char *text = mok_arena_strdup(arena, name);

	for (char *p = text; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return text;
}

static int get(void *self, const char *name, bool *found, struct mok_buf *out, struct mok_err *err)
{
	struct live_secrets *l = self;
	const char *wanted = plan_secret_name(l->arena, name);

	for (size_t i = 0; i < l->stack->resources.len; i++) {
		const struct mok_resource *r = &l->stack->resources.items[i];
		const struct mok_object *o = mok_map_get(l->live->by_address, r->address);
		const char *key = o ? key_of(l->arena, r, wanted) : NULL;
		const struct mok_val *data = key ? mok_val_at(&o->attrs, "object.data") : NULL;
		const char *text = data ? mok_val_get_str(data, key) : NULL;
		const char *value = text ? mok_unbase64(l->arena, text, NULL) : NULL;

		if (!text)
			continue;
		if (!value)
			return mok_err_set(err, MOK_ERR_INPUT, "%s of the Secret %s is not base64",
				key, o->name);
		mok_buf_puts(out, value);
		*found = true;
		return 0;
	}
	return 0;
}

struct mok_secret_store live_secrets_store(struct live_secrets *secrets)
{
	return (struct mok_secret_store){ .self = secrets, .what = "the cluster", .get = get };
}

const char *live_secrets_filled(struct live_secrets *l)
{
	for (size_t i = 0; i < l->stack->resources.len; i++) {
		const struct mok_resource *r = &l->stack->resources.items[i];
		const struct mok_object *o = mok_map_get(l->live->by_address, r->address);

		if (o && o->has_data)
			return r->address;
	}
	return NULL;
}
