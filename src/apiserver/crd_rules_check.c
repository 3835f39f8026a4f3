/* The rules of a definition that is made or changed: what is refused in them. */
#include "crd_rules.h"

#include "validate.h"

struct visit {
	struct ks_req *r;
	struct mok_arena *arena;
	const char *fixed; /* where lists or maps begin whose items have no past; NULL: nowhere */
};

static const char *at_rule(struct ks_req *r, const char *path, int i, const char *name)
{
	return ks_printf(r, "%s.x-kubernetes-validations[%d].%s", path, i, name);
}

static bool has_lines(const char *text)
{
	return strpbrk(text, "\n\r");
}

/* ---- fields ---- */

static void check_message(struct ks_req *r, const cJSON *rule, const char *path, int i)
{
	const char *text = ks_rule_trimmed(r->arena, ks_str(rule, "rule"));
	const char *message = ks_str(rule, "message");
	const char *trimmed = ks_rule_trimmed(r->arena, message);
	const char *expression = ks_str(rule, "messageExpression");

	if (!*text)
		ks_want(r, at_rule(r, path, i, "rule"), "rule is not specified");
	else if (*message && !*trimmed)
		ks_bad(r, at_rule(r, path, i, "message"), ks_at(rule, "message"),
			"must be non-empty if specified");
	else if (has_lines(trimmed))
		ks_bad(r, at_rule(r, path, i, "message"), ks_at(rule, "message"),
			"must not contain line breaks");
	else if (has_lines(text) && !*trimmed)
		ks_want(r, at_rule(r, path, i, "message"),
			"message must be specified if rule contains line breaks");
	if (*expression && !*ks_rule_trimmed(r->arena, expression))
		ks_want(r, at_rule(r, path, i, "messageExpression"),
			"messageExpression must be non-empty if specified");
}

static void check_field_path(
	struct ks_req *r, const cJSON *schema, const cJSON *rule, const char *path, int i)
{
	const char *field = ks_str(rule, "fieldPath");
	const cJSON *value = ks_at(rule, "fieldPath");
	const char *at = at_rule(r, path, i, "fieldPath");

	if (!*field)
		return;
	if (!*ks_rule_trimmed(r->arena, field))
		ks_bad(r, at, value, "must be non-empty if specified");
	if (has_lines(field))
		ks_bad(r, at, value, "must not contain line breaks");
	if (!ks_rule_path(r->arena, schema, field))
		ks_bad(r, at, value, "must be a valid path");
}

static void check_fields(struct ks_req *r, const cJSON *schema, const char *path)
{
	const cJSON *rule;
	int i = 0;

	cJSON_ArrayForEach(rule, ks_at(schema, "x-kubernetes-validations"))
	{
		check_message(r, rule, path, i);
		ks_one_of(r, rule, "reason",
			ks_printf(r, "%s.x-kubernetes-validations[%d]", path, i),
			"FieldValueDuplicate FieldValueForbidden FieldValueInvalid "
			"FieldValueRequired");
		check_field_path(r, schema, rule, path, i);
		i++;
	}
}

/* ---- expressions ---- */

/* As Go's JSON escapes what HTML minds. */
static const char *escaped(struct ks_req *r, const char *text)
{
	struct mok_buf buf;
	const char *out;

	mok_buf_init(&buf, 1 << 20);
	for (; *text; text++)
		if (strchr("<>&", *text))
			mok_buf_printf(&buf, "\\u%04x", (unsigned char)*text);
		else
			mok_buf_putc(&buf, *text);
	out = mok_arena_strdup(r->arena, buf.data);
	mok_buf_release(&buf);
	return out;
}

/* A rule as the server's own struct of it is told. */
static const char *rule_text(struct ks_req *r, const cJSON *rule)
{
	static const char *const names[][2] = { { "Rule", "rule" }, { "Message", "message" },
		{ "MessageExpression", "messageExpression" }, { "Reason", "reason" },
		{ "FieldPath", "fieldPath" }, { "OptionalOldSelf", "optionalOldSelf" } };
	cJSON *out = ks_own(r, cJSON_CreateObject());

	for (size_t i = 0; i < MOK_COUNT(names); i++) {
		const cJSON *value = ks_at(rule, names[i][1]);
		bool pointer = i == 3 || i == 5;

		cJSON_AddItemToObject(out, names[i][0],
			value             ? cJSON_Duplicate(value, true)
				: pointer ? cJSON_CreateNull()
					  : cJSON_CreateString(""));
	}
	return escaped(r, ks_json_text(r, out));
}

static void check_old(struct visit *v, const struct ks_rule *rule, const char *path, int i)
{
	const cJSON *optional = ks_at(rule->json, "optionalOldSelf");

	if (rule->program && rule->program->uses_old) {
		if (v->fixed)
			ks_bad(v->r, at_rule(v->r, path, i, "rule"), ks_at(rule->json, "rule"),
				ks_printf(v->r,
					"oldSelf cannot be used on the uncorrelatable portion of "
					"the schema within %s",
					v->fixed));
	} else if (optional) {
		ks_bad(v->r, at_rule(v->r, path, i, "optionalOldSelf"), optional,
			"may not be set if oldSelf is not used in rule");
	}
}

static void check_expressions(
	struct visit *v, const cJSON *schema, const struct cel_shape *shape, const char *path)
{
	const cJSON *json;
	int i = 0;

	cJSON_ArrayForEach(json, ks_at(schema, "x-kubernetes-validations"))
	{
		struct ks_rule rule;

		ks_rule_compile(v->arena, json, shape, &rule);
		if (rule.error)
			ks_cause(v->r, "FieldValueInvalid", at_rule(v->r, path, i, "rule"),
				"Invalid value: %s: %s", rule_text(v->r, json), rule.error);
		if (rule.message_error)
			ks_cause(v->r, "FieldValueInvalid",
				at_rule(v->r, path, i, "messageExpression"),
				"Invalid value: %s: %s", rule_text(v->r, json), rule.message_error);
		check_old(v, &rule, path, i);
		i++;
	}
}

/* ---- the schema ---- */

/* Calls with every schema within, its shape and path; those below before those above. */
static void each(struct visit *v, const struct cel_shape *shape, const char *path, bool compile)
{
	const char *fixed = v->fixed;
	const cJSON *schema = shape->schema;

	if (!schema)
		return;
	for (size_t i = 0; shape->fields && i < mok_map_len(shape->fields); i++)
		each(v, mok_map_value(shape->fields, i),
			ks_printf(v->r, "%s.properties[%s]", path, mok_map_key(shape->fields, i)),
			compile);
	if (shape->element) {
		if (shape->kind == CEL_LIST && !shape->by_keys && !v->fixed)
			v->fixed = path;
		each(v, shape->element,
			ks_below(v->r, path,
				shape->kind == CEL_LIST ? "items" : "additionalProperties"),
			compile);
		v->fixed = fixed;
	}
	if (compile)
		check_expressions(v, schema, shape, path);
	else
		check_fields(v->r, schema, path);
}

void ks_check_rules(struct ks_req *r, const cJSON *schema, const char *path)
{
	struct visit v = { .r = r, .arena = r->arena };
	const struct cel_shape *shape = cel_shape_of(r->arena, schema, true);
	size_t causes = r->causes.len;

	each(&v, shape, path, false);
	if (r->causes.len == causes)
		each(&v, shape, path, true);
}
