/* The words of field errors, and the rules that several kinds share. */
#ifndef MOK_APISERVER_VALIDATE_H
#define MOK_APISERVER_VALIDATE_H

#include "apiserver_internal.h"

/* why: NULL or what to add. */
void ks_want(struct ks_req *r, const char *path, const char *why);
void ks_bad(struct ks_req *r, const char *path, const cJSON *value, const char *why);
void ks_bad_text(struct ks_req *r, const char *path, const char *value, const char *why);
void ks_twice(struct ks_req *r, const char *path, const char *value);
void ks_forbid(struct ks_req *r, const char *path, const char *why);
/* Is the member, if there, one of the words (between spaces, in the order of the message)? */
void ks_one_of(struct ks_req *r, const cJSON *object, const char *name, const char *path,
	const char *words);
void ks_not_negative(struct ks_req *r, const cJSON *object, const char *name, const char *path);
void ks_port(struct ks_req *r, const cJSON *number, const char *path);
void ks_port_name(struct ks_req *r, const char *name, const char *path);
void ks_label_name(struct ks_req *r, const char *name, const char *path);
void ks_subdomain(struct ks_req *r, const char *name, const char *path);
void ks_qualified_name(struct ks_req *r, const char *name, const char *path);
void ks_data_key(struct ks_req *r, const char *key, const char *path);
void ks_immutable(struct ks_req *r, const cJSON *before, const cJSON *object, const char *path);
void ks_labels(struct ks_req *r, const cJSON *labels, const char *path);
const char *ks_below(struct ks_req *r, const char *path, const char *name);
const char *ks_json_text(struct ks_req *r, const cJSON *value);

void ks_check_meta(struct ks_req *r, const cJSON *before, const cJSON *object);
/* claims: a StatefulSet's spec, whose claim templates are volumes too; or NULL. */
void ks_check_pod_spec(struct ks_req *r, const cJSON *spec, const cJSON *claims, const char *path);

/* The CEL rules of a definition's schema. */
void ks_check_rules(struct ks_req *r, const cJSON *schema, const char *path);

/* Rules by kind; before: NULL when it is made. */
#define KS_RULE(name) void name(struct ks_req *r, const cJSON *before, const cJSON *object)
KS_RULE(ks_check_workload);
KS_RULE(ks_check_daemon_set);
KS_RULE(ks_check_deployment);
KS_RULE(ks_check_stateful_set);
KS_RULE(ks_check_job);
KS_RULE(ks_check_cron_job);
KS_RULE(ks_check_autoscaler);
KS_RULE(ks_check_budget);
KS_RULE(ks_check_pod);
KS_RULE(ks_check_service);
KS_RULE(ks_check_policy);
KS_RULE(ks_check_ingress);
KS_RULE(ks_check_ephemeral);
KS_RULE(ks_check_event);
KS_RULE(ks_check_crd);

#endif
