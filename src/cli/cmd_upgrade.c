#include "guard.h"
#include "local_instance.h"
#include "plan_scalar.h"
#include "show.h"
#include "upgrade.h"
#include "vault.h"
#include "watch.h"

#include <string.h>

/* ---- telling and asking ---- */

void upgrade_say(struct upgrade *u, const char *fmt, ...)
{
	struct cli *cli = u->s->cli;
	struct mok_buf buf;
	const char *text;
	va_list ap;

	if (cli->opt.quiet)
		return;
	va_start(ap, fmt);
	text = mok_arena_vprintf(u->s->arena, fmt, ap);
	va_end(ap);
	mok_buf_init(&buf, 8192);
	mok_text_wrap(&buf, &cli->err, text, 2, true);
	if (u->watch)
		watch_say(u->watch, &buf);
	else
		cli_err(cli, &buf);
	mok_buf_release(&buf);
}

static int fail(struct upgrade *u)
{
	session_print_diags(u->s);
	return cli_fail(u->s->cli, &u->err, &u->s->stack->sources);
}

static int ask(struct upgrade *u, const char *question, const char *declined)
{
	struct session *s = u->s;

	if (s->cli->opt.yes)
		return CLI_DONE;
	if (!s->cli->in_is_terminal) {
		mok_err_set(&u->err, MOK_ERR_INPUT, "there is no terminal to ask on");
		mok_err_hint(&u->err, "look at the steps, then: mok upgrade --yes");
	} else if (cli_ask(s->cli, &s->env, question, "yes")) {
		return CLI_DONE;
	} else if (s->env.interrupted(s->env.interrupted_self)) {
		mok_err_set(&u->err, MOK_ERR_INTERRUPTED, "interrupted");
		return CLI_INTERRUPTED;
	} else {
		mok_err_set(&u->err, MOK_ERR_INPUT, "%s", declined);
	}
	cli_fail(s->cli, &u->err, NULL);
	return u->changed ? CLI_PARTLY : CLI_ERROR;
}

int upgrade_consent_to_migrate(struct upgrade *u)
{
	char time[21];

	mok_format_time(u->s->env.clock.wall_ms(u->s->env.clock.self), time);
	upgrade_say(u,
		"No pod of %s is left. The migrations that follow cannot be undone: from here "
		"on, going back means restoring the database as of %s.",
		u->from, time);
	return ask(u, "Go on past the point of no return? Only \"yes\" goes on:",
		"stopped before the point of no return: everything runs, mok upgrade goes on "
		"from here, mok upgrade --rollback goes back");
}

static void show_plan_of(struct upgrade *u)
{
	struct mok_buf out;

	if (cli_is_json(u->s->cli))
		return;
	mok_buf_init(&out, SHOW_MAX);
	mok_report_upgrade_plan(&out, &u->s->cli->out, &u->view);
	cli_out(u->s->cli, &out);
	mok_buf_release(&out);
}

static void show_end(struct upgrade *u, int rc)
{
	struct mok_buf out;

	if (rc != CLI_DONE && u->err.code == MOK_ERR_NONE)
		mok_err_set(&u->err, MOK_ERR_API, "a step did not succeed");
	u->view.err = rc == CLI_DONE ? NULL : &u->err;
	u->view.again = u->back ? "mok upgrade --rollback   (nothing is lost: it goes on from here)"
				: "mok upgrade   (nothing is lost: it goes on from here); before "
				  "migrate-post also mok upgrade --rollback";
	if (cli_is_json(u->s->cli)) {
		cli_out_json(u->s->cli, mok_report_upgrade_json(&u->view));
		return;
	}
	mok_buf_init(&out, SHOW_MAX);
	mok_report_upgrade(&out, &u->s->cli->out, &u->view);
	cli_out(u->s->cli, &out);
	mok_buf_release(&out);
}

/* ---- the plan's version ---- */

static const struct mok_val *version_scalar(const struct upgrade *u)
{
	return u->s->stack->expanded_as ? mok_val_get(u->s->stack->expanded_as, "version") : NULL;
}

/* The plan says u->written from now on, unless what it says stands for that. */
int upgrade_write_version(struct upgrade *u)
{
	const struct mok_val *scalar = version_scalar(u);
	const char *version = u->written;
	const char *written = mok_mastodon_written(u->s->arena, u->s->stack);

	if (mok_streq(written, version))
		return CLI_DONE;
	if (!scalar || scalar->type != MOK_STR || !mok_streq(scalar->u.s, written)) {
		mok_err_set(&u->err, MOK_ERR_INPUT,
			"the plan's version is an expression, which is not rewritten");
		if (scalar)
			u->err.where = scalar->at;
		mok_err_hint(&u->err, "give it the value %s, then: mok upgrade", version);
		return fail(u);
	}
	if (plan_scalar_set(u->s, &scalar->at, written, version, &u->err) != 0)
		return fail(u);
	upgrade_say(u, "%s says version %s now.", scalar->at.file, version);
	return CLI_DONE;
}

/* ---- one run ---- */

static int begin(struct upgrade *u)
{
	struct session *s = u->s;
	int rc;

	if ((rc = session_open_journal(s)) != CLI_DONE)
		return rc;
	if (vault_generate(s, &u->err) != 0)
		return fail(u);
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
	show_plan_of(u);
	rc = ask(u, u->back ? "Roll back? Only \"yes\" goes on:" : "Upgrade? Only \"yes\" goes on:",
		"not confirmed: nothing was changed");
	if (rc != CLI_DONE || (rc = begin(u)) != CLI_DONE)
		return rc;
	u->changed = !u->back && upgrade_job(u, "migrate-pre", u->to) != NULL;
	start_ms = s->env.clock.mono_ms(s->env.clock.self);
	rc = upgrade_run_steps(u);
	u->view.elapsed_ms = s->env.clock.mono_ms(s->env.clock.self) - start_ms;
	show_end(u, rc);
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
	return fail(u);
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
		return fail(u);
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
		return fail(u);
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
