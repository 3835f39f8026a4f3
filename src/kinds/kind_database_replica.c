#include "check_help.h"
#include "connection.h"
#include "database_size.h"

#include "mok/ask.h"

static const struct mok_field fields[] = {
	{ .name = "cluster_id",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.norm = "lower",
		.doc = "The Postgres or MySQL cluster that it follows." },
	{ .name = "name",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = "[a-z0-9][a-z0-9-]*",
		.min = 1,
		.max = 63,
		.doc = "Name, unique in the cluster." },
	{ .name = "size",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = "@database_sizes",
		.norm = "lower",
		.call = "resize",
		.doc = "Size of its node: the cluster's own at least." },
	{ .name = "region",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.values = "@database_regions",
		.norm = "lower",
		.doc = "Region; it may be another than the cluster's." },
	{ .name = "storage_size_mib",
		.type = MOK_INT,
		.min = 1,
		.max = 1 << 26,
		.call = "resize",
		.dflt = "the cluster's",
		.doc = "Storage; it can only grow." },
	{ .name = "private_network_uuid",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = UUID_PATTERN,
		.norm = "lower",
		.dflt = "the cluster's network, or the default one of another region",
		.doc = "Network that it is in." },
	{ .name = "tags",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_SET | MOK_F_CREATE_ONLY,
		.norm = "tags",
		.pattern = "[A-Za-z0-9_:-]{1,255}",
		.doc = "Tags that it is made with." },
	COMPUTED_STR("id", "UUID."),
	COMPUTED_STR("status", "State, such as online."),
	COMPUTED_STR("created_at", "When it was made."),
	CONNECTION("connection", "How to connect from outside."),
	CONNECTION("private_connection", "How to connect from its network."),
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "resize",
		.method = "PUT",
		.path = "/v2/databases/{id}/resize",
		.flags = MOK_CALL_WAITS | MOK_CALL_WHEN_READY | MOK_CALL_DISRUPTS,
		.with = "size",
		.typical_s = 600 },
	{ 0 },
};

/* The call is the clusters', which have several nodes. */
static int body(const struct mok_ask *ask, cJSON *json, struct mok_err *err)
{
	(void)err;
	if (ask->verb == MOK_ASK_CALL && ask->call && mok_streq(ask->call->name, "resize"))
		cJSON_AddNumberToObject(json, "num_nodes", 1);
	return 0;
}

static struct mok_price price(const struct mok_val *attrs, const struct mok_catalogue *catalogue)
{
	return mok_database_price(mok_want_str(attrs, "size"), 1, catalogue);
}

const struct mok_kind mok_kind_database_replica = {
	.name = "database_replica",
	.summary = "a read-only node of a Postgres or MySQL cluster",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_SERIAL,
	.marking = MOK_MARK_FREE,
	.list_path = "/v2/databases/{parent}/replicas",
	.list_key = "replicas",
	.item_path = "/v2/databases/{parent}/replicas/{name}",
	.item_key = "replica",
	.parent = "database_cluster",
	.parent_field = "cluster_id",
	.id_json = "id",
	.natural_key = "name",
	.name_field = "name",
	.name_max = 63,
	.name_pattern = "[a-z0-9][a-z0-9-]*",
	.status_json = "status",
	.ready = "online",
	.typical_create_s = 360,
	.typical_delete_s = 30,
	.poll_s = 15,
	.settle_s = 120,
	.timeout_s = 2700,
	.destroy_rank = 30,
	.example = "db_reader:\n  kind: database_replica\n  cluster_id: ${db.id}\n  region: ams3\n"
		   "  size: db-s-2vcpu-4gb\n  private_network_uuid: ${network.id}\n",
	.notes = "The users, databases and trusted sources are the cluster's. It can be made once "
		 "the cluster has its first backup, which takes some minutes after its creation; "
		 "until then the creation is tried again.",
	.body = body,
	.price = price,
	.same = mok_database_same_size,
};
