/*
 * registry: container images, as registries serve them and nodes pull them.
 */
#ifndef MOK_SANDBOX_REGISTRY_H
#define MOK_SANDBOX_REGISTRY_H

#include "core.h"

#define SB_DIGEST (7 + 65) /* "sha256:", 64 digits, and the end */

/* A request to a registry: by `?ns=HOST`, else by its Host. Answers. */
void sb_registry_handle(struct sb_ctx *ctx);
/* Could a node pull "REGISTRY/NAME:TAG@DIGEST"? (ErrImagePull if not.) */
bool sb_registry_has(struct sb_ctx *ctx, const char *reference);

#endif
