/* Ingresses get the address of Traefik's Service, when one is installed that serves their class. */
#include "edge.h"

#include <string.h>

#define API "/apis/networking.k8s.io/v1"

static void show(struct sb_kube *k, const cJSON *one, const cJSON *service)
{
	const cJSON *ingress = sb_ctl_get(k,
		mok_arena_printf(k->ctx->arena, API "/namespaces/%s/ingresses/%s",
			sb_ctl_str(one, "metadata.namespace"), sb_ctl_str(one, "metadata.name")));
	const cJSON *address = mok_json_at(service, "status.loadBalancer.ingress.0");
	cJSON *status = cJSON_CreateObject(), *list, *copy;
	const char *host = address ? sb_get_word(address, "hostname") : NULL;

	list = cJSON_AddArrayToObject(mok_json_object(status, "loadBalancer"), "ingress");
	if (address) {
		copy = cJSON_CreateObject();
		sb_set_str(copy, host ? "hostname" : "ip", host ? host : sb_get_str(address, "ip"));
		cJSON_AddItemToArray(list, copy);
	}
	if (ingress && address)
		sb_ctl_status(k, "traefik", ingress, "ingresses", status);
	else
		cJSON_Delete(status);
}

static bool is_of(const cJSON *ingress, const cJSON *class)
{
	const cJSON *notes = mok_json_at(class, "metadata.annotations");
	const char *name = mok_json_str(ingress, "spec.ingressClassName");

	if (name)
		return strcmp(name, sb_ctl_str(class, "metadata.name")) == 0;
	return mok_streq(sb_get_str(notes, "ingressclass.kubernetes.io/is-default-class"), "true");
}

static void reconcile(struct sb_kube *k, const cJSON *class)
{
	struct sb_traefik traefik;
	const cJSON *one;

	if (strcmp(sb_ctl_str(class, "spec.controller"), SB_TRAEFIK_INGRESS) != 0 ||
		!sb_traefik_find(k, "kubernetesingress", &traefik) || !traefik.service)
		return;
	cJSON_ArrayForEach(one, sb_ctl_list(k, API "/ingresses")) if (is_of(one, class))
		show(k, one, traefik.service);
}

const struct sb_controller sb_ctl_ingress_class = {
	"networking.k8s.io",
	"ingressclasses",
	reconcile,
	" deployments.apps services ingresses.networking.k8s.io ",
	NULL,
};
