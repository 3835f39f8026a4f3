#include "check_help.h"

static const struct mok_field fields[] = {
	{ .name = "origin",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.norm = "fqdn",
		.doc = "Host name of the bucket, such as ${media.bucket_domain_name}." },
	{ .name = "ttl",
		.type = MOK_INT,
		.values = "60|600|3600|86400|604800",
		.dflt = "3600",
		.doc = "Seconds that a copy is kept." },
	{ .name = "custom_domain",
		.type = MOK_STR,
		.norm = "fqdn",
		.max = 253,
		.dflt = "",
		.doc = "Host name of your own; needs certificate_id." },
	{ .name = "certificate_id",
		.type = MOK_STR,
		.norm = "lower",
		.dflt = "",
		.doc = "Certificate for it; needs-cloudflare-cert lets DigitalOcean make one." },
	{ .name = "id", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "UUID." },
	{ .name = "endpoint",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "Host name that serves the copies." },
	{ .name = "created_at",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "When it was made." },
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "update",
		.method = "PUT",
		.path = "/v2/cdn/endpoints/{id}",
		.with = "ttl custom_domain certificate_id",
		.typical_s = 2 },
	{ 0 },
};

static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	(void)object;
	(void)replaces;
	if (!mok_streq(field->name, "certificate_id") || want->type != MOK_STR ||
		!mok_streq(want->u.s, "needs-cloudflare-cert"))
		return false;
	*why = "DigitalOcean made the certificate";
	return have->type == MOK_STR && have->u.s[0];
}

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	const struct mok_val *domain = mok_val_get(want, "custom_domain");
	const struct mok_val *certificate = mok_val_get(want, "certificate_id");
	bool has_domain = domain && !(domain->type == MOK_STR && !domain->u.s[0]);
	bool has_certificate =
		certificate && !(certificate->type == MOK_STR && !certificate->u.s[0]);

	if (has_domain && !has_certificate)
		mok_field_diag(
			diags, r, "custom_domain", "E0702", "custom_domain needs certificate_id");
	if (has_certificate && !has_domain)
		mok_field_diag(
			diags, r, "certificate_id", "E0702", "certificate_id needs custom_domain");
}

const struct mok_kind mok_kind_cdn = {
	.name = "cdn",
	.summary = "a CDN endpoint in front of a bucket",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_DESTROY_FIRST,
	.marking = MOK_MARK_FREE,
	.list_path = "/v2/cdn/endpoints",
	.list_key = "endpoints",
	.item_path = "/v2/cdn/endpoints/{id}",
	.item_key = "endpoint",
	.id_json = "id",
	.natural_key = "origin",
	.typical_create_s = 5,
	.typical_delete_s = 5,
	.poll_s = 10,
	.settle_s = 30,
	.timeout_s = 600,
	.destroy_rank = 50,
	.example = "media_cdn:\n  kind: cdn\n  origin: ${media.bucket_domain_name}\n  ttl: 3600\n",
	.notes = "A bucket has one endpoint. DigitalOcean allows five of these requests in ten "
		 "seconds, which mok keeps to.",
	.check = check,
	.same = same,
};
