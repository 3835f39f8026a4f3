#include "registry.h"

#include "mok/kind.h"

#include <string.h>

const struct mok_kind *const *mok_kinds(size_t *count)
{
	return mok_kinds_registered(count);
}

const struct mok_kind *mok_kind_find(const char *name)
{
	size_t count, low = 0;
	const struct mok_kind *const *kinds = mok_kinds(&count);
	size_t high = count;

	if (!name)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, kinds[middle]->name);

		if (order == 0)
			return kinds[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct mok_field *mok_field_find(const struct mok_field *fields, const char *name)
{
	for (const struct mok_field *f = fields; f && f->name && name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

bool mok_field_takes(const struct mok_field *field, const char *text)
{
	size_t want = strlen(text), len;

	if (!field->values || field->values[0] == '@')
		return true;
	for (const char *p = field->values; *p; p += len + (p[len] == '|')) {
		len = strcspn(p, "|");
		if (len == want && memcmp(p, text, len) == 0)
			return true;
	}
	return false;
}

bool mok_field_is_sensitive(const struct mok_field *fields, const char *path)
{
	while (fields && *path) {
		size_t len = strcspn(path, ".");
		const struct mok_field *f = fields;

		while (f->name && (strncmp(f->name, path, len) != 0 || f->name[len]))
			f++;
		if (!f->name)
			return false;
		if (f->flags & MOK_F_SENSITIVE)
			return true;
		fields = f->sub;
		path += len;
		path += *path == '.';
	}
	return false;
}

const struct mok_call *mok_call_of(const struct mok_kind *kind, const struct mok_field *field)
{
	const struct mok_call *c = kind->calls;

	if (!c || !field->call)
		return c;
	for (; c->name; c++)
		if (strcmp(c->name, field->call) == 0)
			return c;
	return NULL;
}
