#include "mastodon_internal.h"

#include <string.h>

/*
 * Search by Elastic's operator. It makes up the certificates and the password, in Secrets of its
 * own, which the pods read where they are.
 * https://www.elastic.co/docs/deploy-manage/deploy/cloud-on-k8s
 */

#define PASSWORD "mastodon-search-es-elastic-user"
#define AUTHORITY "mastodon-search-es-http-certs-public"
#define MOUNT "/opt/elasticsearch-ca"

bool masto_searches(const struct masto *m, const char *how)
{
	return strcmp(masto_str(m, "search", "none"), how) == 0;
}

const char *masto_eck_host(struct masto *m)
{
	return mok_arena_printf(m->arena, "https://mastodon-search-es-http.%s.svc", m->ns);
}

const char *masto_eck_authority(void)
{
	return MOUNT "/ca.crt";
}

void masto_eck(struct masto *m)
{
	static const char *const needs[] = { "mastodon_eck_operator",
		"mastodon_priority_background", "mastodon_service_account", NULL };
	const struct masto_object object = {
		.address = "mastodon_elasticsearch", .component = "search", .needs = needs
	};
	struct mok_val manifest = masto_base("elasticsearch");
	const char *memory = masto_given(m, "eck.memory");
	const char *container = "spec.nodeSets.0.podTemplate.spec.containers.0.resources";

	masto_put(m, &manifest, "spec.nodeSets.0.count",
		mok_val_int(masto_given_int(m, "eck.nodes")));
	masto_put_text(
		m, &manifest, mok_arena_printf(m->arena, "%s.requests.memory", container), memory);
	masto_put_text(
		m, &manifest, mok_arena_printf(m->arena, "%s.limits.memory", container), memory);
	masto_put_text(m, &manifest,
		"spec.nodeSets.0.volumeClaimTemplates.0.spec.resources.requests.storage",
		masto_given(m, "eck.storage"));
	masto_put(m, &manifest, "spec.nodeSets.0.podTemplate.metadata.labels",
		masto_pod_labels(m, "search"));
	masto_add(m, &object, manifest);
}

void masto_eck_pod(struct masto *m, struct mok_val *manifest, const char *path)
{
	struct mok_val variable = { .type = MOK_MAP, .at = m->at }, volume = variable,
		       mount = variable;

	masto_put_text(m, &variable, "name", "ES_PASS");
	masto_put_text(m, &variable, "valueFrom.secretKeyRef.name", PASSWORD);
	masto_put_text(m, &variable, "valueFrom.secretKeyRef.key", "elastic");
	masto_put_text(m, &volume, "name", "elasticsearch-ca");
	masto_put_text(m, &volume, "secret.secretName", AUTHORITY);
	masto_put_text(m, &mount, "name", "elasticsearch-ca");
	masto_put_text(m, &mount, "mountPath", MOUNT);
	masto_put(m, &mount, "readOnly", mok_val_bool(true));
	masto_push(m, manifest, mok_arena_printf(m->arena, "%s.containers.0.env", path), variable);
	masto_push(m, manifest, mok_arena_printf(m->arena, "%s.volumes", path), volume);
	masto_push(m, manifest, mok_arena_printf(m->arena, "%s.containers.0.volumeMounts", path),
		mount);
}
