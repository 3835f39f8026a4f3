/*
 * age: encrypted files in the format of age-encryption.org/v1 (the C2SP specification "age"), so
 * that the `age` program opens what mok writes and the other way round.
 *
 * X25519 recipients and identities, passphrases (scrypt), binary and armored files. Plugins, SSH
 * keys and the post-quantum recipients of age 1.3 are not taken: stanzas for them are skipped when
 * a file is opened, and refused by name when they are asked for. Parsing is as strict as the
 * specification demands: canonical base64, nothing trailing, one passphrase alone, a bound on the
 * passphrase's work, no low-order points.
 *
 * A file is held in memory whole. Nothing of the plaintext is given out unless all of it is
 * authentic. Keys and passphrases are wiped from the memory that this module used.
 */
#ifndef MOK_AGE_H
#define MOK_AGE_H

#include "mok/env.h"

#define MOK_AGE_KEY_SIZE 32
/* The specification's example and age's own default; a file may ask for 2^20 at most, which is
 * 1 GiB of memory for some seconds. */
#define MOK_AGE_WORK_FACTOR 18
#define MOK_AGE_WORK_FACTOR_MAX 20
/* "age1" and 58 characters. */
#define MOK_AGE_RECIPIENT_SIZE 63

struct mok_age_recipient {
	unsigned char key[MOK_AGE_KEY_SIZE];
};
struct mok_age_identity {
	unsigned char secret[MOK_AGE_KEY_SIZE], key[MOK_AGE_KEY_SIZE];
};

/* "age1...". -1: MOK_ERR_INPUT that tells a mistyped one (the checksum) from an SSH key, a
 * plugin's recipient, and a secret key in the wrong place, which is not repeated. */
int mok_age_recipient_parse(
	const char *text, struct mok_age_recipient *out, struct mok_err *err) MOK_MUST_CHECK;
/* Lower case, NUL-terminated. */
void mok_age_recipient_text(
	const struct mok_age_recipient *recipient, char out[MOK_AGE_RECIPIENT_SIZE]);

struct mok_age_identities {
	MOK_VEC(struct mok_age_identity) list;
};
/* A file as age-keygen writes it: one "AGE-SECRET-KEY-1..." a line, blank lines and # comments.
 * Appends to out; `name` is the file's, for errors, which never show a key. No key is an error. */
int mok_age_identities_parse(struct mok_arena *arena, const char *name, const char *text,
	size_t len, struct mok_age_identities *out, struct mok_err *err) MOK_MUST_CHECK;
void mok_age_identities_wipe(struct mok_age_identities *identities);
void mok_age_identity_recipient(
	const struct mok_age_identity *identity, struct mok_age_recipient *out);

/* Who can open a file: recipients, or else a passphrase; the format does not mix the two. */
struct mok_age_to {
	const struct mok_age_recipient *recipients;
	size_t nrecipients;
	const char *passphrase; /* used when there are no recipients */
	int work_factor;        /* log2 of scrypt's N; 0: MOK_AGE_WORK_FACTOR */
	bool armor;
};
/* Appends the file to out, whose overflow the caller checks. -1: MOK_ERR_INPUT: nobody to encrypt
 * to, or a recipient that is no point of the curve's group. */
int mok_age_encrypt(const struct mok_random *random, const struct mok_age_to *to, const void *plain,
	size_t len, struct mok_buf *out, struct mok_err *err) MOK_MUST_CHECK;

enum mok_age_fault {
	MOK_AGE_FINE = 0,
	MOK_AGE_ARMOR,    /* not armor as it must be */
	MOK_AGE_HEADER,   /* not an age file, or one that is not as it must be */
	MOK_AGE_NO_MATCH, /* for other identities, or another passphrase */
	MOK_AGE_MAC,      /* the header was changed */
	MOK_AGE_PAYLOAD,  /* what is encrypted was changed or cut */
};
struct mok_age_keys {
	const struct mok_age_identity *identities;
	size_t nidentities;
	const char *passphrase; /* or NULL */
};
/* Appends the plaintext to out, and says MOK_AGE_PAYLOAD if it does not fit. On failure out is as
 * it was; `fault` (may be NULL) tells which; err is MOK_ERR_INPUT. */
int mok_age_decrypt(const struct mok_age_keys *keys, const void *data, size_t len,
	struct mok_buf *out, enum mok_age_fault *fault, struct mok_err *err) MOK_MUST_CHECK;

#endif
