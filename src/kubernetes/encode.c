#include "kubernetes.h"

#include "mok/helm.h"

#include <openssl/evp.h>
#include <string.h>

#define LIST_LIMIT 500
#define RELEASE_LIMIT 40 /* a record has its whole chart in it: up to a megabyte */
#define APPLY_TYPE "application/apply-patch+yaml" /* JSON is YAML */
#define MERGE_TYPE "application/merge-patch+json"
#define DISCOVERY_TYPE \
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

struct encoding {
	const struct mok_kubernetes *k;
	const struct mok_ask *ask;
	struct k8s_cluster *cluster;
	struct mok_arena *arena;
	struct mok_wire_request *out;
	struct mok_err *err;
};

static void add_header(struct encoding *e, const char *name, const char *value)
{
	e->out->headers[e->out->nheaders++] = (struct mok_header){ name, value };
}

/* Takes the body. */
static void set_body(struct encoding *e, const char *type, cJSON *body)
{
	char *text = cJSON_PrintUnformatted(body);

	cJSON_Delete(body);
	if (!text)
		MOK_BUG("out of memory");
	e->out->content_type = type;
	e->out->body_len = strlen(text);
	e->out->body = mok_arena_strndup(e->arena, text, e->out->body_len);
	memset(text, 0, e->out->body_len);
	cJSON_free(text);
}

/* ---- names ---- */

const char *k8s_inventory_path(struct mok_arena *arena, const char *stack, bool collection)
{
	return mok_arena_printf(arena, "/api/v1/namespaces/" K8S_INVENTORY_NS "/configmaps%s%s",
		collection ? "" : "/mok-", collection ? "" : stack);
}

/* name.namespace.kind.group of the parent object, hashed:
 * https://kubernetes.io/docs/reference/labels-annotations-taints/#applyset-kubernetes-io-id */
const char *k8s_set_id(struct mok_arena *arena, const char *stack)
{
	const char *text = mok_arena_printf(arena, "mok-%s." K8S_INVENTORY_NS ".ConfigMap.", stack);
	unsigned char sum[32];
	char *encoded;

	mok_sha256(text, strlen(text), sum);
	encoded = mok_base64(arena, sum, sizeof(sum));
	for (char *c = encoded; *c; c++)
		*c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c);
	return mok_arena_printf(arena, "applyset-%s-v1", encoded);
}

const char *k8s_stack_of(struct mok_arena *arena, const char *marker)
{
	const char *from = marker ? strchr(marker, ':') : NULL;

	return from ? mok_arena_strndup(arena, from + 1, strcspn(from + 1, ":")) : "";
}

static int no_such_kind(struct encoding *e, const char *kind)
{
	mok_err_set(e->err, MOK_ERR_API, "the cluster does not know the kind %s", kind);
	mok_err_hint(e->err, "its custom resource definition has to be there first: depends_on");
	e->err->http_status = 404;
	return -1;
}

static int collection_path(struct encoding *e)
{
	const char *group = e->ask->collection, *kind, *ns;
	const struct k8s_resource *r;

	kind = strchr(group, '/');
	ns = kind ? strchr(kind + 1, '/') : NULL;
	if (!ns)
		MOK_BUG("a collection without a kind");
	group = mok_arena_strndup(e->arena, group, (size_t)(kind - group));
	kind = mok_arena_strndup(e->arena, kind + 1, (size_t)(ns - kind - 1));
	r = k8s_discovery_find(e->cluster->resources, group, kind, NULL);
	if (!r)
		return no_such_kind(e, kind);
	e->out->path = k8s_path(e->arena, r, ns + 1, NULL);
	return 0;
}

static int object_path(struct encoding *e, const struct mok_val *manifest)
{
	const struct k8s_resource *r;
	struct mok_manifest_id id;

	if (e->ask->id) {
		e->out->path = e->ask->id;
		return 0;
	}
	if (!mok_manifest_id(e->arena, manifest, &id))
		return mok_err_set(e->err, MOK_ERR_INPUT, "the manifest is not that of an object");
	r = k8s_discovery_find(e->cluster->resources, id.group, id.kind, id.version);
	if (!r)
		return no_such_kind(e,
			mok_arena_printf(e->arena, "%s%s%s in version %s", id.kind,
				id.group[0] ? "." : "", id.group, id.version));
	e->out->path = k8s_path(e->arena, r, id.ns, id.name);
	return 0;
}

/* ---- bodies ---- */

static void set_text(cJSON *object, const char *name, const char *value)
{
	mok_json_set(object, name, cJSON_CreateString(value));
}

/* What is recorded of it is what mok wants for good: neither what is ignored nor what is held. */
static cJSON *marked(struct encoding *e, const struct mok_val *manifest, const char *marker)
{
	struct mok_val lasting = k8s_without_ignored(e->arena, e->ask->resource, manifest);
	struct mok_val held = e->ask->have ? k8s_with_held(e->arena, e->ask, &lasting) : *manifest;
	cJSON *body = mok_val_to_json(&held), *metadata = mok_json_object(body, "metadata");
	char hash[65];

	mok_manifest_hash(&lasting, hash);
	set_text(mok_json_object(metadata, "annotations"), K8S_HASH, hash);
	if (!marker || !*marker)
		return body;
	set_text(mok_json_object(metadata, "annotations"), K8S_MARKER, marker);
	set_text(mok_json_object(metadata, "labels"), K8S_PART_OF,
		k8s_set_id(e->arena, k8s_stack_of(e->arena, marker)));
	return body;
}

static const char *marker_of(const struct mok_ask *ask)
{
	return ask->marker && *ask->marker ? ask->marker : ask->have ? ask->have->marker : NULL;
}

static bool wants(const struct mok_ask *ask, const char *name)
{
	const struct mok_val *v = mok_val_get(ask->want, name);

	return v && v->type == MOK_BOOL && v->u.b;
}

/* ---- verbs ---- */

static int apply(struct encoding *e)
{
	const struct mok_val *manifest = mok_val_get(e->ask->want, "manifest");
	const struct mok_val *unknown = manifest ? mok_val_first_unknown(manifest) : NULL;
	bool dry = e->ask->verb == MOK_ASK_DRY_RUN;

	if (!manifest || unknown)
		return mok_err_set(e->err, MOK_ERR_INPUT,
			"a part of the manifest is not known by now: %s",
			unknown ? unknown->u.s : "all of it");
	if (object_path(e, manifest) != 0)
		return -1;
	e->out->method = "PATCH";
	e->out->query = mok_arena_printf(e->arena, "fieldManager=%s&fieldValidation=Strict%s%s",
		K8S_MANAGER, e->k->forces || wants(e->ask, "force_conflicts") ? "&force=true" : "",
		dry ? "&dryRun=All" : "");
	set_body(e, APPLY_TYPE, marked(e, manifest, marker_of(e->ask)));
	return 0;
}

static void set_page(struct encoding *e, int limit, const char *selector)
{
	struct mok_buf query;

	mok_buf_init(&query, 64 << 10);
	mok_buf_printf(&query, "limit=%d", limit);
	if (selector) {
		mok_buf_puts(&query, "&labelSelector=");
		mok_buf_add_url(&query, selector, false);
	}
	if (e->ask->token) {
		mok_buf_puts(&query, "&continue=");
		mok_buf_add_url(&query, e->ask->token, false);
	}
	e->out->query = mok_arena_strdup(e->arena, query.data);
	mok_buf_release(&query);
}

static int list(struct encoding *e)
{
	if (!e->ask->collection)
		MOK_BUG("a listing of no collection");
	if (collection_path(e) != 0)
		return -1;
	set_page(e, LIST_LIMIT, e->ask->selector);
	return 0;
}

static int get(struct encoding *e)
{
	e->out->path = e->ask->id;
	return 0;
}

/* What has pods is gone only when they are; nothing else waits for a garbage collector. */
static const char *propagation(const char *path)
{
	return mok_starts(path, "/apis/apps/") || mok_starts(path, "/apis/batch/") ? "Foreground"
										   : "Background";
}

static void add_precondition(struct encoding *e, cJSON *body, const char *name)
{
	const struct mok_val *metadata =
		e->ask->have ? mok_val_at(&e->ask->have->attrs, "object.metadata") : NULL;
	const char *value = metadata ? mok_val_get_str(metadata, name) : NULL;

	if (value)
		set_text(mok_json_object(body, "preconditions"), name, value);
}

/* Its uid goes along: what was made anew under the same name meanwhile is not deleted. */
static int delete_object(struct encoding *e)
{
	cJSON *body = cJSON_CreateObject();

	cJSON_AddStringToObject(body, "kind", "DeleteOptions");
	cJSON_AddStringToObject(body, "apiVersion", "v1");
	cJSON_AddStringToObject(body, "propagationPolicy", propagation(e->ask->id));
	add_precondition(e, body, "uid");
	if (e->ask->exact)
		add_precondition(e, body, "resourceVersion");
	e->out->method = "DELETE";
	e->out->path = e->ask->id;
	set_body(e, "application/json", body);
	return 0;
}

/* A merge patch: null takes them off. */
static int mark(struct encoding *e)
{
	cJSON *body = cJSON_CreateObject(), *metadata = cJSON_AddObjectToObject(body, "metadata");
	cJSON *annotations = cJSON_AddObjectToObject(metadata, "annotations");
	cJSON *labels = cJSON_AddObjectToObject(metadata, "labels");
	const char *marker = e->ask->marker;

	if (marker && *marker) {
		cJSON_AddStringToObject(annotations, K8S_MARKER, marker);
		cJSON_AddStringToObject(
			labels, K8S_PART_OF, k8s_set_id(e->arena, k8s_stack_of(e->arena, marker)));
	} else {
		cJSON_AddNullToObject(annotations, K8S_MARKER);
		cJSON_AddNullToObject(annotations, K8S_HASH);
		cJSON_AddNullToObject(labels, K8S_PART_OF);
	}
	e->out->method = "PATCH";
	e->out->path = e->ask->id;
	e->out->query = "fieldManager=" K8S_MANAGER;
	set_body(e, MERGE_TYPE, body);
	return 0;
}

static int merge(struct encoding *e)
{
	const char *patch = e->ask->extra->u.s;

	e->out->method = "PATCH";
	e->out->path = e->ask->id;
	e->out->query = "fieldManager=" K8S_MANAGER;
	e->out->content_type = MERGE_TYPE;
	e->out->body = patch;
	e->out->body_len = strlen(patch);
	return 0;
}

static int discover(struct encoding *e)
{
	e->out->path = e->ask->page == 2 ? "/apis" : "/api";
	add_header(e, "Accept", DISCOVERY_TYPE);
	return 0;
}

static int inventory(struct encoding *e)
{
	e->out->path = k8s_inventory_path(e->arena, e->ask->name, false);
	return 0;
}

/* "apps/Deployment/mastodon" is Deployment.apps of the namespace mastodon. */
static void add_once(struct mok_buf *list, const char *text, size_t len)
{
	const char *at = list->data;

	for (; len > 0 && *at; at += strcspn(at, ",")) {
		at += *at == ',';
		if (strncmp(at, text, len) == 0 && (at[len] == ',' || !at[len]))
			return;
	}
	if (len == 0)
		return;
	if (list->len)
		mok_buf_putc(list, ',');
	mok_buf_add(list, text, len);
}

static void describe(struct encoding *e, const char *collection, struct mok_buf *kinds,
	struct mok_buf *namespaces)
{
	const char *kind = strchr(collection, '/'), *ns = kind ? strchr(kind + 1, '/') : NULL;
	const char *both;

	if (!ns)
		return;
	both = mok_arena_printf(e->arena, "%.*s%s%.*s", (int)(ns - kind - 1), kind + 1,
		kind == collection ? "" : ".", (int)(kind - collection), collection);
	add_once(kinds, both, strlen(both));
	add_once(namespaces, ns + 1, strlen(ns + 1));
}

/* With its last line it goes. */
static int drop_inventory(struct encoding *e)
{
	e->out->method = "DELETE";
	e->out->path = k8s_inventory_path(e->arena, e->ask->name, false);
	return 0;
}

static int set_inventory(struct encoding *e)
{
	cJSON *body = cJSON_CreateObject(), *metadata;
	const struct mok_val *all = e->ask->extra;
	struct mok_buf lines, kinds, namespaces;

	if (!all || all->u.list.len == 0) {
		cJSON_Delete(body);
		return drop_inventory(e);
	}
	mok_buf_init(&lines, 1 << 20);
	mok_buf_init(&kinds, 200 << 10);
	mok_buf_init(&namespaces, 200 << 10);
	for (size_t i = 0; all && i < all->u.list.len; i++) {
		mok_buf_printf(&lines, "%s\n", all->u.list.items[i].u.s);
		describe(e, all->u.list.items[i].u.s, &kinds, &namespaces);
	}
	cJSON_AddStringToObject(body, "apiVersion", "v1");
	cJSON_AddStringToObject(body, "kind", "ConfigMap");
	metadata = cJSON_AddObjectToObject(body, "metadata");
	set_text(metadata, "name", mok_arena_printf(e->arena, "mok-%s", e->ask->name));
	set_text(metadata, "namespace", K8S_INVENTORY_NS);
	set_text(mok_json_object(metadata, "labels"), "applyset.kubernetes.io/id",
		k8s_set_id(e->arena, e->ask->name));
	set_text(mok_json_object(metadata, "annotations"), "applyset.kubernetes.io/tooling",
		"mok/v1");
	set_text(mok_json_object(metadata, "annotations"),
		"applyset.kubernetes.io/contains-group-kinds", kinds.data);
	set_text(mok_json_object(metadata, "annotations"),
		"applyset.kubernetes.io/additional-namespaces", namespaces.data);
	set_text(mok_json_object(body, "data"), "collections", lines.data);
	e->out->method = "PATCH";
	e->out->path = k8s_inventory_path(e->arena, e->ask->name, false);
	e->out->query = "fieldManager=" K8S_MANAGER "&force=true";
	set_body(e, APPLY_TYPE, body);
	mok_buf_release(&lines);
	mok_buf_release(&kinds);
	mok_buf_release(&namespaces);
	return 0;
}

/* What runs in pods answers or does not: asking again shows the same. */
static bool is_always_final(const struct mok_exchange *x)
{
	(void)x;
	return true;
}

static int text(struct encoding *e)
{
	const char *query = strchr(e->ask->id, '?');

	e->out->path = query ? mok_arena_strndup(e->arena, e->ask->id, (size_t)(query - e->ask->id))
			     : e->ask->id;
	e->out->query = query ? query + 1 : NULL;
	e->out->is_final = is_always_final;
	return 0;
}

static int explain(struct encoding *e)
{
	return k8s_explain_encode(e->ask, e->arena, e->out);
}

/* A kubeconfig given by hand may be another cluster's than the one that goes. */
static int leavings(struct encoding *e)
{
	if (e->k->everywhere)
		return mok_err_set(e->err, MOK_ERR_INPUT,
			"with --kubeconfig it is not known to be the cluster that answers");
	return k8s_leavings_encode(e->ask, e->out);
}

static int delete_leaving(struct encoding *e)
{
	cJSON *body = cJSON_CreateObject();

	cJSON_AddStringToObject(body, "kind", "DeleteOptions");
	cJSON_AddStringToObject(body, "apiVersion", "v1");
	cJSON_AddStringToObject(body, "propagationPolicy", "Background");
	e->out->method = "DELETE";
	e->out->path = e->ask->extra->u.s;
	e->out->retry = MOK_RETRY_NEVER;
	set_body(e, "application/json", body);
	return 0;
}

/* ---- releases: what Helm recorded of them ---- */

#define RECORDED "status notin (superseded,uninstalled)"

/* All records of the cluster, and what a killed run left: in one list. */
static int list_releases(struct encoding *e)
{
	e->out->path = "/api/v1/secrets";
	set_page(e, RELEASE_LIMIT, MOK_HELM_OWNER " in (helm,mok)," RECORDED);
	return 0;
}

/* "namespace/name" */
static int get_release(struct encoding *e)
{
	const char *slash = strchr(e->ask->id, '/');

	if (!slash)
		MOK_BUG("a release's id has no namespace");
	e->out->path = mok_arena_printf(
		e->arena, "/api/v1/namespaces/%.*s/secrets", (int)(slash - e->ask->id), e->ask->id);
	set_page(e, RELEASE_LIMIT,
		mok_arena_printf(e->arena, MOK_HELM_OWNER "=helm,name=%s," RECORDED, slash + 1));
	return 0;
}

/* Labels of the newest record: Helm hands them on. */
static int mark_release(struct encoding *e)
{
	cJSON *body = cJSON_CreateObject(), *metadata = cJSON_AddObjectToObject(body, "metadata");
	cJSON *labels = cJSON_AddObjectToObject(metadata, "labels");
	const char *record = mok_val_get_str(&e->ask->have->attrs, "record");
	struct mok_marker m;

	if (e->ask->marker && mok_marker_parse(e->arena, e->ask->marker, &m)) {
		set_text(labels, MOK_HELM_STACK, m.stack);
		set_text(labels, MOK_HELM_ADDRESS,
			mok_arena_printf(e->arena, "%s-%s", m.slug, m.addr_hash));
		set_text(labels, MOK_HELM_GENERATION,
			mok_arena_printf(e->arena, "%u", m.generation));
	} else {
		cJSON_AddNullToObject(labels, MOK_HELM_STACK);
		cJSON_AddNullToObject(labels, MOK_HELM_ADDRESS);
		cJSON_AddNullToObject(labels, MOK_HELM_GENERATION);
		cJSON_AddNullToObject(labels, MOK_HELM_SOURCE);
	}
	e->out->method = "PATCH";
	e->out->path = record;
	e->out->query = "fieldManager=" K8S_MANAGER;
	set_body(e, MERGE_TYPE, body);
	return 0;
}

static int (*const encoders[])(struct encoding *e) = {
	[MOK_ASK_LIST] = list,
	[MOK_ASK_READ] = get,
	[MOK_ASK_CREATE] = apply,
	[MOK_ASK_CALL] = apply,
	[MOK_ASK_DRY_RUN] = apply,
	[MOK_ASK_DELETE] = delete_object,
	[MOK_ASK_MARK] = mark,
	[MOK_ASK_PURGE_LIST] = leavings,
	[MOK_ASK_PURGE] = delete_leaving,
	[MOK_ASK_MERGE] = merge,
	[MOK_ASK_EXPLAIN] = explain,
	[MOK_ASK_DISCOVER] = discover,
	[MOK_ASK_INVENTORY] = inventory,
	[MOK_ASK_INVENTORY_SET] = set_inventory,
	[MOK_ASK_TEXT] = text,
};

/* Of what Jobs make: only its records are the cluster's to tell. */
static int (*const release_encoders[MOK_COUNT(encoders)])(struct encoding *e) = {
	[MOK_ASK_LIST] = list_releases,
	[MOK_ASK_READ] = get_release,
	[MOK_ASK_MARK] = mark_release,
	[MOK_ASK_DISCOVER] = discover,
	[MOK_ASK_INVENTORY] = inventory,
	[MOK_ASK_INVENTORY_SET] = set_inventory,
};

/* Server-side apply answers 500 to what its schema does not have:
 * seen with 1.36.3. A webhook that is not up is asked again by who knows for how long. */
bool k8s_is_final(const struct mok_exchange *x)
{
	return x->response.data &&
		(strstr(x->response.data, "failed to create typed patch object") ||
			strstr(x->response.data, "failed calling webhook"));
}

int k8s_encode(void *self, const struct mok_ask *ask, struct mok_arena *arena,
	struct mok_wire_request *out, struct mok_err *err)
{
	struct encoding e = { .k = self, .ask = ask, .arena = arena, .out = out, .err = err };
	int (*const *table)(struct encoding * e) = ask->kind->errands ? release_encoders : encoders;
	bool discovers = ask->verb == MOK_ASK_DISCOVER;
	int (*encoder)(struct encoding * e);

	e.cluster = k8s_cluster_of(self, ask->parent_id);
	if (!e.cluster || !e.cluster->endpoint)
		return mok_err_set(err, MOK_ERR_INPUT, "it is not known which cluster it is in");
	encoder = (size_t)ask->verb < MOK_COUNT(encoders) ? table[ask->verb] : NULL;
	if (!encoder)
		MOK_BUG("the Kubernetes API is not asked that");
	out->method = "GET";
	out->auth = MOK_AUTH_ENDPOINT;
	out->endpoint = e.cluster->endpoint;
	out->retry = MOK_RETRY_SAFE;
	out->is_final = k8s_is_final;
	if (!discovers)
		add_header(&e, "Accept",
			ask->verb == MOK_ASK_TEXT ? "text/plain, */*" : "application/json, */*");
	if (encoder(&e) != 0)
		return -1;
	if (strcmp(out->method, "GET") == 0 && ask->verb != MOK_ASK_TEXT &&
		ask->verb != MOK_ASK_EXPLAIN)
		out->is_whole = mok_http_is_object;
	return 0;
}
