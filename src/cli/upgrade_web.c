#include "upgrade.h"

#include <string.h>

/*
 * Web is looked at while it rolls, and then has to do well for a minute. Where it does badly for
 * five, its pods of before come back: migrations so far are such that both versions live with them.
 * Putting the template back is what stops a roll-out that goes on; there is nothing to pause.
 */

#define BEAT_S 5
#define LOOK_PAUSE_S 5
#define BACK_TIMEOUT_S 1800

static const struct mok_change *web_change(const struct upgrade *u)
{
	for (size_t i = 0; i < u->s->changes.list.len; i++) {
		const struct mok_change *c = &u->s->changes.list.items[i];

		if (c->resource && c->object && instance_tier(c) == MOK_TIER_WEB)
			return c;
	}
	return NULL;
}

/* ---- the pods of before ---- */

static int64_t revision_of(const struct mok_object *set)
{
	const struct mok_val *marks = mok_val_at(&set->attrs, "object.metadata.annotations");
	const char *text = marks && marks->type == MOK_MAP
		? mok_val_get_str(marks, "deployment.kubernetes.io/revision")
		: NULL;
	int64_t n;

	return text && mok_parse_i64(text, &n) ? n : 0;
}

static bool is_of_before(
	const struct upgrade *u, const struct mok_object *set, const struct mok_object *web)
{
	const struct mok_val *object = cluster_object(set);
	const char *owner = cluster_str(object, "metadata.ownerReferences.0.uid");

	return strcmp(owner, cluster_str(cluster_object(web), "metadata.uid")) == 0 &&
		mok_streq(mok_mastodon_version(u->s->arena, object), u->from);
}

/* A run that was killed has put the new template in its place: the old one is that of the
 * ReplicaSet, which a Deployment keeps for this, without the label that tells sets apart.
 * *out NULL: there is none. */
static int find_old_template(
	struct upgrade *u, const struct mok_object *web, const struct mok_val **out)
{
	struct cluster_objects sets = { .list = { 0 } };
	const struct mok_object *found = NULL;
	const struct mok_val *kept;
	struct mok_val *template;

	*out = NULL;
	if (instance_list(&u->instance, "apps/ReplicaSet", &sets, &u->err) != 0)
		return -1;
	for (size_t i = 0; i < sets.list.len; i++)
		if (is_of_before(u, sets.list.items[i], web) &&
			(!found || revision_of(sets.list.items[i]) > revision_of(found)))
			found = sets.list.items[i];
	kept = found ? mok_val_at(cluster_object(found), "spec.template") : NULL;
	if (!kept)
		return 0;
	template = MOK_NEW(u->s->arena, struct mok_val);
	*template = mok_val_without(u->s->arena, kept, "metadata.labels.pod-template-hash");
	*out = template;
	return 0;
}

/* As they are in the cluster now, or else as they were. *out NULL: not known. */
static int find_template(struct upgrade *u, bool changes, const struct mok_val **out)
{
	const struct mok_change *c = web_change(u);

	*out = c && changes ? mok_val_at(cluster_object(c->object), "spec.template") : NULL;
	return c && !changes ? find_old_template(u, c->object, out) : 0;
}

/* ---- what was measured ---- */

static int64_t measured(const struct upgrade *u, const char *key)
{
	const char *text = upgrade_record_get(u, key);
	int64_t n;

	return text && mok_parse_i64(text, &n) ? n : -1;
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

/* A moment of the real cloud lasts longer than one of a sandbox that is fast. */
static long long cloud_s(const struct upgrade *u, int64_t ms)
{
	double speed = u->s->env.speed > 0 ? u->s->env.speed : 1;

	return (long long)((double)ms * speed / 1000 + 0.5);
}

static int say_why(struct upgrade *u, const struct judge *j, const char *when, bool is_back)
{
	mok_err_set(&u->err, MOK_ERR_API, "web did badly for %lld s %s: %s%s",
		cloud_s(u, j->breach.last_ms - j->breach.since_ms), when, j->why,
		is_back ? "; its pods of before are back" : "");
	mok_err_hint(&u->err,
		"put it right and run mok upgrade again; mok upgrade --rollback takes %s",
		is_back ? "the rest back too" : "all of it back");
	upgrade_record_put(u, "web_failed", u->err.msg);
	upgrade_record_time(u, "web_failed_at");
	upgrade_record_save(u);
	return upgrade_fail(u);
}

struct roll {
	const struct mok_val *before; /* the template; NULL: it is not known */
	bool idle;        /* nothing has to be done or waited for: it only is to be looked at */
	const char *when; /* what is seen now is seen */
};

static int give_up(struct upgrade *u, const struct judge *j, const struct roll *r)
{
	const struct mok_change *web;

	if (!r->before)
		return say_why(u, j, r->when, false);
	upgrade_say(u, "  it does not: the pods of before come back");
	if (upgrade_look(u, 0) != CLI_DONE)
		return upgrade_fail(u);
	web = web_change(u);
	if (!web || put_back(u, web, r->before) != 0)
		return upgrade_fail(u);
	return say_why(u, j, r->when, true);
}

/* ---- rolling ---- */

static int roll(struct upgrade *u, struct roll *r)
{
	int rc = r->idle ? CLI_DONE : upgrade_apply(u);

	if (rc != CLI_DONE)
		return rc;
	r->when = "once it had rolled";
	upgrade_pulse_again(u->pulse);
	if (upgrade_pulse_run(u->pulse, judge_is_well, &u->err) != 0)
		return upgrade_exit_of(u);
	return CLI_DONE;
}

static int roll_watched(struct upgrade *u, struct roll *r)
{
	const struct judge_numbers before = { measured(u, UPGRADE_P90), measured(u, UPGRADE_LOAD) };
	const struct judge_numbers limits = judge_limits(&before);
	struct judge last;
	struct mok_err why;
	bool gives_up;
	int rc;

	u->pulse = upgrade_pulse_start(u, BEAT_S, &limits);
	rc = roll(u, r);
	gives_up = upgrade_pulse_gives_up(u->pulse, &why);
	last = *upgrade_pulse_judge(u->pulse);
	upgrade_pulse_stop(u->pulse);
	u->pulse = NULL;
	return gives_up && rc != CLI_INTERRUPTED ? give_up(u, &last, r) : rc;
}

int upgrade_run_web(struct upgrade *u, bool *idle)
{
	struct roll r = { .when = "while it rolled" };
	const struct mok_changes *changes = &u->s->changes;
	int rc = upgrade_look(u, 1u << MOK_TIER_WEB);

	if (rc != CLI_DONE)
		return rc;
	r.idle = *idle = !mok_changes_any(changes) && changes->nwait == 0;
	/* Who got no answer before cannot judge. */
	if (upgrade_skips(u, "answers"))
		return *idle ? CLI_DONE : upgrade_apply(u);
	if (*idle && upgrade_job(u, "migrate-post", u->to))
		return CLI_DONE;
	if (find_template(u, mok_changes_any(changes), &r.before) != 0)
		return upgrade_fail(u);
	return roll_watched(u, &r);
}
