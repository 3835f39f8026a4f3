/* Which nodes a pod asks for, by their labels and taints. */
#include "pods.h"

#include <stdlib.h>
#include <string.h>

static bool tolerates(const cJSON *toleration, const cJSON *taint)
{
	const char *key = sb_ctl_str(toleration, "key"), *op = sb_ctl_str(toleration, "operator");
	const char *effect = sb_ctl_str(toleration, "effect");

	if (*effect && strcmp(effect, sb_ctl_str(taint, "effect")) != 0)
		return false;
	if (!*key)
		return strcmp(op, "Exists") == 0;
	if (strcmp(key, sb_ctl_str(taint, "key")) != 0)
		return false;
	return strcmp(op, "Exists") == 0 ||
		strcmp(sb_ctl_str(toleration, "value"), sb_ctl_str(taint, "value")) == 0;
}

bool sb_pod_tolerates(const cJSON *pod, const cJSON *taint)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, mok_json_at(pod, "spec.tolerations"))
	{
		if (tolerates(one, taint))
			return true;
	}
	return false;
}

/* ---- labels ---- */

static bool compares(const char *op, const char *have, const cJSON *values)
{
	const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(values, 0));
	int64_t a, b;

	if (!have || !text || !mok_parse_i64(have, &a) || !mok_parse_i64(text, &b))
		return false;
	return strcmp(op, "Gt") == 0 ? a > b : a < b;
}

static bool meets(const cJSON *term, const char *have)
{
	const char *op = sb_ctl_str(term, "operator");
	const cJSON *values = cJSON_GetObjectItemCaseSensitive(term, "values");

	if (strcmp(op, "In") == 0)
		return have && sb_list_has(values, have);
	if (strcmp(op, "NotIn") == 0)
		return !have || !sb_list_has(values, have);
	if (strcmp(op, "Exists") == 0)
		return have;
	if (strcmp(op, "DoesNotExist") == 0)
		return !have;
	return compares(op, have, values);
}

/* Of a nodeSelectorTerm: all of it; an empty one matches nothing. */
static bool meets_all(const cJSON *term, const cJSON *node)
{
	const cJSON *labels = mok_json_at(node, "metadata.labels"), *one;
	const cJSON *by_label = cJSON_GetObjectItemCaseSensitive(term, "matchExpressions");
	const cJSON *by_field = cJSON_GetObjectItemCaseSensitive(term, "matchFields");

	cJSON_ArrayForEach(one, by_label)
	{
		const cJSON *label =
			cJSON_GetObjectItemCaseSensitive(labels, sb_ctl_str(one, "key"));

		if (!meets(one, cJSON_GetStringValue(label)))
			return false;
	}
	cJSON_ArrayForEach(one, by_field)
	{
		if (!meets(one, mok_json_str(node, sb_ctl_str(one, "key"))))
			return false;
	}
	return (by_label && by_label->child) || (by_field && by_field->child);
}

bool sb_pod_fits_labels(const cJSON *pod, const cJSON *node)
{
	const cJSON *labels = mok_json_at(node, "metadata.labels"), *one;
	const cJSON *terms = mok_json_at(pod,
		"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
		"nodeSelectorTerms");

	cJSON_ArrayForEach(one, mok_json_at(pod, "spec.nodeSelector"))
	{
		const cJSON *label = cJSON_GetObjectItemCaseSensitive(labels, one->string);

		if (!label || !mok_streq(cJSON_GetStringValue(label), cJSON_GetStringValue(one)))
			return false;
	}
	if (!terms)
		return true;
	cJSON_ArrayForEach(one, terms)
	{
		if (meets_all(one, node))
			return true;
	}
	return false;
}

int64_t sb_pod_prefers(const cJSON *pod, const cJSON *node)
{
	const cJSON *one;
	int64_t weight = 0;

	cJSON_ArrayForEach(one,
		mok_json_at(pod,
			"spec.affinity.nodeAffinity."
			"preferredDuringSchedulingIgnoredDuringExecution"))
	{
		if (meets_all(cJSON_GetObjectItemCaseSensitive(one, "preference"), node))
			weight += mok_json_int(one, "weight", 0);
	}
	return weight;
}
