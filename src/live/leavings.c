#include "mok/live.h"

#include <string.h>

static const struct listing {
	const char *key, *word;
	bool vanishes; /* once the cluster has let go of it */
} listings[] = {
	{ "load_balancers", "load balancer", true },
	{ "volumes", "volume", true },
	{ "volume_snapshots", "volume snapshot", false },
};

static const struct mok_val *list_of(const struct mok_val *value, const struct listing *l)
{
	const struct mok_val *list = mok_val_get(value, l->key);

	return list && list->type == MOK_LIST && list->u.list.len ? list : NULL;
}

const char *mok_leavings_text(struct mok_arena *arena, const struct mok_val *value)
{
	struct mok_buf text;
	const char *out;

	mok_buf_init(&text, 4096);
	for (size_t i = 0; i < MOK_COUNT(listings); i++) {
		const struct mok_val *list = list_of(value, &listings[i]);

		for (size_t k = 0; list && k < list->u.list.len; k++) {
			const struct mok_val *id = mok_val_get(&list->u.list.items[k], "id");
			const char *name = mok_val_get_str(&list->u.list.items[k], "name");
			const char *id_text = id ? mok_val_text(arena, id) : NULL;

			mok_buf_printf(&text, "%s%s %s (%s)", text.len ? ", " : "",
				listings[i].word, name ? name : "", id_text ? id_text : "?");
		}
	}
	out = text.len ? mok_arena_strdup(arena, text.data) : NULL;
	mok_buf_release(&text);
	return out;
}

bool mok_leavings_vanish(const struct mok_val *value)
{
	for (size_t i = 0; i < MOK_COUNT(listings); i++)
		if (listings[i].vanishes && list_of(value, &listings[i]))
			return true;
	return false;
}
