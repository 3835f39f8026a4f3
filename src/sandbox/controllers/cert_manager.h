/*
 * cert_manager: issuers and certificates, in clusters in which cert-manager is installed.
 *
 * issuer.c   accounts    tls_certificate.c   certificates    challenge.c   what hinders one
 */
#ifndef MOK_SANDBOX_CERT_MANAGER_H
#define MOK_SANDBOX_CERT_MANAGER_H

#include "controllers.h"

#define SB_CERT_MANAGER "cert-manager"
#define SB_CERT_API "/apis/cert-manager.io/v1"

struct sb_cert_manager {
	const char *ns; /* where ClusterIssuers look for Secrets */
	bool gateways;  /* it may make routes */
};
/* False: none is up. */
bool sb_cert_manager_find(struct sb_kube *k, struct sb_cert_manager *out);

/* The issuer that a Certificate names, or NULL. */
const cJSON *sb_issuer_of(struct sb_kube *k, const cJSON *certificate);
/* Why the issuer's challenge of that name cannot be met; NULL: it can. */
const char *sb_challenge_hindrance(
	struct sb_kube *k, const cJSON *issuer, const cJSON *certificate, const char *name);

#endif
