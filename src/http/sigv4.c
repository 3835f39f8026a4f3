/* AWS Signature Version 4:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
#include "mok/http.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define CANONICAL_MAX ((size_t)256 << 10)

/* ---- the query: parameters sorted, each with a '=' ---- */

struct param {
	const char *name, *value;
};

static int compare_params(const void *a, const void *b)
{
	const struct param *pa = a, *pb = b;
	int order = strcmp(pa->name, pb->name);

	return order != 0 ? order : strcmp(pa->value, pb->value);
}

static struct param *split_query(struct mok_arena *arena, const char *query, size_t *count)
{
	char *at = mok_arena_strdup(arena, query ? query : "");
	MOK_VEC(struct param) params = { 0 };

	while (*at) {
		char *end = at + strcspn(at, "&");
		bool more = *end != '\0';
		char *equals;

		*end = '\0';
		equals = strchr(at, '=');
		if (equals)
			*equals = '\0';
		if (*at)
			mok_vec_push(arena, &params,
				((struct param){ .name = at, .value = equals ? equals + 1 : "" }));
		at = more ? end + 1 : end;
	}
	*count = params.len;
	return params.items;
}

static void add_canonical_query(struct mok_arena *arena, const char *query, struct mok_buf *out)
{
	size_t n;
	struct param *params = split_query(arena, query, &n);

	if (n > 1)
		qsort(params, n, sizeof(*params), compare_params);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			mok_buf_putc(out, '&');
		mok_buf_puts(out, params[i].name);
		mok_buf_putc(out, '=');
		mok_buf_puts(out, params[i].value);
	}
}

/* ---- headers: host, ours, and every x-amz- one of the request ---- */

static int compare_headers(const void *a, const void *b)
{
	return strcmp(((const struct mok_header *)a)->name, ((const struct mok_header *)b)->name);
}

static char *lower(struct mok_arena *arena, const char *s)
{
	char *copy = mok_arena_strdup(arena, s);

	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

/* Without blanks at the ends, and with one where there were several. */
static void add_trimmed(struct mok_buf *out, const char *value)
{
	bool gap = false;
	const char *at = value + strspn(value, " \t");

	for (; *at; at++) {
		if (*at == ' ' || *at == '\t') {
			gap = true;
			continue;
		}
		if (gap)
			mok_buf_putc(out, ' ');
		gap = false;
		mok_buf_putc(out, *at);
	}
}

struct signing {
	struct mok_header signed_headers[16];
	size_t nsigned;
	char date[17]; /* 20260807T101112Z */
	char day[9];
	char payload[65];
};

static void sign_header(struct signing *s, const char *name, const char *value)
{
	if (s->nsigned < MOK_COUNT(s->signed_headers))
		s->signed_headers[s->nsigned++] =
			(struct mok_header){ .name = name, .value = value };
}

static void choose_headers(struct mok_arena *arena, const struct mok_sigv4 *in, struct signing *s)
{
	sign_header(s, "host", in->host);
	sign_header(s, "x-amz-date", s->date);
	if (mok_streq(in->service, "s3"))
		sign_header(s, "x-amz-content-sha256", s->payload);
	for (size_t i = 0; i < in->nheaders; i++) {
		const char *name = lower(arena, in->headers[i].name);

		if (mok_starts(name, "x-amz-") || mok_streq(name, "content-type") ||
			mok_streq(name, "content-md5"))
			sign_header(s, name, in->headers[i].value);
	}
	qsort(s->signed_headers, s->nsigned, sizeof(s->signed_headers[0]), compare_headers);
}

static void add_header_names(const struct signing *s, struct mok_buf *out)
{
	for (size_t i = 0; i < s->nsigned; i++) {
		if (i > 0)
			mok_buf_putc(out, ';');
		mok_buf_puts(out, s->signed_headers[i].name);
	}
}

/* ---- the signature ---- */

static void hash_canonical(
	struct mok_arena *arena, const struct mok_sigv4 *in, const struct signing *s, char out[65])
{
	struct mok_buf text;

	mok_buf_init(&text, CANONICAL_MAX);
	mok_buf_printf(&text, "%s\n", in->method);
	mok_buf_puts(&text, in->path && in->path[0] ? in->path : "/");
	mok_buf_putc(&text, '\n');
	add_canonical_query(arena, in->query, &text);
	mok_buf_putc(&text, '\n');
	for (size_t i = 0; i < s->nsigned; i++) {
		mok_buf_puts(&text, s->signed_headers[i].name);
		mok_buf_putc(&text, ':');
		add_trimmed(&text, s->signed_headers[i].value);
		mok_buf_putc(&text, '\n');
	}
	mok_buf_putc(&text, '\n');
	add_header_names(s, &text);
	mok_buf_printf(&text, "\n%s", s->payload);
	mok_sha256_hex(text.data, text.len, out);
	mok_buf_release(&text);
}

static void derive_key(const struct mok_sigv4 *in, const struct signing *s, unsigned char key[32])
{
	struct mok_buf start;

	mok_buf_init(&start, 4096);
	mok_buf_puts(&start, "AWS4");
	mok_buf_puts(&start, in->secret);
	mok_hmac_sha256(start.data, start.len, s->day, strlen(s->day), key);
	mok_hmac_sha256(key, 32, in->region, strlen(in->region), key);
	mok_hmac_sha256(key, 32, in->service, strlen(in->service), key);
	mok_hmac_sha256(key, 32, "aws4_request", 12, key);
	OPENSSL_cleanse(start.data, start.len);
	mok_buf_release(&start);
}

/* "2026-08-07T10:11:12Z" without its punctuation. */
static void set_dates(int64_t wall_ms, struct signing *s)
{
	char iso[21];
	size_t n = 0;

	mok_format_time(wall_ms, iso);
	for (const char *c = iso; *c && n + 1 < sizeof(s->date); c++)
		if (*c != '-' && *c != ':')
			s->date[n++] = *c;
	s->date[n] = '\0';
	memcpy(s->day, s->date, 8);
	s->day[8] = '\0';
}

static const char *authorization(
	struct mok_arena *arena, const struct mok_sigv4 *in, const struct signing *s)
{
	const char *scope =
		mok_arena_printf(arena, "%s/%s/%s/aws4_request", s->day, in->region, in->service);
	char canonical[65], hex[65];
	unsigned char key[32], mac[32];
	const char *to_sign, *result;
	struct mok_buf names;

	hash_canonical(arena, in, s, canonical);
	to_sign =
		mok_arena_printf(arena, "AWS4-HMAC-SHA256\n%s\n%s\n%s", s->date, scope, canonical);
	derive_key(in, s, key);
	mok_hmac_sha256(key, sizeof(key), to_sign, strlen(to_sign), mac);
	OPENSSL_cleanse(key, sizeof(key));
	mok_hex(mac, sizeof(mac), hex);
	mok_buf_init(&names, 4096);
	add_header_names(s, &names);
	result = mok_arena_printf(arena,
		"AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s", in->key, scope,
		names.data, hex);
	mok_buf_release(&names);
	return result;
}

size_t mok_sigv4_sign(struct mok_arena *arena, const struct mok_sigv4 *in, struct mok_header out[4])
{
	struct signing s = { 0 };
	size_t n = 0;

	set_dates(in->wall_ms, &s);
	mok_sha256_hex(in->body ? in->body : "", in->body ? in->body_len : 0, s.payload);
	choose_headers(arena, in, &s);
	out[n++] = (struct mok_header){ .name = "Authorization",
		.value = authorization(arena, in, &s) };
	out[n++] = (struct mok_header){ .name = "x-amz-date",
		.value = mok_arena_strdup(arena, s.date) };
	if (mok_streq(in->service, "s3"))
		out[n++] = (struct mok_header){ .name = "x-amz-content-sha256",
			.value = mok_arena_strdup(arena, s.payload) };
	return n;
}
