/* Reading: one object, pods' logs. */
#include "apiserver_internal.h"

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
