/*
 * GatewayClasses: accepted when what serves them is up. Since that may be in another namespace
 * than the Gateways, they are looked at from here too.
 */
#include "edge.h"

#include <string.h>

static const char *handler(struct sb_kube *k, const cJSON *class)
{
	const char *name = sb_ctl_str(class, "spec.controllerName");
	struct sb_traefik traefik;

	if (strcmp(name, SB_CILIUM_GATEWAY) == 0)
		return "Valid GatewayClass";
	if (strcmp(name, SB_TRAEFIK_GATEWAY) == 0 &&
		sb_traefik_find(k, "kubernetesgateway", &traefik))
		return "Handled by Traefik controller";
	return NULL;
}

static void serve_gateways(struct sb_kube *k, const char *class)
{
	const cJSON *one, *gateway;

	cJSON_ArrayForEach(one, sb_ctl_list(k, SB_GATEWAY_API "/gateways"))
	{
		if (strcmp(sb_ctl_str(one, "spec.gatewayClassName"), class) != 0)
			continue;
		gateway = sb_ctl_get(k,
			mok_arena_printf(k->ctx->arena, SB_GATEWAY_API "/namespaces/%s/gateways/%s",
				sb_ctl_str(one, "metadata.namespace"),
				sb_ctl_str(one, "metadata.name")));
		if (gateway)
			sb_gateway_serve(k, gateway);
	}
}

static void reconcile(struct sb_kube *k, const cJSON *class)
{
	const char *message = handler(k, class);
	const struct sb_edge_condition accepted = { "Accepted", true, "Accepted", message };
	cJSON *status, *conditions;

	/* Nobody takes back what one that is gone said. */
	if (!message)
		return;
	status = cJSON_CreateObject();
	conditions = cJSON_AddArrayToObject(status, "conditions");
	sb_edge_say(k, conditions, mok_json_at(class, "status.conditions"),
		mok_json_int(class, "metadata.generation", 1), &accepted);
	sb_ctl_status(k,
		strcmp(sb_ctl_str(class, "spec.controllerName"), SB_CILIUM_GATEWAY) == 0
			? "cilium-operator"
			: "traefik",
		class, "gatewayclasses", status);
	serve_gateways(k, sb_ctl_str(class, "metadata.name"));
}

const struct sb_controller sb_ctl_gateway_class = {
	"gateway.networking.k8s.io",
	"gatewayclasses",
	reconcile,
	" deployments.apps services ",
	NULL,
};
