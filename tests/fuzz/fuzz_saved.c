/* A saved plan that comes from somewhere else. */
#include "fuzz.h"
#include "mok/engine.h"

#include <stdio.h>

static void check(const cJSON *saved)
{
	struct mok_stack stack = { .name = mok_json_str(saved, "stack") };
	const struct mok_live live = { .account_uuid = mok_json_str(saved, "account") };
	const struct mok_changes none = { 0 };
	struct mok_err err = { 0 };

	snprintf(stack.config_hash, sizeof(stack.config_hash), "%s", mok_json_str(saved, "config"));
	if (mok_saved_plan_check(saved, &stack, &live, &none, &err) != 0)
		return;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mok_err err = { 0 };
	cJSON *saved = mok_saved_plan_read((const char *)data, size, &err);

	if (saved)
		check(saved);
	cJSON_Delete(saved);
	return 0;
}
