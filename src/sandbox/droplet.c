#include "droplet.h"

#include <stdio.h>
#include <string.h>

#define GOING "going" /* alt of those with a gone_ms */
#define FIRST_ID 512345370

enum {
	READY_LOW_MS = 25 * SB_SECOND_MS,
	READY_HIGH_MS = 60 * SB_SECOND_MS,
	MAKE_MAX = 10, /* `names` of one request */
};

static const char *urn_of(struct sb_ctx *ctx, const char *id)
{
	return mok_arena_printf(ctx->arena, "do:droplet:%s", id);
}

static void erase(struct sb_ctx *ctx, struct sb_doc *doc)
{
	const struct sb_which attached = { .kind = VOLUME_KIND, .alt = doc->id };
	struct sb_docs volumes = sb_doc_list(ctx, &attached, 0, 0);

	for (size_t i = 0; i < volumes.len; i++) {
		volumes.items[i]->alt = "";
		sb_doc_put(ctx, volumes.items[i]);
	}
	sb_tags_set(ctx, "droplet", doc->id, NULL);
	if (strcmp(doc->alt, GOING) != 0)
		sb_vpc_leave(ctx, urn_of(ctx, doc->id), 0);
	sb_project_leave(ctx, urn_of(ctx, doc->id));
	sb_doc_delete(ctx, doc);
}

static bool gone(const struct sb_ctx *ctx, const struct sb_doc *doc)
{
	int64_t gone_ms = sb_get_int(doc->json, "gone_ms", 0);

	return gone_ms && ctx->now_ms >= gone_ms;
}

static void sweep(struct sb_ctx *ctx)
{
	const struct sb_which which = { .kind = DROPLET_KIND, .alt = GOING };
	struct sb_docs going = sb_doc_list(ctx, &which, 0, 0);

	for (size_t i = 0; i < going.len; i++)
		if (gone(ctx, going.items[i]))
			erase(ctx, going.items[i]);
}

const char *sb_droplet_make(struct sb_ctx *ctx, const struct sb_droplet_spec *spec)
{
	int64_t number = sb_next(ctx, "droplet", FIRST_ID);
	const char *id = mok_arena_printf(ctx->arena, "%lld", (long long)number);
	struct sb_doc *doc = sb_doc_new(ctx, DROPLET_KIND, id, "");

	doc->name = spec->name;
	sb_set_int(doc->json, "id", number);
	sb_set_str(doc->json, "name", spec->name);
	sb_set_str(doc->json, "region", spec->region);
	sb_set_str(doc->json, "size", spec->size);
	sb_set_str(doc->json, "image", spec->image);
	sb_set_str(doc->json, "vpc_uuid", spec->vpc_uuid);
	sb_set_int(doc->json, "created_ms", ctx->now_ms);
	sb_set_int(doc->json, "ready_ms", spec->ready_ms);
	sb_set_str(doc->json, "private_ip",
		mok_arena_printf(ctx->arena, "10.%lld.%lld.%lld",
			(long long)sb_random_between(ctx, 100, 140),
			(long long)sb_random_between(ctx, 0, 255),
			(long long)sb_random_between(ctx, 2, 254)));
	sb_set_str(doc->json, "public_ip",
		mok_arena_printf(ctx->arena, "167.99.%lld.%lld",
			(long long)sb_random_between(ctx, 0, 255),
			(long long)sb_random_between(ctx, 2, 254)));
	sb_doc_put(ctx, doc);
	sb_tags_set(ctx, "droplet", id, spec->tags);
	sb_vpc_join(ctx, spec->vpc_uuid, urn_of(ctx, id), spec->name);
	return id;
}

void sb_droplet_leave(struct sb_ctx *ctx, const char *id, int64_t real_ms)
{
	struct sb_doc *doc = sb_doc_get(ctx, DROPLET_KIND, id);
	int64_t gone_ms = sb_after(ctx, real_ms);

	if (!doc)
		return;
	if (gone_ms <= ctx->now_ms) {
		erase(ctx, doc);
		return;
	}
	sb_vpc_leave(ctx, urn_of(ctx, id), real_ms);
	doc->alt = GOING;
	sb_set_int(doc->json, "gone_ms", gone_ms);
	sb_doc_put(ctx, doc);
}

int64_t sb_droplet_count(struct sb_ctx *ctx)
{
	const struct sb_which all = { .kind = DROPLET_KIND };
	const struct sb_which going = { .kind = DROPLET_KIND, .alt = GOING };

	sweep(ctx);
	return (int64_t)sb_doc_count(ctx, &all) - (int64_t)sb_doc_count(ctx, &going);
}

static cJSON *address(const char *ip, const char *netmask, const char *type)
{
	cJSON *view = cJSON_CreateObject();

	sb_set_str(view, "ip_address", ip);
	sb_set_str(view, "netmask", netmask);
	sb_set_str(view, "gateway", strcmp(type, "public") == 0 ? "167.99.0.1" : "nil");
	sb_set_str(view, "type", type);
	return view;
}

static cJSON *networks(const cJSON *droplet, bool up)
{
	cJSON *view = cJSON_CreateObject();
	cJSON *v4 = cJSON_AddArrayToObject(view, "v4");

	cJSON_AddArrayToObject(view, "v6");
	if (!up)
		return view;
	cJSON_AddItemToArray(
		v4, address(sb_get_str(droplet, "private_ip"), "255.255.240.0", "private"));
	cJSON_AddItemToArray(
		v4, address(sb_get_str(droplet, "public_ip"), "255.255.240.0", "public"));
	return view;
}

static cJSON *image_view(const char *slug)
{
	cJSON *view = cJSON_CreateObject();

	sb_set_int(view, "id", 63663980);
	sb_set_str(view, "name", slug);
	sb_set_str(view, "distribution", strcmp(slug, "do-kube") == 0 ? "Debian" : "Ubuntu");
	sb_set_str(view, "slug", slug);
	sb_set_bool(view, "public", true);
	cJSON_AddArrayToObject(view, "regions");
	sb_set_str(view, "created_at", "2026-05-15T05:47:50Z");
	sb_set_str(view, "type", "snapshot");
	sb_set_int(view, "min_disk_size", 10);
	mok_json_set(view, "size_gigabytes", cJSON_CreateNumber(2.36));
	sb_set_str(view, "description", "");
	cJSON_AddArrayToObject(view, "tags");
	sb_set_str(view, "status", "available");
	return view;
}

/* Volumes know their Droplet; it does not know them. */
static cJSON *volumes_of(struct sb_ctx *ctx, const char *droplet)
{
	const struct sb_which which = { .kind = VOLUME_KIND, .alt = droplet };
	struct sb_docs volumes = sb_doc_list(ctx, &which, 0, 0);
	cJSON *ids = cJSON_CreateArray();

	for (size_t i = 0; i < volumes.len; i++)
		cJSON_AddItemToArray(ids, cJSON_CreateString(volumes.items[i]->id));
	return ids;
}

static cJSON *view_droplet(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	static const char *const copied[] = { "id", "name" };
	const struct sb_size *size = sb_size_find(sb_get_str(doc->json, "size"));
	bool up = ctx->now_ms >= sb_get_int(doc->json, "ready_ms", 0);
	cJSON *view, *sized;

	if (gone(ctx, doc) || !size)
		return NULL;
	view = cJSON_CreateObject();
	sized = sb_size_view(size);
	sb_copy(view, doc->json, copied, MOK_COUNT(copied));
	sb_set_int(view, "memory", size->memory_mb);
	sb_set_int(view, "vcpus", size->vcpus);
	sb_set_int(view, "disk", size->disk_gb);
	mok_json_set(view, "disk_info",
		cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(sized, "disk_info"), true));
	sb_set_bool(view, "locked", false);
	sb_set_str(view, "status", up ? "active" : "new");
	sb_set_str(view, "kernel", NULL);
	sb_set_time(view, "created_at", sb_get_int(doc->json, "created_ms", 0));
	mok_json_set(view, "features",
		cJSON_CreateStringArray((const char *const[]){ "private_networking" }, 1));
	cJSON_AddArrayToObject(view, "backup_ids");
	sb_set_str(view, "next_backup_window", NULL);
	cJSON_AddArrayToObject(view, "snapshot_ids");
	mok_json_set(view, "image", image_view(sb_get_str(doc->json, "image")));
	mok_json_set(view, "volume_ids", volumes_of(ctx, doc->id));
	mok_json_set(view, "size", sized);
	sb_set_str(view, "size_slug", size->slug);
	mok_json_set(view, "networks", networks(doc->json, up));
	mok_json_set(view, "region", sb_region_view(sb_get_str(doc->json, "region")));
	mok_json_set(view, "tags", sb_tags_of(ctx, "droplet", doc->id));
	sb_set_str(view, "vpc_uuid", sb_get_str(doc->json, "vpc_uuid"));
	return view;
}

static bool asked_for(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	const char *tag = sb_filter(ctx, "tag_name");

	return !gone(ctx, doc) && (!tag || sb_tagged(ctx, tag, "droplet", doc->id));
}

static void list_droplets(struct sb_ctx *ctx)
{
	const struct sb_page page = {
		.key = "droplets",
		.which = { .kind = DROPLET_KIND, .name = sb_filter(ctx, "name") },
		.view = view_droplet,
		.keep = asked_for,
	};

	sb_reply_page(ctx, &page);
}

static struct sb_doc *find(struct sb_ctx *ctx)
{
	struct sb_doc *doc = sb_doc_see(ctx, DROPLET_KIND, ctx->params[0]);

	if (!doc || !gone(ctx, doc))
		return doc;
	sb_not_found(ctx);
	return NULL;
}

static void get_droplet(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = find(ctx);

	if (doc)
		sb_reply_root(ctx, 200, "droplet", view_droplet(ctx, doc));
}

static const char *image_slug(const cJSON *body)
{
	const char *image = sb_get_word(body, "image");

	return image ? image : "ubuntu-24-04-x64";
}

/* `names` makes several; then the answer is a list. */
static void make(struct sb_ctx *ctx, struct sb_droplet_spec *spec, const cJSON *names)
{
	cJSON *list = sb_own(ctx, cJSON_CreateArray());
	cJSON *answer;
	const cJSON *name;

	cJSON_ArrayForEach(name, names)
	{
		const char *id;

		spec->name = name->valuestring;
		id = sb_droplet_make(ctx, spec);
		sb_note_create(ctx, "droplet", id);
		if (!sb_project_join(ctx, NULL, urn_of(ctx, id)))
			return;
		cJSON_AddItemToArray(list, view_droplet(ctx, sb_doc_get(ctx, DROPLET_KIND, id)));
	}
	answer = cJSON_CreateObject();
	if (sb_get(ctx->body, "names"))
		mok_json_set(answer, "droplets", cJSON_Duplicate(list, true));
	else
		mok_json_set(answer, "droplet", cJSON_Duplicate(list->child, true));
	cJSON_AddObjectToObject(answer, "links");
	sb_reply(ctx, 202, answer);
}

static const cJSON *wanted_names(struct sb_ctx *ctx)
{
	const cJSON *names = sb_get(ctx->body, "names");
	cJSON *one;

	if (names)
		return sb_is_string_list(names) && names->child ? names : NULL;
	if (!sb_get_word(ctx->body, "name"))
		return NULL;
	one = sb_own(ctx, cJSON_CreateArray());
	cJSON_AddItemToArray(one, cJSON_CreateString(sb_get_word(ctx->body, "name")));
	return one;
}

static void create_droplet(struct sb_ctx *ctx)
{
	const cJSON *names = wanted_names(ctx);
	const char *slug = sb_get_word(ctx->body, "size");
	const struct sb_size *size = slug ? sb_size_find(slug) : NULL;
	const char *region = sb_get_word(ctx->body, "region");
	const cJSON *tags = sb_get(ctx->body, "tags");
	struct sb_droplet_spec spec = { .size = slug, .image = image_slug(ctx->body) };

	if (!names || cJSON_GetArraySize(names) > MAKE_MAX) {
		sb_fail(ctx, 422, "name is required, or names: up to %d of them", MAKE_MAX);
	} else if (!size) {
		sb_fail(ctx, 422, "You specified an invalid size for Droplet creation.");
	} else if (region && !sb_size_in_region(size, region)) {
		sb_fail(ctx, 422, "You specified an invalid region for Droplet creation.");
	} else if (tags && !sb_is_string_list(tags)) {
		sb_fail(ctx, 422, "tags must be a list of strings");
	} else if (sb_droplet_count(ctx) + cJSON_GetArraySize(names) > sb_droplet_limit(ctx)) {
		sb_fail(ctx, 422, "creating this/these droplet(s) will exceed your droplet limit");
	} else {
		spec.region = region ? region : "nyc3";
		spec.tags = tags;
		spec.ready_ms = sb_after_between(ctx, READY_LOW_MS, READY_HIGH_MS);
		spec.vpc_uuid =
			sb_vpc_resolve(ctx, spec.region, sb_get_word(ctx->body, "vpc_uuid"));
		if (spec.vpc_uuid)
			make(ctx, &spec, names);
	}
}

static void delete_droplet(struct sb_ctx *ctx)
{
	struct sb_doc *doc = find(ctx);

	if (!doc)
		return;
	erase(ctx, doc);
	sb_note_delete(ctx, "droplet", doc->id);
	sb_reply_empty(ctx, 204);
}

static void delete_tagged(struct sb_ctx *ctx)
{
	const char *tag = sb_filter(ctx, "tag_name");
	const struct sb_which which = { .kind = DROPLET_KIND };
	struct sb_docs all;

	if (!tag || !*tag) {
		sb_fail(ctx, 422, "tag_name is required");
		return;
	}
	all = sb_doc_list(ctx, &which, 0, 0);
	for (size_t i = 0; i < all.len; i++) {
		if (!sb_tagged(ctx, tag, "droplet", all.items[i]->id))
			continue;
		erase(ctx, all.items[i]);
		sb_note_delete(ctx, "droplet", all.items[i]->id);
	}
	sb_reply_empty(ctx, 204);
}

const struct sb_route droplet_routes[] = {
	{ "GET", "/v2/droplets", list_droplets, 0 },
	{ "POST", "/v2/droplets", create_droplet, 0 },
	{ "DELETE", "/v2/droplets", delete_tagged, 0 },
	{ "GET", "/v2/droplets/{id}", get_droplet, 0 },
	{ "DELETE", "/v2/droplets/{id}", delete_droplet, 0 },
	{ NULL, NULL, NULL, 0 },
};
