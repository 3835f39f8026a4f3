/*
 * A machine and a network made of memory: virtual clock, seeded randomness, files that lose what
 * was not synced, and a network that asks a function for every answer. It can be killed at any
 * step, after which every call fails and the loop ends, and be started again.
 *
 * Everything is decided by the seed and by the calls made: the same run gives the same steps.
 */
#ifndef FAKE_ENV_H
#define FAKE_ENV_H

#include "mok/env.h"

enum fake_fate_kind {
	FAKE_ARRIVES = 0,  /* and its answer comes back */
	FAKE_NOT_SENT,     /* MOK_NET_NOT_SENT: the server never saw it */
	FAKE_LOST_BEFORE,  /* MOK_NET_UNKNOWN: the server never saw it */
	FAKE_LOST_AFTER,   /* MOK_NET_UNKNOWN: the server did it */
	FAKE_ERROR_BEFORE, /* `status` with an HTML body; the server never saw it */
	FAKE_ERROR_AFTER,  /* the same, but the server did it */
	FAKE_REFUSED,      /* `status` with a JSON body, before the server: 429, 412 */
};

struct fake_fate {
	enum fake_fate_kind kind;
	int64_t up_ms, down_ms; /* to the server, and back */
	int status;
	int retry_after_s; /* 0: no such header */
};

struct fake_env;

struct fake_hooks {
	void *self;
	/* When it arrives: fills status, headers (mok_exchange_add_header) and response of x.
	 * Returns how much later the answer leaves; -1: never, x fails after its timeout. */
	int64_t (*serve)(void *self, struct fake_env *env, struct mok_exchange *x);
	/* What becomes of x, asked when it is submitted. NULL: it arrives, 1 ms each way. */
	struct fake_fate (*fate)(void *self, struct fake_env *env, struct mok_exchange *x);
	/* Told before each step: for traces. May be NULL. */
	void (*step)(void *self, struct fake_env *env, const char *what);
};

struct fake_env *fake_env_new(uint64_t seed, const struct fake_hooks *hooks);
void fake_env_free(struct fake_env *env);
const struct mok_env *fake_env_get(struct fake_env *env);

int64_t fake_env_mono_ms(const struct fake_env *env);
int64_t fake_env_wall_ms(const struct fake_env *env);
void fake_env_set_wall_ms(struct fake_env *env, int64_t wall_ms);
void fake_env_advance(struct fake_env *env, int64_t ms); /* nothing under way moves */
void fake_env_set_speed(struct fake_env *env, double speed);
void fake_env_interrupt(struct fake_env *env, bool on); /* as SIGINT does */
/* A whole-number draw in [0, n): the machine's own, not the one that mok draws from. */
uint64_t fake_env_draw(struct fake_env *env, uint64_t n);

/* ---- kills ---- */

/* Every effect is a step: sending, an arrival, a landing, each call on a file. */
uint64_t fake_env_steps(const struct fake_env *env);
/* Dies at that step; whether the effect still happens is drawn. 0: never. */
void fake_env_kill_at(struct fake_env *env, uint64_t step);
bool fake_env_is_dead(const struct fake_env *env);
/* Starts again: unsynced bytes are lost from a random point on, locks are free, and what was under
 * way to the server arrives or does not. The loop and all that stood on it are freed before. */
void fake_env_revive(struct fake_env *env);

/* ---- files ---- */

const char *fake_env_file(struct fake_env *env, const char *path, size_t *len); /* NULL: absent */
void fake_env_put_file(struct fake_env *env, const char *path, const void *data, size_t len);
void fake_env_drop_file(struct fake_env *env, const char *path);
size_t fake_env_nfiles(const struct fake_env *env);
const char *fake_env_file_at(
	const struct fake_env *env, size_t i, const char **data, size_t *len); /* its path */
/* What every append so far gave to files, dropped ones and lost bytes too: to look for secrets. */
const struct mok_buf *fake_env_ever_written(const struct fake_env *env);
size_t fake_env_unsynced(const struct fake_env *env);
size_t fake_env_syncs(const struct fake_env *env);

#endif
