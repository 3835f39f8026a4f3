#include "plan_scalar.h"
#include "upgrade.h"

static const struct mok_val *version_scalar(const struct upgrade *u)
{
	return u->s->stack->expanded_as ? mok_val_get(u->s->stack->expanded_as, "version") : NULL;
}

int upgrade_write_version(struct upgrade *u)
{
	const struct mok_val *scalar = version_scalar(u);
	const char *version = u->written;
	const char *written = mok_mastodon_written(u->s->arena, u->s->stack);

	if (mok_streq(written, version))
		return CLI_DONE;
	if (!scalar || scalar->type != MOK_STR || !mok_streq(scalar->u.s, written)) {
		mok_err_set(&u->err, MOK_ERR_INPUT,
			"the plan's version is an expression, which is not rewritten");
		if (scalar)
			u->err.where = scalar->at;
		mok_err_hint(&u->err, "give it the value %s, then: mok upgrade", version);
		return upgrade_fail_in_plan(u);
	}
	if (plan_scalar_set(u->s, &scalar->at, written, version, &u->err) != 0)
		return upgrade_fail_in_plan(u);
	upgrade_say(u, "%s says version %s now.", scalar->at.file, version);
	return CLI_DONE;
}
