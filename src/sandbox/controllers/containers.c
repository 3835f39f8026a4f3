/* One container from nothing to its end, and again. */
#include "kubelet.h"

#include "program.h"
#include "registry.h"

#include <string.h>

enum {
	PULL_LOW_MS = 2 * SB_SECOND_MS,
	PULL_HIGH_MS = 6 * SB_SECOND_MS,
	CREATE_MS = 500,
	CONFIG_RETRY_MS = 10 * SB_SECOND_MS,
	PULL_FAILS_MS = 1500,
	BACKOFF_MS = 10 * SB_SECOND_MS,
	BACKOFF_MAX_MS = 300 * SB_SECOND_MS,
};

enum kubelet_role kubelet_role(const cJSON *container, bool init)
{
	if (!init)
		return KUBELET_MAIN;
	return strcmp(sb_ctl_str(container, "restartPolicy"), "Always") == 0 ? KUBELET_SIDECAR
									     : KUBELET_INIT;
}

cJSON *kubelet_container(struct kubelet *kl, const cJSON *container)
{
	cJSON *all = mok_json_object(kl->runtime, "containers");

	return mok_json_object(all, sb_ctl_str(container, "name"));
}

/* ---- steps ---- */

static void go(cJSON *rt, const char *step, int64_t until_ms)
{
	sb_set_str(rt, "step", step);
	sb_set_int(rt, "until_ms", until_ms);
}

static void wait_for(cJSON *rt, const char *reason, const char *message)
{
	sb_set_str(rt, "reason", reason);
	sb_set_str(rt, "message", message ? message : "");
}

static int64_t backoff_ms(int64_t times)
{
	int64_t ms = BACKOFF_MS;

	while (--times > 0 && ms < BACKOFF_MAX_MS)
		ms *= 2;
	return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

static bool is_pulled(struct kubelet *kl, const char *image)
{
	sqlite3_stmt *stmt = sb_sql(kl->k->ctx,
		"SELECT 1 FROM kube_image WHERE cluster = ? AND node = ? AND image = ?", "sss",
		kl->k->cluster, sb_ctl_str(kl->pod, "spec.nodeName"), image);
	bool found = sb_sql_row(kl->k->ctx, stmt);

	if (found)
		sb_sql_done(kl->k->ctx, stmt);
	return found;
}

static void create(struct kubelet *kl, cJSON *rt)
{
	wait_for(rt, "ContainerCreating", NULL);
	go(rt, "create", sb_after(kl->k->ctx, CREATE_MS));
}

static void pull(struct kubelet *kl, const cJSON *container, cJSON *rt)
{
	const char *image = sb_ctl_str(container, "image");
	bool always = strcmp(sb_ctl_str(container, "imagePullPolicy"), "Always") == 0;
	bool here = is_pulled(kl, image);

	wait_for(rt, "ContainerCreating", NULL);
	if (here && !always) {
		kubelet_tell(kl, container, "Normal", "Pulled",
			"Container image \"%s\" already present on machine", image);
		create(kl, rt);
		return;
	}
	kubelet_tell(kl, container, "Normal", "Pulling", "Pulling image \"%s\"", image);
	go(rt, "pull",
		here ? sb_after(kl->k->ctx, CREATE_MS)
		     : sb_after_between(kl->k->ctx, PULL_LOW_MS, PULL_HIGH_MS));
}

static void begin(struct kubelet *kl, const cJSON *container, cJSON *rt)
{
	const char *why = kubelet_lacks_config(kl, container);

	if (!why) {
		pull(kl, container, rt);
		return;
	}
	kubelet_tell(kl, container, "Warning", "Failed", "Error: %s", why);
	wait_for(rt, "CreateContainerConfigError", why);
	go(rt, "config", sb_ctl_later(kl->k, CONFIG_RETRY_MS));
}

/* The registry refuses: first the error, then the wait for the next try. */
static void refuse_pull(struct kubelet *kl, const cJSON *container, cJSON *rt)
{
	const char *image = sb_ctl_str(container, "image");
	const char *why = mok_arena_printf(kl->k->ctx->arena,
		"failed to pull and unpack image \"%s\": failed to resolve reference \"%s\": %s: "
		"not found",
		image, image, image);

	sb_set_int(rt, "fails", mok_json_int(rt, "fails", 0) + 1);
	kubelet_tell(
		kl, container, "Warning", "Failed", "Failed to pull image \"%s\": %s", image, why);
	kubelet_tell(kl, container, "Warning", "Failed", "Error: ErrImagePull");
	wait_for(rt, "ErrImagePull", why);
	go(rt, "unpulled", sb_ctl_later(kl->k, PULL_FAILS_MS));
}

static void end_pull(struct kubelet *kl, const cJSON *container, cJSON *rt)
{
	const char *image = sb_ctl_str(container, "image");

	if (sb_pod_fault(kl->k, kl->pod, "image_pull") || !sb_registry_has(kl->k->ctx, image)) {
		refuse_pull(kl, container, rt);
		return;
	}
	sb_sql_run(kl->k->ctx,
		"INSERT OR IGNORE INTO kube_image(cluster, node, image) VALUES(?, ?, ?)", "sss",
		kl->k->cluster, sb_ctl_str(kl->pod, "spec.nodeName"), image);
	kubelet_tell(kl, container, "Normal", "Pulled", "Successfully pulled image \"%s\"", image);
	create(kl, rt);
}

static void wait_to_pull(struct kubelet *kl, const cJSON *container, cJSON *rt)
{
	const char *image = sb_ctl_str(container, "image");

	if (strcmp(sb_ctl_str(rt, "reason"), "ImagePullBackOff") == 0) {
		pull(kl, container, rt);
		return;
	}
	kubelet_tell(kl, container, "Normal", "BackOff", "Back-off pulling image \"%s\"", image);
	kubelet_tell(kl, container, "Warning", "Failed", "Error: ImagePullBackOff");
	wait_for(rt, "ImagePullBackOff",
		mok_arena_printf(
			kl->k->ctx->arena, "Back-off pulling image \"%s\": ErrImagePull", image));
	go(rt, "unpulled", sb_ctl_later(kl->k, backoff_ms(mok_json_int(rt, "fails", 1))));
}

/* ---- running ---- */

static int64_t seconds(const cJSON *probe, const char *name, int64_t fallback)
{
	return mok_json_int(probe, name, fallback) * SB_SECOND_MS;
}

/* The first time that a probe looks and is answered, from the start. */
static int64_t answered_ms(const cJSON *probe, int64_t boot_ms)
{
	int64_t at_ms = seconds(probe, "initialDelaySeconds", 0);
	int64_t period_ms = seconds(probe, "periodSeconds", 10);

	while (probe && at_ms < boot_ms && period_ms > 0)
		at_ms += period_ms;
	return at_ms;
}

static int64_t next_probe(struct kubelet *kl, const cJSON *container)
{
	int64_t period_ms = seconds(mok_json_at(container, "readinessProbe"), "periodSeconds", 10);

	return sb_ctl_later(kl->k, period_ms > 0 ? period_ms : SB_SECOND_MS);
}

/* Probes that are not answered: without a startup probe it stays unready until one is, with one it
 * is killed when that gives up. */
static void stay_unready(
	struct kubelet *kl, const cJSON *container, cJSON *rt, const struct sb_outcome *o)
{
	const cJSON *probe = mok_json_at(container, "startupProbe");
	int64_t patience_ms = seconds(probe, "initialDelaySeconds", 0) +
		seconds(probe, "periodSeconds", 10) * mok_json_int(probe, "failureThreshold", 3);

	sb_set_int(rt, "up_ms", probe ? 0 : kl->k->ctx->now_ms);
	sb_set_int(rt, "ready_ms", 0);
	kubelet_tell(kl, container, "Warning", "Unhealthy", "%s probe failed: %s",
		probe ? "Startup" : "Readiness", o->unready);
	if (!probe) {
		sb_set_bool(rt, "unready", true);
		go(rt, "run", next_probe(kl, container));
		return;
	}
	sb_set_bool(rt, "exits", true);
	sb_set_int(rt, "code", 137);
	go(rt, "run", sb_ctl_later(kl->k, patience_ms));
}

/* It is ready from the first probe on that is answered. */
static void probe_again(struct kubelet *kl, const cJSON *container, cJSON *rt)
{
	if (sb_pod_fault(kl->k, kl->pod, "not_ready")) {
		go(rt, "run", next_probe(kl, container));
		return;
	}
	sb_set_bool(rt, "unready", false);
	sb_set_int(rt, "ready_ms", kl->k->ctx->now_ms);
	go(rt, "run", 0);
}

static void set_probes(
	struct kubelet *kl, const cJSON *container, cJSON *rt, const struct sb_outcome *o)
{
	const cJSON *startup = mok_json_at(container, "startupProbe");
	const cJSON *readiness = mok_json_at(container, "readinessProbe");
	int64_t up_ms = startup ? answered_ms(startup, o->boot_ms) : 0, ready_ms = up_ms;

	if (readiness) {
		ready_ms = answered_ms(readiness, o->boot_ms);
		ready_ms = ready_ms > up_ms ? ready_ms : up_ms;
	}
	sb_set_int(rt, "up_ms", sb_after(kl->k->ctx, up_ms));
	sb_set_int(rt, "ready_ms", sb_after(kl->k->ctx, ready_ms));
}

static void print(struct kubelet *kl, const cJSON *container, const char *text)
{
	if (text)
		sb_kube_log(kl->k->ctx, kl->k->cluster, sb_ctl_str(kl->pod, "metadata.namespace"),
			sb_ctl_str(kl->pod, "metadata.name"), sb_ctl_str(container, "name"), text);
}

/* A debugger whose input nobody is at ends at once. */
static bool stays(struct kubelet *kl, const cJSON *container, enum kubelet_role role)
{
	if (role == KUBELET_EPHEMERAL)
		return mok_json_bool(container, "stdin", false);
	return role == KUBELET_SIDECAR ||
		(role == KUBELET_MAIN &&
			strcmp(sb_ctl_str(kl->pod, "spec.restartPolicy"), "Always") == 0);
}

/* What crashes soon is never ready: a rollout that took each new start for progress would not end.
 */
static void set_readiness(struct kubelet *kl, const cJSON *container, cJSON *rt,
	const struct sb_outcome *o, enum kubelet_role role)
{
	if (o->unready) {
		stay_unready(kl, container, rt, o);
	} else if (o->exits && stays(kl, container, role)) {
		sb_set_int(rt, "up_ms", kl->k->ctx->now_ms);
		sb_set_int(rt, "ready_ms", 0);
	} else {
		set_probes(kl, container, rt, o);
	}
}

static void start(struct kubelet *kl, const cJSON *container, cJSON *rt, enum kubelet_role role)
{
	struct sb_outcome o =
		sb_program_start(kl->k, kl->pod, container, stays(kl, container, role));
	const char *name = sb_ctl_str(container, "name");

	kubelet_tell(kl, container, "Normal", "Created", "Created container: %s", name);
	kubelet_tell(kl, container, "Normal", "Started", "Started container %s", name);
	print(kl, container, o.log);
	wait_for(rt, "", NULL);
	sb_set_int(rt, "started_ms", kl->k->ctx->now_ms);
	sb_set_bool(rt, "exits", o.exits);
	sb_set_bool(rt, "unready", false);
	sb_set_int(rt, "code", o.code);
	sb_set_str(rt, "ended_why", o.reason ? o.reason : "");
	go(rt, "run", o.exits ? sb_after(kl->k->ctx, o.run_ms) : 0);
	set_readiness(kl, container, rt, &o, role);
}

static bool restarts(struct kubelet *kl, enum kubelet_role role, int64_t code)
{
	const char *policy = sb_ctl_str(kl->pod, "spec.restartPolicy");

	if (role == KUBELET_SIDECAR)
		return true;
	if (role == KUBELET_EPHEMERAL)
		return false;
	if (strcmp(policy, "Always") == 0)
		return role == KUBELET_MAIN || code != 0;
	return strcmp(policy, "OnFailure") == 0 && code != 0;
}

/* False: it goes on. */
static bool finish(struct kubelet *kl, const cJSON *container, cJSON *rt)
{
	const struct sb_program *program = sb_program_of(kl->pod, container);
	struct sb_outcome o = { .code = (int)mok_json_int(rt, "code", 0) };

	if (program->end && o.code == 0)
		program->end(kl->k, kl->pod, container, &o);
	if (o.log)
		print(kl, container, o.log);
	if (o.goes_on) {
		go(rt, "run", sb_ctl_later(kl->k, o.run_ms));
		return false;
	}
	sb_set_int(rt, "code", o.code);
	if (o.reason)
		sb_set_str(rt, "ended_why", o.reason);
	if (!*sb_ctl_str(rt, "ended_why"))
		sb_set_str(rt, "ended_why", o.code ? "Error" : "Completed");
	sb_set_int(rt, "ended_ms", kl->k->ctx->now_ms);
	return true;
}

static void keep_last(cJSON *rt)
{
	static const char *const kept[] = { "started_ms", "ended_ms", "code", "ended_why" };
	cJSON *last = cJSON_CreateObject();

	sb_copy(last, rt, kept, MOK_COUNT(kept));
	mok_json_set(rt, "last", last);
}

static void end(struct kubelet *kl, const cJSON *container, cJSON *rt, enum kubelet_role role)
{
	const char *name = sb_ctl_str(container, "name"), *text;
	int64_t ms;

	if (!finish(kl, container, rt))
		return;
	if (!restarts(kl, role, mok_json_int(rt, "code", 0))) {
		go(rt, "done", 0);
		return;
	}
	keep_last(rt);
	sb_set_int(rt, "restarts", mok_json_int(rt, "restarts", 0) + 1);
	ms = backoff_ms(mok_json_int(rt, "restarts", 1));
	text = mok_arena_printf(kl->k->ctx->arena,
		"back-off %llds restarting failed container=%s pod=%s_%s(%s)",
		(long long)(ms / SB_SECOND_MS), name, sb_ctl_str(kl->pod, "metadata.name"),
		sb_ctl_str(kl->pod, "metadata.namespace"), sb_ctl_str(kl->pod, "metadata.uid"));
	kubelet_tell(kl, container, "Warning", "BackOff",
		"Back-off restarting failed container %s in pod %s_%s(%s)", name,
		sb_ctl_str(kl->pod, "metadata.name"), sb_ctl_str(kl->pod, "metadata.namespace"),
		sb_ctl_str(kl->pod, "metadata.uid"));
	wait_for(rt, "CrashLoopBackOff", text);
	go(rt, "backoff", sb_ctl_later(kl->k, ms));
}

/* ---- the whole ---- */

static void step(struct kubelet *kl, const cJSON *container, cJSON *rt, enum kubelet_role role)
{
	const char *now = sb_ctl_str(rt, "step");

	if (!*now || strcmp(now, "config") == 0)
		begin(kl, container, rt);
	else if (strcmp(now, "pull") == 0)
		end_pull(kl, container, rt);
	else if (strcmp(now, "unpulled") == 0)
		wait_to_pull(kl, container, rt);
	else if (strcmp(now, "create") == 0)
		start(kl, container, rt, role);
	else if (strcmp(now, "run") == 0 && mok_json_bool(rt, "unready", false))
		probe_again(kl, container, rt);
	else if (strcmp(now, "run") == 0)
		end(kl, container, rt, role);
	else
		pull(kl, container, rt);
}

static bool is_due(struct kubelet *kl, const cJSON *rt)
{
	int64_t until_ms = mok_json_int(rt, "until_ms", 0);

	return !*sb_ctl_str(rt, "step") || (until_ms && kl->k->ctx->now_ms >= until_ms);
}

void kubelet_advance(struct kubelet *kl, const cJSON *container, enum kubelet_role role)
{
	cJSON *rt = kubelet_container(kl, container);

	/* At most: begin, pull, create, run, back off; a loop's waits are never 0. */
	for (int i = 0; i < 8 && is_due(kl, rt); i++)
		step(kl, container, rt, role);
	kubelet_at(kl, mok_json_int(rt, "until_ms", 0));
	if (strcmp(sb_ctl_str(rt, "step"), "run") == 0) {
		kubelet_at(kl, mok_json_int(rt, "up_ms", 0));
		kubelet_at(kl, mok_json_int(rt, "ready_ms", 0));
	}
}

bool kubelet_passed(struct kubelet *kl, const cJSON *container, enum kubelet_role role)
{
	const cJSON *rt = kubelet_container(kl, container);
	const char *now = sb_ctl_str(rt, "step");
	int64_t up_ms = mok_json_int(rt, "up_ms", 0);

	if (role == KUBELET_SIDECAR)
		return strcmp(now, "run") == 0 && up_ms && kl->k->ctx->now_ms >= up_ms;
	return strcmp(now, "done") == 0 && mok_json_int(rt, "code", 0) == 0;
}
