/* The files in src/kinds/data/, embedded (presets/data.cmake): what the API answered on the day
 * that prices.json names, as far as mok looks at it. */
#ifndef MOK_KINDS_DATA_H
#define MOK_KINDS_DATA_H

#include <stddef.h>

struct mok_data {
	const char *text;
	size_t len;
};
extern const struct mok_data mok_data_sizes, mok_data_regions, mok_data_kubernetes,
	mok_data_databases, mok_data_prices;

#endif
