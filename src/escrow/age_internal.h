/* The parts of the age format, as its specification names them. */
#ifndef MOK_AGE_INTERNAL_H
#define MOK_AGE_INTERNAL_H

#include "mok/age.h"

#define FILE_KEY_SIZE 16
#define TAG_SIZE 16
#define WRAPPED_SIZE (FILE_KEY_SIZE + TAG_SIZE)
#define SALT_SIZE 16
#define NONCE_SIZE 16

/* ---- primitives (age_crypto.c); false: OpenSSL refused ---- */

void age_random(const struct mok_random *random, unsigned char *out, size_t len);
bool age_hkdf(const void *key, size_t key_len, const void *salt, size_t salt_len, const char *info,
	unsigned char out[32]);
/* False also when the result is zero: a low-order point. */
bool age_x25519(
	const unsigned char secret[32], const unsigned char point[32], unsigned char out[32]);
bool age_x25519_public(const unsigned char secret[32], unsigned char out[32]);
bool age_scrypt(const char *passphrase, const unsigned char salt[SALT_SIZE], int work_factor,
	unsigned char out[32]);
/* Out has len + TAG_SIZE bytes. */
bool age_seal(const unsigned char key[32], const unsigned char nonce[12], const void *plain,
	size_t len, unsigned char *out);
/* Len counts the tag; out has len - TAG_SIZE bytes. */
bool age_open(const unsigned char key[32], const unsigned char nonce[12], const void *sealed,
	size_t len, unsigned char *out);

/* ---- encodings (age_text.c) ---- */

/* Without padding. Out has room for len * 3 / 4 bytes. False: not canonical. */
bool age_base64_decode(const char *text, size_t len, unsigned char *out, size_t *out_len);
/* Out has room for len * 4 / 3 + 4 characters; NUL-terminated, without padding. */
void age_base64_encode(const unsigned char *data, size_t len, char *out);

/* BIP 173, without its limit on length. `prefix_max` counts the NUL. */
enum age_bech32 {
	BECH32_FINE = 0,
	BECH32_SHAPE,    /* characters, case, no separator, wrong padding, too long */
	BECH32_CHECKSUM, /* all well but that */
};
enum age_bech32 age_bech32_decode(const char *text, size_t len, char *prefix, size_t prefix_max,
	unsigned char *out, size_t *out_len);
#define BECH32_DATA_MAX 256
/* For 32 bytes: "age1" and 58 characters. */
void age_bech32_encode(const char *prefix, const unsigned char data[32], char *out, size_t size);

bool age_is_armored(const char *text, size_t len);
/* Appends what is inside. */
bool age_armor_decode(const char *text, size_t len, struct mok_buf *out);
void age_armor_encode(const void *data, size_t len, struct mok_buf *out);

/* ---- header (age_header.c) ---- */

#define STANZAS_MAX 1024
#define ARGS_MAX 16

struct age_slice {
	const char *at;
	size_t len;
};
struct age_stanza {
	struct age_slice args[ARGS_MAX]; /* the first is the type */
	size_t nargs;                    /* may exceed ARGS_MAX: the rest is only counted */
	unsigned char body[WRAPPED_SIZE];
	size_t body_len; /* may exceed WRAPPED_SIZE: the rest is only checked */
};
struct age_header {
	MOK_VEC(struct age_stanza) stanzas;
	const char *text;
	size_t mac_len; /* of text, up to and with "---" */
	unsigned char mac[32];
	size_t len; /* where the payload starts */
};
/* Points into data. */
bool age_header_parse(
	struct mok_arena *arena, const char *data, size_t len, struct age_header *out);
bool age_header_mac(const unsigned char file_key[FILE_KEY_SIZE], const char *text, size_t len,
	unsigned char out[32]);

/* ---- stanzas (age_stanza.c) ---- */

bool age_slice_is(struct age_slice slice, const char *text);
/* Appends a stanza; false: not a point of the group. */
bool age_wrap_x25519(const struct mok_random *random, const struct mok_age_recipient *recipient,
	const unsigned char file_key[FILE_KEY_SIZE], struct mok_buf *out);
bool age_wrap_scrypt(const struct mok_random *random, const char *passphrase, int work_factor,
	const unsigned char file_key[FILE_KEY_SIZE], struct mok_buf *out);
/* MOK_AGE_NO_MATCH, MOK_AGE_HEADER (must not be like this) or MOK_AGE_FINE: file_key is there. */
enum mok_age_fault age_unwrap_x25519(const struct age_stanza *stanza,
	const struct mok_age_identity *identity, unsigned char file_key[FILE_KEY_SIZE]);
enum mok_age_fault age_unwrap_scrypt(const struct age_stanza *stanza, const char *passphrase,
	unsigned char file_key[FILE_KEY_SIZE]);
/* Whether its form is right; stanzas of unknown types are. */
bool age_stanza_valid(const struct age_stanza *stanza);

/* ---- payload (age_stream.c) ---- */

void age_stream_seal(const struct mok_random *random, const unsigned char file_key[FILE_KEY_SIZE],
	const void *plain, size_t len, struct mok_buf *out);
/* On failure out may hold the beginning. */
bool age_stream_open(const unsigned char file_key[FILE_KEY_SIZE], const void *sealed, size_t len,
	struct mok_buf *out);

#endif
