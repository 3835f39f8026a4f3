#include "age_internal.h"

#include <openssl/crypto.h>
#include <string.h>

#define RECIPIENT_PREFIX "age"
#define IDENTITY_PREFIX "age-secret-key-"
#define SHOWN_MAX 80

static const char make_a_key[] =
	"age-keygen -o key.txt makes a key; its line \"# public key: age1...\" is the recipient";

/* Other kinds of recipients that people have, by how they begin. */
static const struct {
	const char *prefix, *what;
} others[] = {
	{ "ssh-", "an SSH key, and only age's own X25519 recipients are taken" },
	{ "ecdsa-sha2-", "an SSH key, and only age's own X25519 recipients are taken" },
	{ "sk-", "an SSH key, and only age's own X25519 recipients are taken" },
	{ "age1pq1", "a post-quantum recipient, and only X25519 recipients are taken" },
	{ "github:", "a GitHub account, and only age's own X25519 recipients are taken" },
	{ "-----BEGIN PGP", "an OpenPGP key, and only age's own X25519 recipients are taken" },
};

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < 32 || *text > 126)
			return false;
	return true;
}

static int not_a_recipient(const char *text, const char *what, struct mok_err *err)
{
	if (is_printable(text))
		mok_err_set(err, MOK_ERR_INPUT, "\"%.*s%s\" is not an age recipient: it is %s",
			SHOWN_MAX, text, strlen(text) > SHOWN_MAX ? "..." : "", what);
	else
		mok_err_set(err, MOK_ERR_INPUT, "this is not an age recipient: it is %s", what);
	mok_err_hint(err, "%s", make_a_key);
	return -1;
}

static int secret_in_place_of_recipient(struct mok_err *err)
{
	mok_err_set(err, MOK_ERR_INPUT,
		"this is a secret key (AGE-SECRET-KEY-1...) in the place of a recipient");
	mok_err_hint(err,
		"take it out and treat it as known to others; the recipient is what age-keygen -y "
		"says for its file");
	return -1;
}

static bool is_secret(const char *text)
{
	static const char start[] = IDENTITY_PREFIX;

	for (size_t i = 0; i < sizeof(start) - 1; i++)
		if ((text[i] | 0x20) != (start[i] | 0x20))
			return false;
	return true;
}

int mok_age_recipient_parse(const char *text, struct mok_age_recipient *out, struct mok_err *err)
{
	unsigned char bytes[BECH32_DATA_MAX];
	enum age_bech32 found;
	char prefix[64];
	size_t n;

	if (is_secret(text))
		return secret_in_place_of_recipient(err);
	for (size_t i = 0; i < MOK_COUNT(others); i++)
		if (mok_starts(text, others[i].prefix))
			return not_a_recipient(text, others[i].what, err);
	found = age_bech32_decode(text, strlen(text), prefix, sizeof(prefix), bytes, &n);
	if (found == BECH32_CHECKSUM)
		return not_a_recipient(text, "mistyped or cut (its checksum does not fit)", err);
	if (found == BECH32_SHAPE)
		return not_a_recipient(
			text, "not of the form age1 and 58 small letters and digits", err);
	if (mok_starts(prefix, RECIPIENT_PREFIX "1"))
		return not_a_recipient(
			text, "a plugin's, and only age's own X25519 recipients are taken", err);
	if (strcmp(prefix, RECIPIENT_PREFIX) != 0 || n != sizeof(out->key))
		return not_a_recipient(text, "of another kind (age1... was expected)", err);
	if (!mok_starts(text, RECIPIENT_PREFIX))
		return not_a_recipient(text, "in capitals, which age itself refuses", err);
	memcpy(out->key, bytes, sizeof(out->key));
	return 0;
}

void mok_age_recipient_text(
	const struct mok_age_recipient *recipient, char out[MOK_AGE_RECIPIENT_SIZE])
{
	age_bech32_encode(RECIPIENT_PREFIX, recipient->key, out, MOK_AGE_RECIPIENT_SIZE);
}

/* ---- identities ---- */

static int bad_line(const char *name, unsigned number, const char *what, struct mok_err *err)
{
	mok_err_set(err, MOK_ERR_INPUT, "%s, line %u: %s", name, number, what);
	mok_err_hint(err, "an identity file is what age-keygen -o FILE writes");
	return -1;
}

static const char *identity_problem(const char *text, size_t len, struct mok_age_identity *out)
{
	unsigned char bytes[BECH32_DATA_MAX];
	const char *problem = NULL;
	enum age_bech32 found;
	char prefix[64];
	size_t n;

	if (mok_starts(text, "age-encryption.org/"))
		return "this is an encrypted file, not the identity that opens it (a protected "
		       "identity must be decrypted first)";
	if (mok_starts(text, "AGE-PLUGIN-"))
		return "a plugin's identity, and only age's own (AGE-SECRET-KEY-1...) are taken";
	if (mok_starts(text, "AGE-SECRET-KEY-PQ-"))
		return "a post-quantum identity, and only X25519 ones (AGE-SECRET-KEY-1...) are "
		       "taken";
	if (mok_starts(text, "-----BEGIN"))
		return "an SSH or PEM key, and only age's own (AGE-SECRET-KEY-1...) are taken";
	found = age_bech32_decode(text, len, prefix, sizeof(prefix), bytes, &n);
	if (found == BECH32_CHECKSUM)
		problem = "the key is mistyped or cut (its checksum does not fit)";
	else if (found == BECH32_SHAPE || strcmp(prefix, IDENTITY_PREFIX) != 0 ||
		n != sizeof(out->secret) || !mok_starts(text, "AGE"))
		problem = "this is not an identity (AGE-SECRET-KEY-1...)";
	if (!problem) {
		memcpy(out->secret, bytes, sizeof(out->secret));
		if (!age_x25519_public(out->secret, out->key))
			MOK_BUG("X25519 failed");
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return problem;
}

static size_t trimmed_length(const char *at, size_t len)
{
	while (len && (at[len - 1] == '\r' || at[len - 1] == ' ' || at[len - 1] == '\t'))
		len--;
	return len;
}

static int parse_line(struct mok_arena *arena, const char *name, unsigned number,
	struct age_slice line, struct mok_age_identities *out, struct mok_err *err)
{
	struct mok_age_identity identity;
	const char *problem;
	char text[256];

	line.len = trimmed_length(line.at, line.len);
	if (line.len == 0 || line.at[0] == '#')
		return 0;
	if (line.len >= sizeof(text))
		return bad_line(name, number, "the line is too long for an identity", err);
	memcpy(text, line.at, line.len);
	text[line.len] = '\0';
	problem = identity_problem(text, line.len, &identity);
	OPENSSL_cleanse(text, sizeof(text));
	if (problem)
		return bad_line(name, number, problem, err);
	mok_vec_push(arena, &out->list, identity);
	OPENSSL_cleanse(&identity, sizeof(identity));
	return 0;
}

int mok_age_identities_parse(struct mok_arena *arena, const char *name, const char *text,
	size_t len, struct mok_age_identities *out, struct mok_err *err)
{
	size_t before = out->list.len;
	unsigned number = 0;

	while (len > 0) {
		const char *eol = memchr(text, '\n', len);
		size_t line = eol ? (size_t)(eol - text) : len;
		size_t step = eol ? line + 1 : line;

		if (parse_line(arena, name, ++number, (struct age_slice){ text, line }, out, err) !=
			0)
			return -1;
		text += step;
		len -= step;
	}
	if (out->list.len == before)
		return mok_err_set(
			err, MOK_ERR_INPUT, "%s holds no identity (AGE-SECRET-KEY-1...)", name);
	return 0;
}

void mok_age_identities_wipe(struct mok_age_identities *identities)
{
	if (identities->list.len)
		OPENSSL_cleanse(identities->list.items,
			identities->list.len * sizeof(*identities->list.items));
	identities->list.len = 0;
}

void mok_age_identity_recipient(
	const struct mok_age_identity *identity, struct mok_age_recipient *out)
{
	memcpy(out->key, identity->key, sizeof(out->key));
}
