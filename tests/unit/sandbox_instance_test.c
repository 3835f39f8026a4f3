/* The Mastodon of the sandbox: what it is derived from, and each way to break it. */
#include "site_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GATEWAYS "/apis/gateway.networking.k8s.io/v1/namespaces/mastodon"

static int setup(void **state)
{
	static struct site_client client;

	site_open(&client);
	*state = &client;
	return 0;
}

static int teardown(void **state)
{
	site_close(*state);
	return 0;
}

static void answers(struct site_client *m, int status, const char *path, const char *reason)
{
	int got = site_ask(m, "GET", NULL, path);

	if (got != status || !strstr(site_header(m, "x-sandbox-reason"), reason))
		fail_msg("%s: %d, wanted %d: %s (%s)", path, got, status,
			site_header(m, "x-sandbox-reason"), site_body(m));
}

/* Everything that needs the database or Valkey, while /health goes on. */
static void broken(struct site_client *m, const char *reason)
{
	answers(m, 200, "/health", "");
	answers(m, 500, "/api/v2/instance", reason);
	answers(m, 500, "/", reason);
}

static void well(struct site_client *m)
{
	answers(m, 200, "/health", "");
	answers(m, 200, "/api/v2/instance", "");
	answers(m, 200, "/", "");
}

static const char *now(struct site_client *m, const char *member)
{
	assert_int_equal(api_ask(&m->api, "GET", NULL, "/_sandbox/instances"), 200);
	return api_str(&m->api, member);
}

static int64_t number_now(struct site_client *m, const char *member)
{
	assert_int_equal(api_ask(&m->api, "GET", NULL, "/_sandbox/instances"), 200);
	return api_int(&m->api, member);
}

/* ---- health ---- */

static void it_is_what_the_objects_say(void **state)
{
	struct site_client *m = *state;

	well(m);
	answers(m, 200, "/api/v2/instance", "");
	assert_string_equal(api_str(&m->api, "domain"), "social.example");
	assert_string_equal(api_str(&m->api, "version"), "4.6.2");
	assert_string_equal(api_str(&m->api, "contact.email"), SITE_EMAIL);
	assert_string_equal(api_str(&m->api, "contact.account.acct"), "admin");
	assert_string_equal(
		api_str(&m->api, "configuration.urls.streaming"), "wss://social.example");
	answers(m, 200, "/api/v1/streaming/health", "");
	assert_string_equal(site_body(m), "OK");
	assert_int_equal(number_now(m, "instances.0.capacity"), 20);
	assert_int_equal(number_now(m, "instances.0.web_pods"), 2);
	assert_string_equal(now(m, "instances.0.schema.version"), "4.6.2");
	site_set(m, "WEB_CONCURRENCY", "3");
	site_set(m, "MAX_THREADS", "4");
	assert_int_equal(number_now(m, "instances.0.capacity"), 24);
}

static void other_servers_find_the_owner(void **state)
{
	struct site_client *m = *state;

	answers(m, 200, "/.well-known/webfinger?resource=acct:admin@social.example", "");
	assert_string_equal(api_str(&m->api, "subject"), "acct:admin@social.example");
	answers(m, 404, "/.well-known/webfinger?resource=acct:nobody@social.example", "");
	answers(m, 404, "/.well-known/webfinger?resource=acct:admin@other.example", "");
	answers(m, 400, "/.well-known/webfinger", "");
	answers(m, 200, "/.well-known/nodeinfo", "");
	answers(m, 200, "/nodeinfo/2.0", "");
	assert_string_equal(api_str(&m->api, "software.version"), "4.6.2");
	assert_int_equal(api_int(&m->api, "usage.users.total"), 1);
}

/* ---- the gateway ---- */

static void without_a_route_nothing_is_found(void **state)
{
	struct site_client *m = *state;

	site_kube(m, "DELETE", GATEWAYS "/httproutes/main", NULL);
	answers(m, 404, "/health", "no route");
	assert_string_equal(site_body(m), "404 page not found\n");
}

static void without_a_gateway_nothing_listens(void **state)
{
	struct site_client *m = *state;

	site_kube(m, "PATCH", GATEWAYS "/gateways/gw/status",
		"{'status':{'conditions':[{'type':'Programmed','status':'False','reason':'Pending',"
		"'message':'','lastTransitionTime':'2027-01-01T00:00:00Z'}]}}");
	answers(m, 404, "/", "not programmed");
	site_kube(m, "DELETE", GATEWAYS "/gateways/gw", NULL);
	answers(m, 404, "/", "there is no Gateway gw");
}

static void without_a_certificate_it_is_refused(void **state)
{
	struct site_client *m = *state;

	site_kube(m, "DELETE", SITE_NS "/secrets/tls", NULL);
	answers(m, 526, "/", "certificate");
}

static void without_ready_pods_there_is_no_server(void **state)
{
	struct site_client *m = *state;

	site_kube(m, "DELETE", SITE_NS "/pods/web-1?gracePeriodSeconds=0", NULL);
	well(m);
	site_kube(m, "DELETE", SITE_NS "/pods/web-2?gracePeriodSeconds=0", NULL);
	answers(m, 503, "/health", "no ready endpoints");
	assert_string_equal(site_body(m), "no available server");
	answers(m, 200, "/api/v1/streaming/health", "");
	site_kube(m, "DELETE", SITE_NS "/pods/streaming-1?gracePeriodSeconds=0", NULL);
	answers(m, 503, "/api/v1/streaming/health", "no ready endpoints");
}

static void hosts_are_told_apart(void **state)
{
	struct site_client *m = *state;

	m->host = "social.example";
	well(m);
	m->host = "localhost:8083";
	well(m);
	m->host = "other.example";
	answers(m, 404, "/", "no route");
	site_kube(m, "PATCH", GATEWAYS "/httproutes/main",
		"{'spec':{'hostnames':['social.example','other.example']}}");
	answers(m, 403, "/", "the host is none of");
	assert_non_null(strstr(site_body(m), "Blocked host: other.example"));
	answers(m, 200, "/health", "");
	site_set(m, "ALTERNATE_DOMAINS", "third.example, other.example");
	well(m);
	site_set(m, "ALTERNATE_DOMAINS", NULL);
	site_set(m, "WEB_DOMAIN", "other.example");
	well(m);
}

static void several_are_told_apart(void **state)
{
	struct site_client *m = *state;

	site_kube(m, "POST", "/api/v1/namespaces", "{'metadata':{'name':'other'}}");
	site_kube(m, "POST", "/apis/apps/v1/namespaces/other/deployments",
		"{'metadata':{'name':'web'},'spec':{'replicas':0,'selector':{'matchLabels':"
		"{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{"
		"'name':'web','image':'ghcr.io/mastodon/mastodon:v4.7.6','args':['puma'],'env':[{"
		"'name':'LOCAL_DOMAIN','value':'two.example'}]}]}}}}");
	answers(m, 404, "/", "");
	assert_non_null(strstr(site_body(m), "<li>social.example<li>two.example"));
	m->host = "social.example:8083";
	well(m);
	m->host = "two.example";
	answers(m, 404, "/", "no route of the gateway is for two.example");
	m->host = "three.example";
	answers(m, 404, "/", "");
	assert_non_null(strstr(site_body(m), "<li>social.example<li>two.example"));
}

static void nobody_is_there(void **state)
{
	struct site_client *m = *state;

	site_kube(m, "DELETE", "/apis/apps/v1/namespaces/mastodon/deployments/web", NULL);
	answers(m, 404, "/", "");
	assert_non_null(strstr(site_body(m), "No cluster"));
}

/* ---- the environment ---- */

static void a_wrong_setting_breaks(struct site_client *m, const char *name, const char *value,
	const char *good, const char *reason)
{
	site_set(m, name, value);
	broken(m, reason);
	site_set(m, name, good);
	well(m);
}

static void the_database_must_be_reached(void **state)
{
	struct site_client *m = *state;

	a_wrong_setting_breaks(m, "DB_NAME", "no-pool", "web", "no such database: no-pool");
	a_wrong_setting_breaks(m, "DB_PORT", "25060", "25061", "database \"web\" does not exist");
	a_wrong_setting_breaks(m, "DB_PORT", "5432", "25061", "port 5432 refused");
	a_wrong_setting_breaks(
		m, "DB_USER", "nobody", "mastodon", "password authentication failed");
	a_wrong_setting_breaks(m, "DB_USER", "doadmin", "mastodon", "password authentication");
	a_wrong_setting_breaks(m, "PREPARED_STATEMENTS", "true", "false", "prepared statement");
	a_wrong_setting_breaks(m, "DB_SSLMODE", "no-verify", "require", "invalid sslmode");
	a_wrong_setting_breaks(m, "DB_SSLMODE", "disable", "require", "no encryption");
	site_set(m, "DB_PASS", "wrong");
	broken(m, "password authentication failed");
	assert_null(strstr(site_header(m, "x-sandbox-reason"), "wrong"));
	site_set(m, "DB_HOST", "elsewhere.example");
	broken(m, "could not translate host name");
}

static void the_authority_must_be_there(void **state)
{
	struct site_client *m = *state;

	site_set(m, "DB_SSLMODE", "verify-full");
	well(m);
	site_set(m, "PGSSLROOTCERT", "/opt/ca/other.crt");
	broken(m, "does not exist");
	site_set(m, "PGSSLROOTCERT", NULL);
	broken(m, "does not exist");
	site_set(m, "PGSSLROOTCERT", "/opt/ca/ca.crt");
	site_kube(m, "PATCH", SITE_NS "/configmaps/ca",
		"{'binaryData':null,'data':{'ca.crt':'another authority'}}");
	broken(m, "certificate verify failed");
	site_set(m, "DB_SSLMODE", "require");
	broken(m, "certificate verify failed");
}

static void valkey_must_be_reached(void **state)
{
	struct site_client *m = *state;

	site_set(m, "REDIS_URL", NULL);
	broken(m, "REDIS_URL is not set");
	site_set(m, "REDIS_URL", "rediss://default:x@elsewhere.example:25061");
	broken(m, "could not translate host name");
	site_set(m, "REDIS_URL", "nonsense");
	broken(m, "bad URI");
}

static void the_firewall_must_let_it_in(void **state)
{
	struct site_client *m = *state;
	struct api_client *c = &m->api;

	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'rules':[{'type':'ip_addr','value':'192.0.2.1'}]}"),
			"/v2/databases/%s/firewall", m->database),
		204);
	c->now_ms += 1000;
	broken(m, "firewall does not let the cluster in");
	assert_int_equal(api_ask(c, "PUT",
				 api_json(c, "{'rules':[{'type':'k8s','value':'%s'}]}", c->cluster),
				 "/v2/databases/%s/firewall", m->database),
		204);
	c->now_ms += 1000;
	well(m);
}

static void a_pool_that_is_gone_or_small(void **state)
{
	struct site_client *m = *state;
	struct api_client *c = &m->api;
	int failed = 0;

	api_ask(c, "PUT",
		api_json(c,
			"{'mode':'transaction','size':4,'db':'mastodon',"
			"'user':'mastodon'}"),
		"/v2/databases/%s/pools/web", m->database);
	c->now_ms += 1000;
	/* 20 threads and the streaming server's 10 share 16: near to every second waits for
	 * nothing. */
	for (int i = 0; i < 60; i++)
		failed += site_ask(m, "GET", NULL, "/") == 500;
	assert_int_equal(failed, 27);
	api_ask(c, "DELETE", NULL, "/v2/databases/%s/pools/web", m->database);
	c->now_ms += 1000;
	broken(m, "no such database: web");
}

static void secrets_must_be_there_to_start(void **state)
{
	static const char *const names[] = { "SECRET_KEY_BASE",
		"ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY",
		"ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY",
		"ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT" };
	struct site_client *m = *state;

	for (size_t i = 0; i < MOK_COUNT(names); i++) {
		site_set(m, names[i], NULL);
		answers(m, 503, "/health", "no ready endpoints");
		assert_non_null(strstr(now(m, "instances.0.pods.1.troubles.0"), names[i]));
		site_set(m, names[i], "again");
	}
	well(m);
	site_set(m, names[1], "x_DO_NOT_USE_IN_PRODUCTION");
	answers(m, 503, "/", "no ready endpoints");
	site_set(m, names[1], "again");
	site_kube(m, "DELETE", SITE_NS "/secrets/env", NULL);
	answers(m, 404, "/", "no route");
	assert_non_null(strstr(now(m, "instances.0.pods.1.troubles.0"), "Secret env is missing"));
}

static void streams(struct site_client *m, const char *reason)
{
	answers(m, 200, "/api/v1/streaming/health", "");
	answers(m, 500, "/api/v1/streaming/user", reason);
}

static void the_streaming_server_has_its_own_ways(void **state)
{
	struct site_client *m = *state;

	answers(m, 404, "/api/v1/streaming/user", "");
	site_set(m, "DB_SSLMODE", NULL);
	streams(m, "no encryption");
	answers(m, 200, "/", "");
	site_set(m, "DB_SSLMODE", "require");
	site_set(m, "NODE_EXTRA_CA_CERTS", NULL);
	streams(m, "self-signed certificate");
	site_set(m, "DB_SSLMODE", "no-verify");
	answers(m, 404, "/api/v1/streaming/user", "");
}

/* What the sandbox answers without, and says all the same. */
static bool told(struct site_client *m, const char *trouble)
{
	assert_int_equal(api_ask(&m->api, "GET", NULL, "/_sandbox/instances"), 200);
	return strstr(m->api.out.body.data, trouble) != NULL;
}

static void what_is_around_it_is_told(void **state)
{
	struct site_client *m = *state;
	struct api_client *c = &m->api;

	assert_true(told(m, "no Sidekiq is ready for the queue default"));
	site_pod(m, "sidekiq-1", "sidekiq", "4.6.2");
	assert_false(told(m, "no Sidekiq is ready for the queue default"));
	assert_true(told(m, "no Sidekiq is ready for the queue scheduler"));
	assert_false(told(m, "A record"));
	api_ask(c, "POST", "{\"name\":\"social.example\"}", "/v2/domains");
	c->now_ms += 1000;
	assert_true(told(m, "social.example has no A record"));
	api_ask(c, "POST", api_json(c, "{'type':'A','name':'@','data':'192.0.2.7'}"),
		"/v2/domains/social.example/records");
	c->now_ms += 1000;
	assert_true(told(m, "is 192.0.2.7, which is no load balancer"));
	assert_false(told(m, "S3_BUCKET"));
	site_set(m, "S3_ENABLED", "true");
	assert_true(told(m, "S3_BUCKET is no bucket"));
	well(m);
}

static void sidekiq_has_metrics(void **state)
{
	struct site_client *m = *state;
	struct api_client *c = &m->api;

	site_pod(m, "sidekiq-1", "sidekiq", "4.6.2");
	assert_int_equal(
		api_kube(c, "GET", NULL, SITE_NS "/pods/sidekiq-1:9394/proxy/metrics"), 503);
	site_set(m, "MASTODON_PROMETHEUS_EXPORTER_ENABLED", "true");
	site_set(m, "MASTODON_PROMETHEUS_EXPORTER_PORT", "9394");
	assert_int_equal(
		api_kube(c, "GET", NULL, SITE_NS "/pods/sidekiq-1:9394/proxy/metrics"), 200);
	assert_non_null(
		strstr(c->out.body.data, "sidekiq_queue_latency_seconds{queue=\"default\"} 0\n"));
	assert_int_equal(api_kube(c, "GET", NULL, SITE_NS "/pods/nobody:9394/proxy/metrics"), 404);
	assert_string_equal(api_str(c, "message"), "pods \"nobody\" not found");
}

/* As web-1, with one container more that runs that. */
static void pod_with_exporter(struct site_client *m, const char *name, const char *args)
{
	struct api_client *c = &m->api;
	cJSON *pod, *spec, *more;
	char *text;

	assert_int_equal(api_kube(c, "GET", NULL, SITE_NS "/pods/web-1"), 200);
	pod = cJSON_Parse(api_json(c, "{'metadata':{'name':'%s','labels':{'tier':'web'}}}", name));
	spec = cJSON_Duplicate(mok_json_at(c->json, "spec"), true);
	cJSON_DeleteItemFromObject(spec, "nodeName");
	cJSON_AddFalseToObject(spec, "automountServiceAccountToken"); /* web-1 has it in there */
	more = cJSON_Parse(api_json(c,
		"{'name':'metrics','image':'ghcr.io/mastodon/mastodon:v4.6.2','args':["
		"'./bin/prometheus_exporter'%s]}",
		args));
	cJSON_AddItemToArray(cJSON_GetObjectItem(spec, "containers"), more);
	cJSON_AddItemToObject(pod, "spec", spec);
	text = cJSON_PrintUnformatted(pod);
	if (api_kube(c, "POST", text, SITE_NS "/pods") != 201)
		fail_msg("%s: %s", name, c->out.body.data);
	cJSON_free(text);
	cJSON_Delete(pod);
	c->now_ms += 2L * API_MINUTE_MS;
}

static int metrics_of(struct site_client *m, const char *pod)
{
	return api_kube(&m->api, "GET", NULL, SITE_NS "/pods/%s:9394/proxy/metrics", pod);
}

static void puma_has_metrics_where_an_exporter_listens(void **state)
{
	struct site_client *m = *state;
	struct api_client *c = &m->api;

	assert_int_equal(metrics_of(m, "web-1"), 503);
	assert_string_equal(api_str(c, "reason"), "ServiceUnavailable");
	assert_non_null(strstr(api_str(c, "message"), ":9394: connect: connection refused"));
	pod_with_exporter(m, "web-3", ",'--bind','0.0.0.0','--port','9394'");
	pod_with_exporter(m, "web-4", "");
	pod_with_exporter(m, "web-5", ",'--bind','0.0.0.0','--port','9395'");
	assert_int_equal(metrics_of(m, "web-4"), 503);
	assert_int_equal(metrics_of(m, "web-5"), 503);
	assert_int_equal(metrics_of(m, "web-3"), 200);
	assert_int_equal(c->out.body.len, 0);
	site_set(m, "MASTODON_PROMETHEUS_EXPORTER_ENABLED", "true");
	assert_int_equal(metrics_of(m, "web-1"), 503);
	assert_int_equal(metrics_of(m, "web-3"), 200);
	assert_non_null(strstr(c->out.body.data, "\nruby_puma_request_backlog{phase=\"0\"} 0\n"));
	assert_non_null(strstr(c->out.body.data, "\nruby_puma_max_threads{phase=\"0\"} 10\n"));
	assert_null(strstr(c->out.body.data, "sidekiq"));
	site_set(m, "PROMETHEUS_EXPORTER_PORT", "9395");
	assert_int_equal(metrics_of(m, "web-3"), 200);
	assert_int_equal(c->out.body.len, 0);
}

static void metrics_are_for_those_who_may(void **state)
{
	static const char roles[] = "/apis/rbac.authorization.k8s.io/v1/namespaces/mastodon";
	struct site_client *m = *state;
	struct api_client *c = &m->api;

	site_pod(m, "sidekiq-1", "sidekiq", "4.6.2");
	c->as = "bob";
	assert_int_equal(metrics_of(m, "sidekiq-1"), 403);
	assert_string_equal(api_str(c, "message"),
		"pods \"sidekiq-1:9394\" is forbidden: User \"bob\" cannot get resource "
		"\"pods/proxy\" in API group \"\" in the namespace \"mastodon\"");
	c->as = NULL;
	site_kube(m, "POST", mok_arena_printf(c->arena, "%s/roles", roles),
		"{'metadata':{'name':'look'},'rules':[{'apiGroups':[''],'resources':['pods/proxy'],"
		"'verbs':['get']}]}");
	site_kube(m, "POST", mok_arena_printf(c->arena, "%s/rolebindings", roles),
		"{'metadata':{'name':'look'},'roleRef':{'apiGroup':'rbac.authorization.k8s.io',"
		"'kind':'Role','name':'look'},'subjects':[{'kind':'User','name':'bob',"
		"'apiGroup':'rbac.authorization.k8s.io'}]}");
	c->as = "bob";
	assert_int_equal(metrics_of(m, "sidekiq-1"), 503);
	c->as = NULL;
}

static void routes_of_every_form(void **state)
{
	struct site_client *m = *state;

	site_kube(m, "POST", GATEWAYS "/httproutes",
		"{'apiVersion':'gateway.networking.k8s.io/v1','kind':'HTTPRoute','metadata':"
		"{'name':'well-known'},'spec':{'parentRefs':[{'name':'gw'}],'hostnames':["
		"'*.example'],'rules':[{'matches':[{'path':{'type':'PathPrefix','value':"
		"'/.well-known/webfinger'}}],'filters':[{'type':'RequestRedirect',"
		"'requestRedirect':{'hostname':'social.example','statusCode':301}},{'type':"
		"'ResponseHeaderModifier','responseHeaderModifier':{'set':[{'name':"
		"'Access-Control-Allow-Origin','value':'*'}]}}]}]}}");
	m->host = "other.example";
	answers(m, 301, "/.well-known/webfinger?resource=acct:a@b", "");
	assert_string_equal(site_header(m, "location"),
		"https://social.example/.well-known/webfinger?resource=acct:a@b");
	assert_string_equal(site_header(m, "access-control-allow-origin"), "*");
	answers(m, 404, "/.well-known/webfingers", "no route");
	/* A host that says more wins, whatever the path. */
	m->host = "social.example";
	answers(m, 200, "/.well-known/webfinger?resource=acct:admin@social.example", "");
	site_kube(m, "DELETE", GATEWAYS "/httproutes/main", NULL);
	answers(m, 404, "/", "no route");
	site_kube(m, "POST", "/apis/networking.k8s.io/v1/namespaces/mastodon/ingresses",
		"{'metadata':{'name':'main'},'spec':{'tls':[{'hosts':['social.example'],"
		"'secretName':'tls'}],'rules':[{'host':'social.example','http':{'paths':[{'path':"
		"'/','pathType':'Prefix','backend':{'service':{'name':'web','port':{'number':3000}"
		"}}},{'path':'/api/v1/streaming','pathType':'Prefix','backend':{'service':{'name':"
		"'streaming','port':{'number':4000}}}}]}}]}}");
	well(m);
	answers(m, 200, "/api/v1/streaming/health", "");
	assert_string_equal(site_header(m, "x-sandbox-pod"), "streaming-1");
}

/* ---- the schema ---- */

static void an_empty_database_is_no_instance(void **state)
{
	struct site_client *m = *state;
	struct api_client *c = &m->api;

	api_ask(c, "DELETE", NULL, "/v2/databases/%s/dbs/mastodon", m->database);
	c->now_ms += 1000;
	broken(m, "database \"mastodon\" does not exist");
	api_ask(c, "POST", "{\"name\":\"mastodon\"}", "/v2/databases/%s/dbs", m->database);
	c->now_ms += 1000;
	broken(m, "db:prepare has not run");
	/* Nobody has granted anything in the new one. */
	assert_string_equal(site_job(m, "too-early", "4.6.2",
				    "'bundle','exec','rails','db:prepare'", SITE_DIRECT),
		"Failed");
	api_kube(c, "GET", NULL, SITE_NS "/pods/too-early/log");
	assert_non_null(strstr(c->out.body.data, "permission denied for schema public"));
	broken(m, "db:prepare has not run");
	site_jobs(m, "again");
	well(m);
}

/* Jobs that cannot do their work fail, and say why. */
static void jobs_fail_as_they_should(void **state)
{
	static const struct {
		const char *name, *command, *env, *says;
	} jobs[] = {
		{ "pooled", "'rails','db:migrate'", "", "the connection is a pool's" },
		{ "lost", "'rails','db:migrate'",
			SITE_DIRECT ",{'name':'DB_HOST','value':'elsewhere'}",
			"could not translate host name" },
		{ "wrong", "'rails','db:migrate'", SITE_DIRECT ",{'name':'DB_PASS','value':'x'}",
			"password authentication failed" },
		{ "nobody", "'bin/rails','runner','OWNER_PASSWORD'", SITE_DIRECT,
			"OWNER_USERNAME" },
		{ "keyless", "'rails','db:migrate'",
			SITE_DIRECT ",{'name':'SECRET_KEY_BASE','value':''}",
			"SECRET_KEY_BASE is not set" },
		{ "grantless", "'ruby','-e','GRANT CREATE'",
			SITE_DIRECT ",{'name':'ADMIN_USER','value':'doadmin'},"
				    "{'name':'ADMIN_PASS','value':'x'}",
			"password authentication failed for user \"doadmin\"" },
	};
	struct site_client *m = *state;

	for (size_t i = 0; i < MOK_COUNT(jobs); i++) {
		assert_string_equal(
			site_job(m, jobs[i].name, "4.7.1", jobs[i].command, jobs[i].env), "Failed");
		api_kube(&m->api, "GET", NULL, SITE_NS "/pods/%s/log", jobs[i].name);
		if (!strstr(m->api.out.body.data, jobs[i].says))
			fail_msg("%s: %s", jobs[i].name, m->api.out.body.data);
	}
	assert_string_equal(now(m, "instances.0.schema.version"), "4.6.2");
}

static void a_pod_without_keys_does_not_start(void **state)
{
	struct site_client *m = *state;
	struct api_client *c = &m->api;

	site_set(m, "SECRET_KEY_BASE", NULL);
	site_pod(m, "web-3", "web", "4.6.2");
	site_kube(m, "GET", SITE_NS "/pods/web-3", NULL);
	assert_string_equal(
		api_str(c, "status.containerStatuses.0.state.waiting.reason"), "CrashLoopBackOff");
	api_kube(c, "GET", NULL, SITE_NS "/pods/web-3/log?previous=true");
	assert_non_null(strstr(c->out.body.data, "SECRET_KEY_BASE is not set"));
}

static void migrate(struct site_client *m, const char *name, const char *version, const char *env)
{
	assert_string_equal(site_job(m, name, version, "'bundle','exec','rails','db:migrate'", env),
		"Succeeded");
}

static void code_and_schema_go_together(void **state)
{
	struct site_client *m = *state;
	int old = 0, new = 0, bad = 0;

	site_pod(m, "web-3", "web", "4.7.1");
	for (int i = 0; i < 9; i++) {
		int status = site_ask(m, "GET", NULL, "/");

		old += status == 200;
		bad += status == 500;
	}
	assert_int_equal(old, 6);
	assert_int_equal(bad, 3);
	for (int i = 0; i < 9; i++) {
		assert_int_equal(site_ask(m, "GET", NULL, "/api/v2/instance"), 200);
		new += strcmp(api_str(&m->api, "version"), "4.7.1") == 0;
	}
	assert_int_equal(new, 3);
	migrate(m, "pre", "4.7.1",
		SITE_DIRECT ",{'name':'SKIP_POST_DEPLOYMENT_MIGRATIONS','value':'true'}");
	assert_string_equal(now(m, "instances.0.schema.version"), "4.7.1");
	assert_string_equal(now(m, "instances.0.schema.post_deployment"), "4.6.2");
	for (int i = 0; i < 9; i++)
		well(m);
	migrate(m, "post", "4.7.1", SITE_DIRECT);
	bad = 0;
	for (int i = 0; i < 9; i++)
		bad += site_ask(m, "GET", NULL, "/") == 500;
	assert_int_equal(bad, 6);
	site_kube(m, "DELETE", SITE_NS "/pods/web-1?gracePeriodSeconds=0", NULL);
	site_kube(m, "DELETE", SITE_NS "/pods/web-2?gracePeriodSeconds=0", NULL);
	well(m);
}

static void sidekiq_is_seen(void **state)
{
	struct site_client *m = *state;

	site_pod(m, "sidekiq-1", "sidekiq", "4.6.2");
	assert_string_equal(now(m, "instances.0.pods.0.tier"), "sidekiq");
	assert_string_equal(now(m, "instances.0.pods.0.queues"), " default push ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_is_what_the_objects_say),
		TEST(other_servers_find_the_owner),
		TEST(without_a_route_nothing_is_found),
		TEST(without_a_gateway_nothing_listens),
		TEST(without_a_certificate_it_is_refused),
		TEST(without_ready_pods_there_is_no_server),
		TEST(hosts_are_told_apart),
		TEST(several_are_told_apart),
		TEST(nobody_is_there),
		TEST(the_database_must_be_reached),
		TEST(the_authority_must_be_there),
		TEST(valkey_must_be_reached),
		TEST(the_firewall_must_let_it_in),
		TEST(a_pool_that_is_gone_or_small),
		TEST(secrets_must_be_there_to_start),
		TEST(the_streaming_server_has_its_own_ways),
		TEST(what_is_around_it_is_told),
		TEST(sidekiq_has_metrics),
		TEST(puma_has_metrics_where_an_exporter_listens),
		TEST(metrics_are_for_those_who_may),
		TEST(routes_of_every_form),
		TEST(an_empty_database_is_no_instance),
		TEST(jobs_fail_as_they_should),
		TEST(a_pod_without_keys_does_not_start),
		TEST(code_and_schema_go_together),
		TEST(sidekiq_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
