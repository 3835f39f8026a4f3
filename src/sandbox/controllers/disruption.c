/* PodDisruptionBudgets: how many of their pods may be evicted now. */
#include "controllers.h"
#include "workload.h"

#include <string.h>

struct budget {
	struct sb_kube *k;
	const cJSON *object;
	struct sb_ctl_objects pods;
	int64_t expected, healthy, desired, disrupted;
};

static const cJSON *owner_of(struct budget *b, const cJSON *object, const char *ns)
{
	const char *kind = sb_ctl_str(object, "metadata.ownerReferences.0.kind");
	const char *plural = strcmp(kind, "ReplicaSet") == 0 ? "replicasets"
		: strcmp(kind, "Deployment") == 0            ? "deployments"
		: strcmp(kind, "StatefulSet") == 0           ? "statefulsets"
							     : NULL;

	if (!plural)
		return NULL;
	return sb_ctl_get(b->k,
		mok_arena_printf(b->k->ctx->arena, "/apis/apps/v1/namespaces/%s/%s/%s", ns, plural,
			sb_ctl_str(object, "metadata.ownerReferences.0.name")));
}

/* As many as the workloads behind the pods want, each of them once. */
static int64_t wanted(struct budget *b)
{
	struct mok_map *known = mok_map_new(b->k->ctx->arena);
	const char *ns = sb_ctl_str(b->object, "metadata.namespace");
	int64_t sum = 0;

	for (size_t i = 0; i < b->pods.len; i++) {
		const cJSON *owner = owner_of(b, b->pods.items[i], ns), *above;
		const char *uid;

		above = owner ? owner_of(b, owner, ns) : NULL;
		owner = above ? above : owner;
		uid = sb_ctl_str(owner, "metadata.uid");
		if (*uid && mok_map_get(known, uid))
			continue;
		if (*uid)
			mok_map_put(known, uid, b);
		sum += owner ? mok_json_int(owner, "spec.replicas", 1) : 1;
	}
	return sum;
}

static void set_numbers(struct budget *b)
{
	const cJSON *most = mok_json_at(b->object, "spec.maxUnavailable");
	const cJSON *least = mok_json_at(b->object, "spec.minAvailable");

	if (most) {
		b->expected = wanted(b);
		b->desired = b->expected - sb_share(most, "0", b->expected, true);
	} else if (cJSON_IsString(least)) {
		b->expected = wanted(b);
		b->desired = sb_share(least, "0", b->expected, true);
	} else {
		b->expected = (int64_t)b->pods.len;
		b->desired = sb_share(least, "1", b->expected, true);
	}
	if (b->desired < 0)
		b->desired = 0;
}

/* Evicted, but not yet seen to go: they are not counted as healthy. */
static cJSON *disrupted(struct budget *b)
{
	const cJSON *was = mok_json_at(b->object, "status.disruptedPods"), *one;
	cJSON *still = cJSON_CreateObject();

	cJSON_ArrayForEach(one, was)
	{
		for (size_t i = 0; i < b->pods.len; i++) {
			const cJSON *pod = b->pods.items[i];

			if (strcmp(sb_ctl_str(pod, "metadata.name"), one->string) == 0 &&
				!sb_pod_leaving(pod))
				cJSON_AddItemToObject(
					still, one->string, cJSON_Duplicate(one, true));
		}
	}
	return still;
}

static void tell_status(struct budget *b)
{
	cJSON *status = cJSON_CreateObject(), *conditions, *still = disrupted(b), *one;
	int64_t allowed = b->healthy - b->desired;
	struct sb_condition want = { "DisruptionAllowed", "True", "SufficientPods", "" };

	allowed = allowed < 0 || b->expected <= 0 ? 0 : allowed;
	if (!allowed) {
		want.status = "False";
		want.reason = "InsufficientPods";
	}
	sb_set_int(status, "observedGeneration", mok_json_int(b->object, "metadata.generation", 1));
	sb_set_int(status, "currentHealthy", b->healthy);
	sb_set_int(status, "desiredHealthy", b->desired);
	sb_set_int(status, "disruptionsAllowed", allowed);
	sb_set_int(status, "expectedPods", b->expected);
	if (still->child)
		cJSON_AddItemToObject(status, "disruptedPods", still);
	else
		cJSON_Delete(still);
	conditions = cJSON_AddArrayToObject(status, "conditions");
	one = sb_condition(b->k, b->object, &want);
	sb_set_int(one, "observedGeneration", mok_json_int(b->object, "metadata.generation", 1));
	cJSON_AddItemToArray(conditions, one);
	sb_ctl_status(b->k, SB_MANAGER, b->object, "poddisruptionbudgets", status);
}

static bool is_disrupted(const struct budget *b, const cJSON *pod)
{
	return cJSON_GetObjectItemCaseSensitive(
		mok_json_at(b->object, "status.disruptedPods"), sb_ctl_str(pod, "metadata.name"));
}

static void reconcile(struct sb_kube *k, const cJSON *object)
{
	struct budget b = { .k = k, .object = object };
	size_t kept = 0;

	b.pods = sb_ctl_selected(k, "pods", sb_ctl_str(object, "metadata.namespace"),
		mok_json_at(object, "spec.selector"));
	for (size_t i = 0; i < b.pods.len; i++)
		if (sb_pod_active(b.pods.items[i]))
			b.pods.items[kept++] = b.pods.items[i];
	b.pods.len = kept;
	for (size_t i = 0; i < b.pods.len; i++)
		b.healthy += sb_ctl_is_true(b.pods.items[i], "Ready") &&
			!is_disrupted(&b, b.pods.items[i]);
	set_numbers(&b);
	tell_status(&b);
}

const struct sb_controller sb_ctl_disruption = { "policy", "poddisruptionbudgets", reconcile,
	" pods ", NULL };
