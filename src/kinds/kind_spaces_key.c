#include "check_help.h"

#include <string.h>

static const struct mok_field grant_fields[] = {
	{ .name = "bucket",
		.type = MOK_STR,
		.dflt = "",
		.doc = "The bucket; empty with fullaccess, which covers all." },
	{ .name = "permission",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = "read|readwrite|fullaccess",
		.doc = "What the key may do." },
	{ 0 },
};

static const struct mok_field fields[] = {
	{ .name = "name", .type = MOK_STR, .min = 1, .max = 255, .doc = "Name, for people." },
	{ .name = "grants",
		.type = MOK_LIST,
		.item = MOK_MAP,
		.flags = MOK_F_SET | MOK_F_REPLACES,
		.sub = grant_fields,
		.dflt = "[]",
		.doc = "What it opens. A change makes a new key, passes it on, then deletes the "
		       "old one." },
	{ .name = "id",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.json = "access_key",
		.doc = "The same as access_key." },
	{ .name = "access_key", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "Access key id." },
	{ .name = "secret_key",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED | MOK_F_SENSITIVE,
		.doc = "The secret; DigitalOcean shows it once, at creation." },
	{ .name = "created_at",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "When it was made." },
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "update", .method = "PATCH", .path = "/v2/spaces/keys/{id}", .typical_s = 1 },
	{ 0 },
};

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	const struct mok_val *grants = mok_val_get(want, "grants");
	bool full = false;

	if (!grants || grants->type != MOK_LIST)
		return;
	for (size_t i = 0; i < grants->u.list.len; i++) {
		const struct mok_val *grant = &grants->u.list.items[i];
		const struct mok_val *bucket = mok_val_get(grant, "bucket");
		const char *permission = mok_want_str(grant, "permission");
		bool none = !bucket || (bucket->type == MOK_STR && bucket->u.s[0] == '\0');
		bool all = mok_streq(permission, "fullaccess");

		full |= all;
		if (all && !none)
			mok_field_diag(diags, r, "grants", "E0701",
				"fullaccess is for all buckets: no bucket goes with it");
		if (permission && !all && none)
			mok_field_diag(diags, r, "grants", "E0702",
				"a grant of read or readwrite needs a bucket");
	}
	if (full && grants->u.list.len > 1)
		mok_field_diag(diags, r, "grants", "E0701",
			"fullaccess cannot be mixed with other grants");
}

const struct mok_kind mok_kind_spaces_key = {
	.name = "spaces_key",
	.summary = "a key for Spaces buckets",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_GEN_NAME | MOK_K_SECRET_ONCE,
	.marking = MOK_MARK_FREE,
	.list_path = "/v2/spaces/keys",
	.list_key = "keys",
	.item_path = "/v2/spaces/keys/{id}",
	.item_key = "key",
	.id_json = "access_key",
	.natural_key = "name",
	.name_field = "name",
	.name_max = 255,
	.name_pattern = ".+",
	.typical_create_s = 2,
	.typical_delete_s = 2,
	.poll_s = 5,
	.settle_s = 30,
	.timeout_s = 300,
	.destroy_rank = 60,
	.example = "media_key:\n  kind: spaces_key\n"
		   "  grants: [ { bucket: \"${media.name}\", permission: readwrite } ]\n",
	.notes = "The secret exists in the run that makes the key, and in the stack's escrow if it "
		 "has one. Afterwards it is unknown; `--replace` makes a new key.",
	.check = check,
};
