#include "mastodon_internal.h"

#include "mok/manifest.h"

/* Web, streaming, Sidekiq: Deployments, with budgets and autoscalers. */

static const char *const after_prepare[] = { "mastodon_db_prepare", "mastodon_assets_copy",
	"mastodon_priority_frontend", "mastodon_priority_background", "mastodon_service_account",
	"mastodon_elasticsearch", /* its operator makes Secrets that the pods mount */
	NULL };
/* The streaming server has no part in migrations, and stays up through them. */
static const char *const after_classes[] = { "mastodon_db_prepare", "mastodon_priority_frontend",
	"mastodon_service_account", NULL };

struct workload {
	const char *component; /* "sidekiq-push" */
	const char *address;   /* "mastodon_sidekiq_push" */
	const char *settings;
	int64_t min, max;
	const struct group *group; /* NULL: it is none of Sidekiq's */
};

/* Selectors can never be changed: only what never changes is in them. */
static struct mok_val selector(struct masto *m, const char *component)
{
	struct mok_val v = { .type = MOK_MAP, .at = m->at };

	mok_val_set(m->arena, &v, "app.kubernetes.io/name", masto_format(m, "mastodon"));
	mok_val_set(m->arena, &v, "app.kubernetes.io/instance",
		masto_format(m, "%s", m->stack->name ? m->stack->name : "mastodon"));
	mok_val_set(m->arena, &v, "app.kubernetes.io/component", masto_format(m, "%s", component));
	return v;
}

static void add_budget(struct masto *m, const struct workload *w)
{
	const struct masto_object object = { .component = w->component,
		.address = mok_arena_printf(m->arena, "%s_budget", w->address) };
	struct mok_val manifest = masto_base("pod-disruption-budget");

	masto_put(m, &manifest, "metadata.name", masto_format(m, "mastodon-%s", w->component));
	masto_put(m, &manifest, "spec.selector.matchLabels", selector(m, w->component));
	masto_add(m, &object, manifest);
}

/* The replicas are the autoscaler's where there is one. A budget for a single pod would only block
 * the draining of its node. */
static void add_workload(struct masto *m, const struct workload *w, struct mok_val manifest,
	const char *const *needs)
{
	/* A number in the plan is taken back from an autoscaler that left it. */
	const struct masto_object object = { .address = w->address,
		.component = w->component,
		.takes_over = w->min >= w->max,
		.needs = needs };
	const struct masto_scaled scaled = { .component = w->component,
		.address = w->address,
		.min = w->min,
		.max = w->max,
		.group = w->group };

	masto_put(m, &manifest, "metadata.name", masto_format(m, "mastodon-%s", w->component));
	masto_put(m, &manifest, "spec.selector.matchLabels", selector(m, w->component));
	masto_put(m, &manifest, "spec.template.metadata.labels", selector(m, w->component));
	masto_put(m, &manifest,
		"spec.template.spec.topologySpreadConstraints.0.labelSelector.matchLabels",
		selector(m, w->component));
	if (w->min < w->max)
		masto_drop(m, &manifest, "spec.replicas");
	else
		masto_put(m, &manifest, "spec.replicas", mok_val_int(w->min));
	masto_add(m, &object, manifest);
	if (w->min < w->max)
		masto_add_scaler(m, &scaled);
	if (w->min >= 2)
		add_budget(m, w);
}

/* ---- what a pod asks for ---- */

/* What the tier asks for of "cpu" or "memory", in those units. */
static int64_t asked(
	struct masto *m, const struct masto_request *r, const char *what, double unit, int64_t dflt)
{
	const char *text = masto_str(
		m, mok_arena_printf(m->arena, "%s.resources.requests.%s", r->settings, what), NULL);
	double n;

	return text && mok_quantity(text, &n) && n / unit < 1e9 ? (int64_t)(n / unit + 0.5) : dflt;
}

static void as_planned(struct masto *m, struct masto_request *r)
{
	r->millicpu = asked(m, r, "cpu", 0.001, r->millicpu);
	r->mib = asked(m, r, "memory", 1048576, r->mib);
}

int64_t masto_web_threads(const struct masto *m)
{
	return masto_int(m, "web.workers", 2) * masto_int(m, "web.threads", 5);
}

void masto_web_request(struct masto *m, struct masto_request *out)
{
	int64_t tens = (masto_web_threads(m) + 9) / 10;

	*out = (struct masto_request){ "web", 500 * tens, 1024 * tens, 2048 * tens };
	as_planned(m, out);
}

void masto_streaming_request(struct masto *m, struct masto_request *out)
{
	*out = (struct masto_request){ "streaming", 100, 128, 512 };
	as_planned(m, out);
}

void masto_group_request(struct masto *m, const struct group *g, struct masto_request *out)
{
	int64_t c = g->concurrency, more = c > 25 ? c : 25;

	if (g->is_scheduler && c <= 5)
		*out = (struct masto_request){ g->path, 200, 512, 2048 };
	else if (c <= 10)
		*out = (struct masto_request){ g->path, 250, 768, 1536 };
	else
		*out = (struct masto_request){ g->path, 40 * c, 1536 * more / 25,
			3072 * more / 25 };
	as_planned(m, out);
}

static void set_size(struct masto *m, struct mok_val *manifest, const struct masto_request *r)
{
	const char *at = "spec.template.spec.containers.0.resources";

	masto_put(m, manifest, mok_arena_printf(m->arena, "%s.requests.cpu", at),
		masto_quantity(m, r->millicpu, 1000, "m", ""));
	masto_put(m, manifest, mok_arena_printf(m->arena, "%s.requests.memory", at),
		masto_quantity(m, r->mib, 1024, "Mi", "Gi"));
	masto_put(m, manifest, mok_arena_printf(m->arena, "%s.limits.memory", at),
		masto_quantity(m, r->limit_mib > r->mib ? r->limit_mib : r->mib, 1024, "Mi", "Gi"));
}

/* ---- web ---- */

static void add_web(struct masto *m)
{
	struct workload w = { "web", "mastodon_web", "web", masto_int(m, "web.replicas.min", 2), 0,
		NULL };
	const struct masto_pod pod = { "spec.template.spec", "web", "web", true };
	struct mok_val manifest = masto_base("web");
	struct masto_request request;

	w.max = masto_int(m, "web.replicas.max", w.min);
	masto_web_request(m, &request);
	set_size(m, &manifest, &request);
	if (!masto_bool(m, "observability.metrics", false))
		masto_drop(m, &manifest, "spec.template.spec.containers.1");
	masto_pod(m, &manifest, &pod);
	add_workload(m, &w, manifest, after_prepare);
}

/* ---- streaming ---- */

static void add_streaming(struct masto *m)
{
	struct workload w = { "streaming", "mastodon_streaming", "streaming",
		masto_int(m, "streaming.replicas.min", 2), 0, NULL };
	const struct masto_pod pod = { "spec.template.spec", "streaming", "streaming", false };
	struct mok_val manifest = masto_base("streaming");
	struct masto_request request;

	masto_streaming_request(m, &request);
	set_size(m, &manifest, &request);
	w.max = masto_int(m, "streaming.replicas.max", w.min);
	masto_pod(m, &manifest, &pod);
	add_workload(m, &w, manifest, after_classes);
}

/* ---- Sidekiq ---- */

static struct mok_val command(struct masto *m, const struct group *g)
{
	const struct mok_val *queues = mok_val_get(g->is, "queues");
	struct mok_val args = { .type = MOK_LIST, .at = m->at };
	const char *const first[] = { "bundle", "exec", "sidekiq", "-c",
		mok_arena_printf(m->arena, "%lld", (long long)g->concurrency), "-t", "50" };

	for (size_t i = 0; i < MOK_COUNT(first); i++)
		mok_val_append(m->arena, &args, masto_format(m, "%s", first[i]));
	for (size_t i = 0; queues && queues->type == MOK_LIST && i < queues->u.list.len; i++) {
		mok_val_append(m->arena, &args, masto_format(m, "-q"));
		mok_val_append(m->arena, &args, queues->u.list.items[i]);
	}
	return args;
}

/* Two schedulers would do everything twice, and a rolling update would run two for a moment. */
static void keep_alone(struct masto *m, struct mok_val *manifest)
{
	struct mok_val strategy = { .type = MOK_MAP, .at = m->at };

	mok_val_set(m->arena, &strategy, "type", masto_format(m, "Recreate"));
	masto_put(m, manifest, "spec.strategy", strategy);
}

static void add_group(struct masto *m, const struct group *g)
{
	struct workload w = { mok_arena_printf(m->arena, "sidekiq-%s", g->name),
		mok_arena_printf(m->arena, "mastodon_sidekiq_%s", g->name), g->path, g->min, g->max,
		g };
	const struct masto_pod pod = { "spec.template.spec", "sidekiq", g->path, true };
	struct mok_val manifest = masto_base("sidekiq");
	struct masto_request request;

	masto_group_request(m, g, &request);
	set_size(m, &manifest, &request);
	masto_put(m, &manifest, "spec.template.spec.containers.0.args", command(m, g));
	masto_pod(m, &manifest, &pod);
	if (g->is_scheduler) {
		w.min = w.max = 1;
		keep_alone(m, &manifest);
	}
	add_workload(m, &w, manifest, after_prepare);
}

void masto_workloads(struct masto *m)
{
	add_web(m);
	add_streaming(m);
	for (size_t i = 0; i < m->ngroups; i++)
		add_group(m, &m->groups[i]);
}
