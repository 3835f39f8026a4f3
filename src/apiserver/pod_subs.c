/* What is posted to a pod's subresources: where it runs, and that it should go elsewhere. */
#include "apiserver_internal.h"

#include <stdlib.h>

/* ---- binding ---- */

static void set_condition(struct ks_req *r, cJSON *status, const char *type)
{
	cJSON *list = ks_item(status, "conditions"), *one, *next;
	char time[21];

	if (!list)
		list = cJSON_AddArrayToObject(status, "conditions");
	for (one = list->child; one; one = next) {
		next = one->next;
		if (strcmp(ks_str(one, "type"), type) == 0)
			cJSON_Delete(cJSON_DetachItemViaPointer(list, one));
	}
	mok_format_time(r->now_ms, time);
	one = cJSON_CreateObject();
	cJSON_AddStringToObject(one, "type", type);
	cJSON_AddStringToObject(one, "status", "True");
	cJSON_AddNullToObject(one, "lastProbeTime");
	cJSON_AddStringToObject(one, "lastTransitionTime", time);
	cJSON_AddItemToArray(list, one);
}

void ks_bind(struct ks_req *r)
{
	const cJSON *binding = ks_body(r);
	cJSON *pod = binding ? ks_load(r, r->name) : NULL, *before;
	const char *node = ks_str(binding, "target.name");

	if (r->answered)
		return;
	if (!pod) {
		ks_not_found(r, "pods", r->name);
		return;
	}
	if (*ks_str(pod, "spec.nodeName")) {
		ks_fail(r, 409, "Conflict",
			"Operation cannot be fulfilled on pods/binding \"%s\": pod %s is already "
			"assigned to node \"%s\"",
			r->name, r->name, ks_str(pod, "spec.nodeName"));
		return;
	}
	before = ks_own(r, cJSON_Duplicate(pod, true));
	ks_set_str(mok_json_object(pod, "spec"), "nodeName", node);
	set_condition(r, mok_json_object(pod, "status"), "PodScheduled");
	ks_store_put(r, r->resource, pod, before);
	ks_reply_success(r, 201, NULL);
}

/* ---- eviction: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/ ---- */

struct budgets {
	struct ks_req *r;
	const cJSON *labels;
	MOK_VEC(cJSON *) found;
};

static bool has_label(const cJSON *labels, const char *key, const char *value)
{
	const cJSON *label = ks_at(labels, key);

	return label && mok_streq(cJSON_GetStringValue(label), value);
}

static bool is_among(const cJSON *values, const cJSON *labels, const char *key)
{
	const cJSON *one;

	cJSON_ArrayForEach(
		one, values) if (has_label(labels, key, cJSON_GetStringValue(one))) return true;
	return false;
}

static bool meets(const cJSON *term, const cJSON *labels)
{
	const char *op = ks_str(term, "operator"), *key = ks_str(term, "key");

	if (strcmp(op, "In") == 0)
		return is_among(ks_at(term, "values"), labels, key);
	if (strcmp(op, "NotIn") == 0)
		return !is_among(ks_at(term, "values"), labels, key);
	return (strcmp(op, "Exists") == 0) == (ks_at(labels, key) != NULL);
}

static bool selects(const cJSON *selector, const cJSON *labels)
{
	const cJSON *one;

	if (!selector)
		return false;
	cJSON_ArrayForEach(one, ks_at(selector, "matchLabels"))
	{
		if (!has_label(labels, one->string, cJSON_GetStringValue(one)))
			return false;
	}
	cJSON_ArrayForEach(one, ks_at(selector, "matchExpressions"))
	{
		if (!meets(one, labels))
			return false;
	}
	return true;
}

static bool take_budget(void *context, const struct mok_apiserver_item *item)
{
	struct budgets *b = context;
	cJSON *budget = ks_own(b->r, ks_parse_item(b->r, item));

	if (selects(mok_json_at(budget, "spec.selector"), b->labels))
		mok_vec_push(b->r->arena, &b->found, budget);
	return true;
}

static bool counts(const cJSON *pod)
{
	const char *phase = ks_str(pod, "status.phase");

	return !*ks_str(pod, "metadata.deletionTimestamp") && strcmp(phase, "Succeeded") != 0 &&
		strcmp(phase, "Failed") != 0 && strcmp(phase, "Pending") != 0 && *phase;
}

static void refuse(struct ks_req *r, const cJSON *budget)
{
	cJSON *details = ks_details(NULL, NULL, NULL), *cause = cJSON_CreateObject();

	cJSON_AddStringToObject(cause, "reason", "DisruptionBudget");
	cJSON_AddStringToObject(cause, "message",
		ks_printf(r,
			"The disruption budget %s needs %lld healthy pods and has %lld currently",
			ks_str(budget, "metadata.name"),
			(long long)mok_json_int(budget, "status.desiredHealthy", 0),
			(long long)mok_json_int(budget, "status.currentHealthy", 0)));
	cJSON_AddItemToArray(cJSON_AddArrayToObject(details, "causes"), cause);
	ks_fail_details(r, 429, "TooManyRequests",
		"Cannot evict pod as it would violate the pod's disruption budget.", details);
}

/* One disruption is taken from the budget, until its controller has counted anew. */
static bool spend(struct ks_req *r, cJSON *budget)
{
	int64_t left = mok_json_int(budget, "status.disruptionsAllowed", 0);
	cJSON *before, *status;
	char time[21];

	if (left <= 0 ||
		mok_json_int(budget, "status.observedGeneration", 0) <
			mok_json_int(budget, "metadata.generation", 0)) {
		refuse(r, budget);
		return false;
	}
	before = ks_own(r, cJSON_Duplicate(budget, true));
	status = mok_json_object(budget, "status");
	mok_format_time(r->now_ms, time);
	mok_json_set(status, "disruptionsAllowed", cJSON_CreateNumber((double)left - 1));
	ks_set_str(mok_json_object(status, "disruptedPods"), r->name, time);
	ks_store_put(
		r, ks_resource_find(r, "policy", "v1", "poddisruptionbudgets"), budget, before);
	return true;
}

/* False: it has answered. */
static bool within_budget(struct ks_req *r, const cJSON *pod)
{
	struct budgets b = { .r = r, .labels = mok_json_at(pod, "metadata.labels") };

	if (!counts(pod))
		return true;
	r->store->list(r->store->self, "poddisruptionbudgets.policy", r->ns, NULL, take_budget, &b);
	if (b.found.len > 1)
		return ks_fail(r, 500, "InternalError",
			"This pod has more than one PodDisruptionBudget, which the eviction "
			"subresource does not support.");
	return b.found.len == 0 || spend(r, b.found.items[0]);
}

void ks_evict(struct ks_req *r)
{
	const cJSON *options = ks_body(r);
	cJSON *pod = options ? ks_load(r, r->name) : NULL;

	if (r->answered)
		return;
	if (!pod) {
		ks_not_found(r, "pods", r->name);
		return;
	}
	if (mok_json_at(options, "deleteOptions.dryRun.0"))
		r->dry_run = true;
	if (!within_budget(r, pod))
		return;
	ks_delete_pod(r, pod);
	ks_reply_success(r, 201, NULL);
}
