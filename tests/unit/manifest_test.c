/* What mok knows of Kubernetes objects without asking a cluster. */
#include "mok/kind.h"
#include "mok/manifest.h"
#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void which_object_it_means(void **state)
{
	struct mok_arena *arena = *state;
	struct mok_val v = value_of_json(arena,
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
		"\"metadata\":{\"name\":\"web\",\"namespace\":\"social\"}}");
	struct mok_val core = value_of_json(arena,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
		"\"metadata\":{\"name\":\"a\",\"namespace\":\"default\"}}");
	struct mok_val none =
		value_of_json(arena, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}");

	assert_string_equal(mok_manifest_key(arena, &v), "Deployment.apps/social/web");
	assert_string_equal(mok_manifest_collection(arena, &v), "apps/Deployment/social");
	assert_string_equal(mok_manifest_key(arena, &core), "ConfigMap/a");
	assert_null(mok_manifest_key(arena, &none));
	assert_string_equal(mok_manifest_collection(arena, &none), "/ConfigMap/");
	mok_val_set(arena, &none, "kind", mok_val_unknown("x"));
	assert_null(mok_manifest_collection(arena, &none));
}

static void what_servers_fill_in_is_no_difference(void **state)
{
	static const struct {
		const char *want, *live;
		bool covers;
	} rows[] = {
		{ "{\"a\":1}", "{\"a\":1,\"b\":2}", true },
		{ "{\"a\":1}", "{\"b\":2}", false },
		{ "{\"a\":{}}", "{\"b\":2}", true },
		{ "{\"a\":null}", "{}", true },
		{ "{\"l\":[{\"n\":1}]}", "{\"l\":[{\"n\":1,\"protocol\":\"TCP\"}]}", true },
		{ "{\"l\":[1]}", "{\"l\":[1,2]}", false },
		{ "{\"l\":[1,2]}", "{\"l\":[2,1]}", false },
		{ "{\"requests\":{\"cpu\":0.5}}", "{\"requests\":{\"cpu\":\"500m\"}}", true },
		{ "{\"requests\":{\"cpu\":1}}", "{\"requests\":{\"cpu\":\"1000m\"}}", true },
		{ "{\"limits\":{\"memory\":\"1024Mi\"}}", "{\"limits\":{\"memory\":\"1Gi\"}}",
			true },
		{ "{\"limits\":{\"memory\":\"1G\"}}", "{\"limits\":{\"memory\":\"1Gi\"}}", false },
		{ "{\"limits\":{\"memory\":\"1e3\"}}", "{\"limits\":{\"memory\":\"1k\"}}", true },
		{ "{\"emptyDir\":{\"sizeLimit\":\"2048Mi\"}}",
			"{\"emptyDir\":{\"sizeLimit\":\"2Gi\"}}", true },
		/* Elsewhere it is a text. */
		{ "{\"version\":\"1.10\"}", "{\"version\":\"1.1\"}", false },
		{ "{\"port\":80}", "{\"port\":\"80\"}", false },
	};

	for (size_t i = 0; i < MOK_COUNT(rows); i++) {
		struct mok_val want = value_of_json(*state, rows[i].want),
			       live = value_of_json(*state, rows[i].live);

		if (mok_manifest_covers(&want, &live) != rows[i].covers)
			fail_msg("%s in %s", rows[i].want, rows[i].live);
	}
}

#define ELASTIC \
	"{\"apiVersion\":\"elasticsearch.k8s.elastic.co/v1\",\"kind\":\"Elasticsearch\"," META
#define META "\"metadata\":{\"name\":\"x\",\"generation\":2}"
#define DEPLOYMENT "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"," META ","
#define JOB "{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\"," META ",\"status\":{\"conditions\":["
#define CLAIM(class, phase) \
	"{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\"," META ",\"spec\":{" \
	"\"storageClassName\":\"" class "\"},\"status\":{\"phase\":\"" phase "\"}}"
#define SERVICE "{\"apiVersion\":\"v1\",\"kind\":\"Service\"," META ","

#define LISTENER(name, programmed, refs, reason, generation) \
	"{\"name\":\"" name "\",\"conditions\":[{\"type\":\"Programmed\",\"status\":\"" programmed \
	"\",\"observedGeneration\":" #generation "},{\"type\":\"ResolvedRefs\",\"status\":\"" refs \
	"\",\"reason\":\"" reason "\"}]}"
/* As a whole it is not programmed. */
#define GATEWAY(listeners, generation) \
	"{\"apiVersion\":\"gateway.networking.k8s.io/v1\",\"kind\":\"Gateway\"," META \
	",\"status\":{\"addresses\":[{\"value\":\"192.0.2.1\"}],\"listeners\":[" listeners \
	"],\"conditions\":[{\"type\":\"Programmed\",\"status\":\"False\",\"reason\":\"Invalid\"," \
	"\"observedGeneration\":" generation "}]}}"

static void when_it_does_its_work(void **state)
{
	static const struct {
		const char *object;
		enum mok_readiness is;
		const char *why;
	} rows[] = {
		{ DEPLOYMENT "\"spec\":{\"replicas\":2}}", MOK_NOT_YET, "has not seen" },
		{ DEPLOYMENT "\"spec\":{\"replicas\":2},\"status\":{\"observedGeneration\":2,"
			     "\"updatedReplicas\":1}}",
			MOK_NOT_YET, "1 of 2 pods are of the new version" },
		{ DEPLOYMENT "\"spec\":{\"replicas\":1},\"status\":{\"observedGeneration\":2,"
			     "\"updatedReplicas\":1,\"replicas\":2,\"availableReplicas\":2}}",
			MOK_NOT_YET, "old pods still run" },
		{ DEPLOYMENT "\"spec\":{\"replicas\":1},\"status\":{\"observedGeneration\":2,"
			     "\"updatedReplicas\":1,\"replicas\":1,\"availableReplicas\":1}}",
			MOK_READY, NULL },
		{ DEPLOYMENT "\"status\":{\"observedGeneration\":2,\"conditions\":[{\"type\":"
			     "\"Progressing\",\"status\":\"False\",\"reason\":"
			     "\"ProgressDeadlineExceeded\",\"message\":\"no progress\"}]}}",
			MOK_STALLED, "no progress" },
		{ JOB "]}}", MOK_NOT_YET, "not finished" },
		{ JOB "{\"type\":\"Complete\",\"status\":\"True\"}]}}", MOK_READY, NULL },
		{ JOB "{\"type\":\"Failed\",\"status\":\"True\",\"reason\":"
		      "\"BackoffLimitExceeded\","
		      "\"message\":\"gave up\"}]}}",
			MOK_BROKEN, "BackoffLimitExceeded: gave up" },
		{ CLAIM("do-block-storage-xfs", "Pending"), MOK_NOT_YET, "not bound" },
		{ CLAIM("do-block-storage-xfs", "Bound"), MOK_READY, NULL },
		{ CLAIM("waits-for-a-pod", "Pending"), MOK_READY, NULL },
		{ CLAIM("do-block-storage", "Lost"), MOK_BROKEN, "lost" },
		{ SERVICE "\"spec\":{\"type\":\"ClusterIP\"}}", MOK_READY, NULL },
		{ SERVICE "\"spec\":{\"type\":\"LoadBalancer\"}}", MOK_NOT_YET, "no address" },
		{ SERVICE "\"spec\":{\"type\":\"LoadBalancer\"},\"status\":{\"loadBalancer\":"
			  "{\"ingress\":[{\"ip\":\"192.0.2.1\"}]}}}",
			MOK_READY, NULL },
		{ "{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"Ingress\"," META
		  ",\"status\":{\"loadBalancer\":{}}}",
			MOK_NOT_YET, "not told an address" },
		{ "{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"Ingress\"," META
		  ",\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"192.0.2.1\"}]}}}",
			MOK_READY, NULL },
		{ "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"x\","
		  "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"}}",
			MOK_NOT_YET, "being deleted" },
		{ "{\"apiVersion\":\"cert-manager.io/v1\",\"kind\":\"Certificate\"," META
		  ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\","
		  "\"observedGeneration\":1}]}}",
			MOK_NOT_YET, "has not seen" },
		{ ELASTIC ",\"status\":{\"phase\":\"Ready\",\"health\":\"green\","
			  "\"observedGeneration\":1}}",
			MOK_NOT_YET, "has not seen" },
		{ ELASTIC ",\"status\":{\"phase\":\"ApplyingChanges\",\"health\":\"yellow\","
			  "\"observedGeneration\":2}}",
			MOK_NOT_YET, "health is yellow" },
		{ ELASTIC ",\"status\":{\"phase\":\"Invalid\",\"observedGeneration\":2}}",
			MOK_BROKEN, "invalid" },
		{ ELASTIC ",\"status\":{\"phase\":\"Ready\",\"health\":\"yellow\","
			  "\"observedGeneration\":2}}",
			MOK_READY, NULL },
		{ "{\"apiVersion\":\"keda.sh/v1alpha1\",\"kind\":\"ScaledObject\"," META
		  ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\","
		  "\"reason\":\"ScaledObjectCheckFailed\",\"message\":\"no such target\"}]}}",
			MOK_NOT_YET, "no such target" },
		{ "{\"apiVersion\":\"gateway.networking.k8s.io/v1\",\"kind\":\"Gateway\"," META
		  ",\"status\":{\"addresses\":[],\"conditions\":[{\"type\":\"Programmed\","
		  "\"status\":\"True\",\"observedGeneration\":2}]}}",
			MOK_NOT_YET, "no address" },
		{ "{\"apiVersion\":\"gateway.networking.k8s.io/v1\",\"kind\":\"Gateway\"," META
		  ",\"status\":{\"addresses\":[{\"value\":\"192.0.2.1\"}],\"conditions\":[{"
		  "\"type\":\"Programmed\",\"status\":\"True\",\"observedGeneration\":2}]}}",
			MOK_READY, NULL },
		{ GATEWAY(LISTENER("http", "True", "True", "ResolvedRefs", 2), "2"), MOK_READY,
			NULL },
		{ GATEWAY(LISTENER("http", "True", "True", "ResolvedRefs", 2) "," LISTENER(
				  "https", "False", "False", "InvalidCertificateRef", 2),
			  "2"),
			MOK_READY, NULL },
		{ GATEWAY(LISTENER("http", "True", "True", "ResolvedRefs", 2) "," LISTENER(
				  "https", "False", "False", "RefNotPermitted", 2),
			  "2"),
			MOK_NOT_YET, "Invalid" },
		{ GATEWAY(LISTENER("https", "False", "False", "InvalidCertificateRef", 2), "2"),
			MOK_NOT_YET, "Invalid" },
		{ GATEWAY(LISTENER("http", "True", "True", "ResolvedRefs", 1), "1"), MOK_NOT_YET,
			"has not seen" },
		{ "{\"apiVersion\":\"unheard.of/v1\",\"kind\":\"Thing\"," META "}", MOK_READY,
			NULL },
	};

	for (size_t i = 0; i < MOK_COUNT(rows); i++) {
		struct mok_val object = value_of_json(*state, rows[i].object);
		const char *why;
		enum mok_readiness is = mok_manifest_ready(*state, &object, &why);

		if (is != rows[i].is || (rows[i].why && (!why || !strstr(why, rows[i].why))))
			fail_msg("%s: %d, %s", rows[i].object, (int)is, why ? why : "no reason");
	}
}

/* As apply does: what follows from the fields. */
static struct mok_val derived(struct mok_arena *arena, const char *suffix, const char *manifest)
{
	struct mok_val want = { .type = MOK_MAP };

	mok_val_set(arena, &want, "name_suffix", mok_val_str(suffix));
	mok_val_set(arena, &want, "manifest", value_of_json(arena, manifest));
	mok_kind_find("kubernetes_manifest")->derive(arena, &want);
	return want;
}

static void a_hashed_name_follows_the_content(void **state)
{
	static const char one[] = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
				  "\"name\":\"a\"},\"data\":{\"x\":\"1\",\"y\":\"2\"}}";
	static const char same[] = "{\"kind\":\"ConfigMap\",\"data\":{\"y\":\"2\",\"x\":\"1\"},"
				   "\"metadata\":{\"name\":\"a\"},\"apiVersion\":\"v1\"}";
	static const char other[] = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
				    "\"name\":\"a\"},\"data\":{\"x\":\"1\",\"y\":\"3\"}}";
	struct mok_val a = derived(*state, "hash", one), b = derived(*state, "hash", same);
	struct mok_val c = derived(*state, "hash", other), plain = derived(*state, "none", one);
	const char *name = mok_val_get_str(&a, "name");

	assert_int_equal(strlen(name), strlen("a-") + 10);
	assert_string_equal(mok_val_at(&a, "manifest.metadata.name")->u.s, name);
	assert_string_equal(mok_val_get_str(&b, "name"), name);
	assert_string_not_equal(mok_val_get_str(&c, "name"), name);
	assert_string_equal(mok_val_get_str(&plain, "name"), "a");
}

static void a_secret_has_one_form_and_is_hidden(void **state)
{
	struct mok_val want = derived(*state, "none",
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"a\"},"
		"\"data\":{\"x\":\"MQ==\",\"y\":\"MQ==\"},\"stringData\":{\"y\":\"2\"}}");
	const struct mok_val *x = mok_val_at(&want, "manifest.data.x");
	const struct mok_val *y = mok_val_at(&want, "manifest.data.y");

	assert_null(mok_val_at(&want, "manifest.stringData"));
	assert_string_equal(x->u.s, "MQ==");
	assert_string_equal(y->u.s, "Mg==");
	assert_true(x->sensitive && y->sensitive);
}

#define STATE(state) "{\"name\":\"web\",\"ready\":false," state "}"

static void what_is_wrong_with_a_pod(void **state)
{
	static const struct {
		const char *phase, *containers, *says, *log_of;
	} rows[] = {
		{ "Succeeded", STATE("\"state\":{\"terminated\":{\"exitCode\":0}}"), NULL, NULL },
		{ "Running", "{\"name\":\"web\",\"ready\":true,\"state\":{\"running\":{}}}", NULL,
			NULL },
		{ "Running", STATE("\"state\":{\"running\":{}}"), "runs and is not ready", "web" },
		{ "Pending",
			STATE("\"state\":{\"waiting\":{\"reason\":\"ImagePullBackOff\","
			      "\"message\":\"no such tag\"}}"),
			"pod p, container web: ImagePullBackOff: no such tag", NULL },
		{ "Pending",
			STATE("\"state\":{\"waiting\":{\"reason\":\"CreateContainerConfigError\","
			      "\"message\":\"secret \\\"db\\\" not found\"}}"),
			"CreateContainerConfigError: secret \"db\" not found", NULL },
		{ "Running",
			STATE("\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}},"
			      "\"lastState\":{\"terminated\":{\"reason\":\"OOMKilled\","
			      "\"exitCode\":137}}"),
			"CrashLoopBackOff (it ended with OOMKilled, exit code 137)", "web" },
		{ "Failed",
			STATE("\"state\":{\"terminated\":{\"reason\":\"Error\",\"exitCode\":3}}"),
			"pod p, container web: Error, exit code 3", "web" },
	};

	for (size_t i = 0; i < MOK_COUNT(rows); i++) {
		struct mok_pod_trouble worst = { 0 };
		struct mok_val pod = value_of_json(*state,
			mok_arena_printf(*state,
				"{\"metadata\":{\"name\":\"p\"},\"status\":{\"phase\":\"%s\","
				"\"containerStatuses\":[%s]}}",
				rows[i].phase, rows[i].containers));

		mok_pod_judge(*state, &pod, &worst);
		if ((worst.weight > 0) != (rows[i].says != NULL) ||
			(rows[i].says && !strstr(worst.text, rows[i].says)) ||
			!mok_streq(worst.container, rows[i].log_of))
			fail_msg("row %zu: %s", i, worst.text ? worst.text : "nothing");
	}
}

/* The one that crashes explains more than the one that has only begun, in whatever order. */
static void the_worst_pod_is_blamed(void **state)
{
	struct mok_pod_trouble worst = { 0 };
	struct mok_val begins = value_of_json(
		*state, "{\"metadata\":{\"name\":\"a\"},\"status\":{\"phase\":\"Pending\"}}");
	struct mok_val stuck = value_of_json(*state,
		"{\"metadata\":{\"name\":\"b\"},\"status\":{\"phase\":\"Pending\",\"conditions\":["
		"{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":\"Unschedulable\","
		"\"message\":\"0/3 nodes\"}]}}");

	mok_pod_judge(*state, &stuck, &worst);
	mok_pod_judge(*state, &begins, &worst);
	assert_string_equal(worst.text, "pod b: Unschedulable: 0/3 nodes");
}

static void which_pods_work_for_an_object(void **state)
{
	struct mok_val web = value_of_json(*state,
		"{\"kind\":\"Deployment\",\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"1\","
		"\"b\":"
		"\"2\"}},\"template\":{\"spec\":{}}}}");
	struct mok_val job =
		value_of_json(*state, "{\"kind\":\"Job\",\"metadata\":{\"name\":\"j\"}}");
	struct mok_val gateway = value_of_json(*state,
		"{\"kind\":\"Gateway\",\"status\":{\"listeners\":[{\"name\":\"web\",\"conditions\":"
		"[{"
		"\"type\":\"Programmed\",\"status\":\"False\",\"reason\":\"PortUnavailable\","
		"\"message\":\"no entry point\"},{\"type\":\"Conflicted\",\"status\":\"False\","
		"\"message\":\"none\"}]}]}}");
	struct mok_val lines = { .type = MOK_LIST };

	assert_string_equal(mok_manifest_pods(*state, &web), "a=1,b=2");
	assert_string_equal(mok_manifest_pods(*state, &job), "batch.kubernetes.io/job-name=j");
	assert_null(mok_manifest_pods(*state, &gateway));
	mok_manifest_remarks(*state, &gateway, &lines);
	assert_int_equal(lines.u.list.len, 1);
	assert_string_equal(lines.u.list.items[0].u.s,
		"listener web: Programmed (PortUnavailable): no entry point");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(which_object_it_means),
		TEST(what_servers_fill_in_is_no_difference),
		TEST(when_it_does_its_work),
		TEST(what_is_wrong_with_a_pod),
		TEST(the_worst_pod_is_blamed),
		TEST(which_pods_work_for_an_object),
		TEST(a_hashed_name_follows_the_content),
		TEST(a_secret_has_one_form_and_is_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
