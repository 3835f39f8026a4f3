/*
 * prometheus-operator's Prometheus and Alertmanager: a StatefulSet each, with the volume that its
 * storage asks for.
 */
#include "controllers.h"

#include <string.h>

#define AGENT "PrometheusOperator"
#define API "/apis/apps/v1/namespaces/%s/statefulsets/%s"

static void add_labels(cJSON *labels, const cJSON *object, const char *what)
{
	const char *name = sb_ctl_str(object, "metadata.name");

	sb_set_str(labels, "app.kubernetes.io/name", what);
	sb_set_str(labels, "app.kubernetes.io/instance", name);
	sb_set_str(labels, "app.kubernetes.io/managed-by", "prometheus-operator");
	sb_set_str(labels, what, name);
	if (strcmp(what, "prometheus") == 0)
		sb_set_str(labels, "operator.prometheus.io/name", name);
}

static void add_pod(struct sb_kube *k, cJSON *template, const cJSON *object, const char *what)
{
	const char *account = mok_json_str(object, "spec.serviceAccountName");
	const cJSON *resources = mok_json_at(object, "spec.resources");
	bool is_server = strcmp(what, "prometheus") == 0;
	cJSON *spec = mok_json_object(template, "spec"), *container, *port, *mount;

	add_labels(mok_json_object(mok_json_object(template, "metadata"), "labels"), object, what);
	if (account)
		sb_set_str(spec, "serviceAccountName", account);
	container = cJSON_CreateObject();
	cJSON_AddItemToArray(cJSON_AddArrayToObject(spec, "containers"), container);
	sb_set_str(container, "name", what);
	sb_set_str(container, "image", sb_ctl_str(object, "spec.image"));
	if (resources)
		mok_json_set(container, "resources", cJSON_Duplicate(resources, true));
	port = cJSON_CreateObject();
	cJSON_AddItemToArray(cJSON_AddArrayToObject(container, "ports"), port);
	sb_set_str(port, "name", "http-web");
	sb_set_int(port, "containerPort", is_server ? 9090 : 9093);
	mount = cJSON_CreateObject();
	cJSON_AddItemToArray(cJSON_AddArrayToObject(container, "volumeMounts"), mount);
	sb_set_str(mount, "name",
		mok_arena_printf(
			k->ctx->arena, "%s-%s-db", what, sb_ctl_str(object, "metadata.name")));
	sb_set_str(mount, "mountPath", is_server ? "/prometheus" : "/alertmanager");
}

/* Without a storage the data goes with the pod. */
static void add_storage(struct sb_kube *k, cJSON *spec, const cJSON *object, const char *what)
{
	const char *name = mok_arena_printf(
		k->ctx->arena, "%s-%s-db", what, sb_ctl_str(object, "metadata.name"));
	const cJSON *claim = mok_json_at(object, "spec.storage.volumeClaimTemplate");
	cJSON *pod = mok_json_object(mok_json_object(spec, "template"), "spec");
	cJSON *one = claim ? cJSON_Duplicate(claim, true) : cJSON_CreateObject();

	if (claim) {
		sb_set_str(mok_json_object(one, "metadata"), "name", name);
		cJSON_AddItemToArray(cJSON_AddArrayToObject(spec, "volumeClaimTemplates"), one);
		return;
	}
	sb_set_str(one, "name", name);
	mok_json_object(one, "emptyDir");
	cJSON_AddItemToArray(cJSON_AddArrayToObject(pod, "volumes"), one);
}

static cJSON *set_of(struct sb_kube *k, const cJSON *object, const char *what, const char *name)
{
	cJSON *set = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(set, "metadata");
	cJSON *spec = cJSON_AddObjectToObject(set, "spec");

	sb_set_str(set, "apiVersion", "apps/v1");
	sb_set_str(set, "kind", "StatefulSet");
	sb_set_str(meta, "name", name);
	sb_set_str(meta, "namespace", sb_ctl_str(object, "metadata.namespace"));
	add_labels(mok_json_object(meta, "labels"), object, what);
	sb_ctl_own(set, object);
	sb_set_int(spec, "replicas", mok_json_int(object, "spec.replicas", 1));
	sb_set_str(spec, "serviceName", mok_arena_printf(k->ctx->arena, "%s-operated", what));
	sb_set_str(spec, "podManagementPolicy", "Parallel");
	add_labels(mok_json_object(mok_json_object(spec, "selector"), "matchLabels"), object, what);
	add_pod(k, mok_json_object(spec, "template"), object, what);
	add_storage(k, spec, object, what);
	return set;
}

static void show(struct sb_kube *k, const cJSON *object, const char *plural, const cJSON *set)
{
	int64_t wanted = mok_json_int(object, "spec.replicas", 1);
	cJSON *status = cJSON_CreateObject();

	sb_set_int(status, "replicas", mok_json_int(set, "status.replicas", 0));
	sb_set_int(status, "availableReplicas", mok_json_int(set, "status.availableReplicas", 0));
	sb_set_int(status, "unavailableReplicas",
		wanted - mok_json_int(set, "status.availableReplicas", 0));
	sb_ctl_status(k, AGENT, object, plural, status);
}

static void serve(struct sb_kube *k, const cJSON *object, const char *what, const char *plural)
{
	const char *name =
		mok_arena_printf(k->ctx->arena, "%s-%s", what, sb_ctl_str(object, "metadata.name"));
	const char *path = mok_arena_printf(
		k->ctx->arena, API, sb_ctl_str(object, "metadata.namespace"), name);

	if (*sb_ctl_str(object, "metadata.deletionTimestamp"))
		return;
	if (!sb_ctl_runs(k, "prometheus-operator")) {
		sb_ctl_again(k,
			sb_ctl_patiently(k, sb_ctl_ms(object, "metadata.creationTimestamp"),
				5L * SB_SECOND_MS));
		return;
	}
	sb_ctl_write(k, AGENT, "APPLY",
		mok_arena_printf(k->ctx->arena, "%s?fieldManager=" AGENT "&force=true", path),
		set_of(k, object, what, name));
	show(k, object, plural, sb_ctl_get(k, path));
}

static void reconcile_server(struct sb_kube *k, const cJSON *object)
{
	serve(k, object, "prometheus", "prometheuses");
}

static void reconcile_alerts(struct sb_kube *k, const cJSON *object)
{
	serve(k, object, "alertmanager", "alertmanagers");
}

const struct sb_controller sb_ctl_prometheus = {
	"monitoring.coreos.com",
	"prometheuses",
	reconcile_server,
	" statefulsets.apps deployments.apps ",
	NULL,
};

const struct sb_controller sb_ctl_alertmanager = {
	"monitoring.coreos.com",
	"alertmanagers",
	reconcile_alerts,
	" statefulsets.apps deployments.apps ",
	NULL,
};
