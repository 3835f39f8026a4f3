/* DOKS in the sandbox: what a client of the real API can trip over. */
#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CLUSTERS "/v2/kubernetes/clusters"

static int setup(void **state)
{
	static struct api_client client;

	api_client_open(&client, NULL);
	*state = &client;
	return 0;
}

static int teardown(void **state)
{
	api_client_close(*state);
	return 0;
}

static const char *make_with(struct api_client *c, const char *name, const char *more)
{
	const char *body = api_json(c,
		"{'name':'%s','region':'ams3','version':'1.35','node_pools':[{'name':'web',"
		"'size':'s-2vcpu-4gb','count':2}]%s}",
		name, more);

	if (api_ask(c, "POST", body, CLUSTERS) != 201)
		fail_msg("%s", c->out.body.data);
	return api_str(c, "kubernetes_cluster.id");
}

static const char *make(struct api_client *c)
{
	return make_with(c, "prod", "");
}

static void settle(struct api_client *c)
{
	c->now_ms += 30L * API_MINUTE_MS;
}

static void a_cluster_reads_back_in_full(void **state)
{
	struct api_client *c = *state;
	const char *id = make_with(c, "prod", ",'tags':['team:web']");
	const char *tag = api_json(c, "k8s:%s", id);

	assert_string_equal(api_str(c, "kubernetes_cluster.version"), "1.35.4-do.0");
	assert_string_equal(api_str(c, "kubernetes_cluster.status.state"), "provisioning");
	assert_string_equal(api_str(c, "kubernetes_cluster.endpoint"), "");
	assert_string_equal(api_str(c, "kubernetes_cluster.cluster_subnet"), "10.244.0.0/16");
	assert_string_equal(api_str(c, "kubernetes_cluster.service_subnet"), "10.245.0.0/16");
	assert_string_equal(api_str(c, "kubernetes_cluster.maintenance_policy.duration"), "4h0m0s");
	assert_int_equal(api_len(c, "kubernetes_cluster.tags"), 3);
	assert_true(api_list_has(c, "kubernetes_cluster.tags", "team:web"));
	assert_true(api_list_has(c, "kubernetes_cluster.tags", tag));
	assert_true(api_list_has(c, "kubernetes_cluster.node_pools.0.tags", "k8s:worker"));
	assert_int_equal(api_len(c, "kubernetes_cluster.node_pools.0.nodes"), 2);
	assert_int_equal(api_int(c, "kubernetes_cluster.node_pools.0.max_nodes"), 0);
	assert_false(api_bool(c, "kubernetes_cluster.ha"));
	c->now_ms += 3L * API_MINUTE_MS;
	api_ask(c, "GET", NULL, CLUSTERS "/%s", id);
	assert_string_equal(api_str(c, "kubernetes_cluster.status.state"), "provisioning");
	c->now_ms += 8L * API_MINUTE_MS;
	api_ask(c, "GET", NULL, CLUSTERS "/%s", id);
	assert_string_equal(api_str(c, "kubernetes_cluster.status.state"), "running");
	assert_string_equal(
		api_str(c, "kubernetes_cluster.node_pools.0.nodes.0.status.state"), "running");
	assert_string_not_equal(api_str(c, "kubernetes_cluster.endpoint"), "");
}

static void wrong_clusters_are_refused(void **state)
{
	static const char *const bodies[] = {
		"{'name':'a','region':'ams3','version':'1.35'}",
		"{'name':'a','region':'ams3','version':'1.35','node_pools':[]}",
		"{'name':'a','region':'ams3','version':'1.12','node_pools':[{'name':'w',"
		"'size':'s-2vcpu-4gb','count':1}]}",
		"{'name':'a','region':'mars1','version':'1.35','node_pools':[{'name':'w',"
		"'size':'s-2vcpu-4gb','count':1}]}",
		"{'name':'a','region':'ams3','version':'1.35','node_pools':[{'name':'w',"
		"'size':'s-1vcpu-1gb','count':1}]}",
		"{'name':'a','region':'ams3','version':'1.35','node_pools':[{'name':'w',"
		"'size':'s-2vcpu-4gb','count':0}]}",
		"{'name':'a','region':'ams3','version':'1.35','cluster_subnet':'10.245.1.0/24',"
		"'node_pools':[{'name':'w','size':'s-2vcpu-4gb','count':1}]}",
		"{'name':'a','region':'ams3','version':'1.35','isolated_workers':true,"
		"'node_pools':[{'name':'w','size':'s-2vcpu-4gb','count':1}]}",
		"{'name':'a','region':'ams3','version':'1.35','node_pools':[{'name':'w',"
		"'size':'s-2vcpu-4gb','count':1},{'name':'w','size':'s-2vcpu-4gb','count':1}]}",
	};
	struct api_client *c = *state;

	for (size_t i = 0; i < MOK_COUNT(bodies); i++) {
		if (api_ask(c, "POST", api_json(c, "%s", bodies[i]), CLUSTERS) != 422)
			fail_msg("%s: %s", bodies[i], c->out.body.data);
		assert_string_equal(api_str(c, "id"), "unprocessable_entity");
	}
	api_ask(c, "GET", NULL, CLUSTERS);
	assert_int_equal(api_int(c, "meta.total"), 0);
	/* What was refused half-way has left nothing behind. */
	api_ask(c, "GET", NULL, "/v2/droplets");
	assert_int_equal(api_int(c, "meta.total"), 0);
	make(c);
	assert_int_equal(api_ask(c, "POST",
				 api_json(c,
					 "{'name':'prod','region':'ams3','version':'1.35',"
					 "'node_pools':[{'name':'w','size':'s-2vcpu-4gb',"
					 "'count':1}]}"),
				 CLUSTERS),
		422);
}

static void high_availability_is_for_ever(void **state)
{
	struct api_client *c = *state;
	const char *body =
		"{'name':'new','region':'ams3','version':'latest','node_pools':[{'name':'web',"
		"'size':'s-2vcpu-4gb','count':1}]}";
	const char *id;

	assert_int_equal(api_ask(c, "POST", api_json(c, "%s", body), CLUSTERS), 201);
	assert_true(api_bool(c, "kubernetes_cluster.ha"));
	id = api_str(c, "kubernetes_cluster.id");
	settle(c);
	api_ask(c, "GET", NULL, CLUSTERS "/%s", id);
	assert_string_equal(api_str(c, "kubernetes_cluster.ipv4"), "");
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'name':'new','ha':false}"), CLUSTERS "/%s", id),
		422);
	id = make_with(c, "old", ",'ha':false");
	settle(c);
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'name':'old','ha':true}"), CLUSTERS "/%s", id),
		202);
	assert_true(api_bool(c, "kubernetes_cluster.ha"));
}

static void absent_members_change_nothing(void **state)
{
	struct api_client *c = *state;
	const char *id = make_with(c, "prod", ",'tags':['a','b'],'surge_upgrade':true");

	api_ask(c, "PUT", api_json(c, "{'name':'prod'}"), CLUSTERS "/%s", id);
	assert_true(api_bool(c, "kubernetes_cluster.surge_upgrade"));
	assert_int_equal(api_len(c, "kubernetes_cluster.tags"), 4);
	api_ask(c, "PUT", api_json(c, "{'name':'prod','tags':[],'surge_upgrade':false}"),
		CLUSTERS "/%s", id);
	assert_false(api_bool(c, "kubernetes_cluster.surge_upgrade"));
	assert_int_equal(api_len(c, "kubernetes_cluster.tags"), 2);
	api_ask(c, "PUT",
		api_json(c, "{'maintenance_policy':{'day':'monday','start_time':'07:30'}}"),
		CLUSTERS "/%s", id);
	assert_string_equal(api_str(c, "kubernetes_cluster.name"), "prod");
	assert_string_equal(
		api_str(c, "kubernetes_cluster.maintenance_policy.start_time"), "07:30");
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'maintenance_policy':{'start_time':'7pm'}}"),
			CLUSTERS "/%s", id),
		422);
}

static void pools_scale_over_time(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *pool;

	settle(c);
	api_ask(c, "GET", NULL, CLUSTERS "/%s/node_pools", id);
	assert_false(api_has(c, "meta"));
	pool = api_str(c, "node_pools.0.id");
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'name':'web','count':3}"),
				 CLUSTERS "/%s/node_pools/%s", id, pool),
		202);
	assert_int_equal(api_len(c, "node_pool.nodes"), 3);
	assert_string_equal(api_str(c, "node_pool.nodes.2.status.state"), "provisioning");
	settle(c);
	api_ask(c, "GET", NULL, CLUSTERS "/%s/node_pools/%s", id, pool);
	assert_string_equal(api_str(c, "node_pool.nodes.2.status.state"), "running");
	api_ask(c, "PUT", api_json(c, "{'count':1}"), CLUSTERS "/%s/node_pools/%s", id, pool);
	assert_int_equal(api_int(c, "node_pool.count"), 1);
	assert_int_equal(api_len(c, "node_pool.nodes"), 3);
	assert_string_equal(api_str(c, "node_pool.nodes.2.status.state"), "draining");
	settle(c);
	api_ask(c, "GET", NULL, CLUSTERS "/%s/node_pools/%s", id, pool);
	assert_int_equal(api_len(c, "node_pool.nodes"), 1);
	api_ask(c, "GET", NULL, "/v2/droplets?tag_name=k8s:%s", id);
	assert_int_equal(api_len(c, "droplets"), 1);
}

static void autoscaled_pools_keep_bounds(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *pool;

	settle(c);
	assert_int_equal(api_ask(c, "POST",
				 api_json(c,
					 "{'name':'auto','size':'s-2vcpu-4gb','auto_scale':true,"
					 "'min_nodes':2,'max_nodes':4}"),
				 CLUSTERS "/%s/node_pools", id),
		201);
	pool = api_str(c, "node_pool.id");
	assert_int_equal(api_int(c, "node_pool.count"), 2);
	assert_int_equal(api_int(c, "node_pool.max_nodes"), 4);
	api_ask(c, "PUT", api_json(c, "{'auto_scale':false,'count':3}"),
		CLUSTERS "/%s/node_pools/%s", id, pool);
	assert_int_equal(api_int(c, "node_pool.count"), 3);
	assert_int_equal(api_int(c, "node_pool.min_nodes"), 0);
	assert_int_equal(api_int(c, "node_pool.max_nodes"), 0);
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'auto_scale':true,'min_nodes':0,'max_nodes':3}"),
			CLUSTERS "/%s/node_pools/%s", id, pool),
		422);
}

static void labels_and_taints_are_replaced(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *pool = api_str(c, "kubernetes_cluster.node_pools.0.id");

	/* godo sends taints with capitals. */
	api_ask(c, "PUT",
		api_json(c,
			"{'labels':{'a':'1'},'taints':[{'Key':'k','Value':'v',"
			"'Effect':'NoSchedule'}]}"),
		CLUSTERS "/%s/node_pools/%s", id, pool);
	assert_string_equal(api_str(c, "node_pool.taints.0.key"), "k");
	assert_string_equal(api_str(c, "node_pool.taints.0.effect"), "NoSchedule");
	api_ask(c, "PUT", api_json(c, "{'name':'web'}"), CLUSTERS "/%s/node_pools/%s", id, pool);
	assert_string_equal(api_str(c, "node_pool.labels.a"), "1");
	api_ask(c, "PUT", api_json(c, "{'labels':{},'taints':[]}"), CLUSTERS "/%s/node_pools/%s",
		id, pool);
	assert_int_equal(api_len(c, "node_pool.taints"), 0);
	assert_false(api_has(c, "node_pool.labels.a"));
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'taints':[{'key':'k','effect':'x'}]}"),
				 CLUSTERS "/%s/node_pools/%s", id, pool),
		422);
}

static void the_last_pool_stays(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *pool = api_str(c, "kubernetes_cluster.node_pools.0.id");

	assert_int_equal(api_ask(c, "DELETE", NULL, CLUSTERS "/%s/node_pools/%s", id, pool), 422);
	api_ask(c, "POST", api_json(c, "{'name':'two','size':'c-2','count':1}"),
		CLUSTERS "/%s/node_pools", id);
	assert_int_equal(api_ask(c, "DELETE", NULL, CLUSTERS "/%s/node_pools/%s", id, pool), 204);
	assert_int_equal(api_ask(c, "GET", NULL, CLUSTERS "/%s/node_pools/%s", id, pool), 404);
}

static void nodes_are_replaced(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *pool = api_str(c, "kubernetes_cluster.node_pools.0.id");
	const char *node = api_str(c, "kubernetes_cluster.node_pools.0.nodes.0.id");

	settle(c);
	assert_int_equal(api_ask(c, "DELETE", NULL, CLUSTERS "/%s/node_pools/%s/nodes/%s?replace=1",
				 id, pool, node),
		202);
	settle(c);
	api_ask(c, "GET", NULL, CLUSTERS "/%s/node_pools/%s", id, pool);
	assert_int_equal(api_len(c, "node_pool.nodes"), 2);
	assert_string_not_equal(api_str(c, "node_pool.nodes.0.id"), node);
	node = api_str(c, "node_pool.nodes.0.id");
	assert_int_equal(
		api_ask(c, "DELETE", NULL, CLUSTERS "/%s/node_pools/%s/nodes/%s?skip_drain=1", id,
			pool, node),
		202);
	settle(c);
	api_ask(c, "GET", NULL, CLUSTERS "/%s/node_pools/%s", id, pool);
	assert_int_equal(api_int(c, "node_pool.count"), 1);
	assert_int_equal(api_len(c, "node_pool.nodes"), 1);
}

static void upgrades_go_one_step_at_a_time(void **state)
{
	struct api_client *c = *state;
	const char *id;

	assert_int_equal(api_ask(c, "POST",
				 api_json(c,
					 "{'name':'old','region':'ams3','version':'1.34.5-do.3','"
					 "node_pools':"
					 "[{'name':'web','size':'s-2vcpu-4gb','count':1}]}"),
				 CLUSTERS),
		201);
	id = api_str(c, "kubernetes_cluster.id");
	settle(c);
	api_ask(c, "GET", NULL, CLUSTERS "/%s/upgrades", id);
	assert_int_equal(api_len(c, "available_upgrade_versions"), 1);
	assert_string_equal(api_str(c, "available_upgrade_versions.0.slug"), "1.34.7-do.0");
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'version':'1.36.0-do.0'}"),
				 CLUSTERS "/%s/upgrade", id),
		422);
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'version':'1.34.7-do.0'}"),
				 CLUSTERS "/%s/upgrade", id),
		202);
	api_ask(c, "GET", NULL, CLUSTERS "/%s", id);
	/* Nothing shows at the first look. */
	assert_string_equal(api_str(c, "kubernetes_cluster.status.state"), "running");
	assert_string_equal(api_str(c, "kubernetes_cluster.version"), "1.34.5-do.3");
	c->now_ms += API_MINUTE_MS;
	api_ask(c, "GET", NULL, CLUSTERS "/%s", id);
	assert_string_equal(api_str(c, "kubernetes_cluster.status.state"), "upgrading");
	settle(c);
	api_ask(c, "GET", NULL, CLUSTERS "/%s", id);
	assert_string_equal(api_str(c, "kubernetes_cluster.status.state"), "running");
	assert_string_equal(api_str(c, "kubernetes_cluster.version"), "1.34.7-do.0");
	api_ask(c, "GET", NULL, CLUSTERS "/%s/upgrades", id);
	assert_int_equal(api_len(c, "available_upgrade_versions"), 2);
}

static void tokens_change_with_every_call(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *first;

	assert_int_equal(api_ask(c, "GET", NULL, CLUSTERS "/%s/kubeconfig", id), 412);
	settle(c);
	assert_int_equal(api_ask(c, "GET", NULL, CLUSTERS "/%s/kubeconfig", id), 200);
	assert_non_null(strstr(c->out.body.data, "current-context: do-ams3-prod\n"));
	assert_non_null(strstr(c->out.body.data, "    token: dop_v1_"));
	api_ask(c, "GET", NULL, CLUSTERS "/%s/kubeconfig?type=sso", id);
	assert_null(strstr(c->out.body.data, "token: dop_v1_"));
	api_ask(c, "GET", NULL, CLUSTERS "/%s/credentials?expiry_seconds=60", id);
	first = api_str(c, "token");
	api_ask(c, "GET", NULL, CLUSTERS "/%s/credentials", id);
	assert_string_not_equal(api_str(c, "token"), first);
	assert_int_equal(
		api_ask(c, "GET", NULL, CLUSTERS "/%s/credentials?expiry_seconds=-1", id), 400);
}

static void deletion_takes_its_time(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *vpc = api_str(c, "kubernetes_cluster.vpc_uuid");

	settle(c);
	assert_int_equal(api_ask(c, "DELETE", NULL, CLUSTERS "/%s", id), 204);
	/* godo cannot decode "deleting". */
	assert_int_equal(api_ask(c, "GET", NULL, CLUSTERS "/%s", id), 200);
	assert_string_equal(api_str(c, "kubernetes_cluster.status.state"), "deleted");
	api_ask(c, "GET", NULL, CLUSTERS);
	assert_int_equal(api_len(c, "kubernetes_clusters"), 0);
	assert_int_equal(api_ask(c, "DELETE", NULL, CLUSTERS "/%s", id), 404);
	c->now_ms += API_MINUTE_MS;
	assert_int_equal(api_ask(c, "GET", NULL, CLUSTERS "/%s", id), 404);
	api_ask(c, "GET", NULL, "/v2/vpcs/%s/members", vpc);
	assert_non_null(strstr(c->out.body.data, id));
	settle(c);
	api_ask(c, "GET", NULL, "/v2/vpcs/%s/members", vpc);
	assert_null(strstr(c->out.body.data, id));
	assert_int_equal(api_len(c, "members"), 0);
}

static void what_a_cluster_made_outlives_it(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *balancer, *volume;

	assert_int_equal(
		api_ask(c, "POST", "{}", "/_sandbox/kubernetes/%s/load_balancers", id), 201);
	balancer = api_str(c, "load_balancer.id");
	assert_int_equal(api_ask(c, "POST", "{}", "/_sandbox/kubernetes/%s/volumes", id), 201);
	volume = api_str(c, "volume.id");
	api_ask(c, "GET", NULL, CLUSTERS "/%s/destroy_with_associated_resources", id);
	assert_string_equal(api_str(c, "load_balancers.0.id"), balancer);
	assert_string_equal(api_str(c, "volumes.0.id"), volume);
	assert_int_equal(api_len(c, "volume_snapshots"), 0);
	assert_int_equal(api_ask(c, "DELETE", api_json(c, "{'load_balancers':['%s']}", balancer),
				 CLUSTERS "/%s/destroy_with_associated_resources/selective", id),
		204);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/load_balancers/%s", balancer), 404);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/volumes/%s", volume), 200);
	id = make_with(c, "again", "");
	api_ask(c, "POST", "{}", "/_sandbox/kubernetes/%s/volumes", id);
	volume = api_str(c, "volume.id");
	assert_int_equal(api_ask(c, "DELETE", NULL,
				 CLUSTERS "/%s/destroy_with_associated_resources/dangerous", id),
		204);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/volumes/%s", volume), 404);
}

static void the_droplet_limit_holds(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *pool = api_str(c, "kubernetes_cluster.node_pools.0.id");

	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'count':500}"),
				 CLUSTERS "/%s/node_pools/%s", id, pool),
		422);
	assert_non_null(strstr(api_str(c, "message"), "droplet limit"));
	api_ask(c, "GET", NULL, CLUSTERS "/%s/node_pools/%s", id, pool);
	assert_int_equal(api_int(c, "node_pool.count"), 2);
}

static void catalogues_are_real(void **state)
{
	struct api_client *c = *state;

	assert_int_equal(api_ask(c, "GET", NULL, "/v2/sizes?per_page=200"), 200);
	assert_true(api_len(c, "sizes") >= 25);
	assert_int_equal(api_int(c, "meta.total"), (int)api_len(c, "sizes"));
	assert_true(api_has(c, "sizes.0.price_monthly"));
	api_ask(c, "GET", NULL, "/v2/kubernetes/options");
	assert_string_equal(api_str(c, "options.versions.0.slug"), "1.36.1-do.0");
	api_ask(c, "GET", NULL, "/v2/databases/options");
	assert_true(api_list_has(c, "options.pg.versions", "18"));
	assert_int_equal(api_len(c, "options.redis.versions"), 0);
	api_ask(c, "GET", NULL, "/v2/regions");
	assert_true(api_list_has(c, "regions.0.sizes", "s-2vcpu-4gb"));
}

static void states_can_be_forced(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);

	api_ask(c, "POST", api_json(c, "{'state':'degraded'}"), "/_sandbox/kubernetes/%s/state",
		id);
	api_ask(c, "GET", NULL, CLUSTERS "/%s", id);
	assert_string_equal(api_str(c, "kubernetes_cluster.status.state"), "degraded");
	api_ask(c, "POST", api_json(c, "{'state':''}"), "/_sandbox/kubernetes/%s/state", id);
	api_ask(c, "GET", NULL, CLUSTERS "/%s", id);
	assert_string_equal(api_str(c, "kubernetes_cluster.status.state"), "provisioning");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_cluster_reads_back_in_full),
		TEST(wrong_clusters_are_refused),
		TEST(high_availability_is_for_ever),
		TEST(absent_members_change_nothing),
		TEST(pools_scale_over_time),
		TEST(autoscaled_pools_keep_bounds),
		TEST(labels_and_taints_are_replaced),
		TEST(the_last_pool_stays),
		TEST(nodes_are_replaced),
		TEST(upgrades_go_one_step_at_a_time),
		TEST(tokens_change_with_every_call),
		TEST(deletion_takes_its_time),
		TEST(what_a_cluster_made_outlives_it),
		TEST(the_droplet_limit_holds),
		TEST(catalogues_are_real),
		TEST(states_can_be_forced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
