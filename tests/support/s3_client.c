#include "s3_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#define SIGNED "host;x-amz-content-sha256;x-amz-date"

void s3_client_open(struct s3_client *client, const struct mok_sandbox_options *options)
{
	static const struct mok_sandbox_options plain = { .speed = 0, .seed = 7 };
	struct mok_err err;

	*client = (struct s3_client){ .arena = mok_arena_new(),
		.region = "nyc3",
		.host = "127.0.0.1:8081",
		.now_ms = (int64_t)1754561472 * 1000 };
	client->sandbox = mok_sandbox_open(options ? options : &plain, &err);
	if (!client->sandbox)
		fail_msg("%s", err.msg);
	client->key = mok_sandbox_spaces_key(client->sandbox);
	client->secret = mok_sandbox_spaces_secret(client->sandbox);
	mok_sandbox_response_init(&client->out);
}

void s3_client_close(struct s3_client *client)
{
	mok_sandbox_response_release(&client->out);
	mok_sandbox_close(client->sandbox);
	mok_arena_free(client->arena);
}

void s3_client_header(struct s3_client *client, const char *name, const char *value)
{
	assert_true(client->nheaders < S3_CLIENT_HEADERS - 3);
	client->headers[client->nheaders].name = name;
	client->headers[client->nheaders].value = value;
	client->nheaders++;
}

/* "20250807T101112Z" */
static const char *amz_date(struct s3_client *client)
{
	char text[21];

	mok_format_time(client->sent_ms ? client->sent_ms : client->now_ms, text);
	return mok_arena_printf(client->arena,
		"%.4s%.2s%.2s"
		"T%.2s%.2s%.2sZ",
		text, text + 5, text + 8, text + 11, text + 14, text + 17);
}

static const char *scope(struct s3_client *client)
{
	return mok_arena_printf(
		client->arena, "%.8s/%s/s3/aws4_request", amz_date(client), client->region);
}

static void signature_of(struct s3_client *client, const char *text, char out[65])
{
	const char *secret = mok_arena_printf(client->arena, "AWS4%s", client->secret);
	unsigned char a[32], b[32];

	mok_hmac_sha256(secret, strlen(secret), amz_date(client), 8, a);
	mok_hmac_sha256(a, 32, client->region, strlen(client->region), b);
	mok_hmac_sha256(b, 32, "s3", 2, a);
	mok_hmac_sha256(a, 32, "aws4_request", 12, b);
	mok_hmac_sha256(b, 32, text, strlen(text), a);
	mok_hex(a, sizeof(a), out);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Parameters sorted, each with its '='. Tests write them as they are to be encoded. */
static const char *canonical_query(struct s3_client *client, const char *query)
{
	char *copy = mok_arena_strdup(client->arena, query), *save = NULL;
	const char *params[32], *out = "";
	size_t n = 0;

	for (char *at = strtok_r(copy, "&", &save); at; at = strtok_r(NULL, "&", &save)) {
		assert_true(n < MOK_COUNT(params));
		params[n++] = strchr(at, '=') ? at : mok_arena_printf(client->arena, "%s=", at);
	}
	qsort(params, n, sizeof(*params), by_text);
	for (size_t i = 0; i < n; i++)
		out = mok_arena_printf(client->arena, "%s%s%s", out, i ? "&" : "", params[i]);
	return out;
}

static void sign(struct s3_client *client, const char *canonical, char out[65])
{
	char digest[65];

	mok_sha256_hex(canonical, strlen(canonical), digest);
	signature_of(client,
		mok_arena_printf(client->arena, "AWS4-HMAC-SHA256\n%s\n%s\n%s", amz_date(client),
			scope(client), digest),
		out);
}

const char *s3_client_signature(
	struct s3_client *client, const char *method, const char *target, const char *payload)
{
	size_t path = strcspn(target, "?");
	char signature[65];

	sign(client,
		mok_arena_printf(client->arena,
			"%s\n%.*s\n%s\nhost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n\n" SIGNED
			"\n%s",
			method, (int)path, target,
			canonical_query(client, target[path] ? target + path + 1 : ""),
			client->host, payload, amz_date(client), payload),
		signature);
	return mok_arena_strdup(client->arena, signature);
}

static void add_signature(
	struct s3_client *client, const char *method, const char *target, const char *payload)
{
	const char *signature = client->spoil
		? client->spoil
		: s3_client_signature(client, method, target, payload);

	client->headers[client->nheaders++] =
		(struct mok_sandbox_header){ "x-amz-content-sha256", payload };
	client->headers[client->nheaders++] =
		(struct mok_sandbox_header){ "x-amz-date", amz_date(client) };
	client->headers[client->nheaders++] = (struct mok_sandbox_header){ "Authorization",
		mok_arena_printf(client->arena,
			"AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=" SIGNED ", Signature=%s",
			client->key, scope(client), signature) };
}

static int send_request(struct s3_client *client, const struct mok_sandbox_request *request)
{
	mok_sandbox_response_release(&client->out);
	mok_sandbox_response_init(&client->out);
	mok_sandbox_handle(client->sandbox, request, client->now_ms, &client->out);
	client->nheaders = 0;
	return client->out.status;
}

int s3_client_ask(struct s3_client *client, const char *method, const char *target,
	const void *body, size_t len)
{
	char digest[65];
	struct mok_sandbox_request request = { .method = method,
		.host = client->host,
		.target = target,
		.headers = client->headers,
		.body = body,
		.body_len = len,
		.service = MOK_SANDBOX_SPACES };

	mok_sha256_hex(body ? body : "", len, digest);
	if (client->key)
		add_signature(client, method, target, client->sha256 ? client->sha256 : digest);
	request.nheaders = client->nheaders;
	return send_request(client, &request);
}

int s3_client_text(
	struct s3_client *client, const char *method, const char *target, const char *body)
{
	return s3_client_ask(client, method, target, body, body ? strlen(body) : 0);
}

int s3_client_api(
	struct s3_client *client, const char *method, const char *target, const char *json)
{
	static const struct mok_sandbox_header headers[] = {
		{ "Authorization", "Bearer dop_v1_test" }, { "Content-Type", "application/json" }
	};
	struct mok_sandbox_request request = { .method = method,
		.host = "127.0.0.1:8080",
		.target = target,
		.headers = headers,
		.nheaders = MOK_COUNT(headers),
		.body = json,
		.body_len = json ? strlen(json) : 0 };

	return send_request(client, &request);
}

const char *s3_client_got(const struct s3_client *client, const char *name)
{
	for (size_t i = 0; i < client->out.nheaders; i++)
		if (strcasecmp(client->out.headers[i].name, name) == 0)
			return client->out.headers[i].value;
	return NULL;
}

bool s3_client_says(const struct s3_client *client, const char *text)
{
	return strstr(client->out.body.data, text) != NULL;
}

const char *s3_client_element(struct s3_client *client, const char *element)
{
	const char *open = mok_arena_printf(client->arena, "<%s>", element),
		   *close = mok_arena_printf(client->arena, "</%s>", element);
	const char *at = strstr(client->out.body.data, open), *end;

	if (!at)
		return NULL;
	at += strlen(open);
	end = strstr(at, close);
	return end ? mok_arena_strndup(client->arena, at, (size_t)(end - at)) : NULL;
}

const char *s3_client_presign(struct s3_client *client, const char *path, int64_t seconds)
{
	struct mok_buf credential;
	const char *query;
	char signature[65];

	mok_buf_init(&credential, 1024);
	mok_buf_add_url(&credential,
		mok_arena_printf(client->arena, "%s/%s", client->key, scope(client)), false);
	query = mok_arena_printf(client->arena,
		"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%s&X-Amz-Date=%s&X-Amz-Expires="
		"%lld&X-Amz-SignedHeaders=host",
		credential.data, amz_date(client), (long long)seconds);
	mok_buf_release(&credential);
	sign(client,
		mok_arena_printf(client->arena, "GET\n%s\n%s\nhost:%s\n\nhost\nUNSIGNED-PAYLOAD",
			path, query, client->host),
		signature);
	return mok_arena_printf(client->arena, "%s?%s&X-Amz-Signature=%s", path, query, signature);
}

void s3_client_chunk_signature(
	struct s3_client *client, const char *previous, const void *data, size_t len, char out[65])
{
	char digest[65], nothing[65];

	mok_sha256_hex("", 0, nothing);
	mok_sha256_hex(data, len, digest);
	signature_of(client,
		mok_arena_printf(client->arena, "AWS4-HMAC-SHA256-PAYLOAD\n%s\n%s\n%s\n%s\n%s",
			amz_date(client), scope(client), previous, nothing, digest),
		out);
}

void s3_client_assert_refused(struct s3_client *client, int status, const char *code)
{
	const char *found = s3_client_element(client, "Code");

	if (!found)
		fail_msg("status %d without a code: %s", client->out.status, client->out.body.data);
	assert_string_equal(found, code);
	assert_int_equal(client->out.status, status);
}

int s3_client_teardown(void **state)
{
	s3_client_close(*state);
	return 0;
}
