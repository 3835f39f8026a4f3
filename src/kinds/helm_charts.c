#include "helm.h"

#include <string.h>

/*
 * Which kinds well-known charts define, so that their objects come after the release by themselves.
 * Gateway API's are in no row: DOKS brings those and keeps them as they are.
 */

struct chart {
	const char *name, *group, *kinds; /* "Kind=plural ..." */
	/* Only where one of these values is true, "|"-separated; a value that is not written is
	 * `otherwise`. */
	const char *when;
	bool otherwise;
};

#define PROMETHEUS \
	"Alertmanager=alertmanagers AlertmanagerConfig=alertmanagerconfigs " \
	"PodMonitor=podmonitors Probe=probes Prometheus=prometheuses " \
	"PrometheusAgent=prometheusagents PrometheusRule=prometheusrules " \
	"ScrapeConfig=scrapeconfigs ServiceMonitor=servicemonitors ThanosRuler=thanosrulers"

static const struct chart charts[] = {
	{ "argo-cd", "argoproj.io",
		"Application=applications ApplicationSet=applicationsets AppProject=appprojects",
		"crds.install", true },
	{ "cert-manager", "acme.cert-manager.io", "Challenge=challenges Order=orders",
		"crds.enabled|installCRDs", false },
	{ "cert-manager", "cert-manager.io",
		"Certificate=certificates CertificateRequest=certificaterequests "
		"ClusterIssuer=clusterissuers Issuer=issuers",
		"crds.enabled|installCRDs", false },
	{ "kube-prometheus-stack", "monitoring.coreos.com", PROMETHEUS, "crds.enabled", true },
	{ "robusta", "monitoring.coreos.com", PROMETHEUS, "enablePrometheusStack", false },
	{ "traefik", "traefik.io",
		"IngressRoute=ingressroutes IngressRouteTCP=ingressroutetcps "
		"IngressRouteUDP=ingressrouteudps Middleware=middlewares "
		"MiddlewareTCP=middlewaretcps ServersTransport=serverstransports "
		"ServersTransportTCP=serverstransporttcps TLSOption=tlsoptions "
		"TLSStore=tlsstores TraefikService=traefikservices",
		NULL, true },
};

/* What is not known yet may well be true: an edge too many does no harm. */
static bool is_on(const struct chart *chart, const struct mok_val *values)
{
	char path[64];
	bool written = false;

	for (const char *p = chart->when; p && *p; p += *p == '|') {
		size_t len = strcspn(p, "|");
		const struct mok_val *v;

		memcpy(path, p, len);
		path[len] = '\0';
		p += len;
		v = values && values->type == MOK_MAP ? mok_val_at(values, path) : NULL;
		if (!v || v->type == MOK_NULL)
			continue;
		written = true;
		if (v->type != MOK_BOOL || v->u.b)
			return true;
	}
	return !written && chart->otherwise;
}

static void each_kind(const struct chart *chart,
	void (*each)(void *ctx, const char *group, const char *kind, const char *plural), void *ctx)
{
	char kind[64], plural[64];

	for (const char *p = chart->kinds; *p; p += *p == ' ') {
		size_t k = strcspn(p, "="), n = strcspn(p + k + 1, " ");

		memcpy(kind, p, k);
		kind[k] = '\0';
		memcpy(plural, p + k + 1, n);
		plural[n] = '\0';
		p += k + 1 + n;
		each(ctx, chart->group, kind, plural);
	}
}

void mok_helm_brings(const char *chart, const struct mok_val *values,
	void (*each)(void *ctx, const char *group, const char *kind, const char *plural), void *ctx)
{
	for (size_t i = 0; i < MOK_COUNT(charts); i++)
		if (mok_streq(charts[i].name, chart) && is_on(&charts[i], values))
			each_kind(&charts[i], each, ctx);
}
