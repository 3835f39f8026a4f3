#include "diff_internal.h"

#include <stdio.h>
#include <string.h>

struct comparison {
	struct planner *planner;
	struct mok_change *change;
	const struct mok_field *top; /* the resource's own field that the path is under */
};

static const struct mok_val absent;

static bool covers(
	const struct mok_field *sub, const struct mok_val *want, const struct mok_val *have);

/* Is `want` what `have` says, as far as want says anything? Servers fill in the rest. */
static bool item_covers(
	const struct mok_field *field, const struct mok_val *want, const struct mok_val *have)
{
	if (want->type == MOK_MAP && have->type == MOK_MAP && field->sub)
		return covers(field->sub, want, have);
	return mok_val_equal(want, have);
}

static bool is_empty(const struct mok_val *v)
{
	switch (v->type) {
	case MOK_NULL: return true;
	case MOK_STR: return v->u.s[0] == '\0';
	case MOK_LIST: return v->u.list.len == 0;
	case MOK_MAP: return v->u.map.len == 0;
	case MOK_BOOL: return !v->u.b;
	case MOK_INT: return v->u.i == 0;
	case MOK_NUM:
	case MOK_EXPR:
	case MOK_UNKNOWN: return false;
	}
	return false;
}

static bool same_items(
	const struct mok_field *f, const struct mok_val *want, const struct mok_val *have)
{
	for (size_t i = 0; i < want->u.list.len; i++)
		if (!item_covers(f, &want->u.list.items[i], &have->u.list.items[i]))
			return false;
	return true;
}

static bool is_texts(const struct mok_val *list)
{
	for (size_t i = 0; i < list->u.list.len; i++)
		if (list->u.list.items[i].type != MOK_STR)
			return false;
	return true;
}

/* Texts by the thousand (a project's members) are counted rather than compared with each other. */
static bool has_all_texts(const struct mok_val *want, const struct mok_val *have)
{
	struct mok_arena *arena = mok_arena_new();
	struct mok_map *left = mok_map_new(arena);
	bool all = true;

	for (size_t i = 0; i < have->u.list.len; i++) {
		const char *text = have->u.list.items[i].u.s;

		mok_map_put(left, text, (void *)((uintptr_t)mok_map_get(left, text) + 1));
	}
	for (size_t i = 0; all && i < want->u.list.len; i++) {
		const char *text = want->u.list.items[i].u.s;
		uintptr_t n = (uintptr_t)mok_map_get(left, text);

		all = n > 0;
		mok_map_put(left, text, (void *)(n - all));
	}
	mok_arena_free(arena);
	return all;
}

/* Every wanted item has a partner of its own. */
static bool has_all(
	const struct mok_field *f, const struct mok_val *want, const struct mok_val *have)
{
	bool taken[256] = { false };
	size_t n = have->u.list.len;

	if (is_texts(want) && is_texts(have))
		return has_all_texts(want, have);
	if (n > MOK_COUNT(taken))
		n = MOK_COUNT(taken);
	for (size_t i = 0; i < want->u.list.len; i++) {
		size_t k = 0;

		while (k < n &&
			(taken[k] ||
				!item_covers(f, &want->u.list.items[i], &have->u.list.items[k])))
			k++;
		if (k == n)
			return false;
		taken[k] = true;
	}
	return true;
}

static bool lists_agree(
	const struct mok_field *f, const struct mok_val *want, const struct mok_val *have)
{
	if (f->flags & MOK_F_SUBSET)
		return has_all(f, want, have);
	if (want->u.list.len != have->u.list.len)
		return false;
	return f->flags & MOK_F_SET ? has_all(f, want, have) : same_items(f, want, have);
}

/* Both sides normalised. An absent value agrees with an empty one. */
static bool agrees(
	const struct mok_field *f, const struct mok_val *want, const struct mok_val *have)
{
	if (want->type == MOK_UNKNOWN || mok_val_has_unknown(want))
		return false;
	if (have->type == MOK_NULL || want->type == MOK_NULL)
		return is_empty(want) && is_empty(have);
	if (want->type == MOK_LIST && have->type == MOK_LIST)
		return lists_agree(f, want, have);
	if (want->type == MOK_MAP && have->type == MOK_MAP && f->sub)
		return covers(f->sub, want, have);
	return mok_val_equal(want, have);
}

static bool covers(
	const struct mok_field *sub, const struct mok_val *want, const struct mok_val *have)
{
	for (size_t i = 0; i < want->u.map.len; i++) {
		const struct mok_pair *pair = &want->u.map.pairs[i];
		const struct mok_field *f = mok_field_find(sub, pair->key);
		const struct mok_val *other = mok_val_get(have, pair->key);

		if (!f || (f->flags & MOK_F_COMPUTED))
			continue;
		if (!agrees(f, &pair->val, other ? other : &absent))
			return false;
	}
	return true;
}

bool mok_field_differs(struct mok_arena *arena, const struct mok_field *field,
	const struct mok_val *want, const struct mok_object *object)
{
	const struct mok_val *live = mok_val_get(&object->attrs, field->name);
	struct mok_val w = mok_norm(arena, field->norm, *want);
	struct mok_val h = mok_norm(arena, field->norm, live ? *live : absent);
	const char *why = NULL;
	bool replaces = false;

	if (agrees(field, &w, &h))
		return false;
	return !(object->kind->same &&
		object->kind->same(field, want, live ? live : &absent, object, &replaces, &why));
}

/* What is wanted no longer may have been a secret when it was: only the plan of then knew. */
static bool may_have_been_sensitive(
	const struct mok_field *f, const struct mok_val *want, const struct mok_val *have)
{
	return f->flags & MOK_F_WHOLE && want->type == MOK_NULL &&
		(have->type == MOK_STR || have->type == MOK_MAP || have->type == MOK_LIST);
}

static void add_change(struct comparison *c, const struct mok_field *f, const char *path,
	const struct mok_val *want, const struct mok_val *have)
{
	const struct mok_object *o = c->change->object;
	struct mok_field_change fc = {
		.path = path,
		.field = f,
		.before = *have,
		.after = *want,
		.sensitive = ((f->flags | c->top->flags) & MOK_F_SENSITIVE) ||
			mok_val_has_sensitive(want) || mok_val_has_sensitive(have) ||
			may_have_been_sensitive(f, want, have),
		.forces_replacement = ((f->flags | c->top->flags) & MOK_F_REPLACES) != 0,
		.risky = ((f->flags | c->top->flags) & MOK_F_RISKY) != 0,
	};

	if (o->kind->same && want->type != MOK_UNKNOWN &&
		o->kind->same(f, want, have, o, &fc.forces_replacement, &fc.reason))
		return;
	fc.call = mok_call_of(o->kind, c->top);
	if (!fc.call)
		fc.forces_replacement = true;
	if (fc.forces_replacement)
		fc.call = NULL;
	mok_vec_push(c->planner->arena, &c->change->fields, fc);
}

static void compare_value(struct comparison *c, const struct mok_field *f, const char *path,
	const struct mok_val *want, const struct mok_val *have)
{
	struct mok_arena *arena = c->planner->arena;
	struct mok_val w = mok_norm(arena, f->norm, *want), h = mok_norm(arena, f->norm, *have);

	if (agrees(f, &w, &h))
		return;
	if (w.type != MOK_MAP || h.type != MOK_MAP || !f->sub) {
		add_change(c, f, path, want, have);
		return;
	}
	for (size_t i = 0; i < w.u.map.len; i++) {
		const struct mok_pair *pair = &w.u.map.pairs[i];
		const struct mok_field *sub = mok_field_find(f->sub, pair->key);
		const struct mok_val *other = mok_val_get(&h, pair->key);

		if (sub && !(sub->flags & (MOK_F_COMPUTED | MOK_F_CREATE_ONLY)))
			compare_value(c, sub, mok_arena_printf(arena, "%s.%s", path, pair->key),
				&pair->val, other ? other : &absent);
	}
}

/* ---- values of any shape ---- */

static const struct mok_val *named_item(const struct mok_val *list, const char *name)
{
	for (size_t i = 0; i < list->u.list.len; i++)
		if (mok_streq(mok_val_get_str(&list->u.list.items[i], "name"), name))
			return &list->u.list.items[i];
	return NULL;
}

/* Do the items have names of their own, as containers and ports have? */
static bool has_names(const struct mok_val *list)
{
	for (size_t i = 0; i < list->u.list.len; i++) {
		const struct mok_val *item = &list->u.list.items[i];
		const char *name = item->type == MOK_MAP ? mok_val_get_str(item, "name") : NULL;

		if (!name || named_item(list, name) != item)
			return false;
	}
	return true;
}

/* `both`: what only `have` has is a change too. */
struct shape {
	struct comparison *c;
	const struct mok_field *field;
	bool both;
};

static void compare_shape(const struct shape *s, const char *path, const struct mok_val *want,
	const struct mok_val *have);

static void compare_keys(const struct shape *s, const char *path, const struct mok_val *want,
	const struct mok_val *have)
{
	struct mok_arena *arena = s->c->planner->arena;

	for (size_t i = 0; i < want->u.map.len; i++) {
		const struct mok_pair *pair = &want->u.map.pairs[i];
		const struct mok_val *other = mok_val_get(have, pair->key);

		compare_shape(s, mok_arena_printf(arena, "%s.%s", path, pair->key), &pair->val,
			other ? other : &absent);
	}
	for (size_t i = 0; s->both && i < have->u.map.len; i++) {
		const struct mok_pair *pair = &have->u.map.pairs[i];

		if (!mok_val_get(want, pair->key))
			compare_shape(s, mok_arena_printf(arena, "%s.%s", path, pair->key), &absent,
				&pair->val);
	}
}

static void compare_named(const struct shape *s, const char *path, const struct mok_val *want,
	const struct mok_val *have)
{
	struct mok_arena *arena = s->c->planner->arena;

	for (size_t i = 0; i < want->u.list.len; i++) {
		const struct mok_val *item = &want->u.list.items[i];
		const char *name = mok_val_get_str(item, "name");
		const struct mok_val *other = named_item(have, name);

		compare_shape(s, mok_arena_printf(arena, "%s[%s]", path, name), item,
			other ? other : &absent);
	}
	for (size_t i = 0; i < have->u.list.len; i++) {
		const struct mok_val *item = &have->u.list.items[i];
		const char *name = mok_val_get_str(item, "name");

		if (!named_item(want, name))
			compare_shape(
				s, mok_arena_printf(arena, "%s[%s]", path, name), &absent, item);
	}
}

static void compare_shape(const struct shape *s, const char *path, const struct mok_val *want,
	const struct mok_val *have)
{
	if (mok_val_equal(want, have) || (is_empty(want) && is_empty(have)))
		return;
	if (want->type == MOK_MAP && have->type == MOK_MAP)
		compare_keys(s, path, want, have);
	else if (want->type == MOK_LIST && have->type == MOK_LIST && has_names(want) &&
		has_names(have) && want->u.list.len > 0)
		compare_named(s, path, want, have);
	else
		add_change(s->c, s->field, path, want, have);
}

static void force_replacement(struct mok_field_change *f, const char *why)
{
	f->forces_replacement = true;
	f->call = NULL;
	f->reason = why;
}

static bool is_under(const char *path, const char *field)
{
	size_t len = strlen(field);

	return strncmp(path, field, len) == 0 &&
		(!path[len] || path[len] == '.' || path[len] == '[');
}

/* Those that the cluster named; all, where it named none that differs. */
static void force_immutable(struct comparison *c, size_t from, const struct mok_val *fields)
{
	const char *why = "the cluster does not let it change";
	size_t start = strlen(c->top->name) + 1;
	bool any = false;

	for (size_t i = from; i < c->change->fields.len; i++) {
		struct mok_field_change *f = &c->change->fields.items[i];

		for (size_t k = 0; strlen(f->path) > start && k < fields->u.list.len; k++)
			if (is_under(f->path + start, fields->u.list.items[k].u.s)) {
				force_replacement(f, why);
				any = true;
			}
	}
	for (size_t i = from; !any && i < c->change->fields.len; i++)
		force_replacement(&c->change->fields.items[i], why);
}

static bool is_another(struct comparison *c)
{
	const struct mok_object *o = c->change->object;
	struct mok_arena *arena = c->planner->arena;

	return o->kind->key &&
		!mok_streq(o->kind->key(arena, &c->change->want), o->kind->key(arena, &o->attrs));
}

/* What a dry run said is what counts. Without one: what is written against what there is, as far as
 * that can be told here. */
static void compare_any(struct comparison *c, const struct mok_field *f, const struct mok_val *want,
	const struct mok_val *have)
{
	const struct mok_object *o = c->change->object;
	const struct mok_val *predicted = o->predicted ? mok_val_get(o->predicted, f->name) : NULL;
	struct shape shape = { .c = c, .field = f, .both = predicted || f->flags & MOK_F_WHOLE };
	size_t before = c->change->fields.len;
	bool replaces = false;
	const char *why = NULL;

	if (!predicted && o->kind->same && o->kind->same(f, want, have, o, &replaces, &why))
		return;
	compare_shape(&shape, f->name, predicted ? predicted : want, have);
	if (!predicted && c->change->fields.len == before)
		add_change(c, f, f->name, want, have);
	if (o->immutable)
		force_immutable(c, before, o->immutable);
	for (size_t i = before; is_another(c) && i < c->change->fields.len; i++)
		force_replacement(&c->change->fields.items[i], "is part of its name");
}

void mok_leave_ignored(struct mok_arena *arena, const struct mok_resource *r, struct mok_val *want)
{
	for (size_t i = 0; i < r->ignore_changes.len; i++)
		if (!mok_field_find(r->kind->fields, r->ignore_changes.items[i]))
			*want = mok_val_without(arena, want, r->ignore_changes.items[i]);
}

static bool is_ignored(const struct mok_resource *r, const char *name)
{
	for (size_t i = 0; i < r->ignore_changes.len; i++)
		if (mok_streq(r->ignore_changes.items[i], name))
			return true;
	return false;
}

const char *mok_base_name(struct mok_arena *arena, const struct mok_object *object)
{
	char suffix[16];

	if (!object->name)
		return NULL;
	snprintf(suffix, sizeof(suffix), "-g%u", object->generation);
	if (object->generation < 2 || !mok_ends(object->name, suffix))
		return object->name;
	return mok_arena_strndup(arena, object->name, strlen(object->name) - strlen(suffix));
}

/* A name is compared only where it was written; a replacement's suffix is no difference, but a kind
 * that can be renamed takes its old name back. */
static void compare_name(
	struct comparison *c, const struct mok_field *f, const struct mok_val *want)
{
	struct mok_arena *arena = c->planner->arena;
	const struct mok_object *o = c->change->object;
	bool written = mok_val_get(&c->change->resource->fields, f->name) != NULL;
	const char *base = mok_base_name(arena, o);
	struct mok_val live = o->name ? mok_val_str(o->name) : mok_val_null();
	struct mok_val target = *want;

	if (!o->name || want->type != MOK_STR) {
		if (written)
			compare_value(c, f, f->name, want, &live);
		return;
	}
	if (!written)
		target = mok_val_str(o->kind->flags & MOK_K_RENAMES ? base : o->name);
	else if ((o->kind->flags & (MOK_K_GEN_NAME | MOK_K_RENAMES)) == MOK_K_GEN_NAME)
		live = mok_val_str(base);
	compare_value(c, f, f->name, &target, &live);
}

static void compare_field(
	struct comparison *c, const struct mok_field *f, const struct mok_val *want)
{
	const struct mok_object *o = c->change->object;
	const struct mok_val *have = mok_val_get(&o->attrs, f->name);
	struct mok_val parent;

	c->top = f;
	if (mok_streq(f->name, o->kind->name_field)) {
		compare_name(c, f, want);
		return;
	}
	if (mok_streq(f->name, o->kind->parent_field) && o->parent_id) {
		parent = mok_val_str(o->parent_id);
		have = &parent;
	}
	if (!have && (f->flags & MOK_F_WRITE_ONLY))
		return;
	if (f->flags & MOK_F_ANY) {
		compare_any(c, f, want, have ? have : &absent);
		return;
	}
	compare_value(c, f, f->name, want, have ? have : &absent);
}

void mok_compare(struct planner *p, struct mok_change *change)
{
	struct comparison c = { .planner = p, .change = change };

	for (size_t i = 0; i < change->want.u.map.len; i++) {
		const struct mok_pair *pair = &change->want.u.map.pairs[i];
		const struct mok_field *f = mok_field_find(change->kind->fields, pair->key);

		if (!f || (f->flags & (MOK_F_COMPUTED | MOK_F_CREATE_ONLY | MOK_F_LOCAL)) ||
			pair->val.type == MOK_NULL || is_ignored(change->resource, f->name))
			continue;
		compare_field(&c, f, &pair->val);
	}
}
