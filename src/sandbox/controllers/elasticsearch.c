/*
 * Elastic's operator: of an Elasticsearch a StatefulSet for each set of nodes, Services, and two
 * Secrets, the password of the user elastic and the authority of its certificate.
 * https://www.elastic.co/docs/deploy-manage/deploy/cloud-on-k8s
 */
#include "controllers.h"
#include "pods.h"

#include "catalogue.h"

#include <string.h>

#define AGENT "elastic-operator"
#define ALPHABET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

enum { PASSWORD_LEN = 24 };

static bool has_operator(struct sb_kube *k)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, sb_ctl_list(k, "/apis/apps/v1/statefulsets"))
	{
		if (strstr(sb_ctl_str(one, "spec.template.spec.containers.0.image"),
			    "eck-operator") &&
			mok_json_int(one, "status.availableReplicas", 0) > 0)
			return true;
	}
	return false;
}

/* "mastodon-search-es-http" */
static const char *name_of(struct sb_kube *k, const cJSON *object, const char *what)
{
	return mok_arena_printf(
		k->ctx->arena, "%s-es-%s", sb_ctl_str(object, "metadata.name"), what);
}

static const char *path_of(struct sb_kube *k, const cJSON *object, const char *api,
	const char *plural, const char *name)
{
	return mok_arena_printf(k->ctx->arena, "%s/namespaces/%s/%s/%s", api,
		sb_ctl_str(object, "metadata.namespace"), plural, name);
}

static cJSON *part(const cJSON *object, const char *version, const char *kind, const char *name)
{
	cJSON *one = cJSON_CreateObject(), *meta;

	sb_set_str(one, "apiVersion", version);
	sb_set_str(one, "kind", kind);
	meta = cJSON_AddObjectToObject(one, "metadata");
	sb_set_str(meta, "name", name);
	sb_set_str(meta, "namespace", sb_ctl_str(object, "metadata.namespace"));
	sb_set_str(mok_json_object(meta, "labels"), "elasticsearch.k8s.elastic.co/cluster-name",
		sb_ctl_str(object, "metadata.name"));
	sb_ctl_own(one, object);
	return one;
}

static void apply(struct sb_kube *k, const char *path, cJSON *body)
{
	sb_ctl_write(k, AGENT, "APPLY",
		mok_arena_printf(k->ctx->arena, "%s?fieldManager=" AGENT "&force=true", path),
		body);
}

/* ---- Secrets ---- */

static const char *secret_path(struct sb_kube *k, const cJSON *object, const char *what)
{
	return path_of(k, object, "/api/v1", "secrets", name_of(k, object, what));
}

static void add_secret(struct sb_kube *k, const cJSON *object, const char *what, const char *key,
	const char *value)
{
	cJSON *secret = part(object, "v1", "Secret", name_of(k, object, what));

	sb_set_str(mok_json_object(secret, "stringData"), key, value);
	apply(k, secret_path(k, object, what), secret);
}

/* What is there stays: a password is made once. */
static void keep_secrets(struct sb_kube *k, const cJSON *object)
{
	if (!sb_ctl_get(k, secret_path(k, object, "elastic-user")))
		add_secret(k, object, "elastic-user", "elastic",
			sb_random_word(k->ctx, PASSWORD_LEN, ALPHABET));
	if (!sb_ctl_get(k, secret_path(k, object, "http-certs-public")))
		add_secret(k, object, "http-certs-public", "ca.crt", sb_ca_pem);
}

/* ---- Services and nodes ---- */

static void select_nodes(cJSON *labels, const cJSON *object)
{
	sb_set_str(labels, "elasticsearch.k8s.elastic.co/cluster-name",
		sb_ctl_str(object, "metadata.name"));
	sb_set_str(labels, "common.k8s.elastic.co/type", "elasticsearch");
}

static void add_service(struct sb_kube *k, const cJSON *object, const char *what, int port)
{
	const char *name = name_of(k, object, what);
	cJSON *service = part(object, "v1", "Service", name), *spec, *one;

	spec = cJSON_AddObjectToObject(service, "spec");
	select_nodes(mok_json_object(spec, "selector"), object);
	one = cJSON_CreateObject();
	cJSON_AddItemToArray(cJSON_AddArrayToObject(spec, "ports"), one);
	sb_set_str(one, "name", port == 9200 ? "https" : "tls-transport");
	sb_set_int(one, "port", port);
	sb_set_str(one, "protocol", "TCP");
	apply(k, path_of(k, object, "/api/v1", "services", name), service);
}

/* What is said of the container, which need not be there. */
static cJSON *container_of(cJSON *spec)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(spec, "containers"), *container;

	if (cJSON_IsArray(list) && cJSON_IsObject(list->child))
		return list->child;
	list = cJSON_CreateArray();
	mok_json_set(spec, "containers", list);
	container = cJSON_CreateObject();
	sb_set_str(container, "name", "elasticsearch");
	cJSON_AddItemToArray(list, container);
	return container;
}

/* The template as the plan says it, with the image and the data's place that ECK adds. */
static cJSON *template_of(struct sb_kube *k, const cJSON *object, const cJSON *nodes)
{
	const cJSON *said = mok_json_at(nodes, "podTemplate");
	cJSON *template = cJSON_IsObject(said) ? cJSON_Duplicate(said, true) : cJSON_CreateObject();
	cJSON *container = container_of(mok_json_object(template, "spec")), *mount;

	select_nodes(mok_json_object(mok_json_object(template, "metadata"), "labels"), object);
	sb_set_str(container, "image",
		mok_arena_printf(k->ctx->arena, "docker.elastic.co/elasticsearch/elasticsearch:%s",
			sb_ctl_str(object, "spec.version")));
	mount = cJSON_CreateObject();
	cJSON_AddItemToArray(cJSON_AddArrayToObject(container, "volumeMounts"), mount);
	sb_set_str(mount, "name", "elasticsearch-data");
	sb_set_str(mount, "mountPath", "/usr/share/elasticsearch/data");
	return template;
}

/* ECK's own, where nothing is said: one gibibyte. */
static cJSON *claims_of(const cJSON *nodes)
{
	const cJSON *said = mok_json_at(nodes, "volumeClaimTemplates");
	cJSON *list, *one, *spec;

	if (cJSON_IsArray(said))
		return cJSON_Duplicate(said, true);
	list = cJSON_CreateArray();
	one = cJSON_CreateObject();
	cJSON_AddItemToArray(list, one);
	sb_set_str(mok_json_object(one, "metadata"), "name", "elasticsearch-data");
	spec = mok_json_object(one, "spec");
	cJSON_AddItemToArray(
		cJSON_AddArrayToObject(spec, "accessModes"), cJSON_CreateString("ReadWriteOnce"));
	sb_set_str(
		mok_json_object(mok_json_object(spec, "resources"), "requests"), "storage", "1Gi");
	return list;
}

static int64_t add_nodes(struct sb_kube *k, const cJSON *object, const cJSON *nodes)
{
	const char *name = name_of(k, object, sb_ctl_str(nodes, "name"));
	const char *path = path_of(k, object, "/apis/apps/v1", "statefulsets", name);
	cJSON *set = part(object, "apps/v1", "StatefulSet", name), *spec;

	spec = cJSON_AddObjectToObject(set, "spec");
	sb_set_int(spec, "replicas", mok_json_int(nodes, "count", 1));
	sb_set_str(spec, "serviceName", name);
	sb_set_str(spec, "podManagementPolicy", "Parallel");
	select_nodes(mok_json_object(mok_json_object(spec, "selector"), "matchLabels"), object);
	mok_json_set(spec, "template", template_of(k, object, nodes));
	mok_json_set(spec, "volumeClaimTemplates", claims_of(nodes));
	/* The operator owns the claims itself; they go with the Elasticsearch all the same. */
	sb_set_str(mok_json_object(spec, "persistentVolumeClaimRetentionPolicy"), "whenDeleted",
		"Delete");
	apply(k, path, set);
	return mok_json_int(sb_ctl_get(k, path), "status.availableReplicas", 0);
}

/* ---- the status ---- */

static void show(struct sb_kube *k, const cJSON *object, int64_t wanted, int64_t there)
{
	cJSON *status = cJSON_CreateObject();

	sb_set_int(status, "availableNodes", there);
	sb_set_str(status, "health", there >= wanted ? "green" : there > 0 ? "yellow" : "unknown");
	sb_set_str(status, "phase", there >= wanted ? "Ready" : "ApplyingChanges");
	sb_set_str(status, "version", sb_ctl_str(object, "spec.version"));
	sb_set_int(status, "observedGeneration", mok_json_int(object, "metadata.generation", 1));
	sb_ctl_status(k, AGENT, object, "elasticsearches", status);
}

static void reconcile(struct sb_kube *k, const cJSON *object)
{
	const cJSON *nodes;
	int64_t wanted = 0, there = 0;

	if (*sb_ctl_str(object, "metadata.deletionTimestamp"))
		return;
	if (!has_operator(k)) {
		sb_ctl_again(k,
			sb_ctl_patiently(k, sb_ctl_ms(object, "metadata.creationTimestamp"),
				5L * SB_SECOND_MS));
		return;
	}
	keep_secrets(k, object);
	add_service(k, object, "http", 9200);
	add_service(k, object, "transport", 9300);
	cJSON_ArrayForEach(nodes, mok_json_at(object, "spec.nodeSets"))
	{
		wanted += mok_json_int(nodes, "count", 1);
		there += add_nodes(k, object, nodes);
	}
	show(k, object, wanted, there);
}

const struct sb_controller sb_ctl_elasticsearch = {
	"elasticsearch.k8s.elastic.co",
	"elasticsearches",
	reconcile,
	" statefulsets.apps ",
	NULL,
};
