/*
 * http: one queue of requests (queue.c) that asks a budget per family (budget.c) when the next may
 * go, makes an exchange of it (wire.c), and reads what came back (error.c, redact.c).
 */
#ifndef MOK_HTTP_INTERNAL_H
#define MOK_HTTP_INTERNAL_H

#include "mok/http.h"

/* ---- budget.c: when may the next request go ---- */

/* What the API limits together. Its `ratelimit-limit` is an hour's; a minute gets a twentieth of it
 * (https://docs.digitalocean.com/reference/api/: 5,000 an hour, 250 a minute, "5 % of the hourly
 * total"). Some paths have a window and a limit of their own, which their answers carry. */
struct budget_rule {
	const char *prefix; /* of the path; NULL: all other paths */
	int64_t window_ms;
	int64_t share; /* the limit divided by this may go within a window */
};

#define BUDGET_RING 1024

struct budget {
	const struct budget_rule *rule; /* NULL: nothing limits it */
	int64_t limit, remaining;       /* as last heard; limit 0: nothing was heard */
	int64_t reset_wall_ms;
	int64_t blocked_until; /* monotonic */
	int64_t probe_at;      /* monotonic: when to ask again though the reserve is reached */
	unsigned refusals;     /* in a row */
	int in_flight;
	int64_t sent[BUDGET_RING]; /* when, a ring: sent[nsent % BUDGET_RING] is the oldest */
	uint64_t nsent;
};

struct budget_now {
	int64_t mono_ms, wall_ms;
	double speed;
};

/* Divided by speed, and at least 1 ms. */
int64_t budget_scale(int64_t delay_ms, double speed);
/* Monotonic time from which the next request may go; not after now: at once. */
int64_t budget_ready_at(struct budget *b, struct budget_now now);
void budget_sent(struct budget *b, struct budget_now now);
/* Every answer: takes in what its headers say. */
void budget_heard(struct budget *b, const struct mok_exchange *x, struct budget_now now);
/* A 429: nothing of the family goes until it may be welcome again. Returns for how long. */
int64_t budget_refused(
	struct budget *b, const struct mok_exchange *x, struct budget_now now, uint64_t random);

/* ---- wire.c: a request as an exchange ---- */

struct endpoints {
	char *api_url, *spaces_url;
	char *token, *spaces_key, *spaces_secret; /* NULL: none */
};

int endpoints_init(struct endpoints *e, const struct mok_http_options *options,
	struct mok_err *err) MOK_MUST_CHECK;
void endpoints_release(struct endpoints *e);

/* Sets url and headers of x, in the arena; signed for wall_ms. */
int wire_fill(const struct endpoints *e, const struct mok_wire_request *request,
	struct mok_arena *arena, int64_t wall_ms, struct mok_exchange *x,
	struct mok_err *err) MOK_MUST_CHECK;
/* Where a redirect leads, if it may be followed: a GET with the token, to the same origin. NULL:
 * it may not. */
const char *wire_redirect(struct mok_arena *arena, const struct mok_wire_request *request,
	const struct mok_exchange *x);
/* A deep copy whose strings live in one block, which the caller frees. */
struct mok_wire_request wire_copy(const struct mok_wire_request *request, char **block);

/* ---- error.c: what an answer that is no success says ---- */

void error_of_answer(const struct endpoints *e, const struct mok_wire_request *request,
	const struct mok_exchange *x, struct mok_err *err);
const char *request_id_of(const struct mok_exchange *x); /* or "" */

/* ---- redact.c ---- */

/* Takes out, in place, our own secrets, whatever looks like one, and what a terminal would obey. */
void redact(const struct endpoints *e, const struct mok_wire_request *request, char *text);

#endif
