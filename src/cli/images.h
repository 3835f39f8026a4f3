/*
 * images: what ${image["..."]} is worth in a run: the digest that a running object of the stack has
 * already, else the one that the registry tells.
 */
#ifndef MOK_CLI_IMAGES_H
#define MOK_CLI_IMAGES_H

#include "session.h"

/* Before the sweep: sends the questions, so that they travel together. */
int images_ask(struct session *s, struct mok_err *err) MOK_MUST_CHECK;
/* After it: tells the plan what runs. */
void images_keep(struct session *s);
/* Tells the plan the rest, once it is answered. */
int images_settle(struct session *s, struct mok_err *err) MOK_MUST_CHECK;
/* After the comparison: what nobody knows and something needs is a diagnostic. */
void images_check(struct session *s);
/* Offline: they stay what their tags are. */
void images_stay_tags(struct session *s);

#endif
