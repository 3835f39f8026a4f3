/* What the files for objects (s3_object.c, s3_read.c, s3_copy.c, s3_multipart.c) share. */
#ifndef SANDBOX_S3_OBJECT_H
#define SANDBOX_S3_OBJECT_H

#include "s3_store.h"

/* What a request with a new object says about it: headers, acl, tags. False: it has answered. */
bool s3_object_from_headers(struct s3_request *rq, struct s3_object *out);
/* The same for the parts that a copy takes from the request and not from its source. */
bool s3_headers_from_request(struct s3_request *rq, const char **out);
bool s3_tags_from_header(struct s3_request *rq, const char **out);

/* x-amz-version-id, when the bucket keeps versions. */
void s3_add_version(struct s3_request *rq, const struct s3_object *object);
/* ETag with its quotes, in the arena. */
const char *s3_quoted(struct s3_request *rq, const char *etag);

/* The conditions that headers put on a request; prefix "" or "x-amz-copy-source-". object NULL:
 * there is none. False: it has answered NotModified or PreconditionFailed. */
bool s3_conditions_hold(
	struct s3_request *rq, const char *prefix, const struct s3_object *object, bool reading);

struct s3_range {
	int64_t from, len;
	bool partial;
};
/* "bytes=a-b", "bytes=a-", "bytes=-n" of a thing of that size; anything else is the whole. False:
 * nothing of it is in there. */
bool s3_take_range(const char *text, int64_t size, struct s3_range *out);

/* x-amz-copy-source: finds the object, checks that it may be read. False: it has answered. */
bool s3_copy_source(struct s3_request *rq, struct s3_object *out);

/* Deletes key (version NULL: as the bucket's versioning says); out_* for the answer. */
struct s3_deleted {
	const char *version_id, *marker_id; /* or NULL */
	bool marker;                        /* a delete marker was made or removed */
};
void s3_delete_key(
	struct s3_request *rq, const char *key, const char *version, struct s3_deleted *out);

#endif
