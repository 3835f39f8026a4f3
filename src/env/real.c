#include "real_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

struct mok_real_env {
	struct mok_env env;
	struct mok_real_net *net;
	int signal_fd;
	bool signalled;
	sigset_t mask_before;
	struct sigaction pipe_before;
};

static int64_t clock_ms(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		MOK_BUG("a clock of this machine does not work");
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t mok_real_mono_ms(void *self)
{
	(void)self;
	return clock_ms(CLOCK_MONOTONIC);
}

static int64_t wall_ms(void *self)
{
	(void)self;
	return clock_ms(CLOCK_REALTIME);
}

static uint64_t next_random(void *self)
{
	uint64_t value;

	(void)self;
	while (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		if (errno != EINTR)
			MOK_BUG("the system's random numbers do not work");
	return value;
}

/* ---- signals ---- */

int mok_real_signal_fd(const struct mok_real_env *real)
{
	return real->signal_fd;
}

bool mok_real_take_signals(struct mok_real_env *real)
{
	struct signalfd_siginfo info;

	while (read(real->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		real->signalled = true;
	return real->signalled;
}

static bool was_interrupted(void *self)
{
	return mok_real_take_signals(self);
}

/* SIGHUP ends a run only where nobody asked for it not to (nohup). A pipe that closes shows as an
 * error of the write instead. */
static int take_over_signals(struct mok_real_env *real, struct mok_err *err)
{
	struct sigaction hup, ignore;
	sigset_t mask;

	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	sigemptyset(&ignore.sa_mask);
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	if (sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler != SIG_IGN)
		sigaddset(&mask, SIGHUP);
	real->signal_fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (real->signal_fd < 0)
		return mok_err_set(err, MOK_ERR_IO, "this system gives no signalfd");
	if (pthread_sigmask(SIG_BLOCK, &mask, &real->mask_before) != 0 ||
		sigaction(SIGPIPE, &ignore, &real->pipe_before) != 0)
		MOK_BUG("the signal mask cannot be set");
	return 0;
}

void mok_real_sleep_until(const struct mok_real_env *real, int64_t until_ms)
{
	struct pollfd fd = { .fd = real->signal_fd, .events = POLLIN };

	for (;;) {
		int64_t left = until_ms - clock_ms(CLOCK_MONOTONIC);

		if (left <= 0 || poll(&fd, 1, left > 3600000 ? 3600000 : (int)left) > 0)
			return;
	}
}

/* ---- the whole ---- */

struct mok_real_env *mok_real_env_new(struct mok_err *err)
{
	struct mok_real_env *real = mok_xcalloc(1, sizeof(*real));

	if (take_over_signals(real, err) != 0) {
		free(real);
		return NULL;
	}
	real->net = mok_real_net_new(real);
	real->env = (struct mok_env){
		.clock = { .self = real, .mono_ms = mok_real_mono_ms, .wall_ms = wall_ms },
		.net = mok_real_net_table(real->net),
		.files = mok_real_files_table(),
		.random = { .self = real, .next = next_random },
		.interrupted = was_interrupted,
		.interrupted_self = real,
		.speed = 1,
	};
	return real;
}

const struct mok_env *mok_real_env_get(struct mok_real_env *real)
{
	return &real->env;
}

void mok_real_env_free(struct mok_real_env *real)
{
	if (!real)
		return;
	mok_real_net_free(real->net);
	/* What is still pending would kill the process once unblocked, though it was heeded. */
	mok_real_take_signals(real);
	sigaction(SIGPIPE, &real->pipe_before, NULL);
	pthread_sigmask(SIG_SETMASK, &real->mask_before, NULL);
	close(real->signal_fd);
	free(real);
}
