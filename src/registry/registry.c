#include "registry_internal.h"

#include "mok/http.h"

#include <string.h>

/* Questions: the manifest's HEAD, a token where one is wanted, the HEAD again. A registry whose
 * HEAD does not tell the digest is asked for the manifest itself. */

#define ACCEPT \
	"application/vnd.oci.image.index.v1+json, " \
	"application/vnd.docker.distribution.manifest.list.v2+json, " \
	"application/vnd.oci.image.manifest.v1+json, " \
	"application/vnd.docker.distribution.manifest.v2+json"
#define TRIES 3
#define PATIENCE_MS 60000
#define TOKEN_MAX ((size_t)64 << 10)

struct question {
	struct mok_registry *registry;
	struct mok_image image;
	const char *method, *digest;
	struct mok_endpoint endpoint, issuer;
	bool has_asked_issuer, is_done;
	struct mok_timer *patience;
	struct mok_err err; /* when done without a digest */
};

struct mok_registry {
	struct mok_arena *arena;
	struct mok_loop *loop;
	struct mok_http *http;
	const char *mirror;
	struct mok_map *questions; /* image -> struct question */
};

/* ---- ends ---- */

static void end(struct question *q)
{
	q->is_done = true;
	if (q->patience)
		mok_loop_cancel(q->registry->loop, q->patience);
	q->patience = NULL;
}

static void fail(struct question *q, const struct mok_err *err)
{
	if (err != &q->err)
		q->err = *err;
	end(q);
}

static void found(struct question *q, const char *digest)
{
	q->digest = mok_arena_strdup(q->registry->arena, digest);
	end(q);
}

static void lose_patience(void *ctx)
{
	struct question *q = ctx;

	q->patience = NULL;
	mok_err_set(&q->err, MOK_ERR_NET, "%s did not answer within %d s", q->image.host,
		PATIENCE_MS / 1000);
	end(q);
}

/* ---- the manifest ---- */

static void send_manifest(struct question *q, const char *method);

/* Where a registry's API is; Docker Hub's is not where its name says. */
static const char *url_of(const struct question *q)
{
	struct mok_arena *arena = q->registry->arena;
	const char *host = q->image.host, *url;

	if (q->registry->mirror)
		return q->registry->mirror;
	if (strcmp(host, DOCKER_HUB) == 0)
		host = "registry-1.docker.io";
	url = mok_arena_printf(arena, "http://%s", host);
	return mok_url_is_loopback(url) ? url : mok_arena_printf(arena, "https://%s", host);
}

static bool is_manifest(const struct mok_http_reply *reply)
{
	cJSON *json MOK_CLEANUP(mok_json_cleanup) = mok_json_parse(reply->body, reply->len);

	return mok_json_int(json, "schemaVersion", 0) == 2;
}

static void read_manifest(struct question *q, const struct mok_http_reply *reply)
{
	const char *told = mok_exchange_header(reply->exchange, "docker-content-digest");
	char digest[7 + 65] = "sha256:";

	if (strcmp(q->method, "HEAD") == 0) {
		if (told && mok_image_is_digest(told))
			found(q, told);
		else
			send_manifest(q, "GET");
		return;
	}
	mok_sha256_hex(reply->body, reply->len, digest + 7);
	if (!is_manifest(reply))
		mok_err_set(&q->err, MOK_ERR_API, "%s answers with something that is no manifest",
			q->image.host);
	else if (told && mok_image_is_digest(told) && strcmp(told, digest) != 0)
		mok_err_set(&q->err, MOK_ERR_API,
			"%s answers with a manifest that has not the digest it tells",
			q->image.host);
	else
		found(q, digest);
	if (!q->is_done)
		end(q);
}

static bool ask_issuer(struct question *q, const struct mok_exchange *x);

static void refuse(struct question *q, const struct mok_http_reply *reply)
{
	int status = reply->status;

	if (status == 404) {
		mok_err_set(&q->err, MOK_ERR_API, "%s has no tag \"%s\" of %s", q->image.host,
			q->image.tag, q->image.repository);
		q->err.http_status = status;
	} else if (status == 401 || status == 403) {
		mok_err_set(&q->err, MOK_ERR_AUTH, "%s gives %s to nobody without credentials",
			q->image.host, q->image.repository);
		q->err.http_status = status;
	} else {
		q->err = *reply->err;
		mok_err_wrap(&q->err, "%s", q->image.host);
	}
	end(q);
}

static void got_manifest(void *ctx, const struct mok_http_reply *reply)
{
	struct question *q = ctx;

	if (q->is_done)
		return;
	if (reply->fail == MOK_NET_OK && reply->status == 200)
		read_manifest(q, reply);
	else if (reply->fail == MOK_NET_OK && reply->status == 401 &&
		ask_issuer(q, reply->exchange))
		return;
	else if (reply->fail == MOK_NET_OK && reply->status == 405 &&
		strcmp(q->method, "HEAD") == 0)
		send_manifest(q, "GET");
	else
		refuse(q, reply);
}

static struct mok_wire_request request_to(const struct mok_endpoint *endpoint)
{
	return (struct mok_wire_request){ .method = "GET",
		.auth = MOK_AUTH_ENDPOINT,
		.endpoint = endpoint,
		.retry = MOK_RETRY_SAFE };
}

static void send_manifest(struct question *q, const char *method)
{
	struct mok_arena *arena = q->registry->arena;
	struct mok_wire_request request = request_to(&q->endpoint);
	struct mok_buf query;

	mok_buf_init(&query, 4096);
	if (q->registry->mirror) {
		mok_buf_puts(&query, "ns=");
		mok_buf_add_url(&query, q->image.host, false);
	}
	q->method = request.method = method;
	request.path =
		mok_arena_printf(arena, "/v2/%s/manifests/%s", q->image.repository, q->image.tag);
	request.query = query.data;
	request.headers[0] = (struct mok_header){ "Accept", ACCEPT };
	request.nheaders = 1;
	mok_http_send(q->registry->http, &request, got_manifest, q);
	mok_buf_release(&query);
}

/* ---- the token ---- */

static bool is_clean(const char *text, size_t max)
{
	size_t len = strlen(text);

	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
			return false;
	return len > 0 && len <= max;
}

static void got_token(void *ctx, const struct mok_http_reply *reply)
{
	struct question *q = ctx;
	cJSON *json MOK_CLEANUP(mok_json_cleanup) = NULL;
	const char *token;

	if (q->is_done)
		return;
	if (reply->fail != MOK_NET_OK || reply->status != 200) {
		q->err = *reply->err;
		mok_err_wrap(&q->err, "%s: its token", q->image.host);
		end(q);
		return;
	}
	json = mok_json_parse(reply->body, reply->len);
	token = mok_json_str(json, "token");
	if (!token)
		token = mok_json_str(json, "access_token");
	if (!token || !is_clean(token, TOKEN_MAX)) {
		mok_err_set(&q->err, MOK_ERR_API, "%s gives out no token that can be used",
			q->image.host);
		end(q);
		return;
	}
	q->endpoint.token = mok_arena_strdup(q->registry->arena, token);
	send_manifest(q, q->method);
}

/* A registry on the network has no say over what is asked of this machine. */
static bool may_issue(const struct question *q, const char *realm)
{
	bool here = mok_url_is_loopback(realm);
	const char *host;
	size_t len;

	if (!is_clean(realm, 2048) || strchr(realm, '#') || !mok_url_host(realm, &host, &len))
		return false;
	if (here)
		return mok_url_is_loopback(q->endpoint.url);
	return mok_starts(realm, "https://");
}

static void add_parameter(struct mok_buf *query, const char *name, const char *value)
{
	if (!value)
		return;
	mok_buf_printf(query, "%s%s=", query->len ? "&" : "", name);
	mok_buf_add_url(query, value, false);
}

static void send_for_token(struct question *q, const struct mok_challenge *challenge)
{
	struct mok_arena *arena = q->registry->arena;
	struct mok_wire_request request;
	const char *host, *path, *rest;
	struct mok_buf query;
	size_t len = 0;

	if (!mok_url_host(challenge->realm, &host, &len))
		MOK_BUG("a realm was checked");
	path = host + len;
	rest = path + strcspn(path, "?");
	q->issuer.url =
		mok_arena_strndup(arena, challenge->realm, (size_t)(path - challenge->realm));
	request = request_to(&q->issuer);
	request.path = rest == path ? "/" : mok_arena_strndup(arena, path, (size_t)(rest - path));
	mok_buf_init(&query, (size_t)16 << 10);
	mok_buf_puts(&query, *rest ? rest + 1 : "");
	add_parameter(&query, "service", challenge->service);
	add_parameter(&query, "scope",
		challenge->scope
			? challenge->scope
			: mok_arena_printf(arena, "repository:%s:pull", q->image.repository));
	request.query = query.data;
	mok_http_send(q->registry->http, &request, got_token, q);
	mok_buf_release(&query);
}

/* False: nobody is named who would give a token, or it was given already and is not enough. */
static bool ask_issuer(struct question *q, const struct mok_exchange *x)
{
	struct mok_challenge challenge;

	if (q->has_asked_issuer)
		return false;
	for (size_t i = 0; i < x->nresponse_headers; i++) {
		const struct mok_header *h = &x->response_headers[i];

		if (strcmp(h->name, "www-authenticate") != 0 ||
			!mok_challenge_parse(q->registry->arena, h->value, &challenge))
			continue;
		q->has_asked_issuer = true;
		if (!may_issue(q, challenge.realm)) {
			mok_err_set(&q->err, MOK_ERR_API,
				"%s sends for its token to an address that is not asked: %.200s",
				q->image.host, challenge.realm);
			end(q);
			return true;
		}
		send_for_token(q, &challenge);
		return true;
	}
	return false;
}

/* ---- the interface ---- */

static const char *without_slashes(struct mok_arena *arena, const char *url)
{
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		len--;
	return mok_arena_strndup(arena, url, len);
}

struct mok_registry *mok_registry_new(
	struct mok_loop *loop, const struct mok_registry_options *options, struct mok_err *err)
{
	const struct mok_http_options http = { .max_tries = TRIES };
	struct mok_arena *arena = mok_arena_new();
	struct mok_registry *registry = MOK_NEW(arena, struct mok_registry);

	registry->arena = arena;
	registry->loop = loop;
	registry->questions = mok_map_new(arena);
	registry->mirror = options->mirror ? without_slashes(arena, options->mirror) : NULL;
	registry->http = mok_http_new(loop, &http, err);
	if (registry->http)
		return registry;
	mok_arena_free(arena);
	return NULL;
}

void mok_registry_free(struct mok_registry *registry)
{
	if (!registry)
		return;
	for (size_t i = 0; i < mok_map_len(registry->questions); i++)
		end(mok_map_value(registry->questions, i));
	mok_http_free(registry->http);
	mok_arena_free(registry->arena);
}

void mok_registry_ask(struct mok_registry *registry, const char *image)
{
	struct question *q = mok_map_get(registry->questions, image);
	struct mok_err err = { 0 };

	if (q)
		return;
	q = MOK_NEW(registry->arena, struct question);
	q->registry = registry;
	mok_map_put(registry->questions, image, q);
	if (mok_image_parse(registry->arena, image, &q->image, &err) != 0) {
		fail(q, &err);
		return;
	}
	if (q->image.digest) {
		found(q, q->image.digest);
		return;
	}
	q->endpoint.what = "registry's";
	q->issuer.what = "token's";
	q->endpoint.url = url_of(q);
	q->patience = mok_loop_after(registry->loop, PATIENCE_MS, lose_patience, q);
	send_manifest(q, "HEAD");
}

static bool is_done(void *ctx)
{
	const struct question *q = ctx;

	return q->is_done;
}

int mok_registry_wait(
	struct mok_registry *registry, const char *image, const char **digest, struct mok_err *err)
{
	struct question *q = mok_map_get(registry->questions, image);

	if (!q)
		MOK_BUG("an image that nobody asked about");
	if (!q->is_done && mok_loop_run(registry->loop, is_done, q, err) != 0)
		return -1;
	if (!q->digest) {
		*err = q->err;
		return -1;
	}
	*digest = q->digest;
	return 0;
}
