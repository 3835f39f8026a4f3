/* ConfigMaps and Secrets that a pod needs before it can start. */
#include "kubelet.h"

#include <string.h>

static const cJSON *fetch(struct kubelet *kl, const char *plural, const char *name)
{
	return sb_ctl_get(kl->k,
		mok_arena_printf(kl->k->ctx->arena, "/api/v1/namespaces/%s/%s/%s",
			sb_ctl_str(kl->pod, "metadata.namespace"), plural, name));
}

/* kind: "configmap". The reference's own name, and its key if it has one. */
static const char *lacks(
	struct kubelet *kl, const char *kind, const cJSON *reference, const char *name)
{
	struct mok_arena *arena = kl->k->ctx->arena;
	const char *key = mok_json_str(reference, "key");
	const cJSON *object;

	if (!reference || mok_json_bool(reference, "optional", false))
		return NULL;
	object = fetch(kl, mok_arena_printf(arena, "%ss", kind), name);
	if (!object)
		return mok_arena_printf(arena, "%s \"%s\" not found", kind, name);
	if (!key || cJSON_GetObjectItemCaseSensitive(mok_json_at(object, "data"), key) ||
		cJSON_GetObjectItemCaseSensitive(mok_json_at(object, "binaryData"), key))
		return NULL;
	return mok_arena_printf(arena, "couldn't find key %s in %s %s/%s", key,
		*kind == 'c' ? "ConfigMap" : "Secret", sb_ctl_str(kl->pod, "metadata.namespace"),
		name);
}

static const char *lacks_named(struct kubelet *kl, const char *kind, const cJSON *reference)
{
	return lacks(kl, kind, reference, sb_ctl_str(reference, "name"));
}

/* A ConfigMap or a Secret, whichever stands at its path. */
static const char *lacks_either(
	struct kubelet *kl, const cJSON *object, const char *map, const char *secret)
{
	const char *why = lacks_named(kl, "configmap", mok_json_at(object, map));

	return why ? why : lacks_named(kl, "secret", mok_json_at(object, secret));
}

static const char *lacks_projected(struct kubelet *kl, const cJSON *projected)
{
	const cJSON *source;
	const char *why;

	cJSON_ArrayForEach(source, cJSON_GetObjectItemCaseSensitive(projected, "sources"))
	{
		why = lacks_either(kl, source, "configMap", "secret");
		if (why)
			return why;
	}
	return NULL;
}

const char *kubelet_lacks_volume(struct kubelet *kl, const char **volume)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, mok_json_at(kl->pod, "spec.volumes"))
	{
		const cJSON *secret = mok_json_at(one, "secret");
		const char *why = lacks_named(kl, "configmap", mok_json_at(one, "configMap"));

		if (!why)
			why = lacks(kl, "secret", secret, sb_ctl_str(secret, "secretName"));
		if (!why)
			why = lacks_projected(kl, mok_json_at(one, "projected"));
		*volume = sb_ctl_str(one, "name");
		if (why)
			return why;
	}
	return NULL;
}

const char *kubelet_lacks_config(struct kubelet *kl, const cJSON *container)
{
	const cJSON *one;
	const char *why = NULL;

	cJSON_ArrayForEach(one, mok_json_at(container, "envFrom"))
	{
		why = lacks_either(kl, one, "configMapRef", "secretRef");
		if (why)
			return why;
	}
	cJSON_ArrayForEach(one, mok_json_at(container, "env"))
	{
		why = lacks_either(kl, one, "valueFrom.configMapKeyRef", "valueFrom.secretKeyRef");
		if (why)
			return why;
	}
	return NULL;
}
