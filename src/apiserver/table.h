/* Rows of tables, shared by table.c, table_rows.c, table_kinds.c and table_cells.c. */
#ifndef MOK_APISERVER_TABLE_H
#define MOK_APISERVER_TABLE_H

#include "apiserver_internal.h"

/* What kinds have that nobody made a table for. */
#define KS_NO_COLUMNS "Created At:date"

struct ks_row {
	struct ks_req *r;
	const cJSON *object;
	cJSON *cells;
};

/* Columns after the name, between '|': "NAME[:TYPE[:FORMAT]]"; those after '*' are for -o wide. */
const char *ks_row_columns(const struct ks_resource *resource);
void ks_row_fill(struct ks_row *row);
/* table_kinds.c: of the kinds whose cells are data. */
const char *ks_kind_columns(const struct ks_resource *resource);
void ks_kind_fill(struct ks_row *row);
void ks_row_name(struct ks_row *row);

/* Each adds a cell. */
void ks_row_text(struct ks_row *row, const char *text);
void ks_row_path(struct ks_row *row, const char *path, const char *none);
void ks_row_number(struct ks_row *row, const char *path);
void ks_row_since(struct ks_row *row, const char *path);
void ks_row_age(struct ks_row *row);
void ks_row_labels(struct ks_row *row, const char *path);
void ks_row_selector(struct ks_row *row, const char *path);
void ks_row_containers(struct ks_row *row, const char *path); /* two: names, images */
/* table_cells.c: what "@NAME" of a table's cells is. */
void ks_row_named(struct ks_row *row, const char *name, const char *path);

const char *ks_row_duration(struct ks_req *r, int64_t ms);
const char *ks_row_lower(struct ks_req *r, const char *text);
const char *ks_row_joined(struct ks_row *row, const char *path); /* texts, by commas */
const char *ks_row_addresses(struct ks_row *row); /* of status.loadBalancer, in order */

#endif
