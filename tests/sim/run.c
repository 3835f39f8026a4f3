#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_LIMIT 60000 /* of one run: hundreds are usual */

const char *sim_outcome_name(enum sim_outcome outcome)
{
	static const char *const names[] = { "done", "failed", "stopped", "refused" };

	return names[outcome];
}

struct mok {
	struct sim_world *w;
	struct sim_run *run;
	const char *yaml;
	struct mok_arena *arena;
	struct mok_loop *loop;
	struct mok_http *http;
	struct mok_lockfile *lock;
	struct mok_journal *journal;
	struct mok_providers providers;
	struct mok_kubernetes *kubernetes;
	struct mok_provider provider_list[3];
	struct mok_diags diags;
	struct mok_stack *stack;
	struct sim_vault *vault;
	struct mok_live live;
	struct mok_changes changes;
};

static int read_plan(void *self, const char *path, size_t max, struct mok_arena *arena,
	struct mok_source *out, struct mok_err *err)
{
	const struct mok *mok = self;

	if (!mok_streq(path, "mok.yaml"))
		return mok_err_set(err, MOK_ERR_IO, "cannot read %s: no such file", path);
	out->len = strlen(mok->yaml);
	if (out->len > max)
		return mok_err_set(err, MOK_ERR_IO, "cannot read %s: too large", path);
	out->text = mok_arena_strdup(arena, mok->yaml);
	return 0;
}

/* ---- what mok says ---- */

static void tell(struct sim_world *w, const char *text)
{
	if (!text || !*text)
		return;
	mok_buf_puts(&w->told, text);
	mok_buf_putc(&w->told, '\n');
}

static void tell_err(struct sim_world *w, const struct mok_err *err)
{
	tell(w, err->msg);
	tell(w, err->hint);
	tell(w, err->request_id);
}

static void emit(void *self, const struct mok_event *e)
{
	static const char *const types[] = { "start", "progress", "retry", "done", "FAILED",
		"skipped", "note" };
	struct sim_world *w = self;

	sim_trace(w, "* %s %s %s%s%s%s%s%s%s", types[e->type], mok_action_name(e->action),
		e->change->address, e->step ? ": " : "", e->step ? e->step : "",
		e->text ? " | " : "", e->text ? e->text : "", e->err ? " | " : "",
		e->err ? e->err->msg : "");
	tell(w, e->step);
	tell(w, e->state);
	tell(w, e->text);
	if (e->err)
		tell_err(w, e->err);
}

static void tell_diags(struct mok *mok)
{
	for (size_t i = 0; i < mok->diags.list.len; i++) {
		const struct mok_diag *d = &mok->diags.list.items[i];

		tell(mok->w, d->message);
		tell(mok->w, d->hint);
		sim_trace(mok->w, "! %s %u:%u %s: %s (%s)", d->code, d->at.line, d->at.column,
			d->address ? d->address : "", d->message, d->hint ? d->hint : "");
	}
}

/* ---- one run, in its stages ---- */

/* Registries are not in this world: an image is what its name says. */
static void know_images(const struct mok_stack *stack)
{
	const struct mok_map *asked = mok_plan_images_asked(stack);

	for (size_t i = 0; i < mok_map_len(asked); i++)
		mok_plan_know_image(stack, mok_map_key(asked, i), mok_map_key(asked, i));
}

static int load(struct mok *mok)
{
	static const char *const files[] = { "mok.yaml" };
	static const struct mok_assignment environment[] = { { "MOK_VAR_secret", SIM_SECRET } };
	struct mok_plan_options options = { .files = files,
		.nfiles = 1,
		.environment = environment,
		.nenvironment = 1,
		.read = read_plan,
		.self = mok };

	options.secret_names = sim_key_names(mok->arena, &options.nsecret_names);
	mok->diags.arena = mok->arena;
	mok->stack = mok_plan_load(mok->arena, &options, &mok->diags);
	if (mok->stack && mok->diags.nerrors == 0) {
		know_images(mok->stack);
		return 0;
	}
	tell_diags(mok);
	sim_wrong(mok->w, "the plan file has errors: %s",
		mok->diags.list.len ? mok->diags.list.items[0].message : "none is said");
	return mok_err_set(&mok->run->err, MOK_ERR_INPUT, "plan errors");
}

static int connect(struct mok *mok)
{
	const struct mok_http_options options = { .token = SIM_TOKEN,
		.spaces_key = mok_sandbox_spaces_key(mok->w->sandbox),
		.spaces_secret = mok_sandbox_spaces_secret(mok->w->sandbox) };
	const struct mok_env *env = fake_env_get(mok->w->fake);

	mok->provider_list[0] = *mok_digitalocean_provider();
	mok->provider_list[1] = *mok_spaces_provider();
	mok->kubernetes = mok_kubernetes_new();
	mok->provider_list[2] = mok_kubernetes_provider(mok->kubernetes);
	mok->providers = (struct mok_providers){ .list = mok->provider_list, .count = 3 };
	mok->loop = mok_loop_new(env);
	mok->http = mok_http_new(mok->loop, &options, &mok->run->err);
	if (!mok->http)
		return -1;
	mok->lock = mok_stack_lock(env, SIM_DIR, SIM_STACK, &mok->run->err);
	return mok->lock ? 0 : -1;
}

static int sweep(struct mok *mok)
{
	const struct mok_env *env = fake_env_get(mok->w->fake);
	struct mok_journal_known known;
	int rc = mok_journal_recall(env, mok->arena, SIM_DIR, SIM_STACK, &known, &mok->run->err);
	const struct mok_live_input in = { .loop = mok->loop,
		.http = mok->http,
		.providers = &mok->providers,
		.stack = mok->stack,
		.known_ids = known.ids,
		.known_made = known.made,
		.known_gone = known.gone,
		.known_account = known.account_uuid,
		.without_catalogue = mok->run->destroy };

	if (rc != 0)
		return rc;
	return mok_live_sweep(&in, mok->arena, &mok->diags, &mok->live, &mok->run->err);
}

static void note_changes(struct mok *mok)
{
	struct sim_run *run = mok->run;

	run->changes = mok_changes_any(&mok->changes);
	run->waits = mok->changes.nwait > 0;
	run->first_change[0] = '\0';
	for (size_t i = 0; i < mok->changes.list.len; i++) {
		const struct mok_change *c = &mok->changes.list.items[i];
		char line[256];

		if (c->action == MOK_ACT_NONE && !c->set_protect && !c->clear_protect &&
			!c->set_retain && !c->clear_retain && !c->moved_from)
			continue;
		snprintf(line, sizeof(line), "%s %s%s%s %s%s", mok_action_name(c->action),
			c->address, c->fields.len ? " " : "",
			c->fields.len ? c->fields.items[0].path : "",
			c->reasons.len ? c->reasons.items[0] : "", c->refused ? " REFUSED" : "");
		sim_trace(mok->w, "> %s", line);
		if (!run->first_change[0])
			memcpy(run->first_change, line, sizeof(line));
	}
	for (size_t i = 0; i < mok->changes.drop_tags.len; i++) {
		sim_trace(mok->w, "> drop tag %s", mok->changes.drop_tags.items[i]);
		if (!run->first_change[0])
			snprintf(run->first_change, sizeof(run->first_change), "drop tag %s",
				mok->changes.drop_tags.items[i]);
	}
}

static struct mok_apply_input input(struct mok *mok, const struct mok_events *events)
{
	return (struct mok_apply_input){ .loop = mok->loop,
		.http = mok->http,
		.providers = &mok->providers,
		.stack = mok->stack,
		.live = &mok->live,
		.changes = &mok->changes,
		.journal = mok->journal,
		.events = events };
}

/* As the command does: a second time where clusters have a say in what changes. */
static int compare_all(struct mok *mok)
{
	const struct mok_diff_options options = { .destroy = mok->run->destroy };
	const struct mok_apply_input in = input(mok, NULL);
	size_t ndiags = mok->diags.list.len;
	bool any = false;

	if (mok_diff(mok->arena, mok->stack, &mok->live, &options, &mok->diags, &mok->changes) != 0)
		return mok_err_set(&mok->run->err, MOK_ERR_INPUT, "the diff failed");
	if (options.destroy || mok->diags.nerrors)
		return 0;
	if (mok_predict(&in, mok->arena, &mok->diags, &any, &mok->run->err) != 0)
		return -1;
	if (!any || mok->diags.nerrors)
		return 0;
	mok->diags.list.len = ndiags;
	return mok_diff(mok->arena, mok->stack, &mok->live, &options, &mok->diags, &mok->changes);
}

static int diff(struct mok *mok)
{
	int rc = compare_all(mok);

	tell_diags(mok);
	if (rc == 0 && mok->diags.nerrors == 0) {
		note_changes(mok);
		return 0;
	}
	for (size_t i = 0; i < mok->diags.list.len; i++)
		if (mok->diags.list.items[i].severity == MOK_SEV_ERROR)
			return mok_err_set(&mok->run->err, MOK_ERR_INPUT, "%s: %s",
				mok->diags.list.items[i].code, mok->diags.list.items[i].message);
	return -1;
}

static int open_vault(struct mok *mok)
{
	mok->vault =
		sim_vault_open(fake_env_get(mok->w->fake), mok->arena, mok->stack, &mok->run->err);
	return mok->vault ? 0 : -1;
}

static int reconcile(struct mok *mok)
{
	return mok->run->destroy ? 0 : sim_vault_reconcile(mok->vault, &mok->live, &mok->run->err);
}

static int open_journal(struct mok *mok)
{
	const struct mok_journal_info info = { .api_url = "https://api.digitalocean.com",
		.account_uuid = mok->live.account_uuid,
		.command = "apply" };

	mok->journal = mok_journal_open(
		fake_env_get(mok->w->fake), SIM_DIR, SIM_STACK, &info, &mok->run->err);
	return mok->journal ? 0 : -1;
}

static int apply(struct mok *mok)
{
	const struct mok_events events = { .self = mok->w, .emit = emit };
	const struct mok_apply_input in = input(mok, &events);
	struct mok_apply_result result;
	int rc = mok_apply(&in, mok->arena, &result, &mok->run->err);

	for (size_t i = 0; i < result.failures.len; i++) {
		const struct mok_failure *f = &result.failures.items[i];

		tell_err(mok->w, &f->err);
		if (i == 0 && f->change && mok->run->err.code != MOK_ERR_INTERRUPTED)
			mok_err_set(&mok->run->err, f->err.code, "%s: %s", f->change->address,
				f->err.msg);
	}
	for (size_t i = 0; i < result.in_flight.len; i++)
		tell(mok->w, result.in_flight.items[i]);
	return rc;
}

static int work(struct mok *mok)
{
	if (load(mok) != 0 || connect(mok) != 0 || open_vault(mok) != 0 || sweep(mok) != 0 ||
		reconcile(mok) != 0 || diff(mok) != 0)
		return -1;
	if (mok->run->plan_only)
		return 0;
	if (mok->changes.nrefused)
		return mok_err_set(&mok->run->err, MOK_ERR_REFUSED, "protected");
	if (open_journal(mok) != 0 ||
		sim_vault_generate(mok->vault, &mok->changes, &mok->run->err) != 0)
		return -1;
	return apply(mok);
}

static void close_all(struct mok *mok)
{
	const struct mok_env *env = fake_env_get(mok->w->fake);

	sim_vault_close(mok->vault);
	mok_journal_close(mok->journal);
	mok_http_free(mok->http);
	mok_kubernetes_free(mok->kubernetes);
	if (mok->lock)
		env->files.unlock(env->files.self, mok->lock);
	mok_loop_free(mok->loop);
	mok_arena_free(mok->arena);
}

static enum sim_outcome outcome_of(int rc, const struct mok_err *err)
{
	if (rc == 0)
		return SIM_DONE;
	if (err->code == MOK_ERR_INTERRUPTED)
		return SIM_STOPPED;
	return err->code == MOK_ERR_REFUSED ? SIM_REFUSED : SIM_FAILED;
}

static void check_end(struct sim_world *w, bool dead)
{
	int64_t late = fake_env_mono_ms(w->fake) - w->interrupted_ms;

	if (w->runaway)
		sim_wrong(w, "a run does not end");
	else if (!dead && w->interrupted_ms >= 0 && late > 1000)
		sim_wrong(w, "it went on for %lld ms after a signal", (long long)late);
}

enum sim_outcome sim_run(struct sim_world *w, const char *yaml, struct sim_run *run)
{
	struct mok mok = { .w = w, .run = run, .yaml = yaml };
	enum sim_outcome outcome;
	int rc;

	memset(&run->err, 0, sizeof(run->err));
	run->changes = run->waits = false;
	run->first_change[0] = '\0';
	w->requests = w->writes = w->refusals = 0;
	w->step_limit = fake_env_steps(w->fake) + STEP_LIMIT;
	mok.arena = mok_arena_new();
	rc = work(&mok);
	outcome = outcome_of(rc, &run->err);
	check_end(w, fake_env_is_dead(w->fake));
	if (rc != 0)
		tell_err(w, &run->err);
	close_all(&mok);
	w->interrupted_ms = -1;
	w->interrupt_at = 0;
	if (fake_env_is_dead(w->fake))
		sim_trace(w, "killed at step %llu", (unsigned long long)fake_env_steps(w->fake));
	fake_env_revive(w->fake);
	sim_trace(w, "%s: %s%s%s (%llu requests, %llu writes)",
		run->plan_only         ? "plan"
			: run->destroy ? "destroy"
				       : "apply",
		sim_outcome_name(outcome), rc ? ": " : "", rc ? run->err.msg : "",
		(unsigned long long)w->requests, (unsigned long long)w->writes);
	return outcome;
}
