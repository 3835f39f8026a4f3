#include "registry_internal.h"

#include <string.h>
#include <strings.h>

/* "Bearer realm="https://...",service="...",scope="..."": https://www.rfc-editor.org/rfc/rfc9110,
 * section 11. */

#define TOKEN_CHARACTERS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

/* A token or a quoted string; moves *at behind it. NULL: neither. */
static const char *read_value(struct mok_arena *arena, const char **at)
{
	struct mok_buf out;
	const char *p = *at, *value = NULL;

	if (*p != '"') {
		*at += strspn(p, TOKEN_CHARACTERS);
		return mok_arena_strndup(arena, p, (size_t)(*at - p));
	}
	mok_buf_init(&out, 4096);
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		mok_buf_putc(&out, *p);
	}
	if (*p == '"' && !out.overflow) {
		value = mok_arena_strdup(arena, out.data ? out.data : "");
		*at = p + 1;
	}
	mok_buf_release(&out);
	return value;
}

static void keep(struct mok_challenge *out, const char *name, size_t len, const char *value)
{
	const struct {
		const char *name;
		const char **field;
	} known[] = { { "realm", &out->realm }, { "service", &out->service },
		{ "scope", &out->scope } };

	for (size_t i = 0; i < MOK_COUNT(known); i++)
		if (strlen(known[i].name) == len && strncasecmp(known[i].name, name, len) == 0)
			*known[i].field = value;
}

/* What follows "Bearer", up to what is no parameter any more: the next challenge. */
static void read_parameters(struct mok_arena *arena, const char *p, struct mok_challenge *out)
{
	for (;;) {
		const char *name = p + strspn(p, " \t,");
		size_t len = strspn(name, TOKEN_CHARACTERS);
		const char *value;

		p = name + len;
		p += strspn(p, " \t");
		if (!len || *p != '=')
			return;
		p++;
		p += strspn(p, " \t");
		value = read_value(arena, &p);
		if (!value)
			return;
		keep(out, name, len, value);
	}
}

bool mok_challenge_parse(struct mok_arena *arena, const char *header, struct mok_challenge *out)
{
	bool quoted = false;

	*out = (struct mok_challenge){ 0 };
	for (const char *p = header; p && *p; p++) {
		if (quoted && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (p == header || p[-1] == ' ' || p[-1] == ',') &&
			strncasecmp(p, "bearer ", 7) == 0) {
			read_parameters(arena, p + 7, out);
			break;
		}
	}
	return out->realm && *out->realm;
}
