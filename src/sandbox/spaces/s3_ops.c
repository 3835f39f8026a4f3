/* Which request is which operation, and what it takes. The first row that fits wins. */
#include "s3.h"
#include "s3_handlers.h"

#include <string.h>

#define S S3_SCOPE_SERVICE
#define B S3_SCOPE_BUCKET
#define O S3_SCOPE_OBJECT

static const struct s3_op ops[] = {
	{ "GET", S, S3_NEED_KEY, NULL, "s3:ListAllMyBuckets", s3_list_buckets },
	{ "HEAD", S, S3_NEED_KEY, NULL, "s3:ListAllMyBuckets", s3_list_buckets },

	{ "GET", B, S3_NEED_READ, "location", "s3:GetBucketLocation", s3_get_location },
	{ "GET", B, S3_NEED_READ_ACP, "acl", "s3:GetBucketAcl", s3_get_acl },
	{ "PUT", B, S3_NEED_OWNER, "acl", "s3:PutBucketAcl", s3_put_acl },
	{ "GET", B, S3_NEED_OWNER, "cors", "s3:GetBucketCORS", s3_get_cors },
	{ "PUT", B, S3_NEED_OWNER, "cors", "s3:PutBucketCORS", s3_put_cors },
	{ "DELETE", B, S3_NEED_OWNER, "cors", "s3:PutBucketCORS", s3_delete_cors },
	{ "GET", B, S3_NEED_OWNER, "lifecycle", "s3:GetLifecycleConfiguration", s3_get_lifecycle },
	{ "PUT", B, S3_NEED_OWNER, "lifecycle", "s3:PutLifecycleConfiguration", s3_put_lifecycle },
	{ "DELETE", B, S3_NEED_OWNER, "lifecycle", "s3:PutLifecycleConfiguration",
		s3_delete_lifecycle },
	{ "GET", B, S3_NEED_OWNER, "policy", "s3:GetBucketPolicy", s3_get_policy },
	{ "PUT", B, S3_NEED_OWNER, "policy", "s3:PutBucketPolicy", s3_put_policy },
	{ "DELETE", B, S3_NEED_OWNER, "policy", "s3:DeleteBucketPolicy", s3_delete_policy },
	{ "GET", B, S3_NEED_OWNER, "versioning", "s3:GetBucketVersioning", s3_get_versioning },
	{ "PUT", B, S3_NEED_OWNER, "versioning", "s3:PutBucketVersioning", s3_put_versioning },
	{ "GET", B, S3_NEED_OWNER, "logging", "s3:GetBucketLogging", s3_get_logging },
	{ "PUT", B, S3_NEED_OWNER, "logging", "s3:PutBucketLogging", s3_put_logging },
	{ "GET", B, S3_NEED_OWNER, "website", "s3:GetBucketWebsite", s3_get_website },
	{ "PUT", B, S3_NEED_OWNER, "website", "s3:PutBucketWebsite", s3_put_website },
	{ "DELETE", B, S3_NEED_OWNER, "website", "s3:DeleteBucketWebsite", s3_delete_website },
	{ "GET", B, S3_NEED_READ, "versions", "s3:ListBucketVersions", s3_list_versions },
	{ "GET", B, S3_NEED_READ, "uploads", "s3:ListBucketMultipartUploads", s3_list_uploads },
	{ "POST", B, S3_NEED_KEY, "delete", "s3:DeleteObject", s3_delete_objects },
	{ "GET", B, S3_NEED_READ, NULL, "s3:ListBucket", s3_list_objects },
	{ "HEAD", B, S3_NEED_READ, NULL, "s3:ListBucket", s3_head_bucket },
	{ "PUT", B, S3_NEED_OWNER, NULL, "s3:CreateBucket", s3_put_bucket },
	{ "DELETE", B, S3_NEED_OWNER, NULL, "s3:DeleteBucket", s3_delete_bucket },

	{ "GET", O, S3_NEED_READ_ACP, "acl", "s3:GetObjectAcl", s3_get_acl },
	{ "PUT", O, S3_NEED_WRITE_ACP, "acl", "s3:PutObjectAcl", s3_put_acl },
	{ "GET", O, S3_NEED_READ, "tagging", "s3:GetObjectTagging", s3_get_tagging },
	{ "PUT", O, S3_NEED_WRITE, "tagging", "s3:PutObjectTagging", s3_put_tagging },
	{ "DELETE", O, S3_NEED_WRITE, "tagging", "s3:DeleteObjectTagging", s3_delete_tagging },
	{ "POST", O, S3_NEED_WRITE, "uploads", "s3:PutObject", s3_begin_upload },
	{ "PUT", O, S3_NEED_WRITE, "uploadId", "s3:PutObject", s3_put_part },
	{ "GET", O, S3_NEED_READ, "uploadId", "s3:ListMultipartUploadParts", s3_list_parts },
	{ "POST", O, S3_NEED_WRITE, "uploadId", "s3:PutObject", s3_complete_upload },
	{ "DELETE", O, S3_NEED_WRITE, "uploadId", "s3:AbortMultipartUpload", s3_abort_upload },
	{ "GET", O, S3_NEED_READ, NULL, "s3:GetObject", s3_get_object },
	{ "HEAD", O, S3_NEED_READ, NULL, "s3:GetObject", s3_get_object },
	{ "PUT", O, S3_NEED_WRITE, NULL, "s3:PutObject", s3_put_object },
	{ "DELETE", O, S3_NEED_WRITE, NULL, "s3:DeleteObject", s3_delete_object },
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
