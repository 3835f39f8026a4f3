#include "live_secrets.h"

#include "mok/expr.h"

#include <ctype.h>
#include <string.h>

/* Where plans put ${secret.NAME}: the data of Secrets, if need be of ConfigMaps. */
static const char *const places[] = { "manifest.stringData", "manifest.data" };

/* Every function that changes a text changes this one. */
#define PROBE \
	"\1 !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`" \
	"abcdefghijklmnopqrstuvwxyz{|}~ \1"

/* What takes the place of one reference; the others are as the account has them. */
struct stand_in {
	const struct live_secrets *l;
	const struct mok_ref *wanted;
	const char *text;
};

static bool is_ref(const struct mok_ref *a, const struct mok_ref *b)
{
	return strcmp(a->root, b->root) == 0 && strcmp(a->path, b->path) == 0;
}

static bool stand_in(
	void *self, const struct mok_ref *ref, struct mok_val *out, struct mok_diags *diags)
{
	const struct stand_in *s = self;
	const struct mok_object *o = mok_map_get(s->l->live->by_address, ref->root);
	const struct mok_val *v;

	(void)diags;
	if (is_ref(ref, s->wanted)) {
		*out = mok_val_str(s->text);
		return true;
	}
	if (o && strcmp(ref->path, "id") == 0) {
		*out = mok_val_str(o->id);
		return true;
	}
	v = o ? mok_val_at(&o->attrs, ref->path) : NULL;
	if (v)
		*out = *v;
	return v != NULL;
}

/* The text as written, with `text` for the reference; NULL: it cannot be told. */
static const char *with(const struct live_secrets *l, const struct mok_val *v,
	const struct mok_ref *wanted, const char *text)
{
	struct stand_in s = { l, wanted, text };
	const struct mok_scope scope = { .self = &s, .ref = stand_in };
	struct mok_diags diags = { .arena = l->arena };
	struct mok_val out;

	if (mok_expr_eval(l->arena, v, &scope, &diags, &out) != 0 || out.type != MOK_STR)
		return NULL;
	return out.u.s;
}

/* The text as written with the reference standing for itself, once; NULL: it does not. */
static const char *around(
	const struct live_secrets *l, const struct mok_val *v, const struct mok_ref *wanted)
{
	struct mok_refs refs = { 0 };
	bool is_in = false;
	const char *text, *at;

	if (v->type != MOK_EXPR)
		return NULL;
	mok_expr_refs(l->arena, v, &refs);
	for (size_t i = 0; i < refs.list.len; i++)
		is_in |= is_ref(&refs.list.items[i], wanted);
	text = is_in ? with(l, v, wanted, PROBE) : NULL;
	at = text ? strstr(text, PROBE) : NULL;
	return at && !strstr(at + 1, PROBE) ? text : NULL;
}

/* Is it in the text of a Secret, as itself? */
static const struct mok_pair *pair_of(
	const struct live_secrets *l, const struct mok_resource *r, const struct mok_ref *wanted)
{
	for (size_t p = 0; p < MOK_COUNT(places); p++) {
		const struct mok_val *map = mok_val_at(&r->fields, places[p]);

		for (size_t i = 0; map && map->type == MOK_MAP && i < map->u.map.len; i++)
			if (around(l, &map->u.map.pairs[i].val, wanted))
				return &map->u.map.pairs[i];
	}
	return NULL;
}

struct find {
	const struct mok_object *in;
	const char *text;  /* of its data, decoded; NULL: it is not base64 */
	const char *value; /* what stands there for the reference; NULL: nothing, or another text */
};

/* What is left of the text when all around the reference is taken off. */
static const char *value_in(const struct live_secrets *l, const struct mok_val *v,
	const struct mok_ref *wanted, const char *text)
{
	const char *frame = around(l, v, wanted), *at = frame ? strstr(frame, PROBE) : NULL;
	size_t len = strlen(text), before, after;
	const char *value, *again;

	if (!at)
		return NULL;
	before = (size_t)(at - frame);
	after = strlen(at + strlen(PROBE));
	if (len <= before + after)
		return before + after == 0 ? text : NULL;
	value = mok_arena_strndup(l->arena, text + before, len - before - after);
	again = with(l, v, wanted, value);
	return again && strcmp(again, text) == 0 ? value : NULL;
}

/* Secrets have it in base64, ConfigMaps as it is. */
static const char *decoded(
	const struct live_secrets *l, const struct mok_object *o, const char *text)
{
	const struct mok_val *kind = mok_val_at(&o->attrs, "object.kind");
	bool is_secret = kind && kind->type == MOK_STR && strcmp(kind->u.s, "Secret") == 0;

	return is_secret ? mok_unbase64(l->arena, text, NULL) : text;
}

/* In the live object of one resource. False: there is no such data. */
static bool find_in(const struct live_secrets *l, const struct mok_resource *r,
	const struct mok_ref *wanted, struct find *out)
{
	const struct mok_object *o = mok_map_get(l->live->by_address, r->address);
	const struct mok_pair *pair = o ? pair_of(l, r, wanted) : NULL;
	const struct mok_val *data = pair ? mok_val_at(&o->attrs, "object.data") : NULL;
	const char *text = data ? mok_val_get_str(data, pair->key) : NULL;

	if (!text)
		return false;
	*out = (struct find){ .in = o, .text = decoded(l, o, text) };
	if (out->text)
		out->value = value_in(l, &pair->val, wanted, out->text);
	return true;
}

/* In any Secret. */
static bool find(const struct live_secrets *l, const struct mok_ref *wanted, struct find *out)
{
	for (size_t i = 0; i < l->stack->resources.len; i++)
		if (find_in(l, &l->stack->resources.items[i], wanted, out) &&
			(out->value || !out->text))
			return true;
	return false;
}

bool live_secrets_has(const struct live_secrets *l, const struct mok_resource *r, const char *name)
{
	const struct mok_ref wanted = { .root = "secret", .path = name };
	struct find found;

	return find_in(l, r, &wanted, &found) && found.value;
}

const char *live_secrets_value(const struct live_secrets *l, const char *address, const char *field)
{
	const struct mok_ref wanted = { .root = address, .path = field };
	struct find found;

	return find(l, &wanted, &found) ? found.value : NULL;
}

bool live_secrets_wanted(const struct live_secrets *l, const char *address, const char *field)
{
	const struct mok_ref wanted = { .root = address, .path = field };

	for (size_t i = 0; i < l->stack->resources.len; i++)
		if (pair_of(l, &l->stack->resources.items[i], &wanted))
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
	struct find place;

	if (!find(l, &wanted, &place))
		return 0;
	if (!place.text)
		return mok_err_set(err, MOK_ERR_INPUT, "%s in the Secret %s is not base64", name,
			place.in->name);
	mok_buf_puts(out, place.value);
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
