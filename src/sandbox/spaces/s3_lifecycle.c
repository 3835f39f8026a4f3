/*
 * Lifecycle rules, normalised as the gateway does: kept by ID, an ID made up where none was given,
 * so that they read back sorted.
 */
#include "s3.h"
#include "s3_handlers.h"
#include "s3_store.h"
#include "s3_xml.h"

#include <stdlib.h>
#include <string.h>

#define RULES_MAX 1000

struct rule {
	const char *id, *xml;
};

static bool put_days(struct mok_buf *out, const struct s3_node *node, const char *name)
{
	const char *text = s3_xml_text(node, name);
	int64_t days;

	if (!text || !mok_parse_i64(text, &days) || days < 1 || days > INT32_MAX)
		return false;
	s3_xml_put_int(out, name, days);
	return true;
}

/* Exactly one of Days, Date (a midnight in UTC) and ExpiredObjectDeleteMarker. */
static bool put_expiration(struct s3_request *rq, struct mok_buf *out, const struct s3_node *node)
{
	const char *date = s3_xml_text(node, "Date"),
		   *marker = s3_xml_text(node, "ExpiredObjectDeleteMarker");
	bool days = s3_xml_child(node, "Days") != NULL, ok = true;
	int64_t date_ms;

	if (days + (date != NULL) + (marker != NULL) != 1)
		return false;
	mok_buf_puts(out, "<Expiration>");
	if (days)
		ok = put_days(out, node, "Days");
	if (marker) {
		ok = mok_streq(marker, "true") || mok_streq(marker, "false");
		s3_xml_put(out, "ExpiredObjectDeleteMarker", marker);
	}
	if (date) {
		const char *full = strlen(date) == 10
			? mok_arena_printf(rq->arena, "%sT00:00:00Z", date)
			: date;

		ok = mok_parse_time(full, &date_ms) == 0 && date_ms % 86400000 == 0;
		if (ok)
			s3_xml_put(out, "Date", s3_iso_time(rq, date_ms));
	}
	mok_buf_puts(out, "</Expiration>");
	return ok;
}

/* The prefix, from the old place or from Filter (perhaps in And); false: not supported or wrong. */
static bool put_prefix(struct s3_request *rq, struct mok_buf *out, const struct s3_node *node)
{
	const struct s3_node *filter = s3_xml_child(node, "Filter"), *within = filter;
	const char *old = s3_xml_text(node, "Prefix"), *prefix;

	if (s3_xml_child(filter, "And"))
		within = s3_xml_child(filter, "And");
	if (s3_xml_child(within, "Tag") || s3_xml_child(within, "ObjectSizeGreaterThan") ||
		s3_xml_child(within, "ObjectSizeLessThan")) {
		s3_fail_with(rq, S3_NOT_IMPLEMENTED,
			"Lifecycle rules by tag or size are not supported.");
		return false;
	}
	if (filter && old) {
		s3_fail(rq, S3_MALFORMED_XML);
		return false;
	}
	prefix = filter ? s3_xml_text(within, "Prefix") : old;
	if (filter)
		mok_buf_puts(out, "<Filter>");
	s3_xml_put(out, "Prefix", prefix ? prefix : "");
	if (filter)
		mok_buf_puts(out, "</Filter>");
	return true;
}

static bool put_actions(struct s3_request *rq, struct mok_buf *out, const struct s3_node *node)
{
	const struct s3_node *expiration = s3_xml_child(node, "Expiration"),
			     *noncurrent = s3_xml_child(node, "NoncurrentVersionExpiration"),
			     *abort = s3_xml_child(node, "AbortIncompleteMultipartUpload");

	if (!expiration && !noncurrent && !abort)
		return false;
	if (expiration && !put_expiration(rq, out, expiration))
		return false;
	if (noncurrent) {
		mok_buf_puts(out, "<NoncurrentVersionExpiration>");
		if (!put_days(out, noncurrent, "NoncurrentDays"))
			return false;
		mok_buf_puts(out, "</NoncurrentVersionExpiration>");
	}
	if (abort) {
		mok_buf_puts(out, "<AbortIncompleteMultipartUpload>");
		if (!put_days(out, abort, "DaysAfterInitiation"))
			return false;
		mok_buf_puts(out, "</AbortIncompleteMultipartUpload>");
	}
	return true;
}

static bool no_transitions(struct s3_request *rq, const struct s3_node *node)
{
	if (!s3_xml_child(node, "Transition") && !s3_xml_child(node, "NoncurrentVersionTransition"))
		return true;
	s3_fail_with(rq, S3_NOT_IMPLEMENTED, "There are no storage classes to move objects to.");
	return false;
}

/* False: it has answered. */
static bool take_rule(struct s3_request *rq, const struct s3_node *node, struct rule *out)
{
	const char *id = s3_xml_text(node, "ID"), *status = s3_xml_text(node, "Status");
	struct mok_buf xml;
	bool ok;

	out->id = id && *id ? id : s3_random_id(rq);
	if (strlen(out->id) > 255 ||
		!(mok_streq(status, "Enabled") || mok_streq(status, "Disabled"))) {
		s3_fail(rq, strlen(out->id) > 255 ? S3_INVALID_ARGUMENT : S3_MALFORMED_XML);
		return false;
	}
	mok_buf_init(&xml, S3_XML_MAX);
	mok_buf_puts(&xml, "<Rule>");
	s3_xml_put(&xml, "ID", out->id);
	ok = no_transitions(rq, node) && put_prefix(rq, &xml, node);
	if (ok) {
		s3_xml_put(&xml, "Status", status);
		ok = put_actions(rq, &xml, node) && !xml.overflow;
		if (!ok)
			s3_fail(rq, S3_MALFORMED_XML);
	}
	mok_buf_puts(&xml, "</Rule>");
	out->xml = mok_arena_strdup(rq->arena, xml.data);
	mok_buf_release(&xml);
	return ok;
}

static int by_id(const void *a, const void *b)
{
	const struct rule *left = a, *right = b;

	return strcmp(left->id, right->id);
}

/* How many rules there are; -1: it has answered. */
static int take_rules(struct s3_request *rq, const struct s3_node *config, struct rule *rules)
{
	int n = 0;

	for (const struct s3_node *node = s3_xml_child(config, "Rule"); node;
		node = s3_xml_again(node)) {
		if (n == RULES_MAX) {
			s3_fail(rq, S3_INVALID_ARGUMENT);
			return -1;
		}
		if (!take_rule(rq, node, &rules[n++]))
			return -1;
	}
	if (n == 0) {
		s3_fail(rq, S3_MALFORMED_XML);
		return -1;
	}
	qsort(rules, (size_t)n, sizeof(*rules), by_id);
	for (int i = 1; i < n; i++)
		if (mok_streq(rules[i - 1].id, rules[i].id)) {
			s3_fail_with(rq, S3_INVALID_ARGUMENT, "Rule ID must be unique");
			return -1;
		}
	return n;
}

void s3_put_lifecycle(struct s3_request *rq)
{
	const struct s3_node *config = s3_body_xml(rq, "LifecycleConfiguration");
	struct rule *rules = MOK_NEW_N(rq->arena, struct rule, RULES_MAX);
	struct mok_buf out;
	int n = config ? take_rules(rq, config, rules) : -1;

	if (n < 0)
		return;
	mok_buf_init(&out, S3_XML_MAX * 2);
	mok_buf_puts(&out, "<LifecycleConfiguration xmlns=\"" S3_NAMESPACE "\">");
	for (int i = 0; i < n; i++)
		mok_buf_puts(&out, rules[i].xml);
	mok_buf_puts(&out, "</LifecycleConfiguration>");
	s3_config_put(rq, rq->bucket.id, "lifecycle", out.data);
	mok_buf_release(&out);
	s3_answer_empty(rq, 200);
}

void s3_get_lifecycle(struct s3_request *rq)
{
	const char *document = s3_config_get(rq, rq->bucket.id, "lifecycle");

	if (!document)
		s3_fail(rq, S3_NO_SUCH_LIFECYCLE);
	else
		mok_buf_puts(s3_answer_xml(rq), document);
}

void s3_delete_lifecycle(struct s3_request *rq)
{
	s3_config_remove(rq, rq->bucket.id, "lifecycle");
	s3_answer_empty(rq, 204);
}
