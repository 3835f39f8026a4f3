/* live's own: the listing of one collection, and the matching of markers. */
#ifndef MOK_LIVE_INTERNAL_H
#define MOK_LIVE_INTERNAL_H

#include "mok/live.h"
#include "mok/plan.h"

#define PAGE_SIZE 200 /* what providers ask for */

/* Pages of one collection, all under way at once once the total is known. Pages shift while they
 * are read: what came twice is dropped, and what is short of the total is read again. */
struct sweep {
	struct mok_live_input in;
	struct mok_asker asker;
	struct mok_arena *arena;
	struct mok_arena *scratch; /* gone when the account was read */
	struct mok_diags *diags;
	struct mok_live *out;
	struct mok_map *used;        /* kind name -> wanted by the plan or named by a marker tag */
	struct mok_matcher *matcher; /* NULL before the tags were listed */
	struct mok_map *asked;       /* listings under way or done, by kind, parent and region */
	size_t outstanding;
	bool failed;
	struct mok_err err;
};

/* A resource's fields as far as they do not depend on the account. */
bool mok_sweep_eval(struct sweep *sweep, const struct mok_resource *r, struct mok_val *fields);
bool mok_static_fields(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_resource *r, struct mok_val *fields);
/* What it lives inside of, as far as that is known; or NULL. */
const struct mok_object *mok_sweep_parent(
	struct sweep *sweep, struct mok_arena *scratch, const struct mok_resource *r);
void mok_sweep_fail(struct sweep *sweep, const struct mok_err *err);
void mok_sweep_list(struct sweep *sweep, const struct mok_ask *ask);
void mok_sweep_ask(struct sweep *sweep, const struct mok_ask *ask,
	void (*done)(void *ctx, struct mok_answer *answer), void *ctx);

/* Objects that are in many listings under one parent (collections.c): reads what the stack has
 * there, then lists what the plan and that name. Two rounds: run the loop after each. */
void mok_sweep_inventories(struct sweep *sweep);
void mok_sweep_collections(struct sweep *sweep);

/* Adds up the parts that a list does not give: bucket settings, project members, fetched fields. */
void mok_sweep_details(struct sweep *sweep);

/* lag.c: do the lists not show yet what the journal says? */
bool mok_sweep_lags(const struct sweep *sweep);
int64_t mok_sweep_scaled_ms(const struct sweep *sweep, int seconds); /* at least 1 */

/* Where an object's name or natural key is looked up. */
const char *live_place(
	struct mok_arena *arena, const struct mok_object *o, const char *natural_key);
/* Who owns what. Made once the tags were listed; the free-standing ones and the plan are read then,
 * and only then. Run as often as more was listed: it starts from scratch. */
struct mok_matcher *mok_matcher_new(const struct sweep *sweep);
void mok_matcher_run(struct mok_matcher *m, struct mok_diags *diags);
void mok_matcher_free(struct mok_matcher *m);
/* The i-th marker of this stack that names an object by a tag of its own; NULL: there are fewer. */
const struct mok_marker *mok_matcher_mark(const struct mok_matcher *m, size_t i);
/* The same, of those whose object was not to be seen when it ran. */
const struct mok_marker *mok_matcher_doubt(const struct mok_matcher *m, size_t i);

#endif
