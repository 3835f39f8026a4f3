#include "check_help.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <strings.h>

static const struct mok_field fields[] = {
	{ .name = "name",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.min = 1,
		.max = 255,
		.doc = "Name, unique in the account." },
	{ .name = "type",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.values = "custom|lets_encrypt",
		.dflt = "custom",
		.doc = "Your own, or one that DigitalOcean gets and renews." },
	{ .name = "dns_names",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_SET | MOK_F_REPLACES,
		.norm = "fqdn",
		.doc = "Of lets_encrypt: host names, in a zone that DigitalOcean serves." },
	{ .name = "private_key",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES | MOK_F_SENSITIVE | MOK_F_WRITE_ONLY,
		.doc = "Of custom: the key, PEM. It is never read back; it changes with the "
		       "leaf." },
	{ .name = "leaf_certificate",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES | MOK_F_WRITE_ONLY,
		.doc = "Of custom: the certificate, PEM. Compared by its fingerprint." },
	{ .name = "certificate_chain",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES | MOK_F_WRITE_ONLY,
		.doc = "Of custom: the chain, PEM. A change of the chain alone is not seen: use "
		       "--replace." },
	{ .name = "id",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "UUID; another one after each renewal." },
	{ .name = "state",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "State, such as verified." },
	{ .name = "not_after", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "When it ends." },
	{ .name = "sha1_fingerprint",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "SHA-1 of the certificate." },
	{ .name = "created_at",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "When it was made." },
	{ 0 },
};

/* Stands in for the leaf, which the API never gives back: `same` compares by it. */
#define FINGERPRINT "sha1 "

static void decoded(struct mok_arena *arena, const cJSON *api, struct mok_object *object)
{
	const char *sha1 = mok_json_str(api, "sha1_fingerprint");
	const char *type = mok_json_str(api, "type");

	if (sha1 && *sha1 && mok_streq(type, "custom"))
		mok_val_set(arena, &object->attrs, "leaf_certificate",
			mok_val_str(mok_arena_printf(arena, FINGERPRINT "%s", sha1)));
}

static bool fingerprint(const char *pem, char out[41])
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok = cert && X509_digest(cert, EVP_sha1(), sum, &len) == 1 && len == 20;

	if (ok)
		mok_hex(sum, 20, out);
	X509_free(cert);
	BIO_free(bio);
	return ok;
}

static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	char sha1[41];

	(void)object;
	(void)replaces;
	(void)why;
	if (!mok_streq(field->name, "leaf_certificate") || want->type != MOK_STR ||
		have->type != MOK_STR || !mok_starts(have->u.s, FINGERPRINT))
		return false;
	return fingerprint(want->u.s, sha1) &&
		strcasecmp(sha1, have->u.s + strlen(FINGERPRINT)) == 0;
}

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	static const char *const pems[] = { "private_key", "leaf_certificate",
		"certificate_chain" };
	const char *type = mok_val_get(want, "type") ? mok_want_str(want, "type") : "custom";

	if (!type)
		return;
	if (mok_streq(type, "lets_encrypt")) {
		for (size_t i = 0; i < MOK_COUNT(pems); i++)
			if (mok_val_get(want, pems[i]))
				mok_field_diag(diags, r, pems[i], "E0703",
					"a lets_encrypt certificate is made by DigitalOcean: only "
					"dns_names go with it");
		if (!mok_val_get(want, "dns_names"))
			mok_field_diag(diags, r, "type", "E0702",
				"a lets_encrypt certificate needs dns_names");
		return;
	}
	for (size_t i = 0; i < 2; i++)
		if (!mok_val_get(want, pems[i]))
			mok_field_diag(diags, r, NULL, "E0702",
				i == 0 ? "a custom certificate needs private_key"
				       : "a custom certificate needs leaf_certificate");
	if (mok_val_get(want, "dns_names"))
		mok_field_diag(diags, r, "dns_names", "E0703",
			"the names of a custom certificate are in its leaf");
}

const struct mok_kind mok_kind_certificate = {
	.name = "certificate",
	.summary = "a TLS certificate for load balancers and CDN endpoints",
	.provider = "digitalocean",
	.fields = fields,
	.flags = MOK_K_NAME_UNIQUE | MOK_K_GEN_NAME,
	.marking = MOK_MARK_FREE,
	.list_path = "/v2/certificates",
	.list_key = "certificates",
	.item_path = "/v2/certificates/{id}",
	.item_key = "certificate",
	.id_json = "id",
	.natural_key = "name",
	.name_field = "name",
	.name_max = 255,
	.name_pattern = ".+",
	.status_json = "state",
	.ready = "verified",
	.failed = "error",
	.typical_create_s = 60,
	.typical_delete_s = 5,
	.poll_s = 5,
	.settle_s = 30,
	.timeout_s = 1200,
	.destroy_rank = 55,
	.example = "cdn_cert:\n  kind: certificate\n  type: lets_encrypt\n"
		   "  dns_names: [ files.example.com ]\n",
	.notes = "Its id changes at each renewal: mok knows it by its name. Anything new makes "
		 "another certificate called NAME-g2, re-points what uses it, then deletes the old "
		 "one.",
	.check = check,
	.decoded = decoded,
	.same = same,
};
