/* What the slug of a database's size says, and when another size is none. */
#ifndef MOK_KINDS_DATABASE_SIZE_H
#define MOK_KINDS_DATABASE_SIZE_H

#include "mok/kind.h"

/* GiB of memory: db-s-2vcpu-4gb, gd-2vcpu-8gb, m3-2vcpu-16gb. 0: it does not say. */
int64_t mok_database_memory_gib(const char *slug);
/* As struct mok_kind's `same`, of size and storage_size_mib: neither shrinks in place. */
bool mok_database_same_size(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why);
/* By size alone, for `nodes` of them. */
struct mok_price mok_database_price(
	const char *size, int64_t nodes, const struct mok_catalogue *catalogue);

#endif
