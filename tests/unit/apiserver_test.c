/* The Kubernetes API machinery over a store in memory. What its answers look like in full is judged
 * beside a real API server (tests/conformance/parity.py). */
#include "kube_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MAPS "/api/v1/namespaces/default/configmaps"
#define SECRETS "/api/v1/namespaces/default/secrets"
#define APPLY "application/apply-patch+yaml"
#define MERGE "application/merge-patch+json"

static void a_new_cluster_has_its_namespaces(void **state)
{
	struct kube_memory *m = *state;

	assert_int_equal(kube_ask(m, "GET", "/api/v1/namespaces", NULL, NULL), 200);
	assert_string_equal(kube_str(m, "items.0.metadata.name"), "default");
	assert_string_equal(kube_str(m, "items.3.metadata.name"), "kube-system");
	assert_int_equal(kube_ask(m, "GET", MAPS "/kube-root-ca.crt", NULL, NULL), 200);
	assert_int_equal(
		kube_ask(m, "GET", "/apis/gateway.networking.k8s.io/v1/gateways", NULL, NULL), 200);
}

static void nobody_gets_in_without_a_token(void **state)
{
	struct kube_memory *m = *state;
	const struct mok_apiserver_request request = { .method = "GET", .target = "/api" };

	mok_apiserver_response_release(&m->out);
	mok_apiserver_response_init(&m->out);
	mok_apiserver_handle(m->server, &m->store, &request, &m->out);
	assert_int_equal(m->out.status, 401);
	assert_non_null(strstr(m->out.body.data, "\"reason\":\"Unauthorized\""));
}

/* What kubectl auth can-i and auth whoami ask, and clients before they begin. */
static void reviews_are_answered_and_not_kept(void **state)
{
	struct kube_memory *m = *state;

	assert_int_equal(
		kube_ask(m, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
			"application/json",
			"{\"kind\":\"SelfSubjectAccessReview\",\"apiVersion\":"
			"\"authorization.k8s.io/v1\",\"spec\":{\"resourceAttributes\":{"
			"\"verb\":\"create\",\"resource\":\"pods\"}}}"),
		201);
	assert_true(mok_json_bool(mok_json_at(m->json, "status"), "allowed", false));
	assert_int_equal(kube_ask(m, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
				 "application/json",
				 "{\"kind\":\"SelfSubjectReview\",\"apiVersion\":"
				 "\"authentication.k8s.io/v1\"}"),
		201);
	assert_string_equal(kube_str(m, "status.userInfo.username"), "admin");
	assert_int_equal(
		kube_ask(m, "GET", "/apis/authentication.k8s.io/v1/selfsubjectreviews", NULL, NULL),
		405);
}

static void pods_without_programs_say_so(void **state)
{
	struct kube_memory *m = *state;
	const char *pods = "/api/v1/namespaces/default/pods";

	assert_int_equal(
		kube_ask(m, "POST", pods, "application/json",
			"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
			"\"a\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"),
		201);
	assert_int_equal(kube_ask(m, "POST", "/api/v1/namespaces/default/pods/a/exec?command=ls",
				 NULL, NULL),
		405);
	assert_non_null(strstr(kube_str(m, "message"), "no program runs"));
	assert_int_equal(
		kube_ask(m, "GET", "/api/v1/namespaces/default/pods/a/portforward", NULL, NULL),
		405);
	assert_int_equal(kube_ask(m, "GET", "/api/v1/namespaces/default/pods/a/log?previous=true",
				 NULL, NULL),
		400);
	assert_string_equal(kube_str(m, "message"),
		"previous terminated container \"c\" in pod \"a\" not found");
}

static void yaml_is_applied_and_conflicts_are_named(void **state)
{
	struct kube_memory *m = *state;
	static const char text[] =
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: \"1\"}\n";
	static const char other[] =
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: \"2\"}\n";

	assert_int_equal(kube_ask(m, "PATCH", MAPS "/a?fieldManager=one", APPLY, text), 201);
	assert_int_equal(kube_ask(m, "PATCH", MAPS "/a?fieldManager=one", APPLY, text), 200);
	assert_int_equal(kube_ask(m, "PATCH", MAPS "/a?fieldManager=two", APPLY, other), 409);
	assert_string_equal(kube_str(m, "details.causes.0.field"), ".data.k");
	assert_string_equal(kube_str(m, "details.causes.0.message"), "conflict with \"one\"");
	assert_int_equal(
		kube_ask(m, "PATCH", MAPS "/a?fieldManager=two&force=true", APPLY, other), 200);
	assert_string_equal(kube_str(m, "data.k"), "2");
	assert_string_equal(kube_str(m, "metadata.managedFields.0.manager"), "two");
	assert_null(mok_json_at(m->json, "metadata.managedFields.1"));
}

static void what_is_applied_says_what_it_is(void **state)
{
	struct kube_memory *m = *state;

	assert_int_equal(kube_ask(m, "PATCH", MAPS "/a?fieldManager=one", APPLY,
				 "kind: ConfigMap\nmetadata: {name: a}\n"),
		400);
	assert_string_equal(kube_str(m, "message"), "invalid object type: /, Kind=ConfigMap");
	assert_int_equal(kube_ask(m, "GET", MAPS "/a", NULL, NULL), 404);
}

/* What is wrong with a value, in the words that Go has for it. */
static void values_of_another_type_are_refused(void **state)
{
	static const struct {
		const char *value, *words;
	} cases[] = {
		{ "\"creationTimestamp\":\"2026-02-29T00:00:00Z\"",
			"parsing time \"2026-02-29T00:00:00Z\": day out of range" },
		{ "\"creationTimestamp\":\"2026-02-28 00:00\"",
			"parsing time \"2026-02-28 00:00\" as \"2006-01-02T15:04:05Z07:00\": "
			"cannot parse \" 00:00\" as \"T\"" },
		{ "\"deletionGracePeriodSeconds\":1.5",
			"json: cannot unmarshal number 1.5 into Go struct field "
			"ObjectMeta.metadata.deletionGracePeriodSeconds of type int64" },
		{ "\"labels\":[]",
			"json: cannot unmarshal array into Go struct field "
			"ObjectMeta.metadata.labels of type map[string]string" },
	};
	struct kube_memory *m = *state;
	char body[256];

	for (size_t i = 0; i < MOK_COUNT(cases); i++) {
		snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"a\",%s}}", cases[i].value);
		assert_int_equal(kube_ask(m, "POST", MAPS, NULL, body), 400);
		assert_true(mok_ends(kube_str(m, "message"), cases[i].words));
	}
	assert_int_equal(kube_ask(m, "POST", MAPS, NULL,
				 "{\"metadata\":{\"name\":\"a\",\"creationTimestamp\":"
				 "\"2024-02-29T23:59:59.123+01:30\"}}"),
		201);
}

static void what_changes_nothing_keeps_the_version(void **state)
{
	struct kube_memory *m = *state;
	int64_t version;

	assert_int_equal(kube_ask(m, "POST", MAPS, NULL,
				 "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}"),
		201);
	version = m->version;
	assert_int_equal(kube_ask(m, "PATCH", MAPS "/a", MERGE, "{\"data\":{\"k\":\"v\"}}"), 200);
	assert_int_equal(m->version, version);
	assert_int_equal(
		kube_ask(m, "PATCH", MAPS "/a?dryRun=All", MERGE, "{\"data\":{\"k\":\"w\"}}"), 200);
	assert_string_equal(kube_str(m, "data.k"), "w");
	assert_int_equal(m->version, version);
}

static void pages_go_on_where_they_ended(void **state)
{
	struct kube_memory *m = *state;
	char text[300];

	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof(text),
			"{\"metadata\":{\"name\":\"a%d\",\"labels\":{\"x\":\"y\"}}}", i);
		assert_int_equal(kube_ask(m, "POST", MAPS, NULL, text), 201);
	}
	assert_int_equal(kube_ask(m, "GET", MAPS "?limit=3&labelSelector=x", NULL, NULL), 200);
	assert_int_equal(cJSON_GetArraySize(mok_json_at(m->json, "items")), 3);
	snprintf(text, sizeof(text), MAPS "?limit=3&labelSelector=x&continue=%s",
		kube_str(m, "metadata.continue"));
	assert_int_equal(kube_ask(m, "GET", text, NULL, NULL), 200);
	assert_string_equal(kube_str(m, "items.0.metadata.name"), "a3");
	assert_string_equal(kube_str(m, "items.1.metadata.name"), "a4");
	assert_string_equal(kube_str(m, "metadata.continue"), "");
}

static void a_namespace_goes_with_what_is_in_it(void **state)
{
	struct kube_memory *m = *state;
	const char *held = "{\"metadata\":{\"name\":\"a\",\"finalizers\":[\"x.io/y\"]}}";

	kube_ask(m, "POST", "/api/v1/namespaces", NULL, "{\"metadata\":{\"name\":\"n\"}}");
	assert_int_equal(kube_ask(m, "POST", "/api/v1/namespaces/n/configmaps", NULL, held), 201);
	assert_int_equal(kube_ask(m, "DELETE", "/api/v1/namespaces/n", NULL, NULL), 200);
	assert_string_equal(kube_str(m, "status.phase"), "Terminating");
	assert_int_equal(kube_ask(m, "POST", "/api/v1/namespaces/n/configmaps", NULL,
				 "{\"metadata\":{\"name\":\"b\"}}"),
		403);
	assert_string_equal(kube_str(m, "details.causes.0.reason"), "NamespaceTerminating");
	assert_int_equal(kube_ask(m, "PATCH", "/api/v1/namespaces/n/configmaps/a", MERGE,
				 "{\"metadata\":{\"finalizers\":null}}"),
		200);
	assert_int_equal(kube_ask(m, "GET", "/api/v1/namespaces/n", NULL, NULL), 404);
}

static void a_watch_tells_what_came_since(void **state)
{
	struct kube_memory *m = *state;
	struct mok_apiserver_request request = { .method = "GET",
		.target = MAPS "?watch=true&labelSelector=x%3D1",
		.authenticated = true };

	mok_apiserver_response_release(&m->out);
	mok_apiserver_response_init(&m->out);
	mok_apiserver_handle(m->server, &m->store, &request, &m->out);
	assert_true(m->out.watch);
	assert_int_equal(m->out.body.len, 0);
	request.watch_from = m->out.watch_version;
	kube_ask(m, "POST", MAPS, NULL, "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"1\"}}}");
	kube_ask(m, "PATCH", MAPS "/a", MERGE, "{\"metadata\":{\"labels\":{\"x\":\"2\"}}}");
	mok_apiserver_response_release(&m->out);
	mok_apiserver_response_init(&m->out);
	mok_apiserver_handle(m->server, &m->store, &request, &m->out);
	assert_non_null(strstr(m->out.body.data, "\"type\":\"ADDED\""));
	assert_non_null(strstr(m->out.body.data, "\"type\":\"DELETED\""));
}

static void quantities_are_canonical(void **state)
{
	static const char *const pairs[][2] = { { "1024Mi", "1Gi" }, { "0.5", "500m" },
		{ "1.5Gi", "1536Mi" }, { "1e3", "1e3" }, { "1000", "1k" }, { "+1", "+1" },
		{ "0.0001", "100u" }, { "1000000k", "1G" }, { "100000m", "100" }, { "0", "0" } };
	struct kube_memory *m = *state;
	char text[400];

	for (size_t i = 0; i < MOK_COUNT(pairs); i++) {
		snprintf(text, sizeof(text),
			"{\"metadata\":{\"name\":\"q%zu\"},\"spec\":{\"hard\":{\"x\":\"%s\"}}}", i,
			pairs[i][0]);
		assert_int_equal(kube_ask(m, "POST", "/api/v1/namespaces/default/resourcequotas",
					 NULL, text),
			201);
		assert_string_equal(kube_str(m, "spec.hard.x"), pairs[i][1]);
	}
	assert_int_equal(
		kube_ask(m, "POST", "/api/v1/namespaces/default/resourcequotas", NULL,
			"{\"metadata\":{\"name\":\"q\"},\"spec\":{\"hard\":{\"x\":\"1Zi\"}}}"),
		400);
}

static void five_hundred_objects_are_quick(void **state)
{
	struct kube_memory *m = *state;
	clock_t began = clock();
	char target[100], text[600];

	for (int i = 0; i < 500; i++) {
		snprintf(target, sizeof(target),
			"/apis/apps/v1/namespaces/default/deployments/d%d?fieldManager=t", i);
		snprintf(text, sizeof(text),
			"{\"apiVersion\":\"apps/"
			"v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":"
			"\"d%d\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},"
			"\"template\":"
			"{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{"
			"\"name\":"
			"\"c\",\"image\":\"i\"}]}}}}",
			i);
		assert_int_equal(kube_ask(m, "PATCH", target, APPLY, text), 201);
	}
	assert_int_equal(kube_ask(m, "GET", "/apis/apps/v1/deployments", NULL, NULL), 200);
	/* Milliseconds each, also under a sanitizer. */
	assert_true((clock() - began) / (CLOCKS_PER_SEC / 1000) < 500 * 20);
}

static void make(struct kube_memory *m, const char *name)
{
	char body[100];

	snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"%s\"}}", name);
	assert_int_equal(kube_ask(m, "POST", SECRETS, NULL, body), 201);
}

static const char *page_of(struct kube_memory *m, const char *limit, const char *token)
{
	char target[400];

	snprintf(target, sizeof(target), SECRETS "?limit=%s&continue=%s", limit, token);
	assert_int_equal(kube_ask(m, "GET", target, NULL, NULL), 200);
	return mok_arena_strdup(m->arena, kube_str(m, "metadata.continue"));
}

/* What was made since is not on the next page, what was changed is as it was, and what was deleted
 * is. */
static void pages_are_of_the_moment_they_began_at(void **state)
{
	struct kube_memory *m = *state;
	const char *token, *version;

	make(m, "a");
	make(m, "c");
	make(m, "e");
	token = page_of(m, "1", "");
	version = mok_arena_strdup(m->arena, kube_str(m, "metadata.resourceVersion"));
	make(m, "b");
	kube_ask(m, "PATCH", SECRETS "/c", MERGE, "{\"metadata\":{\"labels\":{\"x\":\"y\"}}}");
	kube_ask(m, "DELETE", SECRETS "/e", NULL, NULL);
	make(m, "f");
	page_of(m, "9", token);
	assert_string_equal(kube_str(m, "metadata.resourceVersion"), version);
	assert_string_equal(kube_str(m, "items.0.metadata.name"), "c");
	assert_null(mok_json_at(m->json, "items.0.metadata.labels"));
	assert_string_equal(kube_str(m, "items.1.metadata.name"), "e");
	assert_null(mok_json_at(m->json, "items.2"));
}

static void a_moment_that_is_forgotten_is_gone(void **state)
{
	struct kube_memory *m = *state;
	const char *token;
	char target[400];

	make(m, "a");
	make(m, "c");
	token = page_of(m, "1", "");
	make(m, "b");
	m->oldest = m->version + 1;
	snprintf(target, sizeof(target), SECRETS "?continue=%s", token);
	assert_int_equal(kube_ask(m, "GET", target, NULL, NULL), 410);
	assert_string_equal(kube_str(m, "reason"), "Expired");
	token = mok_arena_strdup(m->arena, kube_str(m, "metadata.continue"));
	page_of(m, "9", token);
	assert_string_equal(kube_str(m, "items.0.metadata.name"), "b");
	assert_string_equal(kube_str(m, "items.1.metadata.name"), "c");
	assert_int_equal(kube_ask(m, "GET", SECRETS "?resourceVersion=1&resourceVersionMatch=Exact",
				 NULL, NULL),
		410);
	assert_int_equal(kube_ask(m, "GET", SECRETS "?resourceVersion=99999", NULL, NULL), 504);
}

static const cJSON *described(struct kube_memory *m, const char *type, const char *field)
{
	const cJSON *types = mok_json_at(m->json, "components.schemas");
	const cJSON *one = cJSON_GetObjectItemCaseSensitive(types, type);

	return mok_json_at(cJSON_GetObjectItemCaseSensitive(one, "properties"), field);
}

/* What kubectl explain shows of a kind. */
static void types_are_described(void **state)
{
	struct kube_memory *m = *state;
	const cJSON *policy;

	assert_int_equal(kube_ask(m, "GET", "/openapi/v3/api/v1", NULL, NULL), 200);
	policy = described(m, "core.v1.PodSpec", "restartPolicy.enum");
	assert_int_equal(cJSON_GetArraySize(policy), 3);
	assert_string_equal(policy->child->valuestring, "Always");
	assert_string_equal(
		mok_json_str(described(m, "core.v1.ServicePort", "targetPort"), "allOf.0.$ref"),
		"#/components/schemas/intstr.IntOrString");
	assert_string_equal(
		mok_json_str(described(m, "core.v1.HostPathVolumeSource", "type"), "enum.0"), "");
	assert_int_equal(
		kube_ask(m, "GET", "/openapi/v3/apis/gateway.networking.k8s.io/v1", NULL, NULL),
		200);
	assert_non_null(strstr(m->out.body.data, "\"description\":"));
}

/* The cells of the first row of a kind's table. */
static void has_cells(struct kube_memory *m, const char *target, const char *want)
{
	char *text;

	m->accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
	assert_int_equal(kube_ask(m, "GET", target, NULL, NULL), 200);
	m->accept = NULL;
	text = cJSON_PrintUnformatted(mok_json_at(m->json, "rows.0.cells"));
	assert_string_equal(text, want);
	cJSON_free(text);
}

#define NETWORK "/apis/networking.k8s.io/v1/namespaces/default/"

static void tables_show_what_matters_of_a_kind(void **state)
{
	struct kube_memory *m = *state;

	kube_ask(m, "POST", NETWORK "ingresses", NULL,
		"{\"metadata\":{\"name\":\"i\"},\"spec\":{\"tls\":[{\"hosts\":[\"a\"]}],"
		"\"rules\":[{\"host\":\"a.b\"},{\"host\":\"c.d\"}]}}");
	has_cells(m, NETWORK "ingresses", "[\"i\",\"<none>\",\"a.b,c.d\",\"\",\"80, 443\",\"0s\"]");
	kube_ask(m, "POST", NETWORK "networkpolicies", NULL,
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"podSelector\":{\"matchLabels\":{\"b\":"
		"\"c\"},"
		"\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[\"y\","
		"\"x\"]}]}}}");
	has_cells(m, NETWORK "networkpolicies", "[\"p\",\"a notin (x,y),b=c\",\"0s\"]");
	kube_ask(m, "POST", "/apis/storage.k8s.io/v1/storageclasses", NULL,
		"{\"metadata\":{\"name\":\"a\"},\"provisioner\":\"p\"}");
	has_cells(m, "/apis/storage.k8s.io/v1/storageclasses",
		"[\"a\",\"p\",\"Delete\",\"Immediate\",false,\"0s\"]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_new_cluster_has_its_namespaces, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			nobody_gets_in_without_a_token, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			reviews_are_answered_and_not_kept, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			pages_are_of_the_moment_they_began_at, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(types_are_described, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			tables_show_what_matters_of_a_kind, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			a_moment_that_is_forgotten_is_gone, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			pods_without_programs_say_so, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			yaml_is_applied_and_conflicts_are_named, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			what_is_applied_says_what_it_is, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			values_of_another_type_are_refused, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			what_changes_nothing_keeps_the_version, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			pages_go_on_where_they_ended, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			a_namespace_goes_with_what_is_in_it, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			a_watch_tells_what_came_since, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			quantities_are_canonical, kube_setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			five_hundred_objects_are_quick, kube_setup, kube_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
