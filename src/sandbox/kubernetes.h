/*
 * kubernetes: DOKS clusters, their node pools and nodes.
 *
 * A cluster is a document of kind "kubernetes"; a pool one of kind "kubernetes_pool" whose parent
 * is the cluster's id. Pools keep their nodes in `nodes`: [{id, name, droplet_id, created_ms,
 * ready_ms, gone_ms?, drained_ms?}]. All *_ms are wall times; states follow from them when read. A
 * deleted cluster moves to the parent "gone" until purge_ms, where GET still sees it as "deleted".
 *
 * From the description: paths, fields, answers. Observed by others and kept: late status flips,
 * members that linger, system tags, "deleted" instead of "deleting" (godo cannot decode that).
 * Not known, and chosen so that careless clients fail: no kubeconfig before the cluster is up
 * (412), the last pool stays (422), more nodes than the Droplet limit are refused at once (422),
 * one upgrade at a time (422). Not modelled: pools that autoscale.
 *
 * Hooks (no token): POST /_sandbox/kubernetes/{id}/load_balancers, .../volumes and
 * .../volumes/{id}/snapshots make what the cluster's controllers would; POST .../state {"state"}
 * forces a state.
 *
 * kubernetes.c              clusters           kubernetes_pools.c       pools and nodes
 * kubernetes_access.c       what clients log in with, upgrades, messages
 * kubernetes_associated.c   load balancers and volumes that a cluster made, registries
 * kubernetes_store.c        documents and Droplets behind all of them
 * kubernetes_fields.c, kubernetes_pool_fields.c, kubernetes_view.c    JSON in, JSON out
 */
#ifndef MOK_SANDBOX_KUBERNETES_H
#define MOK_SANDBOX_KUBERNETES_H

#include "catalogue.h"
#include "core.h"
#include "fields.h"

#define K8S_KIND "kubernetes"
#define K8S_POOL_KIND "kubernetes_pool"
#define K8S_GONE "gone" /* parent of deleted clusters */

/* ---- fields: NULL, or what is wrong (for people) ---- */

bool k8s_name_valid(const char *name);
/* Puts defaults into a new cluster; `hour` of the maintenance window. */
void k8s_cluster_defaults(cJSON *cluster, unsigned hour, bool ha);
/* What POST and PUT have in common: absent and null members change nothing. */
const char *k8s_cluster_apply(struct mok_arena *arena, cJSON *cluster, const cJSON *body);
const char *k8s_pool_apply(struct mok_arena *arena, cJSON *pool, const cJSON *body, bool creating);
const char *k8s_apply_tags(cJSON *doc, const cJSON *body);

/* ---- views ---- */

const char *k8s_cluster_state(const cJSON *cluster, int64_t now_ms);
const char *k8s_cluster_version(const cJSON *cluster, int64_t now_ms);
bool k8s_node_present(const cJSON *node, int64_t now_ms);
void k8s_cluster_tag(const char *cluster_id, char out[64]); /* "k8s:<id>" */
/* A new array: the user's tags, then the system's. */
cJSON *k8s_all_tags(const cJSON *user_tags, const char *cluster_id, bool worker);
cJSON *k8s_pool_view(const cJSON *pool, const char *cluster_id, int64_t now_ms);
/* `pools`: an array of pool documents' JSON. */
cJSON *k8s_cluster_view(const cJSON *cluster, const cJSON *pools, int64_t now_ms);

/* ---- documents ---- */

/* The cluster of params[0]; NULL: it has answered 404. Deleted ones are found only if `deleted`. */
struct sb_doc *k8s_find(struct sb_ctx *ctx, bool deleted);
/* The pool of params[1] in `cluster`; NULL: it has answered 404. */
struct sb_doc *k8s_find_pool(struct sb_ctx *ctx, const struct sb_doc *cluster);
struct sb_docs k8s_pools(struct sb_ctx *ctx, const char *cluster_id);
/* Brings the JSON's tags up to date with what the account's tags say. */
void k8s_read_tags(struct sb_ctx *ctx, const char *type, const struct sb_doc *doc);
cJSON *k8s_view(struct sb_ctx *ctx, const struct sb_doc *cluster);
cJSON *k8s_view_pool(struct sb_ctx *ctx, const struct sb_doc *cluster, const struct sb_doc *pool);
/* Stores a changed cluster or pool, tags and updated_at included. */
void k8s_save(struct sb_ctx *ctx, struct sb_doc *cluster);
void k8s_save_pool(struct sb_ctx *ctx, struct sb_doc *pool);
/* Adds or removes nodes until `count` of them stay; the pool is not saved. New ones are ready at
 * ready_ms. */
void k8s_scale(struct sb_ctx *ctx, const struct sb_doc *cluster, struct sb_doc *pool, int64_t count,
	int64_t ready_ms);
/* The node drains and goes; its Droplet with it. */
void k8s_node_leave(struct sb_ctx *ctx, cJSON *node, bool skip_drain);
/* A pool from a request's description. NULL: it has answered. */
struct sb_doc *k8s_pool_new(
	struct sb_ctx *ctx, const struct sb_doc *cluster, const cJSON *body, int64_t ready_ms);
/* Room for so many more Droplets? False: it has answered. */
bool k8s_room_for(struct sb_ctx *ctx, int64_t nodes);
void k8s_pool_delete(struct sb_ctx *ctx, struct sb_doc *pool);
/* Deletes the cluster with its pools; load balancers and volumes stay. */
void k8s_delete(struct sb_ctx *ctx, struct sb_doc *cluster);

/* ---- handlers of the other files ---- */

void k8s_list_pools(struct sb_ctx *ctx);
void k8s_create_pool(struct sb_ctx *ctx);
void k8s_get_pool(struct sb_ctx *ctx);
void k8s_put_pool(struct sb_ctx *ctx);
void k8s_delete_pool(struct sb_ctx *ctx);
void k8s_delete_node(struct sb_ctx *ctx);
void k8s_recycle(struct sb_ctx *ctx);
void k8s_get_upgrades(struct sb_ctx *ctx);
void k8s_upgrade(struct sb_ctx *ctx);
void k8s_kubeconfig(struct sb_ctx *ctx);
void k8s_credentials(struct sb_ctx *ctx);
void k8s_user(struct sb_ctx *ctx);
void k8s_status_messages(struct sb_ctx *ctx);
void k8s_lint_start(struct sb_ctx *ctx);
void k8s_lint_read(struct sb_ctx *ctx);
void k8s_associated(struct sb_ctx *ctx);
void k8s_delete_dangerous(struct sb_ctx *ctx);
void k8s_delete_selective(struct sb_ctx *ctx);
void k8s_add_registries(struct sb_ctx *ctx);
void k8s_drop_registries(struct sb_ctx *ctx);
void k8s_leak_load_balancer(struct sb_ctx *ctx);
void k8s_leak_volume(struct sb_ctx *ctx);
void k8s_leak_snapshot(struct sb_ctx *ctx);
void k8s_force_state(struct sb_ctx *ctx);

#endif
