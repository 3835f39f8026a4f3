/*
 * cluster: questions to the cluster of an instance, each asked and waited for.
 */
#ifndef MOK_CLI_CLUSTER_H
#define MOK_CLI_CLUSTER_H

#include "session.h"

struct cluster {
	struct session *s;
	const struct mok_kind *kind; /* of its objects */
	const char *id;
};

struct cluster_objects {
	MOK_VEC(const struct mok_object *) list;
};

/* Asks and runs the loop until it is answered. -1: interrupted; what the cluster refused is in the
 * answer. */
int cluster_ask(const struct cluster *c, struct mok_ask *ask, struct mok_answer *out,
	struct mok_err *err) MOK_MUST_CHECK;
/* All of "apps/Deployment/mastodon"; what the cluster does not serve is none. */
int cluster_list(const struct cluster *c, const char *collection, struct cluster_objects *out,
	struct mok_err *err) MOK_MUST_CHECK;
/* What a pod answers at a path of one of its ports, or its log: in the arena. */
const char *cluster_text(const struct cluster *c, const char *path, struct mok_err *err);

/* The live object, with its status: what `object` is of a kubernetes_manifest. */
const struct mok_val *cluster_object(const struct mok_object *o);
const char *cluster_str(const struct mok_val *object, const char *path); /* "" if absent */
int64_t cluster_int(const struct mok_val *object, const char *path, int64_t fallback);

#endif
