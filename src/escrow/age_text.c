#include "age_internal.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* ---- base64 ---- */

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_digit(char c)
{
	const char *at = c ? strchr(base64_digits, c) : NULL;

	return at ? (int)(at - base64_digits) : -1;
}

bool age_base64_decode(const char *text, size_t len, unsigned char *out, size_t *out_len)
{
	uint32_t bits = 0;
	unsigned nbits = 0;
	size_t n = 0;

	if (len % 4 == 1)
		return false;
	for (size_t i = 0; i < len; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		nbits += 6;
		if (nbits >= 8) {
			nbits -= 8;
			out[n++] = (unsigned char)(bits >> nbits);
			bits &= (1u << nbits) - 1;
		}
	}
	*out_len = n;
	return bits == 0;
}

void age_base64_encode(const unsigned char *data, size_t len, char *out)
{
	EVP_EncodeBlock((unsigned char *)out, data, (int)len);
	out[strcspn(out, "=")] = '\0';
}

/* ---- Bech32 ---- */

static const char bech32_digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

#define CHECKSUM_LEN 6
#define TEXT_MAX 512

static uint32_t bech32_step(uint32_t sum, unsigned value)
{
	static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
		0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < MOK_COUNT(generator); i++)
		if (top >> i & 1)
			sum ^= generator[i];
	return sum;
}

static uint32_t bech32_start(const char *prefix)
{
	uint32_t sum = 1;

	for (const char *p = prefix; *p; p++)
		sum = bech32_step(sum, (unsigned)*p >> 5);
	sum = bech32_step(sum, 0);
	for (const char *p = prefix; *p; p++)
		sum = bech32_step(sum, (unsigned)*p & 31);
	return sum;
}

/* Lower-cases into out; false: mixed case or unprintable. */
static bool one_case(const char *text, size_t len, char *out)
{
	bool lower = false, upper = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c < 33 || c > 126)
			return false;
		lower = lower || (c >= 'a' && c <= 'z');
		upper = upper || (c >= 'A' && c <= 'Z');
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	out[len] = '\0';
	return !(lower && upper);
}

/* Groups of 5 bits to bytes; what is left over must be less than a group, and zero. */
static bool regroup(const unsigned char *groups, size_t n, unsigned char *out, size_t *out_len)
{
	uint32_t bits = 0;
	unsigned nbits = 0;

	*out_len = 0;
	for (size_t i = 0; i < n; i++) {
		bits = bits << 5 | groups[i];
		nbits += 5;
		if (nbits >= 8) {
			nbits -= 8;
			out[(*out_len)++] = (unsigned char)(bits >> nbits);
			bits &= (1u << nbits) - 1;
		}
	}
	return nbits < 5 && bits == 0;
}

enum age_bech32 age_bech32_decode(const char *text, size_t len, char *prefix, size_t prefix_max,
	unsigned char *out, size_t *out_len)
{
	char lower[TEXT_MAX + 1];
	unsigned char groups[TEXT_MAX] = { 0 };
	size_t n = 0, prefix_len;
	const char *separator;
	uint32_t sum;

	if (len > TEXT_MAX / 2 || !one_case(text, len, lower))
		return BECH32_SHAPE;
	separator = strrchr(lower, '1');
	prefix_len = separator ? (size_t)(separator - lower) : 0;
	if (prefix_len == 0 || prefix_len >= prefix_max || len - prefix_len <= CHECKSUM_LEN)
		return BECH32_SHAPE;
	memcpy(prefix, lower, prefix_len);
	prefix[prefix_len] = '\0';
	sum = bech32_start(prefix);
	for (const char *p = separator + 1; *p; p++) {
		const char *digit = strchr(bech32_digits, *p);

		if (!digit)
			return BECH32_SHAPE;
		groups[n++] = (unsigned char)(digit - bech32_digits);
		sum = bech32_step(sum, groups[n - 1]);
	}
	if (sum != 1)
		return BECH32_CHECKSUM;
	return regroup(groups, n - CHECKSUM_LEN, out, out_len) ? BECH32_FINE : BECH32_SHAPE;
}

void age_bech32_encode(const char *prefix, const unsigned char data[32], char *out, size_t size)
{
	uint32_t sum = bech32_start(prefix), bits = 0;
	size_t at = strlen(prefix);
	unsigned nbits = 0;

	if (size < at + 1 + 52 + CHECKSUM_LEN + 1)
		MOK_BUG("no room for a Bech32 text");
	memcpy(out, prefix, at);
	out[at++] = '1';
	for (size_t i = 0; i < 32; i++) {
		bits = bits << 8 | data[i];
		nbits += 8;
		while (nbits >= 5 || (i == 31 && nbits > 0)) {
			unsigned group =
				(nbits >= 5 ? bits >> (nbits - 5) : bits << (5 - nbits)) & 31;

			nbits -= nbits >= 5 ? 5 : nbits;
			out[at++] = bech32_digits[group];
			sum = bech32_step(sum, group);
		}
	}
	for (int i = 0; i < CHECKSUM_LEN; i++)
		sum = bech32_step(sum, 0);
	sum ^= 1;
	for (int i = CHECKSUM_LEN - 1; i >= 0; i--)
		out[at++] = bech32_digits[sum >> (5 * i) & 31];
	out[at] = '\0';
}

/* ---- armor: a strict PEM ---- */

#define ARMOR_BEGIN "-----BEGIN AGE ENCRYPTED FILE-----"
#define ARMOR_END "-----END AGE ENCRYPTED FILE-----"
#define ARMOR_COLUMNS 64
#define ARMOR_BYTES 48

struct lines {
	const char *at, *end;
};

/* The next line without its end (LF or CRLF). False: there is none. */
static bool next_line(struct lines *lines, struct age_slice *out)
{
	const char *eol;

	if (lines->at == lines->end)
		return false;
	eol = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
	out->at = lines->at;
	out->len = (size_t)((eol ? eol : lines->end) - lines->at);
	lines->at = eol ? eol + 1 : lines->end;
	if (eol && out->len && out->at[out->len - 1] == '\r')
		out->len--;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct lines trimmed(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end && is_blank(*text))
		text++;
	while (text < end && is_blank(end[-1]))
		end--;
	return (struct lines){ text, end };
}

bool age_is_armored(const char *text, size_t len)
{
	static const char start[] = "-----BEGIN";
	struct lines lines = trimmed(text, len);

	return (size_t)(lines.end - lines.at) >= sizeof(start) - 1 &&
		memcmp(lines.at, start, sizeof(start) - 1) == 0;
}

/* Padded, and only as the last of its file. */
static bool decode_line(struct age_slice line, struct mok_buf *out)
{
	unsigned char bytes[ARMOR_BYTES];
	size_t n, len = line.len;

	if (len == 0 || len > ARMOR_COLUMNS || len % 4 != 0)
		return false;
	for (int i = 0; i < 2 && line.at[len - 1] == '='; i++)
		len--;
	if (!age_base64_decode(line.at, len, bytes, &n))
		return false;
	mok_buf_add(out, bytes, n);
	return true;
}

bool age_armor_decode(const char *text, size_t len, struct mok_buf *out)
{
	struct lines lines = trimmed(text, len);
	struct age_slice line;
	bool last = false;

	if (!next_line(&lines, &line) || !age_slice_is(line, ARMOR_BEGIN))
		return false;
	while (next_line(&lines, &line)) {
		size_t before = out->len;

		if (age_slice_is(line, ARMOR_END))
			return lines.at == lines.end && !out->overflow;
		if (last || !decode_line(line, out))
			return false;
		last = out->len - before < ARMOR_BYTES;
	}
	return false;
}

void age_armor_encode(const void *data, size_t len, struct mok_buf *out)
{
	const unsigned char *at = data;
	char line[ARMOR_COLUMNS + 4];

	mok_buf_puts(out, ARMOR_BEGIN "\n");
	while (len > 0) {
		size_t part = len < ARMOR_BYTES ? len : ARMOR_BYTES;

		EVP_EncodeBlock((unsigned char *)line, at, (int)part);
		mok_buf_puts(out, line);
		mok_buf_putc(out, '\n');
		at += part;
		len -= part;
	}
	mok_buf_puts(out, ARMOR_END "\n");
}
