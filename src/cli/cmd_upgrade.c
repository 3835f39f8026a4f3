#include "local_instance.h"
#include "upgrade.h"
#include "vault.h"

#include <string.h>

/* ---- one run ---- */

static int begin(struct upgrade *u)
{
	struct session *s = u->s;
	int rc;

	if ((rc = session_open_journal(s)) != CLI_DONE)
		return rc;
	if (vault_generate(s, &u->err) != 0)
		return upgrade_fail_in_plan(u);
	return CLI_DONE;
}

static int run(struct upgrade *u)
{
	const struct session *s = u->s;
	int64_t start_ms;
	int rc;

	u->view.stack = s->stack;
	u->view.from = u->from;
	u->view.to = u->to;
	u->view.back = u->back;
	upgrade_record_open(u);
	upgrade_plan_steps(u);
	upgrade_show_plan(u);
	rc = upgrade_ask(u,
		u->back ? "Roll back? Only \"yes\" goes on:" : "Upgrade? Only \"yes\" goes on:",
		"not confirmed: nothing was changed");
	if (rc != CLI_DONE || (rc = begin(u)) != CLI_DONE)
		return rc;
	u->changed = !u->back && upgrade_job(u, "migrate-pre", u->to) != NULL;
	start_ms = s->env.clock.mono_ms(s->env.clock.self);
	rc = upgrade_run_steps(u);
	u->view.elapsed_ms = s->env.clock.mono_ms(s->env.clock.self) - start_ms;
	upgrade_show_end(u, rc);
	return rc;
}

static int nothing_to_do(struct upgrade *u, const char *why)
{
	u->view.stack = u->s->stack;
	u->view.from = u->view.to = u->highest;
	if (cli_is_json(u->s->cli))
		cli_out_json(u->s->cli, mok_report_upgrade_json(&u->view));
	else
		upgrade_say(u, "%s", why);
	return CLI_DONE;
}

static int not_running(struct upgrade *u)
{
	mok_err_set(&u->err, MOK_ERR_INPUT, "no instance of the stack runs yet");
	mok_err_hint(&u->err, "mok apply makes it, with the plan's version");
	return upgrade_fail_in_plan(u);
}

/* ---- forward ---- */

static void add_notes(struct upgrade *u)
{
	const struct mok_release *release = mok_mastodon_release(u->to);
	const char *last = upgrade_record_last(u);

	if (last)
		mok_vec_push(u->s->arena, &u->view.notes, last);
	if (release && release->notes && mok_mastodon_release(u->from) != release)
		mok_vec_push(u->s->arena, &u->view.notes,
			mok_arena_printf(u->s->arena, "%s: %s.", release->minor, release->notes));
}

/* Where an upgrade that was begun came from: the pods may all be new by now. */
static const char *origin(const struct upgrade *u)
{
	const char *from = upgrade_from_of(upgrade_job(u, "migrate-pre", u->to));

	return from ? from : u->lowest;
}

static bool is_over(const struct upgrade *u)
{
	return mok_streq(u->lowest, u->to) && mok_streq(u->highest, u->to) &&
		!upgrade_job(u, "migrate-pre", u->to);
}

static int forward(struct upgrade *u, const char *version)
{
	int rc;

	if ((rc = upgrade_look(u, UPGRADE_ALL)) != CLI_DONE)
		return rc;
	if (!u->highest)
		return not_running(u);
	u->to = u->instance.wanted;
	u->from = origin(u);
	if (is_over(u) && !version)
		return nothing_to_do(u,
			mok_arena_printf(
				u->s->arena, "Mastodon %s runs already: nothing to do.", u->to));
	if (upgrade_check(u) != 0)
		return upgrade_fail_in_plan(u);
	if (is_over(u)) {
		u->written = version;
		rc = upgrade_write_version(u);
		return rc == CLI_DONE ? nothing_to_do(u, "That version runs already.") : rc;
	}
	add_notes(u);
	u->written = version ? version : mok_mastodon_written(u->s->arena, u->s->stack);
	return run(u);
}

/* ---- back ---- */

/* The version that the newest one came from: of pods that are still old, or of its Job. */
static const char *old_version(const struct upgrade *u)
{
	if (!mok_streq(u->lowest, u->highest))
		return u->lowest;
	return upgrade_from_of(upgrade_job(u, "migrate-pre", u->highest));
}

static int back(struct upgrade *u)
{
	struct session *s = u->s;
	int rc;

	if ((rc = upgrade_look(u, 0)) != CLI_DONE)
		return rc;
	if (!u->highest)
		return not_running(u);
	u->from = u->highest;
	u->to = old_version(u);
	if (!u->to && !upgrade_job(u, "migrate-post", u->from))
		return nothing_to_do(u, "No upgrade is under way: nothing to roll back.");
	if (upgrade_check_back(u) != 0)
		return upgrade_fail_in_plan(u);
	s->version = u->to;
	if ((rc = session_load(s)) != CLI_DONE || (rc = upgrade_look(u, UPGRADE_ALL)) != CLI_DONE)
		return rc;
	u->written = mok_mastodon_written(s->arena, s->stack);
	if (!mok_mastodon_stands_for(u->written, u->to))
		u->written = u->to;
	return run(u);
}

/* ---- the command ---- */

static bool is_check(const char *name)
{
	for (size_t i = 0; upgrade_check_at(i); i++)
		if (strcmp(upgrade_check_at(i), name) == 0)
			return true;
	return false;
}

static bool knows_checks(struct cli *cli)
{
	const struct cli_texts *skipped = &cli->opt.skip_checks;
	const char *names = upgrade_check_at(0);

	for (size_t i = 1; upgrade_check_at(i); i++)
		names = mok_arena_printf(cli->arena, "%s, %s", names, upgrade_check_at(i));
	for (size_t i = 0; i < skipped->list.len; i++) {
		if (is_check(skipped->list.items[i]))
			continue;
		cli_usage_error(cli, mok_arena_printf(cli->arena, "one of %s", names),
			"--skip-check: there is no check \"%s\"", skipped->list.items[i]);
		return false;
	}
	return true;
}

static int upgrade(struct session *s)
{
	struct upgrade u = { .s = s, .back = s->cli->opt.rollback };
	const char *version = s->cli->args.list.len ? s->cli->args.list.items[0] : NULL;
	int rc;

	s->moves_version = true;
	if (!knows_checks(s->cli))
		return CLI_ERROR;
	if (version && !mok_mastodon_release(version)) {
		mok_err_set(&u.err, MOK_ERR_REFUSED, "this mok does not know Mastodon %s", version);
		mok_err_hint(&u.err, "write a version such as 4.7.6");
		return cli_fail(s->cli, &u.err, NULL);
	}
	s->version = version ? mok_mastodon_resolve(version) : NULL;
	if ((rc = session_load(s)) != CLI_DONE || (rc = session_connect(s)) != CLI_DONE ||
		(rc = session_lock(s)) != CLI_DONE)
		return rc;
	return u.back ? back(&u) : forward(&u, version);
}

int cli_run_upgrade(struct cli *cli)
{
	struct session s;
	int rc;

	if (cli->opt.rollback && cli->args.list.len) {
		cli_usage_error(cli, "it goes back to the version before",
			"--rollback takes no "
			"VERSION");
		return CLI_ERROR;
	}
	rc = session_begin(&s, cli);
	if (rc == CLI_DONE)
		rc = upgrade(&s);
	if (rc == CLI_DONE)
		rc = local_instance_answer(&s);
	session_end(&s);
	return rc;
}
