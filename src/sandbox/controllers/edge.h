/*
 * edge: what lets traffic into a cluster: Traefik, when it is installed, and Cilium, which DOKS
 * brings along. Both serve Gateway API, Traefik also Ingresses.
 *
 * edge.c   who they are and where    gateway_class.c, gateway.c, http_route.c, ingress_class.c
 */
#ifndef MOK_SANDBOX_EDGE_H
#define MOK_SANDBOX_EDGE_H

#include "controllers.h"

#define SB_TRAEFIK_GATEWAY "traefik.io/gateway-controller"
#define SB_TRAEFIK_INGRESS "traefik.io/ingress-controller"
#define SB_CILIUM_GATEWAY "io.cilium/gateway-controller"
#define SB_GATEWAY_API "/apis/gateway.networking.k8s.io/v1"

/* The installed Traefik with that provider ("kubernetesgateway", "kubernetesingress"). */
struct sb_traefik {
	const cJSON *deployment, *service; /* service NULL: it has none */
};
/* False: none is up. */
bool sb_traefik_find(struct sb_kube *k, const char *provider, struct sb_traefik *out);
/* Does one of its entry points listen on that port of its container? */
bool sb_traefik_listens(const struct sb_traefik *traefik, int64_t port);

/* The controllerName of a Gateway's class if it is one that works here, or NULL. */
const char *sb_gateway_controller(struct sb_kube *k, const cJSON *gateway);
/* May routes of namespace ns attach to the listener of a Gateway in gateway_ns? */
bool sb_listener_admits(
	struct sb_kube *k, const cJSON *listener, const char *gateway_ns, const char *ns);
/* Is there a hostname that both the listener and the route serve? */
bool sb_listener_serves(const cJSON *listener, const cJSON *hostnames);

/* Appends a condition. Its lastTransitionTime is that of `before` (conditions, or NULL) while its
 * status is the same. */
struct sb_edge_condition {
	const char *type;
	bool on;
	const char *reason, *message;
};
void sb_edge_say(struct sb_kube *k, cJSON *conditions, const cJSON *before, int64_t generation,
	const struct sb_edge_condition *want);

/* Brings a Gateway's status up to date. */
void sb_gateway_serve(struct sb_kube *k, const cJSON *gateway);

#endif
