/* One request to a web pod. */
#include "instance.h"

#include <string.h>
#include <strings.h>

static const struct si_page *const tables[] = { si_about_pages, si_oauth_pages, si_sign_in_pages,
	si_status_pages, si_account_pages };

/* Rails takes a slash at the end for nothing. */
static bool match(struct si_visit *v, const char *pattern)
{
	const char *path = v->ctx->path;
	size_t n = 0;

	while (*pattern && *path) {
		size_t plen = strcspn(pattern + 1, "/") + 1, len = strcspn(path + 1, "/") + 1;

		if (pattern[1] == '{' && len > 1 && n < SB_PARAMS_MAX)
			v->params[n++] = mok_arena_strndup(v->ctx->arena, path + 1, len - 1);
		else if (plen != len || memcmp(pattern, path, len) != 0)
			return false;
		pattern += plen;
		path += len;
	}
	return *pattern == *path || (!*pattern && strcmp(path, "/") == 0);
}

/* *other: the path is there for another method. */
static const struct si_page *find_page(struct si_visit *v, bool *other)
{
	const char *method = v->ctx->request->method;

	method = strcmp(method, "HEAD") == 0 ? "GET" : method;
	*other = false;
	for (size_t t = 0; t < MOK_COUNT(tables); t++)
		for (const struct si_page *page = tables[t]; page->method; page++) {
			if (!match(v, page->path))
				continue;
			if (strcmp(page->method, method) == 0)
				return page;
			*other = true;
		}
	return NULL;
}

/* https://guides.rubyonrails.org/configuring.html#actiondispatch-hostauthorization */
static bool is_blocked(const struct si_visit *v)
{
	const struct si_site *site = &v->pod->site;
	const char *host = v->host, *list = site->alternate_domains;
	size_t host_len = strlen(host);

	if (strcasecmp(host, site->local_domain) == 0 || strcasecmp(host, site->web_domain) == 0)
		return false;
	while (list && *list) {
		size_t len = strcspn(list, ", ");

		if (len == host_len && strncasecmp(list, host, len) == 0)
			return false;
		list += len;
		list += strspn(list, ", ");
	}
	return true;
}

/* So many of a million, evenly. */
static bool is_refused(struct si_visit *v)
{
	int64_t *debt = &v->ctx->core->instance_debt;

	if (!v->pod->refused_ppm)
		return false;
	*debt += v->pod->refused_ppm;
	if (*debt < 1000000)
		return false;
	*debt -= 1000000;
	return true;
}

static const char *trouble(struct si_visit *v, const struct si_page *page)
{
	if (page && page->need == SI_NOTHING)
		return NULL;
	if (v->pod->broken)
		return v->pod->broken;
	if (is_refused(v))
		return "ActiveRecord::ConnectionTimeoutError: there are too few connections for "
		       "all threads";
	return page && page->need == SI_TABLES ? v->pod->stale : NULL;
}

static void not_found(struct si_visit *v, bool other_method)
{
	if (mok_starts(v->ctx->path, "/api/"))
		si_error(v, 404, other_method ? "Not Found" : "Record not found");
	else
		si_html(v, 404, "The page you are looking for isn't here.",
			"<h1>404</h1><p>The page you are looking for isn't here.</p>");
}

static bool may_see(struct si_visit *v, const struct si_page *page)
{
	if (!page->scope)
		return true;
	if (!v->app_id) {
		si_error(v, 401, "The access token is invalid");
		return false;
	}
	if (!si_scope_covers(v->scopes, page->scope)) {
		si_error(v, 403, "This action is outside the authorized scopes");
		return false;
	}
	if (!v->account_id) {
		si_error(v, 422, "This method requires an authenticated user");
		return false;
	}
	return true;
}

static void answer(struct si_visit *v, const struct si_page *page)
{
	if (page->need != SI_NOTHING && !si_token_read(v))
		return;
	if (page->need != SI_NOTHING)
		si_limits(v);
	v->in = si_params(v->ctx);
	if (!v->in)
		si_error(v, 400, "Error occurred while parsing request parameters");
	else if (may_see(v, page))
		page->answer(v);
}

void si_web(struct si_visit *v)
{
	bool other;
	const struct si_page *page = find_page(v, &other);
	const char *why = trouble(v, page);

	sb_header(v->ctx, "server", "Mastodon");
	if (is_blocked(v) && strcmp(v->ctx->path, "/health") != 0) {
		si_reason(
			v->ctx, "the host is none of LOCAL_DOMAIN, WEB_DOMAIN, ALTERNATE_DOMAINS");
		si_text(v, 403, mok_arena_printf(v->ctx->arena, "Blocked host: %s\n", v->host));
	} else if (why) {
		si_failed(v, why);
	} else if (!page) {
		not_found(v, other);
	} else {
		answer(v, page);
	}
}
