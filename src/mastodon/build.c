#include "mastodon_internal.h"

#include "manifests.h"

#include <stdlib.h>
#include <string.h>

/* Building manifests: base files, values at paths, resources. */

struct mok_val masto_base(const char *name)
{
	for (const struct masto_manifest *f = masto_manifests; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f->value;
	MOK_BUG("there is no such base manifest");
}

struct mok_val masto_format(struct masto *m, const char *fmt, ...)
{
	struct mok_val v;
	va_list ap;

	va_start(ap, fmt);
	v = mok_val_str(mok_arena_vprintf(m->arena, fmt, ap));
	va_end(ap);
	v.at = m->at;
	return v;
}

/* A scalar that is one expression would keep its type; the empty text beside it makes it a text. */
struct mok_val masto_expr(struct masto *m, const char *fmt, ...)
{
	struct mok_val v;
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = mok_arena_vprintf(m->arena, fmt, ap);
	va_end(ap);
	v = mok_val_str(mok_starts(text, "${") && mok_ends(text, "}")
			? mok_arena_printf(m->arena, "%s${\"\"}", text)
			: text);
	v.at = m->at;
	return v;
}

/* ---- paths ---- */

static const char *step(struct masto *m, const char **path)
{
	size_t len = strcspn(*path, ".");
	const char *name = mok_arena_strndup(m->arena, *path, len);

	*path += len + ((*path)[len] == '.');
	return name;
}

static struct mok_val with_item(
	struct mok_arena *arena, const struct mok_val *list, size_t at, struct mok_val item)
{
	struct mok_val out = *list;
	struct mok_val *items = MOK_NEW_N(arena, struct mok_val, list->u.list.len + 1);

	for (size_t i = 0; i < list->u.list.len; i++)
		items[i] = i == at ? item : list->u.list.items[i];
	out.built = false;
	out.u.list.items = items;
	return out;
}

void masto_put(struct masto *m, struct mok_val *root, const char *path, struct mok_val v)
{
	const char *name = step(m, &path);
	const struct mok_val *at;
	struct mok_val child = { .type = MOK_MAP, .at = m->at };
	size_t i;

	if (root->type == MOK_LIST) {
		i = (size_t)strtoul(name, NULL, 10);
		if (i >= root->u.list.len)
			MOK_BUG("a path that the base manifest does not have");
		child = root->u.list.items[i];
		if (*path)
			masto_put(m, &child, path, v);
		*root = with_item(m->arena, root, i, *path ? child : v);
		return;
	}
	at = mok_val_get(root, name);
	if (at)
		child = *at;
	if (*path)
		masto_put(m, &child, path, v);
	mok_val_set(m->arena, root, name, *path ? child : v);
}

struct mok_val masto_without(struct mok_arena *arena, const struct mok_val *v, const char *name)
{
	struct mok_val out = { .type = v->type, .at = v->at };
	size_t at = (size_t)strtoul(name, NULL, 10);

	for (size_t i = 0; v->type == MOK_LIST && i < v->u.list.len; i++)
		if (i != at)
			mok_val_append(arena, &out, v->u.list.items[i]);
	for (size_t i = 0; v->type == MOK_MAP && i < v->u.map.len; i++)
		if (strcmp(v->u.map.pairs[i].key, name) != 0)
			mok_val_set(arena, &out, v->u.map.pairs[i].key, v->u.map.pairs[i].val);
	return out;
}

void masto_put_text(struct masto *m, struct mok_val *root, const char *path, const char *text)
{
	masto_put(m, root, path, masto_format(m, "%s", text));
}

void masto_drop(struct masto *m, struct mok_val *root, const char *path)
{
	const char *dot = strrchr(path, '.');
	const char *parent = dot ? mok_arena_strndup(m->arena, path, (size_t)(dot - path)) : NULL;
	const struct mok_val *at = parent ? mok_val_at(root, parent) : root;
	struct mok_val rest;

	if (!at)
		return;
	rest = masto_without(m->arena, at, dot ? dot + 1 : path);
	if (parent)
		masto_put(m, root, parent, rest);
	else
		*root = rest;
}

void masto_push(struct masto *m, struct mok_val *root, const char *path, struct mok_val v)
{
	const struct mok_val *at = mok_val_at(root, path);
	struct mok_val list = { .type = MOK_LIST, .at = m->at };

	if (at)
		list = *at;
	mok_val_append(m->arena, &list, v);
	masto_put(m, root, path, list);
}

/* ---- resources ---- */

bool masto_has_block(const struct masto *m, const char *address)
{
	return mok_val_get(m->blocks, address) ||
		mok_map_get(m->stack->by_address, address) != NULL;
}

static struct mok_val texts(struct masto *m, const char *const *list)
{
	struct mok_val out = { .type = MOK_LIST, .at = m->at };

	for (size_t i = 0; list && list[i]; i++)
		if (masto_has_block(m, list[i]))
			mok_val_append(m->arena, &out, masto_format(m, "%s", list[i]));
	return out;
}

void masto_add_block(
	struct masto *m, const char *address, struct mok_val block, const char *const *needs)
{
	struct mok_val depends = texts(m, needs);
	struct mok_diag *d;

	if (mok_map_get(m->stack->by_address, address)) {
		d = mok_diag_add(m->diags, "E0902", m->at,
			"the block makes a resource \"%s\", and the plan has one too", address);
		mok_diag_hint(m->diags, d, "give yours another address");
		return;
	}
	if (depends.u.list.len > 0)
		mok_val_set(m->arena, &block, "depends_on", depends);
	block.at = m->at;
	mok_val_set(m->arena, m->blocks, address, block);
}

static void add_labels(struct masto *m, struct mok_val *manifest, const struct masto_object *object)
{
	const struct mok_val *have = mok_val_at(manifest, "metadata.labels");
	struct mok_val labels = { .type = MOK_MAP, .at = m->at };

	if (have)
		labels = *have;
	mok_val_set(m->arena, &labels, "app.kubernetes.io/name", masto_format(m, "mastodon"));
	mok_val_set(m->arena, &labels, "app.kubernetes.io/instance",
		masto_format(m, "%s", m->stack->name ? m->stack->name : "mastodon"));
	mok_val_set(m->arena, &labels, "app.kubernetes.io/part-of", masto_format(m, "mastodon"));
	mok_val_set(m->arena, &labels, "app.kubernetes.io/managed-by", masto_format(m, "mok"));
	if (object->component)
		mok_val_set(m->arena, &labels, "app.kubernetes.io/component",
			masto_format(m, "%s", object->component));
	/* Pods mount what is hashed: they roll for its content alone. */
	if (!object->hashed && !object->cluster_scoped)
		mok_val_set(m->arena, &labels, "app.kubernetes.io/version",
			masto_format(m, "%s", m->version));
	masto_put(m, manifest, "metadata.labels", labels);
}

void masto_add(struct masto *m, const struct masto_object *object, struct mok_val manifest)
{
	struct mok_val block = { .type = MOK_MAP, .at = m->at };
	struct mok_val ignored = { .type = MOK_LIST, .at = m->at };
	bool is_read_only;

	if (!object->cluster_scoped && !mok_val_at(&manifest, "metadata.namespace"))
		masto_put(m, &manifest, "metadata.namespace", masto_format(m, "%s", m->ns));
	add_labels(m, &manifest, object);
	is_read_only = masto_hand_over(m, &manifest);
	masto_patch(m, &manifest);
	mok_val_set(m->arena, &block, "kind", masto_format(m, "kubernetes_manifest"));
	mok_val_set(m->arena, &block, "cluster_id",
		masto_format(m, "${%s.id}", m->parts.cluster->address));
	if (object->hashed)
		mok_val_set(m->arena, &block, "name_suffix", masto_format(m, "hash"));
	if (object->no_wait)
		mok_val_set(m->arena, &block, "wait", mok_val_bool(false));
	if (object->takes_over)
		mok_val_set(m->arena, &block, "force_conflicts", mok_val_bool(true));
	if (object->stays)
		mok_val_set(m->arena, &block, "retain", mok_val_bool(true));
	if (object->fills)
		mok_val_set(m->arena, &block, "fills", masto_format(m, "%s", object->fills));
	if (is_read_only)
		mok_val_set(m->arena, &block, "read_only", mok_val_bool(true));
	mok_val_set(m->arena, &block, "manifest", manifest);
	if (object->once) {
		mok_val_append(m->arena, &ignored, masto_format(m, "manifest"));
		mok_val_set(m->arena, &block, "ignore_changes", ignored);
	}
	masto_add_block(m, object->address, block, object->needs);
}
