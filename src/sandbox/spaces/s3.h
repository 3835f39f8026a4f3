/*
 * s3: Spaces, as its users see it through S3's XML. Private to the sandbox.
 *
 * One request goes: s3_uri.c takes it apart, s3_auth.c finds out who sends it, s3_body.c takes
 * chunk framing off and checks digests, s3_ops.c finds the operation, s3_access.c says whether it
 * is allowed, and the operation's handler answers. Spaces runs on Ceph's gateway: where
 * DigitalOcean's documents are silent, forms (orders, defaults, empty elements) follow that
 * gateway.
 *
 * Beyond the protocol: a bucket "taken-..." is another customer's (409 on PUT, 403 on all else);
 * the fault "delete_errors" fails every key of a DeleteObjects within its 200; with a lag, all but
 * PUT and HEAD of a new bucket answer NoSuchBucket for a while. Objects hold 64 MiB at most. Not
 * modelled: forms posted by browsers, SSE-C (it needs TLS), and what lifecycle rules or logging
 * would do as time goes by.
 */
#ifndef SANDBOX_S3_H
#define SANDBOX_S3_H

#include "core.h"

#define S3_NAMESPACE "http://s3.amazonaws.com/doc/2006-03-01/"
/* What a bucket is called in the log of requests, and its name among a project's resources. */
#define S3_NOTE_KIND "spaces_bucket"
#define S3_URN "do:space:%s"
#define S3_OBJECT_MAX ((int64_t)64 << 20) /* bytes of one object; the real limit is 5 TB */
#define S3_PART_MIN ((int64_t)5 << 20)
#define S3_XML_MAX ((size_t)2 << 20)
#define S3_KEY_MAX ((size_t)1024)

/* Indexes the table of s3_error.c: S3's code, status and message. */
enum s3_code {
	S3_OK = 0,
	S3_ACCESS_DENIED,
	S3_AUTH_HEADER_MALFORMED,
	S3_AUTH_QUERY_MALFORMED,
	S3_BAD_DIGEST,
	S3_BUCKET_EXISTS,
	S3_BUCKET_NOT_EMPTY,
	S3_CONTENT_SHA256_MISMATCH,
	S3_ENTITY_TOO_LARGE,
	S3_ENTITY_TOO_SMALL,
	S3_EXPIRED,
	S3_ILLEGAL_VERSIONING,
	S3_INCOMPLETE_BODY,
	S3_INTERNAL,
	S3_INVALID_ACCESS_KEY,
	S3_INVALID_ARGUMENT,
	S3_INVALID_BUCKET_NAME,
	S3_INVALID_DIGEST,
	S3_INVALID_LOCATION,
	S3_INVALID_PART,
	S3_INVALID_PART_ORDER,
	S3_INVALID_RANGE,
	S3_INVALID_REQUEST,
	S3_INVALID_TAG,
	S3_INVALID_TARGET_BUCKET,
	S3_INVALID_TOKEN,
	S3_INVALID_URI,
	S3_KEY_TOO_LONG,
	S3_MALFORMED_ACL,
	S3_MALFORMED_POLICY,
	S3_MALFORMED_XML,
	S3_METADATA_TOO_LARGE,
	S3_METHOD_NOT_ALLOWED,
	S3_MISSING_LENGTH,
	S3_NO_SUCH_BUCKET,
	S3_NO_SUCH_CORS,
	S3_NO_SUCH_KEY,
	S3_NO_SUCH_LIFECYCLE,
	S3_NO_SUCH_POLICY,
	S3_NO_SUCH_TAG_SET,
	S3_NO_SUCH_UPLOAD,
	S3_NO_SUCH_VERSION,
	S3_NO_SUCH_WEBSITE,
	S3_NOT_IMPLEMENTED,
	S3_NOT_MODIFIED,
	S3_PRECONDITION_FAILED,
	S3_SIGNATURE_MISMATCH,
	S3_TIME_SKEWED,
	S3_TOO_MANY_BUCKETS,
	S3_CODE_COUNT
};

struct s3_param {
	const char *name, *value; /* decoded; a parameter without '=' has the value "" */
};

/* Who sent the request. Anonymous requests may use what ACLs and policies open to everybody. */
enum s3_role {
	S3_ANONYMOUS = 0,
	S3_SCOPED, /* a key with grants for some buckets */
	S3_OWNER,  /* the account's pair, or a key with fullaccess */
};

struct s3_identity {
	enum s3_role role;
	const char *access_key, *secret; /* NULL: anonymous */
	const cJSON *grants;             /* of a scoped key */
	const char *scope_region;        /* of a SigV4 credential scope, or NULL */
	/* What signing aws-chunked bodies goes on from. */
	const char *scope, *amz_date, *seed_signature;
	unsigned char signing_key[32];
};

enum s3_versioning {
	S3_UNVERSIONED = 0,
	S3_VERSIONED,
	S3_SUSPENDED,
};

struct s3_bucket {
	int64_t id, created_ms, visible_ms; /* before visible_ms most requests miss it */
	const char *name, *region;
	enum s3_versioning versioning;
};

struct s3_request {
	struct sb_ctx *ctx;
	struct mok_arena *arena;
	const struct mok_sandbox_request *http;
	struct mok_sandbox_response *out;
	int64_t now_ms;
	const char *request_id, *owner_id;
	const char *method;
	const char *path; /* as sent: still encoded, query cut off */
	const struct s3_param *query;
	size_t nquery;
	const char *bucket_name, *key; /* decoded; NULL: a request for the service, for a bucket */
	const char *region;            /* that the Host header tells, or NULL */
	bool virtual_host;             /* the bucket's name came in the Host header */
	bool cdn;                      /* came to the CDN's host name */
	const char *body;              /* chunk framing taken off */
	size_t body_len;
	struct s3_identity who;
	struct s3_bucket bucket; /* loaded before the handler runs, id 0 if there is none */
	const struct s3_op *op;
};

/* ---- s3.c ---- */

/* "read", "readwrite" or NULL: what the sender's key may do with that bucket's objects. */
const char *s3_grant_for(const struct s3_request *rq, const char *bucket);
/* Is the name one that stands for another customer's bucket ("taken-...")? */
bool s3_is_strangers(const char *bucket);

/* ---- s3_error.c: answers ---- */

/* The error document of code, with its usual message or another one. */
void s3_fail(struct s3_request *rq, enum s3_code code);
void s3_fail_with(struct s3_request *rq, enum s3_code code, const char *message);
const char *s3_code_name(enum s3_code code);
const char *s3_code_message(enum s3_code code);
const char *s3_host_id(struct s3_request *rq);
/* Starts a 200 with an XML body: returns the buffer, positioned after the XML declaration. */
struct mok_buf *s3_answer_xml(struct s3_request *rq);
void s3_answer_empty(struct s3_request *rq, int status);
/* Copies both. */
void s3_header(struct s3_request *rq, const char *name, const char *value);
/* "2026-08-07T10:11:12.123Z" and "Fri, 07 Aug 2026 10:11:12 GMT", in the arena. */
const char *s3_iso_time(struct s3_request *rq, int64_t wall_ms);
const char *s3_http_time(struct s3_request *rq, int64_t wall_ms);
/* Dates of HTTP headers in the three forms of RFC 9110; false if it is none. */
bool s3_parse_http_time(const char *text, int64_t *out_wall_ms);
/* <Owner> or <Initiator> with the account's id. */
void s3_put_owner(struct s3_request *rq, struct mok_buf *out, const char *element);

/* ---- s3_uri.c: the request taken apart ---- */

const char *s3_query(const struct s3_request *rq, const char *name);      /* NULL: absent */
const char *s3_req_header(const struct s3_request *rq, const char *name); /* NULL: absent */
/* Decodes %xx (and '+' if plus) of len bytes; NULL on a broken escape or a NUL. */
char *s3_url_decode(struct mok_arena *arena, const char *text, size_t len, bool plus);
/* Fills path, query, bucket_name, key, region, cdn. False: it has answered. */
bool s3_take_apart(struct s3_request *rq, const char *target);
bool s3_known_region(const char *slug);

/* ---- s3_auth.c, s3_sigv2.c: who is it ---- */

/* Fills rq->who; S3_OK also for an anonymous request. */
enum s3_code s3_authenticate(struct s3_request *rq);
enum s3_code s3_authenticate_v2_header(struct s3_request *rq, const char *authorization);
enum s3_code s3_authenticate_v2_query(struct s3_request *rq);
/* Finds the secret and role of rq->who.access_key. */
enum s3_code s3_find_key(struct s3_request *rq, const char *access_key);
/* The signature (hex) of string_to_sign under rq->who.signing_key. */
void s3_sign_hex(const struct s3_request *rq, const char *string_to_sign, char out[65]);
bool s3_same_secret(const char *a, const char *b); /* in constant time */

/* ---- s3_body.c: what was sent ---- */

/* Fills body and body_len from the request's; checks chunk signatures, digests, checksums. */
enum s3_code s3_take_body(struct s3_request *rq);
/* The body as XML with that root element; NULL: it has answered MalformedXML. */
const struct s3_node *s3_body_xml(struct s3_request *rq, const char *root);
/* The MD5 of data in hex. */
void s3_md5_hex(const void *data, size_t len, char out[33]);

/* ---- s3_ops.c: which operation ---- */

enum s3_scope {
	S3_SCOPE_SERVICE = 0,
	S3_SCOPE_BUCKET,
	S3_SCOPE_OBJECT,
};

/* What the sender must be allowed to do; s3_access.c gives it meaning for keys, ACLs, policies. */
enum s3_need {
	S3_NEED_KEY = 0, /* any key at all */
	S3_NEED_READ,
	S3_NEED_WRITE,
	S3_NEED_READ_ACP,
	S3_NEED_WRITE_ACP,
	S3_NEED_OWNER,
};

struct s3_op {
	const char *method;
	enum s3_scope scope;
	enum s3_need need;
	const char *sub;    /* the query parameter that makes it this operation, or NULL */
	const char *action; /* its name in policies */
	void (*handle)(struct s3_request *rq);
};

/* NULL: it has answered NotImplemented or MethodNotAllowed. */
const struct s3_op *s3_find_op(struct s3_request *rq);

/* ---- s3_access.c, s3_policy.c ---- */

bool s3_allowed(struct s3_request *rq, const struct s3_op *op);
/* May the sender do this to that key of that bucket? For copies and multiple deletes. */
bool s3_allowed_on(struct s3_request *rq, const char *action, enum s3_need need,
	const struct s3_bucket *bucket, const char *key);

enum s3_verdict {
	S3_SILENT = 0,
	S3_ALLOW,
	S3_DENY,
};
struct s3_question {
	const char *action, *bucket, *key; /* key NULL: the bucket itself */
	const struct s3_request *rq;
};
/* What a bucket's policy says to it. Statements that deny win. */
enum s3_verdict s3_policy_ask(const char *policy, const struct s3_question *question);
/* NULL: fine, else what is wrong with it. */
const char *s3_policy_check(const char *text, size_t len, const char *bucket);
bool s3_glob(const char *pattern, const char *text); /* '*' and '?' */

/* ---- s3_acl.c ---- */

/* An ACL is kept as lines "PERMISSION GRANTEE\n", GRANTEE an id, AllUsers or AuthenticatedUsers.
 * From x-amz-acl and x-amz-grant-* (private without them); NULL: it has answered. */
const char *s3_acl_from_headers(struct s3_request *rq);
/* Is that permission open to everybody, or (with_key) to everybody who has any key? */
bool s3_acl_public(const char *acl, const char *permission, bool with_key);
void s3_get_acl(struct s3_request *rq);
void s3_put_acl(struct s3_request *rq);

#endif
