/* What a Deployment's status says of its ReplicaSets, and whether it still gets on. */
#include "deployment.h"

#include <string.h>

struct sums {
	int64_t replicas, updated, ready, available, terminating, specs;
};

static struct sums sums_of(const struct deployment *d)
{
	struct sums s = { .updated = mok_json_int(d->newest, "status.replicas", 0) };

	for (size_t i = 0; i < d->sets.len; i++) {
		const cJSON *set = d->sets.items[i];

		s.specs += deployment_replicas(set);
		s.replicas += mok_json_int(set, "status.replicas", 0);
		s.ready += mok_json_int(set, "status.readyReplicas", 0);
		s.available += mok_json_int(set, "status.availableReplicas", 0);
		s.terminating += mok_json_int(set, "status.terminatingReplicas", 0);
	}
	return s;
}

static void set_some(cJSON *status, const char *name, int64_t value)
{
	if (value > 0)
		sb_set_int(status, name, value);
}

/* ---- conditions ---- */

static cJSON *condition(struct deployment *d, const struct sb_condition *want, bool moved)
{
	const cJSON *have = sb_ctl_condition(d->object, want->type);
	const char *then = sb_ctl_str(have, "lastUpdateTime");
	bool same = strcmp(sb_ctl_str(have, "status"), want->status) == 0 &&
		strcmp(sb_ctl_str(have, "reason"), want->reason) == 0;
	cJSON *one = sb_condition(d->k, d->object, want);

	sb_set_str(one, "lastUpdateTime",
		same && !moved && *then ? then : sb_time(d->k->ctx, d->k->ctx->now_ms));
	return one;
}

static cJSON *availability(struct deployment *d, const struct sums *s)
{
	static const struct sb_condition yes = { "Available", "True", "MinimumReplicasAvailable",
		"Deployment has minimum availability." };
	static const struct sb_condition no = { "Available", "False", "MinimumReplicasUnavailable",
		"Deployment does not have minimum availability." };
	int64_t least = d->want -
		(strcmp(sb_ctl_str(d->object, "spec.strategy.type"), "Recreate") == 0 ? 0
										      : d->down);

	return condition(d, s->available >= least ? &yes : &no, false);
}

/* Since the status that the object has. */
static bool gets_on(const struct deployment *d, const struct sums *s)
{
	const cJSON *was = mok_json_at(d->object, "status");
	int64_t updated = mok_json_int(was, "updatedReplicas", 0);
	int64_t old = mok_json_int(was, "replicas", 0) - updated;

	return s->updated > updated || s->replicas - s->updated < old ||
		s->ready > mok_json_int(was, "readyReplicas", 0) ||
		s->available > mok_json_int(was, "availableReplicas", 0);
}

static bool is_complete(const struct deployment *d, const struct sums *s)
{
	return d->newest && s->updated == d->want && s->replicas == d->want &&
		s->available == d->want;
}

/* Is the time over in which it had to get on? If not, it is looked at again then. */
static bool timed_out(struct deployment *d, const cJSON *have)
{
	const char *reason = sb_ctl_str(have, "reason");
	int64_t limit_s = mok_json_int(d->object, "spec.progressDeadlineSeconds", 600), at_ms;

	if (!have || strcmp(reason, "NewReplicaSetAvailable") == 0 || limit_s >= INT32_MAX)
		return false;
	if (strcmp(reason, "ProgressDeadlineExceeded") == 0)
		return true;
	at_ms = sb_ctl_limit(d->k, sb_ctl_ms(have, "lastUpdateTime"), limit_s * SB_SECOND_MS);
	if (d->k->ctx->now_ms >= at_ms)
		return true;
	sb_ctl_again(d->k, at_ms);
	return false;
}

static const char *text(struct deployment *d, const char *what)
{
	const char *name = sb_ctl_str(d->newest ? d->newest : d->object, "metadata.name");

	return mok_arena_printf(d->k->ctx->arena, "%s \"%s\" %s",
		d->newest ? "ReplicaSet" : "Deployment", name, what);
}

static cJSON *progress(struct deployment *d, const struct sums *s)
{
	const cJSON *have = sb_ctl_condition(d->object, "Progressing");
	struct sb_condition want = { "Progressing", "True", "ReplicaSetUpdated",
		text(d, "is progressing.") };
	bool done = strcmp(sb_ctl_str(have, "reason"), "NewReplicaSetAvailable") == 0 &&
		s->updated == s->replicas;

	if (d->created) {
		want.reason = "NewReplicaSetCreated";
		want.message = mok_arena_printf(d->k->ctx->arena, "Created new replica set \"%s\"",
			sb_ctl_str(d->newest, "metadata.name"));
		return condition(d, &want, true);
	}
	if (is_complete(d, s)) {
		want.reason = "NewReplicaSetAvailable";
		want.message = text(d, "has successfully progressed.");
		return condition(d, &want, false);
	}
	if (done)
		return cJSON_Duplicate(have, true);
	if (!have || gets_on(d, s))
		return condition(d, &want, true);
	if (timed_out(d, have)) {
		want.status = "False";
		want.reason = "ProgressDeadlineExceeded";
		want.message = text(d, "has timed out progressing.");
		return condition(d, &want, false);
	}
	return cJSON_Duplicate(have, true);
}

/* Its ReplicaSet's trouble with the API is its own. */
static void add_failure(struct deployment *d, cJSON *conditions)
{
	const cJSON *failure = sb_ctl_condition(d->newest, "ReplicaFailure");
	const struct sb_condition want = { "ReplicaFailure", "True", sb_ctl_str(failure, "reason"),
		sb_ctl_str(failure, "message") };

	if (failure)
		cJSON_AddItemToArray(conditions, condition(d, &want, false));
}

void deployment_tell_status(struct deployment *d)
{
	struct sums s = sums_of(d);
	cJSON *status = cJSON_CreateObject(), *conditions;

	sb_set_int(status, "observedGeneration", mok_json_int(d->object, "metadata.generation", 1));
	set_some(status, "replicas", s.replicas);
	set_some(status, "updatedReplicas", s.updated);
	set_some(status, "readyReplicas", s.ready);
	set_some(status, "availableReplicas", s.available);
	set_some(status, "unavailableReplicas",
		(s.specs > s.replicas ? s.specs : s.replicas) - s.available);
	sb_set_int(status, "terminatingReplicas", s.terminating);
	conditions = cJSON_AddArrayToObject(status, "conditions");
	cJSON_AddItemToArray(conditions, availability(d, &s));
	cJSON_AddItemToArray(conditions, progress(d, &s));
	add_failure(d, conditions);
	sb_ctl_status(d->k, SB_MANAGER, d->object, "deployments", status);
}
