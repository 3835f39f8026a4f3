#include "check_help.h"

#include "mok/ask.h"

#include <string.h>

static const struct mok_field taint_fields[] = {
	{ .name = "key", .type = MOK_STR, .flags = MOK_F_REQUIRED, .doc = "Key." },
	{ .name = "value", .type = MOK_STR, .dflt = "", .doc = "Value." },
	{ .name = "effect",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = "NoSchedule|PreferNoSchedule|NoExecute",
		.doc = "What happens to pods that do not tolerate it." },
	{ 0 },
};

static const struct mok_field node_fields[] = {
	{ .name = "id", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "UUID." },
	{ .name = "name", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "Name." },
	{ .name = "status",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.json = "status.state",
		.doc = "State, such as running." },
	{ .name = "droplet_id", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "Its Droplet." },
	{ 0 },
};

static const struct mok_field fields[] = {
	{ .name = "cluster_id",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.norm = "lower",
		.doc = "The cluster." },
	{ .name = "name",
		.type = MOK_STR,
		.pattern = "[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
		.min = 1,
		.max = 63,
		.doc = "Name, unique in the cluster; nodes are named after it." },
	{ .name = "size",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.values = "@kubernetes_sizes",
		.norm = "lower",
		.doc = "Size of the nodes." },
	{ .name = "count",
		.type = MOK_INT,
		.flags = MOK_F_DRIFTS,
		.max = 1000,
		.doc = "Nodes. With `auto_scale` it is only where the pool begins." },
	{ .name = "auto_scale",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "The cluster autoscaler changes the count by itself." },
	{ .name = "min_nodes",
		.type = MOK_INT,
		.max = 1000,
		.doc = "Fewest nodes under `auto_scale`." },
	{ .name = "max_nodes",
		.type = MOK_INT,
		.max = 1000,
		.doc = "Most nodes under `auto_scale`." },
	{ .name = "tags",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_SET,
		.norm = "tags",
		.pattern = "[A-Za-z0-9_:-]{1,255}",
		.dflt = "[]",
		.doc = "Tags; those of Kubernetes and of mok are not counted." },
	{ .name = "labels",
		.type = MOK_MAP,
		.dflt = "{}",
		.doc = "Labels of the nodes. One that is taken away stays on the nodes that "
		       "exist." },
	{ .name = "taints",
		.type = MOK_LIST,
		.item = MOK_MAP,
		.flags = MOK_F_SET,
		.sub = taint_fields,
		.dflt = "[]",
		.doc = "Taints of the nodes." },
	{ .name = "id", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "UUID." },
	{ .name = "nodes",
		.type = MOK_LIST,
		.item = MOK_MAP,
		.flags = MOK_F_COMPUTED,
		.sub = node_fields,
		.doc = "The nodes that there are." },
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "update",
		.method = "PUT",
		.path = "/v2/kubernetes/clusters/{parent}/node_pools/{id}",
		.flags = MOK_CALL_NAME | MOK_CALL_WAITS,
		.with = "count",
		.typical_s = 120 },
	{ 0 },
};

/* A count sent under autoscaling would fight the autoscaler. At creation the API asks for one. */
static int body(const struct mok_ask *ask, cJSON *json, struct mok_err *err)
{
	const struct mok_val *have = ask->have ? &ask->have->attrs : NULL;
	const cJSON *scales = cJSON_GetObjectItemCaseSensitive(json, "auto_scale");
	bool autoscaled = scales ? cJSON_IsTrue(scales)
				 : mok_want_bool(ask->want, "auto_scale",
					   have && mok_want_bool(have, "auto_scale", false));

	(void)err;
	if (ask->verb != MOK_ASK_CREATE) {
		if (autoscaled)
			cJSON_DeleteItemFromObjectCaseSensitive(json, "count");
		return 0;
	}
	if (!cJSON_GetObjectItemCaseSensitive(json, "count"))
		cJSON_AddNumberToObject(
			json, "count", (double)mok_want_int(ask->want, "min_nodes", 1));
	return 0;
}

static bool is_ready(const struct mok_object *object, const struct mok_val *want)
{
	const struct mok_val *nodes = mok_val_get(&object->attrs, "nodes");
	bool autoscaled = mok_want_bool(&object->attrs, "auto_scale", false);
	int64_t count = mok_want_int(&object->attrs, "count", 0);
	size_t len = nodes && nodes->type == MOK_LIST ? nodes->u.list.len : 0;

	for (size_t i = 0; i < len; i++)
		if (!mok_streq(mok_want_str(&nodes->u.list.items[i], "status"), "running"))
			return false;
	if (want && !autoscaled && count != mok_want_int(want, "count", count))
		return false;
	if (autoscaled)
		return (int64_t)len >= mok_want_int(&object->attrs, "min_nodes", 0);
	return (int64_t)len == count;
}

static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	bool autoscaled = mok_want_bool(&object->attrs, "auto_scale", false);

	(void)replaces;
	if (mok_streq(field->name, "count") && autoscaled) {
		*why = "the autoscaler decides the count";
		return true;
	}
	/* Without auto_scale both bounds read as 0, whatever the file says. */
	if ((mok_streq(field->name, "min_nodes") || mok_streq(field->name, "max_nodes")) &&
		!autoscaled && have->type == MOK_INT && have->u.i == 0)
		return want->type == MOK_INT && want->u.i == 0;
	return false;
}

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	const struct mok_val *scales = mok_val_get(want, "auto_scale");
	bool on = mok_want_bool(want, "auto_scale", false);
	int64_t min = mok_want_int(want, "min_nodes", 0), max = mok_want_int(want, "max_nodes", 0);

	if (!mok_val_get(want, "count") && (!scales || (scales->type == MOK_BOOL && !on)))
		mok_field_diag(diags, r, NULL, "E0702",
			"a node pool needs count, or auto_scale with min_nodes and max_nodes");
	if (on && (!mok_val_get(want, "min_nodes") || !mok_val_get(want, "max_nodes")))
		mok_field_diag(diags, r, "auto_scale", "E0702",
			"auto_scale needs min_nodes and max_nodes");
	if (min > max && max > 0)
		mok_field_diag(
			diags, r, "min_nodes", "E0704", "min_nodes is larger than max_nodes");
	if (scales && scales->type == MOK_BOOL && !on && (min || max))
		mok_field_diag(diags, r, min ? "min_nodes" : "max_nodes", "E0701",
			"min_nodes and max_nodes mean something only with auto_scale: true");
}

static struct mok_price price(const struct mok_val *attrs, const struct mok_catalogue *catalogue)
{
	const char *size = mok_want_str(attrs, "size");
	int64_t each = size ? mok_catalogue_price(catalogue, "droplets", size) : -1;
	int64_t count = mok_want_int(attrs, "count", mok_want_int(attrs, "min_nodes", 1));

	if (each < 0)
		return (struct mok_price){ .unpriced = true };
	return (struct mok_price){ .cents_per_month = each * count };
}

const struct mok_kind mok_kind_kubernetes_node_pool = {
	.name = "kubernetes_node_pool",
	.summary = "nodes of one size in a Kubernetes cluster",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_GEN_NAME | MOK_K_RENAMES | MOK_K_DIES_WITH_PARENT |
		MOK_K_HAS_NODES,
	.marking = MOK_MARK_TAGS,
	.list_key = "node_pools",
	.item_path = "/v2/kubernetes/clusters/{parent}/node_pools/{id}",
	.item_key = "node_pool",
	.create_path = "/v2/kubernetes/clusters/{parent}/node_pools",
	.parent = "kubernetes_cluster",
	.parent_field = "cluster_id",
	.id_json = "id",
	.natural_key = "name",
	.name_field = "name",
	.name_max = 63,
	.name_pattern = "[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
	.typical_create_s = 180,
	.typical_delete_s = 120,
	.poll_s = 10,
	.settle_s = 60,
	.timeout_s = 1800,
	.destroy_rank = 10,
	.example = "web:\n  kind: kubernetes_node_pool\n  cluster_id: ${cluster.id}\n"
		   "  size: s-4vcpu-8gb\n  auto_scale: true\n  min_nodes: 2\n  max_nodes: 6\n",
	.notes = "Another size makes a new pool first, waits for its nodes, drains and deletes the "
		 "old one, and gives its name back; the cluster is left alone. Under `auto_scale` "
		 "the count is the autoscaler's and never a change.",
	.check = check,
	.body = body,
	.is_ready = is_ready,
	.price = price,
	.same = same,
};
