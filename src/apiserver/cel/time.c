/* Timestamps and durations: their texts and parts. */
#include "functions.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

#define SECOND 1000000000LL
/* The years 1 to 9999. */
#define TIME_MIN (-62135596800LL)
#define TIME_MAX 253402300799LL

/* ---- calendar: days since 1970-01-01, of the proleptic Gregorian calendar ---- */

static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1, era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct date {
	int64_t year;
	int month, day, year_day, week_day, second; /* from 1, 1, 0, 0 (Sunday), 0 */
};

static struct date date_of(int64_t seconds)
{
	int64_t days = seconds / 86400 - (seconds % 86400 < 0), z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int part = (int)((5 * of_year + 2) / 153);
	struct date d;

	d.day = (int)(of_year - (153 * part + 2) / 5 + 1);
	d.month = part < 10 ? part + 3 : part - 9;
	d.year = year + era * 400 + (d.month <= 2);
	d.year_day = (int)(days - days_of(d.year, 1, 1));
	d.week_day = (int)(((days + 4) % 7 + 7) % 7);
	d.second = (int)(seconds - days * 86400);
	return d;
}

/* ---- reading ---- */

static bool digits(const char **at, int n, int low, int high, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		if (!isdigit((unsigned char)**at))
			return false;
		*out = *out * 10 + (*(*at)++ - '0');
	}
	return *out >= low && *out <= high;
}

static bool sign(const char **at, char c)
{
	return *(*at) == c && (*at)++;
}

int cel_month_len(int year, int month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 ? 28 + leap : 30 + (month + (month > 7)) % 2;
}

static bool read_date(const char **at, int64_t *days)
{
	int year, month, day;

	if (!digits(at, 4, 0, 9999, &year) || !sign(at, '-') || !digits(at, 2, 1, 12, &month) ||
		!sign(at, '-') || !digits(at, 2, 1, cel_month_len(year, month), &day))
		return false;
	*days = days_of(year, month, day);
	return true;
}

static bool read_fraction(const char **at, int32_t *nanos)
{
	int32_t unit = SECOND / 10;

	*nanos = 0;
	if (!sign(at, '.'))
		return true;
	if (!isdigit((unsigned char)**at))
		return false;
	for (; isdigit((unsigned char)**at); unit /= 10)
		*nanos += unit * (*(*at)++ - '0');
	return true;
}

/* "+01:30", "Z" */
static bool read_zone(const char **at, int *seconds)
{
	int hours, minutes, by = **at == '-' ? -1 : 1;

	*seconds = 0;
	if (sign(at, 'Z') || sign(at, 'z'))
		return true;
	if (**at != '+' && **at != '-')
		return false;
	(*at)++;
	if (!digits(at, 2, 0, 23, &hours) || !sign(at, ':') || !digits(at, 2, 0, 59, &minutes))
		return false;
	*seconds = by * (hours * 3600 + minutes * 60);
	return true;
}

bool cel_parse_timestamp(const char *text, bool date_only, struct cel_val *out)
{
	int64_t days;
	int hour, minute, second, zone;

	*out = (struct cel_val){ .kind = CEL_TIMESTAMP };
	if (!read_date(&text, &days))
		return false;
	out->is.time.seconds = days * 86400;
	if (date_only)
		return !*text;
	if ((!sign(&text, 'T') && !sign(&text, 't')) || !digits(&text, 2, 0, 23, &hour) ||
		!sign(&text, ':') || !digits(&text, 2, 0, 59, &minute) || !sign(&text, ':') ||
		!digits(&text, 2, 0, 59, &second) || !read_fraction(&text, &out->is.time.nanos) ||
		!read_zone(&text, &zone))
		return false;
	out->is.time.seconds += hour * 3600 + minute * 60 + second - zone;
	out->is.time.zone = zone;
	return !*text && out->is.time.seconds >= TIME_MIN && out->is.time.seconds <= TIME_MAX;
}

static const struct {
	const char *name;
	int64_t nanos;
} units[] = { { "ns", 1 }, { "us", 1000 }, { "\xc2\xb5s", 1000 }, { "\xce\xbcs", 1000 },
	{ "ms", 1000000 }, { "s", SECOND }, { "m", 60 * SECOND }, { "h", 3600 * SECOND } };

/* One number with its unit: "1.5h". */
static bool read_part(const char **at, int64_t *total)
{
	char *end;
	long double number;
	size_t i = 0;

	if (!isdigit((unsigned char)**at) && **at != '.')
		return false;
	if (strspn(*at, "0123456789.") == 1 && **at == '.')
		return false;
	end = (char *)(uintptr_t)(*at + strspn(*at, "0123456789."));
	number = strtold(*at, NULL);
	*at = end;
	while (i < MOK_COUNT(units) && !mok_starts(*at, units[i].name))
		i++;
	if (i == MOK_COUNT(units))
		return false;
	*at += strlen(units[i].name);
	number *= (long double)units[i].nanos;
	if (number > 9.2e18L || (long double)*total + number > 9.2e18L)
		return false;
	*total += (int64_t)number;
	return true;
}

bool cel_parse_duration(const char *text, int64_t *nanos)
{
	bool minus = *text == '-';

	text += *text == '-' || *text == '+';
	*nanos = 0;
	if (strcmp(text, "0") == 0)
		return true;
	if (!*text)
		return false;
	while (*text)
		if (!read_part(&text, nanos))
			return false;
	*nanos = minus ? -*nanos : *nanos;
	return true;
}

/* ---- telling ---- */

/* ".5" of half a second, "" of none. */
static const char *fraction(struct mok_arena *arena, int32_t nanos)
{
	char *text = mok_arena_printf(arena, ".%09d", nanos);
	size_t n = strlen(text);

	while (n > 1 && text[n - 1] == '0')
		n--;
	text[n == 1 ? 0 : n] = 0;
	return text;
}

const char *cel_timestamp_text(struct mok_arena *arena, const struct cel_val *value)
{
	int zone = value->is.time.zone, minutes = abs(zone) / 60;
	struct date d = date_of(value->is.time.seconds + zone);
	const char *offset = zone ? mok_arena_printf(arena, "%c%02d:%02d", zone < 0 ? '-' : '+',
					    minutes / 60, minutes % 60)
				  : "Z";

	return mok_arena_printf(arena, "%04lld-%02d-%02dT%02d:%02d:%02d%s%s", (long long)d.year,
		d.month, d.day, d.second / 3600, d.second / 60 % 60, d.second % 60,
		fraction(arena, value->is.time.nanos), offset);
}

const char *cel_duration_text(struct mok_arena *arena, int64_t nanos)
{
	uint64_t all = nanos < 0 ? 0 - (uint64_t)nanos : (uint64_t)nanos;

	return mok_arena_printf(arena, "%s%llu%ss", nanos < 0 ? "-" : "",
		(unsigned long long)(all / SECOND), fraction(arena, (int32_t)(all % SECOND)));
}

/* ---- functions ---- */

CEL_FUNCTION(cel_fn_timestamp)
{
	const char *text = cel_text_of(run->arena, &args[0]);
	struct cel_val out;

	if (cel_parse_timestamp(text, false, &out))
		return out;
	return cel_error(run->arena, "type conversion error from 'string' to '%s'",
		cel_kind_name(CEL_TIMESTAMP));
}

CEL_FUNCTION(cel_fn_timestamp_int)
{
	struct cel_val out = { .kind = CEL_TIMESTAMP };

	out.is.time.seconds = args[0].is.i;
	if (args[0].is.i < TIME_MIN || args[0].is.i > TIME_MAX)
		return cel_error(run->arena, "timestamp overflow");
	return out;
}

CEL_FUNCTION(cel_fn_duration)
{
	struct cel_val out = { .kind = CEL_DURATION };

	if (cel_parse_duration(cel_text_of(run->arena, &args[0]), &out.is.i))
		return out;
	return cel_error(run->arena, "type conversion error from 'string' to '%s'",
		cel_kind_name(CEL_DURATION));
}

CEL_FUNCTION(cel_fn_duration_int)
{
	(void)run;
	return (struct cel_val){ .kind = CEL_DURATION, .is.i = args[0].is.i };
}

static struct cel_val moved(struct cel_run *run, const struct cel_val *time, int64_t nanos)
{
	struct cel_val out = *time;
	int64_t sum = time->is.time.nanos + nanos % SECOND;

	out.is.time.seconds += nanos / SECOND;
	if (sum < 0) {
		sum += SECOND;
		out.is.time.seconds--;
	} else if (sum >= SECOND) {
		sum -= SECOND;
		out.is.time.seconds++;
	}
	out.is.time.nanos = (int32_t)sum;
	if (out.is.time.seconds < TIME_MIN || out.is.time.seconds > TIME_MAX)
		return cel_error(run->arena, "timestamp overflow");
	return out;
}

CEL_FUNCTION(cel_fn_add_time)
{
	bool first = args[0].kind == CEL_TIMESTAMP;

	return moved(run, &args[!first], args[first].is.i);
}

CEL_FUNCTION(cel_fn_sub_time)
{
	if (args[1].is.i == INT64_MIN)
		return cel_error(run->arena, "integer overflow");
	return moved(run, &args[0], -args[1].is.i);
}

CEL_FUNCTION(cel_fn_time_between)
{
	struct cel_val out = { .kind = CEL_DURATION };
	int64_t seconds = args[0].is.time.seconds - args[1].is.time.seconds;

	if (__builtin_mul_overflow(seconds, SECOND, &out.is.i) ||
		__builtin_add_overflow(out.is.i,
			(int64_t)args[0].is.time.nanos - args[1].is.time.nanos, &out.is.i))
		return cel_error(run->arena, "integer overflow");
	return out;
}

/* Where the zone is: offsets and UTC; the database of named zones is not here. */
static bool shifted(const struct cel_val *args, bool zoned, struct cel_run *run, int64_t *out)
{
	const char *text = zoned ? cel_text_of(run->arena, &args[1]) : "Z", *at;
	int seconds = 0;

	text = strcmp(text, "UTC") == 0 || !*text ? "Z" : text;
	at = *text == '+' || *text == '-' || *text == 'Z'
		? text
		: mok_arena_printf(run->arena, "+%s", text);
	*out = args[0].is.time.seconds;
	if (!read_zone(&at, &seconds) || *at)
		return false;
	*out += seconds;
	return true;
}

enum part { YEAR, MONTH, YEAR_DAY, DATE, DAY, WEEK_DAY, HOURS, MINUTES, SECONDS, MILLIS };

static struct cel_val part_of(
	struct cel_run *run, const struct cel_val *args, bool zoned, enum part part)
{
	int64_t seconds;
	struct date d;

	if (!shifted(args, zoned, run, &seconds))
		return cel_error(
			run->arena, "unknown time zone %s", cel_text_of(run->arena, &args[1]));
	d = date_of(seconds);
	switch ((int)part) {
	case YEAR: return CEL_OF_INT(d.year);
	case MONTH: return CEL_OF_INT(d.month - 1);
	case YEAR_DAY: return CEL_OF_INT(d.year_day);
	case DATE: return CEL_OF_INT(d.day);
	case DAY: return CEL_OF_INT(d.day - 1);
	case WEEK_DAY: return CEL_OF_INT(d.week_day);
	case HOURS: return CEL_OF_INT(d.second / 3600);
	case MINUTES: return CEL_OF_INT(d.second / 60 % 60);
	case SECONDS: return CEL_OF_INT(d.second % 60);
	default: return CEL_OF_INT(args[0].is.time.nanos / 1000000);
	}
}

#define PART(name, part) \
	CEL_FUNCTION(cel_fn_##name) \
	{ \
		return part_of(run, args, false, part); \
	} \
	CEL_FUNCTION(cel_fn_##name##_in) \
	{ \
		return part_of(run, args, true, part); \
	}
PART(year, YEAR)
PART(month, MONTH)
PART(year_day, YEAR_DAY)
PART(date, DATE)
PART(day, DAY)
PART(week_day, WEEK_DAY)
PART(hours, HOURS)
PART(minutes, MINUTES)
PART(seconds, SECONDS)
PART(millis, MILLIS)

#define LENGTH(name, unit) \
	CEL_FUNCTION(cel_fn_length_##name) \
	{ \
		(void)run; \
		return CEL_OF_INT(args[0].is.i / (unit)); \
	}
LENGTH(hours, 3600 * SECOND)
LENGTH(minutes, 60 * SECOND)
LENGTH(seconds, SECOND)

CEL_FUNCTION(cel_fn_length_millis)
{
	(void)run;
	return CEL_OF_INT(args[0].is.i / 1000000);
}
