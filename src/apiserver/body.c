/* Bodies: JSON, YAML and protobuf into objects, and what is said of those that are none of them. */
#include "apiserver_internal.h"
#include "protobuf.h"

#include <ctype.h>

enum { SUMMARY_MAX = 30, FEW_MEMBERS = 32 };

static bool is_blank(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r\n", s[i]) || !s[i])
			return false;
	return true;
}

/* As the real server quotes a body that it cannot read: text if it may be JSON, else hex. */
static const char *summary(struct ks_req *r, const char *text, size_t len)
{
	size_t n = len < SUMMARY_MAX ? len : SUMMARY_MAX;
	const char *more = n < len ? " ..." : "";
	char hex[2 * SUMMARY_MAX + 1];

	if (!len)
		return "<empty>";
	if (*text == '{')
		return ks_printf(r, "%.*s%s", (int)n, text, more);
	mok_hex((const unsigned char *)text, n, hex);
	return ks_printf(r, "%s%s", hex, more);
}

const char *ks_json_type(const cJSON *json)
{
	return cJSON_IsArray(json)     ? "array"
		: cJSON_IsObject(json) ? "object"
		: cJSON_IsString(json) ? "string"
		: cJSON_IsNumber(json) ? "number"
				       : "bool";
}

/* Go's words for where JSON ends to be JSON. */
const char *ks_json_error(struct ks_req *r, const char *text, size_t len)
{
	const char *end = NULL;
	cJSON *json = cJSON_ParseWithLengthOpts(text, len, &end, false);

	cJSON_Delete(json);
	if (!end || end >= text + len || (end == text + len - 1 && strchr("{[:,", *end)))
		return "unexpected end of JSON input";
	return ks_printf(r, "invalid character '%c' looking for beginning of value",
		isprint((unsigned char)*end) ? *end : '?');
}

const char *ks_unbase64(struct mok_arena *arena, const char *text, size_t *bad)
{
	static const char codes[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = mok_arena_alloc(arena, strlen(text) + 1), *to = out;
	const char *begin = text;
	unsigned bits = 0, held = 0;

	for (; *text && *text != '='; text++) {
		const char *at = strchr(codes, *text);

		if (!at) {
			if (bad)
				*bad = (size_t)(text - begin);
			return NULL;
		}
		bits = (bits << 6 | (unsigned)(at - codes)) & 0xffffU;
		held += 6;
		if (held >= 8) {
			held -= 8;
			*to++ = (char)(bits >> held & 0xff);
		}
	}
	return out;
}

static const char *kind_error(struct ks_req *r, const cJSON *json, const char *text, size_t len)
{
	static const char into[] = "Go value of type struct { APIVersion string "
				   "\"json:\\\"apiVersion,omitempty\\\"\"; "
				   "Kind string \"json:\\\"kind,omitempty\\\"\" }";

	if (!json)
		return ks_json_error(r, text, len);
	return ks_printf(r, "json: cannot unmarshal %s into %s", ks_json_type(json), into);
}

static bool is_patch(const struct ks_req *r)
{
	return strcmp(r->in->method, "PATCH") == 0;
}

const char *ks_patch_words(const struct ks_req *r)
{
	const char *type = r->in->content_type ? r->in->content_type : "";

	return strstr(type, "strategic") ? "" : "error decoding patch: ";
}

static void refuse(struct ks_req *r, const cJSON *json, const char *text, size_t len)
{
	if (is_patch(r))
		ks_bad_request(r, "%s%s", ks_patch_words(r), ks_json_error(r, text, len));
	else if (strcmp(r->in->method, "DELETE") == 0)
		ks_bad_request(r, "couldn't get version/kind; json parse error: %s",
			kind_error(r, json, text, len));
	else
		ks_bad_request(r,
			"the object provided is unrecognized (must be of type %s): couldn't get "
			"version/kind; json parse error: %s (%s)",
			r->resource ? r->resource->kind : "Status", kind_error(r, json, text, len),
			summary(r, text, len));
}

static bool came_before(const cJSON *object, const cJSON *child)
{
	for (const cJSON *it = object->child; it != child; it = it->next)
		if (strcmp(it->string, child->string) == 0)
			return true;
	return false;
}

/* The later of two members of one name counts. */
static void drop_twice(struct ks_req *r, cJSON *value, const char *path, int depth)
{
	bool object = cJSON_IsObject(value), large = cJSON_GetArraySize(value) > FEW_MEMBERS;
	cJSON *child, *next;

	if (depth > KS_DEPTH_MAX)
		return;
	for (child = value->child; child; child = next) {
		next = child->next;
		/* Large ones are data, whose keys a program wrote. */
		if (object && !large && came_before(value, child)) {
			const char *at =
				ks_printf(r, "%s%s%s", path, *path ? "." : "", child->string);

			mok_vec_push(r->arena, &r->twice, at);
			cJSON_DeleteItemFromObjectCaseSensitive(value, child->string);
		}
		if (child->child && object)
			drop_twice(r, child,
				ks_printf(r, "%s%s%s", path, *path ? "." : "", child->string),
				depth + 1);
		else if (child->child)
			drop_twice(r, child, path, depth + 1);
	}
}

static cJSON *from_yaml(struct ks_req *r, const char *text, size_t len)
{
	struct ks_yaml_error error = { .line = 0 };
	const char *how = ks_query(r, "fieldValidation");
	cJSON *json = ks_own(r, ks_yaml(r->arena, text, len, &error));

	if (!json)
		ks_bad_request(r,
			"error decoding YAML: error converting YAML to JSON: yaml: line %zu: %s",
			error.line, error.text);
	else if (error.twice && how && strcmp(how, "Strict") == 0)
		ks_bad_request(r,
			"error strict decoding YAML: error converting YAML to JSON: yaml: "
			"unmarshal "
			"errors:\n  line %zu: key \"%s\" already set in map",
			error.line, error.twice);
	else if (error.twice && (!how || strcmp(how, "Warn") == 0))
		ks_warn(r,
			ks_printf(r, "line %zu: key \"%s\" already set in map", error.line,
				error.twice));
	return r->answered ? NULL : json;
}

static bool is_protobuf(const char *type)
{
	return type && strstr(type, "vnd.kubernetes.protobuf");
}

/* The kind that a body is of when it does not say: the subresource's or the resource's. */
static const char *expected_kind(struct ks_req *r)
{
	const struct ks_resource *res = r->resource;
	const char *version =
		*res->group ? ks_printf(r, "%s/%s", res->group, res->version) : res->version;

	if (strcmp(r->in->method, "DELETE") == 0)
		return ks_printf(r, "%s DeleteOptions", version);
	for (size_t i = 0; *r->sub && i < res->nsubs; i++) {
		const struct ks_sub *sub = &res->subs[i];

		if (strcmp(sub->name, r->sub) == 0)
			return ks_printf(r, "%s%s%s %s", sub->group, *sub->group ? "/" : "",
				sub->version, sub->kind);
	}
	return ks_printf(r, "%s %s", version, res->kind);
}

static cJSON *from_protobuf(struct ks_req *r, const char *text, size_t len)
{
	const char *expected = expected_kind(r), *want = strchr(expected, ' ') + 1, *version;
	struct ks_protobuf_body body = { .data = text, .len = len, .fallback = expected };
	cJSON *object = ks_own(r, ks_protobuf_read(r->server->protobuf, r->arena, &body));

	if (object)
		return object;
	if (strcmp(r->in->method, "DELETE") == 0) {
		ks_bad_request(r, "%s", body.error);
		return NULL;
	}
	if (!body.kind) {
		ks_bad_request(r,
			"the object provided is unrecognized (must be of type %s): %s (%s)", want,
			body.error, summary(r, text, len));
		return NULL;
	}
	version = mok_arena_strndup(r->arena, body.kind, strcspn(body.kind, " "));
	ks_bad_request(r, "%s in version \"%s\" cannot be handled as a %s: %s",
		strchr(body.kind, ' ') + 1,
		strrchr(version, '/') ? strrchr(version, '/') + 1 : version, want, body.error);
	return NULL;
}

cJSON *ks_body(struct ks_req *r)
{
	const char *text = r->in->body ? r->in->body : "", *type = r->in->content_type;
	size_t len = r->in->body ? r->in->body_len : 0;
	cJSON *json;

	if (len > KS_BODY_MAX) {
		ks_fail(r, 413, "RequestEntityTooLarge", "Request entity too large: limit is %d",
			KS_BODY_MAX);
		return NULL;
	}
	if (is_protobuf(type) && r->resource && !r->resource->custom)
		return from_protobuf(r, text, len);
	if (is_protobuf(type)) {
		ks_fail(r, 415, "UnsupportedMediaType",
			"the body of the request was in an unknown format - accepted media types "
			"include: application/json, application/yaml");
		return NULL;
	}
	if (is_blank(text, len) && (!is_patch(r) || strstr(type ? type : "", "apply")))
		return ks_own(r, cJSON_CreateObject());
	json = ks_own(r, mok_json_parse(text, len));
	if (!json && type && strstr(type, "yaml"))
		return from_yaml(r, text, len);
	if (!json || (!is_patch(r) && !cJSON_IsObject(json))) {
		refuse(r, json, text, len);
		return NULL;
	}
	if (!is_patch(r) || strstr(type ? type : "", "apply"))
		drop_twice(r, json, "", 0);
	return json;
}
