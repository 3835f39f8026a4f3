#include "sim.h"

#include <stdio.h>
#include <string.h>

/*
 * What goes wrong inside clusters, by the sandbox's faults: pods that do not come up, controllers
 * and clients that are refused. It ends before the runs that have to succeed; who failed meanwhile
 * has named the object.
 */

static const struct cluster_fault {
	enum sim_kind of; /* the model has one */
	const char *what, *kind;
} cluster_faults[] = {
	{ SIM_WORKLOAD, "image_pull", "Deployment" },
	{ SIM_WORKLOAD, "crash_loop", "Deployment" },
	{ SIM_WORKLOAD, "not_ready", "Deployment" },
	{ SIM_WORKLOAD, "quota", "Pod" },
	{ SIM_WORKLOAD, "quota", "ReplicaSet" },
	{ SIM_WORKLOAD, "webhook_down", "Pod" },
	{ SIM_WORKLOAD, "webhook_down", "Deployment" },
	{ SIM_NAMESPACE, "webhook_down", "Namespace" },
	{ SIM_CONFIG, "webhook_down", "ConfigMap" },
	{ SIM_JOB, "job_fails", "Job" },
	{ SIM_JOB, "image_pull", "Job" },
	{ SIM_JOB, "quota", "Pod" },
	{ SIM_JOB, "webhook_down", "Job" },
	{ SIM_CLAIM, "webhook_down", "PersistentVolumeClaim" },
	{ SIM_SERVICE, "webhook_down", "Service" },
	{ SIM_RELEASE, "job_fails", "Job" },
	{ SIM_RELEASE, "image_pull", "Job" },
	{ SIM_RELEASE, "quota", "Job" },
	{ SIM_RELEASE, "webhook_down", "Secret" },
	{ SIM_RELEASE, "webhook_down", "ClusterRoleBinding" },
	{ SIM_RELEASE, "crash_loop", "Deployment" },
};

static void set_faults(struct sim_world *w, const char *text)
{
	struct mok_err err;

	if (mok_sandbox_set_faults(w->sandbox, text, &err) != 0)
		sim_wrong(w, "the sandbox does not take faults: %s", err.msg);
}

/* By itself it ends after some uses, if at all; where nothing takes time it would be met over and
 * over. */
static void put_fault(struct sim_world *w, const struct cluster_fault *f, struct mok_buf *out)
{
	mok_buf_printf(out, "%s{\"do\":\"%s\",\"match\":{\"kind\":\"%s\",\"name\":\"*%s*\"}",
		out->len > 1 ? "," : "", f->what, f->kind, sim_kind_word(f->of));
	if (w->speed == 0 || sim_chance(&w->rng, 80))
		mok_buf_printf(out, ",\"times\":%d", 1 + (int)sim_draw(&w->rng, 6));
	mok_buf_puts(out, "}");
}

bool sim_break_clusters(struct sim_world *w, const struct sim_model *m)
{
	struct mok_buf text;
	bool any;

	mok_buf_init(&text, 4096);
	mok_buf_puts(&text, "[");
	for (size_t i = 0; i < MOK_COUNT(cluster_faults); i++)
		if (sim_model_has(m, cluster_faults[i].of) && sim_chance(&w->rng, 10))
			put_fault(w, &cluster_faults[i], &text);
	mok_buf_puts(&text, "]");
	any = text.len > 2;
	if (any) {
		sim_trace(w, "in clusters: %s", text.data);
		set_faults(w, text.data);
	}
	mok_buf_release(&text);
	return any;
}

void sim_mend_clusters(struct sim_world *w)
{
	set_faults(w, NULL);
}

static bool has_failed(const cJSON *job)
{
	const cJSON *condition;

	cJSON_ArrayForEach(condition, mok_json_at(job, "status.conditions"))
	{
		if (mok_starts(mok_json_str(condition, "type"), "Fail"))
			return true;
	}
	return false;
}

static void delete_failed_jobs(struct sim_world *w, const char *cluster)
{
	cJSON *json = sim_kube(w, cluster, "GET", "/apis/batch/v1/jobs", NULL);
	const cJSON *item;
	char path[256];

	cJSON_ArrayForEach(item, mok_json_at(json, "items"))
	{
		if (!has_failed(item))
			continue;
		snprintf(path, sizeof(path),
			"/apis/batch/v1/namespaces/%s/jobs/%s?propagationPolicy=Background",
			mok_json_str(item, "metadata.namespace"),
			mok_json_str(item, "metadata.name"));
		sim_trace(w, "somebody deletes %s", path);
		cJSON_Delete(sim_kube(w, cluster, "DELETE", path, NULL));
	}
	cJSON_Delete(json);
}

void sim_delete_failed_jobs(struct sim_world *w)
{
	sim_each_cluster(w, delete_failed_jobs);
}

void sim_check_blame(struct sim_world *w, const struct sim_model *m, const char *said)
{
	for (int i = 0; i < m->n; i++) {
		const struct sim_resource *r = &m->list[i];
		size_t len = strlen(r->address);

		if (sim_kind_is_object(r->kind) && strncmp(said, r->address, len) == 0 &&
			said[len] == ':')
			return;
	}
	sim_wrong(w,
		"an apply failed with faults in clusters only, and blames none of their "
		"objects: %s",
		said);
}
