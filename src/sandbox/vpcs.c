/*
 * VPCs. The first of a region becomes its default and can never be deleted; a default is made on
 * the spot where something needs one. A cloud begins as an account that has been in ams3 before.
 */
#include "core_internal.h"

#include "catalogue.h"
#include "fields.h"

#include <string.h>

#define VPC_KIND "vpc"
#define DEFAULT_ALT "default"
#define FIRST_REGION "ams3"

static const char *urn_of(struct sb_ctx *ctx, const char *id)
{
	return mok_arena_printf(ctx->arena, "do:vpc:%s", id);
}

static cJSON *view(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	static const char *const fields[] = { "name", "description", "ip_range" };
	cJSON *out = cJSON_CreateObject();

	sb_set_str(out, "id", doc->id);
	sb_set_str(out, "urn", urn_of(ctx, doc->id));
	sb_copy(out, doc->json, fields, MOK_COUNT(fields));
	sb_set_str(out, "region", doc->parent);
	sb_set_bool(out, "default", strcmp(doc->alt, DEFAULT_ALT) == 0);
	sb_set_time(out, "created_at", doc->created_ms);
	return out;
}

/* ---- making ---- */

static const char *overlapping(struct sb_ctx *ctx, const char *range)
{
	const struct sb_which all = { .kind = VPC_KIND };
	struct sb_docs docs = sb_doc_list(ctx, &all, 0, 0);

	for (size_t i = 0; i < docs.len; i++) {
		const char *other = sb_get_str(docs.items[i]->json, "ip_range");

		if (other && sb_cidr_overlap(range, other))
			return other;
	}
	return NULL;
}

static const char *free_range(struct sb_ctx *ctx)
{
	for (int second = 110; second < 256; second++) {
		for (int third = 0; third < 256; third += 16) {
			const char *range =
				mok_arena_printf(ctx->arena, "10.%d.%d.0/20", second, third);

			if (!overlapping(ctx, range))
				return range;
		}
	}
	return "10.100.0.0/20";
}

static struct sb_doc *make_vpc(struct sb_ctx *ctx, const char *region, const char *name,
	const char *range, const char *description)
{
	struct sb_doc *doc = sb_doc_new(ctx, VPC_KIND, sb_uuid(ctx), region);
	const struct sb_which defaults = { .kind = VPC_KIND, .parent = region, .alt = DEFAULT_ALT };

	doc->name = name;
	doc->alt = sb_doc_count(ctx, &defaults) ? "" : DEFAULT_ALT;
	sb_set_str(doc->json, "name", name);
	sb_set_str(doc->json, "description", description ? description : "");
	sb_set_str(doc->json, "ip_range", range ? range : free_range(ctx));
	sb_doc_put(ctx, doc);
	sb_note_create(ctx, "vpc", doc->id);
	return doc;
}

static struct sb_doc *default_of(struct sb_ctx *ctx, const char *region)
{
	const struct sb_which which = { .kind = VPC_KIND, .parent = region, .alt = DEFAULT_ALT };
	struct sb_docs docs = sb_doc_list(ctx, &which, 0, 1);

	return docs.len ? docs.items[0] : NULL;
}

static struct sb_doc *make_default(struct sb_ctx *ctx, const char *region)
{
	struct sb_doc *doc = default_of(ctx, region);

	return doc ? doc
		   : make_vpc(ctx, region, mok_arena_printf(ctx->arena, "default-%s", region), NULL,
			     NULL);
}

const char *sb_vpc_seed(struct sb_ctx *ctx)
{
	return make_default(ctx, FIRST_REGION)->id;
}

/* ---- for the other kinds ---- */

const char *sb_vpc_resolve(struct sb_ctx *ctx, const char *region, const char *wanted)
{
	struct sb_doc *doc;

	if (!wanted || !*wanted)
		return make_default(ctx, region)->id;
	doc = sb_doc_get(ctx, VPC_KIND, wanted);
	if (doc && strcmp(doc->parent, region) == 0)
		return doc->id;
	sb_fail(ctx, 422, doc ? "The VPC is in another region." : "The VPC does not exist.");
	return NULL;
}

void sb_vpc_join(struct sb_ctx *ctx, const char *vpc_uuid, const char *urn, const char *name)
{
	sb_sql_run(ctx,
		"INSERT OR REPLACE INTO vpc_member(urn, vpc, name, created_ms, gone_ms)"
		" VALUES(?, ?, ?, ?, 0)",
		"sssi", urn, vpc_uuid, name, ctx->now_ms);
}

void sb_vpc_leave(struct sb_ctx *ctx, const char *urn, int64_t linger_ms)
{
	int64_t until = sb_after(ctx, linger_ms);

	if (until > ctx->now_ms)
		sb_sql_run(
			ctx, "UPDATE vpc_member SET gone_ms = ? WHERE urn = ?", "is", until, urn);
	else
		sb_sql_run(ctx, "DELETE FROM vpc_member WHERE urn = ?", "s", urn);
}

/* ---- the API ---- */

static void list_vpcs(struct sb_ctx *ctx)
{
	const struct sb_page page = { .key = "vpcs", .which = { .kind = VPC_KIND }, .view = view };

	sb_reply_page(ctx, &page);
}

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= 255 &&
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
		len;
}

static bool is_private_range(const char *range)
{
	uint32_t address;
	int bits;

	if (!strchr(range, '/') || !sb_ipv4_parse(range, &address, &bits) || bits < 16 || bits > 28)
		return false;
	return sb_cidr_overlap(range, "10.0.0.0/8") || sb_cidr_overlap(range, "172.16.0.0/12") ||
		sb_cidr_overlap(range, "192.168.0.0/16");
}

/* NULL: fine. */
static const char *what_is_wrong(
	struct sb_ctx *ctx, const char *name, const char *description, const struct sb_doc *self)
{
	const struct sb_doc *other = name ? sb_doc_named(ctx, VPC_KIND, NULL, name) : NULL;

	if (name && !is_name(name))
		return "name may only contain alphanumeric characters, dashes, and periods";
	if (other && (!self || other->seq != self->seq))
		return "a VPC with the same name already exists in your account";
	if (description && strlen(description) > 255)
		return "description is too long: at most 255 characters";
	return NULL;
}

static void create_vpc(struct sb_ctx *ctx)
{
	const char *name = sb_get_word(ctx->body, "name");
	const char *slug = sb_get_word(ctx->body, "region");
	const char *range = sb_get_word(ctx->body, "ip_range");
	const char *description = sb_get_str(ctx->body, "description");
	const struct sb_region *region = slug ? sb_region_find(slug) : NULL;
	const char *wrong = what_is_wrong(ctx, name, description, NULL), *other;

	if (!name || wrong)
		sb_fail(ctx, 422, "%s", wrong ? wrong : "name is required");
	else if (!region || !region->available)
		sb_fail(ctx, 422, "region is invalid");
	else if (range && !is_private_range(range))
		sb_fail(ctx, 422, "ip_range must be a private range between /16 and /28");
	else if (range && (other = overlapping(ctx, range)))
		sb_fail(ctx, 422, "This range/size overlaps with another VPC network: %s", other);
	else
		sb_reply_root(
			ctx, 201, "vpc", view(ctx, make_vpc(ctx, slug, name, range, description)));
}

static void get_vpc(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, VPC_KIND, ctx->params[0]);

	if (doc)
		sb_reply_root(ctx, 200, "vpc", view(ctx, doc));
}

static void become_default(struct sb_ctx *ctx, struct sb_doc *doc)
{
	struct sb_doc *old = default_of(ctx, doc->parent);

	if (old && old->seq != doc->seq) {
		old->alt = "";
		sb_doc_put(ctx, old);
	}
	doc->alt = DEFAULT_ALT;
}

static void change_vpc(struct sb_ctx *ctx)
{
	struct sb_doc *doc = sb_doc_see(ctx, VPC_KIND, ctx->params[0]);
	const char *name = sb_get_str(ctx->body, "name");
	const char *description = sb_get_str(ctx->body, "description"), *wrong;

	if (!doc)
		return;
	wrong = what_is_wrong(ctx, name, description, doc);
	if (!name && strcmp(ctx->request->method, "PUT") == 0)
		wrong = "name is required";
	if (wrong) {
		sb_fail(ctx, 422, "%s", wrong);
		return;
	}
	if (name) {
		sb_set_str(doc->json, "name", name);
		doc->name = name;
	}
	if (description)
		sb_set_str(doc->json, "description", description);
	if (sb_get_bool(ctx->body, "default", false))
		become_default(ctx, doc);
	sb_doc_put(ctx, doc);
	sb_reply_root(ctx, 200, "vpc", view(ctx, doc));
}

static int64_t count_members(struct sb_ctx *ctx, const char *vpc)
{
	sqlite3_stmt *stmt = sb_sql(ctx,
		"SELECT count(*) FROM vpc_member WHERE vpc = ? AND (gone_ms = 0 OR gone_ms > ?)",
		"si", vpc, ctx->now_ms);
	int64_t n = 0;

	if (sb_sql_row(ctx, stmt)) {
		n = sqlite3_column_int64(stmt, 0);
		sb_sql_done(ctx, stmt);
	}
	return n;
}

static void delete_vpc(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, VPC_KIND, ctx->params[0]);

	if (!doc)
		return;
	if (strcmp(doc->alt, DEFAULT_ALT) == 0) {
		sb_fail(ctx, 403, "Default VPCs can not be deleted.");
	} else if (count_members(ctx, doc->id)) {
		sb_fail(ctx, 409, "Can not delete VPC with members");
	} else {
		sb_sql_run(ctx, "DELETE FROM vpc_member WHERE vpc = ?", "s", doc->id);
		sb_doc_delete(ctx, doc);
		sb_note_delete(ctx, "vpc", doc->id);
		sb_reply_empty(ctx, 204);
	}
}

static bool is_of_type(const char *urn, const char *type)
{
	size_t len = type ? strlen(type) : 0;

	return !type ||
		(strncmp(urn, "do:", 3) == 0 && strncmp(urn + 3, type, len) == 0 &&
			urn[3 + len] == ':');
}

static void list_members(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, VPC_KIND, ctx->params[0]);
	const char *type = sb_filter(ctx, "resource_type");
	cJSON *list;
	sqlite3_stmt *stmt;

	if (!doc)
		return;
	list = cJSON_CreateArray();
	stmt = sb_sql(ctx,
		"SELECT urn, name, created_ms FROM vpc_member WHERE vpc = ?"
		" AND (gone_ms = 0 OR gone_ms > ?) ORDER BY created_ms, urn",
		"si", doc->id, ctx->now_ms);
	while (sb_sql_row(ctx, stmt)) {
		cJSON *item;

		if (!is_of_type(sb_sql_text(ctx, stmt, 0), type))
			continue;
		item = cJSON_CreateObject();
		sb_set_str(item, "urn", sb_sql_text(ctx, stmt, 0));
		sb_set_str(item, "name", sb_sql_text(ctx, stmt, 1));
		sb_set_time(item, "created_at", sqlite3_column_int64(stmt, 2));
		cJSON_AddItemToArray(list, item);
	}
	sb_reply_array_page(ctx, "members", list);
}

const struct sb_route vpc_routes[] = {
	{ "GET", "/v2/vpcs", list_vpcs, 0 },
	{ "POST", "/v2/vpcs", create_vpc, 0 },
	{ "GET", "/v2/vpcs/{id}", get_vpc, 0 },
	{ "PUT", "/v2/vpcs/{id}", change_vpc, 0 },
	{ "PATCH", "/v2/vpcs/{id}", change_vpc, 0 },
	{ "DELETE", "/v2/vpcs/{id}", delete_vpc, 0 },
	{ "GET", "/v2/vpcs/{id}/members", list_members, 0 },
	{ 0 },
};
