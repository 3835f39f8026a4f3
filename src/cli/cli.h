/*
 * cli: option tables, commands, wiring. The only module that sees everything, reads the process's
 * environment and writes to the terminal.
 */
#ifndef MOK_CLI_H
#define MOK_CLI_H

#include "mok/report.h"

/* Runs one command line; returns the exit code. */
int mok_cli_main(int argc, char **argv);

/* ---- exit codes: the table is printed by `mok help exit-codes` ---- */

enum cli_exit {
	CLI_DONE = 0,
	CLI_ERROR = 1,
	CLI_CHANGES = 2,
	CLI_PARTLY = 3,
	CLI_LOCKED = 4,
	CLI_REFUSED = 5,
	CLI_INTERRUPTED = 130,
};
struct cli_exit_row {
	int code;
	const char *meaning;
};
const struct cli_exit_row *cli_exit_rows(size_t *count);
int cli_exit_of(const struct mok_err *err);

/* ---- options ---- */

enum cli_option_id {
	OPT_NONE = 0,
	OPT_FILE,
	OPT_DIR,
	OPT_VAR,
	OPT_VAR_FILE,
	OPT_TARGET,
	OPT_EXCLUDE,
	OPT_REPLACE,
	OPT_PARALLELISM,
	OPT_SANDBOX,
	OPT_KUBECONFIG,
	OPT_SPEED,
	OPT_SEED,
	OPT_FAULTS,
	OPT_FORMAT,
	OPT_EVENTS,
	OPT_COLOR,
	OPT_QUIET,
	OPT_VERBOSE,
	OPT_YES,
	OPT_HELP,
	OPT_OUT,
	OPT_DESTROY,
	OPT_DETAILED,
	OPT_CONFIRM,
	OPT_JSON,
	OPT_LISTEN,
	OPT_CLOUD_DIR,
	OPT_TOKEN_FILE,
	OPT_DETACH,
	OPT_STOP,
	OPT_RESET,
	OPT_ALLOW_REMOTE,
	OPT_API_ONLY,
	OPT_SECRETS,
	OPT_OFFLINE,
	OPT_ARGOCD,
	OPT_IDENTITY,
	OPT_NO_ESCROW,
	OPT_FORCE_CONFLICTS,
	OPT_SHOW,
	OPT_ROLLBACK,
	OPT_SKIP_CHECK,
	OPT_PRE_PULL,
	OPT_ALL,
	OPT_FROM_TFSTATE,
};
#define OPT_BIT(id) ((uint64_t)1 << (id))

struct cli_texts {
	MOK_VEC(const char *) list;
};

struct cli_options {
	struct cli_texts files, vars, var_files, targets, excludes, replaces, identities,
		skip_checks;
	const char *dir, *parallelism, *speed, *seed, *faults, *format, *events, *color;
	const char *kubeconfig, *out, *confirm, *listen, *cloud_dir, *token_file, *from_tfstate;
	bool sandbox, quiet, verbose, yes, help, destroy, detailed, json;
	bool detach, stop, reset, allow_remote, api_only, secrets, offline, argocd, show, rollback,
		no_escrow, force_conflicts, pre_pull, all;
	uint64_t seen; /* OPT_BITs */
};

struct cli_option {
	enum cli_option_id id;
	const char *name;
	char letter;
	const char *value; /* placeholder of its argument; NULL: a switch */
	size_t at;         /* offset in struct cli_options */
	bool many;         /* may be repeated: a struct cli_texts */
	bool global;       /* taken by every command */
	const char *help;
};
const struct cli_option *cli_options(size_t *count);

/* ---- commands ---- */

struct cli {
	struct mok_arena *arena;
	struct cli_options opt;
	const struct cli_command *command; /* NULL: none was named */
	struct cli_texts args;
	struct mok_style out, err; /* of stdout and stderr */
	bool err_is_terminal, in_is_terminal, out_is_terminal;
	bool broken; /* stdout could not be written */
};

struct cli_command {
	const char *name, *arguments, *summary;
	const char *details;  /* paragraphs, or NULL */
	const char *examples; /* lines "command   # what for" */
	uint64_t options;     /* OPT_BITs besides the global ones */
	size_t min_args, max_args;
	int (*run)(struct cli *cli);
};
const struct cli_command *cli_commands(size_t *count);
const struct cli_command *cli_command_find(const char *name);

/* Reads the arguments into cli. -1: the error was printed. */
int cli_parse(struct cli *cli, int argc, char **argv) MOK_MUST_CHECK;

int cli_run_validate(struct cli *cli);
int cli_run_plan(struct cli *cli);
int cli_run_apply(struct cli *cli);
int cli_run_destroy(struct cli *cli);
int cli_run_status(struct cli *cli);
int cli_run_adopt(struct cli *cli);
int cli_run_upgrade(struct cli *cli);
int cli_run_output(struct cli *cli);
int cli_run_manifests(struct cli *cli);
int cli_run_graph(struct cli *cli);
int cli_run_log(struct cli *cli);
int cli_run_secrets(struct cli *cli);
int cli_run_sandbox(struct cli *cli);
int cli_run_explain(struct cli *cli);
int cli_run_schema(struct cli *cli);
int cli_run_completion(struct cli *cli);
int cli_run_docs(struct cli *cli);
int cli_run_version(struct cli *cli);
int cli_run_help(struct cli *cli);
void cli_help_command(struct cli *cli, const struct cli_command *command);

/* ---- the terminal ---- */

void cli_terminal_init(struct cli *cli);
/* Writes and empties the buffer. */
void cli_out(struct cli *cli, struct mok_buf *buf);
void cli_err(struct cli *cli, struct mok_buf *buf);
void cli_out_json(struct cli *cli, cJSON *json); /* pretty, and deletes it */
/* Prints the error in the chosen format and returns its exit code. */
int cli_fail(struct cli *cli, const struct mok_err *err, const struct mok_sources *sources);
int cli_usage_error(struct cli *cli, const char *hint, const char *fmt, ...) MOK_PRINTF(3, 4);
bool cli_is_json(const struct cli *cli);
/* Asks on the terminal; true when exactly `expected` was typed. */
bool cli_ask(
	struct cli *cli, const struct mok_env *env, const char *question, const char *expected);

#endif
