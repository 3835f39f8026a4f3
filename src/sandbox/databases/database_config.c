#include "database_config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct sb_db_config_set *sb_db_config_find(const char *engine)
{
	for (size_t i = 0; i < sb_db_config_sql_count; i++)
		if (mok_streq(sb_db_config_sql[i].engine, engine))
			return &sb_db_config_sql[i];
	for (size_t i = 0; i < sb_db_config_other_count; i++)
		if (mok_streq(sb_db_config_other[i].engine, engine))
			return &sb_db_config_other[i];
	return NULL;
}

/* Where a key lives in the API's form: splits "pgbouncer/min_pool_size". `outer` is "" for a key of
 * the top level. */
static const char *split_key(const char *key, char outer[64])
{
	const char *slash = strchr(key, '/');

	outer[0] = '\0';
	if (!slash || slash - key >= 64)
		return key;
	memcpy(outer, key, (size_t)(slash - key));
	outer[slash - key] = '\0';
	return slash + 1;
}

static const cJSON *key_of(const cJSON *config, const char *key)
{
	char outer[64];
	const char *leaf = split_key(key, outer);

	if (outer[0])
		config = cJSON_GetObjectItemCaseSensitive(config, outer);
	return cJSON_GetObjectItemCaseSensitive(config, leaf);
}

static void put_key(cJSON *config, const char *key, cJSON *value)
{
	char outer[64];
	const char *leaf = split_key(key, outer);
	cJSON *inner = config;

	if (outer[0]) {
		inner = cJSON_GetObjectItemCaseSensitive(config, outer);
		if (!inner)
			inner = cJSON_AddObjectToObject(config, outer);
	}
	cJSON_AddItemToObject(inner, leaf, value);
}

cJSON *sb_db_config_view(const struct sb_db_config_set *set, const cJSON *stored)
{
	cJSON *view = cJSON_CreateObject();

	for (size_t i = 0; i < set->nkeys; i++) {
		const struct sb_db_config_key *key = &set->keys[i];
		const cJSON *own = cJSON_GetObjectItemCaseSensitive(stored, key->name);
		cJSON *value;

		if (own)
			value = cJSON_Duplicate(own, true);
		else if (key->standard)
			value = cJSON_Parse(key->standard);
		else
			continue;
		put_key(view, key->name, value);
	}
	return view;
}

static bool word_allowed(const char *words, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = words; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (len > 0 && strncmp(p, value, len) == 0 && (p[len] == '|' || p[len] == '\0'))
			return true;
	}
	return false;
}

static const char *check_number(
	const struct sb_db_config_key *key, const cJSON *value, struct mok_arena *arena)
{
	double n = value->valuedouble;

	if (!cJSON_IsNumber(value))
		return mok_arena_printf(arena, "%s must be a number", key->name);
	if (key->type == SB_CONFIG_INT && floor(n) != n)
		return mok_arena_printf(arena, "%s must be an integer", key->name);
	if (n < key->min || n > key->max)
		return mok_arena_printf(
			arena, "%s must be between %.15g and %.15g", key->name, key->min, key->max);
	return NULL;
}

static const char *check_string(
	const struct sb_db_config_key *key, const cJSON *value, struct mok_arena *arena)
{
	if (!cJSON_IsString(value))
		return mok_arena_printf(arena, "%s must be a string", key->name);
	if (key->words && !word_allowed(key->words, value->valuestring))
		return mok_arena_printf(arena, "%s must be one of: %s", key->name, key->words);
	if ((double)strlen(value->valuestring) > key->max)
		return mok_arena_printf(arena, "%s is too long", key->name);
	return NULL;
}

static const char *check_list(
	const struct sb_db_config_key *key, const cJSON *value, struct mok_arena *arena)
{
	const cJSON *item;
	const char *why;
	struct sb_db_config_key element = *key;

	if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) > key->max)
		return mok_arena_printf(arena, "%s must be a list", key->name);
	element.max = 1024;
	cJSON_ArrayForEach(item, value)
	{
		why = check_string(&element, item, arena);
		if (why)
			return why;
	}
	return NULL;
}

static const char *check(
	const struct sb_db_config_key *key, const cJSON *value, struct mok_arena *arena)
{
	switch (key->type) {
	case SB_CONFIG_INT:
	case SB_CONFIG_NUMBER: return check_number(key, value, arena);
	case SB_CONFIG_BOOL:
		return cJSON_IsBool(value)
			? NULL
			: mok_arena_printf(arena, "%s must be a boolean", key->name);
	case SB_CONFIG_STRING: return check_string(key, value, arena);
	case SB_CONFIG_LIST: return check_list(key, value, arena);
	}
	MOK_BUG("unknown type of a database setting");
}

/* These only grow: the engine refuses to start a standby that has less than its primary had. */
static const char *check_growth(const struct sb_db_config_key *key, const cJSON *stored,
	const cJSON *value, struct mok_arena *arena)
{
	static const char *const growing[] = { "max_prepared_transactions",
		"max_locks_per_transaction", "max_worker_processes", "max_wal_senders",
		"max_connections" };
	const cJSON *own = cJSON_GetObjectItemCaseSensitive(stored, key->name);
	double now = key->standard ? strtod(key->standard, NULL) : 0;

	if (cJSON_IsNumber(own))
		now = own->valuedouble;
	for (size_t i = 0; i < MOK_COUNT(growing); i++)
		if (strcmp(growing[i], key->name) == 0 && value->valuedouble < now)
			return mok_arena_printf(
				arena, "%s can not be lowered (it is %.0f)", key->name, now);
	return NULL;
}

/* The eviction policy is spelled with hyphens by redis and with underscores by valkey; clients mix
 * them up, and the API takes both. */
static cJSON *respell(const struct sb_db_config_key *key, const cJSON *value)
{
	cJSON *copy = cJSON_Duplicate(value, true);
	char to = mok_starts(key->name, "redis") ? '-' : '_';

	if (!mok_ends(key->name, "_maxmemory_policy") || !cJSON_IsString(copy))
		return copy;
	for (char *p = copy->valuestring; *p; p++)
		if (*p == '-' || *p == '_')
			*p = to;
	return copy;
}

bool sb_db_config_merge(const struct sb_db_config_set *set, cJSON *stored, const cJSON *patch,
	struct mok_arena *arena, const char **why)
{
	cJSON *wanted = cJSON_CreateObject();
	cJSON *item, *next;

	*why = NULL;
	for (size_t i = 0; i < set->nkeys && !*why; i++) {
		const struct sb_db_config_key *key = &set->keys[i];
		const cJSON *value = key_of(patch, key->name);

		if (!value || cJSON_IsNull(value))
			continue;
		item = respell(key, value);
		cJSON_AddItemToObject(wanted, key->name, item);
		*why = check(key, item, arena);
		if (!*why)
			*why = check_growth(key, stored, item, arena);
	}
	for (item = *why ? NULL : wanted->child; item; item = next) {
		next = item->next;
		cJSON_DeleteItemFromObjectCaseSensitive(stored, item->string);
		cJSON_AddItemToObject(stored, item->string, cJSON_Duplicate(item, true));
	}
	cJSON_Delete(wanted);
	return !*why;
}
