#include "mastodon_internal.h"

#include <string.h>

/* Images on the nodes before the pods that need them are made. */

#define POD "spec.template.spec"

static bool holds(const struct mok_val *list, const char *key, const struct mok_val *wanted)
{
	for (size_t i = 0; list && i < list->u.list.len; i++) {
		const struct mok_val *item = &list->u.list.items[i];

		if (mok_val_equal(key ? mok_val_get(item, key) : item, wanted))
			return true;
	}
	return false;
}

static void add_image(struct masto *m, struct mok_val *out, const struct mok_val *image)
{
	const struct mok_val *have = mok_val_at(out, POD ".containers");
	struct mok_val container = have->u.list.items[0];
	size_t count = have->u.list.len;

	if (holds(have, "image", image))
		return;
	mok_val_set(m->arena, &container, "name", masto_format(m, "image-%zu", count));
	mok_val_set(m->arena, &container, "image", *image);
	masto_push(m, out, POD ".containers", container);
}

static void add_tolerations(struct masto *m, struct mok_val *out, const struct mok_val *deployment)
{
	const struct mok_val *list = mok_val_at(deployment, POD ".tolerations");

	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++)
		if (!holds(mok_val_at(out, POD ".tolerations"), NULL, &list->u.list.items[i]))
			masto_push(m, out, POD ".tolerations", list->u.list.items[i]);
}

bool mok_mastodon_pre_pull(struct mok_arena *arena, const struct mok_val *const *deployments,
	size_t count, struct mok_val *out)
{
	struct masto m = { .arena = arena };
	bool any = false;

	*out = masto_base("pre-pull");
	for (size_t i = 0; i < count; i++) {
		const struct mok_val *image = mok_val_at(deployments[i], POD ".containers.0.image");
		const struct mok_val *ns = mok_val_at(deployments[i], "metadata.namespace");

		if (!image || image->type != MOK_STR || !ns)
			continue;
		if (!any) {
			masto_put(&m, out, "metadata.namespace", *ns);
			masto_put(&m, out, POD ".containers.0.image", *image);
		}
		any = true;
		add_image(&m, out, image);
		add_tolerations(&m, out, deployments[i]);
	}
	return any;
}
