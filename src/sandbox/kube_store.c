#include "kube_store.h"

#include <string.h>

/* Watches that were away for longer than so many events begin anew (410). */
#define EVENTS_KEPT 5000

const char sb_kube_schema[] =
	"CREATE TABLE IF NOT EXISTS kube_cluster(id TEXT PRIMARY KEY) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS kube_object(cluster TEXT NOT NULL, resource TEXT NOT NULL,"
	" ns TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, json TEXT NOT NULL,"
	" PRIMARY KEY(cluster, resource, ns, name)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS kube_object_ns ON kube_object(cluster, ns, resource);"
	"CREATE TABLE IF NOT EXISTS kube_event(cluster TEXT NOT NULL, version INTEGER NOT NULL,"
	" resource TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,"
	" json TEXT NOT NULL, before TEXT, PRIMARY KEY(cluster, version)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS kube_log(cluster TEXT NOT NULL, ns TEXT NOT NULL,"
	" pod TEXT NOT NULL, container TEXT NOT NULL, text TEXT NOT NULL);"
	"CREATE INDEX IF NOT EXISTS kube_log_pod ON kube_log(cluster, ns, pod, container);";

static void read_item(struct sb_ctx *ctx, sqlite3_stmt *stmt, struct mok_apiserver_item *out)
{
	out->key.resource = sb_sql_text(ctx, stmt, 0);
	out->key.ns = sb_sql_text(ctx, stmt, 1);
	out->key.name = sb_sql_text(ctx, stmt, 2);
	out->version = sqlite3_column_int64(stmt, 3);
	out->text = sb_sql_text(ctx, stmt, 4);
	out->len = strlen(out->text);
}

static bool get(void *self, const struct mok_apiserver_key *key, struct mok_apiserver_item *out)
{
	struct sb_kube *k = self;
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT resource, ns, name, version, json FROM kube_object"
		" WHERE cluster = ? AND resource = ? AND ns = ? AND name = ?",
		"ssss", k->cluster, key->resource, key->ns, key->name);

	if (!sb_sql_row(k->ctx, stmt))
		return false;
	read_item(k->ctx, stmt, out);
	sb_sql_done(k->ctx, stmt);
	return true;
}

static void note_event(struct sb_kube *k, const struct mok_apiserver_event *event)
{
	const struct mok_apiserver_item *item = &event->item;

	sb_sql_run(k->ctx,
		"INSERT OR REPLACE INTO kube_event(cluster, version, resource, ns, name, type, "
		"json,"
		" before) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
		"sissssss", k->cluster, item->version, item->key.resource, item->key.ns,
		item->key.name, event->type, item->text, event->before);
	if (item->version % 256 == 0)
		sb_sql_run(k->ctx, "DELETE FROM kube_event WHERE cluster = ? AND version <= ?",
			"si", k->cluster, item->version - EVENTS_KEPT);
}

static void put(void *self, const struct mok_apiserver_event *event)
{
	struct sb_kube *k = self;
	const struct mok_apiserver_item *item = &event->item;

	sb_sql_run(k->ctx,
		"INSERT OR REPLACE INTO kube_object(cluster, resource, ns, name, version, json)"
		" VALUES(?, ?, ?, ?, ?, ?)",
		"ssssis", k->cluster, item->key.resource, item->key.ns, item->key.name,
		item->version, item->text);
	note_event(k, event);
}

static void forget(void *self, const struct mok_apiserver_event *event)
{
	struct sb_kube *k = self;
	const struct mok_apiserver_key *key = &event->item.key;

	sb_sql_run(k->ctx,
		"DELETE FROM kube_object WHERE cluster = ? AND resource = ? AND ns = ? AND name = "
		"?",
		"ssss", k->cluster, key->resource, key->ns, key->name);
	if (strcmp(key->resource, "pods") == 0)
		sb_sql_run(k->ctx, "DELETE FROM kube_log WHERE cluster = ? AND ns = ? AND pod = ?",
			"sss", k->cluster, key->ns, key->name);
	note_event(k, event);
}

static void list(void *self, const char *resource, const char *ns,
	const struct mok_apiserver_key *after,
	bool (*each)(void *context, const struct mok_apiserver_item *item), void *context)
{
	struct sb_kube *k = self;
	struct mok_apiserver_item item;
	bool on = true;
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT resource, ns, name, version, json FROM kube_object WHERE cluster = ?1"
		" AND resource = ?2 AND (?3 IS NULL OR ns = ?3)"
		" AND (?4 IS NULL OR (ns, name) > (?4, ?5)) ORDER BY ns, name",
		"sssss", k->cluster, resource, ns, after ? after->ns : NULL,
		after ? after->name : NULL);

	while (on && sb_sql_row(k->ctx, stmt)) {
		read_item(k->ctx, stmt, &item);
		on = each(context, &item);
	}
	if (!on)
		sb_sql_done(k->ctx, stmt);
}

static void resources(void *self, const char *ns, void (*each)(void *context, const char *resource),
	void *context)
{
	struct sb_kube *k = self;
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT DISTINCT resource FROM kube_object WHERE cluster = ? AND ns = ?", "ss",
		k->cluster, ns);

	while (sb_sql_row(k->ctx, stmt))
		each(context, sb_sql_text(k->ctx, stmt, 0));
}

static int64_t version(void *self, bool advance)
{
	struct sb_kube *k = self;
	int64_t newest = 0;
	sqlite3_stmt *stmt = sb_sql(
		k->ctx, "SELECT max(version) FROM kube_event WHERE cluster = ?", "s", k->cluster);

	if (sb_sql_row(k->ctx, stmt)) {
		newest = sqlite3_column_int64(stmt, 0);
		sb_sql_done(k->ctx, stmt);
	}
	return newest + advance;
}

static int64_t oldest(struct sb_kube *k)
{
	int64_t found = 0;
	sqlite3_stmt *stmt = sb_sql(
		k->ctx, "SELECT min(version) FROM kube_event WHERE cluster = ?", "s", k->cluster);

	if (sb_sql_row(k->ctx, stmt)) {
		found = sqlite3_column_int64(stmt, 0);
		sb_sql_done(k->ctx, stmt);
	}
	return found;
}

static bool events(void *self, const char *resource, const char *ns, int64_t after,
	void (*each)(void *context, const struct mok_apiserver_event *event), void *context)
{
	struct sb_kube *k = self;
	struct mok_apiserver_event event = { .type = "" };
	sqlite3_stmt *stmt;

	if (after + 1 < oldest(k))
		return false;
	stmt = sb_sql(k->ctx,
		"SELECT resource, ns, name, version, json, type, before FROM kube_event"
		" WHERE cluster = ?1 AND version > ?2 AND resource = ?3 AND (?4 IS NULL OR ns = ?4)"
		" ORDER BY version",
		"siss", k->cluster, after, resource, ns);
	while (sb_sql_row(k->ctx, stmt)) {
		read_item(k->ctx, stmt, &event.item);
		event.type = sb_sql_text(k->ctx, stmt, 5);
		event.before = sqlite3_column_type(stmt, 6) == SQLITE_NULL
			? NULL
			: sb_sql_text(k->ctx, stmt, 6);
		each(context, &event);
	}
	return true;
}

static uint64_t draw(void *self)
{
	struct sb_kube *k = self;

	return mok_rng_next(&k->ctx->rng);
}

static const char *log_of(void *self, const char *ns, const char *pod, const char *container)
{
	struct sb_kube *k = self;
	struct mok_buf text;
	const char *out = NULL;
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT text FROM kube_log WHERE cluster = ? AND ns = ? AND pod = ?"
		" AND container = ? ORDER BY rowid",
		"ssss", k->cluster, ns, pod, container);

	mok_buf_init(&text, (size_t)1 << 24);
	while (sb_sql_row(k->ctx, stmt)) {
		mok_buf_puts(&text, sb_sql_text(k->ctx, stmt, 0));
		out = "";
	}
	if (out)
		out = mok_arena_strdup(k->ctx->arena, text.data);
	mok_buf_release(&text);
	return out;
}

struct mok_apiserver_store sb_kube_store(struct sb_kube *kube)
{
	return (struct mok_apiserver_store){ .self = kube,
		.get = get,
		.put = put,
		.remove = forget,
		.list = list,
		.resources = resources,
		.version = version,
		.events = events,
		.draw = draw,
		.log = log_of };
}

void sb_kube_log(struct sb_ctx *ctx, const char *cluster_id, const char *ns, const char *pod,
	const char *container, const char *text)
{
	char time[MOK_APISERVER_LOG_TIME];
	struct mok_buf lines;
	size_t len;

	mok_apiserver_log_time(ctx->now_ms, time);
	mok_buf_init(&lines, (size_t)1 << 24);
	for (; *text; text += len) {
		len = strcspn(text, "\n");
		len += text[len] == '\n';
		mok_buf_printf(&lines, "%s %.*s", time, (int)len, text);
	}
	sb_sql_run(ctx,
		"INSERT INTO kube_log(cluster, ns, pod, container, text) VALUES(?, ?, ?, ?, ?)",
		"sssss", cluster_id, ns, pod, container, lines.data ? lines.data : "");
	mok_buf_release(&lines);
}

void sb_kube_forget(struct sb_ctx *ctx, const char *cluster_id)
{
	static const char *const statements[] = {
		"DELETE FROM kube_object WHERE cluster = ?",
		"DELETE FROM kube_event WHERE cluster = ?",
		"DELETE FROM kube_log WHERE cluster = ?",
		"DELETE FROM kube_seen WHERE cluster = ?",
		"DELETE FROM kube_due WHERE cluster = ?",
		"DELETE FROM kube_owner WHERE cluster = ?",
		"DELETE FROM kube_place WHERE cluster = ?",
		"DELETE FROM kube_runtime WHERE cluster = ?",
		"DELETE FROM kube_image WHERE cluster = ?",
		"DELETE FROM kube_cluster WHERE id = ?",
	};

	for (size_t i = 0; i < MOK_COUNT(statements); i++)
		sb_sql_run(ctx, statements[i], "s", cluster_id);
	/* Processes that were at work there. */
	sb_doc_delete_children(ctx, "helm_run", cluster_id);
}
