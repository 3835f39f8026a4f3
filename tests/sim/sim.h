/*
 * The simulator: histories of a stack, drawn by seed. In one thread and on a virtual clock the
 * whole of mok (plan, sweep, diff, apply) works against the sandbox's core, over a network that
 * loses, repeats and refuses, on a machine that dies at any step; then it runs again, with or
 * without its journal. After each such round the account is compared with what the plan says, by
 * the sandbox's own lists and log, never by mok's markers.
 *
 * model.c   a plan as data: drawn, changed, written as YAML, and what it should come to
 * world.c   the account, the network's faults, other people's objects
 * run.c     one run of mok
 * oracle.c  what is in the account, and whether that is right
 * faults.c  what goes wrong inside clusters
 * ready.c   whether all of it does its work
 * keys.c    what is made once
 * history.c the rounds of one seed
 */
#ifndef SIM_H
#define SIM_H

#include "fake_env.h"
#include "mok/engine.h"
#include "mok/sandbox.h"

#define SIM_TOKEN "dop_v1_5ca1ab1e5ca1ab1ecanary"
#define SIM_ORACLE_TOKEN "dop_v1_0facade0oracle"
#define SIM_SECRET "canary-of-a-sensitive-variable"
#define SIM_SECRET_BASE64 "Y2FuYXJ5LW9mLWEtc2Vuc2l0aXZlLXZhcmlhYmxl"
#define SIM_MAX_RESOURCES 64
#define SIM_DIR ".mok"
#define SIM_STACK "sim"

/* ---- randomness: one stream for the history, apart from the machine's ---- */

struct sim_rng {
	uint64_t state;
};
uint64_t sim_draw(struct sim_rng *rng, uint64_t n); /* in [0, n) */
bool sim_chance(struct sim_rng *rng, unsigned percent);

/* ---- lists of what is and what should be: sorted lines of text ---- */

struct sim_lines {
	struct mok_arena *arena;
	MOK_VEC(const char *) list;
};
void sim_line(struct sim_lines *lines, const char *fmt, ...) MOK_PRINTF(2, 3);
void sim_lines_sort(struct sim_lines *lines);

/* ---- model.c ---- */

enum sim_kind {
	SIM_VPC = 0,
	SIM_CLUSTER,
	SIM_POOL,
	SIM_DB,
	SIM_DB_DB,
	SIM_DB_USER,
	SIM_DB_POOL,
	SIM_DB_REPLICA,
	SIM_DB_FIREWALL,
	SIM_BUCKET,
	SIM_KEY,
	SIM_CDN,
	SIM_CERTIFICATE,
	SIM_DOMAIN,
	SIM_RECORD,
	SIM_PROJECT,
	SIM_TAG,
	SIM_NAMESPACE, /* in a cluster, as those below */
	SIM_CONFIG,
	SIM_WORKLOAD,
	SIM_SECRET_OBJECT, /* whose name has the hash of its content */
	SIM_JOB,
	SIM_CLAIM,   /* of a volume of DigitalOcean's */
	SIM_SERVICE, /* with a load balancer of DigitalOcean's */
	SIM_RELEASE, /* of Helm's, installed by Jobs */
	SIM_KEYS,    /* a Secret with a key that is made once */
	SIM_KINDS,
};

struct sim_resource {
	enum sim_kind kind;
	int number; /* never used twice: names are made of it */
	char address[24], moved_from[24];
	int parent; /* index, or -1 */
	int other;  /* another one it refers to, or -1 */
	int extra;  /* a third, or -1 */
	int v[3];   /* what its fields' values are made of */
	bool wanted, protect, retain;
	bool lives_on; /* no longer wanted, but retained when it went */
	/* What the cloud was told: nothing is lifted or kept before it was applied. */
	bool maybe_protected, maybe_retained, applied_retain, applied;
	bool maybe_replaced; /* a run was tried that replaces it, and did not end well yet */
	int applied_v[3];
};

struct sim_model {
	struct sim_resource list[SIM_MAX_RESOURCES];
	int n, next_number;
	uint64_t seed; /* in names that are global */
};

void sim_model_draw(struct sim_model *m, struct sim_rng *rng, int size);
/* Changes a few things; `trace` gets what, in words. */
void sim_model_change(struct sim_model *m, struct sim_rng *rng, struct mok_buf *trace);
/* A run was tried with it; it ended well. What was only for the next apply (moved_from) is spent.
 */
void sim_model_tried(struct sim_model *m);
void sim_model_applied(struct sim_model *m);
void sim_model_lift_protection(struct sim_model *m);
/* A protected resource loses its block: the plan must be refused. -1: there is none. */
int sim_model_protected(const struct sim_model *m);
bool sim_model_has(const struct sim_model *m, enum sim_kind kind);
bool sim_kind_is_object(enum sim_kind kind);            /* in a cluster, in a namespace */
bool sim_model_is_protected(const struct sim_model *m); /* anything of it */
bool sim_model_has_dependents(const struct sim_model *m, int i);
void sim_model_yaml(const struct sim_model *m, struct mok_buf *out);
/* What the account should hold of it. destroyed: only what is retained or lives on. */
void sim_model_expect(const struct sim_model *m, bool destroyed, struct sim_lines *out);
/* "vpc", as lines begin. */
const char *sim_kind_word(enum sim_kind kind);
const char *sim_name(const struct sim_model *m, int i, char out[64]);

/* ---- world.c ---- */

struct sim_stranger {
	enum sim_kind kind;
	const char *id, *parent_id; /* parent_id: or "" */
	int parent;                 /* of the model's, whose end is its end too; -1: none */
	const char *line;           /* as the account shows it */
};

struct sim_world {
	uint64_t seed;
	struct sim_rng rng;
	struct mok_arena *arena;
	struct mok_sandbox *sandbox;
	struct fake_env *fake;
	double speed;
	unsigned fault_percent; /* per exchange; 0 in clean runs */
	bool shift_pages;       /* strangers come and go during runs */
	uint64_t interrupt_at;  /* a step; 0: never */
	int64_t interrupted_ms; /* -1: not yet */
	uint64_t step_limit;
	bool runaway;
	MOK_VEC(struct sim_stranger) strangers;
	MOK_VEC(const char *) secrets;       /* seen in answers: they must be seen nowhere else */
	uint64_t requests, writes, refusals; /* of the run; refusals: 429s by the sandbox itself */
	struct mok_buf trace;                /* of the whole history, if verbose */
	struct mok_buf told;                 /* every event and error of mok, in words */
	const char *key;                     /* made once, in base64; NULL: not seen yet */
	/* Of it in clusters, where the plan has them: counted when the escrow is lost. */
	size_t copies;
	const struct sim_model *copies_of;
	const char *violation; /* the first one found */
	bool verbose;
};

struct sim_world *sim_world_new(uint64_t seed, bool verbose);
void sim_world_free(struct sim_world *w);
void sim_trace(struct sim_world *w, const char *fmt, ...) MOK_PRINTF(2, 3);
/* Notes the first violation. */
void sim_wrong(struct sim_world *w, const char *fmt, ...) MOK_PRINTF(2, 3);
/* A request of other people, or of the oracle: at once and without faults. NULL json: a status of
 * 400 or more. The caller deletes it. */
cJSON *sim_api(struct sim_world *w, const char *method, const char *path, const char *body);
/* Each cluster of the account, by id. */
void sim_each_cluster(struct sim_world *w, void (*each)(struct sim_world *w, const char *id));
/* The same to the API of the cluster with this id. */
cJSON *sim_kube(struct sim_world *w, const char *cluster, const char *method, const char *path,
	const char *body);
/* The buckets' names, as XML, in `out`. */
void sim_list_buckets(struct sim_world *w, struct mok_buf *out);
void sim_add_strangers(struct sim_world *w);
/* Beside, and inside, what is the stack's. */
void sim_add_strangers_inside(struct sim_world *w, const struct sim_model *m);
const struct sim_stranger *sim_stranger_of(
	const struct sim_world *w, enum sim_kind kind, const char *id, const char *parent_id);

/* ---- faults.c ---- */

/* Something goes wrong inside the clusters, sometimes, until mended. True: it may. */
bool sim_break_clusters(struct sim_world *w, const struct sim_model *m);
void sim_mend_clusters(struct sim_world *w);
/* Somebody deletes the Jobs that failed, so that they are made anew: a failed one stays. */
void sim_delete_failed_jobs(struct sim_world *w);
/* Of an apply that failed while nothing but clusters was at fault: what it says names an object. */
void sim_check_blame(struct sim_world *w, const struct sim_model *m, const char *said);

/* ---- run.c ---- */

enum sim_outcome {
	SIM_DONE = 0,
	SIM_FAILED,
	SIM_STOPPED, /* killed or interrupted */
	SIM_REFUSED, /* by a protection */
};

struct sim_run {
	bool destroy, plan_only;
	/* out: */
	bool changes; /* the plan was not empty */
	bool waits;   /* something was as wanted and not ready */
	struct mok_err err;
	char first_change[256];
};
enum sim_outcome sim_run(struct sim_world *w, const char *yaml, struct sim_run *run);
const char *sim_outcome_name(enum sim_outcome outcome);

/* ---- oracle.c ---- */

/* The account, one line for each object; strangers' lines end in their id. */
void sim_account(struct sim_world *w, struct sim_lines *out);
/* Takes down how the account shows strangers' new objects. */
void sim_see_strangers(struct sim_world *w);
/* Compares, and looks for secrets, for strangers' objects that changed, for twins. */
void sim_check(struct sim_world *w, const struct sim_model *m, bool destroyed, const char *when);
void sim_check_secrets(struct sim_world *w, const char *when);
/* Called for every request of mok as it arrives. */
void sim_check_request(struct sim_world *w, const char *method, const char *target);

/* ---- keys.c ---- */

/* The escrow of ${secret.NAME}, as the command goes about it: opened once the plan is loaded,
 * reconciled with what is live, and written with what is missing before anything is sent. */
struct sim_vault;
struct sim_vault *sim_vault_open(const struct mok_env *env, struct mok_arena *arena,
	struct mok_stack *stack, struct mok_err *err);
int sim_vault_reconcile(struct sim_vault *v, const struct mok_live *live, struct mok_err *err);
int sim_vault_generate(struct sim_vault *v, const struct mok_changes *changes, struct mok_err *err);
void sim_vault_close(struct sim_vault *v); /* NULL is fine */
const char *const *sim_key_names(struct mok_arena *arena, size_t *count);
/* After any run: all clusters have the key that was made at first. */
/* What clusters have is the only copy then. */
void sim_lose_escrow(struct sim_world *w, const struct sim_model *m);
void sim_check_keys(struct sim_world *w);

/* ---- ready.c ---- */

/* Right after an apply that ended well. */
void sim_check_ready(struct sim_world *w, const char *when);

/* ---- history.c ---- */

struct sim_stats {
	uint64_t histories, runs, stops, failures, refused, requests, replaces;
};
/* NULL: all is well; else what was wrong, in the world's arena. */
const char *sim_history(struct sim_world *w, struct sim_stats *stats);

#endif
