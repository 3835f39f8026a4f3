#include "guard.h"
#include "upgrade.h"

#include <stdlib.h>
#include <string.h>

/* ---- what runs ---- */

static void note_version(struct upgrade *u, const char *version)
{
	if (!version)
		return;
	if (!u->lowest || mok_mastodon_compare(version, u->lowest) < 0)
		u->lowest = version;
	if (!u->highest || mok_mastodon_compare(version, u->highest) > 0)
		u->highest = version;
}

/* What belongs to the instance and lives elsewhere (the gateway's, the certificates') has no
 * version. */
static bool is_of_tiers(void *self, const struct mok_change *c)
{
	const struct upgrade *u = self;
	const char *ns = c->resource ? cluster_str(&c->want, "manifest.metadata.namespace")
				     : cluster_str(&c->object->attrs, "object.metadata.namespace");

	/* What is not well and has no version is apply's to mend: a certificate that does not come
	 * must not keep migrations waiting. */
	if (instance_tier(c) == MOK_TIER_REST && c->object && !c->object->ready)
		return false;
	return u->tiers & 1u << instance_tier(c) &&
		(!u->instance.ns || strcmp(ns, u->instance.ns) == 0);
}

/* Its repository says what runs. */
static int somebody_elses(struct upgrade *u)
{
	mok_err_set(&u->err, MOK_ERR_REFUSED,
		"Argo CD rolls this instance out, and runs its migrations");
	mok_err_hint(&u->err,
		"write the version into the plan, then: mok manifests --argocd -o DIR, and push");
	return cli_fail(u->s->cli, &u->err, NULL);
}

int upgrade_look(struct upgrade *u, unsigned tiers)
{
	struct session *s = u->s;
	const struct mok_diff_options options = { .destroy = false };
	int rc;

	u->tiers = tiers;
	s->keep = is_of_tiers;
	s->keep_self = u;
	s->diags.list.len = s->diags.nerrors = 0;
	if ((rc = session_sweep(s, false)) != CLI_DONE ||
		(rc = session_diff(s, &options)) != CLI_DONE)
		return rc;
	s->catalogue = s->live.catalogue; /* what is on offer stays so while this runs */
	u->lowest = u->highest = NULL;
	if (!instance_find(s, &u->instance)) {
		mok_err_set(&u->err, MOK_ERR_INPUT, "the plan has no mastodon block");
		return cli_fail(s->cli, &u->err, NULL);
	}
	for (size_t i = 0; i < s->changes.list.len; i++) {
		const struct mok_change *c = &s->changes.list.items[i];

		if (c->foreign && instance_is_tier(instance_tier(c)))
			return somebody_elses(u);
		if (c->resource && c->object && instance_is_tier(instance_tier(c)))
			note_version(u, mok_mastodon_version(s->arena, cluster_object(c->object)));
	}
	return CLI_DONE;
}

/* ---- Jobs of migrations ---- */

/* One that is complete, if there is one. */
static const struct mok_object *find_job(
	const struct upgrade *u, const char *name, const char *version, bool same)
{
	const struct mok_live *live = &u->s->live;
	const struct mok_object *found = NULL;

	for (size_t i = 0; i < live->objects.len; i++) {
		const struct mok_object *o = live->objects.items[i];
		const struct mok_val *object = cluster_object(o);

		if (!(found && found->ready) && object &&
			strcmp(cluster_str(object, "kind"), "Job") == 0 &&
			strcmp(cluster_str(object, "metadata.namespace"), u->instance.ns) == 0 &&
			instance_is_of(o, name) &&
			mok_streq(instance_label(o, "app.kubernetes.io/version"), version) == same)
			found = o;
	}
	return found;
}

const struct mok_object *upgrade_job(const struct upgrade *u, const char *name, const char *version)
{
	return find_job(u, name, version, true);
}

const struct mok_object *upgrade_other_job(
	const struct upgrade *u, const char *name, const char *version)
{
	return find_job(u, name, version, false);
}

const char *upgrade_from_of(const struct mok_object *job)
{
	const struct mok_val *annotations =
		job ? mok_val_at(&job->attrs, "object.metadata.annotations") : NULL;

	return annotations && annotations->type == MOK_MAP
		? mok_val_get_str(annotations, INSTANCE_UPGRADE_FROM)
		: NULL;
}

/* ---- what must be so ---- */

static int too_old(struct upgrade *u, const struct mok_object *o, const char *have, int least)
{
	mok_err_set(&u->err, MOK_ERR_REFUSED,
		"%s runs version %s, and Mastodon %s needs %d at least", o->name, have, u->to,
		least);
	mok_err_hint(&u->err, "raise `version` of it in the plan, and apply that first");
	return -1;
}

static int check_under(struct upgrade *u, const struct mok_release *release)
{
	const struct mok_live *live = &u->s->live;

	for (size_t i = 0; i < live->objects.len; i++) {
		const struct mok_object *o = live->objects.items[i];
		const char *version = cluster_str(&o->attrs, "version");
		const char *engine = cluster_str(&o->attrs, "engine");
		enum mok_role role = mok_role_of(o->kind);
		int least = role == MOK_ROLE_CLUSTER && mok_starts(version, "1.")
			? release->kubernetes
			: role != MOK_ROLE_DATABASE    ? 0
			: strcmp(engine, "pg") == 0    ? release->postgres
			: strcmp(engine, "redis") == 0 ? release->redis
						       : 0; /* every Valkey will do */
		const char *number = version + (role == MOK_ROLE_CLUSTER ? 2 : 0);

		if (o->marker && least && strtol(number, NULL, 10) < least)
			return too_old(u, o, version, least);
	}
	return 0;
}

/* Of a version that is to go: what is unwell already would be blamed on the new one. */
static int check_health(struct upgrade *u)
{
	for (size_t i = 0; i < u->s->changes.list.len; i++) {
		const struct mok_change *c = &u->s->changes.list.items[i];
		const char *version;

		if (!c->resource || !c->object || !instance_is_tier(instance_tier(c)) ||
			c->object->ready)
			continue;
		version = mok_mastodon_version(u->s->arena, cluster_object(c->object));
		if (mok_streq(version, u->to))
			continue;
		mok_err_set(&u->err, MOK_ERR_REFUSED, "%s is not healthy: %s", c->object->name,
			c->object->status ? c->object->status : "not ready");
		mok_err_hint(&u->err, "an upgrade starts from pods that are all well: mok status");
		return -1;
	}
	return 0;
}

/* The migrations after another upgrade were never run, and this one's would pass over them. */
static int check_unfinished(struct upgrade *u)
{
	const struct mok_object *other = upgrade_other_job(u, "migrate-pre", u->to);
	const char *version = other ? instance_label(other, "app.kubernetes.io/version") : NULL;
	const struct mok_object *post = version ? upgrade_job(u, "migrate-post", version) : NULL;

	if (!version || (post && post->ready) ||
		mok_mastodon_release(version) == mok_mastodon_release(u->to))
		return 0;
	mok_err_set(&u->err, MOK_ERR_REFUSED, "the upgrade to %s is not complete", version);
	mok_err_hint(&u->err, "finish it first: mok upgrade %s", version);
	return -1;
}

int upgrade_check(struct upgrade *u)
{
	const struct mok_release *release = mok_mastodon_release(u->to);

	if (mok_mastodon_may_follow(u->lowest, u->to, &u->err) != 0 ||
		mok_mastodon_may_follow(u->highest, u->to, &u->err) != 0)
		return -1;
	if (check_under(u, release) != 0 || check_unfinished(u) != 0 || check_health(u) != 0)
		return -1;
	if (guard_frozen(u->s) != CLI_DONE)
		return mok_err_set(
			&u->err, MOK_ERR_REFUSED, "the plan changes what can never be changed");
	return 0;
}

int upgrade_check_back(struct upgrade *u)
{
	if (!upgrade_job(u, "migrate-post", u->from))
		return 0;
	mok_err_set(&u->err, MOK_ERR_REFUSED,
		"the migrations after the roll-out of %s have begun: the old version cannot run "
		"any more",
		u->from);
	mok_err_hint(&u->err,
		"mok upgrade goes on; going back means restoring the database of "
		"before");
	return -1;
}
