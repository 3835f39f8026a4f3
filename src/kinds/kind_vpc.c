#include "check_help.h"

#include <string.h>

static const struct mok_field fields[] = {
	{ .name = "name",
		.type = MOK_STR,
		.pattern = "[A-Za-z0-9.-]+",
		.min = 1,
		.max = 255,
		.doc = "Name, unique in the account." },
	{ .name = "region",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.values = "@regions",
		.norm = "lower",
		.doc = "Region that the network is in." },
	{ .name = "ip_range",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = CIDR_PATTERN,
		.dflt = "chosen by DigitalOcean",
		.doc = "Private range, /16 to /28, that overlaps no other network of the "
		       "account." },
	{ .name = "description",
		.type = MOK_STR,
		.max = DESCRIPTION_MAX,
		.dflt = "",
		.doc = "Free text; mok keeps its marker behind it." },
	{ .name = "default",
		.type = MOK_BOOL,
		.flags = MOK_F_NOT_AT_CREATE,
		.doc = "Makes it the region's default network; another one has to become it before "
		       "this ends." },
	{ .name = "id", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "UUID." },
	{ .name = "urn",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "Uniform resource name." },
	{ .name = "created_at",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "When it was made." },
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "update", .method = "PATCH", .path = "/v2/vpcs/{id}", .typical_s = 1 },
	{ 0 },
};

static void decoded(struct mok_arena *arena, const cJSON *api, struct mok_object *object)
{
	(void)arena;
	object->is_default = mok_json_bool(api, "default", false);
}

/* A default network cannot be made an ordinary one: that is done by promoting another. */
static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	(void)object;
	(void)replaces;
	if (!mok_streq(field->name, "default") || want->type != MOK_BOOL || want->u.b)
		return false;
	if (have->type == MOK_BOOL && have->u.b)
		*why = "a default network stays so until another becomes it";
	return true;
}

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	const char *range = mok_want_str(want, "ip_range");
	const char *slash = range ? strchr(range, '/') : NULL;
	int64_t bits;

	if (slash && (!mok_parse_i64(slash + 1, &bits) || bits < 16 || bits > 28))
		mok_field_diag(diags, r, "ip_range", "E0704",
			"the range of a network is between /16 and /28");
}

const struct mok_kind mok_kind_vpc = {
	.name = "vpc",
	.summary = "a private network",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_DESTROY_FIRST,
	.marking = MOK_MARK_DESCRIPTION,
	.list_path = "/v2/vpcs",
	.list_key = "vpcs",
	.item_path = "/v2/vpcs/{id}",
	.item_key = "vpc",
	.id_json = "id",
	.urn = "do:vpc:",
	.natural_key = "name",
	.exclusive_field = "ip_range",
	.name_field = "name",
	.name_max = 255,
	.name_pattern = "[A-Za-z0-9.-]+",
	.typical_create_s = 2,
	.typical_delete_s = 60,
	.poll_s = 5,
	.settle_s = 30,
	.timeout_s = 1200,
	.destroy_rank = 90,
	.example = "network:\n  kind: vpc\n  region: ams3\n  ip_range: 10.20.0.0/20\n",
	.notes =
		"Members (clusters, databases) leave it minutes after they are deleted; mok waits "
		"for that. Two networks made at the same time without `ip_range` may get the same "
		"one, so write it. The first network of a region becomes its default, which cannot "
		"be deleted: mok then takes its marker off, says so and goes on.",
	.check = check,
	.decoded = decoded,
	.same = same,
};
