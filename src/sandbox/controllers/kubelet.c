/* A node's work on its pods, each as a whole. */
#include "kubelet.h"

#include "controllers.h"

#include <string.h>

enum {
	MOUNT_RETRY_MS = 10 * SB_SECOND_MS,
	STOP_LOW_MS = 800,
	STOP_HIGH_MS = 2 * SB_SECOND_MS,
};

void kubelet_at(struct kubelet *kl, int64_t at_ms)
{
	if (at_ms > kl->k->ctx->now_ms && (!kl->next_ms || at_ms < kl->next_ms))
		kl->next_ms = at_ms;
}

/* Where in the pod a container is, as events say it. */
static const char *field_of(const struct kubelet *kl, const cJSON *container)
{
	static const char *const lists[] = { "initContainers", "ephemeralContainers" };
	const cJSON *spec = mok_json_at(kl->pod, "spec"), *one;
	const char *list = "containers";

	for (size_t i = 0; i < MOK_COUNT(lists); i++) {
		cJSON_ArrayForEach(one, mok_json_at(spec, lists[i]))
		{
			if (one == container)
				list = lists[i];
		}
	}
	return mok_arena_printf(
		kl->k->ctx->arena, "spec.%s{%s}", list, sb_ctl_str(container, "name"));
}

void kubelet_tell(struct kubelet *kl, const cJSON *container, const char *type, const char *reason,
	const char *fmt, ...)
{
	struct mok_arena *arena = kl->k->ctx->arena;
	struct sb_ctl_event event = { SB_KUBELET, type, reason, NULL };
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = mok_arena_vprintf(arena, fmt, ap);
	va_end(ap);
	if (container)
		event.field = field_of(kl, container);
	sb_ctl_tell(kl->k, kl->pod, &event, "%s", text);
}

/* ---- the runtime ---- */

static cJSON *load(struct sb_kube *k, const cJSON *pod)
{
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT json FROM kube_runtime WHERE cluster = ? AND ns = ? AND name = ?", "sss",
		k->cluster, sb_ctl_str(pod, "metadata.namespace"),
		sb_ctl_str(pod, "metadata.name"));
	cJSON *json = NULL;

	if (sb_sql_row(k->ctx, stmt)) {
		json = cJSON_Parse(sb_sql_text(k->ctx, stmt, 0));
		sb_sql_done(k->ctx, stmt);
	}
	return sb_own(k->ctx, json ? json : cJSON_CreateObject());
}

static void save(struct kubelet *kl)
{
	char *text = cJSON_PrintUnformatted(kl->runtime);

	sb_sql_run(kl->k->ctx,
		"INSERT OR REPLACE INTO kube_runtime(cluster, ns, name, json) VALUES(?, ?, ?, ?)",
		"ssss", kl->k->cluster, sb_ctl_str(kl->pod, "metadata.namespace"),
		sb_ctl_str(kl->pod, "metadata.name"), text);
	cJSON_free(text);
}

static void forget(struct sb_kube *k, const cJSON *pod)
{
	sb_sql_run(k->ctx, "DELETE FROM kube_runtime WHERE cluster = ? AND ns = ? AND name = ?",
		"sss", k->cluster, sb_ctl_str(pod, "metadata.namespace"),
		sb_ctl_str(pod, "metadata.name"));
}

/* ---- starting ---- */

/* The cluster's pods are in 10.244.0.0/16; no address is used twice for long. */
static void take_address(struct kubelet *kl)
{
	struct sb_ctx *ctx = kl->k->ctx;
	int64_t n = sb_next(ctx, mok_arena_printf(ctx->arena, "pod_ip %s", kl->k->cluster), 0);

	sb_set_str(kl->runtime, "ip",
		mok_arena_printf(
			ctx->arena, "10.244.%d.%d", (int)(n / 250 % 256), (int)(n % 250 + 2)));
}

static bool mount(struct kubelet *kl)
{
	const char *volume = "", *why;

	if (mok_json_bool(kl->runtime, "mounted", false))
		return true;
	why = kubelet_lacks_volume(kl, &volume);
	if (why) {
		kubelet_tell(kl, NULL, "Warning", "FailedMount",
			"MountVolume.SetUp failed for volume \"%s\" : %s", volume, why);
		kubelet_at(kl, sb_ctl_later(kl->k, MOUNT_RETRY_MS));
		return false;
	}
	sb_set_bool(kl->runtime, "mounted", true);
	take_address(kl);
	return true;
}

static bool run_inits(struct kubelet *kl)
{
	const cJSON *container;
	bool passed = true;

	cJSON_ArrayForEach(container, mok_json_at(kl->pod, "spec.initContainers"))
	{
		enum kubelet_role role = kubelet_role(container, true);

		if (passed || role == KUBELET_SIDECAR)
			kubelet_advance(kl, container, role);
		passed = passed && kubelet_passed(kl, container, role);
		if (!passed)
			return false;
	}
	return passed;
}

static void run(struct kubelet *kl)
{
	const cJSON *container;

	if (!mok_json_int(kl->runtime, "begun_ms", 0))
		sb_set_int(kl->runtime, "begun_ms", kl->k->ctx->now_ms);
	if (!mount(kl) || !run_inits(kl))
		return;
	cJSON_ArrayForEach(container, mok_json_at(kl->pod, "spec.containers"))
		kubelet_advance(kl, container, KUBELET_MAIN);
	cJSON_ArrayForEach(container, mok_json_at(kl->pod, "spec.ephemeralContainers"))
		kubelet_advance(kl, container, KUBELET_EPHEMERAL);
}

/* ---- ending ---- */

/* The preStop hook's sleep, if that is what it does. */
static int64_t hook_ms(const cJSON *container)
{
	const cJSON *word, *command = mok_json_at(container, "lifecycle.preStop.exec.command");
	int64_t most = mok_json_int(container, "lifecycle.preStop.sleep.seconds", 0), n;

	cJSON_ArrayForEach(word, command)
	{
		const char *text = cJSON_GetStringValue(word);
		const char *at = text ? strstr(text, "sleep") : NULL;

		if (!at)
			continue;
		at += strlen("sleep");
		at = *at ? at + 1 : cJSON_GetStringValue(word->next);
		if (at && mok_parse_i64(at, &n))
			most = n > most ? n : most;
	}
	return most * SB_SECOND_MS;
}

static bool runs(struct kubelet *kl, const cJSON *container)
{
	return strcmp(sb_ctl_str(kubelet_container(kl, container), "step"), "run") == 0;
}

static void begin_stop(struct kubelet *kl)
{
	int64_t grace_ms =
		SB_SECOND_MS * mok_json_int(kl->pod, "metadata.deletionGracePeriodSeconds", 30);
	int64_t ms = 0, most = 0;
	const cJSON *container;

	cJSON_ArrayForEach(container, mok_json_at(kl->pod, "spec.containers"))
	{
		if (!runs(kl, container))
			continue;
		kubelet_tell(kl, container, "Normal", "Killing", "Stopping container %s",
			sb_ctl_str(container, "name"));
		ms = hook_ms(container) + sb_random_between(kl->k->ctx, STOP_LOW_MS, STOP_HIGH_MS);
		most = ms > most ? ms : most;
	}
	sb_set_int(kl->runtime, "stop_ms", sb_after(kl->k->ctx, most < grace_ms ? most : grace_ms));
}

static void end_container(struct kubelet *kl, const cJSON *container)
{
	cJSON *rt = kubelet_container(kl, container);

	if (strcmp(sb_ctl_str(rt, "step"), "done") == 0)
		return;
	sb_set_int(rt, "code", 143);
	sb_set_str(rt, "ended_why", "Error");
	sb_set_int(rt, "ended_ms", kl->k->ctx->now_ms);
	sb_set_str(rt, "step", "done");
	sb_set_int(rt, "until_ms", 0);
}

/* Who holds the pod by a finalizer wants to know how it ended. */
static void end_all(struct kubelet *kl)
{
	const cJSON *container;

	cJSON_ArrayForEach(container, mok_json_at(kl->pod, "spec.containers"))
		end_container(kl, container);
	sb_ctl_status(kl->k, SB_KUBELET, kl->pod, "pods", kubelet_status(kl));
}

static void stop(struct kubelet *kl)
{
	const char *path;

	if (!mok_json_int(kl->runtime, "stop_ms", 0))
		begin_stop(kl);
	if (kl->k->ctx->now_ms < mok_json_int(kl->runtime, "stop_ms", 0)) {
		kubelet_at(kl, mok_json_int(kl->runtime, "stop_ms", 0));
		return;
	}
	if (mok_json_at(kl->pod, "metadata.finalizers.0"))
		end_all(kl);
	path = mok_arena_printf(kl->k->ctx->arena, "%s?gracePeriodSeconds=0",
		sb_ctl_path(kl->k, kl->pod, "pods", NULL));
	sb_ctl_write(kl->k, SB_KUBELET, "DELETE", path, NULL);
}

/* ---- the controller ---- */

static void reconcile(struct sb_kube *k, const cJSON *pod)
{
	struct kubelet kl = { k, pod, NULL, 0 };
	bool leaving = sb_pod_leaving(pod);

	if (!*sb_ctl_str(pod, "spec.nodeName") || (!leaving && !sb_pod_active(pod)))
		return;
	if (leaving && mok_json_int(pod, "metadata.deletionGracePeriodSeconds", 1) == 0)
		return;
	kl.runtime = load(k, pod);
	if (leaving) {
		stop(&kl);
	} else {
		run(&kl);
		sb_ctl_status(k, SB_KUBELET, pod, "pods", kubelet_status(&kl));
	}
	save(&kl);
	if (kl.next_ms)
		sb_ctl_again(k, kl.next_ms);
}

const struct sb_controller sb_ctl_kubelet = { "", "pods", reconcile, NULL, forget };
