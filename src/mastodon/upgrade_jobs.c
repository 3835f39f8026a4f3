#include "mastodon_internal.h"

#include <string.h>

/* Jobs that are no part of a stack: upgrades and repairs make them when they are needed. */

#define DAY_S 86400

/* One line of numbers, for whoever reads the pod's log: include/mok/mastodon.h has what they are. A
 * database that may not be connected to is not counted; the own connection is not either. */
static const char vitals_script[] =
	"require 'sidekiq/api'\n"
	"db = ActiveRecord::Base.connection\n"
	"number = ->(sql) { db.select_value(sql).to_i }\n"
	"queues = Sidekiq::Queue.all.to_h do |queue|\n"
	"  [queue.name, { waiting: queue.size, latency_ms: (queue.latency * 1000).to_i }]\n"
	"end\n"
	"puts '" MOK_VITALS_MARK "' + JSON.generate(\n"
	"  database_bytes: number.call('SELECT sum(pg_database_size(datname)) FROM pg_database ' "
	"\\\n"
	"    \"WHERE has_database_privilege(datname, 'CONNECT')\"),\n"
	"  max_connections: number.call(\"SELECT current_setting('max_connections')\"),\n"
	"  reserved_connections: number.call('SELECT coalesce(sum(setting::int), 0) ' \\\n"
	"    'FROM pg_settings WHERE name IN ' \\\n"
	"    \"('superuser_reserved_connections', 'reserved_connections')\"),\n"
	"  used_connections: number.call('SELECT sum(numbackends) - 1 FROM pg_stat_database'),\n"
	"  invalid_indexes: db.select_values('SELECT indexrelid::regclass::text ' \\\n"
	"    'FROM pg_index WHERE NOT indisvalid ORDER BY 1 LIMIT 20'),\n"
	"  schema_version: db.select_value('SELECT max(version) FROM schema_migrations'),\n"
	"  queues: queues, dead: Sidekiq::DeadSet.new.size, retries: "
	"Sidekiq::RetrySet.new.size)\n";

struct errand {
	const char *name;
	const char *args[8]; /* NULL at the end */
	const char *variable, *value;
	int64_t deadline_s;
	int64_t ttl_s;  /* it is cleared away so long after its end; 0: its being there says that it
			 * ran */
	const char *of; /* "CronJob", "Job": such an object of its name says all the rest */
};

/* https://docs.joinmastodon.org/admin/upgrading/: what comes after a deployment is left out while
 * the old version runs, since it takes away what that still uses. */
static const struct errand errands[] = {
	{ "migrate-pre", { "bundle", "exec", "rails", "db:migrate", NULL },
		"SKIP_POST_DEPLOYMENT_MIGRATIONS", "true", 21600, 0, false },
	{ "migrate-post", { "bundle", "exec", "rails", "db:migrate", NULL }, NULL, NULL, 86400, 0,
		false },
	{ "preflight", { "bin/rails", "runner", vitals_script, NULL }, NULL, NULL, 600, 600,
		false },
	{ "search-deploy",
		{ "bin/tootctl", "search", "deploy", "--concurrency", "1", "--batch-size", "100",
			NULL },
		NULL, NULL, 86400, DAY_S, false },
	{ "feeds-build", { "bin/tootctl", "feeds", "build", NULL }, NULL, NULL, 86400, DAY_S,
		false },
	{ "cache-clear", { "bin/tootctl", "cache", "clear", NULL }, NULL, NULL, 3600, DAY_S,
		false },
	{ .name = "pg-dump", .of = "CronJob" },
	{ .name = "assets-copy", .of = "Job" },
};

const char *mok_mastodon_job_at(size_t i)
{
	return i < MOK_COUNT(errands) ? errands[i].name : NULL;
}

static const struct errand *find(const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(errands); i++)
		if (strcmp(errands[i].name, name) == 0)
			return &errands[i];
	return NULL;
}

const char *mok_mastodon_job_source(const char *name)
{
	const struct errand *e = find(name);

	return e && e->of ? e->name : "db-prepare";
}

static void set_command(struct masto *m, struct mok_val *job, const struct errand *e)
{
	const char *container = "spec.template.spec.containers.0";
	struct mok_val args = { .type = MOK_LIST }, variable = { .type = MOK_MAP };

	for (size_t i = 0; e->args[i]; i++)
		mok_val_append(m->arena, &args, mok_val_str(e->args[i]));
	masto_put(m, job, mok_arena_printf(m->arena, "%s.args", container), args);
	if (!e->variable)
		return;
	mok_val_set(m->arena, &variable, "name", mok_val_str(e->variable));
	mok_val_set(m->arena, &variable, "value", mok_val_str(e->value));
	masto_push(m, job, mok_arena_printf(m->arena, "%s.env", container), variable);
}

/* A template cannot be changed, so whatever is in it is in the name. */
static void set_name(struct masto *m, struct mok_val *job, const struct errand *e)
{
	const struct mok_val *labels = mok_val_at(job, "metadata.labels");
	const char *version = mok_val_get_str(labels, "app.kubernetes.io/version");
	struct mok_val new_labels = *labels;
	char *plain = mok_arena_strdup(m->arena, version ? version : "0"), hash[65];
	struct mok_buf text;

	for (char *c = plain; *c; c++)
		if (*c == '.')
			*c = '-';
	mok_buf_init(&text, (size_t)1 << 20);
	mok_val_canonical(mok_val_get(job, "spec"), &text);
	mok_sha256_hex(text.data, text.len, hash);
	mok_buf_release(&text);
	mok_val_set(m->arena, &new_labels, "app.kubernetes.io/component", mok_val_str(e->name));
	masto_put(m, job, "metadata.labels", new_labels);
	masto_put(m, job, "metadata.name",
		mok_val_str(
			mok_arena_printf(m->arena, "mastodon-%s-%s-%.10s", e->name, plain, hash)));
}

/* A CronJob's template is a Job's whole specification. */
static bool take_whole(
	struct masto *m, const struct mok_val *from, const struct errand *e, struct mok_val *out)
{
	const struct mok_val *labels = mok_val_at(from, "metadata.labels");
	const struct mok_val *spec =
		mok_val_at(from, strcmp(e->of, "CronJob") == 0 ? "spec.jobTemplate.spec" : "spec");

	if (!mok_streq(mok_val_get_str(from, "kind"), e->of) || !spec || !labels ||
		!mok_streq(mok_val_get_str(labels, "app.kubernetes.io/component"), e->name))
		return false;
	*out = masto_base("job");
	masto_put(m, out, "metadata", *mok_val_get(from, "metadata"));
	masto_put(m, out, "spec", *spec);
	masto_put(m, out, "spec.ttlSecondsAfterFinished", mok_val_int(86400));
	return true;
}

static bool take_prepare(
	struct masto *m, const struct mok_val *prepare, const struct errand *e, struct mok_val *out)
{
	struct mok_val labels;

	if (!mok_val_at(prepare, "metadata.labels") ||
		!mok_val_at(prepare, "spec.template.spec.containers.0"))
		return false;
	*out = *prepare;
	labels = *mok_val_at(prepare, "metadata.labels");
	if (mok_val_at(prepare, "spec.template.metadata.labels"))
		labels = *mok_val_at(prepare, "spec.template.metadata.labels");
	mok_val_set(m->arena, &labels, "app.kubernetes.io/component", mok_val_str(e->name));
	masto_put(m, out, "spec.template.metadata.labels", labels);
	masto_put(m, out, "spec.activeDeadlineSeconds", mok_val_int(e->deadline_s));
	if (e->ttl_s)
		masto_put(m, out, "spec.ttlSecondsAfterFinished", mok_val_int(e->ttl_s));
	set_command(m, out, e);
	return true;
}

bool mok_mastodon_job(
	struct mok_arena *arena, const struct mok_val *from, const char *name, struct mok_val *out)
{
	struct masto m = { .arena = arena };
	const struct errand *e = find(name);

	if (!e || !(e->of ? take_whole(&m, from, e, out) : take_prepare(&m, from, e, out)))
		return false;
	set_name(&m, out, e);
	return true;
}

/* ---- of what runs now ---- */

static void put_text(struct masto *m, struct mok_val *job, const char *path, const char *text)
{
	if (text && mok_val_at(job, path))
		masto_put(m, job, path, mok_val_str(text));
}

struct mok_val mok_mastodon_prepare_of(
	struct mok_arena *arena, const struct mok_val *prepare, const struct mok_running *running)
{
	static const char *const images[] = { "containers.0.image", "initContainers.0.image",
		"initContainers.1.image" };
	struct masto m = { .arena = arena };
	struct mok_val out = *prepare, labels;
	const char *pod = "spec.template.spec";

	for (size_t i = 0; i < MOK_COUNT(images); i++)
		put_text(
			&m, &out, mok_arena_printf(arena, "%s.%s", pod, images[i]), running->image);
	put_text(&m, &out,
		mok_arena_printf(arena, "%s.containers.0.envFrom.0.configMapRef.name", pod),
		running->config);
	put_text(&m, &out, mok_arena_printf(arena, "%s.containers.0.envFrom.1.secretRef.name", pod),
		running->secret);
	put_text(&m, &out, mok_arena_printf(arena, "%s.volumes.0.configMap.name", pod),
		running->authorities);
	if (running->version && mok_val_at(&out, "metadata.labels")) {
		labels = *mok_val_at(&out, "metadata.labels");
		mok_val_set(
			arena, &labels, "app.kubernetes.io/version", mok_val_str(running->version));
		masto_put(&m, &out, "metadata.labels", labels);
	}
	/* In the template, hence in the name: it is another Job than one that has run already. */
	if (running->asked_at)
		masto_put(&m, &out, "spec.template.metadata.annotations.mok/asked-at",
			mok_val_str(running->asked_at));
	return out;
}
