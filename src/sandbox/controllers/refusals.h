/* refusals: what a cluster's API refuses beyond its own rules: by the fault file, by webhooks. */
#ifndef MOK_SANDBOX_REFUSALS_H
#define MOK_SANDBOX_REFUSALS_H

#include "core_internal.h"

struct sb_kube;

struct sb_kube_write {
	const char *method, *target;              /* method: as below */
	const char *group, *resource, *ns, *name; /* "apps", "deployments"; "": none */
	const cJSON *body;                        /* NULL: none, or neither JSON nor YAML */
};

/* False: no body has to be read to know that nobody minds. */
bool sb_kube_may_refuse(const struct sb_ctx *ctx, const char *target);
/* The Status to answer a request with, or NULL: nobody minds. method: APPLY for server-side apply.
 */
cJSON *sb_kube_refusal(
	struct sb_kube *k, const char *method, const char *target, const cJSON *body);

/* KEDA's, of ScaledObjects for what another autoscaler scales. */
cJSON *sb_keda_refusal(struct sb_kube *k, const struct sb_kube_write *write);

#endif
