#include "age_internal.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

/* scrypt takes 128 * r * N bytes and a little. */
#define SCRYPT_R 8
#define SCRYPT_MEMORY_MAX(work_factor) \
	(((uint64_t)128 * SCRYPT_R << (work_factor)) + ((uint64_t)1 << 20))
#define SCRYPT_LABEL "age-encryption.org/v1/scrypt"

void age_random(const struct mok_random *random, unsigned char *out, size_t len)
{
	while (len > 0) {
		uint64_t bits = random->next(random->self);
		size_t part = len < sizeof(bits) ? len : sizeof(bits);

		memcpy(out, &bits, part);
		out += part;
		len -= part;
	}
}

bool age_hkdf(const void *key, size_t key_len, const void *salt, size_t salt_len, const char *info,
	unsigned char out[32])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	size_t len = 32;
	bool fine = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
		EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) == 1 &&
		EVP_PKEY_CTX_set1_hkdf_key(ctx, key, (int)key_len) == 1 &&
		(salt_len == 0 || EVP_PKEY_CTX_set1_hkdf_salt(ctx, salt, (int)salt_len) == 1) &&
		EVP_PKEY_CTX_add1_hkdf_info(ctx, (const unsigned char *)info, (int)strlen(info)) ==
			1 &&
		EVP_PKEY_derive(ctx, out, &len) == 1 && len == 32;

	EVP_PKEY_CTX_free(ctx);
	return fine;
}

bool age_x25519(
	const unsigned char secret[32], const unsigned char point[32], unsigned char out[32])
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, 32);
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, 32);
	EVP_PKEY_CTX *ctx = own && peer ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	static const unsigned char zero[32];
	size_t len = 32;
	bool fine = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
		EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, out, &len) == 1 &&
		len == 32 && CRYPTO_memcmp(out, zero, 32) != 0;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
	return fine;
}

bool age_x25519_public(const unsigned char secret[32], unsigned char out[32])
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, 32);
	size_t len = 32;
	bool fine = own && EVP_PKEY_get_raw_public_key(own, out, &len) == 1 && len == 32;

	EVP_PKEY_free(own);
	return fine;
}

bool age_scrypt(const char *passphrase, const unsigned char salt[SALT_SIZE], int work_factor,
	unsigned char out[32])
{
	unsigned char salted[sizeof(SCRYPT_LABEL) - 1 + SALT_SIZE];

	memcpy(salted, SCRYPT_LABEL, sizeof(SCRYPT_LABEL) - 1);
	memcpy(salted + sizeof(SCRYPT_LABEL) - 1, salt, SALT_SIZE);
	return EVP_PBE_scrypt(passphrase, strlen(passphrase), salted, sizeof(salted),
		       (uint64_t)1 << work_factor, SCRYPT_R, 1, SCRYPT_MEMORY_MAX(work_factor), out,
		       32) == 1;
}

bool age_seal(const unsigned char key[32], const unsigned char nonce[12], const void *plain,
	size_t len, unsigned char *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool fine = ctx &&
		EVP_EncryptInit_ex(ctx, EVP_chacha20_poly1305(), NULL, key, nonce) == 1 &&
		(len == 0 || EVP_EncryptUpdate(ctx, out, &n, plain, (int)len) == 1) &&
		n == (int)len && EVP_EncryptFinal_ex(ctx, out + len, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, out + len) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return fine;
}

bool age_open(const unsigned char key[32], const unsigned char nonce[12], const void *sealed,
	size_t len, unsigned char *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t body = len - TAG_SIZE;
	unsigned char tag[TAG_SIZE];
	int n = 0;
	bool fine;

	memcpy(tag, (const unsigned char *)sealed + body, TAG_SIZE);
	fine = ctx && EVP_DecryptInit_ex(ctx, EVP_chacha20_poly1305(), NULL, key, nonce) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1 &&
		(body == 0 || EVP_DecryptUpdate(ctx, out, &n, sealed, (int)body) == 1) &&
		n == (int)body && EVP_DecryptFinal_ex(ctx, out + body, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return fine;
}
