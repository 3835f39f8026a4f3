#include "check_help.h"

static const struct mok_field fields[] = {
	{ .name = "name",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = "[A-Za-z0-9_:-]+",
		.norm = "lower",
		.min = 1,
		.max = 255,
		.doc = "The tag." },
	{ .name = "resources",
		.type = MOK_MAP,
		.flags = MOK_F_COMPUTED,
		.sub =
			(const struct mok_field[]){
				{ .name = "count",
					.type = MOK_INT,
					.flags = MOK_F_COMPUTED,
					.doc = "How many things carry it." },
				{ 0 },
			},
		.doc = "What carries the tag." },
	{ 0 },
};

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	const char *name = mok_want_str(want, "name");

	if (mok_starts(name ? name : "", "mok:") || mok_starts(name ? name : "", "k8s:"))
		mok_field_diag(diags, r, "name", "E0705",
			"tags that begin with mok: or k8s: belong to mok and to Kubernetes");
}

const struct mok_kind mok_kind_tag = {
	.name = "tag",
	.summary = "a tag, whatever may carry it later",
	.provider = "digitalocean",
	.fields = fields,
	.marking = MOK_MARK_FREE,
	.list_path = "/v2/tags",
	.list_key = "tags",
	.item_path = "/v2/tags/{id}",
	.item_key = "tag",
	.id_json = "name",
	.natural_key = "name",
	.name_field = "name",
	.name_max = 255,
	.name_pattern = "[A-Za-z0-9_:-]+",
	.typical_create_s = 1,
	.typical_delete_s = 1,
	.poll_s = 2,
	.settle_s = 30,
	.timeout_s = 120,
	.destroy_rank = 95,
	.example = "backend:\n  kind: tag\n  name: backend\n",
	.notes = "Making a tag that exists succeeds, and deleting one takes it off everything in "
		 "the "
		 "account: mok deletes a tag only if it made it and nothing carries it any more.",
	.check = check,
};
