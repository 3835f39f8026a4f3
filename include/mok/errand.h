/*
 * errand: Jobs inside an object's parent that do what no single request can. The kind says, as data
 * and pure functions, what is to be run next; the engine runs it, waits for it and cleans up.
 */
#ifndef MOK_ERRAND_H
#define MOK_ERRAND_H

#include "mok/kind.h"

/* What is to become of an object. */
struct mok_errand_wish {
	const struct mok_val *want;    /* NULL: it is to go */
	const struct mok_object *have; /* as read a moment ago; NULL: it is not there */
	const char *marker;            /* that it is to carry; NULL as want */
	bool takes_over; /* what others made and it is to consist of becomes its own */
};

/* One Job and what it needs, as manifests in the order in which they are made. */
struct mok_errand {
	const char *label;        /* for progress: "upgrade" */
	struct mok_val manifests; /* a list; the Job is the last */
};

struct mok_errands {
	const char *kind; /* the kind that the Job and the rest are objects of */
	/* Their collections in the order in which they are made, space-separated; the Jobs' is the
	 * last. They go in reverse: the first is what a killed run is recognised by. */
	const char *collections;
	/* The label selector of what runs on an object's behalf. `attrs` are wanted or live. */
	const char *(*selector)(struct mok_arena *arena, const struct mok_val *attrs);
	/* What is to be run next. False: nothing is left to do. */
	bool (*next)(struct mok_arena *arena, const struct mok_errand_wish *wish,
		struct mok_errand *out);
	const char *hint; /* what to do when a Job failed */
	/* API paths of what others need of it once it is there (definitions of kinds): waited for
	 * where they exist. */
	void (*brings)(struct mok_arena *arena, const struct mok_val *want, struct mok_val *paths);
};

#endif
