/* CEL rules of custom resources over a store in memory: Gateway API's, which a new cluster has, and
 * those of definitions that are made. */
#include "kube_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MERGE "application/merge-patch+json"
#define CRDS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define ROUTES "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes"
#define WIDGETS "/apis/x.io/v1/namespaces/default/widgets"
#define TEXT "{\"type\":\"string\",\"maxLength\":9}"

static void post_route(struct kube_memory *m, int code, const char *rule)
{
	char body[1024];

	snprintf(body, sizeof(body),
		"{\"metadata\":{\"name\":\"r%d\"},\"spec\":{\"parentRefs\":[{\"name\":\"g\"}],"
		"\"rules\":[%s]}}",
		code, rule);
	kube_expect(m, code, "POST", ROUTES, NULL, body);
}

static void a_wrong_route_is_refused(void **state)
{
	struct kube_memory *m = *state;

	post_route(m, 201, "{\"backendRefs\":[{\"name\":\"web\",\"port\":80}]}");
	post_route(m, 422, "{\"backendRefs\":[{\"name\":\"web\"}]}");
	assert_string_equal(kube_str(m, "details.causes.0.field"), "spec.rules[0].backendRefs[0]");
	assert_string_equal(kube_str(m, "details.causes.0.message"),
		"Invalid value: Must have port for Service reference");
	post_route(m, 422,
		"{\"matches\":[{\"path\":{\"type\":\"PathPrefix\",\"value\":\"/a//b\"}}],"
		"\"backendRefs\":[{\"name\":\"web\",\"port\":80}]}");
	assert_string_equal(kube_str(m, "message"),
		"HTTPRoute.gateway.networking.k8s.io \"r422\" is invalid: "
		"spec.rules[0].matches[0].path: Invalid value: must not contain '//' when type one "
		"of ['Exact', 'PathPrefix']");
	kube_expect(m, 422, "PATCH", ROUTES "/r201", MERGE,
		"{\"spec\":{\"rules\":[{\"filters\":[{\"type\":\"RequestRedirect\","
		"\"requestRedirect\":"
		"{\"scheme\":\"https\"}}],\"backendRefs\":[{\"name\":\"web\",\"port\":80}]}]}}");
}

/* Each of them, though not all are met by the tests. */
static void gateways_rules_compile(void **state)
{
	cJSON *list = mok_apiserver_gateway_crds(), *one;
	char target[256];

	cJSON_ArrayForEach(one, cJSON_GetObjectItem(list, "items"))
	{
		snprintf(target, sizeof(target), CRDS "/%s", mok_json_str(one, "metadata.name"));
		kube_expect(*state, 200, "PATCH", target, MERGE,
			"{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
	}
	cJSON_Delete(list);
}

/* A definition of widgets with these rules on its spec. */
static void define(struct kube_memory *m, int code, const char *rules)
{
	char body[4096];

	snprintf(body, sizeof(body),
		"{\"metadata\":{\"name\":\"widgets.x.io\"},\"spec\":{\"group\":\"x.io\",\"scope\":"
		"\"Namespaced\",\"names\":{\"plural\":\"widgets\",\"kind\":\"Widget\"},"
		"\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,\"schema\":{"
		"\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":"
		"\"object\",\"x-kubernetes-validations\":[%s],\"properties\":{\"n\":{\"type\":"
		"\"integer\"},\"code\":{\"type\":\"string\",\"pattern\":\"^\\\\d+$\"},"
		"\"name\":" TEXT ",\"parts\":{\"type\":\"array\",\"items\":" TEXT "}}}}}}}]}}",
		rules);
	kube_expect(m, code, "POST", CRDS, NULL, body);
}

static void rules_see_what_was(void **state)
{
	struct kube_memory *m = *state;

	define(m, 201,
		"{\"rule\":\"self.n >= oldSelf.n\",\"messageExpression\":\"'%d is less than "
		"%d'.format([self.n, oldSelf.n])\",\"fieldPath\":\".n\",\"reason\":"
		"\"FieldValueForbidden\"},{\"rule\":\"!has(self.name) || self.name != 'no'\"}");
	kube_expect(m, 201, "POST", WIDGETS, NULL,
		"{\"metadata\":{\"name\":\"w\"},\"spec\":{\"n\":3,\"code\":\"12\"}}");
	kube_expect(m, 422, "PATCH", WIDGETS "/w", MERGE, "{\"spec\":{\"n\":2}}");
	assert_string_equal(kube_str(m, "message"),
		"Widget.x.io \"w\" is invalid: spec.n: Forbidden: 2 is less than 3");
	kube_expect(m, 200, "PATCH", WIDGETS "/w", MERGE, "{\"spec\":{\"n\":4}}");
	kube_expect(m, 422, "PATCH", WIDGETS "/w", MERGE, "{\"spec\":{\"name\":\"no\"}}");
	assert_string_equal(kube_str(m, "details.causes.0.message"),
		"Invalid value: failed rule: !has(self.name) || self.name != 'no'");
	kube_expect(m, 422, "PATCH", WIDGETS "/w", MERGE, "{\"spec\":{\"code\":\"a1\"}}");
	assert_string_equal(kube_str(m, "details.causes.0.message"),
		"Invalid value: \"a1\": spec.code in body should match '^\\d+$'");
}

static void what_is_unchanged_may_stay(void **state)
{
	struct kube_memory *m = *state;
	static const char stricter[] =
		"[{\"op\":\"add\",\"path\":\"/spec/versions/0/schema/openAPIV3Schema/properties/"
		"spec/"
		"x-kubernetes-validations\",\"value\":[{\"rule\":\"self.n < 3\"}]}]";

	define(m, 201, "{\"rule\":\"true\"}");
	kube_expect(m, 201, "POST", WIDGETS, NULL,
		"{\"metadata\":{\"name\":\"w\"},\"spec\":{\"n\":3}}");
	kube_expect(m, 200, "PATCH", CRDS "/widgets.x.io", "application/json-patch+json", stricter);
	kube_expect(
		m, 200, "PATCH", WIDGETS "/w", MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
	assert_int_equal(m->out.warnings.len, 1);
	kube_expect(m, 422, "PATCH", WIDGETS "/w", MERGE, "{\"spec\":{\"name\":\"x\"}}");
}

static void wrong_rules_are_refused(void **state)
{
	static const struct {
		const char *rule, *at, *message;
	} rows[] = {
		{ "{\"rule\":\"self.odd > 1\"}", "rule",
			"undefined field 'odd'\n | self.odd > 1\n | ....^" },
		{ "{\"rule\":\"self.n\"}", "rule", "cel expression must evaluate to a bool" },
		{ "{\"rule\":\" \"}", "rule", "Required value: rule is not specified" },
		{ "{\"rule\":\"true\",\"fieldPath\":\".odd\"}", "fieldPath",
			"must be a valid path" },
		{ "{\"rule\":\"true\",\"optionalOldSelf\":true}", "optionalOldSelf",
			"may not be set if oldSelf is not used in rule" },
		{ "{\"rule\":\"true\",\"messageExpression\":\"1\"}", "messageExpression",
			"messageExpression must evaluate to a string" },
	};

	for (size_t i = 0; i < MOK_COUNT(rows); i++) {
		define(*state, 422, rows[i].rule);
		assert_non_null(
			strstr(kube_str(*state, "details.causes.0.message"), rows[i].message));
		assert_true(mok_ends(kube_str(*state, "details.causes.0.field"), rows[i].at));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_wrong_route_is_refused, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(gateways_rules_compile, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(rules_see_what_was, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			what_is_unchanged_may_stay, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(wrong_rules_are_refused, kube_setup, kube_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
