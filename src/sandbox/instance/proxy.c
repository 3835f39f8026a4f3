/*
 * What the Kubernetes API passes on to a pod: its metrics. Sidekiq tells what waits in queues, and
 * an exporter beside Puma what that sends it: its threads, and what waits for them. Nothing ever
 * waits in the sandbox, but by the fault file.
 */
#include "instance.h"

#include <string.h>

#define METRICS "/proxy/metrics"
#define ANYWHERE "0.0.0.0"

/* ---- refusals: seen with 1.36.3 ---- */

static void no_pod(struct sb_ctx *ctx, const char *name)
{
	cJSON *details = cJSON_CreateObject();

	sb_set_str(details, "name", name);
	sb_set_str(details, "kind", "pods");
	sb_reply(ctx, 404,
		mok_apiserver_failure(404, "NotFound",
			mok_arena_printf(ctx->arena, "pods \"%s\" not found", name), details));
}

static void nobody_listens(struct sb_ctx *ctx, const cJSON *pod, const char *port)
{
	const char *ip = mok_json_str(pod, "status.podIP");

	if (!ip)
		sb_reply(ctx, 400,
			mok_apiserver_failure(400, "BadRequest", "address not allowed", NULL));
	else
		sb_reply(ctx, 503,
			mok_apiserver_failure(503, "ServiceUnavailable",
				mok_arena_printf(ctx->arena,
					"error trying to reach service: dial tcp %s:%s: connect: "
					"connection refused",
					ip, port),
				NULL));
}

/* ---- who listens on the port ---- */

static bool exports(const struct si_container *c)
{
	return si_env_is(c, "MASTODON_PROMETHEUS_EXPORTER_ENABLED", "true");
}

/* The process serves them itself. */
static bool is_sidekiq(const struct si_container *c, const char *port)
{
	return si_app_of(c) == SI_SIDEKIQ && exports(c) &&
		mok_streq(si_env(c, "MASTODON_PROMETHEUS_EXPORTER_PORT"), port);
}

/* The value of an option of the command, or what it is without one. */
static const char *option(const struct si_container *c, const char *name, const char *fallback)
{
	const char *text = mok_arena_printf(c->w->arena, " %s ", name);
	const char *at = strstr(c->command, text);

	if (!at)
		return fallback;
	at += strlen(text);
	return mok_arena_strndup(c->w->arena, at, strcspn(at, " "));
}

/* Its defaults: bin/prometheus_exporter of that gem. */
static bool is_exporter(const struct si_container *c, const char *port)
{
	return strstr(c->command, "/prometheus_exporter") &&
		strcmp(option(c, "--port", "9394"), port) == 0 &&
		strcmp(option(c, "--bind", "localhost"), ANYWHERE) == 0;
}

/* Puma and that exporter find each other where both look by themselves. */
static bool sends(const struct si_container *c, const char *port)
{
	const char *to = si_env(c, "PROMETHEUS_EXPORTER_PORT");

	return si_app_of(c) == SI_WEB && exports(c) && strcmp(to ? to : "9394", port) == 0;
}

/* ---- what they tell ---- */

static void add_queues(struct mok_buf *text)
{
	static const char *const series[] = { "sidekiq_queue_backlog",
		"sidekiq_queue_latency_seconds" };

	for (size_t s = 0; s < MOK_COUNT(series); s++) {
		mok_buf_printf(text, "# TYPE %s gauge\n", series[s]);
		for (size_t i = 0; si_queues[i]; i++)
			mok_buf_printf(text, "%s{queue=\"%s\"} 0\n", series[s], si_queues[i]);
	}
}

/* As prometheus_exporter's puma_collector.rb names them; phase: restarts without an end so far. */
static void add_puma(struct mok_buf *text, const struct si_world *w, const cJSON *object)
{
	const struct si_pod *pod = si_pod_read(w, object);
	struct sb_fault_extent extent = { .number = 0 };
	bool wait =
		pod && sb_fault_extent(w->ctx, "requests_wait", pod->names, pod->nnames, &extent);
	int64_t all = pod ? pod->workers * pod->threads : 0;
	const struct {
		const char *name;
		int64_t value;
	} gauges[] = {
		{ "workers", pod ? pod->workers : 0 },
		{ "booted_workers", pod ? pod->workers : 0 },
		{ "old_workers", 0 },
		{ "running_threads", all },
		{ "request_backlog", wait ? extent.number : 0 },
		{ "thread_pool_capacity", wait ? 0 : all },
		{ "max_threads", all },
	};

	for (size_t i = 0; i < MOK_COUNT(gauges); i++)
		mok_buf_printf(text, "# TYPE ruby_puma_%s gauge\nruby_puma_%s{phase=\"0\"} %lld\n",
			gauges[i].name, gauges[i].name, (long long)gauges[i].value);
}

struct listeners {
	bool sidekiq, exporter, puma;
};

static struct listeners find_listeners(const struct si_world *w, const cJSON *pod, const char *port)
{
	struct listeners found = { .sidekiq = false };
	const cJSON *container;
	struct si_container c;

	cJSON_ArrayForEach(container, mok_json_at(pod, "spec.containers"))
	{
		si_container_read(&c, w, si_meta(pod, "namespace"), sb_get(pod, "spec"), container);
		found.sidekiq |= is_sidekiq(&c, port);
		found.exporter |= is_exporter(&c, port);
		found.puma |= sends(&c, port);
	}
	return found;
}

static void reply_metrics(
	struct sb_ctx *ctx, const struct si_world *w, const cJSON *pod, const char *port)
{
	const struct listeners found = find_listeners(w, pod, port);
	struct mok_buf text;

	if (!si_condition(pod, "Ready") || (!found.sidekiq && !found.exporter)) {
		nobody_listens(ctx, pod, port);
		return;
	}
	mok_buf_init(&text, 65536);
	if (found.sidekiq)
		add_queues(&text);
	else if (found.puma)
		add_puma(&text, w, pod);
	sb_reply_bytes(ctx, 200, "text/plain; charset=utf-8", text.data, text.len);
	mok_buf_release(&text);
}

/* "/api/v1/namespaces/NS/pods/NAME:PORT/proxy/metrics" */
bool sb_instance_proxy(struct sb_ctx *ctx, const char *cluster_id, const char *target)
{
	static const char head[] = "/api/v1/namespaces/";
	const char *ns = mok_starts(target, head) ? target + strlen(head) : NULL;
	const char *pods = ns ? strstr(ns, "/pods/") : NULL, *name, *colon, *end;
	const struct sb_doc *cluster = sb_doc_get(ctx, K8S_KIND, cluster_id);
	const char *port;
	struct si_world w;
	const cJSON *pod;

	name = pods ? pods + strlen("/pods/") : NULL;
	end = name ? strstr(name, METRICS) : NULL;
	colon = end ? memchr(name, ':', (size_t)(end - name)) : NULL;
	if (!colon || end[strlen(METRICS)] || !cluster)
		return false;
	si_world_init(&w, ctx, cluster, ctx->arena);
	name = mok_arena_strndup(ctx->arena, name, (size_t)(colon - name));
	port = mok_arena_strndup(ctx->arena, colon + 1, (size_t)(end - colon) - 1);
	pod = si_object(&w, "pods", mok_arena_strndup(ctx->arena, ns, (size_t)(pods - ns)), name);
	if (pod)
		reply_metrics(ctx, &w, pod, port);
	else
		no_pod(ctx, name);
	return true;
}
