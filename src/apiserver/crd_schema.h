/* The JSON schema of custom resources: what checks a value against it. */
#ifndef MOK_CRD_SCHEMA_H
#define MOK_CRD_SCHEMA_H

#include "crd_rules.h"

/* A value, and what it was before (NULL: it was not, or nobody can tell). */
struct ks_place {
	const cJSON *value, *before;
	const char *path;
	int depth;
	size_t *matches; /* counts schemas that were met: whose errors are told of those that fail
			  */
};

/* crd_validate.c */
/* A pattern that cannot be read fits. */
bool ks_pattern_fits(struct ks_req *r, const char *pattern, const char *text);
void ks_schema_check(struct ks_req *r, const struct ks_place *at, const cJSON *schema);
/* crd_combine.c: anyOf, oneOf, allOf, not. */
void ks_schema_combine(struct ks_req *r, const struct ks_place *at, const cJSON *schema);
/* crd_format.c: formats that nobody knows fit. */
bool ks_format_fits(struct ks_req *r, const char *format, const char *text);

#endif
