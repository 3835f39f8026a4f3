/* Jobs, StatefulSets, DaemonSets, budgets, endpoints and faults in the sandbox's clusters. */
#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define APPS "/apis/apps/v1/namespaces/default"
#define BATCH "/apis/batch/v1/namespaces/default"
#define CORE "/api/v1/namespaces/default"
#define POLICY "/apis/policy/v1/namespaces/default"
#define LABELS "'selector':{'matchLabels':{'a':'b'}}"
#define TEMPLATE(image) \
	"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'app'," \
	"'image':'" image "'}]}}"
#define JOB(more) \
	"{'metadata':{'name':'work'},'spec':{" more \
	"'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'app'," \
	"'image':'busybox'}]}}}}"

static const char faults[] =
	"[{\"do\":\"image_pull\",\"match\":{\"kind\":\"Deployment\",\"name\":\"unpulled\"}},"
	"{\"do\":\"crash_loop\",\"match\":{\"kind\":\"Deployment\",\"name\":\"crash\"}},"
	"{\"do\":\"job_fails\",\"match\":{\"kind\":\"Job\",\"name\":\"bad*\"}},"
	"{\"do\":\"quota\",\"match\":{\"kind\":\"Pod\",\"namespace\":\"default\","
	"\"name\":\"over*\"}},"
	"{\"do\":\"quota\",\"match\":{\"name\":\"full\"}},"
	"{\"do\":\"webhook_down\",\"match\":{\"kind\":\"Secret\"},\"times\":1}]";

static int setup(void **state)
{
	static const struct mok_sandbox_options options = {
		.speed = 1, .seed = 7, .faults = faults
	};
	static struct api_client client;

	api_client_open(&client, &options);
	api_cluster(&client, "s-4vcpu-8gb", 2);
	*state = &client;
	return 0;
}

static int teardown(void **state)
{
	api_client_close(*state);
	return 0;
}

static void make_deployment(struct api_client *c, const char *name)
{
	api_make(c, APPS "/deployments",
		mok_arena_printf(c->arena,
			"{'metadata':{'name':'%s'},'spec':{'replicas':2," LABELS
			"," TEMPLATE("nginx:1") "}}",
			name));
}

/* ---- Jobs ---- */

static void a_job_completes_with_all_its_conditions(void **state)
{
	struct api_client *c = *state;

	api_make(c, BATCH "/jobs", JOB("'completions':3,'parallelism':2,"));
	api_get(c, BATCH "/jobs/work");
	assert_int_equal(api_int(c, "status.active"), 2);
	api_pass(c, 60);
	api_get(c, BATCH "/jobs/work");
	assert_int_equal(api_int(c, "status.succeeded"), 3);
	assert_string_equal(api_str(c, "status.conditions.0.type"), "SuccessCriteriaMet");
	assert_string_equal(api_str(c, "status.conditions.1.type"), "Complete");
	assert_true(api_has(c, "status.completionTime"));
	api_get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 3);
	assert_string_equal(api_str(c, "items.0.status.phase"), "Succeeded");
	assert_false(api_has(c, "items.0.metadata.finalizers.0"));
}

static void a_job_gives_up(void **state)
{
	struct api_client *c = *state;

	api_make(c, BATCH "/jobs",
		"{'metadata':{'name':'bad'},'spec':{'backoffLimit':1,'template':{'spec':{"
		"'restartPolicy':'Never','containers':[{'name':'app','image':'busybox'}]}}}}");
	api_pass(c, 5 * 60);
	api_get(c, BATCH "/jobs/bad");
	assert_int_equal(api_int(c, "status.failed"), 2);
	assert_string_equal(api_str(c, "status.conditions.0.type"), "FailureTarget");
	assert_string_equal(api_str(c, "status.conditions.1.type"), "Failed");
	assert_string_equal(api_str(c, "status.conditions.1.reason"), "BackoffLimitExceeded");
}

static void a_job_has_a_deadline_and_goes_after_its_time(void **state)
{
	struct api_client *c = *state;

	api_make(c, BATCH "/jobs", JOB("'activeDeadlineSeconds':1,"));
	api_pass(c, 30);
	api_get(c, BATCH "/jobs/work");
	assert_string_equal(api_str(c, "status.conditions.1.reason"), "DeadlineExceeded");
	api_kube(c, "DELETE", NULL, BATCH "/jobs/work?propagationPolicy=Foreground");
	api_pass(c, 60);
	assert_int_equal(api_kube(c, "GET", NULL, BATCH "/jobs/work"), 404);
	api_make(c, BATCH "/jobs", JOB("'ttlSecondsAfterFinished':30,"));
	api_pass(c, 30);
	api_get(c, BATCH "/jobs/work");
	api_pass(c, 60);
	assert_int_equal(api_kube(c, "GET", NULL, BATCH "/jobs/work"), 404);
	api_get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 0);
}

static void a_suspended_job_waits(void **state)
{
	struct api_client *c = *state;

	api_make(c, BATCH "/jobs", JOB("'suspend':true,"));
	api_pass(c, 30);
	api_get(c, BATCH "/jobs/work");
	assert_string_equal(api_str(c, "status.conditions.0.type"), "Suspended");
	api_kube(c, "PATCH", "{\"spec\":{\"suspend\":false}}", BATCH "/jobs/work");
	api_pass(c, 30);
	api_get(c, BATCH "/jobs/work");
	assert_int_equal(api_int(c, "status.succeeded"), 1);
}

/* ---- sets ---- */

static void a_stateful_set_goes_in_order(void **state)
{
	struct api_client *c = *state;

	api_make(c, APPS "/statefulsets",
		"{'metadata':{'name':'es'},'spec':{'replicas':3,'serviceName':'es'," LABELS
		"," TEMPLATE("nginx:1") "}}");
	api_get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 1);
	api_pass(c, 60);
	api_get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 3);
	assert_string_equal(api_str(c, "items.2.metadata.name"), "es-2");
	api_get(c, APPS "/statefulsets/es");
	assert_int_equal(api_int(c, "status.readyReplicas"), 3);
	assert_string_equal(
		api_str(c, "status.currentRevision"), api_str(c, "status.updateRevision"));
	api_kube(c, "PATCH", api_json(c, "{'spec':{'replicas':2," TEMPLATE("nginx:2") "}}"),
		APPS "/statefulsets/es");
	api_pass(c, 120);
	api_get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 2);
	assert_string_equal(api_str(c, "items.0.spec.containers.0.image"), "nginx:2");
	api_get(c, APPS "/controllerrevisions");
	assert_int_equal(api_len(c, "items"), 2);
}

static void a_stateful_set_claims_volumes(void **state)
{
	struct api_client *c = *state;

	api_make(c, APPS "/statefulsets",
		"{'metadata':{'name':'es'},'spec':{'replicas':1,'serviceName':'es'," LABELS
		"," TEMPLATE("nginx:1") ",'volumeClaimTemplates':[{'metadata':{'name':'data'},"
					"'spec':{'accessModes':['ReadWriteOnce'],'resources':{'"
					"requests':{'storage':"
					"'5Gi'}}}}]}}");
	api_get(c, CORE "/persistentvolumeclaims/data-es-0");
	api_pass(c, 120);
	api_get(c, CORE "/pods/es-0");
	assert_string_equal(api_str(c, "status.phase"), "Running");
	assert_string_equal(
		api_str(c, "spec.volumes.0.persistentVolumeClaim.claimName"), "data-es-0");
}

static void a_daemon_set_is_on_every_node(void **state)
{
	struct api_client *c = *state;

	api_make(c, APPS "/daemonsets",
		"{'metadata':{'name':'log'},'spec':{" LABELS "," TEMPLATE("nginx:1") "}}");
	api_pass(c, 60);
	api_get(c, APPS "/daemonsets/log");
	assert_int_equal(api_int(c, "status.desiredNumberScheduled"), 2);
	assert_int_equal(api_int(c, "status.numberReady"), 2);
	api_kube(c, "PATCH", api_json(c, "{'spec':{" TEMPLATE("nginx:2") "}}"),
		APPS "/daemonsets/log");
	api_pass(c, 120);
	api_get(c, APPS "/daemonsets/log");
	assert_int_equal(api_int(c, "status.updatedNumberScheduled"), 2);
	assert_int_equal(api_int(c, "status.numberAvailable"), 2);
}

/* ---- around pods ---- */

static void budgets_are_honoured(void **state)
{
	struct api_client *c = *state;
	const char *first, *second;

	make_deployment(c, "web");
	api_make(c, POLICY "/poddisruptionbudgets",
		"{'metadata':{'name':'web'},'spec':{'minAvailable':1," LABELS "}}");
	api_pass(c, 60);
	api_get(c, POLICY "/poddisruptionbudgets/web");
	assert_int_equal(api_int(c, "status.disruptionsAllowed"), 1);
	assert_int_equal(api_int(c, "status.currentHealthy"), 2);
	api_get(c, CORE "/pods");
	first = api_str(c, "items.0.metadata.name");
	second = api_str(c, "items.1.metadata.name");
	assert_int_equal(api_kube(c, "POST", "{}", CORE "/pods/%s/eviction", first), 201);
	assert_int_equal(api_kube(c, "POST", "{}", CORE "/pods/%s/eviction", second), 429);
	api_pass(c, 60);
	assert_int_equal(api_kube(c, "POST", "{}", CORE "/pods/%s/eviction", second), 201);
}

static void services_find_ready_pods(void **state)
{
	struct api_client *c = *state;

	make_deployment(c, "web");
	api_make(c, CORE "/services",
		"{'metadata':{'name':'web'},'spec':{'selector':{'a':'b'},'ports':[{'port':80,"
		"'targetPort':3000}]}}");
	api_get(c, CORE "/endpoints/web");
	assert_false(api_has(c, "subsets.0.addresses"));
	api_pass(c, 60);
	api_get(c, CORE "/endpoints/web");
	assert_int_equal(api_len(c, "subsets.0.addresses"), 2);
	assert_int_equal(api_int(c, "subsets.0.ports.0.port"), 3000);
	api_get(c,
		"/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
		"?labelSelector=kubernetes.io/service-name=web");
	assert_int_equal(api_len(c, "items.0.endpoints"), 2);
	assert_true(api_bool(c, "items.0.endpoints.0.conditions.ready"));
	api_kube(c, "DELETE", NULL, CORE "/services/web");
	assert_int_equal(api_kube(c, "GET", NULL, CORE "/endpoints/web"), 404);
}

static void owners_take_along_or_leave(void **state)
{
	struct api_client *c = *state;

	make_deployment(c, "web");
	api_kube(c, "DELETE", NULL, APPS "/deployments/web?propagationPolicy=Orphan");
	api_pass(c, 60);
	assert_int_equal(api_kube(c, "GET", NULL, APPS "/deployments/web"), 404);
	api_get(c, APPS "/replicasets");
	assert_int_equal(api_len(c, "items"), 1);
	assert_false(api_has(c, "items.0.metadata.ownerReferences.0"));
	api_kube(c, "DELETE", NULL, APPS "/replicasets/%s?propagationPolicy=Foreground",
		api_str(c, "items.0.metadata.name"));
	api_get(c, APPS "/replicasets");
	assert_int_equal(api_len(c, "items"), 1);
	assert_string_equal(api_str(c, "items.0.metadata.finalizers.0"), "foregroundDeletion");
	api_pass(c, 60);
	api_get(c, APPS "/replicasets");
	assert_int_equal(api_len(c, "items"), 0);
}

static void a_smaller_pool_is_drained(void **state)
{
	struct api_client *c = *state;
	const char *pool;

	make_deployment(c, "web");
	api_pass(c, 60);
	api_ask(c, "GET", NULL, "/v2/kubernetes/clusters/%s/node_pools", c->cluster);
	pool = api_str(c, "node_pools.0.id");
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'name':'web','count':1}"),
				 "/v2/kubernetes/clusters/%s/node_pools/%s", c->cluster, pool),
		202);
	api_pass(c, 300);
	api_get(c, "/api/v1/nodes");
	assert_int_equal(api_len(c, "items"), 1);
	api_get(c, APPS "/deployments/web");
	assert_int_equal(api_int(c, "status.availableReplicas"), 2);
}

/* ---- faults ---- */

static const char *waiting_reason(struct api_client *c, const char *name)
{
	make_deployment(c, name);
	api_pass(c, 300);
	api_get(c, CORE "/pods");
	return api_str(c, "items.0.status.containerStatuses.0.state.waiting.reason");
}

static void images_that_cannot_be_pulled(void **state)
{
	struct api_client *c = *state;

	assert_string_equal(waiting_reason(c, "unpulled"), "ImagePullBackOff");
	assert_int_equal(
		api_kube(c, "GET", NULL, CORE "/pods/%s/log", api_str(c, "items.0.metadata.name")),
		400);
	assert_non_null(strstr(api_str(c, "message"), "trying and failing to pull image"));
	api_pass(c, 600);
	api_get(c, APPS "/deployments/unpulled");
	assert_string_equal(api_str(c, "status.conditions.1.reason"), "ProgressDeadlineExceeded");
}

static void programs_that_crash(void **state)
{
	struct api_client *c = *state;

	assert_string_equal(waiting_reason(c, "crash"), "CrashLoopBackOff");
	assert_true(api_int(c, "items.0.status.containerStatuses.0.restartCount") >= 3);
	assert_int_equal(
		api_int(c, "items.0.status.containerStatuses.0.lastState.terminated.exitCode"), 1);
	api_kube(c, "GET", NULL, CORE "/pods/%s/log", api_str(c, "items.0.metadata.name"));
	assert_non_null(strstr(c->out.body.data, "fatal"));
}

static void probes_are_answered_once_the_fault_is_gone(void **state)
{
	struct api_client *c = *state;
	struct mok_err err;

	assert_int_equal(mok_sandbox_set_faults(c->sandbox, "[{\"do\":\"not_ready\"}]", &err), 0);
	make_deployment(c, "web");
	api_pass(c, 120);
	api_get(c, APPS "/deployments/web");
	assert_int_equal(api_int(c, "status.unavailableReplicas"), 2);
	assert_int_equal(mok_sandbox_set_faults(c->sandbox, "[{}]", &err), -1);
	api_pass(c, 60);
	api_get(c, APPS "/deployments/web");
	assert_int_equal(api_int(c, "status.unavailableReplicas"), 2);
	assert_int_equal(mok_sandbox_set_faults(c->sandbox, NULL, &err), 0);
	api_pass(c, 30);
	api_get(c, APPS "/deployments/web");
	assert_int_equal(api_int(c, "status.availableReplicas"), 2);
}

static void controllers_try_again_what_was_refused(void **state)
{
	struct api_client *c = *state;
	struct mok_err err;

	make_deployment(c, "web");
	assert_int_equal(
		mok_sandbox_set_faults(c->sandbox,
			"[{\"do\":\"webhook_down\",\"match\":{\"kind\":\"Deployment\"}}]", &err),
		0);
	api_pass(c, 120);
	api_get(c, APPS "/deployments/web");
	assert_false(api_has(c, "status.availableReplicas"));
	assert_int_equal(mok_sandbox_set_faults(c->sandbox, NULL, &err), 0);
	api_pass(c, 60);
	api_get(c, APPS "/deployments/web");
	assert_int_equal(api_int(c, "status.availableReplicas"), 2);
}

static void what_the_api_refuses(void **state)
{
	struct api_client *c = *state;

	make_deployment(c, "over");
	api_pass(c, 30);
	api_get(c, APPS "/deployments/over");
	assert_string_equal(api_str(c, "status.conditions.2.type"), "ReplicaFailure");
	assert_int_equal(
		api_kube(c, "POST", api_json(c, "{'metadata':{'name':'s'}}"), CORE "/secrets"),
		500);
	assert_non_null(strstr(api_str(c, "message"), "failed calling webhook"));
	api_make(c, CORE "/secrets", "{'metadata':{'name':'s'}}");
}

static int apply(struct api_client *c, const char *path, const char *object)
{
	return api_kube(c, "PATCH", api_json(c, "%s", object), "%s?fieldManager=t", path);
}

/* As ResourceQuota's admission says it; what is there already may change. */
static void a_quota_meets_server_side_apply(void **state)
{
	static const char full[] =
		"{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'full'}}";
	struct api_client *c = *state;
	struct mok_err err;

	assert_int_equal(apply(c, CORE "/configmaps/full", full), 403);
	assert_string_equal(api_str(c, "reason"), "Forbidden");
	assert_string_equal(api_str(c, "details.name"), "full");
	assert_string_equal(api_str(c, "details.kind"), "configmaps");
	assert_string_equal(api_str(c, "message"),
		"configmaps \"full\" is forbidden: exceeded quota: compute, requested: "
		"configmaps=1, used: configmaps=0, limited: configmaps=0");
	assert_int_equal(apply(c, APPS "/deployments/full",
				 "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':"
				 "'full'}}"),
		403);
	assert_string_equal(api_str(c, "details.group"), "apps");
	assert_non_null(strstr(api_str(c, "message"), "limited: count/deployments.apps=0"));
	assert_int_equal(mok_sandbox_set_faults(c->sandbox, NULL, &err), 0);
	assert_int_equal(apply(c, CORE "/configmaps/full", full), 201);
	assert_int_equal(mok_sandbox_set_faults(c->sandbox, faults, &err), 0);
	assert_int_equal(apply(c, CORE "/configmaps/full", full), 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Statuses tell whole seconds; what began at the end of one has its time all the same. */
static void limits_leave_time_at_any_speed(void **state)
{
	const struct mok_sandbox_options fast = { .speed = 0, .seed = 7 };
	struct api_client *c = *state;

	api_client_close(c);
	api_client_open(c, &fast);
	api_cluster(c, "s-4vcpu-8gb", 2);
	c->now_ms += 900 - c->now_ms % 1000;
	api_make(c, BATCH "/jobs", JOB("'activeDeadlineSeconds':600,"));
	make_deployment(c, "web");
	c->now_ms += 50;
	api_get(c, BATCH "/jobs/work");
	assert_string_equal(api_str(c, "status.conditions.1.type"), "Complete");
	c->now_ms += 1000;
	api_get(c, APPS "/deployments/web");
	assert_string_equal(api_str(c, "status.conditions.1.reason"), "NewReplicaSetAvailable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_job_completes_with_all_its_conditions),
		TEST(a_job_gives_up),
		TEST(a_job_has_a_deadline_and_goes_after_its_time),
		TEST(a_suspended_job_waits),
		TEST(a_stateful_set_goes_in_order),
		TEST(a_stateful_set_claims_volumes),
		TEST(a_daemon_set_is_on_every_node),
		TEST(budgets_are_honoured),
		TEST(services_find_ready_pods),
		TEST(owners_take_along_or_leave),
		TEST(a_smaller_pool_is_drained),
		TEST(images_that_cannot_be_pulled),
		TEST(programs_that_crash),
		TEST(probes_are_answered_once_the_fault_is_gone),
		TEST(controllers_try_again_what_was_refused),
		TEST(what_the_api_refuses),
		TEST(a_quota_meets_server_side_apply),
		TEST(limits_leave_time_at_any_speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
