#include "mastodon_internal.h"

#include <stdlib.h>
#include <string.h>

/* What all pods of Mastodon share, put into the base manifests. */

const char *masto_image(struct masto *m, bool streaming)
{
	const char *name = masto_text(m, streaming ? "images.streaming" : "images.web");
	const char *digest =
		masto_text(m, streaming ? "images.streaming_digest" : "images.web_digest");

	if (!name)
		name = streaming ? "ghcr.io/mastodon/mastodon-streaming"
				 : "ghcr.io/mastodon/mastodon";
	if (!digest && strcmp(masto_str(m, "images.pin", "digest"), "digest") == 0)
		return mok_arena_printf(m->arena, "${image[\"%s:v%s\"]}",
			masto_str(m, streaming ? "images.streaming" : "images.web", name),
			m->version);
	return mok_arena_printf(
		m->arena, "%s:v%s%s%s", name, m->version, digest ? "@" : "", digest ? digest : "");
}

const char *masto_image_of(struct masto *m, const char *path, const char *tag)
{
	const char *name = masto_given(m, path);

	if (strcmp(masto_str(m, "images.pin", "digest"), "tag") == 0)
		return mok_arena_printf(m->arena, "%s:%s", name, tag);
	return mok_arena_printf(m->arena, "${image[\"%s:%s\"]}", masto_str(m, path, name), tag);
}

static const char *below(struct masto *m, const struct masto_pod *pod, const char *path)
{
	return mok_arena_printf(m->arena, "%s.%s", pod->path, path);
}

static size_t list_len(const struct mok_val *manifest, const char *path)
{
	const struct mok_val *list = mok_val_at(manifest, path);

	return list && list->type == MOK_LIST ? list->u.list.len : 0;
}

static void set_images(struct masto *m, struct mok_val *manifest, const struct masto_pod *pod)
{
	static const char *const lists[] = { "initContainers", "containers" };

	for (size_t l = 0; l < MOK_COUNT(lists); l++)
		for (size_t i = 0; i < list_len(manifest, below(m, pod, lists[l])); i++)
			masto_put(m, manifest,
				mok_arena_printf(
					m->arena, "%s.%s.%zu.image", pod->path, lists[l], i),
				masto_format(m, "%s", masto_image(m, !pod->ruby)));
}

static void set_env(struct masto *m, struct mok_val *manifest, const struct masto_pod *pod)
{
	masto_put(m, manifest, below(m, pod, "containers.0.envFrom.0.configMapRef.name"),
		masto_format(m, "${mastodon_%s_config.name}", pod->tier));
	masto_put(m, manifest, below(m, pod, "containers.0.envFrom.1.secretRef.name"),
		masto_format(m, "${mastodon_%s_secret.name}", pod->tier));
	masto_put(m, manifest, below(m, pod, "volumes.0.configMap.name"),
		masto_format(m, "${mastodon_ca.name}"));
}

/* ---- where pods run ---- */

static const struct mok_resource *pool_resource(const struct masto *m, const char *word)
{
	const struct mok_resource *r = mok_map_get(m->stack->by_address, word);

	if (r && strcmp(r->kind->name, "kubernetes_node_pool") == 0)
		return r;
	for (size_t i = 0; i < m->stack->resources.len; i++) {
		struct mok_val fields;

		r = &m->stack->resources.items[i];
		if (strcmp(r->kind->name, "kubernetes_node_pool") != 0)
			continue;
		fields = masto_fields_of(m, r);
		if (mok_streq(mok_val_get_str(&fields, "name"), word))
			return r;
	}
	return NULL;
}

/* Pods that must run in a pool tolerate what keeps others out of it. */
static void tolerate(struct masto *m, struct mok_val *manifest, const struct masto_pod *pod,
	const struct mok_resource *pool)
{
	struct mok_val fields = masto_fields_of(m, pool);
	const struct mok_val *taints = mok_val_get(&fields, "taints");

	for (size_t i = 0; taints && taints->type == MOK_LIST && i < taints->u.list.len; i++) {
		const struct mok_val *taint = &taints->u.list.items[i];
		const char *value = mok_val_get_str(taint, "value");
		struct mok_val t = { .type = MOK_MAP };

		if (!mok_val_get(taint, "key") || !mok_val_get(taint, "effect"))
			continue; /* said where node pools are checked */
		mok_val_set(m->arena, &t, "key", *mok_val_get(taint, "key"));
		mok_val_set(m->arena, &t, "operator", masto_format(m, value ? "Equal" : "Exists"));
		if (value)
			mok_val_set(m->arena, &t, "value", *mok_val_get(taint, "value"));
		mok_val_set(m->arena, &t, "effect", *mok_val_get(taint, "effect"));
		masto_push(m, manifest, below(m, pod, "tolerations"), t);
	}
}

static void add_term(struct masto *m, struct mok_val *manifest, const struct masto_pod *pod,
	const char *label, const char *value)
{
	struct mok_val expression = { .type = MOK_MAP }, term = { .type = MOK_MAP };
	struct mok_val values = { .type = MOK_LIST, .at = m->at };

	mok_val_append(m->arena, &values, masto_format(m, "%s", value));
	mok_val_set(m->arena, &expression, "key", masto_format(m, "%s", label));
	mok_val_set(m->arena, &expression, "operator", masto_format(m, "In"));
	mok_val_set(m->arena, &expression, "values", values);
	masto_push(m, &term, "matchExpressions", expression);
	masto_push(m, manifest,
		below(m, pod,
			"affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
			"nodeSelectorTerms"),
		term);
}

/* One term or the other: the nodes of a pool that replaced another, and took its name afterwards,
 * may have the label of the name before. */
static void set_node_pool(struct masto *m, struct mok_val *manifest, const struct masto_pod *pod)
{
	const char *word =
		masto_str(m, mok_arena_printf(m->arena, "%s.node_pool", pod->settings), NULL);
	const struct mok_resource *pool = word ? pool_resource(m, word) : NULL;

	if (!pool)
		return;
	add_term(m, manifest, pod, "doks.digitalocean.com/node-pool",
		mok_arena_printf(m->arena, "${%s.name}", pool->address));
	add_term(m, manifest, pod, "doks.digitalocean.com/node-pool-id",
		mok_arena_printf(m->arena, "${%s.id}", pool->address));
	tolerate(m, manifest, pod, pool);
}

/* ---- resources ---- */

struct mok_val masto_quantity(
	struct masto *m, int64_t n, int64_t many, const char *unit, const char *next)
{
	bool whole = n > 0 && n % many == 0;

	return masto_format(m, "%lld%s", (long long)(whole ? n / many : n), whole ? next : unit);
}

static struct mok_val as_api_writes(struct masto *m, const char *text)
{
	char *unit;
	long long n = strtoll(text, &unit, 10);

	if (strcmp(unit, "Mi") == 0)
		return masto_quantity(m, n, 1024, "Mi", "Gi");
	if (strcmp(unit, "m") == 0)
		return masto_quantity(m, n, 1000, "m", "");
	return masto_format(m, "%s", text);
}

static void set_resources(struct masto *m, struct mok_val *manifest, const struct masto_pod *pod)
{
	static const char *const paths[] = { "requests.cpu", "requests.memory", "limits.cpu",
		"limits.memory" };

	for (size_t i = 0; i < MOK_COUNT(paths); i++) {
		const char *value = masto_text(
			m, mok_arena_printf(m->arena, "%s.resources.%s", pod->settings, paths[i]));

		if (value)
			masto_put(m, manifest,
				mok_arena_printf(m->arena, "%s.containers.0.resources.%s",
					pod->path, paths[i]),
				as_api_writes(m, value));
	}
}

/* ---- a read-only root file system ---- */

static struct mok_val mount(struct masto *m, const char *path, const char *sub_path)
{
	struct mok_val v = { .type = MOK_MAP, .at = m->at };

	mok_val_set(m->arena, &v, "name", masto_format(m, "scratch"));
	mok_val_set(m->arena, &v, "mountPath", masto_format(m, "%s", path));
	if (sub_path)
		mok_val_set(m->arena, &v, "subPath", masto_format(m, "%s", sub_path));
	return v;
}

/*
 * The image's tmp holds a cache that a mount would hide, so it is copied. Ruby refuses a temporary
 * folder that all may write to without the sticky bit, which a volume under fsGroup is: hence a
 * folder in it, closed to others. https://github.com/kubernetes/kubernetes/issues/110835
 */
static void set_read_only(struct masto *m, struct mok_val *manifest, const struct masto_pod *pod)
{
	struct mok_val copy = *mok_val_at(manifest, below(m, pod, "initContainers.0"));
	struct mok_val volume = { .type = MOK_MAP, .at = m->at }, mounts = { .type = MOK_LIST };
	struct mok_val command = { .type = MOK_LIST };

	mok_val_append(m->arena, &command, masto_format(m, "sh"));
	mok_val_append(m->arena, &command, masto_format(m, "-c"));
	mok_val_append(m->arena, &command,
		masto_format(m,
			"mkdir -m 0700 -p /scratch/tmp && cp -a /opt/mastodon/tmp /scratch/app"));
	mok_val_append(m->arena, &mounts, mount(m, "/scratch", NULL));
	masto_put(m, &copy, "name", masto_format(m, "scratch"));
	masto_put(m, &copy, "command", command);
	masto_put(m, &copy, "volumeMounts", mounts);
	masto_push(m, manifest, below(m, pod, "initContainers"), copy);
	masto_push(m, manifest, below(m, pod, "containers.0.volumeMounts"),
		mount(m, "/opt/mastodon/tmp", "app"));
	masto_push(
		m, manifest, below(m, pod, "containers.0.volumeMounts"), mount(m, "/tmp", "tmp"));
	masto_put(m, &volume, "name", masto_format(m, "scratch"));
	masto_put(m, &volume, "emptyDir.sizeLimit", masto_format(m, "2Gi"));
	masto_push(m, manifest, below(m, pod, "volumes"), volume);
	masto_put(m, manifest, below(m, pod, "containers.0.securityContext.readOnlyRootFilesystem"),
		mok_val_bool(true));
}

void masto_pod(struct masto *m, struct mok_val *manifest, const struct masto_pod *pod)
{
	set_images(m, manifest, pod);
	set_env(m, manifest, pod);
	if (pod->settings) {
		set_node_pool(m, manifest, pod);
		set_resources(m, manifest, pod);
	}
	if (pod->ruby && masto_searches(m, "eck"))
		masto_eck_pod(m, manifest, pod->path);
	if (pod->ruby && masto_bool(m, "read_only_root", false))
		set_read_only(m, manifest, pod);
}
