/* The Kubernetes API of each cluster: kubeconfig, discovery, server-side apply. */
#ifndef MOK_KUBERNETES_INTERNAL_H
#define MOK_KUBERNETES_INTERNAL_H

#include "mok/manifest.h"
#include "mok/provider.h"

#define K8S_MANAGER "mok"
#define K8S_MARKER "mok/marker" /* annotation: the address's marker */
#define K8S_HASH "mok/hash"     /* annotation: of the manifest as it was applied last */
/* Labels as tools that prune by ApplySets set them:
 * https://kubernetes.io/docs/reference/labels-annotations-taints/#applyset-kubernetes-io-part-of */
#define K8S_PART_OF "applyset.kubernetes.io/part-of"
#define K8S_INVENTORY_NS "kube-system"

/* ---- kubeconfig.c ---- */

/* Where the files lie that a kubeconfig names. */
struct k8s_folder {
	const struct mok_files *files;
	const char *path;
};
/* The current context's server and credentials, into the arena. folder NULL: a text from elsewhere,
 * which names no files of this machine. */
int k8s_read_kubeconfig(struct mok_arena *arena, const char *text, const struct k8s_folder *folder,
	struct mok_endpoint *out, struct mok_err *err) MOK_MUST_CHECK;

/* ---- discovery.c: what an API server serves ---- */

struct k8s_resource {
	const char *group, *version, *kind, *plural;
	bool namespaced;
};

/* Adds what one aggregated discovery document tells (v2 APIGroupDiscoveryList), or what has become
 * of it since. The preferred version of a group comes first there. */
void k8s_discovery_add(struct mok_arena *arena, struct mok_map *table, const cJSON *json);
/* version NULL: the preferred one. NULL: it is not served. */
const struct k8s_resource *k8s_discovery_find(
	const struct mok_map *table, const char *group, const char *kind, const char *version);
/* "/apis/apps/v1/namespaces/mastodon/deployments[/web]"; ns "" means default, name NULL the
 * collection. */
const char *k8s_path(struct mok_arena *arena, const struct k8s_resource *resource, const char *ns,
	const char *name);

/* ---- provider.c: what is known of clusters ---- */

/* The releases that a listing has met so far: their records may be on several pages. */
struct k8s_releases {
	struct mok_map *by_id; /* "namespace/name" -> object of the newest revision */
	struct mok_map *left;  /* hash of a release that something is left of a run for -> object
				* as it would be without a record */
};
struct k8s_cluster {
	const char *id;
	bool asking, discovering, aged; /* aged: what is known of `resources` may have changed */
	struct k8s_releases releases;
	const struct mok_endpoint *endpoint; /* NULL: not known (any more) */
	struct mok_map *resources;           /* NULL: not discovered yet */
};
struct mok_kubernetes {
	struct mok_arena *arena;
	struct mok_map *clusters;              /* id -> struct k8s_cluster */
	const struct mok_endpoint *everywhere; /* of --kubeconfig, or NULL */
	bool forces;                           /* conflicts are none */
};
struct k8s_cluster *k8s_cluster_of(struct mok_kubernetes *k, const char *id);

/* ---- encode.c, decode.c, object.c ---- */

int k8s_encode(void *self, const struct mok_ask *ask, struct mok_arena *arena,
	struct mok_wire_request *out, struct mok_err *err);
bool k8s_is_final(const struct mok_exchange *x);
void k8s_decode(void *self, const struct mok_ask *ask, const struct mok_http_reply *reply,
	struct mok_arena *arena, struct mok_answer *out);
/* "applyset-<base64url of sha256>-v1" of the stack's inventory. */
const char *k8s_set_id(struct mok_arena *arena, const char *stack);
const char *k8s_inventory_path(struct mok_arena *arena, const char *stack, bool collection);
/* The stack's name out of a marker. */
const char *k8s_stack_of(struct mok_arena *arena, const char *marker);
/* ---- record.c ---- */

/* A record's data to its JSON, which the caller deletes. NULL: it cannot be read, or is huge. */
cJSON *k8s_record_json(const char *data);
/* One page of Secrets to releases. */
void k8s_read_records(struct k8s_releases *list, struct mok_arena *arena, const struct mok_ask *ask,
	const cJSON *json, struct mok_answer *out);
/* After the last page: what was begun and has no record yet. */
void k8s_add_unrecorded(
	const struct k8s_releases *list, struct mok_arena *arena, struct mok_answer *out);
/* An API object as the sweep and the engine see it. NULL: it has no name. */
struct mok_object *k8s_object(struct mok_arena *arena, const struct mok_ask *ask, const char *path,
	const struct mok_val *api);

/* ---- hand_over.c: fields that are others' to move ---- */

/* A manifest without the paths under it that the resource ignores. */
struct mok_val k8s_without_ignored(
	struct mok_arena *arena, const struct mok_resource *r, const struct mok_val *manifest);
/* With what mok alone owns still in ask->have, though the manifest leaves it to others. */
struct mok_val k8s_with_held(
	struct mok_arena *arena, const struct mok_ask *ask, const struct mok_val *manifest);

/* ---- leavings.c: MOK_ASK_PURGE_LIST; an answer's total counts what is being deleted too, its
 * next_page is the stage to ask for next: an earlier one or the same only after a while ---- */

int k8s_leavings_encode(const struct mok_ask *ask, struct mok_wire_request *out);
void k8s_leavings_decode(const struct mok_ask *ask, const cJSON *json, struct mok_arena *arena,
	struct mok_answer *out);

/* ---- explain.c: MOK_ASK_EXPLAIN ---- */

int k8s_explain_encode(
	const struct mok_ask *ask, struct mok_arena *arena, struct mok_wire_request *out);
void k8s_explain_decode(const struct mok_ask *ask, const struct mok_http_reply *reply,
	struct mok_arena *arena, struct mok_answer *out);

#endif
