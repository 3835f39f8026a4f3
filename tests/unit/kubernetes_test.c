/* The provider of clusters: kubeconfigs, discovery, and what the API's refusals mean. */
#include "kubernetes/kubernetes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
	*state = mok_arena_new();
	return 0;
}

static int tear_down(void **state)
{
	mok_arena_free(*state);
	return 0;
}

#define CONFIG(cluster, user) \
	"apiVersion: v1\nkind: Config\ncurrent-context: c\n" \
	"clusters:\n- name: other\n  cluster: {server: https://x}\n- name: k\n  cluster: " cluster \
	"\nusers:\n- name: u\n  user: " user \
	"\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\n"
#define SERVER "{server: \"https://k.example:6443/p\", certificate-authority-data: UEVN}"

static void a_kubeconfig_is_read_from_memory(void **state)
{
	static const char text[] = CONFIG(SERVER, "{token: secret}");
	static const char cert[] =
		CONFIG(SERVER, "{client-certificate-data: Q0VSVA==, client-key-data: S0VZ}");
	struct mok_endpoint e;
	struct mok_err err;

	assert_int_equal(k8s_read_kubeconfig(*state, text, NULL, &e, &err), 0);
	assert_string_equal(e.url, "https://k.example:6443/p");
	assert_string_equal(e.token, "secret");
	assert_string_equal(e.tls.ca, "PEM");
	assert_int_equal(k8s_read_kubeconfig(*state, cert, NULL, &e, &err), 0);
	assert_null(e.token);
	assert_string_equal(e.tls.cert, "CERT");
	assert_string_equal(e.tls.key, "KEY");
}

static void what_a_kubeconfig_lacks_is_said(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "no cluster" },
		{ "- a\n", "no cluster" },
		{ "{", "not YAML" },
		{ CONFIG("{server: \"\"}", "{token: x}"), "names no server" },
		{ CONFIG("{server: https://x, insecure-skip-tls-verify: true}", "{token: x}"),
			"not to verify" },
		{ CONFIG("{server: https://x, certificate-authority: /ca.crt}", "{token: x}"),
			"is a file of its own" },
		{ CONFIG("{server: https://x, certificate-authority-data: '*'}", "{token: x}"),
			"not base64" },
		{ CONFIG(SERVER, "{exec: {command: doctl}}"), "from a program (exec)" },
		{ CONFIG(SERVER, "{auth-provider: {name: gcp}}"), "from an auth-provider" },
		{ CONFIG(SERVER, "{username: u, password: p}"), "by name and password" },
		{ CONFIG(SERVER, "{}"), "neither a token" },
		{ CONFIG(SERVER, "{tokenFile: token}"), "tokenFile is a file of its own" },
		{ CONFIG(SERVER, "{client-certificate-data: '!!!!'}"), "not base64" },
		{ CONFIG(SERVER, "{client-certificate-data: Q0VSVA==}"), "without its key" },
	};

	for (size_t i = 0; i < MOK_COUNT(rows); i++) {
		struct mok_endpoint e;
		struct mok_err err = { 0 };

		if (k8s_read_kubeconfig(*state, rows[i].text, NULL, &e, &err) == 0 ||
			!strstr(err.msg, rows[i].says))
			fail_msg("%s: %s", rows[i].text, err.msg);
	}
}

static int read_file(void *self, const char *path, struct mok_buf *out, struct mok_err *err)
{
	(void)self;
	if (strcmp(path, "etc/none") == 0)
		return mok_err_set(err, MOK_ERR_IO, "%s: no such file", path);
	if (strcmp(path, "etc/blank") != 0)
		mok_buf_puts(out, path);
	mok_buf_puts(out, "\n");
	return 0;
}

static void a_kubeconfig_may_name_files_beside_it(void **state)
{
	static const char token[] = CONFIG("{server: https://x, certificate-authority: ca.crt}",
		"{token: x, tokenFile: /run/t}");
	static const char cert[] = CONFIG(SERVER, "{client-certificate: c, client-key: k}");
	static const char none[] = CONFIG(SERVER, "{tokenFile: none}");
	static const char blank[] = CONFIG(SERVER, "{tokenFile: blank}");
	const struct mok_files files = { .read = read_file };
	const struct k8s_folder folder = { .files = &files, .path = "etc" };
	struct mok_endpoint e;
	struct mok_err err = { 0 };

	assert_int_equal(k8s_read_kubeconfig(*state, token, &folder, &e, &err), 0);
	assert_string_equal(e.token, "/run/t");
	assert_string_equal(e.tls.ca, "etc/ca.crt");
	assert_int_equal(k8s_read_kubeconfig(*state, cert, &folder, &e, &err), 0);
	assert_string_equal(e.tls.cert, "etc/c");
	assert_string_equal(e.tls.key, "etc/k");
	assert_int_equal(k8s_read_kubeconfig(*state, none, &folder, &e, &err), -1);
	assert_non_null(strstr(err.msg, "tokenFile: etc/none: no such file"));
	assert_int_equal(k8s_read_kubeconfig(*state, blank, &folder, &e, &err), -1);
	assert_non_null(strstr(err.msg, "is empty"));
}

static void discovery_tells_where_objects_live(void **state)
{
	static const char text[] =
		"{\"items\":[{\"metadata\":{\"name\":\"apps\"},\"versions\":[{\"version\":\"v1\","
		"\"resources\":[{\"resource\":\"deployments\",\"scope\":\"Namespaced\","
		"\"responseKind\":{\"kind\":\"Deployment\"}}]},{\"version\":\"v1beta1\","
		"\"resources\":[{\"resource\":\"deployments\",\"scope\":\"Namespaced\","
		"\"responseKind\":{\"kind\":\"Deployment\"}}]}]},{\"metadata\":{},\"versions\":[{"
		"\"version\":\"v1\",\"resources\":[{\"resource\":\"nodes\",\"scope\":\"Cluster\","
		"\"responseKind\":{\"kind\":\"Node\"}},{\"resource\":\"bare\"}]}]}]}";
	cJSON *json = mok_json_parse(text, strlen(text));
	struct mok_map *table = mok_map_new(*state);
	const struct k8s_resource *r;

	k8s_discovery_add(*state, table, json);
	cJSON_Delete(json);
	r = k8s_discovery_find(table, "apps", "Deployment", NULL);
	assert_string_equal(r->version, "v1"); /* the preferred one comes first */
	assert_string_equal(k8s_path(*state, r, "social", "we/b"),
		"/apis/apps/v1/namespaces/social/deployments/we%2Fb");
	assert_string_equal(
		k8s_path(*state, r, "", NULL), "/apis/apps/v1/namespaces/default/deployments");
	assert_non_null(k8s_discovery_find(table, "apps", "Deployment", "v1beta1"));
	r = k8s_discovery_find(table, "", "Node", "v1");
	assert_string_equal(k8s_path(*state, r, NULL, "n"), "/api/v1/nodes/n");
	assert_null(k8s_discovery_find(table, "apps", "Deployment", "v2"));
}

static struct mok_answer decode(struct mok_arena *arena, int status, const char *body)
{
	struct mok_kubernetes *k = mok_kubernetes_new();
	struct mok_provider provider = mok_kubernetes_provider(k);
	struct mok_exchange x = { .status = status };
	struct mok_err err = { .code = MOK_ERR_API, .http_status = status };
	const struct mok_ask ask = { .verb = MOK_ASK_DRY_RUN,
		.kind = mok_kind_find("kubernetes_manifest"),
		.parent_id = "c",
		.id = "/api/v1/namespaces/a/configmaps/b" };
	const struct mok_http_reply reply = { .status = status,
		.body = body,
		.len = strlen(body),
		.request_id = "",
		.exchange = &x,
		.err = &err };
	struct mok_answer answer = { 0 };

	mok_buf_init(&x.response, 1 << 20);
	mok_buf_puts(&x.response, body);
	provider.decode(provider.self, &ask, &reply, arena, &answer);
	mok_buf_release(&x.response);
	mok_kubernetes_free(k);
	return answer;
}

static void refusals_are_told_apart(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum mok_verdict verdict;
		const char *says;
	} rows[] = {
		{ 404, "{\"message\":\"namespaces \\\"a\\\" not found\"}", MOK_ANS_GONE, NULL },
		{ 403, "{\"message\":\"... because it is being terminated\"}", MOK_ANS_BUSY, NULL },
		{ 403, "{\"message\":\"exceeded quota\"}", MOK_ANS_FAILED, NULL },
		{ 500, "{\"message\":\"failed calling webhook \\\"x\\\"\"}", MOK_ANS_BUSY, NULL },
		{ 500,
			"{\"message\":\"failed to create typed patch object (x): .spec.a: field "
			"not "
			"declared in schema\"}",
			MOK_ANS_FAILED, NULL },
		{ 500, "boom", MOK_ANS_AMBIGUOUS, NULL },
		{ 503, "", MOK_ANS_BUSY, NULL },
		{ 409, "{\"message\":\"... the object has been modified; ...\"}", MOK_ANS_BUSY,
			NULL },
		{ 409,
			"{\"details\":{\"causes\":[{\"reason\":\"FieldManagerConflict\","
			"\"message\":"
			"\"conflict with \\\"kubectl\\\" using apps/v1\",\"field\":"
			"\".spec.replicas\"}]}}",
			MOK_ANS_FAILED, ".spec.replicas is \"kubectl\"'s" },
		{ 200, "<html>", MOK_ANS_AMBIGUOUS, "cannot be read" },
	};

	for (size_t i = 0; i < MOK_COUNT(rows); i++) {
		struct mok_answer a = decode(*state, rows[i].status, rows[i].body);

		if (a.verdict != rows[i].verdict ||
			(rows[i].says && !strstr(a.err.msg, rows[i].says)))
			fail_msg("%s: %d %s", rows[i].body, (int)a.verdict, a.err.msg);
	}
}

static void a_webhook_is_not_waited_for_for_ever(void **state)
{
	static const char text[] =
		"{\"message\":\"Internal error occurred: failed calling webhook\"}";
	struct mok_exchange x = { .status = 500 };

	assert_int_equal(decode(*state, 500, text).patience_s, 120);
	assert_int_equal(decode(*state, 503, "").patience_s, 0);
	mok_buf_init(&x.response, 1000);
	mok_buf_puts(&x.response, text);
	assert_true(k8s_is_final(&x)); /* sent again by who knows when to stop */
	mok_buf_release(&x.response);
}

static void what_cannot_change_is_named(void **state)
{
	struct mok_answer a = decode(*state, 422,
		"{\"details\":{\"causes\":[{\"message\":\"Invalid value: {}: field is immutable\","
		"\"field\":\"spec.selector\"},{\"message\":\"Required "
		"value\",\"field\":\"spec.x\"}]}}");

	assert_int_equal(a.verdict, MOK_ANS_FAILED);
	assert_int_equal(a.value.type, MOK_LIST);
	assert_int_equal(a.value.u.list.len, 1);
	assert_string_equal(a.value.u.list.items[0].u.s, "spec.selector");
	assert_non_null(strstr(a.err.msg, "spec.x: Required value"));
	a = decode(*state, 422,
		"{\"details\":{\"causes\":[{\"message\":\"Required "
		"value\",\"field\":\"spec.x\"}]}}");
	assert_int_equal(a.value.type, MOK_NULL);
	a = decode(*state, 422,
		mok_arena_printf(*state,
			"{\"details\":{\"causes\":[{\"message\":\"%0300d\",\"field\":\"data[a]\"}]}"
			"}",
			7));
	assert_non_null(strstr(a.err.msg, "0... (HTTP 422)"));
}

/* What is the server's own and mok's own is no part of what is compared; secrets are hidden. */
static void an_object_is_read_as_what_could_be_wanted(void **state)
{
	struct mok_answer a = decode(*state, 200,
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"b\","
		"\"uid\":\"u\",\"managedFields\":[],\"labels\":{"
		"\"applyset.kubernetes.io/part-of\":\"x\"},\"annotations\":{\"mok/hash\":\"h\","
		"\"mok/marker\":\"mok:s:a-0123456789abcdef:g1\",\"theirs\":\"1\"}},"
		"\"data\":{\"p\":\"MQ==\"},\"status\":{}}");
	const struct mok_object *o = a.objects.items[0];

	assert_string_equal(o->marker, "mok:s:a-0123456789abcdef:g1");
	assert_string_equal(mok_val_get_str(&o->attrs, "hash"), "h");
	assert_null(mok_val_at(&o->attrs, "manifest.status"));
	assert_null(mok_val_at(&o->attrs, "manifest.metadata.uid"));
	assert_null(mok_val_at(&o->attrs, "manifest.metadata.labels"));
	assert_int_equal(mok_val_at(&o->attrs, "manifest.metadata.annotations")->u.map.len, 1);
	assert_true(mok_val_at(&o->attrs, "manifest.data.p")->sensitive);
	assert_true(mok_val_at(&o->attrs, "object.data.p")->sensitive);
	assert_string_equal(mok_val_at(&o->attrs, "object.metadata.uid")->u.s, "u");
}

/* KEDA gives its autoscalers the annotations of the ScaledObject, the marker among them. */
static void the_copy_of_a_marker_marks_nothing(void **state)
{
	struct mok_answer a = decode(*state, 200,
		"{\"apiVersion\":\"autoscaling/v2\",\"kind\":\"HorizontalPodAutoscaler\","
		"\"metadata\":{\"name\":\"keda-hpa-web\",\"ownerReferences\":[{\"kind\":"
		"\"ScaledObject\",\"controller\":true}],\"annotations\":{\"mok/marker\":"
		"\"mok:s:a-0123456789abcdef:g1\"}}}");

	assert_null(a.objects.items[0]->marker);
}

/* Roles speak of the user, policies of the object. */
static void a_policy_is_not_taken_for_credentials(void **state)
{
	struct mok_answer a = decode(
		*state, 403, "{\"message\":\"pods \\\"b\\\" is forbidden: exceeded quota: q\"}");

	assert_int_equal(a.err.code, MOK_ERR_API);
	assert_non_null(strstr(a.err.hint, "policy"));
	a = decode(*state, 403,
		"{\"message\":\"pods is forbidden: User \\\"u\\\" cannot create resource\"}");
	assert_null(strstr(a.err.hint, "policy"));
}

/* ---- explanations ---- */

static const char web_object[] =
	"{\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\",\"namespace\":\"social\"},"
	"\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"template\":{\"spec\":{}}}}";

static struct mok_answer explain_of(
	struct mok_arena *arena, const char *of, const char *token, const char *body)
{
	cJSON *json = mok_json_parse(of, strlen(of));
	struct mok_object object = { .attrs = { .type = MOK_MAP } };
	const struct mok_ask ask = { .verb = MOK_ASK_EXPLAIN, .have = &object, .token = token };
	const struct mok_http_reply reply = {
		.status = body ? 200 : 400, .body = body ? body : "", .len = body ? strlen(body) : 0
	};
	struct mok_answer answer = { 0 };

	mok_val_set(arena, &object.attrs, "object", mok_val_from_json(arena, json));
	cJSON_Delete(json);
	k8s_explain_decode(&ask, &reply, arena, &answer);
	assert_int_equal(answer.verdict, MOK_ANS_OK);
	return answer;
}

static struct mok_answer explain(struct mok_arena *arena, const char *token, const char *body)
{
	return explain_of(arena, web_object, token, body);
}

/* The challenge knows what the certificate does not; others' are none of its business. */
static void a_certificate_is_explained_by_its_challenge(void **state)
{
	static const char of[] =
		"{\"apiVersion\":\"cert-manager.io/v1\",\"kind\":\"Certificate\",\"metadata\":{"
		"\"name\":\"tls\",\"namespace\":\"social\"},\"spec\":{\"dnsNames\":[\"a.example\"]}"
		","
		"\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"reason\":"
		"\"DoesNotExist\",\"message\":\"no Secret yet\"}]}}";
	struct mok_answer a = explain_of(*state, of, NULL,
		"{\"items\":[{\"spec\":{\"dnsName\":\"b.example\"},\"status\":{\"reason\":\"x\"}},{"
		"\"spec\":{\"dnsName\":\"a.example\"},\"status\":{\"state\":\"pending\",\"reason\":"
		"\"Waiting for DNS-01 challenge "
		"propagation\"}},{\"spec\":{\"dnsName\":\"a.example\"},"
		"\"status\":{\"state\":\"valid\",\"reason\":\"done\"}}]}");

	assert_int_equal(a.value.u.list.len, 2);
	assert_string_equal(a.value.u.list.items[0].u.s,
		"challenge of a.example: pending: Waiting for DNS-01 challenge propagation");
	assert_string_equal(a.value.u.list.items[1].u.s, "Ready (DoesNotExist): no Secret yet");
	assert_true(mok_starts(a.next_token,
		"/apis/acme.cert-manager.io/v1/namespaces/social/orders?limit=100 "
		"/api/v1/namespaces/social/events?"));
	a = explain_of(*state, of, a.next_token,
		"{\"items\":[{\"metadata\":{\"name\":\"tls-1\"},\"spec\":{\"dnsNames\":["
		"\"a.example\"]},\"status\":{\"state\":\"errored\",\"reason\":\"429\"}}]}");
	assert_string_equal(a.value.u.list.items[0].u.s, "order of tls-1: errored: 429");
}

static void the_worst_pod_leads_to_its_log_and_events(void **state)
{
	struct mok_answer a = explain(*state, NULL,
		"{\"items\":[{\"metadata\":{\"name\":\"web-1\"},\"status\":{\"phase\":\"Running\","
		"\"containerStatuses\":[{\"name\":\"w\",\"ready\":false,\"restartCount\":2,"
		"\"state\":{\"running\":{}},\"lastState\":{\"terminated\":{\"exitCode\":1}}}]}}]}");

	assert_string_equal(a.value.u.list.items[0].u.s,
		"pod web-1, container w: restarted 2 times, last it ended with exit code 1");
	assert_true(mok_starts(a.next_token,
		"/api/v1/namespaces/social/pods/web-1/log?container=w&tailLines=10"
		"&limitBytes=4096&previous=true /api/v1/namespaces/social/events?"));
	/* A log that is not to be had ends nothing. */
	a = explain(*state, a.next_token, NULL);
	assert_int_equal(a.value.u.list.len, 0);
	assert_true(mok_starts(a.next_token, "/api/v1/namespaces/social/events?"));
	a = explain(*state, a.next_token, "{\"items\":[]}");
	assert_non_null(strstr(a.next_token, "web"));
	assert_null(explain(*state, a.next_token, "{}").next_token);
}

static void a_log_is_tamed(void **state)
{
	struct mok_answer a = explain(*state, "/api/v1/namespaces/s/pods/p/log?x=1",
		"one\r\n\033[31mred\033[0m\007 dop_v1_abc\n\n\302\233last");

	assert_int_equal(a.value.u.list.len, 3);
	assert_string_equal(a.value.u.list.items[0].u.s, "log: one");
	assert_string_equal(a.value.u.list.items[1].u.s, "log: red  dop_v1_***");
	assert_string_equal(a.value.u.list.items[2].u.s, "log:   last");
}

/* Of the object itself only what warns; the last five in the order of time. */
static void the_last_events_are_told(void **state)
{
#define EVENT(time, type, of, text) \
	"{\"lastTimestamp\":\"2026-01-01T00:00:0" time "Z\",\"type\":\"" type \
	"\",\"reason\":\"R\",\"involvedObject\":{\"kind\":\"" of \
	"\",\"name\":\"n\"},\"message\":\"" text "\"}"
	struct mok_answer a = explain(*state, "/api/v1/namespaces/s/events?x=1",
		"{\"items\":[" EVENT("6", "Warning", "Pod", "six") "," EVENT("1", "Normal", "Pod",
			"one") "," EVENT("2", "Normal", "Pod", "two") "," EVENT("3", "Normal",
			"Deployment",
			"three") "," EVENT("4", "Warning", "Deployment", "four") "," EVENT("5",
			"Normal", "Pod", "five") "," EVENT("7", "Normal", "Pod", "seven") "]}");
	static const char *const said[] = { "event: Pod n: R: two", "event: Deployment n: R: four",
		"event: Pod n: R: five", "event: Pod n: R: six", "event: Pod n: R: seven" };

	assert_int_equal(a.value.u.list.len, MOK_COUNT(said));
	for (size_t i = 0; i < MOK_COUNT(said); i++)
		assert_string_equal(a.value.u.list.items[i].u.s, said[i]);
	assert_null(a.next_token);
}

/* ---- fields that are others' to move ---- */

#define OWNER(manager, fields) \
	"{\"manager\":\"" manager "\",\"operation\":\"Apply\",\"fieldsV1\":" fields "}"
#define REPLICAS "{\"f:spec\":{\"f:replicas\":{}}}"
#define IMAGE "{\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"web\\\"}\":{\"f:image\":{}}}}}"

static const char *held(struct mok_arena *arena, const char *owners, const char *ignored)
{
	const char *live = mok_arena_printf(arena,
		"{\"metadata\":{\"resourceVersion\":\"7\",\"managedFields\":[%s]},\"spec\":{"
		"\"replicas\":3,\"containers\":[{\"name\":\"web\",\"image\":\"x:1\"}]}}",
		owners);
	static const char wanted[] = "{\"spec\":{\"containers\":[{\"name\":\"web\"}]}}";
	cJSON *json = mok_json_parse(live, strlen(live));
	cJSON *want = mok_json_parse(wanted, strlen(wanted));
	struct mok_object object = { .attrs = { .type = MOK_MAP } };
	struct mok_resource resource = { 0 };
	const struct mok_ask ask = { .have = &object, .resource = &resource };
	struct mok_val manifest = mok_val_from_json(arena, want), out;
	struct mok_buf text;
	const char *said;

	mok_vec_push(arena, &resource.ignore_changes, ignored);
	mok_val_set(arena, &object.attrs, "object", mok_val_from_json(arena, json));
	out = k8s_with_held(arena, &ask, &manifest);
	mok_buf_init(&text, 1000);
	mok_val_canonical(&out, &text);
	said = mok_arena_strdup(arena, text.data);
	mok_buf_release(&text);
	cJSON_Delete(json);
	cJSON_Delete(want);
	return said;
}

static void what_mok_alone_owns_is_held(void **state)
{
	static const char nothing[] = "{\"spec\":{\"containers\":[{\"name\":\"web\"}]}}";

	assert_string_equal(held(*state, OWNER("mok", REPLICAS), "wait"),
		"{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"containers\":[{\"name\":"
		"\"web\"}],\"replicas\":3}}");
	assert_string_equal(
		held(*state, OWNER("mok", REPLICAS) "," OWNER("hpa", REPLICAS), "wait"), nothing);
	assert_string_equal(held(*state, OWNER("hpa", REPLICAS), "wait"), nothing);
	assert_string_equal(held(*state, OWNER("mok", IMAGE), "wait"), nothing);
	assert_string_equal(
		held(*state, OWNER("mok", IMAGE), "manifest.spec.containers[web].image"),
		"{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"containers\":[{\"image\":"
		"\"x:1\",\"name\":\"web\"}]}}");
}

/* ---- what a cluster made elsewhere ---- */

static struct mok_answer leavings(struct mok_arena *arena, int page, const char *body)
{
	const struct mok_ask ask = { .verb = MOK_ASK_PURGE_LIST, .page = page };
	cJSON *json = mok_json_parse(body, strlen(body));
	struct mok_answer answer = { 0 };

	assert_non_null(json);
	k8s_leavings_decode(&ask, json, arena, &answer);
	cJSON_Delete(json);
	return answer;
}

#define ITEM(ns, name, more) \
	"{\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name "\"" more "}}"
#define GOING ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\""

/* It would bring back what goes after it; other StatefulSets are left for later. */
#define CONTROLLER \
	",\"labels\":{\"app.kubernetes.io/part-of\":\"argocd\"," \
	"\"app.kubernetes.io/component\":\"application-controller\"}"
static void argo_cd_goes_first(void **state)
{
	struct mok_answer a = leavings(*state, 1,
		"{\"items\":[" ITEM("argocd", "argocd-application-controller", CONTROLLER) "," ITEM(
			"a", "x", "") "]}");

	assert_int_equal(a.next_page, 2);
	assert_int_equal(a.value.u.list.len, 1);
	assert_string_equal(a.value.u.list.items[0].u.s,
		"/apis/apps/v1/namespaces/argocd/statefulsets/argocd-application-controller");
	/* And is waited for. */
	a = leavings(*state, 2,
		"{\"items\":[" ITEM("argocd", "x-0", CONTROLLER GOING) "," ITEM("a", "x", "") "]}");
	assert_int_equal(a.next_page, 2);
	assert_int_equal(a.value.u.list.len, 0);
	assert_int_equal(leavings(*state, 2, "{}").next_page, 3);
}

static void a_gateway_goes_before_its_service(void **state)
{
	struct mok_answer a = leavings(
		*state, 3, "{\"items\":[" ITEM("a", "x", "") "," ITEM("a", "y", GOING) "]}");

	assert_int_equal(a.next_page, 3); /* until they are gone */
	assert_int_equal(a.total, 2);
	assert_int_equal(a.value.u.list.len, 1);
	assert_string_equal(a.value.u.list.items[0].u.s,
		"/apis/gateway.networking.k8s.io/v1/namespaces/a/gateways/x");
	assert_int_equal(leavings(*state, 3, "{}").next_page, 4);
}

static void only_services_with_balancers_go(void **state)
{
	struct mok_answer a = leavings(*state, 4,
		"{\"items\":[{\"metadata\":{\"namespace\":\"a\",\"name\":\"lb\"},\"spec\":{"
		"\"type\":"
		"\"LoadBalancer\"}},{\"metadata\":{\"namespace\":\"a\",\"name\":\"in\"},\"spec\":{"
		"\"type\":\"ClusterIP\"}}]}");

	assert_int_equal(a.value.u.list.len, 1);
	assert_string_equal(a.value.u.list.items[0].u.s, "/api/v1/namespaces/a/services/lb");
}

/* Claims are let go of by pods alone; what makes pods again has to go, but for the cluster's own.
 */
static void what_holds_claims_goes_too(void **state)
{
	struct mok_answer a;

	assert_int_equal(leavings(*state, 5, "{}").next_page, 11);
	assert_int_equal(
		leavings(*state, 5, "{\"items\":[" ITEM("a", "x", GOING) "]}").next_page, 6);
	for (int page = 6; page < 10; page++) {
		a = leavings(*state, page,
			"{\"items\":[" ITEM("a", "x", "") "," ITEM("kube-system", "y", "") "]}");
		assert_int_equal(a.next_page, page + 1);
		assert_int_equal(a.value.u.list.len, 1);
	}
	a = leavings(*state, 10,
		"{\"items\":[" ITEM("a", "x", ",\"ownerReferences\":[{\"uid\":\"1\"}]") "]}");
	assert_int_equal(a.value.u.list.len, 0);
	assert_int_equal(a.next_page, 5);
	a = leavings(*state, 11,
		"{\"items\":[{\"metadata\":{\"name\":\"v\"},\"spec\":{\"claimRef\":{},"
		"\"persistentVolumeReclaimPolicy\":\"Delete\"}}]}");
	assert_int_equal(a.value.u.list.len, 0); /* its driver deletes it */
	assert_int_equal(a.next_page, 11);
	a = leavings(*state, 11,
		"{\"items\":[{\"metadata\":{\"name\":\"v\"},\"spec\":{\"claimRef\":{},"
		"\"persistentVolumeReclaimPolicy\":\"Retain\"}}]}");
	assert_int_equal(a.next_page, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_kubeconfig_is_read_from_memory),
		TEST(what_a_kubeconfig_lacks_is_said),
		TEST(a_kubeconfig_may_name_files_beside_it),
		TEST(discovery_tells_where_objects_live),
		TEST(refusals_are_told_apart),
		TEST(a_webhook_is_not_waited_for_for_ever),
		TEST(what_cannot_change_is_named),
		TEST(an_object_is_read_as_what_could_be_wanted),
		TEST(the_copy_of_a_marker_marks_nothing),
		TEST(a_policy_is_not_taken_for_credentials),
		TEST(the_worst_pod_leads_to_its_log_and_events),
		TEST(a_certificate_is_explained_by_its_challenge),
		TEST(a_log_is_tamed),
		TEST(the_last_events_are_told),
		TEST(what_mok_alone_owns_is_held),
		TEST(argo_cd_goes_first),
		TEST(a_gateway_goes_before_its_service),
		TEST(only_services_with_balancers_go),
		TEST(what_holds_claims_goes_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
