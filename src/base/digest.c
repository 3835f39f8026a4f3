/* SHA-256 by the functions of old: the new ones look the algorithm up at each call, which costs
 * four times the hashing of an address. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "mok/base.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>
#include <zlib.h>

void mok_sha256(const void *data, size_t len, unsigned char out[32])
{
	SHA256_CTX ctx;

	SHA256_Init(&ctx);
	SHA256_Update(&ctx, data, len);
	SHA256_Final(out, &ctx);
}

void mok_md5(const void *data, size_t len, unsigned char out[16])
{
	unsigned int out_len = 16;

	if (EVP_Digest(data, len, out, &out_len, EVP_md5(), NULL) != 1)
		MOK_BUG("no MD5");
}

void mok_hex(const unsigned char *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * len] = '\0';
}

void mok_sha256_hex(const void *data, size_t len, char out[65])
{
	unsigned char sum[32];

	mok_sha256(data, len, sum);
	mok_hex(sum, sizeof(sum), out);
}

void mok_hmac_sha256(
	const void *key, size_t key_len, const void *data, size_t len, unsigned char out[32])
{
	unsigned int n = 32;

	if (!HMAC(EVP_sha256(), key, (int)key_len, data, len, out, &n))
		MOK_BUG("HMAC-SHA256 failed");
}

uint32_t mok_crc32(const void *data, size_t len)
{
	return (uint32_t)crc32_z(0, data, len);
}

char *mok_base64(struct mok_arena *arena, const void *data, size_t len)
{
	char *out = mok_arena_alloc(arena, (len + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)out, data, (int)len);
	return out;
}

char *mok_unbase64(struct mok_arena *arena, const char *text, size_t *len)
{
	size_t n = strlen(text);
	char *out = mok_arena_alloc(arena, n / 4 * 3 + 1);
	int got = n % 4 == 0 && n < INT32_MAX
		? EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)text, (int)n)
		: -1;

	for (size_t i = 0; got > 0 && i < 2 && text[n - 1 - i] == '='; i++)
		got--;
	/* OpenSSL lets a = stand anywhere. */
	if (got < 0 || strcmp(mok_base64(arena, out, (size_t)got), text) != 0)
		return NULL;
	out[got] = '\0';
	if (len)
		*len = (size_t)got;
	return out;
}

uint64_t mok_rng_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}
