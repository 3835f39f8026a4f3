/*
 * core_internal: what the files of the framework share and the kinds do not see.
 *
 * store.c       statements, transactions, the schema          docs.c    documents
 * api.c         one request from arrival to the log           request.c target, query, body
 * reply.c       answers                                       page.c    pages
 * limits.c      rate limits                                   faults.c  faults (fault_rules.c)
 * make.c        ids, words, times                             log.c     the request log
 */
#ifndef MOK_SANDBOX_CORE_INTERNAL_H
#define MOK_SANDBOX_CORE_INTERNAL_H

#include "core.h"

#include "mok/apiserver.h"

enum {
	SB_PENDING_MAX = 64, /* statements in use at one time */
	SB_BODY_MAX = 1 << 30,
};

struct sb_limits;
struct sb_faults;
struct sb_fault_rule;

/* A prepared statement; a statement that is wanted while in use gets a twin. */
struct sb_statement {
	sqlite3_stmt *stmt;
	struct sb_statement *twin;
	bool used;
};

struct sb_core {
	struct mok_arena *arena; /* lives as long as the core */
	sqlite3 *db;
	double speed;
	uint64_t seed;
	int64_t lag_ms;
	bool api_only;
	bool lagging; /* lists must look at the lag of documents */
	const char *dir;
	struct mok_map *tokens; /* NULL: any */
	int lock_fd, log_fd;    /* -1: none */
	int64_t number;         /* of the newest request */
	int64_t writes;         /* writing requests since the core was opened */
	struct mok_map *statements;
	struct sb_statement *pending[SB_PENDING_MAX];
	size_t npending;
	struct sb_limits *limits;
	struct sb_faults *faults; /* never NULL */
	const char *spaces_key, *spaces_secret, *account_uuid;
	struct mok_apiserver *apiserver; /* made with the first request to a cluster */
	/* What is known of the instances, and of the requests to them. */
	struct si_state *instances;
	int64_t instance_number, instance_window, instance_asked[2], instance_debt;
	const char *kubernetes_url;                 /* NULL: each cluster's own domain */
	const char *ca_pem, *tls_pem, *tls_key_pem; /* made when asked for */
};

struct mok_sandbox {
	struct sb_core core;
};

struct sb_pair {
	const char *name, *value;
};

/* What a fault wants of one request; see faults.c. */
struct sb_fault_plan {
	const struct sb_fault_rule *before, *after; /* NULL: none */
	const char *names;  /* of the faults that handlers know, each between spaces */
	const char *logged; /* for the log, or NULL */
	int64_t delay_ms, lag_ms, list_lag_ms;
	int64_t shift;  /* of the second and later pages */
	double stretch; /* of durations */
};

/* A request at work: what the handler sees, and what it does not. */
struct sb_call {
	struct sb_ctx ctx; /* first: sb_call_of() */
	MOK_VEC(struct sb_pair) query;
	MOK_VEC(cJSON *) owned;
	MOK_VEC(const char *) created;
	MOK_VEC(const char *) deleted;
	size_t created_kept, deleted_kept; /* by what is committed whatever becomes of the rest */
	const char *raw_query;
	const char *cluster; /* of a request to Kubernetes */
	struct sb_fault_plan fault;
	bool writes, head, internal;
	bool answered;
	bool broken; /* the database failed: whatever the handler said, it is a 500 */
};

static inline struct sb_call *sb_call_of(const struct sb_ctx *ctx)
{
	union {
		const struct sb_ctx *in;
		struct sb_call *out;
	} u = { .in = ctx };

	return u.out;
}

/* ---- store.c ---- */

int sb_store_open(struct sb_core *core, struct mok_err *err) MOK_MUST_CHECK;
void sb_store_close(struct sb_core *core);
bool sb_begin(struct sb_ctx *ctx);
bool sb_commit(struct sb_ctx *ctx);
void sb_rollback(struct sb_ctx *ctx);
/* Frees statements that a handler left in use. */
void sb_sql_reset_all(struct sb_core *core);

/* ---- docs.c ---- */

/* As sb_doc_count and sb_doc_list; lagged: as lists show it, late for what is new and gone. */
size_t sb_doc_count_seen(struct sb_ctx *ctx, const struct sb_which *which, bool lagged);
struct sb_docs sb_doc_list_seen(
	struct sb_ctx *ctx, const struct sb_which *which, bool lagged, size_t offset, size_t limit);

/* ---- request.c ---- */

/* Fills path, query and the request's numbers. False: the target is no URL path. */
bool sb_request_read(struct sb_call *call, const char *target);
/* False: it has answered. */
bool sb_request_body(struct sb_call *call);
/* Percent-decodes len bytes. NULL: malformed, or a NUL in it. */
const char *sb_decode(struct mok_arena *arena, const char *s, size_t len, bool plus_is_space);

/* ---- routes.c ---- */

enum sb_found {
	SB_FOUND = 0,
	SB_FOUND_NO_PATH,
	SB_FOUND_NO_METHOD, /* the path exists for others: *allow lists them */
};
enum sb_found sb_route_find(struct sb_call *call, const char *method, const struct sb_route **out,
	const char **allow) MOK_MUST_CHECK;
extern const struct sb_route control_routes[];

/* ---- limits.c ---- */

struct sb_limits *sb_limits_new(void);
void sb_limits_free(struct sb_limits *limits);
/* Counts the request and writes the headers; false: it has answered 429. */
bool sb_limits_pass(struct sb_call *call, const char *token);
/* A 429 as of the minute's burst limit or of the hour's. */
void sb_limits_refuse(struct sb_call *call, bool burst);

/* ---- faults.c ---- */

/* text NULL or "": no faults. */
struct sb_faults *sb_faults_new(const char *text, struct mok_err *err);
void sb_faults_free(struct sb_faults *faults);
bool sb_faults_lag(const struct sb_faults *faults);         /* do any of them make things lag? */
bool sb_faults_in_clusters(const struct sb_faults *faults); /* do any meet objects? */
void sb_faults_pick(struct sb_call *call);
/* True: the request is answered (or will never be) without its handler. */
bool sb_faults_before(struct sb_call *call);
void sb_faults_after(struct sb_call *call);
struct sb_fault_object {
	const char *kind, *ns, *name;
};
/* Is that fault on for one of these, which are one thing by several names (a pod, the Deployment
 * that it belongs to)? Counts as one of the rule's times. */
bool sb_fault_in_cluster(
	struct sb_ctx *ctx, const char *name, const struct sb_fault_object *objects, size_t count);
/* The same, and how much of it: the rule's `ms` and `by`. */
struct sb_fault_extent {
	int64_t ms, number;
};
bool sb_fault_extent(struct sb_ctx *ctx, const char *name, const struct sb_fault_object *objects,
	size_t count, struct sb_fault_extent *out);

/* ---- reply.c ---- */

void sb_reply_forget(struct sb_call *call); /* as if nothing was answered yet */

/* ---- log.c ---- */

/* Adds this request's line to the log in the database. */
void sb_log_add(struct sb_call *call);
/* ... and to the file, once committed. */
void sb_log_append(struct sb_call *call);
int64_t sb_log_newest(struct sb_core *core);

/* ---- make.c ---- */

/* A generator of its own for request `number` of a cloud of that seed. */
uint64_t sb_rng_for(uint64_t seed, int64_t number);

/* ---- core.c ---- */

int sb_lock_folder(
	struct mok_arena *arena, const char *dir, int *out_fd, struct mok_err *err) MOK_MUST_CHECK;

/* A value kept with the cloud; make() makes it the first time. */
const char *sb_meta(struct sb_core *core, const char *key, const char *(*make)(struct sb_ctx *ctx));
void sb_call_init(struct sb_call *call, struct sb_core *core, struct mok_arena *arena);
void sb_call_end(struct sb_call *call);
/* What another call of the same request has noted; it may end then. */
void sb_call_take_notes(struct sb_call *call, const struct sb_call *from);
/* Commits what was done so far: the rest may still fail. */
void sb_call_keep(struct sb_call *call);

/* ---- kube_api.c, kube_store.c: the Kubernetes API of clusters ---- */

extern const char sb_kube_schema[];
extern const char sb_ctl_schema[]; /* controllers/run.c */
/* The cluster's id, by the Host or by the first segment of the path. */
const char *sb_kube_cluster(struct sb_ctx *ctx);
/* token: NULL, unless it was right. Answers. */
void sb_kube_handle(struct sb_ctx *ctx, const char *cluster, const char *token);
void sb_kube_watch(struct sb_ctx *ctx, const char *cluster, int64_t after);

/* Brings the cluster up to date, controllers included. False: it has no API (yet, or any more). */
bool sb_kube_settle(struct sb_ctx *ctx, const struct sb_doc *cluster);

/* ---- instance/: the Mastodon that runs in clusters ---- */

extern const char si_schema[];
extern const struct sb_route instance_routes[];
/* A request to the port of instances. */
void sb_instance_handle(struct sb_ctx *ctx);
/* What a cluster's API passes on to a pod; false: it is no such request. */
bool sb_instance_proxy(struct sb_ctx *ctx, const char *cluster, const char *target);
/* What was just written is not what instances are derived from. */
void si_state_own_writes(struct sb_core *core);
void si_state_free(struct si_state *state); /* NULL is fine */

/* ---- cloud_ca.c ---- */

void sb_ca_make(struct sb_core *core); /* fills ca_pem, tls_pem, tls_key_pem */

/* ---- what a new cloud holds: made once, their ids are kept as sb_meta() values ---- */

const char *sb_vpc_seed(struct sb_ctx *ctx);
const char *sb_project_seed(struct sb_ctx *ctx);

#endif
