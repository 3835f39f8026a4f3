#include "check_help.h"

static const struct mok_field fields[] = {
	{ .name = "cluster_id",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.norm = "lower",
		.doc = "The database cluster." },
	{ .name = "name",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES | MOK_F_RISKY,
		.pattern = "[^/?#]+",
		.min = 1,
		.max = 63,
		.doc = "Name of the database." },
	{ 0 },
};

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	if (mok_streq(mok_want_str(want, "name"), "defaultdb"))
		mok_field_diag(diags, r, "name", "E0705",
			"defaultdb exists in every cluster and cannot be deleted");
}

const struct mok_kind mok_kind_database_db = {
	.name = "database_db",
	.summary = "a database in a cluster",
	.provider = "digitalocean",
	.fields = fields,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_HOLDS_DATA | MOK_K_DIES_WITH_PARENT | MOK_K_SERIAL,
	.marking = MOK_MARK_FREE,
	.list_path = "/v2/databases/{parent}/dbs",
	.list_key = "dbs",
	.item_path = "/v2/databases/{parent}/dbs/{id}",
	.item_key = "db",
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
	.destroy_rank = 30,
	.example = "db_name:\n  kind: database_db\n  cluster_id: ${db.id}\n  name: mastodon\n",
	.notes = "Only for Postgres, MySQL and MongoDB clusters. Deleting it destroys its data.",
	.check = check,
};
