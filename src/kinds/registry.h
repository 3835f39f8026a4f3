/* The generated half of the registry (presets/kinds.cmake) and what kind files share. */
#ifndef MOK_KINDS_REGISTRY_H
#define MOK_KINDS_REGISTRY_H

#include <stddef.h>

struct mok_kind;

const struct mok_kind *const *mok_kinds_registered(size_t *count); /* sorted by name */

#endif
