/* Access reviews: what somebody may do. */
#ifndef MOK_APISERVER_REVIEW_H
#define MOK_APISERVER_REVIEW_H

#include "apiserver_internal.h"

struct ks_access {
	const char *user;
	const cJSON *groups; /* of texts; NULL: none */
	const char *verb;
	const char *path; /* of what is no resource; NULL: it is one */
	const char *ns, *group, *resource, *sub, *name;
};

#define KS_ACCOUNT "system:serviceaccount:" /* NAMESPACE:NAME, as users are named */

struct ks_bearer {
	const char *name; /* of a service account; NULL: whoever else comes is the administrator */
	const char *uid, *id;
};

/* token.c: who the token is of. False: a service account's that is over. */
bool ks_token_read(struct ks_req *r, const char *token, struct ks_bearer *out);

/* user.c: as a UserInfo. */
const cJSON *ks_user_of_bearer(struct ks_req *r, const struct ks_bearer *bearer);

/* rbac.c: *reason is what the answer tells, "" without one. */
bool ks_rbac_allows(struct ks_req *r, const struct ks_access *access, const char **reason);
/* What somebody may do in access->ns, as the status of a SelfSubjectRulesReview; yours. */
cJSON *ks_rbac_rules(struct ks_req *r, const struct ks_access *access);

#endif
