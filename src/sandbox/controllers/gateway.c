/*
 * Gateways. Traefik finds a listener's entry point by the port of its own container and shows its
 * Service's address; Cilium makes a Service of type LoadBalancer for each Gateway. A listener with
 * a certificate that is not there makes the whole Gateway invalid, but leaves the others working.
 */
#include "edge.h"

#include <stdio.h>
#include <string.h>

/* ---- listeners ---- */

static const char *bad_certificate(struct sb_kube *k, const cJSON *listener, const char *ns)
{
	const char *name = mok_json_str(listener, "tls.certificateRefs.0.name");
	const char *other = mok_json_str(listener, "tls.certificateRefs.0.namespace");
	const cJSON *secret;

	if (!mok_streq(sb_get_str(listener, "protocol"), "HTTPS"))
		return NULL;
	if (!name)
		return "One TLS CertificateRef is required in Terminate mode";
	secret = sb_ctl_get(k,
		mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/secrets/%s",
			other ? other : ns, name));
	if (!secret)
		return mok_arena_printf(k->ctx->arena,
			"Error while retrieving certificate: getting secret: secret %s/%s does not "
			"exist",
			other ? other : ns, name);
	if (!mok_json_at(secret, "data") || !sb_get(mok_json_at(secret, "data"), "tls.crt"))
		return "Error while retrieving certificate: no tls.crt in the secret";
	return NULL;
}

static int64_t routes_of(struct sb_kube *k, const cJSON *gateway, const cJSON *listener)
{
	const char *ns = sb_ctl_str(gateway, "metadata.namespace");
	const cJSON *route, *parent;
	int64_t count = 0;

	cJSON_ArrayForEach(route, sb_ctl_list(k, SB_GATEWAY_API "/httproutes"))
	{
		const char *own = sb_ctl_str(route, "metadata.namespace");

		cJSON_ArrayForEach(parent, mok_json_at(route, "spec.parentRefs"))
		{
			const char *at = sb_get_str(parent, "namespace");
			const char *section = sb_get_word(parent, "sectionName");

			count += strcmp(sb_ctl_str(parent, "name"),
					 sb_ctl_str(gateway, "metadata.name")) == 0 &&
				strcmp(at ? at : own, ns) == 0 &&
				(!section || mok_streq(section, sb_get_str(listener, "name"))) &&
				sb_listener_admits(k, listener, ns, own) &&
				sb_listener_serves(listener, mok_json_at(route, "spec.hostnames"));
		}
	}
	return count;
}

static const cJSON *old_listener(const cJSON *gateway, const char *name)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, mok_json_at(gateway, "status.listeners"))
	{
		if (mok_streq(sb_get_str(one, "name"), name))
			return sb_get(one, "conditions");
	}
	return NULL;
}

static cJSON *kinds_of(const cJSON *listener)
{
	const char *protocol = sb_get_str(listener, "protocol");
	bool http = mok_streq(protocol, "HTTP") || mok_streq(protocol, "HTTPS");
	static const char *const kinds[] = { "HTTPRoute", "GRPCRoute" };
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; http && i < MOK_COUNT(kinds); i++) {
		cJSON *one = cJSON_CreateObject();

		sb_set_str(one, "group", "gateway.networking.k8s.io");
		sb_set_str(one, "kind", kinds[i]);
		cJSON_AddItemToArray(list, one);
	}
	return list;
}

/* What is wrong with a listener: the condition that says so; on where nothing is. */
static struct sb_edge_condition fault_of(struct sb_kube *k, const cJSON *gateway,
	const cJSON *listener, const struct sb_traefik *traefik)
{
	int64_t port = sb_get_int(listener, "port", 0);
	const char *text;

	if (traefik && !sb_traefik_listens(traefik, port))
		return (struct sb_edge_condition){ "Accepted", false, "PortUnavailable",
			mok_arena_printf(k->ctx->arena,
				"Cannot find entryPoint for Gateway: no matching entryPoint for "
				"port "
				"%lld and protocol %s",
				(long long)port, sb_ctl_str(listener, "protocol")) };
	text = bad_certificate(k, listener, sb_ctl_str(gateway, "metadata.namespace"));
	if (text)
		return (struct sb_edge_condition){ "ResolvedRefs", false, "InvalidCertificateRef",
			text };
	return (struct sb_edge_condition){ "Programmed", true, "Programmed", "No error found" };
}

/* False: it does not work. */
static bool add_listener(struct sb_kube *k, cJSON *list, const cJSON *gateway,
	const cJSON *listener, const struct sb_traefik *traefik)
{
	static const char *const reasons[] = { "Accepted", "ResolvedRefs", "Programmed" };
	struct sb_edge_condition fault = fault_of(k, gateway, listener, traefik);
	const cJSON *before = old_listener(gateway, sb_get_str(listener, "name"));
	int64_t generation = mok_json_int(gateway, "metadata.generation", 1);
	cJSON *one = cJSON_CreateObject(), *conditions;

	sb_set_str(one, "name", sb_get_str(listener, "name"));
	mok_json_set(one, "supportedKinds", kinds_of(listener));
	sb_set_int(one, "attachedRoutes", routes_of(k, gateway, listener));
	conditions = cJSON_AddArrayToObject(one, "conditions");
	for (size_t i = 0; i < MOK_COUNT(reasons); i++) {
		struct sb_edge_condition want = { reasons[i], true, reasons[i], "No error found" };

		if (!fault.on && strcmp(fault.type, reasons[i]) == 0)
			want = fault;
		else if (!fault.on && i == 2)
			want = (struct sb_edge_condition){ "Programmed", false, "Invalid",
				fault.message };
		sb_edge_say(k, conditions, before, generation, &want);
	}
	cJSON_AddItemToArray(list, one);
	return fault.on;
}

/* ---- Cilium's Service ---- */

static cJSON *cilium_ports(const cJSON *gateway)
{
	cJSON *ports = cJSON_CreateArray();
	const cJSON *listener, *have;

	cJSON_ArrayForEach(listener, mok_json_at(gateway, "spec.listeners"))
	{
		int64_t port = sb_get_int(listener, "port", 0);
		cJSON *one = cJSON_CreateObject();
		char name[32];
		bool known = false;

		cJSON_ArrayForEach(have, ports) known |= sb_get_int(have, "port", 0) == port;
		snprintf(name, sizeof(name), "port-%lld", (long long)port);
		sb_set_str(one, "name", name);
		sb_set_int(one, "port", port);
		sb_set_str(one, "protocol", "TCP");
		if (known)
			cJSON_Delete(one);
		else
			cJSON_AddItemToArray(ports, one);
	}
	return ports;
}

static const cJSON *cilium_service(struct sb_kube *k, const cJSON *gateway)
{
	const char *ns = sb_ctl_str(gateway, "metadata.namespace");
	const char *name = mok_arena_printf(
		k->ctx->arena, "cilium-gateway-%s", sb_ctl_str(gateway, "metadata.name"));
	const cJSON *notes = mok_json_at(gateway, "spec.infrastructure.annotations");
	cJSON *service = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(service, "metadata");
	const char *path =
		mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/services/%s", ns, name);

	sb_set_str(service, "apiVersion", "v1");
	sb_set_str(service, "kind", "Service");
	sb_set_str(meta, "name", name);
	sb_set_str(meta, "namespace", ns);
	sb_set_str(mok_json_object(meta, "labels"), "io.cilium.gateway/owning-gateway",
		sb_ctl_str(gateway, "metadata.name"));
	if (notes)
		mok_json_set(meta, "annotations", cJSON_Duplicate(notes, true));
	sb_ctl_own(service, gateway);
	sb_set_str(mok_json_object(service, "spec"), "type", "LoadBalancer");
	mok_json_set(mok_json_object(service, "spec"), "ports", cilium_ports(gateway));
	sb_ctl_write(k, "cilium-operator", "APPLY",
		mok_arena_printf(k->ctx->arena, "%s?fieldManager=cilium-operator&force=true", path),
		service);
	return sb_ctl_get(k, path);
}

/* ---- the Gateway ---- */

static cJSON *addresses_of(const cJSON *service)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *ingress;

	cJSON_ArrayForEach(ingress, mok_json_at(service, "status.loadBalancer.ingress"))
	{
		const char *host = sb_get_word(ingress, "hostname");
		cJSON *one = cJSON_CreateObject();

		sb_set_str(one, "type", host ? "Hostname" : "IPAddress");
		sb_set_str(one, "value", host ? host : sb_get_str(ingress, "ip"));
		cJSON_AddItemToArray(list, one);
	}
	return list;
}

static void say_gateway(
	struct sb_kube *k, const cJSON *gateway, cJSON *status, bool valid, bool needs_address)
{
	static const char fine[] = "Gateway successfully scheduled";
	const struct sb_edge_condition accepted = { "Accepted", valid,
		valid ? "Accepted" : "ListenersNotValid",
		valid ? fine : "All Listeners must be valid" };
	bool there = !needs_address || mok_json_at(status, "addresses.0");
	const struct sb_edge_condition programmed = { "Programmed", valid && there,
		!valid          ? "Invalid"
			: there ? "Programmed"
				: "AddressNotAssigned",
		!valid          ? "All Listeners must be valid"
			: there ? fine
				: "Address is not ready" };
	cJSON *conditions = cJSON_AddArrayToObject(status, "conditions");
	const cJSON *before = mok_json_at(gateway, "status.conditions");
	int64_t generation = mok_json_int(gateway, "metadata.generation", 1);

	sb_edge_say(k, conditions, before, generation, &accepted);
	sb_edge_say(k, conditions, before, generation, &programmed);
}

void sb_gateway_serve(struct sb_kube *k, const cJSON *gateway)
{
	const char *controller = sb_gateway_controller(k, gateway);
	bool cilium = mok_streq(controller, SB_CILIUM_GATEWAY), valid = true;
	struct sb_traefik traefik = { NULL, NULL };
	cJSON *status, *listeners;
	const cJSON *listener, *service;

	if (!controller || (!cilium && !sb_traefik_find(k, "kubernetesgateway", &traefik)))
		return;
	service = cilium ? cilium_service(k, gateway) : traefik.service;
	status = cJSON_CreateObject();
	mok_json_set(status, "addresses", addresses_of(service));
	listeners = cJSON_AddArrayToObject(status, "listeners");
	cJSON_ArrayForEach(listener, mok_json_at(gateway, "spec.listeners")) valid &=
		add_listener(k, listeners, gateway, listener, cilium ? NULL : &traefik);
	say_gateway(k, gateway, status, valid, cilium);
	sb_ctl_status(k, cilium ? "cilium-operator" : "traefik", gateway, "gateways", status);
}

static void reconcile(struct sb_kube *k, const cJSON *gateway)
{
	if (!*sb_ctl_str(gateway, "metadata.deletionTimestamp"))
		sb_gateway_serve(k, gateway);
}

const struct sb_controller sb_ctl_gateway = {
	"gateway.networking.k8s.io",
	"gateways",
	reconcile,
	" gatewayclasses.gateway.networking.k8s.io httproutes.gateway.networking.k8s.io secrets "
	"services ",
	NULL,
};
