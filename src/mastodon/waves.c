#include "mastodon_internal.h"

#include <string.h>

/* The order in which objects must exist. */

struct wave_of {
	const char *kind, *name; /* name: the beginning of it, or NULL */
	enum mok_wave wave;
};

static const struct wave_of waves[] = {
	{ "Namespace", NULL, MOK_WAVE_ADDONS },
	{ "CustomResourceDefinition", NULL, MOK_WAVE_ADDONS },
	{ "PriorityClass", NULL, MOK_WAVE_ADDONS },
	{ "ConfigMap", NULL, MOK_WAVE_CONFIG },
	{ "Secret", NULL, MOK_WAVE_CONFIG },
	{ "ServiceAccount", NULL, MOK_WAVE_CONFIG },
	{ "NetworkPolicy", NULL, MOK_WAVE_CONFIG },
	{ "Elasticsearch", NULL, MOK_WAVE_CONFIG },
	{ "CiliumNetworkPolicy", NULL, MOK_WAVE_CONFIG },
	{ "Job", "mastodon-db-grants", MOK_WAVE_GRANTS },
	{ "Job", "mastodon-db-prepare", MOK_WAVE_PREPARE },
	{ "Job", "mastodon-assets-copy", MOK_WAVE_PREPARE },
	{ "ClusterIssuer", NULL, MOK_WAVE_ROUTES },
	{ "Certificate", NULL, MOK_WAVE_ROUTES },
	{ "Gateway", NULL, MOK_WAVE_ROUTES },
	{ "HTTPRoute", NULL, MOK_WAVE_ROUTES },
	{ "Ingress", NULL, MOK_WAVE_ROUTES },
};

enum mok_wave mok_manifest_wave(const struct mok_val *manifest)
{
	const char *kind = mok_val_get_str(manifest, "kind");
	const struct mok_val *metadata = mok_val_get(manifest, "metadata");
	const char *name = metadata ? mok_val_get_str(metadata, "name") : NULL;

	for (size_t i = 0; kind && i < MOK_COUNT(waves); i++)
		if (strcmp(waves[i].kind, kind) == 0 &&
			(!waves[i].name || (name && mok_starts(name, waves[i].name))))
			return waves[i].wave;
	return MOK_WAVE_WORKLOADS;
}

const char *mok_wave_name(enum mok_wave wave)
{
	static const char *const names[MOK_WAVE_COUNT] = { "00-addons", "10-config", "20-db-grants",
		"30-db-prepare", "40-workloads", "50-routes" };

	return names[wave];
}
