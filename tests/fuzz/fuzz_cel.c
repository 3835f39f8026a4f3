/* An expression in CEL: the first line is a pattern, the rest is compiled and evaluated. */
#include "fuzz.h"

#include "../../src/apiserver/cel/cel.h"

#define SCHEMA \
	"{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"},\"s\":{\"type\":" \
	"\"string\"},\"l\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"m\":{\"type\":" \
	"\"object\",\"additionalProperties\":{\"type\":\"integer\"}},\"e\":{" \
	"\"x-kubernetes-int-or-string\":true},\"d\":{\"type\":\"string\",\"format\":" \
	"\"date-time\"}}}"
#define SELF \
	"{\"n\":3,\"s\":\"text\",\"l\":[\"b\",\"a\"],\"m\":{\"x\":1},\"e\":\"5%\"," \
	"\"d\":\"2024-02-29T10:20:30Z\"}"

static void run_pattern(struct mok_arena *arena, const char *pattern)
{
	static const char text[] = "the text, caf\xc3\xa9 and 123-abc";
	const char *why;
	const struct cel_regex *regex = cel_regex_new(arena, pattern, &why);
	size_t begin, end;

	if (regex)
		cel_regex_find(regex, (struct cel_text){ text, sizeof(text) - 1 }, 0, &begin, &end);
}

static void run_expression(struct mok_arena *arena, const char *source)
{
	cJSON *schema = mok_json_parse(SCHEMA, sizeof(SCHEMA) - 1);
	cJSON *json = mok_json_parse(SELF, sizeof(SELF) - 1);
	const struct cel_shape *shape = cel_shape_of(arena, schema, true);
	struct cel_var self = {
		.name = "self", .type = shape->type, .value = cel_json(arena, json, shape)
	};
	struct cel_problems problems;
	const struct cel_program *program = cel_compile(arena, source, &self, &problems);
	int64_t budget = 20000;

	if (program) {
		struct cel_val value = cel_eval(arena, program, &self, &budget);

		cel_shown(arena, &value);
	} else {
		cel_problems_text(&problems);
	}
	cJSON_Delete(schema);
	cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mok_arena *arena = mok_arena_new();
	char *text = mok_arena_strndup(arena, (const char *)data, size), *line = strchr(text, '\n');

	if (line)
		*line = 0;
	run_pattern(arena, text);
	run_expression(arena, line ? line + 1 : text);
	mok_arena_free(arena);
	return 0;
}
