/* The table of codes, a file for each range; every file is sorted by code. */
#ifndef MOK_MODEL_CODES_H
#define MOK_MODEL_CODES_H

#include "mok/model.h"

extern const struct mok_code mok_codes_file[];     /* E01xx YAML, E02xx structure, E03xx variables */
extern const struct mok_code mok_codes_resource[]; /* E04xx kinds, E05xx expressions, E06xx life */
extern const struct mok_code mok_codes_kind[];     /* E07xx checks that belong to one kind */
extern const struct mok_code mok_codes_run[];      /* E08xx the live account, E09xx applying */
extern const size_t mok_codes_file_count, mok_codes_resource_count, mok_codes_kind_count,
	mok_codes_run_count;

#endif
