#include "mastodon_internal.h"

#include <string.h>

/* Jobs that run once, and those that run by the clock. */

/* PostgreSQL 15 took the right to create in the schema `public` from everyone but its owner; the
 * one who may give it is the cluster's first user.
 * https://www.postgresql.org/docs/15/release-15.html */
static const char grants_script[] =
	"require 'pg'\n"
	"connection = PG.connect(host: ENV.fetch('DB_HOST'), port: ENV.fetch('DB_PORT'),\n"
	"                        dbname: ENV.fetch('DB_NAME'), user: ENV.fetch('ADMIN_USER'),\n"
	"                        password: ENV.fetch('ADMIN_PASS'), sslmode: 'require')\n"
	"role = connection.quote_ident(ENV.fetch('DB_USER'))\n"
	"connection.exec(\"GRANT CREATE, USAGE ON SCHEMA public TO #{role}\")\n";

/* The password comes by Secret and goes nowhere else: tootctl would print one of its own. Finds the
 * account when it ran before and only its answer was lost. */
static const char owner_script[] =
	"name = ENV.fetch('OWNER_USERNAME')\n"
	"account = Account.find_local(name)\n"
	"exit if account&.user\n"
	"account ||= Account.new(username: name)\n"
	"user = User.new(email: ENV.fetch('OWNER_EMAIL'), password: ENV.fetch('OWNER_PASSWORD'),\n"
	"                agreement: true, role: UserRole.find_by!(name: 'Owner'),\n"
	"                confirmed_at: Time.now.utc, bypass_registration_checks: true)\n"
	"user.account = account\n"
	"user.save!\n"
	"user.approve!\n";

struct job {
	const char *name;         /* "db-prepare" */
	const char *address;      /* NULL: by the name */
	const char *const *args;  /* NULL at the end */
	const char *extra_secret; /* address of one more Secret, or NULL */
	const char *const *needs;
	int64_t deadline_s;
	const char *fills; /* as struct masto_object's */
};

struct mok_val masto_list_of(struct masto *m, const char *const *texts)
{
	struct mok_val list = { .type = MOK_LIST, .at = m->at };

	for (size_t i = 0; texts[i]; i++)
		mok_val_append(m->arena, &list, masto_format(m, "%s", texts[i]));
	return list;
}

static const char *underscored(struct masto *m, const char *name)
{
	char *out = mok_arena_strdup(m->arena, name);

	for (char *c = out; *c; c++)
		if (*c == '-')
			*c = '_';
	return out;
}

struct mok_val masto_pod_labels(struct masto *m, const char *component)
{
	struct mok_val labels = { .type = MOK_MAP, .at = m->at };

	mok_val_set(m->arena, &labels, "app.kubernetes.io/name", masto_format(m, "mastodon"));
	mok_val_set(
		m->arena, &labels, "app.kubernetes.io/component", masto_format(m, "%s", component));
	return labels;
}

/* A Job that is there stays as it is: its template cannot be changed, and what it did is done. It
 * has no time to live, since its presence says that it ran. */
static void add_job(struct masto *m, const struct job *job)
{
	const struct masto_object object = { .component = job->name,
		.once = true,
		.needs = job->needs,
		.fills = job->fills,
		.address = job->address
			? job->address
			: mok_arena_printf(m->arena, "mastodon_%s", underscored(m, job->name)) };
	const struct masto_pod pod = { "spec.template.spec", "jobs", NULL, true };
	struct mok_val manifest = masto_base("job"), from = { .type = MOK_MAP, .at = m->at };

	masto_put(m, &manifest, "metadata.name", masto_format(m, "mastodon-%s", job->name));
	masto_put(m, &manifest, "spec.template.metadata.labels", masto_pod_labels(m, job->name));
	masto_put(
		m, &manifest, "spec.template.spec.containers.0.args", masto_list_of(m, job->args));
	if (job->deadline_s)
		masto_put(m, &manifest, "spec.activeDeadlineSeconds", mok_val_int(job->deadline_s));
	masto_pod(m, &manifest, &pod);
	if (job->extra_secret) {
		masto_put(m, &from, "secretRef.name",
			masto_format(m, "${%s.name}", job->extra_secret));
		masto_push(m, &manifest, "spec.template.spec.containers.0.envFrom", from);
	}
	masto_add(m, &object, manifest);
}

void masto_add_secret(
	struct masto *m, const char *address, const char *name, const char *const *pairs)
{
	const struct masto_object object = { .address = address, .hashed = true };
	struct mok_val manifest = masto_base("secret"), data = { .type = MOK_MAP };

	for (size_t i = 0; pairs[i]; i += 2)
		mok_val_set(m->arena, &data, pairs[i], masto_expr(m, "%s", pairs[i + 1]));
	masto_put(m, &manifest, "metadata.name", masto_format(m, "%s", name));
	masto_put(m, &manifest, "stringData", data);
	masto_add(m, &object, manifest);
}

/* ---- the database ---- */

/* A database that does not let the cluster in yet fails a Job for good. */
static const char *const *behind_firewalls(struct masto *m, const char *const *needs)
{
	MOK_VEC(const char *) all = { 0 };

	for (size_t i = 0; needs[i]; i++)
		mok_vec_push(m->arena, &all, needs[i]);
	for (size_t i = 0; i < m->stack->resources.len; i++)
		if (strcmp(m->stack->resources.items[i].kind->name, "database_firewall") == 0)
			mok_vec_push(m->arena, &all, m->stack->resources.items[i].address);
	mok_vec_push(m->arena, &all, (const char *)NULL);
	return all.items;
}

static void add_grants(struct masto *m)
{
	static const char *const args[] = { "bundle", "exec", "ruby", "-e", grants_script, NULL };
	static const char *const needs[] = { "mastodon_service_account",
		"mastodon_priority_background", "mastodon_elasticsearch", NULL };
	const char *db = m->parts.database->address;
	const char *const pairs[] = { "ADMIN_USER",
		mok_arena_printf(m->arena, "${%s.private_connection.user}", db), "ADMIN_PASS",
		mok_arena_printf(m->arena, "${%s.private_connection.password}", db), NULL };
	const struct job job = { .name = "db-grants",
		.args = args,
		.extra_secret = "mastodon_db_admin_secret",
		.needs = behind_firewalls(m, needs),
		.deadline_s = 600 };

	if (!m->parts.database_user)
		return; /* the first user itself owns everything */
	masto_add_secret(m, "mastodon_db_admin_secret", "mastodon-db-admin", pairs);
	add_job(m, &job);
}

/* Argo CD knows no first time: the database tells. */
static const char migrate_script[] =
	"require 'pg'\n"
	"connection = PG.connect(host: ENV.fetch('DB_HOST'), port: ENV.fetch('DB_PORT'),\n"
	"                        dbname: ENV.fetch('DB_NAME'), user: ENV.fetch('DB_USER'),\n"
	"                        password: ENV.fetch('DB_PASS'), sslmode: 'require')\n"
	"is_new = connection.exec(\"SELECT to_regclass('schema_migrations')\").getvalue(0, "
	"0).nil?\n"
	"connection.close\n"
	"exec('bundle', 'exec', 'rails', 'db:prepare') if is_new\n"
	"ENV['SKIP_POST_DEPLOYMENT_MIGRATIONS'] = 'true'\n"
	"exec('bundle', 'exec', 'rails', 'db:migrate')\n";

/* Without SKIP_POST_DEPLOYMENT_MIGRATIONS: a new schema has those in it, and they must be known as
 * done. */
static void add_prepare(struct masto *m)
{
	static const char *const args[] = { "bundle", "exec", "rails", "db:prepare", NULL };
	static const char *const needs[] = { "mastodon_db_grants", "mastodon_service_account",
		"mastodon_priority_background", "mastodon_elasticsearch", NULL };
	const struct job job = { .name = "db-prepare",
		.args = args,
		.needs = behind_firewalls(m, needs),
		.deadline_s = 1800,
		.fills = m->parts.database->address };
	static const char *const pre[] = { "bundle", "exec", "ruby", "-e", migrate_script, NULL };
	const struct job migrate = { .name = "migrate-pre",
		.address = "mastodon_db_prepare",
		.args = pre,
		.needs = behind_firewalls(m, needs),
		.deadline_s = 21600,
		.fills = m->parts.database->address };

	add_job(m, m->argocd ? &migrate : &job);
}

/* What the old version still needed goes once its pods are gone: Argo CD waits for the new ones,
 * and the old may take their grace period of a minute to end. */
static void add_migrate_post(struct masto *m)
{
	static const char *const args[] = { "bundle", "exec", "ruby", "-e",
		"sleep 90\nexec('bundle', 'exec', 'rails', 'db:migrate')\n", NULL };
	static const char *const needs[] = { "mastodon_db_prepare", NULL };
	const struct job job = { .name = "migrate-post",
		.args = args,
		.needs = behind_firewalls(m, needs),
		.deadline_s = 86400 };

	if (m->argocd)
		add_job(m, &job);
}

static void add_owner(struct masto *m)
{
	static const char *const args[] = { "bin/rails", "runner", owner_script, NULL };
	static const char *const needs[] = { "mastodon_db_prepare", NULL };
	const char *const pairs[] = { "OWNER_USERNAME", masto_text(m, "owner.username"),
		"OWNER_EMAIL", masto_text(m, "owner.email"), "OWNER_PASSWORD",
		"${secret.owner_password}", NULL };
	const struct job job = { .name = "create-owner",
		.args = args,
		.extra_secret = "mastodon_owner_secret",
		.needs = needs,
		.deadline_s = 600 };

	if (!pairs[1] || !pairs[3])
		return;
	masto_add_secret(m, "mastodon_owner_secret", "mastodon-owner", pairs);
	add_job(m, &job);
}

/* Mappings change between minors, and another place begins empty: both are in the Job's name, and a
 * new one runs. */
static void add_search(struct masto *m)
{
	static const char *const args[] = { "bin/tootctl", "search", "deploy", "--concurrency", "1",
		"--batch-size", "100", NULL };
	static const char *const needs[] = { "mastodon_db_prepare", "mastodon_search",
		"mastodon_elasticsearch", NULL };
	const char *major_end = strchr(m->version, '.');
	size_t len = major_end ? (size_t)(major_end - m->version) + 1 : 0;
	const char *minor =
		mok_arena_strndup(m->arena, m->version, len + strcspn(m->version + len, "."));
	bool is_elsewhere = m->parts.search != NULL;
	char *name = mok_arena_printf(m->arena, "search-deploy-%s%s%s", minor,
		is_elsewhere ? "" : "-", is_elsewhere ? "" : masto_str(m, "search", "none"));
	const struct job job = { .name = name, .args = args, .needs = needs, .deadline_s = 86400 };

	for (char *c = name; *c; c++)
		if (*c == '.')
			*c = '-';
	if (m->parts.search || !masto_searches(m, "none"))
		add_job(m, &job);
}

/* ---- by the clock ---- */

struct cron {
	const char *name, *schedule;
	const char *args[10]; /* NULL at the end */
	const char *setting;  /* a number of days, or a switch */
	const char *days;     /* the option that takes the days; NULL: a switch */
	int64_t dflt;
	bool can_keep; /* takes --keep-interacted, from 4.6 */
};

static const struct cron crons[] = {
	{ "media-remove", "0 5 * * *", { "bin/tootctl", "media", "remove", NULL },
		"cleanup.media_days", "--days", 7, true },
	{ "media-prune-profiles", "30 5 * * 0",
		{ "bin/tootctl", "media", "remove", "--prune-profiles", NULL },
		"cleanup.prune_profiles", NULL, 1, false },
	{ "preview-cards-remove", "0 6 * * 0", { "bin/tootctl", "preview_cards", "remove", NULL },
		"cleanup.preview_card_days", "--days", 30, false },
	{ "statuses-remove", "0 4 * * 1", { "bin/tootctl", "statuses", "remove", NULL },
		"cleanup.statuses", NULL, 0, false },
	{ "accounts-prune", "0 4 * * 2", { "bin/tootctl", "accounts", "prune", NULL },
		"cleanup.accounts", NULL, 0, false },
};

static struct mok_val cron_args(struct masto *m, const struct cron *cron, int64_t days)
{
	struct mok_val args = masto_list_of(m, cron->args);

	if (cron->days) {
		mok_val_append(m->arena, &args, masto_format(m, "%s", cron->days));
		mok_val_append(m->arena, &args, masto_format(m, "%lld", (long long)days));
	}
	if (cron->can_keep && masto_at_least(m, 4, 6) &&
		masto_bool(m, "cleanup.keep_interacted", true))
		mok_val_append(m->arena, &args, masto_format(m, "--keep-interacted"));
	return args;
}

static void add_cron(struct masto *m, const struct cron *cron)
{
	static const char *const needs[] = { "mastodon_db_prepare", NULL };
	const struct masto_object object = { .component = cron->name,
		.needs = needs,
		.address = mok_arena_printf(m->arena, "mastodon_%s", underscored(m, cron->name)) };
	const struct masto_pod pod = { "spec.jobTemplate.spec.template.spec", "jobs", NULL, true };
	int64_t days = cron->days ? masto_int(m, cron->setting, cron->dflt)
				  : masto_bool(m, cron->setting, cron->dflt != 0);
	struct mok_val manifest = masto_base("cron-job"), job = masto_base("job");

	if (days == 0)
		return;
	masto_put(m, &manifest, "spec.jobTemplate.spec", *mok_val_get(&job, "spec"));
	masto_put(m, &manifest, "spec.jobTemplate.spec.template.metadata.labels",
		masto_pod_labels(m, cron->name));
	masto_put(m, &manifest, "metadata.name", masto_format(m, "mastodon-%s", cron->name));
	masto_put(m, &manifest, "spec.schedule", masto_format(m, "%s", cron->schedule));
	masto_put(m, &manifest, "spec.jobTemplate.spec.template.spec.containers.0.args",
		cron_args(m, cron, days));
	masto_pod(m, &manifest, &pod);
	masto_add(m, &object, manifest);
}

void masto_jobs(struct masto *m)
{
	add_grants(m);
	add_prepare(m);
	add_migrate_post(m);
	add_owner(m);
	add_search(m);
	for (size_t i = 0; i < MOK_COUNT(crons); i++)
		add_cron(m, &crons[i]);
}
