/* Events. What the newer group's clients write, and what has a time of its kind, must be whole
 * (pkg/apis/core/validation/events.go of k8s.io/kubernetes v1.36). */
#include "validate.h"

static bool has_time(const cJSON *event, const char *name)
{
	return *ks_str(event, name) != '\0';
}

static void check_text(struct ks_req *r, const cJSON *event, const char *name, size_t most)
{
	size_t len = strlen(ks_str(event, name));

	if (!len && strcmp(name, "message") != 0)
		ks_want(r, name, NULL);
	if (len > most)
		ks_bad_text(r, name, "", ks_printf(r, "can have at most %zu characters", most));
}

static void check_controller(struct ks_req *r, const cJSON *event)
{
	const char *path =
		ks_event_is_later(r->resource) ? "reportingController" : "reportingComponent";
	const char *name = ks_str(event, "reportingComponent");

	if (!*name)
		ks_want(r, path, NULL);
	ks_qualified_name(r, name, path);
}

/* Is what it is about in its namespace? */
static bool is_at_home(const cJSON *event)
{
	const char *of = ks_str(event, "involvedObject.namespace");
	const char *ns = ks_str(event, "metadata.namespace");

	if (!has_time(event, "eventTime"))
		return *of ? strcmp(of, ns) == 0 : strcmp(ns, "default") == 0;
	return *of || strcmp(ns, "default") == 0 || strcmp(ns, "kube-system") == 0;
}

static void check_all(struct ks_req *r, const cJSON *event)
{
	if (!is_at_home(event))
		ks_bad_text(r, "involvedObject.namespace",
			ks_str(event, "involvedObject.namespace"),
			"does not match event.namespace");
	if (!has_time(event, "eventTime"))
		return;
	check_controller(r, event);
	check_text(r, event, "reportingInstance", 128);
	check_text(r, event, "action", 128);
	check_text(r, event, "reason", 128);
	check_text(r, event, "message", 1024);
}

static void check_series(struct ks_req *r, const cJSON *before, const cJSON *event)
{
	const cJSON *series = ks_at(event, "series");

	if (!series || (before && ks_same(ks_at(before, "series"), series)))
		return;
	if (mok_json_int(series, "count", 0) < 2)
		ks_bad_text(r, "series.count", "", "should be at least 2");
	if (!has_time(series, "lastObservedTime"))
		ks_want(r, "series.lastObservedTime", NULL);
}

static void check_new(struct ks_req *r, const cJSON *event)
{
	static const char *const unset[] = { "firstTimestamp", "lastTimestamp", "count", "source" };
	const char *type = ks_str(event, "type");

	if (!has_time(event, "eventTime"))
		ks_want(r, "eventTime", NULL);
	if (strcmp(type, "Normal") != 0 && strcmp(type, "Warning") != 0)
		ks_bad_text(r, "type", "", ks_printf(r, "has invalid value: %s", type));
	for (size_t i = 0; i < MOK_COUNT(unset); i++) {
		const cJSON *value = ks_at(event, unset[i]);

		if (value && !ks_is_zero(value))
			ks_bad_text(r, unset[i], "", "needs to be unset");
	}
}

static void check_changed(struct ks_req *r, const cJSON *before, const cJSON *event)
{
	static const char *const fixed[] = { "involvedObject", "reason", "message", "source",
		"firstTimestamp", "lastTimestamp", "count", "reason", "type", "eventTime", "action",
		"related", "reportingComponent", "reportingInstance" };

	for (size_t i = 0; i < MOK_COUNT(fixed); i++)
		ks_immutable(r, before, event, fixed[i]);
}

static const cJSON *as_core(struct ks_req *r, const cJSON *event)
{
	cJSON *core = ks_own(r, cJSON_Duplicate(event, true));

	ks_event_to_core(core);
	return core;
}

void ks_check_event(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	if (!ks_event_is_later(r->resource)) {
		check_all(r, object);
		return;
	}
	object = as_core(r, object);
	before = before ? as_core(r, before) : NULL;
	check_all(r, object);
	check_series(r, before, object);
	if (before)
		check_changed(r, before, object);
	else
		check_new(r, object);
}
