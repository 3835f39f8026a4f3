/* Protobuf bodies as client-go v0.36.3 writes them (recorded, in base64), and hostile ones. */
#include "apiserver/protobuf.h"
#include "kube_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PROTOBUF "application/vnd.kubernetes.protobuf"

static const char pod[] =
	"azhzAAoJCgJ2MRIDUG9kEsICCjsKA29uZRIAGgAiACoAMgA4AEIAWgYKAWESAWJaBQoBYxIAahcK"
	"CUNvbmZpZ01hcBoBbyIBdSoCdjEwARLtAQoJCgF2EgQSAgoACgoKAXMSBTIDCgFzEocBCgN3ZWIS"
	"AWkqAEIgEg0KA2NwdRIGCgQyNTBtEg8KBm1lbW9yeRIFCgMxR2lSGAoMGgoKBggAEFAaABIAEAAY"
	"ACAAKAAwAFohChUSEwoBLxIKCAEQABoEaHR0cBoAIgAQABgAIAMoADAAagByAIABAIgBAJABAJoB"
	"CwoAEgcKBQoDZW52ogEAGgAgBTIAQgBKAFIAWABgAGgAcgQgByAIggEAigEAmgEAqAEAsgEiCgAS"
	"BkV4aXN0cxoAIglOb0V4ZWN1dGUo////////////AcIBABoTCgAaACIAKgAyAEoAWgByAIgBABoA"
	"IgA=";

static const char secret[] =
	"azhzAAoMCgJ2MRIGU2VjcmV0EiYKEQoBcxIAGgAiACoAMgA4AEIAEggKAUESAwD/ARIFCgFCEgAa"
	"ABoAIgA=";

static const char lease[] =
	"azhzAAofChZjb29yZGluYXRpb24uazhzLmlvL3YxEgVMZWFzZRIjChEKAWwSABoAIgAqADIAOABC"
	"ABIOIgwIpevcygYQiOrcwwIaACIA";

static const char pdb[] =
	"azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSLAoRCgFwEgAaACIAKgAyADgA"
	"QgASCxoJCAEQABoDNTAlGgoIABgAIAAoADAAGgAiAA==";

static const char revision[] =
	"azhzAAodCgdhcHBzL3YxEhJDb250cm9sbGVyUmV2aXNpb24SIgoRCgFyEgAaACIAKgAyADgAQgAS"
	"CwoJeyJhIjpbMV19GAMaACIA";

static const char event[] =
	"azhzAAoLCgJ2MRIFRXZlbnQSSwoRCgFlEgAaACIAKgAyADgAQgASFAoDUG9kEgAaA29uZSIAKgAy"
	"ADoAGgAiACoECgASADIICKXr3MoGEAA6AEACSgBSAGIAcgB6ABoAIgA=";

static const char options[] =
	"azhzAAoYCgdhcHBzL3YxEg1EZWxldGVPcHRpb25zEhMIBSIKQmFja2dyb3VuZCoDQWxsGgAiAA==";

static const char crd[] =
	"azhzAAozChdhcGlleHRlbnNpb25zLms4cy5pby92MRIYQ3VzdG9tUmVzb3VyY2VEZWZpbml0aW9u"
	"EuoDCiMKE3dpZGdldHMuZXhhbXBsZS5jb20SABoAIgAqADIAOABCABK0AwoLZXhhbXBsZS5jb20a"
	"FQoHd2lkZ2V0cxIAIgZXaWRnZXQqACIKTmFtZXNwYWNlZDr/AgoCdjEQARgBIvICCu8CCgASACIA"
	"KgZvYmplY3QyADoAUABgAHoAkAEA6gEuCgFmEikKABIAIgAqBm9iamVjdDIAOgBQAGAAegCQAQDy"
	"AQIIAagCALgCAMACAOoBUQoBbBJMCgASACIAKgVhcnJheTIAOgBQAGAAegCQAQDCASYKJAoAEgAi"
	"ACoGc3RyaW5nMgA6AFAAYAB6AJABAKgCALgCAMACAKgCALgCAMACAOoBVAoBbRJPCgASACIAKgZv"
	"YmplY3QyADoAUABgAHoAkAEA8gEoCAESJAoAEgAiACoGc3RyaW5nMgA6AFAAYAB6AJABAKgCALgC"
	"AMACAKgCALgCAMACAOoBPQoBbhI4CgASACIAKgZudW1iZXIyADoAQgMKATFJAAAAAAAADEBQAGAA"
	"egCQAQCiAQMKATGoAgC4AgDAAgDqASwKAXgSJwoAEgAiACoGb2JqZWN0MgA6AFAAYAB6AJABAKgC"
	"ALACAbgCAMACAKgCALgCAMACADgAUAAaDBIICgASACIAKgAgABoAIgA=";

struct fixture {
	struct mok_arena *arena;
	struct ks_protobuf *table;
	const char *error;
	cJSON *json;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .arena = mok_arena_new() };
	f.table = ks_protobuf_new(f.arena);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cJSON_Delete(f->json);
	mok_arena_free(f->arena);
	return 0;
}

static const cJSON *read_as(struct fixture *f, const char *bytes, size_t len, const char *fallback)
{
	struct ks_protobuf_body body = { .data = bytes, .len = len, .fallback = fallback };

	cJSON_Delete(f->json);
	f->json = ks_protobuf_read(f->table, f->arena, &body);
	f->error = body.error;
	return f->json;
}

static const cJSON *read_bytes(struct fixture *f, const char *bytes, size_t len)
{
	return read_as(f, bytes, len, "v1 Pod");
}

static const cJSON *read_text(struct fixture *f, const char *base64)
{
	size_t len = 0;
	const char *bytes = mok_unbase64(f->arena, base64, &len);

	assert_non_null(bytes);
	return read_bytes(f, bytes, len);
}

static void is_json(const cJSON *have, const char *path, const char *want)
{
	char *text = cJSON_PrintUnformatted(mok_json_at(have, path));

	assert_non_null(text);
	assert_string_equal(text, want);
	cJSON_free(text);
}

static void a_pod_comes_with_its_names(void **state)
{
	const cJSON *json = read_text(*state, pod);

	assert_non_null(json);
	is_json(json, "kind", "\"Pod\"");
	is_json(json, "metadata.labels", "{\"a\":\"b\",\"c\":\"\"}");
	is_json(json, "metadata.ownerReferences.0.controller", "true");
	is_json(json, "metadata.creationTimestamp", "null");
	is_json(json, "spec.terminationGracePeriodSeconds", "5");
	is_json(json, "spec.automountServiceAccountToken", "false");
	is_json(json, "spec.securityContext.supplementalGroups", "[7,8]");
	is_json(json, "spec.tolerations.0.tolerationSeconds", "-1");
}

static void what_go_has_inline_is_inline(void **state)
{
	const cJSON *json = read_text(*state, pod);

	is_json(json, "spec.volumes.0.name", "\"v\"");
	is_json(json, "spec.volumes.0.emptyDir.medium", "\"\"");
	is_json(json, "spec.volumes.1.secret.secretName", "\"s\"");
	is_json(json, "spec.containers.0.envFrom.0.configMapRef.name", "\"env\"");
	is_json(json, "spec.containers.0.readinessProbe.httpGet.port", "\"http\"");
	is_json(json, "spec.containers.0.livenessProbe.tcpSocket.port", "80");
	is_json(json, "spec.containers.0.resources.requests",
		"{\"cpu\":\"250m\",\"memory\":\"1Gi\"}");
}

static void values_that_json_has_not_are_texts(void **state)
{
	is_json(read_text(*state, secret), "data", "{\"A\":\"AP8B\",\"B\":\"\"}");
	is_json(read_text(*state, lease), "spec.renewTime", "\"2026-01-02T03:04:05.678901Z\"");
	is_json(read_text(*state, event), "firstTimestamp", "\"2026-01-02T03:04:05Z\"");
	is_json(read_text(*state, event), "lastTimestamp", "null");
	is_json(read_text(*state, pdb), "spec.maxUnavailable", "\"50%\"");
	is_json(read_text(*state, revision), "data", "{\"a\":[1]}");
}

static void a_schema_is_what_its_own_json_would_be(void **state)
{
	const cJSON *json = read_text(*state, crd);
	const cJSON *properties =
		mok_json_at(json, "spec.versions.0.schema.openAPIV3Schema.properties");

	is_json(properties, "n",
		"{\"type\":\"number\",\"default\":1,\"maximum\":3.5,\"enum\":[1]}");
	is_json(properties, "l", "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
	is_json(properties, "m",
		"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}");
	is_json(properties, "f", "{\"type\":\"object\",\"additionalProperties\":true}");
	is_json(properties, "x",
		"{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}");
}

static void options_are_of_any_group(void **state)
{
	const cJSON *json = read_text(*state, options);

	is_json(json, "apiVersion", "\"apps/v1\"");
	is_json(json, "propagationPolicy", "\"Background\"");
	is_json(json, "gracePeriodSeconds", "5");
	is_json(json, "dryRun", "[\"All\"]");
}

/* Bytes after the magic. */
static const char *refused(struct fixture *f, const char *bytes, size_t len)
{
	char body[512] = "k8s";

	assert_true(len + 4 <= sizeof(body));
	memcpy(body + 4, bytes, len);
	assert_null(read_bytes(f, body, len + 4));
	assert_non_null(f->error);
	return f->error;
}

#define REFUSED(f, text) refused(f, text, sizeof(text) - 1)

static void what_is_malformed_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_null(read_bytes(f, "", 0));
	assert_string_equal(f->error, "empty data");
	assert_null(read_bytes(f, "{}", 2));
	assert_non_null(strstr(f->error, "expected prefix [107 56 115 0]"));
	assert_null(read_bytes(f, "k8s", 4));
	assert_string_equal(f->error, "empty body");
	assert_string_equal(REFUSED(f, "\x12\x05\x0a"), "unexpected EOF");
	assert_string_equal(
		REFUSED(f, "\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), "unexpected EOF");
	assert_string_equal(REFUSED(f, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
		"proto: integer overflow");
	assert_string_equal(
		REFUSED(f, "\x12\x02\x08\x01"), "proto: wrong wireType = 0 for field Metadata");
	assert_string_equal(REFUSED(f, "\x12\x01\x0b"), "proto: illegal wireType");
	assert_string_equal(
		REFUSED(f, "\x12\x05\x0a\x03\x0a\x01\xff"), "string field contains invalid UTF-8");
	assert_string_equal(
		REFUSED(f, "\x12\x05\x0a\x03\x0a\x01\x00"), "string field contains invalid UTF-8");
}

static void times_beyond_the_calendar_are_refused(void **state)
{
	assert_non_null(strstr(
		REFUSED(*state, "\x12\x0e\x0a\x0c\x42\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
		"year outside of range"));
}

static void truncated_bodies_never_crash(void **state)
{
	struct fixture *f = *state;
	size_t len = 0;
	const char *bytes = mok_unbase64(f->arena, crd, &len);

	for (size_t i = 0; i < len; i++) {
		char *copy = malloc(i + 1);

		assert_non_null(copy);
		memcpy(copy, bytes, i);
		read_bytes(f, copy, i);
		free(copy);
	}
}

/* Makes what begins at *at the content of a field, to its left. */
static void wrap(char *body, size_t size, size_t *at, unsigned number)
{
	size_t len = size - *at;
	unsigned tag = number << 3 | 2;

	assert_true(*at > 8);
	body[--*at] = (char)(len >> 7);
	body[--*at] = (char)(0x80 | (len & 0x7f));
	body[--*at] = (char)(tag >> 7);
	body[--*at] = (char)(0x80 | (tag & 0x7f));
}

/* A schema that negates one that negates one ... */
static const cJSON *read_nested(struct fixture *f, int depth)
{
	static const unsigned path[] = { 1, 4, 7, 2,
		2 }; /* to a definition's schema, from inside */
	char body[4096];
	size_t at = sizeof(body);

	for (int i = 0; i < depth; i++)
		wrap(body, sizeof(body), &at, 28);
	for (size_t i = 0; i < MOK_COUNT(path); i++)
		wrap(body, sizeof(body), &at, path[i]);
	at -= 4;
	memcpy(body + at, "k8s", 4);
	return read_as(f, body + at, sizeof(body) - at,
		"apiextensions.k8s.io/v1 CustomResourceDefinition");
}

static void depth_is_bounded(void **state)
{
	struct fixture *f = *state;

	is_json(read_nested(f, 2), "spec.versions.0.schema.openAPIV3Schema",
		"{\"not\":{\"not\":{}}}");
	assert_null(read_nested(f, 300));
	assert_string_equal(f->error, "exceeded max depth");
}

static void fields_that_nobody_knows_are_skipped(void **state)
{
	struct fixture *f = *state;
	static const char body[] = "k8s\0\x12\x09\xfa\x3f\x01x\xf8\x3f\x01\x0a\x00";

	assert_non_null(read_bytes(f, body, sizeof(body) - 1));
	is_json(f->json, "metadata", "{}");
	is_json(f->json, "kind", "\"Pod\"");
}

static void the_later_of_two_keys_counts(void **state)
{
	struct fixture *f = *state;
	static const char body[] = "k8s\0\x0a\x0f\x0a\x02v1\x12\x09"
				   "ConfigMap"
				   "\x12\x10\x12\x06\x0a\x01k\x12\x01"
				   "1\x12\x06\x0a\x01k\x12\x01"
				   "2";

	assert_non_null(read_bytes(f, body, sizeof(body) - 1));
	is_json(f->json, "data", "{\"k\":\"2\"}");
}

static void numbers_may_be_packed(void **state)
{
	struct fixture *f = *state;
	static const char body[] = "k8s\0\x12\x08\x12\x06\x72\x04\x22\x02\x07\x08";

	assert_non_null(read_bytes(f, body, sizeof(body) - 1));
	is_json(f->json, "spec.securityContext.supplementalGroups", "[7,8]");
}

/* ---- over the server ---- */

static int send_text(
	struct kube_memory *m, const char *method, const char *target, const char *base64)
{
	size_t len = 0;
	const char *bytes = mok_unbase64(m->arena, base64, &len);

	return kube_send(m, method, target, PROTOBUF, bytes, len);
}

static void the_server_takes_them(void **state)
{
	struct kube_memory m;

	(void)state;
	kube_memory_open(&m);
	assert_int_equal(send_text(&m, "POST", "/api/v1/namespaces/default/pods", pod), 201);
	assert_string_equal(kube_str(&m, "spec.volumes.1.secret.secretName"), "s");
	assert_null(mok_json_at(m.json, "spec.volumes.0.emptyDir.medium"));
	assert_null(mok_json_at(m.json, "metadata.generateName"));
	assert_int_equal(
		send_text(&m, "DELETE", "/api/v1/namespaces/default/pods/one", options), 200);
	assert_int_equal(
		kube_ask(&m, "GET", "/api/v1/namespaces/default/pods/one", NULL, NULL), 200);
	assert_int_equal(send_text(&m, "POST", "/api/v1/namespaces/default/pods", secret), 400);
	assert_int_equal(
		kube_send(&m, "POST", "/api/v1/namespaces/default/pods", PROTOBUF, "{}", 2), 400);
	assert_non_null(strstr(kube_str(&m, "message"), "[107 56 115 0] ({})"));
	kube_memory_close(&m);
}

static void custom_resources_and_patches_are_not_protobuf(void **state)
{
	struct kube_memory m;

	(void)state;
	kube_memory_open(&m);
	assert_int_equal(send_text(&m, "PATCH",
				 "/api/v1/namespaces/default/configmaps/kube-root-ca.crt", secret),
		415);
	assert_int_equal(
		send_text(&m, "POST",
			"/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways", pod),
		415);
	kube_memory_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_pod_comes_with_its_names, setup, teardown),
		cmocka_unit_test_setup_teardown(what_go_has_inline_is_inline, setup, teardown),
		cmocka_unit_test_setup_teardown(
			values_that_json_has_not_are_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_schema_is_what_its_own_json_would_be, setup, teardown),
		cmocka_unit_test_setup_teardown(options_are_of_any_group, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_malformed_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			times_beyond_the_calendar_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(truncated_bodies_never_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(depth_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			fields_that_nobody_knows_are_skipped, setup, teardown),
		cmocka_unit_test_setup_teardown(the_later_of_two_keys_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_may_be_packed, setup, teardown),
		cmocka_unit_test(the_server_takes_them),
		cmocka_unit_test(custom_resources_and_patches_are_not_protobuf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
