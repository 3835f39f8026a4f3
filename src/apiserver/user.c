/* Who asks: the cluster's administrator, or somebody for whom one acts
 * (https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/), and what those
 * may do. */
#include "review.h"

static void add_group(cJSON *groups, const char *name)
{
	cJSON_AddItemToArray(groups, cJSON_CreateString(name));
}

/* The groups of a service account, "system:serviceaccount:NS:NAME". */
static void add_account_groups(struct ks_req *r, cJSON *groups, const char *user)
{
	const char *ns = user + strlen(KS_ACCOUNT);

	if (!mok_starts(user, KS_ACCOUNT) || !strchr(ns, ':'))
		return;
	add_group(groups, "system:serviceaccounts");
	add_group(groups, ks_printf(r, "system:serviceaccounts:%.*s", (int)strcspn(ns, ":"), ns));
}

/* ---- refusals ---- */

static const char *with_reason(struct ks_req *r, const char *text, const char *reason)
{
	return *reason ? ks_printf(r, "%s: %s", text, reason) : text;
}

/* "User "bob" cannot list resource "pods" in API group "" in the namespace "n"" */
static const char *refusal(struct ks_req *r, const struct ks_access *a)
{
	const char *where =
		*a->ns ? ks_printf(r, "in the namespace \"%s\"", a->ns) : "at the cluster scope";

	return ks_printf(r, "User \"%s\" cannot %s resource \"%s%s%s\" in API group \"%s\" %s",
		a->user, a->verb, a->resource, *a->sub ? "/" : "", a->sub, a->group, where);
}

/* ---- who it is ---- */

static cJSON *user_of(struct ks_req *r, const char *name, const char *uid, const char *group)
{
	cJSON *user = ks_own(r, cJSON_CreateObject()), *groups;

	cJSON_AddStringToObject(user, "username", name);
	if (uid)
		cJSON_AddStringToObject(user, "uid", uid);
	groups = cJSON_AddArrayToObject(user, "groups");
	if (group)
		add_group(groups, group);
	else
		add_account_groups(r, groups, name);
	add_group(groups, "system:authenticated");
	return user;
}

/* An account's token tells of itself beside the user. */
const cJSON *ks_user_of_bearer(struct ks_req *r, const struct ks_bearer *bearer)
{
	cJSON *user, *extra;

	if (!bearer->name)
		return user_of(r, "admin", "1", "system:masters");
	user = user_of(r, bearer->name, bearer->uid, NULL);
	extra = cJSON_AddObjectToObject(user, "extra");
	cJSON_AddItemToArray(
		cJSON_AddArrayToObject(extra, "authentication.kubernetes.io/credential-id"),
		cJSON_CreateString(bearer->id));
	return user;
}

/* May this one act for another? False: it has answered. */
static bool may_impersonate(struct ks_req *r, const char *other)
{
	const struct ks_access access = { .user = ks_str(r->user, "username"),
		.groups = ks_at(r->user, "groups"),
		.verb = "impersonate",
		.ns = "",
		.group = "",
		.resource = "users",
		.sub = "",
		.name = other };
	const char *reason;

	if (!r->limited || ks_rbac_allows(r, &access, &reason))
		return true;
	return ks_fail_details(r, 403, "Forbidden",
		ks_printf(r, "users \"%s\" is forbidden: %s", other,
			with_reason(r, refusal(r, &access), reason)),
		ks_details(other, "", "users"));
}

bool ks_user_read(struct ks_req *r)
{
	const char *other = r->in->impersonate_user;
	struct ks_bearer bearer;

	if (!r->in->authenticated || !ks_token_read(r, r->in->bearer, &bearer))
		return ks_fail(r, 401, "Unauthorized", "Unauthorized");
	r->limited = bearer.name != NULL;
	r->user = ks_user_of_bearer(r, &bearer);
	if (!other)
		return true;
	if (!may_impersonate(r, other))
		return false;
	r->limited = true;
	r->user = user_of(r, other, NULL, r->in->impersonate_group);
	return true;
}

/* ---- what they may ---- */

static const char *verb_of(const struct ks_req *r)
{
	static const struct {
		const char *method, *named, *many;
	} verbs[] = { { "GET", "get", "list" }, { "HEAD", "get", "list" },
		{ "POST", "create", "create" }, { "PUT", "update", "update" },
		{ "PATCH", "patch", "patch" }, { "DELETE", "delete", "deletecollection" } };

	for (size_t i = 0; i < MOK_COUNT(verbs); i++) {
		if (strcmp(verbs[i].method, r->in->method) != 0)
			continue;
		if (i < 2 && ks_query_true(r, "watch") && !r->name)
			return "watch";
		return r->name ? verbs[i].named : verbs[i].many;
	}
	return "";
}

static const char *lower_method(struct ks_req *r)
{
	char *out = mok_arena_strdup(r->arena, r->in->method);

	for (char *c = out; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 32 : *c);
	return out;
}

static struct ks_access access_of(struct ks_req *r)
{
	bool space = strcmp(r->resource->full, "namespaces") == 0 && r->name;

	return (struct ks_access){ .user = ks_str(r->user, "username"),
		.groups = ks_at(r->user, "groups"),
		.verb = verb_of(r),
		.ns = space ? r->name : r->ns,
		.group = r->resource->group,
		.resource = r->resource->name,
		.sub = r->sub,
		.name = r->name ? r->name : "" };
}

bool ks_user_may_path(struct ks_req *r)
{
	const struct ks_access access = { .user = ks_str(r->user, "username"),
		.groups = ks_at(r->user, "groups"),
		.verb = lower_method(r),
		.path = r->path,
		.ns = "" };
	const char *reason, *text;

	if (!r->limited || ks_rbac_allows(r, &access, &reason))
		return true;
	text = ks_printf(r, "forbidden: User \"%s\" cannot %s path \"%s\"", access.user,
		access.verb, r->path);
	return ks_fail_details(
		r, 403, "Forbidden", with_reason(r, text, reason), cJSON_CreateObject());
}

bool ks_user_may(struct ks_req *r)
{
	const char *reason, *subject = r->resource->full;
	struct ks_access access = access_of(r);

	if (!r->limited || ks_rbac_allows(r, &access, &reason))
		return true;
	if (r->name)
		subject = ks_printf(r, "%s \"%s\"", subject, r->name);
	return ks_fail_details(r, 403, "Forbidden",
		ks_printf(r, "%s is forbidden: %s", subject,
			with_reason(r, refusal(r, &access), reason)),
		ks_details(access.name, access.group, access.resource));
}
