/*
 * CORS rules: read into a normal form when they are set (the gateway's: methods in a fixed order,
 * origins and headers sorted and without doubles), and applied to requests with an Origin.
 */
#include "s3.h"
#include "s3_handlers.h"
#include "s3_store.h"
#include "s3_xml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RULES_MAX 100
#define VALUES_MAX 1000

static const char *const methods[] = { "GET", "PUT", "DELETE", "HEAD", "POST", "COPY" };

struct values {
	const char *items[VALUES_MAX];
	size_t len;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t stars(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '*';
	return n;
}

static bool take_values(const struct s3_node *rule, const char *name, struct values *out)
{
	out->len = 0;
	for (const struct s3_node *node = s3_xml_child(rule, name); node;
		node = s3_xml_again(node)) {
		if (out->len == VALUES_MAX || !*node->text || stars(node->text) > 1)
			return false;
		out->items[out->len++] = node->text;
	}
	return true;
}

static void put_sorted(struct mok_buf *out, const char *name, struct values *values)
{
	qsort(values->items, values->len, sizeof(*values->items), by_text);
	for (size_t i = 0; i < values->len; i++)
		if (i == 0 || !mok_streq(values->items[i - 1], values->items[i]))
			s3_xml_put(out, name, values->items[i]);
}

static bool put_methods(struct mok_buf *out, const struct values *given)
{
	size_t known = 0;

	for (size_t i = 0; i < MOK_COUNT(methods); i++) {
		bool wanted = false;

		for (size_t j = 0; j < given->len; j++)
			if (mok_streq(given->items[j], methods[i])) {
				wanted = true;
				known++;
			}
		if (wanted)
			s3_xml_put(out, "AllowedMethod", methods[i]);
	}
	return given->len > 0 && known == given->len;
}

/* Appends the rule in its normal form; false when it is not a rule. */
static bool put_rule(struct mok_buf *out, const struct s3_node *rule, struct values *values)
{
	const char *id = s3_xml_text(rule, "ID"), *age = s3_xml_text(rule, "MaxAgeSeconds");
	int64_t seconds = 0;

	if ((id && strlen(id) > 255) ||
		(age && (!mok_parse_i64(age, &seconds) || seconds < 0 || seconds > INT32_MAX)))
		return false;
	mok_buf_puts(out, "<CORSRule>");
	if (id && *id)
		s3_xml_put(out, "ID", id);
	if (!take_values(rule, "AllowedMethod", values) || !put_methods(out, values) ||
		!take_values(rule, "AllowedOrigin", values) || values->len == 0)
		return false;
	put_sorted(out, "AllowedOrigin", values);
	if (!take_values(rule, "AllowedHeader", values))
		return false;
	put_sorted(out, "AllowedHeader", values);
	if (age)
		s3_xml_put_int(out, "MaxAgeSeconds", seconds);
	if (!take_values(rule, "ExposeHeader", values))
		return false;
	for (size_t i = 0; i < values->len; i++)
		s3_xml_put(out, "ExposeHeader", values->items[i]);
	mok_buf_puts(out, "</CORSRule>");
	return true;
}

void s3_put_cors(struct s3_request *rq)
{
	const struct s3_node *config = s3_body_xml(rq, "CORSConfiguration");
	const struct s3_node *rule = s3_xml_child(config, "CORSRule");
	struct values *values = MOK_NEW(rq->arena, struct values);
	struct mok_buf out;
	bool ok = rule != NULL;
	size_t n = 0;

	if (!config)
		return;
	mok_buf_init(&out, S3_XML_MAX * 2);
	mok_buf_puts(&out, "<CORSConfiguration xmlns=\"" S3_NAMESPACE "\">");
	for (; rule && ok; rule = s3_xml_again(rule))
		ok = ++n <= RULES_MAX && put_rule(&out, rule, values);
	mok_buf_puts(&out, "</CORSConfiguration>");
	if (n > RULES_MAX) {
		s3_fail_with(rq, S3_INVALID_REQUEST, "Too many CORS rules");
	} else if (!ok || out.overflow) {
		s3_fail(rq, S3_MALFORMED_XML);
	} else {
		s3_config_put(rq, rq->bucket.id, "cors", out.data);
		s3_answer_empty(rq, 200);
	}
	mok_buf_release(&out);
}

void s3_get_cors(struct s3_request *rq)
{
	const char *document = s3_config_get(rq, rq->bucket.id, "cors");

	if (!document)
		s3_fail(rq, S3_NO_SUCH_CORS);
	else
		mok_buf_puts(s3_answer_xml(rq), document);
}

void s3_delete_cors(struct s3_request *rq)
{
	s3_config_remove(rq, rq->bucket.id, "cors");
	s3_answer_empty(rq, 204);
}

/* ---- applying them ---- */

static bool has_value(const struct s3_node *rule, const char *name, const char *value, bool nocase)
{
	for (const struct s3_node *node = s3_xml_child(rule, name); node; node = s3_xml_again(node))
		if (nocase ? strcasecmp(node->text, value) == 0 || mok_streq(node->text, "*")
			   : s3_glob(node->text, value))
			return true;
	return false;
}

static bool has_headers(struct s3_request *rq, const struct s3_node *rule, const char *list)
{
	while (list && *list) {
		size_t len;

		list += strspn(list, " ,");
		len = strcspn(list, " ,");
		if (len > 0 &&
			!has_value(rule, "AllowedHeader", mok_arena_strndup(rq->arena, list, len),
				true))
			return false;
		list += len;
	}
	return true;
}

static const struct s3_node *find_rule(
	struct s3_request *rq, const char *origin, const char *method, const char *headers)
{
	const char *document = s3_config_get(rq, rq->bucket.id, "cors");
	const struct s3_node *config =
		document ? s3_xml_parse(rq->arena, document, strlen(document)) : NULL;

	for (const struct s3_node *rule = s3_xml_child(config, "CORSRule"); rule;
		rule = s3_xml_again(rule))
		if (has_value(rule, "AllowedOrigin", origin, false) &&
			has_value(rule, "AllowedMethod", method, false) &&
			has_headers(rq, rule, headers))
			return rule;
	return NULL;
}

static const char *joined(struct s3_request *rq, const struct s3_node *rule, const char *name)
{
	const char *out = NULL;

	for (const struct s3_node *node = s3_xml_child(rule, name); node; node = s3_xml_again(node))
		out = out ? mok_arena_printf(rq->arena, "%s, %s", out, node->text) : node->text;
	return out;
}

static void answer_rule(
	struct s3_request *rq, const struct s3_node *rule, const char *origin, const char *headers)
{
	const char *age = s3_xml_text(rule, "MaxAgeSeconds");
	const char *expose = joined(rq, rule, "ExposeHeader");
	bool any = mok_streq(joined(rq, rule, "AllowedOrigin"), "*");

	s3_header(rq, "Access-Control-Allow-Origin", any ? "*" : origin);
	s3_header(rq, "Vary", "Origin");
	s3_header(rq, "Access-Control-Allow-Methods", joined(rq, rule, "AllowedMethod"));
	if (headers)
		s3_header(rq, "Access-Control-Allow-Headers", headers);
	if (expose)
		s3_header(rq, "Access-Control-Expose-Headers", expose);
	if (age)
		s3_header(rq, "Access-Control-Max-Age", age);
}

void s3_preflight(struct s3_request *rq)
{
	const char *origin = s3_req_header(rq, "origin"),
		   *method = s3_req_header(rq, "access-control-request-method"),
		   *headers = s3_req_header(rq, "access-control-request-headers");
	const struct s3_node *rule;

	if (!origin || !method || !rq->bucket.id) {
		s3_fail(rq, S3_INVALID_REQUEST);
		return;
	}
	rule = find_rule(rq, origin, method, headers);
	if (!rule) {
		s3_fail(rq, S3_ACCESS_DENIED);
		return;
	}
	answer_rule(rq, rule, origin, headers);
	s3_answer_empty(rq, 200);
}

void s3_add_cors_headers(struct s3_request *rq)
{
	const char *origin = s3_req_header(rq, "origin");
	const struct s3_node *rule =
		origin && rq->bucket.id ? find_rule(rq, origin, rq->method, NULL) : NULL;

	if (rule)
		answer_rule(rq, rule, origin, NULL);
}
