/*
 * catalogue: what the sandbox's cloud offers: regions, Droplet sizes, Kubernetes versions, database
 * engines. Constant tables with DigitalOcean's own slugs.
 *
 * Sources: the examples in DigitalOcean's OpenAPI description (7c1300c, 2026-08-07) and its public
 * pricing pages. Not in any API, and therefore only plausible here: the storage range of a database
 * size, and which size is sold in which region (here: all, but for a few).
 */
#ifndef MOK_SANDBOX_CATALOGUE_H
#define MOK_SANDBOX_CATALOGUE_H

#include "mok/base.h"

struct sb_region {
	const char *slug, *name;
	bool available; /* for new Droplets */
	bool doks;      /* listed by /v2/kubernetes/options */
	bool databases; /* listed by /v2/databases/options */
};

struct sb_size {
	const char *slug, *description;
	int memory_mb, vcpus, disk_gb, transfer_tb;
	int price_cents;           /* a month; an hour is a 672th of it */
	bool doks;                 /* may be a worker of DOKS */
	const char *not_in_region; /* one region slug where it is not sold, or NULL */
};

struct sb_k8s_version {
	const char *slug; /* "1.36.0-do.0" */
	int minor, patch; /* of 1.minor.patch */
	int revision;     /* the N of -do.N */
};

struct sb_db_version {
	const char *version, *semantic;
	const char *end_of_life, *end_of_availability; /* RFC 3339, or NULL */
};

struct sb_db_layout {
	int num_nodes;
	const char *sizes; /* slugs, separated by one space */
};

struct sb_db_engine {
	const char *slug;
	const char *scheme;          /* of connection URIs */
	const char *default_version; /* NULL: none listed */
	const struct sb_db_version *versions;
	size_t nversions;
	const struct sb_db_layout *layouts;
	size_t nlayouts;
	const char *not_in_region; /* one region slug, or NULL */
	bool closed;               /* no new clusters (redis since 2025-04-30) */
	bool has_dbs, has_users, has_pools, has_replicas, has_backups, has_storage;
};

/* NULL when there is no such thing. */
const struct sb_region *sb_region_find(const char *slug);
const struct sb_size *sb_size_find(const char *slug);
const struct sb_db_engine *sb_db_engine_find(const char *slug);
const struct sb_db_version *sb_db_version_find(
	const struct sb_db_engine *engine, const char *version);

bool sb_size_in_region(const struct sb_size *size, const char *region);

/* A full slug, a minor ("1.35"), a patch ("1.35.1") or "latest": the newest that fits, or NULL. */
const struct sb_k8s_version *sb_k8s_version_resolve(const char *wanted);

/* Newest first. */
const struct sb_k8s_version *sb_k8s_versions(size_t *count);
const struct sb_region *sb_regions(size_t *count);
const struct sb_size *sb_sizes(size_t *count);
const struct sb_db_engine *sb_db_engines(size_t *count);

/* What `from` may be upgraded to, as /upgrades lists it: every newer patch of its minor, or, when
 * it has the newest patch, all patches of the next minor. Newest first. */
bool sb_k8s_version_upgradable(const struct sb_k8s_version *from, const struct sb_k8s_version *to);

/* Does the engine offer this many nodes of this size? `nodes_known` tells whether the count exists
 * at all, for the error message. */
bool sb_db_layout_fits(
	const struct sb_db_engine *engine, int num_nodes, const char *size, bool *nodes_known);

/* Of a database size slug: memory per node in GiB (0: unknown slug) and the storage that comes with
 * it and the most that can be had, in MiB. */
int sb_db_size_memory_gib(const char *slug);
void sb_db_size_storage_mib(const char *slug, int64_t *base, int64_t *most);

/* As /v2/kubernetes/options and /upgrades list it. */
cJSON *sb_k8s_version_view(const struct sb_k8s_version *version);

/* The certificate authority of every database and Kubernetes cluster, PEM. */
extern const char sb_ca_pem[];

#endif
