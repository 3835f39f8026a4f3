/* The CEL rules of custom resources: x-kubernetes-validations, compiled. */
#ifndef MOK_CRD_RULES_H
#define MOK_CRD_RULES_H

#include "apiserver_internal.h"
#include "cel.h"

struct ks_rule {
	const cJSON *json;
	struct cel_program *program, *message; /* NULL: there is none, or it has an error */
	const char *error, *message_error;     /* what is wrong with them, or NULL */
	const char *field;                     /* the normalised fieldPath, or NULL */
	bool optional_old;
};

/* crd_rule_compile.c */
void ks_rule_compile(struct mok_arena *arena, const cJSON *json, const struct cel_shape *shape,
	struct ks_rule *out);
/* ".spec['a.b']" as the errors write it; NULL: it leads to no field of the schema. */
const char *ks_rule_path(struct mok_arena *arena, const cJSON *schema, const char *path);
const char *ks_rule_trimmed(struct mok_arena *arena, const char *text);

/* crd_validate.c. The item of an earlier list that has the same keys; NULL: there is none, or the
 * list is not by keys. */
const cJSON *ks_item_before(const cJSON *schema, const cJSON *list, const cJSON *item);

#endif
