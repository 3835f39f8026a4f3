#include "live_internal.h"

#include <string.h>

/*
 * Lists may lag: for some seconds they miss what was made and still show what is gone. The journal
 * knows what the last runs did; an account that is read moments later and says otherwise is read
 * again, until it agrees or lists have had their time. In another working directory nothing is
 * known of it: see docs/architecture.md.
 */

#define LAG_S 30

const char *mok_live_key(
	struct mok_arena *arena, const char *kind, const char *parent_id, const char *id)
{
	return mok_arena_printf(arena, "%s\n%s\n%s", kind, parent_id ? parent_id : "", id);
}

static bool is_fresh(const struct sweep *sweep, const int64_t *ms)
{
	int64_t age = ms ? sweep->out->read_ms - *ms : 0;

	/* The journal's times are of whole seconds. */
	return ms && age >= -1000 && age < mok_sweep_scaled_ms(sweep, LAG_S) + 1000;
}

static bool any_fresh(const struct sweep *sweep, const struct mok_map *times)
{
	for (size_t i = 0; times && i < mok_map_len(times); i++)
		if (is_fresh(sweep, mok_map_value(times, i)))
			return true;
	return false;
}

/* What is marked as this stack's, and every tag. */
static struct mok_map *owned(const struct sweep *sweep, struct mok_arena *arena)
{
	struct mok_map *map = mok_map_new(arena);

	for (size_t i = 0; i < sweep->out->objects.len; i++) {
		struct mok_object *o = sweep->out->objects.items[i];

		if (o->addr_hash[0])
			mok_map_put(
				map, mok_live_key(arena, o->kind->name, o->parent_id, o->id), o);
	}
	for (size_t i = 0; i < mok_map_len(sweep->out->tags); i++)
		mok_map_put(map, mok_live_key(arena, "tag", NULL, mok_map_key(sweep->out->tags, i)),
			map);
	return map;
}

/* What it lived in, if that is known to be gone: then so is it, and nothing tells when. */
static bool went_along(const struct sweep *sweep, const char *key)
{
	const char *parent = strchr(key, '\n') + 1;
	size_t len = strcspn(parent, "\n");
	const struct mok_map *gone = sweep->in.known_gone;

	for (size_t i = 0; len && gone && i < mok_map_len(gone); i++) {
		const char *id = strrchr(mok_map_key(gone, i), '\n') + 1;

		if (mok_map_value(gone, i) && strlen(id) == len && strncmp(id, parent, len) == 0)
			return true;
	}
	return false;
}

/* Is something fresh there though it should not be, or the other way round? */
static bool disagrees(const struct sweep *sweep, const struct mok_map *times,
	const struct mok_map *there, bool should_be)
{
	for (size_t i = 0; times && i < mok_map_len(times); i++) {
		const char *key = mok_map_key(times, i);

		if (is_fresh(sweep, mok_map_value(times, i)) &&
			(mok_map_get(there, key) != NULL) != should_be &&
			!(should_be && went_along(sweep, key)))
			return true;
	}
	return false;
}

bool mok_sweep_lags(const struct sweep *sweep)
{
	const struct mok_live_input *in = &sweep->in;
	const struct mok_map *there;
	struct mok_arena *scratch;
	bool lags;

	if (!mok_streq(in->known_account, sweep->out->account_uuid) ||
		(!any_fresh(sweep, in->known_made) && !any_fresh(sweep, in->known_gone)))
		return false;
	scratch = mok_arena_new();
	there = owned(sweep, scratch);
	lags = disagrees(sweep, in->known_made, there, true) ||
		disagrees(sweep, in->known_gone, there, false);
	mok_arena_free(scratch);
	return lags;
}
