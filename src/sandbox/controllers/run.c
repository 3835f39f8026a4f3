/*
 * Who is run, and when. A cluster's events since the last run and its deadlines make a queue of
 * objects; working it off makes new events, until there are none. All that this remembers is in
 * the database, so that a request that fails takes it back with the rest.
 *
 *   kube_seen    up to which version the events of a cluster were worked off
 *   kube_due     when an object is to be looked at again; the row without a resource stands for
 *                "something was written, or the nodes have changed"
 *   kube_owner   which object names which uid as its owner
 *   kube_place   which pod has which room on which node (scheduler.c)
 *   kube_runtime what a node knows of a pod beyond its status; kube_image what it has pulled
 *                (kubelet.c)
 */
#include "run.h"

#include <string.h>

enum {
	ROUNDS_MAX = 100,  /* at one time: controllers that never agree must not hang a request */
	STEPS_MAX = 2000,  /* of time in one request: what is left is done as of now */
	QUEUE_MAX = 20000, /* objects in one round */
	TOGETHER_MS = 500,
};

const char sb_ctl_schema[] =
	"CREATE TABLE IF NOT EXISTS kube_seen(cluster TEXT PRIMARY KEY, version INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS kube_due(cluster TEXT NOT NULL, resource TEXT NOT NULL,"
	" ns TEXT NOT NULL, name TEXT NOT NULL, at_ms INTEGER NOT NULL,"
	" PRIMARY KEY(cluster, resource, ns, name)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS kube_due_at ON kube_due(cluster, at_ms);"
	"CREATE INDEX IF NOT EXISTS kube_due_first ON kube_due(at_ms);"
	"CREATE TABLE IF NOT EXISTS kube_owner(cluster TEXT NOT NULL, owner TEXT NOT NULL,"
	" resource TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL,"
	" PRIMARY KEY(cluster, resource, ns, name, owner)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS kube_owner_uid ON kube_owner(cluster, owner, resource, ns);"
	"CREATE TABLE IF NOT EXISTS kube_place(cluster TEXT NOT NULL, ns TEXT NOT NULL,"
	" name TEXT NOT NULL, node TEXT NOT NULL, owner TEXT NOT NULL, cpu_m INTEGER NOT NULL,"
	" memory INTEGER NOT NULL, PRIMARY KEY(cluster, ns, name)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS kube_place_node ON kube_place(cluster, node, owner);"
	"CREATE TABLE IF NOT EXISTS kube_runtime(cluster TEXT NOT NULL, ns TEXT NOT NULL,"
	" name TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY(cluster, ns, name)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS kube_image(cluster TEXT NOT NULL, node TEXT NOT NULL,"
	" image TEXT NOT NULL, PRIMARY KEY(cluster, node, image)) WITHOUT ROWID;";

/* One catching up: what a request begins and ends, with a call of its own per piece of work, so
 * that a long time's work does not pile up in the memory of one request. */
struct run {
	struct sb_ctx *outer;
	const char *cluster;
	int64_t now_ms;
	uint64_t rng;
};

/* ---- deadlines ---- */

/* A cluster that nobody has talked to has nothing to run. */
void sb_ctl_wake(struct sb_ctx *ctx, const char *cluster, int64_t at_ms)
{
	sb_sql_run(ctx,
		"INSERT INTO kube_due(cluster, resource, ns, name, at_ms)"
		" SELECT id, '', '', '', ?2 FROM kube_cluster WHERE id = ?1"
		" ON CONFLICT DO UPDATE SET at_ms = min(at_ms, excluded.at_ms)",
		"si", cluster, at_ms);
}

void sb_ctl_again(struct sb_kube *k, int64_t at_ms)
{
	sb_sql_run(k->ctx,
		"INSERT INTO kube_due(cluster, resource, ns, name, at_ms) VALUES(?, ?, ?, ?, ?)"
		" ON CONFLICT DO UPDATE SET at_ms = min(at_ms, excluded.at_ms)",
		"ssssi", k->cluster, k->at.resource, k->at.ns, k->at.name,
		at_ms > k->ctx->now_ms ? at_ms : k->ctx->now_ms + 1);
}

/* False: nothing is due up to now. */
static bool next_due(struct sb_ctx *ctx, const char *cluster, int64_t *at_ms)
{
	sqlite3_stmt *stmt = sb_sql(ctx,
		"SELECT at_ms FROM kube_due WHERE cluster = ? AND at_ms <= ? ORDER BY at_ms "
		"LIMIT 1",
		"si", cluster, ctx->now_ms);

	if (!sb_sql_row(ctx, stmt))
		return false;
	*at_ms = sqlite3_column_int64(stmt, 0);
	sb_sql_done(ctx, stmt);
	return true;
}

static void forget_due(struct sb_kube *k, const struct mok_apiserver_key *key)
{
	sb_sql_run(k->ctx,
		"DELETE FROM kube_due WHERE cluster = ? AND resource = ? AND ns = ? AND name = ?",
		"ssss", k->cluster, key->resource, key->ns, key->name);
}

/* ---- which controllers ---- */

static bool handles(const struct sb_controller *c, const char *resource)
{
	size_t len = strlen(c->plural);

	if (strncmp(resource, c->plural, len) != 0)
		return false;
	return *c->group ? resource[len] == '.' && strcmp(resource + len + 1, c->group) == 0
			 : resource[len] == '\0';
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; p && (p = strstr(p, word)) != NULL; p += len)
		if (p[-1] == ' ' && p[len] == ' ')
			return true;
	return false;
}

static const struct sb_controller *const *controllers_of(const struct sb_kube *k)
{
	static const struct sb_controller *const none[] = { NULL };

	return k->ctx->core->api_only ? none : sb_controllers;
}

static const char *resource_of(struct sb_kube *k, const struct sb_controller *c)
{
	return *c->group ? mok_arena_printf(k->ctx->arena, "%s.%s", c->plural, c->group)
			 : c->plural;
}

/* ---- the queue ---- */

struct queue {
	struct mok_arena *arena;
	struct mok_map *known;
	MOK_VEC(struct mok_apiserver_key) keys;
	bool news; /* events were read, whatever came of them */
};

static void enqueue(struct queue *q, const char *resource, const char *ns, const char *name)
{
	const char *word = mok_arena_printf(q->arena, "%s %s %s", resource, ns, name);
	const struct mok_apiserver_key key = { mok_arena_strdup(q->arena, resource),
		mok_arena_strdup(q->arena, ns), mok_arena_strdup(q->arena, name) };

	if (q->keys.len >= QUEUE_MAX || mok_map_get(q->known, word))
		return;
	mok_map_put(q->known, word, q);
	mok_vec_push(q->arena, &q->keys, key);
}

/* Its controller owner, if one of ours has that kind: "ReplicaSet" is "replicasets". */
static void enqueue_owner(struct queue *q, const cJSON *object)
{
	const char *ns = sb_ctl_str(object, "metadata.namespace");
	const cJSON *owner;

	cJSON_ArrayForEach(owner, mok_json_at(object, "metadata.ownerReferences"))
	{
		const char *version = sb_ctl_str(owner, "apiVersion");
		const char *slash = strchr(version, '/');
		char *plural = mok_arena_printf(q->arena, "%ss", sb_ctl_str(owner, "kind"));

		for (char *p = plural; *p; p++)
			*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 'a' - 'A') : *p;
		if (slash)
			plural = mok_arena_printf(
				q->arena, "%s.%.*s", plural, (int)(slash - version), version);
		enqueue(q, plural, ns, sb_ctl_str(owner, "name"));
	}
}

static void enqueue_all(struct sb_kube *k, struct queue *q, const char *resource, const char *ns)
{
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT ns, name FROM kube_object WHERE cluster = ?1 AND resource = ?2"
		" AND (?3 = '' OR ns = '' OR ns = ?3) ORDER BY ns, name",
		"sss", k->cluster, resource, ns);

	while (sb_sql_row(k->ctx, stmt))
		enqueue(q, resource, sb_sql_text(k->ctx, stmt, 0), sb_sql_text(k->ctx, stmt, 1));
}

static void enqueue_interested(
	struct sb_kube *k, struct queue *q, const char *resource, const char *ns)
{
	const struct sb_controller *const *all = controllers_of(k);

	for (size_t i = 0; all[i]; i++)
		if (has_word(all[i]->also, resource))
			enqueue_all(k, q, resource_of(k, all[i]), ns);
}

/* ---- owners ---- */

static void note_owners(struct sb_kube *k, const struct mok_apiserver_key *key, const cJSON *object)
{
	const cJSON *owner;

	sb_sql_run(k->ctx,
		"DELETE FROM kube_owner WHERE cluster = ? AND resource = ? AND ns = ? AND name = ?",
		"ssss", k->cluster, key->resource, key->ns, key->name);
	cJSON_ArrayForEach(owner, mok_json_at(object, "metadata.ownerReferences")) sb_sql_run(
		k->ctx,
		"INSERT OR IGNORE INTO kube_owner(cluster, owner, resource, ns, name)"
		" VALUES(?, ?, ?, ?, ?)",
		"sssss", k->cluster, sb_ctl_str(owner, "uid"), key->resource, key->ns, key->name);
}

/* ---- events ---- */

struct event {
	struct mok_apiserver_key key;
	bool deleted;
	const char *json, *before;
};

struct events {
	MOK_VEC(struct event) items;
};

static int64_t seen(struct sb_kube *k)
{
	sqlite3_stmt *stmt =
		sb_sql(k->ctx, "SELECT version FROM kube_seen WHERE cluster = ?", "s", k->cluster);
	int64_t version = 0;

	if (sb_sql_row(k->ctx, stmt)) {
		version = sqlite3_column_int64(stmt, 0);
		sb_sql_done(k->ctx, stmt);
	}
	return version;
}

static void read_events(struct sb_kube *k, struct events *out)
{
	int64_t newest = seen(k);
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT version, resource, ns, name, type, json, before FROM kube_event"
		" WHERE cluster = ? AND version > ? ORDER BY version",
		"si", k->cluster, newest);

	while (sb_sql_row(k->ctx, stmt)) {
		struct event event = {
			{ sb_sql_text(k->ctx, stmt, 1), sb_sql_text(k->ctx, stmt, 2),
				sb_sql_text(k->ctx, stmt, 3) },
			strcmp(sb_sql_text(k->ctx, stmt, 4), "DELETED") == 0,
			sb_sql_text(k->ctx, stmt, 5),
			sb_sql_text(k->ctx, stmt, 6),
		};

		newest = sqlite3_column_int64(stmt, 0);
		mok_vec_push(k->ctx->arena, &out->items, event);
	}
	sb_sql_run(k->ctx, "INSERT OR REPLACE INTO kube_seen(cluster, version) VALUES(?, ?)", "si",
		k->cluster, newest);
}

static void tell_gone(struct sb_kube *k, const struct event *event, const cJSON *object)
{
	const struct sb_controller *const *all = controllers_of(k);

	k->at = event->key;
	forget_due(k, &event->key);
	for (size_t i = 0; all[i]; i++)
		if (all[i]->gone && handles(all[i], event->key.resource))
			all[i]->gone(k, object);
	sb_gc_gone(k, object);
}

static void take_event(struct sb_kube *k, struct queue *q, const struct event *event)
{
	const struct mok_apiserver_key *key = &event->key;
	cJSON *object;
	bool owned = strstr(event->json, "\"ownerReferences\"") ||
		strstr(event->before, "\"ownerReferences\"");

	if (!event->deleted)
		enqueue(q, key->resource, key->ns, key->name);
	enqueue_interested(k, q, key->resource, key->ns);
	if (!owned && !event->deleted)
		return;
	object = sb_own(k->ctx, cJSON_Parse(event->json));
	note_owners(k, key, event->deleted ? NULL : object);
	enqueue_owner(q, object);
	if (event->deleted)
		tell_gone(k, event, object);
}

static void take_due(struct sb_kube *k, struct queue *q)
{
	const struct mok_apiserver_key nobody = { "", "", "" };
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT resource, ns, name FROM kube_due WHERE cluster = ? AND at_ms <= ?"
		" ORDER BY at_ms, resource, ns, name",
		"si", k->cluster, k->ctx->now_ms);
	bool woken = false;

	while (sb_sql_row(k->ctx, stmt)) {
		const char *resource = sb_sql_text(k->ctx, stmt, 0);

		woken |= !*resource;
		if (*resource)
			enqueue(q, resource, sb_sql_text(k->ctx, stmt, 1),
				sb_sql_text(k->ctx, stmt, 2));
	}
	if (!woken)
		return;
	forget_due(k, &nobody);
	sb_nodes_sync(k);
}

/* ---- running ---- */

/* A piece of work in a call of its own: its memory goes with it. */
static void with_call(
	struct run *run, void (*work)(struct sb_kube *k, void *context), void *context)
{
	struct sb_call *outer = sb_call_of(run->outer), call;
	struct mok_arena *arena = mok_arena_new();
	struct sb_kube kube = { &call.ctx, run->cluster, { "", "", "" } };

	sb_call_init(&call, run->outer->core, arena);
	call.ctx.request = run->outer->request;
	call.ctx.out = run->outer->out;
	call.ctx.number = run->outer->number;
	call.ctx.now_ms = run->now_ms;
	call.ctx.rng = run->rng;
	call.fault = outer->fault;
	work(&kube, context);
	run->rng = call.ctx.rng;
	sb_call_take_notes(outer, &call);
	sb_call_end(&call);
	mok_arena_free(arena);
}

static void reconcile(struct sb_kube *k, void *context)
{
	const struct sb_controller *const *all = controllers_of(k);
	const struct mok_apiserver_key *key = context;
	struct mok_apiserver_store store = sb_kube_store(k);
	struct mok_apiserver_item item;
	const cJSON *object;

	forget_due(k, key);
	k->at = *key;
	for (size_t i = 0; all[i]; i++) {
		if (!handles(all[i], key->resource))
			continue;
		/* The one before may have changed it. */
		if (!store.get(k, key, &item))
			return;
		object = sb_ctl_parse(k, &item);
		all[i]->reconcile(k, object);
	}
	if (store.get(k, key, &item) && strstr(item.text, "\"deletionTimestamp\""))
		sb_gc_leaving(k, sb_ctl_parse(k, &item));
}

static void gather(struct sb_kube *k, void *context)
{
	struct queue *q = context;
	struct events events = { .items = { 0 } };

	take_due(k, q);
	read_events(k, &events);
	q->news = events.items.len > 0;
	for (size_t i = 0; i < events.items.len; i++)
		take_event(k, q, &events.items.items[i]);
}

static bool run_round(struct run *run)
{
	struct queue q = { .arena = mok_arena_new() };
	bool any;

	q.known = mok_map_new(q.arena);
	with_call(run, gather, &q);
	for (size_t i = 0; i < q.keys.len; i++)
		with_call(run, reconcile, &q.keys.items[i]);
	any = q.news || q.keys.len > 0;
	mok_arena_free(q.arena);
	return any;
}

static uint64_t draw_from(struct sb_ctx *ctx, const char *cluster)
{
	struct sb_kube kube = { ctx, cluster, { "", "", "" } };
	struct mok_apiserver_store store = sb_kube_store(&kube);

	return sb_rng_for(ctx->core->seed ^ ((uint64_t)mok_crc32(cluster, strlen(cluster)) << 32),
		-1 - store.version(&kube, false));
}

/* What is due within half a second of the real cloud's is done at one time: many pods that come up
 * one after the other would each have their owners look at all the others. */
static int64_t together_ms(struct sb_ctx *ctx, int64_t at_ms)
{
	int64_t until_ms = at_ms + sb_after(ctx, TOGETHER_MS) - ctx->now_ms;

	return until_ms < ctx->now_ms ? until_ms : ctx->now_ms;
}

static void run_all(struct sb_ctx *ctx, const char *cluster, int64_t at_ms)
{
	struct run run = { ctx, cluster, together_ms(ctx, at_ms), draw_from(ctx, cluster) };

	for (int steps = 0; !sb_call_of(ctx)->broken; steps++) {
		int round = 0;

		while (run_round(&run) && ++round < ROUNDS_MAX)
			;
		if (steps >= STEPS_MAX || !next_due(ctx, cluster, &at_ms))
			return;
		at_ms = steps + 1 == STEPS_MAX ? ctx->now_ms : together_ms(ctx, at_ms);
		run.now_ms = at_ms > run.now_ms ? at_ms : run.now_ms;
	}
}

void sb_ctl_catch_up(struct sb_ctx *ctx, const char *cluster)
{
	int64_t at_ms;

	if (!next_due(ctx, cluster, &at_ms))
		return;
	run_all(ctx, cluster, at_ms);
	/* What the request itself does may be taken back; this has happened. */
	sb_call_keep(sb_call_of(ctx));
}

static const char *next_cluster(struct sb_ctx *ctx, const char *after)
{
	sqlite3_stmt *stmt =
		sb_sql(ctx, "SELECT min(cluster) FROM kube_due WHERE at_ms <= ? AND cluster > ?",
			"is", ctx->now_ms, after);
	const char *cluster = "";

	if (sb_sql_row(ctx, stmt)) {
		cluster = sb_sql_text(ctx, stmt, 0);
		sb_sql_done(ctx, stmt);
	}
	return cluster;
}

void sb_ctl_catch_up_all(struct sb_ctx *ctx)
{
	for (const char *c = next_cluster(ctx, ""); *c; c = next_cluster(ctx, c))
		sb_ctl_catch_up(ctx, c);
}
