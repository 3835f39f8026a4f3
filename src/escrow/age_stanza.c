#include "age_internal.h"

#include <openssl/crypto.h>
#include <string.h>

#define X25519_LABEL "age-encryption.org/v1/X25519"

static const unsigned char zero_nonce[12];

bool age_slice_is(struct age_slice slice, const char *text)
{
	return slice.len == strlen(text) && memcmp(slice.at, text, slice.len) == 0;
}

/* An argument of exactly `size` bytes, at most 32. */
static bool decode_arg(struct age_slice arg, unsigned char *out, size_t size)
{
	unsigned char bytes[36];
	size_t n;

	if (arg.len != (size * 8 + 5) / 6 || !age_base64_decode(arg.at, arg.len, bytes, &n) ||
		n != size)
		return false;
	memcpy(out, bytes, size);
	return true;
}

/* [1-9][0-9]*, within the bound; 0: it is not. */
static int work_factor_of(struct age_slice arg)
{
	int value = 0;

	if (arg.len > 2 || (arg.len && arg.at[0] == '0'))
		return 0;
	for (size_t i = 0; i < arg.len; i++) {
		if (arg.at[i] < '0' || arg.at[i] > '9')
			return 0;
		value = value * 10 + (arg.at[i] - '0');
	}
	return value <= MOK_AGE_WORK_FACTOR_MAX ? value : 0;
}

bool age_stanza_valid(const struct age_stanza *s)
{
	unsigned char bytes[32];

	if (age_slice_is(s->args[0], "X25519"))
		return s->nargs == 2 && s->body_len == WRAPPED_SIZE &&
			decode_arg(s->args[1], bytes, 32);
	if (age_slice_is(s->args[0], "scrypt"))
		return s->nargs == 3 && s->body_len == WRAPPED_SIZE &&
			decode_arg(s->args[1], bytes, SALT_SIZE) && work_factor_of(s->args[2]) > 0;
	return true;
}

static void write_stanza(struct mok_buf *out, const char *type, const unsigned char *arg,
	size_t arg_len, const char *more, const unsigned char wrapped[WRAPPED_SIZE])
{
	char text[WRAPPED_SIZE * 4 / 3 + 4];

	age_base64_encode(arg, arg_len, text);
	mok_buf_printf(out, "-> %s %s%s\n", type, text, more);
	age_base64_encode(wrapped, WRAPPED_SIZE, text);
	mok_buf_printf(out, "%s\n", text);
}

/* ---- X25519 ---- */

static bool x25519_wrap_key(const unsigned char shared[32], const unsigned char share[32],
	const unsigned char recipient[32], unsigned char out[32])
{
	unsigned char salt[64];

	memcpy(salt, share, 32);
	memcpy(salt + 32, recipient, 32);
	return age_hkdf(shared, 32, salt, sizeof(salt), X25519_LABEL, out);
}

bool age_wrap_x25519(const struct mok_random *random, const struct mok_age_recipient *recipient,
	const unsigned char file_key[FILE_KEY_SIZE], struct mok_buf *out)
{
	unsigned char secret[32], share[32], shared[32], key[32], wrapped[WRAPPED_SIZE];
	bool fine;

	age_random(random, secret, sizeof(secret));
	fine = age_x25519_public(secret, share) && age_x25519(secret, recipient->key, shared) &&
		x25519_wrap_key(shared, share, recipient->key, key) &&
		age_seal(key, zero_nonce, file_key, FILE_KEY_SIZE, wrapped);
	if (fine)
		write_stanza(out, "X25519", share, sizeof(share), "", wrapped);
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(shared, sizeof(shared));
	OPENSSL_cleanse(key, sizeof(key));
	return fine;
}

enum mok_age_fault age_unwrap_x25519(const struct age_stanza *stanza,
	const struct mok_age_identity *identity, unsigned char file_key[FILE_KEY_SIZE])
{
	unsigned char share[32], shared[32], key[32];
	enum mok_age_fault fault = MOK_AGE_NO_MATCH;

	if (!decode_arg(stanza->args[1], share, sizeof(share)) ||
		!age_x25519(identity->secret, share, shared) ||
		!x25519_wrap_key(shared, share, identity->key, key))
		fault = MOK_AGE_HEADER;
	else if (age_open(key, zero_nonce, stanza->body, WRAPPED_SIZE, file_key))
		fault = MOK_AGE_FINE;
	OPENSSL_cleanse(shared, sizeof(shared));
	OPENSSL_cleanse(key, sizeof(key));
	return fault;
}

/* ---- scrypt ---- */

bool age_wrap_scrypt(const struct mok_random *random, const char *passphrase, int work_factor,
	const unsigned char file_key[FILE_KEY_SIZE], struct mok_buf *out)
{
	unsigned char salt[SALT_SIZE], key[32], wrapped[WRAPPED_SIZE];
	char more[8] = { ' ', (char)('0' + work_factor / 10), (char)('0' + work_factor % 10) };
	bool fine;

	if (work_factor < 10)
		memmove(more + 1, more + 2, 2);
	age_random(random, salt, sizeof(salt));
	fine = age_scrypt(passphrase, salt, work_factor, key) &&
		age_seal(key, zero_nonce, file_key, FILE_KEY_SIZE, wrapped);
	if (fine)
		write_stanza(out, "scrypt", salt, sizeof(salt), more, wrapped);
	OPENSSL_cleanse(key, sizeof(key));
	return fine;
}

enum mok_age_fault age_unwrap_scrypt(const struct age_stanza *stanza, const char *passphrase,
	unsigned char file_key[FILE_KEY_SIZE])
{
	unsigned char salt[SALT_SIZE], key[32];
	enum mok_age_fault fault = MOK_AGE_NO_MATCH;

	if (!decode_arg(stanza->args[1], salt, sizeof(salt)) ||
		!age_scrypt(passphrase, salt, work_factor_of(stanza->args[2]), key))
		fault = MOK_AGE_HEADER;
	else if (age_open(key, zero_nonce, stanza->body, WRAPPED_SIZE, file_key))
		fault = MOK_AGE_FINE;
	OPENSSL_cleanse(key, sizeof(key));
	return fault;
}
