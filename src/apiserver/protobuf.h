/* Objects that a client writes as protobuf (application/vnd.kubernetes.protobuf), as JSON. */
#ifndef MOK_APISERVER_PROTOBUF_H
#define MOK_APISERVER_PROTOBUF_H

#include "mok/base.h"

/* The numbers of fields, read from data/protobuf.json into arena, which must outlive it. */
struct ks_protobuf;
struct ks_protobuf *ks_protobuf_new(struct mok_arena *arena);

/* A body: four bytes of magic and a runtime.Unknown, which names the kind. */
struct ks_protobuf_body {
	const char *data;
	size_t len;
	const char *fallback;     /* the kind of one that names none, "v1 Pod" */
	const char *error, *kind; /* out, in the arena: how it is malformed; the kind it names */
};
/* The object has the apiVersion and kind that it names, and nothing else if that is no known kind.
 * NULL: malformed, and body->error is set (body->kind too when it names one). Yours. */
cJSON *ks_protobuf_read(
	const struct ks_protobuf *table, struct mok_arena *arena, struct ks_protobuf_body *body);

#endif
