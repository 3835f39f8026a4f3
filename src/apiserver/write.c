/*
 * Writing. Whatever asks for it, an object goes the same way: decoded, defaulted, admitted,
 * validated, its ownership of fields brought up to date, and stored if that changed anything.
 */
#include "apiserver_internal.h"

#include <stdio.h>
#include <stdlib.h>

const char *ks_word(struct ks_req *r, size_t len)
{
	static const char letters[] =
		"bcdfghjklmnpqrstvwxz2456789"; /* no vowels, as in the real one */
	char *word = mok_arena_alloc(r->arena, len + 1);

	for (size_t i = 0; i < len; i++)
		word[i] = letters[r->store->draw(r->store->self) % (sizeof(letters) - 1)];
	return word;
}

const char *ks_uuid(struct ks_req *r)
{
	uint64_t a = r->store->draw(r->store->self), b = r->store->draw(r->store->self);

	return ks_printf(r, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
		(unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
		(unsigned)(0x8000 | (b >> 48 & 0x3fff)), (unsigned long long)(b & 0xffffffffffff));
}

/* ---- storing ---- */

static struct mok_apiserver_event event_of(
	struct ks_req *r, const struct ks_resource *resource, cJSON *object, int64_t version)
{
	struct mok_apiserver_event event = { .type = "ADDED" };
	cJSON *meta = mok_json_object(object, "metadata");
	char number[24], *text;

	snprintf(number, sizeof(number), "%lld", (long long)version);
	ks_set_str(meta, "resourceVersion", number);
	text = cJSON_PrintUnformatted(object);
	event.item = (struct mok_apiserver_item){
		.key = { resource->full, ks_str(meta, "namespace"), ks_str(meta, "name") },
		.version = version,
		.text = mok_arena_strdup(r->arena, text),
		.len = strlen(text)
	};
	cJSON_free(text);
	return event;
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
		text = cJSON_PrintUnformatted(before);
		event.type = "MODIFIED";
		event.before = text;
	}
	r->store->put(r->store->self, &event);
	cJSON_free(text);
}

void ks_store_remove(struct ks_req *r, const struct ks_resource *resource, cJSON *object)
{
	struct mok_apiserver_event event;
	const char *ns;

	if (r->dry_run)
		return;
	event = event_of(r, resource, object, r->store->version(r->store->self, true));
	event.type = "DELETED";
	event.before = event.item.text;
	r->store->remove(r->store->self, &event);
	ns = mok_arena_strdup(r->arena, event.item.key.ns);
	if (*ns)
		ks_namespace_drain(r, ns);
}

/* ---- what is the same for every write ---- */

static bool report_unknown(struct ks_req *r)
{
	const char *how = ks_query(r, "fieldValidation");
	struct mok_buf text;

	if (!r->unknown.len || (how && strcmp(how, "Ignore") == 0))
		return true;
	if (!how || strcmp(how, "Strict") != 0) {
		for (size_t i = 0; i < r->unknown.len; i++)
			ks_warn(r, ks_printf(r, "unknown field \"%s\"", r->unknown.items[i]));
		return true;
	}
	mok_buf_init(&text, 65536);
	for (size_t i = 0; i < r->unknown.len; i++)
		mok_buf_printf(&text, "%sunknown field \"%s\"", i ? ", " : "", r->unknown.items[i]);
	if (strcmp(r->in->method, "PATCH") == 0)
		ks_bad_request(r, "strict decoding error: %s", text.data);
	else
		ks_bad_request(r,
			"%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s",
			r->resource->kind, r->resource->version, r->resource->kind, text.data);
	mok_buf_release(&text);
	return false;
}

/* The object is of this resource and goes where the path says. */
static bool fits_place(struct ks_req *r, cJSON *object)
{
	const struct ks_resource *res = r->resource;
	const char *want =
		*res->group ? ks_printf(r, "%s/%s", res->group, res->version) : res->version;
	const char *version = mok_json_str(object, "apiVersion"),
		   *kind = mok_json_str(object, "kind");
	cJSON *meta;
	const char *ns;

	if (!cJSON_IsObject(object) || (!kind && ks_at(object, "kind")))
		return ks_bad_request(r, "Object 'Kind' is missing in the request's body");
	if (version && kind && strcmp(version, want) == 0 && strcmp(kind, res->kind) != 0)
		return ks_bad_request(r,
			"%s in version \"%s\" cannot be handled as a %s: converting (%s.%s) to "
			"(%s.%s): "
			"unknown conversion",
			kind, res->version, res->kind, res->version, kind,
			*res->group
				? mok_arena_strndup(r->arena, res->group, strcspn(res->group, "."))
				: "core",
			res->kind);
	if ((version && strcmp(version, want) != 0) || (kind && strcmp(kind, res->kind) != 0))
		return ks_bad_request(r,
			"the API version in the data (%s) does not match the expected API version "
			"(%s)",
			version ? version : "", want);
	ks_stamp(r, object, res);
	meta = mok_json_object(object, "metadata");
	ns = ks_str(meta, "namespace");
	if (*ns && strcmp(ns, r->ns) != 0)
		return ks_bad_request(r,
			"the namespace of the provided object does not match the namespace sent on "
			"the request");
	if (res->namespaced)
		ks_set_str(meta, "namespace", r->ns);
	else
		cJSON_DeleteItemFromObjectCaseSensitive(meta, "namespace");
	return true;
}

static bool decode(struct ks_req *r, cJSON *object)
{
	return ks_normalise(r, object, r->resource->type) && report_unknown(r);
}

/* ---- create ---- */

static const char *time_text(struct ks_req *r, int64_t ms)
{
	char *text = mok_arena_alloc(r->arena, 21);

	mok_format_time(ms, text);
	return text;
}

/* Which resources count generations, though they have no status subresource, or have one but do
 * not count. */
static bool has_generation(const struct ks_resource *res)
{
	static const char counting[] =
		" deployments.apps replicasets.apps statefulsets.apps daemonsets.apps jobs.batch "
		"cronjobs.batch ingresses.networking.k8s.io networkpolicies.networking.k8s.io "
		"poddisruptionbudgets.policy replicationcontrollers pods "
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
	ks_set_str(meta, "creationTimestamp", time_text(r, r->now_ms));
	if (has_generation(r->resource))
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
static void store_new(struct ks_req *r, cJSON *object, bool applied)
{
	const char *name;

	begin_object(r, object);
	if (!name_object(r, object) || !ks_normalise(r, object, r->resource->type))
		return;
	ks_default(r, object, r->resource->type);
	ks_normalise(r, object, r->resource->type);
	name = mok_arena_strdup(r->arena, ks_str(object, "metadata.name"));
	if (r->resource->namespaced && !ks_namespace_open(r))
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
}

void ks_create(struct ks_req *r)
{
	cJSON *object = ks_body(r);

	if (!object || !fits_place(r, object))
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
	if (decode(r, object))
		store_new(r, object, false);
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

static bool differs_in_spec(const cJSON *object, const cJSON *live)
{
	const cJSON *child;

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

static bool check_version(struct ks_req *r, const cJSON *object, const cJSON *live)
{
	const char *version = ks_str(object, "metadata.resourceVersion");
	const char *uid = ks_str(object, "metadata.uid");

	if (*uid && strcmp(uid, ks_str(live, "metadata.uid")) != 0)
		return ks_fail_details(r, 409, "Conflict",
			ks_printf(r,
				"Operation cannot be fulfilled on %s \"%s\": StorageError: invalid "
				"object, Code: 4, Key: /registry/%s/%s, ResourceVersion: 0, "
				"AdditionalErrorMsg: Precondition failed: UID in precondition: %s, "
				"UID "
				"in object meta: %s",
				r->resource->full, r->name, r->resource->name, r->name, uid,
				ks_str(live, "metadata.uid")),
			ks_details(r->name, r->resource->group, r->resource->name));
	if (*version && strcmp(version, ks_str(live, "metadata.resourceVersion")) != 0)
		return ks_conflict(r, r->name);
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

static void store_change(struct ks_req *r, cJSON *object, const cJSON *live, bool applied)
{
	bool status = strcmp(r->sub, "status") == 0;

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
	if (!status && has_generation(r->resource) && differs_in_spec(object, live))
		mok_json_set(mok_json_object(object, "metadata"), "generation",
			cJSON_CreateNumber(
				(double)mok_json_int(live, "metadata.generation", 0) + 1));
	if (!ks_validate(r, live, object) || !ks_invalid(r, ks_str(object, "metadata.name")))
		return;
	if (!ks_same(object, live)) {
		if (is_released(object))
			ks_store_remove(r, r->resource, object);
		else
			ks_store_put(r, r->resource, object, live);
	}
	ks_reply_object(r, 200, object);
}

/* ---- scale ---- */

static void scale_to(struct ks_req *r, cJSON *live, const cJSON *scale)
{
	const char *path = mok_json_str(r->resource->scale, "specReplicasPath");
	cJSON *object = ks_own(r, cJSON_Duplicate(live, true)), *at = object;
	const cJSON *replicas = mok_json_at(scale, "spec.replicas");
	size_t len;

	path = path ? path + (*path == '.') : "spec.replicas";
	if (!cJSON_IsNumber(replicas)) {
		replicas = ks_own(r, cJSON_CreateNumber(0));
	}
	if (replicas->valuedouble < 0) {
		ks_cause(r, "FieldValueInvalid", "spec.replicas",
			"Invalid value: %d: must be greater than or equal to 0",
			(int)replicas->valuedouble);
		ks_invalid(r, r->name);
		return;
	}
	for (; path[len = strcspn(path, ".")]; path += len + 1)
		at = mok_json_object(at, mok_arena_strndup(r->arena, path, len));
	mok_json_set(at, path, cJSON_Duplicate(replicas, false));
	store_change(r, object, live, false);
	if (r->out->status != 200)
		return;
	mok_buf_clear(&r->out->body);
	r->answered = false;
	ks_get(r);
}

/* ---- PUT, PATCH ---- */

static void name_differs(struct ks_req *r, const cJSON *object)
{
	ks_bad_request(r, "the name of the object (%s) does not match the name on the URL (%s)",
		ks_str(object, "metadata.name"), r->name);
}

void ks_update(struct ks_req *r)
{
	cJSON *live = ks_load(r, r->name), *object = ks_body(r);

	if (!object)
		return;
	if (live && strcmp(r->sub, "scale") == 0) {
		if (check_version(r, object, live))
			scale_to(r, live, object);
		return;
	}
	if (!fits_place(r, object) || !decode(r, object))
		return;
	if (strcmp(ks_str(object, "metadata.name"), r->name) != 0) {
		name_differs(r, object);
		return;
	}
	if (!live)
		ks_not_found(r, r->resource->full, r->name);
	else if (check_version(r, object, live))
		store_change(r, object, live, false);
}

static void apply(struct ks_req *r)
{
	cJSON *live, *config, *object;
	const char *manager = ks_query(r, "fieldManager");

	if (!manager || !*manager) {
		ks_bad_field(r, ks_details("", "meta.k8s.io", "PatchOptions"), "FieldValueRequired",
			"fieldManager", "Required value: is required for apply patch");
		return;
	}
	config = ks_body(r);
	if (!config)
		return;
	if (*ks_str(config, "metadata.name") &&
		strcmp(ks_str(config, "metadata.name"), r->name) != 0) {
		name_differs(r, config);
		return;
	}
	if (!ks_managed_check(r, config) || !fits_place(r, config))
		return;
	if (!*ks_str(config, "metadata.name"))
		ks_set_str(mok_json_object(config, "metadata"), "name", r->name);
	live = ks_load(r, r->name);
	if (!live && *r->sub) {
		ks_not_found(r, r->resource->full, r->name);
		return;
	}
	if (live && !check_version(r, config, live))
		return;
	object = ks_managed_apply(r, live, config);
	if (!object)
		return;
	if (live)
		store_change(r, object, live, true);
	else
		store_new(r, object, true);
}

static cJSON *patched(struct ks_req *r, const cJSON *live, const char *type)
{
	cJSON *patch = ks_body(r);

	if (!patch)
		return NULL;
	if (mok_starts(type, "application/json-patch+json"))
		return ks_json_patch(r, live, patch);
	if (mok_starts(type, "application/merge-patch+json"))
		return ks_merge_patch(r, live, patch);
	if (mok_starts(type, "application/strategic-merge-patch+json") && !r->resource->custom)
		return ks_strategic_patch(r, live, patch, r->resource->type);
	ks_fail(r, 415, "UnsupportedMediaType",
		"the body of the request was in an unknown format - accepted media types include: "
		"application/json-patch+json, application/merge-patch+json, "
		"application/apply-patch+yaml");
	return NULL;
}

static cJSON *scale_view(struct ks_req *r, const cJSON *live)
{
	cJSON *scale = ks_own(r, cJSON_CreateObject());
	cJSON *spec = cJSON_AddObjectToObject(scale, "spec");

	(void)r;
	cJSON_AddNumberToObject(spec, "replicas", (double)mok_json_int(live, "spec.replicas", 0));
	return scale;
}

void ks_patch(struct ks_req *r)
{
	const char *type = r->in->content_type ? r->in->content_type : "";
	bool scale = strcmp(r->sub, "scale") == 0;
	cJSON *live, *object;

	if (mok_starts(type, "application/apply-patch+yaml")) {
		apply(r);
		return;
	}
	live = ks_load(r, r->name);
	if (!live) {
		ks_not_found(r, r->resource->full, r->name);
		return;
	}
	object = patched(r, scale ? scale_view(r, live) : live, type);
	if (!object)
		return;
	if (scale) {
		scale_to(r, live, object);
		return;
	}
	if (fits_place(r, object) && check_version(r, object, live) && decode(r, object))
		store_change(r, object, live, false);
}

/* ---- DELETE ---- */

struct deletion {
	const cJSON *options;
	int64_t grace_s;
	bool graceful;
	const char *finalizer; /* of the propagation policy, or NULL */
};

static bool read_deletion(struct ks_req *r, struct deletion *out)
{
	const char *policy = ks_query(r, "propagationPolicy");
	const char *grace = ks_query(r, "gracePeriodSeconds");

	out->options = ks_body(r);
	if (!out->options)
		return false;
	if (!policy)
		policy = mok_json_str(out->options, "propagationPolicy");
	if (mok_json_at(out->options, "dryRun.0"))
		r->dry_run = true;
	out->finalizer = !policy                    ? NULL
		: strcmp(policy, "Foreground") == 0 ? "foregroundDeletion"
		: strcmp(policy, "Orphan") == 0     ? "orphan"
						    : NULL;
	out->grace_s = mok_json_int(out->options, "gracePeriodSeconds", -1);
	if (grace && !mok_parse_i64(grace, &out->grace_s))
		return ks_bad_request(r, "gracePeriodSeconds: not a number");
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
					"The "
					"object might have been deleted and then recreated",
					r->resource->kind, ks_str(live, "metadata.name"),
					i ? "ResourceVersion" : "UID", want,
					i ? "ResourceVersion" : "UID", have),
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
	ks_set_str(meta, "deletionTimestamp", time_text(r, r->now_ms + grace_s * 1000));
	if (strcmp(r->resource->full, "namespaces") != 0)
		mok_json_set(
			meta, "deletionGracePeriodSeconds", cJSON_CreateNumber((double)grace_s));
	if (has_generation(r->resource))
		mok_json_set(meta, "generation",
			cJSON_CreateNumber((double)mok_json_int(meta, "generation", 0) + 1));
}

/* True: it is gone; false: it waits for somebody, and *object is how it looks now. */
static bool delete_one(struct ks_req *r, const struct deletion *d, cJSON *object)
{
	cJSON *before = ks_own(r, cJSON_Duplicate(object, true));
	int64_t grace_s = grace_of(r, d, object);
	bool space = strcmp(r->resource->full, "namespaces") == 0;

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
		"podtemplates" };

	for (size_t i = 0; i < MOK_COUNT(resources); i++)
		if (strcmp(resources[i], res->full) == 0)
			return true;
	return false;
}

static void reply_deleted(struct ks_req *r, cJSON *object)
{
	cJSON *status = ks_own(r, cJSON_CreateObject()), *details;

	cJSON_AddStringToObject(status, "kind", "Status");
	cJSON_AddStringToObject(status, "apiVersion", "v1");
	cJSON_AddObjectToObject(status, "metadata");
	cJSON_AddStringToObject(status, "status", "Success");
	details = ks_details(r->name, r->resource->group, r->resource->name);
	cJSON_AddStringToObject(details, "uid", ks_str(object, "metadata.uid"));
	cJSON_AddItemToObject(status, "details", details);
	ks_reply(r, 200, status);
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
	if (strcmp(r->resource->full, "namespaces") == 0 && mok_starts(r->name, "kube-system")) {
		ks_forbidden(r, r->name, "this namespace may not be deleted");
		return;
	}
	gone = delete_one(r, &d, live);
	if (gone && !tells_object(r->resource))
		reply_deleted(r, live);
	else
		ks_reply_object(r, 200, live);
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

void ks_delete_collection(struct ks_req *r)
{
	struct gathering g = { .r = r };
	struct deletion d;
	cJSON *list, *items;

	if (!read_deletion(r, &d) || !ks_selection_read(r, &g.selection))
		return;
	r->store->list(r->store->self, r->resource->full, *r->ns ? r->ns : NULL, NULL, gather, &g);
	list = ks_own(r, cJSON_CreateObject());
	cJSON_AddStringToObject(list, "kind", r->resource->list_kind);
	cJSON_AddStringToObject(list, "apiVersion",
		*r->resource->group
			? ks_printf(r, "%s/%s", r->resource->group, r->resource->version)
			: r->resource->version);
	mok_json_object(list, "metadata");
	items = cJSON_AddArrayToObject(list, "items");
	for (size_t i = 0; i < g.found.len; i++) {
		delete_one(r, &d, g.found.items[i]);
		cJSON_AddItemToArray(items, cJSON_Duplicate(g.found.items[i], true));
	}
	ks_reply(r, 200, list);
}

void ks_delete_pod(struct ks_req *r, cJSON *pod)
{
	const struct deletion d = { .grace_s = -1 };

	delete_one(r, &d, pod);
}
