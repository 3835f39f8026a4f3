/*
 * show: what several commands print.
 */
#ifndef MOK_CLI_SHOW_H
#define MOK_CLI_SHOW_H

#include "session.h"

#define SHOW_MAX ((size_t)256 << 20)

void show_plan(struct session *s); /* as text, on stdout, its diagnostics on stderr */

#endif
