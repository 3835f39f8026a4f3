/* Reading: one object. */
#include "apiserver_internal.h"

bool ks_can_include(struct ks_req *r)
{
	const char *what = ks_query(r, "includeObject");

	if (!what || !*what || strcmp(what, "None") == 0 || strcmp(what, "Metadata") == 0 ||
		strcmp(what, "Object") == 0)
		return true;
	return ks_bad_request(r,
		"Unable to convert to Table as requested: includeObject: Invalid value: \"%s\": "
		"must "
		"be 'Metadata', 'Object', 'None', or empty",
		what);
}

void ks_reply_object(struct ks_req *r, int status, cJSON *object)
{
	cJSON *list;

	if (!ks_wants_table(r)) {
		ks_reply(r, status, ks_wants_metadata(r) ? ks_own(r, ks_partial(object)) : object);
		return;
	}
	if (!ks_can_include(r))
		return;
	list = ks_own(r, cJSON_CreateArray());
	cJSON_AddItemReferenceToArray(list, object);
	ks_reply(r, status, ks_table(r, list, NULL));
}

void ks_get(struct ks_req *r)
{
	cJSON *object = ks_load(r, r->name);

	if (!object)
		ks_not_found(r, r->resource->full, r->name);
	else if (strcmp(r->sub, "scale") == 0)
		ks_reply(r, 200, ks_scale_of(r, object));
	else
		ks_reply_object(r, 200, object);
}
