#include "s3.h"
#include "s3_handlers.h"
#include "s3_store.h"
#include "s3_xml.h"

#include <string.h>

const char *s3_grant_for(const struct s3_request *rq, const char *bucket)
{
	const cJSON *grant;

	cJSON_ArrayForEach(grant, rq->who.grants) if (mok_streq(mok_json_str(grant, "bucket"),
							      bucket)) return mok_json_str(grant,
		"permission");
	return NULL;
}

bool s3_is_strangers(const char *bucket)
{
	return mok_starts(bucket, "taken-");
}

enum s3_code s3_find_key(struct s3_request *rq, const char *access_key)
{
	struct sb_spaces_key key;

	if (!sb_spaces_key_find(rq->ctx, access_key, &key))
		return S3_INVALID_ACCESS_KEY;
	rq->who.role = key.full_access ? S3_OWNER : S3_SCOPED;
	rq->who.access_key = access_key;
	rq->who.secret = key.secret;
	rq->who.grants = key.full_access ? NULL : key.grants;
	return S3_OK;
}

const char *sb_s3_bucket_region(struct sb_ctx *ctx, const char *bucket)
{
	struct s3_request rq = { .ctx = ctx, .arena = ctx->arena };
	struct s3_bucket found;

	return s3_bucket_find(&rq, bucket, &found) ? found.region : NULL;
}

void s3_put_owner(struct s3_request *rq, struct mok_buf *out, const char *element)
{
	mok_buf_printf(out, "<%s>", element);
	s3_xml_put(out, "ID", rq->owner_id);
	s3_xml_put(out, "DisplayName", rq->owner_id);
	mok_buf_printf(out, "</%s>", element);
}

/* Each region is a cluster of its own: it knows nothing of the others' buckets. */
static void load_bucket(struct s3_request *rq)
{
	struct s3_bucket bucket;

	if (rq->bucket_name && s3_bucket_find(rq, rq->bucket_name, &bucket) &&
		(!rq->region || mok_streq(rq->region, bucket.region)))
		rq->bucket = bucket;
}

/* Making and looking for a bucket know it at once, all else only when it has spread. */
static bool bucket_is_there(struct s3_request *rq, const struct s3_op *op)
{
	if (op->scope == S3_SCOPE_SERVICE || op->handle == s3_put_bucket)
		return true;
	if (!rq->bucket.id) {
		s3_fail(rq,
			s3_is_strangers(rq->bucket_name) ? S3_ACCESS_DENIED : S3_NO_SUCH_BUCKET);
		return false;
	}
	if (op->handle != s3_head_bucket && rq->now_ms < rq->bucket.visible_ms) {
		s3_fail(rq, S3_NO_SUCH_BUCKET);
		return false;
	}
	return true;
}

static bool cdn_serves(const struct s3_request *rq)
{
	return rq->key && (mok_streq(rq->method, "GET") || mok_streq(rq->method, "HEAD"));
}

/* The CDN hands no signature on: it reads what everybody may read. */
static enum s3_code identify(struct s3_request *rq)
{
	if (rq->cdn)
		return cdn_serves(rq) ? S3_OK : S3_METHOD_NOT_ALLOWED;
	return s3_authenticate(rq);
}

static void perform(struct s3_request *rq)
{
	enum s3_code code = identify(rq);

	if (code == S3_OK)
		code = s3_take_body(rq);
	if (code != S3_OK) {
		s3_fail(rq, code);
		return;
	}
	rq->op = s3_find_op(rq);
	if (!rq->op || !bucket_is_there(rq, rq->op))
		return;
	if (!s3_allowed(rq, rq->op)) {
		s3_fail(rq, S3_ACCESS_DENIED);
		return;
	}
	rq->op->handle(rq);
}

/* Errors that the framework made (there is no such project) stand as they are. */
static void answer(struct s3_request *rq)
{
	if (!s3_take_apart(rq, rq->http->target))
		return;
	load_bucket(rq);
	if (mok_streq(rq->method, "OPTIONS")) {
		s3_preflight(rq);
		return;
	}
	perform(rq);
	s3_add_cors_headers(rq);
}

void sb_s3_handle(struct sb_ctx *ctx)
{
	struct s3_request rq = {
		.ctx = ctx,
		.arena = ctx->arena,
		.http = ctx->request,
		.out = ctx->out,
		.now_ms = ctx->now_ms,
		.request_id = ctx->request_id,
		.owner_id = sb_account_uuid(ctx),
		.method = ctx->request->method,
		.body = "",
	};

	answer(&rq);
	if (!sb_answered(ctx))
		sb_reply_empty(ctx, ctx->out->status);
}
