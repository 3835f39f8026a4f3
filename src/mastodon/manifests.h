/* The files of manifests/, as they were when mok was built. "${" means nothing in them. */
#ifndef MOK_MASTODON_MANIFESTS_H
#define MOK_MASTODON_MANIFESTS_H

#include "mok/model.h"

struct masto_manifest {
	const char *name; /* NULL ends the table */
	struct mok_val value;
};
extern const struct masto_manifest masto_manifests[];

#endif
