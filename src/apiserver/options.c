/* The options of a request, in its query, and what its client accepts. */
#include "apiserver_internal.h"

#include <stdio.h>
#include <strings.h>

enum { MANAGER_MAX = 128 };

/* ---- options ---- */

static const char *options_of(const struct ks_req *r)
{
	const char *method = r->in->method;

	return strcmp(method, "POST") == 0     ? "CreateOptions"
		: strcmp(method, "PUT") == 0   ? "UpdateOptions"
		: strcmp(method, "PATCH") == 0 ? "PatchOptions"
		: strcmp(method, "GET") == 0   ? "ListOptions"
					       : "DeleteOptions";
}

static bool refuse(struct ks_req *r, const char *reason, const char *field, const char *text)
{
	return ks_bad_field(r, ks_details("", "meta.k8s.io", options_of(r)), reason, field, text);
}

static bool write_options(struct ks_req *r)
{
	const char *dry = ks_query(r, "dryRun"), *how = ks_query(r, "fieldValidation");
	const char *manager = ks_query(r, "fieldManager");

	if (dry && *dry && strcmp(dry, "All") != 0)
		return refuse(r, "FieldValueNotSupported", "dryRun",
			ks_printf(
				r, "Unsupported value: [\"%s\"]: supported values: \"All\"", dry));
	r->dry_run = dry && *dry;
	if (manager && strlen(manager) > MANAGER_MAX)
		return refuse(r, "FieldValueTooLong", "fieldManager",
			ks_printf(r, "Too long: may not be more than %d bytes", MANAGER_MAX));
	if (how && *how && strcmp(how, "Ignore") != 0 && strcmp(how, "Strict") != 0 &&
		strcmp(how, "Warn") != 0)
		return refuse(r, "FieldValueNotSupported", "fieldValidation",
			ks_printf(r,
				"Unsupported value: \"%s\": supported values: \"\", \"Ignore\", "
				"\"Strict\", \"Warn\"",
				how));
	return true;
}

static bool list_options(struct ks_req *r)
{
	const char *limit = ks_query(r, "limit"), *version = ks_query(r, "resourceVersion");
	const char *match = ks_query(r, "resourceVersionMatch");
	int64_t number;

	if (limit && *limit && !mok_parse_i64(limit, &number))
		return ks_bad_request(r, "strconv.ParseInt: parsing \"%s\": invalid syntax", limit);
	if (match && *match && !(version && *version) && !ks_query_true(r, "watch"))
		return refuse(r, "FieldValueForbidden", "resourceVersionMatch",
			"Forbidden: resourceVersionMatch is forbidden unless resourceVersion is "
			"provided");
	if (match && *match && strcmp(match, "Exact") != 0 && strcmp(match, "NotOlderThan") != 0)
		return refuse(r, "FieldValueNotSupported", "resourceVersionMatch",
			ks_printf(r,
				"Unsupported value: \"%s\": supported values: \"Exact\", "
				"\"NotOlderThan\", \"\"",
				match));
	if (match && strcmp(match, "Exact") == 0 && mok_streq(version, "0"))
		return refuse(r, "FieldValueForbidden", "resourceVersionMatch",
			"Forbidden: resourceVersionMatch \"exact\" is forbidden for "
			"resourceVersion \"0\"");
	if (version && *version && (!mok_parse_i64(version, &number) || number < 0))
		return ks_bad_request(r,
			"invalid resource version: resourceVersion: Invalid value: \"%s\": "
			"strconv.ParseUint: parsing \"%s\": invalid syntax",
			version, version);
	return true;
}

bool ks_options(struct ks_req *r)
{
	if (strcmp(r->in->method, "GET") == 0)
		return r->name || list_options(r);
	return write_options(r);
}

/* ---- what the client accepts ---- */

static bool is_served(const char *type, size_t len)
{
	static const char *const served[] = { "*/*", "application/*", "application/json",
		"application/yaml" };

	for (size_t i = 0; i < MOK_COUNT(served); i++)
		if (len == strlen(served[i]) && strncasecmp(type, served[i], len) == 0)
			return true;
	return false;
}

bool ks_acceptable(struct ks_req *r)
{
	const char *s = r->in->accept;

	if (!s || !*s)
		return true;
	while (*s) {
		s += strspn(s, " ,");
		if (is_served(s, strcspn(s, ",; ")))
			return true;
		s += strcspn(s, ",");
	}
	return ks_fail_details(r, 406, "NotAcceptable",
		"406: Not Acceptable\n\nAvailable representations: application/json, "
		"application/yaml, application/vnd.kubernetes.protobuf, "
		"application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
		cJSON_CreateObject());
}
