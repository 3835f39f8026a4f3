/*
 * engine: makes it so. Operations are state machines on one loop; whatever waits sits in the timer
 * heap and holds no slot. Nothing is lost or doubled whenever it dies: see docs/architecture.md.
 */
#ifndef MOK_ENGINE_H
#define MOK_ENGINE_H

#include "mok/diff.h"

/* ---- journal and lock: .mok/<stack>.journal, .mok/<stack>.lock ---- */

struct mok_journal;

struct mok_journal_info {
	const char *api_url,
		*account_uuid; /* a journal of another account or API is set aside, not used */
	const char *command, *user, *commit; /* who and why, for the audit trail; may be NULL */
};
/* Opens and replays; damaged lines are passed over. Fails only on I/O. */
struct mok_journal *mok_journal_open(const struct mok_env *env, const char *dir, const char *stack,
	const struct mok_journal_info *info, struct mok_err *err);
void mok_journal_close(struct mok_journal *journal);
/* What a journal knows. All NULL and empty when there is none. */
struct mok_journal_known {
	int64_t version;
	const char *stack, *api_url, *account_uuid; /* what it is of */
	struct mok_map *ids;   /* address hash -> id of what was acknowledged and did not go */
	struct mok_map *open;  /* address -> not NULL: begun, and not known to have ended */
	struct mok_map *acked; /* address -> int64_t, when, in wall ms */
	struct mok_map *made, *gone; /* mok_live_key() -> int64_t: the same, and when it went */
};
const struct mok_journal_known *mok_journal_known(const struct mok_journal *journal);
/* The same without opening it for writing, from the arena. -1: it is there and cannot be read. */
int mok_journal_recall(const struct mok_env *env, struct mok_arena *arena, const char *dir,
	const char *stack, struct mok_journal_known *out, struct mok_err *err) MOK_MUST_CHECK;

struct mok_journal_entry {
	int64_t wall_ms;
	const char *what; /* run, intent, ack, update, delete, gone, move, fail, step, end */
	const char *address, *kind, *name, *id, *detail, *user, *commit, *command;
};
/* For `mok log`: every readable entry, oldest first, without opening it for writing. -1: I/O. An
 * absent journal has no entries. */
struct mok_journal_visitor {
	void *self;
	void (*entry)(void *self, const struct mok_journal_entry *e);
};
int mok_journal_read(const struct mok_env *env, struct mok_arena *arena, const char *dir,
	const char *stack, const struct mok_journal_visitor *visitor, struct mok_err *err);

struct mok_lockfile *mok_stack_lock(
	const struct mok_env *env, const char *dir, const char *stack, struct mok_err *err);

/* ---- events ---- */

enum mok_event_type {
	MOK_EV_START = 0, /* an operation begins */
	MOK_EV_PROGRESS,  /* the API's state, or a new step */
	MOK_EV_RETRY,     /* waiting to try again; `text` why */
	MOK_EV_DONE,
	MOK_EV_FAILED,
	MOK_EV_SKIPPED, /* since what it needs failed; `text` names it */
	MOK_EV_NOTE,    /* something to tell: a default VPC left alone, a placeholder rule */
};

struct mok_event {
	enum mok_event_type type;
	int64_t wall_ms, elapsed_ms;
	const struct mok_change *change;
	enum mok_action action; /* a REPLACE has two operations: CREATE, and DELETE or FORGET */
	const char *step;       /* "create", "resize", "waiting until ready", ... */
	const char *state;      /* the API's word, or NULL */
	const char *id;         /* or NULL */
	int typical_s;
	const char *text;              /* or NULL */
	const struct mok_err *err;     /* FAILED */
	const struct mok_val *details; /* FAILED: as a failure's, or NULL */
};

struct mok_events {
	void *self;
	void (*emit)(void *self, const struct mok_event *event);
};

/* ---- apply ---- */

struct mok_apply_input {
	struct mok_loop *loop;
	struct mok_http *http;
	const struct mok_providers *providers;
	const struct mok_stack *stack;
	struct mok_live *live;
	struct mok_changes *changes;
	struct mok_journal *journal;
	const struct mok_events *events; /* may be NULL */
	/* Where secrets that are shown once go (a Spaces key's), synced before the ack: a map of
	 * fields of the object. NULL: they are only passed on in this run. */
	int (*escrow)(void *self, const char *address, const struct mok_object *object,
		const struct mok_val *secret, struct mok_err *err);
	void *escrow_self;
	/* Asked whenever a wait goes on: true, and why, ends it as a failure. NULL: none does. */
	bool (*gives_up)(void *self, struct mok_err *err);
	void *gives_up_self;
	bool force_conflicts; /* errands take over what others made */
};

struct mok_failure {
	const struct mok_change *change;
	enum mok_action action;
	struct mok_err err;
	/* Lines (a list of strings) on what a wait was in vain for: what its pods say, their logs'
	 * last lines, events. MOK_NULL: nothing more is known. */
	struct mok_val details;
};

struct mok_apply_result {
	size_t ncreated, nupdated, nwaited, ndeleted, nforgotten, nadopted, nfailed, nskipped,
		nunfinished;
	MOK_VEC(struct mok_failure) failures;
	MOK_VEC(const char *) in_flight; /* when interrupted: "db: creating, id ..." */
	MOK_VEC(struct mok_output_value) outputs;
	int64_t elapsed_ms;
	bool changed; /* at least one write was acknowledged */
};

/* 0: all done, and all that is wanted is ready. -1: MOK_ERR_INTERRUPTED, or anything failed (`out`
 * tells). */
int mok_apply(const struct mok_apply_input *in, struct mok_arena *arena,
	struct mok_apply_result *out, struct mok_err *err) MOK_MUST_CHECK;

/* Asks the clusters what the changes under `in` would do to objects there (dry runs), and notes it
 * at the objects: if *any, the diff is to be made again. What a cluster would refuse is a
 * diagnostic. in->journal and in->events are not used. */
int mok_predict(const struct mok_apply_input *in, struct mok_arena *arena, struct mok_diags *diags,
	bool *any, struct mok_err *err) MOK_MUST_CHECK;

/* An object of a MOK_K_APPLIES kind that is no part of the stack, made for what it does: a Job. */
struct mok_task {
	const struct mok_kind *kind;
	const char *address, *parent_id; /* address: for events and the journal */
	const struct mok_val *want;
	int timeout_s;
};
/* Makes it, unless it is there, and waits until it is ready; one that failed before is made anew.
 * -1: *details are lines as of a failure, or null. */
int mok_task_run(const struct mok_apply_input *in, struct mok_arena *arena,
	const struct mok_task *task, struct mok_val *details, struct mok_err *err) MOK_MUST_CHECK;
/* Notes that a step of something longer was reached, on disk. */
int mok_journal_step(struct mok_journal *journal, const char *step, const char *detail,
	struct mok_err *err) MOK_MUST_CHECK;

/* The changes that mark an existing object as `address`'s and do nothing else, for mok_apply: none
 * if it is so already. `id`: its id, or a name that only one has. in->changes is not used. */
int mok_adopt(const struct mok_apply_input *in, struct mok_arena *arena, const char *address,
	const char *id, struct mok_changes *out, struct mok_err *err) MOK_MUST_CHECK;

/* ---- saved plans ---- */

/* JSON text: config hash, account, options, live fingerprints, the changes; no secrets. */
int mok_saved_plan_write(const struct mok_stack *stack, const struct mok_live *live,
	const struct mok_changes *changes, const cJSON *command, struct mok_buf *out,
	struct mok_err *err) MOK_MUST_CHECK;
/* What the plan was made with ("command"), to compute it again. */
cJSON *mok_saved_plan_read(const char *text, size_t len, struct mok_err *err);
/* MOK_ERR_STALE naming what moved, unless the recomputed plan is the saved one. */
int mok_saved_plan_check(const cJSON *saved, const struct mok_stack *stack,
	const struct mok_live *live, const struct mok_changes *changes,
	struct mok_err *err) MOK_MUST_CHECK;

#endif
