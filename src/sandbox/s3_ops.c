/* Which request is which operation, and what it takes. The first row that fits wins. */
#include "s3.h"
#include "s3_handlers.h"

#include <string.h>

#define S S3_SCOPE_SERVICE
#define B S3_SCOPE_BUCKET
#define O S3_SCOPE_OBJECT

static const struct s3_op ops[] = {
	{ "GET", S, NULL, "s3:ListAllMyBuckets", S3_NEED_KEY, s3_list_buckets },
	{ "HEAD", S, NULL, "s3:ListAllMyBuckets", S3_NEED_KEY, s3_list_buckets },

	{ "GET", B, "location", "s3:GetBucketLocation", S3_NEED_READ, s3_get_location },
	{ "GET", B, "acl", "s3:GetBucketAcl", S3_NEED_READ_ACP, s3_get_acl },
	{ "PUT", B, "acl", "s3:PutBucketAcl", S3_NEED_OWNER, s3_put_acl },
	{ "GET", B, "cors", "s3:GetBucketCORS", S3_NEED_OWNER, s3_get_cors },
	{ "PUT", B, "cors", "s3:PutBucketCORS", S3_NEED_OWNER, s3_put_cors },
	{ "DELETE", B, "cors", "s3:PutBucketCORS", S3_NEED_OWNER, s3_delete_cors },
	{ "GET", B, "lifecycle", "s3:GetLifecycleConfiguration", S3_NEED_OWNER, s3_get_lifecycle },
	{ "PUT", B, "lifecycle", "s3:PutLifecycleConfiguration", S3_NEED_OWNER, s3_put_lifecycle },
	{ "DELETE", B, "lifecycle", "s3:PutLifecycleConfiguration", S3_NEED_OWNER,
		s3_delete_lifecycle },
	{ "GET", B, "policy", "s3:GetBucketPolicy", S3_NEED_OWNER, s3_get_policy },
	{ "PUT", B, "policy", "s3:PutBucketPolicy", S3_NEED_OWNER, s3_put_policy },
	{ "DELETE", B, "policy", "s3:DeleteBucketPolicy", S3_NEED_OWNER, s3_delete_policy },
	{ "GET", B, "versioning", "s3:GetBucketVersioning", S3_NEED_OWNER, s3_get_versioning },
	{ "PUT", B, "versioning", "s3:PutBucketVersioning", S3_NEED_OWNER, s3_put_versioning },
	{ "GET", B, "logging", "s3:GetBucketLogging", S3_NEED_OWNER, s3_get_logging },
	{ "PUT", B, "logging", "s3:PutBucketLogging", S3_NEED_OWNER, s3_put_logging },
	{ "GET", B, "website", "s3:GetBucketWebsite", S3_NEED_OWNER, s3_get_website },
	{ "PUT", B, "website", "s3:PutBucketWebsite", S3_NEED_OWNER, s3_put_website },
	{ "DELETE", B, "website", "s3:DeleteBucketWebsite", S3_NEED_OWNER, s3_delete_website },
	{ "GET", B, "versions", "s3:ListBucketVersions", S3_NEED_READ, s3_list_versions },
	{ "GET", B, "uploads", "s3:ListBucketMultipartUploads", S3_NEED_READ, s3_list_uploads },
	{ "POST", B, "delete", "s3:DeleteObject", S3_NEED_KEY, s3_delete_objects },
	{ "GET", B, NULL, "s3:ListBucket", S3_NEED_READ, s3_list_objects },
	{ "HEAD", B, NULL, "s3:ListBucket", S3_NEED_READ, s3_head_bucket },
	{ "PUT", B, NULL, "s3:CreateBucket", S3_NEED_OWNER, s3_put_bucket },
	{ "DELETE", B, NULL, "s3:DeleteBucket", S3_NEED_OWNER, s3_delete_bucket },

	{ "GET", O, "acl", "s3:GetObjectAcl", S3_NEED_READ_ACP, s3_get_acl },
	{ "PUT", O, "acl", "s3:PutObjectAcl", S3_NEED_WRITE_ACP, s3_put_acl },
	{ "GET", O, "tagging", "s3:GetObjectTagging", S3_NEED_READ, s3_get_tagging },
	{ "PUT", O, "tagging", "s3:PutObjectTagging", S3_NEED_WRITE, s3_put_tagging },
	{ "DELETE", O, "tagging", "s3:DeleteObjectTagging", S3_NEED_WRITE, s3_delete_tagging },
	{ "POST", O, "uploads", "s3:PutObject", S3_NEED_WRITE, s3_begin_upload },
	{ "PUT", O, "uploadId", "s3:PutObject", S3_NEED_WRITE, s3_put_part },
	{ "GET", O, "uploadId", "s3:ListMultipartUploadParts", S3_NEED_READ, s3_list_parts },
	{ "POST", O, "uploadId", "s3:PutObject", S3_NEED_WRITE, s3_complete_upload },
	{ "DELETE", O, "uploadId", "s3:AbortMultipartUpload", S3_NEED_WRITE, s3_abort_upload },
	{ "GET", O, NULL, "s3:GetObject", S3_NEED_READ, s3_get_object },
	{ "HEAD", O, NULL, "s3:GetObject", S3_NEED_READ, s3_get_object },
	{ "PUT", O, NULL, "s3:PutObject", S3_NEED_WRITE, s3_put_object },
	{ "DELETE", O, NULL, "s3:DeleteObject", S3_NEED_WRITE, s3_delete_object },
};

#undef S
#undef B
#undef O

/* Sub-resources of S3 that Spaces does not have; a request for one must not become a listing. */
static const char *const unsupported[] = { "accelerate", "analytics", "attributes", "encryption",
	"intelligent-tiering", "inventory", "legal-hold", "metadataTable", "metrics",
	"notification", "object-lock", "ownershipControls", "policyStatus", "publicAccessBlock",
	"replication", "requestPayment", "restore", "retention", "select", "session", "tagging",
	"torrent" };

static const char *const resources[] = { "acl", "cors", "delete", "lifecycle", "location",
	"logging", "policy", "uploadId", "uploads", "versioning", "versions", "website" };

static bool asks_for(const struct s3_request *rq, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s3_query(rq, names[i]))
			return true;
	return false;
}

static bool fits(const struct s3_request *rq, const struct s3_op *op, enum s3_scope scope)
{
	return op->scope == scope && mok_streq(op->method, rq->method) &&
		(!op->sub || s3_query(rq, op->sub));
}

const struct s3_op *s3_find_op(struct s3_request *rq)
{
	enum s3_scope scope = rq->key ? S3_SCOPE_OBJECT
		: rq->bucket_name     ? S3_SCOPE_BUCKET
				      : S3_SCOPE_SERVICE;

	for (size_t i = 0; i < MOK_COUNT(ops); i++) {
		const struct s3_op *op = &ops[i];

		if (!fits(rq, op, scope))
			continue;
		if (!op->sub && asks_for(rq, unsupported, MOK_COUNT(unsupported)))
			break;
		if (!op->sub && scope == S3_SCOPE_BUCKET &&
			asks_for(rq, resources, MOK_COUNT(resources))) {
			s3_fail(rq, S3_METHOD_NOT_ALLOWED);
			return NULL;
		}
		return op;
	}
	s3_fail(rq,
		asks_for(rq, unsupported, MOK_COUNT(unsupported)) ? S3_NOT_IMPLEMENTED
								  : S3_METHOD_NOT_ALLOWED);
	return NULL;
}
