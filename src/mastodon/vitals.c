#include "mok/mastodon.h"

#include <string.h>

/* What a Job prints is read as any other input: the line may be cut off, or not be ours. */

#define NAMES_MAX 20

static const char *last_line(struct mok_arena *arena, const char *log)
{
	const char *found = NULL;

	for (const char *p = log; (p = strstr(p, MOK_VITALS_MARK)) != NULL;) {
		p += strlen(MOK_VITALS_MARK);
		found = p;
	}
	return found ? mok_arena_strndup(arena, found, strcspn(found, "\r\n")) : NULL;
}

static bool read_numbers(const cJSON *json, struct mok_vitals *out)
{
	const struct {
		const char *name;
		int64_t *to;
	} numbers[] = {
		{ "database_bytes", &out->database_bytes },
		{ "max_connections", &out->max_connections },
		{ "reserved_connections", &out->reserved_connections },
		{ "used_connections", &out->used_connections },
		{ "dead", &out->dead },
		{ "retries", &out->retries },
	};

	for (size_t i = 0; i < MOK_COUNT(numbers); i++) {
		*numbers[i].to = mok_json_int(json, numbers[i].name, -1);
		if (*numbers[i].to < 0)
			return false;
	}
	return true;
}

static void read_names(struct mok_arena *arena, const cJSON *json, struct mok_vitals *out)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "invalid_indexes"))
	{
		if (cJSON_IsString(item) && out->invalid_indexes.len < NAMES_MAX)
			mok_vec_push(arena, &out->invalid_indexes,
				(const char *)mok_arena_strdup(arena, item->valuestring));
	}
}

static void read_queues(struct mok_arena *arena, const cJSON *json, struct mok_vitals *out)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "queues"))
	{
		struct mok_queue q = { .waiting = mok_json_int(item, "waiting", -1),
			.latency_ms = mok_json_int(item, "latency_ms", -1) };

		q.name = item->string ? mok_arena_strdup(arena, item->string) : "";
		mok_vec_push(arena, &out->queues.list, q);
	}
}

bool mok_mastodon_vitals(struct mok_arena *arena, const char *log, struct mok_vitals *out)
{
	const char *line = last_line(arena, log), *schema;
	cJSON *json MOK_CLEANUP(mok_json_cleanup) =
		line ? mok_json_parse(line, strlen(line)) : NULL;

	memset(out, 0, sizeof(*out));
	schema = mok_json_str(json, "schema_version");
	if (!json || !schema || !read_numbers(json, out))
		return false;
	out->schema_version = mok_arena_strdup(arena, schema);
	out->json = line;
	read_names(arena, json, out);
	read_queues(arena, json, out);
	return true;
}

const struct mok_queue *mok_mastodon_slowest(const struct mok_vitals *vitals)
{
	const struct mok_queue *slowest = NULL;

	for (size_t i = 0; i < vitals->queues.list.len; i++) {
		const struct mok_queue *q = &vitals->queues.list.items[i];

		if (q->waiting > 0 && (!slowest || q->latency_ms > slowest->latency_ms))
			slowest = q;
	}
	return slowest;
}
