/*
 * Projects. Every resource is in exactly one; what is new is in the default one. A member is a
 * document of its own whose id is the resource's urn.
 */
#include "core_internal.h"

#include "fields.h"

#include <string.h>
#include <strings.h>

#define PROJECT_KIND "project"
#define MEMBER_KIND "project_member"
#define DEFAULT_ALT "default"

static const char *const purposes[] = { "Just trying out DigitalOcean",
	"Class project / Educational purposes", "Website or blog", "Web Application",
	"Service or API", "Mobile Application", "Machine learning / AI / Data processing", "IoT",
	"Operational / Developer tooling" };
static const char *const environments[] = { "Development", "Staging", "Production" };

static bool is_default(const struct sb_doc *doc)
{
	return strcmp(doc->alt, DEFAULT_ALT) == 0;
}

static cJSON *view(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	static const char *const fields[] = { "name", "description", "purpose", "environment" };
	cJSON *out = cJSON_CreateObject();

	sb_set_str(out, "id", doc->id);
	sb_set_str(out, "owner_uuid", sb_account_uuid(ctx));
	sb_set_int(out, "owner_id", 258992);
	sb_copy(out, doc->json, fields, MOK_COUNT(fields));
	sb_set_bool(out, "is_default", is_default(doc));
	sb_set_time(out, "created_at", doc->created_ms);
	sb_set_time(out, "updated_at", sb_get_int(doc->json, "updated_ms", doc->created_ms));
	return out;
}

static struct sb_doc *default_project(struct sb_ctx *ctx)
{
	const struct sb_which which = { .kind = PROJECT_KIND, .alt = DEFAULT_ALT };
	struct sb_docs docs = sb_doc_list(ctx, &which, 0, 1);
	struct sb_doc *doc;

	if (docs.len)
		return docs.items[0];
	doc = sb_doc_new(ctx, PROJECT_KIND, sb_uuid(ctx), NULL);
	doc->name = "first-project";
	doc->alt = DEFAULT_ALT;
	sb_set_str(doc->json, "name", doc->name);
	sb_set_str(doc->json, "description", "Update your project information under Settings");
	sb_set_str(doc->json, "purpose", "Just trying out DigitalOcean");
	sb_set_str(doc->json, "environment", "Development");
	sb_doc_put(ctx, doc);
	return doc;
}

const char *sb_project_seed(struct sb_ctx *ctx)
{
	return default_project(ctx)->id;
}

/* ---- for the other kinds ---- */

bool sb_project_join(struct sb_ctx *ctx, const char *project_id, const char *urn)
{
	struct sb_doc *project = project_id && *project_id
		? sb_doc_get(ctx, PROJECT_KIND, project_id)
		: default_project(ctx);
	struct sb_doc *member;

	if (!project) {
		sb_fail(ctx, 404, "project not found");
		return false;
	}
	member = sb_doc_get(ctx, MEMBER_KIND, urn);
	if (!member)
		member = sb_doc_new(ctx, MEMBER_KIND, urn, NULL);
	member->parent = project->id;
	sb_set_int(member->json, "assigned_ms", ctx->now_ms);
	sb_doc_put(ctx, member);
	return true;
}

void sb_project_leave(struct sb_ctx *ctx, const char *urn)
{
	const struct sb_doc *member = sb_doc_get(ctx, MEMBER_KIND, urn);

	if (member)
		sb_sql_run(ctx, "DELETE FROM doc WHERE seq = ?", "i", member->seq);
}

const char *sb_project_of(struct sb_ctx *ctx, const char *urn)
{
	const struct sb_doc *member = sb_doc_get(ctx, MEMBER_KIND, urn);

	return member ? member->parent : NULL;
}

/* ---- reading what clients send ---- */

static const char *purpose_of(struct sb_ctx *ctx, const char *text)
{
	for (size_t i = 0; i < MOK_COUNT(purposes); i++)
		if (strcmp(purposes[i], text) == 0)
			return text;
	return mok_starts(text, "Other: ") ? text : mok_arena_printf(ctx->arena, "Other: %s", text);
}

static const char *environment_of(const char *text)
{
	for (size_t i = 0; i < MOK_COUNT(environments); i++)
		if (strcasecmp(environments[i], text) == 0)
			return environments[i];
	return NULL;
}

/* Takes over what is there; false: it has answered. */
static bool take_fields(struct sb_ctx *ctx, struct sb_doc *doc)
{
	const char *name = sb_get_word(ctx->body, "name");
	const char *purpose = sb_get_word(ctx->body, "purpose");
	const char *environment = sb_get_word(ctx->body, "environment");
	const char *description = sb_get_str(ctx->body, "description");
	const struct sb_doc *other = name ? sb_doc_named(ctx, PROJECT_KIND, NULL, name) : NULL;

	if (other && other->seq != doc->seq) {
		sb_fail(ctx, 409, "a project with the same name already exists");
		return false;
	}
	if ((name && strlen(name) > 175) || (purpose && strlen(purpose) > 255) ||
		(description && strlen(description) > 255)) {
		sb_fail(ctx, 422, "name, purpose or description is too long");
		return false;
	}
	if (environment && !environment_of(environment)) {
		sb_fail(ctx, 422, "environment must be Development, Staging or Production");
		return false;
	}
	if (name) {
		sb_set_str(doc->json, "name", name);
		doc->name = name;
	}
	if (description)
		sb_set_str(doc->json, "description", description);
	if (purpose)
		sb_set_str(doc->json, "purpose", purpose_of(ctx, purpose));
	if (environment)
		sb_set_str(doc->json, "environment", environment_of(environment));
	return true;
}

/* ---- the API ---- */

static void list_projects(struct sb_ctx *ctx)
{
	const struct sb_page page = {
		.key = "projects", .which = { .kind = PROJECT_KIND }, .view = view
	};

	sb_reply_page(ctx, &page);
}

static void create_project(struct sb_ctx *ctx)
{
	struct sb_doc *doc;

	if (!sb_get_word(ctx->body, "name") || !sb_get_word(ctx->body, "purpose")) {
		sb_fail(ctx, 422, "name and purpose are required");
		return;
	}
	doc = sb_doc_new(ctx, PROJECT_KIND, sb_uuid(ctx), NULL);
	sb_set_str(doc->json, "description", "");
	if (!take_fields(ctx, doc))
		return;
	sb_doc_put(ctx, doc);
	sb_note_create(ctx, "project", doc->id);
	sb_reply_root(ctx, 201, "project", view(ctx, doc));
}

/* {id} may be the word "default". */
static struct sb_doc *find_project(struct sb_ctx *ctx)
{
	if (strcmp(ctx->params[0], "default") == 0)
		return default_project(ctx);
	return sb_doc_see(ctx, PROJECT_KIND, ctx->params[0]);
}

static void get_project(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = find_project(ctx);

	if (doc)
		sb_reply_root(ctx, 200, "project", view(ctx, doc));
}

static void become_default(struct sb_ctx *ctx, struct sb_doc *doc)
{
	struct sb_doc *old = default_project(ctx);

	if (old->seq != doc->seq) {
		old->alt = "";
		sb_doc_put(ctx, old);
	}
	doc->alt = DEFAULT_ALT;
}

static void change_project(struct sb_ctx *ctx)
{
	static const char *const required[] = { "name", "description", "purpose", "environment",
		"is_default" };
	struct sb_doc *doc = find_project(ctx);
	bool whole = strcmp(ctx->request->method, "PUT") == 0;

	if (!doc)
		return;
	for (size_t i = 0; whole && i < MOK_COUNT(required); i++)
		if (!sb_get(ctx->body, required[i])) {
			sb_fail(ctx, 422, "%s is required", required[i]);
			return;
		}
	if (!take_fields(ctx, doc))
		return;
	if (sb_get_bool(ctx->body, "is_default", false))
		become_default(ctx, doc);
	sb_set_int(doc->json, "updated_ms", ctx->now_ms);
	sb_doc_put(ctx, doc);
	sb_reply_root(ctx, 200, "project", view(ctx, doc));
}

static void delete_project(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = find_project(ctx);
	struct sb_which members = { .kind = MEMBER_KIND };

	if (!doc)
		return;
	members.parent = doc->id;
	if (is_default(doc)) {
		sb_fail(ctx, 403, "the default project cannot be deleted");
	} else if (sb_doc_count(ctx, &members)) {
		sb_fail(ctx, 412, "cannot delete a project with resources");
	} else {
		sb_doc_delete(ctx, doc);
		sb_note_delete(ctx, "project", doc->id);
		sb_reply_empty(ctx, 204);
	}
}

/* ---- members ---- */

static cJSON *member_view(
	struct sb_ctx *ctx, const char *urn, int64_t assigned_ms, const char *status)
{
	cJSON *out = cJSON_CreateObject(), *links;

	sb_set_str(out, "urn", urn);
	sb_set_time(out, "assigned_at", assigned_ms);
	links = cJSON_AddObjectToObject(out, "links");
	sb_set_str(links, "self",
		mok_arena_printf(ctx->arena, "https://api.digitalocean.com/v2/resources/%s", urn));
	sb_set_str(out, "status", status);
	return out;
}

static cJSON *view_member(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	return member_view(ctx, doc->id, sb_get_int(doc->json, "assigned_ms", 0), "ok");
}

static void list_members(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = find_project(ctx);
	struct sb_page page = { .key = "resources", .view = view_member };

	if (!doc)
		return;
	page.which = (struct sb_which){ .kind = MEMBER_KIND, .parent = doc->id };
	sb_reply_page(ctx, &page);
}

static const char *assign(struct sb_ctx *ctx, const struct sb_doc *project, const char *urn)
{
	struct sb_doc *member = sb_doc_get(ctx, MEMBER_KIND, urn);

	if (!member)
		return "not_found";
	if (strcmp(member->parent, project->id) == 0)
		return "already_assigned";
	member->parent = project->id;
	sb_set_int(member->json, "assigned_ms", ctx->now_ms);
	sb_doc_put(ctx, member);
	return "assigned";
}

static void assign_members(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = find_project(ctx);
	const cJSON *list = sb_get(ctx->body, "resources"), *item;
	cJSON *answers;

	if (!doc)
		return;
	if (!sb_is_string_list(list)) {
		sb_fail(ctx, 422, "resources must be a list of URNs");
		return;
	}
	answers = cJSON_CreateArray();
	cJSON_ArrayForEach(item, list)
	{
		cJSON_AddItemToArray(answers,
			member_view(ctx, item->valuestring, ctx->now_ms,
				assign(ctx, doc, item->valuestring)));
	}
	sb_reply_root(ctx, 200, "resources", answers);
}

const struct sb_route project_routes[] = {
	{ "GET", "/v2/projects", list_projects, 0 },
	{ "POST", "/v2/projects", create_project, 0 },
	{ "GET", "/v2/projects/{id}", get_project, 0 },
	{ "PUT", "/v2/projects/{id}", change_project, 0 },
	{ "PATCH", "/v2/projects/{id}", change_project, 0 },
	{ "DELETE", "/v2/projects/{id}", delete_project, 0 },
	{ "GET", "/v2/projects/{id}/resources", list_members, 0 },
	{ "POST", "/v2/projects/{id}/resources", assign_members, 0 },
	{ 0 },
};
