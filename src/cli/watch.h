/*
 * watch: shows an apply while it runs: redrawn lines on a terminal, one line per event elsewhere,
 * JSON lines into --events FILE.
 */
#ifndef MOK_CLI_WATCH_H
#define MOK_CLI_WATCH_H

#include "session.h"

struct watch;
/* NULL: --events FILE cannot be written, the error was printed. */
struct watch *watch_new(struct session *s);
void watch_say(struct watch *watch, struct mok_buf *line); /* above the redrawn lines */
const struct mok_events *watch_events(const struct watch *watch);
void watch_end(struct watch *watch); /* takes the redrawn lines away */

#endif
