/* Namespaces: what each begins with, and how it ends. */
#include "apiserver_internal.h"
#include "data.h"

#include <stdlib.h>

static cJSON *load_namespace(struct ks_req *r, const char *name)
{
	const struct mok_apiserver_key key = { "namespaces", "", name };

	return ks_load_key(r, &key);
}

bool ks_namespace_open(struct ks_req *r, const char *name)
{
	const cJSON *ns = load_namespace(r, r->ns);
	const char *text;
	cJSON *details, *cause;

	if (!ns)
		return ks_not_found(r, "namespaces", r->ns);
	if (strcmp(ks_str(ns, "status.phase"), "Terminating") != 0)
		return true;
	details = ks_details(name, r->resource->group, r->resource->name);
	cause = cJSON_CreateObject();
	cJSON_AddStringToObject(cause, "reason", "NamespaceTerminating");
	text = ks_printf(r, "namespace %s is being terminated", r->ns);
	cJSON_AddStringToObject(cause, "message", text);
	cJSON_AddStringToObject(cause, "field", "metadata.namespace");
	cJSON_AddItemToArray(cJSON_AddArrayToObject(details, "causes"), cause);
	return ks_fail_details(r, 403, "Forbidden",
		ks_printf(r,
			"%s \"%s\" is forbidden: unable to create new content in namespace %s "
			"because "
			"it is being terminated",
			r->resource->full, name, r->ns),
		details);
}

/* ---- furniture ---- */

static void put(struct ks_req *r, const char *resource, const char *group, const char *version,
	cJSON *object)
{
	const struct ks_resource *res = ks_resource_find(r, group, version, resource);
	cJSON *meta = mok_json_object(object, "metadata");
	char time[21];

	ks_own(r, object);
	mok_format_time(r->now_ms, time);
	ks_stamp(r, object, res);
	ks_set_str(meta, "uid", ks_uuid(r));
	ks_set_str(meta, "creationTimestamp", time);
	ks_store_put(r, res, object, NULL);
}

static cJSON *named(const char *ns, const char *name)
{
	cJSON *object = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(object, "metadata");

	cJSON_AddStringToObject(meta, "name", name);
	if (ns)
		cJSON_AddStringToObject(meta, "namespace", ns);
	return object;
}

/* Every namespace's copy says what the one of kube-system says. */
static const char *ca_of(struct ks_req *r)
{
	const struct mok_apiserver_key key = { "configmaps", "kube-system", "kube-root-ca.crt" };
	const cJSON *map = ks_load_key(r, &key);
	const cJSON *text = ks_at(ks_at(map, "data"), "ca.crt");

	return cJSON_IsString(text) ? text->valuestring : "";
}

static void furnish(struct ks_req *r, const char *ns, const char *ca)
{
	cJSON *map = named(ns, "kube-root-ca.crt");

	cJSON_AddStringToObject(
		cJSON_AddObjectToObject(mok_json_object(map, "metadata"), "annotations"),
		"kubernetes.io/description",
		"Contains a CA bundle that can be used to verify the kube-apiserver when using "
		"internal endpoints such as the internal service IP or "
		"kubernetes.default.svc. No other usage is guaranteed across distributions of "
		"Kubernetes clusters.");
	cJSON_AddStringToObject(cJSON_AddObjectToObject(map, "data"), "ca.crt", ca);
	put(r, "configmaps", "", "v1", map);
	put(r, "serviceaccounts", "", "v1", named(ns, "default"));
}

void ks_namespace_furnish(struct ks_req *r, const char *ns)
{
	if (!r->dry_run)
		furnish(r, ns, ca_of(r));
}

/* ---- the end ---- */

struct emptying {
	struct ks_req *r;
	const char *ns;
	MOK_VEC(const char *) resources;
	MOK_VEC(cJSON *) found;
	size_t left;
};

static void take_resource(void *context, const char *resource)
{
	struct emptying *e = context;

	mok_vec_push(e->r->arena, &e->resources, mok_arena_strdup(e->r->arena, resource));
}

static bool take_item(void *context, const struct mok_apiserver_item *item)
{
	struct emptying *e = context;

	mok_vec_push(e->r->arena, &e->found, ks_own(e->r, ks_parse_item(e->r, item)));
	return true;
}

/* What nobody holds goes at once; the rest is told to. */
static void empty_resource(struct emptying *e, const char *resource)
{
	struct ks_req *r = e->r;
	const struct ks_resource res = { .full = resource, .stored = resource };
	char time[21];

	e->found.len = 0;
	r->store->list(r->store->self, resource, e->ns, NULL, take_item, e);
	mok_format_time(r->now_ms, time);
	for (size_t i = 0; i < e->found.len; i++) {
		cJSON *object = e->found.items[i], *before,
		      *meta = mok_json_object(object, "metadata");

		if (!mok_json_at(meta, "finalizers.0")) {
			struct mok_apiserver_event event = { .type = "DELETED" };
			char *text = cJSON_PrintUnformatted(object);

			event.before = text;
			event.item = (struct mok_apiserver_item){ { resource, e->ns,
									  ks_str(meta, "name") },
				r->store->version(r->store->self, true), text, strlen(text) };
			r->store->remove(r->store->self, &event);
			cJSON_free(text);
			continue;
		}
		e->left++;
		if (*ks_str(meta, "deletionTimestamp"))
			continue;
		before = ks_own(r, cJSON_Duplicate(object, true));
		ks_set_str(meta, "deletionTimestamp", time);
		mok_json_set(meta, "deletionGracePeriodSeconds", cJSON_CreateNumber(0));
		ks_store_put(r, &res, object, before);
	}
}

void ks_namespace_drain(struct ks_req *r, const char *ns)
{
	struct emptying e = { .r = r, .ns = ns };
	cJSON *space = load_namespace(r, ns), *before;

	if (!space || !*ks_str(space, "metadata.deletionTimestamp"))
		return;
	r->store->resources(r->store->self, ns, take_resource, &e);
	for (size_t i = 0; i < e.resources.len; i++)
		empty_resource(&e, e.resources.items[i]);
	if (e.left)
		return;
	before = ks_own(r, cJSON_Duplicate(space, true));
	cJSON_DeleteItemFromObjectCaseSensitive(mok_json_object(space, "spec"), "finalizers");
	if (mok_json_at(space, "metadata.finalizers.0"))
		ks_store_put(r, ks_resource_find(r, "", "v1", "namespaces"), space, before);
	else
		ks_store_remove(r, ks_resource_find(r, "", "v1", "namespaces"), space);
}

/* ---- a new cluster ---- */

static void seed_namespace(struct ks_req *r, const char *name, const char *ca)
{
	cJSON *ns = named(NULL, name), *finalizers;

	cJSON_AddStringToObject(cJSON_AddObjectToObject(mok_json_object(ns, "metadata"), "labels"),
		"kubernetes.io/metadata.name", name);
	finalizers = cJSON_AddArrayToObject(cJSON_AddObjectToObject(ns, "spec"), "finalizers");
	cJSON_AddItemToArray(finalizers, cJSON_CreateString("kubernetes"));
	cJSON_AddStringToObject(cJSON_AddObjectToObject(ns, "status"), "phase", "Active");
	put(r, "namespaces", "", "v1", ns);
	furnish(r, name, ca);
}

static void seed_priority(struct ks_req *r, const char *name, double value)
{
	cJSON *class = named(NULL, name);

	mok_json_set(mok_json_object(class, "metadata"), "generation", cJSON_CreateNumber(1));
	cJSON_AddNumberToObject(class, "value", value);
	cJSON_AddStringToObject(class, "description",
		"Used for system critical pods that must run in the cluster.");
	cJSON_AddStringToObject(class, "preemptionPolicy", "PreemptLowerPriority");
	put(r, "priorityclasses", "scheduling.k8s.io", "v1", class);
}

static void seed_service(struct ks_req *r)
{
	static const char text[] =
		"{\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\",\"labels\":"
		"{\"component\":\"apiserver\",\"provider\":\"kubernetes\"}},\"spec\":{\"ports\":[{"
		"\"name\":\"https\",\"protocol\":\"TCP\",\"port\":443,\"targetPort\":443}],"
		"\"clusterIP\":\"10.245.0.1\",\"clusterIPs\":[\"10.245.0.1\"],\"type\":"
		"\"ClusterIP\","
		"\"sessionAffinity\":\"None\",\"ipFamilies\":[\"IPv4\"],\"ipFamilyPolicy\":"
		"\"SingleStack\",\"internalTrafficPolicy\":\"Cluster\"},\"status\":{"
		"\"loadBalancer\":{}}}";

	put(r, "services", "", "v1", mok_json_parse(text, sizeof(text) - 1));
}

/* Those of DOKS, as its documentation names them; the first is the default. */
static void seed_storage(struct ks_req *r)
{
	static const struct {
		const char *name, *policy, *filesystem;
	} classes[] = {
		{ "do-block-storage", "Delete", NULL },
		{ "do-block-storage-retain", "Retain", NULL },
		{ "do-block-storage-xfs", "Delete", "xfs" },
		{ "do-block-storage-xfs-retain", "Retain", "xfs" },
	};

	for (size_t i = 0; i < MOK_COUNT(classes); i++) {
		cJSON *class = named(NULL, classes[i].name);

		if (i == 0)
			cJSON_AddStringToObject(
				mok_json_object(mok_json_object(class, "metadata"), "annotations"),
				"storageclass.kubernetes.io/is-default-class", "true");
		ks_set_str(class, "provisioner", "dobs.csi.digitalocean.com");
		if (classes[i].filesystem)
			ks_set_str(mok_json_object(class, "parameters"),
				"csi.storage.k8s.io/fstype", classes[i].filesystem);
		ks_set_str(class, "reclaimPolicy", classes[i].policy);
		cJSON_AddTrueToObject(class, "allowVolumeExpansion");
		ks_set_str(class, "volumeBindingMode", "Immediate");
		put(r, "storageclasses", "storage.k8s.io", "v1", class);
	}
}

/* Cilium serves it without being asked. */
static void seed_gateway_class(struct ks_req *r)
{
	cJSON *class = named(NULL, "cilium"), *meta = mok_json_object(class, "metadata");

	mok_json_set(meta, "generation", cJSON_CreateNumber(1));
	ks_set_str(
		mok_json_object(class, "spec"), "controllerName", "io.cilium/gateway-controller");
	put(r, "gatewayclasses", "gateway.networking.k8s.io", "v1", class);
}

cJSON *mok_apiserver_gateway_crds(void)
{
	return mok_json_parse(ks_data_gateway_crds.text, ks_data_gateway_crds.len);
}

void mok_apiserver_seed(struct mok_apiserver *server, const struct mok_apiserver_store *store,
	const char *ca, int64_t now_ms)
{
	static const char *const names[] = { "kube-system", "kube-public", "kube-node-lease",
		"default" };
	struct mok_arena *arena = mok_arena_new();
	struct ks_req r = { .server = server, .store = store, .arena = arena, .now_ms = now_ms };
	cJSON *crds, *crd;

	for (size_t i = 0; i < MOK_COUNT(names); i++)
		seed_namespace(&r, names[i], ca);
	seed_priority(&r, "system-cluster-critical", 2000000000);
	seed_priority(&r, "system-node-critical", 2000001000);
	seed_service(&r);
	seed_storage(&r);
	crds = ks_own(&r, mok_apiserver_gateway_crds());
	cJSON_ArrayForEach(crd, ks_at(crds, "items"))
	{
		cJSON *copy = cJSON_Duplicate(crd, true);

		ks_crd_settle(&r, copy);
		mok_json_set(
			mok_json_object(copy, "metadata"), "generation", cJSON_CreateNumber(1));
		put(&r, "customresourcedefinitions", "apiextensions.k8s.io", "v1", copy);
	}
	seed_gateway_class(&r);
	for (size_t i = 0; i < r.owned.len; i++)
		cJSON_Delete(r.owned.items[i]);
	mok_arena_free(arena);
}
