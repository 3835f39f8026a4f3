/* What controllers read out of objects. */
#include "controller.h"

#include <string.h>

const char *sb_ctl_str(const cJSON *object, const char *path)
{
	const char *s = mok_json_str(object, path);

	return s ? s : "";
}

int64_t sb_ctl_ms(const cJSON *object, const char *path)
{
	const char *text = mok_json_str(object, path);
	int64_t ms = 0;

	return text && mok_parse_time(text, &ms) == 0 ? ms : 0;
}

/* ---- time ---- */

/* Of the speed "max" a thousandth is left; sb_after has no wait there at all. */
static int64_t scaled(struct sb_kube *k, int64_t real_ms)
{
	int64_t ms = sb_after(k->ctx, real_ms) - k->ctx->now_ms;

	return ms > 0 ? ms : (real_ms + 999) / 1000;
}

int64_t sb_ctl_later(struct sb_kube *k, int64_t real_ms)
{
	return k->ctx->now_ms + scaled(k, real_ms);
}

int64_t sb_ctl_since(struct sb_kube *k, int64_t began_ms, int64_t real_ms)
{
	return began_ms + scaled(k, real_ms);
}

int64_t sb_ctl_limit(struct sb_kube *k, int64_t began_ms, int64_t real_ms)
{
	return sb_ctl_since(k, began_ms, real_ms) + SB_SECOND_MS;
}

int64_t sb_ctl_patiently(struct sb_kube *k, int64_t since_ms, int64_t real_ms)
{
	int64_t wait_ms = scaled(k, real_ms), age_ms = k->ctx->now_ms - since_ms;

	return k->ctx->now_ms + (age_ms / 8 > wait_ms ? age_ms / 8 : wait_ms);
}

/* ---- selectors ---- */

static bool is_among(const cJSON *values, const char *value)
{
	const cJSON *one;

	cJSON_ArrayForEach(
		one, values) if (value && mok_streq(cJSON_GetStringValue(one), value)) return true;
	return false;
}

static bool meets(const cJSON *term, const cJSON *labels)
{
	const char *op = sb_ctl_str(term, "operator");
	const cJSON *label = cJSON_GetObjectItemCaseSensitive(labels, sb_ctl_str(term, "key"));
	const cJSON *values = cJSON_GetObjectItemCaseSensitive(term, "values");

	if (strcmp(op, "In") == 0)
		return is_among(values, cJSON_GetStringValue(label));
	if (strcmp(op, "NotIn") == 0)
		return !is_among(values, cJSON_GetStringValue(label));
	return strcmp(op, "Exists") == 0 ? label != NULL : label == NULL;
}

bool sb_ctl_selects(const cJSON *selector, const cJSON *labels)
{
	const cJSON *match = cJSON_GetObjectItemCaseSensitive(selector, "matchLabels"), *one;

	if (!selector)
		return false;
	cJSON_ArrayForEach(one, match)
	{
		const cJSON *label = cJSON_GetObjectItemCaseSensitive(labels, one->string);

		if (!label || !mok_streq(cJSON_GetStringValue(label), cJSON_GetStringValue(one)))
			return false;
	}
	match = cJSON_GetObjectItemCaseSensitive(selector, "matchExpressions");
	cJSON_ArrayForEach(one, match)
	{
		if (!meets(one, labels))
			return false;
	}
	return true;
}

/* ---- conditions ---- */

const cJSON *sb_ctl_condition(const cJSON *object, const char *type)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, mok_json_at(object, "status.conditions"))
	{
		if (strcmp(sb_ctl_str(one, "type"), type) == 0)
			return one;
	}
	return NULL;
}

bool sb_ctl_is_true(const cJSON *object, const char *condition)
{
	return strcmp(sb_ctl_str(sb_ctl_condition(object, condition), "status"), "True") == 0;
}
