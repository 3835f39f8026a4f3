#include "escrow_internal.h"

#include <ctype.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <string.h>

#define SECRET_BYTES 64
#define KEY_CHARACTERS 32
#define PASSWORD_CHARACTERS 24
#define SCALAR_SIZE 32
#define POINT_SIZE 65

/* ---- forms ---- */

static bool has_blank(const char *value)
{
	for (; *value; value++)
		if (!isgraph((unsigned char)*value))
			return true;
	return false;
}

/* `rails secret` gives 128 hexadecimal digits; older instances may have others. */
static const char *check_secret(const char *value)
{
	if (has_blank(value))
		return "it holds a blank or an unprintable character";
	return strlen(value) < 64 ? "it is shorter than 64 characters" : NULL;
}

/* Mastodon itself refuses to start with its development keys (config/initializers). */
static const char *check_key(const char *value)
{
	if (has_blank(value))
		return "it holds a blank or an unprintable character";
	if (mok_ends(value, "DO_NOT_USE_IN_PRODUCTION"))
		return "it is one of Mastodon's development keys";
	return strlen(value) < 12 ? "it is shorter than 12 characters" : NULL;
}

static const char *check_password(const char *value)
{
	return strlen(value) < 8 ? "it is shorter than Mastodon's 8 characters" : NULL;
}

/* URL-safe base64, padded or not. */
static bool decode_url_base64(const char *text, unsigned char *out, size_t size)
{
	unsigned char bytes[POINT_SIZE + 3];
	char standard[POINT_SIZE * 4 / 3 + 4];
	size_t len = strcspn(text, "="), n;

	if (strspn(text + len, "=") != strlen(text + len) || strlen(text + len) > 2 ||
		len != (size * 8 + 5) / 6 || strpbrk(text, "+/"))
		return false;
	for (size_t i = 0; i < len; i++)
		standard[i] = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
	if (!age_base64_decode(standard, len, bytes, &n) || n != size)
		return false;
	memcpy(out, bytes, size);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_cleanse(standard, sizeof(standard));
	return true;
}

static char *url_base64(struct mok_arena *arena, const unsigned char *data, size_t size)
{
	char *text = mok_base64(arena, data, size);

	for (char *p = text; *p; p++)
		*p = (char)(*p == '+' ? '-' : *p == '/' ? '_' : *p);
	return text;
}

/* The point that belongs to the scalar; false: the scalar is none of P-256. */
static bool public_of(const unsigned char scalar[SCALAR_SIZE], unsigned char out[POINT_SIZE])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BIGNUM *d = BN_bin2bn(scalar, SCALAR_SIZE, NULL);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	bool fine = point && d && !BN_is_zero(d) && BN_cmp(d, EC_GROUP_get0_order(group)) < 0 &&
		EC_POINT_mul(group, point, d, NULL, NULL, NULL) == 1 &&
		EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out, POINT_SIZE,
			NULL) == POINT_SIZE;

	EC_POINT_free(point);
	BN_clear_free(d);
	EC_GROUP_free(group);
	return fine;
}

static bool is_point(const unsigned char bytes[POINT_SIZE])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	bool fine = point && EC_POINT_oct2point(group, point, bytes, POINT_SIZE, NULL) == 1;

	EC_POINT_free(point);
	EC_GROUP_free(group);
	return fine;
}

static const char *check_vapid_private(const char *value)
{
	unsigned char scalar[SCALAR_SIZE], point[POINT_SIZE];
	bool fine;

	if (!decode_url_base64(value, scalar, sizeof(scalar)))
		return "it is not 32 bytes in URL-safe base64 (44 characters)";
	fine = public_of(scalar, point);
	OPENSSL_cleanse(scalar, sizeof(scalar));
	return fine ? NULL : "it is not a key of the curve P-256";
}

static const char *check_vapid_public(const char *value)
{
	unsigned char point[POINT_SIZE];

	if (!decode_url_base64(value, point, sizeof(point)) || point[0] != 4)
		return "it is not 65 bytes, beginning with 4, in URL-safe base64 (88 characters)";
	return is_point(point) ? NULL : "it is not a point of the curve P-256";
}

bool mok_vapid_is_pair(const char *private_key, const char *public_key)
{
	unsigned char scalar[SCALAR_SIZE], given[POINT_SIZE], own[POINT_SIZE];
	bool fine = decode_url_base64(private_key, scalar, sizeof(scalar)) &&
		decode_url_base64(public_key, given, sizeof(given)) && public_of(scalar, own) &&
		memcmp(given, own, POINT_SIZE) == 0;

	OPENSSL_cleanse(scalar, sizeof(scalar));
	return fine;
}

/* ---- the table ---- */

#define NEVER "two-factor sign-in and all other encrypted columns become unreadable for good"

static const struct mok_secret_spec specs[] = {
	{ "SECRET_KEY_BASE", NULL, MOK_SECRET_ROTATES,
		"everyone is signed out, and links signed before stop working", check_secret },
	{ "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY", NULL, 0, NEVER, check_key },
	{ "ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY", NULL, 0, NEVER, check_key },
	{ "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT", NULL, 0, NEVER, check_key },
	{ "VAPID_PRIVATE_KEY", "VAPID_PUBLIC_KEY", MOK_SECRET_ROTATES,
		"push notifications stop until each user opens the site again",
		check_vapid_private },
	{ "VAPID_PUBLIC_KEY", "VAPID_PRIVATE_KEY", MOK_SECRET_ROTATES | MOK_SECRET_PUBLIC,
		"push notifications stop until each user opens the site again",
		check_vapid_public },
	{ "OWNER_PASSWORD", NULL, 0,
		"nothing: it is used once, when the owner's account is made; afterwards the owner "
		"changes it in Mastodon",
		check_password },
	{ "OTP_SECRET", NULL, MOK_SECRET_IMPORT_ONLY,
		"two-factor sign-in from before Mastodon 4.3 cannot be migrated", check_secret },
};

const struct mok_secret_spec *mok_secret_specs(size_t *count)
{
	*count = MOK_COUNT(specs);
	return specs;
}

const struct mok_secret_spec *mok_secret_find(const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(specs); i++)
		if (mok_streq(specs[i].name, name))
			return &specs[i];
	return NULL;
}

/* ---- generation ---- */

char *mok_secret_alphanumeric(
	struct mok_arena *arena, const struct mok_random *random, size_t count)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const unsigned most = 256 / (sizeof(letters) - 1) * (sizeof(letters) - 1);
	char *text = mok_arena_alloc(arena, count + 1);
	size_t at = 0;

	while (at < count) {
		unsigned char bytes[8];

		age_random(random, bytes, sizeof(bytes));
		/* A byte beyond the last whole round would favour the first letters. */
		for (size_t i = 0; i < sizeof(bytes) && at < count; i++)
			if (bytes[i] < most)
				text[at++] = letters[bytes[i] % (sizeof(letters) - 1)];
		OPENSSL_cleanse(bytes, sizeof(bytes));
	}
	return text;
}

static char *hex_secret(struct mok_arena *arena, const struct mok_random *random)
{
	char *text = mok_arena_alloc(arena, SECRET_BYTES * 2 + 1);
	unsigned char bytes[SECRET_BYTES];

	age_random(random, bytes, sizeof(bytes));
	mok_hex(bytes, sizeof(bytes), text);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return text;
}

static void generate_vapid(struct mok_arena *arena, const struct mok_random *random,
	const char **private_key, const char **public_key)
{
	unsigned char scalar[SCALAR_SIZE], point[POINT_SIZE];

	do
		age_random(random, scalar, sizeof(scalar));
	while (!public_of(scalar, point));
	*private_key = url_base64(arena, scalar, sizeof(scalar));
	*public_key = url_base64(arena, point, sizeof(point));
	OPENSSL_cleanse(scalar, sizeof(scalar));
}

void mok_secret_generate(struct mok_arena *arena, const struct mok_random *random,
	const struct mok_secret_spec *spec, const char **value, const char **partner)
{
	if (spec->check == check_vapid_private)
		generate_vapid(arena, random, value, partner);
	else if (spec->check == check_vapid_public)
		generate_vapid(arena, random, partner, value);
	else if (spec->check == check_key)
		*value = mok_secret_alphanumeric(arena, random, KEY_CHARACTERS);
	else if (spec->check == check_password)
		*value = mok_secret_alphanumeric(arena, random, PASSWORD_CHARACTERS);
	else
		*value = hex_secret(arena, random);
}
