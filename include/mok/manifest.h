/*
 * manifest: what mok knows of Kubernetes objects, as plain values: which object a manifest means,
 * whether a live object is what a manifest wants, and whether it does its work. Pure.
 *
 * Kubernetes' API conventions: https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
#ifndef MOK_MANIFEST_H
#define MOK_MANIFEST_H

#include "mok/model.h"

/* Annotation of an Argo CD Application, "true": when mok deletes it, the Applications that it made
 * go too, without what they made. */
#define MOK_ARGO_ROOT "mok/removes-applications"

struct mok_manifest_id {
	const char *group, *version; /* "apps", "v1"; the core group is "" */
	const char *kind;            /* "Deployment" */
	const char *ns;              /* "" when none is written, and for "default" */
	const char *name;
};

/* False: apiVersion, kind or metadata.name is missing, is no text, or is not known yet. */
bool mok_manifest_id(
	struct mok_arena *arena, const struct mok_val *manifest, struct mok_manifest_id *out);
/* "apps/Deployment/mastodon": what one list request gives. NULL as above, but for the name. */
const char *mok_manifest_collection(struct mok_arena *arena, const struct mok_val *manifest);
/* "Deployment.apps/mastodon/web", "Namespace/mastodon": one object of a cluster, as kubectl writes
 * it. */
const char *mok_manifest_key(struct mok_arena *arena, const struct mok_val *manifest);
/* Of the canonical text. No unknowns inside. */
void mok_manifest_hash(const struct mok_val *manifest, char out[65]);

/* Is everything that `want` says so in `live`? What servers fill in is not looked at; quantities
 * are compared by value where a quantity stands ("0.5" and "500m" under `requests`). False where it
 * cannot be told: then a dry run has the last word. */
bool mok_manifest_covers(const struct mok_val *want, const struct mok_val *live);

/* STALLED: it is late, which its controller calls a failure, and it goes on being tried. */
enum mok_readiness { MOK_NOT_YET = 0, MOK_READY, MOK_BROKEN, MOK_STALLED };

/* Whether a live object (with its status) does its work: rolled out, bound, established, with an
 * address. Kinds that have no such state are ready. *why (in the arena) says what is missing or
 * broken, or is NULL. */
enum mok_readiness mok_manifest_ready(
	struct mok_arena *arena, const struct mok_val *object, const char **why);

/* "250m" is 0.25, "1Gi" 1073741824. False: it is no quantity.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
bool mok_quantity(const char *text, double *out);

/* ---- why it does not: manifest_pods.c ---- */

/* Which pods do an object's work, as a label selector; NULL: it has none. */
const char *mok_manifest_pods(struct mok_arena *arena, const struct mok_val *object);

struct mok_pod_trouble {
	int weight;       /* 0: nothing is wrong; the more, the likelier it is the cause */
	const char *text; /* "pod web-1, container web: ImagePullBackOff: ..." */
	const char *pod, *created;
	const char *container; /* whose log tells more; NULL: none has one */
	bool previous;         /* the log of the container before its restart */
};
/* Puts what is wrong with a pod into *worst if it is worse, or as bad and newer. */
void mok_pod_judge(
	struct mok_arena *arena, const struct mok_val *pod, struct mok_pod_trouble *worst);
/* Adds a line for each condition (a Gateway's listeners' too) that is not as it should be. */
void mok_manifest_remarks(
	struct mok_arena *arena, const struct mok_val *object, struct mok_val *lines);

#endif
