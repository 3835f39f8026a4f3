/*
 * instance: the Mastodon that runs in the sandbox's clusters. Nothing of it is configured here: it
 * is derived from the objects of the clusters and from the cloud, and breaks where they are wrong.
 *
 * state.c     what is known, until something changes       derive.c    namespaces into instances
 * objects.c   reading clusters                             env.c       a container's environment
 * pods.c      pods into processes                          links.c     databases and Valkey
 * gateway.c   Gateways, routes, certificates               program.c   what their processes do
 * handle.c    one request to the gateway                   web.c       one request to a web pod
 * params.c    its parameters                               visit.c     answers, tokens, limits
 * about.c     instance, nodeinfo, webfinger, pages         oauth.c     apps and tokens
 * sign_in.c   sessions, consent                            statuses.c  posts and timelines
 * entities.c  JSON of accounts, apps, statuses             tables.c    what databases hold
 * around.c    names, queues, media                         proxy.c     metrics, through the API
 * vitals.c    a look into database and queues              accounts.c  accounts, and empty lists
 * streaming.c one request to the streaming server
 *
 * From Mastodon's documentation and behaviour, versions 4.5 and later. It is no Mastodon: nothing
 * federates, and posts have neither media nor polls.
 */
#ifndef MOK_SANDBOX_INSTANCE_H
#define MOK_SANDBOX_INSTANCE_H

#include "database.h"
#include "fields.h"
#include "kube_store.h"
#include "kubernetes.h"
#include "pods.h"

/* ---- what is derived: lives until something changes ---- */

enum si_app {
	SI_OTHER = 0, /* nothing of Mastodon's */
	SI_WEB,
	SI_STREAMING,
	SI_SIDEKIQ,
};

/* What a process reads from its environment about the site. */
struct si_site {
	const char *local_domain, *web_domain, *alternate_domains, *streaming_url, *vapid_key;
	bool limited_federation, single_user, no_anonymous_api;
};

/* A way to a database or a Valkey. */
struct si_link {
	const char *why;  /* it is none; NULL: it works */
	const char *key;  /* of the database, as tables have it; NULL: none */
	const char *pool; /* what its connections are taken from, and how many there are */
	int64_t room;
};

/* One pod. The reasons are NULL while all is well, and hold no secrets. */
struct si_pod {
	const char *name, *version;
	enum si_app app;
	bool ready;
	const cJSON *labels, *ports; /* only while deriving */
	const char *boots_not;       /* its process ends at once */
	const char *broken;          /* whatever needs the database or Valkey fails */
	const char *stale;           /* whatever needs what migrations change fails */
	const char *no_push;         /* web push fails */
	const char *no_media;        /* uploads fail */
	struct si_site site;
	struct si_link link;
	int64_t workers, threads;
	int64_t refused_ppm; /* of a million requests so many get no connection */
	const char *queues;  /* of Sidekiq: " default push " */
	struct sb_fault_object names[SB_POD_NAMES]; /* by which faults meet it */
	size_t nnames;
};

/* One rule of an HTTPRoute or Ingress. */
struct si_route {
	const char *host; /* "*.x" matches below x, "" every host */
	const char *path;
	bool exact;
	const char *dead;   /* why nothing listens for it */
	const char *no_tls; /* why its certificate cannot be shown */
	int redirect;       /* 301, 302: to redirect_host, or the same host; 0: to the service */
	const char *redirect_host;
	bool any_origin; /* it adds Access-Control-Allow-Origin: * */
	const char *service;
	MOK_VEC(const struct si_pod *) pods; /* ready ones behind it, by name */
};

struct si_instance {
	const char *cluster, *ns;
	const char *domain; /* where it is reached: its web domain */
	bool envoy;         /* the gateway is Cilium's */
	MOK_VEC(struct si_pod *) pods;
	MOK_VEC(struct si_route *) routes;
	int64_t capacity;               /* requests that are served at one time */
	int64_t web_pods, streaming;    /* ready ones */
	const char *version;            /* of the first ready web pod, or NULL */
	MOK_VEC(const char *) troubles; /* around it */
};

struct si_state {
	struct mok_arena *arena;
	MOK_VEC(struct si_instance *) instances;
	int64_t derived_ms, changes;
	uint64_t served; /* requests, which are spread over pods */
};

/* state.c: brought up to date. What it writes is committed, whatever the answer will be. */
struct si_state *si_state_now(struct sb_ctx *ctx);

/* ---- deriving ---- */

struct si_world {
	struct sb_ctx *ctx;
	struct sb_kube kube;
	struct mok_apiserver_store store;
	const struct sb_doc *cluster;
	struct mok_arena *arena; /* of what is derived; objects go with the request */
};

struct si_list {
	MOK_VEC(const cJSON *) objects;
};

void si_world_init(struct si_world *w, struct sb_ctx *ctx, const struct sb_doc *cluster,
	struct mok_arena *arena);
/* ns NULL: of all namespaces. */
struct si_list si_objects(const struct si_world *w, const char *resource, const char *ns);
const cJSON *si_object(
	const struct si_world *w, const char *resource, const char *ns, const char *name);
const char *si_meta(const cJSON *object, const char *name);  /* metadata.NAME, or "" */
const char *si_label(const cJSON *object, const char *name); /* or "" */
/* Has its status that condition, and is it true? */
bool si_condition(const cJSON *object, const char *type);

/* A container of a pod's spec, as its process sees the world. */
struct si_container {
	const struct si_world *w;
	const char *ns;
	const cJSON *spec; /* of the pod */
	const cJSON *container;
	const char *command; /* command and args, each after a blank */
	struct mok_map *env;
	const char *missing; /* an object that it takes its environment from, or NULL */
};
void si_container_read(struct si_container *c, const struct si_world *w, const char *ns,
	const cJSON *spec, const cJSON *container);
const char *si_env(const struct si_container *c, const char *name); /* NULL: unset or empty */
bool si_env_is(const struct si_container *c, const char *name, const char *value);
/* What the file at `path` holds; NULL: there is none, "": an init container writes it. */
const char *si_file(const struct si_container *c, const char *path);
/* The version in an image's tag ("4.7.6"), or "" if it has none. */
const char *si_image_version(struct mok_arena *arena, const char *image);
enum si_app si_app_of(const struct si_container *c);

/* "4.7.6" against "4.6.1" by their first two numbers: < 0, 0, > 0. */
int si_minor_cmp(const char *a, const char *b);

enum {
	SI_CONNECTIONS_PER_GIB = 25, /* that a GiB of memory is good for */
	SI_CONNECTIONS_RESERVED = 3,
};
struct si_link si_database_link(const struct si_container *c);
const char *si_redis_why(const struct si_container *c); /* NULL: all are reached */
/* Is this name and password one of the database's? */
bool si_database_user(
	struct sb_ctx *ctx, const struct sb_doc *database, const char *user, const char *password);
const struct sb_doc *si_database_of_host(struct sb_ctx *ctx, const char *host, bool *is_private);

const char *si_boot_why(const struct si_container *c); /* NULL: Rails would start */
struct si_pod *si_pod_read(const struct si_world *w, const cJSON *pod);
/* Who waits for connections that are not there. */
void si_pods_share(struct si_instance *instance);
void si_routes_read(const struct si_world *w, struct si_instance *instance);
const char *si_media_why(const struct si_container *c); /* NULL: uploads have a place */
void si_look_around(const struct si_world *w, struct si_instance *instance);
void si_derive_cluster(struct si_state *state, const struct si_world *w);

extern const char *const si_queues[]; /* Sidekiq's; NULL after the last */
/* vitals.c: a line of JSON, as the Job prints it that looks into the database and the queues. */
const char *si_vitals(const struct si_container *c, const char *db);

/* ---- tables.c: what databases hold. `db` is a link's key ---- */

struct si_schema_version {
	const char *pre, *post; /* migrated to; "" if never */
};
/* What databases held that are there no more goes, digests of passwords included. */
void si_tables_sweep(struct sb_ctx *ctx);
struct si_schema_version si_schema_of(struct sb_ctx *ctx, const char *db);
void si_schema_set(struct sb_ctx *ctx, const char *db, const struct si_schema_version *to);

struct si_account {
	int64_t id, created_ms; /* id 0: there is none */
	const char *username, *email;
};
void si_account_add(
	struct sb_ctx *ctx, const char *db, const struct si_account *account, const char *password);
struct si_account si_account_by_id(struct sb_ctx *ctx, const char *db, int64_t id);
struct si_account si_account_by_name(struct sb_ctx *ctx, const char *db, const char *username);
/* By address and password; id 0: one of them is wrong. */
struct si_account si_account_login(
	struct sb_ctx *ctx, const char *db, const char *email, const char *password);
struct si_account si_account_first(struct sb_ctx *ctx, const char *db);
int64_t si_snowflake(struct sb_ctx *ctx);
/* Passwords, tokens and codes are kept as digests. */
const char *si_digest(struct sb_ctx *ctx, const char *salt, const char *secret);

/* ---- one request to a web pod ---- */

enum si_need {
	SI_NOTHING = 0, /* not even the database */
	SI_DATABASE,
	SI_TABLES, /* tables that migrations change */
};

struct si_visit {
	struct sb_ctx *ctx;
	struct si_instance *instance;
	const struct si_pod *pod;
	const char *db;
	const char *host; /* that was asked for, without a port */
	const char *base; /* "https://social.example", whatever was asked for */
	const char *params[SB_PARAMS_MAX];
	cJSON *in;          /* query and body as one object */
	int64_t account_id; /* of the token; 0: an application's own, or none */
	int64_t app_id;     /* of the token; 0: no token */
	const char *scopes;
	const cJSON *shown; /* the account that was last made into JSON, or NULL */
};

struct si_page {
	const char *method, *path; /* "{id}" matches one segment */
	enum si_need need;
	void (*answer)(struct si_visit *v);
	const char *scope; /* an authorised user's; NULL: open to all */
};

void si_web(struct si_visit *v);
void si_streaming(struct si_visit *v);

/* params.c: NULL: a body that cannot be read. */
cJSON *si_params(struct sb_ctx *ctx);
const char *si_param(const struct si_visit *v, const char *name); /* NULL: absent or empty */
bool si_param_true(const struct si_visit *v, const char *name);

/* visit.c */
void si_json(struct si_visit *v, int status, cJSON *json);
void si_error(struct si_visit *v, int status, const char *error);
void si_text(struct si_visit *v, int status, const char *text);
void si_html(struct si_visit *v, int status, const char *title, const char *body);
void si_redirect(struct si_visit *v, int status, const char *to);
/* Says why in a header, for people. */
void si_reason(struct sb_ctx *ctx, const char *why);
void si_failed(struct si_visit *v, const char *why); /* 500 */
const char *si_escape(struct sb_ctx *ctx, const char *text);
const char *si_time(struct sb_ctx *ctx, int64_t ms);       /* with milliseconds */
const char *si_bearer(struct sb_ctx *ctx);                 /* the token in its header; NULL: none */
bool si_token_find(struct si_visit *v, const char *token); /* false: it is none */
const char *si_bearer(struct sb_ctx *ctx);                 /* the token in its header; NULL: none */
bool si_token_find(struct si_visit *v, const char *token); /* false: it is none */
/* Reads the token. False: it was wrong, and it has answered. */
bool si_token_read(struct si_visit *v);
bool si_scope_covers(const char *scopes, const char *wanted);
/* The same of each of `wanted`. */
bool si_scopes_within(struct sb_ctx *ctx, const char *wanted, const char *scopes);
void si_limits(struct si_visit *v);

/* entities.c */
cJSON *si_account_json(struct si_visit *v, const struct si_account *account);
cJSON *si_source_json(void); /* what only its owner sees */
const char *si_app_name(struct si_visit *v, int64_t app_id, const char **website);

extern const struct si_page si_about_pages[];
extern const struct si_page si_oauth_pages[];
extern const struct si_page si_sign_in_pages[];
extern const struct si_page si_status_pages[];
extern const struct si_page si_account_pages[];

/* statuses.c: the timeline of one account, as far as who asks may see it. */
void si_statuses_of(struct si_visit *v, int64_t account);

/* ---- gateway ---- */

/* Answers for `host` and the request's path; the instance is the host's. */
void si_gateway(
	struct sb_ctx *ctx, struct si_state *state, struct si_instance *instance, const char *host);

#endif
