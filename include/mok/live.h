/*
 * live: one sweep of the account. Every kind is listed once, 200 a page, concurrently; then what
 * lives inside others. What carries this stack's marker is matched to the stack's resources.
 */
#ifndef MOK_LIVE_H
#define MOK_LIVE_H

#include "mok/catalogue.h"
#include "mok/provider.h"

struct mok_live {
	struct mok_arena *arena;
	const char *account_uuid, *account_name;
	bool is_sandbox;
	int64_t read_ms;                       /* wall time when the reading began */
	MOK_VEC(struct mok_object *) objects;  /* strangers' too */
	struct mok_map *tags;                  /* every tag's name -> itself */
	struct mok_map *by_address;            /* address -> its current object */
	MOK_VEC(struct mok_object *) orphans;  /* ours, but no resource wants them */
	MOK_VEC(struct mok_object *) previous; /* older generations of what by_address holds */
	MOK_VEC(const char *)
	doubtful;                    /* free-standing tags of ours whose object is not to be seen */
	struct mok_map *doubts;      /* address hash -> such a tag */
	struct mok_map *inventories; /* id of a parent -> struct mok_val *: the collections under it
					that hold objects of this stack */
	struct mok_map *listed;      /* "parent's id\ncollection" of those that were read */
	struct mok_catalogue *catalogue;
	struct mok_map *by_key, *by_id; /* private: mok_live_find, mok_live_by_id */
	struct mok_map *twins, *others; /* private: mok_live_twins, mok_live_other_stack */
};

struct mok_live_input {
	struct mok_loop *loop;
	struct mok_http *http;
	const struct mok_providers *providers;
	const struct mok_stack *stack;
	/* address hash -> id, from the journal: tells twins apart when the natural key cannot.
	 * NULL: none */
	const struct mok_map *known_ids;
	/* mok_live_key() -> int64_t, wall ms: when it was made, and when it was gone. NULL: none */
	const struct mok_map *known_made, *known_gone;
	const char *known_account; /* whose all this is: in another account it means nothing */
	/* mok_live_key() of objects without a marker -> address: taken for marked as that one's.
	 * NULL: none */
	const struct mok_map *claims;
	bool any_parent; /* what a MOK_K_COLLECTIONS kind lives in need not be in the account */
	bool without_catalogue; /* destroy needs none */
	/* What an earlier sweep for the same kinds read, a moment ago: not asked for again; or
	 * NULL. */
	struct mok_catalogue *catalogue;
	bool everything_goes; /* what is in a cluster that does not answer goes with it */
};

/* Names one object of an account. */
const char *mok_live_key(
	struct mok_arena *arena, const char *kind, const char *parent_id, const char *id);

/* Runs the loop until all is read, and read again while lists lag. Diagnostics (two objects with
 * one marker ...) go to diags. */
int mok_live_sweep(const struct mok_live_input *in, struct mok_arena *arena,
	struct mok_diags *diags, struct mok_live *out, struct mok_err *err) MOK_MUST_CHECK;

/* What MOK_ASK_ASSOCIATED answered, for people: "load balancer x (id), volume y (id)"; NULL:
 * nothing. And whether any of it goes by itself once its cluster has let go of it. */
const char *mok_leavings_text(struct mok_arena *arena, const struct mok_val *value);
bool mok_leavings_vanish(const struct mok_val *value);

/* An object of that kind with that name or natural key, whoever owns it; NULL: none. */
struct mok_object *mok_live_find(const struct mok_live *live, const struct mok_kind *kind,
	const char *parent_id, const char *natural_key);
struct mok_object *mok_live_by_id(
	const struct mok_live *live, const struct mok_kind *kind, const char *id);
/* The ids of all that answer to the object's name or natural key, for people; NULL: it is alone. */
const char *mok_live_twins(
	struct mok_arena *arena, const struct mok_live *live, const struct mok_object *object);
/* The stack whose marker it carries, if that is not this one; NULL: none. */
const char *mok_live_other_stack(
	struct mok_arena *arena, const struct mok_live *live, const struct mok_object *object);
/* Hash over the fields that `want` declares (and id, generation, protection), for saved plans. */
void mok_live_fingerprint(
	const struct mok_object *object, const struct mok_val *want, char out[65]);

#endif
