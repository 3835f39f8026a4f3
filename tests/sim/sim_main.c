/* sim --seeds A..B [--verbose] [--keep-going]: histories of these seeds; 1 at the first that goes
 * wrong, with its seed and its trace. */
#include "sim.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct options {
	uint64_t from, to;
	bool verbose, keep_going;
};

/* For the handler of a crash: which seed it was. */
static volatile sig_atomic_t current_seed;

static void on_crash(int signal_number)
{
	char text[64] = "the simulator crashed at seed ";
	size_t n = strlen(text);
	char digits[16];
	size_t nd = 0;
	long seed = (long)current_seed;

	do
		digits[nd++] = (char)('0' + seed % 10);
	while ((seed /= 10) > 0 && nd < sizeof(digits));
	while (nd > 0)
		text[n++] = digits[--nd];
	text[n++] = '\n';
	if (write(STDERR_FILENO, text, n) < 0)
		_exit(3);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static bool run_seed(uint64_t seed, bool verbose, struct sim_stats *stats)
{
	struct sim_world *w;
	const char *violation;

	current_seed = (sig_atomic_t)seed;
	w = sim_world_new(seed, verbose);
	violation = sim_history(w, stats);
	if (verbose)
		fwrite(w->trace.data, 1, w->trace.len, stdout);
	if (violation)
		printf("seed %llu: %s\n", (unsigned long long)seed, violation);
	sim_world_free(w);
	return violation == NULL;
}

static int parse(int argc, char **argv, struct options *o)
{
	*o = (struct options){ .from = 1, .to = 100 };
	for (int i = 1; i < argc; i++) {
		if (mok_streq(argv[i], "--verbose"))
			o->verbose = true;
		else if (mok_streq(argv[i], "--keep-going"))
			o->keep_going = true;
		else if (mok_streq(argv[i], "--seeds") && i + 1 < argc) {
			char *end;

			o->from = o->to = strtoull(argv[++i], &end, 10);
			if (mok_starts(end, ".."))
				o->to = strtoull(end + 2, &end, 10);
			if (*end || o->to < o->from)
				return -1;
		} else {
			return -1;
		}
	}
	return 0;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct options o;
	struct sim_stats stats = { 0 }, ignored = { 0 };
	uint64_t wrong = 0;

	if (parse(argc, argv, &o) != 0) {
		fputs("usage: sim [--seeds A..B] [--verbose] [--keep-going]\n", stderr);
		return 2;
	}
	signal(SIGABRT, on_crash);
	signal(SIGSEGV, on_crash);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (uint64_t seed = o.from; seed <= o.to; seed++) {
		if (run_seed(seed, o.verbose, &stats))
			continue;
		wrong++;
		if (o.keep_going)
			continue;
		if (!o.verbose)
			run_seed(seed, true, &ignored); /* once more, with its trace */
		return 1;
	}
	printf("%llu histories, %llu runs (%llu stopped, %llu failed, %llu refused), "
	       "%llu requests, %.1f s of CPU: %llu wrong\n",
		(unsigned long long)stats.histories, (unsigned long long)stats.runs,
		(unsigned long long)stats.stops, (unsigned long long)stats.failures,
		(unsigned long long)stats.refused, (unsigned long long)stats.requests, seconds(),
		(unsigned long long)wrong);
	return wrong ? 1 : 0;
}
