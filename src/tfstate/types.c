#include "mok/tfstate.h"

#include <string.h>

/*
 * Where each type's state keeps what identifies it. Ids differ from import's arguments
 * ("domain,id") and from the API's: a certificate's is its name, a database user's
 * "CLUSTER/user/NAME". https://registry.terraform.io/providers/digitalocean/digitalocean
 */
static const struct mok_tf_type types[] = {
	{ .type = "digitalocean_cdn", .kind = "cdn", .id = "id" },
	{ .type = "digitalocean_certificate",
		.kind = "certificate",
		.id = "uuid|id",
		.name = "name" },
	{ .type = "digitalocean_database_cluster", .kind = "database_cluster", .id = "id" },
	{ .type = "digitalocean_database_connection_pool",
		.kind = "database_connection_pool",
		.id = "name",
		.parent = "cluster_id" },
	{ .type = "digitalocean_database_db",
		.kind = "database_db",
		.id = "name",
		.parent = "cluster_id" },
	{ .type = "digitalocean_database_firewall",
		.kind = "database_firewall",
		.id = "cluster_id",
		.parent = "cluster_id" },
	{ .type = "digitalocean_database_replica",
		.kind = "database_replica",
		.id = "uuid|name",
		.name = "name",
		.parent = "cluster_id" },
	{ .type = "digitalocean_database_user",
		.kind = "database_user",
		.id = "name",
		.parent = "cluster_id" },
	{ .type = "digitalocean_domain", .kind = "domain", .id = "name|id" },
	{ .type = "digitalocean_kubernetes_cluster",
		.kind = "kubernetes_cluster",
		.id = "id",
		.inside = "node_pool of a cluster",
		.inside_at = "node_pool" },
	{ .type = "node_pool of a cluster", .kind = "kubernetes_node_pool", .id = "id" },
	{ .type = "digitalocean_kubernetes_node_pool",
		.kind = "kubernetes_node_pool",
		.id = "id",
		.parent = "cluster_id" },
	{ .type = "digitalocean_project", .kind = "project", .id = "id" },
	{ .type = "digitalocean_record", .kind = "record", .id = "id", .parent = "domain" },
	{ .type = "digitalocean_spaces_bucket", .kind = "spaces_bucket", .id = "name|id" },
	{ .type = "digitalocean_spaces_key",
		.kind = "spaces_key",
		.id = "access_key|id",
		.once = "secret_key",
		.once_field = "secret_key" },
	{ .type = "digitalocean_tag", .kind = "tag", .id = "name|id" },
	{ .type = "digitalocean_vpc", .kind = "vpc", .id = "id" },
	{ .type = "helm_release",
		.kind = "helm_release",
		.object_name = "name",
		.object_namespace = "namespace" },
	{ .type = "kubernetes_manifest",
		.kind = "kubernetes_manifest",
		.api_version = "manifest.apiVersion",
		.object_kind = "manifest.kind",
		.object_name = "manifest.metadata.name",
		.object_namespace = "manifest.metadata.namespace" },
	{ .type = "kubectl_manifest",
		.kind = "kubernetes_manifest",
		.api_version = "api_version",
		.object_kind = "kind",
		.object_name = "name",
		.object_namespace = "namespace" },
#define OBJECT(TYPE, API_VERSION, KIND) \
	{ \
		.type = "kubernetes_" TYPE, .kind = "kubernetes_manifest", \
		.api_version = "=" API_VERSION, .object_kind = "=" KIND, \
		.object_name = "metadata.0.name", .object_namespace = "metadata.0.namespace" \
	}
/* Most have two names: the old one, and the one with the API's version. */
#define BOTH(TYPE, API_VERSION, KIND) \
	OBJECT(TYPE, API_VERSION, KIND), OBJECT(TYPE "_v1", API_VERSION, KIND)
	BOTH("api_service", "apiregistration.k8s.io/v1", "APIService"),
	BOTH("cluster_role", "rbac.authorization.k8s.io/v1", "ClusterRole"),
	BOTH("cluster_role_binding", "rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
	BOTH("config_map", "v1", "ConfigMap"),
	BOTH("cron_job", "batch/v1", "CronJob"),
	BOTH("csi_driver", "storage.k8s.io/v1", "CSIDriver"),
	OBJECT("daemonset", "apps/v1", "DaemonSet"),
	OBJECT("daemon_set_v1", "apps/v1", "DaemonSet"),
	BOTH("deployment", "apps/v1", "Deployment"),
	BOTH("endpoints", "v1", "Endpoints"),
	OBJECT("endpoint_slice_v1", "discovery.k8s.io/v1", "EndpointSlice"),
	BOTH("horizontal_pod_autoscaler", "autoscaling/v2", "HorizontalPodAutoscaler"),
	OBJECT("horizontal_pod_autoscaler_v2", "autoscaling/v2", "HorizontalPodAutoscaler"),
	OBJECT("horizontal_pod_autoscaler_v2beta2", "autoscaling/v2", "HorizontalPodAutoscaler"),
	BOTH("ingress", "networking.k8s.io/v1", "Ingress"),
	BOTH("ingress_class", "networking.k8s.io/v1", "IngressClass"),
	BOTH("job", "batch/v1", "Job"),
	BOTH("limit_range", "v1", "LimitRange"),
	BOTH("mutating_webhook_configuration", "admissionregistration.k8s.io/v1",
		"MutatingWebhookConfiguration"),
	BOTH("namespace", "v1", "Namespace"),
	BOTH("network_policy", "networking.k8s.io/v1", "NetworkPolicy"),
	BOTH("persistent_volume", "v1", "PersistentVolume"),
	BOTH("persistent_volume_claim", "v1", "PersistentVolumeClaim"),
	BOTH("pod", "v1", "Pod"),
	BOTH("pod_disruption_budget", "policy/v1", "PodDisruptionBudget"),
	BOTH("priority_class", "scheduling.k8s.io/v1", "PriorityClass"),
	BOTH("replication_controller", "v1", "ReplicationController"),
	BOTH("resource_quota", "v1", "ResourceQuota"),
	BOTH("role", "rbac.authorization.k8s.io/v1", "Role"),
	BOTH("role_binding", "rbac.authorization.k8s.io/v1", "RoleBinding"),
	OBJECT("runtime_class_v1", "node.k8s.io/v1", "RuntimeClass"),
	BOTH("secret", "v1", "Secret"),
	BOTH("service", "v1", "Service"),
	BOTH("service_account", "v1", "ServiceAccount"),
	BOTH("stateful_set", "apps/v1", "StatefulSet"),
	BOTH("storage_class", "storage.k8s.io/v1", "StorageClass"),
	BOTH("validating_webhook_configuration", "admissionregistration.k8s.io/v1",
		"ValidatingWebhookConfiguration"),
};

/* A type that ends with '*' stands for all that begin so; the first that fits counts. */
static const struct {
	const char *type, *why;
} others[] = {
	{ "digitalocean_project_resources", "the plan's project says it: resources" },
	{ "digitalocean_spaces_bucket_cors_configuration",
		"the plan's spaces_bucket says it: cors_rules" },
	{ "digitalocean_spaces_bucket_logging", "the plan's spaces_bucket says it: logging" },
	{ "digitalocean_spaces_bucket_policy", "the plan's spaces_bucket says it: policy" },
	{ "kubernetes_annotations", "a part of an object, which the object's manifest says" },
	{ "kubernetes_config_map_v1_data", "a part of an object, which its manifest says" },
	{ "kubernetes_env", "a part of an object, which the object's manifest says" },
	{ "kubernetes_labels", "a part of an object, which the object's manifest says" },
	{ "kubernetes_node_taint", "the plan's kubernetes_node_pool says it: taints" },
	{ "kubernetes_secret_v1_data", "a part of an object, which its manifest says" },
	{ "local_*", "a file of that machine: it is nowhere in the account" },
	{ "null_resource", "it is in the state alone" },
	{ "random_*", "it is in the state alone; of secrets see: mok help secrets" },
	{ "terraform_data", "it is in the state alone" },
	{ "time_*", "it is in the state alone" },
	{ "tls_*", "it is in the state alone; of secrets see: mok help secrets" },
};

const struct mok_tf_type *mok_tf_types(size_t *count)
{
	*count = MOK_COUNT(types);
	return types;
}

const struct mok_tf_type *mok_tf_type_find(const char *type)
{
	for (size_t i = 0; i < MOK_COUNT(types); i++)
		if (strcmp(types[i].type, type) == 0)
			return &types[i];
	return NULL;
}

static bool stands_for(const char *pattern, const char *type)
{
	size_t len = strlen(pattern);

	return pattern[len - 1] == '*' ? strncmp(pattern, type, len - 1) == 0
				       : strcmp(pattern, type) == 0;
}

const char *mok_tf_no_kind(const char *type)
{
	for (size_t i = 0; i < MOK_COUNT(others); i++)
		if (stands_for(others[i].type, type))
			return others[i].why;
	return "mok has no such kind: leave it to Terraform, or to hand";
}
