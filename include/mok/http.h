/*
 * http: requests to the two APIs: rate budgets, retry classes, redaction, signatures.
 */
#ifndef MOK_HTTP_H
#define MOK_HTTP_H

#include "mok/env.h"

enum mok_retry {
	MOK_RETRY_SAFE = 0, /* GET, absolute PUT, DELETE: resent after 429, 5xx and lost answers */
	MOK_RETRY_NEVER,    /* POST that creates: resent only after 429 or MOK_NET_NOT_SENT */
};

enum mok_auth { MOK_AUTH_BEARER = 0, MOK_AUTH_SIGV4, MOK_AUTH_ENDPOINT };

/* A server other than the account's two: a cluster's API, a registry. Lives as long as the requests
 * to it. */
struct mok_endpoint {
	const char *what;   /* for messages: "cluster's API" */
	const char *denied; /* the hint of a 401 or 403, or NULL */
	const char *url;    /* https://host[:port][/prefix] */
	const char *token;  /* bearer; NULL: none */
	struct mok_tls tls; /* its authority alone is trusted, if there is one */
};

struct mok_wire_request {
	const char *method;
	const char *path;         /* "/v2/vpcs", encoded, or for Spaces "/bucket/key" */
	const char *query;        /* encoded, without '?', or NULL */
	const char *region;       /* Spaces: whose endpoint */
	const char *content_type; /* or NULL */
	const char *body;         /* or NULL */
	size_t body_len;
	struct mok_header headers[8];
	size_t nheaders;
	enum mok_auth auth;
	const struct mok_endpoint *endpoint; /* of MOK_AUTH_ENDPOINT */
	enum mok_retry retry;
	/* A 5xx that says something final after all, by its body; NULL: none does. */
	bool (*is_final)(const struct mok_exchange *x);
	/* Does a 2xx look as it must? One that does not comes from something on the way, and a SAFE
	 * request is sent again. NULL: any does. */
	bool (*is_whole)(const struct mok_exchange *x);
};

/* An is_whole: the body begins and ends as one JSON object does. */
bool mok_http_is_object(const struct mok_exchange *x);
bool mok_http_is_object_or_empty(const struct mok_exchange *x);

struct mok_http_options {
	const char *api_url;    /* https://api.digitalocean.com; plain http only to loopback */
	const char *spaces_url; /* "https://{{.Region}}.digitaloceanspaces.com" */
	const char *token;      /* copied; never shown */
	const char *spaces_key,
		*spaces_secret; /* may be NULL: then SigV4 requests fail with a hint */
	int parallelism;        /* requests at once; 0: 10 */
	int max_tries;          /* of a SAFE request; 0: 6 */
};

struct mok_http;
struct mok_http_reply;

/* fail != MOK_NET_OK: no usable answer. `status` 2xx..5xx otherwise; a 3xx is an error: what may be
 * followed (a GET, once, on the same host) was. Valid only during the call. */
struct mok_http_reply {
	enum mok_net_fail fail;
	int status;
	const char *body;
	size_t len;
	const char *request_id; /* or "" */
	const struct mok_exchange *exchange;
	struct mok_err *err; /* set when fail, or status >= 300: what the API said, redacted */
};

struct mok_http *mok_http_new(
	struct mok_loop *loop, const struct mok_http_options *options, struct mok_err *err);
void mok_http_free(struct mok_http *http);
/* Queues it; `request` is copied. done is called exactly once, from the loop, unless freed first.
 */
void mok_http_send(struct mok_http *http, const struct mok_wire_request *request,
	void (*done)(void *ctx, const struct mok_http_reply *reply), void *ctx);

struct mok_http_stats {
	uint64_t requests, retries, throttled;
	int64_t waited_ms; /* for the rate budget */
};
struct mok_http_stats mok_http_stats(const struct mok_http *http);
/* Why a request is asked again, redacted; "" when the last answer was a good one. */
const char *mok_http_trouble(const struct mok_http *http);
bool mok_http_is_loopback(const char *url);
/* Makes a line of someone else's text fit for a terminal, in place: control characters become
 * blanks, what looks like a token stars. */
void mok_http_tame(char *text);

/* Signs in place of AWS SDKs; tested against published vectors. `out` gets the headers to add
 * (authorization, x-amz-date, x-amz-content-sha256), allocated in the arena. */
struct mok_sigv4 {
	const char *key, *secret, *region, *service;
	const char *method, *host, *path, *query; /* path and query encoded as sent */
	const void *body;
	size_t body_len;
	int64_t wall_ms;
	/* Those that go with it: x-amz-*, content-type and content-md5 are signed too. */
	const struct mok_header *headers;
	size_t nheaders;
};
/* x-amz-content-sha256 only for service "s3". */
size_t mok_sigv4_sign(
	struct mok_arena *arena, const struct mok_sigv4 *in, struct mok_header out[4]);

#endif
