#include "s3.h"

#include <string.h>
#include <strings.h>

#define MAX_PARAMS 64

/* Where Spaces is: reference of the Terraform provider and DigitalOcean's availability matrix. */
static const char *const regions[] = { "ams3", "atl1", "blr1", "fra1", "lon1", "nyc3", "sfo2",
	"sfo3", "sgp1", "syd1", "tor1" };

bool s3_known_region(const char *slug)
{
	for (size_t i = 0; i < MOK_COUNT(regions); i++)
		if (mok_streq(slug, regions[i]))
			return true;
	return false;
}

const char *s3_query(const struct s3_request *rq, const char *name)
{
	for (size_t i = 0; i < rq->nquery; i++)
		if (mok_streq(rq->query[i].name, name))
			return rq->query[i].value;
	return NULL;
}

const char *s3_req_header(const struct s3_request *rq, const char *name)
{
	for (size_t i = 0; i < rq->http->nheaders; i++)
		if (strcasecmp(rq->http->headers[i].name, name) == 0)
			return rq->http->headers[i].value;
	return NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *s3_url_decode(struct mok_arena *arena, const char *text, size_t len, bool plus)
{
	char *out = mok_arena_alloc(arena, len + 1), *to = out;

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (text[i] != '%') {
			*to = text[i];
			if (plus && *to == '+')
				*to = ' ';
			to++;
			continue;
		}
		if (len - i < 3)
			return NULL;
		high = hex_digit(text[i + 1]);
		low = hex_digit(text[i + 2]);
		if (high < 0 || low < 0 || (high == 0 && low == 0))
			return NULL;
		*to++ = (char)(high * 16 + low);
		i += 2;
	}
	*to = '\0';
	return out;
}

static bool take_query(struct s3_request *rq, const char *text)
{
	struct s3_param *params = MOK_NEW_N(rq->arena, struct s3_param, MAX_PARAMS);

	rq->query = params;
	while (*text) {
		size_t len = strcspn(text, "&"), name_len = strcspn(text, "=&");

		if (len > 0) {
			const char *value = name_len < len ? text + name_len + 1 : "";
			size_t value_len = name_len < len ? len - name_len - 1 : 0;
			struct s3_param *param = &params[rq->nquery];

			if (rq->nquery == MAX_PARAMS)
				return false;
			param->name = s3_url_decode(rq->arena, text, name_len, true);
			param->value = s3_url_decode(rq->arena, value, value_len, true);
			if (!param->name || !param->value)
				return false;
			rq->nquery++;
		}
		text += len + (text[len] == '&');
	}
	return true;
}

/* The start of the last label of host[0..len) that is a region with something after it. */
static const char *find_region(const char *host, size_t len, size_t *label_len)
{
	const char *found = NULL;
	size_t at = 0;

	while (at < len) {
		size_t n = 0;
		char label[8];

		while (at + n < len && host[at + n] != '.')
			n++;
		if (n > 0 && n < sizeof(label) && at + n < len) {
			memcpy(label, host + at, n);
			label[n] = '\0';
			if (s3_known_region(label)) {
				found = host + at;
				*label_len = n;
			}
		}
		at += n + 1;
	}
	return found;
}

/* Host names that stand for the service without a region: what is before them is a bucket. */
static const char *const bases[] = { ".localhost", ".localhost.localdomain",
	".digitaloceanspaces.com", ".127.0.0.1", ".127.0.0.1.nip.io" };

static const char *bucket_before(struct s3_request *rq, const char *host, size_t len)
{
	for (size_t i = 0; i < MOK_COUNT(bases); i++) {
		size_t base = strlen(bases[i]);

		if (len > base && strncasecmp(host + len - base, bases[i], base) == 0)
			return mok_arena_strndup(rq->arena, host, len - base);
	}
	return NULL;
}

/* [bucket.]region[.cdn].anything, bucket.base, or a host that tells nothing. */
static void take_host(struct s3_request *rq, const char *host)
{
	size_t len = host && *host != '[' ? strcspn(host, ":") : 0, region_len = 0;
	const char *region = find_region(host ? host : "", len, &region_len);

	if (len == 0)
		return;
	if (!region) {
		rq->bucket_name = bucket_before(rq, host, len);
		return;
	}
	rq->region = mok_arena_strndup(rq->arena, region, region_len);
	rq->cdn = strncasecmp(region + region_len, ".cdn.", 5) == 0;
	if (region > host)
		rq->bucket_name = mok_arena_strndup(rq->arena, host, (size_t)(region - host) - 1);
}

bool s3_take_apart(struct s3_request *rq, const char *target)
{
	size_t path_len = strcspn(target, "?");
	const char *path;

	rq->path = mok_arena_strndup(rq->arena, target, path_len);
	path = s3_url_decode(rq->arena, target, path_len, false);
	if (!path || *path != '/' || !mok_utf8_valid(path, strlen(path), NULL) ||
		!take_query(rq, target[path_len] == '?' ? target + path_len + 1 : "")) {
		s3_fail(rq, S3_INVALID_URI);
		return false;
	}
	take_host(rq, rq->http->host);
	rq->virtual_host = rq->bucket_name != NULL;
	path++;
	if (!rq->bucket_name && *path) {
		size_t len = strcspn(path, "/");

		rq->bucket_name = mok_arena_strndup(rq->arena, path, len);
		path += len + (path[len] == '/');
	}
	if (rq->bucket_name && *path)
		rq->key = path;
	if (rq->key && strlen(rq->key) > S3_KEY_MAX) {
		s3_fail(rq, S3_KEY_TOO_LONG);
		return false;
	}
	return true;
}
