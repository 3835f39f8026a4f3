/* Formats of texts in a JSON schema, as kube-openapi's registry knows them. */
#include "crd_schema.h"

#include <arpa/inet.h>

#define HEX4 "[0-9a-f]{4}"

static bool is_ipv4(struct ks_req *r, const char *text)
{
	unsigned char out[16];

	(void)r;
	return inet_pton(AF_INET, text, out) == 1;
}

static bool is_ipv6(struct ks_req *r, const char *text)
{
	unsigned char out[16];

	(void)r;
	return inet_pton(AF_INET6, text, out) == 1;
}

static bool is_cidr(struct ks_req *r, const char *text)
{
	const char *slash = strchr(text, '/');
	const char *ip = slash ? mok_arena_strndup(r->arena, text, (size_t)(slash - text)) : "";
	int64_t prefix;

	return slash && mok_parse_i64(slash + 1, &prefix) && prefix >= 0 &&
		((prefix <= 32 && is_ipv4(r, ip)) || (prefix <= 128 && is_ipv6(r, ip)));
}

static bool is_uri(struct ks_req *r, const char *text)
{
	return cel_is_url(r->arena, text);
}

static bool is_byte(struct ks_req *r, const char *text)
{
	return mok_unbase64(r->arena, text, NULL);
}

static bool is_date(struct ks_req *r, const char *text)
{
	struct cel_val time;

	(void)r;
	return cel_parse_timestamp(text, true, &time);
}

/* "1h30m", and Scala's "3 days". */
static bool is_duration(struct ks_req *r, const char *text)
{
	int64_t nanos;

	return cel_parse_duration(text, &nanos) ||
		ks_pattern_fits(r,
			"(?i)[0-9]+\\s*(ns|nano|us|µs|micro|ms|milli|s\\b|sec|m\\b|min|h\\b|hr|"
			"hour|d\\b|"
			"day|w\\b|wk|week)",
			text);
}

static const struct {
	const char *name;
	bool (*fits)(struct ks_req *r, const char *text);
	const char *pattern; /* in place of a function */
} formats[] = {
	{ "ipv4", is_ipv4, NULL },
	{ "ipv6", is_ipv6, NULL },
	{ "cidr", is_cidr, NULL },
	{ "uri", is_uri, NULL },
	{ "byte", is_byte, NULL },
	{ "date", is_date, NULL },
	{ "duration", is_duration, NULL },
	{ "date-time", NULL,
		"(?i)^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])t([01][0-9]|2[0-3]):[0-5][0-"
		"9]:[0-5][0-9](\\.[0-9]+)?(z|[-+][0-9]{2}:?[0-9]{2})?" },
	{ "uuid", NULL, "(?i)^[0-9a-f]{8}-?" HEX4 "-?" HEX4 "-?" HEX4 "-?[0-9a-f]{12}$" },
	{ "uuid4", NULL,
		"(?i)^[0-9a-f]{8}-?" HEX4 "-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$" },
	{ "mac", NULL, "(?i)^([0-9a-f]{2}[-:]){5}[0-9a-f]{2}$" },
	{ "hexcolor", NULL, "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$" },
	{ "k8s-short-name", NULL, "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" },
	{ "k8s-long-name", NULL,
		"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" },
};

bool ks_format_fits(struct ks_req *r, const char *format, const char *text)
{
	size_t i = 0;

	while (i < MOK_COUNT(formats) && strcmp(formats[i].name, format) != 0)
		i++;
	if (i == MOK_COUNT(formats))
		return true;
	return formats[i].fits ? formats[i].fits(r, text)
			       : ks_pattern_fits(r, formats[i].pattern, text);
}
