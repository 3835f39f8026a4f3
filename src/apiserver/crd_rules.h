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

/* crd_validate.c. The items of an earlier list by their keys; NULL: it is not by keys. Then the one
 * with the keys of an item; NULL: there is none. */
struct mok_map *ks_items_before(struct ks_req *r, const cJSON *schema, const cJSON *list);
const cJSON *ks_item_before(
	struct ks_req *r, const cJSON *schema, const struct mok_map *items, const cJSON *item);

#endif
