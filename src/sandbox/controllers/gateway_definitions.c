/*
 * The definitions of Gateway API, which DOKS brings along and keeps as they are: whoever deletes
 * them, or installs others over them, finds the same as before soon after.
 */
#include "controllers.h"

#include <string.h>

#define AGENT "doks-gateway-api"
#define CRDS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define GROUP ".gateway.networking.k8s.io"

static const cJSON *original(struct sb_kube *k, const cJSON *definition)
{
	const char *name = sb_ctl_str(definition, "metadata.name");
	const cJSON *list, *one;

	if (!mok_ends(name, GROUP))
		return NULL;
	list = sb_own(k->ctx, mok_apiserver_gateway_crds());
	cJSON_ArrayForEach(one, sb_get(list, "items"))
	{
		if (strcmp(sb_ctl_str(one, "metadata.name"), name) == 0)
			return one;
	}
	return NULL;
}

static bool is_as_it_was(const cJSON *definition, const cJSON *wanted)
{
	static const char *const notes[] = { "gateway.networking.k8s.io/bundle-version",
		"gateway.networking.k8s.io/channel" };

	for (size_t i = 0; i < MOK_COUNT(notes); i++)
		if (!mok_streq(
			    sb_get_str(mok_json_at(definition, "metadata.annotations"), notes[i]),
			    sb_get_str(mok_json_at(wanted, "metadata.annotations"), notes[i])))
			return false;
	return cJSON_GetArraySize(mok_json_at(definition, "spec.versions")) ==
		cJSON_GetArraySize(mok_json_at(wanted, "spec.versions"));
}

static void reconcile(struct sb_kube *k, const cJSON *definition)
{
	const cJSON *wanted = original(k, definition);
	cJSON *copy;

	if (!wanted || *sb_ctl_str(definition, "metadata.deletionTimestamp") ||
		is_as_it_was(definition, wanted))
		return;
	copy = cJSON_Duplicate(wanted, true);
	sb_set_str(mok_json_object(copy, "metadata"), "resourceVersion",
		sb_ctl_str(definition, "metadata.resourceVersion"));
	sb_ctl_write(k, AGENT, "PUT", sb_ctl_path(k, definition, "customresourcedefinitions", NULL),
		copy);
}

static void gone(struct sb_kube *k, const cJSON *definition)
{
	const cJSON *wanted = original(k, definition);

	if (wanted)
		sb_ctl_write(k, AGENT, "POST", CRDS, cJSON_Duplicate(wanted, true));
}

const struct sb_controller sb_ctl_gateway_definitions = {
	"apiextensions.k8s.io",
	"customresourcedefinitions",
	reconcile,
	NULL,
	gone,
};
