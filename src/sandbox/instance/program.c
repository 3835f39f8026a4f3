/*
 * Mastodon's processes, as the kubelet starts and ends them: those that cannot start end at once
 * and say why, and those of Jobs have done to the database what they are for, or have failed. So a
 * wrong password or a forgotten grant is seen where it is for real, in the Job's pod and its log.
 */
#include "program.h"
#include "instance.h"

#include <string.h>

#define WEB_LINES \
	"Puma starting in cluster mode...\n* Listening on http://0.0.0.0:3000\n" \
	"Use Ctrl-C to stop\n"
#define SIDEKIQ_LINES "INFO: Booted Rails\nINFO: Starting processing, hit Ctrl-C to stop\n"

/* ---- what Jobs do: NULL, or why they could not ---- */

static const struct sb_doc *server_of(const struct si_container *c)
{
	const char *host = si_env(c, "DB_HOST");
	bool is_private;

	return host ? si_database_of_host(c->w->ctx, host, &is_private) : NULL;
}

static const char *grant(const struct si_container *c, const char *db)
{
	const char *admin = si_env(c, "ADMIN_USER"), *user = si_env(c, "DB_USER");

	if (!admin || !user ||
		!si_database_user(c->w->ctx, server_of(c), admin, si_env(c, "ADMIN_PASS")))
		return mok_arena_printf(c->w->arena,
			"FATAL: password authentication failed for user \"%s\"",
			admin ? admin : "");
	if (strcmp(admin, db_primary_user("pg")) != 0)
		return "ERROR: permission denied for schema public";
	sb_sql_run(c->w->ctx, "INSERT OR IGNORE INTO instance_grant(db, user) VALUES(?, ?)", "ss",
		db, user);
	return NULL;
}

/* PostgreSQL 15 lets nobody but the owner create in the schema `public`. */
static bool may_create(const struct si_container *c, const char *db)
{
	const char *user = si_env(c, "DB_USER");
	const struct sb_doc *server = server_of(c);
	int64_t version = 0;
	sqlite3_stmt *stmt;
	bool granted;

	if (!user || !server)
		return false;
	if (strcmp(user, db_primary_user("pg")) == 0 ||
		(mok_parse_i64(db_version(server->json, c->w->ctx->now_ms), &version) &&
			version < 15))
		return true;
	stmt = sb_sql(c->w->ctx, "SELECT 1 FROM instance_grant WHERE db = ? AND user = ?", "ss", db,
		user);
	granted = sb_sql_row(c->w->ctx, stmt);
	sb_sql_done(c->w->ctx, stmt);
	return granted;
}

/* Migrations take an advisory lock, for which they need a session of their own. */
static const char *migrate(const struct si_container *c, const char *db)
{
	struct si_schema_version schema = si_schema_of(c->w->ctx, db);

	if (si_env_is(c, "DB_PORT", "25061"))
		return "ActiveRecord::ConcurrentMigrationError: Failed to release advisory lock "
		       "(the connection is a pool's)";
	if (!may_create(c, db))
		return "PG::InsufficientPrivilege: ERROR: permission denied for schema public";
	schema.pre = si_image_version(c->w->arena, sb_get_str(c->container, "image"));
	if (!si_env_is(c, "SKIP_POST_DEPLOYMENT_MIGRATIONS", "true"))
		schema.post = schema.pre;
	si_schema_set(c->w->ctx, db, &schema);
	return NULL;
}

static const char *no_schema(const struct si_container *c, const char *db)
{
	return *si_schema_of(c->w->ctx, db).pre
		? si_redis_why(c)
		: "PG::UndefinedTable: ERROR: relation \"accounts\" does not exist";
}

static const char *create_owner(const struct si_container *c, const char *db)
{
	struct sb_ctx *ctx = c->w->ctx;
	const struct si_account owner = { .id = si_snowflake(ctx),
		.created_ms = ctx->now_ms,
		.username = si_env(c, "OWNER_USERNAME"),
		.email = si_env(c, "OWNER_EMAIL") };
	const char *password = si_env(c, "OWNER_PASSWORD"), *why = no_schema(c, db);

	if (why)
		return why;
	if (!owner.username || !owner.email || !password)
		return "key not found: OWNER_USERNAME, OWNER_EMAIL or OWNER_PASSWORD (KeyError)";
	if (!si_account_by_name(ctx, db, owner.username).id)
		si_account_add(ctx, db, &owner, password);
	return NULL;
}

/* ---- processes ---- */

static const struct process {
	const char *word; /* of the command */
	const char *lines;
	int64_t boot_ms, run_ms; /* of one that stays, of one that ends */
	const char *(*act)(const struct si_container *c, const char *db);
	/* What it prints when that went well; NULL: nothing more. */
	const char *(*tell)(const struct si_container *c, const char *db);
} processes[] = {
	{ "mok-vitals", "", 0, 12000, no_schema, si_vitals },
	{ "puma", WEB_LINES, 8000, 0, NULL, NULL },
	{ "sidekiq", SIDEKIQ_LINES, 8000, 0, NULL, NULL },
	{ "streaming/index.js", "Streaming API now listening on 0.0.0.0:4000\n", 1500, 0, NULL,
		NULL },
	{ "GRANT CREATE", "", 0, 3000, grant, NULL },
	{ "db:prepare", "", 0, 40000, migrate, NULL },
	{ "db:setup", "", 0, 40000, migrate, NULL },
	{ "db:schema:load", "", 0, 30000, migrate, NULL },
	{ "db:migrate", "Migrating to the newest version\n", 0, 30000, migrate, NULL },
	{ "OWNER_PASSWORD", "", 0, 12000, create_owner, NULL },
	{ "tootctl", "", 0, 12000, no_schema, NULL },
	{ "bin/rails", "", 0, 12000, no_schema, NULL },
};

static const struct process *process_of(const cJSON *container)
{
	for (size_t i = 0; i < MOK_COUNT(processes); i++)
		if (sb_program_says(container, processes[i].word))
			return &processes[i];
	return NULL;
}

static bool is_mastodon(const cJSON *pod, const cJSON *container)
{
	const char *image = sb_get_str(container, "image");

	(void)pod;
	return image && strstr(image, "mastodon") && process_of(container);
}

/* False: its cluster is going. */
static bool read_container(struct sb_kube *k, const cJSON *pod, const cJSON *container,
	struct si_world *w, struct si_container *c)
{
	const struct sb_doc *cluster = sb_doc_get(k->ctx, K8S_KIND, k->cluster);

	if (!cluster)
		return false;
	si_world_init(w, k->ctx, cluster, k->ctx->arena);
	si_container_read(c, w, si_meta(pod, "namespace"), sb_get(pod, "spec"), container);
	return true;
}

static const char *line(struct sb_kube *k, const char *text)
{
	return mok_arena_printf(k->ctx->arena, "%s\n", text);
}

static void start(
	struct sb_kube *k, const cJSON *pod, const cJSON *container, struct sb_outcome *out)
{
	const struct process *process = process_of(container);
	struct si_container c;
	struct si_world w;
	const char *why;

	if (!process)
		return;
	out->boot_ms = process->boot_ms;
	out->log = process->lines;
	if (process->run_ms)
		out->run_ms = process->run_ms;
	if (!read_container(k, pod, container, &w, &c))
		return;
	why = si_app_of(&c) == SI_STREAMING ? NULL : si_boot_why(&c);
	if (!why && si_app_of(&c) == SI_SIDEKIQ)
		why = si_redis_why(&c);
	if (!why)
		return;
	out->exits = true;
	out->code = 1;
	out->run_ms = 5000;
	out->log = line(k, why);
}

static void end(struct sb_kube *k, const cJSON *pod, const cJSON *container, struct sb_outcome *out)
{
	const struct process *process = process_of(container);
	struct si_container c;
	struct si_world w;
	struct si_link link;
	const char *why;

	if (!process || !process->act || !read_container(k, pod, container, &w, &c))
		return;
	link = si_database_link(&c);
	why = link.key ? process->act(&c, link.key)
		       : mok_arena_printf(w.arena, "PG::ConnectionBad: %s", link.why);
	if (!why && process->tell)
		out->log = process->tell(&c, link.key);
	if (!why)
		return;
	out->code = 1;
	out->log = line(k, why);
}

const struct sb_program sb_program_mastodon = { is_mastodon, start, end };
