#include "guard.h"

#include "instance.h"
#include "live_secrets.h"
#include "vault.h"

#include <string.h>

/* ---- what is decided once ---- */

static void refuse(struct session *s, const struct mok_change *c, const struct mok_object *o,
	const struct mok_frozen *f)
{
	const char *path = mok_arena_printf(s->arena, "object.data.%s", f->name);
	const char *live = !f->setting ? "" : cluster_str(&o->attrs, path);
	const struct mok_val *set = f->setting && s->stack->expanded_as
		? mok_val_get(s->stack->expanded_as, f->setting)
		: NULL;
	struct mok_diag *d = mok_diag_add(&s->diags, "E0930", set ? set->at : c->resource->at,
		"%s can never be changed: %s", f->name, f->why);

	d->address = c->address;
	if (!f->setting)
		mok_diag_hint(&s->diags, d,
			"give the plan the value that the Secret %s has: mok secrets import",
			o->name);
	else if (*live)
		mok_diag_hint(&s->diags, d, "the instance runs with %s: write that", live);
	else
		mok_diag_hint(&s->diags, d, "the instance runs without it: leave it out");
}

static const char *label_of(const struct mok_val *manifest, const char *name)
{
	const struct mok_val *labels = mok_val_at(manifest, "metadata.labels");
	const char *text = labels ? mok_val_get_str(labels, name) : NULL;

	return text ? text : "";
}

/* Somebody else's objects have no address, and another content has another name: what there was
 * before is known by its kind, its place and its labels. */
static bool is_before(
	const struct session *s, const struct mok_change *c, const struct mok_object *o)
{
	const struct mok_val *want = mok_val_get(&c->want, "manifest");
	const struct mok_val *live = cluster_object(o);

	if (!c->foreign)
		return o == mok_map_get(s->live.by_address, c->address);
	return live && strcmp(cluster_str(live, "kind"), cluster_str(want, "kind")) == 0 &&
		strcmp(cluster_str(live, "metadata.namespace"),
			cluster_str(want, "metadata.namespace")) == 0 &&
		strcmp(instance_label(o, "app.kubernetes.io/component"),
			label_of(want, "app.kubernetes.io/component")) == 0 &&
		strcmp(instance_label(o, "app.kubernetes.io/name"), "mastodon") == 0;
}

static bool is_frozen(struct session *s, const struct mok_change *c)
{
	/* With another content it is another object: the one before has the old content. */
	const struct mok_val *want = mok_val_at(&c->want, "manifest.data");

	for (size_t i = 0; want && i < s->live.objects.len; i++) {
		const struct mok_object *o = s->live.objects.items[i];
		const struct mok_val *live = mok_val_at(&o->attrs, "object.data");
		const struct mok_frozen *f = live && instance_is_of(o, "web") && is_before(s, c, o)
			? mok_mastodon_frozen(live, want)
			: NULL;

		if (f) {
			refuse(s, c, o, f);
			return true;
		}
	}
	return false;
}

/* What Argo CD would be given, it would roll out. */
static bool is_wrong_move(struct session *s, const struct mok_change *c)
{
	const struct mok_val *written =
		s->stack->expanded_as ? mok_val_get(s->stack->expanded_as, "version") : NULL;
	const char *from =
		c->object ? mok_mastodon_version(s->arena, cluster_object(c->object)) : NULL;
	const char *to = mok_mastodon_version(s->arena, mok_val_get(&c->want, "manifest"));
	struct mok_err err = { 0 };
	struct mok_diag *d;

	if (!from || !to || mok_mastodon_may_follow(from, to, &err) == 0)
		return false;
	d = mok_diag_add(
		&s->diags, "E0932", written ? written->at : c->resource->at, "%s", err.msg);
	d->address = c->address;
	mok_diag_hint(&s->diags, d, "write version: \"%s\", or what may follow it", from);
	return true;
}

int guard_frozen(struct session *s)
{
	bool moves = false;
	int rc = CLI_DONE;

	for (size_t i = 0; i < s->changes.list.len; i++) {
		const struct mok_change *c = &s->changes.list.items[i];
		enum mok_tier tier = instance_tier(c);

		if (!c->resource)
			continue;
		if (tier == MOK_TIER_CONFIG && is_frozen(s, c))
			rc = CLI_REFUSED;
		if (!moves && c->foreign && instance_is_tier(tier) && is_wrong_move(s, c))
			moves = true;
	}
	return moves ? CLI_REFUSED : rc;
}

/* ---- what is made once ---- */

/* The change that takes the last copy of it out of the cluster, or NULL. */
static const struct mok_change *last_copy(struct session *s, const char *name)
{
	const struct live_secrets live = { s->arena, s->stack, &s->live };
	const struct mok_change *goes = NULL;

	for (size_t i = 0; i < s->stack->resources.len; i++) {
		const struct mok_change *c = &s->changes.list.items[i];

		if (!live_secrets_has(&live, &s->stack->resources.items[i], name))
			continue;
		if (c->action != MOK_ACT_REPLACE)
			return NULL;
		goes = c;
	}
	return goes;
}

static void refuse_loss(struct session *s, const char *name, const struct mok_change *c)
{
	struct mok_diag *d = mok_diag_add(&s->diags, "E0933", c->resource->at,
		"%s has the only copy of secret.%s, and is replaced", c->address, name);

	d->address = c->address;
	mok_diag_hint(&s->diags, d, "%s",
		s->vault ? "open the escrow, so that it is kept there: --identity FILE, "
			   "MOK_AGE_IDENTITY or MOK_PASSPHRASE"
			 : "add an escrow to the plan, so that it is kept there: secrets: { "
			   "escrow: secrets.age, recipients: [age1...] }   (age-keygen -o key.txt "
			   "makes a key)");
}

int guard_copies(struct session *s)
{
	const struct mok_map *asked = mok_plan_secrets_asked(s->stack);
	int rc = CLI_DONE;

	for (size_t i = 0; !vault_is_open(s->vault) && i < mok_map_len(asked); i++) {
		const struct mok_change *c = last_copy(s, mok_map_key(asked, i));

		if (!c)
			continue;
		refuse_loss(s, mok_map_key(asked, i), c);
		rc = CLI_REFUSED;
	}
	return rc;
}

/* ---- versions ---- */

struct moves {
	const char *address, *from, *to;
};

/* The first tier that would get another version than it has. */
static bool find_move(struct session *s, struct moves *out)
{
	for (size_t i = 0; i < s->changes.list.len; i++) {
		const struct mok_change *c = &s->changes.list.items[i];

		if (!instance_is_tier(instance_tier(c)) || !c->object || c->excluded)
			continue;
		out->address = c->address;
		out->from = mok_mastodon_version(s->arena, cluster_object(c->object));
		out->to = mok_mastodon_version(s->arena, mok_val_get(&c->want, "manifest"));
		if (out->from && out->to && strcmp(out->from, out->to) != 0)
			return true;
	}
	return false;
}

void guard_version_warn(struct session *s)
{
	const struct mok_val *written =
		s->stack->expanded_as ? mok_val_get(s->stack->expanded_as, "version") : NULL;
	struct mok_mark nowhere = { 0 };
	struct mok_diag *d;
	struct moves m;

	if (!find_move(s, &m))
		return;
	d = mok_diag_add(&s->diags, "W0931", written ? written->at : nowhere,
		"Mastodon %s runs, and the plan says %s: apply refuses that", m.from, m.to);
	mok_diag_hint(&s->diags, d, "mok upgrade moves it without downtime");
}

int guard_version(struct session *s)
{
	const struct mok_val *written =
		s->stack->expanded_as ? mok_val_get(s->stack->expanded_as, "version") : NULL;
	struct mok_err err = { 0 };
	struct moves m;

	if (!find_move(s, &m))
		return CLI_DONE;
	mok_err_set(&err, MOK_ERR_REFUSED,
		"%s: Mastodon %s runs, and the plan says %s: apply does not change the version of "
		"a running instance",
		m.address, m.from, m.to);
	mok_err_hint(&err, "mok upgrade does, without downtime; or write version: \"%s\"", m.from);
	if (written)
		err.where = written->at;
	return cli_fail(s->cli, &err, &s->stack->sources);
}
