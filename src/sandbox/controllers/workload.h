/* workload: what Deployments, StatefulSets and DaemonSets have in common. */
#ifndef MOK_SANDBOX_WORKLOAD_H
#define MOK_SANDBOX_WORKLOAD_H

#include "pods.h"

/* len letters that stand for a template, as names of ReplicaSets and revisions end with. */
const char *sb_template_hash(struct sb_kube *k, const cJSON *template, size_t len);
/* 3, "25%" of total rounded up or down; absent: fallback, as text. */
int64_t sb_share(const cJSON *value, const char *fallback, int64_t total, bool up);
const char *sb_annotation(const cJSON *object, const char *name); /* "" if absent */
int64_t sb_annotation_int(const cJSON *object, const char *name);

/* Revisions of StatefulSets and DaemonSets: ControllerRevisions named after the owner and the
 * template's hash. Makes the newest if need be, drops those beyond revisionHistoryLimit that no
 * pod has. Its name. */
const char *sb_revision(
	struct sb_kube *k, const cJSON *owner, const char *hash, const struct sb_ctl_objects *pods);

#endif
