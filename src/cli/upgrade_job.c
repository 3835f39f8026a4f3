#include "show.h"
#include "upgrade.h"
#include "watch.h"

#include <string.h>

/* Objects that an upgrade makes for what they do, each waited for. */

int upgrade_exit_of(const struct upgrade *u)
{
	if (u->err.code == MOK_ERR_INTERRUPTED || u->err.code == MOK_ERR_REFUSED)
		return cli_exit_of(&u->err);
	return u->changed ? CLI_PARTLY : cli_exit_of(&u->err);
}

int upgrade_fail(struct upgrade *u)
{
	cli_fail(u->s->cli, &u->err, NULL);
	return upgrade_exit_of(u);
}

void upgrade_show_failures(struct upgrade *u, struct mok_apply_result *result)
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

int upgrade_task(struct upgrade *u, const char *name, const struct mok_val *manifest, int timeout_s)
{
	struct session *s = u->s;
	struct mok_val want = { .type = MOK_MAP };
	struct mok_task task = { .kind = u->instance.cluster.kind,
		.address = name,
		.parent_id = u->instance.cluster.id,
		.want = &want,
		.timeout_s = timeout_s };
	struct mok_apply_result result = { 0 };
	struct mok_failure failure = { .change = NULL };
	struct watch *watch = watch_new(s);
	struct mok_apply_input in;
	int rc;

	if (!watch)
		return CLI_ERROR;
	mok_val_set(s->arena, &want, "manifest", *manifest);
	in = session_input(s, watch_events(watch));
	rc = mok_task_run(&in, s->arena, &task, &failure.details, &u->err);
	watch_end(watch);
	if (rc == 0)
		return CLI_DONE;
	failure.err = u->err;
	if (u->err.code != MOK_ERR_INTERRUPTED)
		mok_vec_push(s->arena, &result.failures, failure);
	upgrade_show_failures(u, &result);
	return upgrade_exit_of(u);
}

/* ---- Jobs ---- */

static bool is_of(const struct mok_val *manifest, const char *component)
{
	const struct mok_val *labels = mok_val_at(manifest, "metadata.labels");

	return labels && labels->type == MOK_MAP &&
		mok_streq(mok_val_get_str(labels, "app.kubernetes.io/component"), component);
}

const struct mok_val *upgrade_job_source(const struct upgrade *u, const char *name)
{
	const char *component = mok_mastodon_job_source(name);

	for (size_t i = 0; i < u->s->changes.list.len; i++) {
		const struct mok_change *c = &u->s->changes.list.items[i];
		const struct mok_val *manifest = mok_val_get(&c->want, "manifest");

		if (c->resource && instance_tier(c) != MOK_TIER_NONE &&
			mok_ends(cluster_str(manifest, "kind"), "Job") &&
			is_of(manifest, component))
			return manifest;
	}
	return NULL;
}

int upgrade_make_job(
	struct upgrade *u, const char *name, const struct mok_running *running, struct mok_val *out)
{
	const struct mok_val *source = upgrade_job_source(u, name);
	struct mok_val base;

	if (source) {
		base = running ? mok_mastodon_prepare_of(u->s->arena, source, running) : *source;
		if (!mok_val_has_unknown(&base) && mok_mastodon_job(u->s->arena, &base, name, out))
			return CLI_DONE;
	}
	mok_err_set(&u->err, MOK_ERR_INPUT,
		"the Job %s cannot be made: the plan does not know all of its environment", name);
	return cli_fail(u->s->cli, &u->err, NULL);
}

static void annotate(struct upgrade *u, struct mok_val *job, const char *from)
{
	struct mok_arena *arena = u->s->arena;
	struct mok_val metadata = *mok_val_get(job, "metadata");
	struct mok_val annotations = { .type = MOK_MAP };

	mok_val_set(arena, &annotations, INSTANCE_UPGRADE_FROM, mok_val_str(from));
	mok_val_set(arena, &metadata, "annotations", annotations);
	mok_val_set(arena, job, "metadata", metadata);
}

int upgrade_run_job(struct upgrade *u, const char *name, bool *idle)
{
	const struct mok_object *before;
	struct mok_val job;
	const char *from;
	int rc = upgrade_look(u, 0);

	if (rc != CLI_DONE)
		return rc;
	before = upgrade_job(u, name, u->to);
	*idle = before && before->ready;
	if (*idle)
		return CLI_DONE;
	rc = upgrade_make_job(u, name, NULL, &job);
	if (rc != CLI_DONE)
		return rc;
	from = upgrade_from_of(before);
	annotate(u, &job, from ? from : u->from);
	u->changed = true;
	return upgrade_task(u, name, &job, UPGRADE_JOB_S);
}
