/*
 * Objects by their schema: which fields one has, how two differ, how one is merged into another.
 * As sigs.k8s.io/structured-merge-diff does it, whose rules
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/ describes.
 */
#include "apiserver_internal.h"

#include <math.h>
#include <stdlib.h>

bool ks_same(const cJSON *a, const cJSON *b)
{
	return a && b && mok_json_equal(a, b);
}

/* ---- elements of lists ---- */

static const cJSON *key_value(const struct ks_type *list, const cJSON *item, const char *key)
{
	const cJSON *value = ks_at(item, key);
	const struct ks_field *f = value ? NULL : ks_field_of(list->element, key);

	return value ? value : f ? f->fallback : NULL;
}

static const char *map_element(
	struct mok_arena *arena, const struct ks_type *list, const cJSON *item)
{
	cJSON *keys = cJSON_CreateObject();
	const char *out = NULL;
	char *text;

	/* Keys are in the order of their names. */
	for (size_t i = 0; cJSON_IsObject(item) && i < list->nkeys; i++) {
		const cJSON *value = key_value(list, item, list->keys[i]);

		if (value)
			cJSON_AddItemToObject(keys, list->keys[i], cJSON_Duplicate(value, false));
	}
	if (keys->child) {
		text = cJSON_PrintUnformatted(keys);
		out = mok_arena_printf(arena, "k:%s", text);
		cJSON_free(text);
	}
	cJSON_Delete(keys);
	return out;
}

const char *ks_element(struct mok_arena *arena, const struct ks_type *list, const cJSON *item)
{
	const char *out;
	char *text;

	if (list->list == KS_LIST_MAP)
		return map_element(arena, list, item);
	text = cJSON_PrintUnformatted(item);
	out = mok_arena_printf(arena, "v:%s", text);
	cJSON_free(text);
	return out;
}

/* ---- how a value is looked at ---- */

enum shape {
	LEAF = 0, /* owned as one */
	FIELDS,
	ITEMS,
};

static enum shape shape_of(const cJSON *value, const struct ks_type *type)
{
	if (type->atomic)
		return LEAF;
	switch ((int)type->kind) {
	case KS_STRUCT:
	case KS_MAP: return cJSON_IsObject(value) ? FIELDS : LEAF;
	case KS_LIST: return cJSON_IsArray(value) && type->list != KS_LIST_ATOMIC ? ITEMS : LEAF;
	/* Nobody declared it: what is there decides. */
	case KS_ANY: return cJSON_IsObject(value) ? FIELDS : LEAF;
	default: return LEAF;
	}
}

const struct ks_type *ks_child_type(const struct ks_type *type, const char *name)
{
	const struct ks_field *f;

	if (type->kind == KS_MAP)
		return type->element;
	f = ks_field_of(type, name);
	return f ? f->type : &ks_any;
}

static const char *field_element(struct mok_arena *arena, const char *name)
{
	return mok_arena_printf(arena, "f:%s", name);
}

static bool is_empty_map(const cJSON *value)
{
	return cJSON_IsNull(value) || (cJSON_IsObject(value) && !value->child);
}

/* ---- the fields of an object ---- */

static void add_fields(
	struct mok_arena *arena, cJSON *set, const cJSON *value, const struct ks_type *type)
{
	enum shape shape = shape_of(value, type);
	const cJSON *child;

	if (shape == LEAF) {
		if (!cJSON_IsNull(value) || type->kind < KS_STRUCT)
			ks_set_member(set);
		return;
	}
	cJSON_ArrayForEach(child, value)
	{
		const char *element = shape == ITEMS ? ks_element(arena, type, child)
						     : field_element(arena, child->string);
		cJSON *node;

		if (!element)
			continue;
		node = ks_set_child(set, element);
		if (shape == ITEMS) {
			add_fields(arena, node, child, type->element);
			ks_set_member(node);
			continue;
		}
		add_fields(arena, node, child, ks_child_type(type, child->string));
		if (is_empty_map(child) || type->kind != KS_STRUCT ||
			!ks_field_of(type, child->string))
			ks_set_member(node);
		if (!node->child)
			cJSON_Delete(cJSON_DetachItemViaPointer(set, node));
	}
}

cJSON *ks_fields_of(struct mok_arena *arena, const cJSON *object, const struct ks_type *type)
{
	cJSON *set = cJSON_CreateObject();

	add_fields(arena, set, object, type);
	return set;
}

/* ---- how two differ ---- */

struct comparing {
	struct mok_arena *arena;
	struct ks_compared *out;
};

/* Where the walk is: the same place in all three sets, made only as needed. */
struct place {
	const struct place *above;
	const char *element;
};

static cJSON *at_place(cJSON *set, const struct place *place)
{
	return place->above ? ks_set_child(at_place(set, place->above), place->element) : set;
}

static bool is_empty(const cJSON *value)
{
	return !value || cJSON_IsNull(value) || !value->child;
}

static void compare(const struct comparing *c, const cJSON *before, const cJSON *after,
	const struct ks_type *type, const struct place *place);

static void mark_change(const struct comparing *c, const cJSON *before, const cJSON *after,
	const struct place *place)
{
	if (!before)
		ks_set_member(at_place(c->out->added, place));
	else if (!after)
		ks_set_member(at_place(c->out->removed, place));
	else if (!ks_same(before, after))
		ks_set_member(at_place(c->out->modified, place));
}

static void compare_fields(const struct comparing *c, const cJSON *before, const cJSON *after,
	const struct ks_type *type, const struct place *place)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, before)
	{
		const struct place below = { place, field_element(c->arena, child->string) };

		compare(c, child, ks_at(after, child->string), ks_child_type(type, child->string),
			&below);
	}
	cJSON_ArrayForEach(child, after)
	{
		const struct place below = { place, field_element(c->arena, child->string) };

		if (!ks_at(before, child->string))
			compare(c, NULL, child, ks_child_type(type, child->string), &below);
	}
}

static struct mok_map *index_items(
	struct mok_arena *arena, const cJSON *list, const struct ks_type *type)
{
	struct mok_map *map = mok_map_new(arena);
	cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		const char *element = ks_element(arena, type, item);

		if (element && !mok_map_get(map, element))
			mok_map_put(map, element, item);
	}
	return map;
}

static void compare_items(const struct comparing *c, const cJSON *before, const cJSON *after,
	const struct ks_type *type, const struct place *place)
{
	struct mok_map *old = index_items(c->arena, before, type);
	struct mok_map *new = index_items(c->arena, after, type);

	for (size_t i = 0; i < mok_map_len(old); i++) {
		const struct place below = { place, mok_map_key(old, i) };

		compare(c, mok_map_value(old, i), mok_map_get(new, mok_map_key(old, i)),
			type->element, &below);
	}
	for (size_t i = 0; i < mok_map_len(new); i++) {
		const struct place below = { place, mok_map_key(new, i) };

		if (!mok_map_get(old, mok_map_key(new, i)))
			compare(c, NULL, mok_map_value(new, i), type->element, &below);
	}
}

static void compare(const struct comparing *c, const cJSON *before, const cJSON *after,
	const struct ks_type *type, const struct place *place)
{
	enum shape shape = shape_of(after ? after : before, type);
	/* Of an undeclared type both must be maps; null stands for either. */
	bool unlike = before && after && !cJSON_IsNull(before) && !cJSON_IsNull(after) &&
		shape_of(before, type) != shape;

	if (before && cJSON_IsNull(after))
		shape = shape_of(before, type);
	if (shape == LEAF || unlike || (is_empty(before) && is_empty(after))) {
		mark_change(c, before, after, place);
		return;
	}
	if (shape == FIELDS)
		compare_fields(c, before, after, type, place);
	else
		compare_items(c, before, after, type, place);
	if (!before)
		ks_set_member(at_place(c->out->added, place));
	else if (!after)
		ks_set_member(at_place(c->out->removed, place));
}

void ks_compare(struct mok_arena *arena, const cJSON *before, const cJSON *after,
	const struct ks_type *type, struct ks_compared *out)
{
	const struct comparing c = { arena, out };
	const struct place root = { NULL, "" };

	out->added = cJSON_CreateObject();
	out->modified = cJSON_CreateObject();
	out->removed = cJSON_CreateObject();
	compare(&c, before, after, type, &root);
}

/* ---- merging ---- */

static cJSON *merge_fields(
	struct mok_arena *arena, const cJSON *live, const cJSON *config, const struct ks_type *type)
{
	cJSON *out = cJSON_CreateObject();
	const cJSON *child;

	cJSON_ArrayForEach(child, live)
	{
		const cJSON *other = ks_at(config, child->string);

		cJSON_AddItemToObject(out, child->string,
			other ? ks_merge(arena, child, other, ks_child_type(type, child->string))
			      : cJSON_Duplicate(child, true));
	}
	cJSON_ArrayForEach(child, config) if (!ks_at(live, child->string))
		cJSON_AddItemToObject(out, child->string, cJSON_Duplicate(child, true));
	return out;
}

struct zip {
	struct mok_arena *arena;
	const struct ks_type *type;
	struct mok_map *live, *config, *merged;
	MOK_VEC(const char *) shared; /* of both, in the order of config */
	size_t next;                  /* of shared */
	cJSON *out;
};

static const char *next_shared(const struct zip *z)
{
	return z->next < z->shared.len ? z->shared.items[z->next] : NULL;
}

static void take_config(struct zip *z, const char *element)
{
	const cJSON *mine = mok_map_get(z->live, element);
	cJSON *theirs = mok_map_get(z->config, element);

	cJSON_AddItemToArray(z->out,
		mine ? ks_merge(z->arena, mine, theirs, z->type->element)
		     : cJSON_Duplicate(theirs, true));
	mok_map_put(z->merged, element, theirs);
	if (mok_streq(next_shared(z), element))
		z->next++;
}

/* One item of the live list, before config's item `wanted` (NULL: config has no more). False: it is
 * config's turn. */
static bool take_live(struct zip *z, const char *element, const char *wanted)
{
	bool shared = mok_map_get(z->config, element);

	if (!shared) {
		cJSON_AddItemToArray(z->out, cJSON_Duplicate(mok_map_get(z->live, element), true));
		return true;
	}
	if (mok_map_get(z->merged, element))
		return true;
	/* Shared, but not the one whose turn it is: it comes with config's. */
	return wanted && next_shared(z) && !mok_streq(next_shared(z), element);
}

static cJSON *merge_items(
	struct mok_arena *arena, const cJSON *live, const cJSON *config, const struct ks_type *type)
{
	struct zip z = { .arena = arena,
		.type = type,
		.live = index_items(arena, live, type),
		.config = index_items(arena, config, type),
		.merged = mok_map_new(arena),
		.out = cJSON_CreateArray() };
	size_t l = 0, c = 0, nlive = mok_map_len(z.live), nconfig = mok_map_len(z.config);

	for (size_t i = 0; i < nconfig; i++)
		if (mok_map_get(z.live, mok_map_key(z.config, i)))
			mok_vec_push(arena, &z.shared, mok_map_key(z.config, i));
	while (l < nlive || c < nconfig) {
		const char *mine = l < nlive ? mok_map_key(z.live, l) : NULL;
		const char *theirs = c < nconfig ? mok_map_key(z.config, c) : NULL;

		bool both = mine && theirs && strcmp(mine, theirs) == 0;

		if (both || !mine || (!take_live(&z, mine, theirs) && theirs)) {
			take_config(&z, theirs);
			c++;
			l += both;
		} else {
			l++;
		}
	}
	return z.out;
}

cJSON *ks_merge(
	struct mok_arena *arena, const cJSON *live, const cJSON *config, const struct ks_type *type)
{
	enum shape shape = shape_of(config, type);

	if (shape == LEAF || !live || shape_of(live, type) != shape)
		return cJSON_Duplicate(config, true);
	return shape == FIELDS ? merge_fields(arena, live, config, type)
			       : merge_items(arena, live, config, type);
}

/* ---- taking away ---- */

static bool is_member(const cJSON *node)
{
	return ks_at(node, ".");
}

void ks_remove_items(
	struct mok_arena *arena, cJSON *object, const struct ks_type *type, const cJSON *set)
{
	enum shape shape = shape_of(object, type);
	cJSON *child, *next;

	if (shape == LEAF)
		return;
	for (child = object->child; child; child = next) {
		const char *element = shape == ITEMS ? ks_element(arena, type, child)
						     : field_element(arena, child->string);
		const cJSON *node = element ? ks_at(set, element) : NULL;
		const struct ks_type *below =
			shape == ITEMS ? type->element : ks_child_type(type, child->string);
		bool had = child->child;

		next = child->next;
		if (!node)
			continue;
		if (is_member(node)) {
			cJSON_Delete(cJSON_DetachItemViaPointer(object, child));
			continue;
		}
		ks_remove_items(arena, child, below, node);
		/* Emptied, it is null: neither gone nor an empty map. */
		if (shape == FIELDS && had && !child->child)
			child->type = cJSON_NULL;
	}
}
