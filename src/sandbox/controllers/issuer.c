/* Issuers and ClusterIssuers: an ACME account is registered, its key kept in a Secret. */
#include "cert_manager.h"
#include "pods.h"

#include <string.h>

bool sb_cert_manager_find(struct sb_kube *k, struct sb_cert_manager *out)
{
	const cJSON *one, *config;

	cJSON_ArrayForEach(one, sb_ctl_list(k, "/apis/apps/v1/deployments"))
	{
		const char *image = sb_ctl_str(one, "spec.template.spec.containers.0.image");
		const char *text;

		if (!strstr(image, "cert-manager-controller") ||
			mok_json_int(one, "status.availableReplicas", 0) < 1)
			continue;
		out->ns = sb_ctl_str(one, "metadata.namespace");
		config = sb_ctl_get(k,
			mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/configmaps/%s",
				out->ns, sb_ctl_str(one, "metadata.name")));
		text = sb_get_str(mok_json_at(config, "data"), "config.yaml");
		out->gateways = text && strstr(text, "enableGatewayAPI: true");
		return true;
	}
	return false;
}

/* ---- accounts ---- */

static void keep_key(struct sb_kube *k, const char *ns, const char *name)
{
	const char *list = mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/secrets", ns);
	cJSON *secret, *meta;

	if (sb_ctl_get(k, mok_arena_printf(k->ctx->arena, "%s/%s", list, name)))
		return;
	secret = cJSON_CreateObject();
	meta = cJSON_AddObjectToObject(secret, "metadata");
	sb_set_str(meta, "name", name);
	sb_set_str(mok_json_object(meta, "labels"), "controller.cert-manager.io/fao", "true");
	sb_set_str(secret, "type", "Opaque");
	sb_set_str(mok_json_object(secret, "stringData"), "tls.key", sb_account_key(k->ctx));
	sb_ctl_write(k, "cert-manager-issuers", "POST", list, secret);
}

static void register_account(struct sb_kube *k, const cJSON *issuer, cJSON *status)
{
	const char *server = sb_ctl_str(issuer, "spec.acme.server");
	const char *host = strstr(server, "://"), *uri;
	size_t len = host ? (size_t)(host + 3 - server) + strcspn(host + 3, "/") : strlen(server);
	const char *old = mok_json_str(issuer, "status.acme.uri");
	cJSON *acme = mok_json_object(status, "acme");

	uri = mok_arena_printf(k->ctx->arena, "%.*s/acme/acct/%lld", (int)len, server,
		(long long)sb_random_between(k->ctx, 1000000000, 1999999999));
	sb_set_str(acme, "uri", old ? old : uri);
	sb_set_str(acme, "lastRegisteredEmail", sb_ctl_str(issuer, "spec.acme.email"));
}

/* NULL: it may. */
static const char *ca_missing(struct sb_kube *k, const cJSON *issuer, const char *ns)
{
	const char *name = mok_json_str(issuer, "spec.ca.secretName");

	if (!name ||
		sb_ctl_get(k,
			mok_arena_printf(
				k->ctx->arena, "/api/v1/namespaces/%s/secrets/%s", ns, name)))
		return NULL;
	return mok_arena_printf(k->ctx->arena,
		"Error getting keypair for CA issuer: secrets \"%s\" not found", name);
}

static struct sb_condition verdict(struct sb_kube *k, const cJSON *issuer, const char *ns)
{
	const char *wrong = ca_missing(k, issuer, ns);

	if (wrong)
		return (struct sb_condition){ "Ready", "False", "ErrGetKeyPair", wrong };
	if (mok_json_at(issuer, "spec.acme"))
		return (struct sb_condition){ "Ready", "True", "ACMEAccountRegistered",
			"The ACME account was registered with the ACME server" };
	if (mok_json_at(issuer, "spec.ca"))
		return (struct sb_condition){ "Ready", "True", "KeyPairVerified",
			"Signing CA verified" };
	return (struct sb_condition){ "Ready", "True", "IsReady", "" };
}

static void serve(struct sb_kube *k, const cJSON *issuer, const char *plural)
{
	const char *key = mok_json_str(issuer, "spec.acme.privateKeySecretRef.name");
	const char *ns = sb_ctl_str(issuer, "metadata.namespace");
	struct sb_cert_manager manager;
	struct sb_condition ready;
	cJSON *status, *one;

	if (!sb_cert_manager_find(k, &manager))
		return;
	ns = *ns ? ns : manager.ns;
	ready = verdict(k, issuer, ns);
	if (key)
		keep_key(k, ns, key);
	status = cJSON_CreateObject();
	if (mok_json_at(issuer, "spec.acme"))
		register_account(k, issuer, status);
	one = sb_condition(k, issuer, &ready);
	sb_set_int(one, "observedGeneration", mok_json_int(issuer, "metadata.generation", 1));
	cJSON_AddItemToArray(cJSON_AddArrayToObject(status, "conditions"), one);
	sb_ctl_status(k, "cert-manager-issuers", issuer, plural, status);
}

static void reconcile_issuer(struct sb_kube *k, const cJSON *issuer)
{
	serve(k, issuer, "issuers");
	/* cert-manager may come later, and to another namespace. */
	if (!sb_ctl_condition(issuer, "Ready"))
		sb_ctl_again(k,
			sb_ctl_patiently(k, sb_ctl_ms(issuer, "metadata.creationTimestamp"),
				10L * SB_SECOND_MS));
}

static void reconcile_cluster_issuer(struct sb_kube *k, const cJSON *issuer)
{
	serve(k, issuer, "clusterissuers");
}

const struct sb_controller sb_ctl_issuer = {
	"cert-manager.io",
	"issuers",
	reconcile_issuer,
	" secrets ",
	NULL,
};

const struct sb_controller sb_ctl_cluster_issuer = {
	"cert-manager.io",
	"clusterissuers",
	reconcile_cluster_issuer,
	" deployments.apps secrets ",
	NULL,
};
