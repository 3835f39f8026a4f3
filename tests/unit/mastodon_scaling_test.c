/* More pods under load: HorizontalPodAutoscalers by CPU, or KEDA's ScaledObjects by Prometheus. */
#include "mastodon_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEDA \
	"mastodon: { keda: {}, observability: { metrics: true, prometheus: true }, streaming: { " \
	"replicas: { min: 2, max: 5 } } }\n"
#define TRIGGER(n, field) "spec.triggers." #n "." field

static void test_by_cpu_when_nothing_is_said(void **state)
{
	struct world *w = *state;

	load(w, "medium", NULL);
	assert_int_equal(count(w, "ScaledObject"), 0);
	assert_at(w, "HorizontalPodAutoscaler", "mastodon-web", "spec.minReplicas", "3");
	/* KEDA may come while it is there. */
	assert_string_equal(
		mok_val_get_str(mok_val_at(must(w, "HorizontalPodAutoscaler", "mastodon-web"),
					"metadata.annotations"),
			"validations.keda.sh/hpa-ownership"),
		"false");
}

static void test_one_or_the_other(void **state)
{
	struct world *w = *state;

	load(w, "medium", KEDA);
	assert_int_equal(count(w, "HorizontalPodAutoscaler"), 0);
	assert_int_equal(count(w, "ScaledObject"), 3); /* web, streaming, ingress */
	assert_null(find(w, "ScaledObject", "mastodon-sidekiq-scheduler"));
	assert_at(w, "Deployment", "mastodon-web", "spec.replicas", NULL);
	assert_at(w, "ScaledObject", "mastodon-web", "spec.scaleTargetRef.name", "mastodon-web");
	assert_at(w, "ScaledObject", "mastodon-web", "spec.minReplicaCount", "3");
	assert_at(w, "ScaledObject", "mastodon-web", "spec.maxReplicaCount", "5");
	assert_at(w, "ScaledObject", "mastodon-web", "spec.pollingInterval", "10");
	assert_at(w, "ScaledObject", "mastodon-web", "spec.cooldownPeriod", "300");
}

static void test_web_by_its_threads(void **state)
{
	struct world *w = *state;

	load(w, "medium", KEDA);
	assert_at(w, "ScaledObject", "mastodon-web", TRIGGER(0, "type"), "prometheus");
	assert_at(w, "ScaledObject", "mastodon-web", TRIGGER(0, "metricType"), "Value");
	assert_at(w, "ScaledObject", "mastodon-web", TRIGGER(0, "metadata.threshold"), "0.70");
	assert_at(w, "ScaledObject", "mastodon-web", TRIGGER(0, "metadata.serverAddress"),
		"http://kube-prometheus-stack-prometheus.monitoring:9090");
	assert_at(w, "ScaledObject", "mastodon-web", TRIGGER(1, "metricType"), "AverageValue");
	assert_at(w, "ScaledObject", "mastodon-web", TRIGGER(1, "metadata.threshold"), "40");
	assert_at(w, "ScaledObject", "mastodon-streaming", TRIGGER(0, "metadata.threshold"), "800");
	assert_at(w, "ScaledObject", "mastodon-streaming", TRIGGER(1, "type"), NULL);
}

/* Every process tells of every queue: a sum would count jobs as often as there are processes. */
static void test_sidekiq_by_its_queues(void **state)
{
	struct world *w = *state;

	load(w, "large", NULL);
	assert_at(w, "ScaledObject", "mastodon-sidekiq-default", TRIGGER(0, "metadata.query"),
		"max(sidekiq_queue_backlog{namespace=\"mastodon\",queue=\"default\"})");
	assert_at(w, "ScaledObject", "mastodon-sidekiq-default", TRIGGER(0, "metadata.threshold"),
		"250");
	assert_at(w, "ScaledObject", "mastodon-sidekiq-default", TRIGGER(1, "metadata.threshold"),
		"5");
	assert_at(w, "ScaledObject", "mastodon-sidekiq-default", TRIGGER(3, "metadata.query"),
		"max(sidekiq_queue_latency_seconds{namespace=\"mastodon\",queue=\"mailers\"})");
	assert_at(w, "ScaledObject", "mastodon-sidekiq-default", TRIGGER(3, "metadata.threshold"),
		"120");
	/* As the plan says, and what it does not say as usual. */
	assert_at(w, "ScaledObject", "mastodon-sidekiq-ingress", TRIGGER(0, "metadata.threshold"),
		"500");
	assert_at(w, "ScaledObject", "mastodon-sidekiq-ingress", TRIGGER(1, "metadata.threshold"),
		"15");
	assert_at(w, "ScaledObject", "mastodon-sidekiq-ingress", TRIGGER(1, "metricType"), "Value");
	assert_null(find(w, "ScaledObject", "mastodon-sidekiq-push")); /* a number of pods */
}

static void test_a_prometheus_of_ones_own(void **state)
{
	struct world *w = *state;

	load(w, "medium",
		"mastodon: { keda: { install: false, prometheus: 'http://p.example:9090', web: { "
		"busy_percent: 5 } }, observability: { metrics: true } }\n");
	assert_at(w, "ScaledObject", "mastodon-web", TRIGGER(0, "metadata.serverAddress"),
		"http://p.example:9090");
	assert_at(w, "ScaledObject", "mastodon-web", TRIGGER(0, "metadata.threshold"), "0.05");
	assert_null(mok_map_get(w->stack->by_address, "mastodon_keda"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_by_cpu_when_nothing_is_said),
		TEST(test_one_or_the_other),
		TEST(test_web_by_its_threads),
		TEST(test_sidekiq_by_its_queues),
		TEST(test_a_prometheus_of_ones_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
