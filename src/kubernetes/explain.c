#include "kubernetes.h"

#include <stdlib.h>
#include <string.h>

/*
 * Why an object is not ready: its pods, the last lines of the worst one's log, the last events of
 * both. What is still to be asked is the token: targets with blanks between them.
 */

#define LOG_LINES "10"
#define LOG_BYTES "4096"
#define EVENTS 5
#define LINE_MAX 400 /* bytes */

struct explaining {
	const struct mok_ask *ask;
	struct mok_arena *arena;
	struct mok_val *lines;
	const char *rest; /* the targets after this one */
};

static const char *escaped(struct mok_arena *arena, const char *s)
{
	struct mok_buf buf;
	const char *out;

	mok_buf_init(&buf, 4096);
	mok_buf_add_url(&buf, s, false);
	out = mok_arena_strdup(arena, buf.data);
	mok_buf_release(&buf);
	return out;
}

static const char *text_at(const struct mok_val *v, const char *path)
{
	const struct mok_val *found = mok_val_at(v, path);

	return found && found->type == MOK_STR ? found->u.s : "";
}

/* ---- what to ask ---- */

static const char *in_namespace(struct mok_arena *arena, const struct mok_val *object)
{
	const char *ns = text_at(object, "metadata.namespace");

	return mok_arena_printf(
		arena, "/api/v1/namespaces/%s", escaped(arena, *ns ? ns : "default"));
}

static const char *events_of(
	struct mok_arena *arena, const struct mok_val *object, const char *kind, const char *name)
{
	const char *selector = mok_arena_printf(
		arena, "involvedObject.kind=%s,involvedObject.name=%s", kind, name);

	return mok_arena_printf(arena, "%s/events?fieldSelector=%s&limit=200",
		in_namespace(arena, object), escaped(arena, selector));
}

static const struct mok_val *object_of(const struct mok_ask *ask)
{
	return ask->have ? mok_val_get(&ask->have->attrs, "object") : NULL;
}

/* What works on a certificate says more than it does itself. */
static const char *orders_of(struct mok_arena *arena, const struct mok_val *object)
{
	const char *ns = in_namespace(arena, object) + strlen("/api/v1");

	if (!mok_starts(text_at(object, "apiVersion"), "cert-manager.io/") ||
		strcmp(text_at(object, "kind"), "Certificate") != 0)
		return NULL;
	return mok_arena_printf(arena,
		"/apis/acme.cert-manager.io/v1%s/challenges?limit=100 "
		"/apis/acme.cert-manager.io/v1%s/orders?limit=100",
		ns, ns);
}

static const char *first_targets(struct mok_arena *arena, const struct mok_val *object)
{
	const char *pods = mok_manifest_pods(arena, object);
	const char *orders = orders_of(arena, object);
	const char *events =
		events_of(arena, object, text_at(object, "kind"), text_at(object, "metadata.name"));

	if (orders)
		return mok_arena_printf(arena, "%s %s", orders, events);
	if (!pods)
		return events;
	return mok_arena_printf(arena, "%s/pods?labelSelector=%s&limit=200 %s",
		in_namespace(arena, object), escaped(arena, pods), events);
}

static const char *targets_of(struct mok_arena *arena, const struct mok_ask *ask)
{
	return ask->token ? ask->token : first_targets(arena, object_of(ask));
}

int k8s_explain_encode(
	const struct mok_ask *ask, struct mok_arena *arena, struct mok_wire_request *out)
{
	const char *target = targets_of(arena, ask), *query;

	target = mok_arena_strndup(arena, target, strcspn(target, " "));
	query = strchr(target, '?');
	out->path = mok_arena_strndup(arena, target, strcspn(target, "?"));
	out->query = query ? query + 1 : NULL;
	/* It helps to understand a failure, and has to be quick rather than complete. */
	out->retry = MOK_RETRY_NEVER;
	return 0;
}

/* ---- lines ---- */

/* Colours and the like are no part of what is said. */
static void drop_sequences(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		if (from[0] == '\033' && from[1] == '[') {
			from += 2;
			from += strspn(from, "0123456789;?");
			from += *from != '\0';
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static void add_line(struct explaining *x, const char *before, const char *text, size_t len)
{
	char *line = mok_arena_strndup(x->arena, text, len < LINE_MAX ? len : LINE_MAX);

	drop_sequences(line);
	mok_http_tame(line);
	len = strlen(line);
	while (len > 0 && line[len - 1] == ' ')
		line[--len] = '\0';
	if (len > 0)
		mok_val_append(x->arena, x->lines,
			mok_val_str(mok_arena_printf(x->arena, "%s%s", before, line)));
}

static void read_log(struct explaining *x, const char *body, size_t len)
{
	const char *from = body, *end = body + strnlen(body, len);

	while (from < end) {
		const char *stop = memchr(from, '\n', (size_t)(end - from));

		if (!stop)
			stop = end;
		add_line(x, "log: ", from, (size_t)(stop - from));
		from = stop + 1;
	}
}

/* ---- events ---- */

static const char *time_of(const cJSON *event)
{
	static const char *const places[] = { "series.lastObservedTime", "lastTimestamp",
		"eventTime", "metadata.creationTimestamp" };

	for (size_t i = 0; i < MOK_COUNT(places); i++)
		if (mok_json_str(event, places[i]))
			return mok_json_str(event, places[i]);
	return "";
}

static int by_time(const void *a, const void *b)
{
	return strcmp(time_of(*(const cJSON *const *)a), time_of(*(const cJSON *const *)b));
}

/* What goes well with the object itself is not news. */
static bool is_told(const cJSON *event)
{
	return mok_json_str(event, "message") &&
		(mok_streq(mok_json_str(event, "type"), "Warning") ||
			mok_streq(mok_json_str(event, "involvedObject.kind"), "Pod"));
}

static void add_event(struct explaining *x, const cJSON *event)
{
	const char *reason = mok_json_str(event, "reason");
	const char *text = mok_arena_printf(x->arena, "%s %s: %s: %s",
		mok_json_str(event, "involvedObject.kind"),
		mok_json_str(event, "involvedObject.name"), reason ? reason : "event",
		mok_json_str(event, "message"));

	add_line(x, "event: ", text, strlen(text));
}

static void read_events(struct explaining *x, const cJSON *json)
{
	const cJSON *items = mok_json_at(json, "items"), *item;
	const cJSON **sorted = MOK_NEW_N(x->arena, const cJSON *, 201);
	size_t n = 0;

	cJSON_ArrayForEach(item, items)
	{
		if (n < 200 && is_told(item))
			sorted[n++] = item;
	}
	qsort(sorted, n, sizeof(*sorted), by_time);
	for (size_t i = n > EVENTS ? n - EVENTS : 0; i < n; i++)
		add_event(x, sorted[i]);
}

/* ---- pods ---- */

static void go_on_with_pod(struct explaining *x, const struct mok_pod_trouble *t)
{
	const struct mok_val *object = object_of(x->ask);
	const char *events = events_of(x->arena, object, "Pod", t->pod);

	x->rest = mok_arena_printf(x->arena, "%s%s%s", events, *x->rest ? " " : "", x->rest);
	if (t->container)
		x->rest = mok_arena_printf(x->arena,
			"%s/pods/%s/log?container=%s&tailLines=" LOG_LINES "&limitBytes=" LOG_BYTES
			"%s %s",
			in_namespace(x->arena, object), escaped(x->arena, t->pod),
			escaped(x->arena, t->container), t->previous ? "&previous=true" : "",
			x->rest);
}

static void read_pods(struct explaining *x, const cJSON *json)
{
	struct mok_pod_trouble worst = { 0 };
	const cJSON *item;

	cJSON_ArrayForEach(item, mok_json_at(json, "items"))
	{
		struct mok_val *pod = MOK_NEW(x->arena, struct mok_val);

		*pod = mok_val_from_json(x->arena, item);
		mok_pod_judge(x->arena, pod, &worst);
	}
	if (worst.weight == 0)
		return;
	add_line(x, "", worst.text, strlen(worst.text));
	go_on_with_pod(x, &worst);
}

/* ---- what works on a certificate: https://cert-manager.io/docs/troubleshooting/acme/ ---- */

static bool is_for(const struct explaining *x, const cJSON *item)
{
	const struct mok_val *names = mok_val_at(object_of(x->ask), "spec.dnsNames");
	const cJSON *first = mok_json_at(item, "spec.dnsNames.0");
	const char *name = mok_json_str(item, "spec.dnsName");

	if (!name)
		name = cJSON_GetStringValue(first);
	for (size_t i = 0; name && names && names->type == MOK_LIST && i < names->u.list.len; i++)
		if (names->u.list.items[i].type == MOK_STR &&
			strcmp(names->u.list.items[i].u.s, name) == 0)
			return true;
	return false;
}

static void read_orders(struct explaining *x, const char *what, const cJSON *json)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, mok_json_at(json, "items"))
	{
		const char *state = mok_json_str(item, "status.state");
		const char *reason = mok_json_str(item, "status.reason");
		const char *name = mok_json_str(item, "spec.dnsName"), *line;

		if (!reason || mok_streq(state, "valid") || !is_for(x, item))
			continue;
		line = mok_arena_printf(x->arena, "%s %s: %s: %s", what,
			name ? name : mok_json_str(item, "metadata.name"),
			state ? state : "pending", reason);
		add_line(x, "", line, strlen(line));
	}
}

static void add_remarks(struct explaining *x)
{
	struct mok_val remarks = { .type = MOK_LIST };

	mok_manifest_remarks(x->arena, object_of(x->ask), &remarks);
	for (size_t i = 0; i < remarks.u.list.len; i++)
		add_line(x, "", remarks.u.list.items[i].u.s, strlen(remarks.u.list.items[i].u.s));
}

/* ---- answers ---- */

void k8s_explain_decode(const struct mok_ask *ask, const struct mok_http_reply *reply,
	struct mok_arena *arena, struct mok_answer *out)
{
	struct explaining x = { .ask = ask, .arena = arena, .lines = &out->value };
	const char *target = targets_of(arena, ask);
	size_t len = strcspn(target, " ?");
	const char *path = mok_arena_strndup(arena, target, len);
	cJSON *json;

	x.rest = target + strcspn(target, " ");
	x.rest += *x.rest == ' ';
	out->value = (struct mok_val){ .type = MOK_LIST };
	/* A log that is not there, an account that may not see events: the rest may tell. */
	if (reply->fail == MOK_NET_OK && reply->status < 300 && mok_ends(path, "/log")) {
		read_log(&x, reply->body, reply->len);
	} else if (reply->fail == MOK_NET_OK && reply->status < 300) {
		json = mok_json_parse(reply->body, reply->len);
		if (mok_ends(path, "/pods"))
			read_pods(&x, json);
		else if (mok_ends(path, "/challenges"))
			read_orders(&x, "challenge of", json);
		else if (mok_ends(path, "/orders"))
			read_orders(&x, "order of", json);
		else
			read_events(&x, json);
		cJSON_Delete(json);
	}
	if (!ask->token)
		add_remarks(&x);
	out->verdict = MOK_ANS_OK;
	out->next_token = *x.rest && reply->fail == MOK_NET_OK ? x.rest : NULL;
}
