#include "secrets_import.h"
#include "show.h"
#include "vault.h"

#include <stdlib.h>
#include <string.h>

#define COPY_MODE 0600
#define DAY_MS ((int64_t)86400000)

struct secrets {
	struct session *s;
	struct mok_escrow *escrow;
	const char *path;
	const char *argument; /* FILE or NAME; NULL: none */
};

static int fail(const struct secrets *x, const struct mok_err *err)
{
	return cli_fail(x->s->cli, err, &x->s->stack->sources);
}

static int say(const struct secrets *x, const char *done, size_t count, const char *next)
{
	struct cli *cli = x->s->cli;
	struct mok_buf out;

	if (cli_is_json(cli)) {
		cJSON *json = cJSON_CreateObject();

		cJSON_AddNumberToObject(json, "format_version", 1);
		cJSON_AddStringToObject(json, "escrow", x->path);
		cJSON_AddStringToObject(json, "action", cli->args.list.items[0]);
		cJSON_AddNumberToObject(json, "changed", (double)count);
		cli_out_json(cli, json);
		return CLI_DONE;
	}
	mok_buf_init(&out, (size_t)1 << 20);
	mok_text_add(&out, &cli->out, done);
	mok_buf_puts(&out, next);
	mok_buf_putc(&out, '\n');
	cli_out(cli, &out);
	mok_buf_release(&out);
	return CLI_DONE;
}

/* What every action but an export to nobody needs: the names and values inside. */
static int must_be_open(const struct secrets *x, bool absent_too)
{
	struct mok_err err = { 0 };

	switch (mok_escrow_state(x->escrow)) {
	case MOK_ESCROW_SEALED:
		mok_err_set(&err, MOK_ERR_INPUT, "the escrow %s is encrypted, and no key was given",
			x->path);
		mok_err_hint(&err, "--identity FILE, MOK_AGE_IDENTITY or MOK_PASSPHRASE opens it");
		break;
	case MOK_ESCROW_ABSENT:
		if (absent_too || mok_escrow_len(x->escrow))
			return CLI_DONE;
		mok_err_set(&err, MOK_ERR_INPUT, "there is no escrow file %s yet", x->path);
		mok_err_hint(&err, "mok secrets generate or mok secrets import FILE makes it");
		break;
	case MOK_ESCROW_OPEN: return CLI_DONE;
	}
	return fail(x, &err);
}

static int confirm(const struct secrets *x, const char *question)
{
	struct session *s = x->s;
	struct mok_err err = { 0 };

	if (s->cli->opt.yes)
		return CLI_DONE;
	if (!s->cli->in_is_terminal) {
		mok_err_set(&err, MOK_ERR_INPUT, "there is no terminal to ask on");
		mok_err_hint(&err, "if it is meant, add --yes");
		return fail(x, &err);
	}
	if (cli_ask(s->cli, &s->env, question, "yes"))
		return CLI_DONE;
	if (s->env.interrupted(s->env.interrupted_self))
		return CLI_INTERRUPTED;
	mok_err_set(&err, MOK_ERR_INPUT, "not confirmed: nothing was done");
	return fail(x, &err);
}

/* ---- list ---- */

static cJSON *entry_json(const struct mok_escrow_entry *e)
{
	cJSON *json = cJSON_CreateObject();
	char since[21];

	mok_format_time(e->since_ms, since);
	cJSON_AddStringToObject(json, "name", e->name);
	cJSON_AddStringToObject(json, "kind", e->kind);
	if (e->id)
		cJSON_AddStringToObject(json, "id", e->id);
	cJSON_AddStringToObject(json, "since", since);
	cJSON_AddNumberToObject(json, "former_values", (double)e->nprevious);
	return json;
}

static void list_json(const struct secrets *x)
{
	cJSON *json = cJSON_CreateObject(), *list;

	cJSON_AddNumberToObject(json, "format_version", 1);
	cJSON_AddStringToObject(json, "stack", x->s->stack->name);
	cJSON_AddStringToObject(json, "escrow", x->path);
	list = cJSON_AddArrayToObject(json, "secrets");
	for (size_t i = 0; i < mok_escrow_len(x->escrow); i++) {
		struct mok_escrow_entry e = mok_escrow_at(x->escrow, i);

		cJSON_AddItemToArray(list, entry_json(&e));
	}
	cli_out_json(x->s->cli, json);
}

static void list_row(
	const struct secrets *x, const struct mok_escrow_entry *e, int width, struct mok_buf *out)
{
	const struct mok_style *style = &x->s->cli->out;
	int64_t now = x->s->env.clock.wall_ms(x->s->env.clock.self);
	long long days = (long long)((now - e->since_ms) / DAY_MS);
	char since[21];

	mok_format_time(e->since_ms, since);
	mok_text_add(out, style, e->name);
	mok_text_pad(out, width + 2 - mok_text_width(style, e->name));
	mok_buf_printf(out, "%s  %lld day%s", since, days, days == 1 ? "" : "s");
	if (e->nprevious)
		mok_buf_printf(
			out, ", %zu former value%s", e->nprevious, e->nprevious == 1 ? "" : "s");
	if (e->id) {
		mok_buf_puts(out, ", of ");
		mok_text_add(out, style, e->id);
	}
	mok_buf_putc(out, '\n');
}

static int list(struct secrets *x)
{
	size_t n = mok_escrow_len(x->escrow);
	struct mok_buf out;
	int rc = must_be_open(x, false), width = 0;

	if (rc != CLI_DONE)
		return rc;
	if (cli_is_json(x->s->cli)) {
		list_json(x);
		return CLI_DONE;
	}
	mok_buf_init(&out, SHOW_MAX);
	for (size_t i = 0; i < n; i++) {
		int w = mok_text_width(&x->s->cli->out, mok_escrow_at(x->escrow, i).name);

		width = w > width ? w : width;
	}
	for (size_t i = 0; i < n; i++) {
		struct mok_escrow_entry e = mok_escrow_at(x->escrow, i);

		list_row(x, &e, width, &out);
	}
	cli_out(x->s->cli, &out);
	mok_buf_release(&out);
	return CLI_DONE;
}

/* ---- export ---- */

/* Single quotes keep everything but themselves, in shells and in dotenv files. */
static void show_line(struct mok_buf *out, const struct mok_escrow_entry *e)
{
	if (strchr(e->name, '.')) {
		mok_buf_printf(out, "# %s, of %s:\n# %s\n", e->name, e->id ? e->id : "?", e->value);
		return;
	}
	mok_buf_printf(out, "%s='", e->name);
	for (const char *p = e->value; *p; p++) {
		if (*p == '\'')
			mok_buf_puts(out, "'\\''");
		else
			mok_buf_putc(out, *p);
	}
	mok_buf_puts(out, "'\n");
}

static void show_json(const struct secrets *x)
{
	cJSON *json = cJSON_CreateObject(), *all;

	cJSON_AddNumberToObject(json, "format_version", 1);
	cJSON_AddStringToObject(json, "stack", x->s->stack->name);
	all = cJSON_AddObjectToObject(json, "values");
	for (size_t i = 0; i < mok_escrow_len(x->escrow); i++) {
		struct mok_escrow_entry e = mok_escrow_at(x->escrow, i);

		cJSON_AddStringToObject(all, e.name, e.value);
	}
	cli_out_json(x->s->cli, json);
}

static int show(struct secrets *x)
{
	struct mok_buf out;
	int rc = CLI_DONE;

	if (x->s->cli->out_is_terminal)
		rc = confirm(x, "This shows all secrets on the screen. Only \"yes\" goes on:");
	if (rc != CLI_DONE)
		return rc;
	if (cli_is_json(x->s->cli)) {
		show_json(x);
		return CLI_DONE;
	}
	mok_buf_init(&out, SHOW_MAX);
	for (size_t i = 0; i < mok_escrow_len(x->escrow); i++) {
		struct mok_escrow_entry e = mok_escrow_at(x->escrow, i);

		show_line(&out, &e);
	}
	cli_out(x->s->cli, &out);
	explicit_bzero(out.data, out.cap);
	mok_buf_release(&out);
	return CLI_DONE;
}

static int copy_to(struct secrets *x, const char *path)
{
	const struct mok_files *files = &x->s->env.files;
	bool to_stdout = strcmp(path, "-") == 0;
	struct mok_err err = { 0 };
	struct mok_buf file;
	int rc;

	mok_buf_init(&file, MOK_ESCROW_FILE_MAX * 2);
	rc = mok_escrow_copy(x->escrow, to_stdout, &file, &err);
	if (rc == 0 && to_stdout)
		cli_out(x->s->cli, &file);
	else if (rc == 0)
		rc = files->write(files->self, path, file.data, file.len, COPY_MODE, &err);
	mok_buf_release(&file);
	if (rc != 0)
		return fail(x, &err);
	if (to_stdout)
		return CLI_DONE;
	return say(x,
		mok_arena_printf(x->s->arena, "Wrote %zu secret%s to ", mok_escrow_len(x->escrow),
			mok_escrow_len(x->escrow) == 1 ? "" : "s"),
		mok_escrow_len(x->escrow), path);
}

static int export(struct secrets *x)
{
	const struct cli_options *o = &x->s->cli->opt;
	struct mok_err err = { 0 };
	int rc = must_be_open(x, false);

	if (rc != CLI_DONE)
		return rc;
	if (o->show)
		return show(x);
	if (o->out)
		return copy_to(x, o->out);
	if (mok_escrow_save(x->escrow, true, &err) != 0)
		return fail(x, &err);
	return say(x, "Encrypted anew for the recipients of the plan: ", 0, x->path);
}

/* ---- import ---- */

static int import(struct secrets *x)
{
	size_t before = mok_escrow_len(x->escrow), added;
	struct mok_err err = { 0 };
	int rc = must_be_open(x, true);

	if (rc != CLI_DONE)
		return rc;
	if (secrets_import(x->s, x->argument, &err) != 0 ||
		mok_escrow_save(x->escrow, false, &err) != 0)
		return fail(x, &err);
	added = mok_escrow_len(x->escrow) - before;
	return say(x,
		mok_arena_printf(x->s->arena, "Took %zu secret%s into %s. ", added,
			added == 1 ? "" : "s", x->path),
		added, "mok secrets list shows their names.");
}

/* ---- generate and rotate ---- */

static int generate(struct secrets *x)
{
	struct mok_err err = { 0 };
	size_t made = 0;

	if (mok_escrow_generate(x->escrow, &made, &err) != 0 ||
		mok_escrow_save(x->escrow, false, &err) != 0)
		return fail(x, &err);
	return say(x,
		mok_arena_printf(x->s->arena, "Made %zu secret%s in %s. ", made,
			made == 1 ? "" : "s", x->path),
		made,
		made ? "Keep a copy of that file, and its key elsewhere." : "None was missing.");
}

static int refuse_rotation(const struct secrets *x, const struct mok_secret_spec *spec)
{
	struct mok_escrow_entry held;
	struct mok_err err = { 0 };

	if (spec && !(spec->flags & MOK_SECRET_ROTATES)) {
		mok_err_set(&err, MOK_ERR_REFUSED, "%s is never rotated: %s", spec->name,
			spec->if_changed);
	} else if (mok_escrow_find(x->escrow, x->argument, &held) && held.id) {
		mok_err_set(&err, MOK_ERR_REFUSED, "%s belongs to %s, which the API makes",
			x->argument, held.id);
		mok_err_hint(&err, "a new one: mok apply --replace %.*s",
			(int)strcspn(x->argument, "."), x->argument);
	} else {
		mok_err_set(&err, MOK_ERR_INPUT, "the escrow %s holds no secret called \"%s\"",
			x->path, x->argument);
		mok_err_hint(&err, "mok secrets list shows their names");
	}
	return fail(x, &err);
}

static int set_new_value(struct secrets *x, const struct mok_secret_spec *spec, struct mok_err *err)
{
	struct mok_escrow_new entry = { spec->name, "generated", NULL, NULL };
	const char *partner = NULL;

	mok_secret_generate(x->s->arena, &x->s->env.random, spec, &entry.value, &partner);
	if (mok_escrow_rotate(x->escrow, &entry, err) != 0)
		return -1;
	if (spec->partner) {
		entry.name = spec->partner;
		entry.value = partner;
		if (mok_escrow_rotate(x->escrow, &entry, err) != 0)
			return -1;
	}
	return mok_escrow_save(x->escrow, false, err);
}

static int rotate(struct secrets *x)
{
	const struct mok_secret_spec *spec = mok_secret_find(x->argument);
	struct mok_escrow_entry held;
	struct mok_err err = { 0 };
	int rc = must_be_open(x, false);

	if (rc != CLI_DONE)
		return rc;
	if (!spec || !(spec->flags & MOK_SECRET_ROTATES) ||
		!mok_escrow_find(x->escrow, x->argument, &held))
		return refuse_rotation(x, spec && spec->flags & MOK_SECRET_ROTATES ? NULL : spec);
	rc = confirm(x,
		mok_arena_printf(x->s->arena,
			"With a new %s %s. The former value stays in the escrow. Only \"yes\" goes "
			"on:",
			spec->name, spec->if_changed));
	if (rc != CLI_DONE)
		return rc;
	if (set_new_value(x, spec, &err) != 0)
		return fail(x, &err);
	return say(x, mok_arena_printf(x->s->arena, "Rotated %s in %s. ", spec->name, x->path),
		spec->partner ? 2 : 1, "mok apply brings it to the instance.");
}

/* ---- the command ---- */

struct action {
	const char *name;
	const char *argument; /* NULL: takes none */
	uint64_t options;
	int (*run)(struct secrets *x);
};

static const struct action actions[] = {
	{ "list", NULL, 0, list },
	{ "export", NULL, OPT_BIT(OPT_OUT) | OPT_BIT(OPT_SHOW), export },
	{ "import", "FILE", 0, import },
	{ "generate", NULL, 0, generate },
	{ "rotate", "NAME", 0, rotate },
};

static const struct action *find_action(struct cli *cli)
{
	const char *names[MOK_COUNT(actions)], *word = cli->args.list.items[0], *near;
	bool has_argument = cli->args.list.len > 1;

	for (size_t i = 0; i < MOK_COUNT(actions); i++) {
		const struct action *a = &actions[i];

		names[i] = a->name;
		if (strcmp(a->name, word) != 0)
			continue;
		if (has_argument != (a->argument != NULL)) {
			cli_usage_error(cli, "mok help secrets",
				has_argument ? "mok secrets %s takes no argument"
					     : "mok secrets %s: an argument is missing",
				word);
			return NULL;
		}
		if (cli->opt.seen & (OPT_BIT(OPT_OUT) | OPT_BIT(OPT_SHOW)) & ~a->options) {
			cli_usage_error(cli, "mok help secrets",
				"mok secrets %s takes neither -o nor --show", word);
			return NULL;
		}
		return a;
	}
	near = mok_nearest(word, names, MOK_COUNT(names));
	cli_usage_error(cli,
		near ? mok_arena_printf(cli->arena, "did you mean \"%s\"?", near)
		     : "mok help secrets",
		"mok secrets has no action \"%s\"", word);
	return NULL;
}

static int open_escrow(struct secrets *x)
{
	struct session *s = x->s;
	struct mok_err err = { 0 };

	if (!s->stack->secrets->escrow && !s->cli->opt.sandbox) {
		mok_err_set(&err, MOK_ERR_INPUT, "the plan names no escrow file");
		mok_err_hint(&err,
			"add to the plan: secrets: { escrow: secrets.age, recipients: "
			"[age1...] }   (age-keygen -o key.txt makes a key)");
		return fail(x, &err);
	}
	if (vault_open(s, &err) != 0)
		return fail(x, &err);
	x->escrow = vault_escrow(s->vault);
	x->path = vault_path(s->vault);
	return CLI_DONE;
}

int cli_run_secrets(struct cli *cli)
{
	const struct action *action = find_action(cli);
	struct session s;
	struct secrets x = { .s = &s };
	int rc;

	if (!action)
		return CLI_ERROR;
	x.argument = action->argument ? cli->args.list.items[1] : NULL;
	rc = session_begin(&s, cli);
	if (rc == CLI_DONE && (rc = session_load(&s)) == CLI_DONE &&
		(rc = session_lock(&s)) == CLI_DONE && (rc = open_escrow(&x)) == CLI_DONE)
		rc = action->run(&x);
	session_end(&s);
	return rc;
}
