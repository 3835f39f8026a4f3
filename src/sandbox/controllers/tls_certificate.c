/*
 * Certificates: issued by the sandbox's CA for whatever issuer, after the time that ACME takes and
 * once nothing hinders its challenges; until then the condition and an event say what does.
 */
#include "cert_manager.h"
#include "pods.h"

#include <string.h>

#define AGENT "cert-manager-certificates-issuing"

enum { DNS_MS = 75 * SB_SECOND_MS, HTTP_MS = 25 * SB_SECOND_MS, LOOK_MS = 10 * SB_SECOND_MS };

static const int64_t DAY_MS = 24L * SB_HOUR_MS;

const cJSON *sb_issuer_of(struct sb_kube *k, const cJSON *certificate)
{
	const char *name = sb_ctl_str(certificate, "spec.issuerRef.name");
	const char *ns = sb_ctl_str(certificate, "metadata.namespace");

	if (strcmp(sb_ctl_str(certificate, "spec.issuerRef.kind"), "ClusterIssuer") == 0)
		return sb_ctl_get(
			k, mok_arena_printf(k->ctx->arena, SB_CERT_API "/clusterissuers/%s", name));
	return sb_ctl_get(k,
		mok_arena_printf(k->ctx->arena, SB_CERT_API "/namespaces/%s/issuers/%s", ns, name));
}

/* ---- the Secret ---- */

static const char *secret_path(struct sb_kube *k, const cJSON *certificate)
{
	return mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/secrets/%s",
		sb_ctl_str(certificate, "metadata.namespace"),
		sb_ctl_str(certificate, "spec.secretName"));
}

static const char *joined(struct sb_kube *k, const cJSON *names)
{
	const char *all = "";
	const cJSON *name;

	cJSON_ArrayForEach(name, names) all =
		mok_arena_printf(k->ctx->arena, "%s%s%s", all, *all ? "," : "", name->valuestring);
	return all;
}

static const char *first_name(const cJSON *certificate)
{
	const char *common = mok_json_str(certificate, "spec.commonName");
	const char *dns = mok_json_str(certificate, "spec.dnsNames.0");

	return common ? common : dns ? dns : "";
}

static cJSON *secret_object(
	struct sb_kube *k, const cJSON *certificate, const char *cert, const char *key)
{
	const cJSON *names = mok_json_at(certificate, "spec.dnsNames");
	cJSON *secret = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(secret, "metadata");
	cJSON *notes = mok_json_object(meta, "annotations"), *data;

	sb_set_str(secret, "apiVersion", "v1");
	sb_set_str(secret, "kind", "Secret");
	sb_set_str(meta, "name", sb_ctl_str(certificate, "spec.secretName"));
	sb_set_str(mok_json_object(meta, "labels"), "controller.cert-manager.io/fao", "true");
	sb_set_str(notes, "cert-manager.io/certificate-name",
		sb_ctl_str(certificate, "metadata.name"));
	sb_set_str(notes, "cert-manager.io/issuer-name",
		sb_ctl_str(certificate, "spec.issuerRef.name"));
	sb_set_str(notes, "cert-manager.io/issuer-kind",
		sb_ctl_str(certificate, "spec.issuerRef.kind"));
	sb_set_str(notes, "cert-manager.io/issuer-group", "cert-manager.io");
	sb_set_str(notes, "cert-manager.io/common-name", first_name(certificate));
	sb_set_str(notes, "cert-manager.io/alt-names", joined(k, names));
	sb_set_str(secret, "type", "kubernetes.io/tls");
	data = mok_json_object(secret, "data");
	sb_set_str(data, "tls.crt", mok_base64(k->ctx->arena, cert, strlen(cert)));
	sb_set_str(data, "tls.key", mok_base64(k->ctx->arena, key, strlen(key)));
	return secret;
}

static void issue(struct sb_kube *k, const cJSON *certificate)
{
	const struct sb_leaf want = { first_name(certificate), sb_random_word(k->ctx, 32, NULL),
		mok_json_at(certificate, "spec.dnsNames"), k->ctx->now_ms - SB_HOUR_MS,
		k->ctx->now_ms + 90 * DAY_MS };
	const char *cert, *key;

	sb_ca_issue(k->ctx, &want, &cert, &key);
	sb_ctl_write(k, AGENT, "APPLY",
		mok_arena_printf(k->ctx->arena, "%s?fieldManager=" AGENT "&force=true",
			secret_path(k, certificate)),
		secret_object(k, certificate, cert, key));
	sb_ctl_tell(k, certificate, &(struct sb_ctl_event){ AGENT, "Normal", "Issuing", NULL },
		"The certificate has been successfully issued");
}

/* Is there a pair for the same names? */
static bool is_issued(struct sb_kube *k, const cJSON *certificate)
{
	const cJSON *secret = sb_ctl_get(k, secret_path(k, certificate));
	const cJSON *notes = mok_json_at(secret, "metadata.annotations");
	const char *names = sb_get_str(notes, "cert-manager.io/alt-names");

	return secret && sb_get_str(mok_json_at(secret, "data"), "tls.crt") && names &&
		strcmp(names, joined(k, mok_json_at(certificate, "spec.dnsNames"))) == 0 &&
		mok_streq(sb_get_str(notes, "cert-manager.io/issuer-name"),
			sb_ctl_str(certificate, "spec.issuerRef.name"));
}

/* ---- the status ---- */

static void add(
	struct sb_kube *k, cJSON *status, const cJSON *certificate, const struct sb_condition *want)
{
	cJSON *one = sb_condition(k, certificate, want);

	sb_set_int(one, "observedGeneration", mok_json_int(certificate, "metadata.generation", 1));
	cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(status, "conditions"), one);
}

static cJSON *new_status(void)
{
	cJSON *status = cJSON_CreateObject();

	cJSON_AddArrayToObject(status, "conditions");
	return status;
}

static void show_ready(struct sb_kube *k, const cJSON *certificate, bool fresh)
{
	static const char *const dates[] = { "notBefore", "notAfter", "renewalTime" };
	const struct sb_condition ready = { "Ready", "True", "Ready",
		"Certificate is up to date and has not expired" };
	const cJSON *old = sb_get(certificate, "status");
	int64_t now_ms = k->ctx->now_ms;
	cJSON *status = new_status();

	add(k, status, certificate, &ready);
	if (!fresh && sb_get(old, "notAfter")) {
		sb_copy(status, old, dates, MOK_COUNT(dates));
	} else {
		sb_set_time(status, "notBefore", now_ms - SB_HOUR_MS);
		sb_set_time(status, "notAfter", now_ms + 90 * DAY_MS);
		sb_set_time(status, "renewalTime", now_ms + 60 * DAY_MS);
	}
	sb_set_int(status, "revision", sb_get_int(old, "revision", 0) + (fresh ? 1 : 0));
	sb_ctl_status(k, AGENT, certificate, "certificates", status);
}

/* ---- the challenge ---- */

static const char *challenge_path(struct sb_kube *k, const cJSON *certificate)
{
	return mok_arena_printf(k->ctx->arena,
		"/apis/acme.cert-manager.io/v1/namespaces/%s/challenges/%s-1-challenge",
		sb_ctl_str(certificate, "metadata.namespace"),
		sb_ctl_str(certificate, "metadata.name"));
}

static cJSON *challenge_object(struct sb_kube *k, const cJSON *certificate)
{
	cJSON *challenge = cJSON_CreateObject(), *meta, *spec;

	sb_set_str(challenge, "apiVersion", "acme.cert-manager.io/v1");
	sb_set_str(challenge, "kind", "Challenge");
	meta = mok_json_object(challenge, "metadata");
	sb_set_str(meta, "name",
		mok_arena_printf(
			k->ctx->arena, "%s-1-challenge", sb_ctl_str(certificate, "metadata.name")));
	sb_set_str(meta, "namespace", sb_ctl_str(certificate, "metadata.namespace"));
	sb_ctl_own(challenge, certificate);
	spec = mok_json_object(challenge, "spec");
	sb_set_str(spec, "dnsName", first_name(certificate));
	mok_json_set(spec, "issuerRef",
		cJSON_Duplicate(mok_json_at(certificate, "spec.issuerRef"), true));
	return challenge;
}

/* One stands for all: it is there while something hinders. */
static void show_challenge(struct sb_kube *k, const cJSON *certificate, const char *why)
{
	const char *path = challenge_path(k, certificate);
	const cJSON *have = sb_ctl_get(k, path);
	cJSON *status;

	if (!why) {
		if (have)
			sb_ctl_write(k, AGENT, "DELETE", path, NULL);
		return;
	}
	if (!have) {
		sb_ctl_write(k, "cert-manager-orders", "APPLY",
			mok_arena_printf(k->ctx->arena,
				"%s?fieldManager=cert-manager-orders&force=true", path),
			challenge_object(k, certificate));
		have = sb_ctl_get(k, path);
	}
	if (!have)
		return;
	status = cJSON_CreateObject();
	sb_set_str(status, "state", "pending");
	sb_set_str(status, "reason", why);
	sb_set_bool(status, "presented", true);
	sb_set_bool(status, "processing", true);
	sb_ctl_status(k, "cert-manager-challenges", have, "challenges", status);
}

static void show_waiting(struct sb_kube *k, const cJSON *certificate, const char *why)
{
	static const char start[] = "Issuing certificate as Secret does not exist";
	const struct sb_condition ready = { "Ready", "False", "DoesNotExist", why ? why : start };
	const struct sb_condition issuing = { "Issuing", "True", "DoesNotExist",
		why ? why : start };
	cJSON *status = new_status();

	add(k, status, certificate, &issuing);
	add(k, status, certificate, &ready);
	if (why)
		sb_ctl_tell(k, certificate,
			&(struct sb_ctl_event){
				"cert-manager-challenges", "Warning", "PresentError", NULL },
			"%s", why);
	show_challenge(k, certificate, why);
	sb_ctl_status(k, AGENT, certificate, "certificates", status);
}

/* ---- the whole ---- */

static const char *hindrance(struct sb_kube *k, const cJSON *certificate, const cJSON *issuer)
{
	const cJSON *name;

	if (!issuer)
		return mok_arena_printf(k->ctx->arena, "Referenced \"%s\" not found: %s",
			sb_ctl_str(certificate, "spec.issuerRef.kind"),
			sb_ctl_str(certificate, "spec.issuerRef.name"));
	if (!sb_ctl_is_true(issuer, "Ready"))
		return mok_arena_printf(k->ctx->arena,
			"Referenced issuer does not have a Ready status condition: %s",
			sb_ctl_str(certificate, "spec.issuerRef.name"));
	cJSON_ArrayForEach(name, mok_json_at(certificate, "spec.dnsNames"))
	{
		const char *why = sb_challenge_hindrance(k, issuer, certificate, name->valuestring);

		if (why)
			return why;
	}
	return NULL;
}

static int64_t typical_ms(const cJSON *issuer)
{
	if (!mok_json_at(issuer, "spec.acme"))
		return SB_SECOND_MS;
	return mok_json_at(issuer, "spec.acme.solvers.0.dns01") ? DNS_MS : HTTP_MS;
}

/* Since when has it been asked for? */
static int64_t since_ms(struct sb_kube *k, const cJSON *certificate)
{
	const cJSON *issuing = sb_ctl_condition(certificate, "Issuing");
	int64_t ms = issuing ? sb_ctl_ms(issuing, "lastTransitionTime") : 0;

	return ms ? ms : k->ctx->now_ms;
}

static void pursue(struct sb_kube *k, const cJSON *certificate)
{
	const cJSON *issuer = sb_issuer_of(k, certificate);
	const char *why = hindrance(k, certificate, issuer);
	int64_t at_ms = sb_ctl_since(k, since_ms(k, certificate), typical_ms(issuer));

	if (!why && k->ctx->now_ms >= at_ms && sb_ctl_condition(certificate, "Issuing")) {
		issue(k, certificate);
		show_challenge(k, certificate, NULL);
		show_ready(k, certificate, true);
		return;
	}
	show_waiting(k, certificate, why);
	/* Zones and records change without anybody telling the cluster. */
	sb_ctl_again(k,
		why || at_ms <= k->ctx->now_ms
			? sb_ctl_patiently(k, since_ms(k, certificate), LOOK_MS)
			: at_ms);
}

static void reconcile(struct sb_kube *k, const cJSON *certificate)
{
	struct sb_cert_manager manager;
	int64_t renewal_ms = sb_ctl_ms(certificate, "status.renewalTime");

	if (!sb_cert_manager_find(k, &manager)) {
		sb_ctl_again(k,
			sb_ctl_patiently(
				k, sb_ctl_ms(certificate, "metadata.creationTimestamp"), LOOK_MS));
	} else if (!is_issued(k, certificate)) {
		pursue(k, certificate);
	} else if (renewal_ms && k->ctx->now_ms >= renewal_ms) {
		issue(k, certificate);
		show_ready(k, certificate, true);
	} else {
		show_ready(k, certificate, false);
		if (renewal_ms)
			sb_ctl_again(k, renewal_ms);
	}
}

const struct sb_controller sb_ctl_certificate = {
	"cert-manager.io",
	"certificates",
	reconcile,
	" clusterissuers.cert-manager.io issuers.cert-manager.io secrets "
	"networkpolicies.networking.k8s.io gateways.gateway.networking.k8s.io ",
	NULL,
};
