/* From nodes to a value; what is wrong with an expression, as text. */
#include "cel.h"

#include <math.h>

enum { ARGS_MAX = 6 };

/* ---- problems ---- */

void cel_problem(struct cel_problems *problems, size_t at, const char *fmt, ...)
{
	const char *text, *source = problems->source, *line = source;
	struct mok_buf buf;
	va_list ap;
	int row = 1, column;

	va_start(ap, fmt);
	text = mok_arena_vprintf(problems->arena, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < at && source[i]; i++)
		if (source[i] == '\n') {
			line = source + i + 1;
			row++;
		}
	column = (int)mok_utf8_count(line, (size_t)(source + at - line));
	mok_buf_init(&buf, 1 << 18);
	mok_buf_printf(&buf, "ERROR: <input>:%d:%d: %s\n | %.*s\n | ", row, column + 1, text,
		(int)strcspn(line, "\n"), line);
	for (int i = 0; i < column; i++)
		mok_buf_putc(&buf, '.');
	mok_buf_putc(&buf, '^');
	mok_vec_push(problems->arena, &problems->list, mok_arena_strdup(problems->arena, buf.data));
	mok_buf_release(&buf);
}

const char *cel_problems_text(struct cel_problems *problems)
{
	struct mok_buf buf;
	const char *out;

	mok_buf_init(&buf, 1 << 20);
	for (size_t i = 0; i < problems->list.len; i++)
		mok_buf_printf(&buf, "%s%s", i ? "\n" : "", problems->list.items[i]);
	out = mok_arena_strdup(problems->arena, buf.data);
	mok_buf_release(&buf);
	return out;
}

struct cel_program *cel_compile(
	struct mok_arena *arena, const char *source, struct cel_var *vars, struct cel_problems *out)
{
	struct cel_program *program = MOK_NEW(arena, struct cel_program);

	*out = (struct cel_problems){ .arena = arena, .source = source };
	program->root = cel_parse(arena, source, out);
	if (!program->root || !cel_check(arena, program->root, vars, out))
		return NULL;
	program->type = program->root->type;
	for (; vars; vars = (struct cel_var *)(uintptr_t)vars->outer)
		program->uses_old |= vars->used && strcmp(vars->name, "oldSelf") == 0;
	return program;
}

/* ---- cost ---- */

void cel_spend(struct cel_run *run, size_t steps)
{
	run->cost += steps > INT32_MAX ? INT32_MAX : (int64_t)steps;
}

bool cel_is_spent(const struct cel_run *run)
{
	return run->cost > run->limit;
}

static struct cel_val spent(struct cel_run *run)
{
	return cel_error(run->arena, "%s", CEL_SPENT);
}

/* A tenth of a step for each, rounded up. */
static size_t tenth(size_t n)
{
	return (n + 9) / 10;
}

static size_t cost_of(enum cel_cost cost, const struct cel_val *args)
{
	size_t a, b;

	switch ((int)cost) {
	case CEL_SCAN: return tenth(cel_size(&args[0]));
	case CEL_SCAN2: return tenth(2 * cel_size(&args[0]));
	case CEL_ITEMS: return cel_size(&args[0]);
	case CEL_WITHIN: return cel_size(&args[1]);
	case CEL_PATTERN: return tenth(cel_size(&args[0]) + 1) * ((cel_size(&args[1]) + 3) / 4);
	case CEL_BOTH: return tenth(cel_size(&args[0]) + cel_size(&args[1]));
	case CEL_LESSER:
		a = cel_size(&args[0]);
		b = cel_size(&args[1]);
		return tenth(a < b ? a : b);
	default: return 1;
	}
}

/* ---- nodes ---- */

static struct cel_val eval_name(struct cel_run *run, const struct cel_node *node)
{
	const struct cel_var *var = run->vars;

	cel_spend(run, 1);
	while (var && strcmp(var->name, node->name) != 0)
		var = var->outer;
	if (!var)
		return cel_error(run->arena, "no such attribute(s): %s", node->name);
	return var->value;
}

static struct cel_val select_from(
	struct cel_run *run, const struct cel_node *node, const struct cel_val *from)
{
	struct cel_val key = cel_string(node->name), out = cel_none();
	bool found;

	if (from->kind != CEL_MAP)
		return from->kind == CEL_ERROR ? *from : cel_no_overload();
	found = cel_map_find(run, from, &key, &out);
	if (node->has)
		return found && out.kind == CEL_ERROR ? out : CEL_TRUTH(found);
	if (node->optional)
		return !found || out.kind == CEL_ERROR ? out : cel_some(run->arena, out);
	return found ? out : cel_error(run->arena, "no such key: %s", node->name);
}

static struct cel_val eval_select(struct cel_run *run, const struct cel_node *node)
{
	struct cel_val from = cel_node_eval(run, node->from);
	struct cel_node inner = *node;

	cel_spend(run, node->has ? 0 : 1);
	if (from.kind != CEL_OPTIONAL)
		return select_from(run, node, &from);
	if (!from.is.inner)
		return node->has ? CEL_TRUTH(false) : from;
	inner.optional = !node->has;
	return select_from(run, &inner, from.is.inner);
}

static struct cel_val eval_call(struct cel_run *run, const struct cel_node *node)
{
	struct cel_val args[ARGS_MAX];
	size_t n = 0;

	if (node->nargs + 1 > ARGS_MAX)
		return cel_no_overload();
	if (node->from)
		args[n++] = cel_node_eval(run, node->from);
	for (size_t i = 0; i < node->nargs; i++)
		args[n++] = cel_node_eval(run, node->args[i]);
	for (size_t i = 0; i < n; i++)
		if (args[i].kind == CEL_ERROR)
			return args[i];
	for (size_t i = 0; i < node->nfns; i++) {
		const struct cel_fn *fn = &node->fns[i];

		if (!cel_fn_fits(fn, node->from, args, n))
			continue;
		cel_spend(run, cost_of(fn->cost, args));
		run->pattern = node->pattern;
		return cel_is_spent(run) ? spent(run) : fn->call(run, args);
	}
	return cel_no_overload();
}

/* An error counts only if no other term decides. */
static struct cel_val eval_logic(struct cel_run *run, const struct cel_node *node)
{
	bool either = node->op == CEL_OR;
	struct cel_val error = { .kind = CEL_NULL };

	for (size_t i = 0; i < node->nargs; i++) {
		struct cel_val one = cel_node_eval(run, node->args[i]);

		if (cel_is_spent(run))
			return spent(run);
		if (one.kind == CEL_BOOL && one.is.truth == either)
			return one;
		if (one.kind != CEL_BOOL && error.kind == CEL_NULL)
			error = one.kind == CEL_ERROR ? one : cel_no_overload();
	}
	return error.kind == CEL_ERROR ? error : CEL_TRUTH(!either);
}

static struct cel_val eval_condition(struct cel_run *run, const struct cel_node *node)
{
	struct cel_val test = cel_node_eval(run, node->args[0]);

	if (test.kind != CEL_BOOL)
		return test.kind == CEL_ERROR ? test : cel_no_overload();
	return cel_node_eval(run, node->args[test.is.truth ? 1 : 2]);
}

/* Of an entry with a '?': false when there is nothing to put in. */
static bool unwrap(struct cel_val *value, bool optional)
{
	if (!optional || value->kind != CEL_OPTIONAL)
		return true;
	if (!value->is.inner)
		return false;
	*value = *value->is.inner;
	return true;
}

static struct cel_val eval_list(struct cel_run *run, const struct cel_node *node)
{
	struct cel_val *items = MOK_NEW_N(run->arena, struct cel_val, node->nargs + 1);
	size_t n = 0;

	cel_spend(run, 10);
	for (size_t i = 0; i < node->nargs; i++) {
		items[n] = cel_node_eval(run, node->args[i]);
		if (items[n].kind == CEL_ERROR)
			return items[n];
		n += unwrap(&items[n], node->optionals[i]);
	}
	return cel_new_list(run->arena, items, n);
}

static struct cel_val eval_map(struct cel_run *run, const struct cel_node *node)
{
	struct cel_val map = cel_new_map(run->arena);

	cel_spend(run, 30);
	for (size_t i = 0; i + 1 < node->nargs; i += 2) {
		struct cel_val key = cel_node_eval(run, node->args[i]);
		struct cel_val value = cel_node_eval(run, node->args[i + 1]);

		if (key.kind == CEL_ERROR || value.kind == CEL_ERROR)
			return key.kind == CEL_ERROR ? key : value;
		if (unwrap(&value, node->optionals[i / 2]) &&
			!cel_map_put(run, map.is.map, key, value))
			return cel_error(run->arena, "Failed with repeated key");
	}
	return map;
}

struct cel_val cel_node_eval(struct cel_run *run, const struct cel_node *node)
{
	if (cel_is_spent(run))
		return spent(run);
	switch ((int)node->op) {
	case CEL_CONST: return node->value;
	case CEL_IDENT: return eval_name(run, node);
	case CEL_SELECT: return eval_select(run, node);
	case CEL_CALL: return eval_call(run, node);
	case CEL_AND:
	case CEL_OR: return eval_logic(run, node);
	case CEL_CONDITION: return eval_condition(run, node);
	case CEL_MAKE_LIST: return eval_list(run, node);
	case CEL_MAKE_MAP: return eval_map(run, node);
	default: return node->macro->eval(run, node);
	}
}

struct cel_val cel_eval(struct mok_arena *arena, const struct cel_program *program,
	const struct cel_var *vars, int64_t *budget)
{
	struct cel_run run = { .arena = arena,
		.vars = vars,
		.limit = *budget < CEL_CALL_COST ? *budget : CEL_CALL_COST };
	struct cel_val out = cel_node_eval(&run, program->root);

	if (cel_is_spent(&run))
		out = spent(&run);
	*budget -= run.cost;
	return out;
}
