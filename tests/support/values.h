/*
 * values: an arena for each test, and values written as JSON.
 */
#ifndef MOK_TEST_VALUES_H
#define MOK_TEST_VALUES_H

#include "mok/model.h"

/* For cmocka: *state is an arena. */
int arena_setup(void **state);
int arena_teardown(void **state);

/* What the JSON says; the test fails if it is none. */
struct mok_val value_of_json(struct mok_arena *arena, const char *json);

#endif
