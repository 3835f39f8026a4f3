#include "adopt_tfstate.h"
#include "show.h"
#include "watch.h"

#include <string.h>

static int prepare(struct session *s)
{
	int rc;

	if ((rc = session_load(s)) != CLI_DONE || (rc = session_connect(s)) != CLI_DONE)
		return rc;
	return session_lock(s);
}

/* Of s->changes, which are adoptions. */
struct adoption {
	struct mok_apply_result result;
	struct mok_err err;
	bool ran;
};

static struct mok_result_view result_of(struct session *s, const struct adoption *a)
{
	return (struct mok_result_view){ .command = s->cli->command->name,
		.stack = s->stack,
		.changes = &s->changes,
		.result = &a->result,
		.diags = &s->diags,
		.err = a->err.code == MOK_ERR_NONE ? NULL : &a->err,
		.stats = mok_http_stats(s->http) };
}

static int run(struct session *s, struct adoption *a)
{
	struct mok_result_view view;
	struct mok_apply_input in;
	struct watch *watch;
	struct mok_buf buf;
	int rc = session_open_journal(s);

	if (rc != CLI_DONE)
		return rc;
	watch = watch_new(s);
	if (!watch)
		return CLI_ERROR;
	in = session_input(s, watch_events(watch));
	a->ran = true;
	rc = mok_apply(&in, s->arena, &a->result, &a->err);
	watch_end(watch);
	if (rc == 0)
		return CLI_DONE;
	view = result_of(s, a);
	mok_buf_init(&buf, SHOW_MAX);
	mok_report_failures(&buf, &s->cli->err, &view);
	cli_err(s->cli, &buf);
	mok_buf_release(&buf);
	if (a->err.code == MOK_ERR_INTERRUPTED || !a->result.changed)
		return cli_exit_of(&a->err);
	return CLI_PARTLY;
}

/* ---- one ---- */

static int adopt_one(struct session *s)
{
	const char *address = s->cli->args.list.items[0], *id = s->cli->args.list.items[1];
	struct adoption adoption = { 0 };
	struct mok_apply_input in;
	struct mok_err err = { 0 };
	struct mok_buf out;
	int rc;

	if ((rc = prepare(s)) != CLI_DONE || (rc = session_sweep(s, true)) != CLI_DONE)
		return rc;
	in = session_input(s, NULL);
	if (mok_adopt(&in, s->arena, address, id, &s->changes, &err) != 0)
		return cli_fail(s->cli, &err, &s->stack->sources);
	if ((rc = run(s, &adoption)) != CLI_DONE)
		return rc;
	if (cli_is_json(s->cli)) {
		cJSON *json = cJSON_CreateObject();

		cJSON_AddNumberToObject(json, "format_version", 1);
		cJSON_AddStringToObject(json, "adopted", address);
		cJSON_AddStringToObject(json, "id", id);
		cli_out_json(s->cli, json);
		return CLI_DONE;
	}
	mok_buf_init(&out, 8192);
	mok_buf_puts(&out, "Adopted ");
	mok_text_add(&out, &s->cli->out, address);
	mok_buf_puts(&out, ": ");
	mok_text_add(&out, &s->cli->out, id);
	mok_buf_puts(&out, ". Next: mok plan\n");
	cli_out(s->cli, &out);
	mok_buf_release(&out);
	return CLI_DONE;
}

/* ---- all ---- */

static const char *claim_key(struct session *s, const struct mok_object *o)
{
	return mok_live_key(s->arena, o->kind->name, o->parent_id, o->id);
}

static void claim(struct session *s, struct mok_map *claims)
{
	for (size_t i = 0; i < s->changes.strangers.len; i++) {
		const struct mok_stranger *stranger = &s->changes.strangers.items[i];

		if (!stranger->obstacle)
			mok_map_put(claims, claim_key(s, stranger->object),
				(void *)(uintptr_t)stranger->resource->address);
	}
}

/* What lives in a stranger is only seen once that is taken for the stack's own: so the account is
 * read again, until it shows nothing more to claim. */
static int find_all(struct session *s, struct tfstate *tf, struct mok_map *claims)
{
	struct mok_diff_options options = session_diff_options(s, false);
	size_t before, said = s->diags.list.len;
	int rc;

	options.adopts = true;
	s->claims = claims;
	do {
		before = mok_map_len(claims);
		s->diags.list.len = said;
		s->refusals.list.len = 0;
		if ((rc = session_sweep(s, false)) != CLI_DONE ||
			(rc = session_diff(s, &options)) != CLI_DONE)
			return rc;
		if (!tf)
			claim(s, claims);
		else if ((rc = tfstate_claim(tf, claims)) != CLI_DONE)
			return rc;
	} while (mok_map_len(claims) > before);
	return CLI_DONE;
}

struct chosen {
	struct session *s;
	const struct mok_map *claims;
	struct tfstate *tf; /* NULL: the plan's names said what */
};

static bool is_chosen(void *self, const struct mok_change *c)
{
	const struct chosen *chosen = self;

	return c->resource && c->object && !c->excluded &&
		mok_map_get(chosen->claims, claim_key(chosen->s, c->object));
}

static void show(struct session *s, const struct mok_adopt_view *view)
{
	struct mok_buf buf;

	session_print_diags(s);
	mok_buf_init(&buf, SHOW_MAX);
	mok_report_adopt(&buf, &s->cli->out, view);
	cli_out(s->cli, &buf);
	mok_buf_release(&buf);
}

static const char *command_of(const struct chosen *chosen)
{
	struct session *s = chosen->s;

	if (!chosen->tf)
		return "mok adopt --all";
	return mok_arena_printf(s->arena, "mok adopt --from-tfstate %s", s->cli->opt.from_tfstate);
}

static int adopt_chosen(struct session *s, struct chosen *chosen, size_t n, struct adoption *a)
{
	int rc = consent(s,
		mok_arena_printf(s->arena,
			"Adopt %s? Only \"yes\" goes on:", n == 1 ? "it" : "all of these"),
		mok_arena_printf(
			s->arena, "look at what is shown, then: %s --yes", command_of(chosen)));

	if (rc == CLI_DONE && chosen->tf)
		rc = tfstate_keep_secrets(chosen->tf);
	if (rc != CLI_DONE)
		return rc;
	mok_changes_adopt(&s->changes, is_chosen, chosen);
	return run(s, a);
}

/* Whoever asked for all did not get all. */
static int exit_of_all(int rc, size_t nadopted, size_t nleft)
{
	if (rc != CLI_DONE || nleft == 0)
		return rc;
	return nadopted ? CLI_PARTLY : CLI_REFUSED;
}

static void show_end(const struct chosen *chosen, const struct adoption *a, int rc)
{
	struct session *s = chosen->s;
	struct mok_buf out;

	mok_buf_init(&out, 65536);
	mok_buf_printf(&out, "Adopted: %zu. Next: ", a->result.nadopted);
	mok_text_add(&out, &s->cli->out, rc == CLI_DONE ? "mok plan" : command_of(chosen));
	mok_buf_puts(&out, rc == CLI_DONE ? "\n" : "   (it goes on from here)\n");
	if (chosen->tf && a->result.nadopted)
		mok_text_wrap(&out, &s->cli->out,
			"Terraform's state still has them: before Terraform runs again, take them "
			"out of it (terraform state rm; docs/terraform.md).",
			0, false);
	cli_out(s->cli, &out);
	mok_buf_release(&out);
}

static void json_end(struct session *s, cJSON *json, const struct adoption *a)
{
	struct mok_result_view view = result_of(s, a);

	cJSON_AddItemToObject(
		json, "result", a->ran ? mok_report_result_json(&view) : cJSON_CreateNull());
	cJSON_AddItemToObject(json, "diagnostics", mok_report_diags_json(&s->diags));
	cli_out_json(s->cli, json);
}

static int adopt_found(struct session *s, struct chosen *chosen)
{
	struct adoption a = { 0 };
	bool *adopts = MOK_NEW_N(s->arena, bool, s->changes.list.len + 1);
	struct mok_adopt_view view = { s->stack, &s->changes, adopts, &s->refusals, NULL };
	size_t nleft = s->changes.strangers.len;
	cJSON *json = NULL;
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < s->changes.list.len; i++)
		n += adopts[i] = is_chosen(chosen, &s->changes.list.items[i]);
	if (chosen->tf) {
		view.tf = tfstate_of(chosen->tf);
		nleft = tfstate_settle(chosen->tf);
	}
	if (cli_is_json(s->cli))
		json = mok_report_adopt_json(&view);
	else
		show(s, &view);
	rc = n ? adopt_chosen(s, chosen, n, &a) : CLI_DONE;
	if (n && !a.ran) /* that said why */
		cJSON_Delete(json);
	else if (json)
		json_end(s, json, &a);
	else if (n)
		show_end(chosen, &a, rc);
	return exit_of_all(rc, a.result.nadopted, nleft);
}

static int adopt_all(struct session *s)
{
	const char *path = s->cli->opt.from_tfstate;
	struct mok_map *claims = mok_map_new(s->arena);
	struct chosen chosen = { s, claims, NULL };
	int rc;

	if (path && (rc = tfstate_load(s, path, &chosen.tf)) != CLI_DONE)
		return rc;
	if ((rc = prepare(s)) != CLI_DONE || (rc = find_all(s, chosen.tf, claims)) != CLI_DONE)
		return rc;
	return adopt_found(s, &chosen);
}

/* ---- the command ---- */

static int wrong_arguments(struct cli *cli)
{
	cli_usage_error(cli, "mok help adopt",
		"mok adopt takes an ADDRESS and an ID, or --all, or --from-tfstate FILE");
	return CLI_ERROR;
}

int cli_run_adopt(struct cli *cli)
{
	bool many = cli->opt.all || cli->opt.from_tfstate;
	struct session s;
	int rc;

	if (cli->args.list.len != (many ? 0 : 2) || (cli->opt.all && cli->opt.from_tfstate))
		return wrong_arguments(cli);
	rc = session_begin(&s, cli);
	if (rc == CLI_DONE)
		rc = many ? adopt_all(&s) : adopt_one(&s);
	session_end(&s);
	return rc;
}
