/*
 * core: the framework of the sandbox's kinds. Private to the sandbox.
 *
 * One request goes: api.c authenticates it, counts it against the rate limits and looks its route
 * up (routes.c); the handler reads `ctx`, changes documents, and answers with one sb_reply_*() or
 * sb_fail(). All of it is one transaction, committed before the answer leaves; an answer of 400 or
 * more rolls back what the handler did, so a handler may validate as it goes.
 *
 * Nothing here fails towards the handler: a database that cannot be written is a 500 made by the
 * core. Everything returned lives until the request is answered (`ctx->arena`; JSON handed out or
 * taken over is freed with it), nothing outlives it but what is stored.
 *
 * Time is ctx->now_ms, the wall time of the request. There are no timers: a kind stores absolute
 * deadlines (sb_after) and computes states when it is read.
 */
#ifndef MOK_SANDBOX_CORE_H
#define MOK_SANDBOX_CORE_H

#include "mok/sandbox.h"

#include <sqlite3.h>

struct sb_core;

enum {
	SB_PARAMS_MAX = 6,
	SB_SECOND_MS = 1000,
	SB_MINUTE_MS = 60 * 1000,
	SB_HOUR_MS = 60 * SB_MINUTE_MS,
};

struct sb_ctx {
	struct sb_core *core;
	const struct mok_sandbox_request *request;
	struct mok_sandbox_response *out;
	struct mok_arena *arena;
	int64_t now_ms;
	int64_t number; /* of this request, from 1, since the cloud was made */
	uint64_t rng;   /* seeded from the cloud's seed and number: mok_rng_next(&ctx->rng) */
	char request_id[37];
	const char *path;                  /* decoded, without the query */
	const char *params[SB_PARAMS_MAX]; /* what the {..} of the route's path matched, decoded */
	/* The body as JSON: an object, never NULL (an empty one when none was sent); read-only. */
	const cJSON *body;
	bool has_body;
};

/* ---- routes ---- */

enum sb_route_flags {
	SB_RAW_BODY = 1, /* the body is not parsed as JSON */
	SB_OPEN = 2,     /* needs no token, costs no budget: /_sandbox/... */
};

/* path: "/v2/domains/{name}/records/{id}"; a {..} matches one whole segment. Where a fixed segment
 * and a {..} both match, the fixed one wins. HEAD is answered from GET. Tables end with a NULL
 * method. */
struct sb_route {
	const char *method, *path;
	void (*handle)(struct sb_ctx *ctx);
	unsigned flags;
};

extern const struct sb_route account_routes[];
extern const struct sb_route catalogue_routes[];
extern const struct sb_route cdn_routes[];
extern const struct sb_route certificate_routes[];
extern const struct sb_route database_routes[];
extern const struct sb_route domain_routes[];
extern const struct sb_route droplet_routes[];
extern const struct sb_route kubernetes_routes[];
extern const struct sb_route load_balancer_routes[];
extern const struct sb_route project_routes[];
extern const struct sb_route spaces_key_routes[];
extern const struct sb_route tag_routes[];
extern const struct sb_route volume_routes[];
extern const struct sb_route vpc_routes[];

/* Spaces (s3*.c): every request of the Spaces port. It answers S3 XML itself; the transaction, the
 * log, faults and x-request-id (as x-amz-request-id) are the core's. Region: the Host header
 * ("ams3.<anything>", "bucket.ams3.<anything>"), else the bucket's own, else the region in the
 * SigV4 scope ("us-east-1" means nyc3). */
void sb_s3_handle(struct sb_ctx *ctx);
/* The region of a bucket, or NULL if there is no such bucket (for CDN origins, keys' grants). */
const char *sb_s3_bucket_region(struct sb_ctx *ctx, const char *bucket);
/* SQL run when a cloud is opened, all of it CREATE ... IF NOT EXISTS. Prefix names with s3_. */
extern const char sb_s3_schema[];

/* ---- reading the request ---- */

const char *sb_query(struct sb_ctx *ctx, const char *name);  /* decoded; NULL: absent */
const char *sb_filter(struct sb_ctx *ctx, const char *name); /* the same; NULL also when empty */
const char *sb_request_header(struct sb_ctx *ctx, const char *name); /* NULL: absent */

/* ---- answering: exactly one of these per request ---- */

/* Takes `json` over. */
void sb_reply(struct sb_ctx *ctx, int status, cJSON *json);
/* {key: json} */
void sb_reply_root(struct sb_ctx *ctx, int status, const char *key, cJSON *json);
void sb_reply_empty(struct sb_ctx *ctx, int status);
void sb_reply_bytes(struct sb_ctx *ctx, int status, const char *type, const void *data, size_t len);
/* {"id","message","request_id"}; the id is the one that goes with the status (400 bad_request, 401
 * Unauthorized, 403 forbidden, 404 not_found, 405, 409 conflict, 412 precondition_failed, 422
 * unprocessable_entity, 429 too_many_requests, 500 server_error, 503 service_unavailable). */
void sb_fail(struct sb_ctx *ctx, int status, const char *fmt, ...) MOK_PRINTF(3, 4);
/* 404 with the usual words. */
void sb_not_found(struct sb_ctx *ctx);
bool sb_answered(const struct sb_ctx *ctx);
/* Copies both. Replaces a header of that name. */
void sb_header(struct sb_ctx *ctx, const char *name, const char *value);
/* Beside those of the same name. */
void sb_header_more(struct sb_ctx *ctx, const char *name, const char *value);

/* ---- small makers ---- */

/* Hands json to the request, which frees it; returns it. */
cJSON *sb_own(struct sb_ctx *ctx, cJSON *json);
const char *sb_uuid(struct sb_ctx *ctx); /* version 4 */
/* len characters out of alphabet (NULL: letters and digits). */
const char *sb_random_word(struct sb_ctx *ctx, size_t len, const char *alphabet);
int64_t sb_random_between(struct sb_ctx *ctx, int64_t low, int64_t high); /* both included */
/* The next of a stored counter: first, first + 1, ... */
int64_t sb_next(struct sb_ctx *ctx, const char *counter, int64_t first);
const char *sb_time(struct sb_ctx *ctx, int64_t wall_ms); /* RFC 3339 */

/* Deadlines: now plus a duration of the real cloud, divided by the sandbox's speed ("max": now).
 * The second takes a random duration between two. */
int64_t sb_after(struct sb_ctx *ctx, int64_t real_ms);
int64_t sb_after_between(struct sb_ctx *ctx, int64_t low_ms, int64_t high_ms);

/* ---- documents ---- */

/* One stored thing. kind and id are its key. parent groups lists ("" if there is none); name and
 * alt are two more indexed keys within parent, neither need be unique ("" if unused). */
struct sb_doc {
	int64_t seq; /* 0 until stored; lists are ordered by it */
	const char *kind, *id, *parent, *name, *alt;
	int64_t created_ms;
	cJSON *json; /* an object of the kind's own making; change it, then sb_doc_put */
};

/* An empty document; not stored until sb_doc_put. NULL strings read as "". Copies them. */
struct sb_doc *sb_doc_new(struct sb_ctx *ctx, const char *kind, const char *id, const char *parent);
/* Stores it (new or changed): parent, name, alt and json. */
void sb_doc_put(struct sb_ctx *ctx, struct sb_doc *doc);
void sb_doc_delete(struct sb_ctx *ctx, const struct sb_doc *doc);
/* All documents of a kind with that parent. */
void sb_doc_delete_children(struct sb_ctx *ctx, const char *kind, const char *parent);
/* NULL: there is none. These know what is stored, without any lag. */
struct sb_doc *sb_doc_get(struct sb_ctx *ctx, const char *kind, const char *id);
/* parent NULL: any. The oldest of that name. */
struct sb_doc *sb_doc_named(
	struct sb_ctx *ctx, const char *kind, const char *parent, const char *name);
/* What a client's GET sees: as sb_doc_get, but a document younger than its lag is not there yet.
 * NULL: it has answered 404. */
struct sb_doc *sb_doc_see(struct sb_ctx *ctx, const char *kind, const char *id);

/* Which documents: kind, and where not NULL parent, name, alt. */
struct sb_which {
	const char *kind, *parent, *name, *alt;
};
struct sb_docs {
	struct sb_doc **items;
	size_t len;
};
size_t sb_doc_count(struct sb_ctx *ctx, const struct sb_which *which);
/* In order; limit 0: all. As stored, without lag. */
struct sb_docs sb_doc_list(
	struct sb_ctx *ctx, const struct sb_which *which, size_t offset, size_t limit);

/* A page of documents as clients ask for it: page and per_page, meta.total, links.pages, with the
 * lag of the cloud (new documents are missing, deleted ones linger). `view` makes an element (the
 * page takes it over); NULL from it leaves the element out. `keep` (or NULL) filters, at the price
 * of reading all. */
struct sb_page {
	const char *key; /* of the list in the answer */
	struct sb_which which;
	cJSON *(*view)(struct sb_ctx *ctx, const struct sb_doc *doc);
	bool (*keep)(struct sb_ctx *ctx, const struct sb_doc *doc);
	bool unpaged; /* as under /v2/databases: everything, no links, no meta */
};
void sb_reply_page(struct sb_ctx *ctx, const struct sb_page *page);
/* The same for an array that is already there (takes it over). */
void sb_reply_array_page(struct sb_ctx *ctx, const char *key, cJSON *all);

/* ---- names that stay taken after their owner is gone ---- */

void sb_name_reserve(struct sb_ctx *ctx, const char *kind, const char *name, int64_t real_ms);
bool sb_name_reserved(struct sb_ctx *ctx, const char *kind, const char *name);

/* ---- the request log ---- */

/* What this request made and ended: both go into its line of the log as "kind:id". Call them for
 * what a user would call a resource (once per resource). */
void sb_note_create(struct sb_ctx *ctx, const char *kind, const char *id);
void sb_note_delete(struct sb_ctx *ctx, const char *kind, const char *id);

/* ---- VPCs, projects, tags: what every kind takes part in ---- */

/* The VPC for something new in region: `wanted`, or the region's default when that is NULL or ""
 * (made on the spot if the region has none). NULL: it has answered (422: no such VPC, or
 * elsewhere). */
const char *sb_vpc_resolve(struct sb_ctx *ctx, const char *region, const char *wanted);
/* Members are listed by /v2/vpcs/{id}/members and hold up its deletion. */
void sb_vpc_join(struct sb_ctx *ctx, const char *vpc_uuid, const char *urn, const char *name);
/* The member stays listed for linger_ms more of the real cloud's time. */
void sb_vpc_leave(struct sb_ctx *ctx, const char *urn, int64_t linger_ms);

/* urn: "do:kubernetes:<uuid>". Puts a new resource into project_id, or into the default project
 * when that is NULL or "". False: it has answered (404: no such project). */
bool sb_project_join(struct sb_ctx *ctx, const char *project_id, const char *urn);
void sb_project_leave(struct sb_ctx *ctx, const char *urn);
const char *sb_project_of(struct sb_ctx *ctx, const char *urn); /* its id, or NULL */

/* Tags of resources, made on first use. type: "droplet", "image", "volume", "volume_snapshot",
 * "database" as in /v2/tags/{tag}/resources; other types ("kubernetes", "kubernetes_pool",
 * "load_balancer", "firewall") are kept but not counted there. Set replaces the whole set, taking
 * an array of strings (NULL: none). Deleting a tag takes it off everything. Names keep the case
 * they were made with and match without it. */
void sb_tags_set(struct sb_ctx *ctx, const char *type, const char *id, const cJSON *tags);
cJSON *sb_tags_of(struct sb_ctx *ctx, const char *type, const char *id); /* a new array, yours */
bool sb_tagged(struct sb_ctx *ctx, const char *tag, const char *type, const char *id);

/* ---- Spaces keys ---- */

struct sb_spaces_key {
	const char *access_key, *secret;
	bool full_access;
	const cJSON *grants; /* [{"bucket","permission":"read"|"readwrite"}] */
};
/* The account's pair or one made through /v2/spaces/keys; false: there is none. */
bool sb_spaces_key_find(struct sb_ctx *ctx, const char *access_key, struct sb_spaces_key *out);

/* ---- Kubernetes ---- */

/* The CA of the cloud's clusters (PEM). */
const char *sb_kube_ca(struct sb_ctx *ctx);
/* A server's certificate by that CA, with a P-256 key. seed: at least 16 random characters; names:
 * strings. Both texts are PEM. */
struct sb_leaf {
	const char *name, *seed;
	const cJSON *names;
	int64_t from_ms, until_ms;
};
void sb_ca_issue(struct sb_ctx *ctx, const struct sb_leaf *want, const char **cert_pem,
	const char **key_pem);
const char *sb_account_key(struct sb_ctx *ctx); /* a new P-256 key, PEM */
/* Where a cluster's API is: https://... */
const char *sb_kube_url(struct sb_ctx *ctx, const char *cluster_id);
/* All of its objects go. */
void sb_kube_forget(struct sb_ctx *ctx, const char *cluster_id);
/* Appends to a pod's log, as a container of it would. */
void sb_kube_log(struct sb_ctx *ctx, const char *cluster_id, const char *ns, const char *pod,
	const char *container, const char *text);

/* ---- account, faults ---- */

const char *sb_account_uuid(struct sb_ctx *ctx);
int64_t sb_droplet_limit(struct sb_ctx *ctx);
/* Is that fault on for this request ("blank_secrets": the token lacks the view scope)? */
bool sb_fault(const struct sb_ctx *ctx, const char *name);
/* Up to the cloud's lag, at random by seed; 0 when it has none. */
int64_t sb_lag_ms(struct sb_ctx *ctx);

/* ---- SQL, for what documents do not fit ---- */

/* A cached statement with its parameters bound: types has one letter per parameter: 's' const char
 * * (NULL: NULL), 'i' int64_t, 'b' const void * and size_t. Bound data must live until sb_sql_done.
 * sb_sql_row() is true while there are rows; once it was false, or after sb_sql_done, the statement
 * is free again. */
sqlite3_stmt *sb_sql(struct sb_ctx *ctx, const char *sql, const char *types, ...);
bool sb_sql_row(struct sb_ctx *ctx, sqlite3_stmt *stmt);
void sb_sql_done(struct sb_ctx *ctx, sqlite3_stmt *stmt);
/* For statements without rows: the number of rows changed. */
int64_t sb_sql_run(struct sb_ctx *ctx, const char *sql, const char *types, ...);
const char *sb_sql_text(
	struct sb_ctx *ctx, sqlite3_stmt *stmt, int column); /* copied; "" if NULL */
int64_t sb_sql_insert_id(struct sb_ctx *ctx);

#endif
