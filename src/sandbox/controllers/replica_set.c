/* ReplicaSets: as many pods of one template as are wanted. */
#include "controllers.h"
#include "pods.h"

#include <string.h>

#define COMPONENT "replicaset-controller"

static cJSON *status_of(struct sb_kube *k, const cJSON *set, const struct sb_pod_count *n)
{
	cJSON *status = cJSON_CreateObject();

	sb_set_int(status, "replicas", n->alive);
	if (n->labelled)
		sb_set_int(status, "fullyLabeledReplicas", n->labelled);
	if (n->ready)
		sb_set_int(status, "readyReplicas", n->ready);
	if (n->available)
		sb_set_int(status, "availableReplicas", n->available);
	sb_set_int(status, "terminatingReplicas", n->terminating);
	sb_set_int(status, "observedGeneration", mok_json_int(set, "metadata.generation", 1));
	if (n->next_ms)
		sb_ctl_again(k, n->next_ms);
	return status;
}

/* After a refusal the rest would only be refused too. */
static bool add(struct sb_kube *k, const cJSON *set, int64_t count)
{
	const cJSON *template = mok_json_at(set, "spec.template");

	for (int64_t i = 0; i < count; i++) {
		cJSON *pod = sb_pod_from(set, template);

		sb_set_str(mok_json_object(pod, "metadata"), "generateName",
			mok_arena_printf(k->ctx->arena, "%s-", sb_ctl_str(set, "metadata.name")));
		if (!sb_pod_create(k, set, COMPONENT, pod))
			return false;
	}
	return true;
}

static void drop(
	struct sb_kube *k, const cJSON *set, const struct sb_ctl_objects *pods, int64_t count)
{
	for (size_t i = 0; i < pods->len && count > 0; i++) {
		if (!sb_pod_active(pods->items[i]))
			continue;
		sb_pod_delete(k, set, COMPONENT, pods->items[i]);
		count--;
	}
}

static void add_failure(struct sb_kube *k, const cJSON *set, cJSON *status, bool failed)
{
	const struct sb_condition want = { "ReplicaFailure", "True", "FailedCreate",
		"the API server refuses its pods: see its events" };

	if (failed)
		cJSON_AddItemToArray(
			cJSON_AddArrayToObject(status, "conditions"), sb_condition(k, set, &want));
}

static void reconcile(struct sb_kube *k, const cJSON *set)
{
	struct sb_ctl_objects pods = sb_ctl_children(k, sb_ctl_str(set, "metadata.uid"), "pods");
	struct sb_pod_count n = sb_pods_count(k, set, &pods);
	int64_t want = mok_json_int(set, "spec.replicas", 1);
	bool failed = false, leaving = *sb_ctl_str(set, "metadata.deletionTimestamp");
	cJSON *status = status_of(k, set, &n);

	if (!leaving && n.alive < want) {
		failed = !add(k, set, want - n.alive);
	} else if (!leaving && n.alive > want) {
		sb_pods_rank(k, &pods);
		drop(k, set, &pods, n.alive - want);
	}
	if (failed)
		sb_ctl_again(k, sb_ctl_later(k, SB_REFUSED_RETRY_MS));
	add_failure(k, set, status, failed);
	sb_ctl_status(k, SB_MANAGER, set, "replicasets", status);
}

const struct sb_controller sb_ctl_replica_set = { "apps", "replicasets", reconcile, NULL, NULL };
