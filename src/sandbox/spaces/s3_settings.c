/* Policy, access logging and website of a bucket. */
#include "s3.h"
#include "s3_handlers.h"
#include "s3_store.h"
#include "s3_xml.h"

#include <string.h>

void s3_get_policy(struct s3_request *rq)
{
	const char *document = s3_config_get(rq, rq->bucket.id, "policy");

	if (!document) {
		s3_fail(rq, S3_NO_SUCH_POLICY);
		return;
	}
	rq->out->status = 200;
	s3_header(rq, "Content-Type", "application/json");
	mok_buf_puts(&rq->out->body, document);
}

void s3_put_policy(struct s3_request *rq)
{
	const char *wrong = s3_policy_check(rq->body, rq->body_len, rq->bucket.name);

	if (wrong) {
		s3_fail_with(rq, S3_MALFORMED_POLICY, wrong);
		return;
	}
	s3_config_put(
		rq, rq->bucket.id, "policy", mok_arena_strndup(rq->arena, rq->body, rq->body_len));
	s3_answer_empty(rq, 204);
}

void s3_delete_policy(struct s3_request *rq)
{
	s3_config_remove(rq, rq->bucket.id, "policy");
	s3_answer_empty(rq, 204);
}

void s3_get_logging(struct s3_request *rq)
{
	const char *document = s3_config_get(rq, rq->bucket.id, "logging");

	mok_buf_puts(s3_answer_xml(rq),
		document ? document : "<BucketLoggingStatus xmlns=\"" S3_NAMESPACE "\"/>");
}

void s3_put_logging(struct s3_request *rq)
{
	const struct s3_node *status = s3_body_xml(rq, "BucketLoggingStatus");
	const struct s3_node *enabled = s3_xml_child(status, "LoggingEnabled");
	const char *target = s3_xml_text(enabled, "TargetBucket"),
		   *prefix = s3_xml_text(enabled, "TargetPrefix");
	struct s3_bucket bucket;
	struct mok_buf out;

	if (!status)
		return;
	if (!enabled) {
		s3_config_remove(rq, rq->bucket.id, "logging");
		s3_answer_empty(rq, 200);
		return;
	}
	if (!target || !prefix) {
		s3_fail(rq, S3_MALFORMED_XML);
		return;
	}
	if (mok_streq(target, rq->bucket.name) || !s3_bucket_find(rq, target, &bucket) ||
		!mok_streq(bucket.region, rq->bucket.region)) {
		s3_fail(rq, S3_INVALID_TARGET_BUCKET);
		return;
	}
	mok_buf_init(&out, 1 << 16);
	mok_buf_puts(&out, "<BucketLoggingStatus xmlns=\"" S3_NAMESPACE "\"><LoggingEnabled>");
	s3_xml_put(&out, "TargetBucket", target);
	s3_xml_put(&out, "TargetPrefix", prefix);
	mok_buf_puts(&out, "</LoggingEnabled></BucketLoggingStatus>");
	s3_config_put(rq, rq->bucket.id, "logging", out.data);
	mok_buf_release(&out);
	s3_answer_empty(rq, 200);
}

void s3_get_website(struct s3_request *rq)
{
	const char *document = s3_config_get(rq, rq->bucket.id, "website");

	if (!document)
		s3_fail(rq, S3_NO_SUCH_WEBSITE);
	else
		mok_buf_puts(s3_answer_xml(rq), document);
}

void s3_put_website(struct s3_request *rq)
{
	const struct s3_node *config = s3_body_xml(rq, "WebsiteConfiguration");
	const char *index = s3_xml_text(s3_xml_child(config, "IndexDocument"), "Suffix"),
		   *error = s3_xml_text(s3_xml_child(config, "ErrorDocument"), "Key");
	struct mok_buf out;

	if (!config)
		return;
	if (!index || !*index || strchr(index, '/')) {
		s3_fail(rq, S3_INVALID_ARGUMENT);
		return;
	}
	mok_buf_init(&out, 1 << 16);
	mok_buf_puts(&out, "<WebsiteConfiguration xmlns=\"" S3_NAMESPACE "\"><IndexDocument>");
	s3_xml_put(&out, "Suffix", index);
	mok_buf_puts(&out, "</IndexDocument>");
	if (error) {
		mok_buf_puts(&out, "<ErrorDocument>");
		s3_xml_put(&out, "Key", error);
		mok_buf_puts(&out, "</ErrorDocument>");
	}
	mok_buf_puts(&out, "</WebsiteConfiguration>");
	s3_config_put(rq, rq->bucket.id, "website", out.data);
	mok_buf_release(&out);
	s3_answer_empty(rq, 200);
}

void s3_delete_website(struct s3_request *rq)
{
	s3_config_remove(rq, rq->bucket.id, "website");
	s3_answer_empty(rq, 204);
}
