/*
 * helm: what the Helm 4 command line does in a cluster, for pods whose container is Helm.
 *
 * helm.c          a run: what it waits for, how it ends   helm_steps.c   how commands begin
 * helm_args.c     the command line              helm_chart.c   charts that are known, rendered
 * helm_crd.c      small CustomResourceDefinitions               helm_record.c  release records
 * helm_objects.c  objects of a release: applied, compared, awaited, deleted
 */
#ifndef MOK_SANDBOX_HELM_H
#define MOK_SANDBOX_HELM_H

#include "controller.h"

/* ---- the command line ---- */

struct helm_args {
	const char *command, *name, *chart; /* "install", "upgrade", "rollback", "uninstall" */
	const char *ns, *repo, *version, *description;
	MOK_VEC(const char *) values; /* files */
	MOK_VEC(const char *) labels; /* "key=value" */
	int64_t revision;             /* of a rollback; 0: the one before */
	int64_t timeout_ms, history_max;
	bool install, create_namespace, wait, rollback_on_failure, skip_crds;
	bool ignore_not_found, keep_history, take_ownership, force_conflicts;
};

/* args: the container's. NULL, or what Helm says is wrong (without "Error: "). */
const char *helm_args_read(struct mok_arena *arena, const cJSON *args, struct helm_args *out);

/* ---- charts ---- */

struct helm_chart {
	const char *name, *version, *app_version;
	const cJSON *about; /* what is known of it; NULL: a chart of which nothing is known */
	cJSON *values;      /* what was given */
};

struct helm_release {
	const char *name, *ns;
	int64_t revision;
};

/* What is known of a chart by that name in that repository ("" with an oci:// reference as name);
 * NULL: nothing. Owned by the request. */
const cJSON *helm_chart_about(struct sb_ctx *ctx, const char *repo, const char *chart);
/* The chart's objects for a release, in the order in which they are made; yours. */
cJSON *helm_chart_objects(
	struct sb_ctx *ctx, const struct helm_chart *chart, const struct helm_release *release);
/* CRDs that come before everything, are never changed and never removed; yours. */
cJSON *helm_chart_crds(struct sb_ctx *ctx, const struct helm_chart *chart);

/* A CustomResourceDefinition out of {group, version, kind, plural, scope, short, spec, ...}: see
 * helm_crd.c for the notation; yours. */
cJSON *helm_crd(const cJSON *notes);

/* ---- release records: Secrets, one a revision ---- */

struct helm_record {
	int64_t revision;
	const char *secret, *status;
	cJSON *release; /* as Helm keeps it */
	const cJSON *labels;
};
struct helm_records {
	struct helm_record *items;
	size_t len;
};

/* By revision, the oldest first. Those that cannot be read are left out. */
struct helm_records helm_records_of(struct sb_kube *k, const char *ns, const char *name);
/* What a Secret's data.release holds; NULL: it cannot be read. Owned by the request. */
cJSON *helm_record_decode(struct sb_ctx *ctx, const char *text);
const char *helm_record_encode(struct sb_ctx *ctx, const cJSON *release);
/* Writes the record of release.version; labels (NULL: none) are the user's own. False: no. */
bool helm_record_create(struct sb_kube *k, const cJSON *release, const cJSON *labels);
void helm_record_update(struct sb_kube *k, const struct helm_record *record);
void helm_record_delete(struct sb_kube *k, const char *ns, const struct helm_record *record);
/* Sets info.status and, where it is not NULL, info.description. */
void helm_record_say(struct helm_record *record, const char *status, const char *description);

/* ---- objects ---- */

/* Texts of one manifest after the other, and back (NULL: no YAML). Yours. */
char *helm_manifest_text(struct sb_ctx *ctx, const char *chart, const cJSON *objects);
cJSON *helm_manifest_read(const char *text);

/* Makes and changes what is in `objects`, then removes what is in `before` alone. NULL, or what
 * Helm says is wrong. */
const char *helm_objects_apply(struct sb_kube *k, const struct helm_release *release,
	const cJSON *before, const cJSON *objects, bool force);
/* Do objects exist that belong to something else? NULL: no. */
const char *helm_objects_foreign(
	struct sb_kube *k, const struct helm_release *release, const cJSON *objects);
/* Makes what does not exist, as it is. */
void helm_objects_crds(struct sb_kube *k, const cJSON *crds);
/* Deletes them, the newest first; those to be kept stay. Returns their names for the log, or "". */
const char *helm_objects_delete(struct sb_kube *k, const cJSON *objects);
/* NULL: all are as they should be. Else a line for each that is not. */
const char *helm_objects_unready(struct sb_kube *k, const cJSON *objects);
/* NULL: all are gone. */
const char *helm_objects_left(struct sb_kube *k, const cJSON *objects);

/* ---- documents ---- */

/* What a run has come to; by its pod's uid. */
#define HELM_RUN_KIND "helm_run"

#endif
