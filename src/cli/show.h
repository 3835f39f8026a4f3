/*
 * show: what several commands print.
 */
#ifndef MOK_CLI_SHOW_H
#define MOK_CLI_SHOW_H

#include "session.h"

#define SHOW_MAX ((size_t)256 << 20)

void show_plan(struct session *s); /* as text, on stdout, its diagnostics on stderr */

/* consent.c: an exit code each, CLI_DONE to go on; what stops is printed. */
int no_consent(struct session *s, const char *msg, const char *hint);
int consent_typed(struct session *s, const char *question, const char *expected);
/* --yes, or a yes on the terminal; `unattended`: what to type where there is none. */
int consent(struct session *s, const char *question, const char *unattended);

#endif
