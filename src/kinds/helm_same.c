#include "helm.h"

#include "check_help.h"

#include <string.h>

#define DIGITS 16

static const char *short_hash(struct mok_arena *arena, const char *text)
{
	char hex[65];

	mok_sha256_hex(text, strlen(text), hex);
	return mok_arena_strndup(arena, hex, DIGITS);
}

const char *mok_helm_release_hash(struct mok_arena *arena, const char *ns, const char *name)
{
	return short_hash(arena, mok_arena_printf(arena, "%s/%s", ns, name));
}

bool mok_helm_same_version(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a + (*a == 'v'), b + (*b == 'v')) == 0;
}

/* A package is called name-1.2.3.tgz. */
static size_t name_len(const char *last)
{
	size_t len = strlen(last);

	if (!mok_ends(last, ".tgz"))
		return len;
	for (const char *p = last; (p = strchr(p, '-')) != NULL; p++)
		if (p[1] >= '0' && p[1] <= '9')
			return (size_t)(p - last);
	return len - strlen(".tgz");
}

const char *mok_helm_chart_name(struct mok_arena *arena, const char *chart)
{
	const char *slash = strrchr(chart, '/'), *last = slash ? slash + 1 : chart;

	return mok_arena_strndup(arena, last, name_len(last));
}

const char *mok_helm_source(struct mok_arena *arena, const char *repository, const char *chart)
{
	const char *slash = strrchr(chart, '/');

	if (strstr(chart, "://"))
		repository = mok_arena_strndup(arena, chart, (size_t)(slash - chart));
	return short_hash(arena, repository ? repository : "");
}

bool mok_helm_is_from(const struct mok_object *have, const char *repository, const char *chart)
{
	struct mok_arena *scratch = mok_arena_new();
	const char *source = mok_val_get_str(&have->attrs, "source");
	bool is_from = !source || strcmp(source, mok_helm_source(scratch, repository, chart)) == 0;

	mok_arena_free(scratch);
	return is_from;
}

bool mok_helm_is_chart(const struct mok_object *have, const char *chart)
{
	struct mok_arena *scratch = mok_arena_new();
	bool is_chart = mok_streq(
		mok_helm_chart_name(scratch, chart), mok_val_get_str(&have->attrs, "chart"));

	mok_arena_free(scratch);
	return is_chart;
}

/* ---- values ---- */

static bool is_nothing(const struct mok_val *v)
{
	return !v || v->type == MOK_NULL;
}

static bool is_map(const struct mok_val *v)
{
	return v && v->type == MOK_MAP;
}

static bool has_all(const struct mok_val *map, const struct mok_val *other)
{
	if (!map || map->type != MOK_MAP)
		return true;
	for (size_t i = 0; i < map->u.map.len; i++) {
		const struct mok_pair *pair = &map->u.map.pairs[i];
		const struct mok_val *v = is_map(other) ? mok_val_get(other, pair->key) : NULL;

		if (!mok_helm_same_values(&pair->val, v))
			return false;
	}
	return true;
}

bool mok_helm_same_values(const struct mok_val *want, const struct mok_val *have)
{
	if ((is_map(want) || is_nothing(want)) && (is_map(have) || is_nothing(have)))
		return has_all(want, have) && has_all(have, want);
	if (!want || !have || want->type == MOK_NULL || have->type == MOK_NULL)
		return false;
	if (want->type != MOK_LIST || have->type != MOK_LIST)
		return mok_val_equal(want, have);
	if (want->u.list.len != have->u.list.len)
		return false;
	for (size_t i = 0; i < want->u.list.len; i++)
		if (!mok_helm_same_values(&want->u.list.items[i], &have->u.list.items[i]))
			return false;
	return true;
}

bool mok_helm_lacks_hooks(const struct mok_val *attrs)
{
	return mok_want_int(attrs, "rolled_back_to", 0) > 0 &&
		mok_streq(mok_val_get_str(attrs, "began"), MOK_HELM_TAKING);
}

bool mok_helm_is_done(const struct mok_val *want, const struct mok_object *have)
{
	const char *chart = mok_want_str(want, "chart");

	return mok_streq(mok_val_get_str(&have->attrs, "status"), "deployed") &&
		!mok_helm_lacks_hooks(&have->attrs) &&
		mok_helm_same_version(
			mok_want_str(want, "version"), mok_val_get_str(&have->attrs, "version")) &&
		chart && mok_helm_is_chart(have, chart) &&
		mok_helm_is_from(have, mok_want_str(want, "repository"), chart) &&
		mok_helm_same_values(
			mok_val_get(want, "values"), mok_val_get(&have->attrs, "values"));
}
