/*
 * local_instance: the Mastodon that the sandbox runs. It must answer after mok has ended, so the
 * sandbox goes on as a server of its own then.
 */
#ifndef MOK_CLI_LOCAL_INSTANCE_H
#define MOK_CLI_LOCAL_INSTANCE_H

#include "session.h"

/* At the end of an apply: sees to it that the instances of the sandbox answer, and prints a line
 * for each that says how to ask. A sandbox in this process ends and goes on as a server on the same
 * folder: nothing can be asked through the session any more. Returns the exit code; what went wrong
 * is printed. */
int local_instance_answer(struct session *s);
/* At the end of a destroy: ends the server that local_instance_answer began, if no instance is
 * left. */
int local_instance_leave(struct session *s);

#endif
