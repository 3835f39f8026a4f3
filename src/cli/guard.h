/*
 * guard: what neither plan nor apply may do to a running instance.
 */
#ifndef MOK_CLI_GUARD_H
#define MOK_CLI_GUARD_H

#include "session.h"

/* After the diff. Settings that are decided once and differ, and versions that must not follow what
 * runs where Argo CD rolls out, are errors among s->diags: CLI_REFUSED. */
int guard_frozen(struct session *s);
/* After the diff. Generated secrets of which the changes replace the only copy, and no escrow is
 * open to keep another, are errors among s->diags: CLI_REFUSED. */
int guard_copies(struct session *s);
/* Another version is a warning. */
void guard_version_warn(struct session *s);
/* Another version is an error, printed: CLI_REFUSED. */
int guard_version(struct session *s);

#endif
