#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include "fake_env.h"

/* Before synced_len: safe. */
struct fake_file {
	char *path;
	struct mok_buf data;
	size_t synced_len;
	bool locked;
	struct fake_file *next;
};

struct flight {
	struct mok_exchange *x;
	struct fake_fate fate;
	bool arrived;
	int64_t due; /* the next thing to happen to it */
	uint64_t seq;
	struct flight *next;
};

struct fake_env {
	struct mok_env env;
	struct fake_hooks hooks;
	int64_t mono_ms, wall_offset_ms;
	uint64_t rng, mok_rng;
	uint64_t steps, kill_at, seq;
	bool dead, interrupted;
	struct fake_file *files;
	struct mok_buf ever_written;
	size_t nsyncs;
	struct flight *flights;
};

enum fake_step {
	FAKE_STEP_LIVES = 0, /* it happens */
	FAKE_STEP_LAST,      /* it happens, and nothing after it */
	FAKE_STEP_DEAD,      /* it does not happen */
};
enum fake_step fake_step(struct fake_env *env, const char *what);

struct mok_files fake_files_table(struct fake_env *env);
void fake_files_revive(struct fake_env *env);
void fake_files_free(struct fake_env *env);

struct mok_net fake_net_table(struct fake_env *env);
void fake_net_revive(struct fake_env *env);
void fake_net_free(struct fake_env *env);

#endif
