/* Applications and tokens. https://docs.joinmastodon.org/methods/oauth/ and .../apps/ */
#include "instance.h"

#include <string.h>
#include <strings.h>

#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

struct app {
	int64_t id; /* 0: there is none */
	const char *scopes;
};

/* ---- applications ---- */

/* A list or one text with blanks between; kept one a line. */
static const char *redirect_uris(struct si_visit *v)
{
	const cJSON *list = sb_get(v->in, "redirect_uris"), *one;
	const char *text = si_param(v, "redirect_uris"), *out = "";

	if (cJSON_IsArray(list)) {
		cJSON_ArrayForEach(one, list) if (cJSON_IsString(one)) out =
			mok_arena_printf(v->ctx->arena, "%s%s\n", out, one->valuestring);
		return out;
	}
	while (text && *text) {
		size_t len = strcspn(text, " \r\n");

		if (len)
			out = mok_arena_printf(v->ctx->arena, "%s%.*s\n", out, (int)len, text);
		text += len;
		text += strspn(text, " \r\n");
	}
	return out;
}

static bool all_absolute(const char *lines)
{
	if (!*lines)
		return false;
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		const char *colon = memchr(lines, ':', len);

		if (!colon || colon == lines)
			return false;
		lines += len + 1;
	}
	return true;
}

static cJSON *lines_view(struct si_visit *v, const char *text, char end)
{
	const char stop[2] = { end, '\0' };
	cJSON *list = cJSON_CreateArray();

	while (*text) {
		size_t len = strcspn(text, stop);

		cJSON_AddItemToArray(
			list, cJSON_CreateString(mok_arena_strndup(v->ctx->arena, text, len)));
		text += len;
		text += *text == end;
	}
	return list;
}

static cJSON *app_view(struct si_visit *v, int64_t id, const char *uris, const char *scopes)
{
	cJSON *json = cJSON_CreateObject();
	const char *website, *name = si_app_name(v, id, &website);

	sb_set_str(json, "id", mok_arena_printf(v->ctx->arena, "%lld", (long long)id));
	sb_set_str(json, "name", name);
	sb_set_str(json, "website", website);
	mok_json_set(json, "scopes", lines_view(v, scopes, ' '));
	sb_set_str(json, "redirect_uri",
		mok_arena_strndup(v->ctx->arena, uris, strlen(uris) - (*uris != '\0')));
	mok_json_set(json, "redirect_uris", lines_view(v, uris, '\n'));
	sb_set_str(json, "vapid_key", v->pod->site.vapid_key);
	return json;
}

static void create_app(struct si_visit *v)
{
	const char *name = si_param(v, "client_name"), *scopes = si_param(v, "scopes");
	const char *uris = redirect_uris(v), *client, *secret;
	int64_t id = si_snowflake(v->ctx);
	cJSON *json;

	scopes = scopes ? scopes : "read";
	if (!name || !all_absolute(uris)) {
		si_error(v, 422,
			name ? "Validation failed: Redirect URI must be an absolute URI."
			     : "Validation failed: Application name can't be blank");
		return;
	}
	client = sb_random_word(v->ctx, 43, ALPHABET);
	secret = sb_random_word(v->ctx, 43, ALPHABET);
	sb_sql_run(v->ctx,
		"INSERT INTO instance_app(db, id, client_id, secret, name, website,"
		" redirect_uris, scopes) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
		"sissssss", v->db, id, client, si_digest(v->ctx, "app", secret), name,
		si_param(v, "website"), uris, scopes);
	json = app_view(v, id, uris, scopes);
	sb_set_str(json, "client_id", client);
	sb_set_str(json, "client_secret", secret);
	sb_set_int(json, "client_secret_expires_at", 0);
	si_json(v, 200, json);
}

static void verify_app(struct si_visit *v)
{
	sqlite3_stmt *stmt;
	const char *uris = "", *scopes = "";

	if (!v->app_id) {
		si_error(v, 401, "The access token is invalid");
		return;
	}
	stmt = sb_sql(v->ctx,
		"SELECT redirect_uris, scopes FROM instance_app WHERE db = ? AND id = ?", "si",
		v->db, v->app_id);
	if (sb_sql_row(v->ctx, stmt)) {
		uris = sb_sql_text(v->ctx, stmt, 0);
		scopes = sb_sql_text(v->ctx, stmt, 1);
		sb_sql_done(v->ctx, stmt);
	}
	si_json(v, 200, app_view(v, v->app_id, uris, scopes));
}

/* ---- tokens ---- */

static void oauth_error(struct si_visit *v, int status, const char *error, const char *text)
{
	cJSON *json = cJSON_CreateObject();

	sb_set_str(json, "error", error);
	sb_set_str(json, "error_description", text);
	si_json(v, status, json);
}

/* By parameters or by Basic authentication. */
static bool client_login(struct si_visit *v, const char **id, const char **secret)
{
	const char *header = sb_request_header(v->ctx, "authorization"), *plain, *colon;

	*id = si_param(v, "client_id");
	*secret = si_param(v, "client_secret");
	if (*id || !header || strncasecmp(header, "basic ", 6) != 0)
		return *id && *secret;
	plain = mok_unbase64(v->ctx->arena, header + 6, NULL);
	colon = plain ? strchr(plain, ':') : NULL;
	if (!colon)
		return false;
	*id = mok_arena_strndup(v->ctx->arena, plain, (size_t)(colon - plain));
	*secret = colon + 1;
	return true;
}

static struct app find_app(struct si_visit *v)
{
	const char *id, *secret;
	struct app app = { 0, "" };
	sqlite3_stmt *stmt;

	if (client_login(v, &id, &secret)) {
		stmt = sb_sql(v->ctx,
			"SELECT id, scopes FROM instance_app WHERE db = ? AND client_id = ?"
			" AND secret = ?",
			"sss", v->db, id, si_digest(v->ctx, "app", secret));
		if (sb_sql_row(v->ctx, stmt)) {
			app.id = sqlite3_column_int64(stmt, 0);
			app.scopes = sb_sql_text(v->ctx, stmt, 1);
			sb_sql_done(v->ctx, stmt);
		}
	}
	if (!app.id)
		oauth_error(v, 401, "invalid_client",
			"Client authentication failed due to unknown client, no client "
			"authentication included, or unsupported authentication method.");
	return app;
}

static void give_token(struct si_visit *v, int64_t app, int64_t account, const char *scopes)
{
	const char *token = sb_random_word(v->ctx, 43, ALPHABET);
	cJSON *json = cJSON_CreateObject();

	sb_sql_run(v->ctx,
		"INSERT INTO instance_token(db, token, app, account, scopes)"
		" VALUES(?, ?, ?, ?, ?)",
		"ssiis", v->db, si_digest(v->ctx, "token", token), app, account, scopes);
	sb_header(v->ctx, "cache-control", "no-store");
	sb_set_str(json, "access_token", token);
	sb_set_str(json, "token_type", "Bearer");
	sb_set_str(json, "scope", scopes);
	sb_set_int(json, "created_at", v->ctx->now_ms / 1000);
	si_json(v, 200, json);
}

static void by_credentials(struct si_visit *v, const struct app *app)
{
	const char *scopes = si_param(v, "scope");

	scopes = scopes ? scopes : "read";
	if (!si_scopes_within(v->ctx, scopes, app->scopes))
		oauth_error(v, 400, "invalid_scope",
			"The requested scope is invalid, unknown, or malformed.");
	else
		give_token(v, app->id, 0, scopes);
}

/* RFC 7636: the verifier's SHA-256 in base64 for URLs. */
static bool verifier_fits(struct si_visit *v, const char *challenge)
{
	const char *verifier = si_param(v, "code_verifier");
	unsigned char digest[32];
	char *text;

	if (!*challenge || !verifier)
		return !*challenge;
	mok_sha256(verifier, strlen(verifier), digest);
	text = mok_base64(v->ctx->arena, digest, sizeof(digest));
	for (char *c = text; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	text[strcspn(text, "=")] = '\0';
	return strcmp(text, challenge) == 0;
}

static void by_code(struct si_visit *v, const struct app *app)
{
	const char *code = si_param(v, "code"), *uri = si_param(v, "redirect_uri");
	sqlite3_stmt *stmt;
	const char *digest = si_digest(v->ctx, "code", code ? code : "");
	const char *scopes = NULL;
	int64_t account = 0;

	stmt = sb_sql(v->ctx,
		"SELECT account, scopes, challenge FROM instance_code WHERE db = ? AND code = ?"
		" AND app = ? AND redirect_uri = ? AND until_ms > ?",
		"ssisi", v->db, digest, app->id, uri ? uri : "", v->ctx->now_ms);
	if (sb_sql_row(v->ctx, stmt)) {
		account = sqlite3_column_int64(stmt, 0);
		if (verifier_fits(v, sb_sql_text(v->ctx, stmt, 2)))
			scopes = sb_sql_text(v->ctx, stmt, 1);
		sb_sql_done(v->ctx, stmt);
	}
	if (!scopes) {
		oauth_error(v, 400, "invalid_grant",
			"The provided authorization grant is invalid, expired, revoked, does not "
			"match the redirection URI used in the authorization request, or was "
			"issued to another client.");
		return;
	}
	sb_sql_run(
		v->ctx, "DELETE FROM instance_code WHERE db = ? AND code = ?", "ss", v->db, digest);
	give_token(v, app->id, account, scopes);
}

static void token(struct si_visit *v)
{
	const char *type = si_param(v, "grant_type");
	struct app app;

	if (!type ||
		(strcmp(type, "authorization_code") != 0 &&
			strcmp(type, "client_credentials") != 0)) {
		oauth_error(v, 400, "unsupported_grant_type",
			"The authorization grant type is not supported by the authorization "
			"server.");
		return;
	}
	app = find_app(v);
	if (!app.id)
		return;
	if (strcmp(type, "authorization_code") == 0)
		by_code(v, &app);
	else
		by_credentials(v, &app);
}

static void revoke(struct si_visit *v)
{
	const char *text = si_param(v, "token");
	struct app app = find_app(v);

	if (!app.id)
		return;
	sb_sql_run(v->ctx, "DELETE FROM instance_token WHERE db = ? AND token = ? AND app = ?",
		"ssi", v->db, si_digest(v->ctx, "token", text ? text : ""), app.id);
	si_json(v, 200, cJSON_CreateObject());
}

static void verify_credentials(struct si_visit *v)
{
	const struct si_account account = si_account_by_id(v->ctx, v->db, v->account_id);
	cJSON *json, *role = cJSON_CreateObject();

	json = si_account_json(v, &account);
	mok_json_set(json, "source", si_source_json());
	sb_set_str(role, "id", "3");
	sb_set_str(role, "name", "Owner");
	sb_set_str(role, "color", "");
	sb_set_str(role, "permissions", "1");
	sb_set_bool(role, "highlighted", true);
	mok_json_set(json, "role", role);
	si_json(v, 200, json);
}

/* Asks for what a browser needs to be pushed to; nothing is ever pushed. */
static void get_push(struct si_visit *v)
{
	if (v->pod->no_push)
		si_failed(v, v->pod->no_push);
	else
		si_error(v, 404, "Record not found");
}

const struct si_page si_oauth_pages[] = {
	{ "POST", "/api/v1/apps", SI_TABLES, create_app, NULL },
	{ "GET", "/api/v1/apps/verify_credentials", SI_TABLES, verify_app, NULL },
	{ "POST", "/oauth/token", SI_TABLES, token, NULL },
	{ "POST", "/oauth/revoke", SI_TABLES, revoke, NULL },
	{ "GET", "/api/v1/accounts/verify_credentials", SI_TABLES, verify_credentials,
		"read:accounts" },
	{ "GET", "/api/v1/push/subscription", SI_TABLES, get_push, "push" },
	{ 0 },
};
