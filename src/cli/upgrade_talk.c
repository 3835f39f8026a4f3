#include "show.h"
#include "upgrade.h"
#include "watch.h"

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

int upgrade_fail_in_plan(struct upgrade *u)
{
	session_print_diags(u->s);
	return cli_fail(u->s->cli, &u->err, &u->s->stack->sources);
}

int upgrade_ask(struct upgrade *u, const char *question, const char *declined)
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
	return upgrade_ask(u, "Go on past the point of no return? Only \"yes\" goes on:",
		"stopped before the point of no return: everything runs, mok upgrade goes on "
		"from here, mok upgrade --rollback goes back");
}

void upgrade_show_plan(struct upgrade *u)
{
	struct mok_buf out;

	if (cli_is_json(u->s->cli))
		return;
	mok_buf_init(&out, SHOW_MAX);
	mok_report_upgrade_plan(&out, &u->s->cli->out, &u->view);
	cli_out(u->s->cli, &out);
	mok_buf_release(&out);
}

void upgrade_show_end(struct upgrade *u, int rc)
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
