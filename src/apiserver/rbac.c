/* Role-based access control (https://kubernetes.io/docs/reference/access-authn-authz/rbac/): what
 * the stored roles and bindings allow to whom. Requests are not judged by it, only reviews are. */
#include "apiserver_internal.h"
#include "review.h"

#define RBAC "rbac.authorization.k8s.io"
#define USER_PREFIX "system:serviceaccount:"

/* Of the bindings that are looked through. */
struct visit {
	struct ks_req *r;
	const struct ks_access *access; /* who, and where */
	bool cluster;                   /* ClusterRoleBindings */
	/* False: it is enough. `source` tells where the rule is from. */
	bool (*each)(struct visit *v, const cJSON *rule, const char *source);
	const char *reason; /* NULL: not allowed yet */
	cJSON *rules;       /* gathered */
	MOK_VEC(const char *) errors;
};

/* What a cluster comes with, for groups that everybody is in who has a name. */
static const struct {
	const char *name, *group, *rules;
} given[] = {
	{ "cluster-admin", "system:masters",
		"[{\"verbs\":[\"*\"],\"apiGroups\":[\"*\"],\"resources\":[\"*\"]},"
		"{\"verbs\":[\"*\"],\"nonResourceURLs\":[\"*\"]}]" },
	{ "system:basic-user", "system:authenticated",
		"[{\"verbs\":[\"create\"],\"apiGroups\":[\"authorization.k8s.io\"],\"resources\":"
		"[\"selfsubjectaccessreviews\",\"selfsubjectrulesreviews\"]},{\"verbs\":["
		"\"create\"],"
		"\"apiGroups\":[\"authentication.k8s.io\"],\"resources\":[\"selfsubjectreviews\"]}"
		"]" },
	{ "system:discovery", "system:authenticated",
		"[{\"verbs\":[\"get\"],\"nonResourceURLs\":[\"/api\",\"/api/*\",\"/apis\",\"/apis/"
		"*\","
		"\"/healthz\",\"/livez\",\"/openapi\",\"/openapi/*\",\"/readyz\",\"/version\","
		"\"/version/\"]}]" },
	{ "system:public-info-viewer", "system:authenticated",
		"[{\"verbs\":[\"get\"],\"nonResourceURLs\":[\"/healthz\",\"/livez\",\"/readyz\","
		"\"/version\",\"/version/\"]}]" },
};

/* ---- rules ---- */

static bool has(const cJSON *list, const char *word)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, list) if (mok_streq(cJSON_GetStringValue(one), word)) return true;
	return false;
}

static bool has_or_all(const cJSON *list, const char *word)
{
	return has(list, "*") || has(list, word);
}

static bool names_resource(struct ks_req *r, const cJSON *list, const struct ks_access *a)
{
	if (!*a->sub)
		return has_or_all(list, a->resource);
	return has_or_all(list, ks_printf(r, "%s/%s", a->resource, a->sub)) ||
		has(list, ks_printf(r, "*/%s", a->sub));
}

static bool names_path(const cJSON *list, const char *path)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, list)
	{
		const char *url = cJSON_IsString(one) ? one->valuestring : "";
		size_t len = strlen(url);

		if (strcmp(url, "*") == 0 || strcmp(url, path) == 0 ||
			(len && url[len - 1] == '*' && strncmp(url, path, len - 1) == 0))
			return true;
	}
	return false;
}

static bool rule_allows(struct ks_req *r, const cJSON *rule, const struct ks_access *a)
{
	const cJSON *names = ks_at(rule, "resourceNames");

	if (!has_or_all(ks_at(rule, "verbs"), a->verb))
		return false;
	if (a->path)
		return names_path(ks_at(rule, "nonResourceURLs"), a->path);
	return has_or_all(ks_at(rule, "apiGroups"), a->group) &&
		names_resource(r, ks_at(rule, "resources"), a) &&
		(!cJSON_GetArraySize(names) || has(names, a->name));
}

/* ---- bindings ---- */

/* A service account without a namespace is of the binding's. */
static const char *account_space(const cJSON *subject, const char *ns)
{
	const char *own = ks_str(subject, "namespace");

	return *own ? own : ns;
}

static bool is_subject(
	struct ks_req *r, const cJSON *subject, const struct ks_access *a, const char *ns)
{
	const char *kind = ks_str(subject, "kind"), *name = ks_str(subject, "name");

	if (strcmp(kind, "User") == 0)
		return strcmp(name, a->user) == 0;
	if (strcmp(kind, "Group") == 0)
		return has(a->groups, name);
	ns = account_space(subject, ns);
	return strcmp(kind, "ServiceAccount") == 0 && *ns &&
		strcmp(a->user, ks_printf(r, USER_PREFIX "%s:%s", ns, name)) == 0;
}

static const char *describe(struct ks_req *r, const cJSON *binding, const cJSON *subject)
{
	const char *ns = ks_str(binding, "metadata.namespace"), *kind = ks_str(subject, "kind");
	bool account = strcmp(kind, "ServiceAccount") == 0;

	return ks_printf(r, "%s \"%s%s%s\" of %s \"%s\" to %s \"%s%s%s\"", ks_str(binding, "kind"),
		ks_str(binding, "metadata.name"), *ns ? "/" : "", ns,
		ks_str(binding, "roleRef.kind"), ks_str(binding, "roleRef.name"), kind,
		ks_str(subject, "name"), account ? "/" : "",
		account ? account_space(subject, ns) : "");
}

static const cJSON *role_of(struct visit *v, const cJSON *binding)
{
	bool cluster = strcmp(ks_str(binding, "roleRef.kind"), "ClusterRole") == 0;
	const struct mok_apiserver_key key = { cluster ? "clusterroles." RBAC : "roles." RBAC,
		cluster ? "" : ks_str(binding, "metadata.namespace"),
		ks_str(binding, "roleRef.name") };
	const cJSON *role = ks_load_key(v->r, &key);

	if (!role) {
		const char *error = ks_printf(v->r, "%s \"%s\" not found",
			cluster ? "clusterrole." RBAC : "role." RBAC, key.name);

		mok_vec_push(v->r->arena, &v->errors, error);
	}
	return role;
}

static bool look_at(void *context, const struct mok_apiserver_item *item)
{
	struct visit *v = context;
	const cJSON *binding = ks_own(v->r, ks_parse_item(v->r, item));
	const cJSON *subject, *role, *rule;

	cJSON_ArrayForEach(subject,
		ks_at(binding, "subjects")) if (is_subject(v->r, subject, v->access,
							v->cluster ? "" : item->key.ns)) break;
	role = subject ? role_of(v, binding) : NULL;
	cJSON_ArrayForEach(rule, ks_at(role, "rules"))
	{
		if (!v->each(v, rule, describe(v->r, binding, subject)))
			return false;
	}
	return true;
}

static bool look_at_given(struct visit *v, size_t i)
{
	const char *name = given[i].name, *group = given[i].group;
	const cJSON *rules = ks_own(v->r, cJSON_Parse(given[i].rules)), *rule;
	const char *source =
		ks_printf(v->r, "ClusterRoleBinding \"%s\" of ClusterRole \"%s\" to Group \"%s\"",
			name, name, group);

	cJSON_ArrayForEach(rule, rules)
	{
		if (has(v->access->groups, group) && !v->each(v, rule, source))
			return false;
	}
	return true;
}

static void visit_rules(struct visit *v)
{
	const struct mok_apiserver_store *store = v->r->store;

	for (size_t i = 0; i < MOK_COUNT(given); i++)
		if (!look_at_given(v, i))
			return;
	v->cluster = true;
	store->list(store->self, "clusterrolebindings." RBAC, NULL, NULL, look_at, v);
	v->cluster = false;
	if (!v->reason && *v->access->ns)
		store->list(store->self, "rolebindings." RBAC, v->access->ns, NULL, look_at, v);
}

static const char *errors_text(struct visit *v)
{
	const char *text = "";

	for (size_t i = 0; i < v->errors.len; i++)
		text = ks_printf(v->r, "%s%s%s", text, i ? ", " : "", v->errors.items[i]);
	return v->errors.len > 1 ? ks_printf(v->r, "[%s]", text) : text;
}

static bool look_for_one(struct visit *v, const cJSON *rule, const char *source)
{
	if (!rule_allows(v->r, rule, v->access))
		return true;
	v->reason = ks_printf(v->r, "RBAC: allowed by %s", source);
	return false;
}

bool ks_rbac_allows(struct ks_req *r, const struct ks_access *access, const char **reason)
{
	struct visit v = { .r = r, .access = access, .each = look_for_one };

	*reason = "";
	if (has(access->groups, "system:masters"))
		return true;
	visit_rules(&v);
	if (v.reason)
		*reason = v.reason;
	else if (v.errors.len)
		*reason = ks_printf(r, "RBAC: %s", errors_text(&v));
	return v.reason;
}

static void add_words(cJSON *to, const cJSON *rule, const char *name)
{
	const cJSON *words = ks_at(rule, name);

	if (words)
		cJSON_AddItemToObject(to, name, cJSON_Duplicate(words, true));
}

static bool gather(struct visit *v, const cJSON *rule, const char *source)
{
	static const char *const words[] = { "apiGroups", "resources", "resourceNames" };
	bool of_resources = cJSON_GetArraySize(ks_at(rule, "resources")) > 0;
	cJSON *copy = cJSON_CreateObject();

	(void)source;
	add_words(copy, rule, "verbs");
	for (size_t i = 0; of_resources && i < MOK_COUNT(words); i++)
		add_words(copy, rule, words[i]);
	if (!of_resources)
		add_words(copy, rule, "nonResourceURLs");
	cJSON_AddItemToArray(
		ks_item(v->rules, of_resources ? "resourceRules" : "nonResourceRules"), copy);
	return true;
}

cJSON *ks_rbac_rules(struct ks_req *r, const struct ks_access *access)
{
	struct visit v = {
		.r = r, .access = access, .each = gather, .rules = cJSON_CreateObject()
	};

	cJSON_AddArrayToObject(v.rules, "resourceRules");
	cJSON_AddArrayToObject(v.rules, "nonResourceRules");
	visit_rules(&v);
	cJSON_AddFalseToObject(v.rules, "incomplete");
	return v.rules;
}
