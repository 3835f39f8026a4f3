/*
 * StatefulSets: pods with names that stay, each with claims of its own, one after the other (or all
 * at once with podManagementPolicy Parallel).
 */
#include "controllers.h"
#include "workload.h"

#include <string.h>

#define COMPONENT "statefulset-controller"
#define HASH "controller-revision-hash"

enum { ORDINALS_MAX = 1000 };

struct set {
	struct sb_kube *k;
	const cJSON *object;
	const char *name, *newest, *current; /* revisions */
	struct sb_ctl_objects pods;
	int64_t first, want;
	bool parallel;
	int64_t replicas, ready, available, updated, at_current, next_ms;
};

static const char *revision_of(const cJSON *pod)
{
	const cJSON *labels = mok_json_at(pod, "metadata.labels");
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(labels, HASH));

	return text ? text : "";
}

static const char *pod_name(struct set *s, int64_t ordinal)
{
	return mok_arena_printf(s->k->ctx->arena, "%s-%lld", s->name, (long long)ordinal);
}

static const cJSON *pod_of(struct set *s, int64_t ordinal)
{
	const char *name = pod_name(s, ordinal);

	for (size_t i = 0; i < s->pods.len; i++)
		if (strcmp(sb_ctl_str(s->pods.items[i], "metadata.name"), name) == 0)
			return s->pods.items[i];
	return NULL;
}

static int64_t ordinal_of(const struct set *s, const cJSON *pod)
{
	const char *name = sb_ctl_str(pod, "metadata.name");
	size_t len = strlen(s->name);
	int64_t n = -1;

	if (strncmp(name, s->name, len) != 0 || name[len] != '-' ||
		!mok_parse_i64(name + len + 1, &n))
		return -1;
	return n;
}

static bool is_available(struct set *s, const cJSON *pod)
{
	return pod && sb_pod_active(pod) &&
		sb_pod_available(
			s->k, pod, mok_json_int(s->object, "spec.minReadySeconds", 0), &s->next_ms);
}

/* ---- claims ---- */

static const char *claim_name(struct set *s, const cJSON *template, int64_t ordinal)
{
	return mok_arena_printf(s->k->ctx->arena, "%s-%s", sb_ctl_str(template, "metadata.name"),
		pod_name(s, ordinal));
}

/* Those that are there already stay as they were made. */
static bool goes_along(const struct set *s)
{
	return mok_streq(
		sb_ctl_str(s->object, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted"),
		"Delete");
}

static void make_claim(struct set *s, const cJSON *template, const char *name, const char *pod)
{
	struct mok_arena *arena = s->k->ctx->arena;
	const char *list = mok_arena_printf(arena, "/api/v1/namespaces/%s/persistentvolumeclaims",
		sb_ctl_str(s->object, "metadata.namespace"));
	cJSON *claim;

	if (sb_ctl_get(s->k, mok_arena_printf(arena, "%s/%s", list, name)))
		return;
	claim = cJSON_Duplicate(template, true);
	cJSON_DeleteItemFromObjectCaseSensitive(claim, "status");
	sb_set_str(mok_json_object(claim, "metadata"), "name", name);
	mok_json_set(mok_json_object(claim, "metadata"), "labels",
		cJSON_Duplicate(mok_json_at(s->object, "spec.selector.matchLabels"), true));
	if (goes_along(s))
		sb_ctl_own(claim, s->object);
	sb_ctl_write(s->k, SB_MANAGER, "POST", list, claim);
	sb_ctl_tell(s->k, s->object,
		&(struct sb_ctl_event){ COMPONENT, "Normal", "SuccessfulCreate", NULL },
		"create Claim %s Pod %s in StatefulSet %s success", name, pod, s->name);
}

static void add_claims(struct set *s, cJSON *pod, int64_t ordinal)
{
	cJSON *spec = mok_json_object(pod, "spec"), *volumes, *one;
	const cJSON *template;

	cJSON_ArrayForEach(template, mok_json_at(s->object, "spec.volumeClaimTemplates"))
	{
		const char *name = claim_name(s, template, ordinal);

		make_claim(s, template, name, pod_name(s, ordinal));
		volumes = cJSON_GetObjectItemCaseSensitive(spec, "volumes");
		if (!volumes)
			volumes = cJSON_AddArrayToObject(spec, "volumes");
		one = cJSON_CreateObject();
		sb_set_str(one, "name", sb_ctl_str(template, "metadata.name"));
		sb_set_str(
			cJSON_AddObjectToObject(one, "persistentVolumeClaim"), "claimName", name);
		cJSON_AddItemToArray(volumes, one);
	}
}

/* ---- pods ---- */

/* The template of a revision: the object's own, or what the ControllerRevision kept. */
static const cJSON *template_of(struct set *s, const char *revision)
{
	const cJSON *kept = NULL;

	if (strcmp(revision, s->newest) != 0)
		kept = sb_ctl_get(s->k,
			mok_arena_printf(s->k->ctx->arena,
				"/apis/apps/v1/namespaces/%s/controllerrevisions/%s",
				sb_ctl_str(s->object, "metadata.namespace"), revision));
	kept = mok_json_at(kept, "data.spec.template");
	return kept ? kept : mok_json_at(s->object, "spec.template");
}

static int64_t partition(const struct set *s)
{
	return mok_json_int(s->object, "spec.updateStrategy.rollingUpdate.partition", 0);
}

static void create(struct set *s, int64_t ordinal)
{
	bool old = ordinal < s->first + partition(s) ||
		strcmp(sb_ctl_str(s->object, "spec.updateStrategy.type"), "OnDelete") == 0;
	const char *revision = old ? s->current : s->newest, *name = pod_name(s, ordinal);
	cJSON *pod = sb_pod_from(s->object, template_of(s, revision));
	cJSON *meta = mok_json_object(pod, "metadata"), *labels = mok_json_object(meta, "labels");

	sb_set_str(meta, "name", name);
	sb_set_str(meta, "generateName", mok_arena_printf(s->k->ctx->arena, "%s-", s->name));
	sb_set_str(labels, "statefulset.kubernetes.io/pod-name", name);
	sb_set_str(labels, "apps.kubernetes.io/pod-index",
		mok_arena_printf(s->k->ctx->arena, "%lld", (long long)ordinal));
	sb_set_str(labels, HASH, revision);
	sb_set_str(mok_json_object(pod, "spec"), "hostname", name);
	if (*sb_ctl_str(s->object, "spec.serviceName"))
		sb_set_str(mok_json_object(pod, "spec"), "subdomain",
			sb_ctl_str(s->object, "spec.serviceName"));
	add_claims(s, pod, ordinal);
	if (!sb_pod_create(s->k, s->object, COMPONENT, pod))
		sb_ctl_again(s->k, sb_ctl_later(s->k, SB_REFUSED_RETRY_MS));
}

/* Upwards: what is missing or has ended is made anew. False: one must come up first. */
static bool fill(struct set *s)
{
	for (int64_t i = s->first; i < s->first + s->want; i++) {
		const cJSON *pod = pod_of(s, i);

		if (!pod)
			create(s, i);
		else if (!sb_pod_leaving(pod) && !sb_pod_active(pod))
			sb_pod_delete(s->k, s->object, COMPONENT, pod);
		else if (is_available(s, pod))
			continue;
		if (!s->parallel)
			return false;
	}
	return true;
}

/* Downwards: what is too many. True: one is going. */
static bool shrink(struct set *s)
{
	const cJSON *last = NULL;
	bool going = false;

	for (size_t i = 0; i < s->pods.len; i++) {
		int64_t n = ordinal_of(s, s->pods.items[i]);

		if (n >= s->first && n < s->first + s->want)
			continue;
		going |= sb_pod_leaving(s->pods.items[i]);
		if (s->parallel && !sb_pod_leaving(s->pods.items[i]))
			sb_pod_delete(s->k, s->object, COMPONENT, s->pods.items[i]);
		if (!last || n > ordinal_of(s, last))
			last = s->pods.items[i];
	}
	if (last && !going && !s->parallel)
		sb_pod_delete(s->k, s->object, COMPONENT, last);
	return last;
}

/* From the last to the first, one at a time, never before its successor is up. */
static void update(struct set *s)
{
	if (strcmp(sb_ctl_str(s->object, "spec.updateStrategy.type"), "OnDelete") == 0)
		return;
	for (int64_t i = s->first + s->want - 1; i >= s->first + partition(s); i--) {
		const cJSON *pod = pod_of(s, i);

		if (pod && !sb_pod_leaving(pod) && strcmp(revision_of(pod), s->newest) != 0) {
			sb_pod_delete(s->k, s->object, COMPONENT, pod);
			return;
		}
		if (!is_available(s, pod))
			return;
	}
}

/* ---- status ---- */

static void count(struct set *s)
{
	for (size_t i = 0; i < s->pods.len; i++) {
		const cJSON *pod = s->pods.items[i];

		s->replicas++;
		s->ready += sb_pod_active(pod) && sb_ctl_is_true(pod, "Ready");
		s->available += is_available(s, pod);
		if (sb_pod_leaving(pod))
			continue;
		s->updated += strcmp(revision_of(pod), s->newest) == 0;
		s->at_current += strcmp(revision_of(pod), s->current) == 0;
	}
}

static void tell_status(struct set *s)
{
	cJSON *status = cJSON_CreateObject();
	bool done = s->updated == s->want && s->replicas == s->want && s->ready == s->want;

	if (done) {
		s->current = s->newest;
		s->at_current = s->updated;
	}
	sb_set_int(status, "observedGeneration", mok_json_int(s->object, "metadata.generation", 1));
	sb_set_int(status, "replicas", s->replicas);
	sb_set_int(status, "availableReplicas", s->available);
	if (s->ready)
		sb_set_int(status, "readyReplicas", s->ready);
	if (s->at_current)
		sb_set_int(status, "currentReplicas", s->at_current);
	if (s->updated)
		sb_set_int(status, "updatedReplicas", s->updated);
	sb_set_str(status, "currentRevision", s->current);
	sb_set_str(status, "updateRevision", s->newest);
	sb_set_int(status, "collisionCount", 0);
	sb_ctl_status(s->k, SB_MANAGER, s->object, "statefulsets", status);
	if (s->next_ms)
		sb_ctl_again(s->k, s->next_ms);
}

static void reconcile(struct sb_kube *k, const cJSON *object)
{
	struct set s = { .k = k, .object = object, .name = sb_ctl_str(object, "metadata.name") };

	s.pods = sb_ctl_children(k, sb_ctl_str(object, "metadata.uid"), "pods");
	s.first = mok_json_int(object, "spec.ordinals.start", 0);
	s.want = mok_json_int(object, "spec.replicas", 1);
	s.want = s.want < ORDINALS_MAX ? s.want : ORDINALS_MAX;
	s.parallel = strcmp(sb_ctl_str(object, "spec.podManagementPolicy"), "Parallel") == 0;
	s.newest = sb_revision(
		k, object, sb_template_hash(k, mok_json_at(object, "spec.template"), 10), &s.pods);
	s.current = sb_ctl_str(object, "status.currentRevision");
	s.current = *s.current ? s.current : s.newest;
	count(&s);
	tell_status(&s);
	if (*sb_ctl_str(object, "metadata.deletionTimestamp"))
		return;
	if (fill(&s) && !shrink(&s))
		update(&s);
}

const struct sb_controller sb_ctl_stateful_set = { "apps", "statefulsets", reconcile, NULL, NULL };
