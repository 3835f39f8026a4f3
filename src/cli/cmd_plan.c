#include "guard.h"
#include "show.h"
#include "vault.h"

#include <string.h>

/* ---- validate ---- */

static int validate(struct session *s)
{
	struct mok_diff_options options = session_diff_options(s, false);
	struct mok_buf out;
	int rc = session_load(s);

	if (rc != CLI_DONE)
		return rc;
	options.offline = true;
	if (mok_diff(s->arena, s->stack, NULL, &options, &s->diags, &s->changes) != 0 ||
		s->diags.nerrors) {
		session_print_diags(s);
		session_diags_document(s);
		return CLI_ERROR;
	}
	session_print_diags(s);
	if (cli_is_json(s->cli)) {
		session_diags_document(s);
		return CLI_DONE;
	}
	mok_buf_init(&out, 8192);
	mok_buf_printf(&out, "Stack %s is valid: %zu resource%s, %zu output%s.\n", s->stack->name,
		s->stack->resources.len, s->stack->resources.len == 1 ? "" : "s",
		s->stack->outputs.len, s->stack->outputs.len == 1 ? "" : "s");
	cli_out(s->cli, &out);
	mok_buf_release(&out);
	return CLI_DONE;
}

int cli_run_validate(struct cli *cli)
{
	struct session s;
	int rc = session_begin(&s, cli);

	if (rc == CLI_DONE)
		rc = validate(&s);
	session_end(&s);
	return rc;
}

/* ---- plan ---- */

void show_plan(struct session *s)
{
	struct mok_plan_view view = { .stack = s->stack,
		.live = &s->live,
		.changes = &s->changes,
		.diags = &s->diags,
		.verbose = s->cli->opt.verbose };
	struct mok_buf out;

	session_print_diags(s);
	mok_buf_init(&out, SHOW_MAX);
	mok_report_plan(&out, &s->cli->out, &view);
	cli_out(s->cli, &out);
	mok_buf_release(&out);
}

static void show_plan_json(struct session *s)
{
	struct mok_plan_view view = { .stack = s->stack,
		.live = &s->live,
		.changes = &s->changes,
		.diags = &s->diags,
		.verbose = s->cli->opt.verbose };

	session_print_diags(s);
	cli_out_json(s->cli, mok_report_plan_json(&view));
}

static void add_list(cJSON *json, const char *name, const struct cli_texts *texts)
{
	cJSON *list = cJSON_AddArrayToObject(json, name);

	for (size_t i = 0; i < texts->list.len; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(texts->list.items[i]));
}

/* What it takes to compute the plan again. Variables are not in it: the configuration's hash shows
 * when one is another. */
static int save_plan(struct session *s, bool destroy)
{
	const struct cli_options *o = &s->cli->opt;
	struct mok_err err = { 0 };
	struct mok_buf text;
	cJSON *command = cJSON_CreateObject();
	int rc;

	cJSON_AddBoolToObject(command, "destroy", destroy);
	cJSON_AddBoolToObject(command, "force_conflicts", o->force_conflicts);
	add_list(command, "files", &o->files);
	add_list(command, "targets", &o->targets);
	add_list(command, "excludes", &o->excludes);
	add_list(command, "replaces", &o->replaces);
	mok_buf_init(&text, SHOW_MAX);
	rc = mok_saved_plan_write(s->stack, &s->live, &s->changes, command, &text, &err);
	if (rc == 0)
		rc = s->env.files.write(s->env.files.self, o->out, text.data, text.len, 0600, &err);
	mok_buf_release(&text);
	cJSON_Delete(command);
	return rc == 0 ? CLI_DONE : cli_fail(s->cli, &err, NULL);
}

/* What apply would refuse. Whoever cannot open the escrow cannot tell. */
static int check_secrets(struct session *s)
{
	struct mok_err err = { 0 };

	if ((s->vault && !vault_is_open(s->vault)) || !mok_changes_any(&s->changes) ||
		vault_can_generate(s, &err) == 0)
		return CLI_DONE;
	session_print_diags(s);
	return cli_fail(s->cli, &err, &s->stack->sources);
}

static int plan(struct session *s)
{
	bool destroy = s->cli->opt.destroy;
	struct mok_diff_options options = session_diff_options(s, destroy);
	int rc;

	s->destroys = destroy;
	if ((rc = session_load(s)) != CLI_DONE || (rc = session_connect(s)) != CLI_DONE ||
		(rc = session_sweep(s, destroy)) != CLI_DONE ||
		(rc = session_diff(s, &options)) != CLI_DONE)
		return rc;
	if (!destroy && (rc = check_secrets(s)) != CLI_DONE)
		return rc;
	if (!destroy) {
		guard_version_warn(s);
		rc = guard_frozen(s);
		if (guard_copies(s) != CLI_DONE)
			rc = CLI_REFUSED;
	}
	if (cli_is_json(s->cli))
		show_plan_json(s);
	else
		show_plan(s);
	if (s->changes.nrefused || rc != CLI_DONE)
		return CLI_REFUSED;
	if (s->cli->opt.out && (rc = save_plan(s, destroy)) != CLI_DONE)
		return rc;
	return s->cli->opt.detailed && mok_changes_any(&s->changes) ? CLI_CHANGES : CLI_DONE;
}

int cli_run_plan(struct cli *cli)
{
	struct session s;
	int rc = session_begin(&s, cli);

	if (rc == CLI_DONE)
		rc = plan(&s);
	session_end(&s);
	return rc;
}
