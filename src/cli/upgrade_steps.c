#include "show.h"
#include "upgrade.h"
#include "watch.h"

#include <string.h>

#define JOB_TIMEOUT_S 90000 /* longer than its own deadline, which tells more */

struct upgrade_part {
	const char *name, *text;
	unsigned tiers;                /* whose changes are applied; 0: none */
	int (*run)(struct upgrade *u); /* CLI_DONE, or an exit code; *idle as it was */
	bool no_way_back;
};

static enum mok_step_state *state_of(struct upgrade *u, const char *name)
{
	for (size_t i = 0; i < u->view.steps.len; i++)
		if (strcmp(u->view.steps.items[i].name, name) == 0)
			return &u->view.steps.items[i].state;
	MOK_BUG("a step that is not in the list");
}

/* ---- changes of the stack ---- */

static int exit_of(struct upgrade *u)
{
	if (u->err.code == MOK_ERR_INTERRUPTED || u->err.code == MOK_ERR_REFUSED)
		return cli_exit_of(&u->err);
	return u->changed ? CLI_PARTLY : cli_exit_of(&u->err);
}

static void show_failures(struct upgrade *u, struct mok_apply_result *result)
{
	struct session *s = u->s;
	const struct mok_result_view view = { .command = "upgrade",
		.stack = s->stack,
		.changes = &s->changes,
		.result = result,
		.err = &u->err };
	struct mok_buf buf;

	mok_buf_init(&buf, SHOW_MAX);
	mok_report_failures(&buf, &s->cli->err, &view);
	cli_err(s->cli, &buf);
	mok_buf_release(&buf);
}

static int apply(struct upgrade *u)
{
	struct session *s = u->s;
	struct mok_apply_result result;
	struct watch *watch = watch_new(s);
	struct mok_apply_input in;
	int rc;

	if (!watch)
		return CLI_ERROR;
	in = session_input(s, watch_events(watch));
	u->changed = true;
	rc = mok_apply(&in, s->arena, &result, &u->err);
	watch_end(watch);
	if (rc == 0)
		return CLI_DONE;
	show_failures(u, &result);
	return exit_of(u);
}

static int run_changes(struct upgrade *u, const struct upgrade_part *part)
{
	int rc = upgrade_look(u, part->tiers);

	if (rc != CLI_DONE)
		return rc;
	if (!mok_changes_any(&u->s->changes)) {
		*state_of(u, part->name) = MOK_STEP_IDLE;
		return CLI_DONE;
	}
	return apply(u);
}

/* ---- Jobs ---- */

static const struct mok_val *prepare_manifest(const struct upgrade *u)
{
	for (size_t i = 0; i < u->s->changes.list.len; i++) {
		const struct mok_change *c = &u->s->changes.list.items[i];
		const struct mok_val *labels = mok_val_at(&c->want, "manifest.metadata.labels");

		if (c->resource && instance_tier(c) == MOK_TIER_JOB && labels &&
			mok_streq(mok_val_get_str(labels, "app.kubernetes.io/component"),
				"db-prepare"))
			return mok_val_get(&c->want, "manifest");
	}
	return NULL;
}

static struct mok_val annotated(struct upgrade *u, const struct mok_val *job, const char *from)
{
	struct mok_arena *arena = u->s->arena;
	struct mok_val out = *job, metadata = *mok_val_get(job, "metadata");
	struct mok_val annotations = { .type = MOK_MAP }, want = { .type = MOK_MAP };

	mok_val_set(arena, &annotations, INSTANCE_UPGRADE_FROM, mok_val_str(from));
	mok_val_set(arena, &metadata, "annotations", annotations);
	mok_val_set(arena, &out, "metadata", metadata);
	mok_val_set(arena, &want, "manifest", out);
	return want;
}

static int run_task(struct upgrade *u, const char *name, const struct mok_val *want)
{
	struct session *s = u->s;
	struct mok_task task = { .kind = u->instance.cluster.kind,
		.address = name,
		.parent_id = u->instance.cluster.id,
		.want = want,
		.timeout_s = JOB_TIMEOUT_S };
	struct mok_apply_result result = { 0 };
	struct mok_failure failure = { .change = NULL };
	struct watch *watch = watch_new(s);
	struct mok_apply_input in;
	int rc;

	if (!watch)
		return CLI_ERROR;
	in = session_input(s, watch_events(watch));
	u->changed = true;
	rc = mok_task_run(&in, s->arena, &task, &failure.details, &u->err);
	watch_end(watch);
	if (rc == 0)
		return CLI_DONE;
	failure.err = u->err;
	if (u->err.code != MOK_ERR_INTERRUPTED)
		mok_vec_push(s->arena, &result.failures, failure);
	show_failures(u, &result);
	return exit_of(u);
}

static int run_job(struct upgrade *u, const char *name)
{
	const struct mok_object *before;
	const struct mok_val *prepare;
	struct mok_val job, want;
	const char *from;
	int rc = upgrade_look(u, 0);

	if (rc != CLI_DONE)
		return rc;
	before = upgrade_job(u, name, u->to);
	if (before && before->ready) {
		*state_of(u, name) = MOK_STEP_IDLE;
		return CLI_DONE;
	}
	prepare = prepare_manifest(u);
	if (!prepare || mok_val_has_unknown(prepare) ||
		!mok_mastodon_job(u->s->arena, prepare, name, &job)) {
		mok_err_set(&u->err, MOK_ERR_INPUT,
			"the Job %s cannot be made: the plan does not know all of its environment",
			name);
		return cli_fail(u->s->cli, &u->err, NULL);
	}
	from = upgrade_from_of(before);
	want = annotated(u, &job, from ? from : u->from);
	return run_task(u, name, &want);
}

static int run_pre(struct upgrade *u)
{
	return run_job(u, "migrate-pre");
}

static int run_post(struct upgrade *u)
{
	int rc;

	if (!upgrade_job(u, "migrate-post", u->to) &&
		(rc = upgrade_consent_to_migrate(u)) != CLI_DONE)
		return rc;
	return run_job(u, "migrate-post");
}

/* ---- waiting, verifying, clearing away ---- */

static int run_wait(struct upgrade *u)
{
	int rc = upgrade_look(u, 0);

	if (rc != CLI_DONE)
		return rc;
	if (upgrade_wait_for_pods(u) == 0)
		return CLI_DONE;
	cli_fail(u->s->cli, &u->err, NULL);
	return exit_of(u);
}

static int run_verify(struct upgrade *u)
{
	if (upgrade_verify(u) == 0)
		return CLI_DONE;
	cli_fail(u->s->cli, &u->err, NULL);
	return exit_of(u);
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
	return strcmp(name, "migrate-pre") == 0 ? is_new || !u->back : !is_new && !u->back;
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
			return exit_of(u);
		if (answer.verdict != MOK_ANS_OK && answer.verdict != MOK_ANS_GONE)
			upgrade_say(u, "%s stays: %s", o->name, answer.err.msg);
	}
	return CLI_DONE;
}

/* What is left is the last Job of migrations, which says how far the schema is. migrate-pre goes
 * last: while it is there, the upgrade is not complete. */
static int run_clean_up(struct upgrade *u)
{
	int rc = upgrade_look(u, 0);

	if (rc == CLI_DONE)
		rc = delete_jobs(u, "migrate-post");
	return rc == CLI_DONE ? delete_jobs(u, "migrate-pre") : rc;
}

/* ---- the order ---- */

#define TIER(name) (1u << MOK_TIER_##name)

static const struct upgrade_part forward[] = {
	{ "configuration", "new ConfigMaps and Secrets, beside the old ones",
		.tiers = TIER(CONFIG) },
	{ "migrate-pre",
		"a Job: the migrations that the old version lives with; when it fails, that goes "
		"on running",
		.run = run_pre },
	{ "sidekiq", "the Sidekiq groups roll: whoever takes new jobs comes before who makes them",
		.tiers = TIER(SIDEKIQ) },
	{ "scheduler", "the scheduler is made anew: there is never a second one",
		.tiers = TIER(SCHEDULER) },
	{ "web", "web rolls, with never a pod less", .tiers = TIER(WEB) },
	{ "streaming", "streaming rolls, if its image or its environment changes",
		.tiers = TIER(STREAMING) },
	{ "others", "what runs by the clock, and the labels of all else", .tiers = TIER(REST) },
	{ "old pods", "wait until no pod of the old version is left", .run = run_wait },
	{ "migrate-post",
		"a Job: the other migrations. From here on, going back means restoring a backup",
		.run = run_post, .no_way_back = true },
	{ "jobs", "what runs once for a version: the search index", .tiers = TIER(JOB) },
	{ "verify", "the instance answers, and with its new version", .run = run_verify },
	{ "clean up", "the Jobs of migrations go, but for the last", .run = run_clean_up },
};

static const struct upgrade_part backward[] = {
	{ "configuration", "the old ConfigMaps and Secrets, which are still there",
		.tiers = TIER(CONFIG) },
	{ "web", "web rolls back: what makes new jobs goes first", .tiers = TIER(WEB) },
	{ "streaming", "streaming rolls back", .tiers = TIER(STREAMING) },
	{ "scheduler", "the scheduler is made anew", .tiers = TIER(SCHEDULER) },
	{ "sidekiq", "the Sidekiq groups roll back", .tiers = TIER(SIDEKIQ) },
	{ "others", "what runs by the clock, and the labels of all else", .tiers = TIER(REST) },
	{ "old pods", "wait until no pod of the new version is left", .run = run_wait },
	{ "verify", "the instance answers, and with its old version", .run = run_verify },
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

static int run_step(struct upgrade *u, const struct upgrade_part *part)
{
	struct mok_err err = { 0 };
	int rc = mok_journal_step(u->s->journal, part->name,
		mok_arena_printf(u->s->arena, "%s to %s", u->from, u->to), &err);

	if (rc != 0)
		return cli_fail(u->s->cli, &err, NULL);
	rc = part->run ? part->run(u) : run_changes(u, part);
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
		enum mok_step_state *state = state_of(u, parts[i].name);

		upgrade_say(u, "Step %zu of %zu: %s", i + 1, count, parts[i].name);
		rc = run_step(u, &parts[i]);
		if (rc != CLI_DONE)
			*state = MOK_STEP_FAILED;
		else if (*state == MOK_STEP_OPEN)
			*state = MOK_STEP_DONE;
	}
	return rc;
}
