/*
 * The scheduler: which node a pod runs on. What pods ask for is kept per pod in kube_place, so that
 * the room on a node is one sum. Not modelled: preemption, affinity to other pods, spread
 * constraints (pods of one owner are spread anyway).
 */
#include "controllers.h"
#include "pods.h"

#include <string.h>

#define AGENT "kube-scheduler"
#define COMPONENT "default-scheduler"

enum { RETRY_MS = 30 * SB_SECOND_MS };

struct room {
	int64_t cpu_m, memory, pods;
};

struct candidate {
	const cJSON *node;
	struct room free;
	int64_t score, siblings;
};

/* ---- what a pod asks for ---- */

static struct room asked_by(const cJSON *container)
{
	const cJSON *requests = mok_json_at(container, "resources.requests");

	return (struct room){
		(int64_t)(mok_apiserver_quantity(mok_json_str(requests, "cpu")) * 1000 + 0.5),
		(int64_t)mok_apiserver_quantity(mok_json_str(requests, "memory")), 0
	};
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static struct room asked(const cJSON *pod)
{
	struct room sum = { 0, 0, 1 }, init = { 0 };
	const cJSON *container;

	cJSON_ArrayForEach(container, mok_json_at(pod, "spec.containers"))
	{
		struct room one = asked_by(container);

		sum.cpu_m += one.cpu_m;
		sum.memory += one.memory;
	}
	cJSON_ArrayForEach(container, mok_json_at(pod, "spec.initContainers"))
	{
		struct room one = asked_by(container);

		init.cpu_m = most(init.cpu_m, one.cpu_m);
		init.memory = most(init.memory, one.memory);
	}
	sum.cpu_m = most(sum.cpu_m, init.cpu_m);
	sum.memory = most(sum.memory, init.memory);
	return sum;
}

static void forget_place(struct sb_kube *k, const cJSON *pod)
{
	sb_sql_run(k->ctx, "DELETE FROM kube_place WHERE cluster = ? AND ns = ? AND name = ?",
		"sss", k->cluster, sb_ctl_str(pod, "metadata.namespace"),
		sb_ctl_str(pod, "metadata.name"));
}

static void note_place(struct sb_kube *k, const cJSON *pod, const char *node)
{
	struct room room = asked(pod);

	sb_sql_run(k->ctx,
		"INSERT OR REPLACE INTO kube_place(cluster, ns, name, node, owner, cpu_m, memory)"
		" VALUES(?, ?, ?, ?, ?, ?, ?)",
		"sssssii", k->cluster, sb_ctl_str(pod, "metadata.namespace"),
		sb_ctl_str(pod, "metadata.name"), node,
		sb_ctl_str(pod, "metadata.ownerReferences.0.uid"), room.cpu_m, room.memory);
}

static struct room used_on(struct sb_kube *k, const char *node)
{
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT total(cpu_m), total(memory), count(*) FROM kube_place"
		" WHERE cluster = ? AND node = ?",
		"ss", k->cluster, node);
	struct room used = { 0 };

	if (sb_sql_row(k->ctx, stmt)) {
		used.cpu_m = sqlite3_column_int64(stmt, 0);
		used.memory = sqlite3_column_int64(stmt, 1);
		used.pods = sqlite3_column_int64(stmt, 2);
		sb_sql_done(k->ctx, stmt);
	}
	return used;
}

static int64_t siblings_on(struct sb_kube *k, const char *node, const char *owner)
{
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT count(*) FROM kube_place WHERE cluster = ? AND node = ? AND owner = ?",
		"sss", k->cluster, node, owner);
	int64_t count = 0;

	if (sb_sql_row(k->ctx, stmt)) {
		count = sqlite3_column_int64(stmt, 0);
		sb_sql_done(k->ctx, stmt);
	}
	return count;
}

/* ---- may it run there? NULL, or why not ---- */

static const char *lacks_room(const struct room *free, const struct room *need)
{
	if (free->pods < 1)
		return "Too many pods";
	if (need->cpu_m > free->cpu_m)
		return "Insufficient cpu";
	return need->memory > free->memory ? "Insufficient memory" : NULL;
}

static const char *taint_against(const cJSON *pod, const cJSON *node)
{
	const cJSON *taint;

	cJSON_ArrayForEach(taint, mok_json_at(node, "spec.taints"))
	{
		const char *key = sb_ctl_str(taint, "key");

		if (strcmp(sb_ctl_str(taint, "effect"), "PreferNoSchedule") == 0 ||
			sb_pod_tolerates(pod, taint))
			continue;
		if (strcmp(key, "node.kubernetes.io/unschedulable") == 0)
			return "node(s) were unschedulable";
		return "node(s) had untolerated taint(s)";
	}
	return NULL;
}

static const char *refuses(const cJSON *pod, const struct candidate *c)
{
	struct room need = asked(pod);
	const char *taint;

	if (!sb_ctl_is_true(c->node, "Ready"))
		return "node(s) were not ready";
	taint = taint_against(pod, c->node);
	if (taint)
		return taint;
	if (!sb_pod_fits_labels(pod, c->node))
		return "node(s) didn't match Pod's node affinity/selector";
	return lacks_room(&c->free, &need);
}

/* ---- choosing ---- */

static struct candidate look_at(struct sb_kube *k, const cJSON *pod, const cJSON *node)
{
	const char *name = sb_ctl_str(node, "metadata.name");
	const cJSON *room = mok_json_at(node, "status.allocatable");
	struct room used = used_on(k, name);
	struct candidate c = { .node = node };

	c.free.cpu_m = (int64_t)(mok_apiserver_quantity(mok_json_str(room, "cpu")) * 1000 + 0.5) -
		used.cpu_m;
	c.free.memory = (int64_t)mok_apiserver_quantity(mok_json_str(room, "memory")) - used.memory;
	c.free.pods = (int64_t)mok_apiserver_quantity(mok_json_str(room, "pods")) - used.pods;
	c.siblings = siblings_on(k, name, sb_ctl_str(pod, "metadata.ownerReferences.0.uid"));
	c.score = sb_pod_prefers(pod, node);
	return c;
}

static bool is_better(const struct candidate *a, const struct candidate *b)
{
	if (a->score != b->score)
		return a->score > b->score;
	if (a->siblings != b->siblings)
		return a->siblings < b->siblings;
	return a->free.cpu_m > b->free.cpu_m;
}

struct refusals {
	MOK_VEC(const char *) why;
	MOK_VEC(int) count;
};

static void count_refusal(struct sb_kube *k, struct refusals *r, const char *why)
{
	for (size_t i = 0; i < r->why.len; i++) {
		if (strcmp(r->why.items[i], why) == 0) {
			r->count.items[i]++;
			return;
		}
	}
	mok_vec_push(k->ctx->arena, &r->why, why);
	mok_vec_push(k->ctx->arena, &r->count, 1);
}

static const char *text_of(struct sb_kube *k, const struct refusals *r, int nodes)
{
	const char *text = mok_arena_printf(k->ctx->arena,
		nodes ? "0/%d nodes are available: "
		      : "no nodes available to "
			"schedule pods",
		nodes);

	for (size_t i = 0; i < r->why.len; i++)
		text = mok_arena_printf(k->ctx->arena, "%s%s%d %s", text, i ? ", " : "",
			r->count.items[i], r->why.items[i]);
	return nodes ? mok_arena_printf(k->ctx->arena, "%s.", text) : text;
}

/* NULL: no node takes it, and *why says so. */
static const char *choose(struct sb_kube *k, const cJSON *pod, const char **why)
{
	const cJSON *nodes = sb_ctl_list(k, "/api/v1/nodes"), *node;
	struct candidate best = { 0 };
	struct refusals refusals = { .why = { 0 } };

	cJSON_ArrayForEach(node, nodes)
	{
		struct candidate c = look_at(k, pod, node);
		const char *refusal = refuses(pod, &c);

		if (refusal)
			count_refusal(k, &refusals, refusal);
		else if (!best.node || is_better(&c, &best))
			best = c;
	}
	*why = text_of(k, &refusals, cJSON_GetArraySize(nodes));
	return best.node ? sb_ctl_str(best.node, "metadata.name") : NULL;
}

/* A claim that is not there or has no volume yet keeps the pod from being placed. */
static const char *claims_missing(struct sb_kube *k, const cJSON *pod)
{
	const cJSON *volume, *claim;

	cJSON_ArrayForEach(volume, mok_json_at(pod, "spec.volumes"))
	{
		const char *name = mok_json_str(volume, "persistentVolumeClaim.claimName");

		if (!name)
			continue;
		claim = sb_ctl_get(k,
			mok_arena_printf(k->ctx->arena,
				"/api/v1/namespaces/%s/persistentvolumeclaims/%s",
				sb_ctl_str(pod, "metadata.namespace"), name));
		if (!claim)
			return mok_arena_printf(
				k->ctx->arena, "persistentvolumeclaim \"%s\" not found", name);
		if (strcmp(sb_ctl_str(claim, "status.phase"), "Bound") != 0)
			return "pod has unbound immediate PersistentVolumeClaims";
	}
	return NULL;
}

/* ---- telling ---- */

static void bind(struct sb_kube *k, const cJSON *pod, const char *node)
{
	cJSON *binding = cJSON_CreateObject(), *part;
	const char *name = sb_ctl_str(pod, "metadata.name");
	const char *ns = sb_ctl_str(pod, "metadata.namespace");

	sb_set_str(binding, "apiVersion", "v1");
	sb_set_str(binding, "kind", "Binding");
	sb_set_str(cJSON_AddObjectToObject(binding, "metadata"), "name", name);
	part = cJSON_AddObjectToObject(binding, "target");
	sb_set_str(part, "kind", "Node");
	sb_set_str(part, "name", node);
	sb_ctl_write(k, AGENT, "POST", sb_ctl_path(k, pod, "pods", "binding"), binding);
	note_place(k, pod, node);
	sb_ctl_tell(k, pod, &(struct sb_ctl_event){ COMPONENT, "Normal", "Scheduled", NULL },
		"Successfully assigned %s/%s to %s", ns, name, node);
}

static void keep_waiting(struct sb_kube *k, const cJSON *pod, const char *why)
{
	const struct sb_condition want = { "PodScheduled", "False", "Unschedulable", why };
	const cJSON *have = sb_ctl_condition(pod, "PodScheduled");
	cJSON *patch, *list;

	sb_ctl_again(k, sb_ctl_later(k, RETRY_MS));
	if (strcmp(sb_ctl_str(have, "message"), why) == 0)
		return;
	sb_ctl_tell(k, pod,
		&(struct sb_ctl_event){ COMPONENT, "Warning", "FailedScheduling", NULL }, "%s",
		why);
	patch = cJSON_CreateObject();
	list = cJSON_AddArrayToObject(mok_json_object(patch, "status"), "conditions");
	cJSON_AddItemToArray(list, sb_condition(k, pod, &want));
	sb_ctl_write(k, AGENT, "PATCH", sb_ctl_path(k, pod, "pods", "status"), patch);
}

static void reconcile(struct sb_kube *k, const cJSON *pod)
{
	const char *node = sb_ctl_str(pod, "spec.nodeName"), *why;

	if (!sb_pod_active(pod) && !sb_pod_leaving(pod)) {
		forget_place(k, pod);
		return;
	}
	if (*node) {
		note_place(k, pod, node);
		return;
	}
	if (sb_pod_leaving(pod) || mok_json_at(pod, "spec.schedulingGates.0") ||
		strcmp(sb_ctl_str(pod, "spec.schedulerName"), COMPONENT) != 0)
		return;
	why = claims_missing(k, pod);
	node = why ? NULL : choose(k, pod, &why);
	if (node)
		bind(k, pod, node);
	else
		keep_waiting(k, pod, why);
}

const struct sb_controller sb_ctl_scheduler = { "", "pods", reconcile,
	" nodes persistentvolumeclaims ", forget_place };
