/* From kubectl's apply on its own side to the server's: fields that it applied, and nobody changed
 * since, are its own though its former name manages them. */
#include "apiserver_internal.h"

#include <stdlib.h>

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

bool ks_last_applied_allows(struct ks_req *r, const cJSON *live, const cJSON *conflicting)
{
	const cJSON *notes = mok_json_at(live, "metadata.annotations");
	const cJSON *text = ks_at(notes, LAST_APPLIED);
	cJSON *last = cJSON_IsString(text) ? cJSON_Parse(text->valuestring) : NULL, *mine, *left;
	struct ks_compared c;
	bool allowed;

	if (!last)
		return false;
	mine = ks_fields_of(r->arena, last, r->resource->type);
	ks_compare(r->arena, last, live, r->resource->type, &c);
	ks_set_minus(mine, c.modified);
	ks_set_minus(mine, c.removed);
	left = cJSON_Duplicate(conflicting, true);
	ks_set_minus(left, mine);
	allowed = ks_set_empty(left);
	cJSON_Delete(c.added);
	cJSON_Delete(c.modified);
	cJSON_Delete(c.removed);
	cJSON_Delete(left);
	cJSON_Delete(mine);
	cJSON_Delete(last);
	return allowed;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(cJSON *const *)a)->string, (*(cJSON *const *)b)->string);
}

/* As Go writes maps. */
static void sort_members(struct mok_arena *arena, cJSON *value)
{
	size_t n = (size_t)cJSON_GetArraySize(value), i = 0;
	cJSON **members = MOK_NEW_N(arena, cJSON *, n + 1), *child;

	cJSON_ArrayForEach(child, value) sort_members(arena, child);
	if (!cJSON_IsObject(value))
		return;
	while (value->child)
		members[i++] = cJSON_DetachItemViaPointer(value, value->child);
	qsort(members, n, sizeof(cJSON *), by_name);
	for (i = 0; i < n; i++)
		cJSON_AddItemToArray(value, members[i]);
}

void ks_last_applied_follow(struct ks_req *r, const cJSON *config, cJSON *object)
{
	cJSON *notes = ks_item(ks_item(object, "metadata"), "annotations"), *copy;
	char *text;

	if (!ks_at(notes, LAST_APPLIED) || strcmp(ks_manager(r), "kubectl") != 0)
		return;
	copy = cJSON_Duplicate(config, true);
	cJSON_DeleteItemFromObjectCaseSensitive(
		ks_item(ks_item(copy, "metadata"), "annotations"), LAST_APPLIED);
	sort_members(r->arena, copy);
	text = cJSON_PrintUnformatted(copy);
	ks_set_str(notes, LAST_APPLIED, ks_printf(r, "%s\n", text));
	cJSON_free(text);
	cJSON_Delete(copy);
}
