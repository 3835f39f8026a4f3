#include "database_size.h"

#include "check_help.h"

#include "mok/catalogue.h"

#include <string.h>

int64_t mok_database_memory_gib(const char *slug)
{
	const char *p = slug + strlen(slug);
	int64_t n = 0, scale = 1;

	while (p > slug && *p != '-')
		p--;
	for (const char *d = p + 1; *d >= '0' && *d <= '9' && scale < 100000; d++, scale *= 10)
		n = n * 10 + (*d - '0');
	return n;
}

static bool same_storage(const struct mok_val *want, const struct mok_val *have,
	const struct mok_object *object, const char **why)
{
	if (want->type != MOK_INT || have->type != MOK_INT || want->u.i >= have->u.i)
		return false;
	*why = mok_want_bool(&object->attrs, "autoscale.storage.enabled", false)
		? "storage grew by itself"
		: "storage never shrinks";
	return true;
}

bool mok_database_same_size(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	if (mok_streq(field->name, "storage_size_mib"))
		return same_storage(want, have, object, why);
	if (!mok_streq(field->name, "size") || want->type != MOK_STR || have->type != MOK_STR ||
		mok_database_memory_gib(want->u.s) >= mok_database_memory_gib(have->u.s))
		return false;
	*why = "a database cannot be made smaller in place";
	*replaces = true;
	return false;
}

struct mok_price mok_database_price(
	const char *size, int64_t nodes, const struct mok_catalogue *catalogue)
{
	int64_t each = size ? mok_catalogue_price(catalogue, "databases", size) : -1;

	if (each < 0)
		return (struct mok_price){ .unpriced = true };
	return (struct mok_price){ .cents_per_month = each * nodes };
}
