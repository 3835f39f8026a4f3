/*
 * mastodon's own. Settings are read twice: as evaluated (`is`: for decisions and arithmetic; what
 * only the account knows is unknown) and as written (`written`: what goes into manifests, so that
 * expressions stay expressions).
 */
#ifndef MOK_MASTODON_INTERNAL_H
#define MOK_MASTODON_INTERNAL_H

#include "mok/mastodon.h"

#define GROUPS_MAX 32

enum tier {
	TIER_WEB = 1 << 0,
	TIER_SIDEKIQ = 1 << 1,
	TIER_JOBS = 1 << 2,
	TIER_STREAMING = 1 << 3,
};
#define TIER_RUBY (TIER_WEB | TIER_SIDEKIQ | TIER_JOBS)
#define TIER_ALL (TIER_RUBY | TIER_STREAMING)

struct group {
	const char *name;
	const struct mok_val *is; /* its settings, evaluated */
	const char *path;         /* "sidekiq.NAME" */
	int64_t min, max, concurrency;
	bool is_scheduler; /* serves the queue of that name */
};

/* What the block refers to in `resources:`; NULL: there is none. */
struct parts {
	const struct mok_resource *cluster, *database, *database_name, *database_user, *redis;
	const struct mok_resource *cache_redis, *sidekiq_redis, *storage, *storage_key, *cdn, *zone;
	const struct mok_resource *search, *replica;
	const struct mok_resource *backup_storage, *backup_key;
	const struct mok_resource *assets_storage, *assets_key;
};

struct masto {
	struct mok_arena *arena;
	const struct mok_stack *stack;
	struct mok_diags *diags;
	struct mok_val *blocks; /* what comes out */
	struct mok_map *fields; /* what is known of resources: struct mok_val by address */
	struct mok_mark at;     /* of the block's key */
	const struct mok_val *written;
	struct mok_val is;
	struct parts parts;
	struct group groups[GROUPS_MAX];
	size_t ngroups;
	const char *ns, *version;
	const char *pools[3]; /* expressions' roots of the pools web, sidekiq, streaming */
	bool has_helm;        /* the kind helm_release exists */
	bool argocd;          /* gitops.manage: argocd */
	bool ours;            /* ... but what is added now is mok's */
	struct mok_val sources, namespaces; /* of charts that Argo CD installs: lists of texts */
	uint64_t patched;                   /* which patches met an object */
};

/* ---- settings.c ---- */

/* Evaluates the block and finds the resources; false: nothing can be made of it. */
bool masto_settings(struct masto *m);
int64_t masto_int(const struct masto *m, const char *path, int64_t fallback);
bool masto_bool(const struct masto *m, const char *path, bool fallback);
/* The evaluated text, or the fallback when absent or unknown. */
const char *masto_str(const struct masto *m, const char *path, const char *fallback);
bool masto_has(const struct masto *m, const char *path);
/* The text for a manifest, expressions inside, or NULL: it is not set. */
const char *masto_text(const struct masto *m, const char *path);
/* The same, or the default that the field says. */
const char *masto_given(const struct masto *m, const char *path);
int64_t masto_given_int(const struct masto *m, const char *path);
struct mok_mark masto_mark(const struct masto *m, const char *path);
/* The fields of a resource as far as they are known offline. */
struct mok_val masto_fields_of(const struct masto *m, const struct mok_resource *r);
/* WEB_DOMAIN, or LOCAL_DOMAIN where there is none: as text for a manifest. */
const char *masto_web_domain(const struct masto *m);
/* Is version at least major.minor? */
bool masto_at_least(const struct masto *m, int major, int minor);

/* ---- build.c ---- */

/* A base manifest of manifests/, shared by all who build on it. */
struct mok_val masto_base(const char *name);
struct mok_val masto_format(struct masto *m, const char *fmt, ...) MOK_PRINTF(2, 3);
/* An expression that is always a text, whatever the values in it are. */
struct mok_val masto_expr(struct masto *m, const char *fmt, ...) MOK_PRINTF(2, 3);
/* Sets what is at a path ("spec.template.spec.containers.0.image"), making maps on the way. */
void masto_put(struct masto *m, struct mok_val *root, const char *path, struct mok_val v);
void masto_put_text(struct masto *m, struct mok_val *root, const char *path, const char *text);
void masto_drop(struct masto *m, struct mok_val *root, const char *path);
/* A copy without one key, or one item. */
struct mok_val masto_without(struct mok_arena *arena, const struct mok_val *v, const char *name);
/* Appends to the list at a path, making it if it is not there. */
void masto_push(struct masto *m, struct mok_val *root, const char *path, struct mok_val v);

struct masto_object {
	const char *address;
	const char *component;    /* app.kubernetes.io/component, or NULL */
	bool hashed;              /* name_suffix: hash */
	bool cluster_scoped;      /* no namespace */
	bool once;                /* made once, never changed: ignore_changes */
	bool no_wait;             /* apply does not wait for it */
	bool takes_over;          /* from whoever owns its fields: force_conflicts */
	bool stays;               /* when it leaves the plan: retain */
	const char *fills;        /* address of what it puts the first data into, or NULL */
	const char *const *needs; /* addresses, NULL at the end; or NULL */
};
/* As the API server writes it: of 2048 Mi, 2Gi. Argo CD applies it so, and other words for the same
 * would be a conflict. */
struct mok_val masto_quantity(
	struct masto *m, int64_t n, int64_t many, const char *unit, const char *next);
/* Labels, namespace, patches; then a resource of its own. */
void masto_add(struct masto *m, const struct masto_object *object, struct mok_val manifest);
/* Another resource: `block` has all but depends_on. */
void masto_add_block(
	struct masto *m, const char *address, struct mok_val block, const char *const *needs);
bool masto_has_block(const struct masto *m, const char *address);

/* ---- parts of the expansion ---- */

void masto_config(struct masto *m); /* config.c: namespace, ConfigMaps, Secrets */
/* env.c: fills in what one tier's environment is. */
void masto_env(struct masto *m, enum tier tier, struct mok_val *plain, struct mok_val *secret);
/* env.c: one variable of a tier, as text for a manifest; NULL: it is not set. */
const char *masto_variable(struct masto *m, enum tier tier, const char *name);
void masto_workloads(struct masto *m); /* workloads.c */
void masto_jobs(struct masto *m);      /* jobs.c */
/* jobs.c: texts as a list; NULL at the end. */
struct mok_val masto_list_of(struct masto *m, const char *const *texts);
/* jobs.c: labels of a Job's pods. */
struct mok_val masto_pod_labels(struct masto *m, const char *component);
/* jobs.c: a Secret of its own: keys and values, NULL at the end. */
void masto_add_secret(
	struct masto *m, const char *address, const char *name, const char *const *pairs);
void masto_assets(struct masto *m); /* assets.c */
/* backup.c: "|pg-dump|media-sync": those that run every day. */
const char *masto_daily_copies(struct masto *m);
void masto_backup(struct masto *m);                  /* backup.c: copies elsewhere */
extern const struct mok_field masto_backup_fields[]; /* schema_backup.c */
extern const struct mok_field masto_keda_fields[];   /* schema_keda.c */
void masto_network(struct masto *m);                 /* network.c: services, policies */
void masto_routes(struct masto *m); /* routes.c: gateway, routes, certificate, records */
const char *masto_challenge(const struct masto *m); /* routes.c: "dns01" or "http01" */
/* routes.c: annotations of the Service that makes the load balancer. */
struct mok_val masto_load_balancer(struct masto *m);
void masto_addons(struct masto *m);      /* addons.c */
void masto_observe(struct masto *m);     /* observe.c */
void masto_pools(struct masto *m);       /* pools.c: connection pools, and their arithmetic */
void masto_checks(struct masto *m);      /* checks.c */
void masto_check_nodes(struct masto *m); /* nodes.c */
void masto_check_names(struct masto *m); /* names.c */
/* argocd.c: is it Argo CD's to write? Then it gets its wave. */
bool masto_hand_over(struct masto *m, struct mok_val *manifest);
/* The address of the release that is Argo CD: the plan's own, or the block's. */
const char *masto_argo_cd(const struct masto *m);
#define ARGO_CD "mastodon_argo_cd"
void masto_argocd(struct masto *m); /* the Applications, after all that they hold */
struct masto_chart {
	const char *address, *chart, *repository, *version, *ns;
	struct mok_val values;
};
void masto_chart_application(struct masto *m, const struct masto_chart *chart);
/* patches.c: applies the plan's patches to one manifest. */
void masto_patch(struct masto *m, struct mok_val *manifest);

/* pod.c: what every pod of ours has. */
struct masto_pod {
	const char *path;     /* of the pod's spec in its manifest */
	const char *tier;     /* "web": names its ConfigMap and Secret; NULL: none */
	const char *settings; /* "web", "sidekiq.push": node_pool and resources are there */
	bool ruby;
};
void masto_pod(struct masto *m, struct mok_val *manifest, const struct masto_pod *pod);
const char *masto_image(struct masto *m, bool streaming);
/* An image that a setting names ("images.rclone"), by tag, and by digest where the plan says so. */
const char *masto_image_of(struct masto *m, const char *path, const char *tag);
int64_t masto_web_threads(const struct masto *m); /* of one pod */
void masto_check_patches(struct masto *m);        /* checks.c: each met something */

/* scaling.c: who changes how many pods a workload has. */
struct masto_scaled {
	const char *component, *address;
	int64_t min, max;
	const struct group *group; /* or NULL */
};
void masto_add_scaler(struct masto *m, const struct masto_scaled *s);
const char *masto_prometheus_url(const struct masto *m); /* NULL: there is none */

/* eck.c: search by Elastic's operator. */
bool masto_searches(const struct masto *m, const char *how); /* "elasticsearch", "eck" */
void masto_eck(struct masto *m);
const char *masto_eck_host(struct masto *m);
const char *masto_eck_authority(void); /* a file in the pods */
/* The password, and that file, for the first container of the pod at a path. */
void masto_eck_pod(struct masto *m, struct mok_val *manifest, const char *path);

/* rclone.c: a bucket as rclone's variables describe it; texts for a manifest. */
struct masto_remote {
	const char *name; /* in capitals; in small ones it stands before the bucket's name */
	const char *provider, *endpoint, *access_key, *secret_key;
	const char *region, *acl; /* or NULL; NULL is private */
};
const char *masto_rclone_image(struct masto *m);
struct masto_remote masto_remote_of(struct masto *m, const char *name,
	const struct mok_resource *bucket, const struct mok_resource *key);
/* As a Secret. */
void masto_add_remote(
	struct masto *m, const struct masto_remote *r, const char *address, const char *name);

/* workloads.c: what a pod asks for, by its threads or as the plan says. */
struct masto_request {
	const char *settings; /* "web", "sidekiq.push" */
	int64_t millicpu, mib, limit_mib;
};
void masto_web_request(struct masto *m, struct masto_request *out);
void masto_streaming_request(struct masto *m, struct masto_request *out);
void masto_group_request(struct masto *m, const struct group *g, struct masto_request *out);

#endif
