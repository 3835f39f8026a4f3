#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run(struct cli *cli)
{
	if (!cli->command) {
		cli_run_help(cli);
		return cli->opt.help ? CLI_DONE : CLI_ERROR;
	}
	if (cli->opt.help) {
		cli_help_command(cli, cli->command);
		return CLI_DONE;
	}
	if (cli->opt.dir && chdir(cli->opt.dir) != 0) {
		cli_usage_error(cli, NULL, "-C %s: %s", cli->opt.dir, strerror(errno));
		return CLI_ERROR;
	}
	return cli->command->run(cli);
}

int mok_cli_main(int argc, char **argv)
{
	struct cli cli = { .arena = mok_arena_new() };
	int rc = CLI_ERROR;

	if (cli_parse(&cli, argc, argv) == 0)
		rc = run(&cli);
	if (fflush(stdout) != 0 || cli.broken) {
		fputs("mok: cannot write to standard output\n", stderr);
		rc = rc == CLI_DONE ? CLI_ERROR : rc;
	}
	mok_arena_free(cli.arena);
	return rc;
}
