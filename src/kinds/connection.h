/* How to connect to a database: the same object in clusters and in pools. */
#ifndef MOK_KINDS_CONNECTION_H
#define MOK_KINDS_CONNECTION_H

#include "mok/kind.h"

extern const struct mok_field mok_connection_fields[];

#define COMPUTED_STR(key, about) \
	{ \
		.name = key, .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = about \
	}
#define CONNECTION(key, about) \
	{ \
		.name = key, .type = MOK_MAP, .flags = MOK_F_COMPUTED, \
		.sub = mok_connection_fields, .doc = about \
	}

#endif
