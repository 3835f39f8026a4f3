/* What lets traffic into the sandbox's clusters, and the certificates for it. */
#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GATEWAYS "/apis/gateway.networking.k8s.io/v1"
#define CERTS "/apis/cert-manager.io/v1"
#define INSTALL(name, repo) \
	"'upgrade','--install','" name "','" name "','--repo','" repo "','--version','1.2.3'," \
	"'--namespace','" name "','--create-namespace','--values','/values/values.yaml','--wait'"

static void install_traefik(struct api_client *c)
{
	const char *log =
		api_helm(c, "traefik", INSTALL("traefik", "https://traefik.github.io/charts"),
			"providers: { kubernetesGateway: { enabled: true } }\\n"
			"gateway: { enabled: false }\\ngatewayClass: { name: traefik }\\n",
			180);

	if (strcmp(api_str(c, "status.phase"), "Succeeded") != 0)
		fail_msg("%s", log);
}

static void install_cert_manager(struct api_client *c)
{
	const char *log =
		api_helm(c, "cert-manager", INSTALL("cert-manager", "https://charts.jetstack.io"),
			"crds: { enabled: true }\\nconfig: { enableGatewayAPI: true }\\n", 480);

	if (strcmp(api_str(c, "status.phase"), "Succeeded") != 0)
		fail_msg("%s", log);
}

/* The condition of that type among those at a path. */
static void expect(struct api_client *c, const char *path, const char *type, const char *status,
	const char *reason)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, mok_json_at(c->json, path))
	{
		if (!mok_streq(mok_json_str(one, "type"), type))
			continue;
		if (!mok_streq(mok_json_str(one, "status"), status) ||
			!mok_streq(mok_json_str(one, "reason"), reason))
			fail_msg("%s: %s %s: %s", type, mok_json_str(one, "status"),
				mok_json_str(one, "reason"), mok_json_str(one, "message"));
		return;
	}
	fail_msg("no %s at %s in %s", type, path, c->out.body.data);
}

#define LISTENER(name, port, protocol, more) \
	"{'name':'" name "','port':" port ",'protocol':'" protocol "'" more "}"
#define TLS ",'tls':{'mode':'Terminate','certificateRefs':[{'name':'edge-tls'}]}"
#define GATEWAY(class, listeners) \
	"{'apiVersion':'gateway.networking.k8s.io/" \
	"v1','kind':'Gateway','metadata':{'name':'edge'}," \
	"'spec':{'gatewayClassName':'" class "','listeners':[" listeners "]}}"
#define ROUTE \
	"{'apiVersion':'gateway.networking.k8s.io/" \
	"v1','kind':'HTTPRoute','metadata':{'name':'app'}," \
	"'spec':{'parentRefs':[{'name':'edge'}],'rules':[{'backendRefs':[{'name':'app','port':80}" \
	"]}" \
	"]}}"
#define NS GATEWAYS "/namespaces/default"

static void traefik_serves_its_gateways(void **state)
{
	struct api_client *c = *state;

	install_traefik(c);
	api_get(c, GATEWAYS "/gatewayclasses/traefik");
	expect(c, "status.conditions", "Accepted", "True", "Accepted");
	api_make(c, NS "/gateways", GATEWAY("traefik", LISTENER("web", "8000", "HTTP", "")));
	api_make(c, NS "/httproutes", ROUTE);
	api_pass(c, 180);
	api_get(c, NS "/gateways/edge");
	expect(c, "status.conditions", "Programmed", "True", "Programmed");
	expect(c, "status.listeners.0.conditions", "Accepted", "True", "Accepted");
	assert_true(mok_starts(api_str(c, "status.addresses.0.value"), "104.131."));
	assert_int_equal(api_int(c, "status.listeners.0.attachedRoutes"), 1);
	api_get(c, NS "/httproutes/app");
	expect(c, "status.parents.0.conditions", "Accepted", "True", "Accepted");
	expect(c, "status.parents.0.conditions", "ResolvedRefs", "False", "BackendNotFound");
	api_make(c, "/api/v1/namespaces/default/services",
		"{'metadata':{'name':'app'},'spec':{'ports':[{'port':80}]}}");
	api_get(c, NS "/httproutes/app");
	expect(c, "status.parents.0.conditions", "ResolvedRefs", "True", "ResolvedRefs");
}

/* The trap: 80 and 443 are the Service's ports, not the entry points'. */
static void traefik_wants_its_own_ports(void **state)
{
	struct api_client *c = *state;

	install_traefik(c);
	api_make(c, NS "/gateways",
		GATEWAY("traefik",
			LISTENER("web", "80", "HTTP", "") "," LISTENER(
				"secure", "8443", "HTTPS", TLS)));
	api_get(c, NS "/gateways/edge");
	expect(c, "status.conditions", "Accepted", "False", "ListenersNotValid");
	expect(c, "status.listeners.0.conditions", "Accepted", "False", "PortUnavailable");
	expect(c, "status.listeners.1.conditions", "ResolvedRefs", "False",
		"InvalidCertificateRef");
}

static void cilium_makes_a_service_for_each(void **state)
{
	struct api_client *c = *state;

	api_make(c, NS "/gateways", GATEWAY("cilium", LISTENER("web", "80", "HTTP", "")));
	api_get(c, NS "/gateways/edge");
	expect(c, "status.conditions", "Programmed", "False", "AddressNotAssigned");
	api_pass(c, 180);
	api_get(c, NS "/gateways/edge");
	expect(c, "status.conditions", "Programmed", "True", "Programmed");
	api_kube(c, "DELETE", NULL, NS "/gateways/edge");
	api_pass(c, 30);
	api_ask(c, "GET", NULL, "/v2/load_balancers");
	assert_int_equal(api_int(c, "meta.total"), 0);
}

static void nobody_serves_an_unknown_class(void **state)
{
	struct api_client *c = *state;

	api_make(c, NS "/gateways", GATEWAY("traefik", LISTENER("web", "8000", "HTTP", "")));
	api_pass(c, 60);
	api_get(c, NS "/gateways/edge");
	expect(c, "status.conditions", "Accepted", "Unknown", "Pending");
}

static void an_ingress_gets_the_address(void **state)
{
	struct api_client *c = *state;

	api_make(c, "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
		"{'metadata':{'name':'app'},'spec':{'ingressClassName':'traefik','defaultBackend':{"
		"'service':{'name':'app','port':{'number':80}}}}}");
	install_traefik(c);
	api_pass(c, 180);
	api_get(c, "/apis/networking.k8s.io/v1/namespaces/default/ingresses/app");
	assert_true(mok_starts(api_str(c, "status.loadBalancer.ingress.0.ip"), "104.131."));
}

#define CRD "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
#define BUNDLE "gateway.networking.k8s.io/bundle-version"

static const char *bundle(struct api_client *c)
{
	api_get(c, CRD "httproutes.gateway.networking.k8s.io");
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
		mok_json_at(c->json, "metadata.annotations"), BUNDLE));
}

static void definitions_are_put_back(void **state)
{
	struct api_client *c = *state;
	const char *version = mok_arena_strdup(c->arena, bundle(c));

	api_kube(c, "PATCH", api_json(c, "{'metadata':{'annotations':{'" BUNDLE "':'v1.0.0'}}}"),
		CRD "httproutes.gateway.networking.k8s.io");
	assert_string_equal(bundle(c), version);
	api_kube(c, "DELETE", NULL, CRD "httproutes.gateway.networking.k8s.io");
	assert_string_equal(bundle(c), version);
	api_get(c, NS "/httproutes");
}

/* ---- certificates ---- */

#define ISSUER(solver) \
	"{'apiVersion':'cert-manager.io/v1','kind':'ClusterIssuer','metadata':{'name':'le'}," \
	"'spec':{'acme':{'server':'https://acme.example/directory','email':'a@b.example'," \
	"'privateKeySecretRef':{'name':'le-account'},'solvers':[" solver "]}}}"
#define DNS "{'dns01':{'digitalocean':{'tokenSecretRef':{'name':'do','key':'access-token'}}}}"
#define HTTP "{'http01':{'gatewayHTTPRoute':{'parentRefs':[{'name':'edge','kind':'Gateway'}]}}}"
#define CERTIFICATE \
	"{'apiVersion':'cert-manager.io/v1','kind':'Certificate','metadata':{'name':'edge'}," \
	"'spec':{'secretName':'edge-tls','dnsNames':['social.example'],'issuerRef':{'name':'le'," \
	"'kind':'ClusterIssuer'}}}"
#define EDGE CERTS "/namespaces/default/certificates/edge"

static void expect_message(struct api_client *c, const char *words)
{
	api_get(c, EDGE);
	expect(c, "status.conditions", "Ready", "False", "DoesNotExist");
	if (!strstr(c->out.body.data, words))
		fail_msg("no \"%s\" in %s", words, c->out.body.data);
}

static void dns01_needs_a_token_and_a_zone(void **state)
{
	struct api_client *c = *state;

	install_cert_manager(c);
	api_make(c, CERTS "/clusterissuers", ISSUER(DNS));
	api_make(c, CERTS "/namespaces/default/certificates", CERTIFICATE);
	api_get(c, CERTS "/clusterissuers/le");
	expect(c, "status.conditions", "Ready", "True", "ACMEAccountRegistered");
	api_get(c, "/api/v1/namespaces/cert-manager/secrets/le-account");
	expect_message(c, "secrets \\\"do\\\" not found");
	api_make(c, "/api/v1/namespaces/cert-manager/secrets",
		"{'metadata':{'name':'do'},'stringData':{'access-token':'x'}}");
	api_pass(c, 60);
	expect_message(c, "404 The resource");
	api_ask(c, "POST", "{\"name\":\"social.example\"}", "/v2/domains");
	api_pass(c, 300);
	api_get(c, EDGE);
	expect(c, "status.conditions", "Ready", "True", "Ready");
	assert_int_equal(api_len(c, "status.conditions"), 1);
	api_get(c, "/apis/acme.cert-manager.io/v1/namespaces/default/challenges");
	assert_int_equal(api_len(c, "items"), 0);
	api_get(c, EDGE);
	assert_int_equal(api_int(c, "status.revision"), 1);
	api_get(c, "/api/v1/namespaces/default/secrets/edge-tls");
	assert_string_equal(api_str(c, "type"), "kubernetes.io/tls");
	assert_string_equal(mok_unbase64(c->arena,
				    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
					    mok_json_at(c->json, "data"), "tls.crt")),
				    NULL)[0] == '-'
			? "PEM"
			: "",
		"PEM");
	/* It is renewed, and made again when it is lost. */
	c->now_ms += 61L * 24 * 3600 * 1000;
	api_get(c, EDGE);
	assert_int_equal(api_int(c, "status.revision"), 2);
	api_kube(c, "DELETE", NULL, "/api/v1/namespaces/default/secrets/edge-tls");
	api_pass(c, 120);
	api_get(c, "/api/v1/namespaces/default/secrets/edge-tls");
}

#define POLICY(name, more) \
	"{'metadata':{'name':'" name "'},'spec':{'podSelector':{},'policyTypes':['Ingress']" more \
	"}}"
#define POLICIES "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"

static void http01_needs_a_way_in(void **state)
{
	struct api_client *c = *state;

	install_traefik(c);
	install_cert_manager(c);
	api_ask(c, "POST", "{\"name\":\"social.example\"}", "/v2/domains");
	api_make(c, CERTS "/clusterissuers", ISSUER(HTTP));
	api_make(c, CERTS "/namespaces/default/certificates", CERTIFICATE);
	expect_message(c, "no such host");
	api_ask(c, "POST", "{\"type\":\"A\",\"name\":\"@\",\"data\":\"104.131.1.1\",\"ttl\":300}",
		"/v2/domains/social.example/records");
	api_pass(c, 60);
	expect_message(c, "there is no Gateway edge");
	api_make(c, POLICIES, POLICY("deny", ""));
	api_make(c, NS "/gateways",
		GATEWAY("traefik",
			LISTENER("web", "8000", "HTTP", "") "," LISTENER(
				"secure", "8443", "HTTPS", TLS)));
	api_pass(c, 60);
	expect_message(c, "no NetworkPolicy lets port 8089");
	api_make(c, POLICIES, POLICY("solver", ",'ingress':[{'ports':[{'port':8089}]}]"));
	api_pass(c, 120);
	api_get(c, EDGE);
	expect(c, "status.conditions", "Ready", "True", "Ready");
	/* With its certificate the Gateway is whole. */
	api_get(c, NS "/gateways/edge");
	expect(c, "status.conditions", "Programmed", "True", "Programmed");
}

static void a_zone_may_not_be_delegated(void **state)
{
	struct api_client client, *c = &client;
	const struct mok_sandbox_options options = { .speed = 1,
		.seed = 1,
		.faults = "[{\"do\":\"undelegated\",\"match\":{\"name\":\"social.*\"}}]" };

	(void)state;
	api_client_open(c, &options);
	api_cluster(c, "s-4vcpu-8gb", 2);
	install_cert_manager(c);
	api_make(c, "/api/v1/namespaces/cert-manager/secrets",
		"{'metadata':{'name':'do'},'stringData':{'access-token':'x'}}");
	api_ask(c, "POST", "{\"name\":\"social.example\"}", "/v2/domains");
	api_make(c, CERTS "/clusterissuers", ISSUER(DNS));
	api_make(c, CERTS "/namespaces/default/certificates", CERTIFICATE);
	api_pass(c, 600);
	expect_message(c, "not delegated");
	api_get(c, "/apis/acme.cert-manager.io/v1/namespaces/default/challenges");
	assert_string_equal(api_str(c, "items.0.status.state"), "pending");
	assert_non_null(strstr(api_str(c, "items.0.status.reason"), "not delegated"));
	api_client_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			traefik_serves_its_gateways, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			traefik_wants_its_own_ports, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			cilium_makes_a_service_for_each, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			nobody_serves_an_unknown_class, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			an_ingress_gets_the_address, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(definitions_are_put_back, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			dns01_needs_a_token_and_a_zone, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(http01_needs_a_way_in, api_setup, api_teardown),
		cmocka_unit_test(a_zone_may_not_be_delegated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
