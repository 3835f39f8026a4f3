/* One rule of a schema, compiled. */
#include "crd_rules.h"

const char *ks_rule_trimmed(struct mok_arena *arena, const char *text)
{
	static const char blank[] = " \t\n\v\f\r";
	size_t n;

	text += strspn(text, blank);
	n = strlen(text);
	while (n && strchr(blank, text[n - 1]))
		n--;
	return mok_arena_strndup(arena, text, n);
}

/* ---- fieldPath ---- */

/* The text of 'a\'b' at *at, quotes and all; NULL: malformed. */
static const char *read_quoted(struct mok_arena *arena, const char **at)
{
	const char *from = *at + 1, *end = from;
	struct cel_text text;

	if (**at != '\'')
		return NULL;
	while (*end && (*end != '\'' || end[-1] == '\\'))
		end++;
	if (!*end ||
		!cel_unquote(arena, (struct cel_text){ from, (size_t)(end - from) }, false, &text))
		return NULL;
	*at = end + 1;
	return mok_arena_strndup(arena, text.at, text.len);
}

/* One step: ".name" or "['name']"; NULL: it is none. */
static const char *read_step(struct mok_arena *arena, const char **at)
{
	const char *name;
	size_t n;

	if (**at == '.') {
		n = strcspn(++*at, ".[]");
		name = mok_arena_strndup(arena, *at, n);
		*at += n;
		return n ? name : NULL;
	}
	if (**at != '[')
		return NULL;
	++*at;
	name = read_quoted(arena, at);
	return name && *(*at)++ == ']' ? name : NULL;
}

const char *ks_rule_path(struct mok_arena *arena, const cJSON *schema, const char *path)
{
	const char *out = "", *name;

	while (*path) {
		const cJSON *extra = ks_at(schema, "additionalProperties");

		name = read_step(arena, &path);
		if (!name)
			return NULL;
		if (ks_at(schema, "properties")) {
			schema = ks_at(ks_at(schema, "properties"), name);
			out = mok_arena_printf(arena, "%s%s%s", out, *out ? "." : "", name);
		} else {
			schema = cJSON_IsObject(extra) ? extra : NULL;
			out = mok_arena_printf(arena, "%s[%s]", out, name);
		}
		if (!schema)
			return NULL;
	}
	return *out ? out : NULL;
}

/* ---- expressions ---- */

static struct cel_program *compile(struct mok_arena *arena, const char *source,
	const struct cel_shape *shape, bool optional_old, const char **error)
{
	struct cel_var self = { .name = "self", .type = shape->type };
	struct cel_var old = { .name = "oldSelf", .type = shape->type, .outer = &self };
	struct cel_problems problems;
	struct cel_program *program;

	if (optional_old)
		old.type = cel_optional_of(arena, shape->type);
	program = cel_compile(arena, source, &old, &problems);
	if (!program)
		*error = cel_problems_text(&problems);
	return program;
}

static void compile_message(
	struct mok_arena *arena, const struct cel_shape *shape, struct ks_rule *rule)
{
	const char *source = ks_str(rule->json, "messageExpression"), *error = NULL;

	if (!*source || rule->error)
		return;
	rule->message = compile(arena, source, shape, rule->optional_old, &error);
	if (error) {
		rule->message_error =
			mok_arena_printf(arena, "messageExpression compilation failed: %s", error);
	} else if (rule->message->type->kind != CEL_STRING) {
		rule->message_error = "messageExpression must evaluate to a string";
		rule->message = NULL;
	}
}

void ks_rule_compile(struct mok_arena *arena, const cJSON *json, const struct cel_shape *shape,
	struct ks_rule *out)
{
	const char *source = ks_str(json, "rule"), *error = NULL;

	*out = (struct ks_rule){ .json = json,
		.optional_old = mok_json_bool(json, "optionalOldSelf", false) };
	if (!*ks_rule_trimmed(arena, source))
		return;
	if (!shape->type) {
		out->error = "failed to convert to declType for CEL validation rules";
		return;
	}
	out->program = compile(arena, source, shape, out->optional_old, &error);
	if (error) {
		out->error = mok_arena_printf(arena, "compilation failed: %s", error);
	} else if (out->program->type->kind != CEL_BOOL) {
		out->error = "cel expression must evaluate to a bool";
		out->program = NULL;
	}
	compile_message(arena, shape, out);
	if (*ks_str(json, "fieldPath"))
		out->field = ks_rule_path(arena, shape->schema, ks_str(json, "fieldPath"));
}
