/* Watching:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes. A
 * request answers what has happened up to now; the caller asks again for what comes after. */
#include "apiserver_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_DEFAULT_S = 1800, TIMEOUT_MAX_S = 86400 };

struct watching {
	struct ks_req *r;
	struct ks_selection selection;
	int64_t seen;
};

/* Takes object over. */
static void tell(struct ks_req *r, const char *type, cJSON *object)
{
	cJSON *event = cJSON_CreateObject();
	char *text;

	cJSON_AddStringToObject(event, "type", type);
	cJSON_AddItemToObject(event, "object", object);
	text = cJSON_PrintUnformatted(event);
	mok_buf_puts(&r->out->body, text);
	mok_buf_putc(&r->out->body, '\n');
	cJSON_free(text);
	cJSON_Delete(event);
}

static void tell_object(struct watching *w, const char *type, cJSON *object)
{
	struct ks_req *r = w->r;
	cJSON *list;

	if (!ks_wants_table(r)) {
		tell(r, type, ks_wants_metadata(r) ? ks_partial(object) : object);
		if (ks_wants_metadata(r))
			cJSON_Delete(object);
		return;
	}
	list = cJSON_CreateArray();
	cJSON_AddItemToArray(list, object);
	tell(r, type, cJSON_Duplicate(ks_table(r, list, NULL), true));
	cJSON_Delete(list);
}

static bool tell_stored(void *context, const struct mok_apiserver_item *item)
{
	struct watching *w = context;
	cJSON *object = ks_parse_item(w->r, item);

	if (ks_selected(&w->selection, object))
		tell_object(w, "ADDED", object);
	else
		cJSON_Delete(object);
	return true;
}

/* To a watcher with a selector, an object comes and goes as its labels do. */
static void tell_event(void *context, const struct mok_apiserver_event *event)
{
	struct watching *w = context;
	cJSON *object = ks_parse_item(w->r, &event->item);
	cJSON *before = event->before ? cJSON_Parse(event->before) : NULL;
	bool is = strcmp(event->type, "DELETED") != 0 && ks_selected(&w->selection, object);
	bool was = before && ks_selected(&w->selection, before);

	w->seen = event->item.version;
	if (before && ks_event_is_later(w->r->resource))
		ks_event_from_core(before);
	/* What leaves is told as it last matched; what is deleted, as it was then. */
	if (was && !is && strcmp(event->type, "DELETED") != 0) {
		cJSON *last = before;

		before = object;
		object = last;
		ks_set_str(mok_json_object(object, "metadata"), "resourceVersion",
			ks_str(before, "metadata.resourceVersion"));
	}
	cJSON_Delete(before);
	if (is || was)
		tell_object(w, is && was ? "MODIFIED" : is ? "ADDED" : "DELETED", object);
	else
		cJSON_Delete(object);
}

static void tell_bookmark(struct ks_req *r, int64_t version, bool initial)
{
	cJSON *object = cJSON_CreateObject(), *meta;
	char number[24];

	snprintf(number, sizeof(number), "%lld", (long long)version);
	ks_stamp(r, object, r->resource);
	meta = cJSON_AddObjectToObject(object, "metadata");
	cJSON_AddStringToObject(meta, "resourceVersion", number);
	if (initial)
		cJSON_AddStringToObject(cJSON_AddObjectToObject(meta, "annotations"),
			"k8s.io/initial-events-end", "true");
	tell(r, "BOOKMARK", object);
}

static void tell_expired(struct ks_req *r)
{
	cJSON *status = cJSON_CreateObject();

	cJSON_AddStringToObject(status, "kind", "Status");
	cJSON_AddStringToObject(status, "apiVersion", "v1");
	cJSON_AddObjectToObject(status, "metadata");
	cJSON_AddStringToObject(status, "status", "Failure");
	cJSON_AddStringToObject(status, "message", "too old resource version");
	cJSON_AddStringToObject(status, "reason", "Expired");
	cJSON_AddNumberToObject(status, "code", 410);
	tell(r, "ERROR", status);
	r->out->watch = false;
}

static int64_t until(struct ks_req *r)
{
	const char *text = ks_query(r, "timeoutSeconds");
	int64_t seconds = TIMEOUT_DEFAULT_S;

	if (text && (!mok_parse_i64(text, &seconds) || seconds < 0 || seconds > TIMEOUT_MAX_S))
		seconds = TIMEOUT_DEFAULT_S;
	return r->now_ms + seconds * 1000;
}

/* The version after which events count; what is stored is told first where the client asks so. */
static int64_t begin(struct watching *w, int64_t now)
{
	struct ks_req *r = w->r;
	const char *text = ks_query(r, "resourceVersion");
	int64_t from = 0;
	bool initial = ks_query_true(r, "sendInitialEvents");

	if (r->in->watch_from > 0)
		return r->in->watch_from;
	if (!initial && text && mok_parse_i64(text, &from) && from > 0)
		return from;
	r->store->list(
		r->store->self, r->resource->stored, *r->ns ? r->ns : NULL, NULL, tell_stored, w);
	if (initial && ks_query_true(r, "allowWatchBookmarks"))
		tell_bookmark(r, now, true);
	return now;
}

void ks_watch(struct ks_req *r)
{
	struct watching w = { .r = r };
	int64_t now = r->store->version(r->store->self, false);

	if (!ks_selection_read(r, &w.selection))
		return;
	r->answered = true;
	r->out->status = 200;
	r->out->content_type = "application/json";
	r->out->watch = true;
	r->out->watch_until_ms = until(r);
	w.seen = begin(&w, now);
	if (!r->store->events(r->store->self, r->resource->stored, *r->ns ? r->ns : NULL, w.seen,
		    tell_event, &w))
		tell_expired(r);
	r->out->watch_version = w.seen;
}
