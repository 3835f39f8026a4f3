/* Certificates in the sandbox. Keys and certificates are made by the test. */
#include "api_client.h"
#include "s3_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cmocka.h>

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

#define CERTIFICATES "/v2/certificates"

/* 2030-01-02T03:04:05Z */
#define NOT_AFTER ((time_t)1893553445)

struct made {
	char *key, *leaf, *sha1; /* PEM, PEM, hexadecimal; in the arena */
};

static char *drain(struct mok_arena *arena, BIO *bio)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	char *copy = mok_arena_strndup(arena, data, (size_t)len);

	BIO_free(bio);
	return copy;
}

static void add_names(X509 *x509, const char *names)
{
	X509_EXTENSION *names_ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

	assert_non_null(names_ext);
	assert_int_equal(X509_add_ext(x509, names_ext, -1), 1);
	X509_EXTENSION_free(names_ext);
}

static struct made make_pair(struct mok_arena *arena, const char *names)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	BIO *key_bio = BIO_new(BIO_s_mem()), *leaf_bio = BIO_new(BIO_s_mem());
	unsigned char sha1[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	struct made made;

	assert_non_null(key);
	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	ASN1_TIME_set(X509_getm_notBefore(x509), 0);
	ASN1_TIME_set(X509_getm_notAfter(x509), NOT_AFTER);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
		(const unsigned char *)"cn.a.example", -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(x509));
	if (names)
		add_names(x509, names);
	X509_set_pubkey(x509, key);
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
	PEM_write_bio_X509(leaf_bio, x509);
	assert_int_equal(X509_digest(x509, EVP_sha1(), sha1, &len), 1);
	made.key = drain(arena, key_bio);
	made.leaf = drain(arena, leaf_bio);
	made.sha1 = mok_arena_alloc(arena, (size_t)2 * len + 1);
	mok_hex(sha1, len, made.sha1);
	X509_free(x509);
	EVP_PKEY_free(key);
	return made;
}

/* In the arena. key or leaf NULL: left out. */
static const char *body_of(
	struct api_client *c, const char *name, const char *key, const char *leaf)
{
	cJSON *json = cJSON_CreateObject();
	char *text;
	const char *copy;

	cJSON_AddStringToObject(json, "name", name);
	if (key)
		cJSON_AddStringToObject(json, "private_key", key);
	if (leaf)
		cJSON_AddStringToObject(json, "leaf_certificate", leaf);
	text = cJSON_PrintUnformatted(json);
	copy = mok_arena_strdup(c->arena, text);
	cJSON_free(text);
	cJSON_Delete(json);
	return copy;
}

static void a_certificate_says_what_it_is(void **state)
{
	struct api_client *c = *state;
	struct made made = make_pair(c->arena, "DNS:a.example,DNS:*.a.example,IP:192.0.2.1");
	const char *body = body_of(c, "one", made.key, made.leaf);

	assert_int_equal(api_ask(c, "POST", body, CERTIFICATES), 201);
	assert_string_equal(api_str(c, "certificate.type"), "custom");
	assert_string_equal(api_str(c, "certificate.state"), "verified");
	assert_string_equal(api_str(c, "certificate.sha1_fingerprint"), made.sha1);
	assert_string_equal(api_str(c, "certificate.not_after"), "2030-01-02T03:04:05Z");
	assert_int_equal(api_len(c, "certificate.dns_names"), 2);
	assert_true(api_list_has(c, "certificate.dns_names", "*.a.example"));
	assert_null(strstr(c->out.body.data, "PRIVATE"));
	assert_int_equal(api_ask(c, "POST", body, CERTIFICATES), 422);
	assert_string_equal(api_str(c, "message"), "name is not unique");
	made = make_pair(c->arena, NULL);
	assert_int_equal(
		api_ask(c, "POST", body_of(c, "two", made.key, made.leaf), CERTIFICATES), 201);
	assert_true(api_list_has(c, "certificate.dns_names", "cn.a.example"));
	api_ask(c, "GET", NULL, CERTIFICATES "?name=two");
	assert_int_equal(api_int(c, "meta.total"), 1);
	api_ask(c, "GET", NULL, CERTIFICATES "?name=");
	assert_int_equal(api_int(c, "meta.total"), 2);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct api_client *c = *state;
	struct made one = make_pair(c->arena, NULL), two = make_pair(c->arena, NULL);
	const char *const bodies[] = {
		body_of(c, "x", two.key, one.leaf),
		body_of(c, "x", one.leaf, one.key),
		body_of(c, "x", one.key, "no certificate"),
		body_of(c, "x", one.key, NULL),
		body_of(c, "x", NULL, one.leaf),
		body_of(c, "", one.key, one.leaf),
		api_json(c, "{'name':'x','type':'other'}"),
	};

	for (size_t i = 0; i < MOK_COUNT(bodies); i++)
		if (api_ask(c, "POST", bodies[i], CERTIFICATES) != 422)
			fail_msg("body %zu was taken", i);
	api_ask(c, "GET", NULL, CERTIFICATES);
	assert_int_equal(api_int(c, "meta.total"), 0);
}

static void lets_encrypt_needs_the_domain_and_time(void **state)
{
	struct api_client *c = *state;
	const char *body = api_json(
		c, "{'name':'le','type':'lets_encrypt','dns_names':['a.example','w.a.example']}");
	const char *id;

	assert_int_equal(api_ask(c, "POST", body, CERTIFICATES), 422);
	api_ask(c, "POST", api_json(c, "{'name':'a.example'}"), "/v2/domains");
	assert_int_equal(api_ask(c, "POST",
				 api_json(c, "{'name':'le','type':'lets_encrypt','dns_names':[]}"),
				 CERTIFICATES),
		422);
	assert_int_equal(api_ask(c, "POST", body, CERTIFICATES), 201);
	id = api_str(c, "certificate.id");
	assert_string_equal(api_str(c, "certificate.state"), "pending");
	assert_false(api_has(c, "certificate.sha1_fingerprint"));
	c->now_ms += 2L * API_MINUTE_MS;
	api_ask(c, "GET", NULL, CERTIFICATES "/%s", id);
	assert_string_equal(api_str(c, "certificate.state"), "verified");
	assert_int_equal(strlen(api_str(c, "certificate.sha1_fingerprint")), 40);
	assert_true(api_has(c, "certificate.not_after"));
	assert_int_equal(api_ask(c, "DELETE", NULL, CERTIFICATES "/%s", id), 204);
	assert_int_equal(api_ask(c, "GET", NULL, CERTIFICATES "/%s", id), 404);
}

/* Until the endpoint that uses it is gone, a certificate stays. */
static void a_used_certificate_stays(void **state)
{
	struct api_client *c;
	struct s3_client s3;
	struct made made;
	const char *id, *endpoint;

	(void)state;
	s3_client_open(&s3, NULL);
	s3.region = "ams3";
	s3.host = "ams3.digitaloceanspaces.com";
	c = &(struct api_client){ .sandbox = s3.sandbox, .arena = s3.arena, .now_ms = s3.now_ms };
	mok_sandbox_response_init(&c->out);
	made = make_pair(c->arena, "DNS:m.a.example");
	assert_int_equal(s3_client_text(&s3, "PUT", "/media", NULL), 200);
	api_ask(c, "POST", body_of(c, "one", made.key, made.leaf), CERTIFICATES);
	id = api_str(c, "certificate.id");
	assert_int_equal(api_ask(c, "POST",
				 api_json(c,
					 "{'origin':'media.ams3.digitaloceanspaces.com',"
					 "'custom_domain':'m.a.example','certificate_id':'%s'}",
					 id),
				 "/v2/cdn/endpoints"),
		201);
	endpoint = api_str(c, "endpoint.id");
	assert_int_equal(api_ask(c, "DELETE", NULL, CERTIFICATES "/%s", id), 403);
	assert_int_equal(api_ask(c, "GET", NULL, CERTIFICATES "/%s", id), 200);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/cdn/endpoints/%s", endpoint), 204);
	assert_int_equal(api_ask(c, "DELETE", NULL, CERTIFICATES "/%s", id), 204);
	cJSON_Delete(c->json);
	mok_sandbox_response_release(&c->out);
	s3_client_close(&s3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_certificate_says_what_it_is),
		TEST(what_does_not_fit_is_refused),
		TEST(lets_encrypt_needs_the_domain_and_time),
		cmocka_unit_test(a_used_certificate_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
