#include "expr_internal.h"

#include <stdio.h>
#include <string.h>

static struct mok_val eval_expr(struct eval *e, const struct mok_expr *x);

static struct mok_val fail(struct eval *e)
{
	e->failed = true;
	return mok_val_null();
}

static struct mok_val eval_ref(struct eval *e, const struct mok_expr *x)
{
	struct mok_val v = mok_val_null();

	if (!e->scope->ref(e->scope->self, &x->ref, &v, e->diags))
		return fail(e);
	return v;
}

static struct mok_val eval_list(struct eval *e, const struct mok_expr *x)
{
	struct mok_val list = { .type = MOK_LIST };

	for (size_t i = 0; i < x->args.len; i++)
		mok_val_append(e->arena, &list, eval_expr(e, x->args.items[i]));
	return list;
}

static void no_text(struct eval *e, const struct mok_expr *x, const struct mok_val *v)
{
	const char *what = "";

	if (x->type == NODE_REF)
		what = mok_arena_printf(
			e->arena, ": %s%s%s", x->ref.root, *x->ref.path ? "." : "", x->ref.path);
	mok_diag_add(e->diags, "E0504", x->at, "a %s cannot be part of a text%s",
		mok_type_name(v->type), what);
	e->failed = true;
}

static struct mok_val eval_text(struct eval *e, const struct mok_expr *x)
{
	struct mok_val out = mok_val_str("");
	const char *unknown = NULL;
	struct mok_buf buf;

	mok_buf_init(&buf, 16 << 20);
	for (size_t i = 0; i < x->args.len; i++) {
		struct mok_val part = eval_expr(e, x->args.items[i]);
		const char *text = mok_val_text(e->arena, &part);

		out.sensitive |= part.sensitive;
		if (part.type == MOK_UNKNOWN) {
			unknown = unknown ? unknown : part.u.s;
		} else if (text) {
			mok_buf_puts(&buf, text);
		} else if (!e->failed) {
			no_text(e, x->args.items[i], &part);
		}
	}
	out.u.s = mok_arena_strdup(e->arena, buf.data);
	mok_buf_release(&buf);
	if (unknown) {
		bool sensitive = out.sensitive;

		out = mok_val_unknown(unknown);
		out.sensitive = sensitive;
	}
	return out;
}

static struct mok_val eval_call(struct eval *e, const struct mok_expr *x)
{
	struct mok_val args[MAX_ARGS];
	struct call call = { e, x, args, x->args.len };
	struct mok_val out = mok_val_null();
	const struct mok_val *unknown = NULL;
	bool sensitive = false, failed = e->failed;

	e->failed = false;
	for (size_t i = 0; i < x->args.len; i++) {
		args[i] = eval_expr(e, x->args.items[i]);
		sensitive |= mok_val_has_sensitive(&args[i]);
		unknown = unknown ? unknown : mok_val_first_unknown(&args[i]);
	}
	if (!e->failed && unknown && !x->function->takes_unknown)
		out = mok_val_unknown(unknown->u.s);
	else if (!e->failed && !x->function->run(&call, &out))
		out = fail(e);
	out.sensitive |= sensitive;
	e->failed |= failed;
	return out;
}

static struct mok_val eval_expr(struct eval *e, const struct mok_expr *x)
{
	switch (x->type) {
	case NODE_VALUE: return x->value;
	case NODE_REF: return eval_ref(e, x);
	case NODE_CALL: return eval_call(e, x);
	case NODE_LIST: return eval_list(e, x);
	case NODE_TEXT: return eval_text(e, x);
	}
	MOK_BUG("no such node");
}

static bool eval_leaf(void *ctx, const struct mok_val *v, struct mok_val *out)
{
	if (v->type != MOK_EXPR)
		return false;
	*out = eval_expr(ctx, v->u.expr);
	out->at = v->at;
	return true;
}

int mok_expr_eval(struct mok_arena *arena, const struct mok_val *v, const struct mok_scope *scope,
	struct mok_diags *diags, struct mok_val *out)
{
	struct eval e = { arena, scope, diags, false };

	*out = mok_val_map(arena, v, eval_leaf, &e);
	return e.failed ? -1 : 0;
}

/* ---- arguments of functions ---- */

bool call_fail(const struct call *call, size_t i, const char *fmt, ...)
{
	const struct mok_expr *at = i < call->nargs ? call->expr->args.items[i] : call->expr;
	struct mok_diag *diag;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag = mok_diag_add(call->eval->diags, "E0504", at->at, "%s(): %s",
		call->expr->function->about.name, text);
	mok_diag_hint(call->eval->diags, diag, "it is %s%s%s",
		call->expr->function->about.signature,
		call->expr->function->about.example[0] ? ", as in " : "",
		call->expr->function->about.example);
	return false;
}

static bool wrong_type(const struct call *call, size_t i, const char *wanted)
{
	return call_fail(call, i, "argument %zu must be a %s, and is a %s", i + 1, wanted,
		mok_type_name(call->args[i].type));
}

bool call_text(const struct call *call, size_t i, const char **out)
{
	*out = mok_val_text(call->eval->arena, &call->args[i]);
	return *out || wrong_type(call, i, "string");
}

bool call_int(const struct call *call, size_t i, int64_t *out)
{
	const struct mok_val *v = &call->args[i];

	if (v->type == MOK_INT) {
		*out = v->u.i;
		return true;
	}
	if (v->type == MOK_STR && mok_parse_i64(v->u.s, out))
		return true;
	return wrong_type(call, i, "whole number");
}

bool call_list(const struct call *call, size_t i, const struct mok_val **out)
{
	*out = &call->args[i];
	return (*out)->type == MOK_LIST || wrong_type(call, i, "list");
}

bool call_map(const struct call *call, size_t i, const struct mok_val **out)
{
	*out = &call->args[i];
	return (*out)->type == MOK_MAP || wrong_type(call, i, "map");
}
