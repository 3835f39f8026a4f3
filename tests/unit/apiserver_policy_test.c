/* What the API machinery does by itself over a store in memory: quotas, limit ranges, definitions'
 * lives, kubectl's change of sides. */
#include "kube_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CORE "/api/v1/namespaces/default"
#define APPLY "application/apply-patch+yaml"
#define MERGE "application/merge-patch+json"
#define CRDS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define WIDGETS "/apis/x.io/v1/namespaces/default/widgets"

static int setup(void **state)
{
	static struct kube_memory memory;

	kube_memory_open(&memory);
	*state = &memory;
	return 0;
}

static int teardown(void **state)
{
	kube_memory_close(*state);
	return 0;
}

static void ask(struct kube_memory *m, int code, const char *method, const char *target,
	const char *type, const char *body)
{
	if (kube_ask(m, method, target, type, body) != code)
		fail_msg("%s %s is not %d: %s", method, target, code, m->out.body.data);
}

static void a_quota_counts_and_refuses(void **state)
{
	struct kube_memory *m = *state;

	ask(m, 201, "POST", CORE "/resourcequotas", NULL,
		"{\"metadata\":{\"name\":\"q\"},\"spec\":{\"hard\":{\"secrets\":\"1\","
		"\"requests.cpu\":\"1\"}}}");
	ask(m, 201, "POST", CORE "/secrets", NULL, "{\"metadata\":{\"name\":\"a\"}}");
	ask(m, 403, "POST", CORE "/secrets", NULL, "{\"metadata\":{\"name\":\"b\"}}");
	assert_string_equal(kube_str(m, "message"),
		"secrets \"b\" is forbidden: exceeded quota: q, requested: secrets=1, used: "
		"secrets=1, limited: secrets=1");
	ask(m, 200, "GET", CORE "/resourcequotas/q", NULL, NULL);
	assert_string_equal(kube_str(m, "status.used.secrets"), "1");
	ask(m, 200, "DELETE", CORE "/secrets/a", NULL, NULL);
	ask(m, 201, "POST", CORE "/secrets", NULL, "{\"metadata\":{\"name\":\"b\"}}");
	ask(m, 403, "POST", CORE "/pods", NULL,
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\","
		"\"image\":"
		"\"i\"}]}}");
	assert_non_null(strstr(kube_str(m, "message"), "must specify requests.cpu for: c"));
}

static void a_limit_range_fills_in_and_refuses(void **state)
{
	struct kube_memory *m = *state;

	ask(m, 201, "POST", CORE "/limitranges", NULL,
		"{\"metadata\":{\"name\":\"l\"},\"spec\":{\"limits\":[{\"type\":\"Container\","
		"\"default\":{\"memory\":\"1Gi\"},\"max\":{\"memory\":\"2Gi\"}}]}}");
	ask(m, 201, "POST", CORE "/pods", NULL,
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\","
		"\"image\":"
		"\"i\"}]}}");
	assert_string_equal(kube_str(m, "spec.containers.0.resources.limits.memory"), "1Gi");
	assert_string_equal(kube_str(m, "status.qosClass"), "Burstable");
	ask(m, 403, "POST", CORE "/pods", NULL,
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

	ask(m, 201, "POST", CRDS, NULL, definition);
	ask(m, 200, "GET", CRDS "/widgets.x.io", NULL, NULL);
	assert_string_equal(kube_str(m, "status.conditions.1.type"), "Established");
	ask(m, 201, "POST", WIDGETS, NULL,
		"{\"metadata\":{\"name\":\"w\",\"finalizers\":[\"x.io/hold\"]}}");
	ask(m, 200, "DELETE", CRDS "/widgets.x.io", NULL, NULL);
	assert_string_equal(kube_str(m, "kind"), "CustomResourceDefinition");
	ask(m, 200, "GET", WIDGETS "/w", NULL, NULL);
	ask(m, 200, "PATCH", WIDGETS "/w", MERGE, "{\"metadata\":{\"finalizers\":null}}");
	ask(m, 404, "GET", CRDS "/widgets.x.io", NULL, NULL);
	ask(m, 201, "POST", CRDS, NULL, definition);
	ask(m, 404, "GET", WIDGETS "/w", NULL, NULL);
}

static void kubectl_goes_over_to_the_servers_apply(void **state)
{
	struct kube_memory *m = *state;

	ask(m, 201, "POST", CORE "/configmaps?fieldManager=kubectl-client-side-apply", NULL,
		"{\"metadata\":{\"name\":\"a\",\"annotations\":{\"kubectl.kubernetes.io/"
		"last-applied-configuration\":\"{\\\"data\\\":{\\\"A\\\":\\\"1\\\"}}\"}},\"data\":{"
		"\"A\":\"1\",\"B\":\"1\"}}");
	ask(m, 409, "PATCH", CORE "/configmaps/a?fieldManager=mok", APPLY,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"A\":\"2\"}}");
	/* What was not applied from the client's side is another's. */
	ask(m, 409, "PATCH", CORE "/configmaps/a?fieldManager=kubectl", APPLY,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"B\":\"2\"}}");
	ask(m, 200, "PATCH", CORE "/configmaps/a?fieldManager=kubectl", APPLY,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"A\":\"2\"}}");
	assert_string_equal(kube_str(m, "data.A"), "2");
	assert_non_null(strstr(m->out.body.data, "{\\\"A\\\":\\\"2\\\"}"));
}

static void options_and_bodies_are_checked(void **state)
{
	struct kube_memory *m = *state;

	ask(m, 201, "POST", CORE "/configmaps", NULL, "{\"metadata\":{\"name\":\"a\"}}");
	ask(m, 422, "DELETE", CORE "/configmaps/a", NULL, "{\"propagationPolicy\":\"Odd\"}");
	ask(m, 422, "POST", CORE "/configmaps?fieldValidation=Odd", NULL, "{}");
	ask(m, 400, "POST", CORE "/configmaps", NULL, "[]");
	ask(m, 400, "GET", CORE "/configmaps?limit=x", NULL, NULL);
	ask(m, 405, "DELETE", "/api/v1/namespaces", NULL, NULL);
	ask(m, 403, "DELETE", "/api/v1/namespaces/default", NULL, NULL);
	ask(m, 400, "POST", CORE "/configmaps?fieldValidation=Strict", NULL,
		"{\"metadata\":{\"name\":\"b\",\"name\":\"c\"}}");
	assert_non_null(strstr(kube_str(m, "message"), "duplicate field \"metadata.name\""));
	ask(m, 400, "POST", CORE "/secrets", NULL,
		"{\"metadata\":{\"name\":\"s\"},\"data\":{\"A\":\"not base64!\"}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_quota_counts_and_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_limit_range_fills_in_and_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_definition_takes_its_objects_along, setup, teardown),
		cmocka_unit_test_setup_teardown(
			kubectl_goes_over_to_the_servers_apply, setup, teardown),
		cmocka_unit_test_setup_teardown(options_and_bodies_are_checked, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
