#include "check_help.h"

#include <ctype.h>
#include <string.h>

bool mok_version_matches(const char *want, const char *have)
{
	size_t len = strlen(want);

	if (mok_streq(want, "latest"))
		return true;
	if (strncmp(want, have, len) != 0)
		return false;
	return have[len] == '\0' || ((have[len] == '.' || have[len] == '-') && len > 0);
}

static long take_number(const char **p)
{
	long n = 0;

	for (; isdigit((unsigned char)**p); (*p)++)
		if (n < 100000000)
			n = n * 10 + (**p - '0');
	return n;
}

int mok_version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		while (*a && !isdigit((unsigned char)*a))
			a++;
		while (*b && !isdigit((unsigned char)*b))
			b++;
		if (*a && *b) {
			long na = take_number(&a), nb = take_number(&b);

			if (na != nb)
				return na < nb ? -1 : 1;
		} else if (*a || *b) {
			return *a ? 1 : -1;
		}
	}
	return 0;
}

bool mok_version_same(const char *want, const char *have, const char **why)
{
	if (mok_version_matches(want, have))
		return true;
	if (mok_version_compare(want, have) > 0)
		return false;
	*why = "what runs is newer than the file asks for; a version never goes back";
	return true;
}

int64_t mok_want_int(const struct mok_val *map, const char *path, int64_t fallback)
{
	const struct mok_val *v = mok_val_at(map, path);

	return v && v->type == MOK_INT ? v->u.i : fallback;
}

bool mok_want_bool(const struct mok_val *map, const char *path, bool fallback)
{
	const struct mok_val *v = mok_val_at(map, path);

	return v && v->type == MOK_BOOL ? v->u.b : fallback;
}

const char *mok_want_str(const struct mok_val *map, const char *path)
{
	const struct mok_val *v = mok_val_at(map, path);

	return v && v->type == MOK_STR ? v->u.s : NULL;
}

struct mok_diag *mok_field_diag(struct mok_diags *diags, const struct mok_resource *r,
	const char *field, const char *code, const char *message)
{
	struct mok_mark at = r->at;
	struct mok_diag *diag;

	if (field && r->fields.type == MOK_MAP)
		for (size_t i = 0; i < r->fields.u.map.len; i++)
			if (mok_streq(r->fields.u.map.pairs[i].key, field))
				at = r->fields.u.map.pairs[i].key_at;
	diag = mok_diag_add(diags, code, at, "%s", message);
	diag->address = r->address;
	return diag;
}
