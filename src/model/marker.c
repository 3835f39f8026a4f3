#include "mok/kind.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define STACK_MAX 31
#define SLUG_MAX 40
#define HASH_LEN 16
#define PARENT_LEN 8

static void hash_text(const char *text, size_t hex_len, char *out)
{
	char hex[65];

	mok_sha256_hex(text, strlen(text), hex);
	memcpy(out, hex, hex_len);
	out[hex_len] = '\0';
}

void mok_addr_hash(const char *address, char out[17])
{
	hash_text(address, HASH_LEN, out);
}

static void slug_of(const char *address, char out[SLUG_MAX + 1])
{
	size_t len = 0;

	for (const char *p = address; *p && len < SLUG_MAX; p++) {
		char c = (char)tolower((unsigned char)*p);

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[len++] = c;
		else if (len && out[len - 1] != '-')
			out[len++] = '-';
	}
	while (len && out[len - 1] == '-')
		len--;
	if (len == 0)
		out[len++] = 'x';
	out[len] = '\0';
}

static char *start_of_marker(struct mok_arena *arena, const char *stack, const char *address)
{
	char slug[SLUG_MAX + 1], hash[HASH_LEN + 1];

	slug_of(address, slug);
	mok_addr_hash(address, hash);
	return mok_arena_printf(arena, "mok:%s:%s-%s", stack, slug, hash);
}

const char *mok_marker_make(
	struct mok_arena *arena, const char *stack, const char *address, unsigned generation)
{
	return mok_arena_printf(
		arena, "%s:g%u", start_of_marker(arena, stack, address), generation);
}

const char *mok_marker_about(
	struct mok_arena *arena, const char *stack, const char *address, const char *what)
{
	return mok_arena_printf(arena, "%s:%s", start_of_marker(arena, stack, address), what);
}

const char *mok_marker_free_tag(struct mok_arena *arena, const char *marker,
	const struct mok_kind *kind, const char *parent_id, const char *natural_key)
{
	char parent[PARENT_LEN + 1], key[HASH_LEN + 1];

	hash_text(parent_id ? parent_id : "", PARENT_LEN, parent);
	hash_text(natural_key ? natural_key : "", HASH_LEN, key);
	return mok_arena_printf(arena, "%s:%s:%s:%s", marker, kind->name, parent, key);
}

/* ---- reading ---- */

static bool only(const char *s, size_t min, size_t max, const char *allowed)
{
	size_t len = strlen(s);

	return len >= min && len <= max && strspn(s, allowed) == len;
}

static bool is_hex(const char *s, size_t len)
{
	return only(s, len, len, "0123456789abcdef");
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static bool parse_generation(const char *s, unsigned *out)
{
	int64_t n;

	if (s[0] != 'g' || !isdigit((unsigned char)s[1]) || (s[1] == '0' && s[2]) ||
		!mok_parse_i64(s + 1, &n) || n > 1000000000)
		return false;
	*out = (unsigned)n;
	return true;
}

/* <slug>-<16 hex>: the slug may hold dashes, so it is split from the end. */
static bool parse_address(char *s, struct mok_marker *out)
{
	size_t len = strlen(s);
	char *dash;

	if (len < HASH_LEN + 2)
		return false;
	dash = s + len - HASH_LEN - 1;
	if (*dash != '-' || !is_hex(dash + 1, HASH_LEN))
		return false;
	memcpy(out->addr_hash, dash + 1, HASH_LEN + 1);
	*dash = '\0';
	out->slug = s;
	return only(s, 1, SLUG_MAX, LOWER DIGITS "-");
}

static bool parse_free_tag(char *part[7], size_t n, struct mok_marker *out)
{
	if (n != 7 || !only(part[4], 1, 63, LOWER DIGITS "_") || !is_hex(part[5], PARENT_LEN) ||
		!is_hex(part[6], HASH_LEN))
		return false;
	out->kind = part[4];
	memcpy(out->parent_hash, part[5], PARENT_LEN + 1);
	memcpy(out->key_hash, part[6], HASH_LEN + 1);
	return true;
}

static bool is_about(const char *word)
{
	static const char *const words[] = { "protect", "retain", "objects", "data" };

	for (size_t i = 0; i < MOK_COUNT(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static bool parse_parts(char *part[7], size_t n, struct mok_marker *out)
{
	if (n < 4 || strcmp(part[0], "mok") != 0 || !islower((unsigned char)part[1][0]) ||
		!only(part[1], 1, STACK_MAX, LOWER DIGITS "-") || !parse_address(part[2], out))
		return false;
	out->stack = part[1];
	out->about = "";
	if (n == 4 && is_about(part[3])) {
		out->about = part[3];
		return true;
	}
	if (!parse_generation(part[3], &out->generation))
		return false;
	return n == 4 || parse_free_tag(part, n, out);
}

bool mok_marker_parse(struct mok_arena *arena, const char *text, struct mok_marker *out)
{
	char *part[7];
	char *copy;
	size_t n = 0;

	if (!mok_starts(text, "mok:") || strlen(text) > 255)
		return false;
	copy = mok_arena_strdup(arena, text);
	*out = (struct mok_marker){ 0 };
	for (char *p = copy; p;) {
		char *colon = strchr(p, ':');

		if (n == MOK_COUNT(part))
			return false;
		part[n++] = p;
		if (colon)
			*colon++ = '\0';
		p = colon;
	}
	return parse_parts(part, n, out);
}
