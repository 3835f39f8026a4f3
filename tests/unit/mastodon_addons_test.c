/* The charts that the mastodon block installs: which, where, in which version, with which values.
 */
#include "mastodon/mastodon_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
	struct masto m;
	struct mok_stack stack;
	struct mok_resource cluster;
	struct mok_diags diags;
	struct mok_val blocks, written;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct mok_arena *arena = mok_arena_new();

	w->diags.arena = arena;
	w->stack.name = "social";
	w->stack.by_address = mok_map_new(arena);
	w->cluster.address = "cluster";
	w->blocks.type = w->written.type = MOK_MAP;
	w->m = (struct masto){ .arena = arena,
		.stack = &w->stack,
		.diags = &w->diags,
		.blocks = &w->blocks,
		.fields = mok_map_new(arena),
		.written = &w->written,
		.is = { .type = MOK_MAP },
		.parts = { .cluster = &w->cluster },
		.ns = "mastodon",
		.version = "4.7",
		.has_helm = true };
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	mok_arena_free(w->m.arena);
	free(w);
	return 0;
}

/* A setting, both as written and as evaluated. */
static void set(struct world *w, const char *path, struct mok_val v)
{
	masto_put(&w->m, &w->m.is, path, v);
	masto_put(&w->m, &w->written, path, v);
}

static const char *at(struct world *w, const char *path)
{
	const struct mok_val *v = mok_val_at(&w->blocks, path);

	return v ? mok_val_text(w->m.arena, v) : NULL;
}

static void test_what_every_instance_needs(void **state)
{
	struct world *w = *state;

	masto_addons(&w->m);
	assert_int_equal(w->blocks.u.map.len, 3);
	assert_string_equal(at(w, "mastodon_traefik.kind"), "helm_release");
	assert_string_equal(at(w, "mastodon_traefik.cluster_id"), "${cluster.id}");
	assert_string_equal(at(w, "mastodon_traefik.version"), "41.3.0");
	assert_string_equal(at(w, "mastodon_cert_manager.version"), "v1.21.1");
	assert_string_equal(at(w, "mastodon_metrics_server.version"), "3.13.1");
	assert_string_equal(at(w, "mastodon_metrics_server.values.replicas"), "2");
}

/* The Gateway is mok's own object, and its definitions are DOKS'. */
static void test_traefik_for_a_gateway_of_ours(void **state)
{
	struct world *w = *state;

	masto_addons(&w->m);
	assert_string_equal(at(w, "mastodon_traefik.values.gateway.enabled"), "false");
	assert_string_equal(
		at(w, "mastodon_traefik.values.providers.kubernetesGateway.enabled"), "true");
	assert_string_equal(at(w, "mastodon_traefik.values.ports.web.port"), "8000");
	assert_string_equal(at(w, "mastodon_traefik.values.ports.websecure.port"), "8443");
	assert_string_equal(at(w,
				    "mastodon_traefik.values.ports.websecure.transport."
				    "respondingTimeouts.readTimeout"),
		"300s");
	assert_string_equal(mok_val_get_str(mok_val_at(&w->blocks,
						    "mastodon_traefik.values.service.annotations"),
				    "service.beta.kubernetes.io/do-loadbalancer-type"),
		"REGIONAL_NETWORK");
	assert_string_equal(at(w, "mastodon_cert_manager.values.config.enableGatewayAPI"), "true");
	assert_string_equal(at(w, "mastodon_cert_manager.values.crds.enabled"), "true");
}

/* The annotation `hostname` would leave the records without an address. */
static void test_a_load_balancer_that_speaks_proxy(void **state)
{
	struct world *w = *state;
	const struct mok_val *annotations;

	set(w, "gateway.load_balancer.type", mok_val_str("REGIONAL"));
	set(w, "domain", mok_val_str("social.example"));
	masto_addons(&w->m);
	annotations = mok_val_at(&w->blocks, "mastodon_traefik.values.service.annotations");
	assert_string_equal(
		mok_val_get_str(annotations,
			"service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol"),
		"true");
	assert_null(
		mok_val_get(annotations, "service.beta.kubernetes.io/do-loadbalancer-hostname"));
	assert_string_equal(at(w, "mastodon_traefik.values.ports.web.proxyProtocol.trustedIPs.0"),
		"10.0.0.0/8");
}

static void test_what_is_left_out(void **state)
{
	struct world *w = *state;

	set(w, "gateway.class", mok_val_str("cilium"));
	set(w, "metrics_server", mok_val_bool(false));
	masto_addons(&w->m);
	assert_null(at(w, "mastodon_traefik.kind"));
	assert_null(at(w, "mastodon_metrics_server.kind"));
	assert_non_null(at(w, "mastodon_cert_manager.kind"));
}

static void test_robusta_brings_prometheus(void **state)
{
	struct world *w = *state;

	set(w, "observability.prometheus", mok_val_bool(true));
	set(w, "observability.robusta.globalConfig.account_id", mok_val_str("${var.account}"));
	set(w, "observability.robusta.runner.resources.limits.memory", mok_val_str("2Gi"));
	masto_addons(&w->m);
	assert_null(at(w, "mastodon_prometheus.kind"));
	assert_string_equal(at(w, "mastodon_robusta.version"), "0.47.0");
	assert_string_equal(at(w, "mastodon_robusta.values.clusterName"), "${cluster.name}");
	assert_string_equal(
		at(w, "mastodon_robusta.values.globalConfig.account_id"), "${var.account}");
	assert_string_equal(at(w, "mastodon_robusta.values.runner.resources.limits.memory"), "2Gi");
	assert_string_equal(
		at(w, "mastodon_robusta.values.runner.resources.requests.memory"), "1Gi");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_every_instance_needs),
		TEST(test_traefik_for_a_gateway_of_ours),
		TEST(test_a_load_balancer_that_speaks_proxy),
		TEST(test_what_is_left_out),
		TEST(test_robusta_brings_prometheus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
