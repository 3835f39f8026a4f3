/*
 * Events have two groups and one store: events.k8s.io/v1 has other names for the fields of the
 * core group's, which are stored (k8s.io/api events/v1, core/v1).
 */
#include "apiserver_internal.h"

static const struct {
	const char *core, *later;
	/* What an absent one is written as: "{}" and "null" by both, `""` by the core group, NULL
	 * by none. */
	const char *absent;
} renamed[] = {
	{ "involvedObject", "regarding", "{}" },
	{ "message", "note", NULL },
	{ "source", "deprecatedSource", "{}" },
	{ "firstTimestamp", "deprecatedFirstTimestamp", "null" },
	{ "lastTimestamp", "deprecatedLastTimestamp", "null" },
	{ "count", "deprecatedCount", NULL },
	{ "reportingComponent", "reportingController", "\"\"" },
	{ "reportingInstance", "reportingInstance", "\"\"" },
};

static void rename_fields(cJSON *object, bool to_core)
{
	for (size_t i = 0; i < MOK_COUNT(renamed); i++) {
		const char *from = to_core ? renamed[i].later : renamed[i].core;
		const char *to = to_core ? renamed[i].core : renamed[i].later;
		bool text = renamed[i].absent && *renamed[i].absent == '"';
		cJSON *value = cJSON_DetachItemFromObjectCaseSensitive(object, from);

		if (!value && renamed[i].absent && (to_core || !text))
			value = cJSON_Parse(renamed[i].absent);
		if (value && text && !to_core && ks_is_zero(value)) {
			cJSON_Delete(value);
			value = NULL;
		}
		if (value)
			cJSON_AddItemToObject(object, to, value);
	}
}

bool ks_event_is_later(const struct ks_resource *resource)
{
	return strcmp(resource->full, "events.events.k8s.io") == 0;
}

void ks_event_to_core(cJSON *event)
{
	rename_fields(event, true);
	ks_set_str(event, "apiVersion", "v1");
}

void ks_event_from_core(cJSON *event)
{
	rename_fields(event, false);
	ks_set_str(event, "apiVersion", "events.k8s.io/v1");
}
