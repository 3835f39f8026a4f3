#include "check_help.h"
#include "connection.h"

static const struct mok_field mysql_fields[] = {
	{ .name = "auth_plugin",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = "mysql_native_password|caching_sha2_password",
		.doc = "How the password is checked." },
	{ 0 },
};

static const struct mok_field index_fields[] = {
	{ .name = "index",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.doc = "Regular expression for indices." },
	{ .name = "permission",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = "deny|admin|read|readwrite|write",
		.doc = "What is allowed." },
	{ 0 },
};

static const struct mok_field topic_fields[] = {
	{ .name = "topic",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.doc = "Regular expression for topics." },
	{ .name = "permission",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = "admin|consume|produce|produceconsume",
		.doc = "What is allowed." },
	{ 0 },
};

static const struct mok_field mongo_fields[] = {
	{ .name = "databases",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_SET,
		.doc = "Databases that the user may use." },
	{ .name = "role",
		.type = MOK_STR,
		.values = "readOnly|readWrite|dbAdmin",
		.doc = "What is allowed in them." },
	{ 0 },
};

static const struct mok_field settings_fields[] = {
	{ .name = "pg_allow_replication",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "Of Postgres: may replicate." },
	{ .name = "opensearch_acl",
		.type = MOK_LIST,
		.item = MOK_MAP,
		.flags = MOK_F_SET,
		.sub = index_fields,
		.doc = "Of OpenSearch: rights on indices." },
	{ .name = "acl",
		.type = MOK_LIST,
		.item = MOK_MAP,
		.flags = MOK_F_SET,
		.sub = topic_fields,
		.doc = "Of Kafka: rights on topics." },
	{ .name = "mongo_user_settings",
		.type = MOK_MAP,
		.flags = MOK_F_MERGE,
		.sub = mongo_fields,
		.doc = "Of MongoDB: rights on databases." },
	{ 0 },
};

static const struct mok_field fields[] = {
	{ .name = "cluster_id",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.norm = "lower",
		.doc = "The database cluster." },
	{ .name = "name",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = "[^/?#]+",
		.min = 1,
		.max = 63,
		.doc = "Name of the user." },
	{ .name = "mysql_settings",
		.type = MOK_MAP,
		.flags = MOK_F_MERGE,
		.sub = mysql_fields,
		.call = "reset_auth",
		.doc = "Of MySQL: how the user is authenticated. A change makes a new password." },
	{ .name = "settings",
		.type = MOK_MAP,
		.flags = MOK_F_MERGE,
		.sub = settings_fields,
		.call = "update",
		.doc = "Rights; what is there and not written here is kept." },
	COMPUTED_STR("role", "primary for the cluster's first user, else normal."),
	{ .name = "password",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED | MOK_F_SENSITIVE,
		.doc = "Its password; absent when the token may not see it." },
	COMPUTED_STR("access_cert", "Of Kafka: certificate to connect with."),
	{ .name = "access_key",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED | MOK_F_SENSITIVE,
		.doc = "Of Kafka: key to connect with." },
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "update",
		.method = "PUT",
		.path = "/v2/databases/{parent}/users/{id}",
		.flags = MOK_CALL_FULL | MOK_CALL_WHEN_READY,
		.typical_s = 2 },
	{ .name = "reset_auth",
		.method = "POST",
		.path = "/v2/databases/{parent}/users/{id}/reset_auth",
		.flags = MOK_CALL_WHEN_READY | MOK_CALL_DISRUPTS,
		.typical_s = 2 },
	{ 0 },
};

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	const char *name = mok_want_str(want, "name");

	if (mok_streq(name, "doadmin") || mok_streq(name, "default"))
		mok_field_diag(diags, r, "name", "E0705",
			"doadmin and default are DigitalOcean's own users and cannot be deleted");
}

const struct mok_kind mok_kind_database_user = {
	.name = "database_user",
	.summary = "a user of a database cluster",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_DIES_WITH_PARENT | MOK_K_SERIAL,
	.marking = MOK_MARK_FREE,
	.list_path = "/v2/databases/{parent}/users",
	.list_key = "users",
	.item_path = "/v2/databases/{parent}/users/{id}",
	.item_key = "user",
	.parent = "database_cluster",
	.parent_field = "cluster_id",
	.id_json = "name",
	.natural_key = "name",
	.name_field = "name",
	.name_max = 63,
	.name_pattern = "[^/?#]+",
	.typical_create_s = 2,
	.typical_delete_s = 2,
	.poll_s = 5,
	.settle_s = 60,
	.timeout_s = 600,
	.destroy_rank = 29,
	.example = "db_user:\n  kind: database_user\n  cluster_id: ${db.id}\n  name: mastodon\n",
	.notes =
		"The password is made by DigitalOcean and read live. Not for Valkey, which has one "
		"user only.",
	.check = check,
};
