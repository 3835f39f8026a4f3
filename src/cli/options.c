#include "cli.h"

#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct cli_options, member)

static const struct cli_option options[] = {
	{ OPT_FILE, "file", 'f', "FILE", AT(files), true, true,
		"plan file (mok.yaml); later ones overlay earlier ones" },
	{ OPT_DIR, "directory", 'C', "DIR", AT(dir), false, true, "run as if started in DIR" },
	{ OPT_VAR, "var", 0, "NAME=VALUE", AT(vars), true, true,
		"value of a variable (not of a sensitive one: use MOK_VAR_name)" },
	{ OPT_VAR_FILE, "var-file", 0, "FILE", AT(var_files), true, true, "YAML map of variables" },
	{ OPT_TARGET, "target", 0, "ADDRESS", AT(targets), true, true,
		"only this resource and what it needs" },
	{ OPT_EXCLUDE, "exclude", 0, "ADDRESS", AT(excludes), true, true,
		"leave this resource and what needs it alone" },
	{ OPT_REPLACE, "replace", 0, "ADDRESS", AT(replaces), true, true,
		"make this resource anew" },
	{ OPT_PARALLELISM, "parallelism", 0, "N", AT(parallelism), false, true,
		"requests at once (10)" },
	{ OPT_SANDBOX, "sandbox", 0, NULL, AT(sandbox), false, true,
		"use the offline cloud in .mok/sandbox, no account" },
	{ OPT_KUBECONFIG, "kubeconfig", 0, "FILE", AT(kubeconfig), false, true,
		"for clusters: instead of what the account says" },
	{ OPT_IDENTITY, "identity", 0, "FILE", AT(identities), true, true,
		"age identity that opens the escrow (or MOK_AGE_IDENTITY)" },
	{ OPT_NO_ESCROW, "no-escrow", 0, NULL, AT(no_escrow), false, false,
		"make Mastodon's keys though nothing keeps a copy of them" },
	{ OPT_FORCE_CONFLICTS, "force-conflicts", 0, NULL, AT(force_conflicts), false, false,
		"take over fields of Kubernetes objects that another manager owns, and what a "
		"chart wants and no release made" },
	{ OPT_SPEED, "speed", 0, "N|max", AT(speed), false, true,
		"sandbox: how many times faster than the cloud (60)" },
	{ OPT_SEED, "seed", 0, "N", AT(seed), false, true, "sandbox: seed of ids and faults" },
	{ OPT_FAULTS, "faults", 0, "FILE", AT(faults), false, true,
		"sandbox: faults to play (docs/sandbox.md)" },
	{ OPT_FORMAT, "format", 0, "text|json", AT(format), false, true, "of what goes to stdout" },
	{ OPT_EVENTS, "events", 0, "FILE", AT(events), false, true,
		"write each event as a line of JSON" },
	{ OPT_COLOR, "color", 0, "WHEN", AT(color), false, true,
		"auto, always or never (NO_COLOR is respected)" },
	{ OPT_QUIET, "quiet", 'q', NULL, AT(quiet), false, true, "no progress" },
	{ OPT_VERBOSE, "verbose", 'v', NULL, AT(verbose), false, true,
		"what does not change, too" },
	{ OPT_YES, "yes", 'y', NULL, AT(yes), false, true, "do not ask" },
	{ OPT_HELP, "help", 'h', NULL, AT(help), false, true, "this help" },
	{ OPT_OUT, "out", 'o', "FILE", AT(out), false, false,
		"write to FILE; a plan, for `mok apply FILE`" },
	{ OPT_DESTROY, "destroy", 0, NULL, AT(destroy), false, false,
		"plan the destruction of the stack" },
	{ OPT_DETAILED, "detailed-exitcode", 0, NULL, AT(detailed), false, false,
		"exit 2 when there are changes" },
	{ OPT_CONFIRM, "confirm", 0, "STACK", AT(confirm), false, false,
		"the stack's name, in place of typing it" },
	{ OPT_JSON, "json", 0, NULL, AT(json), false, false, "as JSON, sensitive values included" },
	{ OPT_LISTEN, "listen", 0, "ADDR:PORT", AT(listen), false, false,
		"where to serve (127.0.0.1:8080; Spaces on PORT+1; port 0: any)" },
	{ OPT_CLOUD_DIR, "dir", 0, "DIR", AT(cloud_dir), false, false,
		"where the cloud is kept (.mok/sandbox)" },
	{ OPT_TOKEN_FILE, "token-file", 0, "FILE", AT(token_file), false, false,
		"tokens that open it, one a line (any)" },
	{ OPT_DETACH, "detach", 0, NULL, AT(detach), false, false, "serve in the background" },
	{ OPT_STOP, "stop", 0, NULL, AT(stop), false, false, "end the server of this directory" },
	{ OPT_RESET, "reset", 0, NULL, AT(reset), false, false, "empty the cloud" },
	{ OPT_ALLOW_REMOTE, "allow-remote", 0, NULL, AT(allow_remote), false, false,
		"serve on other addresses than loopback" },
	{ OPT_API_ONLY, "api-only", 0, NULL, AT(api_only), false, false,
		"clusters without controllers: nothing runs in them" },
	{ OPT_SECRETS, "secrets", 0, NULL, AT(secrets), false, false,
		"write Secrets too, readable by all who read the files" },
	{ OPT_OFFLINE, "offline", 0, NULL, AT(offline), false, false,
		"without the account: what only it knows stays a placeholder" },
	{ OPT_ARGOCD, "argocd", 0, NULL, AT(argocd), false, false,
		"only what Argo CD applies (gitops.manage: argocd), as it reads it" },
	{ OPT_SHOW, "show", 0, NULL, AT(show), false, false,
		"secrets in clear on stdout, as a .env file or JSON" },
	{ OPT_ROLLBACK, "rollback", 0, NULL, AT(rollback), false, false,
		"back to the version before, while that is possible" },
	{ OPT_SKIP_CHECK, "skip-check", 0, "NAME", AT(skip_checks), true, false,
		"let this check before an upgrade pass, at your own risk" },
	{ OPT_PRE_PULL, "pre-pull", 0, NULL, AT(pre_pull), false, false,
		"fetch the new images to the nodes before anything rolls" },
	{ OPT_ALL, "all", 0, NULL, AT(all), false, false,
		"all that have the plan's names and nobody's marker" },
	{ OPT_FROM_TFSTATE, "from-tfstate", 0, "FILE", AT(from_tfstate), false, false,
		"what this Terraform or OpenTofu state has and the plan, too (-: stdin)" },
};

const struct cli_option *cli_options(size_t *count)
{
	*count = MOK_COUNT(options);
	return options;
}

static void build_table(struct poptOption table[MOK_COUNT(options) + 1])
{
	static const struct poptOption end = POPT_TABLEEND;

	for (size_t i = 0; i < MOK_COUNT(options); i++)
		table[i] = (struct poptOption){
			.longName = options[i].name,
			.shortName = options[i].letter,
			.argInfo = options[i].value ? POPT_ARG_STRING : POPT_ARG_NONE,
			.val = (int)options[i].id,
		};
	table[MOK_COUNT(options)] = end;
}

static void store(struct cli *cli, const struct cli_option *option, const char *value)
{
	char *place = (char *)&cli->opt + option->at;

	cli->opt.seen |= OPT_BIT(option->id);
	if (!option->value) {
		*(bool *)place = true;
		return;
	}
	value = mok_arena_strdup(cli->arena, value);
	if (option->many)
		mok_vec_push(cli->arena, &((struct cli_texts *)(void *)place)->list, value);
	else
		*(const char **)(void *)place = value;
}

/* popt calls back by value, the ids start at 1 in the table's order. */
static const struct cli_option *option_of(int id)
{
	for (size_t i = 0; i < MOK_COUNT(options); i++)
		if ((int)options[i].id == id)
			return &options[i];
	MOK_BUG("popt gave an option that is not in the table");
}

static int bad_option(struct cli *cli, poptContext context, int rc)
{
	const char *shown = poptBadOption(context, POPT_BADOPTION_NOALIAS);
	const char *names[MOK_COUNT(options)], *near;
	char word[64];

	if (rc == POPT_ERROR_NOARG)
		return cli_usage_error(cli, NULL, "the option %s wants a value", shown);
	if (rc != POPT_ERROR_BADOPT)
		return cli_usage_error(cli, NULL, "%s: %s", shown, poptStrerror(rc));
	for (size_t i = 0; i < MOK_COUNT(options); i++)
		names[i] = options[i].name;
	snprintf(word, sizeof(word), "%s", shown + strspn(shown, "-"));
	word[strcspn(word, "=")] = '\0';
	near = mok_nearest(word, names, MOK_COUNT(names));
	return cli_usage_error(cli,
		near ? mok_arena_printf(cli->arena, "did you mean --%s?", near) : NULL,
		"there is no option %s", shown);
}

static int read_options(struct cli *cli, poptContext context)
{
	const char **left;
	int rc;

	while ((rc = poptGetNextOpt(context)) > 0) {
		char *value = poptGetOptArg(context);

		store(cli, option_of(rc), value);
		free(value);
	}
	if (rc < -1)
		return bad_option(cli, context, rc);
	left = poptGetArgs(context);
	for (; left && *left; left++)
		mok_vec_push(cli->arena, &cli->args.list, mok_arena_strdup(cli->arena, *left));
	return 0;
}

static int check_word(struct cli *cli, const char *option, const char *value, const char *legal)
{
	const char *names[8];
	char text[64];
	size_t n = 0;

	if (!value)
		return 0;
	snprintf(text, sizeof(text), "%s", legal);
	for (char *p = text; n < MOK_COUNT(names); p += strlen(p) + 1) {
		char *bar = strchr(p, '|');

		if (bar)
			*bar = '\0';
		if (strcmp(p, value) == 0)
			return 0;
		names[n++] = p;
		if (!bar)
			break;
	}
	return cli_usage_error(cli, mok_arena_printf(cli->arena, "one of %s", legal),
		"%s does not take \"%s\"", option, value);
}

static int check_number(struct cli *cli, const char *option, const char *value, int64_t least)
{
	int64_t n;

	if (!value || (mok_parse_i64(value, &n) && n >= least && n <= INT32_MAX))
		return 0;
	return cli_usage_error(cli, NULL, "%s wants a number of at least %lld, not \"%s\"", option,
		(long long)least, value);
}

static int check_values(struct cli *cli)
{
	const struct cli_options *o = &cli->opt;
	const char *formats =
		mok_streq(cli->command->name, "graph") ? "text|json|dot|mermaid" : "text|json";

	if (check_word(cli, "--format", o->format, formats) != 0 ||
		check_word(cli, "--color", o->color, "auto|always|never") != 0 ||
		check_number(cli, "--parallelism", o->parallelism, 1) != 0 ||
		check_number(cli, "--seed", o->seed, 0) != 0)
		return -1;
	if (o->speed && strcmp(o->speed, "max") != 0) {
		char *end;
		double speed = strtod(o->speed, &end);

		if (*end || !(speed > 0 && speed <= 1e6))
			return cli_usage_error(cli, NULL,
				"--speed wants a number above 0 or max, not \"%s\"", o->speed);
	}
	for (size_t i = 0; i < o->vars.list.len; i++)
		if (!strchr(o->vars.list.items[i], '='))
			return cli_usage_error(cli, NULL, "--var wants NAME=VALUE, not \"%s\"",
				o->vars.list.items[i]);
	return 0;
}

static int check_options(struct cli *cli)
{
	const struct cli_command *c = cli->command;
	size_t n = cli->args.list.len;

	for (size_t i = 0; i < MOK_COUNT(options); i++)
		if (!options[i].global && cli->opt.seen & OPT_BIT(options[i].id) &&
			!(c->options & OPT_BIT(options[i].id)))
			return cli_usage_error(cli,
				mok_arena_printf(cli->arena, "mok help %s", c->name),
				"mok %s does not take --%s", c->name, options[i].name);
	if (cli->opt.help)
		return 0;
	if (n < c->min_args || n > c->max_args)
		return cli_usage_error(cli,
			mok_arena_printf(cli->arena, "usage: mok %s %s", c->name, c->arguments),
			n < c->min_args ? "mok %s: an argument is missing"
					: "mok %s: too many arguments",
			c->name);
	return check_values(cli);
}

static int find_command(struct cli *cli)
{
	const char *names[32], *word, *near;
	size_t count;
	const struct cli_command *commands = cli_commands(&count);

	if (cli->args.list.len == 0)
		return 0;
	word = cli->args.list.items[0];
	cli->command = cli_command_find(word);
	cli->args.list.items++;
	cli->args.list.len--;
	cli->args.list.cap--;
	if (cli->command)
		return check_options(cli);
	for (size_t i = 0; i < count && i < MOK_COUNT(names); i++)
		names[i] = commands[i].name;
	near = mok_nearest(word, names, count < MOK_COUNT(names) ? count : MOK_COUNT(names));
	return cli_usage_error(cli,
		near ? mok_arena_printf(cli->arena, "did you mean \"%s\"?", near)
		     : "mok help lists the commands",
		"there is no command \"%s\"", word);
}

int cli_parse(struct cli *cli, int argc, char **argv)
{
	struct poptOption table[MOK_COUNT(options) + 1];
	poptContext context;
	int rc;

	cli_terminal_init(cli); /* once more when --color is known */
	build_table(table);
	context = poptGetContext("mok", argc, (const char **)(void *)argv, table, 0);
	rc = read_options(cli, context);
	poptFreeContext(context);
	cli_terminal_init(cli);
	return rc != 0 ? -1 : find_command(cli);
}
