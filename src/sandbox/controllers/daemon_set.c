/* DaemonSets: one pod on each node that takes it. */
#include "controllers.h"
#include "workload.h"

#include <string.h>

#define COMPONENT "daemonset-controller"
#define HASH "controller-revision-hash"

struct daemon {
	struct sb_kube *k;
	const cJSON *object;
	struct sb_ctl_objects pods;
	const char *hash;
	int64_t desired, current, ready, available, updated, misplaced, next_ms;
	int64_t room; /* how many may be taken down now, for the sake of their template */
};

/* Before the scheduler sees it, the pod is told its node; so it is found by that. */
static const char *node_of(const cJSON *pod)
{
	const char *node = sb_ctl_str(pod, "spec.nodeName");

	return *node ? node
		     : sb_ctl_str(pod,
			       "spec.affinity.nodeAffinity."
			       "requiredDuringSchedulingIgnoredDuringExecution."
			       "nodeSelectorTerms.0.matchFields.0.values.0");
}

static void tolerate(cJSON *pod, const char *key, const char *effect)
{
	cJSON *spec = mok_json_object(pod, "spec"), *one = cJSON_CreateObject();
	cJSON *list = cJSON_GetObjectItemCaseSensitive(spec, "tolerations");

	sb_set_str(one, "key", key);
	sb_set_str(one, "operator", "Exists");
	sb_set_str(one, "effect", effect);
	if (!list)
		list = cJSON_AddArrayToObject(spec, "tolerations");
	cJSON_AddItemToArray(list, one);
}

static cJSON *pod_for(struct daemon *d)
{
	cJSON *pod = sb_pod_from(d->object, mok_json_at(d->object, "spec.template"));
	cJSON *meta = mok_json_object(pod, "metadata");

	sb_set_str(meta, "generateName",
		mok_arena_printf(d->k->ctx->arena, "%s-", sb_ctl_str(d->object, "metadata.name")));
	sb_set_str(mok_json_object(meta, "labels"), HASH, d->hash);
	sb_set_str(mok_json_object(meta, "labels"), "pod-template-generation",
		sb_annotation(d->object, "deprecated.daemonset.template.generation"));
	tolerate(pod, "node.kubernetes.io/not-ready", "NoExecute");
	tolerate(pod, "node.kubernetes.io/unreachable", "NoExecute");
	tolerate(pod, "node.kubernetes.io/unschedulable", "NoSchedule");
	return pod;
}

static void pin(cJSON *pod, const char *node)
{
	cJSON *part = mok_json_object(pod, "spec"), *terms, *term, *field, *values;

	part = mok_json_object(mok_json_object(part, "affinity"), "nodeAffinity");
	part = mok_json_object(part, "requiredDuringSchedulingIgnoredDuringExecution");
	terms = cJSON_CreateArray();
	term = cJSON_CreateObject();
	field = cJSON_CreateObject();
	sb_set_str(field, "key", "metadata.name");
	sb_set_str(field, "operator", "In");
	values = cJSON_AddArrayToObject(field, "values");
	cJSON_AddItemToArray(values, cJSON_CreateString(node));
	cJSON_AddItemToArray(cJSON_AddArrayToObject(term, "matchFields"), field);
	cJSON_AddItemToArray(terms, term);
	mok_json_set(part, "nodeSelectorTerms", terms);
}

static bool takes(const cJSON *node, const cJSON *pod)
{
	const cJSON *taint;

	cJSON_ArrayForEach(taint, mok_json_at(node, "spec.taints"))
	{
		if (strcmp(sb_ctl_str(taint, "effect"), "PreferNoSchedule") != 0 &&
			!sb_pod_tolerates(pod, taint))
			return false;
	}
	return sb_pod_fits_labels(pod, node);
}

/* ---- one node ---- */

static const cJSON *pod_on(const struct daemon *d, const char *node)
{
	const cJSON *found = NULL;

	for (size_t i = 0; i < d->pods.len; i++)
		if (strcmp(node_of(d->pods.items[i]), node) == 0 &&
			(!found || sb_pod_active(d->pods.items[i])))
			found = d->pods.items[i];
	return found;
}

static bool is_updated(const struct daemon *d, const cJSON *pod)
{
	const cJSON *labels = mok_json_at(pod, "metadata.labels");

	return mok_streq(
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(labels, HASH)), d->hash);
}

static void count(struct daemon *d, const cJSON *pod)
{
	int64_t min_ready_s = mok_json_int(d->object, "spec.minReadySeconds", 0);

	d->current++;
	d->updated += is_updated(d, pod);
	d->ready += sb_ctl_is_true(pod, "Ready");
	d->available += sb_pod_available(d->k, pod, min_ready_s, &d->next_ms);
}

/* A pod that ended, or that is of an older template while others may miss it. */
static void renew(struct daemon *d, const cJSON *pod)
{
	bool on_delete = strcmp(sb_ctl_str(d->object, "spec.updateStrategy.type"), "OnDelete") == 0;
	bool up = sb_ctl_is_true(pod, "Ready");

	if (sb_pod_leaving(pod))
		return;
	if (sb_pod_active(pod) && (on_delete || is_updated(d, pod) || (up && d->room <= 0)))
		return;
	d->room -= up;
	sb_pod_delete(d->k, d->object, COMPONENT, pod);
}

static void look_at(struct daemon *d, const cJSON *node, bool acts)
{
	const char *name = sb_ctl_str(node, "metadata.name");
	const cJSON *pod = pod_on(d, name);
	cJSON *wanted = pod_for(d);
	bool fits = takes(node, wanted);

	if (!acts) {
		d->desired += fits;
		d->misplaced += pod && !fits;
		if (pod && fits && sb_pod_active(pod))
			count(d, pod);
	} else if (fits && !pod) {
		pin(wanted, name);
		if (!sb_pod_create(d->k, d->object, COMPONENT, wanted))
			sb_ctl_again(d->k, sb_ctl_later(d->k, SB_REFUSED_RETRY_MS));
		return;
	} else if (pod && !fits && !sb_pod_leaving(pod)) {
		sb_pod_delete(d->k, d->object, COMPONENT, pod);
	} else if (pod) {
		renew(d, pod);
	}
	cJSON_Delete(wanted);
}

static void tell_status(struct daemon *d)
{
	cJSON *status = cJSON_CreateObject();

	sb_set_int(status, "currentNumberScheduled", d->current);
	sb_set_int(status, "desiredNumberScheduled", d->desired);
	sb_set_int(status, "numberMisscheduled", d->misplaced);
	sb_set_int(status, "numberReady", d->ready);
	if (d->available)
		sb_set_int(status, "numberAvailable", d->available);
	if (d->desired > d->available)
		sb_set_int(status, "numberUnavailable", d->desired - d->available);
	if (d->updated)
		sb_set_int(status, "updatedNumberScheduled", d->updated);
	sb_set_int(status, "observedGeneration", mok_json_int(d->object, "metadata.generation", 1));
	sb_ctl_status(d->k, SB_MANAGER, d->object, "daemonsets", status);
	if (d->next_ms)
		sb_ctl_again(d->k, d->next_ms);
}

static void reconcile(struct sb_kube *k, const cJSON *object)
{
	struct daemon d = { .k = k, .object = object };
	const cJSON *nodes = sb_ctl_list(k, "/api/v1/nodes"), *node;
	bool leaving = *sb_ctl_str(object, "metadata.deletionTimestamp");

	d.pods = sb_ctl_children(k, sb_ctl_str(object, "metadata.uid"), "pods");
	d.hash = sb_template_hash(k, mok_json_at(object, "spec.template"), 10);
	if (!leaving)
		sb_revision(k, object, d.hash, &d.pods);
	cJSON_ArrayForEach(node, nodes) look_at(&d, node, false);
	d.room = sb_share(mok_json_at(object, "spec.updateStrategy.rollingUpdate.maxUnavailable"),
			 "1", d.desired, true) -
		(d.desired - d.available);
	cJSON_ArrayForEach(node, nodes)
	{
		if (!leaving)
			look_at(&d, node, true);
	}
	tell_status(&d);
}

const struct sb_controller sb_ctl_daemon_set = { "apps", "daemonsets", reconcile, " nodes ", NULL };
