#include "check_help.h"
#include "connection.h"
#include "database_size.h"
#include "firewall_rules.h"

#include "mok/ask.h"

#include <string.h>

static const struct mok_field window_fields[] = {
	{ .name = "day",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = DAYS,
		.norm = "lower",
		.doc = "Day of the week." },
	{ .name = "hour",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.pattern = "([01]?[0-9]|2[0-3]):[0-5][0-9](:00)?",
		.norm = "hour",
		.doc = "Time of day, UTC, such as 14:00." },
	{ 0 },
};

static const struct mok_field restore_fields[] = {
	{ .name = "database_name",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.doc = "Name of the cluster whose backup it is." },
	{ .name = "backup_created_at",
		.type = MOK_STR,
		.doc = "Which backup, RFC 3339; the newest if left out." },
	{ 0 },
};

static const struct mok_field storage_fields[] = {
	{ .name = "enabled",
		.type = MOK_BOOL,
		.flags = MOK_F_REQUIRED,
		.doc = "Whether storage grows by itself." },
	{ .name = "threshold_percent",
		.type = MOK_INT,
		.min = 15,
		.max = 95,
		.doc = "How full it is when it grows." },
	{ .name = "increment_gib",
		.type = MOK_INT,
		.min = 10,
		.max = 500,
		.doc = "By how much it grows." },
	{ 0 },
};

static const struct mok_field autoscale_fields[] = {
	{ .name = "storage",
		.type = MOK_MAP,
		.flags = MOK_F_REQUIRED | MOK_F_MERGE,
		.sub = storage_fields,
		.doc = "Growth of the storage." },
	{ 0 },
};

static const struct mok_field settings_fields[] = {
	{ .name = "service_cnames",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_SET,
		.norm = "fqdn",
		.max = 16,
		.dflt = "[]",
		.doc = "Host names of your own that the certificate covers too." },
	{ 0 },
};

static const struct mok_field endpoint_fields[] = {
	COMPUTED_STR("host", "Host name."),
	{ .name = "port", .type = MOK_INT, .flags = MOK_F_COMPUTED, .doc = "Port." },
	{ 0 },
};

static const struct mok_field fields[] = {
	{ .name = "name",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES | MOK_F_RISKY,
		.pattern = "[a-z0-9][a-z0-9-]*",
		.min = 3,
		.max = 63,
		.doc = "Name, unique in the account, and for minutes after a deletion too." },
	{ .name = "engine",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES | MOK_F_RISKY,
		.values = "pg|mysql|valkey|redis|opensearch|mongodb|kafka",
		.doc = "Database engine. A redis that exists is taken as valkey; none can be "
		       "made." },
	{ .name = "version",
		.type = MOK_STR,
		.values = "@database_versions",
		.call = "upgrade",
		.dflt = "chosen by DigitalOcean",
		.doc = "Major version, such as 17. It can go up, never down." },
	{ .name = "size",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = "@database_sizes",
		.norm = "lower",
		.call = "resize",
		.doc = "Size of the nodes." },
	{ .name = "num_nodes",
		.type = MOK_INT,
		.min = 1,
		.max = 15,
		.flags = MOK_F_REQUIRED,
		.call = "resize",
		.doc = "Nodes: one, or with standbys two or three; the size says which." },
	{ .name = "storage_size_mib",
		.type = MOK_INT,
		.min = 1,
		.max = 1 << 26,
		.call = "resize",
		.dflt = "what the size includes",
		.doc = "Storage; it can only grow." },
	{ .name = "region",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = "@database_regions",
		.norm = "lower",
		.call = "migrate",
		.doc = "Region; another one moves the cluster, with `private_network_uuid` of a "
		       "network there." },
	{ .name = "private_network_uuid",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES | MOK_F_RISKY,
		.pattern = UUID_PATTERN,
		.norm = "lower",
		.dflt = "the region's default network",
		.doc = "Network that it is in. Only a move to another region changes it in "
		       "place." },
	{ .name = "project_id",
		.type = MOK_STR,
		.pattern = UUID_PATTERN,
		.norm = "lower",
		.call = "assign",
		.dflt = "the default project",
		.doc = "Project that it belongs to." },
	{ .name = "tags",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_SET,
		.norm = "tags",
		.pattern = "[A-Za-z0-9_:-]{1,255}",
		.call = "tags",
		.dflt = "[]",
		.doc = "Tags; those of mok are not counted." },
	{ .name = "backup_restore",
		.type = MOK_MAP,
		.flags = MOK_F_CREATE_ONLY,
		.sub = restore_fields,
		.doc = "At creation only: a copy of a backup of another Postgres or MySQL "
		       "cluster." },
	{ .name = "maintenance_window",
		.type = MOK_MAP,
		.flags = MOK_F_NOT_AT_CREATE | MOK_F_MERGE,
		.sub = window_fields,
		.call = "maintenance",
		.doc = "When maintenance may happen." },
	{ .name = "eviction_policy",
		.type = MOK_STR,
		.flags = MOK_F_NOT_AT_CREATE | MOK_F_FETCHED,
		.json = "/v2/databases/{id}/eviction_policy",
		.values = "noeviction|allkeys_lru|allkeys_random|volatile_lru|volatile_random|"
			  "volatile_ttl",
		.norm = "eviction",
		.call = "eviction",
		.doc = "Of Valkey: what goes when memory is full. Sidekiq needs noeviction." },
	{ .name = "sql_mode",
		.type = MOK_STR,
		.flags = MOK_F_NOT_AT_CREATE | MOK_F_FETCHED,
		.json = "/v2/databases/{id}/sql_mode",
		.call = "sql_mode",
		.doc = "Of MySQL: the SQL mode, comma-separated." },
	{ .name = "autoscale",
		.type = MOK_MAP,
		.flags = MOK_F_NOT_AT_CREATE | MOK_F_FETCHED | MOK_F_MERGE,
		.json = "/v2/databases/{id}/autoscale",
		.sub = autoscale_fields,
		.call = "autoscale",
		.doc = "Storage that grows by itself." },
	{ .name = "do_settings",
		.type = MOK_MAP,
		.flags = MOK_F_NOT_AT_CREATE | MOK_F_MERGE,
		.sub = settings_fields,
		.call = "settings",
		.doc = "DigitalOcean's own settings." },
	COMPUTED_STR("id", "UUID."),
	COMPUTED_STR("urn", "Uniform resource name."),
	COMPUTED_STR("status", "State, such as online."),
	COMPUTED_STR("semantic_version", "Version in full."),
	COMPUTED_STR("created_at", "When it was made."),
	COMPUTED_STR("version_end_of_life", "When DigitalOcean stops to support the version."),
	COMPUTED_STR("version_end_of_availability", "When the version is no longer on offer."),
	CONNECTION("connection", "How to connect from outside."),
	CONNECTION("private_connection", "How to connect from its network."),
	CONNECTION("standby_connection", "How to read from a standby, from outside."),
	CONNECTION("standby_private_connection", "How to read from a standby, from its network."),
	CONNECTION("ui_connection", "OpenSearch's dashboard."),
	{ .name = "db_names",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_COMPUTED | MOK_F_SET,
		.doc = "Databases in it." },
	{ .name = "metrics_endpoints",
		.type = MOK_LIST,
		.item = MOK_MAP,
		.flags = MOK_F_COMPUTED,
		.sub = endpoint_fields,
		.doc = "Where Prometheus finds its metrics." },
	{ .name = "ca",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED | MOK_F_FETCHED,
		.json = "/v2/databases/{id}/ca",
		.doc = "Certificate of its authority, base64 of PEM." },
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "resize",
		.method = "PUT",
		.path = "/v2/databases/{id}/resize",
		.flags = MOK_CALL_WAITS | MOK_CALL_WHEN_READY | MOK_CALL_DISRUPTS,
		.with = "size num_nodes",
		.typical_s = 600 },
	{ .name = "upgrade",
		.method = "PUT",
		.path = "/v2/databases/{id}/upgrade",
		.flags = MOK_CALL_WAITS | MOK_CALL_WHEN_READY | MOK_CALL_DISRUPTS,
		.typical_s = 900 },
	{ .name = "migrate",
		.method = "PUT",
		.path = "/v2/databases/{id}/migrate",
		.flags = MOK_CALL_WAITS | MOK_CALL_WHEN_READY | MOK_CALL_DISRUPTS,
		.typical_s = 1800 },
	{ .name = "assign",
		.method = "POST",
		.path = "/v2/projects/{value}/resources",
		.flags = MOK_CALL_ASSIGN,
		.typical_s = 5 },
	{ .name = "tags", .flags = MOK_CALL_TAGS, .typical_s = 2 },
	{ .name = "maintenance",
		.method = "PUT",
		.path = "/v2/databases/{id}/maintenance",
		.flags = MOK_CALL_FULL | MOK_CALL_WHEN_READY,
		.typical_s = 2 },
	{ .name = "eviction",
		.method = "PUT",
		.path = "/v2/databases/{id}/eviction_policy",
		.flags = MOK_CALL_WHEN_READY,
		.typical_s = 2 },
	{ .name = "sql_mode",
		.method = "PUT",
		.path = "/v2/databases/{id}/sql_mode",
		.flags = MOK_CALL_WHEN_READY,
		.typical_s = 2 },
	{ .name = "autoscale",
		.method = "PUT",
		.path = "/v2/databases/{id}/autoscale",
		.flags = MOK_CALL_FULL | MOK_CALL_WHEN_READY,
		.typical_s = 2 },
	{ .name = "settings",
		.method = "PUT",
		.path = "/v2/databases/{id}/do_settings",
		.flags = MOK_CALL_FULL | MOK_CALL_WHEN_READY | MOK_CALL_DISRUPTS,
		.typical_s = 600 },
	{ 0 },
};

/* These calls take the object's members at the top. */
static void unwrap(cJSON *json, const char *key)
{
	cJSON *inner = cJSON_DetachItemFromObjectCaseSensitive(json, key);
	cJSON *member;

	while (inner && (member = inner->child)) {
		cJSON_DetachItemViaPointer(inner, member);
		cJSON_AddItemToObject(json, member->string, member);
	}
	cJSON_Delete(inner);
}

/* A firewall that the stack has comes with the creation: its rules as far as they are known (a
 * cluster's id may not be), and never none. */
static int create_body(const struct mok_ask *ask, cJSON *json, struct mok_err *err)
{
	struct mok_arena *arena;
	const char *stack;
	cJSON *rules;

	if (!ask->extra)
		return 0;
	arena = mok_arena_new();
	stack = mok_rule_stack(arena, ask->marker);
	if (stack) {
		rules = cJSON_AddArrayToObject(json, "rules");
		mok_rule_add_all(rules, ask->extra, stack);
		if (cJSON_GetArraySize(rules) == 0)
			mok_rule_add_placeholder(rules, stack);
	}
	mok_arena_free(arena);
	return stack ? 0 : mok_err_set(err, MOK_ERR_INPUT, "rules are only written for a stack");
}

static int body(const struct mok_ask *ask, cJSON *json, struct mok_err *err)
{
	if (ask->verb == MOK_ASK_CREATE)
		return create_body(ask, json, err);
	if (ask->verb != MOK_ASK_CALL || !ask->call)
		return 0;
	if (mok_streq(ask->call->name, "maintenance"))
		unwrap(json, "maintenance_window");
	if (mok_streq(ask->call->name, "autoscale"))
		unwrap(json, "autoscale");
	/* A move has to name a network of the target region, or the default one is taken. */
	if (mok_streq(ask->call->name, "migrate") &&
		mok_want_str(ask->want, "private_network_uuid"))
		cJSON_AddStringToObject(json, "private_network_uuid",
			mok_want_str(ask->want, "private_network_uuid"));
	return 0;
}

static bool same_engine(const char *want, const char *have)
{
	return (mok_streq(want, "redis") && mok_streq(have, "valkey")) ||
		(mok_streq(want, "valkey") && mok_streq(have, "redis"));
}

static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	bool are_texts = want->type == MOK_STR && have->type == MOK_STR;

	if (are_texts && mok_streq(field->name, "engine"))
		return same_engine(want->u.s, have->u.s);
	if (are_texts && mok_streq(field->name, "version"))
		return mok_version_same(want->u.s, have->u.s, why);
	return mok_database_same_size(field, want, have, object, replaces, why);
}

struct engine_rule {
	const char *field, *engines, *message;
};

static bool listed(const char *word, const char *list)
{
	size_t len = strlen(word);

	for (const char *p = strstr(list, word); p; p = strstr(p + 1, word))
		if ((p == list || p[-1] == ' ') && (p[len] == '\0' || p[len] == ' '))
			return true;
	return false;
}

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	static const struct engine_rule rules[] = {
		{ "eviction_policy", "valkey redis", "only valkey has an eviction_policy" },
		{ "sql_mode", "mysql", "only mysql has an sql_mode" },
		{ "backup_restore", "pg mysql", "only pg and mysql are restored from backups" },
		{ "autoscale", "pg mysql", "only the storage of pg and mysql grows by itself" },
		{ "storage_size_mib", "pg mysql mongodb kafka opensearch",
			"the storage of valkey goes with its size" },
	};
	const char *engine = mok_want_str(want, "engine");

	for (size_t i = 0; engine && i < MOK_COUNT(rules); i++)
		if (mok_val_get(want, rules[i].field) && !listed(engine, rules[i].engines))
			mok_field_diag(diags, r, rules[i].field, "E0703", rules[i].message);
}

static struct mok_price price(const struct mok_val *attrs, const struct mok_catalogue *catalogue)
{
	if (!mok_want_str(attrs, "engine"))
		return (struct mok_price){ .unpriced = true };
	return mok_database_price(
		mok_want_str(attrs, "size"), mok_want_int(attrs, "num_nodes", 1), catalogue);
}

const struct mok_kind mok_kind_database_cluster = {
	.name = "database_cluster",
	.summary = "a managed database: Postgres, MySQL, Valkey, OpenSearch and others",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_HOLDS_DATA | MOK_K_ASSIGNABLE,
	.marking = MOK_MARK_TAGS,
	.list_path = "/v2/databases",
	.list_key = "databases",
	.item_path = "/v2/databases/{id}",
	.item_key = "database",
	.id_json = "id",
	.urn = "do:dbaas:",
	.tag_type = "database",
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
	.destroy_rank = 40,
	.example = "db:\n  kind: database_cluster\n  engine: pg\n  version: \"17\"\n"
		   "  region: ams3\n  size: db-s-2vcpu-4gb\n  num_nodes: 2\n"
		   "  private_network_uuid: ${network.id}\n  protect: true\n",
	.notes = "The firewall is sent with the cluster's creation, so that it is never open to "
		 "all. "
		 "A smaller size, another name or engine need a new cluster, without the data: "
		 "those "
		 "changes are shown last and in red. Deleting a cluster deletes its backups.",
	.check = check,
	.body = body,
	.price = price,
	.same = same,
};
