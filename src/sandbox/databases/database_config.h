/*
 * database_config: which settings each engine knows, for GET and PATCH /config.
 */
#ifndef MOK_SANDBOX_DATABASE_CONFIG_H
#define MOK_SANDBOX_DATABASE_CONFIG_H

#include "mok/base.h"

enum sb_config_type {
	SB_CONFIG_INT = 0,
	SB_CONFIG_NUMBER,
	SB_CONFIG_BOOL,
	SB_CONFIG_STRING,
	SB_CONFIG_LIST, /* of strings */
};

struct sb_db_config_key {
	const char *name; /* "outer/inner" for a key in an inner object; dots are literal */
	enum sb_config_type type;
	double min, max;      /* of numbers; max is the length of strings and lists */
	const char *words;    /* "a|b|c": the only values, or NULL */
	const char *standard; /* JSON text of the default, or NULL: absent until set */
};

struct sb_db_config_set {
	const char *engine;
	const struct sb_db_config_key *keys;
	size_t nkeys;
};

extern const struct sb_db_config_set sb_db_config_sql[];
extern const size_t sb_db_config_sql_count;
extern const struct sb_db_config_set sb_db_config_other[];
extern const size_t sb_db_config_other_count;

const struct sb_db_config_set *sb_db_config_find(const char *engine); /* NULL: has none */

/* The settings of a cluster: defaults overlaid with `stored` (an object of what was set, keys as in
 * `name`). The result is the caller's to delete. */
cJSON *sb_db_config_view(const struct sb_db_config_set *set, const cJSON *stored);

/* Checks a PATCH's config and merges it into `stored`. False: nothing was changed, `why` says what
 * is wrong (for people). Unknown keys are ignored, as the API does. */
bool sb_db_config_merge(const struct sb_db_config_set *set, cJSON *stored, const cJSON *patch,
	struct mok_arena *arena, const char **why);

#endif
