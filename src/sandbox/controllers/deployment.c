/*
 * Deployments: a ReplicaSet per template, and the arithmetic of going from one to the next, as
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/ describes it. Not modelled:
 * a change of replicas in the middle of a rollout is not shared out in proportion.
 */
#include "deployment.h"
#include "controllers.h"

#include <stdlib.h>
#include <string.h>

#define COMPONENT "deployment-controller"

/* ---- reading ---- */

static bool is_of_template(const cJSON *set, const cJSON *template)
{
	cJSON *have = cJSON_Duplicate(mok_json_at(set, "spec.template"), true);
	bool same;

	cJSON_DeleteItemFromObjectCaseSensitive(
		mok_json_object(mok_json_object(have, "metadata"), "labels"), "pod-template-hash");
	same = mok_json_equal(have, template);
	cJSON_Delete(have);
	return same;
}

static int by_revision(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;
	int64_t m = sb_annotation_int(*x, SB_REVISION), n = sb_annotation_int(*y, SB_REVISION);

	if (m != n)
		return m < n ? -1 : 1;
	return strcmp(sb_ctl_str(*x, "metadata.name"), sb_ctl_str(*y, "metadata.name"));
}

static struct deployment read_all(struct sb_kube *k, const cJSON *object)
{
	const cJSON *template = mok_json_at(object, "spec.template");
	struct deployment d = { .k = k, .object = object };

	d.want = mok_json_int(object, "spec.replicas", 1);
	d.surge = sb_share(
		mok_json_at(object, "spec.strategy.rollingUpdate.maxSurge"), "25%", d.want, true);
	d.down = sb_share(mok_json_at(object, "spec.strategy.rollingUpdate.maxUnavailable"), "25%",
		d.want, false);
	if (d.surge == 0 && d.down == 0)
		d.down = 1;
	if (d.down > d.want)
		d.down = d.want;
	d.sets = sb_ctl_children(k, sb_ctl_str(object, "metadata.uid"), "replicasets.apps");
	if (d.sets.len)
		qsort(d.sets.items, d.sets.len, sizeof(*d.sets.items), by_revision);
	for (size_t i = 0; i < d.sets.len && !d.newest; i++)
		if (is_of_template(d.sets.items[i], template))
			d.newest = d.sets.items[i];
	return d;
}

static bool recreates(const struct deployment *d)
{
	return strcmp(sb_ctl_str(d->object, "spec.strategy.type"), "Recreate") == 0;
}

static int64_t total(const struct deployment *d)
{
	int64_t sum = 0;

	for (size_t i = 0; i < d->sets.len; i++)
		sum += deployment_replicas(d->sets.items[i]);
	return sum;
}

/* ---- the new ReplicaSet ---- */

static int64_t last_revision(const struct deployment *d)
{
	return d->sets.len ? sb_annotation_int(d->sets.items[d->sets.len - 1], SB_REVISION) : 0;
}

static void set_number(struct deployment *d, cJSON *object, const char *name, int64_t number)
{
	sb_set_str(object, name, mok_arena_printf(d->k->ctx->arena, "%lld", (long long)number));
}

static void annotate_size(struct deployment *d, cJSON *notes)
{
	set_number(d, notes, "deployment.kubernetes.io/desired-replicas", d->want);
	set_number(d, notes, "deployment.kubernetes.io/max-replicas",
		d->want + (recreates(d) ? 0 : d->surge));
}

/* What the Deployment is annotated with goes along, but for what is its own. */
static cJSON *annotations_of(struct deployment *d, int64_t revision)
{
	cJSON *notes = cJSON_CreateObject();
	const cJSON *one;

	cJSON_ArrayForEach(one, mok_json_at(d->object, "metadata.annotations"))
	{
		if (strcmp(one->string, "kubectl.kubernetes.io/last-applied-configuration") != 0)
			cJSON_AddItemToObject(notes, one->string, cJSON_Duplicate(one, true));
	}
	annotate_size(d, notes);
	set_number(d, notes, SB_REVISION, revision);
	return notes;
}

static cJSON *new_set(struct deployment *d, int64_t replicas, int64_t revision)
{
	const cJSON *template = mok_json_at(d->object, "spec.template");
	const char *hash = sb_template_hash(d->k, template, 10);
	cJSON *set = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(set, "metadata"), *spec;
	cJSON *copy = cJSON_Duplicate(template, true), *labels, *selector;

	labels = mok_json_object(mok_json_object(copy, "metadata"), "labels");
	sb_set_str(labels, "pod-template-hash", hash);
	sb_set_str(meta, "name",
		mok_arena_printf(
			d->k->ctx->arena, "%s-%s", sb_ctl_str(d->object, "metadata.name"), hash));
	cJSON_AddItemToObject(meta, "labels", cJSON_Duplicate(labels, true));
	cJSON_AddItemToObject(meta, "annotations", annotations_of(d, revision));
	sb_ctl_own(set, d->object);
	spec = cJSON_AddObjectToObject(set, "spec");
	sb_set_int(spec, "replicas", replicas);
	if (mok_json_int(d->object, "spec.minReadySeconds", 0))
		sb_set_int(spec, "minReadySeconds",
			mok_json_int(d->object, "spec.minReadySeconds", 0));
	selector = cJSON_Duplicate(mok_json_at(d->object, "spec.selector"), true);
	sb_set_str(mok_json_object(selector, "matchLabels"), "pod-template-hash", hash);
	cJSON_AddItemToObject(spec, "selector", selector);
	cJSON_AddItemToObject(spec, "template", copy);
	return set;
}

static void tell_scaled(struct deployment *d, const cJSON *set, int64_t from, int64_t to)
{
	if (from != to)
		sb_ctl_tell(d->k, d->object,
			&(struct sb_ctl_event){ COMPONENT, "Normal", "ScalingReplicaSet", NULL },
			"Scaled %s replica set %s from %lld to %lld", to > from ? "up" : "down",
			sb_ctl_str(set, "metadata.name"), (long long)from, (long long)to);
}

static void set_revision(struct deployment *d, int64_t revision)
{
	cJSON *patch;

	if (sb_annotation_int(d->object, SB_REVISION) == revision)
		return;
	patch = cJSON_CreateObject();
	set_number(d, mok_json_object(mok_json_object(patch, "metadata"), "annotations"),
		SB_REVISION, revision);
	sb_ctl_write(d->k, SB_MANAGER, "PATCH",
		sb_ctl_path(d->k, d->object, "deployments", "status"), patch);
}

static void create_set(struct deployment *d)
{
	int64_t revision = last_revision(d) + 1, room = d->want + d->surge - total(d), replicas;
	struct sb_ctl_answer answer;

	replicas = recreates(d) ? d->want : room < 0 ? 0 : room < d->want ? room : d->want;
	answer = sb_ctl_write(d->k, SB_MANAGER, "POST",
		mok_arena_printf(d->k->ctx->arena, "/apis/apps/v1/namespaces/%s/replicasets",
			sb_ctl_str(d->object, "metadata.namespace")),
		new_set(d, replicas, revision));
	if (answer.status >= 400) {
		sb_ctl_tell(d->k, d->object,
			&(struct sb_ctl_event){
				COMPONENT, "Warning", "ReplicaSetCreateError", NULL },
			"Failed to create new replica set: %s", sb_ctl_str(answer.json, "message"));
		sb_ctl_again(d->k, sb_ctl_later(d->k, SB_REFUSED_RETRY_MS));
		return;
	}
	d->newest = answer.json;
	d->created = true;
	tell_scaled(d, d->newest, 0, replicas);
	set_revision(d, revision);
}

/* An older template again: its set becomes the newest revision. */
static void promote_set(struct deployment *d)
{
	int64_t revision = sb_annotation_int(d->newest, SB_REVISION), last = last_revision(d);
	cJSON *patch;

	if (revision < last) {
		revision = last + 1;
		patch = cJSON_CreateObject();
		cJSON_AddItemToObject(mok_json_object(patch, "metadata"), "annotations",
			annotations_of(d, revision));
		sb_ctl_write(d->k, SB_MANAGER, "PATCH",
			sb_ctl_path(d->k, d->newest, "replicasets", NULL), patch);
	}
	set_revision(d, revision);
}

/* ---- scaling ---- */

static bool scale(struct deployment *d, const cJSON *set, int64_t to)
{
	int64_t from = deployment_replicas(set);
	cJSON *patch;

	if (from == to)
		return false;
	patch = cJSON_CreateObject();
	sb_set_int(mok_json_object(patch, "spec"), "replicas", to);
	annotate_size(d, mok_json_object(mok_json_object(patch, "metadata"), "annotations"));
	sb_ctl_write(d->k, SB_MANAGER, "PATCH", sb_ctl_path(d->k, set, "replicasets", NULL), patch);
	tell_scaled(d, set, from, to);
	return true;
}

static bool scale_up(struct deployment *d)
{
	int64_t have = deployment_replicas(d->newest), room = d->want + d->surge - total(d);

	if (have >= d->want)
		return scale(d, d->newest, d->want);
	if (room <= 0)
		return false;
	return scale(d, d->newest, have + (room < d->want - have ? room : d->want - have));
}

static int64_t available(const cJSON *set)
{
	return mok_json_int(set, "status.availableReplicas", 0);
}

/* Those that never came up go first; then as many as the others' being available allows. */
static void scale_down(struct deployment *d)
{
	int64_t least = d->want - d->down, up = 0, broken, room, n;
	int64_t *to = MOK_NEW_N(d->k->ctx->arena, int64_t, d->sets.len + 1);

	for (size_t i = 0; i < d->sets.len; i++)
		up += available(d->sets.items[i]);
	room = total(d) - least - (deployment_replicas(d->newest) - available(d->newest));
	for (size_t i = 0; i < d->sets.len; i++) {
		const cJSON *set = d->sets.items[i];

		to[i] = deployment_replicas(set);
		broken = to[i] - available(set);
		if (set == d->newest || room <= 0 || broken <= 0)
			continue;
		n = broken < room ? broken : room;
		to[i] -= n;
		room -= n;
	}
	n = up - least < room ? up - least : room;
	for (size_t i = 0; i < d->sets.len; i++) {
		if (d->sets.items[i] == d->newest)
			continue;
		if (n > 0 && to[i] > 0) {
			int64_t take = to[i] < n ? to[i] : n;

			to[i] -= take;
			n -= take;
		}
		scale(d, d->sets.items[i], to[i]);
	}
}

/* ---- strategies ---- */

static bool old_pods_live(struct deployment *d)
{
	for (size_t i = 0; i < d->sets.len; i++) {
		const cJSON *set = d->sets.items[i];

		if (set != d->newest &&
			(mok_json_int(set, "status.replicas", 0) > 0 ||
				mok_json_int(set, "status.terminatingReplicas", 0) > 0))
			return true;
	}
	return false;
}

static void recreate(struct deployment *d)
{
	bool scaled = false;

	for (size_t i = 0; i < d->sets.len; i++)
		if (d->sets.items[i] != d->newest)
			scaled |= scale(d, d->sets.items[i], 0);
	if (scaled || old_pods_live(d))
		return;
	if (!d->newest)
		create_set(d);
	else
		scale(d, d->newest, d->want);
}

static void roll(struct deployment *d)
{
	if (!d->newest)
		create_set(d);
	else if (!scale_up(d))
		scale_down(d);
}

/* ReplicaSets without pods, beyond the limit, oldest first. */
static void trim(struct deployment *d)
{
	int64_t limit = mok_json_int(d->object, "spec.revisionHistoryLimit", 10), empty = 0;

	for (size_t i = 0; i < d->sets.len; i++)
		empty += d->sets.items[i] != d->newest;
	for (size_t i = 0; i < d->sets.len && empty > limit; i++) {
		const cJSON *set = d->sets.items[i];

		if (set == d->newest || deployment_replicas(set) > 0 ||
			mok_json_int(set, "status.replicas", 0) > 0)
			continue;
		sb_ctl_write(d->k, SB_MANAGER, "DELETE",
			sb_ctl_path(d->k, set, "replicasets", NULL), NULL);
		empty--;
	}
}

static void reconcile(struct sb_kube *k, const cJSON *object)
{
	struct deployment d = read_all(k, object);

	if (!*sb_ctl_str(object, "metadata.deletionTimestamp")) {
		if (d.newest)
			promote_set(&d);
		if (mok_json_bool(object, "spec.paused", false)) {
			if (d.newest)
				scale_up(&d);
		} else if (recreates(&d)) {
			recreate(&d);
		} else {
			roll(&d);
		}
		trim(&d);
	}
	deployment_tell_status(&d);
}

const struct sb_controller sb_ctl_deployment = { "apps", "deployments", reconcile, NULL, NULL };
