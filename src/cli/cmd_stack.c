#include "show.h"

#include <string.h>

/* ---- output ---- */

static int one_output(struct session *s, const char *name)
{
	const char **names = MOK_NEW_N(s->arena, const char *, s->changes.outputs.len + 1);
	const struct mok_output_value *found = NULL;
	const struct mok_val *unknown;
	struct mok_err err = { 0 };
	struct mok_buf out;

	for (size_t i = 0; i < s->changes.outputs.len; i++) {
		names[i] = s->changes.outputs.items[i].output->name;
		if (strcmp(names[i], name) == 0)
			found = &s->changes.outputs.items[i];
	}
	if (!found) {
		const char *near = mok_nearest(name, names, s->changes.outputs.len);

		mok_err_set(&err, MOK_ERR_INPUT, "there is no output \"%s\"", name);
		if (near)
			mok_err_hint(&err, "did you mean \"%s\"?", near);
		return cli_fail(s->cli, &err, NULL);
	}
	unknown = mok_val_first_unknown(&found->value);
	if (unknown) {
		mok_err_set(&err, MOK_ERR_INPUT,
			"the output \"%s\" is not known now, since %s is not", name, unknown->u.s);
		mok_err_hint(&err,
			"mok apply makes what is not there; what was shown once is known to "
			"whoever opens the escrow (--identity FILE)");
		return cli_fail(s->cli, &err, NULL);
	}
	if (s->cli->opt.json || cli_is_json(s->cli)) {
		cli_out_json(s->cli, mok_val_to_json(&found->value));
		return CLI_DONE;
	}
	mok_buf_init(&out, SHOW_MAX);
	mok_report_output_raw(&out, &found->value);
	mok_buf_putc(&out, '\n');
	cli_out(s->cli, &out);
	mok_buf_release(&out);
	return CLI_DONE;
}

static int output(struct session *s)
{
	struct mok_diff_options options = session_diff_options(s, false);
	struct mok_buf out;
	int rc;

	if ((rc = session_load(s)) != CLI_DONE || (rc = session_connect(s)) != CLI_DONE ||
		(rc = session_sweep(s, true)) != CLI_DONE ||
		(rc = session_diff(s, &options)) != CLI_DONE)
		return rc;
	if (s->cli->args.list.len)
		return one_output(s, s->cli->args.list.items[0]);
	if (s->cli->opt.json || cli_is_json(s->cli)) {
		cli_out_json(s->cli,
			mok_report_outputs_json(s->changes.outputs.items, s->changes.outputs.len,
				s->cli->opt.json));
		return CLI_DONE;
	}
	mok_buf_init(&out, SHOW_MAX);
	mok_report_outputs(&out, &s->cli->out, s->changes.outputs.items, s->changes.outputs.len);
	cli_out(s->cli, &out);
	mok_buf_release(&out);
	return CLI_DONE;
}

int cli_run_output(struct cli *cli)
{
	struct session s;
	int rc = session_begin(&s, cli);

	if (rc == CLI_DONE)
		rc = output(&s);
	session_end(&s);
	return rc;
}

/* ---- graph ---- */

int cli_run_graph(struct cli *cli)
{
	struct session s;
	struct mok_buf out;
	int rc = session_begin(&s, cli);

	if (rc == CLI_DONE)
		rc = session_load(&s);
	if (rc == CLI_DONE && cli_is_json(cli)) {
		cli_out_json(cli, mok_report_graph_json(s.stack));
	} else if (rc == CLI_DONE) {
		mok_buf_init(&out, SHOW_MAX);
		if (mok_streq(cli->opt.format, "mermaid"))
			mok_report_graph_mermaid(&out, s.stack);
		else
			mok_report_graph_dot(&out, s.stack);
		cli_out(cli, &out);
		mok_buf_release(&out);
	}
	session_end(&s);
	return rc;
}

/* ---- log ---- */

struct log_view {
	struct cli *cli;
	struct mok_buf text;
	cJSON *list;
};

static void log_entry(void *self, const struct mok_journal_entry *e)
{
	struct log_view *view = self;

	if (view->list)
		cJSON_AddItemToArray(view->list, mok_report_log_json(e));
	else
		mok_report_log_line(&view->text, &view->cli->out, e);
}

static int show_log(struct session *s)
{
	struct log_view view = { .cli = s->cli };
	const struct mok_journal_visitor visitor = { .self = &view, .entry = log_entry };
	cJSON *json = NULL;
	struct mok_err err = { 0 };
	int rc;

	if (cli_is_json(s->cli)) {
		json = cJSON_CreateObject();
		cJSON_AddNumberToObject(json, "format_version", 1);
		view.list = cJSON_AddArrayToObject(json, "entries");
	}
	mok_buf_init(&view.text, SHOW_MAX);
	rc = mok_journal_read(&s->env, s->arena, SESSION_DIR, s->stack->name, &visitor, &err);
	if (rc == 0 && json)
		cli_out_json(s->cli, json);
	else if (rc == 0)
		cli_out(s->cli, &view.text);
	else
		cJSON_Delete(json);
	mok_buf_release(&view.text);
	return rc == 0 ? CLI_DONE : cli_fail(s->cli, &err, NULL);
}

int cli_run_log(struct cli *cli)
{
	struct session s;
	int rc = session_begin(&s, cli);

	if (rc == CLI_DONE && (rc = session_load(&s)) == CLI_DONE)
		rc = show_log(&s);
	session_end(&s);
	return rc;
}
