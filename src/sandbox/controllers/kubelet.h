/*
 * kubelet: what a node does with its pods. What it must remember of one beyond the pod's status
 * is its runtime, a JSON document in kube_runtime, with times in milliseconds:
 *
 *   {"ip", "begun_ms", "stop_ms", "mounted", "containers": {NAME: {
 *     "step":  "" | "config" | "pull" | "unpulled" | "create" | "run" | "backoff" | "done",
 *     "until_ms": when the step is over (0: it is not),
 *     "reason", "message": why it waits, "restarts", "fails": refused pulls,
 *     "started_ms", "up_ms": probes are passed (0: never), "ready_ms", "exits", "code", "ended_ms",
 *     "ended_why", "last": the run before this one}}}
 *
 * kubelet.c           pods as a whole         containers.c   one container
 * kubelet_status.c    the status of both      references.c   ConfigMaps and Secrets that must be
 *                                                            there
 */
#ifndef MOK_SANDBOX_KUBELET_H
#define MOK_SANDBOX_KUBELET_H

#include "pods.h"

#define SB_KUBELET "kubelet"

struct kubelet {
	struct sb_kube *k;
	const cJSON *pod;
	cJSON *runtime;
	int64_t next_ms; /* when to look again; 0: when something changes */
};

void kubelet_at(struct kubelet *kl, int64_t at_ms); /* look again at that time, or earlier */
void kubelet_tell(struct kubelet *kl, const cJSON *container, const char *type, const char *reason,
	const char *fmt, ...) MOK_PRINTF(5, 6);

/* ---- containers.c ---- */

enum kubelet_role {
	KUBELET_INIT = 0, /* runs to its end, before the next begins */
	KUBELET_SIDECAR,  /* an init container that stays */
	KUBELET_MAIN,
	KUBELET_EPHEMERAL, /* came later; the pod's state is not its */
};
enum kubelet_role kubelet_role(const cJSON *container, bool init);
cJSON *kubelet_container(struct kubelet *kl, const cJSON *container); /* its runtime */
/* Goes as far as it can by now. */
void kubelet_advance(struct kubelet *kl, const cJSON *container, enum kubelet_role role);
/* Is the next init container free to go, or the pod's main ones? */
bool kubelet_passed(struct kubelet *kl, const cJSON *container, enum kubelet_role role);

/* ---- references.c: NULL, or what is missing ---- */

const char *kubelet_lacks_volume(struct kubelet *kl, const char **volume);
const char *kubelet_lacks_config(struct kubelet *kl, const cJSON *container);

/* ---- kubelet_status.c ---- */

/* A new status; phase "Succeeded" and "Failed" are final. */
cJSON *kubelet_status(struct kubelet *kl);

#endif
