/*
 * live_secrets: the values of ${secret.NAME} that a running instance has: the data of the stack's
 * own Secrets, as the sweep read them. A sweep that could not read them has failed before.
 */
#ifndef MOK_CLI_LIVE_SECRETS_H
#define MOK_CLI_LIVE_SECRETS_H

#include "mok/escrow.h"
#include "mok/live.h"

/* SECRET_KEY_BASE -> secret_key_base: an escrow's entry as plans write it. */
const char *plan_secret_name(struct mok_arena *arena, const char *name);

struct live_secrets {
	struct mok_arena *arena;
	const struct mok_stack *stack;
	const struct mok_live *live;
};

/* `secrets` must outlive it. */
struct mok_secret_store live_secrets_store(struct live_secrets *secrets);

/* The value of ${address.field} that a Secret has; NULL: none, or it cannot be read. */
const char *live_secrets_value(
	const struct live_secrets *secrets, const char *address, const char *field);

/* Does a Secret of the plan take ${ADDRESS.FIELD}? */
bool live_secrets_wanted(
	const struct live_secrets *secrets, const char *address, const char *field);

/* Has the live Secret of this resource the value of ${secret.NAME}? */
bool live_secrets_has(
	const struct live_secrets *secrets, const struct mok_resource *resource, const char *name);

/* The address of a live resource that may hold data made with such secrets, since a tag says so or
 * what fills it is there; NULL: none. */
const char *live_secrets_filled(const struct live_secrets *secrets);

#endif
