/*
 * What finished Jobs did to databases. No program runs in the sandbox, so a Job that completed has
 * done what its command says, provided that it could: with an environment that is wrong it has done
 * nothing, and the instance shows that. Each Job is taken once.
 */
#include "controllers.h"
#include "instance.h"

#include <string.h>

/* ---- what commands do ---- */

static const struct sb_doc *server_of(const struct si_container *c)
{
	const char *host = si_env(c, "DB_HOST");
	bool is_private;

	return host ? si_database_of_host(c->w->ctx, host, &is_private) : NULL;
}

/* PostgreSQL 15 lets nobody but the owner create in the schema `public`. */
static void grant(const struct si_container *c)
{
	struct si_link link = si_database_link(c);
	const struct sb_doc *server = server_of(c);
	const char *admin = si_env(c, "ADMIN_USER"), *user = si_env(c, "DB_USER");

	if (link.key && user && admin && strcmp(admin, db_primary_user("pg")) == 0 &&
		si_database_user(c->w->ctx, server, admin, si_env(c, "ADMIN_PASS")))
		sb_sql_run(c->w->ctx, "INSERT OR IGNORE INTO instance_grant(db, user) VALUES(?, ?)",
			"ss", link.key, user);
}

static bool may_create(const struct si_container *c, const char *db)
{
	const struct sb_doc *server = server_of(c);
	const char *user = si_env(c, "DB_USER");
	int64_t version = 0;
	sqlite3_stmt *stmt;
	bool granted;

	if (!user || strcmp(user, db_primary_user("pg")) == 0 ||
		(mok_parse_i64(db_version(server->json, c->w->ctx->now_ms), &version) &&
			version < 15))
		return user != NULL;
	stmt = sb_sql(c->w->ctx, "SELECT 1 FROM instance_grant WHERE db = ? AND user = ?", "ss", db,
		user);
	granted = sb_sql_row(c->w->ctx, stmt);
	sb_sql_done(c->w->ctx, stmt);
	return granted;
}

/* Migrations take an advisory lock, which a session of their own is needed for. */
static const char *to_migrate(const struct si_container *c)
{
	struct si_link link = si_database_link(c);
	const char *port = si_env(c, "DB_PORT");

	return link.key && !mok_streq(port, "25061") && may_create(c, link.key) ? link.key : NULL;
}

static void migrate(const struct si_container *c)
{
	const char *db = to_migrate(c);
	struct si_schema_version schema;

	if (!db)
		return;
	schema = si_schema_of(c->w->ctx, db);
	schema.pre = si_image_version(c->w->arena, sb_get_str(c->container, "image"));
	if (!si_env_is(c, "SKIP_POST_DEPLOYMENT_MIGRATIONS", "true"))
		schema.post = schema.pre;
	si_schema_set(c->w->ctx, db, &schema);
}

static void create_owner(const struct si_container *c)
{
	struct si_link link = si_database_link(c);
	struct sb_ctx *ctx = c->w->ctx;
	const struct si_account owner = { .id = si_snowflake(ctx),
		.created_ms = ctx->now_ms,
		.username = si_env(c, "OWNER_USERNAME"),
		.email = si_env(c, "OWNER_EMAIL") };
	const char *password = si_env(c, "OWNER_PASSWORD");

	if (link.key && *si_schema_of(ctx, link.key).pre && owner.username && owner.email &&
		password && !si_account_by_name(ctx, link.key, owner.username).id)
		si_account_add(ctx, link.key, &owner, password);
}

static const struct {
	const char *word;
	void (*act)(const struct si_container *c);
} commands[] = {
	{ "GRANT CREATE", grant },
	{ " db:prepare", migrate },
	{ " db:setup", migrate },
	{ " db:schema:load", migrate },
	{ " db:migrate", migrate },
	{ "OWNER_PASSWORD", create_owner },
};

static void act(const struct si_world *w, const cJSON *job)
{
	const cJSON *spec = mok_json_at(job, "spec.template.spec"), *container;
	struct si_container c;

	cJSON_ArrayForEach(container, sb_get(spec, "containers"))
	{
		si_container_read(&c, w, si_meta(job, "namespace"), spec, container);
		for (size_t i = 0; i < MOK_COUNT(commands); i++)
			if (strstr(c.command, commands[i].word))
				commands[i].act(&c);
	}
}

/* ---- once each ---- */

static bool is_new(const struct si_world *w, const cJSON *job)
{
	return sb_sql_run(w->ctx, "INSERT OR IGNORE INTO instance_job(cluster, uid) VALUES(?, ?)",
		       "ss", w->cluster->id, si_meta(job, "uid")) > 0;
}

static void reconcile(struct sb_kube *k, const cJSON *job)
{
	const struct sb_doc *cluster = sb_doc_get(k->ctx, K8S_KIND, k->cluster);
	struct si_world world;

	if (!cluster || !si_condition(job, "Complete"))
		return;
	si_world_init(&world, k->ctx, cluster, k->ctx->arena);
	if (is_new(&world, job))
		act(&world, job);
}

const struct sb_controller sb_ctl_instance_jobs = {
	.group = "batch", .plural = "jobs", .reconcile = reconcile
};
