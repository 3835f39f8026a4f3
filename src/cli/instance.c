#include "instance.h"

#include <string.h>

#define METRICS_PORT "9394" /* of Sidekiq, and of the exporter beside Puma */

const char *instance_label(const struct mok_object *o, const char *name)
{
	const struct mok_val *labels = mok_val_at(&o->attrs, "object.metadata.labels");
	const char *text = labels && labels->type == MOK_MAP ? mok_val_get_str(labels, name) : NULL;

	return text ? text : "";
}

bool instance_is_of(const struct mok_object *o, const char *component)
{
	return strcmp(instance_label(o, "app.kubernetes.io/component"), component) == 0;
}

bool instance_is_record(const struct mok_object *o, const char *ns)
{
	const struct mok_val *object = cluster_object(o);

	return object && strcmp(cluster_str(object, "kind"), "ConfigMap") == 0 &&
		strcmp(cluster_str(object, "metadata.name"), INSTANCE_RECORD) == 0 &&
		strcmp(cluster_str(object, "metadata.namespace"), ns) == 0;
}

bool instance_is_tier(enum mok_tier tier)
{
	return tier == MOK_TIER_WEB || tier == MOK_TIER_STREAMING || tier == MOK_TIER_SIDEKIQ ||
		tier == MOK_TIER_SCHEDULER;
}

enum mok_tier instance_tier(const struct mok_change *c)
{
	const struct mok_val *manifest;

	if (mok_role_of(c->kind) != MOK_ROLE_OBJECT)
		return MOK_TIER_NONE;
	/* What no resource wants any more is what it looks like. */
	manifest = c->resource ? mok_val_get(&c->want, "manifest") : cluster_object(c->object);
	return manifest ? mok_mastodon_tier(manifest) : MOK_TIER_NONE;
}

static void take_web(struct session *s, struct instance *out, const struct mok_change *c)
{
	const struct mok_val *manifest = mok_val_get(&c->want, "manifest");
	const struct mok_val *live = c->object ? cluster_object(c->object) : NULL;
	const char *cluster = mok_val_get_str(&c->want, "cluster_id");

	out->cluster = (struct cluster){ s, c->kind, c->object ? c->object->parent_id : cluster };
	out->ns = cluster_str(manifest, "metadata.namespace");
	out->wanted = mok_mastodon_version(s->arena, manifest);
	out->running = live ? mok_mastodon_version(s->arena, live) : NULL;
}

static void take_domain(struct instance *out, const struct mok_change *c)
{
	const struct mok_val *data = mok_val_at(&c->want, "manifest.data");
	const char *web = data ? mok_val_get_str(data, "WEB_DOMAIN") : NULL;
	const char *local = data ? mok_val_get_str(data, "LOCAL_DOMAIN") : NULL;

	if (local) {
		out->local_domain = local;
		out->domain = web ? web : local;
	}
}

bool instance_find(struct session *s, struct instance *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < s->changes.list.len; i++) {
		const struct mok_change *c = &s->changes.list.items[i];
		enum mok_tier tier = c->resource ? instance_tier(c) : MOK_TIER_NONE;

		if (tier == MOK_TIER_WEB)
			take_web(s, out, c);
		else if (tier == MOK_TIER_CONFIG)
			take_domain(out, c);
	}
	return out->ns != NULL && out->domain;
}

int instance_list(const struct instance *i, const char *group_kind, struct cluster_objects *out,
	struct mok_err *err)
{
	const char *collection = mok_arena_printf(i->cluster.s->arena, "%s/%s", group_kind, i->ns);

	return cluster_list(&i->cluster, collection, out, err);
}

const char *instance_metrics_path(const struct instance *i, const char *pod)
{
	return mok_arena_printf(i->cluster.s->arena,
		"/api/v1/namespaces/%s/pods/%s:" METRICS_PORT "/proxy/metrics", i->ns, pod);
}
