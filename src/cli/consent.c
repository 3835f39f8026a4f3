#include "show.h"

int no_consent(struct session *s, const char *msg, const char *hint)
{
	struct mok_err err = { .code = MOK_ERR_INPUT };

	mok_err_set(&err, MOK_ERR_INPUT, "%s", msg);
	if (hint)
		mok_err_hint(&err, "%s", hint);
	return cli_fail(s->cli, &err, NULL);
}

int consent_typed(struct session *s, const char *question, const char *expected)
{
	if (cli_ask(s->cli, &s->env, question, expected))
		return CLI_DONE;
	if (s->env.interrupted(s->env.interrupted_self))
		return CLI_INTERRUPTED;
	return no_consent(s, "not confirmed: nothing was changed", NULL);
}

int consent(struct session *s, const char *question, const char *unattended)
{
	if (s->cli->opt.yes)
		return CLI_DONE;
	if (!s->cli->in_is_terminal)
		return no_consent(s, "there is no terminal to ask on", unattended);
	return consent_typed(s, question, "yes");
}
