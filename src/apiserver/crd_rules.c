/* The CEL rules of a custom resource, evaluated: after its schema found nothing that stands in the
 * way.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 */
#include "crd_rules.h"

#include "validate.h"

enum { MESSAGE_MAX = 5120 };

/* A schema with rules in it or below. */
struct node {
	const struct cel_shape *shape;
	struct ks_rule *rules;
	size_t len;
	struct mok_map *fields;     /* struct node by name; NULL: none */
	const struct node *element; /* of a list or a map */
};

struct ks_rules {
	struct mok_arena *arena;
	const cJSON *schema;
	struct node *root;
	bool compiled;
};

/* ---- compiling ---- */

static struct node *node_of(struct mok_arena *arena, const struct cel_shape *shape);

static void add_rules(struct mok_arena *arena, struct node *node)
{
	const cJSON *list = ks_at(node->shape->schema, "x-kubernetes-validations"), *one;

	node->rules = MOK_NEW_N(arena, struct ks_rule, (size_t)cJSON_GetArraySize(list) + 1);
	cJSON_ArrayForEach(one, list)
		ks_rule_compile(arena, one, node->shape, &node->rules[node->len++]);
}

static void add_fields(struct mok_arena *arena, struct node *node)
{
	const struct mok_map *fields = node->shape->fields;

	for (size_t i = 0; fields && i < mok_map_len(fields); i++) {
		struct node *below = node_of(arena, mok_map_value(fields, i));

		if (!below)
			continue;
		if (!node->fields)
			node->fields = mok_map_new(arena);
		mok_map_put(node->fields, mok_map_key(fields, i), below);
	}
}

/* NULL: there are no rules. */
static struct node *node_of(struct mok_arena *arena, const struct cel_shape *shape)
{
	struct node *node = MOK_NEW(arena, struct node);

	node->shape = shape;
	if (!shape->schema)
		return NULL;
	add_rules(arena, node);
	add_fields(arena, node);
	if (shape->element)
		node->element = node_of(arena, shape->element);
	return node->len || node->fields || node->element ? node : NULL;
}

struct ks_rules *ks_rules_new(struct mok_arena *arena, const cJSON *schema)
{
	struct ks_rules *rules = MOK_NEW(arena, struct ks_rules);

	rules->arena = arena;
	rules->schema = schema;
	return rules;
}

static const struct node *root_of(struct ks_rules *rules)
{
	if (!rules->compiled)
		rules->root =
			node_of(rules->arena, cel_shape_of(rules->arena, rules->schema, true));
	rules->compiled = true;
	return rules->root;
}

/* ---- what is unchanged may stay as it is ---- */

/* A value and what it was; `now` NULL: what it was cannot be told. */
struct pair {
	const cJSON *now, *before;
	enum { UNKNOWN = 0, SAME, OTHER } * known; /* compared once */
};

struct ratchet {
	struct pair here, above;
};

struct walk {
	struct ks_req *r;
	int64_t budget; /* negative: spent, and nothing more is evaluated */
};

static bool is_unchanged(const struct ratchet *ratchet)
{
	const struct pair *pair = ratchet->here.now ? &ratchet->here : &ratchet->above;

	if (!pair->now || !pair->before)
		return false;
	if (*pair->known == UNKNOWN)
		*pair->known = ks_same(pair->now, pair->before) ? SAME : OTHER;
	return *pair->known == SAME;
}

static struct pair pair_of(struct ks_req *r, const cJSON *now, const cJSON *before)
{
	struct pair pair = { .now = now, .before = before };

	pair.known = mok_arena_alloc(r->arena, sizeof(*pair.known));
	return pair;
}

static struct ratchet below(struct ks_req *r, const struct ratchet *ratchet, const cJSON *now,
	const cJSON *before, const char *field)
{
	struct ratchet out = *ratchet;

	if (!ratchet->here.now)
		return out;
	out = (struct ratchet){ .above = ratchet->here };
	if (before)
		out.here = pair_of(r, now, before);
	if (field && !ratchet->above.now &&
		(strcmp(field, "apiVersion") == 0 || strcmp(field, "kind") == 0))
		out = (struct ratchet){ 0 };
	return out;
}

/* ---- evaluating ---- */

struct place {
	const char *path; /* "" at the root */
	const cJSON *value, *before;
	struct ratchet ratchet;
};

static const char *root_path(const char *path)
{
	return *path ? path : "<nil>";
}

/* "Invalid value: ...": scalars are told, objects and lists are not. */
static const char *value_text(struct ks_req *r, const struct node *node, const cJSON *value)
{
	if (node->shape->kind == CEL_OBJECT || node->shape->kind == CEL_MAP ||
		node->shape->kind == CEL_LIST)
		return "";
	return ks_printf(r, ": %s", ks_json_text(r, value));
}

static const char *type_text(const struct node *node)
{
	return ks_str(node->shape->schema, "type");
}

static void add_cause(struct walk *w, const struct ks_rule *rule, const struct place *place,
	const char *reason, const char *path, const char *text)
{
	if ((rule->program && rule->program->uses_old) || !is_unchanged(&place->ratchet))
		ks_cause(w->r, reason, path, "%s", text);
	else
		ks_warn(w->r, ks_printf(w->r, "%s: %s", path, text));
}

static void violated(struct walk *w, const struct node *node, const struct ks_rule *rule,
	const struct place *place, const char *detail)
{
	static const struct {
		const char *name, *text;
		bool value, detail;
	} reasons[] = { { "FieldValueForbidden", "Forbidden", false, true },
		{ "FieldValueRequired", "Required value", false, true },
		{ "FieldValueDuplicate", "Duplicate value", true, false },
		{ "FieldValueInvalid", "Invalid value", true, true } };
	const char *reason = ks_str(rule->json, "reason");
	const char *path =
		rule->field ? ks_below(w->r, place->path, rule->field) : root_path(place->path);
	size_t i = 0;

	while (i + 1 < MOK_COUNT(reasons) && strcmp(reasons[i].name, reason) != 0)
		i++;
	add_cause(w, rule, place, reasons[i].name, path,
		ks_printf(w->r, "%s%s%s%s", reasons[i].text,
			reasons[i].value ? value_text(w->r, node, place->value) : "",
			reasons[i].detail ? ": " : "", reasons[i].detail ? detail : ""));
}

/* What a rule is called in errors. */
static const char *rule_name(struct ks_req *r, const struct ks_rule *rule)
{
	const char *message = ks_str(rule->json, "message");

	return ks_rule_trimmed(r->arena, *message ? message : ks_str(rule->json, "rule"));
}

/* NULL: it has none, or it comes to nothing, and the message stands. */
static const char *message_of(
	struct walk *w, const struct ks_rule *rule, const struct cel_var *vars)
{
	struct cel_val value;
	const char *text;

	if (!rule->message)
		return NULL;
	value = cel_eval(w->r->arena, rule->message, &vars[1], &w->budget);
	if (value.kind != CEL_STRING)
		return NULL;
	text = ks_rule_trimmed(w->r->arena, cel_text_of(w->r->arena, &value));
	return *text && strlen(text) <= MESSAGE_MAX && !strchr(text, '\n') ? text : NULL;
}

static void stop(
	struct walk *w, const struct node *node, const struct place *place, const char *text)
{
	ks_cause(w->r, "FieldValueInvalid", root_path(place->path), "Invalid value: \"%s\": %s",
		type_text(node), text);
	w->budget = -1;
}

static void failed(struct walk *w, const struct node *node, const struct ks_rule *rule,
	const struct place *place, const char *error)
{
	const char *name = rule_name(w->r, rule);

	if (mok_starts(error, CEL_SPENT)) {
		stop(w, node, place,
			ks_printf(w->r,
				"'%s': no further validation rules will be run due to call cost "
				"exceeds limit for rule: %s",
				error, name));
		return;
	}
	ks_cause(w->r, "FieldValueInvalid", root_path(place->path), "Invalid value: \"%s\": %s",
		type_text(node),
		mok_starts(error, "no such overload")
			? ks_printf(w->r,
				  "'%s': call arguments did not match a supported operator, "
				  "function or macro signature for rule: %s",
				  error, name)
			: ks_printf(w->r, "%s evaluating rule: %s", error, name));
}

static void run_rule(struct walk *w, const struct node *node, const struct ks_rule *rule,
	const struct place *place, struct cel_var *vars)
{
	struct mok_arena *arena = w->r->arena;
	const char *message;
	struct cel_val out;

	if (rule->program->uses_old && !place->before && !rule->optional_old)
		return;
	if (rule->optional_old)
		vars[1].value = place->before
			? cel_some(arena, cel_json(arena, place->before, node->shape))
			: cel_none();
	else if (place->before && rule->program->uses_old)
		vars[1].value = cel_json(arena, place->before, node->shape);
	out = cel_eval(arena, rule->program, &vars[1], &w->budget);
	if (w->budget < 0) {
		stop(w, node, place,
			"validation failed due to running out of cost budget, no further "
			"validation rules will be run");
	} else if (out.kind != CEL_BOOL) {
		failed(w, node, rule, place,
			out.kind == CEL_ERROR ? out.is.text.at : "no such overload");
	} else if (!out.is.truth) {
		message = message_of(w, rule, vars);
		if (!message && *ks_str(rule->json, "message"))
			message = rule_name(w->r, rule);
		violated(w, node, rule, place,
			message ? message
				: ks_printf(w->r, "failed rule: %s", rule_name(w->r, rule)));
	}
}

static void run_rules(struct walk *w, const struct node *node, const struct place *place)
{
	struct cel_var vars[2] = { { .name = "self" }, { .name = "oldSelf", .outer = &vars[0] } };

	if (node->len)
		vars[0].value = cel_json(w->r->arena, place->value, node->shape);
	for (size_t i = 0; i < node->len && w->budget >= 0; i++) {
		const struct ks_rule *rule = &node->rules[i];

		if (rule->error)
			ks_cause(w->r, "FieldValueInvalid", root_path(place->path),
				"Invalid value: \"%s\": rule compile error: %s", type_text(node),
				rule->error);
		else if (rule->program)
			run_rule(w, node, rule, place, vars);
	}
}

/* ---- walking ---- */

static void walk(struct walk *w, const struct node *node, const struct place *place);

static void walk_list(struct walk *w, const struct node *node, const struct place *place)
{
	const struct mok_map *items = ks_items_before(w->r, node->shape->schema, place->before);
	const cJSON *item;
	int i = 0;

	cJSON_ArrayForEach(item, place->value)
	{
		const cJSON *before = ks_item_before(w->r, node->shape->schema, items, item);
		const struct place at = { ks_printf(w->r, "%s[%d]", place->path, i++), item, before,
			below(w->r, &place->ratchet, item, before, NULL) };

		walk(w, node->element, &at);
	}
}

static void walk_map(struct walk *w, const struct node *node, const struct place *place)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, place->value)
	{
		const struct node *field = node->element ? node->element
			: node->fields                   ? mok_map_get(node->fields, one->string)
							 : NULL;
		const cJSON *before = ks_at(place->before, one->string);
		const struct place at = { node->element
				? ks_printf(w->r, "%s[%s]", place->path, one->string)
				: ks_below(w->r, place->path, one->string),
			one, before, below(w->r, &place->ratchet, one, before, one->string) };

		if (field)
			walk(w, field, &at);
	}
}

static void walk(struct walk *w, const struct node *node, const struct place *place)
{
	if (!node || cJSON_IsNull(place->value) || w->budget < 0)
		return;
	run_rules(w, node, place);
	if (cJSON_IsArray(place->value))
		walk_list(w, node, place);
	else if (cJSON_IsObject(place->value))
		walk_map(w, node, place);
}

/* What makes rules meaningless. */
static bool is_blocked(const struct ks_req *r)
{
	static const char *const reasons[] = { "FieldValueNotSupported", "FieldValueRequired",
		"FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid" };

	for (size_t i = 0; i < r->causes.len; i++)
		for (size_t j = 0; j < MOK_COUNT(reasons); j++)
			if (strcmp(ks_str(r->causes.items[i], "reason"), reasons[j]) == 0)
				return true;
	return false;
}

void ks_rules_run(
	struct ks_req *r, struct ks_rules *rules, const cJSON *before, const cJSON *object)
{
	struct walk w = { .r = r, .budget = CEL_WHOLE_COST };
	struct place root = { .path = "", .value = object, .before = before };

	if (before)
		root.ratchet.here = pair_of(r, object, before);
	if (!root_of(rules))
		return;
	if (is_blocked(r))
		ks_cause(r, "FieldValueInvalid", "<nil>",
			"Invalid value: null: some validation rules were not checked because the "
			"object was invalid; correct the existing errors to complete validation");
	else
		walk(&w, root_of(rules), &root);
}
