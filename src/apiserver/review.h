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

/* rbac.c: *reason is what the answer tells, "" without one. */
bool ks_rbac_allows(struct ks_req *r, const struct ks_access *access, const char **reason);
/* What somebody may do in access->ns, as the status of a SelfSubjectRulesReview; yours. */
cJSON *ks_rbac_rules(struct ks_req *r, const struct ks_access *access);

#endif
