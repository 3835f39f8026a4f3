/* What the API machinery does by itself over a store in memory: quotas, limit ranges, definitions'
 * lives, kubectl's change of sides. */
#include "kube_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CORE "/api/v1/namespaces/default"
#define APPLY "application/apply-patch+yaml"
#define MERGE "application/merge-patch+json"
#define CRDS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define WIDGETS "/apis/x.io/v1/namespaces/default/widgets"

static void a_quota_counts_and_refuses(void **state)
{
	struct kube_memory *m = *state;

	kube_expect(m, 201, "POST", CORE "/resourcequotas", NULL,
		"{\"metadata\":{\"name\":\"q\"},\"spec\":{\"hard\":{\"secrets\":\"1\","
		"\"requests.cpu\":\"1\"}}}");
	kube_expect(m, 201, "POST", CORE "/secrets", NULL, "{\"metadata\":{\"name\":\"a\"}}");
	kube_expect(m, 403, "POST", CORE "/secrets", NULL, "{\"metadata\":{\"name\":\"b\"}}");
	assert_string_equal(kube_str(m, "message"),
		"secrets \"b\" is forbidden: exceeded quota: q, requested: secrets=1, used: "
		"secrets=1, limited: secrets=1");
	kube_expect(m, 200, "GET", CORE "/resourcequotas/q", NULL, NULL);
	assert_string_equal(kube_str(m, "status.used.secrets"), "1");
	kube_expect(m, 200, "DELETE", CORE "/secrets/a", NULL, NULL);
	kube_expect(m, 201, "POST", CORE "/secrets", NULL, "{\"metadata\":{\"name\":\"b\"}}");
	kube_expect(m, 403, "POST", CORE "/pods", NULL,
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\","
		"\"image\":"
		"\"i\"}]}}");
	assert_non_null(strstr(kube_str(m, "message"), "must specify requests.cpu for: c"));
}

static void a_limit_range_fills_in_and_refuses(void **state)
{
	struct kube_memory *m = *state;

	kube_expect(m, 201, "POST", CORE "/limitranges", NULL,
		"{\"metadata\":{\"name\":\"l\"},\"spec\":{\"limits\":[{\"type\":\"Container\","
		"\"default\":{\"memory\":\"1Gi\"},\"max\":{\"memory\":\"2Gi\"}}]}}");
	kube_expect(m, 201, "POST", CORE "/pods", NULL,
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\","
		"\"image\":"
		"\"i\"}]}}");
	assert_string_equal(kube_str(m, "spec.containers.0.resources.limits.memory"), "1Gi");
	assert_string_equal(kube_str(m, "status.qosClass"), "Burstable");
	kube_expect(m, 403, "POST", CORE "/pods", NULL,
		"{\"metadata\":{\"name\":\"big\"},\"spec\":{\"containers\":[{\"name\":\"c\","
		"\"image\":\"i\",\"resources\":{\"limits\":{\"memory\":\"3Gi\"}}}]}}");
	assert_string_equal(kube_str(m, "message"),
		"pods \"big\" is forbidden: maximum memory usage per Container is 2Gi, but limit "
		"is "
		"3Gi");
}

static void a_definition_takes_its_objects_along(void **state)
{
	struct kube_memory *m = *state;
	static const char definition[] =
		"{\"metadata\":{\"name\":\"widgets.x.io\"},\"spec\":{\"group\":\"x.io\",\"scope\":"
		"\"Namespaced\",\"names\":{\"plural\":\"widgets\",\"kind\":\"Widget\"},"
		"\"versions\":"
		"[{\"name\":\"v1\",\"served\":true,\"storage\":true,\"schema\":{"
		"\"openAPIV3Schema\":"
		"{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}}]}}";

	kube_expect(m, 201, "POST", CRDS, NULL, definition);
	kube_expect(m, 200, "GET", CRDS "/widgets.x.io", NULL, NULL);
	assert_string_equal(kube_str(m, "status.conditions.1.type"), "Established");
	kube_expect(m, 201, "POST", WIDGETS, NULL,
		"{\"metadata\":{\"name\":\"w\",\"finalizers\":[\"x.io/hold\"]}}");
	kube_expect(m, 200, "DELETE", CRDS "/widgets.x.io", NULL, NULL);
	assert_string_equal(kube_str(m, "kind"), "CustomResourceDefinition");
	kube_expect(m, 200, "GET", WIDGETS "/w", NULL, NULL);
	kube_expect(m, 200, "PATCH", WIDGETS "/w", MERGE, "{\"metadata\":{\"finalizers\":null}}");
	kube_expect(m, 404, "GET", CRDS "/widgets.x.io", NULL, NULL);
	kube_expect(m, 201, "POST", CRDS, NULL, definition);
	kube_expect(m, 404, "GET", WIDGETS "/w", NULL, NULL);
}

static void kubectl_goes_over_to_the_servers_apply(void **state)
{
	struct kube_memory *m = *state;

	kube_expect(m, 201, "POST", CORE "/configmaps?fieldManager=kubectl-client-side-apply", NULL,
		"{\"metadata\":{\"name\":\"a\",\"annotations\":{\"kubectl.kubernetes.io/"
		"last-applied-configuration\":\"{\\\"data\\\":{\\\"A\\\":\\\"1\\\"}}\"}},\"data\":{"
		"\"A\":\"1\",\"B\":\"1\"}}");
	kube_expect(m, 409, "PATCH", CORE "/configmaps/a?fieldManager=mok", APPLY,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"A\":\"2\"}}");
	/* What was not applied from the client's side is another's. */
	kube_expect(m, 409, "PATCH", CORE "/configmaps/a?fieldManager=kubectl", APPLY,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"B\":\"2\"}}");
	kube_expect(m, 200, "PATCH", CORE "/configmaps/a?fieldManager=kubectl", APPLY,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"A\":\"2\"}}");
	assert_string_equal(kube_str(m, "data.A"), "2");
	assert_non_null(strstr(m->out.body.data, "{\\\"A\\\":\\\"2\\\"}"));
}

static void options_and_bodies_are_checked(void **state)
{
	struct kube_memory *m = *state;

	kube_expect(m, 201, "POST", CORE "/configmaps", NULL, "{\"metadata\":{\"name\":\"a\"}}");
	kube_expect(
		m, 422, "DELETE", CORE "/configmaps/a", NULL, "{\"propagationPolicy\":\"Odd\"}");
	kube_expect(m, 422, "POST", CORE "/configmaps?fieldValidation=Odd", NULL, "{}");
	kube_expect(m, 400, "POST", CORE "/configmaps", NULL, "[]");
	kube_expect(m, 400, "GET", CORE "/configmaps?limit=x", NULL, NULL);
	kube_expect(m, 405, "DELETE", "/api/v1/namespaces", NULL, NULL);
	kube_expect(m, 403, "DELETE", "/api/v1/namespaces/default", NULL, NULL);
	kube_expect(m, 400, "POST", CORE "/configmaps?fieldValidation=Strict", NULL,
		"{\"metadata\":{\"name\":\"b\",\"name\":\"c\"}}");
	assert_non_null(strstr(kube_str(m, "message"), "duplicate field \"metadata.name\""));
	kube_expect(m, 400, "POST", CORE "/secrets", NULL,
		"{\"metadata\":{\"name\":\"s\"},\"data\":{\"A\":\"not base64!\"}}");
}

/* libyaml alone takes minutes for it. */
static void deep_bodies_are_refused_at_once(void **state)
{
	enum { DEPTH = 200000 };
	struct kube_memory *m = *state;
	char *deep = mok_xmalloc(DEPTH * 5 + 1);

	for (size_t i = 0; i < DEPTH; i++)
		memcpy(deep + i * 5, "{\"a\":", 5);
	deep[(size_t)DEPTH * 5] = '\0';
	kube_expect(m, 400, "PATCH", CORE "/configmaps/a?fieldManager=x", APPLY, deep);
	assert_non_null(strstr(kube_str(m, "message"), "exceeded max depth"));
	kube_expect(m, 400, "POST", CORE "/configmaps", "application/yaml", deep);
	kube_expect(m, 400, "POST", CORE "/configmaps", NULL, deep);
	free(deep);
	/* Brackets in a text are no depth. */
	kube_expect(m, 201, "POST", CORE "/configmaps", "application/yaml",
		"metadata: { name: b }\ndata:\n  t: |\n    "
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_quota_counts_and_refuses, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			a_limit_range_fills_in_and_refuses, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			a_definition_takes_its_objects_along, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			kubectl_goes_over_to_the_servers_apply, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			deep_bodies_are_refused_at_once, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			options_and_bodies_are_checked, kube_setup, kube_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
