#include "mastodon_internal.h"

#include <string.h>

/* What must be there in the cluster: charts of others, in versions that were tried together. */

struct addon {
	const char *address, *chart, *repository, *version, *ns;
	const char *values; /* a base file */
	/* Is it wanted? */
	bool (*is_wanted)(const struct masto *m);
	/* What depends on the plan. */
	void (*fill)(struct masto *m, struct mok_val *values);
};

static bool installs(const struct masto *m)
{
	return masto_bool(m, "gateway.install", true);
}

static bool wants_traefik(const struct masto *m)
{
	return installs(m) && strcmp(masto_str(m, "gateway.class", "traefik"), "cilium") != 0;
}

static bool wants_argo_cd(const struct masto *m)
{
	return m->argocd && strcmp(masto_argo_cd(m), ARGO_CD) == 0;
}

static bool wants_metrics_server(const struct masto *m)
{
	return masto_bool(m, "metrics_server", true);
}

static bool wants_robusta(const struct masto *m)
{
	return masto_has(m, "observability.robusta");
}

static bool wants_keda(const struct masto *m)
{
	return masto_has(m, "keda") && masto_bool(m, "keda.install", true);
}

static bool wants_eck(const struct masto *m)
{
	return masto_searches(m, "eck") && masto_bool(m, "eck.install", true);
}

static bool wants_prometheus(const struct masto *m)
{
	return masto_bool(m, "observability.prometheus", false) && !wants_robusta(m);
}

/* ---- values ---- */

static void fill_traefik(struct masto *m, struct mok_val *values)
{
	bool speaks_proxy = strcmp(masto_str(m, "gateway.load_balancer.type", ""), "REGIONAL") == 0;
	struct mok_val ranges = { .type = MOK_LIST };

	masto_put(m, values, "service.annotations", masto_load_balancer(m));
	if (!speaks_proxy)
		return;
	/* Only from the load balancer, which is in the same private network. */
	mok_val_append(m->arena, &ranges, masto_format(m, "10.0.0.0/8"));
	masto_put(m, values, "ports.web.proxyProtocol.trustedIPs", ranges);
	masto_put(m, values, "ports.websecure.proxyProtocol.trustedIPs", ranges);
	masto_put(m, values, "service.spec.externalTrafficPolicy", masto_format(m, "Cluster"));
}

static struct mok_val merged(
	struct masto *m, const struct mok_val *under, const struct mok_val *over)
{
	struct mok_val out = *under;

	if (under->type != MOK_MAP || over->type != MOK_MAP)
		return *over;
	for (size_t i = 0; i < over->u.map.len; i++) {
		const struct mok_pair *pair = &over->u.map.pairs[i];
		const struct mok_val *have = mok_val_get(&out, pair->key);

		mok_val_set(
			m->arena, &out, pair->key, have ? merged(m, have, &pair->val) : pair->val);
	}
	return out;
}

static void fill_robusta(struct masto *m, struct mok_val *values)
{
	const struct mok_val *own = mok_val_at(m->written, "observability.robusta");
	const struct mok_val *is = mok_val_at(&m->is, "observability.robusta");

	masto_put(
		m, values, "clusterName", masto_format(m, "${%s.name}", m->parts.cluster->address));
	if (own && own->type == MOK_MAP)
		*values = merged(m, values, own);
	else if (is && is->type == MOK_MAP)
		*values = merged(m, values, is);
}

static const struct addon addons[] = {
	{ ARGO_CD, "argo-cd", "https://argoproj.github.io/argo-helm", "10.1.1", "argocd",
		"values-argo-cd", wants_argo_cd, NULL },
	{ "mastodon_metrics_server", "metrics-server",
		"https://kubernetes-sigs.github.io/metrics-server/", "3.13.1", "kube-system",
		"values-metrics-server", wants_metrics_server, NULL },
	{ "mastodon_cert_manager", "cert-manager", "https://charts.jetstack.io", "v1.21.1",
		"cert-manager", "values-cert-manager", installs, NULL },
	{ "mastodon_traefik", "traefik", "https://traefik.github.io/charts", "41.3.0", NULL,
		"values-traefik", wants_traefik, fill_traefik },
	{ "mastodon_prometheus", "kube-prometheus-stack",
		"https://prometheus-community.github.io/helm-charts", "72.0.1", "monitoring",
		"values-prometheus", wants_prometheus, NULL },
	{ "mastodon_keda", "keda", "https://kedacore.github.io/charts", "2.19.0", "keda",
		"values-keda", wants_keda, NULL },
	{ "mastodon_eck_operator", "eck-operator", "https://helm.elastic.co", "3.3.2",
		"elastic-system", "values-eck-operator", wants_eck, NULL },
	{ "mastodon_robusta", "robusta", "https://robusta-charts.storage.googleapis.com", "0.47.0",
		"monitoring", "values-robusta", wants_robusta, fill_robusta },
};

/* What must not be read in a repository is mok's to install, as Secrets are. */
static bool is_argocds(const struct masto *m, const struct addon *addon)
{
	const struct mok_val *own = mok_val_at(&m->is, "observability.robusta");

	if (!m->argocd || addon->is_wanted == wants_argo_cd)
		return false;
	return addon->is_wanted != wants_robusta || !own || !mok_val_has_sensitive(own);
}

/* Without the digest that it would get. */
static const char *helm_image(void)
{
	const struct mok_kind *kind = mok_kind_find("helm_release");

	return mok_field_find(kind->fields, "image")->dflt;
}

static void add_release(struct masto *m, const struct masto_chart *chart)
{
	struct mok_val block = { .type = MOK_MAP, .at = m->at };

	mok_val_set(m->arena, &block, "kind", masto_format(m, "helm_release"));
	mok_val_set(m->arena, &block, "cluster_id",
		masto_format(m, "${%s.id}", m->parts.cluster->address));
	mok_val_set(m->arena, &block, "name", masto_format(m, "%s", chart->chart));
	mok_val_set(m->arena, &block, "namespace", masto_format(m, "%s", chart->ns));
	mok_val_set(m->arena, &block, "repository", masto_format(m, "%s", chart->repository));
	mok_val_set(m->arena, &block, "chart", masto_format(m, "%s", chart->chart));
	mok_val_set(m->arena, &block, "version", masto_format(m, "%s", chart->version));
	mok_val_set(m->arena, &block, "create_namespace", mok_val_bool(true));
	mok_val_set(m->arena, &block, "values", chart->values);
	if (strcmp(masto_str(m, "images.pin", "digest"), "tag") == 0)
		mok_val_set(m->arena, &block, "image", masto_format(m, "%s", helm_image()));
	masto_add_block(m, chart->address, block, NULL);
}

static void add(struct masto *m, const struct addon *addon)
{
	struct masto_chart chart = { .address = addon->address,
		.chart = addon->chart,
		.repository = addon->repository,
		.version = addon->version ? addon->version
					  : masto_text(m, "observability.robusta_version"),
		.ns = addon->ns ? addon->ns : masto_str(m, "gateway.namespace", "traefik"),
		.values = masto_base(addon->values) };

	if (strcmp(chart.ns, "monitoring") == 0)
		chart.ns = masto_str(m, "observability.namespace", chart.ns);
	if (addon->fill)
		addon->fill(m, &chart.values);
	if (is_argocds(m, addon))
		masto_chart_application(m, &chart);
	else if (m->has_helm)
		add_release(m, &chart);
}

void masto_addons(struct masto *m)
{
	for (size_t i = 0; i < MOK_COUNT(addons); i++)
		if (addons[i].is_wanted(m))
			add(m, &addons[i]);
}
