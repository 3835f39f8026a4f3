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

/* ---- of lists and watches: apimachinery's internalversion/validation ---- */

static const char *text_of(const struct ks_req *r, const char *name)
{
	const char *text = ks_query(r, name);

	return text ? text : "";
}

static void forbid(struct ks_req *r, const char *field, const char *why)
{
	ks_cause(r, "FieldValueForbidden", field, "Forbidden: %s", why);
}

static void check_list(struct ks_req *r, const char *match, bool initial)
{
	const char *version = text_of(r, "resourceVersion");
	bool exact = strcmp(match, "Exact") == 0;

	if (*match && !*version)
		forbid(r, "resourceVersionMatch",
			"resourceVersionMatch is forbidden unless resourceVersion is provided");
	if (*match && *text_of(r, "continue"))
		forbid(r, "resourceVersionMatch",
			"resourceVersionMatch is forbidden when continue is provided");
	if (*match && !exact && strcmp(match, "NotOlderThan") != 0)
		ks_cause(r, "FieldValueNotSupported", "resourceVersionMatch",
			"Unsupported value: \"%s\": supported values: \"Exact\", "
			"\"NotOlderThan\", \"\"",
			match);
	if (exact && strcmp(version, "0") == 0)
		forbid(r, "resourceVersionMatch",
			"resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
	if (initial)
		forbid(r, "sendInitialEvents", "sendInitialEvents is forbidden for list");
}

static void check_watch(struct ks_req *r, const char *match, bool initial)
{
	bool newer = strcmp(match, "NotOlderThan") == 0;

	if (initial && !newer)
		forbid(r, "resourceVersionMatch",
			"sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
	if (*match && !initial)
		forbid(r, "resourceVersionMatch",
			"resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
			"provided");
	if (*match && !newer)
		ks_cause(r, "FieldValueNotSupported", "resourceVersionMatch",
			"Unsupported value: \"%s\": supported values: \"NotOlderThan\"", match);
	if (*match && *text_of(r, "continue"))
		forbid(r, "resourceVersionMatch",
			"resourceVersionMatch is forbidden when continue is provided");
}

static bool list_options(struct ks_req *r)
{
	const char *limit = text_of(r, "limit"), *version = text_of(r, "resourceVersion");
	const char *match = text_of(r, "resourceVersionMatch");
	bool initial = *text_of(r, "sendInitialEvents");
	int64_t number;

	if (*limit && !mok_parse_i64(limit, &number))
		return ks_bad_request(r, "strconv.ParseInt: parsing \"%s\": invalid syntax", limit);
	if (ks_query_true(r, "watch"))
		check_watch(r, match, initial);
	else
		check_list(r, match, initial);
	if (!ks_invalid_as(r, "meta.k8s.io", "ListOptions", ""))
		return false;
	if (*version && (!mok_parse_i64(version, &number) || number < 0))
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
