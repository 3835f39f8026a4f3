#include "check_help.h"

#include <string.h>

static const struct mok_field cors_fields[] = {
	{ .name = "id", .type = MOK_STR, .max = 255, .doc = "Name of the rule." },
	{ .name = "allowed_methods",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_SET,
		.values = "GET|PUT|POST|DELETE|HEAD",
		.doc = "Methods that pages may use." },
	{ .name = "allowed_origins",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_SET,
		.doc = "Origins such as https://social.example, or *." },
	{ .name = "allowed_headers",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_SET,
		.dflt = "[]",
		.doc = "Request headers that pages may send; at most one * in each." },
	{ .name = "expose_headers",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_SET,
		.dflt = "[]",
		.doc = "Response headers that pages may read." },
	{ .name = "max_age_seconds",
		.type = MOK_INT,
		.max = 1 << 30,
		.doc = "How long browsers keep the answer." },
	{ 0 },
};

static const struct mok_field expiration_fields[] = {
	{ .name = "days", .type = MOK_INT, .min = 1, .max = 1 << 30, .doc = "Age in days." },
	{ .name = "date",
		.type = MOK_STR,
		.pattern = "[0-9]{4}-[0-9]{2}-[0-9]{2}",
		.norm = "date",
		.doc = "Day from which on, such as 2027-01-31." },
	{ .name = "expired_object_delete_marker",
		.type = MOK_BOOL,
		.doc = "Delete markers without versions behind them go." },
	{ 0 },
};

static const struct mok_field lifecycle_fields[] = {
	{ .name = "id",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.min = 1,
		.max = 255,
		.doc = "Name of the rule, unique in the bucket." },
	{ .name = "enabled",
		.type = MOK_BOOL,
		.flags = MOK_F_REQUIRED,
		.doc = "Whether it is in force." },
	{ .name = "prefix", .type = MOK_STR, .dflt = "", .doc = "Only for keys that begin so." },
	{ .name = "expiration",
		.type = MOK_MAP,
		.sub = expiration_fields,
		.doc = "When objects go: exactly one of its fields." },
	{ .name = "noncurrent_version_expiration_days",
		.type = MOK_INT,
		.min = 1,
		.max = 1 << 30,
		.doc = "Days after which older versions go." },
	{ .name = "abort_incomplete_multipart_upload_days",
		.type = MOK_INT,
		.min = 1,
		.max = 1 << 30,
		.doc = "Days after which unfinished uploads go." },
	{ 0 },
};

static const struct mok_field logging_fields[] = {
	{ .name = "target_bucket",
		.type = MOK_STR,
		.dflt = "",
		.doc = "Another bucket of the region, or empty for no logging." },
	{ .name = "target_prefix", .type = MOK_STR, .dflt = "", .doc = "Before each log's key." },
	{ 0 },
};

static const struct mok_field fields[] = {
	{ .name = "name",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES | MOK_F_RISKY,
		.pattern = "[a-z0-9][a-z0-9-]*[a-z0-9]",
		.min = 3,
		.max = 63,
		.doc = "Name, shared by all of DigitalOcean's customers." },
	{ .name = "region",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES | MOK_F_RISKY,
		.values = "ams3|atl1|blr1|fra1|lon1|nyc3|sfo2|sfo3|sgp1|syd1|tor1",
		.norm = "lower",
		.doc = "Region that holds the objects." },
	{ .name = "acl",
		.type = MOK_STR,
		.flags = MOK_F_NOT_AT_CREATE,
		.values = "private|public-read",
		.call = "acl",
		.dflt = "private",
		.doc = "Who may list it; objects have access rules of their own." },
	{ .name = "cors_rules",
		.type = MOK_LIST,
		.item = MOK_MAP,
		.flags = MOK_F_NOT_AT_CREATE,
		.sub = cors_fields,
		.max = 100,
		.call = "cors",
		.dflt = "[]",
		.doc = "What pages of other origins may do; an empty list takes all rules away." },
	{ .name = "lifecycle_rules",
		.type = MOK_LIST,
		.item = MOK_MAP,
		.flags = MOK_F_NOT_AT_CREATE | MOK_F_SET,
		.sub = lifecycle_fields,
		.max = 100,
		.call = "lifecycle",
		.dflt = "[]",
		.doc = "What goes by itself; an empty list takes all rules away." },
	{ .name = "versioning",
		.type = MOK_BOOL,
		.flags = MOK_F_NOT_AT_CREATE,
		.call = "versioning",
		.dflt = "false",
		.doc = "Older versions are kept. Once on it can be suspended, not undone." },
	{ .name = "policy",
		.type = MOK_STR,
		.flags = MOK_F_NOT_AT_CREATE,
		.norm = "json",
		.call = "policy",
		.dflt = "",
		.doc = "Bucket policy as JSON text; an empty text takes it away. A Deny can lock "
		       "you "
		       "out." },
	{ .name = "logging",
		.type = MOK_MAP,
		.flags = MOK_F_NOT_AT_CREATE | MOK_F_MERGE,
		.sub = logging_fields,
		.call = "logging",
		.doc = "Where access logs go." },
	{ .name = "force_destroy",
		.type = MOK_BOOL,
		.flags = MOK_F_LOCAL | MOK_F_CREATE_ONLY,
		.dflt = "false",
		.doc = "Lets mok delete the bucket with all that is in it." },
	{ .name = "urn",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "Uniform resource name." },
	{ .name = "bucket_domain_name",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "Host name of the bucket." },
	{ .name = "endpoint",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "Host name of the region's Spaces." },
	{ .name = "created_at",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "When it was made." },
	{ 0 },
};

#define SUBRESOURCE(sub) \
	{ \
		.name = sub, .method = "PUT", .path = "/{name}", .typical_s = 1 \
	}

/* Each is a sub-resource of the bucket: "?acl", "?cors" ... */
static const struct mok_call calls[] = {
	SUBRESOURCE("acl"),
	SUBRESOURCE("cors"),
	SUBRESOURCE("lifecycle"),
	SUBRESOURCE("versioning"),
	SUBRESOURCE("policy"),
	SUBRESOURCE("logging"),
	{ 0 },
};

static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	const char *target = mok_want_str(&object->attrs, "logging.target_bucket");

	(void)have;
	(void)replaces;
	/* Without a target the prefix is nowhere kept. */
	if (mok_streq(field->name, "target_prefix"))
		return !target || !*target;
	if (mok_streq(field->name, "versioning") && want->type == MOK_BOOL && !want->u.b)
		*why = "versions that exist stay; new ones are no longer kept";
	return false;
}

static void check_lifecycle(
	const struct mok_resource *r, const struct mok_val *rule, struct mok_diags *diags)
{
	const struct mok_val *expiration = mok_val_get(rule, "expiration");
	size_t n = expiration && expiration->type == MOK_MAP ? expiration->u.map.len : 1;

	if (n != 1)
		mok_field_diag(diags, r, "lifecycle_rules", "E0701",
			"expiration has exactly one of days, date and "
			"expired_object_delete_marker");
	if (!expiration && !mok_val_get(rule, "noncurrent_version_expiration_days") &&
		!mok_val_get(rule, "abort_incomplete_multipart_upload_days"))
		mok_field_diag(diags, r, "lifecycle_rules", "E0702",
			"a lifecycle rule needs something that expires");
}

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	const struct mok_val *rules = mok_val_get(want, "lifecycle_rules");
	const char *policy = mok_want_str(want, "policy");
	const char *target = mok_want_str(want, "logging.target_bucket");
	cJSON *json;

	for (size_t i = 0; rules && rules->type == MOK_LIST && i < rules->u.list.len; i++)
		check_lifecycle(r, &rules->u.list.items[i], diags);
	if (policy && *policy) {
		json = mok_json_parse(policy, strlen(policy));
		if (!cJSON_IsObject(json))
			mok_field_diag(diags, r, "policy", "E0704", "policy is not a JSON object");
		cJSON_Delete(json);
	}
	if (target && *target && mok_streq(target, mok_want_str(want, "name")))
		mok_field_diag(
			diags, r, "logging", "E0704", "a bucket cannot keep its own access logs");
}

static struct mok_price price(const struct mok_val *attrs, const struct mok_catalogue *catalogue)
{
	(void)attrs;
	(void)catalogue;
	/* The subscription is the account's, not a bucket's. */
	return (struct mok_price){ .unpriced = true };
}

const struct mok_kind mok_kind_spaces_bucket = {
	.name = "spaces_bucket",
	.summary = "a bucket of Spaces, the object storage",
	.provider = "spaces",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_HOLDS_DATA | MOK_K_ASSIGNABLE | MOK_K_PER_REGION |
		MOK_K_WORLD_NAME | MOK_K_PARTS | MOK_K_CONTAINS,
	.marking = MOK_MARK_FREE,
	.list_path = "/",
	.item_path = "/{name}",
	.urn = "do:space:",
	.natural_key = "name",
	.name_field = "name",
	.name_max = 63,
	.name_pattern = "[a-z0-9][a-z0-9-]*[a-z0-9]",
	.typical_create_s = 3,
	.typical_delete_s = 3,
	.poll_s = 5,
	.settle_s = 60,
	.timeout_s = 900,
	.destroy_rank = 70,
	.example = "media:\n  kind: spaces_bucket\n  region: ams3\n  acl: private\n"
		   "  cors_rules:\n    - allowed_methods: [GET, HEAD]\n"
		   "      allowed_origins: [\"https://social.example\"]\n",
	.notes =
		"Needs SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY. A default name ends with "
		"six hex digits of the account's UUID. A bucket that is not empty is deleted only "
		"with `force_destroy: true`, and then with every version in it. Settings that the "
		"file does not mention are left alone.",
	.check = check,
	.price = price,
	.same = same,
};
