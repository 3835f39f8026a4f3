/* pods: what every workload does with its pods. */
#ifndef MOK_SANDBOX_PODS_H
#define MOK_SANDBOX_PODS_H

#include "controller.h"

#define SB_MANAGER "kube-controller-manager"

/* Has its own end neither come nor been asked for? */
bool sb_pod_active(const cJSON *pod);
bool sb_pod_leaving(const cJSON *pod);
/* "Running"; "" while it has none. */
const char *sb_pod_phase(const cJSON *pod);
/* Ready for min_ready_s by now? *at_ms: when it will be, if it is ready but not long enough. */
bool sb_pod_available(struct sb_kube *k, const cJSON *pod, int64_t min_ready_s, int64_t *at_ms);

struct sb_pod_count {
	int64_t alive, labelled, ready, available, terminating;
	int64_t next_ms; /* when the next one becomes available by time alone; 0: none */
};
/* owner: with spec.minReadySeconds and spec.template. */
struct sb_pod_count sb_pods_count(
	struct sb_kube *k, const cJSON *owner, const struct sb_ctl_objects *pods);

/* A pod as the owner's template says, without a name. */
cJSON *sb_pod_from(const cJSON *owner, const cJSON *template);
/* Creates a pod (takes it over) and tells of it. component: "replicaset-controller". False: it was
 * refused, which is told too. */
bool sb_pod_create(struct sb_kube *k, const cJSON *owner, const char *component, cJSON *pod);
void sb_pod_delete(struct sb_kube *k, const cJSON *owner, const char *component, const cJSON *pod);

/* What the fault file may call a pod: itself, its owner, the Deployment above, the image of its
 * first container. The count; made in the arena. */
enum { SB_POD_NAMES = 4 };
size_t sb_pod_names(
	struct mok_arena *arena, const cJSON *pod, struct sb_fault_object out[SB_POD_NAMES]);
/* Is that fault of the fault file on for the pod, by one of these names? */
bool sb_pod_fault(struct sb_kube *k, const cJSON *pod, const char *name);

/* Where it may run (placement.c). Prefers: the sum of the weights that are met. */
bool sb_pod_tolerates(const cJSON *pod, const cJSON *taint);
bool sb_pod_fits_labels(const cJSON *pod, const cJSON *node);
int64_t sb_pod_prefers(const cJSON *pod, const cJSON *node);

/* Those that are missed least come first: not scheduled, not ready, young. In place. */
void sb_pods_rank(struct sb_kube *k, struct sb_ctl_objects *pods);

/* A condition of a status: its lastTransitionTime is kept while its status is. Appended in order.
 * live: the object as it is. */
struct sb_condition {
	const char *type, *status, *reason, *message; /* reason, message NULL: none */
};
cJSON *sb_condition(struct sb_kube *k, const cJSON *live, const struct sb_condition *want);

#endif
