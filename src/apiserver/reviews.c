/* Reviews: questions that are answered and not kept. Who gets in here is the cluster's admin and
 * may do everything, since RBAC's objects are kept and not looked at.
 * https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/ */
#include "apiserver_internal.h"

static void add_user(cJSON *to, const char *member)
{
	cJSON *user = mok_json_object(to, member);
	static const char *const groups[] = { "system:masters", "system:authenticated" };

	cJSON_AddStringToObject(user, "username", "admin");
	cJSON_AddItemToObject(
		user, "groups", cJSON_CreateStringArray(groups, (int)MOK_COUNT(groups)));
}

static void access(cJSON *status)
{
	cJSON_AddTrueToObject(status, "allowed");
}

static void add_rule(cJSON *status, const char *list, const char *const *members, size_t n)
{
	static const char *const all[] = { "*" };
	cJSON *rule = cJSON_CreateObject();

	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToObject(rule, members[i], cJSON_CreateStringArray(all, 1));
	cJSON_AddItemToArray(cJSON_AddArrayToObject(status, list), rule);
}

static void rules(cJSON *status)
{
	static const char *const of_resources[] = { "verbs", "apiGroups", "resources" };
	static const char *const of_paths[] = { "verbs", "nonResourceURLs" };

	add_rule(status, "resourceRules", of_resources, MOK_COUNT(of_resources));
	add_rule(status, "nonResourceRules", of_paths, MOK_COUNT(of_paths));
	cJSON_AddFalseToObject(status, "incomplete");
}

static void who(cJSON *status)
{
	add_user(status, "userInfo");
}

/* Any token lets in, so any is somebody's. */
static void token(cJSON *status)
{
	cJSON_AddTrueToObject(status, "authenticated");
	add_user(status, "user");
}

static const struct {
	const char *kind;
	void (*answer)(cJSON *status);
} reviews[] = {
	{ "SelfSubjectAccessReview", access },
	{ "SelfSubjectRulesReview", rules },
	{ "SelfSubjectReview", who },
	{ "TokenReview", token },
};

bool ks_review(struct ks_req *r, cJSON *object)
{
	for (size_t i = 0; i < MOK_COUNT(reviews); i++) {
		if (strcmp(reviews[i].kind, r->resource->kind) != 0 ||
			!mok_ends(r->resource->group, ".k8s.io"))
			continue;
		cJSON_DeleteItemFromObjectCaseSensitive(object, "status");
		reviews[i].answer(mok_json_object(object, "status"));
		ks_reply(r, 201, object);
		return true;
	}
	return false;
}
