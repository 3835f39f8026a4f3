/* What the server itself puts into objects before they are stored, and what its policies refuse. */
#include "apiserver_internal.h"

#include <stdlib.h>

static void admit_namespace(struct ks_req *r, const cJSON *before, cJSON *object)
{
	cJSON *spec;

	(void)r;
	spec = mok_json_object(object, "spec");
	if (!before && !ks_at(spec, "finalizers"))
		cJSON_AddItemToArray(cJSON_AddArrayToObject(spec, "finalizers"),
			cJSON_CreateString("kubernetes"));
	mok_json_object(object, "status");
	if (!*ks_str(object, "status.phase"))
		ks_set_str(ks_item(object, "status"), "phase", "Active");
}

/* stringData is written, never read: it becomes data. */
static void admit_secret(struct ks_req *r, const cJSON *before, cJSON *object)
{
	const cJSON *text = ks_at(object, "stringData"), *one;

	(void)before;
	if (!text)
		return;
	cJSON_ArrayForEach(one, text) if (cJSON_IsString(one))
		ks_set_str(mok_json_object(object, "data"), one->string,
			mok_base64(r->arena, one->valuestring, strlen(one->valuestring)));
	cJSON_DeleteItemFromObjectCaseSensitive(object, "stringData");
}

static bool has_address(void *context, const struct mok_apiserver_item *item)
{
	struct {
		const char *text;
		bool found;
	} *search = context;
	cJSON *object = cJSON_ParseWithLength(item->text, item->len);

	search->found |= mok_streq(mok_json_str(object, "spec.clusterIP"), search->text);
	cJSON_Delete(object);
	return !search->found;
}

/* Of 10.245.0.0/16, DOKS's usual range. */
static const char *free_address(struct ks_req *r)
{
	for (int tries = 0; tries < 1000; tries++) {
		uint64_t n = r->store->draw(r->store->self);
		struct {
			const char *text;
			bool found;
		} search = { ks_printf(r, "10.245.%d.%d", (int)(n >> 8 & 255), (int)(n % 253 + 2)),
			false };

		r->store->list(r->store->self, "services", NULL, NULL, has_address, &search);
		if (!search.found)
			return search.text;
	}
	return "10.245.255.254";
}

static cJSON *draw_node_port(struct ks_req *r)
{
	return cJSON_CreateNumber((double)(30000 + r->store->draw(r->store->self) % 2768));
}

static void assign_node_ports(struct ks_req *r, cJSON *spec)
{
	cJSON *port;

	cJSON_ArrayForEach(port, ks_at(spec, "ports")) if (!mok_json_int(port, "nodePort", 0))
		mok_json_set(port, "nodePort", draw_node_port(r));
}

/* What was assigned stays, if the client does not say otherwise. */
static void keep_assigned(cJSON *spec, const cJSON *old)
{
	static const char *const names[] = { "clusterIP", "clusterIPs", "ipFamilies",
		"ipFamilyPolicy", "healthCheckNodePort" };
	cJSON *port;

	for (size_t i = 0; i < MOK_COUNT(names); i++)
		if (!ks_at(spec, names[i]) && ks_at(old, names[i]))
			cJSON_AddItemToObject(
				spec, names[i], cJSON_Duplicate(ks_at(old, names[i]), true));
	cJSON_ArrayForEach(port, ks_at(spec, "ports"))
	{
		const cJSON *was;

		cJSON_ArrayForEach(was, ks_at(old, "ports")) if (!ks_at(port, "nodePort") &&
			ks_at(was, "nodePort") &&
			ks_same(ks_at(was, "port"), ks_at(port, "port")) &&
			ks_same(ks_at(was, "protocol"), ks_at(port, "protocol")))
			cJSON_AddItemToObject(
				port, "nodePort", cJSON_Duplicate(ks_at(was, "nodePort"), true));
	}
}

static void admit_service(struct ks_req *r, const cJSON *before, cJSON *object)
{
	cJSON *spec = mok_json_object(object, "spec"), *list;
	const char *type = ks_str(spec, "type");

	if (strcmp(type, "ExternalName") == 0)
		return;
	if (before)
		keep_assigned(spec, ks_at(before, "spec"));
	if (!*ks_str(spec, "clusterIP"))
		ks_set_str(spec, "clusterIP", free_address(r));
	if (!ks_at(spec, "clusterIPs")) {
		list = cJSON_AddArrayToObject(spec, "clusterIPs");
		cJSON_AddItemToArray(list, cJSON_CreateString(ks_str(spec, "clusterIP")));
	}
	if (!ks_at(spec, "ipFamilies")) {
		list = cJSON_AddArrayToObject(spec, "ipFamilies");
		cJSON_AddItemToArray(list, cJSON_CreateString("IPv4"));
	}
	if (!ks_at(spec, "ipFamilyPolicy"))
		ks_set_str(spec, "ipFamilyPolicy", "SingleStack");
	if (strcmp(type, "NodePort") == 0 ||
		(strcmp(type, "LoadBalancer") == 0 &&
			mok_json_bool(spec, "allocateLoadBalancerNodePorts", true)))
		assign_node_ports(r, spec);
	if (strcmp(type, "LoadBalancer") == 0 &&
		strcmp(ks_str(spec, "externalTrafficPolicy"), "Local") == 0 &&
		!ks_at(spec, "healthCheckNodePort"))
		mok_json_set(spec, "healthCheckNodePort", draw_node_port(r));
}

static void tolerate(cJSON *spec, const char *key)
{
	cJSON *list = ks_item(spec, "tolerations"), *one;
	const cJSON *have;

	cJSON_ArrayForEach(have, list)
	{
		const char *known = ks_str(have, "key");

		if (strcmp(known, key) == 0 ||
			(!*known && strcmp(ks_str(have, "operator"), "Exists") == 0))
			return;
	}
	if (!list)
		list = cJSON_AddArrayToObject(spec, "tolerations");
	one = cJSON_CreateObject();
	cJSON_AddStringToObject(one, "key", key);
	cJSON_AddStringToObject(one, "operator", "Exists");
	cJSON_AddStringToObject(one, "effect", "NoExecute");
	cJSON_AddNumberToObject(one, "tolerationSeconds", 300);
	cJSON_AddItemToArray(list, one);
}

static bool give_priority(struct ks_req *r, cJSON *object)
{
	cJSON *spec = mok_json_object(object, "spec");
	const char *name = ks_str(spec, "priorityClassName");
	const struct mok_apiserver_key key = { "priorityclasses.scheduling.k8s.io", "", name };
	const cJSON *class = *name ? ks_load_key(r, &key) : NULL;

	if (*name && !class)
		return ks_forbidden(r, ks_str(object, "metadata.name"),
			ks_printf(r, "no PriorityClass with name %s was found", name));
	mok_json_set(spec, "priority", cJSON_CreateNumber((double)mok_json_int(class, "value", 0)));
	if (!*ks_str(spec, "preemptionPolicy"))
		ks_set_str(spec, "preemptionPolicy",
			class ? ks_str(class, "preemptionPolicy") : "PreemptLowerPriority");
	return true;
}

#define TOKEN_VOLUME "kube-api-access-"
#define TOKEN_PATH "/var/run/secrets/kubernetes.io/serviceaccount"

static void add_token_volume(cJSON *spec, const char *name)
{
	static const char source[] =
		"{\"defaultMode\":420,\"sources\":[{\"serviceAccountToken\":{\"expirationSeconds\":"
		"3607,\"path\":\"token\"}},{\"configMap\":{\"name\":\"kube-root-ca.crt\",\"items\":"
		"[{"
		"\"key\":\"ca.crt\",\"path\":\"ca.crt\"}]}},{\"downwardAPI\":{\"items\":[{\"path\":"
		"\"namespace\",\"fieldRef\":{\"apiVersion\":\"v1\",\"fieldPath\":"
		"\"metadata.namespace\"}}]}}]}";
	cJSON *volume = cJSON_CreateObject(), *list = ks_item(spec, "volumes");

	cJSON_AddStringToObject(volume, "name", name);
	cJSON_AddItemToObject(volume, "projected", mok_json_parse(source, sizeof(source) - 1));
	if (!list)
		list = cJSON_AddArrayToObject(spec, "volumes");
	cJSON_AddItemToArray(list, volume);
}

/* False: something of its own is there already. */
static bool mount_token_into(cJSON *container, const char *name)
{
	cJSON *mounts = ks_item(container, "volumeMounts"), *mount;
	const cJSON *one;

	cJSON_ArrayForEach(one, mounts)
	{
		if (strcmp(ks_str(one, "mountPath"), TOKEN_PATH) == 0)
			return false;
	}
	if (!mounts)
		mounts = cJSON_AddArrayToObject(container, "volumeMounts");
	mount = cJSON_CreateObject();
	cJSON_AddStringToObject(mount, "name", name);
	cJSON_AddTrueToObject(mount, "readOnly");
	cJSON_AddStringToObject(mount, "mountPath", TOKEN_PATH);
	cJSON_AddItemToArray(mounts, mount);
	return true;
}

static const char *token_volume_of(const cJSON *spec)
{
	const cJSON *volume;

	cJSON_ArrayForEach(volume, ks_at(spec, "volumes"))
	{
		if (mok_starts(ks_str(volume, "name"), TOKEN_VOLUME))
			return ks_str(volume, "name");
	}
	return NULL;
}

/* The token's volume, mounted into every container that has nothing in its place. */
static void mount_token(struct ks_req *r, cJSON *spec)
{
	static const char *const lists[] = { "initContainers", "containers" };
	const char *known = token_volume_of(spec);
	const char *name = known ? known : ks_printf(r, TOKEN_VOLUME "%s", ks_word(r, 5));
	bool needed = false;
	cJSON *container;

	for (size_t i = 0; i < MOK_COUNT(lists); i++)
		cJSON_ArrayForEach(container, ks_at(spec, lists[i])) needed |=
			mount_token_into(container, name);
	if (needed && !known)
		add_token_volume(spec, name);
}

static const char *qos_of(const cJSON *spec)
{
	const cJSON *container;
	bool any = false, all = true;

	cJSON_ArrayForEach(container, ks_at(spec, "containers"))
	{
		const cJSON *limits = mok_json_at(container, "resources.limits");
		const cJSON *requests = mok_json_at(container, "resources.requests");

		any |= (limits && limits->child) || (requests && requests->child);
		all &= ks_at(limits, "cpu") && ks_at(limits, "memory") &&
			ks_same(ks_at(limits, "cpu"), ks_at(requests, "cpu")) &&
			ks_same(ks_at(limits, "memory"), ks_at(requests, "memory"));
	}
	return !any ? "BestEffort" : all ? "Guaranteed" : "Burstable";
}

static void admit_pod(struct ks_req *r, const cJSON *before, cJSON *object)
{
	cJSON *spec = mok_json_object(object, "spec");
	struct mok_apiserver_key key = { "serviceaccounts", r->ns, "" };
	const cJSON *account;

	if (before)
		return;
	if (!*ks_str(spec, "serviceAccountName")) {
		ks_set_str(spec, "serviceAccountName", "default");
		ks_set_str(spec, "serviceAccount", "default");
	}
	key.name = ks_str(spec, "serviceAccountName");
	account = ks_load_key(r, &key);
	if (!account) {
		ks_forbidden(r, ks_str(object, "metadata.name"),
			ks_printf(r,
				"error looking up service account %s/%s: serviceaccount \"%s\" not "
				"found",
				r->ns, key.name, key.name));
		return;
	}
	if (!give_priority(r, object))
		return;
	if (!ks_limit_pod(r, object))
		return;
	tolerate(spec, "node.kubernetes.io/not-ready");
	tolerate(spec, "node.kubernetes.io/unreachable");
	if (mok_json_bool(spec, "automountServiceAccountToken",
		    mok_json_bool(account, "automountServiceAccountToken", true)))
		mount_token(r, spec);
	ks_set_str(mok_json_object(object, "status"), "qosClass", qos_of(spec));
}

static void mark_job(cJSON *labels, const char *uid, const char *name)
{
	ks_set_str(labels, "batch.kubernetes.io/controller-uid", uid);
	ks_set_str(labels, "batch.kubernetes.io/job-name", name);
	ks_set_str(labels, "controller-uid", uid);
	ks_set_str(labels, "job-name", name);
}

/* A Job selects its pods by its uid, unless told otherwise. */
static void admit_job(struct ks_req *r, const cJSON *before, cJSON *object)
{
	cJSON *spec = mok_json_object(object, "spec"), *labels;
	const char *uid = ks_str(object, "metadata.uid"), *name = ks_str(object, "metadata.name");

	(void)r;
	if (before || mok_json_bool(spec, "manualSelector", false))
		return;
	mark_job(mok_json_object(mok_json_object(object, "metadata"), "labels"), uid, name);
	labels = mok_json_object(
		mok_json_object(mok_json_object(spec, "template"), "metadata"), "labels");
	mark_job(labels, uid, name);
	ks_set_str(mok_json_object(mok_json_object(spec, "selector"), "matchLabels"),
		"batch.kubernetes.io/controller-uid", uid);
}

static void admit_claim(struct ks_req *r, const cJSON *before, cJSON *object)
{
	cJSON *list, *spec = mok_json_object(object, "spec");

	(void)r;
	if (before)
		return;
	if (!ks_at(spec, "storageClassName"))
		ks_set_str(spec, "storageClassName", "do-block-storage");
	list = ks_item(mok_json_object(object, "metadata"), "finalizers");
	if (!list)
		list = cJSON_AddArrayToObject(ks_item(object, "metadata"), "finalizers");
	cJSON_AddItemToArray(list, cJSON_CreateString("kubernetes.io/pvc-protection"));
}

/* A new node takes no pods until whoever watches over nodes has seen it ready. */
static void admit_node(struct ks_req *r, const cJSON *before, cJSON *object)
{
	cJSON *spec = mok_json_object(object, "spec"), *list = ks_item(spec, "taints"), *taint;
	const cJSON *one;

	(void)r;
	if (before)
		return;
	cJSON_ArrayForEach(one, list)
	{
		if (strcmp(ks_str(one, "key"), "node.kubernetes.io/not-ready") == 0 &&
			strcmp(ks_str(one, "effect"), "NoSchedule") == 0)
			return;
	}
	if (!cJSON_IsArray(list)) {
		mok_json_set(spec, "taints", cJSON_CreateArray());
		list = ks_item(spec, "taints");
	}
	taint = cJSON_CreateObject();
	ks_set_str(taint, "key", "node.kubernetes.io/not-ready");
	ks_set_str(taint, "effect", "NoSchedule");
	cJSON_AddItemToArray(list, taint);
}

static void complete_namespace(struct ks_req *r, const cJSON *before, cJSON *object)
{
	(void)r;
	(void)before;
	ks_set_str(mok_json_object(mok_json_object(object, "metadata"), "labels"),
		"kubernetes.io/metadata.name", ks_str(object, "metadata.name"));
}

static void complete_daemon_set(struct ks_req *r, const cJSON *before, cJSON *object)
{
	cJSON *notes = mok_json_object(mok_json_object(object, "metadata"), "annotations");
	int64_t generation = mok_json_int(object, "metadata.generation", 1);

	if (before &&
		!ks_same(
			mok_json_at(before, "spec.template"), mok_json_at(object, "spec.template")))
		generation++;
	ks_set_str(notes, "deprecated.daemonset.template.generation",
		ks_printf(r, "%lld", (long long)generation));
}

static void admit_crd(struct ks_req *r, const cJSON *before, cJSON *object)
{
	if (before)
		ks_crd_settle(r, object);
	else
		ks_crd_begin(r, object);
}

static const struct {
	const char *resource;
	void (*admit)(struct ks_req *r, const cJSON *before, cJSON *object);
} rules[] = {
	{ "namespaces", admit_namespace },
	{ "services", admit_service },
	{ "pods", admit_pod },
	{ "nodes", admit_node },
	{ "jobs.batch", admit_job },
	{ "persistentvolumeclaims", admit_claim },
	{ "customresourcedefinitions.apiextensions.k8s.io", admit_crd },
};

/* The address is the first of the addresses. */
static void complete_pod(cJSON *object)
{
	const char *ip = ks_str(object, "status.podIP");
	cJSON *status = ks_item(object, "status"), *one;

	if (!*ip || mok_json_at(status, "podIPs.0"))
		return;
	one = cJSON_CreateObject();
	ks_set_str(one, "ip", ip);
	mok_json_set(status, "podIPs", cJSON_CreateArray());
	cJSON_AddItemToArray(ks_item(status, "podIPs"), one);
}

void ks_complete(struct ks_req *r, const cJSON *before, cJSON *object)
{
	const char *full = r->resource->full;

	if (strcmp(full, "namespaces") == 0)
		complete_namespace(r, before, object);
	else if (strcmp(full, "secrets") == 0)
		admit_secret(r, before, object);
	else if (strcmp(full, "daemonsets.apps") == 0)
		complete_daemon_set(r, before, object);
	else if (strcmp(full, "pods") == 0)
		complete_pod(object);
}

bool ks_prepare(struct ks_req *r, const cJSON *before, cJSON *object)
{
	if (strcmp(r->sub, "status") == 0)
		return true;
	for (size_t i = 0; i < MOK_COUNT(rules); i++)
		if (strcmp(rules[i].resource, r->resource->full) == 0)
			rules[i].admit(r, before, object);
	if (r->answered)
		return false;
	ks_pod_security(r, object);
	return !r->answered && (before || ks_quota_allows(r, object));
}
