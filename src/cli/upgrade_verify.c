#include "probe.h"
#include "upgrade.h"

#include <stdlib.h>
#include <string.h>

/* Does what was rolled out work, as far as it can be seen from outside, and from within? */

#define POLL_S 2
#define ANSWER_TIMEOUT_S 120
#define LOOKS 10 /* at queues that fall too slowly */
#define LOOK_PAUSE_S 30
#define DEAD_MAY_GROW 5 /* jobs die of what others do, too */

/* ---- from outside ---- */

static int refuse(struct upgrade *u, const char *hint, const char *fmt, ...) MOK_PRINTF(3, 4);

static int refuse(struct upgrade *u, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mok_err_set(&u->err, MOK_ERR_API, "%s", mok_arena_vprintf(u->s->arena, fmt, ap));
	va_end(ap);
	mok_err_hint(&u->err, "%s", hint);
	return -1;
}

struct question {
	const char *path;
	bool socket;   /* a WebSocket is asked for */
	bool definite; /* a refusal (4xx) does not pass with time */
};

/* Of an account, to open a stream with. */
static const char *token(void)
{
	const char *text = getenv("MOK_MASTODON_TOKEN");

	return text && *text ? text : NULL;
}

static bool is_well(const struct question *q, const struct probe_answer *answer)
{
	/* Without a token the streaming server itself says, in the handshake, that it wants one:
	 * nobody else has that header. */
	if (q->socket)
		return answer->status == 101 ||
			(answer->status == 401 && answer->refusal && !token());
	return answer->status == 200;
}

static bool is_final(const struct question *q, const struct probe_answer *answer)
{
	return q->definite && answer->status >= 400 && answer->status < 500;
}

static int ask_once(struct upgrade *u, const struct question *q, struct probe_answer *answer,
	struct mok_err *err)
{
	if (q->socket)
		return probe_socket(u->s, u->instance.domain, q->path, token(), answer, err);
	return probe_get(u->s, u->instance.domain, q->path, answer, err);
}

static int expect(struct upgrade *u, const struct question *q, struct probe_answer *answer)
{
	int64_t until = upgrade_deadline(u, ANSWER_TIMEOUT_S);

	for (;;) {
		struct mok_err err = { 0 };
		int rc = ask_once(u, q, answer, &err);

		if (rc == 0 && is_well(q, answer))
			return 0;
		if (err.code == MOK_ERR_INTERRUPTED || (rc == 0 && is_final(q, answer)) ||
			mok_loop_now(u->s->loop) > until) {
			u->err = err;
			if (rc == 0)
				mok_err_set(&u->err, MOK_ERR_API, "%s answers %d%s%s", q->path,
					answer->status, answer->refusal ? ": " : "",
					answer->refusal ? answer->refusal : "");
			mok_err_hint(&u->err, "it was rolled out; mok status shows more");
			return -1;
		}
		if (upgrade_pause(u, POLL_S) != 0)
			return -1;
	}
}

static int check_version(struct upgrade *u)
{
	const struct question q = { .path = UPGRADE_ASKED_PATH };
	cJSON *json MOK_CLEANUP(mok_json_cleanup) = NULL;
	struct probe_answer answer;
	const char *version;

	if (expect(u, &q, &answer) != 0)
		return -1;
	json = mok_json_parse(answer.body, strlen(answer.body));
	version = mok_json_str(json, "version");
	/* Forks put a word behind it: 4.7.6+glitch. */
	if (version && mok_starts(version, u->to) && !strchr(".0123456789", version[strlen(u->to)]))
		return 0;
	if (version && strcmp(version, u->to) == 0)
		return 0;
	return refuse(u, "mok status shows which pods run",
		"the instance says that it is %s, not %s", version ? version : "of no version",
		u->to);
}

static int check_webfinger(struct upgrade *u)
{
	struct mok_arena *arena = u->s->arena;
	const char *owner = mok_mastodon_setting(arena, u->s->stack, "owner.username");
	cJSON *json MOK_CLEANUP(mok_json_cleanup) = NULL;
	const char *account, *subject;
	struct probe_answer answer = { 0 };
	struct question q = { .definite = true };

	if (!owner)
		return 0;
	account = mok_arena_printf(arena, "acct:%s@%s", owner, u->instance.local_domain);
	q.path = mok_arena_printf(arena, "/.well-known/webfinger?resource=%s", account);
	if (expect(u, &q, &answer) != 0) {
		if (answer.status == 404)
			mok_err_hint(
				&u->err, "if there is no such account: --skip-check webfinger");
		return -1;
	}
	json = mok_json_parse(answer.body, strlen(answer.body));
	subject = mok_json_str(json, "subject");
	if (subject && strcasecmp(subject, account) == 0)
		return 0;
	return refuse(u, "if that account was deleted: --skip-check webfinger",
		"webfinger of %s is about %s", account, subject ? subject : "nobody");
}

/* ---- from within ---- */

static int check_dead(
	struct upgrade *u, const struct mok_vitals *before, const struct mok_vitals *now)
{
	if (now->dead <= before->dead + DEAD_MAY_GROW)
		return 0;
	return refuse(u,
		"Sidekiq's page of dead jobs (/sidekiq/morgue) tells of what; then mok upgrade, "
		"with "
		"--skip-check dead-jobs if that is not the upgrade's",
		"%lld jobs have died since the upgrade began",
		(long long)(now->dead - before->dead));
}

/* 0: it is well, or falls; 1: it does not; -1: not known. */
static int look_at_queues(
	struct upgrade *u, struct mok_vitals *now, const struct mok_queue **slowest)
{
	for (int i = 0; i < LOOKS; i++) {
		int64_t before_ms;

		*slowest = mok_mastodon_slowest(now);
		if (!*slowest || (*slowest)->latency_ms <= UPGRADE_LATENCY_S * INT64_C(1000))
			return 0;
		before_ms = (*slowest)->latency_ms;
		upgrade_say(u, "  the queue %s waits for %lld s: does that fall?", (*slowest)->name,
			(long long)before_ms / 1000);
		if (upgrade_pause(u, LOOK_PAUSE_S) != 0 || upgrade_vitals(u, now) != CLI_DONE)
			return -1;
		*slowest = mok_mastodon_slowest(now);
		if (!*slowest || (*slowest)->latency_ms < before_ms)
			return 0;
	}
	return 1;
}

static int check_queues(struct upgrade *u, struct mok_vitals *now)
{
	const struct mok_queue *slowest;
	int rc = look_at_queues(u, now, &slowest);

	if (rc != 1)
		return rc;
	return refuse(u, "mok status shows the pods of Sidekiq; --skip-check queues lets it pass",
		"jobs in the queue %s wait for %lld s, and that does not fall", slowest->name,
		(long long)slowest->latency_ms / 1000);
}

static int look_within(struct upgrade *u)
{
	struct mok_vitals before, now;
	const char *noted = upgrade_record_get(u, "vitals");
	int rc = upgrade_look(u, 0);

	if (rc == CLI_DONE)
		rc = upgrade_vitals(u, &now);
	if (rc != CLI_DONE)
		return rc;
	upgrade_record_put(u, "schema", now.schema_version);
	/* What an older run did not note cannot be compared. */
	if (noted &&
		mok_mastodon_vitals(u->s->arena,
			mok_arena_printf(u->s->arena, MOK_VITALS_MARK "%s", noted), &before) &&
		!upgrade_skips(u, "dead-jobs") && check_dead(u, &before, &now) != 0)
		return upgrade_fail(u);
	if (!upgrade_skips(u, "queues") && check_queues(u, &now) != 0)
		return upgrade_fail(u);
	return CLI_DONE;
}

/* ---- all of it ---- */

static int look_from_outside(struct upgrade *u)
{
	static const struct question questions[] = { { "/health", false, false },
		{ "/api/v1/streaming/health", false, false }, { "/api/v1/streaming", true, true } };
	struct probe_answer answer;

	for (size_t i = 0; i < MOK_COUNT(questions); i++)
		if (expect(u, &questions[i], &answer) != 0)
			return -1;
	return check_version(u) != 0 || (!upgrade_skips(u, "webfinger") && check_webfinger(u) != 0)
		? -1
		: 0;
}

int upgrade_verify(struct upgrade *u, bool *idle)
{
	(void)idle;
	if (look_from_outside(u) != 0)
		return upgrade_fail(u);
	return u->back ? CLI_DONE : look_within(u);
}
