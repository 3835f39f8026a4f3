/* The owner in a browser: signing in, and letting an application in. */
#include "instance.h"

#include <string.h>

#define COOKIE "_mastodon_session"
#define OUT_OF_BAND "urn:ietf:wg:oauth:2.0:oob"
#define CODE_MS (INT64_C(10) * SB_MINUTE_MS)

struct session {
	const char *cookie; /* NULL: there is none */
	int64_t account;    /* 0: not signed in */
	const char *csrf, *location;
};

static const char *cookie_of(struct si_visit *v)
{
	const char *all = sb_request_header(v->ctx, "cookie");
	const char *at = all ? strstr(all, COOKIE "=") : NULL;

	if (!at)
		return NULL;
	at += strlen(COOKIE "=");
	return mok_arena_strndup(v->ctx->arena, at, strcspn(at, "; "));
}

static struct session find_session(struct si_visit *v)
{
	struct session s = { 0 };
	const char *cookie = cookie_of(v);
	sqlite3_stmt *stmt;

	if (!cookie)
		return s;
	stmt = sb_sql(v->ctx,
		"SELECT account, csrf, location FROM instance_session WHERE db = ? AND cookie = ?",
		"ss", v->db, si_digest(v->ctx, "session", cookie));
	if (sb_sql_row(v->ctx, stmt)) {
		s.cookie = cookie;
		s.account = sqlite3_column_int64(stmt, 0);
		s.csrf = sb_sql_text(v->ctx, stmt, 1);
		s.location = sb_sql_text(v->ctx, stmt, 2);
		sb_sql_done(v->ctx, stmt);
	}
	return s;
}

static void save(struct si_visit *v, const struct session *s)
{
	sb_sql_run(v->ctx,
		"INSERT OR REPLACE INTO instance_session(db, cookie, account, csrf, location)"
		" VALUES(?, ?, ?, ?, ?)",
		"ssiss", v->db, si_digest(v->ctx, "session", s->cookie), s->account, s->csrf,
		s->location);
	sb_header(v->ctx, "set-cookie",
		mok_arena_printf(
			v->ctx->arena, COOKIE "=%s; path=/; HttpOnly; SameSite=Lax", s->cookie));
}

static struct session new_session(struct si_visit *v, int64_t account, const char *location)
{
	struct session s = { .cookie = sb_random_word(v->ctx, 40, NULL),
		.account = account,
		.csrf = sb_random_word(v->ctx, 40, NULL),
		.location = location };

	save(v, &s);
	return s;
}

static const char *csrf_field(struct si_visit *v, const struct session *s)
{
	return mok_arena_printf(v->ctx->arena,
		"<input type=\"hidden\" name=\"authenticity_token\" value=\"%s\">\n", s->csrf);
}

static bool is_forged(struct si_visit *v, const struct session *s)
{
	const char *token = si_param(v, "authenticity_token");

	if (s->cookie && token && strcmp(token, s->csrf) == 0)
		return false;
	si_html(v, 422, "Security verification failed",
		"<h1>422</h1><p>Security verification failed. Are you blocking cookies?</p>");
	return true;
}

/* ---- /auth/sign_in ---- */

static void show_form(struct si_visit *v, const struct session *s, const char *notice)
{
	si_html(v, 200, "Log in",
		mok_arena_printf(v->ctx->arena,
			"<h1>Log in</h1>\n%s<form action=\"/auth/sign_in\" method=\"post\">\n%s"
			"<input type=\"email\" name=\"user[email]\">\n"
			"<input type=\"password\" name=\"user[password]\">\n"
			"<button type=\"submit\">Log in</button>\n</form>",
			notice, csrf_field(v, s)));
}

static void get_sign_in(struct si_visit *v)
{
	struct session s = find_session(v);

	if (s.account) {
		si_redirect(v, 302, "/");
		return;
	}
	if (!s.cookie)
		s = new_session(v, 0, "/");
	show_form(v, &s, "");
}

static void post_sign_in(struct si_visit *v)
{
	const char *email = si_param(v, "user[email]"), *password = si_param(v, "user[password]");
	struct session s = find_session(v);
	struct si_account account;

	if (is_forged(v, &s))
		return;
	account = si_account_login(v->ctx, v->db, email ? email : "", password ? password : "");
	if (!account.id) {
		show_form(v, &s, "<p>Invalid E-mail address or password.</p>\n");
		return;
	}
	/* Another cookie than before, so that one that was planted is worth nothing. */
	sb_sql_run(v->ctx, "DELETE FROM instance_session WHERE db = ? AND cookie = ?", "ss", v->db,
		si_digest(v->ctx, "session", s.cookie));
	s = new_session(v, account.id, s.location);
	si_redirect(v, 303, s.location);
}

static void sign_out(struct si_visit *v)
{
	struct session s = find_session(v);

	if (s.cookie)
		sb_sql_run(v->ctx, "DELETE FROM instance_session WHERE db = ? AND cookie = ?", "ss",
			v->db, si_digest(v->ctx, "session", s.cookie));
	si_redirect(v, 303, "/auth/sign_in");
}

/* ---- /oauth/authorize ---- */

struct wish {
	int64_t app;
	const char *uri, *scopes, *state, *challenge;
};

static bool has_line(const char *lines, const char *line)
{
	size_t len = strlen(line);

	while (*lines) {
		size_t n = strcspn(lines, "\n");

		if (n == len && memcmp(lines, line, n) == 0)
			return true;
		lines += n + 1;
	}
	return false;
}

/* False: it has answered. */
static bool read_wish(struct si_visit *v, struct wish *out)
{
	const char *client = si_param(v, "client_id"), *scopes = si_param(v, "scope");
	const char *uris = "", *known = "", *why = NULL;
	sqlite3_stmt *stmt = sb_sql(v->ctx,
		"SELECT id, redirect_uris, scopes FROM instance_app WHERE db = ? AND client_id = ?",
		"ss", v->db, client ? client : "");

	*out = (struct wish){ .uri = si_param(v, "redirect_uri"),
		.scopes = scopes ? scopes : "read",
		.state = si_param(v, "state"),
		.challenge = si_param(v, "code_challenge") };
	if (sb_sql_row(v->ctx, stmt)) {
		out->app = sqlite3_column_int64(stmt, 0);
		uris = sb_sql_text(v->ctx, stmt, 1);
		known = sb_sql_text(v->ctx, stmt, 2);
		sb_sql_done(v->ctx, stmt);
	}
	if (!out->app)
		why = "Client authentication failed due to unknown client.";
	else if (!out->uri || !has_line(uris, out->uri))
		why = "The redirect uri included is not valid.";
	else if (!si_scopes_within(v->ctx, out->scopes, known))
		why = "The requested scope is invalid, unknown, or malformed.";
	else if (!mok_streq(si_param(v, "response_type"), "code"))
		why = "The authorization server does not support this response type.";
	else if (out->challenge && !mok_streq(si_param(v, "code_challenge_method"), "S256"))
		why = "The code_challenge_method must be S256.";
	if (why)
		si_html(v, 400, "An error has occurred",
			mok_arena_printf(v->ctx->arena, "<h1>400</h1><p>%s</p>", why));
	return why == NULL;
}

static void add_field(struct mok_buf *buf, const char *name, const char *value)
{
	mok_buf_printf(buf, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	mok_buf_add_xml(buf, value ? value : "");
	mok_buf_puts(buf, "\">\n");
}

static void show_consent(struct si_visit *v, const struct session *s, const struct wish *wish)
{
	static const char *const names[] = { "client_id", "redirect_uri", "state", "response_type",
		"scope", "code_challenge", "code_challenge_method" };
	const char *website, *name = si_app_name(v, wish->app, &website);
	struct mok_buf form;

	mok_buf_init(&form, (size_t)1 << 20);
	mok_buf_puts(&form, "<h1>Authorization required</h1>\n<p>");
	mok_buf_add_xml(&form, name);
	mok_buf_puts(&form, " would like permission to access your account: ");
	mok_buf_add_xml(&form, wish->scopes);
	mok_buf_printf(&form, "</p>\n<form action=\"/oauth/authorize\" method=\"post\">\n%s",
		csrf_field(v, s));
	for (size_t i = 0; i < MOK_COUNT(names); i++)
		if (si_param(v, names[i]))
			add_field(&form, names[i], si_param(v, names[i]));
	mok_buf_puts(&form, "<button type=\"submit\">Authorize</button>\n</form>");
	si_html(v, 200, "Authorization required", form.data);
	mok_buf_release(&form);
}

static void get_authorize(struct si_visit *v)
{
	struct session s = find_session(v);
	struct wish wish;

	if (!read_wish(v, &wish))
		return;
	if (s.account) {
		show_consent(v, &s, &wish);
		return;
	}
	s = new_session(v, 0, v->ctx->request->target);
	si_redirect(v, 302, "/auth/sign_in");
}

static void go_back(struct si_visit *v, const struct wish *wish, const char *code)
{
	struct mok_buf to;

	mok_buf_init(&to, 65536);
	if (strcmp(wish->uri, OUT_OF_BAND) == 0)
		mok_buf_puts(&to, "/oauth/authorize/native");
	else
		mok_buf_puts(&to, wish->uri);
	mok_buf_printf(&to, "%ccode=%s", strchr(to.data, '?') ? '&' : '?', code);
	if (wish->state) {
		mok_buf_puts(&to, "&state=");
		mok_buf_add_url(&to, wish->state, false);
	}
	si_redirect(v, 302, to.data);
	mok_buf_release(&to);
}

static void post_authorize(struct si_visit *v)
{
	struct session s = find_session(v);
	struct wish wish;
	const char *code;

	if (is_forged(v, &s) || !read_wish(v, &wish))
		return;
	if (!s.account) {
		si_redirect(v, 302, "/auth/sign_in");
		return;
	}
	code = sb_random_word(v->ctx, 43, NULL);
	sb_sql_run(v->ctx,
		"INSERT INTO instance_code(db, code, app, account, redirect_uri, scopes, challenge,"
		" until_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
		"ssiisssi", v->db, si_digest(v->ctx, "code", code), wish.app, s.account, wish.uri,
		wish.scopes, wish.challenge ? wish.challenge : "", v->ctx->now_ms + CODE_MS);
	go_back(v, &wish, code);
}

static void show_code(struct si_visit *v)
{
	const char *code = si_param(v, "code");

	si_html(v, 200, "Authorization code",
		mok_arena_printf(v->ctx->arena,
			"<p>Copy this authorization code and paste it to the application.</p>\n"
			"<input type=\"text\" class=\"oauth-code\" readonly value=\"%s\">",
			si_escape(v->ctx, code ? code : "")));
}

const struct si_page si_sign_in_pages[] = {
	{ "GET", "/auth/sign_in", SI_TABLES, get_sign_in, NULL },
	{ "POST", "/auth/sign_in", SI_TABLES, post_sign_in, NULL },
	{ "DELETE", "/auth/sign_out", SI_TABLES, sign_out, NULL },
	{ "GET", "/oauth/authorize", SI_TABLES, get_authorize, NULL },
	{ "POST", "/oauth/authorize", SI_TABLES, post_authorize, NULL },
	{ "GET", "/oauth/authorize/native", SI_TABLES, show_code, NULL },
	{ 0 },
};
