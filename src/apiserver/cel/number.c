/* Arithmetic, comparison, and what becomes a number. */
#include "functions.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static struct cel_val overflow(struct cel_run *run)
{
	return cel_error(run->arena, "integer overflow");
}

static struct cel_val unsigned_overflow(struct cel_run *run)
{
	return cel_error(run->arena, "unsigned integer overflow");
}

/* ---- + - * / % ---- */

#define INTEGER(name, builtin) \
	CEL_FUNCTION(cel_fn_##name##_int) \
	{ \
		int64_t out; \
		return builtin(args[0].is.i, args[1].is.i, &out) ? overflow(run) \
								 : CEL_OF_INT(out); \
	} \
	CEL_FUNCTION(cel_fn_##name##_uint) \
	{ \
		uint64_t out; \
		return builtin(args[0].is.u, args[1].is.u, &out) ? unsigned_overflow(run) \
								 : CEL_OF_UINT(out); \
	}
INTEGER(add, __builtin_add_overflow)
INTEGER(sub, __builtin_sub_overflow)
INTEGER(mul, __builtin_mul_overflow)

#define DOUBLE(name, sign) \
	CEL_FUNCTION(cel_fn_##name##_double) \
	{ \
		(void)run; \
		return CEL_OF_DOUBLE(args[0].is.d sign args[1].is.d); \
	}
DOUBLE(add, +)
DOUBLE(sub, -)
DOUBLE(mul, *)

CEL_FUNCTION(cel_fn_div_double)
{
	(void)run;
	/* Of IEEE 754, with its infinities. */
	return CEL_OF_DOUBLE(args[1].is.d != 0 ? args[0].is.d / args[1].is.d
			: args[0].is.d == 0 || isnan(args[0].is.d) || isnan(args[1].is.d)
			? (double)NAN
			: copysign(HUGE_VAL, args[0].is.d) * copysign(1, args[1].is.d));
}

CEL_FUNCTION(cel_fn_div_int)
{
	if (!args[1].is.i)
		return cel_error(run->arena, "division by zero");
	if (args[0].is.i == INT64_MIN && args[1].is.i == -1)
		return overflow(run);
	return CEL_OF_INT(args[0].is.i / args[1].is.i);
}

CEL_FUNCTION(cel_fn_mod_int)
{
	if (!args[1].is.i)
		return cel_error(run->arena, "modulus by zero");
	if (args[0].is.i == INT64_MIN && args[1].is.i == -1)
		return overflow(run);
	return CEL_OF_INT(args[0].is.i % args[1].is.i);
}

CEL_FUNCTION(cel_fn_div_uint)
{
	return args[1].is.u ? CEL_OF_UINT(args[0].is.u / args[1].is.u)
			    : cel_error(run->arena, "division by zero");
}

CEL_FUNCTION(cel_fn_mod_uint)
{
	return args[1].is.u ? CEL_OF_UINT(args[0].is.u % args[1].is.u)
			    : cel_error(run->arena, "modulus by zero");
}

CEL_FUNCTION(cel_fn_negate_int)
{
	return args[0].is.i == INT64_MIN ? overflow(run) : CEL_OF_INT(-args[0].is.i);
}

CEL_FUNCTION(cel_fn_negate_double)
{
	(void)run;
	return CEL_OF_DOUBLE(-args[0].is.d);
}

CEL_FUNCTION(cel_fn_add_duration)
{
	struct cel_val out = { .kind = CEL_DURATION };

	return __builtin_add_overflow(args[0].is.i, args[1].is.i, &out.is.i)
		? cel_error(run->arena, "duration overflow")
		: out;
}

CEL_FUNCTION(cel_fn_sub_duration)
{
	struct cel_val out = { .kind = CEL_DURATION };

	return __builtin_sub_overflow(args[0].is.i, args[1].is.i, &out.is.i)
		? cel_error(run->arena, "duration overflow")
		: out;
}

/* ---- comparison ---- */

#define ORDER(name, sign) \
	CEL_FUNCTION(cel_fn_##name) \
	{ \
		const char *why; \
		int by; \
		return cel_compare(&args[0], &args[1], &by, &why) \
			? CEL_TRUTH(by sign 0) \
			: cel_error(run->arena, "%s", why); \
	}
ORDER(less, <)
ORDER(less_equal, <=)
ORDER(more, >)
ORDER(more_equal, >=)

CEL_FUNCTION(cel_fn_equal)
{
	return CEL_TRUTH(cel_equal(run, &args[0], &args[1]));
}

CEL_FUNCTION(cel_fn_unequal)
{
	return CEL_TRUTH(!cel_equal(run, &args[0], &args[1]));
}

CEL_FUNCTION(cel_fn_not)
{
	(void)run;
	return CEL_TRUTH(!args[0].is.truth);
}

/* ---- conversion ---- */

static struct cel_val no_conversion(struct cel_run *run, enum cel_kind kind)
{
	return cel_error(
		run->arena, "type conversion error from 'string' to '%s'", cel_kind_name(kind));
}

CEL_FUNCTION(cel_fn_same)
{
	(void)run;
	return args[0];
}

CEL_FUNCTION(cel_fn_int_of_uint)
{
	return args[0].is.u > INT64_MAX ? overflow(run) : CEL_OF_INT((int64_t)args[0].is.u);
}

CEL_FUNCTION(cel_fn_int_of_double)
{
	double d = args[0].is.d;

	return !(d > -9223372036854775808.0 && d < 9223372036854775808.0) ? overflow(run)
									  : CEL_OF_INT((int64_t)d);
}

/* As Go reads numbers: no blanks. */
static bool is_number_text(const char *text)
{
	return *text && strspn(text, "+-.0123456789abcdefinptyxABCDEFINPTYX") == strlen(text);
}

CEL_FUNCTION(cel_fn_int_of_string)
{
	const char *text = cel_text_of(run->arena, &args[0]);
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || *end || !is_number_text(text))
		return no_conversion(run, CEL_INT);
	return CEL_OF_INT(value);
}

CEL_FUNCTION(cel_fn_int_of_time)
{
	(void)run;
	return CEL_OF_INT(args[0].is.time.seconds);
}

CEL_FUNCTION(cel_fn_int_of_duration)
{
	(void)run;
	return CEL_OF_INT(args[0].is.i);
}

CEL_FUNCTION(cel_fn_uint_of_int)
{
	return args[0].is.i < 0 ? unsigned_overflow(run) : CEL_OF_UINT((uint64_t)args[0].is.i);
}

CEL_FUNCTION(cel_fn_uint_of_double)
{
	double d = args[0].is.d;

	return !(d >= 0 && d < 18446744073709551616.0) ? unsigned_overflow(run)
						       : CEL_OF_UINT((uint64_t)d);
}

CEL_FUNCTION(cel_fn_uint_of_string)
{
	const char *text = cel_text_of(run->arena, &args[0]);
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || strspn(text, "0123456789") != strlen(text) || !*text)
		return no_conversion(run, CEL_UINT);
	return CEL_OF_UINT(value);
}

CEL_FUNCTION(cel_fn_double_of_int)
{
	(void)run;
	return CEL_OF_DOUBLE((double)args[0].is.i);
}

CEL_FUNCTION(cel_fn_double_of_uint)
{
	(void)run;
	return CEL_OF_DOUBLE((double)args[0].is.u);
}

CEL_FUNCTION(cel_fn_double_of_string)
{
	const char *text = cel_text_of(run->arena, &args[0]);
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if ((errno && isinf(value)) || *end || !is_number_text(text))
		return no_conversion(run, CEL_DOUBLE);
	return CEL_OF_DOUBLE(value);
}

CEL_FUNCTION(cel_fn_bool_of_string)
{
	static const char *const words[2][6] = { { "0", "f", "F", "false", "FALSE", "False" },
		{ "1", "t", "T", "true", "TRUE", "True" } };

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < 6; j++)
			if (cel_is_text(&args[0], words[i][j]))
				return CEL_TRUTH(i);
	return no_conversion(run, CEL_BOOL);
}

CEL_FUNCTION(cel_fn_type)
{
	(void)run;
	return (struct cel_val){ .kind = CEL_TYPE, .is.type = &cel_simple[args[0].kind] };
}

CEL_FUNCTION(cel_fn_size)
{
	(void)run;
	return CEL_OF_INT((int64_t)cel_size(&args[0]));
}
