/* What type each node has, and which functions it may mean. */
#include "cel.h"

enum { TREE_DEPTH_MAX = 600 };

struct checker {
	struct mok_arena *arena;
	struct cel_var *vars;
	struct cel_problems *problems;
	int depth;
};

/* What the letters A and B of a signature stand for in a call. */
struct bound {
	const struct cel_type *types[2];
};

static const struct cel_type *check(struct checker *c, struct cel_node *node);

#define SIMPLE(kind) (&cel_simple[kind])

static bool is_open(const struct cel_type *type)
{
	return type->kind == CEL_DYN || type->kind == CEL_ERROR;
}

static const char *shown(struct checker *c, const struct cel_type *type)
{
	return cel_type_text(c->arena, type);
}

static void mismatch(
	struct checker *c, size_t at, const struct cel_type *wanted, const struct cel_type *found)
{
	cel_problem(c->problems, at, "expected type '%s' but found '%s'", shown(c, wanted),
		shown(c, found));
}

/* ---- names ---- */

static struct cel_var *var_of(struct checker *c, const char *name)
{
	struct cel_var *var = c->vars;

	while (var && strcmp(var->name, name) != 0)
		var = (struct cel_var *)(uintptr_t)var->outer;
	return var;
}

/* "a.b.c" of a chain of names; NULL: it is none. */
static const char *dotted(struct checker *c, const struct cel_node *node)
{
	const char *from;

	if (node->op == CEL_IDENT)
		return node->name;
	if (node->op != CEL_SELECT || node->optional || node->has)
		return NULL;
	from = dotted(c, node->from);
	return from ? mok_arena_printf(c->arena, "%s.%s", from, node->name) : NULL;
}

static bool names_type(struct checker *c, struct cel_node *node)
{
	const char *name = dotted(c, node);
	struct cel_type *type;
	enum cel_kind kind;

	if (!name || !cel_kind_named(name, &kind))
		return false;
	type = MOK_NEW(c->arena, struct cel_type);
	*type = (struct cel_type){ .kind = CEL_TYPE, .element = SIMPLE(kind) };
	node->op = CEL_CONST;
	node->value = (struct cel_val){ .kind = CEL_TYPE, .is.type = SIMPLE(kind) };
	node->type = type;
	return true;
}

static const struct cel_type *check_name(struct checker *c, struct cel_node *node)
{
	struct cel_var *var = var_of(c, node->name);

	if (var) {
		var->used = true;
		return var->type;
	}
	if (names_type(c, node))
		return node->type;
	cel_problem(c->problems, node->at, "undeclared reference to '%s' (in container '')",
		node->name);
	return SIMPLE(CEL_ERROR);
}

/* ---- fields ---- */

static const struct cel_type *field_of(
	struct checker *c, const struct cel_node *node, const struct cel_type *type)
{
	const char *name;
	const struct cel_shape *field;

	if (type->kind == CEL_MAP)
		return type->element;
	if (type->kind != CEL_OBJECT) {
		if (!is_open(type))
			cel_problem(c->problems, node->at,
				"type '%s' does not support field selection", shown(c, type));
		return SIMPLE(CEL_DYN);
	}
	name = cel_unescape(c->arena, node->name);
	field = name ? mok_map_get(type->shape->fields, name) : NULL;
	if (field && field->type && mok_streq(cel_escape(c->arena, name), node->name))
		return field->type;
	cel_problem(c->problems, node->at, "undefined field '%s'", node->name);
	return SIMPLE(CEL_ERROR);
}

static const struct cel_type *check_select(struct checker *c, struct cel_node *node)
{
	const char *name = dotted(c, node);
	const struct cel_type *type;
	bool optional = node->optional;

	if (name && !var_of(c, mok_arena_strndup(c->arena, name, strcspn(name, "."))) &&
		names_type(c, node))
		return node->type;
	type = check(c, node->from);
	if (type->kind == CEL_OPTIONAL) {
		type = type->element;
		optional = true;
	}
	type = field_of(c, node, type);
	if (node->has)
		return SIMPLE(CEL_BOOL);
	return optional ? cel_optional_of(c->arena, type) : type;
}

/* ---- calls ---- */

static bool bind(struct bound *bound, char param, const struct cel_type *type)
{
	const struct cel_type **held = &bound->types[param - 'A'];

	if (!*held || (is_open(type) && !is_open(*held))) {
		*held = type;
		return true;
	}
	return cel_assignable(type, *held) || cel_assignable(*held, type);
}

static bool fits(struct bound *bound, const struct cel_type *wanted, const struct cel_type *type)
{
	if (wanted->kind == CEL_PARAM)
		return bind(bound, wanted->param, type);
	if (is_open(type) || wanted->kind == CEL_DYN)
		return true;
	if (wanted->kind != type->kind || !wanted->element)
		return cel_assignable(type, wanted);
	return (!wanted->key || fits(bound, wanted->key, type->key)) &&
		fits(bound, wanted->element, type->element);
}

static const struct cel_type *filled(
	struct checker *c, const struct bound *bound, const struct cel_type *type)
{
	const struct cel_type *held;

	if (type->kind == CEL_PARAM) {
		held = bound->types[type->param - 'A'];
		return held ? held : SIMPLE(CEL_DYN);
	}
	if (type->kind == CEL_LIST)
		return cel_list_of(c->arena, filled(c, bound, type->element));
	if (type->kind == CEL_OPTIONAL)
		return cel_optional_of(c->arena, filled(c, bound, type->element));
	if (type->kind == CEL_MAP)
		return cel_map_of(
			c->arena, filled(c, bound, type->key), filled(c, bound, type->element));
	return type;
}

/* The type of what an overload gives for these arguments; NULL: it does not take them. */
static const struct cel_type *result_of(struct checker *c, const struct cel_fn *fn, bool on,
	const struct cel_type *const *types, size_t n)
{
	const char *at = fn->signature + (*fn->signature == '.');
	struct bound bound = { { NULL, NULL } };

	if (on != (*fn->signature == '.'))
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (*at == ':' || !fits(&bound, cel_signature_type(c->arena, &at), types[i]))
			return NULL;
	if (*at++ != ':')
		return NULL;
	return filled(c, &bound, cel_signature_type(c->arena, &at));
}

static void no_overload(struct checker *c, const struct cel_node *node,
	const struct cel_type *const *types, size_t n)
{
	struct mok_buf text;

	mok_buf_init(&text, 65536);
	if (node->from)
		mok_buf_printf(&text, "%s.", shown(c, types[0]));
	mok_buf_putc(&text, '(');
	for (size_t i = node->from ? 1 : 0; i < n; i++)
		mok_buf_printf(
			&text, "%s%s", i > (node->from ? 1 : 0) ? ", " : "", shown(c, types[i]));
	cel_problem(c->problems, node->at, "found no matching overload for '%s' applied to '%s)'",
		node->name, text.data);
	mok_buf_release(&text);
}

/* sets.contains(...) is a function's name, not a call on something. */
static void join_name(struct checker *c, struct cel_node *node)
{
	const char *from = node->from ? dotted(c, node->from) : NULL, *name;
	size_t n;

	if (!from)
		return;
	name = mok_arena_printf(c->arena, "%s.%s", from, node->name);
	if (!cel_fns_named(name, &n))
		return;
	node->name = name;
	node->from = NULL;
}

/* matches, find and findAll: of the first argument that is not what is searched. */
static bool compile_pattern(struct checker *c, struct cel_node *node)
{
	const struct cel_node *arg = node->nargs > !node->from ? node->args[!node->from] : NULL;
	bool matches = strcmp(node->name, "matches") == 0;
	const char *why;

	if (!arg || arg->op != CEL_CONST || arg->value.kind != CEL_STRING ||
		(!matches && !mok_starts(node->name, "find")))
		return true;
	node->pattern = cel_regex_new(c->arena, cel_text_of(c->arena, &arg->value), &why);
	return node->pattern || !matches;
}

/* Literals are looked at before they are used. */
static void check_literal(struct checker *c, struct cel_node *node)
{
	const struct cel_node *last = node->nargs ? node->args[node->nargs - 1] : NULL;
	const char *text;
	struct cel_val time;
	int64_t nanos;
	bool good = compile_pattern(c, node);

	if (!last || last->op != CEL_CONST || last->value.kind != CEL_STRING)
		return;
	text = cel_text_of(c->arena, &last->value);
	if (strcmp(node->name, "duration") == 0)
		good = cel_parse_duration(text, &nanos);
	else if (strcmp(node->name, "timestamp") == 0)
		good = cel_parse_timestamp(text, false, &time);
	if (!good)
		cel_problem(c->problems, last->at, "invalid %s argument", node->name);
}

static const struct cel_type *resolve(
	struct checker *c, struct cel_node *node, const struct cel_type *const *types, size_t n)
{
	const struct cel_type *out = NULL, *one;
	const struct cel_fn *only = NULL;
	size_t found = 0;

	for (size_t i = 0; i < node->nfns; i++) {
		one = result_of(c, &node->fns[i], node->from, types, n);
		if (!one)
			continue;
		out = !out || cel_same_type(out, one) ? one : SIMPLE(CEL_DYN);
		only = &node->fns[i];
		found++;
	}
	if (found == 1) {
		node->fns = only;
		node->nfns = 1;
	}
	if (out)
		return out;
	no_overload(c, node, types, n);
	return SIMPLE(CEL_ERROR);
}

static const struct cel_type *check_call(struct checker *c, struct cel_node *node)
{
	const struct cel_type **types =
		MOK_NEW_N(c->arena, const struct cel_type *, node->nargs + 1);
	size_t n = 0, problems = c->problems->list.len;

	join_name(c, node);
	if (node->from)
		types[n++] = check(c, node->from);
	for (size_t i = 0; i < node->nargs; i++)
		types[n++] = check(c, node->args[i]);
	node->fns = cel_fns_named(node->name, &node->nfns);
	if (!node->fns) {
		cel_problem(c->problems, node->at, "undeclared reference to '%s' (in container '')",
			node->name);
		return SIMPLE(CEL_ERROR);
	}
	if (c->problems->list.len == problems)
		check_literal(c, node);
	return resolve(c, node, types, n);
}

/* ---- operators, literals ---- */

static const struct cel_type *check_logic(struct checker *c, struct cel_node *node)
{
	for (size_t i = 0; i < node->nargs; i++) {
		const struct cel_type *type = check(c, node->args[i]);

		if (!cel_assignable(type, SIMPLE(CEL_BOOL)))
			mismatch(c, node->args[i]->at, SIMPLE(CEL_BOOL), type);
	}
	return SIMPLE(CEL_BOOL);
}

/* Of two that go together, the one that says less. */
static const struct cel_type *wider(const struct cel_type *a, const struct cel_type *b)
{
	return is_open(b) || (a->kind == CEL_NULL && b->kind != CEL_NULL) ? b : a;
}

static const struct cel_type *check_condition(struct checker *c, struct cel_node *node)
{
	const struct cel_type *types[3];

	for (size_t i = 0; i < 3; i++)
		types[i] = check(c, node->args[i]);
	if (cel_assignable(types[0], SIMPLE(CEL_BOOL)) &&
		(cel_assignable(types[1], types[2]) || cel_assignable(types[2], types[1])))
		return wider(types[1], types[2]);
	node->name = "_?_:_";
	no_overload(c, node, types, 3);
	return SIMPLE(CEL_ERROR);
}

/* The items of a literal are of one type. */
static const struct cel_type *join(
	struct checker *c, struct cel_node *item, bool optional, const struct cel_type *so_far)
{
	const struct cel_type *type = check(c, item);

	if (optional && type->kind == CEL_OPTIONAL)
		type = type->element;
	else if (optional && !is_open(type))
		mismatch(c, item->at, cel_optional_of(c->arena, type), type);
	if (!so_far)
		return type;
	if (!cel_assignable(type, so_far) && !cel_assignable(so_far, type))
		mismatch(c, item->at, so_far, type);
	return wider(so_far, type);
}

static const struct cel_type *check_list(struct checker *c, struct cel_node *node)
{
	const struct cel_type *type = NULL;

	for (size_t i = 0; i < node->nargs; i++)
		type = join(c, node->args[i], node->optionals[i], type);
	return cel_list_of(c->arena, type ? type : SIMPLE(CEL_DYN));
}

static const struct cel_type *check_map(struct checker *c, struct cel_node *node)
{
	const struct cel_type *key = NULL, *value = NULL;

	for (size_t i = 0; i + 1 < node->nargs; i += 2) {
		key = join(c, node->args[i], false, key);
		value = join(c, node->args[i + 1], node->optionals[i / 2], value);
	}
	return cel_map_of(c->arena, key ? key : SIMPLE(CEL_DYN), value ? value : SIMPLE(CEL_DYN));
}

/* ---- macros ---- */

/* What a macro's variables are of: [0] a list's index or a map's key, [1] what is there. */
static bool range_of(struct checker *c, const struct cel_node *node, const struct cel_type *range,
	const struct cel_type *out[2])
{
	out[0] = SIMPLE(CEL_INT);
	out[1] = range->element ? range->element : SIMPLE(CEL_DYN);
	if (is_open(range)) {
		out[0] = SIMPLE(CEL_DYN);
		return true;
	}
	if (node->macro->yields == CEL_Y_OPTIONAL && range->kind == CEL_OPTIONAL)
		return true;
	if (range->kind == CEL_MAP && node->macro->yields != CEL_Y_OPTIONAL) {
		out[0] = range->key;
		return true;
	}
	if (range->kind == CEL_LIST && node->macro->yields != CEL_Y_OPTIONAL)
		return true;
	cel_problem(c->problems, node->from->at,
		"expression of type '%s' cannot be range of a comprehension (must be list, map, or "
		"dynamic)",
		shown(c, range));
	return false;
}

static const struct cel_type *yielded(struct checker *c, const struct cel_node *node,
	const struct cel_type *const vars[2], const struct cel_type *last)
{
	bool map = node->macro->nvars == 1 && node->from->type->kind == CEL_MAP;

	switch ((int)node->macro->yields) {
	case CEL_Y_LIST: return cel_list_of(c->arena, last);
	case CEL_Y_MAP:
		return node->macro->nargs && strcmp(node->name, "transformMapEntry") == 0
			? last
			: cel_map_of(c->arena, vars[0], last);
	case CEL_Y_SAME: return cel_list_of(c->arena, map ? vars[0] : vars[1]);
	case CEL_Y_OPTIONAL:
		return strcmp(node->name, "optFlatMap") == 0 && last->kind == CEL_OPTIONAL
			? last
			: cel_optional_of(c->arena, last);
	default: return SIMPLE(CEL_BOOL);
	}
}

static const struct cel_type *check_macro(struct checker *c, struct cel_node *node)
{
	const struct cel_type *range = check(c, node->from), *types[2], *last = SIMPLE(CEL_DYN);
	struct cel_var vars[2], *outer = c->vars;
	bool key = node->nvars == 1 && range->kind == CEL_MAP;

	range_of(c, node, range, types);
	for (size_t i = 0; i < node->nvars; i++) {
		size_t which = node->nvars == 2 ? i : key ? 0 : 1;

		vars[i] = (struct cel_var){
			.name = node->vars[i], .type = types[which], .outer = c->vars
		};
		c->vars = &vars[i];
	}
	for (size_t i = 0; i < node->nargs; i++) {
		last = check(c, node->args[i]);
		if (!i && node->macro->tests && !cel_assignable(last, SIMPLE(CEL_BOOL)))
			mismatch(c, node->args[i]->at, SIMPLE(CEL_BOOL), last);
	}
	c->vars = outer;
	return yielded(c, node, types, last);
}

static const struct cel_type *constant_type(const struct cel_node *node)
{
	return node->value.kind == CEL_TYPE ? node->type : SIMPLE(node->value.kind);
}

static const struct cel_type *type_of(struct checker *c, struct cel_node *node)
{
	switch ((int)node->op) {
	case CEL_CONST: return constant_type(node);
	case CEL_IDENT: return check_name(c, node);
	case CEL_SELECT: return check_select(c, node);
	case CEL_CALL: return check_call(c, node);
	case CEL_AND:
	case CEL_OR: return check_logic(c, node);
	case CEL_CONDITION: return check_condition(c, node);
	case CEL_MAKE_LIST: return check_list(c, node);
	case CEL_MAKE_MAP: return check_map(c, node);
	default: return check_macro(c, node);
	}
}

static const struct cel_type *check(struct checker *c, struct cel_node *node)
{
	if (c->depth >= TREE_DEPTH_MAX) {
		cel_problem(c->problems, node->at, "expression recursion limit exceeded: %d",
			TREE_DEPTH_MAX);
		return node->type = SIMPLE(CEL_ERROR);
	}
	c->depth++;
	node->type = type_of(c, node);
	c->depth--;
	return node->type;
}

bool cel_check(struct mok_arena *arena, struct cel_node *root, struct cel_var *vars,
	struct cel_problems *problems)
{
	struct checker c = { .arena = arena, .vars = vars, .problems = problems };

	check(&c, root);
	return !problems->list.len;
}
