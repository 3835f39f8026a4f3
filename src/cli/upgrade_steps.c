#include "show.h"
#include "upgrade.h"
#include "watch.h"

#include <string.h>

struct upgrade_part {
	const char *name, *text;
	unsigned tiers; /* whose changes are applied, where there is no run */
	/* CLI_DONE, or an exit code. *idle: there was nothing to do. */
	int (*run)(struct upgrade *u, bool *idle);
	bool no_way_back;
};

/* ---- changes of the stack ---- */

int upgrade_apply(struct upgrade *u)
{
	struct session *s = u->s;
	struct mok_apply_result result;
	struct mok_apply_input in;
	struct mok_err why;
	int rc;

	u->watch = watch_new(s);
	if (!u->watch)
		return CLI_ERROR;
	in = session_input(s, watch_events(u->watch));
	in.gives_up = u->pulse ? upgrade_pulse_gives_up : NULL;
	in.gives_up_self = u->pulse;
	u->changed = true;
	rc = mok_apply(&in, s->arena, &result, &u->err);
	watch_end(u->watch);
	u->watch = NULL;
	if (rc == 0)
		return CLI_DONE;
	if (!u->pulse || !upgrade_pulse_gives_up(u->pulse, &why))
		upgrade_show_failures(u, &result);
	return upgrade_exit_of(u);
}

static int run_changes(struct upgrade *u, unsigned tiers, bool *idle)
{
	int rc = upgrade_look(u, tiers);

	if (rc != CLI_DONE)
		return rc;
	*idle = !mok_changes_any(&u->s->changes) && u->s->changes.nwait == 0;
	return *idle ? CLI_DONE : upgrade_apply(u);
}

#define TIER(name) (1u << MOK_TIER_##name)

static int run_configuration(struct upgrade *u, bool *idle)
{
	int rc = upgrade_write_version(u);

	return rc == CLI_DONE ? run_changes(u, TIER(CONFIG), idle) : rc;
}

/* ---- Jobs of migrations ---- */

/* What the plan asks for, and only before migrations have begun. */
static int run_before(struct upgrade *u, const char *name, bool *idle)
{
	int rc;

	*idle = !upgrade_job_source(u, name);
	if (*idle)
		return CLI_DONE;
	rc = upgrade_look(u, 0);
	if (rc != CLI_DONE)
		return rc;
	*idle = upgrade_job(u, "migrate-pre", u->to);
	return *idle ? CLI_DONE : upgrade_run_job(u, name, idle);
}

static int run_assets(struct upgrade *u, bool *idle)
{
	return run_before(u, "assets-copy", idle);
}

static int run_dump(struct upgrade *u, bool *idle)
{
	int rc;

	*idle = mok_mastodon_release(u->from) == mok_mastodon_release(u->to);
	if (*idle)
		return CLI_DONE;
	rc = run_before(u, "pg-dump", idle);
	if (rc == CLI_DONE && !*idle)
		upgrade_record_time(u, "dumped_at");
	return rc;
}

static int run_pre(struct upgrade *u, bool *idle)
{
	return upgrade_run_job(u, "migrate-pre", idle);
}

static int run_post(struct upgrade *u, bool *idle)
{
	int rc;

	if (!upgrade_job(u, "migrate-post", u->to)) {
		if ((rc = upgrade_consent_to_migrate(u)) != CLI_DONE)
			return rc;
		upgrade_record_time(u, "restore_to");
		upgrade_record_save(u);
	}
	return upgrade_run_job(u, "migrate-post", idle);
}

/* ---- waiting, verifying, clearing away ---- */

static int run_wait(struct upgrade *u, bool *idle)
{
	int rc = upgrade_look(u, 0);

	(void)idle;
	if (rc != CLI_DONE)
		return rc;
	if (upgrade_wait_for_pods(u) == 0)
		return CLI_DONE;
	return upgrade_fail(u);
}

static bool is_stale_job(const struct upgrade *u, const struct mok_object *o, const char *name)
{
	const struct mok_val *object = cluster_object(o);
	const char *version = instance_label(o, "app.kubernetes.io/version");
	bool is_new = mok_streq(version, u->back ? u->from : u->to);

	if (!object || strcmp(cluster_str(object, "kind"), "Job") != 0 ||
		strcmp(cluster_str(object, "metadata.namespace"), u->instance.ns) != 0 ||
		!instance_is_of(o, name))
		return false;
	if (strcmp(name, "migrate-post") == 0)
		return !is_new && !u->back;
	return strcmp(name, "migrate-pre") != 0 || is_new || !u->back;
}

static int delete_jobs(struct upgrade *u, const char *name)
{
	struct mok_answer answer;

	for (size_t i = 0; i < u->s->live.objects.len; i++) {
		const struct mok_object *o = u->s->live.objects.items[i];
		struct mok_ask ask = { .verb = MOK_ASK_DELETE, .id = o->id, .have = o };

		if (!is_stale_job(u, o, name))
			continue;
		if (cluster_ask(&u->instance.cluster, &ask, &answer, &u->err) != 0)
			return upgrade_exit_of(u);
		if (answer.verdict != MOK_ANS_OK && answer.verdict != MOK_ANS_GONE)
			upgrade_say(u, "%s stays: %s", o->name, answer.err.msg);
	}
	return CLI_DONE;
}

/* What is left is the last Job of migrations, which says how far the schema is. migrate-pre goes
 * last: while it is there, the upgrade is not complete. */
static int run_clean_up(struct upgrade *u, bool *idle)
{
	static const char *const names[] = { "migrate-post", "preflight", "migrate-pre" };
	int rc = upgrade_look(u, 0);

	(void)idle;
	if (rc != CLI_DONE)
		return rc;
	rc = upgrade_end_pre_pull(u);
	if (rc != CLI_DONE)
		return rc;
	if (upgrade_running_image(u))
		upgrade_record_put(u, "image", upgrade_running_image(u));
	upgrade_record_time(u, "finished_at");
	upgrade_record_save(u);
	for (size_t i = 0; rc == CLI_DONE && i < MOK_COUNT(names); i++)
		rc = delete_jobs(u, names[i]);
	return rc;
}

/* ---- the order ---- */

static const struct upgrade_part forward[] = {
	{ "preflight", "database, queues, backup and keys are looked at; nothing is changed",
		.run = upgrade_preflight },
	{ "configuration", "new ConfigMaps and Secrets, beside the old ones",
		.run = run_configuration },
	{ "pre-pull", "the nodes fetch the new images, if that is asked for",
		.run = upgrade_pre_pull },
	{ "assets", "a Job: the new version's assets, beside the old ones, if they have a bucket",
		.run = run_assets },
	{ "dump",
		"a Job: the database is dumped to where the plan's backups go, before another "
		"minor version",
		.run = run_dump },
	{ "migrate-pre",
		"a Job: the migrations that the old version lives with; when it fails, that goes "
		"on running",
		.run = run_pre },
	{ "sidekiq", "the Sidekiq groups roll: whoever takes new jobs comes before who makes them",
		.tiers = TIER(SIDEKIQ) },
	{ "scheduler", "the scheduler is made anew: there is never a second one",
		.tiers = TIER(SCHEDULER) },
	{ "web", "web rolls, with never a pod less, and then has to do well for a minute",
		.run = upgrade_run_web },
	{ "streaming", "streaming rolls, if its image or its environment changes",
		.tiers = TIER(STREAMING) },
	{ "others", "what runs by the clock, and the labels of all else", .tiers = TIER(REST) },
	{ "old pods", "wait until no pod of the old version is left", .run = run_wait },
	{ "migrate-post",
		"a Job: the other migrations. From here on, going back means restoring a backup",
		.run = run_post, .no_way_back = true },
	{ "jobs", "what runs once for a version: the search index", .tiers = TIER(JOB) },
	{ "verify", "the instance answers, and with its new version", .run = upgrade_verify },
	{ "clean up", "the Jobs of migrations go, but for the last", .run = run_clean_up },
};

static const struct upgrade_part backward[] = {
	{ "configuration", "the old ConfigMaps and Secrets, which are still there",
		.run = run_configuration },
	{ "web", "web rolls back: what makes new jobs goes first", .tiers = TIER(WEB) },
	{ "streaming", "streaming rolls back", .tiers = TIER(STREAMING) },
	{ "scheduler", "the scheduler is made anew", .tiers = TIER(SCHEDULER) },
	{ "sidekiq", "the Sidekiq groups roll back", .tiers = TIER(SIDEKIQ) },
	{ "others", "what runs by the clock, and the labels of all else", .tiers = TIER(REST) },
	{ "old pods", "wait until no pod of the new version is left", .run = run_wait },
	{ "verify", "the instance answers, and with its old version", .run = upgrade_verify },
	{ "clean up", "the Job of migrations goes", .run = run_clean_up },
};

static const struct upgrade_part *parts_of(const struct upgrade *u, size_t *count)
{
	*count = u->back ? MOK_COUNT(backward) : MOK_COUNT(forward);
	return u->back ? backward : forward;
}

void upgrade_plan_steps(struct upgrade *u)
{
	size_t count;
	const struct upgrade_part *parts = parts_of(u, &count);

	for (size_t i = 0; i < count; i++) {
		const struct mok_upgrade_step step = { .name = parts[i].name,
			.text = parts[i].text,
			.no_way_back = parts[i].no_way_back };

		mok_vec_push(u->s->arena, &u->view.steps, step);
	}
}

/* The time, and what the step itself put down. */
static void note(struct upgrade *u, const struct upgrade_part *part, int64_t began_ms)
{
	upgrade_record_timing(u, part->name, mok_loop_now(u->s->loop) - began_ms);
	upgrade_record_save(u);
}

static int run_step(struct upgrade *u, const struct upgrade_part *part, bool *idle)
{
	int64_t began_ms = mok_loop_now(u->s->loop);
	struct mok_err err = { 0 };
	int rc = mok_journal_step(u->s->journal, part->name,
		mok_arena_printf(u->s->arena, "%s to %s", u->from, u->to), &err);

	if (rc != 0)
		return cli_fail(u->s->cli, &err, NULL);
	rc = part->run ? part->run(u, idle) : run_changes(u, part->tiers, idle);
	if (rc == CLI_DONE && !*idle && part->run != run_clean_up)
		note(u, part, began_ms);
	/* A signal between two requests would wait for the next one. */
	if (rc == CLI_DONE && u->s->env.interrupted(u->s->env.interrupted_self)) {
		mok_err_set(&u->err, MOK_ERR_INTERRUPTED, "interrupted");
		rc = CLI_INTERRUPTED;
	}
	return rc;
}

int upgrade_run_steps(struct upgrade *u)
{
	size_t count;
	const struct upgrade_part *parts = parts_of(u, &count);
	int rc = CLI_DONE;

	for (size_t i = 0; rc == CLI_DONE && i < count; i++) {
		bool idle = false;

		upgrade_say(u, "Step %zu of %zu: %s", i + 1, count, parts[i].name);
		rc = run_step(u, &parts[i], &idle);
		u->view.steps.items[i].state = rc != CLI_DONE ? MOK_STEP_FAILED
			: idle                                ? MOK_STEP_IDLE
							      : MOK_STEP_DONE;
	}
	return rc;
}
