#include "age_internal.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#define CHUNK_SIZE ((size_t)64 << 10)

/* Eleven bytes count the chunks, the twelfth says whether it is the last. */
static void chunk_nonce(uint64_t counter, bool last, unsigned char out[12])
{
	for (int i = 10; i >= 0; i--) {
		out[i] = (unsigned char)counter;
		counter >>= 8;
	}
	out[11] = last;
}

void age_stream_seal(const struct mok_random *random, const unsigned char file_key[FILE_KEY_SIZE],
	const void *plain, size_t len, struct mok_buf *out)
{
	unsigned char *sealed = mok_xmalloc(CHUNK_SIZE + TAG_SIZE);
	unsigned char nonce[NONCE_SIZE], key[32], counted[12];
	const unsigned char *at = plain;
	uint64_t counter = 0;
	size_t part;

	age_random(random, nonce, sizeof(nonce));
	mok_buf_add(out, nonce, sizeof(nonce));
	if (!age_hkdf(file_key, FILE_KEY_SIZE, nonce, sizeof(nonce), "payload", key))
		MOK_BUG("HKDF failed");
	do {
		part = len < CHUNK_SIZE ? len : CHUNK_SIZE;
		chunk_nonce(counter++, part == len, counted);
		if (!age_seal(key, counted, at, part, sealed))
			MOK_BUG("ChaCha20-Poly1305 failed");
		mok_buf_add(out, sealed, part + TAG_SIZE);
		at += part;
		len -= part;
	} while (len > 0);
	OPENSSL_cleanse(key, sizeof(key));
	free(sealed);
}

static bool open_chunks(const unsigned char key[32], const unsigned char *at, size_t len,
	unsigned char *plain, struct mok_buf *out)
{
	unsigned char counted[12];
	uint64_t counter = 0;
	bool last;

	do {
		size_t part = len < CHUNK_SIZE + TAG_SIZE ? len : CHUNK_SIZE + TAG_SIZE;

		last = part == len;
		/* An empty chunk is only for an empty file. */
		if (part < TAG_SIZE || (part == TAG_SIZE && counter > 0))
			return false;
		chunk_nonce(counter++, last, counted);
		if (!age_open(key, counted, at, part, plain))
			return false;
		mok_buf_add(out, plain, part - TAG_SIZE);
		at += part;
		len -= part;
	} while (!last);
	return !out->overflow;
}

bool age_stream_open(const unsigned char file_key[FILE_KEY_SIZE], const void *sealed, size_t len,
	struct mok_buf *out)
{
	const unsigned char *at = sealed;
	unsigned char key[32], *plain;
	bool fine;

	if (len < NONCE_SIZE || !age_hkdf(file_key, FILE_KEY_SIZE, at, NONCE_SIZE, "payload", key))
		return false;
	plain = mok_xmalloc(CHUNK_SIZE + TAG_SIZE);
	fine = open_chunks(key, at + NONCE_SIZE, len - NONCE_SIZE, plain, out);
	OPENSSL_cleanse(plain, CHUNK_SIZE + TAG_SIZE);
	OPENSSL_cleanse(key, sizeof(key));
	free(plain);
	return fine;
}
