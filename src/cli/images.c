#include "images.h"

#include "mok/registry.h"

#include <string.h>

/* ---- what runs already ---- */

struct looking {
	const char *image;
	size_t len;
	const char *found; /* the image with its digest */
};

static void look_into(struct looking *l, const struct mok_val *v)
{
	if (v->type == MOK_STR && strncmp(v->u.s, l->image, l->len) == 0 && v->u.s[l->len] == '@' &&
		mok_image_is_digest(v->u.s + l->len + 1))
		l->found = v->u.s;
	for (size_t i = 0; v->type == MOK_LIST && !l->found && i < v->u.list.len; i++)
		look_into(l, &v->u.list.items[i]);
	for (size_t i = 0; v->type == MOK_MAP && !l->found && i < v->u.map.len; i++)
		look_into(l, &v->u.map.pairs[i].val);
}

/* What goes on running; Jobs tell what ran once. */
static bool goes_on(const struct mok_val *attrs)
{
	static const char *const kinds[] = { "Deployment", "StatefulSet", "DaemonSet" };
	const struct mok_val *v = mok_val_at(attrs, "manifest.kind");

	for (size_t i = 0; v && v->type == MOK_STR && i < MOK_COUNT(kinds); i++)
		if (strcmp(v->u.s, kinds[i]) == 0)
			return true;
	return false;
}

/* So a tag that was moved does not move what runs. Argo CD's objects are nobody's resources, but
 * they are listed. */
static const char *live_image(const struct session *s, const char *image)
{
	struct looking l = { .image = image, .len = strlen(image) };

	for (int jobs = 0; jobs < 2; jobs++)
		for (size_t i = 0; !l.found && i < s->live.objects.len; i++) {
			const struct mok_object *o = s->live.objects.items[i];

			/* What is ours and in no plan any more is about to go. */
			if (o->kind->flags & MOK_K_COLLECTIONS &&
				(o->resource || !o->addr_hash[0]) &&
				goes_on(&o->attrs) == (jobs == 0))
				look_into(&l, &o->attrs);
		}
	return l.found;
}

void images_keep(struct session *s)
{
	const struct mok_map *asked = mok_plan_images_asked(s->stack);

	for (size_t i = 0; i < mok_map_len(asked); i++) {
		const char *found = live_image(s, mok_map_key(asked, i));

		if (found)
			mok_plan_know_image(s->stack, mok_map_key(asked, i), found);
	}
}

/* ---- the registry's word ---- */

int images_ask(struct session *s, struct mok_err *err)
{
	const struct mok_map *asked = mok_plan_images_asked(s->stack);
	const struct mok_registry_options options = { .mirror = s->registry_mirror };

	if (mok_map_len(asked) == 0)
		return 0;
	if (!s->registry)
		s->registry = mok_registry_new(s->loop, &options, err);
	if (!s->registry)
		return -1;
	for (size_t i = 0; i < mok_map_len(asked); i++)
		if (!mok_plan_image(s->stack, mok_map_key(asked, i)))
			mok_registry_ask(s->registry, mok_map_key(asked, i));
	return 0;
}

/* What is not known now may not be needed at all: images_check tells. */
static int settle(struct session *s, const char *image, struct mok_err *err)
{
	const char *digest;
	struct mok_err *why;

	if (!s->registry || mok_plan_image(s->stack, image))
		return 0;
	if (mok_registry_wait(s->registry, image, &digest, err) == 0) {
		mok_plan_know_image(s->stack, image,
			strchr(image, '@') ? image
					   : mok_arena_printf(s->arena, "%s@%s", image, digest));
		return 0;
	}
	if (err->code == MOK_ERR_INTERRUPTED)
		return -1;
	why = MOK_NEW(s->arena, struct mok_err);
	*why = *err;
	mok_map_put(s->image_errors, image, why);
	return 0;
}

int images_settle(struct session *s, struct mok_err *err)
{
	const struct mok_map *asked = mok_plan_images_asked(s->stack);
	int rc = 0;

	s->image_errors = mok_map_new(s->arena);
	for (size_t i = 0; rc == 0 && i < mok_map_len(asked); i++)
		rc = settle(s, mok_map_key(asked, i), err);
	mok_registry_free(s->registry);
	s->registry = NULL;
	return rc;
}

static bool holds_unknown(const struct mok_val *v, const char *of)
{
	bool holds = v->type == MOK_UNKNOWN && mok_streq(v->u.s, of);

	for (size_t i = 0; v->type == MOK_LIST && !holds && i < v->u.list.len; i++)
		holds = holds_unknown(&v->u.list.items[i], of);
	for (size_t i = 0; v->type == MOK_MAP && !holds && i < v->u.map.len; i++)
		holds = holds_unknown(&v->u.map.pairs[i].val, of);
	return holds;
}

static bool is_needed(const struct session *s, const char *image)
{
	const char *of = mok_arena_printf(s->arena, "image %s", image);

	for (size_t i = 0; i < s->changes.list.len; i++) {
		const struct mok_change *c = &s->changes.list.items[i];

		if ((c->action == MOK_ACT_CREATE || c->action == MOK_ACT_UPDATE ||
			    c->action == MOK_ACT_REPLACE || c->foreign) &&
			holds_unknown(&c->want, of))
			return true;
	}
	return false;
}

void images_check(struct session *s)
{
	const struct mok_map *asked = mok_plan_images_asked(s->stack);

	for (size_t i = 0; s->image_errors && i < mok_map_len(s->image_errors); i++) {
		const char *image = mok_map_key(s->image_errors, i);
		const struct mok_err *why = mok_map_value(s->image_errors, i);
		const struct mok_mark *at = mok_map_get(asked, image);
		struct mok_diag *d;

		if (!at || !is_needed(s, image))
			continue;
		d = mok_diag_add(&s->diags, "E0921", *at, "the digest of %s is not known: %s",
			image, why->msg);
		mok_diag_hint(&s->diags, d, "%s",
			why->code == MOK_ERR_API
				? "is the version right? images: { pin: tag } does without digests"
				: "images: { pin: tag } does without digests");
	}
}

void images_stay_tags(struct session *s)
{
	const struct mok_map *asked = mok_plan_images_asked(s->stack);

	for (size_t i = 0; i < mok_map_len(asked); i++)
		mok_plan_know_image(s->stack, mok_map_key(asked, i), mok_map_key(asked, i));
}
