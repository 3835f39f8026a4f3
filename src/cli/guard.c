#include "guard.h"

#include "instance.h"

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

int guard_frozen(struct session *s)
{
	int rc = CLI_DONE;

	for (size_t i = 0; i < s->changes.list.len; i++) {
		const struct mok_change *c = &s->changes.list.items[i];
		/* With another content it is another object: the one before has the old content. */
		const struct mok_object *o = mok_map_get(s->live.by_address, c->address);
		const struct mok_val *want = mok_val_at(&c->want, "manifest.data");
		const struct mok_val *live = o ? mok_val_at(&o->attrs, "object.data") : NULL;
		const struct mok_frozen *f;

		if (!c->resource || instance_tier(c) != MOK_TIER_CONFIG || !want || !live ||
			!instance_is_of(o, "web"))
			continue;
		f = mok_mastodon_frozen(live, want);
		if (!f)
			continue;
		refuse(s, c, o, f);
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
