#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void api_client_open(struct api_client *client, const struct mok_sandbox_options *options)
{
	static const struct mok_sandbox_options plain = { .speed = 1, .seed = 7 };
	struct mok_err err;

	*client = (struct api_client){
		.arena = mok_arena_new(),
		.now_ms = (int64_t)1793000000 * 1000,
	};
	client->sandbox = mok_sandbox_open(options ? options : &plain, &err);
	if (!client->sandbox)
		fail_msg("%s", err.msg);
	mok_sandbox_response_init(&client->out);
}

void api_client_close(struct api_client *client)
{
	cJSON_Delete(client->json);
	mok_sandbox_response_release(&client->out);
	mok_sandbox_close(client->sandbox);
	mok_arena_free(client->arena);
}

static int ask(struct api_client *client, const char *method, const char *body, bool kubernetes)
{
	bool patch = strcmp(method, "PATCH") == 0;
	const char *type = !patch                         ? "application/json"
		: strstr(client->target, "fieldManager=") ? "application/apply-patch+yaml"
							  : "application/merge-patch+json";
	const struct mok_sandbox_header headers[] = {
		{ "Authorization", "Bearer dop_v1_test" },
		{ "Content-Type", type },
		{ "Impersonate-User", client->as },
	};
	struct mok_sandbox_request request = {
		.method = method,
		.host = "127.0.0.1:8080",
		.target = client->target,
		.headers = headers,
		.nheaders = client->as ? 3 : 2,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.service = kubernetes ? MOK_SANDBOX_KUBERNETES : MOK_SANDBOX_API,
	};

	mok_sandbox_response_release(&client->out);
	mok_sandbox_response_init(&client->out);
	mok_sandbox_handle(client->sandbox, &request, client->now_ms, &client->out);
	cJSON_Delete(client->json);
	client->json = mok_json_parse(client->out.body.data, client->out.body.len);
	return client->out.status;
}

int api_ask(struct api_client *client, const char *method, const char *body, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	client->target = mok_arena_vprintf(client->arena, fmt, ap);
	va_end(ap);
	return ask(client, method, body, false);
}

int api_kube(struct api_client *client, const char *method, const char *body, const char *fmt, ...)
{
	const char *path;
	va_list ap;

	va_start(ap, fmt);
	path = mok_arena_vprintf(client->arena, fmt, ap);
	va_end(ap);
	client->target = mok_arena_printf(client->arena, "/%s%s", client->cluster, path);
	return ask(client, method, body, true);
}

void api_cluster(struct api_client *client, const char *size, int nodes)
{
	const char *body = api_json(client,
		"{'name':'prod','region':'ams3','version':'1.35','node_pools':[{'name':'web',"
		"'size':'%s','count':%d}]}",
		size, nodes);

	if (api_ask(client, "POST", body, "/v2/kubernetes/clusters") != 201)
		fail_msg("%s", client->out.body.data);
	client->cluster = api_str(client, "kubernetes_cluster.id");
	client->now_ms += 30L * API_MINUTE_MS;
}

void api_make(struct api_client *client, const char *path, const char *body)
{
	if (api_kube(client, "POST", api_json(client, "%s", body), "%s", path) != 201)
		fail_msg("%s: %s", path, client->out.body.data);
}

void api_get(struct api_client *client, const char *path)
{
	if (api_kube(client, "GET", NULL, "%s", path) != 200)
		fail_msg("%s: %s", path, client->out.body.data);
}

void api_pass(struct api_client *client, int seconds)
{
	client->now_ms += seconds * 1000L;
}

const char *api_json(struct api_client *client, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = mok_arena_vprintf(client->arena, fmt, ap);
	va_end(ap);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	return text;
}

static const cJSON *at(struct api_client *client, const char *path)
{
	const cJSON *item = client->json ? mok_json_at(client->json, path) : NULL;

	if (!item)
		fail_msg("no %s in %d %s", path, client->out.status, client->out.body.data);
	return item;
}

const char *api_str(struct api_client *client, const char *path)
{
	const char *text = cJSON_GetStringValue(at(client, path));

	if (!text)
		fail_msg("%s is no string in %s", path, client->out.body.data);
	return mok_arena_strdup(client->arena, text);
}

int64_t api_int(struct api_client *client, const char *path)
{
	const cJSON *item = at(client, path);

	assert_true(cJSON_IsNumber(item));
	return item ? (int64_t)item->valuedouble : 0;
}

bool api_bool(struct api_client *client, const char *path)
{
	const cJSON *item = at(client, path);

	assert_true(cJSON_IsBool(item));
	return cJSON_IsTrue(item) != 0;
}

size_t api_len(struct api_client *client, const char *path)
{
	const cJSON *item = at(client, path);

	assert_true(cJSON_IsArray(item));
	return (size_t)cJSON_GetArraySize(item);
}

bool api_has(struct api_client *client, const char *path)
{
	return client->json && mok_json_at(client->json, path) != NULL;
}

bool api_list_has(struct api_client *client, const char *path, const char *word)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, at(client, path))
	{
		if (mok_streq(cJSON_GetStringValue(item), word))
			return true;
	}
	return false;
}

const char *api_helm(
	struct api_client *c, const char *pod, const char *args, const char *values, int seconds)
{
	const char *secret = mok_arena_printf(c->arena,
		"{\"metadata\":{\"name\":\"%s\"},\"stringData\":{\"values.yaml\":\"%s\"}}", pod,
		values);
	const char *body = api_json(c,
		"{'metadata':{'name':'%s'},'spec':{'restartPolicy':'Never','volumes':[{'name':"
		"'values','secret':{'secretName':'%s'}}],'containers':[{'name':'helm','image':"
		"'docker.io/alpine/helm:4.3.1','command':['helm'],'args':[%s],'volumeMounts':[{"
		"'name':'values','mountPath':'/values'}]}]}}",
		pod, pod, args);

	assert_int_equal(
		api_kube(c, "POST", secret, "/api/v1/namespaces/kube-system/secrets"), 201);
	if (api_kube(c, "POST", body, "/api/v1/namespaces/kube-system/pods") != 201)
		fail_msg("%s", c->out.body.data);
	c->now_ms += seconds * 1000L;
	api_kube(c, "GET", NULL, "/api/v1/namespaces/kube-system/pods/%s/log", pod);
	secret = mok_arena_strdup(c->arena, c->out.body.data ? c->out.body.data : "");
	api_kube(c, "GET", NULL, "/api/v1/namespaces/kube-system/pods/%s", pod);
	return secret;
}

int api_setup(void **state)
{
	struct api_client *client = mok_xcalloc(1, sizeof(*client));

	api_client_open(client, NULL);
	api_cluster(client, "s-4vcpu-8gb", 2);
	*state = client;
	return 0;
}

int api_teardown(void **state)
{
	api_client_close(*state);
	free(*state);
	return 0;
}
