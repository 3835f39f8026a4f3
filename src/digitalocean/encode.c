#include "digitalocean.h"

#include <string.h>

#define PAGE_SIZE 200

struct encoding {
	const struct mok_ask *ask;
	struct mok_arena *arena;
	struct mok_wire_request *out;
	struct mok_err *err;
};

static int set_path(struct encoding *e, const char *path, const char *value)
{
	const struct mok_ask *ask = e->ask;
	const struct path_parts parts = {
		.parent = ask->parent_id, .id = ask->id, .name = ask->name, .value = value
	};

	return mok_do_path(e->arena, path, &parts, &e->out->path, e->err);
}

/* Takes the body. */
static int set_body(struct encoding *e, cJSON *body)
{
	char *text = body ? cJSON_PrintUnformatted(body) : NULL;

	cJSON_Delete(body);
	if (!text)
		return -1;
	e->out->content_type = "application/json";
	e->out->body_len = strlen(text);
	e->out->body = mok_arena_strndup(e->arena, text, e->out->body_len);
	memset(text, 0, e->out->body_len);
	cJSON_free(text);
	return 0;
}

static void set_page(struct encoding *e)
{
	e->out->query = mok_arena_printf(
		e->arena, "page=%d&per_page=%d", e->ask->page > 0 ? e->ask->page : 1, PAGE_SIZE);
}

static cJSON *wrapped(cJSON *body, const char *envelope)
{
	cJSON *outer;

	if (!envelope || !body)
		return body;
	outer = cJSON_CreateObject();
	cJSON_AddItemToObject(outer, envelope, body);
	return outer;
}

/* ---- reading ---- */

static int encode_list(struct encoding *e)
{
	if (e->ask->kind->list_key)
		set_page(e);
	return set_path(e, e->ask->kind->list_path, NULL);
}

static int encode_read(struct encoding *e)
{
	return set_path(e, e->ask->kind->item_path, NULL);
}

static int encode_fetch(struct encoding *e)
{
	return set_path(e, e->ask->field->json, NULL);
}

static int encode_tag_list(struct encoding *e)
{
	set_page(e);
	e->out->path = "/v2/tags";
	return 0;
}

static int encode_account(struct encoding *e)
{
	e->out->path = "/v2/account";
	return 0;
}

static const struct {
	const char *name, *path;
	bool paged;
} catalogues[] = {
	{ "sizes", "/v2/sizes", true },
	{ "regions", "/v2/regions", true },
	{ "kubernetes", "/v2/kubernetes/options", false },
	{ "databases", "/v2/databases/options", false },
};

static int encode_catalogue(struct encoding *e)
{
	for (size_t i = 0; i < MOK_COUNT(catalogues); i++) {
		if (!mok_streq(catalogues[i].name, e->ask->name))
			continue;
		e->out->path = catalogues[i].path;
		if (catalogues[i].paged)
			set_page(e);
		return 0;
	}
	MOK_BUG("no such catalogue");
}

static int encode_associated(struct encoding *e)
{
	const char *path = mok_arena_printf(
		e->arena, "%s/destroy_with_associated_resources", e->ask->kind->item_path);

	return set_path(e, path, NULL);
}

static int encode_members(struct encoding *e)
{
	set_page(e);
	return set_path(
		e, mok_arena_printf(e->arena, "%s/resources", e->ask->kind->item_path), NULL);
}

static int encode_targets(struct encoding *e)
{
	return set_path(
		e, mok_arena_printf(e->arena, "%s/upgrades", e->ask->kind->item_path), NULL);
}

static int encode_backups(struct encoding *e)
{
	return set_path(e, mok_arena_printf(e->arena, "%s/backups", e->ask->kind->item_path), NULL);
}

/* ---- writing ---- */

static int encode_create(struct encoding *e)
{
	const struct mok_kind *kind = e->ask->kind;

	e->out->method = kind->create_method ? kind->create_method : "POST";
	e->out->retry = MOK_RETRY_NEVER;
	if (set_path(e, kind->create_path ? kind->create_path : kind->list_path, NULL) != 0)
		return -1;
	return set_body(e, mok_do_create_body(e->ask, e->err));
}

static cJSON *resources_body(const struct mok_val *urns)
{
	cJSON *body = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(body, "resources");

	for (size_t i = 0; urns && urns->type == MOK_LIST && i < urns->u.list.len; i++)
		if (urns->u.list.items[i].type == MOK_STR)
			cJSON_AddItemToArray(list, cJSON_CreateString(urns->u.list.items[i].u.s));
	return body;
}

/* One tag on or off one object. */
static int encode_tagging(struct encoding *e, const char *tag, bool remove)
{
	cJSON *body = cJSON_CreateObject();
	cJSON *item = cJSON_CreateObject();

	e->out->method = remove ? "DELETE" : "POST";
	e->out->retry = MOK_RETRY_SAFE;
	cJSON_AddStringToObject(item, "resource_id", e->ask->id ? e->ask->id : "");
	cJSON_AddStringToObject(item, "resource_type", e->ask->kind->tag_type);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "resources"), item);
	if (set_path(e, "/v2/tags/{value}/resources", tag) != 0) {
		cJSON_Delete(body);
		return -1;
	}
	return set_body(e, body);
}

/* The object's own urn goes to the project that a field names. */
static int encode_own_assignment(struct encoding *e)
{
	const struct mok_ask *ask = e->ask;
	const char *project = NULL;
	struct mok_val urn, urns = { .type = MOK_LIST };

	for (const struct mok_field *f = ask->kind->fields; f->name; f++)
		if (f->call && mok_streq(f->call, ask->call->name))
			project = mok_val_get_str(ask->want, f->name);
	if (!ask->have || !ask->have->urn || !project)
		return mok_err_set(e->err, MOK_ERR_INPUT, "nothing to assign to a project");
	urn = mok_val_str(ask->have->urn);
	mok_val_append(e->arena, &urns, urn);
	e->out->method = ask->call->method;
	e->out->retry = MOK_RETRY_SAFE;
	if (set_path(e, ask->call->path, project) != 0)
		return -1;
	return set_body(e, resources_body(&urns));
}

static int encode_call(struct encoding *e)
{
	const struct mok_call *call = e->ask->call;

	if (call->flags & MOK_CALL_TAGS)
		return encode_tagging(e, e->ask->marker, e->ask->extra != NULL);
	if (call->flags & MOK_CALL_ASSIGN)
		return encode_own_assignment(e);
	e->out->method = call->method;
	e->out->retry = mok_streq(call->method, "POST") ? MOK_RETRY_NEVER : MOK_RETRY_SAFE;
	if (set_path(e, call->path, NULL) != 0)
		return -1;
	return set_body(e, wrapped(mok_do_call_body(e->ask, e->err), call->wrap));
}

/* What is always there is not deleted: its update takes back what was ours. */
static int encode_delete(struct encoding *e)
{
	const struct mok_kind *kind = e->ask->kind;
	cJSON *body;

	if (!(kind->flags & MOK_K_SINGLE)) {
		e->out->method = "DELETE";
		return set_path(e, kind->delete_path ? kind->delete_path : kind->item_path, NULL);
	}
	e->out->method = kind->calls->method;
	if (set_path(e, kind->calls->path, NULL) != 0)
		return -1;
	body = cJSON_CreateObject();
	if (kind->body && kind->body(e->ask, body, e->err) != 0) {
		cJSON_Delete(body);
		return -1;
	}
	return set_body(e, wrapped(body, kind->calls->wrap));
}

static int encode_tag_make(struct encoding *e)
{
	cJSON *body = cJSON_CreateObject();

	e->out->method = "POST";
	e->out->retry = MOK_RETRY_SAFE; /* making a tag that exists succeeds */
	e->out->path = "/v2/tags";
	cJSON_AddStringToObject(body, "name", e->ask->marker);
	return set_body(e, body);
}

static int encode_tag_read(struct encoding *e)
{
	return set_path(e, "/v2/tags/{value}", e->ask->marker);
}

static int encode_tag_drop(struct encoding *e)
{
	e->out->method = "DELETE";
	return set_path(e, "/v2/tags/{value}", e->ask->marker);
}

static int encode_assign(struct encoding *e)
{
	e->out->method = "POST";
	e->out->retry = MOK_RETRY_SAFE; /* what is there already is answered so */
	if (set_path(e, mok_arena_printf(e->arena, "%s/resources", e->ask->kind->item_path),
		    NULL) != 0)
		return -1;
	return set_body(e, resources_body(e->ask->extra));
}

static int encode_mark(struct encoding *e)
{
	const struct mok_kind *kind = e->ask->kind;
	const char *marker = e->ask->marker;
	const struct mok_field *field = mok_do_marker_field(kind);
	const struct mok_call *call;

	if (kind->tag_type) {
		bool remove = !marker || !*marker;

		if (remove)
			marker = e->ask->have ? e->ask->have->marker : NULL;
		return encode_tagging(e, marker, remove);
	}
	call = field ? mok_call_of(kind, field) : NULL;
	if (!call)
		return mok_err_set(e->err, MOK_ERR_INPUT, "a %s carries no marker", kind->name);
	e->out->method = call->method;
	if (set_path(e, call->path, NULL) != 0)
		return -1;
	return set_body(e, wrapped(mok_do_mark_body(e->ask, e->err), call->wrap));
}

/* The ids of what was listed, under the listing's own keys. */
static int encode_delete_associated(struct encoding *e)
{
	static const char *const lists[] = { "load_balancers", "volumes", "volume_snapshots" };
	const char *path = mok_arena_printf(e->arena,
		"%s/destroy_with_associated_resources/selective", e->ask->kind->item_path);
	cJSON *body = cJSON_CreateObject();

	e->out->method = "DELETE";
	for (size_t i = 0; i < MOK_COUNT(lists); i++) {
		cJSON *ids = cJSON_AddArrayToObject(body, lists[i]);
		const struct mok_val *list =
			e->ask->extra ? mok_val_get(e->ask->extra, lists[i]) : NULL;

		for (size_t k = 0; list && list->type == MOK_LIST && k < list->u.list.len; k++) {
			const char *id = mok_val_get_str(&list->u.list.items[k], "id");

			if (id)
				cJSON_AddItemToArray(ids, cJSON_CreateString(id));
		}
	}
	if (set_path(e, path, NULL) != 0) {
		cJSON_Delete(body);
		return -1;
	}
	return set_body(e, body);
}

static int (*const encoders[])(struct encoding *e) = {
	[MOK_ASK_LIST] = encode_list,
	[MOK_ASK_READ] = encode_read,
	[MOK_ASK_CREATE] = encode_create,
	[MOK_ASK_CALL] = encode_call,
	[MOK_ASK_DELETE] = encode_delete,
	[MOK_ASK_FETCH] = encode_fetch,
	[MOK_ASK_TAG_LIST] = encode_tag_list,
	[MOK_ASK_TAG_MAKE] = encode_tag_make,
	[MOK_ASK_TAG_DROP] = encode_tag_drop,
	[MOK_ASK_TAG_READ] = encode_tag_read,
	[MOK_ASK_ACCOUNT] = encode_account,
	[MOK_ASK_CATALOGUE] = encode_catalogue,
	[MOK_ASK_ASSIGN] = encode_assign,
	[MOK_ASK_MARK] = encode_mark,
	[MOK_ASK_ASSOCIATED] = encode_associated,
	[MOK_ASK_DELETE_ASSOCIATED] = encode_delete_associated,
	[MOK_ASK_MEMBERS] = encode_members,
	[MOK_ASK_TARGETS] = encode_targets,
	[MOK_ASK_BACKUPS] = encode_backups,
};

int mok_do_encode(void *self, const struct mok_ask *ask, struct mok_arena *arena,
	struct mok_wire_request *out, struct mok_err *err)
{
	struct encoding e = { ask, arena, out, err };

	(void)self;
	if ((size_t)ask->verb >= MOK_COUNT(encoders) || !encoders[ask->verb])
		return mok_err_set(err, MOK_ERR_INPUT, "DigitalOcean's API has no such request");
	out->method = "GET";
	if (encoders[ask->verb](&e) != 0)
		return -1;
	if (strcmp(out->method, "GET") != 0)
		out->is_whole = mok_http_is_object_or_empty;
	else if (ask->verb != MOK_ASK_FETCH)
		out->is_whole = mok_http_is_object; /* a kubeconfig is YAML */
	return 0;
}
