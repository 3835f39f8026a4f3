#include "http_internal.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define REGION "{{.Region}}"
#define SPACES_URL "https://" REGION ".digitaloceanspaces.com"
#define API_URL "https://api.digitalocean.com"
#define HEADERS_MAX 16

/* ---- endpoints ---- */

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= 0x20 || *s == 0x7f)
			return true;
	return false;
}

/* Neither query nor fragment; plain http only where nobody is in between. */
static int check_url(const char *url, const char *what, struct mok_err *err)
{
	const char *host;
	size_t len;

	if (has_control(url) || strpbrk(url, "?#") || !mok_url_host(url, &host, &len))
		return mok_err_set(
			err, MOK_ERR_INPUT, "the %s URL \"%.200s\" is not one", what, url);
	if (mok_starts(url, "https://"))
		return 0;
	if (!mok_starts(url, "http://"))
		return mok_err_set(err, MOK_ERR_INPUT,
			"the %s URL \"%.200s\" is neither http nor https", what, url);
	if (mok_url_is_loopback(url))
		return 0;
	mok_err_set(err, MOK_ERR_INPUT,
		"the %s URL \"%.200s\" is plain http: anyone on the way could read the token", what,
		url);
	mok_err_hint(err, "use https; plain http is for this machine only (127.0.0.1, localhost)");
	return -1;
}

/* In a path it is a place as any other; in the host it is what makes two regions two hosts. */
static char *with_region(const char *url, const char *region)
{
	struct mok_buf out;
	const char *at;

	mok_buf_init(&out, 4096);
	while ((at = strstr(url, REGION)) != NULL) {
		mok_buf_add(&out, url, (size_t)(at - url));
		mok_buf_puts(&out, region);
		url = at + strlen(REGION);
	}
	mok_buf_puts(&out, url);
	return out.data;
}

static char *copy_url(const char *url)
{
	char *copy = mok_xstrdup(url);
	size_t len = strlen(copy);

	while (len > 0 && copy[len - 1] == '/')
		copy[--len] = '\0';
	return copy;
}

static char *copy_secret(const char *s)
{
	return s && *s ? mok_xstrdup(s) : NULL;
}

int endpoints_init(struct endpoints *e, const struct mok_http_options *options, struct mok_err *err)
{
	const char *secrets[] = { options->token, options->spaces_key, options->spaces_secret };
	static const char *const names[] = { "token", "Spaces access key", "Spaces secret" };
	char *example;
	int result;

	memset(e, 0, sizeof(*e));
	for (size_t i = 0; i < MOK_COUNT(secrets); i++)
		if (secrets[i] && has_control(secrets[i]))
			return mok_err_set(err, MOK_ERR_INPUT,
				"the %s has a blank or a control character in it", names[i]);
	e->api_url = copy_url(options->api_url ? options->api_url : API_URL);
	e->spaces_url = copy_url(options->spaces_url ? options->spaces_url : SPACES_URL);
	e->token = copy_secret(options->token);
	e->spaces_key = copy_secret(options->spaces_key);
	e->spaces_secret = copy_secret(options->spaces_secret);
	example = with_region(e->spaces_url, "region");
	result = check_url(e->api_url, "API", err);
	if (result == 0)
		result = check_url(example, "Spaces", err);
	free(example);
	if (result != 0)
		endpoints_release(e);
	return result;
}

static void forget(char *secret)
{
	if (secret)
		OPENSSL_cleanse(secret, strlen(secret));
	free(secret);
}

void endpoints_release(struct endpoints *e)
{
	free(e->api_url);
	free(e->spaces_url);
	forget(e->token);
	forget(e->spaces_key);
	forget(e->spaces_secret);
	memset(e, 0, sizeof(*e));
}

/* ---- a copy ---- */

static size_t size_of(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

static const char *pack(char **at, const char *s)
{
	char *copy = *at;
	size_t len = size_of(s);

	if (!s)
		return NULL;
	memcpy(copy, s, len);
	*at += len;
	return copy;
}

struct mok_wire_request wire_copy(const struct mok_wire_request *request, char **block)
{
	struct mok_wire_request copy = *request;
	size_t size = size_of(request->method) + size_of(request->path) + size_of(request->query) +
		size_of(request->region) + size_of(request->content_type) + request->body_len + 1;
	char *at;

	for (size_t i = 0; i < request->nheaders; i++)
		size += size_of(request->headers[i].name) + size_of(request->headers[i].value);
	*block = at = mok_xmalloc(size);
	copy.method = pack(&at, request->method);
	copy.path = pack(&at, request->path);
	copy.query = pack(&at, request->query);
	copy.region = pack(&at, request->region);
	copy.content_type = pack(&at, request->content_type);
	for (size_t i = 0; i < request->nheaders; i++)
		copy.headers[i] = (struct mok_header){ .name = pack(&at, request->headers[i].name),
			.value = pack(&at, request->headers[i].value) };
	if (request->body) {
		memcpy(at, request->body, request->body_len);
		at[request->body_len] = '\0';
		copy.body = at;
	}
	return copy;
}

/* ---- a request as an exchange ---- */

struct filling {
	const struct endpoints *endpoints;
	const struct mok_wire_request *request;
	struct mok_arena *arena;
	struct mok_exchange *x;
	struct mok_header *headers; /* the same as x's, but not const */
};

static void add_header(struct filling *f, const char *name, const char *value)
{
	if (f->x->nheaders == HEADERS_MAX)
		MOK_BUG("a request has too many headers");
	f->headers[f->x->nheaders++] = (struct mok_header){ .name = name, .value = value };
}

static bool is_region(const char *region)
{
	if (!region || !*region || strlen(region) > 63)
		return false;
	for (const char *c = region; *c; c++)
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-')
			return false;
	return true;
}

static int set_url(struct filling *f, struct mok_err *err)
{
	const struct mok_wire_request *request = f->request;
	const char *base = f->endpoints->api_url;
	char *filled = NULL;

	if (has_control(request->path) || (request->query && has_control(request->query)) ||
		request->path[0] != '/')
		MOK_BUG("a request's path is not encoded");
	if (request->auth == MOK_AUTH_ENDPOINT) {
		if (check_url(request->endpoint->url, request->endpoint->what, err) != 0)
			return -1;
		base = request->endpoint->url;
	} else if (request->auth == MOK_AUTH_SIGV4) {
		if (!is_region(request->region))
			return mok_err_set(err, MOK_ERR_INPUT, "\"%.60s\" is not a region",
				request->region ? request->region : "");
		base = filled = with_region(f->endpoints->spaces_url, request->region);
	}
	f->x->url = request->query && *request->query
		? mok_arena_printf(f->arena, "%s%s?%s", base, request->path, request->query)
		: mok_arena_printf(f->arena, "%s%s", base, request->path);
	free(filled);
	return 0;
}

static int sign(struct filling *f, int64_t wall_ms, struct mok_err *err)
{
	const struct mok_wire_request *request = f->request;
	struct mok_sigv4 in = {
		.key = f->endpoints->spaces_key,
		.secret = f->endpoints->spaces_secret,
		.region = request->region,
		.service = "s3",
		.method = request->method,
		.query = request->query,
		.body = request->body,
		.body_len = request->body_len,
		.wall_ms = wall_ms,
		.headers = f->headers,
		.nheaders = f->x->nheaders,
	};
	struct mok_header out[4];
	const char *host;
	size_t host_len, n;

	if (!in.key || !in.secret) {
		mok_err_set(err, MOK_ERR_INPUT, "there is no access key for Spaces");
		mok_err_hint(err, "set SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY");
		return -1;
	}
	if (!mok_url_host(f->x->url, &host, &host_len))
		MOK_BUG("an endpoint has no host");
	in.path = mok_arena_strndup(f->arena, host + host_len, strcspn(host + host_len, "?"));
	in.host = mok_arena_strndup(f->arena, host, host_len);
	n = mok_sigv4_sign(f->arena, &in, out);
	for (size_t i = 0; i < n; i++)
		add_header(f, out[i].name, out[i].value);
	return 0;
}

static void add_bearer(struct filling *f, const char *token)
{
	add_header(f, "Authorization", mok_arena_printf(f->arena, "Bearer %s", token));
}

static int authorize(struct filling *f, struct mok_err *err)
{
	if (!f->endpoints->token) {
		mok_err_set(err, MOK_ERR_INPUT, "there is no token for the API");
		mok_err_hint(err, "set DIGITALOCEAN_TOKEN, or try it offline with --sandbox");
		return -1;
	}
	add_bearer(f, f->endpoints->token);
	return 0;
}

int wire_fill(const struct endpoints *e, const struct mok_wire_request *request,
	struct mok_arena *arena, int64_t wall_ms, struct mok_exchange *x, struct mok_err *err)
{
	struct filling f = { .endpoints = e,
		.request = request,
		.arena = arena,
		.x = x,
		.headers = MOK_NEW_N(arena, struct mok_header, HEADERS_MAX) };

	x->method = request->method;
	x->body = request->body;
	x->body_len = request->body ? request->body_len : 0;
	x->headers = f.headers;
	x->nheaders = 0;
	if (set_url(&f, err) != 0)
		return -1;
	add_header(&f, "User-Agent", "mok");
	if (request->content_type)
		add_header(&f, "Content-Type", request->content_type);
	for (size_t i = 0; i < request->nheaders; i++)
		add_header(&f, request->headers[i].name, request->headers[i].value);
	switch (request->auth) {
	case MOK_AUTH_SIGV4: return sign(&f, wall_ms, err);
	case MOK_AUTH_BEARER:
		add_header(&f, "Accept", "application/json");
		return authorize(&f, err);
	case MOK_AUTH_ENDPOINT:
		x->tls = &request->endpoint->tls;
		if (request->endpoint->token && !has_control(request->endpoint->token))
			add_bearer(&f, request->endpoint->token);
		break;
	}
	return 0;
}

/* ---- redirects ---- */

/* "scheme://host:port" is all that decides who gets the token. */
static size_t origin_len(const char *url)
{
	const char *host;
	size_t len;

	return mok_url_host(url, &host, &len) ? (size_t)(host - url) + len : 0;
}

const char *wire_redirect(struct mok_arena *arena, const struct mok_wire_request *request,
	const struct mok_exchange *x)
{
	const char *to = mok_exchange_header(x, "location");
	size_t origin = origin_len(x->url);

	if (x->status < 300 || x->status >= 400 || !to || has_control(to) || !origin)
		return NULL;
	if (!mok_streq(request->method, "GET") || request->auth == MOK_AUTH_SIGV4)
		return NULL;
	if (to[0] == '/' && to[1] != '/' && to[1] != '\\')
		return mok_arena_printf(arena, "%.*s%s", (int)origin, x->url, to);
	if (origin_len(to) == origin && strncmp(to, x->url, origin) == 0)
		return mok_arena_strdup(arena, to);
	return NULL;
}
