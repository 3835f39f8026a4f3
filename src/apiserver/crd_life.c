/* The life of a CustomResourceDefinition: its names are accepted, it is established, and it goes
 * with all its objects. */
#include "apiserver_internal.h"

#define CLEANUP "customresourcecleanup.apiextensions.k8s.io"

static void add_condition(
	cJSON *list, const char *type, const char *reason, const char *message, const char *time)
{
	cJSON *condition = cJSON_CreateObject();

	cJSON_AddStringToObject(condition, "type", type);
	cJSON_AddStringToObject(condition, "status", "True");
	cJSON_AddStringToObject(condition, "lastTransitionTime", time);
	cJSON_AddStringToObject(condition, "reason", reason);
	cJSON_AddStringToObject(condition, "message", message);
	cJSON_AddItemToArray(list, condition);
}

static void default_names(struct ks_req *r, cJSON *names)
{
	const char *kind = ks_str(names, "kind");
	char *singular = mok_arena_strdup(r->arena, kind);

	for (char *p = singular; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 32 : *p);
	if (!*ks_str(names, "singular"))
		ks_set_str(names, "singular", singular);
	if (!*ks_str(names, "listKind"))
		ks_set_str(names, "listKind", ks_printf(r, "%sList", kind));
}

static void set_stored(cJSON *crd)
{
	cJSON *status = mok_json_object(crd, "status");
	const cJSON *version;

	if (cJSON_GetArraySize(ks_at(status, "storedVersions")) > 0)
		return;
	mok_json_set(status, "storedVersions", cJSON_CreateArray());
	cJSON_ArrayForEach(version,
		mok_json_at(crd, "spec.versions")) if (mok_json_bool(version, "storage", false))
		cJSON_AddItemToArray(ks_item(status, "storedVersions"),
			cJSON_CreateString(ks_str(version, "name")));
}

void ks_crd_begin(struct ks_req *r, cJSON *crd)
{
	cJSON *status = mok_json_object(crd, "status");
	cJSON *names = mok_json_object(status, "acceptedNames");

	default_names(r, mok_json_object(mok_json_object(crd, "spec"), "names"));
	ks_set_str(names, "kind", "");
	ks_set_str(names, "plural", "");
	cJSON_DeleteItemFromObjectCaseSensitive(status, "storedVersions");
	set_stored(crd);
}

void ks_crd_settle(struct ks_req *r, cJSON *crd)
{
	cJSON *names = mok_json_object(mok_json_object(crd, "spec"), "names");
	cJSON *status = mok_json_object(crd, "status"), *list;
	const char *time = ks_time_text(r, r->now_ms);

	default_names(r, names);
	mok_json_set(status, "acceptedNames", cJSON_Duplicate(names, true));
	if (!mok_json_at(status, "conditions.0")) {
		list = cJSON_CreateArray();
		mok_json_set(status, "conditions", list);
		add_condition(list, "NamesAccepted", "NoConflicts", "no conflicts found", time);
		add_condition(list, "Established", "InitialNamesAccepted",
			"the initial names have been accepted", time);
	}
	set_stored(crd);
}

/* The server's own controllers, which are a client of it as others are. */
void ks_crd_establish(struct ks_req *r, const cJSON *crd)
{
	const struct mok_apiserver_request own = { .method = "PUT",
		.target = r->in->target,
		.user_agent = "kube-apiserver",
		.now_ms = r->now_ms };
	const struct mok_apiserver_request *asked = r->in;
	const size_t asked_for = r->query.len;
	const char *sub = r->sub;
	cJSON *settled = ks_own(r, cJSON_Duplicate(crd, true));

	ks_crd_settle(r, settled);
	r->in = &own;
	r->query.len = 0;
	r->sub = "status";
	ks_managed_update(r, crd, settled);
	ks_store_put(r, r->resource, settled, crd);
	r->in = asked;
	r->query.len = asked_for;
	r->sub = sub;
}

bool ks_crd_is(const struct ks_resource *resource)
{
	return strcmp(resource->full, "customresourcedefinitions.apiextensions.k8s.io") == 0;
}

/* Marked, it waits until its objects are gone. */
void ks_crd_leave(struct ks_req *r, cJSON *crd)
{
	cJSON *meta = mok_json_object(crd, "metadata"), *list = ks_item(meta, "finalizers");
	const char *time = ks_time_text(r, r->now_ms);

	if (*ks_str(meta, "deletionTimestamp"))
		return;
	if (!cJSON_IsArray(list)) {
		list = cJSON_CreateArray();
		mok_json_set(meta, "finalizers", list);
	}
	cJSON_AddItemToArray(list, cJSON_CreateString(CLEANUP));
	ks_set_str(meta, "deletionTimestamp", time);
	list = ks_item(mok_json_object(crd, "status"), "conditions");
	if (!cJSON_IsArray(list))
		return;
	add_condition(list, "Terminating", "InstanceDeletionPending",
		"CustomResourceDefinition marked for deletion; CustomResource deletion will begin "
		"soon",
		time);
}

struct leaving {
	struct ks_req *r;
	MOK_VEC(cJSON *) found;
};

static bool take(void *context, const struct mok_apiserver_item *item)
{
	struct leaving *l = context;

	mok_vec_push(l->r->arena, &l->found, ks_own(l->r, ks_parse_item(l->r, item)));
	return true;
}

/* True: somebody holds it. */
static bool take_away(struct ks_req *r, const struct ks_resource *resource, cJSON *object)
{
	cJSON *meta = ks_item(object, "metadata"), *before;

	if (!mok_json_at(meta, "finalizers.0")) {
		ks_store_remove(r, resource, object);
		return false;
	}
	if (*ks_str(meta, "deletionTimestamp"))
		return true;
	before = ks_own(r, cJSON_Duplicate(object, true));
	ks_set_str(meta, "deletionTimestamp", ks_time_text(r, r->now_ms));
	mok_json_set(meta, "deletionGracePeriodSeconds", cJSON_CreateNumber(0));
	ks_store_put(r, resource, object, before);
	return true;
}

void ks_crd_drain(struct ks_req *r, const char *name)
{
	const struct mok_apiserver_key key = { "customresourcedefinitions.apiextensions.k8s.io", "",
		name };
	const struct ks_resource res = { .full = name, .stored = name, .custom = true };
	struct leaving l = { .r = r };
	cJSON *crd = ks_load_key(r, &key), *before, *list, *one;
	size_t held = 0;

	if (r->dry_run || !crd || !*ks_str(crd, "metadata.deletionTimestamp"))
		return;
	r->store->list(r->store->self, name, NULL, NULL, take, &l);
	for (size_t i = 0; i < l.found.len; i++)
		held += take_away(r, &res, l.found.items[i]);
	if (held)
		return;
	before = ks_own(r, cJSON_Duplicate(crd, true));
	list = ks_item(ks_item(crd, "metadata"), "finalizers");
	cJSON_ArrayForEach(one, list) if (mok_streq(cJSON_GetStringValue(one), CLEANUP)) break;
	if (one)
		cJSON_Delete(cJSON_DetachItemViaPointer(list, one));
	if (list && list->child)
		ks_store_put(r,
			ks_resource_find(
				r, "apiextensions.k8s.io", "v1", "customresourcedefinitions"),
			crd, before);
	else
		ks_store_remove(r,
			ks_resource_find(
				r, "apiextensions.k8s.io", "v1", "customresourcedefinitions"),
			crd);
}
