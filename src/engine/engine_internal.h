/*
 * engine's own. An operation is a list of steps; a step is a request or a wait. A step that waits
 * sits in the timer heap. Nodes of the graph are what others wait for: an operation's end, and of a
 * delete also the moment when it was accepted.
 */
#ifndef MOK_ENGINE_INTERNAL_H
#define MOK_ENGINE_INTERNAL_H

#include "mok/engine.h"
#include "mok/graph.h"

enum op_what {
	OP_CREATE = 0,
	OP_UPDATE,
	OP_WAIT,
	OP_RENAME,
	OP_MOVE, /* a former self gets the marker of the new address */
	OP_DELETE,
	OP_FORGET,
	OP_DROP_TAG,
	OP_SETTLE,
	OP_ADOPT
};

struct engine;
struct op;

/* What a step does once it is its turn. It ends by op_next, op_fail or a timer that comes back. */
struct step {
	void (*run)(struct op *op);
	const char *label; /* for progress: "resize", "waiting until ready" */
	struct mok_ask ask;
	bool gone_is_fine, must_be_ready; /* a 404 is success; wait after 412 */
	bool more;                        /* of members to move out: there are other pages */
	bool accepts;                     /* its success is the delete's acceptance */
	const struct mok_call *call;      /* READY: whose fields must match */
	int typical_s;
};

struct op {
	struct engine *engine;
	struct mok_change *change;
	const struct mok_resource *resource; /* NULL: an orphan's */
	enum op_what what;
	size_t node, accepted_node; /* accepted_node: of deletes; SIZE_MAX otherwise */
	struct mok_object *object;
	struct mok_val want;
	const char *tag; /* OP_DROP_TAG */
	MOK_VEC(struct step) steps;
	size_t at;
	int64_t started_ms, deadline_ms, settle_until_ms, leavings_until_ms;
	int64_t refused_since_ms; /* 0: the step was not refused yet */
	int64_t asked_ms;         /* when the last request of a step was sent */
	int tries, gone_seen;
	bool started, finished, failed, skipped, prepared, absorbed, in_doubt, said_exists,
		waiting_said, was_busy;
	bool takes_over; /* of CREATE: from what goes just before (governors.c) */
	bool quiet;      /* of SETTLE: nothing is told of it, since it was ready so far */
	const char *blocked_by;
	struct op *next_serial;
	MOK_VEC(struct op *) pools;   /* a cluster's: creations that ride on its POST */
	MOK_VEC(struct op *) singles; /* a database's: what is there with it, its rules ride too */
	struct mok_err err;
	struct mok_val details; /* lines on why it failed (reasons.c) */
	int polls;
	const char *state;      /* the last word of the API, or what explains it */
	const char *status;     /* the last word of the API */
	struct errand *errand;  /* NULL: none was begun (errand.c) */
	struct mok_object *job; /* of the errand, while it is waited for */
};

struct engine {
	const struct mok_apply_input *in;
	struct mok_asker asker;
	struct mok_loop *loop;
	struct mok_arena *arena;
	struct mok_graph *graph;
	struct mok_ready *ready;
	MOK_VEC(struct op *) ops;
	struct op **by_node; /* NULL: a barrier */
	struct op **make;    /* by change: create, update or wait, or NULL */
	struct op **end;     /* by change: delete or forget, or NULL */
	struct op **rename;  /* by change */
	struct op **settle;  /* by change: looked at once more (settle.c), or NULL */
	bool *began;         /* by change: what is suspected to be replaced was looked at */
	bool *unneeded;      /* by change: and stays (unneeded.c) */
	size_t open;         /* nodes not finished */
	bool pumping, sync_due;
	MOK_VEC(struct op *) to_send; /* creations whose intent is written but not synced */
	struct mok_map *serial;       /* parent -> struct op holding it */
	struct mok_map *inventories;  /* parent -> struct inventory, those written in this run */
	struct mok_map *secrets;      /* texts that are never shown (hide.c); NULL: not gathered */
	size_t secrets_open;          /* `open` when they were */
	struct mok_apply_result *out;
	int64_t started_ms;
	bool fatal; /* the journal cannot be written: nothing more is started */
	struct mok_err fatal_err;
};

/* plan of operations: ops.c, edges.c */
void mok_engine_build(struct engine *e);
struct op *mok_op_add(struct engine *e, struct mok_change *c, enum op_what what, size_t *nodes);
void mok_engine_edges(struct engine *e, size_t nodes, size_t moved);

/* governors.c: of what moves a field of others, such as an autoscaler. By that field, the changes
 * that take one away; and the one among them whose work this one goes on with, or NULL. */
struct mok_map *mok_governors_going(struct mok_arena *arena, const struct mok_changes *changes);
const struct mok_change *mok_governor_before(
	struct mok_arena *arena, const struct mok_map *going, const struct mok_change *c);
/* What goes and has moved a field that an update writes; or NULL. */
const struct mok_change *mok_governor_gone(
	struct mok_arena *arena, const struct mok_map *going, const struct mok_change *c);

/* steps: steps.c decides which, calls.c and create.c do them */
int mok_op_prepare(struct op *op); /* evaluates and lays out the steps; -1: op->err */
void mok_step_add(struct op *op, struct step step);
void mok_step_ask(struct op *op);        /* send the ask, judge the verdict */
void mok_step_create(struct op *op);     /* the POST and its doubts */
void mok_step_still_ours(struct op *op); /* an orphan's free-standing marker, just before */
void mok_step_look(struct op *op);       /* is a doubted object there after all? */
void mok_step_ready(struct op *op);
void mok_step_gone(struct op *op);
void mok_step_let_go(struct op *op); /* leavings.c: what a cluster made elsewhere */
void mok_step_associated(struct op *op);
void mok_step_offspring(struct op *op); /* offspring.c: what it had others make */
/* Of what is still there: is it worth waiting for? If not, what goes along is told. */
bool mok_op_awaits_leavings(struct op *op, const struct mok_val *value);
void mok_step_empty(struct op *op); /* a project's members, a bucket's objects */
void mok_step_purge(struct op *op);
void mok_step_fetch(struct op *op);
void mok_step_upgrade(struct op *op); /* upgrade.c: one version after the other */
void mok_op_take(struct op *op, const struct mok_answer *answer); /* an answer's attributes */
int mok_op_poll_s(const struct op *op);
bool mok_op_lost_patience(struct op *op, const struct mok_answer *answer); /* with a BUSY one */
void mok_op_send_create(struct op *op);                                    /* intent, sync, POST */
void mok_op_created(struct op *op, struct mok_object *o, const struct mok_answer *answer);
void mok_op_refused(struct op *op, struct mok_err *err);
void mok_op_name_taken(struct op *op, const struct mok_object *by); /* fails it; by may be NULL */
void mok_op_become_delete(struct op *op, struct mok_object *found);
void mok_engine_send_creates(void *engine); /* deferred: sync, then send */

/* running: apply.c */
void mok_op_next(struct op *op);
void mok_op_fail(struct op *op, const struct mok_err *err);
void mok_op_accept(struct op *op);
void mok_op_later(struct op *op, int seconds, void (*fn)(void *op));
void mok_op_again(void *op); /* a timer's: runs the current step again */
struct step *mok_op_step(struct op *op);
bool mok_op_overdue(const struct op *op, const char *waiting_for); /* fails it when so */
int64_t mok_engine_ms(const struct engine *e, int seconds); /* scaled by the sandbox's speed */
void mok_engine_emit(struct op *op, enum mok_event_type type, const char *text);
void mok_engine_record(struct op *op, const char *what, const char *id, const char *detail);
void mok_engine_record_tag(struct engine *e, const char *tag, bool made);
bool mok_engine_attribute(
	void *self, const struct mok_resource *r, const char *path, struct mok_val *out);

/* Writing a marker or a tag; of no tag (NULL), nothing. */
void mok_step_mark(struct op *op, const char *marker);
void mok_step_tag(struct op *op, enum mok_verb verb, const char *tag, const char *label);
void mok_lay_out_adopt(struct op *op); /* adopt.c */

/* Markers and tags of a change's address. */
const char *mok_op_marker(const struct op *op, unsigned generation);
const char *mok_op_free_tag(const struct op *op, unsigned generation, const struct mok_val *attrs);
const char *mok_op_about(const struct op *op, const char *what);

/* reasons.c: both finish the op's turn, or return false */
void mok_op_fail_explained(struct op *op, const struct mok_err *err);
/* Only gathers the lines, then goes on. */
void mok_op_explain(struct op *op, const struct mok_err *err, void (*then)(struct op *op));
bool mok_op_looks_why(struct op *op); /* now and then, while it waits; goes on by itself */

/* hide.c: the text without what the stack keeps secret */
const char *mok_engine_hide(struct engine *e, const char *text);

/* errand.c: all that is to be done to an object of a kind that has errands */
void mok_step_errand(struct op *op);

/* inventory.c */
void mok_step_inventory(struct op *op);
/* The stack's own resource that it is, or NULL: a cluster of someone else. */
const struct mok_resource *mok_inventory_parent(
	struct engine *e, const struct mok_kind *kind, const char *parent_id);
/* The collections that it names by now; NULL: not known. */
const struct mok_val *mok_inventory_now(const struct engine *e, const char *parent_id);

/* shrink.c: once all is done. -1: interrupted; anything else may be missed. */
int mok_engine_shrink(struct engine *e, struct mok_err *err) MOK_MUST_CHECK;

/* outputs.c: once all is done. -1: interrupted; what cannot be read stays unknown. */
int mok_engine_read_outputs(struct engine *e, struct mok_err *err) MOK_MUST_CHECK;
void mok_engine_outputs(struct engine *e);

/* settle.c: the node after all that moves nodes; SIZE_MAX: nothing does */
size_t mok_engine_settle(struct engine *e, size_t *nodes);
void mok_settle_edges(const struct engine *e, struct mok_graph *graph, size_t moved);
bool mok_settle_prepare(struct op *op); /* false: there is nothing to look at */

/* unneeded.c */
bool mok_replaces_on_suspicion(const struct mok_change *c);
bool mok_op_is_unneeded(struct op *op); /* decided when the first of its operations starts */

/* journal_read.c */
void mok_journal_buf_init(struct mok_buf *text);
const char *mok_journal_path(struct mok_arena *arena, const char *dir, const char *stack);
/* An absent journal is an empty one. -1: it is there and cannot be read. */
int mok_journal_text(const struct mok_env *env, const char *path, struct mok_buf *out,
	struct mok_err *err) MOK_MUST_CHECK;
/* `since_ms`: when things were made before that, wall time, is not noted. */
void mok_journal_replay(const struct mok_buf *text, int64_t since_ms, struct mok_arena *arena,
	struct mok_journal_known *out);
void mok_journal_forget(struct mok_arena *arena, struct mok_journal_known *known);

/* journal_record.c: a line as its members that are texts or whole numbers, until the next is read
 */
struct mok_record_member {
	const char *name, *text; /* text NULL: a number */
	int64_t number;
};
struct mok_record {
	struct mok_record_member members[24];
	size_t len;
	struct mok_buf line; /* what they point into, or ... */
	cJSON *json;
};
void mok_record_init(struct mok_record *r);
void mok_record_release(struct mok_record *r);
/* False: torn, damaged, or no object. */
bool mok_record_read(struct mok_record *r, const char *line, size_t len);
const char *mok_record_text(const struct mok_record *r, const char *name); /* NULL: none */
int64_t mok_record_int(const struct mok_record *r, const char *name);      /* 0: none */

/* journal.c */
struct mok_journal_line {
	const char *what, *address, *kind, *name, *id, *marker, *parent, *detail;
};
void mok_journal_add(struct mok_journal *journal, const struct mok_journal_line *line);
int mok_journal_sync(struct mok_journal *journal, struct mok_err *err) MOK_MUST_CHECK;
/* When an earlier run made it and did not see it go, wall time; 0: none did. */
int64_t mok_journal_acked_ms(const struct mok_journal *journal, const char *address);
/* Was a creation of this address begun and neither acknowledged nor seen to fail? */
bool mok_journal_is_open(const struct mok_journal *journal, const char *address);

#endif
