/*
 * instance: the Mastodon instance of a stack, as it is wanted and as it runs. It is found among the
 * differences, by what its objects look like.
 */
#ifndef MOK_CLI_INSTANCE_H
#define MOK_CLI_INSTANCE_H

#include "cluster.h"

/* Annotation of the Job migrate-pre: the version that the upgrade came from. */
#define INSTANCE_UPGRADE_FROM "mok/upgrade-from"

/* The ConfigMap beside the instance that tells of its last upgrade. */
#define INSTANCE_RECORD "mastodon-upgrade"

struct instance {
	struct cluster cluster; /* id NULL: it is not known yet */
	const char *ns, *domain, *local_domain;
	const char *wanted, *running; /* versions; running NULL: it does not run yet */
};

/* False: the stack has none. s->changes must be there. */
bool instance_find(struct session *s, struct instance *out);
/* "/Pod/NS", "batch/Job/NS": what the cluster has of it, whoever made it. */
int instance_list(const struct instance *i, const char *group_kind, struct cluster_objects *out,
	struct mok_err *err) MOK_MUST_CHECK;
/* Where the cluster's API gives what a pod's exporter tells: a path for cluster_text. */
const char *instance_metrics_path(const struct instance *i, const char *pod);
/* The tier of what a change wants; MOK_TIER_NONE: not the instance's. */
enum mok_tier instance_tier(const struct mok_change *c);
bool instance_is_tier(enum mok_tier tier); /* one that has pods */
bool instance_is_of(const struct mok_object *o, const char *component);
bool instance_is_record(const struct mok_object *o, const char *ns); /* INSTANCE_RECORD */
/* A label of the live object; "" if it has none. */
const char *instance_label(const struct mok_object *o, const char *name);

#endif
