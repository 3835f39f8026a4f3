#include "upgrade.h"

#include <string.h>

/* Nodes fetch the new images before any pod needs them: a DaemonSet, which goes once it is ready.
 */

#define TIMEOUT_S 1800
#define SETTING "upgrade.pre_pull"

static int make(struct upgrade *u)
{
	struct mok_arena *arena = u->s->arena;
	MOK_VEC(const struct mok_val *) wanted = { 0 };
	struct mok_val manifest;

	for (size_t i = 0; i < u->s->changes.list.len; i++) {
		const struct mok_change *c = &u->s->changes.list.items[i];

		if (c->resource && instance_is_tier(instance_tier(c)))
			mok_vec_push(arena, &wanted, mok_val_get(&c->want, "manifest"));
	}
	if (!mok_mastodon_pre_pull(arena, wanted.items, wanted.len, &manifest))
		return CLI_DONE;
	return upgrade_task(u, "pre-pull", &manifest, TIMEOUT_S);
}

int upgrade_end_pre_pull(struct upgrade *u)
{
	struct cluster_objects sets = { .list = { 0 } };

	if (instance_list(&u->instance, "apps/DaemonSet", &sets, &u->err) != 0)
		return upgrade_fail(u);
	for (size_t i = 0; i < sets.list.len; i++) {
		const struct mok_object *o = sets.list.items[i];
		struct mok_ask ask = { .verb = MOK_ASK_DELETE, .id = o->id, .have = o };
		struct mok_answer answer;

		if (!instance_is_of(o, "pre-pull"))
			continue;
		if (cluster_ask(&u->instance.cluster, &ask, &answer, &u->err) != 0)
			return upgrade_exit_of(u);
		if (answer.verdict != MOK_ANS_OK && answer.verdict != MOK_ANS_GONE)
			upgrade_say(u, "%s stays: %s", o->name, answer.err.msg);
	}
	return CLI_DONE;
}

int upgrade_pre_pull(struct upgrade *u, bool *idle)
{
	struct mok_err err;
	int rc, ended;

	*idle = !u->s->cli->opt.pre_pull && !mok_mastodon_switch(u->s->arena, u->s->stack, SETTING);
	if (*idle)
		return CLI_DONE;
	rc = upgrade_look(u, 0);
	*idle = rc == CLI_DONE && upgrade_job(u, "migrate-pre", u->to);
	if (*idle || rc != CLI_DONE)
		return rc;
	rc = make(u);
	if (rc == CLI_INTERRUPTED)
		return rc;
	/* What kept it from being ready is what matters. */
	err = u->err;
	ended = upgrade_end_pre_pull(u);
	if (rc != CLI_DONE)
		u->err = err;
	return rc != CLI_DONE ? rc : ended;
}
