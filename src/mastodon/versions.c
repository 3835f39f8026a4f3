#include "mastodon_internal.h"

#include <stdlib.h>
#include <string.h>

/*
 * Which versions of Mastodon there are, what each needs, and which may follow which.
 * https://github.com/mastodon/mastodon/releases, https://docs.joinmastodon.org/admin/upgrading/
 */

/* `newest`: when this was written; Kubernetes: `sleep` in preStop. */
static const struct mok_release releases[] = {
	{ "4.5", "4.5.15", .postgres = 13, .redis = 6, .kubernetes = 30 },
	{ "4.6", "4.6.5", .postgres = 14, .redis = 7, .kubernetes = 30 },
	{ "4.7", "4.7.6", .postgres = 14, .redis = 7, .kubernetes = 30,
		.notes = "the migrations after the roll-out rebuild indexes on accounts: on a "
			 "large instance they run for long" },
};

#define OLDEST_SCHEMA "4.3" /* later migrations stop at what is older */

/* "4.7" is of 4.7.6, and not of 4.70. */
static bool is_of(const char *minor, const char *version)
{
	size_t len = strlen(minor);

	return mok_starts(version, minor) && (!version[len] || version[len] == '.');
}

const struct mok_release *mok_mastodon_release(const char *version)
{
	for (size_t i = 0; i < MOK_COUNT(releases); i++)
		if (is_of(releases[i].minor, version))
			return &releases[i];
	return NULL;
}

const char *mok_mastodon_resolve(const char *version)
{
	const struct mok_release *r = mok_mastodon_release(version);

	return r && strcmp(version, r->minor) == 0 ? r->newest : version;
}

bool mok_mastodon_stands_for(const char *written, const char *version)
{
	return is_of(written, version);
}

/* ---- comparing ---- */

static long next_number(const char **text)
{
	char *end;
	long n = strtol(*text, &end, 10);

	*text = *end == '.' ? end + 1 : "";
	return n;
}

int mok_mastodon_compare(const char *a, const char *b)
{
	while (*a || *b) {
		long x = *a ? next_number(&a) : 0, y = *b ? next_number(&b) : 0;

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

/* ---- steps ---- */

static const struct mok_release *follower(const struct mok_release *r)
{
	return r && r + 1 < releases + MOK_COUNT(releases) ? r + 1 : NULL;
}

static int refuse_far(const char *from, const struct mok_release *have, struct mok_err *err)
{
	const struct mok_release *next = follower(have);

	if (next)
		mok_err_hint(err, "from %s, the next is %s: mok upgrade %s", from, next->minor,
			next->newest);
	else
		mok_err_hint(err, "Mastodon's release notes tell which versions lie between");
	return -1;
}

int mok_mastodon_may_follow(const char *from, const char *to, struct mok_err *err)
{
	const struct mok_release *have = mok_mastodon_release(from);
	const struct mok_release *want = mok_mastodon_release(to);

	if (!want) {
		mok_err_set(err, MOK_ERR_REFUSED, "this mok does not know Mastodon %s", to);
		mok_err_hint(err, "it knows %s to %s", releases[0].minor,
			releases[MOK_COUNT(releases) - 1].minor);
		return -1;
	}
	if (mok_mastodon_compare(from, to) > 0) {
		mok_err_set(err, MOK_ERR_REFUSED,
			"%s runs, and %s is older: migrations are not undone", from, to);
		mok_err_hint(err,
			"an upgrade that is not complete goes back with: mok upgrade "
			"--rollback; later, a backup has to be restored");
		return -1;
	}
	if (mok_mastodon_compare(from, OLDEST_SCHEMA) < 0) {
		mok_err_set(err, MOK_ERR_REFUSED,
			"the database's schema is of %s, and migrations start at " OLDEST_SCHEMA,
			from);
		mok_err_hint(err,
			"upgrade to the newest " OLDEST_SCHEMA " first, as its release "
			"notes say");
		return -1;
	}
	if (have == want || (have && follower(have) == want))
		return 0;
	mok_err_set(err, MOK_ERR_REFUSED, "from %s to %s is more than one minor version at a time",
		from, to);
	return refuse_far(from, have, err);
}

/* ---- what the plan says ---- */

static const struct mok_val *setting(
	struct mok_arena *arena, const struct mok_stack *stack, const char *path)
{
	const char *root = mok_arena_strndup(arena, path, strcspn(path, "."));
	const struct mok_val *written =
		stack->expanded_as ? mok_val_get(stack->expanded_as, root) : NULL;
	struct mok_diags ignored = { .arena = arena };
	struct mok_val block = { .type = MOK_MAP }, *is = MOK_NEW(arena, struct mok_val);

	if (!written)
		return NULL;
	mok_val_set(arena, &block, root, *written);
	/* What it lacks is said where the plan is loaded. */
	if (mok_plan_eval_fields(arena, stack, &block, mok_mastodon_fields(), &ignored, is) != 0 &&
		is->type != MOK_MAP)
		return NULL;
	return mok_val_at(is, path);
}

const char *mok_mastodon_setting(
	struct mok_arena *arena, const struct mok_stack *stack, const char *path)
{
	const struct mok_val *found = setting(arena, stack, path);

	return found && found->type == MOK_STR ? found->u.s : NULL;
}

bool mok_mastodon_switch(struct mok_arena *arena, const struct mok_stack *stack, const char *path)
{
	const struct mok_val *found = setting(arena, stack, path);

	return found && found->type == MOK_BOOL && found->u.b;
}

const char *mok_mastodon_written(struct mok_arena *arena, const struct mok_stack *stack)
{
	return mok_mastodon_setting(arena, stack, "version");
}
