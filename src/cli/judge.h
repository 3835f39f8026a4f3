/*
 * judge: does web do well? From one answer to another, and from what waits in its Puma. Pure. Web
 * does badly where one of three is so:
 *
 *   - an answer has a status from 500 on, or there is none;
 *   - it takes longer than the limit, and so does the p90 of the last answers;
 *   - more requests wait for the threads of a pod than the limit says.
 */
#ifndef MOK_CLI_JUDGE_H
#define MOK_CLI_JUDGE_H

#include "mok/base.h"

/* A limit is so many times what it was before, and never below its floor. */
enum {
	JUDGE_TIMES = 3,
	JUDGE_P90_FLOOR_MS = 1000,
	JUDGE_LOAD_FLOOR = 100, /* percent: as many requests wait as there are threads */
};
enum {
	JUDGE_WINDOW = 20,   /* answers that the p90 is of */
	JUDGE_LEAST = 10,    /* so many it needs */
	JUDGE_QUIET = 12,    /* looks in a row: all is well, and what was bad has passed */
	JUDGE_BAD_LOOKS = 20 /* no fewer are a breach, however long they take */
};

struct judge_numbers {
	int64_t p90_ms; /* nine of ten answers take no longer */
	int64_t load;   /* waiting requests in percent of threads, of the pod that is worst */
};
/* before: what was measured; -1: it was not. */
struct judge_numbers judge_limits(const struct judge_numbers *before);

struct judge_answer {
	int status;      /* 0: there is none */
	int64_t took_ms; /* of one with a status */
	const char *why; /* there is none */
};
/* Of the pod that is worst. pod NULL: not known. */
struct judge_load {
	const char *pod;
	int64_t waiting, threads;
};

struct judge {
	struct judge_numbers limits;
	struct judge_load load; /* as it is now; set by whoever knows */
	int64_t took[JUDGE_WINDOW];
	size_t ntook; /* ever: the oldest is overwritten */
	size_t looks, errors;
	size_t quiet; /* good looks in a row */
	bool bad;     /* the last look was */
	struct {
		int64_t since_ms, last_ms;
		size_t looks, errors; /* 0 looks: web does well */
	} breach;
	char why[256]; /* the last bad look was one */
};

void judge_begin(struct judge *j, const struct judge_numbers *limits);
void judge_look(struct judge *j, int64_t now_ms, const struct judge_answer *answer);
struct judge_numbers judge_measured(const struct judge *j);
bool judge_is_well(const struct judge *j);
/* Web has done badly for that long, and still does. */
bool judge_gives_up(const struct judge *j, int64_t after_ms);

#endif
