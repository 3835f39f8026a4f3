/* From tokens to nodes, by descent. */
#include "cel.h"

#include <errno.h>
#include <stdlib.h>

enum { PROBLEMS_MAX = 20 };

struct parser {
	struct mok_arena *arena;
	const char *source;
	struct cel_problems *problems;
	struct cel_token token;
	int depth;
	bool failed;
};

MOK_PRINTF(3, 4) static struct cel_node *fail(struct parser *p, size_t at, const char *fmt, ...);
static struct cel_node *parse_expression(struct parser *p);

static const char *token_text(struct parser *p)
{
	return p->token.kind == CEL_T_END
		? "<EOF>"
		: mok_arena_strndup(p->arena, p->source + p->token.at, p->token.len);
}

/* What is no token is told and left out. */
static void next(struct parser *p)
{
	size_t end = p->token.at + p->token.len;

	for (;;) {
		cel_lex(p->arena, p->source, end, &p->token);
		if (p->token.kind != CEL_T_BAD)
			return;
		end = p->token.at + p->token.len;
		if (!p->failed && p->problems->list.len < PROBLEMS_MAX)
			cel_problem(p->problems, p->token.at,
				"Syntax error: token recognition error at: '%s'", token_text(p));
	}
}

static struct cel_node *node_new(struct parser *p, enum cel_op op, size_t at)
{
	struct cel_node *node = MOK_NEW(p->arena, struct cel_node);

	node->op = op;
	node->at = at;
	return node;
}

/* The first is told; what follows from it is not. */
static struct cel_node *fail(struct parser *p, size_t at, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = mok_arena_vprintf(p->arena, fmt, ap);
	va_end(ap);
	if (!p->failed)
		cel_problem(p->problems, at, "%s", text);
	p->failed = true;
	return node_new(p, CEL_CONST, at);
}

static struct cel_node *unexpected(struct parser *p, const char *wanted)
{
	return fail(p, p->token.at, "Syntax error: mismatched input '%s' expecting %s",
		token_text(p), wanted);
}

static bool is_sign(const struct parser *p, const char *sign)
{
	return p->token.kind == CEL_T_SIGN && p->token.len == strlen(sign) &&
		strncmp(p->source + p->token.at, sign, p->token.len) == 0;
}

static bool take(struct parser *p, const char *sign)
{
	if (!is_sign(p, sign))
		return false;
	next(p);
	return true;
}

static void want(struct parser *p, const char *sign)
{
	if (!take(p, sign))
		unexpected(p, mok_arena_printf(p->arena, "'%s'", sign));
}

static bool is_word(const struct parser *p, const char *word)
{
	return p->token.kind == CEL_T_IDENT && p->token.len == strlen(word) &&
		strncmp(p->source + p->token.at, word, p->token.len) == 0;
}

static struct cel_node *call_new(
	struct parser *p, const char *name, size_t at, struct cel_node *a, struct cel_node *b)
{
	struct cel_node *node = node_new(p, CEL_CALL, at);

	node->name = name;
	node->args = MOK_NEW_N(p->arena, struct cel_node *, 2);
	node->args[node->nargs++] = a;
	if (b)
		node->args[node->nargs++] = b;
	return node;
}

/* ---- literals ---- */

static struct cel_node *constant(struct parser *p, size_t at, struct cel_val value)
{
	struct cel_node *node = node_new(p, CEL_CONST, at);

	node->value = value;
	return node;
}

static struct cel_node *read_int(struct parser *p, const char *text, bool minus, size_t at)
{
	const char *digits = minus ? mok_arena_printf(p->arena, "-%s", text) : text;
	int base = mok_starts(text, "0x") ? 16 : 10;
	long long value;

	errno = 0;
	value = strtoll(digits, NULL, base);
	if (errno)
		return fail(p, at, "invalid int literal");
	return constant(p, at, CEL_OF_INT(value));
}

static struct cel_node *read_uint(struct parser *p, const char *text, size_t at)
{
	unsigned long long value;

	errno = 0;
	value = strtoull(text, NULL, mok_starts(text, "0x") ? 16 : 10);
	if (errno)
		return fail(p, at, "invalid uint literal");
	return constant(p, at, CEL_OF_UINT(value));
}

static struct cel_node *parse_number(struct parser *p, bool minus, size_t at)
{
	const char *text = token_text(p);
	enum cel_token_kind kind = p->token.kind;
	double value;

	next(p);
	if (kind == CEL_T_INT)
		return read_int(p, text, minus, at);
	if (kind == CEL_T_UINT)
		return minus ? call_new(p, "-_", at, read_uint(p, text, at), NULL)
			     : read_uint(p, text, at);
	errno = 0;
	value = strtod(text, NULL);
	if (errno && value != 0)
		return fail(p, at, "invalid double literal");
	return constant(p, at, CEL_OF_DOUBLE(minus ? -value : value));
}

static struct cel_node *parse_text(struct parser *p)
{
	struct cel_val value = { .kind = p->token.kind == CEL_T_BYTES ? CEL_BYTES : CEL_STRING,
		.is.text = p->token.text };
	size_t at = p->token.at;

	next(p);
	return constant(p, at, value);
}

/* ---- lists, maps, arguments ---- */

struct items {
	MOK_VEC(struct cel_node *) nodes;
	MOK_VEC(bool) optionals;
};

static void parse_items(struct parser *p, const char *end, bool optionals, struct items *out)
{
	while (!p->failed && !is_sign(p, end)) {
		bool optional = optionals && take(p, "?");

		mok_vec_push(p->arena, &out->nodes, parse_expression(p));
		mok_vec_push(p->arena, &out->optionals, optional);
		if (!take(p, ","))
			break;
	}
	want(p, end);
}

static struct cel_node *parse_list(struct parser *p, size_t at)
{
	struct cel_node *node = node_new(p, CEL_MAKE_LIST, at);
	struct items items = { 0 };

	parse_items(p, "]", true, &items);
	node->args = items.nodes.items;
	node->optionals = items.optionals.items;
	node->nargs = items.nodes.len;
	return node;
}

static struct cel_node *parse_map(struct parser *p, size_t at)
{
	struct cel_node *node = node_new(p, CEL_MAKE_MAP, at);
	struct items items = { 0 };

	while (!p->failed && !is_sign(p, "}")) {
		mok_vec_push(p->arena, &items.optionals, take(p, "?"));
		mok_vec_push(p->arena, &items.nodes, parse_expression(p));
		want(p, ":");
		mok_vec_push(p->arena, &items.nodes, parse_expression(p));
		if (!take(p, ","))
			break;
	}
	want(p, "}");
	node->args = items.nodes.items;
	node->optionals = items.optionals.items;
	node->nargs = items.nodes.len;
	return node;
}

/* ---- calls and macros ---- */

static struct cel_node *make_has(struct parser *p, const struct items *items, size_t at)
{
	struct cel_node *node = items->nodes.items[0];

	if (node->op != CEL_SELECT || node->has)
		return fail(p, node->at, "invalid argument to has() macro");
	node->has = true;
	node->at = at;
	return node;
}

/* x.all(i, ...): a name that goes through x, and expressions about it. */
static struct cel_node *make_macro(struct parser *p, struct cel_node *from,
	const struct cel_macro *macro, const struct items *items, size_t at)
{
	struct cel_node *node = node_new(p, CEL_MACRO, at);

	node->macro = macro;
	node->name = macro->name;
	node->from = from;
	for (size_t i = 0; i < macro->nvars; i++) {
		const struct cel_node *var = items->nodes.items[i];

		if (var->op != CEL_IDENT || *var->name == '.')
			return fail(p, var->at, "argument must be a simple name");
		if (node->nvars && strcmp(node->vars[0], var->name) == 0)
			return fail(p, var->at, "duplicate variable name: '%s'", var->name);
		node->vars[node->nvars++] = var->name;
	}
	node->args = items->nodes.items + macro->nvars;
	node->nargs = items->nodes.len - macro->nvars;
	return node;
}

static struct cel_node *parse_call(struct parser *p, struct cel_node *from, const char *name)
{
	size_t at = p->token.at;
	struct items items = { 0 };
	const struct cel_macro *macro;
	struct cel_node *node;

	next(p);
	parse_items(p, ")", false, &items);
	if (p->failed)
		return node_new(p, CEL_CONST, at);
	macro = from ? cel_macro_find(name, items.nodes.len) : NULL;
	if (macro)
		return make_macro(p, from, macro, &items, at);
	if (!from && strcmp(name, "has") == 0 && items.nodes.len == 1)
		return make_has(p, &items, at);
	node = node_new(p, CEL_CALL, at);
	node->name = name;
	node->from = from;
	node->args = items.nodes.items;
	node->nargs = items.nodes.len;
	return node;
}

/* ---- operators ---- */

static struct cel_node *parse_name(struct parser *p)
{
	size_t at = p->token.at;
	bool dot = take(p, ".");
	const char *name = token_text(p);
	struct cel_node *node;

	if (p->token.kind != CEL_T_IDENT)
		return unexpected(p, "IDENTIFIER");
	next(p);
	if (cel_is_reserved(name, strlen(name)))
		return fail(p, at, "reserved identifier: %s", name);
	if (is_sign(p, "("))
		return parse_call(p, NULL, name);
	node = node_new(p, CEL_IDENT, at);
	node->name = name;
	(void)dot;
	return node;
}

static struct cel_node *parse_word(struct parser *p)
{
	static const struct {
		const char *word;
		struct cel_val value;
	} words[] = { { "true", { .kind = CEL_BOOL, .is.truth = true } },
		{ "false", { .kind = CEL_BOOL } }, { "null", { .kind = CEL_NULL } } };
	size_t at = p->token.at;

	for (size_t i = 0; i < MOK_COUNT(words); i++)
		if (is_word(p, words[i].word)) {
			next(p);
			return constant(p, at, words[i].value);
		}
	return parse_name(p);
}

static struct cel_node *parse_primary(struct parser *p)
{
	size_t at = p->token.at;
	struct cel_node *node;

	switch ((int)p->token.kind) {
	case CEL_T_INT:
	case CEL_T_UINT:
	case CEL_T_DOUBLE: return parse_number(p, false, at);
	case CEL_T_STRING:
	case CEL_T_BYTES: return parse_text(p);
	case CEL_T_IDENT: return parse_word(p);
	default: break;
	}
	if (take(p, "(")) {
		node = parse_expression(p);
		want(p, ")");
		return node;
	}
	if (take(p, "["))
		return parse_list(p, at);
	if (take(p, "{"))
		return parse_map(p, at);
	if (is_sign(p, "."))
		return parse_name(p);
	return unexpected(p,
		"{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, "
		"NUM_UINT, STRING, BYTES, IDENTIFIER}");
}

static struct cel_node *parse_field(struct parser *p, struct cel_node *from)
{
	size_t at = p->token.at;
	bool optional;
	const char *name;
	struct cel_node *node;

	next(p);
	optional = take(p, "?");
	name = token_text(p);
	if (p->token.kind != CEL_T_IDENT)
		return unexpected(p, "IDENTIFIER");
	next(p);
	if (!optional && is_sign(p, "("))
		return parse_call(p, from, name);
	node = node_new(p, CEL_SELECT, at);
	node->from = from;
	node->name = name;
	node->optional = optional;
	return node;
}

static struct cel_node *parse_index(struct parser *p, struct cel_node *from)
{
	size_t at = p->token.at;
	bool optional;
	struct cel_node *index;

	next(p);
	optional = take(p, "?");
	index = parse_expression(p);
	want(p, "]");
	return call_new(p, optional ? "_[?_]" : "_[_]", at, from, index);
}

static struct cel_node *parse_member(struct parser *p)
{
	struct cel_node *node = parse_primary(p);
	int chain = 0;

	while (!p->failed && (is_sign(p, ".") || is_sign(p, "["))) {
		if (++chain > CEL_DEPTH_MAX)
			return fail(p, p->token.at, "expression recursion limit exceeded: %d",
				CEL_DEPTH_MAX);
		node = is_sign(p, ".") ? parse_field(p, node) : parse_index(p, node);
	}
	return node;
}

static struct cel_node *parse_unary(struct parser *p)
{
	size_t at = p->token.at, n = 0;
	const char *name = is_sign(p, "!") ? "!" : "-";
	struct cel_node *node;

	while (take(p, name))
		n++;
	if (n == 1 && *name == '-' && p->token.kind >= CEL_T_INT && p->token.kind <= CEL_T_DOUBLE) {
		node = parse_number(p, true, at);
		if (is_sign(p, ".") || is_sign(p, "["))
			return unexpected(p, "<EOF>");
		return node;
	}
	node = parse_member(p);
	if (n % 2)
		node = call_new(p, *name == '!' ? "!_" : "-_", at, node, NULL);
	return node;
}

/* Binary operators by how tight they bind. */
static const struct {
	const char *sign, *name;
	int level;
} operators[] = { { "*", "_*_", 3 }, { "/", "_/_", 3 }, { "%", "_%_", 3 }, { "+", "_+_", 2 },
	{ "-", "_-_", 2 }, { "==", "_==_", 1 }, { "!=", "_!=_", 1 }, { "<=", "_<=_", 1 },
	{ ">=", "_>=_", 1 }, { "<", "_<_", 1 }, { ">", "_>_", 1 } };

static const char *operator_of(const struct parser *p, int level)
{
	for (size_t i = 0; i < MOK_COUNT(operators); i++)
		if (operators[i].level == level && is_sign(p, operators[i].sign))
			return operators[i].name;
	return level == 1 && is_word(p, "in") ? "@in" : NULL;
}

static struct cel_node *parse_binary(struct parser *p, int level)
{
	struct cel_node *node = level > 3 ? parse_unary(p) : parse_binary(p, level + 1);
	const char *name;
	int chain = 0;

	while (level <= 3 && !p->failed && (name = operator_of(p, level))) {
		size_t at = p->token.at;

		if (++chain > CEL_DEPTH_MAX)
			return fail(
				p, at, "expression recursion limit exceeded: %d", CEL_DEPTH_MAX);
		next(p);
		node = call_new(p, name, at, node, parse_binary(p, level + 1));
	}
	return node;
}

/* a && b && c is one node with three arguments. */
static struct cel_node *parse_logic(struct parser *p, bool either)
{
	struct cel_node *first = either ? parse_logic(p, false) : parse_binary(p, 1), *node;
	const char *sign = either ? "||" : "&&";
	struct items items = { 0 };

	if (p->failed || !is_sign(p, sign))
		return first;
	node = node_new(p, either ? CEL_OR : CEL_AND, p->token.at);
	mok_vec_push(p->arena, &items.nodes, first);
	while (!p->failed && take(p, sign))
		mok_vec_push(p->arena, &items.nodes,
			either ? parse_logic(p, false) : parse_binary(p, 1));
	node->args = items.nodes.items;
	node->nargs = items.nodes.len;
	return node;
}

static struct cel_node *parse_condition(struct parser *p)
{
	struct cel_node *test = parse_logic(p, true), *node;

	if (p->failed || !is_sign(p, "?"))
		return test;
	node = node_new(p, CEL_CONDITION, p->token.at);
	node->args = MOK_NEW_N(p->arena, struct cel_node *, 3);
	node->nargs = 3;
	node->args[0] = test;
	next(p);
	node->args[1] = parse_logic(p, true);
	want(p, ":");
	node->args[2] = parse_expression(p);
	return node;
}

static struct cel_node *parse_expression(struct parser *p)
{
	struct cel_node *node;

	if (p->failed)
		return node_new(p, CEL_CONST, p->token.at);
	if (++p->depth > CEL_DEPTH_MAX)
		return fail(
			p, p->token.at, "expression recursion limit exceeded: %d", CEL_DEPTH_MAX);
	node = parse_condition(p);
	p->depth--;
	return node;
}

struct cel_node *cel_parse(
	struct mok_arena *arena, const char *source, struct cel_problems *problems)
{
	struct parser p = { .arena = arena, .source = source, .problems = problems };
	struct cel_node *root;

	if (strlen(source) > CEL_TEXT_MAX) {
		cel_problem(problems, 0,
			"expression code point size exceeds limit: size: %zu, limit %d",
			mok_utf8_count(source, strlen(source)), CEL_TEXT_MAX);
		return NULL;
	}
	next(&p);
	root = parse_expression(&p);
	if (!p.failed && p.token.kind != CEL_T_END)
		fail(&p, p.token.at, "Syntax error: extraneous input '%s' expecting <EOF>",
			token_text(&p));
	return problems->list.len ? NULL : root;
}
