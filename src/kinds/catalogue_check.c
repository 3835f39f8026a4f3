#include "catalogue_internal.h"
#include "check_help.h"

#include <string.h>

#define HINT_VALUES 24

struct checking {
	const struct mok_catalogue *catalogue;
	const struct mok_resource *r;
	const struct mok_val *want;
	const struct mok_object *have;
	struct mok_diags *diags;
};

/* At the value, at the field's key, or at the resource. */
static struct mok_diag *diag(
	struct checking *c, const struct mok_field *field, const char *code, const char *message)
{
	const struct mok_val *v = mok_val_get(c->want, field->name);
	struct mok_diag *d = mok_field_diag(c->diags, c->r, field->name, code, message);

	if (v && v->at.file)
		d->at = v->at;
	return d;
}

static void hint(
	struct checking *c, struct mok_diag *d, const struct mok_offer *offer, const char *word)
{
	const char *near = mok_nearest(word, offer->values.items, offer->values.len);
	struct mok_buf list;

	mok_buf_init(&list, 2000);
	for (size_t i = 0; i < offer->values.len && i < HINT_VALUES; i++)
		mok_buf_printf(&list, "%s%s", i ? ", " : "", offer->values.items[i]);
	if (offer->values.len > HINT_VALUES)
		mok_buf_printf(&list, " and %zu more", offer->values.len - HINT_VALUES);
	if (near)
		mok_diag_hint(c->diags, d, "did you mean \"%s\"? On offer are %s", near, list.data);
	else if (list.len)
		mok_diag_hint(c->diags, d, "on offer are %s", list.data);
	mok_buf_release(&list);
}

static bool is_version(const struct mok_field *f)
{
	return mok_ends(f->values, "_versions");
}

static bool is_offered(const struct mok_offer *offer, const struct mok_field *f, const char *word)
{
	for (size_t i = 0; i < offer->values.len; i++) {
		const char *value = offer->values.items[i];

		if (is_version(f) ? mok_version_matches(word, value) : mok_streq(word, value))
			return true;
	}
	return false;
}

/* What runs may keep what is no longer sold. */
static bool is_kept(const struct checking *c, const struct mok_field *f, const char *word)
{
	const char *have = c->have ? mok_val_get_str(&c->have->attrs, f->name) : NULL;
	const char *why = NULL;

	if (!have)
		return false;
	return mok_streq(have, word) || (is_version(f) && mok_version_same(word, have, &why));
}

static const char *conditions(struct checking *c, const struct mok_field *f)
{
	const char *engine = mok_val_get_str(c->want, "engine");
	const struct mok_val *nodes = mok_val_get(c->want, "num_nodes");

	if (!mok_starts(f->values, "@database_") || !engine)
		return "";
	if (mok_streq(f->values, "@database_sizes") && nodes && nodes->type == MOK_INT)
		return mok_arena_printf(c->diags->arena, " for %s with num_nodes %lld", engine,
			(long long)nodes->u.i);
	return mok_arena_printf(c->diags->arena, " for %s", engine);
}

static void check_field(struct checking *c, const struct mok_field *f)
{
	const struct mok_val *v = mok_val_get(c->want, f->name);
	struct mok_arena *arena = c->diags->arena;
	struct mok_offer offer = { 0 };
	struct mok_val norm;
	struct mok_diag *d;

	if (!v || v->type != MOK_STR || v->sensitive)
		return;
	norm = mok_norm(arena, f->norm, *v);
	if (is_kept(c, f, norm.u.s))
		return;
	mok_offer_gather(c->catalogue, arena, f->values + 1, c->want, &offer);
	/* An empty list says that the answer has another form, not that nothing is sold. */
	if (offer.values.len == 0 || is_offered(&offer, f, norm.u.s))
		return;
	d = diag(c, f, offer.is_live ? "E0801" : "W0802",
		mok_arena_printf(arena, "%s \"%s\" is not on offer%s%s", f->name, norm.u.s,
			conditions(c, f),
			offer.is_live ? ""
				      : mok_arena_printf(arena, ", as of %s",
						mok_catalogue_snapshot_date())));
	hint(c, d, &offer, norm.u.s);
}

/* ---- rules about several fields ---- */

static const char *live_or(const struct mok_catalogue *catalogue, const char *part)
{
	return mok_catalogue_part_is_live(catalogue, part) ? "E0803" : "W0802";
}

/* An engine that is not listed, or without a version to begin with, takes no new clusters. */
static void check_engine(struct checking *c)
{
	const struct mok_field *f = mok_field_find(c->r->kind->fields, "engine");
	const struct mok_val *nodes = mok_val_get(c->want, "num_nodes");
	const char *name = mok_val_get_str(c->want, "engine");
	const struct mok_val *engine = name ? mok_offer_engine(c->catalogue, name) : NULL;

	if (!f || !name || c->have)
		return;
	if (!engine || !mok_val_get_str(engine, "default_version")) {
		mok_diag_hint(c->diags,
			diag(c, f, live_or(c->catalogue, "databases"),
				mok_arena_printf(c->diags->arena,
					"DigitalOcean makes no new %s clusters", name)),
			"%s",
			mok_streq(name, "redis") ? "valkey is its successor"
						 : "the others are pg, mysql, valkey, opensearch, "
						   "mongodb and kafka");
	} else if (nodes && nodes->type == MOK_INT) {
		struct mok_offer offer = { 0 };

		mok_offer_gather(c->catalogue, c->diags->arena, "database_sizes", c->want, &offer);
		if (offer.values.len == 0)
			diag(c, mok_field_find(c->r->kind->fields, "num_nodes"),
				live_or(c->catalogue, "databases"),
				mok_arena_printf(c->diags->arena,
					"%s is not on offer with %lld nodes", name,
					(long long)nodes->u.i));
	}
}

void mok_catalogue_check(const struct mok_catalogue *catalogue, const struct mok_resource *r,
	const struct mok_val *want, const struct mok_object *have, struct mok_diags *diags)
{
	struct checking c = { catalogue, r, want, have, diags };
	bool databases = false;

	if (want->type != MOK_MAP)
		return;
	for (const struct mok_field *f = r->kind->fields; f->name; f++) {
		if (!f->values || f->values[0] != '@')
			continue;
		databases |= mok_starts(f->values, "@database_");
		check_field(&c, f);
	}
	if (databases)
		check_engine(&c);
}

const char *mok_version_step(const struct mok_val *offered, const char *have, const char *want)
{
	const char *best = NULL, *next = NULL;

	for (size_t i = 0; offered->type == MOK_LIST && i < offered->u.list.len; i++) {
		const struct mok_val *v = &offered->u.list.items[i];

		if (v->type != MOK_STR || mok_version_compare(v->u.s, have) <= 0)
			continue;
		if (mok_version_matches(want, v->u.s)) {
			if (!best || mok_version_compare(v->u.s, best) > 0)
				best = v->u.s;
		} else if (mok_version_compare(v->u.s, want) < 0 &&
			(!next || mok_version_compare(v->u.s, next) > 0)) {
			next = v->u.s;
		}
	}
	return best ? best : next;
}
