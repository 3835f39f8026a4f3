/* Services: the EndpointSlice, and the older Endpoints, of the pods that they select. One slice is
 * enough for what runs here. Not modelled: dual stack, topology hints. */
#include "controllers.h"
#include "pods.h"

#include <string.h>

enum { ENDPOINTS_MAX = 1000 };

#define SLICES "/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices"

/* ---- ports ---- */

static int64_t named_port(const cJSON *pod, const char *name)
{
	const cJSON *container, *port;

	cJSON_ArrayForEach(container, mok_json_at(pod, "spec.containers"))
	{
		cJSON_ArrayForEach(port, mok_json_at(container, "ports"))
		{
			if (strcmp(sb_ctl_str(port, "name"), name) == 0)
				return mok_json_int(port, "containerPort", 0);
		}
	}
	return 0;
}

static int64_t target_of(const cJSON *port, const struct sb_ctl_objects *pods)
{
	const cJSON *target = cJSON_GetObjectItemCaseSensitive(port, "targetPort");
	int64_t number = 0;

	if (cJSON_IsNumber(target) && target->valuedouble > 0)
		return (int64_t)target->valuedouble;
	if (!cJSON_IsString(target))
		return mok_json_int(port, "port", 0);
	for (size_t i = 0; i < pods->len && !number; i++)
		number = named_port(pods->items[i], target->valuestring);
	return number;
}

static cJSON *ports_of(const cJSON *service, const struct sb_ctl_objects *pods, bool slice)
{
	static const char *const kept[] = { "protocol", "appProtocol" };
	cJSON *list = cJSON_CreateArray(), *one;
	const cJSON *port;

	cJSON_ArrayForEach(port, mok_json_at(service, "spec.ports"))
	{
		int64_t number = target_of(port, pods);

		if (!number)
			continue;
		one = cJSON_CreateObject();
		if (slice || *sb_ctl_str(port, "name"))
			sb_set_str(one, "name", sb_ctl_str(port, "name"));
		sb_set_int(one, "port", number);
		sb_copy(one, port, kept, MOK_COUNT(kept));
		cJSON_AddItemToArray(list, one);
	}
	return list;
}

/* ---- endpoints ---- */

static bool counts(const cJSON *pod)
{
	const char *phase = sb_pod_phase(pod);

	return *sb_ctl_str(pod, "status.podIP") && strcmp(phase, "Succeeded") != 0 &&
		strcmp(phase, "Failed") != 0;
}

static cJSON *reference_to(const cJSON *pod)
{
	cJSON *one = cJSON_CreateObject();

	sb_set_str(one, "kind", "Pod");
	sb_set_str(one, "namespace", sb_ctl_str(pod, "metadata.namespace"));
	sb_set_str(one, "name", sb_ctl_str(pod, "metadata.name"));
	sb_set_str(one, "uid", sb_ctl_str(pod, "metadata.uid"));
	return one;
}

static cJSON *endpoint_of(const cJSON *service, const cJSON *pod)
{
	cJSON *one = cJSON_CreateObject(), *part;
	bool up = sb_ctl_is_true(pod, "Ready"), leaving = sb_pod_leaving(pod);
	bool all = mok_json_bool(service, "spec.publishNotReadyAddresses", false);

	part = cJSON_AddArrayToObject(one, "addresses");
	cJSON_AddItemToArray(part, cJSON_CreateString(sb_ctl_str(pod, "status.podIP")));
	part = cJSON_AddObjectToObject(one, "conditions");
	sb_set_bool(part, "ready", all || (up && !leaving));
	sb_set_bool(part, "serving", up);
	sb_set_bool(part, "terminating", leaving);
	if (*sb_ctl_str(pod, "spec.subdomain"))
		sb_set_str(one, "hostname", sb_ctl_str(pod, "spec.hostname"));
	sb_set_str(one, "nodeName", sb_ctl_str(pod, "spec.nodeName"));
	cJSON_AddItemToObject(one, "targetRef", reference_to(pod));
	return one;
}

static cJSON *address_of(const cJSON *pod)
{
	cJSON *one = cJSON_CreateObject();

	sb_set_str(one, "ip", sb_ctl_str(pod, "status.podIP"));
	sb_set_str(one, "nodeName", sb_ctl_str(pod, "spec.nodeName"));
	cJSON_AddItemToObject(one, "targetRef", reference_to(pod));
	return one;
}

/* ---- objects ---- */

/* Writes it unless it is so already. parts: what must be equal. */
static void put(struct sb_kube *k, const char *list, cJSON *object, const char *const *parts)
{
	const char *name = sb_ctl_str(object, "metadata.name");
	const char *path = mok_arena_printf(k->ctx->arena, "%s/%s", list, name);
	const cJSON *have = sb_ctl_get(k, path);
	bool same = have;

	for (; *parts && same; parts++) {
		const cJSON *a = cJSON_GetObjectItemCaseSensitive(have, *parts);
		const cJSON *b = cJSON_GetObjectItemCaseSensitive(object, *parts);

		same = (!cJSON_GetArraySize(a) && !cJSON_GetArraySize(b)) || mok_json_equal(a, b);
	}
	if (same)
		cJSON_Delete(object);
	else
		sb_ctl_write(k, SB_MANAGER, have ? "PUT" : "POST", have ? path : list, object);
}

static cJSON *named(const cJSON *service, const char *name)
{
	cJSON *object = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(object, "metadata");

	sb_set_str(meta, "name", name);
	if (mok_json_at(service, "metadata.labels"))
		cJSON_AddItemToObject(meta, "labels",
			cJSON_Duplicate(mok_json_at(service, "metadata.labels"), true));
	return object;
}

/* Its name ends in what the Service's uid begins with, so that it is found again. */
static const char *slice_name(struct sb_kube *k, const cJSON *service)
{
	return mok_arena_printf(k->ctx->arena, "%s-%.5s", sb_ctl_str(service, "metadata.name"),
		sb_ctl_str(service, "metadata.uid"));
}

static void put_slice(struct sb_kube *k, const cJSON *service, const struct sb_ctl_objects *pods)
{
	static const char *const parts[] = { "endpoints", "ports", NULL };
	cJSON *slice = named(service, slice_name(k, service)), *list, *labels;

	labels = mok_json_object(mok_json_object(slice, "metadata"), "labels");
	sb_set_str(mok_json_object(slice, "metadata"), "generateName",
		mok_arena_printf(k->ctx->arena, "%s-", sb_ctl_str(service, "metadata.name")));
	sb_set_str(labels, "endpointslice.kubernetes.io/managed-by",
		"endpointslice-controller.k8s.io");
	sb_set_str(labels, "kubernetes.io/service-name", sb_ctl_str(service, "metadata.name"));
	sb_ctl_own(slice, service);
	sb_set_str(slice, "addressType", "IPv4");
	list = cJSON_AddArrayToObject(slice, "endpoints");
	for (size_t i = 0; i < pods->len && i < ENDPOINTS_MAX; i++)
		if (counts(pods->items[i]))
			cJSON_AddItemToArray(list, endpoint_of(service, pods->items[i]));
	cJSON_AddItemToObject(slice, "ports", ports_of(service, pods, true));
	put(k, mok_arena_printf(k->ctx->arena, SLICES, sb_ctl_str(service, "metadata.namespace")),
		slice, parts);
}

static void add_some(cJSON *subset, const char *name, cJSON *list)
{
	if (list->child)
		cJSON_AddItemToObject(subset, name, list);
	else
		cJSON_Delete(list);
}

static cJSON *subsets_of(const cJSON *service, const struct sb_ctl_objects *pods)
{
	cJSON *up = cJSON_CreateArray(), *down = cJSON_CreateArray(), *subset, *list;

	for (size_t i = 0; i < pods->len && i < ENDPOINTS_MAX; i++) {
		const cJSON *pod = pods->items[i];

		if (counts(pod) && !sb_pod_leaving(pod))
			cJSON_AddItemToArray(
				sb_ctl_is_true(pod, "Ready") ? up : down, address_of(pod));
	}
	list = cJSON_CreateArray();
	subset = cJSON_CreateObject();
	add_some(subset, "addresses", up);
	add_some(subset, "notReadyAddresses", down);
	if (!subset->child) {
		cJSON_Delete(subset);
		return list;
	}
	cJSON_AddItemToObject(subset, "ports", ports_of(service, pods, false));
	cJSON_AddItemToArray(list, subset);
	return list;
}

static void put_endpoints(
	struct sb_kube *k, const cJSON *service, const struct sb_ctl_objects *pods)
{
	static const char *const parts[] = { "subsets", NULL };
	cJSON *object = named(service, sb_ctl_str(service, "metadata.name"));

	sb_set_str(mok_json_object(mok_json_object(object, "metadata"), "labels"),
		"endpoints.kubernetes.io/managed-by", "endpoint-controller");
	cJSON_AddItemToObject(object, "subsets", subsets_of(service, pods));
	put(k,
		mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/endpoints",
			sb_ctl_str(service, "metadata.namespace")),
		object, parts);
}

static void reconcile(struct sb_kube *k, const cJSON *service)
{
	const cJSON *labels = mok_json_at(service, "spec.selector");
	struct sb_ctl_objects pods;
	cJSON *selector;

	if (!cJSON_IsObject(labels) || !labels->child ||
		*sb_ctl_str(service, "metadata.deletionTimestamp"))
		return;
	selector = sb_own(k->ctx, cJSON_CreateObject());
	cJSON_AddItemToObject(selector, "matchLabels", cJSON_Duplicate(labels, true));
	pods = sb_ctl_selected(k, "pods", sb_ctl_str(service, "metadata.namespace"), selector);
	put_slice(k, service, &pods);
	put_endpoints(k, service, &pods);
}

/* The slice is owned; the Endpoints are of the same name. */
static void gone(struct sb_kube *k, const cJSON *service)
{
	sb_ctl_write(k, SB_MANAGER, "DELETE",
		mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/endpoints/%s",
			sb_ctl_str(service, "metadata.namespace"),
			sb_ctl_str(service, "metadata.name")),
		NULL);
}

const struct sb_controller sb_ctl_endpoints = { "", "services", reconcile, " pods ", gone };
