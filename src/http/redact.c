#include "http_internal.h"

#include <ctype.h>
#include <string.h>

#define SECRET_MIN 6 /* shorter "secrets" would tear words apart */

static void blank(char *at, size_t len)
{
	memset(at, '*', len);
}

static void blank_all(char *text, const char *secret)
{
	size_t len = secret ? strlen(secret) : 0;

	if (len < SECRET_MIN)
		return;
	for (char *at = strstr(text, secret); at; at = strstr(at + len, secret))
		blank(at, len);
}

static bool is_secret_char(char c)
{
	return isalnum((unsigned char)c) || strchr("_-./+=~", c) != NULL;
}

/* What follows these words is a secret, ours or another's that a proxy or the API echoes. */
static void blank_lookalikes(char *text)
{
	static const char *const starts[] = { "dop_v1_", "doo_v1_", "dor_v1_", "Bearer ", "bearer ",
		"Signature=", "Credential=" };

	for (size_t i = 0; i < MOK_COUNT(starts); i++) {
		char *at = text;

		while ((at = strstr(at, starts[i])) != NULL) {
			at += strlen(starts[i]);
			while (*at && is_secret_char(*at))
				*at++ = '*';
		}
	}
}

/* Escape sequences of a hostile answer never reach a terminal; nor does what is no UTF-8. */
static void tame(char *text)
{
	size_t len = strlen(text), bad;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = ' ';
	while (!mok_utf8_valid(text, len, &bad))
		text[bad] = '?';
	/* C1 controls, U+0080 to U+009F, are escapes too. */
	for (size_t i = 0; i + 1 < len; i++)
		if ((unsigned char)text[i] == 0xc2 && (unsigned char)text[i + 1] < 0xa0)
			text[i] = text[i + 1] = ' ';
}

void mok_http_tame(char *text)
{
	tame(text);
	blank_lookalikes(text);
}

void redact(const struct endpoints *e, const struct mok_wire_request *request, char *text)
{
	tame(text);
	blank_all(text, e->token);
	if (request->endpoint)
		blank_all(text, request->endpoint->token);
	blank_all(text, e->spaces_secret);
	blank_lookalikes(text);
}
