/*
 * Certificates. A custom one is read with OpenSSL: what it says of itself is what the API says. Its
 * key is checked against the leaf and then forgotten. Let's Encrypt needs the domain in the
 * account.
 */
#include "core_internal.h"

#include "fields.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#define CERTIFICATE_KIND "certificate"

enum { ISSUE_MIN_S = 20, ISSUE_MAX_S = 90, LIFE_DAYS = 90 };

static bool is_issued(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	return sb_get_int(doc->json, "ready_ms", 0) <= ctx->now_ms;
}

static cJSON *view(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	bool issued = is_issued(ctx, doc);
	cJSON *out = cJSON_CreateObject();

	sb_set_str(out, "id", doc->id);
	sb_set_str(out, "name", doc->name);
	sb_set_str(out, "not_after", issued ? sb_get_str(doc->json, "not_after") : "");
	sb_set_str(
		out, "sha1_fingerprint", issued ? sb_get_str(doc->json, "sha1_fingerprint") : "");
	sb_set_time(out, "created_at", doc->created_ms);
	mok_json_set(out, "dns_names", cJSON_Duplicate(sb_get(doc->json, "dns_names"), true));
	sb_set_str(out, "state", issued ? "verified" : "pending");
	sb_set_str(out, "type", sb_get_str(doc->json, "type"));
	if (!issued) {
		cJSON_DeleteItemFromObjectCaseSensitive(out, "not_after");
		cJSON_DeleteItemFromObjectCaseSensitive(out, "sha1_fingerprint");
	}
	return out;
}

/* ---- custom certificates ---- */

static X509 *read_leaf(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)strlen(pem));
	X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return x509;
}

static int no_password(char *buffer, int size, int writing, void *self)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)self;
	return 0;
}

static bool is_key_of(X509 *x509, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)strlen(pem));
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
	bool fits = key && X509_check_private_key(x509, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return fits;
}

static cJSON *names_of(X509 *x509)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	cJSON *list = cJSON_CreateArray();
	char common[256];

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS)
			cJSON_AddItemToArray(list,
				cJSON_CreateString(
					(const char *)ASN1_STRING_get0_data(name->d.dNSName)));
	}
	GENERAL_NAMES_free(names);
	if (cJSON_GetArraySize(list) == 0 &&
		X509_NAME_get_text_by_NID(
			X509_get_subject_name(x509), NID_commonName, common, sizeof(common)) > 0)
		cJSON_AddItemToArray(list, cJSON_CreateString(common));
	return list;
}

static void describe(struct sb_ctx *ctx, struct sb_doc *doc, X509 *x509)
{
	unsigned char sha1[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	struct tm tm;
	char text[32], hex[2 * EVP_MAX_MD_SIZE + 1];

	memset(&tm, 0, sizeof(tm));
	if (X509_digest(x509, EVP_sha1(), sha1, &len) == 1) {
		mok_hex(sha1, len, hex);
		sb_set_str(doc->json, "sha1_fingerprint", mok_arena_strdup(ctx->arena, hex));
	}
	if (ASN1_TIME_to_tm(X509_get0_notAfter(x509), &tm) == 1 &&
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		sb_set_str(doc->json, "not_after", text);
	mok_json_set(doc->json, "dns_names", names_of(x509));
}

/* False: it has answered. */
static bool take_custom(struct sb_ctx *ctx, struct sb_doc *doc)
{
	const char *key = sb_get_word(ctx->body, "private_key");
	const char *leaf = sb_get_word(ctx->body, "leaf_certificate");
	X509 *x509 = leaf ? read_leaf(leaf) : NULL;
	bool fits = x509 && key && is_key_of(x509, key);

	if (fits)
		describe(ctx, doc, x509);
	else
		sb_fail(ctx, 422, "%s",
			!key || !leaf  ? "private_key and leaf_certificate are required"
				: x509 ? "private key does not match the certificate"
				       : "invalid leaf certificate");
	X509_free(x509);
	return fits;
}

/* ---- Let's Encrypt ---- */

static bool has_domain(struct sb_ctx *ctx, const char *name)
{
	for (const char *p = name; p && *p; p = strchr(p, '.')) {
		p += *p == '.';
		if (sb_doc_get(ctx, "domain", p))
			return true;
	}
	return false;
}

static bool take_issued(struct sb_ctx *ctx, struct sb_doc *doc)
{
	const cJSON *names = sb_get(ctx->body, "dns_names"), *name;

	if (!sb_is_string_list(names) || cJSON_GetArraySize(names) == 0) {
		sb_fail(ctx, 422, "dns_names is required");
		return false;
	}
	cJSON_ArrayForEach(name, names)
	{
		if (has_domain(ctx, name->valuestring))
			continue;
		sb_fail(ctx, 422, "domain %.255s must be added to your account first",
			name->valuestring);
		return false;
	}
	mok_json_set(doc->json, "dns_names", cJSON_Duplicate(names, true));
	sb_set_int(doc->json, "ready_ms",
		sb_after_between(ctx, (int64_t)ISSUE_MIN_S * SB_SECOND_MS,
			(int64_t)ISSUE_MAX_S * SB_SECOND_MS));
	sb_set_str(doc->json, "not_after",
		sb_time(ctx, ctx->now_ms + (int64_t)LIFE_DAYS * 24 * SB_HOUR_MS));
	sb_set_str(doc->json, "sha1_fingerprint", sb_random_word(ctx, 40, "0123456789abcdef"));
	return true;
}

/* ---- the API ---- */

static void list_certificates(struct sb_ctx *ctx)
{
	const struct sb_page page = { .key = "certificates",
		.which = { .kind = CERTIFICATE_KIND, .name = sb_filter(ctx, "name") },
		.view = view };

	sb_reply_page(ctx, &page);
}

static void create_certificate(struct sb_ctx *ctx)
{
	const char *name = sb_get_word(ctx->body, "name");
	const char *type = sb_get_word(ctx->body, "type");
	bool custom = !type || strcmp(type, "custom") == 0;
	struct sb_doc *doc;

	if (!name || strlen(name) > 255) {
		sb_fail(ctx, 422, "name is required");
		return;
	}
	if (sb_doc_named(ctx, CERTIFICATE_KIND, NULL, name)) {
		sb_fail(ctx, 422, "name is not unique");
		return;
	}
	if (!custom && strcmp(type, "lets_encrypt") != 0) {
		sb_fail(ctx, 422, "type must be custom or lets_encrypt");
		return;
	}
	doc = sb_doc_new(ctx, CERTIFICATE_KIND, sb_uuid(ctx), NULL);
	doc->name = name;
	sb_set_str(doc->json, "type", custom ? "custom" : "lets_encrypt");
	if (!(custom ? take_custom(ctx, doc) : take_issued(ctx, doc)))
		return;
	sb_doc_put(ctx, doc);
	sb_note_create(ctx, "certificate", doc->id);
	sb_reply_root(ctx, 201, "certificate", view(ctx, doc));
}

static void get_certificate(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, CERTIFICATE_KIND, ctx->params[0]);

	if (doc)
		sb_reply_root(ctx, 200, "certificate", view(ctx, doc));
}

static void delete_certificate(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, CERTIFICATE_KIND, ctx->params[0]);
	struct sb_which users = { .kind = "cdn" };

	if (!doc)
		return;
	users.alt = doc->id;
	if (sb_doc_count(ctx, &users)) {
		sb_fail(ctx, 403, "The certificate is in use and cannot be deleted");
		return;
	}
	sb_doc_delete(ctx, doc);
	sb_note_delete(ctx, "certificate", doc->id);
	sb_reply_empty(ctx, 204);
}

const struct sb_route certificate_routes[] = {
	{ "GET", "/v2/certificates", list_certificates, 0 },
	{ "POST", "/v2/certificates", create_certificate, 0 },
	{ "GET", "/v2/certificates/{id}", get_certificate, 0 },
	{ "DELETE", "/v2/certificates/{id}", delete_certificate, 0 },
	{ 0 },
};
