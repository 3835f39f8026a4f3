#include "probe.h"
#include "upgrade.h"

#include <string.h>

/*
 * Web is asked on a steady beat, on the session's loop, so that a roll-out goes on meanwhile. Every
 * few beats the metrics of its pods are read, if the plan has them on.
 */

#define BEATS_PER_LOAD 3
#define PODS_MAX 20 /* whose metrics are read at one time: the others in the next turns */

struct pulse {
	struct upgrade *u;
	struct judge judge;
	struct probe *probe;
	struct mok_timer *timer;
	int64_t beat_ms, breach_ms;
	bool stopped, measures, told;

	bool metrics, reading;
	const char *unread; /* why no pod told what waits in it; NULL: one did */
	struct cluster_objects pods;
	size_t at, left; /* the pod that is asked next, and how many more */
	struct judge_load worst;
};

static void beat(void *ctx);

/* ---- what waits in the pods ---- */

static struct mok_asker asker_of(const struct session *s)
{
	return (struct mok_asker){ .loop = s->loop, .http = s->http, .providers = &s->providers };
}

static void send(
	struct pulse *p, struct mok_ask *ask, void (*done)(void *ctx, struct mok_answer *answer))
{
	const struct mok_asker asker = asker_of(p->u->s);

	ask->kind = p->u->instance.cluster.kind;
	ask->parent_id = p->u->instance.cluster.id;
	mok_ask_send(&asker, p->u->s->arena, ask, done, p);
}

static int64_t percent(const struct judge_load *load)
{
	return load->pod ? load->waiting * 100 / load->threads : -1;
}

static void ask_next(struct pulse *p);

static void take_metrics(void *ctx, struct mok_answer *answer)
{
	struct pulse *p = ctx;
	const struct mok_object *pod = p->pods.list.items[p->at++ % p->pods.list.len];
	struct mok_puma puma = { .waiting = -1, .threads = -1 };

	if (p->stopped)
		return;
	if (answer->verdict == MOK_ANS_OK)
		puma = mok_mastodon_puma(p->u->s->arena, answer->value.u.s);
	if (puma.waiting >= 0 && puma.threads > 0) {
		const struct judge_load load = { pod->name, puma.waiting, puma.threads };

		if (percent(&load) > percent(&p->worst))
			p->worst = load;
	} else if (!p->worst.pod) {
		p->unread = answer->verdict != MOK_ANS_OK
			? mok_arena_strdup(p->u->s->arena, answer->err.msg)
			: "its metrics do not tell";
	}
	ask_next(p);
}

static void ask_next(struct pulse *p)
{
	const char *name;
	struct mok_ask ask = { .verb = MOK_ASK_TEXT };

	if (p->left == 0) {
		p->judge.load = p->worst;
		if (p->worst.pod)
			p->unread = NULL;
		p->reading = false;
		return;
	}
	p->left--;
	name = p->pods.list.items[p->at % p->pods.list.len]->name;
	ask.id = instance_metrics_path(&p->u->instance, name);
	send(p, &ask, take_metrics);
}

/* Those that are not ready get no requests, and those that end no more of them. */
static bool serves(const struct mok_object *pod)
{
	return pod->ready && !*cluster_str(cluster_object(pod), "metadata.deletionTimestamp");
}

static void take_pods(void *ctx, struct mok_answer *answer)
{
	struct pulse *p = ctx;
	struct mok_arena *arena = p->u->s->arena;

	if (p->stopped)
		return;
	p->pods.list.len = 0;
	for (size_t i = 0; answer->verdict == MOK_ANS_OK && i < answer->objects.len; i++)
		if (serves(answer->objects.items[i]))
			mok_vec_push(arena, &p->pods.list, answer->objects.items[i]);
	p->worst = (struct judge_load){ .pod = NULL };
	p->unread = answer->verdict != MOK_ANS_OK ? mok_arena_strdup(arena, answer->err.msg)
						  : "no pod of it is ready";
	p->left = p->pods.list.len < PODS_MAX ? p->pods.list.len : PODS_MAX;
	ask_next(p);
}

static void read_load(struct pulse *p)
{
	struct mok_ask ask = { .verb = MOK_ASK_LIST,
		.page = 1,
		.collection = mok_arena_printf(p->u->s->arena, "/Pod/%s", p->u->instance.ns),
		.selector = "app.kubernetes.io/component=web" };

	if (!p->metrics || p->reading)
		return;
	p->reading = true;
	send(p, &ask, take_pods);
}

/* ---- what it answers ---- */

static void tell(struct pulse *p)
{
	if (p->measures)
		return;
	if (p->judge.bad && !p->told)
		upgrade_say(p->u, "  web does badly: %s: does that pass?", p->judge.why);
	else if (p->told && judge_is_well(&p->judge))
		upgrade_say(p->u, "  it does well again.");
	else
		return;
	p->told = !p->told;
}

static void answered(void *ctx)
{
	struct pulse *p = ctx;
	struct judge_answer answer = { .took_ms = probe_took_ms(p->probe) };
	int64_t wait_ms = p->beat_ms - answer.took_ms;

	answer.status = probe_status(p->probe, &answer.why);
	judge_look(&p->judge, mok_loop_now(p->u->s->loop), &answer);
	tell(p);
	p->timer = mok_loop_after(p->u->s->loop, wait_ms, beat, p);
}

static void beat(void *ctx)
{
	struct pulse *p = ctx;

	p->timer = NULL;
	if (p->judge.looks % BEATS_PER_LOAD == 0)
		read_load(p);
	probe_send(p->probe);
}

/* ---- all of it ---- */

struct pulse *upgrade_pulse_start(struct upgrade *u, int beat_s, const struct judge_numbers *limits)
{
	static const struct judge_numbers none = { INT64_MAX, INT64_MAX };
	struct pulse *p = MOK_NEW(u->s->arena, struct pulse);

	p->u = u;
	p->measures = !limits;
	judge_begin(&p->judge, limits ? limits : &none);
	p->probe = probe_new(u->s, u->instance.domain, UPGRADE_ASKED_PATH, answered, p);
	p->beat_ms = upgrade_scaled_ms(u, beat_s);
	p->breach_ms = upgrade_scaled_ms(u, UPGRADE_BREACH_S);
	p->metrics = mok_mastodon_switch(u->s->arena, u->s->stack, "observability.metrics");
	p->timer = mok_loop_after(u->s->loop, 0, beat, p);
	return p;
}

const struct judge *upgrade_pulse_judge(const struct pulse *p)
{
	return &p->judge;
}

const char *upgrade_pulse_unread(const struct pulse *p)
{
	return p->metrics ? p->unread : "observability.metrics is off";
}

void upgrade_pulse_again(struct pulse *p)
{
	p->judge.quiet = 0;
}

bool upgrade_pulse_gives_up(void *pulse, struct mok_err *err)
{
	const struct pulse *p = pulse;

	if (!judge_gives_up(&p->judge, p->breach_ms))
		return false;
	mok_err_set(err, MOK_ERR_API, "web does badly: %s", p->judge.why);
	return true;
}

struct goal {
	struct pulse *pulse;
	bool (*enough)(const struct judge *j);
};

static bool is_enough(void *ctx)
{
	const struct goal *g = ctx;
	const struct pulse *p = g->pulse;

	return judge_gives_up(&p->judge, p->breach_ms) || (g->enough(&p->judge) && !p->reading);
}

int upgrade_pulse_run(struct pulse *p, bool (*enough)(const struct judge *j), struct mok_err *err)
{
	struct goal *g = MOK_NEW(p->u->s->arena, struct goal);

	*g = (struct goal){ p, enough };
	return mok_loop_run(p->u->s->loop, is_enough, g, err);
}

void upgrade_pulse_stop(struct pulse *p)
{
	p->stopped = true;
	if (p->timer)
		mok_loop_cancel(p->u->s->loop, p->timer);
	p->timer = NULL;
	probe_stop(p->probe);
}
