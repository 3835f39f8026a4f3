#include "upgrade.h"

#include <string.h>

/* The Job that looks into the database and the queues, and what it printed. */

#define COMPONENT "preflight"

/* ---- what runs ---- */

/* Not the youngest: what was gone back to is old, and was given the next generation. */
const char *upgrade_in_use(const struct upgrade *u, const char *kind, const char *prefix)
{
	const struct mok_live *live = &u->s->live;
	const struct mok_object *found = NULL;

	for (size_t i = 0; i < live->objects.len; i++) {
		const struct mok_object *o = live->objects.items[i];
		const struct mok_val *object = cluster_object(o);

		if (!o->marker || !object || strcmp(cluster_str(object, "kind"), kind) != 0 ||
			strcmp(cluster_str(object, "metadata.namespace"), u->instance.ns) != 0 ||
			!mok_starts(cluster_str(object, "metadata.name"), prefix))
			continue;
		if (!found || o->generation > found->generation)
			found = o;
	}
	return found ? cluster_str(cluster_object(found), "metadata.name") : NULL;
}

/* The image of the web pods as they are wanted by the cluster: what an upgrade leaves. */
const char *upgrade_running_image(const struct upgrade *u)
{
	for (size_t i = 0; i < u->s->changes.list.len; i++) {
		const struct mok_change *c = &u->s->changes.list.items[i];

		if (c->resource && c->object && instance_tier(c) == MOK_TIER_WEB)
			return cluster_str(
				cluster_object(c->object), "spec.template.spec.containers.0.image");
	}
	return NULL;
}

/* ---- its log ---- */

static const char *pod_of(const struct cluster_objects *pods, const char *job)
{
	for (size_t i = 0; i < pods->list.len; i++) {
		const struct mok_object *pod = pods->list.items[i];

		if (strcmp(instance_label(pod, "batch.kubernetes.io/job-name"), job) == 0 &&
			strcmp(cluster_str(cluster_object(pod), "status.phase"), "Succeeded") == 0)
			return pod->name;
	}
	return NULL;
}

static int read_log(struct upgrade *u, const char *job, struct mok_vitals *out)
{
	struct mok_arena *arena = u->s->arena;
	struct cluster_objects pods = { .list = { 0 } };
	const char *pod, *text = NULL;

	if (instance_list(&u->instance, "/Pod", &pods, &u->err) != 0)
		return -1;
	pod = pod_of(&pods, job);
	if (pod) {
		text = cluster_text(&u->instance.cluster,
			mok_arena_printf(arena,
				"/api/v1/namespaces/%s/pods/%s/log?container=job&tailLines=50",
				u->instance.ns, pod),
			&u->err);
		if (!text)
			return mok_err_wrap(&u->err, "the log of %s", pod);
	}
	if (text && mok_mastodon_vitals(arena, text, out))
		return 0;
	mok_err_set(&u->err, MOK_ERR_API, "%s %s", job,
		pod ? "printed nothing that can be read" : "left no pod that ended well");
	mok_err_hint(&u->err, "run it again; kubectl logs job/%s shows what it said", job);
	return -1;
}

int upgrade_vitals(struct upgrade *u, struct mok_vitals *out)
{
	struct mok_arena *arena = u->s->arena;
	int64_t now_ms = u->s->env.clock.wall_ms(u->s->env.clock.self);
	const struct mok_running running = { .image = upgrade_running_image(u),
		.version = u->highest,
		.config = upgrade_in_use(u, "ConfigMap", "mastodon-jobs-"),
		.secret = upgrade_in_use(u, "Secret", "mastodon-jobs-"),
		.authorities = upgrade_in_use(u, "ConfigMap", "mastodon-ca-"),
		.asked_at = mok_arena_printf(arena, "%lld", (long long)now_ms) };
	struct mok_val job;
	int rc;

	rc = upgrade_make_job(u, COMPONENT, &running, &job);
	if (rc == CLI_DONE)
		rc = upgrade_task(u, COMPONENT, &job, UPGRADE_JOB_S);
	if (rc != CLI_DONE)
		return rc;
	return read_log(u, cluster_str(&job, "metadata.name"), out) == 0 ? CLI_DONE
									 : upgrade_fail(u);
}
