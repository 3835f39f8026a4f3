/*
 * kube_memory: a store for apiserver in memory, and requests to a server over it.
 */
#ifndef MOK_TEST_KUBE_MEMORY_H
#define MOK_TEST_KUBE_MEMORY_H

#include "mok/apiserver.h"

struct kube_entry {
	struct mok_apiserver_item item; /* text NULL: it is gone */
};

struct kube_memory {
	struct mok_arena *arena;
	struct mok_apiserver *server;
	struct mok_apiserver_store store;
	MOK_VEC(struct kube_entry) entries;
	MOK_VEC(struct mok_apiserver_event) events;
	int64_t version, now_ms;
	/* Of the requests that follow: the header, whom they are for, and their token. */
	const char *accept, *as, *bearer;
	int64_t oldest; /* of the events that are remembered */
	uint64_t rng;
	struct mok_apiserver_response out; /* of the last request */
	cJSON *json;                       /* its body, or NULL */
};

/* Opens a cluster that was just made. */
void kube_memory_open(struct kube_memory *m);
void kube_memory_close(struct kube_memory *m);
/* type NULL: application/json; body NULL: none. Returns the status. */
int kube_ask(struct kube_memory *m, const char *method, const char *target, const char *type,
	const char *body);
int kube_send(struct kube_memory *m, const char *method, const char *target, const char *type,
	const void *body, size_t len);
/* Like kube_ask(); another status than that fails the test. */
void kube_expect(struct kube_memory *m, int status, const char *method, const char *target,
	const char *type, const char *body);
/* For cmocka: *state is a cluster that was just made. */
int kube_setup(void **state);
int kube_teardown(void **state);
/* The text at a path of the last answer, or "". */
const char *kube_str(const struct kube_memory *m, const char *path);

#endif
