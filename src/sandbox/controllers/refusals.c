/* What meets objects: faults of the fault file, of pods and of what is written to the API;
 * webhooks. */
#include "pods.h"

#include "refusals.h"

#include <stdio.h>
#include <string.h>

/* ---- pods ---- */

size_t sb_pod_names(
	struct mok_arena *arena, const cJSON *pod, struct sb_fault_object out[SB_POD_NAMES])
{
	const char *ns = mok_arena_strdup(arena, sb_ctl_str(pod, "metadata.namespace"));
	const char *owner = sb_ctl_str(pod, "metadata.ownerReferences.0.name");
	const cJSON *hash = cJSON_GetObjectItemCaseSensitive(
		mok_json_at(pod, "metadata.labels"), "pod-template-hash");
	size_t len = strlen(owner), tail = cJSON_IsString(hash) ? strlen(hash->valuestring) + 1 : 0;
	const struct sb_fault_object all[SB_POD_NAMES] = {
		{ "Pod", ns, sb_ctl_str(pod, "metadata.name") },
		{ "Image", ns, sb_ctl_str(pod, "spec.containers.0.image") },
		{ sb_ctl_str(pod, "metadata.ownerReferences.0.kind"), ns, owner },
		{ "Deployment", ns, mok_arena_strndup(arena, owner, len > tail ? len - tail : 0) },
	};
	size_t count = tail ? 4 : *owner ? 3 : 2;

	for (size_t i = 0; i < count; i++)
		out[i] = (struct sb_fault_object){ mok_arena_strdup(arena, all[i].kind), ns,
			mok_arena_strdup(arena, all[i].name) };
	return count;
}

bool sb_pod_fault(struct sb_kube *k, const cJSON *pod, const char *name)
{
	struct sb_fault_object names[SB_POD_NAMES];
	size_t count;

	if (!sb_faults_in_clusters(k->ctx->core->faults))
		return false;
	count = sb_pod_names(k->ctx->arena, pod, names);
	return sb_fault_in_cluster(k->ctx, name, names, count);
}

/* ---- writes ---- */

struct place {
	char group[160], plural[80], ns[80], name[260];
};

/* "/api/v1/namespaces/NS/pods/NAME": by segments, without subresources. */
static void read_place(const char *target, struct place *out)
{
	char text[700], *save = NULL, *word;
	bool grouped = mok_starts(target, "/apis/");
	size_t skip = grouped ? 3 : 2;

	*out = (struct place){ "", "", "", "" };
	if (grouped)
		snprintf(out->group, sizeof(out->group), "%.*s", (int)strcspn(target + 6, "/?"),
			target + 6);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(target, "?"), target);
	for (word = strtok_r(text, "/", &save); word && skip; skip--)
		word = strtok_r(NULL, "/", &save);
	if (word && strcmp(word, "namespaces") == 0) {
		word = strtok_r(NULL, "/", &save);
		snprintf(out->ns, sizeof(out->ns), "%s", word ? word : "");
		word = strtok_r(NULL, "/", &save);
	}
	snprintf(out->plural, sizeof(out->plural), "%s", word ? word : "");
	word = strtok_r(NULL, "/", &save);
	snprintf(out->name, sizeof(out->name), "%s", word ? word : "");
}

/* "Deployment" of "deployments": the fault file names kinds, paths have plurals. */
static const char *kind_of(struct sb_ctx *ctx, const char *plural, const cJSON *body)
{
	const char *kind = mok_json_str(body, "kind");
	char *word;

	if (kind)
		return kind;
	word = mok_arena_strndup(ctx->arena, plural, strlen(plural) - (*plural != '\0'));
	if (*word >= 'a' && *word <= 'z')
		*word = (char)(*word - 'a' + 'A');
	return word;
}

/* "pods", and "count/deployments.apps": https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
static const char *quota_key(struct sb_kube *k, const struct sb_kube_write *w)
{
	return *w->group ? mok_arena_printf(k->ctx->arena, "count/%s.%s", w->resource, w->group)
			 : w->resource;
}

static cJSON *over_quota(struct sb_kube *k, const struct sb_kube_write *w, const char *name)
{
	const char *key = quota_key(k, w);
	cJSON *details = cJSON_CreateObject();

	sb_set_str(details, "name", name);
	if (*w->group)
		sb_set_str(details, "group", w->group);
	sb_set_str(details, "kind", w->resource);
	return mok_apiserver_failure(403, "Forbidden",
		mok_arena_printf(k->ctx->arena,
			"%s%s%s \"%s\" is forbidden: exceeded quota: compute, requested: %s=1, "
			"used: %s=0, limited: %s=0",
			w->resource, *w->group ? "." : "", w->group, name, key, key, key),
		details);
}

static cJSON *unreachable(void)
{
	return mok_apiserver_failure(500, "InternalError",
		"Internal error occurred: failed calling webhook \"webhook.sandbox.local\": failed "
		"to call webhook: Post \"https://webhook.sandbox.svc:443/validate?timeout=10s\": "
		"dial tcp 10.245.0.99:443: connect: connection refused",
		NULL);
}

static const char *name_of(const struct sb_kube_write *w)
{
	const char *name = *w->name ? w->name : sb_ctl_str(w->body, "metadata.name");

	return *name ? name : sb_ctl_str(w->body, "metadata.generateName");
}

/* Server-side apply creates what is not there; a POST to an object is to something below it. */
static bool creates(struct sb_kube *k, const struct sb_kube_write *w)
{
	if (strcmp(w->resource, "events") == 0)
		return false;
	if (strcmp(w->method, "APPLY") != 0)
		return strcmp(w->method, "POST") == 0 && !*w->name;
	return !sb_ctl_get(k, mok_arena_strndup(k->ctx->arena, w->target, strcspn(w->target, "?")));
}

static cJSON *by_fault(struct sb_kube *k, const struct sb_kube_write *w)
{
	const struct sb_fault_object object = { kind_of(k->ctx, w->resource, w->body), w->ns,
		name_of(w) };

	if (!sb_faults_in_clusters(k->ctx->core->faults))
		return NULL;
	if (creates(k, w) && sb_fault_in_cluster(k->ctx, "quota", &object, 1))
		return over_quota(k, w, object.name);
	if (strcmp(w->method, "DELETE") != 0 &&
		sb_fault_in_cluster(k->ctx, "webhook_down", &object, 1))
		return unreachable();
	return NULL;
}

bool sb_kube_may_refuse(const struct sb_ctx *ctx, const char *target)
{
	return sb_faults_in_clusters(ctx->core->faults) || strstr(target, "/scaledobjects");
}

cJSON *sb_kube_refusal(struct sb_kube *k, const char *method, const char *target, const cJSON *body)
{
	struct sb_kube_write w = { .method = method, .target = target, .body = body };
	struct place place;
	cJSON *refusal;

	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return NULL;
	read_place(target, &place);
	w.group = place.group;
	w.resource = place.plural;
	w.ns = place.ns;
	w.name = place.name;
	refusal = by_fault(k, &w);
	return refusal ? refusal : sb_keda_refusal(k, &w);
}
