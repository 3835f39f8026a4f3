#include "kubernetes.h"

#include <string.h>

/*
 * What a cluster's controllers made outside of it: load balancers for Services, volumes for claims.
 * They take it away again as long as they live, so it has to go before the cluster does. Asked for
 * stage by stage; each answer tells what to delete now and which stage is next. A stage that names
 * itself or an earlier one waits.
 */

enum stage {
	RESTORERS = 1, /* Argo CD would make anew what is deleted here */
	RESTORER_PODS, /* until they have ended */
	GATEWAYS,      /* some controllers make a Service for each, and again if it is deleted */
	SERVICES,
	CLAIMS,
	DEPLOYMENTS, /* the operators among them make the others again */
	STATEFUL_SETS,
	CRON_JOBS,
	JOBS,
	PODS, /* that nothing owns: what holds the claims */
	VOLUMES,
	DONE = 0,
};

struct leaving {
	const char *path;                  /* of the collection in all namespaces */
	enum stage gone, there;            /* what is next when none is left, and when some are */
	bool (*counts)(const cJSON *item); /* NULL: each does */
};

/* https://argo-cd.readthedocs.io/en/stable/operator-manual/architecture/: what compares and syncs.
 */
static bool restores(const cJSON *item)
{
	const cJSON *labels = mok_json_at(item, "metadata.labels");
	const cJSON *part = cJSON_GetObjectItemCaseSensitive(labels, "app.kubernetes.io/part-of");
	const cJSON *is = cJSON_GetObjectItemCaseSensitive(labels, "app.kubernetes.io/component");

	return mok_streq(cJSON_GetStringValue(part), "argocd") &&
		mok_streq(cJSON_GetStringValue(is), "application-controller");
}

static bool has_balancer(const cJSON *item)
{
	return mok_streq(mok_json_str(item, "spec.type"), "LoadBalancer");
}

/* What the cluster itself runs stays: it is what takes the rest away. */
static bool is_users(const cJSON *item)
{
	const char *ns = mok_json_str(item, "metadata.namespace");

	return ns && !mok_starts(ns, "kube-");
}

static bool is_on_its_own(const cJSON *item)
{
	return is_users(item) && !mok_json_at(item, "metadata.ownerReferences.0");
}

/* Whoever wants a volume to stay has said so; it goes with the cluster all the same. */
static bool is_going_volume(const cJSON *item)
{
	return mok_streq(mok_json_str(item, "spec.persistentVolumeReclaimPolicy"), "Delete") &&
		mok_json_at(item, "spec.claimRef");
}

static const struct leaving leavings[] = {
	[RESTORERS] = { "/apis/apps/v1/statefulsets", RESTORER_PODS, RESTORER_PODS, restores },
	[RESTORER_PODS] = { "/api/v1/pods", GATEWAYS, RESTORER_PODS, restores },
	[GATEWAYS] = { "/apis/gateway.networking.k8s.io/v1/gateways", SERVICES, GATEWAYS, NULL },
	[SERVICES] = { "/api/v1/services", CLAIMS, SERVICES, has_balancer },
	[CLAIMS] = { "/api/v1/persistentvolumeclaims", VOLUMES, DEPLOYMENTS, NULL },
	[DEPLOYMENTS] = { "/apis/apps/v1/deployments", STATEFUL_SETS, STATEFUL_SETS, is_users },
	[STATEFUL_SETS] = { "/apis/apps/v1/statefulsets", CRON_JOBS, CRON_JOBS, is_users },
	[CRON_JOBS] = { "/apis/batch/v1/cronjobs", JOBS, JOBS, is_users },
	[JOBS] = { "/apis/batch/v1/jobs", PODS, PODS, is_users },
	[PODS] = { "/api/v1/pods", CLAIMS, CLAIMS, is_on_its_own },
	[VOLUMES] = { "/api/v1/persistentvolumes", DONE, VOLUMES, is_going_volume },
};

static const struct leaving *stage_of(const struct mok_ask *ask)
{
	if (ask->page < 1 || (size_t)ask->page >= MOK_COUNT(leavings))
		MOK_BUG("there is no such stage");
	return &leavings[ask->page];
}

int k8s_leavings_encode(const struct mok_ask *ask, struct mok_wire_request *out)
{
	out->path = stage_of(ask)->path;
	out->query = "limit=500";
	out->retry = MOK_RETRY_NEVER; /* a cluster that does not answer is waited for elsewhere */
	return 0;
}

/* "/api/v1/services" -> "/api/v1/namespaces/NS/services/NAME" */
static const char *path_of(struct mok_arena *arena, const char *collection, const cJSON *item)
{
	const char *ns = mok_json_str(item, "metadata.namespace");
	const char *name = mok_json_str(item, "metadata.name");
	const char *plural = strrchr(collection, '/');

	if (!ns || !name)
		return NULL;
	return mok_arena_printf(arena, "%.*s/namespaces/%s%s/%s", (int)(plural - collection),
		collection, ns, plural, name);
}

void k8s_leavings_decode(const struct mok_ask *ask, const cJSON *json, struct mok_arena *arena,
	struct mok_answer *out)
{
	const struct leaving *l = stage_of(ask);
	const cJSON *item;
	const char *path;

	out->value = (struct mok_val){ .type = MOK_LIST };
	out->total = 0;
	cJSON_ArrayForEach(item, mok_json_at(json, "items"))
	{
		if (l->counts && !l->counts(item))
			continue;
		out->total++;
		path = mok_json_at(item, "metadata.deletionTimestamp")
			? NULL
			: path_of(arena, l->path, item);
		if (path)
			mok_val_append(arena, &out->value, mok_val_str(path));
	}
	out->next_page = (int)(out->total > 0 ? l->there : l->gone);
}
