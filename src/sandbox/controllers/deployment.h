/* deployment: its parts. deployment.c decides, deployment_status.c tells. */
#ifndef MOK_SANDBOX_DEPLOYMENT_H
#define MOK_SANDBOX_DEPLOYMENT_H

#include "workload.h"

#define SB_REVISION "deployment.kubernetes.io/revision"

struct deployment {
	struct sb_kube *k;
	const cJSON *object;
	struct sb_ctl_objects sets; /* its ReplicaSets, oldest revision first */
	const cJSON *newest;        /* the one of its template, or NULL */
	bool created;               /* ... was made just now */
	int64_t want, surge, down;  /* replicas, maxSurge, maxUnavailable */
};

static inline int64_t deployment_replicas(const cJSON *set)
{
	return mok_json_int(set, "spec.replicas", 0);
}

void deployment_tell_status(struct deployment *d);

#endif
