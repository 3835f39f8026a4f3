#include "age_internal.h"

#include <openssl/crypto.h>
#include <string.h>

#define VERSION_LINE "age-encryption.org/v1"
#define BODY_COLUMNS 64
#define BODY_BYTES 48
#define MAC_CHARACTERS 43

struct cursor {
	const char *at, *end;
};

/* A line with its LF; the header knows no other end. */
static bool next_line(struct cursor *in, struct age_slice *out)
{
	const char *eol = memchr(in->at, '\n', (size_t)(in->end - in->at));

	if (!eol)
		return false;
	*out = (struct age_slice){ in->at, (size_t)(eol - in->at) };
	in->at = eol + 1;
	return true;
}

static bool starts(struct age_slice line, const char *text)
{
	return line.len >= strlen(text) && memcmp(line.at, text, strlen(text)) == 0;
}

/* Visible characters with one space between: "X25519 TEiF0y...". */
static bool parse_args(struct age_slice text, struct age_stanza *out)
{
	size_t start = 0;

	for (size_t i = 0; i <= text.len; i++) {
		char c = i < text.len ? text.at[i] : ' ';

		if (c != ' ') {
			if (c < 33 || c > 126)
				return false;
			continue;
		}
		if (i == start)
			return false;
		if (out->nargs < ARGS_MAX)
			out->args[out->nargs] = (struct age_slice){ text.at + start, i - start };
		out->nargs++;
		start = i + 1;
	}
	return true;
}

static void add_body(struct age_stanza *stanza, const unsigned char *bytes, size_t n)
{
	size_t room = stanza->body_len < WRAPPED_SIZE ? WRAPPED_SIZE - stanza->body_len : 0;

	if (room)
		memcpy(stanza->body + stanza->body_len, bytes, n < room ? n : room);
	stanza->body_len += n;
}

/* Full lines, then one that is shorter, even if empty. */
static bool parse_body(struct cursor *in, struct age_stanza *out)
{
	unsigned char bytes[BODY_BYTES];
	struct age_slice line;
	size_t n;

	do {
		if (!next_line(in, &line) || line.len > BODY_COLUMNS ||
			!age_base64_decode(line.at, line.len, bytes, &n))
			return false;
		add_body(out, bytes, n);
	} while (line.len == BODY_COLUMNS);
	return true;
}

static bool parse_stanza(struct cursor *in, struct age_slice line, struct age_stanza *out)
{
	const struct age_slice args = { line.at + 3, line.len - 3 };

	memset(out, 0, sizeof(*out));
	return parse_args(args, out) && parse_body(in, out);
}

static bool parse_mac(struct age_slice line, struct age_header *out)
{
	unsigned char mac[MAC_CHARACTERS * 3 / 4 + 1];
	size_t n;

	if (!starts(line, "--- ") || line.len != 4 + MAC_CHARACTERS ||
		!age_base64_decode(line.at + 4, MAC_CHARACTERS, mac, &n) || n != sizeof(out->mac))
		return false;
	memcpy(out->mac, mac, n);
	out->mac_len = (size_t)(line.at - out->text) + 3;
	return true;
}

bool age_header_parse(struct mok_arena *arena, const char *data, size_t len, struct age_header *out)
{
	struct cursor in = { data, data + len };
	struct age_slice line;
	struct age_stanza stanza;

	*out = (struct age_header){ .text = data };
	if (!next_line(&in, &line) || !age_slice_is(line, VERSION_LINE))
		return false;
	while (next_line(&in, &line)) {
		if (!starts(line, "-> ")) {
			out->len = (size_t)(in.at - data);
			return out->stanzas.len > 0 && parse_mac(line, out);
		}
		if (out->stanzas.len == STANZAS_MAX || !parse_stanza(&in, line, &stanza))
			return false;
		mok_vec_push(arena, &out->stanzas, stanza);
	}
	return false;
}

bool age_header_mac(const unsigned char file_key[FILE_KEY_SIZE], const char *text, size_t len,
	unsigned char out[32])
{
	unsigned char key[32];

	if (!age_hkdf(file_key, FILE_KEY_SIZE, NULL, 0, "header", key))
		return false;
	mok_hmac_sha256(key, sizeof(key), text, len, out);
	OPENSSL_cleanse(key, sizeof(key));
	return true;
}
