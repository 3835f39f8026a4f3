/* Normalisers: both sides of a comparison pass through them, so that a difference in spelling is
 * never a difference. Each takes and gives one value and leaves other types alone. */
#include "mok/kind.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

static struct mok_val with_text(struct mok_val v, const char *s)
{
	v.u.s = s;
	return v;
}

static char *lowered(struct mok_arena *arena, const char *s)
{
	char *copy = mok_arena_strdup(arena, s);

	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

static struct mok_val norm_lower(struct mok_arena *arena, struct mok_val v)
{
	return with_text(v, lowered(arena, v.u.s));
}

static struct mok_val norm_fqdn(struct mok_arena *arena, struct mok_val v)
{
	char *copy = lowered(arena, v.u.s);
	size_t len = strlen(copy);

	if (len > 1 && copy[len - 1] == '.')
		copy[len - 1] = '\0';
	return with_text(v, copy);
}

/* Reads come back without the trailing dot that a host name has to be written with. The type of the
 * record is not known here: text that cannot be a host name is left alone, case always is. */
static struct mok_val norm_record_data(struct mok_arena *arena, struct mok_val v)
{
	size_t len = strlen(v.u.s);
	unsigned char address[16];
	char text[INET6_ADDRSTRLEN];

	if (strchr(v.u.s, ':') && inet_pton(AF_INET6, v.u.s, address) == 1 &&
		inet_ntop(AF_INET6, address, text, sizeof(text)))
		return with_text(v, mok_arena_strdup(arena, text));
	if (len < 2 || v.u.s[len - 1] != '.')
		return v;
	for (const char *p = v.u.s; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-*", *p))
			return v;
	return with_text(v, mok_arena_strndup(arena, v.u.s, len - 1));
}

/* "4:00", "04:00" and "04:00:00" are one time of day. */
static struct mok_val norm_hour(struct mok_arena *arena, struct mok_val v)
{
	int part[2] = { 0, 0 };
	const char *p = v.u.s;

	for (int i = 0; i < 2; i++) {
		if (!isdigit((unsigned char)*p))
			return v;
		for (; isdigit((unsigned char)*p) && part[i] < 100; p++)
			part[i] = part[i] * 10 + (*p - '0');
		if (i == 0 && *p++ != ':')
			return v;
	}
	if (*p != '\0' && strcmp(p, ":00") != 0)
		return v;
	return with_text(v, mok_arena_printf(arena, "%02d:%02d", part[0], part[1]));
}

/* "2027-01-31T00:00:00.000Z" is the day. */
static struct mok_val norm_date(struct mok_arena *arena, struct mok_val v)
{
	if (strlen(v.u.s) > 10 && v.u.s[10] == 'T')
		return with_text(v, mok_arena_strndup(arena, v.u.s, 10));
	return v;
}

/* The endpoint spells allkeys_lru what a config calls allkeys-lru. */
static struct mok_val norm_eviction(struct mok_arena *arena, struct mok_val v)
{
	char *copy = lowered(arena, v.u.s);

	for (char *p = copy; *p; p++)
		if (*p == '-')
			*p = '_';
	return with_text(v, copy);
}

/* A purpose that is none of the control panel's reads back as "Other: ...". */
static struct mok_val norm_purpose(struct mok_arena *arena, struct mok_val v)
{
	(void)arena;
	if (strncasecmp(v.u.s, "Other: ", 7) == 0)
		return with_text(v, v.u.s + 7);
	return v;
}

static struct mok_val norm_title(struct mok_arena *arena, struct mok_val v)
{
	char *copy = lowered(arena, v.u.s);

	copy[0] = (char)toupper((unsigned char)copy[0]);
	return with_text(v, copy);
}

/* A single address is its own /32. */
static struct mok_val norm_cidr(struct mok_arena *arena, struct mok_val v)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, v.u.s, address) == 1)
		return with_text(v, mok_arena_printf(arena, "%s/32", v.u.s));
	return norm_lower(arena, v);
}

/* "60s", "1m", "1m0s" and "0h1m0s": the API answers as Go prints durations, "1m0s". */
static struct mok_val norm_duration(struct mok_arena *arena, struct mok_val v)
{
	int64_t total = 0, number = 0;
	bool digits = false;

	for (const char *p = v.u.s; *p; p++) {
		int64_t unit = *p == 'h' ? 3600 : *p == 'm' ? 60 : *p == 's' ? 1 : 0;

		if (isdigit((unsigned char)*p) && number < 1000000) {
			number = number * 10 + (*p - '0');
			digits = true;
		} else if (unit && digits) {
			total += number * unit;
			number = 0;
			digits = false;
		} else {
			return v;
		}
	}
	if (digits || v.u.s[0] == '\0')
		return v;
	if (total >= 3600)
		return with_text(v,
			mok_arena_printf(arena, "%lldh%lldm%llds", (long long)(total / 3600),
				(long long)(total / 60 % 60), (long long)(total % 60)));
	if (total >= 60)
		return with_text(v,
			mok_arena_printf(arena, "%lldm%llds", (long long)(total / 60),
				(long long)(total % 60)));
	return with_text(v, mok_arena_printf(arena, "%llds", (long long)total));
}

/* Line ends and the last newline of a PEM file mean nothing. */
static struct mok_val norm_pem(struct mok_arena *arena, struct mok_val v)
{
	char *copy = mok_arena_strdup(arena, v.u.s), *to = copy;

	for (const char *p = copy; *p; p++)
		if (*p != '\r')
			*to++ = *p;
	while (to > copy && isspace((unsigned char)to[-1]))
		to--;
	*to = '\0';
	return with_text(v, copy);
}

/* A policy is JSON: the order of keys and white space mean nothing. */
static struct mok_val norm_json(struct mok_arena *arena, struct mok_val v)
{
	MOK_CLEANUP(mok_json_cleanup) cJSON *json = mok_json_parse(v.u.s, strlen(v.u.s));
	struct mok_buf text;
	struct mok_val tree;

	if (!json)
		return v;
	tree = mok_val_from_json(arena, json);
	mok_buf_init(&text, (size_t)1 << 20);
	mok_val_canonical(&tree, &text);
	if (!text.overflow)
		v = with_text(v, mok_arena_strndup(arena, text.data, text.len));
	mok_buf_release(&text);
	return v;
}

/* Tags that Kubernetes and mok put there by themselves; capitals mean nothing in a tag. */
static bool is_system_tag(const char *tag)
{
	return mok_streq(tag, "k8s") || mok_starts(tag, "k8s:") || mok_streq(tag, "k8s-worker") ||
		mok_starts(tag, "mok:");
}

static struct mok_val norm_tags(struct mok_arena *arena, struct mok_val v)
{
	struct mok_val *items = MOK_NEW_N(arena, struct mok_val, v.u.list.len + 1);
	size_t kept = 0;

	for (size_t i = 0; i < v.u.list.len; i++) {
		struct mok_val item = v.u.list.items[i];

		if (item.type == MOK_STR) {
			item = norm_lower(arena, item);
			if (is_system_tag(item.u.s))
				continue;
		}
		items[kept++] = item;
	}
	v.u.list.items = items;
	v.u.list.len = kept;
	return v;
}

static const struct {
	const char *name;
	struct mok_val (*fn)(struct mok_arena *arena, struct mok_val v);
} norms[] = {
	{ "cidr", norm_cidr },
	{ "date", norm_date },
	{ "duration", norm_duration },
	{ "eviction", norm_eviction },
	{ "fqdn", norm_fqdn },
	{ "hour", norm_hour },
	{ "json", norm_json },
	{ "lower", norm_lower },
	{ "pem", norm_pem },
	{ "purpose", norm_purpose },
	{ "record_data", norm_record_data },
	{ "tags", norm_lower }, /* a single one */
	{ "title", norm_title },
};

struct mok_val mok_norm(struct mok_arena *arena, const char *norm, struct mok_val v)
{
	if (!norm)
		return v;
	if (v.type == MOK_LIST && strcmp(norm, "tags") == 0)
		return norm_tags(arena, v);
	if (v.type == MOK_LIST) {
		struct mok_val *items = MOK_NEW_N(arena, struct mok_val, v.u.list.len + 1);

		for (size_t i = 0; i < v.u.list.len; i++)
			items[i] = mok_norm(arena, norm, v.u.list.items[i]);
		v.u.list.items = items;
		return v;
	}
	if (v.type != MOK_STR)
		return v;
	for (size_t i = 0; i < MOK_COUNT(norms); i++)
		if (strcmp(norms[i].name, norm) == 0)
			return norms[i].fn(arena, v);
	MOK_BUG("a field names a normaliser that does not exist");
}
