/* Topics, log sinks, indexes, online migrations. */
#include "database.h"

#include <string.h>

enum {
	TOPIC_NAME_MAX = 249,
	PARTITIONS_MIN = 3,
	PARTITIONS_MAX = 2048,
};

/* ---- topics ---- */

static struct sb_doc *kafka_of_path(struct sb_ctx *ctx, bool write)
{
	struct sb_doc *database = write ? db_find_online(ctx) : db_find(ctx);

	if (!database || mok_streq(sb_get_str(database->json, "engine"), "kafka"))
		return database;
	sb_fail(ctx, 422, "topics are supported for Kafka clusters only");
	return NULL;
}

/* Defaults of a topic; those that are the largest 64-bit number are left out, for they do not
 * survive a double. */
static const char topic_config[] =
	"{\"cleanup_policy\":\"delete\",\"compression_type\":\"producer\","
	"\"delete_retention_ms\":86400000,\"file_delete_delay_ms\":60000,"
	"\"index_interval_bytes\":4096,\"max_message_bytes\":1048588,"
	"\"message_down_conversion_enable\":true,\"message_format_version\":\"3.0-IV1\","
	"\"message_timestamp_type\":\"create_time\",\"min_cleanable_dirty_ratio\":0.5,"
	"\"min_compaction_lag_ms\":0,\"min_insync_replicas\":1,\"preallocate\":false,"
	"\"retention_bytes\":-1,\"retention_ms\":604800000,\"segment_bytes\":209715200,"
	"\"segment_index_bytes\":10485760,\"segment_jitter_ms\":0,\"segment_ms\":604800000}";

static const char *apply_topic(const struct sb_doc *database, cJSON *topic, const cJSON *body)
{
	int64_t partitions_now = sb_get_int(topic, "partition_count", PARTITIONS_MIN);
	int64_t partitions = sb_get_int(body, "partition_count", partitions_now);
	int64_t factor =
		sb_get_int(body, "replication_factor", sb_get_int(topic, "replication_factor", 2));
	const cJSON *config = sb_get(body, "config");
	const cJSON *value;

	if (partitions < partitions_now || partitions > PARTITIONS_MAX)
		return "partition_count must be between 3 and 2048, and can only grow";
	if (factor < 2 || factor > sb_get_int(database->json, "num_nodes", 3))
		return "replication_factor must be between 2 and the number of nodes";
	if (config && !cJSON_IsObject(config))
		return "config must be an object";
	sb_set_int(topic, "partition_count", partitions);
	sb_set_int(topic, "replication_factor", factor);
	if (!sb_get(topic, "config"))
		mok_json_set(topic, "config", cJSON_Parse(topic_config));
	cJSON_ArrayForEach(value, config)
	{
		mok_json_set(cJSON_GetObjectItemCaseSensitive(topic, "config"), value->string,
			cJSON_Duplicate(value, true));
	}
	return NULL;
}

static cJSON *view_topic(const struct sb_doc *topic)
{
	static const char *const fields[] = { "name", "replication_factor", "config" };
	int64_t count = sb_get_int(topic->json, "partition_count", PARTITIONS_MIN);
	cJSON *view = cJSON_CreateObject();
	cJSON *partitions;

	sb_copy(view, topic->json, fields, MOK_COUNT(fields));
	sb_set_str(view, "state", "active");
	partitions = cJSON_AddArrayToObject(view, "partitions");
	for (int64_t i = 0; i < count; i++) {
		cJSON *one = cJSON_CreateObject();

		sb_set_int(one, "size", 0);
		sb_set_int(one, "id", i);
		mok_json_set(one, "in_sync_replicas",
			cJSON_Duplicate(sb_get(topic->json, "replication_factor"), true));
		sb_set_int(one, "earliest_offset", 0);
		cJSON_AddNullToObject(one, "consumer_groups");
		cJSON_AddItemToArray(partitions, one);
	}
	return view;
}

void db_list_topics(struct sb_ctx *ctx)
{
	static const char *const fields[] = { "name", "partition_count", "replication_factor" };
	const struct sb_doc *database = kafka_of_path(ctx, false);
	struct sb_docs topics;
	cJSON *list;

	if (!database)
		return;
	topics = db_children(ctx, DB_TOPIC_KIND, database->id);
	list = cJSON_CreateArray();
	for (size_t i = 0; i < topics.len; i++) {
		cJSON *one = cJSON_CreateObject();

		sb_copy(one, topics.items[i]->json, fields, MOK_COUNT(fields));
		sb_set_str(one, "state", "active");
		cJSON_AddItemToArray(list, one);
	}
	sb_reply_root(ctx, 200, "topics", list);
}

static bool topic_name_valid(const char *name)
{
	size_t len =
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return len >= 1 && len <= TOPIC_NAME_MAX && name[len] == '\0';
}

static void save_topic(
	struct sb_ctx *ctx, const struct sb_doc *database, struct sb_doc *topic, int status)
{
	const char *why = apply_topic(database, topic->json, ctx->body);

	if (why) {
		sb_fail(ctx, 422, "%s", why);
		return;
	}
	sb_doc_put(ctx, topic);
	sb_reply_root(ctx, status, "topic", view_topic(topic));
}

void db_create_topic(struct sb_ctx *ctx)
{
	const struct sb_doc *database = kafka_of_path(ctx, true);
	const char *name = sb_get_word(ctx->body, "name");
	struct sb_doc *topic;

	if (!database)
		return;
	if (!name || !topic_name_valid(name)) {
		sb_fail(ctx, 422, "invalid topic name");
		return;
	}
	if (db_child_exists(ctx, DB_TOPIC_KIND, database->id, name)) {
		sb_fail(ctx, 422, "topic name is not available");
		return;
	}
	topic = db_child_new(ctx, DB_TOPIC_KIND, database, name);
	sb_note_create(ctx, "database_topic", topic->id);
	save_topic(ctx, database, topic, 201);
}

void db_get_topic(struct sb_ctx *ctx)
{
	const struct sb_doc *database = kafka_of_path(ctx, false);
	const struct sb_doc *topic =
		database ? db_child(ctx, DB_TOPIC_KIND, database, ctx->params[1]) : NULL;

	if (topic)
		sb_reply_root(ctx, 200, "topic", view_topic(topic));
}

void db_put_topic(struct sb_ctx *ctx)
{
	const struct sb_doc *database = kafka_of_path(ctx, true);
	struct sb_doc *topic =
		database ? db_child(ctx, DB_TOPIC_KIND, database, ctx->params[1]) : NULL;

	if (topic)
		save_topic(ctx, database, topic, 200);
}

void db_delete_topic(struct sb_ctx *ctx)
{
	const struct sb_doc *database = kafka_of_path(ctx, true);
	const struct sb_doc *topic =
		database ? db_child(ctx, DB_TOPIC_KIND, database, ctx->params[1]) : NULL;

	if (!topic)
		return;
	sb_doc_delete(ctx, topic);
	sb_note_delete(ctx, "database_topic", topic->id);
	sb_reply_empty(ctx, 204);
}

/* ---- log sinks ---- */

static cJSON *view_sink(const struct sb_doc *sink)
{
	static const char *const fields[] = { "sink_id", "sink_name", "sink_type", "config" };
	cJSON *view = cJSON_CreateObject();

	sb_copy(view, sink->json, fields, MOK_COUNT(fields));
	return view;
}

void db_list_sinks(struct sb_ctx *ctx)
{
	const struct sb_doc *database = db_find(ctx);
	struct sb_docs sinks;
	cJSON *list;

	if (!database)
		return;
	sinks = db_children(ctx, DB_SINK_KIND, database->id);
	list = cJSON_CreateArray();
	for (size_t i = 0; i < sinks.len; i++)
		cJSON_AddItemToArray(list, view_sink(sinks.items[i]));
	sb_reply_root(ctx, 200, "sinks", list);
}

void db_create_sink(struct sb_ctx *ctx)
{
	static const char *const types[] = { "rsyslog", "elasticsearch", "opensearch", "datadog" };
	static const char *const fields[] = { "sink_name", "sink_type", "config" };
	const struct sb_doc *database = db_find_online(ctx);
	const char *name = sb_get_word(ctx->body, "sink_name");
	struct sb_doc *sink;
	bool known = false;

	if (!database)
		return;
	for (size_t i = 0; i < MOK_COUNT(types); i++)
		known = known || mok_streq(sb_get_str(ctx->body, "sink_type"), types[i]);
	if (!name || !known || !cJSON_IsObject(sb_get(ctx->body, "config"))) {
		sb_fail(ctx, 422, "a log sink needs a sink_name, a known sink_type and a config");
		return;
	}
	if (sb_doc_named(ctx, DB_SINK_KIND, database->id, name)) {
		sb_fail(ctx, 422, "log sink name is not available");
		return;
	}
	sink = db_child_new(ctx, DB_SINK_KIND, database, sb_uuid(ctx));
	sb_set_str(sink->json, "sink_id", sink->name);
	sb_copy(sink->json, ctx->body, fields, MOK_COUNT(fields));
	sink->name = sb_get_str(sink->json, "sink_name");
	sb_doc_put(ctx, sink);
	sb_note_create(ctx, "database_logsink", sink->id);
	sb_reply_root(ctx, 201, "sink", view_sink(sink));
}

static struct sb_doc *sink_of_path(struct sb_ctx *ctx, bool write)
{
	const struct sb_doc *database = write ? db_find_online(ctx) : db_find(ctx);

	return database ? db_child(ctx, DB_SINK_KIND, database, ctx->params[1]) : NULL;
}

void db_get_sink(struct sb_ctx *ctx)
{
	const struct sb_doc *sink = sink_of_path(ctx, false);

	/* The one answer of the kind without a root. */
	if (sink)
		sb_reply(ctx, 200, view_sink(sink));
}

void db_put_sink(struct sb_ctx *ctx)
{
	struct sb_doc *sink = sink_of_path(ctx, true);
	const cJSON *config = sb_get(ctx->body, "config");

	if (!sink)
		return;
	if (!cJSON_IsObject(config)) {
		sb_fail(ctx, 422, "config is required");
		return;
	}
	mok_json_set(sink->json, "config", cJSON_Duplicate(config, true));
	sb_doc_put(ctx, sink);
	sb_reply_empty(ctx, 200);
}

void db_delete_sink(struct sb_ctx *ctx)
{
	const struct sb_doc *sink = sink_of_path(ctx, true);

	if (!sink)
		return;
	sb_doc_delete(ctx, sink);
	sb_note_delete(ctx, "database_logsink", sink->id);
	sb_reply_empty(ctx, 200);
}

/* ---- indexes: nobody writes data here, so there are none ---- */

void db_list_indexes(struct sb_ctx *ctx)
{
	const struct sb_doc *database = db_find(ctx);

	if (!database)
		return;
	if (mok_streq(sb_get_str(database->json, "engine"), "opensearch"))
		sb_reply_root(ctx, 200, "indexes", cJSON_CreateArray());
	else
		sb_fail(ctx, 422, "indexes are supported for OpenSearch clusters only");
}

/* ---- online migrations ---- */

static cJSON *view_migration(const cJSON *migration)
{
	static const char *const fields[] = { "id", "status", "created_at" };
	cJSON *view = cJSON_CreateObject();

	sb_copy(view, migration, fields, MOK_COUNT(fields));
	return view;
}

void db_get_migration(struct sb_ctx *ctx)
{
	const struct sb_doc *database = db_find(ctx);
	const cJSON *migration = database ? sb_get(database->json, "migration") : NULL;

	if (migration)
		sb_reply(ctx, 200, view_migration(migration));
	else if (database)
		sb_not_found(ctx);
}

void db_put_migration(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find_online(ctx);
	const cJSON *source = sb_get(ctx->body, "source");
	cJSON *migration;

	if (!database)
		return;
	if (!sb_get_word(source, "host") || !sb_get_word(source, "username")) {
		sb_fail(ctx, 422,
			"source needs a host, a port, a dbname, a username and a password");
		return;
	}
	if (mok_ends(sb_get_str(source, "host"), ".db.ondigitalocean.com")) {
		sb_fail(ctx, 422, "the source can not be a DigitalOcean database");
		return;
	}
	migration = cJSON_CreateObject();
	sb_set_str(migration, "id", sb_uuid(ctx));
	sb_set_str(migration, "status", "running");
	sb_set_time(migration, "created_at", ctx->now_ms);
	mok_json_set(database->json, "migration", migration);
	sb_doc_put(ctx, database);
	sb_reply(ctx, 200, view_migration(migration));
}

void db_delete_migration(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find_online(ctx);
	cJSON *migration =
		database ? cJSON_GetObjectItemCaseSensitive(database->json, "migration") : NULL;

	if (!database)
		return;
	if (!mok_streq(sb_get_str(migration, "id"), ctx->params[1])) {
		sb_not_found(ctx);
		return;
	}
	sb_set_str(migration, "status", "canceled");
	sb_doc_put(ctx, database);
	sb_reply_empty(ctx, 204);
}
