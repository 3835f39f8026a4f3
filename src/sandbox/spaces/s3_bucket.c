#include "s3.h"
#include "s3_handlers.h"
#include "s3_store.h"
#include "s3_xml.h"

#include <stdio.h>
#include <string.h>

#define BUCKETS_MAX 100
#define DEFAULT_REGION "nyc3"

/* Three to 63 of a-z 0-9 and '-', first and last not '-'; an address is not a name. Dots are
 * refused: Spaces' certificate and host names have no room for them. */
static bool name_fits(const char *name)
{
	size_t len = strlen(name);

	return len >= 3 && len <= 63 &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len && *name != '-' &&
		name[len - 1] != '-';
}

/* The region that a bucket without a LocationConstraint comes to. */
static const char *told_region(const struct s3_request *rq)
{
	if (rq->region)
		return rq->region;
	return rq->who.scope_region && s3_known_region(rq->who.scope_region) ? rq->who.scope_region
									     : NULL;
}

void s3_list_buckets(struct s3_request *rq)
{
	const char *region = told_region(rq);
	struct s3_rows rows MOK_CLEANUP(s3_done) = { NULL, NULL };
	struct mok_buf *out = s3_answer_xml(rq);

	mok_buf_puts(out, "<ListAllMyBucketsResult xmlns=\"" S3_NAMESPACE "\">");
	s3_put_owner(rq, out, "Owner");
	mok_buf_puts(out, "<Buckets>");
	/* A scoped key sees only what it has a grant for. */
	rows = s3_select(rq,
		"SELECT name, created_ms FROM s3_bucket WHERE (?1 IS NULL OR region = ?1) "
		"AND visible_ms <= ?2 ORDER BY name",
		"si", region, rq->now_ms);
	while (s3_row(&rows)) {
		const char *name = s3_text(rq, rows.stmt, 0);
		int64_t created_ms = sqlite3_column_int64(rows.stmt, 1);

		if (rq->who.role != S3_OWNER && !s3_grant_for(rq, name))
			continue;
		mok_buf_puts(out, "<Bucket>");
		s3_xml_put(out, "Name", name);
		s3_xml_put(out, "CreationDate", s3_iso_time(rq, created_ms));
		mok_buf_puts(out, "</Bucket>");
	}
	mok_buf_puts(out, "</Buckets></ListAllMyBucketsResult>");
}

/* *out NULL: nothing tells one. False: it has answered. An empty body and "us-east-1", which SDKs
 * send, mean the endpoint's. */
static bool wanted_region(struct s3_request *rq, const char **out)
{
	const struct s3_node *config;
	const char *location;

	*out = told_region(rq);
	if (rq->body_len == 0)
		return true;
	config = s3_body_xml(rq, "CreateBucketConfiguration");
	if (!config)
		return false;
	location = s3_xml_text(config, "LocationConstraint");
	if (!location || !*location || mok_streq(location, "us-east-1") ||
		mok_streq(location, "US"))
		return true;
	if (!s3_known_region(location) || (rq->region && !mok_streq(rq->region, location))) {
		s3_fail(rq, S3_INVALID_LOCATION);
		return false;
	}
	*out = location;
	return true;
}

static void create_bucket(struct s3_request *rq, const char *region, const char *acl)
{
	int64_t id;

	if (s3_number(rq, "SELECT count(*) FROM s3_bucket", "") >= BUCKETS_MAX) {
		s3_fail(rq, S3_TOO_MANY_BUCKETS);
		return;
	}
	id = s3_bucket_add(rq, rq->bucket_name, region);
	s3_config_put(rq, id, "acl", acl);
	if (!sb_project_join(rq->ctx, NULL, mok_arena_printf(rq->arena, S3_URN, rq->bucket_name)))
		return;
	sb_note_create(rq->ctx, S3_NOTE_KIND, rq->bucket_name);
	s3_answer_empty(rq, 200);
}

/* Creating one's own again succeeds and leaves everything but a given ACL; names are one space over
 * all regions. */
static void create_again(
	struct s3_request *rq, const struct s3_bucket *old, const char *region, const char *acl)
{
	if (region && !mok_streq(old->region, region)) {
		s3_fail(rq, S3_BUCKET_EXISTS);
		return;
	}
	if (s3_req_header(rq, "x-amz-acl"))
		s3_config_put(rq, old->id, "acl", acl);
	s3_answer_empty(rq, 200);
}

void s3_put_bucket(struct s3_request *rq)
{
	const char *region, *acl = s3_acl_from_headers(rq);
	struct s3_bucket old;

	if (!acl || !wanted_region(rq, &region))
		return;
	if (!name_fits(rq->bucket_name))
		s3_fail(rq, S3_INVALID_BUCKET_NAME);
	else if (s3_is_strangers(rq->bucket_name))
		s3_fail(rq, S3_BUCKET_EXISTS);
	else if (s3_bucket_find(rq, rq->bucket_name, &old))
		create_again(rq, &old, region, acl);
	else
		create_bucket(rq, region ? region : DEFAULT_REGION, acl);
}

void s3_head_bucket(struct s3_request *rq)
{
	char objects[24], bytes[24];

	(void)snprintf(objects, sizeof(objects), "%lld",
		(long long)s3_number(rq,
			"SELECT count(*) FROM s3_object WHERE bucket_id = ? AND marker = 0", "i",
			rq->bucket.id));
	(void)snprintf(bytes, sizeof(bytes), "%lld",
		(long long)s3_number(rq,
			"SELECT coalesce(sum(size), 0) FROM s3_object WHERE bucket_id = ?", "i",
			rq->bucket.id));
	s3_header(rq, "x-rgw-object-count", objects);
	s3_header(rq, "x-rgw-bytes-used", bytes);
	s3_answer_empty(rq, 200);
}

void s3_delete_bucket(struct s3_request *rq)
{
	if (!s3_bucket_is_empty(rq, rq->bucket.id)) {
		s3_fail(rq, S3_BUCKET_NOT_EMPTY);
		return;
	}
	s3_bucket_remove(rq, rq->bucket.id);
	sb_project_leave(rq->ctx, mok_arena_printf(rq->arena, S3_URN, rq->bucket.name));
	sb_note_delete(rq->ctx, S3_NOTE_KIND, rq->bucket.name);
	s3_answer_empty(rq, 204);
}

void s3_get_location(struct s3_request *rq)
{
	struct mok_buf *out = s3_answer_xml(rq);

	mok_buf_printf(out,
		"<LocationConstraint xmlns=\"" S3_NAMESPACE "\">%s</LocationConstraint>",
		rq->bucket.region);
}

void s3_get_versioning(struct s3_request *rq)
{
	struct mok_buf *out = s3_answer_xml(rq);

	mok_buf_puts(out, "<VersioningConfiguration xmlns=\"" S3_NAMESPACE "\">");
	if (rq->bucket.versioning != S3_UNVERSIONED)
		s3_xml_put(out, "Status",
			rq->bucket.versioning == S3_VERSIONED ? "Enabled" : "Suspended");
	mok_buf_puts(out, "</VersioningConfiguration>");
}

void s3_put_versioning(struct s3_request *rq)
{
	const struct s3_node *config = s3_body_xml(rq, "VersioningConfiguration");
	const char *status = s3_xml_text(config, "Status");
	enum s3_versioning versioning;

	if (!config)
		return;
	if (mok_streq(status, "Enabled")) {
		versioning = S3_VERSIONED;
	} else if (mok_streq(status, "Suspended")) {
		versioning = S3_SUSPENDED;
	} else {
		s3_fail(rq, status ? S3_MALFORMED_XML : S3_ILLEGAL_VERSIONING);
		return;
	}
	s3_run(rq, "UPDATE s3_bucket SET versioning = ? WHERE id = ?", "ii", (int64_t)versioning,
		rq->bucket.id);
	s3_answer_empty(rq, 200);
}
