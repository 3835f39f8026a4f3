/*
 * Cilium is the network of every DOKS cluster; its policies are definitions that are simply there.
 * Nothing is filtered here.
 */
#include "helm.h"

/* Fields: https://docs.cilium.io/en/stable/network/kubernetes/policy/ */
static const char definitions[] =
	"[{\"group\": \"cilium.io\", \"version\": \"v2\", \"kind\": \"CiliumNetworkPolicy\","
	"\"plural\": \"ciliumnetworkpolicies\", \"short\": [\"cnp\", \"ciliumnp\"],"
	"\"scope\": \"Namespaced\", \"spec\": {\"description\": \"string\", \"endpointSelector\": "
	"\"any\","
	"\"ingress\": [\"any\"], \"ingressDeny\": [\"any\"], \"egress\": [\"any\"], "
	"\"egressDeny\": [\"any\"]}},"
	"{\"group\": \"cilium.io\", \"version\": \"v2\", \"kind\": "
	"\"CiliumClusterwideNetworkPolicy\","
	"\"plural\": \"ciliumclusterwidenetworkpolicies\", \"short\": [\"ccnp\"],"
	"\"scope\": \"Cluster\", \"spec\": {\"description\": \"string\", \"endpointSelector\": "
	"\"any\","
	"\"nodeSelector\": \"any\", \"ingress\": [\"any\"], \"ingressDeny\": [\"any\"],"
	"\"egress\": [\"any\"], \"egressDeny\": [\"any\"]}}]";

void sb_cilium_seed(struct sb_kube *k)
{
	cJSON *list = cJSON_Parse(definitions);
	const cJSON *notes;

	cJSON_ArrayForEach(notes, list) sb_ctl_write(k, "cilium-operator", "POST",
		"/apis/apiextensions.k8s.io/v1/customresourcedefinitions", helm_crd(notes));
	cJSON_Delete(list);
}
