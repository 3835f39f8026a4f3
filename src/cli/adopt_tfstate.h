/*
 * adopt_tfstate: what `mok adopt --from-tfstate` does otherwise than --all. Each step prints what
 * went wrong and returns the exit code, CLI_DONE to go on.
 */
#ifndef MOK_CLI_ADOPT_TFSTATE_H
#define MOK_CLI_ADOPT_TFSTATE_H

#include "session.h"

struct tfstate;

/* "-" is stdin. */
int tfstate_load(struct session *s, const char *path, struct tfstate **out);
const struct mok_tf_state *tfstate_of(const struct tfstate *tf);
/* Of what the last sweep and diff show. Secrets that are told once go to the escrow (in memory),
 * where one is open, so that the next sweep knows them. */
int tfstate_claim(struct tfstate *tf, struct mok_map *claims);
/* Says in s->changes what is left alone, and returns how much of the state that is. */
size_t tfstate_settle(struct tfstate *tf);
/* Writes the escrow, if anything came into it. */
int tfstate_keep_secrets(struct tfstate *tf);

#endif
