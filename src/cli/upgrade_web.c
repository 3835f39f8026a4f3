#include "probe.h"
#include "upgrade.h"

#include <string.h>

/*
 * After web has rolled it must answer well for a while. Where it does not, its pods of before come
 * back: migrations so far are such that both versions live with them.
 */

#define LOOK_PAUSE_S 5
#define QUIET_LOOKS 12 /* in a row, a minute: all is well */
#define LOOKS 60       /* five minutes without that: it is not */
#define BACK_TIMEOUT_S 1800

struct look {
	int all, bad, quiet, status;
	struct mok_err err; /* of the last that had no answer */
};

static const struct mok_change *web_change(const struct upgrade *u)
{
	for (size_t i = 0; i < u->s->changes.list.len; i++) {
		const struct mok_change *c = &u->s->changes.list.items[i];

		if (c->resource && c->object && instance_tier(c) == MOK_TIER_WEB)
			return c;
	}
	return NULL;
}

/* -1: interrupted. */
static int look_once(struct upgrade *u, struct look *l)
{
	struct probe_answer answer = { 0 };
	struct mok_err err = { 0 };
	int rc = probe_get(u->s, u->instance.domain, UPGRADE_ASKED_PATH, &answer, &err);

	if (rc != 0 && err.code == MOK_ERR_INTERRUPTED) {
		u->err = err;
		return -1;
	}
	l->all++;
	if (rc == 0 && answer.status < 500) {
		l->quiet++;
		return 0;
	}
	l->bad++;
	l->quiet = 0;
	l->status = answer.status;
	l->err = err;
	return 0;
}

static int watch(struct upgrade *u, struct look *l)
{
	while (l->quiet < QUIET_LOOKS && l->all < LOOKS) {
		if (look_once(u, l) != 0 || upgrade_pause(u, LOOK_PAUSE_S) != 0)
			return -1;
		if (l->bad == 1 && l->quiet == 0)
			upgrade_say(
				u, "  " UPGRADE_ASKED_PATH " answers with errors: does that pass?");
	}
	return 0;
}

/* ---- going back ---- */

static int wait_until_ready(struct upgrade *u, const struct mok_object *web)
{
	int64_t until = upgrade_deadline(u, BACK_TIMEOUT_S);
	struct mok_answer answer;

	do {
		struct mok_ask read = { .verb = MOK_ASK_READ, .id = web->id, .have = web };

		if (upgrade_pause(u, LOOK_PAUSE_S) != 0 ||
			cluster_ask(&u->instance.cluster, &read, &answer, &u->err) != 0)
			return -1;
		if (answer.verdict == MOK_ANS_OK && answer.objects.len &&
			answer.objects.items[0]->ready)
			return 0;
	} while (mok_loop_now(u->s->loop) < until);
	return mok_err_set(&u->err, MOK_ERR_API, "%s does not become ready with the pods of before",
		web->name);
}

static int put_back(struct upgrade *u, const struct mok_change *c, const struct mok_val *template)
{
	struct mok_arena *arena = u->s->arena;
	const struct mok_val *wanted = mok_val_get(&c->want, "manifest");
	const struct mok_val *wanted_spec = wanted ? mok_val_get(wanted, "spec") : NULL;
	struct mok_val manifest, spec, want = { .type = MOK_MAP };
	struct mok_ask ask = { .verb = MOK_ASK_CREATE,
		.want = &want,
		.have = c->object,
		.marker = c->object->marker,
		.resource = c->resource };
	struct mok_answer answer;

	if (!wanted_spec)
		MOK_BUG("a Deployment without a specification");
	manifest = *wanted;
	spec = *wanted_spec;
	mok_val_set(arena, &spec, "template", *template);
	mok_val_set(arena, &manifest, "spec", spec);
	mok_val_set(arena, &want, "manifest", manifest);
	if (cluster_ask(&u->instance.cluster, &ask, &answer, &u->err) != 0)
		return -1;
	if (answer.verdict == MOK_ANS_OK)
		return wait_until_ready(u, c->object);
	u->err = answer.err;
	return -1;
}

static int say_why(struct upgrade *u, const struct look *l, bool is_back)
{
	mok_err_set(&u->err, MOK_ERR_API,
		"web answered %d of %d requests with errors (%s) once it had rolled%s", l->bad,
		l->all,
		l->status ? mok_arena_printf(u->s->arena, "status %d", l->status) : l->err.msg,
		is_back ? ": its pods of before are back" : "");
	mok_err_hint(&u->err,
		"put it right and run mok upgrade again; mok upgrade --rollback takes %s",
		is_back ? "the rest back too" : "all of it back");
	return upgrade_fail(u);
}

static int give_up(struct upgrade *u, const struct look *l, const struct mok_val *template)
{
	const struct mok_change *web;

	upgrade_say(u, "  it does not: the pods of before come back");
	if (upgrade_look(u, 0) != CLI_DONE)
		return upgrade_fail(u);
	web = web_change(u);
	if (!web || put_back(u, web, template) != 0)
		return upgrade_fail(u);
	return say_why(u, l, true);
}

int upgrade_watch_web(struct upgrade *u, const struct mok_val *template)
{
	struct look l = { .all = 0 };

	if (upgrade_skips(u, "answers"))
		return CLI_DONE; /* it answered nobody here before, either */
	if (watch(u, &l) != 0)
		return upgrade_exit_of(u);
	if (l.quiet >= QUIET_LOOKS)
		return CLI_DONE;
	return template ? give_up(u, &l, template) : say_why(u, &l, false);
}

const struct mok_val *upgrade_web_template(const struct upgrade *u)
{
	const struct mok_change *c = web_change(u);

	return c ? mok_val_at(cluster_object(c->object), "spec.template") : NULL;
}
