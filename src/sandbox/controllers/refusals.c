/* Faults of the fault file that meet objects: of pods, and of what is written to the API. */
#include "pods.h"

#include "refusals.h"

#include <stdio.h>
#include <string.h>

/* ---- pods ---- */

bool sb_pod_fault(struct sb_kube *k, const cJSON *pod, const char *name)
{
	const char *ns = sb_ctl_str(pod, "metadata.namespace");
	const char *kind = sb_ctl_str(pod, "metadata.ownerReferences.0.kind");
	const char *owner = sb_ctl_str(pod, "metadata.ownerReferences.0.name");
	const cJSON *hash = cJSON_GetObjectItemCaseSensitive(
		mok_json_at(pod, "metadata.labels"), "pod-template-hash");
	size_t len = strlen(owner), tail = cJSON_IsString(hash) ? strlen(hash->valuestring) + 1 : 0;
	const struct sb_fault_object objects[] = {
		{ "Pod", ns, sb_ctl_str(pod, "metadata.name") },
		{ kind, ns, owner },
		{ "Deployment", ns,
			mok_arena_strndup(k->ctx->arena, owner, len > tail ? len - tail : 0) },
	};

	return sb_fault_in_cluster(k->ctx, name, objects, tail ? 3 : *owner ? 2 : 1);
}

/* ---- writes ---- */

struct place {
	char plural[80], ns[80], name[260];
};

/* "/api/v1/namespaces/NS/pods/NAME": by segments, without subresources. */
static void read_place(const char *target, struct place *out)
{
	char text[700], *save = NULL, *word;
	size_t skip = mok_starts(target, "/apis/") ? 3 : 2;

	*out = (struct place){ "", "", "" };
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

static cJSON *over_quota(struct sb_ctx *ctx, const struct place *place, const char *name)
{
	return mok_apiserver_failure(403, "Forbidden",
		mok_arena_printf(ctx->arena,
			"%s \"%s\" is forbidden: exceeded quota: compute, requested: %s=1, used: "
			"%s=0, limited: %s=0",
			place->plural, name, place->plural, place->plural, place->plural),
		NULL);
}

static cJSON *unreachable(void)
{
	return mok_apiserver_failure(500, "InternalError",
		"Internal error occurred: failed calling webhook \"webhook.sandbox.local\": failed "
		"to call webhook: Post \"https://webhook.sandbox.svc:443/validate?timeout=10s\": "
		"dial tcp 10.245.0.99:443: connect: connection refused",
		NULL);
}

cJSON *sb_kube_refusal(
	struct sb_ctx *ctx, const char *method, const char *target, const cJSON *body)
{
	struct place place;
	struct sb_fault_object object;
	bool creates = strcmp(method, "POST") == 0;

	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return NULL;
	read_place(target, &place);
	object = (struct sb_fault_object){ kind_of(ctx, place.plural, body), place.ns, place.name };
	if (!*object.name)
		object.name = sb_ctl_str(body, "metadata.name");
	if (!*object.name)
		object.name = sb_ctl_str(body, "metadata.generateName");
	if (creates && !strstr(target, "/events") && sb_fault_in_cluster(ctx, "quota", &object, 1))
		return over_quota(ctx, &place, object.name);
	if (strcmp(method, "DELETE") != 0 && sb_fault_in_cluster(ctx, "webhook_down", &object, 1))
		return unreachable();
	return NULL;
}
