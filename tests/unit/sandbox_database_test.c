/* Databases in the sandbox: what a client of the real API can trip over. */
#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DBS "/v2/databases"

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

static void settle(struct api_client *c)
{
	c->now_ms += 30L * API_MINUTE_MS;
}

static const char *make_as(struct api_client *c, const char *engine, const char *more)
{
	const char *body = api_json(c,
		"{'name':'main-db','engine':'%s','size':'db-s-1vcpu-2gb','region':'ams3',"
		"'num_nodes':1%s}",
		engine, more);

	if (api_ask(c, "POST", body, DBS) != 201)
		fail_msg("%s", c->out.body.data);
	return api_str(c, "database.id");
}

/* An online PostgreSQL cluster. */
static const char *make(struct api_client *c)
{
	const char *id = make_as(c, "pg", "");

	settle(c);
	return id;
}

static void a_cluster_comes_up(void **state)
{
	struct api_client *c = *state;
	/* As godo sends it. */
	const char *id = make_as(c, "pg",
		",'private_network_uuid':'','project_id':'','rules':null,'tags':['a'],"
		"'storage_autoscale':{'enabled':true,'threshold_percent':80,'increment_gib':10}");

	assert_string_equal(api_str(c, "database.status"), "creating");
	assert_string_equal(api_str(c, "database.version"), "17");
	assert_string_not_equal(api_str(c, "database.private_network_uuid"), "");
	assert_string_not_equal(api_str(c, "database.project_id"), "");
	assert_int_equal(api_int(c, "database.connection.port"), 25060);
	assert_string_equal(api_str(c, "database.connection.user"), "doadmin");
	assert_true(api_list_has(c, "database.db_names", "defaultdb"));
	assert_true(api_list_has(c, "database.tags", "a"));
	assert_int_equal(api_int(c, "database.storage_autoscale.threshold_percent"), 80);
	assert_int_equal(api_int(c, "database.autoscale.storage.threshold_percent"), 80);
	assert_string_equal(api_str(c, "database.users.0.password"),
		api_str(c, "database.connection.password"));
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'name':'app'}"), DBS "/%s/dbs", id), 412);
	assert_string_equal(api_str(c, "id"), "precondition_failed");
	settle(c);
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.status"), "online");
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'name':'app'}"), DBS "/%s/dbs", id), 201);
	api_ask(c, "GET", NULL, DBS "?tag_name=a");
	assert_int_equal(api_len(c, "databases"), 1);
	assert_false(api_has(c, "meta"));
	api_ask(c, "GET", NULL, DBS "?tag_name=b");
	assert_int_equal(api_len(c, "databases"), 0);
}

static void wrong_clusters_are_refused(void **state)
{
	static const char *const bodies[] = {
		"{'name':'a_b','engine':'pg','size':'db-s-1vcpu-2gb','region':'ams3','num_nodes':"
		"1}",
		"{'name':'abc','engine':'redis','size':'db-s-1vcpu-2gb','region':'ams3','num_nodes'"
		":1}",
		"{'name':'abc','engine':'oracle','size':'db-s-1vcpu-2gb','region':'ams3','num_"
		"nodes':1}",
		"{'name':'abc','engine':'pg','version':'9','size':'db-s-1vcpu-2gb','region':'ams3',"
		"'num_nodes':1}",
		"{'name':'abc','engine':'pg','size':'db-s-1vcpu-1gb','region':'ams3','num_nodes':"
		"2}",
		"{'name':'abc','engine':'pg','size':'db-s-1vcpu-2gb','region':'ams3','num_nodes':"
		"4}",
		"{'name':'abc','engine':'pg','size':'db-s-1vcpu-2gb','region':'mars1','num_nodes':"
		"1}",
		"{'name':'abc','engine':'pg','size':'db-s-1vcpu-2gb','region':'ams3','num_nodes':1,"
		"'storage_size_mib':1024}",
		"{'name':'abc','engine':'pg','size':'db-s-1vcpu-2gb','region':'ams3','num_nodes':1,"
		"'rules':[{'type':'ip_addr','value':'2001:db8::1'}]}",
	};
	struct api_client *c = *state;

	for (size_t i = 0; i < MOK_COUNT(bodies); i++)
		if (api_ask(c, "POST", api_json(c, "%s", bodies[i]), DBS) != 422)
			fail_msg("%s: %d %s", bodies[i], c->out.status, c->out.body.data);
	api_ask(c, "GET", NULL, DBS);
	assert_int_equal(api_len(c, "databases"), 0);
}

static void one_bad_tag_drops_them_all(void **state)
{
	struct api_client *c = *state;

	make_as(c, "pg", ",'tags':['good','not good']");
	assert_int_equal(api_len(c, "database.tags"), 0);
}

static void a_name_outlives_its_cluster(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *body = api_json(c,
		"{'name':'main-db','engine':'pg','size':'db-s-1vcpu-2gb','region':'ams3',"
		"'num_nodes':1}");
	const char *vpc;

	api_ask(c, "GET", NULL, DBS "/%s", id);
	vpc = api_str(c, "database.private_network_uuid");
	assert_int_equal(api_ask(c, "POST", body, DBS), 422);
	assert_int_equal(api_ask(c, "DELETE", NULL, DBS "/%s", id), 204);
	assert_int_equal(api_ask(c, "GET", NULL, DBS "/%s", id), 404);
	assert_int_equal(api_ask(c, "POST", body, DBS), 422);
	assert_string_equal(api_str(c, "message"), "cluster name is not available");
	c->now_ms += 5L * API_MINUTE_MS;
	assert_int_equal(api_ask(c, "POST", body, DBS), 201);
	api_ask(c, "GET", NULL, "/v2/vpcs/%s/members", vpc);
	assert_non_null(strstr(c->out.body.data, id));
	settle(c);
	api_ask(c, "GET", NULL, "/v2/vpcs/%s/members", vpc);
	assert_null(strstr(c->out.body.data, id));
}

static void a_resize_shows_late(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *body = api_json(c, "{'size':'db-s-2vcpu-4gb','num_nodes':2}");

	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'size':'db-s-2vcpu-4gb'}"), DBS "/%s/resize", id),
		422);
	assert_int_equal(api_ask(c, "PUT", body, DBS "/%s/resize", id), 202);
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.status"), "online");
	assert_string_equal(api_str(c, "database.size"), "db-s-1vcpu-2gb");
	/* It reads online, but it is not. */
	assert_int_equal(api_ask(c, "PUT", body, DBS "/%s/resize", id), 412);
	c->now_ms += API_MINUTE_MS;
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.status"), "resizing");
	assert_int_equal(api_int(c, "database.num_nodes"), 1);
	settle(c);
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.size"), "db-s-2vcpu-4gb");
	assert_int_equal(api_int(c, "database.num_nodes"), 2);
	assert_int_equal(api_int(c, "database.storage_size_mib"), 61440);
	assert_true(api_has(c, "database.standby_connection.uri"));
	/* The same once more is accepted, and changes nothing. */
	assert_int_equal(api_ask(c, "PUT", body, DBS "/%s/resize", id), 202);
	c->now_ms += API_MINUTE_MS;
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.status"), "online");
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'size':'db-s-1vcpu-2gb','num_nodes':1}"),
				 DBS "/%s/resize", id),
		422);
}

static void versions_only_go_up(void **state)
{
	struct api_client *c = *state;
	const char *id = make_as(c, "pg", ",'version':'16'");

	settle(c);
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'version':'15'}"), DBS "/%s/upgrade", id), 422);
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'version':'18'}"), DBS "/%s/upgrade", id), 204);
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.status"), "online");
	assert_string_equal(api_str(c, "database.version"), "16");
	settle(c);
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.version"), "18");
	assert_string_equal(api_str(c, "database.semantic_version"), "18.1");
}

static void windows_read_back_in_full(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);

	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'day':'sunday','hour':'02:30'}"),
				 DBS "/%s/maintenance", id),
		204);
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.maintenance_window.hour"), "02:30:00");
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'day':'sunday','hour':'25:00'}"),
				 DBS "/%s/maintenance", id),
		422);
	assert_int_equal(api_ask(c, "PUT", "{}", DBS "/%s/install_update", id), 204);
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'name':'app'}"), DBS "/%s/dbs", id), 412);
}

static void users_have_passwords_of_the_server(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);
	const char *first;

	assert_int_equal(api_ask(c, "POST",
				 api_json(c,
					 "{'name':'app','password':'mine','settings':"
					 "{'pg_allow_replication':true}}"),
				 DBS "/%s/users", id),
		201);
	first = api_str(c, "user.password");
	assert_string_not_equal(first, "mine");
	assert_string_equal(api_str(c, "user.role"), "normal");
	assert_true(api_bool(c, "user.settings.pg_allow_replication"));
	assert_int_equal(
		api_ask(c, "POST", api_json(c, "{'name':'app'}"), DBS "/%s/users", id), 422);
	api_ask(c, "GET", NULL, DBS "/%s/users/app", id);
	assert_string_equal(api_str(c, "user.password"), first);
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'settings':{}}"), DBS "/%s/users/app", id), 201);
	assert_false(api_bool(c, "user.settings.pg_allow_replication"));
	assert_int_equal(api_ask(c, "POST", "{}", DBS "/%s/users/app/reset_auth", id), 200);
	assert_string_not_equal(api_str(c, "user.password"), first);
	assert_int_equal(api_ask(c, "POST", "{}", DBS "/%s/users/doadmin/reset_auth", id), 200);
	first = api_str(c, "user.password");
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.connection.password"), first);
	assert_int_equal(api_ask(c, "DELETE", NULL, DBS "/%s/users/doadmin", id), 422);
	assert_int_equal(api_ask(c, "DELETE", NULL, DBS "/%s/users/app", id), 204);
	assert_int_equal(api_ask(c, "GET", NULL, DBS "/%s/users/app", id), 404);
}

static void pools_share_the_memory(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);

	/* 2 GiB: 50 connections less 3. */
	assert_int_equal(
		api_ask(c, "POST",
			api_json(c,
				"{'name':'web','mode':'transaction','size':40,'db':'defaultdb',"
				"'user':'doadmin'}"),
			DBS "/%s/pools", id),
		201);
	assert_int_equal(api_int(c, "pool.connection.port"), 25061);
	assert_string_equal(api_str(c, "pool.connection.database"), "web");
	assert_int_equal(
		api_ask(c, "POST",
			api_json(c, "{'name':'more','mode':'session','size':8,'db':'defaultdb'}"),
			DBS "/%s/pools", id),
		422);
	assert_int_equal(
		api_ask(c, "POST",
			api_json(c, "{'name':'web','mode':'session','size':1,'db':'defaultdb'}"),
			DBS "/%s/pools", id),
		422);
	assert_string_equal(api_str(c, "message"), "pool name is not available");
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'mode':'session','size':47,'db':'defaultdb'}"),
			DBS "/%s/pools/web", id),
		204);
	api_ask(c, "GET", NULL, DBS "/%s/pools/web", id);
	assert_int_equal(api_int(c, "pool.size"), 47);
	assert_false(api_has(c, "pool.user"));
	assert_int_equal(api_ask(c, "DELETE", NULL, DBS "/%s/pools/web", id), 204);
}

static void rules_are_one_list(void **state)
{
	struct api_client *c = *state;
	const char *id = make_as(c, "pg", ",'rules':[{'type':'ip_addr','value':'192.0.2.1'}]");
	const char *uuid;

	settle(c);
	api_ask(c, "GET", NULL, DBS "/%s/firewall", id);
	assert_string_equal(api_str(c, "rules.0.cluster_uuid"), id);
	uuid = api_str(c, "rules.0.uuid");
	assert_int_equal(api_ask(c, "PUT",
				 api_json(c,
					 "{'rules':[{'type':'tag','value':'web'},"
					 "{'type':'ip_addr','value':'192.0.2.1'}]}"),
				 DBS "/%s/firewall", id),
		204);
	api_ask(c, "GET", NULL, DBS "/%s/firewall", id);
	assert_int_equal(api_len(c, "rules"), 2);
	assert_string_equal(api_str(c, "rules.1.uuid"), uuid);
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'rules':[{'type':'k8s','value':'nothing'}]}"),
			DBS "/%s/firewall", id),
		422);
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'rules':[]}"), DBS "/%s/firewall", id), 204);
	api_ask(c, "GET", NULL, DBS "/%s/firewall", id);
	assert_int_equal(api_len(c, "rules"), 0);
}

static void settings_have_types(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);

	assert_int_equal(
		api_ask(c, "PATCH",
			api_json(c,
				"{'config':{'work_mem':16,'pg_stat_statements.track':'all',"
				"'pgbouncer':{'server_idle_timeout':300}}}"),
			DBS "/%s/config", id),
		200);
	api_ask(c, "GET", NULL, DBS "/%s/config", id);
	assert_int_equal(api_int(c, "config.work_mem"), 16);
	assert_int_equal(api_int(c, "config.pgbouncer.server_idle_timeout"), 300);
	assert_int_equal(api_ask(c, "PATCH", api_json(c, "{'config':{'work_mem':4096}}"),
				 DBS "/%s/config", id),
		422);
	assert_int_equal(api_ask(c, "PATCH", api_json(c, "{'config':{'work_mem':'16'}}"),
				 DBS "/%s/config", id),
		422);
	api_ask(c, "PATCH", api_json(c, "{'config':{'autovacuum_naptime':30}}"), DBS "/%s/config",
		id);
	api_ask(c, "GET", NULL, DBS "/%s/config", id);
	assert_int_equal(api_int(c, "config.work_mem"), 16);
}

static void valkey_is_spelled_two_ways(void **state)
{
	struct api_client *c = *state;
	const char *id = make_as(c, "valkey", "");

	settle(c);
	assert_int_equal(api_int(c, "database.connection.port"), 25061);
	assert_int_equal(api_ask(c, "GET", NULL, DBS "/%s/dbs", id), 422);
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'eviction_policy':'allkeys_lru'}"),
				 DBS "/%s/eviction_policy", id),
		204);
	api_ask(c, "GET", NULL, DBS "/%s/eviction_policy", id);
	assert_string_equal(api_str(c, "eviction_policy"), "allkeys_lru");
	api_ask(c, "GET", NULL, DBS "/%s/config", id);
	assert_string_equal(api_str(c, "config.valkey_maxmemory_policy"), "allkeys_lru");
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'eviction_policy':'allkeys-lru'}"),
				 DBS "/%s/eviction_policy", id),
		422);
	api_ask(c, "POST", "{}", "/_sandbox/databases/%s/flip_engine", id);
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.engine"), "redis");
}

static void replicas_wait_for_a_backup(void **state)
{
	struct api_client *c = *state;
	const char *id = make_as(c, "pg", "");
	const char *body = api_json(c, "{'name':'read-1','size':'db-s-1vcpu-2gb'}");
	const char *uuid;
	int status = 412;

	for (int i = 0; i < 20 && status == 412; i++) {
		status = api_ask(c, "POST", body, DBS "/%s/replicas", id);
		c->now_ms += API_MINUTE_MS;
	}
	assert_int_equal(status, 201);
	assert_string_equal(api_str(c, "replica.status"), "creating");
	uuid = api_str(c, "replica.id");
	settle(c);
	api_ask(c, "GET", NULL, DBS "/%s/replicas/read-1", id);
	assert_string_equal(api_str(c, "replica.status"), "online");
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'size':'db-s-2vcpu-4gb','num_nodes':1}"),
				 DBS "/%s/resize", uuid),
		202);
	settle(c);
	assert_int_equal(api_ask(c, "PUT", "{}", DBS "/%s/replicas/read-1/promote", id), 204);
	assert_int_equal(api_ask(c, "GET", NULL, DBS "/%s", uuid), 200);
	assert_string_equal(api_str(c, "database.size"), "db-s-2vcpu-4gb");
	assert_int_equal(api_ask(c, "GET", NULL, DBS "/%s/replicas/read-1", id), 404);
	api_ask(c, "GET", NULL, DBS "/%s/backups", id);
	assert_int_equal(api_len(c, "backups"), 1);
}

static void kafka_has_topics(void **state)
{
	struct api_client *c = *state;
	const char *id;

	assert_int_equal(api_ask(c, "POST",
				 api_json(c,
					 "{'name':'bus','engine':'kafka','size':'db-s-2vcpu-4gb',"
					 "'region':'ams3','num_nodes':3}"),
				 DBS),
		201);
	id = api_str(c, "database.id");
	settle(c);
	assert_int_equal(api_ask(c, "POST",
				 api_json(c,
					 "{'name':'events','partition_count':4,"
					 "'replication_factor':2,'config':{'retention_ms':-1}}"),
				 DBS "/%s/topics", id),
		201);
	assert_int_equal(api_len(c, "topic.partitions"), 4);
	assert_int_equal(api_int(c, "topic.config.retention_ms"), -1);
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'partition_count':3}"),
				 DBS "/%s/topics/events", id),
		422);
	assert_int_equal(api_ask(c, "DELETE", NULL, DBS "/%s/topics/events", id), 204);
}

static void secrets_can_be_blank(void **state)
{
	static const struct mok_sandbox_options options = {
		.speed = 0,
		.seed = 7,
		.faults = "[{\"match\":{\"method\":\"GET\"},\"do\":\"blank_secrets\"}]",
	};
	struct api_client *c = *state;
	const char *id;

	api_client_close(c);
	api_client_open(c, &options);
	id = make_as(c, "pg", "");
	assert_string_not_equal(api_str(c, "database.connection.password"), "");
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.status"), "online");
	assert_string_equal(api_str(c, "database.connection.password"), "");
	assert_string_equal(api_str(c, "database.connection.uri"), "");
	assert_string_equal(api_str(c, "database.users.0.password"), "");
	api_ask(c, "GET", NULL, DBS "/%s/users/doadmin", id);
	assert_string_equal(api_str(c, "user.password"), "");
}

static void states_can_be_forced(void **state)
{
	struct api_client *c = *state;
	const char *id = make(c);

	api_ask(c, "POST", api_json(c, "{'status':'unheard-of'}"), "/_sandbox/databases/%s/status",
		id);
	api_ask(c, "GET", NULL, DBS "/%s", id);
	assert_string_equal(api_str(c, "database.status"), "unheard-of");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_cluster_comes_up),
		TEST(wrong_clusters_are_refused),
		TEST(one_bad_tag_drops_them_all),
		TEST(a_name_outlives_its_cluster),
		TEST(a_resize_shows_late),
		TEST(versions_only_go_up),
		TEST(windows_read_back_in_full),
		TEST(users_have_passwords_of_the_server),
		TEST(pools_share_the_memory),
		TEST(rules_are_one_list),
		TEST(settings_have_types),
		TEST(valkey_is_spelled_two_ways),
		TEST(replicas_wait_for_a_backup),
		TEST(kafka_has_topics),
		TEST(secrets_can_be_blank),
		TEST(states_can_be_forced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
