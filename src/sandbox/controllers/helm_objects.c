/* The objects of a release, as Helm makes, compares and deletes them. Whether they are ready is
 * asked in the way of kstatus: of the workloads by their counts, of the rest by what they say. */
#include "helm.h"

#include <stdio.h>
#include <string.h>

#define AGENT "helm"

/* ---- where they are ---- */

/* Kubernetes' own rule for a kind's plural. */
static const char *plural_of(struct mok_arena *arena, const char *kind)
{
	char *word = mok_arena_printf(arena, "%s__", kind);
	size_t len = strlen(kind);

	for (char *p = word; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	word[len] = '\0';
	if (mok_ends(word, "s"))
		return mok_arena_printf(arena, "%ses", word);
	if (mok_ends(word, "y") && !mok_ends(word, "ay"))
		return mok_arena_printf(arena, "%.*sies", (int)len - 1, word);
	return mok_arena_printf(arena, "%ss", word);
}

static const char *path_of(struct sb_kube *k, const cJSON *object)
{
	return sb_ctl_path(k, object, plural_of(k->ctx->arena, sb_ctl_str(object, "kind")), NULL);
}

static const char *title_of(struct sb_kube *k, const cJSON *object)
{
	return mok_arena_printf(k->ctx->arena, "%s \"%s\" in namespace \"%s\"",
		sb_ctl_str(object, "kind"), sb_ctl_str(object, "metadata.name"),
		sb_ctl_str(object, "metadata.namespace"));
}

/* "apps/v1, Kind=Deployment" */
static const char *type_of(struct sb_kube *k, const cJSON *object)
{
	const char *version = sb_ctl_str(object, "apiVersion");

	return mok_arena_printf(k->ctx->arena, "%s%s, Kind=%s", strchr(version, '/') ? "" : "/",
		version, sb_ctl_str(object, "kind"));
}

static bool is_same(const cJSON *a, const cJSON *b)
{
	static const char *const paths[] = { "kind", "metadata.namespace", "metadata.name" };
	const char *one = sb_ctl_str(a, "apiVersion"), *other = sb_ctl_str(b, "apiVersion");
	size_t len = strcspn(one, "/");

	for (size_t i = 0; i < MOK_COUNT(paths); i++)
		if (strcmp(sb_ctl_str(a, paths[i]), sb_ctl_str(b, paths[i])) != 0)
			return false;
	/* The version may be another, not the group. */
	return len == strcspn(other, "/") && strncmp(one, other, len) == 0;
}

static bool is_among(const cJSON *objects, const cJSON *object)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, objects) if (is_same(one, object)) return true;
	return false;
}

static bool is_kept(const cJSON *object)
{
	const cJSON *notes = mok_json_at(object, "metadata.annotations");

	return mok_streq(sb_get_str(notes, "helm.sh/resource-policy"), "keep");
}

/* ---- manifests ---- */

char *helm_manifest_text(struct sb_ctx *ctx, const char *chart, const cJSON *objects)
{
	struct mok_buf out;
	const cJSON *object;
	char *text;

	mok_buf_init(&out, (size_t)8 << 20);
	cJSON_ArrayForEach(object, objects)
	{
		char *json = cJSON_PrintUnformatted(object);

		mok_buf_printf(&out, "---\n# Source: %s/templates/%s.yaml\n%s\n", chart,
			plural_of(ctx->arena, sb_ctl_str(object, "kind")), json);
		cJSON_free(json);
	}
	text = mok_xstrdup(out.data);
	mok_buf_release(&out);
	return text;
}

static void add_document(cJSON *out, const char *text, size_t len)
{
	cJSON *object = mok_apiserver_yaml(text, len);

	if (cJSON_IsObject(object) && sb_get_str(object, "kind"))
		cJSON_AddItemToArray(out, object);
	else
		cJSON_Delete(object);
}

cJSON *helm_manifest_read(const char *text)
{
	cJSON *out = cJSON_CreateArray();

	while (*text) {
		const char *end = strstr(text, "\n---");

		add_document(out, text, end ? (size_t)(end - text) : strlen(text));
		text = end ? end + 4 : text + strlen(text);
	}
	return out;
}

/* ---- whose they are ---- */

static const char *misses(
	struct sb_kube *k, const cJSON *members, const char *key, const char *wanted)
{
	const char *is = sb_get_str(members, key);

	if (!is)
		return mok_arena_printf(
			k->ctx->arena, "missing key \"%s\": must be set to \"%s\"", key, wanted);
	return mok_streq(is, wanted) ? NULL
				     : mok_arena_printf(k->ctx->arena,
					       "key \"%s\" must equal \"%s\": current value is "
					       "\"%s\"",
					       key, wanted, is);
}

static const char *foreign(struct sb_kube *k, const struct helm_release *release, const cJSON *have)
{
	const cJSON *labels = mok_json_at(have, "metadata.labels");
	const cJSON *notes = mok_json_at(have, "metadata.annotations");
	const struct {
		const char *what, *why;
	} checks[] = {
		{ "label", misses(k, labels, "app.kubernetes.io/managed-by", "Helm") },
		{ "annotation", misses(k, notes, "meta.helm.sh/release-name", release->name) },
		{ "annotation", misses(k, notes, "meta.helm.sh/release-namespace", release->ns) },
	};
	const char *all = NULL;

	for (size_t i = 0; i < MOK_COUNT(checks); i++)
		if (checks[i].why)
			all = mok_arena_printf(k->ctx->arena, "%s%s%s validation error: %s",
				all ? all : "", all ? "; " : "", checks[i].what, checks[i].why);
	return all;
}

const char *helm_objects_foreign(
	struct sb_kube *k, const struct helm_release *release, const cJSON *objects)
{
	const cJSON *object;

	cJSON_ArrayForEach(object, objects)
	{
		const cJSON *have = sb_ctl_get(k, path_of(k, object));
		const char *why = have ? foreign(k, release, have) : NULL;

		if (why)
			return mok_arena_printf(k->ctx->arena,
				"%s exists and cannot be imported into the current release: "
				"invalid ownership metadata; %s",
				title_of(k, object), why);
	}
	return NULL;
}

static cJSON *marked(const struct helm_release *release, const cJSON *object)
{
	cJSON *copy = cJSON_Duplicate(object, true), *meta = mok_json_object(copy, "metadata"),
	      *notes;

	sb_set_str(mok_json_object(meta, "labels"), "app.kubernetes.io/managed-by", "Helm");
	notes = mok_json_object(meta, "annotations");
	sb_set_str(notes, "meta.helm.sh/release-name", release->name);
	sb_set_str(notes, "meta.helm.sh/release-namespace", release->ns);
	return copy;
}

/* ---- making and deleting ---- */

static const char *apply_one(
	struct sb_kube *k, const struct helm_release *release, const cJSON *object, bool force)
{
	struct sb_ctl_answer answer = sb_ctl_write(k, AGENT, "APPLY",
		mok_arena_printf(k->ctx->arena, "%s?fieldManager=helm%s", path_of(k, object),
			force ? "&force=true" : ""),
		release ? marked(release, object) : cJSON_Duplicate(object, true));

	if (answer.status < 400)
		return NULL;
	return mok_arena_printf(k->ctx->arena, "%s %s/%s %s: %s",
		answer.status == 409 ? "conflict occurred while applying object"
				     : "server-side apply failed for object",
		sb_ctl_str(object, "metadata.namespace"), sb_ctl_str(object, "metadata.name"),
		type_of(k, object), sb_ctl_str(answer.json, "message"));
}

const char *helm_objects_apply(struct sb_kube *k, const struct helm_release *release,
	const cJSON *before, const cJSON *objects, bool force)
{
	const char *wrong = NULL;
	const cJSON *object;

	cJSON_ArrayForEach(object, objects)
	{
		wrong = apply_one(k, release, object, force);
		if (wrong)
			return wrong;
	}
	cJSON_ArrayForEach(object, before) if (!is_among(objects, object) && !is_kept(object))
		sb_ctl_write(k, AGENT, "DELETE", path_of(k, object), NULL);
	return NULL;
}

void helm_objects_crds(struct sb_kube *k, const cJSON *crds)
{
	const cJSON *crd;

	cJSON_ArrayForEach(crd, crds) if (!sb_ctl_get(k, path_of(k, crd)))(void)
		apply_one(k, NULL, crd, false);
}

const char *helm_objects_delete(struct sb_kube *k, const cJSON *objects)
{
	const char *kept = "";

	for (int i = cJSON_GetArraySize(objects); i-- > 0;) {
		const cJSON *object = cJSON_GetArrayItem(objects, i);

		if (is_kept(object))
			kept = mok_arena_printf(k->ctx->arena, "[%s] %s\n%s",
				sb_ctl_str(object, "kind"), sb_ctl_str(object, "metadata.name"),
				kept);
		else
			sb_ctl_write(k, AGENT, "DELETE", path_of(k, object), NULL);
	}
	return kept;
}

/* ---- are they ready? ---- */

/* Counts that must be equal, in the order in which kstatus looks at them. */
struct count {
	const char *kind, *label, *is, *wanted;
};

static const struct count counts[] = {
	{ "Deployment", "Replicas", "status.replicas", "spec.replicas" },
	{ "Deployment", "Updated", "status.updatedReplicas", "spec.replicas" },
	{ "Deployment", "Available", "status.availableReplicas", "status.updatedReplicas" },
	{ "Deployment", "Ready", "status.readyReplicas", "spec.replicas" },
	{ "StatefulSet", "Replicas", "status.replicas", "spec.replicas" },
	{ "StatefulSet", "Ready", "status.readyReplicas", "spec.replicas" },
	{ "DaemonSet", "Current", "status.currentNumberScheduled",
		"status.desiredNumberScheduled" },
	{ "DaemonSet", "Updated", "status.updatedNumberScheduled",
		"status.desiredNumberScheduled" },
	{ "DaemonSet", "Available", "status.numberAvailable", "status.desiredNumberScheduled" },
	{ "DaemonSet", "Ready", "status.numberReady", "status.desiredNumberScheduled" },
};

struct verdict {
	const char *status, *message; /* status NULL: it is fine */
};

static struct verdict in_progress(const char *message)
{
	return (struct verdict){ "InProgress", message };
}

static struct verdict judge_counts(struct sb_kube *k, const cJSON *have)
{
	const char *kind = sb_ctl_str(have, "kind");

	for (size_t i = 0; i < MOK_COUNT(counts); i++) {
		int64_t is, wanted;

		if (strcmp(counts[i].kind, kind) != 0)
			continue;
		is = mok_json_int(have, counts[i].is, 0);
		wanted = mok_json_int(have, counts[i].wanted, 0);
		if (is != wanted)
			return in_progress(mok_arena_printf(k->ctx->arena, "%s: %lld/%lld",
				counts[i].label, (long long)is, (long long)wanted));
	}
	return (struct verdict){ NULL, NULL };
}

static bool has_counts(const char *kind)
{
	for (size_t i = 0; i < MOK_COUNT(counts); i++)
		if (strcmp(counts[i].kind, kind) == 0)
			return true;
	return false;
}

static struct verdict judge_kind(struct sb_kube *k, const cJSON *have)
{
	const char *kind = sb_ctl_str(have, "kind"), *phase = sb_ctl_str(have, "status.phase");
	const cJSON *progress = sb_ctl_condition(have, "Progressing");
	const cJSON *ready = sb_ctl_condition(have, "Ready");

	if (has_counts(kind) &&
		mok_streq(mok_json_str(progress, "reason"), "ProgressDeadlineExceeded"))
		return (struct verdict){ "Failed", "Progress deadline exceeded" };
	if (has_counts(kind))
		return judge_counts(k, have);
	if (strcmp(kind, "PersistentVolumeClaim") == 0 && strcmp(phase, "Bound") != 0)
		return in_progress(
			mok_arena_printf(k->ctx->arena, "PVC is not Bound. phase: %s", phase));
	if (strcmp(kind, "CustomResourceDefinition") == 0 && !sb_ctl_is_true(have, "Established"))
		return in_progress("Install in progress");
	if (ready && mok_streq(mok_json_str(ready, "status"), "False"))
		return in_progress(sb_ctl_str(ready, "message"));
	return (struct verdict){ NULL, NULL };
}

static struct verdict judge(struct sb_kube *k, const cJSON *object)
{
	const cJSON *have = sb_ctl_get(k, path_of(k, object));
	int64_t generation, seen;

	if (!have)
		return (struct verdict){ "NotFound", "Resource not found" };
	if (*sb_ctl_str(have, "metadata.deletionTimestamp"))
		return (struct verdict){ "Terminating", "Resource scheduled for deletion" };
	generation = mok_json_int(have, "metadata.generation", 0);
	seen = mok_json_int(have, "status.observedGeneration",
		has_counts(sb_ctl_str(have, "kind")) ? 0 : generation);
	if (seen != generation)
		return in_progress(mok_arena_printf(k->ctx->arena,
			"%s generation is %lld, but latest observed generation is %lld",
			sb_ctl_str(have, "kind"), (long long)generation, (long long)seen));
	return judge_kind(k, have);
}

static const char *add_line(
	struct sb_kube *k, const char *all, const cJSON *object, const char *rest)
{
	return mok_arena_printf(k->ctx->arena, "%s%sresource %s/%s/%s %s", all ? all : "",
		all ? "\n" : "", sb_ctl_str(object, "kind"),
		sb_ctl_str(object, "metadata.namespace"), sb_ctl_str(object, "metadata.name"),
		rest);
}

const char *helm_objects_unready(struct sb_kube *k, const cJSON *objects)
{
	const char *all = NULL;
	const cJSON *object;

	cJSON_ArrayForEach(object, objects)
	{
		struct verdict verdict = judge(k, object);

		if (verdict.status)
			all = add_line(k, all, object,
				mok_arena_printf(k->ctx->arena,
					"not ready. status: %s, message: %s", verdict.status,
					verdict.message));
	}
	return all;
}

const char *helm_objects_left(struct sb_kube *k, const cJSON *objects)
{
	const char *all = NULL;
	const cJSON *object;

	cJSON_ArrayForEach(object, objects)
	{
		if (is_kept(object) || !sb_ctl_get(k, path_of(k, object)))
			continue;
		all = add_line(k, all, object,
			"still exists. status: Terminating, message: Resource scheduled for "
			"deletion");
	}
	return all;
}
