#include "real_internal.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_MS 15000L
#define KEPT_CONNECTIONS 32L
#define HEADER_LINE_MAX 16384

struct flight {
	struct mok_real_net *net;
	struct mok_exchange *x;
	CURL *easy;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	bool granted; /* another protocol, which nobody speaks here: the transfer ends there */
	struct flight *next, **link;
};

struct mok_real_net {
	struct mok_real_env *real;
	CURLM *multi; /* NULL before the first use: whoever asks nobody does not pay for it */
	struct flight *flights;
};

static CURLM *multi_of(struct mok_real_net *net)
{
	if (net->multi)
		return net->multi;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		MOK_BUG("libcurl cannot start");
	net->multi = curl_multi_init();
	if (!net->multi)
		MOK_BUG("out of memory");
	curl_multi_setopt(net->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
	return net->multi;
}

/* ---- the answer, as it comes ---- */

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct flight *f = ctx;

	mok_buf_add(&f->x->response, data, size * count);
	return f->x->response.overflow ? 0 : size * count;
}

static void add_header_line(struct mok_exchange *x, char *line)
{
	char *colon = strchr(line, ':');
	char *value, *end;

	if (!colon)
		return;
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	end = value + strlen(value);
	while (end > value && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	mok_exchange_add_header(x, line, value);
}

static bool is_granted(const struct flight *f, const char *line)
{
	long status = 0;

	return f->x->upgrades && line[strspn(line, "\r\n")] == '\0' &&
		curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
		status == 101;
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct flight *f = ctx;
	size_t len = size * count;
	char line[HEADER_LINE_MAX];

	if (len >= sizeof(line) || memchr(data, '\0', len))
		return len;
	memcpy(line, data, len);
	line[len] = '\0';
	f->granted = is_granted(f, line);
	if (f->granted)
		return 0;
	/* An interim answer (100, 103) came before: only the last one's headers count. */
	if (mok_starts(line, "HTTP/"))
		mok_exchange_clear_headers(f->x);
	else
		add_header_line(f->x, line);
	return len;
}

/* ---- the request ---- */

static bool has_header(const struct mok_exchange *x, const char *name)
{
	for (size_t i = 0; i < x->nheaders; i++)
		if (strcasecmp(x->headers[i].name, name) == 0)
			return true;
	return false;
}

static struct curl_slist *append_line(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	if (!longer)
		MOK_BUG("out of memory");
	return longer;
}

static struct curl_slist *header_list(const struct mok_exchange *x)
{
	struct curl_slist *list = NULL;
	struct mok_buf line;

	mok_buf_init(&line, HEADER_LINE_MAX);
	for (size_t i = 0; i < x->nheaders; i++) {
		mok_buf_clear(&line);
		mok_buf_puts(&line, x->headers[i].name);
		/* "name;" is curl's way to send a header that has no value. */
		mok_buf_puts(&line, x->headers[i].value[0] ? ": " : ";");
		mok_buf_puts(&line, x->headers[i].value);
		list = append_line(list, line.data);
	}
	mok_buf_release(&line);
	/* A name with nothing after it takes away what curl would add. */
	list = append_line(list, "Expect:");
	if (!has_header(x, "content-type"))
		list = append_line(list, "Content-Type:");
	return list;
}

#define SET(easy, option, value) \
	do { \
		if (curl_easy_setopt(easy, option, value) != CURLE_OK) \
			MOK_BUG("libcurl refuses " #option); \
	} while (0)

static void set_method(CURL *easy, const struct mok_exchange *x)
{
	bool sends = x->body || strcmp(x->method, "POST") == 0 || strcmp(x->method, "PUT") == 0;

	if (strcmp(x->method, "HEAD") == 0) {
		SET(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (sends) {
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body_len);
		SET(easy, CURLOPT_POSTFIELDS, x->body ? (const char *)x->body : "");
	}
	SET(easy, CURLOPT_CUSTOMREQUEST, x->method);
	/* When a kept connection closes without an answer, curl sends the request again, whatever
	 * its method (Curl_retry_request): a POST would create twice. Only a connection of its own
	 * keeps it from doing so. */
	if (strcmp(x->method, "POST") == 0)
		SET(easy, CURLOPT_FRESH_CONNECT, 1L);
}

static struct curl_blob blob_of(const char *pem)
{
	return (struct curl_blob){
		.data = (void *)(uintptr_t)pem, .len = strlen(pem), .flags = CURL_BLOB_COPY
	};
}

/* Only the authority that is named is trusted, not the system's besides it. */
static void set_tls(CURL *easy, const struct mok_tls *tls)
{
	struct curl_blob blob;

	if (tls->ca) {
		blob = blob_of(tls->ca);
		SET(easy, CURLOPT_CAINFO_BLOB, &blob);
		SET(easy, CURLOPT_CAPATH, NULL);
	}
	if (tls->cert && tls->key) {
		blob = blob_of(tls->cert);
		SET(easy, CURLOPT_SSLCERT_BLOB, &blob);
		blob = blob_of(tls->key);
		SET(easy, CURLOPT_SSLKEY_BLOB, &blob);
	}
}

static void set_options(struct flight *f)
{
	const struct mok_exchange *x = f->x;
	CURL *easy = f->easy;

	SET(easy, CURLOPT_PRIVATE, f);
	SET(easy, CURLOPT_ERRORBUFFER, f->error);
	SET(easy, CURLOPT_URL, x->url);
	SET(easy, CURLOPT_PATH_AS_IS, 1L);
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_QUICK_EXIT, 1L);
	SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(easy, CURLOPT_ACCEPT_ENCODING, "");
	SET(easy, CURLOPT_HTTPHEADER, f->headers);
	SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(easy, CURLOPT_WRITEDATA, f);
	SET(easy, CURLOPT_HEADERFUNCTION, on_header);
	SET(easy, CURLOPT_HEADERDATA, f);
	SET(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	SET(easy, CURLOPT_TIMEOUT_MS, (long)x->timeout_ms);
	/* Whatever proxy the environment names, it is not for what runs on this machine. */
	if (mok_url_is_loopback(x->url))
		SET(easy, CURLOPT_PROXY, "");
	if (x->tls)
		set_tls(easy, x->tls);
	if (x->upgrades) {
		SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
		SET(easy, CURLOPT_FRESH_CONNECT, 1L);
		SET(easy, CURLOPT_FORBID_REUSE, 1L);
	}
	set_method(easy, x);
}

static void net_submit(void *self, struct mok_exchange *x)
{
	struct mok_real_net *net = self;
	CURLM *multi = multi_of(net);
	struct flight *f = mok_xcalloc(1, sizeof(*f));

	f->net = net;
	f->x = x;
	f->easy = curl_easy_init();
	if (!f->easy)
		MOK_BUG("out of memory");
	mok_buf_init(&x->response, MOK_RESPONSE_MAX);
	f->headers = header_list(x);
	set_options(f);
	f->next = net->flights;
	f->link = &net->flights;
	if (f->next)
		f->next->link = &f->next;
	net->flights = f;
	x->impl = f;
	if (curl_multi_add_handle(multi, f->easy) != CURLM_OK)
		MOK_BUG("libcurl refuses a transfer");
}

static void unlink_flight(struct flight *f)
{
	*f->link = f->next;
	if (f->next)
		f->next->link = f->link;
}

static void flight_free(struct flight *f)
{
	f->x->impl = NULL;
	curl_multi_remove_handle(f->net->multi, f->easy);
	curl_easy_cleanup(f->easy);
	curl_slist_free_all(f->headers);
	free(f);
}

static void net_cancel(void *self, struct mok_exchange *x)
{
	struct flight *f = x->impl;

	(void)self;
	if (!f)
		return;
	unlink_flight(f);
	flight_free(f);
}

/* ---- the outcome ---- */

/* Failures that come before a request is written. That none was is asked of curl as well. */
static bool is_before_sending(CURLcode code)
{
	static const CURLcode codes[] = {
		CURLE_COULDNT_RESOLVE_HOST,
		CURLE_COULDNT_RESOLVE_PROXY,
		CURLE_COULDNT_CONNECT,
		CURLE_SSL_CONNECT_ERROR,
		CURLE_PEER_FAILED_VERIFICATION,
		CURLE_SSL_CACERT_BADFILE,
		CURLE_SSL_CERTPROBLEM,
		CURLE_SSL_CIPHER,
		CURLE_SSL_ISSUER_ERROR,
		CURLE_SSL_INVALIDCERTSTATUS,
		CURLE_SSL_PINNEDPUBKEYNOTMATCH,
		CURLE_URL_MALFORMAT,
		CURLE_UNSUPPORTED_PROTOCOL,
		CURLE_OPERATION_TIMEDOUT,
	};

	for (size_t i = 0; i < MOK_COUNT(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* Pretransfer is stamped just before the request is written, so that a timeout without it struck
 * while connecting. */
static bool nothing_was_sent(CURL *easy)
{
	curl_off_t pretransfer_us = 1, uploaded = 1;
	long request_size = 1;

	return curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us) == CURLE_OK &&
		curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_size) == CURLE_OK &&
		curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &uploaded) == CURLE_OK &&
		pretransfer_us == 0 && request_size == 0 && uploaded == 0;
}

static void set_outcome(struct flight *f, CURLcode code)
{
	struct mok_exchange *x = f->x;
	long status = 0;
	const char *why = f->error[0] ? f->error : curl_easy_strerror(code);

	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	x->status = (int)status;
	x->fail = MOK_NET_OK;
	x->fail_text[0] = '\0';
	if ((code == CURLE_OK && status != 0) || f->granted)
		return;
	if (is_before_sending(code) && nothing_was_sent(f->easy))
		x->fail = MOK_NET_NOT_SENT;
	else
		x->fail = MOK_NET_UNKNOWN;
	if (x->response.overflow)
		why = "the answer is too large";
	snprintf(x->fail_text, sizeof(x->fail_text), "%.*s", (int)sizeof(x->fail_text) - 1, why);
}

static bool complete_some(struct mok_real_net *net)
{
	bool any = false;
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(net->multi, &left))) {
		struct flight *f = NULL;
		struct mok_exchange *x;

		if (msg->msg != CURLMSG_DONE)
			continue;
		if (curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&f) != CURLE_OK)
			MOK_BUG("a transfer is not ours");
		set_outcome(f, msg->data.result);
		x = f->x;
		unlink_flight(f);
		flight_free(f);
		x->done(x);
		any = true;
	}
	return any;
}

static int net_wait(void *self, int64_t until_ms)
{
	struct mok_real_net *net = self;
	struct curl_waitfd signals = { .fd = mok_real_signal_fd(net->real),
		.events = CURL_WAIT_POLLIN };
	CURLM *multi = multi_of(net);
	int running;

	for (;;) {
		int64_t left;

		if (curl_multi_perform(multi, &running) != CURLM_OK)
			MOK_BUG("libcurl cannot go on");
		if (complete_some(net) || mok_real_take_signals(net->real))
			return 0;
		left = until_ms - mok_real_mono_ms(NULL);
		if (left <= 0)
			return 0;
		signals.revents = 0;
		if (curl_multi_poll(multi, &signals, 1, left > 60000 ? 60000 : (int)left, NULL) !=
			CURLM_OK)
			MOK_BUG("libcurl cannot wait");
	}
}

/* ---- the whole ---- */

struct mok_real_net *mok_real_net_new(struct mok_real_env *real)
{
	struct mok_real_net *net = mok_xcalloc(1, sizeof(*net));

	net->real = real;
	return net;
}

void mok_real_net_free(struct mok_real_net *net)
{
	struct flight *next;

	if (!net)
		return;
	for (struct flight *f = net->flights; f; f = next) {
		next = f->next;
		flight_free(f);
	}
	if (net->multi) {
		curl_multi_cleanup(net->multi);
		curl_global_cleanup();
	}
	free(net);
}

struct mok_net mok_real_net_table(struct mok_real_net *net)
{
	return (struct mok_net){
		.self = net, .submit = net_submit, .wait = net_wait, .cancel = net_cancel
	};
}
