/* HTTPRoutes: whether each Gateway that they name takes them, and finds what they lead to. */
#include "edge.h"

#include <string.h>

static const cJSON *gateway_of(struct sb_kube *k, const cJSON *route, const cJSON *parent)
{
	const char *ns = sb_get_word(parent, "namespace");

	return sb_ctl_get(k,
		mok_arena_printf(k->ctx->arena, SB_GATEWAY_API "/namespaces/%s/gateways/%s",
			ns ? ns : sb_ctl_str(route, "metadata.namespace"),
			sb_ctl_str(parent, "name")));
}

static struct sb_edge_condition refused(const char *reason, const char *message)
{
	return (struct sb_edge_condition){ "Accepted", false, reason, message };
}

/* The listeners are asked in the order: does it exist, does it admit, does it serve? */
static struct sb_edge_condition acceptance(
	struct sb_kube *k, const cJSON *route, const cJSON *parent, const cJSON *gateway)
{
	const char *section = sb_get_word(parent, "sectionName");
	const char *gateway_ns = sb_ctl_str(gateway, "metadata.namespace");
	int64_t port = sb_get_int(parent, "port", 0);
	bool exists = false, admitted = false;
	const cJSON *listener;

	cJSON_ArrayForEach(listener, mok_json_at(gateway, "spec.listeners"))
	{
		if ((section && !mok_streq(section, sb_get_str(listener, "name"))) ||
			(port && port != sb_get_int(listener, "port", 0)))
			continue;
		exists = true;
		if (!sb_listener_admits(
			    k, listener, gateway_ns, sb_ctl_str(route, "metadata.namespace")))
			continue;
		admitted = true;
		if (sb_listener_serves(listener, mok_json_at(route, "spec.hostnames")))
			return (struct sb_edge_condition){ "Accepted", true, "Accepted", "" };
	}
	if (!exists)
		return refused("NoMatchingParent", "No matching Parent");
	return admitted ? refused("NoMatchingListenerHostname", "No matching listener hostname")
			: refused("NotAllowedByListeners", "Not allowed by listeners");
}

static const char *missing(struct sb_kube *k, const cJSON *route, const cJSON *backend)
{
	const char *ns = sb_get_word(backend, "namespace"), *name = sb_ctl_str(backend, "name");
	const cJSON *service, *port;

	ns = ns ? ns : sb_ctl_str(route, "metadata.namespace");
	service = sb_ctl_get(
		k, mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/services/%s", ns, name));
	if (!service)
		return mok_arena_printf(k->ctx->arena,
			"Cannot load HTTPRoute BackendRef %s/%s: service not found", ns, name);
	cJSON_ArrayForEach(port, mok_json_at(service, "spec.ports"))
	{
		if (sb_get_int(port, "port", 0) == sb_get_int(backend, "port", 0))
			return NULL;
	}
	return mok_arena_printf(k->ctx->arena,
		"Cannot load HTTPRoute BackendRef %s/%s: service port not found", ns, name);
}

static struct sb_edge_condition resolution(struct sb_kube *k, const cJSON *route)
{
	const cJSON *rule, *backend;

	cJSON_ArrayForEach(rule, mok_json_at(route, "spec.rules"))
	{
		cJSON_ArrayForEach(backend, sb_get(rule, "backendRefs"))
		{
			const char *why = missing(k, route, backend);

			if (why)
				return (struct sb_edge_condition){ "ResolvedRefs", false,
					"BackendNotFound", why };
		}
	}
	return (struct sb_edge_condition){ "ResolvedRefs", true, "ResolvedRefs", "" };
}

static const cJSON *old_conditions(const cJSON *route, const cJSON *parent)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, mok_json_at(route, "status.parents"))
	{
		if (mok_json_equal(sb_get(one, "parentRef"), parent))
			return sb_get(one, "conditions");
	}
	return NULL;
}

static void add_parent(struct sb_kube *k, cJSON *parents, const cJSON *route, const cJSON *parent)
{
	const cJSON *gateway = gateway_of(k, route, parent), *before;
	const char *controller = gateway ? sb_gateway_controller(k, gateway) : NULL;
	int64_t generation = mok_json_int(route, "metadata.generation", 1);
	struct sb_edge_condition accepted, resolved;
	cJSON *one, *conditions;

	/* Without somebody who serves the Gateway nobody says anything. */
	if (!controller)
		return;
	accepted = acceptance(k, route, parent, gateway);
	resolved = resolution(k, route);
	before = old_conditions(route, parent);
	one = cJSON_CreateObject();
	mok_json_set(one, "parentRef", cJSON_Duplicate(parent, true));
	sb_set_str(one, "controllerName", controller);
	conditions = cJSON_AddArrayToObject(one, "conditions");
	sb_edge_say(k, conditions, before, generation, &accepted);
	sb_edge_say(k, conditions, before, generation, &resolved);
	cJSON_AddItemToArray(parents, one);
}

static void reconcile(struct sb_kube *k, const cJSON *route)
{
	cJSON *status = cJSON_CreateObject();
	cJSON *parents = cJSON_AddArrayToObject(status, "parents");
	const cJSON *parent;

	cJSON_ArrayForEach(parent, mok_json_at(route, "spec.parentRefs"))
		add_parent(k, parents, route, parent);
	if (parents->child || mok_json_at(route, "status.parents.0"))
		sb_ctl_status(k, "traefik", route, "httproutes", status);
	else
		cJSON_Delete(status);
}

const struct sb_controller sb_ctl_http_route = {
	"gateway.networking.k8s.io",
	"httproutes",
	reconcile,
	" gatewayclasses.gateway.networking.k8s.io gateways.gateway.networking.k8s.io services ",
	NULL,
};
