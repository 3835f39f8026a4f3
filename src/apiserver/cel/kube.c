/* What Kubernetes adds: quantities, semantic versions, formats of names. */
#include "functions.h"

#include <ctype.h>
#include <stdlib.h>

#define NANO 1000000000LL

/* Exact: whole + nanos / 10^9, with 0 <= nanos < 10^9. */
struct cel_decimal {
	int64_t whole, nanos;
};

/* ---- quantities ---- */

__extension__ typedef __int128 wide;

static const struct {
	const char *suffix;
	int ten, two;
} suffixes[] = { { "", 0, 0 }, { "n", -9, 0 }, { "u", -6, 0 }, { "m", -3, 0 }, { "k", 3, 0 },
	{ "M", 6, 0 }, { "G", 9, 0 }, { "T", 12, 0 }, { "P", 15, 0 }, { "E", 18, 0 },
	{ "Ki", 0, 10 }, { "Mi", 0, 20 }, { "Gi", 0, 30 }, { "Ti", 0, 40 }, { "Pi", 0, 50 },
	{ "Ei", 0, 60 } };

static bool read_suffix(const char *text, int *ten, int *two)
{
	int64_t exponent;

	for (size_t i = 0; i < MOK_COUNT(suffixes); i++)
		if (strcmp(suffixes[i].suffix, text) == 0) {
			*ten += suffixes[i].ten;
			*two = suffixes[i].two;
			return true;
		}
	if (*text != 'e' && *text != 'E')
		return false;
	text += 1 + (text[1] == '+');
	if (!mok_parse_i64(text, &exponent) || exponent < -18 || exponent > 18)
		return false;
	*ten += (int)exponent;
	return true;
}

/* Up to 18 digits count. */
static bool read_digits(const char **at, int64_t *digits, int *ten)
{
	bool point = false, any = false;

	for (; isdigit((unsigned char)**at) || (**at == '.' && !point); (*at)++) {
		if (**at == '.') {
			point = true;
			continue;
		}
		any = true;
		if (*digits < NANO * NANO / 10) {
			*digits = *digits * 10 + (**at - '0');
			*ten -= point;
		} else {
			*ten += !point;
		}
	}
	return any;
}

/* digits * 10^ten * 2^two, in billionths; more than there can be is the most that there can. */
static wide scaled(int64_t digits, int ten, int two)
{
	const wide most = (wide)INT64_MAX * NANO;
	wide value = (wide)digits << two;

	for (ten += 9; ten > 0 && value < most; ten--)
		value *= 10;
	for (; ten < 0; ten++)
		value = (value + 9) / 10; /* nothing is rounded to nothing */
	return value < most ? value : most;
}

static bool read_quantity(const char *text, struct cel_decimal *out)
{
	bool minus = *text == '-';
	int64_t digits = 0;
	int ten = 0, two = 0;
	wide value;

	text += *text == '-' || *text == '+';
	if (!read_digits(&text, &digits, &ten) || !read_suffix(text, &ten, &two))
		return false;
	value = scaled(digits, ten, two);
	value = minus ? -value : value;
	out->whole = (int64_t)(value / NANO);
	out->nanos = (int64_t)(value % NANO);
	if (out->nanos < 0) {
		out->nanos += NANO;
		out->whole--;
	}
	return true;
}

static struct cel_val quantity_val(struct cel_run *run, struct cel_decimal value)
{
	struct cel_decimal *copy = MOK_NEW(run->arena, struct cel_decimal);

	*copy = value;
	return (struct cel_val){ .kind = CEL_QUANTITY, .is.quantity = copy };
}

int cel_decimal_compare(const struct cel_decimal *a, const struct cel_decimal *b)
{
	if (a->whole != b->whole)
		return a->whole < b->whole ? -1 : 1;
	return a->nanos < b->nanos ? -1 : a->nanos > b->nanos;
}

CEL_FUNCTION(cel_fn_quantity)
{
	struct cel_decimal value;

	if (read_quantity(cel_text_of(run->arena, &args[0]), &value))
		return quantity_val(run, value);
	return cel_error(run->arena,
		"quantities must match the regular expression "
		"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}

CEL_FUNCTION(cel_fn_is_quantity)
{
	struct cel_decimal value;

	return CEL_TRUTH(read_quantity(cel_text_of(run->arena, &args[0]), &value));
}

CEL_FUNCTION(cel_fn_quantity_sign)
{
	const struct cel_decimal *q = args[0].is.quantity;

	(void)run;
	return CEL_OF_INT(q->whole < 0 ? -1 : q->whole > 0 || q->nanos > 0);
}

CEL_FUNCTION(cel_fn_is_integer)
{
	(void)run;
	return CEL_TRUTH(!args[0].is.quantity->nanos);
}

CEL_FUNCTION(cel_fn_as_integer)
{
	return args[0].is.quantity->nanos ? cel_error(run->arena, "cannot convert value to integer")
					  : CEL_OF_INT(args[0].is.quantity->whole);
}

CEL_FUNCTION(cel_fn_as_float)
{
	const struct cel_decimal *q = args[0].is.quantity;

	(void)run;
	return CEL_OF_DOUBLE((double)q->whole + (double)q->nanos / (double)NANO);
}

#define QUANTITIES(name, test) \
	CEL_FUNCTION(cel_fn_quantity_##name) \
	{ \
		int by = cel_decimal_compare(args[0].is.quantity, args[1].is.quantity); \
		(void)run; \
		return test; \
	}
QUANTITIES(less, CEL_TRUTH(by < 0))
QUANTITIES(more, CEL_TRUTH(by > 0))
QUANTITIES(compare, CEL_OF_INT(by))

static struct cel_val sum(struct cel_run *run, struct cel_decimal a, struct cel_decimal b, int by)
{
	wide all = (wide)a.whole * NANO + a.nanos + by * ((wide)b.whole * NANO + b.nanos);
	struct cel_decimal out = { (int64_t)(all / NANO), (int64_t)(all % NANO) };

	if (out.nanos < 0) {
		out.nanos += NANO;
		out.whole--;
	}
	return quantity_val(run, out);
}

CEL_FUNCTION(cel_fn_quantity_add)
{
	return sum(run, *args[0].is.quantity, *args[1].is.quantity, 1);
}

CEL_FUNCTION(cel_fn_quantity_sub)
{
	return sum(run, *args[0].is.quantity, *args[1].is.quantity, -1);
}

CEL_FUNCTION(cel_fn_quantity_add_int)
{
	return sum(run, *args[0].is.quantity, (struct cel_decimal){ args[1].is.i, 0 }, 1);
}

CEL_FUNCTION(cel_fn_quantity_sub_int)
{
	return sum(run, *args[0].is.quantity, (struct cel_decimal){ args[1].is.i, 0 }, -1);
}

/* ---- semantic versions ---- */

static bool read_part(const char **at, uint64_t *out)
{
	const char *from = *at;

	for (*out = 0; isdigit((unsigned char)**at); (*at)++) {
		if (*at - from > 17)
			return false;
		*out = *out * 10 + (uint64_t)(**at - '0');
	}
	return *at > from && (*from != '0' || *at - from == 1);
}

/* "alpha.1": each part of letters, digits and '-'; numbers without zeros before them. */
static bool good_parts(const char *text, bool numbers)
{
	for (;;) {
		size_t n = strcspn(text, ".");

		if (!n ||
			strspn(text,
				"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
				"wxyz-") < n)
			return false;
		if (numbers && n > 1 && *text == '0' && strspn(text, "0123456789") >= n)
			return false;
		if (!text[n])
			return true;
		text += n + 1;
	}
}

static bool read_semver(struct mok_arena *arena, const char *text, struct cel_semver *out)
{
	const char *plus = strchr(text, '+');

	*out = (struct cel_semver){ .pre = "", .build = plus ? plus + 1 : "" };
	for (int i = 0; i < 3; i++)
		if (!read_part(&text, &out->part[i]) || (i < 2 && *text++ != '.'))
			return false;
	if (*text == '-') {
		text++;
		out->pre =
			mok_arena_strndup(arena, text, plus ? (size_t)(plus - text) : strlen(text));
		text += strlen(out->pre);
		if (!good_parts(out->pre, true))
			return false;
	}
	return plus ? text == plus && good_parts(out->build, false) : !*text;
}

/* What people write and semver does not: "v1.2", "01.2.3". */
static const char *normalised(struct mok_arena *arena, const char *text)
{
	unsigned long long part[3] = { 0 };
	size_t core;

	text += *text == 'v';
	core = strspn(text, "0123456789.");
	for (int i = 0; i < 3; i++) {
		char *end;

		part[i] = strtoull(text, &end, 10);
		if (end == text)
			return text;
		core -= (size_t)(end - text);
		text = end;
		if (!core)
			break;
		if (i == 2 || *text != '.')
			return text;
		text++;
		core--;
	}
	return mok_arena_printf(arena, "%llu.%llu.%llu%s", part[0], part[1], part[2], text);
}

static int compare_parts(const char *a, size_t n, const char *b, size_t m)
{
	bool x = strspn(a, "0123456789") >= n, y = strspn(b, "0123456789") >= m;
	size_t least = n < m ? n : m;
	int by = memcmp(a, b, least);

	if (x != y)
		return x ? -1 : 1;
	if (x && n != m)
		return n < m ? -1 : 1;
	return by ? by : n < m ? -1 : n > m;
}

static int compare_pre(const char *a, const char *b)
{
	if (!*a || !*b)
		return *a ? -1 : *b != 0;
	for (;;) {
		size_t n = strcspn(a, "."), m = strcspn(b, ".");
		int by = compare_parts(a, n, b, m);

		if (by)
			return by < 0 ? -1 : 1;
		if (!a[n] || !b[m])
			return a[n] ? 1 : b[m] ? -1 : 0;
		a += n + 1;
		b += m + 1;
	}
}

int cel_semver_compare(const struct cel_semver *a, const struct cel_semver *b)
{
	for (int i = 0; i < 3; i++)
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	return compare_pre(a->pre, b->pre);
}

static bool semver_of(
	struct cel_run *run, const struct cel_val *args, bool loose, struct cel_semver *out)
{
	const char *text = cel_text_of(run->arena, &args[0]);

	return read_semver(run->arena, loose ? normalised(run->arena, text) : text, out);
}

static struct cel_val semver_val(struct cel_run *run, const struct cel_val *args, bool loose)
{
	struct cel_semver *out = MOK_NEW(run->arena, struct cel_semver);
	const char *text = cel_text_of(run->arena, &args[0]), *dot = strchr(text, '.');

	if (!semver_of(run, args, loose, out))
		return !dot || !strchr(dot + 1, '.')
			? cel_error(run->arena, "No Major.Minor.Patch elements found")
			: cel_error(run->arena, "Invalid character(s) found in \"%s\"", text);
	return (struct cel_val){ .kind = CEL_SEMVER, .is.semver = out };
}

CEL_FUNCTION(cel_fn_semver)
{
	return semver_val(run, args, false);
}

CEL_FUNCTION(cel_fn_semver_loose)
{
	return semver_val(run, args, args[1].is.truth);
}

CEL_FUNCTION(cel_fn_is_semver)
{
	struct cel_semver out;

	return CEL_TRUTH(semver_of(run, args, false, &out));
}

CEL_FUNCTION(cel_fn_is_semver_loose)
{
	struct cel_semver out;

	return CEL_TRUTH(semver_of(run, args, args[1].is.truth, &out));
}

#define SEMVERS(name, test) \
	CEL_FUNCTION(cel_fn_semver_##name) \
	{ \
		int by = cel_semver_compare(args[0].is.semver, args[1].is.semver); \
		(void)run; \
		return test; \
	}
SEMVERS(less, CEL_TRUTH(by < 0))
SEMVERS(more, CEL_TRUTH(by > 0))
SEMVERS(compare, CEL_OF_INT(by))

#define SEMVER_PART(name, i) \
	CEL_FUNCTION(cel_fn_##name) \
	{ \
		(void)run; \
		return CEL_OF_INT((int64_t)args[0].is.semver->part[i]); \
	}
SEMVER_PART(major, 0)
SEMVER_PART(minor, 1)
SEMVER_PART(patch, 2)

/* ---- formats ---- */

#define LABEL "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

static const struct {
	const char *name, *pattern, *message;
	size_t max; /* 0: none */
} formats[] = {
	{ "dns1123Label", LABEL,
		"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
		"'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
		"'123-abc', regex used for validation is '" LABEL "')",
		63 },
	{ "dns1123Subdomain", LABEL "(\\." LABEL ")*",
		"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
		"characters, '-' or '.', and must start and end with an alphanumeric character "
		"(e.g. 'example.com', regex used for validation is '" LABEL "(\\." LABEL ")*')",
		253 },
	{ "dns1035Label", "[a-z]([-a-z0-9]*[a-z0-9])?",
		"a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
		"start with an alphabetic character, and end with an alphanumeric character (e.g. "
		"'my-name',  or 'abc-123', regex used for validation is "
		"'[a-z]([-a-z0-9]*[a-z0-9])?')",
		63 },
	{ "qualifiedName",
		"(" LABEL "(\\." LABEL ")*/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]",
		"name part must consist of alphanumeric characters, '-', '_' or '.', and must "
		"start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
		"'123-abc', regex used for validation is "
		"'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
		0 },
	{ "labelValue", "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
		"a valid label must be an empty string or consist of alphanumeric characters, '-', "
		"'_' or '.', and must start and end with an alphanumeric character (e.g. "
		"'MyValue',  or 'my_value',  or '12345', regex used for validation is "
		"'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
		63 },
	{ "uuid", "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}",
		"does not match the UUID format", 0 },
	{ "uri", NULL, NULL, 0 },
	{ "byte", NULL, "invalid base64", 0 },
	{ "date", NULL, "invalid date", 0 },
	{ "datetime", NULL, "invalid datetime", 0 },
	{ "dns1123LabelPrefix", NULL, NULL, 0 },
	{ "dns1123SubdomainPrefix", NULL, NULL, 0 },
	{ "dns1035LabelPrefix", NULL, NULL, 0 },
};

static size_t format_at(const char *name)
{
	size_t i = 0;

	while (i < MOK_COUNT(formats) && strcmp(formats[i].name, name) != 0)
		i++;
	return i;
}

/* Is it of a format that no pattern tells? */
static bool fits(const char *format, const char *text, struct mok_arena *arena)
{
	struct cel_val time;

	if (strcmp(format, "byte") == 0)
		return mok_unbase64(arena, text, NULL);
	return cel_parse_timestamp(text, strcmp(format, "date") == 0, &time);
}

static bool fits_pattern(struct cel_run *run, const char *pattern, const char *text)
{
	const char *why;
	const struct cel_regex *regex =
		cel_regex_new(run->arena, mok_arena_printf(run->arena, "^(?:%s)$", pattern), &why);

	if (!regex)
		MOK_BUG("a format's pattern");
	cel_spend(run, cel_regex_len(regex) / 10);
	return cel_regex_find(regex, (struct cel_text){ text, strlen(text) }, 0, NULL, NULL);
}

static struct cel_val complaints(struct cel_run *run, const char *first, const char *second)
{
	struct cel_val *items = MOK_NEW_N(run->arena, struct cel_val, 2);
	size_t n = 0;

	if (first)
		items[n++] = cel_string(first);
	if (second)
		items[n++] = cel_string(second);
	return n ? cel_some(run->arena, cel_new_list(run->arena, items, n)) : cel_none();
}

/* A name that is to be continued may end with a '-'. */
static const char *completed(struct mok_arena *arena, const char *text)
{
	char *copy = mok_arena_strdup(arena, text);
	size_t n = strlen(copy);

	if (n > 1 && copy[n - 1] == '-')
		copy[n - 1] = 'a';
	return copy;
}

CEL_FUNCTION(cel_fn_validate)
{
	const char *name = args[0].is.format, *text = cel_text_of(run->arena, &args[1]);
	const char *prefix = strstr(name, "Prefix"), *pattern, *too_long = NULL;
	struct cel_val url;
	size_t i;

	if (prefix) {
		name = mok_arena_strndup(run->arena, name, (size_t)(prefix - name));
		text = completed(run->arena, text);
	}
	i = format_at(name);
	pattern = formats[i].pattern;
	if (strcmp(name, "uri") == 0) {
		url = cel_fn_url(run, &args[1]);
		return complaints(run,
			url.kind == CEL_ERROR ? strstr(url.is.text.at, "parse \"") : NULL, NULL);
	}
	if (formats[i].max && strlen(text) > formats[i].max)
		too_long = mok_arena_printf(
			run->arena, "must be no more than %zu characters", formats[i].max);
	cel_spend(run, pattern ? strlen(text) * strlen(pattern) / 40 : 1);
	return complaints(run, too_long,
		(pattern ? fits_pattern(run, pattern, text) : fits(name, text, run->arena))
			? NULL
			: formats[i].message);
}

static struct cel_val format_val(const char *name)
{
	size_t i = format_at(name);

	return i < MOK_COUNT(formats)
		? (struct cel_val){ .kind = CEL_FORMAT, .is.format = formats[i].name }
		: cel_none();
}

CEL_FUNCTION(cel_fn_format_named)
{
	struct cel_val out = format_val(cel_text_of(run->arena, &args[0]));

	return out.kind == CEL_OPTIONAL ? out : cel_some(run->arena, out);
}

#define FORMAT(id, name) \
	CEL_FUNCTION(cel_fn_format_##id) \
	{ \
		(void)run; \
		(void)args; \
		return format_val(name); \
	}
FORMAT(label, "dns1123Label")
FORMAT(subdomain, "dns1123Subdomain")
FORMAT(label_1035, "dns1035Label")
FORMAT(qualified, "qualifiedName")
FORMAT(label_prefix, "dns1123LabelPrefix")
FORMAT(subdomain_prefix, "dns1123SubdomainPrefix")
FORMAT(label_1035_prefix, "dns1035LabelPrefix")
FORMAT(label_value, "labelValue")
FORMAT(uri, "uri")
FORMAT(uuid, "uuid")
FORMAT(byte, "byte")
FORMAT(date, "date")
FORMAT(datetime, "datetime")
