#include "mastodon_internal.h"

#include <string.h>

/*
 * More pods under load: by CPU, or by what Prometheus knows of queues and threads, asked by KEDA
 * (https://keda.sh/docs/2.19/reference/scaledobject-spec/).
 */

/* ---- by CPU ---- */

static void add_autoscaler(struct masto *m, const struct masto_scaled *s)
{
	const struct masto_object object = { .component = s->component,
		.address = mok_arena_printf(m->arena, "%s_autoscaler", s->address) };
	struct mok_val manifest = masto_base("autoscaler");

	masto_put(m, &manifest, "metadata.name", masto_format(m, "mastodon-%s", s->component));
	masto_put(m, &manifest, "spec.scaleTargetRef.name",
		masto_format(m, "mastodon-%s", s->component));
	masto_put(m, &manifest, "spec.minReplicas", mok_val_int(s->min));
	masto_put(m, &manifest, "spec.maxReplicas", mok_val_int(s->max));
	masto_add(m, &object, manifest);
}

/* ---- by Prometheus ---- */

/* The Services that the charts make of their releases' names. */
const char *masto_prometheus_url(const struct masto *m)
{
	const char *ns = masto_str(m, "observability.namespace", "monitoring");

	if (masto_has(m, "keda.prometheus"))
		return masto_text(m, "keda.prometheus");
	if (masto_has(m, "observability.robusta"))
		return mok_arena_printf(
			m->arena, "http://robusta-kube-prometheus-st-prometheus.%s:9090", ns);
	if (masto_bool(m, "observability.prometheus", false))
		return mok_arena_printf(
			m->arena, "http://kube-prometheus-stack-prometheus.%s:9090", ns);
	return NULL;
}

struct trigger {
	const char *query;
	const char *threshold;
	bool is_ratio; /* of the whole, not for each pod: the pods grow in proportion */
};

static void add_trigger(struct masto *m, struct mok_val *manifest, const struct trigger *t)
{
	struct mok_val trigger = { .type = MOK_MAP, .at = m->at };

	masto_put_text(m, &trigger, "type", "prometheus");
	masto_put_text(m, &trigger, "metricType", t->is_ratio ? "Value" : "AverageValue");
	masto_put_text(m, &trigger, "metadata.serverAddress", masto_prometheus_url(m));
	masto_put_text(m, &trigger, "metadata.query", t->query);
	masto_put_text(m, &trigger, "metadata.threshold", t->threshold);
	masto_push(m, manifest, "spec.triggers", trigger);
}

/* The fraction as its highest within two minutes: one short lull takes no pod away. */
static void add_web(struct masto *m, struct mok_val *manifest)
{
	int64_t percent = masto_given_int(m, "keda.web.busy_percent");
	const struct trigger busy = {
		.query = mok_arena_printf(m->arena,
			"max_over_time((1 - sum(ruby_puma_thread_pool_capacity{namespace=\"%s\"}) "
			"/ "
			"sum(ruby_puma_max_threads{namespace=\"%s\"}))[2m:15s])",
			m->ns, m->ns),
		.threshold = mok_arena_printf(m->arena, "%lld.%02lld", (long long)percent / 100,
			(long long)percent % 100),
		.is_ratio = true,
	};
	const struct trigger backlog = { .query = mok_arena_printf(m->arena,
						 "sum(ruby_puma_request_backlog{namespace=\"%s\"})",
						 m->ns),
		.threshold = masto_given(m, "keda.web.backlog") };

	add_trigger(m, manifest, &busy);
	add_trigger(m, manifest, &backlog);
}

static void add_streaming(struct masto *m, struct mok_val *manifest)
{
	const struct trigger clients = {
		.query = mok_arena_printf(m->arena,
			"sum({__name__=~\"(mastodon_streaming_)?connected_clients\",namespace=\"%"
			"s\"})",
			m->ns),
		.threshold = masto_given(m, "keda.streaming.clients"),
	};

	add_trigger(m, manifest, &clients);
}

/* Each process tells of all queues: max, since sum would count them many times. */
static void add_queue(struct masto *m, struct mok_val *manifest, const char *queue)
{
	const char *path = mok_arena_printf(m->arena, "keda.queues.%s", queue);
	const struct trigger backlog = {
		.query = mok_arena_printf(m->arena,
			"max(sidekiq_queue_backlog{namespace=\"%s\",queue=\"%s\"})", m->ns, queue),
		.threshold = masto_given(m, mok_arena_printf(m->arena, "%s.backlog", path)),
	};
	const struct trigger latency = {
		.query = mok_arena_printf(m->arena,
			"max(sidekiq_queue_latency_seconds{namespace=\"%s\",queue=\"%s\"})", m->ns,
			queue),
		.threshold = masto_given(m, mok_arena_printf(m->arena, "%s.latency", path)),
		.is_ratio = true,
	};

	add_trigger(m, manifest, &backlog);
	add_trigger(m, manifest, &latency);
}

static void add_group(struct masto *m, struct mok_val *manifest, const struct group *g)
{
	const struct mok_val *queues = mok_val_get(g->is, "queues");

	for (size_t i = 0; queues && queues->type == MOK_LIST && i < queues->u.list.len; i++) {
		const struct mok_val *q = &queues->u.list.items[i];

		if (q->type == MOK_STR)
			add_queue(m, manifest,
				mok_arena_strndup(m->arena, q->u.s, strcspn(q->u.s, ",")));
	}
}

static void add_scaled_object(struct masto *m, const struct masto_scaled *s)
{
	const char *const needs[] = { "mastodon_keda", "mastodon_prometheus", "mastodon_robusta",
		s->address, NULL };
	const struct masto_object object = { .component = s->component,
		.needs = needs,
		.address = mok_arena_printf(m->arena, "%s_scaler", s->address) };
	struct mok_val manifest = masto_base("scaled-object");
	const char *name = mok_arena_printf(m->arena, "mastodon-%s", s->component);

	masto_put_text(m, &manifest, "metadata.name", name);
	masto_put_text(m, &manifest, "spec.scaleTargetRef.name", name);
	masto_put(m, &manifest, "spec.minReplicaCount", mok_val_int(s->min));
	masto_put(m, &manifest, "spec.maxReplicaCount", mok_val_int(s->max));
	masto_put(m, &manifest, "spec.pollingInterval",
		mok_val_int(masto_given_int(m, "keda.polling_interval")));
	masto_put(m, &manifest, "spec.cooldownPeriod",
		mok_val_int(masto_given_int(m, "keda.cooldown_period")));
	if (s->group)
		add_group(m, &manifest, s->group);
	else if (strcmp(s->component, "web") == 0)
		add_web(m, &manifest);
	else
		add_streaming(m, &manifest);
	masto_add(m, &object, manifest);
}

void masto_add_scaler(struct masto *m, const struct masto_scaled *s)
{
	if (masto_has(m, "keda"))
		add_scaled_object(m, s);
	else
		add_autoscaler(m, s);
}
