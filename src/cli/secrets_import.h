/*
 * secrets_import: what another file holds, into the escrow.
 */
#ifndef MOK_CLI_SECRETS_IMPORT_H
#define MOK_CLI_SECRETS_IMPORT_H

#include "session.h"

/* From an escrow file, opened with the same keys, or a .env.production of Mastodon, each value
 * checked for its form and VAPID's two for belonging together. Only in memory: the caller saves.
 * s->vault is open. -1: MOK_ERR_REFUSED if the escrow holds another value. */
int secrets_import(struct session *s, const char *path, struct mok_err *err) MOK_MUST_CHECK;

#endif
