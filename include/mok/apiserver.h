/*
 * apiserver: the API machinery of Kubernetes v1.36 as a function of (store, request, time).
 *
 * It reads no clock, opens no socket and keeps nothing between requests but parsed schemas: what it
 * knows of a cluster is in a store, a table of functions that the caller implements, and whatever
 * it writes there belongs to the caller's transaction. Controllers are not here: they are clients.
 *
 * Kinds, list types and merge keys are those of k8s.io/kubernetes (src/apiserver/data, made by
 * presets/kubernetes_schema.py). Behaviour follows https://kubernetes.io/docs/reference/using-api/.
 */
#ifndef MOK_APISERVER_H
#define MOK_APISERVER_H

#include "mok/base.h"

/* The parsed schemas. One thread at a time may use it. */
struct mok_apiserver;
struct mok_apiserver *mok_apiserver_new(void);
void mok_apiserver_free(struct mok_apiserver *server); /* NULL is fine */

/* Where an object is: resource "deployments.apps" ("pods" in the core group); ns "" when the
 * resource has no namespaces. */
struct mok_apiserver_key {
	const char *resource, *ns, *name;
};

/* One stored object, as JSON text of len bytes (not NUL-terminated). */
struct mok_apiserver_item {
	struct mok_apiserver_key key;
	int64_t version; /* its resourceVersion */
	const char *text;
	size_t len;
};

/* What happened to an object. `before` is its text before (NULL: ADDED). */
struct mok_apiserver_event {
	const char *type; /* "ADDED", "MODIFIED", "DELETED" */
	struct mok_apiserver_item item;
	const char *before;
};

/* Texts and keys that a store hands out must live until the request is answered. Errors of a
 * store's own (a disk that is full) are the caller's to notice when it commits. */
struct mok_apiserver_store {
	void *self;
	/* False: there is none. */
	bool (*get)(
		void *self, const struct mok_apiserver_key *key, struct mok_apiserver_item *out);
	/* Stores the item and remembers the event. */
	void (*put)(void *self, const struct mok_apiserver_event *event);
	/* Removes it; the event's item is its last state. */
	void (*remove)(void *self, const struct mok_apiserver_event *event);
	/* Those of a resource, ordered by namespace and name as bytes; ns NULL: of all namespaces;
	 * `after` NULL or the key after which to begin. Ends when each() returns false. */
	void (*list)(void *self, const char *resource, const char *ns,
		const struct mok_apiserver_key *after,
		bool (*each)(void *context, const struct mok_apiserver_item *item), void *context);
	/* Every resource with objects in a namespace, once each. */
	void (*resources)(void *self, const char *ns,
		void (*each)(void *context, const char *resource), void *context);
	/* The newest version; with `advance`, first makes a new one. */
	int64_t (*version)(void *self, bool advance);
	/* The events of a resource after a version, in order. False: some are forgotten (410). */
	bool (*events)(void *self, const char *resource, const char *ns, int64_t after,
		void (*each)(void *context, const struct mok_apiserver_event *event),
		void *context);
	uint64_t (*draw)(void *self);
	/* A pod's log, or NULL: none was written. Lives until the request is answered. A line is
	 * its time, see mok_apiserver_log_time, a space and the text; one without a time is told,
	 * too. */
	const char *(*log)(void *self, const char *ns, const char *pod, const char *container);
};

struct mok_apiserver_request {
	const char *method;
	const char *target;                             /* "/api/v1/pods?limit=5", still encoded */
	const char *content_type, *accept, *user_agent; /* NULL: absent */
	const void *body;
	size_t body_len;
	bool authenticated; /* false: 401 */
	/* The token of the header Authorization. One of a service account may what the stored roles
	 * give it; any other is the administrator's. NULL: none. */
	const char *bearer;
	/* The headers Impersonate-User and Impersonate-Group: whom that one acts for. What such a
	 * one may is what the stored roles give. NULL: nobody. */
	const char *impersonate_user, *impersonate_group;
	int64_t now_ms;
	/* What /version tells: "v1.36.1". NULL: the release that all this is of. */
	const char *release;
	/* A watch that goes on: the version up to which it was answered. 0: it begins. */
	int64_t watch_from;
};

/* Release with mok_apiserver_response_release. */
struct mok_apiserver_response {
	int status;
	const char *content_type;
	MOK_VEC(const char *) warnings; /* values of Warning headers */
	struct mok_buf body;
	/* This begins a watch, or a log that is followed: the body has what is known so far; the
	 * caller asks again with watch_from = watch_version, until watch_until_ms or the client
	 * goes. */
	bool watch;
	int64_t watch_version, watch_until_ms;
	struct mok_arena *arena;
};
void mok_apiserver_response_init(struct mok_apiserver_response *response);
void mok_apiserver_response_release(struct mok_apiserver_response *response);

/* Answers one request. Never fails: what is wrong is a Status in the response. On 400 and more the
 * caller rolls back what was stored. */
void mok_apiserver_handle(struct mok_apiserver *server, const struct mok_apiserver_store *store,
	const struct mok_apiserver_request *request, struct mok_apiserver_response *out);

/* What a new cluster holds: namespaces with their ServiceAccount and CA, the kubernetes Service,
 * priority classes, Gateway API's CRDs. ca: PEM, for kube-root-ca.crt. */
void mok_apiserver_seed(struct mok_apiserver *server, const struct mok_apiserver_store *store,
	const char *ca, int64_t now_ms);

/* The time of a line in a pod's log: "2026-11-28T11:16:20.123000000Z". */
#define MOK_APISERVER_LOG_TIME 31
void mok_apiserver_log_time(int64_t ms, char out[MOK_APISERVER_LOG_TIME]);

/* "250m" is 0.25, "1Gi" 1073741824; NULL and what is no quantity are 0. */
double mok_apiserver_quantity(const char *text);

/* Gateway API's CRDs as a new cluster has them: a List; yours. */
cJSON *mok_apiserver_gateway_crds(void);

/* What a YAML document means as JSON (of YAML 1.2's core schema what manifests use); anchors are
 * followed. NULL: malformed. */
cJSON *mok_apiserver_yaml(const char *text, size_t len);

/* A Status (meta/v1) that says what went wrong. Takes details over (NULL: none). */
cJSON *mok_apiserver_failure(int code, const char *reason, const char *message, cJSON *details);

#endif
