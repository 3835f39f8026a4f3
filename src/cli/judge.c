#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t limit_of(int64_t before, int64_t floor)
{
	int64_t limit = before > 0 ? before * JUDGE_TIMES : 0;

	return limit > floor ? limit : floor;
}

struct judge_numbers judge_limits(const struct judge_numbers *before)
{
	return (struct judge_numbers){ .p90_ms = limit_of(before->p90_ms, JUDGE_P90_FLOOR_MS),
		.load = limit_of(before->load, JUDGE_LOAD_FLOOR) };
}

void judge_begin(struct judge *j, const struct judge_numbers *limits)
{
	*j = (struct judge){ .limits = *limits };
}

/* ---- what is measured ---- */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The smallest that nine of ten do not exceed; -1: there are too few. */
static int64_t p90(const struct judge *j)
{
	int64_t sorted[JUDGE_WINDOW];
	size_t n = j->ntook < JUDGE_WINDOW ? j->ntook : JUDGE_WINDOW;

	if (n < JUDGE_LEAST)
		return -1;
	memcpy(sorted, j->took, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_size);
	return sorted[(n * 9 + 9) / 10 - 1];
}

static int64_t load_percent(const struct judge_load *load)
{
	return load->pod && load->threads > 0 ? load->waiting * 100 / load->threads : -1;
}

struct judge_numbers judge_measured(const struct judge *j)
{
	return (struct judge_numbers){ .p90_ms = p90(j), .load = load_percent(&j->load) };
}

/* ---- one look ---- */

static bool is_error(const struct judge_answer *answer)
{
	return answer->status == 0 || answer->status >= 500;
}

static void say_error(struct judge *j, const struct judge_answer *answer)
{
	char what[160];

	if (answer->status)
		snprintf(what, sizeof(what), "status %d", answer->status);
	else
		snprintf(what, sizeof(what), "%s", answer->why ? answer->why : "no answer");
	snprintf(j->why, sizeof(j->why), "%zu of %zu answers are errors, the last one: %s",
		j->breach.errors, j->breach.looks, what);
}

static bool is_slow(struct judge *j, const struct judge_answer *answer)
{
	int64_t measured = p90(j);

	if (measured <= j->limits.p90_ms || answer->took_ms <= j->limits.p90_ms)
		return false;
	snprintf(j->why, sizeof(j->why),
		"nine of ten answers take up to %lld ms, and the limit is %lld ms",
		(long long)measured, (long long)j->limits.p90_ms);
	return true;
}

static bool is_crowded(struct judge *j)
{
	const struct judge_load *l = &j->load;

	if (load_percent(l) <= j->limits.load)
		return false;
	snprintf(j->why, sizeof(j->why),
		"%lld requests wait for the %lld threads of %s, and the limit is %lld",
		(long long)l->waiting, (long long)l->threads, l->pod,
		(long long)(l->threads * j->limits.load / 100));
	return true;
}

static void count(struct judge *j, int64_t now_ms, bool error)
{
	if (j->bad && j->breach.looks == 0)
		j->breach.since_ms = now_ms;
	if (j->bad || j->breach.looks) {
		j->breach.last_ms = now_ms;
		j->breach.looks++;
		j->breach.errors += error;
	}
	j->quiet = j->bad ? 0 : j->quiet + 1;
	if (judge_is_well(j))
		memset(&j->breach, 0, sizeof(j->breach));
}

void judge_look(struct judge *j, int64_t now_ms, const struct judge_answer *answer)
{
	bool error = is_error(answer);

	if (!error)
		j->took[j->ntook++ % JUDGE_WINDOW] = answer->took_ms;
	j->looks++;
	j->errors += error;
	j->bad = error || is_slow(j, answer) || is_crowded(j);
	count(j, now_ms, error);
	if (error)
		say_error(j, answer);
}

bool judge_is_well(const struct judge *j)
{
	return j->quiet >= JUDGE_QUIET;
}

bool judge_gives_up(const struct judge *j, int64_t after_ms)
{
	return j->bad && j->breach.looks >= JUDGE_BAD_LOOKS &&
		j->breach.last_ms - j->breach.since_ms >= after_ms;
}
