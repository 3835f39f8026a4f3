#include "kubernetes.h"

#include <stdio.h>
#include <string.h>

/* https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery */

static const char *dup(struct mok_arena *arena, const char *s)
{
	return mok_arena_strdup(arena, s ? s : "");
}

struct reading {
	struct mok_arena *arena;
	struct mok_map *table;
	struct mok_map *seen; /* group/kind, of this document: the preferred version comes first */
};

static void add_resource(
	struct reading *d, const char *group, const char *version, const cJSON *json)
{
	struct mok_arena *arena = d->arena;
	struct k8s_resource *r;
	const char *plural = mok_json_str(json, "resource");
	const char *kind = mok_json_str(json, "responseKind.kind");
	const char *key, *exact;

	if (!plural || !kind || !*kind)
		return;
	r = MOK_NEW(arena, struct k8s_resource);
	*r = (struct k8s_resource){ .group = dup(arena, group),
		.version = dup(arena, version),
		.kind = dup(arena, kind),
		.plural = dup(arena, plural),
		.namespaced = mok_streq(mok_json_str(json, "scope"), "Namespaced") };
	key = mok_arena_printf(arena, "%s/%s", group, kind);
	exact = mok_arena_printf(arena, "%s/%s/%s", group, kind, version);
	if (!mok_map_get(d->seen, key))
		mok_map_put(d->table, key, r);
	mok_map_put(d->seen, key, r);
	mok_map_put(d->table, exact, r);
}

static void add_group(struct reading *d, const cJSON *group)
{
	const char *name = mok_json_str(group, "metadata.name");
	const cJSON *version, *resource;

	cJSON_ArrayForEach(version, cJSON_GetObjectItemCaseSensitive(group, "versions"))
	{
		const char *v = mok_json_str(version, "version");

		cJSON_ArrayForEach(resource, cJSON_GetObjectItemCaseSensitive(version, "resources"))
		{
			if (v)
				add_resource(d, name ? name : "", v, resource);
		}
	}
}

void k8s_discovery_add(struct mok_arena *arena, struct mok_map *table, const cJSON *json)
{
	struct reading d = { arena, table, mok_map_new(arena) };
	const cJSON *group;

	cJSON_ArrayForEach(group, cJSON_GetObjectItemCaseSensitive(json, "items"))
	{
		add_group(&d, group);
	}
}

const struct k8s_resource *k8s_discovery_find(
	const struct mok_map *table, const char *group, const char *kind, const char *version)
{
	char key[512];
	int n = version ? snprintf(key, sizeof(key), "%s/%s/%s", group, kind, version)
			: snprintf(key, sizeof(key), "%s/%s", group, kind);

	return table && n < (int)sizeof(key) ? mok_map_get(table, key) : NULL;
}

const char *k8s_path(struct mok_arena *arena, const struct k8s_resource *resource, const char *ns,
	const char *name)
{
	const char *path;
	struct mok_buf out;

	mok_buf_init(&out, 4096);
	if (resource->group[0])
		mok_buf_printf(&out, "/apis/%s/%s", resource->group, resource->version);
	else
		mok_buf_printf(&out, "/api/%s", resource->version);
	if (resource->namespaced) {
		mok_buf_puts(&out, "/namespaces/");
		mok_buf_add_url(&out, ns && *ns ? ns : "default", false);
	}
	mok_buf_printf(&out, "/%s", resource->plural);
	if (name) {
		mok_buf_putc(&out, '/');
		mok_buf_add_url(&out, name, false);
	}
	path = mok_arena_strdup(arena, out.data);
	mok_buf_release(&out);
	return path;
}
