#include "site_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#define GATEWAYS "/apis/gateway.networking.k8s.io/v1/namespaces/mastodon"
#define APPS "/apis/apps/v1/namespaces/mastodon"

#define CONTAINER \
	"'envFrom':[{'secretRef':{'name':'env'}}],'volumeMounts':[{'name':'ca'," \
	"'mountPath':'/opt/ca'}]"
#define VOLUMES "'volumes':[{'name':'ca','configMap':{'name':'ca'}}]"

/* ---- requests ---- */

int site_ask(struct site_client *m, const char *method, const char *body, const char *path)
{
	struct api_client *c = &m->api;
	struct mok_sandbox_header headers[4] = { 0 };
	struct mok_sandbox_request request = { .method = method,
		.host = m->host ? m->host : "127.0.0.1:8083",
		.target = path,
		.headers = headers,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.service = MOK_SANDBOX_INSTANCE };

	if (m->token)
		headers[request.nheaders++] = (struct mok_sandbox_header){ "Authorization",
			mok_arena_printf(c->arena, "Bearer %s", m->token) };
	if (m->cookie)
		headers[request.nheaders++] = (struct mok_sandbox_header){ "Cookie", m->cookie };
	if (m->content_type)
		headers[request.nheaders++] =
			(struct mok_sandbox_header){ "Content-Type", m->content_type };
	if (m->key)
		headers[request.nheaders++] =
			(struct mok_sandbox_header){ "Idempotency-Key", m->key };
	mok_sandbox_response_release(&c->out);
	mok_sandbox_response_init(&c->out);
	mok_sandbox_handle(c->sandbox, &request, c->now_ms, &c->out);
	cJSON_Delete(c->json);
	c->json = mok_json_parse(c->out.body.data, c->out.body.len);
	return c->out.status;
}

const char *site_header(const struct site_client *m, const char *name)
{
	for (size_t i = 0; i < m->api.out.nheaders; i++)
		if (strcasecmp(m->api.out.headers[i].name, name) == 0)
			return m->api.out.headers[i].value;
	return "";
}

const char *site_body(const struct site_client *m)
{
	return m->api.out.body.data;
}

void site_kube(struct site_client *m, const char *method, const char *path, const char *body)
{
	struct api_client *c = &m->api;
	int status = api_kube(c, method, body ? api_json(c, "%s", body) : NULL, "%s", path);

	if (status >= 300)
		fail_msg("%s %s: %d %s", method, path, status, c->out.body.data);
	c->now_ms += 1000;
}

static void cloud(struct site_client *m, const char *path, const char *body)
{
	struct api_client *c = &m->api;
	int status = api_ask(c, "POST", api_json(c, "%s", body), "%s", path);

	if (status >= 300)
		fail_msg("POST %s: %d %s", path, status, c->out.body.data);
}

/* ---- objects ---- */

void site_set(struct site_client *m, const char *name, const char *value)
{
	struct api_client *c = &m->api;
	cJSON *patch = cJSON_CreateObject(), *data = cJSON_AddObjectToObject(patch, "data");
	char *text;

	if (value)
		cJSON_AddStringToObject(data, name, mok_base64(c->arena, value, strlen(value)));
	else
		cJSON_AddNullToObject(data, name);
	text = cJSON_PrintUnformatted(patch);
	if (api_kube(c, "PATCH", text, SITE_NS "/secrets/env") != 200)
		fail_msg("%s: %s", name, c->out.body.data);
	cJSON_free(text);
	cJSON_Delete(patch);
	c->now_ms += 1000;
}

static const char *command_of(const char *tier)
{
	return strcmp(tier, "web") == 0 ? "'bundle','exec','puma','-C','config/puma.rb'"
		: strcmp(tier, "streaming") == 0
		? "'node','./streaming/index.js'"
		: "'bundle','exec','sidekiq','-c','5','-q','default','-q','push,2'";
}

static const char *spec_of(struct site_client *m, const char *tier, const char *version)
{
	return mok_arena_printf(m->api.arena,
		"{'containers':[{'name':'%s','image':'ghcr.io/mastodon/mastodon%s:v%s','args':[%s],"
		"'ports':[{'name':'http','containerPort':3000}]," CONTAINER "}]," VOLUMES "}",
		tier, strcmp(tier, "streaming") == 0 ? "-streaming" : "", version,
		command_of(tier));
}

void site_pod(struct site_client *m, const char *name, const char *tier, const char *version)
{
	struct api_client *c = &m->api;

	site_kube(m, "POST", SITE_NS "/pods",
		mok_arena_printf(c->arena,
			"{'metadata':{'name':'%s','labels':{'tier':'%s'}},'spec':%s}", name, tier,
			spec_of(m, tier, version)));
	c->now_ms += 2L * API_MINUTE_MS;
}

const char *site_job(struct site_client *m, const char *name, const char *version,
	const char *command, const char *env)
{
	struct api_client *c = &m->api;

	site_kube(m, "POST", SITE_NS "/pods",
		mok_arena_printf(c->arena,
			"{'metadata':{'name':'%s'},'spec':{'restartPolicy':'Never','containers':[{"
			"'name':'job','image':'ghcr.io/mastodon/mastodon:v%s','args':[%s],"
			"'env':[%s]," CONTAINER "}]," VOLUMES "}}",
			name, version, command, env));
	c->now_ms += 5L * API_MINUTE_MS;
	site_kube(m, "GET", mok_arena_printf(c->arena, SITE_NS "/pods/%s", name), NULL);
	return api_str(c, "status.phase");
}

static void service(struct site_client *m, const char *name, const char *tier, int port)
{
	site_kube(m, "POST", SITE_NS "/services",
		mok_arena_printf(m->api.arena,
			"{'metadata':{'name':'%s'},'spec':{'selector':{'tier':'%s'},'ports':["
			"{'port':%d,'targetPort':'http'}]}}",
			name, tier, port));
}

static void make_gateway(struct site_client *m)
{
	site_kube(m, "POST", GATEWAYS "/gateways",
		"{'apiVersion':'gateway.networking.k8s.io/v1','kind':'Gateway','metadata':{'name':"
		"'gw'},'spec':{'gatewayClassName':'traefik','listeners':[{'name':'http',"
		"'protocol':'HTTP','port':8000},{'name':'https','protocol':'HTTPS','port':8443,"
		"'tls':{'certificateRefs':[{'name':'tls'}]}}]}}");
	site_kube(m, "PATCH", GATEWAYS "/gateways/gw/status",
		"{'status':{'conditions':[{'type':'Programmed','status':'True','reason':"
		"'Programmed','message':'','lastTransitionTime':'2027-01-01T00:00:00Z'}]}}");
	site_kube(m, "POST", GATEWAYS "/httproutes",
		"{'apiVersion':'gateway.networking.k8s.io/v1','kind':'HTTPRoute','metadata':"
		"{'name':'main'},'spec':{'parentRefs':[{'name':'gw','sectionName':'https'}],"
		"'hostnames':['social.example'],'rules':[{'matches':[{'path':{'type':"
		"'PathPrefix','value':'/api/v1/streaming'}}],'backendRefs':[{'name':'streaming',"
		"'port':4000}]},{'matches':[{'path':{'type':'PathPrefix','value':'/'}}],"
		"'backendRefs':[{'name':'web','port':3000}]}]}}");
	site_kube(m, "POST", SITE_NS "/secrets",
		"{'metadata':{'name':'tls'},'type':'Opaque','stringData':{'tls.crt':'x'}}");
}

/* The text of a member of an answer of the cloud, by a request of its own. */
static const char *told(struct site_client *m, const char *path, const char *member)
{
	if (api_ask(&m->api, "GET", NULL, "%s", path) != 200)
		fail_msg("%s: %s", path, m->api.out.body.data);
	return api_str(&m->api, member);
}

static void make_cloud(struct site_client *m)
{
	struct api_client *c = &m->api;
	const char *base;

	cloud(m, "/v2/databases",
		"{'name':'db','engine':'pg','version':'17','region':'ams3','size':"
		"'db-s-2vcpu-4gb','num_nodes':1}");
	m->database = api_str(c, "database.id");
	c->now_ms += 30L * API_MINUTE_MS;
	base = mok_arena_printf(c->arena, "/v2/databases/%s", m->database);
	cloud(m, mok_arena_printf(c->arena, "%s/dbs", base), "{'name':'mastodon'}");
	cloud(m, mok_arena_printf(c->arena, "%s/users", base), "{'name':'mastodon'}");
	cloud(m, mok_arena_printf(c->arena, "%s/pools", base),
		"{'name':'web','mode':'transaction','size':20,'db':'mastodon','user':'mastodon'}");
}

static const char *make_valkey(struct site_client *m)
{
	struct api_client *c = &m->api;
	const char *path;

	cloud(m, "/v2/databases",
		"{'name':'cache','engine':'valkey','version':'8','region':'ams3','size':"
		"'db-s-1vcpu-1gb','num_nodes':1}");
	path = mok_arena_printf(c->arena, "/v2/databases/%s", api_str(c, "database.id"));
	c->now_ms += 30L * API_MINUTE_MS;
	return mok_arena_printf(c->arena, "rediss://default:%s@%s:25061",
		told(m, path, "database.private_connection.password"),
		told(m, path, "database.private_connection.host"));
}

static void make_env(struct site_client *m)
{
	struct api_client *c = &m->api;
	const char *path = mok_arena_printf(c->arena, "/v2/databases/%s", m->database);
	const char *host = told(m, path, "database.private_connection.host");
	const char *password =
		told(m, mok_arena_printf(c->arena, "%s/users/mastodon", path), "user.password");

	site_kube(m, "POST", SITE_NS "/secrets",
		mok_arena_printf(c->arena,
			"{'metadata':{'name':'env'},'stringData':{'LOCAL_DOMAIN':'social.example',"
			"'SECRET_KEY_BASE':'a','ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY':'b',"
			"'ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY':'c',"
			"'ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT':'d','DB_HOST':'%s',"
			"'DB_PORT':'25061','DB_NAME':'web','DB_USER':'mastodon','DB_PASS':'%s',"
			"'DB_SSLMODE':'require','PGSSLROOTCERT':'/opt/ca/"
			"ca.crt','NODE_EXTRA_CA_CERTS':'/opt/ca/ca.crt',"
			"'PREPARED_STATEMENTS':'false','REDIS_URL':'%s'}}",
			host, password, make_valkey(m)));
}

static void make_ca(struct site_client *m)
{
	struct api_client *c = &m->api;
	cJSON *map = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(map, "metadata");
	const char *encoded = told(m,
		mok_arena_printf(c->arena, "/v2/databases/%s/ca", m->database), "ca.certificate");
	char *text;

	cJSON_AddStringToObject(meta, "name", "ca");
	cJSON_AddStringToObject(cJSON_AddObjectToObject(map, "binaryData"), "ca.crt", encoded);
	text = cJSON_PrintUnformatted(map);
	if (api_kube(c, "POST", text, SITE_NS "/configmaps") != 201)
		fail_msg("%s", c->out.body.data);
	cJSON_free(text);
	cJSON_Delete(map);
}

static void must(const char *what, const char *phase)
{
	if (strcmp(phase, "Succeeded") != 0)
		fail_msg("%s: %s", what, phase);
}

void site_jobs(struct site_client *m, const char *suffix)
{
	struct api_client *c = &m->api;
	const char *path = mok_arena_printf(c->arena, "/v2/databases/%s", m->database);
	const char *password = told(m, path, "database.connection.password");

	must("grants",
		site_job(m, mok_arena_printf(c->arena, "grants-%s", suffix), "4.6.2",
			"'ruby','-e','GRANT CREATE, USAGE ON SCHEMA public'",
			mok_arena_printf(c->arena,
				SITE_DIRECT ",{'name':'ADMIN_USER','value':'doadmin'},"
					    "{'name':'ADMIN_PASS','value':'%s'}",
				password)));
	must("prepare",
		site_job(m, mok_arena_printf(c->arena, "prepare-%s", suffix), "4.6.2",
			"'bundle','exec','rails','db:prepare'", SITE_DIRECT));
	must("owner",
		site_job(m, mok_arena_printf(c->arena, "owner-%s", suffix), "4.6.2",
			"'bin/rails','runner','OWNER_PASSWORD'",
			SITE_DIRECT ",{'name':'OWNER_USERNAME','value':'admin'},"
				    "{'name':'OWNER_EMAIL','value':'" SITE_EMAIL "'},"
				    "{'name':'OWNER_PASSWORD','value':'" SITE_PASSWORD "'}"));
}

void site_open(struct site_client *m)
{
	struct api_client *c = &m->api;

	*m = (struct site_client){ 0 };
	api_client_open(c, NULL);
	api_cluster(c, "s-4vcpu-8gb", 2);
	make_cloud(m);
	site_kube(m, "POST", "/api/v1/namespaces", "{'metadata':{'name':'mastodon'}}");
	make_env(m);
	make_ca(m);
	service(m, "web", "web", 3000);
	service(m, "streaming", "streaming", 4000);
	make_gateway(m);
	site_kube(m, "POST", APPS "/deployments",
		mok_arena_printf(c->arena,
			"{'metadata':{'name':'web'},'spec':{'replicas':0,'selector':{'matchLabels':"
			"{'tier':'web'}},'template':{'metadata':{'labels':{'tier':'web'}},"
			"'spec':%s}}}",
			spec_of(m, "web", "4.6.2")));
	site_pod(m, "web-1", "web", "4.6.2");
	site_pod(m, "web-2", "web", "4.6.2");
	site_pod(m, "streaming-1", "streaming", "4.6.2");
	site_jobs(m, "new");
}

void site_close(struct site_client *m)
{
	api_client_close(&m->api);
}
