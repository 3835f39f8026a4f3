/* Helm in the sandbox's clusters: a pod that runs it leaves what the real one would. */
#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SYSTEM "/api/v1/namespaces/kube-system"
#define RECORDS "/api/v1/namespaces/%s/secrets?labelSelector=owner%%3Dhelm"
#define TRAEFIK \
	"'traefik','traefik','--repo','https://traefik.github.io/charts','--version','41.3.0'," \
	"'--namespace','traefik','--create-namespace','--values','/values/values.yaml'"

static void expect_records(struct api_client *c, const char *ns, const char *statuses)
{
	struct mok_buf text;

	api_kube(c, "GET", NULL, RECORDS, ns);
	mok_buf_init(&text, 4096);
	for (size_t i = 0; i < api_len(c, "items"); i++) {
		const char *at = mok_arena_printf(c->arena, "items.%zu.metadata.labels", i);

		mok_buf_printf(&text, "%s%s:%s", i ? " " : "",
			mok_json_str(mok_json_at(c->json, at), "version"),
			mok_json_str(mok_json_at(c->json, at), "status"));
	}
	assert_string_equal(text.data, statuses);
	mok_buf_release(&text);
}

static void expect_end(struct api_client *c, const char *phase, const char *log, const char *words)
{
	if (strcmp(api_str(c, "status.phase"), phase) != 0 || !strstr(log, words))
		fail_msg("%s, not %s with \"%s\":\n%s", api_str(c, "status.phase"), phase, words,
			log);
}

static void a_chart_is_installed(void **state)
{
	struct api_client *c = *state;
	const char *log = api_helm(c, "one",
		"'upgrade','--install'," TRAEFIK ",'--timeout','5m','--labels','a=b'",
		"deployment: { replicas: 2 }\\nproviders: { kubernetesGateway: { enabled: true } "
		"}\\n"
		"service: { annotations: { x: y }, spec: { externalTrafficPolicy: Local } }\\n",
		120);

	expect_end(c, "Succeeded", log, "Release \"traefik\" does not exist. Installing it now.");
	assert_non_null(strstr(log, "STATUS: deployed"));
	api_get(c, "/apis/apps/v1/namespaces/traefik/deployments/traefik");
	assert_int_equal(api_int(c, "spec.replicas"), 2);
	assert_string_equal(
		mok_json_str(mok_json_at(c->json, "metadata.managedFields.0"), "manager"), "helm");
	api_get(c, "/api/v1/namespaces/traefik/services/traefik");
	assert_string_equal(api_str(c, "spec.externalTrafficPolicy"), "Local");
	assert_string_equal(api_str(c, "metadata.annotations.x"), "y");
	api_get(c,
		"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
		"ingressroutes.traefik.io");
	expect_records(c, "traefik", "1:deployed");
	assert_string_equal(api_str(c, "items.0.metadata.name"), "sh.helm.release.v1.traefik.v1");
	assert_string_equal(api_str(c, "items.0.metadata.labels.a"), "b");
	assert_string_equal(api_str(c, "items.0.type"), "helm.sh/release.v1");
	/* base64 of base64 of gzip. */
	assert_true(mok_starts(api_str(c, "items.0.data.release"), "SDRzSUFBQUFBQUFD"));
}

static void revisions_follow_each_other(void **state)
{
	struct api_client *c = *state;
	const char *log;

	api_helm(c, "one", "'upgrade','--install'," TRAEFIK, "service: { enabled: true }", 20);
	log = api_helm(
		c, "two", "'upgrade','--install'," TRAEFIK, "service: { enabled: false }", 20);
	expect_end(c, "Succeeded", log, "Release \"traefik\" has been upgraded. Happy Helming!");
	assert_int_equal(
		api_kube(c, "GET", NULL, "/api/v1/namespaces/traefik/services/traefik"), 404);
	expect_records(c, "traefik", "1:superseded 2:deployed");
	log = api_helm(c, "three", "'rollback','traefik','1','--namespace','traefik'", "", 20);
	expect_end(c, "Succeeded", log, "Rollback was a success! Happy Helming!");
	api_get(c, "/api/v1/namespaces/traefik/services/traefik");
	expect_records(c, "traefik", "1:superseded 2:superseded 3:deployed");
	log = api_helm(c, "four", "'upgrade'," TRAEFIK ",'--history-max','2'", "{}", 20);
	expect_end(c, "Succeeded", log, "REVISION: 4");
	expect_records(c, "traefik", "3:superseded 4:deployed");
	log = api_helm(
		c, "five", "'uninstall','traefik','--namespace','traefik','--wait'", "", 200);
	expect_end(c, "Succeeded", log, "release \"traefik\" uninstalled");
	expect_records(c, "traefik", "");
	assert_int_equal(
		api_kube(c, "GET", NULL, "/apis/apps/v1/namespaces/traefik/deployments/traefik"),
		404);
	/* What is in a chart's crds/ stays for ever. */
	api_get(c,
		"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/middlewares.traefik.io");
}

static void what_never_gets_ready_is_undone(void **state)
{
	static const char big[] = "resources: { requests: { cpu: 99 } }";
	struct api_client *c = *state;
	const char *log = api_helm(c, "one",
		"'upgrade','--install'," TRAEFIK ",'--rollback-on-failure','--timeout','2m'", big,
		300);

	expect_end(c, "Failed", log,
		"Error: INSTALLATION FAILED: release traefik failed, and has been uninstalled due "
		"to "
		"rollback-on-failure being set: resource Deployment/traefik/traefik not ready. "
		"status: InProgress");
	assert_non_null(strstr(log, "context deadline exceeded"));
	expect_records(c, "traefik", "");
	api_helm(c, "two", "'upgrade','--install'," TRAEFIK, "{}", 60);
	log = api_helm(c, "three", "'upgrade','--install'," TRAEFIK ",'--wait','--timeout','1m'",
		big, 120);
	expect_end(c, "Failed", log, "Error: UPGRADE FAILED: resource Deployment/traefik/traefik");
	expect_records(c, "traefik", "1:deployed 2:failed");
}

static void a_pod_that_dies_leaves_a_lock(void **state)
{
	struct api_client *c = *state;
	const char *log;

	api_helm(c, "one", "'upgrade','--install'," TRAEFIK ",'--wait'",
		"resources: { requests: { cpu: 99 } }", 20);
	api_kube(c, "DELETE", NULL, SYSTEM "/pods/one?gracePeriodSeconds=0");
	expect_records(c, "traefik", "1:pending-install");
	log = api_helm(c, "two", "'upgrade','--install'," TRAEFIK, "{}", 20);
	expect_end(c, "Failed", log,
		"Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in "
		"progress");
	api_helm(c, "three", "'uninstall','traefik','--namespace','traefik'", "", 20);
	expect_records(c, "traefik", "");
}

static void what_is_somebody_elses_is_left_alone(void **state)
{
	struct api_client *c = *state;
	const char *log;

	api_kube(c, "POST", api_json(c, "{'metadata':{'name':'traefik'}}"), "/api/v1/namespaces");
	api_kube(c, "POST",
		api_json(c, "{'metadata':{'name':'traefik'},'spec':{'ports':[{'port':80}]}}"),
		"/api/v1/namespaces/traefik/services");
	log = api_helm(c, "one", "'upgrade','--install'," TRAEFIK, "{}", 20);
	expect_end(c, "Failed", log,
		"Error: INSTALLATION FAILED: unable to continue with install: Service \"traefik\" "
		"in "
		"namespace \"traefik\" exists and cannot be imported into the current release");
	expect_records(c, "traefik", "");
}

static void mistakes_are_told_as_helm_tells_them(void **state)
{
	static const struct {
		const char *args, *says;
	} cases[] = {
		{ "'upgrade','--install','a'", "Error: \"helm upgrade\" requires 2 arguments" },
		{ "'fly'", "Error: unknown command \"fly\" for \"helm\"" },
		{ "'upgrade','a','b','--speed'", "Error: unknown flag: --speed" },
		{ "'upgrade','a','b','--timeout','soon'",
			"invalid argument \"soon\" for \"--timeout\" flag" },
		{ "'upgrade','a','b/c','--namespace','x'",
			"Error: UPGRADE FAILED: \"a\" has no deployed releases" },
		{ "'upgrade','-i','a','b/c'", "Error: INSTALLATION FAILED: repo b not found" },
		{ "'upgrade','-i','a','b','--repo','https://c.example','-n','gone'",
			"Error: INSTALLATION FAILED: create: failed to create: namespaces \"gone\" "
			"not found" },
		{ "'upgrade','-i','a','b','--repo','https://c.example','-f','/no/file'",
			"open /no/file: no such file or directory" },
		{ "'uninstall','a'",
			"Error: uninstall: Release not loaded: a: release: not found" },
		{ "'rollback','a'", "Error: release: not found" },
	};
	struct api_client *c = *state;

	for (size_t i = 0; i < MOK_COUNT(cases); i++) {
		const char *log =
			api_helm(c, mok_arena_printf(c->arena, "p%zu", i), cases[i].args, "{}", 20);

		expect_end(c, "Failed", log, cases[i].says);
	}
}

static void a_chart_nobody_knows_makes_nothing(void **state)
{
	struct api_client *c = *state;
	const char *log = api_helm(c, "one",
		"'install','own','oci://registry.example/charts/own','--version','1.2.3'", "a: 1",
		20);

	expect_end(c, "Succeeded", log, "STATUS: deployed");
	expect_records(c, "default", "1:deployed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_chart_is_installed, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			revisions_follow_each_other, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			what_never_gets_ready_is_undone, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			a_pod_that_dies_leaves_a_lock, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			what_is_somebody_elses_is_left_alone, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			mistakes_are_told_as_helm_tells_them, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			a_chart_nobody_knows_makes_nothing, api_setup, api_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
