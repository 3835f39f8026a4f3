/*
 * Tokens of service accounts: made on request, and who brings one
 * (https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/).
 * They have the form and the claims of the real ones. Nobody signs them: what else opens a cluster
 * of a sandbox is not secret either.
 */
#include "review.h"
#include "validate.h"

#define AUDIENCE "https://kubernetes.default.svc.cluster.local"
#define ACCOUNTS "serviceaccounts"
enum {
	EXPIRY_DEFAULT_S = 3600,
	EXPIRY_LEAST_S = 600,
	SIGNATURE_LEN = 342, /* of RS256 */
};
#define EXPIRY_MOST_S (INT64_C(1) << 32)

/* ---- making one ---- */

static const char *base64_url(struct ks_req *r, const char *text)
{
	char *out = mok_base64(r->arena, text, strlen(text));

	for (char *c = out; *c; c++)
		*c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
	out[strcspn(out, "=")] = '\0';
	return out;
}

static void add_time(cJSON *claims, const char *name, int64_t ms)
{
	int64_t seconds = ms / 1000;

	cJSON_AddNumberToObject(claims, name, (double)seconds);
}

static cJSON *claims_of(struct ks_req *r, const cJSON *account, const cJSON *spec)
{
	cJSON *claims = ks_own(r, cJSON_CreateObject()), *private, *self;
	int64_t end_ms = r->now_ms + mok_json_int(spec, "expirationSeconds", 0) * 1000;

	cJSON_AddItemToObject(claims, "aud", cJSON_Duplicate(ks_at(spec, "audiences"), true));
	add_time(claims, "exp", end_ms);
	add_time(claims, "iat", r->now_ms);
	cJSON_AddStringToObject(claims, "iss", AUDIENCE);
	cJSON_AddStringToObject(claims, "jti", ks_uuid(r));
	private = cJSON_AddObjectToObject(claims, "kubernetes.io");
	cJSON_AddStringToObject(private, "namespace", r->ns);
	self = cJSON_AddObjectToObject(private, "serviceaccount");
	cJSON_AddStringToObject(self, "name", r->name);
	cJSON_AddStringToObject(self, "uid", ks_str(account, "metadata.uid"));
	add_time(claims, "nbf", r->now_ms);
	cJSON_AddStringToObject(claims, "sub", ks_printf(r, KS_ACCOUNT "%s:%s", r->ns, r->name));
	return claims;
}

static const char *make(struct ks_req *r, const cJSON *account, const cJSON *spec)
{
	return ks_printf(r, "%s.%s.%s", base64_url(r, "{\"alg\":\"RS256\",\"kid\":\"sandbox\"}"),
		base64_url(r, ks_json_text(r, claims_of(r, account, spec))),
		ks_word(r, SIGNATURE_LEN));
}

/* ---- the request ---- */

#define GROUP "authentication.k8s.io"

static bool is_named_so(struct ks_req *r, const cJSON *request)
{
	const char *given = ks_str(request, "metadata.name");

	if (!*given || strcmp(given, r->name) == 0)
		return true;
	ks_bad_text(r, "metadata.name", given, "must match the service account name if specified");
	return ks_invalid_as(r, GROUP, "TokenRequest", r->name);
}

static bool check_expiry(struct ks_req *r, const cJSON *spec)
{
	const cJSON *wanted = ks_at(spec, "expirationSeconds");
	double seconds = cJSON_GetNumberValue(wanted);

	if (seconds < EXPIRY_LEAST_S)
		ks_bad(r, "spec.expirationSeconds", wanted,
			"may not specify a duration less than 10 minutes");
	if (seconds > (double)EXPIRY_MOST_S)
		ks_bad(r, "spec.expirationSeconds", wanted,
			"may not specify a duration larger than 2^32 seconds");
	return ks_invalid_as(r, GROUP, "TokenRequest", "");
}

static void set_defaults(struct ks_req *r, cJSON *request, const cJSON *account)
{
	cJSON *meta = mok_json_object(request, "metadata"),
	      *spec = mok_json_object(request, "spec");

	if (cJSON_GetArraySize(ks_at(spec, "audiences")) == 0) {
		mok_json_set(spec, "audiences", cJSON_CreateArray());
		cJSON_AddItemToArray(ks_item(spec, "audiences"), cJSON_CreateString(AUDIENCE));
	}
	if (!ks_at(spec, "boundObjectRef"))
		cJSON_AddNullToObject(spec, "boundObjectRef");
	ks_set_str(meta, "name", r->name);
	ks_set_str(meta, "uid", ks_str(account, "metadata.uid"));
	ks_set_str(meta, "creationTimestamp", ks_time_text(r, r->now_ms));
}

/* Is it about this very account? False: it has answered. */
static bool is_same(struct ks_req *r, const cJSON *request, const cJSON *account)
{
	const char *given = ks_str(request, "metadata.uid"),
		   *have = ks_str(account, "metadata.uid");

	if (!*given || strcmp(given, have) == 0)
		return true;
	return ks_fail_details(r, 409, "Conflict",
		ks_printf(r,
			"Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "
			"\"%s\": the UID in the token request (%s) does not match the UID of the "
			"service account (%s)",
			r->name, given, have),
		ks_details(r->name, GROUP, "TokenRequest"));
}

/* What a token ends with: a Pod, a Secret, a Node. */
static bool is_unbound(struct ks_req *r, const cJSON *request)
{
	const cJSON *bound = ks_at(ks_at(request, "spec"), "boundObjectRef");

	if (!bound || cJSON_IsNull(bound))
		return true;
	return ks_bad_request(r, "tokens of this cluster cannot be bound to another object (%s)",
		ks_str(bound, "kind"));
}

/* What decoding fills in. */
static void set_expiry(cJSON *request)
{
	cJSON *spec = mok_json_object(request, "spec");

	if (!cJSON_IsNumber(ks_at(spec, "expirationSeconds")))
		mok_json_set(
			spec, "expirationSeconds", cJSON_CreateNumber((double)EXPIRY_DEFAULT_S));
}

/* NULL: it has answered. */
static cJSON *read_request(struct ks_req *r)
{
	const struct ks_resource *accounts = r->resource;
	struct ks_resource requests = *accounts;
	cJSON *request;

	requests.group = GROUP;
	requests.version = "v1";
	requests.kind = "TokenRequest";
	requests.type = ks_type_named(r->server, "authentication.v1.TokenRequest");
	r->resource = &requests;
	request = ks_body(r);
	if (request && ks_fits_place(r, request) && ks_decode(r, request)) {
		set_expiry(request);
		ks_managed_update(r, NULL, request);
	} else {
		request = NULL;
	}
	r->resource = accounts;
	return request && is_named_so(r, request) ? request : NULL;
}

static void answer(struct ks_req *r, cJSON *request, const cJSON *account)
{
	const cJSON *spec = ks_at(request, "spec");
	int64_t end_ms = r->now_ms + mok_json_int(spec, "expirationSeconds", 0) * 1000;
	cJSON *status = cJSON_CreateObject();

	ks_set_str(status, "token", make(r, account, spec));
	ks_set_str(status, "expirationTimestamp", ks_time_text(r, end_ms));
	mok_json_set(request, "status", status);
	ks_reply(r, 201, request);
}

void ks_token(struct ks_req *r)
{
	cJSON *request = read_request(r);
	const cJSON *account = request ? ks_load(r, r->name) : NULL;

	if (!request)
		return;
	if (!account) {
		ks_not_found(r, ACCOUNTS, r->name);
		return;
	}
	if (!is_same(r, request, account))
		return;
	set_defaults(r, request, account);
	if (check_expiry(r, ks_at(request, "spec")) && is_unbound(r, request))
		answer(r, request, account);
}

/* ---- who brings one ---- */

/* The claims of what has the form of a token; NULL: it has not. */
static const cJSON *read_claims(struct ks_req *r, const char *token)
{
	const char *from = strchr(token, '.'), *end = from ? strchr(from + 1, '.') : NULL;
	const char *padding = "";
	char *text;
	size_t len;

	if (!end)
		return NULL;
	len = (size_t)(end - from - 1);
	padding = len % 4 == 2 ? "==" : len % 4 == 3 ? "=" : "";
	text = ks_printf(r, "%.*s%s", (int)len, from + 1, padding);
	for (char *c = text; *c; c++)
		*c = (char)(*c == '-' ? '+' : *c == '_' ? '/' : *c);
	text = mok_unbase64(r->arena, text, &len);
	return text ? ks_own(r, mok_json_parse(text, len)) : NULL;
}

bool ks_token_read(struct ks_req *r, const char *token, struct ks_bearer *out)
{
	const cJSON *claims = token ? read_claims(r, token) : NULL;
	const cJSON *private = ks_at(claims, "kubernetes.io");
	const char *ns = ks_str(private, "namespace");
	const char *name = ks_str(private, "serviceaccount.name");
	const struct mok_apiserver_key key = { ACCOUNTS, ns, name };
	const cJSON *account;

	*out = (struct ks_bearer){ .name = NULL };
	if (!*name)
		return true;
	account = ks_load_key(r, &key);
	if (!account || mok_json_int(claims, "exp", 0) * 1000 <= r->now_ms ||
		strcmp(ks_str(account, "metadata.uid"), ks_str(private, "serviceaccount.uid")) != 0)
		return false;
	out->name = ks_printf(r, KS_ACCOUNT "%s:%s", ns, name);
	out->uid = ks_str(account, "metadata.uid");
	out->id = ks_printf(r, "JTI=%s", ks_str(claims, "jti"));
	return true;
}
