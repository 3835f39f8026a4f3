#include "http_internal.h"

#include <stdio.h>
#include <string.h>

#define ERROR_BODY_MAX ((size_t)64 << 10)
#define TEXT_MAX 480 /* leaves room in mok_err.msg for the request and what callers put before */

const char *request_id_of(const struct mok_exchange *x)
{
	const char *id = mok_exchange_header(x, "x-request-id");

	if (!id)
		id = mok_exchange_header(x, "x-amz-request-id");
	return id ? id : "";
}

/* ---- JSON: {id, message, request_id}, and of tags {error, messages, root_causes} ---- */

static void add_part(struct mok_buf *out, const char *part)
{
	size_t room;

	if (!part || !*part || (out->len > 0 && strstr(out->data, part)))
		return;
	if (out->len > 0)
		mok_buf_puts(out, "; ");
	room = out->max - out->len;
	mok_buf_add(out, part, strlen(part) < room ? strlen(part) : room);
}

static void add_strings(struct mok_buf *out, const cJSON *list)
{
	const cJSON *item;

	if (cJSON_IsArray(list))
		cJSON_ArrayForEach(item, list) add_part(out, cJSON_GetStringValue(item));
}

static bool from_json(const struct mok_buf *body, struct mok_buf *out, struct mok_err *err)
{
	MOK_CLEANUP(mok_json_cleanup) cJSON *json = mok_json_parse(body->data, body->len);
	const char *id;

	if (!cJSON_IsObject(json))
		return false;
	add_part(out, mok_json_str(json, "message"));
	add_strings(out, mok_json_at(json, "messages"));
	add_part(out, mok_json_str(json, "error"));
	add_strings(out, mok_json_at(json, "root_causes"));
	add_strings(out, mok_json_at(json, "errors"));
	if (out->len == 0)
		add_part(out, mok_json_str(json, "id"));
	id = mok_json_str(json, "request_id");
	if (id && !err->request_id[0])
		snprintf(err->request_id, sizeof(err->request_id), "%s", id);
	return true;
}

/* ---- XML and HTML: what one element holds ---- */

static void add_unescaped(struct mok_buf *out, const char *text, size_t len)
{
	static const struct {
		const char *entity;
		char c;
	} entities[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' },
		{ "&apos;", '\'' }, { "&#39;", '\'' }, { "&#34;", '"' } };

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		for (size_t k = 0; c == '&' && k < MOK_COUNT(entities); k++) {
			size_t n = strlen(entities[k].entity);

			if (n <= len - i && memcmp(text + i, entities[k].entity, n) == 0) {
				c = entities[k].c;
				i += n - 1;
				break;
			}
		}
		mok_buf_putc(out, c);
	}
}

static bool add_element(struct mok_buf *out, const char *xml, const char *open, const char *close)
{
	const char *from = strstr(xml, open);
	const char *to;

	if (!from)
		return false;
	from += strlen(open);
	to = strstr(from, close);
	if (!to || to == from)
		return false;
	add_unescaped(out, from, (size_t)(to - from));
	return true;
}

static bool from_xml(const struct mok_buf *body, struct mok_buf *out, struct mok_err *err)
{
	struct mok_buf id;

	if (!strstr(body->data, "<Error>"))
		return false;
	if (add_element(out, body->data, "<Code>", "</Code>") && strstr(body->data, "<Message>") &&
		!strstr(body->data, "<Message></Message>"))
		mok_buf_puts(out, ": ");
	add_element(out, body->data, "<Message>", "</Message>");
	mok_buf_init(&id, sizeof(err->request_id) - 1);
	if (!err->request_id[0] && add_element(&id, body->data, "<RequestId>", "</RequestId>"))
		snprintf(err->request_id, sizeof(err->request_id), "%s", id.data);
	mok_buf_release(&id);
	return out->len > 0;
}

static bool from_html(const struct mok_buf *body, struct mok_buf *out, struct mok_err *err)
{
	(void)err;
	return add_element(out, body->data, "<title>", "</title>") ||
		add_element(out, body->data, "<TITLE>", "</TITLE>") ||
		add_element(out, body->data, "<h1>", "</h1>");
}

static bool from_text(const struct mok_buf *body, struct mok_buf *out, struct mok_err *err)
{
	const char *from = body->data + strspn(body->data, " \t\r\n");

	(void)err;
	if (*from == '<')
		return false;
	mok_buf_add(out, from, strcspn(from, "\r\n"));
	return out->len > 0;
}

/* ---- by status ---- */

static const char *status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = { { 400, "bad request" }, { 401, "unauthorized" }, { 403, "forbidden" },
		{ 404, "not found" }, { 405, "method not allowed" }, { 409, "conflict" },
		{ 412, "precondition failed" }, { 422, "unprocessable" },
		{ 429, "too many requests" }, { 500, "internal server error" },
		{ 501, "not implemented" }, { 502, "bad gateway" }, { 503, "service unavailable" },
		{ 504, "gateway timeout" } };

	for (size_t i = 0; i < MOK_COUNT(texts); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "an answer that is not understood";
}

static void add_what_it_says(const struct mok_exchange *x, struct mok_buf *out, struct mok_err *err)
{
	static bool (*const readers[])(const struct mok_buf *body, struct mok_buf *out,
		struct mok_err *err) = { from_json, from_xml, from_html, from_text };
	struct mok_buf body;
	bool any = false;

	mok_buf_init(&body, ERROR_BODY_MAX);
	if (x->response.data)
		mok_buf_add(&body, x->response.data,
			x->response.len < ERROR_BODY_MAX ? x->response.len : ERROR_BODY_MAX);
	for (size_t i = 0; i < MOK_COUNT(readers) && !any; i++) {
		mok_buf_clear(out);
		any = readers[i](&body, out, err);
	}
	if (out->len == 0)
		mok_buf_puts(out, status_text(x->status));
	mok_buf_release(&body);
}

static void add_redirect(
	const struct endpoints *e, const struct mok_exchange *x, struct mok_buf *out)
{
	const char *to = mok_exchange_header(x, "location");

	(void)e;
	mok_buf_puts(out, "it answers with a redirect");
	if (to) {
		mok_buf_puts(out, " to ");
		mok_buf_add(out, to, strcspn(to, "?#"));
	}
	mok_buf_puts(out, ", which is not followed");
}

static enum mok_err_code code_of(int status)
{
	if (status == 401 || status == 403)
		return MOK_ERR_AUTH;
	return status >= 500 ? MOK_ERR_NET : MOK_ERR_API;
}

static void add_hint(const struct mok_wire_request *request, const char *text, struct mok_err *err)
{
	bool spaces = request->auth == MOK_AUTH_SIGV4;
	bool other = request->auth == MOK_AUTH_ENDPOINT;

	if (strstr(text, "RequestTimeTooSkewed"))
		mok_err_hint(err, "set this machine's clock: signatures are good for 15 minutes");
	else if (other && (err->http_status == 401 || err->http_status == 403))
		mok_err_hint(err, "%s", request->endpoint->denied ? request->endpoint->denied : "");
	else if (other)
		return;
	else if (err->http_status == 401)
		mok_err_hint(err, "the token is not valid; make one at %s",
			"https://cloud.digitalocean.com/account/api/tokens");
	else if (err->http_status == 403 && spaces)
		mok_err_hint(err, "the Spaces access key may not do this, or its secret is wrong");
	else if (err->http_status == 403)
		mok_err_hint(err, "the token may lack the scope for this");
	else if (err->http_status == 429)
		mok_err_hint(err, "the account's request limit is used up; try again later");
}

void error_of_answer(const struct endpoints *e, const struct mok_wire_request *request,
	const struct mok_exchange *x, struct mok_err *err)
{
	struct mok_buf text;

	mok_buf_init(&text, TEXT_MAX);
	memset(err, 0, sizeof(*err));
	snprintf(err->request_id, sizeof(err->request_id), "%s", request_id_of(x));
	if (x->fail != MOK_NET_OK) {
		mok_buf_puts(&text, x->fail_text[0] ? x->fail_text : "no answer");
		redact(e, request, text.data);
		err->code = MOK_ERR_NET;
		snprintf(err->msg, sizeof(err->msg), "%s (%s %.200s)", text.data, request->method,
			request->path);
	} else {
		if (x->status >= 300 && x->status < 400)
			add_redirect(e, x, &text);
		else
			add_what_it_says(x, &text, err);
		redact(e, request, text.data);
		err->code = code_of(x->status);
		err->http_status = x->status;
		snprintf(err->msg, sizeof(err->msg), "%s (HTTP %d, %s %.200s)", text.data,
			x->status, request->method, request->path);
		add_hint(request, text.data, err);
	}
	redact(e, request, err->request_id);
	redact(e, request, err->msg);
	mok_buf_release(&text);
}
