#include "cli.h"

static const struct cli_exit_row rows[] = {
	{ CLI_DONE, "done, or nothing to do" },
	{ CLI_ERROR, "error, nothing changed (also: a question, but no terminal and no --yes)" },
	{ CLI_CHANGES,
		"there are changes (plan --detailed-exitcode), or not all is well (status)" },
	{ CLI_PARTLY,
		"something changed and something failed, or what is there did not get ready; run "
		"it again" },
	{ CLI_LOCKED, "another mok holds the stack or the sandbox" },
	{ CLI_REFUSED, "refused by a protection; nothing was sent" },
	{ CLI_INTERRUPTED, "interrupted; run it again to go on" },
};

const struct cli_exit_row *cli_exit_rows(size_t *count)
{
	*count = MOK_COUNT(rows);
	return rows;
}

int cli_exit_of(const struct mok_err *err)
{
	switch (err->code) {
	case MOK_ERR_LOCKED: return CLI_LOCKED;
	case MOK_ERR_REFUSED: return CLI_REFUSED;
	case MOK_ERR_INTERRUPTED: return CLI_INTERRUPTED;
	case MOK_ERR_NONE:
	case MOK_ERR_INPUT:
	case MOK_ERR_IO:
	case MOK_ERR_NET:
	case MOK_ERR_AUTH:
	case MOK_ERR_API:
	case MOK_ERR_STALE: return CLI_ERROR;
	}
	return CLI_ERROR;
}
