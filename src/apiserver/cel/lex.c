/* From text to tokens. */
#include "cel.h"

#include <ctype.h>

bool cel_is_reserved(const char *name, size_t len)
{
	static const char *const words[] = { "true", "false", "null", "in", "as", "break", "const",
		"continue", "else", "for", "function", "if", "import", "let", "loop", "package",
		"namespace", "return", "var", "void", "while" };

	for (size_t i = 0; i < MOK_COUNT(words); i++)
		if (strlen(words[i]) == len && strncmp(words[i], name, len) == 0)
			return true;
	return false;
}

static bool starts_name(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static size_t skip_blank(const char *source, size_t at)
{
	for (;;) {
		at += strspn(source + at, " \t\n\f\r");
		if (strncmp(source + at, "//", 2) != 0)
			return at;
		at += strcspn(source + at, "\n\r");
	}
}

static size_t digits(const char *s, size_t at)
{
	while (isdigit((unsigned char)s[at]))
		at++;
	return at;
}

/* 1, 0x1f, 1u, 1.5, .5, 1e3 */
static void read_number(const char *s, struct cel_token *out)
{
	size_t at = out->at, power;

	out->kind = CEL_T_INT;
	if (s[at] == '0' && s[at + 1] == 'x' && isxdigit((unsigned char)s[at + 2])) {
		for (at += 2; isxdigit((unsigned char)s[at]);)
			at++;
	} else {
		at = digits(s, at);
		if (s[at] == '.' && isdigit((unsigned char)s[at + 1])) {
			at = digits(s, at + 1);
			out->kind = CEL_T_DOUBLE;
		}
		power = at + 1;
		if ((s[at] == 'e' || s[at] == 'E') && (s[power] == '-' || s[power] == '+'))
			power++;
		if ((s[at] == 'e' || s[at] == 'E') && isdigit((unsigned char)s[power])) {
			at = digits(s, power);
			out->kind = CEL_T_DOUBLE;
		}
	}
	if (out->kind == CEL_T_INT && (s[at] == 'u' || s[at] == 'U')) {
		out->kind = CEL_T_UINT;
		at++;
	}
	out->len = at - out->at;
}

/* How many letters before a quote say how its text is written: r"", b"", rb"". 0 with no quote:
 * it is none. */
static bool read_prefix(const char *s, size_t at, size_t *len, bool *raw, bool *bytes)
{
	*raw = *bytes = false;
	for (*len = 0; *len < 2; (*len)++) {
		char c = s[at + *len];

		if ((c == 'r' || c == 'R') && !*raw)
			*raw = true;
		else if ((c == 'b' || c == 'B') && !*bytes)
			*bytes = true;
		else
			break;
	}
	return s[at + *len] == '"' || s[at + *len] == '\'';
}

/* Where the text that begins after its quotes ends; 0: nowhere. */
static size_t find_end(const char *s, size_t at, const char *quote, size_t n, bool raw)
{
	for (; s[at]; at++) {
		if (strncmp(s + at, quote, n) == 0)
			return at;
		if (n == 1 && (s[at] == '\n' || s[at] == '\r'))
			return 0;
		if (s[at] == '\\' && !raw && s[at + 1])
			at++;
	}
	return 0;
}

static bool read_string(struct mok_arena *arena, const char *s, struct cel_token *out)
{
	size_t prefix, n, begin, end;
	bool raw, bytes;
	char quote[4] = "";

	if (!read_prefix(s, out->at, &prefix, &raw, &bytes))
		return false;
	begin = out->at + prefix;
	n = s[begin + 1] == s[begin] && s[begin + 2] == s[begin] ? 3 : 1;
	memset(quote, s[begin], n);
	end = find_end(s, begin + n, quote, n, raw);
	out->kind = bytes ? CEL_T_BYTES : CEL_T_STRING;
	out->len = prefix + n;
	if (!end) {
		out->kind = CEL_T_BAD;
		out->len = prefix + n +
			(n == 1 ? strcspn(s + begin + n, "\n\r") : strlen(s + begin + n));
		return true;
	}
	out->len = end + n - out->at;
	out->text = (struct cel_text){ s + begin + n, end - begin - n };
	if (!raw && !cel_unquote(arena, out->text, bytes, &out->text))
		out->kind = CEL_T_BAD;
	return true;
}

static void read_sign(const char *s, struct cel_token *out)
{
	static const char *const signs[] = { "==", "!=", "<=", ">=", "&&", "||", "+", "-", "*", "/",
		"%", "!", "<", ">", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}" };

	for (size_t i = 0; i < MOK_COUNT(signs); i++) {
		if (!mok_starts(s + out->at, signs[i]))
			continue;
		out->kind = CEL_T_SIGN;
		out->len = strlen(signs[i]);
		return;
	}
	/* Half an operator takes what follows it along. */
	out->kind = CEL_T_BAD;
	out->len = strchr("=&|", s[out->at]) && s[out->at + 1] ? 2 : 1;
}

void cel_lex(struct mok_arena *arena, const char *source, size_t from, struct cel_token *out)
{
	const char *s = source;
	size_t at = skip_blank(s, from);

	*out = (struct cel_token){ .at = at };
	if (!s[at])
		return;
	if (isdigit((unsigned char)s[at]) || (s[at] == '.' && isdigit((unsigned char)s[at + 1]))) {
		read_number(s, out);
	} else if (read_string(arena, s, out)) {
		return;
	} else if (starts_name(s[at])) {
		out->kind = CEL_T_IDENT;
		while (in_name(s[at + out->len]))
			out->len++;
	} else {
		read_sign(s, out);
	}
}
