#include "mastodon_internal.h"

#include <fnmatch.h>
#include <string.h>

/*
 * The plan's own changes to what the block makes. JSON merge patch (RFC 7396): maps are merged,
 * null takes away, all else is replaced. Strategic merge: lists of Kubernetes' API are merged by
 * the key of their items, with `$patch: delete` for an item that goes.
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
 */

struct list_key {
	const char *list, *key;
};

/* From the patchMergeKey tags of Kubernetes' API types. A list that is not here is replaced. */
static const struct list_key list_keys[] = {
	{ "containers", "name" },
	{ "initContainers", "name" },
	{ "ephemeralContainers", "name" },
	{ "volumes", "name" },
	{ "volumeMounts", "mountPath" },
	{ "volumeDevices", "devicePath" },
	{ "env", "name" },
	{ "ports", "containerPort" },
	{ "imagePullSecrets", "name" },
	{ "hostAliases", "ip" },
	{ "topologySpreadConstraints", "topologyKey" },
	{ "resourceClaims", "name" },
	{ "ownerReferences", "uid" },
};

static struct mok_val merge(
	struct masto *m, const struct mok_val *under, const struct mok_val *over, bool strategic);

/* A Service's ports are told apart by another key than a container's. */
static const char *key_of(const char *list, const struct mok_val *items)
{
	const char *key = NULL;

	for (size_t i = 0; i < MOK_COUNT(list_keys); i++)
		if (strcmp(list_keys[i].list, list) == 0)
			key = list_keys[i].key;
	if (key && strcmp(list, "ports") == 0 && items->u.list.len &&
		mok_val_get(&items->u.list.items[0], "port"))
		key = "port";
	return key;
}

static bool same_key(
	struct masto *m, const struct mok_val *a, const struct mok_val *b, const char *key)
{
	const struct mok_val *x = mok_val_get(a, key), *y = mok_val_get(b, key);
	const char *left = x ? mok_val_text(m->arena, x) : NULL;

	return left && y && mok_streq(left, mok_val_text(m->arena, y));
}

static struct mok_val merge_lists(
	struct masto *m, const struct mok_val *under, const struct mok_val *over, const char *key)
{
	struct mok_val out = { .type = MOK_LIST, .at = over->at };

	for (size_t i = 0; i < under->u.list.len; i++) {
		struct mok_val item = under->u.list.items[i];
		bool is_deleted = false;

		for (size_t k = 0; k < over->u.list.len; k++) {
			const struct mok_val *patch = &over->u.list.items[k];

			if (!same_key(m, &item, patch, key))
				continue;
			is_deleted = mok_streq(mok_val_get_str(patch, "$patch"), "delete");
			item = merge(m, &item, patch, true);
		}
		if (!is_deleted)
			mok_val_append(m->arena, &out, item);
	}
	for (size_t k = 0; k < over->u.list.len; k++) {
		bool is_new = true;

		for (size_t i = 0; i < under->u.list.len; i++)
			is_new &=
				!same_key(m, &under->u.list.items[i], &over->u.list.items[k], key);
		if (is_new && !mok_val_get(&over->u.list.items[k], "$patch"))
			mok_val_append(m->arena, &out, over->u.list.items[k]);
	}
	return out;
}

static struct mok_val merge_value(struct masto *m, const char *name, const struct mok_val *under,
	const struct mok_val *over, bool strategic)
{
	const char *key;

	if (strategic && under->type == MOK_LIST && over->type == MOK_LIST &&
		(key = key_of(name, under)))
		return merge_lists(m, under, over, key);
	return merge(m, under, over, strategic);
}

static struct mok_val merge(
	struct masto *m, const struct mok_val *under, const struct mok_val *over, bool strategic)
{
	static const struct mok_val nothing = { .type = MOK_MAP };
	struct mok_val out = *under;

	if (over->type != MOK_MAP)
		return *over;
	if (under->type != MOK_MAP)
		out = nothing;
	for (size_t i = 0; i < over->u.map.len; i++) {
		const struct mok_pair *pair = &over->u.map.pairs[i];
		const struct mok_val *have = mok_val_get(&out, pair->key);

		if (strategic && strcmp(pair->key, "$patch") == 0)
			continue;
		if (pair->val.type == MOK_NULL)
			out = masto_without(m->arena, &out, pair->key);
		else
			mok_val_set(m->arena, &out, pair->key,
				merge_value(m, pair->key, have ? have : &nothing, &pair->val,
					strategic));
	}
	return out;
}

static bool is_target(const struct mok_val *patch, const struct mok_val *manifest)
{
	const char *kind = mok_val_get_str(mok_val_get(patch, "target"), "kind");
	const char *name = mok_val_get_str(mok_val_get(patch, "target"), "name");
	const char *have = mok_val_get_str(mok_val_get(manifest, "metadata"), "name");

	return (!kind || mok_streq(kind, mok_val_get_str(manifest, "kind"))) &&
		(!name || (have && fnmatch(name, have, 0) == 0));
}

/* What an object is told by: other objects, and mok, refer to it so. */
static const char *changed_identity(const struct mok_val *before, const struct mok_val *after)
{
	static const char *const paths[] = { "apiVersion", "kind", "metadata.name" };

	for (size_t i = 0; i < MOK_COUNT(paths); i++) {
		const struct mok_val *a = mok_val_at(before, paths[i]);
		const struct mok_val *b = mok_val_at(after, paths[i]);

		if (a && (!b || !mok_val_equal(a, b)))
			return paths[i];
	}
	return NULL;
}

static void apply(struct masto *m, struct mok_val *manifest, const struct mok_val *as, size_t i,
	bool strategic)
{
	struct mok_val patched = merge(m, manifest, as, strategic);
	const char *changed = changed_identity(manifest, &patched);
	struct mok_diag *d;

	if (!changed) {
		*manifest = patched;
		return;
	}
	d = mok_diag_add(m->diags, "E0934",
		masto_mark(m, mok_arena_printf(m->arena, "patches.%zu", i)),
		"this patch changes %s of the %s %s", changed, mok_val_get_str(manifest, "kind"),
		mok_val_get_str(mok_val_get(manifest, "metadata"), "name"));
	mok_diag_hint(m->diags, d,
		"other objects refer to it so: add one of your own under `resources:` instead");
}

void masto_patch(struct masto *m, struct mok_val *manifest)
{
	const struct mok_val *patches = mok_val_at(&m->is, "patches");
	const struct mok_val *written = mok_val_at(m->written, "patches");

	for (size_t i = 0; patches && patches->type == MOK_LIST && i < patches->u.list.len; i++) {
		const struct mok_val *patch = &patches->u.list.items[i];
		const struct mok_val *as = written && written->type == MOK_LIST
			? mok_val_get(&written->u.list.items[i], "patch")
			: mok_val_get(patch, "patch");

		if (!as || as->type != MOK_MAP || !is_target(patch, manifest))
			continue;
		m->patched |= (uint64_t)1 << (i & 63);
		apply(m, manifest, as, i, !mok_streq(mok_val_get_str(patch, "type"), "merge"));
	}
}
