/* What runs in the sandbox's clusters, seen through their API. */
#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define APPS "/apis/apps/v1/namespaces/default"
#define CORE "/api/v1/namespaces/default"

#define POD "'spec':{'containers':[{'name':'app','image':'nginx:1'}]}"

static void a_replica_set_keeps_its_pods(void **state)
{
	struct api_client *c = *state;

	api_make(c, APPS "/replicasets",
		"{'metadata':{'name':'web'},'spec':{'replicas':3,'selector':{'matchLabels':{'a':'b'"
		"}},"
		"'template':{'metadata':{'labels':{'a':'b'}}," POD "}}}");
	api_get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 3);
	assert_string_equal(api_str(c, "items.0.metadata.ownerReferences.0.kind"), "ReplicaSet");
	api_kube(c, "DELETE", NULL, CORE "/pods/%s?gracePeriodSeconds=0",
		api_str(c, "items.0.metadata.name"));
	api_get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 3);
	api_kube(c, "PATCH", "{\"spec\":{\"replicas\":1}}", APPS "/replicasets/web");
	api_pass(c, 60);
	api_get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 1);
	api_kube(c, "DELETE", NULL, APPS "/replicasets/web");
	api_pass(c, 60);
	api_get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 0);
}

static void a_pod_comes_up_with_time(void **state)
{
	struct api_client *c = *state;

	api_make(c, CORE "/pods", "{'metadata':{'name':'web'}," POD "}");
	api_get(c, CORE "/pods/web");
	assert_string_equal(api_str(c, "status.phase"), "Pending");
	assert_string_equal(api_str(c, "status.conditions.4.type"), "PodScheduled");
	assert_string_equal(
		api_str(c, "status.containerStatuses.0.state.waiting.reason"), "ContainerCreating");
	api_pass(c, 30);
	api_get(c, CORE "/pods/web");
	assert_string_equal(api_str(c, "status.phase"), "Running");
	assert_true(api_bool(c, "status.containerStatuses.0.ready"));
	assert_true(strncmp(api_str(c, "status.podIP"), "10.244.", 7) == 0);
	api_kube(c, "GET", NULL, CORE "/pods/web/log");
	assert_non_null(strstr(c->out.body.data, "start worker processes"));
	api_get(c, CORE "/events");
	assert_int_equal(api_len(c, "items"), 5);
	/* It ends in its grace period, and not before it has had time to. */
	api_kube(c, "DELETE", NULL, CORE "/pods/web");
	api_get(c, CORE "/pods/web");
	api_pass(c, 5);
	assert_int_equal(api_kube(c, "GET", NULL, CORE "/pods/web"), 404);
}

static void pods_wait_for_what_they_lack(void **state)
{
	struct api_client *c = *state;

	api_make(c, CORE "/pods",
		"{'metadata':{'name':'env'},'spec':{'containers':[{'name':'app','image':'nginx:1',"
		"'env':[{'name':'A','valueFrom':{'configMapKeyRef':{'name':'conf','key':'k'}}}]}]}"
		"}");
	api_make(c, CORE "/pods",
		"{'metadata':{'name':'big'},'spec':{'containers':[{'name':'app','image':'nginx:1',"
		"'resources':{'requests':{'memory':'100Gi'}}}]}}");
	api_pass(c, 30);
	api_get(c, CORE "/pods/env");
	assert_string_equal(api_str(c, "status.containerStatuses.0.state.waiting.reason"),
		"CreateContainerConfigError");
	api_make(c, CORE "/configmaps", "{'metadata':{'name':'conf'},'data':{'k':'v'}}");
	api_pass(c, 30);
	api_get(c, CORE "/pods/env");
	assert_string_equal(api_str(c, "status.phase"), "Running");
	api_get(c, CORE "/pods/big");
	assert_string_equal(api_str(c, "status.conditions.0.reason"), "Unschedulable");
	assert_string_equal(api_str(c, "status.conditions.0.message"),
		"0/2 nodes are available: 2 Insufficient memory.");
	assert_int_equal(
		api_kube(c, "GET", NULL, CORE "/events?fieldSelector=reason=FailedScheduling"),
		200);
	assert_int_equal(api_len(c, "items"), 1);
}

/* The pods of Argo CD's own manifests wait for a Secret that one of them makes before it starts. */
static void argo_cd_makes_its_password(void **state)
{
	struct api_client *c = *state;

#define APP \
	"'containers':[{'name':'app','image':'redis:8','env':[{'name':'P','valueFrom':{" \
	"'secretKeyRef':{'name':'argocd-redis','key':'auth'}}}]}]}}"
	api_make(c, CORE "/pods", "{'metadata':{'name':'server'},'spec':{" APP);
	api_pass(c, 30);
	api_get(c, CORE "/pods/server");
	assert_string_equal(api_str(c, "status.phase"), "Pending");
	api_make(c, CORE "/pods",
		"{'metadata':{'name':'redis'},'spec':{'initContainers':[{'name':'secret-init',"
		"'image':'quay.io/argoproj/argocd:v3',"
		"'command':['argocd','admin','redis-initial-password']}]," APP);
	api_pass(c, 60);
	api_get(c, CORE "/pods/redis");
	assert_string_equal(api_str(c, "status.phase"), "Running");
	api_get(c, CORE "/pods/server");
	assert_string_equal(api_str(c, "status.phase"), "Running");
#undef APP
}

static void cordoned_nodes_take_no_pods(void **state)
{
	struct api_client *c = *state;
	const char *names[2];

	api_get(c, "/api/v1/nodes");
	names[0] = api_str(c, "items.0.metadata.name");
	names[1] = api_str(c, "items.1.metadata.name");
	for (int i = 0; i < 2; i++)
		api_kube(c, "PATCH", "{\"spec\":{\"unschedulable\":true}}", "/api/v1/nodes/%s",
			names[i]);
	api_make(c, CORE "/pods", "{'metadata':{'name':'web'}," POD "}");
	api_get(c, CORE "/pods/web");
	assert_string_equal(api_str(c, "status.conditions.0.message"),
		"0/2 nodes are available: 2 node(s) were unschedulable.");
	api_kube(c, "PATCH", "{\"spec\":{\"unschedulable\":null}}", "/api/v1/nodes/%s", names[1]);
	api_pass(c, 60);
	api_get(c, CORE "/pods/web");
	assert_string_equal(api_str(c, "spec.nodeName"), names[1]);
}

static void a_node_is_tainted_until_it_is_ready(void **state)
{
	struct api_client *c = *state;

	api_get(c, "/api/v1/nodes");
	assert_false(api_has(c, "items.0.spec.taints"));
	api_make(c, "/api/v1/nodes",
		"{'metadata':{'name':'mine'},'spec':{'taints':[{'key':'a','effect':'NoSchedule'}]}"
		"}");
	assert_string_equal(api_str(c, "spec.taints.1.key"), "node.kubernetes.io/not-ready");
	api_kube(c, "PATCH",
		"{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}",
		"/api/v1/nodes/mine/status");
	api_pass(c, 10);
	api_get(c, "/api/v1/nodes/mine");
	assert_string_equal(api_str(c, "spec.taints.0.key"), "a");
	assert_false(api_has(c, "spec.taints.1"));
}

static const char *deployment(struct api_client *c, const char *image, const char *more)
{
	return api_json(c,
		"{'metadata':{'name':'web'},'spec':{'replicas':4,'selector':{'matchLabels':{'a':'b'"
		"}},"
		"'strategy':{'rollingUpdate':{'maxSurge':1,'maxUnavailable':0}}%s,"
		"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'app',"
		"'image':'%s','readinessProbe':{'httpGet':{'port':80},'periodSeconds':2}}]}}}}",
		more, image);
}

/* At every second of a rollout: never fewer than wanted are available, never more than one too
 * many are there. */
static void a_deployment_rolls_within_its_bounds(void **state)
{
	struct api_client *c = *state;
	const char *body = deployment(c, "nginx:1", "");

	assert_int_equal(api_kube(c, "POST", body, APPS "/deployments"), 201);
	api_pass(c, 60);
	api_get(c, APPS "/deployments/web");
	assert_int_equal(api_int(c, "status.availableReplicas"), 4);
	assert_string_equal(api_str(c, "status.conditions.1.reason"), "NewReplicaSetAvailable");
	body = deployment(c, "nginx:2", "");
	assert_int_equal(api_kube(c, "PATCH", body, APPS "/deployments/web"), 200);
	for (int s = 0; s < 120; s++) {
		api_pass(c, 1);
		api_get(c, APPS "/deployments/web");
		assert_true(api_int(c, "status.availableReplicas") >= 4);
		assert_true(api_int(c, "status.replicas") <= 5);
	}
	assert_int_equal(api_int(c, "status.updatedReplicas"), 4);
	assert_int_equal(api_int(c, "status.replicas"), 4);
	assert_int_equal(api_int(c, "status.observedGeneration"), 2);
	api_get(c, APPS "/replicasets");
	assert_int_equal(api_len(c, "items"), 2);
	api_kube(c, "DELETE", NULL, APPS "/deployments/web");
	api_pass(c, 60);
	api_get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 0);
}

/* Pods that come up one after the other must not cost the square of their number. */
static void two_hundred_pods_are_quick(void **state)
{
	struct api_client *c = *state;
	clock_t began = clock();

	api_make(c, APPS "/deployments",
		"{'metadata':{'name':'many'},'spec':{'replicas':200,'selector':{'matchLabels':{"
		"'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}}," POD "}}}");
	for (int s = 0; s < 30; s++) {
		api_pass(c, 1);
		api_get(c, APPS "/deployments/many");
	}
	assert_int_equal(api_int(c, "status.availableReplicas"), 200);
	assert_true((double)(clock() - began) / CLOCKS_PER_SEC < 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			argo_cd_makes_its_password, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(a_pod_comes_up_with_time, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			cordoned_nodes_take_no_pods, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			a_node_is_tainted_until_it_is_ready, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			two_hundred_pods_are_quick, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			pods_wait_for_what_they_lack, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			a_deployment_rolls_within_its_bounds, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			a_replica_set_keeps_its_pods, api_setup, api_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
