#include "report_internal.h"

#define FORMAT_VERSION 1

static cJSON *field_json(const struct mok_field_change *f)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "path", f->path);
	cJSON_AddItemToObject(json, "before",
		f->sensitive ? cJSON_CreateNull() : value_json(&f->before, f->field));
	cJSON_AddItemToObject(
		json, "after", f->sensitive ? cJSON_CreateNull() : value_json(&f->after, f->field));
	cJSON_AddBoolToObject(json, "unknown", mok_val_has_unknown(&f->after));
	cJSON_AddBoolToObject(json, "sensitive", f->sensitive);
	cJSON_AddBoolToObject(json, "forces_replacement", f->forces_replacement);
	add_text_or_null(json, "reason", f->reason);
	return json;
}

/* Of what is to be created: its fields as wanted, from nothing. */
static void wanted_json(cJSON *list, const struct mok_change *c)
{
	for (size_t i = 0; c->want.type == MOK_MAP && i < c->want.u.map.len; i++) {
		const struct mok_pair *pair = &c->want.u.map.pairs[i];
		const struct mok_field *field = mok_field_find(c->kind->fields, pair->key);
		struct mok_field_change f = { .path = pair->key,
			.field = field,
			.before = mok_val_null(),
			.after = pair->val,
			.sensitive =
				pair->val.sensitive || (field && field->flags & MOK_F_SENSITIVE) };

		cJSON_AddItemToArray(list, field_json(&f));
	}
}

cJSON *change_json(const struct mok_change *c)
{
	cJSON *json = cJSON_CreateObject(), *reasons, *fields;

	cJSON_AddStringToObject(json, "address", c->address);
	cJSON_AddStringToObject(json, "kind", c->kind->name);
	add_text_or_null(json, "id", c->object ? c->object->id : NULL);
	cJSON_AddStringToObject(json, "action", mok_action_name(c->action));
	reasons = cJSON_AddArrayToObject(json, "reasons");
	for (size_t i = 0; i < c->reasons.len; i++)
		cJSON_AddItemToArray(reasons, cJSON_CreateString(c->reasons.items[i]));
	fields = cJSON_AddArrayToObject(json, "fields");
	for (size_t i = 0; i < c->fields.len; i++)
		cJSON_AddItemToArray(fields, field_json(&c->fields.items[i]));
	if (c->action == MOK_ACT_CREATE && c->fields.len == 0)
		wanted_json(fields, c);
	if (c->moved_from)
		cJSON_AddStringToObject(json, "moved_from", c->moved_from);
	cJSON_AddBoolToObject(json, "create_first", c->create_first);
	cJSON_AddBoolToObject(json, "destroys_data", c->destroys_data);
	cJSON_AddBoolToObject(json, "refused", c->refused);
	if (c->resource) {
		cJSON *place = cJSON_AddObjectToObject(json, "place");

		place_json(place, &c->resource->at);
	}
	return json;
}

cJSON *cost_json(const struct mok_changes *changes)
{
	cJSON *json = cJSON_CreateObject(), *unpriced;

	cJSON_AddNumberToObject(json, "before", (double)changes->cents_before / 100);
	cJSON_AddNumberToObject(json, "after", (double)changes->cents_after / 100);
	cJSON_AddStringToObject(json, "currency", "USD");
	unpriced = cJSON_AddArrayToObject(json, "unpriced");
	for (size_t i = 0; i < changes->unpriced.len; i++)
		cJSON_AddItemToArray(unpriced, cJSON_CreateString(changes->unpriced.items[i]));
	return json;
}

static void summary_json(cJSON *json, const struct mok_changes *changes)
{
	cJSON *summary = cJSON_AddObjectToObject(json, "summary");

	cJSON_AddNumberToObject(summary, "create", (double)changes->ncreate);
	cJSON_AddNumberToObject(summary, "update", (double)changes->nupdate);
	cJSON_AddNumberToObject(summary, "replace", (double)changes->nreplace);
	cJSON_AddNumberToObject(summary, "delete", (double)changes->ndelete);
	cJSON_AddNumberToObject(summary, "adopt", (double)changes->nadopt);
	cJSON_AddNumberToObject(summary, "wait", (double)changes->nwait);
	cJSON_AddNumberToObject(summary, "unchanged", (double)changes->nunchanged);
}

cJSON *mok_report_plan_json(const struct mok_plan_view *view)
{
	const struct mok_changes *changes = view->changes;
	const size_t *order = mok_changes_order(changes);
	cJSON *json = cJSON_CreateObject(), *list;

	cJSON_AddNumberToObject(json, "format_version", FORMAT_VERSION);
	cJSON_AddStringToObject(json, "stack", view->stack->name);
	add_text_or_null(json, "region", view->stack->region);
	add_text_or_null(json, "account", view->live ? view->live->account_uuid : NULL);
	summary_json(json, changes);
	list = cJSON_AddArrayToObject(json, "changes");
	for (size_t i = 0; i < changes->list.len; i++) {
		const struct mok_change *c = &changes->list.items[order[i]];

		if (c->action != MOK_ACT_NONE || view->verbose)
			cJSON_AddItemToArray(list, change_json(c));
	}
	cJSON_AddItemToObject(json, "cost", cost_json(changes));
	cJSON_AddNumberToObject(json, "expected_seconds", changes->expected_s);
	cJSON_AddItemToObject(json, "diagnostics", mok_report_diags_json(view->diags));
	return json;
}
