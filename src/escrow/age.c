#include "age_internal.h"

#include <openssl/crypto.h>
#include <string.h>

#define HEADER_MAX ((size_t)256 << 10)

/* ---- encryption ---- */

static int wrap_for_all(const struct mok_random *random, const struct mok_age_to *to,
	const unsigned char file_key[FILE_KEY_SIZE], struct mok_buf *out, struct mok_err *err)
{
	int work_factor = to->work_factor ? to->work_factor : MOK_AGE_WORK_FACTOR;

	for (size_t i = 0; i < to->nrecipients; i++) {
		char text[MOK_AGE_RECIPIENT_SIZE];

		if (age_wrap_x25519(random, &to->recipients[i], file_key, out))
			continue;
		mok_age_recipient_text(&to->recipients[i], text);
		return mok_err_set(err, MOK_ERR_INPUT,
			"the recipient %s is a point of low order: nobody's key", text);
	}
	if (to->nrecipients)
		return 0;
	if (!to->passphrase || !*to->passphrase)
		return mok_err_set(err, MOK_ERR_INPUT,
			"there is nobody to encrypt to: no recipient and no passphrase");
	if (!age_wrap_scrypt(random, to->passphrase, work_factor, file_key, out))
		return mok_err_set(err, MOK_ERR_INPUT,
			"the passphrase cannot be used: scrypt got no memory (%d MiB)",
			(1 << work_factor) >> 10);
	return 0;
}

static void finish_header(const unsigned char file_key[FILE_KEY_SIZE], struct mok_buf *header)
{
	unsigned char mac[32];
	char text[48];

	mok_buf_puts(header, "---");
	if (!age_header_mac(file_key, header->data, header->len, mac))
		MOK_BUG("HKDF failed");
	age_base64_encode(mac, sizeof(mac), text);
	mok_buf_printf(header, " %s\n", text);
}

int mok_age_encrypt(const struct mok_random *random, const struct mok_age_to *to, const void *plain,
	size_t len, struct mok_buf *out, struct mok_err *err)
{
	unsigned char file_key[FILE_KEY_SIZE];
	struct mok_buf file;
	int rc;

	mok_buf_init(&file, len + len / 4096 + HEADER_MAX);
	age_random(random, file_key, sizeof(file_key));
	mok_buf_puts(&file, "age-encryption.org/v1\n");
	rc = wrap_for_all(random, to, file_key, &file, err);
	if (rc == 0) {
		finish_header(file_key, &file);
		age_stream_seal(random, file_key, plain, len, &file);
		if (file.overflow)
			rc = mok_err_set(
				err, MOK_ERR_INPUT, "too many recipients (%zu)", to->nrecipients);
		else if (to->armor)
			age_armor_encode(file.data, file.len, out);
		else
			mok_buf_add(out, file.data, file.len);
	}
	OPENSSL_cleanse(file_key, sizeof(file_key));
	mok_buf_release(&file);
	return rc;
}

/* ---- decryption ---- */

/* The form of every stanza, and that a passphrase stands alone. */
static bool stanzas_valid(const struct age_header *header)
{
	for (size_t i = 0; i < header->stanzas.len; i++) {
		const struct age_stanza *s = &header->stanzas.items[i];

		if (!age_stanza_valid(s))
			return false;
		if (age_slice_is(s->args[0], "scrypt") && header->stanzas.len > 1)
			return false;
	}
	return true;
}

static enum mok_age_fault unwrap_stanza(const struct mok_age_keys *keys,
	const struct age_stanza *stanza, unsigned char file_key[FILE_KEY_SIZE])
{
	enum mok_age_fault fault = MOK_AGE_NO_MATCH;

	if (age_slice_is(stanza->args[0], "scrypt") && keys->passphrase)
		return age_unwrap_scrypt(stanza, keys->passphrase, file_key);
	if (!age_slice_is(stanza->args[0], "X25519"))
		return MOK_AGE_NO_MATCH;
	for (size_t i = 0; i < keys->nidentities && fault == MOK_AGE_NO_MATCH; i++)
		fault = age_unwrap_x25519(stanza, &keys->identities[i], file_key);
	return fault;
}

static enum mok_age_fault unwrap(const struct mok_age_keys *keys, const struct age_header *header,
	unsigned char file_key[FILE_KEY_SIZE])
{
	enum mok_age_fault fault = MOK_AGE_NO_MATCH;

	for (size_t i = 0; i < header->stanzas.len && fault == MOK_AGE_NO_MATCH; i++)
		fault = unwrap_stanza(keys, &header->stanzas.items[i], file_key);
	return fault;
}

static enum mok_age_fault open_file(
	const struct mok_age_keys *keys, const char *data, size_t len, struct mok_buf *out)
{
	struct mok_arena *arena = mok_arena_new();
	unsigned char file_key[FILE_KEY_SIZE], mac[32];
	enum mok_age_fault fault = MOK_AGE_HEADER;
	struct age_header header;

	if (age_header_parse(arena, data, len, &header) && stanzas_valid(&header))
		fault = unwrap(keys, &header, file_key);
	if (fault == MOK_AGE_FINE &&
		(!age_header_mac(file_key, data, header.mac_len, mac) ||
			CRYPTO_memcmp(mac, header.mac, sizeof(mac)) != 0))
		fault = MOK_AGE_MAC;
	if (fault == MOK_AGE_FINE && len - header.len < NONCE_SIZE)
		fault = MOK_AGE_HEADER;
	if (fault == MOK_AGE_FINE &&
		!age_stream_open(file_key, data + header.len, len - header.len, out))
		fault = MOK_AGE_PAYLOAD;
	OPENSSL_cleanse(file_key, sizeof(file_key));
	mok_arena_free(arena);
	return fault;
}

static enum mok_age_fault open_any(
	const struct mok_age_keys *keys, const char *data, size_t len, struct mok_buf *out)
{
	enum mok_age_fault fault = MOK_AGE_ARMOR;
	struct mok_buf binary;

	if (!age_is_armored(data, len))
		return open_file(keys, data, len, out);
	mok_buf_init(&binary, len);
	if (age_armor_decode(data, len, &binary))
		fault = open_file(keys, binary.data, binary.len, out);
	mok_buf_release(&binary);
	return fault;
}

static const char *const fault_texts[] = {
	[MOK_AGE_ARMOR] = "its armor (-----BEGIN AGE ENCRYPTED FILE-----) is damaged",
	[MOK_AGE_HEADER] = "it is not an age file, or its header is damaged",
	[MOK_AGE_NO_MATCH] = "it was encrypted to other recipients, or with another passphrase",
	[MOK_AGE_MAC] = "its header was changed after it was written",
	[MOK_AGE_PAYLOAD] = "what is encrypted in it was changed, cut or is too long",
};

int mok_age_decrypt(const struct mok_age_keys *keys, const void *data, size_t len,
	struct mok_buf *out, enum mok_age_fault *fault, struct mok_err *err)
{
	enum mok_age_fault found;
	struct mok_buf plain;

	mok_buf_init(&plain, out->max - out->len);
	found = open_any(keys, data, len, &plain);
	if (found == MOK_AGE_FINE)
		mok_buf_add(out, plain.data, plain.len);
	OPENSSL_cleanse(plain.data, plain.cap);
	mok_buf_release(&plain);
	if (fault)
		*fault = found;
	if (found == MOK_AGE_FINE)
		return 0;
	return mok_err_set(err, MOK_ERR_INPUT, "it cannot be decrypted: %s", fault_texts[found]);
}
