/*
 * What hinders an ACME challenge. DNS-01 by DigitalOcean's API needs the token and a zone of the
 * account that is delegated to it (it is, unless a fault says otherwise); HTTP-01 needs a name that
 * leads here, a way through Traefik, and solver pods that may be reached.
 */
#include "cert_manager.h"
#include "edge.h"

#include <string.h>
#include <strings.h>

#define SOLVER_PORT 8089

/* ---- zones ---- */

/* The account's zone that a name is in; NULL: none. */
static const char *zone_of(struct sb_kube *k, const char *name)
{
	for (const char *p = name; p; p = strchr(p, '.')) {
		const struct sb_doc *zone;

		p += *p == '.';
		zone = sb_doc_get(k->ctx, "domain", p);
		if (zone)
			return zone->id;
	}
	return NULL;
}

static bool is_undelegated(struct sb_kube *k, const char *zone)
{
	const struct sb_fault_object object = { "Domain", "", zone };

	return sb_fault_in_cluster(k->ctx, "undelegated", &object, 1);
}

static bool resolves(struct sb_kube *k, const char *zone, const char *name)
{
	static const char *const types[] = { "A", "AAAA", "CNAME" };
	size_t len = strlen(name), rest = strlen(zone);
	struct sb_which which = { .kind = "record", .parent = zone };

	which.name = len == rest ? "@" : mok_arena_strndup(k->ctx->arena, name, len - rest - 1);
	for (size_t i = 0; i < MOK_COUNT(types); i++) {
		which.alt = types[i];
		if (sb_doc_count(k->ctx, &which))
			return true;
	}
	return false;
}

/* ---- DNS-01 ---- */

static const char *dns_hindrance(
	struct sb_kube *k, const cJSON *solver, const char *secret_ns, const char *name)
{
	const char *secret = mok_json_str(solver, "dns01.digitalocean.tokenSecretRef.name");
	const char *key = mok_json_str(solver, "dns01.digitalocean.tokenSecretRef.key");
	const char *zone = zone_of(k, name);
	const cJSON *token;

	if (!secret)
		return "no solver of this kind works here: only DigitalOcean's DNS does";
	token = sb_ctl_get(k,
		mok_arena_printf(
			k->ctx->arena, "/api/v1/namespaces/%s/secrets/%s", secret_ns, secret));
	if (!token)
		return mok_arena_printf(k->ctx->arena,
			"error getting digitalocean token: secrets \"%s\" not found", secret);
	if (!sb_get_word(mok_json_at(token, "data"), key ? key : "access-token"))
		return mok_arena_printf(k->ctx->arena,
			"error getting digitalocean token: no key '%s' in secret %s/%s",
			key ? key : "access-token", secret_ns, secret);
	if (!zone)
		return mok_arena_printf(k->ctx->arena,
			"GET https://api.digitalocean.com/v2/domains/%s/records: 404 The resource "
			"you were accessing could not be found.",
			name);
	if (is_undelegated(k, zone))
		return mok_arena_printf(k->ctx->arena,
			"Waiting for DNS-01 challenge propagation: DNS record for \"%s\" not yet "
			"propagated: %s is not delegated to its name servers",
			name, zone);
	return NULL;
}

/* ---- HTTP-01 ---- */

static bool opens(const cJSON *rule)
{
	const cJSON *ports = sb_get(rule, "ports"), *port;

	if (!ports || !ports->child)
		return true;
	cJSON_ArrayForEach(port, ports)
	{
		int64_t first = sb_get_int(port, "port", 0);

		if (!sb_get(port, "port") || first == SOLVER_PORT ||
			(first < SOLVER_PORT && sb_get_int(port, "endPort", first) >= SOLVER_PORT))
			return true;
	}
	return false;
}

/* Do the policies of the namespace let anybody reach the solver's pods? */
static bool is_reachable(struct sb_kube *k, const char *ns)
{
	cJSON *labels = sb_own(k->ctx, cJSON_CreateObject());
	bool isolated = false;
	const cJSON *policy, *rule;

	sb_set_str(labels, "acme.cert-manager.io/http01-solver", "true");
	cJSON_ArrayForEach(policy,
		sb_ctl_list(k,
			mok_arena_printf(k->ctx->arena,
				"/apis/networking.k8s.io/v1/namespaces/%s/networkpolicies", ns)))
	{
		const cJSON *types = mok_json_at(policy, "spec.policyTypes");

		if (!sb_ctl_selects(mok_json_at(policy, "spec.podSelector"), labels) ||
			(types && types->child && !sb_list_has(types, "Ingress")))
			continue;
		isolated = true;
		cJSON_ArrayForEach(
			rule, mok_json_at(policy, "spec.ingress")) if (opens(rule)) return true;
	}
	return !isolated;
}

static const char *no_gateway(struct sb_kube *k, const cJSON *solver, const char *ns)
{
	const cJSON *parent = mok_json_at(solver, "http01.gatewayHTTPRoute.parentRefs.0");
	const char *at = sb_get_word(parent, "namespace"), *name = sb_ctl_str(parent, "name");
	const cJSON *gateway = sb_ctl_get(k,
		mok_arena_printf(k->ctx->arena, SB_GATEWAY_API "/namespaces/%s/gateways/%s",
			at ? at : ns, name));
	const cJSON *listener, *condition;

	if (!gateway)
		return mok_arena_printf(k->ctx->arena, "there is no Gateway %s", name);
	cJSON_ArrayForEach(listener, mok_json_at(gateway, "status.listeners"))
	{
		const char *section = sb_get_word(parent, "sectionName");
		bool works = true;

		if (section && !mok_streq(section, sb_get_str(listener, "name")))
			continue;
		cJSON_ArrayForEach(condition, sb_get(listener, "conditions")) works &=
			mok_streq(sb_get_str(condition, "status"), "True");
		if (works)
			return NULL;
	}
	return mok_arena_printf(
		k->ctx->arena, "no listener of Gateway %s takes the solver's route", name);
}

static const char *http_hindrance(
	struct sb_kube *k, const cJSON *solver, const char *ns, const char *name)
{
	const char *zone = zone_of(k, name), *why;
	struct sb_cert_manager manager = { NULL, false };
	struct sb_traefik traefik;

	(void)sb_cert_manager_find(k, &manager);
	/* Who holds a zone that is not in the account cannot be known: its records are taken to be
	 * right. */
	if (is_undelegated(k, zone ? zone : name) || (zone && !resolves(k, zone, name)))
		return mok_arena_printf(k->ctx->arena,
			"Waiting for HTTP-01 challenge propagation: failed to perform self check "
			"GET request 'http://%s/.well-known/acme-challenge/': lookup %s: no such "
			"host",
			name, name);
	if (mok_json_at(solver, "http01.gatewayHTTPRoute")) {
		why = manager.gateways ? no_gateway(k, solver, ns) : "gateway api is not enabled";
		if (why)
			return why;
	} else if (!sb_traefik_find(k, "kubernetesingress", &traefik)) {
		return "nothing serves the solver's Ingress";
	}
	return is_reachable(k, ns) ? NULL
				   : mok_arena_printf(k->ctx->arena,
					     "Waiting for HTTP-01 challenge propagation: wrong "
					     "status code '502', expected '200': no NetworkPolicy "
					     "lets port %d of the solver be reached",
					     SOLVER_PORT);
}

/* ---- which of them ---- */

static const cJSON *solver_for(const cJSON *issuer, const char *name)
{
	const cJSON *solver, *general = NULL, *zone;

	cJSON_ArrayForEach(solver, mok_json_at(issuer, "spec.acme.solvers"))
	{
		const cJSON *zones = mok_json_at(solver, "selector.dnsZones");

		if (sb_list_has(mok_json_at(solver, "selector.dnsNames"), name))
			return solver;
		cJSON_ArrayForEach(zone, zones)
		{
			if (cJSON_IsString(zone) && mok_ends(name, zone->valuestring))
				return solver;
		}
		if (!mok_json_at(solver, "selector.dnsNames") && !zones && !general)
			general = solver;
	}
	return general;
}

const char *sb_challenge_hindrance(
	struct sb_kube *k, const cJSON *issuer, const cJSON *certificate, const char *name)
{
	const char *own = sb_ctl_str(issuer, "metadata.namespace");
	const char *ns = sb_ctl_str(certificate, "metadata.namespace");
	struct sb_cert_manager manager = { "cert-manager", false };
	const cJSON *solver;

	if (!mok_json_at(issuer, "spec.acme"))
		return NULL;
	(void)sb_cert_manager_find(k, &manager);
	name += mok_starts(name, "*.") ? 2 : 0;
	solver = solver_for(issuer, name);
	if (!solver)
		return "no configured challenge solvers can be used for this challenge";
	return mok_json_at(solver, "dns01")
		? dns_hindrance(k, solver, *own ? own : manager.ns, name)
		: http_hindrance(k, solver, ns, name);
}
