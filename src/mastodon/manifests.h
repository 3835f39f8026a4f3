/* The files of manifests/, as they were when mok was built. */
#ifndef MOK_MASTODON_MANIFESTS_H
#define MOK_MASTODON_MANIFESTS_H

#include <stddef.h>

struct masto_manifest {
	const char *name; /* NULL ends the table */
	const char *text;
	size_t len;
};
extern const struct masto_manifest masto_manifests[];

#endif
