/* The fake machine itself: what it loses and keeps when it dies. */
#include "fake_env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATH ".mok/x.journal"

static void append(const struct mok_env *env, struct mok_file *f, const char *text, int expected)
{
	struct mok_err err;

	assert_int_equal(env->files.append(env->files.self, f, text, strlen(text), &err), expected);
}

static void unsynced_bytes_may_be_lost_and_synced_ones_never(void **state)
{
	bool lost_all = false, lost_some = false, lost_none = false;

	(void)state;
	for (uint64_t seed = 0; seed < 64; seed++) {
		struct fake_env *fake = fake_env_new(seed, NULL);
		const struct mok_env *env = fake_env_get(fake);
		struct mok_err err;
		struct mok_file *f = env->files.open_append(env->files.self, PATH, &err);
		const char *data;
		size_t len;

		append(env, f, "safe", 0);
		assert_int_equal(env->files.sync(env->files.self, f, &err), 0);
		append(env, f, "1234", 0);
		assert_int_equal(fake_env_unsynced(fake), 4);
		fake_env_kill_at(fake, fake_env_steps(fake) + 1);
		append(env, f, "", -1);
		append(env, f, "after death", -1);
		env->files.close(env->files.self, f);
		fake_env_revive(fake);
		data = fake_env_file(fake, PATH, &len);
		assert_non_null(data);
		assert_memory_equal(data, "safe1234", len);
		assert_in_range(len, 4, 8);
		lost_all |= len == 4;
		lost_some |= len > 4 && len < 8;
		lost_none |= len == 8;
		fake_env_free(fake);
	}
	assert_true(lost_all && lost_some && lost_none);
}

static void a_dead_machine_does_nothing_and_locks_end_with_it(void **state)
{
	struct fake_env *fake = fake_env_new(3, NULL);
	const struct mok_env *env = fake_env_get(fake);
	struct mok_err err;
	struct mok_lockfile *held = env->files.lock(env->files.self, "l", &err);

	(void)state;
	assert_non_null(held);
	assert_null(env->files.lock(env->files.self, "l", &err));
	assert_int_equal(err.code, MOK_ERR_LOCKED);
	fake_env_kill_at(fake, fake_env_steps(fake) + 1);
	assert_int_equal(env->files.write(env->files.self, "w", "a", 1, 0600, &err), -1);
	assert_true(fake_env_is_dead(fake));
	assert_int_equal(env->files.write(env->files.self, "w2", "a", 1, 0600, &err), -1);
	assert_int_equal(err.code, MOK_ERR_INTERRUPTED);
	assert_null(fake_env_file(fake, "w2", NULL));
	assert_true(env->interrupted(env->interrupted_self));
	env->files.unlock(env->files.self, held);
	fake_env_revive(fake);
	held = env->files.lock(env->files.self, "l", &err);
	assert_non_null(held);
	env->files.unlock(env->files.self, held);
	fake_env_free(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsynced_bytes_may_be_lost_and_synced_ones_never),
		cmocka_unit_test(a_dead_machine_does_nothing_and_locks_end_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
