/* Quantities:
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ Kept exactly, as
 * digits times powers of ten and two, and written the way the real server writes them. */
#include "apiserver_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum form {
	DECIMAL = 0, /* 5k */
	BINARY,      /* 5Ki */
	EXPONENT,    /* 5e3 */
};

/* digits * 10^ten * 2^two */
struct quantity {
	int64_t digits;
	int ten, two;
	enum form form;
	bool as_written; /* the text is canonical already */
};

static const struct {
	const char *suffix;
	int ten, two;
} suffixes[] = { { "", 0, 0 }, { "n", -9, 0 }, { "u", -6, 0 }, { "m", -3, 0 }, { "k", 3, 0 },
	{ "M", 6, 0 }, { "G", 9, 0 }, { "T", 12, 0 }, { "P", 15, 0 }, { "E", 18, 0 },
	{ "Ki", 0, 10 }, { "Mi", 0, 20 }, { "Gi", 0, 30 }, { "Ti", 0, 40 }, { "Pi", 0, 50 },
	{ "Ei", 0, 60 } };

static bool read_suffix(const char *text, struct quantity *q)
{
	int64_t exponent;

	for (size_t i = 0; i < MOK_COUNT(suffixes); i++) {
		if (strcmp(suffixes[i].suffix, text) != 0)
			continue;
		q->ten += suffixes[i].ten;
		q->two = suffixes[i].two;
		q->form = q->two ? BINARY : DECIMAL;
		return true;
	}
	if (*text != 'e' && *text != 'E')
		return false;
	text += 1 + (text[1] == '+');
	if (!mok_parse_i64(text, &exponent) || exponent < -40 || exponent > 40)
		return false;
	q->ten += (int)exponent;
	q->form = EXPONENT;
	return true;
}

/* At most 18 digits count; more are rounded off, as no sum of resources needs them. */
static bool read_digits(const char **text, struct quantity *q)
{
	const char *s = *text;
	bool point = false, any = false;

	for (; (*s >= '0' && *s <= '9') || (*s == '.' && !point); s++) {
		if (*s == '.') {
			point = true;
			continue;
		}
		any = true;
		if (q->digits < INT64_MAX / 100) {
			q->digits = q->digits * 10 + (*s - '0');
			q->ten -= point;
		} else {
			q->ten += !point;
		}
	}
	*text = s;
	return any;
}

/* The real server keeps the spelling of numbers that it finds canonical at a glance. */
static bool is_canonical(const struct quantity *q, const char *text)
{
	const char *digits = text + strspn(text, "+-");
	bool fraction = strchr(digits, '.');

	if (q->form == BINARY)
		return !fraction && (q->digits & 7) != 0;
	return q->ten % 3 == 0 && q->ten >= -9 && q->digits % 1000 != 0 && digits[0] != '0';
}

static bool read_quantity(const char *text, struct quantity *q)
{
	const char *s = text;
	bool minus = *s == '-';

	*q = (struct quantity){ .digits = 0 };
	s += minus || *s == '+';
	if (!read_digits(&s, q) || !read_suffix(s, q))
		return false;
	q->as_written = is_canonical(q, text);
	if (minus)
		q->digits = -q->digits;
	return true;
}

/* Zeros of the digits go to the exponent, which is then made one of thousands. */
static void by_thousands(struct quantity *q)
{
	while (q->digits % 10 == 0) {
		q->digits /= 10;
		q->ten++;
	}
	/* Nothing is finer than a billionth: what is, is rounded away from zero. */
	while (q->ten < -9) {
		q->digits = q->digits / 10 + (q->digits % 10 ? (q->digits > 0 ? 1 : -1) : 0);
		q->ten++;
	}
	while (((q->ten % 3) + 3) % 3 != 0) {
		q->digits *= 10;
		q->ten--;
	}
}

static char *print_decimal(struct mok_arena *arena, struct quantity q)
{
	by_thousands(&q);
	if (q.form == EXPONENT && q.ten)
		return mok_arena_printf(arena, "%llde%d", (long long)q.digits, q.ten);
	for (size_t i = 0; i < MOK_COUNT(suffixes); i++)
		if (suffixes[i].ten == q.ten && !suffixes[i].two)
			return mok_arena_printf(
				arena, "%lld%s", (long long)q.digits, suffixes[i].suffix);
	return mok_arena_printf(arena, "%llde%d", (long long)q.digits, q.ten);
}

static char *print_binary(struct mok_arena *arena, int64_t value)
{
	size_t i = 0;

	for (; value % 1024 == 0 && i < 6; i++)
		value /= 1024;
	return mok_arena_printf(arena, "%lld%s", (long long)value, i ? suffixes[9 + i].suffix : "");
}

/* Powers of two into the digits. False: too large. */
static bool fold(struct quantity *q)
{
	for (; q->two > 0; q->two--)
		if (__builtin_mul_overflow(q->digits, 2, &q->digits))
			return false;
	for (; q->ten < 0 && q->digits % 10 == 0 && q->digits; q->ten++)
		q->digits /= 10;
	return true;
}

static char *print(struct mok_arena *arena, struct quantity q)
{
	if (!q.digits)
		return mok_arena_strdup(arena, "0");
	if (q.form != BINARY)
		return print_decimal(arena, q);
	if (!fold(&q))
		return print_binary(arena, INT64_MAX);
	for (; q.ten > 0; q.ten--)
		if (__builtin_mul_overflow(q.digits, 10, &q.digits))
			return print_binary(arena, INT64_MAX);
	/* A part of a byte, or little: as decimals. */
	if (q.ten < 0 || (q.digits > -1024 && q.digits < 1024))
		return print_decimal(arena, q);
	return print_binary(arena, q.digits);
}

char *ks_quantity(struct mok_arena *arena, const char *text)
{
	struct quantity q;

	if (!read_quantity(text, &q))
		return NULL;
	return q.as_written ? mok_arena_strdup(arena, text) : print(arena, q);
}

double ks_quantity_value(const char *text)
{
	struct quantity q;

	return read_quantity(text, &q) ? ldexp((double)q.digits * pow(10, q.ten), q.two) : 0;
}

double mok_apiserver_quantity(const char *text)
{
	return text ? ks_quantity_value(text) : 0;
}

int64_t ks_quantity_milli(const char *text)
{
	double milli = ks_quantity_value(text) * 1000;

	if (milli >= 9e18)
		return INT64_MAX;
	/* Less than a millionth over is the arithmetic's. */
	return (int64_t)ceil(milli - fabs(milli) * 1e-15 - 1e-6);
}

void ks_round_milli(cJSON *text)
{
	struct mok_arena *arena;
	struct quantity q;

	if (!read_quantity(text->valuestring, &q) || q.ten >= -3 || !q.digits || !fold(&q))
		return;
	for (; q.ten < -3; q.ten++)
		q.digits = q.digits / 10 + (q.digits % 10 > 0);
	arena = mok_arena_new();
	cJSON_SetValuestring(text, print(arena, q));
	mok_arena_free(arena);
}

char *ks_quantity_print(struct mok_arena *arena, int64_t milli, const char *like)
{
	struct quantity q;

	if (!read_quantity(like, &q))
		q.form = DECIMAL;
	q.digits = milli;
	q.ten = -3;
	q.two = 0;
	return print(arena, q);
}
