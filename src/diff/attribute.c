#include "diff_internal.h"

#include <string.h>

static struct mok_val unknown_of(
	struct mok_arena *arena, const struct mok_resource *r, const char *path)
{
	return mok_val_unknown(
		mok_arena_printf(arena, "%s%s%s", r->address, *path ? "." : "", path));
}

/* Shown once, and nobody has told it: that is not "none". */
static bool is_untold(const struct mok_kind *kind, const struct mok_field *f)
{
	return (kind->flags & MOK_K_SECRET_ONCE) && (f->flags & MOK_F_SENSITIVE);
}

/* Everything at once, for `${web}`: what is wanted over what there is. */
static struct mok_val whole(
	struct mok_arena *arena, const struct mok_val *want, const struct mok_object *object)
{
	struct mok_val all = { .type = MOK_MAP };

	for (size_t i = 0; object && i < object->attrs.u.map.len; i++)
		mok_val_set(arena, &all, object->attrs.u.map.pairs[i].key,
			object->attrs.u.map.pairs[i].val);
	for (size_t i = 0; want && i < want->u.map.len; i++)
		mok_val_set(arena, &all, want->u.map.pairs[i].key, want->u.map.pairs[i].val);
	return all;
}

static bool is_fixed(const struct mok_object *object, const char *path, struct mok_val *out)
{
	if (mok_streq(path, "id"))
		*out = mok_val_str(object->id);
	else if (mok_streq(path, "urn") && object->urn)
		*out = mok_val_str(object->urn);
	else if (object->name && mok_streq(path, object->kind->name_field))
		*out = mok_val_str(object->name);
	else
		return false;
	return true;
}

/* The live value of a declared field that does not differ is the more exact one: "1.36.2-do.0" for
 * "1.36". */
static const struct mok_val *pick(struct mok_arena *arena, const struct mok_field *f,
	const struct mok_val *want, const struct mok_object *object, const char *path)
{
	const struct mok_val *wanted = want ? mok_val_at(want, path) : NULL;
	const struct mok_val *top = want && f ? mok_val_get(want, f->name) : NULL;
	const struct mok_val *live = object ? mok_val_at(&object->attrs, path) : NULL;

	if (!wanted || wanted->type == MOK_NULL)
		return live;
	if (live && live->type != MOK_NULL && top && !mok_field_differs(arena, f, top, object))
		return live;
	return wanted;
}

bool mok_attribute(struct mok_arena *arena, const struct mok_resource *r,
	const struct mok_val *want, const struct mok_object *object, const char *path,
	struct mok_val *out)
{
	size_t len = strcspn(path, ".");
	const struct mok_field *f;
	const struct mok_val *v;

	if (!*path) {
		*out = whole(arena, want, object);
		return true;
	}
	if (object && is_fixed(object, path, out))
		return true;
	f = mok_field_find(r->kind->fields, mok_arena_strndup(arena, path, len));
	v = pick(arena, f, want, object, path);
	if (v)
		*out = *v;
	else if (object && f && !(f->flags & MOK_F_FETCHED) && !is_untold(r->kind, f))
		*out = mok_val_null();
	else
		*out = unknown_of(arena, r, path);
	out->sensitive |= mok_field_is_sensitive(r->kind->fields, path);
	return true;
}
