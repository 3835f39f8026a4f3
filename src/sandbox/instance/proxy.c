/*
 * What the Kubernetes API passes on to a pod: Sidekiq's metrics, which tell what waits in queues.
 * Nothing ever waits in the sandbox; a process that has no exporter refuses the connection.
 */
#include "instance.h"

#include <string.h>

#define METRICS "/proxy/metrics"

static void refuse(struct sb_ctx *ctx, const char *why)
{
	sb_reply(ctx, 503, mok_apiserver_failure(503, "ServiceUnavailable", why, NULL));
}

/* The exporter of a Sidekiq process listens on that port, and tells of queues. */
static bool exports(const struct si_world *w, const cJSON *pod, const char *port)
{
	const cJSON *container;
	struct si_container c;

	cJSON_ArrayForEach(container, mok_json_at(pod, "spec.containers"))
	{
		si_container_read(&c, w, si_meta(pod, "namespace"), sb_get(pod, "spec"), container);
		if (si_app_of(&c) == SI_SIDEKIQ &&
			si_env_is(&c, "MASTODON_PROMETHEUS_EXPORTER_ENABLED", "true") &&
			mok_streq(si_env(&c, "MASTODON_PROMETHEUS_EXPORTER_PORT"), port))
			return true;
	}
	return false;
}

static void reply_metrics(struct sb_ctx *ctx)
{
	static const char *const series[] = { "sidekiq_queue_backlog",
		"sidekiq_queue_latency_seconds" };
	struct mok_buf text;

	mok_buf_init(&text, 65536);
	for (size_t s = 0; s < MOK_COUNT(series); s++) {
		mok_buf_printf(&text, "# TYPE %s gauge\n", series[s]);
		for (size_t i = 0; si_queues[i]; i++)
			mok_buf_printf(&text, "%s{queue=\"%s\"} 0\n", series[s], si_queues[i]);
	}
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
	struct si_world w;
	const cJSON *pod;

	name = pods ? pods + strlen("/pods/") : NULL;
	end = name ? strstr(name, METRICS) : NULL;
	colon = end ? memchr(name, ':', (size_t)(end - name)) : NULL;
	if (!colon || end[strlen(METRICS)] || !cluster)
		return false;
	si_world_init(&w, ctx, cluster, ctx->arena);
	pod = si_object(&w, "pods", mok_arena_strndup(ctx->arena, ns, (size_t)(pods - ns)),
		mok_arena_strndup(ctx->arena, name, (size_t)(colon - name)));
	if (!pod)
		return false;
	if (si_condition(pod, "Ready") &&
		exports(&w, pod,
			mok_arena_strndup(ctx->arena, colon + 1, (size_t)(end - colon) - 1)))
		reply_metrics(ctx);
	else
		refuse(ctx, "error trying to reach service: connection refused");
	return true;
}
