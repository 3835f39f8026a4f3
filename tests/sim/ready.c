#include "sim.h"

#include <stdio.h>

/*
 * A run that ended well leaves nothing that does not do its work. Asked for one by one, since only
 * lists lag, and judged by what the APIs' own users look at: a cluster that is running, pods that
 * are available.
 */

struct asked {
	struct sim_world *w;
	const char *when;
};

static const char *text(const cJSON *item, const char *path)
{
	const char *s = mok_json_str(item, path);

	return s ? s : "";
}

static const char *label(const cJSON *item, const char *name)
{
	const cJSON *labels = mok_json_at(item, "metadata.labels");
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(labels, name);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static void not_ready(const struct asked *a, const char *what, const char *name, const char *state)
{
	sim_wrong(a->w, "%s: it ended well, and %s %s is %s", a->when, what, name, state);
}

/* ---- in a cluster ---- */

static void check_deployment(const struct asked *a, const cJSON *item)
{
	long long want = (long long)mok_json_int(item, "spec.replicas", 1);
	long long updated = (long long)mok_json_int(item, "status.updatedReplicas", 0);
	long long have = (long long)mok_json_int(item, "status.availableReplicas", 0);
	char state[96];

	/* Helm waited for its own; nobody does when they move to other nodes later. */
	if (mok_streq(label(item, "app.kubernetes.io/managed-by"), "Helm"))
		return;
	if (have >= want && updated >= want)
		return;
	snprintf(state, sizeof(state), "%lld of %lld available, %lld updated", have, want, updated);
	not_ready(a, "Deployment", text(item, "metadata.name"), state);
}

static void check_service(const struct asked *a, const cJSON *item)
{
	if (mok_streq(text(item, "spec.type"), "LoadBalancer") &&
		!mok_json_str(item, "status.loadBalancer.ingress.0.ip"))
		not_ready(a, "Service", text(item, "metadata.name"), "without an address");
}

static void check_job(const struct asked *a, const cJSON *item)
{
	const cJSON *condition;

	cJSON_ArrayForEach(condition, mok_json_at(item, "status.conditions"))
	{
		if (mok_streq(text(condition, "type"), "Complete") &&
			mok_streq(text(condition, "status"), "True"))
			return;
	}
	not_ready(a, "Job", text(item, "metadata.name"), "not complete");
}

static void check_claim(const struct asked *a, const cJSON *item)
{
	const char *want = text(item, "spec.resources.requests.storage");

	if (!mok_streq(text(item, "status.phase"), "Bound"))
		not_ready(a, "claim", text(item, "metadata.name"), text(item, "status.phase"));
	else if (!mok_streq(text(item, "status.capacity.storage"), want))
		not_ready(a, "claim", text(item, "metadata.name"), "not of its size");
}

/* What runs Helm may do anything in the cluster: it goes with its Job. */
static void check_helm(const struct asked *a, const char *cluster)
{
#define OF_MOK "?labelSelector=app.kubernetes.io/name%3Dmok-helm"
	static const char *const lists[] = { "/apis/batch/v1/jobs" OF_MOK, "/api/v1/secrets" OF_MOK,
		"/api/v1/serviceaccounts" OF_MOK,
		"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings" OF_MOK };

	for (size_t i = 0; i < MOK_COUNT(lists); i++) {
		cJSON *json = sim_kube(a->w, cluster, "GET", lists[i], NULL);
		const cJSON *item;

		cJSON_ArrayForEach(item, mok_json_at(json, "items"))
			not_ready(a, "what ran Helm,", text(item, "metadata.name"), "still there");
		cJSON_Delete(json);
	}
}

/* Helm's record of one revision. */
static void check_record(const struct asked *a, const cJSON *item)
{
	const char *state = label(item, "status");

	if (mok_streq(text(item, "type"), "helm.sh/release.v1") &&
		(mok_starts(state, "pending") || mok_starts(state, "uninstalling")))
		not_ready(a, "record", text(item, "metadata.name"), state);
}

static void check_objects(const struct asked *a, const char *cluster)
{
	static const struct {
		const char *path;
		void (*check)(const struct asked *a, const cJSON *item);
	} lists[] = {
		{ "/apis/apps/v1/deployments", check_deployment },
		{ "/apis/batch/v1/jobs", check_job },
		{ "/api/v1/persistentvolumeclaims", check_claim },
		{ "/api/v1/services", check_service },
		{ "/api/v1/secrets", check_record },
	};

	for (size_t i = 0; i < MOK_COUNT(lists); i++) {
		cJSON *json = sim_kube(a->w, cluster, "GET", lists[i].path, NULL);
		const cJSON *item;

		cJSON_ArrayForEach(item, mok_json_at(json, "items"))
		{
			if (!mok_starts(text(item, "metadata.namespace"), "kube-"))
				lists[i].check(a, item);
		}
		cJSON_Delete(json);
	}
}

static void check_cluster(const struct asked *a, const cJSON *item)
{
	const cJSON *pool, *node;

	cJSON_ArrayForEach(pool, mok_json_at(item, "node_pools"))
	{
		if (cJSON_GetArraySize(mok_json_at(pool, "nodes")) !=
			mok_json_int(pool, "count", -1))
			not_ready(a, "node pool", text(pool, "name"), "not of its size");
		cJSON_ArrayForEach(node, mok_json_at(pool, "nodes"))
		{
			if (!mok_streq(text(node, "status.state"), "running"))
				not_ready(
					a, "node", text(node, "name"), text(node, "status.state"));
		}
	}
	check_objects(a, text(item, "id"));
	check_helm(a, text(item, "id"));
}

/* ---- the account ---- */

static const struct listed {
	enum sim_kind kind;
	const char *path, *list, *item, *state, *ready;
	void (*check)(const struct asked *a, const cJSON *item);
} listed[] = {
	{ SIM_CLUSTER, "/v2/kubernetes/clusters", "kubernetes_clusters", "kubernetes_cluster",
		"status.state", "running", check_cluster },
	{ SIM_DB, "/v2/databases", "databases", "database", "status", "online", NULL },
	{ SIM_CERTIFICATE, "/v2/certificates", "certificates", "certificate", "state", "verified",
		NULL },
};

static void check_one(const struct asked *a, const struct listed *l, const char *id)
{
	char path[160];
	const cJSON *item;
	cJSON *json;

	if (sim_stranger_of(a->w, l->kind, id, ""))
		return;
	snprintf(path, sizeof(path), "%s/%s", l->path, id);
	json = sim_api(a->w, "GET", path, NULL);
	item = mok_json_at(json, l->item);
	if (item && !mok_streq(text(item, l->state), l->ready))
		not_ready(a, sim_kind_word(l->kind), text(item, "name"), text(item, l->state));
	if (item && l->check)
		l->check(a, item);
	cJSON_Delete(json);
}

void sim_check_ready(struct sim_world *w, const char *when)
{
	const struct asked a = { w, when };
	char path[160];

	for (size_t i = 0; i < MOK_COUNT(listed); i++) {
		const cJSON *item;
		cJSON *json;

		snprintf(path, sizeof(path), "%s?per_page=200", listed[i].path);
		json = sim_api(w, "GET", path, NULL);
		cJSON_ArrayForEach(item, mok_json_at(json, listed[i].list))
			check_one(&a, &listed[i], text(item, "id"));
		cJSON_Delete(json);
	}
}
