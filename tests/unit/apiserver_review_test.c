/* Access reviews: of an administrator, and of others by the stored roles. */
#include "kube_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define REVIEWS "/apis/authorization.k8s.io/v1/"
#define ROLES "/apis/rbac.authorization.k8s.io/v1/namespaces/default/"

static bool may(struct kube_memory *m, const char *user, const char *resource, const char *name)
{
	char body[400];

	snprintf(body, sizeof(body),
		"{\"spec\":{\"user\":\"%s\",\"resourceAttributes\":{\"verb\":\"get\",\"resource\":"
		"\"%s\",\"name\":\"%s\",\"namespace\":\"default\"}}}",
		user, resource, name);
	assert_int_equal(kube_ask(m, "POST", REVIEWS "subjectaccessreviews", NULL, body), 201);
	return mok_json_bool(m->json, "status.allowed", false);
}

static void bind(struct kube_memory *m, const char *role)
{
	static const char rules[] = "{\"metadata\":{\"name\":\"r\"},\"rules\":[{\"verbs\":[\"get\"]"
				    ",\"apiGroups\":[\"\"]"
				    ",\"resources\":[\"pods\"],\"resourceNames\":[\"one\"]}]}";
	char binding[400];

	kube_ask(m, "POST", ROLES "roles", NULL, rules);
	snprintf(binding, sizeof(binding),
		"{\"metadata\":{\"name\":\"b\"},\"roleRef\":{\"apiGroup\":"
		"\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"%s\"},\"subjects\":[{"
		"\"kind\":\"User\",\"name\":\"ann\"},{\"kind\":\"ServiceAccount\",\"name\":\"bot\","
		"\"namespace\":\"default\"}]}",
		role);
	assert_int_equal(kube_ask(m, "POST", ROLES "rolebindings", NULL, binding), 201);
}

static void whoever_asks_may_everything(void **state)
{
	struct kube_memory *m = *state;

	assert_int_equal(kube_ask(m, "POST", REVIEWS "selfsubjectaccessreviews", NULL,
				 "{\"spec\":{\"resourceAttributes\":{\"verb\":\"delete\","
				 "\"resource\":\"nodes\"}}}"),
		201);
	assert_true(mok_json_bool(m->json, "status.allowed", false));
	assert_int_equal(kube_ask(m, "POST", REVIEWS "selfsubjectrulesreviews", NULL,
				 "{\"spec\":{\"namespace\":\"default\"}}"),
		201);
	assert_string_equal(kube_str(m, "status.resourceRules.0.verbs.0"), "*");
	assert_int_equal(kube_ask(m, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
				 NULL, "{}"),
		201);
	assert_string_equal(kube_str(m, "status.userInfo.groups.0"), "system:masters");
	assert_int_equal(kube_ask(m, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", NULL,
				 "{\"spec\":{\"token\":\"x\"}}"),
		201);
	assert_true(mok_json_bool(m->json, "status.authenticated", false));
}

static void roles_say_what_others_may(void **state)
{
	struct kube_memory *m = *state;

	assert_false(may(m, "ann", "pods", "one"));
	bind(m, "r");
	assert_true(may(m, "ann", "pods", "one"));
	assert_string_equal(kube_str(m, "status.reason"),
		"RBAC: allowed by RoleBinding \"b/default\" of Role \"r\" to User \"ann\"");
	assert_false(may(m, "ann", "pods", "two"));
	assert_false(may(m, "ann", "secrets", "one"));
	assert_false(may(m, "ben", "pods", "one"));
	assert_true(may(m, "system:serviceaccount:default:bot", "pods", "one"));
}

static void a_role_that_is_not_there_is_told(void **state)
{
	struct kube_memory *m = *state;

	bind(m, "none");
	assert_false(may(m, "ann", "pods", "one"));
	assert_string_equal(kube_str(m, "status.reason"),
		"RBAC: role.rbac.authorization.k8s.io \"none\" not found");
}

static void reviews_are_validated_and_not_kept(void **state)
{
	struct kube_memory *m = *state;
	int64_t before = m->version;

	assert_int_equal(
		kube_ask(m, "POST", REVIEWS "selfsubjectaccessreviews", NULL, "{\"spec\":{}}"),
		422);
	assert_int_equal(kube_ask(m, "POST", REVIEWS "subjectaccessreviews", NULL,
				 "{\"spec\":{\"resourceAttributes\":{}}}"),
		422);
	assert_string_equal(kube_str(m, "details.causes.0.field"), "spec.user");
	assert_int_equal(
		kube_ask(m, "POST", REVIEWS "selfsubjectrulesreviews", NULL, "{\"spec\":{}}"), 400);
	assert_int_equal(kube_ask(m, "GET", REVIEWS "selfsubjectrulesreviews", NULL, NULL), 405);
	may(m, "ann", "pods", "one");
	assert_int_equal(m->version, before);
}

static void whom_an_administrator_acts_for_may_what_roles_give(void **state)
{
	struct kube_memory *m = *state;
	static const char pods[] = "/api/v1/namespaces/default/pods";

	bind(m, "r");
	m->as = "ann";
	assert_int_equal(
		kube_ask(m, "GET", "/api/v1/namespaces/default/pods/one", NULL, NULL), 404);
	assert_int_equal(kube_ask(m, "GET", pods, NULL, NULL), 403);
	assert_string_equal(kube_str(m, "message"),
		"pods is forbidden: User \"ann\" cannot list resource \"pods\" in API group \"\" "
		"in "
		"the namespace \"default\"");
	assert_int_equal(kube_ask(m, "GET", "/apis", NULL, NULL), 200);
	assert_int_equal(kube_ask(m, "GET", "/metrics", NULL, NULL), 403);
	assert_int_equal(kube_ask(m, "POST", REVIEWS "selfsubjectrulesreviews", NULL,
				 "{\"spec\":{\"namespace\":\"default\"}}"),
		201);
	assert_string_equal(kube_str(m, "status.resourceRules.2.resourceNames.0"), "one");
	m->as = "system:serviceaccount:default:bot";
	assert_int_equal(
		kube_ask(m, "GET", "/api/v1/namespaces/default/pods/one", NULL, NULL), 404);
	assert_int_equal(kube_ask(m, "DELETE", pods, NULL, NULL), 403);
	m->as = NULL;
}

/* A token of the account; lives with the test's arena. */
static const char *token_of(struct kube_memory *m, const char *account)
{
	char path[200];

	snprintf(
		path, sizeof(path), "/api/v1/namespaces/default/serviceaccounts/%s/token", account);
	kube_expect(m, 201, "POST", path, NULL, "{\"spec\":{\"expirationSeconds\":600}}");
	return mok_arena_strdup(m->arena, kube_str(m, "status.token"));
}

static void an_accounts_token_may_what_roles_give(void **state)
{
	static const char accounts[] = "/api/v1/namespaces/default/serviceaccounts";
	static const char pod[] = "/api/v1/namespaces/default/pods/one";
	struct kube_memory *m = *state;
	const char *token;

	kube_expect(m, 201, "POST", accounts, NULL, "{\"metadata\":{\"name\":\"bot\"}}");
	bind(m, "r");
	token = token_of(m, "bot");
	m->bearer = token;
	kube_expect(
		m, 201, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", NULL, "{}");
	assert_string_equal(
		kube_str(m, "status.userInfo.username"), "system:serviceaccount:default:bot");
	assert_string_equal(
		kube_str(m, "status.userInfo.groups.1"), "system:serviceaccounts:default");
	kube_expect(m, 404, "GET", pod, NULL, NULL);
	kube_expect(m, 403, "DELETE", pod, NULL, NULL);
	kube_expect(m, 403, "GET", "/api/v1/namespaces/default/secrets", NULL, NULL);
	m->as = "ann";
	kube_expect(m, 403, "GET", pod, NULL, NULL);
	assert_string_equal(kube_str(m, "message"),
		"users \"ann\" is forbidden: User \"system:serviceaccount:default:bot\" cannot "
		"impersonate resource \"users\" in API group \"\" at the cluster scope");
	m->as = NULL;
	m->bearer = "eyJhbGciOiJub25lIn0.no base64.x"; /* no account's: the administrator's */
	kube_expect(m, 200, "GET", "/api/v1/namespaces/default/secrets", NULL, NULL);
	m->bearer = NULL;
}

static void an_accounts_token_ends(void **state)
{
	static const char pod[] = "/api/v1/namespaces/default/pods/one";
	struct kube_memory *m = *state;
	const char *first, *second;
	char body[2048];

	kube_expect(m, 201, "POST", "/api/v1/namespaces/default/serviceaccounts", NULL,
		"{\"metadata\":{\"name\":\"bot\"}}");
	first = token_of(m, "bot");
	m->now_ms += 599 * 1000;
	second = token_of(m, "bot");
	m->bearer = first;
	kube_expect(m, 403, "GET", pod, NULL, NULL);
	m->now_ms += 1000;
	kube_expect(m, 401, "GET", pod, NULL, NULL);
	m->bearer = second;
	kube_expect(m, 403, "GET", pod, NULL, NULL);
	m->bearer = NULL;
	snprintf(body, sizeof(body), "{\"spec\":{\"token\":\"%s\"}}", first);
	kube_expect(m, 201, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", NULL, body);
	assert_false(mok_json_bool(m->json, "status.authenticated", false));
	kube_expect(m, 200, "DELETE", "/api/v1/namespaces/default/serviceaccounts/bot", NULL, NULL);
	m->bearer = second;
	kube_expect(m, 401, "GET", pod, NULL, NULL);
	m->bearer = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			whoever_asks_may_everything, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			roles_say_what_others_may, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			a_role_that_is_not_there_is_told, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(whom_an_administrator_acts_for_may_what_roles_give,
			kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			an_accounts_token_may_what_roles_give, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(an_accounts_token_ends, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			reviews_are_validated_and_not_kept, kube_setup, kube_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
