/*
 * What a look into an instance's database and queues would tell, for the Job that prints it: from
 * the pods that hold connections, from what the tables have, and from faults.
 */
#include "instance.h"

#include <string.h>

enum {
	EMPTY_BYTES = 48 << 20, /* a new schema */
	ROW_BYTES = 4096,
	MIB = 1 << 20,
	LATE_MS = 15 * SB_MINUTE_MS,
};

static bool is_faulty(
	const struct si_container *c, const char *fault, const char *kind, const char *name)
{
	const struct sb_fault_object object = { kind, c->ns, name };

	return sb_fault_in_cluster(c->w->ctx, fault, &object, 1);
}

static int64_t count_of(struct sb_ctx *ctx, const char *sql, const char *db)
{
	sqlite3_stmt *stmt = sb_sql(ctx, sql, "s", db);
	int64_t count = 0;

	if (sb_sql_row(ctx, stmt)) {
		count = sqlite3_column_int64(stmt, 0);
		sb_sql_done(ctx, stmt);
	}
	return count;
}

static int64_t size_of(const struct si_container *c, const struct sb_doc *server, const char *db)
{
	struct sb_ctx *ctx = c->w->ctx;
	int64_t rows = count_of(ctx, "SELECT count(*) FROM instance_status WHERE db = ?", db) +
		count_of(ctx, "SELECT count(*) FROM instance_account WHERE db = ?", db);

	if (is_faulty(c, "disk_full", "Database", sb_get_str(server->json, "name")))
		return sb_get_int(server->json, "storage_size_mib", 0) * MIB / 10 * 9;
	return EMPTY_BYTES + rows * ROW_BYTES;
}

/* ---- connections ---- */

struct source {
	const char *name; /* of what connections are taken from: the server, one of its pools */
	int64_t clients, room;
};
struct sources {
	MOK_VEC(struct source) list;
};

static struct source *source_of(
	const struct si_world *w, struct sources *sources, const struct si_link *link)
{
	/* links.c lends each connection of a pool to four clients. */
	const struct source none = { .name = link->pool,
		.room = strchr(link->pool, '/') ? (link->room + 3) / 4 : link->room };

	for (size_t i = 0; i < sources->list.len; i++)
		if (strcmp(sources->list.items[i].name, link->pool) == 0)
			return &sources->list.items[i];
	mok_vec_push(w->arena, &sources->list, none);
	return &sources->list.items[sources->list.len - 1];
}

static bool is_at(const struct si_pod *pod, const struct sb_doc *server)
{
	size_t len = strlen(server->id);

	return pod && pod->ready && pod->link.pool &&
		strncmp(pod->link.pool, server->id, len) == 0 &&
		(!pod->link.pool[len] || pod->link.pool[len] == '/');
}

/* All threads of the namespace's processes at work, as far as pools let them. */
static int64_t used_of(const struct si_container *c, const struct sb_doc *server)
{
	struct si_list all = si_objects(c->w, "pods", c->ns);
	struct sources sources = { .list = { 0 } };
	int64_t used = 0;

	for (size_t i = 0; i < all.objects.len; i++) {
		const struct si_pod *pod = si_pod_read(c->w, all.objects.items[i]);

		if (is_at(pod, server))
			source_of(c->w, &sources, &pod->link)->clients +=
				pod->workers * pod->threads;
	}
	for (size_t i = 0; i < sources.list.len; i++) {
		const struct source *s = &sources.list.items[i];

		used += s->clients < s->room ? s->clients : s->room;
	}
	return used;
}

static void add_connections(const struct si_container *c, const struct sb_doc *server, cJSON *json)
{
	int64_t most = (int64_t)sb_db_size_memory_gib(sb_get_str(server->json, "size")) *
		SI_CONNECTIONS_PER_GIB;
	bool taken =
		is_faulty(c, "connections_taken", "Database", sb_get_str(server->json, "name"));

	sb_set_int(json, "max_connections", most);
	sb_set_int(json, "reserved_connections", SI_CONNECTIONS_RESERVED);
	sb_set_int(json, "used_connections",
		taken ? most - SI_CONNECTIONS_RESERVED - 1 : used_of(c, server));
}

/* ---- queues ---- */

static void add_queues(const struct si_container *c, cJSON *json)
{
	cJSON *queues = mok_json_object(json, "queues");

	for (size_t i = 0; si_queues[i]; i++) {
		bool late = is_faulty(c, "queue_late", "Queue", si_queues[i]);
		cJSON *queue = mok_json_object(queues, si_queues[i]);

		sb_set_int(queue, "waiting", late ? 5000 : 0);
		sb_set_int(queue, "latency_ms", late ? LATE_MS : 0);
	}
}

/* Ten more every second, while that fault is on. */
static int64_t dead(const struct si_container *c)
{
	return is_faulty(c, "jobs_die", "Queue", "dead") ? c->w->ctx->now_ms / (SB_SECOND_MS / 10)
							 : 0;
}

/* Mastodon's migrations are named by their time; the sandbox knows versions alone. */
static const char *schema_version(const struct si_container *c, const char *db)
{
	struct si_schema_version schema = si_schema_of(c->w->ctx, db);

	return *schema.post ? schema.post : schema.pre;
}

const char *si_vitals(const struct si_container *c, const char *db)
{
	bool is_private;
	const char *host = si_env(c, "DB_HOST"), *line;
	const struct sb_doc *server =
		host ? si_database_of_host(c->w->ctx, host, &is_private) : NULL;
	cJSON *json = cJSON_CreateObject(), *indexes;
	char *text;

	if (server) {
		sb_set_int(json, "database_bytes", size_of(c, server, db));
		add_connections(c, server, json);
	}
	indexes = cJSON_AddArrayToObject(json, "invalid_indexes");
	if (is_faulty(
		    c, "index_invalid", "Database", server ? sb_get_str(server->json, "name") : ""))
		cJSON_AddItemToArray(indexes, cJSON_CreateString("index_statuses_20190820"));
	sb_set_str(json, "schema_version", schema_version(c, db));
	add_queues(c, json);
	sb_set_int(json, "dead", dead(c));
	sb_set_int(json, "retries", 0);
	text = cJSON_PrintUnformatted(json);
	line = mok_arena_printf(c->w->ctx->arena, "mok-vitals %s\n", text);
	cJSON_free(text);
	cJSON_Delete(json);
	return line;
}
