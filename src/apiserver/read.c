/* Reading: one object, pods' logs. */
#include "apiserver_internal.h"

#include <stdio.h>
#include <stdlib.h>

const char *ks_api_version(struct ks_req *r, const struct ks_resource *res)
{
	return *res->group ? ks_printf(r, "%s/%s", res->group, res->version) : res->version;
}

void ks_stamp(struct ks_req *r, cJSON *object, const struct ks_resource *resource)
{
	ks_set_str(object, "kind", resource->kind);
	ks_set_str(object, "apiVersion", ks_api_version(r, resource));
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

bool ks_can_include(struct ks_req *r)
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
	if (!ks_can_include(r))
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
