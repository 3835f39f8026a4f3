#include "check_help.h"

#include <string.h>
#include <strings.h>

static const struct mok_field fields[] = {
	{ .name = "domain",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.norm = "fqdn",
		.doc = "The zone, by name." },
	{ .name = "type",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.values = "A|AAAA|CAA|CNAME|MX|NS|SOA|SRV|TXT",
		.doc = "Type of record." },
	{ .name = "name",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.norm = "lower",
		.min = 1,
		.max = 253,
		.doc = "Name below the zone; @ is the zone itself." },
	{ .name = "data",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.norm = "record_data",
		.min = 1,
		.max = 4096,
		.doc = "Address, host name or text. Host names are written out in full; the final "
		       "dot may be left out." },
	{ .name = "ttl",
		.type = MOK_INT,
		.min = 30,
		.max = 2147483647,
		.dflt = "1800",
		.doc = "Seconds in caches. Records of one name and type share one TTL." },
	{ .name = "priority",
		.type = MOK_INT,
		.max = 65535,
		.doc = "Of MX and SRV: lower is asked first." },
	{ .name = "port", .type = MOK_INT, .max = 65535, .doc = "Of SRV." },
	{ .name = "weight", .type = MOK_INT, .max = 65535, .doc = "Of SRV." },
	{ .name = "flags", .type = MOK_INT, .max = 255, .doc = "Of CAA: 0, or 128 for critical." },
	{ .name = "tag", .type = MOK_STR, .values = "issue|issuewild|iodef", .doc = "Of CAA." },
	{ .name = "id", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "Number." },
	{ .name = "fqdn",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "The name in full, without a final dot." },
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "update",
		.method = "PATCH",
		.path = "/v2/domains/{parent}/records/{id}",
		.with = "type",
		.typical_s = 1 },
	{ 0 },
};

static bool takes_host(const char *type)
{
	static const char *const types[] = { "CAA", "CNAME", "MX", "NS", "SRV" };

	for (size_t i = 0; i < MOK_COUNT(types); i++)
		if (mok_streq(type, types[i]))
			return true;
	return false;
}

/* The API takes a host name only in full, with its final dot, and answers without it. */
static int body(const struct mok_ask *ask, cJSON *json, struct mok_err *err)
{
	const char *type = mok_json_str(json, "type");
	const char *data = mok_json_str(json, "data");
	const char *tag = mok_json_str(json, "tag");
	struct mok_buf full;

	(void)ask;
	(void)err;
	if (!data || !takes_host(type) || mok_streq(data, "@") || mok_ends(data, ".") ||
		mok_streq(tag, "iodef") || strchr(data, ';'))
		return 0;
	mok_buf_init(&full, 8192);
	mok_buf_printf(&full, "%s.", data);
	cJSON_ReplaceItemInObjectCaseSensitive(json, "data", cJSON_CreateString(full.data));
	mok_buf_release(&full);
	return 0;
}

static void decoded(struct mok_arena *arena, const cJSON *api, struct mok_object *object)
{
	const char *name = mok_val_get_str(&object->attrs, "name");
	const char *zone = object->parent_id;

	(void)api;
	if (!name || !zone)
		return;
	mok_val_set(arena, &object->attrs, "fqdn",
		mok_val_str(mok_streq(name, "@") ? zone
						 : mok_arena_printf(arena, "%s.%s", name, zone)));
}

static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	(void)replaces;
	(void)why;
	/* Host names are compared without case, texts are not. */
	if (!mok_streq(field->name, "data") || want->type != MOK_STR || have->type != MOK_STR)
		return false;
	return takes_host(mok_val_get_str(&object->attrs, "type")) &&
		strcasecmp(want->u.s, have->u.s) == 0;
}

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	static const struct {
		const char *type, *field, *message;
	} needs[] = {
		{ "MX", "priority", "an MX record needs a priority" },
		{ "SRV", "priority", "an SRV record needs a priority" },
		{ "SRV", "port", "an SRV record needs a port" },
		{ "SRV", "weight", "an SRV record needs a weight" },
		{ "CAA", "flags", "a CAA record needs flags" },
		{ "CAA", "tag", "a CAA record needs a tag" },
	};
	const char *type = mok_want_str(want, "type");

	for (size_t i = 0; i < MOK_COUNT(needs); i++)
		if (mok_streq(type, needs[i].type) && !mok_val_get(want, needs[i].field))
			mok_field_diag(diags, r, "type", "E0702", needs[i].message);
	if (mok_streq(type, "SOA"))
		mok_field_diag(diags, r, "type", "E0703",
			"DigitalOcean makes a zone's SOA record itself; none can be added");
}

const struct mok_kind mok_kind_record = {
	.name = "record",
	.summary = "a DNS record",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_DIES_WITH_PARENT,
	.marking = MOK_MARK_FREE,
	.list_path = "/v2/domains/{parent}/records",
	.list_key = "domain_records",
	.item_path = "/v2/domains/{parent}/records/{id}",
	.item_key = "domain_record",
	.parent = "domain",
	.parent_field = "domain",
	.id_json = "id",
	.natural_key = "type name data port priority weight flags tag",
	.typical_create_s = 1,
	.typical_delete_s = 1,
	.poll_s = 2,
	.settle_s = 30,
	.timeout_s = 120,
	.destroy_rank = 5,
	.example = "www:\n  kind: record\n  domain: ${zone.name}\n  type: CNAME\n  name: www\n"
		   "  data: example.com\n",
	.notes = "DigitalOcean accepts the same record twice; mok looks before it adds one and "
		 "after "
		 "every doubt. Records of one name and type are given one TTL by DigitalOcean, so "
		 "write the same one for all of them.",
	.check = check,
	.decoded = decoded,
	.body = body,
	.same = same,
};
