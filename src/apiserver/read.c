/* Reading: one object, lists in pages, pods' logs. */
#include "apiserver_internal.h"

#include <stdio.h>
#include <stdlib.h>

static const char *api_version(struct ks_req *r, const struct ks_resource *res)
{
	return *res->group ? ks_printf(r, "%s/%s", res->group, res->version) : res->version;
}

void ks_stamp(struct ks_req *r, cJSON *object, const struct ks_resource *resource)
{
	ks_set_str(object, "kind", resource->kind);
	ks_set_str(object, "apiVersion", api_version(r, resource));
}

cJSON *ks_parse_item(struct ks_req *r, const struct mok_apiserver_item *item)
{
	cJSON *object = cJSON_ParseWithLength(item->text, item->len);
	char version[24];

	if (!object)
		MOK_BUG("a stored object that is no JSON");
	snprintf(version, sizeof(version), "%lld", (long long)item->version);
	ks_set_str(mok_json_object(object, "metadata"), "resourceVersion", version);
	/* One stored text serves every version of a custom resource: none converts. */
	if (r->resource && r->resource->custom &&
		strcmp(item->key.resource, r->resource->full) == 0)
		ks_stamp(r, object, r->resource);
	return object;
}

cJSON *ks_load_key(struct ks_req *r, const struct mok_apiserver_key *key)
{
	struct mok_apiserver_item item;

	if (!r->store->get(r->store->self, key, &item))
		return NULL;
	return ks_own(r, ks_parse_item(r, &item));
}

cJSON *ks_load(struct ks_req *r, const char *name)
{
	const struct mok_apiserver_key key = { r->resource->full, r->ns, name };

	return ks_load_key(r, &key);
}

/* What a table's rows are to hold. False: it has answered. */
static bool can_include(struct ks_req *r)
{
	const char *what = ks_query(r, "includeObject");

	if (!what || !*what || strcmp(what, "None") == 0 || strcmp(what, "Metadata") == 0 ||
		strcmp(what, "Object") == 0)
		return true;
	return ks_bad_request(r,
		"Unable to convert to Table as requested: includeObject: Invalid value: \"%s\": "
		"must "
		"be 'Metadata', 'Object', 'None', or empty",
		what);
}

void ks_reply_object(struct ks_req *r, int status, cJSON *object)
{
	cJSON *list;

	if (!ks_wants_table(r)) {
		ks_reply(r, status, ks_wants_metadata(r) ? ks_own(r, ks_partial(object)) : object);
		return;
	}
	if (!can_include(r))
		return;
	list = ks_own(r, cJSON_CreateArray());
	cJSON_AddItemReferenceToArray(list, object);
	ks_reply(r, status, ks_table(r, list, NULL));
}

void ks_get(struct ks_req *r)
{
	cJSON *object = ks_load(r, r->name);

	if (!object)
		ks_not_found(r, r->resource->full, r->name);
	else if (strcmp(r->sub, "scale") == 0)
		ks_reply(r, 200, ks_scale_of(r, object));
	else
		ks_reply_object(r, 200, object);
}

/* ---- lists ---- */

struct page {
	struct ks_req *r;
	struct ks_selection selection;
	size_t limit; /* 0: all */
	cJSON *items;
	struct mok_apiserver_key last;
	size_t taken, more; /* more: those that follow the page */
};

static bool take_item(void *context, const struct mok_apiserver_item *item)
{
	struct page *page = context;
	cJSON *object;

	if (page->limit && page->taken == page->limit) {
		page->more++;
		return true;
	}
	object = ks_parse_item(page->r, item);
	if (!ks_selected(&page->selection, object)) {
		cJSON_Delete(object);
		return true;
	}
	if (ks_wants_metadata(page->r)) {
		cJSON *whole = object;

		object = ks_partial(whole);
		cJSON_Delete(whole);
	}
	/* The list names them once. */
	else if (!page->r->resource->custom && !ks_wants_table(page->r)) {
		cJSON_DeleteItemFromObjectCaseSensitive(object, "kind");
		cJSON_DeleteItemFromObjectCaseSensitive(object, "apiVersion");
	}
	cJSON_AddItemToArray(page->items, object);
	page->taken++;
	page->last = item->key;
	return true;
}

/* A continue token is the version and the key after which to go on, in base64. */
static const char *make_continue(struct ks_req *r, const struct page *page, int64_t version)
{
	const char *text = ks_printf(r, "%lld %s %s", (long long)version,
		*page->last.ns ? page->last.ns : "-", page->last.name);

	return mok_base64(r->arena, text, strlen(text));
}

static bool read_continue(struct ks_req *r, struct mok_apiserver_key *after, int64_t *version)
{
	const char *token = ks_query(r, "continue"), *text, *space, *name;
	char number[24] = "";
	size_t bad;

	if (!token || !*token)
		return false;
	text = ks_unbase64(r->arena, token, &bad);
	if (!text)
		return ks_bad_request(r,
			"invalid continue token: continue key is not valid: illegal base64 data at "
			"input byte %zu",
			bad);
	space = strchr(text, ' ');
	name = space ? strchr(space + 1, ' ') : NULL;
	if (!name || space - text >= (int)sizeof(number)) {
		ks_bad_request(r,
			"invalid continue token: continue key is not valid: invalid character "
			"'%s' looking for beginning of value",
			*text & 0x80 ? ks_printf(r, "\\u%04x", *text & 0xff)
				     : mok_arena_strndup(r->arena, text, 1));
		return false;
	}
	memcpy(number, text, (size_t)(space - text));
	if (!mok_parse_i64(number, version))
		*version = 0;
	*after = (struct mok_apiserver_key){ r->resource->full,
		mok_arena_strndup(r->arena, space + 1, (size_t)(name - space - 1)), name + 1 };
	if (strcmp(after->ns, "-") == 0)
		after->ns = "";
	return true;
}

static size_t read_limit(struct ks_req *r)
{
	const char *text = ks_query(r, "limit");
	int64_t limit;

	return text && mok_parse_i64(text, &limit) && limit > 0 ? (size_t)limit : 0;
}

static void reply_list(struct ks_req *r, struct page *page, int64_t version)
{
	cJSON *list = ks_own(r, cJSON_CreateObject()), *meta;
	char number[24];

	snprintf(number, sizeof(number), "%lld", (long long)version);
	cJSON_AddStringToObject(list, "kind",
		ks_wants_metadata(r) ? "PartialObjectMetadataList" : r->resource->list_kind);
	cJSON_AddStringToObject(list, "apiVersion",
		ks_wants_metadata(r) ? "meta.k8s.io/v1" : api_version(r, r->resource));
	meta = cJSON_AddObjectToObject(list, "metadata");
	cJSON_AddStringToObject(meta, "resourceVersion", number);
	if (r->resource->custom && !page->more && !ks_wants_table(r))
		cJSON_AddStringToObject(meta, "continue", "");
	if (page->more) {
		cJSON_AddStringToObject(meta, "continue", make_continue(r, page, version));
		if (!page->selection.labels.len && !page->selection.fields.len)
			cJSON_AddNumberToObject(meta, "remainingItemCount", (double)page->more);
	}
	if (ks_wants_table(r)) {
		ks_reply(r, 200, ks_table(r, page->items, meta));
		cJSON_Delete(page->items);
		return;
	}
	cJSON_AddItemToObject(list, "items", page->items);
	ks_reply(r, 200, list);
}

void ks_list(struct ks_req *r)
{
	struct page page = { .r = r, .limit = read_limit(r) };
	struct mok_apiserver_key after;
	int64_t version = r->store->version(r->store->self, false);
	bool goes_on;

	if (ks_query_true(r, "watch")) {
		ks_watch(r);
		return;
	}
	goes_on = read_continue(r, &after, &version);
	if (r->answered || !ks_selection_read(r, &page.selection) ||
		(ks_wants_table(r) && !can_include(r)))
		return;
	page.items = cJSON_CreateArray();
	r->store->list(r->store->self, r->resource->full, *r->ns ? r->ns : NULL,
		goes_on ? &after : NULL, take_item, &page);
	reply_list(r, &page, version);
}

/* ---- logs ---- */

static bool has_container(const cJSON *pod, const char *name)
{
	static const char *const lists[] = { "containers", "initContainers" };

	for (size_t i = 0; i < MOK_COUNT(lists); i++) {
		const cJSON *container;

		cJSON_ArrayForEach(container,
			ks_at(ks_at(pod, "spec"), lists[i])) if (strcmp(ks_str(container, "name"),
									 name) == 0) return true;
	}
	return false;
}

static const char *only_container(struct ks_req *r, const cJSON *pod)
{
	const cJSON *list = mok_json_at(pod, "spec.containers"), *container;
	struct mok_buf names;

	if (cJSON_GetArraySize(list) == 1)
		return ks_str(list->child, "name");
	mok_buf_init(&names, 8192);
	cJSON_ArrayForEach(container, list)
		mok_buf_printf(&names, "%s%s", names.len ? " " : "", ks_str(container, "name"));
	ks_bad_request(r, "a container name must be specified for pod %s, choose one of: [%s]",
		r->name, names.data);
	mok_buf_release(&names);
	return NULL;
}

/* The last `tail` lines. */
static const char *tail_of(const char *text, int64_t tail)
{
	const char *p = text + strlen(text);

	if (p > text && p[-1] == '\n')
		p--;
	for (; p > text; p--)
		if (p[-1] == '\n' && --tail <= 0)
			break;
	return p;
}

/* What it waits for, in the kubelet's words; NULL: it does not, or somebody else's pod tells
 * nothing. */
static const char *waits_for(const cJSON *pod, const char *container)
{
	static const char *const lists[] = { "containerStatuses", "initContainerStatuses" };
	const cJSON *one;

	if (!*ks_str(pod, "spec.nodeName"))
		return "ContainerCreating";
	for (size_t i = 0; i < MOK_COUNT(lists); i++) {
		cJSON_ArrayForEach(one, ks_at(ks_at(pod, "status"), lists[i]))
		{
			const char *reason = ks_str(one, "state.waiting.reason");

			if (strcmp(ks_str(one, "name"), container) != 0 || !*reason)
				continue;
			return strstr(reason, "ImagePull") ? "trying and failing to pull image"
							   : reason;
		}
	}
	return NULL;
}

/* Has it run before? */
static bool has_ended(const cJSON *pod, const char *container)
{
	static const char *const lists[] = { "containerStatuses", "initContainerStatuses" };
	const cJSON *one;

	for (size_t i = 0; i < MOK_COUNT(lists); i++) {
		cJSON_ArrayForEach(one, ks_at(ks_at(pod, "status"), lists[i]))
		{
			if (strcmp(ks_str(one, "name"), container) == 0)
				return mok_json_at(one, "lastState.terminated") != NULL;
		}
	}
	return false;
}

void ks_logs(struct ks_req *r)
{
	const cJSON *pod = ks_load(r, r->name);
	const char *container = ks_query(r, "container"), *tail = ks_query(r, "tailLines"), *text;
	const char *waiting;
	int64_t lines;

	if (!pod) {
		ks_not_found(r, "pods", r->name);
		return;
	}
	if (!container || !*container)
		container = only_container(r, pod);
	if (!container)
		return;
	if (!has_container(pod, container)) {
		ks_bad_request(r, "container %s is not valid for pod %s", container, r->name);
		return;
	}
	if (ks_query_true(r, "previous") && !has_ended(pod, container)) {
		ks_bad_request(r, "previous terminated container \"%s\" in pod \"%s\" not found",
			container, r->name);
		return;
	}
	text = r->store->log ? r->store->log(r->store->self, r->ns, r->name, container) : NULL;
	waiting = text ? NULL : waits_for(pod, container);
	if (waiting) {
		ks_bad_request(r, "container \"%s\" in pod \"%s\" is waiting to start: %s",
			container, r->name, waiting);
		return;
	}
	text = text ? text : "";
	if (tail && mok_parse_i64(tail, &lines) && lines >= 0)
		text = lines ? tail_of(text, lines) : "";
	r->answered = true;
	r->out->status = 200;
	r->out->content_type = "text/plain";
	mok_buf_puts(&r->out->body, text);
}
