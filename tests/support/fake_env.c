#include "fake_internal.h"

#include <stdlib.h>
#include <string.h>

/* 2026-03-01T12:00:00Z */
#define START_WALL_MS ((int64_t)1772366400000)
#define START_MONO_MS ((int64_t)1000000)

static int64_t clock_mono(void *self)
{
	return fake_env_mono_ms(self);
}

static int64_t clock_wall(void *self)
{
	return fake_env_wall_ms(self);
}

static uint64_t random_next(void *self)
{
	struct fake_env *env = self;

	return mok_rng_next(&env->mok_rng);
}

static bool is_interrupted(void *self)
{
	struct fake_env *env = self;

	return env->interrupted || env->dead;
}

struct fake_env *fake_env_new(uint64_t seed, const struct fake_hooks *hooks)
{
	struct fake_env *env = mok_xcalloc(1, sizeof(*env));

	if (hooks)
		env->hooks = *hooks;
	env->rng = seed * 2 + 1;
	env->mok_rng = seed ^ 0x5bd1e995u;
	env->mono_ms = START_MONO_MS;
	env->wall_offset_ms = START_WALL_MS - START_MONO_MS;
	mok_buf_init(&env->ever_written, (size_t)1 << 30);
	env->env = (struct mok_env){
		.clock = { .self = env, .mono_ms = clock_mono, .wall_ms = clock_wall },
		.net = fake_net_table(env),
		.files = fake_files_table(env),
		.random = { .self = env, .next = random_next },
		.interrupted = is_interrupted,
		.interrupted_self = env,
		.speed = 1,
	};
	return env;
}

void fake_env_free(struct fake_env *env)
{
	if (!env)
		return;
	fake_net_free(env);
	fake_files_free(env);
	mok_buf_release(&env->ever_written);
	free(env);
}

const struct mok_env *fake_env_get(struct fake_env *env)
{
	return &env->env;
}

int64_t fake_env_mono_ms(const struct fake_env *env)
{
	return env->mono_ms;
}

int64_t fake_env_wall_ms(const struct fake_env *env)
{
	return env->mono_ms + env->wall_offset_ms;
}

void fake_env_set_wall_ms(struct fake_env *env, int64_t wall_ms)
{
	env->wall_offset_ms = wall_ms - env->mono_ms;
}

void fake_env_advance(struct fake_env *env, int64_t ms)
{
	env->mono_ms += ms;
}

void fake_env_set_speed(struct fake_env *env, double speed)
{
	env->env.speed = speed;
}

void fake_env_interrupt(struct fake_env *env, bool on)
{
	env->interrupted = on;
}

uint64_t fake_env_draw(struct fake_env *env, uint64_t n)
{
	return n ? mok_rng_next(&env->rng) % n : 0;
}

uint64_t fake_env_steps(const struct fake_env *env)
{
	return env->steps;
}

void fake_env_kill_at(struct fake_env *env, uint64_t step)
{
	env->kill_at = step;
}

bool fake_env_is_dead(const struct fake_env *env)
{
	return env->dead;
}

enum fake_step fake_step(struct fake_env *env, const char *what)
{
	if (env->dead)
		return FAKE_STEP_DEAD;
	env->steps++;
	if (env->hooks.step)
		env->hooks.step(env->hooks.self, env, what);
	if (env->steps != env->kill_at)
		return FAKE_STEP_LIVES;
	env->dead = true;
	return fake_env_draw(env, 2) ? FAKE_STEP_LAST : FAKE_STEP_DEAD;
}

void fake_env_revive(struct fake_env *env)
{
	fake_net_revive(env);
	fake_files_revive(env);
	env->dead = false;
	env->interrupted = false;
	env->kill_at = 0;
}
