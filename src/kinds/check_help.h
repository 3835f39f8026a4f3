/* What several kind files share: version order, prices, and shorthand for tables. */
#ifndef MOK_KINDS_CHECK_HELP_H
#define MOK_KINDS_CHECK_HELP_H

#include "mok/catalogue.h"

#define UUID_PATTERN "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
#define CIDR_PATTERN "[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}"
#define DAYS "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
/* A user's description shares the API's 255 characters with " [marker]". */
#define DESCRIPTION_MAX 150

/* Does the version `have` ("1.36.1-do.2") fall under `want` ("1.36", "latest")? */
bool mok_version_matches(const char *want, const char *have);
/* Numeric, part by part: <0, 0, >0. "1.9" is older than "1.10". */
int mok_version_compare(const char *a, const char *b);
/* The `same` hook of a field called version: a prefix matches, and what runs is never older than
 * wanted: a downgrade is no change, with the reason told. */
bool mok_version_same(const char *want, const char *have, const char **why);

/* Typed looks into a value map; absent, unknown or another type: the fallback. */
int64_t mok_want_int(const struct mok_val *map, const char *path, int64_t fallback);
bool mok_want_bool(const struct mok_val *map, const char *path, bool fallback);
const char *mok_want_str(const struct mok_val *map, const char *path); /* or NULL */

/* A diagnostic at a field as written, or at the resource. */
struct mok_diag *mok_field_diag(struct mok_diags *diags, const struct mok_resource *r,
	const char *field, const char *code, const char *message);

#endif
