#include "mok/kind.h"

#include <string.h>

/* Both sides of a comparison give the same text: values pass through their fields' normalisers. */

static const char *key_part(struct mok_arena *arena, const struct mok_val *v)
{
	struct mok_buf text;
	const char *out;

	if (!v || v->type == MOK_NULL)
		return "";
	if (v->type == MOK_STR)
		return v->u.s;
	mok_buf_init(&text, (size_t)1 << 20);
	mok_val_canonical(v, &text);
	out = mok_arena_strndup(arena, text.data, text.len);
	mok_buf_release(&text);
	return out;
}

const char *mok_natural_key(
	struct mok_arena *arena, const struct mok_kind *kind, const struct mok_val *attrs)
{
	const char *key = NULL;
	bool any = false;
	char field[64];

	if (kind->key)
		return kind->key(arena, attrs);
	for (const char *p = kind->natural_key; p && *p; p += *p == ' ') {
		size_t len = strcspn(p, " ");
		const struct mok_field *f;
		const struct mok_val *v;
		struct mok_val same;
		const char *text;

		if (len >= sizeof(field))
			MOK_BUG("a natural key's field name is too long");
		memcpy(field, p, len);
		field[len] = '\0';
		p += len;
		v = mok_val_at(attrs, field);
		if (v && (v->type == MOK_EXPR || mok_val_has_unknown(v)))
			return NULL;
		f = mok_field_find(kind->fields, field);
		same = v ? mok_norm(arena, f ? f->norm : NULL, *v) : mok_val_null();
		text = key_part(arena, &same);
		any |= *text != '\0';
		key = key ? mok_arena_printf(arena, "%s\n%s", key, text) : text;
	}
	return any ? key : NULL;
}
