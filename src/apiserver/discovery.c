/* What the server has: /api, /apis, /version, health. Both ways of discovery, by group and version
 * and aggregated (apidiscovery.k8s.io/v2). */
#include "apiserver_internal.h"

#include <stdlib.h>

/* ---- every group and version, in the order in which discovery tells them ---- */

struct listing {
	struct ks_req *r;
	MOK_VEC(const struct ks_resource *) all;
};

static void take(void *context, const struct ks_resource *resource)
{
	struct listing *l = context;

	mok_vec_push(l->r->arena, &l->all, resource);
}

static void read_all(struct ks_req *r, struct listing *out)
{
	*out = (struct listing){ .r = r };
	for (size_t i = 0; i < r->server->groups.len; i++) {
		const struct ks_group *g = &r->server->groups.items[i];

		for (size_t j = 0; j < g->len; j++)
			take(out, &g->resources[j]);
	}
	ks_crd_each(r, take, out);
}

static bool same_version(const struct ks_resource *a, const char *group, const char *version)
{
	return strcmp(a->group, group) == 0 && (!version || strcmp(a->version, version) == 0);
}

static bool is_first(const struct listing *l, size_t i, bool version)
{
	const struct ks_resource *it = l->all.items[i];

	for (size_t j = 0; j < i; j++)
		if (same_version(l->all.items[j], it->group, version ? it->version : NULL))
			return false;
	return true;
}

static const char *group_version(struct ks_req *r, const char *group, const char *version)
{
	return *group ? ks_printf(r, "%s/%s", group, version) : version;
}

/* ---- by group and version ---- */

static void add_words(cJSON *to, const char *name, const cJSON *words)
{
	if (cJSON_GetArraySize(words) > 0)
		cJSON_AddItemToObject(to, name, cJSON_Duplicate(words, true));
}

/* What clients compare to see whether the storage changed: 8 bytes of a digest. */
static const char *storage_hash(struct ks_req *r, const struct ks_resource *it)
{
	const char *group = ks_event_is_later(it) ? "" : it->group; /* that of the storage */
	const char *text = ks_printf(r, "%s/%s/%s", group, it->version, it->kind);
	unsigned char digest[32];

	mok_sha256(text, strlen(text), digest);
	return mok_base64(r->arena, digest, 8);
}

static cJSON *api_resource(struct ks_req *r, const struct ks_resource *it)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", it->name);
	cJSON_AddStringToObject(json, "singularName", it->singular);
	cJSON_AddBoolToObject(json, "namespaced", it->namespaced);
	cJSON_AddStringToObject(json, "kind", it->kind);
	cJSON_AddItemToObject(json, "verbs", cJSON_Duplicate(it->verbs, true));
	add_words(json, "shortNames", it->short_names);
	add_words(json, "categories", it->categories);
	if (!ks_is_review(it))
		cJSON_AddStringToObject(json, "storageVersionHash", storage_hash(r, it));
	return json;
}

static cJSON *api_sub(struct ks_req *r, const struct ks_resource *it, const struct ks_sub *sub)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", ks_printf(r, "%s/%s", it->name, sub->name));
	cJSON_AddStringToObject(json, "singularName", "");
	cJSON_AddBoolToObject(json, "namespaced", it->namespaced);
	if (*sub->group && strcmp(sub->group, it->group) != 0) {
		cJSON_AddStringToObject(json, "group", sub->group);
		cJSON_AddStringToObject(json, "version", sub->version);
	}
	cJSON_AddStringToObject(json, "kind", sub->kind);
	cJSON_AddItemToObject(json, "verbs", cJSON_Duplicate(sub->verbs, true));
	return json;
}

static cJSON *typed(const char *kind, const char *version)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "kind", kind);
	cJSON_AddStringToObject(json, "apiVersion", version);
	return json;
}

static bool reply_resources(struct ks_req *r, const char *group, const char *version)
{
	struct listing l;
	cJSON *json = ks_own(r, typed("APIResourceList", "v1")), *list;

	read_all(r, &l);
	if (!*group)
		cJSON_DeleteItemFromObjectCaseSensitive(json, "apiVersion");
	cJSON_AddStringToObject(json, "groupVersion", group_version(r, group, version));
	list = cJSON_AddArrayToObject(json, "resources");
	for (size_t i = 0; i < l.all.len; i++) {
		const struct ks_resource *it = l.all.items[i];

		if (!same_version(it, group, version))
			continue;
		cJSON_AddItemToArray(list, api_resource(r, it));
		for (size_t j = 0; j < it->nsubs; j++)
			cJSON_AddItemToArray(list, api_sub(r, it, &it->subs[j]));
	}
	if (!list->child)
		return false;
	ks_reply(r, 200, json);
	return true;
}

static cJSON *version_item(struct ks_req *r, const struct ks_resource *it)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "groupVersion", group_version(r, it->group, it->version));
	cJSON_AddStringToObject(json, "version", it->version);
	return json;
}

static cJSON *api_group(struct ks_req *r, const struct listing *l, const char *group)
{
	cJSON *json = cJSON_CreateObject(), *versions;

	cJSON_AddStringToObject(json, "name", group);
	versions = cJSON_AddArrayToObject(json, "versions");
	for (size_t i = 0; i < l->all.len; i++)
		if (same_version(l->all.items[i], group, NULL) && is_first(l, i, true))
			cJSON_AddItemToArray(versions, version_item(r, l->all.items[i]));
	if (versions->child)
		cJSON_AddItemToObject(
			json, "preferredVersion", cJSON_Duplicate(versions->child, true));
	return json;
}

static bool reply_groups(struct ks_req *r)
{
	struct listing l;
	cJSON *json = ks_own(r, typed("APIGroupList", "v1"));
	cJSON *list = cJSON_AddArrayToObject(json, "groups");

	read_all(r, &l);
	for (size_t i = 0; i < l.all.len; i++)
		if (*l.all.items[i]->group && is_first(&l, i, false))
			cJSON_AddItemToArray(list, api_group(r, &l, l.all.items[i]->group));
	ks_reply(r, 200, json);
	return true;
}

static bool reply_group(struct ks_req *r, const char *group)
{
	struct listing l;
	cJSON *json;

	read_all(r, &l);
	json = ks_own(r, api_group(r, &l, group));
	if (!ks_at(json, "preferredVersion"))
		return false;
	ks_set_str(json, "kind", "APIGroup");
	ks_set_str(json, "apiVersion", "v1");
	ks_reply(r, 200, json);
	return true;
}

static bool reply_versions(struct ks_req *r)
{
	cJSON *json = ks_own(r, typed("APIVersions", "v1")), *list, *address;

	mok_json_object(json, "metadata");
	cJSON_DeleteItemFromObjectCaseSensitive(json, "metadata");
	list = cJSON_AddArrayToObject(json, "versions");
	cJSON_AddItemToArray(list, cJSON_CreateString("v1"));
	list = cJSON_AddArrayToObject(json, "serverAddressByClientCIDRs");
	address = cJSON_CreateObject();
	cJSON_AddStringToObject(address, "clientCIDR", "0.0.0.0/0");
	cJSON_AddStringToObject(address, "serverAddress", "10.245.0.1:443");
	cJSON_AddItemToArray(list, address);
	ks_reply(r, 200, json);
	return true;
}

/* ---- aggregated ---- */

static cJSON *kind_of(const char *group, const char *version, const char *kind)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "group", group);
	cJSON_AddStringToObject(json, "version", version);
	cJSON_AddStringToObject(json, "kind", kind);
	return json;
}

static cJSON *aggregated_sub(const struct ks_resource *it, const struct ks_sub *sub)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "subresource", sub->name);
	cJSON_AddItemToObject(json, "responseKind",
		kind_of(*sub->group ? sub->group : it->group,
			*sub->version ? sub->version : it->version, sub->kind));
	cJSON_AddItemToObject(json, "verbs", cJSON_Duplicate(sub->verbs, true));
	return json;
}

static cJSON *aggregated_resource(const struct ks_resource *it)
{
	cJSON *json = cJSON_CreateObject(), *subs;

	cJSON_AddStringToObject(json, "resource", it->name);
	cJSON_AddItemToObject(json, "responseKind", kind_of(it->group, it->version, it->kind));
	cJSON_AddStringToObject(json, "scope", it->namespaced ? "Namespaced" : "Cluster");
	cJSON_AddStringToObject(json, "singularResource", it->singular);
	cJSON_AddItemToObject(json, "verbs", cJSON_Duplicate(it->verbs, true));
	add_words(json, "shortNames", it->short_names);
	add_words(json, "categories", it->categories);
	if (!it->nsubs)
		return json;
	subs = cJSON_AddArrayToObject(json, "subresources");
	for (size_t i = 0; i < it->nsubs; i++)
		cJSON_AddItemToArray(subs, aggregated_sub(it, &it->subs[i]));
	return json;
}

static cJSON *aggregated_version(const struct listing *l, const struct ks_resource *like)
{
	cJSON *json = cJSON_CreateObject(), *list;

	cJSON_AddStringToObject(json, "version", like->version);
	list = cJSON_AddArrayToObject(json, "resources");
	for (size_t i = 0; i < l->all.len; i++)
		if (same_version(l->all.items[i], like->group, like->version))
			cJSON_AddItemToArray(list, aggregated_resource(l->all.items[i]));
	cJSON_AddStringToObject(json, "freshness", "Current");
	return json;
}

static cJSON *aggregated_group(const struct listing *l, const char *group)
{
	cJSON *json = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(json, "metadata"),
	      *list;

	if (*group)
		cJSON_AddStringToObject(meta, "name", group);
	cJSON_AddItemToObject(meta, "creationTimestamp", cJSON_CreateNull());
	list = cJSON_AddArrayToObject(json, "versions");
	for (size_t i = 0; i < l->all.len; i++)
		if (same_version(l->all.items[i], group, NULL) && is_first(l, i, true))
			cJSON_AddItemToArray(list, aggregated_version(l, l->all.items[i]));
	return json;
}

static bool reply_aggregated(struct ks_req *r, bool core)
{
	struct listing l;
	cJSON *json = ks_own(r, typed("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")), *list;

	read_all(r, &l);
	cJSON_AddObjectToObject(json, "metadata");
	list = cJSON_AddArrayToObject(json, "items");
	for (size_t i = 0; i < l.all.len; i++)
		if (core == !*l.all.items[i]->group && is_first(&l, i, false))
			cJSON_AddItemToArray(list, aggregated_group(&l, l.all.items[i]->group));
	ks_reply(r, 200, json);
	r->out->content_type =
		"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
	return true;
}

/* ---- the rest ---- */

static bool reply_version(struct ks_req *r)
{
	cJSON *json = ks_own(r, cJSON_CreateObject());
	const char *release = r->in->release ? r->in->release : r->server->release;
	int minor = (int)strtol(release + strlen("v1."), NULL, 10);
	const char *text = ks_printf(r, "%d", minor);

	cJSON_AddStringToObject(json, "major", "1");
	cJSON_AddStringToObject(json, "minor", text);
	cJSON_AddStringToObject(json, "emulationMajor", "1");
	cJSON_AddStringToObject(json, "emulationMinor", text);
	cJSON_AddStringToObject(json, "minCompatibilityMajor", "1");
	cJSON_AddStringToObject(json, "minCompatibilityMinor", ks_printf(r, "%d", minor - 1));
	cJSON_AddStringToObject(json, "gitVersion", release);
	cJSON_AddStringToObject(json, "gitCommit", "");
	cJSON_AddStringToObject(json, "gitTreeState", "clean");
	cJSON_AddStringToObject(json, "buildDate", "1970-01-01T00:00:00Z");
	cJSON_AddStringToObject(json, "goVersion", "");
	cJSON_AddStringToObject(json, "compiler", "sandbox");
	cJSON_AddStringToObject(json, "platform", "linux/amd64");
	ks_reply(r, 200, json);
	return true;
}

static bool reply_text(struct ks_req *r, const char *text)
{
	r->answered = true;
	r->out->status = 200;
	r->out->content_type = "text/plain; charset=utf-8";
	mok_buf_puts(&r->out->body, text);
	return true;
}

static bool is_health(const struct ks_req *r)
{
	const char *first = r->nsegments ? r->segments[0] : "";

	return strcmp(first, "healthz") == 0 || strcmp(first, "livez") == 0 ||
		strcmp(first, "readyz") == 0;
}

bool ks_discovery(struct ks_req *r)
{
	bool aggregated = ks_accepts(r, "as=APIGroupDiscoveryList") && ks_accepts(r, "v=v2");
	const char *const *s = r->segments;
	size_t n = r->nsegments;

	if (!n || strcmp(r->in->method, "GET") != 0)
		return false;
	if (is_health(r))
		return reply_text(r, "ok");
	if (strcmp(s[0], "version") == 0 && n == 1)
		return reply_version(r);
	if (strcmp(s[0], "api") == 0 && n == 1)
		return aggregated ? reply_aggregated(r, true) : reply_versions(r);
	if (strcmp(s[0], "api") == 0 && n == 2)
		return reply_resources(r, "", s[1]);
	if (strcmp(s[0], "apis") != 0)
		return false;
	if (n == 1)
		return aggregated ? reply_aggregated(r, false) : reply_groups(r);
	return n == 2 ? reply_group(r, s[1]) : n == 3 && reply_resources(r, s[1], s[2]);
}
