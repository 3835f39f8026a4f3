/*
 * Writing. Whatever asks for it, an object goes the same way: decoded, defaulted, admitted,
 * validated, its ownership of fields brought up to date, and stored if that changed anything.
 */
#include "apiserver_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- storing ---- */

/* cJSON's. */
static char *stored_text(const struct ks_resource *resource, const cJSON *object)
{
	cJSON *core;
	char *text;

	if (!ks_event_is_later(resource))
		return cJSON_PrintUnformatted(object);
	core = cJSON_Duplicate(object, true);
	ks_event_to_core(core);
	text = cJSON_PrintUnformatted(core);
	cJSON_Delete(core);
	return text;
}

static struct mok_apiserver_event event_of(
	struct ks_req *r, const struct ks_resource *resource, cJSON *object, int64_t version)
{
	struct mok_apiserver_event event = { .type = "ADDED" };
	cJSON *meta = mok_json_object(object, "metadata");
	char number[24], *text;

	snprintf(number, sizeof(number), "%lld", (long long)version);
	ks_set_str(meta, "resourceVersion", number);
	text = stored_text(resource, object);
	event.item = (struct mok_apiserver_item){
		.key = { resource->stored, ks_str(meta, "namespace"), ks_str(meta, "name") },
		.version = version,
		.text = mok_arena_strdup(r->arena, text),
		.len = strlen(text)
	};
	cJSON_free(text);
	return event;
}

/* Do changes of such objects change what a namespace uses? */
static bool counts_anew(const struct ks_resource *resource)
{
	return strcmp(resource->full, "pods") == 0 ||
		strcmp(resource->full, "resourcequotas") == 0 ||
		strcmp(resource->full, "persistentvolumeclaims") == 0;
}

void ks_store_put(
	struct ks_req *r, const struct ks_resource *resource, cJSON *object, const cJSON *before)
{
	struct mok_apiserver_event event;
	char *text = NULL;

	if (r->dry_run)
		return;
	event = event_of(r, resource, object, r->store->version(r->store->self, true));
	if (before) {
		text = stored_text(resource, before);
		event.type = "MODIFIED";
		event.before = text;
	}
	r->store->put(r->store->self, &event);
	cJSON_free(text);
	if (*event.item.key.ns && (!before || counts_anew(resource)))
		ks_quota_count(r, mok_arena_strdup(r->arena, event.item.key.ns));
}

void ks_store_remove(struct ks_req *r, const struct ks_resource *resource, cJSON *object)
{
	struct mok_apiserver_event event;
	struct mok_apiserver_item stored;
	const char *ns;

	if (r->dry_run)
		return;
	event = event_of(r, resource, object, r->store->version(r->store->self, true));
	event.type = "DELETED";
	event.before = r->store->get(r->store->self, &event.item.key, &stored)
		? mok_arena_strndup(r->arena, stored.text, stored.len)
		: event.item.text;
	r->store->remove(r->store->self, &event);
	ns = mok_arena_strdup(r->arena, event.item.key.ns);
	if (*ns) {
		ks_quota_count(r, ns);
		ks_namespace_drain(r, ns);
	}
	if (resource->custom && r->resource && r->resource->custom)
		ks_crd_drain(r, resource->full);
}

/* ---- what is the same for every write ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What nobody declared, and what is said twice. */
static const char *strictly(struct ks_req *r, size_t i)
{
	return i < r->unknown.len
		? ks_printf(r, "unknown field \"%s\"", r->unknown.items[i])
		: ks_printf(r, "duplicate field \"%s\"", r->twice.items[i - r->unknown.len]);
}

static bool report_unknown(struct ks_req *r)
{
	const char *how = ks_query(r, "fieldValidation");
	size_t n = r->unknown.len + r->twice.len;
	struct mok_buf text;

	if (!n || (how && strcmp(how, "Ignore") == 0))
		return true;
	/* Pruning, as custom resources have it, tells in the order of names. */
	if (r->resource->custom && r->unknown.len)
		qsort(r->unknown.items, r->unknown.len, sizeof(*r->unknown.items), by_text);
	if (!how || strcmp(how, "Strict") != 0) {
		for (size_t i = 0; i < n; i++)
			ks_warn(r, strictly(r, i));
		return true;
	}
	mok_buf_init(&text, 65536);
	for (size_t i = 0; i < n; i++)
		mok_buf_printf(&text, "%s%s", i ? ", " : "", strictly(r, i));
	if (strcmp(r->in->method, "PATCH") == 0)
		ks_bad_request(r, "strict decoding error: %s", text.data);
	else
		ks_bad_request(r,
			"%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s",
			r->resource->kind, r->resource->version, r->resource->kind, text.data);
	mok_buf_release(&text);
	return false;
}

bool ks_no_duplicates(struct ks_req *r)
{
	return !r->twice.len || report_unknown(r);
}

static bool is_registered(struct ks_req *r, const char *version, const char *kind)
{
	for (size_t i = 0; i < r->server->groups.len; i++) {
		const struct ks_group *g = &r->server->groups.items[i];
		const char *name =
			*g->group ? ks_printf(r, "%s/%s", g->group, g->version) : g->version;

		for (size_t j = 0; strcmp(name, version) == 0 && j < g->len; j++)
			if (strcmp(g->resources[j].kind, kind) == 0)
				return true;
	}
	return false;
}

/* An object of another kind or version than the path's. */
static bool refuse_kind(struct ks_req *r, const char *version, const char *kind, const char *want)
{
	const struct ks_resource *res = r->resource;
	const char *slash = strrchr(version, '/');

	if (!is_registered(r, version, kind) && !res->custom)
		return ks_bad_request(r,
			"%s in version \"%s\" cannot be handled as a %s: no kind \"%s\" is "
			"registered "
			"for version \"%s\" in scheme \"pkg/runtime/scheme.go:111\"",
			kind, slash ? slash + 1 : version, res->kind, kind, version);
	if (strcmp(version, want) == 0)
		return ks_bad_request(r,
			"%s in version \"%s\" cannot be handled as a %s: converting (%s.%s) to "
			"(%s.%s): unknown conversion",
			kind, res->version, res->kind, res->version, kind,
			*res->group
				? mok_arena_strndup(r->arena, res->group, strcspn(res->group, "."))
				: "core",
			res->kind);
	return ks_bad_request(r,
		"the API version in the data (%s) does not match the expected API version (%s)",
		version, want);
}

static bool fits_namespace(struct ks_req *r, cJSON *object)
{
	const cJSON *have = ks_at(object, "metadata");
	cJSON *meta;
	const char *ns;

	if (have && !cJSON_IsObject(have) && !cJSON_IsNull(have))
		return true; /* decoding tells what is wrong with it */
	meta = mok_json_object(object, "metadata");
	ns = ks_str(meta, "namespace");
	if (*ns && strcmp(ns, r->ns) != 0)
		return ks_bad_request(r,
			"the namespace of the provided object does not match the namespace sent on "
			"the request");
	if (r->resource->namespaced)
		ks_set_str(meta, "namespace", r->ns);
	else
		cJSON_DeleteItemFromObjectCaseSensitive(meta, "namespace");
	return true;
}

bool ks_fits_place(struct ks_req *r, cJSON *object)
{
	const struct ks_resource *res = r->resource;
	const char *want =
		*res->group ? ks_printf(r, "%s/%s", res->group, res->version) : res->version;
	const char *version = mok_json_str(object, "apiVersion"),
		   *kind = mok_json_str(object, "kind");

	if (!cJSON_IsObject(object) || (!kind && ks_at(object, "kind")))
		return ks_bad_request(r, "Object 'Kind' is missing in the request's body");
	version = version ? version : want;
	kind = kind ? kind : res->kind;
	if (strcmp(version, want) != 0 || strcmp(kind, res->kind) != 0)
		return refuse_kind(r, version, kind, want);
	ks_stamp(r, object, res);
	return fits_namespace(r, object);
}

bool ks_decode(struct ks_req *r, cJSON *object)
{
	const cJSON *managers = mok_json_at(object, "metadata.managedFields");

	r->resets_managers = cJSON_IsArray(managers) && !managers->child;
	return ks_normalise(r, object, r->resource->type) && report_unknown(r);
}

/* ---- create ---- */

/* Which resources count generations, though they have no status subresource, or have one but do
 * not count. */
bool ks_has_generation(const struct ks_resource *res)
{
	static const char counting[] =
		" deployments.apps replicasets.apps statefulsets.apps daemonsets.apps jobs.batch "
		"cronjobs.batch ingresses.networking.k8s.io networkpolicies.networking.k8s.io "
		"poddisruptionbudgets.policy replicationcontrollers pods podtemplates "
		"ingressclasses.networking.k8s.io "
		"customresourcedefinitions.apiextensions.k8s.io priorityclasses.scheduling.k8s.io "
		"validatingwebhookconfigurations.admissionregistration.k8s.io "
		"mutatingwebhookconfigurations.admissionregistration.k8s.io "
		"endpointslices.discovery.k8s.io ";
	char word[300];

	if (res->custom)
		return true;
	if (snprintf(word, sizeof(word), " %s ", res->full) >= (int)sizeof(word))
		return false;
	return strstr(counting, word);
}

static void begin_object(struct ks_req *r, cJSON *object)
{
	static const char *const cleared[] = { "resourceVersion", "deletionTimestamp",
		"deletionGracePeriodSeconds", "selfLink", "generation" };
	cJSON *meta = mok_json_object(object, "metadata");

	for (size_t i = 0; i < MOK_COUNT(cleared); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(meta, cleared[i]);
	ks_set_str(meta, "uid", ks_uuid(r));
	ks_set_str(meta, "creationTimestamp", ks_time_text(r, r->now_ms));
	if (ks_has_generation(r->resource))
		mok_json_set(meta, "generation", cJSON_CreateNumber(1));
	if (r->resource->has_status)
		cJSON_DeleteItemFromObjectCaseSensitive(object, "status");
}

static bool name_object(struct ks_req *r, cJSON *object)
{
	cJSON *meta = mok_json_object(object, "metadata");
	const char *name = ks_str(meta, "name"), *prefix = ks_str(meta, "generateName");

	if (*name)
		return true;
	if (!*prefix)
		return ks_bad_field(r, ks_details("", r->resource->group, r->resource->kind),
			"FieldValueRequired", "metadata.name",
			"Required value: name or generateName is required");
	ks_set_str(meta, "name", ks_printf(r, "%.58s%s", prefix, ks_word(r, 5)));
	return true;
}

/* Stores a new object and answers. `applied`: its managed fields are already told. */
void ks_store_new(struct ks_req *r, cJSON *object, bool applied)
{
	const char *name;

	begin_object(r, object);
	if (!name_object(r, object) || !ks_normalise(r, object, r->resource->type))
		return;
	ks_default(r, object, r->resource->type);
	ks_normalise(r, object, r->resource->type);
	name = mok_arena_strdup(r->arena, ks_str(object, "metadata.name"));
	if (r->resource->namespaced && !ks_namespace_open(r, name))
		return;
	ks_complete(r, NULL, object);
	if (!applied)
		ks_managed_update(r, NULL, object);
	if (!ks_prepare(r, NULL, object) || !ks_validate(r, NULL, object) || !ks_invalid(r, name))
		return;
	if (ks_load(r, name)) {
		ks_exists(r, name);
		return;
	}
	ks_store_put(r, r->resource, object, NULL);
	if (strcmp(r->resource->full, "namespaces") == 0)
		ks_namespace_furnish(r, name);
	ks_reply_object(r, 201, object);
	if (ks_crd_is(r->resource))
		ks_crd_establish(r, object);
}

void ks_create(struct ks_req *r)
{
	cJSON *object = ks_body(r);

	if (!object || !ks_fits_place(r, object))
		return;
	if (r->resource->namespaced && !*r->ns) {
		ks_fail_details(r, 405, "MethodNotAllowed",
			"the server does not allow this method on the requested resource",
			ks_details(NULL, NULL, NULL));
		return;
	}
	if (*ks_str(object, "metadata.resourceVersion")) {
		ks_fail(r, 500, "", "resourceVersion should not be set on objects to be created");
		return;
	}
	if (!ks_decode(r, object))
		return;
	if (ks_is_review(r->resource))
		ks_review(r, object);
	else
		ks_store_new(r, object, false);
}

/* ---- change ---- */

static void copy_meta(cJSON *object, const cJSON *live)
{
	static const char *const kept[] = { "uid", "creationTimestamp", "generation",
		"deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "selfLink" };
	cJSON *meta = mok_json_object(object, "metadata");
	const cJSON *from = ks_at(live, "metadata");

	for (size_t i = 0; i < MOK_COUNT(kept); i++) {
		const cJSON *value = ks_at(from, kept[i]);

		cJSON_DeleteItemFromObjectCaseSensitive(meta, kept[i]);
		if (value)
			cJSON_AddItemToObject(meta, kept[i], cJSON_Duplicate(value, true));
	}
}

static void take_over(cJSON *object, const cJSON *live, const char *name)
{
	const cJSON *value = ks_at(live, name);

	cJSON_DeleteItemFromObjectCaseSensitive(object, name);
	if (value)
		cJSON_AddItemToObject(object, name, cJSON_Duplicate(value, true));
}

/* A write to the status changes nothing else, and one to the object not the status. */
static void keep_other_part(struct ks_req *r, cJSON *object, const cJSON *live)
{
	const cJSON *child;

	if (!r->resource->has_status)
		return;
	if (ks_is_ephemeral(r)) {
		ks_ephemeral_only(object, live);
		return;
	}
	if (strcmp(r->sub, "status") != 0) {
		take_over(object, live, "status");
		return;
	}
	cJSON_ArrayForEach(child, live)
	{
		if (strcmp(child->string, "status") != 0 && strcmp(child->string, "metadata") != 0)
			take_over(object, live, child->string);
	}
}

/* What a generation counts. */
static bool differs_in_spec(struct ks_req *r, const cJSON *object, const cJSON *live)
{
	const cJSON *notes = mok_json_at(object, "metadata.annotations"), *child;
	const cJSON *were = mok_json_at(live, "metadata.annotations");

	if (strcmp(r->resource->full, "deployments.apps") == 0 && (notes || were) &&
		!ks_same(notes, were))
		return true;

	cJSON_ArrayForEach(child, object)
	{
		const char *name = child->string;

		if (strcmp(name, "metadata") != 0 && strcmp(name, "status") != 0 &&
			!ks_same(child, ks_at(live, name)))
			return true;
	}
	cJSON_ArrayForEach(child, live) if (strcmp(child->string, "status") != 0 &&
		!ks_at(object, child->string)) return true;
	return false;
}

bool ks_check_version(struct ks_req *r, const cJSON *object, const cJSON *live)
{
	const char *version = ks_str(object, "metadata.resourceVersion");
	const char *uid = ks_str(object, "metadata.uid");

	if (*uid && strcmp(r->in->method, "PUT") == 0 &&
		strcmp(uid, ks_str(live, "metadata.uid")) != 0)
		return ks_fail_details(r, 409, "Conflict",
			ks_printf(r,
				"Operation cannot be fulfilled on %s \"%s\": StorageError: invalid "
				"object, Code: 4, Key: /registry/%s%s%s/%s, ResourceVersion: 0, "
				"AdditionalErrorMsg: Precondition failed: UID in precondition: %s, "
				"UID in object meta: %s",
				r->resource->full, r->name, r->resource->name, *r->ns ? "/" : "",
				r->ns, r->name, uid, ks_str(live, "metadata.uid")),
			ks_details(r->name, r->resource->group, r->resource->name));
	if (*version && strcmp(version, ks_str(live, "metadata.resourceVersion")) != 0)
		return ks_conflict(r, r->name);
	if (!*version && r->resource->custom && strcmp(r->in->method, "PUT") == 0) {
		ks_cause(r, "FieldValueInvalid", "metadata.resourceVersion",
			"Invalid value: 0: must be specified for an update");
		return ks_invalid_as(r, r->resource->group, r->resource->name, r->name);
	}
	return true;
}

/* Gone at last: marked as deleted, and nobody holds it any more. */
static bool is_released(const cJSON *object)
{
	return *ks_str(object, "metadata.deletionTimestamp") &&
		!mok_json_at(object, "metadata.finalizers.0") &&
		!mok_json_at(object, "spec.finalizers.0") &&
		mok_json_int(object, "metadata.deletionGracePeriodSeconds", 0) == 0;
}

void ks_store_change(struct ks_req *r, cJSON *object, const cJSON *live, bool applied)
{
	bool status = strcmp(r->sub, "status") == 0;

	ks_keep_identity(r, object, live);
	copy_meta(object, live);
	keep_other_part(r, object, live);
	if (!ks_normalise(r, object, r->resource->type))
		return;
	ks_default(r, object, r->resource->type);
	ks_normalise(r, object, r->resource->type);
	ks_complete(r, live, object);
	if (!applied)
		ks_managed_update(r, live, object);
	if (!ks_prepare(r, live, object))
		return;
	if (!status && ks_has_generation(r->resource) && differs_in_spec(r, object, live))
		mok_json_set(mok_json_object(object, "metadata"), "generation",
			cJSON_CreateNumber(
				(double)mok_json_int(live, "metadata.generation", 0) + 1));
	if (!ks_validate(r, live, object) || !ks_invalid(r, ks_str(object, "metadata.name")))
		return;
	if (is_released(object))
		ks_store_remove(r, r->resource, ks_own(r, cJSON_Duplicate(object, true)));
	else if (!ks_same(object, live))
		ks_store_put(r, r->resource, object, live);
	ks_reply_object(r, 200, object);
}
