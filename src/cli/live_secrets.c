#include "live_secrets.h"

#include "mok/expr.h"

#include <ctype.h>
#include <string.h>

/* Where plans put ${secret.NAME}: the data of Secrets. */
static const char *const places[] = { "manifest.stringData", "manifest.data" };

#define PROBE "\1"

static bool is_ref(const struct mok_ref *a, const struct mok_ref *b)
{
	return strcmp(a->root, b->root) == 0 && strcmp(a->path, b->path) == 0;
}

/* Only what is asked for is worth anything. */
static bool probe(
	void *self, const struct mok_ref *ref, struct mok_val *out, struct mok_diags *diags)
{
	(void)diags;
	if (!is_ref(ref, self))
		return false;
	*out = mok_val_str(PROBE);
	return true;
}

/* Is the value as written that reference, and nothing else? */
static bool is_just(struct mok_arena *arena, const struct mok_val *v, const struct mok_ref *wanted)
{
	struct mok_ref copy = *wanted;
	const struct mok_scope scope = { .self = &copy, .ref = probe };
	struct mok_diags diags = { .arena = arena };
	struct mok_refs refs = { 0 };
	struct mok_val out;

	if (v->type != MOK_EXPR)
		return false;
	mok_expr_refs(arena, v, &refs);
	return refs.list.len == 1 && is_ref(&refs.list.items[0], wanted) &&
		mok_expr_eval(arena, v, &scope, &diags, &out) == 0 && out.type == MOK_STR &&
		strcmp(out.u.s, PROBE) == 0;
}

/* The key below `data` whose value is the reference; NULL: none. */
static const char *key_of(
	struct mok_arena *arena, const struct mok_resource *r, const struct mok_ref *wanted)
{
	for (size_t p = 0; p < MOK_COUNT(places); p++) {
		const struct mok_val *map = mok_val_at(&r->fields, places[p]);

		for (size_t i = 0; map && map->type == MOK_MAP && i < map->u.map.len; i++)
			if (is_just(arena, &map->u.map.pairs[i].val, wanted))
				return map->u.map.pairs[i].key;
	}
	return NULL;
}

/* Its data in the Secret of one resource, still in base64; NULL: it has none. */
static const char *data_in(const struct live_secrets *l, const struct mok_resource *r,
	const struct mok_ref *wanted, const struct mok_object **in)
{
	const struct mok_object *o = mok_map_get(l->live->by_address, r->address);
	const char *key = o ? key_of(l->arena, r, wanted) : NULL;
	const struct mok_val *data = key ? mok_val_at(&o->attrs, "object.data") : NULL;

	*in = o;
	return data ? mok_val_get_str(data, key) : NULL;
}

/* In any Secret; *in tells whose it is. */
static const char *data_of(
	const struct live_secrets *l, const struct mok_ref *wanted, const struct mok_object **in)
{
	for (size_t i = 0; i < l->stack->resources.len; i++) {
		const char *text = data_in(l, &l->stack->resources.items[i], wanted, in);

		if (text)
			return text;
	}
	return NULL;
}

bool live_secrets_has(const struct live_secrets *l, const struct mok_resource *r, const char *name)
{
	const struct mok_ref wanted = { .root = "secret", .path = name };
	const struct mok_object *in;

	return data_in(l, r, &wanted, &in) != NULL;
}

const char *live_secrets_value(const struct live_secrets *l, const char *address, const char *field)
{
	const struct mok_ref wanted = { .root = address, .path = field };
	const struct mok_object *in;
	const char *text = data_of(l, &wanted, &in);

	return text ? mok_unbase64(l->arena, text, NULL) : NULL;
}

bool live_secrets_wanted(const struct live_secrets *l, const char *address, const char *field)
{
	const struct mok_ref wanted = { .root = address, .path = field };

	for (size_t i = 0; i < l->stack->resources.len; i++)
		if (key_of(l->arena, &l->stack->resources.items[i], &wanted))
			return true;
	return false;
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
	const struct mok_ref wanted = { .root = "secret",
		.path = plan_secret_name(l->arena, name) };
	const struct mok_object *in;
	const char *text = data_of(l, &wanted, &in), *value;

	if (!text)
		return 0;
	value = mok_unbase64(l->arena, text, NULL);
	if (!value)
		return mok_err_set(
			err, MOK_ERR_INPUT, "%s in the Secret %s is not base64", name, in->name);
	mok_buf_puts(out, value);
	*found = true;
	return 0;
}

struct mok_secret_store live_secrets_store(struct live_secrets *secrets)
{
	return (struct mok_secret_store){ .self = secrets, .what = "the cluster", .get = get };
}

/* What a live resource has filled, whoever made it and whether a tag tells or not; NULL: nothing.
 */
static const char *filled_by(const struct mok_resource *r)
{
	for (const struct mok_field *f = r->kind->fields; f->name; f++)
		if (f->flags & MOK_F_FILLS)
			return mok_val_get_str(&r->fields, f->name);
	return NULL;
}

const char *live_secrets_filled(const struct live_secrets *l)
{
	for (size_t i = 0; i < l->stack->resources.len; i++) {
		const struct mok_resource *r = &l->stack->resources.items[i];
		const struct mok_object *o = mok_map_get(l->live->by_address, r->address);
		const char *filled = !o ? NULL : o->has_data ? r->address : filled_by(r);

		if (filled)
			return filled;
	}
	return NULL;
}
