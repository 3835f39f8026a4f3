/*
 * Reviews (authorization.k8s.io, authentication.k8s.io): they are answered, not stored. Whoever has
 * a token of the cluster is its administrator; of others, the stored roles tell.
 */
#include "review.h"
#include "validate.h"

static bool is(const struct ks_req *r, const char *kind)
{
	return strcmp(r->resource->kind, kind) == 0;
}

/* ---- validation ---- */

static void check_metadata(struct ks_req *r, const cJSON *object)
{
	bool local = is(r, "LocalSubjectAccessReview");
	const cJSON *meta = ks_at(object, "metadata"), *member;

	cJSON_ArrayForEach(member, meta)
	{
		if (strcmp(member->string, "managedFields") == 0 || cJSON_IsNull(member) ||
			(local && strcmp(member->string, "namespace") == 0))
			continue;
		ks_bad(r, "metadata", meta,
			local ? "must be empty except for namespace" : "must be empty");
		return;
	}
}

static void check_selector(struct ks_req *r, const cJSON *selector, const char *path)
{
	bool raw = *ks_str(selector, "rawSelector");
	bool listed = cJSON_GetArraySize(ks_at(selector, "requirements")) > 0;

	if (!selector)
		return;
	if (raw && listed)
		ks_bad_text(r, ks_below(r, path, "rawSelector"), ks_str(selector, "rawSelector"),
			"may not specified at the same time as requirements");
	if (!raw && !listed)
		ks_want(r, ks_below(r, path, "requirements"),
			ks_printf(r,
				"when %s is specified, requirements or rawSelector is required",
				path));
}

static void check_access(struct ks_req *r, const cJSON *object)
{
	const cJSON *spec = ks_at(object, "spec"), *resource = ks_at(spec, "resourceAttributes");
	const cJSON *other = ks_at(spec, "nonResourceAttributes");

	if (resource && other)
		ks_bad(r, "spec.nonResourceAttributes", other,
			"cannot be specified in combination with resourceAttributes");
	if (!resource && !other)
		ks_cause(r, "FieldValueInvalid", "spec.resourceAttributes",
			"Invalid value: null: exactly one of nonResourceAttributes or "
			"resourceAttributes must be specified");
	if (!is(r, "SelfSubjectAccessReview") && !*ks_str(spec, "user") &&
		!cJSON_GetArraySize(ks_at(spec, "groups")))
		ks_bad_text(r, "spec.user", "", "at least one of user or group must be specified");
	check_selector(
		r, ks_at(resource, "fieldSelector"), "spec.resourceAttributes.fieldSelector");
	check_selector(
		r, ks_at(resource, "labelSelector"), "spec.resourceAttributes.labelSelector");
	check_metadata(r, object);
	if (!is(r, "LocalSubjectAccessReview"))
		return;
	if (resource && strcmp(ks_str(resource, "namespace"), r->ns) != 0)
		ks_bad_text(r, "spec.resourceAttributes.namespace", ks_str(resource, "namespace"),
			"must match metadata.namespace");
	if (other)
		ks_bad(r, "spec.nonResourceAttributes", other,
			"disallowed on this kind of request");
}

/* ---- answers ---- */

static struct ks_access access_of(struct ks_req *r, const cJSON *spec)
{
	const cJSON *resource = ks_at(spec, "resourceAttributes");
	const cJSON *other = ks_at(spec, "nonResourceAttributes");
	bool self = is(r, "SelfSubjectAccessReview");
	const cJSON *who = self ? r->user : spec;

	return (struct ks_access){ .user = ks_str(who, self ? "username" : "user"),
		.groups = ks_at(who, "groups"),
		.verb = ks_str(resource ? resource : other, "verb"),
		.path = resource ? NULL : ks_str(other, "path"),
		.ns = ks_str(resource, "namespace"),
		.group = ks_str(resource, "group"),
		.resource = ks_str(resource, "resource"),
		.sub = ks_str(resource, "subresource"),
		.name = ks_str(resource, "name") };
}

static void answer_access(struct ks_req *r, cJSON *object)
{
	cJSON *status = cJSON_CreateObject();
	struct ks_access access;
	const char *reason;

	check_access(r, object);
	if (!ks_invalid_as(r, r->resource->group, "", "")) {
		cJSON_Delete(status);
		return;
	}
	access = access_of(r, ks_at(object, "spec"));
	cJSON_AddBoolToObject(status, "allowed", ks_rbac_allows(r, &access, &reason));
	if (*reason)
		cJSON_AddStringToObject(status, "reason", reason);
	mok_json_set(object, "status", status);
	ks_reply(r, 201, object);
}

static void answer_rules(struct ks_req *r, cJSON *object)
{
	const char *ns = mok_arena_strdup(r->arena, ks_str(object, "spec.namespace"));
	const struct ks_access access = {
		.user = ks_str(r->user, "username"), .groups = ks_at(r->user, "groups"), .ns = ns
	};

	if (!*ns) {
		ks_bad_request(r, "no namespace on request");
		return;
	}
	mok_json_set(object, "metadata", cJSON_CreateObject());
	mok_json_set(object, "spec", cJSON_CreateObject());
	mok_json_set(object, "status", ks_rbac_rules(r, &access));
	ks_reply(r, 201, object);
}

static void answer_self(struct ks_req *r, cJSON *object)
{
	mok_json_set(object, "metadata", cJSON_CreateObject());
	ks_set_str(mok_json_object(object, "metadata"), "creationTimestamp",
		ks_time_text(r, r->now_ms));
	mok_json_set(mok_json_object(object, "status"), "userInfo", cJSON_Duplicate(r->user, true));
	ks_reply(r, 201, object);
}

/* Every token lets in, but for one of a service account that is over. */
static void answer_token(struct ks_req *r, cJSON *object)
{
	const char *token = ks_str(object, "spec.token");
	struct ks_bearer bearer;
	cJSON *status;

	if (!*token) {
		ks_bad_request(r, "token is required for TokenReview in authentication");
		return;
	}
	status = cJSON_CreateObject();
	if (ks_token_read(r, token, &bearer)) {
		cJSON_AddTrueToObject(status, "authenticated");
		cJSON_AddItemToObject(
			status, "user", cJSON_Duplicate(ks_user_of_bearer(r, &bearer), true));
	} else {
		cJSON_AddItemToObject(status, "user", cJSON_CreateObject());
		cJSON_AddStringToObject(status, "error", "service account token has expired");
	}
	mok_json_set(object, "status", status);
	ks_reply(r, 201, object);
}

bool ks_is_review(const struct ks_resource *resource)
{
	return strcmp(resource->group, "authorization.k8s.io") == 0 ||
		strcmp(resource->group, "authentication.k8s.io") == 0;
}

void ks_review(struct ks_req *r, cJSON *object)
{
	ks_normalise(r, object, r->resource->type);
	ks_managed_update(r, NULL, object);
	if (is(r, "SelfSubjectReview"))
		answer_self(r, object);
	else if (is(r, "TokenReview"))
		answer_token(r, object);
	else if (is(r, "SelfSubjectRulesReview"))
		answer_rules(r, object);
	else
		answer_access(r, object);
}
