#include "kubernetes.h"

#include <string.h>
#include <strings.h>

#define NODES_MAX 512 /* per pool */

bool k8s_name_valid(const char *name)
{
	size_t len =
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-");

	return len >= 1 && len <= 255 && name[len] == '\0' && name[0] != '-' && name[0] != '.';
}

/* Clients send back what they read, system tags included: those are not the user's to set. */
const char *k8s_apply_tags(cJSON *doc, const cJSON *body)
{
	const cJSON *tags = sb_get(body, "tags");
	const cJSON *tag;
	cJSON *kept;

	if (!tags)
		return NULL;
	if (!sb_is_string_list(tags))
		return "tags must be a list of strings";
	cJSON_ArrayForEach(tag,
		tags) if (!sb_tag_valid(tag->valuestring)) return "tags may only contain letters, "
								  "numbers, colons, dashes, and "
								  "underscores. There is a limit "
								  "of 255 characters per tag";
	kept = cJSON_CreateArray();
	cJSON_ArrayForEach(tag, tags)
	{
		const char *text = tag->valuestring;

		if (strcmp(text, "k8s") == 0 || mok_starts(text, "k8s:") || sb_list_has(kept, text))
			continue;
		cJSON_AddItemToArray(kept, cJSON_CreateString(text));
	}
	mok_json_set(doc, "tags", kept);
	return NULL;
}

static const char *apply_labels(cJSON *pool, const cJSON *body)
{
	const cJSON *labels = sb_get(body, "labels");
	const cJSON *label;

	if (!labels)
		return NULL;
	if (!cJSON_IsObject(labels))
		return "labels must be a map of strings";
	cJSON_ArrayForEach(label, labels)
	{
		if (!cJSON_IsString(label) || !label->string[0])
			return "labels must be a map of strings";
		if (strlen(label->valuestring) > 63)
			return "invalid label value: must be no more than 63 characters";
		if (mok_starts(label->string, "kubernetes.io/") ||
			mok_starts(label->string, "k8s.io/"))
			return "invalid label: the kubernetes.io and k8s.io prefixes are reserved";
	}
	mok_json_set(
		pool, "labels", labels->child ? cJSON_Duplicate(labels, true) : cJSON_CreateNull());
	return NULL;
}

/* godo's Taint has no JSON tags and so is sent as Key, Value, Effect. */
static const char *taint_part(const cJSON *taint, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(taint, name));

	return text ? text : "";
}

static const char *apply_taints(cJSON *pool, const cJSON *body)
{
	static const char *const effects[] = { "NoSchedule", "PreferNoSchedule", "NoExecute" };
	const cJSON *taints = sb_get(body, "taints");
	const cJSON *taint;
	const char *why = NULL;
	cJSON *list;

	if (!taints)
		return NULL;
	if (!cJSON_IsArray(taints))
		return "taints must be a list";
	list = cJSON_CreateArray();
	cJSON_ArrayForEach(taint, taints)
	{
		cJSON *one = cJSON_CreateObject();
		bool known = false;

		cJSON_AddItemToArray(list, one);
		sb_set_str(one, "key", taint_part(taint, "key"));
		sb_set_str(one, "value", taint_part(taint, "value"));
		sb_set_str(one, "effect", taint_part(taint, "effect"));
		for (size_t i = 0; i < MOK_COUNT(effects); i++)
			known = known || strcmp(effects[i], sb_get_str(one, "effect")) == 0;
		if (!sb_get_word(one, "key"))
			why = "invalid taint: key must not be empty";
		else if (!known)
			why = "invalid taint effect: must be one of NoSchedule, PreferNoSchedule, "
			      "NoExecute";
	}
	if (why)
		cJSON_Delete(list);
	else
		mok_json_set(pool, "taints", list);
	return why;
}

static bool number_ok(const cJSON *body, const char *name)
{
	const cJSON *item = sb_get(body, name);

	return !item ||
		(cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= NODES_MAX &&
			item->valuedouble == (double)item->valueint);
}

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
	return value < min ? min : value > max ? max : value;
}

/* With autoscaling the count is the autoscaler's: what is asked for is only a start, kept within
 * the bounds. Without, the bounds are forgotten and read as 0. */
static const char *apply_scale(cJSON *pool, const cJSON *body, bool creating)
{
	bool scaled = sb_get_bool(body, "auto_scale", sb_get_bool(pool, "auto_scale", false));
	int64_t count = sb_get_int(body, "count", sb_get_int(pool, "count", creating ? -1 : 0));
	int64_t min = sb_get_int(body, "min_nodes", sb_get_int(pool, "min_nodes", 0));
	int64_t max = sb_get_int(body, "max_nodes", sb_get_int(pool, "max_nodes", 0));

	if (!number_ok(body, "count") || !number_ok(body, "min_nodes") ||
		!number_ok(body, "max_nodes"))
		return "node counts must be whole numbers between 0 and 512";
	if (scaled && min < 1)
		return "min_nodes must be at least 1 when auto_scale is enabled";
	if (scaled && max < min)
		return "max_nodes must be greater than or equal to min_nodes";
	if (scaled)
		count = clamp(count, min, max);
	if (count < (creating ? 1 : 0))
		return "node pool must have at least one node";
	sb_set_bool(pool, "auto_scale", scaled);
	sb_set_int(pool, "count", count);
	sb_set_int(pool, "min_nodes", scaled ? min : 0);
	sb_set_int(pool, "max_nodes", scaled ? max : 0);
	return NULL;
}

static const char *apply_identity(
	struct mok_arena *arena, cJSON *pool, const cJSON *body, bool creating)
{
	const char *name = sb_get_word(body, "name");
	const char *size_slug = sb_get_word(body, "size");
	const struct sb_size *size = size_slug ? sb_size_find(size_slug) : NULL;

	if (creating && !name)
		return "node pool name is required";
	if (name && !k8s_name_valid(name))
		return mok_arena_printf(arena, "invalid node pool name: %s", name);
	if (name)
		sb_set_str(pool, "name", name);
	if (!creating)
		return NULL;
	if (!size_slug)
		return "node pool size is required";
	if (!size || !size->doks)
		return mok_arena_printf(arena, "invalid node pool size: %s", size_slug);
	sb_set_str(pool, "size", size_slug);
	mok_json_set(pool, "tags", cJSON_CreateArray());
	mok_json_set(pool, "labels", cJSON_CreateNull());
	mok_json_set(pool, "taints", cJSON_CreateArray());
	return NULL;
}

const char *k8s_pool_apply(struct mok_arena *arena, cJSON *pool, const cJSON *body, bool creating)
{
	const char *why = apply_identity(arena, pool, body, creating);

	if (!why)
		why = apply_scale(pool, body, creating);
	if (!why)
		why = k8s_apply_tags(pool, body);
	if (!why)
		why = apply_labels(pool, body);
	if (!why)
		why = apply_taints(pool, body);
	return why;
}
