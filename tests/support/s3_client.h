/*
 * s3_client: asks a sandbox's Spaces in-process, with requests signed by AWS Signature Version 4.
 * Written apart from src/http, so that the two check each other.
 */
#ifndef MOK_TEST_S3_CLIENT_H
#define MOK_TEST_S3_CLIENT_H

#include "mok/sandbox.h"

enum { S3_CLIENT_HEADERS = 16 };

struct s3_client {
	struct mok_sandbox *sandbox;
	struct mok_arena *arena;
	const char *key, *secret; /* key NULL: unsigned requests */
	const char *region;       /* of the scope */
	const char *host;
	int64_t now_ms;
	int64_t sent_ms;    /* the time that requests claim; 0: now_ms */
	const char *spoil;  /* not NULL: this replaces the signature */
	const char *sha256; /* x-amz-content-sha256 instead of the body's digest, or NULL */
	/* One request's: cleared when it is sent. */
	struct mok_sandbox_header headers[S3_CLIENT_HEADERS];
	size_t nheaders;
	struct mok_sandbox_response out; /* the newest answer */
};

/* A new cloud in memory (speed max) and its account's pair of keys. options may be NULL. */
void s3_client_open(struct s3_client *client, const struct mok_sandbox_options *options);
void s3_client_close(struct s3_client *client);

/* For the next request only. */
void s3_client_header(struct s3_client *client, const char *name, const char *value);
/* target: as on the wire, encoded. body NULL: none. Returns the status. */
int s3_client_ask(struct s3_client *client, const char *method, const char *target,
	const void *body, size_t len);
int s3_client_text(
	struct s3_client *client, const char *method, const char *target, const char *body);
/* A header of the newest answer, or NULL. */
const char *s3_client_got(const struct s3_client *client, const char *name);
/* Does the newest answer's body hold that text? */
bool s3_client_says(const struct s3_client *client, const char *text);
/* What stands between <element> and </element> first, in the arena; NULL: it does not occur. */
const char *s3_client_element(struct s3_client *client, const char *element);
/* The newest answer is an error with this status and code, or the test fails. */
void s3_client_assert_refused(struct s3_client *client, int status, const char *code);
/* For cmocka: closes the client that *state is. */
int s3_client_teardown(void **state);

/* The target of a presigned GET. */
const char *s3_client_presign(struct s3_client *client, const char *path, int64_t seconds);

/* The signature of a chunk as STREAMING-AWS4-HMAC-SHA256-PAYLOAD wants it. */
void s3_client_chunk_signature(
	struct s3_client *client, const char *previous, const void *data, size_t len, char out[65]);
/* The signature that a request with these would have, for chunks to go on from. */
const char *s3_client_signature(
	struct s3_client *client, const char *method, const char *target, const char *payload);

/* An API request (bearer token) to the same cloud; the answer is in `out`. */
int s3_client_api(
	struct s3_client *client, const char *method, const char *target, const char *json);

#endif
