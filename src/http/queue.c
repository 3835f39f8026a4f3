#include "http_internal.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 60000
#define BACKOFF_BASE_MS ((int64_t)500)
#define BACKOFF_MAX_MS 30000
/* An hourly limit may take an hour to give way; what is refused longer than that is stuck. */
#define REFUSED_MAX_MS ((int64_t)70 * 60 * 1000)
#define REFUSALS_MAX 300
#define DEFAULT_PARALLELISM 10
#define DEFAULT_TRIES 6

/* A request from mok_http_send to done(): queued in its lane, under way, or waiting to be queued
 * again. */
struct job {
	struct mok_http *http;
	struct lane *lane;
	struct mok_wire_request request;
	char *block; /* the request's strings */
	void (*done)(void *ctx, const struct mok_http_reply *reply);
	void *ctx;
	uint64_t seq;
	int tries, refusals;
	int64_t refused_since;
	bool redirected;
	struct mok_arena *arena; /* of the exchange under way, and of err */
	struct mok_err *err;
	struct mok_exchange x;
	struct mok_timer *timer;          /* waiting */
	struct job *next;                 /* in the lane */
	struct job *all_next, **all_link; /* every job there is */
};

struct lane {
	struct budget budget;
	struct job *head, *tail;
	int64_t held_since; /* -1: its head is not held back */
};

enum { LANE_API = 0, LANE_CDN, LANE_SPACES, LANE_CLUSTERS, LANES };

struct mok_http {
	struct mok_loop *loop;
	struct endpoints endpoints;
	struct lane lanes[LANES];
	int parallelism, max_tries, in_flight;
	uint64_t seq;
	struct mok_timer *wake; /* when a lane may go on */
	int64_t wake_at;
	struct job *all;
	struct mok_http_stats stats;
	struct mok_err trouble; /* why the last one is asked again; msg "": it was not */
};

static const struct budget_rule api_rule = { .window_ms = 60000, .share = 20 };
static const struct budget_rule cdn_rule = {
	.prefix = "/v2/cdn/endpoints", .window_ms = 10000, .share = 1
};

static void pump(struct mok_http *http);

static struct budget_now now_of(const struct mok_http *http)
{
	const struct mok_env *env = mok_loop_env(http->loop);

	return (struct budget_now){ .mono_ms = mok_loop_now(http->loop),
		.wall_ms = env->clock.wall_ms(env->clock.self),
		.speed = env->speed };
}

static uint64_t random_of(const struct mok_http *http)
{
	const struct mok_env *env = mok_loop_env(http->loop);

	return env->random.next(env->random.self);
}

static struct lane *lane_of(struct mok_http *http, const struct mok_wire_request *request)
{
	if (request->auth == MOK_AUTH_SIGV4)
		return &http->lanes[LANE_SPACES];
	if (request->auth == MOK_AUTH_ENDPOINT)
		return &http->lanes[LANE_CLUSTERS];
	if (mok_starts(request->path, cdn_rule.prefix))
		return &http->lanes[LANE_CDN];
	return &http->lanes[LANE_API];
}

/* ---- jobs ---- */

static void enqueue(struct job *job)
{
	struct lane *lane = job->lane;
	struct job **at = &lane->head;

	/* Those that came first and wait to be sent again go first; new ones at the end. */
	if (lane->tail && lane->tail->seq < job->seq)
		at = &lane->tail->next;
	while (*at && (*at)->seq < job->seq)
		at = &(*at)->next;
	job->next = *at;
	*at = job;
	if (!job->next)
		lane->tail = job;
}

static struct job *dequeue(struct lane *lane)
{
	struct job *job = lane->head;

	lane->head = job->next;
	if (!lane->head)
		lane->tail = NULL;
	job->next = NULL;
	return job;
}

static void land(struct job *job)
{
	mok_exchange_release(&job->x);
	memset(&job->x, 0, sizeof(job->x));
	mok_arena_free(job->arena);
	job->arena = NULL;
}

static void job_free(struct job *job)
{
	land(job);
	free(job->block);
	free(job);
}

static void unlink_job(struct job *job)
{
	*job->all_link = job->all_next;
	if (job->all_next)
		job->all_next->all_link = job->all_link;
}

static void deliver(struct job *job, const struct mok_http_reply *reply)
{
	job->done(job->ctx, reply);
	unlink_job(job);
	job_free(job);
}

/* Nothing could be sent at all: keys are missing, a region is none. */
static void deliver_unsent(void *ctx)
{
	struct job *job = ctx;
	struct mok_http_reply reply = { .fail = MOK_NET_NOT_SENT,
		.body = "",
		.request_id = "",
		.exchange = &job->x,
		.err = job->err };

	job->timer = NULL;
	deliver(job, &reply);
}

static void deliver_answer(struct job *job)
{
	const struct mok_exchange *x = &job->x;
	bool failed = x->fail != MOK_NET_OK || x->status >= 300;
	struct mok_http_reply reply = { .fail = x->fail,
		.status = x->fail == MOK_NET_OK ? x->status : 0,
		.body = x->response.data ? x->response.data : "",
		.len = x->response.len,
		.request_id = request_id_of(x),
		.exchange = x,
		.err = job->err };

	if (!failed)
		job->http->trouble.msg[0] = '\0';
	else
		error_of_answer(&job->http->endpoints, &job->request, x, job->err);
	deliver(job, &reply);
}

/* ---- whether to send again, and when ---- */

static void requeue(void *ctx)
{
	struct job *job = ctx;

	job->timer = NULL;
	enqueue(job);
	pump(job->http);
}

static void send_again_in(struct job *job, int64_t delay_ms)
{
	error_of_answer(&job->http->endpoints, &job->request, &job->x, &job->http->trouble);
	job->http->stats.retries++;
	land(job);
	job->timer = mok_loop_after(job->http->loop, delay_ms, requeue, job);
}

static int64_t backoff_ms(const struct job *job)
{
	int shift = job->tries < 7 ? job->tries - 1 : 6;
	int64_t full = BACKOFF_BASE_MS << shift;
	int64_t half;

	if (full > BACKOFF_MAX_MS)
		full = BACKOFF_MAX_MS;
	half = full / 2;
	full = half + (int64_t)(random_of(job->http) % (uint64_t)(half + 1));
	return budget_scale(full, mok_loop_env(job->http->loop)->speed);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool mok_http_is_object(const struct mok_exchange *x)
{
	const char *from = x->response.data, *to = from ? from + x->response.len : NULL;

	while (from < to && is_space(*from))
		from++;
	while (from < to && is_space(to[-1]))
		to--;
	return to - from >= 2 && *from == '{' && to[-1] == '}';
}

bool mok_http_is_object_or_empty(const struct mok_exchange *x)
{
	return x->response.len == 0 || mok_http_is_object(x);
}

/* 501 says that it will never be done. */
static bool may_pass(const struct job *job)
{
	const struct mok_exchange *x = &job->x;
	bool success = x->status >= 200 && x->status < 300;

	return x->fail != MOK_NET_OK || (x->status >= 500 && x->status != 501) ||
		(success && job->request.is_whole && !job->request.is_whole(x));
}

static bool send_again(struct job *job)
{
	struct mok_http *http = job->http;
	const struct mok_exchange *x = &job->x;
	int64_t now = mok_loop_now(http->loop);

	if (x->fail == MOK_NET_OK && x->status == 429) {
		int64_t wait = budget_refused(&job->lane->budget, x, now_of(http), random_of(http));

		http->stats.throttled++;
		if (job->refusals++ == 0)
			job->refused_since = now;
		if (job->refusals > REFUSALS_MAX || now - job->refused_since > REFUSED_MAX_MS)
			return false;
		send_again_in(job, wait);
		return true;
	}
	job->tries++;
	if (!may_pass(job) || job->tries >= http->max_tries ||
		(x->fail == MOK_NET_OK && job->request.is_final && job->request.is_final(x)))
		return false;
	if (job->request.retry != MOK_RETRY_SAFE && x->fail != MOK_NET_NOT_SENT)
		return false;
	send_again_in(job, backoff_ms(job));
	return true;
}

/* ---- exchanges ---- */

static void fly(struct job *job)
{
	struct mok_http *http = job->http;

	job->x.timeout_ms = TIMEOUT_MS;
	http->in_flight++;
	http->stats.requests++;
	budget_sent(&job->lane->budget, now_of(http));
	mok_loop_exchange(http->loop, &job->x);
}

static bool follow(struct job *job)
{
	const char *url =
		job->redirected ? NULL : wire_redirect(job->arena, &job->request, &job->x);

	if (!url || job->x.fail != MOK_NET_OK)
		return false;
	job->redirected = true;
	mok_exchange_release(&job->x);
	job->x.url = url;
	fly(job);
	return true;
}

static void answered(struct mok_exchange *x)
{
	struct job *job = x->ctx;
	struct mok_http *http = job->http;

	http->in_flight--;
	budget_heard(&job->lane->budget, x, now_of(http));
	if (!follow(job) && !send_again(job))
		deliver_answer(job);
	pump(http);
}

static void start(struct job *job)
{
	struct mok_http *http = job->http;

	job->arena = mok_arena_new();
	job->err = MOK_NEW(job->arena, struct mok_err);
	memset(&job->x, 0, sizeof(job->x));
	job->x.done = answered;
	job->x.ctx = job;
	if (wire_fill(&http->endpoints, &job->request, job->arena, now_of(http).wall_ms, &job->x,
		    job->err) != 0)
		job->timer = mok_loop_after(http->loop, 0, deliver_unsent, job);
	else
		fly(job);
}

/* ---- the queue ---- */

static void note_held(struct mok_http *http, struct lane *lane, bool held)
{
	int64_t now = mok_loop_now(http->loop);

	if (held && lane->held_since < 0)
		lane->held_since = now;
	if (!held && lane->held_since >= 0) {
		http->stats.waited_ms += now - lane->held_since;
		lane->held_since = -1;
	}
}

/* The lane whose oldest request is the oldest of those that may go. `wake_at` gets when the first
 * of the others may. */
static struct lane *next_lane(struct mok_http *http, int64_t *wake_at)
{
	struct budget_now now = now_of(http);
	struct lane *best = NULL;

	*wake_at = INT64_MAX;
	for (size_t i = 0; i < LANES; i++) {
		struct lane *lane = &http->lanes[i];
		int64_t at;

		if (!lane->head)
			continue;
		at = budget_ready_at(&lane->budget, now);
		note_held(http, lane, at > now.mono_ms);
		if (at > now.mono_ms) {
			if (at < *wake_at)
				*wake_at = at;
		} else if (!best || lane->head->seq < best->head->seq) {
			best = lane;
		}
	}
	return best;
}

static void woken(void *ctx)
{
	struct mok_http *http = ctx;

	http->wake = NULL;
	pump(http);
}

static void wake_at(struct mok_http *http, int64_t at)
{
	if (http->wake && http->wake_at == at)
		return;
	if (http->wake)
		mok_loop_cancel(http->loop, http->wake);
	http->wake = NULL;
	http->wake_at = at;
	if (at != INT64_MAX)
		http->wake = mok_loop_after(http->loop, at - mok_loop_now(http->loop), woken, http);
}

static void pump(struct mok_http *http)
{
	int64_t at = INT64_MAX;

	while (http->in_flight < http->parallelism) {
		struct lane *lane = next_lane(http, &at);

		if (!lane)
			break;
		start(dequeue(lane));
	}
	if (http->in_flight >= http->parallelism)
		at = INT64_MAX; /* an answer will come and pump */
	wake_at(http, at);
}

/* ---- the interface ---- */

struct mok_http *mok_http_new(
	struct mok_loop *loop, const struct mok_http_options *options, struct mok_err *err)
{
	struct mok_http *http = mok_xcalloc(1, sizeof(*http));

	http->loop = loop;
	if (endpoints_init(&http->endpoints, options, err) != 0) {
		free(http);
		return NULL;
	}
	http->parallelism = options->parallelism > 0 ? options->parallelism : DEFAULT_PARALLELISM;
	http->max_tries = options->max_tries > 0 ? options->max_tries : DEFAULT_TRIES;
	http->lanes[LANE_API].budget.rule = &api_rule;
	http->lanes[LANE_CDN].budget.rule = &cdn_rule;
	for (size_t i = 0; i < LANES; i++)
		http->lanes[i].held_since = -1;
	return http;
}

void mok_http_free(struct mok_http *http)
{
	struct job *next;

	if (!http)
		return;
	for (struct job *job = http->all; job; job = next) {
		next = job->all_next;
		if (job->timer)
			mok_loop_cancel(http->loop, job->timer);
		else if (job->arena)
			mok_loop_abandon(http->loop, &job->x);
		job_free(job);
	}
	if (http->wake)
		mok_loop_cancel(http->loop, http->wake);
	endpoints_release(&http->endpoints);
	free(http);
}

void mok_http_send(struct mok_http *http, const struct mok_wire_request *request,
	void (*done)(void *ctx, const struct mok_http_reply *reply), void *ctx)
{
	struct job *job = mok_xcalloc(1, sizeof(*job));

	if (request->nheaders > MOK_COUNT(request->headers))
		MOK_BUG("a request has too many headers");
	job->http = http;
	job->lane = lane_of(http, request);
	job->request = wire_copy(request, &job->block);
	job->done = done;
	job->ctx = ctx;
	job->seq = http->seq++;
	job->all_next = http->all;
	job->all_link = &http->all;
	if (job->all_next)
		job->all_next->all_link = &job->all_next;
	http->all = job;
	enqueue(job);
	pump(http);
}

const char *mok_http_trouble(const struct mok_http *http)
{
	return http->trouble.msg;
}

struct mok_http_stats mok_http_stats(const struct mok_http *http)
{
	return http->stats;
}

bool mok_http_is_loopback(const char *url)
{
	return mok_url_is_loopback(url);
}
