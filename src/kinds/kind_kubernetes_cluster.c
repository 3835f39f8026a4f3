#include "check_help.h"

#include <string.h>

#define SWITCH(key, about) \
	{ \
		.name = key, .type = MOK_MAP, .flags = MOK_F_MERGE, .sub = enabled_only, \
		.doc = about \
	}

static const struct mok_field enabled_only[] = {
	{ .name = "enabled",
		.type = MOK_BOOL,
		.flags = MOK_F_REQUIRED,
		.doc = "Whether it is on." },
	{ 0 },
};

static const struct mok_field maintenance_fields[] = {
	{ .name = "day",
		.type = MOK_STR,
		.values = "any|" DAYS,
		.norm = "lower",
		.doc = "Day of the week, or any." },
	{ .name = "start_time",
		.type = MOK_STR,
		.pattern = "([01]?[0-9]|2[0-3]):[0-5][0-9](:00)?",
		.norm = "hour",
		.doc = "Begin of the four-hour window, UTC, such as 04:00." },
	{ .name = "duration",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "Length of the window." },
	{ 0 },
};

static const struct mok_field firewall_fields[] = {
	{ .name = "enabled", .type = MOK_BOOL, .doc = "Whether it is on." },
	{ .name = "allowed_addresses",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_SET,
		.norm = "cidr",
		.doc = "Public IPv4 addresses and ranges that may reach the Kubernetes API." },
	{ 0 },
};

static const struct mok_field autoscaler_fields[] = {
	{ .name = "scale_down_utilization_threshold",
		.type = MOK_NUM,
		.dflt = "0.65",
		.doc = "A node that is used less than this may go (0 to 1)." },
	{ .name = "scale_down_unneeded_time",
		.type = MOK_STR,
		.norm = "duration",
		.pattern = "([0-9]+(h|m|s))+",
		.dflt = "1m0s",
		.doc = "How long a node has to be unneeded before it goes." },
	{ .name = "expanders",
		.type = MOK_LIST,
		.item = MOK_STR,
		.values = "random|priority|least_waste",
		.doc = "How the pool to grow is chosen, in order; an empty list unsets it." },
	{ 0 },
};

static const struct mok_field sso_fields[] = {
	{ .name = "enabled", .type = MOK_BOOL, .dflt = "false", .doc = "Whether it is on." },
	{ .name = "required",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "Whether signing in by it is the only way." },
	{ .name = "issuer_url", .type = MOK_STR, .doc = "URL of the OIDC issuer." },
	{ .name = "client_id", .type = MOK_STR, .doc = "Client id at the issuer." },
	{ 0 },
};

static const struct mok_field fields[] = {
	{ .name = "name",
		.type = MOK_STR,
		.pattern = "[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?",
		.min = 1,
		.max = 255,
		.doc = "Name, unique in the account." },
	{ .name = "region",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.values = "@kubernetes_regions",
		.norm = "lower",
		.doc = "Region of the control plane and the nodes." },
	{ .name = "version",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = "@kubernetes_versions",
		.call = "upgrade",
		.doc = "Kubernetes version: a slug such as 1.36.1-do.0, a prefix such as 1.36, or "
		       "latest. A prefix takes the newest at creation and is content with any "
		       "later." },
	{ .name = "vpc_uuid",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = UUID_PATTERN,
		.norm = "lower",
		.dflt = "the region's default network",
		.doc = "Network that the nodes are in." },
	{ .name = "cluster_subnet",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = CIDR_PATTERN,
		.doc = "Range of the pods; clear of the network's." },
	{ .name = "service_subnet",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = CIDR_PATTERN,
		.doc = "Range of the services; clear of the network's." },
	{ .name = "worker_subnet_uuid",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = UUID_PATTERN,
		.norm = "lower",
		.doc = "Subnet of the network for the nodes; needs `vpc_uuid`." },
	{ .name = "isolated_workers",
		.type = MOK_BOOL,
		.flags = MOK_F_REPLACES,
		.dflt = "false",
		.doc = "Nodes without public addresses; the network needs a NAT gateway." },
	{ .name = "tags",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_SET,
		.norm = "tags",
		.pattern = "[A-Za-z0-9_:-]{1,255}",
		.dflt = "[]",
		.doc = "Tags; those of Kubernetes and of mok are not counted." },
	{ .name = "ha",
		.type = MOK_BOOL,
		.dflt = "true from 1.36, else false",
		.doc = "A control plane that survives a failure, for a monthly price. It can be "
		       "switched on, never off." },
	{ .name = "auto_upgrade",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "Patch releases are taken in the maintenance window." },
	{ .name = "surge_upgrade",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "Upgrades add nodes before they take nodes away." },
	{ .name = "maintenance_policy",
		.type = MOK_MAP,
		.flags = MOK_F_MERGE,
		.sub = maintenance_fields,
		.doc = "When upgrades may happen." },
	{ .name = "control_plane_firewall",
		.type = MOK_MAP,
		.flags = MOK_F_MERGE,
		.sub = firewall_fields,
		.doc = "Who may reach the Kubernetes API." },
	{ .name = "cluster_autoscaler_configuration",
		.type = MOK_MAP,
		.flags = MOK_F_MERGE,
		.sub = autoscaler_fields,
		.doc = "How pools with auto_scale shrink and grow." },
	SWITCH("routing_agent", "The routing agent, for static routes."),
	SWITCH("coredns_autoscaler", "CoreDNS grows with the cluster."),
	SWITCH("p2p_oci_registry_plugin", "Nodes pass images to each other."),
	SWITCH("amd_gpu_device_plugin", "The device plugin of AMD GPUs."),
	SWITCH("amd_gpu_device_metrics_exporter_plugin", "The metrics exporter of AMD GPUs."),
	SWITCH("nvidia_gpu_device_plugin", "The device plugin of NVIDIA GPUs."),
	SWITCH("rdma_shared_dev_plugin", "The plugin for shared RDMA devices."),
	{ .name = "sso",
		.type = MOK_MAP,
		.flags = MOK_F_MERGE,
		.sub = sso_fields,
		.doc = "Single sign-on for the Kubernetes API." },
	{ .name = "id", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "UUID." },
	{ .name = "urn",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "Uniform resource name." },
	{ .name = "status",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.json = "status.state",
		.doc = "State, such as running." },
	{ .name = "ipv4",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "Address of the control plane; empty with high availability." },
	{ .name = "endpoint",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "URL of the Kubernetes API." },
	{ .name = "created_at",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "When it was made." },
	{ .name = "updated_at",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "When it was last changed." },
	{ .name = "registry_enabled",
		.type = MOK_BOOL,
		.flags = MOK_F_COMPUTED,
		.doc = "Whether a container registry is connected." },
	{ .name = "kubeconfig",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED | MOK_F_SENSITIVE | MOK_F_FETCHED,
		.json = "/v2/kubernetes/clusters/{id}/kubeconfig",
		.doc = "Configuration for kubectl, with a token of seven days that is new at each "
		       "reading." },
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "update",
		.method = "PUT",
		.path = "/v2/kubernetes/clusters/{id}",
		.flags = MOK_CALL_NAME,
		.typical_s = 2 },
	{ .name = "upgrade",
		.method = "POST",
		.path = "/v2/kubernetes/clusters/{id}/upgrade",
		.flags = MOK_CALL_WAITS | MOK_CALL_WHEN_READY | MOK_CALL_DISRUPTS | MOK_CALL_STEPS,
		.typical_s = 900 },
	{ 0 },
};

static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	(void)object;
	if (mok_streq(field->name, "version") && want->type == MOK_STR && have->type == MOK_STR)
		return mok_version_same(want->u.s, have->u.s, why);
	if (mok_streq(field->name, "ha") && want->type == MOK_BOOL && !want->u.b) {
		*why = "high availability cannot be switched off in place";
		*replaces = true;
	}
	return false;
}

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	const struct mok_val *threshold = mok_val_at(
		want, "cluster_autoscaler_configuration.scale_down_utilization_threshold");
	double t = threshold && threshold->type == MOK_NUM ? threshold->u.n : 0;

	if (threshold && threshold->type == MOK_INT)
		t = (double)threshold->u.i;
	if (t < 0 || t > 1)
		mok_field_diag(diags, r, "cluster_autoscaler_configuration", "E0704",
			"scale_down_utilization_threshold is between 0 and 1");
	if (mok_val_get(want, "worker_subnet_uuid") && !mok_val_get(want, "vpc_uuid"))
		mok_field_diag(diags, r, "worker_subnet_uuid", "E0702",
			"worker_subnet_uuid needs vpc_uuid");
	if (mok_want_bool(want, "control_plane_firewall.enabled", false) &&
		!mok_val_at(want, "control_plane_firewall.allowed_addresses"))
		mok_field_diag(diags, r, "control_plane_firewall", "E0702",
			"a control plane firewall needs allowed_addresses: without any nobody gets "
			"in");
}

static struct mok_price price(const struct mok_val *attrs, const struct mok_catalogue *catalogue)
{
	const char *version = mok_want_str(attrs, "version");
	bool by_default = version &&
		(mok_streq(version, "latest") || mok_version_compare(version, "1.36") >= 0);
	struct mok_price p = { 0 };

	if (!mok_want_bool(attrs, "ha", by_default))
		return p;
	p.cents_per_month = mok_catalogue_price(catalogue, "kubernetes", "ha");
	p.unpriced = p.cents_per_month < 0;
	return p;
}

const struct mok_kind mok_kind_kubernetes_cluster = {
	.name = "kubernetes_cluster",
	.summary = "a managed Kubernetes cluster",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_HOLDS_DATA | MOK_K_ASSIGNABLE | MOK_K_LEAVES_BEHIND |
		MOK_K_HAS_NODES,
	.marking = MOK_MARK_TAGS,
	.list_path = "/v2/kubernetes/clusters",
	.list_key = "kubernetes_clusters",
	.item_path = "/v2/kubernetes/clusters/{id}",
	.item_key = "kubernetes_cluster",
	.id_json = "id",
	.urn = "do:kubernetes:",
	.natural_key = "name",
	.needs_child = "kubernetes_node_pool",
	.name_field = "name",
	.name_max = 255,
	.name_pattern = "[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?",
	.status_json = "status.state",
	.ready = "running",
	.failed = "error",
	.gone = "deleted",
	.typical_create_s = 360,
	.typical_delete_s = 120,
	.poll_s = 10,
	.settle_s = 120,
	.timeout_s = 2700,
	.destroy_rank = 20,
	.example = "cluster:\n  kind: kubernetes_cluster\n  region: ams3\n  version: \"1.36\"\n"
		   "  vpc_uuid: ${network.id}\n"
		   "  maintenance_policy: { day: sunday, start_time: \"04:00\" }\n"
		   "base:\n  kind: kubernetes_node_pool\n  cluster_id: ${cluster.id}\n"
		   "  size: s-2vcpu-4gb\n  count: 2\n",
	.notes =
		"Node pools are resources of their own; the cluster is made together with all of "
		"them and never replaced for one. Upgrades go forward only, one minor version at a "
		"time, control plane first. With `auto_upgrade` what runs may be newer than the "
		"file: that is no change. Before a cluster is deleted, its Gateways, Services "
		"of type LoadBalancer and volume claims are, while the controllers live that take "
		"the load balancers and volumes away; the rest dies with it. Where the cluster "
		"does "
		"not answer, or will not let go, what DigitalOcean lists as made by it is told and "
		"deleted along with it.",
	.check = check,
	.price = price,
	.same = same,
};
