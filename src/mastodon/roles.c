#include "mastodon_internal.h"

#include <stdlib.h>
#include <string.h>

/* What the parts of an instance are, told by what they look like, wanted or live. */

/* ---- kinds of resources ---- */

static const struct {
	const char *kind;
	enum mok_role role;
} roles[] = {
	{ "kubernetes_cluster", MOK_ROLE_CLUSTER },
	{ "kubernetes_node_pool", MOK_ROLE_NODES },
	{ "database_cluster", MOK_ROLE_DATABASE },
	{ "kubernetes_manifest", MOK_ROLE_OBJECT },
};

enum mok_role mok_role_of(const struct mok_kind *kind)
{
	for (size_t i = 0; i < MOK_COUNT(roles); i++)
		if (strcmp(roles[i].kind, kind->name) == 0)
			return roles[i].role;
	return MOK_ROLE_OTHER;
}

/* ---- objects ---- */

static const char *text_at(const struct mok_val *object, const char *path)
{
	const struct mok_val *v = mok_val_at(object, path);

	return v && v->type == MOK_STR ? v->u.s : "";
}

static const char *label(const struct mok_val *labels, const char *name)
{
	const char *text = labels && labels->type == MOK_MAP ? mok_val_get_str(labels, name) : NULL;

	return text ? text : "";
}

static bool serves_scheduler(const struct mok_val *object)
{
	const struct mok_val *args = mok_val_at(object, "spec.template.spec.containers.0.args");

	for (size_t i = 0; args && args->type == MOK_LIST && i < args->u.list.len; i++) {
		const struct mok_val *v = &args->u.list.items[i];

		if (v->type == MOK_STR && mok_starts(v->u.s, "scheduler") &&
			(!v->u.s[9] || v->u.s[9] == ','))
			return true;
	}
	return false;
}

static enum mok_tier deployment(const struct mok_val *object, const char *component)
{
	if (strcmp(component, "web") == 0)
		return MOK_TIER_WEB;
	if (strcmp(component, "streaming") == 0)
		return MOK_TIER_STREAMING;
	if (!mok_starts(component, "sidekiq-"))
		return MOK_TIER_REST;
	return serves_scheduler(object) ? MOK_TIER_SCHEDULER : MOK_TIER_SIDEKIQ;
}

enum mok_tier mok_mastodon_tier(const struct mok_val *object)
{
	const struct mok_val *labels = mok_val_at(object, "metadata.labels");
	const char *kind = text_at(object, "kind");

	if (strcmp(label(labels, "app.kubernetes.io/part-of"), "mastodon") != 0)
		return MOK_TIER_NONE;
	if (strcmp(kind, "Deployment") == 0)
		return deployment(object, label(labels, "app.kubernetes.io/component"));
	if (strcmp(kind, "ConfigMap") == 0 || strcmp(kind, "Secret") == 0)
		return MOK_TIER_CONFIG;
	if (strcmp(kind, "Job") == 0)
		return MOK_TIER_JOB;
	return MOK_TIER_REST;
}

/* ---- versions ---- */

static bool is_version(const char *text)
{
	int numbers = 0;

	for (const char *p = text; *p >= '0' && *p <= '9'; p += *p == '.') {
		p += strspn(p, "0123456789");
		numbers++;
		if (*p != '.')
			break;
	}
	return numbers >= 2;
}

static const char *tag_version(struct mok_arena *arena, const char *image)
{
	const char *slash = strrchr(image, '/'), *tag = strchr(slash ? slash : image, ':');

	if (!tag)
		return NULL;
	tag += 1 + (tag[1] == 'v');
	return is_version(tag) ? mok_arena_strndup(arena, tag, strcspn(tag, "@")) : NULL;
}

const char *mok_mastodon_version(struct mok_arena *arena, const struct mok_val *object)
{
	static const char *const images[] = { "spec.template.spec.containers.0.image",
		"spec.containers.0.image" };
	const char *version = NULL;

	for (size_t i = 0; i < MOK_COUNT(images) && !version; i++)
		version = tag_version(arena, text_at(object, images[i]));
	if (!version)
		version = label(mok_val_at(object, "metadata.labels"), "app.kubernetes.io/version");
	return *version ? version : NULL;
}
