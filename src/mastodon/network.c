#include "mastodon_internal.h"

#include <string.h>

/* Services, search in the cluster, and who may talk to whom. */

static void add(struct masto *m, const char *base, const char *address, const char *component)
{
	const struct masto_object object = { .address = address, .component = component };

	masto_add(m, &object, masto_base(base));
}

static void add_service(
	struct masto *m, const char *base, const char *address, const char *component)
{
	const struct masto_object object = { .address = address, .component = component };
	struct mok_val manifest = masto_base(base), selector = { .type = MOK_MAP };

	mok_val_set(m->arena, &selector, "app.kubernetes.io/name", masto_format(m, "mastodon"));
	mok_val_set(m->arena, &selector, "app.kubernetes.io/component",
		masto_format(m, "%s", component));
	masto_put(m, &manifest, "spec.selector", selector);
	masto_add(m, &object, manifest);
}

/* ---- search ---- */

static void add_search(struct masto *m)
{
	static const char *const needs[] = { "mastodon_priority_background",
		"mastodon_service_account", NULL };
	const struct masto_object object = {
		.address = "mastodon_search", .component = "search", .needs = needs
	};
	struct mok_val manifest = masto_base("search"), labels = { .type = MOK_MAP };

	if (masto_searches(m, "eck"))
		masto_eck(m);
	if (!masto_searches(m, "elasticsearch"))
		return;
	mok_val_set(m->arena, &labels, "app.kubernetes.io/name", masto_format(m, "mastodon"));
	mok_val_set(m->arena, &labels, "app.kubernetes.io/component", masto_format(m, "search"));
	masto_put(m, &manifest, "spec.selector.matchLabels", labels);
	masto_put(m, &manifest, "spec.template.metadata.labels", labels);
	masto_add(m, &object, manifest);
	add_service(m, "search-service", "mastodon_search_service", "search");
}

/* ---- policies ---- */

static void add_from(struct masto *m, const char *base, const char *address, const char *from)
{
	const struct masto_object object = { .address = address };
	struct mok_val manifest = masto_base(base), labels = { .type = MOK_MAP };

	mok_val_set(m->arena, &labels, "kubernetes.io/metadata.name", masto_format(m, "%s", from));
	masto_put(m, &manifest, "spec.ingress.0.from.0.namespaceSelector.matchLabels", labels);
	masto_add(m, &object, manifest);
}

static bool is_http01(const struct masto *m)
{
	return strcmp(masto_challenge(m), "http01") == 0;
}

static void add_policies(struct masto *m)
{
	const char *from = masto_str(m, "gateway.namespace", "traefik");
	bool is_cilium = strcmp(masto_str(m, "gateway.class", "traefik"), "cilium") == 0;

	add(m, "policy-deny", "mastodon_policy_deny", NULL);
	add(m, "policy-common", "mastodon_policy_common", NULL);
	add(m, "policy-internet", "mastodon_policy_internet", NULL);
	if (is_cilium) {
		add(m, "policy-cilium", "mastodon_policy_gateway", NULL);
	} else {
		add_from(m, "policy-web", "mastodon_policy_web", from);
		add_from(m, "policy-streaming", "mastodon_policy_streaming", from);
	}
	if (is_http01(m))
		add_from(m, "policy-solver", "mastodon_policy_solver", from);
	if (masto_bool(m, "observability.metrics", false))
		add_from(m, "policy-metrics", "mastodon_policy_metrics",
			masto_str(m, "observability.namespace", "monitoring"));
	if (masto_searches(m, "eck"))
		add(m, "policy-search-nodes", "mastodon_policy_search_nodes", NULL);
	if (masto_searches(m, "elasticsearch") || masto_searches(m, "eck")) {
		add(m, "policy-search", "mastodon_policy_search", NULL);
		add(m, "policy-to-search", "mastodon_policy_to_search", NULL);
	}
}

void masto_network(struct masto *m)
{
	add_service(m, "web-service", "mastodon_web_service", "web");
	add_service(m, "streaming-service", "mastodon_streaming_service", "streaming");
	add_search(m);
	if (masto_bool(m, "network_policies", true))
		add_policies(m);
}
