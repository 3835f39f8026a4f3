#include "cli.h"

#include <stdio.h>
#include <string.h>

static const char *const environment[][2] = {
	{ "DIGITALOCEAN_TOKEN", "personal access token (or DIGITALOCEAN_ACCESS_TOKEN)" },
	{ "SPACES_ACCESS_KEY_ID", "key for buckets, with SPACES_SECRET_ACCESS_KEY" },
	{ "DIGITALOCEAN_API_URL", "another API, for example a sandbox's" },
	{ "SPACES_ENDPOINT_URL", "the same for Spaces; {{.Region}} is filled in" },
	{ "MOK_REGISTRY_URL", "a mirror to ask about all images, with ?ns=HOST" },
	{ "MOK_VAR_name", "value of a variable; the way for sensitive ones" },
	{ "MOK_AGE_IDENTITY", "file with the age identity that opens the escrow" },
	{ "MOK_PASSPHRASE", "the escrow's passphrase, when no recipients are named" },
	{ "MOK_MASTODON_TOKEN", "an account's token, to open a stream after an upgrade" },
	{ "NO_COLOR", "no colour" },
};

static void row(
	struct mok_buf *out, const struct mok_style *style, const char *left, const char *right)
{
	int width = mok_text_width(style, left);

	mok_text_pad(out, 2);
	mok_text_add(out, style, left);
	if (width > 22) {
		mok_buf_putc(out, '\n');
		width = -2;
	}
	mok_text_pad(out, 24 - width);
	mok_text_wrap(out, style, right, 26, true);
}

static void option_rows(
	struct mok_buf *out, const struct mok_style *style, bool global, uint64_t mask)
{
	size_t count;
	const struct cli_option *options = cli_options(&count);

	for (size_t i = 0; i < count; i++) {
		const struct cli_option *o = &options[i];
		char left[64], letter[8] = "";

		if (o->global != global || (!global && !(mask & OPT_BIT(o->id))))
			continue;
		if (o->letter)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->value ? " " : "",
			o->value ? o->value : "");
		row(out, style, left, o->help);
	}
}

static void examples(struct mok_buf *out, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		mok_buf_puts(out, "  ");
		mok_buf_add(out, lines, len);
		mok_buf_putc(out, '\n');
		lines += len + (lines[len] == '\n');
	}
}

void cli_help_command(struct cli *cli, const struct cli_command *c)
{
	const struct mok_style *style = &cli->out;
	struct mok_buf out;

	mok_buf_init(&out, (size_t)1 << 20);
	mok_buf_printf(&out, "mok %s: %s\n\nUsage: mok [OPTIONS] %s%s%s%s\n", c->name, c->summary,
		c->name, *c->arguments ? " " : "", c->arguments, c->options ? " [OPTIONS]" : "");
	if (c->details) {
		mok_buf_putc(&out, '\n');
		mok_text_wrap(&out, style, c->details, 0, false);
	}
	mok_buf_puts(&out, "\nExamples:\n");
	examples(&out, c->examples);
	if (c->options) {
		mok_buf_puts(&out, "\nOptions:\n");
		option_rows(&out, style, false, c->options);
	}
	mok_buf_puts(&out, "\nOptions of every command:\n");
	option_rows(&out, style, true, 0);
	cli_out(cli, &out);
	mok_buf_release(&out);
}

static void help_all(struct cli *cli)
{
	const struct mok_style *style = &cli->out;
	size_t count;
	const struct cli_command *commands = cli_commands(&count);
	struct mok_buf out;

	mok_buf_init(&out, (size_t)1 << 20);
	mok_buf_puts(&out,
		"mok: one YAML file to live infrastructure on DigitalOcean\n\n"
		"Usage: mok [OPTIONS] COMMAND [ARGUMENTS]\n\nCommands:\n");
	for (size_t i = 0; i < count; i++)
		row(&out, style, commands[i].name, commands[i].summary);
	mok_buf_puts(&out, "\nOptions of every command:\n");
	option_rows(&out, style, true, 0);
	mok_buf_puts(&out, "\nEnvironment:\n");
	for (size_t i = 0; i < MOK_COUNT(environment); i++)
		row(&out, style, environment[i][0], environment[i][1]);
	mok_buf_puts(&out, "\nExamples:\n");
	examples(&out,
		"mok --sandbox -f plans/guide.yaml apply   # no account needed\n"
		"mok help plan\nmok help exit-codes\n");
	cli_out(cli, &out);
	mok_buf_release(&out);
}

static void help_exit_codes(struct cli *cli)
{
	size_t count;
	const struct cli_exit_row *rows = cli_exit_rows(&count);
	struct mok_buf out;

	mok_buf_init(&out, 8192);
	mok_buf_puts(&out, "Exit codes:\n");
	for (size_t i = 0; i < count; i++) {
		mok_buf_printf(&out, "%5d  ", rows[i].code);
		mok_text_wrap(&out, &cli->out, rows[i].meaning, 7, true);
	}
	cli_out(cli, &out);
	mok_buf_release(&out);
}

static void help_kinds(struct cli *cli)
{
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);
	struct mok_buf out;

	mok_buf_init(&out, (size_t)1 << 20);
	mok_buf_puts(&out, "Kinds (mok explain KIND shows one):\n");
	for (size_t i = 0; i < count; i++)
		row(&out, &cli->out, kinds[i]->name, kinds[i]->summary);
	cli_out(cli, &out);
	mok_buf_release(&out);
}

struct topic {
	const char *name;
	void (*show)(struct cli *cli);
};

static const struct topic topics[] = { { "exit-codes", help_exit_codes }, { "kinds", help_kinds } };

int cli_run_help(struct cli *cli)
{
	const struct cli_command *c;
	const char *names[32], *word, *near;
	size_t count;
	const struct cli_command *commands = cli_commands(&count);

	if (cli->args.list.len == 0) {
		help_all(cli);
		return CLI_DONE;
	}
	word = cli->args.list.items[0];
	for (size_t i = 0; i < MOK_COUNT(topics); i++) {
		if (strcmp(word, topics[i].name) == 0) {
			topics[i].show(cli);
			return CLI_DONE;
		}
	}
	c = cli_command_find(word);
	if (c) {
		cli_help_command(cli, c);
		return CLI_DONE;
	}
	for (size_t i = 0; i < count && i < MOK_COUNT(names); i++)
		names[i] = commands[i].name;
	near = mok_nearest(word, names, count < MOK_COUNT(names) ? count : MOK_COUNT(names));
	cli_usage_error(cli,
		near ? mok_arena_printf(cli->arena, "did you mean \"%s\"?", near) : NULL,
		"there is no help about \"%s\"", word);
	return CLI_ERROR;
}
