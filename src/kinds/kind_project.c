#include "check_help.h"

#include "mok/ask.h"

static const struct mok_field fields[] = {
	{ .name = "name",
		.type = MOK_STR,
		.min = 1,
		.max = 175,
		.doc = "Name, unique in the account." },
	{ .name = "purpose",
		.type = MOK_STR,
		.norm = "purpose",
		.min = 1,
		.max = 248,
		.dflt = "Web Application",
		.doc = "What it is for: one of the control panel's words, or free text." },
	{ .name = "description",
		.type = MOK_STR,
		.max = DESCRIPTION_MAX,
		.dflt = "",
		.doc = "Free text; mok keeps its marker behind it." },
	{ .name = "environment",
		.type = MOK_STR,
		.values = "Development|Staging|Production",
		.norm = "title",
		.doc = "Environment of the resources in it." },
	{ .name = "is_default",
		.type = MOK_BOOL,
		.flags = MOK_F_NOT_AT_CREATE,
		.dflt = "false",
		.doc = "New resources of the account go to the default project." },
	{ .name = "resources",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_SET | MOK_F_SUBSET | MOK_F_NOT_AT_CREATE | MOK_F_ALL,
		.call = "assign",
		.doc = "URNs of its members, or `all`: everything in this file that a project "
		       "takes. "
		       "What others put into it stays." },
	{ .name = "id", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "UUID." },
	{ .name = "owner_uuid",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "UUID of the owner." },
	{ .name = "created_at",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "When it was made." },
	{ .name = "updated_at",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "When it was last changed." },
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "update", .method = "PATCH", .path = "/v2/projects/{id}", .typical_s = 1 },
	{ .name = "assign",
		.method = "POST",
		.path = "/v2/projects/{id}/resources",
		.typical_s = 2 },
	{ 0 },
};

static void decoded(struct mok_arena *arena, const cJSON *api, struct mok_object *object)
{
	(void)arena;
	object->is_default = mok_json_bool(api, "is_default", false);
}

static int body(const struct mok_ask *ask, cJSON *json, struct mok_err *err)
{
	(void)err;
	if (ask->verb == MOK_ASK_CREATE && !mok_json_str(json, "purpose"))
		cJSON_AddStringToObject(json, "purpose", "Web Application");
	return 0;
}

static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	(void)object;
	(void)replaces;
	if (!mok_streq(field->name, "is_default") || want->type != MOK_BOOL || want->u.b)
		return false;
	if (have->type == MOK_BOOL && have->u.b)
		*why = "a default project stays so until another becomes it";
	return true;
}

const struct mok_kind mok_kind_project = {
	.name = "project",
	.summary = "a project that groups resources",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_WEAK_REFS,
	.marking = MOK_MARK_DESCRIPTION,
	.list_path = "/v2/projects",
	.list_key = "projects",
	.item_path = "/v2/projects/{id}",
	.item_key = "project",
	.id_json = "id",
	.natural_key = "name",
	.name_field = "name",
	.name_max = 175,
	.name_pattern = ".+",
	.typical_create_s = 1,
	.typical_delete_s = 30,
	.poll_s = 5,
	.settle_s = 30,
	.timeout_s = 600,
	.destroy_rank = 80,
	.example = "home:\n  kind: project\n  name: mastodon\n  purpose: Web Application\n"
		   "  environment: Production\n  resources: all\n",
	.notes = "A resource is always in exactly one project: there is no taking out, only moving "
		 "to the default project, which mok does before it deletes one.",
	.decoded = decoded,
	.body = body,
	.same = same,
};
