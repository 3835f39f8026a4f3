/*
 * api_client: asks a sandbox's API in-process and reads its answers as JSON. Time is the test's.
 */
#ifndef MOK_TEST_API_CLIENT_H
#define MOK_TEST_API_CLIENT_H

#include "mok/sandbox.h"

struct api_client {
	struct mok_sandbox *sandbox;
	struct mok_arena *arena;
	int64_t now_ms;
	struct mok_sandbox_response out; /* the newest answer */
	cJSON *json;                     /* its body, or NULL: none, or no JSON */
	const char *cluster;             /* of api_kube */
	const char *target;              /* of the newest request */
	const char *as;                  /* in whose name it asks; NULL: nobody else's */
};

enum { API_MINUTE_MS = 60 * 1000 };

/* A new cloud in memory. options NULL: real time (speed 1), so that deadlines can be watched. */
void api_client_open(struct api_client *client, const struct mok_sandbox_options *options);
void api_client_close(struct api_client *client);

/* One request; returns the status. body: JSON text, or NULL. The target is made with fmt. */
int api_ask(struct api_client *client, const char *method, const char *body, const char *fmt, ...)
	MOK_PRINTF(4, 5);
/* The same to the Kubernetes API of client->cluster; a PATCH is a merge patch, with a
 * fieldManager in its query server-side apply. */
int api_kube(struct api_client *client, const char *method, const char *body, const char *fmt, ...)
	MOK_PRINTF(4, 5);
/* Makes client->cluster, with so many nodes of a size, and lets it come up. */
void api_cluster(struct api_client *client, const char *size, int nodes);
/* cmocka's fixtures: a cloud with a cluster of two nodes; *state is its client. */
int api_setup(void **state);
int api_teardown(void **state);
/* Both fail the test when they do not succeed; single quotes in body as for api_json. */
void api_make(struct api_client *client, const char *path, const char *body);
void api_get(struct api_client *client, const char *path);
void api_pass(struct api_client *client, int seconds);
/* Runs Helm in a pod of that name, args being JSON strings in api_json's way and values YAML in
 * JSON's; returns its log after so long. The newest answer is the pod. */
const char *api_helm(struct api_client *client, const char *pod, const char *args,
	const char *values, int seconds);
/* JSON for `api_ask`, in the arena: single quotes stand for double ones. */
const char *api_json(struct api_client *client, const char *fmt, ...) MOK_PRINTF(2, 3);

/* Members of the newest answer, as mok_json_at has them; a missing one fails the test. Strings are
 * copied into the arena. */
const char *api_str(struct api_client *client, const char *path);
int64_t api_int(struct api_client *client, const char *path);
bool api_bool(struct api_client *client, const char *path);
size_t api_len(struct api_client *client, const char *path); /* of an array */
bool api_has(struct api_client *client, const char *path);
bool api_list_has(struct api_client *client, const char *path, const char *word);

#endif
