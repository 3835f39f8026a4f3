/* One table of every operation, found by walking the path's segments. */
#include "core_internal.h"

#include <string.h>

static const struct sb_route *const tables[] = {
	account_routes,
	catalogue_routes,
	cdn_routes,
	certificate_routes,
	control_routes,
	database_routes,
	domain_routes,
	droplet_routes,
	instance_routes,
	kubernetes_routes,
	load_balancer_routes,
	project_routes,
	spaces_key_routes,
	tag_routes,
	volume_routes,
	vpc_routes,
};

struct match {
	const char *params[SB_PARAMS_MAX];
	size_t nparams;
	uint32_t fixed; /* one bit a segment, the first the highest: fixed segments win */
};

/* One segment of both; a {..} takes it decoded. */
static bool match_segment(struct sb_call *call, struct match *m, const char *template, size_t tlen,
	const char *raw, size_t rlen)
{
	m->fixed <<= 1;
	if (tlen && template[0] == '{') {
		if (!rlen || m->nparams == SB_PARAMS_MAX)
			return false;
		m->params[m->nparams] = sb_decode(call->ctx.arena, raw, rlen, false);
		return m->params[m->nparams++] != NULL;
	}
	m->fixed |= 1;
	return tlen == rlen && memcmp(template, raw, tlen) == 0;
}

static size_t segment_length(const char *raw, const char *end)
{
	const char *slash = memchr(raw, '/', (size_t)(end - raw));

	return (size_t)((slash ? slash : end) - raw);
}

/* A {..} matches one segment of the request's own, still encoded path: an id may hold "%2F". */
static bool match_path(
	struct sb_call *call, const char *template, const char *raw, size_t len, struct match *m)
{
	const char *end = raw + len;

	while (raw < end) {
		size_t tlen, rlen;

		template += *template == '/';
		raw += *raw == '/';
		tlen = strcspn(template, "/");
		rlen = segment_length(raw, end);
		if (!match_segment(call, m, template, tlen, raw, rlen))
			return false;
		template += tlen;
		raw += rlen;
		if (!*template)
			return raw == end || (raw + 1 == end && *raw == '/');
	}
	return false;
}

static void allow_method(struct sb_call *call, const char **allow, const char *method)
{
	if (!*allow)
		*allow = method;
	else if (!strstr(*allow, method))
		*allow = mok_arena_printf(call->ctx.arena, "%s, %s", *allow, method);
}

struct search {
	struct sb_call *call;
	const char *method, *raw;
	size_t len;
	const struct sb_route *found;
	const char *allow;
	uint32_t best;
};

/* The literal start of a template settles most of the table at once. */
static bool may_match(const struct search *s, const char *template)
{
	size_t n = strcspn(template, "{");

	if (n && template[n - 1] == '/')
		n--;
	return n <= s->len && memcmp(template, s->raw, n) == 0;
}

static void try_route(struct search *s, const struct sb_route *route)
{
	struct match m = { { NULL }, 0, 0 };

	if (!may_match(s, route->path) || !match_path(s->call, route->path, s->raw, s->len, &m))
		return;
	allow_method(s->call, &s->allow, route->method);
	if (strcmp(route->method, s->method) != 0 || (s->found && m.fixed <= s->best))
		return;
	s->found = route;
	s->best = m.fixed;
	memcpy(s->call->ctx.params, m.params, sizeof(m.params));
}

enum sb_found sb_route_find(
	struct sb_call *call, const char *method, const struct sb_route **out, const char **allow)
{
	const char *target = call->ctx.request->target;
	struct search s = { .call = call, .method = method, .raw = target };

	s.len = strcspn(target, "?");
	for (size_t t = 0; t < MOK_COUNT(tables); t++)
		for (const struct sb_route *route = tables[t]; route->method; route++)
			try_route(&s, route);
	*allow = s.allow;
	*out = s.found;
	if (s.found)
		return SB_FOUND;
	return s.allow ? SB_FOUND_NO_METHOD : SB_FOUND_NO_PATH;
}
