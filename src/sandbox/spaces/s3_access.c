/*
 * May the sender do it? A policy that denies wins over everything, the owner included, as on the
 * real service; then come the key's own grants, then what the policy or an ACL opens to all.
 */
#include "s3.h"
#include "s3_store.h"

#include <string.h>

/* What a scoped key's permission covers: objects and the list of them, never a bucket's settings.
 */
static bool grant_covers(const char *permission, enum s3_need need)
{
	bool write = mok_streq(permission, "readwrite");

	switch (need) {
	case S3_NEED_KEY:
	case S3_NEED_READ:
	case S3_NEED_READ_ACP: return write || mok_streq(permission, "read");
	case S3_NEED_WRITE:
	case S3_NEED_WRITE_ACP: return write;
	case S3_NEED_OWNER: break;
	}
	return false;
}

static const char *need_permission(enum s3_need need)
{
	switch (need) {
	case S3_NEED_READ: return "READ";
	case S3_NEED_WRITE: return "WRITE";
	case S3_NEED_READ_ACP: return "READ_ACP";
	case S3_NEED_WRITE_ACP: return "WRITE_ACP";
	case S3_NEED_KEY:
	case S3_NEED_OWNER: break;
	}
	return NULL;
}

/* Writing an object asks for the bucket's ACL, reading it for its own. */
static bool acl_opens(
	struct s3_request *rq, enum s3_need need, const struct s3_bucket *bucket, const char *key)
{
	const char *permission = need_permission(need), *acl;
	struct s3_object object;

	if (!permission)
		return false;
	if (key && need != S3_NEED_WRITE) {
		if (!s3_object_find(rq, bucket->id, key, s3_query(rq, "versionId"), &object))
			/* As on S3, who may list may learn that a key does not exist. */
			return s3_acl_public(s3_config_get(rq, bucket->id, "acl"), "READ",
				rq->who.role != S3_ANONYMOUS);
		acl = object.acl;
	} else {
		acl = s3_config_get(rq, bucket->id, "acl");
	}
	return s3_acl_public(acl, permission, rq->who.role != S3_ANONYMOUS);
}

bool s3_allowed_on(struct s3_request *rq, const char *action, enum s3_need need,
	const struct s3_bucket *bucket, const char *key)
{
	const char *policy = s3_config_get(rq, bucket->id, "policy");
	struct s3_question question = { action, bucket->name, key, rq };
	enum s3_verdict verdict = policy ? s3_policy_ask(policy, &question) : S3_SILENT;

	if (verdict == S3_DENY)
		return false;
	if (rq->who.role == S3_OWNER || verdict == S3_ALLOW)
		return true;
	if (rq->who.role == S3_SCOPED && grant_covers(s3_grant_for(rq, bucket->name), need))
		return true;
	return acl_opens(rq, need, bucket, key);
}

bool s3_allowed(struct s3_request *rq, const struct s3_op *op)
{
	if (op->scope == S3_SCOPE_SERVICE)
		return rq->who.role != S3_ANONYMOUS;
	if (!rq->bucket.id)
		return rq->who.role == S3_OWNER;
	/* The CDN asks as anybody would: a signature is not passed on. */
	return s3_allowed_on(rq, op->action, op->need, &rq->bucket, rq->key);
}
