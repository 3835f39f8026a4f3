/* Helm releases: what the kind, its Jobs and the reader of Helm's records share. */
#ifndef MOK_KINDS_HELM_H
#define MOK_KINDS_HELM_H

#include "mok/errand.h"
#include "mok/helm.h"

/* ---- helm_job.c ---- */

extern const struct mok_errands mok_helm_errands;

/* ---- helm_same.c: is a release what is wanted? ---- */

/* A release's version, whether it is written with a "v" or without. */
bool mok_helm_same_version(const char *a, const char *b);
/* "oci://host/charts/cert-manager", ".../cert-manager-1.2.3.tgz" and "cert-manager" alike. */
const char *mok_helm_chart_name(struct mok_arena *arena, const char *chart);
/* Of the repository that a chart comes from: 16 digits. Helm does not record it, a label does. */
const char *mok_helm_source(struct mok_arena *arena, const char *repository, const char *chart);
/* A release that was adopted does not tell: it may be from anywhere. */
bool mok_helm_is_from(const struct mok_object *have, const char *repository, const char *chart);
bool mok_helm_is_chart(const struct mok_object *have, const char *chart);
/* Both as Helm keeps them: null is as good as absent. */
bool mok_helm_same_values(const struct mok_val *want, const struct mok_val *have);
bool mok_helm_is_done(const struct mok_val *want, const struct mok_object *have);

/* ---- helm_charts.c: charts whose definitions are known ---- */

/* Calls `each` for every kind that the chart brings with these values. */
void mok_helm_brings(const char *chart, const struct mok_val *values,
	void (*each)(void *ctx, const char *group, const char *kind, const char *plural),
	void *ctx);

#endif
