/*
 * The certificate authority of the cloud's clusters and their server certificate. Ed25519, whose
 * signatures follow from key and content alone, so that the same seed gives the same answers; the
 * keys come from the cloud's seed as all its secrets do, and are good for nothing but the sandbox.
 */
#include "core_internal.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

static const char *make_key(struct sb_ctx *ctx)
{
	return sb_random_word(ctx, 32, NULL);
}

static EVP_PKEY *read_key(struct sb_core *core, const char *name)
{
	const char *raw = sb_meta(core, name, make_key);
	unsigned char digest[32];

	mok_sha256(raw, strlen(raw), digest);
	return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, digest, sizeof(digest));
}

static void set_name(X509_NAME *name, const char *text)
{
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0);
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (extension)
		X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
}

static X509 *new_certificate(EVP_PKEY *key, const char *name, long serial)
{
	X509 *cert = X509_new();

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), "20260101000000Z");
	ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), "20560101000000Z");
	set_name(X509_get_subject_name(cert), name);
	X509_set_pubkey(cert, key);
	return cert;
}

static X509 *make_ca(EVP_PKEY *key)
{
	X509 *cert = new_certificate(key, "mok sandbox Kubernetes CA", 1);

	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,digitalSignature");
	add_extension(cert, cert, NID_subject_key_identifier, "hash");
	X509_sign(cert, key, NULL);
	return cert;
}

static X509 *make_server(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
	X509 *cert = new_certificate(key, "kube-apiserver", 2);

	X509_set_issuer_name(cert, X509_get_subject_name(ca));
	add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE");
	add_extension(cert, ca, NID_key_usage, "critical,digitalSignature");
	add_extension(cert, ca, NID_ext_key_usage, "serverAuth");
	add_extension(cert, ca, NID_subject_alt_name, "IP:127.0.0.1,IP:::1,DNS:localhost");
	add_extension(cert, ca, NID_authority_key_identifier, "keyid");
	X509_sign(cert, ca_key, NULL);
	return cert;
}

static const char *take_text(struct mok_arena *arena, BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);
	const char *text = mok_arena_strndup(arena, data, (size_t)len);

	BIO_free(bio);
	return text;
}

static const char *certificate_text(struct mok_arena *arena, X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_X509(bio, cert);
	return take_text(arena, bio);
}

static const char *key_text(struct mok_arena *arena, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	return take_text(arena, bio);
}

void sb_ca_make(struct sb_core *core)
{
	EVP_PKEY *ca_key, *key;
	X509 *ca, *cert;

	if (core->ca_pem)
		return;
	ca_key = read_key(core, "kubernetes_ca_key");
	key = read_key(core, "kubernetes_tls_key");
	if (!ca_key || !key)
		MOK_BUG("no Ed25519 in OpenSSL");
	ca = make_ca(ca_key);
	cert = make_server(key, ca, ca_key);
	core->ca_pem = certificate_text(core->arena, ca);
	core->tls_pem = certificate_text(core->arena, cert);
	core->tls_key_pem = key_text(core->arena, key);
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

/* ---- certificates for others ---- */

static void set_time(ASN1_TIME *time, int64_t ms)
{
	ASN1_TIME_set(time, (time_t)(ms / 1000));
}

static X509 *make_leaf(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, const struct sb_leaf *want,
	struct mok_buf *names)
{
	X509 *cert = new_certificate(key, want->name, 0);
	BIGNUM *serial = BN_bin2bn((const unsigned char *)want->seed, 16, NULL);

	BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert));
	BN_free(serial);
	set_time(X509_getm_notBefore(cert), want->from_ms);
	set_time(X509_getm_notAfter(cert), want->until_ms);
	X509_set_issuer_name(cert, X509_get_subject_name(ca));
	add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE");
	add_extension(cert, ca, NID_key_usage, "critical,digitalSignature");
	add_extension(cert, ca, NID_ext_key_usage, "serverAuth");
	add_extension(cert, ca, NID_subject_alt_name, names->data);
	add_extension(cert, ca, NID_authority_key_identifier, "keyid");
	X509_sign(cert, ca_key, NULL);
	return cert;
}

/* A P-256 key whose number is the seed's digest. */
static EVP_PKEY *p256_key(const char *seed)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = EC_POINT_new(group);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	unsigned char digest[32], public[65];
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	BIGNUM *number;

	mok_sha256(seed, strlen(seed), digest);
	digest[0] &= 0x7f; /* below the group's order */
	number = BN_bin2bn(digest, sizeof(digest), NULL);
	EC_POINT_mul(group, point, number, NULL, NULL, NULL);
	EC_POINT_point2oct(
		group, point, POINT_CONVERSION_UNCOMPRESSED, public, sizeof(public), NULL);
	OSSL_PARAM_BLD_push_utf8_string(build, "group", "prime256v1", 0);
	OSSL_PARAM_BLD_push_BN(build, "priv", number);
	OSSL_PARAM_BLD_push_octet_string(build, "pub", public, sizeof(public));
	params = OSSL_PARAM_BLD_to_param(build);
	if (EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) != 1)
		MOK_BUG("no P-256 in OpenSSL");
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	BN_free(number);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return key;
}

void sb_ca_issue(
	struct sb_ctx *ctx, const struct sb_leaf *want, const char **cert_pem, const char **key_pem)
{
	EVP_PKEY *ca_key = read_key(ctx->core, "kubernetes_ca_key"), *key = p256_key(want->seed);
	X509 *ca = make_ca(ca_key), *cert;
	struct mok_buf names;
	const cJSON *name;

	mok_buf_init(&names, 65536);
	cJSON_ArrayForEach(name, want->names)
		mok_buf_printf(&names, "%sDNS:%s", names.len ? "," : "", name->valuestring);
	cert = make_leaf(key, ca, ca_key, want, &names);
	*cert_pem = certificate_text(ctx->arena, cert);
	*key_pem = key_text(ctx->arena, key);
	mok_buf_release(&names);
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

const char *sb_account_key(struct sb_ctx *ctx)
{
	EVP_PKEY *key = p256_key(sb_random_word(ctx, 32, NULL));
	const char *text = key_text(ctx->arena, key);

	EVP_PKEY_free(key);
	return text;
}

const char *sb_kube_ca(struct sb_ctx *ctx)
{
	sb_ca_make(ctx->core);
	return ctx->core->ca_pem;
}

const char *sb_kube_url(struct sb_ctx *ctx, const char *cluster_id)
{
	if (ctx->core->kubernetes_url)
		return mok_arena_printf(ctx->arena, "%s/%s", ctx->core->kubernetes_url, cluster_id);
	return mok_arena_printf(ctx->arena, "https://%s.k8s.ondigitalocean.com", cluster_id);
}
