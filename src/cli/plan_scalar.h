/*
 * plan_scalar: one scalar of a plan file is written anew, everything else of the file stays byte
 * for byte as it is.
 */
#ifndef MOK_CLI_PLAN_SCALAR_H
#define MOK_CLI_PLAN_SCALAR_H

#include "session.h"

/* `at`: of the scalar, on one line. -1: what stands there is not `old`, or the file cannot be
 * written. */
int plan_scalar_set(struct session *s, const struct mok_mark *at, const char *old,
	const char *value, struct mok_err *err) MOK_MUST_CHECK;

#endif
