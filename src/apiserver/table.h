/* Rows of tables, shared by table.c and table_rows.c. */
#ifndef MOK_APISERVER_TABLE_H
#define MOK_APISERVER_TABLE_H

#include "apiserver_internal.h"

struct ks_row {
	struct ks_req *r;
	const cJSON *object;
	cJSON *cells;
};

/* Columns after the name, between '|'; those after '*' are for -o wide. */
const char *ks_row_columns(const struct ks_resource *resource);
void ks_row_fill(struct ks_row *row);
void ks_row_text(struct ks_row *row, const char *text);
void ks_row_path(struct ks_row *row, const char *path, const char *none);
void ks_row_age(struct ks_row *row);
const char *ks_row_duration(struct ks_req *r, int64_t ms);

#endif
