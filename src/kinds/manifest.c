#include "mok/manifest.h"

#include <string.h>

/* A text at a path; NULL: it is missing, something else, or not known. */
static const char *text_at(const struct mok_val *manifest, const char *path)
{
	const struct mok_val *v = mok_val_at(manifest, path);

	return v && v->type == MOK_STR && v->u.s[0] ? v->u.s : NULL;
}

static bool read_type(
	struct mok_arena *arena, const struct mok_val *manifest, struct mok_manifest_id *out)
{
	const char *version = text_at(manifest, "apiVersion"), *slash;
	const struct mok_val *ns = mok_val_at(manifest, "metadata.namespace");

	out->kind = text_at(manifest, "kind");
	if (!version || !out->kind || (ns && ns->type != MOK_STR && ns->type != MOK_NULL))
		return false;
	slash = strchr(version, '/');
	out->group = slash ? mok_arena_strndup(arena, version, (size_t)(slash - version)) : "";
	out->version = slash ? slash + 1 : version;
	out->ns = ns && ns->type == MOK_STR && strcmp(ns->u.s, "default") != 0 ? ns->u.s : "";
	return true;
}

bool mok_manifest_id(
	struct mok_arena *arena, const struct mok_val *manifest, struct mok_manifest_id *out)
{
	memset(out, 0, sizeof(*out));
	if (!manifest || manifest->type != MOK_MAP || !read_type(arena, manifest, out))
		return false;
	out->name = text_at(manifest, "metadata.name");
	return out->name != NULL;
}

const char *mok_manifest_collection(struct mok_arena *arena, const struct mok_val *manifest)
{
	struct mok_manifest_id id;

	if (!manifest || manifest->type != MOK_MAP || !read_type(arena, manifest, &id))
		return NULL;
	return mok_arena_printf(arena, "%s/%s/%s", id.group, id.kind, id.ns);
}

const char *mok_manifest_key(struct mok_arena *arena, const struct mok_val *manifest)
{
	struct mok_manifest_id id;

	if (!mok_manifest_id(arena, manifest, &id))
		return NULL;
	return mok_arena_printf(arena, "%s%s%s/%s%s%s", id.kind, id.group[0] ? "." : "", id.group,
		id.ns, id.ns[0] ? "/" : "", id.name);
}

void mok_manifest_hash(const struct mok_val *manifest, char out[65])
{
	struct mok_buf text;

	mok_buf_init(&text, (size_t)16 << 20);
	mok_val_canonical(manifest, &text);
	mok_sha256_hex(text.data, text.len, out);
	mok_buf_release(&text);
}
