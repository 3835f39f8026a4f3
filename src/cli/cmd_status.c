#include "show.h"
#include "status_read.h"
#include "vault.h"

/* What is, rather than what would change: nothing is asked of the clusters but reading. */
static int status(struct session *s)
{
	const struct mok_diff_options options = { .destroy = false };
	struct mok_diags ignored = { .arena = s->arena };
	struct mok_status_view view;
	struct mok_err err = { 0 };
	struct mok_buf out;
	int rc;

	if ((rc = session_load(s)) != CLI_DONE || (rc = session_connect(s)) != CLI_DONE ||
		(rc = session_sweep(s, false)) != CLI_DONE)
		return rc;
	/* Names are hashed from values: without an escrow, from those that the instance has. */
	if (!vault_is_open(s->vault) && vault_reconcile(s, &err) != 0)
		return cli_fail(s->cli, &err, &s->stack->sources);
	/* What would be refused is plan's to say. */
	if (mok_diff(s->arena, s->stack, &s->live, &options, &ignored, &s->changes) != 0 &&
		s->changes.list.len == 0) {
		s->diags = ignored;
		return session_give_up(s);
	}
	if (status_read(s, &view, &err) != 0)
		return cli_fail(s->cli, &err, &s->stack->sources);
	session_print_diags(s);
	if (cli_is_json(s->cli)) {
		cli_out_json(s->cli, mok_report_status_json(&view));
	} else {
		mok_buf_init(&out, SHOW_MAX);
		mok_report_status(&out, &s->cli->out, &view);
		cli_out(s->cli, &out);
		mok_buf_release(&out);
	}
	return mok_status_is_well(&view) ? CLI_DONE : CLI_CHANGES;
}

int cli_run_status(struct cli *cli)
{
	struct session s;
	int rc = session_begin(&s, cli);

	if (rc == CLI_DONE)
		rc = status(&s);
	session_end(&s);
	return rc;
}
