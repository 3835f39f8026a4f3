#include "check_help.h"
#include "connection.h"

static const struct mok_field fields[] = {
	{ .name = "cluster_id",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.norm = "lower",
		.doc = "The Postgres cluster." },
	{ .name = "name",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = "[A-Za-z0-9_.-]+",
		.min = 3,
		.max = 60,
		.doc = "Name of the pool; clients use it as the name of the database." },
	{ .name = "mode",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = "session|transaction|statement",
		.doc = "How long a client keeps a connection." },
	{ .name = "size",
		.type = MOK_INT,
		.flags = MOK_F_REQUIRED,
		.min = 1,
		.max = 5000,
		.doc = "Connections to the server. All pools of a cluster together have 25 for "
		       "each "
		       "GB of memory, less 3." },
	{ .name = "db", .type = MOK_STR, .flags = MOK_F_REQUIRED, .doc = "Database." },
	{ .name = "user",
		.type = MOK_STR,
		.dflt = "the user that connects",
		.doc = "User of the database." },
	CONNECTION("connection", "How to connect from outside."),
	CONNECTION("private_connection", "How to connect from its network."),
	CONNECTION("standby_connection", "How to read from a standby, from outside."),
	CONNECTION("standby_private_connection", "How to read from a standby, from its network."),
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "update",
		.method = "PUT",
		.path = "/v2/databases/{parent}/pools/{id}",
		.flags = MOK_CALL_FULL | MOK_CALL_WHEN_READY | MOK_CALL_DISRUPTS,
		.typical_s = 2 },
	{ 0 },
};

const struct mok_kind mok_kind_database_connection_pool = {
	.name = "database_connection_pool",
	.summary = "a PgBouncer pool in front of a Postgres database",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_DIES_WITH_PARENT | MOK_K_SERIAL,
	.marking = MOK_MARK_FREE,
	.list_path = "/v2/databases/{parent}/pools",
	.list_key = "pools",
	.item_path = "/v2/databases/{parent}/pools/{id}",
	.item_key = "pool",
	.parent = "database_cluster",
	.parent_field = "cluster_id",
	.id_json = "name",
	.natural_key = "name",
	.name_field = "name",
	.name_max = 60,
	.name_pattern = "[A-Za-z0-9_.-]+",
	.typical_create_s = 2,
	.typical_delete_s = 2,
	.poll_s = 5,
	.settle_s = 60,
	.timeout_s = 600,
	.destroy_rank = 28,
	.example =
		"db_pool:\n  kind: database_connection_pool\n  cluster_id: ${db.id}\n  name: web\n"
		"  mode: transaction\n  size: 20\n  db: ${db_name.name}\n  user: ${db_user.name}\n",
	.notes = "In transaction mode prepared statements have to be off, and migrations go to the "
		 "database itself.",
};
