#include "mastodon_internal.h"

#include <string.h>

/* The way in: gateway or Ingress, certificate, names. */

#define STAGING "https://acme-staging-v02.api.letsencrypt.org/directory"

static const char *const needs_traefik[] = { "mastodon_traefik", "mastodon_web_service",
	"mastodon_streaming_service", NULL };
static const char *const needs_gateway[] = { "mastodon_gateway", "mastodon_traefik", NULL };

const char *masto_challenge(const struct masto *m)
{
	const char *challenge = masto_str(m, "gateway.tls.challenge", NULL);

	if (challenge)
		return challenge;
	return m->parts.zone && masto_has(m, "gateway.tls.token") ? "dns01" : "http01";
}

static const char *class_of(const struct masto *m)
{
	return masto_str(m, "gateway.class", "traefik");
}

/* Every name that is served here. */
static struct mok_val hosts(struct masto *m)
{
	const char *const texts[] = { masto_web_domain(m), masto_text(m, "domain"),
		masto_text(m, "streaming.domain") };
	struct mok_val list = { .type = MOK_LIST, .at = m->at };

	for (size_t i = 0; i < MOK_COUNT(texts); i++) {
		bool is_new = texts[i] != NULL;

		for (size_t k = 0; is_new && k < i; k++)
			is_new = !mok_streq(texts[i], texts[k]);
		if (is_new)
			mok_val_append(m->arena, &list, masto_format(m, "%s", texts[i]));
	}
	return list;
}

/* Those that pages and clients come to. */
static struct mok_val served(struct masto *m)
{
	struct mok_val list = { .type = MOK_LIST, .at = m->at };

	const char *streaming = masto_text(m, "streaming.domain");

	mok_val_append(m->arena, &list, masto_format(m, "%s", masto_web_domain(m)));
	if (streaming && !mok_streq(streaming, masto_web_domain(m)))
		mok_val_append(m->arena, &list, masto_format(m, "%s", streaming));
	return list;
}

/* ---- Gateway API ---- */

/* By its name DigitalOcean's controller finds the load balancer of a new Service: when one class
 * takes over from another, both Services are there for a while, and it must not find the other's,
 * which goes with its Service.
 * https://github.com/digitalocean/digitalocean-cloud-controller-manager/blob/master/docs/controllers/services/annotations.md
 */
static const char *balancer_name(struct masto *m)
{
	return mok_arena_printf(m->arena, "%s-%s%s", m->stack->name ? m->stack->name : "mok", m->ns,
		strcmp(class_of(m), "cilium") == 0 ? "-cilium" : "");
}

/* DigitalOcean's settings of a load balancer that a Service makes.
 * https://docs.digitalocean.com/products/kubernetes/how-to/configure-load-balancers/ */
struct mok_val masto_load_balancer(struct masto *m)
{
	const char *prefix = "service.beta.kubernetes.io/do-loadbalancer";
	struct mok_val out = { .type = MOK_MAP, .at = m->at };
	const char *type = masto_str(m, "gateway.load_balancer.type", "REGIONAL_NETWORK");
	const char *name = masto_text(m, "gateway.load_balancer.name");
	const char *size = masto_text(m, "gateway.load_balancer.size_unit");
	const char *stack = masto_text(m, "gateway.load_balancer.network_stack");

	mok_val_set(m->arena, &out, mok_arena_printf(m->arena, "%s-name", prefix),
		masto_format(m, "%s", name ? name : balancer_name(m)));
	mok_val_set(m->arena, &out, mok_arena_printf(m->arena, "%s-type", prefix),
		masto_format(m, "%s", type));
	if (size)
		mok_val_set(m->arena, &out, mok_arena_printf(m->arena, "%s-size-unit", prefix),
			masto_format(m, "%s", size));
	if (stack)
		mok_val_set(m->arena, &out, mok_arena_printf(m->arena, "%s-network-stack", prefix),
			masto_format(m, "%s", stack));
	if (strcmp(type, "REGIONAL") != 0)
		return out;
	/* Without the annotation `hostname`, under which the Service has no address for the
	 * records: what takes the short way inside the cluster comes without the header, and
	 * Traefik takes both.
	 * https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/ */
	mok_val_set(m->arena, &out, mok_arena_printf(m->arena, "%s-enable-proxy-protocol", prefix),
		masto_format(m, "true"));
	return out;
}

static void add_gateway(struct masto *m)
{
	/* Not the certificate: under http01 it comes through the gateway, and a domain that is not
	 * delegated yet shall hold up nothing else. */
	const struct masto_object object = {
		.address = "mastodon_gateway", .component = "gateway", .needs = needs_traefik
	};
	struct mok_val manifest = masto_base("gateway");

	if (strcmp(class_of(m), "cilium") == 0) {
		masto_put(m, &manifest, "spec.gatewayClassName", masto_format(m, "cilium"));
		masto_put(m, &manifest, "spec.listeners.0.port", mok_val_int(80));
		masto_put(m, &manifest, "spec.listeners.1.port", mok_val_int(443));
		masto_put(m, &manifest, "spec.infrastructure.annotations", masto_load_balancer(m));
	}
	masto_add(m, &object, manifest);
}

static void add_route(struct masto *m, const char *base, const char *address, struct mok_val names)
{
	const struct masto_object object = {
		.address = address, .component = "gateway", .needs = needs_gateway
	};
	struct mok_val manifest = masto_base(base);

	masto_put(m, &manifest, "spec.hostnames", names);
	if (strcmp(base, "route-well-known") == 0)
		masto_put(m, &manifest, "spec.rules.0.filters.0.requestRedirect.hostname",
			masto_format(m, "%s", masto_web_domain(m)));
	masto_add(m, &object, manifest);
}

static void add_routes(struct masto *m)
{
	struct mok_val local = { .type = MOK_LIST, .at = m->at };

	add_route(m, "route", "mastodon_route", served(m));
	add_route(m, "route-redirect", "mastodon_route_redirect", hosts(m));
	if (!masto_text(m, "web_domain"))
		return;
	mok_val_append(m->arena, &local, masto_format(m, "%s", masto_text(m, "domain")));
	add_route(m, "route-well-known", "mastodon_route_well_known", local);
}

/* ---- Ingress ---- */

static void add_ingress(struct masto *m)
{
	static const char *const needs[] = { "mastodon_traefik", "mastodon_web_service",
		"mastodon_streaming_service", NULL };
	const struct masto_object object = {
		.address = "mastodon_ingress", .component = "gateway", .needs = needs
	};
	struct mok_val manifest = masto_base("ingress"), rules = { .type = MOK_LIST };
	struct mok_val names = served(m), rule = *mok_val_at(&manifest, "spec.rules.0");

	masto_put(m, &manifest, "spec.ingressClassName",
		masto_format(m, "%s", masto_str(m, "gateway.ingress_class", "traefik")));
	masto_put(m, &manifest, "spec.tls.0.hosts", hosts(m));
	for (size_t i = 0; i < names.u.list.len; i++) {
		struct mok_val one = rule;

		masto_put(m, &one, "host", names.u.list.items[i]);
		mok_val_append(m->arena, &rules, one);
	}
	masto_put(m, &manifest, "spec.rules", rules);
	masto_add(m, &object, manifest);
}

/* ---- certificate ---- */

static struct mok_val solver(struct masto *m)
{
	struct mok_val out = { .type = MOK_MAP, .at = m->at }, parent = { .type = MOK_MAP };

	if (strcmp(masto_challenge(m), "dns01") == 0) {
		masto_put(m, &out, "dns01.digitalocean.tokenSecretRef.name",
			masto_format(m, "${mastodon_dns_secret.name}"));
		masto_put(m, &out, "dns01.digitalocean.tokenSecretRef.key",
			masto_format(m, "access-token"));
	} else if (strcmp(class_of(m), "ingress") == 0) {
		masto_put(m, &out, "http01.ingress.ingressClassName",
			masto_format(m, "%s", masto_str(m, "gateway.ingress_class", "traefik")));
	} else {
		mok_val_set(m->arena, &parent, "name", masto_format(m, "mastodon"));
		mok_val_set(m->arena, &parent, "namespace", masto_format(m, "%s", m->ns));
		mok_val_set(m->arena, &parent, "kind", masto_format(m, "Gateway"));
		mok_val_set(m->arena, &parent, "sectionName", masto_format(m, "http"));
		masto_push(m, &out, "http01.gatewayHTTPRoute.parentRefs", parent);
	}
	return out;
}

/* The Secret may be there before cert-manager is. */
static void add_dns_namespace(struct masto *m)
{
	const struct masto_object object = {
		.address = "mastodon_cert_manager_namespace", .cluster_scoped = true, .stays = true
	};
	struct mok_val manifest = { .type = MOK_MAP, .at = m->at };

	if (!m->argocd)
		return;
	masto_put(m, &manifest, "apiVersion", masto_format(m, "v1"));
	masto_put(m, &manifest, "kind", masto_format(m, "Namespace"));
	masto_put(m, &manifest, "metadata.name", masto_format(m, "cert-manager"));
	masto_add(m, &object, manifest);
}

/* In cert-manager's own namespace: there it looks for what its cluster-wide issuers refer to. */
static void add_dns_secret(struct masto *m)
{
	static const char *const needs[] = { "mastodon_cert_manager", NULL };
	const struct masto_object object = { .address = "mastodon_dns_secret",
		.component = "certificate",
		.hashed = true,
		.needs = m->argocd ? NULL : needs };
	struct mok_val manifest = masto_base("secret");
	const char *token = masto_text(m, "gateway.tls.token");

	if (strcmp(masto_challenge(m), "dns01") != 0 || !token)
		return;
	add_dns_namespace(m);
	masto_put(m, &manifest, "metadata.name",
		masto_format(m, "%s-dns", m->stack->name ? m->stack->name : "mastodon"));
	masto_put(m, &manifest, "metadata.namespace", masto_format(m, "cert-manager"));
	masto_put(m, &manifest, "stringData.access-token", masto_expr(m, "%s", token));
	masto_add(m, &object, manifest);
}

static void add_issuer(struct masto *m)
{
	static const char *const needs[] = { "mastodon_cert_manager", NULL };
	const struct masto_object object = { .address = "mastodon_issuer",
		.component = "certificate",
		.cluster_scoped = true,
		.needs = needs };
	struct mok_val manifest = masto_base("issuer");
	const char *issuer = masto_str(m, "gateway.tls.issuer", "letsencrypt");
	const char *email = masto_text(m, "gateway.tls.email");
	const char *name = mok_arena_printf(
		m->arena, "%s-%s", m->stack->name ? m->stack->name : "mastodon", issuer);

	masto_put(m, &manifest, "metadata.name", masto_format(m, "%s", name));
	if (strcmp(issuer, "letsencrypt-staging") == 0)
		masto_put(m, &manifest, "spec.acme.server", masto_format(m, STAGING));
	masto_put(m, &manifest, "spec.acme.email",
		masto_format(m, "%s", email ? email : masto_text(m, "owner.email")));
	masto_put(m, &manifest, "spec.acme.privateKeySecretRef.name",
		masto_format(m, "%s-account", name));
	masto_push(m, &manifest, "spec.acme.solvers", solver(m));
	masto_add(m, &object, manifest);
}

static void add_certificate(struct masto *m)
{
	static const char *const needs[] = { "mastodon_issuer", NULL };
	static const char *const behind[] = { "mastodon_issuer", "mastodon_gateway",
		"mastodon_ingress", "mastodon_route_redirect", "mastodon_record",
		"mastodon_record_web", "mastodon_record_streaming", NULL };
	bool is_http01 = strcmp(masto_challenge(m), "http01") == 0;
	const struct masto_object object = { .address = "mastodon_certificate",
		.component = "certificate",
		.needs = is_http01 ? behind : needs };
	struct mok_val manifest = masto_base("certificate");

	masto_put(m, &manifest, "spec.dnsNames", hosts(m));
	masto_put(m, &manifest, "spec.issuerRef.name",
		masto_format(m, "%s-%s", m->stack->name ? m->stack->name : "mastodon",
			masto_str(m, "gateway.tls.issuer", "letsencrypt")));
	masto_add(m, &object, manifest);
}

/* ---- names ---- */

/* A name as it stands in its zone: "@" for the zone's own; NULL: it is not in the zone. */
static const char *in_zone(struct masto *m, const char *host)
{
	struct mok_val zone = masto_fields_of(m, m->parts.zone);
	const char *name = mok_val_get_str(&zone, "name");
	size_t zone_len = name ? strlen(name) : 0, len = host ? strlen(host) : 0;

	if (!name || !host || strstr(host, "${"))
		return NULL;
	if (strcmp(host, name) == 0)
		return "@";
	if (len <= zone_len + 1 || strcmp(host + len - zone_len, name) != 0 ||
		host[len - zone_len - 1] != '.')
		return NULL;
	return mok_arena_strndup(m->arena, host, len - zone_len - 1);
}

static bool is_declared(struct masto *m, const char *name)
{
	for (size_t i = 0; i < m->stack->resources.len; i++) {
		const struct mok_resource *r = &m->stack->resources.items[i];
		struct mok_val fields;
		const char *type;

		if (strcmp(r->kind->name, "record") != 0)
			continue;
		fields = masto_fields_of(m, r);
		type = mok_val_get_str(&fields, "type");
		if (mok_streq(mok_val_get_str(&fields, "name"), name) && type &&
			(strcmp(type, "A") == 0 || strcmp(type, "CNAME") == 0))
			return true;
	}
	return false;
}

static void add_record(struct masto *m, const char *address, const char *host)
{
	const char *name = in_zone(m, host);
	struct mok_val block = { .type = MOK_MAP, .at = m->at };

	if (!name || is_declared(m, name))
		return;
	mok_val_set(m->arena, &block, "kind", masto_format(m, "record"));
	mok_val_set(
		m->arena, &block, "domain", masto_format(m, "${%s.name}", m->parts.zone->address));
	mok_val_set(m->arena, &block, "type", masto_format(m, "A"));
	mok_val_set(m->arena, &block, "name", masto_format(m, "%s", name));
	mok_val_set(m->arena, &block, "data",
		masto_format(m, "%s",
			strcmp(class_of(m), "ingress") == 0
				? "${mastodon_ingress.object.status.loadBalancer.ingress.0.ip}"
				: "${mastodon_gateway.object.status.addresses.0.value}"));
	mok_val_set(m->arena, &block, "ttl", mok_val_int(300));
	masto_add_block(m, address, block, NULL);
}

/* The host as evaluated: a name in a record is not an expression. */
static void add_records(struct masto *m)
{
	const char *local = masto_str(m, "domain", NULL), *web = masto_str(m, "web_domain", NULL);
	const char *streaming = masto_str(m, "streaming.domain", NULL);

	if (!m->parts.zone)
		return;
	add_record(m, "mastodon_record", local);
	if (web && !mok_streq(web, local))
		add_record(m, "mastodon_record_web", web);
	if (streaming && !mok_streq(streaming, web ? web : local))
		add_record(m, "mastodon_record_streaming", streaming);
}

/* In the order of what needs what, since needs that are not there yet are left out. */
void masto_routes(struct masto *m)
{
	bool is_http01 = strcmp(masto_challenge(m), "http01") == 0;

	add_dns_secret(m);
	add_issuer(m);
	if (!is_http01)
		add_certificate(m);
	if (strcmp(class_of(m), "ingress") == 0) {
		add_ingress(m);
	} else {
		add_gateway(m);
		add_routes(m);
	}
	add_records(m);
	if (is_http01)
		add_certificate(m);
}
