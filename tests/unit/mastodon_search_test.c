/* Search by Elastic's operator: what it is asked for, and what pods read out of what it makes. */
#include "mastodon_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POD "spec.template.spec"
#define ECK "mastodon: { search: eck }\n"
#define NODES "spec.nodeSets.0."

static void test_three_nodes(void **state)
{
	struct world *w = *state;

	load(w, "medium", ECK);
	assert_at(w, "Elasticsearch", "mastodon-search", "spec.version", "8.19.15");
	assert_at(w, "Elasticsearch", "mastodon-search", NODES "count", "3");
	assert_at(w, "Elasticsearch", "mastodon-search",
		NODES "podTemplate.spec.containers.0.resources.limits.memory", "4Gi");
	assert_at(w, "Elasticsearch", "mastodon-search",
		NODES "volumeClaimTemplates.0.spec.resources.requests.storage", "40Gi");
	assert_at(w, "ConfigMap", "mastodon-web", "data.ES_PRESET", "small_cluster");
	assert_null(find(w, "StatefulSet", "mastodon-search"));
	assert_int_equal(
		mok_manifest_wave(must(w, "Elasticsearch", "mastodon-search")), MOK_WAVE_CONFIG);
}

static void test_as_the_plan_says(void **state)
{
	struct world *w = *state;

	load(w, "medium",
		"mastodon: { search: eck, eck: { install: false, nodes: 1, memory: 2Gi, storage: "
		"10Gi "
		"} }\n");
	assert_at(w, "Elasticsearch", "mastodon-search", NODES "count", "1");
	assert_at(w, "Elasticsearch", "mastodon-search",
		NODES "podTemplate.spec.containers.0.resources.requests.memory", "2Gi");
	assert_at(w, "Elasticsearch", "mastodon-search",
		NODES "volumeClaimTemplates.0.spec.resources.requests.storage", "10Gi");
	assert_at(w, "ConfigMap", "mastodon-web", "data.ES_PRESET", "single_node_cluster");
	assert_null(mok_map_get(w->stack->by_address, "mastodon_eck_operator"));
}

/* The operator makes them up: mok never sees the password. */
static void test_pods_read_what_the_operator_makes(void **state)
{
	static const char *const workloads[] = { "Deployment mastodon-web",
		"Deployment mastodon-sidekiq-default", "Job mastodon-db-prepare",
		"Job mastodon-search-deploy-4-7-eck" };
	struct world *w = *state;

	load(w, "medium", ECK);
	for (size_t i = 0; i < MOK_COUNT(workloads); i++) {
		const char *name = strchr(workloads[i], ' ') + 1;
		const char *kind = mok_arena_strndup(
			w->arena, workloads[i], (size_t)(name - 1 - workloads[i]));

		assert_at(w, kind, name, POD ".containers.0.env.0.name", "ES_PASS");
		assert_at(w, kind, name, POD ".containers.0.env.0.valueFrom.secretKeyRef.name",
			"mastodon-search-es-elastic-user");
		assert_at(w, kind, name, POD ".volumes.2.secret.secretName",
			"mastodon-search-es-http-certs-public");
		assert_at(w, kind, name, POD ".containers.0.volumeMounts.2.mountPath",
			"/opt/elasticsearch-ca");
	}
	assert_at(w, "ConfigMap", "mastodon-jobs", "data.ES_HOST",
		"https://mastodon-search-es-http.mastodon.svc");
	assert_at(w, "ConfigMap", "mastodon-jobs", "data.ES_PORT", "9200");
	assert_at(w, "ConfigMap", "mastodon-jobs", "data.ES_USER", "elastic");
	assert_at(
		w, "ConfigMap", "mastodon-jobs", "data.ES_CA_FILE", "/opt/elasticsearch-ca/ca.crt");
	assert_at(w, "Secret", "mastodon-web", "data.ES_PASS", NULL);
	assert_at(w, "Deployment", "mastodon-streaming", POD ".containers.0.env", NULL);
}

static void test_nodes_talk_to_each_other_and_to_the_operator(void **state)
{
	struct world *w = *state;

	load(w, "medium", ECK);
	assert_at(
		w, "NetworkPolicy", "mastodon-search-nodes", "spec.ingress.0.ports.1.port", "9300");
	assert_non_null(find(w, "NetworkPolicy", "mastodon-search"));
	assert_non_null(find(w, "NetworkPolicy", "mastodon-to-search"));
	/* One label is theirs and keeps them from the internet. */
	assert_string_equal(mok_val_get_str(mok_val_at(must(w, "Elasticsearch", "mastodon-search"),
						    NODES "podTemplate.metadata.labels"),
				    "app.kubernetes.io/component"),
		"search");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_three_nodes),
		TEST(test_as_the_plan_says),
		TEST(test_pods_read_what_the_operator_makes),
		TEST(test_nodes_talk_to_each_other_and_to_the_operator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
