#include "guard.h"
#include "local_instance.h"
#include "name_servers.h"
#include "show.h"
#include "vault.h"
#include "watch.h"

#include <stdlib.h>
#include <string.h>

/* ---- consent ---- */

static bool holds_data(const struct session *s)
{
	for (size_t i = 0; i < s->changes.list.len; i++) {
		const struct mok_change *c = &s->changes.list.items[i];

		if (c->action == MOK_ACT_DELETE && c->kind->flags & MOK_K_HOLDS_DATA)
			return true;
	}
	return false;
}

static int consent_to_apply(struct session *s)
{
	return consent(s, "Apply this plan? Only \"yes\" goes on:",
		"look at the plan, then: mok apply --yes");
}

static int consent_to_destroy(struct session *s)
{
	const struct cli_options *o = &s->cli->opt;
	const char *name = s->stack->name;

	if (o->confirm && strcmp(o->confirm, name) != 0)
		return no_consent(s,
			mok_arena_printf(
				s->arena, "--confirm %s is not the stack's name", o->confirm),
			mok_arena_printf(s->arena, "the stack is called %s", name));
	if (o->confirm || (o->yes && (s->live.is_sandbox || !holds_data(s))))
		return CLI_DONE;
	if (!s->cli->in_is_terminal)
		return no_consent(s, "there is no terminal to ask on, and data would be destroyed",
			mok_arena_printf(
				s->arena, "if it is meant: mok destroy --confirm %s", name));
	return consent_typed(s,
		mok_arena_printf(
			s->arena, "This destroys the stack. To go on, type its name (%s):", name),
		name);
}

/* ---- the run ---- */

static const char *again(const struct session *s)
{
	struct mok_buf text;
	const char *line;

	mok_buf_init(&text, 4096);
	mok_buf_puts(&text, "mok");
	if (s->cli->opt.sandbox)
		mok_buf_puts(&text, " --sandbox");
	for (size_t i = 0; i < s->cli->opt.files.list.len; i++)
		mok_buf_printf(&text, " -f %s", s->cli->opt.files.list.items[i]);
	mok_buf_printf(
		&text, " %s   (nothing is lost: it goes on from here)", s->cli->command->name);
	line = mok_arena_strdup(s->arena, text.data);
	mok_buf_release(&text);
	return line;
}

static void show_result(struct session *s, const struct mok_result_view *view)
{
	struct mok_buf buf;

	mok_buf_init(&buf, SHOW_MAX);
	mok_report_failures(&buf, &s->cli->err, view);
	cli_err(s->cli, &buf);
	if (cli_is_json(s->cli)) {
		cli_out_json(s->cli, mok_report_result_json(view));
	} else {
		mok_report_result(&buf, &s->cli->out, view);
		cli_out(s->cli, &buf);
	}
	mok_buf_release(&buf);
}

/* Then what an earlier run wrote is still not what was wanted. */
static bool waited_in_vain(const struct mok_apply_result *result)
{
	for (size_t i = 0; i < result->failures.len; i++)
		if (result->failures.items[i].action == MOK_ACT_WAIT)
			return true;
	return false;
}

static int exit_of_run(const struct mok_apply_result *result, int rc, const struct mok_err *err)
{
	if (rc == 0)
		return CLI_DONE;
	if (err->code == MOK_ERR_INTERRUPTED || err->code == MOK_ERR_REFUSED)
		return cli_exit_of(err);
	return result->changed || waited_in_vain(result) ? CLI_PARTLY : cli_exit_of(err);
}

static int run(struct session *s)
{
	struct mok_apply_result result;
	struct mok_apply_input in;
	struct mok_err err = { 0 };
	struct watch *watch;
	int rc = session_open_journal(s);

	if (rc != CLI_DONE)
		return rc;
	if (vault_generate(s, &err) != 0 || vault_prove(s->vault, &s->changes, &err) != 0)
		return cli_fail(s->cli, &err, &s->stack->sources);
	watch = watch_new(s);
	if (!watch)
		return CLI_ERROR;
	in = session_input(s, watch_events(watch));
	rc = mok_apply(&in, s->arena, &result, &err);
	watch_end(watch);
	if (rc != 0 && err.code != MOK_ERR_INTERRUPTED)
		hint_at_name_servers(s, &result);
	show_result(s,
		&(struct mok_result_view){ .command = s->cli->command->name,
			.again = again(s),
			.stack = s->stack,
			.changes = &s->changes,
			.result = &result,
			.diags = &s->diags,
			.err = rc == 0 ? NULL : &err,
			.stats = mok_http_stats(s->http) });
	return exit_of_run(&result, rc, &err);
}

static int refused(struct session *s)
{
	struct mok_err err = { 0 };

	mok_err_set(&err, MOK_ERR_REFUSED, "%zu change%s refused by a protection: nothing was sent",
		s->changes.nrefused, s->changes.nrefused == 1 ? " is" : "s are");
	mok_err_hint(&err, "apply `protect: false` first if it is meant");
	return cli_fail(s->cli, &err, NULL);
}

/* Nothing to ask or show an engine for, but the document that was promised. */
static int nothing_to_do(struct session *s)
{
	struct mok_apply_result result = { 0 };

	for (size_t i = 0; i < s->changes.outputs.len; i++)
		mok_vec_push(s->arena, &result.outputs, s->changes.outputs.items[i]);
	show_result(s,
		&(struct mok_result_view){ .command = s->cli->command->name,
			.stack = s->stack,
			.changes = &s->changes,
			.result = &result,
			.diags = &s->diags,
			.stats = mok_http_stats(s->http) });
	return CLI_DONE;
}

static int prepare(struct session *s, bool destroy)
{
	struct mok_diff_options options = session_diff_options(s, destroy);
	int rc;

	s->destroys = destroy;
	if ((rc = session_load(s)) != CLI_DONE || (rc = session_connect(s)) != CLI_DONE ||
		(rc = session_lock(s)) != CLI_DONE ||
		(rc = session_sweep(s, destroy)) != CLI_DONE ||
		(rc = session_diff(s, &options)) != CLI_DONE || destroy)
		return rc;
	if (guard_frozen(s) != CLI_DONE || guard_copies(s) != CLI_DONE) {
		session_give_up(s);
		return CLI_REFUSED;
	}
	return guard_version(s);
}

static bool is_idle(const struct session *s)
{
	return !mok_changes_any(&s->changes) && s->changes.nmoved == 0 && s->changes.nwait == 0;
}

/* Waiting alone is nothing to agree to. */
static bool is_to_be_asked(const struct session *s)
{
	return mok_changes_any(&s->changes) || s->changes.nmoved;
}

static int apply_changes(struct session *s, int (*agree)(struct session *s))
{
	struct mok_err err = { 0 };
	int rc;

	if (!cli_is_json(s->cli))
		show_plan(s);
	else
		session_print_diags(s);
	if (s->changes.nrefused)
		return refused(s);
	if (is_idle(s) && vault_generate(s, &err) != 0)
		return cli_fail(s->cli, &err, &s->stack->sources);
	if (is_idle(s))
		return cli_is_json(s->cli) ? nothing_to_do(s) : CLI_DONE;
	rc = agree && is_to_be_asked(s) ? agree(s) : CLI_DONE;
	return rc == CLI_DONE ? run(s) : rc;
}

/* ---- saved plans ---- */

static void take_list(
	struct cli *cli, const cJSON *command, const char *name, struct cli_texts *texts)
{
	const cJSON *item;

	texts->list.len = texts->list.cap = 0;
	cJSON_ArrayForEach(item, mok_json_at(command, name))
	{
		if (cJSON_IsString(item))
			mok_vec_push(cli->arena, &texts->list,
				mok_arena_strdup(cli->arena, item->valuestring));
	}
}

static cJSON *read_saved(struct session *s, const char *path, struct mok_err *err)
{
	struct mok_buf text;
	cJSON *saved = NULL;

	mok_buf_init(&text, SHOW_MAX);
	if (s->env.files.read(s->env.files.self, path, &text, err) == 0) {
		saved = mok_saved_plan_read(text.data, text.len, err);
		if (!saved)
			mok_err_wrap(err, "%s", path);
	}
	mok_buf_release(&text);
	return saved;
}

static int apply_saved(struct session *s, const char *path)
{
	struct cli_options *o = &s->cli->opt;
	struct mok_err err = { 0 };
	cJSON *saved MOK_CLEANUP(mok_json_cleanup) = read_saved(s, path, &err);
	const cJSON *command;
	int rc;

	if (!saved)
		return cli_fail(s->cli, &err, NULL);
	command = mok_json_at(saved, "command");
	if (!o->files.list.len)
		take_list(s->cli, command, "files", &o->files);
	take_list(s->cli, command, "targets", &o->targets);
	take_list(s->cli, command, "excludes", &o->excludes);
	take_list(s->cli, command, "replaces", &o->replaces);
	o->force_conflicts = mok_json_bool(command, "force_conflicts", false);
	rc = prepare(s, mok_json_bool(command, "destroy", false));
	if (rc != CLI_DONE)
		return rc;
	if (mok_saved_plan_check(saved, s->stack, &s->live, &s->changes, &err) != 0)
		return cli_fail(s->cli, &err, &s->stack->sources);
	return apply_changes(s, NULL);
}

int cli_run_apply(struct cli *cli)
{
	struct session s;
	int rc = session_begin(&s, cli);

	if (rc == CLI_DONE && cli->args.list.len)
		rc = apply_saved(&s, cli->args.list.items[0]);
	else if (rc == CLI_DONE && (rc = prepare(&s, false)) == CLI_DONE)
		rc = apply_changes(&s, consent_to_apply);
	if ((rc == CLI_DONE || rc == CLI_PARTLY) && local_instance_answer(&s) != CLI_DONE)
		rc = CLI_PARTLY;
	session_end(&s);
	return rc;
}

int cli_run_destroy(struct cli *cli)
{
	struct session s;
	int rc = session_begin(&s, cli);

	if (rc == CLI_DONE && (rc = prepare(&s, true)) == CLI_DONE)
		rc = apply_changes(&s, consent_to_destroy);
	if (rc == CLI_DONE)
		rc = local_instance_leave(&s);
	session_end(&s);
	return rc;
}
