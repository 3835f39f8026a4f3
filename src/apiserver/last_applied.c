/* From kubectl's apply on its own side to the server's: fields that it applied, and nobody changed
 * since, are its own though its former name manages them. */
#include "apiserver_internal.h"

bool ks_last_applied_allows(struct ks_req *r, const cJSON *live, const cJSON *conflicting)
{
	const cJSON *notes = mok_json_at(live, "metadata.annotations");
	const cJSON *text = ks_at(notes, "kubectl.kubernetes.io/last-applied-configuration");
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
