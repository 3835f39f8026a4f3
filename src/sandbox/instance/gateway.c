/*
 * Gateways, HTTPRoutes and Ingresses into routes, and a request along one of them. The port of
 * instances plays the load balancer and the gateway's listener for https.
 */
#include "instance.h"

#include <string.h>
#include <strings.h>

#define GATEWAYS "gateways.gateway.networking.k8s.io"
#define ROUTES "httproutes.gateway.networking.k8s.io"
#define INGRESSES "ingresses.networking.k8s.io"
#define CERTIFICATES "certificates.cert-manager.io"

static const char *keep(const struct si_world *w, const char *text)
{
	return mok_arena_strdup(w->arena, text ? text : "");
}

/* ---- certificates ---- */

/* The certificate's Secret is what a gateway shows; cert-manager writes it once it has one. */
static const char *secret_why(const struct si_world *w, const char *ns, const char *secret)
{
	struct si_list certificates = si_objects(w, CERTIFICATES, ns);

	if (si_object(w, "secrets", ns, secret))
		return NULL;
	for (size_t i = 0; i < certificates.objects.len; i++) {
		const cJSON *one = certificates.objects.items[i];

		if (mok_streq(sb_get_str(sb_get(one, "spec"), "secretName"), secret))
			return mok_arena_printf(
				w->arena, "Certificate %s is not ready", si_meta(one, "name"));
	}
	return mok_arena_printf(w->arena, "there is no Secret %s with a certificate", secret);
}

/* ---- the Gateway API ---- */

static const cJSON *listener_of(const cJSON *gateway, const char *section, const char *protocol)
{
	const cJSON *listener;

	cJSON_ArrayForEach(listener, mok_json_at(gateway, "spec.listeners"))
	{
		if ((!section || mok_streq(sb_get_str(listener, "name"), section)) &&
			mok_streq(sb_get_str(listener, "protocol"), protocol))
			return listener;
	}
	return NULL;
}

/* Is this route's parent the listener that the port plays? Fills what is wrong with it. */
static bool attach(
	const struct si_world *w, const cJSON *object, const cJSON *parent, struct si_route *route)
{
	const char *name = sb_get_str(parent, "name"), *ns = sb_get_str(parent, "namespace");
	const cJSON *gateway, *listener, *secret;

	ns = ns ? ns : si_meta(object, "namespace");
	gateway = si_object(w, GATEWAYS, ns, name);
	if (!gateway) {
		route->dead = mok_arena_printf(w->arena, "there is no Gateway %s", name);
		return true;
	}
	listener = listener_of(gateway, sb_get_str(parent, "sectionName"), "HTTPS");
	if (!listener && listener_of(gateway, NULL, "HTTPS"))
		return false;
	if (!listener && !listener_of(gateway, sb_get_str(parent, "sectionName"), "HTTP"))
		route->dead = mok_arena_printf(w->arena, "Gateway %s has no such listener", name);
	else if (!si_condition(gateway, "Programmed"))
		route->dead = mok_arena_printf(w->arena, "Gateway %s is not programmed", name);
	secret = mok_json_at(listener, "tls.certificateRefs.0");
	if (listener && sb_get_str(secret, "name"))
		route->no_tls = secret_why(w, ns, sb_get_str(secret, "name"));
	else if (listener)
		route->no_tls = "the listener for https names no certificate";
	return true;
}

static void take_filters(const struct si_world *w, const cJSON *rule, struct si_route *route)
{
	const cJSON *filter, *header;

	cJSON_ArrayForEach(filter, sb_get(rule, "filters"))
	{
		const cJSON *redirect = sb_get(filter, "requestRedirect");

		if (redirect) {
			route->redirect = (int)sb_get_int(redirect, "statusCode", 302);
			route->redirect_host = keep(w, sb_get_str(redirect, "hostname"));
		}
		cJSON_ArrayForEach(header, mok_json_at(filter, "responseHeaderModifier.set"))
			route->any_origin |=
			strcasecmp(sb_get_str(header, "name"), "access-control-allow-origin") == 0;
	}
}

static const cJSON *service_port(const cJSON *service, int64_t number)
{
	const cJSON *port;

	cJSON_ArrayForEach(port, mok_json_at(service, "spec.ports"))
	{
		if (sb_get_int(port, "port", 0) == number)
			return port;
	}
	return NULL;
}

/* ---- Services ---- */

static bool selects(const cJSON *selector, const struct si_pod *pod)
{
	const cJSON *label;

	cJSON_ArrayForEach(label, selector)
	{
		if (!cJSON_IsString(label) ||
			!mok_streq(sb_get_str(pod->labels, label->string), label->valuestring))
			return false;
	}
	return cJSON_GetArraySize(selector) > 0;
}

/* A target port by name is the container's port of that name. */
static bool has_port(const struct si_pod *pod, const cJSON *target)
{
	const cJSON *port;

	if (!cJSON_IsString(target))
		return true;
	cJSON_ArrayForEach(port, pod->ports)
	{
		if (mok_streq(sb_get_str(port, "name"), target->valuestring))
			return true;
	}
	return false;
}

/* As the controller of EndpointSlices does it. */
static void take_service(const struct si_world *w, struct si_instance *instance,
	struct si_route *route, const char *name, int64_t number)
{
	const cJSON *service = si_object(w, "services", instance->ns, name);
	const cJSON *port = service_port(service, number);

	route->service = keep(w, name);
	for (size_t i = 0; port && i < instance->pods.len; i++) {
		struct si_pod *pod = instance->pods.items[i];

		if (pod->ready && selects(mok_json_at(service, "spec.selector"), pod) &&
			has_port(pod, sb_get(port, "targetPort")))
			mok_vec_push(w->arena, &route->pods, pod);
	}
}

/* ---- reading routes ---- */

static void add_route(const struct si_world *w, struct si_instance *instance,
	const struct si_route *as, const char *host)
{
	struct si_route *route = MOK_NEW(w->arena, struct si_route);

	*route = *as;
	route->host = keep(w, host);
	mok_vec_push(w->arena, &instance->routes, route);
}

static void add_hosts(const struct si_world *w, struct si_instance *instance,
	const struct si_route *as, const cJSON *hosts)
{
	const cJSON *host;

	if (cJSON_GetArraySize(hosts) == 0)
		add_route(w, instance, as, "");
	cJSON_ArrayForEach(host, hosts) if (cJSON_IsString(host))
		add_route(w, instance, as, host->valuestring);
}

static void take_rule(const struct si_world *w, struct si_instance *instance,
	const struct si_route *attached, const cJSON *object, const cJSON *rule)
{
	const cJSON *backend = mok_json_at(rule, "backendRefs.0"), *match;
	const cJSON *matches = sb_get(rule, "matches");
	struct si_route route = *attached;

	take_filters(w, rule, &route);
	if (!route.redirect && backend)
		take_service(w, instance, &route, sb_get_str(backend, "name"),
			sb_get_int(backend, "port", 0));
	route.path = "/";
	if (cJSON_GetArraySize(matches) == 0)
		add_hosts(w, instance, &route, mok_json_at(object, "spec.hostnames"));
	cJSON_ArrayForEach(match, matches)
	{
		const char *path = mok_json_str(match, "path.value");

		route.path = keep(w, path ? path : "/");
		route.exact = mok_streq(mok_json_str(match, "path.type"), "Exact");
		add_hosts(w, instance, &route, mok_json_at(object, "spec.hostnames"));
	}
}

static void take_route(const struct si_world *w, struct si_instance *instance, const cJSON *object)
{
	const cJSON *parent, *rule;

	cJSON_ArrayForEach(parent, mok_json_at(object, "spec.parentRefs"))
	{
		struct si_route route = { 0 };

		if (!attach(w, object, parent, &route))
			continue;
		cJSON_ArrayForEach(rule, mok_json_at(object, "spec.rules"))
			take_rule(w, instance, &route, object, rule);
	}
}

static void take_ingress(
	const struct si_world *w, struct si_instance *instance, const cJSON *object)
{
	const char *secret = mok_json_str(object, "spec.tls.0.secretName");
	const cJSON *rule, *path;

	cJSON_ArrayForEach(rule, mok_json_at(object, "spec.rules"))
	{
		cJSON_ArrayForEach(path, mok_json_at(rule, "http.paths"))
		{
			struct si_route route = { .path = keep(w, sb_get_str(path, "path")) };

			route.exact = mok_streq(sb_get_str(path, "pathType"), "Exact");
			route.no_tls = secret ? secret_why(w, instance->ns, secret) : NULL;
			take_service(w, instance, &route,
				mok_json_str(path, "backend.service.name"),
				mok_json_int(path, "backend.service.port.number", 0));
			add_route(w, instance, &route, sb_get_str(rule, "host"));
		}
	}
}

void si_routes_read(const struct si_world *w, struct si_instance *instance)
{
	struct si_list routes = si_objects(w, ROUTES, instance->ns);
	struct si_list ingresses = si_objects(w, INGRESSES, instance->ns);

	for (size_t i = 0; i < routes.objects.len; i++)
		take_route(w, instance, routes.objects.items[i]);
	for (size_t i = 0; i < ingresses.objects.len; i++)
		take_ingress(w, instance, ingresses.objects.items[i]);
}

/* ---- a request ---- */

static bool host_fits(const char *pattern, const char *host)
{
	size_t len = strlen(pattern), host_len = strlen(host);

	if (pattern[0] == '*')
		return host_len >= len && strcasecmp(host + host_len - (len - 1), pattern + 1) == 0;
	return !*pattern || strcasecmp(pattern, host) == 0;
}

/* A prefix ends at a slash: /a fits /a and /a/b, and not /ab. */
static bool path_fits(const struct si_route *route, const char *path)
{
	size_t len = strlen(route->path);

	if (route->exact)
		return strcmp(route->path, path) == 0;
	while (len && route->path[len - 1] == '/')
		len--;
	return strncmp(route->path, path, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* The host that says more wins, a name before a pattern; then the path. */
static size_t weight(const struct si_route *route)
{
	size_t w = strlen(route->host) * 4096 + strlen(route->path) * 2;

	if (route->host[0] && route->host[0] != '*')
		w += 2048;
	return route->exact ? w + 1 : w;
}

static const struct si_route *find_route(
	const struct si_instance *instance, const char *host, const char *path)
{
	const struct si_route *best = NULL;

	for (size_t i = 0; i < instance->routes.len; i++) {
		const struct si_route *route = instance->routes.items[i];

		if (host_fits(route->host, host) && path_fits(route, path) &&
			(!best || weight(route) > weight(best)))
			best = route;
	}
	return best;
}

static void plain(struct sb_ctx *ctx, int status, const char *text, const char *why)
{
	if (why)
		si_reason(ctx, why);
	sb_reply_bytes(ctx, status, "text/plain; charset=utf-8", text, strlen(text));
}

static void redirect(struct sb_ctx *ctx, const struct si_route *route, const char *host)
{
	const char *to = *route->redirect_host ? route->redirect_host : host;

	if (route->any_origin)
		sb_header(ctx, "access-control-allow-origin", "*");
	sb_header(ctx, "location",
		mok_arena_printf(ctx->arena, "https://%s%s", to, ctx->request->target));
	sb_reply_empty(ctx, route->redirect);
}

/* By the fault file: one pod of several may be slow, or fail. True: it has answered. */
static bool meets_fault(struct si_visit *visit)
{
	const struct si_pod *pod = visit->pod;
	struct sb_fault_extent extent;

	if (sb_fault_extent(visit->ctx, "answers_late", pod->names, pod->nnames, &extent))
		visit->ctx->out->delay_ms += extent.ms;
	if (!sb_fault_in_cluster(visit->ctx, "answers_fail", pod->names, pod->nnames))
		return false;
	si_failed(visit, "the fault file has this pod fail");
	return true;
}

static void pass_on(struct sb_ctx *ctx, struct si_state *state, struct si_instance *instance,
	const struct si_route *route, const char *host)
{
	const struct si_pod *pod = route->pods.items[state->served++ % route->pods.len];
	struct si_visit visit = { .ctx = ctx,
		.instance = instance,
		.pod = pod,
		.db = pod->link.key,
		.host = host,
		.base = mok_arena_printf(ctx->arena, "https://%s", pod->site.web_domain) };

	sb_header(ctx, "x-sandbox-pod", pod->name);
	if (meets_fault(&visit))
		return;
	if (pod->app == SI_STREAMING)
		si_streaming(&visit);
	else
		si_web(&visit);
}

void si_gateway(
	struct sb_ctx *ctx, struct si_state *state, struct si_instance *instance, const char *host)
{
	const struct si_route *route = find_route(instance, host, ctx->path);
	const char *nobody = instance->envoy ? "no healthy upstream" : "no available server";

	if (!route || route->dead)
		plain(ctx, 404, "404 page not found\n",
			route ? route->dead
			      : mok_arena_printf(ctx->arena, "no route of the gateway is for %s%s",
					host, ctx->path));
	else if (route->no_tls)
		plain(ctx, 526, "Invalid SSL certificate\n", route->no_tls);
	else if (route->redirect)
		redirect(ctx, route, host);
	else if (route->pods.len == 0)
		plain(ctx, 503, nobody,
			mok_arena_printf(ctx->arena, "Service %s has no ready endpoints",
				route->service ? route->service : ""));
	else
		pass_on(ctx, state, instance, route, host);
}
