/* DELETE: of one, of a collection. */
#include "apiserver_internal.h"

struct deletion {
	const cJSON *options;
	int64_t grace_s;
	bool graceful;
	const char *finalizer; /* of the propagation policy, or NULL */
};

static bool bad_option(struct ks_req *r, const char *reason, const char *field, const char *text)
{
	return ks_bad_field(r, ks_details("", "meta.k8s.io", "DeleteOptions"), reason, field, text);
}

static bool read_policy(struct ks_req *r, struct deletion *out)
{
	static const struct {
		const char *name, *finalizer;
	} policies[] = { { "Background", NULL }, { "Foreground", "foregroundDeletion" },
		{ "Orphan", "orphan" } };
	const char *policy = ks_query(r, "propagationPolicy");

	out->finalizer = NULL;
	if (!policy)
		policy = mok_json_str(out->options, "propagationPolicy");
	if (!policy)
		return true;
	if (ks_at(out->options, "orphanDependents"))
		return bad_option(r, "FieldValueInvalid", "propagationPolicy",
			ks_printf(r,
				"Invalid value: \"%s\": orphanDependents and deletionPropagation "
				"cannot "
				"be both set",
				policy));
	for (size_t i = 0; i < MOK_COUNT(policies); i++) {
		out->finalizer = policies[i].finalizer;
		if (strcmp(policies[i].name, policy) == 0)
			return true;
	}
	return bad_option(r, "FieldValueNotSupported", "propagationPolicy",
		ks_printf(r,
			"Unsupported value: \"%s\": supported values: \"Foreground\", "
			"\"Background\", "
			"\"Orphan\", \"nil\"",
			policy));
}

static bool read_deletion(struct ks_req *r, struct deletion *out)
{
	const char *grace = ks_query(r, "gracePeriodSeconds");

	out->options = ks_body(r);
	if (!out->options || !read_policy(r, out))
		return false;
	if (mok_json_at(out->options, "dryRun.0"))
		r->dry_run = true;
	out->grace_s = mok_json_int(out->options, "gracePeriodSeconds", -1);
	if (grace && !mok_parse_i64(grace, &out->grace_s))
		return ks_bad_request(r, "strconv.ParseInt: parsing \"%s\": invalid syntax", grace);
	return true;
}

static bool meets_preconditions(struct ks_req *r, const struct deletion *d, const cJSON *live)
{
	static const char *const names[] = { "uid", "resourceVersion" };

	for (size_t i = 0; i < MOK_COUNT(names); i++) {
		const char *want = mok_json_str(ks_at(d->options, "preconditions"), names[i]);
		const char *have = ks_str(ks_at(live, "metadata"), names[i]);

		if (want && strcmp(want, have) != 0)
			return ks_fail_details(r, 409, "Conflict",
				ks_printf(r,
					"Operation cannot be fulfilled on %s \"%s\": the %s in the "
					"precondition (%s) does not match the %s in record (%s). "
					"The object might have been %s",
					r->resource->kind, ks_str(live, "metadata.name"),
					i ? "ResourceVersion" : "UID", want,
					i ? "ResourceVersion" : "UID", have,
					i ? "modified" : "deleted and then recreated"),
				ks_details(ks_str(live, "metadata.name"), r->resource->group,
					r->resource->kind));
	}
	return true;
}

static void add_finalizer(cJSON *object, const char *name)
{
	cJSON *meta = mok_json_object(object, "metadata"), *list = ks_item(meta, "finalizers");
	const cJSON *item;

	if (!name)
		return;
	if (!cJSON_IsArray(list)) {
		mok_json_set(meta, "finalizers", cJSON_CreateArray());
		list = ks_item(meta, "finalizers");
	}
	cJSON_ArrayForEach(item, list) if (mok_streq(cJSON_GetStringValue(item), name)) return;
	cJSON_AddItemToArray(list, cJSON_CreateString(name));
}

/* A pod on a node gets time to end; its node's kubelet then deletes it for good. */
static int64_t grace_of(struct ks_req *r, const struct deletion *d, const cJSON *object)
{
	const char *phase = ks_str(object, "status.phase");

	if (strcmp(r->resource->full, "pods") != 0 || !*ks_str(object, "spec.nodeName") ||
		strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0)
		return 0;
	return d->grace_s >= 0 ? d->grace_s
			       : mok_json_int(object, "spec.terminationGracePeriodSeconds", 30);
}

static void mark_deleted(struct ks_req *r, cJSON *object, int64_t grace_s)
{
	cJSON *meta = mok_json_object(object, "metadata");

	if (*ks_str(meta, "deletionTimestamp") &&
		mok_json_int(meta, "deletionGracePeriodSeconds", 0) <= grace_s)
		return;
	ks_set_str(meta, "deletionTimestamp", ks_time_text(r, r->now_ms + grace_s * 1000));
	if (strcmp(r->resource->full, "namespaces") != 0)
		mok_json_set(
			meta, "deletionGracePeriodSeconds", cJSON_CreateNumber((double)grace_s));
	if (ks_has_generation(r->resource))
		mok_json_set(meta, "generation",
			cJSON_CreateNumber((double)mok_json_int(meta, "generation", 0) + 1));
}

/* True: it is gone; false: it waits for somebody, and *object is how it looks now. */
static bool delete_one(struct ks_req *r, const struct deletion *d, cJSON *object)
{
	cJSON *before = ks_own(r, cJSON_Duplicate(object, true));
	int64_t grace_s = grace_of(r, d, object);
	bool space = strcmp(r->resource->full, "namespaces") == 0;

	if (ks_crd_is(r->resource)) {
		ks_crd_leave(r, object);
		ks_store_put(r, r->resource, object, before);
		return false;
	}
	add_finalizer(object, d->finalizer);
	if (!grace_s && !mok_json_at(object, "metadata.finalizers.0") && !space) {
		if (strcmp(r->resource->full, "pods") == 0)
			mark_deleted(r, object, 0);
		ks_store_remove(r, r->resource, object);
		return true;
	}
	mark_deleted(r, object, grace_s);
	if (space)
		ks_set_str(mok_json_object(object, "status"), "phase", "Terminating");
	if (!ks_same(before, object))
		ks_store_put(r, r->resource, object, before);
	if (space && !r->dry_run)
		ks_namespace_drain(r, ks_str(object, "metadata.name"));
	return false;
}

static bool tells_object(const struct ks_resource *res)
{
	static const char *const resources[] = { "pods", "namespaces", "services",
		"serviceaccounts", "persistentvolumes", "persistentvolumeclaims", "resourcequotas",
		"podtemplates", "storageclasses.storage.k8s.io", "csidrivers.storage.k8s.io",
		"volumeattachments.storage.k8s.io" };

	for (size_t i = 0; i < MOK_COUNT(resources); i++)
		if (strcmp(resources[i], res->full) == 0)
			return true;
	return false;
}

void ks_reply_success(struct ks_req *r, int code, cJSON *details)
{
	cJSON *status = ks_own(r, cJSON_CreateObject());

	cJSON_AddStringToObject(status, "kind", "Status");
	cJSON_AddStringToObject(status, "apiVersion", "v1");
	cJSON_AddObjectToObject(status, "metadata");
	cJSON_AddStringToObject(status, "status", "Success");
	if (details)
		cJSON_AddItemToObject(status, "details", details);
	if (code != 200)
		cJSON_AddNumberToObject(status, "code", code);
	ks_reply(r, code, status);
}

static void reply_deleted(struct ks_req *r, cJSON *object)
{
	cJSON *details = ks_details(r->name, r->resource->group, r->resource->name);

	cJSON_AddStringToObject(details, "uid", ks_str(object, "metadata.uid"));
	ks_reply_success(r, 200, details);
}

static bool is_immortal(const char *ns)
{
	static const char *const names[] = { "default", "kube-system", "kube-public" };

	for (size_t i = 0; i < MOK_COUNT(names); i++)
		if (strcmp(names[i], ns) == 0)
			return true;
	return false;
}

void ks_delete(struct ks_req *r)
{
	struct deletion d;
	cJSON *live;
	bool gone;

	if (!read_deletion(r, &d))
		return;
	live = ks_load(r, r->name);
	if (!live) {
		ks_not_found(r, r->resource->full, r->name);
		return;
	}
	if (!meets_preconditions(r, &d, live))
		return;
	if (strcmp(r->resource->full, "namespaces") == 0 && is_immortal(r->name)) {
		ks_forbidden(r, r->name, "this namespace may not be deleted");
		return;
	}
	gone = delete_one(r, &d, live);
	if (gone && !tells_object(r->resource))
		reply_deleted(r, live);
	else
		ks_reply_object(r, 200, live);
	if (ks_crd_is(r->resource))
		ks_crd_drain(r, r->name);
}

struct gathering {
	struct ks_req *r;
	struct ks_selection selection;
	MOK_VEC(cJSON *) found;
};

static bool gather(void *context, const struct mok_apiserver_item *item)
{
	struct gathering *g = context;
	cJSON *object = ks_own(g->r, ks_parse_item(g->r, item));

	if (ks_selected(&g->selection, object))
		mok_vec_push(g->r->arena, &g->found, object);
	return true;
}

/* An item of a list: the list names its kind. */
static cJSON *listed(const struct ks_req *r, const cJSON *object)
{
	cJSON *copy = cJSON_Duplicate(object, true);

	if (!r->resource->custom) {
		cJSON_DeleteItemFromObjectCaseSensitive(copy, "kind");
		cJSON_DeleteItemFromObjectCaseSensitive(copy, "apiVersion");
	}
	return copy;
}

void ks_delete_collection(struct ks_req *r)
{
	struct gathering g = { .r = r };
	struct deletion d;
	cJSON *list, *items;

	if (!read_deletion(r, &d) || !ks_selection_read(r, &g.selection))
		return;
	r->store->list(
		r->store->self, r->resource->stored, *r->ns ? r->ns : NULL, NULL, gather, &g);
	list = ks_own(r, cJSON_CreateObject());
	cJSON_AddStringToObject(list, "kind", r->resource->list_kind);
	cJSON_AddStringToObject(list, "apiVersion",
		*r->resource->group
			? ks_printf(r, "%s/%s", r->resource->group, r->resource->version)
			: r->resource->version);
	ks_set_str(mok_json_object(list, "metadata"), "resourceVersion",
		ks_printf(r, "%lld", (long long)r->store->version(r->store->self, false)));
	items = cJSON_AddArrayToObject(list, "items");
	for (size_t i = 0; i < g.found.len; i++)
		cJSON_AddItemToArray(items, listed(r, g.found.items[i]));
	for (size_t i = 0; i < g.found.len; i++)
		delete_one(r, &d, g.found.items[i]);
	ks_reply(r, 200, list);
}

void ks_delete_pod(struct ks_req *r, cJSON *pod)
{
	const struct deletion d = { .grace_s = -1 };

	delete_one(r, &d, pod);
}
