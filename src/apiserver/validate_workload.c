/* Workloads, autoscalers and disruption budgets: what is refused. */
#include "validate.h"

#include <ctype.h>
#include <stdlib.h>

#define MISMATCH "`selector` does not match template `labels`"

static bool selector_empty(const cJSON *selector)
{
	return !mok_json_at(selector, "matchExpressions.0") &&
		!(ks_at(selector, "matchLabels") && ks_at(selector, "matchLabels")->child);
}

static bool labels_match(const cJSON *selector, const cJSON *labels)
{
	const cJSON *want;

	cJSON_ArrayForEach(want,
		ks_at(selector,
			"matchLabels")) if (!ks_same(want,
						    ks_at(labels, want->string))) return false;
	return true;
}

static const char *lower(struct ks_req *r, const char *text)
{
	char *out = mok_arena_strdup(r->arena, text);

	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return out;
}

static void check_template(struct ks_req *r, const cJSON *object)
{
	const cJSON *spec = ks_at(object, "spec"), *selector = ks_at(spec, "selector");
	const cJSON *labels = mok_json_at(spec, "template.metadata.labels");
	const cJSON *pod = mok_json_at(spec, "template.spec");
	bool set = strcmp(r->resource->name, "statefulsets") == 0;
	const char *policy = ks_str(pod, "restartPolicy");

	if (!selector || !labels_match(selector, labels))
		ks_bad(r, "spec.template.metadata.labels", labels, MISMATCH);
	ks_labels(r, labels, "spec.template.labels");
	ks_check_pod_spec(r, pod, set ? spec : NULL, "spec.template.spec");
	if (*policy && strcmp(policy, "Always") != 0)
		ks_cause(r, "FieldValueNotSupported", "spec.template.spec.restartPolicy",
			"Unsupported value: \"%s\": supported values: \"Always\"", policy);
}

void ks_check_workload(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *spec = ks_at(object, "spec"), *selector = ks_at(spec, "selector");

	(void)before;
	ks_not_negative(r, spec, "replicas", "spec");
	if (!selector)
		ks_want(r, "spec.selector", NULL);
	else if (selector_empty(selector))
		ks_cause(r, "FieldValueInvalid", "spec.selector",
			"Invalid value: {}: empty selector is invalid for %s",
			lower(r, ks_str(object, "kind")));
	check_template(r, object);
	ks_not_negative(r, spec, "minReadySeconds", "spec");
	ks_not_negative(r, spec, "revisionHistoryLimit", "spec");
}

void ks_check_daemon_set(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	ks_immutable(r, before, object, "spec.selector");
	ks_check_workload(r, before, object);
}

/* A number or a percentage, for what it is of a hundred; -1: neither. */
static double percentage(const cJSON *value)
{
	char *end = NULL;
	double number = cJSON_IsString(value) ? strtod(value->valuestring, &end) : -1;

	return end && strcmp(end, "%") == 0 ? number : -1;
}

static bool is_nothing(const cJSON *value)
{
	return value && (cJSON_IsNumber(value) ? value->valuedouble == 0 : percentage(value) == 0);
}

static void check_share(struct ks_req *r, const cJSON *object, const char *name, const char *path)
{
	const cJSON *value = ks_at(object, name);

	if (cJSON_IsString(value) && percentage(value) < 0)
		ks_bad(r, ks_below(r, path, name), value,
			"a valid percent string must be a numeric string followed by an ending '%' "
			"(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
	ks_not_negative(r, object, name, path);
}

void ks_check_deployment(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const char *at = "spec.strategy.rollingUpdate";
	const cJSON *strategy = mok_json_at(object, "spec.strategy");
	const cJSON *rolling = ks_at(strategy, "rollingUpdate");
	const cJSON *down = ks_at(rolling, "maxUnavailable");

	ks_check_workload(r, before, object);
	ks_one_of(r, strategy, "type", "spec.strategy", "Recreate RollingUpdate");
	if (rolling && strcmp(ks_str(strategy, "type"), "Recreate") == 0) {
		ks_forbid(r, at, "may not be specified when strategy `type` is 'Recreate'");
	} else if (rolling) {
		check_share(r, rolling, "maxUnavailable", at);
		check_share(r, rolling, "maxSurge", at);
		if (is_nothing(down) && is_nothing(ks_at(rolling, "maxSurge")))
			ks_bad(r, ks_below(r, at, "maxUnavailable"), down,
				"may not be 0 when `maxSurge` is 0");
		if (percentage(down) > 100)
			ks_bad(r, ks_below(r, at, "maxUnavailable"), down,
				"must not be greater than 100%");
	}
	ks_immutable(r, before, object, "spec.selector");
}

void ks_check_stateful_set(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	static const char may[] = " replicas ordinals template updateStrategy "
				  "persistentVolumeClaimRetentionPolicy minReadySeconds "
				  "revisionHistoryLimit ";
	const cJSON *child;

	ks_check_workload(r, before, object);
	cJSON_ArrayForEach(child, ks_at(object, "spec"))
	{
		if (!before || strstr(may, ks_printf(r, " %s ", child->string)) ||
			ks_same(child, ks_at(ks_at(before, "spec"), child->string)))
			continue;
		ks_forbid(r, "spec",
			"updates to statefulset spec for fields other than 'replicas', 'ordinals', "
			"'template', 'updateStrategy', 'revisionHistoryLimit', "
			"'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
			"forbidden");
		return;
	}
}

/* ---- jobs ---- */

static void check_job_at(struct ks_req *r, const cJSON *spec, const char *path)
{
	static const char *const counts[] = { "parallelism", "completions", "activeDeadlineSeconds",
		"backoffLimit", "ttlSecondsAfterFinished" };
	const cJSON *pod = mok_json_at(spec, "template.spec");
	const char *at = ks_below(r, path, "template.spec");

	for (size_t i = 0; i < MOK_COUNT(counts); i++)
		ks_not_negative(r, spec, counts[i], path);
	ks_one_of(r, spec, "completionMode", path, "NonIndexed Indexed");
	ks_check_pod_spec(r, pod, NULL, at);
	if (strcmp(ks_str(pod, "restartPolicy"), "Always") == 0)
		ks_want(r, ks_below(r, at, "restartPolicy"),
			"valid values: \"OnFailure\", \"Never\"");
}

/* Unless a user takes it upon himself, a Job's selector is the one that the server made. */
static void check_job_selector(struct ks_req *r, const cJSON *object)
{
	const cJSON *selector = mok_json_at(object, "spec.selector");
	const cJSON *labels = mok_json_at(object, "spec.template.metadata.labels");

	if (!mok_json_bool(object, "spec.manualSelector", false) &&
		(cJSON_GetArraySize(ks_at(selector, "matchLabels")) != 1 ||
			mok_json_at(selector, "matchExpressions.0")))
		ks_bad(r, "spec.selector", selector, "`selector` not auto-generated");
	if (!labels_match(selector, labels))
		ks_bad(r, "spec.template.metadata.labels", labels, MISMATCH);
}

void ks_check_job(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	check_job_at(r, ks_at(object, "spec"), "spec");
	if (!before)
		check_job_selector(r, object);
	ks_immutable(r, before, object, "spec.completions");
	ks_immutable(r, before, object, "spec.selector");
	if (before && !mok_json_bool(before, "spec.suspend", false))
		ks_immutable(r, before, object, "spec.template");
}

/* The areas of the time zone database; what is in them is not known here. */
static bool is_zone(const char *zone)
{
	static const char *const areas[] = { "Africa/", "America/", "Antarctica/", "Arctic/",
		"Asia/", "Atlantic/", "Australia/", "Brazil/", "Canada/", "Chile/", "Etc/",
		"Europe/", "Indian/", "Mexico/", "Pacific/", "US/" };

	for (size_t i = 0; i < MOK_COUNT(areas); i++)
		if (mok_starts(zone, areas[i]))
			return true;
	return !strchr(zone, '/');
}

void ks_check_cron_job(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const char *schedule = ks_str(object, "spec.schedule");
	const char *zone = ks_str(object, "spec.timeZone");
	int fields = 0;

	(void)before;
	for (const char *p = schedule; *p; p += strspn(p, " ")) {
		p += strcspn(p, " ");
		fields++;
	}
	if (!*schedule)
		ks_want(r, "spec.schedule", NULL);
	else if (*schedule != '@' && fields != 5)
		ks_bad_text(r, "spec.schedule", schedule,
			ks_printf(
				r, "expected exactly 5 fields, found %d: [%s]", fields, schedule));
	if (*zone && !is_zone(zone))
		ks_bad_text(r, "spec.timeZone", zone, ks_printf(r, "unknown time zone %s", zone));
	ks_one_of(r, ks_at(object, "spec"), "concurrencyPolicy", "spec", "Allow Forbid Replace");
	check_job_at(r, mok_json_at(object, "spec.jobTemplate.spec"), "spec.jobTemplate.spec");
}

/* ---- autoscalers, budgets ---- */

static void check_target(struct ks_req *r, const cJSON *target, const char *path)
{
	const char *version = ks_str(target, "apiVersion");

	if (!*ks_str(target, "kind"))
		ks_want(r, ks_below(r, path, "kind"), NULL);
	if (!*ks_str(target, "name"))
		ks_want(r, ks_below(r, path, "name"), NULL);
	if (!strchr(version, '/') && strcmp(ks_str(target, "kind"), "ReplicationController") != 0)
		ks_bad_text(r, ks_below(r, path, "apiVersion"), version,
			"apiVersion must specify API group");
}

void ks_check_autoscaler(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *spec = ks_at(object, "spec"), *most = ks_at(spec, "maxReplicas"), *metric;
	int i = 0;

	(void)before;
	if (mok_json_int(spec, "maxReplicas", 0) < 1)
		ks_want(r, "spec.maxReplicas", "must be set and greater than 0");
	if (mok_json_int(spec, "maxReplicas", 0) < mok_json_int(spec, "minReplicas", 1))
		ks_cause(r, "FieldValueInvalid", "spec.maxReplicas",
			"Invalid value: %s: must be greater than or equal to `minReplicas`",
			most ? ks_json_text(r, most) : "0");
	check_target(r, ks_at(spec, "scaleTargetRef"), "spec.scaleTargetRef");
	cJSON_ArrayForEach(metric, ks_at(spec, "metrics"))
	{
		const char *at = ks_printf(r, "spec.metrics[%d]", i++);

		/* The real one tells it twice, too. */
		for (int twice = 0; twice < 2; twice++)
			ks_one_of(r, metric, "type", at,
				"ContainerResource External Object Pods Resource");
	}
}

void ks_check_budget(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *spec = ks_at(object, "spec");

	(void)before;
	if (ks_at(spec, "minAvailable") && ks_at(spec, "maxUnavailable"))
		ks_bad(r, "spec", spec, "minAvailable and maxUnavailable cannot be both set");
	check_share(r, spec, "minAvailable", "spec");
	check_share(r, spec, "maxUnavailable", "spec");
}
