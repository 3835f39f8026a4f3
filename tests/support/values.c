#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

int arena_setup(void **state)
{
	*state = mok_arena_new();
	return 0;
}

int arena_teardown(void **state)
{
	mok_arena_free(*state);
	return 0;
}

struct mok_val value_of_json(struct mok_arena *arena, const char *json)
{
	cJSON *parsed = mok_json_parse(json, strlen(json));
	struct mok_val v;

	if (!parsed)
		fail_msg("no JSON: %s", json);
	v = mok_val_from_json(arena, parsed);
	cJSON_Delete(parsed);
	return v;
}
