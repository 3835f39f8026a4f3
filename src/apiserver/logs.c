/* Pods' logs, as a kubelet gives them out of a container runtime's files. */
#include "apiserver_internal.h"

#include <stdio.h>

enum { STAMP = MOK_APISERVER_LOG_TIME - 1, FOLLOW_MAX_S = 4 * 3600 };

/* A line in the store: its text is `text`, its time the STAMP characters at `line`. */
struct line {
	const char *line, *text, *end; /* end: after its line break */
};

static const char *const statuses[] = { "containerStatuses", "initContainerStatuses",
	"ephemeralContainerStatuses" };

static bool has_container(const cJSON *pod, const char *name)
{
	static const char *const lists[] = { "containers", "initContainers",
		"ephemeralContainers" };

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

/* NULL: somebody else's pod tells nothing of it. */
static const cJSON *status_of(const cJSON *pod, const char *container)
{
	const cJSON *one;

	for (size_t i = 0; i < MOK_COUNT(statuses); i++) {
		cJSON_ArrayForEach(one, ks_at(ks_at(pod, "status"), statuses[i]))
		{
			if (strcmp(ks_str(one, "name"), container) == 0)
				return one;
		}
	}
	return NULL;
}

/* What it waits for, in the kubelet's words; NULL: it does not. */
static const char *waits_for(const cJSON *pod, const char *container)
{
	const char *reason = ks_str(status_of(pod, container), "state.waiting.reason");

	if (!*ks_str(pod, "spec.nodeName"))
		return "ContainerCreating";
	if (strstr(reason, "ImagePull"))
		return "trying and failing to pull image";
	return *reason ? reason : NULL;
}

/* What was written before times were kept has none. */
static bool has_stamp(const char *line, size_t len)
{
	return len > STAMP && line[4] == '-' && line[10] == 'T' && line[STAMP - 1] == 'Z' &&
		line[STAMP] == ' ';
}

/* False: there is none at `at`. */
static bool read_line(const char *at, struct line *out)
{
	size_t len = strcspn(at, "\n");

	if (!*at)
		return false;
	out->line = at;
	out->text = has_stamp(at, len) ? at + STAMP + 1 : at;
	out->end = at + len + (at[len] == '\n');
	return true;
}

/* Notes what is wrong with one of PodLogOptions' numbers; -1: it is absent. */
static int64_t number(struct ks_req *r, const char *name, int64_t least, const char *wanted)
{
	const char *text = ks_query(r, name);
	int64_t n = -1;

	if (!text || !*text)
		return -1;
	if (!mok_parse_i64(text, &n) || n < least)
		ks_cause(r, "FieldValueInvalid", name, "Invalid value: %s: must be greater than %s",
			text, wanted);
	return n;
}

struct wanted {
	int64_t tail, limit;   /* lines, bytes; -1: all */
	char since[STAMP + 1]; /* as lines' times are written; "": from the beginning */
};

/* False: it has answered. */
static bool read_wanted(struct ks_req *r, struct wanted *out)
{
	const char *time = ks_query(r, "sinceTime");
	int64_t seconds = number(r, "sinceSeconds", 1, "0"), ms = 0;

	out->tail = number(r, "tailLines", 0, "or equal to 0");
	out->limit = number(r, "limitBytes", 1, "0");
	*out->since = '\0';
	if (time && *time && seconds >= 0)
		ks_cause(r, "FieldValueForbidden", "[]",
			"Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified");
	if (!ks_invalid_as(r, "", "PodLogOptions", r->name))
		return false;
	if (seconds >= 0)
		ms = seconds < r->now_ms / 1000 ? r->now_ms - seconds * 1000 : 0;
	else if (!time || !*time || mok_parse_time(time, &ms))
		return true;
	mok_apiserver_log_time(ms, out->since);
	return true;
}

void mok_apiserver_log_time(int64_t ms, char out[MOK_APISERVER_LOG_TIME])
{
	char time[21];

	mok_format_time(ms, time);
	snprintf(out, MOK_APISERVER_LOG_TIME, "%.19s.%03u000000Z", time,
		(unsigned)((uint64_t)ms % 1000));
}

/* Skips what is too old, and all but the last `tail` lines (-1: of all). */
static const char *first_of(const char *text, const char *since, int64_t tail)
{
	struct line line;
	int64_t n = 0;
	const char *at = text;

	while (*since && read_line(at, &line) && strncmp(line.line, since, STAMP) < 0)
		at = line.end;
	if (tail < 0)
		return at;
	text = at;
	for (; read_line(at, &line); at = line.end)
		n++;
	for (at = text; n > tail && read_line(at, &line); at = line.end)
		n--;
	return at;
}

static void tell_lines(struct ks_req *r, const char *at, int64_t limit)
{
	bool timed = ks_query_true(r, "timestamps");
	struct mok_buf *body = &r->out->body;
	struct line line;

	for (; read_line(at, &line); at = line.end) {
		const char *from = timed ? line.line : line.text;
		size_t len = (size_t)(line.end - from);

		if (limit >= 0 && (uint64_t)limit < body->len + len)
			len = (size_t)limit - body->len;
		mok_buf_add(body, from, len);
	}
}

/* Whoever follows asks on until the container ends. A version is how much of the text was told,
 * and one more, since nothing at all is one, too. */
static void follow(struct ks_req *r, const cJSON *pod, const char *container, const char *text)
{
	r->out->watch = mok_json_at(status_of(pod, container), "state.running") != NULL;
	r->out->watch_version = (int64_t)strlen(text) + 1;
	r->out->watch_until_ms = r->now_ms + (int64_t)FOLLOW_MAX_S * 1000;
}

static const char *log_of(struct ks_req *r, const char *container)
{
	return r->store->log ? r->store->log(r->store->self, r->ns, r->name, container) : NULL;
}

/* The container that is asked for; NULL: it has answered. */
static const char *which(struct ks_req *r, const cJSON *pod)
{
	const char *container = ks_query(r, "container");

	if (!container || !*container)
		container = only_container(r, pod);
	if (container && !has_container(pod, container)) {
		ks_bad_request(r, "container %s is not valid for pod %s", container, r->name);
		return NULL;
	}
	return container;
}

/* Is there a log to tell? False: it has answered. */
static bool has_log(struct ks_req *r, const cJSON *pod, const char *container, const char *text)
{
	const char *waiting = text ? NULL : waits_for(pod, container);
	bool has_run = mok_json_at(status_of(pod, container), "lastState.terminated") != NULL;

	if (ks_query_true(r, "previous") && !has_run)
		return ks_bad_request(r,
			"previous terminated container \"%s\" in pod \"%s\" not found", container,
			r->name);
	return !waiting ||
		ks_bad_request(r, "container \"%s\" in pod \"%s\" is waiting to start: %s",
			container, r->name, waiting);
}

/* What came since; a pod that is gone has no more. */
static void go_on(struct ks_req *r, const cJSON *pod)
{
	const char *container = pod ? which(r, pod) : NULL;
	const char *text = container ? log_of(r, container) : NULL;
	size_t told = (size_t)r->in->watch_from - 1;

	r->answered = true;
	if (!text || told > strlen(text))
		return;
	tell_lines(r, text + told, -1);
	follow(r, pod, container, text);
}

void ks_logs(struct ks_req *r)
{
	const cJSON *pod = ks_load(r, r->name);
	const char *container, *text;
	struct wanted wanted;

	if (r->in->watch_from > 0) {
		go_on(r, pod);
		return;
	}
	if (!pod) {
		ks_not_found(r, "pods", r->name);
		return;
	}
	if (!read_wanted(r, &wanted))
		return;
	container = which(r, pod);
	if (!container)
		return;
	text = log_of(r, container);
	if (!has_log(r, pod, container, text))
		return;
	text = text ? text : "";
	r->answered = true;
	r->out->status = 200;
	r->out->content_type = "text/plain";
	tell_lines(r, first_of(text, wanted.since, wanted.tail), wanted.limit);
	if (ks_query_true(r, "follow") && !ks_query_true(r, "previous"))
		follow(r, pod, container, text);
}
