/*
 * sandbox: the offline cloud. Written from DigitalOcean's published API description and what is
 * known of the API's behaviour, never from mok's own descriptors: it may use base only.
 *
 * The core is a function of (state, request, time, seed) -> response: it reads no clock, opens no
 * socket and keeps all state in its SQLite database, written through before the answer. Sockets are
 * a thin shell around it (mok_sandbox_serve); `--sandbox` and the simulator call it in-process.
 * One thread at a time may use a core.
 */
#ifndef MOK_SANDBOX_H
#define MOK_SANDBOX_H

#include "mok/base.h"

struct mok_sandbox;

#define MOK_SANDBOX_HEADERS 96 /* of one answer: objects in Spaces have many */

struct mok_sandbox_header {
	const char *name, *value;
};

/* Which of the cloud's servers a request came to. */
enum mok_sandbox_service {
	MOK_SANDBOX_API = 0,
	MOK_SANDBOX_SPACES, /* S3 */
	/* Of a cluster: the Host is <cluster id>.k8s.ondigitalocean.com, or else the first segment
	 * of the path is the cluster's id. */
	MOK_SANDBOX_KUBERNETES,
	/* What the clusters run: the gateway of the instance that the Host names. */
	MOK_SANDBOX_INSTANCE,
	/* Of container images: every registry that there is, by `?ns=HOST`, else by the Host. */
	MOK_SANDBOX_REGISTRY,
};

/* One HTTP request as it came: target is "path?query", still encoded. */
struct mok_sandbox_request {
	const char *method;
	const char *host; /* the Host header, with port; tells virtual-host style buckets */
	const char *target;
	const struct mok_sandbox_header *headers;
	size_t nheaders;
	const void *body;
	size_t body_len;
	enum mok_sandbox_service service;
};

/* init with mok_sandbox_response_init, release with _release. */
struct mok_sandbox_response {
	int status;
	struct mok_sandbox_header headers[MOK_SANDBOX_HEADERS]; /* strings live in `arena` */
	size_t nheaders;
	struct mok_buf body; /* of a HEAD: that of a GET, of which only the length is sent */
	bool dropped;        /* a fault: the connection closes without an answer */
	bool hung;           /* a fault: no answer ever comes; the connection stays open */
	int64_t delay_ms;    /* a fault: the answer comes that much later */
	/* A watch of Kubernetes begins: the body has what is known so far, and mok_sandbox_watch
	 * tells what comes after watch_version, until watch_until_ms. Who does not ask on has an
	 * answer that ends. */
	bool watch;
	int64_t watch_version, watch_until_ms;
	struct mok_arena *arena;
};
void mok_sandbox_response_init(struct mok_sandbox_response *response);
void mok_sandbox_response_release(struct mok_sandbox_response *response);

struct mok_sandbox_options {
	const char *dir; /* where the database lives; NULL: in memory, nothing is locked */
	double speed;  /* divides durations when a request is accepted; 0: no waiting at all ("max")
			*/
	uint64_t seed; /* ids, secrets and faults; the same seed and requests give the same answers
			*/
	const char *faults; /* text of a faults file (JSON, docs/sandbox.md), or NULL */
	const char *tokens; /* newline-separated tokens that open the API; NULL: any bearer token */
	int64_t lag_ms; /* eventual consistency: new objects answer 404 / are not listed for up to
			   this long (by seed); lists of deleted ones lag likewise. 0: none */
	bool api_only;  /* clusters have an API server and no controllers: nothing runs in them */
};

/* Opens (creating it if need be) the cloud in options->dir and locks it. Fails with MOK_ERR_LOCKED
 * when another process holds it. */
struct mok_sandbox *mok_sandbox_open(
	const struct mok_sandbox_options *options, struct mok_err *err) MOK_MUST_CHECK;
void mok_sandbox_close(struct mok_sandbox *sandbox);

/* Other faults from now on (as options->faults; NULL: none), as an open cloud's operator would
 * bring them about; counts of `nth`, `every` and `times` begin anew. -1: the old ones stay. */
int mok_sandbox_set_faults(
	struct mok_sandbox *sandbox, const char *faults, struct mok_err *err) MOK_MUST_CHECK;

/* Answers one request at wall time now_ms. Never fails: what is wrong is in the response. */
void mok_sandbox_handle(struct mok_sandbox *sandbox, const struct mok_sandbox_request *request,
	int64_t now_ms, struct mok_sandbox_response *out);

/* The same request of a watch again, for what happened after a version: appends to out->body and
 * moves out->watch_version on. Not logged. */
void mok_sandbox_watch(struct mok_sandbox *sandbox, const struct mok_sandbox_request *request,
	int64_t after, int64_t now_ms, struct mok_sandbox_response *out);

/* Where clusters are reached ("https://127.0.0.1:8082"), as kubeconfigs tell it, each below its id;
 * unless told, they say https://<id>.k8s.ondigitalocean.com. */
void mok_sandbox_kubernetes_at(struct mok_sandbox *sandbox, const char *url);
/* PEM: the server certificate of the clusters for 127.0.0.1, ::1 and localhost, and its key, signed
 * by the cloud's CA. They live as long as the sandbox. */
void mok_sandbox_kubernetes_tls(
	struct mok_sandbox *sandbox, const char **certificate, const char **key);

/* The account's access key pair for Spaces (full access), made with the cloud. Strings live as long
 * as the sandbox. */
const char *mok_sandbox_spaces_key(const struct mok_sandbox *sandbox);
const char *mok_sandbox_spaces_secret(const struct mok_sandbox *sandbox);

/* Every request that the core answered, oldest first, as JSON lines in a log kept in the database
 * and, with a dir, appended to DIR/requests.jsonl:
 * {"n","time","method","path","query","status","write":bool,"creates":["kind:id"],"deletes":["kind:id"],
 *  "fault"?}. Bodies and secrets are never in it. GET /_sandbox/log serves the same. */
int mok_sandbox_log(struct mok_sandbox *sandbox, struct mok_buf *out);

/* ---- serving it (the thin shell; the only part with sockets and threads) ---- */

struct mok_sandbox_server_options {
	struct mok_sandbox_options core;
	const char *listen; /* "127.0.0.1:8080"; port 0 picks free ones (API on port, Spaces on port
			       + 1, Kubernetes on port + 2 over TLS, instances on port + 3,
			       registries on port + 4) */
	bool detach;        /* go on in the background once it is ready */
	bool allow_remote;  /* listen on something else than loopback */
};

/* Prints the `export NAME=value` lines on stdout once ready, closes stdout, writes DIR/server.json
 * ({"pid","api_url","spaces_url","kubernetes_url","instance_url","registry_url","spaces_key","spaces_secret","speed"},
 * readable by its owner only) and serves until SIGINT or SIGTERM. Detached, it returns once the
 * child is ready or has failed; the child never returns. */
int mok_sandbox_serve(
	const struct mok_sandbox_server_options *options, struct mok_err *err) MOK_MUST_CHECK;
/* Ends the server that holds dir, waiting until it is gone; 0 also when none runs. */
int mok_sandbox_stop(const char *dir, struct mok_err *err) MOK_MUST_CHECK;
/* Empties the cloud in dir; refused (MOK_ERR_LOCKED) while a process holds it. */
int mok_sandbox_reset(const char *dir, struct mok_err *err) MOK_MUST_CHECK;

#endif
