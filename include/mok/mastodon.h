/*
 * mastodon: the `mastodon:` block of a plan file. It stands for ordinary resources: one
 * kubernetes_manifest for each object of a Mastodon instance, helm_releases for what it needs in
 * the cluster, connection pools and records. They are added to the stack while the plan is loaded,
 * so that everything after that (graph, diff, engine) knows nothing of Mastodon. Pure.
 *
 * What the cloud tells (hosts, passwords, certificates) and what mok generates (keys) stands in the
 * manifests as expressions: ${db.private_connection.host}, ${secret.vapid_private_key}.
 * Dependencies and unknown values follow from that.
 */
#ifndef MOK_MASTODON_H
#define MOK_MASTODON_H

#include "mok/plan.h"

/* For mok_plan_options.expansion. */
const struct mok_expansion *mok_mastodon_expansion(void);

/* The block's fields, for the reference and the JSON Schema. */
const struct mok_field *mok_mastodon_fields(void);

/* The generated values, as they are asked for by ${secret.NAME} (struct mok_lookup.secret). Whoever
 * keeps them generates them once and gives the same ever after: secret_key_base 64 random bytes in
 * hexadecimal active_record_encryption_primary_key, active_record_encryption_deterministic_key,
 *   active_record_encryption_key_derivation_salt     32 characters of [A-Za-z0-9]
 *   vapid_private_key, vapid_public_key              P-256, URL-safe base64 with padding
 *   owner_password                                   of the first account */

/* The first variable that is decided once and differs between the data of a live ConfigMap or
 * Secret mastodon-web-* and of the wanted one; NULL: none. */
struct mok_frozen {
	const char *name, *setting, *why; /* setting: of the block; NULL: it is a secret */
};
const struct mok_frozen *mok_mastodon_frozen(
	const struct mok_val *live, const struct mok_val *want);

/* The manifest of a Job that is no part of the stack, made of the one of mastodon_db_prepare as it
 * is wanted now (evaluated: image, environment), or of the one that is said. Its name has the
 * version and a hash of the template; those of migrations stay, since they tell how far the schema
 * is, the others go a day after they ended. False: there is no such Job. Names, NULL after the
 * last:
 *
 *   migrate-pre     migrations that the old version lives with: before the pods are rolled
 *   migrate-post    the others: after the last old pod is gone
 *   preflight       prints struct mok_vitals
 *   search-deploy, feeds-build, cache-clear
 *   pg-dump         a dump of the database, of mastodon_pg_dump
 *   assets-copy     the assets of the wanted version, of mastodon_assets_copy */
bool mok_mastodon_job(
	struct mok_arena *arena, const struct mok_val *from, const char *name, struct mok_val *out);
const char *mok_mastodon_job_at(size_t i);
/* The component (app.kubernetes.io/component) of the Job or CronJob that it is made of. */
const char *mok_mastodon_job_source(const char *name);

/* What such a Job is made of when it is to run in what is there rather than in what is wanted: all
 * of it but asked_at may be NULL, which leaves what is wanted. */
struct mok_running {
	const char *image, *version;
	const char *config, *secret, *authorities; /* names of ConfigMap, Secret, ConfigMap */
	const char *asked_at; /* makes it another Job than any before; NULL: it may be the same */
};
struct mok_val mok_mastodon_prepare_of(
	struct mok_arena *arena, const struct mok_val *prepare, const struct mok_running *running);

/* The DaemonSet that has each node fetch the images of those Deployments. False: they have none. */
bool mok_mastodon_pre_pull(struct mok_arena *arena, const struct mok_val *const *deployments,
	size_t count, struct mok_val *out);

/* ---- what is there ---- */

enum mok_role {
	MOK_ROLE_OTHER = 0,
	MOK_ROLE_CLUSTER,
	MOK_ROLE_NODES,
	MOK_ROLE_DATABASE,
	MOK_ROLE_OBJECT
};
enum mok_role mok_role_of(const struct mok_kind *kind);

/* Whose object it is, wanted or live, by its labels. */
enum mok_tier {
	MOK_TIER_NONE = 0, /* none of the instance's */
	MOK_TIER_CONFIG,   /* what pods read */
	MOK_TIER_SIDEKIQ,  /* but for the scheduler */
	MOK_TIER_SCHEDULER,
	MOK_TIER_WEB,
	MOK_TIER_STREAMING,
	MOK_TIER_JOB, /* what runs once */
	MOK_TIER_REST,
};
enum mok_tier mok_mastodon_tier(const struct mok_val *object);
/* Mastodon's version in a Deployment, Job or Pod: its image's tag, or else its label. NULL: neither
 * says. */
const char *mok_mastodon_version(struct mok_arena *arena, const struct mok_val *object);

/* ---- versions ---- */

struct mok_release {
	const char *minor, *newest;      /* "4.7", "4.7.6" */
	int postgres, redis, kubernetes; /* least; Kubernetes': the minor of 1.x */
	const char *notes;               /* what to know before upgrading to it; or NULL */
};
const struct mok_release *mok_mastodon_release(const char *version); /* NULL: not known */
/* "4.7" is its newest, as far as this mok knows; anything else is itself. */
const char *mok_mastodon_resolve(const char *version);
/* Is `version` one of those that `written` ("4.7", "4.7.6") may mean? */
bool mok_mastodon_stands_for(const char *written, const char *version);
int mok_mastodon_compare(const char *a, const char *b); /* -1, 0, 1 */
/* May a running `from` be upgraded to `to`? -1: MOK_ERR_REFUSED, and what to do instead. */
int mok_mastodon_may_follow(const char *from, const char *to, struct mok_err *err) MOK_MUST_CHECK;
/* The block's version as the plan says it; NULL: there is no block, or it says none. */
const char *mok_mastodon_written(struct mok_arena *arena, const struct mok_stack *stack);
bool mok_mastodon_switch(struct mok_arena *arena, const struct mok_stack *stack, const char *path);
/* A text of the block ("owner.username"), evaluated; NULL: it is not set, or not known. */
const char *mok_mastodon_setting(
	struct mok_arena *arena, const struct mok_stack *stack, const char *path);

/* Of Sidekiq's metrics, in Prometheus' text format: what waits, and for how long. */
struct mok_queue {
	const char *name;
	int64_t waiting, latency_ms; /* -1: not told */
};
struct mok_queues {
	MOK_VEC(struct mok_queue) list;
};
void mok_mastodon_queues(struct mok_arena *arena, const char *metrics, struct mok_queues *out);

/* Of a web pod's metrics: the requests that wait in its Puma for a thread, and its threads. Puma
 * tells them all half a minute, and for no longer:
 * https://github.com/discourse/prometheus_exporter, puma_collector.rb */
struct mok_puma {
	int64_t waiting, threads; /* -1: not told */
};
struct mok_puma mok_mastodon_puma(struct mok_arena *arena, const char *metrics);

/* ---- vital signs: what the Job "preflight" prints ---- */

#define MOK_VITALS_MARK "mok-vitals "
struct mok_vitals {
	int64_t database_bytes; /* of all databases that its user may see; without the WAL */
	int64_t max_connections, reserved_connections, used_connections;
	int64_t dead, retries;      /* jobs of Sidekiq */
	const char *schema_version; /* of the newest migration that ran */
	MOK_VEC(const char *) invalid_indexes;
	struct mok_queues queues;
	const char *json; /* all of it, as it was printed */
};
/* The last such line of a log, or of what was noted of one. False: there is none that is whole. */
bool mok_mastodon_vitals(struct mok_arena *arena, const char *log, struct mok_vitals *out);
/* The queue that waits for longest; NULL: no queue has anything. */
const struct mok_queue *mok_mastodon_slowest(const struct mok_vitals *vitals);

/* ---- manifests as files ---- */

/* Where an object belongs in the order in which things must exist. */
enum mok_wave {
	MOK_WAVE_ADDONS = 0, /* namespaces, definitions, classes */
	MOK_WAVE_CONFIG,     /* configuration, secrets, accounts, policies */
	MOK_WAVE_GRANTS,     /* rights in the database */
	MOK_WAVE_PREPARE,    /* the database's schema */
	MOK_WAVE_WORKLOADS,
	MOK_WAVE_ROUTES,
	MOK_WAVE_COUNT,
};
const char *mok_wave_name(enum mok_wave wave); /* "00-addons" */
/* `manifest`: evaluated. */
enum mok_wave mok_manifest_wave(const struct mok_val *manifest);

/* The same for Argo CD: one folder for each Application that reads one, "applications" for these
 * themselves, and folders in "mastodon" for the instance's waves. */
const char *mok_argocd_folder(const struct mok_val *manifest);
const char *mok_argocd_folder_at(size_t i); /* in order; NULL after the last */

#endif
