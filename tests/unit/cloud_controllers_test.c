/* Controllers of the sandbox's clusters that touch the cloud. */
#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CORE "/api/v1/namespaces/default"
#define NOTE "service.beta.kubernetes.io/do-loadbalancer-"

static int balancers(struct api_client *c)
{
	api_ask(c, "GET", NULL, "/v2/load_balancers");
	return (int)api_int(c, "meta.total");
}

/* ---- Services ---- */

#define SERVICE(notes, more) \
	"{'metadata':{'name':'edge','annotations':{" notes "}},'spec':{'type':'LoadBalancer'," \
	"'selector':{'a':'b'},'ports':[{'name':'web','port':80,'targetPort':8000}]}" more "}"

static void a_service_gets_a_load_balancer(void **state)
{
	struct api_client *c = *state;
	const char *id;

	api_make(c, CORE "/services",
		SERVICE("'" NOTE "name':'social-edge','" NOTE "size-unit':'2'", ""));
	assert_int_equal(balancers(c), 1);
	assert_string_equal(api_str(c, "load_balancers.0.name"), "social-edge");
	assert_string_equal(api_str(c, "load_balancers.0.status"), "new");
	assert_int_equal(api_int(c, "load_balancers.0.size_unit"), 2);
	assert_int_equal(api_len(c, "load_balancers.0.droplet_ids"), 2);
	assert_int_equal(api_int(c, "load_balancers.0.forwarding_rules.0.entry_port"), 80);
	assert_int_equal(api_int(c, "load_balancers.0.forwarding_rules.0.target_port"), 80);
	id = api_str(c, "load_balancers.0.id");
	api_get(c, CORE "/services/edge");
	assert_false(api_has(c, "status.loadBalancer.ingress"));
	assert_string_equal(
		api_str(c, "metadata.finalizers.0"), "service.kubernetes.io/load-balancer-cleanup");
	api_pass(c, 180);
	api_get(c, CORE "/services/edge");
	assert_true(mok_starts(api_str(c, "status.loadBalancer.ingress.0.ip"), "104.131."));
	/* A key with dots is no path. */
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
				    mok_json_at(c->json, "metadata.annotations"),
				    "kubernetes.digitalocean.com/load-balancer-id")),
		id);
	api_get(c, CORE "/events?fieldSelector=reason%3DEnsuredLoadBalancer");
	assert_int_equal(api_len(c, "items"), 1);
	/* Nothing happens twice. */
	api_pass(c, 600);
	api_get(c, CORE "/services/edge");
	assert_int_equal(balancers(c), 1);
	assert_int_equal(api_kube(c, "DELETE", NULL, CORE "/services/edge"), 200);
	assert_int_equal(api_kube(c, "GET", NULL, CORE "/services/edge"), 404);
	assert_int_equal(balancers(c), 0);
}

static void a_service_follows_its_annotations(void **state)
{
	struct api_client *c = *state;

	api_make(c, CORE "/services",
		SERVICE("'" NOTE "type':'REGIONAL','" NOTE "hostname':'a.example','" NOTE
			"enable-proxy-protocol':'true'",
			""));
	api_pass(c, 180);
	api_get(c, CORE "/services/edge");
	assert_string_equal(api_str(c, "status.loadBalancer.ingress.0.hostname"), "a.example");
	balancers(c);
	assert_string_equal(api_str(c, "load_balancers.0.type"), "REGIONAL");
	assert_true(api_bool(c, "load_balancers.0.enable_proxy_protocol"));
	assert_true(api_int(c, "load_balancers.0.forwarding_rules.0.target_port") >= 30000);
	api_kube(c, "PATCH", api_json(c, "{'metadata':{'annotations':{'" NOTE "name':'renamed'}}}"),
		CORE "/services/edge");
	balancers(c);
	assert_string_equal(api_str(c, "load_balancers.0.name"), "renamed");
	api_kube(c, "PATCH", api_json(c, "{'spec':{'type':'ClusterIP'}}"), CORE "/services/edge");
	assert_int_equal(balancers(c), 0);
	api_get(c, CORE "/services/edge");
	assert_false(api_has(c, "metadata.finalizers"));
}

static void a_wrong_annotation_is_told(void **state)
{
	struct api_client *c = *state;

	api_make(c, CORE "/services", SERVICE("'" NOTE "size-unit':'big'", ""));
	assert_int_equal(balancers(c), 0);
	api_get(c, CORE "/events?fieldSelector=reason%3DSyncLoadBalancerFailed");
	assert_int_equal(api_len(c, "items"), 1);
}

static void a_dead_cluster_leaks_it(void **state)
{
	struct api_client *c = *state;

	api_make(c, CORE "/services", SERVICE("", ""));
	api_pass(c, 180);
	api_get(c, CORE "/services/edge");
	api_ask(c, "GET", NULL, "/v2/kubernetes/clusters/%s/destroy_with_associated_resources",
		c->cluster);
	assert_int_equal(api_len(c, "load_balancers"), 1);
	api_ask(c, "DELETE", NULL, "/v2/kubernetes/clusters/%s", c->cluster);
	assert_int_equal(balancers(c), 1);
}

/* ---- claims ---- */

#define CLAIM(class) \
	"{'metadata':{'name':'data'},'spec':{'accessModes':['ReadWriteOnce']," class "'resources'" \
										     ":{'" \
										     "requests':{" \
										     "'storage':'" \
										     "20Gi'}}}}"

static int volumes(struct api_client *c)
{
	api_ask(c, "GET", NULL, "/v2/volumes");
	return (int)api_int(c, "meta.total");
}

static void a_claim_gets_a_volume(void **state)
{
	struct api_client *c = *state;

	api_make(c, CORE "/persistentvolumeclaims", CLAIM(""));
	api_get(c, CORE "/persistentvolumeclaims/data");
	assert_string_equal(api_str(c, "status.phase"), "Pending");
	api_pass(c, 10);
	api_get(c, CORE "/persistentvolumeclaims/data");
	assert_string_equal(api_str(c, "status.phase"), "Bound");
	assert_string_equal(api_str(c, "status.capacity.storage"), "20Gi");
	assert_int_equal(volumes(c), 1);
	assert_int_equal(api_int(c, "volumes.0.size_gigabytes"), 20);
	api_get(c, "/api/v1/persistentvolumes");
	assert_string_equal(api_str(c, "items.0.status.phase"), "Bound");
	assert_string_equal(api_str(c, "items.0.spec.claimRef.name"), "data");
	api_kube(c, "PATCH", api_json(c, "{'spec':{'resources':{'requests':{'storage':'30Gi'}}}}"),
		CORE "/persistentvolumeclaims/data");
	api_get(c, CORE "/persistentvolumeclaims/data");
	assert_string_equal(api_str(c, "status.capacity.storage"), "30Gi");
	volumes(c);
	assert_int_equal(api_int(c, "volumes.0.size_gigabytes"), 30);
	api_kube(c, "DELETE", NULL, CORE "/persistentvolumeclaims/data");
	assert_int_equal(api_kube(c, "GET", NULL, CORE "/persistentvolumeclaims/data"), 404);
	assert_int_equal(volumes(c), 0);
	api_get(c, "/api/v1/persistentvolumes");
	assert_int_equal(api_len(c, "items"), 0);
}

static void a_retained_volume_stays(void **state)
{
	struct api_client *c = *state;

	api_make(c, CORE "/persistentvolumeclaims",
		CLAIM("'storageClassName':'do-block-storage-xfs-retain',"));
	api_pass(c, 10);
	api_get(c, "/api/v1/persistentvolumes");
	assert_string_equal(api_str(c, "items.0.spec.csi.fsType"), "xfs");
	api_kube(c, "DELETE", NULL, CORE "/persistentvolumeclaims/data");
	api_get(c, "/api/v1/persistentvolumes");
	assert_string_equal(api_str(c, "items.0.status.phase"), "Released");
	api_kube(c, "DELETE", NULL, "/api/v1/persistentvolumes/%s",
		api_str(c, "items.0.metadata.name"));
	api_get(c, "/api/v1/persistentvolumes");
	assert_int_equal(api_len(c, "items"), 0);
	assert_int_equal(volumes(c), 1);
}

static void a_namespace_takes_its_volumes_along(void **state)
{
	struct api_client *c = *state;

	api_make(c, "/api/v1/namespaces", "{'metadata':{'name':'shop'}}");
	api_make(c, "/api/v1/namespaces/shop/persistentvolumeclaims", CLAIM(""));
	api_make(c, "/api/v1/namespaces/shop/services", SERVICE("", ""));
	api_pass(c, 180);
	assert_int_equal(volumes(c), 1);
	assert_int_equal(balancers(c), 1);
	api_kube(c, "DELETE", NULL, "/api/v1/namespaces/shop");
	api_pass(c, 10);
	assert_int_equal(api_kube(c, "GET", NULL, "/api/v1/namespaces/shop"), 404);
	assert_int_equal(volumes(c), 0);
	assert_int_equal(balancers(c), 0);
}

/* ---- autoscalers ---- */

#define APPS "/apis/apps/v1/namespaces/default"
#define SCALERS "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
#define SCALED "/apis/keda.sh/v1alpha1/namespaces/default/scaledobjects"
#define ONE_POD(name, image) \
	"{'metadata':{'name':'" name \
	"'},'spec':{'replicas':1,'selector':{'matchLabels':{'a':'" name \
	"'}},'template':{'metadata':{'labels':{'a':'" name \
	"'}},'spec':{'containers':[{'name':'app','image':'" image "'}]}}}}"

static void define_scaled_objects(struct api_client *c)
{
	api_make(c, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
		"{'metadata':{'name':'scaledobjects.keda.sh'},'spec':{'group':'keda.sh','scope':"
		"'Namespaced','names':{'plural':'scaledobjects','kind':'ScaledObject'},'versions':["
		"{"
		"'name':'v1alpha1','served':true,'storage':true,'subresources':{'status':{}},"
		"'schema':{'openAPIV3Schema':{'type':'object',"
		"'x-kubernetes-preserve-unknown-fields':true}}}]}}");
}

static void keda_makes_an_autoscaler(void **state)
{
	struct api_client *c = *state;

	define_scaled_objects(c);
	api_make(c, APPS "/deployments", ONE_POD("web", "nginx:1"));
	api_make(c, SCALED,
		"{'apiVersion':'keda.sh/v1alpha1','kind':'ScaledObject','metadata':{'name':'web'},"
		"'spec':{'scaleTargetRef':{'name':'web'},'minReplicaCount':2,'maxReplicaCount':6,"
		"'triggers':[{'type':'prometheus','metadata':{'threshold':'250'}}]}}");
	api_pass(c, 60);
	api_get(c, SCALED "/web");
	assert_false(api_has(c, "status")); /* KEDA is not there */
	api_make(c, APPS "/deployments", ONE_POD("keda", "ghcr.io/kedacore/keda:2.19.0"));
	api_pass(c, 120);
	api_get(c, SCALED "/web");
	assert_string_equal(api_str(c, "status.conditions.0.status"), "True");
	api_get(c, SCALERS "/keda-hpa-web");
	assert_int_equal(api_int(c, "spec.maxReplicas"), 6);
	assert_string_equal(api_str(c, "spec.metrics.0.external.target.averageValue"), "250");
	api_get(c, APPS "/deployments/web");
	assert_int_equal(api_int(c, "spec.replicas"), 2);
	assert_int_equal(api_kube(c, "DELETE", NULL, SCALED "/web"), 200);
	assert_int_equal(api_kube(c, "GET", NULL, SCALERS "/keda-hpa-web"), 404);
}

#define SCALED_OBJECT(metadata, more) \
	"{'apiVersion':'keda.sh/v1alpha1','kind':'ScaledObject','metadata':{'name':'web'" metadata \
	"},'spec':{'scaleTargetRef':{'name':'web'},'triggers':[]" more "}}"
#define TAKES ",'annotations':{'scaledobject.keda.sh/transfer-hpa-ownership':'true'}"
#define OF_NAME(name) ",'advanced':{'horizontalPodAutoscalerConfig':{'name':'" name "'}}"

static int scale(struct api_client *c, const char *object)
{
	return api_kube(c, "POST", api_json(c, "%s", object), SCALED "?dryRun=All");
}

/* Who takes over says so, and the other's name. */
static void kedas_webhook_refuses_a_second_autoscaler(void **state)
{
	struct api_client *c = *state;

	define_scaled_objects(c);
	api_make(c, APPS "/deployments", ONE_POD("web", "nginx:1"));
	api_make(c, SCALERS,
		"{'metadata':{'name':'old'},'spec':{'minReplicas':1,'maxReplicas':4,"
		"'scaleTargetRef':{'apiVersion':'apps/v1','kind':'Deployment','name':'web'}}}");
	assert_int_equal(scale(c, SCALED_OBJECT("", "")), 201); /* nobody answers */
	api_make(c, APPS "/deployments",
		ONE_POD("hooks", "ghcr.io/kedacore/keda-admission-webhooks:2.19.0"));
	api_pass(c, 120);
	assert_int_equal(scale(c, SCALED_OBJECT("", "")), 403);
	assert_string_equal(api_str(c, "message"),
		"admission webhook \"vscaledobject.kb.io\" denied the request: the workload 'web' "
		"of type 'apps/v1.Deployment' is already managed by the hpa 'old'");
	assert_int_equal(scale(c, SCALED_OBJECT(TAKES, "")), 403);
	assert_non_null(strstr(api_str(c, "message"), "must be specified by name"));
	assert_int_equal(scale(c, SCALED_OBJECT(TAKES, OF_NAME("old"))), 201);
	assert_int_equal(api_kube(c, "DELETE", NULL, SCALERS "/old"), 200);
	assert_int_equal(scale(c, SCALED_OBJECT("", "")), 201);
}

#define ELASTIC "/apis/elasticsearch.k8s.elastic.co/v1/namespaces/default/elasticsearches"

/* Its fields are open in the definition: what is nonsense must only do nothing. */
static void the_operator_makes_nodes_of_what_is_said(void **state)
{
	struct api_client *c = *state;

	api_make(c, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
		"{'metadata':{'name':'elasticsearches.elasticsearch.k8s.elastic.co'},'spec':{'"
		"group':"
		"'elasticsearch.k8s.elastic.co','scope':'Namespaced','names':{'plural':"
		"'elasticsearches','kind':'Elasticsearch'},'versions':[{'name':'v1','served':true,"
		"'storage':true,'subresources':{'status':{}},'schema':{'openAPIV3Schema':{'type':"
		"'object','x-kubernetes-preserve-unknown-fields':true}}}]}}");
	api_make(c, APPS "/statefulsets",
		"{'metadata':{'name':'op'},'spec':{'replicas':1,'serviceName':'op','selector':{"
		"'matchLabels':{'a':'op'}},'template':{'metadata':{'labels':{'a':'op'}},'spec':{"
		"'containers':[{'name':'m','image':'docker.elastic.co/eck/"
		"eck-operator:3.3.2'}]}}}}");
	api_make(c, ELASTIC,
		"{'apiVersion':'elasticsearch.k8s.elastic.co/"
		"v1','kind':'Elasticsearch','metadata':{"
		"'name':'s'},'spec':{'version':'8.19.15','nodeSets':[{'name':'default','count':2,"
		"'podTemplate':{'spec':{'containers':['x']}}}]}}");
	api_make(c, ELASTIC,
		"{'apiVersion':'elasticsearch.k8s.elastic.co/"
		"v1','kind':'Elasticsearch','metadata':{"
		"'name':'odd'},'spec':{'version':7,'nodeSets':[3,{'podTemplate':'x','count':'y'}]}"
		"}");
	api_pass(c, 600);
	api_get(c, ELASTIC "/s");
	assert_string_equal(api_str(c, "status.phase"), "Ready");
	assert_string_equal(api_str(c, "status.health"), "green");
	assert_int_equal(api_int(c, "status.availableNodes"), 2);
	api_get(c, APPS "/statefulsets/s-es-default");
	assert_string_equal(api_str(c, "spec.template.spec.containers.0.image"),
		"docker.elastic.co/elasticsearch/elasticsearch:8.19.15");
	api_get(c, CORE "/secrets/s-es-elastic-user");
	assert_true(api_has(c, "data.elastic"));
	api_get(c, ELASTIC "/odd");
	assert_string_not_equal(api_str(c, "status.phase"), "Ready");
	assert_int_equal(api_kube(c, "DELETE", NULL, ELASTIC "/s"), 200);
	assert_int_equal(api_kube(c, "GET", NULL, CORE "/secrets/s-es-elastic-user"), 404);
}

static void an_autoscaler_keeps_its_bounds(void **state)
{
	struct api_client *c = *state;
	const char *path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";

	api_make(c, APPS "/deployments",
		"{'metadata':{'name':'web'},'spec':{'replicas':1,'selector':{'matchLabels':{'a':"
		"'b'}},'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':"
		"'app','image':'nginx:1'}]}}}}");
	api_make(c, path,
		"{'metadata':{'name':'web'},'spec':{'minReplicas':2,'maxReplicas':4,"
		"'scaleTargetRef':{'apiVersion':'apps/v1','kind':'Deployment','name':'web'},"
		"'metrics':[{'type':'Resource','resource':{'name':'cpu','target':{'type':"
		"'Utilization','averageUtilization':70}}}]}}");
	api_pass(c, 60);
	api_get(c, APPS "/deployments/web");
	assert_int_equal(api_int(c, "spec.replicas"), 2);
	assert_non_null(strstr(c->out.body.data, "\"subresource\":\"scale\""));
	api_get(c, mok_arena_printf(c->arena, "%s/web", path));
	assert_int_equal(api_int(c, "status.currentReplicas"), 2);
	assert_string_equal(api_str(c, "status.conditions.1.type"), "ScalingActive");
	assert_string_equal(api_str(c, "status.conditions.1.status"), "False");
	api_kube(c, "PATCH", "{\"spec\":{\"replicas\":9}}", APPS "/deployments/web");
	api_pass(c, 60);
	api_get(c, APPS "/deployments/web");
	assert_int_equal(api_int(c, "spec.replicas"), 4);
	/* Nobody fights over what is within. */
	api_kube(c, "PATCH", "{\"spec\":{\"replicas\":3}}", APPS "/deployments/web");
	api_pass(c, 60);
	api_get(c, APPS "/deployments/web");
	assert_int_equal(api_int(c, "spec.replicas"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_service_gets_a_load_balancer, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			a_service_follows_its_annotations, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			a_wrong_annotation_is_told, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(a_dead_cluster_leaks_it, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(a_claim_gets_a_volume, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(a_retained_volume_stays, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			a_namespace_takes_its_volumes_along, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			an_autoscaler_keeps_its_bounds, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			the_operator_makes_nodes_of_what_is_said, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(keda_makes_an_autoscaler, api_setup, api_teardown),
		cmocka_unit_test_setup_teardown(
			kedas_webhook_refuses_a_second_autoscaler, api_setup, api_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
