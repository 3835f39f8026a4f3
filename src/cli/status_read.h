#ifndef MOK_CLI_STATUS_READ_H
#define MOK_CLI_STATUS_READ_H

#include "session.h"

#include "mok/status.h"

/* Gathers what `mok status` shows, after the sweep. */
int status_read(struct session *s, struct mok_status_view *out, struct mok_err *err) MOK_MUST_CHECK;

#endif
