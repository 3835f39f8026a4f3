/* A cluster's namespaces into instances. */
#include "instance.h"

#include <string.h>

#define DEPLOYMENTS "deployments.apps"

static struct si_instance *instance_of(
	struct si_state *state, const struct si_world *w, const char *ns)
{
	struct si_instance *instance;

	for (size_t i = 0; i < state->instances.len; i++) {
		instance = state->instances.items[i];
		if (strcmp(instance->cluster, w->cluster->id) == 0 && strcmp(instance->ns, ns) == 0)
			return instance;
	}
	instance = MOK_NEW(state->arena, struct si_instance);
	instance->cluster = mok_arena_strdup(state->arena, w->cluster->id);
	instance->ns = mok_arena_strdup(state->arena, ns);
	mok_vec_push(state->arena, &state->instances, instance);
	return instance;
}

/* Where Mastodon's web tier is wanted, there is an instance, whatever is wrong with it. */
static void find_instances(struct si_state *state, const struct si_world *w)
{
	struct si_list all = si_objects(w, DEPLOYMENTS, NULL);

	for (size_t i = 0; i < all.objects.len; i++) {
		const cJSON *deployment = all.objects.items[i];
		const cJSON *spec = mok_json_at(deployment, "spec.template.spec"), *container;
		const char *ns = si_meta(deployment, "namespace"), *domain;
		struct si_container c;

		cJSON_ArrayForEach(container, sb_get(spec, "containers"))
		{
			si_container_read(&c, w, ns, spec, container);
			if (si_app_of(&c) != SI_WEB)
				continue;
			domain = si_env(&c, "WEB_DOMAIN");
			domain = domain ? domain : si_env(&c, "LOCAL_DOMAIN");
			instance_of(state, w, ns)->domain = domain ? domain : "localhost:3000";
		}
	}
}

static void count(struct si_instance *instance)
{
	for (size_t i = 0; i < instance->pods.len; i++) {
		const struct si_pod *pod = instance->pods.items[i];

		if (!pod->ready)
			continue;
		if (pod->app == SI_STREAMING)
			instance->streaming++;
		if (pod->app != SI_WEB)
			continue;
		instance->web_pods++;
		instance->capacity += pod->workers * pod->threads;
		if (!instance->version)
			instance->version = pod->version;
	}
}

static void fill(const struct si_world *w, struct si_instance *instance)
{
	struct si_list pods = si_objects(w, "pods", instance->ns);
	struct si_list gateways = si_objects(w, "gateways.gateway.networking.k8s.io", instance->ns);

	for (size_t i = 0; i < pods.objects.len; i++) {
		const cJSON *object = pods.objects.items[i];
		struct si_pod *pod = mok_streq(mok_json_str(object, "status.phase"), "Running")
			? si_pod_read(w, object)
			: NULL;

		if (pod)
			mok_vec_push(w->arena, &instance->pods, pod);
	}
	for (size_t i = 0; i < gateways.objects.len; i++)
		instance->envoy |= mok_streq(
			mok_json_str(gateways.objects.items[i], "spec.gatewayClassName"), "cilium");
	si_pods_share(instance);
	si_routes_read(w, instance);
	for (size_t i = 0; i < instance->pods.len; i++)
		instance->pods.items[i]->labels = instance->pods.items[i]->ports = NULL;
	count(instance);
	si_look_around(w, instance);
}

void si_derive_cluster(struct si_state *state, const struct si_world *w)
{
	size_t before = state->instances.len;

	find_instances(state, w);
	for (size_t i = before; i < state->instances.len; i++)
		fill(w, state->instances.items[i]);
}
