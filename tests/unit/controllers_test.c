/* What runs in the sandbox's clusters, seen through their API. */
#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define APPS "/apis/apps/v1/namespaces/default"
#define CORE "/api/v1/namespaces/default"

static int setup(void **state)
{
	static struct api_client client;

	api_client_open(&client, NULL);
	api_cluster(&client, "s-4vcpu-8gb", 2);
	*state = &client;
	return 0;
}

static int teardown(void **state)
{
	api_client_close(*state);
	return 0;
}

static void make(struct api_client *c, const char *path, const char *body)
{
	if (api_kube(c, "POST", api_json(c, "%s", body), "%s", path) != 201)
		fail_msg("%s: %s", path, c->out.body.data);
}

static void get(struct api_client *c, const char *path)
{
	if (api_kube(c, "GET", NULL, "%s", path) != 200)
		fail_msg("%s: %s", path, c->out.body.data);
}

static void pass(struct api_client *c, int seconds)
{
	c->now_ms += seconds * 1000L;
}

#define POD "'spec':{'containers':[{'name':'app','image':'nginx:1'}]}"

static void a_replica_set_keeps_its_pods(void **state)
{
	struct api_client *c = *state;

	make(c, APPS "/replicasets",
		"{'metadata':{'name':'web'},'spec':{'replicas':3,'selector':{'matchLabels':{'a':'b'"
		"}},"
		"'template':{'metadata':{'labels':{'a':'b'}}," POD "}}}");
	get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 3);
	assert_string_equal(api_str(c, "items.0.metadata.ownerReferences.0.kind"), "ReplicaSet");
	api_kube(c, "DELETE", NULL, CORE "/pods/%s?gracePeriodSeconds=0",
		api_str(c, "items.0.metadata.name"));
	get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 3);
	api_kube(c, "PATCH", "{\"spec\":{\"replicas\":1}}", APPS "/replicasets/web");
	pass(c, 60);
	get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 1);
	api_kube(c, "DELETE", NULL, APPS "/replicasets/web");
	pass(c, 60);
	get(c, CORE "/pods");
	assert_int_equal(api_len(c, "items"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_replica_set_keeps_its_pods, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
