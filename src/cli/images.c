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

/* So a tag that was moved does not move what runs. */
static const char *live_image(const struct session *s, const char *image)
{
	struct looking l = { .image = image, .len = strlen(image) };

	for (int jobs = 0; jobs < 2; jobs++)
		for (size_t i = 0; !l.found && i < s->stack->resources.len; i++) {
			const struct mok_object *o = mok_map_get(
				s->live.by_address, s->stack->resources.items[i].address);

			if (o && o->kind->flags & MOK_K_COLLECTIONS &&
				goes_on(&o->attrs) == (jobs == 0))
				look_into(&l, &o->attrs);
		}
	return l.found;
}

void images_keep(struct session *s)
{
	const struct mok_map *asked = mok_plan_images_asked(s->stack);

	for (size_t i = 0; !s->fresh_images && i < mok_map_len(asked); i++) {
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
		mok_registry_ask(s->registry, mok_map_key(asked, i));
	return 0;
}

static void not_known(
	struct session *s, const char *image, const struct mok_mark *at, const struct mok_err *err)
{
	struct mok_diag *d = mok_diag_add(
		&s->diags, "E0921", *at, "the digest of %s is not known: %s", image, err->msg);

	mok_diag_hint(&s->diags, d, "%s",
		err->code == MOK_ERR_API
			? "is the version right? images: { pin: tag } does without digests"
			: "images: { pin: tag } does without digests");
}

static int settle(
	struct session *s, const char *image, const struct mok_mark *at, struct mok_err *err)
{
	const char *digest;

	if (!s->registry || mok_plan_image(s->stack, image))
		return 0;
	if (mok_registry_wait(s->registry, image, &digest, err) != 0) {
		if (err->code == MOK_ERR_INTERRUPTED)
			return -1;
		not_known(s, image, at, err);
		return 0;
	}
	mok_plan_know_image(s->stack, image,
		strchr(image, '@') ? image : mok_arena_printf(s->arena, "%s@%s", image, digest));
	return 0;
}

int images_settle(struct session *s, struct mok_err *err)
{
	const struct mok_map *asked = mok_plan_images_asked(s->stack);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < mok_map_len(asked); i++)
		rc = settle(s, mok_map_key(asked, i), mok_map_value(asked, i), err);
	mok_registry_free(s->registry);
	s->registry = NULL;
	return rc;
}

void images_stay_tags(struct session *s)
{
	const struct mok_map *asked = mok_plan_images_asked(s->stack);

	for (size_t i = 0; i < mok_map_len(asked); i++)
		mok_plan_know_image(s->stack, mok_map_key(asked, i), mok_map_key(asked, i));
}
