#include "cli.h"

#include <string.h>

static void words(struct mok_buf *out, bool with_options)
{
	size_t count;
	const struct cli_command *commands = cli_commands(&count);
	const struct cli_option *options;

	for (size_t i = 0; i < count; i++)
		mok_buf_printf(out, "%s%s", i ? " " : "", commands[i].name);
	options = cli_options(&count);
	for (size_t i = 0; with_options && i < count; i++)
		mok_buf_printf(out, " --%s", options[i].name);
}

static void bash(struct mok_buf *out)
{
	mok_buf_puts(out,
		"_mok()\n{\n\tlocal word=${COMP_WORDS[COMP_CWORD]}\n"
		"\tcase ${COMP_WORDS[COMP_CWORD - 1]} in\n"
		"\t-f | --file | --var-file | --faults | --events | -o | --out)\n"
		"\t\tCOMPREPLY=($(compgen -f -- \"$word\"))\n\t\treturn\n\t\t;;\n"
		"\t-C | --directory | --dir)\n"
		"\t\tCOMPREPLY=($(compgen -d -- \"$word\"))\n\t\treturn\n\t\t;;\n"
		"\tesac\n\tCOMPREPLY=($(compgen -W '");
	words(out, true);
	mok_buf_puts(out, "' -- \"$word\"))\n}\ncomplete -o default -F _mok mok\n");
}

/* In single quotes: a quote ends them, is given escaped, and begins them again. */
static void quoted(struct mok_buf *out, const char *s)
{
	mok_buf_putc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			mok_buf_puts(out, "'\\''");
		else
			mok_buf_putc(out, *s);
	}
	mok_buf_putc(out, '\'');
}

static void zsh(struct mok_buf *out)
{
	size_t count;
	const struct cli_command *commands = cli_commands(&count);
	const struct cli_option *options;

	mok_buf_puts(out, "#compdef mok\n_mok()\n{\n\tlocal -a commands options\n\tcommands=(\n");
	for (size_t i = 0; i < count; i++) {
		struct mok_buf text;

		mok_buf_init(&text, 1024);
		mok_buf_printf(&text, "%s:%s", commands[i].name, commands[i].summary);
		mok_buf_puts(out, "\t\t");
		quoted(out, text.data);
		mok_buf_putc(out, '\n');
		mok_buf_release(&text);
	}
	mok_buf_puts(out, "\t)\n\toptions=(");
	options = cli_options(&count);
	for (size_t i = 0; i < count; i++)
		mok_buf_printf(out, "%s--%s", i ? " " : "", options[i].name);
	mok_buf_puts(out,
		")\n\tif [[ $words[CURRENT] == -* ]]; then\n\t\tcompadd -- $options\n"
		"\telse\n\t\t_describe command commands\n\t\t_files\n\tfi\n}\n"
		"compdef _mok mok\n");
}

static void fish(struct mok_buf *out)
{
	size_t count;
	const struct cli_command *commands = cli_commands(&count);
	const struct cli_option *options;

	for (size_t i = 0; i < count; i++) {
		mok_buf_printf(out, "complete -c mok -n __fish_use_subcommand -a %s -d ",
			commands[i].name);
		quoted(out, commands[i].summary);
		mok_buf_putc(out, '\n');
	}
	options = cli_options(&count);
	for (size_t i = 0; i < count; i++) {
		mok_buf_printf(out, "complete -c mok -l %s%s -d ", options[i].name,
			options[i].value ? " -r" : "");
		quoted(out, options[i].help);
		mok_buf_putc(out, '\n');
	}
}

struct shell {
	const char *name;
	void (*make)(struct mok_buf *out);
};

int cli_run_completion(struct cli *cli)
{
	static const struct shell shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
	const char *name = cli->args.list.items[0];
	struct mok_buf out;

	for (size_t i = 0; i < MOK_COUNT(shells); i++) {
		if (strcmp(shells[i].name, name) != 0)
			continue;
		mok_buf_init(&out, (size_t)1 << 20);
		shells[i].make(&out);
		cli_out(cli, &out);
		mok_buf_release(&out);
		return CLI_DONE;
	}
	cli_usage_error(cli, "bash, zsh or fish", "there is no completion for \"%s\"", name);
	return CLI_ERROR;
}
