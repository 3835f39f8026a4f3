#include "mastodon_internal.h"

#include <string.h>

/* What Prometheus and Grafana are given. */

struct panel {
	const char *dashboard, *title, *unit, *expr;
};

/* In the order in which they are shown. */
static const struct panel panels[] = {
	{ "overall", "Requests per second", "reqps", "sum(rate(ruby_http_requests_total[5m]))" },
	{ "overall", "Errors", "percentunit", "mastodon:web_errors:ratio5m" },
	{ "overall", "Oldest job by queue", "s", "max by (queue) (sidekiq_queue_latency_seconds)" },
	{ "overall", "Streaming clients", "short",
		"sum({__name__=~\"(mastodon_streaming_)?connected_clients\"})" },
	{ "web", "Requests by status", "reqps",
		"sum by (status) (rate(ruby_http_requests_total[5m]))" },
	{ "web", "Slowest tenth", "s",
		"max by (pod) (ruby_http_request_duration_seconds{quantile=\"0.9\"})" },
	{ "web", "Puma: backlog", "short", "sum by (pod) (ruby_puma_request_backlog)" },
	{ "web", "Puma: busy threads", "percentunit",
		"1 - sum(ruby_puma_thread_pool_capacity) / sum(ruby_puma_max_threads)" },
	{ "web", "Waiting for the database", "short",
		"sum by (pod) (ruby_active_record_connection_pool_waiting)" },
	{ "sidekiq", "Jobs per second by queue", "ops",
		"sum by (queue) (rate(sidekiq_jobs_total[5m]))" },
	{ "sidekiq", "Failed jobs per second", "ops",
		"sum by (job_name) (rate(sidekiq_failed_jobs_total[5m]))" },
	{ "sidekiq", "Backlog by queue", "short", "max by (queue) (sidekiq_queue_backlog)" },
	{ "sidekiq", "Latency by queue", "s", "max by (queue) (sidekiq_queue_latency_seconds)" },
	{ "sidekiq", "Dead jobs", "short", "max(sidekiq_stats_dead_size)" },
	{ "streaming", "Clients by type", "short",
		"sum by (type) ({__name__=~\"(mastodon_streaming_)?connected_clients\"})" },
	{ "streaming", "Messages per second", "ops",
		"sum(rate({__name__=~\"(mastodon_streaming_)?messages_sent_total\"}[5m]))" },
	{ "streaming", "Event loop, slowest hundredth", "s",
		"max by (pod) (nodejs_eventloop_lag_p99_seconds)" },
	{ "edge", "Connections per second by code", "reqps",
		"sum by (code) (rate(traefik_entrypoint_requests_total[5m]))" },
	{ "edge", "Slowest hundredth", "s",
		"histogram_quantile(0.99, sum by (le) "
		"(rate(traefik_entrypoint_request_duration_seconds_bucket[5m])))" },
};

static const char *const dashboards[] = { "overall", "web", "sidekiq", "streaming", "edge" };

static cJSON *panel_json(const struct panel *panel, int index)
{
	cJSON *json = cJSON_CreateObject(), *place, *targets, *target, *defaults;

	cJSON_AddNumberToObject(json, "id", index + 1);
	cJSON_AddStringToObject(json, "type", "timeseries");
	cJSON_AddStringToObject(json, "title", panel->title);
	place = cJSON_AddObjectToObject(json, "gridPos");
	cJSON_AddNumberToObject(place, "h", 8);
	cJSON_AddNumberToObject(place, "w", 12);
	cJSON_AddNumberToObject(place, "x", index % 2 ? 12 : 0);
	cJSON_AddNumberToObject(place, "y", (index - index % 2) * 4);
	defaults =
		cJSON_AddObjectToObject(cJSON_AddObjectToObject(json, "fieldConfig"), "defaults");
	cJSON_AddStringToObject(defaults, "unit", panel->unit);
	targets = cJSON_AddArrayToObject(json, "targets");
	target = cJSON_CreateObject();
	cJSON_AddStringToObject(target, "refId", "A");
	cJSON_AddStringToObject(target, "expr", panel->expr);
	cJSON_AddItemToArray(targets, target);
	return json;
}

static const char *dashboard_json(struct masto *m, const char *name)
{
	cJSON *json = cJSON_CreateObject(), *list;
	const char *title = mok_arena_printf(m->arena, "Mastodon / %s", name), *out;
	char *text;
	int n = 0;

	cJSON_AddStringToObject(json, "uid", mok_arena_printf(m->arena, "mastodon-%s", name));
	cJSON_AddStringToObject(json, "title", title);
	cJSON_AddNumberToObject(json, "schemaVersion", 39);
	cJSON_AddStringToObject(json, "refresh", "30s");
	list = cJSON_AddArrayToObject(json, "panels");
	for (size_t i = 0; i < MOK_COUNT(panels); i++)
		if (strcmp(panels[i].dashboard, name) == 0)
			cJSON_AddItemToArray(list, panel_json(&panels[i], n++));
	text = cJSON_PrintUnformatted(json);
	out = mok_arena_strdup(m->arena, text);
	cJSON_free(text);
	cJSON_Delete(json);
	return out;
}

static void add_dashboard(struct masto *m, const char *name)
{
	const struct masto_object object = { .component = "dashboards",
		.address = mok_arena_printf(m->arena, "mastodon_dashboard_%s", name) };
	struct mok_val manifest = masto_base("config"), data = { .type = MOK_MAP };
	struct mok_val labels = { .type = MOK_MAP };

	mok_val_set(m->arena, &data, mok_arena_printf(m->arena, "mastodon-%s.json", name),
		masto_format(m, "%s", dashboard_json(m, name)));
	mok_val_set(m->arena, &labels, "grafana_dashboard", masto_format(m, "1"));
	masto_put(m, &manifest, "metadata.name", masto_format(m, "mastodon-dashboard-%s", name));
	masto_put(m, &manifest, "metadata.labels", labels);
	masto_put(m, &manifest, "data", data);
	masto_drop(m, &manifest, "immutable");
	masto_add(m, &object, manifest);
}

#define UPKEEP "3.rules.1" /* MastodonCronJobLate */

static const char *const monitors[] = { "mastodon_prometheus", "mastodon_robusta", NULL };

static void add(struct masto *m, const char *base, const char *address)
{
	const struct masto_object object = {
		.address = address, .component = "metrics", .needs = monitors
	};

	masto_add(m, &object, masto_base(base));
}

/* What runs every day and has not for longer. */
static void add_alerts(struct masto *m)
{
	const struct masto_object object = {
		.address = "mastodon_alerts", .component = "metrics", .needs = monitors
	};
	struct mok_val manifest = masto_base("alerts");

	masto_put(m, &manifest, "spec.groups." UPKEEP ".expr",
		masto_format(m,
			"time() - max by (cronjob) (kube_cronjob_status_last_successful_time{"
			"cronjob=~\"mastodon-(media-remove%s)\"}) > 26 * 3600",
			masto_daily_copies(m)));
	masto_add(m, &object, manifest);
}

void masto_observe(struct masto *m)
{
	if (masto_bool(m, "observability.metrics", false))
		add(m, "pod-monitor", "mastodon_pod_monitor");
	if (masto_bool(m, "observability.alerts", false))
		add_alerts(m);
	for (size_t i = 0; i < MOK_COUNT(dashboards); i++)
		if (masto_bool(m, "observability.dashboards", false))
			add_dashboard(m, dashboards[i]);
}
